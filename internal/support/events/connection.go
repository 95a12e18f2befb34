package events

import (
	"context"
	"encoding/json"

	"github.com/perdure/perdure/internal/api"
)

// The states of a connection that answers show.
const (
	authorized = "AUTHORIZED"
	deleting   = "DELETING"
)

// writeInput is that of CreateConnection and UpdateConnection.
type writeInput struct {
	Name, Description, AuthorizationType *string
	AuthParameters                       *auth
	InvocationConnectivityParameters     *privateResource
	KmsKeyIdentifier                     *string
}

type writeOutput struct {
	ConnectionArn, ConnectionState string
	CreationTime, LastModifiedTime float64
	LastAuthorizedTime             float64 `json:",omitempty"`
}

func (c *record) written(r *api.Request, state string) *writeOutput {
	return &writeOutput{c.arn(r.Region, r.Account), state, c.Created, c.Modified, c.Modified}
}

func (in *writeInput) check(update bool) error {
	var b breaches
	b.need("name", in.Name, false, 1, 64, nameShape)
	b.text("description", in.Description, false, 0, 512, nil)
	b.text("kmsKeyIdentifier", in.KmsKeyIdentifier, false, 0, 2048, nil)
	b.kind(in.AuthorizationType)
	if !update && in.AuthorizationType == nil {
		b.add(" null", "authorizationType", "not be null")
	}
	if !update && in.AuthParameters == nil {
		b.add(" null", "authParameters", "not be null")
	}
	b.auth(in.AuthParameters, update)
	if err := b.err(); err != nil {
		return err
	}
	return refuse(in.AuthParameters, in.InvocationConnectivityParameters)
}

func (s *Service) create(ctx context.Context, r *api.Request, in *writeInput) (*writeOutput, error) {
	if err := in.check(false); err != nil {
		return nil, err
	}
	if err := in.AuthParameters.fits(*in.AuthorizationType); err != nil {
		return nil, err
	}
	old, err := s.load(ctx, r.Region, r.Account, *in.Name)
	if err != nil {
		return nil, err
	}
	if old != nil {
		return nil, api.Errorf("ResourceAlreadyExistsException", "Connection %s already exists.", old.Name)
	}
	now := seconds(s.cfg.Now())
	c := &record{ID: s.cfg.NewID(), Name: *in.Name, Description: in.Description, Type: *in.AuthorizationType, Auth: in.AuthParameters,
		KMSKey: in.KmsKeyIdentifier, Created: now, Modified: now}
	c.Auth.only(c.Type)
	return s.write(ctx, r, c)
}

func (s *Service) write(ctx context.Context, r *api.Request, c *record) (*writeOutput, error) {
	value, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	if err := s.save(ctx, r, c, value); err != nil {
		return nil, err
	}
	return c.written(r, authorized), nil
}

func (s *Service) update(ctx context.Context, r *api.Request, in *writeInput) (*writeOutput, error) {
	if err := in.check(true); err != nil {
		return nil, err
	}
	c, err := s.find(ctx, r, *in.Name)
	if err != nil {
		return nil, err
	}
	c.Description, c.KMSKey = or(in.Description, c.Description), or(in.KmsKeyIdentifier, c.KMSKey)
	c.Type = *or(in.AuthorizationType, &c.Type)
	if in.AuthParameters != nil {
		c.Auth = c.Auth.changed(in.AuthParameters)
	}
	if err := c.Auth.fits(c.Type); err != nil {
		return nil, err
	}
	c.Auth.only(c.Type)
	c.Modified = seconds(s.cfg.Now())
	return s.write(ctx, r, c)
}

// find is load for a connection that must be there.
func (s *Service) find(ctx context.Context, r *api.Request, name string) (*record, error) {
	c, err := s.load(ctx, r.Region, r.Account, name)
	if err == nil && c == nil {
		return nil, missing(name)
	}
	return c, err
}

type nameInput struct{ Name *string }

func (in *nameInput) check() error {
	var b breaches
	b.need("name", in.Name, false, 1, 64, nameShape)
	return b.err()
}

func (s *Service) remove(ctx context.Context, r *api.Request, in *nameInput) (*writeOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	c, err := s.find(ctx, r, *in.Name)
	if err != nil {
		return nil, err
	}
	return c.written(r, deleting), s.save(ctx, r, c, nil)
}

type described struct {
	listed
	Description      *string `json:",omitempty"`
	AuthParameters   *auth
	KmsKeyIdentifier *string `json:",omitempty"`
}

func (s *Service) describe(ctx context.Context, r *api.Request, in *nameInput) (*described, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	c, err := s.find(ctx, r, *in.Name)
	if err != nil {
		return nil, err
	}
	return &described{c.listed(r), c.Description, c.Auth.shown(), c.KMSKey}, nil
}
