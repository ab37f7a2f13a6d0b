package targets_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/target"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/targets"
)

var now = time.Date(2036, 5, 6, 12, 0, 0, 0, time.UTC)

func TestScreens(t *testing.T) {
	var all []target.Target
	var failures []target.Failure
	area := targets.New(targets.Config{List: func(_ context.Context, who access.Principal) ([]target.Target, []target.Failure, error) {
		return all, failures, access.Authorise(who, access.HostRead)
	}})
	b := screentest.New(t, area, func() time.Time { return now }, access.Principal{UserID: "usr_1", Role: access.Viewer})
	b.Says("/targets", "No load balancer is read yet", "stats socket", "A1.2")
	b.Says("/targets/failures", "No target has failed")
	all = []target.Target{{Host: "hst_1", HostName: "web-01", Backend: "app", Name: "a", Address: "10.0.0.1:80", State: "up", Since: now.Add(-time.Hour)},
		{Host: "hst_1", HostName: "web-01", Backend: "app", Name: "b", Address: "10.0.0.2:80", State: "maint", Since: now.Add(-time.Hour), Backup: true}}
	b.Says("/targets", "No server behind the load balancers is down, 1 is out of service or not checked", "web-01", "backup")
	all[1].State, all[1].Why = "unknown", "needs root: /run/haproxy/admin.sock"
	b.Says("/targets", "Of 1 server it is not known whether it is up", "needs root")
	all[1].State, all[1].Failures = "down", 2
	b.Says("/targets", "1 server behind the load balancers is down", "app/b backup down")
	if text := b.Get("/targets?state=up").Text(); strings.Contains(text, "app/b") || !strings.Contains(text, "app/a") || !strings.Contains(text, "1 of 1 shown") {
		t.Error("the filter does not hold")
	}
	failures = []target.Failure{{ID: "1", Host: "hst_1", HostName: "web-01", Backend: "app", Target: "b", Address: "10.0.0.2:80", Down: now.Add(-90 * time.Second)},
		{ID: "2", Host: "hst_1", HostName: "web-01", Backend: "app", Target: "b", Address: "10.0.0.9:80", Down: now.Add(-50 * time.Hour), Ended: now.Add(-47 * time.Hour), How: target.Replaced, By: "10.0.0.2:80", Unseen: 3}}
	b.Says("/targets/failures", "1 target is down now", "still down", "1 minute", "3 hours", "replaced by 10.0.0.2:80", "3 times between two readings")
	if text := b.Get("/targets/failures?how=open").Text(); strings.Contains(text, "10.0.0.9:80") {
		t.Error("the filter does not hold")
	}
	for path, want := range map[string]string{"/targets?state=tall": "is no state of a target", "/targets/failures?how=tall": "is no end of a failure"} {
		if a := b.Get(path); a.Status != 422 || !strings.Contains(a.Text(), want) {
			t.Errorf("%s: %d %s", path, a.Status, a.Text())
		}
	}
}
