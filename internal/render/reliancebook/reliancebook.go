// Package reliancebook writes the report on Attesta itself as a workbook: a sheet
// about it, and one for each question. The same report gives the same bytes.
//
// Serves A19. Floor: edges.
package reliancebook

import (
	"io"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/render/sheet"
)

// Write writes the workbook.
func Write(w io.Writer, r reliance.Report) error {
	about := [][]any{
		{"From", r.From}, {"To (not included)", r.To}, {"Ledger", r.Origin}, {"First entry of the window", r.Start}, {"Ledger size at its end", r.End},
	}
	for _, list := range []struct {
		name  string
		lines []string
	}{{"The ledger proves", r.Proves}, {"The ledger does not prove", r.ProvesNot}, {"For the user organisation to do", r.Yours}} {
		for _, line := range list.lines {
			about = append(about, []any{list.name, line})
		}
	}
	if r.Canary != nil {
		about = append(about, []any{"The item that must fail, now", r.Canary.Outcome.Words() + ": " + r.Canary.Reason})
	}
	for _, s := range r.Seen {
		about = append(about, []any{"Seen now: " + s.What, s.Value})
	}
	if r.Due != "" {
		about = append(about, []any{"Declaration", r.Due})
	}
	for _, n := range r.NotObserved {
		about = append(about, []any{"Not observed", n})
	}
	for _, p := range r.Powers {
		roles := make([]string, len(p.Roles))
		for i, role := range p.Roles {
			roles[i] = strings.ToLower(role.Title())
		}
		about = append(about, []any{"May " + p.What, strings.Join(roles, ", ")})
	}
	for _, s := range r.Sections {
		for _, n := range s.NotObserved {
			about = append(about, []any{"Not observed: " + s.ID, n})
		}
	}
	tables := []sheet.Table{{Name: "About", Columns: []sheet.Column{{Title: "What", Width: 32}, {Title: "Value", Width: 100}}, Rows: sheet.Rows(about)}}
	for _, s := range r.Sections {
		rows := make([][]any, len(s.Lines))
		for i, l := range s.Lines {
			index := any("")
			if l.Index >= 0 {
				index = l.Index
			}
			rows[i] = []any{l.At.Truncate(time.Second), l.What, l.About, l.Detail, l.By, l.Before, index, l.Entry}
		}
		tables = append(tables, sheet.Table{Name: s.ID, About: aboutSection(s), Columns: []sheet.Column{{Title: "At, UTC", Width: 20}, {Title: "What", Width: 30}, {Title: "About", Width: 30},
			{Title: "Detail", Width: 60}, {Title: "By", Width: 24}, {Title: "Before the window", Width: 14}, {Title: "Ledger index", Width: 14}, {Title: "Entry", Width: 34}}, Rows: sheet.Rows(rows)})
	}
	return sheet.Write(w, tables...)
}

// aboutSection is what stands above a section's lines.
func aboutSection(s reliance.Section) []string {
	out := []string{s.Title, s.Note}
	for _, n := range s.NotObserved {
		out = append(out, "Not observed: "+n)
	}
	if s.Nothing != "" {
		out = append(out, s.Nothing)
	}
	return out
}
