package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/deploy"
)

func diffCmd() *cobra.Command {
	var r remote
	var p project
	cmd := &cobra.Command{
		Use:   "diff [PATH]",
		Short: "show what deploy would change",
		Long: "Builds and uploads as deploy does, and shows what would become of the stack's resources, without changing any.\n" +
			"PATH is what deploy takes.",
		Args: atMostOne("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := p.options(cmd, &r, args)
			if err != nil {
				return err
			}
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
	p.flags(cmd)
	p.parameterFlag(cmd)
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
