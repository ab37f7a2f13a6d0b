package ledger

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
)

const killEnv = "ATTESTA_LEDGER_KILLED"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if data := os.Getenv(killEnv); data != "" {
		if err := appendForEver(data); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// appendForEver commits entries and prints the id of each after its commit.
func appendForEver(data string) error {
	ctx := context.Background()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(data, "attesta.db"), database.ReadWrite)
	if err != nil {
		return err
	}
	l, err := Open(ctx, Config{DB: db, Dir: filepath.Join(data, "ledger"), KeyFile: filepath.Join(data, "keys", "ledger.key"), Clock: clock.System, Settle: time.Millisecond})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- l.Run(ctx) }()
	for n := int64(0); ; n++ {
		select {
		case err := <-failed:
			return err
		default:
		}
		var ids []string
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			ids = ids[:0]
			for i := range n%9 + 1 {
				id, err := l.Append(ctx, tx, numbered(n+i))
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		}); err != nil {
			return err
		}
		fmt.Println(strings.Join(ids, "\n"))
	}
}

// TestKill kills the process at random moments, again and again on the same
// data: no acknowledged entry is missing and none is there twice.
func TestKill(t *testing.T) {
	rounds := 8
	if n, err := strconv.Atoi(os.Getenv("ATTESTA_TORTURE_ROUNDS")); err == nil {
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	ctx := context.Background()
	var data, location string
	var acknowledged map[string]bool
	var old []byte
	for round := range rounds {
		if round%25 == 0 { // afresh, so that a round costs the same in the end as in the beginning
			data, acknowledged, old = t.TempDir(), map[string]bool{}, nil
			location = "sqlite:" + filepath.Join(data, "attesta.db")
			if err := os.Rename(strings.TrimPrefix(databasetest.SQLiteLocation(t), "sqlite:"), filepath.Join(data, "attesta.db")); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killEnv+"="+data)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		want := 1 + random.IntN(300)
		for n := 0; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == want {
				time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond) // where within a round the signal strikes
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
			t.Fatalf("round %d: %v\n%s", round, err, stderr.String())
		}
		db, err := database.Open(ctx, location, database.ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		l, err := openTestLog(db, data, func(c *Config) { c.Clock = clock.System })
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if _, err := l.verify(old); err != nil {
			t.Fatalf("round %d: after the kill: %v", round, err)
		}
		if err := l.tryPublish(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		rep, err := l.verify(old)
		if err != nil || rep.Unnumbered+rep.Unpublished != 0 {
			t.Fatalf("round %d: %+v, %v", round, rep, err)
		}
		seen := map[string]bool{}
		for at := int64(0); at < rep.Size; {
			records, err := l.Since(ctx, at, 1000)
			if err != nil || len(records) == 0 {
				t.Fatalf("round %d: %d records at %d, %v", round, len(records), at, err)
			}
			for _, r := range records {
				if seen[r.ID] {
					t.Fatalf("round %d: %s is there twice", round, r.ID)
				}
				seen[r.ID] = true
			}
			at += int64(len(records))
		}
		for id := range acknowledged {
			if !seen[id] {
				t.Fatalf("round %d: %s was acknowledged and is missing", round, id)
			}
		}
		old = l.checkpointFile(t)
		l.close(t)
	}
}
