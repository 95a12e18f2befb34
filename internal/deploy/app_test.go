package deploy

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shellApp is a CDK app that needs nothing but a shell: it writes the assembly of cdkTemplate, and what it was given.
func shellApp(t *testing.T, settings object) (dir string) {
	t.Helper()
	dir = t.TempDir()
	synthesise(t, filepath.Join(dir, "written"), "30", "one")
	whole := object{"app": `test -f built && cp -r written/. "$CDK_OUTDIR" && env >given && echo a warning >&2`, "build": []string{"touch", "built"}}
	for k, v := range settings {
		whole[k] = v
	}
	b, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, appFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAppIsRunAsTheCDKRunsItAndItsAssemblyDeployed(t *testing.T) {
	c, ctx := serve(t), context.Background()
	dir := shellApp(t, object{"context": object{"mine": 1}, "assetMetadata": false})
	if err := os.WriteFile(filepath.Join(dir, contextFile), []byte(`{"mine": 0, "looked-up": ["a"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var said log
	o := Options{Client: c, Path: dir, Progress: said.add}
	r, err := Deploy(ctx, o)
	if err != nil || r.StackName != "App" || !strings.HasPrefix(r.Output("Name"), "App-Fn-") {
		t.Fatalf("deployed %+v, %v", r, err)
	}
	if !said.has("run      touch built") || !said.has("a warning") {
		t.Errorf("it says %v", said.lines)
	}
	given, err := os.ReadFile(filepath.Join(dir, "given"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"CDK_DEFAULT_ACCOUNT=000000000000\n", "CDK_DEFAULT_REGION=us-east-1\n",
		`CDK_CONTEXT_JSON={"aws:cdk:bundling-stacks":["**"],"aws:cdk:enable-path-metadata":true,"aws:cdk:version-reporting":true,"looked-up":["a"],"mine":1}` + "\n",
	} {
		if !strings.Contains(string(given), line) {
			t.Errorf("the app was not given %s", line)
		}
	}
	if changes, err := Diff(ctx, o); err != nil || len(changes) != 0 {
		t.Errorf("the diff is %+v, %v", changes, err)
	}
	if err := Destroy(ctx, o); err != nil {
		t.Error(err)
	}
}

func TestContextTooLongForAVariableGoesIntoAFile(t *testing.T) {
	work := t.TempDir()
	a := app{Context: map[string]any{"long": strings.Repeat("x", maxVariable)}}
	env, err := a.environment(work)
	if err != nil {
		t.Fatal(err)
	}
	file, ok := strings.CutPrefix(env[len(env)-1], "CONTEXT_OVERFLOW_LOCATION_ENV=")
	if b, err := os.ReadFile(file); !ok || err != nil || len(b) < maxVariable {
		t.Errorf("the app is given %s with %d bytes, %v", env[len(env)-1], len(b), err)
	}
}

func TestAppThatFailsNamesTheNextStep(t *testing.T) {
	c := serve(t)
	for _, tc := range []struct {
		name     string
		settings object
		want     []string
	}{
		{"no command", object{"app": ""}, []string{"names no app: say how to run it"}},
		{"a command that fails", object{"app": "echo undefined: x; exit 3"}, []string{"failed: exit status 3; run it there", "undefined: x"}},
		{"no assembly", object{"app": "true"}, []string{"wrote no assembly; does it call Synth?"}},
		{"look-ups", object{"app": `echo '{"missing":[{"key":"vpc-1","provider":"vpc-provider"}]}' >"$CDK_OUTDIR/manifest.json"`},
			[]string{"looks up vpc-1 in AWS (vpc-provider)", "cdk.context.json"}},
		{"settings of another type", object{"watch": 1}, []string{"cdk.json: json: cannot unmarshal"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Deploy(context.Background(), Options{Client: c, Path: shellApp(t, tc.settings)})
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
	if r, err := Deploy(context.Background(), Options{Client: c, Path: shellApp(t, object{"app": "written"})}); err != nil || r.StackName != "App" {
		t.Errorf("an app that is an assembly: %+v, %v", r, err)
	}
}

// TestAppIsWatchedAsCdkJsonSays looks at an app's folder with and without settings.
func TestAppIsWatchedAsCdkJsonSays(t *testing.T) {
	for _, tc := range []struct {
		name  string
		watch any
		want  string
	}{
		{"everything", object{}, "a.go cdk.json lib/b.go lib/b_test.go"},
		{"some", object{"include": []string{"**/*.go", "../other/**"}, "exclude": "**/*_test.go"}, "../other/c.go a.go cdk.json lib/b.go"},
		{"one file", object{"include": "lib/b.go"}, "cdk.json lib/b.go"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "app")
			settings, err := json.Marshal(object{"app": "go run .", "watch": tc.watch})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"a.go", "lib/b.go", "lib/b_test.go", ".hidden/x", "node_modules/y/z", "cdk.out/manifest", "../other/c.go", appFile} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), settings, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			seen, err := madeOf(context.Background(), Options{Path: dir}).look()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, file := range seen.since(nil) {
				name, err := filepath.Rel(dir, file)
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, name)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != tc.want {
				t.Errorf("it looks at %s, want %s", got, tc.want)
			}
		})
	}
}
