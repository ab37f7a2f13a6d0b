package raci_test

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
	"github.com/attesta/attesta/internal/program/raci"
)

func TestLifeOfAResponsibility(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, dir := context.Background(), t.TempDir()
		now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
		must(err)
		t.Cleanup(func() { log.Close() })
		users, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
		must(err)
		user := func(login string, role access.Role) access.Principal {
			u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
			must(err)
			return access.Principal{UserID: u.ID, Name: login, Role: role}
		}
		ann, bob, cid := user("ann", access.ComplianceManager), user("bob", access.Contributor), user("cid", access.Contributor)
		left := map[string]bool{}
		s := raci.New(raci.Config{DB: db, Ledger: log, Access: users, Clock: now.Now, Left: func(_ context.Context, user string) (bool, error) { return left[user], nil },
			Subjects: func(context.Context) ([]raci.Subject, error) {
				return []raci.Subject{{Kind: raci.Control, Ref: "logs-reviewed", Title: "Logs are reviewed", Proposed: raci.Roles{Accountable: "Head of operations", Responsible: []string{"On call"}}}, {Kind: raci.Data, Ref: "D-1", Title: "Pay slips"}}, nil
			}})
		holds := func(kind, ref, want string) {
			t.Helper()
			row, _, err := s.Get(ctx, bob, kind, ref)
			must(err)
			if got := strings.Join(row.Gaps, "; "); got != want {
				t.Errorf("%s: the gaps are %q, want %q", ref, got, want)
			}
		}
		refused := func(r raci.Roles, base int, kind fault.Kind, want string) {
			t.Helper()
			_, err := s.Set(ctx, ann, raci.Control, "logs-reviewed", base, r, "")
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
				t.Errorf("got %v, want %s: %s", err, kind, want)
			}
		}
		holds(raci.Control, "logs-reviewed", "nobody said who answers for it") // what its design names is proposed
		holds(raci.Data, "D-1", "nobody said who answers for it; nobody is accountable; nobody is responsible")
		refused(raci.Roles{Responsible: []string{bob.UserID}}, 0, fault.Invalid, "say who is accountable")
		refused(raci.Roles{Accountable: "Head, and deputy", Responsible: []string{bob.UserID}}, 0, fault.Invalid, "exactly one")
		refused(raci.Roles{Accountable: "usr_nobody", Responsible: []string{bob.UserID}}, 0, fault.Invalid, "nobody who is here")
		refused(raci.Roles{Accountable: ann.UserID}, 0, fault.Invalid, "say who does it")
		refused(raci.Roles{Accountable: ann.UserID, Responsible: []string{strings.Repeat("x", 81)}}, 0, fault.Invalid, "80 letters")
		good := raci.Roles{Accountable: bob.UserID, Responsible: []string{bob.UserID, cid.UserID, " On  call", "on call", ""}, Informed: []string{"The board"}}
		if _, err := s.Set(ctx, bob, raci.Control, "logs-reviewed", 0, good, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("who may only look says who answers: %v", err)
		}
		if _, err := s.Set(ctx, ann, raci.Control, "no-such", 0, good, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("a control that is none: %v", err)
		}
		row, err := s.Set(ctx, ann, raci.Control, "logs-reviewed", 0, good, "agreed in the meeting of 2 March")
		must(err)
		if len(row.Responsible) != 3 || row.Responsible[2] != "On call" || !row.Said {
			t.Errorf("%+v", row)
		}
		refused(good, 0, fault.Conflict, "meanwhile")
		holds(raci.Control, "logs-reviewed", "")
		must(users.Disable(ctx, access.System(), cid.UserID))
		holds(raci.Control, "logs-reviewed", "some who are responsible have left")
		left[bob.UserID] = true // the directory knows before the account is closed
		holds(raci.Control, "logs-reviewed", "who is accountable has left; some who are responsible have left")
		_, err = s.Set(ctx, ann, raci.Control, "logs-reviewed", 1, raci.Roles{Accountable: ann.UserID, Responsible: []string{"On call"}}, "")
		must(err)
		holds(raci.Control, "logs-reviewed", "")
		_, history, err := s.Get(ctx, ann, raci.Control, "logs-reviewed")
		must(err)
		if len(history) != 2 || history[0].Accountable != bob.UserID || history[0].Note == "" {
			t.Errorf("%+v", history)
		}
		records := func() (bad int) {
			list, err := log.Records(ctx, ledger.Filter{Limit: 1000})
			must(err)
			for _, rec := range list {
				if rec.Type == "raci.set" && raci.Bound(ctx, db.Reader(), rec) != nil {
					bad++
				}
			}
			return bad
		}
		if n := records(); n != 0 {
			t.Errorf("%d records do not match their rows", n)
		}
		_, err = db.Writer().ExecContext(ctx, `UPDATE raci SET content = '{"accountable":"usr_x"}' WHERE version = 1`)
		must(err)
		if records() != 1 {
			t.Error("a row that was changed outside is not found")
		}
	})
}
