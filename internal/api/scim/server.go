package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Prefix is where the server stands.
const Prefix = "/scim/v2"

const (
	maxBody  = 2 << 20 // bytes: a group of ten thousand members
	maxCount = 200     // resources of an answer
)

// Config is all that the server depends on; all of it is required.
type Config struct {
	Access    *access.Service
	Directory *directory.Service
	Ledger    *ledger.Log
	Logger    *slog.Logger
	PublicURL string // begins the addresses in answers
}

// Server answers below Prefix. Whoever asks carries a directory's token.
type Server struct {
	cfg Config
	mux *http.ServeMux

	patterns []string
}

// Patterns gives every pattern of http.ServeMux that the server answers.
func (s *Server) Patterns() []string { return s.patterns }

// New makes the server.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, mux: http.NewServeMux()}
	handle := func(pattern string, h func(*call) error) {
		method, path, _ := strings.Cut(pattern, " ")
		s.patterns = append(s.patterns, method+" "+Prefix+path)
		s.mux.Handle(method+" "+Prefix+path, s.guarded(h))
	}
	for _, r := range []struct {
		t                                         *resource
		list, create, read, replace, edit, remove func(*call) error
	}{
		{&users, s.listUsers, s.createUser, s.readUser, s.replaceUser, s.patchUser, s.removeUser},
		{&groups, s.listGroups, s.createGroup, s.readGroup, s.replaceGroup, s.patchGroup, s.removeGroup},
	} {
		one, all := "/"+r.t.plural+"/{id}", "/"+r.t.plural
		handle("GET "+all, r.list)
		handle("POST "+all, r.create)
		handle("GET "+one, r.read)
		handle("PUT "+one, r.replace)
		handle("PATCH "+one, r.edit)
		handle(http.MethodDelete+" "+one, r.remove)
	}
	handle("GET /ServiceProviderConfig", func(c *call) error { return c.answer(http.StatusOK, s.config()) })
	s.discovery(handle, "/ResourceTypes", []string{users.name, groups.name}, []map[string]any{s.typeOf(&users), s.typeOf(&groups)})
	s.discovery(handle, "/Schemas", []string{users.schema, groups.schema}, []map[string]any{s.schemaOf(&users), s.schemaOf(&groups)})
	s.mux.Handle("/", s.guarded(func(c *call) error {
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
			other := c.r.Clone(c.r.Context())
			other.Method = m
			if _, pattern := s.mux.Handler(other); pattern != "/" {
				return newProblem(http.StatusMethodNotAllowed, "", "this address does not take %s", c.r.Method)
			}
		}
		if p := strings.TrimPrefix(c.r.URL.Path, Prefix); p == "/Bulk" || p == "/Me" || strings.HasSuffix(p, "/.search") {
			return newProblem(http.StatusNotImplemented, "", "%s is not offered, as /ServiceProviderConfig says", p)
		}
		return newProblem(http.StatusNotFound, "", "there is nothing at this address")
	}))
	return s
}

// discovery serves resources that never change.
func (s *Server) discovery(handle func(string, func(*call) error), path string, ids []string, docs []map[string]any) {
	handle("GET "+path, func(c *call) error {
		if c.r.URL.Query().Has("filter") {
			return newProblem(http.StatusForbidden, "", "what describes the server is not filtered")
		}
		all := []any{}
		for _, d := range docs {
			all = append(all, d)
		}
		return c.answer(http.StatusOK, map[string]any{"schemas": []string{listSchema}, "totalResults": len(all), "startIndex": 1, "itemsPerPage": len(all), "Resources": all})
	})
	handle("GET "+path+"/{id}", func(c *call) error {
		for i, id := range ids {
			if strings.EqualFold(id, c.r.PathValue("id")) {
				return c.answer(http.StatusOK, docs[i])
			}
		}
		return newProblem(http.StatusNotFound, "", "there is no such one")
	})
}

// ServeHTTP answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) address(plural, id string) string {
	a := strings.TrimSuffix(s.cfg.PublicURL, "/") + Prefix + "/" + plural
	if id != "" {
		a += "/" + url.PathEscape(id)
	}
	return a
}

func tag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// call is one request of a directory.
type call struct {
	s   *Server
	w   http.ResponseWriter
	r   *http.Request
	who access.Principal
}

// problem is an error as RFC 7644, section 3.12, has it.
type problem struct {
	status int
	typ    string // scimType
	detail string
}

func (p *problem) Error() string { return p.detail }

func newProblem(status int, typ, format string, args ...any) *problem {
	return &problem{status: status, typ: typ, detail: fmt.Sprintf(format, args...)}
}

// guarded finds out which directory asks, and turns errors and panics into the
// protocol's.
func (s *Server) guarded(h func(*call) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Cache-Control", "no-store")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		c := &call{s: s, w: w, r: r}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.cfg.Logger.ErrorContext(r.Context(), "a directory's request panicked", "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
			c.fail(fault.New(fault.Internal, "it failed inside Attesta"))
		}()
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		var err error
		if !strings.EqualFold(scheme, "Bearer") {
			token = ""
		}
		if c.who, err = s.cfg.Access.DirectoryToken(r.Context(), token); err == nil {
			err = access.Authorise(c.who, access.Provision)
		}
		if err == nil {
			err = h(c)
		}
		if r.Method != http.MethodGet {
			s.cfg.Ledger.Wake() // open screens look again, and find that they are over
		}
		if err != nil {
			c.fail(err)
		}
	})
}

func (c *call) fail(err error) {
	if c.r.Context().Err() != nil {
		return
	}
	var p *problem
	if !errors.As(err, &p) {
		message, hint := fault.Public(err)
		if hint != "" {
			message += ": " + hint
		}
		p = newProblem(fault.HTTPStatus(err), "", "%s", message)
		var f *fault.Error
		switch kind := fault.KindOf(err); {
		case kind == fault.Invalid:
			p.status, p.typ = http.StatusBadRequest, "invalidValue"
		case kind == fault.Conflict && errors.As(err, &f) && f.Field != "": // without a field it is the last administrator
			p.typ = "uniqueness"
		case kind == fault.Unauthenticated:
			c.s.cfg.Logger.WarnContext(c.r.Context(), "a directory's request was refused", "from", c.r.RemoteAddr, "method", c.r.Method, "err", err)
			c.w.Header().Set("WWW-Authenticate", `Bearer realm="Attesta"`)
		}
		if p.status >= http.StatusInternalServerError {
			c.s.cfg.Logger.ErrorContext(c.r.Context(), "a directory's request failed", "method", c.r.Method, "path", c.r.URL.Path, "err", err, "cause", errors.Unwrap(err))
		}
	}
	body := map[string]any{"schemas": []string{errorSchema}, "status": strconv.Itoa(p.status), "detail": p.detail}
	if p.typ != "" {
		body["scimType"] = p.typ
	}
	if err := c.answer(p.status, body); err != nil {
		c.s.cfg.Logger.Debug("an answer was not delivered", "error", err)
	}
}

// answer sends a body, in the media type that was asked for.
func (c *call) answer(status int, body any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return err
	}
	kind := "application/scim+json"
	if accept := c.r.Header.Get("Accept"); strings.Contains(accept, "application/json") && !strings.Contains(accept, kind) {
		kind = "application/json"
	}
	c.w.Header().Set("Content-Type", kind)
	c.w.WriteHeader(status)
	if _, err := c.w.Write(b.Bytes()); err != nil {
		c.s.cfg.Logger.Debug("an answer was not delivered", "error", err) // whoever asked went away
	}
	return nil
}

// one sends a resource with its version.
func (c *call) one(t *resource, status int, doc map[string]any) error {
	meta, _ := doc["meta"].(map[string]any)
	version := text(meta, "version")
	c.w.Header().Set("ETag", version)
	if none := c.r.Header.Get("If-None-Match"); c.r.Method == http.MethodGet && none != "" && oneOf(none, version) {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if status == http.StatusCreated {
		c.w.Header().Set("Location", text(meta, "location"))
	}
	return c.answer(status, c.shape().cut(t, doc))
}

func (c *call) shape() shape {
	q := c.r.URL.Query()
	return readShape(q.Get("attributes"), q.Get("excludedAttributes"))
}

// unchanged holds If-Match against a version.
func (c *call) unchanged(version int64) error {
	if want := c.r.Header.Get("If-Match"); want != "" && !oneOf(want, tag(version)) {
		return newProblem(http.StatusPreconditionFailed, "", "it was changed since it was read; it is %s now", tag(version))
	}
	return nil
}

// oneOf reports whether a list of entity tags has one, weak or not.
func oneOf(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// body reads the body's JSON into v.
func (c *call) body(v any) error {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/scim+json" && kind != "application/json" {
		return newProblem(http.StatusUnsupportedMediaType, "", "the body is application/scim+json or application/json")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return newProblem(http.StatusRequestEntityTooLarge, "", "the body has more than %d bytes", maxBody)
	}
	if err != nil {
		return newProblem(http.StatusBadRequest, "invalidSyntax", "the body broke off")
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return newProblem(http.StatusBadRequest, "invalidSyntax", "the body is no JSON object of a resource")
	}
	return nil
}

// resource reads a resource: what of it is kept here.
func (c *call) resource(t *resource) (map[string]any, error) {
	var in map[string]any
	if err := c.body(&in); err != nil {
		return nil, err
	}
	var schemas []any
	for name, v := range in {
		if strings.EqualFold(name, "schemas") {
			schemas, _ = v.([]any)
		}
	}
	for _, urn := range schemas {
		if s, _ := urn.(string); strings.EqualFold(s, t.schema) {
			return clean(in, t.attributes)
		}
	}
	return nil, newProblem(http.StatusBadRequest, "invalidSyntax", "the schemas of a %s name %s", t.name, t.schema)
}

// page reads which resources of a list are asked for.
func (c *call) page() (start, count int, err error) {
	q := c.r.URL.Query()
	read := func(name string, usual int) (int, error) {
		if !q.Has(name) {
			return usual, nil
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil {
			return 0, badValue("%s is a whole number", name)
		}
		return n, nil
	}
	if start, err = read("startIndex", 1); err != nil {
		return 0, 0, err
	}
	if count, err = read("count", maxCount); err != nil {
		return 0, 0, err
	}
	return max(start, 1), min(max(count, 0), maxCount), nil
}

// list sends a page of resources.
func (c *call) list(total, start int, docs []any) error {
	return c.answer(http.StatusOK, map[string]any{"schemas": []string{listSchema}, "totalResults": total, "startIndex": start, "itemsPerPage": len(docs), "Resources": docs})
}

// pageOf cuts a page out of a list.
func pageOf[T any](all []T, start, count int) []T {
	from := min(start-1, len(all))
	return all[from:min(from+count, len(all))]
}
