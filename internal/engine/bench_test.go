package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/store/pebble"
)

// BenchmarkCall runs turns of as many entities as there are callers: a part, an event, a timer moved, a reply.
func BenchmarkCall(b *testing.B) {
	stores := map[string]func(b *testing.B) store.Store{
		"mem": func(*testing.B) store.Store { return mem.New() },
		"pebble": func(b *testing.B) store.Store {
			s, err := pebble.Open(b.TempDir(), pebble.Options{})
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	}
	for name, open := range stores {
		for _, callers := range []int{1, 16, 128} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				s := open(b)
				defer s.Close()
				benchCalls(b, s, callers)
			})
		}
	}
}

func benchCalls(b *testing.B, s store.Store, callers int) {
	part, event := make([]byte, 100), make([]byte, 200)
	c, err := NewClock("real", time.Now, time.AfterFunc)
	if err != nil {
		b.Fatal(err)
	}
	e := New(Config{Store: s, Clock: c, Behaviours: map[byte]Behaviour{'k': script{turn: func(tx Tx, m Message) error {
		tx.Head().Status = "OPEN"
		tx.Put("op", part)
		tx.Append(event)
		tx.SetTimer("t", tx.Now().Add(time.Hour))
		tx.Reply(nil)
		return nil
	}}}})
	if err := e.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	before := s.Stats()
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for n := range callers {
		wg.Go(func() {
			id := store.ID(fmt.Sprintf("k/us-east-1/000000000000/machine/execution-%d", n))
			for left.Add(-1) >= 0 {
				if _, err := e.Call(context.Background(), id, Message{Type: "go"}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
	b.ReportMetric(float64(s.Stats().Syncs-before.Syncs)/float64(b.N), "syncs/op")
	if err := e.Close(); err != nil {
		b.Error(err)
	}
}
