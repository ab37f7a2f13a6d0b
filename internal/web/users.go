package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// userStates are the states that the list can be narrowed to.
func userStates() []string { return []string{"enabled", "disabled", "locked"} }

func inState(u access.User, state string) bool {
	switch state {
	case "enabled":
		return !u.Disabled
	case "disabled":
		return u.Disabled
	case "locked":
		return !u.LockedUntil.IsZero()
	}
	return true
}

// users answers: who may log in, as what, and when did they last?
func (s *Site) users(w http.ResponseWriter, r *request) error {
	return s.usersPage(w, r, nil, ui.OneTime{})
}

// usersPage shows the users, with what was wrong in the form or the link of
// whoever was just added.
func (s *Site) usersPage(w http.ResponseWriter, r *request, t *typed, made ui.OneTime) error {
	q := r.URL.Query()
	role, state, sort := access.Role(q.Get("role")), q.Get("state"), q.Get("sort")
	all, found, err := s.usersFound(r)
	if err != nil {
		return err
	}
	reset := func(pairs ...string) string { return with(q, "/settings/users", append(pairs, "after", "")...) }
	v := ui.UsersView{Title: many(len(all), "user", "users"), Made: made, May: access.May(r.who.Role, access.UserManage), None: "No user matches.",
		Search: ui.SearchBox{Path: "/settings/users", Value: q.Get("q"), Label: "Name, login, address", Hidden: slices.Concat(hidden("role", string(role)), hidden("state", state), hidden("sort", sort))},
		Roles:  []ui.Chip{{Text: "All roles", Href: reset("role", ""), Current: role == ""}},
		States: []ui.Chip{{Text: "Any state", Href: reset("state", ""), Current: state == ""}}}
	for _, x := range access.Roles() {
		n := 0
		for _, u := range all {
			if u.Role == x {
				n++
			}
		}
		if n > 0 || x == role {
			v.Roles = append(v.Roles, ui.Chip{Text: fmt.Sprintf("%s %d", x.Title(), n), Href: reset("role", string(x)), Current: x == role})
		}
	}
	for _, x := range userStates() {
		n := 0
		for _, u := range all {
			if inState(u, x) {
				n++
			}
		}
		v.States = append(v.States, ui.Chip{Text: fmt.Sprintf("%s %d", capital(x), n), Href: reset("state", x), Current: x == state})
	}
	byLast := ui.Column{Text: "Last login", Href: reset("sort", "last")}
	byName := ui.Column{Text: "Name", Sort: "ascending"}
	if sort == "last" {
		byLast, byName = ui.Column{Text: "Last login", Sort: "ascending"}, ui.Column{Text: "Name", Href: reset("sort", "")}
	}
	total, next := int64(len(found)), ""
	if after := q.Get("after"); after != "" {
		i := slices.IndexFunc(found, func(u access.User) bool { return u.ID == after })
		if i < 0 {
			return fault.New(fault.Invalid, "the list has changed since this page was linked").WithHint("go back to its first page")
		}
		found = found[i+1:]
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		next = found[pageSize-1].ID
	}
	v.Table = ui.Table{Caption: "Users", Columns: []ui.Column{byName, {Text: "Role"}, byLast, {Text: "State"}, {Text: "Sessions", N: true}, {Text: "Tokens", N: true}}}
	for _, u := range found {
		row, err := s.userRow(r, u, v.May)
		if err != nil {
			return err
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	r.matching = total
	v.Table.Pager = pager(len(found), total, q, "/settings/users", next)
	v.Fields = userFields(access.User{}, t)
	var chosen access.Role
	if t != nil {
		chosen = access.Role(t.values.Get("role"))
		if t.field == "role" {
			v.Wrong = t.problem
		}
	}
	v.Choice = roleChoices(chosen)
	return s.render(w, r, t.status(), ui.Users(s.shell(w, r, "Users", "Settings", "Users"), v))
}

// usersFound gives all users, and those that the list's filter shows, in its order.
func (s *Site) usersFound(r *request) (all, found []access.User, err error) {
	q := r.URL.Query()
	role, state, words, sort := access.Role(q.Get("role")), q.Get("state"), strings.ToLower(strings.TrimSpace(q.Get("q"))), q.Get("sort")
	if role != "" {
		if _, err := access.ParseRole(string(role)); err != nil {
			return nil, nil, err
		}
	}
	if state != "" && !slices.Contains(userStates(), state) {
		return nil, nil, fault.New(fault.Invalid, "%q is no state of a user", state).WithHint("enabled, disabled or locked")
	}
	if sort != "" && sort != "last" {
		return nil, nil, fault.New(fault.Invalid, "users cannot be sorted by %q", sort).WithHint("leave it out for the name, or give last for the last login")
	}
	all, err = s.cfg.Access.Users(r.Context(), r.who)
	if err != nil {
		return nil, nil, err
	}
	found = slices.DeleteFunc(slices.Clone(all), func(u access.User) bool {
		return role != "" && u.Role != role || !inState(u, state) || !strings.Contains(strings.ToLower(u.Name+" "+u.Login+" "+u.Email), words)
	})
	if sort == "last" { // whoever never came, or not for long, stands first
		slices.SortStableFunc(found, func(a, b access.User) int { return a.LastLogin.Compare(b.LastLogin) })
	}
	return all, found, nil
}

// waysIn counts the open sessions and tokens of a user.
func (s *Site) waysIn(r *request, u access.User) (sessions, tokens int, err error) {
	open, err := s.cfg.Access.Sessions(r.Context(), r.who, u.ID)
	if err != nil {
		return 0, 0, err
	}
	list, err := s.cfg.Access.Tokens(r.Context(), r.who, u.ID)
	for _, t := range list {
		if t.Usable(r.now) {
			tokens++
		}
	}
	return len(open), tokens, err
}

func (s *Site) userRow(r *request, u access.User, may bool) (ui.TableRow, error) {
	sessions, n, err := s.waysIn(r, u)
	if err != nil {
		return ui.TableRow{}, err
	}
	row := ui.TableRow{Head: ui.Link{Text: u.Name}, Meta: "logs in as " + logins(u)}
	if may {
		row.Head.Href = "/settings/users/" + u.ID
	}
	row.Pick = s.pick(r, "users", u.ID)
	if u.ID == r.who.UserID {
		row.Tag = "you"
	}
	last := ui.Cell{Text: "never"}
	if !u.LastLogin.IsZero() {
		last = ui.Cell{Moment: r.words.at(u.LastLogin)}
	}
	text, bad := userState(r, u)
	row.Cells = []ui.Cell{{Text: orElse(u.Role.Title(), "none")}, last, {Text: text, Bad: bad}, {Text: ui.Number(sessions), N: true}, {Text: ui.Number(n), N: true}}
	return row, nil
}

// logins is all that a user can type to log in.
func logins(u access.User) string {
	switch {
	case u.Directory != access.NotKept:
		return orElse(u.Email, u.Login) + ", by the directory"
	case u.Email == "":
		return u.Login
	}
	return u.Login + " or " + u.Email
}

func userState(r *request, u access.User) (text string, bad bool) {
	switch {
	case u.Directory == access.KeptOut:
		return "closed by the directory", false
	case u.Disabled:
		return "disabled", false
	case !u.LockedUntil.IsZero():
		return "locked until " + r.words.at(u.LockedUntil).Text, true
	case u.Directory == access.KeptIn:
		return "kept by the directory", false
	case !u.HasPassword:
		return "no password yet", false
	}
	return "enabled", false
}

func roleChoices(chosen access.Role) []ui.RoleChoice {
	var list []ui.RoleChoice
	for _, x := range access.Roles() {
		list = append(list, ui.RoleChoice{Value: string(x), Title: x.Title(), What: x.What(), Chosen: x == chosen})
	}
	return list
}

// userFields are a user's name, login and address, as typed where they were.
func userFields(u access.User, t *typed) []ui.FormField {
	list := []ui.FormField{{ID: "name", Name: "name", Label: "Name", Value: u.Name, Need: true},
		{ID: "login", Name: "login", Label: "Login", Hint: "Letters, digits, dots and dashes: maeve.doyle", Value: u.Login, Need: true},
		{ID: "email", Name: "email", Label: "Mail address", Hint: "May be left empty. It can be typed to log in as well.", Value: u.Email}}
	for i := range list {
		f := &list[i]
		if t != nil {
			f.Value = t.values.Get(f.Name)
			if f.Name == t.field {
				f.Problem = t.problem
			}
		}
	}
	return list
}

// addUser adds somebody and shows the link by which they come in.
func (s *Site) addUser(w http.ResponseWriter, r *request) error {
	n := access.NewUser{Login: r.PostFormValue("login"), Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Role: access.Role(r.PostFormValue("role"))}
	var u access.User
	_, err := access.ParseRole(string(n.Role))
	if err != nil {
		err = fault.New(fault.Invalid, "choose a role").At("", 0, "role").WithHint("it can be changed later")
	} else {
		u, err = s.cfg.Access.AddUser(r.Context(), r.who, n)
	}
	if err != nil {
		t, err := wrongForm(r, err)
		if err != nil {
			return err
		}
		t.field = orElse(t.field, "login") // only a taken login or address has no field
		return s.usersPage(w, r, t, ui.OneTime{})
	}
	made, err := s.loginLink(r, u)
	if err != nil {
		return err
	}
	return s.usersPage(w, r, nil, made)
}

func (s *Site) loginLink(r *request, u access.User) (ui.OneTime, error) {
	purpose := access.FirstLogin
	if u.HasPassword {
		purpose = access.Recovery
	}
	link, err := s.cfg.Access.LoginLink(r.Context(), r.who, u.ID, purpose)
	if err != nil {
		return ui.OneTime{}, err
	}
	return ui.OneTime{For: u.Name, URL: strings.TrimSuffix(s.cfg.PublicURL, "/") + LinkPath(link.Token), Until: r.words.at(link.Expires)}, nil
}

// oneUser gives the user of the address, with how long they are locked.
func (s *Site) oneUser(r *request) (access.User, error) {
	all, err := s.cfg.Access.Users(r.Context(), r.who)
	if err != nil {
		return access.User{}, err
	}
	for _, u := range all {
		if u.ID == r.PathValue("id") {
			return u, nil
		}
	}
	return access.User{}, fault.New(fault.NotFound, "there is no such user")
}

func (s *Site) user(w http.ResponseWriter, r *request) error {
	return s.userPage(w, r, nil, "", ui.OneTime{})
}

// userPage shows one account, with what was wrong in the form that did do.
func (s *Site) userPage(w http.ResponseWriter, r *request, t *typed, do string, made ui.OneTime) error {
	u, err := s.oneUser(r)
	if err != nil {
		return err
	}
	sessions, err := s.cfg.Access.Sessions(r.Context(), r.who, u.ID)
	if err != nil {
		return err
	}
	tokens, err := s.cfg.Access.Tokens(r.Context(), r.who, u.ID)
	if err != nil {
		return err
	}
	v := ui.UserView{ID: u.ID, Name: u.Name, Line: []string{"logs in as " + logins(u), orElse(u.Role.Title(), "no role"), "here since " + r.words.day(u.Created)}, Made: made,
		Disabled: u.Disabled, Own: u.ID == r.who.UserID, Second: u.HasSecond(), Kept: u.Directory != access.NotKept, Link: "Make a login link", Wrong: map[string]string{}}
	if v.Did = s.whatDid(r, u.ID); v.Did != "" {
		v.About = "/ledger?about=" + url.QueryEscape(u.ID)
	}
	if !u.Second.IsZero() {
		v.Line = append(v.Line, "second factor since "+r.words.day(u.Second))
	}
	if !u.Passkey.IsZero() {
		v.Line = append(v.Line, "passkey since "+r.words.day(u.Passkey))
	}
	if !v.Second {
		v.Line = append(v.Line, "no second factor")
	}
	if text, bad := userState(r, u); bad {
		v.Bad = text
	} else {
		v.Line = append(v.Line, text)
	}
	if u.HasPassword {
		v.Link = "Make a recovery link"
	}
	chosen := u.Role
	switch {
	case t == nil:
		v.Fields = userFields(u, nil)
	case do == "rename":
		v.Fields = userFields(u, t)
	default:
		v.Fields, v.Wrong[do] = userFields(u, nil), t.problem
		if do == "role" {
			chosen = access.Role(t.values.Get("role"))
		}
	}
	v.Choice = roleChoices(chosen)
	v.Sessions = ui.Table{Caption: "Open sessions", Columns: []ui.Column{{Text: "Opened"}, {Text: "From"}, {Text: "Last used"}, {Text: "Ends"}}}
	for _, x := range sessions {
		row := ui.TableRow{Head: ui.Link{Text: r.words.at(x.Opened).Text}, Meta: via(x.Via), Cells: []ui.Cell{
			{Text: x.Client.Address, Meta: browser(x.Client.Agent)}, {Moment: r.words.at(x.Seen)}, {Moment: r.words.at(x.Expires)}}}
		if x.Current {
			row.Tag = "this one"
		}
		v.Sessions.Rows = append(v.Sessions.Rows, row)
	}
	for _, x := range tokens {
		v.Tokens = append(v.Tokens, tokenRow(r, x))
	}
	return s.render(w, r, t.status(), ui.User(s.shell(w, r, u.Name, "Settings", "Users"), v))
}

// changeUser does what the pressed button says, and nothing else.
func (s *Site) changeUser(w http.ResponseWriter, r *request) error {
	u, err := s.oneUser(r)
	if err != nil {
		return err
	}
	ctx, do, own := r.Context(), r.PostFormValue("do"), u.ID == r.who.UserID
	here, said := "/settings/users/"+u.ID, ""
	switch do {
	case "rename":
		err = s.cfg.Access.Rename(ctx, r.who, u.ID, r.PostFormValue("login"), r.PostFormValue("name"), r.PostFormValue("email"))
		said = "The name and login are saved."
	case "role":
		to := access.Role(r.PostFormValue("role"))
		err = s.cfg.Access.SetRole(ctx, r.who, u.ID, to)
		said = fmt.Sprintf("The role is %s now, in open sessions too.", strings.ToLower(to.Title()))
		if own && !access.May(to, access.UserManage) {
			here = "/account" // this page is no longer theirs
		}
	case "disable":
		err = s.cfg.Access.Disable(ctx, r.who, u.ID)
		said = "The account is disabled and its sessions have ended."
		if own {
			here = "/login"
		}
	case "enable":
		err = s.cfg.Access.Enable(ctx, r.who, u.ID)
		said = "The account is enabled. A login link lets its user in."
	case "second":
		err = s.removeSecond(ctx, r.who, u)
		said = "The second factor is removed. The password alone lets them in until they set up another."
	case "link":
		var made ui.OneTime
		if made, err = s.loginLink(r, u); err == nil {
			return s.userPage(w, r, nil, "", made)
		}
	case "sessions":
		var n int64
		n, err = s.cfg.Access.RevokeOthers(ctx, r.who, u.ID)
		said = many(n, "session has", "sessions have") + " ended."
	case "token":
		said, err = "The token opens nothing any more.", s.revokeTokenOf(r, u.ID, r.PostFormValue("token"))
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done to a user", do).WithHint("go back and press a button of the page")
	}
	if err != nil {
		t, err := wrongForm(r, err)
		if err != nil {
			return err
		}
		t.field = orElse(t.field, "login") // of a rename; the other forms have one place for what is wrong
		return s.userPage(w, r, t, do, ui.OneTime{})
	}
	return s.done(w, r, said, here)
}

// revokeTokenOf ends a token of that user, and of nobody else.
func (s *Site) revokeTokenOf(r *request, userID, id string) error {
	all, err := s.cfg.Access.Tokens(r.Context(), r.who, userID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(t access.APIToken) bool { return t.ID == id }) {
		return fault.New(fault.NotFound, "this user has no such token")
	}
	return s.cfg.Access.RevokeToken(r.Context(), r.who, id)
}
