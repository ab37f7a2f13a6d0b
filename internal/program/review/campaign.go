package review

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Modes say who reviews what.
const (
	ByManager = "manager" // the holder's manager
	ByOwner   = "owner"   // who owns the system
	ByOne     = "one"     // one person
)

// Modes gives them in the order of a form.
func Modes() []string { return []string{ByManager, ByOwner, ByOne} }

// States of a campaign.
const (
	Running   = "running"
	Closed    = "closed"
	Abandoned = "abandoned"
)

// Decisions on an item.
const (
	Keep   = "keep"
	Revoke = "revoke"
	Change = "change" // another role instead
)

// Decisions gives them in the order of a form.
func Decisions() []string { return []string{Keep, Revoke, Change} }

// New is a campaign that is to begin.
type New struct {
	Title    string   `json:"title" doc:"Such as: Access review, 3rd quarter." maxLength:"120"`
	Control  string   `json:"control,omitempty" doc:"Control that it performs, by short name; access-reviewed when absent and in use." maxLength:"80"`
	From     string   `json:"from" doc:"First day of the period that it covers."`
	To       string   `json:"to" doc:"Last day of that period."`
	Due      string   `json:"due" doc:"Last day on which every item is to be decided."`
	Places   []string `json:"places,omitempty" doc:"Systems by id: hst_…, dbs_…, attesta, lst_…, bsy_…; all of the kinds when absent."`
	Kinds    []string `json:"kinds,omitempty" doc:"host, database, attesta, list, badges; all when absent and no system is named."`
	Mode     string   `json:"reviewers" enum:"manager,owner,one" doc:"Who reviews: the holder's manager, the owner of the system, or one person."`
	Reviewer string   `json:"reviewer,omitempty" doc:"Who reviews what has no manager or owner, and all of it with one: a login or usr_…; who begins it, when absent." maxLength:"120"`
	Other    string   `json:"other,omitempty" doc:"Who reviews what the reviewer holds themselves: a login or usr_…" maxLength:"120"`
	Days     int      `json:"revoke_days,omitempty" doc:"Days in which what is revoked must be gone; 7 when absent." minimum:"0" maximum:"90"`
	Unused   int      `json:"unused_days,omitempty" doc:"Days without use after which access is flagged; 90 when absent." minimum:"0" maximum:"730"`
	OwnGrant bool     `json:"own_grants,omitempty" doc:"Reviewers may decide on what they granted themselves."`
}

// Campaign is one review.
type Campaign struct {
	ID       string `json:"id"` // arc_…
	Number   int    `json:"number"`
	Set      New    `json:"settings"`
	Items    int    `json:"items"`
	Digest   string `json:"items_digest"`
	Parts    string `json:"sources_digest"`
	Previous int    `json:"previous,omitempty"`

	Due   time.Time `json:"due"` // decided before it: in time
	Begun Made      `json:"begun"`
	State string    `json:"state"`
	Ended *Made     `json:"ended,omitempty"`
	Note  string    `json:"note,omitempty"` // why it was abandoned, or what was said at the end

	DecisionsDigest string `json:"decisions_digest,omitempty"`
	Evidence        string `json:"evidence,omitempty"` // E-12
	Count           Counts `json:"counts"`
}

// Made says when something was done, by whom and where in the ledger.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1: without a position yet, or not asked for
}

// Counts are a campaign's items.
type Counts struct {
	Undecided  int `json:"undecided"`
	Kept       int `json:"kept"`
	Revoked    int `json:"revoked"`
	Changed    int `json:"changed"`
	Flagged    int `json:"flagged"`
	Unassigned int `json:"without_reviewer"`
	Open       int `json:"revocations_open"` // revocations that are not proved
	Overdue    int `json:"revocations_overdue"`
	Silent     int `json:"sources_not_observed"`
	Sources    int `json:"sources"`
}

// Ref is its short number: AR-3.
func (c *Campaign) Ref() string { return fmt.Sprintf("AR-%d", c.Number) }

// Late reports whether it was, or is, over its date.
func (c *Campaign) Late(now time.Time) bool {
	switch {
	case c.State == Abandoned:
		return false
	case c.Ended != nil:
		return !c.Ended.At.Before(c.Due)
	}
	return !now.Before(c.Due)
}

// Item is one person, system and role.
type Item struct {
	ID         string    `json:"id"` // ari_…
	Campaign   int       `json:"campaign"`
	Seq        int       `json:"seq"`
	Place      string    `json:"place"`
	Part       string    `json:"part"`
	Kind       string    `json:"kind"`
	PlaceName  string    `json:"system"`
	Account    string    `json:"account"`
	Role       string    `json:"role"`
	Detail     string    `json:"detail,omitempty"`
	Privileged bool      `json:"privileged,omitempty"`
	Person     string    `json:"person,omitempty"` // per_…
	Holder     string    `json:"user,omitempty"`   // usr_… whose access it is
	PersonName string    `json:"person_name,omitempty"`
	Manager    string    `json:"manager,omitempty"`
	LastUsed   time.Time `json:"last_used,omitzero"` // zero: the source does not say
	GrantedAt  time.Time `json:"granted_at,omitzero"`
	GrantedBy  string    `json:"granted_by,omitempty"`
	Flags      []string  `json:"flags"`
	Duties     string    `json:"duties,omitempty"`
	Changed    string    `json:"change,omitempty"` // new, same, changed
	Before     string    `json:"last_decision,omitempty"`
	Request    string    `json:"request,omitempty"`
	Reviewer   string    `json:"reviewer,omitempty"`
	Decision   string    `json:"decision,omitempty"`
	DecidedAt  time.Time `json:"decided_at,omitzero"`
	DecidedBy  string    `json:"decided_by,omitempty"`
	Reason     string    `json:"reason,omitempty"`

	Revocation *Revocation `json:"revocation,omitempty"`
	events     int
}

// Ref is its short number: AR-3.17.
func (i *Item) Ref() string { return fmt.Sprintf("AR-%d.%d", i.Campaign, i.Seq) }

// Has reports whether it has a flag.
func (i *Item) Has(flag string) bool { return slices.Contains(i.Flags, flag) }

// Asks reports whether keeping it needs a reason.
func (i *Item) Asks() bool { return slices.ContainsFunc(i.Flags, needsReason) }

// Revocation is access that must go.
type Revocation struct {
	State string    `json:"state"` // open, gone, withdrawn
	Asked time.Time `json:"asked"`
	Due   time.Time `json:"due"`
	Seen  time.Time `json:"looked_at,omitzero"` // last look
	Saw   string    `json:"saw,omitempty"`      // there, silent
	Why   string    `json:"why,omitempty"`
	Gone  time.Time `json:"gone,omitzero"`
	Entry string    `json:"entry,omitempty"`
}

// States of a revocation.
const (
	Open      = "open"
	Gone      = "gone"
	Withdrawn = "withdrawn"
)

// What the last look said.
const (
	There  = "there"
	Silent = "silent"
)

// Late reports whether it was, or is, not gone when it was due.
func (r *Revocation) Late(now time.Time) bool {
	switch r.State {
	case Gone:
		return r.Gone.After(r.Due)
	case Open:
		return now.After(r.Due)
	}
	return false
}

// Words says where it stands.
func (r *Revocation) Words(now time.Time) string {
	switch {
	case r.State == Gone && r.Late(now):
		return "gone, late"
	case r.State == Gone:
		return "gone"
	case r.State == Withdrawn:
		return "withdrawn"
	case r.Saw == There && r.Late(now):
		return "still there, late"
	case r.Saw == There:
		return "still there"
	case r.Late(now):
		return "not looked at again, late"
	}
	return "not looked at again yet"
}

// number reads "AR-3", "3" or an id that is no number (then 0).
func number(ref string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(ref), "AR-"))
	if err != nil {
		return 0
	}
	return n
}

// itemRef reads "AR-3.17".
func itemRef(ref string) (campaign, seq int, ok bool) {
	a, b, found := strings.Cut(strings.TrimPrefix(strings.ToUpper(ref), "AR-"), ".")
	campaign, err := strconv.Atoi(a)
	seq, err2 := strconv.Atoi(b)
	return campaign, seq, found && err == nil && err2 == nil
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}
