package sam

import (
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// maxPolicies is more than IAM attaches to a role.
const maxPolicies = 200

// trust is the document that lets a service assume a role.
func trust(service string) *cfn.Node {
	return object("Version", text("2012-10-17"), "Statement", list(object("Action", list(text("sts:AssumeRole")), "Effect", text("Allow"),
		"Principal", object("Service", list(text(service))))))
}

// executionRole makes the role of a function that has none of its own.
func (f *function) executionRole(tracing, dead *cfn.Node) {
	basic := "service-role/AWSLambdaBasicExecutionRole"
	if f.get("DurableConfig") != nil {
		basic = "service-role/AWSLambdaBasicDurableExecutionRolePolicy"
	}
	managed := []*cfn.Node{f.source.managed(basic)}
	if tracing != nil {
		managed = append(managed, f.source.managed("AWSXrayWriteOnlyAccess"))
	}
	if f.get("VpcConfig") != nil {
		managed = append(managed, f.source.managed("service-role/AWSLambdaVPCAccessExecutionRole"))
	}
	var inline []*cfn.Node
	if dead != nil {
		p := allow("DeadLetterQueue", scalar(dead.Get("Type")), dead.Get("TargetArn"))
		inline = append(inline, with(p, "PolicyDocument", with(p.Get("PolicyDocument"), "Version", text("2012-10-17"))))
	}
	document := f.get("AssumeRolePolicyDocument")
	if document == nil {
		document = trust("lambda.amazonaws.com")
	}
	f.makeRole(document, managed, append(inline, f.inline...), f.managed, f.tags)
}

// makeRole makes the role of a function or state machine: with the policies given, those of its property Policies, and
// at the end those that events need.
func (s *source) makeRole(document *cfn.Node, managed, inline, late []*cfn.Node, tags *cfn.Node) {
	p := &policies{source: s, role: s.id + "Role", managed: managed, inline: inline}
	entries := listed(s.get("Policies"))
	if len(entries) > maxPolicies {
		s.fail(s.get("Policies"), "A role cannot have %d policies; %d are the most.", len(entries), maxPolicies)
		return
	}
	for i, entry := range entries {
		p.add(i, entry)
	}
	for _, arn := range late {
		p.attach(arn)
	}
	if s.bad {
		return
	}
	s.add(p.role, "AWS::IAM::Role", false, s.get("Policies"), object("AssumeRolePolicyDocument", document,
		"ManagedPolicyArns", list(p.managed...), "Policies", listOrNil(p.inline), "Path", s.get("RolePath"),
		"PermissionsBoundary", s.get("PermissionsBoundary"), "Tags", tags))
}

// policies collects those of a role.
type policies struct {
	*source
	role            string
	managed, inline []*cfn.Node
}

type policyKind uint8

const (
	invalidPolicy policyKind = iota
	managedPolicy
	documentPolicy
	templatePolicy
)

func kindOf(n *cfn.Node) policyKind {
	switch {
	case n.Kind == cfn.String:
		return managedPolicy
	case intrinsic(n):
		return managedPolicy
	case n.Kind == cfn.Map && n.Get("Statement") != nil:
		return documentPolicy
	case n.Kind == cfn.Map && len(n.Keys) == 1 && isTemplate(n.Keys[0]):
		return templatePolicy
	}
	return invalidPolicy
}

// add takes one entry of Policies: the name or ARN of a managed policy, a document, a policy template, or Fn::If of two of
// the same kind.
func (p *policies) add(i int, n *cfn.Node) {
	if nothing(n) {
		return
	}
	branches := []*cfn.Node{n}
	choice := n.Get("Fn::If")
	if intrinsic(n) && choice != nil {
		if choice.Kind != cfn.List || len(choice.Items) != 3 {
			p.fail(n, "Policy at index %d in the 'Policies' property is not valid", i)
			return
		}
		branches = choice.Items[1:]
	}
	kind := invalidPolicy
	made := make([]*cfn.Node, len(branches))
	for j, b := range branches {
		if nothing(b) {
			made[j] = b
			continue
		}
		k := kindOf(b)
		if k == invalidPolicy {
			p.fail(b, "Policy at index %d in the 'Policies' property is not valid", i)
			return
		}
		if kind != invalidPolicy && kind != k && (kind == managedPolicy || k == managedPolicy) {
			p.fail(n, "Different policy types within the same Fn::If statement is unsupported. Separate different policy types into different Fn::If statements")
			return
		}
		kind = k
		made[j] = p.policy(i, k, b)
	}
	out := made[0]
	if choice != nil {
		out = placed(object("Fn::If", list(choice.Items[0], made[0], made[1])), n)
	}
	switch kind {
	case managedPolicy:
		p.attach(out)
	case documentPolicy, templatePolicy:
		p.inline = append(p.inline, out)
	}
}

func (p *policies) policy(i int, kind policyKind, n *cfn.Node) *cfn.Node {
	name := text(p.role + "Policy" + strconv.Itoa(i))
	switch kind {
	case documentPolicy:
		return object("PolicyName", name, "PolicyDocument", n)
	case templatePolicy:
		return object("PolicyName", name, "PolicyDocument", p.template(n))
	}
	if n.Kind != cfn.String || strings.HasPrefix(n.Text, "arn:") || strings.Contains(n.Text, "{{") {
		return n
	}
	return placed(p.source.managed(managedPath(n.Text)), n)
}

// attach adds a managed policy unless it is there.
func (p *policies) attach(arn *cfn.Node) {
	for _, m := range p.managed {
		if m.Equal(arn) {
			return
		}
	}
	p.managed = append(p.managed, arn)
}

// below are the folders that managed policies are in which functions and state machines use; others are in none.
var below = func() map[string]string {
	m := map[string]string{}
	for folder, names := range map[string]string{
		"service-role/": `AWSLambdaBasicExecutionRole AWSLambdaBasicDurableExecutionRolePolicy AWSLambdaDynamoDBExecutionRole
			AWSLambdaENIManagementAccess AWSLambdaKinesisExecutionRole AWSLambdaMSKExecutionRole AWSLambdaRole
			AWSLambdaSQSQueueExecutionRole AWSLambdaVPCAccessExecutionRole AmazonS3ObjectLambdaExecutionRolePolicy
			AmazonAPIGatewayPushToCloudWatchLogs AmazonECSTaskExecutionRolePolicy AmazonEC2ContainerServiceEventsRole
			AWSAppSyncPushToCloudWatchLogs AmazonSNSRole AWSBatchServiceRole AWSGlueServiceRole CloudWatchEventsInvocationAccess
			CloudWatchEventsBuiltInTargetExecutionAccess AmazonElasticMapReduceRole AWSConfigRole AWSCodeDeployRole`,
		"job-function/": "Billing DatabaseAdministrator DataScientist NetworkAdministrator SupportUser SystemAdministrator ViewOnlyAccess",
	} {
		for _, name := range strings.Fields(names) {
			m[name] = folder
		}
	}
	return m
}()

func managedPath(name string) string { return below[name] + name }
