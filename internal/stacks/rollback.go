package stacks

import (
	"context"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
)

// rollback undoes what the operation did, in reverse order: of a create, everything is deleted; of an update, changed
// resources are given their old properties, replaced ones are the old ones again, and what was new is deleted after that.
func (o *operation) rollback(ctx context.Context) error {
	if o.st.Op.Kind == "CREATE" {
		failed, err := o.removeAll(ctx, dependents(o.resources), nil, true)
		if err != nil {
			return err
		}
		if len(failed) > 0 {
			return o.finish(ctx, "ROLLBACK_FAILED", "The following resource(s) failed to delete: ["+strings.Join(failed, ", ")+"]. ")
		}
		return o.finish(ctx, "ROLLBACK_COMPLETE", "")
	}
	order := dependents(o.resources)
	var failed []string
	for i := len(order) - 1; i >= 0; i-- { // what is needed first comes back first
		if err := ctx.Err(); err != nil {
			return err
		}
		ok, err := o.undo(ctx, order[i])
		if err != nil {
			return err
		}
		if !ok {
			failed = append(failed, order[i].ID)
		}
	}
	if len(failed) > 0 {
		return o.finish(ctx, "UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: ["+strings.Join(failed, ", ")+"]. ")
	}
	op := o.st.Op
	op.Phase, op.Removes = undone, nil
	for id, r := range o.resources {
		if r.Op == op.Undoes { // it was new
			op.Removes = append(op.Removes, id)
		}
	}
	return o.turn(ctx, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
}

// undo gives a resource back what it was. What is new stays for the cleanup.
func (o *operation) undo(ctx context.Context, r *resource) (ok bool, _ error) {
	if r.Op != o.st.Op.Undoes || r.Was == nil {
		return true, nil
	}
	now, was := r.state, *r.Was
	differs := r.Type == provider.NestedStack || replaces(o.kind(r.Type), was.Properties, now.Properties) != cfn.Never
	if now.PhysicalID == was.PhysicalID && r.Step != "replace" && differs {
		r.Status = "UPDATE_IN_PROGRESS"
		if err := o.put(ctx, r, o.event(r, r.Status, "")); err != nil {
			return false, err
		}
		req := o.request(r)
		req.Properties, req.Old, req.Retry = was.Properties, now.Properties, true
		res, err := o.kind(r.Type).Update(ctx, req)
		if err != nil {
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			r.Status, r.Reason = "UPDATE_FAILED", failure(o.st.Op.ID, err)
			return false, o.put(ctx, r, o.event(r, r.Status, r.Reason))
		}
		was.is(res)
	}
	r.Leftover = nil
	if now.PhysicalID != "" && now.PhysicalID != was.PhysicalID { // what it is now goes, not what it was
		r.Leftover = []remainder{{now.PhysicalID, now.Properties, false}}
	}
	r.state, r.Was, r.Step, r.Op = was, nil, "", o.st.Op.ID
	r.Status, r.Reason = "UPDATE_COMPLETE", ""
	return true, o.put(ctx, r, o.event(r, r.Status, ""))
}
