package posture

import (
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
)

// What arrived late is listed with the run that brought it, and only that.
func TestThenAgainstNow(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		d := newDeployment(t, db)
		d.until(1, 9)
		for _, n := range []string{"web-1", "web-2"} {
			d.seen(n, d.clock.Now(), nil)
		}
		d.until(1, 10)
		d.heard("web-1", d.clock.Now())
		d.heard("web-2", d.clock.Now())
		d.number()
		moment := at(1, 10).Add(time.Minute)
		d.until(1, 11)
		d.number()
		c, err := d.Compare(d.ctx, moment)
		d.must(err)
		if len(c.Criteria)+len(c.Checks)+len(c.Controls) != 0 || len(c.Runs) != 0 {
			t.Fatalf("nothing came late, and %+v differs", c)
		}
		// Two days later web-2 sends what it saw that morning.
		d.until(3, 9)
		d.seen("web-2", at(1, 9).Add(30*time.Minute), rootMayLogin)
		d.number()
		c, err = d.Compare(d.ctx, moment)
		d.must(err)
		if len(c.Checks) != 1 || c.Checks[0].ID != "linux-server/sshd-root-login" || c.Checks[0].Then.Status != None || c.Checks[0].Now.Status != Deviation || c.Checks[0].Runs != 1 || c.Checks[0].Why != "observed then, arrived later" {
			t.Errorf("checks: %+v", c.Checks)
		}
		if len(c.Criteria) == 0 || len(c.Controls) == 0 {
			t.Error("a check differs, and no control or criterion does")
		}
		for _, k := range append(c.Controls, c.Criteria...) {
			if !strings.Contains(k.Why, "known otherwise") {
				t.Errorf("%s differs because %q", k.ID, k.Why)
			}
		}
		if len(c.Runs) != 1 || c.Runs[0].Name != "web-2" || c.Runs[0].Index < c.Known || !c.Runs[0].ValidAt.Equal(at(1, 9).Add(30*time.Minute)) || c.Runs[0].Changed == 0 {
			t.Errorf("runs: %+v", c.Runs)
		}
		// A later moment, known after it came, does not differ.
		c, err = d.Compare(d.ctx, d.clock.Now())
		d.must(err)
		if len(c.Checks) != 0 || len(c.Runs) != 0 {
			t.Errorf("of the present: %+v", c)
		}
		if _, err := d.Compare(d.ctx, d.clock.Now().Add(time.Hour)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the future: %v", err)
		}
	})
}

// A lane says what Control says at any moment of it, and its coverage is that
// of the day's end.
func TestLanes(t *testing.T) {
	d := newDeployment(t, databasetest.SQLite(t))
	d.until(1, 9)
	d.seen("web-1", d.clock.Now(), nil)
	d.until(3, 9)
	d.seen("web-1", d.clock.Now(), rootMayLogin)
	d.until(6, 9)
	d.seen("web-1", d.clock.Now(), nil)
	d.until(8, 0)
	d.must(d.Keep(d.ctx, nil))
	lanes, err := d.Lanes(d.ctx, at(0, 0), at(20, 0))
	d.must(err)
	found := false
	for _, l := range lanes {
		if l.Slug != "ssh-logins-hardened" {
			continue
		}
		found = true
		for hours := range 8 * 24 {
			m := at(0, hours).Add(time.Minute)
			if m.After(d.clock.Now()) {
				break
			}
			status := Status("")
			for _, st := range l.Steps {
				if !st.At.After(m) {
					status = st.Status
				}
			}
			c, err := d.Control(d.ctx, l.Slug, At{Valid: m, Known: -1})
			d.must(err)
			if c.Status != status {
				t.Fatalf("at %s the lane says %s, the control %s", m, status, c.Status)
			}
		}
		c, err := d.Control(d.ctx, l.Slug, At{Valid: at(4, 0).Add(-time.Microsecond), Known: -1})
		d.must(err)
		if got := l.Covered[3]; got != c.Coverage {
			t.Errorf("coverage of the fourth day %v, the control says %v", got, c.Coverage)
		}
	}
	if !found {
		t.Errorf("%d lanes, none of ssh-logins-hardened", len(lanes))
	}
}
