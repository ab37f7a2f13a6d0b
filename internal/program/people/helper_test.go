package people_test

import (
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/people"
)

func requestAt(valid time.Time, known int64) population.Request {
	return population.Request{At: outcome.At{Valid: valid, Known: known}, From: valid, To: valid}
}

// entries gives the size of the ledger.
func (w *world) entries() int64 {
	w.Helper()
	var n int64
	w.must(w.db.Reader().QueryRowContext(w.ctx, `SELECT COUNT(*) FROM ledger_entry WHERE idx IS NOT NULL`).Scan(&n))
	return n
}

// outside changes rows past the services.
func (w *world) outside(statement string) {
	w.Helper()
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(w.ctx, statement)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			w.Fatalf("%s changes %d rows, %v", statement, n, err)
		}
		return nil
	}))
}

// sound reports whether every entry of people agrees with the rows.
func (w *world) sound() bool {
	w.Helper()
	list, err := w.log.Records(w.ctx, ledger.Filter{Type: "people.", Limit: 1000})
	w.must(err)
	for _, rec := range list {
		if err := people.Bound(w.ctx, w.db.Reader(), rec); err != nil {
			return false
		}
	}
	return true
}

// agree holds each list of leavers by what is known of their access against what
// their rows say.
func (w *world) agree() {
	w.Helper()
	page, err := w.List(w.ctx, w.ann, people.Filter{States: []people.State{people.Left}}, "", "", 1000)
	w.must(err)
	want := map[string]int64{}
	for _, x := range page.People {
		want[x.Access.Word]++
	}
	for _, word := range []string{"present", "not_observed", "unclear", "removed", "none_found", "nonsense"} {
		got, err := w.List(w.ctx, w.ann, people.Filter{Access: word}, "left", "", 1000)
		w.must(err)
		if got.Total != want[word] {
			w.Errorf("%d leavers are %s, their rows say %d", got.Total, word, want[word])
		}
		for _, x := range got.People {
			if x.Access.Word != word {
				w.Errorf("%s is among %s, and %s", x.Name, word, x.Access.Word)
			}
		}
	}
}
