package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/population"

	"github.com/spf13/cobra"
)

// PopulationsCommand is `attesta populations`: definitions, what was frozen by
// them, and second sources. The verbs that change something come from the server.
func PopulationsCommand(more ...*cobra.Command) *cobra.Command {
	return Group("populations", "Define populations, freeze them and hold them against a second source", append([]*cobra.Command{populationsList(), populationsShow()}, more...)...)
}

func populationsList() *cobra.Command {
	var at place
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List populations with the last time each was frozen", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			s := population.Reading(db)
			all, err := s.Definitions(cmd.Context())
			if err != nil {
				return err
			}
			type row struct {
				population.Definition
				Last *population.Extraction `json:"last_extraction,omitempty"`
			}
			rows := []row{}
			for _, d := range all {
				last, err := s.Extractions(cmd.Context(), d.Slug, 0, 1)
				if err != nil {
					return err
				}
				x := row{Definition: d}
				if len(last) > 0 {
					x.Last = &last[0]
				}
				rows = append(rows, x)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, rows)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "POPULATION\tVERSION\tSTATE\tSOURCE\tLAST FROZEN\tITEMS\tTITLE")
			for _, x := range rows {
				n := x.Newest()
				last, items := "never", "-"
				if x.Last != nil {
					last, items = x.Last.Ref()+" "+x.Last.MadeAt.Format(time.DateOnly), fmt.Sprint(x.Last.Count)
				}
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", x.Slug, n.Version, n.State, n.Source, last, items, n.Title)
			}
			return w.Flush()
		}}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func populationsShow() *cobra.Command {
	var at place
	var asJSON, asYAML bool
	cmd := &cobra.Command{Use: "show SLUG | P-3", Short: "Show a population's definition, or what was frozen", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			s, out := population.Reading(db), cmd.OutOrStdout()
			if strings.HasPrefix(args[0], "P-") || strings.HasPrefix(args[0], "pex_") {
				if asYAML {
					return fault.New(fault.Invalid, "--yaml prints a definition, and %s is what was frozen by one", args[0])
				}
				e, err := s.Extraction(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(out, e)
				}
				return printExtraction(out, e)
			}
			d, err := s.Definition(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				return printJSON(out, d)
			case asYAML:
				raw, err := d.Newest().YAML()
				if err != nil {
					return err
				}
				_, err = out.Write(raw)
				return err
			}
			return printDefinition(out, d)
		}}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asYAML, "yaml", false, "print the newest version as YAML, as 'attesta populations define' reads it")
	return cmd
}

func printRows(out io.Writer, rows [][2]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		if r[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", r[0], r[1])
		}
	}
	return w.Flush()
}

func printDefinition(out io.Writer, d population.Definition) error {
	for _, v := range d.Versions {
		fmt.Fprintf(out, "%s version %d (%s)  %s\n", d.Slug, v.Version, v.State, v.Title)
		apply := "no exclusion is applied"
		if v.Apply {
			apply = "exclusions in force are applied"
		}
		approved := ""
		if !v.ApprovedAt.IsZero() {
			approved = v.ApprovedAt.Format(time.RFC3339) + " by " + v.ApprovedBy
			if v.Alone != "" {
				approved += ", the author, because nobody else could: " + v.Alone
			}
		}
		err := printRows(out, [][2]string{{"tests", oneLine(v.Purpose)}, {"source", strings.TrimSpace(v.Source + " " + v.Subject)}, {"filter", v.Filter}, {"date", v.Date + ", days in " + v.Zone},
			{"joiners", v.Joiners}, {"in flight", v.InFlight}, {"exclusions", apply}, {"boundary", oneLine(v.Boundary)}, {"digest", v.Digest}, {"written", v.MadeAt.Format(time.RFC3339) + " by " + v.MadeBy}, {"approved", approved}, {"ledger", v.Entry}})
		if err != nil {
			return err
		}
	}
	return nil
}

func printExtraction(out io.Writer, e population.Extraction) error {
	fmt.Fprintf(out, "%s  %s: %d items, frozen\n", e.Ref(), e.Content.Title, e.Count)
	zone, err := time.LoadLocation(e.Content.Zone)
	if err != nil {
		zone = time.UTC
	}
	period := "at " + e.Window.To.In(zone).Format(time.RFC3339)
	if !e.Window.Instant() {
		period = "from " + e.Window.From.In(zone).Format(time.RFC3339) + " up to " + e.Window.To.In(zone).Format(time.RFC3339)
	}
	rows := [][2]string{{"definition", fmt.Sprintf("%s version %d, %s", e.Slug, e.Version, e.Definition)}, {"period", period}, {"query", e.Query}, {"known up to", fmt.Sprintf("ledger size %d", e.Known)},
		{"undecided", fmt.Sprint(e.Undecided)}, {"left out", fmt.Sprintf("%d items; %d lines of the register", e.Excluded, len(e.Exclusions))}, {"sha256", e.Digest}, {"frozen", e.MadeAt.Format(time.RFC3339) + " by " + e.MadeBy}, {"ledger", e.Entry}}
	for _, r := range e.Reconciliations {
		rows = append(rows, [2]string{"second source", fmt.Sprintf("%s  %s: %s", r.ID, r.Name, ReconciliationWords(r))})
	}
	if len(e.Reconciliations) == 0 {
		rows = append(rows, [2]string{"second source", "none: that the source knows every item was not tested"})
	}
	return printRows(out, rows)
}

// ReconciliationWords says how a population stands against a second source.
func ReconciliationWords(r population.Reconciliation) string {
	return fmt.Sprintf("%d of %d items matched, %d only here; %d of %d entries matched, %d only there; %d not explained", r.MatchedA, r.A, r.OnlyA(), r.MatchedB, r.B, r.OnlyB(), r.Open())
}
