package e2e

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// jsMachine calls the JavaScript function with a task token, as the pattern does.
const jsMachine = `{"QueryLanguage":"JSONata","StartAt":"Async","States":{
"Async":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","HeartbeatSeconds":3600,
"Arguments":{"FunctionName":"js:$LATEST","InvocationType":"Event","Payload":{"TaskToken":"{% $states.context.Task.Token %}",
"seconds":"{% $states.input.seconds %}","name":"{% $states.input.name %}"}},"Output":"{% $states.result %}","End":true}}}`

func TestTheOfficialJavaScriptSDKRunsTheAsynchronousHalfOfThePattern(t *testing.T) {
	t.Parallel()
	modules := jsModules(t)
	s := serve(t, t.TempDir(), "--time", "skip")
	ctx := context.Background()
	in := map[string]any{
		"FunctionName": "js", "Role": role, "Runtime": "nodejs22.x", "Handler": "index.handler", "Timeout": 60,
		"Code":          map[string]string{"ZipFile": base64.StdEncoding.EncodeToString(jsPackage(t, modules))},
		"DurableConfig": map[string]int{"ExecutionTimeout": 3600},
	}
	if err := s.REST(ctx, "lambda", "POST", "/2015-03-31/functions", nil, in, nil); err != nil {
		t.Fatal(err)
	}
	var machine struct{ StateMachineArn string }
	err := s.States(ctx, "CreateStateMachine", map[string]string{"name": "js", "definition": jsMachine, "roleArn": role}, &machine)
	if err != nil {
		t.Fatal(err)
	}
	p := pattern{machine: machine.StateMachineArn}
	arn, err := p.start(s, "js1", 1200)
	if err != nil {
		t.Fatal(err)
	}
	output := s.succeeded(t, arn, 90*time.Second)
	var got, want any
	if err := json.Unmarshal([]byte(output), &got); err != nil {
		t.Fatal(err)
	}
	json.Unmarshal([]byte(`{"id":"js-js1","name":"js1"}`), &want)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("output %v, want %v", got, want)
	}
	all := s.durableExecutions(t, "js")
	if len(all) != 1 {
		t.Fatalf("%d durable executions, want 1", len(all))
	}
	eventually(t, 20*time.Second, func() (bool, string) {
		all = s.durableExecutions(t, "js")
		return all[0].Status == "SUCCEEDED", all[0].Status
	})
	s.gaplessDurable(t, all[0].DurableExecutionArn)
}

// jsModules is the folder of the modules that the JavaScript functions need; without it the test skips.
func jsModules(t *testing.T) string {
	t.Helper()
	command(t, "node", "Node")
	modules := os.Getenv("PERDURE_TEST_NODE_MODULES")
	if _, err := os.Stat(filepath.Join(modules, "@aws", "durable-execution-sdk-js")); modules == "" || err != nil {
		need(t, "the JavaScript durable SDK is missing: set PERDURE_TEST_NODE_MODULES to a node_modules with "+
			"@aws/durable-execution-sdk-js, @aws-sdk/client-sfn and @aws-sdk/client-lambda")
	}
	return modules
}

// jsPackage zips the handlers with the modules they need.
func jsPackage(t *testing.T, modules string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	add := func(name, path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	for _, name := range []string{"index.mjs", "operations.mjs"} {
		if err := add(name, "testdata/js/"+name); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(modules, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".bin" || strings.HasSuffix(d.Name(), "aws-cdk") || d.Name() == "dist-types"):
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasSuffix(path, ".map") || strings.HasSuffix(path, ".d.ts"):
			return nil
		}
		rel, err := filepath.Rel(modules, path)
		if err != nil {
			return err
		}
		return add("node_modules/"+filepath.ToSlash(rel), path)
	})
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
