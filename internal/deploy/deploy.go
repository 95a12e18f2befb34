// Package deploy brings a project to a server: it builds functions, uploads what they are made of, creates or updates
// the stack, and tells how that goes. It speaks to any endpoint through internal/client and keeps nothing of its own.
//
// A project is one of
//
//	a directory with perdure.json     names a template and the Go packages of its functions; see [Project]
//	a directory with manifest.json    an assembly of the CDK: one stack with its assets
//	a directory with cdk.json         an app of the CDK, which is run to write its assembly
//	a directory with template.json, template.yaml or template.yml; samconfig.toml beside it is read
//	a template file
//
// In a template on its own, the Code of a function (CodeUri of a serverless one) may be a path relative to the template: a
// Go package (with a runtime of provided.*) is built, other directories are zipped, zip files are taken as they are. So
// may the DefinitionS3Location of a state machine (DefinitionUri of a serverless one). Builds are reproducible, so a
// project that has not changed deploys nothing. Read next: project.go, rewrite.go, serverless.go, operation.go.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/perdure/perdure/internal/client"
)

// Options say what to deploy where. Client and Path are required.
type Options struct {
	Client     *client.Client
	Path       string
	StackName  string            // empty: what the project says
	Parameters map[string]string // of the template; others keep their values
	Progress   func(line string) // nil: silence
	// Environment is the part of samconfig.toml to use; empty: the default one, if there is any.
	Environment string

	tags  map[string]string // of the stack
	built *builds           // nil: nothing was built before
}

func (o *Options) say(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// Output is an output of a stack.
type Output struct {
	Key         string `xml:"OutputKey" json:"key"`
	Value       string `xml:"OutputValue" json:"value"`
	Description string `xml:"Description" json:"description,omitempty"`
}

// Result is a stack as it was left.
type Result struct {
	StackName string   `json:"stackName"`
	StackID   string   `json:"stackId"`
	Status    string   `json:"status"`
	Changed   bool     `json:"changed"` // false: there was nothing to do
	Outputs   []Output `json:"outputs"`
}

// Output finds an output's value; empty if there is none.
func (r *Result) Output(key string) string {
	for _, o := range r.Outputs {
		if o.Key == key {
			return o.Value
		}
	}
	return ""
}

// Deploy builds and uploads, creates or updates the stack, and waits for the end. A stack that had to be rolled back is
// an error that names the resources that failed and why.
func Deploy(ctx context.Context, o Options) (*Result, error) {
	var result *Result
	err := within(ctx, &o, func(p *Project, work string) (err error) {
		result, err = p.deploy(ctx, &o, work)
		return err
	})
	return result, err
}

// within opens the project, with a directory for what is made on the way that is gone afterwards.
func within(ctx context.Context, o *Options, do func(p *Project, work string) error) error {
	work, err := os.MkdirTemp("", "perdure-")
	if err != nil {
		return err
	}
	p, err := open(ctx, o, work)
	if err == nil {
		err = do(p, work)
	}
	return errors.Join(err, os.RemoveAll(work))
}

func (p *Project) deploy(ctx context.Context, o *Options, work string) (*Result, error) {
	u, err := newUploads(ctx, o)
	if err != nil {
		return nil, err
	}
	text, err := p.pack(ctx, o, u, work)
	if err != nil {
		return nil, err
	}
	t := &target{c: o.Client, name: p.Stack, options: o, uploads: u}
	return t.apply(ctx, text)
}

// Destroy deletes a stack and waits for the end. Path is only needed if StackName is empty.
func Destroy(ctx context.Context, o Options) error {
	if o.StackName == "" || o.Environment != "" {
		return within(ctx, &o, func(p *Project, _ string) error { return destroy(ctx, &o, p.Stack) })
	}
	return destroy(ctx, &o, o.StackName)
}

func destroy(ctx context.Context, o *Options, name string) error {
	t := &target{c: o.Client, name: name, options: o}
	st, err := t.describe(ctx, name)
	if err != nil {
		return err
	}
	if st == nil {
		return fmt.Errorf("there is no stack %s in %s at %s; perdure stacks lists those of AWS_REGION", name, t.c.Region(), o.Client.Endpoint())
	}
	return t.delete(ctx, st)
}
