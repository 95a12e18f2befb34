package sam

import (
	"github.com/perdure/perdure/internal/cfn"
)

// url makes the URL of a function, and lets everybody in if that is what it says.
func (f *function) url() {
	u := f.get("FunctionUrlConfig")
	if u == nil {
		return
	}
	auth := u.Get("AuthType")
	if !intrinsic(auth) && scalar(auth) != "AWS_IAM" && scalar(auth) != "NONE" {
		f.fail(u, "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.")
		return
	}
	f.add(f.id+"Url", "AWS::Lambda::Url", false, u, object("TargetFunctionArn", f.target, "AuthType", auth,
		"Cors", given(u, "Cors"), "InvokeMode", given(u, "InvokeMode")))
	if f.bad || scalar(auth) != "NONE" {
		return
	}
	f.add(f.id+"UrlPublicPermissions", "AWS::Lambda::Permission", false, u, object("Action", text("lambda:InvokeFunctionUrl"),
		"FunctionName", f.target, "Principal", text("*"), "FunctionUrlAuthType", auth))
	f.add(f.id+"URLInvokeAllowPublicAccess", "AWS::Lambda::Permission", false, u, object("Action", text("lambda:InvokeFunction"),
		"FunctionName", f.target, "Principal", text("*"), "InvokedViaFunctionUrl", truth(true)))
}

// sendActions are what a role must be allowed to do for a destination of a kind.
var sendActions = map[string]string{
	"SQS": "sqs:SendMessage", "SNS": "sns:Publish", "EventBridge": "events:PutEvents", "Lambda": "lambda:InvokeFunction", "S3Bucket": "s3:PutObject",
}

// invokeConfig makes the configuration of asynchronous invocations.
func (f *function) invokeConfig(alias string) {
	c := f.get("EventInvokeConfig")
	if c == nil {
		return
	}
	id := f.id + "EventInvokeConfig"
	resolved := f.resolve(c)
	destinations := &cfn.Node{Kind: cfn.Map}
	for _, event := range []string{"OnSuccess", "OnFailure"} {
		if d := given(given(c, "DestinationConfig"), event); d != nil {
			destinations = with(destinations, event, f.destination(id+event, d))
		}
	}
	properties := object("FunctionName", ref(f.id), "MaximumEventAgeInSeconds", given(resolved, "MaximumEventAgeInSeconds"),
		"MaximumRetryAttempts", given(resolved, "MaximumRetryAttempts"), "Qualifier", text("$LATEST"), "DestinationConfig", destinations)
	var after *cfn.Node
	if alias != "" {
		properties = with(properties, "Qualifier", text(alias))
		after = list(text(f.alias))
	}
	if f.bad {
		return
	}
	f.add(id, "AWS::Lambda::EventInvokeConfig", false, c, properties, "DependsOn", after, "Metadata", f.node.Get("Metadata"))
}

// destination is where results go. The role is allowed to send them there.
func (f *function) destination(id string, d *cfn.Node) *cfn.Node {
	kind, to := scalar(d.Get("Type")), given(d, "Destination")
	switch {
	case d.Kind != cfn.Map || sendActions[kind] == "":
		f.fail(d, "'Type: %s' must be one of ['SQS', 'SNS', 'EventBridge', 'Lambda', 'S3Bucket']", kind)
		return nil
	case to == nil && kind != "SQS" && kind != "SNS":
		f.fail(d, "Destination is required if Type is not ['SQS', 'SNS']")
		return nil
	case to == nil, sometimesNothing(to):
		f.fail(d, "Destination is required here: queues and topics are not made for it.")
		return nil
	}
	f.inline = append(f.inline, allow(id+map[string]string{"S3Bucket": "S3"}[kind]+kind, kind, to))
	return object("Destination", to)
}

// allow is an inline policy for one action on one resource.
func allow(name, kind string, resource *cfn.Node) *cfn.Node {
	return object("PolicyName", text(name+"Policy"), "PolicyDocument", object("Statement",
		list(object("Action", text(sendActions[kind]), "Effect", text("Allow"), "Resource", resource))))
}
