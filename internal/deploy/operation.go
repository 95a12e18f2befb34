package deploy

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/client"
)

const (
	cloudFormation  = "2010-05-15"
	maxInline       = 51_200 // bytes of a template inside a request
	pollEvery       = 250 * time.Millisecond
	nothingToDo     = "No updates are to be performed."
	eventPagesAtOne = 20 // of 100 events each, between two polls
)

// target is a stack at an endpoint.
type target struct {
	c       *client.Client
	name    string
	options *Options
	uploads *uploads
	seen    string // newest event before the operation, or reported so far
	causes  []string
}

type stackView struct {
	StackID string   `xml:"StackId"`
	Status  string   `xml:"StackStatus"`
	Reason  string   `xml:"StackStatusReason"`
	Outputs []Output `xml:"Outputs>member"`
	Given   []struct {
		Key string `xml:"ParameterKey"`
	} `xml:"Parameters>member"`
}

func (t *target) call(ctx context.Context, action string, form url.Values, out any) error {
	return t.c.Query(ctx, "cloudformation", cloudFormation, action, form, out)
}

// describe finds a stack by name or id; nil if there is none.
func (t *target) describe(ctx context.Context, name string) (*stackView, error) {
	var out struct {
		Stacks []stackView `xml:"Stacks>member"`
	}
	err := t.call(ctx, "DescribeStacks", url.Values{"StackName": {name}}, &out)
	if e, ok := api.As(err); ok && e.Code == "ValidationError" && strings.HasSuffix(e.Message, "does not exist") {
		return nil, nil
	}
	if err != nil || len(out.Stacks) == 0 {
		return nil, err
	}
	return &out.Stacks[0], nil
}

// apply creates or updates the stack.
func (t *target) apply(ctx context.Context, text []byte) (*Result, error) {
	st, err := t.describe(ctx, t.name)
	if err != nil {
		return nil, err
	}
	if st != nil && (makesRoom(st.Status) || st.Status == "REVIEW_IN_PROGRESS") {
		t.options.say("%s is %s from an earlier attempt and makes room", t.name, st.Status)
		if err := t.delete(ctx, st); err != nil {
			return nil, err
		}
		st = nil
	}
	form, err := t.form(ctx, text, st)
	if err != nil {
		return nil, err
	}
	action := "CreateStack"
	if st != nil {
		action = "UpdateStack"
		if err := t.mark(ctx, st.StackID); err != nil {
			return nil, err
		}
	}
	var out struct {
		StackID string `xml:"StackId"`
	}
	err = t.call(ctx, action, form, &out)
	if e, ok := api.As(err); ok && st != nil && e.Message == nothingToDo {
		return &Result{StackName: t.name, StackID: st.StackID, Status: st.Status, Outputs: st.Outputs}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the stack %s was not changed: %w", t.name, err)
	}
	return t.outcome(ctx, out.StackID)
}

// makesRoom tells of a status that no update leads out of.
func makesRoom(status string) bool {
	return slices.Contains([]string{"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}, status)
}

// outcome follows an operation to its end.
func (t *target) outcome(ctx context.Context, id string) (*Result, error) {
	st, err := t.follow(ctx, id)
	if err != nil {
		return nil, err
	}
	if st.Status != "CREATE_COMPLETE" && st.Status != "UPDATE_COMPLETE" {
		return nil, fmt.Errorf("the stack %s ended %s: %s", t.name, st.Status, t.why(st))
	}
	return &Result{StackName: t.name, StackID: id, Status: st.Status, Changed: true, Outputs: st.Outputs}, nil
}

func (t *target) why(st *stackView) string {
	if len(t.causes) > 0 {
		return strings.Join(t.causes, "; ")
	}
	return st.Reason
}

// form is what both create and update are sent.
func (t *target) form(ctx context.Context, text []byte, st *stackView) (url.Values, error) {
	form := url.Values{"StackName": {t.name}}
	for i, c := range []string{"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"} {
		form.Set("Capabilities.member."+strconv.Itoa(i+1), c)
	}
	if len(text) <= maxInline {
		form.Set("TemplateBody", string(text))
	} else {
		key, err := t.uploads.put(ctx, text, ".template")
		if err != nil {
			return nil, err
		}
		form.Set("TemplateURL", t.c.Endpoint()+"/"+t.uploads.bucket+"/"+key)
	}
	for i, key := range slices.Sorted(maps.Keys(t.options.Parameters)) {
		prefix := "Parameters.member." + strconv.Itoa(i+1) + "."
		form.Set(prefix+"ParameterKey", key)
		form.Set(prefix+"ParameterValue", t.options.Parameters[key])
	}
	for i, key := range slices.Sorted(maps.Keys(t.options.tags)) {
		prefix := "Tags.member." + strconv.Itoa(i+1) + "."
		form.Set(prefix+"Key", key)
		form.Set(prefix+"Value", t.options.tags[key])
	}
	if st != nil {
		t.keep(form, text, st)
	}
	return form, nil
}

// keep lets parameters that are not given have the values they had, as far as the template still has them.
func (t *target) keep(form url.Values, text []byte, st *stackView) {
	n := len(t.options.Parameters)
	for _, g := range st.Given {
		if _, given := t.options.Parameters[g.Key]; given || !strings.Contains(string(text), g.Key) {
			continue
		}
		n++
		prefix := "Parameters.member." + strconv.Itoa(n) + "."
		form.Set(prefix+"ParameterKey", g.Key)
		form.Set(prefix+"UsePreviousValue", "true")
	}
}

// delete removes a stack and waits for it.
func (t *target) delete(ctx context.Context, st *stackView) error {
	if err := t.mark(ctx, st.StackID); err != nil {
		return err
	}
	if err := t.call(ctx, "DeleteStack", url.Values{"StackName": {st.StackID}}, nil); err != nil {
		return err
	}
	end, err := t.follow(ctx, st.StackID)
	if err != nil {
		return err
	}
	if end.Status != "DELETE_COMPLETE" {
		return fmt.Errorf("the stack %s ended %s: %s", t.name, end.Status, t.why(end))
	}
	t.seen, t.causes = "", nil
	return nil
}

// follow reports events until the stack is at rest. It is looked at before its events are read, so that none is missed.
func (t *target) follow(ctx context.Context, id string) (*stackView, error) {
	for {
		st, err := t.describe(ctx, id)
		if err != nil {
			return nil, err
		}
		if st == nil {
			return nil, fmt.Errorf("the stack %s is gone", t.name)
		}
		if err := t.report(ctx, id); err != nil {
			return nil, err
		}
		if !strings.HasSuffix(st.Status, "_IN_PROGRESS") {
			return st, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

type event struct {
	ID       string `xml:"EventId"`
	Resource string `xml:"LogicalResourceId"`
	Type     string `xml:"ResourceType"`
	Status   string `xml:"ResourceStatus"`
	Reason   string `xml:"ResourceStatusReason"`
}

// news are the events since the last look, oldest first.
func (t *target) news(ctx context.Context, id string) ([]event, error) {
	var news []event
	form := url.Values{"StackName": {id}}
	for range eventPagesAtOne {
		var out struct {
			Events []event `xml:"StackEvents>member"`
			Next   string  `xml:"NextToken"`
		}
		if err := t.call(ctx, "DescribeStackEvents", form, &out); err != nil {
			return nil, err
		}
		for _, e := range out.Events {
			if e.ID == t.seen {
				slices.Reverse(news)
				return news, nil
			}
			news = append(news, e)
		}
		if out.Next == "" {
			break
		}
		form.Set("NextToken", out.Next)
	}
	slices.Reverse(news)
	return news, nil
}

// mark notes where the events of the next operation begin.
func (t *target) mark(ctx context.Context, id string) error {
	news, err := t.news(ctx, id)
	if len(news) > 0 {
		t.seen = news[len(news)-1].ID
	}
	return err
}

func (t *target) report(ctx context.Context, id string) error {
	news, err := t.news(ctx, id)
	if err != nil {
		return err
	}
	for _, e := range news {
		t.seen = e.ID
		switch {
		case strings.HasSuffix(e.Status, "_FAILED") && e.Type != "AWS::CloudFormation::Stack":
			t.causes = append(t.causes, fmt.Sprintf("%s (%s): %s", e.Resource, e.Type, e.Reason))
			t.options.say("%s  %s  %s: %s", e.Status, e.Type, e.Resource, e.Reason)
		case e.Type == "AWS::CloudFormation::Stack" && e.Reason != "" && e.Reason != "User Initiated":
			t.options.say("%s  %s  %s: %s", e.Status, e.Type, e.Resource, e.Reason)
		case !strings.HasSuffix(e.Status, "_IN_PROGRESS"):
			t.options.say("%s  %s  %s", e.Status, e.Type, e.Resource)
		}
	}
	return nil
}
