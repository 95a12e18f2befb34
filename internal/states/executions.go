package states

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

type executionsIn struct {
	Arn     *string `json:"stateMachineArn"`
	MapRun  *string `json:"mapRunArn"`
	Status  *string `json:"statusFilter"`
	Redrive *string `json:"redriveFilter"`
	pageIn
}

type executionItem struct {
	Arn      string `json:"executionArn"`
	Machine  string `json:"stateMachineArn"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Started  stamp  `json:"startDate"`
	Stopped  *stamp `json:"stopDate,omitempty"`
	Version  string `json:"stateMachineVersionArn,omitempty"`
	Alias    string `json:"stateMachineAliasArn,omitempty"`
	MapRun   string `json:"mapRunArn,omitempty"`
	Items    *int   `json:"itemCount,omitempty"`
	Redrives int    `json:"redriveCount"`
	Redriven *stamp `json:"redriveDate,omitempty"`
}

type executionsOut struct {
	Executions []executionItem `json:"executions"`
	Token      *string         `json:"nextToken,omitempty"`
}

const maxExecutionsToken = 3096

func (in *executionsIn) check() error {
	var c constraints
	c.text("stateMachineArn", in.Arn, 1, maxArn)
	c.text("mapRunArn", in.MapRun, 1, maxLongArn)
	c.enum("statusFilter", in.Status, "SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING")
	c.enum("redriveFilter", in.Redrive, "REDRIVEN", "NOT_REDRIVEN")
	c.page(in.Max, in.Token, maxExecutionsToken)
	if err := c.err(); err != nil {
		return err
	}
	if (in.Arn == nil) == (in.MapRun == nil) {
		return api.Errorf("ValidationException", "Must provide a state machine ARN or a map run ARN, but not both.")
	}
	return nil
}

// listing is which executions a request lists: by the store's filter, and among those by their head's data.
type listing struct {
	filter  store.Filter
	machine arn.StateMachine
	keep    func(*headData) bool
}

func (s *Service) listing(ctx context.Context, in *executionsIn) (*listing, error) {
	l := &listing{filter: store.Filter{Kind: kindStandard, Status: str(in.Status)}, keep: func(*headData) bool { return true }}
	if in.MapRun != nil {
		run, err := arn.ParseMapRun(*in.MapRun)
		if err != nil {
			return nil, invalidArn(*in.MapRun)
		}
		l.machine = arn.StateMachine{Region: run.Region, Account: run.Account, Name: run.Machine, Label: run.Label}
		l.filter.Owner = owner(l.machine)
		l.keep = func(h *headData) bool { return h.MapRun == *in.MapRun }
		return l, nil
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	d, err := s.findMachine(ctx, ref)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, errNoMachine(*in.Arn)
	}
	if d.express() {
		return nil, errType()
	}
	l.machine = arn.StateMachine{Region: ref.Region, Account: ref.Account, Name: ref.Name, Label: ref.Label}
	l.filter.Owner = owner(l.machine)
	if q := ref.Qualifier; ref.Version() {
		l.keep = func(h *headData) bool { return h.Version == q }
	} else if q != "" {
		l.keep = func(h *headData) bool { return h.Alias == q }
	}
	return l, nil
}

func errType() error {
	return api.Errorf("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
}

func (s *Service) listExecutions(ctx context.Context, _ *api.Request, in *executionsIn) (*executionsOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	l, err := s.listing(ctx, in)
	if err != nil {
		return nil, err
	}
	scope := strings.Join([]string{"executions", str(in.Arn), str(in.MapRun), str(in.Status), str(in.Redrive)}, "|")
	if l.filter.After, err = pageAfter(scope, in.Token); err != nil {
		return nil, err
	}
	out := &executionsOut{Executions: []executionItem{}}
	size := pageSize(in.Max)
	for l.filter.Limit = size; ; {
		heads, next, err := s.engine.Store().Heads(ctx, l.filter)
		if err != nil {
			return nil, err
		}
		if err := l.gather(in, heads, out); err != nil {
			return nil, err
		}
		if next == "" {
			return out, nil
		}
		l.filter.After, l.filter.Limit = next, size-len(out.Executions)
		if l.filter.Limit == 0 {
			out.Token = nextPage(scope, next)
			return out, nil
		}
	}
}

// gather adds those of the heads that the request lists.
func (l *listing) gather(in *executionsIn, heads []store.Head, out *executionsOut) error {
	for i := range heads {
		h := &heads[i]
		var d headData
		if len(h.Data) > 0 {
			if err := json.Unmarshal(h.Data, &d); err != nil {
				return err
			}
		}
		redriven := in.Redrive == nil || (*in.Redrive == "REDRIVEN") == (d.Redrives > 0)
		if l.keep(&d) && redriven {
			out.Executions = append(out.Executions, item(l.machine, h, &d))
		}
	}
	return nil
}

func item(m arn.StateMachine, h *store.Head, d *headData) executionItem {
	e := arn.Execution{Region: m.Region, Account: m.Account, Machine: m.Name, Label: m.Label, Name: h.Name, ID: d.ID}
	it := executionItem{Arn: e.String(), Machine: m.String(), Name: h.Name, Status: h.Status, Started: stamp(h.Started),
		Stopped: when(h.Ended), MapRun: d.MapRun, Redrives: d.Redrives, Redriven: when(d.Redriven)}
	base := arn.StateMachine{Region: m.Region, Account: m.Account, Name: m.Name}
	if d.Version != "" {
		base.Qualifier = d.Version
		it.Version = base.String()
	}
	if d.Alias != "" {
		base.Qualifier = d.Alias
		it.Alias = base.String()
	}
	if d.MapRun != "" {
		it.Items = &d.Items
	}
	return it
}
