package collect

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

func TestPasswordState(t *testing.T) {
	for field, want := range map[string]string{
		"":                                  "empty ",
		"*":                                 "none ",
		"x":                                 "none ",
		"!":                                 "locked ",
		"!!":                                "locked ",
		"!*":                                "locked ",
		"$y$j9T$abc$defghijklmnop":          "hashed yescrypt",
		"!$y$j9T$abc$defghijklmnop":         "locked yescrypt",
		"$gy$j9T$abc$defghijklmnop":         "hashed gost-yescrypt",
		"$6$salt$abcdefghijklmnop":          "hashed sha512",
		"$6$rounds=5000$salt$abcdefghijkl":  "hashed sha512",
		"$5$salt$abcdefghijklmnop":          "hashed sha256",
		"$2b$12$abcdefghijklmnopqrstuv":     "hashed bcrypt",
		"$1$salt$abcdefghijklmnop":          "hashed md5",
		"$7$CU..../....abcdef$ghijkl":       "hashed scrypt",
		"$md5,rounds=904$salt$$abcdefghijk": "hashed sunmd5",
		"rqXexS6ZhobKA":                     "hashed des",
		"_J9..K0AyUubDrfOgO4s":              "hashed bsdi",
		"$new$salt$abcdefghijklmnop":        "hashed unknown",
		"$6$":                               "none ",
		"NP":                                "none ",
	} {
		if state, algorithm := passwordState(field); state+" "+algorithm != want {
			t.Errorf("%q: %s %s, want %s", field, state, algorithm, want)
		}
	}
}

func TestSSHDLine(t *testing.T) {
	for line, want := range map[string]string{
		"Port 22":                           "port|22",
		"\tPort=22":                         "port|22",
		"Port = 22 # ssh":                   "port|22",
		`Banner "/etc/a b" x`:               "banner|/etc/a b|x",
		`Match user a,b address "10.0.0.0"`: "match|user|a,b|address|10.0.0.0",
		"# comment":                         "",
		"   ":                               "",
		"UsePAM":                            "usepam",
		"ForceCommand echo a#b":             "forcecommand|echo|a#b",
		`Banner "open`:                      "error",
		"= 5":                               "=|5",
	} {
		word, args, err := sshdLine(line)
		got := strings.Join(append([]string{word}, args...), "|")
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

func TestEffective(t *testing.T) {
	var rep report
	got, other := effective(`port 22
port 2222
permitrootlogin without-password
challengeresponseauthentication no
loglevel verbose
maxauthtries six
logingracetime 120
allowusers alice
allowusers bob@10.0.0.*
ciphers a@b.c,d
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
maxstartups 10
newkeyword some thing
newkeyword else
`, &rep)
	values, err := json.Marshal(map[string]any{"installed": true, "effective": got, "effective_other": other})
	if err != nil {
		t.Fatal(err)
	}
	sec, err := rep.section("sshd", json.RawMessage(values))
	if err != nil {
		t.Fatal(err)
	}
	d, err := facts.Decode(sec)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"port":                         "[22,2222]",
		"permitrootlogin":              `"prohibit-password"`,
		"kbdinteractiveauthentication": `"no"`,
		"loglevel":                     `"VERBOSE"`,
		"logingracetime":               "120",
		"allowusers":                   `["alice","bob@10.0.0.*"]`,
		"allowgroups":                  "[]",
		"ciphers":                      `["a@b.c","d"]`,
		"authorizedkeysfile":           `[".ssh/authorized_keys",".ssh/authorized_keys2"]`,
		"maxstartups_start":            "10",
		"maxstartups_rate":             "100",
		"maxstartups_full":             "10",
	} {
		if v, _ := d.At("/effective/" + path); string(facts.Canonical(v)) != want {
			t.Errorf("%s: %v, want %s", path, v, want)
		}
	}
	if v, _ := d.At("/effective_other"); string(facts.Canonical(v)) != `{"newkeyword":"some thing else"}` {
		t.Errorf("other: %v", v)
	}
	if m, _ := d.MissingAt("/effective/maxauthtries"); m.State != facts.Error || !strings.Contains(m.Reason, `maxauthtries "six"`) {
		t.Errorf("maxauthtries: %+v", m)
	}
	if m, _ := d.MissingAt("/effective/usepam"); m.State != facts.Absent || !strings.Contains(m.Reason, "does not print usepam") {
		t.Errorf("usepam: %+v", m)
	}
}

func TestToolOutput(t *testing.T) {
	units, err := parseListUnits("ssh.service loaded active running OpenBSD Secure Shell server\n● bad.service loaded failed failed Bad\nnone.service not-found inactive dead none.service\ndev-sda.device loaded active plugged Disk\nlogrotate.timer loaded active waiting Daily rotation\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(units) != 3 || units["ssh.service"].Sub != "running" || units["bad.service"].Active != "failed" || units["logrotate.timer"].Sub != "waiting" {
		t.Errorf("units %v", units)
	}
	if _, err := parseListUnits("ssh.service loaded\n"); err == nil || !strings.Contains(err.Error(), "list-units:1: expected unit") {
		t.Errorf("error %v", err)
	}
	rc, err := parseRCStatus("Runlevel: default\n crond                  [  started  ]\n sshd    [  crashed  ]\nDynamic Runlevel: needed/wanted\n dev     [  stopped 00:01 ]\n")
	if err != nil {
		t.Fatal(err)
	}
	if rc["crond"].Active != "active" || rc["sshd"].Active != "failed" || rc["dev"].Sub != "stopped" {
		t.Errorf("rc-status %v", rc)
	}
	for text, want := range map[string]int64{
		"Reference ID    : 7F\nSystem time     : 0.012345678 seconds slow of NTP time\n": -12346,
		"System time     : 1.000000000 seconds fast of NTP time\n":                       1000000,
	} {
		if us, err := parseTracking(text); err != nil || us != want {
			t.Errorf("%q: %d %v, want %d", text, us, err, want)
		}
	}
	for _, text := range []string{"", "System time : x seconds slow of NTP time\n", "System time : NaN seconds slow of\n", "506 Cannot talk to daemon\n"} {
		if _, err := parseTracking(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	list, err := parseRpm(strings.NewReader("bash\t5.1.8-9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\t100\nkernel-core\t5.14.0-1\tx86_64\tkernel-5.14.0-1.src.rpm\t100\nkernel-core\t5.14.0-2\tx86_64\tkernel-5.14.0-2.src.rpm\t200\nglibc\t2.34-1\ti686\tglibc-2.34-1.src.rpm\t100\nglibc\t2.34-1\tx86_64\tglibc-2.34-1.src.rpm\t150\ngpg-pubkey\t1-2\t(none)\t(none)\t100\n"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k, p := range byName(list) {
		keys = append(keys, k+" "+p.Version+" "+p.Source+" "+p.SourceVersion)
	}
	slices.Sort(keys)
	if want := []string{"bash 5.1.8-9.el9 bash 5.1.8-9.el9", "glibc 2.34-1 glibc 2.34-1", "glibc:i686 2.34-1 glibc 2.34-1", "kernel-core 5.14.0-2 kernel 5.14.0-2", "kernel-core=5.14.0-1 5.14.0-1 kernel 5.14.0-1"}; !slices.Equal(keys, want) {
		t.Errorf("rpm %q", keys)
	}
	if _, err := parseRpm(strings.NewReader("bash 5\n")); err == nil || !strings.Contains(err.Error(), "rpm -qa:1: expected 5 columns") {
		t.Errorf("error %v", err)
	}
}

func TestRunTool(t *testing.T) {
	dir := t.TempDir()
	script := func(name, body string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
			t.Fatal(err)
		}
		return p
	}
	out, err := runTool(t.Context(), script("env", "echo $LC_ALL $SECRET $1\n"), "a b")
	if err != nil || string(out) != "C a b\n" {
		t.Errorf("%q %v", out, err)
	}
	_, err = runTool(t.Context(), script("fails", "echo >&2; echo '  no such thing  ' >&2; echo more >&2; exit 3\n"))
	if err == nil || err.Error() != "fails says: no such thing" {
		t.Errorf("error %v", err)
	}
	_, err = runTool(t.Context(), script("mute", "exit 3\n"))
	if err == nil || err.Error() != "mute: exit status 3" {
		t.Errorf("error %v", err)
	}
	_, err = runTool(t.Context(), script("loud", "while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done\n"))
	if err == nil || !strings.Contains(err.Error(), "loud printed more than") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = runTool(ctx, script("never", "sleep 60\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestReaderThatFails: one reader's defect or endless wait costs its section.
func TestReaderThatFails(t *testing.T) {
	s, err := readWithin(t.Context(), time.Minute, Root{}, named{"os", func(context.Context, Root) (facts.Section, error) {
		return facts.Section{}, errors.New("a defect")
	}})
	if err != nil || len(s.Missing) != 1 || s.Missing[0].Path != "" || !strings.Contains(s.Missing[0].Reason, "a defect") {
		t.Errorf("%+v %v", s, err)
	}
	s, err = readWithin(t.Context(), time.Nanosecond, Root{}, named{"files", func(ctx context.Context, _ Root) (facts.Section, error) {
		<-ctx.Done()
		return facts.Section{}, ctx.Err()
	}})
	if err != nil || len(s.Missing) != 1 || !strings.Contains(s.Missing[0].Reason, "longer than") {
		t.Errorf("%+v %v", s, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Inventory(ctx, Root{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestHints(t *testing.T) {
	var rep report
	rep.absent("/id", "no file")
	none, err := rep.section("os", struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if h := Hints([]facts.Section{none}); h != nil {
		t.Errorf("hints %v without a need", h)
	}
	rep.add("/name", facts.Error, needsRoot+": x")
	rep.add("/version", facts.Error, needsRoot+": y")
	some, err := rep.section("os", struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if h := Hints([]facts.Section{none, some, some}); len(h) != 1 || !strings.Contains(h[0], "run the agent as root") {
		t.Errorf("hints %v", h)
	}
}

// TestClosedFiles reads as a user who may not: each closed file is an error
// that needs root, and says so. Root starts this program again as nobody.
func TestClosedFiles(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t, "TestClosedFiles")
		return
	}
	root, _ := hostTree(t, "debian")
	closed := map[string][]string{
		"/etc/shadow":             {"users/passwords"},
		"/etc/sudoers.d":          {"users/sudo/rules", "users/sudo/nopasswd", "files/~1etc~1sudoers.d~1*"},
		"/etc/ssh/sshd_config":    {"sshd/file", "sshd/matches"},
		"/etc/sysctl.d":           {"sysctl/persisted"},
		"/etc/fstab":              {"mounts/persisted"},
		"/home/alice":             {"users/homes/1/netrc", "users/homes/1/authorized_keys"},
		"/var/lib/dpkg/status":    {"packages/by_name"},
		"/proc/1/environ":         {"os/container"},
		"/etc/systemd/system":     {"services/units"},
		"/proc/sys/kernel":        {"sysctl/running/kernel.randomize_va_space"},
		"/etc/login.defs":         {"users/login_defs"},
		"/proc/self/mountinfo":    {"mounts/running"},
		"/etc/chrony/chrony.conf": {"clock/servers"},
	}
	for p, paths := range closed {
		full := filepath.Join(root.Dir, p)
		st, err := os.Stat(full)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(full, 0); err != nil {
			t.Fatal(err)
		}
		got := inventory(t, root)
		if err := os.Chmod(full, st.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
		for _, pointer := range paths {
			section, within, _ := strings.Cut(pointer, "/")
			m, said := got[section].MissingAt("/" + within)
			if !said || m.State != facts.Error || !strings.HasPrefix(m.Reason, needsRoot+": /") {
				t.Errorf("%s closed: %s: %+v", p, pointer, m)
			}
		}
	}
}

// asNobody runs one test of this program as a user without rights, in a
// directory that such a user may enter.
func asNobody(t *testing.T, test string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "program"), program, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(p, 65534, 65534))
	}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "program"), "-test.v", "-test.run=^"+test+"$")
	cmd.Dir = dir
	cmd.Env = []string{"TMPDIR=" + dir, "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+test) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
