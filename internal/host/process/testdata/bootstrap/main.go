// Command bootstrap is a function for the tests of the process host. What it does with an event is in the event.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string
	Text  string
	N     int
	Fifo  string
	Names []string
}

type rangeError struct{ error }

func handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "echo":
		return e.Text, nil
	case "print":
		for _, t := range strings.Split(e.Text, "|") {
			fmt.Println(t)
		}
		return nil, nil
	case "error":
		return nil, rangeError{errors.New(e.Text)}
	case "exit":
		os.Exit(e.N)
	case "hang":
		select {}
	case "sleep":
		time.Sleep(time.Duration(e.N) * time.Millisecond)
		return os.Getpid(), nil
	case "big":
		return strings.Repeat("x", e.N), nil
	case "pid":
		return os.Getpid(), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		d, _ := ctx.Deadline()
		return map[string]any{
			"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "trace": os.Getenv("_X_AMZN_TRACE_ID"),
			"client": lc.ClientContext.Custom, "left": time.Until(d).Seconds(),
		}, nil
	case "env":
		out := map[string]string{}
		for _, n := range e.Names {
			out[n] = os.Getenv(n)
		}
		return out, nil
	case "spawn": // a child of our own that holds the fifo open, as we do
		f, err := os.OpenFile(e.Fifo, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		c := exec.Command("sleep", "600")
		c.Stdout, c.ExtraFiles = os.Stdout, []*os.File{f}
		if err := c.Start(); err != nil {
			return nil, err
		}
		if e.Text == "die" {
			os.Exit(3)
		}
		return c.Process.Pid, nil
	}
	return nil, errors.New("unknown event: " + e.Do)
}

func main() {
	switch h := os.Getenv("_HANDLER"); {
	case strings.HasPrefix(h, "exit"):
		fmt.Println("leaving before the first event")
		os.Exit(len(h) - len("exit"))
	case h == "hang":
		select {}
	case h == "vanish": // ask for an event and do not wait for it
		c, err := net.Dial("tcp", os.Getenv("AWS_LAMBDA_RUNTIME_API"))
		if err == nil {
			fmt.Fprintf(c, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n")
		}
		os.Exit(4)
	}
	lambda.Start(handle)
}
