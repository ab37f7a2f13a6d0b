package databases

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"regexp"
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
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"

	"golang.org/x/sync/errgroup"
)

// Every is how often each database is read, as often as an agent is heard.
const Every = 30 * time.Second

// Server is a database server that can be read. It keeps its connection.
type Server interface {
	Place() string // HOST:PORT/DATABASE, for people
	Read(context.Context) ([]facts.Section, error)
	Close()
}

// Config is all that the service depends on.
type Config struct {
	DB      *database.DB                            // required
	Ledger  *ledger.Log                             // required
	Hosts   *host.Service                           // required: takes in what is read
	Key     *sealed.Key                             // required
	Connect func(connection string) (Server, error) // required; does not connect yet
	Version string                                  // of this program
	Clock   clock.Clock                             // clock.System
	Logger  *slog.Logger                            // slog.Default()
}

// Service keeps connections over one database.
type Service struct {
	cfg Config

	mu    sync.Mutex
	lines map[string]*line // guarded by mu: by source
}

// line is a server that is read, one reading at a time.
type line struct {
	mu     sync.Mutex
	server Server
	last   map[string]string // guarded by mu: digests that the last reading brought
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Hosts == nil || cfg.Key == nil || cfg.Connect == nil {
		return nil, fault.New(fault.Internal, "databases.Config needs DB, Ledger, Hosts, Key and Connect")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	return &Service{cfg: cfg, lines: map[string]*line{}}, nil
}

// Database is one connection and what was judged of its server.
type Database struct {
	Source  string    `json:"source"`
	Name    string    `json:"name"`
	Place   string    `json:"place"`
	AddedAt time.Time `json:"added_at"`
	Entry   string    `json:"entry"`
	TriedAt time.Time `json:"tried_at,omitzero"` // it could not be read then, nor since
	Trouble string    `json:"trouble,omitempty"` // why
	Host    host.Host `json:"-"`

	RemovedAt time.Time `json:"-"`
	gone      string
	box       []byte
}

// Connection is one that is to be added.
type Connection struct {
	Name   string // as people call it: billing
	String string // postgres://…; a secret
}

var names = regexp.MustCompile(`^[\pL\pN][\pL\pN ._-]{0,62}$`)

func place(source string) string { return "database " + source }

// Add reads a server and, when it could be read, adds its connection
// (database.edit). It gives the database as it was judged.
func (s *Service) Add(ctx context.Context, p access.Principal, n Connection) (Database, error) {
	if err := access.Proved(p, access.DatabaseEdit); err != nil {
		return Database{}, err
	}
	n.Name = strings.TrimSpace(n.Name)
	if !names.MatchString(n.Name) {
		return Database{}, fault.New(fault.Invalid, "%q is no name of a database", n.Name).At("", 0, "name").WithHint("use up to 63 letters, digits, spaces, dots, dashes: billing")
	}
	server, err := s.cfg.Connect(n.String)
	if err != nil {
		return Database{}, err
	}
	sections, err := server.Read(ctx)
	if err != nil {
		server.Close()
		return Database{}, err
	}
	now := s.cfg.Clock()
	d := Database{Source: ids.New("src", now), Name: n.Name, Place: server.Place(), AddedAt: now}
	d.box = s.cfg.Key.Seal(place(d.Source), n.String)
	l := &line{server: server}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		taken, err := named(ctx, tx, d.Name)
		if err != nil {
			return err
		}
		if taken {
			return fault.New(fault.Conflict, "a database is called %s already", d.Name).At("", 0, "name").WithHint("give it another name, or remove the other one first")
		}
		if d.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "database.added", Stream: "databases", Actor: p.UserID, Subject: d.Source, Data: d.data()}); err != nil {
			return err
		}
		if err := insert(ctx, tx, d); err != nil {
			return err
		}
		return s.take(ctx, tx, d, sections, digests(sections), now)
	})
	if err != nil {
		server.Close()
		return Database{}, err
	}
	l.last = digests(sections)
	s.mu.Lock()
	s.lines[d.Source] = l
	s.mu.Unlock()
	s.cfg.Ledger.Wake()
	return s.Get(ctx, p, d.Name)
}

// data is what the ledger says of an added connection.
func (d *Database) data() map[string]any {
	sum := sha256.Sum256(d.box)
	return map[string]any{"name": d.Name, "connection": hex.EncodeToString(sum[:])}
}

// Remove stops reading a database and takes it out of the population, for a
// reason (database.edit, host.edit). What was read and judged stays.
func (s *Service) Remove(ctx context.Context, p access.Principal, name, reason string) error {
	for _, a := range []access.Action{access.DatabaseEdit, access.HostEdit} {
		if err := access.Proved(p, a); err != nil {
			return err
		}
	}
	if strings.TrimSpace(reason) == "" {
		return fault.New(fault.Invalid, "say why the database is no longer read: the auditor will ask").At("", 0, "reason")
	}
	d, err := s.Get(ctx, p, name)
	if err != nil {
		return err
	}
	now := s.cfg.Clock()
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "database.removed", Stream: "databases", Actor: p.UserID, Subject: d.Source, Data: map[string]any{"name": d.Name}})
		if err != nil {
			return err
		}
		return remove(ctx, tx, d.Source, entry, now)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	l := s.lines[d.Source]
	delete(s.lines, d.Source)
	s.mu.Unlock()
	if l != nil {
		l.mu.Lock()
		l.server.Close()
		l.mu.Unlock()
	}
	return s.cfg.Hosts.Retire(ctx, p, d.Host.ID, reason)
}

// List gives the databases that are read, by name (host.read).
func (s *Service) List(ctx context.Context, p access.Principal) ([]Database, error) {
	if err := access.Authorise(p, access.HostRead); err != nil {
		return nil, err
	}
	all, err := inUse(ctx, s.cfg.DB.Reader())
	for i := 0; i < len(all) && err == nil; i++ {
		all[i].Host, err = s.cfg.Hosts.Get(ctx, all[i].Source)
	}
	return all, err
}

// Get gives one of them by name (host.read).
func (s *Service) Get(ctx context.Context, p access.Principal, name string) (Database, error) {
	all, err := s.List(ctx, p)
	if err != nil {
		return Database{}, err
	}
	i := slices.IndexFunc(all, func(d Database) bool { return d.Name == name })
	if i < 0 {
		return Database{}, fault.New(fault.NotFound, "no database is called %q", name).WithHint("see 'attesta databases list'")
	}
	return all[i], nil
}

// Observe reads one database now (database.edit).
func (s *Service) Observe(ctx context.Context, p access.Principal, name string) (Database, error) {
	if err := access.Authorise(p, access.DatabaseEdit); err != nil {
		return Database{}, err
	}
	d, err := s.Get(ctx, p, name)
	if err != nil {
		return Database{}, err
	}
	if err := s.read(ctx, d); err != nil {
		return Database{}, err
	}
	s.cfg.Ledger.Wake()
	return s.Get(ctx, p, name)
}

// ReadAll reads every database once. One that cannot be read hinders no other.
func (s *Service) ReadAll(ctx context.Context) error {
	all, err := inUse(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(8)
	for _, d := range all {
		group.Go(func() error {
			err := s.read(ctx, d)
			if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.Unavailable {
				s.cfg.Logger.Error("a database could not be read", "database", d.Name, "error", err)
			}
			return nil // kept beside it
		})
	}
	err = group.Wait()
	s.cfg.Ledger.Wake()
	return err
}

// Close ends every connection.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		l.mu.Lock()
		l.server.Close()
		l.mu.Unlock()
	}
	clear(s.lines)
}

func (s *Service) line(d Database) (*line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lines[d.Source]; l != nil {
		return l, nil
	}
	connection, err := s.cfg.Key.Unseal(place(d.Source), d.box)
	if err != nil {
		return nil, err
	}
	server, err := s.cfg.Connect(connection)
	if err != nil {
		return nil, err
	}
	s.lines[d.Source] = &line{server: server}
	return s.lines[d.Source], nil
}

// read reads a server and takes in what it said, or keeps why it could not.
func (s *Service) read(ctx context.Context, d Database) error {
	l, err := s.line(d)
	if err != nil {
		return s.failed(ctx, d, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sections, err := l.server.Read(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return s.failed(ctx, d, err)
	}
	now, said := s.cfg.Clock(), digests(sections)
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if d.Trouble != "" {
			if err := trouble(ctx, tx, d.Source, time.Time{}, ""); err != nil {
				return err
			}
		}
		if maps.Equal(l.last, said) {
			resend, err := s.heartbeat(ctx, tx, d, said, now)
			if err != nil || len(resend) == 0 {
				return err
			}
		}
		return s.take(ctx, tx, d, sections, said, now)
	})
	if err == nil {
		l.last = said
	}
	return err
}

// take takes in facts, and that they are what is in force.
func (s *Service) take(ctx context.Context, tx *sql.Tx, d Database, sections []facts.Section, said map[string]string, now time.Time) error {
	b := s.batch(d, now, said)
	for _, sec := range sections {
		raw, err := json.Marshal(sec)
		if err != nil {
			return err
		}
		b.Items = append(b.Items, raw)
	}
	if _, err := s.cfg.Hosts.ReceiveFacts(ctx, tx, b); err != nil {
		return err
	}
	_, err := s.heartbeat(ctx, tx, d, said, now)
	return err
}

func (s *Service) heartbeat(ctx context.Context, tx *sql.Tx, d Database, said map[string]string, now time.Time) (resend []string, err error) {
	b := s.batch(d, now, said)
	raw, err := json.Marshal(wire.Heartbeat{Sections: said})
	if err != nil {
		return nil, err
	}
	b.Items = []json.RawMessage{raw}
	return s.cfg.Hosts.ReceiveHeartbeat(ctx, tx, b)
}

func (s *Service) batch(d Database, now time.Time, said map[string]string) host.Batch {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(said)) {
		h.Write([]byte(name + " " + said[name] + "\n"))
	}
	var none int64
	return host.Batch{Population: host.Databases, Source: d.Source, SourceName: d.Name, Stream: "server", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none,
		ReceivedAt: now, Digest: hex.EncodeToString(h.Sum(nil)), AgentVersion: s.cfg.Version}
}

func digests(sections []facts.Section) map[string]string {
	said := make(map[string]string, len(sections))
	for _, sec := range sections {
		said[sec.Name] = sec.Digest
	}
	return said
}

// failed keeps why a database could not be read, once per reason.
func (s *Service) failed(ctx context.Context, d Database, cause error) error {
	why, _ := fault.Public(cause)
	if why == d.Trouble {
		return cause
	}
	s.cfg.Logger.Warn("a database cannot be read", "database", d.Name, "why", why)
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return trouble(ctx, tx, d.Source, s.cfg.Clock(), why) })
	if err != nil {
		return err
	}
	return cause
}
