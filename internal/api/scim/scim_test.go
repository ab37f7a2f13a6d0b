package scim

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// bench is a deployment with an administrator and a directory that speaks to it.
type bench struct {
	t      *testing.T
	db     *database.DB
	log    *ledger.Log
	users  *access.Service
	dir    *directory.Service
	clock  *clock.Manual
	server *httptest.Server
	admin  access.Principal
	token  string
}

func each(t *testing.T, f func(b *bench)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := &bench{t: t, db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
		at, ctx := t.TempDir(), t.Context()
		var err error
		b.log, err = ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(at, "ledger"), KeyFile: filepath.Join(at, "ledger.key"), Clock: b.clock.Now})
		b.must(err)
		t.Cleanup(func() { b.log.Close() })
		b.users, err = access.New(access.Config{DB: db, Ledger: b.log, Clock: b.clock.Now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
		b.must(err)
		b.dir, err = directory.New(directory.Config{DB: db, Access: b.users, Ledger: b.log, Clock: b.clock.Now})
		b.must(err)
		b.admin = b.enter(access.NewUser{Login: "admin", Name: "Administrator", Role: access.Administrator}).Principal
		_, b.token, err = b.users.MakeDirectoryToken(ctx, b.admin, "Okta", 24*time.Hour)
		b.must(err)
		b.server = httptest.NewServer(New(Config{Access: b.users, Directory: b.dir, Ledger: b.log, Logger: slog.New(slog.DiscardHandler), PublicURL: "https://attesta.example.org"}))
		t.Cleanup(b.server.Close)
		f(b)
	})
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// enter adds somebody by hand and logs them in.
func (b *bench) enter(n access.NewUser) access.Login {
	b.t.Helper()
	u, err := b.users.AddUser(b.t.Context(), access.System(), n)
	b.must(err)
	return b.link(u.ID)
}

func (b *bench) link(userID string) access.Login {
	b.t.Helper()
	link, err := b.users.LoginLink(b.t.Context(), access.System(), userID, access.FirstLogin)
	b.must(err)
	l, err := b.users.UseLink(b.t.Context(), link.Token, access.Client{})
	b.must(err)
	return l
}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	head   http.Header
	raw    string
	doc    map[string]any
}

// ask sends a request as the directory, with headers as name, value pairs.
func (b *bench) ask(method, path, body string, headers ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+Prefix+path, strings.NewReader(body))
	b.must(err)
	req.Header.Set("Authorization", "Bearer "+b.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := http.DefaultClient.Do(req)
	b.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	b.must(err)
	a := answer{t: b.t, status: resp.StatusCode, head: resp.Header, raw: string(raw)}
	if len(raw) > 0 {
		if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&a.doc); err != nil {
			b.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
	return a
}

// is holds the status, and the scimType of an error.
func (a answer) is(status int, typ ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%d, want %d: %s", a.status, status, a.raw)
	}
	if len(typ) > 0 && a.text("scimType") != typ[0] {
		a.t.Fatalf("scimType %q, want %q: %s", a.text("scimType"), typ[0], a.raw)
	}
	if status >= 400 && (a.text("status") == "" || a.text("detail") == "" || !strings.Contains(a.raw, errorSchema)) {
		a.t.Fatalf("no error as the RFC has it: %s", a.raw)
	}
	return a
}

// text gives a value by a path of names.
func (a answer) text(path ...string) string {
	doc := a.doc
	for _, p := range path[:len(path)-1] {
		doc, _ = doc[p].(map[string]any)
	}
	switch v := doc[path[len(path)-1]].(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			a.t.Fatal(err)
		}
		return string(raw)
	}
}

func (a answer) found() []string {
	var ids []string
	list, _ := a.doc["Resources"].([]any)
	for _, x := range list {
		ids = append(ids, text(x.(map[string]any), "id"))
	}
	return ids
}

// person adds a user as a directory does, and gives the id.
func (b *bench) person(name string) string {
	b.t.Helper()
	return b.ask("POST", "/Users", `{"schemas":["`+userSchema+`"],"userName":"`+name+`@example.org","externalId":"ext-`+name+`","displayName":"`+name+` Quill",
		"name":{"givenName":"`+name+`","familyName":"Quill"},"emails":[{"value":"`+name+`@example.org","type":"work","primary":true}],"active":true}`).is(201).text("id")
}

func (b *bench) group(name string, members ...string) string {
	b.t.Helper()
	list := []string{}
	for _, m := range members {
		list = append(list, `{"value":"`+m+`"}`)
	}
	return b.ask("POST", "/Groups", `{"schemas":["`+groupSchema+`"],"displayName":"`+name+`","members":[`+strings.Join(list, ",")+`]}`).is(201).text("id")
}

func ops(list ...string) string {
	return `{"schemas":["` + patchSchema + `"],"Operations":[` + strings.Join(list, ",") + `]}`
}

func (b *bench) account(id string) access.User {
	b.t.Helper()
	u, err := b.users.User(b.t.Context(), access.System(), id)
	b.must(err)
	return u
}

// What Okta sends when somebody is assigned, renamed, put into groups and
// taken out again, in its order.
func TestOkta(t *testing.T) {
	each(t, func(b *bench) {
		look := "/Users?filter=userName+eq+%22tess.quill%40example.org%22&startIndex=1&count=100"
		if a := b.ask("GET", look, "").is(200); a.text("totalResults") != "0" || a.text("Resources") != "[]" {
			t.Fatalf("nobody is found as %s", a.raw)
		}
		made := b.ask("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"tess.quill@example.org",
			"name":{"givenName":"Tess","familyName":"Quill"},"emails":[{"primary":true,"value":"tess.quill@example.org","type":"work"}],
			"displayName":"Tess Quill","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`).is(201)
		id := made.text("id")
		if made.head.Get("Location") != "https://attesta.example.org/scim/v2/Users/"+id || made.head.Get("ETag") != `W/"1"` || made.head.Get("Content-Type") != "application/scim+json" ||
			made.text("meta", "resourceType") != "User" || strings.Contains(made.raw, "1mz050nq") {
			t.Errorf("%v %s", made.head, made.raw)
		}
		if u := b.account(id); u.Login != "tess.quill" || u.Email != "tess.quill@example.org" || u.Name != "Tess Quill" || u.Role != "" || !u.Disabled || u.HasPassword {
			t.Errorf("the account is %+v", u)
		}
		if a := b.ask("GET", look, "").is(200); !slices.Equal(a.found(), []string{id}) {
			t.Errorf("found %s", a.raw)
		}
		if a := b.ask("PUT", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"`+id+`","userName":"tess.rook@example.org",
			"name":{"givenName":"Tess","familyName":"Rook"},"emails":[{"primary":true,"value":"tess.rook@example.org","type":"work"}],"active":true,"groups":[],
			"meta":{"resourceType":"User"}}`).is(200); a.text("userName") != "tess.rook@example.org" || a.text("displayName") != "" || a.head.Get("ETag") != `W/"2"` {
			t.Errorf("replaced: %s", a.raw)
		}
		g := b.group("Attesta responders")
		b.must(b.dir.Map(t.Context(), b.admin, g, access.Responder))
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"add","path":"members","value":[{"value":"`+id+`","display":"tess.rook@example.org"}]}`)).is(204)
		if u := b.account(id); u.Role != access.Responder || u.Disabled || u.Directory != access.KeptIn {
			t.Errorf("in the group: %+v", u)
		}
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"replace","value":{"id":"`+g+`","displayName":"Attesta on call"}}`)).is(204)
		if a := b.ask("GET", "/Groups/"+g, "").is(200); a.text("displayName") != "Attesta on call" || !strings.Contains(a.raw, id) {
			t.Errorf("renamed: %s", a.raw)
		}
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"remove","path":"members[value eq \"`+id+`\"]"}`)).is(204)
		if u := b.account(id); u.Role != "" || !u.Disabled {
			t.Errorf("out of the group: %+v", u)
		}
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"replace","path":"members","value":[{"value":"`+id+`"}]}`)).is(204)
		if a := b.ask("PATCH", "/Users/"+id, ops(`{"op":"replace","value":{"active":false}}`)).is(200); a.text("active") != "false" {
			t.Errorf("deactivated: %s", a.raw)
		}
		if u := b.account(id); !u.Disabled || u.Role != access.Responder {
			t.Errorf("deactivated: %+v", u)
		}
		b.ask("PATCH", "/Users/"+id, ops(`{"op":"replace","value":{"active":true}}`)).is(200)
		if u := b.account(id); u.Disabled {
			t.Errorf("activated again: %+v", u)
		}
		b.ask("DELETE", "/Groups/"+g, "").is(204)
		if u := b.account(id); !u.Disabled {
			t.Errorf("the group is gone: %+v", u)
		}
	})
}

// What Entra sends: capitals, booleans as text, paths with filters, and
// attributes that nobody keeps.
func TestEntra(t *testing.T) {
	each(t, func(b *bench) {
		b.ask("GET", "/Users?filter=externalId+eq+%22maeve%22", "", "Accept", "application/json").is(200)
		made := b.ask("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
			"externalId":"maeve","userName":"maeve@example.org","active":"True","displayName":"Maeve Doyle",
			"emails":[{"primary":true,"type":"work","value":"maeve@example.org"}],"meta":{"resourceType":"User"},"title":"Engineer",
			"name":{"formatted":"Maeve Doyle","familyName":"Doyle","givenName":"Maeve"},
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Operations","manager":{"value":"x"}}}`, "Content-Type", "application/json").is(201)
		id := made.text("id")
		if made.text("active") != "true" {
			t.Errorf("active is %s", made.text("active"))
		}
		for _, f := range []string{`userName eq "MAEVE@example.org"`, `externalId eq "maeve"`, `emails[type eq "work"].value eq "maeve@example.org"`, `active eq true`, `active eq "True"`,
			`id eq "` + id + `" and active eq true`} {
			if a := b.ask("GET", "/Users?filter="+escape(f), "").is(200); !slices.Equal(a.found(), []string{id}) {
				t.Errorf("%s finds %s", f, a.raw)
			}
		}
		a := b.ask("PATCH", "/Users/"+id, ops(
			`{"op":"Replace","path":"displayName","value":"Maeve D."}`,
			`{"op":"Add","path":"name.familyName","value":"Dillon"}`,
			`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"maeve.d@example.org"}`,
			`{"op":"Add","path":"emails[type eq \"home\"].value","value":"home@example.org"}`,
			`{"op":"Add","path":"phoneNumbers[type eq \"work\"].value","value":"123"}`,
			`{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Sales"}`,
			`{"op":"Replace","value":{"name.givenName":"Em","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division":"x"}}`)).is(200)
		if a.text("displayName") != "Maeve D." || a.text("name") != `{"familyName":"Dillon","formatted":"Maeve Doyle","givenName":"Em"}` ||
			a.text("emails") != `[{"primary":true,"type":"work","value":"maeve.d@example.org"},{"type":"home","value":"home@example.org"}]` {
			t.Errorf("patched: %s", a.raw)
		}
		if u := b.account(id); u.Email != "maeve.d@example.org" || u.Name != "Maeve D." {
			t.Errorf("the account is %+v", u)
		}
		g := b.ask("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"8aa1","displayName":"Auditors","meta":{"resourceType":"Group"}}`).is(201).text("id")
		if a := b.ask("GET", "/Groups?excludedAttributes=members&filter="+escape(`displayName eq "auditors"`), "").is(200); !slices.Equal(a.found(), []string{g}) {
			t.Errorf("the group is found as %s", a.raw)
		}
		b.must(b.dir.Map(t.Context(), b.admin, g, access.Auditor))
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"Add","path":"members","value":[{"$ref":null,"value":"`+id+`"}]}`)).is(204)
		if u := b.account(id); u.Role != access.Auditor || u.Disabled {
			t.Errorf("in the group: %+v", u)
		}
		if a := b.ask("GET", "/Groups/"+g+"?excludedAttributes=members", "").is(200); strings.Contains(a.raw, id) {
			t.Errorf("members were not asked for: %s", a.raw)
		}
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"Remove","path":"members","value":[{"value":"`+id+`"}]}`)).is(204)
		if u := b.account(id); !u.Disabled {
			t.Errorf("out of the group: %+v", u)
		}
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"Add","path":"members","value":[{"value":"`+id+`"}]}`)).is(204)
		if a := b.ask("PATCH", "/Users/"+id, ops(`{"op":"Replace","path":"active","value":"False"}`)).is(200); a.text("active") != "false" || !b.account(id).Disabled {
			t.Errorf("deactivated: %s", a.raw)
		}
		b.ask("DELETE", "/Users/"+id, "").is(204)
		b.ask("GET", "/Users/"+id, "").is(404)
		if u := b.account(id); !u.Disabled || u.Email != "" || u.Role != "" || strings.Contains(u.Login, "maeve") {
			t.Errorf("deleted: %+v", u)
		}
		if again := b.person("maeve"); again == id {
			t.Error("an identifier was given twice")
		}
	})
}

func escape(s string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", `"`, "%22", "&", "%26", "+", "%2B", "#", "%23", "[", "%5B", "]", "%5D").Replace(s)
}

// Whoever leaves is out with the answer to the directory: session, half
// session, login link, token, and what hangs on leaving.
func TestLeaver(t *testing.T) {
	for name, leave := range map[string]func(b *bench, user, group string) answer{
		"deactivated": func(b *bench, u, _ string) answer {
			return b.ask("PATCH", "/Users/"+u, ops(`{"op":"replace","value":{"active":false}}`))
		},
		"deleted": func(b *bench, u, _ string) answer { return b.ask("DELETE", "/Users/"+u, "") },
		"out of the group": func(b *bench, u, g string) answer {
			return b.ask("PATCH", "/Groups/"+g, ops(`{"op":"remove","path":"members"}`))
		},
		"group deleted": func(b *bench, _, g string) answer { return b.ask("DELETE", "/Groups/"+g, "") },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				ctx := t.Context()
				id := b.person("tess")
				g := b.group("staff", id)
				b.must(b.dir.Map(ctx, b.admin, g, access.Contributor))
				l := b.link(id)
				_, token, err := b.users.MakeToken(ctx, l.Principal, access.NewAPIToken{Name: "export", Actions: []access.Action{access.Read}, Life: time.Hour})
				b.must(err)
				if _, err := b.users.Session(ctx, l.Token); err != nil {
					t.Fatal(err)
				}
				if _, err := b.users.SetPassword(ctx, l.Principal, "", "a few words in a row"); !fault.Is(err, fault.Forbidden) {
					t.Errorf("a directory's account gets a password: %v", err)
				}
				link, err := b.users.LoginLink(ctx, access.System(), id, access.FirstLogin)
				b.must(err)
				if a := leave(b, id, g); a.status >= 300 {
					t.Fatal(a.raw)
				}
				if _, err := b.users.Session(ctx, l.Token); !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("the session is still open: %v", err)
				}
				if _, err := b.users.Token(ctx, token); !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("the token is still good: %v", err)
				}
				if _, err := b.users.UseLink(ctx, link.Token, access.Client{}); err == nil {
					t.Error("the link still opens")
				}
				if err := b.users.Enable(ctx, b.admin, id); !fault.Is(err, fault.Conflict) {
					t.Errorf("opened again by hand: %v", err)
				}
				if name != "deactivated" {
					return
				}
				b.ask("PATCH", "/Users/"+id, ops(`{"op":"replace","value":{"active":true}}`)).is(200)
				if _, err := b.users.Token(ctx, token); err == nil {
					t.Error("a token comes back to life with its user")
				}
			})
		})
	}
}

// A directory cannot lock an organisation out of its own deployment.
func TestLastAdministrator(t *testing.T) {
	each(t, func(b *bench) {
		ctx := t.Context()
		id := b.person("tess")
		g := b.group("administrators", id)
		b.must(b.dir.Map(ctx, b.admin, g, access.Administrator))
		b.must(b.users.Disable(ctx, b.link(id).Principal, b.admin.UserID))
		for what, a := range map[string]answer{
			"deactivation":   b.ask("PATCH", "/Users/"+id, ops(`{"op":"replace","value":{"active":false}}`)),
			"deletion":       b.ask("DELETE", "/Users/"+id, ""),
			"group change":   b.ask("PATCH", "/Groups/"+g, ops(`{"op":"remove","path":"members[value eq \"`+id+`\"]"}`)),
			"group deletion": b.ask("DELETE", "/Groups/"+g, ""),
			"replacement":    b.ask("PUT", "/Groups/"+g, `{"schemas":["`+groupSchema+`"],"displayName":"administrators","members":[]}`),
		} {
			if a.status != http.StatusConflict || a.text("scimType") != "" || !strings.Contains(a.text("detail"), "last administrator") {
				t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		if u := b.account(id); u.Role != access.Administrator || u.Disabled {
			t.Errorf("the administrator is %+v", u)
		}
		p := b.link(id).Principal
		if err := b.dir.Map(ctx, p, g, access.Viewer); !fault.Is(err, fault.Conflict) {
			t.Errorf("the mapping takes the last administrator away: %v", err)
		}
		if err := b.dir.Map(ctx, p, g, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("no mapping takes the last administrator away: %v", err)
		}
	})
}

// A directory's token keeps accounts and does nothing else; no other token
// keeps accounts; a mapping is a proved administrator's.
func TestWhoMay(t *testing.T) {
	each(t, func(b *bench) {
		ctx := t.Context()
		if _, err := b.users.Token(ctx, b.token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a directory's token opens the API: %v", err)
		}
		p, err := b.users.DirectoryToken(ctx, b.token)
		b.must(err)
		for _, a := range access.Actions() {
			if got := access.Authorise(p, a) == nil; got != (a == access.Provision) {
				t.Errorf("a directory's token, %s: %v", a, got)
			}
		}
		_, own, err := b.users.MakeToken(ctx, b.admin, access.NewAPIToken{Name: "x", Actions: access.TokenActions(access.Administrator), Life: time.Hour})
		b.must(err)
		if _, _, err := b.users.MakeToken(ctx, b.admin, access.NewAPIToken{Name: "x", Actions: []access.Action{access.Provision}, Life: time.Hour}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a token of one's own keeps accounts: %v", err)
		}
		good := b.token
		for what, token := range map[string]string{"an administrator's token": own, "none": "", "a wrong one": "atta_" + strings.Repeat("A", 43), "no token": "x"} {
			b.token = token
			for _, path := range []string{"/Users", "/Groups", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/nothing"} {
				if a := b.ask("GET", path, "").is(401); a.head.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: %v", what, a.head)
				}
			}
		}
		b.token = good
		g := b.group("staff")
		stale := b.admin
		stale.Stale = true
		if err := b.dir.Map(ctx, stale, g, access.Administrator); !access.NeedsProof(err) {
			t.Errorf("mapped without showing who is there: %v", err)
		}
		if _, _, err := b.users.MakeDirectoryToken(ctx, stale, "x", time.Hour); !access.NeedsProof(err) {
			t.Errorf("made without showing who is there: %v", err)
		}
		manager := b.enter(access.NewUser{Login: "manager", Name: "Manager", Role: access.ComplianceManager}).Principal
		if err := b.dir.Map(ctx, manager, g, access.Viewer); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a manager maps: %v", err)
		}
		if _, _, err := b.users.MakeDirectoryToken(ctx, manager, "x", time.Hour); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a manager makes a directory's token: %v", err)
		}
		// whoever made it leaves: the directory still says who else does
		b.must(b.users.Disable(ctx, b.enter(access.NewUser{Login: "second", Name: "Second", Role: access.Administrator}).Principal, b.admin.UserID))
		b.ask("GET", "/Users", "").is(200)
		tokens, err := b.users.DirectoryTokens(ctx, access.System())
		b.must(err)
		b.must(b.users.RevokeToken(ctx, access.System(), tokens[0].ID))
		b.ask("GET", "/Users", "").is(401)
	})
}

// An account that was made by hand is not a directory's to take.
func TestNotTakenOver(t *testing.T) {
	each(t, func(b *bench) {
		u, err := b.users.AddUser(t.Context(), access.System(), access.NewUser{Login: "tess", Name: "Tess", Email: "tess@example.org", Role: access.Viewer})
		b.must(err)
		a := b.ask("POST", "/Users", `{"schemas":["`+userSchema+`"],"userName":"tess@example.org"}`).is(409, "uniqueness")
		if !strings.Contains(a.text("detail"), "by hand") {
			t.Errorf("no reason: %s", a.raw)
		}
		b.ask("GET", "/Users/"+u.ID, "").is(404)
		b.ask("DELETE", "/Users/"+u.ID, "").is(404)
		b.ask("PATCH", "/Users/"+u.ID, ops(`{"op":"replace","value":{"active":false}}`)).is(404)
		g := b.ask("POST", "/Groups", `{"schemas":["`+groupSchema+`"],"displayName":"g","members":[{"value":"`+u.ID+`"}]}`)
		g.is(400, "invalidValue")
		id := b.ask("POST", "/Users", `{"schemas":["`+userSchema+`"],"userName":"tess"}`).is(201).text("id")
		if login := b.account(id).Login; login != "tess-2" {
			t.Errorf("the login is %s", login)
		}
		for what, err := range map[string]error{
			"role":   b.users.SetRole(t.Context(), b.admin, id, access.Administrator),
			"name":   b.users.Rename(t.Context(), b.admin, id, "other", "Other", ""),
			"enable": b.users.Enable(t.Context(), b.admin, id),
		} {
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("%s is changed by hand: %v", what, err)
			}
		}
	})
}

// A closed account stays closed while the directory says what it said before.
func TestClosedByHand(t *testing.T) {
	each(t, func(b *bench) {
		id := b.person("tess")
		g := b.group("staff", id)
		b.must(b.dir.Map(t.Context(), b.admin, g, access.Viewer))
		b.must(b.users.Disable(t.Context(), b.admin, id))
		b.ask("PATCH", "/Users/"+id, ops(`{"op":"replace","path":"displayName","value":"T"}`, `{"op":"replace","path":"active","value":true}`)).is(200)
		if !b.account(id).Disabled {
			t.Error("the directory opened what an administrator closed")
		}
		b.must(b.users.Enable(t.Context(), b.admin, id))
		if b.account(id).Disabled {
			t.Error("it cannot be opened again")
		}
	})
}
