package integrity

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// days is over how many the counts beside the filters reach.
const days = 90

func (s *site) groupList() screen.List {
	type x = integrity.Group
	read := func(r *screen.Request, after string) ([]x, string, error) {
		f, err := filter(r)
		if err != nil {
			return nil, "", err
		}
		f.After, f.Limit = after, most
		rows, next, _, err := s.cfg.Integrity.List(r.Context(), r.Who, f)
		return rows, next, err
	}
	people := func(g x) []string { return []string{g.Decided, g.Person} }
	l := screen.Declare(screen.List{Name: "integrity", Title: "Changed files", Pattern: "GET " + root, Action: access.IntegrityRead}, read, people,
		screen.Column[x]{Key: "group", Title: "Group", Width: 10, Value: func(_ *screen.Cells, g x) any { return g.Ref }},
		screen.Column[x]{Key: "what", Title: "What", Head: "=", Width: 60, Value: func(_ *screen.Cells, g x) any { return what(&g) }},
		screen.Column[x]{Key: "host", Title: "Host", Head: "=", Width: 20, Value: func(_ *screen.Cells, g x) any { return g.Host }},
		screen.Column[x]{Key: "verdict", Title: "Verdict", Head: "=", Width: 30, Value: func(_ *screen.Cells, g x) any { return word(&g).Words() }},
		screen.Column[x]{Key: "state", Title: "State", Width: 12, Value: func(_ *screen.Cells, g x) any { return stateWords[g.State] }},
		screen.Column[x]{Key: "limit_exceeded", Title: "Limit exceeded", Value: func(_ *screen.Cells, g x) any { return g.Exceeded }},
		screen.Column[x]{Key: "by", Title: "By", Head: "=", Width: 30, Value: func(_ *screen.Cells, g x) any { return by(&g) }},
		screen.Column[x]{Key: "person", Title: "Person", Width: 20, Value: func(c *screen.Cells, g x) any { return c.Name(g.Person) }},
		screen.Column[x]{Key: "first", Title: "First change", Width: 20, Value: func(_ *screen.Cells, g x) any { return g.First }},
		screen.Column[x]{Key: "last", Title: "Last change", Head: "When", Width: 20, Value: func(_ *screen.Cells, g x) any { return g.Last }},
		screen.Column[x]{Key: "changes", Title: "Files", Head: "=", Value: func(_ *screen.Cells, g x) any { return g.Count }},
		screen.Column[x]{Key: "undone", Title: "Of them undone", Value: func(_ *screen.Cells, g x) any { return g.UndoneN }},
		screen.Column[x]{Key: "system", Title: "System files", Value: func(_ *screen.Cells, g x) any { return g.System }},
		screen.Column[x]{Key: "configuration", Title: "Configuration files", Value: func(_ *screen.Cells, g x) any { return g.Config }},
		screen.Column[x]{Key: "content", Title: "Content files", Value: func(_ *screen.Cells, g x) any { return g.Content }},
		screen.Column[x]{Key: "paths", Title: "First paths", Width: 60, Value: func(_ *screen.Cells, g x) any { return strings.Join(g.Paths, "\n") }},
		screen.Column[x]{Key: "program", Title: "Program", Width: 30, Value: func(_ *screen.Cells, g x) any { return g.Program }},
		screen.Column[x]{Key: "ticket", Title: "Change or run", Width: 20, Value: func(_ *screen.Cells, g x) any { return g.Ticket }},
		screen.Column[x]{Key: "package", Title: "Package", Width: 30, Value: func(_ *screen.Cells, g x) any { return strings.TrimSpace(g.Package + " " + g.Version) }},
		screen.Column[x]{Key: "origin", Title: "Came from", Width: 30, Value: func(_ *screen.Cells, g x) any { return g.Origin }},
		screen.Column[x]{Key: "reason", Title: "Why this verdict", Width: 60, Value: func(_ *screen.Cells, g x) any { return g.Reason }},
		screen.Column[x]{Key: "explained_by", Title: "Explained by", Width: 20, Value: func(c *screen.Cells, g x) any { return c.Name(g.Decided) }},
		screen.Column[x]{Key: "explained_at", Title: "Explained", Width: 20, Value: func(c *screen.Cells, g x) any { return c.Words.At(g.At).Text }})
	return screen.Chosen(l, read, func(g x) string { return g.Ref })
}

// groups answers: which changes of files does nothing account for, and what
// accounts for the others?
func (s *site) groups(w http.ResponseWriter, r *screen.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	f, err := filter(r)
	if err != nil {
		return err
	}
	f.After = q.Get("after")
	lines, next, total, err := s.cfg.Integrity.Lines(ctx, r.Who, f)
	if err != nil {
		return err
	}
	sum, err := s.cfg.Integrity.Summary(ctx, r.Who, days)
	if err != nil {
		return err
	}
	open, err := s.cfg.Integrity.Standing(ctx, r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Title: title(r, open, sum), Note: note(open, sum), More: []ui.Link{{Text: "Single changes", Href: root + "/changes"}, {Text: "Watched hosts", Href: root + "/hosts"}, {Text: "Tools", Href: root + "/tools"}},
		None: "No change matches.", Undo: root, Search: search(q, root, true)}
	if open.Groups > 0 && f.State != integrity.Open {
		v.Action = ui.Link{Text: "See the unexplained", Href: root + "?state=open"}
	}
	filtered := false
	for _, name := range append([]string{"q", "after"}, fields...) {
		filtered = filtered || q.Get(name) != ""
	}
	if total == 0 && !filtered {
		v.Empty = empty(sum.Hosts - sum.Degraded)
		if sum.Hosts == 0 {
			v.Title, v.Note = "No host watches its files yet", ""
		}
		sh := r.Shell(w, page, section, page)
		sh.Live.Replace = true
		return r.Render(w, http.StatusOK, ui.List(sh, v))
	}
	kinds := []ui.Chip{{Text: "All"}}
	for _, k := range verdict.Kinds() {
		if n := sum.Groups[string(k)]; n > 0 || f.Verdict == k {
			kinds = append(kinds, ui.Chip{Text: ui.Verdict(k).Words() + " " + ui.Number(n), Glyph: ui.Verdict(k).Glyph(), Href: string(k)})
		}
	}
	v.Labels = []string{"Verdict", "State", "Class"}
	v.Chips = [][]ui.Chip{chips(q, root, "verdict", kinds...),
		append(chips(q, root, "state", ui.Chip{Text: "Any state"}, ui.Chip{Text: "Open " + ui.Number(open.Groups), Href: string(integrity.Open)}, ui.Chip{Text: "Explained", Href: string(integrity.Explained)}, ui.Chip{Text: "Undone", Href: string(integrity.Undone)}),
			ui.Chip{Text: "Limit exceeded " + ui.Number(open.Exceeded), Href: screen.With(q, root, "limit", map[bool]string{true: "", false: "exceeded"}[f.Exceeded], "after", ""), Current: f.Exceeded}),
		chips(q, root, "class", ui.Chip{Text: "Any file"}, ui.Chip{Text: "System", Href: string(verdict.System)}, ui.Chip{Text: "Configuration", Href: string(verdict.Configuration)}, ui.Chip{Text: "Content", Href: string(verdict.Content)})}
	v.Table = ui.Table{Caption: "Changed files by what they belong to, newest first", Columns: []ui.Column{{Text: "What"}, {Text: "Verdict"}, {Text: "Host"}, {Text: "By"}, {Text: "Files", N: true}, {Text: "When"}}}
	var ids []string
	for i := range lines {
		ids = append(ids, lines[i].Decided)
	}
	names := r.Names(ids)
	for i := range lines {
		row, err := s.row(r, &lines[i], names)
		if err != nil {
			return err
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = screen.Pager(len(lines), total, q, root, next)
	v.Table.Pager.Right = fmt.Sprintf("counts beside verdicts are of the last %d days", days)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, page, section, page), v))
}

// title is the answer.
func title(r *screen.Request, open integrity.Standing, sum integrity.Summary) string {
	switch {
	case open.Groups > 0:
		return fmt.Sprintf("%s that nobody explained, on %s; the oldest since %s", ui.Many(open.Files, "change", "changes"), ui.Many(open.Hosts, "host", "hosts"), r.Words.At(open.Since).Text)
	case sum.Silent > 0:
		return "Every change that was seen is accounted for; " + ui.Many(sum.Silent, "host is silent", "hosts are silent")
	case len(sum.Groups) == 0 && sum.Degraded >= sum.Hosts:
		return "No host watches its files in real time yet"
	case len(sum.Groups) == 0:
		return fmt.Sprintf("No change of a watched file was seen in %d days", days)
	}
	return "Every change that was seen is accounted for"
}

// note says how far what is seen reaches.
func note(open integrity.Standing, sum integrity.Summary) string {
	parts := []string{ui.Many(sum.Hosts, "host watches its files", "hosts watch their files")}
	if sum.Silent > 0 {
		parts = append(parts, ui.Many(sum.Silent, "of them is silent", "of them are silent"))
	}
	if sum.Degraded > 0 {
		parts = append(parts, ui.Number(sum.Degraded)+" not in real time")
	}
	if sum.Unapproved > 0 {
		parts = append(parts, ui.Number(sum.Unapproved)+" without an approved baseline")
	}
	text := screen.Joined(parts) + "."
	if open.Exceeded > 0 {
		text += " " + ui.Many(open.Exceeded, "token was used beyond its limits.", "tokens were used beyond their limits.")
	}
	return text + " What is unexplained stays open until somebody else than who made it explains it, or it is undone."
}

// foldShown is how many hosts of an update a line opens to.
const foldShown = 30

// shared names what the groups of one line have in common.
func shared(g *integrity.Group) string {
	switch g.Verdict {
	case verdict.ByPackage:
		return "update"
	case verdict.ByManagement:
		return "run"
	}
	return "change"
}

func (s *site) row(r *screen.Request, l *integrity.Line, names map[string]string) (ui.TableRow, error) {
	g := &l.Group
	row := ui.TableRow{Head: ui.Link{Text: what(g), Href: root + "/" + g.Ref}, Meta: g.Ref, Mono: g.Verdict == verdict.Unexplained || g.Verdict == verdict.Reverts}
	if g.Verdict != verdict.Unexplained && len(g.Paths) > 0 && !row.Mono {
		row.Meta += ", " + screen.Cut(g.Paths[0], 60)
	}
	mark := ui.Cell{Verdict: word(g)}
	switch {
	case g.State == integrity.Explained:
		mark.Meta = "by " + screen.Who(names, g.Decided) + ", " + r.Words.Day(g.At)
	case g.State == integrity.Open && g.UndoneN > 0:
		mark.Meta = ui.Number(g.UndoneN) + " of them undone"
	case g.Verdict == verdict.ByTicket:
		mark.Meta = g.Ticket
	case g.Verdict == verdict.ByPackage:
		mark.Meta = screen.Cut(g.Origin, 60)
	}
	if g.State == integrity.Open && l.Groups <= 1 && r.May(access.BulkAct) && r.May(access.IntegrityExplain) {
		row.Pick = g.Ref
	}
	host := ui.Cell{Links: []ui.Link{{Text: g.Host, Href: hostPath(g)}}}
	when := ui.Cell{Moment: r.Words.At(g.Last)}
	if l.Groups > 1 {
		host = ui.Cell{Text: ui.Many(l.Hosts, "host", "hosts")}
		row.Head.Href = root + "?update=" + g.Fleet
		if g.Verdict != verdict.ByPackage {
			row.Head.Text = ui.Many(l.Files, "file", "files") + " of " + screen.OrElse(g.Ticket, "a ticket")
		}
		row.Meta = "the same " + shared(g) + ", in " + ui.Many(l.Groups, "group", "groups")
		same, err := s.cfg.Integrity.Same(r.Context(), r.Who, g.Fleet, foldShown)
		if err != nil {
			return row, err
		}
		row.Fold = "On " + ui.Many(l.Hosts, "host", "hosts")
		for i := range same {
			row.Folds = append(row.Folds, ui.Link{Text: same[i].Host, Href: root + "/" + same[i].Ref})
		}
		if l.Groups > foldShown {
			row.Folds = append(row.Folds, ui.Link{Text: "all " + ui.Number(l.Groups), Href: root + "?update=" + g.Fleet})
		}
		when.Meta = "since " + r.Words.At(l.Since).Text
	}
	who := ui.Cell{Text: by(g), Muted: by(g) == unknown}
	if g.Verdict == verdict.ByPackage && g.AskedBy != "" {
		who = ui.Cell{Text: g.AskedBy, Meta: screen.Cut(g.Command, 60)}
	}
	row.Cells = []ui.Cell{mark, host, who, {Text: ui.Number(l.Files), N: true}, when}
	return row, nil
}

func hostPath(g *integrity.Group) string {
	if g.HostID == "" {
		return root + "?host=" + g.Source
	}
	return "/hosts/" + g.HostID + "/changes"
}
