package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestJSONataCommand(t *testing.T) {
	for _, c := range []struct {
		name, in, out string
		args          []string
		wrong         string // part of the error
		usage         bool
	}{
		{name: "input from standard input", args: []string{"--json", "$sum(a)"}, in: `{"a":[1,2.5]}`, out: "3.5\n"},
		{name: "indented for people", args: []string{"{'a': b}"}, in: `{"b":1}`, out: "{\n  \"a\": 1\n}\n"},
		{name: "raw text", args: []string{"--raw", "a & '!'"}, in: `{"a":"x"}`, out: "x!\n"},
		{name: "functions of Step Functions", args: []string{"--json", "$range(1, 3, 1)"}, out: "[1,2,3]\n"},
		{name: "variables", args: []string{"--json", "--var", `states={"input":{"n":2}}`, "$states.input.n * 2"}, out: "4\n"},
		{name: "undefined prints nothing", args: []string{"missing"}, in: `{}`},
		{name: "the later language", args: []string{"--later", "--json", "missing ?? 1"}, in: `{}`, out: "1\n"},
		{name: "a mistake in the expression", args: []string{"1 +"}, wrong: "S0207: Unexpected end of expression (at character 3)", usage: true},
		{name: "a failing evaluation", args: []string{"1 + 'a'"}, wrong: "T2002"},
		{name: "input that is not JSON", args: []string{"a"}, in: `{`, wrong: "the input is not JSON", usage: true},
		{name: "an endless evaluation", args: []string{"--timeout", "50ms", "($f := function(){ $f() }; $f())"}, wrong: "did not end within 50ms"},
		{name: "a function", args: []string{"$sum"}, wrong: "the result is a function"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := jsonataCmd()
			var out bytes.Buffer
			cmd.SetArgs(c.args)
			cmd.SetIn(strings.NewReader(c.in))
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err := cmd.ExecuteContext(context.Background())
			var usage usageError
			switch {
			case c.wrong == "" && (err != nil || out.String() != c.out):
				t.Errorf("printed %q (%v), want %q", out.String(), err, c.out)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || errors.As(err, &usage) != c.usage):
				t.Errorf("error is %v, want %q", err, c.wrong)
			}
		})
	}
}
