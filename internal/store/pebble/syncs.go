package pebble

import (
	"io"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

type closer = io.Closer

// syncFS counts syncs to stable storage.
type syncFS struct {
	vfs.FS
	n *atomic.Uint64
}

func countSyncs(fs vfs.FS, n *atomic.Uint64) vfs.FS { return syncFS{fs, n} }

func (f syncFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return f.wrap(file), err
}

func (f syncFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(oldname, newname, c)
	return f.wrap(file), err
}

func (f syncFS) wrap(file vfs.File) vfs.File {
	if file == nil {
		return nil
	}
	return syncFile{file, f.n}
}

func (f syncFS) Unwrap() vfs.FS { return f.FS }

type syncFile struct {
	vfs.File
	n *atomic.Uint64
}

func (f syncFile) Sync() error {
	f.n.Add(1)
	return f.File.Sync()
}

func (f syncFile) SyncData() error {
	f.n.Add(1)
	return f.File.SyncData()
}

func (f syncFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	if full {
		f.n.Add(1)
	}
	return full, err
}
