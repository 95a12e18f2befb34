package jsonata_test

import (
	"sync"
	"testing"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// TestProgramsRunConcurrently evaluates the same programs on the same input from several goroutines: under the race
// detector, and with the same answers.
func TestProgramsRunConcurrently(t *testing.T) {
	input := decodeText(t, readFile(t, corpus(t)+"/datasets/dataset5.json"))
	type job struct {
		p    *jsonata.Program
		want string
	}
	var jobs []job
	for _, c := range loadSuite(t) {
		if !c.hasResult || len(c.expr) > 200 {
			continue
		}
		p, err := jsonata.Compile(c.expr, jsonata.Options{Functions: jsonata.StepFunctions()})
		if err != nil {
			continue
		}
		v, err := evalBriefly(p, input)
		jobs = append(jobs, job{p, outcome(v, err)})
	}
	if len(jobs) < 500 {
		t.Fatalf("only %d programs", len(jobs))
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range jobs {
				j := jobs[(i+g*37)%len(jobs)]
				if got := outcome(evalBriefly(j.p, input)); got != j.want {
					t.Errorf("%s: gave %.200s, want %.200s", j.p.Source(), got, j.want)
				}
			}
		}()
	}
	all.Wait()
}

func outcome(v value.Value, err error) string {
	if err != nil {
		return err.Error()
	}
	return v.Text()
}
