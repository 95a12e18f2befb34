// Package ssm keeps parameters: those that deployments read and write, and a bootstrap version that is always there.
//
// Kept in the store, with a parameter of a stack no different from one that a client has put:
//
//	document ssm/parameter   region/account/name   Parameter
//
// A parameter that the CDK looks for to see whether an environment was bootstrapped (/cdk-bootstrap/QUALIFIER/version)
// has the value BootstrapVersion until something writes another one, because nothing needs to be bootstrapped here.
// SecureString values are kept as they are: this server has no secrets to encrypt them with. Values are at most 8 KiB.
package ssm

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

// Target precedes the operation in X-Amz-Target.
const Target = "AmazonSSM"

// BootstrapVersion is the version of the CDK's bootstrap template whose resources are there without bootstrapping.
const BootstrapVersion = "33"

const space = "ssm/parameter"

// Config is what the service needs; all of it is required.
type Config struct {
	Store store.Store
	Now   func() time.Time
}

// Service is SSM's parameter store. Safe for concurrent use.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Operations is the service's list for the wire.
func (s *Service) Operations() []api.Operation {
	return []api.Operation{
		{Name: "GetParameter", Handle: api.JSON(s.get)},
		{Name: "GetParameters", Handle: api.JSON(s.getSeveral)},
		{Name: "GetParametersByPath", Handle: api.JSON(s.getByPath)},
		{Name: "PutParameter", Handle: api.JSON(s.put)},
		{Name: "DeleteParameter", Handle: api.JSON(s.remove)},
	}
}

// Parameter is a parameter as it is kept and as it is answered.
type Parameter struct {
	Name             string
	Type             string
	Value            string
	Version          int64
	LastModifiedDate float64 // epoch seconds
	ARN              string
	DataType         string
}

var bootstrap = regexp.MustCompile(`^/cdk-bootstrap/[a-z0-9]{1,10}/version$`)

// load finds a parameter; version is that of its document, 0 if there is none.
func (s *Service) load(ctx context.Context, region, account, name string) (p *Parameter, version uint64, err error) {
	if a, err := arn.Parse(name); err == nil && a.Service == "ssm" {
		name = strings.TrimPrefix(a.Resource, "parameter")
	}
	d, err := s.cfg.Store.Doc(ctx, space, region+"/"+account+"/"+name)
	if errors.Is(err, store.ErrNotFound) {
		if bootstrap.MatchString(name) {
			return &Parameter{name, "String", BootstrapVersion, 1, seconds(s.cfg.Now()), id(region, account, name), "text"}, 0, nil
		}
		return nil, 0, api.Errorf("ParameterNotFound", "Parameter %s not found.", clip(name))
	}
	if err != nil {
		return nil, 0, err
	}
	p = &Parameter{}
	return p, d.Version, json.Unmarshal(d.Value, p)
}

func id(region, account, name string) string {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	return arn.New("ssm", region, account, "parameter"+name).String()
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func clip(s string) string { return s[:min(len(s), 200)] }

// Value is a parameter's value, for templates that name one.
func (s *Service) Value(ctx context.Context, region, account, name string) (string, bool) {
	p, _, err := s.load(ctx, region, account, name)
	if err != nil {
		return "", false
	}
	return p.Value, true
}

type getInput struct{ Name string }

type getOutput struct{ Parameter *Parameter }

func (s *Service) get(ctx context.Context, r *api.Request, in *getInput) (*getOutput, error) {
	p, _, err := s.load(ctx, r.Region, r.Account, in.Name)
	return &getOutput{p}, err
}

type severalInput struct{ Names []string }

type severalOutput struct {
	Parameters        []*Parameter
	InvalidParameters []string
}

func (s *Service) getSeveral(ctx context.Context, r *api.Request, in *severalInput) (*severalOutput, error) {
	if len(in.Names) == 0 || len(in.Names) > 10 {
		return nil, api.Errorf("ValidationException", "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10")
	}
	out := &severalOutput{[]*Parameter{}, []string{}}
	for _, name := range in.Names {
		p, _, err := s.load(ctx, r.Region, r.Account, name)
		if e, ok := api.As(err); ok && e.Code == "ParameterNotFound" {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, p)
	}
	return out, nil
}

type pathInput struct {
	Path       string
	Recursive  bool
	MaxResults *int
	NextToken  string
}

type pathOutput struct {
	Parameters []*Parameter
	NextToken  string `json:",omitempty"`
}

func (s *Service) getByPath(ctx context.Context, r *api.Request, in *pathInput) (*pathOutput, error) {
	if !strings.HasPrefix(in.Path, "/") {
		return nil, api.Errorf("ValidationException", "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".")
	}
	limit := 10
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > 10 {
		return nil, api.Errorf("ValidationException", "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 10")
	}
	base := r.Region + "/" + r.Account + "/"
	prefix := base + strings.TrimSuffix(in.Path, "/") + "/"
	out := &pathOutput{Parameters: []*Parameter{}}
	for after := in.NextToken; ; {
		if after != "" && !strings.HasPrefix(after, base) {
			return nil, api.Errorf("InvalidNextToken", "The specified token isn't valid.")
		}
		docs, err := s.cfg.Store.Docs(ctx, space, prefix, after, 100)
		if err != nil || len(docs) == 0 {
			return out, err
		}
		for _, d := range docs {
			after = d.Key
			if !in.Recursive && strings.Contains(d.Key[len(prefix):], "/") {
				continue
			}
			var p Parameter
			if err := json.Unmarshal(d.Value, &p); err != nil {
				return nil, err
			}
			out.Parameters = append(out.Parameters, &p)
			if len(out.Parameters) == limit {
				out.NextToken = d.Key
				return out, nil
			}
		}
	}
}

type putInput struct {
	Name, Value, Type, DataType string
	Overwrite                   bool
}

type putOutput struct {
	Version int64
	Tier    string
}

var nameShape = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// Limits: characters of a name, bytes of a value.
const (
	maxName  = 1011
	maxValue = 8 << 10
)

func (s *Service) put(ctx context.Context, r *api.Request, in *putInput) (*putOutput, error) {
	if !nameShape.MatchString(in.Name) || len(in.Name) > maxName {
		return nil, api.Errorf("ValidationException", "Parameter name must only contain alphanumeric characters, '.', '-', '_' and '/': %s", clip(in.Name))
	}
	if in.Value == "" || len(in.Value) > maxValue {
		return nil, api.Errorf("ValidationException", "The value of a parameter must have between 1 and %d characters", maxValue)
	}
	p, version, err := s.load(ctx, r.Region, r.Account, in.Name)
	if e, ok := api.As(err); err != nil && !(ok && e.Code == "ParameterNotFound") {
		return nil, err
	}
	if version > 0 && !in.Overwrite {
		return nil, api.Errorf("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	}
	n := int64(1)
	if version > 0 {
		n = p.Version + 1
		if in.Type == "" {
			in.Type = p.Type
		}
	}
	if !slices.Contains([]string{"String", "StringList", "SecureString"}, in.Type) {
		return nil, api.Errorf("ValidationException", "A parameter type is required when you create a parameter: String, StringList or SecureString.")
	}
	if in.DataType == "" {
		in.DataType = "text"
	}
	b, err := json.Marshal(&Parameter{in.Name, in.Type, in.Value, n, seconds(s.cfg.Now()), id(r.Region, r.Account, in.Name), in.DataType})
	if err != nil {
		return nil, err
	}
	err = s.cfg.Store.CommitDocs(ctx, store.Doc{Space: space, Key: r.Region + "/" + r.Account + "/" + in.Name, Value: b, Version: version})
	if errors.Is(err, store.ErrConflict) {
		return nil, api.Errorf("TooManyUpdates", "There are concurrent updates for a resource that supports one update at a time.")
	}
	return &putOutput{n, "Standard"}, err
}

type empty struct{}

func (s *Service) remove(ctx context.Context, r *api.Request, in *getInput) (*empty, error) {
	_, version, err := s.load(ctx, r.Region, r.Account, in.Name)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		return nil, api.Errorf("ParameterNotFound", "Parameter %s not found.", clip(in.Name))
	}
	err = s.cfg.Store.CommitDocs(ctx, store.Doc{Space: space, Key: r.Region + "/" + r.Account + "/" + in.Name, Version: version})
	if errors.Is(err, store.ErrConflict) {
		return nil, api.Errorf("TooManyUpdates", "There are concurrent updates for a resource that supports one update at a time.")
	}
	return &empty{}, err
}
