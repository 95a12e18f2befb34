package pebble

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perdure/perdure/internal/store"
)

// Blobs are files, so that a code package of 100 MB does not pass through the log and through every compaction.
const (
	blobFolder = "blobs"
	blobTemp   = ".new"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blobPath is named after a hash, because names may be long and contain anything.
func (s *Store) blobPath(name string) string {
	sum := sha256.Sum256([]byte(name))
	return s.fs.PathJoin(s.dir, blobFolder, hex.EncodeToString(sum[:]))
}

// PutBlob implements store.Store: a new file is synced, then takes its name, and the folder is synced.
func (s *Store) PutBlob(_ context.Context, name string, data []byte) error {
	head := appendString([]byte{format}, name)
	head = binary.BigEndian.AppendUint32(head, crc32.Checksum(data, castagnoli))
	path := s.blobPath(name)
	temp := fmt.Sprintf("%s.%d%s", path, s.seq.Add(1), blobTemp)
	if err := s.writeFile(temp, head, data); err != nil {
		return errors.Join(fmt.Errorf("blob %q cannot be written: %w", name, err), s.fs.Remove(temp))
	}
	if err := s.fs.Rename(temp, path); err != nil {
		return err
	}
	return s.syncBlobs()
}

// clearTemp removes what a crash left half-written.
func (s *Store) clearTemp() error {
	folder := s.fs.PathJoin(s.dir, blobFolder)
	names, err := s.fs.List(folder)
	for _, n := range names {
		if err == nil && strings.HasSuffix(n, blobTemp) {
			err = s.fs.Remove(s.fs.PathJoin(folder, n))
		}
	}
	return err
}

func (s *Store) writeFile(path string, chunks ...[]byte) error {
	f, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	buffer := make([]byte, 64<<10) // a file of the database's may change what it is given
	for _, c := range chunks {
		for len(c) > 0 {
			n := copy(buffer, c)
			if _, err := f.Write(buffer[:n]); err != nil {
				return errors.Join(err, f.Close())
			}
			c = c[n:]
		}
	}
	return errors.Join(f.Sync(), f.Close())
}

func (s *Store) syncBlobs() error {
	d, err := s.fs.OpenDir(s.fs.PathJoin(s.dir, blobFolder))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Blob implements store.Store.
func (s *Store) Blob(_ context.Context, name string) ([]byte, error) {
	got, data, err := s.readBlob(s.blobPath(name))
	if err == nil && got != name {
		err = fmt.Errorf("blob %q is stored under the name %q", name, got)
	}
	return data, err
}

// readBlob reads a file and checks it.
func (s *Store) readBlob(path string) (name string, data []byte, err error) {
	f, err := s.fs.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil, store.ErrNotFound
	}
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		return "", nil, err
	}
	v, err := body(all)
	if err != nil {
		return "", nil, err
	}
	d := decoder{rest: v}
	name = d.string()
	if d.err != nil || len(d.rest) < 4 {
		return "", nil, errRecord
	}
	if data = d.rest[4:]; crc32.Checksum(data, castagnoli) != binary.BigEndian.Uint32(d.rest) {
		return name, nil, fmt.Errorf("blob %q: %w", name, errRecord)
	}
	return name, data, nil
}

// DeleteBlob implements store.Store; deleting what is not there is no error.
func (s *Store) DeleteBlob(_ context.Context, name string) error {
	err := s.fs.Remove(s.blobPath(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.syncBlobs()
}
