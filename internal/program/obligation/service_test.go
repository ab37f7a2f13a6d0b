package obligation_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/obligation"
)

func TestObligation(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, now := t.Context(), clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
		must := func(err error) {
			t.Helper()
			if err != nil {
				message, hint := fault.Public(err)
				t.Fatal(err, message, hint)
			}
		}
		refused := func(err error, kind fault.Kind, want string) {
			t.Helper()
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+fe.Field, want) {
				t.Errorf("got %v, want %s: %s", err, kind, want)
			}
		}
		dir := t.TempDir()
		log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
		must(err)
		t.Cleanup(func() { log.Close() })
		people, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
		must(err)
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: "ann", Name: "Ann", Role: access.ComplianceManager})
		must(err)
		ann := access.Principal{UserID: u.ID, Role: access.ComplianceManager}
		missing := func(known string) func(context.Context, string) error {
			return func(_ context.Context, ref string) error {
				if ref == known {
					return nil
				}
				return fault.New(fault.NotFound, "no %s", ref)
			}
		}
		s := obligation.New(obligation.Config{DB: db, Ledger: log, Clock: now.Now, Access: people, Control: missing("breaches-told"), Data: missing("D-1"),
			Promises: func(context.Context) (map[string]string, error) {
				return map[string]string{"sc-1": "Data is seen by nobody else."}, nil
			}})
		in := obligation.Enter{Profile: obligation.Profile{Title: "Data protection act", Sort: "law", Where: "Portugal, act 58 of 2019", Asks: "Tell the authority of a breach within three days.", Applies: "Drivers are people.", Months: 12, Promises: []string{"sc-1"}, Data: []string{"d-1"}, BreachHrs: 72}}
		wrong := in
		wrong.Controls = []string{"nothing"}
		_, err = s.Enter(ctx, ann, wrong)
		refused(err, fault.Invalid, "controls")
		wrong = in
		wrong.Data = []string{"D-9"}
		_, err = s.Enter(ctx, ann, wrong)
		refused(err, fault.Invalid, "data")
		wrong = in
		wrong.Months = 0
		_, err = s.Enter(ctx, ann, wrong)
		refused(err, fault.Invalid, "months")
		_, err = s.Enter(ctx, access.Principal{UserID: "usr_x", Role: access.Contributor}, in)
		refused(err, fault.Forbidden, "")
		o, err := s.Enter(ctx, ann, in)
		must(err)
		if o.Ref != "L-1" || o.Due != "2027-03-02" || o.Failing != 1 || o.Judged[1].Outcome != "fail" || o.Profile.Data[0] != "D-1" {
			t.Errorf("%+v", o)
		}
		now.Advance(400 * 24 * time.Hour) // 2027-04-06
		o, err = s.Get(ctx, ann, "L-1")
		must(err)
		if !o.Late || o.Judged[0].Outcome != "fail" {
			t.Errorf("%+v", o)
		}
		o, err = s.Record(ctx, ann, "L-1", &obligation.Look{Looked: "Read the act: two days now.", Changed: true})
		must(err)
		if o.Late || o.Judged[2].Outcome != "fail" {
			t.Errorf("%+v", o)
		}
		now.Advance(time.Hour)
		p := o.Profile
		p.Asks, p.Controls = "Tell the authority of a breach within two days.", []string{"breaches-told"}
		o, err = s.Record(ctx, ann, "L-1", &obligation.Describe{Profile: p, Note: "two days now"})
		must(err)
		if o.Failing != 0 || o.Version != 2 {
			t.Errorf("%+v", o)
		}
		items, err := s.Sources()[0].Read(ctx, population.Request{At: outcome.At{Valid: now.Now(), Known: -1}})
		must(err)
		if len(items) != 2 || items[0].Attributes["in_time"] != "fail" || items[0].Attributes["days_late"] != int64(35) || items[1].Attributes["in_time"] != "not_observed" {
			t.Errorf("%+v", items)
		}
		o, err = s.Record(ctx, ann, "L-1", &obligation.End{Since: "2027-04-06", Why: "The trade with drivers' data ended."})
		must(err)
		_, err = s.Record(ctx, ann, "L-1", &obligation.Look{Looked: "Read it once more, in full."})
		refused(err, fault.Conflict, "applies no more")
		must(log.Publish(ctx))
		recs, err := log.Records(ctx, ledger.Filter{Type: "obligation.", Limit: 100})
		must(err)
		for _, r := range recs {
			for _, b := range obligation.Bindings() {
				if b.Name == r.Type {
					must(b.Check(ctx, db.Reader(), r))
				}
			}
		}
		if len(recs) != 4 {
			t.Errorf("%d entries", len(recs))
		}
	})
}
