package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// directory answers: what may a directory do here, and what do its groups mean?
func (s *Site) directory(w http.ResponseWriter, r *request) error {
	return s.directoryPage(w, r, nil, ui.DirectoryView{})
}

// directoryPage shows it, with what was wrong in a form or a fresh token in v.
func (s *Site) directoryPage(w http.ResponseWriter, r *request, t *typed, v ui.DirectoryView) error {
	v.Address, v.May = strings.TrimSuffix(s.cfg.PublicURL, "/")+"/scim/v2", access.May(r.who.Role, access.UserManage)
	if err := s.directoryTokens(r, &v); err != nil {
		return err
	}
	if err := s.directoryGroups(r, &v); err != nil {
		return err
	}
	name, days := ui.FormField{ID: "name", Name: "name", Label: "Which directory carries it", Hint: "Okta", Need: true}, "365"
	if t != nil && t.values.Get("do") == "make" {
		name.Value, days = t.values.Get("name"), t.values.Get("days")
		name.Problem = t.problem
	}
	life := ui.FormField{ID: "days", Name: "days", Label: "It ends after"}
	for _, d := range []string{"90", "180", "365"} {
		life.List = append(life.List, ui.Option{Value: d, Text: d + " days", Selected: d == days})
	}
	v.Fields = []ui.FormField{name, life}
	return s.render(w, r, t.status(), ui.Directory(s.shell(w, r, "Directory", "Settings", "Directory"), v))
}

func (s *Site) directoryTokens(r *request, v *ui.DirectoryView) error {
	tokens, err := s.cfg.Access.DirectoryTokens(r.Context(), r.who)
	if err != nil {
		return err
	}
	all, err := s.cfg.Access.Users(r.Context(), r.who)
	if err != nil {
		return err
	}
	v.Left = map[string]string{}
	for _, t := range tokens {
		row := tokenRow(r, t)
		v.Tokens = append(v.Tokens, row)
		i := slices.IndexFunc(all, func(u access.User) bool { return u.ID == t.MadeBy })
		if row.State == "" && i >= 0 && all[i].Disabled {
			v.Left[t.ID] = all[i].Name + " made it and has left: give the directory another, then revoke this one."
		}
	}
	return nil
}

func (s *Site) directoryGroups(r *request, v *ui.DirectoryView) error {
	const here = "/settings/directory"
	q := r.URL.Query()
	words, state := strings.ToLower(strings.TrimSpace(q.Get("q"))), q.Get("state")
	if state != "" && state != "role" && state != "none" {
		return fault.New(fault.Invalid, "%q is no state of a group", state).WithHint("choose groups with a role, or groups without one, from the page")
	}
	all, err := s.cfg.Directory.Groups(r.Context(), r.who, directory.Where{})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b directory.Group) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	meaning := 0
	for _, g := range all {
		if g.Role != "" {
			meaning++
		}
	}
	chip := func(text, value string, n int) ui.Chip {
		return ui.Chip{Text: fmt.Sprintf("%s %d", text, n), Href: with(q, here, "state", value, "after", ""), Current: state == value}
	}
	v.Title, v.None = many(len(all), "group", "groups"), "No group matches."
	v.States = []ui.Chip{chip("All", "", len(all)), chip("With a role", "role", meaning), chip("Without", "none", len(all)-meaning)}
	v.Search = ui.SearchBox{Path: here, Value: q.Get("q"), Label: "Name", Hidden: hidden("state", state)}
	if len(all) == 0 {
		v.States, v.Search, v.None = nil, ui.SearchBox{}, "No directory has sent a group yet. Make a token, give it to the directory with the address, and assign groups to Attesta there."
	}
	found := slices.DeleteFunc(all, func(g directory.Group) bool {
		return state == "role" && g.Role == "" || state == "none" && g.Role != "" || !strings.Contains(strings.ToLower(g.Name), words)
	})
	total, next := int64(len(found)), ""
	if after := q.Get("after"); after != "" {
		i := slices.IndexFunc(found, func(g directory.Group) bool { return g.ID == after })
		if i < 0 {
			return fault.New(fault.Invalid, "the list has changed since this page was linked").WithHint("go back to its first page")
		}
		found = found[i+1:]
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		next = found[pageSize-1].ID
	}
	for _, g := range found {
		row := ui.DirectoryGroup{ID: g.ID, Name: g.Name, Members: ui.Number(g.Count), Changed: r.words.at(g.Changed), Means: orElse(g.Role.Title(), "none"),
			Roles: []ui.Option{{Text: "none", Selected: g.Role == ""}}}
		for _, x := range access.Roles() {
			row.Roles = append(row.Roles, ui.Option{Value: string(x), Text: x.Title(), Selected: x == g.Role})
		}
		v.Groups = append(v.Groups, row)
	}
	v.Pager = pager(len(found), total, q, here, next)
	return nil
}

// changeDirectory does what the pressed button says, and nothing else.
func (s *Site) changeDirectory(w http.ResponseWriter, r *request) error {
	ctx, do := r.Context(), r.PostFormValue("do")
	var err error
	var said string
	switch do {
	case "make":
		var days int
		if days, err = strconv.Atoi(r.PostFormValue("days")); err != nil {
			return fault.New(fault.Invalid, "%q is no number of days", r.PostFormValue("days")).At("", 0, "days")
		}
		var t access.APIToken
		var text string
		t, text, err = s.cfg.Access.MakeDirectoryToken(ctx, r.who, r.PostFormValue("name"), time.Duration(days)*24*time.Hour)
		if err == nil {
			return s.directoryPage(w, r, nil, ui.DirectoryView{Made: text, MadeFor: t.Name})
		}
	case "revoke":
		said, err = "The token opens nothing any more.", s.revokeDirectoryToken(r, r.PostFormValue("token"))
	case "map":
		role := access.Role(r.PostFormValue("role"))
		err = s.cfg.Directory.Map(ctx, r.who, r.PostFormValue("group"), role)
		said = "Its members have the role " + strings.ToLower(role.Title()) + " from now on, in open sessions too."
		if role == "" {
			said = "The group gives no role any more. Whoever has no other is out."
		}
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done to a directory", do).WithHint("go back and press a button of the page")
	}
	if err != nil {
		t, err := wrongForm(r, err)
		if err != nil {
			return err
		}
		return s.directoryPage(w, r, t, ui.DirectoryView{Problem: t.problem, At: r.PostFormValue("group")})
	}
	return s.done(w, r, said, "/settings/directory")
}

// revokeDirectoryToken ends a directory's token, and no other.
func (s *Site) revokeDirectoryToken(r *request, id string) error {
	all, err := s.cfg.Access.DirectoryTokens(r.Context(), r.who)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(t access.APIToken) bool { return t.ID == id }) {
		return fault.New(fault.NotFound, "no directory has such a token")
	}
	return s.cfg.Access.RevokeToken(r.Context(), r.who, id)
}
