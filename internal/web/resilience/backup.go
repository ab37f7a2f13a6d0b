package resilience

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var backupSteps = map[string]string{"added": "added", "described": "described anew", "restored": "a restore was recorded", "ended": "ended"}

func (s *site) seen(r *screen.Request) (list, all []*resilience.Seen, err error) {
	if err := checkShow(r); err != nil {
		return nil, nil, err
	}
	if all, err = s.cfg.Resilience.Backups(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, b := range all {
		if shown(r, resilience.Worst(b.Judged).Outcome, b.Content.State == "active") {
			list = append(list, b)
		}
	}
	return list, all, nil
}

func (s *site) backupList() screen.List {
	type row = *resilience.Seen
	columns := []screen.Column[row]{
		{Key: "number", Title: "Number", Value: func(_ *screen.Cells, b row) any { return b.Ref }},
		{Key: "title", Title: "Backup", Head: "=", Width: 32, Value: func(_ *screen.Cells, b row) any { return b.Content.Title }},
		{Key: "name", Title: "Name", Value: func(_ *screen.Cells, b row) any { return b.Content.Name }},
		{Key: "covers", Title: "Covers", Width: 24, Value: func(_ *screen.Cells, b row) any { return strings.Join(b.Content.Covers, ", ") }},
		{Key: "owner", Title: "Owner", Value: func(_ *screen.Cells, b row) any { return b.Content.Owner }},
		{Key: "loss_hours", Title: "Hours that may be lost", Value: func(_ *screen.Cells, b row) any { return b.Content.Loss }},
		{Key: "recover_minutes", Title: "Minutes to recover", Value: func(_ *screen.Cells, b row) any { return b.Content.Recover }},
		{Key: "keep_days", Title: "Days kept", Value: func(_ *screen.Cells, b row) any { return b.Content.Keep }},
		{Key: "without", Title: "Why not backed up", Width: 24, Value: func(_ *screen.Cells, b row) any { return b.Content.Without }},
	}
	columns = append(columns, screen.Column[row]{Key: "otherwise", Title: "What else fails", Head: "Otherwise", Width: 32, Value: func(_ *screen.Cells, b row) any { return otherwise(b).Meta }})
	heads := map[string]string{"overdue": "Good copy", "offsite": "Elsewhere", "restored": "Restored"}
	for i, a := range resilience.BackupAttributes() {
		columns = append(columns, screen.Column[row]{Key: a[0], Title: a[1], Head: heads[a[0]], Value: func(_ *screen.Cells, b row) any { return b.Judged[i].Outcome }},
			screen.Column[row]{Key: a[0] + "_why", Title: a[1] + ": because", Width: 32, Value: func(_ *screen.Cells, b row) any { return b.Judged[i].Reason }})
	}
	return screen.Declare(screen.List{Name: "backups", Title: "Backups", Pattern: "GET /backups", Action: access.ResilienceRead}, screen.Whole(func(r *screen.Request) ([]row, error) {
		list, _, err := s.seen(r)
		return list, err
	}), nil, columns...)
}

// otherwise says the first thing that fails beside the copy's age, its place and its restore.
func otherwise(b *resilience.Seen) ui.Cell {
	for _, i := range []int{1, 2, 4, 6} {
		if a := b.Judged[i]; a.Outcome == "fail" {
			return ui.Cell{Outcome: "fail", Meta: a.Title + ": " + a.Reason}
		}
	}
	return ui.Cell{Text: "nothing", Muted: true}
}

// backups answers: is there a young copy of everything, somewhere else, and does it come back?
func (s *site) backups(w http.ResponseWriter, r *screen.Request) error {
	list, all, err := s.seen(r)
	if err != nil {
		return err
	}
	bare, err := s.cfg.Resilience.Bare(r.Context(), r.Who)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, b := range all {
		if b.Content.State != "active" {
			counts["ended"]++
			continue
		}
		counts[""]++
		counts[resilience.Worst(b.Judged).Outcome]++
	}
	v := ui.ListView{Title: ui.Many(counts["fail"], "backup does", "backups do") + " not hold what was set", Note: "How old a copy is follows from what runs reported; nobody types it.", Labels: []string{"Which"}, Undo: "/backups", None: "No backup matches.",
		More: []ui.Link{{Text: "Runs", Href: "/backups/runs"}}}
	if counts["fail"] == 0 {
		v.Title = ui.Many(counts[""], "backup", "backups") + ", and none fails what was set"
	}
	if r.May(access.ResilienceReport) {
		v.More = append(v.More, ui.Link{Text: "Import runs", Href: "/backups/import"})
	}
	if r.May(access.ResilienceEdit) {
		v.Action = ui.Link{Text: "Add a backup", Href: "/backups/new"}
	}
	v.Chips = [][]ui.Chip{showChips(r, "/backups", counts)}
	if len(all) == 0 {
		v.Title = "No backup is in the register yet"
		v.Empty = &ui.Empty{Title: "Say what is backed up, and let it report", Text: "For each data set: where copies go, how much may be lost, how fast it is to be back. The last step of each run reports its result; a copy that is too old is a finding. Attesta's own backups come by themselves.",
			Criteria: []ui.Link{{Text: "A1.2", Href: "/criteria/A1.2"}}, Until: "Until then nobody sees that a backup stopped."}
		if v.Action.Href != "" {
			v.Empty.Actions = []ui.Link{v.Action}
		}
	}
	v.Table = ui.Table{Caption: "Backups, newest first", Columns: []ui.Column{{Text: "Backup"}, {Text: "Good copy"}, {Text: "Elsewhere"}, {Text: "Restored"}, {Text: "Otherwise"}}}
	for _, b := range list {
		c := b.Content
		row := ui.TableRow{Head: ui.Link{Text: c.Title, Href: "/backups/" + b.Ref}, Meta: b.Ref + " · " + c.Name, Cells: []ui.Cell{outcome(b.Judged[0]), outcome(b.Judged[3]), outcome(b.Judged[5])}}
		row.Cells = append(row.Cells, otherwise(b))
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = screen.Pager(len(list), int64(len(list)), r.URL.Query(), "/backups", "")
	if len(bare) > 0 {
		t := ui.Table{Caption: "In the inventory, and no backup names it", Columns: []ui.Column{{Text: "Asset"}, {Text: "Kind"}, {Text: "Data"}, {Text: "What to do"}}}
		for i, h := range bare {
			if i == 50 {
				t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("and %d more", len(bare)-50), Href: "/assets"}, Cells: []ui.Cell{{}, {}, {}}})
				break
			}
			do := ui.Cell{Text: "—", Muted: true}
			if r.May(access.ResilienceEdit) {
				do = ui.Cell{Links: []ui.Link{{Text: "Add its backup, or say why there is none", Href: "/backups/new?covers=" + url.QueryEscape(h.Name)}}}
			}
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: h.Name}, Meta: h.Ref, Cells: []ui.Cell{{Text: h.Kind}, {Text: screen.OrElse(h.Class, "no class"), Muted: h.Class == ""}, do}})
		}
		v.After, v.Heads = []ui.Table{t}, []string{ui.Many(len(bare), "asset has", "assets have") + " no backup"}
	}
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Backups", "Operate", "Backups"), v))
}

func backupFields() []ui.Field {
	return []ui.Field{{Name: "title", Label: "What is backed up?", Must: true}, {Name: "name", Label: "Name", Hint: "As runs name it, without spaces: orders-nightly.", Must: true}, {Name: "covers", Label: "Which assets does it cover?", Hint: "Names or numbers of the inventory, with commas: A-3."},
		screen.LongField("how", "How?", "With what, and what of it. Empty where it is not backed up.", false), screen.LongField("places", "Where do copies go?", "One on a line, a name and where it lies: vault same; vault-us region; safe offline. Where is one of same, site, region, provider, offline.", false),
		screen.Choice("encrypted", "Are copies encrypted?", "", "", [2]string{"", "Not known"}, [2]string{"yes", "Yes"}, [2]string{"no", "No"}), {Name: "key", Label: "Where is the key kept?"}, {Name: "locked", Label: "What keeps copies from being deleted early?"},
		{Name: "loss_hours", Label: "How many hours of data may be lost?", Hint: "A good copy is younger (RPO)."}, {Name: "loss_elsewhere_hours", Label: "The same for the copy elsewhere", Hint: "Empty: as above."}, {Name: "recover_minutes", Label: "Within how many minutes is it to be back?", Hint: "RTO; empty where none is set."},
		{Name: "keep_days", Label: "For how many days are copies kept?"}, {Name: "restore_every_months", Label: "A restore is tried every so many months", Hint: "Empty: 12."}, {Name: "owner", Label: "Who answers for it?", Must: true},
		screen.LongField("not_backed_up", "If it is not backed up on purpose: why?", "Then places and times are not asked.", false)}
}

func backupOf(v url.Values) (resilience.BackupText, error) {
	b := resilience.BackupText{Name: v.Get("name"), Title: v.Get("title"), How: v.Get("how"), Encrypted: v.Get("encrypted"), Key: v.Get("key"), Locked: v.Get("locked"), Owner: v.Get("owner"), Without: v.Get("not_backed_up")}
	for _, c := range strings.Split(v.Get("covers"), ",") {
		if c = strings.TrimSpace(c); c != "" {
			b.Covers = append(b.Covers, c)
		}
	}
	for _, line := range strings.FieldsFunc(v.Get("places"), func(c rune) bool { return c == '\n' || c == ';' }) {
		f := strings.Fields(line)
		switch len(f) {
		case 0:
		case 2:
			b.Places = append(b.Places, resilience.Place{Name: f[0], Where: f[1]})
		default:
			return b, fault.New(fault.Invalid, "%q is no place and where it lies", strings.TrimSpace(line)).At("", 0, "places").WithHint("a name and one word: vault-us region")
		}
	}
	return b, numbers(v, map[string]*int{"loss_hours": &b.Loss, "loss_elsewhere_hours": &b.LossApart, "recover_minutes": &b.Recover, "keep_days": &b.Keep, "restore_every_months": &b.Try})
}

func (s *site) newBackup(w http.ResponseWriter, r *screen.Request) error {
	return s.showNewBackup(w, r, nil)
}

func (s *site) showNewBackup(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	covers := r.URL.Query().Get("covers")
	f := ui.Form{ID: "add", Action: "/backups/new", Button: "Add it", Fields: prefilled(backupFields(), map[string]string{"covers": covers, "title": covers})}
	t.Fill(&f)
	side := ui.Block{ID: "report", Title: "Let it report", Text: []string{"The last step of each run tells Attesta, with a token of its own:"}, Code: `curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"runs":[{"backup":"orders-nightly","finished":"2026-11-02T03:10:00Z","result":"success","bytes":1048576,"place":"vault-us"}]}' ADDRESS/api/v1/backup-runs`, Links: []ui.Link{{Text: "Or import a file of runs", Href: "/backups/import"}}}
	return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Add a backup", "Operate", "Backups"), ui.FormView{Crumbs: []ui.Link{{Text: "Backups", Href: "/backups"}, {Text: "Add one"}}, Title: "Add a backup", Note: "Also for what is not backed up on purpose: then nobody wonders.", Form: f, Side: []ui.Block{side}}))
}

func (s *site) addBackup(w http.ResponseWriter, r *screen.Request) error {
	in, err := backupOf(r.PostForm)
	if err == nil {
		var o *resilience.BackupObject
		if o, err = s.cfg.Resilience.AddBackup(r.Context(), r.Who, in); err == nil {
			return r.Done(w, o.Ref+" is in the register.", "/backups/"+o.Ref)
		}
	}
	return wrong(r, err, func(t *screen.Typed) error { return s.showNewBackup(w, r, t) })
}

func (s *site) backup(w http.ResponseWriter, r *screen.Request) error {
	return s.showBackup(w, r, "", nil)
}

func size(n int64) string {
	if n < 0 {
		return "—"
	}
	m, _ := capacity.MeasureOf("disk.bytes")
	return capacity.Amount(m, n)
}

func runRow(r *screen.Request, x resilience.Run, withName bool) ui.TableRow {
	result := ui.Cell{Outcome: "pass", Meta: x.Says}
	switch x.Result {
	case resilience.Part:
		result.Outcome, result.Tag = "fail", "in part"
	case resilience.Failed:
		result.Outcome = "fail"
	}
	row := ui.TableRow{Head: ui.Link{Text: r.Words.At(x.Finished).Text}, Cells: []ui.Cell{result, {Text: size(x.Bytes), N: true, Muted: x.Bytes < 0}, {Text: x.Place}, {Text: map[string]string{"api": "by a program", "csv": "by a file", "own": "by Attesta itself"}[x.Via]}}}
	if withName {
		row.Cells = append([]ui.Cell{{Text: x.Name}}, row.Cells...)
	}
	return row
}

func (s *site) showBackup(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	b, err := s.cfg.Resilience.Backup(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := b.Content, "/backups/"+b.Ref
	worst := resilience.Worst(b.Judged)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Backups", Href: "/backups"}, {Text: b.Ref}}, Title: c.Title, Outcome: ui.Outcome(worst.Outcome), Line: []string{b.Ref, c.Name, "answered for by " + c.Owner}, FactsOf: "The backup", History: history(r, b.BackupObject, backupSteps), Zone: "times in " + r.Words.Zone.String()}
	if worst.Outcome == "fail" {
		rec.Bad = worst.Title + ": " + worst.Reason
	}
	fact := func(term, text string) {
		if text != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: term, Text: text})
		}
	}
	fact("Covers", strings.Join(c.Covers, ", "))
	fact("How", c.How)
	for _, p := range c.Places {
		fact("Place", p.Name+": "+placeWords(p.Where))
	}
	fact("Not backed up", c.Without)
	fact("Key", c.Key)
	fact("Lock", c.Locked)
	if c.Without == "" {
		fact("May be lost", fmt.Sprintf("%d hours; elsewhere %d", c.Loss, c.LossApart))
		if c.Recover > 0 {
			fact("Back within", fmt.Sprintf("%d minutes", c.Recover))
		}
		fact("Kept", fmt.Sprintf("%d days", c.Keep))
		fact("Restore tried", fmt.Sprintf("every %d months", c.Try))
	}
	if c.Own {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Of", Links: []ui.Link{{Text: "Attesta itself", Href: "/settings/backup"}}})
	}
	runs := ui.Table{Caption: "Newest runs", Columns: []ui.Column{{Text: "Ended"}, {Text: "Result"}, {Text: "Size", N: true}, {Text: "Place"}, {Text: "Told"}}}
	for _, x := range b.Runs[:min(len(b.Runs), 20)] {
		runs.Rows = append(runs.Rows, runRow(r, x, false))
	}
	tried := ui.Table{Caption: "Restores", Columns: []ui.Column{{Text: "On"}, {Text: "Result"}, {Text: "Minutes", N: true}, {Text: "Into"}, {Text: "Compared"}}}
	for i := len(c.Tried) - 1; i >= 0; i-- {
		x := c.Tried[i]
		cell := ui.Cell{Outcome: "pass"}
		if x.Result != "whole" {
			cell = ui.Cell{Outcome: "fail", Tag: map[string]string{"part": "in part"}[x.Result]}
		}
		if x.Earnest {
			cell.Meta = "in earnest"
		}
		tried.Rows = append(tried.Rows, ui.TableRow{Head: ui.Link{Text: string(x.On)}, Meta: "copy: " + x.Copy, Cells: []ui.Cell{cell, {Text: itoa(x.Minutes), N: true, Bad: c.Recover > 0 && x.Minutes > c.Recover}, {Text: x.Into}, {Text: x.Compared}}})
	}
	restores := ui.Block{ID: "restores", Title: "Restores", Table: &tried, None: "None was tried yet. A copy that nobody ever restored is a hope."}
	rec.Blocks = []ui.Block{{ID: "judged", Title: "What it comes to", Table: judgedTable(b.Judged)}, {ID: "runs", Title: "Runs", Table: &runs, None: "None was ever reported.", Links: []ui.Link{{Text: "All runs of it", Href: "/backups/runs?backup=" + b.Ref}}}, restores}
	if r.May(access.ResilienceEdit) && c.State == "active" {
		forms := []ui.Form{{ID: "restored", Action: path + "/keep", Summary: "Record a restore", Button: "Record it", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "restored"}, screen.DayField("on", "When?", ""), screen.Choice("result", "How did it end?", "", "whole", [2]string{"whole", "Whole"}, [2]string{"part", "In part"}, [2]string{"failed", "It failed"}),
			{Name: "minutes", Label: "Minutes from the decision to use"}, {Name: "into", Label: "Where to?", Must: true}, {Name: "copy", Label: "Which copy?", Hint: "Its day and place.", Must: true}, screen.LongField("compared", "How was it held against the source?", "Counts, digests, somebody who used it.", false),
			screen.Choice("earnest", "Was it a test?", "", "no", [2]string{"no", "A test"}, [2]string{"yes", "No, in earnest"}), {Name: "evidence", Label: "Number of the evidence", Hint: "E-12."}}},
			{ID: "describe", Action: path + "/keep", Summary: "Describe it anew", Button: "Keep it", Quiet: true, Fields: append([]ui.Field{{Name: "do", Kind: "hidden", Value: "describe"}}, prefilled(backupFields(), backupValues(c))...)},
			{ID: "end", Action: path + "/keep", Summary: "It is made no more", Button: "End it", Danger: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "end"}, screen.LongField("why", "Why?", "", true)}}}
		for i := range forms {
			if forms[i].ID == which {
				t.Fill(&forms[i])
			}
		}
		rec.Blocks[2].Forms = forms[:1]
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: forms[1:]})
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, c.Title, "Operate", "Backups"), rec))
}

func placeWords(where string) string {
	for _, p := range resilience.Wheres() {
		if p[0] == where {
			return strings.ToLower(p[1][:1]) + p[1][1:]
		}
	}
	return where
}

func backupValues(c resilience.Backup) map[string]string {
	var places []string
	for _, p := range c.Places {
		places = append(places, p.Name+" "+p.Where)
	}
	return map[string]string{"title": c.Title, "name": c.Name, "covers": strings.Join(c.Covers, ", "), "how": c.How, "places": strings.Join(places, "\n"), "encrypted": c.Encrypted, "key": c.Key, "locked": c.Locked, "loss_hours": itoa(c.Loss), "loss_elsewhere_hours": itoa(c.LossApart),
		"recover_minutes": itoa(c.Recover), "keep_days": itoa(c.Keep), "restore_every_months": itoa(c.Try), "owner": c.Owner, "not_backed_up": c.Without}
}

func (s *site) keepBackup(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	var err error
	do := v.Get("do")
	switch do {
	case "restored":
		in := resilience.Restore{On: resilience.Day(v.Get("on")), Result: v.Get("result"), Into: v.Get("into"), Copy: v.Get("copy"), Compared: v.Get("compared"), Earnest: v.Get("earnest") == "yes", Evidence: v.Get("evidence")}
		if in.Minutes, err = number(v, "minutes"); err == nil {
			_, err = s.cfg.Resilience.TryRestore(r.Context(), r.Who, ref, in)
		}
	case "describe":
		var in resilience.BackupText
		if in, err = backupOf(v); err == nil {
			_, err = s.cfg.Resilience.DescribeBackup(r.Context(), r.Who, ref, in)
		}
	case "end":
		_, err = s.cfg.Resilience.EndBackup(r.Context(), r.Who, ref, v.Get("why"))
	default:
		err = fault.New(fault.Invalid, "nothing of a backup is called %q", do)
	}
	if err != nil {
		return wrong(r, err, func(t *screen.Typed) error { return s.showBackup(w, r, do, t) })
	}
	return r.Done(w, "It is recorded.", "/backups/"+ref)
}

func (s *site) runPage(r *screen.Request, after string) ([]resilience.Run, string, error) {
	q := r.URL.Query()
	runs, next, err := s.cfg.Resilience.RunPage(r.Context(), r.Who, q.Get("backup"), resilience.Result(q.Get("result")), screen.OrElse(after, q.Get("after")), screen.PageSize)
	return runs, next, err
}

func (s *site) runList() screen.List {
	type row = resilience.Run
	return screen.Declare(screen.List{Name: "backup-runs", Title: "Runs of backups", Pattern: "GET /backups/runs", Action: access.ResilienceRead}, s.runPage, func(x row) []string { return []string{x.By} },
		screen.Column[row]{Key: "finished", Title: "Ended", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Finished }},
		screen.Column[row]{Key: "backup", Title: "Backup", Head: "=", Width: 24, Value: func(_ *screen.Cells, x row) any { return x.Name }},
		screen.Column[row]{Key: "result", Title: "Result", Head: "=", Value: func(_ *screen.Cells, x row) any { return string(x.Result) }},
		screen.Column[row]{Key: "bytes", Title: "Bytes", Head: "Size", Value: func(_ *screen.Cells, x row) any { return max(x.Bytes, 0) }},
		screen.Column[row]{Key: "sha256", Title: "SHA-256", Value: func(_ *screen.Cells, x row) any { return x.Digest }},
		screen.Column[row]{Key: "place", Title: "Place", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Place }},
		screen.Column[row]{Key: "says", Title: "Says", Width: 32, Value: func(_ *screen.Cells, x row) any { return x.Says }},
		screen.Column[row]{Key: "told", Title: "Told", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Via }},
		screen.Column[row]{Key: "by", Title: "By", Value: func(c *screen.Cells, x row) any { return c.Name(x.By) }})
}

// runs answers: which runs were reported, and which did not succeed?
func (s *site) runs(w http.ResponseWriter, r *screen.Request) error {
	rows, next, err := s.runPage(r, "")
	if err != nil {
		return err
	}
	counts, err := s.cfg.Resilience.RunCounts(r.Context(), r.Who)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	total := counts[resilience.Good] + counts[resilience.Part] + counts[resilience.Failed]
	chip := func(text, value string, n int64) ui.Chip {
		return ui.Chip{Text: text + " " + ui.Number(n), Href: screen.With(q, "/backups/runs", "result", value, "after", ""), Current: q.Get("result") == value}
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Backups", Href: "/backups"}, {Text: "Runs"}}, Title: ui.Number(total) + " runs of backups were reported", Note: "As the tools told them; a run that nobody reported is not here.", Labels: []string{"Result"}, Undo: "/backups/runs", None: "No run matches.",
		Chips: [][]ui.Chip{{chip("All", "", total), chip("Success", "success", counts[resilience.Good]), chip("In part", "partial", counts[resilience.Part]), chip("Failed", "failed", counts[resilience.Failed])}}}
	v.Table = ui.Table{Caption: "Runs, newest first", Columns: []ui.Column{{Text: "Ended"}, {Text: "Backup"}, {Text: "Result"}, {Text: "Size", N: true}, {Text: "Place"}, {Text: "Told"}}}
	for _, x := range rows {
		v.Table.Rows = append(v.Table.Rows, runRow(r, x, true))
	}
	if x := q.Get("result"); x != "" {
		total = counts[resilience.Result(x)]
	}
	if q.Get("backup") != "" {
		total = 0
		v.Note = "Of " + q.Get("backup") + " alone. " + v.Note
	}
	v.Table.Pager = screen.Pager(len(rows), total, q, "/backups/runs", next)
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Runs of backups", "Operate", "Backups"), v))
}

func (s *site) importForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showImport(w, r, nil)
}

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "import", Action: "/backups/import", Button: "Take it in", Upload: true, Note: "All of it is taken in, or nothing where a line is wrong. A run that stands there already is counted and left.", Fields: []ui.Field{{Name: "file", Label: "File of runs", Hint: "CSV in UTF-8, at most 2 MiB and 2,000 runs.", Kind: "file", Must: true}}}
	t.Fill(&f)
	side := ui.Block{ID: "columns", Title: "Its columns", Text: []string{"backup, finished and result are needed; a time is 2026-11-02T03:10:00Z, or 2026-11-02 03:10 in your zone."}, Code: strings.Join(resilience.Columns(), ",")}
	return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Import runs", "Operate", "Backups"), ui.FormView{Crumbs: []ui.Link{{Text: "Backups", Href: "/backups"}, {Text: "Import runs"}}, Title: "Import runs of backups", Note: "For a tool that cannot report them itself.", Form: f, Side: []ui.Block{side}}))
}

func (s *site) importFile(w http.ResponseWriter, r *screen.Request) error {
	told, err := func() (resilience.Told, error) {
		file, head, err := r.FormFile("file")
		if errors.Is(err, http.ErrMissingFile) {
			return resilience.Told{}, fault.New(fault.Invalid, "choose a file").At("", 0, "file")
		}
		if err != nil {
			return resilience.Told{}, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").At("", 0, "file")
		}
		defer file.Close()
		raw, err := io.ReadAll(io.LimitReader(file, resilience.MaxFile+1))
		if err != nil {
			return resilience.Told{}, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").At("", 0, "file")
		}
		return s.cfg.Resilience.ReportFile(r.Context(), r.Who, head.Filename, raw)
	}()
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) && f.Kind == fault.Invalid {
			where := ""
			if f.Line > 0 {
				where = fmt.Sprintf("Line %d", f.Line)
				if f.Field != "" {
					where += ", " + f.Field
				}
				where += ": "
			}
			err = fault.New(fault.Invalid, "%s%s; nothing was stored", where, f.Message).At("", 0, "file").WithHint("%s", f.Hint)
		}
		return wrong(r, err, func(t *screen.Typed) error { return s.showImport(w, r, t) })
	}
	said := ui.Many(told.New, "run is", "runs are") + " taken in."
	if told.There > 0 {
		said += " " + ui.Many(told.There, "stood", "stood") + " there already."
	}
	return r.Done(w, said, "/backups/runs")
}
