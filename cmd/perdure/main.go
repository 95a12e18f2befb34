// Command perdure runs AWS Step Functions state machines and AWS Lambda durable functions on this machine.
//
// Results go to standard output, progress and the ready line to standard error. Exit status: 0 done, 1 the thing asked
// for failed (an execution ended FAILED, a verification found damage), 2 the command was used wrongly, 130 interrupted.
// Every command that prints a result takes --json. Colours are used on a terminal only and never with NO_COLOR set.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError marks an error that is the command line's fault.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := rootCmd().ExecuteContext(ctx)
	if err == nil {
		return
	}
	code := exitFailed
	var usage usageError
	switch {
	case errors.As(err, &usage):
		code = exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		code = exitInterrupted
	}
	fmt.Fprintln(os.Stderr, "perdure: "+err.Error())
	os.Exit(code)
}

func rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "perdure",
		Short: "state machines and durable functions on your own machine",
		Long: "State machines and durable functions on your own machine.\n\n" +
			"Exit status: 0 done, 1 what was asked for failed, 2 the command was used wrongly, 130 interrupted.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serveCmd(), demoCmd(), deployCmd(), devCmd(), diffCmd(), destroyCmd(), stacksCmd(), startCmd(), executionCmd(), callbackCmd(), timeCmd(), envCmd(), jsonataCmd(), storeCmd(), versionCmd())
	return root
}
