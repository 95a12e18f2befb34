package mem_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/store/storetest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(testing.TB) store.Store { return mem.New() })
}

// disk is a memory store that syncs whenever somebody has the time.
type disk struct{ s *mem.Store }

func (d disk) Open(t testing.TB) store.Store {
	d.s.HoldSyncs(false)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				d.s.ReleaseSyncs()
				return
			default:
				d.s.Sync()
				runtime.Gosched()
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
	return d.s
}

func (d disk) Crash(seed uint64) storetest.Disk { return disk{d.s.Crash(int(seed % 5))} }

func TestMemoryKeepsWhatItAcknowledgedOverACrash(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { storetest.Crash(t, disk{mem.New()}, seed, 10) })
	}
}
