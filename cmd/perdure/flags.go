package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// fromEnvironment gives each of the flags that was not set on the command line the value of PERDURE_NAME, if that is set:
// the flag --allow-host is PERDURE_ALLOW_HOST. Flags that take several values take them separated by commas.
func fromEnvironment(cmd *cobra.Command, flags ...string) error {
	for _, flag := range flags {
		name := "PERDURE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
		value := os.Getenv(name)
		if value == "" || cmd.Flags().Changed(flag) {
			continue
		}
		if err := cmd.Flags().Set(flag, value); err != nil {
			return usageError{fmt.Errorf("%s=%q: %w", name, value, err)}
		}
	}
	return nil
}
