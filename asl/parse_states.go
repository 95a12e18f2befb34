package asl

import (
	"math"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// dataFlow reads what shapes a state's input and output.
func (p *parser) dataFlow(s *state, f fields) {
	input := exprs{state: s, lang: s.lang}
	after := input
	switch s.typ {
	case TaskState, ParallelState, MapState:
		after.result = true
	case FailState:
		return
	}
	s.assign = p.assign(f, "Assign", after)
	if s.lang == JSONata {
		s.args = p.template(f, "Arguments", input)
		s.output = p.template(f, "Output", after)
		return
	}
	s.in = p.ioPath(f, "InputPath", input)
	s.out = p.ioPath(f, "OutputPath", input)
	s.place = p.resultPath(f, "ResultPath")
	s.result = f.get("Result")
	if s.typ != MapState {
		s.args = p.template(f, "Parameters", input)
	}
	s.pick = p.template(f, "ResultSelector", after)
}

func (p *parser) retries(s *state, f fields) {
	list, _ := f.array("Retry")
	for i, v := range list {
		g, ok := p.member(f, "Retry", i, v)
		if !ok {
			continue
		}
		r := retrier{interval: 1, attempts: 3, backoff: 2, errors: p.errorEquals(g, i == len(list)-1)}
		g.only(retrierFields)
		g.text("Comment")
		if n, ok := g.integer("IntervalSeconds", 1, maxSeconds); ok {
			r.interval = float64(n)
		}
		if n, ok := g.integer("MaxAttempts", 0, maxSeconds); ok {
			r.attempts = n
		}
		if n, ok := g.number("BackoffRate", 1, math.Inf(1)); ok {
			r.backoff = n
		}
		if n, ok := g.integer("MaxDelaySeconds", 1, 31622400); ok {
			r.maxDelay = float64(n)
		}
		word, _ := g.oneOf("JitterStrategy", "FULL", "NONE")
		r.jitter = word == "FULL"
		s.retry = append(s.retry, r)
	}
}

var retrierFields = map[string]bool{
	"ErrorEquals": true, "IntervalSeconds": true, "MaxAttempts": true, "BackoffRate": true, "MaxDelaySeconds": true,
	"JitterStrategy": true, "Comment": true,
}

// member is the i'th object of a list member of f.
func (p *parser) member(f fields, name string, i int, v value.Value) (fields, bool) {
	at := f.at + "/" + name + "[" + strconv.Itoa(i) + "]"
	if v.Kind() != value.KindObject {
		p.schema("Expected value of type [OBJECT]", at)
		return fields{}, false
	}
	return fields{p: p, o: v.Object(), at: at, lang: f.lang}, true
}

// errorEquals reads the error names of a retrier or catcher. States.ALL stands alone and in the last one.
func (p *parser) errorEquals(f fields, last bool) []string {
	list, ok := f.required("ErrorEquals").array("ErrorEquals")
	if ok && len(list) == 0 {
		p.schema("Value cannot be empty", f.at+"/ErrorEquals")
	}
	var names []string
	for i, v := range list {
		if v.Kind() != value.KindString {
			p.schema("Expected value of type [STRING]", f.at+"/ErrorEquals["+strconv.Itoa(i)+"]")
			continue
		}
		if v.Str() == allErrors && (len(list) > 1 || !last) {
			p.schema("'States.ALL' must appear alone and in the last element", f.at+"/ErrorEquals")
		}
		names = append(names, v.Str())
	}
	return names
}

func (p *parser) catches(s *state, b *block, f fields) {
	list, _ := f.array("Catch")
	s.catch = make([]catcher, len(list))
	for i, v := range list {
		g, ok := p.member(f, "Catch", i, v)
		if !ok {
			continue
		}
		c := &s.catch[i]
		c.errors = p.errorEquals(g, i == len(list)-1)
		g.text("Comment")
		x := exprs{state: s, lang: s.lang, errorOutput: true, prefix: "Catch[" + strconv.Itoa(i) + "]/"}
		c.assign = p.assign(g, "Assign", x)
		known := map[string]Language{"ErrorEquals": "", "Next": "", "Comment": "", "Assign": "", "ResultPath": JSONPath, "Output": JSONata}
		g.known(known, false)
		if s.lang == JSONata {
			c.output = p.template(g, "Output", x)
		} else {
			c.place = p.resultPath(g, "ResultPath")
		}
		if next, ok := g.required("Next").text("Next"); ok {
			p.links = append(p.links, link{in: b, from: s, to: next, at: g.at + "/Next", set: func(t *state) { c.next = t }})
		}
	}
}

func (p *parser) task(s *state, f fields) {
	t := &taskFields{}
	s.task = t
	if arn, ok := f.required("Resource").text("Resource"); ok {
		t.resource = ParseResource(arn)
		p.resource(t.resource, s.at+"/Resource")
	}
	x := exprs{state: s, lang: s.lang}
	f.exclusive("TimeoutSeconds", "TimeoutSecondsPath")
	f.exclusive("HeartbeatSeconds", "HeartbeatSecondsPath")
	t.timeout = p.scalar(f, "TimeoutSeconds", x, 1, maxSeconds)
	t.heartbeat = p.scalar(f, "HeartbeatSeconds", x, 1, maxSeconds)
	if t.timeout.literal() && t.heartbeat.literal() && t.heartbeat.lit.Float() >= t.timeout.lit.Float() {
		p.schema("'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'", s.at)
	}
	p.credentials(s, f, x)
}

func (p *parser) credentials(s *state, f fields, x exprs) {
	v := f.get("Credentials")
	if v.IsUndefined() {
		return
	}
	at := s.at + "/Credentials"
	if s.lang == JSONata && v.Kind() == value.KindString && isExpression(v.Str()) {
		s.task.role = &scalar{field: "Credentials", prog: p.program(v.Str(), "Credentials", x), member: "RoleArn"}
		return
	}
	o, ok := f.object("Credentials")
	if !ok {
		return
	}
	g := fields{p: p, o: o, at: at, lang: s.lang}
	x.prefix = "Credentials/"
	switch {
	case g.has("RoleArn"):
		s.task.role = p.anyScalar(g, "RoleArn", x)
	case s.lang == JSONPath && g.has("RoleArn.$"):
		s.task.role = &scalar{field: "RoleArn.$", value: p.pathOrIntrinsic(g, "RoleArn.$", x)}
	default:
		p.schema("The field 'RoleArn' is required but was missing", at)
	}
}

func (p *parser) wait(s *state, f fields) {
	w := &waitFields{}
	s.wait = w
	names := []string{"Seconds", "SecondsPath", "Timestamp", "TimestampPath"}
	given := 0
	for _, name := range names {
		if f.has(name) {
			given++
		}
	}
	if given != 1 {
		p.schema("Exactly one of the fields ["+strings.Join(names, ", ")+"] is required", s.at)
	}
	x := exprs{state: s, lang: s.lang}
	w.seconds = p.scalar(f, "Seconds", x, 0, maxSeconds)
	w.timestamp = p.timestamp(f, x)
}

// timestamp reads Timestamp or TimestampPath. A literal must be a date with a zone already here.
func (p *parser) timestamp(f fields, x exprs) *scalar {
	if f.has("TimestampPath") {
		return &scalar{field: "TimestampPath", path: p.path(f, "TimestampPath", x)}
	}
	text, ok := f.text("Timestamp")
	if !ok {
		return nil
	}
	if x.lang == JSONata && isExpression(text) {
		return &scalar{field: "Timestamp", prog: p.program(text, "Timestamp", x)}
	}
	if _, ok := parseTimestamp(text); !ok {
		p.schema("String does not match RFC3339 timestamp", f.at+"/Timestamp")
	}
	return &scalar{field: "Timestamp", lit: value.String(text)}
}

func (p *parser) fail(s *state, f fields) {
	x := exprs{state: s, lang: s.lang}
	f.exclusive("Error", "ErrorPath")
	f.exclusive("Cause", "CausePath")
	s.fail = &failFields{}
	read := func(name string) *scalar {
		if f.has(name + "Path") {
			return &scalar{field: name + "Path", value: p.pathOrIntrinsic(f, name+"Path", x)}
		}
		return p.anyScalar(f, name, x)
	}
	s.fail.err, s.fail.cause = read("Error"), read("Cause")
}
