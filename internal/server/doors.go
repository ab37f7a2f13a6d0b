package server

import "net/http"

// doors are the addresses that the server answers. It is a mux that knows its
// patterns, so that a test can walk all of them.
type doors struct {
	mux      *http.ServeMux
	patterns []string
}

// Handle is http.ServeMux's.
func (d *doors) Handle(pattern string, h http.Handler) {
	d.patterns = append(d.patterns, pattern)
	d.mux.Handle(pattern, h)
}

// HandleFunc is http.ServeMux's.
func (d *doors) HandleFunc(pattern string, h http.HandlerFunc) { d.Handle(pattern, h) }
