package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	exporter = `
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /shared}}
Outputs:
  Name: {Value: !Ref Group, Export: {Name: group}}
`
	importer = `
Resources:
  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !ImportValue group}}
Outputs:
  Value: {Value: !GetAtt P.Value}
`
)

// TestStacksOfTwoRegionsKeepApartAndImportsHoldTheirExporter deploys two stacks, one of which imports from the other, into
// two regions.
func TestStacksOfTwoRegionsKeepApartAndImportsHoldTheirExporter(t *testing.T) {
	c, ctx, dir := serve(t), context.Background(), t.TempDir()
	project := func(region, name, text string) Options {
		t.Helper()
		file := filepath.Join(dir, name+".yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Options{Client: c.In(region), Path: file, StackName: name}
	}
	west, east := project("eu-west-1", "exporter", exporter), project("us-east-1", "exporter", exporter)
	westUser, eastUser := project("eu-west-1", "importer", importer), project("us-east-1", "importer", importer)
	if _, err := Deploy(ctx, west); err != nil {
		t.Fatal(err)
	}
	if _, err := Deploy(ctx, eastUser); err == nil || !strings.Contains(err.Error(), "No export named group found") {
		t.Errorf("an export of another region: %v", err)
	}
	for _, o := range []Options{westUser, east, eastUser} {
		r, err := Deploy(ctx, o)
		if err != nil || !r.Changed || r.StackName == "importer" && r.Output("Value") != "/shared" {
			t.Fatalf("deployed %+v, %v", r, err)
		}
	}
	refusal := "Export group cannot be deleted as it is in use by importer"
	if err := Destroy(ctx, west); err == nil || !strings.Contains(err.Error(), refusal) {
		t.Errorf("the exporter's deletion: %v", err)
	}
	if err := Destroy(ctx, westUser); err != nil {
		t.Fatal(err)
	}
	if err := Destroy(ctx, west); err != nil {
		t.Errorf("the exporter that nobody uses any more: %v", err)
	}
	if err := Destroy(ctx, east); err == nil || !strings.Contains(err.Error(), refusal) {
		t.Errorf("the exporter of the other region: %v", err)
	}
}
