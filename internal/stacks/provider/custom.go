package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
)

// CustomResource is the type of resources that a function of the user's makes; "Custom::Anything" is another name for it.
const CustomResource = "AWS::CloudFormation::CustomResource"

var customName = regexp.MustCompile(`^Custom::[A-Za-z0-9_@-]{1,52}$`)

// Find gives the type of a name, nil if there is none.
func Find(types map[string]*Type, name string) *Type {
	if t := types[name]; t != nil {
		return t
	}
	if customName.MatchString(name) {
		return types[CustomResource]
	}
	return nil
}

// customs makes resources by asking functions for them.
type customs struct{ env Env }

func customTypes(env Env) []*Type {
	c := customs{env}
	return []*Type{{
		Name: CustomResource, Open: true, Required: []string{"ServiceToken"}, Verify: verifyCustom,
		Create: c.create, Update: c.update, Delete: c.delete,
	}}
}

const maxServiceTimeout = 3600 // seconds, and the default

// verifyCustom looks at the two properties that are for CloudFormation rather than for the function.
func verifyCustom(id string, p *cfn.Node) error {
	if text, known := p.Get("ServiceToken").Scalar(); known {
		if a, err := arn.Parse(text); err == nil && a.Service == "sns" {
			return fmt.Errorf("the custom resource %s is to be made by an SNS topic, which is not supported here: name a Lambda function as ServiceToken", id)
		} else if err != nil || a.Service != "lambda" || !strings.HasPrefix(a.Resource, "function:") {
			return fmt.Errorf("Invalid service token: the ServiceToken of %s is not the ARN of a Lambda function", id)
		}
	}
	if n := p.Get("ServiceTimeout"); n != nil && n.Kind != cfn.Unknown {
		text, _ := n.Scalar()
		if s, err := strconv.Atoi(text); err != nil || s < 1 || s > maxServiceTimeout {
			return fmt.Errorf("Properties validation failed for resource %s with message: #/ServiceTimeout: %s is not an integer from 1 to %d", id, text, maxServiceTimeout)
		}
	}
	return nil
}

func (c customs) create(ctx context.Context, r *Request) (*Result, error) {
	end, err := c.ask(ctx, r, "Create")
	if err != nil {
		return nil, err
	}
	if end.Refused { // the function was never asked, so there is nothing that it would have to delete
		return nil, errors.New(end.Failure)
	}
	out := end.result()
	if out.PhysicalID == "" {
		if end.Failure == "" {
			end.Failure = "Invalid PhysicalResourceId"
		}
		out.PhysicalID = r.generated(100)
	}
	if end.Failure != "" {
		return out, errors.New(end.Failure)
	}
	return out, nil
}

// update may come back with another PhysicalID: then the function has made another thing, and will be asked to delete the
// one before.
func (c customs) update(ctx context.Context, r *Request) (*Result, error) {
	if !r.Properties.Get("ServiceToken").Equal(r.Old.Get("ServiceToken")) {
		return nil, errors.New("Modifying service token is not allowed.")
	}
	end, err := c.ask(ctx, r, "Update")
	if err != nil {
		return nil, err
	}
	out := end.result()
	switch {
	case end.Failure != "":
		return nil, errors.New(end.Failure)
	case out.PhysicalID == "":
		return nil, errors.New("Invalid PhysicalResourceId")
	}
	return out, nil
}

func (c customs) delete(ctx context.Context, r *Request) error {
	end, err := c.ask(ctx, r, "Delete")
	if err == nil && end.Failure != "" {
		err = errors.New(end.Failure)
	}
	return err
}

// ask sends the function a request, once however often it is called for the same step of an operation, and waits for the
// response.
func (c customs) ask(ctx context.Context, r *Request, what string) (*ended, error) {
	id := requestID(r, what)
	event := map[string]any{
		"RequestType": what, "RequestId": id, "StackId": r.StackID, "LogicalResourceId": r.LogicalID, "ResourceType": r.Type,
		"ServiceToken": r.text("ServiceToken"), "ResourceProperties": worded(r.Properties),
	}
	if r.PhysicalID != "" {
		event["PhysicalResourceId"] = r.PhysicalID
	}
	if what == "Update" {
		event["OldResourceProperties"] = worded(r.Old)
	}
	timeout := maxServiceTimeout
	if s, err := strconv.Atoi(r.text("ServiceTimeout")); err == nil {
		timeout = s
	}
	back := r.Rest()
	defer back()
	return c.env.Responses.ask(ctx, &asked{
		ID: id, Region: r.Region, Account: r.Account, Function: r.text("ServiceToken"), Event: event,
		Timeout: time.Duration(timeout) * time.Second,
	})
}

// requestID names a step of an operation: a UUID that is the same whenever the step is repeated.
func requestID(r *Request, what string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Operation, r.StackID, r.LogicalID, r.Suffix, r.PhysicalID, what}, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8: made of other data
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// worded is a value with its numbers and booleans as strings, which is how functions get them.
func worded(n *cfn.Node) any {
	if n == nil {
		return nil
	}
	if s, ok := n.Scalar(); ok {
		return s
	}
	switch n.Kind {
	case cfn.List:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = worded(item)
		}
		return out
	case cfn.Map:
		out := make(map[string]any, len(n.Keys))
		for i, k := range n.Keys {
			out[k] = worded(n.Items[i])
		}
		return out
	}
	return nil
}
