package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/activity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// pageSize is how many rows of a list are shown at once.
const pageSize = screen.PageSize

// ledger answers: what is recorded, and how far can an outsider check it?
func (s *Site) ledger(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	f, records, behind, err := s.ledgerRecords(r, q.Get("before"), pageSize+1)
	var wrong *typed
	if err != nil { // a day that cannot be read is said beside its field
		t, other := wrongForm(r, err)
		if other != nil || t.field == "" {
			return err
		}
		wrong = t
	}
	v := ui.LedgerView{
		Title: "The ledger holds " + many(head.Size, "entry", "entries") + ", and none is anchored outside yet",
		Note:  "Every run, finding, approval and login is an entry in an append-only Merkle tree. Whoever holds an earlier checkpoint can tell whether anything before it was changed.",
		Warn:  "No witness or time stamp outside this machine has seen the checkpoint. Until one has, whoever owns this machine and the key could replace the whole ledger unnoticed.",
		Head: []ui.Fact{
			{Term: "Origin", Text: head.Origin, Mono: true},
			{Term: "Entries", Text: ui.Number(head.Size)},
			{Term: "Root, base64", Text: ledger.EncodeHash(head.Root), Mono: true},
			{Term: "Signed", Text: r.words.full(head.At)},
			{Term: "Key", Text: s.cfg.Ledger.VerifierKey(), Mono: true},
		},
		Verify: s.command("ledger verify") + "\n" + s.command("ledger key"),
		Undo:   "/ledger",
	}
	if head.Anchored {
		v.Title = "The ledger holds " + many(head.Size, "entry", "entries") + ", " + ui.Number(head.AnchoredSize) + " of them anchored outside"
		v.Warn = ""
		v.Head = append(v.Head, ui.Fact{Term: "Anchored outside", Text: "the first " + ui.Number(head.AnchoredSize) + ", " + r.words.full(head.AnchoredAt)})
	}
	if head.Size == 0 {
		v.Title, v.Head[3].Text = "The ledger is empty", "nothing yet"
	}
	v.Form, err = s.activityForm(r, f, wrong)
	if err != nil {
		return err
	}
	for _, c := range []ui.Link{{Text: "All"}, {Text: "Findings", Href: "finding."}, {Text: "Runs", Href: "run"}, {Text: "Standards", Href: "standard."},
		{Text: "Controls", Href: "control."}, {Text: "Sources", Href: "source."}, {Text: "People", Href: "user."}} {
		v.Types = append(v.Types, ui.Chip{Text: c.Text, Href: with(q, "/ledger", "type", c.Href, "before", ""), Current: f.Type == c.Href})
	}
	if f.Subject != "" {
		v.Scope = append(v.Scope, ui.Link{Text: "about " + f.Subject, Href: with(q, "/ledger", "about", "", "before", "")})
	}
	if f.Actor != "" {
		name := actorLink(f.Actor, s.known(r, []ledger.Record{{Actor: f.Actor}})).Text
		v.Title, v.Note = "What "+name+" did", "Each entry of the ledger by "+name+", newest first. It can be taken away as a file below the list."
		v.Scope = append(v.Scope, ui.Link{Text: "by " + name, Href: with(q, "/ledger", "by", "", "before", "")})
		if strings.HasPrefix(f.Actor, "usr_") {
			v.Note += " What a program did with a token of theirs is among it; what others did to their account stands under entries about them."
		}
	}
	if behind > 0 {
		v.Behind = "The newest " + many(behind, "entry is", "entries are") + " not sorted by person yet, and missing here. Attesta is reading them; look again in a moment."
	}
	more := len(records) > pageSize
	if more {
		records = records[:pageSize]
	}
	v.Rows = s.entryRows(r, records)
	v.None = "No entry matches."
	if n := len(records); n > 0 {
		v.Pager.Text = many(n, "entry", "entries") + " shown"
	}
	if more {
		v.Pager.Next = with(q, "/ledger", "before", strconv.FormatInt(records[len(records)-1].Index, 10))
	}
	if f.Before > 0 {
		v.Pager.First = with(q, "/ledger", "before", "")
	}
	title := "Ledger"
	if f.Actor != "" {
		title = v.Title
	}
	return s.render(w, r, wrong.status(), ui.Ledger(s.shell(w, r, title, "Settings", "Ledger"), v))
}

// ledgerFilter reads what the list shows, from below an index on.
func ledgerFilter(r *request, before string, limit int) (f activity.Filter, err error) {
	q := r.URL.Query()
	f = activity.Filter{Type: q.Get("type"), Subject: q.Get("about"), Actor: strings.TrimSpace(q.Get("by")), Limit: limit}
	if f.From, err = r.firstMoment(q.Get("from"), "from"); err != nil {
		return f, err
	}
	if f.To, err = r.lastMoment(q.Get("to"), "to"); err != nil {
		return f, err
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return f, fault.New(fault.Invalid, "the last day is before the first").At("", 0, "to").WithHint("give the same day or a later one")
	}
	if before != "" {
		if f.Before, err = strconv.ParseInt(before, 10, 64); err != nil || f.Before <= 0 {
			return f, fault.New(fault.Invalid, "%q is no ledger index", before).WithHint("follow the links of the list")
		}
	}
	return f, nil
}

// command gives a command line that works beside this server.
func (s *Site) command(verb string) string {
	line := "attesta " + verb
	if s.cfg.DataDir != "" {
		line += " --data " + s.cfg.DataDir
	}
	return line
}

func with(q url.Values, path string, pairs ...string) string { return screen.With(q, path, pairs...) }

func (s *Site) entryRows(r *request, records []ledger.Record) []ui.EntryRow {
	names := s.known(r, records)
	rows := make([]ui.EntryRow, 0, len(records))
	for _, rec := range records {
		href := "/ledger/" + rec.ID
		if rec.Index >= 0 {
			href = "/ledger/" + strconv.FormatInt(rec.Index, 10)
		}
		rows = append(rows, ui.EntryRow{Index: ui.Link{Text: indexWords(rec.Index), Href: href}, At: r.words.second(rec.At), Type: rec.Type,
			What: what(rec), Subject: subjectLink(rec, names), Actor: actorLink(rec.Actor, names), Stream: rec.Stream})
	}
	return rows
}

// known gives links for the pseudonyms in records: people by their names,
// sources and hosts by the host, findings by their numbers.
func (s *Site) known(r *request, records []ledger.Record) map[string]ui.Link {
	out := map[string]ui.Link{}
	var people []string
	for _, rec := range records {
		if n, ok := rec.Data["number"].(int64); ok && strings.HasPrefix(rec.Subject, "fnd_") {
			ref := "F-" + strconv.FormatInt(n, 10)
			out[rec.Subject] = ui.Link{Text: ref, Href: "/findings/" + ref}
		}
		item, _ := rec.Data["item"].(string)
		for _, id := range []string{rec.Actor, rec.Subject, item} {
			if _, done := out[id]; done {
				continue
			}
			switch {
			case strings.HasPrefix(id, "usr_"):
				people = append(people, id)
			case strings.HasPrefix(id, "src_"), strings.HasPrefix(id, "hst_"):
				out[id] = ui.Link{}
				if h, err := s.cfg.Hosts.Get(r.Context(), id); err == nil && access.May(r.who.Role, access.HostRead) {
					out[id] = ui.Link{Text: h.Name, Href: "/hosts/" + h.ID}
				}
			}
		}
	}
	if len(people) > 0 {
		for id, name := range s.names(r.Context(), distinctText(people)) {
			out[id] = ui.Link{Text: name, Href: s.whatDid(r, id)}
		}
	}
	return out
}

func actorWords(actor string, names map[string]ui.Link) string {
	switch {
	case names[actor].Text != "" && strings.HasPrefix(actor, "src_"):
		return "agent of " + names[actor].Text
	case names[actor].Text != "":
		return names[actor].Text
	case actor == "system":
		return "Attesta"
	}
	return actor
}

// subjectLink leads to what an entry is about, where a screen shows it. A run
// is about an item.
func subjectLink(rec ledger.Record, names map[string]ui.Link) ui.Link {
	if l := names[rec.Subject]; l.Text != "" {
		return l
	}
	if item, ok := rec.Data["item"].(string); ok && rec.Type == "run" && names[item].Text != "" {
		return names[item]
	}
	l := ui.Link{Text: rec.Subject}
	switch {
	case strings.HasPrefix(rec.Subject, "std_"):
		l.Href = "/standards/" + rec.Subject
		if pack, ok := rec.Data["pack"].(string); ok {
			l.Text = pack
		}
	case strings.HasPrefix(rec.Type, "control."):
		l.Href = "/controls/" + rec.Subject
	}
	return l
}

// what says in words what an entry records. A type that this program does not
// know shows as it is written.
func what(rec ledger.Record) string {
	number := func(key string) int64 {
		n, _ := rec.Data[key].(int64)
		return n
	}
	switch rec.Type {
	case "run":
		if rec.Data["kind"] == "population" {
			return "Run counted the population"
		}
		return fmt.Sprintf("Run judged %s; %s changed", many(number("evaluated"), "attribute", "attributes"), many(number("changed"), "outcome", "outcomes"))
	}
	noun, verb, ok := strings.Cut(rec.Type, ".")
	if !ok {
		return rec.Type
	}
	s := strings.ToUpper(noun[:1]) + noun[1:] + " " + strings.NewReplacer("_", " ", ".", " ").Replace(verb)
	return s
}

// entry shows one entry with its bytes and its proof.
func (s *Site) entry(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	rec, err := s.cfg.Ledger.Record(ctx, r.PathValue("entry"))
	if err != nil {
		return err
	}
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	names := s.known(r, []ledger.Record{rec})
	v := ui.EntryView{
		List: ui.Link{Text: "Ledger", Href: "/ledger"}, Title: indexWords(rec.Index), Note: what(rec),
		Bytes: string(rec.Raw), Size: len(rec.Raw),
		Facts: []ui.Fact{
			{Term: "Type", Text: rec.Type, Mono: true},
			{Term: "Recorded", Text: r.words.full(rec.At)},
			{Term: "By", Links: []ui.Link{actorLink(rec.Actor, names)}},
		},
		Wait:   "This entry has no position yet. The sequencer numbers, hashes and signs within a second.",
		Verify: s.command("ledger proof " + strconv.FormatInt(rec.Index, 10)),
	}
	if rec.Subject != "" {
		l := subjectLink(rec, names)
		v.Facts = append(v.Facts, ui.Fact{Term: "About", Links: []ui.Link{l, {Text: "all entries about it", Href: "/ledger?about=" + url.QueryEscape(rec.Subject)}}})
	}
	if rec.Outcome != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Outcome", Text: strings.ReplaceAll(rec.Outcome, "_", " ")})
	}
	v.Facts = append(v.Facts,
		ui.Fact{Term: "Stream", Text: fmt.Sprintf("%s, number %s in it", rec.Stream, ui.Number(rec.StreamSeq))},
		ui.Fact{Term: "Id", Text: rec.ID, Mono: true},
		ui.Fact{Term: "Leaf hash", Text: ledger.EncodeHash(rec.Hash), Mono: true})
	if rec.Blob != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Content", Text: "sha256 " + rec.Blob, Mono: true})
	}
	if rec.Commitment != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Personal data", Text: "held outside the ledger, committed to here: " + rec.Commitment, Mono: true})
	}
	v.Data = dataFacts("", rec.Data)
	if rec.Index >= 0 {
		if rec.Index > 0 {
			v.Near = append(v.Near, ui.Link{Text: "Entry before", Href: "/ledger/" + strconv.FormatInt(rec.Index-1, 10)})
		}
		if rec.Index+1 < head.Size {
			v.Near = append(v.Near, ui.Link{Text: "Entry after", Href: "/ledger/" + strconv.FormatInt(rec.Index+1, 10)})
		}
	}
	if rec.Index >= 0 && rec.Index < head.Size {
		if v.Proof, err = s.proof(r, rec, head); err != nil {
			return err
		}
	}
	sh := s.shell(w, r, "Entry "+v.Title, "Settings", "Ledger")
	return s.render(w, r, http.StatusOK, ui.Entry(sh, v))
}

// proof makes the inclusion proof of a record and checks it before it is
// shown. Where the log on disk does not prove it, that is what is shown.
func (s *Site) proof(r *request, rec ledger.Record, head ledger.Head) (*ui.ProofView, error) {
	v := &ui.ProofView{Index: ui.Number(rec.Index), Size: ui.Number(head.Size), Root: ledger.EncodeHash(head.Root), Leaf: ledger.EncodeHash(rec.Hash),
		Signed: r.words.second(head.At), Key: s.cfg.Ledger.VerifierKey(), Download: "/ledger/" + strconv.FormatInt(rec.Index, 10) + "/proof"}
	if rec.Index < head.AnchoredSize {
		v.Anchored = "yes, with the first " + ui.Number(head.AnchoredSize) + " entries, " + r.words.full(head.AnchoredAt)
	}
	p, err := s.cfg.Ledger.Proof(rec.Index)
	if fault.Is(err, fault.Refused) {
		message, hint := fault.Public(err)
		v.Bad, v.Checked, v.Label = true, sentence(message), sentence(hint)
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	for _, h := range p.Hashes {
		v.Hashes = append(v.Hashes, ledger.EncodeHash(h))
	}
	v.Size, v.Root = ui.Number(p.Checkpoint.Size), ledger.EncodeHash(p.Checkpoint.Root)
	v.Label = fmt.Sprintf("%s from entry %s to the root that the checkpoint signs.", many(len(p.Hashes), "hash leads", "hashes lead"), v.Index)
	v.Checked = "the root computed from this entry equals the signed one, and the signature is that of the key"
	if string(p.Entry) != string(rec.Raw) {
		v.Bad, v.Checked = true, "the log on disk holds other bytes at this index than the database"
	}
	return v, nil
}

// proofFile gives the proof as a C2SP tlog-proof, to be checked elsewhere.
func (s *Site) proofFile(w http.ResponseWriter, r *request) error {
	index, err := strconv.ParseInt(r.PathValue("entry"), 10, 64)
	if err != nil {
		return fault.New(fault.NotFound, "a proof is asked for by an entry's index")
	}
	p, err := s.cfg.Ledger.Proof(index)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="entry-%d.tlog-proof"`, index))
	if _, err := w.Write(p.Text()); err != nil {
		return errGone
	}
	return nil
}

// dataFacts lays an entry's data out, a line per value.
func dataFacts(prefix string, data map[string]any) []ui.Fact {
	keys := make([]string, 0, len(data))
	for k := range data {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out []ui.Fact
	for _, k := range keys {
		name := strings.ReplaceAll(k, "_", " ")
		if prefix != "" {
			name = prefix + ", " + name
		}
		switch x := data[k].(type) {
		case map[string]any:
			out = append(out, dataFacts(name, x)...)
		case []any:
			var parts []string
			for _, p := range x {
				parts = append(parts, fmt.Sprint(p))
			}
			out = append(out, ui.Fact{Term: name, Text: strings.Join(parts, ", ")})
		case int64:
			out = append(out, ui.Fact{Term: name, Text: ui.Number(x)})
		case bool:
			text := "no"
			if x {
				text = "yes"
			}
			out = append(out, ui.Fact{Term: name, Text: text})
		default:
			text := fmt.Sprint(x)
			out = append(out, ui.Fact{Term: name, Text: text, Mono: len(text) == 64})
		}
	}
	return out
}

// step shows a record as an entry of a timeline.
func step(r *request, rec ledger.Record, names map[string]ui.Link) ui.Step {
	st := ui.Step{At: r.words.at(rec.At), Text: what(rec), By: "by " + actorWords(rec.Actor, names), Entry: entryLink(rec.ID, rec.Index)}
	switch {
	case strings.HasSuffix(rec.Type, ".opened"), strings.HasSuffix(rec.Type, ".reopened"):
		st.Mark = "bad"
	case strings.HasSuffix(rec.Type, ".approved"):
		st.Mark = "key"
	}
	return st
}

func entryLink(id string, index int64) ui.Link { return screen.EntryLink(id, index) }

// anchoredWords says whether somebody outside has signed for an entry.
func (s *Site) anchoredWords(r *request, index int64) string {
	head, err := s.cfg.Ledger.Head(r.Context())
	switch {
	case err != nil:
		return "whether it is anchored outside cannot be read"
	case index >= 0 && index < head.AnchoredSize:
		return "anchored outside " + r.words.full(head.AnchoredAt)
	}
	return "not yet anchored outside"
}
