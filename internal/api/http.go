package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Prefix is where the operations stand.
const Prefix = "/api/v1"

const maxBody = 1 << 20

// ServeHTTP answers below /api/ and at /mcp.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler {
			panic(v)
		}
		a.cfg.Logger.ErrorContext(r.Context(), "an operation panicked", "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
		a.fail(w, r, fault.New(fault.Internal, "the operation failed inside Attesta"))
	}()
	a.mux.ServeHTTP(w, r)
}

func (a *API) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, o := range a.operations {
		mux.Handle(o.Method+" "+Prefix+o.Path, a.handler(o))
	}
	mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.who(r); err != nil {
			a.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		a.write(w, http.StatusOK, a.OpenAPI())
	})
	mux.Handle("/mcp", a.tools())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.who(r); err != nil {
			a.fail(w, r, err)
			return
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "/" {
				w.Header().Set("Allow", method)
				a.problem(w, r, http.StatusMethodNotAllowed, problem{Title: "Method not allowed", Detail: "this address takes " + method})
				return
			}
		}
		a.fail(w, r, fault.New(fault.NotFound, "there is no operation at %s", r.URL.Path).WithHint("GET /api/openapi.json lists them"))
	})
	return mux
}

// who gives the principal of the token in a request.
func (a *API) who(r *http.Request) (access.Principal, error) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return access.Principal{}, fault.New(fault.Unauthenticated, "this needs a token").WithHint("send Authorization: Bearer atta_…; tokens are made under Account")
	}
	return a.cfg.Access.Token(r.Context(), token)
}

func (a *API) handler(o *Operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.serve(w, r, o); err != nil {
			a.fail(w, r, err)
		}
	})
}

func (a *API) serve(w http.ResponseWriter, r *http.Request, o *Operation) error {
	who, err := a.who(r)
	if err != nil {
		return err
	}
	if err := access.Authorise(who, o.Action); err != nil {
		return err
	}
	input, err := a.read(w, r, o)
	if err != nil {
		return err
	}
	if !o.Changes() {
		answer, err := a.Call(r.Context(), who, o.Name, input)
		if err != nil {
			return err
		}
		body, tag, err := encode(answer)
		if err != nil {
			return err
		}
		w.Header().Set("ETag", tag)
		if next := nextOf(body); next != "" {
			q := r.URL.Query()
			q.Set("cursor", next)
			w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.Path, q.Encode()))
		}
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		a.send(w, http.StatusOK, body)
		return nil
	}
	if want := r.Header.Get("If-Match"); want != "" {
		if err := a.unchanged(r, who, o, input, want); err != nil {
			return err
		}
	}
	do := func(ctx context.Context) ([]byte, error) {
		answer, err := a.Call(ctx, who, o.Name, input)
		if err != nil {
			return nil, err
		}
		body, _, err := encode(answer)
		return body, err
	}
	body, repeated, err := a.once(r, who, o, input, do)
	if err != nil {
		return err
	}
	if repeated {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	a.cfg.Ledger.Wake()
	a.send(w, http.StatusOK, body)
	return nil
}

// unchanged holds If-Match against what is there now: kind Conflict where
// somebody changed it since the asker looked.
func (a *API) unchanged(r *http.Request, who access.Principal, o *Operation, input json.RawMessage, want string) error {
	if o.Of == "" {
		return fault.New(fault.Invalid, "%s changes nothing that was there before; leave If-Match out", o.Name)
	}
	of, err := a.operation(o.Of)
	if err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(input, &all); err != nil {
		return fault.Wrap(fault.Invalid, err, "the input is no JSON object")
	}
	key := map[string]json.RawMessage{}
	for _, f := range of.pathFields() {
		key[f] = all[f]
	}
	raw, err := json.Marshal(key)
	if err != nil {
		return err
	}
	answer, err := a.Call(r.Context(), who, of.Name, raw)
	if err != nil {
		return err
	}
	_, tag, err := encode(answer)
	if err != nil {
		return err
	}
	if !matches(want, tag) {
		return errStale
	}
	return nil
}

var errStale = fault.New(fault.Conflict, "it was changed since you read it").WithHint("read it again, and decide again")

// matches reports whether a list of entity tags has one.
func matches(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == "*" || t == tag {
			return true
		}
	}
	return false
}

// read makes one flat object of path, query and body.
func (a *API) read(w http.ResponseWriter, r *http.Request, o *Operation) (json.RawMessage, error) {
	in := map[string]any{}
	if o.Changes() {
		if r.URL.RawQuery != "" {
			return nil, fault.New(fault.Invalid, "a change takes its fields from the body, not from the address")
		}
		most := cmp.Or(o.Body, maxBody)
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			return nil, fault.New(fault.Invalid, "the body is larger than %d bytes", most)
		case err != nil:
			return nil, fault.Wrap(fault.Invalid, err, "the body broke off")
		}
		if len(bytes.TrimSpace(body)) > 0 {
			if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
				return nil, fault.New(fault.Invalid, "the body is not announced as JSON").WithHint("send Content-Type: application/json")
			}
			d := json.NewDecoder(bytes.NewReader(body))
			if err := d.Decode(&in); err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "the body is no JSON object").WithHint("at byte %d: %s", d.InputOffset(), jsonMistake(err))
			}
			if d.More() {
				return nil, fault.New(fault.Invalid, "something follows the JSON object")
			}
		}
	} else if err := a.query(o, r.URL.RawQuery, in); err != nil {
		return nil, err
	}
	for _, f := range o.pathFields() {
		if _, twice := in[f]; twice {
			return nil, fault.New(fault.Invalid, "it stands in the address and nowhere else").At("", 0, f)
		}
		v, err := a.value(o, f, []string{r.PathValue(f)})
		if err != nil {
			return nil, err
		}
		in[f] = v
	}
	return json.Marshal(in)
}

func jsonMistake(err error) string {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return "this is the JSON type " + typ.Value + "; it stands where an object is expected"
	}
	return err.Error()
}

func (a *API) query(o *Operation, raw string, in map[string]any) error {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the query cannot be read")
	}
	for name, values := range q {
		v, err := a.value(o, name, values)
		if err != nil {
			return err
		}
		in[name] = v
	}
	return nil
}

// value reads text by the schema of its field. What is not declared stays text:
// validation refuses it by name.
func (a *API) value(o *Operation, name string, values []string) (any, error) {
	s := o.input.Properties[name]
	if s == nil {
		return values[0], nil
	}
	if s.Type == "array" {
		all := []any{}
		for _, v := range values {
			for one := range strings.SplitSeq(v, ",") {
				all = append(all, one)
			}
		}
		return all, nil
	}
	if len(values) > 1 {
		return nil, fault.New(fault.Invalid, "it is given %d times", len(values)).At("", 0, name)
	}
	switch s.Type {
	case "integer":
		if n, err := strconv.ParseInt(values[0], 10, 64); err == nil {
			return float64(n), nil
		}
		return nil, fault.New(fault.Invalid, "%q is no whole number", values[0]).At("", 0, name)
	case "boolean":
		if b, err := strconv.ParseBool(values[0]); err == nil {
			return b, nil
		}
		return nil, fault.New(fault.Invalid, "%q is neither true nor false", values[0]).At("", 0, name)
	}
	return values[0], nil
}

// encode gives an answer's bytes and its entity tag.
func encode(v any) (body []byte, tag string, err error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, "", fmt.Errorf("encode the answer: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, nil
}

// nextOf gives the cursor of a page's answer.
func nextOf(body []byte) string {
	var page struct {
		Next string `json:"next"`
	}
	if json.Unmarshal(body, &page) != nil {
		return "" // an answer that is no object has no next page
	}
	return page.Next
}

func (a *API) send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		a.cfg.Logger.Debug("an answer was not delivered", "error", err)
	}
}

func (a *API) write(w http.ResponseWriter, status int, v any) {
	body, _, err := encode(v)
	if err != nil {
		a.cfg.Logger.Error("an answer could not be encoded", "error", err)
		status, body = http.StatusInternalServerError, []byte("{}\n")
	}
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		a.cfg.Logger.Debug("an answer was not delivered", "error", err)
	}
}

// problem is an answer of RFC 9457. Kind, hint, field and reference are ours.
type problem struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Kind      string `json:"kind,omitempty" doc:"not_found, invalid, conflict, …"`
	Hint      string `json:"hint,omitempty" doc:"What to do next."`
	Field     string `json:"field,omitempty" doc:"The field of the input that is wrong."`
	Reference string `json:"reference,omitempty" doc:"Stands in the server's log beside the cause."`
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	status := fault.HTTPStatus(err)
	if errors.Is(err, errStale) {
		status = http.StatusPreconditionFailed
	}
	p := problem{Kind: string(fault.KindOf(err))}
	p.Detail, p.Hint = fault.Public(err)
	var f *fault.Error
	if errors.As(err, &f) {
		p.Field = f.Field
	}
	if status == http.StatusForbidden || status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		a.cfg.Logger.WarnContext(r.Context(), "an operation was refused", "from", r.RemoteAddr, "method", r.Method, "route", r.Pattern, "err", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Attesta"`)
	}
	if status >= http.StatusInternalServerError {
		p.Reference = ids.New("req", a.cfg.Clock())
		a.cfg.Logger.ErrorContext(r.Context(), "an operation failed", "reference", p.Reference, "method", r.Method, "path", r.URL.Path, "err", err, "cause", errors.Unwrap(err))
	}
	a.problem(w, r, status, p)
}

func (a *API) problem(w http.ResponseWriter, _ *http.Request, status int, p problem) {
	p.Status = status
	if p.Title == "" {
		p.Title = http.StatusText(status)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	a.write(w, status, p)
}
