package mail

import (
	"cmp"
	"context"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
)

// Config is all that the service depends on.
type Config struct {
	DB     *database.DB    // required
	Ledger *ledger.Log     // required
	Access *access.Service // required
	Key    *sealed.Key     // required
	Dialer *dial.Dialer    // required
	Site   string          // address of the screens, without a slash at its end
	Roots  *x509.CertPool  // nil: those of this machine
	Clock  clock.Clock     // clock.System
	Logger *slog.Logger    // slog.Default()
	Limit  time.Duration   // 20 s: to connect, and again for a mail
}

// Service keeps the mail server's settings and sends.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Access == nil || cfg.Key == nil || cfg.Dialer == nil {
		return nil, fault.New(fault.Internal, "mail.Config needs DB, Ledger, Access, Key and Dialer")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Logger, cfg.Limit = cmp.Or(cfg.Logger, slog.Default()), cmp.Or(cfg.Limit, 20*time.Second)
	return &Service{cfg: cfg}, nil
}

const place = "mail password"

// Settings gives the mail server; false where none is set (settings.read).
func (s *Service) Settings(ctx context.Context, p access.Principal) (Settings, bool, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return Settings{}, false, err
	}
	k, ok, err := server(ctx, s.cfg.DB.Reader())
	return k.Settings, ok, err
}

// Ready reports whether a mail server is set.
func (s *Service) Ready(ctx context.Context) (bool, error) {
	_, ok, err := server(ctx, s.cfg.DB.Reader())
	return ok, err
}

// Set sets the mail server (settings.edit). An empty password stays as it was,
// unless server or user are others: a password is never given to another host.
func (s *Service) Set(ctx context.Context, p access.Principal, set Settings) error {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return err
	}
	if err := set.tidy(); err != nil {
		return err
	}
	if err := s.cfg.Dialer.Check(ctx, set.address()); dial.Refused(err) {
		message, hint := fault.Public(err)
		return fault.Wrap(fault.Invalid, err, "%s", message).At("", 0, "host").WithHint("%s", hint)
	}
	raw, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("write the mail server's settings: %w", err)
	}
	return s.save(ctx, p, "set", func(old kept) (kept, error) {
		k := kept{raw: raw}
		switch {
		case set.User == "":
		case set.Password != "":
			k.password = s.cfg.Key.Seal(place, set.Password)
		case len(old.password) == 0 || old.Host != set.Host || old.User != set.User:
			return k, fault.New(fault.Invalid, "a user needs a password").At("", 0, "password").WithHint("enter it; where server or user change it is asked for again")
		default:
			k.password = old.password
		}
		return k, nil
	})
}

// Remove forgets the mail server and its password; nothing is sent from then on (settings.edit).
func (s *Service) Remove(ctx context.Context, p access.Principal) error {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return err
	}
	return s.save(ctx, p, "removed", func(kept) (kept, error) { return kept{raw: []byte("{}")}, nil })
}

func (s *Service) save(ctx context.Context, p access.Principal, did string, change func(old kept) (kept, error)) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		old, _, err := server(ctx, tx)
		if err != nil {
			return err
		}
		k, err := change(old)
		if err != nil {
			return err
		}
		stream := "people"
		if p.IsSystem() {
			stream = "system"
		}
		k.changed = s.cfg.Clock()
		if k.entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "mail.set", Stream: stream, Actor: p.UserID, Subject: "mail",
			Data: map[string]any{"did": did, "settings": digest(k.raw), "box": digest(k.password)}}); err != nil {
			return fmt.Errorf("record the mail server's settings: %w", err)
		}
		return putServer(ctx, tx, k)
	})
}

// State is where a mail stands.
type State string

// The states.
const (
	Waiting  State = "waiting"
	InFlight State = "sending" // an attempt has begun
	Sent     State = "sent"    // the server took it
	Failed   State = "failed"
)

// WhyTest is the reason of a test.
const WhyTest = "test"

// Sending is one mail to one account, and what became of it.
type Sending struct {
	ID       string        `json:"id"` // snd_…: its Message-ID
	User     string        `json:"user"`
	Why      string        `json:"why"` // at_once, daily, weekly, test
	Notices  int64         `json:"notices"`
	MadeAt   time.Time     `json:"made_at"`
	State    State         `json:"state"`
	Attempts int64         `json:"attempts"`
	NextAt   time.Time     `json:"next_at,omitzero"` // of a waiting one
	TriedAt  time.Time     `json:"tried_at,omitzero"`
	Took     time.Duration `json:"took"`
	Trouble  string        `json:"trouble,omitempty"` // of the newest attempt
	Answer   string        `json:"answer,omitempty"`  // of a server that took it
	By       string        `json:"by"`                // usr_… who asked for a test; system
	Entry    string        `json:"entry,omitempty"`   // of its result

	unreached bool // the newest attempt did not reach the server, or it refused the login
}

// Filter narrows the log. Empty fields do not.
type Filter struct {
	User  string
	State State
	Why   string
}

// Log gives mails, the newest first, that come after one of them (settings.read).
func (s *Service) Log(ctx context.Context, p access.Principal, f Filter, after string, limit int) ([]Sending, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return nil, err
	}
	return list(ctx, s.cfg.DB.Reader(), f, after, limit)
}

// Own gives those that went to whoever asks (notification.read).
func (s *Service) Own(ctx context.Context, p access.Principal, limit int) ([]Sending, error) {
	if err := access.Authorise(p, access.NotificationRead); err != nil {
		return nil, err
	}
	if p.UserID == "" {
		return nil, nil
	}
	return list(ctx, s.cfg.DB.Reader(), Filter{User: p.UserID}, "", limit)
}

// Standing says how sending goes.
type Standing struct {
	Set     bool
	Trying  int64     // mails that were tried and wait for another attempt
	Oldest  time.Time // when the oldest of them was made
	Sent    int64     // in a day
	Failed  int64     // in a day
	Trouble string    // the newest of a day
}

// Standing gives it, for the checks of the deployment.
func (s *Service) Standing(ctx context.Context) (Standing, error) {
	st, err := stand(ctx, s.cfg.DB.Reader(), s.cfg.Clock().Add(-24*time.Hour))
	if err == nil {
		st.Set, err = s.Ready(ctx)
	}
	return st, err
}

// Queue makes a mail to an account, in the caller's transaction.
func (s *Service) Queue(ctx context.Context, tx *sql.Tx, user, why string, notices int64) (Sending, error) {
	now := s.cfg.Clock()
	m := Sending{ID: ids.New("snd", now), User: user, Why: why, Notices: notices, MadeAt: now, NextAt: now, State: Waiting, By: "system"}
	return m, insert(ctx, tx, m)
}

// Test sends whoever asks a mail of its own, now, and says what the server
// answered (settings.edit). It is not tried again.
func (s *Service) Test(ctx context.Context, p access.Principal) (Sending, error) {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return Sending{}, err
	}
	u, err := s.cfg.Access.User(ctx, p, p.UserID)
	if err != nil {
		return Sending{}, err
	}
	if u.Email == "" {
		return Sending{}, fault.New(fault.Conflict, "your account has no address to send to").WithHint("give it one under Settings, Users")
	}
	k, ok, err := server(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Sending{}, err
	}
	if !ok {
		return Sending{}, fault.New(fault.Conflict, "no mail server is set").WithHint("set one first")
	}
	now := s.cfg.Clock()
	if n, err := triedSince(ctx, s.cfg.DB.Reader(), now.Add(-time.Minute)); err != nil || n >= k.PerMinute {
		if err == nil {
			err = fault.New(fault.Conflict, "%d mails were tried in the last minute, which is the limit", n).WithHint("wait a minute")
		}
		return Sending{}, err
	}
	m := Sending{ID: ids.New("snd", now), User: u.ID, Why: WhyTest, MadeAt: now, TriedAt: now, State: InFlight, Attempts: 1, By: p.UserID}
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return insert(ctx, tx, m) }); err != nil {
		return m, err
	}
	l := Letter{To: u.Email, Subject: "A test message", Lead: "This is the test message that you asked Attesta for. Mail from this address reaches you.", Why: "You asked for it under Settings, Mail."}
	return m, s.attempt(context.WithoutCancel(ctx), k, &m, l)
}
