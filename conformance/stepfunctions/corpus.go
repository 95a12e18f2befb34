package stepfunctions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Case is one file of the corpus.
type Case struct {
	ID, Group, Kind string
	Features, Needs []string
	Functions       []Function
	Workers         []Worker
	Background      [][]Step
	Setup, APICalls []Step
	Rows            []*Execution
	LaterMembers    []string
	Unordered       []string
	Placeholders    []Placeholder
	Source          struct{ Recorded string } // day
	Execution
}

// Execution is what to run and what to expect of it: the case itself, or a row.
type Execution struct {
	MachineName, MachineType, RoleArn, Definition string
	CreateParams                                  map[string]any
	Input, ExecutionName                          *string
	Bind                                          any
	EventOrder                                    string
	Expected                                      map[string]any
}

// Function is a Lambda function that must exist.
type Function struct {
	Name        string
	Behaviour   Behaviour
	Environment map[string]string
	Account     string
}

// Behaviour is what a function does.
type Behaviour struct {
	Kind   string
	Value  json.RawMessage
	Text   string
	Repeat *struct {
		Text  string
		Count int
	}
	Seconds                 float64
	Then                    *Behaviour
	ErrorMessage, ErrorType *string
	StackTrace              json.RawMessage
}

// Worker takes tasks of an activity.
type Worker struct {
	ActivityArn, WorkerName string
	Actions                 []Action
}

// Action is what a worker does with a task.
type Action struct {
	SleepSeconds float64
	Op           string
	Params       map[string]any
}

// Step is a call, or a wait.
type Step struct {
	Op, Service, Account string
	Params               map[string]any
	Expect               any
	ExpectContains       any
	ExpectError          map[string]any
	ExpectLogEvents      []any
	ExpectLastLogEvent   any
	Bind                 any
	AllPages             bool
	Wait, ExecutionArn   string
	Event                map[string]string
}

// Placeholder is one that occurs in the case.
type Placeholder struct {
	Token, Kind, Format, Pattern, Type string
	OffsetSeconds                      int
	OneOf                              []string
}

// Find is the folder of the Step Functions corpus.
func Find() (string, error) {
	if root := os.Getenv("PERDURE_CONFORMANCE"); root != "" {
		return filepath.Join(root, "stepfunctions"), nil
	}
	dir, err := os.Getwd()
	for err == nil {
		for _, at := range []string{"conformance/stepfunctions", "shared/conformance/stepfunctions"} {
			p := filepath.Join(filepath.Dir(dir), at)
			if _, err := os.Stat(filepath.Join(p, "base")); err == nil {
				return p, nil
			}
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("the conformance corpus is not there; name its folder with PERDURE_CONFORMANCE")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// Load reads the cases that need exactly the given services besides Step Functions and Lambda, ordered by file.
func Load(root string, needs ...string) ([]*Case, error) {
	var cases []*Case
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "services" && len(needs) == 0 {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".json") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c := &Case{}
		if err := json.Unmarshal(data, c); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if slices.Equal(c.Needs, needs) {
			cases = append(cases, c)
		}
		return nil
	})
	return cases, err
}
