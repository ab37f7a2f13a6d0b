package reliance

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/trail"
	"github.com/attesta/attesta/internal/judge"
)

// Window is what a report is about: times from From to before To.
type Window struct {
	From, To time.Time
}

// Bounds is a window with the sizes of the ledger where it begins and ends.
type Bounds struct {
	Window
	Start, End int64 // entries with an index of Start to before End were recorded in the window
	Head       int64 // size of the ledger that gaps are known by
	Closed     bool  // what people wrote stays behind its commitment
}

// Line is one line of a report. Entry is empty for what lies between entries.
type Line struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`
	About  string    `json:"about,omitempty"`
	Detail string    `json:"detail,omitempty"`
	By     string    `json:"by,omitempty" doc:"A pseudonym: usr_…, src_… or system."`
	Entry  string    `json:"entry,omitempty"`
	Index  int64     `json:"index" doc:"In the ledger; -1 for what lies between entries."`
	Before bool      `json:"before_window,omitempty" doc:"The last of its kind before the window began."`
	Bad    bool      `json:"attention,omitempty" doc:"Somebody should ask about it."`
}

// Section is a question of a report with what answers it. One without a line of
// the window says in Nothing over which entries that holds, and what nobody here
// can know stands in NotObserved: an empty table is never an answer by itself.
type Section struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Note        string   `json:"note"`
	Lines       []Line   `json:"lines"`
	Nothing     string   `json:"nothing,omitempty" doc:"Over which entries it holds that there is no line of the window."`
	NotObserved []string `json:"not_observed,omitempty" doc:"What is not known, each with its reason."`
}

// In counts the lines of the window itself.
func (s Section) In() int {
	n := 0
	for _, l := range s.Lines {
		if !l.Before {
			n++
		}
	}
	return n
}

// Short names the section in a word or two.
func (s Section) Short() string {
	switch s.ID {
	case "runs":
		return "Starts and ends"
	case "people":
		return "Accounts"
	case "reach":
		return "Reach"
	case "canary":
		return "Must fail"
	}
	return strings.ToUpper(s.ID[:1]) + s.ID[1:]
}

// Report is what an auditor needs to know about Attesta itself in a window.
type Report struct {
	V        int       `json:"v"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Origin   string    `json:"origin"`
	Start    int64     `json:"ledger_start"`
	End      int64     `json:"ledger_end"`
	Sections []Section `json:"sections"`

	NotObserved []string `json:"not_observed,omitempty" doc:"Of the window itself: what no question can answer, with the reason."`

	Proves    []string `json:"the_ledger_proves"`
	ProvesNot []string `json:"the_ledger_does_not_prove"`
	Yours     []string `json:"complementary_controls"`
	Powers    []Power  `json:"powers" doc:"Who may change what Attesta says, in this version of the program."`
	Canary    *Canary  `json:"canary,omitempty" doc:"What the known-failing item gave when the report was made."`
	Seen      []Seen   `json:"seen_now,omitempty" doc:"What the program saw of itself when the report was made."`
	Due       string   `json:"declaration_due,omitempty"`
}

// Seen is something that the program sees of itself now.
type Seen struct {
	What  string `json:"what"`
	Value string `json:"value"`
	Bad   bool   `json:"attention,omitempty"`
}

// maxLines bounds how many lines a section has; a report says what it left out.
const maxLines = 5000

// maxWindow bounds a window that is asked for by days.
const maxWindow = 3 * 366

// Days gives the window of days of a zone, both included and written as
// 2026-01-31. An empty to is today, an empty from is 90 days before the end.
func Days(from, to string, now time.Time, zone *time.Location) (Window, error) {
	read := func(field, value string, otherwise time.Time) (time.Time, error) {
		if value == "" {
			return otherwise, nil
		}
		day, err := time.ParseInLocation(time.DateOnly, value, zone)
		if err != nil {
			return day, fault.New(fault.Invalid, "%q is no day", shorten(value, 40)).At("", 0, field).WithHint("write it as 2026-01-31")
		}
		return day, nil
	}
	now = now.In(zone)
	last, err := read("to", to, time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone))
	if err != nil {
		return Window{}, err
	}
	first, err := read("from", from, last.AddDate(0, 0, -89))
	switch {
	case err != nil:
		return Window{}, err
	case last.Before(first):
		return Window{}, fault.New(fault.Invalid, "the window ends before it begins").At("", 0, "to").WithHint("give %s or a later day", first.Format(time.DateOnly))
	case last.After(first.AddDate(0, 0, maxWindow)):
		return Window{}, fault.New(fault.Invalid, "the window is longer than three years").At("", 0, "from").WithHint("ask for one examination's window at a time")
	}
	return Window{From: first, To: last.AddDate(0, 0, 1)}, nil
}

// Report gives the report of a window, with what is seen now (reliance.read). An
// auditor gets the window of an engagement, the newest where number is 0; for
// others number 0 is w.
func (s *Service) Report(ctx context.Context, p access.Principal, number int, w Window) (Report, error) {
	if err := access.Authorise(p, access.RelianceRead); err != nil {
		return Report{}, err
	}
	if number > 0 || p.Role == access.Auditor {
		var err error
		if w, err = s.cfg.Engaged(ctx, p, number); err != nil {
			return Report{}, err
		}
	}
	if !w.From.Before(w.To) {
		return Report{}, fault.New(fault.Invalid, "the window ends before it begins").At("", 0, "to").WithHint("give an end after %s", w.From.Format(time.DateOnly))
	}
	q := s.cfg.DB.Reader()
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	b := Bounds{Window: w, Head: head.Size}
	if b.Start, err = ledger.IndexAt(ctx, q, w.From.Add(-time.Microsecond)); err != nil {
		return Report{}, err
	}
	if b.End, err = ledger.IndexAt(ctx, q, w.To.Add(-time.Microsecond)); err != nil {
		return Report{}, err
	}
	r, err := s.Between(ctx, b)
	if err != nil {
		return r, err
	}
	c := JudgeCanary()
	r.Canary = &c
	if r.Seen, err = s.seen(ctx); err != nil {
		return r, err
	}
	last, ok, err := s.LastDeclared(ctx)
	switch {
	case err != nil:
		return r, err
	case !ok:
		r.Due = "nobody has declared yet who reaches the database and the files"
	case s.cfg.Clock().Sub(last.At) > Stale:
		r.Due = "the last declaration is of " + last.At.UTC().Format(time.DateOnly) + ", more than a year ago"
	}
	return r, nil
}

// Between gives the report of bounds: nothing in it depends on anything else.
func (s *Service) Between(ctx context.Context, b Bounds) (Report, error) {
	r := Report{V: 1, From: b.From.UTC(), To: b.To.UTC(), Origin: s.cfg.Ledger.Origin(), Start: b.Start, End: b.End,
		Proves: proves(), ProvesNot: provesNot(), Yours: yours(), Powers: powers(), Sections: []Section{}}
	var err error
	if r.NotObserved, err = s.outside(ctx, b); err != nil {
		return r, err
	}
	for _, ask := range []func(context.Context, Bounds) (Section, error){s.runs, s.people, s.settings, s.versions, s.gaps, s.backups, s.reach, s.canary} {
		sec, err := ask(ctx, b)
		if err != nil {
			return r, err
		}
		if sec.Lines == nil {
			sec.Lines = []Line{}
		}
		if sec.In() == 0 && sec.Nothing == "" && sec.ID != "gaps" && b.End > b.Start {
			sec.Nothing = fmt.Sprintf("None among the %d entries of the window, index %d to %d.", b.End-b.Start, b.Start, b.End-1)
		}
		slices.SortStableFunc(sec.Lines, func(x, y Line) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Index, y.Index)) })
		if n := len(sec.Lines); n > maxLines {
			sec.Lines = sec.Lines[:maxLines]
			sec.NotObserved = append(sec.NotObserved, fmt.Sprintf("the lines after the first %d of %d are left out: choose a shorter window", maxLines, n))
		}
		r.Sections = append(r.Sections, sec)
	}
	return r, nil
}

// outside says what of the window the ledger does not reach.
func (s *Service) outside(ctx context.Context, b Bounds) ([]string, error) {
	if b.Head == 0 {
		return []string{"anything: the ledger has no entry yet"}, nil
	}
	var out []string
	first, err := s.cfg.Ledger.Record(ctx, "0")
	if err != nil {
		return nil, err
	}
	last, err := s.cfg.Ledger.Record(ctx, fmt.Sprint(b.Head-1))
	if err != nil {
		return nil, err
	}
	if b.From.Before(first.At) {
		out = append(out, "before "+moment(first.At)+": the ledger begins then")
	}
	if b.To.After(last.At) {
		out = append(out, "after "+moment(last.At)+": the last entry is of then")
	}
	return out, nil
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// each calls f for the records of families of types with an index of lo to before
// hi, newest first within each family.
func (s *Service) each(ctx context.Context, lo, hi int64, families []string, f func(ledger.Record)) error {
	for _, family := range families {
		for before := hi; before > lo; {
			page, err := s.cfg.Ledger.Records(ctx, ledger.Filter{Type: family, Before: before, Limit: 1000})
			if err != nil || len(page) == 0 {
				if err != nil {
					return err
				}
				break
			}
			for _, rec := range page {
				if before = rec.Index; before < lo {
					break
				}
				f(rec)
			}
		}
	}
	return nil
}

func lineOf(rec ledger.Record, what, detail string) Line {
	return Line{At: rec.At.UTC(), What: what, About: rec.Subject, Detail: detail, By: rec.Actor, Entry: rec.ID, Index: rec.Index}
}

func text(rec ledger.Record, name string) string { v, _ := rec.Data[name].(string); return v }

// words says a type as people read it: "standard.approved" is "Standard approved".
func words(typ string) string {
	typ = strings.NewReplacer(".", " ", "_", " ").Replace(typ)
	return strings.ToUpper(typ[:1]) + typ[1:]
}

// details lays an entry's data out in the order of its names, shortened.
func details(rec ledger.Record) string {
	names := make([]string, 0, len(rec.Data))
	for name := range rec.Data {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		var v string
		switch x := rec.Data[name].(type) {
		case map[string]any:
			continue
		case []any:
			parts := make([]string, len(x))
			for i, p := range x {
				parts[i] = fmt.Sprint(p)
			}
			v = strings.Join(parts, " ")
		default:
			v = fmt.Sprint(x)
		}
		if v == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s %s", strings.ReplaceAll(name, "_", " "), shorten(v, 80))
	}
	return shorten(b.String(), 400)
}

// runs says when the server began and ended, and where an end was not clean.
func (s *Service) runs(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "runs", Title: "Starts and ends of the server", Note: "A start and a clean end are entries. A start after a start says that the server ended without saying so, and when it was last heard."}
	var all []ledger.Record
	if err := s.each(ctx, 0, b.End, []string{"server."}, func(rec ledger.Record) { all = append(all, rec) }); err != nil {
		return sec, err
	}
	slices.SortFunc(all, func(x, y ledger.Record) int { return cmp.Compare(x.Index, y.Index) })
	switch {
	case len(all) == 0:
		sec.NotObserved = append(sec.NotObserved, "starts and ends in the window: no version that ran by its end recorded them")
	case b.From.Before(all[0].At):
		sec.NotObserved = append(sec.NotObserved, "starts and ends before "+moment(all[0].At)+": no version recorded them until then")
	}
	for i, rec := range all {
		if rec.Index < b.Start && i+1 < len(all) && all[i+1].Index < b.Start {
			continue
		}
		line := lineOf(rec, "Started", "version "+text(rec, "version")+", ledger "+text(rec, "origin"))
		line.About, line.Before = "", rec.Index < b.Start
		if rec.Type == Stopped {
			line.What, line.Detail = "Ended cleanly", ""
		}
		if rec.Type == Started && !line.Before && i > 0 {
			last, err := s.cfg.Ledger.Record(ctx, fmt.Sprint(rec.Index-1))
			if err != nil {
				return sec, err
			}
			if all[i-1].Type == Started {
				sec.Lines = append(sec.Lines, Line{At: last.At.UTC(), What: "Ended without saying so", Detail: "last heard then; gone at most " + gone(rec.At.Sub(last.At)), Index: -1, Bad: true})
			} else {
				line.Detail += ", after " + gone(rec.At.Sub(all[i-1].At)) + " down"
			}
		}
		sec.Lines = append(sec.Lines, line)
	}
	return sec, nil
}

// gone writes how long something lasted, to the second, or the minute from an hour on.
func gone(d time.Duration) string {
	d = max(0, d).Round(time.Second)
	if d >= time.Hour {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.String()
}

// peopleWords says what is recorded of accounts and of the ways into them that an
// administrator opens.
var peopleWords = map[string]string{"user.added": "Account added", "user.role_changed": "Role changed", "user.disabled": "Account closed", "user.enabled": "Account opened",
	"user.link_made": "One-time login link made", "user.unlocked": "Account unlocked", "user.second_removed": "Second factor taken away", "user.sessions_revoked": "Sessions ended"}

// people says who could change what this deployment does, and when that changed.
func (s *Service) people(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "people", Title: "Administrators and changes of accounts", Note: "Who administered Attesta, or managed its checks and filters, when the window began; and every account that was added, given another role, closed or opened in it, with the ways into it that an administrator opened.",
		NotObserved: []string{"who logs in to the machine itself: its operating system knows"}}
	var before []ledger.Record
	if err := s.each(ctx, 0, b.End, slices.Sorted(maps.Keys(peopleWords)), func(rec ledger.Record) {
		if rec.Index < b.Start {
			before = append(before, rec)
			return
		}
		sec.Lines = append(sec.Lines, lineOf(rec, peopleWords[rec.Type], details(rec)))
	}); err != nil {
		return sec, err
	}
	slices.SortFunc(before, func(x, y ledger.Record) int { return cmp.Compare(x.Index, y.Index) })
	role, closed, made := map[string]access.Role{}, map[string]bool{}, map[string]ledger.Record{}
	for _, rec := range before {
		switch rec.Type {
		case "user.added":
			role[rec.Subject], made[rec.Subject] = access.Role(text(rec, "role")), rec
		case "user.role_changed":
			role[rec.Subject], made[rec.Subject] = access.Role(text(rec, "to")), rec
		case "user.disabled", "user.enabled":
			closed[rec.Subject] = rec.Type == "user.disabled"
		}
	}
	for user, r := range role {
		if (r == access.Administrator || r == access.ComplianceManager) && !closed[user] {
			line := lineOf(made[user], r.Title()+" when the window began", "since then")
			line.Before = true
			sec.Lines = append(sec.Lines, line)
		}
	}
	return sec, nil
}

// settings says what was changed of how this deployment works.
func (s *Service) settings(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "settings", Title: "Changes of settings", Note: "Rules of login, tokens of programs, the directory, agents, databases and webhooks, with who changed them.",
		NotObserved: []string{"the flags, the environment and the configuration file that the server was started with: no entry holds them"}}
	err := s.each(ctx, b.Start, b.End, []string{"login.", "user.token_made", "user.token_revoked", "directory.", "token.", "source.enrolled", "source.revoked", "database.added", "database.removed", "webhook.set"}, func(rec ledger.Record) {
		sec.Lines = append(sec.Lines, lineOf(rec, words(rec.Type), details(rec)))
	})
	return sec, err
}

// kindOf names what an entry about versions is the newest of: a standard by its
// pack, since each version of it has an id of its own.
func kindOf(rec ledger.Record) string {
	subject := rec.Subject
	if pack := text(rec, "pack"); pack != "" {
		subject = pack
	}
	if strings.HasPrefix(rec.Type, "exclusion.") { // one life: the last word about it counts
		return "exclusion " + subject
	}
	return rec.Type + " " + subject
}

// versions says which program, standards, filters and exclusions were in force.
func (s *Service) versions(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "versions", Title: "Versions of program, packs, checks, population filters and exclusions", Note: "The last word about each before the window, and every change in it. A check has the version of the standard that holds it; its digest covers every expression.",
		NotObserved: []string{"which version an agent had at an earlier moment: only the present one is kept, with its host"}}
	seen := map[string]bool{}
	if err := s.each(ctx, 0, b.End, []string{"standard.", "population.defined", "population.approved", "population.retired", "exclusion.", "scope.approved"}, func(rec ledger.Record) {
		line := lineOf(rec, words(rec.Type), details(rec))
		if pack := text(rec, "pack"); pack != "" {
			line.About = pack
		}
		if rec.Index < b.Start {
			kind := kindOf(rec)
			if seen[kind] {
				return // an older one of the same
			}
			seen[kind], line.Before = true, true
		}
		sec.Lines = append(sec.Lines, line)
	}); err != nil {
		return sec, err
	}
	var starts []ledger.Record
	if err := s.each(ctx, 0, b.End, []string{Started}, func(rec ledger.Record) { starts = append(starts, rec) }); err != nil {
		return sec, err
	}
	slices.Reverse(starts) // oldest first
	for i, rec := range starts {
		next := i+1 < len(starts) && starts[i+1].Index < b.Start
		if i > 0 && text(starts[i-1], "version") == text(rec, "version") && rec.Index >= b.Start || rec.Index < b.Start && next {
			continue
		}
		line := lineOf(rec, "Program in force", "version "+text(rec, "version"))
		line.About, line.Before = "attesta", rec.Index < b.Start
		sec.Lines = append(sec.Lines, line)
	}
	return sec, nil
}

// gaps says when sources were not heard.
func (s *Service) gaps(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "gaps", Title: "Gaps of sources", Note: "When a source, or a section of it, was not observed, beyond the " + gone(s.cfg.Grace()) + " after which a source counts as silent. While the server is down agents keep what they saw, and send it later: that fills the gap.",
		NotObserved: []string{"systems that have no source: reconcile the populations with a list that somebody else keeps"}}
	until := b.To
	head, err := s.cfg.Ledger.Record(ctx, fmt.Sprint(max(0, b.Head-1)))
	if fault.Is(err, fault.NotFound) {
		return sec, nil // nothing was recorded yet
	}
	if err != nil {
		return sec, err
	}
	if head.At.Before(until) {
		until = head.At
	}
	sources := 0
	if err := s.each(ctx, 0, b.End, []string{"source.enrolled", "database.added"}, func(ledger.Record) { sources++ }); err != nil {
		return sec, err
	}
	if sources == 0 {
		sec.NotObserved = append(sec.NotObserved, "anything: no source was enrolled by the end of the window")
		return sec, nil
	}
	list, err := trail.Gaps(ctx, s.cfg.DB.Reader(), s.cfg.Grace(), b.From, until, b.Head)
	if err != nil {
		return sec, err
	}
	if len(list) == 0 {
		sec.Nothing = fmt.Sprintf("None: no source that ever reported was silent for so long (enrolments recorded: %d).", sources)
	}
	for _, g := range list {
		what := "Source not heard"
		if g.Section != "" {
			what = "Section " + g.Section + " not observed"
		}
		detail := "until " + moment(g.To) + ", " + gone(g.To.Sub(g.From))
		if g.Reason != "" {
			detail += ": " + g.Reason
		}
		sec.Lines = append(sec.Lines, Line{At: g.From.UTC(), What: what, About: g.Source, Detail: detail, Index: -1})
	}
	return sec, nil
}

// backups says what was backed up and restored, and which epochs the ledger has.
func (s *Service) backups(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "backups", Title: "Backups, restores and epochs of the ledger", Note: "A backup's entry holds the digest of its manifest and the position in the ledger. A restore is a new epoch: another name and key, and an entry that commits to where the one before ended.",
		NotObserved: []string{"whether the file of a backup is still where it was written, and copies that were made by other means"}}
	err := s.each(ctx, b.Start, b.End, []string{"backup.", "ledger."}, func(rec ledger.Record) {
		line := lineOf(rec, words(rec.Type), details(rec))
		line.Bad = rec.Type == ledger.RestoredType
		sec.Lines = append(sec.Lines, line)
	})
	return sec, err
}

// reach says who was declared to reach the data past the screens.
func (s *Service) reach(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "reach", Title: "Who can run SQL or read the data directory", Note: "Declared by an administrator, dated, and asked again after a year. It is what somebody said: what the program sees of itself stands beside it.",
		NotObserved: []string{"who really reached the database or the files: nothing inside Attesta sees that, the machine's own audit log does"}}
	q := s.cfg.DB.Reader()
	var failed error
	newest := false
	err := s.each(ctx, 0, b.End, []string{Declared}, func(rec ledger.Record) {
		if rec.Index < b.Start {
			if newest {
				return
			}
			newest = true
		}
		said, err := ledger.Personal(ctx, q, rec)
		if err != nil {
			failed = err
			return
		}
		detail := "erased"
		if b.Closed {
			detail = "what was said stays behind the entry's commitment"
		} else if said != nil {
			detail = "SQL: " + said["run_sql"] + "\nFiles: " + said["read_data"]
		}
		line := lineOf(rec, "Declared", detail)
		line.About, line.Before = "", rec.Index < b.Start
		sec.Lines = append(sec.Lines, line)
	})
	if len(sec.Lines) == 0 {
		sec.NotObserved = append(sec.NotObserved, "who can: nobody had declared it by the end of the window")
	}
	return sec, cmp.Or(err, failed)
}

// canary says what the known-failing item gave, and on which days nobody asked it.
func (s *Service) canary(ctx context.Context, b Bounds) (Section, error) {
	sec := Section{ID: "canary", Title: "An item that must fail", Note: "A host that does not exist, on which root may log in with a password, is judged every day by the judge that judges hosts: " + CanaryExpect + ". It stands in no population, opens no finding and touches no status. Fail is what it must give."}
	days := map[string]bool{}
	err := s.each(ctx, b.Start, b.End, []string{Judged}, func(rec ledger.Record) {
		line := lineOf(rec, "Judged: "+strings.ReplaceAll(rec.Outcome, "_", " "), text(rec, "reason"))
		line.About, line.Bad = CanaryItem, rec.Outcome != string(judge.Fail)
		days[rec.At.UTC().Format(time.DateOnly)] = true
		sec.Lines = append(sec.Lines, line)
	})
	if err != nil || b.Head == 0 {
		return sec, err
	}
	head, err := s.cfg.Ledger.Record(ctx, fmt.Sprint(b.Head-1))
	if err != nil {
		return sec, err
	}
	end := b.To
	if head.At.Before(end) {
		end = head.At
	}
	missing, all := 0, 0
	for day := b.From.UTC().Truncate(24 * time.Hour); day.Before(end); day = day.AddDate(0, 0, 1) {
		all++
		if !days[day.Format(time.DateOnly)] {
			missing++
		}
	}
	if missing > 0 {
		sec.NotObserved = append(sec.NotObserved, fmt.Sprintf("on %d of the %d days (UTC) of the window so far: it was not judged then, as the server was down or a version that does not judge it ran", missing, all))
	}
	return sec, nil
}

// Power is something that changes what Attesta says, with the roles that may.
type Power struct {
	Action access.Action `json:"action"`
	What   string        `json:"what"`
	Roles  []access.Role `json:"roles"`
}

// powers reads the table that every service asks. It is part of the program: with
// the version it changes, and no setting changes it.
func powers() []Power {
	var out []Power
	for _, a := range []access.Action{access.StandardInstall, access.StandardApprove, access.StandardTailor, access.PopulationEdit, access.PopulationApprove, access.ExclusionAsk, access.ExclusionApprove,
		access.WaiverAsk, access.WaiverApprove, access.ControlEdit, access.ScopeEdit, access.ScopeApprove, access.EvidenceRedact, access.DatabaseEdit, access.AgentEnrol, access.AgentRevoke,
		access.UserManage, access.SettingsEdit, access.PostureRebuild, access.BackupMake, access.RelianceDeclare} {
		p := Power{Action: a, What: access.Describe(a)}
		for _, r := range access.Roles() {
			if access.May(r, a) {
				p.Roles = append(p.Roles, r)
			}
		}
		out = append(out, p)
	}
	return out
}
