package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/web/ui"
)

// extraction shows what was frozen: items, count, digest, what was left out, and
// how it compares with a second source.
func (s *Site) extraction(w http.ResponseWriter, r *request) error {
	return s.showExtraction(w, r, nil, "")
}

func (s *Site) showExtraction(w http.ResponseWriter, r *request, t *typed, which string) error {
	ctx, q := r.Context(), r.URL.Query()
	e, err := s.cfg.Populations.Extraction(ctx, r.PathValue("ref"))
	if err != nil {
		return err
	}
	path := "/extractions/" + e.Ref()
	src, err := s.cfg.Populations.Source(e.Content.Source)
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Populations", Href: "/populations"}, {Text: e.Content.Title, Href: "/populations/" + e.Slug}, {Text: e.Ref()}},
		Title: fmt.Sprintf("%s: %s, frozen", e.Content.Title, many(e.Count, "item", "items")), State: "frozen",
		Line: []string{s.windowWords(r, e.Window), fmt.Sprintf("as known by ledger size %s", ui.Number(e.Known)), fmt.Sprintf("definition version %d", e.Version)}, FactsOf: "This extraction",
		Links: []ui.Link{{Text: "Workbook (.xlsx)", Href: path + "/workbook.xlsx"}, {Text: "Items (.jsonl)", Href: path + "/items.jsonl"}, {Text: "All of it (.json)", Href: path + "/extraction.json"}}}
	if e.Undecided > 0 {
		v.Notice, v.Warn = fmt.Sprintf("For %s the filter could not be answered, because an attribute is not known. They are members all the same, and marked.", many(e.Undecided, "item", "items")), true
	}
	v.Figures = []ui.Figure{{Term: "Items", Value: ui.Number(e.Count)}, {Term: "Undecided", Value: ui.Number(e.Undecided), Bad: e.Undecided > 0, Note: "of them"},
		{Term: "Left out", Value: ui.Number(e.Excluded), Note: "by an exclusion"}}
	if n := len(e.Reconciliations); n > 0 {
		last := e.Reconciliations[n-1]
		v.Figures = append(v.Figures, ui.Figure{Term: "Not explained", Value: ui.Number(last.Open()), Bad: last.Open() > 0, Note: "in the newest reconciliation", Href: "/reconciliations/" + last.ID})
	}
	items, next, err := s.cfg.Populations.Items(ctx, e.ID, q.Get("after"), pageSize)
	if err != nil {
		return err
	}
	table := itemTable(src, items)
	table.Pager.Text = fmt.Sprintf("%d of %s shown, by id", len(items), ui.Number(e.Count))
	if next != "" {
		table.Pager.Next = with(q, path, "after", next)
	}
	if q.Get("after") != "" {
		table.Pager.First = path
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "items", Title: "Items", Meta: src.Title, Table: &table, None: "The population is empty: nothing was a member in this window. That is a result, and it is frozen as one."},
		s.reconciliationBlock(r, e, path, t, which), s.registerBlock(r, e))
	v.Facts = []ui.Fact{{Term: "Number", Text: e.Ref(), Mono: true}, {Term: "Id", Text: e.ID, Mono: true},
		{Term: "Frozen", Text: r.words.full(e.MadeAt) + " by " + who(s.names(ctx, []string{e.MadeBy}), e.MadeBy)},
		{Term: "Definition", Text: fmt.Sprintf("%s, version %d", e.Slug, e.Version), Links: []ui.Link{{Text: "open", Href: "/populations/" + e.Slug}}},
		{Term: "Decides", Text: e.Content.Rule(src, e.Window.Instant())}, {Term: "Filter", Text: orElse(e.Query, "none: every item"), Mono: e.Query != ""},
		{Term: "High-water mark", Text: "ledger size " + ui.Number(e.Known)}, {Term: "Ledger", Links: []ui.Link{entryLink(e.Entry, e.Index)}},
		{Term: "Digest", Text: e.Digest, Mono: true}, {Term: "File", Text: ui.Number(e.Size) + " bytes; sha256sum gives the digest"}, {Term: "Definition digest", Text: e.Definition, Mono: true}}
	if access.May(r.who.Role, access.PopulationExtract) {
		v.SideMore = append(v.SideMore, ui.Block{ID: "again", Title: "Perform it again", Text: []string{"The same definition over the same window at the same ledger size must give the same digest."},
			Forms: []ui.Form{{ID: "again", Action: path + "/again", Button: "Extract again and compare", Quiet: true}}})
	}
	return s.render(w, r, t.status(), ui.Record(s.shell(w, r, e.Ref(), "Audit", "Populations"), v))
}

// itemTable lists items by the columns of their source.
func itemTable(src *population.Source, items []population.Item) ui.Table {
	t := ui.Table{Caption: "Items", Columns: []ui.Column{{Text: capital(src.Columns[0])}}}
	for _, c := range src.Columns[1:] {
		t.Columns = append(t.Columns, ui.Column{Text: capital(strings.ReplaceAll(c, "_", " "))})
	}
	t.Columns = append(t.Columns, ui.Column{Text: "Id"})
	for _, i := range items {
		row := ui.TableRow{Head: ui.Link{Text: orElse(attributeWords(i.Attributes[src.Columns[0]]), i.ID)}}
		switch {
		case strings.HasPrefix(i.ID, "hst_") && !strings.Contains(i.ID, "/"):
			row.Head.Href = "/hosts/" + i.ID
		case strings.HasPrefix(i.ID, "fnd_"):
			row.Head.Href = "/findings/" + attributeWords(i.Attributes["number"])
		case strings.HasPrefix(i.ID, "wvr_"):
			row.Head.Href = "/waivers/" + attributeWords(i.Attributes["number"])
		}
		if i.Undecided {
			row.Tag = "undecided"
		}
		for _, c := range src.Columns[1:] {
			cell := ui.Cell{Text: attributeWords(i.Attributes[c])}
			if c == "outcome" {
				cell = ui.Cell{Outcome: ui.Outcome(cell.Text)}
			}
			row.Cells = append(row.Cells, cell)
		}
		row.Cells = append(row.Cells, ui.Cell{Text: shortID(i.ID), Mono: true, Muted: true})
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shortID shows the end of an id, which tells items apart.
func shortID(id string) string {
	if len(id) > 14 {
		return id[:4] + "…" + id[len(id)-6:]
	}
	return id
}

func attributeWords(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if len(v) == len("2006-01-02T15:04:05.000000Z") && strings.HasSuffix(v, "Z") && v[10] == 'T' {
			return v[:10] + " " + v[11:16]
		}
		return v
	case int64:
		return ui.Number(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = attributeWords(x)
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}

func kindOfSecond(kind string) string {
	switch kind {
	case population.Neighbours:
		return "neighbour tables"
	case population.Zone:
		return "DNS zone file"
	case population.HostsFile:
		return "hosts file"
	}
	return kind
}

func (s *Site) reconciliationBlock(r *request, e population.Extraction, path string, t *typed, which string) ui.Block {
	table := ui.Table{Caption: "Reconciliations", Columns: []ui.Column{{Text: "Second source"}, {Text: "Kind"}, {Text: "Matched", N: true}, {Text: "Only here", N: true}, {Text: "Only there", N: true}, {Text: "Not explained", N: true}}}
	for _, x := range e.Reconciliations {
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: x.Name, Href: "/reconciliations/" + x.ID}, Cells: []ui.Cell{{Text: kindOfSecond(x.Kind), Meta: r.words.at(x.MadeAt).Text},
			{Text: fmt.Sprintf("%s of %s", ui.Number(x.MatchedA), ui.Number(x.A)), N: true}, {Text: ui.Number(x.OnlyA()), N: true}, {Text: ui.Number(x.OnlyB()), N: true},
			{Text: ui.Number(x.Open()), N: true, Bad: x.Open() > 0}}})
	}
	b := ui.Block{ID: "rec", Title: "Completeness: held against a second source", Table: &table,
		None: "Not held against anything yet. A list that only its own collector knows proves nothing about what the collector does not know: compare it with what name servers or the hosts' neighbours know."}
	if e.Content.Source != "hosts" {
		switch b.None = "No second source of these items is known."; e.Content.Source {
		case "changes", "deployments":
			b.None = "Changes and deployments are held against each other, and both against what agents saw change on hosts, on the page Changes, Reconciliation."
		}
		return b
	}
	if !access.May(r.who.Role, access.PopulationEdit) {
		return b
	}
	upload := ui.Form{ID: "reconcile", Action: path + "/reconcile", Summary: "Hold it against a zone or hosts file", Button: "Compare", Upload: true, Fields: []ui.Field{
		{Name: "kind", Label: "Kind of file", Kind: "select", Options: []ui.Option{{Value: population.Zone, Text: "DNS zone file, as BIND writes it"}, {Value: population.HostsFile, Text: "hosts file, as /etc/hosts"}}},
		{Name: "name", Label: "Name", Must: true, Hint: "Of a zone file the zone: example.org. It is used where the file has no $ORIGIN."},
		{Name: "file", Label: "File", Kind: "file", Must: true, Hint: "At most 8 MB. It is kept with the extraction."}}}
	near := ui.Form{ID: "neighbours", Action: path + "/neighbours", Summary: "Hold it against what the hosts saw beside them", Button: "Compare with neighbours", Quiet: true}
	for _, f := range []*ui.Form{&upload, &near} {
		if which == f.ID {
			t.fill(f)
		}
	}
	b.Forms = []ui.Form{upload, near}
	return b
}

func (s *Site) actExtraction(w http.ResponseWriter, r *request, what string, act func(id string) (said, to string, err error)) error {
	e, err := s.cfg.Populations.Extraction(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	said, to, err := act(e.ID)
	if err != nil {
		t, other := wrongForm(r, err)
		if other != nil {
			return err
		}
		return s.showExtraction(w, r, t, what)
	}
	return s.done(w, r, said, orElse(to, "/extractions/"+e.Ref()))
}

// extractAgain performs an extraction again and says whether the same comes out.
func (s *Site) extractAgain(w http.ResponseWriter, r *request) error {
	return s.actExtraction(w, r, "again", func(id string) (string, string, error) {
		e, err := s.cfg.Populations.Extraction(r.Context(), id)
		if err != nil {
			return "", "", err
		}
		digest, count, err := s.cfg.Populations.Again(r.Context(), r.who, id)
		if err != nil {
			return "", "", err
		}
		if digest != e.Digest {
			return fmt.Sprintf("Extracted again, it is another population: %s, digest %s. The rows behind it were changed: verify the ledger.", many(count, "item", "items"), digest[:12]), "", nil
		}
		return fmt.Sprintf("Extracted again at ledger size %s: the same %s, the same digest.", ui.Number(e.Known), many(count, "item", "items")), "", nil
	})
}

// reconcile takes a file of a second source.
func (s *Site) reconcile(w http.ResponseWriter, r *request) error {
	return s.actExtraction(w, r, "reconcile", func(id string) (string, string, error) {
		if err := r.ParseMultipartForm(population.MaxUpload); err != nil {
			return "", "", fault.Wrap(fault.Invalid, err, "the file could not be read, or is larger than 8 MB").At("", 0, "file")
		}
		defer r.MultipartForm.RemoveAll()
		r.PostForm = r.MultipartForm.Value
		f, _, err := r.FormFile("file")
		if err != nil {
			return "", "", fault.Wrap(fault.Invalid, err, "choose a file").At("", 0, "file")
		}
		defer f.Close()
		content, err := io.ReadAll(io.LimitReader(f, population.MaxUpload+1))
		if err != nil {
			return "", "", fault.Wrap(fault.Invalid, err, "the file could not be read").At("", 0, "file")
		}
		x, err := s.cfg.Populations.Reconcile(r.Context(), r.who, id, population.Upload{Kind: r.PostForm.Get("kind"), Name: r.PostForm.Get("name"), Content: content})
		return "The two sources are compared. Explain what stands on one side alone.", "/reconciliations/" + x.ID, err
	})
}

func (s *Site) reconcileNeighbours(w http.ResponseWriter, r *request) error {
	return s.actExtraction(w, r, "neighbours", func(id string) (string, string, error) {
		x, err := s.cfg.Populations.ReconcileNeighbours(r.Context(), r.who, id)
		return "The population is compared with what the hosts saw. Explain what stands on one side alone.", "/reconciliations/" + x.ID, err
	})
}

// extractionFile gives the items, or all of an extraction, as a file.
func (s *Site) extractionFile(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	e, err := s.cfg.Populations.Extraction(ctx, r.PathValue("ref"))
	if err != nil {
		return err
	}
	var content []byte
	name := e.Ref() + "-" + e.Slug
	switch r.PathValue("file") {
	case "items.jsonl":
		content, err = s.cfg.Populations.File(ctx, e.ID)
		name += ".jsonl"
	case "extraction.json":
		content, err = json.MarshalIndent(e, "", "  ")
		name += ".json"
	case "workbook.xlsx":
		return s.workbook(w, r, e, "")
	default:
		err = fault.New(fault.NotFound, "an extraction has workbook.xlsx, items.jsonl and extraction.json")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, name))
	if _, err := w.Write(content); err != nil {
		return errGone
	}
	return nil
}

// reconciliation shows two sources side by side, and what people say about what
// stands on one side alone.
func (s *Site) reconciliation(w http.ResponseWriter, r *request) error {
	return s.showReconciliation(w, r, nil, 0)
}

func (s *Site) showReconciliation(w http.ResponseWriter, r *request, t *typed, seq int) error {
	ctx, q := r.Context(), r.URL.Query()
	x, err := s.cfg.Populations.Reconciliation(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	e, err := s.cfg.Populations.Extraction(ctx, x.Extraction)
	if err != nil {
		return err
	}
	path := "/reconciliations/" + x.ID
	side := population.Side(q.Get("side"))
	if !slices.Contains([]population.Side{"", population.Both, population.OnlyA, population.OnlyB}, side) {
		return fault.New(fault.Invalid, "%q is no side", string(side)).WithHint("both, a or b")
	}
	after, err := strconv.Atoi(orElse(q.Get("after"), "0"))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%q is no line", q.Get("after"))
	}
	lines, err := s.cfg.Populations.Lines(ctx, x.ID, side, after, pageSize)
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Populations", Href: "/populations"}, {Text: e.Ref(), Href: "/extractions/" + e.Ref()}, {Text: x.Name}},
		Title: fmt.Sprintf("%s of %s hosts are known to %s; %s there without an agent", ui.Number(x.MatchedA), ui.Number(x.A), x.Name, many(x.OnlyB(), "entry stands", "entries stand")),
		Line:  []string{kindOfSecond(x.Kind), "made " + r.words.at(x.MadeAt).Text}, FactsOf: "This reconciliation",
		Figures: []ui.Figure{{Term: "Matched", Value: ui.Number(x.MatchedA), Note: "hosts", Href: path + "?side=both"}, {Term: "Only with an agent", Value: ui.Number(x.OnlyA()), Href: path + "?side=a", Note: "unknown there"},
			{Term: "Only there", Value: ui.Number(x.OnlyB()), Bad: x.OnlyB() > 0, Href: path + "?side=b", Note: "no agent"}, {Term: "Not explained", Value: ui.Number(x.Open()), Bad: x.Open() > 0}}}
	if x.Open() > 0 {
		v.Bad = many(x.Open(), "line is not explained", "lines are not explained")
	}
	heads := map[population.Side]string{population.Both: "Matched", population.OnlyA: "Only with an agent", population.OnlyB: "Only in the second source: no agent"}
	for _, of := range []population.Side{population.OnlyB, population.OnlyA, population.Both} {
		b := s.linesBlock(r, lines, of, heads[of], path, t, seq)
		if len(b.Table.Rows) > 0 {
			v.Blocks = append(v.Blocks, b)
		}
	}
	if len(lines) == pageSize {
		v.Links = append(v.Links, ui.Link{Text: "Next lines", Href: with(q, path, "after", strconv.Itoa(lines[len(lines)-1].Seq))})
	}
	if side != "" || after > 0 {
		v.Links = append(v.Links, ui.Link{Text: "All lines", Href: path})
	}
	v.Facts = []ui.Fact{{Term: "Ties out", Text: fmt.Sprintf("%s = %s matched + %s only with an agent; %s = %s matched + %s only there", ui.Number(x.A), ui.Number(x.MatchedA), ui.Number(x.OnlyA()), ui.Number(x.B), ui.Number(x.MatchedB), ui.Number(x.OnlyB()))},
		{Term: "Extraction", Links: []ui.Link{{Text: e.Ref(), Href: "/extractions/" + e.Ref()}}}, {Term: "Made", Text: r.words.full(x.MadeAt) + " by " + who(s.names(ctx, []string{x.MadeBy}), x.MadeBy)},
		{Term: "Ledger", Links: []ui.Link{entryLink(x.Entry, x.Index)}}, {Term: "Lines digest", Text: x.Digest, Mono: true}, {Term: "Second source", Text: x.Blob, Mono: true}}
	if len(x.Notes) > 0 {
		notes := x.Notes
		if len(notes) > 12 {
			notes = append(slices.Clone(notes[:12]), fmt.Sprintf("%d more stand in the export", len(notes)-12))
		}
		for i := range notes {
			notes[i] = sentence(notes[i])
		}
		v.SideMore = append(v.SideMore, ui.Block{ID: "notes", Title: "What stands out", Text: notes})
	}
	return s.render(w, r, t.status(), ui.Record(s.shell(w, r, "Reconciliation", "Audit", "Populations"), v))
}

func causeWords(c population.Cause) string {
	switch c {
	case population.OutOfScope:
		return "out of scope"
	case population.NotAnItem:
		return "not a host"
	case population.ToBeEnrolled:
		return "to be enrolled"
	}
	return "other"
}

func (s *Site) linesBlock(r *request, lines []population.Line, side population.Side, title, path string, t *typed, seq int) ui.Block {
	b := ui.Block{ID: "side-" + string(side), Title: title, Table: &ui.Table{Caption: title, Columns: []ui.Column{{Text: "Name"}, {Text: "Known there as"}, {Text: "Explanation"}}}}
	edit := access.May(r.who.Role, access.PopulationEdit)
	var options []ui.Option
	for _, l := range lines {
		if l.Side != side {
			continue
		}
		row := ui.TableRow{Head: ui.Link{Text: l.Name}}
		if l.Item != "" {
			row.Head.Href = "/hosts/" + l.Item
		}
		var there []string
		for _, m := range l.Matches {
			text := strings.Join(slices.Concat(m.Names, m.Addresses, m.MACs), " ")
			if m.By != "" {
				text += " (by " + m.By + ")"
			}
			if m.Detail != "" {
				text += ", " + m.Detail
			}
			there = append(there, text)
		}
		explained := ui.Cell{Text: "nothing to explain", Muted: true}
		if side != population.Both {
			explained = ui.Cell{Text: "not explained", Bad: true}
			if l.Cause != "" {
				explained = ui.Cell{Text: causeWords(l.Cause) + ": " + l.Text, Meta: r.words.at(l.At).Text}
				if l.Exclusion != "" {
					explained.Links = []ui.Link{{Text: "exclusion", Href: "/exclusions/" + l.Exclusion}}
				}
			}
			options = append(options, ui.Option{Value: strconv.Itoa(l.Seq), Text: l.Name, Selected: l.Seq == seq})
		}
		row.Cells = []ui.Cell{{Text: strings.Join(there, "; ")}, explained}
		b.Table.Rows = append(b.Table.Rows, row)
	}
	if edit && len(options) > 0 {
		causes := []ui.Option{}
		for _, c := range population.Causes() {
			if side == population.OnlyA && (c == population.ToBeEnrolled || c == population.NotAnItem) {
				continue
			}
			causes = append(causes, ui.Option{Value: string(c), Text: causeWords(c)})
		}
		f := ui.Form{ID: "explain-" + string(side), Action: path + "/explain", Summary: "Explain a line", Button: "Keep the explanation", Fields: []ui.Field{
			{Name: "side", Kind: "hidden", Value: string(side)},
			{Name: "line", Label: "Line", Kind: "select", Options: options}, {Name: "cause", Label: "Why it is on one side alone", Kind: "select", Options: causes},
			{Name: "text", Label: "In words", Kind: "long", Hint: "The auditor reads it."},
			{Name: "exclude", Label: "Leave it out of the population until the end of", Kind: "date", Hint: "Empty: no. Otherwise an exclusion is asked for with the same words; somebody else approves it."}}}
		if t != nil && t.values.Get("side") == string(side) {
			t.fill(&f)
		}
		b.Forms = append(b.Forms, f)
	}
	return b
}

// explain keeps what a person says about a line, and asks for an exclusion where
// they want one.
func (s *Site) explain(w http.ResponseWriter, r *request) error {
	ctx, id, f := r.Context(), r.PathValue("id"), r.PostForm
	seq, err := strconv.Atoi(f.Get("line"))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "choose a line")
	}
	x := population.Explanation{Cause: population.Cause(f.Get("cause")), Text: f.Get("text")}
	if err = s.excludeLine(r, id, seq, &x); err == nil {
		err = s.cfg.Populations.Explain(ctx, r.who, id, seq, x)
	}
	if err != nil {
		t, other := wrongForm(r, err)
		if other != nil {
			return err
		}
		if t.field == "reason" || t.field == "subject" {
			t.field = "text"
		}
		if t.field == "expires" {
			t.field = "exclude"
		}
		return s.showReconciliation(w, r, t, seq)
	}
	said := "The explanation is kept."
	if x.Exclusion != "" {
		said += " An exclusion waits for somebody else to approve it."
	}
	return s.done(w, r, said, "/reconciliations/"+id)
}

func (s *Site) excludeLine(r *request, id string, seq int, x *population.Explanation) error {
	until, err := r.lastMoment(r.PostFormValue("exclude"), "exclude")
	if err != nil || until.IsZero() {
		return err
	}
	if err := access.Authorise(r.who, access.ExclusionAsk); err != nil {
		return err
	}
	lines, err := s.cfg.Populations.Lines(r.Context(), id, "", seq-1, 1)
	if err != nil {
		return err
	}
	if len(lines) == 0 || lines[0].Seq != seq {
		return fault.New(fault.NotFound, "the reconciliation has no line %d", seq)
	}
	l := lines[0]
	a := exclusion.Ask{Population: "hosts", Subject: l.Item, Cause: exclusion.OutOfScope, Reason: x.Text, Expires: until}
	if x.Cause == population.NotAnItem {
		a.Cause = exclusion.NotAnItem
	}
	if l.Item == "" {
		a.Subject = "name " + l.Name
		if len(l.Matches) > 0 && len(l.Matches[0].Names) == 0 {
			a.Subject = "mac " + l.Name
			if len(l.Matches[0].MACs) == 0 {
				a.Subject = "address " + l.Name
			}
		}
	}
	asked, err := s.cfg.Exclusions.Ask(r.Context(), r.who, a)
	x.Exclusion = asked.ID
	return err
}
