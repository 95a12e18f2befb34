package stacks

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
)

// operation is one run of a stack's Op, by one goroutine.
type operation struct {
	s         *Service
	st        *stack
	resources map[string]*resource
	idle      func() // ends what holds up skipping time
}

// run does what is left of the operation. An error means that it stopped where it was: the store failed, or the service
// is closing. That a resource failed is not an error but the beginning of a rollback.
func (o *operation) run(ctx context.Context) (err error) {
	if o.resources, err = o.s.resources(ctx, o.st); err != nil {
		return err
	}
	if err := o.countEvents(ctx); err != nil {
		return err
	}
	for o.st.Op != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch o.st.Op.Phase {
		case forward:
			err = o.forward(ctx)
		case cleanup:
			err = o.cleanup(ctx)
		case rollback:
			err = o.rollback(ctx)
		case undone:
			err = o.cleanup(ctx)
		case deleting:
			err = o.delete(ctx)
		default:
			err = fmt.Errorf("the operation is in the unknown phase %q", o.st.Op.Phase)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// request is what a provider is asked with.
func (o *operation) request(r *resource) *provider.Request {
	return &provider.Request{
		Region: o.st.Region, Account: o.st.Account, Partition: arn.Partition(o.st.Region),
		StackName: o.st.Name, StackID: o.st.ID, LogicalID: r.ID, Suffix: r.Suffix, Type: r.Type, Operation: o.st.Op.ID, Undoes: o.st.Op.Undoes,
		PhysicalID: r.PhysicalID, Properties: r.Properties, Rest: o.rest,
	}
}

// rest lets time be skipped while the operation waits for others.
func (o *operation) rest() (back func()) {
	o.idle()
	return func() { o.idle = o.s.cfg.Busy() }
}

// lookup finds references in what exists.
func (o *operation) lookup(id, attr string) (*cfn.Node, error) {
	r := o.resources[id]
	if r == nil || r.PhysicalID == "" {
		return nil, fmt.Errorf("%s does not exist yet", id)
	}
	if attr == "" {
		return cfn.Text(r.PhysicalID), nil
	}
	v, ok := o.s.attribute(o.st, r, attr)
	if !ok && o.kind(r.Type).Open {
		return nil, fmt.Errorf("CustomResource attribute error: Vendor response doesn't contain %s attribute in object %s|%s", attr, o.st.ID, id)
	}
	if !ok {
		return nil, fmt.Errorf("Template error: resource %s does not support attribute type %s in Fn::GetAtt", id, attr)
	}
	return v, nil
}

// put writes a resource with events about it, in one commit.
func (o *operation) put(ctx context.Context, r *resource, events ...eventDoc) error {
	r.Updated = o.s.cfg.Now().UnixMilli()
	b, err := json.Marshal(&r.resourceDoc)
	if err != nil {
		return err
	}
	docs, err := o.eventDocs(events)
	if err != nil {
		return err
	}
	docs = append(docs, store.Doc{Space: spaceResource, Key: o.st.uuid() + "/" + r.ID, Value: b, Version: r.version})
	if err := o.s.cfg.Store.CommitDocs(ctx, docs...); err != nil {
		return err
	}
	r.version++
	o.resources[r.ID] = r
	return nil
}

// drop removes a resource's record, with an event.
func (o *operation) drop(ctx context.Context, r *resource, e eventDoc) error {
	docs, err := o.eventDocs([]eventDoc{e})
	if err != nil {
		return err
	}
	docs = append(docs, store.Doc{Space: spaceResource, Key: o.st.uuid() + "/" + r.ID, Version: r.version})
	if err := o.s.cfg.Store.CommitDocs(ctx, docs...); err != nil {
		return err
	}
	delete(o.resources, r.ID)
	return nil
}

// turn changes the stack itself, with an event about it.
func (o *operation) turn(ctx context.Context, status, reason string, more ...store.Doc) error {
	o.st.Status, o.st.Reason = status, reason
	docs, err := o.eventDocs([]eventDoc{o.stackEvent(status, reason)})
	if err != nil {
		return err
	}
	return o.s.save(ctx, o.st, append(docs, more...)...)
}

// finish ends the operation.
func (o *operation) finish(ctx context.Context, status, reason string, more ...store.Doc) error {
	events, err := o.eventDocs([]eventDoc{o.stackEvent(status, reason)})
	if err != nil {
		return err
	}
	o.st.Status, o.st.Reason = status, reason
	op := o.st.Op
	o.st.Op = nil
	if err := o.s.save(ctx, o.st, append(events, more...)...); err != nil {
		o.st.Op = op
		return err
	}
	return nil
}

// failure words what a provider answered.
func failure(op string, err error) string {
	e, ok := api.As(err)
	if !ok {
		return err.Error()
	}
	code := "GeneralServiceException"
	switch {
	case e.HTTPStatus() == 404 || e.Code == "NoSuchBucket":
		code = "NotFound"
	case e.HTTPStatus() == 409:
		code = "AlreadyExists"
	case e.HTTPStatus() < 500:
		code = "InvalidRequest"
	}
	return fmt.Sprintf("Resource handler returned message: \"%s\" (RequestToken: %s, HandlerErrorCode: %s)", e.Message, op, code)
}

// dependents is the order in which resources can be deleted: each before those it needs. What an update has made of the
// references may be a circle; then the rest comes in order of ids.
func dependents(all map[string]*resource) []*resource {
	waits := map[string]int{} // how many that are left need it
	for _, r := range all {
		for _, id := range r.Needs {
			waits[id]++
		}
	}
	var order []*resource
	left := slices.Sorted(maps.Keys(all))
	for len(left) > 0 {
		var stuck []string
		for _, id := range left {
			if waits[id] > 0 {
				stuck = append(stuck, id)
				continue
			}
			order = append(order, all[id])
			for _, need := range all[id].Needs {
				waits[need]--
			}
		}
		if len(stuck) == len(left) {
			for _, id := range stuck {
				order = append(order, all[id])
			}
			return order
		}
		left = stuck
	}
	return order
}

// kind is a resource's type. One that this version does not know can only fail.
func (o *operation) kind(name string) *provider.Type {
	if t := o.s.typ(name); t != nil {
		return t
	}
	gone := fmt.Errorf("the resource type %s is not supported any more", name)
	fail := func(context.Context, *provider.Request) (*provider.Result, error) { return nil, gone }
	return &provider.Type{Name: name, Create: fail, Update: fail, Delete: func(context.Context, *provider.Request) error { return gone }}
}
