package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/task"
)

// mortal is a store whose machine dies after so many commits: later ones fail, and what is left is what was durable.
type mortal struct {
	*mem.Store
	mu   sync.Mutex
	left int // commits until it dies; negative: it does not
	dead bool
	died chan *mem.Store
}

func (m *mortal) Commit(ctx context.Context, t *store.Turn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errors.New("the machine has died")
	}
	if err := m.Store.Commit(ctx, t); err != nil || m.left < 0 {
		return err
	}
	if m.left--; m.left < 0 {
		m.dead = true
		m.died <- m.Store.Crash(0)
	}
	return nil
}

// mortals are services that follow each other on what the one before has left.
type mortals struct {
	*service
	on      *mortal
	call    callee
	rng     *rand.Rand
	crashes int
}

func newMortals(t *testing.T, seed uint64, call callee) *mortals {
	m := &mortals{on: &mortal{Store: mem.New(), left: -1, died: make(chan *mem.Store, 1)}, call: call, rng: rand.New(rand.NewPCG(seed, 0))}
	m.service = newServiceOn(t, m.on, call)
	return m
}

// arm lets the machine die within the next commits.
func (m *mortals) arm(commits int) {
	m.on.mu.Lock()
	m.on.left = m.rng.IntN(commits)
	m.on.mu.Unlock()
}

// outlive waits until an execution has ended, however many machines die meanwhile; each that follows may die too.
func (m *mortals) outlive(arn string, commits int) map[string]any {
	m.t.Helper()
	e, err := executionArn(arn)
	if err != nil {
		m.t.Fatal(err)
	}
	for {
		ctx, cancel := context.WithCancel(m.t.Context())
		ended := make(chan error, 1)
		go func(s *service) {
			_, err := s.engine.Closed(ctx, entity(e))
			ended <- err
		}(m.service)
		select {
		case err := <-ended:
			cancel()
			if err != nil {
				m.t.Fatal(err)
			}
			if !m.on.spare() {
				continue // its last commit was another's: what has ended is there, for the next machine
			}
			return m.service.call("DescribeExecution", `{"executionArn":%s}`, arn)
		case left := <-m.on.died:
			cancel()
			<-ended
			m.follow(left, commits)
		}
	}
}

// follow starts the next machine on what one has left.
func (m *mortals) follow(left *mem.Store, commits int) {
	_ = m.engine.(*engine.Engine).Close() // its store refuses everything
	m.crashes++
	m.on = &mortal{Store: left, left: -1, died: make(chan *mem.Store, 1)}
	if m.crashes%4 != 0 {
		m.arm(commits)
	}
	m.service = newServiceWith(m.t, m.on, m.bucket, m.call)
}

// spare keeps a machine from dying, and is false if it has died already.
func (m *mortal) spare() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return false
	}
	m.left = -1
	return true
}

const crashItems = 40

// exported40 is a map run over 40 lines in batches of up to three, whose results go to files.
const exported40 = `{"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":5,"Label":"l","ToleratedFailurePercentage":30,
	"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSONL"},"Parameters":{"Bucket":"b","Key":"in"}},
	"ItemSelector":{"n.$":"$$.Map.Item.Value.n","at.$":"$$.Map.Item.Index"},"ItemBatcher":{"MaxItemsPerBatch":3},
	"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Call","States":{
		"Call":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}}},
	"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b"}},"End":true}}}`

func TestAMapRunSurvivesCrashesBetweenItsChildren(t *testing.T) {
	var crashes atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(8) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				m := newMortals(t, seed, func(_ context.Context, args []byte) (*task.Result, error) {
					var in struct{ Items []struct{ N int } }
					if err := json.Unmarshal(args, &in); err != nil {
						return nil, err
					}
					if in.Items[0].N%12 == 0 { // the first of each fourth batch
						return &task.Result{Error: "Bad"}, nil
					}
					return &task.Result{Output: args}, nil
				})
				m.bucket.objects["in"] = lines(crashItems)
				arn := m.start(exported40, `{}`)
				m.arm(25)
				d := m.outlive(arn, 25)
				crashes.Add(int64(m.crashes))
				if d["status"] != "SUCCEEDED" {
					t.Fatalf("%v\n%v", d, m.types(arn))
				}
				run := m.theRun(arn)
				if got := counts(t, run, "itemCounts"); got != "pending 0 running 0 succeeded 28 failed 12 aborted 0 total 40" {
					t.Error(got)
				}
				if got := counts(t, run, "executionCounts"); got != "pending 0 running 0 succeeded 10 failed 4 aborted 0 total 14" {
					t.Error(got)
				}
				m.mustHaveFiles(d, []int{0, 12, 24, 36}, []int{3, 6, 9, 15, 18, 21, 27, 30, 33, 39})
				want := []string{"ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded",
					"MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"}
				if got := m.types(arn); !slices.Equal(got, want) {
					t.Errorf("%v", got)
				}
			})
		}
	})
	if crashes.Load() < 8 {
		t.Errorf("only %d crashes", crashes.Load())
	}
}

// mustHaveFiles checks the exported results: the first items of the batches that failed and of those that succeeded, once
// each and in order.
func (m *mortals) mustHaveFiles(d map[string]any, failed, succeeded []int) {
	m.t.Helper()
	var out struct{ ResultWriterDetails struct{ Bucket, Key string } }
	if err := json.Unmarshal([]byte(fmt.Sprint(d["output"])), &out); err != nil {
		m.t.Fatal(err)
	}
	var list manifest
	if data, err := m.bucket.Get(m.t.Context(), "", "b", out.ResultWriterDetails.Key); err != nil || json.Unmarshal(data, &list) != nil {
		m.t.Fatalf("%s: %v", data, err)
	}
	for kind, want := range map[string][]int{"FAILED": failed, "SUCCEEDED": succeeded} {
		var got []int
		for _, f := range list.ResultFiles[kind] {
			var children []struct{ Input, Status string }
			data, err := m.bucket.Get(m.t.Context(), "", "b", f.Key)
			if err != nil || json.Unmarshal(data, &children) != nil {
				m.t.Fatalf("%s: %v", data, err)
			}
			for _, c := range children {
				var in struct{ Items []struct{ N, At int } }
				if json.Unmarshal([]byte(c.Input), &in) != nil || c.Status != kind || in.Items[0].N != in.Items[0].At {
					m.t.Errorf("%s: %+v", kind, c)
				}
				got = append(got, in.Items[0].N)
			}
		}
		if !slices.Equal(got, want) {
			m.t.Errorf("%s: %v", kind, got)
		}
	}
}

func TestARedrivenMapRunSurvivesCrashes(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			broken.Store(true)
			m := newMortals(t, seed, func(_ context.Context, args []byte) (*task.Result, error) {
				var n int
				if err := json.Unmarshal(args, &n); err != nil {
					return nil, err
				}
				if n%5 == 4 && broken.Load() {
					return &task.Result{Error: "Broken"}, nil
				}
				return &task.Result{Output: args}, nil
			})
			var list []int
			for i := range crashItems {
				list = append(list, i)
			}
			input, _ := json.Marshal(list)
			arn := m.start(mapOf(`"MaxConcurrency":6,"ToleratedFailureCount":5,`), string(input))
			m.arm(30)
			if d := m.outlive(arn, 30); d["error"] != "States.ExceedToleratedFailureThreshold" {
				t.Fatalf("%v", d)
			}
			broken.Store(false)
			m.service.call("RedriveExecution", `{"executionArn":%s}`, arn)
			m.arm(30)
			if d := m.outlive(arn, 30); d["output"] != string(input) {
				t.Fatalf("%v", d)
			}
			if got := counts(t, m.theRun(arn), "itemCounts"); got != "pending 0 running 0 succeeded 40 failed 0 aborted 0 total 40" {
				t.Error(got)
			}
		})
	}
}
