package states

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// large is an execution of a size that AWS's quotas, or good sense, would rarely allow, with the answer it must give.
type large struct {
	name, definition, input, output string
}

// larges are the executions of which bench/README.md tells time and memory; scale makes them smaller for tests.
func larges(scale int) []large {
	branches := make([]string, 1000/scale)
	for i := range branches {
		branches[i] = `{"StartAt":"B%[1]d","States":{"B%[1]d":{"Type":"Pass","Result":%[1]d,"End":true}}}`
		branches[i] = fmt.Sprintf(branches[i], i)
	}
	numbers := make([]string, len(branches))
	for i := range numbers {
		numbers[i] = fmt.Sprint(i)
	}
	deep, nested := `{"Type":"Pass","End":true}`, `7`
	for i := range 200 / scale {
		deep = fmt.Sprintf(`{"Type":"Parallel","End":true,"Branches":[{"StartAt":"D%d","States":{"D%[1]d":%s}}]}`, i, deep)
		nested = "[" + nested + "]"
	}
	items := make([]string, 10_000/scale)
	for i := range items {
		items[i] = fmt.Sprintf(`{"item":%d}`, i)
	}
	list := "[" + strings.Join(items, ",") + "]"
	payload := `"` + strings.Repeat("x", 262_144-2) + `"`
	chain := make([]string, 200/scale)
	for i := range chain {
		chain[i] = fmt.Sprintf(`"C%d":{"Type":"Pass","Next":"C%d"}`, i, i+1)
	}
	return []large{
		{"loop", `{"StartAt":"Less","States":{
			"Less":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, -1)"},"Next":"More"},
			"More":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":0,"Next":"Less"}],"Default":"Done"},
			"Done":{"Type":"Succeed"}}}`, fmt.Sprintf(`{"n":%d}`, 20_000/scale), `{"n":0}`},
		{"branches", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[` + strings.Join(branches, ",") + `]}}}`,
			`{}`, "[" + strings.Join(numbers, ",") + "]"},
		{"nesting", `{"StartAt":"Top","States":{"Top":` + deep + `}}`, `7`, nested},
		{"map", `{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"P","States":{
			"P":{"Type":"Pass","End":true}}}}}}`, list, list},
		{"payloads", `{"StartAt":"C0","States":{` + strings.Join(chain, ",") + fmt.Sprintf(`,"C%d":{"Type":"Succeed"}}}`, len(chain)), payload, payload},
	}
}

// onLifted is a service without quotas.
func onLifted(t testing.TB, st store.Store) *service {
	s := newServiceOn(t, st, echo)
	s.limits = asl.Limits{Events: -1, Payload: -1}
	return s
}

func (s *service) mustGive(l large) {
	s.t.Helper()
	d := s.end(s.start(l.definition, l.input))
	if d["status"] != "SUCCEEDED" || d["output"] != l.output {
		s.t.Errorf("%s: %.300v", l.name, d)
	}
}

func TestLargeExecutionsGiveTheRightAnswers(t *testing.T) {
	for _, l := range larges(largeScale) {
		t.Run(l.name, func(t *testing.T) { onLifted(t, mem.New()).mustGive(l) })
	}
}

// BenchmarkLarge tells time and memory at full size.
func BenchmarkLarge(b *testing.B) {
	for _, l := range larges(1) {
		b.Run(l.name, func(b *testing.B) {
			for range b.N {
				s := onLifted(b, onDisk(b))
				most, before := watchMemory(), processorTime(b)
				s.mustGive(l)
				b.ReportMetric((processorTime(b) - before).Seconds(), "cpu-s")
				b.ReportMetric(float64(most())/(1<<20), "MB-heap")
			}
		})
	}
}
