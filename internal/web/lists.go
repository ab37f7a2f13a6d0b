package web

import (
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/render/listing"
	"github.com/attesta/attesta/internal/web/ui"
)

// list is a screen that lists things, with what stands in each row. The screen
// and the files that are made of it ask the same function for the same rows; a
// test holds the heads of the screen's table against the columns here.
type list struct {
	name    string // "findings"
	title   string
	pattern string // of the screen's route
	action  access.Action
	period  bool // follows the period
	columns []listing.Column
	heads   []string // what the screen's table calls each column; "": only files have it
	rows    func(s *Site, r *request) iter.Seq2[[]any, error]
	ids     func(s *Site, r *request, most int) ([]string, error) // of its lines, a page past most; nil: nothing is done to many of them
}

// col is a column over rows of one type.
type col[T any] struct {
	key, title string
	head       string // of the screen's table; "=": the title; "": only files have it
	width      float64
	value      func(c *cells, x T) any
}

// cells is what values are made with: names of people, and when it is.
type cells struct {
	*request
	names map[string]string
}

// who gives a person's name for a pseudonym, or the pseudonym.
func (c *cells) who(id string) string {
	if name := c.names[id]; name != "" {
		return name
	}
	return id
}

// exportPage is how many rows are read at once for a file.
const exportPage = 500

// pages gives a page of rows after a cursor; "" is the first, and the last.
type pages[T any] func(s *Site, r *request, after string) (rows []T, next string, err error)

// declare makes a list of its columns and its pages. people gives the pseudonyms
// of a row whose names its columns show.
func declare[T any](l list, read pages[T], people func(T) []string, columns ...col[T]) list {
	for _, c := range columns {
		if c.head == "=" {
			c.head = c.title
		}
		l.columns, l.heads = append(l.columns, listing.Column{Key: c.key, Title: c.title, Width: c.width}), append(l.heads, c.head)
	}
	l.rows = func(s *Site, r *request) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) {
			for after, first := "", true; first || after != ""; first = false {
				rows, next, err := read(s, r, after)
				if err != nil {
					yield(nil, err)
					return
				}
				c := &cells{request: r}
				if people != nil {
					var ids []string
					for _, x := range rows {
						ids = append(ids, people(x)...)
					}
					c.names = s.names(r.Context(), ids)
				}
				for _, x := range rows {
					values := make([]any, len(columns))
					for i, k := range columns {
						values[i] = k.value(c, x)
					}
					if !yield(values, nil) {
						return
					}
				}
				after = next
			}
		}
	}
	return l
}

// whole is pages of a list that is read at once.
func whole[T any](read func(s *Site, r *request) ([]T, error)) pages[T] {
	return func(s *Site, r *request, _ string) ([]T, string, error) {
		rows, err := read(s, r)
		return rows, "", err
	}
}

// listNamed gives a list by its name, or kind NotFound.
func (s *Site) listNamed(name string) (list, error) {
	for _, l := range s.lists {
		if l.name == name {
			return l, nil
		}
	}
	return list{}, fault.New(fault.NotFound, "there is no list called %q", name)
}

// fits reports whether a path is one of the list's screen, and gives the values
// that stand in it.
func (l list) fits(path string) (map[string]string, bool) {
	_, pattern, _ := strings.Cut(l.pattern, " ")
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, false
	}
	values := map[string]string{}
	for i, w := range want {
		if name, ok := strings.CutPrefix(w, "{"); ok && have[i] != "" {
			values[strings.TrimSuffix(name, "}")] = have[i]
		} else if w != have[i] {
			return nil, false
		}
	}
	return values, true
}

// shownAt gives the request for the list's screen at an address, as whoever asks
// would make it.
func (s *Site) shownAt(r *request, l list, address string) (*request, error) {
	bad := fault.New(fault.Invalid, "this is no address of the list").At("", 0, "address").WithHint("open the list again and take it from there")
	u, err := url.Parse(address)
	if err != nil || u.IsAbs() || u.Host != "" {
		return nil, bad
	}
	values, ok := l.fits(u.Path)
	if !ok {
		return nil, bad
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return nil, bad
	}
	shown := *r
	shown.Request = r.Clone(r.Context())
	shown.Method, shown.URL = http.MethodGet, u
	for k, v := range values {
		shown.SetPathValue(k, v)
	}
	shown.period = s.readPeriod(&shown)
	return &shown, nil
}

// exportList gives a list as a file: all pages of what its screen shows.
func (s *Site) exportList(w http.ResponseWriter, r *request) error {
	l, err := s.listNamed(r.PathValue("list"))
	if err != nil {
		return err
	}
	for _, a := range []access.Action{l.action, access.ListExport} {
		if err := access.Authorise(r.who, a); err != nil {
			return err
		}
	}
	format, err := listing.ParseFormat(r.PostFormValue("format"))
	if err != nil {
		return err
	}
	query := r.PostFormValue("address")
	if path, q, ok := strings.Cut(query, "?"); ok { // without the place in the list
		if q, err = desk.Tidy(q); err != nil {
			return err
		}
		if query = path; q != "" {
			query += "?" + q
		}
	}
	shown, err := s.shownAt(r, l, query)
	if err != nil {
		return err
	}
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		return fault.New(fault.Unavailable, "several lists are being written just now").WithHint("try again in a moment")
	}
	head, err := s.listHead(shown, l, query)
	if err != nil {
		return err
	}
	file, err := listing.Write(format, l.columns, l.rows(s, shown), func() (listing.Head, error) {
		if !head.KnownNow {
			return head, nil
		}
		now, err := s.cfg.Ledger.Head(r.Context())
		head.KnownTo = now.Size
		return head, err
	})
	if err != nil {
		return err
	}
	defer file.Close()
	if err := s.cfg.Desk.Take(r.Context(), r.who, desk.Taken{List: l.name, Address: query, Format: string(format), Count: file.Count, Digest: file.Digest, Size: file.Size,
		Valid: head.Valid, KnownFrom: head.KnownFrom, KnownTo: head.KnownTo}); err != nil {
		return err
	}
	return s.sendList(w, format, head, file)
}

// listHead says what a file will hold.
func (s *Site) listHead(r *request, l list, address string) (listing.Head, error) {
	now, err := s.cfg.Ledger.Head(r.Context())
	if err != nil {
		return listing.Head{}, err
	}
	h := listing.Head{List: l.name, Title: l.title, Address: address, Asked: r.now, By: r.who.UserID, Name: r.who.Name, Valid: r.now, Present: true,
		KnownFrom: now.Size, KnownTo: now.Size, KnownNow: true, Origin: now.Origin}
	if !l.period {
		return h, nil
	}
	at, err := s.at(r.Context(), r)
	if err != nil {
		return h, err
	}
	if r.period.past() {
		h.Valid, h.Present = at.Valid, false
		if at.Known >= 0 {
			h.KnownFrom, h.KnownTo, h.KnownNow = at.Known, at.Known, false
		}
	}
	return h, nil
}

func (s *Site) sendList(w http.ResponseWriter, format listing.Format, head listing.Head, file *listing.File) error {
	h := w.Header()
	h.Set("Content-Type", format.Type())
	h.Set("Content-Disposition", `attachment; filename="`+listFile(head, file)+`"`)
	h.Set("Content-Length", itoa(file.Size))
	h.Set("X-Attesta-Digest", file.Digest) // SHA-256 in hex, as sha256sum and the ledger say it
	h.Set("X-Attesta-Query", head.Address)
	h.Set("X-Attesta-Count", itoa(file.Count))
	h.Set("X-Attesta-Asked-At", head.Asked.UTC().Format(time.RFC3339))
	h.Set("X-Attesta-Asked-By", head.By)
	h.Set("X-Attesta-Valid-At", head.Valid.UTC().Format(time.RFC3339))
	h.Set("X-Attesta-Known-At", itoa(head.KnownFrom)+"-"+itoa(head.KnownTo))
	w.WriteHeader(http.StatusOK)
	if _, err := file.WriteTo(w); err != nil {
		return errGone
	}
	return nil
}

// listFile names it by what a file holds, for whoever finds it in a year.
func listFile(h listing.Head, f *listing.File) string {
	name := "attesta-" + h.List + "-" + h.Asked.UTC().Format("20060102T150405Z")
	if !h.Present {
		name += "-of-" + h.Valid.UTC().Format("20060102")
	}
	if !h.KnownNow {
		name += "-known-" + itoa(h.KnownFrom)
	}
	return name + "-" + itoa(f.Count) + "-rows." + string(f.Format)
}

// listTools are what stands below a list: its files.
func (s *Site) listTools(r *request) *ui.ListTools {
	if r.Method != http.MethodGet || !r.who.Known() {
		return nil
	}
	for _, l := range s.lists {
		if l.pattern != r.Pattern {
			continue
		}
		if access.Authorise(r.who, l.action) != nil {
			return nil
		}
		t := &ui.ListTools{List: l.name, Title: strings.ToLower(l.title), Address: r.URL.RequestURI(), Bulk: s.bulkBar(r, l)}
		if access.Authorise(r.who, access.ListExport) == nil {
			t.Export = "/export/" + l.name
		}
		s.listViews(r, l, t)
		return t
	}
	return nil
}
