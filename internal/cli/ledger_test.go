package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/cli"
)

// dataWithLedger makes a data directory with a published ledger, whose server
// goes on running until the test ends.
func dataWithLedger(t *testing.T, entries int) (data string, add func(n int)) {
	t.Helper()
	data = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(data, "attesta.db"), database.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(data, "ledger"), KeyFile: filepath.Join(data, "keys", "ledger.key"), Origin: "example.org/log"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		l.Close()
		db.Close()
	})
	add = func(n int) {
		t.Helper()
		head, err := l.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			for i := range n {
				if _, err := l.Append(ctx, tx, ledger.Entry{Type: "run", Stream: "system", Actor: "system", Subject: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for want := head.Size + int64(n); ; {
			changed := l.Changed()
			if head, err = l.Head(ctx); err != nil {
				t.Fatal(err)
			}
			if head.Size >= want {
				return
			}
			<-changed
		}
	}
	add(entries)
	return data, add
}

// run runs the ledger command and gives what it printed.
func runLedger(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	root := cli.New("attesta", "", "test", cli.LedgerCommand(cli.LedgerOptions{}))
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"ledger"}, args...))
	err = root.ExecuteContext(context.Background())
	return out.String(), err
}

func TestLedgerCommands(t *testing.T) {
	data, add := dataWithLedger(t, 300)
	out, err := runLedger(t, "verify", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"ledger example.org/log: verified 300 entries", "1 bundles", "streams      1", "note: not anchored", "a rollback to an earlier state cannot be detected"} {
		if !strings.Contains(out, part) {
			t.Errorf("verify does not say %q:\n%s", part, out)
		}
	}
	key, err := runLedger(t, "key", "--data", data)
	if err != nil || !strings.HasPrefix(key, "example.org/log+") {
		t.Fatalf("key %q, %v", key, err)
	}
	old, err := os.ReadFile(filepath.Join(data, "ledger", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	oldFile := filepath.Join(t.TempDir(), "old.note")
	if err := os.WriteFile(oldFile, old, 0o644); err != nil {
		t.Fatal(err)
	}
	add(10)
	out, err = runLedger(t, "verify", "--data", data, "--checkpoint", oldFile, "--key", strings.TrimSpace(key))
	if err != nil || !strings.Contains(out, "continues    the older checkpoint of 300 entries") || strings.Contains(out, "rollback") {
		t.Errorf("verify with an older checkpoint: %v\n%s", err, out)
	}
	out, err = runLedger(t, "verify", "--data", data, "--json")
	var rep ledger.Report
	if jsonErr := json.Unmarshal([]byte(out), &rep); err != nil || jsonErr != nil || rep.Size != 310 || rep.Anchored {
		t.Errorf("verify --json: %v, %v\n%s", err, jsonErr, out)
	}

	out, err = runLedger(t, "proof", "7", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ledger.ParseProof([]byte(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	verifier, err := ledger.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(verifier); err != nil || !strings.Contains(string(p.Entry), `"stream_seq":8`) {
		t.Errorf("the printed proof: %v\n%s", err, p.Entry)
	}
	out, err = runLedger(t, "proof", "7", "--data", data, "--json")
	var parsed struct {
		Index int64
		Entry struct{ Type string }
		Size  int64
		Proof string
	}
	if jsonErr := json.Unmarshal([]byte(out), &parsed); err != nil || jsonErr != nil || parsed.Index != 7 || parsed.Entry.Type != "run" || parsed.Size != 310 {
		t.Errorf("proof --json: %v, %v\n%s", err, jsonErr, out)
	}

	for _, tc := range []struct {
		name string
		args []string
		want fault.Kind
	}{
		{"unknown verb", []string{"check"}, fault.Invalid},
		{"no index", []string{"proof", "--data", data}, fault.Invalid},
		{"no number", []string{"proof", "ent_1", "--data", data}, fault.Invalid},
		{"no such entry", []string{"proof", "310", "--data", data}, fault.NotFound},
		{"no data", []string{"verify", "--data", filepath.Join(data, "none")}, fault.NotFound},
		{"no database", []string{"verify", "--data", data, "--database", "sqlite:" + filepath.Join(data, "none.db")}, fault.NotFound},
		{"no older checkpoint", []string{"verify", "--data", data, "--checkpoint", filepath.Join(data, "none")}, fault.NotFound},
		{"no key", []string{"verify", "--data", data, "--key", "a+b+c"}, fault.Invalid},
		{"unknown flag", []string{"verify", "--fast"}, fault.Invalid},
	} {
		if _, err := runLedger(t, tc.args...); fault.KindOf(err) != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}

	bundle := filepath.Join(data, "ledger", "tile", "entries", "000")
	raw, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	raw[5000] ^= 4
	if err := os.WriteFile(bundle, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err = runLedger(t, "verify", "--data", data)
	if fault.ExitCode(err) != 4 || !strings.Contains(err.Error(), bundle) || !strings.Contains(out, "refused") {
		t.Errorf("a flipped bit: %v\n%s", err, out)
	}
	out, err = runLedger(t, "verify", "--data", data, "--json")
	if jsonErr := json.Unmarshal([]byte(out), &rep); fault.ExitCode(err) != 4 || jsonErr != nil || !strings.Contains(rep.Refused, bundle) {
		t.Errorf("a flipped bit, as JSON: %v, %v\n%s", err, jsonErr, out)
	}
}
