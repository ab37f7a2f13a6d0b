package engagement

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/program/scope"
)

// Counts says how far an engagement's requests have come.
type Counts struct {
	All         int `json:"all"`
	Accepted    int `json:"accepted"`
	NeedUs      int `json:"need_us"`
	WithAuditor int `json:"with_auditor"`
	Late        int `json:"late"`
}

// Count counts the requests of an engagement on a day in its zone.
func (c Content) Count(list []Request, now time.Time) Counts {
	n, today := Counts{All: len(list)}, now.In(c.Location()).Format(time.DateOnly)
	for _, r := range list {
		switch {
		case r.Theirs == Accepted:
			n.Accepted++
		case r.Waiting() == "us":
			n.NeedUs++
		case r.Waiting() == "the auditor":
			n.WithAuditor++
		}
		if r.Late(today) {
			n.Late++
		}
	}
	return n
}

// Differences says what differs between two versions of an engagement: "firm:
// Quill LLP, before: none".
func Differences(a, b Content) []string {
	var parts []string
	none := func(s string) string {
		if s == "" {
			return "none"
		}
		return s
	}
	for _, f := range []struct{ name, a, b string }{{"title", a.Title, b.Title}, {"type", strconv.Itoa(a.Type), strconv.Itoa(b.Type)}, {"period", a.Period(), b.Period()}, {"time zone", a.Zone, b.Zone},
		{"categories", scope.CategoryWords(a.Categories), scope.CategoryWords(b.Categories)}, {"firm", a.Firm, b.Firm}, {"state", string(a.State), string(b.State)}} {
		if f.a != f.b {
			parts = append(parts, fmt.Sprintf("%s: %s, before: %s", f.name, none(f.b), none(f.a)))
		}
	}
	if !slices.Equal(a.Auditors, b.Auditors) {
		parts = append(parts, fmt.Sprintf("auditors: %d, before: %d", len(b.Auditors), len(a.Auditors)))
	}
	return parts
}
