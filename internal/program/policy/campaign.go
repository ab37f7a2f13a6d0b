package policy

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Task is a policy that asks somebody.
type Task struct {
	Slug         string    `json:"slug"`
	Ref          string    `json:"ref"`
	Title        string    `json:"title"`
	Version      int       `json:"version"` // that holds
	Digest       string    `json:"digest"`
	Questions    int       `json:"questions"`
	Published    time.Time `json:"published"`
	Due          time.Time `json:"due"`
	Late         bool      `json:"late,omitempty"`
	Acknowledged time.Time `json:"acknowledged,omitzero"` // zero: not yet
	Of           int       `json:"of,omitempty"`          // the version that was acknowledged
	Tries        int       `json:"tries,omitempty"`       // of the version that holds
}

// Done reports whether it is acknowledged.
func (t Task) Done() bool { return !t.Acknowledged.IsZero() }

// due is by when somebody acknowledges: who joined later has as many days.
func due(published, until, joined time.Time) time.Time {
	if late := joined.Add(until.Sub(published)); late.After(until) {
		return late
	}
	return until
}

// Mine gives the published policies that ask p: what is open first, by due
// date, then what is acknowledged.
func (s *Service) Mine(ctx context.Context, p access.Principal) ([]Task, error) {
	if err := access.Authorise(p, access.OwnPolicyRead); err != nil {
		return nil, err
	}
	all, err := tasksOf(ctx, s.cfg.DB.Reader(), p.UserID, string(p.Role), s.cfg.Clock())
	slices.SortFunc(all, func(a, b Task) int {
		switch {
		case a.Done() != b.Done():
			if a.Done() {
				return 1
			}
			return -1
		case a.Done() || a.Due.Equal(b.Due):
			return strings.Compare(a.Title, b.Title)
		}
		return a.Due.Compare(b.Due)
	})
	return all, err
}

// Paper is what somebody reads before they acknowledge. Which answers are right
// it does not say.
type Paper struct {
	Task
	Text  string    `json:"text"` // Markdown, without proofs
	Owner string    `json:"owner"`
	Asks  []Asked   `json:"asks"`
	Note  string    `json:"note"` // what changed
	From  time.Time `json:"from"` // on which it holds
}

// Asked is a question without its answer.
type Asked struct {
	Ask     string   `json:"ask"`
	Answers []string `json:"answers"`
}

// Paper gives a published policy that asks p.
func (s *Service) Paper(ctx context.Context, p access.Principal, slug string) (Paper, error) {
	if err := access.Authorise(p, access.OwnPolicyRead); err != nil {
		return Paper{}, err
	}
	have, err := s.get(ctx, s.cfg.DB.Reader(), slug)
	if err != nil {
		return Paper{}, err
	}
	all, err := s.Mine(ctx, p)
	if err != nil {
		return Paper{}, err
	}
	i := slices.IndexFunc(all, func(t Task) bool { return t.Slug == have.Slug })
	v := have.Published()
	if i < 0 || v == nil {
		return Paper{}, notAsked(have)
	}
	out := Paper{Task: all[i], Text: Reading(v.Text), Owner: v.Owner, Note: v.Note, From: all[i].Published, Asks: []Asked{}}
	for _, q := range v.Questions {
		out.Asks = append(out.Asks, Asked{q.Ask, q.Answers})
	}
	return out, nil
}

func notAsked(p *Policy) error {
	return fault.New(fault.NotFound, "the policy %s does not ask you", p.Slug).WithHint("your policies are those that are published and concern your role")
}

// Wrong is a question that was answered wrong.
type Wrong struct {
	Question int    `json:"question"` // from 1
	Chosen   int    `json:"chosen"`   // from 1; 0: nothing
	Why      string `json:"why"`
}

// Answered is what became of answers.
type Answered struct {
	Acknowledged bool    `json:"acknowledged"`
	Try          int     `json:"try"`
	Wrong        []Wrong `json:"wrong"`
}

// Acknowledge takes the answers to a version's questions, in order, each from 1
// (0: none was chosen), and where all are right the acknowledgement of what the
// digest names. Wrong answers are explained and counted, and may be tried again.
func (s *Service) Acknowledge(ctx context.Context, p access.Principal, slug, digest string, answers []int) (Answered, error) {
	if err := access.Authorise(p, access.PolicyAcknowledge); err != nil {
		return Answered{}, err
	}
	if p.IsSystem() {
		return Answered{}, fault.New(fault.Forbidden, "a person acknowledges a policy, not the program")
	}
	var out Answered
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out = Answered{Wrong: []Wrong{}}
		have, err := s.get(ctx, tx, slug)
		if err != nil {
			return err
		}
		v := have.Published()
		if v == nil || !slices.Contains(v.Roles, p.Role) {
			return notAsked(have)
		}
		if digest != v.Digest {
			return fault.New(fault.Conflict, "%s was published in version %d since you opened it", have.Ref(), v.Version).WithHint("read it again")
		}
		if len(answers) != len(v.Questions) {
			return bad("answers", "%d answers for %d questions", len(answers), len(v.Questions)).WithHint("give one answer for each question")
		}
		for i, a := range answers {
			if a < 0 || a > len(v.Questions[i].Answers) {
				return bad("answers", "question %d has no answer %d", i+1, a)
			}
			if a != v.Questions[i].Right {
				out.Wrong = append(out.Wrong, Wrong{Question: i + 1, Chosen: a, Why: v.Questions[i].Why})
			}
		}
		tries, acknowledged, err := triesOf(ctx, tx, have.ID, v.Version, p.UserID)
		if err != nil {
			return err
		}
		if acknowledged {
			return fault.New(fault.Conflict, "you acknowledged version %d of %s already", v.Version, have.Ref())
		}
		now := s.cfg.Clock()
		if len(v.Questions) > 0 {
			out.Try = tries + 1
			chosen, err := json.Marshal(answers)
			if err != nil {
				return fmt.Errorf("encode answers: %w", err)
			}
			entry, err := s.append(ctx, tx, p, ledger.Entry{Type: "policy.answered", Stream: stream(p), Actor: p.UserID, Subject: have.ID,
				Data: map[string]any{"number": have.Number, "version": v.Version, "digest": v.Digest, "try": out.Try, "wrong": len(out.Wrong), "of": len(v.Questions), "answers": digestOf(string(chosen))}})
			if err != nil {
				return err
			}
			if err := insertTry(ctx, tx, have.ID, v.Version, p.UserID, out.Try, string(chosen), len(out.Wrong), Made{At: now, Entry: entry}); err != nil {
				return err
			}
		}
		if len(out.Wrong) > 0 {
			return nil
		}
		entry, err := s.append(ctx, tx, p, ledger.Entry{Type: "policy.acknowledged", Stream: stream(p), Actor: p.UserID, Subject: have.ID,
			Data: map[string]any{"number": have.Number, "version": v.Version, "digest": v.Digest, "tries": out.Try}})
		if err != nil {
			return err
		}
		out.Acknowledged = true
		return insertAcknowledgement(ctx, tx, have.ID, v.Version, p.UserID, v.Digest, out.Try, Made{At: now, Entry: entry})
	})
	return out, err
}

// Person is somebody whom a policy asks.
type Person struct {
	UserID       string    `json:"user"`
	Role         string    `json:"role"`
	Due          time.Time `json:"due"`
	Late         bool      `json:"late,omitempty"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Version      int       `json:"version,omitempty"` // that was acknowledged
	Tries        int       `json:"tries"`             // of that version's questions, else of the one that holds
	Left         bool      `json:"left,omitempty"`    // acknowledged, and is not asked any more
	Entry        string    `json:"entry,omitempty"`
	Index        int64     `json:"index"`
}

// People gives whom a published policy asks: late ones first, then those who
// have not acknowledged, then those who have. A policy that is not published
// asks nobody.
func (s *Service) People(ctx context.Context, p access.Principal, slug string) ([]Person, error) {
	if err := access.Authorise(p, access.PolicyRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	have, err := s.get(ctx, q, slug)
	if err != nil || have.Published() == nil {
		return nil, err
	}
	all, err := people(ctx, q, have.ID, s.cfg.Clock())
	slices.SortStableFunc(all, func(a, b Person) int {
		rank := func(x Person) int {
			switch {
			case x.Late:
				return 0
			case x.Acknowledged.IsZero():
				return 1
			}
			return 2
		}
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		if a.Acknowledged.IsZero() {
			return a.Due.Compare(b.Due)
		}
		return b.Acknowledged.Compare(a.Acknowledged)
	})
	return all, err
}
