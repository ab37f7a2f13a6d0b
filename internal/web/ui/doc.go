// Package ui holds the screens' markup: templ components, the stylesheets and
// the glyphs. It decides nothing: every text, number, link and class arrives in
// a view, made by package web. Attributes of htmx stand here and nowhere else.
//
// The look is described in look.md of the design; class names are those of
// static/attesta.css. Inline styles and inline scripts are refused by the
// content security policy, so pictures use classes and SVG attributes only.
//
// The *_templ.go files are generated from the *.templ files by `make gen` and
// committed; a test holds them fresh.
//
// Floor: edges. Imports nothing of the project.
package ui
