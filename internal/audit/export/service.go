package export

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Service. All fields but Seen are required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Clock   clock.Clock
	Dir     string // where packages are kept
	Version string // of this program
	Sources []Source
	// Open gives content that a record names by its digest, kind NotFound where
	// it is not there.
	Open func(ctx context.Context, digest string) (io.ReadCloser, error)
	// Seen decides whether an auditor sees an engagement, by its id; nil: none.
	Seen func(ctx context.Context, p access.Principal, engagement string) (bool, error)
}

// Service makes packages and keeps them.
type Service struct {
	cfg Config

	mu   sync.Mutex
	jobs map[string]*job // guarded by mu
	wait sync.WaitGroup
}

// job is a package that is being made, or was since the start of the server.
type job struct {
	by       string
	request  Request
	progress Progress
	began    time.Time
	ended    time.Time // zero: it runs
	result   Export
	err      error
	cancel   context.CancelFunc
}

// Job is how a package comes along.
type Job struct {
	ID       string
	Request  Request
	Progress Progress
	Began    time.Time
	Running  bool
	Result   Export // where it ended well
	Err      error  // where it did not
}

// New makes a Service, and removes what an earlier process left unfinished.
func New(cfg Config) (*Service, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the directory of packages %s cannot be made", cfg.Dir)
	}
	left, err := filepath.Glob(filepath.Join(cfg.Dir, "unfinished-*"))
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "an unfinished package cannot be removed")
		}
	}
	return &Service{cfg: cfg, jobs: map[string]*job{}}, nil
}

// may refuses who may not make this package.
func may(p access.Principal, r Request) error {
	if err := access.Proved(p, access.PackageExport); err != nil {
		return err
	}
	if len(r.Personal) > 0 {
		return access.Authorise(p, access.PackageDisclose)
	}
	return nil
}

// Build makes a package and records it (package.export; package.disclose where
// personal data goes in). progress may be nil; it is called from this goroutine.
func (s *Service) Build(ctx context.Context, p access.Principal, r Request, progress func(Progress)) (Export, error) {
	if err := may(p, r); err != nil {
		return Export{}, err
	}
	if err := r.check(); err != nil {
		return Export{}, err
	}
	now := s.cfg.Clock()
	e := Export{ID: ids.New("pkg", now), Kind: r.Kind, Subject: r.ID, Title: r.Title, From: r.From, To: r.To, MadeAt: now, MadeBy: p.UserID, Index: -1}
	temp, err := os.CreateTemp(s.cfg.Dir, "unfinished-*")
	if err != nil {
		return Export{}, unwritable(err)
	}
	defer os.Remove(temp.Name()) // gone already where all went well
	err = s.fill(ctx, temp, r, progress, &e)
	if cerr := temp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return Export{}, unwritable(err)
	}
	path := s.path(e.Digest)
	_, statErr := os.Stat(path)
	if err := os.Rename(temp.Name(), path); err != nil {
		return Export{}, unwritable(err)
	}
	if err := s.record(ctx, p, &e); err != nil {
		if errors.Is(statErr, fs.ErrNotExist) { // nobody had made the same one before
			err = errors.Join(err, os.Remove(path))
		}
		return Export{}, err
	}
	s.cfg.Ledger.Wake()
	return e, nil
}

func (s *Service) path(digest string) string { return filepath.Join(s.cfg.Dir, digest+".zip") }

// fill writes the package and syncs it.
func (s *Service) fill(ctx context.Context, f *os.File, r Request, progress func(Progress), e *Export) error {
	q := s.cfg.DB.Reader()
	b, err := s.bounds(ctx, q, r)
	if err != nil {
		return err
	}
	held, err := heldBelow(ctx, q, b.Head, maxKnown)
	if err != nil {
		return err
	}
	b.Known = append(slices.Clone(r.Known), held...)
	slices.Sort(b.Known)
	b.Known = slices.Compact(b.Known)
	for _, size := range r.Known {
		if size > b.Head {
			return fault.New(fault.Invalid, "the ledger has %d entries; nobody can hold a checkpoint of %d", b.Head, size).At("", 0, "known")
		}
	}
	one := build{cfg: &s.cfg, q: q, b: b, progress: progress}
	out := bufio.NewWriterSize(f, 1<<20)
	if e.Digest, e.Size, e.Files, err = one.write(ctx, out); err != nil {
		return err
	}
	e.Start, e.End, e.Head, e.Records, e.Personal = b.Start, b.End, b.Head, one.counts.Records, one.counts.Personal
	if err := out.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o400); err != nil {
		return err
	}
	return f.Sync()
}

// record writes the row and the ledger entry.
func (s *Service) record(ctx context.Context, p access.Principal, e *Export) error {
	stream := "people"
	if p.IsSystem() {
		stream = "system"
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: exported, Stream: stream, Actor: p.UserID, Subject: e.ID, Data: e.data()}); err != nil {
			return err
		}
		return insert(ctx, tx, *e)
	})
	if err != nil {
		return fmt.Errorf("record package %s: %w", e.ID, err)
	}
	return nil
}

// unwritable gives a full or failing disk its own words.
func unwritable(err error) error {
	var f *fault.Error
	if errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		return fault.Wrap(fault.Unavailable, err, "the package cannot be written to the data directory; nothing was exported").
			WithHint("free some space, or check the mode of the exports directory")
	}
	return err
}

// Begin makes a package in the background and gives the job's id. One person has
// one at a time.
func (s *Service) Begin(p access.Principal, r Request) (string, error) {
	if err := may(p, r); err != nil {
		return "", err
	}
	if err := r.check(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	for id, j := range s.jobs {
		switch {
		case j.ended.IsZero() && j.by == p.UserID:
			return "", fault.New(fault.Conflict, "a package of yours is being made already").WithHint("wait until it is done, or cancel it")
		case !j.ended.IsZero() && now.Sub(j.ended) > time.Hour:
			delete(s.jobs, id)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	id := ids.New("job", now)
	j := &job{by: p.UserID, request: r, began: now, cancel: cancel}
	s.jobs[id] = j
	s.wait.Go(func() {
		defer cancel()
		e, err := s.Build(ctx, p, r, func(now Progress) {
			s.mu.Lock()
			defer s.mu.Unlock()
			j.progress = now
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		j.result, j.err, j.ended = e, err, s.cfg.Clock()
	})
	return id, nil
}

// job gives a job of p's; others see none.
func (s *Service) job(p access.Principal, id string) (*job, error) {
	j := s.jobs[id]
	if j == nil || j.by != p.UserID {
		return nil, fault.New(fault.NotFound, "no package is being made under %q", id).WithHint("the list of packages shows what was made")
	}
	return j, nil
}

// Status tells how a job of p's comes along.
func (s *Service) Status(p access.Principal, id string) (Job, error) {
	if err := access.Authorise(p, access.PackageExport); err != nil {
		return Job{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.job(p, id)
	if err != nil {
		return Job{}, err
	}
	return Job{ID: id, Request: j.request, Progress: j.progress, Began: j.began, Running: j.ended.IsZero(), Result: j.result, Err: j.err}, nil
}

// Jobs gives p's jobs of the last hour, newest first.
func (s *Service) Jobs(p access.Principal) []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Job
	for id, j := range s.jobs {
		if j.by == p.UserID {
			out = append(out, Job{ID: id, Request: j.request, Progress: j.progress, Began: j.began, Running: j.ended.IsZero(), Result: j.result, Err: j.err})
		}
	}
	slices.SortFunc(out, func(a, b Job) int { return strings.Compare(b.ID, a.ID) })
	return out
}

// Cancel ends a job of p's; nothing is left of the package.
func (s *Service) Cancel(p access.Principal, id string) error {
	if err := access.Authorise(p, access.PackageExport); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.job(p, id)
	if err == nil {
		j.cancel()
	}
	return err
}

// Close ends all jobs and waits for them.
func (s *Service) Close() {
	s.mu.Lock()
	for _, j := range s.jobs {
		j.cancel()
	}
	s.mu.Unlock()
	s.wait.Wait()
}

// sees reports whether p may know of a package: an auditor of those about an
// engagement that names them.
func (s *Service) sees(ctx context.Context, p access.Principal, e Export) (bool, error) {
	if p.Role != access.Auditor {
		return true, nil
	}
	if e.Kind != Engagement || s.cfg.Seen == nil {
		return false, nil
	}
	return s.cfg.Seen(ctx, p, e.Subject)
}

// List gives packages, newest first (package.read). kind and subject may be "";
// before is the id of the last one of the page before, "" for the first page.
func (s *Service) List(ctx context.Context, p access.Principal, kind Kind, subject, before string, limit int) ([]Export, error) {
	if err := access.Authorise(p, access.PackageRead); err != nil {
		return nil, err
	}
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	all, err := pageOf(ctx, s.cfg.DB.Reader(), kind, subject, before, limit)
	if err != nil {
		return nil, err
	}
	var out []Export
	for _, e := range all {
		ok, err := s.sees(ctx, p, e)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Get gives one package (package.read).
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (Export, error) {
	if err := access.Authorise(p, access.PackageRead); err != nil {
		return Export{}, err
	}
	e, err := byID(ctx, s.cfg.DB.Reader(), strings.TrimSpace(id))
	if err != nil {
		return Export{}, err
	}
	ok, err := s.sees(ctx, p, e)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "there is no package %q", id)
	}
	return e, err
}

// Open gives the file of a package (package.read); it can be sought in. The
// caller closes it.
func (s *Service) Open(ctx context.Context, p access.Principal, id string) (*os.File, Export, error) {
	e, err := s.Get(ctx, p, id)
	if err != nil {
		return nil, e, err
	}
	f, err := os.Open(s.path(e.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, e, fault.Wrap(fault.NotFound, err, "the file of package %s is gone", e.ID).
			WithHint("export it again with --head %d: the same request at the same size gives the same bytes", e.Head)
	}
	return f, e, err
}
