package resilience

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// Result of a run.
type Result string

// The results. Only a good one is a copy.
const (
	Good   Result = "success"
	Part   Result = "partial"
	Failed Result = "failed"
)

func (r Result) words() string {
	switch r {
	case Good:
		return "succeeded"
	case Part:
		return "succeeded in part"
	}
	return "failed"
}

// RunText is what is reported of a run.
type RunText struct {
	Backup   string    `json:"backup" doc:"Name of the backup, or its number." maxLength:"80"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished" doc:"When it ended: 2026-11-02T03:10:00Z."`
	Result   Result    `json:"result" enum:"success,partial,failed"`
	Bytes    *int64    `json:"bytes,omitempty" doc:"Size of the copy." minimum:"0"`
	Digest   string    `json:"sha256,omitempty" doc:"SHA-256 of the copy, 64 hexadecimal digits." maxLength:"64"`
	Place    string    `json:"place,omitempty" doc:"Where the copy went; needed where the backup has several places." maxLength:"80"`
	Says     string    `json:"says,omitempty" doc:"What it said, in a line." maxLength:"500"`

	line int // of a file
}

// Run is a run that was reported.
type Run struct {
	ID       string    `json:"id"`
	Backup   string    `json:"-"` // kbu_…
	Name     string    `json:"backup"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished"`
	Result   Result    `json:"result"`
	Bytes    int64     `json:"bytes"` // -1: not said
	Digest   string    `json:"sha256,omitempty"`
	Place    string    `json:"place"`
	Says     string    `json:"says,omitempty"`
	Via      string    `json:"via"` // api, csv, own
	By       string    `json:"by"`
	At       time.Time `json:"reported_at"`
	Entry    string    `json:"entry"`
}

// MaxRuns is the most runs of one report.
const MaxRuns = 2000

var digests = regexp.MustCompile(`^[0-9a-f]{64}$`)

// tidy brings a report into form; at names it.
func (r *RunText) tidy(at string, now time.Time) (err error) {
	if r.Says, err = journal.Line(at+"says", r.Says, "", false, 500); err != nil {
		return err
	}
	r.Backup, r.Place, r.Digest = strings.TrimSpace(r.Backup), strings.TrimSpace(r.Place), strings.ToLower(strings.TrimSpace(r.Digest))
	switch {
	case r.Backup == "":
		return bad(at+"backup", "say which backup it is of")
	case r.Finished.IsZero():
		return bad(at+"finished", "say when it ended").WithHint("2026-11-02T03:10:00Z")
	case r.Finished.After(now.Add(5 * time.Minute)):
		return bad(at+"finished", "%s has not come yet", r.Finished.UTC().Format(time.RFC3339))
	case r.Finished.Year() < 2000:
		return bad(at+"finished", "%s is too long ago", r.Finished.UTC().Format(time.RFC3339))
	case !r.Started.IsZero() && r.Started.After(r.Finished):
		return bad(at+"started", "it began after it ended")
	case r.Result != Good && r.Result != Part && r.Result != Failed:
		return bad(at+"result", "%q is no result", string(r.Result)).WithHint("success, partial or failed")
	case r.Bytes != nil && *r.Bytes < 0:
		return bad(at+"bytes", "%d is no size", *r.Bytes)
	case r.Digest != "" && !digests.MatchString(r.Digest):
		return bad(at+"sha256", "a SHA-256 is 64 hexadecimal digits")
	}
	r.Started, r.Finished = r.Started.UTC().Truncate(time.Second), r.Finished.UTC().Truncate(time.Second)
	if r.Started.Year() < 2000 {
		r.Started = time.Time{}
	}
	return nil
}

// MaxFile is the largest file of runs, in bytes.
const MaxFile = 2 << 20

// Columns gives the head of a file of runs.
func Columns() []string {
	return []string{"backup", "started", "finished", "result", "bytes", "sha256", "place", "says"}
}

// ParseRuns reads a file of runs: CSV with commas, semicolons or tabs in UTF-8, with a
// head. An error is kind Invalid and names line and column; nothing of such a file is
// stored.
func ParseRuns(name string, raw []byte, zone *time.Location) ([]RunText, error) {
	wrong := func(line int, column, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At(name, line, column)
	}
	if len(raw) > MaxFile {
		return nil, wrong(0, "", "the file has %d bytes; at most %d are read", len(raw), MaxFile)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return nil, wrong(0, "", "the file is not UTF-8 text").WithHint("save the table as CSV in UTF-8")
	}
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord = -1
	for _, c := range ";\t" {
		if bytes.ContainsRune(first, c) && bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte{byte(r.Comma)}) {
			r.Comma = c
		}
	}
	head, err := r.Read()
	if err != nil {
		return nil, wrong(1, "", "the file has no head").WithHint("its columns are %s", strings.Join(Columns(), ","))
	}
	at := map[string]int{}
	for i, h := range head {
		h = strings.ToLower(strings.TrimSpace(h))
		if !slices.Contains(Columns(), h) {
			return nil, wrong(1, h, "no column is called %q", h).WithHint("its columns are %s", strings.Join(Columns(), ","))
		}
		if _, twice := at[h]; twice {
			return nil, wrong(1, h, "two columns are called %q", h)
		}
		at[h] = i
	}
	for _, must := range []string{"backup", "finished", "result"} {
		if _, there := at[must]; !there {
			return nil, wrong(1, must, "the column %s is missing", must)
		}
	}
	var out []RunText
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line := 0
		if len(rec) > 0 {
			line, _ = r.FieldPos(0)
		}
		if err != nil {
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				line = pe.Line
			}
			return nil, wrong(line, "", "this is no CSV: %v", errors.Unwrap(err)).WithHint("write a quote within a text as two quotes")
		}
		if len(rec) == 1 && strings.TrimSpace(rec[0]) == "" {
			continue
		}
		if len(rec) != len(head) {
			return nil, wrong(line, "", "this line has %d fields, and the head %d", len(rec), len(head))
		}
		if len(out) == MaxRuns {
			return nil, wrong(line, "", "a file has at most %d runs", MaxRuns).WithHint("report it in parts")
		}
		get := func(column string) string {
			if i, there := at[column]; there {
				return strings.TrimSpace(rec[i])
			}
			return ""
		}
		t := RunText{Backup: get("backup"), Result: Result(strings.ToLower(get("result"))), Digest: get("sha256"), Place: get("place"), Says: get("says"), line: line}
		if t.Finished, err = moment(get("finished"), zone); err != nil || t.Finished.IsZero() {
			return nil, wrong(line, "finished", "%q is no time", get("finished")).WithHint("2026-11-02T03:10:00Z, or 2026-11-02 03:10 in the organisation's zone")
		}
		if t.Started, err = moment(get("started"), zone); err != nil {
			return nil, wrong(line, "started", "%q is no time", get("started")).WithHint("2026-11-02T03:10:00Z, or empty")
		}
		if n := get("bytes"); n != "" {
			size, err := strconv.ParseInt(n, 10, 64)
			if err != nil || size < 0 {
				return nil, wrong(line, "bytes", "%q is no number of bytes", n).WithHint("digits alone, such as 1048576")
			}
			t.Bytes = &size
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, wrong(2, "", "the file has a head and no run")
	}
	return out, nil
}

func moment(s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("no time: %q", s)
}
