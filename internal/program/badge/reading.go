package badge

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/place"
)

// dayEntry is the type of ledger entries about a day of readings.
const dayEntry = "badge_day.sealed"

// read stores readings that are new and gives how many; their days are open again.
func (s *Service) read(ctx context.Context, tx *sql.Tx, system string, list []Reading) (int, error) {
	cards, err := cardsOf(ctx, tx, system)
	if err != nil {
		return 0, err
	}
	doors, err := doorsOf(ctx, tx, system)
	if err != nil {
		return 0, err
	}
	add, done, err := insertReadings(ctx, tx)
	if err != nil {
		return 0, err
	}
	defer done()
	n := 0
	used, days := map[int64]time.Time{}, map[string]bool{}
	for i := range list {
		r := &list[i]
		c := cards[key(r.Card)]
		if c == nil {
			c = &Card{Number: r.Card, State: Unlisted, Holder: Holder{Card: r.Card}, First: r.At, Changed: r.At}
			if c.ID, err = nextID(ctx, tx, "badge_card"); err != nil {
				return n, err
			}
			if err := insertCard(ctx, tx, system, c); err != nil {
				return n, err
			}
			cards[key(r.Card)] = c
		}
		door, ok := doors[r.Door]
		if !ok {
			if door, err = nextID(ctx, tx, "badge_door"); err != nil {
				return n, err
			}
			if err := insertDoor(ctx, tx, door, system, r.Door); err != nil {
				return n, err
			}
			doors[r.Door] = door
		}
		fresh, err := add(c.ID, r.At, door, r.Granted)
		if err != nil {
			return n, err
		}
		if !fresh {
			continue
		}
		n++
		days[r.At.UTC().Format(time.DateOnly)] = true
		if r.Granted {
			used[c.ID] = later(used[c.ID], r.At)
		}
	}
	for id, at := range used {
		if err := useCard(ctx, tx, id, at); err != nil {
			return n, err
		}
	}
	for d := range days {
		if err := openDay(ctx, tx, system, d); err != nil {
			return n, err
		}
	}
	return n, nil
}

// MaxMessage is the largest message of a badge system, in bytes.
const MaxMessage = 1 << 20

const maxPushed = 5000

// message is what a badge system sends.
type message struct {
	Readings []struct {
		Card    string    `json:"card"`
		At      time.Time `json:"at"`
		Door    string    `json:"door"`
		Granted *bool     `json:"granted"`
	} `json:"readings"`
	Holders []struct {
		Card   string   `json:"card"`
		Name   string   `json:"name"`
		Mail   string   `json:"mail"`
		Number string   `json:"number"`
		Active *bool    `json:"active"`
		Zones  []string `json:"zones"`
	} `json:"holders"`
	Taken time.Time `json:"taken"`
}

// Understand reads a message of a badge system: readings, or a whole list of
// holders. Kind Invalid where it cannot be read; never half of it.
func Understand(body []byte, now time.Time) (holders []Holder, readings []Reading, taken time.Time, err error) {
	fail := func(field, format string, args ...any) ([]Holder, []Reading, time.Time, error) {
		return nil, nil, time.Time{}, bad(field, format, args...)
	}
	if len(body) == 0 || len(body) > MaxMessage {
		return fail("", "a message has 1 to %d bytes", MaxMessage)
	}
	if !utf8.Valid(body) {
		return fail("", "the message is not UTF-8")
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, nil, taken, fault.Wrap(fault.Invalid, err, "the message is not JSON of the form {\"readings\":[{\"card\":…,\"at\":…,\"door\":…,\"granted\":…}]} or {\"taken\":…,\"holders\":[{\"card\":…,\"name\":…,\"mail\":…,\"zones\":[…]}]}")
	}
	switch {
	case len(m.Readings) > 0 && len(m.Holders) > 0:
		return fail("holders", "a message holds readings or a list of holders, not both")
	case len(m.Readings)+len(m.Holders) == 0:
		return fail("readings", "the message holds nothing")
	case len(m.Readings) > maxPushed:
		return fail("readings", "a message holds at most %d readings", maxPushed)
	}
	for i, r := range m.Readings {
		field := fmt.Sprintf("readings[%d]", i)
		card, door, problem := tidyReading(r.Card, r.Door, r.At, now)
		if problem != "" {
			return fail(field, "%s", problem)
		}
		readings = append(readings, Reading{card, r.At.UTC().Truncate(time.Microsecond), door, r.Granted == nil || *r.Granted})
	}
	seen := map[string]bool{}
	for i, h := range m.Holders {
		x := Holder{Card: h.Card, Name: h.Name, Mail: h.Mail, Number: h.Number, Active: h.Active == nil || *h.Active, Zones: h.Zones}
		if problem := x.Tidy(); problem != "" {
			return fail(fmt.Sprintf("holders[%d]", i), "%s", problem)
		}
		if seen[key(x.Card)] {
			return fail(fmt.Sprintf("holders[%d].card", i), "badge %s stands in it twice", x.Card)
		}
		seen[key(x.Card)] = true
		holders = append(holders, x)
	}
	return holders, readings, m.Taken, nil
}

func tidyReading(card, door string, at, now time.Time) (string, string, string) {
	card, door = strings.Join(strings.Fields(card), " "), strings.Join(strings.Fields(door), " ")
	switch {
	case card == "" || len(card) > 80:
		return card, door, "a reading names a badge, in 1 to 80 bytes"
	case len(door) > 120:
		return card, door, "a door has at most 120 bytes"
	case !utf8.ValidString(card + door):
		return card, door, "this is not UTF-8"
	case at.Year() < 2000:
		return card, door, "a reading says when it was, as 2026-03-02T09:05:00Z"
	case at.After(now.Add(5 * time.Minute)):
		return card, door, at.Format(time.RFC3339) + " has not come yet"
	}
	return card, door, ""
}

// Tidy tidies a reading; problem says what is wrong with it.
func (r *Reading) Tidy(now time.Time) (problem string) {
	r.Card, r.Door, problem = tidyReading(r.Card, r.Door, r.At, now)
	r.At = r.At.UTC().Truncate(time.Microsecond)
	return problem
}

// Tidy tidies a holder; problem says what is wrong with it.
func (h *Holder) Tidy() (problem string) {
	for _, t := range []struct {
		what string
		text *string
		most int
	}{{"badge", &h.Card, 80}, {"name", &h.Name, 200}, {"mail", &h.Mail, 254}, {"number", &h.Number, 80}} {
		*t.text = strings.Join(strings.Fields(strings.ToValidUTF8(*t.text, "\ufffd")), " ")
		if len(*t.text) > t.most {
			return fmt.Sprintf("the %s has more than %d bytes", t.what, t.most)
		}
	}
	h.Mail = strings.ToLower(h.Mail)
	if h.Card == "" {
		return "it names no badge"
	}
	if h.Mail != "" && (strings.Count(h.Mail, "@") != 1 || strings.ContainsAny(h.Mail, " <>")) {
		return fmt.Sprintf("%q is no mail address", h.Mail)
	}
	var zones []string
	seen := map[string]bool{}
	for _, z := range h.Zones {
		z = strings.Join(strings.Fields(strings.ToValidUTF8(z, "\ufffd")), " ")
		if len(z) > 120 {
			return "an access level has more than 120 bytes"
		}
		if z != "" && !seen[strings.ToLower(z)] {
			seen[strings.ToLower(z)] = true
			zones = append(zones, z)
		}
	}
	if len(zones) > 200 {
		return "a badge has at most 200 access levels"
	}
	slices.Sort(zones)
	h.Zones = zones
	return ""
}

// Report takes a message of a badge system. Kind Forbidden where the token is not
// its, Conflict where the very message was taken already.
func (s *Service) Report(ctx context.Context, ref, token string, body []byte) (*Looked, error) {
	sys, err := s.systems.Get(ctx, ref)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.Forbidden, err, "the message does not carry the token")
	}
	if err != nil {
		return nil, err
	}
	if err := place.Admit(ctx, s.reader(), sys.ID, token); err != nil {
		return nil, err
	}
	now := s.now()
	holders, readings, taken, err := Understand(body, now)
	if err != nil {
		return nil, err
	}
	if len(holders) > 0 {
		return s.bring(ctx, access.System(), sys.ID, Brought{Is: Holders, Way: "webhook", Raw: body, TakenAt: taken, Holders: holders}, false)
	}
	out := &Looked{List: List{System: sys.ID, SystemRef: sys.Ref, Is: Readings, Way: "webhook", Accepted: len(readings), State: Taken}, Changes: []Change{}}
	if sys.Content.State != Used {
		return nil, fault.New(fault.Conflict, "%s ended on %s", sys.Ref, sys.Content.Ended)
	}
	err = s.cfg.Journal.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := place.Once(ctx, tx, sys.ID, body, now); err != nil {
			return err
		}
		out.List.NewReading, err = s.read(ctx, tx, sys.ID, readings)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.forget()
	return out, nil
}

// Seal records the days of readings that are over, and forgets readings that are
// older than each system keeps them.
func (s *Service) Seal(ctx context.Context) error {
	now := s.now()
	today := now.UTC().Format(time.DateOnly)
	days, err := openDays(ctx, s.reader(), today)
	if err != nil {
		return err
	}
	for _, d := range days {
		err := s.cfg.Journal.DB.Tx(ctx, func(tx *sql.Tx) error {
			n, sum, err := digestDay(ctx, tx, d.system, d.day)
			if err != nil {
				return err
			}
			entry, err := s.cfg.Journal.Ledger.Append(ctx, tx, ledger.Entry{Type: dayEntry, Stream: "system", Actor: access.System().UserID, Subject: d.system, Data: map[string]any{"day": d.day, "readings": int64(n), "digest": sum}})
			if err != nil {
				return err
			}
			return sealDay(ctx, tx, d.system, d.day, n, sum, entry)
		})
		if err != nil {
			return err
		}
	}
	systems, _, err := s.systems.List(ctx, journal.Filter{})
	if err != nil {
		return err
	}
	for _, o := range systems {
		before := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -o.Content.KeepDays)
		some, err := anyBefore(ctx, s.reader(), o.ID, before.Format(time.DateOnly))
		if err != nil {
			return err
		}
		if !some {
			continue
		}
		if _, err := s.systems.Change(ctx, access.System(), o.ID, 0, "pruned", "", func(tx *sql.Tx, o *Object) error {
			o.Content.Pruned = before
			return prune(ctx, tx, o.ID, before)
		}); err != nil {
			return err
		}
	}
	if len(days) > 0 {
		s.wake()
	}
	return nil
}

// holdDay is kind Refused where the readings of a day are not what was recorded
// last. A day whose readings are no longer kept, or that is open again, holds.
func holdDay(ctx context.Context, q database.Querier, rec ledger.Record) error {
	day, _ := rec.Data["day"].(string)
	sum, _ := rec.Data["digest"].(string)
	d, err := dayOf(ctx, q, rec.Subject, day)
	if err != nil {
		return err
	}
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	switch {
	case d == nil:
		return refuse("the row of " + day + " is gone")
	case d.pruned || d.open || d.entry != rec.ID:
		return nil // not kept any more, or recorded anew
	case d.digest != sum:
		return refuse("the row of " + day + " has another digest")
	}
	_, now, err := digestDay(ctx, q, rec.Subject, day)
	if err == nil && now != sum {
		return refuse("the readings of " + day + " do not have the recorded digest")
	}
	return err
}

// dayDigest commits to readings in the order of moment, badge and door.
type dayDigest struct {
	n   int
	sum func() string
	add func(at int64, card, door string, granted int64)
}

func newDayDigest() *dayDigest {
	h := sha256.New()
	d := &dayDigest{sum: func() string { return hex.EncodeToString(h.Sum(nil)) }}
	d.add = func(at int64, card, door string, granted int64) {
		d.n++
		fmt.Fprintf(h, "%d\t%s\t%s\t%d\n", at, card, door, granted)
	}
	return d
}

// Use is a reading with its badge, for lists.
type Use struct {
	At      time.Time `json:"at"`
	Card    string    `json:"card"`
	Door    string    `json:"door"`
	Granted bool      `json:"granted"`
}

// Uses gives the newest readings of a badge, or of a system where card is empty,
// before a moment (badge.read).
func (s *Service) Uses(ctx context.Context, p access.Principal, system, card string, before time.Time, limit int) ([]Use, error) {
	if err := access.Authorise(p, access.BadgeRead); err != nil {
		return nil, err
	}
	sys, err := s.systems.Get(ctx, system)
	if err != nil {
		return nil, err
	}
	if limit < 1 || limit > 1000 {
		return nil, bad("limit", "a page has 1 to 1000 readings")
	}
	var id int64
	if card != "" {
		c, err := cardByNumber(ctx, s.reader(), sys.ID, card)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, fault.New(fault.NotFound, "%s has no badge %q", sys.Ref, card)
		}
		id = c.ID
	}
	if before.IsZero() {
		before = s.now().AddDate(1, 0, 0)
	}
	return uses(ctx, s.reader(), sys.ID, id, before, limit)
}
