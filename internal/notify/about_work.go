package notify

import (
	"fmt"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/work"
)

// Above says to managers, or to whoever answers for the programme, what stays
// undone.
func Above(all []work.Escalation) []Happening {
	out := make([]Happening, len(all))
	for i, e := range all {
		h := Happening{Kind: "work.escalated", Key: "work.escalated " + e.Item + " " + e.Due.String(), Object: e.Item, Ref: e.What.Ref, Link: e.What.Path,
			Title: fmt.Sprintf("%s (%s) was due on %s and is not done", e.What.Title, e.What.Ref, e.Due.Format("2 Jan 2006")), Instead: []access.Role{access.ComplianceManager, access.Administrator}}
		if e.To != "" {
			h.Users = []string{e.To}
		}
		out[i] = h
	}
	return out
}
