// Package worddoc reads the text of a Word document (.docx, ECMA-376 part 1,
// WordprocessingML) as Markdown: headings, paragraphs, lists, tables, strong and
// emphasised words. What Markdown cannot hold stays behind and is said.
//
// A document is foreign: it is a zip of bounded size with bounded XML, nothing it
// refers to is fetched, nothing in it is run, and a document with macros is refused.
//
// Floor: foreign files.
package worddoc

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// Limits of what is read, in bytes and counts.
const (
	MaxBytes  = 16 << 20 // of the file
	maxPart   = 32 << 20 // of one part, uncompressed
	maxParts  = 4000
	maxDepth  = 256
	maxBlocks = 50_000
)

// Document is what was read.
type Document struct {
	Text  string   // Markdown, each block followed by an empty line
	Title string   // of the document's properties, else its first heading; may be empty
	Lost  []string // what stayed behind, for whoever brought it: "3 pictures"
}

// Read reads a document. Errors are of kind Invalid and say what to do.
func Read(raw []byte) (Document, error) {
	switch {
	case len(raw) > MaxBytes:
		return Document{}, bad("the document is larger than %d MB", MaxBytes>>20).WithHint("leave its pictures out, or save its text as .md")
	case bytes.HasPrefix(raw, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return Document{}, bad("this is a Word document of the old kind (.doc), or one with a password").WithHint("open it in Word and save it as .docx without a password")
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return Document{}, fault.Wrap(fault.Invalid, err, "this is no Word document").WithHint("a .docx file is a zip; save it again from Word or LibreOffice")
	}
	if len(z.File) > maxParts {
		return Document{}, bad("the document has %d parts, over %d", len(z.File), maxParts)
	}
	r := reader{parts: map[string]*zip.File{}}
	for _, f := range z.File {
		name := strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, `\`, "/")), "/"))
		if strings.HasSuffix(name, "vbaproject.bin") || strings.HasSuffix(name, "vbadata.xml") {
			return Document{}, bad("the document holds macros").WithHint("save it as .docx, which cannot hold any")
		}
		if _, twice := r.parts[name]; twice {
			return Document{}, bad("the document holds its part %.60q twice", name)
		}
		r.parts[name] = f
	}
	return r.document()
}

func bad(format string, args ...any) *fault.Error { return fault.New(fault.Invalid, format, args...) }

// reader reads the parts of one document.
type reader struct {
	parts  map[string]*zip.File
	styles map[string]style
	lists  map[string]map[string]bool // ordered, by numId and level
	lost   map[string]int
}

// style is what a paragraph style says of its paragraphs.
type style struct {
	level         int // of a heading, from 1; 0: none
	numID, numLvl string
	based         string
}

func (r *reader) document() (Document, error) {
	types, err := r.part("[content_types].xml")
	if err != nil || types == nil {
		return Document{}, bad("the zip holds no Word document").WithHint("choose a .docx file")
	}
	if bytes.Contains(bytes.ToLower(types), []byte("macroenabled")) {
		return Document{}, bad("the document may hold macros").WithHint("save it as .docx, which cannot hold any")
	}
	main, err := r.part("word/document.xml")
	if err != nil {
		return Document{}, err
	}
	if main == nil {
		return Document{}, bad("the zip holds no Word document").WithHint("choose a .docx file")
	}
	if err := r.readStyles(); err != nil {
		return Document{}, err
	}
	if err := r.readLists(); err != nil {
		return Document{}, err
	}
	r.lost = map[string]int{}
	var out body
	if err := r.readBody(main, &out); err != nil {
		return Document{}, err
	}
	d := Document{Text: out.markdown(), Title: out.title}
	for _, k := range []struct{ one, many string }{{"picture", "pictures"}, {"footnote", "footnotes"}, {"comment", "comments"}, {"deletion that was tracked", "deletions that were tracked"}, {"formula", "formulas"}} {
		switch n := r.lost[k.one]; {
		case n == 1:
			d.Lost = append(d.Lost, "1 "+k.one)
		case n > 1:
			d.Lost = append(d.Lost, fmt.Sprintf("%d %s", n, k.many))
		}
	}
	if strings.TrimSpace(d.Text) == "" {
		return Document{}, bad("the document holds no text").WithHint("where it is a scan, type the text or have it recognised first")
	}
	return d, nil
}

// part reads a part whole; nil where there is none.
func (r *reader) part(name string) ([]byte, error) {
	f := r.parts[name]
	if f == nil {
		return nil, nil
	}
	in, err := f.Open()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the document's part %s cannot be read", name).WithHint("save the document again without a password")
	}
	defer in.Close()
	raw, err := io.ReadAll(io.LimitReader(in, maxPart+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the document's part %s is damaged", name).WithHint("save the document again")
	}
	if len(raw) > maxPart {
		return nil, bad("the document's part %s is larger than %d MB when unpacked", name, maxPart>>20)
	}
	return raw, nil
}

// walk reads XML and calls open and shut for elements and text for what stands
// between; a document type is refused.
func walk(part string, raw []byte, open func(xml.StartElement) error, shut func(name string) error, text func(string) error) error {
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) { return nil, fmt.Errorf("charset %q", charset) }
	depth := 0
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			line, _ := dec.InputPos()
			return fault.Wrap(fault.Invalid, err, "%s of the document is no XML in line %d", part, line).WithHint("save the document again")
		}
		switch t := tok.(type) {
		case xml.Directive:
			return bad("%s of the document declares a document type", part).WithHint("save the document again from Word or LibreOffice")
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return bad("%s of the document is nested more than %d deep", part, maxDepth)
			}
			if err := open(t); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
			if err := shut(t.Name.Local); err != nil {
				return err
			}
		case xml.CharData:
			if err := text(string(t)); err != nil {
				return err
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	i := slices.IndexFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == name })
	if i < 0 {
		return ""
	}
	return e.Attr[i].Value
}

func nothing(string) error { return nil }

// readStyles learns which styles are headings and which are lists. The names of
// built-in styles are English whatever language the document was written in.
func (r *reader) readStyles() error {
	r.styles = map[string]style{}
	raw, err := r.part("word/styles.xml")
	if err != nil || raw == nil {
		return err
	}
	id, st := "", style{}
	if err := walk("word/styles.xml", raw, func(e xml.StartElement) error {
		val := attr(e, "val")
		switch e.Name.Local {
		case "style":
			id, st = attr(e, "styleId"), style{}
		case "basedOn":
			st.based = val
		case "name":
			name := strings.ToLower(val)
			if name == "title" {
				st.level = 1
			}
			var n int
			if _, err := fmt.Sscanf(name, "heading %d", &n); err == nil && n >= 1 && n <= 9 {
				st.level = min(n, 6)
			}
		case "outlineLvl":
			var n int
			if _, err := fmt.Sscanf(val, "%d", &n); err == nil && n >= 0 && n <= 8 {
				st.level = min(n+1, 6)
			}
		case "numId":
			st.numID = val
		case "ilvl":
			st.numLvl = val
		}
		return nil
	}, func(name string) error {
		if name == "style" && id != "" {
			r.styles[id], id = st, ""
		}
		return nil
	}, nothing); err != nil {
		return err
	}
	for id := range r.styles { // what a style is based on says what it does not
		seen := map[string]bool{id: true}
		for at := r.styles[id].based; at != "" && !seen[at]; at = r.styles[at].based {
			seen[at] = true
			st, up := r.styles[id], r.styles[at]
			if st.level == 0 {
				st.level = up.level
			}
			if st.numID == "" {
				st.numID, st.numLvl = up.numID, up.numLvl
			}
			r.styles[id] = st
		}
	}
	return nil
}

// readLists learns which lists are numbered.
func (r *reader) readLists() error {
	r.lists = map[string]map[string]bool{}
	raw, err := r.part("word/numbering.xml")
	if err != nil || raw == nil {
		return err
	}
	kinds := map[string]map[string]bool{}
	abstract, level, num := "", "", ""
	return walk("word/numbering.xml", raw, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "abstractNum":
			abstract = attr(e, "abstractNumId")
			kinds[abstract] = map[string]bool{}
		case "lvl":
			level = attr(e, "ilvl")
		case "numFmt":
			if m := kinds[abstract]; m != nil {
				val := attr(e, "val")
				m[level] = val != "bullet" && val != "none"
			}
		case "num":
			num = attr(e, "numId")
		case "abstractNumId":
			r.lists[num] = kinds[attr(e, "val")]
		}
		return nil
	}, nothing, nothing)
}
