package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/client"
)

func startCmd() *cobra.Command {
	var r remote
	var input, name string
	var watch bool
	cmd := &cobra.Command{
		Use:   "start MACHINE|FUNCTION:QUALIFIER",
		Short: "start an execution of a state machine or of a durable function",
		Long: "Starts an execution and prints its ARN. A name with a qualifier (\"orders:live\", \"orders:$LATEST\") or a function's\n" +
			"ARN is a durable function, which is invoked as an event; anything else is a state machine, by name or ARN.",
		Args: one("MACHINE or FUNCTION:QUALIFIER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			in, err := argument(cmd, input)
			if err != nil {
				return err
			}
			if !json.Valid([]byte(in)) {
				return usageError{fmt.Errorf("--input is not JSON: %.80q", in)}
			}
			arn, err := startExecution(cmd.Context(), c, args[0], name, in)
			if err != nil {
				return err
			}
			if !watch {
				return r.print(cmd, map[string]string{"arn": arn}, func(w io.Writer) error { _, err := fmt.Fprintln(w, arn); return err })
			}
			ended, err := follow(cmd, c, arn, r.json)
			if err != nil {
				return err
			}
			return succeeded(ended)
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&input, "input", "{}", "input as JSON, @file, or - for standard input")
	cmd.Flags().StringVar(&name, "name", "", "name of the execution; a name is used once")
	cmd.Flags().BoolVar(&watch, "watch", false, "follow it until it ends; exit 1 if it does not succeed")
	return cmd
}

// startExecution starts what target names and returns the execution's ARN.
func startExecution(ctx context.Context, c *client.Client, target, name, input string) (string, error) {
	if strings.Contains(target, ":function:") || (!strings.HasPrefix(target, "arn:") && strings.Contains(target, ":")) {
		h := http.Header{"X-Amz-Invocation-Type": {"Event"}, "Content-Type": {"application/json"}}
		if name != "" {
			h.Set("X-Amz-Durable-Execution-Name", name)
		}
		resp, err := c.Do(ctx, client.Request{Service: "lambda", Path: "/2015-03-31/functions/" + url.PathEscape(target) + "/invocations",
			Header: h, Body: []byte(input)})
		if err != nil {
			return "", err
		}
		arn := resp.Header.Get("X-Amz-Durable-Execution-Arn")
		if arn == "" {
			return "", errors.New("the function is not durable: it was invoked, and there is no execution to look at")
		}
		return arn, nil
	}
	if !strings.HasPrefix(target, "arn:") {
		machines, err := stateMachines(ctx, c)
		if err != nil {
			return "", err
		}
		found := ""
		for _, m := range machines {
			if m.Name == target {
				found = m.ARN
			}
		}
		if found == "" {
			return "", fmt.Errorf("there is no state machine named %q; a durable function wants a qualifier: %s:$LATEST", target, target)
		}
		target = found
	}
	in := map[string]string{"stateMachineArn": target, "input": input}
	if name != "" {
		in["name"] = name
	}
	var out struct{ ExecutionArn string }
	err := c.States(ctx, "StartExecution", in, &out)
	return out.ExecutionArn, err
}
