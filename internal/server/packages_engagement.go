package server

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/render/sheet"
	"github.com/attesta/attesta/internal/render/tieout"
)

// engagementOf gives the engagement that a package is about.
func (p *parts) engagementOf(ctx context.Context, who access.Principal, id string) (engagement.Engagement, error) {
	n, err := strconv.Atoi(id)
	if err != nil {
		return engagement.Engagement{}, fault.New(fault.NotFound, "there is no engagement %q", id).WithHint("engagements have numbers: 1")
	}
	return p.engagements.Get(ctx, who, n)
}

// sees reports whether somebody sees an engagement, by the subject of its packages.
func (p *parts) sees(ctx context.Context, who access.Principal, id string) (bool, error) {
	_, err := p.engagementOf(ctx, who, id)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// asked is a request as it stood, with how it came there.
type asked struct {
	Ref      string               `json:"ref"`
	Versions []engagement.Request `json:"versions"`
	Messages []engagement.Message `json:"messages"`
	Exhibits []engagement.Exhibit `json:"exhibits"`
}

// packEngagement puts in what was set, asked and answered in an engagement, as
// known at the package's size of the ledger: as JSON, and requests as a workbook.
func (p *parts) packEngagement(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	if b.Kind != export.Engagement {
		return nil
	}
	who := access.System()
	g, err := p.engagementOf(ctx, who, b.ID)
	if err != nil {
		return err
	}
	var records []export.Record
	known := func(m engagement.Made, why string) bool {
		if m.Index < 0 || m.Index >= b.Head {
			return false
		}
		records = append(records, export.Record{Entry: m.Entry, Why: why})
		return true
	}
	all := struct {
		V        int                     `json:"v"`
		Versions []engagement.Engagement `json:"versions"`
		Requests []asked                 `json:"requests"`
		Exhibits []engagement.Exhibit    `json:"exhibits"`
		Lists    []engagement.Workbook   `json:"request_lists"`
	}{V: 1, Requests: []asked{}, Exhibits: []engagement.Exhibit{}, Lists: []engagement.Workbook{}}
	if all.Versions, err = p.engagements.History(ctx, who, g.Number); err != nil {
		return err
	}
	all.Versions = slices.DeleteFunc(all.Versions, func(v engagement.Engagement) bool { return !known(v.Made, "the engagement") })
	if all.Exhibits, err = p.engagements.Exhibits(ctx, who, g.Number); err != nil {
		return err
	}
	all.Exhibits = slices.DeleteFunc(all.Exhibits, func(x engagement.Exhibit) bool { return !known(x.Made, "what was chosen for the engagement: "+x.Kind) })
	if all.Lists, err = p.engagements.Workbooks(ctx, who, g.Number); err != nil {
		return err
	}
	all.Lists = slices.DeleteFunc(all.Lists, func(w engagement.Workbook) bool { return !known(w.Made, "a request list") })
	requests, err := p.engagements.Requests(ctx, who, g.Number)
	if err != nil {
		return err
	}
	for _, q := range requests {
		_, messages, versions, err := p.engagements.Request(ctx, who, g.Number, q.Ref)
		if err != nil {
			return err
		}
		one := asked{Ref: q.Ref, Exhibits: []engagement.Exhibit{}}
		for _, v := range versions {
			if v.Exhibits, v.Messages = nil, 0; known(v.Made, "request "+q.Ref) { // both are listed once, below
				one.Versions = append(one.Versions, v)
			}
		}
		one.Messages = slices.DeleteFunc(messages, func(m engagement.Message) bool { return !known(m.Made, "a message about request "+q.Ref) })
		for _, x := range all.Exhibits {
			if x.Request == q.ID {
				one.Exhibits = append(one.Exhibits, x)
			}
		}
		if len(one.Versions) > 0 {
			all.Requests = append(all.Requests, one)
		}
	}
	raw, err := asJSON(all)
	if err != nil {
		return err
	}
	if err := add(export.Content{Path: "engagement/engagement.json", Open: inMemory(raw), Records: records}); err != nil {
		return err
	}
	book, err := requestBook(all.Requests)
	if err != nil {
		return err
	}
	return add(export.Content{Path: "engagement/requests.xlsx", Open: inMemory(book)})
}

// requestBook writes requests and what was said about them as a workbook.
func requestBook(all []asked) ([]byte, error) {
	var requests, messages [][]any
	for _, q := range all {
		v := q.Versions[len(q.Versions)-1]
		var titles []string
		for _, x := range q.Exhibits {
			titles = append(titles, x.Title)
		}
		requests = append(requests, []any{q.Ref, v.Section, v.Text, strings.Join(v.Criteria, ", "), v.Due, string(v.Ours), string(v.Theirs), v.Answer, strings.Join(titles, "; "), int64(v.Version), v.Made.Entry})
		for _, m := range q.Messages {
			messages = append(messages, []any{q.Ref, m.Made.At, m.Made.By, m.Text, m.Made.Entry})
		}
	}
	column := func(title string, width float64) sheet.Column { return sheet.Column{Title: title, Width: width} }
	var out bytes.Buffer
	err := sheet.Write(&out, sheet.Table{Name: "Requests", Rows: sheet.Rows(requests), Columns: []sheet.Column{column("Reference", 0), column("Section", 24), column("Request", 60), column("Criteria", 0), column("Due", 0), column("Our state", 0),
		column("Auditor's state", 0), column("Answer", 60), column("Answered with", 40), column("Version", 0), column("Ledger entry", 34)}},
		sheet.Table{Name: "Messages", Rows: sheet.Rows(messages), Columns: []sheet.Column{column("Reference", 0), column("At", 24), column("By", 34), column("Message", 60), column("Ledger entry", 34)}})
	return out.Bytes(), err
}

// packRegister puts in the waivers and exclusions that held in the window: what was
// asked, and what came of it as known at the package's size of the ledger.
func (p *parts) packRegister(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	design, err := p.designOf(ctx, b)
	if err != nil {
		return err
	}
	type event struct {
		Kind  string    `json:"kind"`
		State string    `json:"state"`
		At    time.Time `json:"at"`
		By    string    `json:"by"`
		Note  string    `json:"note,omitempty"`
		Entry string    `json:"entry"`
	}
	type line struct {
		Ref     string    `json:"ref"`
		ID      string    `json:"id"`
		About   string    `json:"about"`
		Cause   string    `json:"cause,omitempty"`
		Items   int64     `json:"items,omitempty"`
		Reason  string    `json:"reason"`
		Starts  time.Time `json:"starts"`
		Expires time.Time `json:"expires"`
		By      string    `json:"asked_by"`
		Events  []event   `json:"events"`
	}
	register := struct {
		V          int    `json:"v"`
		Waivers    []line `json:"waivers"`
		Exclusions []line `json:"exclusions"`
	}{V: 1, Waivers: []line{}, Exclusions: []line{}}
	var records []export.Record
	meets := func(starts, expires time.Time) bool { return starts.Before(b.To) && expires.After(b.From) }
	for cursor := ""; ; {
		page, err := p.waivers.List(ctx, waiver.Filter{}, cursor, 200)
		if err != nil {
			return err
		}
		for _, w := range page.Waivers {
			if !meets(w.Starts, w.Expires) || design != nil && !design.judges(w.Check) && w.Control != b.ID {
				continue
			}
			l := line{Ref: w.Ref(), ID: w.ID, About: w.About(), Items: w.Items, Reason: w.Reason, Starts: w.Starts, Expires: w.Expires, By: w.AskedBy}
			events, err := p.waivers.Timeline(ctx, w.ID)
			if err != nil {
				return err
			}
			for _, e := range events {
				if e.Index >= 0 && e.Index < b.Head {
					l.Events = append(l.Events, event{e.Kind, string(e.State), e.At, e.Actor, e.Note, e.Entry})
					records = append(records, export.Record{Entry: e.Entry, Why: "waiver " + w.Ref()})
				}
			}
			if len(l.Events) > 0 {
				register.Waivers = append(register.Waivers, l)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	exclusions, err := p.exclusions.List(ctx)
	if err != nil {
		return err
	}
	for _, x := range exclusions {
		if !meets(x.Starts, x.Expires) || design != nil && !slices.Contains(design.Populations, x.Population) && len(design.Checks) == 0 {
			continue
		}
		l := line{Ref: x.Ref(), ID: x.ID, About: x.Population + ": " + x.Subject, Cause: string(x.Cause), Reason: x.Reason, Starts: x.Starts, Expires: x.Expires, By: x.AskedBy}
		events, err := p.exclusions.Timeline(ctx, x.ID)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Index >= 0 && e.Index < b.Head {
				l.Events = append(l.Events, event{e.Kind, string(e.State), e.At, e.Actor, e.Note, e.Entry})
				records = append(records, export.Record{Entry: e.Entry, Why: "exclusion " + x.Ref()})
			}
		}
		if len(l.Events) > 0 {
			register.Exclusions = append(register.Exclusions, l)
		}
	}
	raw, err := asJSON(register)
	if err != nil {
		return err
	}
	return add(export.Content{Path: "register/register.json", Open: inMemory(raw), Records: records})
}

// tested is what the control of a package is tested on.
type tested struct{ control.Design }

// designOf gives it as it was at the window's end; nil where the package is about
// no single control.
func (p *parts) designOf(ctx context.Context, b export.Bounds) (*tested, error) {
	only := controlOf(b)
	if only == "" {
		return nil, nil
	}
	program, err := control.Load(ctx, p.db.Reader())
	if err != nil {
		return nil, err
	}
	for _, c := range program.Controls {
		if v, ok := c.At(b.Valid, b.Head); ok && c.Slug == only {
			return &tested{v.Design}, nil
		}
	}
	return &tested{}, nil
}

func (t *tested) judges(check string) bool {
	return slices.ContainsFunc(t.Checks, func(pattern string) bool {
		ok, err := path.Match(pattern, check)
		return err == nil && ok
	})
}

// tieOut writes a frozen population as a workbook, with the reconciliations and
// explanations that were known at the package's size of the ledger. People stand
// in it by id: names stay out of packages.
func (p *parts) tieOut(ctx context.Context, b export.Bounds, e population.Extraction) ([]byte, []export.Record, error) {
	var records []export.Record
	c := tieout.Content{Extraction: e, Origin: p.log.Origin(), Name: func(id string) string { return id }, Items: p.itemsOf(ctx, e.ID)}
	if b.Kind == export.Engagement {
		c.Engagement = "Engagement " + b.ID
	}
	d, err := p.population.Definition(ctx, e.Slug)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range d.Versions {
		if v.Version == e.Version {
			c.Definition = v
		}
	}
	src, err := p.population.Source(e.Content.Source)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range src.Fields {
		c.Fields = append(c.Fields, f.Name)
	}
	c.Extraction.Reconciliations = nil
	for _, r := range e.Reconciliations {
		if r.Index < 0 || r.Index >= b.Head {
			continue
		}
		records = append(records, export.Record{Entry: r.Entry, Why: "a reconciliation of population " + e.Ref()})
		one := tieout.Reconciliation{Reconciliation: r}
		one.Explained = 0
		for _, side := range []population.Side{population.Both, population.OnlyA, population.OnlyB} {
			for after := -1; ; {
				lines, err := p.population.Lines(ctx, r.ID, side, after, 1000)
				if err != nil {
					return nil, nil, err
				}
				if one.Lines, err = p.knownLines(ctx, b, one.Lines, lines); err != nil {
					return nil, nil, err
				}
				if len(lines) < 1000 {
					break
				}
				after = lines[len(lines)-1].Seq
			}
		}
		for _, l := range one.Lines {
			if l.Entry != "" {
				records = append(records, export.Record{Entry: l.Entry, Why: "an explanation of population " + e.Ref()})
				one.Explained++
			}
		}
		c.Reconciliations = append(c.Reconciliations, one)
		c.Extraction.Reconciliations = append(c.Extraction.Reconciliations, one.Reconciliation)
	}
	var out bytes.Buffer
	if err := tieout.Write(&out, c); err != nil {
		return nil, nil, fmt.Errorf("write the workbook of %s: %w", e.Ref(), err)
	}
	return out.Bytes(), records, nil
}

// knownLines adds lines without the explanations that came later than the package's
// size of the ledger.
func (p *parts) knownLines(ctx context.Context, b export.Bounds, to, lines []population.Line) ([]population.Line, error) {
	var entries []string
	for _, l := range lines {
		if l.Entry != "" {
			entries = append(entries, l.Entry)
		}
	}
	places, err := ledger.Places(ctx, p.db.Reader(), entries)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if at, ok := places[l.Entry]; l.Entry != "" && (!ok || at >= b.Head) {
			l.Cause, l.Text, l.At, l.By, l.Exclusion, l.Entry = "", "", time.Time{}, "", "", ""
		}
		to = append(to, l)
	}
	return to, nil
}

func (p *parts) itemsOf(ctx context.Context, id string) iter.Seq2[population.Item, error] {
	return func(yield func(population.Item, error) bool) {
		for cursor := ""; ; {
			page, next, err := p.population.Items(ctx, id, cursor, 10_000)
			if err != nil {
				yield(population.Item{}, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if cursor = next; cursor == "" {
				return
			}
		}
	}
}
