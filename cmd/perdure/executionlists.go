package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/client"
)

// machineExecutions lists executions of one state machine, given by name or ARN, or of all.
func machineExecutions(ctx context.Context, c *client.Client, machine, status string, limit int) ([]execution, error) {
	machines, err := stateMachines(ctx, c)
	if err != nil {
		return nil, err
	}
	var all []execution
	found := machine == ""
	for _, m := range machines {
		if machine != "" && machine != m.Name && machine != m.ARN {
			continue
		}
		found = true
		in := map[string]any{"stateMachineArn": m.ARN, "maxResults": limit}
		if status != "" {
			in["statusFilter"] = status
		}
		var out struct {
			Executions []struct {
				ExecutionArn, Name, Status string
				StartDate, StopDate        stamp
			}
		}
		if err := c.States(ctx, "ListExecutions", in, &out); err != nil {
			return nil, err
		}
		for _, e := range out.Executions {
			all = append(all, execution{"machine", e.ExecutionArn, m.Name, e.Name, e.Status, e.StartDate, e.StopDate})
		}
	}
	if !found {
		return nil, fmt.Errorf("there is no standard state machine %q; without --machine the list has those of all", machine)
	}
	return all, nil
}

// stateMachine is an item of ListStateMachines.
type stateMachine struct {
	ARN  string `json:"stateMachineArn"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// stateMachines lists all standard state machines; express ones have no executions to list.
func stateMachines(ctx context.Context, c *client.Client) ([]stateMachine, error) {
	var all []stateMachine
	in := map[string]any{"maxResults": 1000}
	for {
		var out struct {
			StateMachines []stateMachine
			NextToken     string
		}
		if err := c.States(ctx, "ListStateMachines", in, &out); err != nil {
			return nil, err
		}
		for _, m := range out.StateMachines {
			if m.Type != "EXPRESS" {
				all = append(all, m)
			}
		}
		if out.NextToken == "" {
			return all, nil
		}
		in["nextToken"] = out.NextToken
	}
}

// durableExecutions lists executions of one function, or of every durable function.
func durableExecutions(ctx context.Context, c *client.Client, function, status string, limit int) ([]execution, error) {
	functions := []string{function}
	if function == "" {
		var err error
		if functions, err = durableFunctions(ctx, c); err != nil {
			return nil, err
		}
	}
	var all []execution
	for _, fn := range functions {
		query := url.Values{"MaxItems": {strconv.Itoa(limit)}}
		if status != "" {
			query.Set("Statuses", status)
		}
		var out struct {
			DurableExecutions []struct {
				DurableExecutionArn, DurableExecutionName, Status string
				StartTimestamp, EndTimestamp                      stamp
			}
		}
		path := "/2025-12-01/functions/" + url.PathEscape(fn) + "/durable-executions"
		if err := c.REST(ctx, "lambda", "GET", path, query, nil, &out); err != nil {
			return nil, err
		}
		for _, e := range out.DurableExecutions {
			all = append(all, execution{"durable", e.DurableExecutionArn, plainName(fn), e.DurableExecutionName, e.Status,
				e.StartTimestamp, e.EndTimestamp})
		}
	}
	return all, nil
}

// durableFunctions names every function with a durable configuration.
func durableFunctions(ctx context.Context, c *client.Client) ([]string, error) {
	var names []string
	query := url.Values{}
	for {
		var out struct {
			Functions []struct {
				FunctionName  string
				DurableConfig *struct{}
			}
			NextMarker string
		}
		if err := c.REST(ctx, "lambda", "GET", "/2015-03-31/functions", query, nil, &out); err != nil {
			return nil, err
		}
		for _, f := range out.Functions {
			if f.DurableConfig != nil {
				names = append(names, f.FunctionName)
			}
		}
		if out.NextMarker == "" {
			return names, nil
		}
		query.Set("Marker", out.NextMarker)
	}
}

// plainName is a function's name without its ARN and qualifier.
func plainName(fn string) string {
	if _, after, ok := strings.Cut(fn, ":function:"); ok {
		fn = after
	}
	name, _, _ := strings.Cut(fn, ":")
	return name
}
