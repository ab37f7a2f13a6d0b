package calendar

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
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
)

// Source gives what one part of the programme has on the calendar between two
// days, both included. It reads as the program itself.
type Source struct {
	Name   string // in words
	Events func(ctx context.Context, from, to Day, zone *time.Location) ([]Event, error)
}

// Config wires a Service. Logger and Zone may be nil.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Access  *access.Service
	Clock   clock.Clock
	Logger  *slog.Logger
	Sources func() []Source
	Zone    func(ctx context.Context) (*time.Location, error)
}

// Service keeps what is planned, and feeds.
type Service struct{ cfg Config }

// New makes a Service.
func New(cfg Config) *Service {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Sources == nil {
		cfg.Sources = func() []Source { return nil }
	}
	return &Service{cfg}
}

// Zone gives the organisation's time zone.
func (s *Service) Zone(ctx context.Context) (*time.Location, error) {
	if s.cfg.Zone == nil {
		return time.UTC, nil
	}
	return s.cfg.Zone(ctx)
}

// Today gives the organisation's day.
func (s *Service) Today(ctx context.Context) (Day, error) {
	zone, err := s.Zone(ctx)
	if err != nil {
		return "", err
	}
	return DayOf(s.cfg.Clock(), zone), nil
}

// Plan is what somebody plans.
type Plan struct {
	Kind    string   `json:"kind" doc:"freeze, test or exercise." enum:"freeze,test,exercise"`
	Title   string   `json:"title" maxLength:"160"`
	From    Day      `json:"from" doc:"First day: 2026-09-30." maxLength:"10"`
	To      Day      `json:"to,omitempty" doc:"Last day; the first when absent." maxLength:"10"`
	Systems []string `json:"systems,omitempty" doc:"Names of the systems that it concerns; all when absent." maxItems:"20"`
	Reason  string   `json:"reason" doc:"Why, for whoever reads it later." maxLength:"1000"`
	Anyway  string   `json:"anyway,omitempty" doc:"Of a test in a freeze: why it is done all the same." maxLength:"500"`
}

// Entry is what was planned, with what became of it.
type Entry struct {
	ID     string `json:"id"` // cal_…
	Number int    `json:"number"`
	Plan
	MadeAt      time.Time `json:"made_at"`
	MadeBy      string    `json:"made_by"`
	Entry       string    `json:"entry"`
	CancelledAt time.Time `json:"cancelled_at,omitzero"`
	CancelledBy string    `json:"cancelled_by,omitempty"`
	Why         string    `json:"why,omitempty"` // it was cancelled
	cancel      string    // entry
}

// Ref is its short number: K-3.
func (e *Entry) Ref() string { return fmt.Sprintf("K-%d", e.Number) }

func (e *Entry) event(today Day) Event {
	state := "planned"
	switch {
	case e.To < today:
		state = "over"
	case e.From <= today:
		state = "now"
	}
	return Event{Kind: e.Kind, Ref: e.Ref(), Title: e.Title, From: e.From, To: e.To, State: state, Path: "/calendar/plans/" + e.Ref(), Who: e.MadeBy, Systems: e.Systems, Note: e.Reason, Busy: true, See: access.CalendarRead}
}

func (p *Plan) tidy() error {
	line := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	p.Title, p.Reason, p.Anyway = line(p.Title), line(p.Reason), line(p.Anyway)
	if p.To == "" {
		p.To = p.From
	}
	var err error
	if p.From, err = ParseDay(string(p.From), "from"); err != nil {
		return err
	}
	if p.To, err = ParseDay(string(p.To), "to"); err != nil {
		return err
	}
	var systems []string
	for _, x := range p.Systems {
		if x = line(x); x != "" && !slices.ContainsFunc(systems, func(y string) bool { return strings.EqualFold(x, y) }) {
			systems = append(systems, x)
		}
	}
	p.Systems = systems
	letters := utf8.RuneCountInString
	switch {
	case p.Kind != Freeze && p.Kind != Test && p.Kind != Exercise:
		return bad("kind", "%q is nothing that is planned here", p.Kind).WithHint("plan a freeze, a test or an exercise")
	case letters(p.Title) < 3 || letters(p.Title) > 160 || !utf8.ValidString(p.Title):
		return bad("title", "say in 3 to 160 letters what it is")
	case p.To < p.From:
		return bad("to", "the last day is before the first")
	case p.From.Until(p.To) > 120:
		return bad("to", "it lasts 120 days at most").WithHint("plan it in parts")
	case letters(p.Reason) < 5 || letters(p.Reason) > 1000 || !utf8.ValidString(p.Reason):
		return bad("reason", "say in 5 to 1000 letters why")
	case letters(p.Anyway) > 500 || !utf8.ValidString(p.Anyway):
		return bad("anyway", "at most 500 letters are kept")
	case p.Anyway != "" && letters(p.Anyway) < 5:
		return bad("anyway", "say in 5 letters or more why it is done all the same")
	case len(p.Systems) > 20 || slices.ContainsFunc(p.Systems, func(x string) bool { return letters(x) > 80 || !utf8.ValidString(x) }):
		return bad("systems", "name up to 20 systems, of up to 80 letters each")
	}
	return nil
}

// Look gives what a plan would meet on its days, and the days that disrupt least.
func (s *Service) Look(ctx context.Context, p access.Principal, plan Plan) (at, next Slot, found bool, err error) {
	if err := access.Authorise(p, access.CalendarRead); err != nil {
		return at, next, false, err
	}
	if err := plan.tidy(); err != nil && fault.KindOf(err) == fault.Invalid {
		return at, next, false, err
	}
	all, _, err := s.events(ctx, plan.From, plan.From.Add(horizon+121))
	if err != nil {
		return at, next, false, err
	}
	at = At(all, plan.From, plan.To, plan.Systems, "")
	next, found = Next(all, plan.From, plan.From.Until(plan.To)+1, plan.Systems, "")
	return at, next, found, nil
}

// Make plans a freeze, a test or an exercise (freeze.edit). A test or an exercise
// in a freeze of its systems is a Conflict that names the next free days, unless
// Anyway says why.
func (s *Service) Make(ctx context.Context, p access.Principal, plan Plan) (*Entry, error) {
	if err := access.Authorise(p, access.FreezeEdit); err != nil {
		return nil, err
	}
	if err := plan.tidy(); err != nil {
		return nil, err
	}
	today, err := s.Today(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case plan.To < today:
		return nil, bad("to", "these days are over").WithHint("what was done is recorded as evidence of its control")
	case today.Until(plan.From) > 3*366:
		return nil, bad("from", "it begins within three years")
	}
	if plan.Kind == Freeze {
		plan.Anyway = ""
	} else {
		at, next, found, err := s.Look(ctx, p, plan)
		if err != nil {
			return nil, err
		}
		if at.Frozen() && plan.Anyway == "" {
			f := fault.New(fault.Conflict, "%s, %s to %s, is a freeze of what it concerns", at.Hits[0].Title, at.Hits[0].From, at.Hits[0].To).At("", 0, "from")
			if found {
				return nil, f.WithHint("the next free days are %s; or say why it is done all the same", next.words())
			}
			return nil, f.WithHint("no days are free in the next half-year; say why it is done all the same")
		}
		if !at.Frozen() {
			plan.Anyway = ""
		}
	}
	e := &Entry{Plan: plan, MadeAt: s.cfg.Clock(), MadeBy: p.UserID}
	content, err := json.Marshal(plan)
	if err != nil {
		return nil, fmt.Errorf("write a plan: %w", err)
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if e.Number, err = nextNumber(ctx, tx); err != nil {
			return err
		}
		e.ID = ids.New("cal", e.MadeAt)
		if e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "calendar.planned", Stream: stream(p), Actor: p.UserID, Subject: e.ID,
			Data: map[string]any{"number": e.Number, "kind": e.Kind, "from": string(e.From), "to": string(e.To), "digest": digestOf(content)}}); err != nil {
			return fmt.Errorf("record a plan: %w", err)
		}
		return insertEntry(ctx, tx, e, string(content))
	})
	return e, err
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Get gives one plan by its number, "K-3", or its id.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Entry, error) {
	if err := access.Authorise(p, access.CalendarRead); err != nil {
		return nil, err
	}
	return one(ctx, s.cfg.DB.Reader(), ref)
}

// Plans gives everything that was ever planned here, by number (calendar.read).
func (s *Service) Plans(ctx context.Context, p access.Principal) ([]*Entry, error) {
	if err := access.Authorise(p, access.CalendarRead); err != nil {
		return nil, err
	}
	all, err := entries(ctx, s.cfg.DB.Reader(), ``)
	slices.SortFunc(all, func(a, b *Entry) int { return a.Number - b.Number })
	return all, err
}

func one(ctx context.Context, q database.Querier, ref string) (*Entry, error) {
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(strings.ToUpper(ref), "K-")+"$", "%d$", &n); err != nil {
		n = -1
	}
	all, err := entries(ctx, q, `WHERE number = $1 OR id = $2`, n, ref)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "nothing with the number %q is planned", ref)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Cancel says that what was planned will not be, and why (freeze.edit).
func (s *Service) Cancel(ctx context.Context, p access.Principal, ref, why string) (*Entry, error) {
	if err := access.Authorise(p, access.FreezeEdit); err != nil {
		return nil, err
	}
	why = strings.Join(strings.Fields(why), " ")
	if n := utf8.RuneCountInString(why); n < 5 || n > 500 || !utf8.ValidString(why) {
		return nil, bad("why", "say in 5 to 500 letters why")
	}
	today, err := s.Today(ctx)
	if err != nil {
		return nil, err
	}
	var e *Entry
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if e, err = one(ctx, tx, ref); err != nil {
			return err
		}
		switch {
		case !e.CancelledAt.IsZero():
			return fault.New(fault.Conflict, "%s is cancelled already", e.Ref())
		case e.To < today:
			return fault.New(fault.Conflict, "%s is over", e.Ref())
		}
		e.CancelledAt, e.CancelledBy, e.Why = s.cfg.Clock(), p.UserID, why
		if e.cancel, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "calendar.cancelled", Stream: stream(p), Actor: p.UserID, Subject: e.ID, Data: map[string]any{"number": e.Number, "why": digestOf([]byte(why))}}); err != nil {
			return fmt.Errorf("record that a plan is cancelled: %w", err)
		}
		return cancelEntry(ctx, tx, e)
	})
	return e, err
}

// events gives everything between two days; unread names the sources that could
// not be read.
func (s *Service) events(ctx context.Context, from, to Day) (all []Event, unread []string, err error) {
	zone, err := s.Zone(ctx)
	if err != nil {
		return nil, nil, err
	}
	today := DayOf(s.cfg.Clock(), zone)
	planned, err := entries(ctx, s.cfg.DB.Reader(), `WHERE cancelled_at = 0 AND from_day <= $1 AND to_day >= $2`, string(to), string(from))
	if err != nil {
		return nil, nil, err
	}
	for _, e := range planned {
		all = append(all, e.event(today))
	}
	for _, src := range s.cfg.Sources() {
		got, err := src.Events(ctx, from, to, zone)
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			s.cfg.Logger.WarnContext(ctx, "what is on the calendar could not be read", "source", src.Name, "err", err)
			unread = append(unread, src.Name)
		}
		for _, e := range got {
			if e.meets(from, to) {
				all = append(all, e)
			}
		}
	}
	order(all)
	return all, unread, nil
}

// Events gives what somebody may see between two days, at most two years apart, by
// day (calendar.read). unread names the parts that could not be read.
func (s *Service) Events(ctx context.Context, p access.Principal, from, to Day) (all []Event, unread []string, err error) {
	if err := access.Authorise(p, access.CalendarRead); err != nil {
		return nil, nil, err
	}
	if n := from.Until(to); n < 0 || n > 2*366 {
		return nil, nil, bad("to", "a calendar shows from one day to two years")
	}
	all, unread, err = s.events(ctx, from, to)
	return slices.DeleteFunc(all, func(e Event) bool { return !access.May(p.Role, e.See) }), unread, err
}

// Feed is somebody's secret link to the calendar.
type Feed struct {
	ID     string    `json:"id"` // fed_…
	User   string    `json:"user"`
	MadeAt time.Time `json:"made_at"`
	Entry  string    `json:"entry"`
	Ended  time.Time `json:"ended_at,omitzero"`
	By     string    `json:"ended_by,omitempty"`
	end    string
}

const tokenBytes = 24

// MakeFeed gives a new secret link for whoever asks, shown this once; an earlier
// one of theirs ends (calendar.read).
func (s *Service) MakeFeed(ctx context.Context, p access.Principal) (*Feed, string, error) {
	if err := access.Authorise(p, access.CalendarRead); err != nil {
		return nil, "", err
	}
	if p.IsSystem() || p.TokenID != "" {
		return nil, "", fault.New(fault.Forbidden, "a feed belongs to a person who is logged in")
	}
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return nil, "", fmt.Errorf("make a secret: %w", err)
	}
	token := "attc_" + base64.RawURLEncoding.EncodeToString(raw)
	f := &Feed{User: p.UserID, MadeAt: s.cfg.Clock()}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.endFeeds(ctx, tx, p); err != nil {
			return err
		}
		f.ID = ids.New("fed", f.MadeAt)
		var err error
		if f.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "calendar.feed_made", Stream: "people", Actor: p.UserID, Subject: p.UserID, Data: map[string]any{"id": f.ID}}); err != nil {
			return fmt.Errorf("record a feed: %w", err)
		}
		return insertFeed(ctx, tx, f, digestOf([]byte(token)))
	})
	return f, token, err
}

func (s *Service) endFeeds(ctx context.Context, tx *sql.Tx, p access.Principal) error {
	have, err := feeds(ctx, tx, `WHERE user_id = $1 AND ended_at = 0`, p.UserID)
	if err != nil {
		return err
	}
	for _, f := range have {
		f.Ended, f.By = s.cfg.Clock(), p.UserID
		if f.end, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "calendar.feed_ended", Stream: "people", Actor: p.UserID, Subject: f.User, Data: map[string]any{"id": f.ID}}); err != nil {
			return fmt.Errorf("record the end of a feed: %w", err)
		}
		if err := endFeed(ctx, tx, f); err != nil {
			return err
		}
	}
	return nil
}

// RevokeFeed ends one's own link: it answers nothing from then on.
func (s *Service) RevokeFeed(ctx context.Context, p access.Principal) error {
	if err := access.Authorise(p, access.CalendarRead); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.endFeeds(ctx, tx, p) })
}

// OwnFeed gives one's own link that works; nil where there is none.
func (s *Service) OwnFeed(ctx context.Context, p access.Principal) (*Feed, error) {
	have, err := feeds(ctx, s.cfg.DB.Reader(), `WHERE user_id = $1 AND ended_at = 0`, p.UserID)
	if err != nil || len(have) == 0 {
		return nil, err
	}
	return &have[0], nil
}

// ByFeed gives the person whose link a secret is, with the role that they have
// now. Kind NotFound where it is nobody's, ended, or the account may see no
// calendar: who holds an old secret learns nothing from the answer.
func (s *Service) ByFeed(ctx context.Context, token string) (access.Principal, error) {
	none := fault.New(fault.NotFound, "there is no such calendar")
	if len(token) > 100 || !strings.HasPrefix(token, "attc_") {
		return access.Principal{}, none
	}
	have, err := feeds(ctx, s.cfg.DB.Reader(), `WHERE digest = $1 AND ended_at = 0`, digestOf([]byte(token)))
	if err != nil {
		return access.Principal{}, err
	}
	if len(have) == 0 {
		return access.Principal{}, none
	}
	able, err := s.cfg.Access.Able(ctx, access.CalendarRead)
	if err != nil {
		return access.Principal{}, err
	}
	for _, u := range able {
		if u.ID == have[0].User {
			return access.Principal{UserID: u.ID, Name: u.Name, Role: u.Role}, nil
		}
	}
	return access.Principal{}, none
}
