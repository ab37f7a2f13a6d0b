package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/agent/origin/present"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/permit"

	"github.com/spf13/cobra"
)

func authoriseCommand() *cobra.Command {
	state, file := "", ""
	cmd := &cobra.Command{Use: "authorise TOKEN | --token-file FILE [-- COMMAND ARGS...]", Short: "Present a change token to the running agent", Args: cobra.ArbitraryArgs,
		Long: `Present a change token to the agent that watches this host. What the process
that presented it, and every process below it, does to files is reported with the
token until that process ends; the server verifies it and counts.

With a command it is presented for the command, which then runs in place of this
program. Without one it is presented for the process that started this program:
a shell, or a tool of configuration management. It needs root.`,
		Example: `  attesta-agent authorise --token-file /run/ch-12.token -- ansible-pull -U https://git.example.org/hosts
  attesta-agent authorise act1.…    # for this shell, until it ends`}
	cmd.Flags().StringVar(&state, "state", "", "the agent's state directory (default $"+variablePrefix+"STATE, or "+usualState()+")")
	cmd.Flags().StringVar(&file, "token-file", "", "read the token from a file; - is standard input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		command := []string(nil)
		if dash := cmd.ArgsLenAtDash(); dash >= 0 {
			if args, command = args[:dash], args[dash:]; len(command) == 0 {
				return fault.New(fault.Invalid, "no command stands after --")
			}
		}
		token, err := tokenFrom(cmd, args, file)
		if err != nil {
			return err
		}
		state := cmp.Or(state, os.Getenv(variablePrefix+"STATE"), usualState())
		if len(command) == 0 {
			p, err := present.Present(state, token, present.Parent)
			if err != nil {
				return err
			}
			t, err := permit.Form(token)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Process %d (%s) and what it starts: %s, until it ends.\n", p.PID, cmp.Or(p.Exe, "program not known"), t.Purpose())
			return err
		}
		program, err := exec.LookPath(command[0])
		if err != nil {
			return fault.Wrap(fault.NotFound, err, "there is no program %q", command[0])
		}
		if _, err := present.Present(state, token, present.This); err != nil {
			return err
		}
		err = syscall.Exec(program, command, os.Environ())
		return fault.Wrap(fault.Unavailable, err, "%s cannot be run", program)
	}
	return cmd
}

// tokenFrom reads the token from where it was given.
func tokenFrom(cmd *cobra.Command, args []string, file string) (string, error) {
	const most = 8 << 10
	switch {
	case len(args) == 1 && file == "":
		return args[0], nil
	case len(args) > 1:
		return "", fault.New(fault.Invalid, "%q is one argument too many", args[1]).WithHint("a command stands after --")
	case len(args) == 1:
		return "", fault.New(fault.Invalid, "a token is given twice").WithHint("as an argument or by --token-file")
	case file == "":
		return "", fault.New(fault.Invalid, "no token is given").WithHint("give it as an argument or by --token-file")
	}
	from := cmd.InOrStdin()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			kind := fault.Unavailable
			if errors.Is(err, os.ErrNotExist) {
				kind = fault.NotFound
			}
			return "", fault.Wrap(kind, err, "the token cannot be read").At(file, 0, "")
		}
		defer f.Close() // for reading
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the token cannot be read").At(file, 0, "")
	}
	if len(b) > most {
		return "", fault.New(fault.Invalid, "this is no token: it is longer than %d bytes", most).At(file, 0, "")
	}
	return strings.TrimSpace(string(b)), nil
}
