package logfile

import (
	"crypto/sha256"
	"io"
	"os"
	"strings"
	"testing"
)

// Whatever lies in a chain, nothing of it is packed as its name says, or all of it
// is: what was recorded counts as kept only where its bytes are found again.
func FuzzJudge(f *testing.F) {
	f.Add("app.log", "one\n", "app.log\napp.log.1\napp.log.2.gz", "one\ntwo\x00one\n\x00\x1f\x8b")
	f.Add("app.log-20260314", "x", "app.log-20260314.gz\napp.log-20260315.xz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x00\x00\x83\x16\xdc\x8c\x01\x00\x00\x00\x00y")
	f.Add("app.1.log", "", "app.log\napp.1.log\napp.99999999999.log", "\x00\x00")
	f.Add(".1", "a", ".\n.1\n.2.bz2\n-20260101", "BZh9\x00a")
	f.Add("a.9", "a", "a.10\na.9.gz", "ab\x00\x1f\x8b\x08\x08\xff")
	f.Fuzz(func(t *testing.T, name, was, names, contents string) {
		if len(was) > 1<<12 || len(contents) > 1<<16 || len(names) > 1<<12 {
			return
		}
		text := map[string]string{}
		dir := Dir{Open: func(name string) (io.ReadCloser, error) {
			s, there := text[name]
			if !there {
				return nil, os.ErrNotExist
			}
			return io.NopCloser(strings.NewReader(s)), nil
		}}
		parts := strings.Split(contents, "\x00")
		for i, n := range strings.Split(names, "\n") {
			if _, twice := text[n]; n == "" || strings.Contains(n, "/") || twice {
				continue
			}
			text[n] = parts[i%len(parts)]
			dir.Names = append(dir.Names, n)
		}
		all := []Known{{name, int64(len(was)), sha256.Sum256([]byte(was))}, {name + ".1", 3, sha256.Sum256([]byte("abc"))}}
		got := Judge(all, dir)
		if len(got) != len(all) {
			t.Fatalf("%d verdicts on %d files", len(got), len(all))
		}
		for _, n := range append(dir.Names, name) {
			if Base(n) == "" && n != "" || Between(n, n) != (place(n).order != "") {
				t.Errorf("%q is of the chain %q", n, Base(n))
			}
		}
		v := got[0]
		here, there := text[name]
		switch v.Kind {
		case Kept:
			if here != was {
				t.Errorf("%q is kept, and is %q", was, here)
			}
		case Grown:
			if !there || !strings.HasPrefix(here, was) || here == was {
				t.Errorf("%q has grown to %q", was, here)
			}
		case Rotated:
			in, is := text[v.Into]
			if v.Into == name || !is || was == "" || Base(v.Into) != Base(name) || place(v.Into).pack == "" && !strings.HasPrefix(in, was) {
				t.Errorf("%q was rotated into %q: %q", was, v.Into, in)
			}
		case Shrunk:
			if !there || len(here) >= len(was) {
				t.Errorf("%q has shrunk to %q", was, here)
			}
		case Rewritten:
			if !there || len(here) < len(was) || strings.HasPrefix(here, was) {
				t.Errorf("%q was rewritten as %q", was, here)
			}
		case Gone:
			if there {
				t.Errorf("%q is gone, and is there", name)
			}
		case Unknown:
			if v.Reason == "" {
				t.Error("it is not known, without a reason")
			}
		case Expired:
			if place(name).order == "" {
				t.Errorf("%q has expired", name)
			}
		default:
			t.Errorf("%+v", v)
		}
	})
}
