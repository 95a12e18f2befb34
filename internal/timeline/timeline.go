// Package timeline follows one execution live: a state machine's together with the durable executions it starts, in one
// order of time, or a single durable execution.
//
// It reads through the public API alone (GetExecutionHistory, ListDurableExecutionsByFunction,
// GetDurableExecutionHistory), so it works on any endpoint. Which durable executions belong to a state machine execution
// is found by what its tasks call. Following ends with the execution; of durable executions that outlive it, what comes
// within the next moments is still told. Read next: calls.go for the finding, describe.go for the words, print.go for
// the look.
package timeline

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/client"
)

// Event is one history event of one of the executions.
type Event struct {
	At        time.Time `json:"at"`               // the server's time, which may be virtual
	Execution string    `json:"execution"`        // ARN
	Source    string    `json:"source"`           // name of the state machine or function
	Number    int       `json:"event"`            // id in the execution's history
	Type      string    `json:"type"`             // as in the history: "TaskScheduled", "WaitStarted"
	Subject   string    `json:"subject"`          // the state or operation it is about; may be empty
	Text      string    `json:"text"`             // what happened, for people
	Detail    string    `json:"detail,omitempty"` // payload or error, shortened
}

// interval between two looks at the histories.
const interval = 20 * time.Millisecond

// patience is how many looks in a row may find nothing, once the execution has ended, before its durable executions that
// go on are left to themselves.
const patience = 25

// Follower reads the histories of one execution and its durable executions.
type Follower struct {
	c       *client.Client
	root    *source
	durable map[string]*source // by ARN
	calls   []*call            // what tasks call, in order of appearance
	since   time.Time          // when the execution started
	idle    int                // rounds that read nothing, in a row
	pending []Event            // read, not yet in a safe order
	marks   [2]time.Time       // the server's time at the beginning of the last two rounds
}

// source is one history and how far it was read.
type source struct {
	arn, name string
	read      int  // events read so far
	seen      bool // was looked at in an earlier round
	closed    bool
}

// New follows the execution arn, of a state machine or of a durable function.
func New(c *client.Client, arn string) *Follower {
	f := &Follower{c: c, root: &source{arn: arn}, durable: map[string]*source{}}
	if IsDurable(arn) {
		name, _, _ := strings.Cut(arn, "/durable-execution/")
		f.root.name = functionName(name)
		f.durable[arn] = f.root
		return f
	}
	if parts := strings.Split(arn, ":"); len(parts) > 6 {
		f.root.name = parts[6]
	}
	return f
}

// IsDurable tells the two kinds of execution ARN apart.
func IsDurable(arn string) bool { return strings.Contains(arn, "/durable-execution/") }

// Follow calls each for every event in order of time, until the execution has ended and everything was read, or ctx ends.
func (f *Follower) Follow(ctx context.Context, each func(Event)) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		now, err := f.now(ctx)
		if err != nil {
			return err
		}
		ended := f.root.closed // the round after the end reads what came with it
		if err := f.round(ctx); err != nil {
			return err
		}
		until := f.marks[0] // whatever was decided before the last but one round has been read by now
		f.marks = [2]time.Time{f.marks[1], now}
		if ended && (f.allClosed() || f.idle >= patience) {
			f.emit(time.Time{}, each)
			return nil
		}
		if !until.IsZero() {
			f.emit(until, each)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// emit hands out pending events up to a time (all if zero), sorted.
func (f *Follower) emit(until time.Time, each func(Event)) {
	slices.SortStableFunc(f.pending, func(a, b Event) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return cmp.Compare(a.Number, b.Number)
	})
	n := 0
	for n < len(f.pending) && (until.IsZero() || f.pending[n].At.Before(until)) {
		each(f.pending[n])
		n++
	}
	f.pending = f.pending[n:]
}

func (f *Follower) allClosed() bool {
	for _, s := range f.durable {
		if !s.closed {
			return false
		}
	}
	return true
}

// now is the server's time; an endpoint that has no clock of its own to show uses ours.
func (f *Follower) now(ctx context.Context) (time.Time, error) {
	var out struct {
		Now time.Time `json:"now"`
	}
	if err := f.c.REST(ctx, "perdure", "GET", "/_perdure/time", nil, nil, &out); err != nil || out.Now.IsZero() {
		return time.Now(), ctx.Err()
	}
	return out.Now, nil
}

// round reads what is new in every history.
func (f *Follower) round(ctx context.Context) error {
	f.idle++
	if err := f.readMachine(ctx); err != nil {
		return err
	}
	if err := f.discover(ctx); err != nil {
		return err
	}
	for _, s := range f.durable {
		if !s.closed {
			if err := f.readDurable(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// readMachine reads new events of the state machine execution, newest page first, until known ones come.
func (f *Follower) readMachine(ctx context.Context) error {
	if f.root.closed || IsDurable(f.root.arn) {
		return nil
	}
	var fresh []machineEvent
	in := map[string]any{"executionArn": f.root.arn, "reverseOrder": true, "maxResults": 100}
	for {
		var out struct {
			Events    []machineEvent
			NextToken string
		}
		if err := f.c.States(ctx, "GetExecutionHistory", in, &out); err != nil {
			return err
		}
		known := false
		for _, e := range out.Events {
			if e.ID <= f.root.read {
				known = true
				break
			}
			fresh = append(fresh, e)
		}
		if known || out.NextToken == "" {
			break
		}
		in["nextToken"] = out.NextToken
	}
	slices.Reverse(fresh)
	for _, e := range fresh {
		f.idle = 0
		f.root.read = e.ID
		f.root.closed = f.root.closed || e.closes()
		if e.Started != nil {
			f.since = e.Timestamp.time()
		}
		if c := e.call(); c != nil {
			f.calls = append(f.calls, c)
		}
		f.pending = append(f.pending, e.event(f.root))
	}
	return nil
}

func (f *Follower) readDurable(ctx context.Context, s *source) error {
	query := url.Values{"ReverseOrder": {"true"}, "MaxItems": {strconv.Itoa(100)}}
	var fresh []durableEvent
	for {
		var out struct {
			Events     []durableEvent
			NextMarker string
		}
		path := "/2025-12-01/durable-executions/" + url.PathEscape(s.arn) + "/history"
		if err := f.c.REST(ctx, "lambda", "GET", path, query, nil, &out); err != nil {
			return err
		}
		known := false
		for _, e := range out.Events {
			if e.EventID <= s.read {
				known = true
				break
			}
			fresh = append(fresh, e)
		}
		if known || out.NextMarker == "" {
			break
		}
		query.Set("Marker", out.NextMarker)
	}
	slices.Reverse(fresh)
	if s.read == 0 && s != f.root && len(fresh) > 0 && !f.claim(s, fresh[0]) {
		// What called it was recorded before it began: the round after the one that found it knows of every such call.
		s.closed, s.seen = s.seen, true
		return nil
	}
	for _, e := range fresh {
		f.idle = 0
		s.read = e.EventID
		s.closed = s.closed || e.closes()
		f.pending = append(f.pending, e.event(s))
	}
	return nil
}

// seconds is a time of the API: seconds since the epoch with a fraction.
type seconds float64

func (s seconds) time() time.Time {
	return time.UnixMilli(int64(float64(s)*1000 + 0.5)).UTC()
}

// raw is JSON text that is only shown.
type raw = json.RawMessage
