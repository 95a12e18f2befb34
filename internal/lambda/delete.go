package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

func (s *Service) deleteFunction(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, functionNamePattern)
	if err != nil {
		return nil, err
	}
	switch {
	case name.qualifier == "$LATEST":
		return nil, invalid("$LATEST version cannot be deleted without deleting the function.")
	case name.qualifier != "":
		return s.deleteVersion(ctx, name)
	}
	f, err := s.cat.load(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil || s.drained(ctx, f) {
		return nil, name.notFound()
	}
	if f.Deleting {
		return &api.Response{}, nil
	}
	// First it takes no new executions, then those that run are counted: none can slip in between.
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		f.Deleting = true
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	if f, err = s.cat.load(ctx, name); err == nil && f != nil {
		s.drained(ctx, f)
	}
	return &api.Response{}, err
}

// deleteVersion removes a published version. Durable executions that run on it go on with it, and with the last of them it
// goes for good.
func (s *Service) deleteVersion(ctx context.Context, name ref) (*api.Response, error) {
	if !isNumber(name.qualifier) {
		return nil, invalid("Deletion of aliases is not currently supported.")
	}
	open, err := s.durable.openOn(ctx, name)
	if err != nil {
		return nil, err
	}
	if open { // whoever removes it in the end is there before it waits to be
		if err := s.watch(ctx, name); err != nil {
			return nil, err
		}
	}
	deleted := false
	// First it takes no new executions, then those that run are looked for: none can slip in between.
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		known, err := s.cat.version(ctx, f, name.qualifier)
		if err != nil || known == nil || known.Gone {
			return nil, err // as AWS has it, a version that does not exist can be deleted
		}
		for _, a := range f.Aliases {
			if _, weighted := a.weights()[name.qualifier]; weighted || a.FunctionVersion == name.qualifier {
				return nil, &api.Error{Code: "ResourceConflictException", Status: 409,
					Message: "Version " + name.qualifier + " of function " + name.name + " cannot be deleted because the alias " + a.Name + " points to it."}
			}
		}
		v, d, err := s.versionDoc(ctx, f, name.qualifier)
		if err != nil {
			return nil, err
		}
		delete(f.Policies, name.qualifier)
		delete(f.Events, name.qualifier)
		deleted, v.Gone = true, true
		d.Value, err = v.encode()
		return []store.Doc{d}, err
	})
	if err != nil || !deleted {
		return &api.Response{}, err
	}
	gone, err := s.sweep(ctx, name)
	if err == nil && !gone && !open {
		err = s.watch(ctx, name)
	}
	if open || !gone {
		s.lookFor(name.full()) // the last may have ended meanwhile
	}
	return &api.Response{}, err
}

// watch makes sure that a deleted version is removed one day.
func (s *Service) watch(ctx context.Context, name ref) error {
	_, err := s.eng.Call(ctx, retiredID(name), engine.Message{Type: retiredWatch})
	return err
}

// drained finishes the deletion of a function whose last durable execution has ended, and tells whether f is gone. It is
// asked whenever a function that is being deleted is looked at; there is nothing else to wait for.
func (s *Service) drained(ctx context.Context, f *record) bool {
	if !f.Deleting {
		return false
	}
	n, err := s.durable.Running(ctx, f.Region, f.Account, f.Name)
	if err != nil || n > 0 {
		return false
	}
	return s.remove(ctx, f) == nil
}

// remove deletes a function with its versions, its packages and its instances.
func (s *Service) remove(ctx context.Context, f *record) error {
	name, st := f.ref(), s.eng.Store()
	docs := []store.Doc{{Space: spaceFunction, Key: name.key(), Version: f.docVersion}}
	for _, u := range f.URLs {
		d, err := st.Doc(ctx, spaceURL, u.ID)
		if err != nil {
			return err
		}
		docs = append(docs, store.Doc{Space: spaceURL, Key: u.ID, Version: d.Version})
	}
	blobs := append([]string{f.Latest.Blob}, f.Stale...)
	keys := []string{name.spec(&f.Latest).Key}
	for after := ""; ; {
		vs, err := st.Docs(ctx, spaceVersion, name.key()+"/", after, 200)
		if err != nil {
			return err
		}
		for _, d := range vs {
			after = d.Key
			v, err := decodeRevision(d)
			if err != nil {
				return err
			}
			blobs, keys = append(blobs, v.Blob), append(keys, name.spec(v).Key)
			docs = append(docs, store.Doc{Space: d.Space, Key: d.Key, Version: d.Version})
		}
		if len(vs) < 200 {
			break
		}
	}
	if err := st.CommitDocs(ctx, docs...); err != nil {
		return err
	}
	s.cat.drop(name)
	for _, b := range blobs {
		st.DeleteBlob(ctx, b) // a failure leaves bytes behind that nothing names
	}
	for _, k := range keys {
		s.host.Retire(k)
	}
	return nil
}
