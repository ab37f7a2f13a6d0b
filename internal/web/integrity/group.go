package integrity

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
	"github.com/attesta/attesta/internal/wire"
)

var decisionWords = map[string]string{"explained": "Explained", "undone": "Undone: its paths are again what they were", "ended": "Ended"}

// group answers: why this verdict, who did it, what exactly changed, and what was
// decided of it?
func (s *site) group(w http.ResponseWriter, r *screen.Request) error { return s.show(w, r, nil) }

func (s *site) show(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	ctx, q := r.Context(), r.URL.Query()
	d, err := s.cfg.Integrity.Group(ctx, r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	g, at := &d.Group, root+"/"+d.Ref
	f := integrity.Filter{After: q.Get("after"), Path: q.Get("q"), Limit: screen.PageSize}
	list, next, total, err := s.cfg.Integrity.Changes(ctx, r.Who, d.Ref, f)
	if err != nil {
		return err
	}
	who := []string{g.Decided, g.Person}
	for _, x := range d.Decisions {
		who = append(who, x.By)
	}
	names := r.Names(who)
	v := ui.RecordView{Crumbs: s.crumbs(ui.Link{Text: g.Host, Href: hostPath(g)}, ui.Link{Text: g.Ref}), Title: what(g) + " on " + g.Host, Verdict: word(g), FactsOf: "This group", Zone: "times in " + r.Words.Zone.String(),
		Line: []string{ui.Many(g.Count, "change", "changes"), span(r, g.First, g.Last)}}
	if who := by(g); who != unknown {
		v.Line = append(v.Line, "by "+who)
	}
	if g.State == integrity.Open && g.UndoneN > 0 {
		v.Line = append(v.Line, ui.Number(g.UndoneN)+" of them undone")
	}
	v.Blocks = append(v.Blocks, why(r, d, names))
	if err := s.explaining(r, d, at, t, &v); err != nil {
		return err
	}
	first := firstKnown(list)
	v.Blocks = append(v.Blocks, whoBlock(r, g, first, names))
	if len(d.PackageN) > 0 {
		table := &ui.Table{Caption: "Packages", Columns: []ui.Column{{Text: "Package"}, {Text: "Version"}, {Text: "Files", N: true}}}
		for _, p := range d.PackageN {
			table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: p.Name, Href: root + "?package=" + url.QueryEscape(p.Name)}, Cells: []ui.Cell{{Text: p.Version, Mono: true}, {Text: ui.Number(p.Count), N: true}}})
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: "packages", Title: ui.Many(len(d.PackageN), "package", "packages"), Table: table})
	}
	shown := make([]changed, len(list))
	for i := range list {
		shown[i] = changedOf(r, g, &list[i], len(list) <= 3 || g.Verdict == verdict.Unexplained && i < 3)
	}
	files := filesView{Search: ui.SearchBox{}, Changes: shown, Pager: screen.Pager(len(list), total, q, at, next)}
	if g.Count > screen.PageSize {
		files.Search = ui.SearchBox{Path: at, Value: q.Get("q"), Label: "Path, or a part of one"}
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "files", Title: "What changed", Meta: classes(g), Body: filesOf(files)})
	if err := s.facts(r, d, at, &v, names); err != nil {
		return err
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, g.Ref+" "+what(g), section, page), v))
}

func span(r *screen.Request, first, last time.Time) string {
	from := r.Words.At(first).Text
	if last.Sub(first) < time.Minute {
		return from
	}
	return from + ", over " + screen.Span(last.Sub(first))
}

func classes(g *integrity.Group) string {
	var parts []string
	for _, c := range []struct {
		n    int64
		word string
	}{{g.System, "system"}, {g.Config, "configuration"}, {g.Content, "content"}} {
		if c.n > 0 {
			parts = append(parts, ui.Number(c.n)+" "+c.word)
		}
	}
	return screen.Joined(parts)
}

var digestWords = map[string]string{"match": "agrees with what the package has", "mismatch": "differs from what the package has", "none": "the package manager keeps none", "gone": "removed with the package"}

// why says what the verdict rests on.
func why(r *screen.Request, d *integrity.Detail, names map[string]string) ui.Block {
	g, e := &d.Group, d.Evidence
	b := ui.Block{ID: "why", Title: "Why " + ui.Verdict(g.Verdict).Words(), Text: []string{screen.Sentence(g.Reason)}}
	if g.Verdict == verdict.Unexplained && g.State != integrity.Open {
		b.Meta = "the verdict as it was; what became of it stands below"
	}
	fact := func(term, text string, mono bool, links ...ui.Link) {
		if text != "" || len(links) > 0 {
			b.Facts = append(b.Facts, ui.Fact{Term: term, Text: text, Mono: mono, Links: links})
		}
	}
	if e.Change != "" {
		fact("Change", "", false, ui.Link{Text: e.Change, Href: "/changes/" + e.Change})
	}
	fact("Run of a tool", e.Tool, false)
	fact("Token", e.Token, true)
	if e.Token != "" {
		fact("How it was known", map[bool]string{true: "a program above the writer had shown the token to the agent", false: "the token covers host, path and time; nobody showed it"}[e.Presented], false)
	}
	if e.Token != "" && e.Who != "" {
		fact("Whose login", screen.Who(names, e.Who), false)
	}
	fact("Package", e.Package, false)
	fact("Run of the package manager", e.Transaction, true)
	if g.Command != "" {
		fact("Called as", g.Command, true)
	}
	fact("Asked for by", g.AskedBy, false)
	fact("Came from", e.Origin, false)
	fact("Digest of the content", screen.OrElse(digestWords[e.Digest], e.Digest), false)
	fact("Package approved by", e.Approval, false)
	for _, n := range e.Notes {
		fact("Not known", n, false)
	}
	return b
}

// explaining adds the form to explain, or says why there is none.
func (s *site) explaining(r *screen.Request, d *integrity.Detail, at string, t *screen.Typed, v *ui.RecordView) error {
	g := &d.Group
	if g.Verdict != verdict.Unexplained || g.State != integrity.Open && g.State != integrity.Undone {
		return nil
	}
	if g.State == integrity.Undone && t == nil && !r.May(access.IntegrityExplain) {
		return nil
	}
	f := screen.Verb{Name: "explain", Action: access.IntegrityExplain, Button: "Explain it", Open: "Explain it",
		Note:   "The verdict stays what it is; your words stand beside it, with your name. What the files are now is then what they are to be.",
		Fields: []ui.Field{screen.LongField("reason", "What was it, and why is it in order?", "An auditor reads it.", true), {Name: "change", Label: "Change that it belongs to", Hint: "CH-12. Named afterwards it authorises nothing; it only explains. May be empty."}}}.Form(r, at)
	if f.Action == "" {
		return nil
	}
	f.Quiet, f.Open = false, g.State == integrity.Open
	mine := g.Person != "" && g.Person == r.Who.UserID
	if err := screen.Compensated(r, &f, g.Person, access.IntegrityExplain, func(a access.Action) (bool, error) { return s.cfg.Alone(r.Context(), r.Who, a) }); err != nil {
		return err
	}
	if f.Action == "" && mine {
		v.Notice, v.Warn = "You made this change yourself: somebody else explains it. Or undo it; once the files are seen to be again what they were it closes by itself.", true
		return nil
	}
	t.Fill(&f)
	text := []string{"Explain it, if it is in order. Or undo it: once the agent sees the files to be again what they were before, it closes by itself, and no explanation is needed."}
	if g.State == integrity.Undone {
		text = []string{"It was undone, and needs no explanation. You may still say what it was."}
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "do", Title: "What can be done", Text: text, Forms: []ui.Form{f}})
	return nil
}

// firstKnown is the first change whose writer is known, or the first.
func firstKnown(list []integrity.Change) *integrity.Change {
	for i := range list {
		if list[i].Told.Who != nil {
			return &list[i]
		}
	}
	if len(list) > 0 {
		return &list[0]
	}
	return nil
}

var processWords = []struct{ key, text string }{{"user", "as whom it was done"}, {"login_user", "who had logged in"}, {"exe", "the program"}, {"parents", "what started it"}, {"ssh", "from where"}, {"terminal", "the terminal"}}

// whoBlock says who did it, as far as the kernel told the agent.
func whoBlock(r *screen.Request, g *integrity.Group, c *integrity.Change, names map[string]string) ui.Block {
	b := ui.Block{ID: "who", Title: "Who did it"}
	if c != nil && c.Told.Who != nil {
		b.Facts = processFacts(r, c.Told.Who)
	}
	if len(b.Facts) == 0 {
		b.Text = []string{"Nobody knows. The change was found by comparing, or the host is watched in a way that does not tell who writes. How its files are watched stands in the host's history."}
		b.Links = []ui.Link{{Text: "How " + g.Host + " is watched", Href: hostPath(g)}}
		return b
	}
	if g.Person != "" {
		b.Facts = append(b.Facts, ui.Fact{Term: "Whose login that is", Text: screen.Who(names, g.Person)})
	} else if g.Login != "" {
		b.Facts = append(b.Facts, ui.Fact{Term: "Whose login that is", Text: "nobody said", Muted: true})
	}
	if len(c.Told.Others) > 0 {
		var also []string
		for i := range c.Told.Others {
			also = append(also, screen.OrElse(c.Told.Others[i].Exe, "a program that nobody knows"))
		}
		b.Facts = append(b.Facts, ui.Fact{Term: "Also wrote", Text: screen.Joined(also), Mono: true})
	}
	if g.Count > 1 {
		b.Meta = "of its first change; where another differs, it says so"
	}
	return b
}

func processFacts(r *screen.Request, p *wire.Process) []ui.Fact {
	var out []ui.Fact
	fact := func(term, text string, mono bool) {
		if text != "" {
			out = append(out, ui.Fact{Term: term, Text: text, Mono: mono})
		}
	}
	id := func(n *uint32) string {
		if n == nil {
			return ""
		}
		return fmt.Sprintf(" (%d)", *n)
	}
	if p.LoginUser != "" || p.LoginUID != nil {
		fact("Had logged in", screen.OrElse(p.LoginUser, "a user without a name")+id(p.LoginUID), false)
	}
	if p.User != "" || p.UID != nil {
		fact("Did it as", screen.OrElse(p.User, "a user without a name")+id(p.UID), false)
	}
	if p.Exe != "" {
		text := p.Exe
		if p.PID > 0 {
			text += fmt.Sprintf(", process %d", p.PID)
		}
		fact("Program", text, true)
	}
	fact("Its SHA-256", p.ExeSHA256, true)
	fact("Was before", p.ExeBefore, true)
	if len(p.Parents) > 0 {
		var chain []string
		for _, x := range p.Parents {
			chain = append(chain, fmt.Sprintf("%s (%d)", screen.OrElse(x.Exe, "not known"), x.PID))
		}
		fact("Started by, nearest first", strings.Join(chain, " ← "), true)
	}
	fact("Came by SSH from", p.SSH, true)
	fact("sudo", p.Sudo, true)
	fact("Terminal", p.Terminal, true)
	fact("Container", p.Container, true)
	fact("Control group", p.Cgroup, true)
	if !p.Started.IsZero() {
		fact("Running since", r.Words.Full(p.Started), false)
	}
	for _, w := range processWords {
		if why := p.Unknown[w.key]; why != "" {
			out = append(out, ui.Fact{Term: screen.Capital(w.text), Text: "not known: " + why, Muted: true})
		}
	}
	return out
}

// facts fills the side: what the group is, its findings, what was decided.
func (s *site) facts(r *screen.Request, d *integrity.Detail, at string, v *ui.RecordView, names map[string]string) error {
	g := &d.Group
	v.Facts = []ui.Fact{{Term: "Number", Text: g.Ref, Mono: true}, {Term: "Host", Links: []ui.Link{{Text: g.Host, Href: hostPath(g)}}}, {Term: "State", Text: stateWords[g.State]}, {Term: "First change", Text: r.Words.Full(g.First)}, {Term: "Last change", Text: r.Words.Full(g.Last)}, {Term: "Heard of", Text: r.Words.Full(g.Known)}}
	if g.Token != "" {
		u, err := s.cfg.Integrity.Used(r.Context(), r.Who, g.Token)
		if err != nil {
			return err
		}
		text := ui.Many(u.Used, "change", "changes") + " covered"
		if u.Exceeded > 0 {
			text += ", " + ui.Number(u.Exceeded) + " beyond its limits"
		}
		v.Facts = append(v.Facts, ui.Fact{Term: "Use of the token", Text: text})
	}
	if d.Others > 0 {
		v.Facts = append(v.Facts, ui.Fact{Term: "Same " + shared(g) + " elsewhere", Links: []ui.Link{{Text: ui.Many(d.Others, "other host", "other hosts"), Href: root + "?update=" + g.Fleet}}})
	}
	if r.May(access.LedgerRead) {
		v.Facts = append(v.Facts, ui.Fact{Term: "Records", Links: []ui.Link{{Text: "ledger entries about it", Href: "/ledger?about=" + g.Ref}, {Text: "of the host's agent", Href: "/ledger?about=" + g.Source}}})
	}
	if g.Verdict == verdict.Unexplained {
		b := ui.Block{ID: "findings", Title: "Findings", None: "No finding about this host's files is open."}
		list, err := s.cfg.Findings(r.Context(), r.Who, g.Source)
		if err != nil {
			return err
		}
		b.Table = &ui.Table{Caption: "Findings about this host's files", Columns: []ui.Column{{Text: "Finding"}, {Text: "State"}}}
		for _, x := range list {
			row := ui.TableRow{Head: ui.Link{Text: x.Ref + " " + x.Title, Href: "/findings/" + x.Ref}, Cells: []ui.Cell{{Text: x.State}}}
			if g.State == integrity.Open && opened(g, x.Attribute) {
				row.Meta = "names this group"
			}
			b.Table.Rows = append(b.Table.Rows, row)
		}
		v.SideMore = append(v.SideMore, b)
	}
	v.History = []ui.Step{{At: r.Words.At(g.First), Text: "First change", Mark: map[bool]ui.Mark{true: "bad"}[g.Verdict == verdict.Unexplained]}, {At: r.Words.At(g.Known), Text: "The server heard of it: " + ui.Verdict(g.Verdict).Words()}}
	for _, x := range d.Decisions {
		text := screen.OrElse(decisionWords[x.Kind], x.Kind)
		if x.Reason != "" && x.Kind != "undone" {
			text += ": " + x.Reason
		}
		if x.Alone != "" {
			text += " In place of a second person: " + x.Alone
		}
		step := ui.Step{At: r.Words.At(x.At), Text: text, By: "by " + screen.Who(names, x.By), Mark: "key"}
		if x.Ticket != "" {
			step.Links = append(step.Links, ui.Link{Text: x.Ticket, Href: "/changes/" + x.Ticket})
		}
		if x.Entry != "" {
			step.Links = append(step.Links, ui.Link{Text: "in the ledger", Href: "/ledger/" + x.Entry})
		}
		v.History = append(v.History, step)
	}
	return nil
}

// opened reports whether an attribute of the shipped check fails for a group.
func opened(g *integrity.Group, attribute string) bool {
	switch attribute {
	case "system":
		return g.System > 0
	case "configuration":
		return g.Config > 0
	case "content":
		return g.Content > 0
	}
	return attribute == "exceeded" && g.Exceeded
}

// explain takes the form.
func (s *site) explain(w http.ResponseWriter, r *screen.Request) error {
	d, err := s.cfg.Integrity.Explain(r.Context(), r.Who, r.PathValue("ref"), integrity.Explanation{Reason: r.PostFormValue("reason"), Ticket: r.PostFormValue("change"), Alone: r.PostFormValue("compensation")})
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.show(w, r, t)
	}
	return r.Done(w, d.Ref+" is explained.", root+"/"+d.Ref)
}
