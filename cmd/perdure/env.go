package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// variable is one environment variable.
type variable struct{ name, value string }

func envCmd() *cobra.Command {
	var r remote
	var shell string
	cmd := &cobra.Command{
		Use:   "env",
		Short: `print what points AWS clients here: eval "$(perdure env)"`,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.client()
			if err != nil {
				return err
			}
			vars := clientVariables(c.Endpoint(), c.Region())
			format, ok := shells[shell]
			if !ok {
				return usageError{fmt.Errorf("shell %q is none of sh, fish, powershell", shell)}
			}
			m := map[string]string{}
			for _, v := range vars {
				m[v.name] = v.value
			}
			return r.print(cmd, m, func(w io.Writer) error {
				for _, v := range vars {
					if _, err := fmt.Fprintln(w, format(v)); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&shell, "shell", "sh", "syntax: sh, fish or powershell")
	return cmd
}

// clientVariables are what every AWS client understands. Keys that are set already stay as they are.
func clientVariables(endpoint, region string) []variable {
	vars := []variable{{"AWS_ENDPOINT_URL", endpoint}, {"AWS_REGION", region}, {"AWS_DEFAULT_REGION", region}}
	if os.Getenv("AWS_ACCESS_KEY_ID") == "" {
		vars = append(vars, variable{"AWS_ACCESS_KEY_ID", "test"}, variable{"AWS_SECRET_ACCESS_KEY", "test"})
	}
	if os.Getenv("HTTP_PROXY") != "" || os.Getenv("http_proxy") != "" {
		vars = append(vars, variable{"NO_PROXY", "127.0.0.1,localhost"})
	}
	return vars
}

var shells = map[string]func(variable) string{
	"sh":         func(v variable) string { return "export " + v.name + "=" + quote(v.value, `'\''`) },
	"fish":       func(v variable) string { return "set -gx " + v.name + " " + quote(v.value, `\'`) },
	"powershell": func(v variable) string { return "$env:" + v.name + " = " + quote(v.value, `''`) },
}

// quote puts a value into single quotes if it needs any; inner is how the shell writes one inside of them.
func quote(s, inner string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,@") == "" && inner == `'\''` {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", inner) + "'"
}
