// Package changes is the screens of changes: what landed and was deployed, whether
// each was requested, tested and approved, how that reconciles with what agents
// saw, and where it is read. Rules are those of internal/program/change.
package changes

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/program/separation"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on.
type Config struct {
	Changes     *change.Service
	Populations *population.Service
	PublicURL   string // for the addresses of webhooks
	// Users gives the accounts that somebody in a repository may be, as id and name.
	Users func(ctx context.Context) ([]ui.Option, error)
	// Separation says whether environments, accounts and data are kept apart.
	Separation func(ctx context.Context, p access.Principal) ([]separation.Statement, error)
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

const (
	section = "Organise"
	page    = "Changes"
)

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /changes", Action: access.ChangeRead, Handle: s.changes},
			{Pattern: "GET /changes/deployments", Action: access.ChangeRead, Handle: s.deployments},
			{Pattern: "GET /changes/deployments/{ref}", Action: access.ChangeRead, Handle: s.deployment},
			{Pattern: "POST /changes/deployments/{ref}", Action: access.ChangeApprove, Handle: s.answerDeployment},
			{Pattern: "GET /changes/reconciliation", Action: access.ChangeRead, Handle: s.reconciliation},
			{Pattern: "POST /changes/reconciliation", Action: access.PopulationEdit, Handle: s.freeze},
			{Pattern: "GET /changes/environments", Action: access.ChangeRead, Handle: s.environments},
			{Pattern: "GET /changes/standard", Action: access.ChangeRead, Handle: s.standards},
			{Pattern: "POST /changes/standard", Action: access.ChangeAsk, Handle: s.propose},
			{Pattern: "POST /changes/standard/{ref}", Action: access.ChangeApprove, Handle: s.decideStandard},
			{Pattern: "GET /changes/ask", Action: access.ChangeAsk, Handle: s.askForm},
			{Pattern: "POST /changes/ask", Action: access.ChangeAsk, Handle: s.ask},
			{Pattern: "GET /changes/{ref}", Action: access.ChangeRead, Handle: s.change},
			{Pattern: "POST /changes/{ref}", Action: access.ChangeRead, Handle: s.word},
			{Pattern: "GET /settings/repositories", Action: access.ChangeRead, Handle: s.repositories},
			{Pattern: "POST /settings/repositories", Action: access.RepositoryEdit, Handle: s.connect},
			{Pattern: "GET /settings/repositories/{slug}", Action: access.ChangeRead, Handle: s.repository},
			{Pattern: "POST /settings/repositories/{slug}", Action: access.RepositoryEdit, Handle: s.changeRepository},
			{Pattern: "POST /settings/identities", Action: access.RepositoryEdit, Handle: s.knowAs},
		},
		Pages: []screen.Page{{Section: section, Name: page, Path: "/changes", Action: access.ChangeRead},
			{Section: "Settings", Name: "Repositories", Path: "/settings/repositories", Action: access.ChangeRead}},
		Lists: []screen.List{s.changesList(), s.deploymentsList()},
		Doings: []screen.Doing{{Name: "Ask for a change by hand", Path: "/changes/ask", Action: access.ChangeAsk}, {Name: "Reconcile changes", Path: "/changes/reconciliation", Action: access.ChangeRead},
			{Name: "Are environments kept apart?", Path: "/changes/environments", Action: access.ChangeRead}, {Name: "Follow a repository", Path: "/settings/repositories#add", Action: access.RepositoryEdit}},
		Finds: []screen.Finder{{Kind: "change", Action: access.ChangeRead, Find: s.find}},
	}
}

func (s *site) find(r *screen.Request, asked string) ([]screen.Found, error) {
	all, _, _, err := s.cfg.Changes.List(r.Context(), r.Who, change.Filter{Search: asked}, "", 10)
	var out []screen.Found
	for _, ch := range all {
		out = append(out, screen.Found{Name: ch.Ref() + " " + ch.Title, Words: ch.Landed + " " + strings.Join(ch.Tickets, " "), Href: "/changes/" + ch.Ref()})
	}
	return out, err
}

func outcome(o landing.Outcome) ui.Outcome { return ui.Outcome(o) }

func listed(all []landing.Person) string {
	parts := make([]string, len(all))
	for i, p := range all {
		parts[i] = screen.OrElse(p.Name, p.Key)
	}
	return strings.Join(parts, ", ")
}

func short(sha string) string { return sha[:min(len(sha), 10)] }

// manner says how a change came.
func manner(ch *landing.Change) string {
	words := map[landing.Kind]string{landing.ByMerge: "merge", landing.BySquash: "squash", landing.ByRebase: "rebase", landing.Direct: "direct push", landing.Claimed: "names an unknown request", landing.Manual: "by hand"}[ch.Kind]
	if ch.Emergency != "" {
		words += ", emergency"
	}
	if ch.Standard != "" {
		words += ", " + ch.Standard
	}
	return words
}

// filter reads a list's filter from an address. What is no filter is an error that
// the page tells.
func filter(r *screen.Request) (change.Filter, error) {
	q := r.URL.Query()
	f := change.Filter{Repository: q.Get("repository"), Flag: q.Get("manner"), Search: q.Get("q")}
	for _, o := range q["outcome"] {
		if o != "" {
			f.Outcome = append(f.Outcome, landing.Outcome(o))
		}
	}
	if name, o, ok := strings.Cut(q.Get("attribute"), ":"); ok {
		f.Attribute, f.Is = name, []landing.Outcome{landing.Outcome(o)}
	}
	var err error
	if f.From, err = r.FirstMoment(q.Get("from"), "from"); err != nil {
		return f, err
	}
	f.To, err = r.LastMoment(q.Get("to"), "to")
	return f, err
}

var shown = []string{landing.Route, landing.Approved, landing.Tested, landing.Deployed}

func (s *site) changesList() screen.List {
	type x = *landing.Change
	read := func(r *screen.Request, after string) ([]x, string, error) {
		f, err := filter(r)
		if err != nil {
			return nil, "", err
		}
		rows, next, _, err := s.cfg.Changes.List(r.Context(), r.Who, f, after, 500)
		return rows, next, err
	}
	columns := []screen.Column[x]{
		{Key: "number", Title: "Change", Head: "=", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Ref() }},
		{Key: "title", Title: "Title", Width: 60, Value: func(_ *screen.Cells, c x) any { return c.Title }},
		{Key: "repository", Title: "Repository", Head: "=", Width: 20, Value: func(_ *screen.Cells, c x) any { return c.Repository }},
		{Key: "landed_at", Title: "Landed", Head: "=", Width: 20, Value: func(_ *screen.Cells, c x) any { return c.At }},
		{Key: "manner", Title: "Manner", Width: 20, Value: func(_ *screen.Cells, c x) any { return manner(c) }},
		{Key: "commit", Title: "Commit", Width: 44, Value: func(_ *screen.Cells, c x) any { return c.Landed }},
		{Key: "request", Title: "Request", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Request }},
		{Key: "authors", Title: "Authors", Width: 30, Value: func(_ *screen.Cells, c x) any { return listed(c.Authors) }},
		{Key: "tickets", Title: "Tickets", Width: 20, Value: func(_ *screen.Cells, c x) any { return strings.Join(c.Tickets, " ") }},
		{Key: "outcome", Title: "Outcome", Head: "=", Width: 16, Value: func(_ *screen.Cells, c x) any { return outcome(c.Outcome).Words() }},
	}
	for _, name := range landing.Names() {
		head := ""
		if at := indexOf(shown, name); at >= 0 {
			head = heads[at]
		}
		columns = append(columns,
			screen.Column[x]{Key: name, Title: landing.Title(name), Head: head, Width: 16, Value: func(_ *screen.Cells, c x) any { return outcome(c.Attribute(name).Outcome).Words() }},
			screen.Column[x]{Key: name + "_why", Title: landing.Title(name) + ": why", Width: 50, Value: func(_ *screen.Cells, c x) any { return c.Attribute(name).Reason }},
			screen.Column[x]{Key: name + "_source", Title: landing.Title(name) + ": read from", Width: 40, Value: func(_ *screen.Cells, c x) any { return c.Attribute(name).Source }})
	}
	return screen.Declare(screen.List{Name: "changes", Title: "Changes", Pattern: "GET /changes", Action: access.ChangeRead}, read, nil, columns...)
}

var heads = []string{"By request", "Approved", "Tested", "Deployed"}

func indexOf(all []string, s string) int {
	for i, x := range all {
		if x == s {
			return i
		}
	}
	return -1
}

func (s *site) changes(w http.ResponseWriter, r *screen.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	f, err := filter(r)
	if err != nil {
		return err
	}
	rows, next, total, err := s.cfg.Changes.List(ctx, r.Who, f, q.Get("after"), screen.PageSize)
	if err != nil {
		return err
	}
	counts, err := s.cfg.Changes.Counts(ctx, r.Who)
	if err != nil {
		return err
	}
	repositories, err := s.cfg.Changes.Repositories(ctx, r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Title: "Changes", Note: "What came onto production branches and what was asked for by hand. Each answer has a reason and says where it was read; nobody types one.",
		Action: ui.Link{Text: "Reconcile", Href: "/changes/reconciliation"}, More: []ui.Link{{Text: "Deployments", Href: "/changes/deployments"}, {Text: "Standard changes", Href: "/changes/standard"}, {Text: "Environments", Href: "/changes/environments"}},
		Search: ui.SearchBox{Path: "/changes", Value: q.Get("q"), Label: "Search changes", Hidden: hiddenOf(q, "outcome", "attribute", "manner", "repository", "from", "to")},
		None:   "No change fits.", Undo: "/changes"}
	if r.May(access.ChangeAsk) {
		v.More = append(v.More, ui.Link{Text: "Ask for a change", Href: "/changes/ask"})
	}
	if counts.Total == 0 {
		v.Empty = &ui.Empty{Title: "No change is known yet",
			Text:     "Follow the repositories that production is built from. Attesta reads their history and takes the webhooks of GitHub, GitLab and Gitea; then every merge, direct push and deployment stands here, each with who approved it and which checks held.",
			Criteria: []ui.Link{{Text: "CC8.1", Href: "/criteria/CC8.1"}, {Text: "CC6.8", Href: "/criteria/CC6.8"}}, Actions: []ui.Link{{Text: "Follow a repository", Href: "/settings/repositories#add"}}}
		if r.May(access.ChangeAsk) {
			v.Empty.Actions = append(v.Empty.Actions, ui.Link{Text: "Ask for a change by hand", Href: "/changes/ask"})
		}
		return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Changes", section, page), v))
	}
	chip := func(name, value, text, glyph string, n int64) ui.Chip {
		c := ui.Chip{Text: text, Glyph: glyph, Href: screen.With(q, "/changes", name, value, "after", ""), Current: q.Get(name) == value}
		if n >= 0 {
			c.Text = fmt.Sprintf("%s %s", text, ui.Number(n))
		}
		return c
	}
	all := []ui.Chip{chip("outcome", "", "all", "", counts.Total)}
	for _, o := range landing.Outcomes() {
		if n := counts.Outcome[o]; n > 0 {
			all = append(all, chip("outcome", string(o), outcome(o).Words(), "", n))
		}
	}
	which := []ui.Chip{chip("attribute", "", "any", "", -1)}
	for _, a := range []struct {
		name, text string
		o          landing.Outcome
	}{{landing.Route, "direct pushes", landing.Fail}, {landing.Route, "unknown requests", landing.NotObserved}, {landing.Approved, "not approved", landing.Fail}, {landing.Approved, "approval not observed", landing.NotObserved}, {landing.Tested, "not tested", landing.Fail},
		{landing.Requested, "no ticket", landing.Fail}, {landing.Merged, "not deployed as merged", landing.Fail}, {landing.Segregated, "deployed by an author", landing.Fail}, {landing.Intact, "history rewritten", landing.Fail}} {
		if n := counts.Attributes[a.name][a.o]; n > 0 {
			which = append(which, chip("attribute", a.name+":"+string(a.o), a.text, "", n))
		}
	}
	kinds := []ui.Chip{chip("manner", "", "any", "", -1)}
	for _, k := range [][2]string{{"direct", "direct"}, {"emergency", "emergency"}, {"unanswered", "waits for an answer"}, {"unreviewed", "emergency to review"}, {"standard", "standard"}, {"revert", "revert"}, {"manual", "by hand"}, {"infrastructure", "infrastructure"}, {"database", "database"}, {"configuration", "configuration"}} {
		kinds = append(kinds, chip("manner", k[0], k[1], "", -1))
	}
	v.Chips, v.Labels = [][]ui.Chip{all, which, kinds}, []string{"Outcome", "Deviations", "Kind"}
	if len(repositories) > 1 {
		from := []ui.Chip{chip("repository", "", "all", "", -1)}
		for _, x := range repositories {
			from = append(from, chip("repository", x.Slug, x.Slug, "", -1))
		}
		v.Chips, v.Labels = append(v.Chips, from), append(v.Labels, "Repository")
	}
	v.Table = ui.Table{Caption: "Changes, newest first", Columns: []ui.Column{{Text: "Change"}, {Text: "Repository"}, {Text: "Landed"}, {Text: "Outcome"}}}
	for _, h := range heads {
		v.Table.Columns = append(v.Table.Columns, ui.Column{Text: h})
	}
	for _, ch := range rows {
		row := ui.TableRow{Head: ui.Link{Text: ch.Ref() + " " + ch.Title, Href: "/changes/" + ch.Ref()}, Meta: manner(ch) + " by " + screen.OrElse(listed(ch.Authors), "nobody known"),
			Cells: []ui.Cell{{Text: ch.Repository}, {Moment: r.Words.At(ch.At)}, {Outcome: outcome(ch.Outcome)}}}
		for _, name := range shown {
			row.Cells = append(row.Cells, ui.Cell{Outcome: outcome(ch.Attribute(name).Outcome)})
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = screen.Pager(len(rows), total, q, "/changes", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Changes", section, page), v))
}

// hiddenOf keeps a filter's other parts when somebody searches.
func hiddenOf(q map[string][]string, names ...string) []ui.Link {
	var out []ui.Link
	for _, name := range names {
		if len(q[name]) > 0 {
			out = append(out, screen.Hidden(name, q[name][0])...)
		}
	}
	return out
}

func (s *site) deploymentsList() screen.List {
	type x = *landing.Deployment
	read := func(r *screen.Request, after string) ([]x, string, error) {
		f, err := filter(r)
		if err != nil {
			return nil, "", err
		}
		rows, next, _, err := s.cfg.Changes.ListDeployments(r.Context(), r.Who, f, after, 500)
		return rows, next, err
	}
	attribute := func(d x, name string) landing.Attribute {
		for _, a := range d.Attributes {
			if a.Name == name {
				return a
			}
		}
		return landing.Attribute{Outcome: landing.NotApplicable}
	}
	return screen.Declare(screen.List{Name: "deployments", Title: "Deployments", Pattern: "GET /changes/deployments", Action: access.ChangeRead}, read, nil,
		screen.Column[x]{Key: "number", Title: "Deployment", Head: "=", Width: 12, Value: func(_ *screen.Cells, d x) any { return d.Ref() }},
		screen.Column[x]{Key: "repository", Title: "Repository", Head: "=", Width: 20, Value: func(_ *screen.Cells, d x) any { return d.Repository }},
		screen.Column[x]{Key: "environment", Title: "Environment", Head: "=", Width: 16, Value: func(_ *screen.Cells, d x) any { return d.Environment }},
		screen.Column[x]{Key: "at", Title: "Deployed", Head: "=", Width: 20, Value: func(_ *screen.Cells, d x) any { return d.At }},
		screen.Column[x]{Key: "commit", Title: "Commit", Width: 44, Value: func(_ *screen.Cells, d x) any { return d.Commit }},
		screen.Column[x]{Key: "by", Title: "By", Head: "=", Width: 24, Value: func(_ *screen.Cells, d x) any { return listed([]landing.Person{d.By}) }},
		screen.Column[x]{Key: "brought", Title: "Changes", Head: "=", Width: 10, Value: func(_ *screen.Cells, d x) any { return d.Brought }},
		screen.Column[x]{Key: "outcome", Title: "Outcome", Head: "=", Width: 16, Value: func(_ *screen.Cells, d x) any { return outcome(d.Outcome).Words() }},
		screen.Column[x]{Key: "merged", Title: "Of what was merged: why", Width: 60, Value: func(_ *screen.Cells, d x) any { return attribute(d, landing.Merged).Reason }},
		screen.Column[x]{Key: "segregated", Title: "By another person: why", Width: 60, Value: func(_ *screen.Cells, d x) any { return attribute(d, landing.Segregated).Reason }},
		screen.Column[x]{Key: "from", Title: "Read from", Width: 24, Value: func(_ *screen.Cells, d x) any { return d.From }},
	)
}

func (s *site) deployments(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	f, err := filter(r)
	if err != nil {
		return err
	}
	rows, next, total, err := s.cfg.Changes.ListDeployments(r.Context(), r.Who, f, q.Get("after"), screen.PageSize)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Changes", Href: "/changes"}, {Text: "Deployments"}}, Title: "Deployments", Note: "What reached an environment, held against what had been merged.", None: "No deployment fits.", Undo: "/changes/deployments",
		Search: ui.SearchBox{Path: "/changes/deployments", Value: q.Get("q"), Label: "Search deployments", Hidden: hiddenOf(q, "outcome", "manner")}}
	if total == 0 && len(q) == 0 {
		v.Empty = &ui.Empty{Title: "No deployment is known yet", Text: "Let the pipeline say what it brought where, with a token that may report deployments; GitHub's and GitLab's webhooks say it by themselves.",
			Criteria: []ui.Link{{Text: "CC8.1", Href: "/criteria/CC8.1"}}, Command: "attesta change deployed --repository billing --commit $(git rev-parse HEAD) --as admin"}
	}
	chips := []ui.Chip{{Text: "all", Href: screen.With(q, "/changes/deployments", "outcome", "", "after", ""), Current: q.Get("outcome") == ""}}
	for _, o := range []landing.Outcome{landing.Fail, landing.NotObserved, landing.Pass} {
		chips = append(chips, ui.Chip{Text: outcome(o).Words(), Href: screen.With(q, "/changes/deployments", "outcome", string(o), "after", ""), Current: q.Get("outcome") == string(o)})
	}
	waits := []ui.Chip{{Text: "any", Href: screen.With(q, "/changes/deployments", "manner", "", "after", ""), Current: q.Get("manner") == ""}}
	for _, k := range [][2]string{{"unanswered", "waits for an answer"}, {"production", "production"}, {"failure", "failed"}} {
		waits = append(waits, ui.Chip{Text: k[1], Href: screen.With(q, "/changes/deployments", "manner", k[0], "after", ""), Current: q.Get("manner") == k[0]})
	}
	v.Chips, v.Labels = [][]ui.Chip{chips, waits}, []string{"Outcome", "Kind"}
	v.Table = ui.Table{Caption: "Deployments, newest first", Columns: []ui.Column{{Text: "Deployment"}, {Text: "Repository"}, {Text: "Environment"}, {Text: "Deployed"}, {Text: "By"}, {Text: "Changes", N: true}, {Text: "Outcome"}}}
	for _, d := range rows {
		v.Table.Rows = append(v.Table.Rows, deploymentRow(r, d))
	}
	v.Table.Pager = screen.Pager(len(rows), total, q, "/changes/deployments", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Deployments", section, page), v))
}

func deploymentRow(r *screen.Request, d *landing.Deployment) ui.TableRow {
	why := ""
	for _, a := range d.Attributes {
		if a.Outcome == landing.Fail || a.Outcome == landing.NotObserved || why == "" && a.Name == landing.Merged {
			why = a.Reason
			if a.Outcome == landing.Fail {
				break
			}
		}
	}
	brought := ui.Cell{Text: fmt.Sprint(d.Brought), N: true}
	if len(d.Changes) > 0 && len(d.Changes) <= 3 {
		brought = ui.Cell{}
		for _, ref := range d.Changes {
			brought.Links = append(brought.Links, ui.Link{Text: ref, Href: "/changes/" + ref})
		}
	}
	return ui.TableRow{Head: ui.Link{Text: d.Ref() + " of " + short(d.Commit), Href: "/changes/deployments/" + d.Ref()}, Meta: why,
		Cells: []ui.Cell{{Text: d.Repository}, {Text: d.Environment}, {Moment: r.Words.At(d.At)}, {Text: screen.OrElse(listed([]landing.Person{d.By}), "not known")}, brought, {Outcome: outcome(d.Outcome), Tag: map[bool]string{true: "failed"}[d.State == "failure"]}}}
}
