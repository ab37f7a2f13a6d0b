package exclusion

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// State is where an exclusion stands.
type State string

// The states.
const (
	Asked    State = "asked"
	Approved State = "approved" // in force from HoldsFrom to HoldsTo
	Refused  State = "refused"
	Ended    State = "ended" // by a person
	Expired  State = "expired"
)

// States gives them in the order of a filter.
func States() []State { return []State{Asked, Approved, Expired, Ended, Refused} }

// Cause says why something is left out.
type Cause string

// The causes.
const (
	OutOfScope Cause = "out_of_scope" // it does not belong to what is examined
	NotAnItem  Cause = "not_an_item"  // it is no member of the population at all: a printer among hosts
	Other      Cause = "other"
)

// Causes gives them in the order of a form.
func Causes() []Cause { return []Cause{OutOfScope, NotAnItem, Other} }

// Words gives the cause as people read it.
func (c Cause) Words() string {
	switch c {
	case OutOfScope:
		return "out of scope"
	case NotAnItem:
		return "not an item of the population"
	}
	return "other"
}

// Longest is how long an exclusion may hold where nothing else is configured.
const Longest = 366 * 24 * time.Hour

// Exclusion is one exclusion by a person's word.
type Exclusion struct {
	ID         string    `json:"id"`     // "exc_…"
	Number     int64     `json:"number"`
	Population string    `json:"population"`
	Subject    string    `json:"subject"` // an item's id, or "address 10.0.0.9", "name printer", "mac …", "scope …"
	Name       string    `json:"name"`
	Cause      Cause     `json:"cause"`
	Reason     string    `json:"reason"`
	Starts     time.Time `json:"starts"`
	Expires    time.Time `json:"expires"`
	AskedAt    time.Time `json:"asked_at"`
	AskedBy    string    `json:"asked_by"`
	State      State     `json:"state"`
	DecidedAt  time.Time `json:"decided_at,omitzero"`
	DecidedBy  string    `json:"decided_by,omitempty"`
	Alone      string    `json:"alone,omitempty"`
	HoldsFrom  time.Time `json:"holds_from,omitzero"`
	HoldsTo    time.Time `json:"holds_to,omitzero"`

	began, ended bool
}

// Ref gives the short number as people write it: "X-3".
func (x Exclusion) Ref() string { return "X-" + strconv.FormatInt(x.Number, 10) }

// OfItem reports whether an item is left out, rather than something that is none.
func (x Exclusion) OfItem() bool { return !scopePattern.MatchString(x.Subject) }

// Holds reports whether it is in force at a moment.
func (x Exclusion) Holds(at time.Time) bool {
	return !x.HoldsFrom.IsZero() && !at.Before(x.HoldsFrom) && at.Before(x.HoldsTo)
}

// Event is one line of an exclusion's timeline.
type Event struct {
	Seq   int64     `json:"seq"`
	Kind  string    `json:"kind"` // asked, approved, refused, ended, began, expired
	State State     `json:"state"`
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	Note  string    `json:"note,omitempty"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"`
}

// Ask is what somebody asks to leave out.
type Ask struct {
	Population string
	Subject    string // an item's id or name; or "address …", "name …", "mac …", "scope …" for what is no item
	Cause      Cause
	Reason     string
	Starts     time.Time // zero: when it is approved
	Expires    time.Time // required
}

var scopePattern = regexp.MustCompile(`^(address|name|mac|scope) .+`)

func (a *Ask) tidy(now time.Time, longest time.Duration) error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	a.Subject, a.Reason = strings.TrimSpace(a.Subject), strings.TrimSpace(a.Reason)
	starts := a.Starts
	if starts.Before(now) {
		starts = now
	}
	switch {
	case a.Subject == "" || len(a.Subject) > 200 || !utf8.ValidString(a.Subject):
		return bad("subject", "say what is left out").WithHint("an item by its name or id, or what is no item as \"address 10.0.0.9\"")
	case !slices.Contains(Causes(), a.Cause):
		return bad("cause", "choose why it is left out")
	case len(a.Reason) < 10 || len(a.Reason) > 2000 || !utf8.ValidString(a.Reason):
		return bad("reason", "say why it is left out, in 10 to 2,000 letters: the auditor reads it")
	case a.Expires.IsZero():
		return bad("expires", "say until when: an exclusion ends by itself, and is looked at again then")
	case !a.Expires.After(now):
		return bad("expires", "%s is in the past", a.Expires.Format(time.DateOnly)).WithHint("choose a day after today")
	case !a.Expires.After(starts):
		return bad("starts", "it would begin after it ends")
	case a.Expires.Sub(starts) > longest:
		return bad("expires", "an exclusion holds for at most %d days", int(longest.Hours()/24)).WithHint("choose a day up to %s, and ask again when it is over", starts.Add(longest).Format(time.DateOnly))
	}
	return nil
}

func parseRef(ref string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.ToUpper(ref), "X-"), 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no exclusion's number", ref)
	}
	return n, nil
}

// entry gives the exclusion as a line of the register.
func (x Exclusion) entry() Entry {
	e := Entry{Kind: OfItem, Ref: x.Ref(), ID: x.ID, Population: x.Population, Subject: x.Subject, Name: x.Name, Reason: x.Cause.Words() + ": " + x.Reason, By: x.AskedBy, At: x.AskedAt,
		ApprovedBy: x.DecidedBy, ApprovedAt: x.DecidedAt, Alone: x.Alone, From: x.HoldsFrom, Until: x.HoldsTo}
	if !x.OfItem() {
		e.Kind = OfScope
	}
	return e
}
