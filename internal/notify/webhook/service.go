package webhook

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
)

// The limits.
const (
	Rotation = 24 * time.Hour // how long two secrets sign
	GiveUp   = 24 * time.Hour // how long a message is tried
	Keep     = 30 * 24 * time.Hour
	maxAll   = 50
)

// Config is all that the service depends on.
type Config struct {
	DB      *database.DB  // required
	Ledger  *ledger.Log   // required
	Key     *sealed.Key   // required
	Jobs    *jobs.Runner  // required
	Dialer  *dial.Dialer  // required
	Site    string        // address of the screens, without a slash at its end
	Version string        // of this program
	Clock   clock.Clock   // clock.System
	Logger  *slog.Logger  // slog.Default()
	Limit   time.Duration // 10 s: for one attempt
}

// Service keeps webhooks and delivers to them.
type Service struct {
	cfg    Config
	client *http.Client

	mu   sync.Mutex
	busy map[string]bool // guarded by mu: webhooks that are being delivered to; true: look once more
}

const jobDeliver = "webhook deliveries"

// New makes the service and declares its jobs.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Key == nil || cfg.Jobs == nil || cfg.Dialer == nil {
		return nil, fault.New(fault.Internal, "webhook.Config needs DB, Ledger, Key, Jobs and Dialer")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Logger, cfg.Limit = cmp.Or(cfg.Logger, slog.Default()), cmp.Or(cfg.Limit, 10*time.Second)
	s := &Service{cfg: cfg, client: cfg.Dialer.Client(cfg.Limit), busy: map[string]bool{}}
	if err := cfg.Jobs.Handle(jobDeliver, s.job); err != nil {
		return nil, err
	}
	return s, cfg.Jobs.Define("old webhook messages", jobs.Every(6*time.Hour), func(ctx context.Context) error {
		return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return sweep(ctx, tx, s.cfg.Clock().Add(-Keep)) })
	})
}

func sealedAs(id, what string) string { return "webhook " + what + " " + id }

// data is what the ledger says of a webhook's settings, and what its row is
// held against. Addresses and secrets are there as digests of their boxes.
func (w Webhook) data() map[string]any {
	return map[string]any{"name_digest": digest([]byte(w.Name)), "url": digest(w.url), "signs": digest(w.secret), "format": string(w.Format), "events": strings.Join(w.Events, " "),
		"paused": !w.PausedAt.IsZero(), "removed": !w.RemovedAt.IsZero()}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// save writes a webhook with the ledger's entry about it.
func (s *Service) save(ctx context.Context, tx *sql.Tx, actor, did string, w *Webhook) error {
	d := w.data()
	d["did"] = did
	var err error
	if w.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "webhook.set", Stream: stream(actor), Actor: actor, Subject: w.ID, Data: d}); err != nil {
		return fmt.Errorf("record webhook %s: %w", w.ID, err)
	}
	return put(ctx, tx, *w)
}

func stream(actor string) string {
	if actor == "system" {
		return "system"
	}
	return "people"
}

// check says whether the address may be dialled. That its name is not known
// now is no reason to refuse it.
func (s *Service) check(ctx context.Context, address string) error {
	to, err := dialled(address)
	if err != nil {
		return err
	}
	if err := s.cfg.Dialer.Check(ctx, to); dial.Refused(err) {
		message, hint := fault.Public(err)
		return fault.Wrap(fault.Invalid, err, "%s", message).At("", 0, "url").WithHint("%s", hint)
	}
	return nil
}

// Add adds a webhook (settings.edit) and gives its secret, which is shown once.
func (s *Service) Add(ctx context.Context, p access.Principal, set Settings) (Webhook, string, error) {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return Webhook{}, "", err
	}
	if err := set.tidy(true); err != nil {
		return Webhook{}, "", err
	}
	if err := s.check(ctx, set.URL); err != nil {
		return Webhook{}, "", err
	}
	now, secret := s.cfg.Clock(), newSecret()
	w := Webhook{ID: ids.New("whk", now), Name: set.Name, Format: set.Format, Events: set.Events, MadeAt: now, former: []byte{}}
	w.Place, _ = place(set.URL) // tidy took it
	w.url, w.secret = s.cfg.Key.Seal(sealedAs(w.ID, "url"), set.URL), s.cfg.Key.Seal(sealedAs(w.ID, "secret"), secret)
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := list(ctx, tx)
		if err != nil {
			return err
		}
		if len(all) >= maxAll {
			return fault.New(fault.Conflict, "there are %d webhooks already", len(all)).WithHint("remove one first")
		}
		if slices.ContainsFunc(all, func(o Webhook) bool { return o.Name == w.Name }) {
			return fault.New(fault.Conflict, "a webhook is called %s already", w.Name).At("", 0, "name").WithHint("give it another name")
		}
		return s.save(ctx, tx, p.UserID, "added", &w)
	})
	return w, secret, err
}

// change does something to one webhook in a transaction.
func (s *Service) change(ctx context.Context, p access.Principal, id, did string, do func(tx *sql.Tx, w *Webhook) error) (Webhook, error) {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return Webhook{}, err
	}
	var w Webhook
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if w, err = get(ctx, tx, id); err != nil {
			return err
		}
		if err := do(tx, &w); err != nil {
			return err
		}
		return s.save(ctx, tx, p.UserID, did, &w)
	})
	return w, err
}

// Change sets name, address, format and events (settings.edit). An empty
// address stays as it is.
func (s *Service) Change(ctx context.Context, p access.Principal, id string, set Settings) (Webhook, error) {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return Webhook{}, err
	}
	if err := set.tidy(false); err != nil {
		return Webhook{}, err
	}
	if set.URL != "" {
		if err := s.check(ctx, set.URL); err != nil {
			return Webhook{}, err
		}
	}
	return s.change(ctx, p, id, "changed", func(tx *sql.Tx, w *Webhook) error {
		all, err := list(ctx, tx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(o Webhook) bool { return o.Name == set.Name && o.ID != id }) {
			return fault.New(fault.Conflict, "a webhook is called %s already", set.Name).At("", 0, "name").WithHint("give it another name")
		}
		w.Name, w.Format, w.Events = set.Name, set.Format, set.Events
		if set.URL != "" {
			w.Place, _ = place(set.URL)
			w.url = s.cfg.Key.Seal(sealedAs(w.ID, "url"), set.URL)
			w.Failing, w.FailedSince, w.RetryAt = 0, time.Time{}, time.Time{}
		}
		return nil
	})
}

// Rotate gives a webhook a new secret, which is shown once; the one before
// signs beside it for a day (settings.edit).
func (s *Service) Rotate(ctx context.Context, p access.Principal, id string) (Webhook, string, error) {
	secret := newSecret()
	w, err := s.change(ctx, p, id, "rotated", func(_ *sql.Tx, w *Webhook) error {
		old, err := s.cfg.Key.Unseal(sealedAs(id, "secret"), w.secret)
		if err != nil {
			return err
		}
		w.former, w.FormerUntil = s.cfg.Key.Seal(sealedAs(id, "former"), old), s.cfg.Clock().Add(Rotation)
		w.secret = s.cfg.Key.Seal(sealedAs(id, "secret"), secret)
		return nil
	})
	if err != nil {
		return Webhook{}, "", err
	}
	return w, secret, nil
}

// Pause stops sending; what happens meanwhile is held (settings.edit).
func (s *Service) Pause(ctx context.Context, p access.Principal, id string) error {
	_, err := s.change(ctx, p, id, "paused", func(tx *sql.Tx, w *Webhook) error {
		if !w.PausedAt.IsZero() {
			return fault.New(fault.Conflict, "%s is paused already", w.Name)
		}
		w.PausedAt, w.PausedWhy = s.cfg.Clock(), "by hand"
		return nil
	})
	return err
}

// Resume sends again, and first what was held for less than a day (settings.edit).
func (s *Service) Resume(ctx context.Context, p access.Principal, id string) error {
	_, err := s.change(ctx, p, id, "resumed", func(tx *sql.Tx, w *Webhook) error {
		if w.PausedAt.IsZero() {
			return fault.New(fault.Conflict, "%s is not paused", w.Name)
		}
		now := s.cfg.Clock()
		w.PausedAt, w.PausedWhy, w.Failing, w.FailedSince, w.RetryAt = time.Time{}, "", 0, time.Time{}, time.Time{}
		if err := release(ctx, tx, id, now, now.Add(-GiveUp)); err != nil {
			return err
		}
		return s.wake(ctx, tx, id, now)
	})
	return err
}

// Remove ends a webhook and forgets its address and secrets (settings.edit).
func (s *Service) Remove(ctx context.Context, p access.Principal, id string) error {
	_, err := s.change(ctx, p, id, "removed", func(tx *sql.Tx, w *Webhook) error {
		w.RemovedAt = s.cfg.Clock()
		w.url, w.secret, w.former = []byte{}, []byte{}, []byte{}
		return nil
	})
	return err
}

// List gives all webhooks by name (settings.read).
func (s *Service) List(ctx context.Context, p access.Principal) ([]Webhook, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return nil, err
	}
	return list(ctx, s.cfg.DB.Reader())
}

// Get gives one (settings.read).
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (Webhook, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return Webhook{}, err
	}
	return get(ctx, s.cfg.DB.Reader(), id)
}

// Messages gives the newest messages of a webhook made before one of them, or
// the newest of all where before is "" (settings.read).
func (s *Service) Messages(ctx context.Context, p access.Principal, id, state, before string, limit int) ([]Message, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return nil, err
	}
	return messages(ctx, s.cfg.DB.Reader(), id, state, before, limit)
}

// Attempts gives what was tried of a message, oldest first (settings.read).
func (s *Service) Attempts(ctx context.Context, p access.Principal, message string) ([]Attempt, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return nil, err
	}
	return attempts(ctx, s.cfg.DB.Reader(), message)
}
