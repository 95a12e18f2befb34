package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// inUse says which export another stack has, or needs as it is.
type inUse string

func (e inUse) Error() string { return string(e) }

func exportKey(st *stack, name string) string { return st.Region + "/" + st.Account + "/" + name }

// exports are the documents that make a stack's exports those of outputs.
func (s *Service) exports(ctx context.Context, st *stack, outputs []outputDoc) ([]store.Doc, error) {
	var docs []store.Doc
	now := map[string]bool{}
	for _, o := range outputs {
		if o.Export == "" {
			continue
		}
		if now[o.Export] {
			return nil, inUse("Output " + o.Key + " exports the name " + o.Export + " a second time")
		}
		now[o.Export] = true
		d, err := s.exportDoc(ctx, st, o)
		if err != nil {
			return nil, err
		}
		if d != nil {
			docs = append(docs, *d)
		}
	}
	for _, o := range st.Outputs {
		if o.Export == "" || now[o.Export] {
			continue
		}
		if err := s.free(ctx, st, o.Export, "deleted"); err != nil {
			return nil, err
		}
		d, err := s.cfg.Store.Doc(ctx, spaceExport, exportKey(st, o.Export))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		docs = append(docs, store.Doc{Space: spaceExport, Key: d.Key, Version: d.Version})
	}
	return docs, nil
}

// exportDoc is the document of one export, nil if it is already as it is to be.
func (s *Service) exportDoc(ctx context.Context, st *stack, o outputDoc) (*store.Doc, error) {
	d, err := s.cfg.Store.Doc(ctx, spaceExport, exportKey(st, o.Export))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		var was exportDoc
		if err := json.Unmarshal(d.Value, &was); err != nil {
			return nil, err
		}
		if was.StackID != st.ID {
			return nil, inUse(fmt.Sprintf("Export with name %s is already exported by stack %s. Rollback requested by user.", o.Export, nameOf(was.StackID)))
		}
		if was.Value == o.Value {
			return nil, nil
		}
		if err := s.free(ctx, st, o.Export, "updated"); err != nil {
			return nil, err
		}
	}
	b, err := json.Marshal(exportDoc{o.Export, o.Value, st.ID, o.Hidden})
	return &store.Doc{Space: spaceExport, Key: exportKey(st, o.Export), Value: b, Version: d.Version}, err
}

var idName = regexp.MustCompile(`:stack/([^/]+)/`)

// nameOf is the name in a stack's id.
func nameOf(id string) string {
	if m := idName.FindStringSubmatch(id); m != nil {
		return m[1]
	}
	return id
}

// free refuses to touch an export that other stacks import.
func (s *Service) free(ctx context.Context, st *stack, name, verb string) error {
	users, err := s.importers(ctx, st.Region, st.Account, name)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(u string) bool { return u == st.Name })
	if len(users) > 0 {
		return inUse(fmt.Sprintf("Export %s cannot be %s as it is in use by %s", name, verb, users[0]))
	}
	return nil
}

// importers names the stacks that use an export.
func (s *Service) importers(ctx context.Context, region, account, name string) (names []string, _ error) {
	err := s.each(ctx, spaceStack, region+"/"+account+"/", func(d store.Doc) error {
		st, err := readStack(d)
		if err == nil && slices.Contains(st.Imports, name) {
			names = append(names, st.Name)
		}
		return err
	})
	return names, err
}

// export finds an export's value for Fn::ImportValue.
func (s *Service) export(ctx context.Context, region, account, name string) (string, bool) {
	d, err := s.cfg.Store.Doc(ctx, spaceExport, region+"/"+account+"/"+name)
	var e exportDoc
	if err != nil || json.Unmarshal(d.Value, &e) != nil {
		return "", false
	}
	return e.Value, true
}

// parameter finds an SSM parameter's value.
func (s *Service) parameter(ctx context.Context, region, account, name string) (string, bool) {
	return s.cfg.Parameter(ctx, region, account, name)
}

// shown is a value, or asterisks in its place.
func shown(value string, hidden bool) string {
	if hidden {
		return "****"
	}
	return value
}

func (s *Service) listExports(ctx context.Context, r *api.Request) (*api.Response, error) {
	type view struct{ ExportingStackId, Name, Value string }
	out := struct{ Exports list[view] }{}
	err := s.each(ctx, spaceExport, r.Region+"/"+r.Account+"/", func(d store.Doc) error {
		var e exportDoc
		err := json.Unmarshal(d.Value, &e)
		out.Exports.Member = append(out.Exports.Member, view{e.StackID, e.Name, shown(e.Value, e.Hidden)})
		return err
	})
	if err != nil {
		return nil, err
	}
	return result(out)
}

func (s *Service) listImports(ctx context.Context, r *api.Request) (*api.Response, error) {
	name := r.Query.Get("ExportName")
	names, err := s.importers(ctx, r.Region, r.Account, name)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, invalid("Export '%s' is not imported by any stack.", clip(name))
	}
	return result(struct{ Imports list[string] }{list[string]{names}})
}
