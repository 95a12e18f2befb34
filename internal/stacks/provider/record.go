package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/store"
)

// SpaceRole holds the roles.
const SpaceRole = "iam/role"

// Record is what is kept of a resource that no service of this server runs.
type Record struct {
	Name       string
	ARN        string
	ID         string    `json:",omitempty"` // of roles: AROA...
	Stack      string    // id of the stack that made it; empty for what an API call made
	Properties *cfn.Node // as in the template
}

// records makes resources that are one document, named by a property.
type records struct {
	env      Env
	space    string
	property string // that holds the name
	limit    int    // of generated names
	global   bool   // names are unique in the account rather than in region and account
	arn      func(r *Request, name string) string
	extra    func(rec *Record) map[string]string // further attributes
}

func (k *records) key(r *Request, name string) string {
	if k.global {
		return r.Account + "/" + name
	}
	return r.Region + "/" + r.Account + "/" + name
}

func (k *records) create(ctx context.Context, r *Request) (*Result, error) {
	name := r.name(k.property, k.limit)
	return k.write(ctx, r, name, func(old *Record) error {
		if old == nil || r.Retry && old.Stack == r.StackID {
			return nil
		}
		return fmt.Errorf("%s already exists", name)
	})
}

func (k *records) update(ctx context.Context, r *Request) (*Result, error) {
	return k.write(ctx, r, r.PhysicalID, func(*Record) error { return nil })
}

// write stores the record if allow has nothing against what is there.
func (k *records) write(ctx context.Context, r *Request, name string, allow func(old *Record) error) (*Result, error) {
	rec := &Record{Name: name, ARN: k.arn(r, name), ID: "AROA" + r.Suffix, Stack: r.StackID, Properties: r.Properties}
	key := k.key(r, name)
	for range 10 {
		d, err := k.env.Docs.Doc(ctx, k.space, key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		var old *Record
		if err == nil {
			old = &Record{}
			if err := json.Unmarshal(d.Value, old); err != nil {
				return nil, err
			}
			rec.ID = old.ID
		}
		if err := allow(old); err != nil {
			return nil, err
		}
		b, err := json.Marshal(rec)
		if err != nil {
			return nil, err
		}
		err = k.env.Docs.CommitDocs(ctx, store.Doc{Space: k.space, Key: key, Value: b, Version: d.Version})
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out := made(name, map[string]string{"Arn": rec.ARN})
		if k.extra != nil {
			out.Attributes = k.extra(rec)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s is being changed by others all the time", name)
}

func (k *records) delete(ctx context.Context, r *Request) error {
	d, err := k.env.Docs.Doc(ctx, k.space, k.key(r, r.PhysicalID))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	err = k.env.Docs.CommitDocs(ctx, store.Doc{Space: k.space, Key: d.Key, Version: d.Version})
	if errors.Is(err, store.ErrConflict) {
		return k.delete(ctx, r)
	}
	return err
}

func iamTypes(env Env) []*Type {
	roles := &records{env: env, space: SpaceRole, property: "RoleName", limit: 64, global: true,
		arn: func(r *Request, name string) string {
			path := r.text("Path")
			if path == "" {
				path = "/"
			}
			return arn.New("iam", "", r.Account, "role"+path+name).String()
		},
		extra: func(rec *Record) map[string]string { return map[string]string{"Arn": rec.ARN, "RoleId": rec.ID} },
	}
	return []*Type{{
		Name: "AWS::IAM::Role",
		Properties: properties("AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration PermissionsBoundary Policies Tags",
			"Path RoleName"),
		Required: []string{"AssumeRolePolicyDocument"}, Attributes: []string{"Arn", "RoleId"},
		Create: roles.create, Update: roles.update, Delete: roles.delete,
	}}
}
