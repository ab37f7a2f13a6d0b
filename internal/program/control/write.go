package control

import (
	"context"
	"database/sql"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/catalog"
)

// ownOrigin is where a control comes from that the organisation wrote itself.
const ownOrigin = "own"

// Write makes a control say what a whole design says. One that is not there yet is
// made as a draft, and so is one that was retired: a person approves it. One that is
// in use goes on from now with the new design, as after tailoring; a draft stays one.
// A design that says what is there already is a Conflict.
func (s *Service) Write(ctx context.Context, p access.Principal, d Design, reason string) error {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	reason = strings.Join(strings.Fields(reason), " ")
	if len(reason) < 3 || len(reason) > maxReason || !utf8.ValidString(reason) {
		return fault.New(fault.Invalid, "say why the control is written or changed").At("", 0, "reason")
	}
	lib, fromLibrary := s.cfg.Library.Design(d.Slug)
	d.Starter = fromLibrary && lib.Starter
	origin := ownOrigin
	if fromLibrary {
		origin = s.cfg.Library.Name()
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		c, err := find(have, d.Slug)
		if fault.Is(err, fault.NotFound) {
			now := s.cfg.Clock()
			c = Control{ID: ids.New("ctl", now), Slug: d.Slug}
			if c.Number, err = nextNumber(ctx, tx, have.System.ID); err != nil {
				return err
			}
			if err := insertControl(ctx, tx, have.System.ID, c); err != nil {
				return err
			}
			return s.addVersion(ctx, tx, p, c.ID, "control.adopted", Version{Seq: 1, Version: 1, State: Draft, Design: d, Library: origin, Reason: reason}, now)
		}
		if err != nil {
			return err
		}
		what := "control.tailored"
		if c.Current().State == Retired {
			what = "control.adopted"
		}
		return s.append(ctx, tx, p, c, what, func(v *Version) error {
			_, digest, err := d.Digest()
			if err != nil {
				return err
			}
			if v.State == Retired {
				v.State = Draft
			} else if digest == v.Digest {
				return fault.New(fault.Conflict, "nothing of control %s would change", d.Slug)
			}
			v.Design, v.Reason = d, reason
			return nil
		})
	})
}

// check refuses a design that could not stand in a library, naming the field.
func (d *Design) check() error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	if !slugPattern.MatchString(d.Slug) || len(d.Slug) > 60 {
		return bad("id", "%.60q is no short name", d.Slug).WithHint("lower-case words joined by hyphens, at most 60 letters")
	}
	for _, f := range []struct {
		name, text  string
		least, most int
	}{{"title", d.Title, 3, maxTitle}, {"statement", d.Statement, 10, maxStatement}, {"risk", d.Risk, 3, maxStatement}, {"performer", d.Performer, 2, maxRole}, {"owner", d.Owner, 2, maxRole}, {"trigger", d.Trigger, 0, maxRole}} {
		switch n := utf8.RuneCountInString(f.text); {
		case !utf8.ValidString(f.text) || strings.ContainsFunc(f.text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
			return bad(f.name, "the text is not UTF-8, or holds control characters")
		case n < f.least:
			return bad(f.name, "the %s is missing or too short", f.name)
		case len(f.text) > f.most:
			return bad(f.name, "the %s has %d bytes; at most %d are kept", f.name, len(f.text), f.most)
		}
	}
	switch {
	case d.Weight != Key && d.Weight != Supporting:
		return bad("weight", "%q is neither key nor supporting", d.Weight)
	case d.Nature != Preventive && d.Nature != Detective && d.Nature != Corrective:
		return bad("nature", "%q is neither preventive, detective nor corrective", d.Nature)
	case d.Mode != Automated && d.Mode != Manual:
		return bad("mode", "%q is neither automated nor manual", d.Mode)
	case d.Frequency != "" && d.Trigger != "":
		return bad("trigger", "a control has a frequency or a trigger, not both")
	case d.Frequency == "" && d.Trigger == "":
		return bad("frequency", "it has neither a frequency nor a trigger").WithHint("one of %s; or a trigger: what sets it off", strings.Join(Frequencies(), ", "))
	case d.Frequency != "" && !isFrequency(d.Frequency):
		return bad("frequency", "%q is no frequency that is known here", d.Frequency).WithHint("one of %s", strings.Join(Frequencies(), ", "))
	case len(d.Evidence) == 0:
		return bad("evidence", "say what it leaves behind")
	case d.Mode == Automated && len(d.Checks) == 0:
		return bad("checks", "it is automated and names no check").WithHint("name the checks that observe it, or say mode: manual")
	}
	if d.Anchor != "" {
		if _, err := time.Parse(time.DateOnly, d.Anchor); err != nil {
			return bad("anchor", "%q is no day", d.Anchor).WithHint("write it as 2026-01-31")
		}
	}
	if err := d.checkLists(bad); err != nil {
		return err
	}
	return d.checkPoints(bad)
}

func (d *Design) checkLists(bad func(field, format string, args ...any) *fault.Error) error {
	for field, list := range map[string][]string{"evidence": d.Evidence, "information": d.Information, "checks": d.Checks, "populations": d.Populations} {
		for i, text := range list {
			switch {
			case len(list) > 60:
				return bad(field, "%d are named; at most 60 are kept", len(list))
			case strings.TrimSpace(text) == "" || len(text) > maxStatement || !utf8.ValidString(text):
				return bad(field, "number %d is empty or too long", i+1)
			}
			if field == "checks" {
				if _, err := path.Match(text, ""); err != nil || strings.Count(text, "/") != 1 {
					return bad(field, "%q is neither a check's id nor a pattern of ids", text).WithHint("write STANDARD/CHECK, where * stands for any letters")
				}
			}
		}
	}
	for _, x := range d.Shares {
		if !slices.Contains([]string{"source", "tool", "person"}, x.Kind) || x.Name == "" || len(x.Name) > maxTitle {
			return bad("shares", "what is shared is a source, a tool or a person, with a name")
		}
	}
	return nil
}

func (d *Design) checkPoints(bad func(field, format string, args ...any) *fault.Error) error {
	seen := map[PointKey]bool{}
	for i, l := range d.Points {
		field := "points." + strconv.Itoa(i+1)
		at := PointKey{l.Criterion, l.Number}
		if _, known := catalog.PointOf(l.Criterion, l.Number); !known {
			return bad(field, "%s has no point of focus %d", l.Criterion, l.Number).WithHint("'attesta criteria points' lists them")
		}
		switch {
		case seen[at]:
			return bad(field, "%s.%d is named twice", l.Criterion, l.Number)
		case l.Relation != Addresses && l.Relation != Partly && l.Relation != Supports:
			return bad(field, "%q is none of addresses, partly and supports", l.Relation)
		case strings.TrimSpace(l.Rationale) == "" || len(l.Rationale) > maxStatement:
			return bad(field, "say in a sentence why it does")
		}
		seen[at] = true
	}
	return nil
}
