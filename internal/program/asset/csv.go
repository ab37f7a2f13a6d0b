package asset

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
	"github.com/attesta/attesta/internal/program/question"
)

// Limits of a file of assets.
const (
	MaxFile = 1 << 20 // bytes
	maxRows = 2000
)

// FileLine is one line of a file of assets.
type FileLine struct {
	Line    int    `json:"line"` // from 1, the head being the first
	Name    string `json:"name"`
	State   string `json:"state"` // new, changes, there, wrong
	Problem string `json:"problem,omitempty"`
	Ref     string `json:"ref,omitempty"` // of one that is there
	Profile `json:"-"`
}

// Imported says what a file of assets holds, and what became of it.
type Imported struct {
	Lines   []FileLine `json:"lines"`
	New     int        `json:"new"`
	Changes int        `json:"changes"`
	There   int        `json:"there"`
	Wrong   int        `json:"wrong"`
	Stored  bool       `json:"stored"`
}

// Head gives the columns of a file of assets; only the name must be there.
func Head() []string {
	return []string{"name", "kind", "note", "owner", "class", "data", "environment", "zone", "system", "criticality", "side"}
}

// Parse reads a file of assets: CSV in UTF-8, with commas or semicolons. Kind
// Invalid, with the line, where it cannot be read.
func Parse(raw []byte) ([]FileLine, error) {
	wrong := func(line int, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", line, "file")
	}
	if len(raw) > MaxFile {
		return nil, wrong(0, "the file has %d bytes; at most %d are read", len(raw), MaxFile)
	}
	text := strings.TrimPrefix(string(raw), "\ufeff")
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, wrong(0, "the file is not UTF-8 text").WithHint("save the table as CSV in UTF-8")
	}
	first, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	if strings.Count(first, ";") > strings.Count(first, ",") {
		r.Comma = ';'
	}
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		return nil, wrong(1, "the file has no head").WithHint("its first line names the columns: %s", strings.Join(Head(), ", "))
	}
	for i, h := range head {
		head[i] = strings.ToLower(strings.TrimSpace(h))
		switch {
		case !slices.Contains(Head(), head[i]):
			return nil, wrong(1, "no column is called %q", strings.TrimSpace(h)).WithHint("the columns are %s", strings.Join(Head(), ", "))
		case slices.Contains(head[:i], head[i]):
			return nil, wrong(1, "two columns are called %q", head[i])
		}
	}
	if !slices.Contains(head, "name") {
		return nil, wrong(1, "no column is called name").WithHint("the columns are %s", strings.Join(Head(), ", "))
	}
	var out []FileLine
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var p *csv.ParseError
		if errors.As(err, &p) {
			return nil, wrong(p.Line, "line %d cannot be read as CSV: %v", p.Line, p.Err).WithHint("quotes must be closed; what was quoted ends before the next separator")
		}
		if err != nil {
			return nil, fmt.Errorf("read a file of assets: %w", err)
		}
		at, _ := r.FieldPos(0)
		if !slices.ContainsFunc(fields, func(f string) bool { return strings.TrimSpace(f) != "" }) {
			continue
		}
		if len(fields) > len(head) {
			return nil, wrong(at, "line %d has %d fields, the head %d", at, len(fields), len(head))
		}
		if len(out) >= maxRows {
			return nil, wrong(at, "the file has more than %d assets", maxRows)
		}
		l := FileLine{Line: at, State: "new"}
		for i, f := range fields {
			l.set(head[i], strings.TrimSpace(f))
		}
		l.Name = l.Profile.Name
		for _, o := range out {
			if key(o.Name) == key(l.Name) && l.State != "wrong" {
				l.State, l.Problem = "wrong", fmt.Sprintf("line %d has the same name", o.Line)
			}
		}
		out = append(out, l)
	}
}

func (p *Profile) set(column, value string) {
	switch column {
	case "name":
		p.Name = value
	case "kind":
		p.Kind = value
	case "note":
		p.Note = value
	case "owner":
		p.Owner = value
	case "class":
		p.Class = question.Class(value)
	case "data":
		p.Data = strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ';' || c == '|' || c == ' ' })
	case "environment":
		p.Environment = value
	case "zone":
		p.Zone = value
	case "system":
		p.System = value
	case "criticality":
		p.Criticality = value
	case "side":
		p.Side = value
	}
}

// over gives a profile with what another one says beside it.
func (p Profile) over(o Profile) Profile {
	for _, x := range []struct{ to, from *string }{{&p.Name, &o.Name}, {&p.Kind, &o.Kind}, {&p.Note, &o.Note}, {&p.Owner, &o.Owner}, {(*string)(&p.Class), (*string)(&o.Class)}, {&p.Environment, &o.Environment},
		{&p.Zone, &o.Zone}, {&p.System, &o.System}, {&p.Criticality, &o.Criticality}, {&p.Side, &o.Side}} {
		if *x.from != "" {
			*x.to = *x.from
		}
	}
	if len(o.Data) > 0 {
		p.Data = o.Data
	}
	return p
}

func (p Profile) same(o Profile) bool {
	data := slices.Equal(p.Data, o.Data)
	p.Data, o.Data = nil, nil
	return data && fmt.Sprint(p) == fmt.Sprint(o)
}

// Import reads a file of assets: those that are not there are entered, of those that
// are what the file says is said. With dry, or where one line is wrong, nothing is
// stored.
func (s *Service) Import(ctx context.Context, p access.Principal, raw []byte, dry bool) (*Imported, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	parsed, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	var out *Imported
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out = &Imported{Lines: slices.Clone(parsed)}
		now := s.cfg.Clock()
		v, err := s.see(ctx, tx, now, -1)
		if err != nil {
			return err
		}
		c := v.checking(p, now)
		changes := make([]Change, len(out.Lines))
		targets := make([]*Asset, len(out.Lines))
		for i := range out.Lines {
			l := &out.Lines[i]
			if l.State == "wrong" {
				out.Wrong++
				continue
			}
			for _, a := range v.Assets {
				if key(a.Name) == key(l.Name) && a.Active() {
					targets[i] = a
				}
			}
			changes[i] = &Added{l.Profile}
			if a := targets[i]; a != nil {
				l.State, l.Ref = "changes", a.Ref
				var was Profile
				if a.Said != nil {
					was = a.Said.Profile
				}
				is := was.over(l.Profile)
				if err := is.tidy(a.Derived, c); err == nil && is.same(was) {
					l.State = "there"
				}
				changes[i] = &Described{is}
			}
			err := changes[i].check(targets[i], c)
			if err != nil && !fault.Is(err, fault.Invalid) {
				return err
			}
			switch {
			case err != nil:
				message, hint := fault.Public(err)
				l.State, l.Problem = "wrong", message
				if hint != "" {
					l.Problem += "; " + hint
				}
				out.Wrong++
			case l.State == "new":
				out.New++
			case l.State == "changes":
				out.Changes++
			default:
				out.There++
			}
		}
		if dry || out.Wrong > 0 || out.New+out.Changes == 0 {
			return nil
		}
		for i := range out.Lines {
			if out.Lines[i].State == "there" {
				continue
			}
			if _, err := s.write(ctx, tx, v, targets[i], changes[i], c); err != nil {
				return err
			}
		}
		out.Stored = true
		return nil
	})
	return out, err
}
