package integrity

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// number reads a cursor, or the step of an object that a form was made of.
func number(text, field string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "%.40q is no number", text).At("", 0, field).WithHint("open the page again")
	}
	return n, nil
}

var snapshotSteps = map[string]string{"asked": "The host was asked for a snapshot", "made": "The snapshot came", "failed": "The host did not make it", "approved": "Approved and signed", "refused": "Refused", "taken": "The agent took it: it compares with it now", "untaken": "The agent did not take it"}

// baselinesOf answers: what is this host to be, who said so, and what differs?
func (s *site) baselinesOf(w http.ResponseWriter, r *screen.Request) error {
	h, err := s.cfg.Integrity.Host(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	list, next, err := s.cfg.Baselines.List(r.Context(), r.Who, baseline.Filter{Host: h.Source, Limit: screen.PageSize})
	if err != nil {
		return err
	}
	since := h.Joined
	v := ui.RecordView{Crumbs: []ui.Link{{Text: baselinesPage, Href: baselinesPath}, {Text: h.Name}}, Title: "Nobody approved a baseline of " + h.Name, FactsOf: "In force", Links: []ui.Link{{Text: "What changed", Href: "/hosts/" + screen.OrElse(h.HostID, h.Source) + "/changes"}}}
	b := h.Baseline
	if b != nil && b.Approval != "" {
		names := r.Names([]string{b.By})
		v.Title = "The baseline of " + h.Name + " is approved by " + screen.Who(names, b.By)
		v.Line = []string{r.Words.At(b.At).Text, ui.Many(b.Entries, "entry", "entries")}
		v.Facts = []ui.Fact{{Term: "Approval", Links: []ui.Link{{Text: "the snapshot that was approved", Href: baselinesPath + "/" + b.Approval}}}, {Term: "Approved by", Text: screen.Who(names, b.By)}, {Term: "Approved", Text: r.Words.Full(b.At)}, {Term: "Root", Text: b.Root, Mono: true}, {Term: "Entries", Text: ui.Number(b.Entries)}}
		if b.Accepted.IsZero() {
			v.Facts = append(v.Facts, ui.Fact{Term: "Agent", Text: "has not taken it yet; asked " + ago(r, b.At), Muted: true})
		} else {
			v.Facts = append(v.Facts, ui.Fact{Term: "Agent took it", Text: r.Words.Full(b.Accepted)})
		}
		since = b.At
	} else {
		v.Facts = []ui.Fact{{Term: "Approved by", Text: "nobody", Muted: true}}
	}
	if m := h.Watching; m != nil && m.Baseline.Root != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "The agent compares with", Text: m.Baseline.Root, Mono: true})
		if b != nil && b.Approval != "" && !b.Accepted.IsZero() && b.Root != m.Baseline.Root {
			v.Notice, v.Warn = "The agent compares with another state than the approved one. That is a finding.", true
		}
	}
	differs, err := s.cfg.Integrity.Since(r.Context(), r.Who, h.Source, since)
	if err != nil {
		return err
	}
	v.Blocks = append(v.Blocks, differsBlock(r, "What changed since "+r.Words.At(since).Text, h, differs))
	if r.May(access.IntegrityApprove) && !h.Gone {
		v.Blocks = append(v.Blocks, ui.Block{ID: "ask", Title: "A newer one", Text: []string{"The host looks at all its files anew and says what they are. Nothing is approved by asking."}, Forms: []ui.Form{{ID: "snapshot", Action: baselinesPath + "/ask", Button: "Ask for a snapshot", Fields: []ui.Field{{Name: "host", Kind: "hidden", Value: h.Source}}}}})
	}
	t := snapshotTable(r, "Snapshots of this host, newest first", list, false)
	for i := range t.Rows {
		t.Rows[i].Cells = t.Rows[i].Cells[1:]
	}
	t.Columns = append(t.Columns[:1:1], t.Columns[2:]...)
	if next > 0 {
		t.Pager = ui.Pager{Text: ui.Number(len(list)) + " shown", Next: baselinesPath + "/all?host=" + url.QueryEscape(h.Source)}
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "snapshots", Title: "Snapshots", Table: &t, None: "It was not asked for one yet."})
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "Baseline of "+h.Name, section, baselinesPage), v))
}

// differsBlock says what changed since a moment, by verdict.
func differsBlock(r *screen.Request, title string, h *integrity.Watched, d integrity.Since) ui.Block {
	b := ui.Block{ID: "differs", Title: title, None: "Nothing that is watched has changed since.", Table: &ui.Table{Caption: title, Columns: []ui.Column{{Text: "Verdict"}, {Text: "Groups", N: true}, {Text: "Changes", N: true}}}}
	at := "/hosts/" + screen.OrElse(h.HostID, h.Source) + "/changes"
	for _, k := range verdict.Kinds() {
		if d.Groups[k] == 0 {
			continue
		}
		q := url.Values{"verdict": {string(k)}, "from": {d.From.In(r.Words.Zone).Format(screen.DateLayout)}}
		b.Table.Rows = append(b.Table.Rows, ui.TableRow{Head: ui.Link{Text: ui.Verdict(k).Words(), Href: at + "?" + q.Encode()}, Cells: []ui.Cell{{Text: ui.Number(d.Groups[k]), N: true}, {Text: ui.Number(d.Changes[k]), N: true}}})
	}
	if len(d.Open) > 0 {
		b.Meta = ui.Many(len(d.Open), "group lies", "groups lie") + " open: nothing is approved before they are explained or undone"
		for i := range d.Open {
			if i == 20 {
				break
			}
			b.Links = append(b.Links, ui.Link{Text: d.Open[i].Ref, Href: root + "/" + d.Open[i].Ref})
		}
	}
	return b
}

// baseline answers: what is this snapshot, who approved it, and did the agent take it?
func (s *site) baseline(w http.ResponseWriter, r *screen.Request) error {
	return s.showBaseline(w, r, "", nil)
}

func (s *site) showBaseline(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	d, err := s.cfg.Baselines.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	h, err := s.cfg.Integrity.Host(r.Context(), r.Who, d.Content.Source)
	if err != nil {
		return err
	}
	c, at := &d.Content, baselinesPath+"/"+d.Ref
	who := []string{c.By, d.Creator}
	for i := range d.History {
		who = append(who, d.History[i].By)
	}
	names := r.Names(who)
	v := ui.RecordView{Crumbs: []ui.Link{{Text: baselinesPage, Href: baselinesPath}, {Text: c.Host, Href: hostBaselines(h)}, {Text: d.Ref}}, Title: d.Ref + ": " + c.Host + ", " + snapshotWords[c.State], FactsOf: "This snapshot", Zone: "times in " + r.Words.Zone.String(), Line: []string{"asked for by " + screen.Who(names, d.Creator) + ", " + r.Words.At(d.Created).Text}}
	waiting := false
	switch c.State {
	case baseline.Asked:
		waiting = true
		v.Notice = "Asked " + ago(r, d.Created) + "; " + beat + "."
		if !h.Silent.IsZero() {
			v.Notice, v.Warn = "Asked "+ago(r, d.Created)+". The host is silent since "+r.Words.At(h.Silent).Text+": it answers when it is heard again.", true
		}
	case baseline.Approved:
		waiting = true
		v.Notice = "Approved " + ago(r, c.At) + ", and the agent has not taken it yet; " + beat + "."
	case baseline.Failed, baseline.Untaken:
		v.Notice, v.Warn = screen.Sentence("the agent said: "+c.Why), true
	}
	fact := func(term, text string, mono bool) {
		if text != "" {
			v.Facts = append(v.Facts, ui.Fact{Term: term, Text: text, Mono: mono})
		}
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "Host", Links: []ui.Link{{Text: c.Host, Href: hostBaselines(h)}}})
	fact("Root", c.Root, true)
	if c.Root != "" {
		fact("Entries", ui.Number(c.Entries)+", of them "+ui.Many(c.Files, "file", "files"), false)
		fact("Bytes", ui.Number(c.Bytes), false)
		fact("Could not be read", map[bool]string{true: "nothing", false: ui.Many(c.Unread, "attribute", "attributes")}[c.Unread == 0], false)
		fact("Made", r.Words.Full(c.Made)+", by the host's clock", false)
		fact("Compared with before", screen.OrElse(c.Before, "nothing"), c.Before != "")
	}
	if c.By != "" {
		fact("Approved by", screen.Who(names, c.By)+", "+r.Words.Full(c.At), false)
	}
	if !c.Taken.IsZero() {
		fact("Taken by the agent", r.Words.Full(c.Taken), false)
	}
	if c.Root != "" && c.Root == c.Before {
		v.Line = append(v.Line, "it is what the agent compares with already")
	}
	if c.Root != "" {
		v.Blocks = append(v.Blocks, differsBlock(r, "What changed since "+r.Words.At(d.Differs.From).Text, h, d.Differs))
	}
	base := ui.Field{Name: "base", Kind: "hidden", Value: decimal(d.Seq)}
	var forms []ui.Form
	if (c.State == baseline.Candidate || c.State == baseline.Untaken) && len(d.Differs.Open) == 0 {
		forms = screen.Forms(r, at, which, t, screen.Verb{Name: "approve", Action: access.IntegrityApprove, Button: "Approve this state", Open: "Approve it", Note: "You say that all of its " + ui.Many(c.Entries, "entry", "entries") + " are as they are meant to be. It is signed with your name, and the agent is asked to compare with it. It may ask once more who you are.",
			Fields: []ui.Field{screen.LongField("reason", "Why is this state the one that is meant?", "An auditor reads it.", true), base}})
		for i := range forms {
			forms[i].Quiet, forms[i].Open = false, true
		}
	}
	if c.State == baseline.Candidate {
		forms = append(forms, screen.Forms(r, at, which, t, screen.Verb{Name: "refuse", Action: access.IntegrityApprove, Button: "Refuse it", Open: "Refuse it", Danger: true, Fields: []ui.Field{screen.LongField("reason", "Why?", "", true), base}})...)
	}
	if len(forms) > 0 {
		v.Blocks = append(v.Blocks, ui.Block{ID: "do", Title: "What can be done", Forms: forms})
	}
	if c.Approval != "" {
		v.Blocks = append(v.Blocks, ui.Block{ID: "signed", Title: "The signed approval", Meta: "no secret: whoever has the public key verifies it without this server", Code: c.Approval})
	}
	for i := len(d.History) - 1; i >= 0; i-- {
		x := d.History[i]
		text := screen.OrElse(snapshotSteps[x.Step], x.Step)
		if x.Note != "" {
			text += ": " + x.Note
		}
		step := ui.Step{At: r.Words.At(x.At), Text: text, Entry: screen.EntryLink(x.Entry, x.Index)}
		if x.By != "system" {
			step.By = "by " + screen.Who(names, x.By)
		}
		switch x.Step {
		case "approved", "taken":
			step.Mark = "key"
		case "failed", "untaken":
			step.Mark = "bad"
		}
		v.History = append(v.History, step)
	}
	sh := r.Shell(w, d.Ref+", "+c.Host, section, baselinesPage)
	sh.Live.Replace = waiting
	return r.Render(w, t.Status(), ui.Record(sh, v))
}

func (s *site) decided(w http.ResponseWriter, r *screen.Request, which string, said string, do func(base int64, reason string) error) error {
	base, err := number(r.PostFormValue("base"), "base")
	if err == nil {
		err = do(base, r.PostFormValue("reason"))
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showBaseline(w, r, which, t)
	}
	return r.Done(w, said, baselinesPath+"/"+r.PathValue("ref"))
}

func (s *site) approve(w http.ResponseWriter, r *screen.Request) error {
	return s.decided(w, r, "approve", "It is approved and signed; the agent is asked to take it.", func(base int64, reason string) error {
		_, err := s.cfg.Baselines.Approve(r.Context(), r.Who, r.PathValue("ref"), base, reason)
		return err
	})
}

func (s *site) refuse(w http.ResponseWriter, r *screen.Request) error {
	return s.decided(w, r, "refuse", "It is refused.", func(base int64, reason string) error {
		_, err := s.cfg.Baselines.Refuse(r.Context(), r.Who, r.PathValue("ref"), base, reason)
		return err
	})
}
