package integrity

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	baselinesPage = "Baselines"
	baselinesPath = "/baselines"
	mostAsked     = 500 // hosts that are asked at once
)

// beat is what is said of when an agent answers.
const beat = "an agent hears what it is asked with its next heartbeat, mostly within half a minute, and answers then"

func (s *site) baselineRoutes() []screen.Route {
	return []screen.Route{
		{Pattern: "GET /baselines", Action: access.IntegrityRead, Handle: s.baselines},
		{Pattern: "GET /baselines/all", Action: access.IntegrityRead, Handle: s.snapshots},
		{Pattern: "GET /baselines/ask", Action: access.IntegrityApprove, Handle: s.asking},
		{Pattern: "POST /baselines/ask", Action: access.IntegrityApprove, Handle: s.askFor},
		{Pattern: "GET /baselines/hosts/{id}", Action: access.IntegrityRead, Handle: s.baselinesOf},
		{Pattern: "GET /baselines/compare", Action: access.IntegrityRead, Handle: s.comparisons},
		{Pattern: "POST /baselines/compare", Action: access.IntegrityApprove, Handle: s.compare},
		{Pattern: "GET /baselines/compare/{ref}", Action: access.IntegrityRead, Handle: s.comparison},
		{Pattern: "GET /baselines/{ref}", Action: access.IntegrityRead, Handle: s.baseline},
		{Pattern: "POST /baselines/{ref}/approve", Action: access.IntegrityApprove, Handle: s.approve},
		{Pattern: "POST /baselines/{ref}/refuse", Action: access.IntegrityApprove, Handle: s.refuse},
	}
}

// shortRoot is a root as far as people compare it.
func shortRoot(root string) string {
	if len(root) > 16 {
		return root[:16] + "…"
	}
	return root
}

func hostFilter(r *screen.Request) (integrity.HostFilter, error) {
	q := r.URL.Query()
	f := integrity.HostFilter{Query: strings.TrimSpace(q.Get("q")), Only: q.Get("only"), Limit: screen.PageSize}
	if !slices.Contains([]string{"", "open", "silent", "unapproved", "degraded"}, f.Only) {
		return f, fault.New(fault.Invalid, "%.40q chooses no hosts", f.Only).At("", 0, "only").WithHint("open, silent, unapproved, degraded")
	}
	return f, nil
}

func (s *site) baselineHosts() screen.List {
	type x = integrity.Watched
	read := func(r *screen.Request, after string) ([]x, string, error) {
		f, err := hostFilter(r)
		if err != nil {
			return nil, "", err
		}
		f.After, f.Limit = after, most
		rows, next, _, err := s.cfg.Integrity.Hosts(r.Context(), r.Who, f)
		return rows, next, err
	}
	of := func(h x) integrity.Baseline {
		if h.Baseline == nil {
			return integrity.Baseline{}
		}
		return *h.Baseline
	}
	return screen.Declare(screen.List{Name: "baseline-hosts", Title: "Baselines of hosts", Pattern: "GET " + baselinesPath, Action: access.IntegrityRead}, read, func(h x) []string { return []string{of(h).By} },
		screen.Column[x]{Key: "host", Title: "Host", Head: "=", Width: 24, Value: func(_ *screen.Cells, h x) any { return h.Name }},
		screen.Column[x]{Key: "root", Title: "Approved root", Head: "Approved baseline", Width: 66, Value: func(_ *screen.Cells, h x) any { return of(h).Root }},
		screen.Column[x]{Key: "entries", Title: "Entries", Value: func(_ *screen.Cells, h x) any { return of(h).Entries }},
		screen.Column[x]{Key: "approved_by", Title: "Approved by", Head: "=", Width: 20, Value: func(c *screen.Cells, h x) any { return c.Name(of(h).By) }},
		screen.Column[x]{Key: "approved_at", Title: "Approved", Width: 20, Value: func(c *screen.Cells, h x) any { return c.Words.At(of(h).At).Text }},
		screen.Column[x]{Key: "accepted_at", Title: "Taken by the agent", Head: "Agent", Width: 20, Value: func(c *screen.Cells, h x) any { return c.Words.At(of(h).Accepted).Text }},
		screen.Column[x]{Key: "candidate", Title: "Snapshot that waits", Head: "Snapshot", Width: 66, Value: func(_ *screen.Cells, h x) any { return of(h).Candidate }},
		screen.Column[x]{Key: "open", Title: "Unexplained groups", Head: "Unexplained", Value: func(_ *screen.Cells, h x) any { return h.Opened }})
}

// baselines answers: of which hosts did somebody approve what they are to be?
func (s *site) baselines(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	f, err := hostFilter(r)
	if err != nil {
		return err
	}
	f.After = q.Get("after")
	list, next, total, err := s.cfg.Integrity.Hosts(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	sum, err := s.cfg.Integrity.Summary(r.Context(), r.Who, days)
	if err != nil {
		return err
	}
	count, err := s.cfg.Baselines.Count(r.Context(), r.Who)
	if err != nil {
		return err
	}
	approved := sum.Hosts - sum.Unapproved
	v := ui.ListView{Title: ui.Number(approved) + " of " + ui.Many(sum.Hosts, "host has", "hosts have") + " an approved baseline", Labels: []string{"Which"}, None: "No host matches.", Undo: baselinesPath,
		Note: "A baseline is the state of a host's files that a named person took for the one that is meant, held as one signed root. No agent takes one by itself.",
		More: []ui.Link{{Text: "Snapshots", Href: baselinesPath + "/all"}, {Text: "Compare two hosts", Href: baselinesPath + "/compare"}}, Search: ui.SearchBox{Path: baselinesPath, Value: q.Get("q"), Label: "Name of a host", Hidden: screen.Hidden("only", f.Only)}}
	if n := count[baseline.Candidate]; n > 0 {
		v.Action = ui.Link{Text: ui.Many(n, "snapshot waits", "snapshots wait"), Href: baselinesPath + "/all?state=" + baseline.Candidate}
	}
	if r.May(access.ComponentRead) {
		v.More = append(v.More, ui.Link{Text: "Reference hosts", Href: "/references"})
	}
	if r.May(access.IntegrityApprove) && total > 0 {
		v.More = append(v.More, ui.Link{Text: "Ask for snapshots", Href: screen.With(q, baselinesPath+"/ask", "after", "")})
	}
	v.Chips = [][]ui.Chip{chips(q, baselinesPath, "only", ui.Chip{Text: "All " + ui.Number(sum.Hosts)}, ui.Chip{Text: "None approved " + ui.Number(sum.Unapproved), Href: "unapproved"}, ui.Chip{Text: "With unexplained changes", Href: "open"}, ui.Chip{Text: "Silent " + ui.Number(sum.Silent), Href: "silent"})}
	if sum.Hosts == 0 {
		v.Title, v.Note, v.More = "No host watches its files yet", "", nil
		v.Empty = empty(0)
		v.Empty.Title = "What each host is to be stands here"
		v.Empty.Text = "Once a host watches its files, it can be asked for a snapshot of all of them. Somebody approves it, with a reason; the approval is signed, and from then on what differs is told against it."
	}
	v.Table = ui.Table{Caption: "Baselines by host", Columns: []ui.Column{{Text: "Host"}, {Text: "Approved baseline"}, {Text: "Approved by"}, {Text: "Agent"}, {Text: "Unexplained", N: true}, {Text: "Snapshot"}}}
	var ids []string
	for i := range list {
		if b := list[i].Baseline; b != nil {
			ids = append(ids, b.By)
		}
	}
	names := r.Names(ids)
	for i := range list {
		v.Table.Rows = append(v.Table.Rows, baselineRow(r, &list[i], names))
	}
	v.Table.Pager = screen.Pager(len(list), total, q, baselinesPath, next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, baselinesPage, section, baselinesPage), v))
}

func hostBaselines(h *integrity.Watched) string {
	return baselinesPath + "/hosts/" + screen.OrElse(h.HostID, h.Source)
}

func baselineRow(r *screen.Request, h *integrity.Watched, names map[string]string) ui.TableRow {
	row := ui.TableRow{Head: ui.Link{Text: h.Name, Href: hostBaselines(h)}}
	in, who, agent, waits := ui.Cell{Text: "none approved", Bad: true}, ui.Cell{Text: "nobody", Muted: true}, ui.Cell{Text: "—", Muted: true}, ui.Cell{Text: "none", Muted: true}
	if b := h.Baseline; b != nil {
		if b.Approval != "" {
			in = ui.Cell{Links: []ui.Link{{Text: shortRoot(b.Root), Href: baselinesPath + "/" + b.Approval}}, Mono: true, Meta: ui.Many(b.Entries, "entry", "entries")}
			who = ui.Cell{Text: screen.Who(names, b.By), Meta: r.Words.At(b.At).Text}
			switch {
			case !b.Accepted.IsZero():
				agent = ui.Cell{Text: "has taken it", Meta: r.Words.At(b.Accepted).Text}
			default:
				agent = ui.Cell{Text: "has not taken it yet", Meta: "asked " + ago(r, b.At)}
			}
		}
		if b.Candidate != "" {
			waits = ui.Cell{Text: "waits for approval", Meta: ui.Many(b.CandidateN, "entry", "entries") + ", made " + r.Words.At(b.Made).Text}
		}
	}
	if m := h.Watching; m != nil && h.Baseline != nil && h.Baseline.Approval != "" && m.Baseline.Root != "" && m.Baseline.Root != h.Baseline.Root && !h.Baseline.Accepted.IsZero() {
		agent = ui.Cell{Text: "compares with another", Meta: shortRoot(m.Baseline.Root), Bad: true}
	}
	row.Cells = []ui.Cell{in, who, agent, {Text: ui.Number(h.Opened), N: true, Bad: h.Opened > 0, Muted: h.Opened == 0}, waits}
	return row
}

var snapshotStates = []string{baseline.Candidate, baseline.Asked, baseline.Approved, baseline.InForce, baseline.Untaken, baseline.Refused, baseline.Failed}

var snapshotWords = map[string]string{baseline.Asked: "asked for", baseline.Candidate: "waits for approval", baseline.Failed: "the host did not make it", baseline.Approved: "approved, not taken yet", baseline.Refused: "refused", baseline.InForce: "taken by the agent", baseline.Untaken: "not taken by the agent"}

func (s *site) snapshotList() screen.List {
	type x = baseline.Object
	read := func(r *screen.Request, after string) ([]x, string, error) {
		f, err := snapshotFilter(r)
		if err != nil {
			return nil, "", err
		}
		f.Limit = most
		if after != "" {
			if f.Below, err = number(after, "after"); err != nil {
				return nil, "", err
			}
		}
		list, next, err := s.cfg.Baselines.List(r.Context(), r.Who, f)
		return list, cursor(next), err
	}
	l := screen.Declare(screen.List{Name: "baselines", Title: "Snapshots and baselines", Pattern: "GET " + baselinesPath + "/all", Action: access.IntegrityRead}, read, func(o x) []string { return []string{o.Content.By, o.Creator} },
		screen.Column[x]{Key: "number", Title: "Snapshot", Head: "=", Width: 12, Value: func(_ *screen.Cells, o x) any { return o.Ref }},
		screen.Column[x]{Key: "host", Title: "Host", Head: "=", Width: 24, Value: func(_ *screen.Cells, o x) any { return o.Content.Host }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Width: 24, Value: func(_ *screen.Cells, o x) any { return snapshotWords[o.Content.State] }},
		screen.Column[x]{Key: "root", Title: "Root", Head: "=", Width: 66, Value: func(_ *screen.Cells, o x) any { return o.Content.Root }},
		screen.Column[x]{Key: "entries", Title: "Entries", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Entries }},
		screen.Column[x]{Key: "bytes", Title: "Bytes", Value: func(_ *screen.Cells, o x) any { return o.Content.Bytes }},
		screen.Column[x]{Key: "unread", Title: "Attributes that could not be read", Value: func(_ *screen.Cells, o x) any { return o.Content.Unread }},
		screen.Column[x]{Key: "asked_by", Title: "Asked by", Width: 20, Value: func(c *screen.Cells, o x) any { return c.Name(o.Creator) }},
		screen.Column[x]{Key: "asked_at", Title: "Asked", Head: "=", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Created }},
		screen.Column[x]{Key: "approved_by", Title: "Approved by", Head: "=", Width: 20, Value: func(c *screen.Cells, o x) any { return c.Name(o.Content.By) }},
		screen.Column[x]{Key: "approved_at", Title: "Approved", Width: 20, Value: func(c *screen.Cells, o x) any { return c.Words.At(o.Content.At).Text }},
		screen.Column[x]{Key: "taken", Title: "Taken", Width: 20, Value: func(c *screen.Cells, o x) any { return c.Words.At(o.Content.Taken).Text }},
		screen.Column[x]{Key: "why", Title: "Why not", Width: 40, Value: func(_ *screen.Cells, o x) any { return o.Content.Why }},
		screen.Column[x]{Key: "approval", Title: "Signed approval", Width: 40, Value: func(_ *screen.Cells, o x) any { return o.Content.Approval }})
	return screen.Chosen(l, read, func(o x) string { return o.Ref })
}

func snapshotFilter(r *screen.Request) (baseline.Filter, error) {
	q := r.URL.Query()
	f := baseline.Filter{State: q.Get("state"), Host: q.Get("host"), Limit: screen.PageSize}
	if f.State != "" && !slices.Contains(snapshotStates, f.State) {
		return f, fault.New(fault.Invalid, "%.40q is no state of a snapshot", f.State).At("", 0, "state").WithHint("%s", strings.Join(snapshotStates, ", "))
	}
	return f, nil
}

// cursor is of the next page; "" on the last.
func cursor(below int64) string {
	if below == 0 {
		return ""
	}
	return decimal(below)
}

// snapshots answers: which snapshots wait, and what became of the others?
func (s *site) snapshots(w http.ResponseWriter, r *screen.Request) error {
	q, at := r.URL.Query(), baselinesPath+"/all"
	f, err := snapshotFilter(r)
	if err != nil {
		return err
	}
	if after := q.Get("after"); after != "" {
		if f.Below, err = number(after, "after"); err != nil {
			return err
		}
	}
	list, next, err := s.cfg.Baselines.List(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	count, err := s.cfg.Baselines.Count(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: baselinesPage, Href: baselinesPath}, {Text: "Snapshots"}}, Title: "No snapshot waits for approval", Note: "A host makes a snapshot when it is asked. What somebody approves is the root of all its files, signed with their name.", Labels: []string{"State"}, None: "No snapshot matches.", Undo: at}
	if n := count[baseline.Candidate]; n > 0 {
		v.Title = ui.Many(n, "snapshot waits for approval", "snapshots wait for approval")
	}
	all, total := []ui.Chip{{Text: "All"}}, int64(0)
	for _, st := range snapshotStates {
		if f.State == "" || f.State == st {
			total += count[st]
		}
		if count[st] > 0 || f.State == st {
			all = append(all, ui.Chip{Text: screen.Capital(snapshotWords[st]) + " " + ui.Number(count[st]), Href: st})
		}
	}
	v.Chips = [][]ui.Chip{chips(q, at, "state", all...)}
	if len(list) == 0 && f.State == "" && f.Host == "" && f.Below == 0 {
		v.Empty = &ui.Empty{Title: "No host was asked for a snapshot", Text: "Ask a host whose state you know to be right: after it was set up, or after a change that is done. It says what all its files are; somebody approves it, and from then on what differs is told against that.", Criteria: screen.CriteriaLinks([]string{"CC7.1"}), Until: "Until then what was there when watching began is taken for what is meant, and nobody approved it."}
		if r.May(access.IntegrityApprove) {
			v.Empty.Actions = []ui.Link{{Text: "Ask for snapshots", Href: baselinesPath + "/ask"}}
		}
	}
	v.Table = snapshotTable(r, "Snapshots, newest first", list, true)
	v.Table.Pager = screen.Pager(len(list), total, q, at, cursor(next))
	if f.Host != "" { // not counted
		v.Table.Pager.Text = ui.Number(len(list)) + " shown"
	}
	sh := r.Shell(w, "Snapshots", section, baselinesPage)
	sh.Live.Replace = v.Empty != nil
	return r.Render(w, http.StatusOK, ui.List(sh, v))
}

func snapshotTable(r *screen.Request, caption string, list []baseline.Object, picks bool) ui.Table {
	t := ui.Table{Caption: caption, Columns: []ui.Column{{Text: "Snapshot"}, {Text: "Host"}, {Text: "State"}, {Text: "Root"}, {Text: "Entries", N: true}, {Text: "Asked"}, {Text: "Approved by"}}}
	var ids []string
	for i := range list {
		ids = append(ids, list[i].Content.By)
	}
	names := r.Names(ids)
	for i := range list {
		o, c := &list[i], &list[i].Content
		state := ui.Cell{Text: snapshotWords[c.State], Bad: c.State == baseline.Untaken || c.State == baseline.Failed, Meta: c.Why}
		if c.State == baseline.Asked {
			state.Meta = ago(r, o.Created)
		}
		by := ui.Cell{Text: "nobody", Muted: true}
		if c.By != "" {
			by = ui.Cell{Text: screen.Who(names, c.By), Meta: r.Words.At(c.At).Text}
		}
		row := ui.TableRow{Head: ui.Link{Text: o.Ref, Href: baselinesPath + "/" + o.Ref}, Cells: []ui.Cell{{Links: []ui.Link{{Text: c.Host, Href: baselinesPath + "/hosts/" + screen.OrElse(c.HostID, c.Source)}}}, state, {Text: screen.OrElse(shortRoot(c.Root), "—"), Mono: true}, {Text: ui.Number(c.Entries), N: true, Muted: c.Entries == 0}, {Moment: r.Words.At(o.Created)}, by}}
		if picks && (c.State == baseline.Candidate || c.State == baseline.Untaken) && r.May(access.BulkAct) && r.May(access.IntegrityApprove) {
			row.Pick = o.Ref
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// asking is the preview of asking many hosts.
func (s *site) asking(w http.ResponseWriter, r *screen.Request) error { return s.showAsking(w, r, nil) }

func (s *site) showAsking(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f, err := hostFilter(r)
	if err != nil {
		return err
	}
	f.Limit = mostAsked
	list, _, total, err := s.cfg.Integrity.Hosts(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	v := ui.FormView{Crumbs: []ui.Link{{Text: baselinesPage, Href: baselinesPath}, {Text: "Ask for snapshots"}}, Title: "Ask " + ui.Many(len(list), "host", "hosts") + " for a snapshot", Note: "Nothing is approved by it. Each looks at all its files anew, which takes it as long as reading them.",
		Form: ui.Form{ID: "ask", Action: baselinesPath + "/ask", Button: "Ask " + ui.Many(len(list), "host", "hosts")},
		Side: []ui.Block{{ID: "then", Title: "What happens then", Text: []string{screen.Capital(beat) + ".", "A snapshot that came waits here until somebody approves or refuses it. A host that is silent answers when it is heard again, within a day."}}}}
	if total > int64(len(list)) {
		v.Note += " " + ui.Number(total) + " match; 500 are asked at once."
	}
	field := ui.Field{Name: "host", Label: "Hosts that are asked", Kind: "many", Hint: "Take out those that are not to be."}
	for i := range list {
		h := &list[i]
		text := h.Name
		switch {
		case !h.Silent.IsZero():
			text += ", silent since " + r.Words.At(h.Silent).Text
		case h.Opened > 0:
			text += ", " + ui.Many(h.Opened, "unexplained group lies", "unexplained groups lie") + " open: its snapshot cannot be approved before"
		case h.Baseline != nil && h.Baseline.Candidate != "":
			text += ", a snapshot waits already"
		}
		field.Options = append(field.Options, ui.Option{Value: h.Source, Text: text, Selected: true})
	}
	v.Form.Fields = []ui.Field{field}
	if len(list) == 0 {
		v.Form.Action = ""
		v.Note = "No host matches."
	}
	t.Fill(&v.Form)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Ask for snapshots", section, baselinesPage), v))
}

func (s *site) askFor(w http.ResponseWriter, r *screen.Request) error {
	list, err := s.cfg.Baselines.AskFor(r.Context(), r.Who, r.PostForm["host"])
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		if t.Field == "hosts" {
			t.Field = "host"
		}
		return s.showAsking(w, r, t)
	}
	if len(list) == 1 {
		return r.Done(w, list[0].Content.Host+" is asked for a snapshot.", baselinesPath+"/"+list[0].Ref)
	}
	return r.Done(w, ui.Many(len(list), "host is", "hosts are")+" asked for a snapshot.", baselinesPath+"/all?"+url.Values{"state": {baseline.Asked}}.Encode())
}
