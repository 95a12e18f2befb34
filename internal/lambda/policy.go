package lambda

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// policy is who may invoke a function, version or alias, as AddPermission was told. It is kept and shown; requests are not
// checked against it.
type policy struct {
	RevisionId string
	Statements []statement
}

type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

const maxPolicy = 20_480 // bytes

type permissionInput struct {
	StatementId, Action, Principal, SourceArn, SourceAccount, EventSourceToken, PrincipalOrgID, FunctionUrlAuthType, RevisionId string
	InvokedViaFunctionUrl                                                                                                       *bool
}

func (in *permissionInput) check() error {
	var c checks
	if c.required(in.StatementId, "statementId") {
		c.longest(in.StatementId, "statementId", 100)
		c.like(in.StatementId, "statementId", statementPattern)
	}
	if c.required(in.Action, "action") {
		c.like(in.Action, "action", actionPattern)
	}
	c.required(in.Principal, "principal")
	if in.FunctionUrlAuthType != "" {
		c.oneOf(in.FunctionUrlAuthType, "functionUrlAuthType", "NONE", "AWS_IAM")
	}
	return c.err()
}

// statement is the policy statement for a request, in the form that IAM shows.
func (in *permissionInput) statement(resource, partition string) statement {
	s := statement{Sid: in.StatementId, Effect: "Allow", Action: in.Action, Resource: resource}
	switch {
	case in.Principal == "*":
		s.Principal = "*"
	case isAccount(in.Principal):
		s.Principal = map[string]string{"AWS": "arn:" + partition + ":iam::" + in.Principal + ":root"}
	case strings.HasPrefix(in.Principal, "arn:"):
		s.Principal = map[string]string{"AWS": in.Principal}
	default:
		s.Principal = map[string]string{"Service": in.Principal}
	}
	add := func(op, key, v string) {
		if v == "" {
			return
		}
		if s.Condition == nil {
			s.Condition = map[string]map[string]string{}
		}
		if s.Condition[op] == nil {
			s.Condition[op] = map[string]string{}
		}
		s.Condition[op][key] = v
	}
	add("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	if in.InvokedViaFunctionUrl != nil {
		add("Bool", "lambda:InvokedViaFunctionUrl", strconv.FormatBool(*in.InvokedViaFunctionUrl))
	}
	add("ArnLike", "AWS:SourceArn", in.SourceArn)
	add("StringEquals", "lambda:EventSourceToken", in.EventSourceToken)
	add("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	add("StringEquals", "lambda:FunctionUrlAuthType", in.FunctionUrlAuthType)
	return s
}

func (s *Service) addPermission(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, functionNamePattern)
	if err != nil {
		return nil, err
	}
	in, err := body[permissionInput](r)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if name.qualifier == "$LATEST" {
		return nil, invalid("We currently do not support adding policies for $LATEST.")
	}
	st := in.statement(name.full(), partition(name))
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		if err := s.known(ctx, f, name); err != nil {
			return nil, err
		}
		p := f.Policies[name.qualifier]
		if p == nil {
			p = &policy{}
		}
		if in.RevisionId != "" && in.RevisionId != p.RevisionId {
			return nil, staleRevision("GetPolicy")
		}
		for _, o := range p.Statements {
			if o.Sid == in.StatementId {
				return nil, &api.Error{Code: "ResourceConflictException", Status: 409, Message: "The statement id (" + in.StatementId +
					") provided already exists. Please provide a new statement id, or remove the existing statement."}
			}
		}
		p.Statements = append(p.Statements, st)
		p.RevisionId = s.eng.NewID()
		if b, err := json.Marshal(p.Statements); err != nil {
			return nil, err
		} else if len(b) > maxPolicy {
			return nil, api.Errorf("PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(b), maxPolicy)
		}
		if f.Policies == nil {
			f.Policies = map[string]*policy{}
		}
		f.Policies[name.qualifier] = p
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	return answer(map[string]string{"Statement": string(b)})
}

// known refuses a qualifier that is neither version nor alias of f.
func (s *Service) known(ctx context.Context, f *record, name ref) error {
	if name.qualifier == "" || name.qualifier == "$LATEST" || f.Aliases[name.qualifier] != nil {
		return nil
	}
	v, err := s.cat.version(ctx, f, name.qualifier)
	if err == nil && (v == nil || v.Gone) {
		err = name.notFound()
	}
	return err
}

func noResource() error {
	return &api.Error{Code: "ResourceNotFoundException", Status: 404, Upper: true, Message: "The resource you requested does not exist."}
}

func (s *Service) getPolicy(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, namespacedPattern)
	if err != nil {
		return nil, err
	}
	f, err := s.found(ctx, name)
	if err != nil {
		return nil, err
	}
	p := f.Policies[name.qualifier]
	if p == nil {
		return nil, noResource()
	}
	b, err := json.Marshal(struct {
		Version   string
		Id        string
		Statement []statement
	}{"2012-10-17", "default", p.Statements})
	if err != nil {
		return nil, err
	}
	return answer(map[string]string{"Policy": string(b), "RevisionId": p.RevisionId})
}

func (s *Service) removePermission(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, functionNamePattern)
	if err != nil {
		return nil, err
	}
	sid, revision := r.Path["StatementId"], r.Query.Get("RevisionId")
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		p := f.Policies[name.qualifier]
		if p == nil {
			return nil, &api.Error{Code: "ResourceNotFoundException", Status: 404, Upper: true, Message: "No policy is associated with the given resource."}
		}
		n := slices.IndexFunc(p.Statements, func(o statement) bool { return o.Sid == sid })
		if n < 0 {
			return nil, &api.Error{Code: "ResourceNotFoundException", Status: 404, Upper: true, Message: "Statement " + sid + " is not found in resource policy."}
		}
		if revision != "" && revision != p.RevisionId {
			return nil, staleRevision("GetPolicy")
		}
		p.Statements = slices.Delete(p.Statements, n, n+1)
		p.RevisionId = s.eng.NewID()
		if len(p.Statements) == 0 {
			delete(f.Policies, name.qualifier)
		}
		return nil, nil
	})
	return &api.Response{}, err
}
