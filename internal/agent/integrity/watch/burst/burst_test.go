package burst

import (
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

var times = Times{Quiet: 100 * time.Millisecond, Most: 500 * time.Millisecond, Hold: 1500 * time.Millisecond}

// events reads lines: "+MILLISECONDS pid op path [path]".
func events(t *testing.T, base time.Time, script string) []kernel.Event {
	t.Helper()
	var out []kernel.Event
	ops := map[string]kernel.Op{"create": kernel.Create, "modify": kernel.Modify, "written": kernel.Written, "attrib": kernel.Attrib,
		"rename": kernel.Rename, "delete": kernel.Delete}
	for line := range strings.Lines(script) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		ms, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(f[1])
		if err != nil {
			t.Fatal(err)
		}
		e := kernel.Event{PID: int32(pid), At: base.Add(time.Duration(ms) * time.Millisecond)}
		for op := range strings.SplitSeq(f[2], "|") {
			if op == "dir" {
				e.Dir = true
				continue
			}
			if ops[op] == 0 {
				t.Fatalf("no op %q", op)
			}
			e.Op |= ops[op]
		}
		path := func(s string) string {
			if s == "-" {
				return ""
			}
			return "/d/" + s
		}
		e.Path = path(f[3])
		if len(f) > 4 {
			e.To = path(f[4])
		}
		out = append(out, e)
	}
	return out
}

// play feeds events and asks every 10 ms.
func play(list []kernel.Event, base time.Time) []Logical {
	m := New(times)
	var out []Logical
	i := 0
	for ms := 0; ms < 5000; ms += 10 {
		now := base.Add(time.Duration(ms) * time.Millisecond)
		for ; i < len(list) && !list[i].At.After(now); i++ {
			m.Feed(list[i])
		}
		out = append(out, m.Due(now)...)
	}
	return out
}

func (l Logical) text() string {
	s := strings.TrimPrefix(l.Path, "/d/")
	if l.From != "" {
		s += " from " + strings.TrimPrefix(l.From, "/d/")
	}
	if l.With != "" {
		s += " with " + strings.TrimPrefix(l.With, "/d/")
	}
	for _, v := range l.Via {
		s += " via " + strings.TrimPrefix(v, "/d/")
	}
	if l.Born && l.Gone {
		s += " came and went"
	} else if l.Gone {
		s += " gone"
	} else if l.Born {
		s += " new"
	}
	if l.Deep {
		s += " deep"
	}
	return s + fmt.Sprintf(" %v", l.PIDs)
}

func TestTable(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"written twice", "0 1 modify f\n5 1 written f\n20 1 modify f\n21 1 written f", "f [1]"},
		{"written, quiet, written", "0 1 written f\n300 1 written f", "f [1]; f [1]"},
		{"written without end", "0 1 modify f\n90 1 modify f\n180 1 modify f\n270 1 modify f\n360 1 modify f\n450 1 modify f\n540 1 modify f", "f [1]; f [1]"},
		{"made", "0 1 create f\n0 1 modify f\n1 1 written f", "f new [1]"},
		{"came and went", "0 1 create|modify|written f\n1 1 delete f", "f came and went [1]"},
		{"all in one record", "0 1 create|modify|written|delete f", "f came and went [1]"},
		{"removed", "0 1 delete f", "f gone [1]"},
		{"removed and made", "0 1 delete f\n1 1 create f", "f [1]"},
		{"renamed", "0 1 rename a b", "b from a [1]"},
		{"renamed on", "0 1 rename a b\n1 1 rename b c", "b gone [1]; c from a via b [1]"},
		{"renamed and back", "0 1 rename a b\n60 2 modify z\n70 1 rename b a", "z [2]; a via b [1]; b gone [1]"},
		{"replaced", "0 1 create t\n1 1 written t\n2 1 rename t f", "f via t [1]"},
		{"replaced by two", "0 1 create t\n1 1 written t\n2 2 rename t f", "f via t [2 1]"},
		{"moved in", "0 1 rename - f", "f [1]"},
		{"moved out", "0 1 rename f -", "f gone [1]"},
		{"two halves", "0 1 rename a -\n0 1 rename - b", "b from a [1]"},
		{"two halves of two", "0 1 rename a -\n0 2 rename - b", "a gone [1]; b [2]"},
		{"exchanged", "0 1 rename a b\n0 1 rename b a", "a with b [1]"},
		{"exchanged for a new one", "0 1 create t\n1 1 written t\n2 1 rename t f\n2 1 rename f t\n3 1 delete t", "f via t [1]"},
		{"a copy is kept", "0 1 create t\n1 1 written t\n2 1 rename f f.bak\n3 1 rename t f", "f.bak from f [1]; f via t [1]"},
		{"vim", "0 7 create 4913\n0 7 attrib 4913\n1 7 delete 4913\n2 7 rename f f~\n3 7 create f\n4 7 modify f\n5 7 written f\n6 7 attrib f\n7 7 delete f~",
			"f via 4913 [7]; f~ gone [7]"},
		{"many pass", strings.Repeat("X", 0) + passing(20) + "30 1 written f\n", "20 passed; f [1]"},
		{"logrotate", "0 1 rename log log.1\n1 1 create log\n1 1 attrib log", "log.1 from log [1]; log [1]"},
		{"copytruncate", "0 1 create log.1\n1 1 written log.1\n2 1 modify log", "log.1 new [1]; log [1]"},
		{"dpkg", "0 1 create f.dpkg-new\n1 1 written f.dpkg-new\n800 1 rename f.dpkg-new f", "f via f.dpkg-new [1]"},
		{"dpkg that never ends", "0 1 create f.dpkg-new\n1 1 written f.dpkg-new\n3000 1 rename f.dpkg-new f", "f.dpkg-new new [1]; f from f.dpkg-new [1]"},
		{"dpkg over an older one", "0 1 create f.dpkg-new\n1 1 written f.dpkg-new\n800 1 create f.dpkg-tmp\n800 1 rename f.dpkg-new f\n801 1 delete f.dpkg-tmp", "f via f.dpkg-new via f.dpkg-tmp [1]"},
		{"dpkg-tmp by itself", "0 1 create f.dpkg-tmp\n1 1 delete f.dpkg-tmp", "f.dpkg-tmp came and went [1]"},
		{"rpm", "0 1 create f;5f3a1b2c\n1 1 written f;5f3a1b2c\n900 1 rename f;5f3a1b2c f", "f via f;5f3a1b2c [1]"},
		{"directory moved with what was written in it", "0 1 create|dir d\n1 1 create d/x\n2 1 written d/x\n3 1 rename|dir d e", "e via d deep [1]"},
		{"directory moved in", "0 1 rename|dir - e", "e deep [1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := time.Unix(1_700_000_000, 0)
			var got []string
			passed := 0
			for _, l := range play(events(t, base, c.script), base) {
				if c.name == "many pass" && l.Born && l.Gone {
					passed++
					continue
				}
				got = append(got, l.text())
			}
			if passed > 0 {
				got = append([]string{fmt.Sprintf("%d passed", passed)}, got...)
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("told %q\nwant %q", s, c.want)
			}
		})
	}
}

func passing(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d 1 create p%d\n%d 1 delete p%d\n", i, i, i, i)
	}
	return b.String()
}

// Every path of every event is in a change, told no later than Most after
// its first event (and Hold where it is on its way), and each event
// is counted once.
func TestNothingIsForgotten(t *testing.T) {
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed))
		base := time.Unix(1_700_000_000, 0)
		m := New(times)
		names := []string{"/d/a", "/d/b", "/d/c", "/d/e/f", "/d/e/g", "/d/x.dpkg-new"}
		there := map[string]bool{"/d/a": true, "/d/b": true, "/d/e/f": true}
		pending := map[string]time.Time{}
		told := func(now time.Time, list []Logical) {
			for _, l := range list {
				for _, p := range append([]string{l.Path, l.From, l.With}, l.Via...) {
					if first, ok := pending[p]; ok && now.Sub(first) > times.Hold+times.Most+50*time.Millisecond {
						t.Fatalf("seed %d: %s was told after %v", seed, p, now.Sub(first))
					}
					delete(pending, p)
				}
				for p := range pending { // a look below finds the rest
					if (l.Deep || l.Gone) && (kernel.Within(p, l.Path) || l.From != "" && kernel.Within(p, l.From)) ||
						slices.ContainsFunc(l.Via, func(v string) bool { return kernel.Within(p, v) }) {
						delete(pending, p)
					}
				}
			}
		}
		now := base
		for range 200 {
			// As a file system would have it: only what is there is changed.
			e := kernel.Event{PID: int32(r.Intn(3)), At: now, Path: names[r.Intn(len(names))]}
			to := names[r.Intn(len(names))]
			switch n := r.Intn(8); {
			case !there[e.Path] && n == 0:
				e.Op, e.Path, e.To = kernel.Rename, "", e.Path
			case !there[e.Path]:
				e.Op = kernel.Create
			case n == 1:
				e.Op = kernel.Rename // out
			case n == 2 || n == 3:
				e.Op = kernel.Delete
			case n < 7 && to != e.Path:
				e.Op, e.To = kernel.Rename, to
			default:
				e.Op = kernel.Op(2 << r.Intn(3))
			}
			if e.Op&(kernel.Delete|kernel.Rename) != 0 {
				there[e.Path] = false
			}
			if e.Op == kernel.Create {
				there[e.Path] = true
			}
			there[e.To] = e.To != ""
			for _, p := range []string{e.Path, e.To} {
				if _, ok := pending[p]; !ok && p != "" {
					pending[p] = now
				}
			}
			m.Feed(e)
			now = now.Add(time.Duration(r.Intn(40)) * time.Millisecond)
			told(now, m.Due(now))
		}
		for range 50 {
			now = now.Add(50 * time.Millisecond)
			told(now, m.Due(now))
		}
		if m.Len() > 0 || len(pending) > 0 {
			t.Fatalf("seed %d: %d paths are held, %v were never told", seed, m.Len(), pending)
		}
	}
}

// A clock that goes back holds nothing for ever.
func TestClockGoesBack(t *testing.T) {
	base := time.Unix(1_700_000_000, 0)
	m := New(times)
	m.Feed(kernel.Event{Op: kernel.Modify, Path: "/d/a", At: base})
	if got := m.Due(base.Add(-time.Hour)); len(got) != 1 {
		t.Errorf("an hour earlier: told %v", got)
	}
	m.Feed(kernel.Event{Op: kernel.Rename, Path: "/d/a", At: base})
	m.Feed(kernel.Event{Op: kernel.Modify, Path: "/d/b", At: base.Add(-time.Hour)})
	if got := m.Due(base.Add(-time.Hour + time.Second)); len(got) != 2 {
		t.Errorf("told %v", got)
	}
}
