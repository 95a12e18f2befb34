package rings

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// clocks are the functions of package time that read or wait for the machine's clock.
var clocks = map[string]bool{
	"Now": true, "After": true, "NewTimer": true, "NewTicker": true, "Tick": true, "AfterFunc": true, "Sleep": true,
	"Since": true, "Until": true,
}

// chance are packages that give random numbers.
var chance = map[string]bool{"math/rand": true, "math/rand/v2": true, "crypto/rand": true}

// excused are files that may use a clock or chance all the same, each with the reason.
var excused = map[string]string{
	"internal/store/storetest/crash.go": "a suite that only tests import; it draws its crashes from a seed that it prints",
}

// injected tells whether a package gets time and randomness from whoever assembles it.
func injected(pkg string) bool {
	at, ok := place(pkg)
	return ok && at != besideMark && rings[at].name != "assembly"
}

func TestTimeAndRandomnessAreInjected(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !injected(s.pkg) {
			continue
		}
		for _, f := range s.uninjected() {
			if excused[s.name] == "" {
				t.Errorf("%s: take it from the configuration", f)
			}
			used[s.name] = true
		}
	}
	for name := range excused {
		if !used[name] {
			t.Errorf("%s is excused but needs no excuse: take it out of the list", name)
		}
	}
}

// uninjected finds uses of a clock and imports of chance.
func (s *source) uninjected() (found []string) {
	imports := s.imports()
	for p := range chance {
		if _, ok := imports[p]; ok {
			found = append(found, s.name+" imports "+p)
		}
	}
	clock, ok := imports["time"]
	if !ok {
		return found
	}
	if clock == "." {
		return append(found, s.name+" imports time into its own names")
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == clock && clocks[sel.Sel.Name] {
				found = append(found, s.set.Position(n.Pos()).String()+" uses time."+sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

// goStatements finds where goroutines are started.
func goStatements(s *source) (found []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			found = append(found, s.set.Position(n.Pos()).String())
		}
		return true
	})
	return found
}

func TestTheLintSeesClocksUnderOtherNames(t *testing.T) {
	for text, want := range map[string]int{
		`import "time"; var now = time.Now`:                                1,
		`import clock "time"; func f() { clock.Sleep(1); clock.Since(t) }`: 2,
		`import . "time"; var now = Now()`:                                 1,
		`import "math/rand/v2"; var n = rand.Int()`:                        1,
		`import "time"; var d = time.Second; var now func() time.Time`:     0,
	} {
		s := source{name: "x.go", set: token.NewFileSet()}
		var err error
		if s.file, err = parser.ParseFile(s.set, s.name, "package x; "+text, 0); err != nil {
			t.Fatal(err)
		}
		if got := s.uninjected(); len(got) != want {
			t.Errorf("%s: found %q, want %d", text, got, want)
		}
	}
}
