package stacks

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// inner is a template for nested stacks: a thing X of the size that a parameter says, after those of another list.
func inner(list string) string {
	t := `{"Parameters":{"Size":{"Type":"String"},"Names":{"Type":"CommaDelimitedList","Default":""}},"Resources":{
		"X":{"Type":"Test::Thing","Properties":{"Size":{"Ref":"Size"},"Name":{"Fn::Select":[0,{"Ref":"Names"}]}}}`
	for item := range strings.FieldsSeq(list) {
		id, size, _ := strings.Cut(item, "=")
		t += fmt.Sprintf(`,%q:{"Type":"Test::Thing","DependsOn":"X","Properties":{"Size":%q}}`, id, size)
	}
	return t + `},"Outputs":{"Size":{"Value":{"Fn::GetAtt":["X","Size"]}}}}`
}

// outer is a template with a nested stack in the file b/k, a thing of the size of its output, and things of a list after it.
func outer(size, list string) string {
	t := `{"Resources":{
		"N":{"Type":"AWS::CloudFormation::Stack","Properties":{"TemplateURL":"https://s3.amazonaws.com/b/k","Parameters":{"Size":"` + size + `","Names":["n","m"]},
			"Tags":[{"Key":"own","Value":"1"}]}},
		"O":{"Type":"Test::Thing","Properties":{"Size":{"Fn::GetAtt":["N","Outputs.Size"]}}}`
	for item := range strings.FieldsSeq(list) {
		id, size, _ := strings.Cut(item, "=")
		t += fmt.Sprintf(`,%q:{"Type":"Test::Thing","DependsOn":"O","Properties":{"Size":%q}}`, id, size)
	}
	return t + `}}`
}

func (w *world) file(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files["b/k"] = text
}

func TestNestedStackLivesWithItsParent(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	for _, step := range []struct{ operation, size, file, more, status, things string }{
		{"CreateStack", "1", "", "", "CREATE_COMPLETE", "O-=1 X-n=1"},
		{"UpdateStack", "2", "", "", "UPDATE_COMPLETE", "O-=2 X-n=2"},
		{"UpdateStack", "2", "Y=5", "", "UPDATE_COMPLETE", "O-=2 X-n=2 Y-=5"}, // the file is another one
		{"UpdateStack", "2", "Y=5", "Z=1", "UPDATE_COMPLETE", "O-=2 X-n=2 Y-=5 Z-=1"},
		{"DeleteStack", "", "", "", "DELETE_COMPLETE", ""},
	} {
		template := ""
		if step.size != "" {
			w.file(inner(step.file))
			template = outer(step.size, step.more)
		}
		end, why := done(t, s, step.operation, template)
		expect(t, step.operation+" "+step.size, end+why, step.status)
		expect(t, "the things are", w.contents(), step.things)
	}
	expect(t, "left", leftovers(t, s), "")
}

func TestNestedStackIsDescribedAsPartOfItsParents(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	w.file(inner(""))
	if err := call(s, "CreateStack", nil, "TemplateBody", outer("1", ""), "Tags.member.1.Key", "all", "Tags.member.1.Value", "2", "NotificationARNs.member.1", "x"); err != nil {
		t.Fatal(err)
	}
	var resource struct {
		ID string `xml:"StackResourceDetail>PhysicalResourceId"`
	}
	if err := call(s, "DescribeStackResource", &resource, "LogicalResourceId", "N"); err != nil {
		t.Fatal(err)
	}
	var d struct {
		Stacks []struct {
			StackId, StackName, ParentId, RootId, StackStatus string
			Tags                                              []struct{ Key, Value string }                   `xml:"Tags>member"`
			Parameters                                        []struct{ ParameterKey, ParameterValue string } `xml:"Parameters>member"`
		} `xml:"Stacks>member"`
	}
	if err := call(s, "DescribeStacks", &d, "StackName", resource.ID); err != nil {
		t.Fatal(err)
	}
	st, root := d.Stacks[0], id(t, s)
	if st.StackId != resource.ID || st.ParentId != root || st.RootId != root || !strings.HasPrefix(st.StackName, "s-N-") {
		t.Errorf("the nested stack is %+v", st)
	}
	expect(t, "tags and parameters", fmt.Sprint(st.Tags, st.Parameters), "[{all 2} {own 1}] [{Size 1} {Names n,m}]")
	refused(t, call(s, "UpdateTerminationProtection", nil, "StackName", resource.ID, "EnableTerminationProtection", "true"), "ValidationError", "is that of its root stack")
	refused(t, call(s, "UpdateStack", nil, "TemplateBody", outer("1", ""), "Tags.member.1.Key", "all", "Tags.member.1.Value", "2", "NotificationARNs.member.1", "x"),
		"ValidationError", "No updates are to be performed.")
}

func TestNestedStackThatFailsFailsItsParent(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	w.file(inner("Y=impossible"))
	end, why := done(t, s, "CreateStack", outer("1", ""))
	if end != "ROLLBACK_COMPLETE" || !strings.HasPrefix(why, "N CREATE_FAILED: Embedded stack arn:aws:cloudformation:us-east-1:000000000000:stack/s-N-") ||
		!strings.Contains(why, " was not successfully created: The following resource(s) failed to create: [Y]. ") {
		t.Errorf("%s %s", end, why)
	}
	expect(t, "the things are", w.contents(), "")
	done(t, s, "DeleteStack", "")
	w.file(inner("Y=1"))
	done(t, s, "CreateStack", outer("1", ""))
	w.file(inner("Y=impossible"))
	end, why = done(t, s, "UpdateStack", outer("2", ""))
	if end != "UPDATE_ROLLBACK_COMPLETE" || !strings.Contains(why, " was not successfully updated. Currently in UPDATE_ROLLBACK_COMPLETE with reason: The following resource(s) failed to update: [Y]. ") {
		t.Errorf("%s %s", end, why)
	}
	expect(t, "the things are", w.contents(), "O-=1 X-n=1 Y-=1")
}

func TestNestedStackGoesBackWithItsParentToTheTemplateItHad(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	w.file(inner("Y=1 Old=2"))
	done(t, s, "CreateStack", outer("1", ""))
	w.file(inner("Y=3 New=4"))
	end, why := done(t, s, "UpdateStack", outer("2", "Z=impossible"))
	if end != "UPDATE_ROLLBACK_COMPLETE" || !strings.Contains(why, "Z CREATE_FAILED") {
		t.Errorf("%s %s", end, why)
	}
	expect(t, "the things are", w.contents(), "O-=1 Old-=2 X-n=1 Y-=1")
}

func TestNestedStacksThatCannotBeAreRefusedBeforeAnythingIsMade(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	const parameters = `{"Parameters":{"Size":{"Type":"String"},"Names":{"Type":"CommaDelimitedList"}},"Outputs":{"Size":{"Value":"1"}},"Resources":`
	for file, want := range map[string]string{
		"": "Embedded stack N: S3 error: no",
		parameters + `{"N":{"Type":"AWS::CloudFormation::Stack","Properties":{"TemplateURL":"https://s3.amazonaws.com/b/k","Parameters":{"Size":"1","Names":"n"}}}}}`: "stacks may be nested 10 deep here",
		parameters + `{"Q":{"Type":"AWS::SQS::Queue"}}}`: "Unrecognized resource types: [AWS::SQS::Queue]",
		parameters + `{}}`: "At least one Resources member must be defined",
		`{"Parameters":{"More":{"Type":"String"},"Size":{"Type":"String"},"Names":{"Type":"String"}},"Resources":{"T":{"Type":"Test::Thing"}}}`: "Parameters: [More] must have values",
		things("A=1"): "Parameters: [Names, Size] do not exist in the template",
	} {
		delete(w.files, "b/k")
		if file != "" {
			w.file(file)
		}
		refused(t, call(s, "CreateStack", nil, "TemplateBody", outer("1", "")), "ValidationError", want)
	}
	if end := status(t, s); end != "" || w.contents() != "" {
		t.Errorf("there is a stack %s with %s", end, w.contents())
	}
}

func TestNestedStacksGoOnAfterACrashAtAnyCommit(t *testing.T) {
	const before = "O-=1 Old-=2 X-n=1 Y-=1"
	for _, tc := range []struct {
		name, operation, size, file, more string
		want                              map[string]string // contents of the world by status
	}{
		{"create", "CreateStack", "1", "Y=1", "Z=1", map[string]string{"": "", "CREATE_COMPLETE": "O-=1 X-n=1 Y-=1 Z-=1"}},
		{"create that fails inside", "CreateStack", "1", "Y=impossible", "", map[string]string{"": "", "ROLLBACK_COMPLETE": ""}},
		{"create that fails outside", "CreateStack", "1", "Y=1", "Z=impossible", map[string]string{"": "", "ROLLBACK_COMPLETE": ""}},
		{"update", "UpdateStack", "2", "Y=3", "Z=1", map[string]string{"CREATE_COMPLETE": before, "UPDATE_COMPLETE": "O-=2 X-n=2 Y-=3 Z-=1"}},
		{"update that fails", "UpdateStack", "2", "Y=3", "Z=impossible", map[string]string{"CREATE_COMPLETE": before, "UPDATE_ROLLBACK_COMPLETE": before}},
		{"delete", "DeleteStack", "", "", "", map[string]string{"CREATE_COMPLETE": before, "": ""}},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late=%v", tc.name, late), func(t *testing.T) {
				for n := 1; ; n++ {
					w, disk := newWorld()
					if tc.operation != "CreateStack" {
						w.file(inner("Y=1 Old=2"))
						if err := call(w.service(t, disk), "CreateStack", nil, "TemplateBody", outer("1", "")); err != nil {
							t.Fatal(err)
						}
					}
					w.file(inner(tc.file))
					f := &failing{Store: disk, left: n, late: late}
					s := w.service(t, f)
					if tc.operation == "DeleteStack" {
						call(s, tc.operation, nil)
					} else {
						call(s, tc.operation, nil, "TemplateBody", outer(tc.size, tc.more))
					}
					s.Close()
					crashed := f.left == 0
					s = w.service(t, disk)
					if err := s.Start(context.Background()); err != nil {
						t.Fatal(err)
					}
					settle(s)
					end := status(t, s)
					want, ok := tc.want[end]
					if !ok {
						t.Fatalf("crash at commit %d: the stack ended %q: %s", n, end, failures(t, s, id(t, s)))
					}
					if got := w.contents(); got != want {
						t.Fatalf("crash at commit %d: %s with %q, want %q", n, end, got, want)
					}
					if end == "" {
						if left := leftovers(t, s); left != "" {
							t.Fatalf("crash at commit %d: left is %s", n, left)
						}
					}
					if !crashed {
						if n < 10 {
							t.Fatalf("only %d commits: the test has missed the operation", n)
						}
						return
					}
					if n > 300 {
						t.Fatal("the operation does not end")
					}
				}
			})
		}
	}
}
