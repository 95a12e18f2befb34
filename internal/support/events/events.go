// Package events keeps EventBridge's connections, with which HTTP Tasks of state machines authorize their calls.
//
// Offered are CreateConnection, DescribeConnection, UpdateConnection, DeleteConnection and ListConnections, with all three
// authorization types and with parameters that every call gets (InvocationHttpParameters). Connections to private networks
// are refused in words. Event buses, rules and everything else of the service do not exist here; the wire answers them with
// an error that names the operation.
//
// Kept in the store:
//
//	document events/connection   region/account/name   record
//
// A connection is AUTHORIZED as soon as it has been created: the first call over one with OAuth gets the token, and fails if it
// gets none. Secrets are kept as
// they are, since this server has nothing to encrypt them with, and no operation shows them; [Service.Connection] gives
// them to the HTTP Task, as the headers, query and body parameters to send. There is no Secrets Manager here, so that
// DescribeConnection has no SecretArn.
//
// Limits and error texts are those of EventBridge's API model; texts that nobody has recorded are in words of this package.
package events

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

// Target precedes the operation in X-Amz-Target.
const Target = "AWSEvents"

const space = "events/connection"

// Config is what the service needs; all of it is required.
type Config struct {
	Store store.Store
	Now   func() time.Time
	NewID func() string // a new UUID
}

// Service is EventBridge, as far as it is there. Safe for concurrent use.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Operations is the service's list for the wire, protocol awsJson1.1.
func (s *Service) Operations() []api.Operation {
	return []api.Operation{
		{Name: "CreateConnection", Handle: api.JSON(s.create)},
		{Name: "DescribeConnection", Handle: api.JSON(s.describe)},
		{Name: "UpdateConnection", Handle: api.JSON(s.update)},
		{Name: "DeleteConnection", Handle: api.JSON(s.remove)},
		{Name: "ListConnections", Handle: api.JSON(s.list)},
	}
}

// record is a connection as it is kept.
type record struct {
	ID          string // the UUID at the end of its ARN
	Name        string
	Description *string `json:",omitempty"`
	Type        string
	Auth        *auth
	KMSKey      *string `json:",omitempty"`
	Created     float64 // epoch seconds
	Modified    float64
	version     uint64
}

func key(region, account, name string) string { return region + "/" + account + "/" + name }

// load finds a connection; nil if there is none.
func (s *Service) load(ctx context.Context, region, account, name string) (*record, error) {
	d, err := s.cfg.Store.Doc(ctx, space, key(region, account, name))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &record{version: d.Version}
	return c, json.Unmarshal(d.Value, c)
}

// save writes a connection, or deletes it if value is nil.
func (s *Service) save(ctx context.Context, r *api.Request, c *record, value []byte) error {
	err := s.cfg.Store.CommitDocs(ctx, store.Doc{Space: space, Key: key(r.Region, r.Account, c.Name), Value: value, Version: c.version})
	if errors.Is(err, store.ErrConflict) {
		return api.Errorf("ConcurrentModificationException", "Connection %s is being changed by another request.", c.Name)
	}
	return err
}

func (c *record) arn(region, account string) string {
	return arn.New("events", region, account, "connection/"+c.Name+"/"+c.ID).String()
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func missing(name string) *api.Error {
	return api.Errorf("ResourceNotFoundException", "Failed to describe the connection(s). Connection '%s' does not exist.", name)
}
