package segmentation

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) flowRows(r *screen.Request) ([]segment.Flow, error) {
	q := r.URL.Query()
	if len(q.Get("q")) > 200 {
		return nil, fault.New(fault.Invalid, "a search has at most 200 letters").At("", 0, "q")
	}
	return s.cfg.Segment.Flows(r.Context(), r.Who, segment.FlowFilter{Query: strings.TrimSpace(q.Get("q")), Verdict: segment.Verdict(q.Get("verdict")), Over: q.Get("over") == "yes"})
}

func flowID(f segment.Flow) string {
	return fmt.Sprintf("%s>%s %s", f.FromAddress, f.ToAddress, f.Service())
}

func (s *site) flowList() screen.List {
	type x = segment.Flow
	return screen.Declare(screen.List{Name: "segment-flows", Title: "Connections", Pattern: "GET " + flowsPath, Action: "segment.read"}, screen.Whole(s.flowRows), nil,
		screen.Column[x]{Key: "from", Title: "From", Head: "=", Width: 24, Value: func(_ *screen.Cells, f x) any { return f.From }},
		screen.Column[x]{Key: "from_address", Title: "From address", Width: 20, Value: func(_ *screen.Cells, f x) any { return f.FromAddress }},
		screen.Column[x]{Key: "from_zone", Title: "From zone", Value: func(_ *screen.Cells, f x) any { return f.FromZone }},
		screen.Column[x]{Key: "to", Title: "To", Head: "=", Width: 24, Value: func(_ *screen.Cells, f x) any { return f.To }},
		screen.Column[x]{Key: "to_address", Title: "To address", Width: 20, Value: func(_ *screen.Cells, f x) any { return f.ToAddress }},
		screen.Column[x]{Key: "to_zone", Title: "To zone", Value: func(_ *screen.Cells, f x) any { return f.ToZone }},
		screen.Column[x]{Key: "service", Title: "Service", Head: "=", Value: func(_ *screen.Cells, f x) any { return f.Service() }},
		screen.Column[x]{Key: "verdict", Title: "The plan", Head: "=", Value: func(_ *screen.Cells, f x) any { return string(f.Verdict) }},
		screen.Column[x]{Key: "rule", Title: "Rule", Value: func(_ *screen.Cells, f x) any { return f.Rule }},
		screen.Column[x]{Key: "programs", Title: "Processes", Head: "=", Width: 30, Value: func(_ *screen.Cells, f x) any { return strings.Join(f.Programs, ", ") }},
		screen.Column[x]{Key: "first", Title: "First seen", Head: "=", Value: func(_ *screen.Cells, f x) any { return f.First }},
		screen.Column[x]{Key: "last", Title: "Last seen", Head: "=", Value: func(_ *screen.Cells, f x) any { return f.Last }},
		screen.Column[x]{Key: "current", Title: "Within the hour", Value: func(_ *screen.Cells, f x) any { return f.Now }},
		screen.Column[x]{Key: "seen_by", Title: "Seen by", Width: 24, Value: func(_ *screen.Cells, f x) any { return strings.Join(f.Seen, ", ") }},
		screen.Column[x]{Key: "why", Title: "Why no zone", Width: 30, Value: func(_ *screen.Cells, f x) any { return f.Why }})
}

func (s *site) proofRows(r *screen.Request) ([]segment.Proof, error) {
	q := r.URL.Query()
	result, text := segment.Result(q.Get("result")), strings.ToLower(strings.TrimSpace(q.Get("q")))
	if result != "" && !slices.Contains([]segment.Result{segment.Holds, segment.Broken, segment.Open}, result) {
		return nil, fault.New(fault.Invalid, "%q is nothing that a proof says", result).At("", 0, "result").WithHint("holds, broken, unproven")
	}
	all, err := s.cfg.Segment.Proofs(r.Context(), r.Who, r.Now.Add(-90*24*time.Hour))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p segment.Proof) bool {
		return result != "" && segment.Says(p.Expects, p.Protocol, p.State) != result || text != "" && !strings.Contains(strings.ToLower(strings.Join([]string{p.From, p.FromZone, p.To, p.ToZone, p.Address, p.Service(), p.Rule, p.State}, " ")), text)
	}), nil
}

func (s *site) proofList() screen.List {
	type x = segment.Proof
	return screen.Declare(screen.List{Name: "segment-proofs", Title: "Proofs of segmentation", Pattern: "GET " + proofsPath, Action: "segment.read"}, screen.Whole(s.proofRows), nil,
		screen.Column[x]{Key: "at", Title: "Tried", Head: "=", Value: func(_ *screen.Cells, p x) any { return p.At }},
		screen.Column[x]{Key: "rule", Title: "Rule", Value: func(_ *screen.Cells, p x) any { return p.Rule }},
		screen.Column[x]{Key: "from", Title: "From", Head: "=", Width: 20, Value: func(_ *screen.Cells, p x) any { return p.From }},
		screen.Column[x]{Key: "from_zone", Title: "From zone", Value: func(_ *screen.Cells, p x) any { return p.FromZone }},
		screen.Column[x]{Key: "to", Title: "To", Head: "=", Width: 20, Value: func(_ *screen.Cells, p x) any { return p.To }},
		screen.Column[x]{Key: "to_zone", Title: "To zone", Value: func(_ *screen.Cells, p x) any { return p.ToZone }},
		screen.Column[x]{Key: "address", Title: "Address", Width: 20, Value: func(_ *screen.Cells, p x) any { return p.Address }},
		screen.Column[x]{Key: "service", Title: "Service", Head: "=", Value: func(_ *screen.Cells, p x) any { return p.Service() }},
		screen.Column[x]{Key: "state", Title: "What came of it", Head: "=", Value: func(_ *screen.Cells, p x) any { return p.State }},
		screen.Column[x]{Key: "reason", Title: "In words", Width: 40, Value: func(_ *screen.Cells, p x) any { return p.Reason }},
		screen.Column[x]{Key: "result", Title: "The rule", Head: "=", Value: func(_ *screen.Cells, p x) any { return string(segment.Says(p.Expects, p.Protocol, p.State)) }},
		screen.Column[x]{Key: "plan", Title: "Plan", Value: func(_ *screen.Cells, p x) any { return p.Plan }},
		screen.Column[x]{Key: "ask", Title: "Ask", Value: func(_ *screen.Cells, p x) any { return p.Ask }},
		screen.Column[x]{Key: "entry", Title: "Ledger entry", Value: func(_ *screen.Cells, p x) any { return p.Entry }})
}

// flowTable shows connections.
func (s *site) flowTable(r *screen.Request, list []segment.Flow) ui.Table {
	t := ui.Table{Caption: "Connections, forbidden ones first", Columns: []ui.Column{{Text: "From"}, {Text: "To"}, {Text: "Service"}, {Text: "The plan"}, {Text: "Processes"}, {Text: "First seen"}, {Text: "Last seen"}}}
	for i := range list {
		f := &list[i]
		side := func(name, address, zone string) string {
			out := zoneName(zone)
			if address != name && !strings.HasPrefix(address, "public") {
				out = address + ", " + out
			}
			return out
		}
		verdict := ui.Cell{Text: sayings[f.Verdict], Meta: screen.OrElse(f.Rule, f.Why)}
		if f.Verdict == segment.Refused && f.Now {
			verdict = ui.Cell{Outcome: "fail", Meta: "forbidden by " + f.Rule}
		}
		last := ui.Cell{Moment: r.Words.At(f.Last)}
		if f.Now {
			last = ui.Cell{Text: "within the hour"}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: f.From, Href: pairPath(f.FromZone, f.ToZone)}, Meta: side(f.From, f.FromAddress, f.FromZone),
			Cells: []ui.Cell{{Text: f.To, Meta: side(f.To, f.ToAddress, f.ToZone)}, {Text: f.Service()}, verdict, {Text: screen.OrElse(strings.Join(f.Programs, ", "), "not known"), Muted: len(f.Programs) == 0}, {Moment: r.Words.At(f.First)}, last}})
	}
	return t
}

// proofTable shows tries.
func (s *site) proofTable(r *screen.Request, list []segment.Proof) ui.Table {
	t := ui.Table{Caption: "Connections that agents tried", Columns: []ui.Column{{Text: "From"}, {Text: "To"}, {Text: "Service"}, {Text: "What came of it"}, {Text: "The rule"}, {Text: "Tried"}}}
	for i := range list {
		p := &list[i]
		outcome := map[segment.Result]ui.Outcome{segment.Holds: "pass", segment.Broken: "fail", segment.Open: "not_observed"}[segment.Says(p.Expects, p.Protocol, p.State)]
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: p.From, Href: pairPath(p.FromZone, p.ToZone)}, Meta: zoneName(p.FromZone),
			Cells: []ui.Cell{{Text: p.To, Meta: p.Address + ", " + zoneName(p.ToZone)}, {Text: p.Service()}, {Text: p.State, Meta: p.Reason}, {Outcome: outcome, Meta: p.Rule + " of " + p.Plan}, {Moment: r.Words.At(p.At), Text: " · ", Links: []ui.Link{{Text: "entry", Href: "/ledger/" + p.Entry}}}}})
	}
	return t
}

// flows answers: which connections are there, and which of them may be?
func (s *site) flows(w http.ResponseWriter, r *screen.Request) error {
	list, err := s.flowRows(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	all, err := s.cfg.Segment.Flows(r.Context(), r.Who, segment.FlowFilter{Over: q.Get("over") == "yes"})
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Segmentation", Href: home}, {Text: "Connections"}}, Title: ui.Many(len(all), "kind of connection", "kinds of connections") + " between hosts", Note: "As agents read them from the kernel each minute, both ends of a connection once. What a firewall drops is no connection.",
		Labels: []string{"The plan", "When"}, None: "No connection matches.", Undo: flowsPath, Search: ui.SearchBox{Path: flowsPath, Value: q.Get("q"), Label: "Host, address, zone, port, process", Hidden: append(screen.Hidden("verdict", q.Get("verdict")), screen.Hidden("over", q.Get("over"))...)}}
	chip := func(text, value string) ui.Chip {
		n := 0
		for _, f := range all {
			if value == "" || string(f.Verdict) == value {
				n++
			}
		}
		return ui.Chip{Text: text + " " + ui.Number(n), Href: screen.With(q, flowsPath, "verdict", value, "after", ""), Current: q.Get("verdict") == value}
	}
	v.Chips = [][]ui.Chip{{chip("All", ""), chip("Forbidden", string(segment.Refused)), chip("Unstated", string(segment.NotSaid)), chip("Allowed", string(segment.Allowed)), chip("Within a zone", string(segment.SameZone)), chip("An end without a zone", string(segment.NoZone))},
		{{Text: "Within the hour", Href: screen.With(q, flowsPath, "over", "", "after", ""), Current: q.Get("over") == ""}, {Text: "30 days", Href: screen.With(q, flowsPath, "over", "yes", "after", ""), Current: q.Get("over") == "yes"}}}
	if len(all) == 0 {
		m, err := s.cfg.Segment.Matrix(r.Context(), r.Who)
		if err != nil {
			return err
		}
		v.Title = "No connection between hosts is seen"
		if m.Plan == "" {
			v.Empty = &ui.Empty{Title: "Connections stand here once zones are in force", Text: "Agents tell with whom their hosts are connected. What that means is said by a plan of zones: without one every connection would be one of no zone.", Criteria: []ui.Link{{Text: "CC6.6", Href: "/criteria/CC6.6"}}, Until: "Each host's own page has its connections already, as section flows.", Actions: []ui.Link{{Text: "Draft the first plan", Href: planPath}, {Text: "Hosts", Href: "/hosts"}}}
		}
	}
	part, next := screen.CutPage(r.Request, list, flowID)
	v.Table = s.flowTable(r, part)
	v.Table.Pager = screen.Pager(len(part), int64(len(list)), q, flowsPath, next)
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Connections"), v))
}

// proofs answers: what was tried, when, and what came of it?
func (s *site) proofs(w http.ResponseWriter, r *screen.Request) error {
	list, err := s.proofRows(r)
	if err != nil {
		return err
	}
	asked, err := s.cfg.Segment.Asked(r.Context(), r.Who)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Segmentation", Href: home}, {Text: "Proofs"}}, Title: ui.Many(len(list), "connection was", "connections were") + " tried in 90 days", Note: "An agent tries what a rule forbids or allows, once a day and after each approval. A refusal by the other side means that the way is open; silence of UDP proves nothing.",
		Labels: []string{"The rule"}, None: "No try matches.", Undo: proofsPath, Search: ui.SearchBox{Path: proofsPath, Value: q.Get("q"), Label: "Host, address, zone, port, rule", Hidden: screen.Hidden("result", q.Get("result"))}}
	for _, c := range [][2]string{{"All", ""}, {"Does not hold", "broken"}, {"Holds", "holds"}, {"Proves nothing", "unproven"}} {
		if v.Chips == nil {
			v.Chips = [][]ui.Chip{nil}
		}
		v.Chips[0] = append(v.Chips[0], ui.Chip{Text: c[0], Href: screen.With(q, proofsPath, "result", c[1], "after", ""), Current: q.Get("result") == c[1]})
	}
	if len(list) == 0 && q.Get("q")+q.Get("result") == "" {
		v.Title = "Nothing was tried yet"
		v.Empty = &ui.Empty{Title: "A block that was never tried is a hope", Text: "Where an agent's settings say probe: zones, the server asks it once a day to open connections that the plan forbids. It opens none anywhere else, sends no byte, and closes at once.", Criteria: []ui.Link{{Text: "CC6.6", Href: "/criteria/CC6.6"}},
			Until: "Agents refuse by default. Until one may, the checks of segmentation say that nothing was observed.", Actions: []ui.Link{{Text: "Segmentation", Href: home}}}
	}
	part, next := screen.CutPage(r.Request, list, func(p segment.Proof) string { return p.ID() })
	v.Table = s.proofTable(r, part)
	v.Table.Pager = screen.Pager(len(part), int64(len(list)), q, proofsPath, next)
	if len(asked) > 0 && q.Get("after") == "" {
		t := ui.Table{Caption: "What agents were asked in the last week", Columns: []ui.Column{{Text: "Host"}, {Text: "Connections", N: true}, {Text: "Rules"}, {Text: "Asked"}, {Text: "What it said"}}}
		for _, a := range asked[:min(len(asked), 20)] {
			said := ui.Cell{Text: "answered", Meta: r.Words.At(a.Answered).Text}
			switch {
			case a.Refuse != "":
				said = ui.Cell{Outcome: "not_observed", Meta: a.Refuse}
			case a.Answered.IsZero() && r.Now.Before(a.Until):
				said = ui.Cell{Text: "nothing yet", Muted: true}
			case a.Answered.IsZero():
				said = ui.Cell{Outcome: "not_observed", Meta: "it did not answer within the hour"}
			}
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.Host}, Meta: a.Plan, Cells: []ui.Cell{{Text: ui.Number(a.Targets), N: true}, {Text: strings.Join(a.Rules, ", ")}, {Moment: r.Words.At(a.At)}, said}})
		}
		v.After, v.Heads = []ui.Table{t}, []string{"What agents were asked"}
	}
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Proofs of segmentation"), v))
}

// pair answers: what of this pair of zones holds, and how do we know?
func (s *site) pair(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	p, err := s.cfg.Segment.Pair(r.Context(), r.Who, q.Get("from"), q.Get("to"))
	if err != nil {
		return err
	}
	word, but := says(&p.Cell)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Segmentation", Href: home}, {Text: zoneName(p.From) + " to " + zoneName(p.To)}}, Title: zoneName(p.From) + " to " + zoneName(p.To), State: word, FactsOf: "These zones", Zone: "times in " + r.Words.Zone.String()}
	if but != "" {
		rec.Line = append(rec.Line, but)
	}
	rec.Line = append(rec.Line, seenWords(&p.Cell))
	if p.Bad() {
		rec.Bad = "The plan does not hold here."
	}
	if p.Blind != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Connections", Text: "Not all are known: " + p.Blind})
	}
	if len(p.Rules) > 0 {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Proof", Text: proved(r, p.Result, p.Proved, p.Broken > p.Unreached)})
		if p.Unproven != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: "Why not", Text: p.Unproven})
		}
	}
	rules, flows, proofs := s.rulesTable(r, p.Rules), s.flowTable(r, p.Flows[:min(len(p.Flows), 200)]), s.proofTable(r, p.Proofs[:min(len(p.Proofs), 200)])
	rec.Blocks = []ui.Block{{ID: "rules", Title: "Rules", Table: &rules, None: "No rule is about these zones."}, {ID: "seen", Title: "Connections of 30 days", Table: &flows, None: "None was seen."}, {ID: "proofs", Title: "Newest try of each path", Table: &proofs, None: "Nothing was tried."}}
	if len(p.Flows) > 200 {
		rec.Blocks[1].Links = []ui.Link{{Text: "All " + ui.Number(len(p.Flows)), Href: flowsPath + "?over=yes"}}
	}
	return r.Render(w, http.StatusOK, ui.Record(s.shell(w, r, rec.Title), rec))
}
