package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// measure runs op as each number of clients on a fresh server and prints a line for each.
func (b *bench) measure(ctx context.Context, name string, steps int, prepare func(context.Context) error,
	op func(ctx context.Context, client, i int) error) error {
	for _, n := range b.clients {
		if err := b.fresh(ctx); err != nil {
			return err
		}
		if prepare != nil {
			if err := prepare(ctx); err != nil {
				return err
			}
		}
		if s := load(ctx, n, time.Second, op); len(s.took) == 0 { // warm the instances
			return fmt.Errorf("no operation succeeded: %w", s.err)
		}
		before := b.server.usage()
		commits, syncs, err := b.counters(ctx)
		if err != nil {
			return err
		}
		s := load(ctx, n, b.duration, op)
		r := s.result(name, n, steps)
		r.since(before, b.server.usage(), len(s.took)*max(steps, 1))
		c, y, err := b.counters(ctx)
		if err != nil {
			return err
		}
		if len(s.took) > 0 {
			r.Commits, r.Flushes = (c-commits)/float64(len(s.took)), (y-syncs)/float64(len(s.took))
		}
		b.print(r)
	}
	return nil
}

func (b *bench) steps(ctx context.Context) error {
	return b.measure(ctx, "steps", 10, nil, func(ctx context.Context, _, _ int) error {
		_, answer, err := b.invoke(ctx, "bench", `{"steps":10}`, false)
		if err == nil && string(answer) != "45" {
			err = fmt.Errorf("the function answered %s, want 45", answer)
		}
		return err
	})
}

// machineDefinition has the shape of everyday machines: transform, branch, call, transform.
const machineDefinition = `{"QueryLanguage":"JSONata","StartAt":"Prepare","States":{
"Prepare":{"Type":"Pass","Output":{"total":"{% $sum($states.input.items.(price*qty)) %}","id":"{% $states.input.id %}"},"Next":"Large?"},
"Large?":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.total > 100 %}","Next":"Charge"}],"Default":"Small"},
"Small":{"Type":"Pass","End":true},
"Charge":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"bench:$LATEST","Payload":{"steps":1}},
"Output":{"charged":"{% $states.result.Payload %}"},"Next":"Done"},
"Done":{"Type":"Pass","End":true}}}`

func (b *bench) machine(ctx context.Context) error {
	var arn string
	prepare := func(ctx context.Context) error {
		var out struct{ StateMachineArn string }
		err := b.states(ctx, "CreateStateMachine",
			map[string]string{"name": "bench", "definition": machineDefinition, "roleArn": role}, &out)
		arn = out.StateMachineArn
		return err
	}
	input := `{"id":"o-1","items":[{"price":60,"qty":2},{"price":5,"qty":3}]}`
	return b.measure(ctx, "machine", 5, prepare, func(ctx context.Context, _, _ int) error {
		var started struct{ ExecutionArn string }
		err := b.states(ctx, "StartExecution", map[string]string{"stateMachineArn": arn, "input": input}, &started)
		if err != nil {
			return err
		}
		return b.follow(ctx, func(ctx context.Context) (string, error) {
			var out struct{ Status string }
			err := b.states(ctx, "DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &out)
			return out.Status, err
		})
	})
}

func (b *bench) callback(ctx context.Context) error {
	return b.measure(ctx, "callback", 1, nil, func(ctx context.Context, _, _ int) error {
		arn, _, err := b.invoke(ctx, "bench", `{"callback":true}`, true)
		if err != nil {
			return err
		}
		id, err := b.callbackID(ctx, arn)
		if err != nil {
			return err
		}
		if err := b.complete(ctx, id); err != nil {
			return err
		}
		return b.follow(ctx, func(ctx context.Context) (string, error) { return b.executionStatus(ctx, arn) })
	})
}

func (b *bench) replay(ctx context.Context) error {
	if err := b.fresh(ctx); err != nil {
		return err
	}
	for _, payload := range []struct {
		text, note string
	}{{`{"steps":1000}`, "1,000 steps, one invocation"}, {`{"steps":1000,"again":10}`, "1,000 steps, then 10 re-invocations 1 s apart"}} {
		before := b.server.usage()
		began := time.Now()
		if _, _, err := b.invoke(ctx, "bench", payload.text, false); err != nil {
			return err
		}
		took := time.Since(began)
		r := result{Workload: "replay", Clients: 1, Ops: 1, Seconds: took.Seconds(), StepsPerSec: 1000 / took.Seconds(), Note: payload.note}
		r.since(before, b.server.usage(), 1000)
		b.print(r)
	}
	return nil
}

// follow polls a status until it is no longer RUNNING; anything but SUCCEEDED is an error. Polling backs off from 1 ms.
func (b *bench) follow(ctx context.Context, status func(context.Context) (string, error)) error {
	pause := time.Millisecond
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		s, err := status(ctx)
		if err != nil {
			return err
		}
		switch s {
		case "SUCCEEDED":
			return nil
		case "RUNNING":
		default:
			return fmt.Errorf("ended %s", s)
		}
		time.Sleep(pause)
		pause = min(pause*2, 50*time.Millisecond)
	}
	return fmt.Errorf("still running after a minute")
}

// decode is json.Unmarshal that names what it read.
func decode(what string, data []byte, out any) error {
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("reading %s: %w", what, err)
	}
	return nil
}
