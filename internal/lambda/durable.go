package lambda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// DurableKind is the kind of the entities that are durable executions. Their ids are
// "d/region/account/function/execution name", so that a name is used once per function; Head.Owner is
// "region/account/function", Head.Name the execution name, Head.Data a [DurableHead].
//
// Parts of an execution, all JSON that carries its format:
//
//	cfg       what was fixed at the start (pinned)
//	run       the invocation under way, the token chain, counters (runRecord)
//	in, ~in   the input as a JSON string, apart if it is large; absent if there was none
//	op/NNNNNN one operation (durop.Operation.Row)
//	~r/NNNNNN the result of an operation, if it is large
//	call/NNNNNN, ~i/NNNNNN  a chained plain function and its input until it has answered
//	held/NNNNNN  the outcome of a chained invoke that came while an invocation was under way
//	~end      how the execution ended (outcome)
//
// Timers: wake (the earliest wait, retry or callback time-out), deadline, retry (the next try after a failed invocation),
// ~retention, and plain/NNNNNN (a throttled chained function). Effects: invocation, plain/NNNNNN.
const DurableKind = 'd'

// DurableLimits bounds executions (section 7 of the specification). Zero members mean the service's limits.
type DurableLimits struct {
	Operations int   // per execution, 3,000
	Bytes      int64 // written per execution, 100 MB
	PageBytes  int   // of operations in one answer or invocation, 5 MB
}

// LiftedLimits let executions grow as far as their rows can be numbered.
var LiftedLimits = DurableLimits{Operations: 999_999, Bytes: math.MaxInt64}

// Durable is the service of durable executions: a behaviour of the engine, the API operations over it, and the invoke of
// durable functions. Make it with NewDurable, register it for DurableKind, Bind it to the engine, then start that.
type Durable struct {
	functions Functions
	limits    DurableLimits
	eng       engine.API
	boot      string // names this run of the process; an effect begun by another gets a fresh token
	tails     sync.Map
	observe   func(StatusChange)
}

var _ engine.Behaviour = (*Durable)(nil)
var _ Executions = (*Durable)(nil)

// NewDurable makes the service. observe may be nil; it is called after the commit and must not block.
func NewDurable(functions Functions, limits DurableLimits, observe func(StatusChange)) *Durable {
	if limits.Operations == 0 {
		limits.Operations = 3000
	}
	if limits.Bytes == 0 {
		limits.Bytes = 100 << 20
	}
	if limits.PageBytes == 0 {
		limits.PageBytes = 5 << 20
	}
	return &Durable{functions: functions, limits: limits, observe: observe}
}

// Bind gives the service its engine. Call it once, before the engine starts.
func (d *Durable) Bind(e engine.API) {
	d.eng = e
	d.boot = e.NewID()
}

// Types of messages between the parts of this service.
const (
	msgStart      = "start"      // Value *startRequest, or Body of it from a parent
	msgOpen       = "open"       // Value *openRequest: an invocation is about to run
	msgCheckpoint = "checkpoint" // Value *checkpointCall
	msgState      = "state"      // Value *stateCall
	msgCallback   = "callback"   // Value *callbackCall
	msgStop       = "stop"       // Value durop.Object
	msgDelete     = "delete"
	msgChild      = "child" // Key is the operation's index, Body a childOutcome: a chained execution has ended
)

const (
	timerWake      = "wake"
	timerDeadline  = "deadline"
	timerRetry     = "retry"
	timerRetention = "~retention" // patient: skipping time must not forget what has just ended
	effectInvoke   = "invocation"
)

// errGone answers a call on an execution that does not exist.
var errGone = errors.New("no such durable execution")

// Turn implements engine.Behaviour.
func (d *Durable) Turn(tx engine.Tx, m engine.Message) error {
	if m.Type == msgStart {
		return d.start(tx, m)
	}
	if !tx.Exists() {
		if m.Value == nil && m.Type != msgDelete {
			return nil // late news for an execution whose retention is over
		}
		return errGone
	}
	if m.Type == engine.TypeTimer && m.Key == timerRetention {
		tx.Remove()
		return nil
	}
	x, err := d.load(tx)
	if err != nil {
		return err
	}
	switch m.Type {
	case engine.TypeTimer:
		err = d.timer(tx, x, m.Key)
	case engine.TypeEffect:
		err = d.effect(tx, x, m)
	case msgOpen:
		err = d.open(tx, x, m.Value.(*openRequest))
	case msgCheckpoint:
		err = d.checkpoint(tx, x, m.Value.(*checkpointCall))
	case msgState:
		err = d.state(tx, x, m.Value.(*stateCall))
	case msgCallback:
		d.callback(tx, x, m.Value.(*callbackCall))
	case msgStop:
		d.stop(tx, x, m.Value.(durop.Object))
	case msgDelete:
		return d.remove(tx, x)
	case msgChild:
		err = d.child(tx, x, m)
	default:
		return fmt.Errorf("durable execution %s: unknown message %q", tx.ID(), m.Type)
	}
	if err != nil {
		return err
	}
	return x.save(tx)
}

// timer deals with what has come due.
func (d *Durable) timer(tx engine.Tx, x *execution, key string) error {
	switch key {
	case timerDeadline:
		if !x.closed() {
			d.close(tx, x, durop.TimedOut, nil, durop.NewError(fmt.Sprintf("Execution timed out after %d seconds.", x.Timeout), ""))
		}
	case timerWake:
		if !x.closed() && x.due(tx) {
			d.launch(tx, x)
		}
	case timerRetry:
		d.launch(tx, x)
	default:
		return d.retryPlain(tx, x, key)
	}
	return nil
}

// effect deals with work that has ended.
func (d *Durable) effect(tx engine.Tx, x *execution, m engine.Message) error {
	r := &ran{Throttled: true} // the effect could not be done, so it is done again later
	if m.Err == nil {
		var err error
		if r, err = readRan(m.Body); err != nil {
			return err
		}
	}
	if m.Key == effectInvoke {
		return d.ended(tx, x, r)
	}
	return d.plainEnded(tx, x, m.Key, r)
}

// Run implements engine.Behaviour.
func (d *Durable) Run(ctx context.Context, e store.Effect) ([]byte, error) {
	if e.Kind == effectPlain {
		return d.runPlain(ctx, e)
	}
	return d.runInvocation(ctx, e)
}

// Running counts the open executions of a function.
func (d *Durable) Running(ctx context.Context, region, account, function string) (n int, err error) {
	f := store.Filter{Kind: DurableKind, Owner: owner(region, account, function), Status: statusRunning, Limit: 1000}
	for {
		heads, next, err := d.eng.Store().Heads(ctx, f)
		if err != nil {
			return 0, err
		}
		n += len(heads)
		if next == "" || len(heads) == 0 {
			return n, nil
		}
		f.After = next
	}
}
