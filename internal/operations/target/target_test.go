package target

import (
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2036, 5, 6, 12, 0, 0, 0, time.UTC)

func at(minute float64) time.Time { return noon.Add(time.Duration(minute * float64(time.Minute))) }

// seen makes a version of a host, as it is sent and stored.
func seen(t *testing.T, minute float64, targets ...facts.BalancerTargetState) host.Version {
	t.Helper()
	if targets == nil {
		targets = []facts.BalancerTargetState{}
	}
	return version(t, minute, facts.Haproxy{Installed: new(true), Running: &facts.HaproxyRunning{Targets: targets}}, nil)
}

func version(t *testing.T, minute float64, v facts.Haproxy, missing []facts.Missing) host.Version {
	t.Helper()
	s, err := facts.NewSection("haproxy", v, missing)
	if err != nil {
		t.Fatal(err)
	}
	d, err := facts.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return host.Version{Host: "hst_1", Name: "web-01", From: at(minute), Until: at(minute), Section: &d}
}

func server(name, address, state string, changed float64, went int64) facts.BalancerTargetState {
	return facts.BalancerTargetState{Backend: "app", Name: name, Address: address, State: state, Why: state, ChangedUS: at(changed).UnixMicro(), WentDown: went}
}

func folded(t *testing.T, versions ...host.Version) ([]Target, []Failure) {
	t.Helper()
	f := fold{}
	for _, v := range versions {
		if err := f.take(v); err != nil {
			t.Fatal(err)
		}
	}
	return f.end()
}

func TestFailures(t *testing.T) {
	failure := Failure{Host: "hst_1", HostName: "web-01", Backend: "app", Target: "b", Address: "10.0.0.2:80", Why: "down", Down: at(9.5)}
	with := func(ended float64, how, by string) Failure {
		f := failure
		f.Ended, f.How, f.By = at(ended), how, by
		return f
	}
	a, b := server("a", "10.0.0.1:80", "up", -60, 0), server("b", "10.0.0.2:80", "up", -60, 0)
	down := server("b", "10.0.0.2:80", "down", 9.5, 1)
	start, fell := seen(t, 0, a, b), seen(t, 10, a, down)
	stopped := version(t, 12, facts.Haproxy{Installed: new(true)}, []facts.Missing{{Path: "/running", State: facts.NotObserved, Reason: "HAProxy does not run"}})
	absent := version(t, 20, facts.Haproxy{Installed: new(false)}, []facts.Missing{{Path: "", State: facts.Absent, Reason: "HAProxy is not installed"}})
	flap := failure
	flap.Why, flap.Down, flap.Ended, flap.How, flap.Unseen = "up", at(0), at(7), Recovered, 2
	for name, c := range map[string]struct {
		versions []host.Version
		want     []Failure
	}{
		"still down":                {[]host.Version{start, fell}, []Failure{failure}},
		"down from the first":       {[]host.Version{fell}, []Failure{failure}},
		"it came back":              {[]host.Version{start, fell, seen(t, 20, a, server("b", "10.0.0.2:80", "up", 18, 1))}, []Failure{with(18, Recovered, "")}},
		"another address":           {[]host.Version{start, fell, seen(t, 20, a, server("b", "10.0.0.9:80", "up", 19, 0))}, []Failure{with(19, Replaced, "10.0.0.9:80")}},
		"another server":            {[]host.Version{start, fell, seen(t, 20, a, server("c", "10.0.0.3:80", "up", 19, 0))}, []Failure{with(20, Replaced, "10.0.0.3:80")}},
		"another that is not up":    {[]host.Version{start, fell, seen(t, 20, a, server("c", "10.0.0.3:80", "down", 19, 0))}, []Failure{with(20, Removed, ""), {Host: "hst_1", HostName: "web-01", Backend: "app", Target: "c", Address: "10.0.0.3:80", Why: "down", Down: at(19)}}},
		"taken out":                 {[]host.Version{start, fell, seen(t, 20, a)}, []Failure{with(20, Removed, "")}},
		"the load balancer is gone": {[]host.Version{start, fell, absent}, []Failure{with(20, Removed, "")}},
		"silence ends nothing":      {[]host.Version{start, fell, stopped}, []Failure{failure}},
		"maintenance ends nothing":  {[]host.Version{start, fell, seen(t, 20, a, server("b", "10.0.0.2:80", "maint", 19, 1))}, []Failure{failure}},
		"between two readings":      {[]host.Version{start, seen(t, 10, a, server("b", "10.0.0.2:80", "up", 7, 2))}, []Failure{flap}},
		"a clock that is wrong":     {[]host.Version{start, seen(t, 10, a, server("b", "10.0.0.2:80", "down", 99, 1))}, []Failure{func() Failure { f := failure; f.Down = at(10); return f }()}},
		"nothing happened":          {[]host.Version{start, start}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := folded(t, c.versions...)
			ids := map[string]bool{}
			for i := range got {
				if ids[got[i].ID] || got[i].ID == "" {
					t.Errorf("the id %q is not its own", got[i].ID)
				}
				ids[got[i].ID] = true
				got[i].ID = ""
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTargetsNow(t *testing.T) {
	a, down := server("a", "10.0.0.1:80", "up", -60, 0), server("b", "10.0.0.2:80", "down", 9.5, 1)
	targets, _ := folded(t, seen(t, 0, a, server("b", "10.0.0.2:80", "up", -60, 0)), seen(t, 10, a, down))
	if len(targets) != 2 || targets[1].State != "down" || targets[1].Failures != 1 || !targets[1].Since.Equal(at(9.5)) || targets[0].State != "up" {
		t.Errorf("%+v", targets)
	}
	stopped := version(t, 12, facts.Haproxy{Installed: new(true)}, []facts.Missing{{Path: "/running", State: facts.Error, Reason: "needs root"}})
	targets, _ = folded(t, seen(t, 0, a), stopped)
	if len(targets) != 1 || targets[0].State != "unknown" || targets[0].Why != "needs root" {
		t.Errorf("a state that could not be read is told as %+v", targets)
	}
	f := Failure{Down: at(0), Ended: at(7), How: Recovered}
	if f.Lasted(at(60)) != 7*time.Minute || (&Failure{Down: at(0)}).Lasted(at(3)) != 3*time.Minute {
		t.Error("how long it lasted")
	}
}
