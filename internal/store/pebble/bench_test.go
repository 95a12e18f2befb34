package pebble

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// BenchmarkCommit commits small turns (a head, a part, an event of 200 bytes) of as many entities as there are callers,
// on the real disk.
func BenchmarkCommit(b *testing.B) {
	for _, relaxed := range []bool{false, true} {
		for _, callers := range []int{1, 16, 128, 1024} {
			b.Run(fmt.Sprintf("relaxed=%v/callers=%d", relaxed, callers), func(b *testing.B) {
				s, err := Open(b.TempDir(), Options{Relaxed: relaxed})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				before := s.Stats()
				b.ReportAllocs()
				b.ResetTimer()
				commitFrom(b, s, callers)
				b.StopTimer()
				after := s.Stats()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
				b.ReportMetric(float64(after.Syncs-before.Syncs)/float64(b.N), "syncs/op")
				b.ReportMetric(float64(after.Bytes-before.Bytes)/float64(b.N), "written-B/op")
			})
		}
	}
}

// BenchmarkBare is what Commit is measured against: the same three rows written by the database alone, knowing nothing of
// what was there.
func BenchmarkBare(b *testing.B) {
	for _, callers := range []int{1, 16, 128, 1024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			before := s.Stats()
			b.ReportAllocs()
			b.ResetTimer()
			bareFrom(b, s, callers)
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
			b.ReportMetric(float64(s.Stats().Syncs-before.Syncs)/float64(b.N), "syncs/op")
		})
	}
}

func bareFrom(b *testing.B, s *Store, callers int) {
	head, event, part := make([]byte, 75), make([]byte, 201), make([]byte, 101)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for n := range callers {
		wg.Go(func() {
			id := store.ID(fmt.Sprintf("m/us-east-1/000000000000/machine/execution-%d", n))
			for v := uint64(1); left.Add(-1) >= 0; v++ {
				batch := s.db.NewBatch()
				batch.Set(headKey(nil, id), head, nil)
				batch.Set(partKey(nil, id, "op"), part, nil)
				batch.Set(numberKey(nil, tabHistory, id, v), event, nil)
				if err := batch.Commit(lsm.Sync); err != nil {
					b.Error(err)
					return
				}
				batch.Close()
			}
		})
	}
	wg.Wait()
}

func commitFrom(b *testing.B, s *Store, callers int) {
	event, part := make([]byte, 200), make([]byte, 100)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for n := range callers {
		wg.Go(func() {
			id := store.ID(fmt.Sprintf("m/us-east-1/000000000000/machine/execution-%d", n))
			for v := uint64(0); left.Add(-1) >= 0; v++ {
				t := store.Turn{
					Read:    v,
					Head:    store.Head{ID: id, Owner: "us-east-1/000000000000/machine", Name: "execution", Status: "RUNNING", Started: 1, Version: v + 1, Events: v + 1},
					Parts:   []store.Part{{Key: "op", Value: part}},
					History: [][]byte{event},
				}
				if err := s.Commit(context.Background(), &t); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkSleepers makes entities that wait for a timer, and tells what each costs on disk.
func BenchmarkSleepers(b *testing.B) {
	dir := b.TempDir()
	s, err := Open(dir, Options{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		id := store.ID(fmt.Sprintf("d/us-east-1/000000000000/sleeper/1/%08d-0000-4000-8000-%012d", i*7919%1000000, i))
		t := store.Turn{
			Head:    store.Head{ID: id, Owner: "us-east-1/000000000000/sleeper", Name: string(id[31:]), Status: "RUNNING", Started: int64(i), Version: 1, Events: 2},
			Parts:   []store.Part{{Key: "exec", Value: make([]byte, 120)}, {Key: "op/1", Value: make([]byte, 80)}},
			History: [][]byte{make([]byte, 150), make([]byte, 100)},
			Timers:  []store.Timer{{Key: "wait/1", Due: int64(1e12 + i)}},
		}
		if err := s.Commit(context.Background(), &t); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
	m := s.db.Metrics()
	b.ReportMetric(float64(m.Total().TablesSize)/float64(b.N), "disk-B/op")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
