package anchor

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
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
	"github.com/attesta/attesta/internal/proof"
)

const (
	maxAnchors = 20
	look       = 30 * time.Second // how often it is looked whether one is due
	firstPause = 5 * time.Minute  // after a failure; doubled for each more, up to the interval
)

// Config is all that the service depends on.
type Config struct {
	DB      *database.DB  // required
	Ledger  *ledger.Log   // required
	Key     *sealed.Key   // required
	Jobs    *jobs.Runner  // required
	Dialer  *dial.Dialer  // required
	Data    string        // the data directory: no place for copies
	Version string        // of this program
	Clock   clock.Clock   // clock.System
	Logger  *slog.Logger  // slog.Default()
	Limit   time.Duration // 20 s: for one question
}

// Service hands checkpoints to those who are to hold them.
type Service struct {
	cfg    Config
	client *http.Client
	one    sync.Mutex // held while somebody is asked: a witness takes one proof at a time
}

// New makes the service and declares its job.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Key == nil || cfg.Jobs == nil || cfg.Dialer == nil {
		return nil, fault.New(fault.Internal, "anchor.Config needs DB, Ledger, Key, Jobs and Dialer")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Logger, cfg.Limit = cmp.Or(cfg.Logger, slog.Default()), cmp.Or(cfg.Limit, 20*time.Second)
	s := &Service{cfg: cfg, client: cfg.Dialer.Client(cfg.Limit)}
	return s, cfg.Jobs.Define("checkpoints for those outside", jobs.Every(look), s.Due)
}

func sealedAs(id string) string { return "anchor address " + id }
func itoa(n int64) string       { return strconv.FormatInt(n, 10) }

func stream(actor string) string {
	if actor == "system" {
		return "system"
	}
	return "people"
}

// save writes an anchor with the ledger's entry about it.
func (s *Service) save(ctx context.Context, tx *sql.Tx, actor, did string, a *Anchor) error {
	d := a.data()
	d["did"] = did
	var err error
	if a.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: SetType, Stream: stream(actor), Actor: actor, Subject: a.ID, Data: d}); err != nil {
		return fmt.Errorf("record anchor %s: %w", a.ID, err)
	}
	return put(ctx, tx, *a)
}

// check says whether the address may be used at all.
func (s *Service) check(ctx context.Context, set Settings) error {
	if set.Kind == Directory {
		err := directory{set.Address, s.cfg.Data}.check()
		if fault.Is(err, fault.Unavailable) { // here it is a mistake in the form
			message, hint := fault.Public(err)
			return fault.Wrap(fault.Invalid, err, "%s", message).At("", 0, "address").WithHint("%s", hint)
		}
		return err
	}
	to, err := dialled(set.Address)
	if err != nil {
		return err
	}
	if err := s.cfg.Dialer.Check(ctx, to); dial.Refused(err) {
		message, hint := fault.Public(err)
		return fault.Wrap(fault.Invalid, err, "%s", message).At("", 0, "address").WithHint("%s", hint)
	}
	return nil
}

// Add adds a holder (settings.edit). The first checkpoint is handed to it within
// half a minute.
func (s *Service) Add(ctx context.Context, p access.Principal, set Settings) (Anchor, error) {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return Anchor{}, err
	}
	if err := set.tidy(); err != nil {
		return Anchor{}, err
	}
	if err := s.check(ctx, set); err != nil {
		return Anchor{}, err
	}
	now := s.cfg.Clock()
	a := Anchor{ID: ids.New("anc", now), Name: set.Name, Kind: set.Kind, Trust: set.Trust, Every: set.Every, MadeAt: now, NextAt: now}
	a.Place, _ = set.place() // tidy took it
	a.address = s.cfg.Key.Seal(sealedAs(a.ID), set.Address)
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := list(ctx, tx)
		if err != nil {
			return err
		}
		if len(all) >= maxAnchors {
			return fault.New(fault.Conflict, "there are %d anchors already", len(all)).WithHint("remove one first")
		}
		if slices.ContainsFunc(all, func(o Anchor) bool { return o.Name == a.Name }) {
			return fault.New(fault.Conflict, "an anchor is called %s already", a.Name).At("", 0, "name").WithHint("give it another name")
		}
		return s.save(ctx, tx, p.UserID, "added", &a)
	})
	return a, err
}

// Remove ends an anchor and forgets its address (settings.edit). What it answered
// stays, and goes on to prove what it proves.
func (s *Service) Remove(ctx context.Context, p access.Principal, id string) error {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		a, err := inUse(ctx, tx, id)
		if err != nil {
			return err
		}
		a.RemovedAt, a.address, a.NextAt = s.cfg.Clock(), []byte{}, time.Time{}
		return s.save(ctx, tx, p.UserID, "removed", &a)
	})
}

func inUse(ctx context.Context, q database.Querier, id string) (Anchor, error) {
	a, err := get(ctx, q, id)
	if err == nil && !a.RemovedAt.IsZero() {
		err = fault.New(fault.NotFound, "there is no anchor %q", id)
	}
	return a, err
}

// Test hands the present checkpoint to an anchor at once (settings.edit). An
// error is what went wrong with it, and is kept as its state.
func (s *Service) Test(ctx context.Context, p access.Principal, id string) (Receipt, error) {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return Receipt{}, err
	}
	a, err := inUse(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return Receipt{}, err
	}
	return s.hand(ctx, a)
}

// Due hands checkpoints to those whose time has come. One that fails keeps
// nobody else from theirs, and is told by Health rather than as a failed job.
func (s *Service) Due(ctx context.Context) error {
	all, err := list(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.NextAt.After(s.cfg.Clock()) {
			continue
		}
		if _, err := s.hand(ctx, a); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if kept := (told{}); !errors.As(err, &kept) {
				return err
			}
		}
	}
	return nil
}

// told is an error that stands in the row of its anchor.
type told struct{ error }

func (t told) Unwrap() error { return t.error }

// hand hands the newest checkpoint to an anchor and keeps what it answers.
func (s *Service) hand(ctx context.Context, a Anchor) (Receipt, error) {
	s.one.Lock()
	defer s.one.Unlock()
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if head.Size == 0 {
		return Receipt{}, fault.New(fault.Unavailable, "the ledger has published nothing yet").WithHint("try again in a second")
	}
	c, err := s.cfg.Ledger.CheckpointOf(ctx, head.Size)
	if err != nil {
		return Receipt{}, err
	}
	h, err := s.holder(a)
	if err != nil {
		return Receipt{}, s.failed(ctx, a, err)
	}
	within, cancel := context.WithTimeout(ctx, 2*s.cfg.Limit)
	defer cancel()
	held := a.HeldSize
	if held > c.Size { // of another epoch
		held = 0
	}
	got, err := h.hand(within, c, held)
	if ctx.Err() != nil {
		return Receipt{}, ctx.Err()
	}
	if err != nil {
		return Receipt{}, s.failed(ctx, a, err)
	}
	now := s.cfg.Clock()
	r := Receipt{ID: ids.New("rcp", now), Anchor: a.ID, Name: a.Name, Kind: a.Kind, Size: c.Size, Root: proof.EncodeHash(c.Root), Note: string(c.Raw), Proof: got.proof, Said: got.said.UTC().Truncate(time.Second), At: now, Trust: a.Trust}
	if got.said.IsZero() {
		r.Said = time.Time{}
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		fresh, err := inUse(ctx, tx, a.ID)
		if err != nil {
			return err // removed meanwhile
		}
		if r.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: HeldType, Stream: "system", Actor: "system", Subject: r.ID, Outcome: "pass", Data: r.data()}); err != nil {
			return err
		}
		fresh.HeldSize, fresh.HeldAt, fresh.NextAt, fresh.Failing, fresh.FailedSince, fresh.Trouble = r.Size, now, now.Add(fresh.Every), 0, time.Time{}, ""
		if err := put(ctx, tx, fresh); err != nil {
			return err
		}
		return insertReceipt(ctx, tx, r)
	})
	if err == nil && a.Failing > 0 {
		s.cfg.Logger.Info("an anchor takes checkpoints again", "anchor", a.Name, "failed_since", a.FailedSince)
	}
	return r, err
}

// failed keeps why an anchor took nothing, and when it is asked again.
func (s *Service) failed(ctx context.Context, a Anchor, cause error) error {
	message, hint := fault.Public(cause)
	if hint != "" {
		message += " (" + hint + ")"
	}
	now := s.cfg.Clock()
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		fresh, err := inUse(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if fresh.Failing == 0 {
			fresh.FailedSince = now
			if _, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: FailedType, Stream: "system", Actor: "system", Subject: a.ID, Outcome: "fail", Data: map[string]any{"trouble": digest([]byte(message))}}); err != nil {
				return err
			}
		}
		fresh.Failing++
		fresh.Trouble = message
		fresh.NextAt = now.Add(min(fresh.Every, firstPause<<min(fresh.Failing-1, 10)))
		return put(ctx, tx, fresh)
	})
	if err != nil {
		return errors.Join(cause, err)
	}
	s.cfg.Logger.Warn("an anchor took no checkpoint", "anchor", a.Name, "error", message)
	return told{cause}
}

// List gives the anchors in use, by name (settings.read).
func (s *Service) List(ctx context.Context, p access.Principal) ([]Anchor, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return nil, err
	}
	return list(ctx, s.cfg.DB.Reader())
}

// Get gives one with what it answered before one of its answers, or the newest
// where before is "" (settings.read).
func (s *Service) Get(ctx context.Context, p access.Principal, id, before string, limit int) (Anchor, []Receipt, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return Anchor{}, nil, err
	}
	a, err := inUse(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return a, nil, err
	}
	all, err := receiptsOf(ctx, s.cfg.DB.Reader(), id, before, limit)
	return a, all, err
}

// Receipt gives one answer of an anchor (settings.read).
func (s *Service) Receipt(ctx context.Context, p access.Principal, anchor, id string) (Receipt, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return Receipt{}, err
	}
	found, err := receipts(ctx, s.cfg.DB.Reader(), `WHERE r.anchor = $1 AND r.id = $2`, anchor, id)
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "there is no answer %q", strings.TrimSpace(id))
	}
	if err != nil {
		return Receipt{}, err
	}
	return found[0], nil
}
