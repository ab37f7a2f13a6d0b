package watch

import (
	"context"
	"os"
	"strings"
	"time"

	farmounts "github.com/attesta/attesta/internal/agent/integrity/mounts"
	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

// rounds are what has to be done beside single changes: comparing trees after
// something was lost, polling, another way of watching when one ends, and
// looking at what is mounted. They belong to Run.
type rounds struct {
	w       *Watcher
	told    int64     // that was told
	since   time.Time // something is lost that none has
	scanned time.Time // when the last comparison ended
	took    time.Duration
	poll    time.Time // the next
	mounts  *mounts
	remount bool // mounts are others, and were not looked at yet
	mounted string
	far     farmounts.Table // what may not answer
	blind   string          // why mounts are not seen
	rescan  string          // why, when one is due

}

func newRounds(w *Watcher) *rounds {
	r := &rounds{w: w, poll: time.Now().Add(w.cfg.Interval)}
	var err error
	if r.mounts, err = openMounts(); err == nil {
		r.mounted, err = r.concerned()
	}
	if err != nil {
		r.blind = "what is mounted cannot be read, so that a change of it is not seen: " + err.Error()
	}
	return r
}

func (r *rounds) close() { r.mounts.close() }

// wait is how long nothing has to be looked at, if nothing happens.
func (r *rounds) wait() time.Duration {
	next := time.Now().Add(time.Hour)
	if !r.since.IsZero() {
		next = r.due()
	}
	if r.w.Mode().Kind == Polling && r.poll.Before(next) {
		next = r.poll
	}
	return max(time.Until(next), time.Millisecond)
}

// due is when the trees are compared for what was lost since. What is still queued
// says who: it goes first. Comparing takes at most a tenth of the time if it takes
// long; a short one rests at most a second, so that what is lost is found within two.
func (r *rounds) due() time.Time {
	due, rest := r.since.Add(r.w.cfg.Most), min(10*r.took, 10*time.Second)
	if r.took < 300*time.Millisecond {
		rest = min(rest, time.Second)
	}
	if rested := r.scanned.Add(rest); rested.After(due) {
		return rested
	}
	return due
}

func (r *rounds) check(ctx context.Context, l *looker) error {
	now := time.Now()
	if r.blind != "" {
		r.w.notice(Notice{Notice: "mounts", Reason: r.blind})
		r.blind = ""
	}
	if err := r.broken(); err != nil {
		r.rescan = "the way of watching is another"
		r.since = now
	}
	if r.remount && r.remounted() {
		r.rescan, r.since = "file systems were mounted or unmounted", now
	}
	lost := r.w.kernel.Load() + r.w.full.Load()
	if lost > r.told {
		if lost-r.told > 0 && r.since.IsZero() {
			r.since = now
			counts := r.w.Lost()
			r.w.notice(Notice{Notice: "overflow", Lost: &counts, Reason: "more happened than was kept: the trees are compared"})
			r.rescan = "events were lost"
		}
		r.told = lost
	}
	if !r.since.IsZero() && !now.Before(r.due()) {
		reason := r.rescan
		r.since, r.rescan = time.Time{}, ""
		if err := l.compare(ctx, r.w.scope.Roots(), byRescan); err != nil {
			return err
		}
		r.w.scans.Add(1)
		r.scanned = time.Now()
		r.took = r.scanned.Sub(now)
		counts := r.w.Lost()
		r.w.notice(Notice{Notice: "rescan", Reason: reason, Lost: &counts})
		if again := r.w.kernel.Load() + r.w.full.Load(); again > lost {
			r.told, r.since, r.rescan = again, time.Now(), "events were lost"
		}
	}
	if r.w.Mode().Kind == Polling && !now.Before(r.poll) {
		if err := l.compare(ctx, r.w.scope.Roots(), byPolling); err != nil {
			return err
		}
		took := time.Since(now)
		r.poll = time.Now().Add(max(r.w.cfg.Interval, time.Duration(r.w.cfg.Share)*took))
	}
	return nil
}

// broken goes over to a weaker way when a source has ended.
func (r *rounds) broken() error {
	r.w.mu.Lock()
	err, src, mode := r.w.broken, r.w.source, r.w.mode
	r.w.mu.Unlock()
	if err == nil {
		return nil
	}
	r.downgrade(mode, src, err.Error())
	return err
}

func (r *rounds) downgrade(mode Mode, src source, reason string) {
	r.w.mu.Lock()
	r.w.source = nil
	r.w.mu.Unlock()
	_ = src.Close() // it has ended
	next := map[Kind]Kind{Fanotify: Inotify, Inotify: Polling}[mode.Kind]
	if mode.Kind == Fanotify && r.w.table != nil {
		r.w.table.Close()
		r.w.table = nil
	}
	r.w.begin(next, append(mode.Refused, Refusal{mode.Kind, reason}))
	now := r.w.Mode()
	r.w.notice(Notice{Notice: "downgrade", Reason: string(mode.Kind) + ": " + reason, Mode: &now})
}

// concerned gives the lines of mountinfo that are about the trees or lie on the
// way to them.
func (r *rounds) concerned() (string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	if r.far = farmounts.Parse(string(text)); !r.far.Any() {
		r.far = nil
	}
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		at := kernel.Unescape(f[4])
		for _, root := range r.w.scope.Roots() {
			if kernel.Within(at, root) || kernel.Within(root, at) {
				out.WriteString(f[0] + " " + f[2] + " " + f[3] + " " + at + "\n")
				break
			}
		}
	}
	return out.String(), nil
}

// remounted reports whether mounts that concern the trees are others, and watches
// what is there now.
func (r *rounds) remounted() bool {
	r.remount = false
	mounted, err := r.concerned()
	if err != nil || mounted == r.mounted {
		return false
	}
	r.mounted = mounted
	r.w.notice(Notice{Notice: "mounts", Reason: "file systems were mounted or unmounted"})
	r.w.mu.Lock()
	src, mode := r.w.source, r.w.mode
	r.w.mu.Unlock()
	switch s := src.(type) {
	case *kernel.Fanotify:
		err = s.Mark(r.w.places())
	case *kernel.Inotify:
		err = s.Mark()
	}
	if err != nil {
		r.downgrade(mode, src, err.Error())
	}
	return true
}
