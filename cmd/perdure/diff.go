package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/deploy"
)

func diffCmd() *cobra.Command {
	var r remote
	var stack string
	var parameters []string
	cmd := &cobra.Command{
		Use:   "diff [PATH]",
		Short: "show what deploy would change",
		Long: "Builds and uploads as deploy does, and shows what would become of the stack's resources, without changing any.\n" +
			"PATH is what deploy takes.",
		Args: atMostOne("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := pairs(parameters)
			if err != nil {
				return err
			}
			o, err := deployOptions(cmd, &r, stack, args)
			if err != nil {
				return err
			}
			o.Parameters = given
			changes, err := deploy.Diff(cmd.Context(), *o)
			if err != nil {
				return err
			}
			if changes == nil {
				changes = []deploy.Change{}
			}
			return r.print(cmd, changes, func(w io.Writer) error { return showChanges(w, changes) })
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&stack, "stack", "", "name of the stack (default: what PATH says)")
	cmd.Flags().StringArrayVar(&parameters, "parameter", nil, "value of a template parameter, KEY=VALUE; may be repeated")
	return cmd
}

// showChanges writes a line for each resource and two for each property of one that is modified.
func showChanges(w io.Writer, changes []deploy.Change) error {
	if len(changes) == 0 {
		_, err := fmt.Fprintln(w, "no changes")
		return err
	}
	signs := map[string]string{"Add": "+", "Modify": "~", "Remove": "-"}
	for _, c := range changes {
		note := ""
		switch c.Replacement {
		case "True":
			note = "  (replaced)"
		case "Conditional":
			note = "  (may be replaced)"
		}
		if _, err := fmt.Fprintf(w, "%s %s  %s%s\n", signs[c.Action], c.Type, c.Resource, note); err != nil {
			return err
		}
		if c.Action != "Modify" {
			continue
		}
		for _, p := range c.Properties {
			if p.Name == "" {
				continue
			}
			if _, err := fmt.Fprintf(w, "    %s\n    - %s\n    + %s\n", p.Name, p.Before, p.After); err != nil {
				return err
			}
		}
	}
	return nil
}
