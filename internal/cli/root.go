// Package cli is the command line: nouns, then verbs. Each file holds the
// commands of one noun, built by a constructor; this one holds the root, the
// way errors are printed and the exit codes.
//
// Exit codes: 0 ok, 1 error, 2 usage, 3 partial, 4 check failed, 5 not found,
// 6 forbidden, 7 conflict, 8 unavailable, 130 interrupted. With --json, what a
// command prints on standard output is a stable contract; progress and hints go
// to standard error.
//
// Floor: edges.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/spf13/cobra"
)

// Partial is the exit code of a command that did only part of its work.
const Partial = 3

// ExitError carries an exit code that no fault kind has (3).
type ExitError struct {
	Code    int
	Message string
}

func (e *ExitError) Error() string { return e.Message }

// New makes the root command.
func New(name, short, version string, commands ...*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use: name, Short: short, Version: version,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.Wrap(fault.Invalid, err, "%s", err).WithHint("run '%s --help'", cmd.CommandPath())
	})
	root.AddCommand(commands...)
	usageErrors(root)
	return root
}

// usageErrors gives wrong arguments of every command the kind Invalid (exit 2).
func usageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fault.Wrap(fault.Invalid, err, "%s", err).WithHint("run '%s --help'", cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usageErrors(sub)
	}
}

// Group makes a noun: a command that only holds verbs. An unknown verb is a
// usage error, not a page of help with exit 0.
func Group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fault.New(fault.Invalid, "unknown command %q for %q", args[0], cmd.CommandPath()).
				WithHint("run '%s --help'", cmd.CommandPath())
		}
		return cmd.Help()
	}}
	cmd.AddCommand(verbs...)
	return cmd
}

// Main runs root with the process's arguments and gives the exit code. The
// first interrupt ends the context; a second one ends the process.
func Main(root *cobra.Command) int {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		<-ctx.Done()
		cancel() // from here on the system's own handling: a second interrupt kills
	}()
	err := root.ExecuteContext(ctx)
	return Report(os.Stderr, err, ctx.Err() != nil)
}

// Report prints err as "error: …" and a hint line, and gives the exit code.
// Unlike a screen, a command line belongs to the operator: causes are shown.
func Report(w io.Writer, err error, interrupted bool) int {
	if err == nil {
		return 0
	}
	var exit *ExitError
	if errors.As(err, &exit) {
		if exit.Message != "" {
			fmt.Fprintln(w, exit.Message)
		}
		return exit.Code
	}
	if interrupted && errors.Is(err, context.Canceled) {
		return 130
	}
	if strings.HasPrefix(err.Error(), "required flag(s) ") { // cobra gives it no kind
		err = fault.Wrap(fault.Invalid, err, "%s", err).WithHint("run the command with --help")
	}
	fmt.Fprintln(w, "error:", err)
	var f *fault.Error
	if errors.As(err, &f) {
		if f.Cause != nil && f.Cause.Error() != f.Message {
			fmt.Fprintln(w, "cause:", f.Cause)
		}
		if f.Hint != "" {
			fmt.Fprintln(w, "hint: ", f.Hint)
		}
		return fault.ExitCode(err)
	}
	return 1
}

// DefaultData is where a user's Attesta keeps its state unless told otherwise:
// $ATTESTA_DATA, $XDG_DATA_HOME/attesta or ~/.local/share/attesta.
func DefaultData() string {
	if dir := os.Getenv("ATTESTA_DATA"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "attesta")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "attesta-data"
	}
	return filepath.Join(home, ".local", "share", "attesta")
}
