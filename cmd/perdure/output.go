package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/perdure/perdure/internal/client"
)

// remote holds the flags of every command that talks to a server.
type remote struct {
	endpoint string
	json     bool
}

func (r *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.endpoint, "endpoint", "", "server to talk to (default $AWS_ENDPOINT_URL or "+client.DefaultEndpoint+")")
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON")
}

func (r *remote) client() (*client.Client, error) {
	c, err := client.New(r.endpoint)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// print writes v as JSON, or calls text.
func (r *remote) print(cmd *cobra.Command, v any, text func(io.Writer) error) error {
	if r.json {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	return text(cmd.OutOrStdout())
}

// table writes rows with aligned columns.
func table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// terminalWidth is the width of a terminal in columns, 0 if f is none.
func terminalWidth(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// colour tells whether to use colours on f: a terminal, and nobody said NO_COLOR.
func colour(f *os.File) bool { return os.Getenv("NO_COLOR") == "" && terminalWidth(f) > 0 }

// argument reads a value given as text, as @file, or as - for standard input.
func argument(cmd *cobra.Command, value string) (string, error) {
	switch {
	case value == "-":
		b, err := io.ReadAll(cmd.InOrStdin())
		return string(b), err
	case strings.HasPrefix(value, "@"):
		b, err := os.ReadFile(value[1:])
		if err != nil {
			return "", usageError{err}
		}
		return string(b), nil
	}
	return value, nil
}

// stamp is a time of the APIs: epoch seconds with a fraction.
type stamp float64

func (s stamp) String() string {
	if s == 0 {
		return "-"
	}
	return time.UnixMilli(int64(float64(s) * 1000)).Local().Format("2006-01-02 15:04:05")
}

func (s stamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'f', 3, 64), nil
}

// dash is s, or "-" where it is empty.
func dash(s string) string { return cmp.Or(s, "-") }
