package stacks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawThings draws a template as [things] reads it, and says what the world has once it is deployed. Each thing refers to
// one before it or to none, so that there are no circles.
func drawThings(r *rapid.T) (list, contents string, possible bool) {
	ids := rapid.Permutation([]string{"A", "B", "C", "D", "E"}).Draw(r, "ids")[:rapid.IntRange(1, 5).Draw(r, "n")]
	var items, made []string
	possible = true
	for i, id := range ids {
		size := rapid.SampledFrom([]string{"1", "2", "3", "1", "2", "3", "1", "2", "impossible"}).Draw(r, "size")
		name := rapid.SampledFrom([]string{"", "x", "y"}).Draw(r, "name")
		item := id + "=" + size
		if name != "" {
			item += "/" + name
		}
		if i > 0 && rapid.Bool().Draw(r, "refers") {
			item += "@" + ids[rapid.IntRange(0, i-1).Draw(r, "to")]
		}
		possible = possible && size != "impossible"
		items, made = append(items, item), append(made, id+"-"+name+"="+size)
	}
	slices.Sort(made)
	return strings.Join(items, " "), strings.Join(made, " "), possible
}

// TestUpdatesEndInTheNewTemplateOrTheOld updates a stack at random, with failures and crashes: whatever happens, the world
// is what one of the two templates says, the new one if and only if the update succeeded.
func TestUpdatesEndInTheNewTemplateOrTheOld(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, disk := newWorld()
		s := w.service(t, disk)
		now, last := "", ""
		for range rapid.IntRange(1, 6).Draw(r, "updates") {
			list, contents, possible := drawThings(r)
			operation := "UpdateStack"
			if now == "" {
				operation = "CreateStack"
			}
			if n := rapid.IntRange(0, 25).Draw(r, "crash after"); n > 0 && rapid.Bool().Draw(r, "crash") {
				s.Close()
				s = w.service(t, &failing{Store: disk, left: n, late: rapid.Bool().Draw(r, "late")})
				call(s, operation, nil, "TemplateBody", things(list))
				s.Close()
				s = w.service(t, disk)
				if err := s.Start(context.Background()); err != nil {
					r.Fatal(err)
				}
				settle(s)
			} else if err := call(s, operation, nil, "TemplateBody", things(list)); err != nil && !strings.Contains(err.Error(), "No updates") {
				r.Fatalf("%s to %s: %v", operation, list, err)
			}
			got := w.contents()
			switch end := status(t, s); {
			case end == "": // the crash came before the stack
				if got != "" {
					r.Fatalf("there is no stack, and %s", got)
				}
			case end == "ROLLBACK_COMPLETE":
				if got != "" || possible {
					r.Fatalf("the creation of %s was rolled back to %q", list, got)
				}
				if err := call(s, "DeleteStack", nil); err != nil {
					r.Fatal(err)
				}
			case got == contents && (end == "CREATE_COMPLETE" || end == "UPDATE_COMPLETE") && possible:
				now, last = contents, list
			case got == now && (end == "UPDATE_ROLLBACK_COMPLETE" && !possible || strings.HasSuffix(end, "_COMPLETE")):
			default:
				r.Fatalf("from %s to %s the stack ended %s with %s", last, list, end, got)
			}
			checkEvents(t, s)
		}
		if now == "" {
			return
		}
		if err := call(s, "DeleteStack", nil); err != nil {
			r.Fatal(err)
		}
		if got := w.contents(); got != "" {
			r.Fatalf("after the deletion there is %s", got)
		}
		if left := leftovers(t, s); left != "" {
			r.Fatalf("after the deletion the store still has %s", left)
		}
	})
}

// leftovers are documents that a deleted stack must not leave.
func leftovers(t *testing.T, s *Service) string {
	t.Helper()
	for _, space := range []string{spaceStack, spaceResource, spaceExport, spaceChangeSet} {
		docs, err := s.cfg.Store.Docs(context.Background(), space, "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(docs) > 0 {
			return fmt.Sprintf("%s %s", space, docs[0].Key)
		}
	}
	return ""
}
