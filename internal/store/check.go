package store

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxID is the longest id in bytes.
const MaxID = 512

// Check tells what is wrong with a turn in itself: what no store may accept, whatever it holds.
func (t *Turn) Check() error {
	if err := t.Head.ID.check(); err != nil {
		return err
	}
	for i := range t.Outbox {
		if err := t.Outbox[i].Target.check(); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
	}
	if t.Delete {
		return nil
	}
	if t.Head.Version != t.Read+1 {
		return fmt.Errorf("turn of %q: version %d does not follow the version %d that was read", t.Head.ID, t.Head.Version, t.Read)
	}
	if t.Head.Events < uint64(len(t.History)) || t.Read == 0 && t.Head.Events != uint64(len(t.History)) {
		return fmt.Errorf("turn of %q: head counts %d events after %d were appended", t.Head.ID, t.Head.Events, len(t.History))
	}
	for _, p := range t.Parts {
		if strings.IndexByte(p.Key, 0) >= 0 {
			return fmt.Errorf("turn of %q: part key %q contains a NUL", t.Head.ID, p.Key)
		}
	}
	for _, s := range [...]string{t.Head.Owner, t.Head.Status} {
		if strings.IndexByte(s, 0) >= 0 {
			return fmt.Errorf("turn of %q: owner or status %q contains a NUL", t.Head.ID, s)
		}
	}
	return nil
}

// Follows tells whether a turn that is right in itself continues from the head that the store has (zero if none).
func (t *Turn) Follows(have Head) error {
	if have.Version != t.Read {
		return ErrConflict
	}
	if !t.Delete && t.Head.Events != have.Events+uint64(len(t.History)) {
		return fmt.Errorf("turn of %q: head counts %d events, but %d were there and %d are new",
			t.Head.ID, t.Head.Events, have.Events, len(t.History))
	}
	return nil
}

func (id ID) check() error {
	if len(id) == 0 || len(id) > MaxID || strings.IndexByte(string(id), 0) >= 0 {
		return fmt.Errorf("entity id %.40q is empty, longer than %d bytes, or contains a NUL", string(id), MaxID)
	}
	return nil
}

// Cursor of a head in a list: what Filter.After takes.
func (h *Head) Cursor() string { return strconv.FormatInt(h.Started, 10) + "/" + string(h.ID) }

// ParseCursor is the other way round; ErrCursor if it is none.
func ParseCursor(s string) (started int64, id ID, err error) {
	at, name, ok := strings.Cut(s, "/")
	started, err = strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || ID(name).check() != nil {
		return 0, "", ErrCursor
	}
	return started, ID(name), nil
}

// Wants tells whether a head of the right kind passes the filter, its cursor aside.
func (f *Filter) Wants(h *Head) bool {
	return (f.Owner == "" || f.Owner == h.Owner) && (f.Status == "" || f.Status == h.Status) &&
		(f.Name == "" || f.Name == h.Name) &&
		(f.StartedAfter == 0 || h.Started > f.StartedAfter) && (f.StartedBefore == 0 || h.Started < f.StartedBefore)
}
