package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

func TestRecords(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		l := newTestLog(t, db, t.TempDir(), nil)
		types := []string{"finding.opened", "finding.closed", "findings_exported", "run"}
		var batch []Entry
		for n := range 600 {
			batch = append(batch, Entry{Type: types[n%4], Stream: fmt.Sprint("s", n%3), Actor: "system", Subject: fmt.Sprint("host_", n%5)})
		}
		l.add(t, batch...)
		l.publish(t)
		waiting := l.add(t, Entry{Type: "run", Stream: "late", Actor: "system", Subject: "host_0"}, Entry{Type: "run", Stream: "late", Actor: "system", Subject: "host_1"})
		for _, tc := range []struct {
			name   string
			filter Filter
			want   []int64 // indexes, newest first
		}{
			{"newest", Filter{Limit: 4}, []int64{-1, -1, 599, 598}},
			{"only waiting", Filter{Limit: 1}, []int64{-1}},
			{"a page", Filter{Before: 300, Limit: 3}, []int64{299, 298, 297}},
			{"from a cursor on", Filter{After: 598}, []int64{599, 598}},
			{"between", Filter{After: 254, Before: 258}, []int64{257, 256, 255, 254}},
			{"of a type", Filter{Type: "finding.closed", Before: 10}, []int64{9, 5, 1}},
			{"of a family", Filter{Type: "finding.", Before: 10}, []int64{9, 8, 5, 4, 1, 0}},
			{"of a subject", Filter{Subject: "host_0", Before: 12}, []int64{10, 5, 0}},
			{"of both", Filter{Subject: "host_0", Type: "run", Limit: 3}, []int64{-1, 595, 575}},
			{"none", Filter{Subject: "host_9"}, nil},
			{"LIKE is no pattern", Filter{Type: "f%."}, nil},
		} {
			got, err := l.Records(ctx, tc.filter)
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
				continue
			}
			var indexes []int64
			for _, r := range got {
				indexes = append(indexes, r.Index)
			}
			if fmt.Sprint(indexes) != fmt.Sprint(tc.want) {
				t.Errorf("%s: %v, want %v", tc.name, indexes, tc.want)
			}
		}
		if got, err := l.Records(ctx, Filter{Limit: 1}); err != nil || got[0].ID != waiting[1] {
			t.Errorf("the newest is %+v, %v", got, err)
		}
		for at := int64(0); at < 600; { // a reader by cursor sees each once
			got, err := l.Since(ctx, at, 7)
			if err != nil || len(got) == 0 {
				t.Fatal(at, got, err)
			}
			for _, r := range got {
				if r.Index != at || r.Type != types[at%4] {
					t.Fatalf("at %d: %+v", at, r)
				}
				at++
			}
		}
		byID, err := l.Record(ctx, waiting[0])
		if err != nil || byID.Index != -1 {
			t.Errorf("%+v, %v", byID, err)
		}
		byIndex, err := l.Record(ctx, "255") // in a bundle
		if err != nil || byIndex.Index != 255 || byIndex.Subject != "host_0" || byIndex.Hash != proof.LeafHash(byIndex.Raw) {
			t.Errorf("%+v, %v", byIndex, err)
		}
		if again, err := l.Record(ctx, byIndex.ID); err != nil || !bytes.Equal(again.Raw, byIndex.Raw) {
			t.Errorf("%+v, %v", again, err)
		}
		for _, name := range []string{"600", "-1", "ent_06eeqaw9jn0000000000000000", "x", ""} {
			if _, err := l.Record(ctx, name); !fault.Is(err, fault.NotFound) {
				t.Errorf("record %q: %v", name, err)
			}
		}
		path := directory(l.cfg.Dir).path(proof.Tile{Level: proof.EntriesLevel, N: 0, Width: proof.TileWidth})
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(raw, []byte("host_3"), []byte("host_4"), 1), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Record(ctx, "3"); !fault.Is(err, fault.Refused) {
			t.Errorf("a changed entry was shown: %v", err)
		}
	})
}

func TestIndexAt(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		l := newTestLog(t, db, t.TempDir(), nil)
		if head, err := l.Head(ctx); err != nil || head.Size != 0 || head.Root != proof.EmptyRoot || !head.At.IsZero() {
			t.Errorf("head of an empty ledger: %+v, %v", head, err)
		}
		l.grow(t, 3)
		l.clock.Advance(time.Hour)
		l.grow(t, 300)
		l.add(t, numbered(300))
		for _, tc := range []struct {
			after time.Duration
			want  int64
		}{{-time.Microsecond, 0}, {0, 3}, {time.Minute, 3}, {time.Hour - time.Microsecond, 3}, {time.Hour, 300}, {24 * time.Hour, 300}} {
			if got, err := IndexAt(ctx, db.Reader(), testStart.Add(tc.after)); err != nil || got != tc.want {
				t.Errorf("%v later: %d, %v; want %d", tc.after, got, err, tc.want)
			}
		}
		if head, err := l.Head(ctx); err != nil || head.Size != 300 || !head.At.Equal(testStart.Add(time.Hour)) || head.Anchored {
			t.Errorf("head %+v, %v", head, err)
		}
	})
}

func TestErase(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		l := newTestLog(t, db, t.TempDir(), nil)
		person := map[string]string{"name": "Ada Lovelace", "mail": "ada@example.org"}
		ids := l.add(t, Entry{Type: "user.added", Stream: "people", Actor: "usr_1", Subject: "usr_2", Personal: person},
			Entry{Type: "user.added", Stream: "people", Actor: "usr_1", Subject: "usr_3", Personal: person}, numbered(0))
		l.publish(t)
		rec, err := l.Record(ctx, ids[0])
		if err != nil {
			t.Fatal(err)
		}
		other, err := l.Record(ctx, ids[1])
		if err != nil || rec.Commitment == other.Commitment {
			t.Errorf("equal data has equal commitments: %v", err)
		}
		if bytes.Contains(rec.Raw, []byte("Ada")) {
			t.Errorf("personal data is in the log: %s", rec.Raw)
		}
		if got, err := Personal(ctx, db.Reader(), rec); err != nil || fmt.Sprint(got) != fmt.Sprint(person) {
			t.Errorf("personal data %v, %v", got, err)
		}
		before, err := l.Proof(0)
		if err != nil {
			t.Fatal(err)
		}
		redaction := erase(t, l, ids[0])
		l.publish(t)
		if got, err := Personal(ctx, db.Reader(), rec); err != nil || got != nil {
			t.Errorf("after the erasure: %v, %v", got, err)
		}
		red, err := l.Record(ctx, redaction)
		if err != nil || red.Type != "redaction" || red.Subject != ids[0] || red.Actor != "usr_9" || red.Data["index"] != int64(0) || red.Data["legal_basis"] != "GDPR article 17" {
			t.Errorf("redaction %+v, %v", red, err)
		}
		if err := before.Check(l.verifier); err != nil {
			t.Errorf("the old proof: %v", err)
		}
		if rep := l.mustVerify(t); rep.Erased != 1 || rep.Commitments != 1 {
			t.Errorf("%+v", rep)
		}
		for _, tc := range []struct {
			name, id, basis, approver string
			want                      fault.Kind
		}{
			{"twice", ids[0], "x", "usr_9", fault.Conflict},
			{"nothing personal", ids[2], "x", "usr_9", fault.NotFound},
			{"no such entry", "ent_x", "x", "usr_9", fault.NotFound},
			{"no basis", ids[1], "", "usr_9", fault.Invalid},
			{"no approver", ids[1], "x", "", fault.Invalid},
		} {
			err := db.Tx(ctx, func(tx *sql.Tx) error {
				_, err := l.Erase(ctx, tx, tc.id, tc.basis, tc.approver)
				return err
			})
			if !fault.Is(err, tc.want) {
				t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
			}
		}
		l.mustVerify(t)
		if _, err := db.Writer().Exec(`UPDATE ledger_personal SET payload = $1 WHERE entry_id = $2`, []byte(`{"name":"Eve"}`), ids[1]); err != nil {
			t.Fatal(err)
		}
		if _, err := Personal(ctx, db.Reader(), other); !fault.Is(err, fault.Refused) {
			t.Errorf("changed personal data was given out: %v", err)
		}
		_, err = l.verify(nil)
		refused(t, "changed personal data", err, ids[1])
		if _, err := db.Writer().Exec(`DELETE FROM ledger_personal WHERE entry_id = $1`, ids[1]); err != nil {
			t.Fatal(err)
		}
		_, err = l.verify(nil)
		refused(t, "personal data deleted without a redaction", err, ids[1])
	})
}
