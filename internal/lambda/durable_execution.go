package lambda

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// statusRunning is the status of an open execution; the others are words of durop.
const statusRunning = "RUNNING"

// apartAt is the size in bytes from which a payload is kept in a lazy part of its own.
const apartAt = 4096

// pinned is what an execution was started with; it never changes.
type pinned struct {
	Format    int      `json:"v"`
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Region    string   `json:"region"`
	Account   string   `json:"account"`
	Function  string   `json:"function"`
	Version   string   `json:"version"`
	Timeout   int64    `json:"timeout"`   // ExecutionTimeout, seconds
	Retention int      `json:"retention"` // days
	KMSKey    string   `json:"kms,omitempty"`
	Event     bool     `json:"event,omitempty"` // started asynchronously: the result is limited to 1 MB
	Hash      string   `json:"hash"`            // of the payload, to recognise the same start again
	Started   int64    `json:"started"`         // Unix milliseconds
	Trace     string   `json:"trace,omitempty"`
	Tenant    string   `json:"tenant,omitempty"`
	Apart     bool     `json:"apart,omitempty"`  // the input is in ~in
	Parent    store.ID `json:"parent,omitempty"` // who waits for the outcome
	ParentOp  int      `json:"parentOp,omitempty"`
}

const pinnedFormat = 1

func (p *pinned) arn() arn.DurableExecution {
	return arn.DurableExecution{
		Partition: arn.Partition(p.Region), Region: p.Region, Account: p.Account,
		Function: p.Function, Version: p.Version, Name: p.Name, ID: p.ID,
	}
}

func (p *pinned) identity() durop.Identity { return durop.Identity{ID: p.ID, Name: p.Name} }

// maxResult is the size limit of the execution's result in bytes.
func (p *pinned) maxResult() int {
	if p.Event {
		return 1048576
	}
	return 6291456
}

// runRecord is what changes from turn to turn.
type runRecord struct {
	Format     int    `json:"v"`
	Invocation uint64 `json:"n"`                // invocations begun
	Flying     bool   `json:"flying,omitempty"` // one is under way
	Request    string `json:"request,omitempty"`
	Boot       string `json:"boot,omitempty"`     // run of the process that issued its token
	Nonce      string `json:"nonce,omitempty"`    // of its tokens, 16 hex digits; empty: no token is valid
	Seq        uint64 `json:"seq,omitempty"`      // of the token that is valid now
	Began      int64  `json:"began,omitempty"`    // Unix milliseconds
	Recorded   bool   `json:"recorded,omitempty"` // its end is in the history already
	Well       bool   `json:"well,omitempty"`     // some invocation has ended without an error
	Fails      int    `json:"fails,omitempty"`    // invocations in a row that failed
	Idle       int    `json:"idle,omitempty"`     // invocations in a row that left a ready step alone
	Clock      uint64 `json:"clock,omitempty"`    // of durop.State
	Seen       uint64 `json:"seen,omitempty"`
	Mark       uint64 `json:"mark,omitempty"`
	Written    int64  `json:"written,omitempty"` // bytes counted against the limit
	Last       *last  `json:"last,omitempty"`
}

const runFormat = 1

// last is the last checkpoint that was accepted, so that its repetition gets its answer.
type last struct {
	Client string `json:"c"`
	Nonce  string `json:"n"`
	Seq    uint64 `json:"s"` // of the token it used
	At     int64  `json:"t"`
	Told   []int  `json:"o,omitempty"` // operations in the answer
}

// execution is the decoded state of the entity.
type execution struct {
	pinned
	run   runRecord
	ops   *durop.State
	input durop.Text // nil if there was none, or if it is kept apart
	ended int64      // Unix milliseconds, 0 while open
	held  []int      // operations whose outcome waits in a part "held/NNNNNN"; see returned

	answer []byte // to the last checkpoint, while it is in memory
	text   string // the valid token, once it was given out
	size   int
}

func (x *execution) closed() bool { return x.ended != 0 }

func owner(region, account, function string) string { return region + "/" + account + "/" + function }

func executionID(region, account, function, name string) store.ID {
	return store.ID(string(rune(DurableKind)) + "/" + owner(region, account, function) + "/" + name)
}

// DurableHead is Head.Data of a durable execution.
type DurableHead struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	KMSKey  string `json:"kms,omitempty"`
}

// DurableARN is the ARN of the execution that a head of DurableKind describes, with its DurableHead.
func DurableARN(h *store.Head) (a arn.DurableExecution, data DurableHead, err error) {
	if err := json.Unmarshal(h.Data, &data); err != nil {
		return a, data, fmt.Errorf("head of %s: %w", h.ID, err)
	}
	w := strings.SplitN(h.Owner, "/", 3)
	if len(w) != 3 {
		return a, data, fmt.Errorf("head of %s: owner %q is not region/account/function", h.ID, h.Owner)
	}
	return arn.DurableExecution{
		Partition: arn.Partition(w[0]), Region: w[0], Account: w[1], Function: w[2],
		Version: data.Version, Name: h.Name, ID: data.ID,
	}, data, nil
}

func opKey(prefix string, index int) string { return fmt.Sprintf("%s/%06d", prefix, index) }

// load gives the execution, from memory or from its parts.
func (d *Durable) load(tx engine.Tx) (*execution, error) {
	if x, ok := tx.State().(*execution); ok {
		return x, nil
	}
	x := &execution{ended: tx.Head().Ended, size: 1024}
	if err := readRecord(tx, "cfg", &x.pinned, func() bool { return x.pinned.Format == pinnedFormat }); err != nil {
		return nil, err
	}
	if err := readRecord(tx, "run", &x.run, func() bool { return x.run.Format == runFormat }); err != nil {
		return nil, err
	}
	var ops []*durop.Operation
	var bad error
	tx.Parts(func(key string, value []byte) {
		switch {
		case strings.HasPrefix(key, "op/"):
			o, err := durop.Load(value)
			if err != nil {
				bad = fmt.Errorf("part %s of %s: %w", key, tx.ID(), err)
				return
			}
			x.size += rowCost(value)
			ops = append(ops, o)
		case key == "in":
			x.input = durop.Text(value)
		case strings.HasPrefix(key, "held/"):
			if index, err := strconv.Atoi(key[len("held/"):]); err == nil {
				x.held = append(x.held, index)
			}
		}
	})
	if bad != nil {
		return nil, bad
	}
	x.ops = durop.NewState(ops, x.run.Clock, x.run.Seen, x.run.Mark)
	tx.SetState(x, x.size)
	return x, nil
}

func readRecord(tx engine.Tx, key string, into any, known func() bool) error {
	if err := json.Unmarshal(tx.Part(key), into); err != nil {
		return fmt.Errorf("part %s of %s: %w", key, tx.ID(), err)
	}
	if !known() {
		return fmt.Errorf("part %s of %s was written by another version of perdure", key, tx.ID())
	}
	return nil
}

// rowCost estimates what an operation costs in memory beside its row.
func rowCost(row []byte) int { return len(row) + 400 }

// save writes what the turn changed: the rows of changed operations, the run record, the wake timer.
func (x *execution) save(tx engine.Tx) error {
	x.ops.Dirty(func(o *durop.Operation) {
		switch {
		case len(o.Result) >= apartAt:
			tx.Put(opKey("~r", o.Index), o.Result)
			o.Apart, o.Result = len(o.Result), nil
		case o.Orphan:
			tx.Delete(opKey("~r", o.Index))
		}
		o.Orphan = false
		key, row := opKey("op", o.Index), o.Row()
		if old := tx.Part(key); old != nil {
			x.size += len(row) - len(old)
		} else {
			x.size += rowCost(row)
		}
		tx.Put(key, row)
	})
	x.run.Format = runFormat
	x.run.Clock, x.run.Seen, x.run.Mark = x.ops.Clock, x.ops.Seen, x.ops.Mark
	record, err := json.Marshal(&x.run)
	if err != nil {
		return err
	}
	if string(record) != string(tx.Part("run")) {
		tx.Put("run", record)
	}
	x.schedule(tx)
	tx.SetState(x, x.size+len(x.answer))
	return nil
}

// schedule moves the one timer of all operations to the earliest of them.
func (x *execution) schedule(tx engine.Tx) {
	next := x.ops.NextWake()
	if next == 0 || x.closed() {
		tx.ClearTimer(timerWake)
		return
	}
	if due, ok := tx.Timer(timerWake); !ok || due.UnixMilli() != next {
		tx.SetTimer(timerWake, time.UnixMilli(next))
	}
}

// due lets time pass over the operations, records what it did, and says whether that was anything.
func (x *execution) due(tx engine.Tx) bool {
	now := tx.Now().UnixMilli()
	if next := x.ops.NextWake(); next == 0 || next > now {
		return false
	}
	changed, events := x.ops.Due(now)
	x.record(tx, events...)
	return len(changed) > 0
}

func (x *execution) record(tx engine.Tx, events ...durop.Event) {
	for _, e := range events {
		tx.Append(e.Encode(tx.NextEvent()))
	}
}

// result gives an operation's result wherever it is.
func (x *execution) result(tx engine.Tx) durop.ResultOf {
	return func(o *durop.Operation) (durop.Text, error) {
		if o.Apart == 0 {
			return o.Result, nil
		}
		return tx.Lazy(opKey("~r", o.Index))
	}
}

// inputText gives the input as a JSON string literal, nil if there was none.
func (x *execution) inputText(tx engine.Tx) (durop.Text, error) {
	if !x.Apart {
		return x.input, nil
	}
	return tx.Lazy("~in")
}
