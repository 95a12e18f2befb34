package stepfunctions

import (
	"maps"
	"math/big"
	"strings"
)

// events compares a history: in order; if that fails and branches may interleave, as a set whose items follow what they
// are expected to follow.
func (m *matcher) events(want, got []any, concurrent bool) bool {
	inOrder := m.try(func() bool { return m.orderedEvents(want, got) })
	if inOrder || !concurrent {
		return inOrder
	}
	kept := m.why
	m.why = nil
	if m.try(func() bool { return m.concurrentEvents(want, got) }) {
		return true
	}
	m.why = append(kept, m.why...)
	return false
}

func (m *matcher) orderedEvents(want, got []any) bool {
	if len(want) != len(got) {
		m.diff("events", "want %s, got %s", types(want), types(got))
	}
	all := len(want) == len(got)
	for i := range min(len(want), len(got)) {
		w := want[i].(map[string]any)
		g := got[i]
		if _, numbered := w["id"]; !numbered {
			w, g = unnumbered(w), unnumbered(g.(map[string]any))
		}
		all = m.match("events["+itoa(i+1)+"]", w, g) && all
	}
	return all
}

func types(events []any) string {
	var b strings.Builder
	for _, e := range events {
		o, _ := e.(map[string]any)
		typ, _ := o["type"].(string)
		b.WriteString(typ + " ")
	}
	return b.String()
}

func unnumbered(e map[string]any) map[string]any {
	e = maps.Clone(e)
	delete(e, "id")
	delete(e, "previousEventId")
	return e
}

// concurrentEvents pairs each expected event with an answered one, with backtracking over those that look alike.
func (m *matcher) concurrentEvents(want, got []any) bool {
	if len(want) != len(got) {
		return m.diff("events", "want %d events, got %d", len(want), len(got))
	}
	used := make([]bool, len(got))
	budget := 20000
	var pair func(i int) bool
	pair = func(i int) bool {
		if i == len(want) {
			return true
		}
		w := want[i].(map[string]any)
		for j := range got {
			if budget--; budget < 0 {
				return false
			}
			g := got[j].(map[string]any)
			if used[j] || w["type"] != g["type"] {
				continue
			}
			ok := m.quiet(func() bool {
				if !m.match("", unnumbered(w), unnumbered(g)) || !follows(w, g, want, got) {
					return false
				}
				used[j] = true
				if pair(i + 1) {
					return true
				}
				used[j] = false
				return false
			})
			if ok {
				return true
			}
		}
		return false
	}
	if !pair(0) {
		return m.diff("events", "no pairing of the events was found; got %s", types(got))
	}
	return true
}

// follows tells whether two events follow alike ones.
func follows(w, g map[string]any, want, got []any) bool {
	typ, _ := w["type"].(string)
	if _, numbered := w["id"]; !numbered {
		return true
	}
	for _, end := range []string{"Succeeded", "Failed", "Aborted", "Exited"} {
		if typ == "MapState"+end || typ == "ParallelState"+end {
			return true
		}
	}
	return place(byID(want, w["previousEventId"])) == place(byID(got, g["previousEventId"]))
}

// byID finds an event by its number. Where an expected event has lost it, its place in the history tells it: numbers have
// no gaps.
func byID(events []any, id any) map[string]any {
	for _, e := range events {
		o := e.(map[string]any)
		if a, ok := number(o["id"]); ok {
			if b, ok := number(id); ok && a.Cmp(b) == 0 {
				return o
			}
		}
	}
	n, ok := number(id)
	if !ok || !n.IsInt() || n.Sign() <= 0 || n.Num().Cmp(big.NewInt(int64(len(events)))) > 0 {
		return nil
	}
	if e := events[n.Num().Int64()-1].(map[string]any); e["id"] == nil {
		return e
	}
	return nil
}

// place is an event's type with the state's name and the iteration's index.
func place(e map[string]any) string {
	if e == nil {
		return ""
	}
	p, _ := e["type"].(string)
	for _, name := range names(e) {
		if d, ok := e[name].(map[string]any); ok {
			if n, ok := d["name"].(string); ok {
				p += " " + n
			}
			if i, ok := d["index"]; ok {
				p += " " + show(i)
			}
		}
	}
	return p
}
