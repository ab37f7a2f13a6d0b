package backup

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/judge"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

var admin = access.Principal{UserID: "usr_00000000000000000000000adm", SessionID: "ses_1", Role: access.Administrator, Via: access.ViaPassword}

// keeper is a place with the service that keeps its backups.
type keeper struct {
	*place
	s     *Service
	clock *clock.Manual
	to    string
}

func newKeeper(t *testing.T, db *database.DB, change func(*Keeping)) *keeper {
	t.Helper()
	k := &keeper{place: newPlace(t, db), clock: clock.NewManual(time.Now().Add(time.Minute)), to: t.TempDir()}
	must(t, k.write(t.Context(), "one"))
	k.publish()
	k.open(change)
	return k
}

// open makes the service, as a start of the server does.
func (k *keeper) open(change func(*Keeping)) {
	k.t.Helper()
	runner, err := jobs.New(k.t.Context(), jobs.Config{DB: k.cfg.DB, Logger: slog.New(slog.DiscardHandler)})
	must(k.t, err)
	cfg := Keeping{Config: k.cfg, Jobs: runner, Dir: k.to, Every: 24 * time.Hour, Keep: 2, Planned: true, Trial: filepath.Join(k.dir, "backup.trial"),
		Bindings: append(Bindings(), ledger.EpochBinding()), Logger: slog.New(slog.DiscardHandler), Spare: 1}
	cfg.Clock = k.clock.Now
	if change != nil {
		change(&cfg)
	}
	k.s, err = NewService(k.t.Context(), cfg)
	must(k.t, err)
}

// does does what was queued, as the queue's worker does.
func (k *keeper) does(r Run) Run {
	k.t.Helper()
	must(k.t, k.s.asked(k.t.Context(), []byte(`{"run":"`+r.ID+`"}`)))
	r, err := runByID(k.t.Context(), k.cfg.DB.Reader(), r.ID)
	must(k.t, err)
	return r
}

func (k *keeper) view() View {
	k.t.Helper()
	v, err := k.s.View(k.t.Context(), admin, 100)
	must(k.t, err)
	return v
}

func (k *keeper) verifyLedger() ledger.Report {
	k.t.Helper()
	k.publish()
	rep, err := ledger.Verify(k.t.Context(), ledger.VerifyConfig{DB: k.cfg.DB, Dir: filepath.Join(k.dir, "ledger"), VerifierKey: k.cfg.Log.VerifierKey(), Bindings: Bindings()})
	must(k.t, err)
	return rep
}

// A backup that is asked for, verified by a trial restore, and damaged: each step
// is a row and an entry, and the live data stays as it was.
func TestAskedAndVerified(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		k := newKeeper(t, db, nil)
		r, err := k.s.Ask(ctx, admin)
		must(t, err)
		if _, err := k.s.Ask(ctx, admin); !fault.Is(err, fault.Conflict) {
			t.Errorf("two at once: %v", err)
		}
		if _, err := k.s.Make(ctx, access.System(), Options{To: k.to}); !fault.Is(err, fault.Conflict) {
			t.Errorf("by command beside one that waits: %v", err)
		}
		if v := k.view(); v.Running == nil || v.Running.State != Waiting {
			t.Errorf("what waits is not shown: %+v", v.Running)
		}
		if r = k.does(r); r.State != Done || r.Backup == "" {
			t.Fatalf("%+v", r)
		}
		if again := k.does(r); again != r {
			t.Errorf("a job that comes twice does it twice: %+v", again)
		}
		v := k.view()
		if len(v.Backups) != 1 || v.Running != nil || v.Backups[0].Actor != admin.UserID || v.Backups[0].SHA256 == "" || v.Backups[0].Packed == 0 || v.Backups[0].Missing != "" || v.Backups[0].Verified != nil {
			t.Fatalf("%+v", v)
		}
		check, err := k.s.AskVerify(ctx, admin, r.Backup)
		must(t, err)
		want := Restored
		if db.Dialect == database.Postgres {
			want = Read
		}
		if check = k.does(check); check.State != Done || check.How != want {
			t.Fatalf("%+v", check)
		}
		if _, err := os.Stat(filepath.Join(k.dir, "backup.trial")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the trial restore was left behind: %v", err)
		}
		if left, err := filepath.Glob(filepath.Join(k.dir, ".backup.trial*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if v := k.view(); v.Backups[0].Verified == nil || v.Backups[0].Verified.State != Done {
			t.Errorf("%+v", v.Backups[0])
		}
		if h := k.s.Health(ctx); h.Outcome != judge.Pass {
			t.Errorf("%+v", h)
		}

		// one bit
		raw, err := os.ReadFile(v.Backups[0].Path)
		must(t, err)
		raw[len(raw)/2] ^= 1
		k.clock.Advance(time.Minute)
		must(t, os.WriteFile(v.Backups[0].Path, raw, 0o600))
		check, err = k.s.AskVerify(ctx, admin, r.Backup)
		must(t, err)
		if check = k.does(check); check.State != Failed || !strings.Contains(check.Trouble, "damaged") || check.Hint == "" {
			t.Errorf("%+v", check)
		}
		if h := k.s.Health(ctx); h.Outcome != judge.Fail || !strings.Contains(h.Reason, "did not verify") {
			t.Errorf("%+v", h)
		}
		rep := k.verifyLedger()
		if rep.Bound[MadeType] != 1 || rep.Bound[VerifiedType] != 2 {
			t.Errorf("%v", rep.Bound)
		}
		// its rows are held against the entries
		_, err = db.Writer().ExecContext(ctx, `UPDATE backup_run SET state = 'done' WHERE id = $1`, check.ID)
		must(t, err)
		if _, err := ledger.Verify(ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(k.dir, "ledger"), VerifierKey: k.cfg.Log.VerifierKey(), Bindings: Bindings()}); !fault.Is(err, fault.Refused) {
			t.Errorf("a failed verification that was made a good one: %v", err)
		}
		must(t, os.Remove(v.Backups[0].Path))
		if _, err := k.s.AskVerify(ctx, admin, r.Backup); !fault.Is(err, fault.NotFound) {
			t.Errorf("a file that is gone: %v", err)
		}
		if v := k.view(); !strings.Contains(v.Backups[0].Missing, "no file") {
			t.Errorf("%+v", v.Backups[0])
		}
	})
}

// A row that leads out of the directories of backups is not followed.
func TestPlaces(t *testing.T) {
	k := newKeeper(t, databasetest.SQLite(t), nil)
	elsewhere := filepath.Join(t.TempDir(), "x"+Extension)
	made, err := k.s.Make(t.Context(), admin, Options{To: elsewhere})
	must(t, err)
	for _, path := range []string{elsewhere, filepath.Join(k.to, "..", filepath.Base(filepath.Dir(elsewhere)), "x"+Extension), filepath.Join(k.to, "passwd"), "/etc/passwd"} {
		made.Path = path
		if _, err := k.s.place(made); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What fails is a row with its reason, an entry and a failing check: a disk
// that is full before and while it is written, a directory that is gone or
// read-only.
func TestFailuresAreSaid(t *testing.T) {
	for name, c := range map[string]struct {
		setUp func(t *testing.T, k *keeper, cfg *Keeping)
		says  string
	}{
		"full while it is written": {func(_ *testing.T, _ *keeper, cfg *Keeping) {
			cfg.wrap = func(w io.Writer) io.Writer { return &limited{w, 100} }
		}, "the disk is full"},
		"a small disk": {func(t *testing.T, _ *keeper, cfg *Keeping) {
			cfg.Dir = filepath.Join(t.TempDir(), "small")
			must(t, os.Mkdir(cfg.Dir, 0o700))
			if err := unix.Mount("tmpfs", cfg.Dir, "tmpfs", 0, "size=256k"); err != nil {
				t.Skipf("NOT RUN: no file system can be mounted here: %v", err)
			}
			t.Cleanup(func() {
				if err := unix.Unmount(cfg.Dir, 0); err != nil {
					t.Error(err)
				}
			})
		}, "there are 0 MiB free"},
		"no directory": {func(t *testing.T, _ *keeper, cfg *Keeping) {
			cfg.Dir = filepath.Join(t.TempDir(), "gone") // a mount that is not there
		}, "cannot be written into"},
		"no directory but a file": {func(t *testing.T, _ *keeper, cfg *Keeping) {
			dir := filepath.Join(t.TempDir(), "file")
			must(t, os.WriteFile(dir, nil, 0o600))
			cfg.Dir = filepath.Join(dir, "below")
		}, "cannot be written into"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			k := newKeeper(t, databasetest.SQLite(t), nil)
			k.open(func(cfg *Keeping) { c.setUp(t, k, cfg) })
			err := k.s.scheduled(ctx)
			if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v", err)
			}
			v := k.view()
			if v.Last == nil || v.Last.State != Failed || !strings.Contains(v.Last.Trouble, c.says) || v.Last.Hint == "" || len(v.Backups) != 0 {
				t.Errorf("%+v", v.Last)
			}
			if h := k.s.Health(ctx); h.Outcome != judge.Fail || !strings.Contains(h.Reason, c.says) || h.Do == "" {
				t.Errorf("%+v", h)
			}
			if err := k.s.scheduled(ctx); err != nil || k.view().Last.ID != v.Last.ID {
				t.Errorf("it is tried again at once: %v", err)
			}
			k.clock.Advance(again)
			if err := k.s.scheduled(ctx); err == nil || k.view().Last.ID == v.Last.ID {
				t.Errorf("it is not tried again: %v", err)
			}
			if rep := k.verifyLedger(); rep.Bound[FailedType] != 2 {
				t.Errorf("%v", rep.Bound)
			}
			k.open(nil) // the place is there again
			k.clock.Advance(again)
			must(t, k.s.scheduled(ctx))
			if h := k.s.Health(ctx); h.Outcome != judge.Pass {
				t.Errorf("%+v", h)
			}
		})
	}
}

// A directory that became read-only is said before the next backup is due.
func TestReadOnlyPlace(t *testing.T) {
	k := newKeeper(t, databasetest.SQLite(t), nil)
	must(t, k.s.scheduled(t.Context()))
	must(t, unix.Mkdir(k.to+"/ro", 0o700))
	if err := unix.Mount("tmpfs", k.to+"/ro", "tmpfs", unix.MS_RDONLY, ""); err != nil {
		t.Skipf("NOT RUN: no file system can be mounted here: %v", err)
	}
	defer func() { must(t, unix.Unmount(k.to+"/ro", 0)) }()
	k.open(func(c *Keeping) { c.Dir = k.to + "/ro" })
	if h := k.s.Health(t.Context()); h.Outcome != judge.Fail || !strings.Contains(h.Reason, "cannot be written") {
		t.Errorf("%+v", h)
	}
	if err := writable(filepath.Join(k.to, "nowhere")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
}

// The schedule: due at once, then after each interval; what was set here wins
// over the configuration; the retention removes files and says so.
func TestScheduleAndRetention(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		k := newKeeper(t, db, nil)
		for range 3 {
			must(t, k.s.scheduled(ctx))
			must(t, k.s.scheduled(ctx)) // not due
			k.clock.Advance(24 * time.Hour)
		}
		v := k.view()
		if len(v.Backups) != 3 || v.Backups[2].Removed.IsZero() || !v.Backups[1].Removed.IsZero() || !strings.Contains(v.Backups[2].Missing, "newer ones took its place") {
			t.Fatalf("%+v", v.Backups)
		}
		if files, _ := filepath.Glob(k.to + "/*"); len(files) != 2 {
			t.Errorf("%v", files)
		}
		for _, bad := range []struct {
			every time.Duration
			keep  int
			field string
		}{{time.Minute, 3, "every"}, {-time.Hour, 3, "every"}, {1000 * time.Hour, 3, "every"}, {time.Hour, 0, "keep"}, {time.Hour, 1001, "keep"}} {
			var f *fault.Error
			if err := k.s.SetSchedule(ctx, admin, bad.every, bad.keep); !fault.Is(err, fault.Invalid) || !errors.As(err, &f) || f.Field != bad.field {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		must(t, k.s.SetSchedule(ctx, admin, 48*time.Hour, 5))
		k.open(nil) // after a restart too
		if p := k.view().Plan; p.Every != 48*time.Hour || p.Keep != 5 || !p.Set || !p.Next.Equal(v.Backups[0].At.Add(48*time.Hour)) {
			t.Errorf("%+v", p)
		}
		must(t, k.s.SetSchedule(ctx, admin, 0, 5))
		if p := k.view().Plan; p.Every != 0 || !p.Next.IsZero() {
			t.Errorf("%+v", p)
		}
		if h := k.s.Health(ctx); h.Outcome != judge.NotApplicable {
			t.Errorf("%+v", h)
		}
		if rep := k.verifyLedger(); rep.Bound[ScheduleType] != 2 || rep.Bound[MadeType] != 3 {
			t.Errorf("%v", rep.Bound)
		}
		records, err := k.cfg.Log.Records(ctx, ledger.Filter{Type: RemovedType})
		must(t, err)
		if len(records) != 1 || records[0].Subject != v.Backups[2].ID {
			t.Errorf("%+v", records)
		}
	})
}

// What ran when the server ended is a failure, not a run for ever.
func TestServerEndsMeanwhile(t *testing.T) {
	k := newKeeper(t, databasetest.SQLite(t), nil)
	r, err := k.s.Ask(t.Context(), admin)
	must(t, err)
	_, err = k.s.run(t.Context(), r)
	must(t, err)
	k.open(nil)
	if v := k.view(); v.Running != nil || v.Last == nil || v.Last.State != Failed || !strings.Contains(v.Last.Trouble, "ended while it ran") {
		t.Errorf("%+v", v)
	}
	r, err = k.s.Ask(t.Context(), admin)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.s.asked(ctx, []byte(`{"run":"`+r.ID+`"}`)); err == nil && k.view().Last.ID == r.ID && k.view().Last.State == Done {
		t.Error("made although the server stops")
	}
}

// Encrypted backups can be taken away, the others not; each taking is an entry.
func TestTake(t *testing.T) {
	ctx := t.Context()
	k := newKeeper(t, databasetest.SQLite(t), nil)
	r, err := k.s.Ask(ctx, admin)
	must(t, err)
	r = k.does(r)
	if _, _, err := k.s.Open(ctx, admin, r.Backup); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("%v", err)
	}
	identity, err := age.GenerateX25519Identity()
	must(t, err)
	k.open(func(c *Keeping) { c.To = []string{identity.Recipient().String()} })
	k.clock.Advance(time.Hour)
	r, err = k.s.Ask(ctx, admin)
	must(t, err)
	r = k.does(r)
	f, m, err := k.s.Open(ctx, admin, r.Backup)
	must(t, err)
	raw, err := io.ReadAll(f)
	must(t, errors.Join(err, f.Close()))
	if int64(len(raw)) != m.Packed || !strings.HasPrefix(string(raw), ageMagic) {
		t.Errorf("%d bytes of %d", len(raw), m.Packed)
	}
	check, err := k.s.AskVerify(ctx, admin, r.Backup)
	must(t, err)
	if check = k.does(check); check.State != Done || check.How != Bytes {
		t.Errorf("%+v", check)
	}
	must(t, os.WriteFile(m.Path, append(raw, 0), 0o600))
	check, err = k.s.AskVerify(ctx, admin, r.Backup)
	must(t, err)
	if check = k.does(check); check.State != Failed {
		t.Errorf("%+v", check)
	}
	k.publish()
	records, err := k.cfg.Log.Records(ctx, ledger.Filter{Type: TakenType})
	must(t, err)
	if len(records) != 1 || records[0].Actor != admin.UserID || records[0].Subject != r.Backup {
		t.Errorf("%+v", records)
	}
	must(t, os.Remove(m.Path))
	must(t, os.Symlink("/etc/passwd", m.Path))
	if _, _, err := k.s.Open(ctx, admin, r.Backup); err == nil || !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a link is followed: %v", err)
	}
}
