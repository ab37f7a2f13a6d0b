// Command attesta-verify verifies an evidence package of Attesta with nothing
// but the package and a trust file that comes from elsewhere. It needs no
// network, no database and no other file, and it changes nothing.
//
//	attesta-verify PACKAGE --trust FILE [--strict] [--json]
//
// Exit codes: 0 verified, 1 the package is malformed or cannot be read, 2 wrong
// usage, 4 a check failed (tampered, incomplete, untrusted; redactions with
// --strict), 130 interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/attesta/attesta/internal/proof/offline"
)

// version is set when a release is built.
var version = "dev"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	c := offline.Command{Out: out, Err: errs}
	flags := flag.NewFlagSet("attesta-verify", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() {
		fmt.Fprintln(errs, "usage: attesta-verify PACKAGE --trust FILE [--strict] [--json]")
		flags.PrintDefaults()
	}
	flags.StringVar(&c.Trust, "trust", "", "trust `FILE` from outside the package: keys, checkpoints, witnesses")
	flags.BoolVar(&c.Strict, "strict", false, "fail when something was redacted")
	flags.BoolVar(&c.JSON, "json", false, "print the report as JSON")
	printVersion := flags.Bool("version", false, "print the version")
	var packages []string
	for { // flags may stand before and behind the package
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return 0
		} else if err != nil {
			return 2
		}
		if args = flags.Args(); len(args) == 0 {
			break
		}
		packages, args = append(packages, args[0]), args[1:]
	}
	if *printVersion {
		fmt.Fprintln(out, "attesta-verify", version)
		return 0
	}
	if len(packages) == 1 {
		c.Package = packages[0]
	}
	if st, err := os.Stderr.Stat(); err == nil {
		c.Terminal = st.Mode()&os.ModeCharDevice != 0
	}
	return c.Run(ctx)
}
