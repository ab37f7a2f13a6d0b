package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// UndoFor is how long a batch can be undone.
const UndoFor = 30 * time.Minute

// MaxItems is how many rows one batch changes at most.
const MaxItems = 500

// ItemState is how far a row of a batch came.
type ItemState string

// The states.
const (
	Planned ItemState = "planned" // the batch began, and ended before this row
	Done    ItemState = "done"
	Refused ItemState = "refused"
	Undone  ItemState = "undone"
	Kept    ItemState = "kept" // undoing left it alone
)

// Item is one row of a batch.
type Item struct {
	Subject string    `json:"subject"`
	Name    string    `json:"name"`
	Former  string    `json:"former"` // JSON
	Later   string    `json:"-"`      // JSON
	State   ItemState `json:"-"`
	Why     string    `json:"-"`
}

// Batch is a change of many rows.
type Batch struct {
	ID        string // "bat_…"
	Kind      string // "hosts.say"
	Items     []Item
	MadeAt    time.Time
	MadeBy    string // "usr_…"
	Entry     string
	UndoneAt  time.Time // zero: not undone
	UndoEntry string
}

// Until is when it can no longer be undone.
func (b Batch) Until() time.Time { return b.MadeAt.Add(UndoFor) }

// Count gives how many rows are in a state.
func (b Batch) Count(s ItemState) (n int) {
	for _, x := range b.Items {
		if x.State == s {
			n++
		}
	}
	return n
}

type batchContent struct {
	Kind  string `json:"kind"`
	Asked any    `json:"asked"`
	Items []Item `json:"items"`
}

// Apply writes a batch down and then changes its rows one by one with do, which
// gives what stands there afterwards. Each row is the domain's own change with its
// own entry, asked for in p's name. A row that is refused says why and stops
// nothing.
func (s *Service) Apply(ctx context.Context, p access.Principal, kind string, asked any, items []Item, do func(context.Context, Item) (later string, err error)) (Batch, error) {
	if err := access.Authorise(p, access.SessionManageOwn); err != nil {
		return Batch{}, err
	}
	if len(items) == 0 || len(items) > MaxItems {
		return Batch{}, fault.New(fault.Invalid, "%d rows were chosen", len(items)).WithHint("choose at least one and at most %d", MaxItems)
	}
	raw, err := json.Marshal(batchContent{kind, asked, items})
	if err != nil {
		return Batch{}, err
	}
	now := s.cfg.Clock()
	b := Batch{ID: ids.New("bat", now), Kind: kind, Items: items, MadeAt: now, MadeBy: p.UserID}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		var err error
		b.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "batch.begun", Stream: stream, Actor: p.UserID, Subject: b.ID,
			Data: map[string]any{"kind": kind, "items": len(items), "digest": digestOf(string(raw))}})
		if err != nil {
			return err
		}
		return insertBatch(ctx, tx, b, string(raw))
	})
	if err != nil {
		return Batch{}, err
	}
	for i := range b.Items {
		x := &b.Items[i]
		if err := s.row(ctx, &b, i, Done, Refused, func() (err error) { x.Later, err = do(ctx, *x); return err }); err != nil {
			return b, err
		}
	}
	return b, nil
}

// row does one step of a batch and notes how it went. What is wrong with the row
// itself is its own; what is wrong with the server ends the batch.
func (s *Service) row(ctx context.Context, b *Batch, i int, good, bad ItemState, step func() error) error {
	x := &b.Items[i]
	x.State, x.Why = good, ""
	if err := step(); err != nil {
		switch fault.KindOf(err) {
		case fault.Internal, fault.Unavailable:
			return err
		}
		x.State = bad
		x.Why, _ = fault.Public(err)
	}
	return setItem(ctx, s.cfg.DB.Writer(), b.ID, i, *x)
}

// Get gives a batch to whoever made it, or may see activity.
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (Batch, error) {
	b, err := batchByID(ctx, s.cfg.DB.Reader(), id)
	if err == nil && b.MadeBy != p.UserID && access.Authorise(p, access.LedgerRead) != nil {
		return Batch{}, fault.New(fault.NotFound, "there is no change of many rows %q", id)
	}
	return b, err
}

// Recent gives p's batches that can still be undone, newest first.
func (s *Service) Recent(ctx context.Context, p access.Principal) ([]Batch, error) {
	list, err := batchesBy(ctx, s.cfg.DB.Reader(), p.UserID, s.cfg.Clock().Add(-UndoFor))
	if err != nil {
		return nil, err
	}
	var all []Batch
	for _, id := range list {
		b, err := batchByID(ctx, s.cfg.DB.Reader(), id)
		if err != nil {
			return nil, err
		}
		if b.UndoneAt.IsZero() && b.Count(Done) > 0 {
			all = append(all, b)
		}
	}
	return all, nil
}

// Undo restores, within UndoFor and by whoever made the batch, what its rows said
// before, each by back: kind Conflict where the row was changed since, which
// leaves it alone. Nothing is erased: every step is an entry.
func (s *Service) Undo(ctx context.Context, p access.Principal, id string, back func(context.Context, Item) error) (Batch, error) {
	if err := access.Authorise(p, access.SessionManageOwn); err != nil {
		return Batch{}, err
	}
	b, err := batchByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return Batch{}, err
	}
	now := s.cfg.Clock()
	switch {
	case b.MadeBy != p.UserID:
		return Batch{}, fault.New(fault.Forbidden, "only who made this change can undo it").WithHint("change the rows again instead")
	case !b.UndoneAt.IsZero():
		return Batch{}, fault.New(fault.Conflict, "this change was undone already")
	case now.After(b.Until()):
		return Batch{}, fault.New(fault.Conflict, "this change can no longer be undone: it was made more than %d minutes ago", int(UndoFor.Minutes())).WithHint("change the rows again instead")
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "batch.undone", Stream: stream, Actor: p.UserID, Subject: b.ID, Data: map[string]any{"of": b.Entry, "items": b.Count(Done)}})
		if err != nil {
			return err
		}
		b.UndoneAt, b.UndoEntry = now, entry
		first, err := setUndone(ctx, tx, b.ID, entry, now)
		if err == nil && !first {
			err = fault.New(fault.Conflict, "this change was undone already")
		}
		return err
	})
	if err != nil {
		return Batch{}, err
	}
	for i, x := range b.Items {
		if x.State != Done {
			continue
		}
		if err := s.row(ctx, &b, i, Undone, Kept, func() error { return back(ctx, x) }); err != nil {
			return b, err
		}
	}
	return b, nil
}

// ErrSince is kind Conflict: the row was changed after the batch.
func ErrSince(name string) error {
	return fault.New(fault.Conflict, "%s was changed since, so it was left as it is", name)
}

func boundBatch(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var b Batch
	var content string
	var err error
	switch rec.Type {
	case "batch.begun":
		b, content, err = batchWhere(ctx, q, "entry_id = $1", rec.ID)
	case "batch.undone":
		b, content, err = batchWhere(ctx, q, "undo_entry = $1", rec.ID)
	default:
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	if b.ID != rec.Subject || b.MadeBy != rec.Actor {
		return refuse(rec, "its row says something else than was recorded")
	}
	if rec.Type == "batch.undone" {
		return nil
	}
	var said batchContent
	if digest, _ := rec.Data["digest"].(string); digestOf(content) != digest {
		return refuse(rec, "the content of its row does not have the recorded digest")
	}
	if err := json.Unmarshal([]byte(content), &said); err != nil {
		return fmt.Errorf("read batch %s: %w", b.ID, err)
	}
	if len(said.Items) != len(b.Items) {
		return refuse(rec, "rows of it are gone")
	}
	for i, x := range said.Items {
		if y := b.Items[i]; x.Subject != y.Subject || x.Former != y.Former {
			return refuse(rec, "a row of it says something else than was recorded")
		}
	}
	return nil
}
