package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
)

// start begins an execution of the pattern.
func (p *pattern) start(s *server, name string, seconds int) (arn string, err error) {
	var out struct{ ExecutionArn string }
	err = s.States(context.Background(), "StartExecution", map[string]string{
		"stateMachineArn": p.machine, "name": name, "input": fmt.Sprintf(`{"seconds":%d,"name":%q}`, seconds, name),
	}, &out)
	return out.ExecutionArn, err
}

// verify checks everything that must hold of an execution after whatever happened to the server.
func (p *pattern) verify(t *testing.T, s *server, name, arn string) {
	t.Helper()
	output := s.succeeded(t, arn, 90*time.Second)
	p.control.mu.Lock()
	given := p.control.orders[name]
	p.control.mu.Unlock()
	// A step that was cut off runs again; the answer is from one of its runs, and everything after saw that one.
	id, known := orderOf(t, output), false
	for _, g := range given {
		known = known || g == id
	}
	if !known {
		t.Errorf("%s: output has order %s, the ids given out are %v", name, id, given)
	}
	s.gapless(t, arn)
}

func TestKillDuringTheWait(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data)
	p := deployPattern(t, s)
	arn, err := p.start(s, "one", 3)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() (bool, string) {
		all := s.durableExecutions(t, "async")
		return len(all) == 1 && s.historyHas(t, all[0].DurableExecutionArn, "InvocationCompleted"), fmt.Sprint(all)
	})
	s.kill(t)
	s = serve(t, data)
	p.verify(t, s, "one", arn)
	p.verifyDurable(t, s, 1)
	if n := len(p.control.orders["one"]); n != 2 { // one of the asynchronous function, one of the synchronous
		t.Errorf("create order ran %d times, want once in each function: what was checkpointed must not run again", n)
	}
}

func TestKillDuringAStep(t *testing.T) {
	t.Parallel()
	killAt(t, "order")
}

func TestKillBetweenAnsweringTheTokenAndItsCheckpoint(t *testing.T) {
	t.Parallel()
	killAt(t, "answered")
}

// killAt kills the server while the function is held at a point.
func killAt(t *testing.T, point string) {
	data := t.TempDir()
	s := serve(t, data)
	p := deployPattern(t, s)
	held := p.control.hold(point)
	arn, err := p.start(s, "one", 1)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-held: // and never let go: the kill takes the function with it
	case <-time.After(30 * time.Second):
		t.Fatalf("the function did not reach %s in 30 s", point)
	}
	s.kill(t)
	s = serve(t, data)
	p.verify(t, s, "one", arn)
	p.verifyDurable(t, s, 1)
}

// verifyDurable checks the durable executions of n executions of the pattern.
func (p *pattern) verifyDurable(t *testing.T, s *server, n int) {
	t.Helper()
	for _, fn := range []string{"async", "sync"} {
		var all []durableExecution
		eventually(t, 60*time.Second, func() (bool, string) {
			all = s.durableExecutions(t, fn)
			for _, d := range all {
				if d.Status == "RUNNING" {
					return false, fmt.Sprint(d)
				}
			}
			return true, ""
		})
		if len(all) != n {
			t.Errorf("%s has %d durable executions, want %d: each started exactly once", fn, len(all), n)
		}
		for _, d := range all {
			if d.Status != "SUCCEEDED" {
				t.Errorf("%s ended %s", d.DurableExecutionArn, d.Status)
			}
			s.gaplessDurable(t, d.DurableExecutionArn)
		}
	}
}

// TestTwoHundredExecutionsUnderRandomKills starts executions while the server is killed every few seconds, and keeps
// starting and killing until all were started; every one of them must end, once, with everything in order.
func TestTwoHundredExecutionsUnderRandomKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute of kills and restarts; left out by -short")
	}
	t.Parallel()
	const executions, starters = 200, 8
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewSource(seed))
	data := t.TempDir()
	current := serve(t, data)
	p := deployPattern(t, current)

	var mu sync.Mutex
	server := func() *server { mu.Lock(); defer mu.Unlock(); return current }
	names := make(chan string)
	arns := map[string]string{}
	var wg sync.WaitGroup
	for range starters {
		wg.Go(func() {
			for name := range names {
				arn := p.startUntilAcknowledged(t, server, name)
				mu.Lock()
				arns[name] = arn
				mu.Unlock()
			}
		})
	}
	started := make(chan struct{})
	go func() {
		defer close(started)
		defer wg.Wait()
		defer close(names)
		pace := time.NewTicker(100 * time.Millisecond)
		defer pace.Stop()
		for i := range executions {
			<-pace.C
			names <- fmt.Sprintf("e%03d", i)
		}
	}()
	kills := 0
	for done := false; !done; {
		select {
		case <-started:
			done = true
		case <-time.After(2*time.Second + time.Duration(rnd.Int63n(int64(3*time.Second)))):
		}
		mu.Lock()
		current.kill(t)
		current = serve(t, data)
		mu.Unlock()
		kills++
	}
	t.Logf("%d executions acknowledged under %d kills", len(arns), kills)
	if len(arns) != executions {
		t.Fatalf("%d executions were acknowledged, want %d", len(arns), executions)
	}
	for name, arn := range arns {
		p.verify(t, current, name, arn)
	}
	p.verifyDurable(t, current, executions)
	current.kill(t)
	soundStore(t, data)
}

// startUntilAcknowledged repeats a start until the server has answered it; the name makes that one execution.
func (p *pattern) startUntilAcknowledged(t *testing.T, server func() *server, name string) string {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		arn, err := p.start(server(), name, 1+int(name[len(name)-1]-'0')%3)
		var e *api.Error
		switch {
		case err == nil:
			return arn
		case errors.As(err, &e) && e.Code == "ExecutionAlreadyExists":
			// An unanswered start has happened after all and has even ended: its ARN follows from the names.
			return executionARN(p.machine, name)
		case errors.As(err, &e) && e.Status < 500:
			t.Errorf("start %s: %v", name, err)
			return ""
		}
	}
	t.Errorf("start %s was not acknowledged in two minutes", name)
	return ""
}
