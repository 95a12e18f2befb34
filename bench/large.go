package main

import (
	"context"
	"fmt"
	"strings"
)

// largeExecution is one execution of a size beyond AWS's quotas, or good sense.
type largeExecution struct {
	note, definition, input string
	ops                     int // states, iterations or branches
}

func largeExecutions() []largeExecution {
	pass := func(i int) string {
		return fmt.Sprintf(`{"StartAt":"B%d","States":{"B%[1]d":{"Type":"Pass","Result":%[1]d,"End":true}}}`, i)
	}
	branches := make([]string, 1000)
	for i := range branches {
		branches[i] = pass(i)
	}
	deep := `{"Type":"Pass","End":true}`
	for i := range 200 {
		deep = fmt.Sprintf(`{"Type":"Parallel","End":true,"Branches":[{"StartAt":"D%d","States":{"D%[1]d":%s}}]}`, i, deep)
	}
	items := make([]string, 10_000)
	for i := range items {
		items[i] = fmt.Sprintf(`{"item":%d}`, i)
	}
	chain := make([]string, 200)
	for i := range chain {
		chain[i] = fmt.Sprintf(`"C%d":{"Type":"Pass","Next":"C%d"}`, i, i+1)
	}
	return []largeExecution{
		{"a loop of 20,000 Pass states", `{"StartAt":"Less","States":{
"Less":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, -1)"},"Next":"More"},
"More":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":0,"Next":"Less"}],"Default":"Done"},"Done":{"Type":"Succeed"}}}`, `{"n":20000}`, 40_000},
		{"a Map over 10,000 items", `{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"P","States":{
"P":{"Type":"Pass","End":true}}}}}}`, "[" + strings.Join(items, ",") + "]", 10_000},
		{"a Parallel of 1,000 branches", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[` + strings.Join(branches, ",") + `]}}}`, `{}`, 1000},
		{"200 Parallels inside each other", `{"StartAt":"Top","States":{"Top":` + deep + `}}`, `7`, 200},
		{"a chain of 200 Pass states with 256 KiB", `{"StartAt":"C0","States":{` + strings.Join(chain, ",") + `,"C200":{"Type":"Succeed"}}}`,
			`"` + strings.Repeat("x", 262_144-2) + `"`, 200},
	}
}

// large measures single executions of unusual size, each on a fresh server without quotas.
func (b *bench) large(ctx context.Context) error {
	for _, l := range largeExecutions() {
		b.stop()
		if err := b.start(ctx, "", "--lift-quotas"); err != nil {
			return err
		}
		r := result{Workload: "large", Ops: l.ops, Note: l.note}
		if _, err := b.oneExecution(ctx, &r, l.definition, l.input); err != nil {
			return fmt.Errorf("%s: %w", l.note, err)
		}
		b.print(r)
	}
	return nil
}
