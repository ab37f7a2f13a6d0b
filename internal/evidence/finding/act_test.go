package finding

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// Who is to mend a finding, who took it on and took that back, and that the
// ledger is held against each line.
func TestAssignAndRelease(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		if err := db.Tx(f.ctx, func(tx *sql.Tx) error {
			for _, u := range [][]any{{"usr_ann", "ann", "responder", 0}, {"usr_bob", "bob", "contributor", 0}, {"usr_eve", "eve", "viewer", 0}, {"usr_old", "old", "responder", 1}} {
				if _, err := tx.ExecContext(f.ctx, `INSERT INTO access_user (id, login, name, role, disabled, created_at) VALUES ($1, $2, $2, $3, $4, 0)`, u...); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		ann, bob := access.Principal{UserID: "usr_ann", Role: access.Responder}, access.Principal{UserID: "usr_bob", Role: access.Contributor}
		f.apply(t, "web-1", "high-sshd", outcome.Fail, "low-sshd", outcome.Fail)
		before, err := f.Get(f.ctx, "F-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range []struct {
			what, owner string
			who         access.Principal
			want        fault.Kind
		}{{"a contributor", "ann", bob, fault.Forbidden}, {"nobody we know", "zoe", ann, fault.Invalid}, {"a viewer, who takes nothing on", "eve", ann, fault.Invalid},
			{"a disabled account", "old", ann, fault.Invalid}, {"nobody, whose it is", "", ann, fault.Conflict}} {
			if err := f.Assign(f.ctx, no.who, "F-1", no.owner, ""); !fault.Is(err, no.want) {
				t.Errorf("%s: %v", no.what, err)
			}
		}
		steps := []struct {
			do    func() error
			owner string
			state State
		}{
			{func() error { return f.Assign(f.ctx, ann, "F-1", "Bob", "he knows sshd") }, "usr_bob", Open},
			{func() error { return f.Acknowledge(f.ctx, bob, "F-1", "") }, "usr_bob", Acknowledged},
			{func() error { return f.Assign(f.ctx, ann, "F-1", "usr_ann", "") }, "usr_ann", Acknowledged},
			{func() error { return f.Release(f.ctx, ann, "F-1", "he is away") }, "usr_ann", Open},
			{func() error { return f.Assign(f.ctx, ann, "F-1", "", "") }, "", Open},
		}
		for i, st := range steps {
			if err := st.do(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			got, err := f.Get(f.ctx, "F-1")
			if err != nil || got.Owner != st.owner || got.State != st.state || !got.Due.Equal(before.Due) || got.Version() == before.Version() {
				t.Errorf("after step %d: %+v, %v", i, got, err)
			}
			before = got
		}
		if err := f.Release(f.ctx, ann, "F-1", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("nobody's is released: %v", err)
		}
		if err := f.Acknowledge(f.ctx, ann, "F-2", ""); err != nil {
			t.Fatal(err)
		}
		if err := f.Release(f.ctx, bob, "F-2", ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a contributor releases what somebody else took on: %v", err)
		}
		if err := f.Assign(f.ctx, ann, "F-2", "ann", ""); err != nil {
			t.Fatal(err)
		}
		if page, err := f.List(f.ctx, Filter{Owner: "usr_ann"}, ByUrgency, "", 10); err != nil || len(page.Findings) != 1 || page.Findings[0].Ref() != "F-2" {
			t.Errorf("hers: %+v, %v", page, err)
		}
		f.apply(t, "web-1", "low-sshd", outcome.Pass)
		if err := f.Assign(f.ctx, ann, "F-2", "bob", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a closed one: %v", err)
		}
		hold := func(q database.Querier) error {
			for _, body := range bodies(t, q) {
				rec, err := ledger.ParseEntry(body)
				if err != nil {
					return err
				}
				if err := Bound(f.ctx, q, rec); err != nil {
					return err
				}
			}
			return nil
		}
		if err := hold(db.Reader()); err != nil {
			t.Errorf("untouched: %v", err)
		}
		for _, sabotage := range []string{`UPDATE finding SET owner = 'usr_eve' WHERE number = 2`, `UPDATE finding_event SET owner = 'usr_eve' WHERE kind = 'released'`, `UPDATE finding_event SET owner = '' WHERE kind = 'acknowledged'`} {
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, sabotage); err != nil {
					return err
				}
				return hold(tx)
			})
			if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "owner") {
				t.Errorf("%s: %v", sabotage, err)
			}
		}
	})
}
