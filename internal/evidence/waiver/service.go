package waiver

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
	Standards *standard.Service // required
	Outcomes  *outcome.Service  // required
	Access    *access.Service   // finds owners; nil: only the asker can own
	// Select gives the items of a population that a filter selects now; nil: items are named.
	Select   func(ctx context.Context, population, filter string) ([]Item, error)
	Control  func(ctx context.Context, slug string) error // kind NotFound where there is no such control in use; nil: any
	Longest  time.Duration                                // Longest
	Clock    clock.Clock                                  // clock.System
	OnChange func()                                       // called after a waiver began to hold or ended; must return quickly
}

// Service keeps waivers over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Standards == nil || cfg.Outcomes == nil {
		return nil, fault.New(fault.Internal, "waiver.Config needs DB, Ledger, Standards and Outcomes")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Longest == 0 {
		cfg.Longest = Longest
	}
	return &Service{cfg: cfg}, nil
}

// Reading gives a service that only reads what a database holds; what would
// change something fails there.
func Reading(db *database.DB) *Service {
	return &Service{cfg: Config{DB: db, Longest: Longest, Clock: clock.System}}
}

// Longest gives how long a waiver may hold.
func (s *Service) Longest() time.Duration { return s.cfg.Longest }

// Ask asks for a waiver (waiver.ask). Nothing is waived before somebody else
// approves it.
func (s *Service) Ask(ctx context.Context, p access.Principal, a Ask) (Waiver, error) {
	if err := access.Authorise(p, access.WaiverAsk); err != nil {
		return Waiver{}, err
	}
	if p.IsSystem() {
		return Waiver{}, fault.New(fault.Forbidden, "a named person asks for a waiver")
	}
	now := s.cfg.Clock()
	if err := a.tidy(now, s.cfg.Longest); err != nil {
		return Waiver{}, err
	}
	population, err := s.inForce(ctx, nil, a.Check, a.Attribute)
	if err != nil {
		return Waiver{}, err
	}
	items, err := s.items(ctx, population, a)
	if err != nil {
		return Waiver{}, err
	}
	owner, err := s.owner(ctx, p, a.Owner)
	if err != nil {
		return Waiver{}, err
	}
	if a.Control != "" && s.cfg.Control != nil {
		if err := s.cfg.Control(ctx, a.Control); fault.Is(err, fault.NotFound) {
			return Waiver{}, fault.Wrap(fault.Invalid, err, "there is no control %q in use", a.Control).At("", 0, "control").WithHint("the page Controls lists them; or say what compensates in words")
		} else if err != nil {
			return Waiver{}, err
		}
	}
	w := Waiver{ID: ids.New("wvr", now), Check: a.Check, Attribute: a.Attribute, Filter: a.Filter, Items: int64(len(items)), ItemsDigest: itemsDigest(items),
		Reason: a.Reason, Owner: owner, Control: a.Control, Compensating: a.Compensating, Starts: a.Starts, Expires: a.Expires.UTC().Truncate(time.Microsecond),
		AskedAt: now, AskedBy: p.UserID, State: Asked}
	if w.Starts.Before(now) {
		w.Starts = now
	}
	w.Starts = w.Starts.UTC().Truncate(time.Microsecond)
	for _, i := range items[:min(len(items), 5)] {
		w.Names = append(w.Names, i.Name)
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if w.Number, err = nextNumber(ctx, tx); err != nil {
			return err
		}
		if err := s.apart(ctx, tx, w, items); err != nil {
			return err
		}
		if err := insertWaiver(ctx, tx, w, items); err != nil {
			return err
		}
		return two(s.record(ctx, tx, w, "asked", p.UserID, "", now, map[string]string{"reason": w.Reason, "compensating": w.Compensating, "filter": w.Filter}))
	})
	if err != nil {
		return Waiver{}, err
	}
	s.cfg.Ledger.Wake()
	return w, nil
}

// inForce holds that a check, and its attribute, are in force, and gives the
// check's population.
func (s *Service) inForce(ctx context.Context, q database.Querier, check, attribute string) (population string, err error) {
	set, err := s.cfg.Standards.InForce(ctx, q)
	if err != nil {
		return "", err
	}
	c, ok := set.Check(check)
	if !ok {
		return "", fault.New(fault.Invalid, "there is no check %q in force", check).At("", 0, "check").WithHint("a check that was tailored away is not judged: nothing of it needs a waiver")
	}
	if _, ok := c.Attribute(attribute); attribute != "" && !ok {
		return "", fault.New(fault.Invalid, "check %s has no attribute %q", check, attribute).At("", 0, "attribute")
	}
	return c.Population, nil
}

// items gives the items that are named or selected, each once.
func (s *Service) items(ctx context.Context, population string, a Ask) ([]Item, error) {
	var found []Item
	if a.Filter != "" {
		if s.cfg.Select == nil {
			return nil, fault.New(fault.Invalid, "items of %s cannot be selected by a filter", population).At("", 0, "filter")
		}
		var err error
		if found, err = s.cfg.Select(ctx, population, a.Filter); err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fault.New(fault.Invalid, "the filter selects no item now").At("", 0, "filter")
		}
	} else {
		known, err := s.cfg.Outcomes.FindItems(ctx, population, a.Items)
		if err != nil {
			return nil, err
		}
		for i, word := range a.Items {
			switch len(known[i]) {
			case 0:
				return nil, fault.New(fault.Invalid, "there is no item %q in %s", word, population).At("", 0, "items").WithHint("use a host's name as its page shows it, or its id")
			case 1:
				item := Item{known[i][0].ID, known[i][0].Name}
				if !slices.Contains(found, item) {
					found = append(found, item)
				}
			default:
				return nil, fault.New(fault.Invalid, "%d items are called %q", len(known[i]), word).At("", 0, "items").WithHint("name the one you mean by its id, such as %s", known[i][0].ID)
			}
		}
	}
	if len(found) > maxItems {
		return nil, fault.New(fault.Invalid, "a waiver is about at most %d items, not %d", maxItems, len(found)).At("", 0, "items").WithHint("tailor the check instead")
	}
	slices.SortFunc(found, func(x, y Item) int { return strings.Compare(x.Name+"\x00"+x.ID, y.Name+"\x00"+y.ID) })
	return found, nil
}

func (s *Service) owner(ctx context.Context, p access.Principal, who string) (string, error) {
	if who == "" || who == p.UserID {
		return p.UserID, nil
	}
	if s.cfg.Access == nil {
		return "", fault.New(fault.Invalid, "there is no user %q", who).At("", 0, "owner")
	}
	u, err := s.cfg.Access.Find(ctx, access.System(), who)
	if fault.Is(err, fault.NotFound) {
		return "", fault.Wrap(fault.Invalid, err, "there is no user %q", who).At("", 0, "owner").WithHint("the owner is a user: somebody who answers for it until it ends")
	}
	return u.ID, err
}

// apart holds that no other approved waiver covers one of the items meanwhile.
func (s *Service) apart(ctx context.Context, q database.Querier, w Waiver, items []Item) error {
	other, item, err := overlapping(ctx, q, w, items)
	if err != nil || other == nil {
		return err
	}
	return fault.New(fault.Conflict, "%s waives %s of %s until %s", other.Ref(), other.About(), item, other.HoldsTo.Format(time.DateOnly)).At("", 0, "items").
		WithHint("leave that item out, let this one start when %s ends, or withdraw %s first", other.Ref(), other.Ref())
}

// record writes a line of the timeline and its ledger entry.
func (s *Service) record(ctx context.Context, tx *sql.Tx, w Waiver, kind, actor, note string, at time.Time, said map[string]string) (entry string, err error) {
	e := Event{Kind: kind, State: w.State, At: at, Actor: actor, Note: note}
	for name, text := range said {
		if text == "" {
			delete(said, name)
		}
	}
	if note != "" {
		if said == nil {
			said = map[string]string{}
		}
		said["note"] = note
	}
	e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "waiver." + kind, Stream: "waivers", Actor: actor, Subject: w.ID, Outcome: string(w.State),
		Data: w.data(kind), Personal: said})
	if err != nil {
		return "", fmt.Errorf("record %s of %s: %w", kind, w.Ref(), err)
	}
	return e.Entry, insertEvent(ctx, tx, w.ID, e)
}

// data is what a ledger entry says of a waiver, and what its row is held
// against. Of a step it says what that step settled.
func (w Waiver) data(kind string) map[string]any {
	d := map[string]any{"number": w.Number, "check": w.Check, "items": w.Items, "items_digest": w.ItemsDigest, "owner": w.Owner, "starts": w.Starts, "expires": w.Expires}
	for name, text := range map[string]string{"attribute": w.Attribute, "control": w.Control} {
		if text != "" {
			d[name] = text
		}
	}
	switch kind {
	case "approved":
		d["holds_from"], d["by_one_person"] = w.HoldsFrom, w.Alone != ""
	case "withdrawn", "expired":
		d["holds_to"] = w.HoldsTo
	}
	return d
}

const maxNote = 1000

func tidyNote(note string, required bool) (string, error) {
	note = strings.TrimSpace(note)
	if len(note) > maxNote || !utf8.ValidString(note) || required && len(note) < 3 {
		return "", fault.New(fault.Invalid, "say why, in 3 to %d bytes", maxNote).At("", 0, "note")
	}
	return note, nil
}

// Approve puts a waiver into force (waiver.approve). The asker does not approve
// it; alone is what stands in for a second person where nobody else may.
func (s *Service) Approve(ctx context.Context, p access.Principal, ref, alone string) error {
	return s.decide(ctx, func(tx *sql.Tx) error { return two(s.ApproveIn(ctx, tx, p, ref, alone)) })
}

// ApproveIn is Approve in the caller's transaction, and gives the entry. Changed
// follows the commit.
func (s *Service) ApproveIn(ctx context.Context, tx *sql.Tx, p access.Principal, ref, alone string) (entry string, err error) {
	if err := access.Authorise(p, access.WaiverApprove); err != nil {
		return "", err
	}
	return s.change(ctx, tx, ref, func(w *Waiver) (string, error) {
		now := s.cfg.Clock()
		if w.State != Asked {
			return "", fault.New(fault.Conflict, "%s is %s", w.Ref(), w.State)
		}
		said, err := access.SecondPerson(ctx, tx, p, w.AskedBy, access.WaiverApprove, alone)
		if err != nil {
			return "", err
		}
		if !w.Expires.After(now) {
			return "", fault.New(fault.Conflict, "%s would have ended on %s", w.Ref(), w.Expires.Format(time.DateOnly)).WithHint("refuse it; whoever needs it asks again")
		}
		if _, err := s.inForce(ctx, tx, w.Check, w.Attribute); err != nil {
			return "", fault.Wrap(fault.Conflict, err, "%s is not in force any more", w.About()).WithHint("refuse it: nothing of it is judged now")
		}
		items, err := itemsOf(ctx, tx, w.ID, "", maxItems)
		if err != nil {
			return "", err
		}
		w.State, w.DecidedAt, w.DecidedBy, w.Alone = Approved, now, p.UserID, said
		w.HoldsFrom, w.HoldsTo = w.Starts, w.Expires
		if w.HoldsFrom.Before(now) {
			w.HoldsFrom = now.UTC().Truncate(time.Microsecond)
		}
		if err := s.apart(ctx, tx, *w, items); err != nil {
			return "", err
		}
		return s.save(ctx, tx, *w, "approved", p.UserID, said, map[string]string{"alone": said})
	})
}

// Refuse ends what was asked for, with a reason (waiver.approve).
func (s *Service) Refuse(ctx context.Context, p access.Principal, ref, note string) error {
	return s.decide(ctx, func(tx *sql.Tx) error { return two(s.RefuseIn(ctx, tx, p, ref, note)) })
}

// RefuseIn is Refuse in the caller's transaction, and gives the entry. Changed
// follows the commit.
func (s *Service) RefuseIn(ctx context.Context, tx *sql.Tx, p access.Principal, ref, note string) (entry string, err error) {
	if err := access.Authorise(p, access.WaiverApprove); err != nil {
		return "", err
	}
	if note, err = tidyNote(note, true); err != nil {
		return "", err
	}
	return s.change(ctx, tx, ref, func(w *Waiver) (string, error) {
		if w.State != Asked {
			return "", fault.New(fault.Conflict, "%s is %s", w.Ref(), w.State)
		}
		w.State, w.DecidedAt, w.DecidedBy = Refused, s.cfg.Clock(), p.UserID
		return s.save(ctx, tx, *w, "refused", p.UserID, note, nil)
	})
}

// Withdraw ends a waiver now, or takes back what was asked for, with a reason
// (waiver.ask): whoever may ask may end an acceptance.
func (s *Service) Withdraw(ctx context.Context, p access.Principal, ref, note string) error {
	if err := access.Authorise(p, access.WaiverAsk); err != nil {
		return err
	}
	note, err := tidyNote(note, true)
	if err != nil {
		return err
	}
	return s.decide(ctx, func(tx *sql.Tx) error {
		return two(s.change(ctx, tx, ref, func(w *Waiver) (string, error) {
			now := s.cfg.Clock().UTC().Truncate(time.Microsecond)
			switch {
			case w.State == Asked:
				w.HoldsTo = now
			case w.State == Approved && w.HoldsTo.After(now):
				w.HoldsTo = now
				if w.HoldsFrom.After(now) { // it never held
					w.HoldsTo = w.HoldsFrom
				}
			default:
				return "", fault.New(fault.Conflict, "%s is over: it is %s", w.Ref(), w.State)
			}
			w.State = Withdrawn
			return s.save(ctx, tx, *w, "withdrawn", p.UserID, note, nil)
		}))
	})
}

func (s *Service) save(ctx context.Context, tx *sql.Tx, w Waiver, kind, actor, note string, said map[string]string) (entry string, err error) {
	if err := updateWaiver(ctx, tx, w); err != nil {
		return "", err
	}
	return s.record(ctx, tx, w, kind, actor, note, s.cfg.Clock(), said)
}

// decide changes waivers in a transaction of its own.
func (s *Service) decide(ctx context.Context, change func(*sql.Tx) error) error {
	if err := s.cfg.DB.Tx(ctx, change); err != nil {
		return err
	}
	s.Changed()
	return nil
}

// Changed lets what follows from decisions happen, once they are committed.
func (s *Service) Changed() {
	s.cfg.Ledger.Wake()
	if s.cfg.OnChange != nil {
		s.cfg.OnChange()
	}
}

// change changes one waiver, that no other transaction changes meanwhile.
func (s *Service) change(ctx context.Context, tx *sql.Tx, ref string, change func(*Waiver) (entry string, err error)) (string, error) {
	w, err := lockWaiver(ctx, tx, ref)
	if err != nil {
		return "", err
	}
	return change(&w)
}

// Hold gives a waiver that nobody else changes until the transaction ends.
func (s *Service) Hold(ctx context.Context, tx *sql.Tx, ref string) (Waiver, error) {
	return lockWaiver(ctx, tx, ref)
}

func two(_ string, err error) error { return err }

// Due is a waiver whose items must be judged again.
type Due struct {
	Waiver Waiver
	Items  []string
	From   time.Time // outcomes become others from then on

	now time.Time // up to which it was looked at
}

// Due gives the waivers that began or ended and whose items were not judged
// since.
func (s *Service) Due(ctx context.Context) ([]Due, error) {
	now := s.cfg.Clock()
	all, err := dueWaivers(ctx, s.cfg.DB.Reader(), now)
	if err != nil {
		return nil, err
	}
	var out []Due
	for _, w := range all {
		d := Due{Waiver: w, From: w.HoldsTo, now: now}
		if !w.Began {
			d.From = w.HoldsFrom
		}
		if w.HoldsFrom.Before(w.HoldsTo) { // otherwise it never held
			items, err := itemsOf(ctx, s.cfg.DB.Reader(), w.ID, "", maxItems)
			if err != nil {
				return nil, err
			}
			for _, i := range items {
				d.Items = append(d.Items, i.ID)
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// Settle says that the items of what was due were judged. A waiver whose time is
// over is expired from then on.
func (s *Service) Settle(ctx context.Context, d Due) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		w, err := lockWaiver(ctx, tx, d.Waiver.ID)
		if err != nil {
			return err
		}
		now := s.cfg.Clock()
		if !w.Began {
			w.Began = true
			if w.HoldsFrom.Before(w.HoldsTo) {
				if _, err := s.record(ctx, tx, w, "began", "system", "", now, nil); err != nil {
					return err
				}
			}
		}
		// One that was withdrawn since Due is due once more.
		if w.HoldsTo.Equal(d.Waiver.HoldsTo) && !w.HoldsTo.After(d.now) {
			w.Ended = true
			if w.State == Approved {
				w.State = Expired
				if _, err := s.record(ctx, tx, w, "expired", "system", "", now, nil); err != nil {
					return err
				}
			}
		}
		return updateWaiver(ctx, tx, w)
	})
}

// Covers gives the waivers of an item as outcomes are judged by them. q may be
// the caller's transaction.
func (s *Service) Covers(ctx context.Context, q database.Querier, item string) ([]outcome.Cover, error) {
	return coversOf(ctx, q, item)
}

// Covering gives the waiver that covers an item's attribute at a moment.
func (s *Service) Covering(ctx context.Context, check, attribute, item string, at time.Time) (Waiver, bool, error) {
	all, err := ofItem(ctx, s.cfg.DB.Reader(), item)
	if err != nil {
		return Waiver{}, false, err
	}
	for _, w := range all {
		if w.Check == check && (w.Attribute == "" || w.Attribute == attribute) && w.Holds(at) {
			return w, true, nil
		}
	}
	return Waiver{}, false, nil
}

// AskedFor gives the waivers of an item's attribute that wait for a decision.
func (s *Service) AskedFor(ctx context.Context, check, attribute, item string) ([]Waiver, error) {
	all, err := ofItem(ctx, s.cfg.DB.Reader(), item)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(w Waiver) bool {
		return w.State != Asked || w.Check != check || w.Attribute != "" && w.Attribute != attribute
	}), nil
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	States []State
	Check  string
	Item   string // id
	Owner  string
	Query  string // part of number, check, control or the first items' names
}

// Page is one page of a list.
type Page struct {
	Waivers []Waiver
	Next    string
	Total   int64
}

// List gives a page of waivers, newest first.
func (s *Service) List(ctx context.Context, f Filter, cursor string, limit int) (Page, error) {
	if limit < 1 || limit > 1000 {
		return Page{}, fault.New(fault.Invalid, "a page has 1 to 1000 waivers").At("", 0, "limit")
	}
	return list(ctx, s.cfg.DB.Reader(), f, cursor, limit)
}

// Counts gives how many waivers there are by state.
func (s *Service) Counts(ctx context.Context) (map[State]int64, error) {
	return counts(ctx, s.cfg.DB.Reader())
}

// Get gives one waiver by id or number ("W-3").
func (s *Service) Get(ctx context.Context, ref string) (Waiver, error) {
	return get(ctx, s.cfg.DB.Reader(), ref)
}

// Items gives a page of a waiver's items by id, after the id cursor.
func (s *Service) Items(ctx context.Context, id, cursor string, limit int) ([]Item, error) {
	return itemsOf(ctx, s.cfg.DB.Reader(), id, cursor, limit)
}

// Timeline gives a waiver's events, oldest first.
func (s *Service) Timeline(ctx context.Context, id string) ([]Event, error) {
	return timeline(ctx, s.cfg.DB.Reader(), id)
}
