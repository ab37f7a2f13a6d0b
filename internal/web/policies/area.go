// Package policies is the screens of policies: what they say, what shows that it
// is done, who approved them and who has read them. Rules are those of
// internal/program/policy.
package policies

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/web/screen"
)

// Config is what the screens depend on.
type Config struct {
	Policies *policy.Service
	Posture  *posture.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// maxText is the largest form that holds a policy's text, in bytes; the service
// refuses first, and says so.
const maxText = 1 << 20

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /policies", Action: access.PolicyRead, Handle: s.policies},
			{Pattern: "POST /policies", Action: access.PolicyEdit, Handle: s.addPolicy, MaxBody: maxText},
			{Pattern: "GET /policies/new", Action: access.PolicyEdit, Handle: s.newPolicy},
			{Pattern: "POST /policies/import", Action: access.PolicyEdit, Handle: s.importPolicy, MaxBody: maxPolicyFile + 64<<10},
			{Pattern: "GET /policies/{slug}", Action: access.PolicyRead, Handle: s.policy},
			{Pattern: "GET /policies/{slug}/edit", Action: access.PolicyEdit, Handle: s.editPolicy},
			{Pattern: "POST /policies/{slug}/edit", Action: access.PolicyEdit, Handle: s.savePolicy, MaxBody: maxText},
			{Pattern: "POST /policies/{slug}/step", Action: access.PolicyEdit, Handle: s.stepPolicy},
			{Pattern: "POST /policies/{slug}/decide", Action: access.PolicyApprove, Handle: s.decidePolicy},
			{Pattern: "GET /policies/{slug}/diff", Action: access.PolicyRead, Handle: s.policyDiff},
			{Pattern: "GET /policies/{slug}/print", Action: access.PolicyRead, Handle: s.policyPrint},
			{Pattern: "GET /policies/{slug}/text", Action: access.PolicyRead, Handle: s.policyText},
			{Pattern: "GET /my/policies", Action: access.OwnPolicyRead, Handle: s.myPolicies},
			{Pattern: "GET /my/policies/{slug}", Action: access.OwnPolicyRead, Handle: s.paper},
			{Pattern: "POST /my/policies/{slug}", Action: access.PolicyAcknowledge, Handle: s.acknowledgePolicy},
		},
		Pages: []screen.Page{{Section: "My work", Name: "My policies", Path: "/my/policies", Action: access.OwnPolicyRead},
			{Section: "Comply", Name: "Policies", Path: "/policies", Action: access.PolicyRead}},
		Lists:  []screen.List{s.list()},
		Doings: []screen.Doing{{Name: "Add a policy", Path: "/policies/new", Action: access.PolicyEdit}},
		Finds:  []screen.Finder{{Kind: "policy", Action: access.PolicyRead, Find: s.find}},
	}
}

// list is the policies as files.
func (s *site) list() screen.List {
	type x = policy.Row
	read := func(r *screen.Request) ([]x, error) {
		shown, _, err := s.policyRows(r)
		return shown, err
	}
	return screen.Declare(screen.List{Name: "policies", Title: "Policies", Pattern: "GET /policies", Action: access.PolicyRead}, screen.Whole(read), nil,
		screen.Column[x]{Key: "number", Title: "Number", Width: 10, Value: func(_ *screen.Cells, p x) any { return p.Ref }},
		screen.Column[x]{Key: "title", Title: "Policy", Head: "=", Width: 40, Value: func(_ *screen.Cells, p x) any { return p.Title }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Width: 20, Value: func(_ *screen.Cells, p x) any { return policyState(p.State) }},
		screen.Column[x]{Key: "owner", Title: "Owner", Head: "=", Width: 24, Value: func(_ *screen.Cells, p x) any { return p.Owner }},
		screen.Column[x]{Key: "version", Title: "Version", Head: "=", Width: 8, Value: func(_ *screen.Cells, p x) any { return p.Version }},
		screen.Column[x]{Key: "waiting", Title: "Version that waits for approval", Width: 12, Value: func(_ *screen.Cells, p x) any { return p.Waiting }},
		screen.Column[x]{Key: "review_due", Title: "Review due", Head: "=", Width: 20, Value: func(_ *screen.Cells, p x) any { return p.Due }},
		screen.Column[x]{Key: "review_overdue", Title: "Review overdue", Width: 10, Value: func(_ *screen.Cells, p x) any { return p.Overdue }},
		screen.Column[x]{Key: "asked", Title: "People asked", Width: 10, Value: func(_ *screen.Cells, p x) any { return p.Asked }},
		screen.Column[x]{Key: "acknowledged", Title: "Acknowledged", Head: "=", Width: 14, Value: func(_ *screen.Cells, p x) any { return p.Acknowledged }},
		screen.Column[x]{Key: "late", Title: "People who are late", Width: 10, Value: func(_ *screen.Cells, p x) any { return p.Late }},
	)
}

func (s *site) find(r *screen.Request, _ string) ([]screen.Found, error) {
	all, err := s.cfg.Policies.List(r.Context(), r.Who)
	var out []screen.Found
	for _, x := range all {
		out = append(out, screen.Found{Name: x.Title, Words: strings.Join([]string{x.Ref, x.Owner}, " "), Href: "/policies/" + x.Slug})
	}
	return out, err
}
