package control

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
)

// Weight says whether a criterion's status rests on a control.
type Weight string

// Key controls decide a criterion's status; supporting ones stand beside it.
const (
	Key        Weight = "key"
	Supporting Weight = "supporting"
)

// Nature says when a control acts.
type Nature string

// The three natures.
const (
	Preventive Nature = "preventive"
	Detective  Nature = "detective"
	Corrective Nature = "corrective"
)

// Mode says who performs a control.
type Mode string

// The two modes.
const (
	Automated Mode = "automated"
	Manual    Mode = "manual"
)

// Frequencies gives the words for how often a control is performed.
func Frequencies() []string {
	return []string{"continuous", "daily", "weekly", "monthly", "quarterly", "half-yearly", "yearly"}
}

// Relation says how far a control covers a point of focus.
type Relation string

// The relations. A key control decides the status of a criterion only through
// points that it addresses or partly addresses.
const (
	Addresses Relation = "addresses"
	Partly    Relation = "partly"
	Supports  Relation = "supports"
)

// PointLink ties a control to a point of focus.
type PointLink struct {
	Criterion string   `json:"criterion"`
	Number    int      `json:"number"`
	Relation  Relation `json:"relation"`
	Rationale string   `json:"rationale"`
}

// Share is something that controls have in common, so that they fail together.
type Share struct {
	Kind string `json:"kind"` // source, tool, person
	Name string `json:"name"`
}

// Design is what a control is meant to do. It says nothing of whether it does.
type Design struct {
	Slug        string      `json:"id"`
	Title       string      `json:"title"`
	Statement   string      `json:"statement"`
	Risk        string      `json:"risk"`
	Weight      Weight      `json:"weight"`
	Nature      Nature      `json:"nature"`
	Mode        Mode        `json:"mode"`
	Frequency   string      `json:"frequency,omitempty"` // one of Frequencies, or "" with a Trigger
	Trigger     string      `json:"trigger,omitempty"`   // what sets it off, or "" with a Frequency
	Anchor      string      `json:"anchor,omitempty"`    // day from which a frequency counts: "2026-01-31"; "" is the calendar's
	Performer   string      `json:"performer"`           // a role, never a name
	Owner       string      `json:"owner"`               // a role, or a user's id once assigned
	Evidence    []string    `json:"evidence"`
	Information []string    `json:"information"`
	Checks      []string    `json:"checks,omitempty"`      // check ids or patterns of path.Match: "linux-server/sshd-*"
	Populations []string    `json:"populations,omitempty"` // slugs of what it is tested on: "leavers"
	Points      []PointLink `json:"points"`
	Shares      []Share     `json:"shares,omitempty"`
	Starter     bool        `json:"starter"`
}

// Digest gives the stored form of a design and its SHA-256.
func (d Design) Digest() (content, digest string, err error) {
	return encode(d)
}

func encode(v any) (content, digest string, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", "", fmt.Errorf("encode: %w", err)
	}
	return string(b), digestOf(string(b)), nil
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// Criteria gives the criteria that the control touches, in the order of its
// points.
func (d Design) Criteria() []string {
	var ids []string
	for _, p := range d.Points {
		if !slices.Contains(ids, p.Criterion) {
			ids = append(ids, p.Criterion)
		}
	}
	return ids
}

// KeyFor reports whether a criterion's status rests on this control: it is key
// and does more than support one of the criterion's points.
func (d Design) KeyFor(criterion string) bool {
	if d.Weight != Key {
		return false
	}
	return slices.ContainsFunc(d.Points, func(p PointLink) bool {
		return p.Criterion == criterion && p.Relation != Supports
	})
}

// Covers reports whether the control addresses a point of focus, at least in part.
func (d Design) Covers(criterion string, number int) bool {
	return slices.ContainsFunc(d.Points, func(p PointLink) bool {
		return p.Criterion == criterion && p.Number == number && p.Relation != Supports
	})
}

// Testable reports whether the design names anything that can test it.
func (d Design) Testable() bool { return len(d.Checks)+len(d.Populations) > 0 }

// Tests reports whether a check observes this control.
func (d Design) Tests(check string) bool {
	return slices.ContainsFunc(d.Checks, func(pattern string) bool { return matches(pattern, check) })
}

// matches compares a check id with an id or a pattern of path.Match. A pattern
// that is malformed matches nothing; the library's lint refuses it.
func matches(pattern, check string) bool {
	ok, err := path.Match(pattern, check)
	return ok && err == nil
}

// Rhythm gives "continuous", "quarterly" or "when a person leaves".
func (d Design) Rhythm() string {
	if d.Trigger != "" {
		return "on " + d.Trigger
	}
	return d.Frequency
}
