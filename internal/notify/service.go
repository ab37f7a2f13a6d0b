package notify

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/notify/webhook"
)

// Config is all that the service depends on.
type Config struct {
	DB       *database.DB    // required
	Ledger   *ledger.Log     // required
	Access   *access.Service // required
	Webhooks *webhook.Service
	Mail     *mail.Service
	Key      *sealed.Key // of the links in mails; without it they have none
	TakeOn   func(ctx context.Context, p access.Principal, finding string) error
	Read     func(ctx context.Context, rec ledger.Record) ([]Happening, error) // required: what a record means to people
	Clock    clock.Clock                                                       // clock.System
	Logger   *slog.Logger                                                      // slog.Default()
}

// Service keeps what people should know.
type Service struct {
	cfg Config

	mu      sync.Mutex
	changed chan struct{} // guarded by mu: closed and replaced when a notice was made or read

	stuckAt  int64 // guarded by mu: the record that could not be read last
	stuckFor int   // guarded by mu: how often in a row
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Access == nil || cfg.Read == nil {
		return nil, fault.New(fault.Internal, "notify.Config needs DB, Ledger, Access and Read")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	return &Service{cfg: cfg, changed: make(chan struct{})}, nil
}

// Changed gives a channel that is closed when the next notice is made or read.
func (s *Service) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Service) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Follow tells what is recorded from now on, until ctx ends. Where telling
// fails it is tried again; a record that cannot be read is a gap after a minute.
func (s *Service) Follow(ctx context.Context) error {
	for {
		next := s.cfg.Ledger.Changed()
		n, err := s.Step(ctx)
		wait := time.Minute
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.cfg.Logger.Error("people could not be told; it is tried again", "error", err)
			next, wait = nil, 10*time.Second
		case n > 0:
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next:
		case <-time.After(wait):
		}
	}
}

// Step tells what the next records say and gives how many it read. What was
// recorded before the first step is not told.
func (s *Service) Step(ctx context.Context) (int, error) {
	from, known, err := cursor(ctx, s.cfg.DB.Reader())
	if err != nil {
		return 0, err
	}
	if !known {
		head, err := s.cfg.Ledger.Head(ctx)
		if err != nil {
			return 0, err
		}
		return 0, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return beginCursor(ctx, tx, head.Size) })
	}
	records, err := s.cfg.Ledger.Since(ctx, from, 500)
	if err != nil { // one of them, perhaps: they are read one by one up to it
		if records, err = s.cfg.Ledger.Since(ctx, from, 1); err != nil {
			return s.stuck(ctx, from, err)
		}
	}
	if len(records) == 0 {
		return 0, nil
	}
	var all []Happening
	for i, rec := range records {
		list, err := s.cfg.Read(ctx, rec)
		if err != nil && !fault.Is(err, fault.NotFound) {
			if i == 0 {
				return s.stuck(ctx, rec.Index, err)
			}
			records = records[:i] // those before it are told
			break
		}
		for _, h := range list {
			h.At, h.Record = rec.At, rec.Index
			all = append(all, h)
		}
	}
	err = s.tell(ctx, all, func(tx *sql.Tx) error { return moveCursor(ctx, tx, from, records[len(records)-1].Index+1) })
	return len(records), err
}

// Say tells what the calendar or a check of the deployment brings up: what has
// a key that was said before is left out.
func (s *Service) Say(ctx context.Context, all ...Happening) error {
	for i := range all {
		all[i].At = s.cfg.Clock()
	}
	return s.tell(ctx, all, nil)
}

// fresh leaves out what was said before.
func (s *Service) fresh(ctx context.Context, all []Happening) (out []Happening, err error) {
	for _, h := range all {
		said := false
		if h.Key != "" {
			if said, err = wasSaid(ctx, s.cfg.DB.Reader(), h.Key); err != nil {
				return nil, err
			}
		}
		if !said {
			out = append(out, h)
		}
	}
	return out, nil
}

// Unsay forgets that something was said, and reports whether it had been.
func (s *Service) Unsay(ctx context.Context, key string) (had bool, err error) {
	if had, err = wasSaid(ctx, s.cfg.DB.Reader(), key); err != nil || !had {
		return had, err
	}
	return true, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return unsay(ctx, tx, key) })
}

// tell makes notices and webhooks' messages in one transaction with what first
// does; first may be nil.
func (s *Service) tell(ctx context.Context, all []Happening, first func(tx *sql.Tx) error) error {
	all, err := s.fresh(ctx, all)
	if err != nil || len(all) == 0 && first == nil {
		return err
	}
	var users []access.User
	if len(all) > 0 {
		if users, err = s.cfg.Access.Users(ctx, access.System()); err != nil {
			return err
		}
	}
	byUser := map[string]map[string][]Happening{} // by user and kind
	var events []webhook.Event
	for _, h := range all {
		if h.Event != "" {
			events = append(events, webhook.Event{Type: h.Event, Ref: h.Ref, Object: h.Object, Title: h.Title, Severity: h.Severity, Link: h.Link, At: h.At, Record: h.Record})
		}
		for _, u := range concerned(users, h) {
			if byUser[u] == nil {
				byUser[u] = map[string][]Happening{}
			}
			byUser[u][h.Kind] = append(byUser[u][h.Kind], h)
		}
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		for _, h := range all {
			if h.Key != "" {
				if err := say(ctx, tx, h.Key, h.At); err != nil {
					return err
				}
			}
		}
		for _, u := range users { // in one order everywhere
			for _, k := range Kinds() {
				if list := byUser[u.ID][k.Name]; len(list) > 0 {
					if err := s.notice(ctx, tx, u.ID, k, list); err != nil {
						return err
					}
				}
			}
		}
		if s.cfg.Webhooks == nil {
			return nil
		}
		return s.cfg.Webhooks.Raise(ctx, tx, events)
	})
	if err == nil && len(byUser) > 0 {
		s.wake()
	}
	return err
}

// concerned gives who is told of something.
func concerned(users []access.User, h Happening) []string {
	k, ok := kindOf(h.Kind)
	if !ok {
		return nil
	}
	able := slices.DeleteFunc(slices.Clone(users), func(u access.User) bool {
		return u.Disabled || u.ID == h.Except || !access.May(u.Role, k.Needs)
	})
	pick := func(which func(access.User) bool) (out []string) {
		for _, u := range able {
			if which(u) {
				out = append(out, u.ID)
			}
		}
		return out
	}
	out := pick(func(u access.User) bool {
		return slices.Contains(h.Users, u.ID) || slices.ContainsFunc(h.May, func(a access.Action) bool { return access.May(u.Role, a) })
	})
	if len(out) > 0 {
		return out
	}
	if owner := strings.ToLower(strings.TrimSpace(h.Owner)); owner != "" {
		out = pick(func(u access.User) bool {
			return slices.Contains([]string{u.ID, u.Login, u.Email, strings.ToLower(u.Name)}, owner)
		})
		if len(out) == 0 {
			out = pick(func(u access.User) bool {
				return owner == strings.ToLower(u.Role.Title()) || owner == string(u.Role)
			})
		}
	}
	for _, role := range h.Instead {
		if len(out) > 0 {
			break
		}
		out = pick(func(u access.User) bool { return u.Role == role })
	}
	return out
}

const (
	most     = 5                // of one kind at once; more are one notice
	burst    = 10 * time.Minute // what counts as at once
	together = time.Hour        // how long a notice of many takes in more
)

// notice makes or extends one person's notices of a kind.
func (s *Service) notice(ctx context.Context, tx *sql.Tx, user string, k Kind, list []Happening) error {
	now := s.cfg.Clock()
	recent, err := unmailed(ctx, tx, user, k.Name, now.Add(-together))
	if err != nil {
		return err
	}
	c, err := choicesOf(ctx, tx, user)
	if err != nil {
		return err
	}
	last, err := lastMail(ctx, tx, user)
	if err != nil {
		return err
	}
	way := c.Way(k)
	urgent := slices.ContainsFunc(list, func(h Happening) bool { return h.Urgent })
	n := Notice{User: user, Kind: k.Name, Link: k.List, Urgent: urgent, At: now, ChangedAt: now, Way: way, DueAt: c.due(way, urgent, now, last)}
	if i := slices.IndexFunc(recent, func(o Notice) bool { return o.Object == "" }); i >= 0 {
		o := recent[i]
		o.Count, o.ChangedAt, o.Urgent = o.Count+int64(len(list)), now, o.Urgent || urgent
		o.Title, o.DueAt = many(k, o.Count), sooner(o.DueAt, n.DueAt)
		return update(ctx, tx, o)
	}
	singles := slices.DeleteFunc(slices.Clone(recent), func(o Notice) bool { return o.ChangedAt.Before(now.Add(-burst)) })
	if len(list)+len(singles) > most {
		n.ID, n.Count = ids.New("ntc", now), int64(len(list))
		for _, o := range singles { // taken in: nobody was mailed of them yet
			n.Count, n.Urgent, n.At = n.Count+o.Count, n.Urgent || o.Urgent, o.At
			if !n.DueAt.IsZero() {
				n.DueAt = sooner(o.DueAt, n.DueAt)
			}
			if err := drop(ctx, tx, o.ID); err != nil {
				return err
			}
		}
		n.Title = many(k, n.Count)
		return insert(ctx, tx, n)
	}
	for _, h := range list {
		if i := slices.IndexFunc(recent, func(o Notice) bool { return o.Object == h.Object }); i >= 0 {
			o := recent[i]
			o.Title, o.Link, o.ChangedAt, o.Count, o.Urgent = h.Title, h.Link, now, o.Count+1, o.Urgent || h.Urgent
			o.DueAt = sooner(o.DueAt, c.due(way, h.Urgent, now, last))
			if err := update(ctx, tx, o); err != nil {
				return err
			}
			continue
		}
		one := n
		one.ID, one.Object, one.Title, one.Link, one.Count, one.Urgent = ids.New("ntc", now), h.Object, h.Title, h.Link, 1, h.Urgent
		one.DueAt = c.due(way, h.Urgent, now, last)
		if err := insert(ctx, tx, one); err != nil {
			return err
		}
	}
	return nil
}

// sooner gives the earlier of two moments; zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Unread counts what somebody has not read (notification.read).
func (s *Service) Unread(ctx context.Context, p access.Principal) (int64, error) {
	if err := access.Authorise(p, access.NotificationRead); err != nil {
		return 0, err
	}
	return unread(ctx, s.cfg.DB.Reader(), p.UserID)
}

// List gives one's own notices, the newest first, that come after one of them;
// of one kind, where it is given (notification.read).
func (s *Service) List(ctx context.Context, p access.Principal, all bool, kind, after string, limit int) ([]Notice, error) {
	if err := access.Authorise(p, access.NotificationRead); err != nil {
		return nil, err
	}
	return listOf(ctx, s.cfg.DB.Reader(), p.UserID, all, kind, after, limit)
}

// MarkRead marks one's own notices as read, every unread one where none is
// named, and gives how many were (notification.edit).
func (s *Service) MarkRead(ctx context.Context, p access.Principal, which ...string) (int64, error) {
	if err := access.Authorise(p, access.NotificationEdit); err != nil {
		return 0, err
	}
	if len(which) > 500 {
		return 0, fault.New(fault.Invalid, "500 notices at most are marked at once")
	}
	var n int64
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if n, err = markRead(ctx, tx, p.UserID, which, s.cfg.Clock()); err != nil || n == 0 {
			return err
		}
		data := map[string]any{"notices": n}
		if p.Via == access.ViaMail {
			data["via"] = string(p.Via)
		}
		_, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "notice.read", Stream: "people", Actor: p.UserID, Subject: p.UserID, Data: data})
		return err
	})
	if n > 0 && err == nil {
		s.wake()
	}
	return n, err
}

// Choices gives how somebody wants to hear of things (notification.read).
func (s *Service) Choices(ctx context.Context, p access.Principal) (Choices, error) {
	if err := access.Authorise(p, access.NotificationRead); err != nil {
		return Choices{}, err
	}
	return choicesOf(ctx, s.cfg.DB.Reader(), p.UserID)
}

// Choose sets them (notification.edit). They hold for what happens from then on.
func (s *Service) Choose(ctx context.Context, p access.Principal, c Choices) error {
	if err := access.Authorise(p, access.NotificationEdit); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write choices: %w", err)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "notice.chosen", Stream: "people", Actor: p.UserID, Subject: p.UserID, Data: map[string]any{"choices": digest(raw)}})
		if err != nil {
			return fmt.Errorf("record choices: %w", err)
		}
		return saveChoices(ctx, tx, p.UserID, raw, entry, s.cfg.Clock())
	})
}
