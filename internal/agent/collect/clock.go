package collect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/chrony"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// measured are the facts that only a running host can tell.
var measured = []string{"/synchronised", "/source", "/offset_us", "/max_error_us", "/sources", "/stratum", "/leap"}

func readClock(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	var v facts.Clock
	if servers, err := timeServers(root); err != nil {
		rep.failed("/servers", err)
	} else {
		v.Servers = servers
	}
	if zone, err := timezone(root); err != nil {
		rep.failed("/timezone", err)
	} else {
		v.Timezone = &zone
	}
	if !root.Live() {
		for _, p := range measured {
			rep.notObserved(p, tree.NotLive)
		}
		return rep.section("clock", v)
	}
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		err = fmt.Errorf("adjtimex: %w", err)
		for _, p := range measured {
			rep.failed(p, err)
		}
		return rep.section("clock", v)
	}
	synchronised := state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0
	source := clockSource(root, synchronised)
	v.Synchronised, v.Source = &synchronised, &source
	v.MaxErrorUS = new(roundUp(int64(t.Maxerror), 1_000_000))
	if err := clockOffset(ctx, source, synchronised, t, &v, &rep); err != nil {
		return facts.Section{}, err
	}
	return rep.section("clock", v)
}

// clockOffset asks chrony where it runs, since it knows better than the
// kernel; else takes the correction that the kernel still has to make.
func clockOffset(ctx context.Context, source string, synchronised bool, t unix.Timex, v *facts.Clock, rep *report) error {
	if source == "chrony" {
		if program, ok := findTool("chronyc"); ok {
			return askChrony(ctx, program, v, rep)
		}
	}
	for _, p := range []string{"/sources", "/stratum", "/leap"} {
		rep.absent(p, "chrony does not run, and only it is asked for its sources")
	}
	if !synchronised {
		if source == "none" {
			rep.absent("/offset_us", "nothing keeps this clock, so there is no offset to a reference")
		} else {
			rep.absent("/offset_us", "%s runs but has not set this clock, so there is no offset to a reference", source)
		}
		return nil
	}
	us := int64(t.Offset)
	if t.Status&unix.STA_NANO != 0 {
		us /= 1_000
	}
	v.OffsetUS = new(roundNearest(-us, 10_000)) // what is to be added is what the clock is behind
	return nil
}

// askChrony asks for offset, stratum and sources.
func askChrony(ctx context.Context, program string, v *facts.Clock, rep *report) error {
	out, err := runTool(ctx, program, "-n", "tracking")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		for _, p := range []string{"/offset_us", "/sources", "/stratum", "/leap"} {
			rep.failed(p, err)
		}
		return nil
	}
	if us, err := parseTracking(string(out)); err != nil {
		rep.failed("/offset_us", err)
	} else {
		v.OffsetUS = new(roundNearest(us, 10_000))
	}
	switch stratum, leap, err := chrony.Tracking(string(out)); {
	case err != nil:
		rep.failed("/stratum", err)
		rep.failed("/leap", err)
	case stratum == 0:
		rep.absent("/stratum", "chrony has not set this clock yet")
		v.Leap = &leap
	default:
		v.Stratum, v.Leap = &stratum, &leap
	}
	if out, err = runTool(ctx, program, "-c", "-n", "sources"); ctx.Err() != nil {
		return ctx.Err()
	}
	var list []facts.TimeSource
	if err == nil {
		list, err = chrony.Sources(string(out))
	}
	if err != nil {
		rep.failed("/sources", err)
		return nil
	}
	v.Sources = list
	return nil
}

// parseTracking reads the line "System time : 0.000012 seconds slow of NTP
// time" of chronyc tracking: how far the clock is before the reference, µs.
func parseTracking(text string) (int64, error) {
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) != "System time" {
			continue
		}
		f := strings.Fields(value)
		if len(f) < 3 {
			break
		}
		s, err := strconv.ParseFloat(f[0], 64)
		if err != nil || math.IsNaN(s) || math.Abs(s) > 1e9 {
			break
		}
		if f[2] == "slow" {
			s = -s
		}
		return int64(math.Round(s * 1e6)), nil
	}
	return 0, errors.New("chronyc tracking prints no system time")
}

func roundUp(n, step int64) int64 { return (n + step - 1) / step * step }

func roundNearest(n, step int64) int64 {
	if n < 0 {
		return -roundNearest(-n, step)
	}
	return (n + step/2) / step * step
}

// clockSource names what keeps the clock, by the processes that run.
func clockSource(root Root, synchronised bool) string {
	pids, _ := os.ReadDir("/proc") // without /proc: the kernel alone is asked
	for _, e := range pids {
		if e.Name()[0] < '0' || e.Name()[0] > '9' {
			continue
		}
		comm, err := os.ReadFile(path.Join("/proc", e.Name(), "comm"))
		if err != nil {
			continue // ended meanwhile
		}
		switch strings.TrimSpace(string(comm)) {
		case "chronyd":
			return "chrony"
		case "systemd-timesyn", "systemd-timesyncd":
			return "timesyncd"
		case "ntpd":
			return whichNTPD(root)
		}
	}
	if synchronised {
		return "kernel"
	}
	return "none"
}

// whichNTPD tells the programs apart that all call themselves ntpd.
func whichNTPD(root Root) string {
	for _, p := range []string{"/usr/sbin/ntpd", "/sbin/ntpd"} {
		if to, err := root.Readlink(p); err == nil && path.Base(to) == "busybox" {
			return "busybox"
		}
	}
	switch {
	case root.There("/etc/openntpd/ntpd.conf") || root.There("/usr/sbin/ntpctl"):
		return "openntpd"
	case root.There("/etc/ntpsec/ntp.conf"):
		return "ntpsec"
	}
	return "ntpd"
}

// timeServers gives the servers and pools that configuration files name.
func timeServers(root Root) ([]string, error) {
	out := []string{}
	ntp := []string{"/etc/ntp.conf", "/etc/ntpsec/ntp.conf", "/etc/chrony.conf", "/etc/chrony/chrony.conf", "/etc/openntpd/ntpd.conf"}
	for _, pattern := range []string{"/etc/chrony.d/*.conf", "/etc/chrony/conf.d/*.conf", "/etc/chrony/sources.d/*.sources"} {
		more, err := root.Glob(pattern)
		if err != nil {
			return nil, err
		}
		ntp = append(ntp, more...)
	}
	for _, file := range ntp {
		err := root.Lines(file, func(_ int, line string) error {
			f := strings.Fields(line)
			if len(f) > 1 && slices.Contains([]string{"server", "servers", "pool", "peer"}, f[0]) {
				out = append(out, f[1])
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	timesyncd := []string{"/etc/systemd/timesyncd.conf"}
	for _, dir := range []string{"/usr/lib", "/run", "/etc"} {
		more, err := root.Glob(dir + "/systemd/timesyncd.conf.d/*.conf")
		if err != nil {
			return nil, err
		}
		timesyncd = append(timesyncd, more...)
	}
	for _, file := range timesyncd {
		err := root.Lines(file, func(_ int, line string) error {
			key, value, _ := strings.Cut(line, "=")
			if key = strings.TrimSpace(key); key == "NTP" || key == "FallbackNTP" {
				out = append(out, strings.Fields(value)...)
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// timezone gives the zone that /etc/localtime leads to, or the name in
// /etc/timezone; empty when neither says.
func timezone(root Root) (string, error) {
	if to, err := root.Readlink("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(to, "zoneinfo/"); ok {
			return zone, nil
		}
	}
	zone, err := root.Text("/etc/timezone")
	if err != nil {
		return "", tree.IgnoreGone(err)
	}
	return zone, nil
}
