package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
)

const (
	spaceFunction = "lambda/function"
	spaceVersion  = "lambda/version"
)

// revision is a function's code and configuration at one time: $LATEST as it is, or a published version.
type revision struct {
	Format int           `json:"format"`
	Config Configuration // FunctionArn is not set here
	Blob   string        // the zip
	Gone   bool          `json:",omitempty"` // deleted, kept for executions that are pinned to it

	spec *host.Spec
}

// functionDoc is what is kept of a function beside its published versions.
type functionDoc struct {
	Format          int `json:"format"`
	Region, Account string
	Name            string
	Latest          revision
	LastVersion     int                     // highest number ever published
	Aliases         map[string]*alias       `json:",omitempty"`
	Policies        map[string]*policy      `json:",omitempty"` // by qualifier, "" for the function
	Events          map[string]*eventConfig `json:",omitempty"` // by qualifier, "$LATEST" for the function
	URLs            map[string]*urlConfig   `json:",omitempty"` // by alias, "" for the function
	Tags            map[string]string       `json:",omitempty"`
	Reserved        *int                    `json:",omitempty"` // concurrency
	Deleting        bool                    `json:",omitempty"` // waits for its durable executions to end
	Stale           []string                `json:",omitempty"` // blobs that $LATEST no longer uses
}

func (f *functionDoc) ref() ref { return ref{region: f.Region, account: f.Account, name: f.Name} }

// record is a decoded functionDoc as of one version of the document. It is not changed after it was cached.
type record struct {
	functionDoc
	docVersion uint64
	checked    time.Time

	mu       sync.Mutex
	versions map[string]*revision // published, as far as they were asked for
}

// catalogue reads and changes functions. Decoded functions are cached, and compared with the store at most once a second,
// since another node may have changed them.
type catalogue struct {
	eng engine.API

	mu      sync.Mutex
	cache   map[string]*record
	changes uint64 // counts calls of drop: what was read before one may be what it dropped
}

func newCatalogue(e engine.API) *catalogue {
	return &catalogue{eng: e, cache: map[string]*record{}}
}

const cacheFor = time.Second

// find gives a function; nil if there is none.
func (c *catalogue) find(ctx context.Context, r ref) (*record, error) {
	now := c.eng.Now()
	c.mu.Lock()
	f := c.cache[r.key()]
	fresh := f != nil && now.Sub(f.checked) < cacheFor
	changes := c.changes
	c.mu.Unlock()
	if fresh {
		return f, nil
	}
	g, err := c.load(ctx, r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case g == nil:
		delete(c.cache, r.key())
		return nil, nil
	case c.changes != changes:
		return g, nil
	case f != nil && f.docVersion == g.docVersion:
		f.checked = now // keeps the published versions that are decoded
		return f, nil
	}
	g.checked = now
	if len(c.cache) >= 10_000 {
		clear(c.cache)
	}
	c.cache[r.key()] = g
	return g, nil
}

// load reads a function from the store; nil if there is none.
func (c *catalogue) load(ctx context.Context, r ref) (*record, error) {
	d, err := c.eng.Store().Doc(ctx, spaceFunction, r.key())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := decodeFunction(d)
	if err != nil {
		return nil, err
	}
	f.Latest.spec = f.ref().spec(&f.Latest)
	return f, nil
}

func decodeFunction(d store.Doc) (*record, error) {
	f := &record{docVersion: d.Version, versions: map[string]*revision{}}
	if err := json.Unmarshal(d.Value, &f.functionDoc); err != nil {
		return nil, fmt.Errorf("function %s cannot be read from the store: %w", d.Key, err)
	}
	if f.Format != 1 {
		return nil, fmt.Errorf("function %s has format %d, which this version cannot read", d.Key, f.Format)
	}
	return f, nil
}

func decodeRevision(d store.Doc) (*revision, error) {
	v := new(revision)
	if err := json.Unmarshal(d.Value, v); err != nil {
		return nil, fmt.Errorf("version %s cannot be read from the store: %w", d.Key, err)
	}
	if v.Format != 1 {
		return nil, fmt.Errorf("version %s has format %d, which this version cannot read", d.Key, v.Format)
	}
	return v, nil
}

func (v *revision) encode() ([]byte, error) { return json.Marshal(v) }

func versionKey(r ref, number int) string { return fmt.Sprintf("%s/%08d", r.key(), number) }

// version gives a published version; nil if there is none.
func (c *catalogue) version(ctx context.Context, f *record, number string) (*revision, error) {
	f.mu.Lock()
	v := f.versions[number]
	f.mu.Unlock()
	if v != nil {
		return v, nil
	}
	var n int
	if _, err := fmt.Sscanf(number, "%d", &n); err != nil || n < 1 || n > f.LastVersion || len(number) > 8 {
		return nil, nil
	}
	d, err := c.eng.Store().Doc(ctx, spaceVersion, versionKey(f.ref(), n))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if v, err = decodeRevision(d); err != nil {
		return nil, err
	}
	v.spec = f.ref().spec(v)
	f.mu.Lock()
	f.versions[number] = v
	f.mu.Unlock()
	return v, nil
}

// published lists the versions from a number on, at most limit.
func (c *catalogue) published(ctx context.Context, r ref, after int, limit int) ([]*revision, error) {
	from := ""
	if after > 0 {
		from = versionKey(r, after)
	}
	docs, err := c.eng.Store().Docs(ctx, spaceVersion, r.key()+"/", from, limit)
	if err != nil {
		return nil, err
	}
	out := make([]*revision, 0, len(docs))
	for _, d := range docs {
		v, err := decodeRevision(d)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// change alters a function in one commit. f is a copy of its own for edit, which may add documents to the commit; if
// another node is faster, edit is called again. A function that does not exist is a 404 that names r as it is.
func (c *catalogue) change(ctx context.Context, r ref, edit func(f *record) ([]store.Doc, error)) error {
	for range 20 {
		f, err := c.load(ctx, r)
		if err != nil {
			return err
		}
		if f == nil {
			return r.notFound()
		}
		docs, err := edit(f)
		if err != nil {
			return err
		}
		d, err := f.doc()
		if err != nil {
			return err
		}
		err = c.eng.Store().CommitDocs(ctx, append(docs, d)...)
		c.drop(r)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return &api.Error{Code: "ResourceConflictException", Status: 409,
		Message: "The operation cannot be performed at this time. An update is in progress for resource: " + r.arn()}
}

func (f *record) doc() (store.Doc, error) {
	b, err := json.Marshal(&f.functionDoc)
	return store.Doc{Space: spaceFunction, Key: f.ref().key(), Value: b, Version: f.docVersion}, err
}

// drop forgets a cached function.
func (c *catalogue) drop(r ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.cache, r.key())
}

// spec is what a host needs to run a revision. Instances are pooled by RevisionId, which is new at every change and never
// used again, so that a function that is created again does not meet the instances of the one that had its name.
func (r ref) spec(v *revision) *host.Spec {
	c := &v.Config
	s := &host.Spec{
		Key:          r.with(c.Version).full() + "#" + c.RevisionId,
		FunctionName: r.name, FunctionARN: r.with(c.Version).full(), Version: c.Version, Region: r.region, Account: r.account,
		Runtime: c.Runtime, Handler: c.Handler, Code: v.Blob, MemoryMB: c.MemorySize,
		Timeout: time.Duration(c.Timeout) * time.Second,
	}
	if len(c.Architectures) > 0 {
		s.Architecture = c.Architectures[0]
	}
	if c.Environment != nil {
		s.Environment = c.Environment.Variables
	}
	if l := c.LoggingConfig; l != nil {
		s.LogFormat, s.LogLevel, s.LogGroup = l.LogFormat, l.ApplicationLogLevel, l.LogGroup
	}
	return s
}

// blobName is where a package of a function is kept.
func (r ref) blobName(sha256hex string) string {
	return strings.Join([]string{"lambda/code", r.region, r.account, r.name, sha256hex}, "/")
}
