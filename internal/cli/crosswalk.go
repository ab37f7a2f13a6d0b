package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/crosswalk"
	"github.com/attesta/attesta/packs"

	"github.com/spf13/cobra"
)

// CrosswalkCommand is `attesta crosswalk`: how the criteria relate to other
// frameworks. It works on what comes with the program; no server is asked.
func CrosswalkCommand() *cobra.Command {
	return Group("crosswalk", "Look at how the criteria relate to other frameworks", crosswalkList(), crosswalkShow())
}

func shippedCrosswalks() ([]*crosswalk.Crosswalk, error) {
	list := []*crosswalk.Crosswalk{}
	for _, id := range packs.Crosswalks() {
		dir, err := packs.Open(id)
		if err != nil {
			return nil, err
		}
		x, err := crosswalk.Load(dir)
		if err != nil {
			return nil, fmt.Errorf("shipped crosswalk %s: %w", id, err)
		}
		list = append(list, x)
	}
	return list, nil
}

// listedCrosswalk is one line of `crosswalk list --json`.
type listedCrosswalk struct {
	ID        string `json:"id"`
	Version   string `json:"version"`
	Framework string `json:"framework"`
	Title     string `json:"title"`
	Criteria  int    `json:"criteria"` // that are related to anything
	Without   int    `json:"without"`  // that are not, with a reason
	Targets   int    `json:"targets"`  // that the pack names, headings included
	Reached   int    `json:"reached"`  // of them, those that any criterion is related to
	Mappings  int    `json:"mappings"`
}

func crosswalkList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the crosswalks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := shippedCrosswalks()
			if err != nil {
				return err
			}
			list := []listedCrosswalk{}
			for _, x := range all {
				l := listedCrosswalk{ID: x.ID, Version: x.Version, Framework: x.Framework, Title: x.Title, Without: len(x.Without),
					Targets: len(x.Targets), Reached: x.Reached(), Mappings: len(x.Mappings)}
				for _, c := range catalog.All() {
					if len(x.Of(c.ID)) > 0 {
						l.Criteria++
					}
				}
				list = append(list, l)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, list)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "CROSSWALK\tVERSION\tFRAMEWORK\tCRITERIA\tITEMS\tRELATIONS")
			for _, l := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d of %d\t%d\t%d\n", l.ID, l.Version, l.Framework, l.Criteria, len(catalog.All()), l.Reached, l.Mappings)
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func crosswalkShow() *cobra.Command {
	var criterion, target string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show CROSSWALK", Short: "Show the relations of a crosswalk, all or those of one criterion or item", Args: cobra.ExactArgs(1),
		Example: "  attesta crosswalk show crosswalk-nist-csf --criterion CC7.1",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := shippedCrosswalks()
			if err != nil {
				return err
			}
			x, err := crosswalk.Named(all, args[0])
			if err != nil {
				return err
			}
			if criterion != "" {
				c, err := criterionNamed(criterion)
				if err != nil {
					return err
				}
				criterion = c.ID
			}
			if _, known := x.Target(target); target != "" && !known {
				return fault.New(fault.NotFound, "%s has no item %q", x.Framework, target).At("", 0, "target").WithHint("'attesta crosswalk show %s --json' lists them", x.ID)
			}
			part := *x
			part.Mappings, part.Without = []crosswalk.Mapping{}, nil
			for _, m := range x.Mappings {
				if (criterion == "" || m.Criterion == criterion) && (target == "" || m.Target == target) {
					part.Mappings = append(part.Mappings, m)
				}
			}
			for _, wo := range x.Without {
				if target == "" && (criterion == "" || wo.Criterion == criterion) {
					part.Without = append(part.Without, wo)
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), part)
			}
			printCrosswalk(cmd, &part)
			return nil
		},
	}
	cmd.Flags().StringVar(&criterion, "criterion", "", "only relations of this criterion")
	cmd.Flags().StringVar(&target, "target", "", "only relations of this item of the framework")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printCrosswalk(cmd *cobra.Command, x *crosswalk.Crosswalk) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s %s: the criteria and %s\n", x.ID, x.Version, x.Framework)
	for _, m := range x.Mappings {
		t, _ := x.Target(m.Target)
		fmt.Fprintf(w, "\n%s %s %s  %s\n%s\n", m.Criterion, m.Relation.Words(), t.ID, t.Name, folded(m.Rationale, "    "))
	}
	for _, wo := range x.Without {
		fmt.Fprintf(w, "\n%s has nothing there\n    %s\n", wo.Criterion, strings.TrimLeft(folded(wo.Reason, "    "), " "))
	}
}
