package asl

import (
	"github.com/perdure/perdure/asl/jsonpath"
	"github.com/perdure/perdure/asl/value"
)

// scope is what the expressions of one state see at one moment.
type scope struct {
	x      *Exec
	t      *thread
	root   value.Value // "$" of paths, $states.input of JSONata
	raw    []byte      // root as it was received, for causes that echo it; nil: root is encoded
	result value.Value // $states.result
	failed value.Value // $states.errorOutput
	item   value.Value // $$.Map.Item of an ItemSelector

	paths *jsonpath.Scope
}

// path is the scope in the form that paths and payload templates take.
func (s *scope) path() *jsonpath.Scope {
	if s.paths == nil {
		s.paths = &jsonpath.Scope{
			Input: s.root, InputText: s.raw, Context: s.context, Variable: s.variable,
			Random: s.x.env.Random, NewID: s.x.env.NewID,
		}
	}
	return s.paths
}

// with is the scope with another root.
func (s *scope) with(root value.Value) *scope {
	c := *s
	c.root, c.raw, c.paths = root, nil, nil
	return &c
}

// variable looks a name up in the thread's scope and in those around it.
func (s *scope) variable(name string) value.Value {
	for t := s.t; t != nil; t = t.parent {
		if v, ok := t.vars.Get(name); ok {
			return v
		}
	}
	return value.Value{}
}

// context is the context object (spec section 1.10).
func (s *scope) context() value.Value {
	x, t := s.x, s.t
	name := t.state.name
	if x.test != nil {
		if !x.test.context.IsUndefined() {
			return x.test.context
		}
		name = "StateName"
	}
	o := value.NewObject(5)
	o.Set("Execution", x.executionContext())
	machine := value.NewObject(2)
	machine.Set("Id", value.String(x.info.Machine))
	machine.Set("Name", value.String(x.info.MachineName))
	o.Set("StateMachine", value.FromObject(machine))
	state := value.NewObject(3)
	state.Set("Name", value.String(name))
	state.Set("EnteredTime", value.String(isoTime(t.enteredAt)))
	switch t.state.typ {
	case TaskState, ParallelState, MapState:
		state.Set("RetryCount", value.Int(int64(t.retries)))
	}
	o.Set("State", value.FromObject(state))
	if t.call.token != "" && t.state.typ == TaskState && t.state.task.resource.waits() {
		task := value.NewObject(1)
		task.Set("Token", value.String(t.call.token))
		o.Set("Task", value.FromObject(task))
	}
	if item := s.mapItem(); !item.IsUndefined() {
		m := value.NewObject(1)
		m.Set("Item", item)
		o.Set("Map", value.FromObject(m))
	}
	return value.FromObject(o)
}

// mapItem is the item of the ItemSelector, or of the iteration that the thread is in.
func (s *scope) mapItem() value.Value {
	if !s.item.IsUndefined() {
		return s.item
	}
	for t := s.t; t != nil; t = t.parent {
		if t.parent != nil && t.parent.state.typ == MapState {
			return t.parent.item(t.index)
		}
	}
	return value.Value{}
}

// executionContext is the Execution member of the context object, which stays the same.
func (x *Exec) executionContext() value.Value {
	if !x.execution.IsUndefined() {
		return x.execution
	}
	o := value.NewObject(7)
	o.Set("Id", value.String(x.info.ID))
	o.Set("Input", x.input())
	o.Set("StartTime", value.String(isoTime(x.info.Start)))
	o.Set("Name", value.String(x.info.Name))
	if x.info.Role == "" {
		o.Set("RoleArn", value.Null())
	} else {
		o.Set("RoleArn", value.String(x.info.Role))
	}
	if !x.info.Sync {
		o.Set("RedriveCount", value.Int(int64(x.info.RedriveCount)))
	}
	if !x.info.Redriven.IsZero() {
		o.Set("RedriveTime", value.String(isoTime(x.info.Redriven)))
	}
	x.execution = value.FromObject(o)
	return x.execution
}

// input is the execution's input as a value.
func (x *Exec) input() value.Value {
	if x.inputValue.IsUndefined() {
		v, err := value.Decode(x.info.Input, value.Limits{})
		if err != nil {
			v = value.FromObject(value.NewObject(0))
		}
		x.inputValue = v
	}
	return x.inputValue
}
