package server

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/host/process"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/stacks"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/states"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/store/pebble"
	"github.com/perdure/perdure/internal/support/events"
	"github.com/perdure/perdure/internal/support/logs"
	"github.com/perdure/perdure/internal/support/s3"
	"github.com/perdure/perdure/internal/support/ssm"
	"github.com/perdure/perdure/internal/support/sts"
	"github.com/perdure/perdure/internal/task"
	"github.com/perdure/perdure/internal/task/taskhttp"
	"github.com/perdure/perdure/internal/task/tasklambda"
	"github.com/perdure/perdure/internal/task/tasks3"
	"github.com/perdure/perdure/internal/task/taskstates"
	"github.com/perdure/perdure/internal/wire"
)

// parts are the services.
type parts struct {
	lambda    *lambda.Service
	states    *states.Service
	logs      *logs.Service
	s3        *s3.Service
	sts       *sts.Service
	events    *durableChanges
	ssm       *ssm.Service
	stacks    *stacks.Service
	conns     *events.Service
	http      *taskhttp.Runner
	responses *provider.Responses
}

// close ends the parts that hold something back: operations on stacks, the last lines of the functions' logs, connections to
// HTTP endpoints.
func (p *parts) close() error {
	var errs []error
	if p.stacks != nil {
		errs = append(errs, p.stacks.Close())
	}
	if p.logs != nil {
		errs = append(errs, p.logs.Close())
	}
	if p.http != nil {
		p.http.Close()
	}
	return errors.Join(errs...)
}

// openStore opens the store in the data directory; without one everything is in memory.
func (s *Server) openStore() (store.Store, error) {
	if s.cfg.Data == "" {
		return mem.New(), nil
	}
	return pebble.Open(filepath.Join(s.dir, "store"), pebble.Options{Relaxed: s.cfg.Durability == Relaxed, Log: s.cfg.Log})
}

// assemble makes engine, services and front door, and starts the engine.
func (s *Server) assemble(ctx context.Context) (http.Handler, error) {
	s.engine = engine.New(engine.Config{
		Store: s.store, Ephemeral: mem.New(), Forgets: states.Forgets, Clock: s.clock, NewID: newID, Random: random, Log: s.cfg.Log,
	})
	p := &s.parts
	p.logs = logs.New(logs.Config{Dir: filepath.Join(s.dir, "logs"), Now: s.clock.Now, AfterFunc: afterFunc})
	s.host = process.New(process.Config{
		Dir: filepath.Join(s.dir, "code"), Blob: s.store.Blob, Endpoint: func() string { return s.inside },
		Credentials: s.functionKeys, Now: time.Now, AfterFunc: afterFunc, NewID: newID, LogTime: s.clock.Now,
		MaxInstances: s.cfg.MaxInstances, Log: p.logs,
	})
	p.s3 = s3.New(s3.Config{Store: s.store, Now: s.clock.Now, NewID: newID})
	p.sts = sts.New(sts.Config{Issue: s.keys.issue, Identity: s.keys.identity})
	p.events = newDurableChanges(s.cfg.Log, s.store, newID)
	p.lambda = lambda.New(lambda.Config{
		Engine: s.engine, Host: s.host, Object: p.s3.Object, Limits: s.cfg.durableLimits(), OnChange: p.events.changed,
	})
	runners := map[string]task.Runner{}
	p.states = states.New(states.Config{
		Engine: s.engine, Runners: runners, Objects: objects{p.s3}, Limits: s.cfg.limits(), Mocks: mockSource(s.cfg.MockConfig), Logs: p.logs, Log: s.cfg.Log,
	})
	runners["lambda"] = &tasklambda.Runner{Lambda: p.lambda, Now: s.clock.Now}
	nested := &taskstates.Runner{States: p.states, Now: s.clock.Now}
	runners["states"], runners["aws-sdk:sfn"] = nested, nested
	p.conns = events.New(events.Config{Store: s.store, Now: s.clock.Now, NewID: newID})
	p.http = taskhttp.New(connections{p.conns}, time.Now)
	runners["http"], runners["aws-sdk:s3"] = p.http, tasks3.New(p.s3.Operations())
	for kind, b := range p.lambda.Behaviours() {
		s.engine.Register(kind, b)
	}
	for _, kind := range []byte(states.Kinds) {
		s.engine.Register(kind, p.states.Behaviour())
	}
	p.responses = newResponses(s.engine, p.lambda, func() string { return s.inside })
	s.engine.Register(provider.ResponseKind, p.responses)
	if err := s.engine.Start(ctx); err != nil {
		return nil, err
	}
	if err := s.assembleStacks(ctx); err != nil {
		return nil, err
	}
	return s.front(), nil
}

// assembleStacks makes CloudFormation, which works by calling the other services, and goes on with what a stop interrupted.
func (s *Server) assembleStacks(ctx context.Context) error {
	p := &s.parts
	p.ssm = ssm.New(ssm.Config{Store: s.store, Now: s.clock.Now})
	c := newCalls(s.reached)
	c.offer("lambda", p.lambda.Operations())
	c.offer("states", p.states.Operations())
	c.offer("logs", p.logs.Operations())
	c.offer("s3", p.s3.Operations())
	c.offer("ssm", p.ssm.Operations())
	p.stacks = stacks.New(stacks.Config{
		Store: s.store, Types: provider.Types(provider.Env{Caller: c, Docs: s.store, Responses: p.responses}), Now: s.clock.Now, NewID: newID,
		Object: p.s3.Object, Parameter: p.ssm.Value, Inert: s.cfg.InertTypes, Busy: s.engine.Busy, Log: s.cfg.Log,
	})
	return p.stacks.Start(ctx)
}

// functionKeys are what a function signs its own calls with: good as long as its process lives.
func (s *Server) functionKeys(f *host.Spec) process.Credentials {
	c := s.keys.issue(f.Account, "role/"+f.FunctionName+"/"+f.FunctionName, 0)
	return process.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

func afterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

func (s *Server) services() []wire.Service {
	return []wire.Service{
		{Name: "perdure", Protocol: wire.RESTJSON, Operations: s.control()},
		{Name: "states", Protocol: wire.JSON10, Target: states.Target, Namespace: states.Namespace, Operations: s.parts.states.Operations()},
		{Name: "lambda", Protocol: wire.RESTJSON, Operations: s.parts.lambda.Operations()},
		{Name: "events", Protocol: wire.JSON11, Target: events.Target, Operations: s.parts.conns.Operations()},
		{Name: "logs", Protocol: wire.JSON11, Target: logs.Target, Operations: s.parts.logs.Operations()},
		{Name: "s3", Protocol: wire.S3, XMLNS: s3.XMLNS, Operations: s.parts.s3.Operations()},
		{Name: "cloudformation", Protocol: wire.Query, Version: stacks.Version, XMLNS: stacks.XMLNS, Operations: s.parts.stacks.Operations()},
		{Name: "cloudcontrolapi", Protocol: wire.JSON10, Target: stacks.CloudControlTarget, Operations: s.parts.stacks.CloudControl()},
		{Name: "ssm", Protocol: wire.JSON11, Target: ssm.Target, Operations: s.parts.ssm.Operations()},
		{Name: "sts", Protocol: wire.Query, Version: sts.Version, XMLNS: sts.XMLNS, Operations: s.parts.sts.Operations()},
	}
}

// front is everything that listens: AWS's protocols, and two pages for operators.
func (s *Server) front() http.Handler {
	loopback, _ := isLoopback(s.cfg.Listen) // it has been checked
	guard := wire.Guard{Loopback: loopback, Hosts: s.cfg.AllowHosts, Origins: s.cfg.AllowOrigins}
	m := newMetrics(s.engine, s.store, s.parts.events)
	cfg := wire.Config{
		Services: s.services(), Region: s.cfg.Region, Account: s.cfg.Account, Now: time.Now, NewID: newID,
		Guard: guard, Log: s.cfg.Log, Observe: m.observe, Fallback: http.HandlerFunc(page),
	}
	if len(s.cfg.Credentials) > 0 {
		cfg.Secrets = s.keys.lookup
	}
	aws := wire.New(cfg)
	metrics, health, responses := guard.Wrap(m.page), http.HandlerFunc(healthy), guard.Wrap(http.HandlerFunc(s.putResponse))
	urls := &urls{s, &guard, aws}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if urls.serve(w, req) {
			return
		}
		if req.Method == http.MethodPut && strings.HasPrefix(req.URL.Path, provider.ResponsePath) {
			responses.ServeHTTP(w, req)
			return
		}
		if req.Method == http.MethodGet && req.Header.Get("Authorization") == "" { // a bucket may have one of these names
			switch req.URL.Path {
			case "/healthz":
				health.ServeHTTP(w, req)
				return
			case "/metrics":
				metrics.ServeHTTP(w, req)
				return
			}
		}
		aws.ServeHTTP(w, req)
	})
}

// healthy answers probes, from wherever they come: it says nothing but that the process answers.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}

// page is for people who point a browser here.
func page(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if req.URL.Path != "/" {
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte("there is no such page here\n"))
		return
	}
	w.Write([]byte("perdure is running. Point AWS clients here: eval \"$(perdure env)\"\n"))
}

// httpLog takes what net/http has to say, which is about single connections.
func httpLog(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }
