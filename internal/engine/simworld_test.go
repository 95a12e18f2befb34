package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/store"
)

// simOp is one step in a token's life.
type simOp int

const (
	opSend    simOp = iota // on to another entity
	opTimer                // stay until a timer fires
	opEffect               // stay until an effect has succeeded
	opRace                 // an effect against a timer; the loser is cancelled
	opAgain                // on with the next turn
	opHistory              // an event and on at once
	opFork                 // another token begins
	opVisit                // through an entity that comes into being for it and is removed
	simOps
)

type simStep struct {
	op     simOp
	to     store.ID      // opSend
	after  time.Duration // opTimer, opRace, opVisit
	child  string        // opFork
	repeat int           // opEffect, opRace: how often it fails first
}

// simWorld is the behaviour under simulation. Tokens wander between entities along plans made in advance; what each turn
// sees is held against what it should see. Everything it knows is in parts, so a crash takes back what it should.
type simWorld struct {
	s      *sched
	store  *simStore
	engine *Engine
	plans  map[string][]simStep
	latest time.Time // seen by a turn
}

const (
	simEnd  = store.ID("k/end")
	simHome = 4      // entities that tokens live in
	simIdle = "idle" // an effect that may or may not end before its entity is removed
)

// plan makes a token's steps, and those of tokens it forks.
func (w *simWorld) plan(token string, depth int) {
	steps := make([]simStep, 2+w.s.rng.IntN(7))
	for i := range steps {
		steps[i] = simStep{op: simOp(w.s.rng.IntN(int(simOps))), to: w.home(), after: time.Duration(w.s.rng.IntN(4)) * 40 * time.Second}
		if w.s.odds(3) {
			steps[i].repeat = 1 + w.s.rng.IntN(2)
		}
		if steps[i].op == opFork {
			if depth == 2 {
				steps[i].op = opHistory
				continue
			}
			steps[i].child = fmt.Sprintf("%s.%d", token, i)
			w.plan(steps[i].child, depth+1)
		}
	}
	w.plans[token] = steps
}

func (w *simWorld) home() store.ID { return store.ID("k/" + strconv.Itoa(w.s.rng.IntN(simHome))) }

// result is what an effect gives, whenever and however often it runs.
func result(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64() % 1000
}

// expected is what a token has gathered at its end.
func (w *simWorld) expected(token string) (sum uint64) {
	for n, step := range w.plans[token] {
		if step.op == opEffect {
			sum += result(place(token, n))
		}
	}
	return sum
}

func place(token string, n int) string { return token + "/" + strconv.Itoa(n) }

func unplace(key string) (token string, n int) {
	token, digits, _ := strings.Cut(key, "/")
	n, _ = strconv.Atoi(digits)
	return token, n
}

func number(b []byte) uint64 {
	n, _ := strconv.ParseUint(string(b), 10, 64)
	return n
}

func decimal(n uint64) []byte { return strconv.AppendUint(nil, n, 10) }

func (w *simWorld) Turn(tx Tx, m Message) error {
	if tx.Now().Before(w.latest) {
		w.s.fail("time went back from %s to %s", w.latest, tx.Now())
	}
	w.latest = tx.Now()
	switch m.Type {
	case "bad":
		return errors.New("as asked")
	case "dirty":
		tx.Put("evil", []byte(m.Key))
		return errors.New("as asked, too late")
	case "panic":
		tx.Put("evil", []byte(m.Key))
		panic("as asked")
	}
	tx.Head().Status = "OPEN"
	switch m.Type {
	case "start":
		if tx.Part("start/"+m.Key) == nil {
			tx.Put("start/"+m.Key, nil)
			w.arrive(tx, m.Key, 0, 0)
		}
		tx.Reply(m.Key)
	case "token":
		token, n := unplace(m.Key)
		w.arrive(tx, token, n, number(m.Body))
	case "visit":
		if tx.Exists() {
			w.wrong(tx, "it exists before the visit of %s", m.Key)
		}
		tx.Put("visit", []byte(m.Key))
		tx.Put("~home", m.Body)
		tx.Append([]byte("1"))
		token, n := unplace(m.Key)
		tx.Effect(simIdle, "work", nil)
		tx.SetTimer("leave", tx.Now().Add(w.plans[token][n].after))
	case "done":
		w.once(tx, "done/"+m.Key)
		tx.Put("sum/"+m.Key, m.Body)
	case "extend":
		w.extend(tx)
	case TypeTimer:
		w.timer(tx, m)
	case TypeEffect:
		w.effect(tx, m)
	case TypeAgain:
		w.again(tx)
	default:
		w.wrong(tx, "unknown message %q", m.Type)
	}
	return nil
}

// wrong notes what must not be, in the entity: a turn may see a message for the second time, but must not be committed then.
func (w *simWorld) wrong(tx Tx, format string, a ...any) {
	tx.Put("wrong", fmt.Appendf(tx.Part("wrong"), format+"; ", a...))
}

// once notes that something has happened, which must not have before.
func (w *simWorld) once(tx Tx, key string) {
	if tx.Part(key) != nil {
		w.wrong(tx, "%s happened twice", key)
	}
	tx.Put(key, nil)
}

// arrive lets a token do its step n.
func (w *simWorld) arrive(tx Tx, token string, n int, sum uint64) {
	at := place(token, n)
	w.once(tx, "at/"+at)
	if n == len(w.plans[token]) {
		tx.Send(simEnd, "done", token, decimal(sum))
		return
	}
	switch step := w.plans[token][n]; step.op {
	case opSend:
		tx.Send(step.to, "token", place(token, n+1), decimal(sum))
	case opTimer:
		tx.Put("sum/"+at, decimal(sum))
		w.setTimer(tx, at, step.after)
	case opEffect:
		tx.Put("sum/"+at, decimal(sum))
		tx.Effect(at, "work", decimal(0))
	case opRace:
		tx.Put("sum/"+at, decimal(sum))
		tx.Effect(at, "work", decimal(0))
		w.setTimer(tx, at, step.after)
	case opAgain:
		tx.Put("again/"+at, decimal(sum))
		tx.Again()
	case opHistory:
		tx.Append([]byte(strconv.FormatUint(tx.NextEvent(), 10)))
		w.arrive(tx, token, n+1, sum)
	case opFork:
		tx.Send(w.of(step.child), "token", place(step.child, 0), decimal(0))
		w.arrive(tx, token, n+1, sum)
	case opVisit:
		tx.Send(store.ID("k/visit/"+at), "visit", at, fmt.Appendf(nil, "%s %d", tx.ID(), sum))
	}
}

// of is where a token begins.
func (w *simWorld) of(token string) store.ID {
	return store.ID("k/" + strconv.Itoa(int(result(token))%simHome))
}

func (w *simWorld) setTimer(tx Tx, key string, after time.Duration) {
	due := tx.Now().Add(after)
	tx.Put("due/"+key, decimal(uint64(due.UnixMilli())))
	tx.SetTimer(key, due)
}

func (w *simWorld) timer(tx Tx, m Message) {
	if m.Key == "leave" {
		home, err := tx.Lazy("~home")
		if err != nil {
			w.wrong(tx, "the lazy part cannot be read: %v", err)
		}
		id, sum, _ := strings.Cut(string(home), " ")
		token, n := unplace(string(tx.Part("visit")))
		tx.Send(store.ID(id), "token", place(token, n+1), []byte(sum))
		tx.Remove()
		return
	}
	due := tx.Part("due/" + m.Key)
	if due == nil {
		w.wrong(tx, "timer %s fired although it had fired or was cleared", m.Key)
		return
	}
	if uint64(tx.Now().UnixMilli()) < number(due) {
		w.wrong(tx, "timer %s fired at %d, it was due at %s", m.Key, tx.Now().UnixMilli(), due)
	}
	tx.CancelEffect(m.Key)
	w.leave(tx, m.Key, 0)
}

func (w *simWorld) effect(tx Tx, m Message) {
	if m.Key == simIdle {
		return
	}
	token, n := unplace(m.Key)
	if tx.Part("sum/"+m.Key) == nil {
		w.wrong(tx, "effect %s ended although it had ended or was cancelled", m.Key)
		return
	}
	step := w.plans[token][n]
	try := number(tx.Part("try/" + m.Key))
	var failed *simFault
	if errors.As(m.Err, &failed) && failed.try != try {
		w.wrong(tx, "try %d of effect %s failed while %d was under way", failed.try, m.Key, try)
	}
	if m.Err != nil {
		tx.Effect(m.Key, "work", decimal(try+1))
		tx.Put("try/"+m.Key, decimal(try+1))
		return
	}
	if number(m.Body) != result(m.Key) {
		w.wrong(tx, "effect %s ended with %q", m.Key, m.Body)
	}
	tx.ClearTimer(m.Key)
	gain := uint64(0)
	if step.op == opEffect {
		gain = number(m.Body)
	}
	w.leave(tx, m.Key, gain)
}

// leave ends a stay.
func (w *simWorld) leave(tx Tx, key string, gain uint64) {
	sum := number(tx.Part("sum/"+key)) + gain
	for _, part := range []string{"sum/", "due/", "try/"} {
		tx.Delete(part + key)
	}
	token, n := unplace(key)
	w.arrive(tx, token, n+1, sum)
}

func (w *simWorld) again(tx Tx) {
	var keys []string
	sums := map[string]uint64{}
	tx.Parts(func(key string, value []byte) {
		if at, ok := strings.CutPrefix(key, "again/"); ok {
			keys = append(keys, at)
			sums[at] = number(value)
		}
	})
	if len(keys) == 0 {
		w.wrong(tx, "it was woken again for nothing")
	}
	for _, at := range keys {
		tx.Delete("again/" + at)
		token, n := unplace(at)
		w.arrive(tx, token, n+1, sums[at])
	}
}

// simFault is how a try of an effect fails.
type simFault struct{ try uint64 }

func (f *simFault) Error() string { return fmt.Sprintf("try %d failed", f.try) }

// Run is an effect: it takes a while, fails as often as planned, and now and then answers twice.
func (w *simWorld) Run(ctx context.Context, f store.Effect) ([]byte, error) {
	if w.store.unsynced[rowKey{f.ID, f.Key}] > 0 {
		w.s.fail("effect %s of %s runs before its commit is durable", f.Key, f.ID)
	}
	for w.s.rng.IntN(3) > 0 && ctx.Err() == nil {
		w.s.yield(false)
	}
	if f.Key == simIdle {
		return nil, nil
	}
	token, n := unplace(f.Key)
	m := Message{Type: TypeEffect, Key: f.Key, Body: decimal(result(f.Key))}
	if int(number(f.Data)) < w.plans[token][n].repeat {
		m.Body, m.Err = nil, &simFault{number(f.Data)}
	}
	if w.s.odds(4) {
		r, _ := ctx.Value(runContext{}).(*run)
		w.s.spawn(func() { w.answer(f.ID, item{m: m, run: r}) })
	}
	if m.Err != nil && w.s.odds(3) {
		panic("an effect that panics")
	}
	return m.Body, m.Err
}

// answer gives the result of an effect a second time, or the first if it is quick.
func (w *simWorld) answer(id store.ID, i item) {
	for w.s.rng.IntN(10) > 0 {
		w.s.yield(false)
	}
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	w.engine.deliver(id, i)
}

// extend moves the first timer of a token that stays here.
func (w *simWorld) extend(tx Tx) {
	var key string
	tx.Parts(func(k string, _ []byte) {
		if at, ok := strings.CutPrefix(k, "due/"); ok && key == "" {
			key = at
		}
	})
	if key == "" {
		return
	}
	if _, ok := tx.Timer(key); !ok {
		w.wrong(tx, "timer %s is lost", key)
	}
	w.setTimer(tx, key, time.Minute)
}
