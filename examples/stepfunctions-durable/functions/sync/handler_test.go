package main

import (
	"encoding/json"
	"testing"

	"github.com/perdure/perdure/durable/durabletest"
)

func TestWaitsTenSecondsAndReturnsItsPayload(t *testing.T) {
	res, err := durabletest.NewLocalRunner(handle).RunUntilComplete(json.RawMessage(`{"minutes_to_wait":20}`))
	if err != nil {
		t.Fatal(err)
	}
	out, err := durabletest.ResultAs[payload](res)
	if err != nil {
		t.Fatal(err)
	}
	if out.StatusCode != 200 || out.WaitedSeconds != 10 || string(out.Input) != `{"minutes_to_wait":20}` {
		t.Errorf("payload %+v", out)
	}
	if w := res.Operation("wait"); w.WaitDetails.WaitSeconds != 10 {
		t.Errorf("waited %d s", w.WaitDetails.WaitSeconds)
	}
}
