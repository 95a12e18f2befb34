package stacks

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
)

// errFailed: a resource failed and its events are written; the operation is to be rolled back.
var errFailed = errors.New("a resource failed")

// forward makes and changes resources in order, then sets the outputs.
func (o *operation) forward(ctx context.Context) error {
	op := o.st.Op
	text, err := o.s.template(ctx, op.Template)
	if err != nil {
		return err
	}
	plan, err := o.s.instantiate(ctx, o.st, text, &op.settings)
	if err != nil { // it was fine when the operation began: an export or a parameter has gone since
		return o.fail(ctx, err.Error())
	}
	var failed []string
	for _, r := range plan.Resources {
		if err := ctx.Err(); err != nil {
			return err
		}
		if op.Kind == "CREATE" && o.late() {
			return o.fail(ctx, "Stack creation time exceeded the specified timeout. ")
		}
		err := o.bring(ctx, plan, r)
		if errors.Is(err, errFailed) {
			failed = append(failed, r.ID)
			break
		}
		if err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		verb := map[string]string{"CREATE": "create", "UPDATE": "update"}[op.Kind]
		return o.fail(ctx, "The following resource(s) failed to "+verb+": ["+strings.Join(failed, ", ")+"]. ")
	}
	return o.complete(ctx, plan)
}

// fail begins the rollback, or ends the operation where it is if the user wants no rollback.
func (o *operation) fail(ctx context.Context, reason string) error {
	op := o.st.Op
	o.st.Why = reason
	if op.DisableRollback {
		return o.finish(ctx, op.Kind+"_FAILED", reason)
	}
	op.Phase, op.Undoes, op.ID = rollback, op.ID, o.s.cfg.NewID()
	if op.Kind == "CREATE" {
		return o.turn(ctx, "ROLLBACK_IN_PROGRESS", reason+"Rollback requested by user.")
	}
	return o.turn(ctx, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
}

// bring makes one resource what the template wants.
func (o *operation) bring(ctx context.Context, plan *cfn.Stack, want *cfn.Resource) error {
	r := o.resources[want.ID]
	if r != nil && r.Op == o.st.Op.ID && r.Step == "" {
		return nil // done before a restart
	}
	props, err := plan.Properties(want.ID, o.lookup)
	if err != nil {
		return o.failed(ctx, r, want, err)
	}
	next := state{Properties: props, Metadata: want.Metadata, Needs: plan.Needs[want.ID],
		DeletionPolicy: want.DeletionPolicy, UpdateReplacePolicy: want.UpdateReplacePolicy}
	t := o.kind(want.Type)
	if r == nil || r.Step == "create" {
		return o.create(ctx, t, r, want, next)
	}
	mine := r.Op == o.st.Op.ID
	again := r.Step != "" // half done: before a restart, or by an operation that failed without a rollback
	was := r.Properties
	if again && (mine || r.Step == "replace") {
		was = r.Was.Properties
	}
	switch replaces(t, was, props) {
	case cfn.Always:
		return o.replace(ctx, t, r, next)
	case cfn.Conditionally:
		return o.update(ctx, t, r, next)
	}
	if again || t.Name == provider.NestedStack { // whose template may be another one at the same place
		return o.update(ctx, t, r, next)
	}
	// The same, as far as the resource itself goes.
	if r.Metadata.Equal(next.Metadata) && slices.Equal(r.Needs, next.Needs) && r.DeletionPolicy == next.DeletionPolicy &&
		r.UpdateReplacePolicy == next.UpdateReplacePolicy {
		return nil
	}
	before := r.state
	r.Was = &before
	r.state = next
	r.as(&before)
	r.Properties = before.Properties
	r.Op = o.st.Op.ID
	return o.put(ctx, r)
}

// replaces is Always if a change needs a new resource, Conditionally if there is a change at all, otherwise Never.
func replaces(t *provider.Type, before, after *cfn.Node) cfn.Replacement {
	answer := cfn.Never
	for _, n := range []*cfn.Node{before, after} {
		if n == nil {
			continue
		}
		for _, k := range n.Keys {
			if before.Get(k).Equal(after.Get(k)) {
				continue
			}
			if t.Replaces(k) == cfn.Always {
				return cfn.Always
			}
			answer = cfn.Conditionally
		}
	}
	return answer
}

// failed records that a resource could not even be asked for.
func (o *operation) failed(ctx context.Context, r *resource, want *cfn.Resource, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r == nil {
		r = &resource{resourceDoc: resourceDoc{ID: want.ID, Type: want.Type, Op: o.st.Op.ID, Suffix: o.suffix()}}
	}
	verb := "CREATE"
	if r.PhysicalID != "" {
		verb = "UPDATE"
	}
	r.Status, r.Reason = verb+"_FAILED", cause.Error()
	if err := o.put(ctx, r, o.event(r, r.Status, r.Reason)); err != nil {
		return err
	}
	return errFailed
}

// suffix is the random part of generated names.
func (o *operation) suffix() string {
	return strings.ToUpper(strings.ReplaceAll(o.s.cfg.NewID(), "-", ""))[:12]
}

func (o *operation) create(ctx context.Context, t *provider.Type, r *resource, want *cfn.Resource, next state) error {
	retry := r != nil
	if r == nil {
		r = &resource{resourceDoc: resourceDoc{ID: want.ID, Type: want.Type, Suffix: o.suffix()}}
	}
	r.state, r.Step, r.Op = next, "create", o.st.Op.ID
	r.Status, r.Reason = "CREATE_IN_PROGRESS", ""
	if !retry {
		if err := o.put(ctx, r, o.event(r, "CREATE_IN_PROGRESS", "")); err != nil {
			return err
		}
	}
	return o.made(ctx, t, r, retry)
}

// made asks the provider for a new resource and writes down what came of it.
func (o *operation) made(ctx context.Context, t *provider.Type, r *resource, retry bool) error {
	verb := "CREATE"
	if r.Step == "replace" {
		verb = "UPDATE"
	}
	req := o.request(r)
	req.PhysicalID, req.Retry = "", retry
	res, err := t.Create(ctx, req)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if res != nil {
		r.is(res)
	}
	if err != nil {
		r.Status, r.Reason = verb+"_FAILED", failure(o.st.Op.ID, err)
		if err := o.put(ctx, r, o.event(r, r.Status, r.Reason)); err != nil {
			return err
		}
		return errFailed
	}
	if r.Step == "replace" && r.PhysicalID != r.Was.PhysicalID { // otherwise it is the same thing after all
		r.Leftover = append(r.Leftover, remainder{r.Was.PhysicalID, r.Was.Properties, keeps(r.UpdateReplacePolicy)})
	}
	r.Step, r.Status, r.Reason = "", verb+"_COMPLETE", ""
	return o.put(ctx, r, o.event(r, verb+"_IN_PROGRESS", "Resource creation Initiated"), o.event(r, r.Status, ""))
}

// replace makes a new resource beside the old one, which is deleted in the cleanup.
func (o *operation) replace(ctx context.Context, t *provider.Type, r *resource, next state) error {
	retry := r.Step == "replace" && r.Op == o.st.Op.ID
	if !retry {
		before := r.settled()
		r.Was, r.Step, r.Op, r.Suffix = &before, "replace", o.st.Op.ID, o.suffix()
		r.state = next
		r.Status, r.Reason = "UPDATE_IN_PROGRESS", ""
		e := o.event(r, "UPDATE_IN_PROGRESS", "Requested update requires the creation of a new physical resource; hence creating one.")
		e.Physical = before.PhysicalID
		if err := o.put(ctx, r, e); err != nil {
			return err
		}
	} else {
		r.state = next
	}
	return o.made(ctx, t, r, retry)
}

// update changes a resource in place.
func (o *operation) update(ctx context.Context, t *provider.Type, r *resource, next state) error {
	if r.Step != "update" || r.Op != o.st.Op.ID {
		before := r.settled()
		r.Was, r.Step, r.Op = &before, "update", o.st.Op.ID
	}
	r.state = next
	r.as(r.Was)
	r.Status, r.Reason = "UPDATE_IN_PROGRESS", ""
	if err := o.put(ctx, r, o.event(r, r.Status, "")); err != nil {
		return err
	}
	req := o.request(r)
	req.Old, req.Retry = r.Was.Properties, true
	res, err := t.Update(ctx, req)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.Status, r.Reason = "UPDATE_FAILED", failure(o.st.Op.ID, err)
		if err := o.put(ctx, r, o.event(r, r.Status, r.Reason)); err != nil {
			return err
		}
		return errFailed
	}
	if res.PhysicalID != r.PhysicalID { // a custom resource has decided to be another thing
		r.Leftover = append(r.Leftover, remainder{r.PhysicalID, r.Was.Properties, keeps(r.UpdateReplacePolicy)})
	}
	r.is(res)
	r.Step, r.Status, r.Reason = "", "UPDATE_COMPLETE", ""
	return o.put(ctx, r, o.event(r, r.Status, ""))
}

// settled is the state that a new operation begins with. A replacement that failed without a rollback never took over.
func (r *resource) settled() state {
	if r.Step != "replace" {
		return r.state
	}
	if r.PhysicalID != "" && r.PhysicalID != r.Was.PhysicalID {
		r.Leftover = append(r.Leftover, remainder{r.PhysicalID, r.Properties, false})
	}
	return *r.Was
}

func keeps(policy string) bool { return policy == "Retain" || policy == "Snapshot" }

// complete sets outputs, exports and all that the operation brought, and goes on to the cleanup.
func (o *operation) complete(ctx context.Context, plan *cfn.Stack) error {
	op, st := o.st.Op, o.st
	values, err := plan.Outputs(o.lookup)
	if err != nil {
		return o.fail(ctx, err.Error())
	}
	var outputs []outputDoc
	for _, v := range values {
		out := outputDoc{Key: v.ID, Description: v.Description, Value: v.Value.Text}
		out.Hidden = slices.ContainsFunc(v.Attributes, func(id string) bool { return o.resources[id].NoEcho })
		if v.Export != nil {
			out.Export = v.Export.Text
		}
		outputs = append(outputs, out)
	}
	exports, err := o.s.exports(ctx, st, outputs)
	if err != nil {
		if errors.As(err, new(inUse)) {
			return o.fail(ctx, err.Error())
		}
		return err
	}
	before := st.stackDoc
	st.Outputs, st.Imports, st.settings, st.Template = outputs, plan.Imports, op.settings, op.Template
	st.Parameters = plan.Parameters
	st.Description = plan.Template.Description
	if st.Parent != "" && before.Template != op.Template { // the parent may want it back
		st.Previous = before.Template
	}
	if op.Kind == "CREATE" {
		err = o.finish(ctx, "CREATE_COMPLETE", "", exports...)
	} else {
		st.Updated = o.s.cfg.Now().UnixMilli()
		op.Phase, op.Removes = cleanup, nil
		for id := range o.resources {
			if plan.Resource(id) == nil {
				op.Removes = append(op.Removes, id)
			}
		}
		err = o.turn(ctx, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "", exports...)
	}
	if errors.Is(err, store.ErrConflict) { // another stack took an export's name meanwhile
		version := st.version
		*st = stack{stackDoc: before, version: version}
		st.Op = op
		op.Phase = forward
		return o.fail(ctx, "An export of this stack was taken by another stack meanwhile.")
	}
	if err != nil || before.Template == "" || before.Template == op.Template {
		return err
	}
	if st.Parent == "" {
		return o.s.cfg.Store.DeleteBlob(ctx, before.Template)
	}
	if before.Previous == "" {
		return nil
	}
	return o.s.cfg.Store.DeleteBlob(ctx, before.Previous)
}

func suffixOf(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
