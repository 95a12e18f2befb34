package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// codeCache keeps unpacked code packages in folders "code/<hash of the blob's name>-<bytes>". A folder is complete once it
// has that name. Folders in use are never removed; the others go, least recently used first, when the cache is over its
// limit.
type codeCache struct {
	dir   string
	limit int64
	blob  func(ctx context.Context, name string) ([]byte, error)

	mu      sync.Mutex
	scanned bool
	items   map[string]*codeItem // by hash
	size    int64
	tick    uint64
}

type codeItem struct {
	path string
	size int64
	uses int
	last uint64
	wait chan struct{} // closed when unpacked
	err  error
}

func newCodeCache(dir string, limit int64, blob func(context.Context, string) ([]byte, error)) *codeCache {
	return &codeCache{dir: filepath.Join(dir, "code"), limit: limit, blob: blob, items: map[string]*codeItem{}}
}

// open gives the folder of a package, unpacked if need be, until release is called.
func (c *codeCache) open(ctx context.Context, name string) (dir string, release func(), err error) {
	sum := sha256.Sum256([]byte(name))
	hash := hex.EncodeToString(sum[:16])
	c.mu.Lock()
	if err := c.scan(); err != nil {
		c.mu.Unlock()
		return "", nil, err
	}
	it := c.items[hash]
	mine := it == nil
	if mine {
		it = &codeItem{wait: make(chan struct{})}
		c.items[hash] = it
	}
	c.tick++
	it.uses, it.last = it.uses+1, c.tick
	c.mu.Unlock()
	if mine {
		c.fill(ctx, hash, name, it)
	}
	<-it.wait
	if it.err != nil {
		return "", nil, it.err
	}
	var once sync.Once
	return it.path, func() { once.Do(func() { c.release(it) }) }, nil
}

// scan learns what an earlier run has left, and removes what it did not finish.
func (c *codeCache) scan() error {
	if c.scanned {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	close(done)
	for _, e := range entries {
		hash, size, ok := strings.Cut(e.Name(), "-")
		n, err := strconv.ParseInt(size, 10, 64)
		path := filepath.Join(c.dir, e.Name())
		if !ok || err != nil || c.items[hash] != nil {
			os.RemoveAll(path)
			continue
		}
		c.items[hash] = &codeItem{path: path, size: n, wait: done}
		c.size += n
	}
	c.scanned = true
	return nil
}

// fill unpacks a package for everyone who waits for it.
func (c *codeCache) fill(ctx context.Context, hash, name string, it *codeItem) {
	path, size, err := c.unpack(ctx, hash, name)
	c.mu.Lock()
	defer c.mu.Unlock()
	it.path, it.size, it.err = path, size, err
	if err != nil {
		delete(c.items, hash) // the next invocation tries again
	}
	c.size += size
	c.trim()
	close(it.wait)
}

func (c *codeCache) unpack(ctx context.Context, hash, name string) (string, int64, error) {
	data, err := c.blob(ctx, name)
	if err != nil {
		return "", 0, fmt.Errorf("code package %s: %w", name, err)
	}
	tmp, err := os.MkdirTemp(c.dir, "new-*-tmp")
	if err != nil {
		return "", 0, err
	}
	size, err := unzip(data, tmp, maxUnzipped)
	if err == nil {
		path := filepath.Join(c.dir, hash+"-"+strconv.FormatInt(size, 10))
		if err = os.Rename(tmp, path); err == nil {
			return path, size, nil
		}
	}
	os.RemoveAll(tmp)
	return "", 0, fmt.Errorf("code package %s: %w", name, err)
}

func (c *codeCache) release(it *codeItem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	it.uses--
	c.trim()
}

// trim removes unused folders while the cache is over its limit.
func (c *codeCache) trim() {
	for c.size > c.limit {
		var oldest string
		for hash, it := range c.items {
			if it.uses == 0 && (oldest == "" || it.last < c.items[oldest].last) {
				oldest = hash
			}
		}
		if oldest == "" {
			return
		}
		it := c.items[oldest]
		delete(c.items, oldest)
		c.size -= it.size
		os.RemoveAll(it.path)
	}
}
