// Package tieout writes a frozen population as a workbook that an auditor can
// tie out without Attesta: the items, and beside them how they were taken (the
// query, the date that decides membership, the window, count and digest), what
// was left out and by whom, and each reconciliation with its explanations.
//
// The counts on the sheets are counted from what is written, so that a workbook
// whose sheets disagree cannot be made: Write fails instead.
//
// Serves A19 and the auditor's points 7 to 9.
//
// Floor: edges.
package tieout

import (
	"fmt"
	"io"
	"iter"
	"sort"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/render/sheet"
)

// Reconciliation is one with its lines.
type Reconciliation struct {
	population.Reconciliation
	Lines []population.Line
}

// Content is what a workbook is made of.
type Content struct {
	Extraction      population.Extraction
	Definition      population.Version // that was extracted
	Fields          []string           // attributes in the order of the source
	Items           iter.Seq2[population.Item, error]
	Reconciliations []Reconciliation
	Engagement      string // "Engagement 2, type 2, 1 Jan to 30 Jun 2026"; "" outside one
	Origin          string // of the ledger
	Name            func(id string) string
}

// Write writes the workbook.
func Write(w io.Writer, c Content) error {
	if c.Name == nil {
		c.Name = func(id string) string { return id }
	}
	items, err := c.items()
	if err != nil {
		return err
	}
	tables := []sheet.Table{c.about(), items, c.exclusions()}
	for i, r := range c.Reconciliations {
		t, err := c.reconciliation(i, r)
		if err != nil {
			return err
		}
		tables = append(tables, t)
	}
	return sheet.Write(w, tables...)
}

func day(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

func (c Content) zone() *time.Location {
	if loc, err := time.LoadLocation(c.Extraction.Content.Zone); err == nil {
		return loc
	}
	return time.UTC
}

// about is the tie-out: one fact a row.
func (c Content) about() sheet.Table {
	e, d, zone := c.Extraction, c.Definition, c.zone()
	period := "at " + day(e.Window.To, zone)
	if !e.Window.Instant() {
		period = "from " + day(e.Window.From, zone) + " up to, not including, " + day(e.Window.To, zone)
	}
	edges := map[string]string{population.Take: "taken", population.Leave: "left out"}
	approved := "not approved"
	if !d.ApprovedAt.IsZero() {
		approved = fmt.Sprintf("%s, %s", c.Name(d.ApprovedBy), day(d.ApprovedAt, zone))
		if d.Alone != "" {
			approved += "; the author, because nobody else could: " + d.Alone
		}
	}
	position := "not numbered yet"
	if e.Index >= 0 {
		position = fmt.Sprintf("%d", e.Index)
	}
	rows := [][]any{
		{"Population", e.Ref() + " " + e.Content.Title},
		{"What is tested with it", e.Content.Purpose},
		{"Engagement", c.Engagement},
		{"Definition", fmt.Sprintf("%s, version %d, SHA-256 %s", e.Slug, e.Version, e.Definition)},
		{"Written by", fmt.Sprintf("%s, %s", c.Name(d.MadeBy), day(d.MadeAt, zone))},
		{"Approved by", approved},
		{"Source", e.Content.Source},
		{"Subject", e.Content.Subject},
		{"Query (CEL; empty: every item)", e.Query},
		{"Period", period},
		{"Time zone", e.Content.Zone},
		{"Membership is decided by", e.Content.Date},
		{"Items that began inside the period", edges[e.Content.Joiners]},
		{"Items that had not ended", edges[e.Content.InFlight]},
		{"Boundary", e.Content.Boundary},
		{"Known up to ledger size (high-water mark)", e.Known},
		{"Count", e.Count},
		{"Of these undecided (the query could not be answered)", e.Undecided},
		{"Left out by exclusions", e.Excluded},
		{"SHA-256 of the items' file", e.Digest},
		{"Size of that file in bytes", e.Size},
		{"Frozen by", fmt.Sprintf("%s, %s", c.Name(e.MadeBy), day(e.MadeAt, zone))},
		{"Ledger", c.Origin},
		{"Ledger entry", e.Entry},
		{"Position in the ledger", position},
	}
	if len(c.Reconciliations) == 0 {
		rows = append(rows, []any{"Second source", "none: that the source knows every item was not tested"})
	}
	for _, r := range c.Reconciliations {
		rows = append(rows, []any{"Second source", fmt.Sprintf("%s: %d items here, %d matched, %d only here; %d entries there, %d matched, %d only there; %d not explained", r.Name, r.A, r.MatchedA, r.OnlyA(), r.B, r.MatchedB, r.OnlyB(), r.Open())})
	}
	return sheet.Table{Name: "Tie-out", Columns: []sheet.Column{{Title: "What", Width: 44}, {Title: "Value", Width: 90}}, Rows: sheet.Rows(rows)}
}

func (c Content) items() (sheet.Table, error) {
	columns := []sheet.Column{{Title: "No.", Width: 8}, {Title: "Id", Width: 32}}
	for _, f := range c.Fields {
		columns = append(columns, sheet.Column{Title: strings.ReplaceAll(f, "_", " "), Width: 22})
	}
	columns = append(columns, sheet.Column{Title: "From", Width: 22}, sheet.Column{Title: "To", Width: 22}, sheet.Column{Title: "Undecided", Width: 10})
	var rows [][]any
	undecided := int64(0)
	for item, err := range c.Items {
		if err != nil {
			return sheet.Table{}, fmt.Errorf("read the items: %w", err)
		}
		row := []any{len(rows) + 1, item.ID}
		for _, f := range c.Fields {
			row = append(row, cell(item.Attributes[f]))
		}
		from, to := "", ""
		if spans := item.Dates[c.Extraction.Content.Date]; len(spans) > 0 {
			from, to = day(spans[0].From, c.zone()), day(spans[len(spans)-1].To, c.zone())
		}
		if item.Undecided {
			undecided++
		}
		rows = append(rows, append(row, from, to, item.Undecided))
	}
	if int64(len(rows)) != c.Extraction.Count || undecided != c.Extraction.Undecided {
		return sheet.Table{}, fault.New(fault.Refused, "population %s says %d items, %d undecided; its file holds %d and %d", c.Extraction.Ref(), c.Extraction.Count, c.Extraction.Undecided, len(rows), undecided)
	}
	return sheet.Table{Name: "Items", Columns: columns, Rows: sheet.Rows(rows)}, nil
}

// cell gives an attribute as a cell holds it.
func cell(v any) any {
	switch v := v.(type) {
	case nil:
		return ""
	case string, bool, int64, int, float64, time.Time:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = fmt.Sprint(x)
		}
		return strings.Join(parts, ", ")
	case []string:
		return strings.Join(v, ", ")
	case map[string]any:
		var parts []string
		for k, x := range v {
			parts = append(parts, fmt.Sprintf("%s=%v", k, x))
		}
		sort.Strings(parts)
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}

func (c Content) exclusions() sheet.Table {
	zone := c.zone()
	rows := make([][]any, 0, len(c.Extraction.Exclusions))
	for _, x := range c.Extraction.Exclusions {
		until := day(x.Until, zone)
		if until == "" {
			until = "until it is changed"
		}
		approved := c.Name(x.ApprovedBy)
		if x.Alone != "" {
			approved += "; the author, because nobody else could: " + x.Alone
		}
		rows = append(rows, []any{string(x.Kind), x.Ref, x.Subject, x.Name, x.Items, x.Reason, c.Name(x.By), day(x.At, zone), approved, day(x.ApprovedAt, zone), day(x.From, zone), until})
	}
	return sheet.Table{Name: "Exclusions", About: []string{fmt.Sprintf("%d rules leave something out of this population, or out of what its items are judged by.", len(rows))},
		Columns: []sheet.Column{{Title: "Kind"}, {Title: "Reference"}, {Title: "Of what", Width: 32}, {Title: "Name", Width: 24}, {Title: "Items", Width: 8}, {Title: "Why", Width: 50},
			{Title: "By", Width: 20}, {Title: "When", Width: 22}, {Title: "Approved by", Width: 20}, {Title: "Approved", Width: 22}, {Title: "From", Width: 22}, {Title: "Until", Width: 22}},
		Rows: sheet.Rows(rows)}
}

var sides = map[population.Side]string{population.Both: "in both", population.OnlyA: "only in the population", population.OnlyB: "only in the second source"}

func (c Content) reconciliation(i int, r Reconciliation) (sheet.Table, error) {
	var onlyA, onlyB, matched, open int64
	rows := make([][]any, 0, len(r.Lines))
	for _, l := range r.Lines {
		var there, by []string
		for _, m := range l.Matches {
			there = append(there, strings.TrimSpace(m.Key+" "+m.Detail))
			if m.By != "" {
				by = append(by, m.By)
			}
		}
		switch l.Side {
		case population.Both:
			matched++
		case population.OnlyA:
			onlyA++
		case population.OnlyB:
			onlyB++
		}
		if l.Side != population.Both && l.Cause == population.NotExplained {
			open++
		}
		rows = append(rows, []any{l.Seq, sides[l.Side], l.Item, l.Name, strings.Join(there, "; "), strings.Join(by, "; "), strings.ReplaceAll(string(l.Cause), "_", " "), l.Text, c.Name(l.By), day(l.At, c.zone()), l.Exclusion})
	}
	if matched != r.MatchedA || onlyA != r.OnlyA() || onlyB != r.OnlyB() || open != r.Open() {
		return sheet.Table{}, fault.New(fault.Refused, "reconciliation %s does not tie out: %d matched, %d and %d on one side, %d open by its lines; it says %d, %d, %d and %d", r.ID,
			matched, onlyA, onlyB, open, r.MatchedA, r.OnlyA(), r.OnlyB(), r.Open())
	}
	about := []string{
		fmt.Sprintf("Second source: %s (%s), SHA-256 of what was read: %s", r.Name, strings.ReplaceAll(r.Kind, "_", " "), r.Blob),
		fmt.Sprintf("Items here %d = matched %d + only here %d", r.A, r.MatchedA, r.OnlyA()),
		fmt.Sprintf("Entries there %d = matched %d + only there %d", r.B, r.MatchedB, r.OnlyB()),
		fmt.Sprintf("Explained %d, not explained %d. By %s, %s. Ledger entry %s", r.Explained, r.Open(), c.Name(r.MadeBy), day(r.MadeAt, c.zone()), r.Entry),
	}
	return sheet.Table{Name: fmt.Sprintf("Reconciliation %d", i+1), About: append(about, r.Notes...),
		Columns: []sheet.Column{{Title: "Line", Width: 8}, {Title: "Where", Width: 26}, {Title: "Item", Width: 32}, {Title: "Name", Width: 26}, {Title: "In the second source", Width: 40}, {Title: "Matched by", Width: 30},
			{Title: "Cause", Width: 16}, {Title: "Explanation", Width: 50}, {Title: "By", Width: 20}, {Title: "When", Width: 22}, {Title: "Exclusion", Width: 20}},
		Rows: sheet.Rows(rows)}, nil
}
