package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/packs"

	"github.com/spf13/cobra"
)

// CriteriaCommand is `attesta criteria`: the 61 criteria, their points of
// focus and our guidance. It works on what comes with the program; no server
// is asked.
func CriteriaCommand() *cobra.Command {
	return Group("criteria", "Look at the criteria, their points of focus and the guidance on them",
		criteriaList(), criteriaShow(), criteriaPoints())
}

func shippedGuidance() (*guidance.Book, error) {
	fsys, err := packs.Open("guidance")
	if err != nil {
		return nil, err
	}
	return guidance.Load(fsys)
}

// criterionNamed finds a criterion in any case.
func criterionNamed(id string) (catalog.Criterion, error) {
	c, ok := catalog.Get(strings.ToUpper(id))
	if !ok {
		return c, fault.New(fault.NotFound, "there is no criterion %q", id).WithHint("'attesta criteria list' lists the 61")
	}
	return c, nil
}

// listedCriterion is one line of `criteria list --json`.
type listedCriterion struct {
	catalog.Criterion
	Points int `json:"points"`
}

func criteriaList() *cobra.Command {
	var category string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the 61 criteria", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list := []listedCriterion{}
			for _, c := range catalog.All() {
				if category == "" || strings.EqualFold(category, string(c.Category)) {
					list = append(list, listedCriterion{c, len(catalog.Points(c.ID))})
				}
			}
			if len(list) == 0 {
				return fault.New(fault.Invalid, "%q is no category", category).At("", 0, "category").WithHint("one of %v", catalog.Categories())
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, list)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "CRITERION\tCATEGORY\tPOINTS\tTITLE")
			for _, c := range list {
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", c.ID, c.Category.Words(), c.Points, c.Title)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&category, "category", "", "only one category: security, availability, processing_integrity, confidentiality, privacy")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// shownPoint is a point of focus with its guidance.
type shownPoint struct {
	catalog.Point
	When     string          `json:"when"` // the condition as a sentence
	Guidance *guidance.Point `json:"guidance,omitempty"`
}

// shownCriterion is `criteria show --json`.
type shownCriterion struct {
	catalog.Criterion
	Summary string       `json:"summary,omitempty"`
	Points  []shownPoint `json:"points"`
}

func shown(c catalog.Criterion, book *guidance.Book) shownCriterion {
	g, _ := book.Criterion(c.ID)
	s := shownCriterion{Criterion: c, Summary: g.Summary}
	for _, p := range catalog.Points(c.ID) {
		sp := shownPoint{Point: p, When: p.Applies.Sentence()}
		if words, ok := g.Point(p.Number); ok {
			sp.Guidance = &words
		}
		s.Points = append(s.Points, sp)
	}
	return s
}

func criteriaShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show CRITERION", Short: "Show a criterion with the guidance on each point of focus", Args: cobra.ExactArgs(1),
		Example: "  attesta criteria show CC7.1",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := criterionNamed(args[0])
			if err != nil {
				return err
			}
			book, err := shippedGuidance()
			if err != nil {
				return err
			}
			s := shown(c, book)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), s)
			}
			printCriterion(cmd.OutOrStdout(), s)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printCriterion(w io.Writer, s shownCriterion) {
	fmt.Fprintf(w, "%s  %s  (%s)\n\n", s.ID, s.Title, s.Category.Words())
	if s.Summary != "" {
		fmt.Fprintln(w, folded(s.Summary, ""))
	}
	for _, p := range s.Points {
		fmt.Fprintf(w, "%s/%d  %s\n", p.Criterion, p.Number, p.Title)
		fmt.Fprintln(w, "    "+p.When)
		if g := p.Guidance; g != nil {
			for _, part := range []struct{ name, text string }{
				{"asks", g.Asks}, {"20 people", g.Small}, {"500 people", g.Large}, {"an auditor", g.Auditor}, {"mistakes", g.Mistakes}, {"applies", g.Applies},
			} {
				fmt.Fprintf(w, "  %-11s %s\n", part.name, strings.TrimLeft(folded(part.text, "              "), " "))
			}
		}
		fmt.Fprintln(w)
	}
}

// folded breaks a text into lines of at most 100 characters.
func folded(text, indent string) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 100 && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line)
	return b.String()
}

func criteriaPoints() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "points [CRITERION]", Short: "List the points of focus, of one criterion or all 330", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			criteria := catalog.All()
			if len(args) == 1 {
				c, err := criterionNamed(args[0])
				if err != nil {
					return err
				}
				criteria = []catalog.Criterion{c}
			}
			book, err := shippedGuidance()
			if err != nil {
				return err
			}
			list := []shownPoint{}
			for _, c := range criteria {
				list = append(list, shown(c, book).Points...)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, list)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "POINT\tTITLE\tWHEN")
			for _, p := range list {
				fmt.Fprintf(w, "%s/%d\t%s\t%s\n", p.Criterion, p.Number, p.Title, p.When)
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
