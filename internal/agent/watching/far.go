package watching

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/mounts"
	"github.com/attesta/attesta/internal/agent/integrity/watch"

	"golang.org/x/sys/unix"
)

// farTree is a tree on a file system that another host, or a program, answers for. What
// others change there tells no event here, so that it is compared every now and then, and
// beside everything else: whoever answers for it may not.
type farTree struct {
	root    string
	mount   mounts.Mount
	watcher *watch.Watcher
}

func (f *farTree) name() string {
	return fmt.Sprintf("%s (%s at %s)", f.root, f.mount.Type, f.mount.Point)
}

// refusal is why such a tree is not watched as it happens.
func (f *farTree) refusal(every time.Duration) string {
	return fmt.Sprintf("%s lies on a file system that others answer for: what other hosts change there tells no event here, nor who did it; it is compared every %s", f.name(), every)
}

// mostSilence is how long an answer of a file system is waited for.
const mostSilence = 5 * time.Second

// asking is a question to a file system that has not been answered.
type asking struct {
	since time.Time
	done  chan struct{}
}

// answers reports whether the file system at a place answers within mostSilence. Of each
// place one question is under way at most: one that is never answered holds one thread.
func (w *Watching) answers(place string) (bool, time.Time) {
	w.mu.Lock()
	q := w.questions[place]
	if q == nil {
		q = &asking{since: time.Now(), done: make(chan struct{})}
		w.questions[place] = q
		go func() {
			var st unix.Statx_t
			_ = unix.Statx(unix.AT_FDCWD, place, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT|unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS, &st) // an error is an answer
			w.mu.Lock()
			delete(w.questions, place)
			w.mu.Unlock()
			close(q.done)
		}()
	}
	w.mu.Unlock()
	select {
	case <-q.done:
		return true, time.Time{}
	case <-time.After(max(w.cfg.silence-time.Since(q.since), 0)):
		return false, q.since
	}
}

// silent tells of which paths nothing is asked, because what they lie on does not answer.
func (w *Watching) silent(table mounts.Table) func(string) bool {
	return func(p string) bool {
		m, far := table.Far(p)
		if !far {
			return false
		}
		ok, _ := w.answers(m.Point)
		return !ok
	}
}

// apart takes the trees of a session that lie elsewhere out of those that are watched.
func (w *Watching) apart(s *session, table mounts.Table, own string) (near []string, err error) {
	near = []string{}
	for _, r := range append(append([]string{}, s.scope.Roots()...), s.scope.Through()...) {
		if m, far := table.Far(r); far {
			s.far = append(s.far, &farTree{root: r, mount: m})
			s.away = append(s.away, r)
		} else {
			near = append(near, r)
		}
	}
	for _, f := range s.far {
		f.watcher, err = watch.New(watch.Config{Snapshot: s.snap, Own: []string{own}, Trees: []string{f.root}, Far: true, Only: watch.Polling, Interval: w.cfg.Polling, Share: pollShare, Begun: w.begun, Rest: w.flush})
		if err != nil {
			return nil, err
		}
	}
	return near, nil
}

// lies reports whether a path lies in one of the trees that are looked at by themselves.
func (s *session) lies(p string) bool {
	for _, f := range s.away {
		if p == f || len(p) > len(f) && p[:len(f)] == f && p[len(f)] == '/' {
			return true
		}
	}
	return false
}

// close ends a session that is not run.
func (s *session) close() error {
	err := s.watcher.Close()
	for _, f := range s.far {
		err = errors.Join(err, f.watcher.Close())
	}
	return errors.Join(err, s.snap.Close())
}

// watchFar compares a tree that lies elsewhere until ctx ends.
func (w *Watching) watchFar(ctx context.Context, f *farTree) {
	for w.hear(f) {
		if !sleep(ctx, time.Second) {
			_ = f.watcher.Close() // it never ran
			return
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var dog sync.WaitGroup
	defer dog.Wait()
	dog.Go(func() {
		for sleep(ctx, w.cfg.silence) {
			w.hear(f)
		}
	})
	if err := f.watcher.Run(ctx, func(c watch.Change) error { return w.change(c, true) }); err != nil && ctx.Err() == nil {
		w.cfg.Logger.Warn("a tree on another file system is no longer compared", "tree", f.root, "error", err)
		w.problem("compare "+f.root, f.name()+" can no longer be compared: "+plain(err))
	}
	cancel()
}

// hear asks whether there is an answer, says it where there is none, and reports that.
func (w *Watching) hear(f *farTree) (silent bool) {
	ok, since := w.answers(f.root)
	if ok {
		w.problem("silent "+f.root, "")
		return false
	}
	w.problem("silent "+f.root, fmt.Sprintf("%s has not answered since %s: what changes there is not seen until it does; see to its server and the way there, or unmount it", f.name(), since.UTC().Format(time.RFC3339)))
	return true
}

// leave waits for those that answer to end, and closes the snapshot when all have.
func (w *Watching) leave(s *session, far *sync.WaitGroup) error {
	ended := make(chan struct{})
	go func() { far.Wait(); close(ended) }()
	select {
	case <-ended:
		return s.snap.Close()
	case <-time.After(2 * time.Second):
	}
	go func() {
		<-ended
		_ = s.snap.Close() // for reading
	}()
	return nil
}
