package cron

import "testing"

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
