// Command attesta-agent observes one host: it reads the facts of the registry,
// reports them to an Attesta server (enrol, run) and judges them without one
// (inventory, check). It changes nothing on the host but its own state
// directory.
//
// Exit codes: 0 ok, 1 error, 2 usage, 3 some facts could not be judged, 4 a
// check failed, 5 not found, 6 refused by the server, 7 conflict, 8
// unavailable, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/spf13/cobra"
)

// version is set when a release is built.
var version = "dev"

func main() {
	// The heap is a few MB; the collector works harder only where a large host
	// would let it grow further.
	debug.SetMemoryLimit(28 << 20)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		<-ctx.Done()
		cancel() // a second interrupt ends the process
	}()
	err := root().ExecuteContext(ctx)
	os.Exit(report(os.Stderr, err, ctx.Err() != nil))
}

func root() *cobra.Command {
	tell := false
	printVersion := func(cmd *cobra.Command) error {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "attesta-agent", version)
		return err
	}
	cmd := &cobra.Command{
		Use: "attesta-agent", Short: "Observe this host and report to Attesta",
		SilenceUsage: true, SilenceErrors: true, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if tell {
				return printVersion(cmd)
			}
			return cmd.Help()
		},
	}
	// Not cobra's own flag: its template would bring a second language into the
	// binary, and with it every exported method of every type (3 MB).
	cmd.Flags().BoolVarP(&tell, "version", "v", false, "print the version")
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.Wrap(fault.Invalid, err, "%s", err).WithHint("run '%s --help'", cmd.CommandPath())
	})
	cmd.AddCommand(enrolCommand(), runCommand(), inventoryCommand(), checkCommand(), integrityCommand(), authoriseCommand(), &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return printVersion(cmd) },
	})
	return cmd
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return fault.New(fault.Invalid, "unknown command %q for %q", args[0], cmd.CommandPath()).WithHint("run '%s --help'", cmd.CommandPath())
	}
	return fault.New(fault.Invalid, "%q is one argument too many for %q", args[0], cmd.CommandPath()).WithHint("run '%s --help'", cmd.CommandPath())
}

// exitError carries an exit code that no fault kind has.
type exitError struct {
	code    int
	message string
}

func (e *exitError) Error() string { return e.message }

// report prints err with its cause and hint, and gives the exit code.
func report(w io.Writer, err error, interrupted bool) int {
	var exit *exitError
	var f *fault.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		fmt.Fprintln(w, exit.message)
		return exit.code
	case interrupted && errors.Is(err, context.Canceled):
		return 130
	}
	fmt.Fprintln(w, "error:", err)
	if !errors.As(err, &f) {
		return 1
	}
	if f.Cause != nil && f.Cause.Error() != f.Message {
		fmt.Fprintln(w, "cause:", f.Cause)
	}
	if f.Hint != "" {
		fmt.Fprintln(w, "hint: ", f.Hint)
	}
	return fault.ExitCode(err)
}
