// Package store is the port behind which executions, the catalogue and code are kept.
//
// An entity (a state machine execution, a durable function execution) is an [ID], a small [Head], parts (rows keyed
// inside the entity), an append-only history numbered from 1, timers, open effects, and an inbox. Everything about an
// entity changes through [Store.Commit] and nothing else. What a commit promises:
//
//   - Atomic: a turn's changes are all there after a crash, or none. Outbox messages are part of it.
//   - Durable: when Commit returns nil under strict durability, the turn survives kill -9 and power loss.
//   - Optimistic: a turn names the version it read; if the entity has moved on, the turn fails with [ErrConflict] and
//     changes nothing.
//   - Ordered: history numbers are gapless, Head.Events is the last one.
//
// Implementations are in the folders beside this file; storetest is the suite that each of them passes. Everything is
// safe for concurrent use. Byte slices given to the store are not kept, those it returns may be kept by the caller.
package store

import (
	"context"
	"errors"
	"time"
)

// ID names an entity. Its first byte is the entity's kind, then "/", then a name that the owning service chooses so
// that uniqueness of the name is uniqueness of the entity: "m/us-east-1/000000000000/machine/name". At most 512 bytes,
// no NUL.
type ID string

// Kind is the first byte of the id.
func (id ID) Kind() byte { return id[0] }

// ErrConflict: the entity's version is not the one the turn read.
var ErrConflict = errors.New("entity was changed by another turn")

// ErrNotFound: no such entity, document or blob.
var ErrNotFound = errors.New("not found")

// ErrCursor: Filter.After did not come from a list.
var ErrCursor = errors.New("not a cursor of a list of heads")

// Head is the part of an entity that lists and watchers need.
type Head struct {
	ID      ID
	Owner   string // key of the resource executions are listed by, such as the state machine; see Filter
	Name    string
	Status  string // the service's status word: RUNNING, SUCCEEDED, ...
	Started int64  // Unix milliseconds
	Ended   int64  // Unix milliseconds, 0 while open
	Version uint64 // number of commits; 0 means the entity does not exist
	Events  uint64 // number of the last history event
	Data    []byte // the service's own small record, returned in lists
}

// Part is a row inside an entity. Keys beginning with "~" are lazy: they are not in a Snapshot and are read with
// ReadPart, so that large data that a turn rarely needs does not sit in memory.
type Part struct {
	Key   string
	Value []byte // nil in a Turn deletes
}

// Timer is due at a time; when it is due the engine delivers a message with its key.
type Timer struct {
	ID  ID
	Key string
	Due int64 // Unix milliseconds; 0 in a Turn clears
}

// Effect is work that must be done, at least once, after the commit that wrote it: invoke a function, call a service.
type Effect struct {
	ID   ID
	Key  string // unique in the entity
	Kind string // for the behaviour that runs it; empty in a Turn deletes
	Data []byte
}

// Message waits in the inbox of Target until a turn of Target consumes it. Seq is given by the store and orders an inbox.
type Message struct {
	Target ID
	Seq    uint64
	Type   string
	Key    string
	Body   []byte
}

// Turn is one entity's change. Zero members change nothing. Keys of parts, timers and effects are unique in it.
type Turn struct {
	Read     uint64 // version that the decision was based on; 0 for an entity that must not exist yet
	Head     Head   // new head; Head.Version must be Read+1
	Parts    []Part
	History  [][]byte // appended, numbered so that the last one is Head.Events
	Timers   []Timer  // ID may be empty
	Effects  []Effect // ID may be empty
	Outbox   []Message
	Consumed []uint64 // inbox messages that this turn has dealt with; ErrConflict if one of them is gone
	// Delete removes the entity with all it has, except for inbox messages that are not in Consumed: they arrived too late
	// for the decision and wake the entity once more. Head needs only its ID then. With Read 0 it consumes messages to
	// (and sends those from) an entity that does not exist and shall not.
	Delete bool
}

// Snapshot is an entity as loaded: everything but its history and its lazy parts.
type Snapshot struct {
	Head    Head
	Parts   []Part // ordered by key
	Timers  []Timer
	Effects []Effect
	Inbox   []Message // ordered by Seq
}

// Filter chooses heads for a list, newest start first, ties by id; reversed it is exactly the other way round.
type Filter struct {
	Kind          byte
	Owner         string // exact; empty: all of the kind
	Status        string // exact; empty: all
	Name          string // exact; empty: all
	StartedAfter  int64  // exclusive, Unix milliseconds; 0: none
	StartedBefore int64  // exclusive; 0: none
	Reverse       bool   // oldest first
	After         string // Cursor of the last head of the previous page
	Limit         int    // 1..1000
}

// Doc is a catalogue record: a function, a version, a state machine, a stack. Key order is list order.
type Doc struct {
	Space   string // "lambda/function", ...
	Key     string
	Value   []byte // nil in CommitDocs deletes
	Version uint64 // in CommitDocs: the version read, 0 for a document that must not exist yet
}

// Store is the port.
type Store interface {
	// Commit makes one turn durable and fills in Outbox[i].Seq. Many callers at once share a sync: group commit is the
	// store's business. After an error nothing of the turn is there: a store that cannot tell finds out before it returns, or
	// ends the process, because the engine does not start what it was told has failed.
	Commit(ctx context.Context, t *Turn) error
	// Load reads an entity; ErrNotFound if it does not exist and has an empty inbox.
	Load(ctx context.Context, id ID) (*Snapshot, error)
	// Head reads one head.
	Head(ctx context.Context, id ID) (Head, error)
	// ReadPart reads one part, lazy ones included.
	ReadPart(ctx context.Context, id ID, key string) ([]byte, error)
	// History returns events from number from on, at most limit, or downwards from it if reverse.
	History(ctx context.Context, id ID, from uint64, limit int, reverse bool) ([][]byte, error)
	// Heads lists.
	Heads(ctx context.Context, f Filter) (heads []Head, next string, err error)
	// Timers returns timers due at or before due, earliest first, at most limit; NextTimer the earliest of all, ok false if none.
	Timers(ctx context.Context, due int64, limit int) ([]Timer, error)
	NextTimer(ctx context.Context) (t Timer, ok bool, err error)
	// Effects returns every open effect, and Inboxes every entity with an unconsumed message, both for the start of a node.
	Effects(ctx context.Context, each func(Effect) error) error
	Inboxes(ctx context.Context, each func(ID) error) error

	// CommitDocs changes documents, all or none; ErrConflict if a version has moved.
	CommitDocs(ctx context.Context, docs ...Doc) error
	Doc(ctx context.Context, space, key string) (Doc, error)
	// Docs lists a space's documents whose key has the prefix, after the given key, at most limit.
	Docs(ctx context.Context, space, prefix, after string, limit int) ([]Doc, error)

	// Blobs are immutable bytes under a name, such as code packages and S3 objects.
	PutBlob(ctx context.Context, name string, data []byte) error
	Blob(ctx context.Context, name string) ([]byte, error)
	DeleteBlob(ctx context.Context, name string) error

	// Stats counts what happened since opening.
	Stats() Stats
	Close() error
}

// Stats are counters since the store was opened.
type Stats struct {
	Commits uint64 // turns committed
	Syncs   uint64 // syncs to stable storage, as far as the store can tell
	Bytes   uint64 // written by turns
}

// Millis is the store's time unit.
func Millis(t time.Time) int64 { return t.UnixMilli() }
