package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// BecomesState is what a row of a file becomes.
type BecomesState string

// The states.
const (
	BecomesNew   BecomesState = "new"   // a draft
	BecomesThere BecomesState = "there" // is in use, from an earlier import or under that title
	BecomesBack  BecomesState = "back"  // was retired, and comes back as a draft
	BecomesWrong BecomesState = "wrong"
)

// Becomes says what one row of a file becomes.
type Becomes struct {
	Incoming
	State   BecomesState `json:"state"`
	Problem string       `json:"problem,omitempty" doc:"Of one that is wrong: what, and in which column."`
	Slug    string       `json:"control" doc:"Short name of the control that it is or becomes."`
	Like    string       `json:"like,omitempty" doc:"Short name of a control of the library with a title like it."`
	LikeIs  string       `json:"like_title,omitempty"`
	Differs bool         `json:"differs,omitempty" doc:"Of one that is there: the file says something else now; the control is left as it is."`
}

// Imported says what a file becomes, or became.
type Imported struct {
	Number int       `json:"number,omitempty" doc:"Of the import, where it was made."`
	Lines  []Becomes `json:"lines"`
	New    int       `json:"new"`
	There  int       `json:"there"`
	Wrong  int       `json:"wrong"`
}

// Import is one that was made.
type Import struct {
	ID       string    `json:"id"`
	Number   int       `json:"number"`
	File     string    `json:"file"`
	Rows     int       `json:"rows"`
	Controls []string  `json:"controls" doc:"Short names of the drafts that it made."`
	Made     Made      `json:"made"`
	Undone   time.Time `json:"undone,omitzero"`
	UndoneBy string    `json:"undone_by,omitempty"`
}

// kept is what an import's row holds of what was taken in.
type kept struct {
	File string     `json:"file"`
	Rows []Incoming `json:"rows"`
}

// ImportFile takes the controls of a file in as drafts. With dry it says what each
// row becomes and stores nothing; where a row is wrong nothing is stored either. A
// second import of the same file changes nothing: kind Conflict.
func (s *Service) ImportFile(ctx context.Context, p access.Principal, file string, rows []Incoming, dry bool) (Imported, error) {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return Imported{}, err
	}
	switch {
	case len(rows) == 0:
		return Imported{}, fault.New(fault.Invalid, "the file holds no control").At(file, 0, "")
	case len(rows) > maxIncoming:
		return Imported{}, fault.New(fault.Invalid, "the file holds %d controls; at most %d are taken in at once", len(rows), maxIncoming).At(file, 0, "")
	}
	var out Imported
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		before, err := importedKeys(ctx, tx)
		if err != nil {
			return err
		}
		out = s.becomes(have, before, rows)
		switch {
		case dry || out.Wrong > 0:
			return nil
		case out.New == 0:
			return fault.New(fault.Conflict, "each of these controls is in use already").WithHint("what the file says otherwise is changed on the control's own page")
		}
		return s.takeIn(ctx, tx, p, have, file, &out)
	})
	return out, err
}

// becomes says what each row becomes.
func (s *Service) becomes(have *Program, before map[string]string, rows []Incoming) Imported {
	out := Imported{Lines: []Becomes{}}
	bySlug, byTitle, byID := map[string]*Control{}, map[string]*Control{}, map[string]*Control{}
	for i := range have.Controls {
		c := &have.Controls[i]
		bySlug[c.Slug], byTitle[strings.Join(wordsOf(c.Current().Design.Title), " ")], byID[c.ID] = c, c, c
	}
	given, seen := map[string]bool{}, map[string]int{}
	for _, in := range rows {
		b := Becomes{Incoming: in, State: BecomesNew}
		var f *fault.Error
		if err := in.check(); errors.As(err, &f) {
			b.State, b.Problem = BecomesWrong, f.Field+": "+f.Message
		} else if first := seen[in.key()]; first > 0 {
			b.State, b.Problem = BecomesWrong, fmt.Sprintf("ref: row %d is the same control", first)
		}
		seen[in.key()] = in.Row
		if b.State == BecomesWrong {
			out.Wrong++
			out.Lines = append(out.Lines, b)
			continue
		}
		c := byID[before[in.key()]]
		if c == nil {
			c = byTitle[strings.Join(wordsOf(in.Title), " ")]
		}
		switch {
		case c == nil:
			b.Slug = slugFor(in.Title, func(slug string) bool {
				_, lib := s.cfg.Library.Design(slug)
				return given[slug] || bySlug[slug] != nil || lib
			})
			given[b.Slug] = true
			out.New++
		case c.Current().State == Retired:
			b.State, b.Slug = BecomesBack, c.Slug
			out.New++
		default:
			d := c.Current().Design
			b.State, b.Slug, b.Differs = BecomesThere, c.Slug, d.Title != in.Title || d.Statement != in.Statement
			out.There++
		}
		if like, ok := s.cfg.Library.Like(in.Title); ok && like.Slug != b.Slug {
			b.Like, b.LikeIs = like.Slug, like.Title
		}
		out.Lines = append(out.Lines, b)
	}
	return out
}

// takeIn makes the drafts, and the import's own record.
func (s *Service) takeIn(ctx context.Context, tx *sql.Tx, p access.Principal, have *Program, file string, out *Imported) error {
	now := s.cfg.Clock()
	number, err := nextImport(ctx, tx)
	if err != nil {
		return err
	}
	next, err := nextNumber(ctx, tx, have.System.ID)
	if err != nil {
		return err
	}
	k := kept{File: file}
	for _, b := range out.Lines {
		k.Rows = append(k.Rows, b.Incoming)
	}
	content, digest, err := encode(k)
	if err != nil {
		return err
	}
	id := ids.New("cim", now)
	entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "controls.imported", Stream: stream(p), Actor: p.UserID, Subject: id,
		Data: map[string]any{"number": number, "digest": digest, "rows": len(out.Lines), "drafts": out.New}})
	if err != nil {
		return fmt.Errorf("record an import of controls: %w", err)
	}
	if err := insertImport(ctx, tx, id, number, file, content, digest, now, p.UserID, entry); err != nil {
		return err
	}
	for _, b := range out.Lines {
		var c Control
		switch b.State {
		case BecomesNew:
			c = Control{ID: ids.New("ctl", now), Slug: b.Slug, Number: next}
			next++
			if err := insertControl(ctx, tx, have.System.ID, c); err != nil {
				return err
			}
			v := Version{Seq: 1, Version: 1, State: Draft, Design: b.design(b.Slug), Library: origin(number)}
			if err := s.addVersion(ctx, tx, p, c.ID, "control.adopted", v, now); err != nil {
				return err
			}
			c.History = []Version{v}
		case BecomesBack:
			if c, err = find(have, b.Slug); err != nil {
				return err
			}
			if err := s.append(ctx, tx, p, c, "control.adopted", func(v *Version) error {
				v.State, v.Design, v.Library = Draft, b.design(b.Slug), origin(number)
				return nil
			}); err != nil {
				return err
			}
			c.History = append(slices.Clone(c.History), Version{Seq: c.Current().Seq + 1})
		default:
			continue
		}
		if err := insertImportLine(ctx, tx, id, b.key(), c.ID, c.Current().Seq); err != nil {
			return err
		}
	}
	out.Number = number
	return nil
}

func origin(number int) string { return fmt.Sprintf("file I-%d", number) }

// Imports gives the imports that were made, newest first.
func (s *Service) Imports(ctx context.Context, p access.Principal) ([]Import, error) {
	if err := access.Authorise(p, access.ControlRead); err != nil {
		return nil, err
	}
	return imports(ctx, s.cfg.DB.Reader(), 0)
}

// UndoImport retires the drafts that an import made and that nobody has touched
// since. It gives the controls that were left, because somebody has. Kind Conflict
// where it is undone.
func (s *Service) UndoImport(ctx context.Context, p access.Principal, number int) (left []string, err error) {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return nil, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		left = []string{} // the transaction may run more than once
		list, err := imports(ctx, tx, number)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.New(fault.NotFound, "there is no import I-%d", number)
		}
		im := list[0]
		if !im.Undone.IsZero() {
			return fault.New(fault.Conflict, "I-%d is undone already", number)
		}
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		made, err := importLines(ctx, tx, im.ID)
		if err != nil {
			return err
		}
		undone := 0
		for i := range have.Controls {
			c := have.Controls[i]
			seq, of := made[c.ID]
			if !of {
				continue
			}
			if c.Current().Seq != seq {
				left = append(left, c.Slug)
				continue
			}
			undone++
			if err := s.append(ctx, tx, p, c, "control.retired", func(v *Version) error {
				v.State, v.Reason = Retired, fmt.Sprintf("The import I-%d was undone.", number)
				return nil
			}); err != nil {
				return err
			}
		}
		entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "controls.import_undone", Stream: stream(p), Actor: p.UserID, Subject: im.ID, Data: map[string]any{"number": number, "retired": undone, "left": len(left)}})
		if err != nil {
			return fmt.Errorf("record that an import is undone: %w", err)
		}
		return undoImport(ctx, tx, im.ID, s.cfg.Clock(), p.UserID, entry)
	})
	return left, err
}

// boundImport holds a record of an import against its row.
func boundImport(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	content, digest, entry, undone, err := importRow(ctx, q, rec.Subject)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return refuse("its row is gone")
	case err != nil:
		return err
	}
	if rec.Type == "controls.import_undone" {
		if undone != rec.ID {
			return refuse("its row does not say so")
		}
		return nil
	}
	if recorded, _ := rec.Data["digest"].(string); entry != rec.ID || digest != recorded || digestOf(content) != recorded {
		return refuse("its row says something else than was recorded")
	}
	return nil
}
