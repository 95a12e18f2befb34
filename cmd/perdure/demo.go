package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/client"
	"github.com/perdure/perdure/internal/deploy"
	"github.com/perdure/perdure/internal/server"
	"github.com/perdure/perdure/internal/timeline"
)

// demoMachine is the state machine of the example.
const demoMachine = "sfn-dfn-integration-pattern-cdk"

// demo is one run of the demonstration.
type demo struct {
	dir     string
	time    string
	minutes float64
	serve   bool
	json    bool
	out     io.Writer // timeline and figures, or JSON
	err     io.Writer // progress
}

func demoCmd() *cobra.Command {
	d := demo{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "run the Step Functions and durable Lambda pattern, end to end",
		Long: "Starts a server in a temporary directory, builds and deploys the example, runs one execution of it, and shows on\n" +
			"one timeline what the state machine and both durable functions did. Time is skipped wherever everything waits,\n" +
			"unless --time=real.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.time != "skip" && d.time != "real" {
				return usageError{fmt.Errorf("--time %q is neither skip nor real", d.time)}
			}
			if !(d.minutes > 0 && d.minutes < 60) {
				return usageError{fmt.Errorf("--minutes %g is out of range: above 0 and below 60, which is the function's execution timeout", d.minutes)}
			}
			d.out, d.err = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return d.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.dir, "dir", "examples/stepfunctions-durable", "the example")
	f.StringVar(&d.time, "time", "skip", "skip over waits, or real")
	f.Float64Var(&d.minutes, "minutes", 20, "minutes that the asynchronous function waits")
	f.BoolVar(&d.serve, "serve", false, "keep the server and its data for a look around, until interrupted")
	f.BoolVar(&d.json, "json", false, "print one JSON object")
	return cmd
}

// outcome is what a demo has to tell.
type outcome struct {
	Status         string           `json:"status"`
	Execution      string           `json:"execution"`
	Output         json.RawMessage  `json:"output,omitempty"`
	Error          string           `json:"error,omitempty"`
	VirtualSeconds float64          `json:"virtual_seconds"`
	RealSeconds    float64          `json:"real_seconds"`
	Commits        uint64           `json:"commits"`
	Invocations    int              `json:"invocations"`
	Durability     string           `json:"durability"`
	Events         []timeline.Event `json:"events"`
}

func (d *demo) run(ctx context.Context) (err error) {
	if _, err := os.Stat(d.dir); err != nil {
		return usageError{fmt.Errorf("the example is not at %s: run the demo from a checkout of the repository, or name it with --dir", d.dir)}
	}
	data, err := os.MkdirTemp("", "perdure-demo-")
	if err != nil {
		return err
	}
	if !d.serve {
		defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	}
	s, err := server.Start(ctx, server.Config{Listen: "127.0.0.1:0", Data: data, Time: d.time})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	c, err := client.New(s.URL())
	if err != nil {
		return err
	}
	progress := func(line string) { fmt.Fprintln(d.err, line) }
	if _, err := deploy.Deploy(ctx, deploy.Options{Client: c, Path: d.dir, Progress: progress}); err != nil {
		return err
	}
	o, err := d.execute(ctx, s, c)
	if err != nil {
		return err
	}
	if err := d.report(o); err != nil {
		return err
	}
	if d.serve {
		fmt.Fprintf(d.err, "\nThe server goes on until you interrupt it; its data stays in %s.\n\n  export AWS_ENDPOINT_URL=%s\n  perdure execution list\n  perdure execution history %s\n",
			data, s.URL(), o.Execution)
		<-ctx.Done()
		return nil
	}
	if o.Status != "SUCCEEDED" {
		return fmt.Errorf("the execution ended %s: %s", o.Status, o.Error)
	}
	return nil
}

// execute runs one execution and follows it.
func (d *demo) execute(ctx context.Context, s *server.Server, c *client.Client) (*outcome, error) {
	before := s.Engine().Store().Stats().Commits
	virtual, began := s.Engine().Now(), time.Now()
	arn, err := startExecution(ctx, c, demoMachine, "", fmt.Sprintf(`{"minutes_to_wait": %g}`, d.minutes))
	if err != nil {
		return nil, err
	}
	p := &timeline.Printer{W: d.out, Color: colour(os.Stdout), Width: terminalWidth(os.Stdout)}
	o := &outcome{Execution: arn, Durability: string(s.Config().Durability)}
	err = timeline.New(c, arn).Follow(ctx, func(e timeline.Event) {
		o.Events = append(o.Events, e)
		if e.Type == "InvocationCompleted" {
			o.Invocations++
		}
		if e.Execution == arn && strings.HasPrefix(e.Type, "Execution") && e.Type != "ExecutionStarted" {
			o.RealSeconds = time.Since(began).Seconds()
			o.VirtualSeconds = e.At.Sub(virtual).Seconds()
		}
		if !d.json {
			p.Print(e)
		}
	})
	if err != nil {
		return nil, err
	}
	o.Commits = s.Engine().Store().Stats().Commits - before
	var described struct{ Status, Output, Error, Cause string }
	if err := c.States(ctx, "DescribeExecution", map[string]string{"executionArn": arn}, &described); err != nil {
		return nil, err
	}
	o.Status, o.Error = described.Status, strings.TrimSuffix(described.Error+": "+described.Cause, ": ")
	if described.Output != "" {
		o.Output = json.RawMessage(described.Output)
	}
	return o, nil
}

// report prints the outcome.
func (d *demo) report(o *outcome) error {
	if d.json {
		enc := json.NewEncoder(d.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(o)
	}
	seconds := func(s float64) time.Duration {
		return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
	}
	fmt.Fprintln(d.out)
	return table(d.out, [][]string{
		{"status", o.Status},
		{"output", string(o.Output)},
		{"virtual time", seconds(o.VirtualSeconds).String()},
		{"real time", seconds(o.RealSeconds).String()},
		{"commits", fmt.Sprintf("%d (%s durability)", o.Commits, o.Durability)},
		{"invocations", fmt.Sprint(o.Invocations)},
	})
}
