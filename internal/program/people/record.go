package people

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/roster"
)

// Record says that something about somebody was done on a day: never what was found.
type Record struct {
	ID        string    `json:"id"` // prc_…
	Person    string    `json:"person"`
	Kind      string    `json:"kind"`
	Day       string    `json:"day"`
	Step      string    `json:"step,omitempty"`  // disciplinary: how far the process is
	Other     string    `json:"other,omitempty"` // succession: who could follow
	OtherName string    `json:"other_name,omitempty"`
	Link      string    `json:"link,omitempty"` // where it is kept
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	Entry     string    `json:"entry"`
}

// The kinds of records.
const (
	Competence     = "competence"      // looked at whether they can do what they answer for
	Performance    = "performance"     // the yearly talk
	JobDescription = "job_description" // where it stands
	Succession     = "succession"      // who could take over
	Disciplinary   = "disciplinary"    // a step of a process; restricted
)

// RecordKinds gives them.
func RecordKinds() []string {
	return []string{Competence, Performance, JobDescription, Succession, Disciplinary}
}

// Steps of a disciplinary process.
func Steps() []string { return []string{"opened", "heard", "decided", "closed"} }

// AddRecord keeps a record (people.edit; of a disciplinary process
// people.confidential too). Nobody keeps one about themselves.
func (s *Service) AddRecord(ctx context.Context, p access.Principal, r Record) (Record, error) {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return r, err
	}
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	if !slices.Contains(RecordKinds(), r.Kind) {
		return r, bad("kind", "%q is no kind of record", r.Kind).WithHint("one of %s", strings.Join(RecordKinds(), ", "))
	}
	if r.Kind == Disciplinary {
		if err := access.Authorise(p, access.PeopleConfidential); err != nil {
			return r, err
		}
		if !slices.Contains(Steps(), r.Step) {
			return r, bad("step", "%q is no step of a process", r.Step).WithHint("one of %s", strings.Join(Steps(), ", "))
		}
	} else {
		r.Step = ""
	}
	var err error
	if r.Day, err = roster.ParseDay("day", r.Day); err != nil {
		return r, err
	}
	now := s.cfg.Clock()
	today := now.UTC().Format(time.DateOnly)
	switch {
	case r.Day == "":
		r.Day = today
	case r.Day > today:
		return r, bad("day", "%s has not come yet", r.Day)
	}
	if r.Link, err = checklist.TidyLink(r.Link); err != nil {
		return r, err
	}
	if r.Kind == JobDescription && r.Link == "" {
		return r, bad("link", "say where the job description stands").WithHint("an address: https://…")
	}
	if r.Kind != Succession {
		r.Other = ""
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		person, err := personByID(ctx, tx, r.Person)
		if err != nil {
			return err
		}
		if person.State == Merged {
			return fault.New(fault.Conflict, "this is somebody else in the register")
		}
		if person.UserID != "" && person.UserID == p.UserID && r.Kind != JobDescription {
			return fault.New(fault.Forbidden, "nobody keeps a record about themselves").WithHint("ask another person who may %s", access.Describe(access.PeopleEdit))
		}
		data := map[string]any{"record": "", "day": r.Day}
		if r.Kind == Succession {
			other, err := personByID(ctx, tx, r.Other)
			if err != nil {
				return fault.Wrap(fault.Invalid, err, "say who could follow").At("", 0, "other")
			}
			if other.ID == person.ID {
				return bad("other", "nobody follows themselves")
			}
			r.OtherName, data["other"] = other.Name, other.ID
		}
		if r.Step != "" {
			data["step"] = r.Step
		}
		r.ID, r.At, r.By = ids.New("prc", now), now, p.UserID
		data["record"] = r.ID
		if r.Entry, err = s.event(ctx, tx, p, r.Person, "record_"+r.Kind, now, data, map[string]string{"link": r.Link}); err != nil {
			return err
		}
		return insertRecord(ctx, tx, r)
	})
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return r, err
}

func (s *Service) records(ctx context.Context, p access.Principal, person string) ([]Record, error) {
	all, err := recordsWhere(ctx, s.cfg.DB.Reader(), `WHERE r.person_id = $1`, person)
	if access.Authorise(p, access.PeopleConfidential) != nil {
		all = slices.DeleteFunc(all, func(r Record) bool { return r.Kind == Disciplinary })
	}
	return all, err
}
