package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

// Spaces of documents. Keys are region/account/name, with /number or /alias behind it.
const (
	spaceMachine  = "states/machine"
	spaceVersion  = "states/version"
	spaceAlias    = "states/alias"
	spaceActivity = "states/activity"
)

// revision is what an execution takes from a state machine when it starts.
type revision struct {
	Definition string          `json:"definition"` // hash
	Role       string          `json:"role"`
	Revision   string          `json:"revision,omitempty"`
	Logging    json.RawMessage `json:"logging,omitempty"`
	Tracing    json.RawMessage `json:"tracing,omitempty"`
	Encryption json.RawMessage `json:"encryption,omitempty"`
	Updated    int64           `json:"updated"`
}

// machineDoc is a state machine.
type machineDoc struct {
	revision
	Name      string   `json:"name"`
	Type      string   `json:"type"`
	Created   int64    `json:"created"`
	Deleting  bool     `json:"deleting,omitempty"`
	Tags      []tag    `json:"tags,omitempty"`
	Versions  int      `json:"versions,omitempty"`  // number of the last version made
	Published int      `json:"published,omitempty"` // version of the current revision; 0: none
	version   uint64   // of the document
	key       string   // of the document
	arn       arnParts // region and account
}

type arnParts struct{ region, account string }

// versionDoc is a published version.
type versionDoc struct {
	revision
	Number      int    `json:"number"`
	Description string `json:"description,omitempty"`
	Created     int64  `json:"created"`
}

func (d *machineDoc) express() bool { return d.Type == typeExpress }

func (d *machineDoc) ref(qualifier string) arn.StateMachine {
	return arn.StateMachine{Region: d.arn.region, Account: d.arn.account, Name: d.Name, Qualifier: qualifier}
}

func machineKey(m arn.StateMachine) string { return key(m.Region, m.Account, m.Name) }

func versionKey(machine string, n int) string { return fmt.Sprintf("%s/%08d", machine, n) }

func errNoMachine(arn string) error {
	return api.Errorf("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", arn)
}

// errMoved: a document was changed by another request; the change is tried again.
var errMoved = errors.New("the document was changed meanwhile")

// change runs f until its documents could be written. f reads what it needs anew each time.
func (s *Service) change(ctx context.Context, f func() ([]store.Doc, error)) error {
	const tries = 100
	for range tries {
		docs, err := f()
		if err != nil || len(docs) == 0 {
			return err
		}
		err = s.engine.Store().CommitDocs(ctx, docs...)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return errMoved
}

// readDoc decodes a document; found is false if it does not exist.
func (s *Service) readDoc(ctx context.Context, space, k string, into any) (version uint64, found bool, err error) {
	d, err := s.engine.Store().Doc(ctx, space, k)
	if isNotFound(err) {
		return 0, false, nil
	}
	if err == nil {
		err = json.Unmarshal(d.Value, into)
	}
	if err != nil {
		return 0, false, fmt.Errorf("the document %s of %s cannot be read: %w", k, space, err)
	}
	return d.Version, true, nil
}

func writeDoc(space, k string, version uint64, v any) (store.Doc, error) {
	data, err := json.Marshal(v)
	return store.Doc{Space: space, Key: k, Value: data, Version: version}, err
}

// findMachine reads a state machine; nil if there is none. One that is being deleted goes with its last execution.
func (s *Service) findMachine(ctx context.Context, m arn.StateMachine) (*machineDoc, error) {
	d := &machineDoc{key: machineKey(m), arn: arnParts{m.Region, m.Account}}
	var found bool
	var err error
	if d.version, found, err = s.readDoc(ctx, spaceMachine, d.key, d); err != nil || !found {
		return nil, err
	}
	if d.Deleting {
		gone, err := s.finishDelete(ctx, d)
		if err != nil || gone {
			return nil, err
		}
	}
	return d, nil
}

func (s *Service) findVersion(ctx context.Context, machine string, number int) (*versionDoc, uint64, error) {
	d := &versionDoc{}
	version, found, err := s.readDoc(ctx, spaceVersion, versionKey(machine, number), d)
	if err != nil || !found {
		return nil, 0, err
	}
	return d, version, nil
}

// allDocs reads the documents of a space whose key begins with prefix, a page at a time.
func (s *Service) allDocs(ctx context.Context, space, prefix string, each func(store.Doc) error) error {
	after := ""
	for {
		docs, err := s.engine.Store().Docs(ctx, space, prefix, after, maxPage)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if err := each(d); err != nil {
				return err
			}
			after = d.Key
		}
		if len(docs) < maxPage {
			return nil
		}
	}
}

func isConflict(err error) bool { return errors.Is(err, store.ErrConflict) }
