package training

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// People gives who there is, for whoever asks within the program.
type People interface {
	// Now gives everybody, those who left too, and a mark that changes whenever
	// somebody does; nobody where the mark is the one that was seen.
	Now(ctx context.Context, seen string) (all []Member, mark string, err error)
	// At gives everybody as was so at a moment and known at a ledger size (-1: all).
	At(ctx context.Context, valid time.Time, known int64) ([]Member, error)
}

// Config wires a Service. All fields are required but Zone.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Book   *Book
	People People
	// Seed gives what the next quiz is drawn with.
	Seed func() int64
	// Zone gives the zone in which days begin; nil: UTC.
	Zone func(ctx context.Context) (*time.Location, error)
}

// Service keeps training over one database.
type Service struct {
	cfg Config

	mu   sync.Mutex
	kept kept // guarded by mu
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Book gives the courses that can be taken into use.
func (s *Service) Book() *Book { return s.cfg.Book }

func (s *Service) zone(ctx context.Context) (*time.Location, error) {
	if s.cfg.Zone == nil {
		return time.UTC, nil
	}
	return s.cfg.Zone(ctx)
}

// today gives the day, its zone and the moment.
func (s *Service) today(ctx context.Context) (Day, *time.Location, time.Time, error) {
	zone, err := s.zone(ctx)
	if err != nil {
		return 0, nil, time.Time{}, err
	}
	now := s.cfg.Clock()
	return DayOf(now, zone), zone, now, nil
}

func (s *Service) may(p access.Principal, a access.Action) error {
	if err := access.Authorise(p, a); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person decides on training, not the program")
	}
	return nil
}

func (s *Service) append(ctx context.Context, tx *sql.Tx, p access.Principal, e ledger.Entry) (string, error) {
	e.Stream, e.Actor = "people", p.UserID
	if p.Via == access.ViaCommand {
		e.Data["via"] = string(p.Via)
	}
	id, err := s.cfg.Ledger.Append(ctx, tx, e)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", e.Type, err)
	}
	return id, nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// decide records what somebody decides, once decided gives it from the plan as it is.
func (s *Service) decide(ctx context.Context, p access.Principal, kind string, decided func(plan *Plan, today Day) (subject string, content any, err error)) (*Plan, error) {
	if err := s.may(p, access.TrainingManage); err != nil {
		return nil, err
	}
	today, _, now, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	var out *Plan
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := records(ctx, tx, "")
		if err != nil {
			return err
		}
		plan, err := fold(all)
		if err != nil {
			return err
		}
		r := record{number: 1, kind: kind, made: Made{At: now, Day: today, By: p.UserID, Index: -1}}
		if n := len(all); n > 0 {
			r.number = all[n-1].number + 1
		}
		var content any
		if r.subject, content, err = decided(plan, today); err != nil {
			return err
		}
		raw, err := json.Marshal(content)
		if err != nil {
			return fmt.Errorf("encode what was decided: %w", err)
		}
		r.content, r.digest = string(raw), digest(string(raw))
		if r.made.Entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "training." + kind, Subject: r.subject, Data: map[string]any{"number": r.number, "digest": r.digest, "day": today.String()}}); err != nil {
			return err
		}
		if err := insertRecord(ctx, tx, r); err != nil {
			return err
		}
		out, err = fold(append(all, r))
		return err
	})
	return out, err
}

// Publish takes the newest shipped version of a course into use. Retake says
// whether whoever completed an earlier version takes this one; nil: as the course says.
type Publish struct {
	Course string `json:"course" doc:"The short name of a course that comes with the program."`
	Retake *bool  `json:"retake,omitempty" doc:"Whoever completed an earlier version takes this one. Absent: as the course says."`
}

// Publish records it.
func (s *Service) Publish(ctx context.Context, p access.Principal, in Publish) (*Running, error) {
	shipped := s.cfg.Book.Get(in.Course)
	if shipped == nil {
		return nil, fault.New(fault.NotFound, "no course %.60q comes with the program", in.Course).At("", 0, "course")
	}
	plan, err := s.decide(ctx, p, "published", func(plan *Plan, _ Day) (string, any, error) {
		c := *shipped
		if have := plan.Courses[c.ID]; have != nil {
			switch newest := have.Newest(); {
			case newest.Elsewhere != "":
				return "", nil, fault.New(fault.Conflict, "%s is taken in %s", newest.Title, newest.Elsewhere)
			case c.Version <= newest.Version:
				return "", nil, fault.New(fault.Conflict, "version %d of %s is in use already", newest.Version, newest.Title)
			}
			if in.Retake != nil {
				c.Retake = *in.Retake
			}
		} else {
			c.Retake = false // there is no earlier version
		}
		return c.ID, c, nil
	})
	if err != nil {
		return nil, err
	}
	return plan.Courses[shipped.ID], nil
}

// Elsewhere is a course that another system gives; its completions are imported.
type Elsewhere struct {
	ID       string   `json:"id" doc:"A short name that stays, such as board-duties." maxLength:"60"`
	Title    string   `json:"title" maxLength:"120"`
	Summary  string   `json:"summary" maxLength:"500"`
	System   string   `json:"system" doc:"Where it is taken." maxLength:"100"`
	Minutes  int      `json:"minutes" minimum:"1" maximum:"6000"`
	Months   int      `json:"months" doc:"After how many months it is taken again." minimum:"1" maximum:"36"`
	Criteria []string `json:"criteria,omitempty"`
}

// AddElsewhere records it.
func (s *Service) AddElsewhere(ctx context.Context, p access.Principal, in Elsewhere) (*Running, error) {
	in.ID, in.Title, in.System, in.Summary = strings.TrimSpace(in.ID), line(in.Title), line(in.System), strings.TrimSpace(in.Summary)
	switch {
	case !short.MatchString(in.ID) || len(in.ID) > 60:
		return nil, bad("id", "%.60q cannot be used as a short name", in.ID).WithHint("lower-case letters, digits and single hyphens, such as board-duties")
	case in.Minutes < 1 || in.Minutes > 6000:
		return nil, bad("minutes", "%d minutes are not between 1 and 6000", in.Minutes)
	case in.Months < 1 || in.Months > 36:
		return nil, bad("months", "%d months are not between 1 and 36", in.Months).WithHint("12 is usual")
	case s.cfg.Book.Get(in.ID) != nil:
		return nil, bad("id", "a course that comes with the program is called %s", in.ID).WithHint("choose another short name; completions of ours in another system are imported under ours")
	}
	for _, err := range []error{words("title", "the title", in.Title, 3, 120), words("system", "the system", in.System, 2, 100), words("summary", "what it teaches", in.Summary, 10, 500)} {
		if err != nil {
			return nil, err
		}
	}
	plan, err := s.decide(ctx, p, "published", func(plan *Plan, _ Day) (string, any, error) {
		if plan.Courses[in.ID] != nil {
			return "", nil, fault.New(fault.Conflict, "there is a course %s already", in.ID).At("", 0, "id")
		}
		return in.ID, Course{ID: in.ID, Version: 1, Title: in.Title, Summary: in.Summary, Minutes: in.Minutes, Months: in.Months, Criteria: in.Criteria, Elsewhere: in.System, Suggested: Audience{Whom: Everyone}, Lessons: []Lesson{}, Questions: []Question{}}, nil
	})
	if err != nil {
		return nil, err
	}
	return plan.Courses[in.ID], nil
}

// Assign says who must take a course.
type Assign struct {
	Course   string   `json:"course"`
	Audience Audience `json:"audience"`
	Days     int      `json:"days" doc:"Days to complete it: from now, the first day, a move into the audience, or a version that asks for it." minimum:"1" maximum:"365"`
	Note     string   `json:"note,omitempty" maxLength:"500"`
}

func inUse(plan *Plan, course string) (*Running, error) {
	r := plan.Courses[course]
	if r == nil {
		return nil, fault.New(fault.NotFound, "no course %.60q is in use", course).At("", 0, "course").WithHint("take it into use first")
	}
	return r, nil
}

// Assign records it; what was assigned before holds no more.
func (s *Service) Assign(ctx context.Context, p access.Principal, in Assign) (*Running, error) {
	var err error
	if in.Audience, err = in.Audience.tidy(); err != nil {
		return nil, err
	}
	if in.Days < 1 || in.Days > 365 {
		return nil, bad("days", "%d days are not between 1 and 365", in.Days).WithHint("30 is usual")
	}
	if err := words("note", "the note", in.Note, 0, 500); err != nil {
		return nil, err
	}
	plan, err := s.decide(ctx, p, "assigned", func(plan *Plan, _ Day) (string, any, error) {
		r, err := inUse(plan, in.Course)
		if err != nil {
			return "", nil, err
		}
		if now := r.Now(); now != nil && now.Audience.Whom == in.Audience.Whom && slices.Equal(now.Audience.Words, in.Audience.Words) && now.Days == in.Days {
			return "", nil, fault.New(fault.Conflict, "that is how it is assigned already")
		}
		return in.Course, Assigned{Course: in.Course, Audience: in.Audience, Days: in.Days, Note: strings.TrimSpace(in.Note)}, nil
	})
	if err != nil {
		return nil, err
	}
	return plan.Courses[in.Course], nil
}

// Withdraw says that nobody must take a course any more.
func (s *Service) Withdraw(ctx context.Context, p access.Principal, course, note string) (*Running, error) {
	if err := words("note", "the reason", strings.TrimSpace(note), 10, 500); err != nil {
		return nil, err
	}
	plan, err := s.decide(ctx, p, "withdrawn", func(plan *Plan, _ Day) (string, any, error) {
		r, err := inUse(plan, course)
		if err != nil {
			return "", nil, err
		}
		if r.Now() == nil {
			return "", nil, fault.New(fault.Conflict, "nobody must take %s", r.Newest().Title)
		}
		return course, Assigned{Course: course, Note: strings.TrimSpace(note)}, nil
	})
	if err != nil {
		return nil, err
	}
	return plan.Courses[course], nil
}

// Absent says from when to when somebody is away.
func (s *Service) Absent(ctx context.Context, p access.Principal, in Absence) error {
	in.Made, in.Why = Made{}, strings.TrimSpace(in.Why)
	switch {
	case in.From == 0:
		return bad("from", "say from when they are away").WithHint("a day, such as 2026-09-30")
	case in.To < in.From:
		return bad("to", "the last day is missing or before the first").WithHint("an expected day is enough; say it again when it changes")
	case in.To-in.From > 1100:
		return bad("to", "an absence of more than three years is none")
	}
	if err := words("why", "the reason", in.Why, 3, 300); err != nil {
		return err
	}
	all, _, err := s.cfg.People.Now(ctx, "")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m Member) bool { return m.ID == in.Person })
	if i < 0 {
		return fault.New(fault.NotFound, "there is no person %.60q", in.Person).At("", 0, "person")
	}
	if all[i].UserID == p.UserID {
		return fault.New(fault.Forbidden, "your own absence is recorded by somebody else")
	}
	_, err = s.decide(ctx, p, "absent", func(*Plan, Day) (string, any, error) { return in.Person, in, nil })
	return err
}

// Plan gives every course in use (training.read).
func (s *Service) Plan(ctx context.Context, p access.Principal) (*Plan, error) {
	if err := access.Authorise(p, access.TrainingRead); err != nil {
		return nil, err
	}
	k, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	return k.plan, nil
}

// Course gives a course in use (training.read).
func (s *Service) Course(ctx context.Context, p access.Principal, id string) (*Running, error) {
	plan, err := s.Plan(ctx, p)
	if err != nil {
		return nil, err
	}
	return inUse(plan, id)
}
