package changes

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) repositories(w http.ResponseWriter, r *screen.Request) error {
	return s.allRepositories(w, r, nil)
}

var forges = map[string]string{"": "none", "github": "GitHub", "gitlab": "GitLab", "gitea": "Gitea or Forgejo"}

func (s *site) allRepositories(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, err := s.cfg.Changes.Health(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Title: "Repositories", Note: "Where changes are read: the history of each repository, and what its forge tells by webhook.", More: []ui.Link{{Text: "Changes", Href: "/changes"}}, None: "No repository is followed."}
	v.Table = ui.Table{Caption: "Repositories", Columns: []ui.Column{{Text: "Repository"}, {Text: "Branch"}, {Text: "History read"}, {Text: "Webhook heard"}, {Text: "Missed", N: true}}}
	for _, h := range all {
		x := h.Repository
		read := ui.Cell{Moment: r.Words.At(x.ReadAt)}
		switch {
		case x.Trouble != "":
			read = ui.Cell{Text: "cannot be read", Bad: true, Meta: x.Trouble}
		case x.Settings.Path == "":
			read = ui.Cell{Text: "not here", Muted: true}
		case x.ReadAt.IsZero():
			read = ui.Cell{Text: "not yet", Muted: true}
		}
		heard := ui.Cell{Moment: r.Words.At(x.DeliveredAt)}
		switch {
		case x.Settings.Forge == "":
			heard = ui.Cell{Text: "no forge", Muted: true}
		case x.DeliveredAt.IsZero():
			heard = ui.Cell{Text: "never", Bad: true}
		}
		if x.RefusedAt.After(x.DeliveredAt) {
			heard.Meta, heard.Bad = "last one refused: "+x.Refused, true
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Settings.Title, Href: "/settings/repositories/" + x.Slug}, Meta: screen.OrElse(x.Settings.Project, x.Settings.Path),
			Cells: []ui.Cell{{Text: x.Settings.Branch, Mono: true}, read, heard, {Text: ui.Number(int(h.Missed)), N: true, Bad: h.Missed > 0}}})
	}
	if r.May(access.RepositoryEdit) {
		v.Form = settingsForm("/settings/repositories", nil)
		v.Form.ID, v.Form.Summary, v.Form.Button = "add", "Follow a repository", "Follow it"
		v.Form.Open = len(all) == 0
		v.Form.Fields = append([]ui.Field{{Name: "slug", Label: "Short name", Hint: "Lower-case, as it stands in addresses: billing", Must: true}}, v.Form.Fields...)
		t.Fill(&v.Form)
		users, err := s.cfg.Users(r.Context())
		if err != nil {
			return err
		}
		strangers, err := s.cfg.Changes.Unknown(r.Context(), r.Who)
		if err != nil {
			return err
		}
		if len(strangers) > 0 {
			who := ui.Table{Caption: "Authors whom nobody here is known to be", Columns: []ui.Column{{Text: "In repositories"}, {Text: "Known as"}, {Text: "Changes", N: true}}}
			for _, x := range strangers {
				who.Rows = append(who.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(x.Name, x.As()), Href: "/settings/repositories?known_as=" + x.As() + "#who"}, Cells: []ui.Cell{{Text: x.As(), Mono: true}, {Text: ui.Number(x.Changes), N: true}}})
			}
			v.After, v.Heads = []ui.Table{who}, []string{"Who is who"}
		}
		if as := r.URL.Query().Get("known_as"); as != "" {
			return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Who is who", "Settings", "Repositories"), ui.FormView{Crumbs: []ui.Link{{Text: "Repositories", Href: "/settings/repositories"}, {Text: "Who is who"}}, Title: "Who is " + as + "?",
				Note: "Approval by another person is judged by people, not by the names that they have in different places. A mail address of an account here needs no entry.",
				Form: ui.Form{ID: "who", Action: "/settings/identities", Button: "Keep it", Fields: []ui.Field{{Name: "known_as", Label: "Login or mail address", Value: as, Must: true}, {Name: "user", Label: "Is", Kind: "select", Options: users}}}}))
		}
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "Repositories", "Settings", "Repositories"), v))
}

// settingsForm asks how a repository is followed and judged.
func settingsForm(action string, have *landing.Settings) ui.Form {
	x := landing.Settings{Branch: "main"}
	if have != nil {
		x = *have
	}
	lines := func(all []string) string { return strings.Join(all, "\n") }
	f := ui.Form{ID: "settings", Action: action, Button: "Keep these settings", Fields: []ui.Field{
		{Name: "title", Label: "Title", Value: x.Title, Must: true},
		{Name: "path", Label: "Directory on the server's host", Hint: "Of a clone or mirror that is fetched regularly. Nothing in it is run or changed.", Value: x.Path},
		{Name: "forge", Label: "Forge", Kind: "select", Hint: "Its webhooks tell of requests, approvals, checks and deployments."},
		{Name: "project", Label: "Full name at the forge", Hint: "acme/billing", Value: x.Project},
		{Name: "branch", Label: "Production branch", Value: x.Branch, Must: true},
		{Name: "since", Label: "Judged from", Kind: "date", Hint: "What landed before is not judged. Empty: from today."},
		{Name: "environments", Label: "Production environments", Hint: "One on a line; empty: production. A single hyphen: nothing is deployed from it.", Kind: "long", Value: lines(x.Environments)},
		{Name: "checks", Label: "Checks that must hold", Hint: "Names, one on a line; empty: every one that ran, and at least one.", Kind: "long", Value: lines(x.Checks)},
		{Name: "tickets", Label: "Ticket references", Hint: "Regular expressions, one on a line; empty: ABC-123, or #12 after closes, fixes, refs.", Kind: "long", Value: lines(x.Tickets)},
		{Name: "acceptors", Label: "Who accepts for the business", Hint: "Logins or mail addresses, one on a line; empty: acceptance is not asked.", Kind: "long", Value: lines(x.Acceptors)},
		{Name: "accept_paths", Label: "Paths that need acceptance", Hint: "Patterns, one on a line; empty: all.", Kind: "long", Value: lines(x.AcceptPaths)},
		{Name: "emergency", Label: "Labels of an emergency", Hint: "One on a line; empty: emergency.", Kind: "long", Value: lines(x.Emergency)},
		{Name: "review_hours", Label: "Hours to review an emergency", Value: "72"},
		{Name: "hosts", Label: "Hosts that it is deployed to", Hint: "Patterns of names, one on a line: web-*. What agents see change there is held against its deployments.", Kind: "long", Value: lines(x.Hosts)}}}
	for i := range f.Fields {
		switch f.Fields[i].Name {
		case "forge":
			for _, k := range []string{"", "github", "gitlab", "gitea"} {
				f.Fields[i].Options = append(f.Fields[i].Options, ui.Option{Value: k, Text: forges[k], Selected: k == x.Forge})
			}
		case "since":
			if !x.Since.IsZero() {
				f.Fields[i].Value = x.Since.Format(screen.DateLayout)
			}
		case "environments":
			if x.NotDeployed {
				f.Fields[i].Value = "-"
			}
		case "review_hours":
			if x.ReviewHours > 0 {
				f.Fields[i].Value = strconv.Itoa(x.ReviewHours)
			}
		}
	}
	return f
}

// settings reads the form.
func settings(r *screen.Request, have *landing.Settings) (landing.Settings, error) {
	v := r.PostFormValue
	lines := func(name string) []string {
		return strings.FieldsFunc(v(name), func(c rune) bool { return c == '\n' || c == '\r' })
	}
	out := landing.Settings{Title: v("title"), Path: v("path"), Forge: v("forge"), Project: v("project"), Branch: v("branch"), Environments: lines("environments"), Checks: lines("checks"), Tickets: lines("tickets"),
		Acceptors: lines("acceptors"), AcceptPaths: lines("accept_paths"), Emergency: lines("emergency"), Hosts: lines("hosts")}
	if have != nil {
		out.Classes = have.Classes
	}
	if strings.TrimSpace(v("environments")) == "-" {
		out.Environments, out.NotDeployed = nil, true
	}
	var err error
	if out.Since, err = r.FirstMoment(v("since"), "since"); err != nil {
		return out, err
	}
	if have != nil && out.Since.Format(screen.DateLayout) == have.Since.In(r.Words.Zone).Format(screen.DateLayout) {
		out.Since = have.Since // the day was left alone: so is the moment
	}
	if n := strings.TrimSpace(v("review_hours")); n != "" {
		if out.ReviewHours, err = strconv.Atoi(n); err != nil {
			out.ReviewHours = -1 // refused, with its name
		}
	}
	return out, nil
}

func (s *site) connect(w http.ResponseWriter, r *screen.Request) error {
	set, err := settings(r, nil)
	var secret string
	var made *change.Repository
	if err == nil {
		made, secret, err = s.cfg.Changes.Connect(r.Context(), r.Who, r.PostFormValue("slug"), set, false)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.allRepositories(w, r, t)
	}
	if secret != "" {
		return s.one(w, r, made.Slug, secret, nil)
	}
	return r.Done(w, made.Settings.Title+" is followed. It is read within ten minutes, or now if you say so.", "/settings/repositories/"+made.Slug)
}

func (s *site) repository(w http.ResponseWriter, r *screen.Request) error {
	return s.one(w, r, r.PathValue("slug"), "", nil)
}

// one shows a repository; secret is that of its webhook, where it was made just
// now.
func (s *site) one(w http.ResponseWriter, r *screen.Request, slug, secret string, t *screen.Typed) error {
	all, err := s.cfg.Changes.Health(r.Context(), r.Who)
	if err != nil {
		return err
	}
	x, err := s.cfg.Changes.Repository(r.Context(), r.Who, slug)
	if err != nil {
		return err
	}
	var h change.Health
	for _, k := range all {
		if k.Repository.ID == x.ID {
			h = k
		}
	}
	path := "/settings/repositories/" + x.Slug
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Repositories", Href: "/settings/repositories"}, {Text: x.Slug}}, Title: x.Settings.Title, Line: []string{"branch " + x.Settings.Branch}, FactsOf: "How it is followed", Zone: r.Words.Zone.String(),
		Links: []ui.Link{{Text: "Its changes", Href: "/changes?repository=" + x.Slug}}}
	if !x.RemovedAt.IsZero() {
		v.State = "followed no longer"
	}
	if x.Trouble != "" {
		v.Bad = "it cannot be read: " + x.Trouble
	}
	if x.Settings.Forge != "" && x.RemovedAt.IsZero() {
		hook := ui.Block{ID: "hook", Title: "Webhook", Text: []string{fmt.Sprintf("In %s, add a webhook to %s with content type application/json, for pushes, requests, reviews, checks and deployments.", forges[x.Settings.Forge], x.Settings.Project)},
			Facts: []ui.Fact{{Term: "Address", Text: strings.TrimSuffix(s.cfg.PublicURL, "/") + "/hooks/" + x.Slug, Mono: true}, {Term: "Secret", Text: "was shown once, when it was made", Muted: true}}}
		if secret != "" {
			hook.Facts[1] = ui.Fact{Term: "Secret", Text: secret, Mono: true}
			v.Notice = "Copy the secret of the webhook now. It is not shown again."
		}
		if r.May(access.RepositoryEdit) {
			hook.Forms = []ui.Form{{ID: "secret", Action: path, Summary: "Make a new secret", Button: "Make a new secret", Danger: true, Note: "What is signed with the old one is refused from then on.", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "secret"}}}}
		}
		v.Blocks = append(v.Blocks, hook)
	}
	gaps := ui.Block{ID: "gaps", Title: "Deliveries that were missed", Text: []string{"No change names a request of which nothing was received."}}
	if h.Missed > 0 {
		gaps.Text = []string{fmt.Sprintf("%s a request of which nothing was received. Have the forge deliver its webhooks again, or look at the request there.", ui.Many(int(h.Missed), "change names", "changes name"))}
		for _, ref := range h.Examples {
			gaps.Links = append(gaps.Links, ui.Link{Text: ref, Href: "/changes/" + ref})
		}
	}
	v.Blocks = append(v.Blocks, gaps)
	if r.May(access.RepositoryEdit) && x.RemovedAt.IsZero() {
		if x.Settings.Path != "" {
			v.Blocks = append(v.Blocks, ui.Block{ID: "read", Title: "History", Text: []string{"It is read every ten minutes."}, Forms: []ui.Form{{ID: "read-now", Action: path, Button: "Read it now", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "read"}}}}})
		}
		set := settingsForm(path, &x.Settings)
		set.Summary = "Change how its changes are judged"
		set.Fields = append(set.Fields, ui.Field{Name: "do", Kind: "hidden", Value: "settings"})
		t.Fill(&set)
		v.Blocks = append(v.Blocks, ui.Block{ID: "rules", Title: "Rules", Forms: []ui.Form{set, {ID: "remove", Action: path, Summary: "Follow it no longer", Button: "Follow it no longer", Danger: true, Note: "What is known of it stays.", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "remove"}}}}})
	}
	when := func(m ui.Moment) string { return screen.OrElse(m.Text, "never") }
	v.Facts = []ui.Fact{{Term: "Forge", Text: forges[x.Settings.Forge]}, {Term: "Directory", Text: screen.OrElse(x.Settings.Path, "none"), Mono: true}, {Term: "History read", Text: when(r.Words.At(x.ReadAt))}, {Term: "Head", Text: screen.OrElse(short(x.Head), "not known"), Mono: true},
		{Term: "Webhook heard", Text: when(r.Words.At(x.DeliveredAt))}, {Term: "Judged from", Text: r.Words.Date(x.Settings.Since)}}
	if !x.RefusedAt.IsZero() {
		v.Facts = append(v.Facts, ui.Fact{Term: "Last delivery refused", Text: r.Words.At(x.RefusedAt).Text + ": " + x.Refused})
	}
	for _, k := range [][2]string{{landing.RequestSeen, "Requests heard of"}, {landing.ReviewGiven, "Reviews"}, {landing.Pushed, "Pushes"}, {landing.Checked, "Results of checks"}, {landing.DeploymentMade, "Deployments"}} {
		if n := h.Events[k[0]]; n > 0 {
			v.Facts = append(v.Facts, ui.Fact{Term: k[1], Text: ui.Number(int(n))})
		}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, x.Settings.Title, "Settings", "Repositories"), v))
}

func (s *site) changeRepository(w http.ResponseWriter, r *screen.Request) error {
	ctx, slug := r.Context(), r.PathValue("slug")
	have, err := s.cfg.Changes.Repository(ctx, r.Who, slug)
	if err != nil {
		return err
	}
	said, secret := "", ""
	switch r.PostFormValue("do") {
	case "read":
		said, err = "The repository was read.", s.cfg.Changes.Read(ctx, r.Who, slug)
	case "remove":
		said, err = have.Settings.Title+" is followed no longer.", s.cfg.Changes.Remove(ctx, r.Who, slug)
	case "secret":
		_, secret, err = s.cfg.Changes.Connect(ctx, r.Who, slug, have.Settings, true)
	default:
		said = "The settings hold from now on, for what landed before as well."
		var set landing.Settings
		if set, err = settings(r, &have.Settings); err == nil {
			_, secret, err = s.cfg.Changes.Connect(ctx, r.Who, slug, set, false)
		}
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.one(w, r, slug, "", t)
	}
	if secret != "" {
		return s.one(w, r, slug, secret, nil)
	}
	if r.PostFormValue("do") == "remove" {
		return r.Done(w, said, "/settings/repositories")
	}
	return r.Done(w, said, "/settings/repositories/"+slug)
}

func (s *site) knowAs(w http.ResponseWriter, r *screen.Request) error {
	if err := s.cfg.Changes.KnowAs(r.Context(), r.Who, r.PostFormValue("known_as"), r.PostFormValue("user")); err != nil {
		return err
	}
	s.cfg.Changes.Wake()
	return r.Done(w, "From now on they are one person, in earlier changes as well.", "/settings/repositories")
}
