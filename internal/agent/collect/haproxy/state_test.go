package haproxy

import (
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

const table = `# pxname,svname,scur,slim,status,weight,bck,chkdown,lastchg,check_status,type,check_desc,addr,last_chk
web,FRONTEND,45,100,OPEN,,,,,,0,,,
app,a,3,,UP,100,0,2,60,L7OK,2,Layer7 check passed,192.0.2.11:8080,"secret, answer"
app,b,0,10,DOWN 1/2,100,0,1,5,* L4CON,2,Layer4 connection problem,192.0.2.12:8080,Connection refused
app,c,10,10,no check,1,1,,,,2,,,
app,d,0,,MAINT (via x/y),1,0,,,,2,,,
app,BACKEND,3,10,UP,200,1,0,60,,1,,,
`

func TestShowStat(t *testing.T) {
	now := time.Unix(1_796_000_000, 0)
	since := &moments{seen: map[string]int64{}}
	proxies, targets, err := read(table, now, since)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]facts.HaproxyProxyState{{Name: "web", Kind: "frontend", State: "open", Limit: 100, UsePercent: 40}, {Name: "app", Kind: "backend", State: "up", Limit: 10, UsePercent: 30}}, proxies); diff != "" {
		t.Errorf("proxies:\n%s", diff)
	}
	want := []facts.BalancerTargetState{
		{Backend: "app", Name: "a", Address: "192.0.2.11:8080", State: "up", Check: "L7OK", Why: "Layer7 check passed", ChangedUS: 1_795_999_940_000_000, WentDown: 2, Weight: 100},
		{Backend: "app", Name: "b", Address: "192.0.2.12:8080", State: "down", Check: "L4CON", Why: "Layer4 connection problem", ChangedUS: 1_795_999_995_000_000, WentDown: 1, Weight: 100, Limit: 10},
		{Backend: "app", Name: "c", State: "unchecked", Backup: true, Weight: 1, Limit: 10, UsePercent: 100},
		{Backend: "app", Name: "d", State: "maint", Weight: 1},
	}
	if diff := cmp.Diff(want, targets); diff != "" {
		t.Errorf("targets:\n%s", diff)
	}
	// A second later the same moment is told as 60 seconds ago once more: nothing happened.
	_, again, err := read(table, now.Add(time.Second), since)
	if err != nil || again[0].ChangedUS != targets[0].ChangedUS {
		t.Errorf("the moment moved: %v %v", again[0].ChangedUS, err)
	}
	_, later, err := read(table, now.Add(time.Minute), since)
	if err != nil || later[0].ChangedUS == targets[0].ChangedUS {
		t.Errorf("a change a minute later is told as the old one: %v", err)
	}
}

func TestShowStatMistakes(t *testing.T) {
	since := &moments{seen: map[string]int64{}}
	for text, want := range map[string]string{
		"": "expected a table", "Unknown command": "expected a table", "# pxname,svname\n": "no column status",
		strings.Replace(table, ",60,L7OK", ",soon,L7OK", 1): `lastchg of "app/a": expected a number, found "soon"`,
	} {
		if _, _, err := read(text, time.Now(), since); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if _, err := parseInfo("Name: HAProxy\nVersion: 2.6\nPid: 1\nMaxconn: many\n"); err == nil || !strings.Contains(err.Error(), "Maxconn") {
		t.Errorf("show info: %v", err)
	}
	if i, err := parseInfo("Version: 2.6\nPid: 7\nMaxconn: 10\nCurrConns: 3\n"); err != nil || i.pid != 7 || tens(i.conn, i.maxconn) != 30 {
		t.Errorf("show info: %+v %v", i, err)
	}
}

func TestDiffer(t *testing.T) {
	v := &facts.HaproxyPersisted{Frontends: []facts.HaproxyFrontend{{Name: "web"}, {Name: "new"}, {Name: "off", Disabled: true}}, Backends: []facts.HaproxyBackend{{Name: "app"}, {Name: "many"}},
		Targets: []facts.BalancerTarget{{Backend: "app", Name: "a", Count: 1}, {Backend: "app", Name: "gone", Count: 1}, {Backend: "many", Name: "n1", Count: 3}}}
	got := differ(v, []facts.HaproxyProxyState{{Name: "web", Kind: "frontend"}, {Name: "app", Kind: "backend"}, {Name: "many", Kind: "backend"}, {Name: "empty", Kind: "backend"}},
		[]facts.BalancerTargetState{{Backend: "app", Name: "a"}, {Backend: "app", Name: "by-hand"}, {Backend: "many", Name: "n1"}, {Backend: "many", Name: "n2"}})
	want := []string{"frontend new stands in the files and does not run", "server app/by-hand runs and does not stand in the files", "server app/gone stands in the files and does not run"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAlert(t *testing.T) {
	for words, want := range map[string]string{
		"[NOTICE] x\n[ALERT]    (1) : config : parsing [/etc/h.cfg:3] : unknown keyword 'bnd' in 'frontend' section\n": "/etc/h.cfg:3: unknown keyword 'bnd' in 'frontend' section",
		"[ALERT]    (1) : config : parsing [/etc/h.cfg:3] : unexpected password 'hunter2'\n":                           "/etc/h.cfg:3: refused; the words may hold a secret and are not sent",
		"[ALERT]    (1) : no listeners\n": "no listeners",
	} {
		if got := alert(words); got != want {
			t.Errorf("%q: %q", words, got)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(table)
	f.Add("# pxname,svname,status,type,scur\n\"a,b\n,,,2,9223372036854775807\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = parseInfo(text)
		_ = alert(text)
		proxies, targets, err := read(text, time.Unix(1_796_000_000, 0), &moments{seen: map[string]int64{}})
		if err != nil {
			return
		}
		for _, x := range targets {
			if x.UsePercent < 0 || x.UsePercent > 100 {
				t.Errorf("%+v", x)
			}
		}
		s, err := facts.NewSection("haproxy", facts.Haproxy{Running: &facts.HaproxyRunning{Proxies: proxies, Targets: targets}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = s
	})
}
