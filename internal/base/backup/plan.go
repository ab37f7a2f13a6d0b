package backup

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/base/ledger"

	"golang.org/x/sys/unix"
)

// again is how long after a scheduled backup that failed the next is tried,
// unless the schedule is shorter.
const again = 15 * time.Minute

// Plan is the schedule of backups and what becomes of old ones.
type Plan struct {
	Dir       string        `json:"dir"`
	Own       bool          `json:"own"`           // Dir is in the data directory, on the same disk
	Every     time.Duration `json:"every_ns"`      // 0: none are made by themselves
	Keep      int           `json:"keep"`          // files that stay in Dir
	Set       bool          `json:"set"`           // somebody set it here; otherwise the configuration did
	Next      time.Time     `json:"next,omitzero"` // when the next is due; may have passed
	Encrypted bool          `json:"encrypted"`     // they are, and hold keys
	To        []string      `json:"recipients"`
}

func (s *Service) plan(ctx context.Context) (Plan, error) {
	p := Plan{Dir: s.cfg.Dir, Own: s.cfg.Own, Keep: s.cfg.Keep, Encrypted: len(s.cfg.To) > 0, To: slices.Clone(s.cfg.To)}
	if s.cfg.Planned {
		p.Every = s.cfg.Every
	}
	q := s.cfg.DB.Reader()
	every, keep, _, ok, err := scheduleRow(ctx, q)
	if err != nil {
		return p, err
	}
	if ok {
		p.Every, p.Keep, p.Set = every, keep, true
	}
	if p.Every == 0 {
		return p, nil
	}
	// The newest that was made, by whatever reason, counts; the newest that failed
	// puts off the next.
	p.Next = s.cfg.Clock()
	if last, err := List(ctx, q, 50); err != nil {
		return p, err
	} else if i := slices.IndexFunc(last, func(m Made) bool { return m.Reason == Scheduled }); i >= 0 {
		p.Next = last[i].At.Add(p.Every)
	}
	tried, err := runs(ctx, q, ToMake, "", []string{Done, Failed}, 1)
	if err == nil && len(tried) > 0 && tried[0].State == Failed && tried[0].Reason == Scheduled {
		if later := tried[0].Ended.Add(min(again, p.Every)); later.After(p.Next) {
			p.Next = later
		}
	}
	return p, err
}

// SetSchedule sets how often backups are made by themselves, 0 for never, and
// how many files stay (settings.edit).
func (s *Service) SetSchedule(ctx context.Context, p access.Principal, every time.Duration, keep int) error {
	if err := access.Proved(p, access.SettingsEdit); err != nil {
		return err
	}
	if every != 0 && (every < time.Hour || every > 31*24*time.Hour) {
		return fault.New(fault.Invalid, "%s is no time between two backups", every).At("", 0, "every").WithHint("from an hour to 31 days; a day is usual")
	}
	if keep < 1 || keep > 1000 {
		return fault.New(fault.Invalid, "%d backups cannot be kept", keep).At("", 0, "keep").WithHint("keep one to 1,000; 14 is usual")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		entry, err := s.cfg.Log.Append(ctx, tx, ledger.Entry{Stream: stream(p.UserID), Type: ScheduleType, Actor: p.UserID, Subject: "backup.schedule",
			Data: map[string]any{"every_seconds": int64(every.Seconds()), "keep": int64(keep)}})
		if err != nil {
			return err
		}
		return putSchedule(ctx, tx, every, keep, entry)
	})
}

// Line is a backup with how its newest verification went.
type Line struct {
	Made
	Verified *Run   `json:"verified,omitempty"` // the newest that ended
	Missing  string `json:"missing,omitempty"`  // why its file cannot be read here
}

// View is all that a person is shown.
type View struct {
	Plan    Plan     `json:"plan"`
	Running *Run     `json:"running,omitempty"` // the attempt that waits or runs
	Step    Progress `json:"progress"`
	Last    *Run     `json:"last,omitempty"` // the newest attempt to make one that ended
	Backups []Line   `json:"backups"`        // the newest first
}

// View gives the newest backups and how it stands with making them (backup.read).
func (s *Service) View(ctx context.Context, p access.Principal, limit int) (v View, err error) {
	if err := access.Authorise(p, access.BackupRead); err != nil {
		return v, err
	}
	if v.Plan, err = s.plan(ctx); err != nil {
		return v, err
	}
	q := s.cfg.DB.Reader()
	open, err := runs(ctx, q, "", "", []string{Waiting, Running}, 1)
	if err != nil {
		return v, err
	}
	if len(open) > 0 {
		v.Running = &open[0]
		s.mu.Lock()
		if s.step.Run == open[0].ID {
			v.Step = s.step
		}
		s.mu.Unlock()
	}
	if last, err := runs(ctx, q, ToMake, "", []string{Done, Failed}, 1); err != nil {
		return v, err
	} else if len(last) > 0 {
		v.Last = &last[0]
	}
	all, err := List(ctx, q, limit)
	if err != nil {
		return v, err
	}
	checks, err := runs(ctx, q, ToVerify, "", []string{Done, Failed}, 10_000)
	if err != nil {
		return v, err
	}
	newest := map[string]*Run{}
	for i, r := range checks {
		if newest[r.Backup] == nil {
			newest[r.Backup] = &checks[i]
		}
	}
	for _, m := range all {
		v.Backups = append(v.Backups, Line{Made: m, Verified: newest[m.ID], Missing: s.There(m)})
	}
	return v, nil
}

// Health says whether backups are made as planned: a failed one, one that is
// overdue, a place that cannot be written, a newest one that did not verify.
func (s *Service) Health(ctx context.Context) health.Result {
	v, err := s.View(ctx, access.System(), 1)
	if err != nil {
		return health.Failed(err)
	}
	now := s.cfg.Clock()
	if v.Last != nil && v.Last.State == Failed {
		return health.Fail(v.Last.Hint, "the last one, of %s, failed: %s", v.Last.Ended.UTC().Format(time.DateTime), v.Last.Trouble)
	}
	if len(v.Backups) > 0 {
		if c := v.Backups[0].Verified; c != nil && c.State == Failed {
			return health.Fail("make a new backup and verify it; keep the damaged file for whoever looks into it", "the newest one did not verify on %s: %s", c.Ended.UTC().Format(time.DateTime), c.Trouble)
		}
	}
	if v.Plan.Every == 0 {
		return health.NotApplicable("no schedule is set here; backup.age says how old the newest is")
	}
	if v.Plan.Own {
		return health.Fail("set backup-to to a directory of another machine, and start the server anew", "they are put into the data directory itself, %s: what destroys it destroys them", v.Plan.Dir)
	}
	if err := writable(v.Plan.Dir); err != nil {
		text, hint := fault.Public(err)
		return health.Fail(hint, "%s", text)
	}
	if late := now.Sub(v.Plan.Next); late > 10*time.Minute && v.Running == nil {
		return health.Fail("see Jobs under Health, and the server's log", "one is due since %s and was not begun", v.Plan.Next.UTC().Format(time.DateTime))
	}
	return health.Pass("every %s into %s, %d kept; the next is due %s", span(v.Plan.Every), v.Plan.Dir, v.Plan.Keep, v.Plan.Next.UTC().Format(time.DateTime))
}

func span(d time.Duration) string {
	if d >= 24*time.Hour && d%(24*time.Hour) == 0 {
		if d == 24*time.Hour {
			return "day"
		}
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	if d == time.Hour {
		return "hour"
	}
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return d.String()
}

// writable says what keeps a directory from being written, without writing.
func writable(dir string) error {
	st, err := os.Stat(dir)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the directory for backups %s is not there: %v", dir, err).WithHint("make it, or mount it again")
	}
	if !st.IsDir() {
		return fault.New(fault.Unavailable, "%s is no directory", dir).WithHint("name another place with backup-to")
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the directory for backups %s cannot be written: %v", dir, err).WithHint("check its owner, its mode and whether the file system is mounted read-only")
	}
	return nil
}
