package ui

import (
	"embed"
	"io/fs"
	"strings"
	"sync"
)

//go:embed static
var files embed.FS

// Static gives the files that browsers fetch.
func Static() fs.FS {
	sub, err := fs.Sub(files, "static")
	if err != nil {
		panic("ui: " + err.Error()) // the directory is embedded; a wrong name is a defect of this line
	}
	return sub
}

// glyphs gives glyphs.svg as an inline sprite. It stands in the page because
// symbols of another document would not take the page's classes.
var glyphs = sync.OnceValue(func() string {
	b, err := fs.ReadFile(files, "static/glyphs.svg")
	if err != nil {
		panic("ui: " + err.Error())
	}
	s := string(b)
	if i := strings.Index(s, "<symbol"); i >= 0 {
		s = s[i:]
	}
	return `<svg class="sprite" aria-hidden="true">` + s
})
