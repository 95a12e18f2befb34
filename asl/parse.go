package asl

import (
	"strconv"

	"github.com/perdure/perdure/asl/value"
)

// Options change how a definition is read.
type Options struct {
	Express bool // the machine is EXPRESS: patterns that wait and activities are refused
	// SingleState: the definition is one state, as TestState takes it. It is called StateName; where it leads to need not
	// be there.
	SingleState bool
}

// maxNesting bounds how deep Parallel and Map states may contain each other.
const maxNesting = 250

// Parse compiles a definition. The Machine is nil if a diagnostic has severity Error; there may be warnings beside it.
// Diagnostics come in AWS's order (spec section 1.11): what is wrong with fields, then with transitions.
func Parse(definition []byte, o Options) (*Machine, []Diagnostic) {
	root, ds := decodeDefinition(definition)
	if len(ds) > 0 {
		return nil, ds
	}
	p := &parser{opts: o, definition: string(definition), m: &Machine{lang: JSONPath, states: map[string]*state{}}}
	if o.SingleState {
		root = wrapState(root)
	}
	p.machine(root)
	if p.failed {
		return nil, p.diags
	}
	return p.m, p.diags
}

// wrapState makes a machine of a single state.
func wrapState(state value.Value) value.Value {
	states := value.NewObject(1)
	states.Set("StateName", state)
	o := value.NewObject(2)
	o.Set("StartAt", value.String("StateName"))
	o.Set("States", value.FromObject(states))
	return value.FromObject(o)
}

// parser compiles one definition and gathers findings.
type parser struct {
	opts Options
	m    *Machine

	definition string
	diags      []Diagnostic
	failed     bool
	links      []link   // transitions to resolve once all states are known
	labels     []string // of Distributed Maps
	depth      int
}

// link is a transition by name, resolved inside its block.
type link struct {
	in   *block
	from *state // nil for StartAt
	to   string
	at   string
	set  func(*state)
}

func (p *parser) errorf(code, message, at string) {
	p.failed = true
	p.diags = append(p.diags, Diagnostic{Severity: Error, Code: code, Message: message, Location: at})
}

func (p *parser) schema(message, at string) { p.errorf("SCHEMA_VALIDATION_FAILED", message, at) }

// machineFields are the members of a definition beside those of every block.
var machineFields = map[string]bool{
	"StartAt": true, "States": true, "Comment": true, "QueryLanguage": true, "TimeoutSeconds": true, "Version": true,
}

func (p *parser) machine(root value.Value) {
	f := fields{p: p, o: root.Object(), at: ""}
	f.only(machineFields)
	if f.has("QueryLanguage") {
		p.m.lang = p.language(f)
	}
	f.text("Comment")
	if v, ok := f.text("Version"); ok && v != "1.0" {
		p.schema("Value should be one of the following: [1.0]", "/Version")
	}
	p.m.timeout, _ = f.integer("TimeoutSeconds", 1, maxSeconds)
	b := &block{}
	p.m.root = b
	p.block(b, f, true)
	if p.m.order != nil {
		p.transitions()
	}
}

// language reads a QueryLanguage that is present. Whatever is not JSONPath counts as JSONata (spec section 1.3).
func (p *parser) language(f fields) Language {
	v := f.get("QueryLanguage")
	at := f.at + "/QueryLanguage"
	switch {
	case v.Kind() != value.KindString:
		p.schema("Expected value of type [STRING]", at)
	case v.Str() == string(JSONPath):
		return JSONPath
	case v.Str() != string(JSONata):
		p.schema("Value should be one of the following: [JSONPath, JSONata]", at)
	}
	return JSONata
}

// block reads StartAt and States of f into b.
func (p *parser) block(b *block, f fields, top bool) {
	b.states = map[string]*state{}
	missing := ""
	for _, name := range []string{"States", "StartAt"} {
		if f.has(name) {
			continue
		}
		if missing != "" {
			missing += ", "
		}
		missing += name
	}
	at := f.at
	if at == "" {
		at = "/"
	}
	if missing != "" {
		p.schema("These fields are required: ["+missing+"]", at)
	}
	start, hasStart := f.text("StartAt")
	if !f.has("States") {
		return
	}
	states, ok := f.object("States")
	if !ok {
		return
	}
	if states.Len() == 0 {
		p.schema("Value cannot be empty", f.at+"/States")
		return
	}
	if p.depth >= maxNesting {
		p.errorf("TOO_DEEPLY_NESTED", "The definition is nested too deeply", f.at+"/States")
		return
	}
	p.depth++
	if hasStart {
		p.links = append(p.links, link{in: b, to: start, at: f.at + "/StartAt", set: func(s *state) { b.start = s }})
	}
	for i := range states.Len() {
		p.state(b, states.Key(i), states.At(i), f.at+"/States/"+states.Key(i))
	}
	p.depth--
}

func (p *parser) state(b *block, name string, v value.Value, at string) {
	if v.Kind() != value.KindObject {
		p.schema("Expected value of type [OBJECT]", at)
		return
	}
	if n := runes(name); n == 0 || n > 80 {
		p.errorf("INVALID_STATE_NAME", "State name must be between 1 and 80 characters long", at)
	}
	f := fields{p: p, o: v.Object(), at: at}
	typ := f.get("Type")
	if typ.IsUndefined() {
		p.schema("These fields are required: [Type]", at)
		return
	}
	known, ok := stateFields[StateType(typ.Str())]
	if !ok {
		p.schema("The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
			at+"/Type")
		return
	}
	s := &state{name: name, at: at, typ: StateType(typ.Str()), lang: p.m.lang}
	if p.m.states[name] != nil {
		p.errorf("DUPLICATE_STATE_NAME", "Duplicate state name: "+name, at)
	} else {
		p.m.states[name] = s
	}
	b.states[name] = s
	p.m.order = append(p.m.order, s)
	mixed := false
	if f.has("QueryLanguage") {
		s.lang = p.language(f)
		if s.lang == JSONPath && p.m.lang == JSONata {
			p.schema("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at)
			mixed = true
		}
	}
	f.lang = s.lang
	f.known(known, mixed)
	p.body(s, b, f)
}

// body reads the members that s has by its type and language.
func (p *parser) body(s *state, b *block, f fields) {
	f.text("Comment")
	p.ending(s, b, f)
	p.dataFlow(s, f)
	p.retries(s, f)
	p.catches(s, b, f)
	switch s.typ {
	case TaskState:
		p.task(s, f)
	case WaitState:
		p.wait(s, f)
	case FailState:
		p.fail(s, f)
	case ChoiceState:
		p.choice(s, b, f)
	case ParallelState:
		p.parallel(s, f)
	case MapState:
		p.mapState(s, f)
	}
}

// ending reads Next and End.
func (p *parser) ending(s *state, b *block, f fields) {
	switch s.typ {
	case ChoiceState, SucceedState, FailState:
		return
	}
	next, hasNext := f.text("Next")
	end, hasEnd := f.boolean("End")
	switch {
	case hasNext && hasEnd && end:
		p.schema("Only one of the fields [Next, End] is allowed", s.at)
	case hasNext:
		p.links = append(p.links, link{in: b, from: s, to: next, at: s.at + "/Next", set: func(t *state) { s.next = t }})
	case !end && !f.has("Next"):
		p.schema("One of the fields [Next, End] is required", s.at)
	}
}

func (p *parser) parallel(s *state, f fields) {
	list, ok := f.required("Branches").array("Branches")
	if !ok {
		return
	}
	if len(list) == 0 {
		p.schema("Value cannot be empty", s.at+"/Branches")
	}
	for i, v := range list {
		at := s.at + "/Branches[" + strconv.Itoa(i) + "]"
		if v.Kind() != value.KindObject {
			p.schema("Expected value of type [OBJECT]", at)
			continue
		}
		g := fields{p: p, o: v.Object(), at: at}
		g.only(map[string]bool{"StartAt": true, "States": true, "Comment": true})
		b := &block{}
		s.branches = append(s.branches, b)
		p.block(b, g, false)
	}
}

func runes(s string) (n int) {
	for range s {
		n++
	}
	return n
}
