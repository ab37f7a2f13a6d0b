package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"

	"github.com/spf13/cobra"
)

// EvidenceCommand is `attesta evidence`: what people brought. The verbs that
// change it come from the server.
func EvidenceCommand(more ...*cobra.Command) *cobra.Command {
	return Group("evidence", "Bring evidence by hand, and review it", append([]*cobra.Command{evidenceList(), evidenceShow()}, more...)...)
}

// keptEvidence opens what a data directory holds, to read.
func keptEvidence(ctx context.Context, at place) (s *evidence.Service, zone *time.Location, done func() error, err error) {
	db, err := at.open(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	v, err := scope.New(scope.Config{DB: db, Clock: clock.System}).Now(ctx)
	if err != nil {
		db.Close()
		return nil, nil, nil, err
	}
	return evidence.NewService(evidence.Config{DB: db, Clock: clock.System}), v.Location(), db.Close, nil
}

func evidenceList() *cobra.Command {
	var at place
	var f evidence.Filter
	var below string
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List evidence, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, zone, done, err := keptEvidence(cmd.Context(), at)
			if err != nil {
				return err
			}
			defer done()
			if below != "" {
				if f.Below, err = evidence.ParseRef(below); err != nil {
					return err
				}
			}
			list, more, err := s.List(cmd.Context(), access.System(), f)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				if list == nil {
					list = []evidence.Seen{}
				}
				return printJSON(out, list)
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "EVIDENCE\tREVIEW\tPERFORMED\tCOLLECTED\tFRESH UNTIL\tSHOWS\tTITLE")
			day := func(t time.Time) string {
				if t.IsZero() {
					return "-"
				}
				return t.In(zone).Format(time.DateOnly)
			}
			for _, v := range list {
				var covers []string
				for _, c := range v.Covers {
					covers = append(covers, c.Control+"/"+c.Instance)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.Ref(), v.Standing().Words(), day(v.Performed), day(v.Version.Collected), day(v.Stale), strings.Join(covers, " "), evidenceTitle(v.Version))
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if more {
				fmt.Fprintf(cmd.ErrOrStderr(), "hint:  more follow; add --below %s\n", list[len(list)-1].Ref())
			}
			return nil
		}}
	at.flags(cmd)
	cmd.Flags().StringVar(&f.Control, "control", "", "only of this control")
	cmd.Flags().StringVar(&f.State, "state", "", "only: "+strings.Join(evidence.FilterStates(), ", "))
	cmd.Flags().StringVar(&f.Text, "text", "", "only with this in title, source or file name")
	cmd.Flags().StringVar(&below, "below", "", "only numbers below this one: E-50")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "at most so many, up to 500")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func evidenceTitle(v evidence.Version) string {
	if v.Redacted != "" {
		return "(redacted)"
	}
	return v.Title
}

func evidenceShow() *cobra.Command {
	var at place
	var asJSON bool
	cmd := &cobra.Command{Use: "show E-12", Short: "Show an item of evidence with its versions and reviews", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := evidence.ParseRef(args[0])
			if err != nil {
				return err
			}
			s, zone, done, err := keptEvidence(cmd.Context(), at)
			if err != nil {
				return err
			}
			defer done()
			all, err := s.Look(cmd.Context(), access.System(), number)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, all)
			}
			moment := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
			for _, v := range all {
				fmt.Fprintf(out, "%s version %d  %s\n", v.Ref(), v.Version.Version, evidenceTitle(v.Version))
				rows := [][2]string{{"review", v.Standing().Words()}, {"performed", moment(v.Performed)},
					{"covers", v.From.In(zone).Format(time.DateOnly) + " to " + v.To.Add(-time.Microsecond).In(zone).Format(time.DateOnly)},
					{"collected", moment(v.Version.Collected)}, {"source", v.Source}, {"query", v.Query}, {"link", v.Address}, {"file", v.FileName}, {"sha256", v.Digest}, {"ledger", v.Made.Entry}}
				for _, c := range v.Covers {
					rows = append(rows, [2]string{"shows", c.Control + "/" + c.Instance})
				}
				for _, r := range v.Reviews {
					rows = append(rows, [2]string{string(r.Decision), moment(r.Made.At) + " by " + r.Made.By + " " + r.Reason})
				}
				for _, row := range rows {
					if row[1] != "" {
						fmt.Fprintf(out, "  %-10s %s\n", row[0], row[1])
					}
				}
			}
			return nil
		}}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// InstancesCommand is `attesta instances`: what is expected of manual controls.
func InstancesCommand() *cobra.Command {
	return Group("instances", "Look at the expected performances of manual controls", instancesList())
}

// instancesView is the JSON of `attesta instances list`, one for each control.
type instancesView struct {
	evidence.Overview
	At time.Time `json:"at"`
}

func instancesList() *cobra.Command {
	var at place
	var slug, window string
	var asJSON, gather bool
	cmd := &cobra.Command{Use: "list", Short: "List what is expected of a control, or of all, over the window", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, now := cmd.Context(), clock.System()
			db, err := at.open(ctx)
			if err != nil {
				return err
			}
			defer db.Close()
			s := evidence.NewService(evidence.Config{DB: db, Clock: clock.System})
			program, err := control.New(control.Config{DB: db, Clock: clock.System}).Program(ctx, access.System())
			if err != nil {
				return err
			}
			zone := program.ScopeAt(now, -1).Location()
			span, err := windowOf(window, zone)
			if err != nil {
				return err
			}
			views := []instancesView{}
			for _, c := range program.Controls {
				d := c.Current().Design
				if slug != "" && c.Slug != slug || slug == "" && !instance.Periodic(d) && !instance.Triggered(d) {
					continue
				}
				o, err := s.Over(ctx, access.System(), c.Slug, now, -1, span)
				if err != nil {
					return err
				}
				views = append(views, instancesView{o, now})
			}
			if slug != "" && len(views) == 0 {
				return fault.New(fault.NotFound, "the organisation has no control %q", slug).WithHint("'attesta controls list' lists them")
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), views)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "CONTROL\tINSTANCE\tSTATE\tBEGINS\tLAST DAY\tPERFORMED\tEVIDENCE\tVERSION")
			day := func(t time.Time) string {
				if t.IsZero() {
					return "-"
				}
				return t.In(zone).Format(time.DateOnly)
			}
			for _, v := range views {
				list := v.Instances
				if gather {
					list = nil
					for _, g := range v.Gatherable {
						list = append(list, g.Instance)
					}
				}
				for _, i := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\tv%d\n", v.Slug, i.Key, stateWords(i), day(i.Start), day(i.Due.Add(-time.Microsecond)), day(i.Performed), strings.Join(i.Evidence, " "), i.Version)
				}
			}
			return w.Flush()
		}}
	at.flags(cmd)
	cmd.Flags().StringVar(&slug, "control", "", "only of this control")
	cmd.Flags().StringVar(&window, "window", "", "2026-01-01..2026-12-31; the window of the scope when left out")
	cmd.Flags().BoolVar(&gather, "gatherable", false, "only those whose evidence can still be gathered before the window ends")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func stateWords(i instance.Instance) string {
	text := i.State.Words()
	switch {
	case i.State == instance.Expected && i.Overdue:
		text += ", due"
	case len(i.Evidence) > 0 && !i.Reviewed:
		text += ", awaits review"
	}
	return text
}

// windowOf reads "2026-01-01..2026-12-31"; "" gives no window.
func windowOf(text string, zone *time.Location) (scope.Window, error) {
	if text == "" {
		return scope.Window{}, nil
	}
	from, to, ok := strings.Cut(text, "..")
	c, err := scope.Content{Zone: zone.String(), Examination: scope.Examination{Type: 2, From: from, To: to}}.Check()
	if !ok || err != nil {
		return scope.Window{}, fault.Wrap(fault.Invalid, err, "--window %q is no window", text).WithHint("write 2026-01-01..2026-12-31, the earlier day first")
	}
	w, _ := c.Window()
	return w, nil
}
