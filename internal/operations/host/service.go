package host

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
)

// Config is all that the service depends on.
type Config struct {
	DB         *database.DB       // required
	Ledger     *ledger.Log        // required
	Standards  *standard.Service  // required
	Outcomes   *outcome.Service   // required
	Findings   *finding.Service   // required
	Waivers    *waiver.Service    // nil: nothing is waived
	Exclusions *exclusion.Service // nil: nothing is left out
	Clock      clock.Clock        // clock.System

	// Changed is told which sections of a host became others, in the transaction of the
	// batch that brought them; nil: nobody is.
	Changed func(ctx context.Context, tx *sql.Tx, news News) error
	Logger  *slog.Logger // slog.Default()
}

// Service keeps hosts over one database.
type Service struct {
	cfg      Config
	prepared *database.Prepared
	coder    *coder
	bodies   bodies
	started  time.Time

	mu    sync.Mutex
	set   *standard.Set  // guarded by mu: what panes was made from
	panes *outcome.Panel // guarded by mu
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Standards == nil || cfg.Outcomes == nil || cfg.Findings == nil {
		return nil, fault.New(fault.Internal, "host.Config needs DB, Ledger, Standards, Outcomes and Findings")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	prepared, err := cfg.DB.Prepare(context.Background(), hot...)
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, prepared: prepared, coder: newCoder(), started: cfg.Clock()}, nil
}

// checks says what findings are about.
type checks struct{ *standard.Set }

// about gives a finding's title and severity.
func (c checks) about(check, attribute string) finding.About {
	declared, ok := c.Check(check)
	if !ok {
		return finding.About{Title: check + " " + attribute, Severity: "high"}
	}
	about := finding.About{Title: declared.Title, Severity: declared.Severity}
	if a, ok := declared.Attribute(attribute); ok && len(declared.Attributes) > 1 && a.Title != "" {
		about.Title += ": " + a.Title
	}
	return about
}

// opens reports whether a check's failing items open findings.
func (c checks) opens(check string) bool {
	if c.Set == nil {
		return true // a host that leaves closes and opens nothing by its tiers
	}
	declared, ok := c.Check(check)
	return !ok || declared.Opens()
}

// panel gives the set in force and its attributes, ready to judge. q may be
// the caller's transaction.
func (s *Service) panel(ctx context.Context, q database.Querier) (checks, *outcome.Panel, error) {
	set, err := s.cfg.Standards.InForce(ctx, q)
	if err != nil {
		return checks{}, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil || s.set.Digest != set.Digest {
		var all []outcome.Attribute
		for _, c := range set.Checks {
			for _, a := range c.Attributes {
				all = append(all, outcome.Attribute{Check: c.ID, ID: a.ID, Population: c.Population, Since: c.Standard.InstalledAt, Predicate: a.Predicate})
			}
		}
		s.set, s.panes = set, outcome.NewPanel(set.Digest, all)
	}
	return checks{set}, s.panes, nil
}

// Rejudge judges every host that was last judged by another set of standards
// than the one in force, and gives how many it judged. progress may be nil.
// Whoever installs or tailors a standard calls it, and the server when it starts.
func (s *Service) Rejudge(ctx context.Context, progress func(done, total int)) (int, error) {
	set, panel, err := s.panel(ctx, s.cfg.DB.Reader())
	if err != nil {
		return 0, err
	}
	if err := s.cfg.Outcomes.Register(ctx, panel); err != nil {
		return 0, err
	}
	if err := s.recount(ctx); err != nil {
		return 0, err
	}
	ids, err := judgedOtherwise(ctx, s.cfg.DB.Reader(), panel.Digest())
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			h, err := lockByID(ctx, tx, id)
			if err != nil || h.Standards == panel.Digest() || !h.RetiredAt.IsZero() || !h.ExcludedAt.IsZero() {
				return err
			}
			r := &receipt{s: s, tx: tx, q: s.prepared.Within(tx), host: h, at: set.Since}
			if err := r.renew(ctx, set.Since, outcome.RunStandard); err != nil {
				return err
			}
			return saveHost(ctx, tx, r.host)
		})
		if err != nil {
			return i, err
		}
		if progress != nil {
			progress(i+1, len(ids))
		}
	}
	return len(ids), nil
}

// Sweep marks hosts that fell silent and their findings stale, and gives how
// many fell silent; after much has changed it also folds the steps. A job calls
// it every half minute. For one grace after the start it does nothing: who could
// not reach a server that was off is not silent.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	if s.cfg.Clock().Sub(s.started) < s.cfg.Outcomes.Grace() {
		return 0, nil
	}
	silent, err := s.cfg.Outcomes.Silent(ctx)
	if err != nil {
		return 0, err
	}
	heard, err := notYetSilent(ctx, s.cfg.DB.Reader())
	if err != nil {
		return 0, err
	}
	n := 0
	for _, id := range heard {
		source := id.source
		if _, quiet := silent[source]; !quiet {
			continue
		}
		fell := false
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			fell = false
			h, err := lockByID(ctx, tx, id.host)
			if err != nil || h.Silent || !h.RetiredAt.IsZero() {
				return err
			}
			since, covered, err := s.cfg.Outcomes.LastHeard(ctx, tx, source)
			if err != nil || covered {
				return err // it spoke in the meantime
			}
			fell = true
			h.Silent, h.SilentSince = true, since
			if _, err := s.cfg.Findings.Silence(ctx, tx, h.item(), since); err != nil {
				return err
			}
			return saveHost(ctx, tx, h)
		})
		if err != nil {
			return n, fmt.Errorf("mark %s silent: %w", id.host, err)
		}
		if fell {
			n++
		}
	}
	if n > 0 {
		s.cfg.Ledger.Wake()
	}
	_, err = s.cfg.Outcomes.FoldWhenLarge(ctx)
	return n, err
}

// Retire takes a host out of the population for a reason (host.edit); its
// findings become stale. When it reports again it is back.
func (s *Service) Retire(ctx context.Context, p access.Principal, id, reason string) error {
	if err := access.Authorise(p, access.HostEdit); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" || len(reason) > 1000 {
		return fault.New(fault.Invalid, "say in up to 1,000 bytes why the host leaves: the auditor will ask").At("", 0, "reason")
	}
	now := s.cfg.Clock()
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		h, err := lockByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if !h.RetiredAt.IsZero() {
			return fault.New(fault.Conflict, "%s left the population on %s", h.Name, h.RetiredAt.Format(time.DateOnly))
		}
		if !h.ExcludedAt.IsZero() {
			return fault.New(fault.Conflict, "%s is left out of the population by an exclusion", h.Name).WithHint("end the exclusion first, then retire the host")
		}
		_, panel, err := s.panel(ctx, tx)
		if err != nil {
			return err
		}
		no, run, err := s.cfg.Outcomes.Next(ctx, tx, h.Source)
		if err != nil {
			return err
		}
		if _, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "host.retired", Stream: "hosts", Actor: p.UserID, Subject: h.ID,
			Data: map[string]any{"source": h.Source, "run": run}, Personal: map[string]string{"reason": reason}}); err != nil {
			return err
		}
		r := &receipt{s: s, tx: tx, q: s.prepared.Within(tx), host: h, at: now}
		if h.LastObserved.After(r.at) {
			r.at = h.LastObserved
		}
		err = r.judge(ctx, outcome.Input{No: no, ID: run, Kind: outcome.RunPresence, Item: h.item(), Actor: p.UserID, ValidAt: r.at, Panel: panel,
			Leave: "the host left the population: " + reason}, checks{})
		if err != nil {
			return err
		}
		r.host.RetiredAt, r.host.RetiredBy, r.host.RetiredReason, r.host.Standards = r.at, p.UserID, reason, ""
		return saveHost(ctx, tx, r.host)
	})
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return err
}

// RunPopulation records the population of hosts under each standard in force,
// and folds the steps: daily, and on demand.
func (s *Service) RunPopulation(ctx context.Context) ([]outcome.Run, error) {
	set, _, err := s.panel(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	if _, err := s.cfg.Outcomes.Fold(ctx); err != nil {
		return nil, err
	}
	var runs []outcome.Run
	for _, st := range set.Standards {
		for _, population := range []string{Population, Databases, Repositories} {
			scope := outcome.Scope{Standard: st.Pack, Version: st.Version, Digest: st.Digest, Population: population, Query: queries[population]}
			for _, c := range set.Checks {
				if c.Standard.ID == st.ID && c.Population == population {
					scope.Checks = append(scope.Checks, c.ID)
				}
			}
			if len(scope.Checks) == 0 {
				continue // the standard is not about them
			}
			for _, t := range set.Excluded {
				if strings.HasPrefix(t.Check, st.Pack+"/") {
					scope.Excluded = append(scope.Excluded, t.Check)
				}
			}
			r, err := s.cfg.Outcomes.RunPopulation(ctx, "system", scope)
			if err != nil {
				return runs, err
			}
			runs = append(runs, r)
		}
	}
	return runs, nil
}

// queries say in plain words what belongs to each population.
var queries = map[string]string{
	Population:   "every host whose agent has enrolled and reported facts, without those that were retired or that an exclusion leaves out",
	Repositories: "every repository that is followed and could be read or heard, without those that an exclusion leaves out",
	Capacity:     "every commitment of the capacity plan in force, without those that an exclusion leaves out",
	Components:   "every kind of component that hosts have, and every component of a judged kind that somebody had to say something about, without those that an exclusion leaves out",
	Backups:      "every backup of the register that was not ended, without those that an exclusion leaves out",
	Segmentation: "every rule between zones of the segmentation plan in force, and the item zones, without those that an exclusion leaves out",
	Integrity:    "every host whose agent watches files, without those that left the population of hosts or that an exclusion leaves out",
	Firewalls:    "every rule set of a firewall that is in force somewhere, without those that an exclusion leaves out",
	Endpoints:    "every device of the newest list of each device management, without those that an exclusion leaves out",
	Databases:    "every database whose connection was added, without those that were retired or that an exclusion leaves out",
}
