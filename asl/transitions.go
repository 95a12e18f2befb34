package asl

import "strings"

// transitions resolves every Next, StartAt and Default inside its container, and reports targets that do not exist,
// a machine that can never end, and states that nothing leads to.
func (p *parser) transitions() {
	for _, l := range p.links {
		if t := l.in.states[l.to]; t != nil {
			l.set(t)
			continue
		}
		if p.opts.SingleState && l.in == p.m.root {
			l.set(&state{name: l.to, typ: SucceedState})
			continue
		}
		p.errorf("MISSING_TRANSITION_TARGET", "Missing 'Next' target: "+l.to, l.at)
	}
	if p.opts.SingleState {
		return
	}
	if p.m.root.states != nil && !p.m.root.ends() {
		p.errorf("MISSING_END_STATE", "Workflow has no terminal state", "")
		return
	}
	reached := map[*state]bool{}
	p.m.root.reach(reached)
	for _, s := range p.m.order {
		for _, b := range s.blocks() {
			b.reach(reached)
		}
	}
	for _, s := range p.m.order {
		if !reached[s] {
			p.errorf("MISSING_TRANSITION_TARGET", `State "`+s.name+`" is not reachable.`, s.at)
		}
	}
}

// ends tells whether a block has a state that ends it.
func (b *block) ends() bool {
	for _, s := range b.states {
		switch {
		case s.typ == SucceedState, s.typ == FailState, s.typ != ChoiceState && s.next == nil:
			return true
		}
	}
	return false
}

// blocks are the containers inside a state.
func (s *state) blocks() []*block {
	if s.each != nil {
		return []*block{s.each.body}
	}
	return s.branches
}

// reach marks what can be reached from the start, or everything if it is not known where that is.
func (b *block) reach(seen map[*state]bool) {
	if b.start != nil {
		b.start.reach(seen)
		return
	}
	for _, s := range b.states {
		seen[s] = true
	}
}

// reach marks s and what can follow it in its container.
func (s *state) reach(seen map[*state]bool) {
	queue := []*state{s}
	for len(queue) > 0 {
		s, queue = queue[0], queue[1:]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		queue = append(queue, s.next)
		for _, c := range s.catch {
			queue = append(queue, c.next)
		}
		if s.choice != nil {
			queue = append(queue, s.choice.otherwise)
			for _, r := range s.choice.rules {
				queue = append(queue, r.next)
			}
		}
	}
}

// resource reports a Resource that is unknown or that this type of machine cannot use.
func (p *parser) resource(r Resource, at string) {
	if !r.recognized() {
		p.schema("The resource provided "+r.ARN+" is not recognized. The value is not a valid resource ARN, "+
			"or the resource is not available in this region.", at)
		return
	}
	if !p.opts.Express {
		return
	}
	switch {
	case r.Kind == Activity:
		p.schema("Express state machine does not support Activity ARN", at)
	case strings.HasPrefix(r.Pattern, ".sync"):
		p.schema("Express state machine does not support '.sync' service integration", at)
	case r.Pattern == ".waitForTaskToken":
		p.schema("Express state machine does not support '.waitForTaskToken' service integration ", at)
	}
}
