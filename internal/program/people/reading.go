package people

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
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/roster"
)

// Looked is what came of looking at a source.
type Looked struct {
	Plan    *Plan  `json:"plan"`
	State   string `json:"state"` // unchanged, applied, held, preview
	Reading string `json:"reading,omitempty"`
}

// Look reads a source now (people.edit). With dry nothing is kept.
func (s *Service) Look(ctx context.Context, p access.Principal, id string, dry bool) (Looked, error) {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return Looked{}, err
	}
	src, err := sourceByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return Looked{}, err
	}
	return s.look(ctx, p, src, dry)
}

func (s *Service) look(ctx context.Context, p access.Principal, src *Source, dry bool) (Looked, error) {
	said, notes, err := s.readOnce(ctx, src)
	if err != nil {
		if ctx.Err() != nil || dry || fault.Is(err, fault.Conflict) {
			return Looked{}, err
		}
		return Looked{}, s.failed(ctx, p, src, err)
	}
	return s.take(ctx, p, src, said, notes, dry, "")
}

// failed keeps why a source could not be read. Nobody is changed by it.
func (s *Service) failed(ctx context.Context, p access.Principal, src *Source, cause error) error {
	why, _ := fault.Public(cause)
	now := s.cfg.Clock()
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if why != src.Trouble {
			if _, err := s.event(ctx, tx, p, src.ID, "source_unread", now, map[string]any{"kind": string(src.Kind)}, map[string]string{"why": why}); err != nil {
				return err
			}
		}
		return tried(ctx, tx, src.ID, now, why)
	})
	if err != nil {
		return err
	}
	return cause
}

// Import takes a file that was read for a source of kind CSV (people.edit).
// With dry nothing is kept.
func (s *Service) Import(ctx context.Context, p access.Principal, id string, said []Said, notes []Problem, dry bool) (Looked, error) {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return Looked{}, err
	}
	src, err := sourceByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return Looked{}, err
	}
	if src.Kind != CSV {
		return Looked{}, fault.New(fault.Conflict, "%s is read from a directory, not from a file", src.Name).WithHint("add a source of kind csv for files")
	}
	return s.take(ctx, p, src, said, notes, dry, "")
}

// take plans a reading and applies, holds or only shows it. approved is the
// reading that a person approved.
func (s *Service) take(ctx context.Context, p access.Principal, src *Source, said []Said, notes []Problem, dry bool, approved string) (Looked, error) {
	raw, err := json.Marshal(said)
	if err != nil {
		return Looked{}, fmt.Errorf("encode a reading: %w", err)
	}
	now := s.cfg.Clock()
	var out Looked
	if dry {
		reg, err := load(ctx, s.cfg.DB.Reader())
		if err != nil {
			return out, err
		}
		out.State = "preview"
		if out.Plan, err = reg.Plan(src, said, src.Settings.Part, now); err == nil {
			out.Plan.Problems = append(notes, out.Plan.Problems...)
		}
		return out, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out = Looked{State: "unchanged"}
		reg, err := load(ctx, tx)
		if err != nil {
			return err
		}
		plan, err := reg.Plan(src, said, src.Settings.Part, now)
		if err != nil {
			return err
		}
		plan.Problems = append(slices.Clone(notes), plan.Problems...)
		out.Plan = plan
		if approved == "" && plan.Held != "" {
			out.State = "held"
			out.Reading, err = s.hold(ctx, tx, p, src, plan, string(raw), now)
			return err
		}
		if err := heard(ctx, tx, src.ID, now, plan.Said); err != nil {
			return err
		}
		if approved == "" { // what was held before is no longer what the source says
			if err := overtake(ctx, tx, src.ID); err != nil {
				return err
			}
		}
		if plan.Empty() {
			return nil
		}
		out.State, out.Reading = "applied", approved
		if approved == "" {
			r := readingOf(src, plan, "applied", digestOf(string(raw)), now, p.UserID)
			out.Reading = r.ID
			if _, err := s.event(ctx, tx, p, r.ID, "read", now, readingData(r), nil); err != nil {
				return err
			}
			if err := insertReading(ctx, tx, r); err != nil {
				return err
			}
		}
		return s.apply(ctx, tx, p, src, reg, plan, out.Reading, now)
	})
	if err == nil && out.State != "unchanged" {
		s.cfg.Ledger.Wake()
	}
	return out, err
}

func readingOf(src *Source, plan *Plan, state, digest string, now time.Time, by string) Reading {
	return Reading{ID: ids.New("prd", now), Source: src.ID, State: state, Digest: digest, Said: plan.Said, Joins: len(plan.Joins), Changes: len(plan.Changes), Leaves: len(plan.Leaves),
		Bound: plan.Bound, MadeAt: now, MadeBy: by}
}

func readingData(r Reading) map[string]any {
	return map[string]any{"source": r.Source, "digest": r.Digest, "said": r.Said, "joins": r.Joins, "changes": r.Changes, "leaves": r.Leaves, "bound": r.Bound}
}

// hold keeps a reading until a person decides. One that is held already with
// the same content goes on waiting.
func (s *Service) hold(ctx context.Context, tx *sql.Tx, p access.Principal, src *Source, plan *Plan, content string, now time.Time) (string, error) {
	if err := tried(ctx, tx, src.ID, now, ""); err != nil {
		return "", err
	}
	r := readingOf(src, plan, "held", digestOf(content), now, p.UserID)
	r.Content = content
	have, err := heldOf(ctx, tx, src.ID)
	if err != nil {
		return "", err
	}
	if have != nil && have.Digest == r.Digest {
		return have.ID, nil
	}
	if err := overtake(ctx, tx, src.ID); err != nil {
		return "", err
	}
	if _, err := s.event(ctx, tx, p, r.ID, "held", now, readingData(r), map[string]string{"why": plan.Held}); err != nil {
		return "", err
	}
	return r.ID, insertReading(ctx, tx, r)
}

// Held gives a reading that waits, and what it would change now (people.read).
func (s *Service) Held(ctx context.Context, p access.Principal, id string) (*Reading, *Plan, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, nil, err
	}
	q := s.cfg.DB.Reader()
	r, said, err := heldByID(ctx, q, id)
	if err != nil {
		return nil, nil, err
	}
	src, err := sourceByID(ctx, q, r.Source)
	if err != nil {
		return nil, nil, err
	}
	reg, err := load(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	plan, err := reg.Plan(src, said, src.Settings.Part, s.cfg.Clock())
	return r, plan, err
}

// Approve applies a reading that was held (people.approve, and who is there has
// been shown). Whoever brought a file approves it only where nobody else could.
func (s *Service) Approve(ctx context.Context, p access.Principal, id, compensation string) (Looked, error) {
	return s.decide(ctx, p, id, "approved", compensation)
}

// Refuse lets a held reading fall; the source is read again as usual (people.approve).
func (s *Service) Refuse(ctx context.Context, p access.Principal, id, why string) error {
	_, err := s.decide(ctx, p, id, "refused", why)
	return err
}

func (s *Service) decide(ctx context.Context, p access.Principal, id, state, words string) (Looked, error) {
	if err := access.Proved(p, access.PeopleApprove); err != nil {
		return Looked{}, err
	}
	if p.IsSystem() {
		return Looked{}, fault.New(fault.Forbidden, "a person decides, not the program")
	}
	now := s.cfg.Clock()
	var src *Source
	var said []Said
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, content, err := heldByID(ctx, tx, id)
		if err != nil {
			return err
		}
		detail := map[string]string{}
		data := map[string]any{"source": r.Source, "digest": r.Digest, "leaves": r.Leaves, "alone": false}
		if state == "approved" {
			if r.MadeBy == p.UserID {
				if words, err = access.Compensate(ctx, tx, p, access.PeopleApprove, words); err != nil {
					return err
				}
				detail["compensation"], data["alone"] = words, true
			}
		} else if detail["why"] = strings.TrimSpace(words); len(detail["why"]) < 3 {
			return fault.New(fault.Invalid, "say why nothing of it is taken over").At("", 0, "why")
		}
		if src, err = sourceByID(ctx, tx, r.Source); err != nil {
			return err
		}
		if _, err := s.event(ctx, tx, p, r.ID, state, now, data, detail); err != nil {
			return err
		}
		said = content
		return decided(ctx, tx, r.ID, state, now, p.UserID)
	})
	if err != nil || state != "approved" {
		return Looked{State: state, Reading: id}, err
	}
	return s.take(ctx, p, src, said, nil, false, id)
}

// ReadDue reads every source that is due. One that cannot be read hinders no other.
func (s *Service) ReadDue(ctx context.Context) error {
	all, err := sources(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	for _, src := range all {
		if !src.Due(s.cfg.Clock()) {
			continue
		}
		if _, err := s.look(ctx, access.System(), src, false); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if why, _ := fault.Public(err); why != src.Trouble {
				s.cfg.Logger.Warn("a source of people cannot be read", "source", src.Name, "why", why)
			}
		}
	}
	return nil
}

// Turn lets days take effect: who starts today is here, and whose last day is
// over has left.
func (s *Service) Turn(ctx context.Context) error {
	now := s.cfg.Clock()
	due, err := turning(ctx, s.cfg.DB.Reader(), now.UTC().Format(time.DateOnly))
	if err != nil || !due {
		return err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		reg, err := load(ctx, tx)
		if err != nil {
			return err
		}
		plan := &Plan{}
		reg.Steps(plan, nil, nil, now)
		return s.apply(ctx, tx, access.System(), nil, reg, plan, "", now)
	})
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return err
}

// apply carries a plan out.
func (s *Service) apply(ctx context.Context, tx *sql.Tx, p access.Principal, src *Source, reg *register, plan *Plan, reading string, now time.Time) error {
	grace, err := s.grace(ctx, tx)
	if err != nil {
		return err
	}
	users, err := usersByMail(ctx, tx)
	if err != nil {
		return err
	}
	byPerson := map[string][]voice{}
	for _, v := range plan.Voices {
		byPerson[v.Person] = append(byPerson[v.Person], v)
	}
	first := src != nil && src.ReadAt.IsZero()
	for _, list := range [][]Step{plan.Joins, plan.Changes, plan.Leaves} {
		for i := range list {
			st := &list[i]
			if err := s.step(ctx, tx, p, stepping{src: src, reg: reg, reading: reading, now: now, grace: grace, users: users, first: first}, st, byPerson[st.Person]); err != nil {
				return err
			}
			delete(byPerson, st.Person)
		}
	}
	for _, v := range plan.Voices {
		if err := saveSaid(ctx, tx, v); err != nil {
			return err
		}
		if rest := byPerson[v.Person]; len(rest) > 0 { // it changes nothing of them, and was said
			if _, err := s.event(ctx, tx, p, v.Person, "said", now, map[string]any{"source": v.Source.ID, "gone": !v.GoneAt.IsZero()}, map[string]string{"said": asJSON(v.Fields), "key": v.Key}); err != nil {
				return err
			}
		}
	}
	for _, d := range plan.Doubts {
		if err := insertDoubt(ctx, tx, d, now); err != nil {
			return err
		}
	}
	return nil
}

type stepping struct {
	src     *Source
	reg     *register
	reading string
	now     time.Time
	grace   int
	users   map[string]string // by address
	first   bool              // the source is read for the first time: who was here before is no joiner
}

// step makes of one person what a plan says, and starts what that sets off.
func (s *Service) step(ctx context.Context, tx *sql.Tx, p access.Principal, with stepping, st *Step, voices []voice) error {
	person := with.reg.People[st.Person]
	kind := st.Kind()
	person.Fields, person.State, person.Changed = st.After, st.Is, with.now
	person.LeftAt, person.Grace = time.Time{}, 0
	if st.Is == Left {
		person.LeftAt, person.Grace = st.LeftAt, with.grace
		if person.LeftAt.IsZero() {
			person.LeftAt = roster.EndOf(st.After.End)
		}
	}
	for _, v := range voices {
		if v.Source.Kind == SCIM {
			person.UserID = v.Key
		}
	}
	if id := with.users[person.Mail]; person.UserID == "" && id != "" && person.Mail != "" {
		person.UserID = id
	}
	data := map[string]any{"fields": st.Fields, "state": string(st.Is), "kind": string(person.Kind)}
	detail := map[string]string{"now": asJSON(person.Fields)}
	if with.src != nil {
		data["source"] = with.src.ID
	}
	if with.reading != "" {
		data["reading"] = with.reading
	}
	for i, v := range voices {
		if i == 0 {
			detail["said"], detail["key"] = asJSON(v.Fields), v.Key
		}
	}
	valid := with.now
	switch kind {
	case "left":
		data["left_at"], data["grace_hours"] = stamp(person.LeftAt), person.Grace
		valid = person.LeftAt
	case "joined":
		if st.Is == Left { // came and went before anybody was asked
			data["left_at"], data["grace_hours"] = stamp(person.LeftAt), person.Grace
		}
	}
	if st.After.Start != "" {
		data["start"] = st.After.Start
	}
	if st.After.End != "" {
		data["end"] = st.After.End
	}
	if _, err := s.event(ctx, tx, p, person.ID, kind, valid, data, detail); err != nil {
		return err
	}
	if err := savePerson(ctx, tx, person); err != nil {
		return err
	}
	if err := s.setOff(ctx, tx, p, with, st, person, kind); err != nil {
		return err
	}
	if st.Is == Left && st.Was != Left {
		return s.endAccess(ctx, tx, person, with.now)
	}
	return nil
}

// lists starts and ends checklists.
func (s *Service) setOff(ctx context.Context, tx *sql.Tx, p access.Principal, with stepping, st *Step, person *Person, kind string) error {
	today := with.now.UTC().Truncate(24 * time.Hour)
	from := today
	if t, err := time.Parse(time.DateOnly, person.Start); err == nil {
		from = t
	}
	switch kind {
	case "joined", "returned":
		if kind == "returned" {
			if err := s.lists.Drop(ctx, tx, p, person, checklist.Leaver, with.now); err != nil {
				return err
			}
			from = today
		}
		if st.Is == Left {
			return nil
		}
		if with.first && person.Start == "" || from.Before(today.AddDate(0, 0, -30)) { // was here before
			if st.Is == Leaving {
				return s.lists.Begin(ctx, tx, p, person, checklist.Leaver, roster.EndOf(person.End).AddDate(0, 0, -1), with.now)
			}
			return nil
		}
		if err := s.lists.Begin(ctx, tx, p, person, checklist.Joiner, from, with.now); err != nil {
			return err
		}
		if st.Is == Leaving {
			return s.lists.Begin(ctx, tx, p, person, checklist.Leaver, roster.EndOf(person.End).AddDate(0, 0, -1), with.now)
		}
	case "leaving":
		return s.lists.Begin(ctx, tx, p, person, checklist.Leaver, roster.EndOf(person.End).AddDate(0, 0, -1), with.now)
	case "left":
		return s.lists.Begin(ctx, tx, p, person, checklist.Leaver, person.LeftAt.Add(-time.Microsecond).UTC().Truncate(24*time.Hour), with.now)
	case "changed":
		if st.Is == Leaving && slices.Contains(st.Fields, "end") {
			return s.lists.Begin(ctx, tx, p, person, checklist.Leaver, roster.EndOf(person.End).AddDate(0, 0, -1), with.now)
		}
		if st.Was == Leaving && st.Is == Here {
			return s.lists.Drop(ctx, tx, p, person, checklist.Leaver, with.now)
		}
		moved := func(f string) bool { return slices.Contains(st.Fields, f) && st.Before.Text(f) != "" }
		if st.Is == Here && (moved("team") || moved("title") || moved("kind")) {
			return s.lists.Begin(ctx, tx, p, person, checklist.Mover, today, with.now)
		}
	}
	return nil
}
