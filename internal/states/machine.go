package states

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

type machineIn struct {
	Arn      *string `json:"stateMachineArn"`
	Included *string `json:"includedData"`
}

type machineOut struct {
	Arn         string              `json:"stateMachineArn"`
	Name        string              `json:"name"`
	Status      string              `json:"status"`
	Definition  string              `json:"definition"`
	Role        string              `json:"roleArn"`
	Type        string              `json:"type"`
	Created     stamp               `json:"creationDate"`
	Logging     json.RawMessage     `json:"loggingConfiguration"`
	Tracing     json.RawMessage     `json:"tracingConfiguration"`
	Encryption  json.RawMessage     `json:"encryptionConfiguration"`
	Revision    string              `json:"revisionId,omitempty"`
	Description string              `json:"description,omitempty"`
	References  map[string][]string `json:"variableReferences,omitempty"`
}

func includedData(c *constraints, v *string) { c.enum("includedData", v, "ALL_DATA", "METADATA_ONLY") }

func (s *Service) describeMachine(ctx context.Context, _ *api.Request, in *machineIn) (*machineOut, error) {
	var c constraints
	c.need("stateMachineArn", in.Arn, 1, maxLongArn)
	includedData(&c, in.Included)
	if err := c.err(); err != nil {
		return nil, err
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	d, err := s.findMachine(ctx, ref)
	if err != nil {
		return nil, err
	}
	if d == nil || ref.Qualifier != "" && !ref.Version() {
		return nil, errNoMachine(*in.Arn)
	}
	rev := &d.revision
	out := &machineOut{Arn: *in.Arn, Name: d.Name, Status: "ACTIVE", Type: d.Type, Created: stamp(d.Created)}
	if d.Deleting {
		out.Status = "DELETING"
	}
	if ref.Version() {
		v, err := s.versionOf(ctx, d, ref.Qualifier)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, errNoMachine(*in.Arn)
		}
		rev = &v.revision
		out.Description, out.Created = v.Description, stamp(v.Created)
	}
	out.Role, out.Revision = rev.Role, rev.Revision
	out.Logging, out.Tracing = shownLogging(rev.Logging), shownOr(rev.Tracing, defaultTracing)
	out.Encryption = shownOr(rev.Encryption, defaultEncryption)
	out.Definition, out.References, err = s.showDefinition(ctx, rev.Definition, d.express())
	return out, err
}

// showDefinition is the text of a definition, and the variables that its states read.
func (s *Service) showDefinition(ctx context.Context, hash string, express bool) (string, map[string][]string, error) {
	text, err := s.definition(ctx, hash)
	if err != nil {
		return "", nil, err
	}
	m, err := s.machine(ctx, hash, express)
	if err != nil {
		return "", nil, err
	}
	return text, m.VariableReferences(), nil
}

// versionOf finds a version by its number in text; nil if there is none.
func (s *Service) versionOf(ctx context.Context, d *machineDoc, qualifier string) (*versionDoc, error) {
	n, err := strconv.Atoi(qualifier)
	if err != nil {
		return nil, nil
	}
	v, _, err := s.findVersion(ctx, d.key, n)
	return v, err
}

type pageIn struct {
	Max   *int64  `json:"maxResults"`
	Token *string `json:"nextToken"`
}

type machineItem struct {
	Arn     string `json:"stateMachineArn"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Created stamp  `json:"creationDate"`
}

type machinesOut struct {
	Machines []machineItem `json:"stateMachines"`
	Token    *string       `json:"nextToken,omitempty"`
}

func (s *Service) listMachines(ctx context.Context, r *api.Request, in *pageIn) (*machinesOut, error) {
	var c constraints
	c.page(in.Max, in.Token, maxToken)
	if err := c.err(); err != nil {
		return nil, err
	}
	out := &machinesOut{Machines: []machineItem{}}
	var err error
	out.Token, err = s.listDocs(ctx, spaceMachine, r.Region+"/"+r.Account+"/", in, func(d store.Doc) error {
		m := machineDoc{arn: arnParts{r.Region, r.Account}}
		if err := json.Unmarshal(d.Value, &m); err != nil {
			return err
		}
		out.Machines = append(out.Machines, machineItem{m.ref("").String(), m.Name, m.Type, stamp(m.Created)})
		return nil
	})
	return out, err
}

// listDocs calls out a page of the documents whose key begins with prefix and answers the token of the next.
func (s *Service) listDocs(ctx context.Context, space, prefix string, in *pageIn, each func(store.Doc) error) (*string, error) {
	scope := space + "|" + prefix
	after, err := pageAfter(scope, in.Token)
	if err != nil {
		return nil, err
	}
	if after != "" && !strings.HasPrefix(after, prefix) {
		return nil, errPageToken()
	}
	size := pageSize(in.Max)
	docs, err := s.engine.Store().Docs(ctx, space, prefix, after, size+1)
	if err != nil {
		return nil, err
	}
	more := len(docs) > size
	if more {
		docs = docs[:size]
	}
	for _, d := range docs {
		if err := each(d); err != nil {
			return nil, err
		}
	}
	if !more {
		return nil, nil
	}
	return nextPage(scope, docs[len(docs)-1].Key), nil
}

func (s *Service) deleteMachine(ctx context.Context, _ *api.Request, in *machineIn) (*struct{}, error) {
	var c constraints
	c.need("stateMachineArn", in.Arn, 1, maxArn)
	if err := c.err(); err != nil {
		return nil, err
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	if ref.Qualifier != "" || ref.Label != "" {
		return nil, invalidArn(*in.Arn)
	}
	err = s.change(ctx, func() ([]store.Doc, error) {
		d, err := s.findMachine(ctx, ref)
		if err != nil || d == nil || d.Deleting {
			return nil, err
		}
		d.Deleting = true
		doc, err := writeDoc(spaceMachine, d.key, d.version, d)
		return []store.Doc{doc}, err
	})
	if err == nil {
		_, err = s.findMachine(ctx, ref) // removes it if nothing runs
	}
	return &struct{}{}, err
}

// finishDelete removes a machine that is being deleted, with its versions and aliases, once none of its executions runs.
func (s *Service) finishDelete(ctx context.Context, d *machineDoc) (gone bool, err error) {
	if !d.express() {
		running, _, err := s.engine.Store().Heads(ctx, store.Filter{Kind: kindStandard, Owner: d.key, Status: string(asl.Running), Limit: 1})
		if err != nil || len(running) > 0 {
			return false, err
		}
	}
	docs := []store.Doc{{Space: spaceMachine, Key: d.key, Version: d.version}}
	for _, space := range []string{spaceVersion, spaceAlias} {
		if err := s.allDocs(ctx, space, d.key+"/", func(doc store.Doc) error {
			docs = append(docs, store.Doc{Space: space, Key: doc.Key, Version: doc.Version})
			return nil
		}); err != nil {
			return false, err
		}
	}
	err = s.engine.Store().CommitDocs(ctx, docs...)
	if isConflict(err) { // another request was faster
		return true, nil
	}
	return err == nil, err
}
