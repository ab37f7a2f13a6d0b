package host_test

import (
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
)

// Versions of a section come by host and time, up to a moment, as they were known.
func TestVersions(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		one, two := w.machine("web-1"), w.machine("web-2")
		w.report(two)
		w.report(one)
		first := w.clock.Now()
		known := w.number()
		w.clock.Advance(time.Hour)
		w.must(one.assign("sshd.permitrootlogin", "yes"))
		w.report(one)
		all, err := w.hosts.Versions(w.ctx, "sshd", w.clock.Now(), -1)
		w.must(err)
		if len(all) != 3 || all[0].Name != "web-1" || all[1].Name != "web-1" || all[2].Name != "web-2" || !all[1].From.After(all[0].From) {
			t.Fatalf("%+v", all)
		}
		if v, ok := all[1].Section.At("/effective/permitrootlogin"); !ok || v != "yes" {
			t.Errorf("the newest says %v", v)
		}
		if then, err := w.hosts.Versions(w.ctx, "sshd", first, -1); err != nil || len(then) != 2 {
			t.Errorf("up to the first reports: %+v %v", then, err)
		}
		if then, err := w.hosts.Versions(w.ctx, "sshd", w.clock.Now(), known); err != nil || len(then) != 2 {
			t.Errorf("as known then: %+v %v", then, err)
		}
		if none, err := w.hosts.Versions(w.ctx, "haproxy", w.clock.Now(), -1); err != nil || len(none) != 0 {
			t.Errorf("%+v %v", none, err)
		}
	})
}
