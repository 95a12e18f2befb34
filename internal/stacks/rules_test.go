package stacks

import (
	"slices"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
)

func id(t *testing.T, s *Service) string {
	t.Helper()
	var out struct {
		IDs []string `xml:"Stacks>member>StackId"`
	}
	if err := call(s, "DescribeStacks", &out); err != nil {
		t.Fatal(err)
	}
	return out.IDs[0]
}

func refused(t *testing.T, err error, code, message string) {
	t.Helper()
	if e, ok := api.As(err); !ok || e.Code != code || !strings.Contains(e.Message, message) || e.HTTPStatus() >= 500 {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func TestFailureWithoutRollbackStaysAndIsGoneOnFrom(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	do := func(operation, list string) {
		t.Helper()
		if err := call(s, operation, nil, "TemplateBody", things(list), "DisableRollback", "true"); err != nil {
			t.Fatal(err)
		}
	}
	want := func(statusWanted, contents string) {
		t.Helper()
		if st, got := status(t, s), w.contents(); st != statusWanted || got != contents {
			t.Errorf("%s with %q, want %s with %q", st, got, statusWanted, contents)
		}
	}
	do("CreateStack", "A=1 B=impossible@A")
	want("CREATE_FAILED", "A-=1")
	do("UpdateStack", "A=2 B=3@A")
	want("UPDATE_COMPLETE", "A-=2 B-=3")
	do("UpdateStack", "A=4/new B=impossible@A")
	want("UPDATE_FAILED", "A-=2 A-new=4 B-=3")
	do("UpdateStack", "A=4/new B=5@A")
	want("UPDATE_COMPLETE", "A-new=4 B-=5")
}

func TestATokenStartsOneOperation(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	for range 2 {
		if err := call(s, "CreateStack", nil, "TemplateBody", things("A=1"), "ClientRequestToken", "t1"); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := call(s, "UpdateStack", nil, "TemplateBody", things("A=2"), "ClientRequestToken", "t2"); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, call(s, "UpdateStack", nil, "TemplateBody", things("A=2"), "ClientRequestToken", "t3"), "ValidationError", "No updates are to be performed.")
	refused(t, call(s, "CreateStack", nil, "TemplateBody", things("A=2"), "ClientRequestToken", "t3"), "AlreadyExistsException", "Stack [s] already exists")
}

func TestPoliciesDecideWhatStays(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	template := func(name string) string {
		return `{"Resources":{"Kept":{"Type":"Test::Thing","DeletionPolicy":"Retain","UpdateReplacePolicy":"Retain","Properties":{"Size":"1","Name":"` + name + `"}},
		"Gone":{"Type":"Test::Thing","UpdateReplacePolicy":"Delete","Properties":{"Size":"1","Name":"` + name + `"}}}}`
	}
	for _, step := range []struct{ operation, name, want string }{
		{"CreateStack", "a", "Gone-a=1 Kept-a=1"}, {"UpdateStack", "b", "Gone-b=1 Kept-a=1 Kept-b=1"}, {"DeleteStack", "", "Kept-a=1 Kept-b=1"},
	} {
		if err := call(s, step.operation, nil, "TemplateBody", template(step.name)); err != nil {
			t.Fatal(err)
		}
		if got := w.contents(); got != step.want {
			t.Errorf("after %s there is %s, want %s", step.operation, got, step.want)
		}
	}
}

func TestRequestsThatCannotBeDoneAreRefused(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	if err := call(s, "CreateStack", nil, "TemplateBody", things("A=1"), "EnableTerminationProtection", "true"); err != nil {
		t.Fatal(err)
	}
	refused(t, call(s, "DeleteStack", nil), "ValidationError", "Stack [s] cannot be deleted while TerminationProtection is enabled")
	refused(t, call(s, "CreateStack", nil, "StackName", "2-numbers", "TemplateBody", things("A=1")), "ValidationError", "failed to satisfy constraint")
	refused(t, call(s, "CreateStack", nil, "StackName", "n"), "ValidationError", "Either Template URL or Template Body must be specified.")
	refused(t, call(s, "CreateStack", nil, "StackName", "n", "TemplateBody", strings.Repeat(" ", maxTemplateBody+1)), "ValidationError", "less than or equal to 51200")
	refused(t, call(s, "CreateStack", nil, "StackName", "n", "TemplateURL", "https://s3.us-east-1.amazonaws.com/b/k"), "ValidationError", "S3 error: no")
	refused(t, call(s, "CreateStack", nil, "StackName", "n", "TemplateURL", "file:///etc/passwd"), "ValidationError", "TemplateURL must be a supported URL.")
	refused(t, call(s, "CreateStack", nil, "StackName", "n", "TemplateBody", things("A=1"), "OnFailure", "DELETE"), "ValidationError", "OnFailure DELETE is not supported")
	refused(t, call(s, "UpdateStack", nil, "StackName", "n", "TemplateBody", things("A=1")), "ValidationError", "Stack [n] does not exist")
	refused(t, call(s, "UpdateStack", nil, "TemplateBody", things("A=1"), "Parameters.member.1.ParameterKey", "P", "Parameters.member.1.ParameterValue", "v"),
		"ValidationError", "Parameters: [P] do not exist in the template")
	refused(t, call(s, "DescribeStackEvents", nil, "StackName", "n"), "ValidationError", "Stack [n] does not exist")
	refused(t, call(s, "DescribeStackEvents", nil, "NextToken", "-1"), "ValidationError", "Invalid NextToken")
	refused(t, call(s, "DescribeStackResource", nil, "LogicalResourceId", "Z"), "ValidationError", "Resource Z does not exist for stack s")
	refused(t, call(s, "DescribeChangeSet", nil, "ChangeSetName", "c"), "ChangeSetNotFound", "ChangeSet [c] does not exist")
	refused(t, call(s, "ExecuteChangeSet", nil, "ChangeSetName", "c"), "ChangeSetNotFound", "ChangeSet [c] does not exist")
	refused(t, call(s, "CreateChangeSet", nil, "ChangeSetName", "c", "ChangeSetType", "CREATE", "TemplateBody", things("A=1")),
		"ValidationError", "Stack [s] already exists and cannot be created again with the changeSet [c].")
	if err := call(s, "DeleteStack", nil, "StackName", "n"); err != nil {
		t.Errorf("deleting a stack that does not exist: %v", err)
	}
	if err := call(s, "UpdateTerminationProtection", nil, "EnableTerminationProtection", "false"); err != nil {
		t.Error(err)
	}
	before := id(t, s)
	if err := call(s, "DeleteStack", nil); err != nil {
		t.Fatal(err)
	}
	var d described
	if err := call(s, "DescribeStacks", &d, "StackName", before); err != nil || d.Stacks[0].StackStatus != "DELETE_COMPLETE" {
		t.Errorf("the deleted stack is %+v, %v", d, err)
	}
}

func TestAnOutdatedChangeSetIsNotExecuted(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	if err := call(s, "CreateStack", nil, "TemplateBody", things("A=1")); err != nil {
		t.Fatal(err)
	}
	if err := call(s, "CreateChangeSet", nil, "ChangeSetName", "c", "TemplateBody", things("A=2")); err != nil {
		t.Fatal(err)
	}
	refused(t, call(s, "CreateChangeSet", nil, "ChangeSetName", "c", "TemplateBody", things("A=3")), "AlreadyExistsException", "ChangeSet [c] already exists")
	if err := call(s, "UpdateStack", nil, "TemplateBody", things("A=4")); err != nil {
		t.Fatal(err)
	}
	refused(t, call(s, "ExecuteChangeSet", nil, "ChangeSetName", "c"), "InvalidChangeSetStatus", "[OBSOLETE]")
	if got := w.contents(); got != "A-=4" {
		t.Errorf("there is %s", got)
	}
	for range 2 {
		if err := call(s, "DeleteChangeSet", nil, "ChangeSetName", "c"); err != nil {
			t.Error(err)
		}
	}
}

func TestManyEventsComeInPages(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	if err := call(s, "CreateStack", nil, "TemplateBody", things("A=0")); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if err := call(s, "UpdateStack", nil, "TemplateBody", things("A=1"+strings.Repeat("0", i))); err != nil {
			t.Fatal(err)
		}
	}
	seen, token := map[string]bool{}, ""
	for {
		var out struct {
			IDs  []string `xml:"StackEvents>member>EventId"`
			Next string   `xml:"NextToken"`
		}
		members := []string{}
		if token != "" {
			members = []string{"NextToken", token}
		}
		if err := call(s, "DescribeStackEvents", &out, members...); err != nil {
			t.Fatal(err)
		}
		for _, id := range out.IDs {
			if seen[id] {
				t.Errorf("the event %s comes twice", id)
			}
			seen[id] = true
		}
		if token = out.Next; token == "" {
			break
		}
	}
	if want := 5 + 30*5; len(seen) != want {
		t.Errorf("%d events, want %d", len(seen), want)
	}
}

func TestACreationMayTakeOnlySoLong(t *testing.T) {
	w, disk := newWorld()
	w.tick = 30_000
	s := w.service(t, disk)
	refused(t, call(s, "CreateStack", nil, "TemplateBody", things("A=1"), "TimeoutInMinutes", "0"), "ValidationError", "at 'timeoutInMinutes' failed to satisfy constraint")
	if err := call(s, "CreateStack", nil, "TemplateBody", things("A=1 B=2 C=3"), "TimeoutInMinutes", "2"); err != nil {
		t.Fatal(err)
	}
	var out struct {
		Reasons []string `xml:"StackEvents>member>ResourceStatusReason"`
	}
	if err := call(s, "DescribeStackEvents", &out); err != nil {
		t.Fatal(err)
	}
	if end := status(t, s); end != "ROLLBACK_COMPLETE" || !slices.Contains(out.Reasons, "Stack creation time exceeded the specified timeout. Rollback requested by user.") || w.contents() != "" {
		t.Errorf("the stack ended %s with %s: %v", end, w.contents(), out.Reasons)
	}
}

func TestUnknownTypesAreInertRecordsIfTheServerIsToldSo(t *testing.T) {
	w, disk := newWorld()
	template := func(alarm string) string {
		return `{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"FifoQueue":true}},
			"A":{"Type":"AWS::CloudWatch::Alarm","Properties":{"Threshold":` + alarm + `,"Of":{"Fn::GetAtt":["Q","QueueName"]}}},
			"T":{"Type":"Test::Thing","Properties":{"Size":{"Fn::GetAtt":["Q","Arn"]}}}},"Outputs":{"Q":{"Value":{"Ref":"Q"}}}}`
	}
	s := w.service(t, disk)
	refused(t, call(s, "CreateStack", nil, "TemplateBody", template("1")), "ValidationError", "Unrecognized resource types: [AWS::SQS::Queue, AWS::CloudWatch::Alarm]")
	s.cfg.Inert = true
	refused(t, call(s, "CreateStack", nil, "TemplateBody", strings.Replace(template("1"), "AWS::SQS::Queue", "Queue", 1)), "ValidationError", "Unrecognized resource types: [Queue]")
	for _, step := range []struct{ operation, template, want string }{
		{"CreateStack", template("1"), "CREATE_COMPLETE"}, {"UpdateStack", template("2"), "UPDATE_COMPLETE"},
	} {
		if end, why := done(t, s, step.operation, step.template); end != step.want {
			t.Errorf("%s: %s %s", step.operation, end, why)
		}
	}
	refused(t, call(s, "UpdateStack", nil, "TemplateBody", template("2")), "ValidationError", "No updates are to be performed.")
	var d described
	if err := call(s, "DescribeStacks", &d); err != nil {
		t.Fatal(err)
	}
	if q, got := d.Stacks[0].Outputs[0].OutputValue, w.contents(); !strings.HasPrefix(q, "s-Q-") || got != "T-=arn:aws:sqs:us-east-1:000000000000:queue/"+q {
		t.Errorf("the queue is %s, the thing %s", q, got)
	}
	if end, why := done(t, s, "DeleteStack", ""); end != "DELETE_COMPLETE" {
		t.Error(end, why)
	}
}

func TestRetainExceptOnCreateKeepsWhatWasOnceThere(t *testing.T) {
	template := func(more string) string {
		return `{"Resources":{"Kept":{"Type":"Test::Thing","DeletionPolicy":"RetainExceptOnCreate","Properties":{"Size":"1"}}` + more + `}}`
	}
	w, disk := newWorld()
	s := w.service(t, disk)
	impossible := `,"Z":{"Type":"Test::Thing","DependsOn":"Kept","Properties":{"Size":"impossible"}}`
	if end, _ := done(t, s, "CreateStack", template(impossible)); end != "ROLLBACK_COMPLETE" || w.contents() != "" {
		t.Errorf("a creation that failed ended %s with %s", end, w.contents())
	}
	done(t, s, "DeleteStack", "")
	if end, why := done(t, s, "CreateStack", template("")); end != "CREATE_COMPLETE" {
		t.Fatal(end, why)
	}
	if end, _ := done(t, s, "DeleteStack", ""); end != "DELETE_COMPLETE" || w.contents() != "Kept-=1" {
		t.Errorf("the deletion ended %s with %s", end, w.contents())
	}
}
