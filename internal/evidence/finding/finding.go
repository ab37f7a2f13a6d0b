package finding

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/outcome"
)

// State is where a finding stands.
type State string

// The states.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Waived       State = "waived" // it fails, and a waiver is in force; the clock stands still
	Stale        State = "stale"  // nothing can be said now; the clock runs on
	Closed       State = "closed"
)

// Cause says why a finding is stale.
type Cause string

// The causes.
const (
	Silent        Cause = "silent"         // nothing is heard of its source
	Vanished      Cause = "vanished"       // the item left its population
	Unreadable    Cause = "unreadable"     // the evidence is an error, or did not come
	NotThere      Cause = "not_applicable" // what it is about is no longer there
	CheckRemoved  Cause = "check_removed"  // the check is no longer in force
	Excluded      Cause = "excluded"       // an exclusion leaves the item out of its population
	TierOff       Cause = "tier_off"       // the tier of the check was switched off
	CauseNotKnown Cause = ""
)

// Kind is what happened to a finding, as its timeline says it. The ledger entry
// has the type "finding." and the kind.
type Kind = string

// The kinds.
const (
	Opened          Kind = "opened"
	Reopened        Kind = "reopened"
	WasAcknowledged Kind = "acknowledged"
	WentStale       Kind = "stale"
	Resumed         Kind = "resumed"
	ClosedIt        Kind = "closed"
	WasWaived       Kind = "waived"
	WaiverEnded     Kind = "waiver_ended"
	Released        Kind = "released" // whoever took it on did not mean to
	Assigned        Kind = "assigned" // somebody is to mend it, or nobody any more
)

// ReopenWithin is how long after closing the same failure is the same finding.
const ReopenWithin = 30 * 24 * time.Hour

// Clocks are the times allowed by severity, from the first opening.
var clocks = map[string]time.Duration{
	"critical": 7 * 24 * time.Hour,
	"high":     30 * 24 * time.Hour,
	"medium":   90 * 24 * time.Hour,
	"low":      180 * 24 * time.Hour,
}

// Allowed is the time allowed for a severity; an unknown one has that of high.
func Allowed(severity string) time.Duration {
	if d, ok := clocks[severity]; ok {
		return d
	}
	return clocks["high"]
}

// rank orders severities, the worst first.
func rank(severity string) int64 {
	switch severity {
	case "critical":
		return 1
	case "medium":
		return 3
	case "low":
		return 4
	}
	return 2
}

// Finding is one finding.
type Finding struct {
	ID             string // "fnd_…"
	Number         int64  // F-12
	Check          string // "linux-server/sshd-root-login"
	Attribute      string // "root_login_refused"
	Item           string // "hst_…"
	ItemName       string
	Population     string
	Source         string
	Title          string
	Severity       string // critical, high, medium, low
	State          State
	Cause          Cause     // why it is stale
	Reason         string    // why it is in this state, in plain words
	OpenedAt       time.Time // first opening: the clock runs from here
	Due            time.Time
	FailingSince   time.Time // newest opening or reopening
	AcknowledgedAt time.Time // zero: not
	AcknowledgedBy string    // "usr_…"
	Owner          string    // "usr_…" who is to mend it; "": nobody was named
	ClosedAt       time.Time // zero: not
	ChangedAt      time.Time // newest transition
	Reopened       int64     // how often
	OpenedRun      string    // "run_…"
	LastRun        string    // "run_…" of the newest transition that a run caused
	Waiver         string    // "wvr_…" that is in force; "" for none
	WaivedFrom     time.Time // since when the clock stands still; zero: it runs
	WaivedUntil    time.Time // when the waiver ends by itself
}

// Ref gives the short number as people write it: "F-12".
func (f Finding) Ref() string { return "F-" + strconv.FormatInt(f.Number, 10) }

// Overdue reports whether it should have been mended by now.
// A waiver stops its clock.
func (f Finding) Overdue(now time.Time) bool {
	return f.State != Closed && f.WaivedFrom.IsZero() && now.After(f.Due)
}

// search is what a query is looked for in.
func (f Finding) search() string {
	return strings.ToLower(strings.Join([]string{f.Ref(), f.Title, f.ItemName, f.Check, f.Attribute}, " "))
}

// Event is one line of a finding's timeline.
type Event struct {
	Finding  string
	Number   int64
	Seq      int64
	Kind     Kind
	From, To State
	ValidAt  time.Time // when what caused it was observed
	At       time.Time // when it was recorded
	Actor    string    // "usr_…", "src_…" or "system"
	Reason   string
	Note     string // what a person wrote
	Owner    string // "usr_…" who is to mend it from then on; "" for nobody
	Run      string // "run_…"; "" where a person or silence caused it
	Entry    string // "ent_…"
	Index    int64  // in the ledger, -1 before it is numbered
}

// observed applies what an attribute now says to a finding and gives what
// happened to it, "" for nothing. f is the newest finding of that identity, nil
// when there is none; where it gives Opened the caller makes a new one.
func observed(f *Finding, is outcome.Outcome, reason string, gone Cause, at time.Time) Kind {
	if is == outcome.Fail {
		switch {
		case f == nil, f.State == Closed && at.Sub(f.ClosedAt) > ReopenWithin:
			return Opened
		case f.State == Closed:
			f.State, f.FailingSince, f.Reopened, f.Reason = Open, at, f.Reopened+1, reason
			f.ClosedAt, f.AcknowledgedAt, f.AcknowledgedBy = time.Time{}, time.Time{}, ""
			return Reopened
		case f.Waiver != "":
			return unwaive(f, reason, at)
		case f.State == Stale:
			return resume(f, reason)
		}
		return ""
	}
	if f == nil || f.State == Closed {
		return ""
	}
	switch is {
	case outcome.Pass:
		f.State, f.Cause, f.ClosedAt, f.Reason = Closed, "", at, "a pass was observed"
		if reason != "" {
			f.Reason += ": " + reason
		}
		f.tick(at)
		return ClosedIt
	case outcome.Error:
		return stale(f, Unreadable, "it could not be read: "+reason)
	case outcome.NotObserved:
		return stale(f, Unreadable, "it was not observed: "+reason)
	case outcome.NotApplicable:
		return stale(f, NotThere, "it is not applicable now: "+reason)
	case outcome.Gone:
		return stale(f, gone, reason)
	}
	return "" // waived: see waive
}

// why gives what a change says of itself: its reason, of a pass what was seen, where
// that is words.
func why(c outcome.Change) string {
	var seen string
	if c.Is != outcome.Pass || c.Reason != "" || json.Unmarshal([]byte(c.Observed), &seen) != nil {
		return c.Reason
	}
	if r := []rune(seen); len(r) > 300 {
		return strings.TrimSpace(string(r[:300])) + "…"
	}
	return seen
}

// waive marks a finding whose item fails under a waiver: its clock stands still
// until the waiver ends. Silence keeps it stale; it is waived all the same.
func waive(f *Finding, c outcome.Change) Kind {
	if f.Waiver == c.Waiver {
		return ""
	}
	if f.WaivedFrom.IsZero() {
		f.WaivedFrom = c.From
	}
	f.Waiver, f.WaivedUntil = c.Waiver, c.WaivedUntil
	if f.State != Stale || f.Cause != Silent {
		f.State, f.Cause, f.Reason = Waived, "", c.Reason
	}
	return WasWaived
}

// tick lets the clock run again, if a waiver had stopped it.
func (f *Finding) tick(at time.Time) {
	if paused := at.Sub(f.WaivedFrom); f.Waiver != "" && paused > 0 {
		f.Due = f.Due.Add(paused)
	}
	f.Waiver, f.WaivedFrom, f.WaivedUntil = "", time.Time{}, time.Time{}
}

// dues gives what was due after each line of a timeline, oldest first: the clock
// stands still from a waiver's beginning to its end or to the closing.
func (f *Finding) dues(events []Event) []time.Time {
	paused := make([]time.Duration, len(events))
	var from time.Time
	var sum time.Duration
	for i, e := range events {
		switch {
		case e.Kind == WasWaived && from.IsZero():
			from = e.ValidAt
		case (e.Kind == WaiverEnded || e.Kind == ClosedIt) && !from.IsZero():
			sum += max(e.ValidAt.Sub(from), 0)
			from = time.Time{}
		}
		paused[i] = sum
	}
	all := make([]time.Time, len(events))
	for i := range events {
		all[i] = f.Due.Add(paused[i] - sum)
	}
	return all
}

// unwaive lets the clock run again from where it stood, and asks anew for
// somebody to take the finding on.
func unwaive(f *Finding, reason string, at time.Time) Kind {
	f.tick(at)
	f.AcknowledgedAt, f.AcknowledgedBy = time.Time{}, ""
	if f.State != Stale || f.Cause != Silent {
		f.State, f.Cause, f.Reason = Open, "", reason
	}
	return WaiverEnded
}

// stale puts a finding aside for a cause.
func stale(f *Finding, c Cause, reason string) Kind {
	if f.State == Closed || f.State == Stale && f.Cause == c {
		return ""
	}
	f.State, f.Cause, f.Reason = Stale, c, reason
	return WentStale
}

// resume takes a finding up again as it was.
func resume(f *Finding, reason string) Kind {
	f.State, f.Cause, f.Reason = Open, "", reason
	switch {
	case f.Waiver != "":
		f.State = Waived
	case !f.AcknowledgedAt.IsZero():
		f.State = Acknowledged
	}
	return Resumed
}

// parseRef reads "F-12", "f-12" or "12".
func parseRef(ref string) (int64, error) {
	s := strings.TrimPrefix(strings.TrimPrefix(ref, "F-"), "f-")
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no finding's number", ref)
	}
	return n, nil
}
