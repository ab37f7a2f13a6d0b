package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
)

// Every change of a storm is told, or counted as lost and found by comparing.
func TestStorms(t *testing.T) {
	t.Run("created, written, deleted", func(t *testing.T) {
		for _, kind := range []Kind{Fanotify, Inotify} {
			t.Run(string(kind), func(t *testing.T) {
				r := start(t, kind, nil, nil)
				const n = 1000
				since := processors(t)
				for i := range n {
					p := filepath.Join(r.dir, fmt.Sprintf("f%04d", i))
					write(t, p, "x")
					must(t, os.Remove(p))
				}
				ended := time.Now()
				accounted(t, r, n, since, ended, func(c *Change) bool { return c.Change.Change == Transient || c.Change.Change == integrity.Removed })
			})
		}
	})
	t.Run("50,000 at 10,000 a second", func(t *testing.T) {
		if testing.Short() {
			t.Skip("NOT RUN with -short: takes ten seconds")
		}
		for _, kind := range []Kind{Fanotify, Inotify} {
			t.Run(string(kind), func(t *testing.T) {
				r := start(t, kind, nil, func(dir string) {
					for d := range 50 {
						must(t, os.Mkdir(filepath.Join(dir, fmt.Sprint(d)), 0o755))
					}
				})
				const n = 50_000
				since := processors(t)
				ended := storm(t, r.dir, n, 10_000)
				accounted(t, r, n, since, ended, func(c *Change) bool { return c.Change.Change == integrity.Added && c.Type == "file" })
			})
		}
	})
	t.Run("a queue of ten", func(t *testing.T) {
		r := start(t, "", func(c *Config) { c.Queue = 10 }, func(dir string) { must(t, os.Mkdir(filepath.Join(dir, "0"), 0o755)) })
		const n = 5000
		since := processors(t)
		for i := range n {
			write(t, filepath.Join(r.dir, "0", fmt.Sprint(i)), "x")
		}
		accounted(t, r, n, since, time.Now(), func(c *Change) bool { return c.Change.Change == integrity.Added })
		if l := r.Lost(); l.Queue == 0 || l.Rescans == 0 {
			t.Errorf("the queue was never full: %+v", l)
		}
	})
}

// storm makes n files at a rate.
func storm(t testing.TB, dir string, n, rate int) time.Time {
	begin := time.Now()
	for i := range n {
		if i%100 == 0 {
			if ahead := time.Duration(i) * time.Second / time.Duration(rate); time.Since(begin) < ahead {
				time.Sleep(ahead - time.Since(begin))
			}
		}
		write(t, filepath.Join(dir, fmt.Sprint(i%50), fmt.Sprint(i)), "x")
	}
	ended := time.Now()
	t.Logf("%d files in %v", n, ended.Sub(begin))
	return ended
}

// accounted waits for n different paths, and holds that none came later than
// two seconds after the end, and as much more as other programs had the
// processors since it began.
func accounted(t *testing.T, r *running, n int, since usage, ended time.Time, is func(*Change) bool) {
	t.Helper()
	paths := map[string]bool{}
	next := 0
	r.await(t, fmt.Sprintf("the last of %d", n), func() bool {
		for ; next < len(r.changes); next++ {
			if is(&r.changes[next]) {
				paths[r.changes[next].Path] = true
			}
		}
		return len(paths) >= n
	})
	late, others := time.Since(ended), processors(t).others(since)
	t.Logf("%d paths, the last %v after the end; others had the processors for %v; lost: %+v", len(paths), late, others, r.Lost())
	if late > 2*time.Second+others {
		t.Errorf("the last was told %v after it happened, over 2 s", late)
	}
}

// usage is what processors have done so far, in all and for this program.
type usage struct{ all, own time.Duration }

func processors(t *testing.T) usage {
	t.Helper()
	text, err := os.ReadFile("/proc/stat")
	must(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	var u usage
	for i, f := range strings.Fields(line)[1:9] { // user, nice, system, idle, iowait, irq, softirq, steal
		n, err := strconv.ParseInt(f, 10, 64)
		must(t, err)
		if i != 3 && i != 4 {
			u.all += time.Duration(n) * 10 * time.Millisecond
		}
	}
	u.own = cpu()
	return u
}

// others is how long other programs kept each processor busy since.
func (u usage) others(since usage) time.Duration {
	return max(0, (u.all-since.all)-(u.own-since.own)) / time.Duration(runtime.NumCPU())
}
