package lint

import (
	"go/ast"
	"go/types"
)

// Nondeterminism reports what gives another value on every run: the clock and randomness.
var Nondeterminism = rule("durablenondeterminism", "report clocks and randomness in durable handlers", func(f *finder, b *body) {
	if b.step {
		return
	}
	b.each(func(n ast.Node) {
		id, ok := n.(*ast.Ident)
		if !ok {
			return
		}
		fn, ok := f.TypesInfo.Uses[id].(*types.Func)
		if !ok || fn.Pkg() == nil {
			return
		}
		switch path := fn.Pkg().Path(); {
		case path == "time" && clocks[fn.Name()] && fn.Signature().Recv() == nil:
			f.report(id, "time.%s in a durable handler differs on replay; %s", fn.Name(), instead(fn.Name()))
		case randoms[path]:
			f.report(id, "%s.%s in a durable handler differs on replay; draw it in a Step", fn.Pkg().Name(), fn.Name())
		}
	})
})

var clocks = map[string]bool{"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true, "Tick": true, "NewTimer": true, "NewTicker": true}

var randoms = map[string]bool{"math/rand": true, "math/rand/v2": true, "crypto/rand": true, "github.com/google/uuid": true, "github.com/gofrs/uuid": true}

func instead(clock string) string {
	switch clock {
	case "Now", "Since", "Until":
		return "read the clock in a Step, or use ExecutionStartTime"
	}
	return "use Wait"
}
