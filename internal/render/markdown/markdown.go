// Package markdown makes HTML of what people write as Markdown.
//
// Invariants:
//   - Raw HTML never comes through, and nothing of what it renders can run.
//   - Links lead to http, https or mailto, or to a path of this site; every other
//     address stays as words. Pictures become their description: a text of a
//     policy loads nothing.
//   - A text's headings begin at the level that its caller names, so that they
//     fit the page around them.
//
// Floor: edges.
package markdown

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// HTML renders a text. Its headings of the first level become those of level
// top, from 1 to 6, and the others follow.
func HTML(source string, top int) (string, error) {
	md := goldmark.New(goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)), extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(guard{shift: top - 1}, 100))))
	var out bytes.Buffer
	if err := md.Convert([]byte(source), &out); err != nil {
		return "", fmt.Errorf("render a text: %w", err)
	}
	return out.String(), nil
}

// guard takes away what a text may not bring, and shifts headings.
type guard struct{ shift int }

// Transform changes the parsed text before it is written.
func (g guard) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	source := reader.Source()
	var replace []ast.Node
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch x := n.(type) {
		case *ast.Heading:
			x.Level = min(6, max(1, x.Level+g.shift))
		case *ast.Link:
			if !safe(string(x.Destination)) {
				replace = append(replace, x)
			}
		case *ast.AutoLink:
			if !safe(string(x.URL(source))) {
				replace = append(replace, x)
			}
		case *ast.Image, *ast.RawHTML, *ast.HTMLBlock:
			replace = append(replace, x)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return // the walk above gives none
	}
	for _, n := range replace {
		p := n.Parent()
		if p == nil {
			continue
		}
		switch x := n.(type) {
		case *ast.AutoLink:
			p.ReplaceChild(p, n, ast.NewString(escaped(x.Label(source))))
		case *ast.RawHTML, *ast.HTMLBlock:
			p.RemoveChild(p, n)
		default: // a link or a picture: its words stay
			for c := n.FirstChild(); c != nil; {
				next := c.NextSibling()
				p.InsertBefore(p, n, c)
				c = next
			}
			p.RemoveChild(p, n)
		}
	}
}

func escaped(b []byte) []byte { return util.EscapeHTML(b) }

// safe reports whether a text may lead to an address.
func safe(address string) bool {
	if strings.HasPrefix(address, "#") {
		return true
	}
	if strings.ContainsAny(address, "\\\t\r\n") {
		return false
	}
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		return u.Host != ""
	case "mailto":
		return true
	case "":
		return u.Host == "" && strings.HasPrefix(address, "/")
	}
	return false
}
