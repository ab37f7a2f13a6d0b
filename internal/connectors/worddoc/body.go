package worddoc

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode"
)

// block is a piece of Markdown between empty lines.
type block struct {
	text string
	item bool // of a list: no empty line before the next item
}

// body is what was read so far.
type body struct {
	blocks []block
	title  string
}

func (b *body) add(text string, item bool) error {
	if len(b.blocks) >= maxBlocks {
		return bad("the document has more than %d paragraphs", maxBlocks)
	}
	b.blocks = append(b.blocks, block{text, item})
	return nil
}

func (b *body) markdown() string {
	var out strings.Builder
	for i, x := range b.blocks {
		if i > 0 {
			out.WriteByte('\n')
			if !x.item || !b.blocks[i-1].item {
				out.WriteByte('\n')
			}
		}
		out.WriteString(x.text)
	}
	if len(b.blocks) > 0 {
		out.WriteByte('\n')
	}
	return out.String()
}

// paragraph is the paragraph that is being read.
type paragraph struct {
	style        string
	numID, level string
	runs         []run
}

// run is text with one look.
type run struct {
	text         string
	bold, italic bool
}

// table is the table that is being read; tables in tables are flattened.
type table struct {
	rows [][]string
	cell []string // paragraphs of the cell that is open
}

// readBody reads word/document.xml.
func (r *reader) readBody(raw []byte, out *body) error {
	var (
		p       *paragraph
		now     run
		inProps bool // w:rPr of a run
		inRun   bool
		inText  bool
		skip    int // depth below something that stays behind
		tables  []*table
	)
	flush := func() {
		if p != nil && now.text != "" {
			p.runs = append(p.runs, now)
		}
		now.text = ""
	}
	open := func(e xml.StartElement) error {
		if skip > 0 {
			skip++
			return nil
		}
		switch e.Name.Local {
		case "del", "moveFrom":
			r.lost["deletion that was tracked"]++
			skip = 1
		case "drawing", "pict", "object":
			r.lost["picture"]++
			skip = 1
		case "oMath", "oMathPara":
			r.lost["formula"]++
			skip = 1
		case "instrText", "fldData", "Fallback", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr":
			skip = 1
		case "footnoteReference", "endnoteReference":
			r.lost["footnote"]++
		case "commentReference":
			r.lost["comment"]++
		case "p":
			p = &paragraph{}
		case "pStyle":
			if p != nil {
				p.style = attr(e, "val")
			}
		case "ilvl":
			if p != nil {
				p.level = attr(e, "val")
			}
		case "numId":
			if p != nil {
				p.numID = attr(e, "val")
			}
		case "r":
			flush()
			now, inRun = run{}, true
		case "rPr":
			inProps = inRun
		case "b":
			now.bold = inProps && on(attr(e, "val")) || now.bold && !inProps
		case "i":
			now.italic = inProps && on(attr(e, "val")) || now.italic && !inProps
		case "t":
			inText = true
		case "tab":
			if inRun && !inProps {
				now.text += " "
			}
		case "br", "cr":
			if inRun {
				now.text += "\n"
			}
		case "noBreakHyphen":
			now.text += "-"
		case "tbl":
			tables = append(tables, &table{})
		case "tr":
			if n := len(tables); n == 1 {
				tables[0].rows = append(tables[0].rows, nil)
			}
		case "tc":
			if len(tables) == 1 {
				tables[0].cell = nil
			}
		}
		return nil
	}
	shut := func(name string) error {
		if skip > 0 {
			skip--
			return nil
		}
		switch name {
		case "t":
			inText = false
		case "rPr":
			inProps = false
		case "r":
			flush()
			inRun = false
		case "p":
			flush()
			if p == nil {
				return nil
			}
			done := *p
			p = nil
			if len(tables) > 0 {
				if text := strings.TrimSpace(plain(done.runs)); text != "" {
					tables[0].cell = append(tables[0].cell, text)
				}
				return nil
			}
			return r.paragraph(done, out)
		case "tc":
			if n := len(tables); n == 1 && len(tables[0].rows) > 0 {
				last := len(tables[0].rows) - 1
				tables[0].rows[last] = append(tables[0].rows[last], strings.Join(tables[0].cell, " "))
				tables[0].cell = nil
			}
		case "tbl":
			if len(tables) == 0 {
				return nil
			}
			t := tables[len(tables)-1]
			if tables = tables[:len(tables)-1]; len(tables) == 0 {
				if text := t.markdown(); text != "" {
					return out.add(text, false)
				}
			}
		}
		return nil
	}
	text := func(s string) error {
		if skip == 0 && inText {
			now.text += s
		}
		return nil
	}
	return walk("word/document.xml", raw, open, shut, text)
}

// on reads a switch: present without a value is on.
func on(val string) bool { return val != "0" && val != "false" && val != "off" }

// paragraph adds what a paragraph is in Markdown.
func (r *reader) paragraph(p paragraph, out *body) error {
	st := r.styles[p.style]
	if p.numID == "" {
		p.numID = st.numID
		if p.level == "" {
			p.level = st.numLvl
		}
	}
	switch {
	case st.level > 0:
		text := oneLine(plain(p.runs))
		if text == "" {
			return nil
		}
		if out.title == "" {
			out.title = text
		}
		return out.add(strings.Repeat("#", st.level)+" "+escape(text), false)
	case p.numID != "" && p.numID != "0":
		text := oneLine(marked(p.runs))
		if text == "" {
			return nil
		}
		depth := 0
		fmt.Sscanf(p.level, "%d", &depth) //nolint:errcheck // without a level it is the first
		depth = min(max(depth, 0), 8)
		mark := "- "
		level := p.level
		if level == "" {
			level = "0"
		}
		if r.lists[p.numID][level] {
			mark = "1. "
		}
		return out.add(strings.Repeat("   ", depth)+mark+text, true)
	}
	text := strings.TrimSpace(marked(p.runs))
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = begin(strings.TrimSpace(l))
	}
	return out.add(strings.Join(lines, "  \n"), false)
}

func plain(runs []run) string {
	var b strings.Builder
	for _, x := range runs {
		b.WriteString(x.text)
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// marked gives runs with strong and emphasised words.
func marked(runs []run) string {
	var b strings.Builder
	for i := 0; i < len(runs); {
		x := runs[i]
		for i++; i < len(runs) && runs[i].bold == x.bold && runs[i].italic == x.italic; i++ {
			x.text += runs[i].text
		}
		mark := map[[2]bool]string{{true, false}: "**", {false, true}: "*", {true, true}: "***"}[[2]bool{x.bold, x.italic}]
		inner := strings.TrimSpace(x.text)
		if mark == "" || inner == "" || strings.Contains(inner, "\n") {
			b.WriteString(escape(x.text))
			continue
		}
		at := strings.Index(x.text, inner)
		b.WriteString(x.text[:at] + mark + escape(inner) + mark + x.text[at+len(inner):])
	}
	return b.String()
}

var escapes = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "]", `\]`, "&", "&amp;")

// escape keeps what was typed from meaning anything in Markdown, and leaves out
// what no text holds.
func escape(s string) string {
	return escapes.Replace(strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c == '\u00a0' || c == '\u2007' || c == '\u202f':
			return ' '
		case c == unicode.ReplacementChar || unicode.IsControl(c) || unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, s))
}

// begin keeps a line's first letters from making a heading, a list or a quote of it.
func begin(line string) string {
	switch {
	case line == "":
		return line
	case strings.ContainsRune("#>-+=|", rune(line[0])):
		return `\` + line
	}
	digits := 0
	for digits < len(line) && line[digits] >= '0' && line[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits < len(line) && (line[digits] == '.' || line[digits] == ')') {
		return line[:digits] + `\` + line[digits:]
	}
	return line
}

// markdown gives a table; a table of one column is its paragraphs.
func (t *table) markdown() string {
	width := 0
	for _, row := range t.rows {
		width = max(width, len(row))
	}
	if width == 0 {
		return ""
	}
	cell := func(s string) string { return strings.ReplaceAll(escape(oneLine(s)), "|", `\|`) }
	var b strings.Builder
	if width == 1 {
		var all []string
		for _, row := range t.rows {
			if len(row) == 1 && oneLine(row[0]) != "" {
				all = append(all, begin(cell(row[0])))
			}
		}
		return strings.Join(all, "\n\n")
	}
	for i, row := range t.rows {
		b.WriteByte('|')
		for c := range width {
			if c < len(row) {
				b.WriteString(" " + cell(row[c]))
			}
			b.WriteString(" |")
		}
		b.WriteByte('\n')
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", width) + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
