package lambda

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// RetiredKind is the kind of the entities that are deleted versions which durable executions still run on. Their ids are
// "v/region/account/function/version"; they have no parts. Such a version keeps its code until the last execution has
// ended. Its one effect "sweep" looks whether that is so, and then removes the version. It is asked for when an execution
// of the version ends and, in case that was not heard, by the timer "~look" from time to time.
const RetiredKind = 'v'

const (
	retiredWatch = "watch"
	retiredLook  = "look"

	sweepEffect = "sweep"
	lookTimer   = "~look"
	againPart   = "again" // the effect was under way when it was asked for

	lookAgain = 10 * time.Minute
)

func retiredID(name ref) store.ID {
	return store.ID(string(rune(RetiredKind)) + "/" + name.key() + "/" + name.qualifier)
}

// retired is the behaviour of deleted versions.
type retired struct{ s *Service }

var _ engine.Behaviour = (*retired)(nil)

// Turn implements [engine.Behaviour].
func (r *retired) Turn(tx engine.Tx, m engine.Message) error {
	switch {
	case m.Type == retiredWatch:
		if !tx.Exists() {
			h := tx.Head()
			h.Status, h.Started = "RETIRED", tx.Now().UnixMilli()
			tx.SetTimer(lookTimer, tx.Now().Add(lookAgain))
		}
	case !tx.Exists():
	case m.Type == engine.TypeEffect:
		if m.Err == nil && string(m.Body) == "gone" {
			tx.Remove()
			return nil
		}
		tx.SetTimer(lookTimer, tx.Now().Add(lookAgain))
		if tx.Part(againPart) != nil {
			tx.Delete(againPart)
			tx.Effect(sweepEffect, sweepEffect, nil)
		}
	case tx.EffectOpen(sweepEffect):
		tx.Put(againPart, []byte("1"))
	default:
		tx.Effect(sweepEffect, sweepEffect, nil)
	}
	return nil
}

// Run implements [engine.Behaviour].
func (r *retired) Run(ctx context.Context, e store.Effect) ([]byte, error) {
	part := strings.Split(string(e.ID), "/")
	if len(part) != 5 {
		return nil, fmt.Errorf("the deleted version %s has no such id", e.ID)
	}
	gone, err := r.s.sweep(ctx, ref{region: part[1], account: part[2], name: part[3], qualifier: part[4]})
	if err != nil || !gone {
		return []byte("in use"), err
	}
	return []byte("gone"), nil
}

// sweep removes a deleted version that no open execution runs on, and tells whether it is gone.
func (s *Service) sweep(ctx context.Context, name ref) (gone bool, _ error) {
	f, err := s.cat.load(ctx, name)
	if err != nil || f == nil {
		return err == nil, err
	}
	v, err := s.cat.version(ctx, f, name.qualifier)
	if err != nil || v == nil || !v.Gone {
		return err == nil, err
	}
	open, err := s.durable.openOn(ctx, name)
	if err != nil || open {
		s.retired.Store(name.full(), nil)
		return false, err
	}
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		_, d, err := s.versionDoc(ctx, f, name.qualifier)
		d.Value = nil
		return []store.Doc{d}, err
	})
	if err != nil {
		return false, err
	}
	s.retired.Delete(name.full())
	s.host.Retire(v.spec.Key)
	s.discard(ctx, name.with(""), []string{v.Blob})
	return true, nil
}

// versionDoc reads a published version with its document.
func (s *Service) versionDoc(ctx context.Context, f *record, number string) (*revision, store.Doc, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil, store.Doc{}, err
	}
	d, err := s.eng.Store().Doc(ctx, spaceVersion, versionKey(f.ref(), n))
	if err != nil {
		return nil, d, err
	}
	v, err := decodeRevision(d)
	return v, d, err
}

// changed hears of durable executions. When one ends that ran on a deleted version, that version may go.
func (s *Service) changed(c StatusChange) {
	if !c.Ended.IsZero() {
		if _, waits := s.retired.Load(c.FunctionARN); waits {
			s.lookFor(c.FunctionARN)
		}
	}
	if s.cfg.OnChange != nil {
		s.cfg.OnChange(c)
	}
}

func (s *Service) lookFor(qualifiedARN string) {
	part := strings.Split(qualifiedARN, ":") // arn:aws:lambda:region:account:function:name:version
	if len(part) == 8 {
		s.eng.Post(retiredID(ref{region: part[3], account: part[4], name: part[6], qualifier: part[7]}), engine.Message{Type: retiredLook})
	}
}

// openOn tells whether an execution of a version has not ended yet.
func (d *Durable) openOn(ctx context.Context, name ref) (bool, error) {
	f := store.Filter{Kind: DurableKind, Owner: owner(name.region, name.account, name.name), Status: statusRunning, Limit: 1000}
	for {
		heads, next, err := d.eng.Store().Heads(ctx, f)
		if err != nil {
			return false, err
		}
		for i := range heads {
			if _, data, err := DurableARN(&heads[i]); err == nil && data.Version == name.qualifier {
				return true, nil
			}
		}
		if next == "" || len(heads) == 0 {
			return false, nil
		}
		f.After = next
	}
}
