package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/timeline"
)

func executionHistoryCmd() *cobra.Command {
	var r remote
	var limit int
	cmd := &cobra.Command{
		Use:   "history ARN",
		Short: "print the event history of one execution",
		Long:  "Prints the event history of one execution, oldest first; with --json the events as the API answers them, one a line.",
		Args:  one("ARN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			token, printed := "", 0
			for printed < limit {
				page := min(limit-printed, 1000)
				var out struct {
					Events                []json.RawMessage
					NextToken, NextMarker string
				}
				if timeline.IsDurable(args[0]) {
					query := url.Values{"MaxItems": {strconv.Itoa(page)}}
					if token != "" {
						query.Set("Marker", token)
					}
					err = c.REST(cmd.Context(), "lambda", "GET", durablePath(args[0], "/history"), query, nil, &out)
				} else {
					in := map[string]any{"executionArn": args[0], "maxResults": page}
					if token != "" {
						in["nextToken"] = token
					}
					err = c.States(cmd.Context(), "GetExecutionHistory", in, &out)
				}
				if err != nil {
					return err
				}
				for _, e := range out.Events {
					printed++
					if r.json {
						err = enc.Encode(e)
					} else {
						err = historyLine(cmd.OutOrStdout(), e)
					}
					if err != nil {
						return err
					}
				}
				if token = out.NextToken + out.NextMarker; token == "" {
					return nil
				}
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "there are more events: raise --limit\n")
			return nil
		},
	}
	r.flags(cmd)
	cmd.Flags().IntVar(&limit, "limit", 25_000, "most events to print")
	return cmd
}

// historyLine prints one event of either service.
func historyLine(w io.Writer, event []byte) error {
	var e struct {
		ID             json.RawMessage // the number of a machine's event, but the operation of a durable function's
		EventID        json.RawMessage `json:"EventId"`
		Type           string
		EventType      string
		Timestamp      stamp
		EventTimestamp stamp
		Name           string
		Entered        *struct{ Name string } `json:"stateEnteredEventDetails"`
		Exited         *struct{ Name string } `json:"stateExitedEventDetails"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return fmt.Errorf("an event is not the JSON that was expected: %w", err)
	}
	number := e.EventID
	if number == nil {
		number = e.ID
	}
	name := e.Name
	switch {
	case e.Entered != nil:
		name = e.Entered.Name
	case e.Exited != nil:
		name = e.Exited.Name
	}
	_, err := fmt.Fprintf(w, "%6s  %s  %-28s %s\n", number, e.Timestamp+e.EventTimestamp, e.Type+e.EventType, name)
	return err
}
