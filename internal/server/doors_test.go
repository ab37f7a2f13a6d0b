package server

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/api"
	"github.com/attesta/attesta/internal/api/scim"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/web"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// caller is somebody who knocks at every door: by a session, by a token, and
// in whose name commands are given.
type caller struct {
	name  string
	role  access.Role // "" is nobody
	login string
	c     *http.Client
	token string
}

// street is a deployment with a caller for each role, and callers who must get
// nowhere.
type street struct {
	t       *testing.T
	in      *deployment
	control presence
	callers []*caller // of each role, the auditor of engagement 1 among them
	other   *caller   // auditor of engagement 2
	left    *caller   // whose account was disabled with a session and a token open
	nobody  *caller
	forged  *caller // with a cookie and a token of the right form
}

func newStreet(t *testing.T) *street {
	t.Helper()
	in := begin(t, local(t.TempDir()), Options{})
	v := in.login()
	control, err := DataDir(in.cfg.Data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	s := &street{t: t, in: in, control: control}
	for _, r := range access.Roles() {
		c := &caller{name: strings.ToLower(r.Title()), role: r, login: strings.ReplaceAll(string(r), "_", "-")}
		if r == access.Administrator {
			c.login, c.c = "admin", v.c
			c.c.CheckRedirect = stay
			s.makeToken(c)
		} else {
			s.add(c)
		}
		s.callers = append(s.callers, c)
	}
	s.other = &caller{name: "auditor of another", role: access.Auditor, login: "other"}
	s.left = &caller{name: "who left", role: access.Contributor, login: "left"}
	s.add(s.other)
	s.add(s.left)
	s.do("/-/users/do", userCommand{As: "admin", Do: "disable", Login: "left"}, nil)
	s.nobody = &caller{name: "nobody", c: s.browser()}
	s.forged = &caller{name: "forged", c: s.browser(), token: "atta_" + strings.Repeat("A", 43)}
	u, err := url.Parse(in.ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range v.c.Jar.Cookies(u) {
		if cookie.Name == "attesta" {
			s.forged.c.Jar.SetCookies(u, []*http.Cookie{{Name: cookie.Name, Value: cookie.Value[:len(cookie.Value)-8] + "AAAAAAAA"}})
		}
	}
	if len(s.forged.c.Jar.Cookies(u)) == 0 {
		t.Fatal("no session cookie to forge")
	}

	for n, auditor := range []string{"auditor", "other"} {
		title, from, to, logins, ask := fmt.Sprintf("SOC 2 number %d", n+1), "2026-01-01", "2026-06-30", []string{auditor}, "Code of conduct"
		s.do("/-/engagement", engagementCommand{As: "admin", Title: &title, From: &from, To: &to, Auditors: &logins}, nil)
		s.do("/-/request", requestCommand{As: "admin", Number: n + 1, Ref: "R-1", Ask: ask}, nil)
	}
	return s
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (s *street) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: stay}
}

// command gives a command of the command line and the kind of the refusal, or "".
func (s *street) command(path string, header http.Header, body io.Reader) (raw []byte, status int) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.control.Address+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if raw, err = io.ReadAll(resp.Body); err != nil {
		s.t.Fatal(err)
	}
	return raw, resp.StatusCode
}

func (s *street) trusted() http.Header {
	return http.Header{"Authorization": {"Bearer " + s.control.Token}}
}

// do gives a command that must be done.
func (s *street) do(path string, c, into any) {
	s.t.Helper()
	body, err := json.Marshal(c)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, status := s.command(path, s.trusted(), bytes.NewReader(body))
	if status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", path, body, status, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			s.t.Fatal(err)
		}
	}
}

// add adds a user and opens a session and a token.
func (s *street) add(c *caller) {
	s.t.Helper()
	c.c = s.browser()
	var u userAnswer
	s.do("/-/users/do", userCommand{As: "admin", Do: "add", Login: c.login, Name: "Somebody", Role: string(c.role)}, &u)
	s.enter(c, u.Link)
	s.makeToken(c)
}

// enter opens a session by a one-time link.
func (s *street) enter(c *caller, link string) {
	s.t.Helper()
	resp, err := c.c.PostForm(link, url.Values{"do": {"skip"}})
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("the link of %s: %s", c.name, resp.Status)
	}
}

var tokenText = regexp.MustCompile(`atta_[A-Za-z0-9_-]{20,}`)

func (s *street) makeToken(c *caller) {
	s.t.Helper()
	actions := url.Values{"name": {"walk"}, "days": {"1"}}
	for _, a := range access.TokenActions(c.role) {
		actions.Add("actions", string(a))
	}
	resp, err := c.c.PostForm(s.in.ready.URL+"/account/tokens", actions)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if c.token = tokenText.FindString(string(body)); c.token == "" {
		s.t.Fatalf("%s was given no token: %s\n%s", c.name, resp.Status, body)
	}
}

// values fills the wildcards of patterns: what there is in the street, and
// otherwise something of the right form.
var values = map[string]string{
	"{$}": "", "{number}": "1", "{ref}": "R-1", "{id}": "CC6.1", "{slug}": "access-review", "{pack}": "linux-server", "{check}": "sshd-root-login",
	"{section}": "sshd", "{version}": "1", "{extraction}": "pex_1", "{package}": "exp_1", "{entry}": "0", "{file}": "items.csv", "{list}": "findings", "{token}": "nothing", "{name}": "none",
}

var wildcard = regexp.MustCompile(`\{[a-z$_]+\}`)

func (s *street) fill(pattern string) (method, path string) {
	s.t.Helper()
	method, path, _ = strings.Cut(pattern, " ")
	path = wildcard.ReplaceAllStringFunc(path, func(w string) string {
		v, ok := values[w]
		if !ok {
			v = "x"
		}
		return v
	})
	return method, path
}

// knock asks a screen as somebody who is logged in, and gives the status and
// where the answer leads.
func (s *street) knock(c *http.Client, pattern string, header ...string) (status int, to string) {
	s.t.Helper()
	method, path := s.fill(pattern)
	var body io.Reader
	if method != http.MethodGet {
		body = strings.NewReader("")
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.in.ready.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := c.Do(req)
	if err != nil {
		s.t.Fatalf("%s: %v", pattern, err)
	}
	resp.Body.Close() // a stream of events has no end
	return resp.StatusCode, resp.Header.Get("Location")
}

// row is a line of the matrix.
type row struct {
	door  string
	cells []string
}

func (s *street) matrix(rows []row) {
	names := []string{"nobody", "another's"}
	for _, c := range s.callers {
		names = append(names, c.name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-72s %s\n", "door", strings.Join(names, " | "))
	for _, r := range rows {
		fmt.Fprintf(&b, "%-72s", r.door)
		for i, cell := range r.cells {
			fmt.Fprintf(&b, " %-*s", len(names[i])+2, cell)
		}
		b.WriteByte('\n')
	}
	s.t.Log(b.String())
}

func yes(open bool) string {
	if open {
		return "yes"
	}
	return "-"
}

// Real requests at every door of a running server: each screen, operation and
// command that there is, with every role, with no session, with one that was
// made up, with that of somebody who left, with that of another engagement's
// auditor, and from another site. Nothing is open that the table of role and
// action does not open, and what it opens answers.
func TestEveryDoor(t *testing.T) {
	s := newStreet(t)
	t.Run("screens", func(t *testing.T) { s.t = t; s.screens() })
	t.Run("operations", func(t *testing.T) { s.t = t; s.operations() })
	t.Run("tools", func(t *testing.T) { s.t = t; s.tools() })
	t.Run("commands", func(t *testing.T) { s.t = t; s.commands() })
	t.Run("the rest", func(t *testing.T) { s.t = t; s.rest() })
}

// narrower are screens whose service asks for more than the route does, by
// what is asked: the route's action is needed and does not suffice.
var narrower = map[string]string{
	"POST /export/{list}":             "the list's own action",
	"POST /controls/{slug}/instances": "a waiver of an instance asks for instance.waive",
}

func (s *street) screens() {
	t := s.t
	toDoor := func(status int, to string) bool {
		return status == http.StatusSeeOther && strings.HasPrefix(to, "/login") || status == http.StatusUnauthorized
	}
	var rows []row
	for _, a := range web.Addresses((&parts{}).areas()...) {
		if a.Action == "" {
			if status, _ := s.knock(s.nobody.c, a.Pattern); status == http.StatusForbidden || status >= 500 {
				t.Errorf("the open door %s answers %d", a.Pattern, status)
			}
			rows = append(rows, row{a.Pattern, []string{"yes"}})
			continue
		}
		for _, c := range []*caller{s.nobody, s.forged, s.left} {
			if status, to := s.knock(c.c, a.Pattern); !toDoor(status, to) {
				t.Errorf("%s as %s: %d %s", a.Pattern, c.name, status, to)
			}
		}
		cells := []string{"-"}
		status, _ := s.knock(s.other.c, a.Pattern)
		if strings.Contains(a.Pattern, "/engagements/{number}") && status != http.StatusForbidden && status != http.StatusNotFound {
			t.Errorf("%s as the auditor of another engagement: %d", a.Pattern, status)
		}
		cells = append(cells, yes(status != http.StatusForbidden && status != http.StatusNotFound))
		s.relogin(a.Pattern, s.other)
		for _, c := range s.callers {
			status, to := s.knock(c.c, a.Pattern)
			s.relogin(a.Pattern, c)
			may, open := access.May(c.role, a.Action), status != http.StatusForbidden
			if status >= 500 || a.Pattern != "POST /logout" && toDoor(status, to) {
				t.Errorf("%s as %s: %d %s", a.Pattern, c.name, status, to)
			}
			if open != may && (open || narrower[a.Pattern] == "") {
				t.Errorf("%s as %s: %d; the table says %v", a.Pattern, c.name, status, may)
			}
			cells = append(cells, yes(open))
		}
		rows = append(rows, row{a.Pattern, cells})
		if strings.HasPrefix(a.Pattern, "POST ") {
			for _, c := range s.callers[:2] {
				if status, _ := s.knock(c.c, a.Pattern, "Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example"); status != http.StatusForbidden {
					t.Errorf("%s from another site as %s: %d", a.Pattern, c.name, status)
				}
			}
		}
	}
	s.matrix(rows)
	if status, _ := s.knock(s.callers[slices.Index(access.Roles(), access.Auditor)].c, "GET /engagements/{number}/requests/{ref}"); status != http.StatusOK {
		t.Errorf("the auditor's own engagement answers %d: the walk of another's shows nothing", status)
	}
}

// relogin opens a session again where the address ended it.
func (s *street) relogin(pattern string, c *caller) {
	if pattern != "POST /logout" {
		return
	}
	var link controlAnswer
	s.do("/-/link", controlQuestion{User: c.login}, &link)
	s.enter(c, link.Text)
}

// said is what operations below an engagement need beside their path.
var said = map[string]map[string]any{"requests.write": {"text": "the walk"}, "references.declare": {"name": "web", "host": "hst_1", "group": "web-*", "reason": "the walk"}, "references.replace": {"reason": "the walk"}, "references.approve": {"seen": "0", "reason": "the walk"}}

// input is what an operation is asked with: its path's fields, and what is said.
func input(o *api.Operation) map[string]any {
	m := map[string]any{}
	for _, w := range wildcard.FindAllString(o.Path, -1) {
		m[strings.Trim(w, "{}")] = values[w]
		if w == "{number}" {
			m["number"] = 1
		}
	}
	maps.Copy(m, said[o.Name])
	return m
}

// program asks an operation with a token and gives the status.
func (s *street) program(o *api.Operation, c *caller) (int, string) {
	s.t.Helper()
	method, path := s.fill(o.Method + " " + api.Prefix + o.Path)
	body, err := json.Marshal(said[o.Name])
	if err != nil {
		s.t.Fatal(err)
	}
	if said[o.Name] == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.in.ready.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.c.Do(req) // the session's cookie goes along, and opens nothing
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusUnauthorized && (resp.Header.Get("WWW-Authenticate") == "" || !strings.Contains(string(text), `"kind":"unauthenticated"`)) {
		s.t.Errorf("%s does not say what it wants: %v %s", o.Name, resp.Header, text)
	}
	return resp.StatusCode, string(text)
}

// byVerb asks the same in the name of a user, as `attesta api` does.
func (s *street) byVerb(o *api.Operation, login string) int {
	s.t.Helper()
	in, err := json.Marshal(input(o))
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := json.Marshal(operationCommand{login, o.Name, in})
	if err != nil {
		s.t.Fatal(err)
	}
	_, status := s.command("/-/operation", s.trusted(), bytes.NewReader(body))
	return status
}

// ownWord are operations that no token opens: what they say is somebody's own
// word, or a person proves once more who they are. The verb speaks in a user's
// name and may.
var ownWord = map[string]bool{"places.token": true, "badge-systems.token": true, "policies.acknowledge": true, "people.approve": true, "people.remove-source": true, "segmentation-plans.approve": true, "firewall-reviews.approve": true, "references.declare": true, "references.replace": true, "references.approve": true}

func (s *street) operations() {
	t := s.t
	var rows []row
	for _, o := range api.New(api.Config{}).Operations() {
		for _, c := range []*caller{s.nobody, s.forged, s.left, {name: "a session alone", c: s.callers[0].c}} {
			if status, body := s.program(o, c); status != http.StatusUnauthorized {
				t.Errorf("%s as %s: %d %s", o.Name, c.name, status, body)
			}
		}
		if status := s.byVerb(o, s.left.login); status != http.StatusForbidden {
			t.Errorf("the verb %s in the name of who left: %d", o.Name, status)
		}
		cells := []string{"-"}
		status, body := s.program(o, s.other)
		open := status != http.StatusForbidden && status != http.StatusNotFound
		if strings.Contains(o.Path, "/engagements/{number}") && (open || s.byVerb(o, s.other.login) == http.StatusOK) {
			t.Errorf("%s as the auditor of another engagement: %d %s", o.Name, status, body)
		}
		cells = append(cells, yes(open))
		for _, c := range s.callers {
			status, body := s.program(o, c)
			open, may := status != http.StatusForbidden, access.May(c.role, o.Action)
			if status >= 500 || status == http.StatusUnauthorized || open != (may && !ownWord[o.Name]) {
				t.Errorf("%s as %s: %d, the table says %v: %s", o.Name, c.name, status, may, body)
			}
			if verb := s.byVerb(o, c.login); (verb != http.StatusForbidden) != may || verb >= 500 {
				t.Errorf("the verb %s in the name of %s: %d, the table says %v", o.Name, c.name, verb, may)
			}
			cells = append(cells, yes(open))
		}
		rows = append(rows, row{o.Method + " " + api.Prefix + o.Path + " (" + o.Name + ")", cells})
	}
	s.matrix(rows)
}

func (s *street) tools() {
	t := s.t
	var all []*api.Operation
	for _, o := range api.New(api.Config{}).Operations() {
		if o.Tool() {
			all = append(all, o)
		}
	}
	if len(all) < 10 {
		t.Fatalf("only %d tools", len(all))
	}
	var rows []row
	for _, o := range all {
		rows = append(rows, row{strings.ReplaceAll(o.Name, ".", "_"), []string{"-", ""}})
	}
	for _, c := range append([]*caller{s.other}, s.callers...) {
		client := mcp.NewClient(&mcp.Implementation{Name: "walk", Version: "1"}, nil)
		ses, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: s.in.ready.URL + "/mcp", HTTPClient: &http.Client{Transport: bearer(c.token)}, DisableStandaloneSSE: true}, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		list, err := ses.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range all {
			name, may := rows[i].door, access.May(c.role, o.Action)
			offered := slices.ContainsFunc(list.Tools, func(x *mcp.Tool) bool { return x.Name == name })
			if offered != may {
				t.Errorf("%s is offered the tool %s: %v; the table says %v", c.name, name, offered, may)
			}
			got, err := ses.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: input(o)})
			done := err == nil && !got.IsError
			if done && (!may || c == s.other && strings.Contains(o.Path, "/engagements/{number}")) {
				t.Errorf("%s used the tool %s", c.name, name)
			}
			if c == s.other {
				rows[i].cells[1] = yes(done)
			} else {
				rows[i].cells = append(rows[i].cells, yes(offered))
			}
		}
		if err := ses.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []*caller{s.nobody, s.forged, s.left} {
		client := mcp.NewClient(&mcp.Implementation{Name: "walk", Version: "1"}, nil)
		if _, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: s.in.ready.URL + "/mcp", HTTPClient: &http.Client{Transport: bearer(c.token)}, DisableStandaloneSSE: true}, nil); err == nil {
			t.Errorf("%s is connected to tools", c.name)
		}
	}
	s.matrix(rows)
}

// spoken is one command of the command line: what it needs, and a body that
// gets as far as the question who may.
type spoken struct {
	action access.Action // "" where whoever may read server.json is not asked for a user
	body   func(as string) any
	header func(as string) any // of commands that send a file
}

// spokenCommands is every command that the server takes from the command line.
// One that is missing here fails the walk.
func spokenCommands() map[string]spoken {
	yesterday := "2026-01-31"
	from, title := "2026-01-01", "SOC 2"
	m := map[string]spoken{
		"/-/zone":                  {body: func(string) any { return struct{}{} }},
		"/-/doctor":                {body: func(string) any { return struct{}{} }},
		"/-/users/list":            {body: func(string) any { return struct{}{} }},
		"/-/exclusions/register":   {body: func(string) any { return struct{}{} }},
		"/-/populations/export":    {body: func(string) any { return takeOutCommand{Ref: "P-1"} }},
		"/-/link":                  {body: func(string) any { return controlQuestion{User: "viewer"} }},
		"/-/agent-token":           {body: func(string) any { return controlQuestion{Label: "walk"} }},
		"/-/backup":                {body: func(string) any { return backupCommand{} }},
		"/-/operation":             {body: func(as string) any { return operationCommand{As: as, Operation: "ledger.checkpoint"} }, action: access.LedgerRead},
		"/-/scope":                 {action: access.ScopeEdit, body: func(as string) any { return scopeCommand{As: as} }},
		"/-/review":                {action: access.EvidenceReview, body: func(as string) any { return reviewCommand{As: as, Number: 1} }},
		"/-/evidence":              {action: access.EvidenceAdd, header: func(as string) any { return evidenceCommand{As: as} }},
		"/-/engagement":            {action: access.EngagementEdit, body: func(as string) any { return engagementCommand{As: as, Title: &title, From: &from, To: &yesterday} }},
		"/-/request":               {action: access.RequestAnswer, body: func(as string) any { return requestCommand{As: as, Number: 1, Ref: "R-9", Ask: "Anything"} }},
		"/-/requests/import":       {action: access.RequestAnswer, header: func(as string) any { return listCommand{As: as, Number: 1, Name: "x.xlsx"} }},
		"/-/users/do":              {action: access.UserManage, body: func(as string) any { return userCommand{As: as, Do: "enable", Login: "viewer"} }},
		"/-/waivers/ask":           {action: access.WaiverAsk, body: func(as string) any { return waiverCommand{As: as} }},
		"/-/waivers/decide":        {action: access.WaiverApprove, body: func(as string) any { return decision{As: as, Verb: "approve", Ref: "W-1"} }},
		"/-/exclusions/ask":        {action: access.ExclusionAsk, body: func(as string) any { return exclusionCommand{As: as} }},
		"/-/exclusions/decide":     {action: access.ExclusionApprove, body: func(as string) any { return decision{As: as, Verb: "refuse", Ref: "X-1"} }},
		"/-/populations/define":    {action: access.PopulationEdit, body: func(as string) any { return defineCommand{As: as, Slug: "walk"} }},
		"/-/populations/approve":   {action: access.PopulationApprove, body: func(as string) any { return approveCommand{As: as, Slug: "hosts", Version: 1} }},
		"/-/populations/extract":   {action: access.PopulationExtract, body: func(as string) any { return extractCommand{As: as, Slug: "hosts"} }},
		"/-/populations/reconcile": {action: access.PopulationEdit, header: func(as string) any { return reconcileCommand{As: as, Ref: "P-1", Kind: "list", Name: "x.csv"} }},
		"/-/package":               {action: access.PackageExport, body: func(as string) any { return exportCommand{As: as, Kind: "engagement", ID: "1"} }},
		"/-/package-status":        {action: access.PackageExport, body: func(as string) any { return exportCommand{As: as, Job: "none"} }},
		"/-/package-cancel":        {action: access.PackageExport, body: func(as string) any { return exportCommand{As: as, Job: "none"} }},
	}
	for act, action := range map[string]access.Action{"add": access.DatabaseEdit, "list": access.HostRead, "observe": access.DatabaseEdit, "remove": access.DatabaseEdit} {
		m["/-/databases/"+act] = spoken{action: action, body: func(as string) any { return databaseCommand{As: as, Name: "walk", Reason: "the walk"} }}
	}
	args := json.RawMessage(`{"standard":"linux-server","version":"1","check":"sshd-root-login","tier":"on","reason":"the walk"}`)
	for name, action := range map[string]access.Action{cli.ChangeInstall: access.StandardInstall, cli.ChangeApprove: access.StandardApprove, cli.ChangeTailor: access.StandardTailor, cli.ChangeTier: access.StandardTailor} {
		m["/-/change/"+name] = spoken{action: action, header: func(as string) any { return changeCommand{As: as, Args: args} }}
	}
	return m
}

func (s *street) commands() {
	t := s.t
	spoken := spokenCommands()
	send := func(path string, header http.Header, as string) ([]byte, int) {
		t.Helper()
		c := spoken[path]
		if c.header != nil {
			meta, err := json.Marshal(c.header(as))
			if err != nil {
				t.Fatal(err)
			}
			header.Set(metaHeader, base64.StdEncoding.EncodeToString(meta))
			return s.command(path, header, strings.NewReader("nothing that is a file"))
		}
		body, err := json.Marshal(c.body(as))
		if err != nil {
			t.Fatal(err)
		}
		return s.command(path, header, bytes.NewReader(body))
	}
	seen := map[string]bool{}
	for _, pattern := range s.in.ready.Doors {
		path, ok := strings.CutPrefix(pattern, "POST /-/")
		if !ok {
			continue
		}
		seen["/-/"+strings.TrimSuffix(path, "{name}")] = true
	}
	for name := range changes() {
		if _, ok := spoken["/-/change/"+name]; !ok {
			t.Errorf("the server makes a change %s that the walk does not know: add it to spokenCommands", name)
		}
	}
	for path := range spoken {
		if !seen[path] && !seen[path[:strings.LastIndexByte(path, '/')+1]] {
			t.Errorf("the walk knows a command %s that the server does not take", path)
		}
	}
	for path := range seen {
		if _, ok := spoken[path]; !ok && !strings.HasSuffix(path, "/") {
			t.Errorf("the server takes a command %s that the walk does not know: add it to spokenCommands", path)
		}
	}
	var rows []row
	paths := slices.Sorted(func(yield func(string) bool) {
		for p := range spoken {
			if !yield(p) {
				return
			}
		}
	})
	for _, path := range paths {
		c := spoken[path]
		for name, header := range map[string]http.Header{"nothing": {}, "a user's token": {"Authorization": {"Bearer " + s.callers[0].token}}, "a wrong token": {"Authorization": {"Bearer " + strings.Repeat("a", len(s.control.Token))}}} {
			if raw, status := send(path, header, "admin"); status != http.StatusNotFound || !strings.Contains(string(raw), "404 page not found") {
				t.Errorf("%s with %s: %d %s", path, name, status, raw)
			}
		}
		if c.action == "" {
			rows = append(rows, row{path + " (whoever may read server.json)", []string{"-", "-"}})
			continue
		}
		cells := []string{"-", ""}
		for _, who := range append([]*caller{s.left, s.other}, s.callers...) {
			raw, status := send(path, s.trusted(), who.login)
			open, may := status != http.StatusForbidden, access.May(who.role, c.action) && who != s.left
			if status >= 500 || open && !may {
				t.Errorf("%s in the name of %s: %d, the table says %v: %s", path, who.name, status, may, raw)
			}
			if who == s.other && (path == "/-/request" || path == "/-/requests/import") && status != http.StatusForbidden && status != http.StatusNotFound {
				t.Errorf("%s on engagement 1 in the name of the auditor of another: %d %s", path, status, raw)
			}
			if !open && may && who != s.other && !strings.Contains(string(raw), "somebody else") {
				t.Errorf("%s in the name of %s is shut, and the table opens it: %s", path, who.name, raw)
			}
			switch who {
			case s.left:
			case s.other:
				cells[1] = yes(open && status != http.StatusNotFound)
			default:
				cells = append(cells, yes(open))
			}
		}
		rows = append(rows, row{path, cells})
	}
	s.matrix(rows)
}

// rest holds that every other address is one of those below: SCIM, which takes a
// directory's token and nothing else, and what needs no caller.
func (s *street) rest() {
	t := s.t
	open := []string{"GET /healthz", "GET /readyz"} // no more than a word
	shut := []string{"GET /metrics"}
	hooks := []string{"POST /hooks/{slug}", "POST /hooks/sensors/{ref}", "POST /hooks/badges/{ref}"} // signed by a forge, or with a token of their own
	below := []string{"/", "/api/", "/mcp", scim.Prefix + "/"}                                       // walked above, or patterns of their own
	for _, pattern := range s.in.ready.Doors {
		switch {
		case strings.HasPrefix(pattern, "POST /-/") || slices.Contains(below, pattern):
		case slices.Contains(open, pattern):
			if status, _ := s.knock(s.nobody.c, pattern); status != http.StatusOK && status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", pattern, status)
			}
		case slices.Contains(hooks, pattern):
			for _, c := range append([]*caller{s.nobody, s.forged, s.left, s.other}, s.callers...) {
				if status, _ := s.knock(c.c, pattern); status != http.StatusForbidden {
					t.Errorf("%s with the session of %s: %d", pattern, c.name, status)
				}
			}
		case slices.Contains(shut, pattern) || strings.Contains(pattern, " "+scim.Prefix+"/"):
			for _, c := range append([]*caller{s.nobody, s.forged, s.left, s.other}, s.callers...) {
				if status, _ := s.knock(c.c, pattern, "X-Forwarded-For", "192.0.2.7"); status != http.StatusUnauthorized { // figures are open to this machine alone
					t.Errorf("%s with the session of %s: %d", pattern, c.name, status)
				}
				status, _ := s.knock(s.browser(), pattern, "Authorization", "Bearer "+c.token)
				if pattern == "GET /metrics" && access.May(c.role, access.HealthRead) && c != s.left {
					if status != http.StatusOK {
						t.Errorf("%s with the token of %s: %d", pattern, c.name, status)
					}
				} else if status != http.StatusUnauthorized && status != http.StatusForbidden {
					t.Errorf("%s with the token of %s: %d", pattern, c.name, status)
				}
			}
		default:
			t.Errorf("an address that nobody walks: %s", pattern)
		}
	}
}
