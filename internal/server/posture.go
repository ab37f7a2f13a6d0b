package server

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/posture"

	"github.com/spf13/cobra"
)

// PostureCommand is `attesta posture rebuild`.
func PostureCommand() *cobra.Command {
	var data, location string
	rebuild := &cobra.Command{
		Use:   "rebuild",
		Short: "Derive counts and statuses again from the records",
		Long: `Derive again what was rolled up: the step functions of counts from the outcomes,
and the statuses of checks, controls and criteria over time from those. No record
is changed. It says how many counts differed: there should be none.

Stop the server first.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			dir, err := filepath.Abs(data)
			if err != nil {
				return fmt.Errorf("data directory: %w", err)
			}
			if err := access.Authorise(access.System(), access.PostureRebuild); err != nil {
				return err
			}
			d := DataDir(dir)
			lock, err := d.lock()
			if errors.Is(err, errHeld) {
				return fault.Wrap(fault.Conflict, err, "a server works on %s", dir).WithHint("stop it, then rebuild")
			}
			if err != nil {
				return err
			}
			defer lock.Close()
			if location == "" {
				location = d.Database()
			}
			db, err := database.Open(ctx, location, database.ReadWrite)
			if err != nil {
				return err
			}
			defer db.Close()
			outcomes := outcome.New(outcome.Config{DB: db, Ledger: new(ledger.Log)}) // it writes no entry
			standards, err := standard.New(standard.Config{DB: db, Ledger: new(ledger.Log)})
			if err != nil {
				return err
			}
			said := clock.System()
			differed, err := outcomes.Rebuild(ctx, func(done, total int) {
				if now := clock.System(); now.Sub(said) > 2*time.Second {
					said = now
					fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d items\n", done, total)
				}
			})
			if err != nil {
				return err
			}
			service := posture.New(posture.Config{DB: db, Clock: clock.System, Outcomes: outcomes, Standards: standards, Findings: finding.New(finding.Config{DB: db})})
			if err := service.Forget(ctx); err != nil {
				return err
			}
			err = service.Keep(ctx, func(upto time.Time) {
				if now := clock.System(); now.Sub(said) > 2*time.Second {
					said = now
					fmt.Fprintf(cmd.ErrOrStderr(), "statuses up to %s\n", upto.Format(time.DateOnly))
				}
			})
			if err != nil {
				return err
			}
			if differed > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "%d counts differed from the outcomes and were put right.\n", differed)
				return &cli.ExitError{Code: 4}
			}
			fmt.Fprintln(cmd.OutOrStdout(), "No count differed from the outcomes. Statuses were derived anew.")
			return nil
		},
	}
	rebuild.Flags().StringVar(&data, "data", cli.DefaultData(), "data directory")
	rebuild.Flags().StringVar(&location, "database", "", "database: sqlite:PATH or postgres://… (default the data directory's)")
	return cli.Group("posture", "Look after what is derived from the records", rebuild)
}
