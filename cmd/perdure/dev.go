package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/deploy"
)

func devCmd() *cobra.Command {
	var r remote
	var p project
	cmd := &cobra.Command{
		Use:   "dev [PATH]",
		Short: "deploy, and again whenever a source changes",
		Long: "Deploys a project as deploy does, then watches the files it is made of, builds what has changed, updates the stack,\n" +
			"and shows what the functions log, until interrupted. Code that does not compile is reported, and the stack stays as\n" +
			"it was. Durable executions that run on $LATEST go on with the new code; those of a published version keep it.\n" +
			"The stack is still there afterwards. PATH is what deploy takes.",
		Args: atMostOne("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := p.options(cmd, &r, args)
			if err != nil {
				return err
			}
			var shown []deploy.Output
			err = deploy.Dev(cmd.Context(), *o, func(result *deploy.Result) {
				if slices.Equal(shown, result.Outputs) && !r.json {
					return
				}
				shown = result.Outputs
				if err := r.print(cmd, result, func(w io.Writer) error { return showOutputs(w, result) }); err != nil {
					fmt.Fprintln(cmd.ErrOrStderr(), err)
				}
			})
			if err == nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "Stopping. The stack stays; perdure destroy deletes it.")
			}
			return err
		},
	}
	r.flags(cmd)
	p.flags(cmd)
	p.parameterFlag(cmd)
	return cmd
}
