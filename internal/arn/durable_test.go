package arn

import (
	"strings"
	"testing"
)

func TestDurableExecutionRoundTrip(t *testing.T) {
	for _, s := range []string{
		"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST/durable-execution/order-1/5e2b6c1e-0000-4000-8000-000000000000",
		"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f_-2:17/durable-execution/a/b",
		"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST.PUBLISHED/durable-execution/a/b",
	} {
		d, ok := ParseDurableExecution(s)
		if !ok || d.String() != s {
			t.Errorf("%s: parsed %v, came back as %s", s, ok, d)
		}
		if !strings.HasPrefix(s, d.FunctionARN()+"/") {
			t.Errorf("%s: function ARN %s", s, d.FunctionARN())
		}
	}
}

func TestDurableExecutionRefuses(t *testing.T) {
	for _, s := range []string{
		"", "arn", "arn:aws:lambda:us-east-1:000000000000:function:f",
		"arn:aws:lambda:us-east-1:000000000000:function:f:live/durable-execution/a/b", // an alias is no version
		"arn:aws:lambda:us-east-1:00000000000:function:f:1/durable-execution/a/b",
		"arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/a/b/c",
		"arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/a/b\n",
		"arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/a/" + strings.Repeat("b", 1024),
	} {
		if d, ok := ParseDurableExecution(s); ok {
			t.Errorf("%q was taken for %+v", s, d)
		}
	}
}
