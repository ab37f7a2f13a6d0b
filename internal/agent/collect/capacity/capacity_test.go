package capacity

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/wire"
)

func plant(t *testing.T, files map[string]string) *Used {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"srv", "var/lib/gone", "net"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	u := &Used{root: tree.Root{Dir: dir}, statfs: func(p string) (filesystem, error) {
		switch p {
		case "/":
			return filesystem{used: 80, size: 100, inodesUsed: 5, inodes: 10}, nil
		case "/srv":
			return filesystem{used: 1, size: 4}, nil // no inodes
		}
		return filesystem{}, errors.New("input/output error")
	}}
	u.busy, u.all, _ = u.processors()
	return u
}

var host = map[string]string{
	"/proc/self/mountinfo": `21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
22 21 0:5 / /proc rw - proc proc rw
23 21 8:2 / /srv rw - btrfs /dev/sda2 rw
24 21 8:2 / /srv/again rw - btrfs /dev/sda2 rw
25 21 0:40 / /net rw - nfs4 far:/x rw
26 21 8:3 / /var/lib/gone rw - xfs /dev/sda3 rw
27 21 8:4 / /cd ro - ext4 /dev/sda4 ro
`,
	"/proc/meminfo":        "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
	"/proc/stat":           "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3 4\ncpu1 1 2 3 4\n",
	"/proc/loadavg":        "9.00 5.00 3.00 1/200 999\n",
	"/proc/pressure/cpu":   "some avg10=0.00 avg60=0.00 avg300=12.34 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
	"/proc/pressure/io":    "some avg10=0.00 avg60=0.00 avg300=200 total=1\n",
	"/proc/sys/fs/file-nr": "1200 0 9223372036854775807\n",
	"/proc/sys/net/netfilter/nf_conntrack_count": "10\n",
	"/proc/sys/net/netfilter/nf_conntrack_max":   "40\n",
}

func TestSample(t *testing.T) {
	u := plant(t, host)
	if err := os.WriteFile(filepath.Join(u.root.Dir, "/proc/stat"), []byte("cpu  150 0 125 725 100 0 0 0 0 0\ncpu0 1\ncpu1 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := u.Sample()
	want := []wire.Measure{{Name: "disk.bytes", Place: "/", Used: 80, Limit: 100}, {Name: "disk.inodes", Place: "/", Used: 5, Limit: 10}, {Name: "disk.bytes", Place: "/srv", Used: 1, Limit: 4},
		{Name: "memory", Used: 750 << 10, Limit: 1000 << 10}, {Name: "cpu", Used: 7500, Limit: 10000}, {Name: "load", Used: 300, Limit: 200}, {Name: "psi.cpu", Used: 1234, Limit: 10000}, {Name: "conntrack", Used: 10, Limit: 40}}
	if !slices.Equal(s.Measures, want) {
		t.Errorf("got  %+v\nwant %+v", s.Measures, want)
	}
	for name, part := range map[string]string{"disk.bytes /var/lib/gone": "input/output", "swap": "has none", "psi.memory": "not on this host", "psi.io": `"200" is no share`, "files": "no limit"} {
		if !strings.Contains(s.Missing[name], part) {
			t.Errorf("%s: %q does not say %q", name, s.Missing[name], part)
		}
	}
	if len(s.Missing) != 5 {
		t.Errorf("missing: %v", s.Missing)
	}
	if again := u.Sample(); !strings.Contains(again.Missing["cpu"], "no time passed") {
		t.Errorf("a second sample at once: %v", again.Missing)
	}
}

func TestOddFiles(t *testing.T) {
	for file, text := range map[string]string{"/proc/meminfo": "MemTotal: many kB\n", "/proc/stat": "intr 5\n", "/proc/loadavg": "1 2\n", "/proc/sys/fs/file-nr": "1 2\n", "/proc/sys/net/netfilter/nf_conntrack_max": "-4\n", "/proc/self/mountinfo": "x\n"} {
		files := map[string]string{}
		for k, v := range host {
			files[k] = v
		}
		files[file] = text
		s := plant(t, files).Sample()
		said := ""
		for _, m := range s.Missing {
			said += m + "\n"
		}
		if !strings.Contains(said, file) && !strings.Contains(said, "is no number of kB") {
			t.Errorf("%s = %q: nothing missing says so: %v", file, text, s.Missing)
		}
	}
}

// On this host, what we read of / is what df says.
func TestAgreesWithDf(t *testing.T) {
	df, err := exec.LookPath("df")
	if err != nil {
		t.Skip("NOT RUN: no df here")
	}
	out, err := exec.Command(df, "-B1", "--output=used,avail", "/").Output()
	if err != nil {
		t.Skipf("NOT RUN: df: %v", err)
	}
	f := strings.Fields(string(out))
	used, _ := strconv.ParseInt(f[len(f)-2], 10, 64)
	s := New(tree.Root{}).Sample()
	i := slices.IndexFunc(s.Measures, func(m wire.Measure) bool { return m.Name == "disk.bytes" && m.Place == "/" })
	if i < 0 {
		t.Fatalf("/ was not read: %v", s.Missing)
	}
	if off := s.Measures[i].Used - used; max(off, -off) > 1<<30 { // others write meanwhile
		t.Errorf("used %d, df says %d", s.Measures[i].Used, used)
	}
}

func FuzzSample(f *testing.F) {
	for name, text := range host {
		f.Add(name, text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if _, ok := host[name]; !ok {
			t.Skip()
		}
		files := map[string]string{}
		for k, v := range host {
			files[k] = v
		}
		files[name] = text
		for _, m := range plant(t, files).Sample().Measures {
			if m.Used < 0 || m.Limit <= 0 {
				t.Fatalf("%s = %q gives %+v", name, text, m)
			}
		}
	})
}
