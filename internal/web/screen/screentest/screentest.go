// Package screentest serves one area's screens to its tests over HTTP, with the
// checks that internal/web makes (who may, how large a form may be, errors as
// pages) and a plain frame. What a whole site adds, sessions and step-up among it,
// is tested in internal/web and internal/server.
package screentest

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Browser asks an area's pages as somebody.
type Browser struct {
	Who   access.Principal // may be changed between requests
	Zone  *time.Location   // UTC
	Label map[string]string

	t      testing.TB
	area   screen.Area
	clock  clock.Clock
	client *http.Client
	server *httptest.Server
	mu     sync.Mutex
	said   string
}

// Answer is what a browser got.
type Answer struct {
	Status int
	To     string // Location
	Body   string
	Header http.Header
}

// New serves an area as who sees it.
func New(t testing.TB, area screen.Area, now clock.Clock, who access.Principal) *Browser {
	t.Helper()
	b := &Browser{Who: who, Zone: time.UTC, t: t, area: area, clock: now}
	mux := http.NewServeMux()
	for _, rt := range area.Routes {
		mux.HandleFunc(rt.Pattern, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, rt) })
	}
	b.server = httptest.NewServer(mux)
	t.Cleanup(b.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

func (b *Browser) serve(w http.ResponseWriter, r *http.Request, rt screen.Route) {
	req := screen.NewRequest(r, b.Who, b.clock(), b.Zone, b)
	err := func() error {
		if rt.Action != screen.Public {
			if err := access.Authorise(b.Who, rt.Action); err != nil {
				return err
			}
		}
		if r.Method == http.MethodPost {
			limit := rt.MaxBody
			if limit == 0 {
				limit = 64 << 10
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			if rt.MaxBody == 0 || !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
				if err := r.ParseForm(); err != nil {
					return fault.Wrap(fault.Invalid, err, "the form could not be read")
				}
			}
		}
		return rt.Handle(w, req)
	}()
	if err != nil {
		message, hint := fault.Public(err)
		w.WriteHeader(fault.HTTPStatus(err))
		io.WriteString(w, "<main>"+message+" | "+hint+"</main>") //nolint:errcheck // the test reads what came
		if fault.KindOf(err) == fault.Internal {
			b.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
	}
}

// Shell is a frame with nothing in it.
func (b *Browser) Shell(_ http.ResponseWriter, r *screen.Request, title, section, page string) ui.Shell {
	b.mu.Lock()
	defer b.mu.Unlock()
	sh := ui.Shell{Title: title, Section: section, Page: page, Path: r.URL.RequestURI(), Zone: b.Zone.String(), User: b.Who.Name, Flash: b.said}
	b.said = ""
	return sh
}

// Names gives what Label says.
func (b *Browser) Names(context.Context, []string) map[string]string { return b.Label }

// Flash keeps a sentence for the next page.
func (b *Browser) Flash(_ http.ResponseWriter, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = text
}

// Do sends a request to a path.
func (b *Browser) Do(method, path, contentType string, body io.Reader) Answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header.Get("Location"), string(raw), resp.Header}
}

// Get asks for a page.
func (b *Browser) Get(path string) Answer { b.t.Helper(); return b.Do(http.MethodGet, path, "", nil) }

// Post sends a form.
func (b *Browser) Post(path string, form url.Values) Answer {
	b.t.Helper()
	return b.Do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// Says asks for a page and holds that it comes and says all of these.
func (b *Browser) Says(path string, words ...string) Answer {
	b.t.Helper()
	a := b.Get(path)
	if a.Status != http.StatusOK {
		b.t.Fatalf("%s answers %d: %s", path, a.Status, a.Text())
	}
	text := a.Text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.t.Errorf("%s does not say %q:\n%s", path, w, text)
		}
	}
	return a
}

var (
	markup = regexp.MustCompile(`<[^>]*>`)
	heads  = regexp.MustCompile(`(?s)<thead>(.*?)</thead>`)
	head   = regexp.MustCompile(`(?s)<th\b[^>]*>(.*?)</th>`)
	signs  = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&lt;", "<", "&gt;", ">", "↑", "", "↓", "")
)

// Text is the page without its markup.
func (a Answer) Text() string {
	body := a.Body
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return strings.Join(strings.Fields(signs.Replace(markup.ReplaceAllString(body, " "))), " ")
}

// HoldsList holds a list's screen at a path against what its files say: every head
// of the screen's first table is a column of the files, and each column that names
// a head names one that is there. It gives the rows of the files.
func (b *Browser) HoldsList(l screen.List, path string) [][]any {
	b.t.Helper()
	a := b.Says(path)
	m := heads.FindStringSubmatch(a.Body)
	if m == nil {
		b.t.Fatalf("%s has no table", path)
	}
	var have []string
	for _, h := range head.FindAllStringSubmatch(m[1], -1) {
		have = append(have, strings.TrimSpace(signs.Replace(markup.ReplaceAllString(h[1], ""))))
	}
	for _, h := range have {
		if !slices.Contains(l.Heads, h) {
			b.t.Errorf("%s shows %q, which its files leave out", path, h)
		}
	}
	for i, h := range l.Heads {
		if h != "" && !slices.Contains(have, h) {
			b.t.Errorf("%s: the files' column %s says it stands under %q; the screen has %q", path, l.Columns[i].Key, h, have)
		}
	}
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, path, nil)
	var rows [][]any
	for row, err := range l.Rows(screen.NewRequest(r, b.Who, b.clock(), b.Zone, b)) {
		if err != nil {
			b.t.Fatalf("the rows of %s: %v", path, err)
		}
		rows = append(rows, row)
	}
	return rows
}
