package stepfunctions

import (
	"maps"
	"slices"
)

// mapExitChanged is when AWS changed, as its recordings show, which event MapStateExited names as its previous one: that of
// a Distributed Map named MapRunSucceeded before (the last such recording is of August 2024) and names MapRunStarted since
// (the first is of 2024-11-13). An endpoint can do one or the other; perdure does what AWS does now, and older recordings
// are read as if they had been made later.
const mapExitChanged = "2024-11"

// recordedLater is what a history would be if it was recorded now, and whether that makes a difference.
func recordedLater(events []any, recorded string) ([]any, bool) {
	if recorded >= mapExitChanged {
		return events, false
	}
	out := slices.Clone(events)
	changed := false
	for i := range out {
		e, _ := out[i].(map[string]any)
		if e["type"] != "MapStateExited" {
			continue
		}
		if ended := byID(events, e["previousEventId"]); ended != nil && ended["type"] == "MapRunSucceeded" {
			e = maps.Clone(e)
			e["previousEventId"] = ended["previousEventId"]
			out[i], changed = e, true
		}
	}
	return out, changed
}
