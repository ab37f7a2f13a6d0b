package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/packs"
)

type world struct {
	*endpoint.Service
	t        *testing.T
	ctx      context.Context
	clock    *clock.Manual
	hosts    *host.Service
	finding  *finding.Service
	people   *roster.Register
	mark     int
	ann, eve access.Principal
	jamf     string
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func begin(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	log, err := ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { log.Close() })
	w.ann, w.eve = access.Principal{UserID: "usr_ann", Role: access.ComplianceManager}, access.Principal{UserID: "usr_eve", Role: access.Viewer}
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: w.clock.Now})
	w.must(err)
	pack, err := packs.OpenStandard("endpoints")
	w.must(err)
	_, err = standards.Install(w.ctx, access.System(), pack)
	w.must(err)
	w.finding = finding.New(finding.Config{DB: db, Ledger: log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: w.clock.Now}), Findings: w.finding, Clock: w.clock.Now})
	w.must(err)
	w.people = &roster.Register{People: map[string]*roster.Person{
		"per_ann": {ID: "per_ann", Fields: roster.Fields{Name: "Ann Lee", Mail: "ann@example.test", Logins: []string{"ann"}}, State: roster.Here},
		"per_bob": {ID: "per_bob", Fields: roster.Fields{Name: "Bob Ray", Mail: "bob@example.test"}, State: roster.Here},
	}}
	w.Service = endpoint.New(endpoint.Config{DB: db, Ledger: log, Hosts: w.hosts, Clock: w.clock.Now, Version: "test",
		Who: func(context.Context) (*roster.Owners, error) { return w.people.Owners(), nil }, Mark: func(context.Context) (string, error) { return fmt.Sprint(w.mark), nil }})
	o, err := w.Add(w.ctx, w.ann, endpoint.Settings{Name: "Jamf", Product: "jamf"})
	w.must(err)
	w.jamf = o.Ref
	return w
}

// laptop gives one in good order.
func (w *world) laptop(name string, change func(*endpoint.Device)) endpoint.Device {
	d := endpoint.Device{Name: name, Serial: "S-" + name, Platform: endpoint.MacOS, OS: "15.3.1", Mail: "ann@example.test", Encrypted: endpoint.On, Firewall: endpoint.On, Protection: endpoint.On, Lock: endpoint.On, Seen: w.clock.Now().Add(-time.Hour)}
	if change != nil {
		change(&d)
	}
	return d
}

func (w *world) bring(whole bool, devices ...endpoint.Device) *endpoint.Looked {
	w.t.Helper()
	got, err := w.Bring(w.ctx, w.ann, w.jamf, endpoint.Brought{File: "jamf.csv", Raw: []byte("x"), Whole: whole, Devices: devices}, false)
	w.must(err)
	w.turn()
	return got
}

func (w *world) turn() {
	w.t.Helper()
	w.clock.Advance(30 * time.Second)
	w.must(w.Turn(w.ctx))
	_, err := w.hosts.Sweep(w.ctx)
	w.must(err)
}

// findings gives what is open, as device check.
func (w *world) findings() []string {
	w.t.Helper()
	open, err := w.finding.List(w.ctx, finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByUrgency, "", 100)
	w.must(err)
	var out []string
	for _, f := range open.Findings {
		out = append(out, f.ItemName+" "+strings.TrimPrefix(f.Check, "endpoints/"))
	}
	slices.Sort(out)
	return out
}

func (w *world) open(want ...string) {
	w.t.Helper()
	if got := w.findings(); !slices.Equal(got, want) {
		w.t.Errorf("findings %q, want %q", got, want)
	}
}

func (w *world) device(name string) endpoint.Row {
	w.t.Helper()
	rows, _, err := w.List(w.ctx, w.eve, endpoint.Filter{Query: name})
	w.must(err)
	if len(rows) != 1 {
		w.t.Fatalf("%d devices are like %s", len(rows), name)
	}
	return rows[0]
}

// Each thing that a list says wrong is a finding, and mending it in the next list
// closes it.
func TestFromListToFindingAndBack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		w.bring(true, w.laptop("good", nil),
			w.laptop("open", func(d *endpoint.Device) { d.Encrypted = endpoint.Off }),
			w.laptop("bare", func(d *endpoint.Device) {
				d.Firewall, d.Protection, d.Lock = endpoint.Off, endpoint.Off, endpoint.Off
			}),
			w.laptop("old", func(d *endpoint.Device) { d.Platform, d.OS = endpoint.Windows, "10.0.19045.5487" }),
			w.laptop("lost", func(d *endpoint.Device) { d.Seen = w.clock.Now().AddDate(0, 0, -15) }),
			w.laptop("stray", func(d *endpoint.Device) { d.Mail = "nobody@example.test" }))
		w.open("bare firewall", "bare protection", "bare screen-lock", "lost seen", "old supported", "open encrypted", "stray owner-known")
		_, h, err := w.Get(w.ctx, w.eve, w.device("good").ID)
		w.must(err)
		if h == nil || h.Population != host.Endpoints || !strings.HasPrefix(h.ID, "dev_") || h.Counts.Pass != h.Counts.Total() || h.Counts.Pass != 8 {
			t.Errorf("in good order: %+v", h)
		}

		w.bring(true, w.laptop("good", nil), w.laptop("open", nil), w.laptop("bare", nil), w.laptop("old", nil), w.laptop("lost", nil), w.laptop("stray", nil))
		w.open()
	})
}

// What a list does not say is not observed, words that are no answer are an error;
// neither is a pass or a failure.
func TestUnsaidIsNoPass(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	w.bring(true, endpoint.Device{Name: "mute", Platform: endpoint.MacOS}, endpoint.Device{Name: "odd", Platform: endpoint.MacOS, OS: "latest", Mail: "ann@example.test", Encrypted: endpoint.Unclear, Words: map[string]string{"encrypted": "Pending", "seen": "yesterday"}},
		endpoint.Device{Name: "phone", Platform: endpoint.IOS, OS: "18.2", Mail: "ann@example.test", Lock: endpoint.On, Seen: w.clock.Now()}, endpoint.Device{Name: "bsd", Words: map[string]string{"platform": "FreeBSD"}, Mail: "ann@example.test"})
	w.open("mute owner-known") // others of the list are somebody's
	for name, want := range map[string]string{"mute": "0 pass 1 fail 0 error 6 not observed 1 not applicable", "odd": "2 pass 0 fail 3 error 3 not observed 0 not applicable", "phone": "5 pass 0 fail 0 error 0 not observed 3 not applicable",
		"bsd": "2 pass 0 fail 1 error 5 not observed 0 not applicable"} {
		_, h, err := w.Get(w.ctx, w.eve, w.device(name).ID)
		w.must(err)
		c := h.Counts
		if got := fmt.Sprintf("%d pass %d fail %d error %d not observed %d not applicable", c.Pass, c.Fail, c.Error, c.NotObserved, c.NotApplicable); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// A leaver's laptop is a finding once a list that was taken afterwards still has it.
func TestOwnerLeft(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		bobs := func() endpoint.Device {
			return w.laptop("lap-2", func(d *endpoint.Device) { d.Mail = "bob@example.test" })
		}
		w.bring(true, w.laptop("lap-1", nil), bobs())
		w.open()
		w.clock.Advance(time.Hour)
		bob := w.people.People["per_bob"]
		bob.State, bob.LeftAt = roster.Left, w.clock.Now()
		w.mark++
		w.turn()
		w.open() // the list is older than their leaving: it does not say
		_, h, err := w.Get(w.ctx, w.eve, w.device("lap-2").ID)
		w.must(err)
		if h.Counts.NotObserved != 1 {
			t.Errorf("before a new list: %+v", h.Counts)
		}
		w.clock.Advance(time.Hour)
		w.bring(true, w.laptop("lap-1", nil), bobs())
		w.open("lap-2 owner-here")
		w.bring(true, w.laptop("lap-1", nil), w.laptop("lap-2", nil)) // it is Ann's now
		w.open()

		w.bring(true, w.laptop("lap-1", nil), bobs())
		w.open("lap-2 owner-here")
		if got := w.bring(true, w.laptop("lap-1", nil)); !slices.Equal(got.Gone, []string{"lap-2"}) { // wiped and taken out
			t.Errorf("gone: %q", got.Gone)
		}
		w.open()
	})
}

// Whose a device is a person may say, and that it is no one person's.
func TestSay(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	w.bring(true, w.laptop("lap-1", nil), w.laptop("kiosk", func(d *endpoint.Device) { d.Mail = "" }), w.laptop("maybe", func(d *endpoint.Device) { d.Mail, d.Person = "", "Bob Ray" }))
	w.open("kiosk owner-known") // a name alone asks
	_, err := w.Say(w.ctx, w.ann, w.device("kiosk").ID, endpoint.Said{Shared: "screen in the entrance"})
	w.must(err)
	_, err = w.Say(w.ctx, w.ann, w.device("maybe").ID, endpoint.Said{Person: "per_bob"})
	w.must(err)
	w.turn()
	w.open()
	if r := w.device("maybe"); r.PersonID != "per_bob" || r.Rule != "said" {
		t.Errorf("%+v", r)
	}
	_, err = w.Say(w.ctx, w.ann, w.device("kiosk").ID, endpoint.Said{}) // taken back
	w.must(err)
	w.turn()
	w.open("kiosk owner-known")
	for name, c := range map[string]struct {
		who  access.Principal
		in   endpoint.Said
		kind fault.Kind
	}{"a viewer": {w.eve, endpoint.Said{Shared: "x"}, fault.Forbidden}, "a stranger": {w.ann, endpoint.Said{Person: "per_none"}, fault.Invalid}, "both": {w.ann, endpoint.Said{Person: "per_bob", Shared: "x"}, fault.Invalid}} {
		if _, err := w.Say(w.ctx, c.who, w.device("kiosk").ID, c.in); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A list that is older than expected says nothing, and a part of a list takes nobody
// away.
func TestOldAndPartialLists(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	w.bring(true, w.laptop("lap-1", nil), w.laptop("lap-2", nil))
	got := w.bring(false, w.laptop("lap-1", nil))
	if len(got.Gone) != 0 || got.Devices != 2 {
		t.Errorf("a part: %+v", got)
	}
	for range 20 { // the clock runs while the server does
		w.turn()
	}
	w.clock.Advance(8 * 24 * time.Hour)
	for range 10 {
		w.turn()
	}
	r, h, err := w.Get(w.ctx, w.eve, w.device("lap-1").ID)
	w.must(err)
	if r.Silent == "" || h.Counts.Pass != 0 || h.Counts.NotObserved == 0 {
		t.Errorf("an old list: %q, %+v", r.Silent, h.Counts)
	}
	got = w.bring(true, w.laptop("lap-1", nil))
	if r := w.device("lap-1"); r.Silent != "" || !slices.Equal(got.Gone, []string{"lap-2"}) {
		t.Errorf("a new list: %+v, %+v", r, got)
	}
}

// Half a list takes nobody away unless somebody says that it is meant; refusals.
func TestHalfAList(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	var all []endpoint.Device
	for i := range 20 {
		all = append(all, w.laptop(fmt.Sprint("lap-", i+10), nil))
	}
	w.bring(true, all...)
	half := endpoint.Brought{File: "half.csv", Raw: []byte("y"), Whole: true, Devices: all[:10]}
	looked, err := w.Bring(w.ctx, w.ann, w.jamf, half, true)
	w.must(err)
	if !looked.Many || len(looked.Gone) != 10 {
		t.Errorf("looked: %+v", looked)
	}
	_, err = w.Bring(w.ctx, w.ann, w.jamf, half, false)
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != fault.Conflict || fe.Field != "sure" {
		t.Errorf("half a list: %v", err)
	}
	if _, counts, err := w.List(w.ctx, w.eve, endpoint.Filter{}); err != nil || counts[""] != 20 {
		t.Errorf("%d devices, %v", counts[""], err)
	}
	half.Refused = 1
	looked, err = w.Bring(w.ctx, w.ann, w.jamf, half, true)
	w.must(err)
	if len(looked.Gone) != 0 {
		t.Errorf("with a refused line: %+v", looked.Gone)
	}
	half.Refused, half.Sure = 0, true
	_, err = w.Bring(w.ctx, w.ann, w.jamf, half, false)
	w.must(err)
	for name, c := range map[string]struct {
		b    endpoint.Brought
		kind fault.Kind
	}{"older": {endpoint.Brought{Taken: w.clock.Now().Add(-time.Hour), Devices: all}, fault.Conflict}, "of tomorrow": {endpoint.Brought{Taken: w.clock.Now().Add(time.Hour), Devices: all}, fault.Invalid}, "empty": {endpoint.Brought{}, fault.Invalid},
		"twice": {endpoint.Brought{Devices: []endpoint.Device{all[0], all[0]}}, fault.Invalid}} {
		if _, err := w.Bring(w.ctx, w.ann, w.jamf, c.b, false); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Add(w.ctx, w.ann, endpoint.Settings{Name: "jamf", Product: "jamf"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same name: %v", err)
	}
	if _, err := w.Add(w.ctx, w.eve, endpoint.Settings{Name: "x", Product: "jamf"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a viewer adds: %v", err)
	}
	_, err = w.End(w.ctx, w.ann, w.jamf, "we moved to another one")
	w.must(err)
	w.turn()
	if _, counts, err := w.List(w.ctx, w.eve, endpoint.Filter{}); err != nil || counts[""] != 0 {
		t.Errorf("after the end: %v, %v", counts, err)
	}
}

// A population has devices as the list before the end of its window had them.
func TestPopulation(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	w.bring(true, w.laptop("lap-1", nil), w.laptop("lap-2", nil))
	at := w.clock.Now()
	w.clock.Advance(24 * time.Hour)
	w.bring(true, w.laptop("lap-1", func(d *endpoint.Device) { d.Encrypted = endpoint.Off }))
	read := func(when time.Time) (out []string) {
		src := w.Sources()[0]
		items, err := src.Read(w.ctx, population.Request{At: outcome.At{Valid: when, Known: -1}})
		w.must(err)
		for _, i := range items {
			out = append(out, fmt.Sprint(i.Attributes["name"], " ", i.Attributes["encrypted"]))
		}
		slices.Sort(out)
		return out
	}
	if got := read(at); !slices.Equal(got, []string{"lap-1 on", "lap-2 on"}) {
		t.Errorf("then: %q", got)
	}
	if got := read(w.clock.Now()); !slices.Equal(got, []string{"lap-1 off"}) {
		t.Errorf("now: %q", got)
	}
}
