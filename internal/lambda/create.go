package lambda

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

type createInput struct {
	settings
	FunctionName         string
	Code                 *codeSource
	PackageType          string
	Architectures        []string
	Publish              bool
	PublishTo            string
	Tags                 map[string]string
	CodeSigningConfigArn string
	TenancyConfig        *TenancyConfig
}

func (s *Service) createFunction(ctx context.Context, r *api.Request) (*api.Response, error) {
	in, err := body[createInput](r)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	name, err := parse(r.Region, r.Account, in.FunctionName, "", functionNamePattern)
	if err != nil {
		return nil, err
	}
	if name.qualifier != "" {
		return nil, invalid("A qualifier is not allowed in the name of a new function: %s", in.FunctionName)
	}
	if f, err := s.cat.find(ctx, name); err != nil {
		return nil, err
	} else if f != nil && !s.drained(ctx, f) {
		return nil, exists(name)
	}
	code, err := s.fetch(ctx, r.Region, in.Code)
	if err != nil {
		return nil, err
	}
	f, first, err := s.newFunction(name, in, code)
	if err != nil {
		return nil, err
	}
	if err := s.eng.Store().PutBlob(ctx, f.Latest.Blob, code.zip); err != nil {
		return nil, err
	}
	d, err := f.doc()
	if err != nil {
		return nil, err
	}
	docs := []store.Doc{d}
	out := f.Latest.Config.at(name.arn()).pending()
	if first != nil {
		docs = append(docs, *first)
		out.Version, out.FunctionArn = "1", name.with("1").full()
	}
	if err := s.eng.Store().CommitDocs(ctx, docs...); errors.Is(err, store.ErrConflict) {
		return nil, exists(name)
	} else if err != nil {
		return nil, err
	}
	s.cat.drop(name)
	return answer(out)
}

func exists(r ref) error {
	return &api.Error{Code: "ResourceConflictException", Message: "Function already exist: " + r.name, Status: 409}
}

// check is everything about a creation that needs no look at what there is.
func (in *createInput) check() error {
	var c checks
	if c.required(in.FunctionName, "functionName") {
		c.longest(in.FunctionName, "functionName", 140)
		c.like(in.FunctionName, "functionName", functionNamePattern)
	}
	if in.Role == nil {
		c.add("null", "role", "Member must not be null")
	}
	if in.Code == nil {
		c.add("null", "code", "Member must not be null")
	}
	if in.PackageType != "" {
		c.oneOf(in.PackageType, "packageType", "Zip", "Image")
	}
	checkArchitectures(&c, in.Architectures)
	in.shape(&c)
	if t := in.TenancyConfig; t != nil {
		c.oneOf(t.TenantIsolationMode, "tenancyConfig.tenantIsolationMode", "PER_TENANT")
	}
	if err := c.err(); err != nil {
		return err
	}
	switch {
	case in.PackageType == "Image" || in.Code.ImageUri != "":
		return invalid("Functions from container images are not supported here: use a zip package.")
	case in.Runtime == nil || *in.Runtime == "" || in.Handler == nil || *in.Handler == "":
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	case in.CodeSigningConfigArn != "":
		return invalid("Code signing is not supported here.")
	case in.PublishTo != "":
		return invalid("PublishTo is not supported here.")
	}
	if err := in.refuse(); err != nil {
		return err
	}
	if err := in.rules(); err != nil {
		return err
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	if d := in.DurableConfig; d != nil && d.ExecutionTimeout == nil {
		return invalid("You cannot create a function with a durable configuration without an executionTimeout")
	}
	return nil
}

func checkArchitectures(c *checks, a []string) {
	for _, v := range a {
		if v != "x86_64" && v != "arm64" {
			c.add("'["+v+"]'", "architectures", "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]")
		}
	}
	if len(a) > 1 {
		c.add(quoted(a), "architectures", "Member must have length less than or equal to 1")
	}
}

// newFunction makes the records of a function, and of its version 1 if it is to be published.
func (s *Service) newFunction(name ref, in *createInput, code *code) (*record, *store.Doc, error) {
	now := s.eng.Now()
	c := Configuration{
		FunctionName: name.name, Version: "$LATEST", Timeout: 3, MemorySize: 128, PackageType: "Zip",
		LastModified: stamp(now), RevisionId: s.eng.NewID(),
		State: "Active", LastUpdateStatus: "Successful",
		CodeSize: int64(len(code.zip)), CodeSha256: code.sha256,
		TracingConfig: &TracingConfig{Mode: "PassThrough"}, EphemeralStorage: &EphemeralStorage{Size: 512},
		SnapStart:     &SnapStart{ApplyOn: "None", OptimizationStatus: "Off"},
		LoggingConfig: &LoggingConfig{LogFormat: "Text", LogGroup: "/aws/lambda/" + name.name},
		Architectures: []string{"x86_64"}, TenancyConfig: in.TenancyConfig,
	}
	if len(in.Architectures) > 0 {
		c.Architectures = in.Architectures
	}
	if d := in.DurableConfig; d != nil {
		c.DurableConfig = &DurableConfig{RetentionPeriodInDays: 14}
		c.Timeout = min(900, *d.ExecutionTimeout)
		c.LoggingConfig.LogFormat, c.LoggingConfig.ApplicationLogLevel, c.LoggingConfig.SystemLogLevel = "JSON", "INFO", "INFO"
	}
	if err := in.apply(&c); err != nil {
		return nil, nil, err
	}
	c.seal(name.region)
	f := &record{functionDoc: functionDoc{Format: 1, Region: name.region, Account: name.account, Name: name.name, Tags: in.Tags}}
	f.Latest = revision{Format: 1, Config: c, Blob: name.blobName(code.hex)}
	if !in.Publish {
		return f, nil, nil
	}
	d, err := s.publish(f, "")
	return f, d, err
}

// publish makes the next version of $LATEST.
func (s *Service) publish(f *record, description string) (*store.Doc, error) {
	f.LastVersion++
	v := f.Latest
	v.Config.Version = itoa(f.LastVersion)
	v.Config.RevisionId = s.eng.NewID()
	if description != "" {
		v.Config.Description = description
	}
	b, err := json.Marshal(&v)
	if err != nil {
		return nil, err
	}
	return &store.Doc{Space: spaceVersion, Key: versionKey(f.ref(), f.LastVersion), Value: b}, nil
}
