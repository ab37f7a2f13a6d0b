package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/api"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// programs is a deployment's services with its API, and a token for each role.
type programs struct {
	t      testing.TB
	p      *parts
	api    *api.API
	server *httptest.Server
	tokens map[access.Role]string
	ids    map[access.Role]access.APIToken
	admin  access.Principal
}

func newPrograms(t testing.TB) *programs {
	t.Helper()
	ctx, db := t.Context(), databasetest.SQLite(t)
	p := &parts{dir: DataDir(t.TempDir()), db: db, clock: clock.System, logger: slog.New(slog.DiscardHandler), rejudge: make(chan struct{}, 1)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(p.dir.create())
	var err error
	p.log, err = ledger.Open(ctx, ledger.Config{DB: db, Dir: p.dir.Ledger(), KeyFile: filepath.Join(p.dir.Keys(), "ledger.key"), Clock: p.clock, Logger: p.logger})
	must(err)
	t.Cleanup(func() { p.log.Close() })
	agentsAt, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	t.Cleanup(func() { agentsAt.Close() })
	must(p.services(ctx, Config{EvidenceMaxMB: 1}, agentsAt, "http://localhost:7373"))
	must(p.firstStart(ctx))
	a := &programs{t: t, p: p, api: p.operations("test"), tokens: map[access.Role]string{}, ids: map[access.Role]access.APIToken{}}
	a.server = httptest.NewServer(a.api)
	t.Cleanup(a.server.Close)
	for _, r := range access.Roles() {
		u, err := p.access.AddUser(ctx, access.System(), access.NewUser{Login: strings.ReplaceAll(string(r), "_", "-"), Name: r.Title(), Role: r})
		must(err)
		link, err := p.access.LoginLink(ctx, access.System(), u.ID, access.FirstLogin)
		must(err)
		l, err := p.access.UseLink(ctx, link.Token, access.Client{})
		must(err)
		if r == access.Administrator {
			a.admin = l.Principal
		}
		a.ids[r], a.tokens[r], err = p.access.MakeToken(ctx, l.Principal, access.NewAPIToken{Name: "test", Actions: access.TokenActions(r), Life: time.Hour})
		must(err)
	}
	return a
}

// ask sends a request, with headers as name, value pairs.
func (a *programs) ask(token, method, path, body string, headers ...string) (*http.Response, string) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.server.URL+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp, string(raw)
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func (a *programs) session(token string) *mcp.ClientSession {
	a.t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	s, err := client.Connect(a.t.Context(), &mcp.StreamableClientTransport{Endpoint: a.server.URL + "/mcp", HTTPClient: &http.Client{Transport: bearer(token)}, DisableStandaloneSSE: true}, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { s.Close() })
	return s
}

// A program that talks in tools and one that talks HTTP get the same answer to
// "why does CC7.1 stand as it does?".
func TestWhyByToolAndByHTTP(t *testing.T) {
	a := newPrograms(t)
	token := a.tokens[access.ComplianceManager]
	got, err := a.session(token).CallTool(t.Context(), &mcp.CallToolParams{Name: "criteria_explain", Arguments: map[string]any{"id": "CC7.1"}})
	if err != nil || got.IsError {
		t.Fatal(err, got)
	}
	byTool := got.Content[0].(*mcp.TextContent).Text
	client, err := api.NewClient(a.server.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := client.Do(t.Context(), "criteria.explain", json.RawMessage(`{"id":"CC7.1"}`))
	if err != nil {
		t.Fatal(err)
	}
	var x, y api.Explanation
	if err := json.Unmarshal(raw, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(byTool), &y); err != nil {
		t.Fatal(err)
	}
	if x.ID != "CC7.1" || x.Status != "insufficient" || x.Why == "" || y.Why != x.Why || len(x.Controls) == 0 || len(x.Controls) != len(y.Controls) {
		t.Errorf("HTTP %+v\ntool %s", x, byTool)
	}
	bad, err := a.session(token).CallTool(t.Context(), &mcp.CallToolParams{Name: "criteria_explain", Arguments: map[string]any{"id": "CC99.9"}})
	if err != nil || !bad.IsError {
		t.Errorf("an unknown criterion: %v %+v", err, bad)
	}
	if _, err := client.Do(t.Context(), "findings.show", json.RawMessage(`{"ref":"F-1"}`)); err == nil || !strings.Contains(err.Error(), "F-1") {
		t.Errorf("a finding that is not there: %v", err)
	}
}

func TestHTTPSemantics(t *testing.T) {
	a := newPrograms(t)
	token := a.tokens[access.ComplianceManager]
	resp, body := a.ask(token, "GET", "/api/v1/populations", "")
	tag := resp.Header.Get("ETag")
	if resp.StatusCode != 200 || tag == "" {
		t.Fatalf("%s %s", resp.Status, body)
	}
	if resp, body = a.ask(token, "GET", "/api/v1/populations", "", "If-None-Match", tag); resp.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("unchanged: %s %q", resp.Status, body)
	}
	for _, c := range []struct {
		what, method, path, body string
		headers                  []string
		status                   int
		says                     string
	}{
		{"an unknown address", "GET", "/api/v1/moon", "", nil, 404, "openapi.json"},
		{"another method", "POST", "/api/v1/criteria", "{}", nil, 405, "takes GET"},
		{"an unknown field", "GET", "/api/v1/findings?color=red", "", nil, 422, `"field":"color"`},
		{"a field twice", "GET", "/api/v1/findings?limit=1&limit=2", "", nil, 422, "2 times"},
		{"no number", "GET", "/api/v1/findings?limit=ten", "", nil, 422, "whole number"},
		{"a day that has not come", "GET", "/api/v1/criteria?at=2999-01-01", "", nil, 422, `"field":"at"`},
		{"a day that is none", "GET", "/api/v1/criteria?at=yesterday", "", nil, 422, "2026-03-14"},
		{"a wrong cursor", "GET", "/api/v1/findings?cursor=%00", "", nil, 422, "cursor"},
		{"half an object", "POST", "/api/v1/waivers", `{"check":`, nil, 422, "no JSON object"},
		{"no object", "POST", "/api/v1/waivers", `[]`, nil, 422, "no JSON object"},
		{"two objects", "POST", "/api/v1/waivers", `{} {}`, nil, 422, "follows"},
		{"no announcement", "POST", "/api/v1/waivers", `{}`, []string{"Content-Type", "text/plain"}, 422, "application/json"},
		{"too large", "POST", "/api/v1/waivers", `{"reason":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 422, "larger"},
		{"fields in the address", "POST", "/api/v1/waivers?check=x", `{}`, nil, 422, "body"},
		{"a path's field in the body", "POST", "/api/v1/waivers/W-1/withdraw", `{"ref":"W-2","note":"x"}`, nil, 422, "ref"},
		{"a stale tag", "POST", "/api/v1/findings/F-1/acknowledge", `{}`, []string{"If-Match", `"x"`}, 404, "F-1"},
		{"a tag where nothing was", "POST", "/api/v1/waivers", `{"check":"a/b","reason":"0123456789","expires":"2999-01-01T00:00:00Z"}`, []string{"If-Match", `"x"`}, 422, "If-Match"},
		{"a key that cannot be", "POST", "/api/v1/waivers", `{"check":"a/b","reason":"0123456789","expires":"2999-01-01T00:00:00Z"}`, []string{"Idempotency-Key", strings.Repeat("k", 300)}, 422, "Idempotency-Key"},
	} {
		resp, body := a.ask(token, c.method, c.path, c.body, c.headers...)
		if resp.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %s %.300s; want %d with %q", c.what, resp.Status, body, c.status, c.says)
		}
		if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: announced as %s", c.what, got)
		}
	}
}

// The same key makes one change, whether asked twice in a row or at the same time.
func TestIdempotencyKey(t *testing.T) {
	a := newPrograms(t)
	token := a.tokens[access.ComplianceManager]
	ask := func(key, reason string) (*http.Response, string) {
		body, err := json.Marshal(map[string]any{"population": "hosts", "subject": "name printer", "cause": "not_an_item", "reason": reason, "expires": time.Now().Add(30 * 24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return a.ask(token, "POST", "/api/v1/exclusions", string(body), "Idempotency-Key", key)
	}
	// The expiry differs between calls unless it is fixed: one body for all.
	body := fmt.Sprintf(`{"population":"hosts","subject":"name printer","cause":"not_an_item","reason":"it prints and stores nothing","expires":%q}`, time.Now().Add(30*24*time.Hour).UTC().Format(time.RFC3339))
	same := func() (*http.Response, string) {
		return a.ask(token, "POST", "/api/v1/exclusions", body, "Idempotency-Key", "k1")
	}
	first, made := same()
	if first.StatusCode != 200 || first.Header.Get("Idempotency-Replayed") != "" {
		t.Fatalf("%s %s", first.Status, made)
	}
	again, repeated := same()
	if again.StatusCode != 200 || again.Header.Get("Idempotency-Replayed") != "true" || repeated != made {
		t.Errorf("%s %s", again.Status, repeated)
	}
	if resp, body := ask("k1", "something else entirely"); resp.StatusCode != http.StatusConflict {
		t.Errorf("the key for something else: %s %s", resp.Status, body)
	}
	if resp, _ := ask("k2", "short"); resp.StatusCode != 422 {
		t.Errorf("refused: %s", resp.Status)
	}
	if resp, body := ask("k2", "a reason that is long enough"); resp.StatusCode != 200 {
		t.Errorf("the key of a refused change can be used again: %s %s", resp.Status, body)
	}
	done := make(chan string, 8)
	for range 8 {
		go func() {
			req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), "POST", a.server.URL+"/api/v1/exclusions", bytes.NewReader([]byte(strings.Replace(body, "printer", "plotter", 1))))
			if err != nil {
				done <- err.Error()
				return
			}
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Idempotency-Key", "k3")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				done <- err.Error()
				return
			}
			resp.Body.Close()
			done <- resp.Status
		}()
	}
	for range 8 {
		if s := <-done; s != "200 OK" && s != "409 Conflict" {
			t.Errorf("at the same time: %s", s)
		}
	}
	_, all := a.ask(token, "GET", "/api/v1/exclusions", "")
	if n := strings.Count(all, `"subject":"name plotter"`); n != 1 {
		t.Errorf("%d exclusions of one key", n)
	}
	if err := a.api.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A leaver's token ends with the leaver.
func TestTokenEndsWithItsUser(t *testing.T) {
	a := newPrograms(t)
	token := a.tokens[access.Viewer]
	if resp, body := a.ask(token, "GET", "/api/v1/criteria/CC7.1", ""); resp.StatusCode != 200 {
		t.Fatalf("%s %s", resp.Status, body)
	}
	if err := a.p.access.Disable(t.Context(), a.admin, a.ids[access.Viewer].UserID); err != nil {
		t.Fatal(err)
	}
	if resp, _ := a.ask(token, "GET", "/api/v1/criteria/CC7.1", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a leaver's token still opens: %s", resp.Status)
	}
}
