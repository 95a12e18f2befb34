package lambda_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// versions makes a function with two versions.
func (c *cloud) versions(name string) {
	c.Helper()
	c.create(name, func(in *sdk.CreateFunctionInput) { in.Publish = true })
	must[*sdk.UpdateFunctionCodeOutput](c.T)(c.UpdateFunctionCode(c.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: pack("2"), Publish: true}))
}

func (c *cloud) alias(name, version string, weights map[string]float64) (*sdk.CreateAliasOutput, error) {
	in := &sdk.CreateAliasInput{FunctionName: aws.String("fn"), Name: &name, FunctionVersion: &version}
	if weights != nil {
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
	}
	return c.CreateAlias(c.Context(), in)
}

func TestAliasesPointToVersions(t *testing.T) {
	c := newCloud(t)
	c.versions("fn")
	out := must[*sdk.CreateAliasOutput](t)(c.alias("live", "1", nil))
	equal(t, "alias", *out.AliasArn+" "+*out.FunctionVersion, prefix+"fn:live 1")
	got := must[*sdk.GetFunctionOutput](t)(c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("live")}))
	equal(t, "function by alias", *got.Configuration.FunctionArn+" "+*got.Configuration.Version, prefix+"fn:live 1")
	up := must[*sdk.UpdateAliasOutput](t)(c.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live"), FunctionVersion: aws.String("2"), RevisionId: out.RevisionId}))
	equal(t, "updated", *up.FunctionVersion, "2")
	_, err := c.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live"), FunctionVersion: aws.String("1"), RevisionId: out.RevisionId})
	refused(t, err, "PreconditionFailedException", 412, "The Revision Id provided")
	res := must[*sdk.InvokeOutput](t)(c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("fn:live")}))
	equal(t, "executed version", *res.ExecutedVersion, "2")
	_, err = c.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("2")})
	refused(t, err, "ResourceConflictException", 409, "")
	list := must[*sdk.ListAliasesOutput](t)(c.ListAliases(t.Context(), &sdk.ListAliasesInput{FunctionName: aws.String("fn"), FunctionVersion: aws.String("2")}))
	equal(t, "aliases of version 2", len(list.Aliases), 1)
	must[*sdk.DeleteAliasOutput](t)(c.DeleteAlias(t.Context(), &sdk.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live")}))
	_, err = c.GetAlias(t.Context(), &sdk.GetAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live")})
	refused(t, err, "ResourceNotFoundException", 404, "Cannot find alias arn: "+prefix+"fn:live")
}

func TestWeightedAliasesDraw(t *testing.T) {
	c := newCloud(t) // the random number is always 0.5
	c.versions("fn")
	for alias, x := range map[string]struct {
		weight  float64
		version string
	}{"mostly": {0.4, "1"}, "rarely": {0.6, "2"}} {
		must[*sdk.CreateAliasOutput](t)(c.alias(alias, "1", map[string]float64{"2": x.weight}))
		res := must[*sdk.InvokeOutput](t)(c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("fn"), Qualifier: aws.String(alias)}))
		equal(t, "version drawn by "+alias, *res.ExecutedVersion, x.version)
	}
}

func TestAliasesThatCannotBe(t *testing.T) {
	c := newCloud(t)
	c.versions("fn")
	must[*sdk.CreateAliasOutput](t)(c.alias("live", "1", nil))
	for _, x := range []struct {
		name, version string
		weights       map[string]float64
		code          string
		status        int
		text          string
	}{
		{"live", "1", nil, "ResourceConflictException", 409, "Alias already exists: " + prefix + "fn:live"},
		{"2024", "1", nil, "ValidationException", 400, "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"},
		{"l", "$LATEST", map[string]float64{"1": 0.5}, "InvalidParameterValueException", 400, "$LATEST is not supported for an alias pointing to more than 1 version"},
		{"m", "1", map[string]float64{"2": 0.5, "1": 0.1}, "InvalidParameterValueException", 400, "Number of items in AdditionalVersionWeights cannot be greater than 1"},
		{"n", "9", nil, "ResourceNotFoundException", 404, "Function not found: " + prefix + "fn:9"},
	} {
		_, err := c.alias(x.name, x.version, x.weights)
		refused(t, err, x.code, x.status, x.text)
	}
}

func TestPermissionsMakeAPolicy(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	add := func(sid, qualifier string) (*sdk.AddPermissionOutput, error) {
		in := &sdk.AddPermissionInput{FunctionName: aws.String("fn"), StatementId: &sid, Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("states.amazonaws.com"), SourceArn: aws.String("arn:aws:states:x")}
		if qualifier != "" {
			in.Qualifier = &qualifier
		}
		return c.AddPermission(t.Context(), in)
	}
	_, err := c.GetPolicy(t.Context(), &sdk.GetPolicyInput{FunctionName: aws.String("fn")})
	refused(t, err, "ResourceNotFoundException", 404, "The resource you requested does not exist.")
	out := must[*sdk.AddPermissionOutput](t)(add("s1", ""))
	equal(t, "statement", *out.Statement, `{"Sid":"s1","Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"`+prefix+`fn","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:states:x"}}}`)
	_, err = add("s1", "")
	refused(t, err, "ResourceConflictException", 409, "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.")
	_, err = add("s2", "$LATEST")
	refused(t, err, "InvalidParameterValueException", 400, "We currently do not support adding policies for $LATEST.")
	_, err = add("s2", "7")
	refused(t, err, "ResourceNotFoundException", 404, "Function not found: "+prefix+"fn:7")
	p := must[*sdk.GetPolicyOutput](t)(c.GetPolicy(t.Context(), &sdk.GetPolicyInput{FunctionName: aws.String("fn")}))
	var doc struct{ Statement []any }
	if err := json.Unmarshal([]byte(*p.Policy), &doc); err != nil || len(doc.Statement) != 1 {
		t.Errorf("%v: %s", err, *p.Policy)
	}
	must[*sdk.RemovePermissionOutput](t)(c.RemovePermission(t.Context(), &sdk.RemovePermissionInput{FunctionName: aws.String("fn"), StatementId: aws.String("s1"), RevisionId: p.RevisionId}))
	_, err = c.RemovePermission(t.Context(), &sdk.RemovePermissionInput{FunctionName: aws.String("fn"), StatementId: aws.String("s1")})
	refused(t, err, "ResourceNotFoundException", 404, "")
}

func TestTags(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	arn := aws.String(prefix + "fn")
	must[*sdk.TagResourceOutput](t)(c.TagResource(t.Context(), &sdk.TagResourceInput{Resource: arn, Tags: map[string]string{"a": "1", "b": "2"}}))
	must[*sdk.UntagResourceOutput](t)(c.UntagResource(t.Context(), &sdk.UntagResourceInput{Resource: arn, TagKeys: []string{"a"}}))
	equal(t, "tags", must[*sdk.ListTagsOutput](t)(c.ListTags(t.Context(), &sdk.ListTagsInput{Resource: arn})).Tags, "map[b:2]")
	_, err := c.ListTags(t.Context(), &sdk.ListTagsInput{Resource: aws.String(prefix + "fn:1")})
	refused(t, err, "InvalidParameterValueException", 400, "Tags on function aliases and versions are not supported. Please specify a function ARN.")
}

func TestConcurrencyAndAccountSettings(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	name := aws.String("fn")
	put := func(n int32) error {
		_, err := c.PutFunctionConcurrency(t.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: &n})
		return err
	}
	if err := put(5); err != nil {
		t.Fatal(err)
	}
	refused(t, put(901), "InvalidParameterValueException", 400, "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].")
	got := must[*sdk.GetFunctionOutput](t)(c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: name}))
	equal(t, "reserved", *got.Concurrency.ReservedConcurrentExecutions, 5)
	acc := must[*sdk.GetAccountSettingsOutput](t)(c.GetAccountSettings(t.Context(), &sdk.GetAccountSettingsInput{}))
	equal(t, "account", fmt.Sprint(acc.AccountUsage.FunctionCount, acc.AccountLimit.ConcurrentExecutions, *acc.AccountLimit.UnreservedConcurrentExecutions), "1 1000 995")
	if err := put(0); err != nil {
		t.Fatal(err)
	}
	_, err := c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: name})
	refused(t, err, "TooManyRequestsException", 429, "Rate Exceeded.")
	must[*sdk.DeleteFunctionConcurrencyOutput](t)(c.DeleteFunctionConcurrency(t.Context(), &sdk.DeleteFunctionConcurrencyInput{FunctionName: name}))
	must[*sdk.InvokeOutput](t)(c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: name}))
	_, err = c.DeleteFunctionConcurrency(t.Context(), &sdk.DeleteFunctionConcurrencyInput{FunctionName: aws.String("fn:1")})
	refused(t, err, "InvalidParameterValueException", 400, "This operation is permitted on Lambda functions only.")
}

func TestEventInvokeConfig(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	name := aws.String("fn")
	_, err := c.GetFunctionEventInvokeConfig(t.Context(), &sdk.GetFunctionEventInvokeConfigInput{FunctionName: name})
	refused(t, err, "ResourceNotFoundException", 404, "The function "+prefix+"fn:$LATEST doesn't have an EventInvokeConfig")
	_, err = c.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{FunctionName: name})
	refused(t, err, "InvalidParameterValueException", 400, "You must specify at least one of error handling or destination setting.")
	_, err = c.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{FunctionName: name, MaximumRetryAttempts: aws.Int32(3)})
	refused(t, err, "ValidationException", 400, "1 validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 2")
	must[*sdk.PutFunctionEventInvokeConfigOutput](t)(c.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{FunctionName: name, MaximumRetryAttempts: aws.Int32(0)}))
	must[*sdk.UpdateFunctionEventInvokeConfigOutput](t)(c.UpdateFunctionEventInvokeConfig(t.Context(), &sdk.UpdateFunctionEventInvokeConfigInput{FunctionName: name, MaximumEventAgeInSeconds: aws.Int32(90)}))
	got := must[*sdk.GetFunctionEventInvokeConfigOutput](t)(c.GetFunctionEventInvokeConfig(t.Context(), &sdk.GetFunctionEventInvokeConfigInput{FunctionName: name}))
	equal(t, "config", fmt.Sprint(*got.MaximumRetryAttempts, *got.MaximumEventAgeInSeconds, *got.FunctionArn, got.LastModified.UTC().Format("2006")), "0 90"+prefix+"fn:$LATEST2026")
	list := must[*sdk.ListFunctionEventInvokeConfigsOutput](t)(c.ListFunctionEventInvokeConfigs(t.Context(), &sdk.ListFunctionEventInvokeConfigsInput{FunctionName: name}))
	equal(t, "configs", len(list.FunctionEventInvokeConfigs), 1)

	must[*sdk.PublishVersionOutput](t)(c.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: name}))
	must[*sdk.CreateAliasOutput](t)(c.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")}))
	must[*sdk.PutFunctionEventInvokeConfigOutput](t)(c.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{FunctionName: name, Qualifier: aws.String("live"), MaximumRetryAttempts: aws.Int32(1)}))
	var pages []string
	for p := sdk.NewListFunctionEventInvokeConfigsPaginator(c.Client, &sdk.ListFunctionEventInvokeConfigsInput{FunctionName: name, MaxItems: aws.Int32(1)}); p.HasMorePages(); {
		page := must[*sdk.ListFunctionEventInvokeConfigsOutput](t)(p.NextPage(t.Context()))
		for _, e := range page.FunctionEventInvokeConfigs {
			pages = append(pages, strings.TrimPrefix(*e.FunctionArn, prefix))
		}
	}
	equal(t, "pages of one", strings.Join(pages, " "), "fn:$LATEST fn:live")
	must[*sdk.DeleteFunctionEventInvokeConfigOutput](t)(c.DeleteFunctionEventInvokeConfig(t.Context(), &sdk.DeleteFunctionEventInvokeConfigInput{FunctionName: name}))
}
