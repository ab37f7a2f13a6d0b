package walk

import (
	"context"
	"runtime"

	"golang.org/x/sys/unix"
)

type patience struct{}

// Patient marks walks that nobody waits for: they read one file at a time, and
// give way to everything else on the host, for the processor and for disks.
func Patient(ctx context.Context) context.Context { return context.WithValue(ctx, patience{}, true) }

func patient(ctx context.Context) bool { return ctx.Value(patience{}) != nil }

// lower gives the goroutine of a patient walk a thread of its own at the lowest
// priority. It is never unlocked: the thread ends with the goroutine.
func lower(ctx context.Context) {
	if !patient(ctx) {
		return
	}
	runtime.LockOSThread()
	const lowest, whoProcess, classIdle, classShift = 19, 1, 3, 13
	tid := unix.Gettid()
	_ = unix.Setpriority(unix.PRIO_PROCESS, tid, lowest)                                                                    // not permitted: it runs as it is
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, uintptr(whoProcess), uintptr(tid), uintptr(classIdle)<<uintptr(classShift)) // the same
}
