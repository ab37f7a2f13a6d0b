package integrity

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// changeWord is the verdict on one change, with what became of it.
func changeWord(c *integrity.Change) ui.Verdict {
	switch {
	case c.Verdict.Kind != verdict.Unexplained:
		return ui.Verdict(c.Verdict.Kind)
	case !c.Undone.IsZero():
		return "undone"
	case c.State == integrity.Explained:
		return "explained"
	case c.Verdict.Exceeded:
		return "exceeded"
	}
	return "unexplained"
}

func (s *site) changeList() screen.List {
	type x = integrity.Change
	read := func(r *screen.Request, after string) ([]x, string, error) {
		f, err := filter(r)
		if err != nil {
			return nil, "", err
		}
		f.After, f.Limit = after, most
		rows, next, _, err := s.cfg.Integrity.Changes(r.Context(), r.Who, "", f)
		return rows, next, err
	}
	who := func(c x) *whoOf { return whoIn(&c) }
	return screen.Declare(screen.List{Name: "file-changes", Title: "Single changes of files", Pattern: "GET " + root + "/changes", Action: access.IntegrityRead}, read, nil,
		screen.Column[x]{Key: "number", Title: "Number", Width: 12, Value: func(_ *screen.Cells, c x) any { return c.Ref }},
		screen.Column[x]{Key: "path", Title: "Path", Head: "=", Width: 60, Value: func(_ *screen.Cells, c x) any { return c.Told.Path }},
		screen.Column[x]{Key: "change", Title: "Change", Width: 14, Value: func(_ *screen.Cells, c x) any { return screen.OrElse(changeWords[c.Told.Change], c.Told.Change) }},
		screen.Column[x]{Key: "attributes", Title: "Attributes", Width: 30, Value: func(_ *screen.Cells, c x) any { return strings.Join(c.Told.Attributes, " ") }},
		screen.Column[x]{Key: "class", Title: "Class", Width: 14, Value: func(_ *screen.Cells, c x) any { return string(c.Class) }},
		screen.Column[x]{Key: "verdict", Title: "Verdict", Head: "=", Width: 30, Value: func(_ *screen.Cells, c x) any { return changeWord(&c).Words() }},
		screen.Column[x]{Key: "group", Title: "Group", Head: "=", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Group }},
		screen.Column[x]{Key: "host", Title: "Host", Head: "=", Width: 20, Value: func(_ *screen.Cells, c x) any { return c.Host }},
		screen.Column[x]{Key: "by", Title: "By", Head: "=", Width: 30, Value: func(_ *screen.Cells, c x) any { return who(c).String() }},
		screen.Column[x]{Key: "program", Title: "Program", Width: 30, Value: func(_ *screen.Cells, c x) any { return who(c).program }},
		screen.Column[x]{Key: "at", Title: "When", Head: "=", Width: 20, Value: func(_ *screen.Cells, c x) any { return c.At }},
		screen.Column[x]{Key: "found", Title: "How it was seen", Width: 30, Value: func(_ *screen.Cells, c x) any { return screen.OrElse(foundWords[c.Told.Found], c.Told.Found) }},
		screen.Column[x]{Key: "undone", Title: "Undone", Width: 20, Value: func(r *screen.Cells, c x) any { return r.Words.At(c.Undone).Text }},
		screen.Column[x]{Key: "reason", Title: "Why this verdict", Width: 60, Value: func(_ *screen.Cells, c x) any { return c.Verdict.Reason }},
		screen.Column[x]{Key: "sha256_before", Title: "SHA-256 before", Width: 66, Value: func(_ *screen.Cells, c x) any { return digestIn(c.Told.Before) }},
		screen.Column[x]{Key: "sha256_after", Title: "SHA-256 after", Width: 66, Value: func(_ *screen.Cells, c x) any { return digestIn(c.Told.After) }})
}

func digestIn(m map[string]any) string {
	text, _ := m["sha256"].(string)
	return text
}

// whoOf is who made a change, as far as it is known.
type whoOf struct{ login, user, program string }

func whoIn(c *integrity.Change) *whoOf {
	if w := c.Told.Who; w != nil {
		return &whoOf{w.LoginUser, w.User, w.Exe}
	}
	return &whoOf{}
}

func (w *whoOf) String() string {
	return by(&integrity.Group{Login: w.login, User: w.user, Program: w.program})
}

// changes answers: what happened to single files?
func (s *site) changes(w http.ResponseWriter, r *screen.Request) error {
	q, at := r.URL.Query(), root+"/changes"
	f, err := filter(r)
	if err != nil {
		return err
	}
	f.After = q.Get("after")
	list, next, total, err := s.cfg.Integrity.Changes(r.Context(), r.Who, "", f)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: s.crumbs(ui.Link{Text: "Single changes"}), Title: "Changed files, one by one", Note: "Every change that agents told of, with the verdict on it. It is the population file_changes, which an auditor can freeze and sample.", More: []ui.Link{{Text: "By group", Href: root}, {Text: "Populations", Href: "/populations"}},
		Labels: []string{"Verdict", "Class"}, None: "No change matches.", Undo: at, Search: search(q, at, true)}
	kinds := []ui.Chip{{Text: "All"}}
	for _, k := range verdict.Kinds() {
		kinds = append(kinds, ui.Chip{Text: ui.Verdict(k).Words(), Glyph: ui.Verdict(k).Glyph(), Href: string(k)})
	}
	v.Chips = [][]ui.Chip{chips(q, at, "verdict", kinds...), chips(q, at, "class", ui.Chip{Text: "Any file"}, ui.Chip{Text: "System", Href: string(verdict.System)}, ui.Chip{Text: "Configuration", Href: string(verdict.Configuration)}, ui.Chip{Text: "Content", Href: string(verdict.Content)})}
	v.Table = changesTable(r, "Changes, newest first", list, true)
	v.Table.Pager = screen.Pager(len(list), total, q, at, next)
	if total == 0 && len(q) == 0 {
		v.Empty = empty(0)
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Single changes", section, page), v))
}

func changesTable(r *screen.Request, caption string, list []integrity.Change, host bool) ui.Table {
	t := ui.Table{Caption: caption, Columns: []ui.Column{{Text: "Path"}, {Text: "Verdict"}, {Text: "Group"}, {Text: "Host"}, {Text: "By"}, {Text: "When"}}}
	if !host {
		t.Columns = slices.Delete(t.Columns, 3, 4)
	}
	for i := range list {
		c := &list[i]
		said := changedOf(r, nil, c, false)
		row := ui.TableRow{Head: ui.Link{Text: c.Told.Path, Href: pathLink(c.Source, c.HostID, c.Told.Path)}, Mono: true, Meta: said.Said}
		who := whoIn(c).String()
		row.Cells = []ui.Cell{{Verdict: changeWord(c)}, {Links: []ui.Link{{Text: c.Group, Href: root + "/" + c.Group}}}}
		if host {
			row.Cells = append(row.Cells, ui.Cell{Links: []ui.Link{{Text: c.Host, Href: hostPath(&integrity.Group{HostID: c.HostID, Source: c.Source})}}})
		}
		row.Cells = append(row.Cells, ui.Cell{Text: who, Muted: who == unknown}, ui.Cell{Moment: r.Words.At(c.At)})
		t.Rows = append(t.Rows, row)
	}
	return t
}

// modeWords say how files are watched.
var modeWords = map[string]string{"fanotify": "in real time, with who did it", "inotify": "in real time, without who did it", "polling": "by looking again from time to time", "starting": "it begins just now", "off": "not at all: it is switched off", "failed": "not at all: it failed"}

func live(mode string) bool { return mode == "fanotify" || mode == "inotify" }

// history answers: what changed on this host, and is it watched so that nothing is
// missed?
func (s *site) history(w http.ResponseWriter, r *screen.Request) error {
	q, id := r.URL.Query(), r.PathValue("id")
	f, err := filter(r)
	if err != nil {
		return err
	}
	at := "/hosts/" + id + "/changes"
	h, err := s.cfg.Integrity.Host(r.Context(), r.Who, id)
	if fault.Is(err, fault.NotFound) {
		v := ui.ListView{Crumbs: []ui.Link{{Text: "Hosts", Href: "/hosts"}, {Text: id, Href: "/hosts/" + id}, {Text: "Changed files"}}, Title: "Nobody watches this host's files", Empty: empty(0)}
		return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Changed files", section, "Hosts"), v))
	}
	if err != nil {
		return err
	}
	f.Host, f.After = h.Source, q.Get("after")
	list, next, total, err := s.cfg.Integrity.List(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Hosts", Href: "/hosts"}, {Text: h.Name, Href: "/hosts/" + h.HostID}, {Text: "Changed files"}}, Title: historyTitle(h), FactsOf: "How its files are watched", Line: []string{ui.Many(h.Changes, "change", "changes") + " told so far, since " + r.Words.Date(h.Joined)}, Zone: r.Words.Zone.String(),
		Links: []ui.Link{{Text: "The host", Href: "/hosts/" + h.HostID}}}
	watchingFacts(r, h, &v)
	t, err := s.historyTable(r, list)
	if err != nil {
		return err
	}
	t.Pager = screen.Pager(len(list), total, q, at, next)
	kinds := []ui.Chip{{Text: "All"}}
	for _, k := range verdict.Kinds() {
		kinds = append(kinds, ui.Chip{Text: ui.Verdict(k).Words(), Glyph: ui.Verdict(k).Glyph(), Href: string(k)})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "changes", Title: "What changed", Body: narrowed(chips(q, at, "verdict", kinds...), search(q, at, false, "host"), t)})
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "Changed files of "+h.Name, section, "Hosts"), v))
}

func historyTitle(h *integrity.Watched) string {
	switch {
	case h.Opened == 1:
		return "1 group of changes on " + h.Name + " is unexplained"
	case h.Opened > 1:
		return ui.Number(h.Opened) + " groups of changes on " + h.Name + " are unexplained"
	case !h.Silent.IsZero():
		return h.Name + " is silent: what changes there now is not seen"
	}
	return "Every change seen on " + h.Name + " is accounted for"
}

// shownOnHost is how many groups a host's own page shows.
const shownOnHost = 6

// onHost gives what a host's page says of its files: nil where nobody watches them.
func (s *site) onHost(r *screen.Request, id string) (*ui.Block, error) {
	if !r.May(access.IntegrityRead) {
		return nil, nil
	}
	h, err := s.cfg.Integrity.Host(r.Context(), r.Who, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, _, total, err := s.cfg.Integrity.List(r.Context(), r.Who, integrity.Filter{Host: h.Source, Limit: shownOnHost})
	if err != nil {
		return nil, err
	}
	b := &ui.Block{ID: "changed-files", Title: "Changed files", Meta: "its files are not watched in real time", None: "No watched file has changed since " + r.Words.Date(h.Joined) + ".", Links: []ui.Link{{Text: "All " + ui.Number(total) + " groups, and how its files are watched", Href: "/hosts/" + id + "/changes"}}}
	if m := h.Watching; m != nil && live(m.Mode) {
		b.Meta = "watched by " + m.Mode
	}
	if h.Opened > 0 {
		b.Title += ": " + ui.Many(h.Opened, "group is unexplained", "groups are unexplained")
	}
	t, err := s.historyTable(r, list)
	b.Table = &t
	return b, err
}

// historyTable shows groups of one host.
func (s *site) historyTable(r *screen.Request, list []integrity.Group) (ui.Table, error) {
	var ids []string
	for i := range list {
		ids = append(ids, list[i].Decided)
	}
	names := r.Names(ids)
	t := ui.Table{Caption: "What changed, newest first", Columns: []ui.Column{{Text: "What"}, {Text: "Verdict"}, {Text: "By"}, {Text: "Files", N: true}, {Text: "When"}}}
	for i := range list {
		row, err := s.row(r, &integrity.Line{Group: list[i], Hosts: 1, Groups: 1, Files: list[i].Count, Since: list[i].First}, names)
		if err != nil {
			return t, err
		}
		row.Pick = ""
		row.Cells = slices.Delete(row.Cells, 1, 2) // the host
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// watchingFacts says how a host is watched, and what its baseline is.
func watchingFacts(r *screen.Request, h *integrity.Watched, v *ui.RecordView) {
	fact := func(term, text string, mono bool) {
		if text != "" {
			v.Facts = append(v.Facts, ui.Fact{Term: term, Text: text, Mono: mono})
		}
	}
	if !h.Silent.IsZero() {
		v.Bad = "silent since " + r.Words.At(h.Silent).Text
	}
	m := h.Watching
	if m == nil || m.Mode == "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Way of watching", Text: "the agent has not said yet", Muted: true})
	} else {
		fact("Way of watching", strings.TrimSpace(m.Mode+", "+modeWords[m.Mode]), false)
		fact("In force since", moment(r, m.Since), false)
		fact("Why", m.Reason, false)
		for _, x := range m.Refused {
			fact("Not "+x.Kind, x.Reason, false)
		}
		fact("Watches", screen.Joined(m.Roots), true)
		fact("Losses of events", map[bool]string{true: ui.Many(m.Overflow, "time", "times") + "; each was followed by looking again", false: "none"}[m.Overflow > 0], false)
		if m.Unread > 0 {
			fact("Could not be read", ui.Many(m.Unread, "attribute", "attributes"), false)
		}
		for _, p := range m.Problems {
			fact("Problem", p, false)
		}
		if !live(m.Mode) {
			v.Notice, v.Warn = "Files of this host are not watched in real time: what is changed and changed back between two looks is not seen, and nobody sees who it was.", true
		}
	}
	b := h.Baseline
	block := ui.Block{ID: "baseline", Title: "Baseline", Links: []ui.Link{{Text: "Baseline of this host", Href: hostBaselines(h)}}}
	switch {
	case b == nil || b.Approval == "":
		block.Text = []string{"Nobody approved a baseline: what was there when watching began is taken for what is meant."}
	default:
		block.Facts = []ui.Fact{{Term: "Approved", Text: r.Words.Full(b.At)}, {Term: "Root", Text: b.Root, Mono: true}, {Term: "Entries", Text: ui.Number(b.Entries)}}
	}
	v.SideMore = append(v.SideMore, block)
}

// moment writes a time that an agent gave as text.
func moment(r *screen.Request, text string) string {
	return valueText(r, "time", text)
}

// path answers: what happened to this path?
func (s *site) path(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	file, id := q.Get("path"), q.Get("host")
	if !strings.HasPrefix(file, "/") {
		return fault.New(fault.Invalid, "%.80q is no absolute path", file).At("", 0, "path").WithHint("/integrity/path?host=…&path=/etc/passwd")
	}
	h, err := s.cfg.Integrity.Host(r.Context(), r.Who, id)
	if err != nil {
		return err
	}
	list, next, _, err := s.cfg.Integrity.Changes(r.Context(), r.Who, "", integrity.Filter{Host: h.Source, Path: file, After: q.Get("after"), Limit: 200})
	if err != nil {
		return err
	}
	own := strings.TrimSuffix(file, "/")
	list = slices.DeleteFunc(list, func(c integrity.Change) bool { return c.Told.Path != own && !strings.HasPrefix(c.Told.Path, own+"/") })
	v := ui.RecordView{Crumbs: []ui.Link{{Text: page, Href: root}, {Text: h.Name, Href: "/hosts/" + screen.OrElse(h.HostID, h.Source) + "/changes"}, {Text: file}}, Title: file + " on " + h.Name, FactsOf: "This path", Line: []string{ui.Many(len(list), "change", "changes") + " shown, newest first"}, Zone: r.Words.Zone.String(),
		Facts: []ui.Fact{{Term: "Host", Links: []ui.Link{{Text: h.Name, Href: "/hosts/" + h.HostID}}}, {Term: "Class", Text: string(classOf(h, file))}, {Term: "On other hosts", Links: []ui.Link{{Text: "where it changed", Href: root + "/changes?" + url.Values{"path": {file}}.Encode()}}}}}
	files := filesView{}
	for i := range list {
		c := changedOf(r, nil, &list[i], i < 3)
		c.Path, c.Verdict = c.At.Text+"  "+c.Path, changeWord(&list[i])
		c.Links = []ui.Link{{Text: "Group " + list[i].Group, Href: root + "/" + list[i].Group}}
		files.Changes = append(files.Changes, c)
	}
	if next != "" {
		files.Pager = ui.Pager{Text: fmt.Sprintf("%d shown", len(list)), Next: screen.With(q, root+"/path", "after", next)}
	}
	v.Blocks = []ui.Block{{ID: "changes", Title: "What happened to it", Body: filesOf(files)}}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, file+" on "+h.Name, section, page), v))
}

// hosts answers: on which hosts is nothing missed?
func (s *site) hosts(w http.ResponseWriter, r *screen.Request) error {
	q, at := r.URL.Query(), root+"/hosts"
	f := integrity.HostFilter{Query: strings.TrimSpace(q.Get("q")), Only: q.Get("only"), After: q.Get("after"), Limit: screen.PageSize}
	if !slices.Contains([]string{"", "open", "silent", "unapproved", "degraded"}, f.Only) {
		return fault.New(fault.Invalid, "%.40q chooses no hosts", f.Only).At("", 0, "only").WithHint("open, silent, unapproved, degraded")
	}
	list, next, total, err := s.cfg.Integrity.Hosts(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	sum, err := s.cfg.Integrity.Summary(r.Context(), r.Who, days)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: s.crumbs(ui.Link{Text: "Watched hosts"}), Title: ui.Many(sum.Hosts, "host watches its files", "hosts watch their files"), Note: "A host that fell back to a lesser way of watching says so here, and is a finding.", Labels: []string{"Which"}, None: "No host matches.", Undo: at, Search: ui.SearchBox{Path: at, Value: q.Get("q"), Label: "Name of a host", Hidden: screen.Hidden("only", f.Only)}}
	if sum.Hosts == 0 {
		v.Title, v.Note, v.Empty = "No host watches its files yet", "", empty(0)
	}
	if live := sum.Hosts - sum.Degraded; sum.Degraded > 0 {
		v.Title = fmt.Sprintf("%s of %s watched in real time", ui.Number(live), ui.Many(sum.Hosts, "host is", "hosts are"))
	}
	v.Chips = [][]ui.Chip{chips(q, at, "only", ui.Chip{Text: "All " + ui.Number(sum.Hosts)}, ui.Chip{Text: "With unexplained changes", Href: "open"}, ui.Chip{Text: "Silent " + ui.Number(sum.Silent), Href: "silent"}, ui.Chip{Text: "Not in real time " + ui.Number(sum.Degraded), Href: "degraded"}, ui.Chip{Text: "No approved baseline " + ui.Number(sum.Unapproved), Href: "unapproved"})}
	v.Table = ui.Table{Caption: "Hosts whose files are watched", Columns: []ui.Column{{Text: "Host"}, {Text: "Watched"}, {Text: "Since"}, {Text: "Unexplained", N: true}, {Text: "Changes told", N: true}, {Text: "Baseline"}}}
	for i := range list {
		v.Table.Rows = append(v.Table.Rows, hostRow(r, &list[i]))
	}
	v.Table.Pager = screen.Pager(len(list), total, q, at, next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Watched hosts", section, page), v))
}

func hostRow(r *screen.Request, h *integrity.Watched) ui.TableRow {
	row := ui.TableRow{Head: ui.Link{Text: h.Name, Href: "/hosts/" + screen.OrElse(h.HostID, h.Source) + "/changes"}}
	mode, since := ui.Cell{Text: "not said yet", Muted: true}, ui.Cell{Text: "—", Muted: true}
	if m := h.Watching; m != nil && m.Mode != "" {
		mode = ui.Cell{Text: m.Mode, Meta: screen.OrElse(modeWords[m.Mode], m.Reason), Bad: !live(m.Mode)}
		if m.Overflow > 0 {
			mode.Meta += "; events lost " + ui.Many(m.Overflow, "time", "times")
		}
		if m.Since != "" {
			since = ui.Cell{Text: m.Since}
			if t, err := time.Parse(time.RFC3339, m.Since); err == nil {
				since = ui.Cell{Moment: r.Words.At(t)}
			}
		}
	}
	if !h.Silent.IsZero() {
		mode = ui.Cell{Outcome: "not_observed", Meta: "silent since " + r.Words.At(h.Silent).Text}
	}
	baseline := ui.Cell{Text: "none approved", Bad: true}
	if b := h.Baseline; b != nil && b.Approval != "" {
		baseline = ui.Cell{Text: "approved " + r.Words.Date(b.At)}
	}
	row.Cells = []ui.Cell{mode, since, {Text: ui.Number(h.Opened), N: true, Bad: h.Opened > 0, Muted: h.Opened == 0}, {Text: ui.Number(h.Changes), N: true}, baseline}
	return row
}

// classOf gives the class of a path on a host.
func classOf(h *integrity.Watched, file string) verdict.Class {
	if h.Watching == nil {
		return verdict.ClassOf(file)
	}
	return verdict.ClassIn(file, h.Watching.Content)
}
