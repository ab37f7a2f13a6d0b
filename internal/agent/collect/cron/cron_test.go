package cron

import (
	"strings"
	"testing"
)

func TestProgram(t *testing.T) {
	for command, want := range map[string]string{
		"/usr/local/sbin/backup --all":                                               "/usr/local/sbin/backup",
		"test -e /run/systemd/system || SERVICE_MODE=1 /usr/libexec/e2scrub -t":      "/usr/libexec/e2scrub",
		"[ -x /usr/sbin/anacron ] || ( cd / && run-parts --report /etc/cron.daily )": "run-parts",
		"[ -d /run/lock ] && [ -x /usr/bin/php ] && /usr/bin/php -q x":               "/usr/bin/php",
		"if [ -x /usr/bin/mrtg ]; then /usr/bin/mrtg; fi":                            "/usr/bin/mrtg",
		"command -v debian-sa1 > /dev/null && debian-sa1 1 1":                        "debian-sa1",
		"PATH=/bin LANG=C nice /opt/x":                                               "/opt/x",
		"":                                                                           "",
	} {
		if got := program(command); got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
}

func TestParseLine(t *testing.T) {
	for _, c := range []struct {
		line, user              string
		schedule, runs, program string // schedule "" is no job
		wrong                   bool
	}{
		{line: "17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly", schedule: "17 * * * *", runs: "root", program: "run-parts"},
		{line: "@daily ann /usr/bin/x a=b", schedule: "@daily", runs: "ann", program: "/usr/bin/x"},
		{line: "0 1 * * 1-5 /usr/bin/y", user: "bob", schedule: "0 1 * * 1-5", runs: "bob", program: "/usr/bin/y"},
		{line: "SHELL=/bin/sh"}, {line: " MAILTO = \"ops\""}, {line: "# 0 0 * * * root x"}, {line: ""},
		{line: "0 0 * * root", wrong: true}, {line: "0 0 * * * root", wrong: true}, {line: "@reboot", wrong: true},
	} {
		j, ok, err := parseLine(c.line, c.user)
		if (err != nil) != c.wrong || ok != (c.schedule != "") {
			t.Errorf("%q: %v, %v", c.line, ok, err)
		}
		if ok && (j.Schedule != c.schedule || j.User != c.runs || j.Program != c.program || len(j.CommandDigest) != 32) {
			t.Errorf("%q: %+v", c.line, j)
		}
	}
}

// FuzzParseLine gives any line: a job has a user, times, and of its command no
// more than a word and a digest.
func FuzzParseLine(f *testing.F) {
	for _, s := range []string{"* * * * * root /x", "@daily x y", "A=b", "test -e x && [ y", "* * * * *", "\xff \x00", "1 2 3 4 5 6 A=b 'c d'"} {
		f.Add(s, "")
		f.Add(s, "ann")
	}
	f.Fuzz(func(t *testing.T, s, user string) {
		j, ok, err := parseLine(s, user)
		if ok && (err != nil || j.User == "" || j.Schedule == "" || len(j.CommandDigest) != 32 || strings.ContainsAny(j.Program, " \t\n")) {
			t.Errorf("%+v, %v", j, err)
		}
	})
}
