package asl_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/perdure/perdure/asl"
)

// seeds are the definitions of the stories.
func seeds(f *testing.F) (definitions, inputs []string) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		s := parseStory(string(data))
		definitions = append(definitions, s.section("definition"))
		inputs = append(inputs, s.section("input"))
	}
	return definitions, inputs
}

// FuzzParse: no definition panics, and what is refused is refused with a diagnostic.
func FuzzParse(f *testing.F) {
	definitions, _ := seeds(f)
	for _, d := range definitions {
		f.Add([]byte(d))
	}
	for _, d := range []string{"", "{}", `{"States":{}}`, `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}`, `not json`, `{"a":`,
		`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Not":{"Variable":"$","IsNull":true},"Next":"A"}]}}}`} {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, definition []byte) {
		for _, o := range []asl.Options{{}, {Express: true}, {SingleState: true}} {
			m, ds := asl.Parse(definition, o)
			if m == nil && asl.Invalid(ds) == "" {
				t.Fatalf("refused without saying why: %q", definition)
			}
			if m != nil {
				m.VariableReferences()
			}
		}
	})
}

// FuzzStep: whatever is answered and whenever, an execution neither panics nor runs away, its history is gapless, and an
// execution loaded from its rows goes on as the one in memory does.
func FuzzStep(f *testing.F) {
	definitions, inputs := seeds(f)
	for i := range definitions {
		f.Add([]byte(definitions[i]), []byte(inputs[i]), []byte{0, 1, 2, 3, 4, 5, 6, 7})
	}
	f.Fuzz(func(t *testing.T, definition, input, script []byte) {
		m, _ := asl.Parse(definition, asl.Options{})
		if m == nil {
			return
		}
		if len(input) == 0 {
			input = []byte("{}")
		}
		p := newPlay(t, m, string(input))
		p.limits = asl.Limits{Events: 500, Transitions: 50}
		p.exec = asl.New(m, p.exec.Info(), p.limits)
		p.quiet = true
		p.step(asl.Start{})
		for _, b := range script[:min(len(script), 100)] {
			if p.finish != nil {
				if p.finish.Status == asl.Succeeded {
					return
				}
				p.finish = nil
				p.step(asl.Redrive{})
			}
			p.reload = b&0x80 != 0
			p.now = p.now.Add(time.Duration(b) * time.Second)
			p.scripted(b)
		}
	})
}
