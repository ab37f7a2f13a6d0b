package question

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/scope"
)

// First and Need are the shipped questionnaires.
const (
	First = "first"
	Need  = "need"
)

// Config wires a Service. All fields are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Book   *Book
	Scopes *scope.Service
}

// Service keeps answers and the inventory of data.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Book gives the questionnaires.
func (s *Service) Book() *Book { return s.cfg.Book }

// Answer keeps answers to a questionnaire as its next version. base is the version
// that was looked at, 0 for none: kind Conflict where a newer one exists, or where
// nothing changes.
func (s *Service) Answer(ctx context.Context, p access.Principal, questionnaire string, base int, in Answers) (Version, error) {
	if err := access.Authorise(p, access.DataEdit); err != nil {
		return Version{}, err
	}
	q, err := s.cfg.Book.Get(questionnaire)
	if err != nil {
		return Version{}, err
	}
	answers, err := q.sound(in)
	if err != nil {
		return Version{}, err
	}
	c := Content{Pack: s.cfg.Book.Name(), Answers: answers}
	content, sum, err := digest(c)
	if err != nil {
		return Version{}, err
	}
	v := Version{Content: c, Digest: sum, Made: Made{At: s.cfg.Clock(), By: p.UserID}}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		history, err := answersOf(ctx, tx, questionnaire)
		if err != nil {
			return err
		}
		switch n := len(history); {
		case n != base:
			return fault.New(fault.Conflict, "somebody answered these questions meanwhile, in version %d", n).WithHint("look at the answers again and repeat what is still needed")
		case n > 0 && history[n-1].Digest == sum:
			return fault.New(fault.Conflict, "these are the answers of version %d already", n)
		}
		v.Version = len(history) + 1
		e := ledger.Entry{Type: "questions.answered", Stream: stream(p), Actor: p.UserID, Subject: questionnaire,
			Data: map[string]any{"version": v.Version, "digest": sum, "pack": c.Pack, "answered": len(answers)}}
		if v.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
			return fmt.Errorf("record answers: %w", err)
		}
		return insertAnswers(ctx, tx, questionnaire, v, content)
	})
	return v, err
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

// History gives every version of the answers to a questionnaire, oldest first.
func (s *Service) History(ctx context.Context, p access.Principal, questionnaire string) ([]Version, error) {
	if err := access.Authorise(p, access.DataRead); err != nil {
		return nil, err
	}
	if _, err := s.cfg.Book.Get(questionnaire); err != nil {
		return nil, err
	}
	return answersOf(ctx, s.cfg.DB.Reader(), questionnaire)
}

// at gives the answers that held at a moment as known by a ledger size (below 0:
// everything); none before the first.
func at(history []Version, valid time.Time, known int64) Answers {
	for _, v := range slices.Backward(history) {
		if !v.Made.At.After(valid) && (known < 0 || v.Made.Index >= 0 && v.Made.Index < known) {
			return v.Answers
		}
	}
	return Answers{}
}

// Result gives what follows from the newest answers to the first questions.
func (s *Service) Result(ctx context.Context, p access.Principal) (Result, error) {
	history, err := s.History(ctx, p, First)
	if err != nil {
		return Result{}, err
	}
	q, err := s.cfg.Book.Get(First)
	if err != nil {
		return Result{}, err
	}
	return q.Derive(at(history, s.cfg.Clock(), -1)), nil
}

// Said gives what was said of controls being performed, as of a moment and as known
// by a ledger size (below 0: everything). It counts for nothing; gaps show it.
func (s *Service) Said(ctx context.Context, valid time.Time, known int64) (map[string]string, error) {
	q, err := s.cfg.Book.Get(First)
	if err != nil {
		return nil, err
	}
	history, err := answersOf(ctx, s.cfg.DB.Reader(), First)
	if err != nil {
		return nil, err
	}
	return q.Derive(at(history, valid, known)).Said, nil
}

// Advice gives what the newest answers about need come to.
func (s *Service) Advice(ctx context.Context, p access.Principal) (Advice, error) {
	history, err := s.History(ctx, p, Need)
	if err != nil {
		return Advice{}, err
	}
	v, err := s.cfg.Scopes.Now(ctx)
	if err != nil {
		return Advice{}, err
	}
	now := s.cfg.Clock()
	return Advise(at(history, now, -1), now.In(v.Location())), nil
}

// newest gives the newest version of the scope, approved or not: what is written
// next is written upon it.
func (s *Service) newest(ctx context.Context, p access.Principal) (scope.Version, error) {
	history, err := s.cfg.Scopes.History(ctx, p)
	if err != nil {
		return scope.Version{}, err
	}
	return history[len(history)-1], nil
}

// ToScope writes what follows from the first questions as a draft of the scope,
// upon its newest version.
func (s *Service) ToScope(ctx context.Context, p access.Principal) (scope.Version, error) {
	history, err := s.History(ctx, p, First)
	if err != nil {
		return scope.Version{}, err
	}
	if len(history) == 0 {
		return scope.Version{}, fault.New(fault.Conflict, "nobody has answered the first questions yet")
	}
	r, err := s.Result(ctx, p)
	if err != nil {
		return scope.Version{}, err
	}
	v, err := s.newest(ctx, p)
	if err != nil {
		return scope.Version{}, err
	}
	return s.cfg.Scopes.Propose(ctx, p, scope.Proposal{Content: r.Draft(v.Content), Reason: fmt.Sprintf("From the first questions, answered in version %d.", len(history))})
}

// WindowToScope writes the advised date or window as a draft of the scope, upon its
// newest version.
func (s *Service) WindowToScope(ctx context.Context, p access.Principal) (scope.Version, error) {
	d, err := s.Advice(ctx, p)
	if err != nil {
		return scope.Version{}, err
	}
	if d.Type == 0 {
		return scope.Version{}, fault.New(fault.Conflict, "the answers advise no window")
	}
	v, err := s.newest(ctx, p)
	if err != nil {
		return scope.Version{}, err
	}
	c := v.Content
	c.Examination = d.Exam
	return s.cfg.Scopes.Propose(ctx, p, scope.Proposal{Content: c, Reason: "Type and window as the answers about need advise: " + d.Title + "."})
}

// Inventory gives every data set with its history, by number.
func (s *Service) Inventory(ctx context.Context, p access.Principal) ([]Data, error) {
	if err := access.Authorise(p, access.DataRead); err != nil {
		return nil, err
	}
	return dataSets(ctx, s.cfg.DB.Reader(), 0)
}

// Data gives one data set by its number (D-3).
func (s *Service) Data(ctx context.Context, p access.Principal, refOf string) (*Data, error) {
	if err := access.Authorise(p, access.DataRead); err != nil {
		return nil, err
	}
	return s.data(ctx, s.cfg.DB.Reader(), refOf)
}

func (s *Service) data(ctx context.Context, q database.Querier, refOf string) (*Data, error) {
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(refOf)), "D-")+"$", "%d$", &n); err != nil || n < 1 {
		return nil, fault.New(fault.NotFound, "there is no data set %q", refOf)
	}
	all, err := dataSets(ctx, q, n)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "there is no data set %s", ref(n))
	}
	return &all[0], nil
}

// AddData takes data sets into the inventory and gives their numbers. Kind Conflict
// where one of that name is there.
func (s *Service) AddData(ctx context.Context, p access.Principal, list ...DataSet) ([]int, error) {
	if err := access.Authorise(p, access.DataEdit); err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	var numbers []int
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		numbers = nil // the transaction may run more than once
		have, err := dataSets(ctx, tx, 0)
		if err != nil {
			return err
		}
		for i, d := range list {
			if d = d.tidy(); d.check() != nil {
				return d.check()
			}
			if err := unique(have, d.Name, 0); err != nil {
				return err
			}
			x := Data{ID: ids.New("dat", now), Number: i + 1}
			for _, h := range have {
				x.Number = max(x.Number, h.Number+1)
			}
			if err := insertData(ctx, tx, x, now); err != nil {
				return err
			}
			v, err := s.write(ctx, tx, p, x.ID, x.Number, 1, d, "")
			if err != nil {
				return err
			}
			x.History = []DataVersion{v}
			have, numbers = append(have, x), append(numbers, x.Number)
		}
		return nil
	})
	return numbers, err
}

func unique(have []Data, name string, but int) error {
	for i := range have {
		if h := have[i].Now(); have[i].Number != but && !h.Retired && strings.EqualFold(h.Name, name) {
			return fault.New(fault.Conflict, "%s is called %s already", have[i].Ref(), h.Name).At("", 0, "name").WithHint("change that one, or choose another name")
		}
	}
	return nil
}

// ChangeData writes a new version of a data set. base is the version that was
// looked at.
func (s *Service) ChangeData(ctx context.Context, p access.Principal, refOf string, base int, d DataSet, note string) (*Data, error) {
	if err := access.Authorise(p, access.DataEdit); err != nil {
		return nil, err
	}
	d, note = d.tidy(), strings.TrimSpace(note)
	if err := d.check(); err != nil {
		return nil, err
	}
	if len(note) > 1000 {
		return nil, bad("note", "the note has %d bytes; at most 1000 are kept", len(note))
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err := s.data(ctx, tx, refOf)
		if err != nil {
			return err
		}
		have, err := dataSets(ctx, tx, 0)
		if err != nil {
			return err
		}
		if err := unique(have, d.Name, x.Number); err != nil && !d.Retired {
			return err
		}
		_, sum, err := digest(d)
		if err != nil {
			return err
		}
		switch now := x.Now(); {
		case now.Version != base:
			return fault.New(fault.Conflict, "somebody wrote version %d of %s meanwhile", now.Version, x.Ref()).WithHint("look at it again and repeat what is still needed")
		case now.Digest == sum:
			return fault.New(fault.Conflict, "this is what %s says already", x.Ref())
		case len(note) < 3:
			return bad("note", "say what changed and why").WithHint("one sentence; an auditor reads it")
		}
		_, err = s.write(ctx, tx, p, x.ID, x.Number, base+1, d, note)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.data(ctx, s.cfg.DB.Reader(), refOf)
}

func (s *Service) write(ctx context.Context, tx *sql.Tx, p access.Principal, id string, number, version int, d DataSet, note string) (DataVersion, error) {
	content, sum, err := digest(d)
	if err != nil {
		return DataVersion{}, err
	}
	v := DataVersion{DataSet: d, Version: version, Digest: sum, Note: note, Made: Made{At: s.cfg.Clock(), By: p.UserID}}
	e := ledger.Entry{Type: "data_set.written", Stream: stream(p), Actor: p.UserID, Subject: id, Data: map[string]any{"number": number, "version": version, "digest": sum}}
	if note != "" { // what a person wrote may name people: committed to, not written
		e.Personal = map[string]string{"note": note}
	}
	if v.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return v, fmt.Errorf("record a data set: %w", err)
	}
	return v, insertDataVersion(ctx, tx, id, v, content)
}
