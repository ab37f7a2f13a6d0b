package backup

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"

	"golang.org/x/sys/unix"
)

// What an attempt is, and how it stands.
const (
	ToMake   = "make"
	ToVerify = "verify"

	Waiting = "waiting"
	Running = "running"
	Done    = "done"
	Failed  = "failed"
)

// How says how a backup was verified.
type How string

// The ways, the strongest first.
const (
	Restored How = "restored" // restored beside the live data: ledger, rows and counts verified
	Read     How = "read"     // each file of it has the digest that its manifest says
	Bytes    How = "bytes"    // the file has the digest with which it was written
)

// Run is an attempt to make a backup, or to verify one.
type Run struct {
	ID      string    `json:"id"`
	What    string    `json:"what"` // make, verify
	Reason  Reason    `json:"reason,omitempty"`
	Backup  string    `json:"backup,omitempty"` // what was made, or is verified
	Actor   string    `json:"actor"`
	Asked   time.Time `json:"asked"`
	Began   time.Time `json:"began,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	State   string    `json:"state"`
	How     How       `json:"how,omitempty"`
	Trouble string    `json:"trouble,omitempty"`
	Hint    string    `json:"hint,omitempty"`
	Entry   string    `json:"-"`
}

// Over reports whether it came to its end.
func (r Run) Over() bool { return r.State == Done || r.State == Failed }

// Keeping is all that the service depends on.
type Keeping struct {
	Config               // what a backup is made of
	Jobs    *jobs.Runner // required
	Dir     string       // where backups are put
	Also    []string     // directories that backups of other reasons are put into
	Own     bool         // Dir is in the data directory: on the disk that it is to survive
	Every   time.Duration
	Keep    int // with Every and Planned: the configuration's, until somebody sets others
	Planned bool
	To      []string // age recipients
	Trial   string   // directory, not there, for trial restores; beside the data directory's other parts

	Bindings []ledger.Binding
	After    func(context.Context, *database.DB) error // as of RestoreOptions
	Logger   *slog.Logger                              // slog.Default()
	Spare    int64                                     // 1 GiB: what a trial restore leaves free
}

// Service makes backups on a schedule and when somebody asks, one at a time,
// and verifies them.
type Service struct {
	cfg Keeping

	busy sync.Mutex // held while one is made

	mu   sync.Mutex
	step Progress // guarded by mu
}

// Progress is how far the attempt that runs has come.
type Progress struct {
	Run   string `json:"run,omitempty"` // "" where none runs
	Step  string `json:"step,omitempty"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"` // 0: not known
}

const jobAsked = "backups that were asked for"

// look is how often the schedule is looked at.
const look = 15 * time.Second

// NewService makes the service and declares its jobs. What ran when the server
// ended is noted as failed.
func NewService(ctx context.Context, cfg Keeping) (*Service, error) {
	if cfg.DB == nil || cfg.Log == nil || cfg.Jobs == nil || cfg.Dir == "" || cfg.Trial == "" {
		return nil, fault.New(fault.Internal, "backup.Keeping needs DB, Log, Jobs, Dir and Trial")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Logger, cfg.Spare = cmp.Or(cfg.Logger, slog.Default()), cmp.Or(cfg.Spare, 1<<30)
	s := &Service{cfg: cfg}
	left, err := runs(ctx, cfg.DB.Reader(), "", "", []string{Running}, 100)
	if err != nil {
		return nil, err
	}
	for _, r := range left {
		err := fault.New(fault.Unavailable, "the server ended while it ran").WithHint("ask again; what it had written is removed")
		if err := s.fail(ctx, r, err); err != nil {
			return nil, err
		}
	}
	if err := os.RemoveAll(cfg.Trial); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "what a trial restore left at %s cannot be removed", cfg.Trial)
	}
	return s, errors.Join(
		cfg.Jobs.Handle(jobAsked, s.asked, jobs.Limit(6*time.Hour)),
		cfg.Jobs.Define("look whether a backup is due", jobs.Every(look), s.scheduled, jobs.Limit(6*time.Hour)))
}

// begin notes an attempt, waiting, in the caller's transaction. Two at once are
// kind Conflict.
func (s *Service) begin(ctx context.Context, tx *sql.Tx, r Run) (Run, error) {
	open, err := runs(ctx, tx, r.What, "", []string{Waiting, Running}, 1)
	if err != nil {
		return r, err
	}
	if len(open) > 0 {
		what := "a backup is being made"
		if r.What == ToVerify {
			what = "a backup is being verified"
		}
		return r, fault.New(fault.Conflict, "%s already, since %s", what, open[0].Asked.UTC().Format("15:04:05 UTC")).WithHint("wait until it is done")
	}
	r.Asked, r.State = s.cfg.Clock(), Waiting
	r.ID = ids.New("bkr", r.Asked)
	return r, putRun(ctx, tx, r)
}

// Ask queues a backup (backup.make), to be made at once.
func (s *Service) Ask(ctx context.Context, p access.Principal) (Run, error) {
	if err := access.Proved(p, access.BackupMake); err != nil {
		return Run{}, err
	}
	return s.queue(ctx, Run{What: ToMake, Reason: Asked, Actor: p.UserID})
}

// AskVerify queues the verification of a backup (backup.make).
func (s *Service) AskVerify(ctx context.Context, p access.Principal, id string) (Run, error) {
	if err := access.Proved(p, access.BackupMake); err != nil {
		return Run{}, err
	}
	m, err := madeByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return Run{}, err
	}
	if _, err := s.place(m); err != nil {
		return Run{}, err
	}
	return s.queue(ctx, Run{What: ToVerify, Backup: id, Actor: p.UserID})
}

func (s *Service) queue(ctx context.Context, r Run) (Run, error) {
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if r, err = s.begin(ctx, tx, r); err != nil {
			return err
		}
		return s.cfg.Jobs.Insert(ctx, tx, jobAsked, map[string]string{"run": r.ID})
	})
	return r, err
}

// asked does what was queued. How it ended stands in its row and in the ledger:
// it is not tried again by itself.
func (s *Service) asked(ctx context.Context, payload json.RawMessage) error {
	var job struct {
		Run string `json:"run"`
	}
	if err := json.Unmarshal(payload, &job); err != nil {
		return fault.Wrap(fault.Invalid, err, "the job names no attempt")
	}
	r, err := runByID(ctx, s.cfg.DB.Reader(), job.Run)
	if err != nil || r.State != Waiting {
		return err
	}
	if r.What == ToVerify {
		_, err = s.verify(ctx, r)
	} else {
		_, err = s.make(ctx, r, Options{To: s.cfg.Dir + "/", Recipients: s.cfg.To, Reason: Asked})
	}
	if kept := (told{}); errors.As(err, &kept) {
		return nil
	}
	return err
}

// told is an error that stands in the row of its attempt.
type told struct{ error }

func (t told) Unwrap() error { return t.error }

// scheduled makes the backup that is due.
func (s *Service) scheduled(ctx context.Context) error {
	plan, err := s.plan(ctx)
	if err != nil || plan.Next.IsZero() || plan.Next.After(s.cfg.Clock()) {
		return err
	}
	var r Run
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		r, err = s.begin(ctx, tx, Run{What: ToMake, Reason: Scheduled, Actor: access.System().UserID})
		return err
	})
	if fault.Is(err, fault.Conflict) {
		return nil // one that was asked for is being made; this one stays due
	}
	if err != nil {
		return err
	}
	if _, err := s.make(ctx, r, Options{To: s.cfg.Dir + "/", Recipients: s.cfg.To, Reason: Scheduled}); err != nil {
		return err
	}
	return nil
}

// Make makes a backup at once, wherever its options say (backup.make).
func (s *Service) Make(ctx context.Context, p access.Principal, opt Options) (Made, error) {
	if err := access.Authorise(p, access.BackupMake); err != nil {
		return Made{}, err
	}
	var r Run
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		r, err = s.begin(ctx, tx, Run{What: ToMake, Reason: cmp.Or(opt.Reason, Asked), Actor: p.UserID})
		return err
	})
	if err != nil {
		return Made{}, err
	}
	made, err := s.make(ctx, r, opt)
	if kept := (told{}); errors.As(err, &kept) {
		err = kept.error
	}
	return made, err
}

// make makes a backup and notes how that ended.
func (s *Service) make(ctx context.Context, r Run, opt Options) (made Made, err error) {
	s.busy.Lock()
	defer s.busy.Unlock()
	if r, err = s.run(ctx, r); err != nil {
		return made, err
	}
	defer s.note(Progress{})
	cfg := s.cfg.Config
	cfg.Progress = func(done, total int64) { s.note(Progress{Run: r.ID, Step: "writing", Done: done, Total: total}) }
	s.note(Progress{Run: r.ID, Step: "copying the database"})
	if s.cfg.Own && filepath.Clean(opt.To) == s.cfg.Dir {
		if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
			return made, s.ended(ctx, r, full(fault.Wrap(fault.Unavailable, err, "%s cannot be made: %v", s.cfg.Dir, err).WithHint("check the owner and the mode of the directory above it")))
		}
	}
	if made, err = Make(ctx, cfg, opt); err != nil {
		return made, s.ended(ctx, r, err)
	}
	if err := s.cfg.DB.Tx(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		entry, err := record(ctx, tx, s.cfg.Log, r.Actor, &made)
		if err != nil {
			return err
		}
		r.State, r.Backup, r.Ended, r.Entry = Done, made.ID, s.cfg.Clock(), entry
		return putRun(ctx, tx, r)
	}); err != nil {
		return made, s.ended(ctx, r, err)
	}
	s.cfg.Log.Wake()
	s.cfg.Logger.Info("a backup was made", "path", made.Path, "reason", made.Reason, "ledger_size", made.Ledger.Size, "files", made.Files, "bytes", made.Packed, "encrypted", made.Encrypted, "took", r.Ended.Sub(r.Began))
	if filepath.Dir(made.Path) != s.cfg.Dir {
		return made, nil // where somebody named another place nothing is removed
	}
	return made, s.retain(ctx)
}

// retain removes the oldest files but for those that are kept, and records it.
func (s *Service) retain(ctx context.Context) error {
	plan, err := s.plan(ctx)
	if err != nil {
		return err
	}
	gone, pruned := Prune(s.cfg.Dir, Prefix(s.cfg.Log.Origin()), plan.Keep, s.cfg.Clock())
	if len(gone) == 0 {
		return pruned
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := removed(ctx, tx, gone, s.cfg.Clock())
		if err != nil || len(all) == 0 {
			return err
		}
		_, err = s.cfg.Log.Append(ctx, tx, ledger.Entry{Stream: "system", Type: RemovedType, Actor: access.System().UserID, Subject: all[0], Data: map[string]any{"backups": strings.Join(all[:min(len(all), 40)], " "), "count": int64(len(all)), "keep": int64(plan.Keep)}})
		return err
	})
	return errors.Join(pruned, err)
}

// run notes that an attempt runs.
func (s *Service) run(ctx context.Context, r Run) (Run, error) {
	r.Began, r.State = s.cfg.Clock(), Running
	return r, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return putRun(ctx, tx, r) })
}

// ended notes that an attempt failed and gives the error on, as told where the
// note was kept.
func (s *Service) ended(ctx context.Context, r Run, err error) error {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fault.Wrap(fault.Unavailable, err, "the server was stopped while it ran").WithHint("ask again")
	}
	s.cfg.Logger.Error("a backup failed", "what", r.What, "run", r.ID, "error", err)
	if e := s.fail(context.WithoutCancel(ctx), r, err); e != nil {
		return errors.Join(err, e)
	}
	return told{err}
}

func (s *Service) fail(ctx context.Context, r Run, err error) error {
	r.State, r.Ended = Failed, s.cfg.Clock()
	r.Trouble, r.Hint = fault.Public(err)
	typ, subject := FailedType, r.ID
	if r.What == ToVerify {
		typ, subject = VerifiedType, r.Backup
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r.Entry, err = s.cfg.Log.Append(ctx, tx, ledger.Entry{Stream: stream(r.Actor), Type: typ, Actor: r.Actor, Subject: subject, Outcome: "fail", Data: r.data()})
		if err != nil {
			return err
		}
		return putRun(ctx, tx, r)
	})
}

func (s *Service) note(p Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step = p
}

// place gives the path of a backup's file: in the directory of backups or in the
// data directory's own, under a name that backups get. A row alone cannot lead
// anywhere else.
func (s *Service) place(m Made) (string, error) {
	name := filepath.Base(m.Path)
	switch dir := filepath.Dir(m.Path); {
	case !m.Removed.IsZero():
		return "", fault.New(fault.NotFound, "the file of this backup was removed on %s: newer ones took its place", m.Removed.UTC().Format(time.DateOnly))
	case m.Path == "":
		return "", fault.New(fault.NotFound, "it is not known where the file of this backup was put").WithHint("verify it where it lies: attesta backup verify FILE")
	case dir != s.cfg.Dir && !slices.Contains(s.cfg.Also, dir) || !strings.HasSuffix(name, Extension):
		return "", fault.New(fault.NotFound, "the file was put to %s, where this server does not read", m.Path).WithHint("verify it where it lies: attesta backup verify FILE")
	}
	if _, err := os.Stat(m.Path); errors.Is(err, fs.ErrNotExist) {
		return "", fault.Wrap(fault.NotFound, err, "there is no file at %s any more", m.Path).WithHint("somebody moved or removed it; bring it back, or make a new backup")
	} else if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the file %s cannot be read: %v", m.Path, err)
	}
	return m.Path, nil
}

// Open opens the file of a backup to be taken away (backup.take), which is an
// entry before its first byte goes out. Only encrypted ones are given: the others
// hold the whole state, with every name and password hash, for whoever has the file.
func (s *Service) Open(ctx context.Context, p access.Principal, id string) (*os.File, Made, error) {
	if err := access.Proved(p, access.BackupTake); err != nil {
		return nil, Made{}, err
	}
	m, err := madeByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return nil, m, err
	}
	if !m.Encrypted {
		return nil, m, fault.New(fault.Conflict, "this backup is not encrypted, so it is not given away by the screens").
			WithHint("set backup-recipients: then backups are encrypted; this one can be fetched on the machine, from %s", m.Path)
	}
	path, err := s.place(m)
	if err != nil {
		return nil, m, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, m, fault.Wrap(fault.Unavailable, err, "the file %s cannot be read: %v", path, err)
	}
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.cfg.Log.Append(ctx, tx, ledger.Entry{Stream: stream(p.UserID), Type: TakenType, Actor: p.UserID, Subject: m.ID, Blob: m.Manifest, Data: map[string]any{"bytes": m.Packed}})
		return err
	}); err != nil {
		return nil, m, errors.Join(err, f.Close())
	}
	return f, m, nil
}

// Get gives one backup with its attempts of verification, the newest first
// (backup.read).
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (Made, []Run, error) {
	if err := access.Authorise(p, access.BackupRead); err != nil {
		return Made{}, nil, err
	}
	m, err := madeByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return m, nil, err
	}
	all, err := runs(ctx, s.cfg.DB.Reader(), ToVerify, id, nil, 50)
	return m, all, err
}

// There says in words why a backup's file cannot be read here; "" where it can.
func (s *Service) There(m Made) string {
	if _, err := s.place(m); err != nil {
		text, _ := fault.Public(err)
		return text
	}
	return ""
}
