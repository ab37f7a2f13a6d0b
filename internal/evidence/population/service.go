package population

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
)

// Config is all that the service depends on.
type Config struct {
	DB       *database.DB                                                         // required
	Ledger   *ledger.Log                                                          // required
	Blobs    *blobs.Dir                                                           // required
	Register func(context.Context, exclusion.Question) ([]exclusion.Entry, error) // what is left out; nil: nothing is
	// Neighbours gives what hosts saw beside them up to a moment; nil: none report it.
	Neighbours func(context.Context, Request) (found []Second, notes []string, err error)
	Clock      clock.Clock  // clock.System
	Logger     *slog.Logger // slog.Default()
}

// Service keeps definitions and extractions over one database.
type Service struct {
	cfg     Config
	sources map[string]*Source // filled before use; read only afterwards
}

// New makes the service. Sources are registered before it is used.
func New(cfg Config, sources ...Source) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Blobs == nil {
		return nil, fault.New(fault.Internal, "population.Config needs DB, Ledger and Blobs")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{cfg: cfg, sources: map[string]*Source{}}
	for _, src := range sources {
		if err := s.Register(src); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Reading gives a service that only reads the definitions and extractions that a
// database holds; what would change something, or needs a file, fails there.
func Reading(db *database.DB) *Service {
	return &Service{cfg: Config{DB: db, Clock: clock.System, Logger: slog.Default()}}
}

// Register adds a source; before the service is used.
func (s *Service) Register(src Source) error {
	switch {
	case src.Name == "" || src.Title == "" || src.Read == nil || len(src.Dates) == 0 || len(src.Fields) == 0:
		return fault.New(fault.Internal, "the source of items %q is not whole", src.Name)
	case s.sources[src.Name] != nil:
		return fault.New(fault.Internal, "there are two sources of items %q", src.Name)
	}
	s.sources[src.Name] = &src
	return nil
}

// Sources gives what populations can be made from, by name.
func (s *Service) Sources() []*Source {
	var all []*Source
	for _, name := range slices.Sorted(maps.Keys(s.sources)) {
		all = append(all, s.sources[name])
	}
	return all
}

func (s *Service) source(name string) (*Source, error) {
	if src := s.sources[name]; src != nil {
		return src, nil
	}
	return nil, fault.New(fault.Invalid, "there is no source of items %q", name).At("", 0, "source").
		WithHint("the sources are %s", strings.Join(slices.Sorted(maps.Keys(s.sources)), ", "))
}

// Source gives the source of that name.
func (s *Service) Source(name string) (*Source, error) { return s.source(name) }

// Definitions gives every definition by slug, with its versions.
func (s *Service) Definitions(ctx context.Context) ([]Definition, error) {
	return definitions(ctx, s.cfg.DB.Reader(), "")
}

// Definition gives one; kind NotFound where there is none of that slug.
func (s *Service) Definition(ctx context.Context, slug string) (Definition, error) {
	return definition(ctx, s.cfg.DB.Reader(), slug)
}

func definition(ctx context.Context, q database.Querier, slug string) (Definition, error) {
	all, err := definitions(ctx, q, slug)
	if err != nil {
		return Definition{}, err
	}
	if len(all) == 0 {
		return Definition{}, fault.New(fault.NotFound, "there is no population %q", slug)
	}
	return all[0], nil
}

// Define adds a version of a definition, as a draft (population.edit): the first
// of a new slug, or the next of one that is there. A content that is the newest
// version's is kind Invalid.
func (s *Service) Define(ctx context.Context, p access.Principal, slug string, c Content) (Version, error) {
	if err := access.Authorise(p, access.PopulationEdit); err != nil {
		return Version{}, err
	}
	if len(slug) > 60 || !slugPattern.MatchString(slug) {
		return Version{}, fault.New(fault.Invalid, "a population's short name is lower-case words joined by hyphens, at most 60 bytes").At("", 0, "slug")
	}
	src, err := s.source(c.Source)
	if err != nil {
		return Version{}, err
	}
	if err := c.tidy(src); err != nil {
		return Version{}, err
	}
	var v Version
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		d, err := definition(ctx, tx, slug)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		v, err = s.add(ctx, tx, p, slug, d, c)
		return err
	})
	return v, err
}

func (s *Service) add(ctx context.Context, tx *sql.Tx, p access.Principal, slug string, d Definition, c Content) (Version, error) {
	text, digest, err := c.encode()
	if err != nil {
		return Version{}, fmt.Errorf("encode a definition: %w", err)
	}
	v := Version{Content: c, Slug: slug, Version: len(d.Versions) + 1, State: Draft, Digest: digest, MadeAt: s.cfg.Clock(), MadeBy: p.UserID}
	if n := len(d.Versions); n > 0 && d.Versions[n-1].Digest == digest && d.Versions[n-1].State != Retired {
		return Version{}, fault.New(fault.Invalid, "nothing of population %s would change", slug)
	}
	v.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "population.defined", Stream: "populations", Actor: p.UserID, Subject: slug,
		Data: map[string]any{"version": v.Version, "digest": digest, "source": c.Source}})
	if err != nil {
		return Version{}, fmt.Errorf("record population %s: %w", slug, err)
	}
	return v, insertVersion(ctx, tx, v, text)
}

// Approve makes a draft the organisation's own (population.approve). Its author
// does not approve it; alone is what stands in for a second person where nobody
// else may.
func (s *Service) Approve(ctx context.Context, p access.Principal, slug string, version int, alone string) error {
	if err := access.Authorise(p, access.PopulationApprove); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		d, err := definition(ctx, tx, slug)
		if err != nil {
			return err
		}
		v := d.Newest()
		switch {
		case version != v.Version:
			return fault.New(fault.Conflict, "version %d is not the newest of population %s", version, slug).WithHint("read version %d and approve that", v.Version)
		case v.State != Draft:
			return fault.New(fault.Conflict, "version %d of population %s is %s", version, slug, v.State)
		}
		said, err := access.SecondPerson(ctx, tx, p, v.MadeBy, access.PopulationApprove, alone)
		if err != nil {
			return err
		}
		v.State, v.ApprovedAt, v.ApprovedBy, v.Alone = Approved, s.cfg.Clock(), p.UserID, said
		return s.decide(ctx, tx, &v, "population.approved")
	})
}

// Retire ends the use of a population (population.edit). What was extracted
// stays.
func (s *Service) Retire(ctx context.Context, p access.Principal, slug string) error {
	if err := access.Authorise(p, access.PopulationEdit); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		d, err := definition(ctx, tx, slug)
		if err != nil {
			return err
		}
		v := d.Newest()
		if v.State == Retired {
			return fault.New(fault.Conflict, "population %s is retired already", slug)
		}
		// A version of its own, so that the one that was approved stays as it is.
		_, digest, err := v.Content.encode()
		if err != nil {
			return err
		}
		text, _, err := v.Content.encode()
		if err != nil {
			return err
		}
		v = Version{Content: v.Content, Slug: slug, Version: v.Version + 1, State: Retired, Digest: digest, MadeAt: s.cfg.Clock(), MadeBy: p.UserID}
		v.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "population.retired", Stream: "populations", Actor: p.UserID, Subject: slug,
			Data: map[string]any{"version": v.Version, "digest": digest, "source": v.Source}})
		if err != nil {
			return fmt.Errorf("record population %s: %w", slug, err)
		}
		return insertVersion(ctx, tx, v, text)
	})
}

func (s *Service) decide(ctx context.Context, tx *sql.Tx, v *Version, what string) error {
	var said map[string]string
	if v.Alone != "" {
		said = map[string]string{"alone": v.Alone}
	}
	var err error
	v.Approval, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: what, Stream: "populations", Actor: v.ApprovedBy, Subject: v.Slug, Personal: said,
		Data: map[string]any{"version": v.Version, "digest": v.Digest, "by_one_person": v.Alone != ""}})
	if err != nil {
		return fmt.Errorf("record population %s: %w", v.Slug, err)
	}
	return approveVersion(ctx, tx, *v)
}

// Start adds the definitions that ship, as drafts, where their slug is not taken.
func (s *Service) Start(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, d := range shipped() {
			src := s.sources[d.content.Source]
			if src == nil {
				continue
			}
			_, err := definition(ctx, tx, d.slug)
			if err == nil {
				continue
			}
			if !fault.Is(err, fault.NotFound) {
				return err
			}
			if err := d.content.tidy(src); err != nil {
				return fmt.Errorf("the shipped population %s: %w", d.slug, err)
			}
			if _, err := s.add(ctx, tx, access.System(), d.slug, Definition{}, d.content); err != nil {
				return err
			}
		}
		return nil
	})
}

// Extraction gives one by id or number ("P-3"), with its reconciliations.
func (s *Service) Extraction(ctx context.Context, ref string) (Extraction, error) {
	q := s.cfg.DB.Reader()
	e, err := extraction(ctx, q, ref)
	if err != nil {
		return e, err
	}
	e.Reconciliations, err = reconciliations(ctx, q, e.ID)
	return e, err
}

// Extractions gives those of a population (slug "": of all), newest first,
// after the one with number before (0: from the newest).
func (s *Service) Extractions(ctx context.Context, slug string, before int64, limit int) ([]Extraction, error) {
	return extractions(ctx, s.cfg.DB.Reader(), slug, before, limit)
}
