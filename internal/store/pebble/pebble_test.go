package pebble

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/store/storetest"
)

// fatal shows in a test what would end a process.
func fatal(msg string) { panic(msg) }

// open opens a store on a file system, closed with the test.
func open(t testing.TB, fs vfs.FS, o Options) *Store {
	t.Helper()
	o.FS, o.Fatal = fs, fatal
	s, err := Open("data", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestPebbleKeepsTheContract(t *testing.T) {
	for name, o := range map[string]Options{"strict": {}, "relaxed": {Relaxed: true}} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) store.Store { return open(t, vfs.NewMem(), o) })
		})
	}
}

// disk is a file system that knows what was synced.
type disk struct{ fs *vfs.MemFS }

func (d disk) Open(t testing.TB) store.Store { return open(t, d.fs, Options{}) }

func (d disk) Crash(seed uint64) storetest.Disk {
	rng := rand.New(rand.NewPCG(seed, 0))
	return disk{d.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})}
}

func TestPebbleKeepsWhatItAcknowledgedOverACrash(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { storetest.Crash(t, disk{vfs.NewCrashableMem()}, seed, 6) })
	}
}

func TestPebbleAgreesWithMemory(t *testing.T) {
	storetest.Agree(t,
		func(testing.TB) store.Store { return mem.New() },
		func(t testing.TB) store.Store {
			s, err := Open("data", Options{FS: vfs.NewMem(), Relaxed: true, Fatal: fatal})
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
}
