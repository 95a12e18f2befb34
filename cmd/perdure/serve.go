package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perdure/perdure/internal/server"
)

// serveFlags are those that the environment can set.
var serveFlags = []string{
	"listen", "data", "time", "durability", "account", "region", "credentials", "tls-cert", "tls-key", "insecure",
	"allow-host", "allow-origin", "max-instances", "mock-config", "lift-quotas", "inert-types", "verbose",
}

func serveCmd() *cobra.Command {
	var (
		cfg         server.Config
		durability  string
		credentials []string
		verbose     bool
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the server until interrupted",
		Long: "Serve answers AWS clients on one port until it is interrupted. Every flag can also be given as an environment\n" +
			"variable: --listen as PERDURE_LISTEN, --allow-host as PERDURE_ALLOW_HOST, and so on.",
		Args:    noArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd, serveFlags...) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if cfg.Credentials, err = readCredentials(credentials); err != nil {
				return usageError{err}
			}
			cfg.Durability = server.Durability(durability)
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			cfg.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			return serve(cmd.Context(), cfg, cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Listen, "listen", server.DefaultListen, "address to listen on; port 0 picks a free one")
	f.StringVar(&cfg.Data, "data", "perdure-data", "directory for what is kept; empty keeps everything in memory")
	f.StringVar(&cfg.Time, "time", "real", "how time passes: real, skip, scale=N, manual")
	f.StringVar(&durability, "durability", string(server.Strict), "what an answered request survives: strict (power loss) or relaxed (end of the process)")
	f.StringVar(&cfg.Account, "account", server.DefaultAccount, "AWS account id to show")
	f.StringVar(&cfg.Region, "region", server.DefaultRegion, "region of requests that name none")
	f.StringSliceVar(&credentials, "credentials", nil, "KEY:SECRET that requests must be signed with, or @FILE with one a line; repeatable")
	f.StringVar(&cfg.TLSCert, "tls-cert", "", "file with the TLS certificate chain")
	f.StringVar(&cfg.TLSKey, "tls-key", "", "file with its private key")
	f.BoolVar(&cfg.Insecure, "insecure", false, "listen beyond loopback without credentials or TLS")
	f.StringSliceVar(&cfg.AllowHosts, "allow-host", nil, "further host name that clients may use on loopback; repeatable")
	f.StringSliceVar(&cfg.AllowOrigins, "allow-origin", nil, "web origin that may call; repeatable")
	f.IntVar(&cfg.MaxInstances, "max-instances", 0, "function processes at once (0: 64)")
	f.StringVar(&cfg.MockConfig, "mock-config", os.Getenv("SFN_MOCK_CONFIG"), "file that answers the tasks of state machines in test cases (SFN_MOCK_CONFIG)")
	f.BoolVar(&cfg.LiftQuotas, "lift-quotas", false, "let state machines exceed 256 KiB of data and 25,000 events, durable executions 3,000 operations and 100 MB")
	f.BoolVar(&cfg.InertTypes, "inert-types", false, "keep resources of types that are not served as records without effect, instead of refusing their stacks")
	f.BoolVar(&verbose, "verbose", false, "log more")
	return cmd
}

func serve(ctx context.Context, cfg server.Config, stderr io.Writer) error {
	s, err := server.Start(ctx, cfg)
	if _, ok := errors.AsType[server.ConfigError](err); ok {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	fmt.Fprint(stderr, banner(s.Config()))
	fmt.Fprintln(stderr, "Ready. "+s.URL())
	<-ctx.Done()
	fmt.Fprintln(stderr, "Stopping.")
	return s.Close()
}

// banner says what is not as a careful user would have it.
func banner(cfg server.Config) string {
	var b strings.Builder
	if cfg.Data == "" {
		b.WriteString("Everything is kept in memory and is gone at the end.\n")
	} else if cfg.Durability == server.Relaxed {
		b.WriteString("Durability is relaxed: the last moments before a power loss may be lost.\n")
	}
	if cfg.Time != "real" {
		b.WriteString("Time is not real: " + cfg.Time + ".\n")
	}
	if cfg.Insecure && len(cfg.Credentials) == 0 {
		b.WriteString("Insecure: whoever reaches this port can run code here.\n")
	}
	return b.String()
}

// readCredentials reads KEY:SECRET and @FILE.
func readCredentials(args []string) (out []server.Credential, err error) {
	var lines []string
	for _, a := range args {
		file, isFile := strings.CutPrefix(a, "@")
		if !isFile {
			lines = append(lines, a)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		lines = append(lines, strings.Split(string(text), "\n")...)
	}
	for _, l := range lines {
		if l = strings.TrimSpace(l); l == "" || l[0] == '#' {
			continue
		}
		key, secret, ok := strings.Cut(l, ":")
		if !ok || key == "" || secret == "" {
			return nil, errors.New("a credential is not of the form KEY:SECRET")
		}
		out = append(out, server.Credential{AccessKey: key, Secret: secret})
	}
	return out, nil
}
