package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/program/scope"

	"github.com/spf13/cobra"
)

// EngagementsCommand is `attesta engagements`: examinations. The verbs that
// change one come from the server.
func EngagementsCommand(more ...*cobra.Command) *cobra.Command {
	return Group("engagements", "Set up an examination and see where it stands", append([]*cobra.Command{engagementsList(), engagementsShow()}, more...)...)
}

// RequestsCommand is `attesta requests`: what an auditor asks for.
func RequestsCommand(more ...*cobra.Command) *cobra.Command {
	return Group("requests", "Work on an auditor's request list", append([]*cobra.Command{requestsList()}, more...)...)
}

// engagementView is the JSON of `attesta engagements list` and `show`.
type engagementView struct {
	engagement.Engagement
	Requests engagement.Counts    `json:"requests"`
	Flags    []engagement.Flag    `json:"flags,omitempty"`    // only show
	Exhibits []engagement.Exhibit `json:"exhibits,omitempty"` // only show
}

func engagementsList() *cobra.Command {
	var at place
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List engagements, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			db, err := at.open(ctx)
			if err != nil {
				return err
			}
			defer db.Close()
			s := engagement.New(engagement.Config{DB: db, Clock: clock.System})
			list, err := s.List(ctx, access.System())
			if err != nil {
				return err
			}
			views := []engagementView{}
			for _, g := range list {
				requests, err := s.Requests(ctx, access.System(), g.Number)
				if err != nil {
					return err
				}
				views = append(views, engagementView{Engagement: g, Requests: g.Count(requests, clock.System())})
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), views)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NO\tTYPE\tPERIOD\tSTATE\tACCEPTED\tNEED US\tLATE\tFIRM\tTITLE")
			for _, v := range views {
				fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%d of %d\t%d\t%d\t%s\t%s\n", v.Number, v.Type, v.Period(), v.State, v.Requests.Accepted, v.Requests.All, v.Requests.NeedUs, v.Requests.Late, dash(v.Firm), v.Title)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if len(views) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "hint:  'attesta engagements create' sets one up")
			}
			return nil
		}}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func engagementsShow() *cobra.Command {
	var at place
	var asJSON bool
	cmd := &cobra.Command{Use: "show NUMBER", Short: "Show an engagement: period, categories, what an auditor will ask, what was frozen", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := engagement.ParseNumber(args[0])
			if err != nil {
				return err
			}
			db, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			s := engagement.New(engagement.Config{DB: db, Clock: clock.System})
			scopes := scope.New(scope.Config{DB: db, Clock: clock.System})
			outcomes := outcome.New(outcome.Config{DB: db, Clock: clock.System})
			v, err := engagementShown(cmd.Context(), s, scopes, outcomes, number)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), v)
			}
			return printEngagement(cmd.OutOrStdout(), v)
		}}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func engagementShown(ctx context.Context, s *engagement.Service, scopes *scope.Service, outcomes *outcome.Service, number int) (engagementView, error) {
	var v engagementView
	g, err := s.Get(ctx, access.System(), number)
	if err != nil {
		return v, err
	}
	requests, err := s.Requests(ctx, access.System(), number)
	if err != nil {
		return v, err
	}
	exhibits, err := s.Exhibits(ctx, access.System(), number)
	if err != nil {
		return v, err
	}
	history, err := scopes.History(ctx, access.System())
	if err != nil {
		return v, err
	}
	from, to := g.Window()
	first, last, _, err := outcomes.HeardWithin(ctx, from, to)
	if err != nil {
		return v, err
	}
	now := clock.System()
	return engagementView{Engagement: g, Requests: g.Count(requests, now), Exhibits: exhibits,
		Flags: slices.Concat(g.Unobserved(first, last, now), g.Beside(history, now), g.Flags())}, nil
}

func printEngagement(out io.Writer, v engagementView) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Engagement %d, version %d: %s\nType %d, %s, days in %s; %s; scope version %d; %s.\n", v.Number, v.Version, v.Title, v.Type, v.Period(), v.Zone, scope.CategoryWords(v.Categories), v.Scope, v.State)
	if v.Firm != "" {
		fmt.Fprintf(&b, "Audit firm: %s; auditors who see it: %d.\n", v.Firm, len(v.Auditors))
	}
	fmt.Fprintf(&b, "Requests: %d of %d accepted, %d need us, %d late.\n", v.Requests.Accepted, v.Requests.All, v.Requests.NeedUs, v.Requests.Late)
	if len(v.Exhibits) > 0 {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "\nKIND\tWHAT\tID")
		for _, x := range v.Exhibits {
			fmt.Fprintf(w, "%s\t%s\t%s\n", x.Kind, x.Title, x.Subject)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if len(v.Flags) > 0 {
		fmt.Fprintln(&b, "\nAn auditor will ask:")
		for _, f := range v.Flags {
			fmt.Fprintf(&b, "  %s: %s\n", f.About, f.Text)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func requestsList() *cobra.Command {
	var at place
	var waiting string
	var asJSON bool
	cmd := &cobra.Command{Use: "list NUMBER", Short: "List an engagement's requests in the order of the auditor's list", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := engagement.ParseNumber(args[0])
			if err != nil {
				return err
			}
			if waiting != "" && waiting != "us" && waiting != "auditor" && waiting != "nobody" {
				return fault.New(fault.Invalid, "--waits-on %q is nobody that a request waits on", waiting).WithHint("us, auditor or nobody")
			}
			db, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			s := engagement.New(engagement.Config{DB: db, Clock: clock.System})
			g, err := s.Get(cmd.Context(), access.System(), number)
			if err != nil {
				return err
			}
			list, err := s.Requests(cmd.Context(), access.System(), number)
			if err != nil {
				return err
			}
			if waiting != "" {
				list = slices.DeleteFunc(list, func(r engagement.Request) bool { return strings.TrimPrefix(r.Waiting(), "the ") != waiting })
			}
			if asJSON {
				if list == nil {
					list = []engagement.Request{}
				}
				return printJSON(cmd.OutOrStdout(), list)
			}
			today := clock.System().In(g.Location()).Format(time.DateOnly)
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "REF\tOURS\tAUDITOR'S\tDUE\tCRITERIA\tANSWERS\tREQUEST")
			for _, r := range list {
				due := dash(r.Due)
				if r.Late(today) {
					due += " late"
				}
				text := []rune(strings.Join(strings.Fields(r.Text), " "))
				if len(text) > 80 {
					text = append(text[:79], '…')
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.Ref, strings.ReplaceAll(string(r.Ours), "_", " "), r.Theirs, due, dash(strings.Join(r.Criteria, " ")), len(r.Exhibits), string(text))
			}
			return w.Flush()
		}}
	at.flags(cmd)
	cmd.Flags().StringVar(&waiting, "waits-on", "", "only those that wait on us, auditor or nobody")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
