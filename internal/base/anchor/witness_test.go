package anchor

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
)

// The witness of another implementation takes our checkpoints and proofs, and
// what it signs verifies here.
func TestWitnessOfAnotherImplementation(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "witness")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = "../../../tools/witness"
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: github.com/transparency-dev/witness cannot be had: %v\n%s", err, out)
	}
	l := newLab(t, databasetest.SQLite(t))
	cmd := exec.Command(bin, "-log", l.log.VerifierKey())
	in, err := cmd.StdinPipe()
	l.must(err)
	out, err := cmd.StdoutPipe()
	l.must(err)
	l.must(cmd.Start())
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(io.LimitReader(out, 4<<10))
	var said []string
	for len(said) < 2 && lines.Scan() {
		said = append(said, strings.TrimSpace(lines.Text()))
	}
	if len(said) < 2 {
		t.Fatalf("the witness says %q: %v", said, lines.Err())
	}
	a := l.add(Settings{Name: "theirs", Kind: Witness, Address: said[1], Trust: said[0], Every: time.Hour})
	for _, n := range []int{0, 1, 300, 0} {
		if n > 0 {
			l.grow(n)
		}
		r, err := l.s.Test(t.Context(), admin, a.ID)
		if err != nil {
			t.Fatalf("at %d more: %v", n, err)
		}
		if at, err := r.Verify(said[0]); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%s %v", at, err)
		}
	}
	_, err = l.db.Writer().ExecContext(t.Context(), `UPDATE anchor SET held_size = 0`)
	l.must(err)
	l.grow(2)
	if _, err := l.s.Test(t.Context(), admin, a.ID); err != nil {
		t.Errorf("after we forgot what it knows: %v", err)
	}
	if rep, err := l.verify(); err != nil || !rep.Anchored {
		t.Errorf("%+v %v", rep, err)
	}
}
