package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/scope"
)

// itoa writes a number as machines read it.
func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// allLists is every list that has files and views.
func allLists() []list {
	return []list{
		findingsList(), hostsList(), criteriaList(), controlsList(), evidenceOfList(), standardsList(), checksList(), waiversList(), exclusionsList(),
		populationsList(), engagementsList(), requestsList(), usersList(), ledgerList(), backupsList(),
	}
}

func findingsList() list {
	read := func(s *Site, r *request, after string) ([]finding.Finding, string, error) {
		if r.period.past() || r.period.problem != "" {
			f, _, err := findingsFilterThen(r.URL.Query())
			if err != nil {
				return nil, "", err
			}
			at, err := s.at(r.Context(), r)
			if err != nil {
				return nil, "", err
			}
			page, err := s.cfg.Findings.ListAt(r.Context(), outcome.At{Valid: at.Valid, Known: at.Known}, f, after, exportPage)
			return page.Findings, page.Next, err
		}
		f, order, err := findingsFilter(r)
		if err != nil {
			return nil, "", err
		}
		page, err := s.cfg.Findings.List(r.Context(), f, order, after, exportPage)
		return page.Findings, page.Next, err
	}
	type f = finding.Finding
	return chosen(declare(list{name: "findings", title: "Findings", pattern: "GET /findings", action: access.FindingRead, period: true}, read,
		func(x f) []string { return []string{x.AcknowledgedBy, x.Owner} },
		col[f]{"number", "Number", "=", 10, func(_ *cells, x f) any { return x.Ref() }},
		col[f]{"title", "What fails", "=", 48, func(_ *cells, x f) any { return x.Title }},
		col[f]{"check", "Check", "", 34, func(_ *cells, x f) any { return x.Check }},
		col[f]{"attribute", "Attribute", "", 24, func(_ *cells, x f) any { return x.Attribute }},
		col[f]{"item", "Item", "=", 20, func(_ *cells, x f) any { return x.ItemName }},
		col[f]{"item_id", "Item's id", "", 28, func(_ *cells, x f) any { return x.Item }},
		col[f]{"severity", "Severity", "=", 10, func(_ *cells, x f) any { return x.Severity }},
		col[f]{"state", "State", "=", 14, func(_ *cells, x f) any { return string(x.State) }},
		col[f]{"reason", "Why it is in this state", "", 48, func(_ *cells, x f) any { return x.Reason }},
		col[f]{"opened_at", "Opened", "=", 20, func(_ *cells, x f) any { return x.OpenedAt }},
		col[f]{"due", "Due", "=", 20, func(_ *cells, x f) any { return x.Due }},
		col[f]{"overdue", "Late", "", 8, func(c *cells, x f) any { return !c.period.past() && x.Overdue(c.now) }},
		col[f]{"owner", "Owner", "", 20, func(c *cells, x f) any { return c.who(x.Owner) }},
		col[f]{"acknowledged_at", "Taken on", "", 20, func(_ *cells, x f) any { return x.AcknowledgedAt }},
		col[f]{"acknowledged_by", "Taken on by", "", 20, func(c *cells, x f) any { return c.who(x.AcknowledgedBy) }},
		col[f]{"waived_until", "Waived until", "", 20, func(_ *cells, x f) any { return x.WaivedUntil }},
		col[f]{"closed_at", "Closed", "", 20, func(_ *cells, x f) any { return x.ClosedAt }},
		col[f]{"changed_at", "In this state since", "", 20, func(_ *cells, x f) any { return x.ChangedAt }},
		col[f]{"reopened", "Reopened", "", 10, func(_ *cells, x f) any { return x.Reopened }},
	), read, func(x f) string { return x.ID })
}

func hostsList() list {
	read := func(s *Site, r *request, after string) ([]host.Host, string, error) {
		q := r.URL.Query()
		rows, next, _, err := s.cfg.Hosts.Sorted(r.Context(), hostFilter(q), host.Order(q.Get("sort")), after, exportPage)
		return rows, next, err
	}
	type h = host.Host
	state := func(x h) string {
		switch {
		case !x.RetiredAt.IsZero():
			return string(host.Retired)
		case !x.ExcludedAt.IsZero():
			return string(host.Excluded)
		case x.Silent:
			return string(host.IsSilent)
		}
		return string(host.Heard)
	}
	return chosen(declare(list{name: "hosts", title: "Hosts", pattern: "GET /hosts", action: access.HostRead}, read, nil,
		col[h]{"host", "Host", "=", 24, func(_ *cells, x h) any { return x.Name }},
		col[h]{"id", "Id", "", 30, func(_ *cells, x h) any { return x.ID }},
		col[h]{"system", "System", "=", 30, func(_ *cells, x h) any { return x.OS }},
		col[h]{"owner", "Owner", "=", 20, func(_ *cells, x h) any { return x.Owner }},
		col[h]{"environment", "Environment", "", 14, func(_ *cells, x h) any { return x.Environment }},
		col[h]{"class", "Data", "", 14, func(_ *cells, x h) any { return x.Class }},
		col[h]{"tags", "Tags", "", 20, func(_ *cells, x h) any { return x.Tags }},
		col[h]{"state", "State", "", 12, func(_ *cells, x h) any { return state(x) }},
		col[h]{"last_heard", "Last heard", "=", 20, func(_ *cells, x h) any { return x.LastSeen }},
		col[h]{"first_heard", "First heard", "", 20, func(_ *cells, x h) any { return x.FirstSeen }},
		col[h]{"agent", "Agent", "", 12, func(_ *cells, x h) any { return x.AgentVersion }},
		col[h]{"judgements", "Judgements", "Outcomes", 12, func(_ *cells, x h) any { return x.Counts.Total() }},
		col[h]{"fail", "Fail", "=", 8, func(_ *cells, x h) any { return x.Counts.Fail }},
		col[h]{"error", "Error", "Not known", 8, func(_ *cells, x h) any { return x.Counts.Error }},
		col[h]{"not_observed", "Not observed", "Not known", 12, func(_ *cells, x h) any { return x.Counts.NotObserved }},
		col[h]{"not_applicable", "Not applicable", "", 12, func(_ *cells, x h) any { return x.Counts.NotApplicable }},
		col[h]{"waived", "Waived", "", 8, func(_ *cells, x h) any { return x.Counts.Waived }},
		col[h]{"pass", "Pass", "=", 8, func(_ *cells, x h) any { return x.Counts.Pass }},
	), read, func(x h) string { return x.ID })
}

func criteriaList() list {
	type c = posture.Criterion
	read := func(s *Site, r *request) ([]c, error) {
		at, err := s.at(r.Context(), r)
		if err != nil {
			return nil, err
		}
		snap, err := s.cfg.Posture.Criteria(r.Context(), at)
		var shown []c
		for _, x := range snap.Criteria {
			if criterionShown(r.URL.Query(), x) {
				shown = append(shown, x)
			}
		}
		return shown, err
	}
	return declare(list{name: "criteria", title: "Criteria", pattern: "GET /criteria", action: access.PostureRead, period: true}, whole(read), nil,
		col[c]{"criterion", "Criterion", "=", 10, func(_ *cells, x c) any { return x.ID }},
		col[c]{"title", "Title", "", 48, func(_ *cells, x c) any { return x.Title }},
		col[c]{"status", "Status", "Today", 22, func(_ *cells, x c) any { return statusWords(x.Status) }},
		col[c]{"draft", "Rests on a draft", "", 10, func(_ *cells, x c) any { return x.Draft }},
		col[c]{"why", "Why", "", 60, func(_ *cells, x c) any { return x.Why }},
		col[c]{"since", "Since", "", 20, func(_ *cells, x c) any { return x.Since }},
		col[c]{"observed", "Observed", "Coverage", 10, func(_ *cells, x c) any { return x.Coverage.Observed }},
		col[c]{"expected", "Expected", "Coverage", 10, func(_ *cells, x c) any { return x.Coverage.Expected }},
		col[c]{"controls", "Controls", "=", 10, func(_ *cells, x c) any { return len(x.Controls) }},
		col[c]{"key_controls", "Key controls", "", 10, func(_ *cells, x c) any { return x.Key }},
		col[c]{"points_addressed", "Points of focus addressed", "Points of focus", 12, func(_ *cells, x c) any { return x.Addressed }},
		col[c]{"points", "Points of focus that apply", "Points of focus", 12, func(_ *cells, x c) any { return x.Points }},
	)
}

func controlsList() list {
	type c = posture.Control
	read := func(s *Site, r *request) ([]c, error) {
		at, err := s.at(r.Context(), r)
		if err != nil {
			return nil, err
		}
		all, err := s.cfg.Posture.Controls(r.Context(), at)
		var shown []c
		for _, x := range all {
			if controlShown(r.URL.Query(), x) {
				shown = append(shown, x)
			}
		}
		return shown, err
	}
	return declare(list{name: "controls", title: "Controls", pattern: "GET /controls", action: access.ControlRead, period: true}, whole(read), nil,
		col[c]{"number", "Number", "", 8, func(_ *cells, x c) any { return fmt.Sprintf("C-%d", x.Number) }},
		col[c]{"control", "Control", "=", 48, func(_ *cells, x c) any { return x.Title }},
		col[c]{"slug", "Name in addresses", "", 30, func(_ *cells, x c) any { return x.Slug }},
		col[c]{"key", "Key", "Kind", 8, func(_ *cells, x c) any { return x.Key }},
		col[c]{"automated", "Automated", "Kind", 10, func(_ *cells, x c) any { return automatedControl(x) }},
		col[c]{"owner", "Owner", "", 20, func(_ *cells, x c) any { return x.Design.Owner }},
		col[c]{"criteria", "Criteria", "=", 24, func(_ *cells, x c) any { return x.Criteria }},
		col[c]{"checks", "Checks", "=", 8, func(_ *cells, x c) any { return len(x.Checks) }},
		col[c]{"status", "Status", "=", 22, func(_ *cells, x c) any { return statusWords(x.Status) }},
		col[c]{"draft", "Rests on a draft", "", 10, func(_ *cells, x c) any { return x.Draft }},
		col[c]{"why", "Why", "", 60, func(_ *cells, x c) any { return x.Why }},
		col[c]{"observed", "Observed", "Coverage", 10, func(_ *cells, x c) any { return x.Coverage.Observed }},
		col[c]{"expected", "Expected", "Coverage", 10, func(_ *cells, x c) any { return x.Coverage.Expected }},
	)
}

func evidenceOfList() list {
	type e = evidence.Seen
	read := func(s *Site, r *request, after string) ([]e, string, error) {
		f, err := evidenceFilter(r.URL.Query(), after, exportPage)
		if err != nil {
			return nil, "", err
		}
		rows, more, err := s.cfg.Evidence.List(r.Context(), r.who, f)
		if err != nil || !more {
			return rows, "", err
		}
		return rows, rows[len(rows)-1].Ref(), nil
	}
	return declare(list{name: "evidence", title: "Evidence", pattern: "GET /evidence", action: access.EvidenceRead}, read,
		func(x e) []string { return []string{x.Made.By} },
		col[e]{"evidence", "Evidence", "=", 10, func(_ *cells, x e) any { return x.Ref() }},
		col[e]{"title", "Title", "", 40, func(_ *cells, x e) any { return titleOf(x.Version) }},
		col[e]{"version", "Version", "", 8, func(_ *cells, x e) any { return x.Version.Version }},
		col[e]{"kind", "Kind", "", 24, func(_ *cells, x e) any { return kindOf(x.Version) }},
		col[e]{"shows", "Shows", "=", 40, func(c *cells, x e) any {
			var all []string
			for _, k := range x.Covers {
				all = append(all, k.Control+": "+coverWords(c.words, k))
			}
			return strings.Join(all, "; ")
		}},
		col[e]{"review", "Review", "=", 16, func(_ *cells, x e) any { return x.Standing().Words() }},
		col[e]{"performed", "Performed", "=", 20, func(_ *cells, x e) any { return x.Performed }},
		col[e]{"covers_from", "Covers from", "Covers", 20, func(_ *cells, x e) any { return x.From }},
		col[e]{"covers_to", "Covers to, excluded", "Covers", 20, func(_ *cells, x e) any { return x.To }},
		col[e]{"collected", "Collected", "=", 20, func(_ *cells, x e) any { return x.Version.Collected }},
		col[e]{"fresh_until", "Fresh until", "=", 20, func(_ *cells, x e) any { return x.Stale }},
		col[e]{"marks", "Marks", "", 24, func(_ *cells, x e) any { return strings.Join(marksOf(x), "; ") }},
		col[e]{"brought_by", "Brought by", "", 20, func(c *cells, x e) any { return c.who(x.Made.By) }},
		col[e]{"digest", "SHA-256", "", 64, func(_ *cells, x e) any { return x.Digest }},
	)
}

func standardsList() list {
	type st = standard.Standard
	read := func(s *Site, r *request) ([]st, error) {
		all, err := s.cfg.Standards.List(r.Context())
		if err != nil {
			return nil, err
		}
		want, err := standardState(r.URL.Query())
		var shown []st
		for _, x := range all {
			if want == "" || want == stateOfStandard(x) {
				shown = append(shown, x)
			}
		}
		return shown, err
	}
	return declare(list{name: "standards", title: "Standards", pattern: "GET /standards", action: access.StandardRead}, whole(read), func(x st) []string { return []string{x.ApprovedBy} },
		col[st]{"standard", "Standard", "=", 32, func(_ *cells, x st) any { return x.Title }},
		col[st]{"pack", "Pack", "", 20, func(_ *cells, x st) any { return x.Pack }},
		col[st]{"version", "Version", "=", 10, func(_ *cells, x st) any { return x.Version }},
		col[st]{"state", "State", "=", 12, func(_ *cells, x st) any { return stateOfStandard(x) }},
		col[st]{"approved_at", "Approved", "=", 20, func(_ *cells, x st) any { return x.ApprovedAt }},
		col[st]{"approved_by", "Approved by", "", 20, func(c *cells, x st) any { return c.who(x.ApprovedBy) }},
		col[st]{"tiers", "Findings of", "=", 30, func(_ *cells, x st) any {
			if !x.InForce {
				return ""
			}
			return tiersUpTo(x.Tier)
		}},
		col[st]{"tailored", "Tailored", "=", 10, func(_ *cells, x st) any { return x.Base != x.Digest }},
		col[st]{"checks", "Checks", "=", 8, func(_ *cells, x st) any { return x.Checks }},
		col[st]{"digest", "Digest", "", 64, func(_ *cells, x st) any { return x.Digest }},
	)
}

// checkInStandard is a check with its posture.
type checkInStandard struct {
	standard.Check
	head posture.Check
}

func checksList() list {
	type k = checkInStandard
	read := func(s *Site, r *request) ([]k, error) { return s.checksShown(r.Context(), r) }
	return declare(list{name: "checks", title: "Checks", pattern: "GET /standards/{id}", action: access.StandardRead}, whole(read), nil,
		col[k]{"check", "Check", "=", 40, func(_ *cells, x k) any { return x.ID }},
		col[k]{"title", "Title", "", 48, func(_ *cells, x k) any { return x.Title }},
		col[k]{"tier", "Tier", "", 12, func(_ *cells, x k) any { return x.Tier }},
		col[k]{"severity", "Severity", "=", 10, func(_ *cells, x k) any { return x.Severity }},
		col[k]{"pass", "Pass", "=", 8, func(_ *cells, x k) any { return x.head.Counts.Pass }},
		col[k]{"fail", "Fail", "=", 8, func(_ *cells, x k) any { return x.head.Counts.Fail }},
		col[k]{"error", "Error", "Not known", 8, func(_ *cells, x k) any { return x.head.Counts.Error }},
		col[k]{"not_observed", "Not observed", "Not known", 12, func(_ *cells, x k) any { return x.head.Counts.NotObserved }},
		col[k]{"not_applicable", "Not applicable", "", 12, func(_ *cells, x k) any { return x.head.Counts.NotApplicable }},
		col[k]{"waived", "Waived", "", 8, func(_ *cells, x k) any { return x.head.Counts.Waived }},
		col[k]{"status", "Status", "=", 22, func(_ *cells, x k) any { return statusWords(x.head.Status) }},
		col[k]{"draft", "Rests on a draft", "", 10, func(_ *cells, x k) any { return x.head.Draft }},
		col[k]{"tailored", "Tailored", "", 10, func(_ *cells, x k) any { return x.Tailored != nil }},
	)
}

func waiversList() list {
	type w = waiver.Waiver
	read := func(s *Site, r *request, after string) ([]w, string, error) {
		f, _, err := waiverFilter(r.URL.Query())
		if err != nil {
			return nil, "", err
		}
		page, err := s.cfg.Waivers.List(r.Context(), f, after, exportPage)
		return page.Waivers, page.Next, err
	}
	return chosen(declare(list{name: "waivers", title: "Waivers", pattern: "GET /waivers", action: access.WaiverRead}, read,
		func(x w) []string { return []string{x.Owner, x.AskedBy, x.DecidedBy} },
		col[w]{"number", "Number", "=", 8, func(_ *cells, x w) any { return x.Ref() }},
		col[w]{"about", "What is waived", "=", 48, func(_ *cells, x w) any { return x.About() }},
		col[w]{"check", "Check", "", 34, func(_ *cells, x w) any { return x.Check }},
		col[w]{"attribute", "Attribute", "", 24, func(_ *cells, x w) any { return x.Attribute }},
		col[w]{"state", "State", "=", 12, func(_ *cells, x w) any { return waiverWords(x.State) }},
		col[w]{"in_force", "In force", "", 8, func(c *cells, x w) any { return x.Holds(c.now) }},
		col[w]{"reason", "Reason", "", 48, func(_ *cells, x w) any { return x.Reason }},
		col[w]{"compensating", "What compensates", "", 40, func(_ *cells, x w) any { return orElse(x.Compensating, x.Control) }},
		col[w]{"owner", "Owner", "=", 20, func(c *cells, x w) any { return c.who(x.Owner) }},
		col[w]{"asked_by", "Asked by", "", 20, func(c *cells, x w) any { return c.who(x.AskedBy) }},
		col[w]{"asked_at", "Asked", "", 20, func(_ *cells, x w) any { return x.AskedAt }},
		col[w]{"decided_by", "Decided by", "", 20, func(c *cells, x w) any { return c.who(x.DecidedBy) }},
		col[w]{"decided_at", "Decided", "", 20, func(_ *cells, x w) any { return x.DecidedAt }},
		col[w]{"alone", "Stood in for a second person", "", 30, func(_ *cells, x w) any { return x.Alone }},
		col[w]{"until", "Until", "=", 20, func(_ *cells, x w) any { return x.Expires }},
		col[w]{"items", "Items", "=", 8, func(_ *cells, x w) any { return x.Items }},
	), read, func(x w) string { return x.ID })
}

func exclusionsList() list {
	type x = exclusion.Entry
	read := func(s *Site, r *request) ([]x, error) {
		all, err := s.cfg.Exclusions.Register(r.Context(), exclusion.Question{Known: -1})
		if err != nil {
			return nil, err
		}
		shown, err := exclusionShown(r.URL.Query())
		var out []x
		for _, e := range all {
			if err == nil && shown(e) {
				out = append(out, e)
			}
		}
		return out, err
	}
	return declare(list{name: "exclusions", title: "Exclusions", pattern: "GET /exclusions", action: access.ExclusionRead}, whole(read),
		func(e x) []string { return []string{e.By, e.ApprovedBy} },
		col[x]{"what", "What", "=", 30, func(_ *cells, e x) any { return e.Name }},
		col[x]{"number", "Number", "", 24, func(_ *cells, e x) any { return e.Ref }},
		col[x]{"kind", "Kind", "=", 20, func(_ *cells, e x) any { return e.Kind.Words() }},
		col[x]{"population", "Population", "", 12, func(_ *cells, e x) any { return e.Population }},
		col[x]{"why", "Why", "=", 60, func(_ *cells, e x) any { return e.Reason }},
		col[x]{"by", "By", "=", 20, func(c *cells, e x) any { return c.who(e.By) }},
		col[x]{"at", "At", "", 20, func(_ *cells, e x) any { return e.At }},
		col[x]{"approved_by", "Approved by", "=", 20, func(c *cells, e x) any { return c.who(e.ApprovedBy) }},
		col[x]{"approved_at", "Approved", "", 20, func(_ *cells, e x) any { return e.ApprovedAt }},
		col[x]{"alone", "Stood in for a second person", "", 30, func(_ *cells, e x) any { return e.Alone }},
		col[x]{"from", "In force from", "", 20, func(_ *cells, e x) any { return e.From }},
		col[x]{"until", "Until", "=", 20, func(_ *cells, e x) any { return e.Until }},
		col[x]{"items", "Items", "=", 8, func(_ *cells, e x) any { return e.Items }},
	)
}

// populationRow is a definition with the extraction that was made of it last.
type populationRow struct {
	population.Definition
	source string
	last   population.Extraction
}

func populationsList() list {
	type p = populationRow
	read := func(s *Site, r *request) ([]p, error) {
		all, err := s.cfg.Populations.Definitions(r.Context())
		if err != nil {
			return nil, err
		}
		recent, err := s.cfg.Populations.Extractions(r.Context(), "", 0, recentExtractions)
		if err != nil {
			return nil, err
		}
		last := lastExtractions(recent)
		var out []p
		for _, d := range all {
			src, err := s.cfg.Populations.Source(d.Newest().Source)
			if err != nil {
				return nil, err
			}
			out = append(out, p{d, src.Title, last[d.Slug]})
		}
		return out, nil
	}
	return declare(list{name: "populations", title: "Populations", pattern: "GET /populations", action: access.PopulationRead}, whole(read),
		func(x p) []string { return []string{x.Newest().MadeBy, x.Newest().ApprovedBy} },
		col[p]{"population", "Population", "=", 36, func(_ *cells, x p) any { return x.Newest().Title }},
		col[p]{"slug", "Name in addresses", "", 24, func(_ *cells, x p) any { return x.Slug }},
		col[p]{"purpose", "Purpose", "", 48, func(_ *cells, x p) any { return x.Newest().Purpose }},
		col[p]{"source", "Source", "=", 20, func(_ *cells, x p) any { return x.source }},
		col[p]{"decides", "Decides", "=", 16, func(_ *cells, x p) any { return strings.ReplaceAll(x.Newest().Date, "_", " ") }},
		col[p]{"filter", "Filter", "", 40, func(_ *cells, x p) any { return x.Newest().Filter }},
		col[p]{"version", "Newest version", "Definition", 8, func(_ *cells, x p) any { return x.Newest().Version }},
		col[p]{"state", "State", "Definition", 12, func(_ *cells, x p) any { return string(x.Newest().State) }},
		col[p]{"digest", "Digest", "", 64, func(_ *cells, x p) any { return x.Newest().Digest }},
		col[p]{"written_by", "Written by", "", 20, func(c *cells, x p) any { return c.who(x.Newest().MadeBy) }},
		col[p]{"approved_by", "Approved by", "", 20, func(c *cells, x p) any { return c.who(x.Newest().ApprovedBy) }},
		col[p]{"extraction", "Last extraction", "=", 10, func(_ *cells, x p) any {
			if x.last.ID == "" {
				return ""
			}
			return x.last.Ref()
		}},
		col[p]{"items", "Items", "=", 8, func(_ *cells, x p) any {
			if x.last.ID == "" {
				return nil
			}
			return x.last.Count
		}},
	)
}

// engagementLine is an engagement with how far its requests are.
type engagementLine struct {
	engagement.Engagement
	accepted, late, all int
}

func engagementsList() list {
	type g = engagementLine
	read := func(s *Site, r *request) ([]g, error) {
		all, err := s.cfg.Engagements.List(r.Context(), r.who)
		if err != nil {
			return nil, err
		}
		var out []g
		for _, x := range all {
			requests, err := s.cfg.Engagements.Requests(r.Context(), r.who, x.Number)
			if err != nil {
				return nil, err
			}
			n := x.Count(requests, r.now)
			out = append(out, g{x, n.Accepted, n.Late, n.All})
		}
		return out, nil
	}
	return declare(list{name: "engagements", title: "Engagements", pattern: "GET /engagements", action: access.EngagementRead}, whole(read), nil,
		col[g]{"number", "Number", "", 8, func(_ *cells, x g) any { return x.Number }},
		col[g]{"engagement", "Engagement", "=", 40, func(_ *cells, x g) any { return x.Title }},
		col[g]{"type", "Type", "=", 8, func(_ *cells, x g) any { return x.Type }},
		col[g]{"from", "From", "Period", 12, func(_ *cells, x g) any { return x.From }},
		col[g]{"to", "To", "Period", 12, func(_ *cells, x g) any { return x.To }},
		col[g]{"categories", "Categories", "=", 30, func(_ *cells, x g) any { return scope.CategoryWords(x.Categories) }},
		col[g]{"firm", "Firm", "=", 24, func(_ *cells, x g) any { return x.Firm }},
		col[g]{"state", "State", "=", 12, func(_ *cells, x g) any { return string(x.State) }},
		col[g]{"requests", "Requests", "=", 10, func(_ *cells, x g) any { return x.all }},
		col[g]{"accepted", "Accepted", "", 10, func(_ *cells, x g) any { return x.accepted }},
		col[g]{"late", "Late", "", 8, func(_ *cells, x g) any { return x.late }},
	)
}

func requestsList() list {
	type q = engagement.Request
	read := func(s *Site, r *request) ([]q, error) {
		g, err := s.engagementOf(r)
		if err != nil {
			return nil, err
		}
		all, err := s.cfg.Engagements.Requests(r.Context(), r.who, g.Number)
		var out []q
		for _, x := range all {
			if requestShown(r.URL.Query().Get("show"), x, r.now.In(g.Location()).Format(time.DateOnly)) {
				out = append(out, x)
			}
		}
		return out, err
	}
	return declare(list{name: "requests", title: "Requests", pattern: "GET /engagements/{number}", action: access.EngagementRead}, whole(read), func(x q) []string { return []string{x.Owner} },
		col[q]{"number", "No.", "=", 10, func(_ *cells, x q) any { return x.Ref }},
		col[q]{"request", "Request", "=", 60, func(_ *cells, x q) any { return x.Text }},
		col[q]{"section", "Section", "", 24, func(_ *cells, x q) any { return x.Section }},
		col[q]{"criteria", "Criteria", "=", 20, func(_ *cells, x q) any { return x.Criteria }},
		col[q]{"ours", "Ours", "=", 12, func(_ *cells, x q) any { return strings.ReplaceAll(string(x.Ours), "_", " ") }},
		col[q]{"theirs", "Auditor's", "=", 12, func(_ *cells, x q) any { return string(x.Theirs) }},
		col[q]{"waits_on", "Waits on", "", 12, func(_ *cells, x q) any { return x.Waiting() }},
		col[q]{"owner", "Owner", "=", 20, func(c *cells, x q) any { return orElse(c.who(x.Owner), x.Contact) }},
		col[q]{"answers", "Answers", "=", 8, func(_ *cells, x q) any { return len(x.Exhibits) }},
		col[q]{"messages", "Messages", "=", 8, func(_ *cells, x q) any { return x.Messages }},
		col[q]{"due", "Due", "=", 12, func(_ *cells, x q) any { return x.Due }},
		col[q]{"answer", "Answer", "", 60, func(_ *cells, x q) any { return x.Answer }},
	)
}

// userLine is a user with how many sessions and tokens are open.
type userLine struct {
	access.User
	sessions, tokens int
}

func usersList() list {
	type u = userLine
	read := func(s *Site, r *request) ([]u, error) {
		_, found, err := s.usersFound(r)
		if err != nil {
			return nil, err
		}
		var out []u
		for _, x := range found {
			sessions, tokens, err := s.waysIn(r, x)
			if err != nil {
				return nil, err
			}
			out = append(out, u{x, sessions, tokens})
		}
		return out, nil
	}
	return chosen(declare(list{name: "users", title: "Users", pattern: "GET /settings/users", action: access.UserRead}, whole(read), nil,
		col[u]{"name", "Name", "=", 24, func(_ *cells, x u) any { return x.Name }},
		col[u]{"id", "Pseudonym in the ledger", "", 30, func(_ *cells, x u) any { return x.ID }},
		col[u]{"login", "Login", "", 20, func(_ *cells, x u) any { return x.Login }},
		col[u]{"email", "Address", "", 28, func(_ *cells, x u) any { return x.Email }},
		col[u]{"role", "Role", "=", 20, func(_ *cells, x u) any { return orElse(x.Role.Title(), "none") }},
		col[u]{"last_login", "Last login", "=", 20, func(_ *cells, x u) any { return x.LastLogin }},
		col[u]{"state", "State", "=", 20, func(c *cells, x u) any { text, _ := userState(c.request, x.User); return text }},
		col[u]{"second_factor", "Second factor since", "", 20, func(_ *cells, x u) any { return x.Second }},
		col[u]{"sessions", "Sessions", "=", 10, func(_ *cells, x u) any { return x.sessions }},
		col[u]{"tokens", "Tokens", "=", 10, func(_ *cells, x u) any { return x.tokens }},
	), whole(read), func(x u) string { return x.ID })
}

func backupsList() list {
	type l = backup.Line
	read := func(s *Site, r *request) ([]l, error) {
		_, found, err := s.backupsFound(r)
		return found, err
	}
	return declare(list{name: "backups", title: "Backups", pattern: "GET /settings/backup", action: access.BackupRead}, whole(read), func(x l) []string { return []string{x.Actor} },
		col[l]{"made_at", "Made", "=", 22, func(_ *cells, x l) any { return x.At }},
		col[l]{"id", "Id", "", 30, func(_ *cells, x l) any { return x.ID }},
		col[l]{"why", "Why", "=", 16, func(_ *cells, x l) any { return string(x.Reason) }},
		col[l]{"by", "By", "=", 24, func(c *cells, x l) any { return byBackup(x.Made, c.names) }},
		col[l]{"bytes", "Size", "=", 14, func(_ *cells, x l) any { return x.Packed }},
		col[l]{"bytes_unpacked", "Size unpacked", "", 14, func(_ *cells, x l) any { return x.Bytes }},
		col[l]{"files", "Files", "", 10, func(_ *cells, x l) any { return x.Files }},
		col[l]{"ledger_entries", "Ledger entries", "=", 14, func(_ *cells, x l) any { return x.Ledger.Size }},
		col[l]{"ledger_root", "Root of the ledger", "", 46, func(_ *cells, x l) any { return x.Ledger.Root }},
		col[l]{"encrypted", "Encrypted", "", 10, func(_ *cells, x l) any { return x.Encrypted }},
		col[l]{"manifest", "SHA-256 of the manifest", "", 66, func(_ *cells, x l) any { return x.Manifest }},
		col[l]{"sha256", "SHA-256 of the file", "", 66, func(_ *cells, x l) any { return x.SHA256 }},
		col[l]{"verified", "Verified", "=", 14, func(_ *cells, x l) any { return verifiedState(x) }},
		col[l]{"verified_at", "Verified at", "", 22, func(_ *cells, x l) any {
			if x.Verified == nil {
				return nil
			}
			return x.Verified.Ended
		}},
		col[l]{"verified_how", "Verified how", "", 30, func(_ *cells, x l) any {
			if x.Verified == nil {
				return ""
			}
			return howVerified(x.Verified.How)
		}},
		col[l]{"file", "File", "=", 60, func(_ *cells, x l) any { return x.Path }},
		col[l]{"missing", "Why the file cannot be read", "", 40, func(_ *cells, x l) any { return x.Missing }},
	)
}

func ledgerList() list {
	type l = ledger.Record
	read := func(s *Site, r *request, after string) ([]l, string, error) {
		_, records, behind, err := s.ledgerRecords(r, after, exportPage)
		if err == nil && behind > 0 {
			err = fault.New(fault.Unavailable, "the newest %d entries of the ledger are not sorted by person yet, so a file would lack them", behind).WithHint("try again in a moment")
		}
		if err != nil || len(records) < exportPage {
			return records, "", err
		}
		last := records[len(records)-1].Index
		if last < 0 { // all of them wait for their number
			return records, itoa(1 << 62), nil
		}
		if last == 0 {
			return records, "", nil
		}
		return records, itoa(last), nil
	}
	return declare(list{name: "ledger", title: "Ledger", pattern: "GET /ledger", action: access.LedgerRead}, read, func(x l) []string { return []string{x.Actor} },
		col[l]{"index", "Index", "=", 10, func(_ *cells, x l) any {
			if x.Index < 0 {
				return nil
			}
			return x.Index
		}},
		col[l]{"id", "Id", "", 30, func(_ *cells, x l) any { return x.ID }},
		col[l]{"recorded_at", "Recorded", "=", 22, func(_ *cells, x l) any { return x.At }},
		col[l]{"type", "Type", "", 24, func(_ *cells, x l) any { return x.Type }},
		col[l]{"what", "What", "=", 40, func(_ *cells, x l) any { return what(x) }},
		col[l]{"about", "About", "=", 30, func(_ *cells, x l) any { return x.Subject }},
		col[l]{"by", "By", "=", 24, func(c *cells, x l) any { return c.who(x.Actor) }},
		col[l]{"actor", "Pseudonym", "", 30, func(_ *cells, x l) any { return x.Actor }},
		col[l]{"outcome", "Outcome", "", 14, func(_ *cells, x l) any { return x.Outcome }},
		col[l]{"stream", "Stream", "", 20, func(_ *cells, x l) any { return x.Stream }},
		col[l]{"stream_sequence", "Place in the stream", "", 10, func(_ *cells, x l) any { return x.StreamSeq }},
		col[l]{"hash", "Leaf hash, base64", "", 46, func(_ *cells, x l) any { return ledger.EncodeHash(x.Hash) }},
	)
}
