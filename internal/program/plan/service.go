package plan

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Service. Gaps may be nil: then no gap is known, and tasks that
// close one stay open until somebody says otherwise.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	// Gaps gives the keys of all gaps that there are now, by derivation.
	Gaps func(ctx context.Context) (map[string]bool, error)
	// Stands reports whether somebody stands in for an owner who is away; nil:
	// nobody does.
	Stands func(ctx context.Context, q database.Querier, stand, owner string) (bool, error)
	// Zone gives the organisation's time zone; nil is UTC.
	Zone func(ctx context.Context) (*time.Location, error)
}

// Service keeps tasks.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Create adds a task.
func (s *Service) Create(ctx context.Context, p access.Principal, f Fields) (*Task, error) {
	all, err := s.CreateAll(ctx, p, []Fields{f})
	if err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), all[0])
}

// CreateAll adds tasks in one go and gives their numbers. In After a number below
// 0 means another of them: -1 is the first.
func (s *Service) CreateAll(ctx context.Context, p access.Principal, list []Fields) ([]int, error) {
	if err := access.Authorise(p, access.TaskEdit); err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > 500 {
		return nil, fault.New(fault.Invalid, "%d tasks at once; from 1 to 500 are made", len(list))
	}
	now := s.cfg.Clock()
	var numbers []int
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		numbers = nil // the transaction may run more than once
		waits, err := waitsOf(ctx, tx)
		if err != nil {
			return err
		}
		next, err := nextNumber(ctx, tx)
		if err != nil {
			return err
		}
		all := map[int]bool{}
		for n := range waits {
			all[n] = true
		}
		for i := range list {
			all[next+i] = true
		}
		for i, f := range list {
			n := next + i
			for k, m := range f.After {
				if m < 0 {
					if -m > len(list) {
						return bad("after", "there is no task %d among those that are made", -m)
					}
					f.After = slices.Clone(f.After)
					f.After[k] = next - m - 1
				}
			}
			if f, err = s.sound(ctx, tx, f); err != nil {
				return err
			}
			if err := known(n, f.After, all); err != nil {
				return err
			}
			if f.Gap != "" {
				if other, err := openFor(ctx, tx, f.Gap); err != nil {
					return err
				} else if other != 0 {
					return fault.New(fault.Conflict, "%s closes this gap already", ref(other)).At("", 0, "gap")
				}
			}
			waits[n] = f.After
			if err := noRing(waits); err != nil {
				return err
			}
			t := &Task{ID: ids.New("tsk", now), Number: n, Created: now, Content: Content{Fields: f, State: Open}}
			if err := insertTask(ctx, tx, t); err != nil {
				return err
			}
			if err := s.add(ctx, tx, p, t, "created", ""); err != nil {
				return err
			}
			numbers = append(numbers, n)
		}
		return nil
	})
	return numbers, err
}

// sound gives fields as they are stored, or says what is wrong.
func (s *Service) sound(ctx context.Context, q database.Querier, f Fields) (Fields, error) {
	f = f.tidy()
	if err := f.check(); err != nil {
		return f, err
	}
	if f.Owner == "" {
		return f, nil
	}
	people, err := people(ctx, q)
	if err != nil {
		return f, err
	}
	if !slices.ContainsFunc(people, func(x Person) bool { return x.ID == f.Owner }) {
		return f, bad("owner", "nobody who can do tasks has the id %s", f.Owner).WithHint("choose somebody from the list")
	}
	return f, nil
}

// add appends the ledger entry and the row of a step; t is the task after it.
func (s *Service) add(ctx context.Context, tx *sql.Tx, p access.Principal, t *Task, step, note string) error {
	content, digest, err := t.Content.digest()
	if err != nil {
		return err
	}
	now := s.cfg.Clock()
	t.Seq++
	st := Step{Seq: t.Seq, Step: step, Note: note, Content: t.Content, Made: Made{At: now, By: p.UserID}}
	e := ledger.Entry{Type: "task." + step, Stream: stream(p), Actor: p.UserID, Subject: t.ID,
		Data: map[string]any{"number": t.Number, "seq": t.Seq, "digest": digest, "state": string(t.State)}}
	if t.Owner != "" {
		e.Data["owner"] = t.Owner
	}
	if t.Gap != "" {
		e.Data["gap"] = t.Gap
	}
	if t.For != "" {
		e.Data["for"] = t.For
	}
	if note != "" { // what a person wrote may name people: committed to, not written
		e.Personal = map[string]string{"note": note}
	}
	if st.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return fmt.Errorf("record task.%s: %w", step, err)
	}
	if err := insertStep(ctx, tx, t.ID, st, content, digest); err != nil {
		return err
	}
	return update(ctx, tx, t)
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

// Get gives one task with its history, by its number (T-3) or id.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Task, error) {
	if err := access.Authorise(p, access.TaskRead); err != nil {
		return nil, err
	}
	n, err := number(ref)
	if err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), n)
}

func (s *Service) get(ctx context.Context, q database.Querier, n int) (*Task, error) {
	all, err := tasks(ctx, q, Filter{}, n)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "there is no task %s", ref(n))
	}
	all[0].Steps, err = steps(ctx, q, all[0].ID)
	return &all[0], err
}

// number reads "T-3" or "3".
func number(s string) (int, error) {
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "T-")+"$", "%d$", &n); err != nil || n < 1 {
		return 0, fault.New(fault.NotFound, "there is no task %q", s)
	}
	return n, nil
}

// Filter chooses tasks; zero values choose everything.
type Filter struct {
	Owner string  // usr_…; "-" for those of nobody
	State []State // of these
	About About   // Kind and Ref
	Gap   string
}

// List gives tasks by number, without their history.
func (s *Service) List(ctx context.Context, p access.Principal, f Filter) ([]Task, error) {
	if err := access.Authorise(p, access.TaskRead); err != nil {
		return nil, err
	}
	return tasks(ctx, s.cfg.DB.Reader(), f, 0)
}

// Mine gives what is left of one's own tasks: what is due first, first; what is
// snoozed last.
func (s *Service) Mine(ctx context.Context, p access.Principal) ([]Task, error) {
	if err := access.Authorise(p, access.TaskRead); err != nil {
		return nil, err
	}
	all, err := tasks(ctx, s.cfg.DB.Reader(), Filter{Owner: p.UserID, State: []State{Open, Doing, Said}}, 0)
	now := s.cfg.Clock()
	slices.SortStableFunc(all, func(a, b Task) int {
		switch {
		case a.Asleep(now) != b.Asleep(now):
			return before(b.Asleep(now))
		case a.Due.IsZero() != b.Due.IsZero():
			return before(b.Due.IsZero())
		}
		return a.Due.Compare(b.Due)
	})
	return all, err
}

func before(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

// Person is somebody who can be a task's owner.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// People gives whoever can be a task's owner, by name.
func (s *Service) People(ctx context.Context, p access.Principal) ([]Person, error) {
	if err := access.Authorise(p, access.TaskRead); err != nil {
		return nil, err
	}
	return people(ctx, s.cfg.DB.Reader())
}

// do takes a step of a task. Whoever may edit tasks may take any; its owner those
// of work.
func (s *Service) do(ctx context.Context, p access.Principal, action access.Action, refOf, step, note string, fill func(*sql.Tx, *Task) error) (*Task, error) {
	if err := access.Authorise(p, action); err != nil {
		return nil, err
	}
	note = text(note)
	switch {
	case !utf8.ValidString(note):
		return nil, bad("note", "the text is not UTF-8")
	case len(note) > maxText:
		return nil, bad("note", "the text has %d bytes; at most %d are kept", len(note), maxText)
	}
	n, err := number(refOf)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		t, err := s.get(ctx, tx, n)
		if err != nil {
			return err
		}
		mine := t.Owner == p.UserID || t.Owner == "" && step == "started"
		t.For = ""
		if action == access.TaskWork && !mine && t.Owner != "" && s.cfg.Stands != nil {
			stands, err := s.cfg.Stands(ctx, tx, p.UserID, t.Owner)
			if err != nil {
				return err
			}
			if stands {
				mine, t.For = true, t.Owner
			}
		}
		if action == access.TaskWork && !mine && access.Authorise(p, access.TaskEdit) != nil {
			return fault.New(fault.Forbidden, "%s is somebody else's task", t.Ref()).WithHint("its owner does it; whoever keeps the plan can give it to you")
		}
		what := step
		if err := fill(tx, t); err != nil {
			return err
		}
		if step == "said" && t.State == Done {
			what = "done"
		}
		if err := s.add(ctx, tx, p, t, what, note); err != nil {
			return err
		}
		if what == "done" {
			return s.again(ctx, tx, p, t)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), n)
}

// Change writes a task's fields anew. base is the step that was looked at: kind
// Conflict where another was taken meanwhile.
func (s *Service) Change(ctx context.Context, p access.Principal, refOf string, base int, f Fields, note string) (*Task, error) {
	return s.do(ctx, p, access.TaskEdit, refOf, "changed", note, func(tx *sql.Tx, t *Task) error {
		switch {
		case t.Seq != base:
			return fault.New(fault.Conflict, "somebody changed %s meanwhile", t.Ref()).WithHint("look at it again and repeat what is still needed")
		case t.State.Over():
			return fault.New(fault.Conflict, "%s is %s", t.Ref(), t.State).WithHint("open it again first")
		}
		f.Gap = t.Gap // what a task closes is not edited
		f, err := s.sound(ctx, tx, f)
		if err != nil {
			return err
		}
		waits, err := waitsOf(ctx, tx)
		if err != nil {
			return err
		}
		all := map[int]bool{}
		for n := range waits {
			all[n] = true
		}
		if err := known(t.Number, f.After, all); err != nil {
			return err
		}
		waits[t.Number] = f.After
		if err := noRing(waits); err != nil {
			return err
		}
		_, old, err := t.Content.digest()
		if err != nil {
			return err
		}
		t.Fields = f
		if _, now, err := t.Content.digest(); err != nil || now == old {
			return fault.New(fault.Invalid, "nothing of %s would change", t.Ref())
		}
		return nil
	})
}

func (t *Task) notOver() error {
	if t.State.Over() {
		return fault.New(fault.Conflict, "%s is %s", t.Ref(), t.State).WithHint("open it again first")
	}
	return nil
}

// Start says that somebody works on a task. Where nobody owns it, who starts it
// takes it.
func (s *Service) Start(ctx context.Context, p access.Principal, ref string) (*Task, error) {
	return s.do(ctx, p, access.TaskWork, ref, "started", "", func(_ *sql.Tx, t *Task) error {
		if err := t.notOver(); err != nil {
			return err
		}
		if t.State == Doing {
			return fault.New(fault.Conflict, "%s is being done already", t.Ref())
		}
		t.State, t.Snoozed = Doing, time.Time{}
		if t.Owner == "" {
			t.Owner = p.UserID
		}
		return nil
	})
}

// Wait says on whom or what a task waits.
func (s *Service) Wait(ctx context.Context, p access.Principal, ref, on string) (*Task, error) {
	on = oneLine(on)
	return s.do(ctx, p, access.TaskWork, ref, "waiting", "", func(_ *sql.Tx, t *Task) error {
		if len(on) < 2 || len(on) > maxTitle {
			return bad("on", "say in a few words on whom or what it waits")
		}
		if t.Waiting == "" { // a change of words does not begin the wait anew
			t.Since = s.cfg.Clock()
		}
		t.Waiting = on
		return t.notOver()
	})
}

// Resume says that a task waits no more.
func (s *Service) Resume(ctx context.Context, p access.Principal, ref string) (*Task, error) {
	return s.do(ctx, p, access.TaskWork, ref, "resumed", "", func(_ *sql.Tx, t *Task) error {
		if t.Waiting == "" && t.Snoozed.IsZero() {
			return fault.New(fault.Conflict, "%s waits on nothing", t.Ref())
		}
		t.Waiting, t.Since, t.Snoozed = "", time.Time{}, time.Time{}
		return t.notOver()
	})
}

// Snooze lets a task's owner not see it until a moment.
func (s *Service) Snooze(ctx context.Context, p access.Principal, ref string, until time.Time) (*Task, error) {
	return s.do(ctx, p, access.TaskWork, ref, "snoozed", "", func(_ *sql.Tx, t *Task) error {
		now := s.cfg.Clock()
		if !until.After(now) || until.After(now.AddDate(1, 0, 0)) {
			return bad("until", "it can sleep until a day within the next year")
		}
		t.Snoozed = until.UTC()
		return t.notOver()
	})
}

// Comment adds words.
func (s *Service) Comment(ctx context.Context, p access.Principal, ref, words string) (*Task, error) {
	return s.do(ctx, p, access.TaskComment, ref, "commented", words, func(_ *sql.Tx, t *Task) error {
		if text(words) == "" {
			return bad("note", "write something")
		}
		return nil
	})
}

// Finish says that a task is done. One that closes a gap is done only when the
// gap is gone; until then it is said to be done.
func (s *Service) Finish(ctx context.Context, p access.Principal, ref, note string) (*Task, error) {
	gaps, err := s.gaps(ctx)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, p, access.TaskWork, ref, "said", note, func(_ *sql.Tx, t *Task) error {
		if err := t.notOver(); err != nil {
			return err
		}
		t.Waiting, t.Since, t.Snoozed = "", time.Time{}, time.Time{}
		switch {
		case t.Gap == "":
			t.State = Done
		case gaps != nil && !gaps[t.Gap]:
			t.State, t.Derived = Done, true
		case t.State == Said:
			return fault.New(fault.Conflict, "somebody said that %s is done already, and the gap is still there", t.Ref()).WithHint("it closes by itself when the gap is gone")
		default:
			t.State = Said
		}
		return nil
	})
}

// Drop says that a task will not be done, and why.
func (s *Service) Drop(ctx context.Context, p access.Principal, ref, reason string) (*Task, error) {
	return s.do(ctx, p, access.TaskEdit, ref, "dropped", reason, func(_ *sql.Tx, t *Task) error {
		if len(text(reason)) < 5 {
			return bad("note", "say why it will not be done")
		}
		if err := t.notOver(); err != nil {
			return err
		}
		t.State, t.Waiting, t.Since, t.Snoozed = Dropped, "", time.Time{}, time.Time{}
		return nil
	})
}

// Reopen takes a task up again that was over, or said to be done.
func (s *Service) Reopen(ctx context.Context, p access.Principal, ref, reason string) (*Task, error) {
	return s.do(ctx, p, access.TaskEdit, ref, "reopened", reason, func(tx *sql.Tx, t *Task) error {
		if len(text(reason)) < 5 {
			return bad("note", "say why it is taken up again")
		}
		return s.reopen(ctx, tx, t)
	})
}

func (s *Service) reopen(ctx context.Context, tx *sql.Tx, t *Task) error {
	switch {
	case !t.State.Over() && t.State != Said:
		return fault.New(fault.Conflict, "%s is open already", t.Ref())
	case t.Next != 0:
		return fault.New(fault.Conflict, "%s returned as %s", t.Ref(), ref(t.Next)).WithHint("work on that one")
	case t.Gap != "" && t.State.Over():
		if other, err := openFor(ctx, tx, t.Gap); err != nil {
			return err
		} else if other != 0 {
			return fault.New(fault.Conflict, "%s closes the same gap now", ref(other))
		}
	}
	t.State, t.Derived, t.For = Open, false, ""
	return nil
}

// again makes the next of a task that returns.
func (s *Service) again(ctx context.Context, tx *sql.Tx, p access.Principal, t *Task) error {
	if t.Every == "" {
		return nil
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return err
	}
	now := s.cfg.Clock()
	f := t.Fields
	f.Due, f.After = later(t.Due, t.Every, now, zone).UTC(), nil
	n, err := nextNumber(ctx, tx)
	if err != nil {
		return err
	}
	next := &Task{ID: ids.New("tsk", now), Number: n, Created: now, Content: Content{Fields: f, State: Open, Prior: t.Number}}
	if err := insertTask(ctx, tx, next); err != nil {
		return err
	}
	if err := s.add(ctx, tx, p, next, "created", ""); err != nil {
		return err
	}
	t.Next, t.For = n, ""
	return s.add(ctx, tx, p, t, "returned", "")
}

func (s *Service) zone(ctx context.Context) (*time.Location, error) {
	if s.cfg.Zone == nil {
		return time.UTC, nil
	}
	return s.cfg.Zone(ctx)
}

func (s *Service) gaps(ctx context.Context) (map[string]bool, error) {
	if s.cfg.Gaps == nil {
		return nil, nil
	}
	return s.cfg.Gaps(ctx)
}

// Settle closes the tasks whose gap is gone, and takes those up again that were
// done by derivation and whose gap came back. It gives how many of each.
func (s *Service) Settle(ctx context.Context) (closed, reopened int, err error) {
	gaps, err := s.gaps(ctx)
	if err != nil || gaps == nil {
		return 0, 0, err
	}
	all, err := tasks(ctx, s.cfg.DB.Reader(), Filter{}, 0)
	if err != nil {
		return 0, 0, err
	}
	for i := range all {
		t := &all[i]
		gone := !gaps[t.Gap]
		if t.Gap == "" || t.State == Dropped || t.State.Over() == gone || t.State == Done && !t.Derived {
			continue
		}
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			now, err := s.get(ctx, tx, t.Number)
			if err != nil || now.Seq != t.Seq { // somebody works on it: the next time decides
				return err
			}
			if gone {
				now.For, now.State, now.Derived, now.Waiting, now.Since, now.Snoozed = "", Done, true, "", time.Time{}, time.Time{}
				closed++
				return s.add(ctx, tx, access.System(), now, "done", "the gap is gone")
			}
			if err := s.reopen(ctx, tx, now); err != nil {
				if fault.Is(err, fault.Conflict) { // another task closes it now
					return nil
				}
				return err
			}
			reopened++
			return s.add(ctx, tx, access.System(), now, "reopened", "the gap is there again")
		})
		if err != nil {
			return closed, reopened, err
		}
	}
	return closed, reopened, nil
}
