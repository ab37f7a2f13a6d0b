// Package ical writes calendars of whole days as RFC 5545 says: lines of at most
// 75 octets, folded between characters, texts escaped. Whole days (DATE values)
// need no time zone, so that no change of the clocks moves an event.
//
// Floor: edges.
package ical

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Calendar is what is written.
type Calendar struct {
	Name   string
	Made   time.Time     // DTSTAMP of each event
	Again  time.Duration // how often a reader should ask again; 0: not said
	Events []Event
}

// Event is an event of whole days.
type Event struct {
	UID         string // unique for ever
	First, Last string // "2026-09-30", both included
	Summary     string
	Description string
	URL         string
	Category    string
	Busy        bool // TRANSP:OPAQUE
}

// Write writes a calendar.
func Write(w io.Writer, c Calendar) error {
	b := &writer{}
	b.line("BEGIN", "VCALENDAR")
	b.line("VERSION", "2.0")
	b.line("PRODID", "-//Attesta//Calendar//EN")
	b.line("CALSCALE", "GREGORIAN")
	b.line("METHOD", "PUBLISH")
	b.line("NAME", escape(c.Name)) // RFC 7986
	b.line("X-WR-CALNAME", escape(c.Name))
	if c.Again > 0 {
		b.line("REFRESH-INTERVAL;VALUE=DURATION", fmt.Sprintf("PT%dM", int(c.Again.Minutes())))
	}
	for _, e := range c.Events {
		first, err := time.Parse(time.DateOnly, e.First)
		if err != nil {
			return fmt.Errorf("first day of %s: %w", e.UID, err)
		}
		last, err := time.Parse(time.DateOnly, e.Last)
		if err != nil {
			return fmt.Errorf("last day of %s: %w", e.UID, err)
		}
		b.line("BEGIN", "VEVENT")
		b.line("UID", escape(e.UID))
		b.line("DTSTAMP", c.Made.UTC().Format("20060102T150405Z"))
		b.line("DTSTART;VALUE=DATE", first.Format("20060102"))
		b.line("DTEND;VALUE=DATE", last.AddDate(0, 0, 1).Format("20060102")) // the first day after it
		b.line("SUMMARY", escape(e.Summary))
		if e.Description != "" {
			b.line("DESCRIPTION", escape(e.Description))
		}
		if e.URL != "" {
			b.line("URL", plain(e.URL))
		}
		if e.Category != "" {
			b.line("CATEGORIES", escape(e.Category))
		}
		b.line("TRANSP", map[bool]string{true: "OPAQUE", false: "TRANSPARENT"}[e.Busy])
		b.line("END", "VEVENT")
	}
	b.line("END", "VCALENDAR")
	_, err := w.Write(b.Bytes())
	return err
}

type writer struct{ bytes.Buffer }

const most = 75 // octets of a line, its end not counted

// line writes a property, folded.
func (b *writer) line(name, value string) {
	n := 0
	for _, r := range name + ":" + value {
		size := utf8.RuneLen(r)
		if n+size > most {
			b.WriteString("\r\n ")
			n = 1
		}
		b.WriteRune(r)
		n += size
	}
	b.WriteString("\r\n")
}

// plain takes out what would end a line or is no character.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

var marks = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`)

// escape writes a text (section 3.3.11).
func escape(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = plain(marks.Replace(lines[i]))
	}
	return strings.Join(lines, `\n`)
}
