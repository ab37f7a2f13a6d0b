package firm_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
)

type fixture struct {
	*firm.Service
	t        *testing.T
	ctx      context.Context
	log      *ledger.Log
	dir      string
	ann, bob access.Principal
	eve      access.Principal
}

func begin(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context()}
	now := clock.NewManual(time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC))
	dir := t.TempDir()
	f.dir = filepath.Join(dir, "ledger")
	var err error
	f.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: f.dir, KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: f.log, Clock: now.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	berlin, err := time.LoadLocation("Europe/Berlin")
	f.must(err)
	f.Service = firm.New(firm.Config{Journal: journal.Config{DB: db, Ledger: f.log, Clock: now.Now}, Zone: func(context.Context) (*time.Location, error) { return berlin, nil }})
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) refused(err error, kind fault.Kind, want string) {
	f.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+" at "+fe.Field, want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func profile() firm.Profile {
	return firm.Profile{Name: "Ledger & Quill LLP", Experience: "Three firms that run software for others.", Why: "Small team, and they were free in April."}
}

func answers(threat string) map[string]firm.Answer {
	out := map[string]firm.Answer{}
	for _, q := range firm.Questions() {
		out[q.ID] = firm.Answer{Threat: q.ID == threat}
		if q.ID == threat {
			out[q.ID] = firm.Answer{Threat: true, Safeguard: "Another partner leads the team."}
		}
	}
	return out
}

// A firm is engaged with a licence that was looked up and every question answered,
// by somebody else than whoever proposed it.
func TestChoosing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		o, err := f.Propose(f.ctx, f.ann, profile())
		f.must(err)
		_, err = f.Propose(f.ctx, f.ann, profile())
		f.refused(err, fault.Conflict, "is AF-1 already")
		_, err = f.Engage(f.ctx, f.bob, o.Ref, "The best of three.", "")
		f.refused(err, fault.Conflict, "nobody looked its licence up; 12 of 12 questions")
		good := firm.Licence{Number: "PC-1", Issuer: "State board", Where: "the board's site", PeerReview: firm.ReviewPass, PeerYear: "2025"}
		for _, c := range []struct {
			spoil func(*firm.Licence)
			want  string
		}{
			{func(l *firm.Licence) { l.Number = "" }, "number"}, {func(l *firm.Licence) { l.Until = "2026-03-02" }, "is none at until"}, {func(l *firm.Licence) { l.Until = "soon" }, "until"},
			{func(l *firm.Licence) { l.PeerReview = "" }, "peer_review"}, {func(l *firm.Licence) { l.PeerYear = "last" }, "peer_review_year"}, {func(l *firm.Licence) { l.PeerReview = firm.ReviewFail }, "peer_review_note"},
		} {
			l := good
			c.spoil(&l)
			_, err := f.Verify(f.ctx, f.ann, o.Ref, l)
			f.refused(err, fault.Invalid, c.want)
		}
		good.Until = "2026-03-03" // it is the third in Berlin
		_, err = f.Verify(f.ctx, f.ann, o.Ref, good)
		f.must(err)
		_, err = f.Answer(f.ctx, f.ann, o.Ref, map[string]firm.Answer{"owns": {Threat: true}})
		f.refused(err, fault.Invalid, "safeguard-owns")
		_, err = f.Answer(f.ctx, f.ann, o.Ref, map[string]firm.Answer{"weather": {}})
		f.refused(err, fault.Invalid, "no question")
		_, err = f.Answer(f.ctx, f.ann, o.Ref, answers("joined"))
		f.must(err)
		_, err = f.Engage(f.ctx, f.ann, o.Ref, "The best of three.", "")
		f.refused(err, fault.Forbidden, "")
		_, err = f.Sign(f.ctx, f.ann, o.Ref, firm.Letter{Signed: "2026-03-01", By: "Bob", Covers: "Type 2", Where: "E-1"})
		f.refused(err, fault.Conflict, "considered")
		o, err = f.Engage(f.ctx, f.bob, o.Ref, "The best of three.", "")
		f.must(err)
		if th := o.Content.Threats(); len(th) != 1 || th[0].ID != "joined" || o.Content.Decider != f.bob.UserID {
			t.Errorf("engaged: %+v", o.Content)
		}
		_, err = f.Sign(f.ctx, f.ann, o.Ref, firm.Letter{Signed: "2026-03-04", By: "Bob", Covers: "Type 2", Where: "E-1"})
		f.refused(err, fault.Invalid, "not come yet")
		_, err = f.Sign(f.ctx, f.ann, o.Ref, firm.Letter{Signed: "2026-03-01", By: "Bob", Covers: "Type 2", Where: "E-1"})
		f.must(err)
		_, err = f.Refuse(f.ctx, f.bob, o.Ref, "Too late.")
		f.refused(err, fault.Conflict, "is engaged")
		_, err = f.Describe(f.ctx, f.eve, o.Ref, profile(), "")
		f.refused(err, fault.Forbidden, "")
		_, err = f.End(f.ctx, f.bob, o.Ref, "Five years with one firm.")
		f.must(err)
		f.must(f.log.Publish(f.ctx))
		_, err = ledger.Verify(f.ctx, ledger.VerifyConfig{DB: db, Dir: f.dir, VerifierKey: f.log.VerifierKey(), Bindings: firm.Bindings()})
		f.must(err)
	})
}

// Reports are recorded whatever they say, and each copy stays in the register.
func TestReports(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		good := firm.Received{Title: "SOC 2 Type 2, 2025", Firm: "Ledger & Quill LLP", Type: 2, From: "2025-01-01", To: "2025-12-31", Dated: "2026-02-20", Opinion: firm.Qualified, About: "CC6.3: two leavers kept access.", Where: "E-9"}
		for _, c := range []struct {
			spoil func(*firm.Received)
			want  string
		}{
			{func(r *firm.Received) { r.Opinion = "" }, "opinion"}, {func(r *firm.Received) { r.About = "" }, "about"}, {func(r *firm.Received) { r.Type = 3 }, "type"}, {func(r *firm.Received) { r.From = "" }, "from"},
			{func(r *firm.Received) { r.From = "2026-01-01" }, "begins before it ends"}, {func(r *firm.Received) { r.Dated = "2025-11-01" }, "dated"}, {func(r *firm.Received) { r.Dated = "2027-01-01" }, "not come yet"},
			{func(r *firm.Received) { r.Type = 1 }, "has no window"}, {func(r *firm.Received) { r.Digest = "abc" }, "sha256"}, {func(r *firm.Received) { r.Firm = "AF-7" }, "no firm AF-7"},
		} {
			x := good
			c.spoil(&x)
			_, err := f.Receive(f.ctx, f.ann, x)
			f.refused(err, fault.Invalid, c.want)
		}
		o, err := f.Receive(f.ctx, f.ann, good)
		f.must(err)
		copyOf := firm.Handing{To: "Zoe Hill, Northern Bank", As: "customer", On: "2026-03-01", Terms: "Agreement of 2024-05-02"}
		for _, c := range []struct {
			spoil func(*firm.Handing)
			want  string
		}{
			{func(h *firm.Handing) { h.To = "" }, "to"}, {func(h *firm.Handing) { h.Terms = "" }, "terms"}, {func(h *firm.Handing) { h.As = "friend" }, "as"}, {func(h *firm.Handing) { h.On = "2026-02-01" }, "nobody had it before"}, {func(h *firm.Handing) { h.On = "2026-03-09" }, "not come yet"},
		} {
			x := copyOf
			c.spoil(&x)
			_, err := f.Hand(f.ctx, f.ann, o.Ref, x)
			f.refused(err, fault.Invalid, c.want)
		}
		_, err = f.Hand(f.ctx, f.eve, o.Ref, copyOf)
		f.refused(err, fault.Forbidden, "")
		_, err = f.Hand(f.ctx, f.ann, o.Ref, copyOf)
		f.must(err)
		_, err = f.Recall(f.ctx, f.ann, o.Ref, 2, "2026-03-02", "Left.")
		f.refused(err, fault.Invalid, "no copy 2")
		_, err = f.Recall(f.ctx, f.ann, o.Ref, 1, "2026-02-25", "Left.")
		f.refused(err, fault.Invalid, "on")
		o, err = f.Recall(f.ctx, f.ann, o.Ref, 1, "2026-03-02", "They are no customer any more.")
		f.must(err)
		_, err = f.Recall(f.ctx, f.ann, o.Ref, 1, "2026-03-02", "Again.")
		f.refused(err, fault.Conflict, "was asked back")
		if c := o.Content.Copies; len(c) != 1 || c[0].Recalled != "2026-03-02" || c[0].To != copyOf.To {
			t.Errorf("copies: %+v", c)
		}
	})
}
