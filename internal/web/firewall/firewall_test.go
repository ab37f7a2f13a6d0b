package firewall_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	collect "github.com/attesta/attesta/internal/agent/collect/firewall"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/host"
	screens "github.com/attesta/attesta/internal/web/firewall"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

// world is the screens over services that have nothing yet.
type world struct {
	*screentest.Browser
	t             *testing.T
	db            *database.DB
	clock         *clock.Manual
	hosts         *host.Service
	service       *firewall.Service
	area          screen.Area
	ann, bob, eve access.Principal
}

func begin(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: databasetest.SQLite(t), clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	log, err := ledger.Open(context.Background(), ledger.Config{DB: w.db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: w.db, Ledger: log, Clock: w.clock.Now})
	w.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(t.Context(), access.System(), access.NewUser{Login: login, Name: login, Role: role})
		w.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_x", At: w.clock.Now()}
	}
	w.ann, w.bob, w.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: w.db, Ledger: log, Clock: w.clock.Now})
	w.must(err)
	w.hosts, err = host.New(host.Config{DB: w.db, Ledger: log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: w.db, Ledger: log, Clock: w.clock.Now}), Findings: finding.New(finding.Config{DB: w.db, Ledger: log, Clock: w.clock.Now}), Clock: w.clock.Now})
	w.must(err)
	w.service = firewall.New(firewall.Config{DB: w.db, Ledger: log, Hosts: w.hosts, Clock: w.clock.Now, Version: "test"})
	w.area = screens.New(screens.Config{Firewall: w.service, Alone: users.Alone})
	w.Browser = screentest.New(t, w.area, w.clock.Now, w.ann)
	w.Label = map[string]string{w.ann.UserID: "Ann Lee", w.bob.UserID: "Bob May"}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// loads lets a host's agent report rules, as iptables-save prints them.
func (w *world) loads(name, rules string) {
	w.t.Helper()
	const head = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	set, err := collect.ParseSave(head+rules, "ip", "iptables-nft")
	w.must(err)
	six, err := collect.ParseSave(head, "ip6", "iptables-nft")
	w.must(err)
	sec, err := facts.NewSection("firewall", facts.Firewall{Engines: []string{"iptables-nft"}, Chains: append(set.Chains, six.Chains...), Rules: set.Rules, Zero: []string{}, Uncounted: []string{}}, nil)
	w.must(err)
	raw, err := json.Marshal(sec)
	w.must(err)
	now := w.clock.Now()
	w.must(w.db.Tx(w.t.Context(), func(tx *sql.Tx) error {
		var none int64
		_, err := w.hosts.ReceiveFacts(w.t.Context(), tx, host.Batch{Source: "src_" + name, SourceName: name, Stream: "a", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: sec.Digest, Items: []json.RawMessage{raw}})
		return err
	}))
	w.clock.Advance(time.Minute)
	w.must(w.service.Turn(w.t.Context()))
}

const (
	state = "[9:900] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	https = "[4:90] -A INPUT -p tcp --dport 443 -j ACCEPT\n"
	ssh   = "[2:20] -A INPUT -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT\n"
)

// key gives the key of a rule of a set.
func (w *world) key(ref, rule string) string {
	w.t.Helper()
	v, err := w.service.Show(w.t.Context(), w.eve, ref)
	w.must(err)
	i := slices.IndexFunc(v.Rules, func(r firewall.Rule) bool { return strings.Contains(r.Text, rule) })
	if i < 0 {
		w.t.Fatalf("%s has no rule %q: %+v", ref, rule, v.Rules)
	}
	return v.Rules[i].Key
}

func (w *world) list(name string) screen.List {
	w.t.Helper()
	i := slices.IndexFunc(w.area.Lists, func(l screen.List) bool { return l.Name == name })
	if i < 0 {
		w.t.Fatalf("there is no list %s", name)
	}
	return w.area.Lists[i]
}

// goes sends a form that is right.
func (w *world) goes(path, to string, v url.Values) {
	w.t.Helper()
	if a := w.Post(path, v); a.Status != http.StatusSeeOther || a.To != to {
		w.t.Fatalf("POST %s: %d to %q\n%s", path, a.Status, a.To, a.Text())
	}
}

// hides holds that a page comes and says none of these.
func (w *world) hides(path string, words ...string) {
	w.t.Helper()
	text := w.Says(path).Text()
	for _, s := range words {
		if strings.Contains(text, s) {
			w.t.Errorf("%s says %q to %s:\n%s", path, s, w.Who.Name, text)
		}
	}
}

func why() url.Values {
	return url.Values{"chain": {"ip filter INPUT"}, "rule": {"tcp port 443 accept"}, "reason": {"Customers reach the service by HTTPS."}, "owner": {"head of operations"}, "ticket": {"OPS-12"}, "until": {"2026-09-01"}, "hosts": {""}}
}

// What is there before anything is.
func TestEmpty(t *testing.T) {
	w := begin(t)
	w.Says("/firewall", "No rules of a firewall are known yet", "CC6.6", "See the hosts", "Bring a cloud's groups")
	w.Says("/firewall/reviews", "No firewall was reviewed yet")
	w.Says("/firewall/justifications", "CC6.6")
	w.Who = w.eve
	w.hides("/firewall", "Bring a cloud's groups")
}

// What is not there, or not a filter, and who may not.
func TestDoors(t *testing.T) {
	w := begin(t)
	w.loads("web-1", state+https)
	w.goes("/firewall/justifications/new", "/firewall/justifications/FJ-1", why())
	w.goes("/firewall/FW-1/review", "/firewall/reviews/FR-1", nil)
	for path, want := range map[string]int{"/firewall/FW-9": 404, "/firewall/nothing": 404, "/firewall/reviews/FR-9": 404, "/firewall/justifications/FJ-9": 404, "/firewall?only=x": 422, "/firewall?kind=x": 422, "/firewall?q=" + strings.Repeat("a", 201): 422, "/firewall/rules?only=x": 422, "/firewall/rules?set=FW-9": 404} {
		if a := w.Get(path); a.Status != want {
			t.Errorf("%s answers %d, want %d: %s", path, a.Status, want, a.Text())
		}
	}
	w.Who = w.eve
	for _, path := range []string{"/firewall", "/firewall/FW-1", "/firewall/rules", "/firewall/justifications", "/firewall/justifications/FJ-1", "/firewall/reviews", "/firewall/reviews/FR-1"} {
		w.hides(path, "Justify rules", "Begin a review", "Withdraw it", "Change it, or give", "Approve it", "Send it back", "Drop it", "What becomes of them?", "Bring a cloud's groups")
	}
	for _, path := range []string{"/firewall/justifications/new", "/firewall/import"} {
		if a := w.Get(path); a.Status != http.StatusForbidden {
			t.Errorf("a viewer sees %s: %d", path, a.Status)
		}
	}
	for _, path := range []string{"/firewall/FW-1/justify", "/firewall/FW-1/review", "/firewall/justifications/new", "/firewall/justifications/FJ-1/change", "/firewall/justifications/FJ-1/withdraw", "/firewall/reviews/FR-1/decide", "/firewall/reviews/FR-1/hand-in", "/firewall/reviews/FR-1/drop", "/firewall/reviews/FR-1/approve", "/firewall/reviews/FR-1/send-back", "/firewall/import"} {
		if a := w.Post(path, why()); a.Status != http.StatusForbidden {
			t.Errorf("a viewer sends %s: %d %s", path, a.Status, a.Text())
		}
	}
}

// A justification: each field that is wrong says so, and the form keeps what was typed.
func TestJustifications(t *testing.T) {
	w := begin(t)
	w.loads("web-1", state+https)
	w.loads("web-2", state+https+ssh)
	w.Says("/firewall/justifications/new?chain=ip+filter+INPUT&rule=tcp+port+443+accept", "See what it would be about", "What needs them?")
	for field, bad := range map[string]struct{ value, says string }{
		"chain": {"", "chain"}, "rule": {"", "rule"}, "reason": {"needed", "in a sentence"}, "owner": {"", "say who answers for it"}, "until": {"2031-01-01", "at most until 2028-03-02"}, "hosts": {"web-[12]", "web-[12]"},
	} {
		in := why()
		in.Set(field, bad.value)
		a := w.Post("/firewall/justifications/new", in)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(a.Text()), bad.says) || !strings.Contains(a.Body, "OPS-12") {
			t.Errorf("%s = %q: %d %s", field, bad.value, a.Status, a.Text())
		}
	}
	over := why()
	over.Set("until", "2026-01-01")
	if a := w.Post("/firewall/justifications/new", over); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "is over") {
		t.Errorf("an end that is over: %d %s", a.Status, a.Text())
	}
	look := why()
	look.Set("do", "preview")
	if a := w.Post("/firewall/justifications/new", look); a.Status != http.StatusOK || !strings.Contains(a.Text(), "It would be about 2 rules") {
		t.Errorf("a look before: %d %s", a.Status, a.Text())
	}
	w.goes("/firewall/justifications/new", "/firewall/justifications/FJ-1", why())
	w.Says("/firewall/justifications/FJ-1", "tcp port 443 accept", "in force", "Customers reach the service", "OPS-12", "FW-1", "FW-2", "by Ann Lee", "Withdraw it")
	w.Says("/firewall/justifications", "FJ-1", "head of operations")
	if rows := w.HoldsList(w.list("firewall-justifications"), "/firewall/justifications"); len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
	w.Says("/firewall/justifications?q=nothing", "No justification matches")
	later := why()
	later.Set("until", "2027-09-01")
	w.goes("/firewall/justifications/FJ-1/change", "/firewall/justifications/FJ-1", later)
	later.Set("owner", "")
	if a := w.Post("/firewall/justifications/FJ-1/change", later); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("no owner: %d", a.Status)
	}
	if a := w.Post("/firewall/justifications/FJ-1/withdraw", url.Values{"note": {""}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("no reason to withdraw: %d %s", a.Status, a.Text())
	}
	w.goes("/firewall/justifications/FJ-1/withdraw", "/firewall/justifications/FJ-1", url.Values{"note": {"The service moved behind a balancer."}})
	w.hides("/firewall/justifications/FJ-1", "Withdraw it")
	// Many rules of a set, by their keys.
	one := why()
	one["keys"] = []string{"nothing"}
	if a := w.Post("/firewall/FW-2/justify", one); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "open it again") {
		t.Errorf("a rule that is not there: %d %s", a.Status, a.Text())
	}
	one["keys"] = []string{w.key("FW-2", "443"), w.key("FW-2", "22")}
	w.goes("/firewall/FW-2/justify", "/firewall/FW-2", one)
	w.Says("/firewall/FW-2", "FJ-2", "FJ-3")
	w.hides("/firewall/FW-2", "Which rules?") // each is justified
}

// A review, from the frozen rules to its approval by somebody else who has shown who
// they are.
func TestReview(t *testing.T) {
	w := begin(t)
	w.loads("web-1", state+https+ssh)
	w.Says("/firewall", "1 rule set asks for something", "FW-1", "web-1", "not yet")
	w.Says("/firewall/FW-1", "3 rules", "nobody said why", "It is kept out, by IPv4 and IPv6.", "Begin a review", "web-1", "reports")
	w.Says("/firewall/rules?set=FW-1&only=unjustified", "tcp port 443", "from 10.0.0.0/8 tcp port 22")
	if rows := w.HoldsList(w.list("firewall"), "/firewall"); len(rows) != 1 {
		t.Errorf("%d sets", len(rows))
	}
	if rows := w.HoldsList(w.list("firewall-rules"), "/firewall/rules"); len(rows) != 3 {
		t.Errorf("%d rules", len(rows))
	}
	w.goes("/firewall/FW-1/review", "/firewall/reviews/FR-1", nil)
	w.Says("/firewall/FW-1", "Go on with FR-1")
	at := "/firewall/reviews/FR-1"
	w.Says(at, "3 rules wait", "What becomes of them?", "Drop it")
	first := w.key("FW-1", "443")
	for name, c := range map[string]struct {
		v      url.Values
		status int
		says   string
	}{
		"no rule":          {url.Values{"decision": {"keep"}}, 422, "choose the rules"},
		"no decision":      {url.Values{"keys": {first}, "decision": {"burn"}}, 422, "keep, remove or ask"},
		"another rule":     {url.Values{"keys": {"nothing"}, "decision": {"keep"}}, 422, "has no rule"},
		"no reason":        {url.Values{"keys": {first}, "decision": {"remove"}}, 422, "why it goes"},
		"it is not needed": {url.Values{"keys": {first}, "decision": {"keep"}}, 409, "is not justified"},
	} {
		if a := w.Post(at+"/decide", c.v); a.Status != c.status && a.Status != 422 || !strings.Contains(strings.ToLower(a.Text()), c.says) {
			t.Errorf("%s: %d %s", name, a.Status, a.Text())
		}
	}
	in := why()
	in["keys"] = []string{first}
	w.goes("/firewall/FW-1/justify", "/firewall/FW-1", in)
	w.goes(at+"/decide", at, url.Values{"keys": {first, w.key("FW-1", "established")}, "decision": {"keep"}})
	w.goes(at+"/decide", at, url.Values{"keys": {w.key("FW-1", "22")}, "decision": {"remove"}, "note": {"It was for an evening."}})
	w.Says(at, "Every rule is decided on", "Hand it in", "It was for an evening.")
	if a := w.Post(at+"/approve", nil); a.Status != http.StatusConflict && a.Status != http.StatusUnprocessableEntity && a.Status != http.StatusForbidden {
		t.Errorf("approved before it is handed in: %d", a.Status)
	}
	w.goes(at+"/hand-in", at, nil)
	w.hides(at, "What becomes of them?", "Approve it") // her own
	if a := w.Post(at+"/approve", nil); a.Status != http.StatusForbidden {
		t.Errorf("the reviewer approves: %d %s", a.Status, a.Text())
	}
	w.Who = w.bob
	w.Says(at, "handed in", "Approve it", "Send it back")
	if a := w.Post(at+"/send-back", url.Values{"note": {""}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("sent back without a word: %d", a.Status)
	}
	w.goes(at+"/send-back", at, url.Values{"note": {"Is SSH from the office needed?"}})
	w.Who = w.ann
	w.goes(at+"/hand-in", at, nil)
	w.Who = w.bob
	w.Who.Stale = true
	if a := w.Post(at+"/approve", nil); a.Status != http.StatusForbidden || !strings.Contains(a.Text(), "say who you are once more") {
		t.Errorf("who is there is not asked: %d %s", a.Status, a.Text())
	}
	w.Who = w.bob
	w.goes(at+"/approve", at, url.Values{"note": {"Agreed."}})
	w.Says(at, "approved", "Bob May")
	w.Says("/firewall/reviews", "1 review, and none waits", "FR-1", "by Bob May")
	if rows := w.HoldsList(w.list("firewall-reviews"), "/firewall/reviews"); len(rows) != 1 {
		t.Errorf("%d reviews", len(rows))
	}
	w.Says("/firewall/FW-1", "to be removed", "Newest review")
	w.loads("web-1", state+https)
	w.Says("/firewall/FW-1", "Gone since FR-1", "from 10.0.0.0/8 tcp port 22", "went")
	// One that is given up.
	w.Who = w.ann
	w.goes("/firewall/FW-1/review", "/firewall/reviews/FR-2", nil)
	w.goes("/firewall/reviews/FR-2/drop", "/firewall/FW-1", url.Values{"note": {"Begun by mistake."}})
	w.Says("/firewall/reviews", "dropped")
}

// Files of a cloud's groups, whole or not at all.
func TestImport(t *testing.T) {
	w := begin(t)
	w.Says("/firewall/import", "aws ec2 describe-security-groups", "at most 16 MiB")
	send := func(text string) (int, string, string) {
		t.Helper()
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		if text != "" {
			f, err := m.CreateFormFile("file", "groups.json")
			w.must(err)
			_, err = f.Write([]byte(text))
			w.must(err)
		}
		w.must(m.WriteField("whole", "yes"))
		w.must(m.Close())
		a := w.Do(http.MethodPost, "/firewall/import", m.FormDataContentType(), &b)
		return a.Status, a.To, a.Text()
	}
	const group = `{"SecurityGroups":[{"GroupId":"sg-1","GroupName":"web","OwnerId":"1","VpcId":"vpc-1","IpPermissions":[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"IpRanges":[{"CidrIp":"0.0.0.0/0"}],"Ipv6Ranges":[],"PrefixListIds":[],"UserIdGroupPairs":[]}],"IpPermissionsEgress":[]}]}`
	for _, name := range slices.Sorted(maps.Keys(map[string]string{"": "", "{": "", "[]": "", "{}": "", strings.Replace(group, ":443", `:"https"`, 1): ""})) {
		if status, _, text := send(name); status != http.StatusUnprocessableEntity || name != "" && !strings.Contains(text, "nothing was stored") {
			t.Errorf("%.40q: %d %s", name, status, text)
		}
	}
	w.Says("/firewall", "No rules of a firewall are known yet")
	if status, to, text := send(group); status != http.StatusSeeOther || to != "/firewall?kind=aws" {
		t.Fatalf("%d to %q: %s", status, to, text)
	}
	w.Says("/firewall?kind=aws", "FW-1", "web")
	w.Says("/firewall/import", "Brought before", "groups.json, aws: 1 group")
}
