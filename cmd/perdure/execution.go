package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/client"
	"github.com/perdure/perdure/internal/timeline"
)

func executionCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "execution",
		Short: "look at executions of state machines and durable functions",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(executionListCmd(), executionGetCmd(), executionHistoryCmd(), executionWatchCmd(), executionStopCmd())
	return cmd
}

// execution is one row of a list, of either kind.
type execution struct {
	Kind    string `json:"kind"` // "machine" or "durable"
	ARN     string `json:"arn"`
	Owner   string `json:"owner"` // state machine or function
	Name    string `json:"name"`
	Status  string `json:"status"`
	Started stamp  `json:"started"`
	Ended   stamp  `json:"ended,omitempty"`
}

func executionListCmd() *cobra.Command {
	var r remote
	var machine, function, status string
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list executions of both kinds, newest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return usageError{fmt.Errorf("--limit %d is out of range: 1 to 1000", limit)}
			}
			c, err := r.client()
			if err != nil {
				return err
			}
			all, err := listExecutions(cmd.Context(), c, machine, function, status, limit)
			if err != nil {
				return err
			}
			return r.print(cmd, all, func(w io.Writer) error {
				rows := [][]string{{"STATUS", "STARTED", "ENDED", "OWNER", "ARN"}}
				for _, e := range all {
					rows = append(rows, []string{e.Status, e.Started.String(), e.Ended.String(), e.Owner, e.ARN})
				}
				return table(w, rows)
			})
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&machine, "machine", "", "only executions of this state machine (name or ARN)")
	cmd.Flags().StringVar(&function, "function", "", "only executions of this function")
	cmd.Flags().StringVar(&status, "status", "", "only this status: RUNNING, SUCCEEDED, FAILED, ...")
	cmd.Flags().IntVar(&limit, "limit", 100, "most executions to list of each machine and function, and in all")
	return cmd
}

func listExecutions(ctx context.Context, c *client.Client, machine, function, status string, limit int) ([]execution, error) {
	all := []execution{}
	if function == "" {
		found, err := machineExecutions(ctx, c, machine, status, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if machine == "" {
		found, err := durableExecutions(ctx, c, function, status, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b execution) int {
		switch {
		case a.Started > b.Started:
			return -1
		case a.Started < b.Started:
			return 1
		}
		return strings.Compare(a.ARN, b.ARN)
	})
	return all[:min(len(all), limit)], nil
}

func executionGetCmd() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "get ARN",
		Short: "show one execution",
		Args:  one("ARN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			var out json.RawMessage
			if timeline.IsDurable(args[0]) {
				err = c.REST(cmd.Context(), "lambda", "GET", durablePath(args[0], ""), nil, nil, &out)
			} else {
				err = c.States(cmd.Context(), "DescribeExecution", map[string]string{"executionArn": args[0]}, &out)
			}
			if err != nil {
				return err
			}
			return r.print(cmd, out, func(w io.Writer) error { return fields(w, out) })
		},
	}
	r.flags(cmd)
	return cmd
}

// fields writes the members of a JSON object, one a line, in the order they came.
func fields(w io.Writer, object []byte) error {
	dec := json.NewDecoder(strings.NewReader(string(object)))
	dec.Token() // the opening brace
	var rows [][]string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		text := string(raw)
		var s string
		if json.Unmarshal(raw, &s) == nil {
			text = s
		}
		if name := fmt.Sprint(key); strings.HasSuffix(strings.ToLower(name), "date") || strings.HasSuffix(name, "Timestamp") {
			var at stamp
			if json.Unmarshal(raw, (*float64)(&at)) == nil {
				text = at.String()
			}
		}
		rows = append(rows, []string{fmt.Sprint(key), text})
	}
	return table(w, rows)
}

func executionStopCmd() *cobra.Command {
	var r remote
	var errName, cause string
	cmd := &cobra.Command{
		Use:   "stop ARN",
		Short: "stop one execution",
		Args:  one("ARN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			var out json.RawMessage
			if timeline.IsDurable(args[0]) {
				in := map[string]string{"ErrorType": errName, "ErrorMessage": cause}
				err = c.REST(cmd.Context(), "lambda", "POST", durablePath(args[0], "/stop"), nil, in, &out)
			} else {
				in := map[string]string{"executionArn": args[0], "error": errName, "cause": cause}
				err = c.States(cmd.Context(), "StopExecution", in, &out)
			}
			if err != nil {
				return err
			}
			return r.print(cmd, out, func(w io.Writer) error { return fields(w, out) })
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&errName, "error", "", "error name to record")
	cmd.Flags().StringVar(&cause, "cause", "", "why, in words")
	return cmd
}

func executionWatchCmd() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "watch ARN",
		Short: "follow one execution until it ends; exit 1 if it does not succeed",
		Long: "Follows one execution. A state machine's is shown on one timeline with the durable executions of the\n" +
			"functions its tasks call.",
		Args: one("ARN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			ended, err := follow(cmd, c, args[0], r.json)
			if err != nil {
				return err
			}
			return succeeded(ended)
		},
	}
	r.flags(cmd)
	return cmd
}

// follow prints the timeline of an execution and returns the event that ended it.
func follow(cmd *cobra.Command, c *client.Client, arn string, asJSON bool) (last timeline.Event, err error) {
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	p := &timeline.Printer{W: cmd.OutOrStdout(), Color: colour(os.Stdout), Width: terminalWidth(os.Stdout)}
	err = timeline.New(c, arn).Follow(cmd.Context(), func(e timeline.Event) {
		if e.Execution == arn {
			last = e
		}
		if asJSON {
			enc.Encode(e)
			return
		}
		p.Print(e)
	})
	return last, err
}

// succeeded is nil if that is how the execution ended, or says how it did.
func succeeded(last timeline.Event) error {
	if last.Type == "ExecutionSucceeded" {
		return nil
	}
	return errors.New(strings.TrimSpace("the execution did not succeed: " + last.Text + " " + last.Detail))
}

// durablePath is the REST path of a durable execution.
func durablePath(arn, more string) string {
	return "/2025-12-01/durable-executions/" + url.PathEscape(arn) + more
}

// noArgs wants no argument: one that is there is a command that does not exist, or too much.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command or argument %q; see %s --help", args[0], cmd.CommandPath())}
	}
	return nil
}

// one wants exactly one argument and names it.
func one(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{fmt.Errorf("want one argument, %s; see perdure %s --help", name, strings.TrimPrefix(cmd.CommandPath(), "perdure "))}
		}
		return nil
	}
}
