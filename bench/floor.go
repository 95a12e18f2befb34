package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/cockroachdb/pebble/v2"
)

// floor is what no engine can be faster than here: one HTTP request over loopback, answered after one synced commit.
func (b *bench) floor(ctx context.Context) error {
	for _, n := range b.clients {
		if err := b.floorWith(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) floorWith(ctx context.Context, clients int) error {
	dir, err := os.MkdirTemp(b.dir, "floor-")
	if err != nil {
		return err
	}
	db, err := pebble.Open(dir, &pebble.Options{Logger: quiet{}})
	if err != nil {
		return err
	}
	defer db.Close()
	write := pebble.Sync
	if b.durability == "relaxed" {
		write = pebble.NoSync
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = db.Set(body[:16], body, write)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})}
	go srv.Serve(l)
	defer srv.Close()
	body := bytes.Repeat([]byte("x"), 200)
	s := load(ctx, clients, b.duration, func(ctx context.Context, client, i int) error {
		req, err := http.NewRequestWithContext(ctx, "POST", "http://"+l.Addr().String(), bytes.NewReader(key(body, client, i)))
		if err != nil {
			return err
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	})
	b.print(s.result("floor", clients, 0))
	return nil
}

// key is a copy of body with 16 distinct bytes in front.
func key(body []byte, client, i int) []byte {
	c := bytes.Clone(body)
	for j := range 8 {
		c[j], c[8+j] = byte(client>>(8*j)), byte(i>>(8*j))
	}
	return c
}

// quiet keeps the store's log off the terminal.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, _ ...any) {
	panic("store: " + format)
}
