package training

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// Limits of a file of completions.
const (
	MaxFile = 4 << 20 // bytes
	maxRows = 20_000
)

// Line is one line of a file of completions.
type Line struct {
	Line    int    `json:"line"` // from 1, the head being the first
	Mail    string `json:"mail"`
	Course  string `json:"course"`
	Day     Day    `json:"day,omitempty"`
	Score   int    `json:"score"`             // percent; -1: not said
	State   string `json:"state"`             // new, there, wrong
	Problem string `json:"problem,omitempty"` // of one that is wrong
	Name    string `json:"name,omitempty"`    // whom the address is of

	person string
}

// columns are what columns may be called; the first is ours.
var columns = map[string][]string{
	"mail":   {"mail", "email", "e-mail", "email address", "user email", "learner email"},
	"course": {"course", "course name", "module", "training", "campaign"},
	"day":    {"day", "date", "completed", "completion date", "completed on", "completed at"},
	"score":  {"score", "result", "percent", "score %"},
}

// Head is the head of a file of completions.
func Head() []string { return []string{"mail", "course", "day", "score"} }

// Parse reads a file of completions: CSV in UTF-8 with commas, semicolons or tabs.
// What is wrong with a line stands in it; of a file that cannot be read Parse gives
// kind Invalid. Who and which course are meant it does not know.
func Parse(raw []byte) (lines []Line, ignored []string, err error) {
	text := strings.TrimPrefix(string(raw), "\ufeff")
	switch {
	case len(raw) > MaxFile:
		return nil, nil, bad("file", "the file has %d bytes; at most %d are read", len(raw), MaxFile)
	case !utf8.ValidString(text):
		return nil, nil, bad("file", "the file is not UTF-8").WithHint("save it as CSV UTF-8")
	case strings.ContainsRune(text, 0):
		return nil, nil, bad("file", "the file is no text").WithHint("save the table as CSV")
	}
	first, _, _ := strings.Cut(text, "\n")
	comma := ','
	for _, c := range ";\t" {
		if strings.Count(first, string(c)) > strings.Count(first, string(comma)) {
			comma = c
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = comma, -1, true
	head, err := r.Read()
	if err != nil {
		return nil, nil, fault.Wrap(fault.Invalid, err, "the file has no head").At("", 0, "file").WithHint("its first line names the columns: %s", strings.Join(Head(), ", "))
	}
	to, ignored := make([]string, len(head)), []string{}
	for i, h := range head {
		word := strings.ToLower(strings.Join(strings.Fields(h), " "))
		for name, called := range columns {
			if slices.Contains(called, word) && !slices.Contains(to, name) {
				to[i] = name
			}
		}
		if to[i] == "" && word != "" {
			ignored = append(ignored, h)
		}
	}
	for _, name := range []string{"mail", "course", "day"} {
		if !slices.Contains(to, name) {
			return nil, nil, bad("file", "no column is called %s", name).WithHint("the columns are %s; score may be left out", strings.Join(Head(), ", "))
		}
	}
	lines = []Line{}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, ignored, nil
		}
		if err != nil {
			return nil, nil, fault.Wrap(fault.Invalid, err, "the file cannot be read as CSV: %v", err).At("", 0, "file").WithHint("quotes must be closed; what was quoted ends before the next separator")
		}
		if !slices.ContainsFunc(fields, func(f string) bool { return strings.TrimSpace(f) != "" }) {
			continue
		}
		if len(lines) == maxRows {
			return nil, nil, bad("file", "the file has more than %d lines", maxRows).WithHint("split it")
		}
		at, _ := r.FieldPos(0)
		lines = append(lines, lineOf(at, to, fields))
	}
}

func lineOf(at int, to, fields []string) Line {
	l := Line{Line: at, Score: -1, State: "new"}
	wrong := func(problem string) {
		if l.Problem == "" {
			l.State, l.Problem = "wrong", problem
		}
	}
	if len(fields) > len(to) {
		wrong("it has more fields than the head")
	}
	for i, f := range fields {
		if i >= len(to) {
			break
		}
		f = line(f)
		switch to[i] {
		case "mail":
			if l.Mail = strings.ToLower(f); !strings.Contains(f, "@") || strings.ContainsAny(f, " <>,") || len(f) > 254 {
				wrong("the mail is no address")
			}
		case "course":
			if l.Course = f; f == "" || len(f) > 200 {
				wrong("the course is missing or too long")
			}
		case "day":
			// Systems write moments; the day of them is meant.
			day, _, _ := strings.Cut(strings.ReplaceAll(f, " ", "T"), "T")
			d, err := ParseDay(day, "day")
			if err != nil || d == 0 {
				wrong("the day is missing or not written as 2026-09-30")
			}
			l.Day = d
		case "score":
			if f = strings.TrimSpace(strings.TrimSuffix(f, "%")); f == "" {
				continue
			}
			n, err := strconv.ParseFloat(f, 64)
			if err != nil || !(n >= 0 && n <= 100) {
				wrong("the score is not between 0 and 100")
				continue
			}
			l.Score = int(n)
		}
	}
	if l.Mail == "" {
		wrong("the mail is no address")
	}
	if l.Course == "" {
		wrong("the course is missing or too long")
	}
	if l.Day == 0 {
		wrong("the day is missing or not written as 2026-09-30")
	}
	return l
}
