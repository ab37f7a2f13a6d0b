package server

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/reference"
	referencescreens "github.com/attesta/attesta/internal/web/references"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/wire"
)

// trio is three hosts whose agents the test is.
type trio struct {
	*realHost
	ctx     context.Context
	sources map[string]string
	seq     int64
	trees   map[string]map[string][]string // by host: directory -> "name type digest"
	roots   map[string]string
}

func (h *trio) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// opens lets a host report what listens.
func (h *trio) opens(name string, ports ...int) {
	h.t.Helper()
	if h.sources[name] == "" {
		h.sources[name] = ids.New("src", time.Now())
	}
	var list []string
	for _, n := range ports {
		list = append(list, fmt.Sprintf(`{"proto":"tcp","address":"0.0.0.0","port":%d,"loopback":false,"process":"x","user":"root"}`, n))
	}
	var items []json.RawMessage
	for section, values := range map[string]string{"os": `{"hostname":"` + name + `"}`, "ports": `{"listening":[` + strings.Join(list, ",") + `]}`} {
		s, err := facts.NewSection(section, json.RawMessage(values), nil)
		h.must(err)
		raw, err := json.Marshal(s)
		h.must(err)
		items = append(items, raw)
	}
	h.seq++
	at, zero := time.Now(), int64(0)
	h.must(h.p.db.Tx(h.ctx, func(tx *sql.Tx) error {
		_, err := h.p.hosts.ReceiveFacts(h.ctx, tx, host.Batch{Source: h.sources[name], SourceName: name, Stream: "a", Sequence: h.seq, ObservedAt: at, ClockOffsetUs: &zero, ReceivedAt: at, Digest: fmt.Sprint(h.seq), Items: items})
		return err
	}))
}

func (h *trio) id(name string) string {
	h.t.Helper()
	x, err := h.p.hosts.Get(h.ctx, h.sources[name])
	h.must(err)
	return x.ID
}

func full(c string) string { return strings.Repeat(c, 64) }

// answers lets all agents answer what they are asked, until nothing is.
func (h *trio) answers() (asked int) {
	h.t.Helper()
	for again := true; again; {
		again = false
		for name, source := range h.sources {
			var asks []wire.Ask
			h.must(h.p.db.Tx(h.ctx, func(tx *sql.Tx) (err error) { asks, err = h.p.asks.For(h.ctx, tx, source); return err }))
			for _, a := range asks {
				again = true
				asked++
				var result any
				switch a.Kind {
				case wire.AskSnapshot:
					result = wire.SnapshotResult{Root: full(h.roots[name]), Entries: 10, Files: 9, Made: time.Now()}
				case wire.AskAccept:
					result = wire.AcceptResult{Root: full(h.roots[name])}
				case wire.AskDrill:
					var args wire.AskDrillArgs
					h.must(json.Unmarshal(a.Args, &args))
					if want := "candidate"; name == "web-1" {
						want = "baseline"
						if args.Of != want {
							h.t.Errorf("%s is asked for its %s, want its %s", name, args.Of, want)
						}
					}
					r := wire.DrillResult{Of: args.Of, Path: args.Path, Root: full(h.roots[name]), Digest: full(h.roots[name])}
					for _, line := range h.trees[name][args.Path] {
						f := strings.Fields(line)
						r.Entries = append(r.Entries, wire.DrillEntry{Name: f[0], Type: f[1], Digest: full(f[2])})
					}
					result = r
				}
				raw, err := json.Marshal(result)
				h.must(err)
				item, err := json.Marshal(wire.Answer{ID: a.ID, Kind: a.Kind, At: time.Now(), Result: raw})
				h.must(err)
				h.must(h.p.db.Tx(h.ctx, func(tx *sql.Tx) error {
					return h.p.asks.Receive(h.ctx, tx, source, []json.RawMessage{item})
				}))
			}
		}
	}
	return asked
}

// A named person declares web-1 the reference of web-2 and web-3: what is approved on
// it is approved for them, what one has beyond it is a finding and what it lacks is
// shown; equal files are approved in one decision, different ones by name, with their
// paths.
func TestReferenceOfAGroup(t *testing.T) {
	h := &trio{realHost: &realHost{programs: newPrograms(t), t: t}, ctx: t.Context(), sources: map[string]string{}, roots: map[string]string{"web-1": "a", "web-2": "a", "web-3": "b"}}
	h.trees = map[string]map[string][]string{
		"web-1": {"": {"/etc directory 1", "/usr directory 2"}, "/etc": {"motd file 3", "nginx.conf file 4"}},
		"web-3": {"": {"/etc directory 5", "/usr directory 2"}, "/etc": {"motd file 3", "nginx.conf file 6", "left.bak file 7"}},
	}
	ann := h.named("ann", access.ComplianceManager)
	eve := h.named("eve", access.Viewer)
	h.opens("web-1", 22, 443)
	h.opens("web-2", 22, 443)
	h.opens("web-3", 22, 4444)
	b := screentest.New(t, referencescreens.New(referencescreens.Config{References: h.p.references, Hosts: h.p.hostOptions}), time.Now, ann)
	post := func(status int, path string, v url.Values, want ...string) string {
		t.Helper()
		a := b.Post(path, v)
		if a.Status != status {
			t.Fatalf("POST %s: %d %s", path, a.Status, a.Text())
		}
		for _, text := range want {
			if !strings.Contains(a.Text(), text) {
				t.Errorf("POST %s has no %q: %s", path, text, a.Text())
			}
		}
		return a.To
	}
	open := func(want ...string) {
		t.Helper()
		list, err := h.p.findings.List(h.ctx, finding.Filter{}, "", "", 100)
		h.must(err)
		var got []string
		for _, f := range list.Findings {
			if f.State == finding.Open && strings.HasPrefix(f.Check, "components/") {
				got = append(got, f.ItemName)
			}
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("open findings %q, want %q", got, want)
		}
	}

	// Declared with a preview.
	b.Says("/references", "No reference host is declared", "CC6.8")
	said := url.Values{"name": {"Web servers"}, "host": {h.id("web-1")}, "group": {"web-*"}}
	post(422, "/references", url.Values{"do": {"preview"}, "name": {"Web servers"}, "host": {h.id("web-1")}, "group": {"web-["}}, "is no pattern of host names")
	preview := url.Values{"do": {"preview"}}
	for k, v := range said {
		preview[k] = v
	}
	to := post(303, "/references", preview)
	b.Says(to, "2 hosts are to be like web-1", "Nothing is declared yet", "web-2", "web-3", "the same 2 components")
	post(422, "/references", said, "why this host is as it is to be")
	said.Set("reason", "it was set up by the script that all come from")
	page := post(303, "/references", said)
	b.Says("/references", "1 group has a reference host", "Web servers", "web-1", "web-*")
	b.Says(page, "Web servers: 2 hosts against web-1", "2 components of the reference wait for somebody's word", "Nothing is compared")

	// What is approved on it is approved for the group; the rest is a finding.
	learn := component.Learn{Host: h.id("web-1"), Kinds: []component.Kind{component.Port}}
	p, err := h.p.components.Propose(h.ctx, ann, learn)
	h.must(err)
	_, _, err = h.p.components.ApproveProposal(h.ctx, ann, learn, p.Seen, component.Said{Owner: "operations", Reason: "the reference of web servers", Scope: "web-1"})
	h.must(err)
	open("listening port tcp/4444 x, every address") // not 22 and 443 of web-2: web-1 has them
	b.Says(page, "1 the same", "1 different", "1 beyond the reference, of which 1 without approval; 1 lacking")
	member := page + "/members/" + h.id("web-3")
	b.Says(member, "web-3 against web-1", "What it has beyond the reference", "tcp/4444", "What it lacks", "tcp/443", "nobody approved it; it is on web-3")
	h.opens("web-3", 22, 443)
	open()
	b.Says(member, "It has nothing beyond the reference")

	// Its files.
	for name, source := range h.sources {
		h.must(h.p.db.Tx(h.ctx, func(tx *sql.Tx) error {
			now := time.Now()
			raw, err := json.Marshal(facts.Section{Name: "watching", Registry: 6, Values: json.RawMessage(`{"mode":"fanotify"}`), Digest: full("c")})
			if err != nil {
				return err
			}
			return h.p.integrity.Facts(h.ctx, tx, integrity.Batch{Source: source, Name: name, ObservedAt: now, ReceivedAt: now, Items: []json.RawMessage{raw}})
		}))
	}
	b.Says(page, "Nothing is compared: web-1 has no approved baseline that its agent took")
	snapshots, err := h.p.baselines.AskFor(h.ctx, ann, []string{h.sources["web-1"], h.sources["web-2"], h.sources["web-3"]})
	h.must(err)
	h.answers()
	_, err = h.p.baselines.Approve(h.ctx, ann, snapshots[0].Ref, 0, "the script set it up")
	h.must(err)
	h.answers()
	b.Says(page, "Against the approved baseline of web-1", "one root: every file is the same", "its root is another; which paths differ was not asked yet", "Ask in what 1 host differs")
	files, err := h.p.references.Files(h.ctx, eve, strings.TrimPrefix(page, "/references/"))
	h.must(err)
	_, err = h.p.references.Approve(h.ctx, ann, files.Ref, files.Seen, true, []string{snapshots[2].Ref}, "as the reference")
	if err == nil || !strings.Contains(err.Error(), "in what web-3 differs") {
		t.Errorf("what nobody looked into is approved: %v", err)
	}
	post(303, page+"/compare", nil)
	if n := h.answers(); n != 4 {
		t.Errorf("%d asked, want the roots and /etc of both", n)
	}
	b.Says(page, "2 paths differ, below /etc; 1 of 2 watched trees are the same", "/etc/left.bak, /etc/nginx.conf")
	b.Says(member, "Watched trees", "/usr", "the same", "Paths that differ")

	// One decision for those that are equal, and the other by name.
	stale := url.Values{"seen": {files.Seen}, "equal": {"yes"}, "reason": {"as the reference"}}
	post(422, page+"/approve", stale, "Something changed since the preview")
	files, err = h.p.references.Files(h.ctx, eve, files.Ref)
	h.must(err)
	post(422, page+"/approve", url.Values{"seen": {files.Seen}, "equal": {"yes"}}, "why these states are the ones that are meant")
	post(303, page+"/approve", url.Values{"seen": {files.Seen}, "equal": {"yes"}, "reason": {"as the reference"}})
	h.answers()
	b.Says(page, "baselines approved by it: "+snapshots[1].Ref+": as the reference")
	files, err = h.p.references.Files(h.ctx, eve, files.Ref)
	h.must(err)
	post(303, page+"/approve", url.Values{"seen": {files.Seen}, "different": {snapshots[2].Ref}, "reason": {"it has a page of its own"}})
	h.answers()
	for i, s := range snapshots {
		d, err := h.p.baselines.Get(h.ctx, eve, s.Ref)
		h.must(err)
		if d.Content.State != "in_force" || d.Content.By != ann.UserID {
			t.Errorf("%d: %s is %s by %s", i, s.Ref, d.Content.State, d.Content.By)
		}
	}

	// The reference leaves the population: nothing passes by it, and nothing is approved.
	h.must(h.p.hosts.Retire(h.ctx, ann, h.id("web-1"), "switched off for good"))
	h.must(h.p.components.Turn(h.ctx))
	b.Says(page, "Nothing passes by this reference now: web-1 left the population", "Nothing is compared: web-1 left the population")
	list, _, _, err := h.p.components.List(h.ctx, eve, component.Filter{Kind: component.Port, Query: "tcp/443"}, "", 2)
	h.must(err)
	if len(list) != 1 || list[0].State != component.Unknown || !strings.Contains(list[0].Why, "web-1 left the population") {
		t.Errorf("%+v", list[0])
	}
	if _, err := h.p.references.Compare(h.ctx, ann, files.Ref); err == nil {
		t.Error("it compares with a reference that left")
	}

	// Replaced and ended; by program, and by who may.
	post(422, page+"/replace", url.Values{"base": {"x"}})
	post(303, page+"/replace", url.Values{"base": {fmt.Sprint(stepOf(h, eve, files.Ref))}, "name": {"Web servers"}, "host": {h.id("web-2")}, "group": {"web-*"}, "reason": {"web-1 is taken out of use"}})
	b.Says(page, "replaced by web-2 for web-*: web-1 is taken out of use", "declared web-1 for web-*")
	resp, body := h.ask(h.tokens[access.Viewer], http.MethodGet, "/api/v1/references/"+files.Ref, "")
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, `"host_name":"web-2"`) || !strings.Contains(body, `"step":"replaced"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	resp, body = h.ask(h.tokens[access.Viewer], http.MethodGet, "/api/v1/references/"+files.Ref+"/members/web-3", "")
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, `"outcome":"`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	post(422, page+"/end", url.Values{"base": {fmt.Sprint(stepOf(h, eve, files.Ref))}})
	post(303, page+"/end", url.Values{"base": {fmt.Sprint(stepOf(h, eve, files.Ref))}, "reason": {"no more web servers"}})
	b.Says(page, "It is no reference any more")
	b.Says("/references", "No reference host is declared")
	b.Says("/references?show=all", "Web servers", "ended")
	b.Who = eve
	if a := b.Post("/references", said); a.Status != 403 {
		t.Errorf("%d", a.Status)
	}
	h.verify()
}

func stepOf(h *trio, who access.Principal, ref string) int64 {
	h.t.Helper()
	var v *reference.View
	v, err := h.p.references.Get(h.ctx, who, ref)
	h.must(err)
	return v.Seq
}
