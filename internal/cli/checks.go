package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/crosswalk"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/catalog/outline"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/packs"

	"github.com/spf13/cobra"
)

// ChecksCommand is `attesta checks`: look at standards, find the mistakes in
// one, compare two. It works on files alone; no server is asked.
func ChecksCommand() *cobra.Command {
	return Group("checks", "Look at configuration standards and find mistakes in them",
		checksLint(), checksList(), checksShow(), checksDiff(), checksImport())
}

// lintMistake is one line of `checks lint --json`.
type lintMistake struct {
	File    string `json:"file"` // within the pack
	Line    int    `json:"line"` // 0 when not known
	Field   string `json:"field"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// lintReport is `checks lint --json`.
type lintReport struct {
	Pack       string        `json:"pack"` // empty when there are mistakes
	Version    string        `json:"version"`
	Digest     string        `json:"digest"`
	Checks     int           `json:"checks"`
	Attributes int           `json:"attributes"`
	Fixtures   int           `json:"fixtures"`
	Mistakes   []lintMistake `json:"mistakes"`
}

func checksLint() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lint DIR",
		Short: "Name every mistake in a pack: file, line, field and what to do",
		Long: "Loads the pack in DIR, compiles every expression and judges every fixture.\n" +
			"Exit code 0 when there is no mistake, 2 when there is one or more.",
		Args: oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error { return lintPack(cmd.OutOrStdout(), args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func oneDirectory(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fault.New(fault.Invalid, "%s takes one directory", cmd.CommandPath()).WithHint("run '%s --help'", cmd.CommandPath())
	}
	return nil
}

func lintPack(out io.Writer, dir string, asJSON bool) error {
	p, err := loadStandard(dir)
	mistakes := pack.Mistakes(err)
	if err != nil && mistakes == nil {
		return err
	}
	report := lintReport{Mistakes: []lintMistake{}}
	for _, m := range mistakes {
		report.Mistakes = append(report.Mistakes, lintMistake{File: m.File, Line: m.Line, Field: m.Field, Message: m.Message, Hint: m.Hint})
	}
	if p != nil {
		report.Pack, report.Version, report.Digest, report.Checks = p.ID, p.Version, p.Digest, len(p.Checks)
		for _, c := range p.Checks {
			report.Attributes += len(c.Attributes)
			report.Fixtures += len(c.Fixtures)
		}
	}
	if asJSON {
		if err := printJSON(out, report); err != nil {
			return err
		}
	} else if err := printLint(out, dir, report); err != nil {
		return err
	}
	if len(mistakes) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "%s in %s", count(len(mistakes), "mistake"), dir)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func printLint(out io.Writer, dir string, r lintReport) error {
	var b strings.Builder
	for _, m := range r.Mistakes {
		f := fault.Error{Message: m.Message, Field: m.Field, File: filepath.Join(dir, m.File), Line: m.Line}
		fmt.Fprintln(&b, f.Error())
		if m.Hint != "" {
			fmt.Fprintln(&b, "    "+m.Hint)
		}
	}
	if len(r.Mistakes) == 0 {
		held := ""
		if r.Checks > 0 {
			held = fmt.Sprintf("%s, %s, %s held; ", count(r.Checks, "check"), count(r.Attributes, "attribute"), count(r.Fixtures, "fixture"))
		}
		fmt.Fprintf(&b, "%s %s: no mistakes; %sdigest %s\n", r.Pack, r.Version, held, r.Digest)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// loadStandard loads a pack from a directory, or one that ships with this build by its
// id.
func loadStandard(name string) (*pack.Pack, error) {
	if slices.Contains(packs.Standards(), name) {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return pack.Default().LoadShipped(name)
		}
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Wrap(fault.NotFound, err, "there is no directory %s", name).
			WithHint("give a directory with a pack.yaml, or one of %s", strings.Join(packs.Standards(), ", "))
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be opened", name)
	case !info.IsDir():
		return nil, fault.New(fault.Invalid, "%s is a file", name).WithHint("give the directory that holds pack.yaml")
	}
	return pack.NewLoader(pack.DefaultStandard(), control.PackKind(), guidance.PackKind(), crosswalk.PackKind(),
		outline.PackKind(), risk.PackKind(), risk.ScaleKind()).Load(os.DirFS(name))
}

func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// inForce gives the standard that list and show look at.
func inForce(name string) ([]*pack.Pack, error) {
	if name == "" {
		return pack.Shipped()
	}
	p, err := loadStandard(name)
	if err != nil {
		return nil, err
	}
	return []*pack.Pack{p}, nil
}

// listedCheck is one line of `checks list --json`.
type listedCheck struct {
	ID       string          `json:"id"`
	Title    string          `json:"title"`
	Tier     string          `json:"tier"`
	Severity string          `json:"severity"`
	Criteria []pack.PointRef `json:"criteria"`
}

func checksList() *cobra.Command {
	var standard, tier string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the checks of the standards that come with this build",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			all, err := inForce(standard)
			if err != nil {
				return err
			}
			list := []listedCheck{}
			for _, p := range all {
				for _, c := range p.Checks {
					if tier == "" || c.Tier == tier {
						list = append(list, listedCheck{ID: c.ID, Title: c.Title, Tier: c.Tier, Severity: c.Severity, Criteria: c.Criteria})
					}
				}
			}
			if asJSON {
				return printJSON(out, list)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "CHECK\tTIER\tSEVERITY\tTITLE")
			for _, c := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.ID, c.Tier, c.Severity, c.Title)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&standard, "standard", "", "directory or id of a standard; all that come with this build when left out")
	cmd.Flags().StringVar(&tier, "tier", "", "only checks of a tier: essential, recommended, thorough")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func checksShow() *cobra.Command {
	var standard string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show CHECK",
		Short: "Show one check: why, what is read and expected, what to do",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fault.New(fault.Invalid, "%s takes the id of one check", cmd.CommandPath()).WithHint("see 'attesta checks list'")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			all, err := inForce(standard)
			if err != nil {
				return err
			}
			for _, p := range all {
				if c, ok := p.Check(args[0]); ok {
					if asJSON {
						return printJSON(out, shownCheck{Check: c, Standard: p.ID, Version: p.Version, Digest: p.Digest, Reads: readsOf(c)})
					}
					return showCheck(out, p, c)
				}
			}
			return fault.New(fault.NotFound, "there is no check %q", args[0]).WithHint("see 'attesta checks list'")
		},
	}
	cmd.Flags().StringVar(&standard, "standard", "", "directory or id of a standard; all that come with this build when left out")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// shownCheck is `checks show --json`.
type shownCheck struct {
	*pack.Check
	Standard string   `json:"standard"`
	Version  string   `json:"version"`
	Digest   string   `json:"digest"`
	Reads    []string `json:"reads"`
}

func readsOf(c *pack.Check) []string {
	var reads []string
	for _, a := range c.Attributes {
		reads = append(reads, a.Compiled.Reads()...)
	}
	slices.Sort(reads)
	return slices.Compact(reads)
}

func showCheck(out io.Writer, p *pack.Pack, c *pack.Check) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", c.ID, c.Title)
	fmt.Fprintf(&b, "Standard     %s %s\n", p.ID, p.Version)
	fmt.Fprintf(&b, "Tier         %s\nSeverity     %s\nFrequency    %s\nPopulation   %s\n", c.Tier, c.Severity, c.Frequency, c.Population)
	if c.Where != "" {
		fmt.Fprintf(&b, "Where        %s\n", c.Where)
	}
	for i, r := range c.Criteria {
		head := "Criteria"
		if i > 0 {
			head = ""
		}
		title := ""
		if point, ok := catalog.PointOf(r.Criterion, r.Number); ok {
			title = point.Title
		}
		fmt.Fprintf(&b, "%-12s %s/%d  %s\n", head, r.Criterion, r.Number, title)
	}
	fmt.Fprintf(&b, "\nWhy\n%s\n", indented(wrapped(c.Rationale, 100)))
	fmt.Fprintln(&b, "\nWhat is expected")
	for _, a := range c.Attributes {
		fmt.Fprintf(&b, "  %s: %s\n    %s\n", a.ID, a.Title, a.Expected)
		for _, r := range a.Compiled.Reads() {
			fmt.Fprintf(&b, "    reads %s\n", r)
		}
	}
	if len(c.Parameters) > 0 {
		fmt.Fprintln(&b, "\nParameters")
		for _, param := range c.Parameters {
			fmt.Fprintf(&b, "  %s = %v  (%s)\n", param.Name, param.Value, param.Title)
		}
	}
	fmt.Fprintf(&b, "\nWhat to do\n%s\n", indented(c.Remediation))
	_, err := io.WriteString(out, b.String())
	return err
}

// wrapped breaks a paragraph into lines of at most width characters.
func wrapped(text string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch n := utf8.RuneCountInString(word); {
		case i == 0:
			column = n
		case column+1+n > width:
			b.WriteByte('\n')
			column = n
		default:
			b.WriteByte(' ')
			column += 1 + n
		}
		b.WriteString(word)
	}
	return b.String()
}

func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

func checksDiff() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what changed between two standards (directories, or ids of those that come with this build)",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fault.New(fault.Invalid, "%s takes two standards", cmd.CommandPath()).WithHint("run '%s --help'", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			old, err := loadStandard(args[0])
			if err != nil {
				return err
			}
			newer, err := loadStandard(args[1])
			if err != nil {
				return err
			}
			d := pack.Compare(old, newer)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return printDiff(cmd.OutOrStdout(), d)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printDiff(out io.Writer, d pack.Diff) error {
	var b strings.Builder
	if d.Empty() {
		fmt.Fprintln(&b, "nothing changed")
	}
	for _, f := range d.Pack {
		fmt.Fprintf(&b, "pack %s\n", fieldChange(f))
	}
	for _, id := range d.Added {
		fmt.Fprintf(&b, "added %s\n", id)
	}
	for _, id := range d.Removed {
		fmt.Fprintf(&b, "removed %s\n", id)
	}
	for _, c := range d.Changed {
		fmt.Fprintf(&b, "changed %s\n", c.ID)
		for _, f := range c.Fields {
			fmt.Fprintf(&b, "  %s\n", fieldChange(f))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func fieldChange(f pack.FieldDiff) string {
	if strings.Contains(f.Old, "\n") || strings.Contains(f.New, "\n") {
		return fmt.Sprintf("%s:\n%s\n%s", f.Field, prefixed("    - ", f.Old), prefixed("    + ", f.New))
	}
	return fmt.Sprintf("%s: %q -> %q", f.Field, f.Old, f.New)
}

func prefixed(prefix, text string) string {
	return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix)
}
