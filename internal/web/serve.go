package web

import (
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/render/sheet"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzhttp"
)

// contentPolicy allows this server's own files and forms, and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxForm is the largest form that is read.
const maxForm = 64 << 10

// uploads are the routes that take more than a form, with the largest body that
// each reads.
func (s *Site) uploads() map[string]int64 {
	all := map[string]int64{
		"POST /engagements/{number}/requests/import": sheet.MaxBytes + maxForm,
		"POST /evidence":                    s.cfg.Evidence.MaxSize() + 2*maxForm, // the service refuses first, and says so
		"POST /scope/edit":                  maxScope,
		"POST /extractions/{ref}/reconcile": population.MaxUpload + maxForm,
		samlForm:                            maxMetadata,
		samlLanding:                         maxResponse,
		samlReturn:                          maxResponse,
	}
	s.areaUploads(all)
	return all
}

// around adds what every answer carries, refuses what other sites send, and
// compresses.
func (s *Site) around(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.guard(route{"", public, func(http.ResponseWriter, *request) error {
			return fault.New(fault.Forbidden, "this request came from another site, so nothing was changed").
				WithHint("open Attesta at %s and do it there", s.cfg.PublicURL)
		}}).ServeHTTP(w, r)
	}))
	// The provider's page sends browsers here, so this comes from another site. Its
	// handler knows nobody, looks at nothing, and changes nothing: see landSAML.
	cross.AddInsecureBypassPattern(samlLanding)
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024),
		gzhttp.ContentTypes([]string{"text/html", "text/css", "text/javascript", "image/svg+xml", "application/json", "text/plain"}))
	if err != nil {
		panic("web: gzip: " + err.Error()) // only wrong options fail, and they stand in this line
	}
	inner := compress(cross.Handler(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		inner.ServeHTTP(w, r)
	})
}

// guard finds out who asks, refuses who may not, and turns an error or a panic
// into a page.
func (s *Site) guard(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		req := &request{Request: r, now: s.cfg.Clock()}
		req.words = newWords(req.now, time.UTC)
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.cfg.Logger.ErrorContext(r.Context(), "a screen panicked", "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
			s.fail(w, req, fault.New(fault.Internal, "a screen panicked"))
		}()
		if err := s.admit(req, rt); err != nil {
			s.fail(w, req, err)
			return
		}
		r = r.WithContext(ui.Opening(r.Context(), func(path string) bool { return s.opens(req.who, path) }))
		req.Request = r
		if r.Method == http.MethodPost {
			limit, file := s.uploads()[rt.pattern]
			if !file {
				limit = maxForm
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			if multi := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data"); multi && rt.pattern == samlForm {
				if err := smallFiles(r); err != nil {
					s.fail(w, req, err)
					return
				}
			} else if file && multi {
				// its handler reads the body, part by part
			} else if err := r.ParseForm(); err != nil {
				s.fail(w, req, fault.Wrap(fault.Invalid, err, "the form could not be read").WithHint("go back and send it again"))
				return
			}
		}
		if err := s.prove(req); err != nil {
			s.fail(w, req, err)
			return
		}
		if err := rt.handle(w, req); err != nil {
			s.fail(w, req, err)
		}
	})
}

// opens reports whether somebody may open an address of this site. What is no address
// of a screen is left to whoever answers there.
func (s *Site) opens(who access.Principal, path string) bool {
	_, pattern := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
	a, known := s.actions[pattern]
	return !known || a == public || access.Authorise(who, a) == nil
}

// admit sets who asks and for when, and refuses who may not.
func (s *Site) admit(r *request, rt route) error {
	var zone *time.Location
	r.system, zone = s.scope(r.Context(), r.now)
	r.words = newWords(r.now, zone)
	token := s.token(r.Request)
	if token != "" && rt.pattern != samlLanding {
		session := s.cfg.Access.Session
		if r.URL.Path == "/events" {
			session = s.cfg.Access.Peek // an open page must not keep its session alive
		}
		who, err := session(r.Context(), token)
		if err != nil && !fault.Is(err, fault.Unauthenticated) {
			return err
		}
		r.who = who
	}
	r.period = s.readPeriod(r)
	if rt.action == public {
		return nil
	}
	return access.Authorise(r.who, rt.action)
}

// render draws a screen whole before the first byte is sent, so that a failure
// can still become an error page.
func (s *Site) render(w http.ResponseWriter, r *request, status int, c templ.Component) error {
	return s.out(r).Render(w, status, c)
}

var errGone = screen.ErrGone

// fail answers with an error page, or sends somebody unknown to the door.
func (s *Site) fail(w http.ResponseWriter, r *request, err error) {
	if errors.Is(err, errGone) {
		return
	}
	if r.Context().Err() != nil { // the line is cut, and its other half may still listen: no page can be made, and nothing must look done
		if r.Method != http.MethodPost {
			return
		}
		var f *fault.Error
		text := "The connection ended before this was done."
		if errors.As(err, &f) && f.Kind == fault.Invalid {
			text = sentence(f.Message) + " " + sentence(f.Hint)
		}
		http.Error(w, text, http.StatusBadRequest)
		return
	}
	if access.NeedsSecond(err) && r.Header.Get("HX-Request") == "" && r.URL.Path != "/events" {
		http.Redirect(w, r.Request, "/account/second", http.StatusSeeOther)
		return
	}
	var wrong *unproved
	if (access.NeedsProof(err) || errors.As(err, &wrong)) && r.Method == http.MethodPost {
		if err = s.provePage(w, r, err); err == nil || errors.Is(err, errGone) {
			return
		}
	}
	kind := fault.KindOf(err)
	if kind == fault.Forbidden && r.who.Known() { // by pattern: an address may hold a secret
		s.cfg.Logger.WarnContext(r.Context(), "a request was refused", "user", r.who.UserID, "method", r.Method, "route", r.Pattern, "err", err)
	}
	if kind == fault.Unauthenticated {
		door := "/login"
		if r.Method == http.MethodGet && r.URL.Path != "/" {
			door += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
		if r.Header.Get("HX-Request") != "" {
			w.Header().Set("HX-Redirect", door)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/events") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r.Request, door, http.StatusSeeOther)
		return
	}
	reference := ""
	message, hint := fault.Public(err)
	if kind == fault.Internal || kind == fault.Unavailable {
		reference = ids.New("req", r.now)
		s.cfg.Logger.ErrorContext(r.Context(), "a screen failed", "reference", reference, "method", r.Method, "path", r.URL.Path,
			"err", err, "cause", errors.Unwrap(err))
	}
	v := ui.FaultView{Text: sentence(message), Hint: sentence(hint), Reference: reference, Bad: kind == fault.Internal,
		Actions: []ui.Link{{Text: "Home", Href: "/"}}}
	title := ""
	switch kind {
	case fault.NotFound:
		title = "There is nothing at this address"
	case fault.Forbidden:
		title = "This is not yours to see or do"
	case fault.Conflict:
		title = "Somebody was faster, or it is done already"
	case fault.Invalid, fault.Refused:
		title = "This cannot be done as it was asked"
		if r.Method == http.MethodGet && r.URL.RawQuery != "" {
			title = "The address asks for something that does not exist"
			v.Actions = []ui.Link{{Text: "The page without it", Href: r.URL.Path}, {Text: "Home", Href: "/"}}
		}
	case fault.Unavailable:
		title = "This page could not be read just now"
		v.Actions = []ui.Link{{Text: "Try again", Href: r.URL.RequestURI()}, {Text: "Home", Href: "/"}}
	default:
		title = "Something failed inside Attesta"
		v.Text = "Nothing was changed by this page. Collection and judging go on."
		v.Hint = "The server's log has the cause beside the reference below."
	}
	if r.Method == http.MethodPost && kind != fault.Internal {
		v.Text += " Nothing was changed."
	}
	v.Title = title
	sh := s.shell(w, r, title, "", "")
	if err := s.render(w, r, fault.HTTPStatus(err), ui.Fault(sh, v)); err != nil && !errors.Is(err, errGone) {
		s.cfg.Logger.ErrorContext(r.Context(), "the error page failed", "err", err)
	}
}

func (s *Site) notFound(w http.ResponseWriter, r *request) error {
	if !r.who.Known() {
		return fault.New(fault.Unauthenticated, "log in first") // whoever is not signed in learns nothing about addresses
	}
	return fault.New(fault.NotFound, "no page is called %s", r.URL.Path)
}

// sentence makes a fault's words a sentence: a capital first, a full stop last.
func sentence(s string) string { return screen.Sentence(s) }

// back gives a path of this site to return to, or / for anything else.
func back(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
