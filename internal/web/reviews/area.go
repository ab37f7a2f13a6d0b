// Package reviews is the screens of access reviews: which there were, what each
// person may do on each system and whether they still need it, what must go, and
// what it is taken from. Rules are those of internal/program/review.
package reviews

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Reviews *review.Service
	Access  *access.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /access-reviews", Action: access.ReviewRead, Handle: s.list},
			{Pattern: "GET /access-reviews/new", Action: access.ReviewManage, Handle: s.fresh},
			{Pattern: "POST /access-reviews", Action: access.ReviewManage, Handle: s.begin},
			{Pattern: "GET /access-reviews/items", Action: access.ReviewRead, Handle: s.items},
			{Pattern: "GET /access-reviews/items/{item}", Action: access.ReviewRead, Handle: s.item},
			{Pattern: "POST /access-reviews/items/{item}/{verb}", Action: access.ReviewDecide, Handle: s.itemDone},
			{Pattern: "GET /access-reviews/revocations", Action: access.ReviewRead, Handle: s.revocations},
			{Pattern: "POST /access-reviews/revocations", Action: access.ReviewManage, Handle: s.look},
			{Pattern: "GET /access-reviews/lists", Action: access.ReviewRead, Handle: s.lists},
			{Pattern: "POST /access-reviews/lists", Action: access.ReviewManage, Handle: s.bring, MaxBody: 24 << 20},
			{Pattern: "GET /access-reviews/duties", Action: access.ReviewRead, Handle: s.duties},
			{Pattern: "POST /access-reviews/duties", Action: access.ReviewManage, Handle: s.setDuty},
			{Pattern: "GET /access-reviews/{ref}", Action: access.ReviewRead, Handle: s.campaign},
			{Pattern: "POST /access-reviews/{ref}/{verb}", Action: access.ReviewManage, Handle: s.ends},
		},
		Pages:  []screen.Page{{Section: "Organise", Name: "Access reviews", Path: "/access-reviews", Action: access.ReviewRead}},
		Lists:  []screen.List{s.itemList(), s.revocationList()},
		Doings: []screen.Doing{{Name: "Begin an access review", Path: "/access-reviews/new", Action: access.ReviewManage}, {Name: "Decide on access that you review", Path: "/access-reviews/items?state=undecided&mine=yes", Action: access.ReviewDecide}},
		Finds: []screen.Finder{{Kind: "access review", Action: access.ReviewRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			all, err := cfg.Reviews.Campaigns(r.Context(), r.Who)
			var out []screen.Found
			for _, c := range all {
				if len(out) < 20 && strings.Contains(strings.ToLower(c.Ref()+" "+c.Set.Title), asked) {
					out = append(out, screen.Found{Name: c.Set.Title, Words: c.Ref(), Href: "/access-reviews/" + c.Ref()})
				}
			}
			return out, err
		}}},
	}
}

func crumb(more ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: "Access reviews", Href: "/access-reviews"}}, more...)
}

func options(chosen string, pairs ...[2]string) []ui.Option {
	var out []ui.Option
	for _, p := range pairs {
		out = append(out, ui.Option{Value: p[0], Text: p[1], Selected: p[0] == chosen})
	}
	return out
}

// reviewers gives everybody who may decide on access, as options.
func (s *site) reviewers(ctx context.Context, none string) ([]ui.Option, error) {
	able, err := s.cfg.Access.Able(ctx, access.ReviewDecide)
	out := []ui.Option{{Text: none}}
	for _, u := range able {
		out = append(out, ui.Option{Value: u.ID, Text: u.Name})
	}
	return out, err
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n])) + "…"
}

var kindWords = map[string]string{review.Host: "hosts", review.Database: "databases", review.Attesta: "Attesta itself", review.List: "lists that were brought"}

var partWords = map[string]string{"accounts": "accounts", "sudo": "sudo", "ssh_keys": "SSH keys", "roles": "roles", "users": "users and roles", "list": "list"}

func decisionWords(x *review.Item) string {
	switch x.Decision {
	case review.Keep:
		return "kept"
	case review.Revoke:
		return "revoked"
	case review.Change:
		return "changed"
	}
	return "undecided"
}

func changeWords(c string) string {
	switch c {
	case "new":
		return "new"
	case "same":
		return "as before"
	case "changed":
		return "changed"
	}
	return "not compared"
}
