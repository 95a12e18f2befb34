//go:build !unix

package server

import "os"

// lockDir leaves the locking to the store where there is no flock.
func lockDir(path, _ string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}
