package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/server"
	"github.com/perdure/perdure/internal/store/pebble"
)

func storeCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "look into a data directory that no server is running on",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(storeVerifyCmd(), storeDumpCmd())
	return cmd
}

// dataFlag is --data, by environment PERDURE_DATA.
func dataFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "data", "perdure-data", "data directory to look into")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd, "data") }
}

func storeVerifyCmd() *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "read everything in the store and check that it agrees; exit 1 on damage",
		Long: "Reads every row and every blob, and checks that histories have no gaps, that indexes and what they index agree\n" +
			"both ways, and that nothing belongs to an execution that does not exist. Problems go to standard output, one a line.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inspect(dir, func(s *pebble.Store) error {
				return verifyStore(cmd.Context(), s, dir, cmd.OutOrStdout(), asJSON)
			})
		},
	}
	dataFlag(cmd, &dir)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one problem a line, counts at the end")
	return cmd
}

// verifyStore prints problems as they are found and counts at the end.
func verifyStore(ctx context.Context, s *pebble.Store, dir string, w io.Writer, asJSON bool) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	r, err := s.Verify(ctx, func(p pebble.Problem) error {
		if asJSON {
			return enc.Encode(p)
		}
		_, err := fmt.Fprintln(w, p)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		err = enc.Encode(r)
	} else {
		_, err = fmt.Fprintf(w, "%d entities, %d events, %d parts, %d timers, %d effects, %d messages, %d documents, %d blobs: %s\n",
			r.Entities, r.Events, r.Parts, r.Timers, r.Effects, r.Messages, r.Documents, r.Blobs, verdict(r.Problems))
	}
	if err == nil && r.Problems > 0 {
		err = fmt.Errorf("the store in %s is damaged: %s; restore a backup, or see perdure store dump for what is left", dir, verdict(r.Problems))
	}
	return err
}

func verdict(problems int) string {
	switch problems {
	case 0:
		return "no problems"
	case 1:
		return "1 problem"
	}
	return fmt.Sprintf("%d problems", problems)
}

func storeDumpCmd() *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dump",
		Short: "print every row of the store as a line of JSON",
		Long:  "Prints every row of the store as a line of JSON, in the order of its keys, then one line for every blob without its bytes.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inspect(dir, func(s *pebble.Store) error { return s.Dump(cmd.Context(), cmd.OutOrStdout()) })
		},
	}
	dataFlag(cmd, &dir)
	cmd.Flags().BoolVar(&asJSON, "json", true, "print JSON, which is the only form there is")
	return cmd
}

// inspect opens the store of a data directory for f.
func inspect(dir string, f func(*pebble.Store) error) error {
	s, done, err := server.Inspect(dir)
	if err != nil {
		return err
	}
	return errors.Join(f(s), done())
}
