package sam_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/cfn/sam"
)

// transform is the transform of a text, with an error worded for clients.
func transform(src string, o sam.Options) (*cfn.Node, error) {
	root, err := cfn.ParseValue([]byte(src))
	if err != nil {
		return nil, err
	}
	out, wrong := sam.Transform(root, o)
	return out, sam.Failure(wrong)
}

// Each case is a resource F of a template whose other lines are fine, or begins with a section of its own. The messages are
// AWS's where the case can happen there.
func TestBrokenTemplatesAreRefusedWithAPlace(t *testing.T) {
	fn := func(more string) string {
		return "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: h\n      Runtime: python3.13\n" + more
	}
	const code = "      InlineCode: x\n"
	machine := func(more string) string {
		return "Resources:\n  F:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n" + more
	}
	for _, c := range []struct {
		name, in string
		line     int // counted from the section
		want     string
	}{
		{"no code", fn(""), 3, "Resource with id [F] is invalid. Only one of 'InlineCode' or 'CodeUri' can be set."},
		{"no runtime", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n" + code, 3, "Runtime and Handler needs to be present when PackageType is of type `Zip`"},
		{"no properties", "Resources:\n  F:\n    Type: AWS::Serverless::Function", 3, "Only one of 'InlineCode' or 'CodeUri' can be set."},
		{"local code", fn("      CodeUri: ./src\n"), 7, "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter."},
		{"half a place", fn("      CodeUri: {Bucket: b}\n"), 7, "'CodeUri' requires Bucket and Key properties to be specified."},
		{"code of a resource", fn("      CodeUri: !GetAtt X.Y\n"), 7, "'CodeUri' requires Bucket and Key properties to be specified."},
		{"unknown property", fn(code + "      Foo: b\n"), 8, "property Foo not defined for resource of type AWS::Serverless::Function"},
		{"wrong type", fn(code + "      Environment: 3\n"), 8, "Type of property 'Environment' is invalid."},
		{"wrong list", fn(code + "      Tags: [a]\n"), 8, "Type of property 'Tags' is invalid."},
		{"unserved property", fn(code + "      CapacityProviderConfig: {Arn: a}\n"), 8, "The property CapacityProviderConfig of AWS::Serverless::Function is not supported here."},
		{"unknown policy", fn(code + "      Policies:\n        - Foo: {}\n"), 9, "Policy at index 0 in the 'Policies' property is not valid"},
		{"policy without parameters", fn(code + "      Policies:\n        - LambdaInvokePolicy: {}\n"), 9, "Following required parameters of template 'LambdaInvokePolicy' don't have values: ['FunctionName']"},
		{"policies of two kinds", fn(code + "      Policies:\n        - !If [C, ReadOnlyAccess, {Statement: []}]\n"), 9, "Different policy types within the same Fn::If statement is unsupported."},
		{"alias of a resource", fn(code + "      AutoPublishAlias: !GetAtt a.b\n"), 8, "'AutoPublishAlias' must be a string or a Ref to a template parameter"},
		{"name of an alias", fn(code + "      AutoPublishAlias: a b\n"), 8, "AutoPublishAlias name ('a b') must contain only alphanumeric characters"},
		{"alias of digits", fn(code + "      AutoPublishAlias: 12\n"), 8, "AutoPublishAlias name ('12') must contain"},
		{"hash", fn(code + "      AutoPublishAlias: a\n      AutoPublishCodeSha256: a/b\n"), 9, "AutoPublishCodeSha256 must be hexadecimal"},
		{"gradual deployment", fn(code + "      AutoPublishAlias: a\n      DeploymentPreference: {Type: Linear10PercentEvery1Minute}\n"), 9, "A DeploymentPreference other than AllAtOnce"},
		{"events unknown", fn(code + "      Events:\n        E: {Type: Foo}\n"), 9, "Event with id [E] is invalid. Resource dict has missing or invalid value for key Type. Event Type is: Foo."},
		{"events unserved", fn(code + "      Events:\n        E:\n          Type: Api\n"), 10, "Resource with id [F] is invalid. Event with id [E] is invalid. Events of the type Api are not supported here; supported are CloudWatchEvent, DynamoDB,"},
		{"event without schedule", fn(code + "      Events:\n        E: {Type: Schedule}\n"), 9, "Missing required property 'Schedule'."},
		{"event property", fn(code + "      Events:\n        E:\n          Type: Schedule\n          Properties:\n            Schedule: rate(1 day)\n            Foo: b\n"), 13, "property Foo not defined for resource of type Schedule"},
		{"event twice off", fn(code + "      Events:\n        E: {Type: Schedule, Properties: {Schedule: rate(1 day), State: ENABLED, Enabled: true}}\n"), 9, "State and Enabled Properties cannot both be specified."},
		{"stream without start", fn(code + "      Events:\n        E: {Type: Kinesis, Properties: {Stream: s}}\n"), 9, "StartingPosition is required"},
		{"URL without authorization", fn(code + "      FunctionUrlConfig: {InvokeMode: BUFFERED}\n"), 8, "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE."},
		{"destination of no type", fn(code + "      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: Foo}}}\n"), 8, "'Type: Foo' must be one of ['SQS', 'SNS', 'EventBridge', 'Lambda', 'S3Bucket']"},
		{"destination nowhere", fn(code + "      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: Lambda}}}\n"), 8, "Destination is required if Type is not ['SQS', 'SNS']"},
		{"dead letters", fn(code + "      DeadLetterQueue: {Type: SQS}\n"), 8, "'DeadLetterQueue' requires Type and TargetArn properties to be specified."},
		{"role at times", fn(code + "      Role: !If [C, !Ref 'AWS::NoValue', r]\n"), 8, "A Role that is AWS::NoValue under a condition is not supported here"},
		{"image with handler", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n      ImageUri: i\n      Handler: h\n", 7, "Runtime, Handler, Layers cannot be present when PackageType is of type `Image`"},
		{"attribute", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Connectors: {}\n", 4, "The resource attribute 'Connectors' is not supported here."},
		{"id taken", fn(code) + "  FRole: {Type: 'AWS::IAM::Role'}\n", 3, "The transform gives it a resource with the id FRole, which the template has already."},
		{"two definitions", machine("      Definition: {StartAt: A}\n      DefinitionUri: s3://a/b\n"), 6, "Specify either 'Definition' or 'DefinitionUri' property and not both."},
		{"no definition", machine("      Role: r\n"), 3, "Either 'Definition' or 'DefinitionUri' property must be specified."},
		{"local definition", machine("      DefinitionUri: flow.json\n"), 5, "'DefinitionUri' is not a valid S3 Uri"},
		{"role and policies", machine("      DefinitionUri: s3://a/b\n      Role: r\n      Policies: p\n"), 7, "Specify either 'Role' or 'Policies' (but not both at the same time) or neither of them"},
		{"alias for events", machine("      DefinitionUri: s3://a/b\n      UseAliasAsEventTarget: true\n"), 6, "'UseAliasAsEventTarget' requires 'AutoPublishAlias' property to be specified."},
		{"API", "Resources:\n  F:\n    Type: AWS::Serverless::Api\n", 3, "Resource with id [F] is invalid. Resources of the type AWS::Serverless::Api are not supported here"},
		{"table", "Resources:\n  F:\n    Type: AWS::Serverless::SimpleTable\n", 3, "Resources of the type AWS::Serverless::SimpleTable are not supported here"},
		{"globals of what", "Globals:\n  Foo: {a: b}\n" + fn(code), 2, "'Globals' section is invalid. 'Foo' is not supported. Must be one of the following values - ['Api',"},
		{"globals of one only", "Globals:\n  Function:\n    Role: a\n" + fn(code), 3, "'Globals' section is invalid. 'Role' is not a supported property of 'Function'."},
		{"globals of nothing", "Globals: 3\n" + fn(code), 1, "'Globals' section is invalid. It must be a non-empty dictionary"},
		{"ignored globals", "Globals: {Function: {Timeout: 3}}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    IgnoreGlobals:\n      - Foo\n", 6, "Resource F has invalid resource attribute 'IgnoreGlobals' on item 'Foo'."},
		{"parameter missing", "Parameters:\n  P: {Type: String}\n" + fn(code), 0, "Parameters: [P] must have values"},
		{"loop", "Resources:\n  Fn::ForEach::X: 3\n", 2, "requires a list of three"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := transform("Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\n"+c.in, sam.Options{Input: input()})
			var e *cfn.Error
			if !errors.As(err, &e) || out != nil {
				t.Fatalf("got %v, %v", out, err)
			}
			line := c.line
			if line > 0 {
				line++
			}
			if !strings.Contains(e.Message, c.want) || e.Line != line {
				t.Errorf("got  line %d: %s\nwant line %d: %s", e.Line, e.Message, line, c.want)
			}
		})
	}
}

func TestAllErrorsAreToldInTheWordsOfCloudFormation(t *testing.T) {
	_, err := transform(`
Transform: AWS::Serverless-2016-10-31
Resources:
  A: {Type: 'AWS::Serverless::Function'}
  B: {Type: 'AWS::Serverless::HttpApi'}
`, sam.Options{Input: input()})
	const want = "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 3. " +
		"Resource with id [A] is invalid. Only one of 'InlineCode' or 'CodeUri' can be set. (line 4) "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "AWS::Serverless::HttpApi are not supported here") {
		t.Errorf("got  %v\nwant %s...", err, want)
	}
}

// What the surroundings cannot make is refused before anything is created.
func TestWhatNothingCanMakeIsRefused(t *testing.T) {
	types := func(name string) bool {
		return strings.HasPrefix(name, "AWS::Lambda::") && name != "AWS::Lambda::Url" && name != "AWS::Lambda::EventSourceMapping" || name == "AWS::IAM::Role"
	}
	for more, want := range map[string]string{
		"FunctionUrlConfig: {AuthType: AWS_IAM}":                         "It needs a resource of the type AWS::Lambda::Url, which is not supported here.",
		"Events: {E: {Type: SQS, Properties: {Queue: q}}}":               "Event with id [E] is invalid. Events of the type SQS are not supported here; none are: take them out, and invoke or start F by its API.",
		"Events: {E: {Type: Schedule, Properties: {Schedule: rate(1)}}}": "Event with id [E] is invalid. Events of the type Schedule are not supported here",
	} {
		_, err := transform("Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function', Properties: {Handler: h, Runtime: r, InlineCode: x, "+
			more+"}}}", sam.Options{Input: input(), Types: types})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", more, err, want)
		}
	}
}

// Small texts must not make large templates.
func TestTheResultIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Handler: h, Runtime: r, CodeUri: 's3://a/b', Environment: {Variables: {A: '" + strings.Repeat("x", 10_000) + "'}}}}\nResources:\n")
	for i := range 400 {
		fmt.Fprintf(&b, "  F%d: {Type: 'AWS::Serverless::Function'}\n", i)
	}
	_, err := transform(b.String(), sam.Options{Input: input()})
	if err == nil || !strings.Contains(err.Error(), "Globals make the template too large.") {
		t.Errorf("got %v", err)
	}
	b.Reset()
	b.WriteString("Transform: AWS::Serverless-2016-10-31\nX: &x ['" + strings.Repeat("x", 10_000) + "']\nResources:\n")
	for i := range 400 {
		fmt.Fprintf(&b, "  F%d: {Type: 'AWS::Serverless::Function', Properties: {Handler: h, Runtime: r, CodeUri: 's3://a/b', VpcConfig: *x}}\n", i)
	}
	_, err = transform(b.String(), sam.Options{Input: input()})
	if err == nil || !strings.Contains(err.Error(), "is too large.") {
		t.Errorf("got %v", err)
	}
}

func TestOtherTemplatesAreLeftAlone(t *testing.T) {
	const plain = `{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}`
	for in, want := range map[string]string{
		plain: plain,
		`{"Transform":"AWS::LanguageExtensions","Resources":{"Fn::ForEach::L":["N",["A"],{"T${N}":{"Type":"X"}}]}}`: `{"Resources":{"TA":{"Type":"X"}}}`,
		`{"Transform":["AWS::Include","AWS::Serverless-2016-10-31"],"Resources":{"T":{"Type":"X"}}}`:                `{"Transform":["AWS::Include"],"Resources":{"T":{"Type":"X"}}}`,
	} {
		out, err := transform(in, sam.Options{Input: input()})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := out.MarshalJSON(); string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTheOutlineNeedsNoParameters(t *testing.T) {
	root, err := cfn.ParseValue([]byte(`{"Transform":["AWS::LanguageExtensions","AWS::Serverless-2016-10-31"],"Globals":{"Function":{}},
		"Parameters":{"P":{"Type":"CommaDelimitedList"}},"Resources":{"F":{"Type":"AWS::Serverless::Function","IgnoreGlobals":"*"},
		"Fn::ForEach::L":["N",{"Ref":"P"},{"T${N}":{"Type":"AWS::SNS::Topic"},"Fn::ForEach::M":["O",[],{"Q&{O}":{"Type":"AWS::SQS::Queue"}}]}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := cfn.FromNode(sam.Outline(root))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(parsed.Types(), " "); got != "AWS::Serverless::Function AWS::SNS::Topic AWS::SQS::Queue" || len(parsed.Parameters) != 1 {
		t.Errorf("got %s and %d parameters", got, len(parsed.Parameters))
	}
}
