package landing_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/program/landing"
)

func TestSearched(t *testing.T) {
	c := landing.Change{Number: 12, Title: "BIL-7 " + strings.Repeat("Ä long title ", 100), Landed: "0a1b", Request: 4, Tickets: []string{"BIL-7"}}
	got := c.Searched()
	for _, want := range []string{"ch-12", "0a1b", "#4", "bil-7", "ä long title"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not found in %.80s", want, got)
		}
	}
	if n := utf8.RuneCountInString(got); n != landing.MaxSearched || !utf8.ValidString(got) {
		t.Errorf("%d characters", n)
	}
	d := landing.Deployment{Number: 3, Environment: "production", Commit: "0a1b", Hosts: []string{"web-01"}}
	if got := d.Searched(); got != "d-3 0a1b production  web-01" {
		t.Errorf("%q", got)
	}
}
