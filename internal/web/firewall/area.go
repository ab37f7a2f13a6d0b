// Package firewall is the screens of the review of firewalls: rule sets with what is
// odd about each rule, justifications, reviews and files of clouds' groups. Rules are
// those of internal/operations/firewall.
package firewall

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Firewall *firewall.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /firewall", Action: access.FirewallRead, Handle: s.list},
			{Pattern: "GET /firewall/{ref}", Action: access.FirewallRead, Handle: s.set},
			{Pattern: "POST /firewall/{ref}/justify", Action: access.FirewallEdit, Handle: s.justify, MaxBody: 1 << 20},
			{Pattern: "POST /firewall/{ref}/review", Action: access.FirewallReview, Handle: s.begin},
			{Pattern: "GET /firewall/rules", Action: access.FirewallRead, Handle: s.rules},
			{Pattern: "GET /firewall/justifications", Action: access.FirewallRead, Handle: s.justifications},
			{Pattern: "GET /firewall/justifications/new", Action: access.FirewallEdit, Handle: s.newJustification},
			{Pattern: "POST /firewall/justifications/new", Action: access.FirewallEdit, Handle: s.giveJustification},
			{Pattern: "GET /firewall/justifications/{ref}", Action: access.FirewallRead, Handle: s.justification},
			{Pattern: "POST /firewall/justifications/{ref}/change", Action: access.FirewallEdit, Handle: s.changeJustification},
			{Pattern: "POST /firewall/justifications/{ref}/withdraw", Action: access.FirewallEdit, Handle: s.withdraw},
			{Pattern: "GET /firewall/reviews", Action: access.FirewallRead, Handle: s.reviews},
			{Pattern: "GET /firewall/reviews/{ref}", Action: access.FirewallRead, Handle: s.review},
			{Pattern: "POST /firewall/reviews/{ref}/decide", Action: access.FirewallReview, Handle: s.decide, MaxBody: 1 << 20},
			{Pattern: "POST /firewall/reviews/{ref}/hand-in", Action: access.FirewallReview, Handle: s.handIn},
			{Pattern: "POST /firewall/reviews/{ref}/drop", Action: access.FirewallReview, Handle: s.drop},
			{Pattern: "POST /firewall/reviews/{ref}/approve", Action: access.FirewallApprove, Handle: s.approve},
			{Pattern: "POST /firewall/reviews/{ref}/send-back", Action: access.FirewallApprove, Handle: s.sendBack},
			{Pattern: "GET /firewall/import", Action: access.FirewallEdit, Handle: s.importForm},
			{Pattern: "POST /firewall/import", Action: access.FirewallEdit, Handle: s.importFile, MaxBody: 17 << 20},
		},
		Pages: []screen.Page{{Section: "Operate", Name: "Firewall review", Path: "/firewall", Action: access.FirewallRead}},
		Lists: []screen.List{s.setRows(), s.ruleRows(), s.justificationRows(), s.reviewRows()},
		Doings: []screen.Doing{{Name: "Review rules of firewalls", Path: "/firewall", Action: access.FirewallReview}, {Name: "Justify rules of firewalls", Path: "/firewall/justifications/new", Action: access.FirewallEdit},
			{Name: "Bring security groups of a cloud", Path: "/firewall/import", Action: access.FirewallEdit}},
	}
}

func (s *site) shell(w http.ResponseWriter, r *screen.Request, title string) ui.Shell {
	return r.Shell(w, title, "Operate", "Firewall review")
}

func crumbs(more ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: "Firewall review", Href: "/firewall"}}, more...)
}

func filter(r *screen.Request) (firewall.Filter, error) {
	q := r.URL.Query()
	f := firewall.Filter{Query: strings.TrimSpace(q.Get("q")), Kind: q.Get("kind"), Only: q.Get("only"), After: q.Get("after"), Limit: screen.PageSize}
	if len(f.Query) > 200 {
		return f, fault.New(fault.Invalid, "a search has at most 200 letters")
	}
	return f, nil
}

func (s *site) page(r *screen.Request, after string) ([]firewall.Row, string, error) {
	f, err := filter(r)
	if err != nil {
		return nil, "", err
	}
	if after != "" {
		f.After = after
	}
	rows, next, _, err := s.cfg.Firewall.List(r.Context(), r.Who, f)
	return rows, next, err
}

func (s *site) setRows() screen.List {
	type row = firewall.Row
	n := func(f func(row) int) func(*screen.Cells, row) any {
		return func(_ *screen.Cells, x row) any { return f(x) }
	}
	return screen.Declare(screen.List{Name: "firewall", Title: "Rule sets of firewalls", Pattern: "GET /firewall", Action: access.FirewallRead}, s.page, nil,
		screen.Column[row]{Key: "rule_set", Title: "Rule set", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Ref }},
		screen.Column[row]{Key: "name", Title: "Who has it", Width: 40, Value: func(_ *screen.Cells, x row) any { return x.Name }},
		screen.Column[row]{Key: "kind", Title: "Kind", Value: func(_ *screen.Cells, x row) any { return x.Kind }},
		screen.Column[row]{Key: "hosts", Title: "Hosts", Head: "=", Value: n(func(x row) int { return x.Hosts })},
		screen.Column[row]{Key: "rules", Title: "Rules", Head: "=", Value: n(func(x row) int { return x.Rules })},
		screen.Column[row]{Key: "open", Title: "Open to everybody", Head: "=", Value: n(func(x row) int { return x.Open })},
		screen.Column[row]{Key: "unjustified", Title: "Not justified", Head: "=", Value: n(func(x row) int { return x.Unjustified })},
		screen.Column[row]{Key: "shadowed", Title: "Never decide", Head: "=", Value: n(func(x row) int { return x.Shadowed })},
		screen.Column[row]{Key: "unused", Title: "Unused", Value: n(func(x row) int { return x.Unused })},
		screen.Column[row]{Key: "drift", Title: "Changed since the review", Value: n(func(x row) int { return x.Drift })},
		screen.Column[row]{Key: "review", Title: "Newest approved review", Head: "Review", Value: func(_ *screen.Cells, x row) any { return x.Review }},
		screen.Column[row]{Key: "reviewed", Title: "Approved", Value: func(_ *screen.Cells, x row) any { return x.Reviewed }},
		screen.Column[row]{Key: "due", Title: "Next review due", Value: func(_ *screen.Cells, x row) any { return x.Due }},
		screen.Column[row]{Key: "overdue", Title: "Overdue", Value: func(_ *screen.Cells, x row) any { return x.Overdue }})
}

// list answers: which rules ask for something, and when was each set reviewed?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	f, err := filter(r)
	if err != nil {
		return err
	}
	rows, next, counts, err := s.cfg.Firewall.List(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	odd := counts.Only[0]
	v := ui.ListView{Title: ui.Many(odd, "rule set asks", "rule sets ask") + " for something", Note: fmt.Sprintf("%s in force, on %s. Equal rules are one set, however many hosts have them.", ui.Many(counts.All, "distinct rule set is", "distinct rule sets are"), ui.Many(counts.Hosts, "host or group", "hosts and groups")),
		Labels: []string{"Which", "Of what"}, Undo: "/firewall", None: "No rule set matches.", More: []ui.Link{{Text: "All rules", Href: "/firewall/rules"}, {Text: "Justifications", Href: "/firewall/justifications"}, {Text: "Reviews", Href: "/firewall/reviews"}}}
	if odd == 0 {
		v.Title = "No rule set asks for anything"
	}
	if r.May(access.FirewallEdit) {
		v.More = append(v.More, ui.Link{Text: "Bring a cloud's groups", Href: "/firewall/import"})
	}
	if counts.All == 0 && counts.Only[len(counts.Only)-1] == 0 {
		v.Title = "No rules of a firewall are known yet"
		v.Empty = &ui.Empty{Title: "They come by themselves", Text: "Each agent reads the packet filter of its host, nftables and iptables, and says when a rule changes. Equal rules of many hosts are one rule set here: it is analysed, each rule is justified once, and somebody looks at it twice a year.",
			Criteria: []ui.Link{{Text: "CC6.6", Href: "/criteria/CC6.6"}, {Text: "CC6.1", Href: "/criteria/CC6.1"}}, Until: "Until then an opening that was made for an evening stays for years.", Actions: []ui.Link{{Text: "See the hosts", Href: "/hosts"}}}
		if r.May(access.FirewallEdit) {
			v.Empty.Actions = append(v.Empty.Actions, ui.Link{Text: "Bring a cloud's groups", Href: "/firewall/import"})
		}
		return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Firewall review"), v))
	}
	v.Chips = [][]ui.Chip{{{Text: "All " + ui.Number(int64(counts.All)), Href: screen.With(q, "/firewall", "only", "", "after", ""), Current: f.Only == ""}}, {{Text: "Every kind", Href: screen.With(q, "/firewall", "kind", "", "after", ""), Current: f.Kind == ""}}}
	for i, o := range firewall.Onlies() {
		if counts.Only[i] > 0 || f.Only == o[0] {
			v.Chips[0] = append(v.Chips[0], ui.Chip{Text: o[1] + " " + ui.Number(int64(counts.Only[i])), Href: screen.With(q, "/firewall", "only", o[0], "after", ""), Current: f.Only == o[0]})
		}
	}
	for _, k := range firewall.Kinds() {
		v.Chips[1] = append(v.Chips[1], ui.Chip{Text: k[1], Href: screen.With(q, "/firewall", "kind", k[0], "after", ""), Current: f.Kind == k[0]})
	}
	v.Search = ui.SearchBox{Path: "/firewall", Value: f.Query, Label: "Find a host or a rule", Hidden: []ui.Link{{Text: "only", Href: f.Only}, {Text: "kind", Href: f.Kind}}}
	v.Table = ui.Table{Caption: "Rule sets, those that ask for most first", Columns: []ui.Column{{Text: "Rule set"}, {Text: "Hosts", N: true}, {Text: "Rules", N: true}, {Text: "Open to everybody", N: true}, {Text: "Not justified", N: true}, {Text: "Never decide", N: true}, {Text: "Review"}}}
	count := func(n int) ui.Cell { return ui.Cell{Text: ui.Number(int64(n)), N: true, Bad: n > 0, Muted: n == 0} }
	for _, x := range rows {
		row := ui.TableRow{Head: ui.Link{Text: x.Ref, Href: x.Path()}, Meta: x.Name, Cells: []ui.Cell{{Text: ui.Number(int64(x.Hosts)), N: true}, {Text: ui.Number(int64(x.Rules)), N: true}, count(x.Open), count(x.Unjustified), count(x.Shadowed), reviewCell(r, x)}}
		if x.Kind != firewall.OfHosts {
			row.Tag = x.Kind
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	total := int64(counts.All)
	if i := slices.IndexFunc(firewall.Onlies(), func(o [2]string) bool { return o[0] == f.Only }); i >= 0 {
		total = int64(counts.Only[i])
	}
	if f.Query != "" || f.Kind != "" {
		total = 0
	}
	v.Table.Pager = screen.Pager(len(rows), total, q, "/firewall", next)
	if len(counts.Unread) > 0 {
		t := ui.Table{Caption: "Hosts whose rules are not known", Columns: []ui.Column{{Text: "Host"}, {Text: "Why"}}}
		for _, m := range counts.Unread[:min(len(counts.Unread), 50)] {
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: m.Name, Href: "/hosts/" + m.HostID}, Cells: []ui.Cell{{Text: m.Why}}})
		}
		v.After, v.Heads = []ui.Table{t}, []string{"Of " + ui.Many(len(counts.Unread), "host the rules are", "hosts the rules are") + " not known"}
	}
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Firewall review"), v))
}

func reviewCell(r *screen.Request, x firewall.Row) ui.Cell {
	switch {
	case !x.Gone.IsZero():
		return ui.Cell{Text: "in force nowhere since " + r.Words.Date(x.Gone), Muted: true}
	case x.Review == "" && x.Overdue:
		return ui.Cell{Text: "never", Bad: true, Meta: "was due by " + r.Words.Date(x.Due)}
	case x.Review == "":
		return ui.Cell{Text: "not yet", Meta: "due by " + r.Words.Date(x.Due), Muted: true}
	}
	c := ui.Cell{Links: []ui.Link{{Text: x.Review, Href: "/firewall/reviews/" + x.Review}}, Meta: r.Words.Date(x.Reviewed) + ", again by " + r.Words.Date(x.Due), Bad: x.Overdue}
	if x.Drift > 0 {
		c.Meta = ui.Many(x.Drift, "rule", "rules") + " changed since; again by " + r.Words.Date(x.Due)
	}
	return c
}

// kindWords says what a remark is about.
func kindWords(k analysis.Kind) string {
	switch k {
	case analysis.AnyAny:
		return "any-any"
	case analysis.TooWide:
		return "too wide"
	case analysis.Shadowed:
		return "shadowed (never decides)"
	case analysis.Accepting:
		return "lets in by default"
	case analysis.Unreachable:
		return "unreachable"
	case analysis.Unmodelled:
		return "not modelled"
	}
	return string(k)
}

// keptRemarks says what a review keeps of remarks, "too_wide: …", in the words of lists.
func keptRemarks(list []string) string {
	out := slices.Clone(list)
	for i, x := range out {
		if kind, why, ok := strings.Cut(x, ": "); ok {
			out[i] = kindWords(analysis.Kind(kind)) + ": " + why
		}
	}
	return strings.Join(out, "; ")
}

func justifiedWords(j string) string {
	switch j {
	case firewall.InForce:
		return "justified"
	case firewall.Partly:
		return "not on every host"
	case firewall.Expired:
		return "expired"
	case firewall.None:
		return "nobody said why"
	}
	return ""
}

func remarkWords(x *firewall.Rule) string {
	var out []string
	for _, m := range x.Remarks {
		out = append(out, kindWords(m.Kind)+": "+m.Why)
	}
	if x.Unused {
		out = append(out, "unused: "+x.UsedWhy)
	}
	return strings.Join(out, "; ")
}

func ruleFilter(r *screen.Request) firewall.RuleFilter {
	q := r.URL.Query()
	return firewall.RuleFilter{Set: q.Get("set"), Only: q.Get("only"), Query: strings.TrimSpace(q.Get("q"))}
}

func (s *site) ruleRows() screen.List {
	type row = firewall.RuleRow
	read := screen.Whole(func(r *screen.Request) ([]row, error) {
		rows, _, err := s.cfg.Firewall.Rules(r.Context(), r.Who, ruleFilter(r))
		return rows, err
	})
	col := func(key, title, head string, width float64, f func(row) any) screen.Column[row] {
		return screen.Column[row]{Key: key, Title: title, Head: head, Width: width, Value: func(_ *screen.Cells, x row) any { return f(x) }}
	}
	return screen.Declare(screen.List{Name: "firewall-rules", Title: "Rules of firewalls", Pattern: "GET /firewall/rules", Action: access.FirewallRead}, read, nil,
		col("rule_set", "Rule set", "=", 0, func(x row) any { return x.Set }), col("name", "Who has it", "", 30, func(x row) any { return x.Name }), col("hosts", "Hosts", "", 0, func(x row) any { return x.Hosts }),
		col("chain", "Chain", "", 24, func(x row) any { return x.Chain }), col("position", "Place", "", 0, func(x row) any { return x.Position }), col("rule", "Rule", "=", 60, func(x row) any { return x.Text }), col("comment", "Comment", "", 24, func(x row) any { return x.Comment }),
		col("remarks", "What is odd", "=", 60, func(x row) any { return remarkWords(&x.Rule) }), col("used", "Used", "", 0, func(x row) any { return x.Used }), col("used_why", "Why that is said", "", 30, func(x row) any { return x.UsedWhy }),
		col("justified", "Justified", "=", 0, func(x row) any { return justifiedWords(x.Justified) }), col("justification", "Justification", "", 0, func(x row) any { return x.By }), col("owner", "Owner", "", 20, func(x row) any { return x.Owner }),
		col("until", "Until", "", 0, func(x row) any { return string(x.Until) }), col("decision", "Decided in the newest review", "Review", 0, func(x row) any { return x.Decision }), col("new", "Came since that review", "", 0, func(x row) any { return x.New }))
}

// rules answers: which rules are there over all sets, and what is odd about each?
func (s *site) rules(w http.ResponseWriter, r *screen.Request) error {
	f := ruleFilter(r)
	all, counts, err := s.cfg.Firewall.Rules(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := ui.ListView{Crumbs: crumbs(ui.Link{Text: "Rules"}), Title: ui.Many(counts["odd"], "rule asks", "rules ask") + " for something", Note: fmt.Sprintf("Of %s in all rule sets that are in force.", ui.Many(counts[""], "rule", "rules")), Labels: []string{"Which"}, Undo: "/firewall/rules", None: "No rule matches."}
	if counts["odd"] == 0 {
		v.Title = "No rule asks for anything"
	}
	if f.Set != "" {
		v.Note, v.Undo = "Of "+ui.Many(counts[""], "rule", "rules")+" in "+f.Set+".", "/firewall/rules"
	}
	v.Chips = [][]ui.Chip{{{Text: "All " + ui.Number(int64(counts[""])), Href: screen.With(q, "/firewall/rules", "only", "", "after", ""), Current: f.Only == ""}}}
	for _, o := range firewall.RuleOnlies() {
		if counts[o[0]] > 0 || f.Only == o[0] {
			v.Chips[0] = append(v.Chips[0], ui.Chip{Text: o[1] + " " + ui.Number(int64(counts[o[0]])), Href: screen.With(q, "/firewall/rules", "only", o[0], "after", ""), Current: f.Only == o[0]})
		}
	}
	v.Search = ui.SearchBox{Path: "/firewall/rules", Value: f.Query, Label: "Find a rule", Hidden: []ui.Link{{Text: "only", Href: f.Only}, {Text: "set", Href: f.Set}}}
	key := func(x firewall.RuleRow) string { return fmt.Sprintf("%s %s %d %s", x.Set, x.Chain, x.Position, x.Key) }
	page, next := screen.CutPage(r.Request, all, key)
	v.Table = ui.Table{Caption: "Rules, by rule set and place", Columns: []ui.Column{{Text: "Rule"}, {Text: "Rule set"}, {Text: "What is odd"}, {Text: "Justified"}, {Text: "Review"}}}
	for i := range page {
		x := &page[i]
		cells := ruleCells(r, &x.Rule)
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Text, Href: "/firewall/" + x.Set}, Mono: true, Meta: place(&x.Rule), Cells: append([]ui.Cell{{Links: []ui.Link{{Text: x.Set, Href: "/firewall/" + x.Set}}, Meta: x.Name}}, cells...)})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(all)), q, "/firewall/rules", next)
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Rules of firewalls"), v))
}

func place(x *firewall.Rule) string {
	m := fmt.Sprintf("%s, %d", x.Chain, x.Position)
	if x.Comment != "" {
		m += " · " + x.Comment
	}
	if x.Origin != "" {
		m += " · made by " + x.Origin
	}
	return m
}

// ruleCells are what is odd, the justification and the review of a rule.
func ruleCells(r *screen.Request, x *firewall.Rule) []ui.Cell {
	odd := ui.Cell{Text: "—", Muted: true}
	var heads, why []string
	for _, m := range x.Remarks {
		heads, why = append(heads, kindWords(m.Kind)), append(why, m.Why)
	}
	if x.Unused {
		heads, why = append(heads, "unused"), append(why, x.UsedWhy)
	}
	if len(heads) > 0 {
		odd = ui.Cell{Text: strings.Join(slices.Compact(heads), ", "), Meta: screen.Cut(strings.Join(why, "; "), 220), Bad: x.Odd() && (x.Is("open") || x.Is("shadowed"))}
	}
	just := ui.Cell{Text: "lets nothing in", Muted: true}
	if x.Justified != firewall.NotNeeded {
		just = ui.Cell{Text: justifiedWords(x.Justified), Bad: x.Justified != firewall.InForce}
		if x.By != "" {
			just = ui.Cell{Links: []ui.Link{{Text: x.By, Href: "/firewall/justifications/" + x.By}}, Meta: fmt.Sprintf("%s, until %s", x.Owner, r.Words.Date(x.Until.Time())), Bad: x.Justified != firewall.InForce}
			if x.Justified != firewall.InForce {
				just.Meta = justifiedWords(x.Justified) + "; " + just.Meta
			}
		}
	}
	rev := ui.Cell{Text: "—", Muted: true}
	switch {
	case x.New:
		rev = ui.Cell{Text: "came since", Bad: true}
	case x.Decision == firewall.Remove:
		rev = ui.Cell{Text: "to be removed", Bad: true}
	case x.Decision != "":
		rev = ui.Cell{Text: x.Decision}
	}
	return []ui.Cell{odd, just, rev}
}
