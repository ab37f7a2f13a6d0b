package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/riverqueue/river"
)

// args is a job as river stores it: its kind, and the payload as its JSON.
type args struct {
	kind    string
	payload json.RawMessage
}

// Kind is the name as river takes it: without spaces.
func (a args) Kind() string { return strings.ReplaceAll(a.kind, " ", "-") }

func (a args) MarshalJSON() ([]byte, error) { return a.payload, nil }

func (a *args) UnmarshalJSON(b []byte) error {
	a.payload = append(json.RawMessage(nil), b...)
	return nil
}

// worker runs the jobs of one kind.
type worker struct {
	river.WorkerDefaults[args]
	r *Runner
	k *kind
}

func (w *worker) Timeout(*river.Job[args]) time.Duration { return w.k.limit }

// stopping reports whether a job's context ended because the server stops; its
// time limit is an error of the job.
func stopping(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded)
}

func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	began := w.r.cfg.Clock()
	w.r.note(w.k.name, began)
	defer w.r.note(w.k.name, time.Time{})
	err := w.safely(ctx, job.Args.payload)
	if err != nil && stopping(ctx) {
		return river.JobSnooze(0) // as if it had not begun
	}
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fault.Wrap(fault.Unavailable, err, "it took longer than its limit of %s", w.k.limit)
	}
	if err != nil {
		w.r.cfg.Logger.Error("job failed", "job", w.k.name, "attempt", job.Attempt, "error", err, "cause", cause(err))
	}
	message, hint := "", ""
	if err != nil {
		if message, hint = fault.Public(err); hint != "" {
			message += " (" + hint + ")"
		}
	}
	record := run{started: began, took: w.r.cfg.Clock().Sub(began), err: message}
	if e := saveRun(context.WithoutCancel(ctx), w.r.cfg.DB, w.k.name, record); e != nil {
		err = errors.Join(err, e)
	}
	if w.k.schedule == nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict)) {
		return river.JobCancel(err)
	}
	return err
}

// safely makes a panic an error.
func (w *worker) safely(ctx context.Context, payload json.RawMessage) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return w.k.run(ctx, payload)
}

func cause(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Cause != nil {
		return f.Cause.Error()
	}
	return ""
}

// note keeps since when jobs of a kind run.
func (r *Runner) note(name string, since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since.IsZero() {
		delete(r.begun, name)
	} else if _, runs := r.begun[name]; !runs {
		r.begun[name] = since
	}
}

// atLeast keeps river's chatter out of the log: our jobs log themselves.
type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

func (h atLeast) WithAttrs(a []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(a), h.level}
}
func (h atLeast) WithGroup(n string) slog.Handler { return atLeast{h.Handler.WithGroup(n), h.level} }
