package rings

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
)

// ring is a set of packages that may import those of rings further in.
type ring struct {
	name     string
	packages []string // folders; "x/..." is x and all below
	// alone says that the packages of the ring do not know each other, except for folders of one another.
	alone bool
	// outside are modules of others that a package may import; those of assembly and adapters are go.mod's business.
	outside map[string][]string
	free    bool // may import any module of others
}

// rings from the innermost outwards.
var rings = []ring{
	{name: "words", packages: []string{"internal/arn", "internal/api"}, alone: true},
	{
		name:     "pure",
		packages: []string{"asl", "asl/value", "asl/jsonata", "asl/jsonpath", "internal/durop", "internal/cfn/..."},
		outside:  map[string][]string{"internal/cfn": {"github.com/goccy/go-yaml"}},
	},
	{name: "engine", packages: []string{"internal/engine", "internal/store", "internal/host", "internal/task"}},
	{name: "services", packages: []string{"internal/states/...", "internal/lambda/...", "internal/stacks/..."}, alone: true},
	{
		name: "adapters", alone: true, free: true,
		packages: []string{"internal/store/...", "internal/host/...", "internal/task/...", "internal/support/...",
			"internal/wire", "internal/console/..."},
	},
	{
		name: "assembly", free: true,
		packages: []string{"internal/server", "internal/deploy", "internal/client", "internal/timeline", "internal/e2e/...",
			"internal/rings", "perduretest", "cmd/...", "conformance/...", "bench/...", "examples/..."},
	},
}

// beside the rings stand the public packages for writing functions, with all of the module that they may import. Only
// the assembly imports them.
var beside = map[string][]string{
	"durable":             {},
	"durable/durabletest": {"durable", "internal/durop", "internal/api"},
	"durable/durableotel": {"durable"}, // with OpenTelemetry's API
	"durable/lint":        {},          // with golang.org/x/tools, for cmd/perdurelint alone
	// The functions of the public test suite for SDKs, and what hosts them.
	"durable/conformance/...": {"durable", "durable/conformance"},
}

// besideMark is the place of a package that stands beside the rings.
const besideMark = -1

// place finds the ring of a package: the longest entry of the table that fits wins, so that a port's folder may have
// adapters below it.
func place(pkg string) (at int, ok bool) {
	best := -1
	look := func(i int, entry string) {
		folder, below := strings.CutSuffix(entry, "/...")
		if pkg != folder && !(below && strings.HasPrefix(pkg, folder+"/")) {
			return
		}
		n := 2 * len(folder)
		if !below {
			n++
		}
		if n > best {
			best, at, ok = n, i, true
		}
	}
	for i := range rings {
		for _, entry := range rings[i].packages {
			look(i, entry)
		}
	}
	for entry := range beside {
		look(besideMark, entry)
	}
	return at, ok
}

func TestEveryPackageStandsInARingAndImportsOnlyInwards(t *testing.T) {
	type edge struct{ from, to string }
	seen := map[edge]bool{}
	packages := map[string]bool{}
	for _, s := range sources(t) {
		packages[s.pkg] = true
		if s.test {
			continue
		}
		for p := range s.imports() {
			e := edge{s.pkg, p}
			if seen[e] {
				continue
			}
			seen[e] = true
			if why := refuse(s.pkg, p); why != "" {
				t.Errorf("%s imports %s: %s", s.name, p, why)
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		if _, ok := place(pkg); !ok {
			t.Errorf("package %s is in no ring: give it a place in the table, and in docs/architecture.md", pkg)
		}
	}
}

// refuse tells why a package may not import a path; "" if it may.
func refuse(pkg, imported string) string {
	from, ok := place(pkg)
	if !ok {
		return "" // reported once, as a package without a ring
	}
	to, inside := strings.CutPrefix(imported, module+"/")
	if !inside {
		return refuseOutside(pkg, from, imported)
	}
	at, ok := place(to)
	if from == besideMark {
		if i, _ := besideOf(pkg); slices.Contains(beside[i], to) || to == pkg {
			return ""
		}
		return "a package for writing functions stands on its own"
	}
	r := rings[from]
	switch {
	case !ok:
		return "that is in no ring"
	case at == besideMark:
		if r.name == "assembly" {
			return ""
		}
		return "only the assembly may know the packages for writing functions"
	case at > from:
		return "the ring " + r.name + " may not know the ring " + rings[at].name + " outside of it"
	case at == from && r.alone && !family(pkg, to):
		return "packages of the ring " + r.name + " do not know each other"
	}
	return ""
}

// refuseOutside looks at imports of the standard library and of other modules.
func refuseOutside(pkg string, from int, imported string) string {
	host, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(host, ".") {
		if from >= 0 && rings[from].name == "pure" && impure[imported] {
			return "the pure ring has no files, sockets, logs or chance"
		}
		return ""
	}
	if from == besideMark || rings[from].free {
		return ""
	}
	for _, m := range rings[from].outside[pkg] {
		if imported == m || strings.HasPrefix(imported, m+"/") {
			return ""
		}
	}
	return "the ring " + rings[from].name + " needs no other modules, except as the table says"
}

// impure are packages of the standard library that do what the pure ring does not.
var impure = map[string]bool{
	"os": true, "os/exec": true, "os/signal": true, "net": true, "net/http": true, "log": true, "log/slog": true,
	"io/ioutil": true, "syscall": true, "testing": true, "plugin": true, "runtime/debug": true,
}

func besideOf(pkg string) (entry string, ok bool) {
	for _, entry := range slices.SortedFunc(maps.Keys(beside), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) {
		folder, below := strings.CutSuffix(entry, "/...")
		if pkg == folder || below && strings.HasPrefix(pkg, folder+"/") {
			return entry, true
		}
	}
	return "", false
}

// family tells whether one folder is below the other.
func family(a, b string) bool { return strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/") }

func TestThePureRingStartsNoGoroutine(t *testing.T) {
	for _, s := range sources(t) {
		if at, ok := place(s.pkg); s.test || !ok || at < 0 || rings[at].name != "pure" {
			continue
		}
		for _, line := range goStatements(&s) {
			t.Errorf("%s: a goroutine in the pure ring", line)
		}
	}
}

func TestTheTableRefusesWhatItShould(t *testing.T) {
	const m = module + "/"
	for _, c := range []struct {
		pkg, imported string
		allowed       bool
	}{
		{"asl", m + "asl/value", true},
		{"asl", m + "internal/engine", false},
		{"internal/engine", m + "internal/store", true},
		{"internal/engine", m + "internal/store/mem", false},
		{"internal/lambda", m + "internal/states", false},
		{"internal/stacks", m + "internal/stacks/provider", true},
		{"internal/task/tasklambda", m + "internal/lambda", true},
		{"internal/store/mem", m + "internal/store/pebble", false},
		{"internal/states", m + "durable", false},
		{"durable", m + "internal/api", false},
		{"durable/durabletest", m + "internal/durop", true},
		{"durable/durabletest", m + "internal/engine", false},
		{"cmd/perdure", m + "internal/server", true},
		{"internal/server", m + "internal/nowhere", false},
		{"asl/jsonata", "os", false},
		{"internal/arn", "github.com/goccy/go-yaml", false},
		{"internal/cfn", "github.com/goccy/go-yaml/ast", true},
		{"internal/store/pebble", "github.com/cockroachdb/pebble/v2", true},
	} {
		if why := refuse(c.pkg, c.imported); (why == "") != c.allowed {
			t.Errorf("%s imports %s: %q, allowed should be %v", c.pkg, c.imported, why, c.allowed)
		}
	}
}
