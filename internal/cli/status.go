package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"

	"github.com/spf13/cobra"
)

// StatusOptions is what `attesta status` takes from outside.
type StatusOptions struct {
	Clock clock.Clock // clock.System when nil
	// Location gives the database of a data directory where --database does not;
	// "sqlite:DATA/attesta.db" when nil.
	Location func(dataDir string) (string, error)
}

// StatusCommand is `attesta status`: the criteria with their evidence status at
// a moment, as known now or as known then. It reads the data directory and may
// run beside a server.
func StatusCommand(options StatusOptions) *cobra.Command {
	if options.Clock == nil {
		options.Clock = clock.System
	}
	flags := statusFlags{options: options}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the evidence status of each criterion",
		Long: `Show the evidence status of each criterion, and why.

A status is derived from what checks observed: deviation, insufficient evidence,
did not operate, no known deviation. It is no judgement that a criterion is met;
that is management's, and then the auditor's.

With --at it shows a past moment. What arrived after that moment counts, unless
--known bounds what was known: --known then takes the ledger as it was at --at,
--known INDEX takes it at that size, and without --at shows the moment at which
it had that size.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.at, "at", "", "moment to show: a date (2026-03-14 means the end of that day) or an RFC 3339 time; now when left out")
	f.StringVar(&flags.known, "known", "now", `what was known: "now", "then" (as the ledger was at --at), or a ledger index`)
	f.StringVar(&flags.data, "data", DefaultData(), "data directory")
	f.StringVar(&flags.database, "database", "", "database: sqlite:PATH or postgres://… (default the data directory's)")
	f.BoolVar(&flags.json, "json", false, "print JSON")
	return cmd
}

type statusFlags struct {
	at, known, data, database string
	json                      bool
	options                   StatusOptions
}

// location gives the database to open.
func (s statusFlags) location() (string, error) {
	switch {
	case s.database != "":
		return s.database, nil
	case s.options.Location != nil:
		return s.options.Location(s.data)
	}
	return "sqlite:" + filepath.Join(s.data, "attesta.db"), nil
}

func (s statusFlags) run(ctx context.Context, out io.Writer) error {
	location, err := s.location()
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, location, database.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close()
	now := s.options.Clock
	// The database is open for reading: no change, and so no ledger entry, comes
	// this far.
	standards, err := standard.New(standard.Config{DB: db, Ledger: new(ledger.Log), Clock: now})
	if err != nil {
		return err
	}
	service := posture.New(posture.Config{DB: db, Clock: now, Standards: standards,
		Outcomes: outcome.New(outcome.Config{DB: db, Clock: now}), Findings: finding.New(finding.Config{DB: db, Clock: now})})
	at, err := s.moment(ctx, db, service, now())
	if err != nil {
		return err
	}
	snap, err := service.Criteria(ctx, at)
	if err != nil {
		return err
	}
	if s.json {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(statusJSON(snap))
	}
	return printStatus(out, snap)
}

// moment reads --at and --known.
func (s statusFlags) moment(ctx context.Context, db *database.DB, service *posture.Service, now time.Time) (posture.At, error) {
	at := posture.At{Valid: now, Known: -1}
	if s.at != "" {
		program, err := control.Load(ctx, db.Reader())
		if err != nil {
			return at, err
		}
		if at.Valid, err = parseMoment(s.at, program.ScopeAt(now, -1).Location(), now); err != nil {
			return at, err
		}
	}
	switch s.known {
	case "now":
	case "then":
		known, err := service.KnownThen(ctx, at.Valid)
		if err != nil {
			return at, err
		}
		at.Known = known
	default:
		known, err := strconv.ParseInt(s.known, 10, 64)
		if err != nil || known < 0 {
			return at, fault.New(fault.Invalid, "--known %q is neither now, then nor a ledger index", s.known).
				WithHint("an index is a whole number from 0, as `attesta ledger` shows it")
		}
		at.Known = known
		if s.at == "" { // known then, without a moment: the moment of that size
			then, err := service.MomentOf(ctx, known)
			if err != nil {
				return at, err
			}
			if !then.IsZero() {
				at.Valid = then
			}
		}
	}
	return at, nil
}

// parseMoment reads a date, which means the end of that day in the
// organisation's zone, or the present while the day lasts; or an RFC 3339 time.
func parseMoment(text string, zone *time.Location, now time.Time) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		end := day.AddDate(0, 0, 1).Add(-time.Microsecond)
		if end.After(now) && !day.After(now) {
			return now, nil
		}
		return end.UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "--at %q is neither a date nor a time", text).
		WithHint("write 2026-03-14 or 2026-03-14T09:30:00Z")
}

func knownWords(snap posture.Snapshot) string {
	if snap.KnownNow {
		return "as known now"
	}
	return "as known then"
}

// printStatus prints the table for people.
func printStatus(out io.Writer, snap posture.Snapshot) error {
	var b strings.Builder
	at := snap.At.In(snap.Scope.Location())
	fmt.Fprintf(&b, "Evidence status on %s, %s, at ledger index %d.\n\n", at.Format("2 Jan 2006 15:04 MST"), knownWords(snap), snap.Known)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CRITERION\t\tSTATUS\tCOVERAGE\tKEY\tWHY")
	outside := map[catalog.Category]int{}
	draft := false
	for _, c := range snap.Criteria {
		if !c.InScope {
			outside[c.Category]++
			continue
		}
		words := c.Status.Words()
		if c.Draft {
			words, draft = words+" *", true
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", c.ID, c.Title, words, c.Coverage.Words(), c.Key, c.Why)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	b.WriteByte('\n')
	var parts []string
	for _, s := range posture.Statuses() {
		if n := snap.ByStatus[s]; n > 0 && s != posture.Out {
			parts = append(parts, fmt.Sprintf("%d %s", n, s.Words()))
		}
	}
	fmt.Fprintf(&b, "%d criteria: %s; coverage %s.\n", len(snap.Criteria)-snap.ByStatus[posture.Out], strings.Join(parts, ", "), snap.Coverage.Words())
	parts = parts[:0]
	for _, k := range catalog.Categories() {
		if n := outside[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s (%d)", k.Words(), n))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintf(&b, "Not in scope: %s.\n", strings.Join(parts, ", "))
	}
	if draft {
		b.WriteString("* rests on a standard or a control that nobody has approved yet: a draft.\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// The JSON of `attesta status` is a stable contract: fields are added, never
// renamed or given another meaning.
type statusOutput struct {
	At       time.Time        `json:"at"`
	Known    int64            `json:"known"`     // ledger index that bounds it
	KnownNow bool             `json:"known_now"` // true: as known now
	Scope    statusScope      `json:"scope"`
	Summary  map[string]int   `json:"summary"` // criteria by status
	Coverage posture.Coverage `json:"coverage"`
	Criteria []statusCriteria `json:"criteria"` // all 61
}

type statusScope struct {
	Version    int                `json:"version"`
	Categories []catalog.Category `json:"categories"`
	Zone       string             `json:"zone"`
}

type statusHead struct {
	Status   posture.Status   `json:"status"` // none, deviation, insufficient, did_not_operate, out
	Words    string           `json:"words"`
	Why      string           `json:"why"`
	Change   string           `json:"change,omitempty"`
	Since    time.Time        `json:"since,omitzero"`
	Draft    bool             `json:"draft"`
	Counts   posture.Counts   `json:"counts"`
	Coverage posture.Coverage `json:"coverage"`
}

type statusCriteria struct {
	ID       string           `json:"id"`
	Title    string           `json:"title"`
	Series   string           `json:"series"`
	Category catalog.Category `json:"category"`
	statusHead
	KeyControls      int              `json:"key_controls"`
	ObservedControls int              `json:"observed_controls"` // key controls that a check observes
	Alone            string           `json:"alone,omitempty"`
	Points           statusPoints     `json:"points"`
	Controls         []statusControls `json:"controls"`
}

type statusPoints struct {
	Addressed int `json:"addressed"`
	Apply     int `json:"apply"`
}

type statusControls struct {
	ID    string `json:"id"` // slug
	Ref   string `json:"ref"`
	Title string `json:"title"`
	Key   bool   `json:"key"`
	statusHead
	Checks []statusChecks `json:"checks"`
}

type statusChecks struct {
	ID string `json:"id"`
	statusHead
}

func headJSON(h posture.Head) statusHead {
	return statusHead{h.Status, h.Status.Words(), h.Why, h.Change, h.Since, h.Draft, h.Counts, h.Coverage}
}

func statusJSON(snap posture.Snapshot) statusOutput {
	o := statusOutput{At: snap.At, Known: snap.Known, KnownNow: snap.KnownNow, Coverage: snap.Coverage, Summary: map[string]int{},
		Scope: statusScope{snap.Scope.Version, snap.Scope.Categories, snap.Scope.Zone}}
	for _, s := range posture.Statuses() {
		o.Summary[string(s)] = snap.ByStatus[s]
	}
	for _, c := range snap.Criteria {
		k := statusCriteria{ID: c.ID, Title: c.Title, Series: c.Series, Category: c.Category, statusHead: headJSON(c.Head),
			KeyControls: c.Key, ObservedControls: c.Observed, Alone: c.Alone, Points: statusPoints{c.Addressed, c.Points}, Controls: []statusControls{}}
		for _, have := range c.Controls {
			sc := statusControls{ID: have.Slug, Ref: fmt.Sprintf("C-%d", have.Number), Title: have.Title, Key: have.Key,
				statusHead: headJSON(have.Head), Checks: []statusChecks{}}
			for _, check := range have.Checks {
				sc.Checks = append(sc.Checks, statusChecks{check.ID, headJSON(check.Head)})
			}
			k.Controls = append(k.Controls, sc)
		}
		o.Criteria = append(o.Criteria, k)
	}
	return o
}
