package watching

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/wire"
)

// kit is a state directory with the baseline of a small tree.
func kit(t testing.TB) (*Watching, string) {
	t.Helper()
	dir := t.TempDir()
	root, state := filepath.Join(dir, "tree"), filepath.Join(dir, "state")
	for _, d := range []string{root + "/sub", state} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"/a", "/sub/b", "/sub/caf\xe9"} {
		if err := os.WriteFile(root+f, []byte(f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := New(Config{State: state, Source: "src_0123456789abcdefghjkmnpqrs", Stream: "st", Settings: Settings{Trees: []string{root}}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	for _, name := range []string{baselineFile, candidateFile} {
		o, err := integrity.NewOptions(w.path(name), []string{root}, snapshot.Options{Made: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := integrity.Make(t.Context(), w.path(name), o); err != nil {
			t.Fatal(err)
		}
	}
	return w, root
}

// Whatever a server asks with: a drill shows what is in the snapshot or says why not, and
// nothing becomes the baseline without a signature.
func FuzzAsks(f *testing.F) {
	w, root := kit(f)
	before, err := os.ReadFile(w.path(baselineFile))
	if err != nil {
		f.Fatal(err)
	}
	seed := func(v any) {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(true, b)
		f.Add(false, b)
	}
	for _, p := range []string{"", root, root + "/sub", root + "/sub/", root + "/a", "/", "..", root + "/sub/caf\xe9", "\x00"} {
		seed(wire.AskDrillArgs{Of: "baseline", Path: p})
		seed(wire.AskDrillArgs{Of: "candidate", Path: p})
	}
	seed(wire.AskAcceptArgs{Approval: "attesta approval 1\nx\n\n— a AAAA\n", Keys: []string{"AAAA", strings.Repeat("A", 43) + "="}})
	seed(wire.AskAcceptArgs{Approval: "x", Keys: []string{strings.Repeat("A", 43)}})
	f.Add(true, []byte(`{"of":"baseline","path":"/","path":1}`))
	f.Fuzz(func(t *testing.T, drill bool, args []byte) {
		if drill {
			got, err := w.Drill(t.Context(), args)
			if err != nil {
				if err.Error() == "" {
					t.Error("refused without a word")
				}
				return
			}
			r := got.(wire.DrillResult)
			if b, err := hex.DecodeString(r.Root); err != nil || len(b) != 32 || len(r.Digest) != 64 {
				t.Errorf("%+v", r)
			}
			for _, e := range r.Entries {
				if e.Name == "" || len(e.Digest) != 64 || r.Path != "" && strings.Contains(e.Name, "/") {
					t.Errorf("in %q: %+v", r.Path, e)
				}
			}
			return
		}
		if got, err := w.Accept(t.Context(), args); err == nil {
			t.Errorf("%q was accepted: %v", args, got)
		}
		for _, name := range []string{approvalFile, keysFile} {
			if _, err := os.Lstat(w.path(name)); err == nil {
				t.Fatalf("%s was written for %q", name, args)
			}
		}
		if now, err := os.ReadFile(w.path(baselineFile)); err != nil || string(now) != string(before) {
			t.Fatalf("the baseline is another after %q (%v)", args, err)
		}
	})
}

// Files of the agent's own that were damaged, or written by somebody else, trust nobody
// and stop nothing.
func FuzzOwnFiles(f *testing.F) {
	w, _ := kit(f)
	names := []string{toldFile, rehashFile, approvalFile, keysFile, statusFile}
	f.Add(byte(0), append(w.told.header(), make([]byte, 70)...))
	f.Add(byte(0), []byte("attesta told 1"))
	f.Add(byte(1), []byte(`{"root":"00","next":"/x","begun":"2026-01-01T00:00:00Z"}`))
	f.Add(byte(2), []byte(`{"approval":"x","taken":"2026-01-01T00:00:00Z"}`))
	f.Add(byte(3), []byte(`{"keys":["`+strings.Repeat("A", 43)+`="],"pinned":"2026-01-01T00:00:00Z"}`))
	f.Add(byte(4), []byte(`{"written":"2026-01-01T00:00:00Z","watching":{"mode":"fanotify"},"missing":[{"path":"/x"}]}`))
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		name := names[int(which)%len(names)]
		if err := os.WriteFile(w.path(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(w.path(name))
		known, err := w.told.load()
		if len(known) > (len(data)-headSize)/recordSize && len(known) > 0 {
			t.Errorf("%d states of %d bytes (%v)", len(known), len(data), err)
		}
		if r := w.readRolled(); name != rehashFile && (r.Root != "" || r.Next != "") {
			t.Errorf("%+v", r)
		}
		if a := w.approvalOf(strings.Repeat("0", 64)); a.ID != "" {
			t.Errorf("an approval that nobody signed: %+v", a)
		}
		if keys, err := w.pinned(); err == nil {
			for _, k := range keys {
				if len(k) != 32 {
					t.Errorf("a key of %d bytes is trusted", len(k))
				}
			}
		} else if name != keysFile {
			t.Error(err)
		}
		if s, err := ReadStatus(w.cfg.State); err == nil && name != statusFile {
			t.Errorf("%+v", s)
		}
	})
}
