package exclusion

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
)

// Config is all that the service depends on.
type Config struct {
	DB        *database.DB      // required
	Ledger    *ledger.Log       // required
	Outcomes  *outcome.Service  // required
	Standards *standard.Service // required
	Longest   time.Duration     // Longest
	Clock     clock.Clock       // clock.System
	OnChange  func()            // called after an exclusion began to hold or ended; must return quickly
}

// Service keeps exclusions and reads the register.
type Service struct {
	cfg     Config
	derived []func(context.Context, Question) ([]Entry, error) // filled before use
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Outcomes == nil || cfg.Standards == nil {
		return nil, fault.New(fault.Internal, "exclusion.Config needs DB, Ledger, Outcomes and Standards")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Longest == 0 {
		cfg.Longest = Longest
	}
	s := &Service{cfg: cfg}
	s.derived = append(s.derived, s.fromStandards)
	return s, nil
}

// Reading gives a service that only reads the exclusions that a database holds;
// what would change something fails there.
func Reading(db *database.DB) *Service {
	return &Service{cfg: Config{DB: db, Longest: Longest, Clock: clock.System}}
}

// Derive adds a reader of what is left out elsewhere to the register; before the
// service is used.
func (s *Service) Derive(read func(context.Context, Question) ([]Entry, error)) {
	s.derived = append(s.derived, read)
}

// Ask asks to leave something out (exclusion.ask). Nothing is left out before
// somebody else approves it.
func (s *Service) Ask(ctx context.Context, p access.Principal, a Ask) (Exclusion, error) {
	if err := access.Authorise(p, access.ExclusionAsk); err != nil {
		return Exclusion{}, err
	}
	if p.IsSystem() {
		return Exclusion{}, fault.New(fault.Forbidden, "a named person asks for an exclusion")
	}
	now := s.cfg.Clock()
	if err := a.tidy(now, s.cfg.Longest); err != nil {
		return Exclusion{}, err
	}
	x := Exclusion{ID: ids.New("exc", now), Population: a.Population, Subject: a.Subject, Name: a.Subject, Cause: a.Cause, Reason: a.Reason, Starts: a.Starts,
		Expires: a.Expires.UTC().Truncate(time.Microsecond), AskedAt: now, AskedBy: p.UserID, State: Asked}
	if x.Starts.Before(now) {
		x.Starts = now
	}
	x.Starts = x.Starts.UTC().Truncate(time.Microsecond)
	if x.OfItem() {
		found, err := s.cfg.Outcomes.FindItems(ctx, a.Population, []string{a.Subject})
		if err != nil {
			return Exclusion{}, err
		}
		switch len(found[0]) {
		case 0:
			return Exclusion{}, fault.New(fault.Invalid, "there is no item %q in %s", a.Subject, a.Population).At("", 0, "subject").
				WithHint("use a host's name as its page shows it, or its id; what is no host is written as \"address 10.0.0.9\" or \"name printer\"")
		case 1:
			x.Subject, x.Name = found[0][0].ID, found[0][0].Name
		default:
			return Exclusion{}, fault.New(fault.Invalid, "%d items are called %q", len(found[0]), a.Subject).At("", 0, "subject").WithHint("name the one you mean by its id, such as %s", found[0][0].ID)
		}
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if x.Number, err = nextNumber(ctx, tx); err != nil {
			return err
		}
		if err := apart(ctx, tx, x); err != nil {
			return err
		}
		if err := insertExclusion(ctx, tx, x); err != nil {
			return err
		}
		return s.record(ctx, tx, x, "asked", p.UserID, "", map[string]string{"reason": x.Reason, "name": x.Name})
	})
	if err != nil {
		return Exclusion{}, err
	}
	s.cfg.Ledger.Wake()
	return x, nil
}

// apart holds that no other exclusion leaves the same out meanwhile.
func apart(ctx context.Context, q database.Querier, x Exclusion) error {
	from, to := x.Starts, x.Expires
	if !x.HoldsFrom.IsZero() {
		from, to = x.HoldsFrom, x.HoldsTo
	}
	others, err := query(ctx, q, `WHERE subject = $1 AND population = $2 AND id <> $3 AND holds_from > 0 AND holds_from < $5 AND holds_to > $4 AND holds_from < holds_to`,
		x.Subject, x.Population, x.ID, micros(from), micros(to))
	if err != nil || len(others) == 0 {
		return err
	}
	return fault.New(fault.Conflict, "%s leaves %s out until %s", others[0].Ref(), x.Name, others[0].HoldsTo.Format(time.DateOnly)).At("", 0, "subject").
		WithHint("let this one start then, or end %s first", others[0].Ref())
}

func (s *Service) record(ctx context.Context, tx *sql.Tx, x Exclusion, kind, actor, note string, said map[string]string) error {
	if note != "" {
		if said == nil {
			said = map[string]string{}
		}
		said["note"] = note
	}
	e := Event{Kind: kind, State: x.State, At: s.cfg.Clock(), Actor: actor, Note: note}
	var err error
	e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "exclusion." + kind, Stream: "exclusions", Actor: actor, Subject: x.ID, Outcome: string(x.State),
		Data: x.data(kind), Personal: said})
	if err != nil {
		return fmt.Errorf("record %s of %s: %w", kind, x.Ref(), err)
	}
	return insertEvent(ctx, tx, x.ID, e)
}

// data is what a ledger entry says of an exclusion, and what its row is held
// against. What is no item may name a person's machine: its key stays outside.
func (x Exclusion) data(kind string) map[string]any {
	d := map[string]any{"number": x.Number, "population": x.Population, "cause": string(x.Cause), "starts": x.Starts, "expires": x.Expires}
	if x.OfItem() {
		d["item"] = x.Subject
	}
	switch kind {
	case "approved":
		d["holds_from"], d["by_one_person"] = x.HoldsFrom, x.Alone != ""
	case "ended", "expired":
		d["holds_to"] = x.HoldsTo
	}
	return d
}

func tidyNote(note string) (string, error) {
	note = strings.TrimSpace(note)
	if len(note) < 3 || len(note) > 1000 || !utf8.ValidString(note) {
		return "", fault.New(fault.Invalid, "say why, in 3 to 1,000 bytes").At("", 0, "note")
	}
	return note, nil
}

// Approve puts an exclusion into force (exclusion.approve). The asker does not
// approve it; alone is what stands in for a second person where nobody else may.
func (s *Service) Approve(ctx context.Context, p access.Principal, ref, alone string) error {
	if err := access.Authorise(p, access.ExclusionApprove); err != nil {
		return err
	}
	return s.decide(ctx, ref, func(tx *sql.Tx, x *Exclusion) error {
		now := s.cfg.Clock()
		if x.State != Asked {
			return fault.New(fault.Conflict, "%s is %s", x.Ref(), x.State)
		}
		said, err := access.SecondPerson(ctx, tx, p, x.AskedBy, access.ExclusionApprove, alone)
		if err != nil {
			return err
		}
		if !x.Expires.After(now) {
			return fault.New(fault.Conflict, "%s would have ended on %s", x.Ref(), x.Expires.Format(time.DateOnly)).WithHint("refuse it; whoever needs it asks again")
		}
		x.State, x.DecidedAt, x.DecidedBy, x.Alone, x.HoldsFrom, x.HoldsTo = Approved, now, p.UserID, said, x.Starts, x.Expires
		if x.HoldsFrom.Before(now) {
			x.HoldsFrom = now.UTC().Truncate(time.Microsecond)
		}
		if err := apart(ctx, tx, *x); err != nil {
			return err
		}
		var personal map[string]string
		if said != "" {
			personal = map[string]string{"alone": said}
		}
		return s.save(ctx, tx, *x, "approved", p.UserID, "", personal)
	})
}

// Refuse ends what was asked for, with a reason (exclusion.approve).
func (s *Service) Refuse(ctx context.Context, p access.Principal, ref, note string) error {
	if err := access.Authorise(p, access.ExclusionApprove); err != nil {
		return err
	}
	note, err := tidyNote(note)
	if err != nil {
		return err
	}
	return s.decide(ctx, ref, func(tx *sql.Tx, x *Exclusion) error {
		if x.State != Asked {
			return fault.New(fault.Conflict, "%s is %s", x.Ref(), x.State)
		}
		x.State, x.DecidedAt, x.DecidedBy = Refused, s.cfg.Clock(), p.UserID
		return s.save(ctx, tx, *x, "refused", p.UserID, note, nil)
	})
}

// End ends an exclusion now, or takes back what was asked for, with a reason
// (exclusion.ask).
func (s *Service) End(ctx context.Context, p access.Principal, ref, note string) error {
	if err := access.Authorise(p, access.ExclusionAsk); err != nil {
		return err
	}
	note, err := tidyNote(note)
	if err != nil {
		return err
	}
	return s.decide(ctx, ref, func(tx *sql.Tx, x *Exclusion) error {
		now := s.cfg.Clock().UTC().Truncate(time.Microsecond)
		switch {
		case x.State == Asked:
			x.HoldsTo = now
		case x.State == Approved && x.HoldsTo.After(now):
			x.HoldsTo = now
			if x.HoldsFrom.After(now) {
				x.HoldsTo = x.HoldsFrom
			}
		default:
			return fault.New(fault.Conflict, "%s is over: it is %s", x.Ref(), x.State)
		}
		x.State = Ended
		return s.save(ctx, tx, *x, "ended", p.UserID, note, nil)
	})
}

func (s *Service) save(ctx context.Context, tx *sql.Tx, x Exclusion, kind, actor, note string, said map[string]string) error {
	if err := updateExclusion(ctx, tx, x); err != nil {
		return err
	}
	return s.record(ctx, tx, x, kind, actor, note, said)
}

func (s *Service) decide(ctx context.Context, ref string, change func(*sql.Tx, *Exclusion) error) error {
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err := lockExclusion(ctx, tx, ref)
		if err != nil {
			return err
		}
		return change(tx, &x)
	})
	if err != nil {
		return err
	}
	s.cfg.Ledger.Wake()
	if s.cfg.OnChange != nil {
		s.cfg.OnChange()
	}
	return nil
}

// Due is an exclusion that began or ended and was not carried out since.
type Due struct {
	Exclusion Exclusion
	Begins    bool // its item leaves the population
	Ends      bool // its item comes back

	now time.Time
}

// Due gives them.
func (s *Service) Due(ctx context.Context) ([]Due, error) {
	now := s.cfg.Clock()
	all, err := query(ctx, s.cfg.DB.Reader(), `WHERE holds_from > 0 AND ended = 0 AND ((began = 0 AND holds_from <= $1) OR holds_to <= $1) ORDER BY holds_to, number`, micros(now))
	if err != nil {
		return nil, err
	}
	out := make([]Due, 0, len(all))
	for _, x := range all {
		held := x.OfItem() && x.HoldsFrom.Before(x.HoldsTo)
		out = append(out, Due{Exclusion: x, Begins: held && !x.began, Ends: held && !x.HoldsTo.After(now), now: now})
	}
	return out, nil
}

// Settle says that what was due was carried out.
func (s *Service) Settle(ctx context.Context, d Due) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err := lockExclusion(ctx, tx, d.Exclusion.ID)
		if err != nil {
			return err
		}
		if !x.began {
			x.began = true
			if x.HoldsFrom.Before(x.HoldsTo) {
				if err := s.record(ctx, tx, x, "began", "system", "", nil); err != nil {
					return err
				}
			}
		}
		if x.HoldsTo.Equal(d.Exclusion.HoldsTo) && !x.HoldsTo.After(d.now) {
			x.ended = true
			if x.State == Approved {
				x.State = Expired
				if err := s.record(ctx, tx, x, "expired", "system", "", nil); err != nil {
					return err
				}
			}
		}
		return updateExclusion(ctx, tx, x)
	})
}

// Holding gives the exclusion that leaves an item out at a moment. q may be the
// caller's transaction.
func (s *Service) Holding(ctx context.Context, q database.Querier, item string, at time.Time) (Exclusion, bool, error) {
	all, err := query(ctx, q, `WHERE subject = $1 AND holds_from > 0 AND holds_from <= $2 AND holds_to > $2`, item, micros(at))
	if err != nil || len(all) == 0 {
		return Exclusion{}, false, err
	}
	return all[0], true, nil
}

// Get gives one by id or number ("X-3").
func (s *Service) Get(ctx context.Context, ref string) (Exclusion, error) {
	return get(ctx, s.cfg.DB.Reader(), ref)
}

// List gives the exclusions of some states (none: of all), newest first.
func (s *Service) List(ctx context.Context, states ...State) ([]Exclusion, error) {
	all, err := query(ctx, s.cfg.DB.Reader(), `ORDER BY number DESC`)
	if err != nil || len(states) == 0 {
		return all, err
	}
	return slices.DeleteFunc(all, func(x Exclusion) bool { return !slices.Contains(states, x.State) }), nil
}

// Timeline gives an exclusion's events, oldest first.
func (s *Service) Timeline(ctx context.Context, id string) ([]Event, error) {
	return timeline(ctx, s.cfg.DB.Reader(), id)
}
