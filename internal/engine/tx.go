package engine

import (
	"time"

	"github.com/perdure/perdure/internal/store"
)

// Tx is what a turn sees and can ask for. It is an interface so that its contract reads in one
// place, and so that behaviours can be tested without an engine.
type Tx interface {
	// ID and Exists describe the entity. Head may be changed in place (Status, Started, Ended, Owner, Name, Data); Version
	// and Events are the engine's.
	ID() store.ID
	Exists() bool
	Head() *store.Head

	// State is the decoded form of the parts that the behaviour keeps between turns; nil if the entity was just loaded.
	// It is dropped when a commit fails or the cache is full. size is an estimate of its bytes.
	State() any
	SetState(s any, size int)

	// Parts calls each for every eager part, in key order, as of this turn. Part reads one, Lazy reads one from the store.
	Parts(each func(key string, value []byte))
	Part(key string) []byte
	Lazy(key string) ([]byte, error)
	Put(key string, value []byte)
	Delete(key string)

	// NextEvent is the number the next Append will have. Append takes the event in the form the API returns it.
	NextEvent() uint64
	Append(event []byte)

	// SetTimer sets or moves the timer key, ClearTimer removes it; Timer tells when it is due. A timer whose key begins with
	// "~" is patient: it fires like any other, but skipping time does not jump to it, nor does AdvanceToNext. Retention is one.
	SetTimer(key string, due time.Time)
	ClearTimer(key string)
	Timer(key string) (time.Time, bool)

	// Effect asks for work after the commit. CancelEffect forgets it: its context ends and its result is dropped.
	Effect(key, kind string, data []byte)
	CancelEffect(key string)
	EffectOpen(key string) bool

	// Send puts a message into another entity's inbox, in this commit.
	Send(target store.ID, typ, key string, body []byte)
	// Again asks for another turn right after this one's commit, others may come between.
	Again()
	// Reply is what Call returns after the commit.
	Reply(v any)
	// AfterCommit runs f once the commit is durable, in order, on the engine's goroutine: f must not block.
	AfterCommit(f func())
	// Remove deletes the entity with all it has.
	Remove()

	// Now is fixed during a turn; NewID and Random come from the engine's sources.
	Now() time.Time
	NewID() string
	Random() float64
}
