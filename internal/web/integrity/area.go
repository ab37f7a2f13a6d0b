// Package integrity is the screens of changed files: what changed on watched hosts,
// whether a ticket, a package or configuration management accounts for it, who
// explained the rest, and which state of a host's files was approved. Rules are
// those of internal/operations/integrity.
package integrity

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	section = "Operate"
	page    = "File integrity"
	root    = "/integrity"
	most    = 500 // rows that are read at once for a file
)

// Config is what the screens depend on. All is required.
type Config struct {
	Integrity *integrity.Service
	Baselines *baseline.Service
	// Findings gives the findings about a watched host's files that are not closed.
	Findings func(ctx context.Context, p access.Principal, source string) ([]Finding, error)
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

// Finding is one, of an attribute of a check.
type Finding struct{ Ref, Title, State, Attribute string }

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: append(s.baselineRoutes(), []screen.Route{
			{Pattern: "GET /integrity", Action: access.IntegrityRead, Handle: s.groups},
			{Pattern: "GET /integrity/path", Action: access.IntegrityRead, Handle: s.path},
			{Pattern: "GET /integrity/changes", Action: access.IntegrityRead, Handle: s.changes},
			{Pattern: "GET /integrity/hosts", Action: access.IntegrityRead, Handle: s.hosts},
			{Pattern: "GET /integrity/tools", Action: access.IntegrityRead, Handle: s.tools},
			{Pattern: "POST /integrity/tools", Action: access.IntegrityTool, Handle: s.addTool},
			{Pattern: "GET /integrity/tools/{ref}", Action: access.IntegrityRead, Handle: s.tool},
			{Pattern: "POST /integrity/tools/{ref}/change", Action: access.IntegrityTool, Handle: s.changeTool},
			{Pattern: "POST /integrity/tools/{ref}/end", Action: access.IntegrityTool, Handle: s.endTool},
			{Pattern: "POST /integrity/tools/{ref}/run", Action: access.IntegrityRun, Handle: s.makeRun},
			{Pattern: "GET /integrity/{ref}", Action: access.IntegrityRead, Handle: s.group},
			{Pattern: "POST /integrity/{ref}/explain", Action: access.IntegrityExplain, Handle: s.explain},
			{Pattern: "GET /hosts/{id}/changes", Action: access.IntegrityRead, Handle: s.history},
		}...),
		Pages: []screen.Page{{Section: section, Name: page, Path: root, Action: access.IntegrityRead}, {Section: section, Name: baselinesPage, Path: baselinesPath, Action: access.IntegrityRead, Under: page}},
		Lists: []screen.List{s.groupList(), s.changeList(), s.baselineHosts(), s.snapshotList()},
		Doings: []screen.Doing{{Name: "Changes that nobody explained", Path: root + "?state=open", Action: access.IntegrityRead},
			{Name: "Hosts whose files are watched", Path: root + "/hosts", Action: access.IntegrityRead},
			{Name: "Compare the files of two hosts", Path: comparePath, Action: access.IntegrityRead},
			{Name: "Ask hosts for snapshots", Path: baselinesPath + "/ask", Action: access.IntegrityApprove},
			{Name: "Register a tool of configuration management", Path: root + "/tools#new", Action: access.IntegrityTool}},
		Finds:  []screen.Finder{{Kind: "changed files", Action: access.IntegrityRead, Find: s.find}},
		OnHost: s.onHost,
	}
}

func (s *site) find(r *screen.Request, asked string) ([]screen.Found, error) {
	if !strings.HasPrefix(asked, "ic-") {
		return nil, nil
	}
	g, err := s.cfg.Integrity.Group(r.Context(), r.Who, asked)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []screen.Found{{Name: g.Ref + " " + what(&g.Group) + " on " + g.Host, Words: asked, Href: root + "/" + g.Ref}}, nil
}

// word is how a group's verdict is shown, with what became of it.
func word(g *integrity.Group) ui.Verdict {
	switch {
	case g.Verdict != verdict.Unexplained:
		return ui.Verdict(g.Verdict)
	case g.State == integrity.Explained:
		return "explained"
	case g.State == integrity.Undone:
		return "undone"
	case g.Exceeded:
		return "exceeded"
	}
	return "unexplained"
}

var stateWords = map[integrity.State]string{integrity.Open: "open", integrity.Explained: "explained", integrity.Undone: "undone", integrity.Settled: "settled"}

// what says in a few words what a group is.
func what(g *integrity.Group) string {
	switch {
	case g.Verdict == verdict.ByPackage && g.Package != "":
		name := strings.TrimSpace(g.Package + " " + g.Version)
		if g.Packages > 1 {
			name += " and " + ui.Many(g.Packages-1, "other package", "other packages")
		}
		return name
	case g.Verdict == verdict.ByTicket || g.Verdict == verdict.ByManagement:
		return ui.Many(g.Count, "file", "files") + " of " + screen.OrElse(g.Ticket, "a ticket")
	case len(g.Paths) == 0:
		return ui.Many(g.Count, "changed file", "changed files")
	}
	name := g.Paths[0]
	if g.Count > 1 {
		name += " and " + ui.Many(g.Count-1, "other change", "other changes")
	}
	return name
}

// unknown is who did what nobody knows of.
const unknown = "not known"

// by says who did it, as far as anybody knows.
func by(g *integrity.Group) string {
	who := screen.OrElse(g.Login, g.User)
	if g.Login != "" && g.User != "" && g.Login != g.User {
		who = g.Login + " as " + g.User
	}
	program := ""
	if g.Program != "" {
		program = path.Base(g.Program)
	}
	switch {
	case who == "" && program == "":
		return unknown
	case program == "":
		return who
	case who == "":
		return program
	}
	return who + ", " + program
}

// fields are the names of a filter in an address.
var fields = []string{"verdict", "state", "class", "limit", "host", "path", "package", "login", "program", "ticket", "person", "update", "from", "to"}

var states = []integrity.State{integrity.Open, integrity.Explained, integrity.Undone, integrity.Settled}

// filter reads a list's filter from an address.
func filter(r *screen.Request) (f integrity.Filter, err error) {
	q := r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	f = integrity.Filter{Verdict: verdict.Kind(get("verdict")), State: integrity.State(get("state")), Class: verdict.Class(get("class")), Exceeded: get("limit") == "exceeded", Host: get("host"), Path: screen.OrElse(get("path"), get("q")), Package: get("package"),
		Login: get("login"), Program: get("program"), Ticket: get("ticket"), Person: get("person"), Fleet: get("update"), Limit: screen.PageSize}
	for _, x := range []struct {
		field, is string
		ok        bool
		words     string
	}{{"verdict", string(f.Verdict), f.Verdict == "" || slices.Contains(verdict.Kinds(), f.Verdict), "unexplained, ticket, package, management, reverts"},
		{"state", string(f.State), f.State == "" || slices.Contains(states, f.State), "open, explained, undone, settled"},
		{"class", string(f.Class), f.Class == "" || slices.Contains(verdict.Classes(), f.Class), "system, configuration, content"}} {
		if !x.ok {
			return f, fault.New(fault.Invalid, "%.40q is no %s of changes", x.is, x.field).At("", 0, x.field).WithHint("%s", x.words)
		}
	}
	if f.From, err = r.FirstMoment(q.Get("from"), "from"); err != nil {
		return f, err
	}
	f.To, err = r.LastMoment(q.Get("to"), "to")
	return f, err
}

// search gives the fields that narrow a list, beside its chips.
func search(q url.Values, at string, class bool, without ...string) ui.SearchBox {
	b := ui.SearchBox{Path: at, Value: q.Get("q"), Label: "Path, or a part of one"}
	keep := []string{"verdict", "state", "limit", "update", "person"}
	if class {
		keep = append(keep, "class")
	}
	for _, name := range keep {
		b.Hidden = append(b.Hidden, screen.Hidden(name, q.Get(name))...)
	}
	for _, f := range []ui.Field{{Name: "host", Label: "Host"}, {Name: "package", Label: "Package"}, {Name: "login", Label: "Who had logged in"}, {Name: "program", Label: "Program"}, {Name: "ticket", Label: "Change or run"}, {Name: "from", Label: "From", Kind: "date"}, {Name: "to", Label: "To", Kind: "date"}} {
		if slices.Contains(without, f.Name) {
			continue
		}
		f.Value = q.Get(f.Name)
		b.Open = b.Open || f.Value != ""
		b.More = append(b.More, f)
	}
	return b
}

// chips are the values of one filter, with the address that each leads to.
func chips(q url.Values, at, field string, pairs ...ui.Chip) []ui.Chip {
	var out []ui.Chip
	for _, c := range pairs {
		value := c.Href
		c.Current = q.Get(field) == value
		c.Href = screen.With(q, at, field, value, "after", "")
		out = append(out, c)
	}
	return out
}

func (s *site) crumbs(links ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: page, Href: root}}, links...)
}

// ago says how long something is past.
func ago(r *screen.Request, t time.Time) string { return screen.Span(r.Now.Sub(t)) + " ago" }

// empty teaches what has to be there before anything stands here.
func empty(watched int64) *ui.Empty {
	e := &ui.Empty{Title: "What changes on your hosts stands here", Text: "The agent of an enrolled host watches programs, configuration and content, and tells who changed what. Each change is held against approved changes, the package manager and runs of configuration management; what none of them accounts for waits here for a person. An auditor asks for exactly that: which changes were unauthorised, and what was done about them.",
		Criteria: []ui.Link{{Text: "CC7.1", Href: "/criteria/CC7.1"}, {Text: "CC6.8", Href: "/criteria/CC6.8"}, {Text: "CC8.1", Href: "/criteria/CC8.1"}}, Until: "Until a host watches its files nothing says that they did not change.", Actions: []ui.Link{{Text: "See the hosts", Href: "/hosts"}, {Text: "Register a tool", Href: root + "/tools"}}}
	if watched > 0 {
		e.Title = ui.Many(watched, "host watches its files", "hosts watch their files") + ", and none has changed"
		e.Actions = append([]ui.Link{{Text: "How they are watched", Href: root + "/hosts"}}, e.Actions...)
		return e
	}
	e.Command = "attesta-agent run --integrity on"
	return e
}
