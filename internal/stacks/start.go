package stacks

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

type stackIDView struct{ StackId string }

func (s *Service) createStack(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r)
	if err != nil {
		return nil, err
	}
	set, err := readSettings(r, nil)
	if err != nil {
		return nil, err
	}
	switch r.Query.Get("OnFailure") {
	case "", "ROLLBACK":
	case "DO_NOTHING":
		set.DisableRollback = true
	default:
		return nil, invalid("OnFailure %s is not supported here: use ROLLBACK or DO_NOTHING", clip(r.Query.Get("OnFailure")))
	}
	if text := r.Query.Get("TimeoutInMinutes"); text != "" {
		if set.Minutes, err = strconv.Atoi(text); err != nil || set.Minutes < 1 {
			return nil, invalid("1 validation error detected: Value '%s' at 'timeoutInMinutes' failed to satisfy constraint: Member must have value greater than or equal to 1", clip(text))
		}
	}
	text, err := s.source(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	st, err := s.live(ctx, r.Region, r.Account, name)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	token := r.Query.Get("ClientRequestToken")
	if st != nil {
		s.mu.Unlock()
		if token != "" && st.Token == token {
			return result(stackIDView{st.ID})
		}
		return nil, api.Errorf("AlreadyExistsException", "Stack [%s] already exists", name)
	}
	st = s.newStack(r, name)
	st.Protected = flag(r.Query, "EnableTerminationProtection")
	plan, err := s.prepare(ctx, st, text, &set)
	if err == nil {
		err = expandable(plan, &set)
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	done, err := s.begin(ctx, st, "CREATE", text, set, token)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	await(ctx, done)
	return result(stackIDView{st.ID})
}

func (s *Service) newStack(r *api.Request, name string) *stack {
	return &stack{stackDoc: stackDoc{
		ID: newStackID(r.Region, r.Account, name, s.cfg.NewID()), Name: name, Region: r.Region, Account: r.Account,
		Created: s.cfg.Now().UnixMilli(),
	}}
}

// begin writes down an operation that makes or changes a stack, with further documents, and starts it. s.mu is held.
func (s *Service) begin(ctx context.Context, st *stack, kind string, text []byte, set settings, token string, more ...store.Doc) (chan struct{}, error) {
	if s.closed {
		return nil, closing()
	}
	blob := templateBlob + s.cfg.NewID()
	if err := s.cfg.Store.PutBlob(ctx, blob, text); err != nil {
		return nil, err
	}
	op := &opDoc{ID: s.cfg.NewID(), Kind: kind, Phase: forward, Template: blob, settings: set}
	if kind == "CREATE" { // there is nothing to go back to, so the stack shows what it is to be at once
		st.settings, st.Template = set, blob
	}
	err := s.write(ctx, st, op, kind+"_IN_PROGRESS", token, more...)
	if err != nil {
		return nil, errors.Join(err, s.cfg.Store.DeleteBlob(ctx, blob))
	}
	return s.launch(st), nil
}

// write commits the beginning of an operation, with further documents.
func (s *Service) write(ctx context.Context, st *stack, op *opDoc, status, token string, more ...store.Doc) error {
	o := &operation{s: s, st: st}
	if err := o.countEvents(ctx); err != nil {
		return err
	}
	st.Op, st.Token, st.Why = op, token, ""
	err := o.turn(ctx, status, "User Initiated", more...)
	if errors.Is(err, store.ErrConflict) {
		return invalid("Stack [%s] is being changed by another request", st.Name)
	}
	return err
}

// Statuses from which a stack can be updated.
var updatable = []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED"}

func cannotUpdate(st *stack) error {
	return invalid("Stack:%s is in %s state and can not be updated.", st.ID, st.Status)
}

func (s *Service) updateStack(ctx context.Context, r *api.Request) (*api.Response, error) {
	s.mu.Lock()
	st, done, err := s.beginUpdate(ctx, r)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	await(ctx, done)
	return result(stackIDView{st.ID})
}

func (s *Service) beginUpdate(ctx context.Context, r *api.Request) (*stack, chan struct{}, error) {
	name, token := r.Query.Get("StackName"), r.Query.Get("ClientRequestToken")
	st, err := s.find(ctx, r.Region, r.Account, name)
	if err != nil {
		return nil, nil, err
	}
	if st == nil || st.Deleted != 0 {
		return nil, nil, invalid("Stack [%s] does not exist", clip(name))
	}
	if token != "" && st.Token == token {
		return st, s.inProgress(st), nil
	}
	if st.Op != nil || !slices.Contains(updatable, st.Status) {
		return nil, nil, cannotUpdate(st)
	}
	set, err := readSettings(r, st.Parameters)
	if err != nil {
		return nil, nil, err
	}
	if !r.Query.Has("Tags") && !r.Query.Has("Tags.member.1.Key") { // left out, tags stay as they are
		set.Tags = st.Tags
	}
	text, err := s.source(ctx, r, st)
	if err != nil {
		return nil, nil, err
	}
	plan, err := s.prepare(ctx, st, text, &set)
	if err != nil {
		return nil, nil, err
	}
	if err := expandable(plan, &set); err != nil {
		return nil, nil, err
	}
	changes, err := s.changes(ctx, st, plan)
	if err != nil {
		return nil, nil, err
	}
	if same, err := s.same(ctx, st, text, plan, &set, changes); err != nil || same {
		if err == nil {
			err = invalid("No updates are to be performed.")
		}
		return nil, nil, err
	}
	done, err := s.begin(ctx, st, "UPDATE", text, set, token)
	return st, done, err
}

// inProgress is closed when the stack's operation has ended. s.mu is held.
func (s *Service) inProgress(st *stack) chan struct{} {
	if done := s.running[st.uuid()]; done != nil {
		return done
	}
	done := make(chan struct{})
	close(done)
	return done
}

func (s *Service) deleteStack(ctx context.Context, r *api.Request) (*api.Response, error) {
	s.mu.Lock()
	done, err := s.beginDelete(ctx, r)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if done != nil {
		await(ctx, done)
	}
	return &api.Response{}, nil
}

func (s *Service) beginDelete(ctx context.Context, r *api.Request) (chan struct{}, error) {
	name := r.Query.Get("StackName")
	if name == "" {
		return nil, invalid("1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null")
	}
	st, err := s.find(ctx, r.Region, r.Account, name)
	if err != nil || st == nil || st.Deleted != 0 {
		return nil, err
	}
	if st.Protected {
		return nil, invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.Name)
	}
	if st.Op != nil {
		if st.Op.Kind == "DELETE" {
			return s.inProgress(st), nil
		}
		return nil, invalid("Stack [%s] cannot be deleted while in status %s", st.Name, st.Status)
	}
	if _, err := s.exports(ctx, st, nil); err != nil {
		return nil, refusal(err)
	}
	return s.beginRemoval(ctx, st, members(r.Query, "RetainResources"), r.Query.Get("ClientRequestToken"))
}

// beginRemoval writes down the deletion of a stack and starts it. s.mu is held.
func (s *Service) beginRemoval(ctx context.Context, st *stack, retain []string, token string) (chan struct{}, error) {
	if s.closed {
		return nil, closing()
	}
	op := &opDoc{ID: s.cfg.NewID(), Kind: "DELETE", Phase: deleting, Template: st.Template, settings: st.settings, Retain: retain}
	if err := s.write(ctx, st, op, "DELETE_IN_PROGRESS", token); err != nil {
		return nil, err
	}
	return s.launch(st), nil
}

func closing() error {
	return api.Errorf("ServiceUnavailable", "the server is being shut down; try again")
}

func (s *Service) protect(ctx context.Context, r *api.Request) (*api.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := r.Query.Get("StackName")
	st, err := s.find(ctx, r.Region, r.Account, name)
	if err != nil {
		return nil, err
	}
	if st == nil || st.Deleted != 0 {
		return nil, noStack(name)
	}
	if st.Parent != "" {
		return nil, invalid("Termination protection of the nested stack [%s] is that of its root stack", st.Name)
	}
	if st.Op != nil { // its goroutine owns the record
		return nil, invalid("Stack [%s] is in %s state; try again when it has ended", st.Name, st.Status)
	}
	st.Protected = flag(r.Query, "EnableTerminationProtection")
	if err := s.save(ctx, st); err != nil {
		return nil, err
	}
	return result(stackIDView{st.ID})
}
