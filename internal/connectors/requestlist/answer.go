package requestlist

import (
	"fmt"
	"io"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/render/sheet"
)

// words gives our status as it stands in a workbook.
var words = map[engagement.Ours]string{engagement.Open: "open", engagement.InProgress: "in progress", engagement.Ready: "ready"}

// Answers writes where each request stands, and what answers it, into the
// auditor's own workbook: into its columns for our status and answer, or into
// columns added at the right. Everything else stays as it is. Requests that the
// workbook does not hold are added below the list.
func Answers(w io.Writer, b *sheet.Book, l List, requests []engagement.Request) error {
	last := 0
	for _, c := range l.Columns {
		last = max(last, c.Number)
	}
	g, err := b.Grid(l.Sheet)
	if err != nil {
		return err
	}
	for _, row := range g.Rows {
		last = max(last, len(row))
	}
	ours, answer := l.Column(Ours), l.Column(Answer)
	for _, add := range []struct {
		column *int
		title  string
	}{{&ours, "Client status"}, {&answer, "Client response"}} {
		if *add.column == 0 {
			last++
			*add.column = last
			if err := b.Set(l.Sheet, l.Head, last, add.title); err != nil {
				return err
			}
		}
	}
	rows := map[string]int{}
	for i, r := range l.Requests {
		rows[r.Ref] = l.Rows[i]
	}
	below := len(g.Rows)
	for _, r := range requests {
		row, there := rows[r.Ref]
		if !there {
			below++
			row = below
			if err := b.Set(l.Sheet, row, l.Column(Ref), r.Ref); err != nil {
				return err
			}
			if err := b.Set(l.Sheet, row, l.Column(Text), r.Text); err != nil {
				return err
			}
		}
		if err := b.Set(l.Sheet, row, ours, words[r.Ours]); err != nil {
			return err
		}
		if err := b.Set(l.Sheet, row, answer, said(r)); err != nil {
			return err
		}
	}
	return b.Write(w)
}

// said gives our answer with what answers the request.
func said(r engagement.Request) string {
	var parts []string
	if r.Answer != "" {
		parts = append(parts, r.Answer)
	}
	for _, x := range r.Exhibits {
		parts = append(parts, fmt.Sprintf("%s: %s (%s)", strings.ToUpper(x.Kind[:1])+x.Kind[1:], x.Title, x.Subject))
	}
	return strings.Join(parts, "\n")
}

// Write writes a request list of our own form, for an auditor who has none; it
// can be read again.
func Write(w io.Writer, g engagement.Engagement, requests []engagement.Request) error {
	rows := make([][]any, len(requests))
	for i, r := range requests {
		rows[i] = []any{r.Ref, r.Section, r.Text, string(r.Kind), strings.Join(r.Criteria, ", "), r.Control, r.Contact, r.Due, string(r.Theirs), words[r.Ours], said(r)}
	}
	return sheet.Write(w, sheet.Table{Name: "Requests", About: []string{g.Title, "Period: " + g.Period()},
		Columns: []sheet.Column{{Title: "Ref", Width: 12}, {Title: "Section", Width: 20}, {Title: "Request", Width: 60}, {Title: "Type", Width: 12}, {Title: "Criteria", Width: 14}, {Title: "Control", Width: 24},
			{Title: "Contact", Width: 20}, {Title: "Due date", Width: 12}, {Title: "Auditor status", Width: 14}, {Title: "Client status", Width: 14}, {Title: "Client response", Width: 60}},
		Rows: sheet.Rows(rows)})
}

// AnswerFile writes our answers into a workbook that was taken in, as it is kept.
func AnswerFile(w io.Writer, kept io.Reader, from engagement.Workbook, requests []engagement.Request) error {
	b, err := sheet.Open(kept, from.Name)
	if err != nil {
		return err
	}
	defer b.Close()
	l, err := Read(b, from.Name, from.Sheet)
	if err != nil {
		return err
	}
	return Answers(w, b, l, requests)
}
