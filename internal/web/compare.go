package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/web/ui"
)

// mostFacts is how many facts of a section that differ are shown.
const mostFacts = 40

// compareHosts answers: two hosts should be alike; where are they not?
func (s *Site) compareHosts(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	ids := r.URL.Query()["host"]
	if r.URL.Query().Has("kind") { // of the list's bar, which chose the hosts
		http.Redirect(w, r.Request, "/hosts/compare?"+url.Values{"host": ids}.Encode(), http.StatusSeeOther)
		return nil
	}
	if len(ids) != 2 || ids[0] == ids[1] {
		return fault.New(fault.Invalid, "two hosts are compared; %d were chosen", len(distinctText(ids))).At("", 0, "host").WithHint("go back and mark two hosts of the list")
	}
	var hosts [2]host.Host
	var sections [2]map[string]host.Section
	var rows [2]map[string]outcome.Row
	var names []string
	for i, id := range ids {
		var err error
		if hosts[i], err = s.cfg.Hosts.Get(ctx, id); err != nil {
			return err
		}
		list, err := s.cfg.Hosts.Sections(ctx, hosts[i].ID, time.Time{}, true)
		if err != nil {
			return err
		}
		sections[i], rows[i] = map[string]host.Section{}, map[string]outcome.Row{}
		for _, sec := range list {
			sections[i][sec.Name] = sec
			if !slices.Contains(names, sec.Name) {
				names = append(names, sec.Name)
			}
		}
		judged, err := s.cfg.Outcomes.OfItem(ctx, hosts[i].ID, outcome.Now())
		if err != nil {
			return err
		}
		for _, row := range judged {
			rows[i][row.Check+" "+row.Attribute] = row
		}
	}
	slices.Sort(names)
	v := ui.CompareView{A: ui.Link{Text: hosts[0].Name, Href: "/hosts/" + hosts[0].ID}, B: ui.Link{Text: hosts[1].Name, Href: "/hosts/" + hosts[1].ID}}
	for _, name := range names {
		v.Sections = append(v.Sections, compareSections(name, hosts, sections))
		if !v.Sections[len(v.Sections)-1].Same {
			v.Differ++
		}
	}
	compareChecks(&v, rows)
	v.Title = fmt.Sprintf("%s and %s differ in %s and in %s", hosts[0].Name, hosts[1].Name, many(v.Differ, "section of facts", "sections of facts"), many(len(v.Checks), "judgement", "judgements"))
	if v.Differ == 0 && len(v.Checks) == 0 {
		v.Title = hosts[0].Name + " and " + hosts[1].Name + " are alike in all that is read and judged of them"
	}
	sh := s.shell(w, r, "Two hosts", "Operate", "Hosts")
	return s.render(w, r, http.StatusOK, ui.CompareHosts(sh, v))
}

func compareSections(name string, hosts [2]host.Host, sections [2]map[string]host.Section) ui.CompareSection {
	a, hasA := sections[0][name]
	b, hasB := sections[1][name]
	row := ui.CompareSection{Name: name}
	switch {
	case !hasA:
		row.Why = "never read on " + hosts[0].Name
		return row
	case !hasB:
		row.Why = "never read on " + hosts[1].Name
		return row
	case a.Digest == b.Digest:
		row.Same = true
		return row
	}
	row.A, row.B = "/hosts/"+hosts[0].ID+"/sections/"+url.PathEscape(name), "/hosts/"+hosts[1].ID+"/sections/"+url.PathEscape(name)
	left, errA := flatten(a.Values)
	right, errB := flatten(b.Values)
	if errA != nil || errB != nil {
		row.Why = "what was read cannot be laid side by side"
		return row
	}
	values := map[string][2]string{}
	var order []string
	for i, list := range [][]flatFact{left, right} {
		for _, f := range list {
			pair, seen := values[f.pointer]
			if !seen {
				order = append(order, f.pointer)
			}
			pair[i] = f.value
			values[f.pointer] = pair
		}
	}
	slices.Sort(order)
	for _, p := range order {
		pair := values[p]
		if pair[0] == pair[1] {
			continue
		}
		if len(row.Facts) == mostFacts {
			row.More++
			continue
		}
		row.Facts = append(row.Facts, ui.CompareFact{Path: factName("/" + name + p), A: orElse(pair[0], "not there"), B: orElse(pair[1], "not there")})
	}
	if len(row.Facts) == 0 {
		row.Why = "the same facts; what could not be had differs"
	}
	return row
}

// compareChecks lists the judgements in which two hosts differ.
func compareChecks(v *ui.CompareView, rows [2]map[string]outcome.Row) {
	var keys []string
	for _, m := range rows {
		for k := range m {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		a, b := rows[0][k], rows[1][k]
		if a.Outcome == b.Outcome {
			v.Alike++
			continue
		}
		either := a
		if either.Check == "" {
			either = b
		}
		v.Checks = append(v.Checks, ui.CompareCheck{Check: ui.Link{Text: shortCheck(either.Check), Href: "/checks/" + either.Check}, Attribute: either.Attribute,
			A: ui.Outcome(a.Outcome), B: ui.Outcome(b.Outcome), WhyA: sentence(a.Reason), WhyB: sentence(b.Reason)})
	}
}
