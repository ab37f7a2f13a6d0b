package cli

import (
	"io"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/spf13/cobra"
)

// StatusCommand is `attesta status`: the criteria with their evidence status,
// read from the data directory beside a running server. out takes the table
// or the JSON.
func StatusCommand(out io.Writer) *cobra.Command {
	var flags struct {
		at, known, data, database string
		json                      bool
	}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the evidence status of each criterion",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fault.New(fault.Unavailable, "posture cannot be read yet")
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.at, "at", "", "moment to show: a date (2026-03-14, its end) or an RFC 3339 time; now when left out")
	f.StringVar(&flags.known, "known", "", "as known then: a ledger index, or \"then\" for the checkpoint at --at; now when left out")
	f.StringVar(&flags.data, "data", "", "data directory")
	f.StringVar(&flags.database, "database", "", "state database: sqlite:PATH or postgres://…")
	f.BoolVar(&flags.json, "json", false, "print JSON")
	return cmd
}
