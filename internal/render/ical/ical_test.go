package ical_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/render/ical"
)

var made = time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)

func write(t testing.TB, c ical.Calendar) string {
	t.Helper()
	var b bytes.Buffer
	if err := ical.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sound holds what RFC 5545 asks of lines.
func sound(t testing.TB, text string) {
	t.Helper()
	if !strings.HasSuffix(text, "END:VCALENDAR\r\n") {
		t.Errorf("it ends with %q", text[max(0, len(text)-20):])
	}
	for _, l := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(l) > 75 || !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n") || l == "" {
			t.Errorf("a line of %d octets: %q", len(l), l)
		}
	}
}

func TestWrite(t *testing.T) {
	text := write(t, ical.Calendar{Name: "Farol, alles", Made: made, Again: time.Hour, Events: []ical.Event{
		{UID: "freeze/K-1@x", First: "2026-03-28", Last: "2026-03-30", Summary: "Freeze; year's end, with a back\\slash", Description: "one\ntwo", URL: "https://a.example/x", Category: "Freezes", Busy: true},
		{UID: "u2", First: "2026-10-25", Last: "2026-10-25", Summary: strings.Repeat("Prüfung der Wiederherstellung ", 6)},
	}})
	sound(t, text)
	for _, want := range []string{"DTSTART;VALUE=DATE:20260328\r\nDTEND;VALUE=DATE:20260331\r\n", "DTSTART;VALUE=DATE:20261025\r\nDTEND;VALUE=DATE:20261026\r\n", `SUMMARY:Freeze\; year's end\, with a back\\slash` + "\r\n", `DESCRIPTION:one\ntwo` + "\r\n", "DTSTAMP:20260329T013000Z", "REFRESH-INTERVAL;VALUE=DURATION:PT60M", "TRANSP:OPAQUE", "TRANSP:TRANSPARENT", `NAME:Farol\, alles`} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if err := ical.Write(&bytes.Buffer{}, ical.Calendar{Events: []ical.Event{{First: "tomorrow", Last: "2026-01-01"}}}); err == nil {
		t.Error("a day that is none is written")
	}
}

// Another implementation reads the same (Debian: python3-icalendar).
func TestAgainstPython(t *testing.T) {
	if err := exec.Command("/usr/bin/python3", "-c", "import icalendar").Run(); err != nil {
		t.Skip("NOT RUN: python3-icalendar is not installed")
	}
	want := []ical.Event{
		{UID: "a", First: "2026-03-29", Last: "2026-03-29", Summary: "The clocks, they change; \\o/", Description: "line one\nline two", URL: "https://a.example/x?y=1", Category: "Audits", Busy: true},
		{UID: "b", First: "2026-10-24", Last: "2026-10-26", Summary: strings.Repeat("ä€😀", 60)},
		{UID: "c", First: "2028-02-29", Last: "2028-02-29", Summary: "x"},
	}
	cmd := exec.Command("/usr/bin/python3", "-c", `
import sys, json, icalendar
c = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
out = []
for e in c.walk("VEVENT"):
    out.append({"uid": str(e["UID"]), "first": e.decoded("DTSTART").isoformat(), "after": e.decoded("DTEND").isoformat(), "summary": str(e["SUMMARY"]), "description": str(e.get("DESCRIPTION", "")), "url": str(e.get("URL", "")), "busy": str(e["TRANSP"])})
json.dump({"name": str(c["X-WR-CALNAME"]), "events": out}, sys.stdout)`)
	cmd.Stdin = strings.NewReader(write(t, ical.Calendar{Name: "Ours, theirs", Made: made, Events: want}))
	var bad bytes.Buffer
	cmd.Stderr = &bad
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, bad.String())
	}
	var got struct {
		Name   string
		Events []struct{ UID, First, After, Summary, Description, URL, Busy string }
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "Ours, theirs" || len(got.Events) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, e := range got.Events {
		w := want[i]
		last, err := time.Parse(time.DateOnly, w.Last)
		if err != nil {
			t.Fatal(err)
		}
		if e.UID != w.UID || e.First != w.First || e.After != last.AddDate(0, 0, 1).Format(time.DateOnly) || e.Summary != w.Summary || e.Description != w.Description || e.URL != w.URL || (e.Busy == "OPAQUE") != w.Busy {
			t.Errorf("%+v is read as %+v", w, e)
		}
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("a", "b;c,d\\e", "x\r\ny")
	f.Add("\xff", strings.Repeat("é", 200), "\x00")
	f.Fuzz(func(t *testing.T, uid, summary, description string) {
		text := write(t, ical.Calendar{Name: summary, Made: made, Events: []ical.Event{{UID: uid, First: "2026-01-01", Last: "2026-01-02", Summary: summary, Description: description, URL: description, Category: uid}}})
		sound(t, text)
		if strings.Count(text, "BEGIN:VEVENT\r\n") != 1 || strings.Count(text, "\r\nEND:VEVENT\r\n") != 1 {
			t.Error("a text makes an event")
		}
	})
}
