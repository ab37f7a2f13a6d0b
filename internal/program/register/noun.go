package register

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Made says when a record was made, by whom and where in the ledger.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Day   Day       `json:"day"` // in the organisation's zone
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1: without a position yet
}

// Event is one record in the history of a thing.
type Event struct {
	Seq  int    `json:"seq"`
	Kind string `json:"kind"`
	Text string `json:"text"`
	Made Made   `json:"made"`
}

// Head is what every thing has.
type Head struct {
	ID      string  `json:"id"` // "rsk_…"
	Ref     string  `json:"ref"`
	Number  int     `json:"number"`
	Seq     int     `json:"seq"` // of its newest record
	Begun   Made    `json:"begun"`
	History []Event `json:"history"`
}

// Change is what a record of a T says. W is what a change is held against beside
// the thing itself.
type Change[T, W any] interface {
	// Kind is the name of the record: "accepted".
	Kind() string
	// Action is what whoever records it needs.
	Action() access.Action
	// Check tidies, then refuses what does not fit the thing; t is new for the
	// record that begins one.
	Check(t *T, c *Checking, w W) error
	Fold(t *T, m Made)
	// Say gives the change as a line of the history.
	Say() string
}

// Freezer is a change that holds a text which its ledger entry commits to by a
// digest of its own, so that who has the text alone can hold it against the ledger.
type Freezer interface{ Frozen() string }

// Noun is a kind of thing.
type Noun[T, W any] struct {
	Name    string // "risk": entries are of the type "risk.accepted"
	Mark    string // "R": things are
	ID      string // "rsk": ids are rsk_…
	Head    func(*T) *Head
	Begin   string // the kind of record that begins a thing
	Changes []func() Change[T, W]
}

// Kinds gives the kinds of records of a noun.
func (n *Noun[T, W]) Kinds() []string {
	var out []string
	for _, make := range n.Changes {
		out = append(out, make().Kind())
	}
	slices.Sort(out)
	return out
}

// fresh makes an empty change of a kind; nil where there is none.
func (n *Noun[T, W]) fresh(kind string) Change[T, W] {
	for _, make := range n.Changes {
		if c := make(); c.Kind() == kind {
			return c
		}
	}
	return nil
}

// record is a row: what was recorded, when and by whom.
type record struct {
	thing   string
	noun    string
	number  int
	seq     int
	kind    string
	content string // JSON
	digest  string
	frozen  string // digest of the text that the change holds; "" where it holds none
	made    Made
}

func (n *Noun[T, W]) fold(records []record) (*T, error) {
	t := new(T)
	h := n.Head(t)
	for _, r := range records {
		if r.noun != n.Name {
			return nil, fault.New(fault.NotFound, "%s is no %s", r.thing, n.Name)
		}
		c := n.fresh(r.kind)
		if c == nil {
			return nil, fault.New(fault.Refused, "record %d of %s has the kind %q, which this program does not know", r.seq, r.thing, r.kind)
		}
		if err := json.Unmarshal([]byte(r.content), c); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "record %d of %s cannot be read", r.seq, r.thing)
		}
		if h.Seq == 0 {
			h.ID, h.Number, h.Ref, h.Begun = r.thing, r.number, n.ref(r.number), r.made
		}
		h.Seq = r.seq
		c.Fold(t, r.made)
		h.History = append(h.History, Event{Seq: r.seq, Kind: r.kind, Text: c.Say(), Made: r.made})
	}
	return t, nil
}
