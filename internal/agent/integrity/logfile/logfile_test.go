package logfile

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func dirOf(files map[string]string) Dir {
	m := fstest.MapFS{}
	var names []string
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
		names = append(names, name)
	}
	slices.Sort(names)
	return Dir{Names: names, Open: func(name string) (io.ReadCloser, error) { return m.Open(name) }}
}

func known(name, text string) Known {
	return Known{Name: name, Size: int64(len(text)), Digest: sha256.Sum256([]byte(text))}
}

func gz(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJudge(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after map[string]string
		want          string // "name kind into", by name
	}{
		"the same":              {map[string]string{"log": "a\n"}, map[string]string{"log": "a\n"}, "log kept "},
		"grown":                 {map[string]string{"log": "a\n"}, map[string]string{"log": "a\nb\n"}, "log grown "},
		"grown from nothing":    {map[string]string{"log": ""}, map[string]string{"log": "a\n"}, "log grown "},
		"a line changed":        {map[string]string{"log": "a\nb\n"}, map[string]string{"log": "a\nX\nc\n"}, "log rewritten "},
		"cut short":             {map[string]string{"log": "a\nb\n"}, map[string]string{"log": "a\n"}, "log shrunk "},
		"emptied":               {map[string]string{"log": "a\nb\n"}, map[string]string{"log": ""}, "log shrunk "},
		"removed":               {map[string]string{"log": "a\nb\n"}, map[string]string{}, "log gone "},
		"rotated":               {map[string]string{"log": "a\n"}, map[string]string{"log": "", "log.1": "a\nlast\n"}, "log rotated log.1"},
		"rotated, not yet anew": {map[string]string{"log": "a\n"}, map[string]string{"log.1": "a\n"}, "log rotated log.1"},
		"rotated and packed":    {map[string]string{"log": "a\n"}, map[string]string{"log": "n\n", "log.1.gz": gz(t, "a\nlast\n")}, "log rotated log.1.gz"},
		"two turns":             {map[string]string{"log": "a\n", "log.1": "0\n"}, map[string]string{"log": "c\n", "log.1": "b\n", "log.2.gz": gz(t, "a\n"), "log.3.gz": gz(t, "0\n")}, "log rotated log.2.gz, log.1 rotated log.3.gz"},
		"packed in its place":   {map[string]string{"log": "a\n", "log.1": "0\n"}, map[string]string{"log": "a\n", "log.1.gz": gz(t, "0\n")}, "log kept , log.1 rotated log.1.gz"},
		"dated":                 {map[string]string{"log": "a\n", "log-20260101": "0\n"}, map[string]string{"log": "", "log-20260101": "0\n", "log-20260108": "a\n"}, "log rotated log-20260108, log-20260101 kept "},
		"dated with extension":  {map[string]string{"app.log": "a\n"}, map[string]string{"app.log": "", "app-20260108.log": "a\n"}, "app.log rotated app-20260108.log"},
		"the oldest falls out":  {map[string]string{"log": "b\n", "log.1": "a\n", "log.2": "0\n"}, map[string]string{"log": "", "log.1": "b\n", "log.2": "a\n"}, "log rotated log.1, log.1 rotated log.2, log.2 expired "},
		"one in between is taken": {map[string]string{"log": "c\n", "log.1": "b\n", "log.2": "a\n"}, map[string]string{"log": "", "log.1": "c\n", "log.3": "a\n"},
			"log rotated log.1, log.1 rewritten , log.2 rotated log.3"},
		"the oldest, without a turn": {map[string]string{"log": "b\n", "log.1": "a\n"}, map[string]string{"log": "b\n"}, "log kept , log.1 gone "},
		"rewritten in a turn":        {map[string]string{"log": "a\nb\n"}, map[string]string{"log": "", "log.1": "a\nX\n"}, "log shrunk "},
		"another chain":              {map[string]string{"log": "a\n"}, map[string]string{"log": "", "other.1": "a\n"}, "log shrunk "},
		"damaged pack":               {map[string]string{"log": "a\n"}, map[string]string{"log": "", "log.1.gz": "no gzip at all"}, "log unknown "},
		"a pack of another kind":     {map[string]string{"log": "a\n"}, map[string]string{"log": "", "log.1.zst": "x"}, "log unknown "},
	} {
		t.Run(name, func(t *testing.T) {
			var all []Known
			for n, text := range tc.before {
				all = append(all, known(n, text))
			}
			slices.SortFunc(all, func(a, b Known) int { return strings.Compare(a.Name, b.Name) })
			var lines []string
			for i, v := range Judge(all, dirOf(tc.after)) {
				lines = append(lines, all[i].Name+" "+string(v.Kind)+" "+v.Into)
				if (v.Kind == Unknown) != (v.Reason != "") {
					t.Errorf("%+v", v)
				}
			}
			slices.Sort(lines)
			want := strings.Split(tc.want, ", ")
			slices.Sort(want)
			if !slices.Equal(lines, want) {
				t.Errorf("%q, want %q", lines, want)
			}
		})
	}
}

// The real logrotate, turn after turn, with each way it has of moving files:
// whatever was recorded before a turn is found after it, and what is rewritten
// beside it is not.
func TestLogrotate(t *testing.T) {
	logrotate, err := exec.LookPath("/usr/sbin/logrotate")
	if err != nil {
		t.Skip("NOT RUN: logrotate is not installed (Debian's logrotate)")
	}
	for name, options := range map[string]string{
		"create": "create", "copytruncate": "copytruncate", "compress": "compress\ncreate", "delayed": "compress\ndelaycompress\ncreate",
		"dated": "dateext\ndateformat -%Y%m%d-%s\ncreate", "dated and packed": "dateext\ndateformat -%Y%m%d-%s\ncompress\ncreate", "extension": "extension .log\ncreate",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			logs := filepath.Join(dir, "logs")
			if err := os.Mkdir(logs, 0o755); err != nil {
				t.Fatal(err)
			}
			log, conf := filepath.Join(logs, "app.log"), filepath.Join(dir, "conf")
			if err := os.WriteFile(conf, []byte(log+" {\nrotate 3\nsize 1\nmissingok\n"+options+"\n}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			grow := func(line string) {
				f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteString(strings.Repeat(line+"\n", 50)); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
			}
			now := func() Dir {
				entries, err := os.ReadDir(logs)
				if err != nil {
					t.Fatal(err)
				}
				d := Dir{Open: func(name string) (io.ReadCloser, error) { return os.Open(filepath.Join(logs, name)) }}
				for _, e := range entries {
					d.Names = append(d.Names, e.Name())
				}
				return d
			}
			record := func() (out []Known) {
				for _, n := range now().Names {
					b, err := os.ReadFile(filepath.Join(logs, n))
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, known(n, string(b)))
				}
				return out
			}
			grow("zeroth")
			expired := 0
			for turn := range 6 {
				before := record()
				grow("after it was recorded")
				if strings.HasPrefix(name, "dated") {
					time.Sleep(1100 * time.Millisecond) // its names have whole seconds
				}
				if out, err := exec.Command(logrotate, "-f", "-s", filepath.Join(dir, "state"), conf).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				grow("turn " + strings.Repeat("x", turn))
				for i, v := range Judge(before, now()) {
					if v.Kind == Expired {
						expired++
					} else if v.Kind.Lost() {
						t.Errorf("turn %d: %s: %+v in %q", turn, before[i].Name, v, now().Names)
					}
				}
			}
			before := record()
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(log, bytes.Replace(b, []byte("turn"), []byte("TURN"), 1), 0o644); err != nil {
				t.Fatal(err)
			}
			lost := 0
			for i, v := range Judge(before, now()) {
				if v.Kind.Lost() {
					lost++
					if before[i].Name != "app.log" || v.Kind != Rewritten {
						t.Errorf("%s: %+v", before[i].Name, v)
					}
				}
			}
			if lost != 1 || expired == 0 {
				t.Errorf("%d lost, %d expired", lost, expired)
			}
		})
	}
}
