package deploy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Change is what a deployment would do to a resource.
type Change struct {
	Action      string           `xml:"Action" json:"action"` // Add, Modify, Remove
	Resource    string           `xml:"LogicalResourceId" json:"resource"`
	Type        string           `xml:"ResourceType" json:"type"`
	Replacement string           `xml:"Replacement" json:"replacement,omitempty"` // True, False, Conditional; of Modify
	Properties  []PropertyChange `xml:"Details>member>Target" json:"properties"`
}

// PropertyChange is a property that differs. Values are text, or JSON.
type PropertyChange struct {
	Name   string `xml:"Name" json:"name"`
	Before string `xml:"BeforeValue" json:"before,omitempty"`
	After  string `xml:"AfterValue" json:"after,omitempty"`
}

// Diff tells what Deploy would change, and changes nothing. Like Deploy it builds the functions and uploads them, since
// what they are made of is part of the comparison. The server works the changes out, as a change set that is deleted
// again.
func Diff(ctx context.Context, o Options) ([]Change, error) {
	var changes []Change
	err := within(ctx, &o, func(p *Project, work string) (err error) {
		changes, err = p.diff(ctx, &o, work)
		return err
	})
	return changes, err
}

func (p *Project) diff(ctx context.Context, o *Options, work string) ([]Change, error) {
	u, err := newUploads(ctx, o)
	if err != nil {
		return nil, err
	}
	text, err := p.pack(ctx, o, u, work)
	if err != nil {
		return nil, err
	}
	t := &target{c: o.Client, name: p.Stack, options: o, uploads: u}
	st, err := t.describe(ctx, t.name)
	if err != nil {
		return nil, err
	}
	kind := "UPDATE"
	switch {
	case st == nil:
		kind = "CREATE"
	case st.Status == "REVIEW_IN_PROGRESS":
		kind, st = "CREATE", nil
	case makesRoom(st.Status):
		return nil, fmt.Errorf("the stack %s is %s from an earlier attempt; perdure deploy replaces it with a new one", t.name, st.Status)
	}
	form, err := t.form(ctx, text, st)
	if err != nil {
		return nil, err
	}
	return t.propose(ctx, form, kind)
}

// propose makes a change set, reads it, and deletes it with the stack that it may have begun.
func (t *target) propose(ctx context.Context, form url.Values, kind string) (_ []Change, err error) {
	before, err := t.describe(ctx, t.name)
	if err != nil {
		return nil, err
	}
	form.Set("ChangeSetType", kind)
	form.Set("ChangeSetName", "perdure-diff-"+strings.ToLower(rand.Text()))
	var made struct {
		ID    string `xml:"Id"`
		Stack string `xml:"StackId"`
	}
	if err := t.call(ctx, "CreateChangeSet", form, &made); err != nil {
		return nil, fmt.Errorf("the stack %s cannot become that: %w", t.name, err)
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		err = errors.Join(err, t.call(ctx, "DeleteChangeSet", url.Values{"ChangeSetName": {made.ID}}, nil))
		if before == nil {
			err = errors.Join(err, t.call(ctx, "DeleteStack", url.Values{"StackName": {made.Stack}}, nil))
		}
	}()
	var out struct {
		Changes []Change `xml:"Changes>member>ResourceChange"`
		Status  string
		Reason  string `xml:"StatusReason"`
	}
	if err := t.call(ctx, "DescribeChangeSet", url.Values{"ChangeSetName": {made.ID}, "IncludePropertyValues": {"true"}}, &out); err != nil {
		return nil, err
	}
	if out.Status == "FAILED" && !strings.Contains(out.Reason, "didn't contain changes") {
		return nil, fmt.Errorf("the stack %s cannot become that: %s", t.name, out.Reason)
	}
	return out.Changes, nil
}
