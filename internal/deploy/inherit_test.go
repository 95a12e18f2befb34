package deploy

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// What is built here has this machine's architecture, whatever Globals say for other functions.
func TestGlobalsAreWrittenIntoFunctionsBeforeTheyAreBuilt(t *testing.T) {
	const in = `{"Globals":{"Function":{"CodeUri":"src","Runtime":"provided.al2023","Architectures":["arm64"],"Timeout":3}},"Resources":{
		"A":{"Type":"AWS::Serverless::Function"},
		"B":{"Type":"AWS::Serverless::Function","Properties":{"CodeUri":"other","Architectures":["x86_64"]}},
		"C":{"Type":"AWS::Serverless::Function","IgnoreGlobals":"*","Properties":{"CodeUri":"third"}},
		"D":{"Type":"AWS::SNS::Topic"}}}`
	const want = `{"Globals":{"Function":{"Timeout":3}},"Resources":{` +
		`"A":{"Properties":{"Architectures":["arm64"],"CodeUri":"src","Runtime":"provided.al2023"},"Type":"AWS::Serverless::Function"},` +
		`"B":{"Properties":{"Architectures":["x86_64"],"CodeUri":"other","Runtime":"provided.al2023"},"Type":"AWS::Serverless::Function"},` +
		`"C":{"IgnoreGlobals":"*","Properties":{"CodeUri":"third"},"Type":"AWS::Serverless::Function"},` +
		`"D":{"Type":"AWS::SNS::Topic"}}}`
	whole := map[string]any{}
	var tree struct{ Resources map[string]map[string]any }
	if err := json.Unmarshal([]byte(in), &whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(in), &tree); err != nil {
		t.Fatal(err)
	}
	inherit(whole, tree.Resources)
	whole["Resources"] = tree.Resources
	got, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFunctionThatIsAModuleOfItsOwnIsBuiltInItsFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"svc/go.mod":  "module example.com/svc\n\ngo 1.24\n",
		"svc/main.go": "package main\n\nfunc main() {}\n",
		"template.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n" +
			"    Properties: {CodeUri: svc/, Handler: bootstrap, Runtime: provided.al2023}\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := serve(t)
	if _, err := Deploy(context.Background(), Options{Client: c, Path: dir, StackName: "svc"}); err != nil {
		t.Fatal(err)
	}
	if n := len(functions(t, c)); n != 1 {
		t.Errorf("there are %d functions", n)
	}
}
