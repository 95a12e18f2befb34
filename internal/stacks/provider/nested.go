package provider

import (
	"fmt"
	"strconv"

	"github.com/perdure/perdure/internal/cfn"
)

// NestedStack is the type of stacks that are resources of others.
const NestedStack = "AWS::CloudFormation::Stack"

// nestedTypes describes the one type that package stacks makes itself: it sets the three functions.
func nestedTypes() []*Type {
	return []*Type{{
		Name: NestedStack, Properties: properties("TemplateURL Parameters Tags NotificationARNs TimeoutInMinutes", ""),
		Required: []string{"TemplateURL"}, Attributes: []string{"Outputs."}, Verify: verifyNested,
	}}
}

func verifyNested(id string, p *cfn.Node) error {
	if n := p.Get("Parameters"); n != nil && n.Kind != cfn.Map && n.Kind != cfn.Unknown {
		return fmt.Errorf("Properties validation failed for resource %s with message: #/Parameters: expected type: JSONObject", id)
	}
	if text, ok := p.Get("TimeoutInMinutes").Scalar(); ok {
		if m, err := strconv.Atoi(text); err != nil || m < 1 {
			return fmt.Errorf("Properties validation failed for resource %s with message: #/TimeoutInMinutes: %s is not an integer from 1 on", id, text)
		}
	}
	return nil
}
