package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "etc", "ssh", "sshd_config.d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "10.conf")
	before := stampOf(root, "sshd")
	if before == "" || before != stampOf(root, "sshd") {
		t.Fatalf("the stamp of what stays is %q", before)
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"a new file", func() error { return os.WriteFile(file, []byte("PermitRootLogin no\n"), 0o600) }},
		{"a mode", func() error { return os.Chmod(file, 0o644) }},
		{"content of the same length and time", func() error {
			st, err := os.Stat(file)
			if err != nil {
				return err
			}
			if err := os.WriteFile(file, []byte("PermitRootLogin on\n"), 0o600); err != nil {
				return err
			}
			return os.Chtimes(file, time.Time{}, st.ModTime())
		}},
		{"another file of that name", func() error { return os.Rename(file, file+".x") }},
		{"a file that goes", func() error { return os.Remove(file + ".x") }},
		{"a link", func() error { return os.Symlink("/nowhere", file) }},
		{"what a link leads to", func() error {
			if err := os.Remove(file); err != nil {
				return err
			}
			to := filepath.Join(root, "elsewhere")
			if err := os.WriteFile(to, nil, 0o600); err != nil {
				return err
			}
			if err := os.Symlink(to, file); err != nil {
				return err
			}
			before = stampOf(root, "sshd")
			return os.WriteFile(to, []byte("UsePAM no\n"), 0o600)
		}},
		{"the directory of the service", func() error { return os.MkdirAll(filepath.Join(root, "run", "sshd"), 0o755) }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		after := stampOf(root, "sshd")
		if after == before {
			t.Errorf("%s is not in the stamp", step.what)
		}
		before = after
	}
	if s := stampOf(root, "users"); s != "" {
		t.Errorf("a section without inputs has the stamp %q", s)
	}
}
