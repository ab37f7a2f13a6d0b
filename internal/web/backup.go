package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/dustin/go-humanize"
)

// backupsShown is how many backups stand on a page.
const backupsShown = 20

// maxBackups is how many backups are listed.
const maxBackups = 1000

func backupReasons() []backup.Reason {
	return []backup.Reason{backup.Asked, backup.Scheduled, backup.Migration}
}

func whyBackup(r backup.Reason) string {
	return map[backup.Reason]string{backup.Asked: "asked for", backup.Scheduled: "on schedule", backup.Migration: "before a migration, without content"}[r]
}

// verifiedStates are how a backup can stand with having been verified.
func verifiedStates() []string { return []string{"sound", "damaged", "not verified"} }

func verifiedState(l backup.Line) string {
	switch {
	case l.Verified == nil:
		return "not verified"
	case l.Verified.State == backup.Failed:
		return "damaged"
	}
	return "sound"
}

// howVerified says what a verification looked at.
func howVerified(h backup.How) string {
	switch h {
	case backup.Restored:
		return "restored beside the live data: files, ledger, rows and counts"
	case backup.Read:
		return "each file against the manifest"
	case backup.Bytes:
		return "the file byte for byte"
	}
	return ""
}

// backupsFound gives what a person is shown, and the backups that the address
// asks for.
func (s *Site) backupsFound(r *request) (v backup.View, found []backup.Line, err error) {
	q := r.URL.Query()
	why, state := backup.Reason(q.Get("why")), q.Get("verified")
	if why != "" && !slices.Contains(backupReasons(), why) {
		return v, nil, fault.New(fault.Invalid, "%q is no reason of a backup", why).WithHint("asked, scheduled or migration")
	}
	if state != "" && !slices.Contains(verifiedStates(), state) {
		return v, nil, fault.New(fault.Invalid, "%q is nothing that a verification gives", state).WithHint("sound, damaged or not verified")
	}
	if v, err = s.cfg.Backups.View(r.Context(), r.who, maxBackups); err != nil {
		return v, nil, err
	}
	for _, l := range v.Backups {
		if (why == "" || l.Reason == why) && (state == "" || verifiedState(l) == state) {
			found = append(found, l)
		}
	}
	return v, found, nil
}

// backups answers: if this machine were lost now, what would come back?
func (s *Site) backups(w http.ResponseWriter, r *request) error {
	return s.backupsPage(w, r, nil)
}

func (s *Site) backupsPage(w http.ResponseWriter, r *request, t *typed) error {
	const path = "/settings/backup"
	all, found, err := s.backupsFound(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := ui.BackupsView{Where: all.Plan.Dir, Own: all.Plan.Own, Encrypted: all.Plan.Encrypted, To: all.Plan.To, May: access.May(r.who.Role, access.BackupMake), Change: access.May(r.who.Role, access.SettingsEdit),
		None: "No backup matches.", Any: len(all.Backups) > 0, Next: r.words.at(all.Plan.Next), Planned: "never, by itself", Set: "the server's configuration",
		Every: ui.FormField{ID: "b-every", Name: "every", Label: "Hours between two", Hint: "24 is a day; 0 makes none by itself.", Type: "number", Class: "short", Value: strconv.Itoa(int(all.Plan.Every.Hours())), Need: true},
		Keep:  ui.FormField{ID: "b-keep", Name: "keep", Label: "Files that stay", Hint: "Older ones in that directory are removed, which is an entry each time.", Type: "number", Class: "short", Value: strconv.Itoa(all.Plan.Keep), Need: true}}
	if all.Plan.Every > 0 {
		v.Planned = span(all.Plan.Every) + ", the newest " + strconv.Itoa(all.Plan.Keep) + " stay"
	}
	if all.Plan.Set {
		v.Set = "somebody here, over the server's configuration"
	}
	v.Running = s.backupRun(r, all, path)
	if last := all.Last; last != nil && last.State == backup.Failed {
		v.Failed, v.FailedHint, v.FailedAt = sentence(last.Trouble), sentence(last.Hint), r.words.at(last.Ended)
	}
	switch {
	case len(all.Backups) == 0:
		v.Title = "Nothing is backed up"
	default:
		v.Title = "The newest backup is " + span(r.now.Sub(all.Backups[0].At)) + " old"
		if st := verifiedState(all.Backups[0]); st != "sound" {
			v.Title += map[string]string{"damaged": ", and damaged", "not verified": ", and nobody has verified it"}[st]
		}
	}
	newest := "FILE"
	if i := slices.IndexFunc(all.Backups, func(l backup.Line) bool { return l.Missing == "" }); i >= 0 {
		newest = all.Backups[i].Path
	}
	v.Command = restoreCommand(newest, all.Plan.Encrypted)
	v.Reasons = []ui.Chip{{Text: fmt.Sprintf("All %d", len(all.Backups)), Href: with(q, path, "why", ""), Current: q.Get("why") == ""}}
	for _, x := range backupReasons() {
		n := 0
		for _, l := range all.Backups {
			if l.Reason == x {
				n++
			}
		}
		if n > 0 || string(x) == q.Get("why") {
			text, _, _ := strings.Cut(whyBackup(x), ",")
			v.Reasons = append(v.Reasons, ui.Chip{Text: fmt.Sprintf("%s %d", capital(text), n), Href: with(q, path, "why", string(x)), Current: string(x) == q.Get("why")})
		}
	}
	v.States = []ui.Chip{{Text: "Any", Href: with(q, path, "verified", ""), Current: q.Get("verified") == ""}}
	for _, x := range verifiedStates() {
		n := 0
		for _, l := range all.Backups {
			if verifiedState(l) == x {
				n++
			}
		}
		if n > 0 || x == q.Get("verified") {
			v.States = append(v.States, ui.Chip{Text: fmt.Sprintf("%s %d", capital(x), n), Href: with(q, path, "verified", x), Current: x == q.Get("verified")})
		}
	}
	v.Table = ui.Table{Caption: "Backups, the newest first", Columns: []ui.Column{{Text: "Made"}, {Text: "Why"}, {Text: "By"}, {Text: "Size", N: true}, {Text: "Ledger entries", N: true}, {Text: "Verified"}, {Text: "File"}}}
	var people []string
	for _, l := range found {
		people = append(people, l.Actor)
	}
	names := s.names(r.Context(), people)
	total, next := len(found), ""
	if at := slices.IndexFunc(found, func(l backup.Line) bool { return l.ID == q.Get("after") }); at >= 0 {
		found = found[at+1:]
	}
	if len(found) > backupsShown {
		found = found[:backupsShown]
		next = found[backupsShown-1].ID
	}
	v.Table.Pager = pager(len(found), int64(total), q, path, next)
	for _, l := range found {
		v.Table.Rows = append(v.Table.Rows, s.backupRow(r, l, names))
	}
	if t != nil {
		v.Every.Value, v.Keep.Value = t.values.Get("every"), t.values.Get("keep")
		for _, f := range []*ui.FormField{&v.Every, &v.Keep} {
			if f.Name == t.field {
				f.Problem = t.problem
			}
		}
		if v.Every.Problem == "" && v.Keep.Problem == "" {
			v.Problem = t.problem
		}
	}
	return s.render(w, r, t.status(), ui.Backups(s.shell(w, r, "Backups", "Settings", "Backup"), v))
}

func restoreCommand(file string, encrypted bool) string {
	c := "attesta restore " + file + " --data NEWDIR"
	if encrypted {
		c += " --identity-file key.txt"
	}
	return c
}

func (s *Site) backupRun(r *request, all backup.View, path string) *ui.BackupRun {
	run := all.Running
	if run == nil {
		return nil
	}
	v := &ui.BackupRun{What: "A backup is being made", Since: r.words.second(run.Asked), Step: all.Step.Step, Done: all.Step.Done, Total: all.Step.Total, Path: path}
	if run.What == backup.ToVerify {
		v.What = "A backup is being verified"
	}
	if run.State == backup.Waiting {
		v.Step = "it waits for its turn"
	}
	if v.Total > 0 {
		v.Text = fmt.Sprintf("%s of about %s", humanize.Bytes(uint64(v.Done)), humanize.Bytes(uint64(v.Total)))
	}
	return v
}

func byBackup(m backup.Made, names map[string]string) string {
	switch {
	case m.Actor == "":
		return "not kept"
	case m.Actor == access.System().UserID && m.Reason == backup.Asked:
		return "the command line"
	case m.Actor == access.System().UserID:
		return "Attesta"
	}
	return who(names, m.Actor)
}

func (s *Site) backupRow(r *request, l backup.Line, names map[string]string) ui.TableRow {
	size := ui.Cell{Text: "not kept", N: true, Muted: true}
	if l.Packed > 0 {
		size = ui.Cell{Text: humanize.Bytes(uint64(l.Packed)), N: true, Meta: humanize.Bytes(uint64(max(l.Bytes, 0))) + " unpacked"}
	}
	why := ui.Cell{Text: whyBackup(l.Reason)}
	if l.Encrypted {
		why.Meta = "encrypted, with keys"
	}
	checked := ui.Cell{Text: "not verified", Muted: true}
	if c := l.Verified; c != nil && c.State == backup.Failed {
		checked = ui.Cell{Text: "damaged", Bad: true, Meta: r.words.at(c.Ended).Text + ": " + sentence(c.Trouble)}
	} else if c != nil {
		checked = ui.Cell{Text: "sound", Meta: r.words.at(c.Ended).Text + ": " + howVerified(c.How)}
	}
	file := ui.Cell{Text: filepath.Base(l.Path), Mono: true}
	if n := len(file.Text); n > 28 { // its end tells it apart; the backup's page says the whole
		file.Text = "…" + strings.ToValidUTF8(file.Text[n-26:], "")
	}
	if l.Missing != "" {
		file = ui.Cell{Text: sentence(l.Missing), Muted: true}
	}
	return ui.TableRow{Head: ui.Link{Text: r.words.second(l.At).Text, Href: "/settings/backup/" + l.ID}, Meta: "manifest " + l.Manifest[:min(12, len(l.Manifest))],
		Cells: []ui.Cell{why, {Text: byBackup(l.Made, names)}, size, {Text: ui.Number(l.Ledger.Size), N: true}, checked, file}}
}

func (s *Site) changeBackups(w http.ResponseWriter, r *request) error {
	const path = "/settings/backup"
	switch r.PostFormValue("do") {
	case "make":
		run, err := s.cfg.Backups.Ask(r.Context(), r.who)
		if err != nil {
			return s.backupsWrong(w, r, err)
		}
		return s.done(w, r, "A backup is being made since "+r.words.second(run.Asked).Text+". Load this page again to see it.", path)
	case "schedule":
		numbers := map[string]int{}
		for _, name := range []string{"every", "keep"} {
			n, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue(name)))
			if err != nil || n < 0 || n > 1_000_000 {
				return s.backupsWrong(w, r, fault.New(fault.Invalid, "%.40q is no number that can be kept", r.PostFormValue(name)).At("", 0, name).WithHint("write digits alone"))
			}
			numbers[name] = n
		}
		if err := s.cfg.Backups.SetSchedule(r.Context(), r.who, time.Duration(numbers["every"])*time.Hour, numbers["keep"]); err != nil {
			return s.backupsWrong(w, r, err)
		}
		return s.done(w, r, "The schedule holds from now on.", path)
	}
	return fault.New(fault.Invalid, "%q is nothing that is done with backups", r.PostFormValue("do")).WithHint("go back and press a button of the page")
}

func (s *Site) backupsWrong(w http.ResponseWriter, r *request, err error) error {
	t, err := wrongForm(r, err)
	if err != nil {
		return err
	}
	return s.backupsPage(w, r, t)
}

// backup answers: what is in this one, and does it hold?
func (s *Site) backup(w http.ResponseWriter, r *request) error {
	return s.backupPage(w, r, http.StatusOK, nil)
}

func (s *Site) backupPage(w http.ResponseWriter, r *request, status int, problem error) error {
	m, runs, err := s.cfg.Backups.Get(r.Context(), r.who, r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := s.cfg.Backups.View(r.Context(), r.who, 1)
	if err != nil {
		return err
	}
	path := "/settings/backup/" + m.ID
	v := ui.BackupView{Title: "Backup of " + r.words.second(m.At).Text, Path: path, Missing: sentence(s.cfg.Backups.There(m)), Command: restoreCommand(orElse(m.Path, "FILE"), m.Encrypted),
		Check: "attesta backup verify " + orElse(m.Path, "FILE"), Running: s.backupRun(r, all, path)}
	if m.Encrypted {
		v.Check += " --identity-file key.txt"
	}
	if access.May(r.who.Role, access.LedgerRead) {
		v.Record = "/ledger?subject=" + url.QueryEscape(m.ID)
	}
	people := []string{m.Actor}
	for _, x := range runs {
		people = append(people, x.Actor)
	}
	names := s.names(r.Context(), people)
	yes := map[bool]string{true: "yes", false: "no"}
	fact := func(name, value string, mono bool) {
		v.Facts = append(v.Facts, ui.BackupFact{Name: name, Value: value, Mono: mono})
	}
	v.Facts = append(v.Facts, ui.BackupFact{Name: "Made", Moment: r.words.second(m.At)})
	fact("Why", whyBackup(m.Reason), false)
	fact("By", byBackup(m, names), false)
	fact("File", orElse(m.Path, "not kept"), m.Path != "")
	if m.Packed > 0 {
		fact("Size", fmt.Sprintf("%s bytes, %s unpacked in %s", ui.Number(m.Packed), humanize.Bytes(uint64(max(m.Bytes, 0))), many(m.Files, "file", "files")), false)
	}
	fact("SHA-256 of the file", orElse(m.SHA256, "not kept"), m.SHA256 != "")
	fact("SHA-256 of the manifest", m.Manifest, true)
	fact("Ledger", many(m.Ledger.Size, "entry", "entries"), false)
	fact("Root of the ledger", m.Ledger.Root, true)
	fact("Encrypted, with keys", yes[m.Encrypted], false)
	fact("With content", yes[m.Content], false)
	v.Verify = access.May(r.who.Role, access.BackupMake) && v.Missing == ""
	switch {
	case m.Encrypted:
		v.How = "Its file is read and held against the digest with which it was written. What is in it only the holder of the identity can open: with the command beside this."
	default:
		v.How = "It is restored into a directory of its own, beside the live data and without touching them: each file against the manifest, the whole ledger with the rows that its entries stand for, and the counts. Then that directory is removed. A backup of PostgreSQL is read whole, and not restored."
	}
	if access.May(r.who.Role, access.BackupTake) {
		if v.Take = m.Encrypted && v.Missing == ""; !m.Encrypted {
			v.NoTake = "This file is not encrypted: it holds every name, every address and every password's hash for whoever has it. The screens do not give it away; fetch it on the machine, or set backup-recipients and make another one."
		}
	}
	v.Runs = ui.Table{Caption: "Verifications, the newest first", Columns: []ui.Column{{Text: "When"}, {Text: "Result"}, {Text: "How"}, {Text: "By"}, {Text: "Took", N: true}}}
	for _, x := range runs {
		row := ui.TableRow{Head: ui.Link{Text: r.words.second(x.Asked).Text}}
		result, took := ui.Cell{Text: "waits"}, ui.Cell{N: true}
		switch x.State {
		case backup.Running:
			result.Text = "runs"
		case backup.Done:
			result.Text = "sound"
		case backup.Failed:
			result = ui.Cell{Text: "failed", Bad: true, Meta: sentence(x.Trouble) + " " + sentence(x.Hint)}
		}
		if x.Over() && !x.Began.IsZero() {
			took.Text = x.Ended.Sub(x.Began).Round(time.Millisecond).String()
		}
		row.Cells = []ui.Cell{result, {Text: howVerified(x.How)}, {Text: who(names, x.Actor)}, took}
		v.Runs.Rows = append(v.Runs.Rows, row)
	}
	if problem != nil {
		message, hint := fault.Public(problem)
		v.Problem, v.Hint = sentence(message), sentence(hint)
	}
	return s.render(w, r, status, ui.Backup(s.shell(w, r, v.Title, "Settings", "Backup"), v))
}

func (s *Site) changeBackup(w http.ResponseWriter, r *request) error {
	id := r.PathValue("id")
	var err error
	switch r.PostFormValue("do") {
	case "verify":
		if _, err = s.cfg.Backups.AskVerify(r.Context(), r.who, id); err == nil {
			return s.done(w, r, "It is being verified. Load this page again to see how that went.", "/settings/backup/"+id)
		}
	case "take":
		if err = s.takeBackup(w, r, id); err == nil {
			return nil
		}
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done with a backup", r.PostFormValue("do")).WithHint("go back and press a button of the page")
	}
	if kind := fault.KindOf(err); kind == fault.Conflict || kind == fault.Unavailable || kind == fault.NotFound {
		if _, _, known := s.cfg.Backups.Get(r.Context(), r.who, id); known == nil {
			return s.backupPage(w, r, http.StatusUnprocessableEntity, err)
		}
	}
	return err
}

// takeBackup gives the file away.
func (s *Site) takeBackup(w http.ResponseWriter, r *request, id string) error {
	f, m, err := s.cfg.Backups.Open(r.Context(), r.who, id)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", filepath.Base(m.Path)))
	w.Header().Set("Content-Length", strconv.FormatInt(m.Packed, 10))
	w.Header().Set("X-Attesta-Digest", m.SHA256)
	if _, err := io.CopyN(w, f, m.Packed); err != nil {
		if errors.Is(err, io.EOF) { // shorter than it was: what was sent must not look whole
			panic(http.ErrAbortHandler)
		}
		return errGone
	}
	return nil
}
