package lambda

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/store"
)

// executionStatuses are those an execution can be listed by.
var executionStatuses = []string{statusRunning, durop.Succeeded, durop.Failed, durop.TimedOut, durop.Stopped, "DELETING"}

// listOperation is ListDurableExecutionsByFunction (section 6.2). Without a qualifier it lists the executions of all versions.
func (d *Durable) listOperation(ctx context.Context, r *api.Request) (*api.Response, error) {
	q, err := d.listQuery(ctx, r)
	if err != nil {
		return nil, err
	}
	list := []byte{'['}
	marker := ""
	for count := 0; ; {
		heads, next, err := d.eng.Store().Heads(ctx, q.Filter)
		if err != nil {
			return nil, err
		}
		for i := range heads {
			item, ok := q.item(&heads[i])
			if !ok {
				continue
			}
			if count > 0 {
				list = append(list, ',')
			}
			list = append(list, item...)
			count++
		}
		marker = next
		if next == "" || count >= q.items || len(heads) == 0 {
			break
		}
		q.Filter.After = next
		q.Filter.Limit = q.items - count
	}
	var f fields
	f.raw("DurableExecutions", append(list, ']'))
	if marker != "" {
		f.text("NextMarker", base64.StdEncoding.EncodeToString([]byte(marker)))
	}
	return &api.Response{Body: f.end()}, nil
}

// listQuery is a store's filter and what a store cannot filter by.
type listQuery struct {
	store.Filter
	version  string
	statuses []string // more than one
	items    int
}

func (d *Durable) listQuery(ctx context.Context, r *api.Request) (*listQuery, error) {
	items, err := maxItems(r)
	if err != nil {
		return nil, err
	}
	q := &listQuery{items: items, Filter: store.Filter{Kind: DurableKind, Limit: items}}
	if q.Name = r.Query.Get("DurableExecutionName"); q.Name != "" {
		if err := checkExecutionName(q.Name); err != nil {
			return nil, err
		}
	}
	q.statuses = r.Query["Statuses"]
	for _, s := range q.statuses {
		if !slices.Contains(executionStatuses, s) {
			return nil, validation(s, "statuses", "Member must satisfy enum value set: [RUNNING, SUCCEEDED, FAILED, TIMED_OUT, STOPPED]")
		}
	}
	if len(q.statuses) == 1 {
		q.Status = q.statuses[0]
	}
	if q.StartedAfter, err = instant(r, "StartedAfter"); err != nil {
		return nil, err
	}
	if q.StartedBefore, err = instant(r, "StartedBefore"); err != nil {
		return nil, err
	}
	if q.Reverse, err = flag(r, "ReverseOrder", false); err != nil {
		return nil, err
	}
	if m := r.Query.Get("Marker"); m != "" {
		after, err := base64.StdEncoding.DecodeString(m)
		if err != nil || len(after) == 0 {
			return nil, errMarker
		}
		q.After = string(after)
	}
	v, err := d.functions.Resolve(ctx, r.Region, r.Account, r.Path["FunctionName"], r.Query.Get("Qualifier"))
	if err != nil {
		return nil, err
	}
	q.Owner = owner(v.Region, v.Account, v.FunctionName)
	if v.Qualified {
		q.version = v.Version
	}
	return q, nil
}

// item encodes one execution, ok false if it was not asked for.
func (q *listQuery) item(h *store.Head) (item []byte, ok bool) {
	a, data, err := DurableARN(h)
	if err != nil || q.version != "" && data.Version != q.version || len(q.statuses) > 1 && !slices.Contains(q.statuses, h.Status) {
		return nil, false
	}
	var f fields
	f.text("DurableExecutionArn", a.String())
	f.text("DurableExecutionName", h.Name)
	f.text("FunctionArn", a.FunctionARN())
	f.text("Status", h.Status)
	f.time("StartTimestamp", h.Started)
	if h.Ended != 0 {
		f.time("EndTimestamp", h.Ended)
	}
	if data.KMSKey != "" {
		f.text("KMSKeyArn", data.KMSKey)
	}
	return f.end(), true
}
