package integrity

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// Of a declared text the lines that changed are told; a secret is neither in
// the snapshot nor in what is told.
func TestLines(t *testing.T) {
	root, db := filepath.Join(t.TempDir(), "t"), filepath.Join(t.TempDir(), "db")
	const before, after = "hunter2hunter2", "correct-horse"
	put(t, root+"/app.conf", "port = 80\npassword = "+before+"\nmode = a\n")
	put(t, root+"/only", "password = "+before+"\n")
	put(t, root+"/shadow", "root:"+before+":1:::::\n")
	put(t, root+"/large", strings.Repeat("line\n", 20_000))
	put(t, root+"/binary", "a\x00"+before)
	put(t, root+"/not/declared.conf", "a\n")
	o, err := NewOptions(db, []string{root}, snapshot.Options{Texts: []string{root + "/*"}})
	if err != nil {
		t.Fatal(err)
	}
	made, err := Make(t.Context(), db, o)
	if err != nil || made.Texts != (Texts{Kept: 2}) {
		t.Fatalf("%+v, %v", made.Texts, err)
	}
	s, err := snapshot.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if kept, found, err := s.Text([]byte(root + "/app.conf")); err != nil || !found || string(kept) != "port = 80\npassword = [redacted]\nmode = a\n" {
		t.Errorf("%q, %v, %v", kept, found, err)
	}
	put(t, root+"/app.conf", "port = 8080\npassword = "+after+"\nmode = a\n")
	put(t, root+"/only", "password = "+after+"\n")
	put(t, root+"/shadow", "root:"+after+":1:::::\n")
	put(t, root+"/large", "small\n")
	put(t, root+"/binary", "b\x00"+after)
	put(t, root+"/not/declared.conf", "b\n")
	changes, _ := check(t, s, How{})
	for _, c := range changes {
		want, only := "", false
		switch filepath.Base(c.Path) {
		case "app.conf":
			want = "@@ -1,3 +1,3 @@\n-port = 80\n+port = 8080\n password = [redacted]\n mode = a\n"
		case "only":
			only = true
		}
		if c.Diff != want || c.SecretsOnly != only {
			t.Errorf("%s: %q, %v", c.Path, c.Diff, c.SecretsOnly)
		}
	}
	if len(changes) != 6 {
		t.Errorf("%q", told(changes))
	}
	file, err := os.ReadFile(db)
	if err != nil || bytes.Contains(file, []byte(before)) {
		t.Errorf("the secret is in the snapshot: %v", err)
	}
}
