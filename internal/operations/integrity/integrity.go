package integrity

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity/told"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/wire"
)

// State is where a group stands.
type State string

// The states.
const (
	Open      State = "open"      // unexplained, and nobody explained it
	Explained State = "explained" // somebody did
	Undone    State = "undone"    // its paths are again what they were
	Settled   State = "settled"   // authorised: nothing is to be done
)

// Group is changes that belong together.
type Group struct {
	Number   int64            `json:"-"`
	Ref      string           `json:"ref" doc:"IC-12."`
	Source   string           `json:"source"`
	Host     string           `json:"host" doc:"Its name."`
	HostID   string           `json:"host_id"`
	Verdict  verdict.Kind     `json:"verdict" doc:"ticket, package, management, reverts, unexplained."`
	State    State            `json:"state" doc:"open, explained, undone, settled."`
	Exceeded bool             `json:"limit_exceeded,omitempty" doc:"A token was used beyond its limits."`
	Reason   string           `json:"reason"`
	Evidence verdict.Evidence `json:"evidence"`
	First    time.Time        `json:"first"`
	Last     time.Time        `json:"last"`
	Known    time.Time        `json:"known" doc:"When the server first heard of it."`
	Count    int64            `json:"changes"`
	UndoneN  int64            `json:"undone"`
	System   int64            `json:"system" doc:"Changes of programs and libraries."`
	Config   int64            `json:"configuration"`
	Content  int64            `json:"content"`
	Login    string           `json:"login,omitempty" doc:"Who had logged in where it came from; empty where nobody knows."`
	User     string           `json:"user,omitempty" doc:"As whom it was done."`
	Program  string           `json:"program,omitempty"`
	Person   string           `json:"person,omitempty" doc:"Whose the login is: usr_…, per_…."`
	Token    string           `json:"token,omitempty"`
	Ticket   string           `json:"ticket,omitempty" doc:"CH-12, or the run of a tool."`
	Manager  string           `json:"manager,omitempty"`
	Package  string           `json:"package,omitempty"`
	Version  string           `json:"version,omitempty"`
	Packages int64            `json:"packages,omitempty"`
	Origin   string           `json:"origin,omitempty"`
	Command  string           `json:"command,omitempty" doc:"As the package manager's history has it."`
	AskedBy  string           `json:"asked_by,omitempty" doc:"Likewise."`
	Fleet    string           `json:"fleet,omitempty" doc:"Equal for the same update or change on other hosts."`
	Paths    []string         `json:"paths" doc:"The first few."`
	Decided  string           `json:"explained_by,omitempty"`
	At       time.Time        `json:"explained_at,omitzero"`

	cause string
	entry string
	fleet string // as it is stored
}

// Detail is a group with all that was decided of it.
type Detail struct {
	Group
	Decisions []Decision `json:"decisions"`
	PackageN  []Package  `json:"package_list,omitempty"`
	Others    int64      `json:"same_on_other_hosts" doc:"Other hosts that had the same update that day, or the same change."`
}

// Package is a package of a group.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Count   int64  `json:"changes"`
}

// Decision is what was decided of a group later.
type Decision struct {
	Kind   string    `json:"kind" doc:"explained, undone, ended."`
	Reason string    `json:"reason"`
	Ticket string    `json:"change,omitempty"`
	Alone  string    `json:"compensation,omitempty" doc:"What stood in for a second person."`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Entry  string    `json:"entry"`
}

// Change is one changed path with its verdict.
type Change struct {
	Ref     string          `json:"ref" doc:"IC-12/3."`
	Group   string          `json:"group"`
	Seq     int64           `json:"number"`
	Source  string          `json:"source"`
	Host    string          `json:"host"`
	HostID  string          `json:"host_id"`
	At      time.Time       `json:"at" doc:"By the server's clock."`
	Class   verdict.Class   `json:"class" doc:"system, configuration, content."`
	State   State           `json:"state" doc:"Of the group; undone where this change is."`
	Undone  time.Time       `json:"undone_at,omitzero"`
	Verdict verdict.Verdict `json:"verdict"`
	Told    wire.FileChange `json:"told" doc:"What the agent said."`

	batch int64
}

// Watched is a host whose files are watched.
type Watched struct {
	Source   string    `json:"source"`
	HostID   string    `json:"host_id"`
	Name     string    `json:"name"`
	Joined   time.Time `json:"joined"`
	Last     time.Time `json:"last" doc:"Newest batch of changes; absent where there is none."`
	Silent   time.Time `json:"silent_since,omitzero"`
	Gone     bool      `json:"gone,omitempty"`
	Opened   int64     `json:"open_groups"`
	Changes  int64     `json:"changes"`
	Watching *Watching `json:"watching,omitempty" doc:"What its agent says of its watching; absent where it never did."`
	Baseline *Baseline `json:"baseline,omitempty"`

	watching, baseline, said string
}

// Baseline is what is known of a host's baseline.
type Baseline struct {
	Approval   string    `json:"approval,omitempty" doc:"Of the one in force: bas_…."`
	Root       string    `json:"root,omitempty"`
	Entries    int64     `json:"entries,omitempty"`
	By         string    `json:"approved_by,omitempty"`
	At         time.Time `json:"approved_at,omitzero"`
	Accepted   time.Time `json:"accepted_at,omitzero" doc:"When the agent took it; absent while it has not."`
	Candidate  string    `json:"candidate,omitempty" doc:"Root of a snapshot that waits for approval."`
	CandidateN int64     `json:"candidate_entries,omitempty"`
	Made       time.Time `json:"candidate_made,omitzero"`
}

// Config is what the service depends on. DB, Ledger, Hosts and Changes are required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Changes *change.Service
	Clock   clock.Clock // clock.System
	Version string      // of this program
	// Person gives whose a login on a host is: usr_…, per_… of somebody without an
	// account here, "" for nobody known. nil: nobody is.
	Person func(ctx context.Context, hostID, login string) (string, error)
	// Approved gives what approved a package that comes from no repository before it
	// came, "" for nothing. It is called within the transaction of a batch. nil:
	// nothing does.
	Approved func(ctx context.Context, q database.Querier, hostName string, p *wire.PackageClaim, at time.Time) (string, error)
	// Silent gives since when sources were not heard. nil: all are heard.
	Silent func(ctx context.Context) (map[string]time.Time, error)
}

// Service keeps changes over one database.
type Service struct {
	cfg   Config
	book  *entries.Book
	tools *journal.Journal[Tool]
	coder *told.Coder

	mu   sync.Mutex           // one Turn at a time
	said map[string]time.Time // guarded by mu: when a host's entry was in force last, by source
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg: cfg, coder: told.New(), said: map[string]time.Time{},
		book:  entries.New(entries.Config{DB: cfg.DB, Ledger: cfg.Ledger, Hosts: cfg.Hosts, Clock: cfg.Clock, Version: cfg.Version}),
		tools: journal.New[Tool](journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}, ToolKind)}
}

// Now gives the service's time.
func (s *Service) Now() time.Time { return s.cfg.Clock() }

// RefOf gives a group's number as people write it.
func RefOf(no int64) string { return "IC-" + strconv.FormatInt(no, 10) }

// number reads IC-12; kind NotFound for anything else.
func number(ref string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(ref)), "IC-"), 10, 64)
	if err != nil || n < 1 {
		return 0, noGroup(ref)
	}
	return n, nil
}

func noGroup(ref string) error {
	return fault.New(fault.NotFound, "there is no group of changes %.40q", ref).WithHint("they have numbers like IC-12")
}

func bad(field, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func asJSON(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}
