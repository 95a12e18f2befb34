package sam

import (
	"github.com/perdure/perdure/internal/cfn"
)

const (
	ruleType     = "AWS::Events::Rule"
	scheduleType = "AWS::Scheduler::Schedule"
	roleType     = "AWS::IAM::Role"
)

var (
	ruleProperties = properties("EventBusName RuleName Pattern:map DeadLetterConfig:map RetryPolicy Input InputPath Target:map Enabled " +
		"State:text InputTransformer:map")
	schedulerProperties = properties("PermissionsBoundary ScheduleExpression FlexibleTimeWindow:map Name State:text Description StartDate " +
		"EndDate ScheduleExpressionTimezone GroupName KmsKeyArn Input RoleArn DeadLetterConfig:map RetryPolicy OmitName:bool")
)

// schedule makes an EventBridge rule that goes by the clock.
func (e *event) schedule() {
	expression := e.required("Schedule")
	e.ruled(object("ScheduleExpression", expression, "State", e.state(), "Name", e.get("Name"), "Description", e.get("Description")))
}

// rule makes an EventBridge rule that goes by a pattern.
func (e *event) rule() {
	e.ruled(object("EventBusName", e.get("EventBusName"), "EventPattern", e.get("Pattern"), "Name", e.get("RuleName"), "State", e.state()))
}

// ruled makes the rule, and a permission or role for it to reach its target.
func (e *event) ruled(properties *cfn.Node) {
	id := given(e.get("Target"), "Id")
	suffix := "LambdaTarget"
	var role *cfn.Node
	if e.machine {
		suffix = "StepFunctionsTarget"
		if role = e.get("RoleArn"); role == nil {
			role = attribute(e.id+"Role", "Arn")
		}
	}
	if id == nil {
		id = text(targetID(e.id, suffix))
	}
	target := object("Arn", e.target, "Id", id, "RoleArn", role, "Input", e.get("Input"), "InputPath", e.get("InputPath"),
		"DeadLetterConfig", e.deadLetters(), "RetryPolicy", e.get("RetryPolicy"), "InputTransformer", e.get("InputTransformer"))
	e.make(e.id, ruleType, with(properties, "Targets", list(target)))
	if !e.machine {
		e.permission("events.amazonaws.com", attribute(e.id, "Arn"))
	} else if e.get("RoleArn") == nil {
		e.invoker("events.amazonaws.com", e.id+"RoleStartExecution")
	}
}

// targetID keeps to the 64 characters that an id may have.
func targetID(id, suffix string) string { return id[:min(len(id), 64-len(suffix))] + suffix }

// scheduler makes a schedule of EventBridge Scheduler, and a role for it.
func (e *event) scheduler() {
	window, name := e.get("FlexibleTimeWindow"), e.get("Name")
	if window == nil {
		window = object("Mode", text("OFF"))
	}
	omit, _ := e.constant(e.get("OmitName"))
	switch {
	case omit == "true" && name != nil:
		e.refuse(name, "Name cannot be set when OmitName is True")
	case omit != "true" && name == nil:
		name = text(e.id)
	}
	role := e.get("RoleArn")
	if role == nil {
		role = attribute(e.id+"Role", "Arn")
	}
	dead := e.deadLetters()
	target := object("Arn", e.target, "RoleArn", role, "Input", e.get("Input"), "DeadLetterConfig", dead, "RetryPolicy", e.get("RetryPolicy"))
	e.make(e.id, scheduleType, object(append(pick(e.props, "State Description StartDate EndDate ScheduleExpressionTimezone GroupName KmsKeyArn"),
		"ScheduleExpression", e.required("ScheduleExpression"), "FlexibleTimeWindow", window, "Name", name, "Target", target)...))
	if e.get("RoleArn") != nil {
		return
	}
	policy := e.id + "Lambda"
	if e.machine {
		policy = e.id + "StartExecution"
	}
	var more []*cfn.Node
	if dead != nil {
		more = append(more, allow(e.id+"SQS", "SQS", dead.Get("Arn")))
	}
	e.invoker("scheduler.amazonaws.com", policy, more...)
}

// invoker makes a role that may invoke or start the target.
func (e *event) invoker(service, policy string, more ...*cfn.Node) {
	action := "lambda:InvokeFunction"
	boundary := e.get("PermissionsBoundary")
	if e.machine {
		action = "states:StartExecution"
		if service == "events.amazonaws.com" {
			boundary = e.source.get("PermissionsBoundary")
		}
	}
	first := object("PolicyName", text(policy+"Policy"), "PolicyDocument", object("Statement",
		list(object("Action", text(action), "Effect", text("Allow"), "Resource", e.target))))
	var tags *cfn.Node
	if e.propagates() {
		tags = e.tags("")
	}
	e.make(e.id+"Role", roleType, object("AssumeRolePolicyDocument", trust(service), "Policies", list(append([]*cfn.Node{first}, more...)...),
		"PermissionsBoundary", boundary, "Tags", tags))
}

// permission lets a service invoke the function.
func (e *event) permission(principal string, source *cfn.Node) {
	e.make(e.id+"Permission", "AWS::Lambda::Permission", object("Action", text("lambda:InvokeFunction"), "FunctionName", e.target,
		"Principal", text(principal), "SourceArn", source))
}
