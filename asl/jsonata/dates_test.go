package jsonata_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// TestDatesFollowTheReference compares with what the reference at 2.0.6 answered on generated pictures, in UTC at the
// instant below.
func TestDatesFollowTheReference(t *testing.T) {
	h := jsonata.Host{Now: func() time.Time { return time.UnixMilli(1795643097424) }}
	lines := bytes.Split(bytes.TrimSpace(readFile(t, "testdata/dates.jsonl")), []byte("\n"))
	if len(lines) < 400 {
		t.Fatalf("only %d expressions", len(lines))
	}
	for _, line := range lines {
		c := decodeText(t, line)
		expr := c.Get("expr").Str()
		var got value.Value
		p, err := jsonata.Compile(expr, jsonata.Options{})
		if err == nil {
			got, err = p.Eval(context.Background(), value.Value{}, nil, h, jsonata.Limits{})
		}
		var e *jsonata.Error
		switch {
		case c.Has("code"):
			if !errors.As(err, &e) || e.Code != c.Get("code").Str() || float64(e.Position) != c.Get("position").Float() {
				t.Errorf("%s: gave %s, %v, want %s", expr, got.Text(), err, c.Text())
			}
		case err != nil:
			t.Errorf("%s: failed: %v", expr, err)
		case c.Has("undefined") != got.IsUndefined() || c.Has("result") && !value.Equal(got, c.Get("result")):
			t.Errorf("%s: gave %s, want %s", expr, got.Text(), c.Text())
		}
	}
}
