package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/store"
)

// cleanup ends an update or its rollback: what the template no longer has is deleted, and so are the originals of
// replaced resources. What cannot be deleted stays behind, and the update counts as complete, as in CloudFormation.
func (o *operation) cleanup(ctx context.Context) error {
	op := o.st.Op
	var gone []*resource
	for _, r := range dependents(o.resources) {
		if err := o.removeLeftovers(ctx, r); err != nil {
			return err
		}
		if slices.Contains(op.Removes, r.ID) {
			gone = append(gone, r)
		}
	}
	if _, err := o.removeAll(ctx, gone, nil, op.Phase == undone); err != nil {
		return err
	}
	for _, r := range o.resources { // the next operation starts from here
		if r.Was != nil || r.Step != "" {
			r.Was, r.Step = nil, ""
			if err := o.put(ctx, r); err != nil {
				return err
			}
		}
	}
	if op.Phase == undone {
		if err := o.finish(ctx, "UPDATE_ROLLBACK_COMPLETE", ""); err != nil {
			return err
		}
		if op.Template == o.st.Template {
			return nil
		}
		return o.s.cfg.Store.DeleteBlob(ctx, op.Template)
	}
	return o.finish(ctx, "UPDATE_COMPLETE", "")
}

// removeLeftovers deletes what replacements of r left.
func (o *operation) removeLeftovers(ctx context.Context, r *resource) error {
	for len(r.Leftover) > 0 {
		left := r.Leftover[0]
		e := o.event(r, "DELETE_SKIPPED", "")
		e.Physical = left.PhysicalID
		if !left.Retain {
			req := o.request(r)
			req.PhysicalID, req.Properties, req.Retry = left.PhysicalID, left.Properties, true
			err := o.kind(r.Type).Delete(ctx, req)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			e.Status = "DELETE_COMPLETE"
			if err != nil {
				e.Status, e.Reason = "DELETE_FAILED", failure(o.st.Op.ID, err)
			}
		}
		r.Leftover = r.Leftover[1:]
		if err := o.put(ctx, r, e); err != nil {
			return err
		}
	}
	return nil
}

// removeAll deletes resources in the order given and names those that would not go. created: the operation that is
// being undone made them, so that RetainExceptOnCreate does not hold.
func (o *operation) removeAll(ctx context.Context, list []*resource, retain []string, created bool) (failed []string, _ error) {
	for _, r := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ok, err := o.remove(ctx, r, slices.Contains(retain, r.ID), created)
		if err != nil {
			return nil, err
		}
		if !ok {
			failed = append(failed, r.ID)
		}
	}
	return failed, nil
}

func (o *operation) remove(ctx context.Context, r *resource, retain, created bool) (ok bool, _ error) {
	kept := keeps(r.DeletionPolicy) || r.DeletionPolicy == "RetainExceptOnCreate" && !created
	if retain || kept && r.PhysicalID != "" {
		return true, o.drop(ctx, r, o.event(r, "DELETE_SKIPPED", ""))
	}
	if err := o.removeLeftovers(ctx, r); err != nil {
		return false, err
	}
	if r.PhysicalID == "" { // it never came to be, as far as anybody knows
		return true, o.drop(ctx, r, o.event(r, "DELETE_COMPLETE", ""))
	}
	if r.Step != "delete" {
		r.Step, r.Status, r.Reason = "delete", "DELETE_IN_PROGRESS", ""
		if err := o.put(ctx, r, o.event(r, r.Status, "")); err != nil {
			return false, err
		}
	}
	req := o.request(r)
	req.Retry = true
	if err := o.kind(r.Type).Delete(ctx, req); err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		r.Step, r.Status, r.Reason = "", "DELETE_FAILED", failure(o.st.Op.ID, err)
		return false, o.put(ctx, r, o.event(r, r.Status, r.Reason))
	}
	return true, o.drop(ctx, r, o.event(r, "DELETE_COMPLETE", ""))
}

// delete removes a whole stack. Its record moves aside, where it is found by id, and its name is free.
func (o *operation) delete(ctx context.Context) error {
	failed, err := o.removeAll(ctx, dependents(o.resources), o.st.Op.Retain, false)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return o.finish(ctx, "DELETE_FAILED", "The following resource(s) failed to delete: ["+strings.Join(failed, ", ")+"]. ")
	}
	exports, err := o.s.exports(ctx, o.st, nil)
	if errors.As(err, new(inUse)) {
		return o.finish(ctx, "DELETE_FAILED", err.Error())
	}
	if err != nil {
		return err
	}
	docs, err := o.eventDocs([]eventDoc{o.stackEvent("DELETE_COMPLETE", "")})
	if err != nil {
		return err
	}
	sets, err := o.s.changeSetsOf(ctx, o.st)
	if err != nil {
		return err
	}
	blobs := []string{o.st.Template, o.st.Previous}
	for _, c := range sets {
		docs = append(docs, store.Doc{Space: spaceChangeSet, Key: c.key(), Version: c.version})
		blobs = append(blobs, c.Template)
	}
	gone := o.st.stackDoc
	gone.Status, gone.Reason, gone.Deleted, gone.Op = "DELETE_COMPLETE", "", o.s.cfg.Now().UnixMilli(), nil
	b, err := json.Marshal(&gone)
	if err != nil {
		return err
	}
	docs = append(append(docs, exports...),
		store.Doc{Space: spaceStack, Key: o.st.key(), Version: o.st.version},
		store.Doc{Space: spaceGone, Key: o.st.Region + "/" + o.st.Account + "/" + o.st.uuid(), Value: b})
	if err := o.s.cfg.Store.CommitDocs(ctx, docs...); err != nil {
		return err
	}
	o.st.Op = nil
	var errs []error
	for _, blob := range blobs[1:] {
		if blob != "" && blob != gone.Template { // the last template is still readable by the stack's id
			errs = append(errs, o.s.cfg.Store.DeleteBlob(ctx, blob))
		}
	}
	return errors.Join(errs...)
}
