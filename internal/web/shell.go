package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/web/ui"
)

// sections is the masthead: only pages that exist, each with what its reader
// needs.
func sections() []masthead {
	return []masthead{
		{"Home", []pageLink{{"", "/", access.PostureRead, true, ""}}},
		{"My work", nil}, // from areas
		{"Comply", []pageLink{{"Scope", "/scope", access.ScopeRead, false, ""}, {"Criteria", "/criteria", access.PostureRead, true, ""}, {"Controls", "/controls", access.ControlRead, true, ""}, {"Evidence", "/evidence", access.EvidenceRead, false, ""}, {"Library", "/controls/library", access.ControlRead, false, ""}, {"Crosswalks", "/crosswalks", access.ControlRead, false, ""}}},
		{"Organise", nil}, // all of it comes from areas
		{"Operate", []pageLink{{"Findings", "/findings", access.FindingRead, true, ""}, {"Hosts", "/hosts", access.HostRead, false, ""},
			{"Standards", "/standards", access.StandardRead, false, ""}, {"Waivers", "/waivers", access.WaiverRead, false, "Findings"}}},
		{"Audit", []pageLink{{"Engagements", "/engagements", access.EngagementRead, false, ""}, {"Timeline", "/timeline", access.EvidenceRead, false, ""}, {"Populations", "/populations", access.PopulationRead, false, ""}, {"Exclusions", "/exclusions", access.ExclusionRead, false, ""}, {"Tool reliance", "/reliance", access.RelianceRead, false, ""}}},
		{"Settings", []pageLink{{"Ledger", "/ledger", access.LedgerRead, false, ""}, {"Health", "/settings/health", access.HealthRead, false, ""}, {"Backup", "/settings/backup", access.BackupRead, false, ""}, {"Users", "/settings/users", access.UserRead, false, ""}, {"Mail", "/settings/mail", access.SettingsRead, false, ""}, {"Webhooks", "/settings/webhooks", access.SettingsRead, false, ""}, {"Login", "/settings/login", access.SettingsRead, false, ""}, {"Directory", "/settings/directory", access.UserRead, false, ""}}},
	}
}

// order is how the pages of a section follow one another where they come from
// several areas; those not named come last, as the areas give them.
var order = map[string][]string{
	"Organise": {"People", "Access reviews", "Training", "Vendors", "Risks", "Assets", "Diagrams", "Changes", "Places", "Governance"},
	"Operate":  {"Findings", "Hosts", "Endpoints", "Standards", "File integrity", "Components", "Reference hosts", "Segmentation", "Firewall review", "Backups", "Capacity"},
}

// grouped puts the pages in order, each behind the one that it stands under. Where
// that one is not there (a role that may not see it) the page stands by itself.
func grouped(section string, pages []ui.PageLink) []ui.PageLink {
	place := func(p ui.PageLink) int {
		if i := slices.Index(order[section], p.Text); i >= 0 {
			return i
		}
		return len(order[section])
	}
	pages = slices.SortedStableFunc(slices.Values(pages), func(a, b ui.PageLink) int { return place(a) - place(b) })
	var all []ui.PageLink
	for _, p := range pages {
		if p.Under != "" && slices.ContainsFunc(pages, func(x ui.PageLink) bool { return x.Text == p.Under }) {
			continue
		}
		p.Under = ""
		all = append(all, p)
		for _, below := range pages {
			if below.Under == p.Text {
				all = append(all, below)
			}
		}
	}
	return all
}

// goKeys are the keys that lead to a page after "g".
var goKeys = map[string]string{"/": "h", "/criteria": "c", "/controls": "k", "/findings": "f", "/hosts": "o", "/standards": "s", "/ledger": "l", "/work": "w"}

type masthead struct {
	name  string
	pages []pageLink
}

type pageLink struct {
	name   string
	path   string
	action access.Action
	period bool   // follows the period
	under  string // see screen.Page
}

// shell makes what stands around a screen. Where the ledger or a count cannot
// be read the screen still comes, and says so in its foot.
func (s *Site) shell(w http.ResponseWriter, r *request, title, section, page string) ui.Shell {
	sh := ui.Shell{Title: title, Section: section, Page: page, Path: r.URL.RequestURI(), Zone: r.words.zone.String(), System: r.system, Assets: s.assets, Demo: s.cfg.Demo}
	if c, err := r.Cookie(s.cookie("attesta-theme")); err == nil && (c.Value == "light" || c.Value == "dark") {
		sh.Theme = c.Value
	}
	if !r.who.Known() {
		return sh
	}
	sh.User, sh.Initials, sh.Flash = r.who.Name, initials(r.who.Name), s.said(w, r)
	rules := false
	for _, sec := range s.sections() {
		if r.who.Confined {
			break // nothing of it opens yet
		}
		item := ui.Section{Name: sec.name}
		for _, p := range sec.pages {
			if !access.May(r.who.Role, p.action) {
				continue
			}
			href := p.path
			if p.period {
				href = r.period.keep(p.path)
			}
			if item.Href == "" {
				item.Href = href
			}
			if p.name != "" {
				item.Pages = append(item.Pages, ui.PageLink{Link: ui.Link{Text: p.name, Href: href}, Under: p.under})
			}
			if key := goKeys[p.path]; key != "" {
				sh.Keys = append(sh.Keys, ui.Key{Key: key, Text: orElse(p.name, sec.name), Href: href})
			}
			if sec.name == section && p.name == page {
				rules = p.period
			}
		}
		if item.Href == "" {
			continue
		}
		item.Pages = grouped(sec.name, item.Pages)
		switch sec.name {
		case "Operate":
			item.Count = s.openCount(r)
		case "My work":
			item.Count = s.workCount(r, sh.Flash != "")
		}
		sh.Sections = append(sh.Sections, item)
	}
	sh.Inbox = s.unread(r)
	sh.Period = r.periodView(rules)
	sh.Tools = s.listTools(r)
	sh.Ledger.Href = "/ledger"
	if head, err := s.cfg.Ledger.Head(r.Context()); err == nil {
		sh.Ledger.Size = ui.Number(head.Size)
		sh.Ledger.Anchor = "not yet anchored outside"
		if head.Anchored {
			sh.Ledger.Anchor = "anchored outside up to " + ui.Number(head.AnchoredSize)
		}
		from := head.Size
		if sh.Flash != "" { // what the reader just did is no news to them
			if st, err := s.cfg.Ledger.Status(r.Context()); err == nil {
				from += st.Waiting
			}
		}
		if access.May(r.who.Role, access.PostureRead) { // what the stream needs
			sh.Live.URL = "/events?" + url.Values{"from": {strconv.FormatInt(from, 10)}}.Encode()
		}
	} else {
		s.cfg.Logger.WarnContext(r.Context(), "the ledger's head could not be read", "err", err)
	}
	return sh
}

// flashCookie carries one sentence over a redirect.
const flashCookie = "attesta-said"

func (s *Site) flash(w http.ResponseWriter, text string) {
	http.SetCookie(w, &http.Cookie{Name: s.cookie(flashCookie), Value: url.QueryEscape(text), Path: "/", HttpOnly: true, Secure: s.secure,
		SameSite: http.SameSiteStrictMode, MaxAge: 30})
}

// said gives what was just done, once.
func (s *Site) said(w http.ResponseWriter, r *request) string {
	c, err := r.Cookie(s.cookie(flashCookie))
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookie(flashCookie), Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.secure})
	text, err := url.QueryUnescape(c.Value)
	if err != nil {
		return ""
	}
	return text
}

// scope reads the organisation's name for the system and its time zone. Where
// that cannot be read, times are in UTC and the foot says so.
func (s *Site) scope(ctx context.Context, now time.Time) (system string, zone *time.Location) {
	p, err := s.cfg.Controls.Program(ctx, access.System())
	if err != nil {
		if ctx.Err() == nil { // a reader who went away is nothing to report
			s.cfg.Logger.WarnContext(ctx, "the scope could not be read", "err", err)
		}
		return "", time.UTC
	}
	sc := p.ScopeAt(now, -1)
	return sc.Name(), sc.Location()
}

// workCount is the number of things that wait for the reader, or nothing where it
// cannot be read or there is none. What they just did is counted already.
func (s *Site) workCount(r *request, did bool) string {
	if s.cfg.Work == nil {
		return ""
	}
	n, err := s.cfg.Work(r.Context(), r.who, did)
	if err != nil {
		if r.Context().Err() == nil {
			s.cfg.Logger.WarnContext(r.Context(), "work could not be counted", "err", err)
		}
		return ""
	}
	if n == 0 {
		return ""
	}
	return ui.Number(n)
}

// openCount is the number of findings that need a person, or nothing where it
// cannot be read or there is none.
func (s *Site) openCount(r *request) string {
	if !access.May(r.who.Role, access.FindingRead) {
		return ""
	}
	sum, err := s.cfg.Findings.Summary(r.Context(), finding.Filter{States: needy()})
	if err != nil {
		s.cfg.Logger.WarnContext(r.Context(), "findings could not be counted", "err", err)
		return ""
	}
	n := sum.States[finding.Open] + sum.States[finding.Acknowledged]
	if n == 0 {
		return ""
	}
	return ui.Number(n)
}

// names gives display names for pseudonyms: users by what they are called,
// sources by their host.
func (s *Site) names(ctx context.Context, ids []string) map[string]string {
	m, err := s.cfg.Access.Names(ctx, ids)
	if err != nil {
		s.cfg.Logger.WarnContext(ctx, "names could not be read", "err", err)
		return nil
	}
	return m
}
