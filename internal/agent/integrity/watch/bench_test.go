package watch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestMain lets this program be the writer of the benchmark as a process of its
// own, whose CPU is then not the watcher's.
func TestMain(m *testing.M) {
	dir := os.Getenv("ATTESTA_WATCH_WRITE")
	if dir == "" {
		os.Exit(m.Run())
	}
	if kind := os.Getenv("ATTESTA_WATCH_BESIDE"); kind != "" {
		if err := beside(kind, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	for i := range perRound {
		if i%50 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte("x"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

const perRound = 10_000

func changes(b *testing.B, dir string) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ATTESTA_WATCH_WRITE="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// BenchmarkWatch measures the CPU of 10,000 new files, watched with state,
// digest and who, beside that of a reader of fanotify that keeps nothing; another
// process writes.
func BenchmarkWatch(b *testing.B) {
	b.Run("cpu", func(b *testing.B) {
		var ours, bare []time.Duration
		for b.Loop() {
			r := start(b, Fanotify, nil, nil)
			from := cpu()
			changes(b, r.dir)
			seen := 0
			r.await(b, "the last change", func() bool { seen = len(r.changes); return seen >= perRound })
			ours = append(ours, cpu()-from)
			r.stop()

			dir := b.TempDir()
			fd, err := unix.FanotifyInit(unix.FAN_CLOEXEC|unix.FAN_CLASS_NOTIF|unix.FAN_REPORT_DFID_NAME, unix.O_RDONLY)
			if err != nil {
				b.Skipf("NOT RUN: %v", err)
			}
			if err := unix.FanotifyMark(fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM, unix.FAN_CREATE|unix.FAN_MODIFY|unix.FAN_CLOSE_WRITE|unix.FAN_ATTRIB|unix.FAN_DELETE|unix.FAN_ONDIR, unix.AT_FDCWD, dir); err != nil {
				b.Skipf("NOT RUN: %v", err)
			}
			file := os.NewFile(uintptr(fd), "fanotify")
			done := make(chan struct{})
			go func() {
				defer close(done)
				buf := make([]byte, 256<<10)
				for files := 0; files < perRound; {
					k, err := file.Read(buf)
					if err != nil {
						return
					}
					_ = kernel.ParseFanotify(buf[:k], func(r *kernel.FanRecord) {
						if r.Mask&unix.FAN_CREATE != 0 && r.HasDir {
							files++
						}
					})
				}
			}()
			from = cpu()
			changes(b, dir)
			<-done
			bare = append(bare, cpu()-from)
			if err := file.Close(); err != nil {
				b.Fatal(err)
			}
		}
		slices.Sort(ours)
		slices.Sort(bare)
		b.ReportMetric(float64(ours[len(ours)/2].Milliseconds()), "ms-cpu/10000")
		b.ReportMetric(float64(bare[len(bare)/2].Milliseconds()), "ms-cpu-bare/10000")
	})
	for _, kind := range []Kind{Fanotify, Inotify} {
		b.Run("latency/"+string(kind), func(b *testing.B) {
			r := start(b, kind, nil, nil)
			var took []time.Duration
			for i := range max(200, b.N) {
				p := filepath.Join(r.dir, fmt.Sprint(i))
				write(b, p, "x")
				at := time.Now()
				time.Sleep(2 * time.Millisecond)
				if i%50 == 49 || i < 1 {
					r.await(b, p, func() bool { return !r.arrived[p].IsZero() })
				}
				r.mu.Lock()
				r.quiet = true
				r.mu.Unlock()
				took = append(took, time.Duration(at.UnixNano()))
			}
			r.await(b, "the last", func() bool { return len(r.arrived) >= len(took) })
			r.mu.Lock()
			defer r.mu.Unlock()
			for i, at := range took {
				took[i] = r.arrived[filepath.Join(r.dir, fmt.Sprint(i))].Sub(time.Unix(0, int64(at)))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-p50")
			b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-p99")
		})
	}
}

// BenchmarkBeside measures the CPU of what concerns nothing watched: 1,000 programs
// that are run, and 10,000 files that are written and removed beside the tree, on its
// file system, at the pace of something that compiles; and of nothing at all.
func BenchmarkBeside(b *testing.B) {
	for _, kind := range []string{"nothing", "programs", "files"} {
		b.Run(kind, func(b *testing.B) {
			r := start(b, Fanotify, nil, nil)
			beside := b.TempDir()
			time.Sleep(300 * time.Millisecond)
			var used time.Duration
			for b.Loop() {
				from := cpu()
				other := exec.Command(os.Args[0])
				other.Env = append(os.Environ(), "ATTESTA_WATCH_BESIDE="+kind, "ATTESTA_WATCH_WRITE="+beside)
				if out, err := other.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				time.Sleep(100 * time.Millisecond)
				used += cpu() - from
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.changes) > 0 {
				b.Errorf("%d changes of what is not watched", len(r.changes))
			}
			b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "ms-cpu")
		})
	}
}

// beside is what goes on there, in a process of its own.
func beside(kind, dir string) error {
	began := time.Now()
	for i := range 1000 {
		time.Sleep(time.Until(began.Add(time.Duration(i) * 4 * time.Millisecond)))
		switch kind {
		case "programs":
			if err := exec.Command("/bin/true").Run(); err != nil {
				return err
			}
		case "files":
			for j := range 10 {
				p := filepath.Join(dir, fmt.Sprint(i, "-", j))
				if err := os.WriteFile(p, []byte("x"), 0o644); err != nil {
					return err
				}
				if err := os.Remove(p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
