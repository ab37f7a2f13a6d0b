package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/spf13/cobra"
)

// statusOutput is what `integrity status --json` prints: a stable contract.
type statusOutput struct {
	Running bool `json:"running"` // an agent holds the state directory
	watching.Status
}

func statusCommand() *cobra.Command {
	state, asJSON := usualState(), false
	cmd := &cobra.Command{Use: "status", Short: "Print what the running agent watches, and what that is compared with", Args: noArguments,
		Long: `Print what the agent that runs with a state directory watches: the way in force and
why a better one is not, the trees, the baseline and who approved it, when every
content was last read anew, and what is wrong.
Exit code 3 says that no agent runs, that files are not watched, or that something
is wrong.`}
	cmd.Flags().StringVar(&state, "state", state, "the agent's state directory")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := watching.ReadStatus(state)
		if err != nil {
			return err
		}
		out := statusOutput{Status: s}
		if out.Running, err = held(state); err != nil {
			return err
		}
		if asJSON {
			err = printJSON(cmd.OutOrStdout(), out)
		} else {
			err = out.print(cmd.OutOrStdout())
		}
		if err != nil {
			return err
		}
		return out.verdict()
	}
	return cmd
}

// held reports whether an agent runs with a state directory.
func held(dir string) (bool, error) {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Wrap(fault.Unavailable, err, "%s cannot be read", filepath.Join(dir, "lock"))
	}
	defer f.Close() // with it a lock that was got
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

func (s *statusOutput) verdict() error {
	switch mode := value(s.Watching.Mode); {
	case !s.Running:
		return &exitError{code: 3, message: "no agent runs with this state directory; this is what the last one said"}
	case mode == "off", mode == "failed", mode == "starting":
		return &exitError{code: 3, message: "files are not watched"}
	case len(s.Watching.Problems) > 0:
		return &exitError{code: 3, message: plural(len(s.Watching.Problems), "problem")}
	}
	return nil
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (s *statusOutput) print(w io.Writer) error {
	v := &s.Watching
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, terminal(fmt.Sprintf(format, args...)))
	}
	line("mode", "%s since %s", value(v.Mode), value(v.Since))
	if r := value(v.Reason); r != "" {
		line("", "%s", r)
	}
	for _, r := range v.Refused {
		line("", "not by %s: %s", r.Kind, r.Reason)
	}
	for _, l := range v.Who {
		line("who", "%s", l)
	}
	line("trees", "%s", strings.Join(v.Roots, " "))
	line("content", "%s", orNone(strings.Join(v.ContentRoots, " ")))
	if len(v.AddedRoots) > 0 {
		line("", "not in the baseline: %s", strings.Join(v.AddedRoots, " "))
	}
	if len(v.NotThere) > 0 {
		line("", "declared and not there: %s", strings.Join(v.NotThere, " "))
	}
	if value(v.SettingsPending) {
		line("", "the settings leave out other paths than the baseline: they come into force with the next one")
	}
	if b := v.Baseline; b != nil && value(b.Root) != "" {
		line("baseline", "%d entries, %d files with %d bytes, made %s", value(b.Entries), value(b.Files), value(b.Bytes), value(b.Made))
		line("", "root %s", value(b.Root))
		if id := value(b.Approval); id != "" {
			line("", "approved by %s (%s)", value(b.ApprovedBy), id)
		} else {
			line("", "approved by nobody")
		}
	} else {
		line("baseline", "none")
	}
	done := "not yet"
	if !s.Rehash.Completed.IsZero() {
		done = s.Rehash.Completed.UTC().Format(time.RFC3339)
	}
	line("read anew", "%s", done)
	if n := value(v.Overflows); n > 0 {
		line("overflows", "%d, each followed by a comparison of everything", n)
	}
	if n := value(v.UnreadCount); n > 0 {
		line("unread", "%s", plural(int(n), "attribute"))
	}
	for _, p := range v.Problems {
		line("problem", "%s", p)
	}
	_, err := fmt.Fprintf(w, "%-12s %s\n", "written", s.Written.UTC().Format(time.RFC3339))
	return err
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
