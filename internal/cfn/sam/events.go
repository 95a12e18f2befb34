package sam

import (
	"maps"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// maxEvents is more than a template may have resources.
const maxEvents = 500

// event is an event source of a function or a state machine.
type event struct {
	*source
	id    string // logical id of what it becomes
	name  string
	props *cfn.Node
	// target is what is to be invoked or started; principal may do so through a permission or, for machines, a role.
	target  *cfn.Node
	machine bool
	f       *function
}

// eventKind is a type of event that can be expanded.
type eventKind struct {
	needs      string            // the type of resource that it becomes
	properties map[string]string // as for resources
	expand     func(e *event)
}

var functionEvents = map[string]eventKind{
	"Schedule":        {ruleType, properties("Schedule RuleName Input Enabled State:text Name Description DeadLetterConfig:map RetryPolicy"), (*event).schedule},
	"ScheduleV2":      {scheduleType, schedulerProperties, (*event).scheduler},
	"CloudWatchEvent": {ruleType, ruleProperties, (*event).rule}, "EventBridgeRule": {ruleType, ruleProperties, (*event).rule},
	"SQS":      {mappingType, mappingProperties("Queue"), mapping("Queue", "SQSQueue")},
	"Kinesis":  {mappingType, mappingProperties("Stream"), mapping("Stream", "Kinesis")},
	"DynamoDB": {mappingType, mappingProperties("Stream"), mapping("Stream", "DynamoDB")},
}

var machineEvents = map[string]eventKind{
	"Schedule":        {ruleType, properties("Schedule Input Enabled State:text Name Description DeadLetterConfig:map RetryPolicy Target:map RoleArn"), (*event).schedule},
	"ScheduleV2":      {scheduleType, schedulerProperties, (*event).scheduler},
	"CloudWatchEvent": {ruleType, ruleProperties, (*event).rule}, "EventBridgeRule": {ruleType, ruleProperties, (*event).rule},
}

// otherEvents are those that SAM knows besides.
var otherEvents = strings.Fields("Api HttpApi S3 SNS SQS Kinesis DynamoDB MSK MQ SelfManagedKafka DocumentDB IoTRule AlexaSkill CloudWatchLogs Cognito")

func (f *function) events() {
	events := f.get("Events")
	f.each(events, functionEvents, func(e *event) { e.target, e.f = f.target, f })
}

func (s *source) machineEvents(target *cfn.Node) {
	s.each(s.get("Events"), machineEvents, func(e *event) { e.target, e.machine = target, true })
}

// each expands the events of a resource, in the order of their names.
func (s *source) each(events *cfn.Node, kinds map[string]eventKind, prepare func(*event)) {
	if events == nil {
		return
	}
	if intrinsic(events) || len(events.Items) > maxEvents {
		s.fail(events, "Type of property 'Events' is invalid.")
		return
	}
	for _, i := range sortedByKey(events) {
		e := &event{source: s, id: s.id + alphanumeric(events.Keys[i]), name: events.Keys[i]}
		prepare(e)
		e.expand(events.Items[i], kinds)
	}
}

func (e *event) expand(n *cfn.Node, kinds map[string]eventKind) {
	kind := scalar(n.Get("Type"))
	k, ok := kinds[kind]
	switch {
	case n.Kind != cfn.Map || !ok && !slices.Contains(otherEvents, kind):
		e.refuse(n, "Resource dict has missing or invalid value for key Type. Event Type is: %s.", kind)
	case !ok || e.o.Types != nil && !e.o.Types(k.needs):
		e.refuse(n.Get("Type"), "Events of the type %s are not supported here; %s.", kind, e.instead(kinds))
	default:
		e.props = n.Get("Properties")
		if e.props == nil || e.props.Kind == cfn.Null {
			e.props = &cfn.Node{Kind: cfn.Map, Line: n.Line, Column: n.Column}
		}
		if e.checked(kind, k.properties) {
			k.expand(e)
		}
	}
}

// refuse is fail with the event's name.
func (e *event) refuse(at *cfn.Node, format string, args ...any) {
	e.fail(at, "Event with id [%s] is invalid. "+format, append([]any{e.name}, args...)...)
}

// instead says which events can be had.
func (e *event) instead(kinds map[string]eventKind) string {
	var served []string
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if e.o.Types == nil || e.o.Types(kinds[name].needs) {
			served = append(served, name)
		}
	}
	if served == nil {
		return "none are: take them out, and invoke or start " + e.source.id + " by its API"
	}
	return "supported are " + strings.Join(served, ", ")
}

func (e *event) checked(kind string, known map[string]string) bool {
	ok := true
	if e.props.Kind != cfn.Map {
		e.refuse(e.props, "Properties must be a map.")
		return false
	}
	for i, name := range e.props.Keys {
		v := e.props.Items[i]
		want, defined := known[name]
		switch {
		case !defined:
			ok = false
			e.refuse(v, "property %s not defined for resource of type %s", name, kind)
		case v.Kind != cfn.Null && !fits(v, want):
			ok = false
			e.refuse(v, "Type of property '%s' is invalid.", name)
		}
	}
	return ok
}

func (e *event) get(name string) *cfn.Node { return given(e.props, name) }

// required is a property that must be there.
func (e *event) required(name string) *cfn.Node {
	v := e.get(name)
	if v == nil {
		e.refuse(e.props, "Missing required property '%s'.", name)
	}
	return v
}

// make adds a resource at the event's place.
func (e *event) make(id, typ string, properties *cfn.Node) {
	if !e.bad {
		e.add(id, typ, false, e.props, properties)
	}
}

// deadLetters is the queue for events that could not be delivered. Making one is not supported.
func (e *event) deadLetters() *cfn.Node {
	c := e.get("DeadLetterConfig")
	if c == nil {
		return nil
	}
	if given(c, "Arn") == nil || c.Get("Type") != nil {
		e.refuse(c, "DeadLetterConfig needs the Arn of a queue here: none is made for it.")
		return nil
	}
	return object("Arn", c.Get("Arn"))
}

// state is State, or what Enabled says.
func (e *event) state() *cfn.Node {
	state, enabled := e.get("State"), e.get("Enabled")
	if enabled == nil {
		return state
	}
	word, ok := e.constant(enabled)
	switch {
	case state != nil:
		e.refuse(enabled, "State and Enabled Properties cannot both be specified.")
	case ok && strings.EqualFold(word, "true"):
		return text("ENABLED")
	case ok && strings.EqualFold(word, "false"):
		return text("DISABLED")
	default:
		e.refuse(enabled, "Type of property 'Enabled' is invalid.")
	}
	return nil
}

func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
}
