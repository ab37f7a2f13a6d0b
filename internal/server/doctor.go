package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/config"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/judge"

	"github.com/spf13/cobra"
)

// DoctorCommand is `attesta doctor`: every named check of the deployment, by
// the server that runs on the data directory, or else without one.
func DoctorCommand(version string) *cobra.Command {
	cmd, cfg, file := command("doctor", "Check the deployment: disk, database, ledger, stores, clocks, agents, backup")
	cmd.Long = `Check the deployment. Where a server runs on the data directory it answers; else
what can be asked without one is asked, and the rest is not observed. Nothing
is changed. Exit 4 when a check fails or cannot find out.`
	var asJSON bool
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the checks as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, err := config.Load(cfg, cmd.Flags(), os.Environ(), *file); err != nil {
			return err
		}
		report, live, err := examine(cmd.Context(), *cfg, version)
		if err != nil {
			return err
		}
		if asJSON {
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			if err := enc.Encode(report); err != nil {
				return err
			}
		} else {
			printHealth(cmd.OutOrStdout(), report, live)
		}
		if report.Bad() {
			return &cli.ExitError{Code: 4}
		}
		return nil
	}
	return cmd
}

// examine asks the server of a data directory, or the directory itself.
func examine(ctx context.Context, cfg Config, version string) (report health.Report, live bool, err error) {
	path, err := filepath.Abs(cfg.Data)
	if err != nil {
		return report, false, fmt.Errorf("data directory: %w", err)
	}
	dir := DataDir(path)
	if st, err := os.Stat(path); err != nil || !st.IsDir() {
		return report, false, fault.Wrap(fault.NotFound, err, "there is no data directory at %s", path).WithHint("name it with --data, or start Attesta there first")
	}
	var unreachable error
	if _, err := dir.readPresence(); err == nil {
		raw, err := tell(ctx, path, "/-/doctor", nil, strings.NewReader("{}"), 2)
		if err == nil {
			if err := json.Unmarshal(raw, &report); err != nil {
				return report, false, fmt.Errorf("read the server's answer: %w", err)
			}
			return report, true, nil
		}
		unreachable = err // a server that was killed leaves its address behind
	} else if !errors.Is(err, os.ErrNotExist) {
		unreachable = err
	}
	location := cfg.Database
	if location == "" {
		location = dir.Database()
	}
	db, dbErr := database.Open(ctx, location, database.ReadOnly)
	if dbErr == nil {
		defer db.Close()
	}
	checks := stoppedChecks(dir, clock.System, version, db, dbErr)
	report = health.Run(ctx, clock.System, version, append(checks, serverCheck(unreachable)))
	return report, false, nil
}

// serverCheck says whether a server ought to run and does not answer.
func serverCheck(unreachable error) health.Check {
	return health.Check{Name: "server.runs", Asks: "Does a server run on this data directory?", Run: func(context.Context) health.Result {
		if unreachable == nil {
			return health.NotObserved("start it with 'attesta up' or 'attesta serve'", "none runs, and the last one stopped in order")
		}
		message, _ := fault.Public(unreachable)
		return health.Fail("start it again, and see its log for why it ended", "it has left its address and does not answer: %s", message)
	}}
}

func printHealth(w io.Writer, r health.Report, live bool) {
	wide := 0
	for _, l := range r.Lines {
		wide = max(wide, len(l.Name))
	}
	for _, l := range r.Lines {
		fmt.Fprintf(w, "%-14s  %-*s  %s\n", l.Outcome.Words(), wide, l.Name, l.Reason)
		if l.Do != "" {
			fmt.Fprintf(w, "%-14s  %-*s  do: %s\n", "", wide, "", l.Do)
		}
	}
	var counts []string
	for _, o := range judge.Outcomes() {
		if n := r.Count(o); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, o.Words()))
		}
	}
	who := "asked without a server"
	if live {
		who = "answered by the running server, version " + r.Version
	}
	fmt.Fprintf(w, "\n%d checks: %s; %s\n", len(r.Lines), strings.Join(counts, ", "), who)
}
