package people

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/checklist"
)

// Config is all that the service depends on.
type Config struct {
	DB        *database.DB                                                        // required
	Ledger    *ledger.Log                                                         // required
	Access    *access.Service                                                     // required
	Key       *sealed.Key                                                         // required: seals the secrets of sources
	Book      *checklist.Book                                                     // required
	Findings  *finding.Service                                                    // nil: nothing is found
	Hosts     *host.Service                                                       // nil: no account is looked for on hosts and in databases
	Badges    func(ctx context.Context) ([]host.Accounts, error)                  // badges as accounts of badge systems; nil: none are looked for
	Connect   func(settings Settings, secret string) (Reader, error)              // nil: no directory is read; does not connect yet
	Directory *directory.Service                                                  // the accounts that a directory keeps here; nil: none does
	Shown     func(ctx context.Context, user, by string) (checklist.Shown, error) // what records here say of an item of a checklist; nil: people say what was done
	Clock     clock.Clock                                                         // clock.System
	Logger    *slog.Logger                                                        // slog.Default()
}

// Service keeps people over one database.
type Service struct {
	cfg   Config
	lists *checklist.Service

	mu     sync.Mutex
	places map[string]read // guarded by mu: what was last read of a host or database, by its id
	mark   string          // guarded by mu: of the people who were looked for
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Access == nil || cfg.Key == nil || cfg.Book == nil {
		return nil, fault.New(fault.Internal, "people.Config needs DB, Ledger, Access, Key and Book")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	s := &Service{cfg: cfg, places: map[string]read{}}
	s.lists = checklist.New(checklist.Config{DB: cfg.DB, Book: cfg.Book, Record: s.event, Wake: cfg.Ledger.Wake, Clock: cfg.Clock, Shown: cfg.Shown})
	return s, nil
}

// Lists keeps the checklists of people.
func (s *Service) Lists() *checklist.Service { return s.lists }

// Event is a line of somebody's timeline, or of a source's.
type Event struct {
	Subject string            `json:"subject"`
	Seq     int64             `json:"seq"`
	Kind    string            `json:"kind"`
	Data    map[string]any    `json:"data"`
	Detail  map[string]string `json:"detail"`
	ValidAt time.Time         `json:"valid_at"`
	At      time.Time         `json:"at"`
	By      string            `json:"by"`
	Entry   string            `json:"entry"`
	Index   int64             `json:"index"` // -1 before it is numbered
}

// event records what happened: a ledger entry and its row. data is what the
// ledger says, detail what it commits to.
func (s *Service) event(ctx context.Context, tx *sql.Tx, p access.Principal, subject, kind string, validAt time.Time, data map[string]any, detail map[string]string) (string, error) {
	if p.Via == access.ViaCommand {
		data["via"] = string(p.Via)
	}
	for k, v := range detail {
		if v == "" {
			delete(detail, k)
		}
	}
	data["valid_at"] = validAt.UTC().Format(stampForm)
	stream := "people"
	if p.IsSystem() {
		stream = "system"
	}
	e := ledger.Entry{Type: "people." + kind, Stream: stream, Actor: p.UserID, Subject: subject, Data: data}
	if len(detail) > 0 {
		e.Personal = detail
	} else {
		detail = map[string]string{}
	}
	entry, err := s.cfg.Ledger.Append(ctx, tx, e)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", e.Type, err)
	}
	return entry, insertEvent(ctx, tx, Event{Subject: subject, Kind: kind, Data: data, Detail: detail, ValidAt: validAt, At: s.cfg.Clock(), By: p.UserID, Entry: entry})
}

const stampForm = "2006-01-02T15:04:05.000000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil { // cannot be: texts, numbers and lists of them
		panic("people: " + err.Error())
	}
	return string(raw)
}

// Start makes what every deployment has: the source of what people write here,
// and one for files.
func (s *Service) Start(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := s.hand(ctx, tx); err != nil {
			return err
		}
		all, err := files(ctx, tx)
		if err != nil || len(all) > 0 {
			return err
		}
		now := s.cfg.Clock()
		src := &Source{ID: ids.New("psr", now), Kind: CSV, Name: "Personnel file", Place: 1, AddedAt: now}
		if src.Entry, err = s.event(ctx, tx, access.System(), src.ID, "source_added", now, sourceData(src), map[string]string{"name": src.Name}); err != nil {
			return err
		}
		return saveSource(ctx, tx, src)
	})
}

// Tick does what is due by the hour: reads sources, lets days take effect, looks
// for accounts. A job calls it every minute.
func (s *Service) Tick(ctx context.Context) error {
	if err := s.ReadDue(ctx); err != nil {
		return err
	}
	if err := s.Turn(ctx); err != nil {
		return err
	}
	_, err := s.Prove(ctx)
	return err
}
