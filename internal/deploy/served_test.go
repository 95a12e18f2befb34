package deploy

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// outcomes are what comes of the serverless templates that the transform is tested with: a stack, or a refusal that names
// what is not served, before anything is made.
var outcomes = map[string]string{
	"conditions":       "CREATE_COMPLETE",
	"durable-agent":    "CREATE_COMPLETE",
	"durable-approval": "Unrecognized resource types: [AWS::DynamoDB::Table]. They are not supported here and are used by [Decisions]",
	"express-inline":   "Unrecognized resource types: [AWS::SQS::Queue]. They are not supported here and are used by [Queue]",
	"globals":          "Encountered unsupported property Layers of First",
	"go-service":       "Unrecognized resource types: [AWS::SQS::Queue]. They are not supported here and are used by [Dead]",
	"image":            "Resource with id [Render] is invalid. Event with id [Daily] is invalid. Events of the type ScheduleV2 are not supported here",
	"local":            "'CodeUri' is not a valid S3 Uri",
	"loops":            "CREATE_COMPLETE",
	"order-saga":       "CREATE_COMPLETE",
	"parameters":       "CREATE_COMPLETE",
	"published":        "unsupported property ProvisionedConcurrencyConfig of WorkAliasblueDgreenU1",
	"scheduled":        "Number of errors found: 7. Resource with id [Report] is invalid. Event with id [Nightly] is invalid.",
	"storage":          "CREATE_COMPLETE",
	"streams":          "Event with id [Changes] is invalid. Events of the type DynamoDB are not supported here",
}

var artifact = regexp.MustCompile(`s3://artifacts/([\w.-]+)|Key: ([\w.]+)`)

// TestServerlessTemplatesAreServedOrRefused sends each template to a server that has the files they refer to.
func TestServerlessTemplatesAreServedOrRefused(t *testing.T) {
	c, ctx := serve(t), context.Background()
	u := &uploads{o: &Options{Client: c}, account: "000000000000"}
	var pack bytes.Buffer
	z := zip.NewWriter(&pack)
	if err := errors.Join(addFile(z, "bootstrap", []byte("#!/bin/sh\n"), 0o755), z.Close()); err != nil {
		t.Fatal(err)
	}
	const definition = `{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`
	upload := func(bucket, key string) {
		content := pack.Bytes()
		if strings.HasSuffix(key, "json") {
			content = []byte(definition)
		}
		if err := errors.Join(u.ensure(ctx, bucket), u.putAs(ctx, bucket, key, content)); err != nil {
			t.Fatal(err)
		}
	}
	upload("releases", "us-east-1/code.zip")
	files, err := filepath.Glob("../cfn/sam/testdata/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			form := url.Values{"StackName": {name}, "Capabilities.member.1": {"CAPABILITY_NAMED_IAM"}, "Capabilities.member.2": {"CAPABILITY_AUTO_EXPAND"}}
			for _, f := range txtar.Parse(b).Files {
				switch f.Name {
				case "template":
					form.Set("TemplateBody", string(f.Data))
				case "parameters":
					for i, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
						k, v, _ := strings.Cut(line, "=")
						form.Set("Parameters.member."+strconv.Itoa(i+1)+".ParameterKey", k)
						form.Set("Parameters.member."+strconv.Itoa(i+1)+".ParameterValue", v)
					}
				}
			}
			for _, m := range artifact.FindAllStringSubmatch(form.Get("TemplateBody")+" s3://artifacts/acme.zip s3://artifacts/globex.zip", -1) {
				upload("artifacts", m[1]+m[2])
			}
			got := ""
			if err := c.Query(ctx, "cloudformation", cloudFormation, "CreateStack", form, nil); err != nil {
				got = err.Error()
			} else {
				at := &target{c: c, name: name, options: &Options{}}
				st, err := at.describe(ctx, name)
				if err = errors.Join(err, at.report(ctx, name)); err != nil {
					t.Fatal(err)
				}
				got = st.Status + " " + strings.Join(at.causes, "; ")
			}
			if want := outcomes[name]; want == "" || !strings.Contains(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
