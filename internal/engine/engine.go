// Package engine turns messages into durable change.
//
// It knows entities (see package store) and [Behaviour]s, one per kind of entity, and nothing of AWS. A turn is the only
// way anything changes: a message comes in, the behaviour decides, purely, through a [Tx]; what it decided is committed
// at once; only then is the caller answered, are effects run, and are messages to other entities delivered.
//
// Promises:
//
//   - Turns of one entity are serial, turns of different entities parallel. An idle entity owns no goroutine and, once
//     evicted from the bounded cache, no memory.
//   - A caller that got an answer got it after the commit, so what it was told survives a crash (under strict durability).
//   - An effect runs at least once after its commit, again after a restart if its result was not committed; its result is
//     delivered as one message, and a second result, or one for an effect that was cancelled, is dropped.
//   - A message sent by a turn to another entity is delivered exactly once, whatever crashes.
//   - A timer is never early. It survives restarts and, if it came due while the process was down, fires at start.
//   - Time, ids and randomness come from the Config. Nothing here or further in calls time.Now, rand or uuid.
//
// Read next: tx.go for what a behaviour can do, clock.go for time, store/store.go for what is kept.
package engine

import (
	"context"
	"time"

	"github.com/perdure/perdure/internal/store"
)

// Message wakes an entity.
type Message struct {
	// Type is the behaviour's own word, except for the engine's: TypeTimer, TypeEffect, TypeAgain.
	Type string
	// Key is the timer's or effect's key for the engine's messages, otherwise the behaviour's own.
	Key string
	// Body is what is kept if the message travels through an inbox.
	Body []byte
	// Value travels in memory only, with Call: a decoded request.
	Value any
	// Err is set on TypeEffect if the runner returned an error rather than a result.
	Err error
}

// Types of messages that the engine sends.
const (
	TypeTimer  = "engine.timer"  // Key is due and has been cleared in this turn; set it anew if it is wanted again
	TypeEffect = "engine.effect" // the effect Key has ended with Body (or Err) and is closed in this turn
	TypeAgain  = "engine.again"  // the last turn asked for it with Tx.Again
)

// Behaviour is the decision maker of one kind of entity.
type Behaviour interface {
	// Turn decides what a message changes, through tx. It does no I/O, does not block, and keeps nothing but tx.State. If
	// it returns an error, nothing is committed and the error goes to the caller of Call; it must then not have changed
	// tx: check first, then change. For an entity that does not exist tx.Exists is false; a Turn that leaves it so consumes
	// the message without a trace.
	Turn(tx Tx, m Message) error
	// Run performs an effect outside any turn. The returned bytes are the Body of the TypeEffect message, an error is its
	// Err. ctx ends when the effect is cancelled or the engine closes; in the latter case the effect is run again by the next
	// start.
	Run(ctx context.Context, e store.Effect) ([]byte, error)
}

// API is what services ask of an engine. *Engine implements it.
type API interface {
	// Call runs a turn of id with m and returns what the turn gave to Tx.Reply, after the commit. ctx ends only the waiting.
	Call(ctx context.Context, id store.ID, m Message) (any, error)
	// Post is Call without waiting; for what need not be answered.
	Post(id store.ID, m Message)
	// Watch tells of commits of id: the channel gets a value after each commit (several may be told as one) until stop.
	Watch(id store.ID) (changed <-chan struct{}, stop func())
	// WatchAll tells of commits of any entity, with their heads, best effort: a slow reader loses some.
	WatchAll() (changed <-chan store.Head, stop func())
	// Closed waits until the entity's head has Ended set, and returns it.
	Closed(ctx context.Context, id store.ID) (store.Head, error)
	// Now is the engine's time, NewID a new UUID from its source, Random a number in [0,1).
	Now() time.Time
	NewID() string
	Random() float64
	// Store is for reading (and for documents and blobs, which are not entities).
	Store() store.Store
	// Busy marks work in progress that is neither a turn nor an effect, so that skipping time waits for it; call done once.
	Busy() (done func())
}
