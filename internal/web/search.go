package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	maxHits  = 20  // of one search; what can be done and opened is shown whole before anything is asked
	maxOfOne = 6   // of one kind
	maxAsked = 100 // bytes
)

// hit is something that was found; rank 0 is the best.
type hit struct {
	ui.Hit
	rank int
}

// rank says how well a name and words fit what was asked: 0 the name itself, 1 the
// name begins with it, 2 every word begins a word, 3 every word is in it; -1 not.
func rank(asked, name, words string) int {
	name = strings.ToLower(name)
	text := name + " " + strings.ToLower(words)
	switch {
	case name == asked:
		return 0
	case strings.HasPrefix(name, asked):
		return 1
	}
	best := 2
	for _, w := range strings.Fields(asked) {
		switch i := strings.Index(" "+text, " "+w); {
		case i >= 0:
		case strings.Contains(text, w):
			best = 3
		default:
			return -1
		}
	}
	return best
}

// finder finds objects of one kind that who asks may see.
type finder struct {
	kind   string
	action access.Action
	find   func(s *Site, r *request, asked string) ([]hit, error)
}

// finders are all kinds, in the order in which equal hits stand. Nothing here reads
// all findings: one is found by its number, and many by the check that opened them.
func finders() []finder {
	return []finder{
		{"finding", access.FindingRead, findFindings}, {"criterion", access.PostureRead, findCriteria}, {"control", access.ControlRead, findControls},
		{"host", access.HostRead, findHosts(host.Population)}, {"database", access.HostRead, findHosts(host.Databases)}, {"check", access.StandardRead, findChecks}, {"standard", access.StandardRead, findStandards}, {"evidence", access.EvidenceRead, findEvidence},
		{"waiver", access.WaiverRead, findWaivers}, {"population", access.PopulationRead, findPopulations}, {"engagement", access.EngagementRead, findEngagements},
		{"user", access.UserRead, findUsers},
	}
}

// doings are what can be done from anywhere, each with the role that may.
func doings() []pageLink {
	return []pageLink{
		{"Add evidence", "/evidence/new", access.EvidenceAdd, false, ""}, {"Ask for a waiver", "/waivers/new", access.WaiverAsk, false, ""},
		{"Leave something out", "/exclusions/new", access.ExclusionAsk, false, ""}, {"Define a population", "/populations/new", access.PopulationEdit, false, ""},
		{"Set up an engagement", "/engagements/new", access.EngagementEdit, false, ""}, {"Write the scope", "/scope/edit", access.ScopeEdit, false, ""},
		{"Add a user", "/settings/users", access.UserManage, false, ""}, {"Make a token", "/account/tokens", access.SessionManageOwn, false, ""},
		{"Change the password", "/account", access.SessionManageOwn, false, ""}, {"Set up a second factor", "/account/second", access.SessionManageOwn, false, ""},
	}
}

// found gives what fits, best first.
func (s *Site) found(r *request, asked string) ([]ui.Hit, error) {
	asked = strings.ToLower(strings.Join(strings.Fields(asked), " "))
	if len(asked) > maxAsked {
		return nil, fault.New(fault.Invalid, "at most %d letters are looked for", maxAsked).At("", 0, "q")
	}
	var all []hit
	add := func(kind, name, href string) {
		if n := rank(asked, name, ""); n >= 0 {
			all = append(all, hit{ui.Hit{Kind: kind, Name: name, Href: href}, n})
		}
	}
	for _, d := range s.doings() {
		if access.Authorise(r.who, d.action) == nil {
			add("action", d.name, d.path)
		}
	}
	for _, sec := range s.sections() {
		for _, p := range sec.pages {
			if access.Authorise(r.who, p.action) == nil {
				add("screen", orElse(p.name, "Home"), p.path)
			}
		}
	}
	if asked != "" {
		for _, f := range slices.Concat(finders(), s.areaFinders()) {
			if access.Authorise(r.who, f.action) != nil {
				continue
			}
			hits, err := f.find(s, r, asked)
			if err != nil {
				return nil, err
			}
			slices.SortStableFunc(hits, func(a, b hit) int { return a.rank - b.rank })
			for _, h := range hits[:min(len(hits), maxOfOne)] {
				h.Kind = f.kind
				all = append(all, h)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b hit) int { return a.rank - b.rank })
	most := maxHits
	if asked == "" {
		most = len(all)
	}
	out := make([]ui.Hit, 0, most)
	for _, h := range all[:min(len(all), most)] {
		out = append(out, h.Hit)
	}
	return out, nil
}

// fitting adds a hit where a name or its words fit.
func fitting(list []hit, asked, name, words, href string) []hit {
	if n := rank(asked, name, words); n >= 0 {
		return append(list, hit{ui.Hit{Name: name, Text: words, Href: href}, n})
	}
	return list
}

func findFindings(s *Site, r *request, asked string) ([]hit, error) {
	if !strings.HasPrefix(asked, "f-") {
		return nil, nil
	}
	f, err := s.cfg.Findings.Get(r.Context(), strings.ToUpper(asked))
	if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Invalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []hit{{ui.Hit{Name: f.Ref(), Text: f.Title + ", " + f.ItemName, Href: "/findings/" + f.Ref()}, 0}}, nil
}

func findCriteria(_ *Site, _ *request, asked string) (out []hit, err error) {
	for _, c := range catalog.All() {
		out = fitting(out, asked, c.ID, c.Title, "/criteria/"+c.ID)
	}
	return out, nil
}

func findControls(s *Site, r *request, asked string) (out []hit, err error) {
	p, err := s.cfg.Controls.Program(r.Context(), r.who)
	if err != nil {
		return nil, err
	}
	for _, c := range p.Controls {
		out = fitting(out, asked, fmt.Sprintf("C-%d", c.Number), c.Current().Design.Title, "/controls/"+c.Slug)
	}
	return out, nil
}

// findHosts finds what an agent or a connector reads. One that is called just so
// comes first however many begin like it.
func findHosts(population string) func(*Site, *request, string) ([]hit, error) {
	return func(s *Site, r *request, asked string) (out []hit, err error) {
		list, _, _, err := s.cfg.Hosts.Sorted(r.Context(), host.Filter{Population: population, Query: asked}, host.ByName, "", 4*maxOfOne)
		for _, h := range list {
			out = fitting(out, asked, h.Name, h.OS, "/hosts/"+h.ID)
		}
		return out, err
	}
}

func findStandards(s *Site, r *request, asked string) (out []hit, err error) {
	all, err := s.cfg.Standards.List(r.Context())
	for _, x := range all {
		out = fitting(out, asked, x.Title, x.Pack+" "+x.Version, "/standards/"+x.ID)
	}
	return out, err
}

func findChecks(s *Site, r *request, asked string) (out []hit, err error) {
	set, err := s.cfg.Standards.InForce(r.Context(), nil)
	if err != nil {
		return nil, err
	}
	for _, c := range set.Checks {
		out = fitting(out, asked, shortCheck(c.ID), c.Title, "/checks/"+c.ID)
	}
	return out, nil
}

func findEvidence(s *Site, r *request, asked string) (out []hit, err error) {
	f := evidence.Filter{Text: asked, Limit: maxOfOne}
	if n, err := evidence.ParseRef(strings.ToUpper(asked)); err == nil { // its number: the first below the next one
		f = evidence.Filter{Below: n + 1, Limit: 1}
	}
	list, _, err := s.cfg.Evidence.List(r.Context(), r.who, f)
	for _, x := range list {
		out = fitting(out, asked, x.Ref(), titleOf(x.Version), "/evidence/"+x.Ref())
	}
	return out, err
}

func findWaivers(s *Site, r *request, asked string) (out []hit, err error) {
	page, err := s.cfg.Waivers.List(r.Context(), waiver.Filter{Query: asked}, "", maxOfOne)
	for _, x := range page.Waivers {
		out = fitting(out, asked, x.Ref(), x.About(), "/waivers/"+x.Ref())
	}
	return out, err
}

func findPopulations(s *Site, r *request, asked string) (out []hit, err error) {
	all, err := s.cfg.Populations.Definitions(r.Context())
	for _, d := range all {
		out = fitting(out, asked, d.Newest().Title, d.Slug, "/populations/"+d.Slug)
	}
	return out, err
}

func findEngagements(s *Site, r *request, asked string) (out []hit, err error) {
	list, err := s.cfg.Engagements.List(r.Context(), r.who) // an auditor's own
	if err != nil {
		return nil, err
	}
	for _, g := range list {
		out = fitting(out, asked, g.Title, g.Firm, engagementPath(g.Number))
		requests, err := s.cfg.Engagements.Requests(r.Context(), r.who, g.Number)
		if err != nil {
			return nil, err
		}
		for _, q := range requests {
			out = fitting(out, asked, q.Ref, shorten(q.Text, 100), engagementPath(g.Number, "requests", q.Ref))
		}
	}
	return out, nil
}

func findUsers(s *Site, r *request, asked string) (out []hit, err error) {
	all, err := s.cfg.Access.Users(r.Context(), r.who)
	for _, u := range all {
		href := "/settings/users"
		if access.Authorise(r.who, access.UserManage) == nil {
			href += "/" + u.ID
		}
		out = fitting(out, asked, u.Name, u.Login, href)
	}
	return out, err
}

// search answers: where is it, and how do I do that? As a page, or with part as the
// list of options that the palette shows.
func (s *Site) search(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	hits, err := s.found(r, q.Get("q"))
	if err != nil {
		return err
	}
	if q.Get("part") != "" {
		return s.render(w, r, http.StatusOK, ui.Hits(hits))
	}
	v := ui.SearchView{Asked: q.Get("q"), Hits: hits, Title: "Search"}
	if v.Asked != "" {
		v.Title = fmt.Sprintf("%s for “%s”", many(len(hits), "hit", "hits"), v.Asked)
		if len(hits) == maxHits {
			v.Title = fmt.Sprintf("The first %d hits for “%s”", maxHits, v.Asked)
		}
	}
	return s.render(w, r, http.StatusOK, ui.Search(s.shell(w, r, v.Title, "", ""), v))
}
