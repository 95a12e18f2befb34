package deploy

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/stacks/provider"
)

// edits change one property of a resource of testdata/types.yaml. Replaced tells of a property that cannot be changed in
// place.
var edits = []struct {
	resource, property, old, new string
	replaced                     bool
}{
	{"Role", "Description", "Description: one\n      ManagedPolicyArns", "Description: two\n      ManagedPolicyArns", false},
	{"Role", "RoleName", "      AssumeRolePolicyDocument", "      RoleName: other\n      AssumeRolePolicyDocument", true},
	{"Policy", "PolicyDocument", "PolicyName: p, PolicyDocument: {Id: one}", "PolicyName: p, PolicyDocument: {Id: two}", false},
	{"Managed", "PolicyDocument", "Properties: {PolicyDocument: {Id: one}}", "Properties: {PolicyDocument: {Id: two}}", false},
	{"Function", "Timeout", "Timeout: 3", "Timeout: 4", false},
	{"Function", "Code", `return "one"`, `return "two"`, false},
	{"Function", "Environment", "FLAG: true", "FLAG: false", false},
	{"Function", "FunctionName", "      Handler: index", "      FunctionName: other\n      Handler: index", true},
	{"Versioned", "Description", "FunctionName: !Ref Function, Description: one}", "FunctionName: !Ref Function, Description: two}", true},
	{"Alias", "Description", "Versioned.Version, Description: one", "Versioned.Version, Description: two", false},
	{"Alias", "Name", "FunctionName: !Ref Function, Name: live", "FunctionName: !Ref Function, Name: other", true},
	{"Permission", "Principal", "Principal: one.", "Principal: two.", true},
	{"Async", "MaximumEventAgeInSeconds", "InSeconds: 603", "InSeconds: 604", false},
	{"Url", "Cors", "https://one.example", "https://two.example", false},
	{"Url", "AuthType", "AuthType: NONE", "AuthType: AWS_IAM", false},
	{"Logs", "RetentionInDays", "RetentionInDays: 3", "RetentionInDays: 5", false},
	{"Logs", "LogGroupName", `"/aws/lambda/${Function}"`, `"/aws/lambda/${Function}/other"`, true},
	{"Machine", "DefinitionSubstitutions", "{text: one}", "{text: two}", false},
	{"Machine", "Definition", "StartAt: A,", "Comment: b, StartAt: A,", false},
	{"Machine", "StateMachineName", "      Definition:", "      StateMachineName: other\n      Definition:", true},
	{"MachineVersion", "Description", "Properties: {StateMachineArn: !Ref Machine,", "Properties: {Description: two, StateMachineArn: !Ref Machine,", true},
	{"MachineAlias", "Description", "Properties: {Name: live, Description: one", "Properties: {Name: live, Description: two", false},
	{"MachineAlias", "Name", "Properties: {Name: live, D", "Properties: {Name: other, D", true},
	{"Activity", "Tags", "Name: work, Tags: [{Key: one,", "Name: work, Tags: [{Key: two,", false},
	{"Activity", "Name", "Name: work", "Name: other", true},
	{"Bucket", "VersioningConfiguration", "Status: Enabled", "Status: Suspended", false},
	{"Bucket", "BucketName", "BucketName: types-bucket", "BucketName: other-bucket", true},
	{"BucketPolicy", "PolicyDocument", "Bucket: !Ref Bucket, PolicyDocument: {Id: one}", "Bucket: !Ref Bucket, PolicyDocument: {Id: two}", false},
	{"Parameter", "Value", "Type: String, Value: one", "Type: String, Value: two", false},
	{"Parameter", "Name", "/types/parameter", "/types/other", true},
	{"Repository", "ImageTagMutability", ": MUTABLE", ": IMMUTABLE", false},
	{"Repository", "RepositoryName", "RepositoryName: types", "RepositoryName: other", true},
	{"Key", "Description", "Properties: {Description: one}\n  KeyAlias", "Properties: {Description: two}\n  KeyAlias", false},
	{"KeyAlias", "AliasName", "alias/types", "alias/other", true},
	{"Metadata", "Analytics", "Analytics: one", "Analytics: two", false},
}

// TestOneEditIsShownAsThatPropertyAndARenamingAsReplacement edits one property at a time and reads the difference.
func TestOneEditIsShownAsThatPropertyAndARenamingAsReplacement(t *testing.T) {
	c, ctx := serve(t), context.Background()
	b, err := os.ReadFile("testdata/types.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("TEXT", "one", "NUMBER", "3").Replace(string(b))
	file := filepath.Join(t.TempDir(), "types.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	o := Options{Client: c, Path: file}
	r, err := Deploy(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, e := range edits {
		t.Run(e.resource+"."+e.property, func(t *testing.T) {
			if strings.Count(text, e.old) != 1 {
				t.Fatalf("%q is in the template %d times", e.old, strings.Count(text, e.old))
			}
			write(strings.Replace(text, e.old, e.new, 1))
			changes, err := Diff(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			replaced := map[bool]string{false: "False", true: "True"}[e.replaced]
			found := false
			for _, ch := range changes {
				switch {
				case ch.Resource != e.resource && !e.replaced:
					t.Errorf("%s, which was not edited, changes too: %+v", ch.Resource, ch.Properties)
				case ch.Resource != e.resource: // it refers to what is replaced
				case ch.Action != "Modify" || ch.Replacement != replaced || len(ch.Properties) != 1 || ch.Properties[0].Name != e.property:
					t.Errorf("the change is %+v", ch)
				default:
					found = true
					tried[ch.Type] = true
				}
			}
			if !found {
				t.Errorf("the edit is not among %+v", changes)
			}
		})
	}
	resources, err := resourcesOf(ctx, c, r.StackID)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range resources {
		if !tried[one.Type] {
			t.Errorf("no edit of %s was shown", one.Type)
		}
	}
	for name := range provider.Types(provider.Env{}) {
		if !tried[name] && !slices.Contains(untried, name) {
			t.Errorf("no edit of %s is tried", name)
		}
	}
}

// untried are types whose edits say nothing: one has no properties, the others have those that another template or a
// function understands.
var untried = []string{"AWS::CloudFormation::WaitConditionHandle", "AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack"}
