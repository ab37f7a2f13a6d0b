package badge

import (
	"cmp"
	"context"
	"database/sql"
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
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/roster"
)

// Config is what the service depends on. What may be nil says so.
type Config struct {
	Journal journal.Config
	Places  *place.Service
	// Who gives who there is and whose badges are, and a mark that changes when that
	// does; nil: nobody is known.
	Who  func(ctx context.Context) (*roster.Owners, error)
	Mark func(ctx context.Context) (string, error)
}

// Service keeps badge systems.
type Service struct {
	cfg     Config
	systems *journal.Journal[System]
	lists   *journal.Journal[List]

	mu   sync.Mutex
	kept *derived // guarded by mu: what follows from cards and people, as last derived
}

// Object is a badge system with its number and history; ListObject a list.
type (
	Object     = journal.Object[System]
	ListObject = journal.Object[List]
)

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Journal.Clock == nil {
		cfg.Journal.Clock = clock.System
	}
	return &Service{cfg: cfg, systems: journal.New[System](cfg.Journal, Kind), lists: journal.New[List](cfg.Journal, ListKind)}
}

func (s *Service) now() time.Time           { return s.cfg.Journal.Clock() }
func (s *Service) reader() database.Querier { return s.cfg.Journal.DB.Reader() }
func (s *Service) wake()                    { s.cfg.Journal.Ledger.Wake() }
func (s *Service) person(p access.Principal, a access.Action) error {
	if err := access.Authorise(p, a); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person does this")
	}
	return nil
}

// settle checks settings against the site and its owner.
func (s *Service) settle(ctx context.Context, p access.Principal, in *Settings) (siteID string, err error) {
	if err := in.check(); err != nil {
		return "", err
	}
	site, err := s.cfg.Places.Site(ctx, p, in.Site)
	if fault.Is(err, fault.NotFound) {
		return "", fault.Wrap(fault.Invalid, err, "there is no site %q", in.Site).At("", 0, "site")
	}
	if err != nil {
		return "", err
	}
	if site.Content.State != place.Used {
		return "", bad("site", "%s was closed on %s", site.Content.Name, site.Content.Closed)
	}
	u, err := access.WhoMay(ctx, s.reader(), cmp.Or(in.Owner, site.Content.Owner), access.PlaceRead)
	if err != nil {
		return "", err
	}
	in.Site, in.Owner = site.Ref, u.ID
	return site.ID, nil
}

// Add adds a badge system (place.edit).
func (s *Service) Add(ctx context.Context, p access.Principal, in Settings) (*Object, error) {
	if err := s.person(p, access.PlaceEdit); err != nil {
		return nil, err
	}
	site, err := s.settle(ctx, p, &in)
	if err != nil {
		return nil, err
	}
	have, _, err := s.systems.List(ctx, journal.Filter{States: []string{Used}})
	if err != nil {
		return nil, err
	}
	for _, o := range have {
		if strings.EqualFold(o.Content.Name, in.Name) {
			return nil, fault.New(fault.Conflict, "%s is %s already", in.Name, o.Ref).At("", 0, "name")
		}
	}
	return s.systems.Create(ctx, p, "added", "", System{Settings: in, SiteID: site, State: Used})
}

func (s *Service) change(ctx context.Context, p access.Principal, ref, step, note string, change func(tx *sql.Tx, o *Object) error) (*Object, error) {
	return s.systems.Change(ctx, p, ref, 0, step, note, func(tx *sql.Tx, o *Object) error {
		if o.Content.State != Used {
			return fault.New(fault.Conflict, "%s ended on %s", o.Ref, o.Content.Ended)
		}
		return change(tx, o)
	})
}

// Describe writes anew what is said of a badge system (place.edit).
func (s *Service) Describe(ctx context.Context, p access.Principal, ref string, in Settings, note string) (*Object, error) {
	if err := s.person(p, access.PlaceEdit); err != nil {
		return nil, err
	}
	site, err := s.settle(ctx, p, &in)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, p, ref, "described", note, func(_ *sql.Tx, o *Object) error {
		o.Content.Settings, o.Content.SiteID = in, site
		return nil
	})
}

// SetPool says that a badge is no one person's, and what it is for (place.edit); an
// empty why says that it is somebody's again.
func (s *Service) SetPool(ctx context.Context, p access.Principal, ref, card, why string) (*Object, error) {
	if err := s.person(p, access.PlaceEdit); err != nil {
		return nil, err
	}
	card, err := journal.Line("card", card, "which badge", true, 80)
	if err != nil {
		return nil, err
	}
	if why, err = journal.Line("why", why, "", false, 200); err != nil {
		return nil, err
	}
	o, err := s.change(ctx, p, ref, "pooled", "", func(_ *sql.Tx, o *Object) error {
		c := &o.Content
		c.Pool = slices.DeleteFunc(slices.Clone(c.Pool), func(x Pool) bool { return key(x.Card) == key(card) })
		if why == "" {
			return nil
		}
		if len(c.Pool) == 500 {
			return bad("card", "at most 500 badges are in the pool")
		}
		c.Pool = append(c.Pool, Pool{card, why})
		return nil
	})
	s.forget()
	return o, err
}

// End says that a badge system is used no more, and what became of its badges
// (place.edit).
func (s *Service) End(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if err := s.person(p, access.PlaceEdit); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	now, zone, err := s.cfg.Places.Now(ctx)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, p, ref, "ended", note, func(_ *sql.Tx, o *Object) error {
		o.Content.State, o.Content.Ended = Ended, now.In(zone).Format(time.DateOnly)
		return nil
	})
}

// Token makes a new token for what a badge system reports with (place.token); the
// old one holds no more. It is given once.
func (s *Service) Token(ctx context.Context, p access.Principal, ref string) (string, error) {
	if err := access.Proved(p, access.PlaceToken); err != nil {
		return "", err
	}
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a named person does this")
	}
	token := ""
	_, err := s.change(ctx, p, ref, "token", "", func(tx *sql.Tx, o *Object) (err error) {
		o.Content.Hook = s.now()
		token, err = place.NewToken(ctx, tx, o.ID, o.Content.Hook)
		return err
	})
	return token, err
}

// System gives one with its history (place.read).
func (s *Service) System(ctx context.Context, p access.Principal, ref string) (*Object, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	return s.systems.Get(ctx, ref)
}

// Systems gives badge systems, newest first (place.read).
func (s *Service) Systems(ctx context.Context, p access.Principal) ([]Object, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	all, _, err := s.systems.List(ctx, journal.Filter{})
	return all, err
}

// Lists gives what was brought for a system, newest first; of all where system is
// empty (badge.read).
func (s *Service) Lists(ctx context.Context, p access.Principal, system string) ([]ListObject, error) {
	if err := access.Authorise(p, access.BadgeRead); err != nil {
		return nil, err
	}
	all, _, err := s.lists.List(ctx, journal.Filter{Topic: system, Limit: 500})
	return all, err
}

// List gives one list (badge.read).
func (s *Service) List(ctx context.Context, p access.Principal, ref string) (*ListObject, error) {
	if err := access.Authorise(p, access.BadgeRead); err != nil {
		return nil, err
	}
	return s.lists.Get(ctx, ref)
}

// Brought is a list as it comes in. Holders or Readings is set.
type Brought struct {
	Is       string
	Way      string // file, api, webhook
	File     string
	Raw      []byte
	TakenAt  time.Time // zero: now
	Holders  []Holder
	Readings []Reading
	Repeated int // lines that say what another one says
	Refused  []Refused
}

// Limits of a list.
const (
	MaxHolders  = 100_000
	MaxReadings = 1_000_000
	maxRefused  = 200
)

// Looked is what a list would change, or changed.
type Looked struct {
	List    List     `json:"list"`
	Ref     string   `json:"ref,omitempty"` // BL-3; absent in a preview
	Changes []Change `json:"changes"`       // the first 500
}

var errDry = fault.New(fault.Internal, "a preview is taken back")

// Bring takes a list for a badge system (badge.bring); dry takes nothing and says
// what would change.
func (s *Service) Bring(ctx context.Context, p access.Principal, ref string, b Brought, dry bool) (*Looked, error) {
	if err := s.person(p, access.BadgeBring); err != nil {
		return nil, err
	}
	return s.bring(ctx, p, ref, b, dry)
}

func (s *Service) bring(ctx context.Context, p access.Principal, ref string, b Brought, dry bool) (*Looked, error) {
	sys, err := s.systems.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if b.TakenAt.IsZero() {
		b.TakenAt = now
	}
	b.TakenAt = b.TakenAt.UTC().Truncate(time.Microsecond)
	switch {
	case sys.Content.State != Used:
		return nil, fault.New(fault.Conflict, "%s ended on %s", sys.Ref, sys.Content.Ended)
	case b.TakenAt.After(now):
		return nil, bad("taken", "the list was taken in the future")
	case len(b.Holders) > MaxHolders:
		return nil, bad("file", "the list holds %d badges; at most %d are read", len(b.Holders), MaxHolders)
	case len(b.Readings) > MaxReadings:
		return nil, bad("file", "the list holds %d readings; at most %d are read at once", len(b.Readings), MaxReadings)
	case b.Is == Holders && len(b.Holders) == 0, b.Is == Readings && len(b.Readings) == 0:
		return nil, bad("file", "no line of the list could be taken")
	}
	l := List{System: sys.ID, SystemRef: sys.Ref, Is: b.Is, Way: b.Way, File: b.File, SHA256: sumOf(b.Raw), TakenAt: b.TakenAt, Accepted: len(b.Holders) + len(b.Readings), Repeated: b.Repeated, Refusals: len(b.Refused), Refused: b.Refused[:min(len(b.Refused), maxRefused)], State: Taken, Bringer: p.UserID}
	l.Lines = l.Accepted + l.Repeated + l.Refusals
	before, _, err := s.lists.List(ctx, journal.Filter{Topic: sys.ID, States: []string{Taken, Held}})
	if err != nil {
		return nil, err
	}
	for _, o := range before {
		x := o.Content
		switch {
		case x.SHA256 == l.SHA256 && x.Is == l.Is && (x.TakenAt.Equal(l.TakenAt) || l.Is == Readings):
			return nil, fault.New(fault.Conflict, "this very file was brought already, as %s", o.Ref).At("", 0, "file")
		case l.Is == Holders && x.Is == Holders && x.State == Held:
			return nil, fault.New(fault.Conflict, "%s is held: somebody decides on it first", o.Ref)
		case l.Is == Holders && x.Is == Holders && x.TakenAt.After(l.TakenAt):
			return nil, bad("taken", "%s was taken later, on %s", o.Ref, x.TakenAt.Format(time.RFC3339)).WithHint("bring lists in their order")
		}
	}
	out := &Looked{Changes: []Change{}}
	err = s.cfg.Journal.DB.Tx(ctx, func(tx *sql.Tx) error {
		out.Changes = []Change{}
		list := l
		var o *ListObject
		if b.Is == Readings {
			if list.NewReading, err = s.read(ctx, tx, sys.ID, b.Readings); err != nil {
				return err
			}
			list.Repeated += len(b.Readings) - list.NewReading
			list.FirstUse, list.NewestUse = b.Readings[0].At, b.Readings[0].At
			for _, r := range b.Readings {
				if r.At.Before(list.FirstUse) {
					list.FirstUse = r.At
				}
				list.NewestUse = later(list.NewestUse, r.At)
			}
			if o, err = s.lists.CreateIn(ctx, tx, p, "brought", "", list); err != nil {
				return err
			}
		} else {
			have, err := cardsOf(ctx, tx, sys.ID)
			if err != nil {
				return err
			}
			raw, err := json.Marshal(b.Holders)
			if err != nil {
				return fmt.Errorf("write a list of badges: %w", err)
			}
			list.Content = sumOf(raw)
			changes, next, n := plan(have, b.Holders, len(b.Refused) > 0, list.TakenAt)
			list.Counts = n
			if list.Held = held(have, n); list.Held != "" {
				list.State = Held
			} else if list.Changes, err = numbered(changes); err != nil {
				return err
			}
			if o, err = s.lists.CreateIn(ctx, tx, p, "brought", "", list); err != nil {
				return err
			}
			if err := saveContent(ctx, tx, o.ID, string(raw)); err != nil {
				return err
			}
			if list.State == Taken {
				if err := apply(ctx, tx, sys.ID, o.ID, changes, next); err != nil {
					return err
				}
			}
			out.Changes = changes[:min(len(changes), 500)]
		}
		out.List, out.Ref = list, o.Ref
		if dry {
			out.Ref = ""
			return errDry
		}
		return nil
	})
	if dry && fault.Is(err, fault.Internal) && err == error(errDry) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	s.wake()
	s.forget()
	return out, nil
}

// numbered numbers changes and gives the digest that the ledger has of them.
func numbered(changes []Change) (string, error) {
	for i := range changes {
		changes[i].Seq = i + 1
	}
	if changes == nil {
		changes = []Change{}
	}
	return digestOf(changes)
}

// apply stores what a list makes of the cards of a system.
func apply(ctx context.Context, tx *sql.Tx, system, list string, changes []Change, next []Card) error {
	ids := map[string]int64{}
	for i := range next {
		c := &next[i]
		if c.ID == 0 {
			id, err := nextID(ctx, tx, "badge_card")
			if err != nil {
				return err
			}
			c.ID = id
			if err := insertCard(ctx, tx, system, c); err != nil {
				return err
			}
		} else if err := updateCard(ctx, tx, c); err != nil {
			return err
		}
		ids[key(c.Number)] = c.ID
	}
	for i := range changes {
		c := &changes[i]
		c.List, c.Card = list, ids[key(c.Number)]
		if err := insertChange(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// Approve takes a list that was held (badge.approve): somebody else than who
// brought it.
func (s *Service) Approve(ctx context.Context, p access.Principal, ref, note, alone string) (*ListObject, error) {
	if err := s.person(p, access.BadgeApprove); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	o, err := s.lists.Change(ctx, p, ref, 0, "approved", note, func(tx *sql.Tx, o *ListObject) error {
		l := &o.Content
		if l.State != Held {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, l.State)
		}
		said, err := access.SecondPerson(ctx, tx, p, l.Bringer, access.BadgeApprove, alone)
		if err != nil {
			return err
		}
		holders, err := contentOf(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		have, err := cardsOf(ctx, tx, l.System)
		if err != nil {
			return err
		}
		changes, next, n := plan(have, holders, l.Refusals > 0, l.TakenAt)
		l.State, l.Counts, l.Decider, l.Alone = Taken, n, p.UserID, said
		if l.Changes, err = numbered(changes); err != nil {
			return err
		}
		return apply(ctx, tx, l.System, o.ID, changes, next)
	})
	if err == nil {
		s.forget()
	}
	return o, err
}

// Drop refuses a list that was held, with a reason (badge.approve). Nothing changes.
func (s *Service) Drop(ctx context.Context, p access.Principal, ref, note string) (*ListObject, error) {
	if err := s.person(p, access.BadgeApprove); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.lists.Change(ctx, p, ref, 0, "dropped", note, func(_ *sql.Tx, o *ListObject) error {
		if o.Content.State != Held {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, o.Content.State)
		}
		o.Content.State, o.Content.Decider = Dropped, p.UserID
		return nil
	})
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	lists := journal.Bindings[List](ListKind)
	for i := range lists {
		hold := lists[i].Check
		lists[i].Check = func(ctx context.Context, q database.Querier, rec ledger.Record) error {
			if err := hold(ctx, q, rec); err != nil {
				return err
			}
			return holdList(ctx, q, rec)
		}
	}
	return slices.Concat(journal.Bindings[System](Kind), lists, []ledger.Binding{{Name: dayEntry, Check: holdDay}})
}

// holdList is kind Refused where the holders of a list, or what it changed, are not
// what was recorded.
func holdList(ctx context.Context, q database.Querier, rec ledger.Record) error {
	l, err := listByEntry(ctx, q, rec.ID)
	if err != nil || l.Is != Holders {
		return err
	}
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	text, err := rawContent(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	if sumOf([]byte(text)) != l.Content {
		return refuse("the holders of the list do not have the recorded digest")
	}
	if l.State != Taken {
		return nil
	}
	changes, err := changesOf(ctx, q, changeFilter{list: rec.Subject})
	if err != nil {
		return err
	}
	slices.SortFunc(changes, func(a, b Change) int { return a.Seq - b.Seq })
	for i := range changes {
		changes[i].List, changes[i].Card = "", 0
	}
	if changes == nil {
		changes = []Change{}
	}
	sum, err := digestOf(changes)
	if err == nil && sum != l.Changes {
		return refuse("what the list changed does not have the recorded digest")
	}
	return err
}
