package sealed

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
)

func TestSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealed.key")
	k, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v, %v", info, err)
	}
	const secret = "postgres://attesta:hush@db/app"
	box, again := k.Seal("database src_1", secret), k.Seal("database src_1", secret)
	if bytes.Contains(box, []byte("hush")) || bytes.Equal(box, again) {
		t.Error("the secret shows, or sealing twice gives the same")
	}
	k, err = Open(path) // the same key after a restart
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Unseal("database src_1", box); err != nil || got != secret {
		t.Errorf("%q, %v", got, err)
	}
	other, err := Open(filepath.Join(t.TempDir(), "sealed.key"))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(box)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() (string, error){
		"another place":   func() (string, error) { return k.Unseal("database src_2", box) },
		"another key":     func() (string, error) { return other.Unseal("database src_1", box) },
		"a changed byte":  func() (string, error) { return k.Unseal("database src_1", changed) },
		"cut short":       func() (string, error) { return k.Unseal("database src_1", box[:5]) },
		"nothing":         func() (string, error) { return k.Unseal("database src_1", nil) },
		"another version": func() (string, error) { return k.Unseal("database src_1", append([]byte{9}, box[1:]...)) },
	} {
		if got, err := open(); !fault.Is(err, fault.Refused) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		mode os.FileMode
	}{"others may read it": {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0o644}, "empty": {"", 0o600}, "too short": {"AAAA", 0o600}} {
		path := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, []byte(tc.text), tc.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A new first line seals from then on; what an older one sealed still opens,
// until its line goes.
func TestNewKeyInFront(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealed.key")
	k, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	older := k.Seal("p", "old")
	former, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "sealed.key")
	if _, err := Open(fresh); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	with := func(content []byte) (*Key, error) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return Open(path)
	}
	both, err := with(append(bytes.Clone(first), former...))
	if err != nil {
		t.Fatal(err)
	}
	newer := both.Seal("p", "new")
	for box, want := range map[string]string{string(older): "old", string(newer): "new"} {
		if got, err := both.Unseal("p", []byte(box)); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	alone, err := with(first)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := alone.Unseal("p", newer); err != nil || got != "new" {
		t.Errorf("the first line did not seal: %q, %v", got, err)
	}
	if got, err := alone.Unseal("p", older); !fault.Is(err, fault.Refused) || got != "" {
		t.Errorf("what the removed key sealed: %q, %v", got, err)
	}
	for _, content := range []string{"", "\n", string(first) + "c2hvcnQ=\n"} {
		if _, err := with([]byte(content)); !fault.Is(err, fault.Refused) {
			t.Errorf("%q: %v", content, err)
		}
	}
}
