package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/attesta/attesta/internal/base/fault"
)

// Command is what both verifying programs do, `attesta verify` and
// attesta-verify.
type Command struct {
	Package  string // a zip file or a directory
	Trust    string // a trust file
	Strict   bool
	JSON     bool
	Out      io.Writer
	Err      io.Writer
	Terminal bool // Err is one: show progress there
}

// Exit codes of Run beside those of a report.
const (
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Run verifies and prints. It gives the exit code: 0 verified, 1 malformed or
// unreadable, 2 wrong usage (the trust file too), 4 failed, 130 interrupted.
func (c Command) Run(ctx context.Context) int {
	complain := func(code int, err error) int {
		fmt.Fprintln(c.Err, "error:", err)
		var f *fault.Error
		if errors.As(err, &f) && f.Hint != "" {
			fmt.Fprintln(c.Err, "hint: ", f.Hint)
		}
		return code
	}
	if c.Package == "" || c.Trust == "" {
		return complain(exitUsage, fault.New(fault.Invalid, "name one package, and a trust file with --trust").
			WithHint("the trust file says which keys you believe; it never comes with the package. 'attesta ledger trust' prints one, docs/verify.md explains it"))
	}
	raw, err := os.ReadFile(c.Trust)
	if err != nil {
		return complain(exitUsage, fmt.Errorf("the trust file cannot be read: %w", err))
	}
	trust, err := ParseTrust(raw)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			f.File = c.Trust
		}
		return complain(exitUsage, err)
	}
	o := Options{Strict: c.Strict}
	if c.Terminal && !c.JSON {
		last := int64(-1)
		o.Progress = func(done, total int64) {
			if percent := done * 100 / max(total, 1); percent != last {
				last = percent
				fmt.Fprintf(c.Err, "\r%d %% of %d MB", percent, total>>20)
			}
		}
		defer fmt.Fprint(c.Err, "\r\033[K")
	}
	rep, err := VerifyFile(ctx, c.Package, trust, o)
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case err != nil:
		return complain(exitError, err)
	}
	if c.JSON {
		enc := json.NewEncoder(c.Out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(rep); err != nil {
			return complain(exitError, err)
		}
		return rep.ExitCode()
	}
	rep.Print(c.Out)
	return rep.ExitCode()
}
