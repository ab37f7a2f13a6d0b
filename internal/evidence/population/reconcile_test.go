package population

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"

	"pgregory.net/rapid"
)

const zone = `$ORIGIN example.org.
$TTL 1h
@        IN SOA ns1 hostmaster 2026030201 2h 15m 2w 1h
         IN NS  ns1
         IN MX  10 mail
ns1      IN A   10.0.0.2
web-01   IN A   10.0.0.9
         IN AAAA 2001:db8::9
www      IN CNAME web-01
shop     IN CNAME www
cdn      IN CNAME edge.example.net.
ring     IN CNAME ring
mail     IN A   10.0.0.25
*.dev    IN A   10.0.0.80
$GENERATE 1-3 node-$ A 10.0.1.$
`

func TestZone(t *testing.T) {
	all, notes, err := ParseZone([]byte(zone), "")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, s := range all {
		keys = append(keys, s.Key)
	}
	if got := strings.Join(keys, " "); got != "mail.example.org node-1.example.org node-2.example.org node-3.example.org ns1.example.org web-01.example.org" {
		t.Errorf("entries: %s", got)
	}
	web := all[5]
	if !slices.Equal(web.Addresses, []string{"10.0.0.9", "2001:db8::9"}) || !slices.Equal(web.Names, []string{"web-01.example.org", "shop.example.org", "www.example.org"}) {
		t.Errorf("web-01 is %+v", web)
	}
	said := strings.Join(notes, "\n")
	for _, want := range []string{"cdn.example.org is an alias of edge.example.net", "ring.example.org is an alias that leads in a circle", "*.dev.example.org stands for any name", "1 records MX", "1 records SOA"} {
		if !strings.Contains(said, want) {
			t.Errorf("no note says %q in\n%s", want, said)
		}
	}
	all, _, err = ParseZone([]byte("9 IN PTR web-01.example.org.\n9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR six.example.org.\n"), "0.0.10.in-addr.arpa")
	if err != nil || len(all) != 2 || all[1].Addresses[0] != "10.0.0.9" || all[0].Addresses[0] != "2001:db8::9" {
		t.Errorf("a reverse zone gives %+v, %v", all, err)
	}
}

func TestMistakesInZonesAndHostsFiles(t *testing.T) {
	for name, tc := range map[string]struct {
		content, origin string
		line            int
		words           string
	}{
		"no address":   {"$ORIGIN example.org.\nweb IN A 10.0.0\n", "", 2, "cannot be read"},
		"include":      {"$ORIGIN example.org.\n\n$INCLUDE /etc/passwd\n", "", 3, "cannot be read"},
		"a picture":    {"\x89PNG\r\n\x1a\n\x00\x00", "", 0, ""},
		"nothing":      {"; empty\n", "example.org", 0, "names no machine"},
		"endless":      {"$ORIGIN e.\n$GENERATE 0-65535 a$ A 10.0.0.1\n$GENERATE 0-65535 b$ A 10.0.0.1\n$GENERATE 0-65535 c$ A 10.0.0.1\n$GENERATE 0-65535 d$ A 10.0.0.1\n", "", 0, "more than"},
		"open bracket": {"$ORIGIN e.\n@ IN SOA a b (1 2 3 4 5\n", "", 0, ""},
	} {
		_, _, err := ParseZone([]byte(tc.content), tc.origin)
		var e *fault.Error
		if !fault.Is(err, fault.Invalid) || !asFault(err, &e) || tc.line > 0 && e.Line != tc.line || !strings.Contains(err.Error(), tc.words) {
			t.Errorf("%s: %v %+v", name, err, e)
		}
	}
	for name, tc := range map[string]struct {
		content string
		line    int
	}{
		"no name":    {"127.0.0.1 localhost\n10.0.0.9\n", 2},
		"no address": {"web-01 10.0.0.9\n", 1},
		"no word":    {"10.0.0.9 web 01/2\n", 1},
		"only local": {"127.0.0.1 localhost\n::1 ip6-localhost\n127.0.1.1 myself\n", 0},
	} {
		_, _, err := ParseHosts([]byte(tc.content))
		var e *fault.Error
		if !fault.Is(err, fault.Invalid) || !asFault(err, &e) || e.Line != tc.line {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The hosts file of the machine that runs this test can be read, where it names
// anybody else.
func TestRealHostsFile(t *testing.T) {
	raw, err := os.ReadFile("/etc/hosts")
	if err != nil {
		t.Skip("NOT RUN: " + err.Error())
	}
	if _, _, err := ParseHosts(raw); err != nil && !strings.Contains(err.Error(), "names no machine") {
		t.Error(err)
	}
}

func TestMatching(t *testing.T) {
	items := []Second{
		{Key: "hst_1", Names: []string{"web-01"}, Addresses: []string{"10.0.0.9", "172.17.0.1", "127.0.0.1"}, MACs: []string{"52:54:00:00:00:01"}},
		{Key: "hst_2", Names: []string{"web-02.example.org"}, Addresses: []string{"10.0.0.10", "172.17.0.1"}, MACs: []string{"52:54:00:00:00:02"}},
		{Key: "hst_3", Names: []string{"db-01"}, Addresses: []string{"10.0.0.11"}},
	}
	for name, tc := range map[string]struct {
		second Second
		want   string
	}{
		"mac, written otherwise":     {Second{Key: "a", MACs: []string{"52-54-00-00-00-01"}}, "hst_1"},
		"address":                    {Second{Key: "a", Addresses: []string{"10.0.0.11"}}, "hst_3"},
		"name in a domain":           {Second{Key: "a", Names: []string{"WEB-01.example.org."}}, "hst_1"},
		"bare name of a full one":    {Second{Key: "a", Names: []string{"web-02"}}, "hst_2"},
		"another domain":             {Second{Key: "a", Names: []string{"web-02.example.net"}}, ""},
		"address that two have":      {Second{Key: "a", Addresses: []string{"172.17.0.1"}}, ""},
		"loopback is nobody":         {Second{Key: "a", Addresses: []string{"127.0.0.1"}, Names: []string{"localhost"}}, ""},
		"link local is nobody":       {Second{Key: "a", Addresses: []string{"fe80::1"}}, ""},
		"mapped address":             {Second{Key: "a", Addresses: []string{"::ffff:10.0.0.11"}}, "hst_3"},
		"unknown":                    {Second{Key: "a", Addresses: []string{"10.9.9.9"}, MACs: []string{"52:54:00:00:00:99"}}, ""},
		"a name whose address moved": {Second{Key: "a", Names: []string{"db-01"}, Addresses: []string{"10.0.0.9"}}, "hst_1 hst_3"},
	} {
		lines, matched, _ := reconcile(items, []Second{tc.second})
		var got []string
		for _, l := range lines {
			if l.Side == Both {
				got = append(got, l.Item)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tc.want || (matched == 1) != (tc.want != "") {
			t.Errorf("%s: %v, want %s", name, got, tc.want)
		}
	}
	_, _, notes := reconcile(items, nil)
	if len(notes) != 1 || !strings.Contains(notes[0], "address 172.17.0.1 belongs to 2 items") {
		t.Errorf("notes: %v", notes)
	}
}

// Whatever is on either side, the numbers tie out and every entry stands on a
// line.
func TestNumbersTieOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		thing := func(prefix string) []Second {
			all := make([]Second, rapid.IntRange(0, 12).Draw(t, prefix))
			for i := range all {
				all[i] = Second{Key: fmt.Sprintf("%s%02d", prefix, i)}
				for range rapid.IntRange(0, 3).Draw(t, "names") {
					all[i].Names = append(all[i].Names, fmt.Sprintf("n%d%s", rapid.IntRange(0, 6).Draw(t, "name"), rapid.SampledFrom([]string{"", ".a", ".b"}).Draw(t, "domain")))
				}
				for range rapid.IntRange(0, 3).Draw(t, "addresses") {
					all[i].Addresses = append(all[i].Addresses, fmt.Sprintf("10.0.0.%d", rapid.IntRange(0, 6).Draw(t, "address")))
				}
			}
			return all
		}
		items, others := thing("a"), thing("b")
		lines, matchedB, _ := reconcile(items, others)
		count := map[Side]int64{}
		seen := map[string]bool{}
		for _, l := range lines {
			count[l.Side]++
			for _, m := range l.Matches {
				seen[m.Key] = true
			}
		}
		if count[Both]+count[OnlyA] != int64(len(items)) || matchedB+count[OnlyB] != int64(len(others)) || len(seen) != len(others) {
			t.Fatalf("%d items and %d entries become %v, %d matched", len(items), len(others), count, matchedB)
		}
	})
}

func TestReconcile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		for i, name := range []string{"web-01", "ns1", "clone-a", "clone-b"} {
			f.machine(name, 1, 0)
			f.machines[i].Attributes["addresses"] = []any{fmt.Sprintf("10.0.0.%d", 9-i*7)}
		}
		f.machines[1].Attributes["addresses"] = []any{"10.0.0.2"}
		f.machines[2].Attributes["machine_id"], f.machines[3].Attributes["machine_id"] = "same", "same"
		f.clock.Advance(48 * time.Hour)
		f.approved("machines", content())
		e, err := f.Extract(f.ctx, ann, "machines", Window{})
		f.must(err)
		_, err = f.Reconcile(f.ctx, carol, e.ID, Upload{Zone, "example.org", []byte(zone)})
		f.refused(err, fault.Forbidden, "")
		r, err := f.Reconcile(f.ctx, ann, e.ID, Upload{Zone, "example.org", []byte(zone)})
		f.must(err)
		if r.A != 4 || r.B != 6 || r.MatchedA != 2 || r.MatchedB != 2 || r.OnlyA() != 2 || r.OnlyB() != 4 || r.Open() != 6 {
			t.Fatalf("it comes to %+v", r)
		}
		if !strings.Contains(strings.Join(r.Notes, "\n"), "2 hosts have one machine id (clone-a, clone-b)") {
			t.Errorf("nobody says that two hosts have one machine id: %v", r.Notes)
		}
		left, err := f.Lines(f.ctx, r.ID, OnlyB, 0, 100)
		f.must(err)
		if len(left) != 4 || left[0].Name != "mail.example.org" {
			t.Fatalf("left over: %+v", left)
		}
		f.refused(f.Explain(f.ctx, ann, r.ID, left[0].Seq, Explanation{Cause: "because", Text: "so it is"}), fault.Invalid, "cause")
		f.refused(f.Explain(f.ctx, ann, r.ID, left[0].Seq, Explanation{Cause: OutOfScope, Text: "x"}), fault.Invalid, "text")
		f.refused(f.Explain(f.ctx, ann, r.ID, 1, Explanation{Cause: OutOfScope, Text: "it is on both sides"}), fault.Invalid, "")
		f.refused(f.Explain(f.ctx, ann, r.ID, 99, Explanation{Cause: OutOfScope, Text: "there is no such line"}), fault.NotFound, "")
		f.must(f.Explain(f.ctx, ann, r.ID, left[0].Seq, Explanation{Cause: ToBeEnrolled, Text: "the mail server gets its agent in May"}))
		f.must(f.Explain(f.ctx, ben, r.ID, left[0].Seq, Explanation{Cause: OutOfScope, Text: "it belongs to a provider"}))
		got, err := f.Extraction(f.ctx, e.ID)
		f.must(err)
		if len(got.Reconciliations) != 1 || got.Reconciliations[0].Open() != 5 {
			t.Errorf("with the extraction stands %+v", got.Reconciliations)
		}
		f.must(f.bound())
		for _, column := range []string{"explanation", "cause", "explained_by", "name", "side"} {
			undo := f.tamperLine(r.ID, left[0].Seq, column)
			if err := f.bound(); !fault.Is(err, fault.Refused) {
				t.Errorf("a changed %s is not noticed: %v", column, err)
			}
			undo()
		}
		undo := f.tamper("reconciliation", "matched_b", "3")
		if err := f.bound(); !fault.Is(err, fault.Refused) {
			t.Errorf("changed numbers are not noticed: %v", err)
		}
		undo()
		if _, err := f.ReconcileNeighbours(f.ctx, ann, e.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("without neighbours: %v", err)
		}
		f.seen = []Second{{Key: "52:54:00:00:00:01", MACs: []string{"52:54:00:00:00:01"}, Addresses: []string{"10.0.0.9"}, Detail: "seen by ns1"}, {Key: "52:54:00:00:00:77", MACs: []string{"52:54:00:00:00:77"}}}
		n, err := f.ReconcileNeighbours(f.ctx, ann, e.ID)
		f.must(err)
		if n.MatchedB != 1 || n.OnlyB() != 1 {
			t.Errorf("neighbours: %+v", n)
		}
		f.must(f.bound())
	})
}

func (f *fixture) tamperLine(id string, seq int, column string) func() {
	f.Helper()
	var old string
	f.must(f.db.Reader().QueryRowContext(f.ctx, `SELECT `+column+` FROM reconciliation_line WHERE reconciliation_id = $1 AND seq = $2`, id, seq).Scan(&old))
	set := func(v string) {
		f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(f.ctx, `UPDATE reconciliation_line SET `+column+` = $3 WHERE reconciliation_id = $1 AND seq = $2`, id, seq, v)
			return err
		}))
	}
	set("other")
	return func() { set(old) }
}

func FuzzZone(f *testing.F) {
	f.Add([]byte(zone), "example.org")
	f.Add([]byte("@ IN A 1.2.3.4"), "")
	f.Fuzz(func(t *testing.T, content []byte, origin string) {
		if len(content) > 64<<10 {
			return
		}
		all, _, err := ParseZone(content, origin)
		held(t, all, err)
	})
}

func FuzzHosts(f *testing.F) {
	f.Add([]byte("127.0.0.1 localhost\n10.0.0.9\tweb-01 www # comment\nfe80::1%eth0 gw\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		all, _, err := ParseHosts(content)
		held(t, all, err)
	})
}

// held: an error is a fault of kind Invalid; entries have keys of their own and
// say which machine they are.
func held(t *testing.T, all []Second, err error) {
	if err != nil {
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("the error is %v", err)
		}
		return
	}
	keys := map[string]bool{}
	for _, s := range all {
		if keys[s.Key] || len(identities(s.Names, s.Addresses, s.MACs)) == 0 {
			t.Fatalf("entry %+v", s)
		}
		keys[s.Key] = true
	}
}
