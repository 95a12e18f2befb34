package durabletest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/perdure/perdure/durable"
)

// node is an operation of a random program. Its name is its own, so that what happens to it can be told apart.
type node struct {
	kind string
	name string
	n    int // attempts, seconds or items
	kids []node
}

var leaves = []string{"step", "flaky", "broken", "once", "wait", "invoke", "refused", "callback", "rejected", "submitted", "condition", "async"}

var trees = []string{"child", "virtual", "go", "parallel", "map", "flat"}

// program makes a random one. Its result depends on the seed alone, whatever order its branches run in.
func program(r *rand.Rand, prefix string, depth int) []node {
	var out []node
	for i := range 1 + r.IntN(depth+1) {
		n := node{kind: leaves[r.IntN(len(leaves))], name: fmt.Sprintf("%s%d", prefix, i), n: 1 + r.IntN(2)}
		if depth > 0 && r.IntN(3) == 0 {
			n.kind = trees[r.IntN(len(trees))]
			n.kids = program(r, n.name+".", depth-1)
		}
		out = append(out, n)
	}
	return out
}

// actor runs programs. ran is told of every step body that begins.
type actor struct {
	ran func(ctx context.Context, name string, attempt int, once bool) error
}

var tenTimes = durable.MustNewRetryStrategy(durable.RetryConfig{MaxAttempts: 10, InitialDelay: time.Second, BackoffRate: 1, Jitter: durable.JitterNone})

// play runs nodes in turn and says what each gave. Only the end of the invocation comes back as an error.
func (a *actor) play(ctx durable.Context, suffix string, nodes []node) (string, error) {
	var out []string
	for _, n := range nodes {
		n.name += suffix
		v, err := a.one(ctx, suffix, n)
		switch known := kindOf(err); {
		case err == nil:
			out = append(out, v)
		case known != "":
			out = append(out, known)
		default:
			return "", err
		}
	}
	return "(" + strings.Join(out, " ") + ")", nil
}

// kindOf names errors that are outcomes of operations.
func kindOf(err error) string {
	var o *durable.OperationError
	if errors.As(err, &o) {
		return o.ErrorType + "!"
	}
	return ""
}

func (a *actor) step(n node, good int, once bool) func(durable.StepContext) (string, error) {
	return func(sc durable.StepContext) (string, error) {
		if err := a.ran(sc, n.name, sc.Attempt(), once); err != nil {
			return "", err
		}
		if sc.Attempt() < good {
			return "", errors.New("not yet")
		}
		return n.name, nil
	}
}

func (a *actor) one(ctx durable.Context, suffix string, n node) (string, error) {
	body := func(c durable.Context) (string, error) { return a.play(c, suffix, n.kids) }
	switch n.kind {
	case "step":
		return durable.Step(ctx, n.name, a.step(n, 1, false))
	case "flaky":
		return durable.Step(ctx, n.name, a.step(n, n.n, false), durable.WithRetry(tenTimes))
	case "broken":
		return durable.Step(ctx, n.name, a.step(n, 99, false), durable.WithRetry(durable.NoRetry()))
	case "once":
		return durable.Step(ctx, n.name, a.step(n, 1, true), durable.WithRetry(tenTimes), durable.WithSemantics(durable.AtMostOncePerRetry))
	case "wait":
		return "waited", durable.Wait(ctx, n.name, time.Duration(n.n)*time.Second)
	case "invoke":
		return durable.Invoke[string](ctx, n.name, "echo", n.name)
	case "refused":
		return durable.Invoke[string](ctx, n.name, "echo", "refuse")
	case "condition":
		return a.condition(ctx, n)
	case "callback", "rejected":
		cb, err := durable.CreateCallback[string](ctx, n.kind+n.name)
		if err != nil {
			return "", err
		}
		return cb.Result(ctx)
	case "submitted":
		return durable.WaitForCallback[string](ctx, n.name, func(sc durable.StepContext, _ string) error {
			return a.ran(sc, n.name+" submitter", sc.Attempt(), false)
		})
	case "async":
		return a.async(ctx, n)
	case "child":
		return durable.RunInChildContext(ctx, n.name, body)
	case "virtual":
		return durable.RunInChildContext(ctx, n.name, func(c durable.Context) (string, error) {
			return durable.Step(c, n.name+" inner", a.step(node{name: n.name + " inner"}, 1, false))
		}, durable.WithChildVirtual())
	case "go":
		first, second := durable.Go(ctx, n.name, body), durable.WaitAsync(ctx, n.name+" beside", time.Duration(n.n)*time.Second)
		if err := durable.Join(ctx, n.name+" join", []durable.Awaitable{first, second}); err != nil {
			return "", err
		}
		return first.Result(ctx)
	}
	return a.batch(ctx, suffix, n)
}

func (a *actor) condition(ctx durable.Context, n node) (string, error) {
	v, err := durable.WaitForCondition(ctx, n.name, func(sc durable.StepContext, i int) (int, error) {
		return i + 1, a.ran(sc, n.name, sc.Attempt(), false)
	}, durable.ConditionConfig[int]{WaitStrategy: func(i, _ int) durable.WaitDecision {
		return durable.WaitDecision{Continue: i < n.n, Delay: time.Second}
	}})
	return fmt.Sprint(v), err
}

func (a *actor) async(ctx durable.Context, n node) (string, error) {
	var fs []*durable.Future[string]
	for i := range n.n {
		k := node{name: fmt.Sprintf("%s/%d", n.name, i)}
		fs = append(fs, durable.StepAsync(ctx, k.name, a.step(k, i, false), durable.WithRetry(tenTimes)))
	}
	all, err := durable.All(ctx, n.name+" all", fs)
	return strings.Join(all, "+"), err
}

func (a *actor) batch(ctx durable.Context, suffix string, n node) (string, error) {
	every := 100
	opts := []durable.BatchOption{durable.WithCompletion(durable.CompletionConfig{ToleratedFailurePercentage: &every})}
	if n.n > 1 {
		opts = append(opts, durable.WithMaxConcurrency(n.n-1))
	}
	var res durable.BatchResult[string]
	var err error
	if n.kind == "parallel" {
		var branches []durable.Branch[string]
		for _, k := range n.kids {
			branches = append(branches, durable.Branch[string]{Func: func(c durable.Context) (string, error) { return a.play(c, suffix, []node{k}) }})
		}
		res, err = durable.Parallel(ctx, n.name, branches, opts...)
	} else {
		if n.kind == "flat" {
			opts = append(opts, durable.WithNesting(durable.NestingFlat))
		}
		res, err = durable.Map(ctx, n.name, make([]struct{}, n.n), func(c durable.Context, _ struct{}, i int) (string, error) {
			return a.play(c, fmt.Sprintf("%s#%d", suffix, i), n.kids)
		}, opts...)
	}
	return fmt.Sprint(res.Reason, res.Results()), err
}
