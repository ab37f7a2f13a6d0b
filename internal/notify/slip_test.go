package notify

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
)

// withSlips gives the world a key for links in mails, and notes which findings
// they take on; "taken" somebody else has.
func (w *world) withSlips() *[]string {
	w.Helper()
	var took []string
	key, err := sealed.Open(filepath.Join(w.TempDir(), "slips.key"))
	must(w.T, err)
	w.svc.cfg.Key = key
	w.svc.cfg.TakeOn = func(_ context.Context, p access.Principal, finding string) error {
		if err := access.Authorise(p, access.FindingAcknowledge); err != nil {
			return err
		}
		if finding == "taken" {
			return fault.New(fault.Conflict, "F-9 is acknowledged already")
		}
		took = append(took, p.UserID+" "+finding)
		return nil
	}
	return &took
}

func (w *world) slip(n Notice) string {
	w.Helper()
	_, path, err := w.svc.SlipOf(w.Context(), n, w.clock.Now())
	must(w.T, err)
	token, ok := strings.CutPrefix(path, SlipPath)
	if !ok || token == "" {
		w.Fatalf("no slip: %q", path)
	}
	return token
}

func (w *world) notice(login, object string) Notice {
	w.Helper()
	list, err := w.svc.List(w.Context(), w.who[login], true, "", "", 100)
	must(w.T, err)
	for _, n := range list {
		if n.Object == object {
			return n
		}
	}
	w.Fatalf("%s is not told of %s", login, object)
	return Notice{}
}

// The link in a mail changes nothing until its button is pressed; then it takes
// the finding on and marks the notice, once, in the name of whose mail it is.
func TestSlip(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.withMail()
		took := w.withSlips()
		ctx := t.Context()
		w.choose("rex", Choices{Ways: map[string]Way{"finding.opened": AtOnce, "evidence.due": AtOnce}, DigestAt: Usual().DigestAt})
		w.say("finding.opened", "fnd_a", false)
		w.say("finding.opened", "taken", false)
		w.say("evidence.due", "ctl_b", false)
		w.clock.Advance(settle)
		must(t, w.svc.gather(ctx))
		l, err := w.svc.letter(ctx, w.mails("rex")[0])
		must(t, err)
		said := map[string]string{}
		for _, i := range l.Items {
			said[i.Title] = i.Act
			if !strings.HasPrefix(i.ActAt, SlipPath) || strings.Contains(i.ActAt, w.who["rex"].UserID) {
				t.Errorf("%s leads to %q", i.Title, i.ActAt)
			}
		}
		if said["About fnd_a"] != "Take it on" || said["About ctl_b"] != "Mark it as read" {
			t.Errorf("%v", said)
		}
		token := w.slip(w.notice("rex", "fnd_a"))
		a, err := w.svc.Slip(ctx, token)
		must(t, err)
		if !a.Takes || a.Object != "fnd_a" || len(*took) > 0 || !w.notice("rex", "fnd_a").ReadAt.IsZero() {
			t.Fatalf("looking at it: %+v, took %v", a, *took)
		}
		for range 2 {
			_, err = w.svc.Acknowledge(ctx, token)
			must(t, err)
		}
		if (*took)[0] != w.who["rex"].UserID+" fnd_a" || w.notice("rex", "fnd_a").ReadAt.IsZero() {
			t.Errorf("took %v", *took)
		}
		a, err = w.svc.Acknowledge(ctx, w.slip(w.notice("rex", "taken")))
		must(t, err)
		if a.Why != "F-9 is acknowledged already" || w.notice("rex", "taken").ReadAt.IsZero() {
			t.Errorf("%+v", a)
		}
		_, err = w.svc.Acknowledge(ctx, w.slip(w.notice("rex", "ctl_b")))
		must(t, err)
		if len(w.inbox("rex")) != 0 {
			t.Errorf("still waits: %+v", w.inbox("rex"))
		}
		w.number()
		page, err := w.log.Records(ctx, ledger.Filter{Type: "notice.read"})
		must(t, err)
		read := 0
		for _, rec := range page {
			if rec.Type == "notice.read" {
				if read++; rec.Data["via"] != "mail" || rec.Actor != w.who["rex"].UserID {
					t.Errorf("%+v", rec)
				}
			}
		}
		if read != 3 {
			t.Errorf("%d entries of reading, not one for each", read)
		}
	})
}

// What opens nothing: a forged link, one of another purpose, one that is over,
// one of somebody who left or may no longer see it, or whose role needs a second
// factor that they do not have.
func TestSlipRefused(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	took := w.withSlips()
	ctx := t.Context()
	w.say("finding.opened", "fnd_a", false)
	n := w.notice("rex", "fnd_a")
	good := w.slip(n)
	refused := func(what, token string, kind fault.Kind) {
		t.Helper()
		for _, ask := range []func(context.Context, string) (Acknowledged, error){w.svc.Slip, w.svc.Acknowledge} {
			if _, err := ask(ctx, token); !fault.Is(err, kind) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	other := n
	other.User = w.who["ada"].UserID
	refused("somebody else's notice", w.slip(other), fault.NotFound)
	gone := n
	gone.ID = "ntc_gone"
	refused("a notice that is not there", w.slip(gone), fault.NotFound)
	refused("nothing", "", fault.NotFound)
	refused("no base64", "%%%", fault.NotFound)
	refused("something long", strings.Repeat("A", 5000), fault.NotFound)
	for i := range 3 {
		b := []byte(good)
		at := len(b) * (i + 1) / 5
		b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
		refused("forged", string(b), fault.NotFound)
	}
	must(t, w.svc.cfg.Access.SetRole(ctx, access.System(), w.who["rex"].UserID, access.Training))
	refused("a role that sees no findings", good, fault.NotFound)
	must(t, w.svc.cfg.Access.SetRole(ctx, access.System(), w.who["rex"].UserID, access.Responder))
	if _, err := w.svc.Slip(ctx, good); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(slipLife - time.Second)
	if _, err := w.svc.Slip(ctx, good); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	w.clock.Advance(time.Second)
	refused("one that is over", good, fault.NotFound)
	good = w.slip(n)
	must(t, w.svc.cfg.Access.RequireSecond(ctx, access.System(), []access.Role{access.Responder}))
	refused("one before whom a second factor stands", good, fault.Forbidden)
	must(t, w.svc.cfg.Access.RequireSecond(ctx, access.System(), nil))
	must(t, w.svc.cfg.Access.Disable(ctx, access.System(), w.who["rex"].UserID))
	refused("a leaver's", good, fault.NotFound)
	if len(*took) > 0 || !w.notice("rex", "fnd_a").ReadAt.IsZero() {
		t.Errorf("took %v", *took)
	}
	if _, path, err := w.svc.SlipOf(ctx, n, w.clock.Now()); err != nil || path != "" {
		t.Errorf("a leaver's mail has %q, %v", path, err)
	}
}
