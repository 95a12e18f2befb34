// Package pebble is the embedded store: one directory, one process, no cgo.
//
// It keeps every promise of package store. Under strict durability a commit returns after a sync of the write-ahead log,
// which all commits that arrive meanwhile share; under relaxed durability it returns after the write, and a power loss
// or kill -9 may take the last moments with it, in order and whole turns at a time. Under strict durability Head, History,
// Heads, Doc and Docs, which answer clients, return nothing that a crash could take back. Load and ReadPart, which begin
// turns, need not: a turn of an entity follows the sync of the one before.
//
// Rows are described in docs/format.md. In short, by first byte of the key:
//
//	E  an entity: head, eager parts, timers        L  lazy parts
//	H  history                                     X  open effects
//	I  inbox                                       T  timers by due time
//	O  heads in list order                         D  documents
//	M  about the store itself
//
// Blobs are files in a folder beside. Invariants, which Verify checks: history is numbered from 1 to Head.Events without
// a gap; O and T have exactly the rows that the heads and timers in E ask for; every row's value begins with a format
// version; H, L and X belong to an entity that exists. Read next: keys.go, then commit.go; verify.go and dump.go look at
// a store from outside.
package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perdure/perdure/internal/store"
)

// Options of Open. The zero value is a strict store.
type Options struct {
	Relaxed    bool         // commits do not wait for a sync
	ReadOnly   bool         // for looking at a store that no process uses
	CacheBytes int64        // of memtables and table blocks; 0 means 64 MiB
	Log        *slog.Logger // nil discards
	FS         vfs.FS       // for tests; nil is the disk
	// Fatal is called when the log cannot be written any more: nothing may be acknowledged after that. It must not return;
	// nil ends the process with code 1.
	Fatal func(msg string)
}

// Sizes: small enough for a laptop, large enough that a flush is rare. The database takes its memtables out of the cache:
// under load the one being filled, the one being flushed and one kept for the next. What is left is for blocks; if that is
// nothing, every read loads and unpacks its blocks anew.
const (
	memTable     = 8 << 20
	defaultCache = 64 << 20
)

// Store is a store in a directory.
type Store struct {
	db    *lsm.DB
	fs    vfs.FS
	dir   string
	lock  *lsm.Lock
	sync  *lsm.WriteOptions
	wait  bool // strict: apply, let others go on, then wait for the sync
	syncs *atomic.Uint64

	stripes [stripes]stripe // by entity
	turns   unsynced        // of entities
	docs    sync.Mutex      // held while documents are checked and applied
	written unsynced        // documents
	seq     atomic.Uint64   // of inbox messages
	low     lowMark

	commits, bytes atomic.Uint64
}

var _ store.Store = (*Store)(nil)

// Open opens a store, or makes one if the directory is empty or missing.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: dir, syncs: new(atomic.Uint64), sync: lsm.Sync, wait: true}
	if o.Relaxed {
		s.sync, s.wait = lsm.NoSync, false
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	s.fs = countSyncs(o.FS, s.syncs)
	if !o.ReadOnly {
		if err := s.fs.MkdirAll(s.fs.PathJoin(dir, blobFolder), 0o700); err != nil {
			return nil, fmt.Errorf("the data directory cannot be made: %w", err)
		}
	} else if _, err := s.fs.Stat(dir); err != nil {
		return nil, fmt.Errorf("there is no store in %s: %w", dir, err)
	}
	lock, err := lsm.LockDirectory(dir, s.fs)
	if err != nil {
		return nil, fmt.Errorf("the data directory %s is in use by another process; stop that one or choose another directory (%w)", dir, err)
	}
	s.lock = lock
	opts := options(s.fs, o)
	opts.Lock = lock
	if s.db, err = lsm.Open(dir, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("the store in %s cannot be opened: %w", dir, err), lock.Close())
	}
	opts.Cache.Unref()
	if err := s.begin(o.ReadOnly); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func options(fs vfs.FS, o Options) *lsm.Options {
	size := o.CacheBytes
	if size == 0 {
		size = defaultCache
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	fatal := o.Fatal
	if fatal == nil {
		fatal = func(string) { os.Exit(1) }
	}
	opts := &lsm.Options{
		FS:                          fs,
		Cache:                       lsm.NewCache(size),
		ReadOnly:                    o.ReadOnly,
		ErrorIfNotExists:            o.ReadOnly,
		FormatMajorVersion:          lsm.FormatValueSeparation,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       32,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                512,
		Logger:                      logger{log, fatal},
	}
	opts.Experimental.CompactionScheduler = newCompactions()
	for i := range opts.Levels {
		opts.Levels[i].BlockSize = 16 << 10
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return opts
}

// begin checks the format and starts a new epoch: messages are numbered epoch<<seqBits onwards, so that numbers grow over
// restarts and no counter needs to be kept.
func (s *Store) begin(readOnly bool) error {
	version, err := s.meta(metaFormat)
	if err != nil {
		return err
	}
	if version > format {
		return fmt.Errorf("the store in %s has format %d, this program knows up to %d; use a newer one", s.dir, version, format)
	}
	epoch, err := s.meta(metaEpoch)
	if err != nil || readOnly {
		return err
	}
	if err := s.clearTemp(); err != nil {
		return err
	}
	epoch++
	s.seq.Store(epoch << seqBits)
	b := s.db.NewBatch()
	defer b.Close()
	for name, v := range map[string]uint64{metaFormat: format, metaEpoch: epoch} {
		if err := b.Set(metaKey(name), binary.BigEndian.AppendUint64([]byte{format}, v), nil); err != nil {
			return err
		}
	}
	return b.Commit(lsm.Sync)
}

// meta reads a number about the store; 0 if it is not there.
func (s *Store) meta(name string) (uint64, error) {
	v, done, err := s.get(s.db, metaKey(name))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer done()
	if len(v) != 8 {
		return 0, fmt.Errorf("the store's record %q has %d bytes", name, len(v))
	}
	return binary.BigEndian.Uint64(v), nil
}

// reader is the database or a snapshot of it.
type reader interface {
	Get(key []byte) ([]byte, closer, error)
	NewIter(o *lsm.IterOptions) (*lsm.Iterator, error)
}

// get reads a record without its version. The value is valid until done.
func (s *Store) get(r reader, key []byte) (value []byte, done func(), err error) {
	v, c, err := r.Get(key)
	if errors.Is(err, lsm.ErrNotFound) {
		return nil, nil, store.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	if v, err = body(v); err != nil {
		c.Close()
		return nil, nil, fmt.Errorf("record %q: %w", key, err)
	}
	return v, func() { c.Close() }, nil
}

// Stats implements store.Store.
func (s *Store) Stats() store.Stats {
	return store.Stats{Commits: s.commits.Load(), Syncs: s.syncs.Load(), Bytes: s.bytes.Load()}
}

// Close implements store.Store. Nothing may be under way.
func (s *Store) Close() error { return errors.Join(s.db.Close(), s.lock.Close()) }

// logger passes on what the database has to say.
type logger struct {
	log   *slog.Logger
	fatal func(string)
}

func (l logger) Infof(f string, a ...any)  { l.log.Debug("store: " + fmt.Sprintf(f, a...)) }
func (l logger) Errorf(f string, a ...any) { l.log.Error("store: " + fmt.Sprintf(f, a...)) }
func (l logger) Fatalf(f string, a ...any) {
	msg := fmt.Sprintf(f, a...)
	l.log.Error("the store cannot go on: " + msg)
	l.fatal(msg)
}
