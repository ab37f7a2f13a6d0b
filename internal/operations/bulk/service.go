package bulk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/program/review"
)

// Config is all that the service depends on. Fields without a default beside
// them are required.
type Config struct {
	DB         *database.DB
	Ledger     *ledger.Log
	Access     *access.Service
	Findings   *finding.Service
	Hosts      *host.Service
	Waivers    *waiver.Service
	Reviews    *review.Service    // nil: nothing is done to items of access reviews
	Components *component.Service // nil: nothing is said of components
	Integrity  *integrity.Service // nil: nothing is said of changed files
	Baselines  *baseline.Service  // nil: no baselines are approved
	Clock      clock.Clock        // clock.System
}

// Service keeps batches over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg}
}

// stream numbers the entries of this package.
const stream = "bulk"

const maxText = 2000 // bytes of an answer

func none() error {
	return fault.New(fault.NotFound, "there is no such batch").WithHint("a preview is forgotten after a day; choose the lines again")
}

// may holds that p may do a kind at all, and that they are who they say where
// it asks that.
func (k Kind) may(p access.Principal) error {
	if err := access.Authorise(p, access.BulkAct); err != nil {
		return err
	}
	if err := access.Authorise(p, k.Action); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person does this")
	}
	return nil
}

// proved is may, and that they are who they say where the kind asks that.
func (k Kind) proved(p access.Principal) error {
	if err := k.may(p); err != nil || !k.Proof {
		return err
	}
	return access.Proved(p, k.Action)
}

// Choose keeps items that something is to be done to (bulk.act, and what the
// kind needs). Items are ids, or numbers like F-12. Nothing is looked at yet.
func (s *Service) Choose(ctx context.Context, p access.Principal, kind string, items []string, address string) (Batch, error) {
	k, err := s.Kind(kind)
	if err != nil {
		return Batch{}, err
	}
	if err := k.may(p); err != nil {
		return Batch{}, err
	}
	b := Batch{ID: ids.New("blk", s.cfg.Clock()), Kind: k.Name, By: p.UserID, State: Chosen, MadeAt: s.cfg.Clock(), Params: map[string]string{}, Address: address}
	have := map[string]bool{}
	for _, item := range items {
		if item = strings.TrimSpace(item); item == "" || have[item] {
			continue
		}
		if len(item) > 64 {
			return Batch{}, bad("items", "%.64q is no item", item)
		}
		have[item] = true
		b.Lines = append(b.Lines, Line{Seq: int64(len(b.Lines) + 1), Item: item, State: ChosenOne})
	}
	switch n := len(b.Lines); {
	case n == 0:
		return Batch{}, bad("items", "no line is chosen").WithHint("mark the lines, or take all that match the filter")
	case n > Most:
		return Batch{}, bad("items", "these are more than %d, which is the most that is done at once", Most).WithHint("narrow the filter, or do them in several turns")
	}
	b.count()
	return b, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return insertBatch(ctx, tx, b) })
}

// errTaken takes a transaction back in which everything went well.
var errTaken = errors.New("only a preview")

// Preview says what would become of each item, by doing it in a transaction that
// is taken back. A batch can be previewed again, with other answers. Kind Invalid
// names the answer that is wrong.
func (s *Service) Preview(ctx context.Context, p access.Principal, id string, params map[string]string) (Batch, error) {
	b, k, err := s.own(ctx, p, id)
	if err != nil {
		return b, err
	}
	if err := k.proved(p); err != nil {
		return b, err
	}
	a := act{who: p, params: map[string]string{}}
	for _, ask := range k.Asks {
		text := strings.TrimSpace(params[ask.Name])
		if len(text) > maxText || !utf8.ValidString(text) {
			return b, bad(ask.Name, "write text of at most %d bytes", maxText)
		}
		if text != "" {
			a.params[ask.Name] = text
		}
	}
	items := make([]Line, 0, len(b.Lines))
	have := map[string]bool{} // by id: F-12 and fnd_… are one
	for from := 0; from < len(b.Lines); from += perTx {
		part := b.Lines[from:min(from+perTx, len(b.Lines))]
		var tried []Line
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			tried = tried[:0]
			if k.do.params != nil {
				if err := k.do.params(ctx, tx, a); err != nil {
					return err
				}
			}
			for _, l := range part {
				l, err := s.try(ctx, tx, k, a, l)
				if err != nil {
					return err
				}
				tried = append(tried, l)
			}
			return errTaken
		})
		if !errors.Is(err, errTaken) {
			return b, err
		}
		for _, l := range tried {
			if !have[l.Item] {
				have[l.Item] = true
				items = append(items, l)
			}
		}
	}
	for i := range items {
		items[i].Seq = int64(i + 1)
	}
	b.Lines, b.Params, b.State, b.PreviewedAt = items, a.params, Previewed, s.cfg.Clock()
	b.count()
	if b.Seen, err = b.digest(); err != nil {
		return b, err
	}
	return b, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now, err := lockBatch(ctx, tx, id)
		if err != nil {
			return err
		}
		if now.State != Chosen && now.State != Previewed {
			return fault.New(fault.Conflict, "it is being done already")
		}
		if err := deleteLines(ctx, tx, id); err != nil {
			return err
		}
		if err := insertLines(ctx, tx, b); err != nil {
			return err
		}
		return updateBatch(ctx, tx, b)
	})
}

// try does one line in a transaction that will be taken back.
func (s *Service) try(ctx context.Context, tx *sql.Tx, k Kind, a act, l Line) (Line, error) {
	l.State, l.Why, l.Changes = Will, "", nil
	at, err := k.do.look(ctx, tx, a, l.Item)
	if err != nil {
		return refusedBy(l, Cannot, err)
	}
	l.Item, l.Name, l.About, l.version, l.Changes = at.item, at.name, at.about, at.version, at.changes
	was, err := json.Marshal(at.was)
	if err != nil {
		return l, err
	}
	l.was = string(was)
	if at.no != nil {
		return refusedBy(l, Cannot, at.no)
	}
	if err := savepoint(ctx, tx); err != nil {
		return l, err
	}
	_, err = k.do.do(ctx, tx, a, at.item)
	if err == nil && len(at.changes) == 0 {
		err = fault.New(fault.Conflict, "it is so already")
	}
	if err != nil {
		l, err = refusedBy(l, Cannot, err)
		return l, errors.Join(err, rollback(ctx, tx))
	}
	return l, release(ctx, tx)
}

// refusedBy notes that the rules of an item refused it; any other error stays one.
func refusedBy(l Line, state LineState, err error) (Line, error) {
	if access.NeedsProof(err) || access.NeedsSecond(err) {
		return l, err
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Forbidden, fault.NotFound, fault.Refused:
	default:
		return l, err
	}
	message, hint := fault.Public(err)
	l.State, l.Why = state, message
	if hint != "" {
		l.Why += ": " + hint
	}
	if l.Name == "" {
		l.Name = l.Item
	}
	return l, nil
}

// own gives a batch of p's that is not begun, or is.
func (s *Service) own(ctx context.Context, p access.Principal, id string) (Batch, Kind, error) {
	b, err := readBatch(ctx, s.cfg.DB.Reader(), id)
	if err == nil && b.By != p.UserID {
		err = none()
	}
	if err != nil {
		return Batch{}, Kind{}, err
	}
	k, err := s.Kind(b.Kind)
	return b, k, err
}

// Get gives a batch: to whoever made it, and once it is begun to everybody who
// may do the same.
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (Batch, error) {
	b, err := readBatch(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return Batch{}, err
	}
	k, err := s.Kind(b.Kind)
	if err != nil {
		return Batch{}, err
	}
	for _, a := range []access.Action{access.BulkRead, k.Action} {
		if err := access.Authorise(p, a); err != nil {
			return Batch{}, err
		}
	}
	if b.By != p.UserID && (b.State == Chosen || b.State == Previewed) {
		return Batch{}, none()
	}
	s.until(k, &b)
	return b, nil
}

// until says until when a batch can be undone.
func (s *Service) until(k Kind, b *Batch) {
	if b.State == Done && k.Undo != "" && b.Undoes == "" && b.UndoneBy == "" && b.Counts.Done > 0 && s.cfg.Clock().Before(b.EndedAt.Add(UndoFor)) {
		b.UndoUntil = b.EndedAt.Add(UndoFor)
	}
}

// Recent gives the newest batches that are begun, of kinds that p may do
// (bulk.read), without their lines.
func (s *Service) Recent(ctx context.Context, p access.Principal, limit int) ([]Batch, error) {
	if err := access.Authorise(p, access.BulkRead); err != nil {
		return nil, err
	}
	var names []string
	for _, k := range s.kinds() {
		if access.Authorise(p, k.Action) == nil {
			names = append(names, k.Name)
		}
	}
	all, err := recentBatches(ctx, s.cfg.DB.Reader(), names, limit)
	for i := range all {
		k, err := s.Kind(all[i].Kind)
		if err != nil {
			return nil, err
		}
		s.until(k, &all[i])
	}
	return all, err
}

// Apply does what the preview with that digest said. What is done stays done
// when it breaks off; asked again it goes on, and what is done already is not done
// again. Kind Conflict where the preview is another by now, or too old.
func (s *Service) Apply(ctx context.Context, p access.Principal, id, seen string) (Batch, error) {
	b, k, err := s.own(ctx, p, id)
	if err != nil {
		return b, err
	}
	if err := k.proved(p); err != nil {
		return b, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if b, err = lockBatch(ctx, tx, id); err != nil {
			return err
		}
		switch {
		case b.State == Applying || b.State == Done:
			return nil
		case b.State == Chosen:
			return fault.New(fault.Conflict, "nobody has seen yet what would change").WithHint("make the preview first")
		case b.Seen != seen:
			return fault.New(fault.Conflict, "what you saw is not what the preview says now").WithHint("look at it again")
		case s.cfg.Clock().Sub(b.PreviewedAt) > PreviewFor:
			return fault.New(fault.Conflict, "the preview is older than %d minutes", int(PreviewFor.Minutes())).WithHint("make it again")
		case b.Counts.Will == 0:
			return fault.New(fault.Conflict, "nothing of this can be changed")
		}
		return s.begin(ctx, tx, p, &b)
	})
	if err != nil {
		return b, err
	}
	return s.finish(ctx, p, k, id)
}

// begin records that a batch is begun.
func (s *Service) begin(ctx context.Context, tx *sql.Tx, p access.Principal, b *Batch) error {
	b.State, b.BegunAt = Applying, s.cfg.Clock()
	e := ledger.Entry{Type: "bulk.begun", Stream: stream, Actor: p.UserID, Subject: b.ID,
		Data: map[string]any{"kind": b.Kind, "items": b.Counts.Will, "seen": b.Seen}, Personal: map[string]string{}}
	if b.Undoes != "" {
		e.Data["undoes"] = b.Undoes
	}
	for name, text := range b.Params {
		e.Personal[name] = text
	}
	var err error
	if b.begun, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return err
	}
	return updateBatch(ctx, tx, *b)
}

// finish does what is left of a batch, some items at a time.
func (s *Service) finish(ctx context.Context, p access.Principal, k Kind, id string) (Batch, error) {
	for more := true; more; {
		did := false
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			more, did, err = s.part(ctx, tx, p, k, id)
			return err
		})
		if err != nil {
			return Batch{}, err
		}
		if did {
			s.cfg.Ledger.Wake()
			if k.do.after != nil {
				k.do.after()
			}
		}
	}
	b, err := readBatch(ctx, s.cfg.DB.Reader(), id)
	s.until(k, &b)
	return b, err
}

// part does some of what is left, and ends the batch when nothing is.
func (s *Service) part(ctx context.Context, tx *sql.Tx, p access.Principal, k Kind, id string) (more, did bool, err error) {
	b, err := lockBatch(ctx, tx, id)
	if err != nil || b.State != Applying {
		return false, false, err
	}
	a, left := act{who: p, params: b.Params}, 0
	for i := range b.Lines {
		l := &b.Lines[i]
		if l.State != Will {
			continue
		}
		if left++; left > perTx {
			return true, true, nil
		}
		if err := s.line(ledger.Tie(ctx, b.ID), tx, k, a, b, l); err != nil {
			return false, false, err
		}
		if err := updateLine(ctx, tx, b.ID, *l); err != nil {
			return false, false, err
		}
	}
	b.count()
	b.State, b.EndedAt = Done, s.cfg.Clock()
	digest, err := b.result()
	if err != nil {
		return false, false, err
	}
	b.ended, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "bulk.ended", Stream: stream, Actor: p.UserID, Subject: b.ID,
		Data: map[string]any{"kind": b.Kind, "done": b.Counts.Done, "changed": b.Counts.Changed, "refused": b.Counts.Refused, "digest": digest}})
	if err != nil {
		return false, false, err
	}
	return false, true, updateBatch(ctx, tx, b)
}

// line does one item, unless it is no longer as it was seen.
func (s *Service) line(ctx context.Context, tx *sql.Tx, k Kind, a act, b Batch, l *Line) error {
	refuse := func(err error) (e error) {
		*l, e = refusedBy(*l, Refused, err)
		return e
	}
	at, err := k.do.look(ctx, tx, a, l.Item)
	if err != nil {
		return refuse(err)
	}
	if at.version != l.version {
		l.State, l.Why = Changed, "somebody changed it after the preview"
		if b.Undoes != "" {
			l.Why = "somebody changed it afterwards"
		}
		return nil
	}
	if at.no != nil {
		return refuse(at.no)
	}
	if err := savepoint(ctx, tx); err != nil {
		return err
	}
	if b.Undoes != "" {
		l.Entry, err = k.do.undo(ctx, tx, a, l.Item, l.was)
	} else {
		l.Entry, err = k.do.do(ctx, tx, a, l.Item)
	}
	if err != nil {
		l.Entry = ""
		return errors.Join(refuse(err), rollback(ctx, tx))
	}
	if at, err = k.do.look(ctx, tx, a, l.Item); err != nil {
		return err
	}
	l.State, l.after = WasDone, at.version
	return release(ctx, tx)
}

// Undo takes back what a batch did, where nobody changed it since: another
// batch, with entries of its own. Asked twice it is one. Everybody who may do the
// same may undo it, for UndoFor after it ended.
func (s *Service) Undo(ctx context.Context, p access.Principal, id string) (Batch, error) {
	of, err := s.Get(ctx, p, id)
	if err != nil {
		return of, err
	}
	k, err := s.Kind(of.Kind)
	if err != nil {
		return of, err
	}
	if err := k.proved(p); err != nil {
		return of, err
	}
	var b Batch
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if of, err = lockBatch(ctx, tx, id); err != nil {
			return err
		}
		switch {
		case of.UndoneBy != "":
			b, err = readBatch(ctx, tx, of.UndoneBy)
			if err == nil && b.By != p.UserID {
				err = fault.New(fault.Conflict, "somebody else has undone it")
			}
			return err
		case k.Undo == "" || of.Undoes != "":
			return fault.New(fault.Conflict, "this cannot be undone").WithHint("change each on its page")
		case of.State != Done || of.Counts.Done == 0:
			return fault.New(fault.Conflict, "there is nothing to undo")
		case !s.cfg.Clock().Before(of.EndedAt.Add(UndoFor)):
			return fault.New(fault.Conflict, "it was done more than %d hours ago", int(UndoFor.Hours())).WithHint("change each on its page")
		}
		now := s.cfg.Clock()
		b = Batch{ID: ids.New("blk", now), Kind: of.Kind, By: p.UserID, State: Previewed, MadeAt: now, PreviewedAt: now, Params: map[string]string{}, Address: of.Address, Undoes: of.ID}
		for _, l := range of.Lines {
			if l.State != WasDone {
				continue
			}
			back := Line{Seq: int64(len(b.Lines) + 1), Item: l.Item, Name: l.Name, About: l.About, State: Will, version: l.after, was: l.was}
			for _, c := range l.Changes {
				back.Changes = append(back.Changes, Change{c.What, c.To, c.From})
			}
			b.Lines = append(b.Lines, back)
		}
		b.count()
		if b.Seen, err = b.digest(); err != nil {
			return err
		}
		of.UndoneBy = b.ID
		if err := updateBatch(ctx, tx, of); err != nil {
			return err
		}
		if err := insertBatch(ctx, tx, b); err != nil {
			return err
		}
		return s.begin(ctx, tx, p, &b)
	})
	if err != nil {
		return b, err
	}
	return s.finish(ctx, p, k, b.ID)
}

// Sweep forgets what was chosen or previewed more than a day ago. A job calls it.
func (s *Service) Sweep(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		return forget(ctx, tx, s.cfg.Clock().Add(-24*time.Hour))
	})
}
