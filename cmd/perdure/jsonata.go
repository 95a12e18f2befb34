package main

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// evaluation holds the flags of perdure jsonata.
type evaluation struct {
	vars    []string
	input   string
	later   bool
	json    bool
	raw     bool
	timeout time.Duration
}

func jsonataCmd() *cobra.Command {
	var e evaluation
	cmd := &cobra.Command{
		Use:   "jsonata EXPRESSION",
		Short: "evaluate a JSONata expression on JSON: perdure jsonata '$sum(items.price)' < order.json",
		Long: `Evaluate a JSONata expression, or with @file the one in a file, as a state would, with the functions Step Functions adds.

The input is read from standard input, unless that is a terminal or --input names another: JSON, or @file. Variables are
given as --var 'states={"input": 1}'. An undefined result prints nothing.`,
		Args: one("EXPRESSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := argument(cmd, args[0])
			if err != nil {
				return err
			}
			return e.run(cmd, source)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&e.input, "input", "", "input: JSON, @file or - for standard input (default standard input)")
	flags.StringArrayVar(&e.vars, "var", nil, "bind a variable, NAME=JSON or NAME=@file; repeatable")
	flags.BoolVar(&e.later, "later", false, "JSONata 2.2 instead of 2.0.6, the version of Step Functions")
	flags.BoolVar(&e.json, "json", false, "print the result on one line")
	flags.BoolVar(&e.raw, "raw", false, "print a text without quotes")
	flags.DurationVar(&e.timeout, "timeout", 30*time.Second, "give up after this long")
	return cmd
}

func (e *evaluation) run(cmd *cobra.Command, source string) error {
	o := jsonata.Options{Functions: jsonata.StepFunctions()}
	if e.later {
		o.Version = jsonata.V2_2
	}
	program, err := jsonata.Compile(strings.TrimSpace(source), o)
	if err != nil {
		return usageError{located(err)}
	}
	input, err := e.readInput(cmd)
	if err != nil {
		return err
	}
	vars, err := e.variables(cmd)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), e.timeout)
	defer cancel()
	host := jsonata.Host{Now: time.Now, Random: rand.Float64, UUID: randomUUID}
	result, err := program.Eval(ctx, input, vars, host, jsonata.Limits{})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the expression did not end within %v; --timeout gives it longer", e.timeout)
	case err != nil:
		return located(err)
	case result.Kind() == value.KindExtern:
		return errors.New("the result is a function, which has no JSON")
	}
	return e.print(cmd.OutOrStdout(), result)
}

// located adds the position to an error of the language.
func located(err error) error {
	var e *jsonata.Error
	if errors.As(err, &e) && e.Position > 0 {
		return fmt.Errorf("%w (at character %d)", err, e.Position)
	}
	return err
}

// readInput is undefined when there is nothing to read.
func (e *evaluation) readInput(cmd *cobra.Command) (value.Value, error) {
	text := e.input
	if text == "" {
		if f, ok := cmd.InOrStdin().(*os.File); ok && terminalWidth(f) > 0 {
			return value.Value{}, nil
		}
		text = "-"
	}
	text, err := argument(cmd, text)
	if err != nil || strings.TrimSpace(text) == "" {
		return value.Value{}, err
	}
	return decodeArgument("the input", text)
}

func (e *evaluation) variables(cmd *cobra.Command) (map[string]value.Value, error) {
	vars := make(map[string]value.Value, len(e.vars))
	for _, v := range e.vars {
		name, text, ok := strings.Cut(v, "=")
		name = strings.TrimPrefix(name, "$")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("--var %q is not NAME=JSON", v)}
		}
		text, err := argument(cmd, text)
		if err != nil {
			return nil, err
		}
		if vars[name], err = decodeArgument("--var "+name, text); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

func decodeArgument(what, text string) (value.Value, error) {
	v, err := value.Decode([]byte(text), value.Limits{})
	if err != nil {
		return value.Value{}, usageError{fmt.Errorf("%s is not JSON: %w", what, err)}
	}
	return v, nil
}

func (e *evaluation) print(w io.Writer, v value.Value) error {
	if v.IsUndefined() {
		return nil
	}
	if e.raw && v.Kind() == value.KindString {
		_, err := fmt.Fprintln(w, v.Str())
		return err
	}
	var out bytes.Buffer
	if e.json {
		out.Write(v.JSON())
	} else if err := json.Indent(&out, v.JSON(), "", "  "); err != nil {
		return fmt.Errorf("the result has no JSON: %w", err)
	}
	out.WriteByte('\n')
	_, err := out.WriteTo(w)
	return err
}

// randomUUID is a version 4 UUID.
func randomUUID() string {
	var b [16]byte
	_, _ = crand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
