package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/client"
	"github.com/perdure/perdure/internal/timeline"
)

func callbackCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "callback",
		Short: "list and answer callbacks and task tokens",
		Long: "Lists and answers what an execution waits for from outside: callbacks of durable functions and task tokens of\n" +
			"state machines. An id is tried as a callback first, then as a task token.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(callbackListCmd(), callbackAnswerCmd("succeed"), callbackAnswerCmd("fail"), callbackAnswerCmd("heartbeat"))
	return cmd
}

// callback is one open callback.
type callback struct {
	ID        string `json:"id"`
	Execution string `json:"execution"`
	Name      string `json:"name,omitempty"`
	Started   stamp  `json:"started"`
	Timeout   int    `json:"timeout_seconds,omitempty"`
	Heartbeat int    `json:"heartbeat_seconds,omitempty"`
}

func callbackListCmd() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "list [ARN]",
		Short: "list open callbacks of one durable execution, or of all that run",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				running, err := durableExecutions(cmd.Context(), c, "", "RUNNING", 1000)
				if err != nil {
					return err
				}
				for _, e := range running {
					args = append(args, e.ARN)
				}
			} else if !timeline.IsDurable(args[0]) {
				return usageError{errors.New("only durable executions list their callbacks; a state machine's task token is known to whoever was given it")}
			}
			open := []callback{}
			for _, arn := range args {
				found, err := openCallbacks(cmd, c, arn)
				if err != nil {
					return err
				}
				open = append(open, found...)
			}
			return r.print(cmd, open, func(w io.Writer) error {
				rows := [][]string{{"STARTED", "NAME", "EXECUTION", "ID"}}
				for _, cb := range open {
					rows = append(rows, []string{cb.Started.String(), dash(cb.Name), cb.Execution, cb.ID})
				}
				return table(w, rows)
			})
		},
	}
	r.flags(cmd)
	return cmd
}

// openCallbacks reads the history of a durable execution for callbacks that have started and not ended.
func openCallbacks(cmd *cobra.Command, c *client.Client, arn string) ([]callback, error) {
	var order []string
	open := map[string]callback{}
	query := url.Values{"MaxItems": {"1000"}}
	for {
		var out struct {
			Events []struct {
				EventType, ID, Name    string
				EventTimestamp         stamp
				CallbackStartedDetails struct {
					CallbackId                string
					Timeout, HeartbeatTimeout int
				}
			}
			NextMarker string
		}
		if err := c.REST(cmd.Context(), "lambda", "GET", durablePath(arn, "/history"), query, nil, &out); err != nil {
			return nil, err
		}
		for _, e := range out.Events {
			switch e.EventType {
			case "CallbackStarted":
				d := e.CallbackStartedDetails
				order = append(order, e.ID)
				open[e.ID] = callback{d.CallbackId, arn, e.Name, e.EventTimestamp, d.Timeout, d.HeartbeatTimeout}
			case "CallbackSucceeded", "CallbackFailed", "CallbackTimedOut":
				delete(open, e.ID)
			}
		}
		if out.NextMarker == "" {
			break
		}
		query.Set("Marker", out.NextMarker)
	}
	var found []callback
	for _, id := range order {
		if cb, ok := open[id]; ok {
			found = append(found, cb)
		}
	}
	return found, nil
}

func callbackAnswerCmd(verb string) *cobra.Command {
	var r remote
	var result, errName, cause string
	cmd := &cobra.Command{
		Use:   verb + " ID",
		Short: map[string]string{"succeed": "answer with a result", "fail": "answer with an error", "heartbeat": "say that the work goes on"}[verb],
		Args:  one("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			a := answer{verb: verb, id: args[0], errName: errName, cause: cause}
			if a.result, err = argument(cmd, result); err != nil {
				return err
			}
			if verb == "succeed" && !json.Valid([]byte(a.result)) {
				return usageError{fmt.Errorf("--result %q is not JSON; a text wants quotes of its own: --result '\"text\"'", a.result)}
			}
			err = a.callback(cmd, c)
			var e *api.Error
			if errors.As(err, &e) && e.Code == "InvalidParameterValueException" {
				err = a.token(cmd, c)
			}
			return err
		},
	}
	r.flags(cmd)
	switch verb {
	case "succeed":
		cmd.Flags().StringVar(&result, "result", "null", "result as JSON, @file, or - for standard input")
	case "fail":
		cmd.Flags().StringVar(&errName, "error", "Error", "error name")
		cmd.Flags().StringVar(&cause, "cause", "", "what went wrong, in words")
	}
	return cmd
}

// answer is what to tell whoever waits.
type answer struct{ verb, id, result, errName, cause string }

func (a answer) callback(cmd *cobra.Command, c *client.Client) error {
	body := []byte(a.result)
	if a.verb == "fail" {
		var err error
		if body, err = json.Marshal(map[string]string{"ErrorType": a.errName, "ErrorMessage": a.cause}); err != nil {
			return err
		}
	}
	if a.verb == "heartbeat" {
		body = nil
	}
	_, err := c.Do(cmd.Context(), client.Request{
		Service: "lambda", Path: "/2025-12-01/durable-execution-callbacks/" + url.PathEscape(a.id) + "/" + a.verb,
		Body: body, Header: http.Header{"Content-Type": {"application/octet-stream"}},
	})
	return err
}

func (a answer) token(cmd *cobra.Command, c *client.Client) error {
	operation := map[string]string{"succeed": "SendTaskSuccess", "fail": "SendTaskFailure", "heartbeat": "SendTaskHeartbeat"}[a.verb]
	in := map[string]string{"taskToken": a.id}
	switch a.verb {
	case "succeed":
		in["output"] = a.result
	case "fail":
		in["error"], in["cause"] = a.errName, a.cause
	}
	return c.States(cmd.Context(), operation, in, nil)
}
