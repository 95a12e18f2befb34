// Package mocks reads mock configurations: JSON files that give state machines test cases, in which tasks are answered
// by the file rather than by their services (specification, section 7.1).
//
//	{"StateMachines": {"<machine>": {"TestCases": {"<case>": {"<state>": "<response>"}}}},
//	 "MockedResponses": {"<response>": {"0": {"Return": <JSON>}, "1-2": {"Throw": {"Error": "E", "Cause": "C"}}}}}
//
// A [Config] is immutable and safe for concurrent use. It keeps nothing and reads no file; the server does, and reads it
// again when it has changed.
package mocks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/asl/value"
)

// Config is a mock configuration.
type Config struct {
	machines  map[string]map[string]map[string]string // machine, case, state: the name of a response
	responses map[string][]answer
}

// answer is that to the runs from..to of a state, counted from 0.
type answer struct {
	from, to int
	result   asl.TaskResult
}

// maxFile bounds a configuration, in bytes.
const maxFile = 16 << 20

// Parse reads a configuration. The error says where it is wrong.
func Parse(text []byte) (*Config, error) {
	v, err := value.Decode(text, value.Limits{Bytes: maxFile})
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	c := &Config{map[string]map[string]map[string]string{}, map[string][]answer{}}
	if err := members(v.Get("MockedResponses"), "MockedResponses", c.response); err != nil {
		return nil, err
	}
	return c, members(v.Get("StateMachines"), "StateMachines", c.machine)
}

// members calls each for those of an object, which may be missing.
func members(v value.Value, path string, each func(name, path string, v value.Value) error) error {
	if v.IsUndefined() {
		return nil
	}
	o := v.Object()
	if o == nil {
		return fmt.Errorf("%s is not an object", path)
	}
	for i := range o.Len() {
		if err := each(o.Key(i), path+"."+o.Key(i), o.At(i)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) machine(name, path string, v value.Value) error {
	cases := map[string]map[string]string{}
	c.machines[name] = cases
	return members(v.Get("TestCases"), path+".TestCases", func(name, path string, v value.Value) error {
		states := map[string]string{}
		cases[name] = states
		return members(v, path, func(state, path string, v value.Value) error {
			if _, ok := c.responses[v.Str()]; !ok {
				return fmt.Errorf("%s names the response %q, which MockedResponses does not have", path, v.Str())
			}
			states[state] = v.Str()
			return nil
		})
	})
}

func (c *Config) response(name, path string, v value.Value) error {
	c.responses[name] = nil
	return members(v, path, func(runs, path string, v value.Value) error {
		a := answer{}
		var err error
		if a.from, a.to, err = span(runs); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, b := range c.responses[name] {
			if a.from <= b.to && b.from <= a.to {
				return fmt.Errorf("%s overlaps with another answer", path)
			}
		}
		result, thrown := v.Get("Return"), v.Get("Throw")
		switch {
		case result.IsUndefined() == thrown.IsUndefined():
			return fmt.Errorf("%s must have either Return or Throw", path)
		case thrown.IsUndefined():
			a.result.Output = result.JSON()
		case thrown.Get("Error").Str() == "":
			return fmt.Errorf("%s.Throw has no Error", path)
		default:
			a.result.Error, a.result.Cause = thrown.Get("Error").Str(), thrown.Get("Cause").Str()
		}
		c.responses[name] = append(c.responses[name], a)
		return nil
	})
}

// span reads "3" or "1-2".
func span(text string) (from, to int, err error) {
	first, last, ranged := strings.Cut(text, "-")
	if !ranged {
		last = first
	}
	a, err1 := strconv.ParseUint(first, 10, 31)
	b, err2 := strconv.ParseUint(last, 10, 31)
	if err1 != nil || err2 != nil || a > b {
		return 0, 0, fmt.Errorf("%q is neither a number nor a range such as 1-2", text)
	}
	return int(a), int(b), nil
}

// Case tells whether a state machine has a test case of that name.
func (c *Config) Case(machine, name string) bool {
	_, ok := c.machines[machine][name]
	return ok
}

// Answer is that to the attempt'th run (from 0) of a state; ok is false if the test case does not mention it.
func (c *Config) Answer(machine, name, state string, attempt int) (result asl.TaskResult, ok bool) {
	response, ok := c.machines[machine][name][state]
	if !ok {
		return result, false
	}
	for _, a := range c.responses[response] {
		if a.from <= attempt && attempt <= a.to {
			return a.result, true
		}
	}
	return asl.TaskResult{Runtime: true, Cause: fmt.Sprintf("The mocked response '%s' of the state '%s' has no answer to invocation %d.",
		response, state, attempt)}, true
}
