package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/deploy"
)

func deployCmd() *cobra.Command {
	var r remote
	var p project
	cmd := &cobra.Command{
		Use:   "deploy [PATH]",
		Short: "build and deploy a directory or a template",
		Long: "Builds the Go functions of a project, uploads them, and creates or updates its stack. PATH is a directory with\n" +
			"perdure.json, with a template (template.yaml, template.json) and perhaps samconfig.toml, with a CDK app (cdk.json)\n" +
			"or an assembly that cdk synth has written, or a template file; it is the current directory unless given. A failed\n" +
			"deployment is rolled back.",
		Args: atMostOne("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := p.options(cmd, &r, args)
			if err != nil {
				return err
			}
			result, err := deploy.Deploy(cmd.Context(), *o)
			if err != nil {
				return err
			}
			if !result.Changed {
				o.Progress(result.StackName + " is up to date")
			}
			return r.print(cmd, result, func(w io.Writer) error { return showOutputs(w, result) })
		},
	}
	r.flags(cmd)
	p.flags(cmd)
	p.parameterFlag(cmd)
	return cmd
}

func showOutputs(w io.Writer, result *deploy.Result) error {
	var rows [][]string
	for _, out := range result.Outputs {
		rows = append(rows, []string{out.Key, out.Value})
	}
	return table(w, rows)
}

// project holds the flags of the commands that take a project.
type project struct {
	stack, environment string
	parameters         []string
}

func (p *project) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.stack, "stack", "", "name of the stack (default: what PATH says)")
	cmd.Flags().StringVar(&p.environment, "config-env", "", "environment of samconfig.toml to use (default \"default\", if there is one)")
}

func (p *project) parameterFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&p.parameters, "parameter", nil, "value of a template parameter, KEY=VALUE; may be repeated")
}

func (p *project) options(cmd *cobra.Command, r *remote, args []string) (*deploy.Options, error) {
	given, err := pairs(p.parameters)
	if err != nil {
		return nil, err
	}
	c, err := r.client()
	if err != nil {
		return nil, err
	}
	o := &deploy.Options{Client: c, StackName: p.stack, Environment: p.environment, Parameters: given,
		Progress: func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), line) }}
	if len(args) > 0 {
		o.Path = args[0]
	}
	return o, nil
}

// pairs reads KEY=VALUE flags.
func pairs(list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, p := range list {
		k, v, ok := strings.Cut(p, "=")
		if !ok || k == "" {
			return nil, usageError{fmt.Errorf("--parameter %q is not KEY=VALUE", p)}
		}
		m[k] = v
	}
	return m, nil
}

func atMostOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageError{fmt.Errorf("want at most one argument, %s; see perdure %s --help", name, strings.TrimPrefix(cmd.CommandPath(), "perdure "))}
		}
		return nil
	}
}

func destroyCmd() *cobra.Command {
	var r remote
	var p project
	cmd := &cobra.Command{
		Use:   "destroy [PATH or STACK]",
		Short: "delete a stack and what it is made of",
		Long:  "Deletes the stack of a project, or the one that is named. What its template retains stays.",
		Args:  atMostOne("PATH or STACK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && p.stack == "" {
				if _, err := os.Stat(args[0]); err != nil && !strings.ContainsAny(args[0], "/.") {
					p.stack = args[0]
				}
			}
			o, err := p.options(cmd, &r, args)
			if err != nil {
				return err
			}
			return deploy.Destroy(cmd.Context(), *o)
		},
	}
	r.flags(cmd)
	p.flags(cmd)
	return cmd
}

func stacksCmd() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "stacks",
		Short: "list stacks",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			type stack struct {
				Name    string `xml:"StackName" json:"name"`
				Status  string `xml:"StackStatus" json:"status"`
				Created string `xml:"CreationTime" json:"created"`
				Updated string `xml:"LastUpdatedTime" json:"updated,omitempty"`
				ID      string `xml:"StackId" json:"id"`
			}
			out := struct {
				Stacks []stack `xml:"Stacks>member"`
			}{Stacks: []stack{}}
			if err := c.Query(cmd.Context(), "cloudformation", "2010-05-15", "DescribeStacks", url.Values{}, &out); err != nil {
				return err
			}
			return r.print(cmd, out.Stacks, func(w io.Writer) error {
				rows := [][]string{{"NAME", "STATUS", "CREATED", "UPDATED"}}
				for _, s := range out.Stacks {
					rows = append(rows, []string{s.Name, s.Status, s.Created, dash(s.Updated)})
				}
				return table(w, rows)
			})
		},
	}
	r.flags(cmd)
	return cmd
}
