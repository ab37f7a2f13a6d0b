package standard

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"io/fs"
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
	"github.com/attesta/attesta/internal/pack"
)

// Config is all that the service depends on.
type Config struct {
	DB       *database.DB // required
	Ledger   *ledger.Log  // required
	Loader   *pack.Loader // pack.Default()
	Clock    clock.Clock  // clock.System
	Logger   *slog.Logger // slog.Default()
	OnChange func()       // called after the set in force has changed: judge again; must return quickly
}

// Service keeps standards over one database.
type Service struct {
	cfg Config

	mu      sync.Mutex
	loaded  map[string]*pack.Pack // guarded by mu: by digest as installed
	current *Set                  // guarded by mu: of generation; nil: not read yet
	at      int64                 // guarded by mu: the generation of current
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil {
		return nil, fault.New(fault.Internal, "standard.Config needs DB and Ledger")
	}
	if cfg.Loader == nil {
		cfg.Loader = pack.Default()
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Service{cfg: cfg, loaded: map[string]*pack.Pack{}}, nil
}

// Install brings in a pack as a draft (standard.install). The same version with
// the same content changes nothing and gives what is there; with other content
// it is kind Conflict. Mistakes in the pack are pack.Errors.
func (s *Service) Install(ctx context.Context, p access.Principal, fsys fs.FS) (Standard, error) {
	if err := access.Authorise(p, access.StandardInstall); err != nil {
		return Standard{}, err
	}
	loaded, err := s.cfg.Loader.Load(fsys)
	if err != nil {
		return Standard{}, err
	}
	if loaded.Kind != "standard" {
		return Standard{}, fault.New(fault.Invalid, "the pack is of kind %s; checks come in packs of kind standard", loaded.Kind).At("pack.yaml", 0, "kind")
	}
	content, err := archive(fsys, loaded.Files)
	if err != nil {
		return Standard{}, fault.Wrap(fault.Unavailable, err, "the pack could not be read whole").WithHint("try again when nobody writes to it")
	}
	st := Standard{ID: ids.New("std", s.cfg.Clock()), Pack: loaded.ID, Version: loaded.Version, Title: loaded.Title, Digest: loaded.Digest, Base: loaded.Digest,
		Checks: len(loaded.Checks), InstalledAt: s.cfg.Clock(), InstalledBy: p.UserID, InForce: true}
	for _, c := range loaded.Checks {
		st.Attributes += len(c.Attributes)
	}
	sum := sha256.Sum256(content)
	installed := false
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		installed = false
		all, err := standards(ctx, tx)
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(all, func(o Standard) bool { return o.Pack == st.Pack && o.Version == st.Version }); at >= 0 {
			if all[at].Base != st.Base {
				return fault.New(fault.Conflict, "%s %s is installed with other content", st.Pack, st.Version).At("pack.yaml", 0, "version").
					WithHint("a version has one content for ever: raise the version of the pack")
			}
			st.ID = all[at].ID
			return nil
		}
		tailored, err := tailorings(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := s.cfg.Loader.Tailor(loaded, packTailoring(loaded, of(tailored, st.Pack))); err != nil {
			return fault.Wrap(fault.Conflict, err, "the tailoring in force does not fit %s %s: %v", st.Pack, st.Version, err).
				WithHint("tailor those checks anew, then install")
		}
		generation, err := nextGeneration(ctx, tx)
		if err != nil {
			return err
		}
		st.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "standard.installed", Stream: "standards", Actor: p.UserID, Subject: st.ID, Blob: hex.EncodeToString(sum[:]),
			Data: map[string]any{"pack": st.Pack, "version": st.Version, "digest": st.Base, "checks": st.Checks, "attributes": st.Attributes}})
		if err != nil {
			return err
		}
		installed = true
		return insertStandard(ctx, tx, st, generation, content)
	})
	if err != nil {
		return Standard{}, err
	}
	if installed {
		s.changed()
	}
	return s.Get(ctx, st.ID)
}

func (s *Service) changed() {
	s.cfg.Ledger.Wake()
	if s.cfg.OnChange != nil {
		s.cfg.OnChange()
	}
}

// List gives every version installed, newest first.
func (s *Service) List(ctx context.Context) ([]Standard, error) {
	all, err := standards(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	set, err := s.InForce(ctx, nil)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if at := slices.IndexFunc(set.Standards, func(o Standard) bool { return o.ID == all[i].ID }); at >= 0 {
			all[i] = set.Standards[at]
		}
	}
	slices.Reverse(all)
	return all, nil
}

// Get gives one installed version.
func (s *Service) Get(ctx context.Context, id string) (Standard, error) {
	all, err := s.List(ctx)
	if err != nil {
		return Standard{}, err
	}
	if at := slices.IndexFunc(all, func(o Standard) bool { return o.ID == id }); at >= 0 {
		return all[at], nil
	}
	return Standard{}, fault.New(fault.NotFound, "there is no standard %s", id)
}

// Named gives an installed version by its id, by its pack ("linux-server": the
// version in force), or by pack and version ("linux-server@1.0.0").
func (s *Service) Named(ctx context.Context, name string) (Standard, error) {
	all, err := s.List(ctx)
	if err != nil {
		return Standard{}, err
	}
	packID, version, versioned := strings.Cut(name, "@")
	for _, st := range all {
		if st.ID == name || st.Pack == packID && (versioned && st.Version == version || !versioned && st.InForce) {
			return st, nil
		}
	}
	return Standard{}, fault.New(fault.NotFound, "no standard %q is installed", name).WithHint("see 'attesta standards list'")
}

// Content gives the files of an installed version as they were installed.
func (s *Service) Content(ctx context.Context, id string) (fs.FS, error) {
	raw, err := content(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return nil, err
	}
	return unarchive(raw)
}

// Pack gives an installed version as it was installed, loaded.
func (s *Service) Pack(ctx context.Context, id string) (*pack.Pack, error) {
	st, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.load(ctx, s.cfg.DB.Reader(), st)
}

// Tailorings gives every tailoring that was ever made, newest first.
func (s *Service) Tailorings(ctx context.Context) ([]Tailoring, error) {
	all, err := everyTailoring(ctx, s.cfg.DB.Reader())
	slices.Reverse(all)
	return all, err
}

// InForce gives the set in force. q may be nil or the caller's transaction,
// which must not itself have changed standards.
func (s *Service) InForce(ctx context.Context, q database.Querier) (*Set, error) {
	if q == nil {
		q = s.cfg.DB.Reader()
	}
	generation, err := generation(ctx, q)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	current, at := s.current, s.at
	s.mu.Unlock()
	if current != nil && at == generation {
		return current, nil
	}
	set, err := s.build(ctx, q, time.Time{})
	if err != nil || s.cfg.DB.Within(ctx) { // what was read may be taken back
		return set, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || generation > s.at {
		s.current, s.at = set, generation
	}
	return set, nil
}

// SetAt gives the set that was in force at t; the zero time means now.
func (s *Service) SetAt(ctx context.Context, t time.Time) (*Set, error) {
	now, err := s.InForce(ctx, nil)
	if err != nil || t.IsZero() {
		return now, err
	}
	approved := now.Since
	for _, st := range now.Standards {
		if st.ApprovedAt.After(approved) {
			approved = st.ApprovedAt
		}
	}
	if !t.Before(approved) {
		return now, nil
	}
	return s.build(ctx, s.cfg.DB.Reader(), t)
}

// build makes the set in force at t; the zero time means now.
func (s *Service) build(ctx context.Context, q database.Querier, t time.Time) (*Set, error) {
	past := func(at time.Time) bool { return t.IsZero() || !at.After(t) }
	all, err := standards(ctx, q)
	if err != nil {
		return nil, err
	}
	tailored, err := everyTailoring(ctx, q)
	if err != nil {
		return nil, err
	}
	approved, err := approvals(ctx, q)
	if err != nil {
		return nil, err
	}
	switched, err := tiers(ctx, q)
	if err != nil {
		return nil, err
	}
	switched = slices.DeleteFunc(switched, func(o TierChange) bool { return !past(o.MadeAt) })
	all = slices.DeleteFunc(all, func(st Standard) bool { return !past(st.InstalledAt) })
	tailored = newestTailorings(slices.DeleteFunc(tailored, func(o Tailoring) bool { return !past(o.MadeAt) }))
	newest := map[string]Standard{}
	for _, st := range all { // in order of installation
		newest[st.Pack] = st
	}
	set := &Set{byID: map[string]int{}}
	for _, name := range sortedKeys(newest) {
		st := newest[name]
		p, err := s.load(ctx, q, st)
		if err != nil {
			return nil, err
		}
		mine := of(tailored, name)
		if p, err = s.cfg.Loader.Tailor(p, packTailoring(p, mine)); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the tailoring of %s does not fit", name)
		}
		st.Digest, st.InForce, st.Tier = p.Digest, true, pack.Essential
		for _, o := range switched { // oldest first
			if o.Pack == name {
				st.Tier = o.Tier
				if o.MadeAt.After(set.Since) {
					set.Since = o.MadeAt
				}
			}
		}
		for _, a := range approved {
			if a.standard == st.ID && a.digest == st.Digest && past(a.at) {
				st.Approved, st.ApprovedAt, st.ApprovedBy, st.Compensation = true, a.at, a.by, a.compensation
			}
		}
		set.add(st, p, mine)
		if st.InstalledAt.After(set.Since) {
			set.Since = st.InstalledAt
		}
		for _, o := range mine {
			if o.MadeAt.After(set.Since) {
				set.Since = o.MadeAt
			}
		}
	}
	set.seal()
	return set, nil
}

// inForceOf gives the version in force of one pack, loaded, with the newest
// tailoring of each of its checks.
func (s *Service) inForceOf(ctx context.Context, q database.Querier, packID string) (Standard, *pack.Pack, []Tailoring, error) {
	all, err := standards(ctx, q)
	if err != nil {
		return Standard{}, nil, nil, err
	}
	all = slices.DeleteFunc(all, func(st Standard) bool { return st.Pack != packID })
	if len(all) == 0 {
		return Standard{}, nil, nil, fault.New(fault.NotFound, "no standard %s is installed", packID).At("", 0, "check")
	}
	st := all[len(all)-1]
	p, err := s.load(ctx, q, st)
	if err != nil {
		return Standard{}, nil, nil, err
	}
	tailored, err := tailorings(ctx, q)
	return st, p, of(tailored, packID), err
}

// load gives a standard's pack, from memory where it was loaded before.
func (s *Service) load(ctx context.Context, q database.Querier, st Standard) (*pack.Pack, error) {
	s.mu.Lock()
	p := s.loaded[st.Base]
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	raw, err := content(ctx, q, st.ID)
	if err != nil {
		return nil, err
	}
	fsys, err := unarchive(raw)
	if err != nil {
		return nil, err
	}
	if p, err = s.cfg.Loader.Load(fsys); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the standard %s %s, stored on %s, cannot be loaded by this version: %v", st.Pack, st.Version, st.InstalledAt.Format(time.DateOnly), err).
			WithHint("install a newer version of it")
	}
	if p.Digest != st.Base {
		return nil, fault.New(fault.Refused, "the stored content of %s %s is not what was installed: its digest is %s, not %s", st.Pack, st.Version, p.Digest, st.Base)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded[st.Base] = p
	return p, nil
}

// Stored gives a pack by the SHA-256 that its entry names, kind NotFound
// where no standard has it.
func (s *Service) Stored(ctx context.Context, digest string) ([]byte, error) {
	all, err := standards(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	for _, st := range all {
		raw, err := content(ctx, s.cfg.DB.Reader(), st.ID)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) == digest {
			return raw, nil
		}
	}
	return nil, fault.New(fault.NotFound, "no standard has the content %s", digest)
}
