package states

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

type mapRunIn struct {
	Arn *string `json:"mapRunArn"`
}

type mapCounts struct {
	Pending        int  `json:"pending"`
	Running        int  `json:"running"`
	Succeeded      int  `json:"succeeded"`
	Failed         int  `json:"failed"`
	TimedOut       int  `json:"timedOut"`
	Aborted        int  `json:"aborted"`
	Total          int  `json:"total"`
	ResultsWritten int  `json:"resultsWritten"`
	NotRedrivable  *int `json:"failuresNotRedrivable,omitempty"`
	PendingRedrive *int `json:"pendingRedrive,omitempty"`
}

type mapRunOut struct {
	Arn         string    `json:"mapRunArn"`
	Execution   string    `json:"executionArn"`
	Status      string    `json:"status"`
	Started     stamp     `json:"startDate"`
	Stopped     *stamp    `json:"stopDate,omitempty"`
	Concurrency int       `json:"maxConcurrency"`
	Percentage  float64   `json:"toleratedFailurePercentage"`
	Count       int64     `json:"toleratedFailureCount"`
	Items       mapCounts `json:"itemCounts"`
	Executions  mapCounts `json:"executionCounts"`
	Redrives    int       `json:"redriveCount"`
	Redriven    *stamp    `json:"redriveDate,omitempty"`
}

func latestFirst(runs []*asl.MapRun) {
	slices.SortStableFunc(runs, func(a, b *asl.MapRun) int {
		if c := b.Start.Compare(a.Start); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// showRuns asks an execution for its map runs.
type showRuns struct{}

// runsShown is the answer.
type runsShown struct {
	arn  string
	runs []*asl.MapRun
}

func errNoRun(arn string) error {
	return api.Errorf("ResourceNotFound", "Resource not found: '%s'", arn)
}

// mapRun finds a map run and the execution it belongs to.
func (s *Service) mapRun(ctx context.Context, text string) (store.ID, *runsShown, *asl.MapRun, error) {
	ref, err := arn.ParseMapRun(text)
	if err != nil {
		return "", nil, nil, invalidArn(text)
	}
	v, err := s.engine.Call(ctx, runID(ref.String()), engine.Message{Type: msgShow})
	if errors.Is(err, errGone) {
		return "", nil, nil, errNoRun(text)
	}
	if err != nil {
		return "", nil, nil, err
	}
	parent := v.(store.ID)
	all, err := s.mapRuns(ctx, parent)
	if errors.Is(err, errGone) {
		return "", nil, nil, errNoRun(text)
	}
	if err != nil {
		return "", nil, nil, err
	}
	for _, r := range all.runs {
		if r.ID == ref.ID {
			return parent, all, r, nil
		}
	}
	return "", nil, nil, errNoRun(text)
}

func (s *Service) mapRuns(ctx context.Context, execution store.ID) (*runsShown, error) {
	v, err := s.engine.Call(ctx, execution, engine.Message{Type: msgShow, Value: showRuns{}})
	if err != nil {
		return nil, err
	}
	return v.(*runsShown), nil
}

func (s *Service) showRunsTurn(tx engine.Tx) error {
	l, err := s.load(tx)
	if err != nil {
		return err
	}
	tx.Reply(&runsShown{l.record.Arn, runsOf(tx)})
	return nil
}

func (s *Service) describeMapRun(ctx context.Context, _ *api.Request, in *mapRunIn) (*mapRunOut, error) {
	var c constraints
	c.need("mapRunArn", in.Arn, 1, maxLongArn)
	if err := c.err(); err != nil {
		return nil, err
	}
	_, all, r, err := s.mapRun(ctx, *in.Arn)
	if err != nil {
		return nil, err
	}
	return &mapRunOut{Arn: r.ARN, Execution: all.arn, Status: string(r.Status), Started: stamp(millis(r.Start)), Stopped: when(millis(r.Stop)),
		Concurrency: r.MaxConcurrency, Percentage: r.ToleratedPercentage, Count: r.ToleratedCount,
		Items: countsOf(r, &r.Items), Executions: countsOf(r, &r.Executions), Redrives: r.RedriveCount, Redriven: when(millis(r.Redriven))}, nil
}

func countsOf(r *asl.MapRun, c *asl.Counts) mapCounts {
	out := mapCounts{Pending: c.Pending, Running: c.Running, Succeeded: c.Succeeded, Failed: c.Failed, TimedOut: c.TimedOut,
		Aborted: c.Aborted, Total: c.Total, ResultsWritten: c.ResultsWritten}
	if r.RedriveCount > 0 {
		var none, waiting int
		if r.Status == asl.Running {
			waiting, out.Pending = c.Pending, 0
		}
		out.NotRedrivable, out.PendingRedrive = &none, &waiting
	}
	return out
}

type mapRunsIn struct {
	Arn *string `json:"executionArn"`
	pageIn
}

type mapRunItem struct {
	Execution string `json:"executionArn"`
	Arn       string `json:"mapRunArn"`
	Machine   string `json:"stateMachineArn"`
	Started   stamp  `json:"startDate"`
	Stopped   *stamp `json:"stopDate,omitempty"`
}

type mapRunsOut struct {
	Runs  []mapRunItem `json:"mapRuns"`
	Token *string      `json:"nextToken,omitempty"`
}

func (s *Service) listMapRuns(ctx context.Context, _ *api.Request, in *mapRunsIn) (*mapRunsOut, error) {
	var c constraints
	c.need("executionArn", in.Arn, 1, maxLongArn)
	c.page(in.Max, in.Token, maxToken)
	if err := c.err(); err != nil {
		return nil, err
	}
	e, err := executionArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	scope := "mapRuns|" + *in.Arn
	after, err := pageAfter(scope, in.Token)
	if err != nil {
		return nil, err
	}
	all, err := s.mapRuns(ctx, entity(e))
	if errors.Is(err, errGone) {
		return nil, errNoExecution(*in.Arn)
	}
	if err != nil {
		return nil, err
	}
	out := &mapRunsOut{Runs: []mapRunItem{}}
	for _, r := range all.runs {
		if after != "" {
			if r.ID == after {
				after = ""
			}
			continue
		}
		if n := len(out.Runs); n == pageSize(in.Max) {
			last := out.Runs[n-1].Arn
			out.Token = nextPage(scope, last[strings.LastIndexByte(last, ':')+1:])
			break
		}
		m := arn.StateMachine{Region: e.Region, Account: e.Account, Name: e.Machine, Label: r.Label}
		out.Runs = append(out.Runs, mapRunItem{all.arn, r.ARN, m.String(), stamp(millis(r.Start)), when(millis(r.Stop))})
	}
	return out, nil
}

type updateMapRunIn struct {
	Arn         *string  `json:"mapRunArn"`
	Concurrency *int64   `json:"maxConcurrency"`
	Percentage  *float64 `json:"toleratedFailurePercentage"`
	Count       *int64   `json:"toleratedFailureCount"`
}

func (in *updateMapRunIn) check() error {
	var c constraints
	c.need("mapRunArn", in.Arn, 1, maxLongArn)
	c.number("maxConcurrency", in.Concurrency, 0, 1<<31-1)
	c.number("toleratedFailureCount", in.Count, 0, 1<<53)
	if p := in.Percentage; p != nil && !(*p >= 0) {
		c.add(shownFloat(*p), "toleratedFailurePercentage", "have value greater than or equal to 0")
	} else if p != nil && *p > 100 {
		c.add(shownFloat(*p), "toleratedFailurePercentage", "have value less than or equal to 100")
	}
	return c.err()
}

func (s *Service) updateMapRun(ctx context.Context, _ *api.Request, in *updateMapRunIn) (*struct{}, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	parent, _, r, err := s.mapRun(ctx, *in.Arn)
	if err != nil {
		return nil, err
	}
	change := asl.MapRunChanged{Key: r.Key, MaxConcurrency: -1, ToleratedCount: -1, ToleratedPercentage: -1}
	if in.Concurrency != nil {
		change.MaxConcurrency = int(*in.Concurrency)
	}
	if in.Count != nil {
		change.ToleratedCount = *in.Count
	}
	if in.Percentage != nil {
		change.ToleratedPercentage = *in.Percentage
	}
	_, err = s.engine.Call(ctx, parent, engine.Message{Type: msgMapRun, Value: change})
	switch {
	case errors.Is(err, errGone):
		return nil, errNoRun(*in.Arn)
	case errors.Is(err, asl.ErrClosed), errors.Is(err, asl.ErrNoTask):
		return nil, &api.Error{Code: "ValidationException", Message: "The map run has ended and cannot be updated.",
			Members: map[string]any{"reason": "CANNOT_UPDATE_COMPLETED_MAP_RUN"}}
	case err != nil:
		return nil, err
	}
	return &struct{}{}, nil
}
