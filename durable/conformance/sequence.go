package conformance

import (
	"slices"
	"strings"
)

var (
	kinds = map[string]string{"Step": "S", "Wait": "W", "Context": "C", "Callback": "B", "ChainedInvoke": "I", "Execution": "X"}
	ends  = map[string]string{"Started": "0", "Succeeded": "+", "Failed": "-", "TimedOut": "t", "Stopped": "s", "Cancelled": "c"}
)

// Letters writes the types of an execution's events, from the second on, in the notation of requirements.txt.
func Letters(eventTypes []string) []string {
	var out []string
	for _, e := range eventTypes[min(1, len(eventTypes)):] {
		if e == "InvocationCompleted" {
			out = append(out, "|")
			continue
		}
		for end, sign := range ends {
			if kind, ok := strings.CutSuffix(e, end); ok && kinds[kind] != "" {
				out = append(out, kinds[kind]+sign)
			}
		}
	}
	return out
}

// Fits reports whether an execution left the events the requirement lists. Not every requirement lists the execution's own end.
func (r Requirement) Fits(got []string) bool {
	if n := len(got); n > 0 && got[n-1][0] == 'X' && r.Events[len(r.Events)-1][0] != 'X' {
		got = got[:n-1]
	}
	if r.Prefix && len(got) > len(r.Events) {
		got = got[:len(r.Events)]
	}
	return slices.Equal(got, r.Events)
}
