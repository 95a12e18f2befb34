// Package wire is the front door: AWS protocols over HTTP, for lists of [api.Operation].
//
// A request goes through the same steps whatever its service: the browser guard (guard.go), the service it is for
// (identify.go: SigV4 credential scope, else X-Amz-Target, else form action, else path), the operation (route.go for
// REST, by name otherwise), who signed it (credential.go, sigv4.go), its body (body.go, chunked.go), the handler, and
// the answer or the error in the protocol's own shape (answer.go, errors.go).
//
// Promises:
//
//   - An operation that is not listed, or a service that is not offered, is a 4xx that names it; never a fake success.
//   - Signatures are always parsed. They are verified, in constant time and against the wall clock, when Config.Secrets
//     is set; then nothing unsigned reaches a handler, and an unknown key is refused before the body is read.
//   - REST routes match the escaped path and decode each parameter once, so "%2F" stays inside its segment.
//   - Bodies are bounded before they are read. A panic in one request is logged and answered with 500, and ends nothing else.
//   - A handler's [api.Error] reaches the client as it is; any other error is logged and hidden behind the protocol's
//     internal failure.
//
// The package stores nothing. It is safe for concurrent use.
package wire

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/perdure/perdure/internal/api"
)

// Protocol is how a service speaks.
type Protocol int

// The protocols. Query is AWS query: form in, XML out, where a handler's body is what stands inside the Result element.
// S3 is REST with XML, both addressing styles, and aws-chunked bodies.
const (
	JSON10 Protocol = iota
	JSON11
	RESTJSON
	Query
	S3
)

// Service is one AWS service with what it offers.
type Service struct {
	Name       string // signing name: "states"
	Protocol   Protocol
	Target     string // JSON protocols: what precedes the dot in X-Amz-Target, "AWSStepFunctions"
	Namespace  string // JSON protocols: precedes the error code in __type, "com.amazonaws.swf.service.v2.model"
	Version    string // Query: the API version, "2010-05-15"
	XMLNS      string // Query and S3: namespace of answers
	Operations []api.Operation
}

// Secrets finds what a signature is checked with. token is the session token sent along, if any. ok is false if the key
// is unknown or the token does not belong to it.
type Secrets func(accessKey, token string) (secret, account string, ok bool)

// Config is what the front door needs to know. Services, Now and NewID are required.
type Config struct {
	Services []Service
	Region   string // for requests that name none; "us-east-1" if empty
	Account  string // 12 digits; of everybody, unless Secrets says otherwise
	// Secrets, if set, makes every request prove who signed it.
	Secrets Secrets
	// Now is the wall clock, also where executions live in virtual time: signatures are made by clients in real time.
	Now   func() time.Time
	NewID func() string // request ids
	Guard Guard
	Log   *slog.Logger // nil: slog.Default()
	// Observe, if set, is told of every answered call.
	Observe func(service, operation string, status int, took time.Duration)
	// Fallback serves requests that are for no AWS service, such as a browser's. Nil: 404.
	Fallback http.Handler
}

// DefaultMaxBody bounds the body of operations that set no limit of their own, in bytes.
const DefaultMaxBody = 1 << 20

// Handler is the front door. Make one with [New].
type Handler struct {
	cfg     Config
	byName  map[string]*service
	byMatch map[string]*service // X-Amz-Target prefix
	rest    []*service          // REST-JSON services, in the order given
	forms   []*service          // Query services, in the order given
	names   string              // for messages: "cloudformation, lambda, ..."
	keys    keyCache
}

// New makes a Handler. It panics if two services have the same name or an operation's path is malformed, because that is
// a mistake in the program.
func New(cfg Config) *Handler {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	h := &Handler{cfg: cfg, byName: map[string]*service{}, byMatch: map[string]*service{}}
	for i := range cfg.Services {
		h.add(&cfg.Services[i])
	}
	h.names = joinNames(h.byName)
	return h
}

func (h *Handler) add(s *Service) {
	if h.byName[s.Name] != nil {
		panic("wire: two services named " + s.Name)
	}
	svc := &service{Service: s, byName: make(map[string]*api.Operation, len(s.Operations))}
	for i := range s.Operations {
		op := &s.Operations[i]
		if s.Protocol == RESTJSON || s.Protocol == S3 {
			svc.routes.add(op)
			continue
		}
		if svc.byName[op.Name] != nil {
			panic("wire: two operations named " + s.Name + ":" + op.Name)
		}
		svc.byName[op.Name] = op
	}
	h.byName[s.Name] = svc
	switch s.Protocol {
	case RESTJSON:
		h.rest = append(h.rest, svc)
	case Query:
		h.forms = append(h.forms, svc)
	case JSON10, JSON11:
		h.byMatch[s.Target] = svc
	}
}

// service is a Service with its operations arranged for finding.
type service struct {
	*Service
	byName map[string]*api.Operation
	routes router
}
