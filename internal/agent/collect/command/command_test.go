package command

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	sh, ok := Find("sh")
	if !ok {
		t.Skip("NOT RUN: there is no sh")
	}
	if out, err := Run(t.Context(), sh, "-c", "echo $PATH; echo $SECRET"); err != nil || string(out) != "/usr/sbin:/usr/bin:/sbin:/bin\n\n" {
		t.Errorf("%q %v: nothing of our own environment may reach it", out, err)
	}
	for script, want := range map[string]string{
		"echo 'no such table' >&2; exit 3": "sh says: no such table",
		"exit 3":                           "sh: exit status 3",
		"while :; do echo 0123456789012345678901; done": "printed more than",
	} {
		if _, err := Run(t.Context(), sh, "-c", script); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", script, err, want)
		}
	}
	for script, failed := range map[string]bool{"echo taken >&2": false, "echo taken >&2; echo noise; exit 1": true} {
		if words, err := Words(t.Context(), sh, "-c", script); words != "taken\n" || (err != nil) != failed {
			t.Errorf("%s: words %q, error %v", script, words, err)
		}
	}
	if p, ok := Find("no-such-program"); ok {
		t.Errorf("found %s", p)
	}
}
