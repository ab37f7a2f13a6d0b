package ledger

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/proof"
)

// fsckModule pins the outsider's tool; it is no dependency of the product.
const fsckModule = "../../../tools/fsck"

// buildFsck builds github.com/transparency-dev/tessera/cmd/fsck.
func buildFsck(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "fsck")
	cmd := exec.Command("go", "build", "-o", bin, "github.com/transparency-dev/tessera/cmd/fsck")
	cmd.Dir = fsckModule
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: github.com/transparency-dev/tessera/cmd/fsck cannot be had: %v\n%s", err, out)
	}
	return bin
}

// runFsck gives nil only when the tool says that it is content: it exits with
// 0 when it is not.
func runFsck(bin, url, keyFile string, size int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, bin, "--storage_url="+url, "--public_key="+keyFile, "--ui=false", "--N=8").CombinedOutput()
	if err == nil && bytes.Contains(out, fmt.Appendf(nil, "Successfully fsck'd log with size %d ", size)) {
		return nil
	}
	return fmt.Errorf("fsck %s: %v\n%s", url, err, out[:min(len(out), 2000)])
}

// TestFsck lets the tool of another implementation judge our directory.
func TestFsck(t *testing.T) {
	t.Parallel()
	bin := buildFsck(t)
	l := newTestLog(t, databasetest.SQLite(t), t.TempDir(), func(c *Config) { c.files = unsyncedFiles{} })
	if _, err := l.db.Writer().Exec(`PRAGMA synchronous = OFF`); err != nil { // 70,000 entries: the disk may take its time
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(l.cfg.Dir)))
	defer server.Close()
	sizes := []int64{1, 255, 256, 257, 512, 70_000}
	if testing.Short() {
		sizes = sizes[:5]
	}
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			l.grow(t, size)
			for _, url := range []string{"file://" + l.cfg.Dir + "/", server.URL + "/"} {
				if err := runFsck(bin, url, PublicKeyFile(l.cfg.KeyFile), size); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	head, err := l.Head(context.Background())
	if err != nil || head.Size != sizes[len(sizes)-1] || !strings.HasPrefix(head.Origin, "attesta.local/") {
		t.Errorf("head %+v, %v", head, err)
	}
}

// TestFsckLooks makes sure that the tool does find a damaged log. It is a small
// one: the tool stops without an end where much is left to do.
func TestFsckLooks(t *testing.T) {
	bin := buildFsck(t)
	l := newTestLog(t, databasetest.SQLite(t), t.TempDir(), nil)
	l.grow(t, 300)
	path := directory(l.cfg.Dir).path(proof.Tile{Level: proof.EntriesLevel, N: 1, Width: 300 - proof.TileWidth})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[100] ^= 1
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	err = runFsck(bin, "file://"+l.cfg.Dir+"/", PublicKeyFile(l.cfg.KeyFile), 300)
	if err == nil || !strings.Contains(err.Error(), "tile/0/001.p/44") {
		t.Fatalf("fsck of a damaged bundle: %v", err)
	}
}
