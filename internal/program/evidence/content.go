package evidence

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/dustin/go-humanize"
)

// unknown is the content type of what no list names.
const unknown = "application/octet-stream"

// served are the content types that evidence is served with, by the end of its
// name. What a browser might run (HTML, SVG, XML, scripts) is served as bytes.
var served = map[string]string{
	".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".csv": "text/csv; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".log": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
	".yaml": "text/plain; charset=utf-8", ".yml": "text/plain; charset=utf-8", ".json": "application/json", ".eml": "message/rfc822",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".ods":  "application/vnd.oasis.opendocument.spreadsheet", ".odt": "application/vnd.oasis.opendocument.text",
	".zip": "application/zip", ".gz": "application/gzip",
}

// contentType gives the type of content by its name, held against its first
// bytes: what is not what it says is served as bytes.
func contentType(name string, head []byte) string {
	t, ok := served[strings.ToLower(path.Ext(name))]
	if !ok {
		return unknown
	}
	sniffed, _, _ := strings.Cut(http.DetectContentType(head), ";")
	plain, _, _ := strings.Cut(t, ";")
	switch {
	case sniffed == plain:
		return t
	case strings.HasPrefix(plain, "application/vnd.") && sniffed == "application/zip":
		return t
	case sniffed == "application/x-gzip" && plain == "application/gzip":
		return t
	case sniffed == "text/plain" && (strings.HasPrefix(plain, "text/") || plain == "application/json" || plain == "message/rfc822"):
		return t
	}
	return unknown
}

// headReader keeps the first bytes of what passes.
type headReader struct {
	r    io.Reader
	head []byte
}

func (h *headReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if room := 512 - len(h.head); room > 0 {
		h.head = append(h.head, p[:min(n, room)]...)
	}
	return n, err
}

// broken gives an upload that ended early its own words; what the store said
// about a disk stays.
func (s *Service) broken(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), fault.Is(err, fault.Invalid): // the store refuses nothing else as invalid
		return s.TooLarge()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.Invalid, err, "the upload ended before the file was whole; nothing was stored").At("", 0, "file").WithHint("send it again")
	}
	return err
}

// TooLarge says that a file is larger than what is taken.
func (s *Service) TooLarge() error {
	return bad("file", "the file is larger than %s, the most that is taken; nothing was stored", humanize.Bytes(uint64(s.cfg.MaxSize))).
		WithHint("send the part that shows the control, or bring a link to the whole; an administrator can raise --evidence-max-mb")
}

// dayAfter gives the first instant of the day after t.
func dayAfter(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return clock.DayStart(y, m, d+1, zone)
}

// ParseDay reads a day as people write it, or a moment in RFC 3339. A day is
// its first instant in the zone, with end the first of the day after. "" gives
// the zero time.
func ParseDay(field, text string, zone *time.Location, end bool) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, bad(field, "%q is no date", text).WithHint("write it as 2026-01-31")
	}
	if end {
		return clock.DayStart(d.Year(), d.Month(), d.Day()+1, zone).UTC(), nil
	}
	return clock.DayStart(d.Year(), d.Month(), d.Day(), zone).UTC(), nil
}
