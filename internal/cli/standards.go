package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/pack"

	"github.com/spf13/cobra"
)

// StandardsCommand is `attesta standards`: those installed in a deployment.
// `attesta checks` looks at files instead.
func StandardsCommand(change Changer) *cobra.Command {
	return Group("standards", "Look at, approve and tailor the configuration standards of a deployment",
		standardsList(), standardsShow(), standardsDiff(), standardsInstall(change), standardsApprove(change), standardsTailor(change), standardsTier(change))
}

// openStandards opens a deployment's standards for reading. It may run beside a
// server.
func (t Target) openStandards(ctx context.Context) (*standard.Service, func(), error) {
	location := t.Database
	if location == "" {
		path := filepath.Join(t.Data, "attesta.db")
		if _, err := os.Stat(path); err != nil {
			return nil, nil, fault.Wrap(fault.NotFound, err, "there is no Attesta in %s", t.Data).WithHint("name its directory with --data, or start one with 'attesta up'")
		}
		location = "sqlite:" + path
	}
	db, err := database.Open(ctx, location, database.ReadOnly)
	if err != nil {
		return nil, nil, err
	}
	s, err := standard.New(standard.Config{DB: db, Ledger: new(ledger.Log), Clock: clock.System}) // nothing is changed: nothing reaches the ledger
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return s, func() { db.Close() }, nil
}

// listedStandard is one line of `standards list --json`.
type listedStandard struct {
	ID           string    `json:"id"`
	Pack         string    `json:"pack"`
	Version      string    `json:"version"`
	Title        string    `json:"title"`
	Digest       string    `json:"digest"`
	Base         string    `json:"base"` // digest as installed
	InForce      bool      `json:"in_force"`
	Approved     bool      `json:"approved"`
	ApprovedAt   time.Time `json:"approved_at,omitzero"`
	ApprovedBy   string    `json:"approved_by,omitempty"`
	Compensation string    `json:"compensation,omitempty"`
	Tier         string    `json:"tier,omitempty"` // findings are opened up to this tier
	Checks       int       `json:"checks"`
	Attributes   int       `json:"attributes"`
	Tailored     int       `json:"tailored"`
	InstalledAt  time.Time `json:"installed_at"`
	InstalledBy  string    `json:"installed_by"`
}

func listed(st standard.Standard, set *standard.Set) listedStandard {
	l := listedStandard{ID: st.ID, Pack: st.Pack, Version: st.Version, Title: st.Title, Digest: st.Digest, Base: st.Base, InForce: st.InForce, Approved: st.Approved,
		ApprovedAt: st.ApprovedAt, ApprovedBy: st.ApprovedBy, Compensation: st.Compensation, Tier: st.Tier, Checks: st.Checks, Attributes: st.Attributes,
		InstalledAt: st.InstalledAt, InstalledBy: st.InstalledBy}
	if st.InForce {
		l.Tailored = len(set.Tailored(st.Pack))
	}
	return l
}

func (l listedStandard) state() string {
	switch {
	case !l.InForce:
		return "superseded"
	case l.Approved:
		return "in force, approved " + l.ApprovedAt.Format(time.DateOnly)
	}
	return "in force, draft"
}

func standardsList() *cobra.Command {
	var t Target
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the standards that are installed, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, out := cmd.Context(), cmd.OutOrStdout()
			s, done, err := t.openStandards(ctx)
			if err != nil {
				return err
			}
			defer done()
			all, err := s.List(ctx)
			if err != nil {
				return err
			}
			set, err := s.InForce(ctx, nil)
			if err != nil {
				return err
			}
			rows := []listedStandard{}
			for _, st := range all {
				rows = append(rows, listed(st, set))
			}
			if asJSON {
				return printJSON(out, rows)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "STANDARD\tVERSION\tSTATE\tFINDINGS UP TO\tCHECKS\tTAILORED\tDIGEST")
			for _, l := range rows {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%.12s\n", l.Pack, l.Version, l.state(), l.Tier, l.Checks, l.Tailored, l.Digest)
			}
			return w.Flush()
		}}
	t.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// shownStandard is `standards show --json`.
type shownStandard struct {
	listedStandard
	Findings     []string            `json:"findings"` // tiers whose failing items open findings
	List         []standardCheck     `json:"list"`
	Tailorings   []standardTailoring `json:"tailorings"`
	Untranslated []pack.Untranslated `json:"untranslated"`
}

type standardCheck struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Tier     string `json:"tier"`
	Severity string `json:"severity"`
	Opens    bool   `json:"opens_findings"`
	Off      string `json:"off,omitempty"` // why it is left out
}

type standardTailoring struct {
	Check      string         `json:"check"`
	Exclude    bool           `json:"exclude,omitempty"`
	Severity   string         `json:"severity,omitempty"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Reason     string         `json:"reason"`
	MadeAt     time.Time      `json:"made_at"`
	MadeBy     string         `json:"made_by"`
}

func one(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fault.New(fault.Invalid, "%s takes %s", cmd.CommandPath(), name).WithHint("run '%s --help'", cmd.CommandPath())
		}
		return nil
	}
}

func standardsShow() *cobra.Command {
	var t Target
	var asJSON bool
	var tier string
	cmd := &cobra.Command{Use: "show STANDARD", Short: "Show one standard: approval, tiers, checks, tailoring, what was not translated",
		Long: "STANDARD is a pack (the version in force), PACK@VERSION or an id.", Args: one("one standard"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if tier != "" && !slices.Contains(pack.Tiers(), tier) {
				return fault.New(fault.Invalid, "--tier %q is no tier", tier).WithHint("the tiers are %s", strings.Join(pack.Tiers(), ", "))
			}
			s, done, err := t.openStandards(ctx)
			if err != nil {
				return err
			}
			defer done()
			v, err := shownOf(ctx, s, args[0], tier)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), v)
			}
			return v.print(cmd.OutOrStdout())
		}}
	t.flags(cmd)
	cmd.Flags().StringVar(&tier, "tier", "", "only checks of a tier: essential, recommended, thorough")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func shownOf(ctx context.Context, s *standard.Service, name, tier string) (shownStandard, error) {
	st, err := s.Named(ctx, name)
	if err != nil {
		return shownStandard{}, err
	}
	set, err := s.InForce(ctx, nil)
	if err != nil {
		return shownStandard{}, err
	}
	p, err := s.Loaded(ctx, st.ID)
	if err != nil {
		return shownStandard{}, err
	}
	v := shownStandard{listedStandard: listed(st, set), Findings: []string{}, List: []standardCheck{}, Tailorings: []standardTailoring{}, Untranslated: p.Untranslated}
	if v.Untranslated == nil {
		v.Untranslated = []pack.Untranslated{}
	}
	opens := func(t string) bool { return st.InForce && pack.TierRank(t) <= pack.TierRank(st.Tier) }
	for _, one := range pack.Tiers() {
		if opens(one) {
			v.Findings = append(v.Findings, one)
		}
	}
	for _, c := range p.Checks {
		if tier == "" || c.Tier == tier {
			v.List = append(v.List, standardCheck{ID: c.ID, Title: c.Title, Tier: c.Tier, Severity: c.Severity, Opens: opens(c.Tier) && c.Off == "", Off: c.Off})
		}
	}
	slices.SortStableFunc(v.List, func(a, b standardCheck) int { // what matters most first
		if d := pack.TierRank(a.Tier) - pack.TierRank(b.Tier); d != 0 {
			return d
		}
		return slices.Index(pack.Severities(), a.Severity) - slices.Index(pack.Severities(), b.Severity)
	})
	if st.InForce {
		for _, x := range set.Tailored(st.Pack) {
			v.Tailorings = append(v.Tailorings, standardTailoring{Check: x.Check, Exclude: x.Exclude, Severity: x.Severity, Parameters: x.Parameters, Reason: x.Reason, MadeAt: x.MadeAt, MadeBy: x.MadeBy})
		}
	}
	return v, nil
}

func (v shownStandard) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s  %s\n", v.Pack, v.Version, v.Title)
	fmt.Fprintf(&b, "Id         %s\nState      %s\nDigest     %s\n", v.ID, v.state(), v.Digest)
	if v.Base != v.Digest {
		fmt.Fprintf(&b, "Installed  %s\n", v.Base)
	}
	if v.Compensation != "" {
		fmt.Fprintf(&b, "Approved alone; what makes up for it: %s\n", v.Compensation)
	}
	if v.InForce {
		fmt.Fprintf(&b, "Findings   opened for %s; every tier is judged and counted\n", strings.Join(v.Findings, ", "))
	}
	fmt.Fprintln(&b)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tTIER\tSEVERITY\tTITLE")
	for _, c := range v.List {
		title := c.Title
		if c.Off != "" {
			title = "left out: " + c.Off
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.ID, c.Tier, c.Severity, title)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(v.Tailorings) > 0 {
		fmt.Fprintln(&b, "\nTailored")
	}
	for _, x := range v.Tailorings {
		var what []string
		if x.Exclude {
			what = append(what, "left out")
		}
		if x.Severity != "" {
			what = append(what, "severity "+x.Severity)
		}
		for _, name := range sortedKeys(x.Parameters) {
			what = append(what, fmt.Sprintf("%s = %v", name, x.Parameters[name]))
		}
		fmt.Fprintf(&b, "  %s: %s\n    %s, %s: %s\n", x.Check, strings.Join(what, ", "), x.MadeAt.Format(time.DateOnly), x.MadeBy, x.Reason)
	}
	if len(v.Untranslated) > 0 {
		fmt.Fprintf(&b, "\nNot translated, so never judged (%d)\n", len(v.Untranslated))
	}
	for _, u := range v.Untranslated {
		fmt.Fprintf(&b, "  %s  %s\n    %s\n", u.ID, u.Title, u.Reason)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func standardsDiff() *cobra.Command {
	var t Target
	var asJSON bool
	var from string
	cmd := &cobra.Command{Use: "diff STANDARD", Short: "Show what a version says otherwise: than another version, or than it was installed",
		Long: "Compares STANDARD, as it judges, with another installed version of the same pack (--from 1.0.0),\n" +
			"or with itself as it was installed, which is what tailoring changes (--from installed).", Args: one("one standard"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			s, done, err := t.openStandards(ctx)
			if err != nil {
				return err
			}
			defer done()
			st, err := s.Named(ctx, args[0])
			if err != nil {
				return err
			}
			newer, err := s.Loaded(ctx, st.ID)
			if err != nil {
				return err
			}
			var old *pack.Pack
			if from == "installed" {
				old, err = s.Pack(ctx, st.ID)
			} else {
				var other standard.Standard
				if other, err = s.Named(ctx, st.Pack+"@"+from); err == nil {
					old, err = s.Loaded(ctx, other.ID)
				}
			}
			if err != nil {
				return err
			}
			d := pack.Compare(old, newer)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return printDiff(cmd.OutOrStdout(), d)
		}}
	t.flags(cmd)
	cmd.Flags().StringVar(&from, "from", "installed", "version to compare with, or installed: the same one without tailoring")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func standardsInstall(change Changer) *cobra.Command {
	var t Target
	var asJSON bool
	cmd := &cobra.Command{Use: "install DIR", Short: "Bring in a standard as a draft", Args: oneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := install(cmd.Context(), change, t, args[0])
			if err != nil {
				return err
			}
			return answer.print(cmd.OutOrStdout(), asJSON, "is installed")
		}}
	t.acts(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// install checks a pack here, where mistakes can name its files, and sends it.
func install(ctx context.Context, change Changer, t Target, dir string) (StandardAnswer, error) {
	p, err := loadStandard(dir)
	if err != nil {
		return StandardAnswer{}, err
	}
	var content bytes.Buffer
	z := zip.NewWriter(&content)
	for _, f := range p.Files {
		data, err := fs.ReadFile(os.DirFS(dir), f.Path)
		if err != nil {
			return StandardAnswer{}, fault.Wrap(fault.Invalid, err, "%s cannot be read", filepath.Join(dir, f.Path))
		}
		w, err := z.Create(f.Path)
		if err != nil {
			return StandardAnswer{}, err
		}
		if _, err := w.Write(data); err != nil {
			return StandardAnswer{}, err
		}
	}
	if err := z.Close(); err != nil {
		return StandardAnswer{}, err
	}
	var answer StandardAnswer
	return answer, change(ctx, t, ChangeInstall, struct{}{}, &content, &answer)
}

func (a StandardAnswer) print(out io.Writer, asJSON bool, what string) error {
	if asJSON {
		return printJSON(out, a)
	}
	state := "draft"
	if a.Approved {
		state = "approved"
	}
	_, err := fmt.Fprintf(out, "%s %s %s: %s, %s, findings up to tier %s, digest %s\n", a.Pack, a.Version, what, state, count(a.Checks, "check"), a.Tier, a.Digest)
	return err
}
