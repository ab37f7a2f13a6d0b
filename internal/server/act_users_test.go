package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
)

// By the command line: users are added with each role, come in by their link,
// and are changed; and what is refused on the way.
func TestUsersByCommand(t *testing.T) {
	data := t.TempDir()
	in := begin(t, local(data), Options{})
	in.login()
	do := func(args ...string) (string, error) { return say(t, append(args, "--data", data)...) }
	ok := func(want string, args ...string) string {
		t.Helper()
		text, err := do(args...)
		if err != nil || !strings.Contains(text, want) {
			t.Fatalf("%v gives %q, %v; want %q", args, text, err, want)
		}
		return text
	}
	link := regexp.MustCompile(`http://\S+/link/\S+`)
	for _, role := range access.Roles() {
		login := "new." + strings.ReplaceAll(string(role), "_", ".")
		text := ok(login+" is added as "+string(role), "users", "add", login, "--name", "Tess Quill", "--role", string(role), "--as", "admin")
		if resp, err := http.PostForm(link.FindString(text), url.Values{"do": {"skip"}}); err != nil || resp.StatusCode >= 500 {
			t.Errorf("the link of %s: %v %v", role, resp, err)
		} else {
			resp.Body.Close()
		}
	}
	ok("new.viewer: contributor, no password yet", "users", "role", "new.viewer", "contributor", "--as", "admin")
	ok("new.adviser: adviser, disabled", "users", "disable", "new.adviser", "--as", "admin")
	ok("new.adviser: adviser, no password yet", "users", "enable", "new.adviser", "--as", "admin")
	ok("new.responder", "users", "list")
	text := ok("[", "users", "list", "--json")
	var all []userAnswer
	if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != len(access.Roles())+1 {
		t.Fatalf("%d users, %v", len(all), err)
	}
	for _, u := range all {
		if u.Link != "" || u.LastLogin.IsZero() || (u.Login == "new.viewer") != (u.Role == access.Contributor && u.Login != "new.contributor") {
			t.Errorf("%+v", u)
		}
	}
	if strings.Contains(text, "/link/") {
		t.Error("the list shows a link")
	}
	ok("new.administrator: administrator, disabled", "users", "disable", "new.administrator", "--as", "admin")
	for name, tc := range map[string]struct {
		args []string
		want fault.Kind
	}{
		"a role that is none":                 {[]string{"users", "add", "x.y", "--name", "X", "--role", "king", "--as", "admin"}, fault.Invalid},
		"a login that is taken":               {[]string{"users", "add", "admin", "--name", "X", "--role", "viewer", "--as", "admin"}, fault.Conflict},
		"a login that is none":                {[]string{"users", "add", "x y", "--name", "X", "--role", "viewer", "--as", "admin"}, fault.Invalid},
		"no name":                             {[]string{"users", "add", "x.y", "--role", "viewer", "--as", "admin"}, fault.Invalid},
		"the last administrator disabled":     {[]string{"users", "disable", "admin", "--as", "admin"}, fault.Conflict},
		"the last administrator's role":       {[]string{"users", "role", "admin", "viewer", "--as", "admin"}, fault.Conflict},
		"nobody":                              {[]string{"users", "disable", "nobody", "--as", "admin"}, fault.NotFound},
		"by somebody disabled":                {[]string{"users", "enable", "new.viewer", "--as", "new.administrator"}, fault.Forbidden},
		"added by a compliance manager":       {[]string{"users", "add", "x.y", "--name", "X", "--role", "viewer", "--as", "new.compliance.manager"}, fault.Forbidden},
		"made administrator by a contributor": {[]string{"users", "role", "new.contributor", "administrator", "--as", "new.contributor"}, fault.Forbidden},
	} {
		if text, err := do(tc.args...); !fault.Is(err, tc.want) {
			t.Errorf("%s: %q, %v, want %s", name, text, err, tc.want)
		}
	}
	at, err := DataDir(data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/-/users/list", "/-/users/do"} {
		resp, err := http.Post(at.Address+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s without the token: %s", path, resp.Status)
		}
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	root := cli.New("attesta", "", "test", cli.LedgerCommand(cli.LedgerOptions{Bindings: Bindings()}))
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs([]string{"ledger", "verify", "--data", data})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Errorf("the ledger does not verify: %v\n%s", err, out.String())
	}
}
