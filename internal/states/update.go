package states

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

type updateIn struct {
	Arn                *string         `json:"stateMachineArn"`
	Definition         *string         `json:"definition"`
	RoleArn            *string         `json:"roleArn"`
	Logging            json.RawMessage `json:"loggingConfiguration"`
	Tracing            json.RawMessage `json:"tracingConfiguration"`
	Encryption         json.RawMessage `json:"encryptionConfiguration"`
	Publish            bool            `json:"publish"`
	VersionDescription *string         `json:"versionDescription"`
}

type updateOut struct {
	Updated  stamp  `json:"updateDate"`
	Revision string `json:"revisionId,omitempty"`
	Version  string `json:"stateMachineVersionArn,omitempty"`
}

func (in *updateIn) check() error {
	var c constraints
	c.need("stateMachineArn", in.Arn, 1, maxArn)
	c.secret("definition", in.Definition, 1, maxDefinition)
	c.text("roleArn", in.RoleArn, 1, maxArn)
	c.text("versionDescription", in.VersionDescription, 0, 256)
	if err := c.err(); err != nil {
		return err
	}
	if in.Definition == nil && in.RoleArn == nil && in.Logging == nil && in.Tracing == nil && in.Encryption == nil {
		return api.Errorf("MissingRequiredParameter",
			"Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")
	}
	if in.VersionDescription != nil && !in.Publish {
		return errDescription()
	}
	if in.RoleArn != nil {
		return checkRole(*in.RoleArn)
	}
	return nil
}

func (s *Service) update(ctx context.Context, r *api.Request, in *updateIn) (*updateOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	var out updateOut
	err = s.change(ctx, func() ([]store.Doc, error) {
		d, err := s.findMachine(ctx, ref)
		switch {
		case err != nil:
			return nil, err
		case d == nil || ref.Qualifier != "" || ref.Label != "":
			return nil, errNoMachine(*in.Arn)
		case d.Deleting:
			return nil, errDeleting(*in.Arn)
		}
		return s.revise(ctx, r, d, in, &out)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// revise makes a new revision of d if anything changes, and a version of it if that is asked for.
func (s *Service) revise(ctx context.Context, r *api.Request, d *machineDoc, in *updateIn, out *updateOut) ([]store.Doc, error) {
	next := d.revision
	if in.Definition != nil {
		hash, err := s.define(ctx, *in.Definition, d.express())
		if err != nil {
			return nil, err
		}
		next.Definition = hash
	}
	if in.RoleArn != nil {
		next.Role = *in.RoleArn
	}
	if in.Logging != nil {
		if err := s.checkLogging(r, in.Logging); err != nil {
			return nil, err
		}
		next.Logging = in.Logging
	}
	if in.Tracing != nil {
		next.Tracing = in.Tracing
	}
	if in.Encryption != nil {
		next.Encryption = in.Encryption
	}
	next.Updated = s.engine.Now().UnixMilli()
	if !next.same(&d.revision) {
		next.Revision = s.engine.NewID()
		d.Published = 0
	}
	d.revision = next
	*out = updateOut{Updated: stamp(next.Updated), Revision: next.Revision}
	if !in.Publish {
		doc, err := writeDoc(spaceMachine, d.key, d.version, d)
		return []store.Doc{doc}, err
	}
	docs, number, err := s.publish(ctx, d, str(in.VersionDescription))
	out.Version = d.ref(strconv.Itoa(number)).String()
	return docs, err
}

// same tells whether nothing that makes a revision differs.
func (r *revision) same(o *revision) bool {
	return r.Definition == o.Definition && r.Role == o.Role && sameJSON(r.Logging, o.Logging) &&
		sameJSON(r.Tracing, o.Tracing) && sameJSON(r.Encryption, o.Encryption)
}
