// Package screen is what the screens of one area of the site are made with: who
// asks, when, what stands around a page, and how lists, links and forms are
// written. An area (people, changes, …) is a package below internal/web with its
// own templates. It gives an Area to internal/web, which admits, refuses, limits
// bodies and turns errors into pages; an area knows nothing of sessions.
package screen

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/a-h/templ"
)

// Public marks a route that needs nobody to be signed in. It is no action of the
// access table, so Authorise would refuse it.
const Public access.Action = "public"

// ErrGone says that the reader went away while the page was written.
var ErrGone = errors.New("the reader went away")

// Area is what a part of the site brings. It is made before any service runs, so
// that its routes can be listed; making it must not call a service.
type Area struct {
	Routes []Route
	Pages  []Page
	Lists  []List
	Doings []Doing
	Finds  []Finder
	// OnHost gives what the area says on a host's page; nil where it says nothing of
	// that one. The field may be nil.
	OnHost func(r *Request, hostID string) (*ui.Block, error)
}

// Route is an address, what its reader needs, and what answers.
type Route struct {
	Pattern string        // of http.ServeMux: "GET /people/{id}"
	Action  access.Action // Public: nobody needs to be signed in
	Handle  Handler
	// MaxBody is the largest body that is read, in bytes; 0 is 64 KiB and a form. With
	// a limit of its own a multipart body is left for the handler to read, part by part.
	MaxBody int64
}

// Handler answers a request of somebody who may make it. Its error becomes a page.
type Handler func(w http.ResponseWriter, r *Request) error

// Page is a page in the masthead.
type Page struct {
	Section string // "Comply": of internal/web
	Name    string
	Path    string
	Action  access.Action
	First   bool   // before the pages that stand in the section already
	Under   string // the page of the section that it stands under; empty: none
}

// Doing is something that can be done from anywhere, for the palette.
type Doing struct {
	Name, Path string
	Action     access.Action
}

// Finder finds objects of one kind for the palette, of which who asks may see all.
type Finder struct {
	Kind   string
	Action access.Action
	// Find gives at most some tens that fit what was asked (lower case, not empty).
	Find func(r *Request, asked string) ([]Found, error)
}

// Found is an object with its address. Words are more that it can be found by.
type Found struct{ Name, Words, Href string }

// Frame is what stands around the pages of all areas.
type Frame interface {
	// Shell makes the frame of a page; section and page are those of the masthead.
	Shell(w http.ResponseWriter, r *Request, title, section, page string) ui.Shell
	// Names gives display names for pseudonyms of users and sources.
	Names(ctx context.Context, ids []string) map[string]string
	// Flash carries one sentence over a redirect.
	Flash(w http.ResponseWriter, text string)
}

// Request is an HTTP request with who makes it.
type Request struct {
	*http.Request
	Who   access.Principal
	Now   time.Time
	Words Words
	frame Frame
}

// NewRequest is for internal/web and tests.
func NewRequest(r *http.Request, who access.Principal, now time.Time, zone *time.Location, f Frame) *Request {
	return &Request{Request: r, Who: who, Now: now, Words: NewWords(now, zone), frame: f}
}

// May reports whether who asks may do an action, so that a page offers only that.
func (r *Request) May(a access.Action) bool { return access.Authorise(r.Who, a) == nil }

// Shell is what stands around a page.
func (r *Request) Shell(w http.ResponseWriter, title, section, page string) ui.Shell {
	return r.frame.Shell(w, r, title, section, page)
}

// Names gives display names for pseudonyms of users and sources.
func (r *Request) Names(ids []string) map[string]string { return r.frame.Names(r.Context(), ids) }

// Done says what was done and goes on to a page.
func (r *Request) Done(w http.ResponseWriter, text, to string) error {
	r.frame.Flash(w, text)
	http.Redirect(w, r.Request, to, http.StatusSeeOther)
	return nil
}

// Render draws a page whole before the first byte is sent, so that a failure can
// still become an error page.
func (r *Request) Render(w http.ResponseWriter, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Cookie")
	w.WriteHeader(status)
	if _, err := w.Write(b.Bytes()); err != nil {
		return ErrGone
	}
	return nil
}
