package ask_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/wire"
)

func TestAskAndAnswer(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := clock.NewManual(time.Date(2036, 5, 6, 12, 0, 0, 0, time.UTC))
		dir := t.TempDir()
		log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "ledger.key"), Clock: now.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { log.Close() })
		s := ask.New(ask.Config{DB: db, Ledger: log, Clock: now.Now})
		var heard []ask.Asked
		s.Handle(wire.AskSnapshot, func(_ context.Context, _ *sql.Tx, a ask.Asked) error {
			heard = append(heard, a)
			return nil
		})
		in := func(f func(tx *sql.Tx) error) error { return db.Tx(t.Context(), f) }
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		web, other := ids.New("src", now.Now()), ids.New("src", now.Now())
		var id, second string
		must(in(func(tx *sql.Tx) (err error) {
			if id, err = s.Put(t.Context(), tx, access.System(), web, wire.AskSnapshot, "hst_1", nil, now.Now().Add(time.Hour)); err != nil {
				return err
			}
			now.Advance(time.Second)
			second, err = s.Put(t.Context(), tx, access.System(), web, wire.AskSnapshot, "hst_1", map[string]int{"n": 1}, now.Now().Add(time.Minute))
			return err
		}))
		asks := func(source string) (list []wire.Ask) {
			t.Helper()
			must(in(func(tx *sql.Tx) (err error) { list, err = s.For(t.Context(), tx, source); return err }))
			return list
		}
		if got := asks(web); len(got) != 2 || got[0].ID != id || string(got[1].Args) != `{"n":1}` {
			t.Fatalf("the agent is asked %+v", got)
		}
		if got := asks(other); len(got) != 0 {
			t.Fatalf("another agent is asked %+v", got)
		}

		answer := func(source, text string) error {
			return in(func(tx *sql.Tx) error {
				return s.Receive(t.Context(), tx, source, []json.RawMessage{json.RawMessage(text)})
			})
		}
		well := `{"id":"` + id + `","kind":"snapshot","at":"2036-05-06T12:00:01Z","result":{"root":"ab"}}`
		for _, c := range []struct{ name, source, text, want string }{
			{"of another agent", other, well, "asked of another agent"},
			{"never asked", web, strings.Replace(well, id, ids.New("ask", now.Now()), 1), "nothing was asked"},
			{"another kind", web, strings.Replace(well, `"snapshot"`, `"probe"`, 1), "is of kind"},
			{"nothing said", web, strings.Replace(well, `{"root":"ab"}`, `null`, 1), "has a result, or says why not"},
			{"no object", web, strings.Replace(well, `{"root":"ab"}`, `[1]`, 1), "has a result, or says why not"},
			{"no time", web, strings.Replace(well, "2036-05-06T12:00:01Z", "0001-01-01T00:00:00Z", 1), "missing or out of range"},
			{"a reason of two lines", web, strings.Replace(well, `"result"`, `"refuse":"a\nb","result"`, 1), "one line"},
			{"no JSON of an answer", web, `{"id":4}`, "this is no answer"},
		} {
			if err := answer(c.source, c.text); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want Invalid with %q", c.name, err, c.want)
			}
		}
		if len(heard) != 0 {
			t.Fatalf("what was refused was heard: %+v", heard)
		}
		must(answer(web, well))
		must(answer(web, strings.Replace(well, `"ab"`, `"cd"`, 1))) // said again, otherwise
		if len(heard) != 1 || string(heard[0].Result) != `{"root":"ab"}` {
			t.Fatalf("heard %+v, want the first answer once", heard)
		}
		got, err := s.Get(t.Context(), id)
		must(err)
		if string(got.Result) != `{"root":"ab"}` || got.Entry == "" || got.Open(now.Now()) {
			t.Errorf("kept is %+v", got)
		}

		now.Advance(2 * time.Minute)
		if got := asks(web); len(got) != 0 {
			t.Errorf("an ask whose time is over is asked: %+v", got)
		}
		must(answer(web, `{"id":"`+second+`","kind":"snapshot","at":"2036-05-06T12:00:01Z","refuse":"not allowed here"}`))
		if len(heard) != 1 {
			t.Errorf("an answer after its time was handed on: %+v", heard[1:])
		}
		if got, err := s.Of(t.Context(), wire.AskSnapshot, "hst_1", 10); err != nil || len(got) != 2 || got[0].Refuse+got[1].Refuse != "not allowed here" {
			t.Errorf("the asks about hst_1 are %+v, %v", got, err)
		}
		if err := in(func(tx *sql.Tx) error {
			_, err := s.Put(t.Context(), tx, access.System(), web, wire.AskProbe, "", nil, now.Now().Add(time.Hour))
			return err
		}); !fault.Is(err, fault.Internal) {
			t.Errorf("an ask whose answer nobody takes: %v", err)
		}

		verify := func() error {
			must(log.Publish(t.Context()))
			_, err := ledger.Verify(t.Context(), ledger.VerifyConfig{DB: db, Dir: filepath.Join(dir, "ledger"), VerifierKey: log.VerifierKey(), Bindings: ask.Bindings()})
			return err
		}
		must(verify())
		must(in(func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE ask SET result = $1 WHERE id = $2`, `{"root":"ef"}`, id)
			return err
		}))
		if err := verify(); err == nil {
			t.Error("an answer that was changed verifies")
		}
	})
}
