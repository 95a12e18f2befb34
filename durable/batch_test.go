package durable_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/durabletest"
)

func TestMapRunsItemsInOrderWithConcurrencyOne(t *testing.T) {
	r := run(t, func(ctx durable.Context, in []int) ([]int, error) {
		res, err := durable.Map(ctx, "double", in, func(c durable.Context, n, i int) (int, error) {
			return durable.Step(c, "s", func(durable.StepContext) (int, error) { return 2 * n, nil })
		}, durable.WithMaxConcurrency(1))
		return res.Results(), err
	}, []int{1, 2})
	wantLetters(t, r, "C0 C0 S0 S+ C+ C0 S0 S+ C+ C+ | X+")
	got, err := durabletest.ResultAs[[]int](r)
	if err != nil || len(got) != 2 || got[1] != 4 {
		t.Error(got, err)
	}
	if r.Operation("map-item-1").SubType != "MapIteration" {
		t.Error(r.FormatTree())
	}
}

func TestMapFailsFastByDefault(t *testing.T) {
	r := run(t, func(ctx durable.Context, in []int) (string, error) {
		res, err := durable.Map(ctx, "m", in, func(c durable.Context, n, i int) (int, error) {
			if i == 1 {
				return 0, errors.New("no")
			}
			return n, nil
		}, durable.WithMaxConcurrency(1))
		var b *durable.BatchError
		if !errors.As(err, &b) {
			return "", err
		}
		var child *durable.ChildContextError
		if !errors.As(res.Errors()[0], &child) || child.Name != "map-item-1" {
			t.Errorf("item error %v", res.Errors())
		}
		return res.Reason.String(), durable.Wait(ctx, "", time.Second)
	}, []int{1, 2, 3})
	wantResult(t, r, "FAILURE_TOLERANCE_EXCEEDED")
	wantLetters(t, r, "C0 C0 C+ C0 C- C+ W0 | W+ | X+")
}

func TestParallelBranchesSuspendTogether(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		res, err := durable.Parallel(ctx, "p", []durable.Branch[string]{
			{Name: "a", Func: func(c durable.Context) (string, error) { return "a", durable.Wait(c, "", time.Minute) }},
			{Name: "b", Func: func(c durable.Context) (string, error) { return "b", durable.Wait(c, "", time.Hour) }},
			{Name: "c", Func: func(c durable.Context) (string, error) { return "c", nil }},
		})
		return strings.Join(res.Results(), ""), err
	}, nil)
	wantResult(t, r, "abc")
}

func TestMinSuccessfulAbandonsTheRest(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		res, err := durable.Parallel(ctx, "p", []durable.Branch[string]{
			{Name: "slow", Func: func(c durable.Context) (string, error) { return "slow", durable.Wait(c, "", time.Hour) }},
			{Name: "quick", Func: func(c durable.Context) (string, error) { return "quick", nil }},
		}, durable.WithCompletion(durable.CompletionConfig{MinSuccessful: 1}))
		if res.StartedCount() != 1 {
			t.Errorf("started %d", res.StartedCount())
		}
		return strings.Join(res.Results(), "") + res.Reason.String(), err
	}, nil)
	wantResult(t, r, "quickMIN_SUCCESSFUL_REACHED")
}

func TestLargeMapIsMadeAgainFromItsItems(t *testing.T) {
	big := strings.Repeat("x", 70_000)
	bodies := 0
	r := run(t, func(ctx durable.Context, _ any) (int, error) {
		res, err := durable.Map(ctx, "m", []int{0, 1, 2, 3}, func(durable.Context, int, int) (string, error) { bodies++; return big, nil }, durable.WithMaxConcurrency(1))
		if err != nil {
			return 0, err
		}
		if err := durable.Wait(ctx, "", time.Second); err != nil {
			return 0, err
		}
		return len(strings.Join(res.Results(), "")), nil
	}, nil)
	wantResult(t, r, 280_000)
	if bodies != 4 {
		t.Errorf("bodies ran %d times", bodies)
	}
	m := r.Operation("m")
	if !m.ContextDetails.ReplayChildren || !strings.Contains(m.ContextDetails.Result, `"itemStatuses":"SSSS"`) {
		t.Errorf("%+v", m.ContextDetails)
	}
}

func TestFlatBatchFilesOperationsUnderItself(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (int, error) {
		res, err := durable.Map(ctx, "m", []int{5, 6}, func(c durable.Context, n, _ int) (int, error) {
			return durable.Step(c, "s", func(durable.StepContext) (int, error) { return n, nil })
		}, durable.WithNesting(durable.NestingFlat), durable.WithMaxConcurrency(1))
		if err != nil {
			return 0, err
		}
		return res.Results()[0] + res.Results()[1], durable.Wait(ctx, "", time.Second)
	}, nil)
	wantResult(t, r, 11)
	wantLetters(t, r, "C0 S0 S+ S0 S+ C+ W0 | W+ | X+")
}

func TestMixedBranchesKeepTheirTypes(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		n := durable.NewTypedBranch("n", func(durable.Context) (int, error) { return 7, nil })
		s := durable.NewTypedBranch("s", func(durable.Context) (string, error) { return "seven", nil })
		res, err := durable.ParallelMixed(ctx, "mixed", []durable.AnyBranch{n, s}, durable.WithMaxConcurrency(1))
		if err != nil {
			return "", err
		}
		if err := durable.Wait(ctx, "", time.Second); err != nil {
			return "", err
		}
		v, err := n.Result(res)
		if err != nil || v != 7 {
			t.Error(v, err)
		}
		other := durable.NewTypedBranch("x", func(durable.Context) (int, error) { return 1, nil })
		if _, err := other.Result(res); err == nil {
			t.Error("a foreign branch has a result")
		}
		return s.Result(res)
	}, nil)
	wantResult(t, r, "seven")
	wantLetters(t, r, "C0 C0 C+ C0 C+ C+ W0 | W+ | X+")
}

func TestSelectGivesTheFirstAndDropsTheRest(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		name, v, err := durable.Select(ctx, "sel", []durable.Branch[string]{
			{Name: "timer", Func: func(c durable.Context) (string, error) { return "late", durable.Wait(c, "", time.Hour) }},
			{Name: "work", Func: func(c durable.Context) (string, error) { return "done", durable.Wait(c, "", time.Minute) }},
		})
		if err != nil {
			return "", err
		}
		return name + v, durable.Wait(ctx, "", time.Second)
	}, nil)
	wantResult(t, r, "workdone")
	if w := r.Operations; len(w) != 6 {
		t.Error(r.FormatTree())
	}
}

func TestGroupRetryWaitsBetweenAttempts(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (int, error) {
		return durable.Retry(ctx, "g", func(c durable.Context, attempt int) (int, error) {
			if attempt < 3 {
				return 0, errors.New("again")
			}
			return attempt, nil
		}, durable.MustLinearBackoff(durable.LinearRetryConfig{}))
	}, nil)
	wantResult(t, r, 3)
	wantLetters(t, r, "C0 C- W0 | W+ C0 C- W0 | W+ C0 C+ | X+")
	if r.Operation("g-attempt-3") == nil || r.Operation("g-backoff-2") == nil {
		t.Error(r.FormatTree())
	}
}

func TestCombinatorsRecordTheirOutcome(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		step := func(name string, err error) *durable.Future[string] {
			return durable.StepAsync(ctx, name, func(durable.StepContext) (string, error) { return name, err }, durable.WithRetry(durable.NoRetry()))
		}
		all, err := durable.All(ctx, "all", []*durable.Future[string]{step("a", nil), step("b", nil)})
		if err != nil {
			return "", err
		}
		settled, err := durable.AllSettled(ctx, "settled", []*durable.Future[string]{step("c", nil), step("d", errors.New("bad"))})
		if err != nil || settled[1].Err == nil {
			return "", errors.New("settled")
		}
		any1, err := durable.Any(ctx, "any", []*durable.Future[string]{step("e", errors.New("bad")), step("f", nil)})
		if err != nil {
			return "", err
		}
		_, err = durable.Any(ctx, "none", []*durable.Future[string]{step("g", errors.New("bad"))})
		var child *durable.ChildContextError
		var comb *durable.CombinatorError
		if !errors.As(err, &child) || child.ErrorType != "PromiseCombinatorError" || !errors.As(err, &comb) || child.Message != "All promises were rejected" {
			t.Errorf("any: %#v", err)
		}
		err = durable.Join(ctx, "join", []durable.Awaitable{step("h", nil), durable.WaitAsync(ctx, "w", time.Minute)})
		if err != nil {
			return "", err
		}
		return strings.Join(all, "") + any1, nil
	}, nil)
	wantResult(t, r, "abf")
}

func TestBatchResultKeepsItemsThroughJSON(t *testing.T) {
	var res durable.BatchResult[int]
	res.Reason = durable.CompletionAllCompleted
	res.Items = []durable.BatchItem[int]{{Index: 0, Name: "a", Status: durable.BatchItemSucceeded, Result: 3}, {Index: 1, Name: "b", Status: durable.BatchItemFailed, Err: &durable.ChildContextError{Name: "b", ErrorType: "E", Message: "m"}}}
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	var back durable.BatchResult[int]
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.Reason != res.Reason || back.Items[0].Result != 3 || back.Items[1].Err.Error() != res.Items[1].Err.Error() {
		t.Errorf("%s -> %+v", b, back)
	}
}
