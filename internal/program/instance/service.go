package instance

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/control"
)

// Config wires a Service. All fields are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
}

// Service records what people say about instances.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func tidy(reason string, least int) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	switch n := utf8.RuneCountInString(reason); {
	case !utf8.ValidString(reason):
		return "", bad("reason", "the text is not UTF-8")
	case n < least:
		return "", bad("reason", "the text has %d letters; at least %d are asked for", n, least).WithHint("an auditor reads it")
	case n > 1000:
		return "", bad("reason", "the text has %d letters; at most 1000 are kept", n)
	}
	return reason, nil
}

// Trigger is what set a control off.
type Trigger struct {
	Occurred time.Time
	Due      time.Time // the control is performed before it; zero: 30 days later
	What     string    // what it was, or its reference: "leaver, ticket 1207"
}

// SetOff records that something set a control off: an instance is expected of
// it from then on. It gives the instance's key. Kind Invalid names the field.
func (s *Service) SetOff(ctx context.Context, p access.Principal, slug string, t Trigger) (string, error) {
	if err := access.Authorise(p, access.InstanceRecord); err != nil {
		return "", err
	}
	what, err := tidy(t.What, 3)
	if err != nil {
		return "", err
	}
	now := s.cfg.Clock()
	switch {
	case t.Occurred.IsZero():
		return "", bad("occurred", "say when it happened")
	case t.Occurred.After(now):
		return "", bad("occurred", "%s has not come yet", t.Occurred.Format(time.DateTime)).WithHint("record what set the control off once it did")
	case t.Due.IsZero():
		t.Due = t.Occurred.AddDate(0, 0, triggerDays)
	case !t.Due.After(t.Occurred):
		return "", bad("due", "it is due before it happened").WithHint("put the later moment last")
	case t.Due.After(t.Occurred.AddDate(1, 0, 0)):
		return "", bad("due", "it is due more than a year after it happened")
	}
	key := ""
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		program, c, err := find(ctx, tx, slug)
		if err != nil {
			return err
		}
		v, inUse := c.At(t.Occurred, -1)
		if !inUse || v.State != control.Adopted {
			return bad("occurred", "control %s was not in use, approved, on that day", slug).WithHint("what happened before needs no instance of it")
		}
		if !Triggered(v.Design) {
			return fault.New(fault.Invalid, "control %s is performed by frequency (%s), not when something sets it off", slug, v.Design.Rhythm())
		}
		zone := program.ScopeAt(now, -1).Location()
		events, err := Events(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		n := 1
		day := dateOf(t.Occurred, zone).String()
		for _, e := range events {
			if e.Kind == SetOff && strings.HasPrefix(e.Instance, day+".") {
				n++
			}
		}
		key = fmt.Sprintf("%s.%d", day, n)
		return s.add(ctx, tx, p, slug, Event{Control: c.ID, Instance: key, Kind: SetOff, Occurred: t.Occurred, Due: t.Due, Reason: what})
	})
	return key, err
}

// Say records that an instance is waived or a waiver taken back, or that what
// set a control off was recorded in error. Kind Conflict where that stands
// already, NotFound for an instance that is not expected.
func (s *Service) Say(ctx context.Context, p access.Principal, slug, key string, kind Happening, reason string) error {
	action := access.InstanceWaive
	if kind == Withdrawn {
		action = access.InstanceRecord
	}
	if err := access.Authorise(p, action); err != nil {
		return err
	}
	reason, err := tidy(reason, 10)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		program, c, err := find(ctx, tx, slug)
		if err != nil {
			return err
		}
		events, err := Events(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		now := s.cfg.Clock()
		i, found := NewBook(nil, events).Find(&c, program.ScopeAt(now, -1).Location(), now, key)
		switch {
		case !found:
			return fault.New(fault.NotFound, "no instance %q is expected of control %s", key, slug)
		case i.Start.After(now):
			return fault.New(fault.Invalid, "instance %s of control %s has not begun yet", key, slug)
		case kind == Withdrawn && i.Trigger == "":
			return fault.New(fault.Invalid, "instance %s of control %s follows from its frequency; it can be waived, not withdrawn", key, slug)
		case kind == Waived && i.State == Waiver:
			return fault.New(fault.Conflict, "instance %s of control %s is waived already", key, slug)
		case kind == Resumed && i.State != Waiver:
			return fault.New(fault.Conflict, "instance %s of control %s is not waived", key, slug)
		case kind != Waived && kind != Resumed && kind != Withdrawn:
			return fault.New(fault.Invalid, "%q is nothing that can be said of an instance", kind)
		}
		return s.add(ctx, tx, p, slug, Event{Control: c.ID, Instance: key, Kind: kind, Reason: reason})
	})
}

func (s *Service) add(ctx context.Context, tx *sql.Tx, p access.Principal, slug string, e Event) error {
	now := s.cfg.Clock()
	e.ID, e.At, e.By = ids.New("ins", now), now, p.UserID
	data := map[string]any{"id": e.ID, "control": e.Control, "instance": e.Instance}
	if e.Kind == SetOff {
		data["occurred"], data["due"] = e.Occurred, e.Due
	}
	var err error
	e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "instance." + string(e.Kind), Stream: "people", Actor: p.UserID, Subject: slug,
		Data: data, Personal: map[string]string{"reason": e.Reason}})
	if err != nil {
		return fmt.Errorf("record an instance of control %s: %w", slug, err)
	}
	return insert(ctx, tx, e)
}

func find(ctx context.Context, q database.Querier, slug string) (*control.Program, control.Control, error) {
	program, err := control.Load(ctx, q)
	if err != nil {
		return nil, control.Control{}, err
	}
	for _, c := range program.Controls {
		if c.Slug == slug {
			return program, c, nil
		}
	}
	return program, control.Control{}, fault.New(fault.NotFound, "the organisation has no control %q", slug)
}

// Find gives one instance of a control by its key, as it stands at a moment as
// known now; false where none is expected by that key. Instances up to a year
// ahead are found.
func (b *Book) Find(c *control.Control, zone *time.Location, now time.Time, key string) (Instance, bool) {
	p := b.Plan(c, zone, -1, time.Time{}.AddDate(1999, 0, 0), now.AddDate(1, 0, 0))
	i, _, found := p.Find(key, AsPerformance, now)
	return i, found
}

// Quarter gives a quarter for which what sets a control off is counted.
func (b *Book) Quarter(c *control.Control, zone *time.Location, now time.Time, key string) (Instance, bool) {
	p := b.Plan(c, zone, -1, time.Time{}.AddDate(1999, 0, 0), now.AddDate(1, 0, 0))
	i, _, found := p.Find(key, AsPopulation, now)
	return i, found
}

// Bound holds a ledger record of this package against its row.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	kind, ok := strings.CutPrefix(rec.Type, "instance.")
	if !ok {
		return nil
	}
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	e, slug, found, err := eventByEntry(ctx, q, rec.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse("its row is gone")
	}
	text := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
	ok = string(e.Kind) == kind && slug == rec.Subject && e.ID == rec.Data["id"] && e.Control == rec.Data["control"] && e.Instance == rec.Data["instance"]
	if e.Kind == SetOff {
		ok = ok && text(e.Occurred) == rec.Data["occurred"] && text(e.Due) == rec.Data["due"]
	}
	if !ok {
		return refuse("its row says something else than was recorded")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if said != nil && said["reason"] != e.Reason { // nil: erased, and that is an entry of its own
		return refuse("its row gives other words than were recorded")
	}
	return nil
}

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	var out []ledger.Binding
	for _, k := range []Happening{SetOff, Withdrawn, Waived, Resumed} {
		out = append(out, ledger.Binding{Name: "instance." + string(k), Check: Bound})
	}
	return out
}
