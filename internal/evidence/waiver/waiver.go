package waiver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// State is where a waiver stands.
type State string

// The states.
const (
	Asked     State = "asked"
	Approved  State = "approved" // in force from HoldsFrom to HoldsTo
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
	Expired   State = "expired"
)

// States gives them in the order of a filter.
func States() []State { return []State{Asked, Approved, Expired, Withdrawn, Refused} }

// Longest is how long a waiver may hold where nothing else is configured.
const Longest = 366 * 24 * time.Hour

// maxItems bounds the items of one waiver.
const maxItems = 10_000

// Waiver is one waiver.
type Waiver struct {
	ID           string    `json:"id"`     // "wvr_…"
	Number       int64     `json:"number"` // W-3
	Check        string    `json:"check"`
	Attribute    string    `json:"attribute,omitempty"` // "" for every attribute of the check
	Filter       string    `json:"filter,omitempty"`    // CEL that selected the items; "": they were named
	Items        int64     `json:"items"`
	ItemsDigest  string    `json:"items_digest"`
	Names        []string  `json:"names"` // of the first few items
	Reason       string    `json:"reason"`
	Owner        string    `json:"owner"`                  // "usr_…"
	Control      string    `json:"control,omitempty"`      // slug of the compensating control
	Compensating string    `json:"compensating,omitempty"` // in words
	Starts       time.Time `json:"starts"`                 // as asked for
	Expires      time.Time `json:"expires"`
	AskedAt      time.Time `json:"asked_at"`
	AskedBy      string    `json:"asked_by"` // "usr_…"
	State        State     `json:"state"`
	DecidedAt    time.Time `json:"decided_at,omitzero"`
	DecidedBy    string    `json:"decided_by,omitempty"`
	Alone        string    `json:"alone,omitempty"` // where the asker approved: what stands in for a second person
	HoldsFrom    time.Time `json:"holds_from,omitzero"`
	HoldsTo      time.Time `json:"holds_to,omitzero"`
	Began        bool      `json:"-"` // its items were judged with it
	Ended        bool      `json:"-"` // they were judged without it again
}

// Ref gives the short number as people write it: "W-3".
func (w Waiver) Ref() string { return "W-" + strconv.FormatInt(w.Number, 10) }

// Holds reports whether it is in force at a moment.
func (w Waiver) Holds(at time.Time) bool {
	return !w.HoldsFrom.IsZero() && !at.Before(w.HoldsFrom) && at.Before(w.HoldsTo)
}

// About says what is waived, in plain words.
func (w Waiver) About() string {
	if w.Attribute == "" {
		return "every attribute of check " + w.Check
	}
	return "attribute " + w.Attribute + " of check " + w.Check
}

// Item is an item that a waiver covers, by the name that it had then.
type Item struct{ ID, Name string }

// Event is one line of a waiver's timeline.
type Event struct {
	Seq   int64     `json:"seq"`
	Kind  string    `json:"kind"` // asked, approved, refused, withdrawn, began, expired
	State State     `json:"state"`
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	Note  string    `json:"note,omitempty"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // in the ledger, -1 before it is numbered
}

// Ask is what somebody asks to waive.
type Ask struct {
	Check        string
	Attribute    string    // "" for every attribute
	Items        []string  // ids or names; or
	Filter       string    // CEL over item that selects them
	Reason       string    // required
	Owner        string    // login or "usr_…" of who answers for it; "": the asker
	Control      string    // slug of the compensating control; this or Compensating
	Compensating string    // what compensates, in words
	Starts       time.Time // zero: when it is approved
	Expires      time.Time // required
}

// tidy trims, and refuses what cannot be asked whatever else is known.
func (a *Ask) tidy(now time.Time, longest time.Duration) error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	for _, text := range []*string{&a.Check, &a.Attribute, &a.Filter, &a.Reason, &a.Owner, &a.Control, &a.Compensating} {
		*text = strings.TrimSpace(*text)
	}
	for _, text := range []struct {
		field, value string
		max          int
	}{{"reason", a.Reason, 2000}, {"compensating", a.Compensating, 2000}, {"filter", a.Filter, 4000}} {
		if len(text.value) > text.max || !utf8.ValidString(text.value) {
			return bad(text.field, "write text of at most %d bytes", text.max)
		}
	}
	var named []string
	for _, id := range a.Items {
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(named, id) {
			named = append(named, id)
		}
	}
	a.Items = named
	starts := a.Starts
	if starts.Before(now) {
		starts = now
	}
	switch {
	case a.Check == "":
		return bad("check", "say which check is waived")
	case len(a.Items) == 0 && a.Filter == "":
		return bad("items", "say for which items").WithHint("name one or several, or give a filter such as item.name.startsWith(\"lab-\")")
	case len(a.Items) > 0 && a.Filter != "":
		return bad("filter", "name the items or give a filter, not both")
	case len(a.Reason) < 10:
		return bad("reason", "say in at least 10 letters why this is accepted rather than mended: the approver and the auditor read it")
	case a.Control == "" && len(a.Compensating) < 3:
		return bad("compensating", "say what compensates meanwhile: a control, or in words").WithHint("where nothing does, say so: \"none, the risk is accepted\"")
	case a.Expires.IsZero():
		return bad("expires", "say until when: a waiver ends by itself")
	case !a.Expires.After(now):
		return bad("expires", "%s is in the past", a.Expires.Format(time.DateOnly)).WithHint("choose a day after today")
	case !a.Expires.After(starts):
		return bad("starts", "it would begin after it ends")
	case a.Expires.Sub(starts) > longest:
		return bad("expires", "a waiver holds for at most %d days", int(longest.Hours()/24)).WithHint("choose a day up to %s, and ask again when it is over", starts.Add(longest).Format(time.DateOnly))
	}
	return nil
}

// itemsDigest is the SHA-256, in hex, over ids sorted and each ended by a line
// feed.
func itemsDigest(items []Item) string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(append(ids, ""), "\n")))
	return hex.EncodeToString(sum[:])
}

func (w Waiver) search() string {
	return strings.ToLower(strings.Join(append([]string{w.Ref(), w.Check, w.Attribute, w.Control}, w.Names...), " "))
}

// parseRef reads "W-3", "w-3" or "3".
func parseRef(ref string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.ToUpper(ref), "W-"), 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no waiver's number", ref)
	}
	return n, nil
}
