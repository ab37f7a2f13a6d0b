package vendor

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Limits of a file of vendors.
const (
	MaxFile = 1 << 20 // bytes
	maxRows = 2000
)

// Line is one line of a file of vendors.
type Line struct {
	Line    int    `json:"line"` // from 1, the head being the first
	Name    string `json:"name"`
	State   string `json:"state"`             // new, there, wrong, added
	Problem string `json:"problem,omitempty"` // of one that is wrong, or which vendor is there
	Ref     string `json:"ref,omitempty"`     // of one that is there or was added
	in      Intake
}

// Imported says what a file of vendors holds, and what became of it.
type Imported struct {
	Lines   []Line   `json:"lines"`
	New     int      `json:"new"`
	There   int      `json:"there"`
	Wrong   int      `json:"wrong"`
	Ignored []string `json:"ignored_columns"` // columns that were not understood
	Notes   []string `json:"notes"`           // what was guessed
	Stored  bool     `json:"stored"`
}

// heads names what columns are called; the first is ours.
var columnNames = map[string][]string{
	"name":         {"name", "vendor", "vendor name", "company", "supplier"},
	"service":      {"service", "services", "description", "purpose", "services provided", "what it does"},
	"website":      {"website", "url", "web site", "domain"},
	"contact":      {"contact", "contact email", "account manager"},
	"manager":      {"manager", "owner", "business owner", "internal owner", "security owner"},
	"why":          {"why", "reason", "why chosen", "justification"},
	"alternatives": {"alternatives", "alternatives considered"},
	"data":         {"data", "data types", "types of data"},
	"since":        {"since", "in use since", "start date", "contract start date", "onboarded"},
	"needed":       {"needed", "needed by"},
}

// Head gives the head of a file of vendors: one column per question too.
func (b *Book) Head() []string {
	out := []string{"name", "service", "website", "contact", "manager", "why", "alternatives", "data", "since", "needed"}
	for _, q := range b.Asks {
		out = append(out, q.ID)
	}
	return out
}

// Parse reads a file of vendors: CSV with commas, semicolons or tabs, in UTF-8 or
// Windows-1252. Of a file that cannot be read it gives kind Invalid.
func (b *Book) Parse(raw []byte) (*Imported, error) {
	if len(raw) > MaxFile {
		return nil, bad("file", "the file has %d bytes; at most %d are read", len(raw), MaxFile)
	}
	out := &Imported{Lines: []Line{}, Ignored: []string{}, Notes: []string{}}
	text := strings.TrimPrefix(string(raw), "\ufeff")
	if !utf8.ValidString(text) {
		var s strings.Builder
		for _, c := range []byte(text) {
			s.WriteRune(windows1252(c))
		}
		text = s.String()
		out.Notes = append(out.Notes, "The file is not UTF-8; it was read as Windows-1252.")
	}
	if strings.ContainsRune(text, 0) {
		return nil, bad("file", "the file is no text").WithHint("save the table as CSV")
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
		return nil, fault.Wrap(fault.Invalid, err, "the file has no head").At("", 0, "file").WithHint("its first line names the columns: %s", strings.Join(b.Head(), ", "))
	}
	to := make([]string, len(head))
	for i, h := range head {
		to[i] = b.column(h)
		if to[i] == "" || slices.Contains(to[:i], to[i]) {
			to[i] = ""
			if h = strings.TrimSpace(h); h != "" {
				out.Ignored = append(out.Ignored, h)
			}
		}
	}
	if !slices.Contains(to, "name") {
		return nil, bad("file", "no column is called name").WithHint("the columns are %s", strings.Join(b.Head(), ", "))
	}
	seen := map[string]int{}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file cannot be read as CSV: %v", err).At("", 0, "file").WithHint("quotes must be closed; what was quoted ends before the next comma")
		}
		at, _ := r.FieldPos(0)
		if len(out.Lines) >= maxRows {
			return nil, bad("file", "the file has more than %d vendors", maxRows)
		}
		in := Intake{Profile: Profile{Answers: map[string]string{}}}
		for i, f := range fields {
			if i < len(to) && to[i] != "" {
				b.set(&in, to[i], strings.TrimSpace(f))
			}
		}
		if slices.IndexFunc(fields, func(f string) bool { return strings.TrimSpace(f) != "" }) < 0 {
			continue
		}
		for _, t := range []*string{&in.Why, &in.Alternatives} {
			if *t == "" {
				*t = "not recorded"
			}
		}
		l := Line{Line: at, Name: in.Name, State: "new", in: in}
		if twin := seen[key(in.Name)]; twin > 0 && in.Name != "" {
			l.State, l.Problem = "wrong", fmt.Sprintf("line %d has the same name", twin)
		}
		seen[key(in.Name)] = at
		out.Lines = append(out.Lines, l)
	}
	return out, nil
}

func (b *Book) column(head string) string {
	h := strings.ToLower(strings.Join(strings.Fields(strings.NewReplacer("_", " ", "-", " ").Replace(head)), " "))
	for name, words := range columnNames {
		if slices.Contains(words, h) {
			return name
		}
	}
	for _, q := range b.Asks {
		if h == q.ID {
			return "answer " + q.ID
		}
	}
	return ""
}

func (b *Book) set(in *Intake, column, value string) {
	switch column {
	case "name":
		in.Name = value
	case "service":
		in.Service = value
	case "website":
		in.Website = value
	case "contact":
		in.Contact = value
	case "manager":
		in.Manager = value
	case "why":
		in.Why = value
	case "alternatives":
		in.Alternatives = value
	case "data":
		in.Data = strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ';' || c == '|' })
	case "since":
		in.Since = Day(value)
	case "needed":
		in.Needed = Day(value)
	default:
		if value != "" {
			in.Answers[strings.TrimPrefix(column, "answer ")] = value
		}
	}
}

// windows1252 gives the character of a byte; those that are none are U+FFFD.
func windows1252(c byte) rune {
	const high = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ"
	if c < 0x80 || c >= 0xa0 {
		return rune(c)
	}
	return []rune(high)[c-0x80]
}

// Import reads a file of vendors and enters those that are not there yet. With
// dry, or where one line is wrong, nothing is stored.
func (s *Service) Import(ctx context.Context, p access.Principal, raw []byte, dry bool) (*Imported, error) {
	if err := access.Authorise(p, access.VendorEdit); err != nil {
		return nil, err
	}
	if p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a person decides on vendors, not the program")
	}
	out, err := s.cfg.Book.Parse(raw)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out.New, out.There, out.Wrong, out.Stored = 0, 0, 0, false
		c, err := s.checking(ctx, tx, p)
		if err != nil {
			return err
		}
		ready := make([]Intake, len(out.Lines))
		for i := range out.Lines {
			l := &out.Lines[i]
			ready[i] = l.in
			if l.State != "wrong" {
				if l.State, l.Problem, l.Ref, err = s.weighLine(ctx, tx, &ready[i], c); err != nil {
					return err
				}
			}
			switch l.State {
			case "new":
				out.New++
			case "there":
				out.There++
			default:
				out.Wrong++
			}
		}
		if dry || out.Wrong > 0 || out.New == 0 {
			return nil
		}
		for i := range out.Lines {
			if l := &out.Lines[i]; l.State == "new" {
				v, err := s.ask(ctx, tx, p, &ready[i])
				if err != nil {
					return err
				}
				l.State, l.Ref = "added", v.Ref()
			}
		}
		out.Stored = true
		return nil
	})
	return out, err
}

func (s *Service) weighLine(ctx context.Context, tx *sql.Tx, in *Intake, c *checking) (state, problem, ref string, err error) {
	if err := in.check(nil, c); fault.Is(err, fault.Invalid) {
		message, hint := fault.Public(err)
		if hint != "" {
			message += "; " + hint
		}
		return "wrong", message, "", nil
	} else if err != nil {
		return "", "", "", err
	}
	n, err := named(ctx, tx, key(in.Name))
	if err != nil || n == 0 {
		return "new", "", "", err
	}
	ref = fmt.Sprintf("V-%d", n)
	return "there", ref + " has that name", ref, nil
}
