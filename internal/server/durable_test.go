package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

func TestChangesOfDurableExecutionsAreEventsInTheLog(t *testing.T) {
	var log bytes.Buffer
	c := newDurableChanges(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), mem.New(), func() string { return "some-id" })
	const arn = "arn:aws:lambda:eu-west-1:000000000000:function:f:3/durable-execution/n/i"
	start := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	change := lambda.StatusChange{ExecutionARN: arn, Name: "n", FunctionARN: "arn:aws:lambda:eu-west-1:000000000000:function:f:3", Status: "RUNNING", Started: start}
	c.changed(change)
	change.Status, change.Ended = "SUCCEEDED", start.Add(time.Hour)
	c.changed(change)
	head := `{"version":"0","id":"some-id","detail-type":"Durable Execution Status Change","source":"aws.lambda","account":"000000000000",`
	detail := `"region":"eu-west-1","resources":["` + arn + `"],"detail":{"durableExecutionArn":"` + arn + `","durableExecutionName":"n",` +
		`"functionArn":"arn:aws:lambda:eu-west-1:000000000000:function:f:3","status":`
	want := []string{
		head + `"time":"2026-01-02T03:04:05Z",` + detail + `"RUNNING","startTimestamp":"2026-01-02T03:04:05.678Z"}}`,
		head + `"time":"2026-01-02T04:04:05Z",` + detail + `"SUCCEEDED","startTimestamp":"2026-01-02T03:04:05.678Z","endTimestamp":"2026-01-02T04:04:05.678Z"}}`,
	}
	for d := json.NewDecoder(&log); d.More(); want = want[1:] {
		var line struct{ Event string }
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 || line.Event != want[0] {
			t.Fatalf("logged\n%s\nwant\n%v", line.Event, want)
		}
	}
	if len(want) > 0 {
		t.Errorf("not logged: %v", want)
	}
}

func TestRunningCountsWhatTheStoreHoldsAndWhatFollows(t *testing.T) {
	s := mem.New()
	for _, id := range []store.ID{"d/a", "d/b"} {
		h := store.Head{ID: id, Owner: "o", Name: string(id), Status: "RUNNING", Started: 1, Version: 1}
		if err := s.Commit(t.Context(), &store.Turn{Head: h}); err != nil {
			t.Fatal(err)
		}
	}
	c := newDurableChanges(slog.New(slog.DiscardHandler), s, newID)
	for n, want := range []float64{2, 3, 2} {
		if got := c.running(); got != want {
			t.Errorf("%v run, want %v", got, want)
		}
		change := lambda.StatusChange{Status: "RUNNING"}
		if n == 1 {
			change = lambda.StatusChange{Status: "FAILED", Ended: time.Unix(1, 0)}
		}
		c.changed(change)
	}
}
