// Package server puts the parts together: store, engine, services, function host and front door, in one process.
//
// [Start] returns when requests are answered, [Server.Close] when nothing of the server is left: no socket, no goroutine,
// no child process, no lock. It is used by the perdure command, by its demo and by tests, several in one process if they
// like; this is the one place where the time, random numbers and sockets of the machine come in.
//
// A data directory holds
//
//	LOCK     whose process has it, locked while it runs
//	key      32 random bytes that temporary credentials are made with
//	store/   what is durable
//	code/    unpacked code packages, which may be deleted while the server is down
//	logs/    what functions printed
//
// Read next: parts.go for how the services are wired, config.go for what is refused, keys.go for credentials.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
)

// Server is a running perdure. Safe for concurrent use.
type Server struct {
	cfg     Config
	version string
	started time.Time
	dir     string // data directory, or a temporary one
	lock    *os.File

	store  store.Store
	clock  *engine.Clock
	engine *engine.Engine
	host   host.Host
	keys   *keys
	parts  parts

	url      string // as clients reach it
	inside   string // as functions reach it
	http     []*http.Server
	serving  sync.WaitGroup
	close    sync.Once
	closeErr error
}

// ConfigError is an error of what a [Config] says, found before anything is touched.
type ConfigError struct{ error }

// Unwrap is the reason.
func (e ConfigError) Unwrap() error { return e.error }

// Start builds a server and makes it listen. ctx is for starting alone.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, ConfigError{err}
	}
	s := &Server{cfg: cfg, started: time.Now(), version: version()}
	if s.clock, err = engine.NewClock(cfg.Time, time.Now, time.AfterFunc); err != nil {
		return nil, ConfigError{err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.open(); err != nil {
		return nil, err
	}
	listener, err := s.listen(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", cfg.Listen, err)
	}
	s.url, s.inside = addresses(listener.Addr(), cfg.TLSCert != "")
	var inner net.Listener
	if cfg.TLSCert != "" { // functions do not know the certificate: they come in over loopback
		if inner, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		_, s.inside = addresses(inner.Addr(), false)
	}
	handler, err := s.assemble(ctx)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.serve(listener, handler)
	if inner != nil {
		s.serve(inner, handler)
	}
	return s, nil
}

// open takes the data directory and what is in it.
func (s *Server) open() (err error) {
	keyFile := ""
	if s.dir = s.cfg.Data; s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "perdure-"); err != nil {
			return err
		}
	} else {
		if s.dir, err = filepath.Abs(s.dir); err != nil { // functions run in folders of their own
			return err
		}
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return fmt.Errorf("the data directory cannot be made: %w; choose another with --data", err)
		}
		if s.lock, err = lockDir(filepath.Join(s.dir, "LOCK"), s.dir); err != nil {
			return err
		}
		keyFile = filepath.Join(s.dir, "key")
	}
	master, err := loadMaster(keyFile)
	if err != nil {
		return fmt.Errorf("the server's own key: %w", err)
	}
	s.keys = &keys{account: s.cfg.Account, static: map[string]string{}, master: master, now: time.Now}
	for _, c := range s.cfg.Credentials {
		s.keys.static[c.AccessKey] = c.Secret
	}
	if s.store, err = s.openStore(); err != nil {
		return fmt.Errorf("the store in %s cannot be opened: %w", s.dir, err)
	}
	return nil
}

func (s *Server) listen(address string) (net.Listener, error) {
	if s.cfg.TLSCert == "" {
		return net.Listen("tcp", address)
	}
	cert, err := tls.LoadX509KeyPair(s.cfg.TLSCert, s.cfg.TLSKey)
	if err != nil {
		return nil, err
	}
	return tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
}

// addresses are the URLs of a listener: for clients, and for what runs on this machine. They differ if it listens on all
// addresses.
func addresses(a net.Addr, secure bool) (url, inside string) {
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return scheme + a.String(), scheme + a.String()
	}
	url = scheme + a.String()
	if t.IP.IsUnspecified() {
		return url, fmt.Sprintf("%s127.0.0.1:%d", scheme, t.Port)
	}
	return url, url
}

func (s *Server) serve(l net.Listener, handler http.Handler) {
	srv := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		ErrorLog: httpLog(s.cfg.Log),
	}
	s.http = append(s.http, srv)
	s.serving.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("the listener ended", "address", l.Addr().String(), "error", err)
		}
	})
	if s.lock != nil && len(s.http) == 1 {
		s.lock.Truncate(0)
		fmt.Fprintf(s.lock, "perdure, process %d, %s\n", os.Getpid(), s.url)
	}
}

// Close ends everything: no new requests, a moment for those under way, then engine, functions, sockets and store. Work
// that was not finished is found again by the next start.
func (s *Server) Close() error {
	s.close.Do(func() { s.closeErr = s.shut() })
	return s.closeErr
}

func (s *Server) shut() error {
	var errs []error
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	for _, srv := range s.http {
		if err := srv.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, s.parts.close())
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.host != nil {
		errs = append(errs, s.host.Close())
	}
	for _, srv := range s.http {
		errs = append(errs, srv.Close())
	}
	s.serving.Wait()
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.lock != nil {
		s.lock.Truncate(0)
		errs = append(errs, s.lock.Close())
	}
	if s.cfg.Data == "" && s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// URL is where clients reach the server.
func (s *Server) URL() string { return s.url }

// Engine is the server's engine, for looking at time and executions from inside the process.
func (s *Server) Engine() *engine.Engine { return s.engine }

// Config is what the server was started with, defaults filled in.
func (s *Server) Config() Config { return s.cfg }

func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "devel"
}
