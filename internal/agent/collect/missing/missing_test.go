package missing

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/facts"
)

func TestList(t *testing.T) {
	var l List
	if !l.Unless("/a", nil, "no") || l.Unless("/installed", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, "no %s", "/x") {
		t.Error("Unless does not tell what is there from what is not")
	}
	l.Failed("/effective/port", errors.New("two\nlines \xff"+strings.Repeat("x", 500)))
	l.Failed("/file", &fs.PathError{Op: "open", Path: "/closed", Err: fs.ErrPermission})
	s, err := l.Section("sshd", struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]facts.Missing{}
	for _, m := range s.Missing {
		got[m.Path] = m
	}
	if m := got["/installed"]; m.State != facts.Absent || m.Reason != "no /x" {
		t.Errorf("%+v", m)
	}
	if m := got["/effective/port"]; m.State != facts.Error || !strings.HasPrefix(m.Reason, "two lines \ufffdxxx") || len(m.Reason) > 404 {
		t.Errorf("%+v", m)
	}
	want := "open /closed: permission denied"
	if os.Geteuid() != 0 {
		want = NeedsRoot + ": /closed"
	}
	if m := got["/file"]; m.Reason != want {
		t.Errorf("%+v, want %q", m, want)
	}
}
