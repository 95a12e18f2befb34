package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/perdure/perdure/internal/store/pebble"
)

// Inspect opens the store of a data directory for looking at it; nothing in it is changed. A directory that a server is
// running on is refused, with the name of that one, and none can start on it until close was called.
func Inspect(dir string) (s *pebble.Store, close func() error, err error) {
	folder := filepath.Join(dir, "store")
	if _, err := os.Stat(folder); err != nil {
		return nil, nil, fmt.Errorf("%s is not a data directory of perdure: %w", dir, err)
	}
	lock, err := lockDir(filepath.Join(dir, "LOCK"), dir)
	if err != nil {
		return nil, nil, err
	}
	s, err = pebble.Open(folder, pebble.Options{ReadOnly: true})
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	return s, func() error { return errors.Join(s.Close(), lock.Close()) }, nil
}
