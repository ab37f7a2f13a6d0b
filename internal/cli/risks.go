package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/packs"

	"github.com/spf13/cobra"
)

// RisksCommand is `attesta risks`: the catalogue of risks and threats.
func RisksCommand() *cobra.Command {
	return Group("risks", "Look at the catalogue of risks and threats", risksList())
}

// shippedRisks gives the catalogues of this build in one list.
func shippedRisks() ([]risk.Scenario, error) {
	all := []risk.Scenario{}
	for _, id := range packs.Risks() {
		dir, err := packs.Open(id)
		if err != nil {
			return nil, err
		}
		c, err := risk.Load(dir)
		if err != nil {
			return nil, fmt.Errorf("shipped risks %s: %w", id, err)
		}
		all = append(all, c.Risks...)
	}
	return all, nil
}

func risksList() *cobra.Command {
	var library, asJSON bool
	var criterion string
	cmd := &cobra.Command{
		Use: "list", Short: "List the risks of the catalogue", Args: cobra.NoArgs,
		Example: "  attesta risks list --library --criterion CC6.1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !library {
				return fault.New(fault.Invalid, "say which list: this one is the catalogue that risks are chosen from").WithHint("'attesta risks list --library' lists the catalogue, 'attesta api risks list' the organisation's own register")
			}
			if criterion != "" {
				c, err := criterionNamed(criterion)
				if err != nil {
					return err
				}
				criterion = c.ID
			}
			all, err := shippedRisks()
			if err != nil {
				return err
			}
			list := slices.DeleteFunc(all, func(r risk.Scenario) bool { return criterion != "" && !slices.Contains(r.Criteria, criterion) })
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, list)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "RISK\tKIND\tCRITERIA\tCONTROLS\tTITLE")
			for _, r := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", r.ID, r.Kind, strings.Join(r.Criteria, " "), len(r.Controls), r.Title)
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&library, "library", false, "the catalogue that risks are chosen from")
	cmd.Flags().StringVar(&criterion, "criterion", "", "only those that this criterion answers")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
