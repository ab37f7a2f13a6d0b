package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/packs"

	"github.com/spf13/cobra"
)

// ControlsCommand is `attesta controls`: the organisation's controls, read
// from the data directory, or with --library the ones that can be adopted.
func ControlsCommand() *cobra.Command {
	return Group("controls", "Look at the controls in use and at the library", controlsList(), controlsShow())
}

func shippedControls() (*control.Library, error) {
	fsys, err := packs.Open("controls")
	if err != nil {
		return nil, err
	}
	return control.LoadLibrary(fsys)
}

// controlsPlace says which controls are meant.
type controlsPlace struct {
	library        bool
	data, database string
}

func (p *controlsPlace) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.library, "library", false, "the library that controls are adopted from, instead of those in use")
	cmd.Flags().StringVar(&p.data, "data", DefaultData(), "data directory")
	cmd.Flags().StringVar(&p.database, "database", "", "state database, when it is not in the data directory: sqlite:PATH or postgres://…")
}

// designs gives the designs in the library's or in the organisation's order.
func (p *controlsPlace) designs(ctx context.Context) ([]control.Design, error) {
	if p.library {
		l, err := shippedControls()
		if err != nil {
			return nil, err
		}
		return l.Designs, nil
	}
	location := p.database
	if location == "" {
		location = "sqlite:" + p.data + "/attesta.db"
	}
	db, err := database.Open(ctx, location, database.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	program, err := control.New(control.Config{DB: db, Clock: clock.System}).Program(ctx, access.System())
	if err != nil {
		return nil, err
	}
	var all []control.Design
	for _, c := range program.Controls {
		all = append(all, c.Current().Design)
	}
	return all, nil
}

func controlsList() *cobra.Command {
	var place controlsPlace
	var criterion string
	var starter, asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List controls: those in use, or the library", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := place.designs(cmd.Context())
			if err != nil {
				return err
			}
			list := []control.Design{}
			for _, d := range all {
				if (!starter || d.Starter) && (criterion == "" || addresses(d, criterion)) {
					list = append(list, d)
				}
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, list)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "CONTROL\tWEIGHT\tNATURE\tMODE\tCRITERIA\tTITLE")
			for _, d := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Slug, d.Weight, d.Nature, d.Mode, strings.Join(criteriaOf(d), " "), d.Title)
			}
			return w.Flush()
		},
	}
	place.flags(cmd)
	cmd.Flags().StringVar(&criterion, "criterion", "", "only those that address this criterion")
	cmd.Flags().BoolVar(&starter, "starter", false, "only the starter profile (security alone)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func criteriaOf(d control.Design) []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range d.Points {
		if !seen[p.Criterion] {
			seen[p.Criterion] = true
			out = append(out, p.Criterion)
		}
	}
	return out
}

func addresses(d control.Design, criterion string) bool {
	for _, p := range d.Points {
		if strings.EqualFold(p.Criterion, criterion) {
			return true
		}
	}
	return false
}

func controlsShow() *cobra.Command {
	var place controlsPlace
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show CONTROL", Short: "Show a control's design", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := place.designs(cmd.Context())
			if err != nil {
				return err
			}
			for _, d := range all {
				if d.Slug != args[0] {
					continue
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), d)
				}
				return printControl(cmd, d)
			}
			return fault.New(fault.NotFound, "there is no control %q here", args[0]).WithHint("'attesta controls list --library' lists what can be adopted")
		},
	}
	place.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printControl(cmd *cobra.Command, d control.Design) error {
	library, err := shippedControls()
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	rhythm := d.Frequency
	if rhythm == "" {
		rhythm = "when: " + d.Trigger
	}
	fmt.Fprintf(w, "%s  %s\n\n%s\n\n", d.Slug, d.Title, folded(d.Statement, "  "))
	for _, row := range [][2]string{
		{"risk", d.Risk}, {"kind", fmt.Sprintf("%s, %s, %s", d.Weight, d.Nature, d.Mode)}, {"rhythm", rhythm}, {"performer", d.Performer}, {"owner", d.Owner},
		{"evidence", strings.Join(d.Evidence, "; ")}, {"information", strings.Join(d.Information, "; ")}, {"checks", strings.Join(d.Checks, ", ")},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-12s %s\n", row[0], strings.TrimLeft(folded(row[1], "               "), " "))
		}
	}
	if len(d.Populations) > 0 {
		fmt.Fprintln(w, "\n  populations")
	}
	for _, slug := range d.Populations {
		p, known := library.Population(slug)
		switch {
		case !known:
			p.Title = "not described by " + library.Name()
		case !p.Collected:
			p.Title += " (not collected yet)"
		}
		fmt.Fprintf(w, "  %-25s %s\n", slug, p.Title)
		if known {
			fmt.Fprintf(w, "  %-25s %s\n", "", "date: "+p.Date)
		}
	}
	fmt.Fprintln(w, "\n  points of focus")
	for _, p := range d.Points {
		fmt.Fprintf(w, "  %-12s %-10s %s\n", fmt.Sprintf("%s/%d", p.Criterion, p.Number), p.Relation, p.Rationale)
	}
	return nil
}
