package processes

import (
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 2 3 0 -1 %FLAGS 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 5"
	for _, c := range []struct {
		text    string
		started float64
		kernel  bool
		wrong   bool
	}{
		{text: "1 (init)" + strings.ReplaceAll(rest, "%FLAGS", "4194560"), started: 123.45},
		{text: "2 (kthreadd)" + strings.ReplaceAll(rest, "%FLAGS", "2129984"), started: 123.45, kernel: true},
		{text: "3 (a) 1 (b) c)" + strings.ReplaceAll(rest, "%FLAGS", "0"), started: 123.45},
		{text: "4 (x) S 1 2", wrong: true},
		{text: "no name", wrong: true},
		{text: "5 (x)" + strings.ReplaceAll(rest, "%FLAGS", "-"), wrong: true},
	} {
		started, kernel, err := parseStat(c.text)
		if (err != nil) != c.wrong || err == nil && (started != c.started || kernel != c.kernel) {
			t.Errorf("%q: %v, %v, %v", c.text, started, kernel, err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	name, uid, err := parseStatus("Name:\ta b\nUmask:\t0022\nUid:\t1\t1000\t3\t4\n")
	if err != nil || name != "a b" || uid != 1000 { // the effective one
		t.Errorf("%q, %d, %v", name, uid, err)
	}
	for _, text := range []string{"", "Name:\tx\n", "Uid:\t1\n", "Uid:\tx\ty\n", "Uid:\t0\t-5\n"} {
		if _, _, err := parseStatus(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestContainerOf(t *testing.T) {
	id := strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		"0::/system.slice/ssh.service\n":                         "",
		"0::/system.slice/docker-" + id + ".scope\n":             "docker",
		"12:cpu:/docker/" + id + "\n":                            "docker",
		"0::/machine.slice/libpod-" + id + ".scope/container\n":  "podman",
		"0::/kubepods.slice/x/cri-containerd-" + id + ".scope\n": "kubernetes",
		"0::/lxc.payload.web/init.scope\n":                       "lxc",
		"0::/machine.slice/systemd-nspawn@web.service/payload\n": "systemd-nspawn",
		"0::/system.slice/cri-containerd:" + id + "\n":           "containerd",
		"": "",
	} {
		if got := containerOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for n, want := range map[int64]int64{0: 1, 1: 1, 2: 2, 3: 4, 8: 8, 9: 16} {
		if got := roundUp(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}

// FuzzProc gives any bytes as what /proc says of a process: a program names itself
// as it likes.
func FuzzProc(f *testing.F) {
	for _, s := range []string{"1 (init) S 1 2 3 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 12345 99", "Name:\tx\nUid:\t0\t0\t0\t0\n", ")", "0::/docker/", "Uid:\t1\t99999999999999999999\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if started, _, err := parseStat(s); err == nil && started < 0 {
			t.Errorf("started at %v", started)
		}
		if _, uid, err := parseStatus(s); err == nil && uid < 0 {
			t.Errorf("user id %d", uid)
		}
		_ = containerOf(s)
	})
}
