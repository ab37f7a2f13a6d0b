package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/web/ui"
)

// hostFilter reads the filters of the list from the address.
func hostFilter(q url.Values) host.Filter {
	f := host.Filter{Query: q.Get("q"), Retired: q.Get("retired") != "", State: host.State(q.Get("state")), Result: host.Result(q.Get("result")), OS: q.Get("os"),
		Owner: q.Get("owner"), Class: q.Get("class"), Environment: q.Get("environment"), Tag: strings.ToLower(strings.TrimSpace(q.Get("tag")))}
	return f
}

// hosts answers: which hosts report, and which do not meet their standard?
func (s *Site) hosts(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	f, order := hostFilter(q), host.Order(q.Get("sort"))
	list, next, total, err := s.cfg.Hosts.Sorted(ctx, f, order, q.Get("after"), pageSize)
	if err != nil {
		return err
	}
	facets, err := s.cfg.Hosts.Facets(ctx)
	if err != nil {
		return err
	}
	v := ui.HostsView{Undo: "/hosts", Note: "A host reports by its agent. One that falls silent is not observed: what was last read of it no longer counts as evidence."}
	twins, err := s.cfg.Hosts.CountTwins(ctx)
	if err != nil {
		return err
	}
	if twins.Machine > 0 {
		v.Note += fmt.Sprintf(" %s a machine id with another; each is kept and judged apart, and its page names the other.", many(twins.Machine, "host shares", "hosts share"))
	}
	if twins.Name > 0 {
		v.Note += fmt.Sprintf(" %s a name with another.", many(twins.Name, "host shares", "hosts share"))
	}
	states, results := map[host.State]int64{}, map[host.Result]int64{}
	for _, x := range facets {
		states[x.State] += x.Hosts
		if x.State != host.Retired {
			results[x.Result] += x.Hosts
			v.All += int(x.Hosts)
		}
	}
	for _, h := range list {
		row := ui.HostRow{ID: h.ID, Link: ui.Link{Text: h.Name, Href: "/hosts/" + h.ID}, OS: h.OS, Owner: h.Owner, Environment: h.Environment, Heard: r.words.second(h.LastSeen),
			Counts: outcomeCounts(h.Counts), Href: "/findings?host=" + url.QueryEscape(h.ID)}
		switch {
		case !h.RetiredAt.IsZero():
			row.Silent = "since it left the population"
		case h.Silent:
			row.Silent = span(r.now.Sub(h.LastSeen))
		}
		v.Rows = append(v.Rows, row)
	}
	v.Title = hostsTitle(int64(v.All), results[host.Failing], states[host.IsSilent])
	if v.All == 0 && states[host.Retired] == 0 {
		v.Title = "No host has reported yet"
		v.Empty = &ui.Empty{Title: "Waiting for the first host", Text: "After 'attesta up' the agent of this machine reports by itself within seconds. Other hosts enrol with a one-time token, which this command makes:",
			Criteria: criterionLinks(r, []string{"CC6.1", "CC6.8", "CC7.1"}), Until: "Until a host has reported, these criteria show insufficient evidence.",
			Command: s.command("agent token"), Actions: []ui.Link{{Text: "Look again", Href: "/hosts"}, {Text: "See the checks", Href: "/standards"}}}
	}
	chip := func(key, value, text string, n int64) ui.Chip {
		return ui.Chip{Text: text + " " + ui.Number(n), Href: with(q, "/hosts", key, value, "after", "", "retired", ""), Current: q.Get(key) == value}
	}
	v.Chips = []ui.Chip{chip("state", "", "In the population", int64(v.All)), chip("state", string(host.Heard), "Heard", states[host.Heard]),
		chip("state", string(host.IsSilent), "Silent", states[host.IsSilent]), chip("state", string(host.Excluded), "Left out", states[host.Excluded]),
		chip("state", string(host.Retired), "Retired", states[host.Retired])}
	v.Results = []ui.Chip{{Text: "Any result", Href: with(q, "/hosts", "result", "", "after", ""), Current: f.Result == ""}, chip("result", string(host.Failing), "With a failing check", results[host.Failing]),
		chip("result", string(host.NotKnown), "None fails, some not known", results[host.NotKnown]), chip("result", string(host.InOrder), "All pass or do not apply", results[host.InOrder]),
		chip("result", string(host.Unjudged), "Not judged", results[host.Unjudged])}
	v.Query, v.Tag = f.Query, f.Tag
	v.Selects = hostSelects(q, facets)
	for _, k := range []string{"state", "result", "sort"} {
		if x := q.Get(k); x != "" {
			v.Hidden = append(v.Hidden, ui.Link{Text: k, Href: x})
		}
	}
	for _, c := range []struct {
		text string
		by   host.Order
		sort string
		n    bool
	}{{"Host", host.ByName, "ascending", false}, {"System", host.ByOS, "ascending", false}, {"Owner", host.ByOwner, "ascending", false}, {"Last heard", host.ByHeard, "ascending", false},
		{"Outcomes", "-", "", false}, {"Fail", host.ByFailing, "descending", true}, {"Not known", host.ByUnknown, "descending", true}, {"Pass", "-", "", true}} {
		col := ui.Column{Text: c.text, N: c.n}
		if c.by != "-" {
			col.Href = with(q, "/hosts", "sort", string(c.by), "after", "")
			if order == c.by {
				col.Sort = c.sort
			}
		}
		v.Columns = append(v.Columns, col)
	}
	count := ui.Number(total)
	if total > host.CountLimit {
		count = "more than " + ui.Number(int64(host.CountLimit))
	}
	v.Pager.Text = fmt.Sprintf("%d of %s shown", len(v.Rows), count)
	if next != "" {
		v.Pager.Next = with(q, "/hosts", "after", next)
	}
	if q.Get("after") != "" {
		v.Pager.First = with(q, "/hosts", "after", "")
	}
	r.matching = total
	sh := s.shell(w, r, "Hosts", "Operate", "Hosts")
	sh.Live.Replace = v.Empty != nil
	return s.render(w, r, http.StatusOK, ui.Hosts(sh, v))
}

func hostsTitle(all, failing, silent int64) string {
	title := fmt.Sprintf("%s of %s", ui.Number(failing), many(all, "host", "hosts"))
	switch {
	case failing == 0:
		title = many(all, "host", "hosts") + ", none with a failing check"
	case failing == 1 || all == 1:
		title += " does not meet the standard"
	default:
		title += " do not meet the standard"
	}
	if silent > 0 {
		title += "; " + ui.Number(silent) + " silent"
	}
	return title
}

// hostSelects are the filters whose values come from the hosts themselves.
func hostSelects(q url.Values, facets []host.Facet) []ui.HostSelect {
	var out []ui.HostSelect
	for _, d := range []struct {
		key, label string
		of         func(host.Facet) string
	}{{"os", "System", func(f host.Facet) string { return f.OS }}, {"owner", "Owner", func(f host.Facet) string { return f.Owner }},
		{"class", "Data", func(f host.Facet) string { return f.Class }}, {"environment", "Environment", func(f host.Facet) string { return f.Environment }}} {
		count := map[string]int64{}
		for _, f := range facets {
			if f.State != host.Retired {
				count[d.of(f)] += f.Hosts
			}
		}
		var names []string
		for name := range count {
			if name != "" {
				names = append(names, name)
			}
		}
		now := q.Get(d.key)
		if len(names) == 0 && now == "" {
			continue
		}
		slices.Sort(names)
		sel := ui.HostSelect{Name: d.key, Label: d.label, Options: []ui.Option{{Text: "any", Selected: now == ""}}}
		for _, name := range names {
			sel.Options = append(sel.Options, ui.Option{Value: name, Text: fmt.Sprintf("%s (%s)", name, ui.Number(count[name])), Selected: now == name})
		}
		if n := count[""]; n > 0 {
			sel.Options = append(sel.Options, ui.Option{Value: host.Nothing, Text: fmt.Sprintf("not said (%s)", ui.Number(n)), Selected: now == host.Nothing})
		}
		out = append(out, sel)
	}
	return out
}

// organisationSays puts what is said of a host on its page, and the form that
// changes it.
func organisationSays(r *request, v *ui.HostView, h host.Host, bad *refusedForm) {
	v.Said = []ui.Fact{{Term: "Owner", Text: orElse(h.Owner, "nobody named")}, {Term: "Data", Text: orElse(h.Class, "not said")}, {Term: "Environment", Text: orElse(h.Environment, "not said")},
		{Term: "Tags", Text: orElse(strings.Join(h.Tags, ", "), "none")}}
	if !access.May(r.who.Role, access.HostEdit) || r.period.past() {
		return
	}
	v.Edit = ui.HostForm{Action: "/hosts/" + h.ID + "/edit", Owner: h.Owner, Class: h.Class, Environment: h.Environment, Tags: strings.Join(h.Tags, " ")}
	if bad != nil {
		v.Edit.Open, v.Edit.Problem, v.Edit.Field = true, bad.problem, bad.field
		v.Edit.Owner, v.Edit.Class, v.Edit.Environment, v.Edit.Tags = r.PostForm.Get("owner"), r.PostForm.Get("class"), r.PostForm.Get("environment"), r.PostForm.Get("tags")
	}
}

// editHost says who answers for a host, what data is on it, and where it belongs.
func (s *Site) editHost(w http.ResponseWriter, r *request) error {
	id, form := r.PathValue("id"), r.PostForm
	err := s.cfg.Hosts.Edit(r.Context(), r.who, id, host.Said{Owner: form.Get("owner"), Class: form.Get("class"), Environment: form.Get("environment"), Tags: []string{form.Get("tags")}})
	if err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		return s.showHost(w, r, bad)
	}
	s.flash(w, "It is said of the host. What was said is an entry in the ledger.")
	http.Redirect(w, r.Request, "/hosts/"+id, http.StatusSeeOther)
	return nil
}
