package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/program/scope"

	"github.com/spf13/cobra"
)

// WaiversCommand is `attesta waivers`: what is accepted. The verbs that change
// it come from the server.
func WaiversCommand(more ...*cobra.Command) *cobra.Command {
	return Group("waivers", "Accept what fails, with a reason, an owner and an end", append([]*cobra.Command{waiversList()}, more...)...)
}

// ExclusionsCommand is `attesta exclusions`: what people left out. The verbs that
// change it come from the server.
func ExclusionsCommand(more ...*cobra.Command) *cobra.Command {
	return Group("exclusions", "Leave something out of a population, and list what is left out", append([]*cobra.Command{exclusionsList()}, more...)...)
}

// lastDay gives the last day of a time that ends before a moment.
func lastDay(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.Add(-time.Microsecond).In(zone).Format(time.DateOnly)
}

func firstDay(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(zone).Format(time.DateOnly)
}

// waiverState says where a waiver stands: approved is in force, or not yet.
func waiverState(w waiver.Waiver, now time.Time) string {
	switch {
	case w.Holds(now):
		return "in force"
	case w.State == waiver.Asked:
		return "asked for"
	case w.State == waiver.Approved && now.Before(w.HoldsFrom):
		return "approved, begins later"
	case w.State == waiver.Approved:
		return "over"
	}
	return string(w.State)
}

func waiversList() *cobra.Command {
	var at place
	var f waiver.Filter
	var states []string
	var after string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List waivers, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.States = nil
			for _, text := range states {
				known := false
				for _, s := range waiver.States() {
					known = known || string(s) == text
				}
				if !known {
					return fault.New(fault.Invalid, "%q is no state of a waiver", text).WithHint("the states are %s", joined(waiver.States()))
				}
				f.States = append(f.States, waiver.State(text))
			}
			db, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			page, err := waiver.Reading(db).List(cmd.Context(), f, after, limit)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				if page.Waivers == nil {
					page.Waivers = []waiver.Waiver{}
				}
				return printJSON(out, page.Waivers)
			}
			zone, err := scopeZone(cmd, at)
			if err != nil {
				return err
			}
			now := clock.System()
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "WAIVER\tSTATE\tFROM\tUNTIL\tITEMS\tWHAT\tREASON")
			for _, x := range page.Waivers {
				what := x.Check
				if x.Attribute != "" {
					what += "/" + x.Attribute
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", x.Ref(), waiverState(x, now), firstDay(x.HoldsFrom, zone), lastDay(x.Expires, zone), x.Items, what, oneLine(x.Reason))
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if page.Next != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "hint:  %d of %d; add --after %s for more\n", len(page.Waivers), page.Total, page.Next)
			}
			return nil
		}}
	at.flags(cmd)
	cmd.Flags().StringSliceVar(&states, "state", nil, "only in this state: "+joined(waiver.States()))
	cmd.Flags().StringVar(&f.Check, "check", "", "only of this check")
	cmd.Flags().StringVar(&f.Query, "text", "", "only with this in number, check, control or the first items' names")
	cmd.Flags().StringVar(&after, "after", "", "what the hint of the page before named")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so many, up to 1000")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func exclusionsList() *cobra.Command {
	var at place
	var states []string
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List what people left out or asked to leave out, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var only []exclusion.State
			for _, text := range states {
				known := false
				for _, s := range exclusion.States() {
					known = known || string(s) == text
				}
				if !known {
					return fault.New(fault.Invalid, "%q is no state of an exclusion", text).WithHint("the states are %s", joined(exclusion.States()))
				}
				only = append(only, exclusion.State(text))
			}
			db, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			all, err := exclusion.Reading(db).List(cmd.Context(), only...)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				if all == nil {
					all = []exclusion.Exclusion{}
				}
				return printJSON(out, all)
			}
			zone, err := scopeZone(cmd, at)
			if err != nil {
				return err
			}
			now := clock.System()
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "EXCLUSION\tSTATE\tFROM\tUNTIL\tOUT OF\tWHAT\tREASON")
			for _, x := range all {
				state := string(x.State)
				switch {
				case x.Holds(now):
					state = "in force"
				case x.State == exclusion.Asked:
					state = "asked for"
				case x.State == exclusion.Approved && !now.Before(x.HoldsTo):
					state = "over"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.Ref(), state, firstDay(x.HoldsFrom, zone), lastDay(x.Expires, zone), x.Population, x.Name, oneLine(x.Reason))
			}
			return w.Flush()
		}}
	at.flags(cmd)
	cmd.Flags().StringSliceVar(&states, "state", nil, "only in this state: "+joined(exclusion.States()))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// PrintRegister prints what is left out.
func PrintRegister(out io.Writer, all []exclusion.Entry, zone *time.Location) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tWHAT\tITEMS\tUNTIL\tBY\tREASON")
	for _, x := range all {
		name := x.Name
		if x.Ref != "" {
			name = x.Ref + " " + name
		}
		until := lastDay(x.Until, zone)
		if x.Until.IsZero() {
			until = "it is changed"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", x.Kind.Words(), name, x.Items, until, x.By, oneLine(x.Reason))
	}
	return w.Flush()
}

// scopeZone gives the organisation's time zone.
func scopeZone(cmd *cobra.Command, at place) (*time.Location, error) {
	db, err := at.open(cmd.Context())
	if err != nil {
		return nil, err
	}
	defer db.Close()
	v, err := scope.New(scope.Config{DB: db, Clock: clock.System}).Now(cmd.Context())
	return v.Location(), err
}

func joined[S ~string](list []S) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// oneLine gives a text without its line ends, and only its beginning.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 90 {
		s = string(r[:89]) + "…"
	}
	return s
}
