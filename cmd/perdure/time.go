package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// serverTime is what the server says of its clock.
type serverTime struct {
	Mode    string     `json:"mode"`
	Factor  float64    `json:"factor"`
	Now     time.Time  `json:"now"`
	Next    *time.Time `json:"next,omitempty"`
	Running int        `json:"running"`
}

func timeCmd() *cobra.Command {
	var r remote
	show := func(cmd *cobra.Command, method string, in any) error {
		c, err := r.client()
		if err != nil {
			return err
		}
		var out serverTime
		if err := c.REST(cmd.Context(), "perdure", method, "/_perdure/time", nil, in, &out); err != nil {
			return err
		}
		return r.print(cmd, out, func(w io.Writer) error { return printTime(w, out) })
	}
	cmd := &cobra.Command{
		Use:   "time",
		Short: "show the server's clock, or move it",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return show(cmd, "GET", nil) },
	}
	by := &cobra.Command{
		Use:     "advance DURATION",
		Short:   "move the clock on, through every timer on the way, and wait until all has settled",
		Example: "  perdure time advance 20m",
		Args:    one("DURATION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if d, err := time.ParseDuration(args[0]); err != nil || d < 0 {
				return usageError{fmt.Errorf("%q is not a duration such as 90s, 20m or 24h", args[0])}
			}
			return show(cmd, "POST", map[string]any{"by": args[0]})
		},
	}
	next := &cobra.Command{
		Use:   "next",
		Short: "move the clock to the next timer and wait until all has settled",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return show(cmd, "POST", map[string]any{"next": true}) },
	}
	for _, c := range []*cobra.Command{cmd, by, next} {
		r.flags(c)
	}
	cmd.AddCommand(by, next)
	return cmd
}

func printTime(w io.Writer, t serverTime) error {
	const form = "2006-01-02 15:04:05.000 UTC"
	mode := t.Mode
	if mode == "scale" {
		mode = fmt.Sprintf("scale=%g", t.Factor)
	}
	fmt.Fprintf(w, "now      %s\nmode     %s\n", t.Now.UTC().Format(form), mode)
	if t.Next != nil {
		fmt.Fprintf(w, "next     %s, in %s\n", t.Next.UTC().Format(form), t.Next.Sub(t.Now).Round(time.Millisecond))
	} else {
		fmt.Fprintln(w, "next     no timer is set")
	}
	_, err := fmt.Fprintf(w, "running  %d\n", t.Running)
	return err
}
