package register

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Book. DB, Ledger and Clock are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Access *access.Service // finds people by login; nil: only who records can be named
	// Zone gives the zone in which days begin; nil: UTC.
	Zone func(ctx context.Context) (*time.Location, error)
}

// Frame gives the zone and today in it.
func (c Config) Frame(ctx context.Context) (*time.Location, Day, error) {
	zone := time.UTC
	if c.Zone != nil {
		var err error
		if zone, err = c.Zone(ctx); err != nil {
			return nil, "", err
		}
	}
	return zone, DayOf(c.Clock(), zone), nil
}

// Book keeps the things of one noun over one database.
type Book[T, W any] struct {
	cfg   Config
	noun  Noun[T, W]
	world func(ctx context.Context) (W, error)

	mu   sync.Mutex
	kept map[string]*T // guarded by mu: folded things by id, each as of its sequence; never changed once kept
}

// NewBook makes a Book; world gives what changes are held against, before each.
func NewBook[T, W any](cfg Config, noun Noun[T, W], world func(ctx context.Context) (W, error)) *Book[T, W] {
	return &Book[T, W]{cfg: cfg, noun: noun, world: world, kept: map[string]*T{}}
}

// Checking is who records a change, and when.
type Checking struct {
	Who   access.Principal
	Now   time.Time
	Today Day

	ctx    context.Context
	tx     *sql.Tx
	access *access.Service
}

// Context is that of the change, for what asks others.
func (c *Checking) Context() context.Context { return c.ctx }

// User gives the id of a person by login or id: who records it, where nobody is named.
func (c *Checking) User(login, field string) (string, error) {
	if login = strings.TrimSpace(login); login == "" || login == c.Who.UserID {
		return c.Who.UserID, nil
	}
	none := fault.New(fault.Invalid, "there is no user %q", login).At("", 0, field).WithHint("write a login, such as maeve.doyle")
	if c.access == nil {
		return "", none
	}
	u, err := c.access.Find(c.ctx, access.System(), login)
	if fault.Is(err, fault.NotFound) {
		return "", none
	}
	return u.ID, err
}

// Second is access.SecondPerson.
func (c *Checking) Second(author string, a access.Action, text string) (string, error) {
	return access.SecondPerson(c.ctx, c.tx, c.Who, author, a, text)
}

func may[T, W any](p access.Principal, c Change[T, W]) error {
	if err := access.Authorise(p, c.Action()); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person decides this, not the program")
	}
	return nil
}

func (n *Noun[T, W]) ref(number int) string { return n.Mark + "-" + strconv.Itoa(number) }

// Begin makes a thing of the record that begins one.
func (b *Book[T, W]) Begin(ctx context.Context, p access.Principal, change Change[T, W]) (*T, error) {
	return b.write(ctx, p, "", change)
}

// Record adds a change to a thing.
func (b *Book[T, W]) Record(ctx context.Context, p access.Principal, ref string, change Change[T, W]) (*T, error) {
	if change.Kind() == b.noun.Begin {
		return nil, fault.New(fault.Invalid, "that begins a %s, and is recorded once", b.noun.Name)
	}
	return b.write(ctx, p, ref, change)
}

func (b *Book[T, W]) write(ctx context.Context, p access.Principal, ref string, change Change[T, W]) (*T, error) {
	if err := may(p, change); err != nil {
		return nil, err
	}
	_, today, err := b.cfg.Frame(ctx)
	if err != nil {
		return nil, err
	}
	w, err := b.world(ctx)
	if err != nil {
		return nil, err
	}
	kind := change.Kind()
	given, err := json.Marshal(change) // the transaction may run more than once, and a check tidies what it is given
	if err != nil {
		return nil, fmt.Errorf("encode a record of a %s: %w", b.noun.Name, err)
	}
	var out *T
	err = b.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		change := b.noun.fresh(kind)
		if change == nil {
			return fault.New(fault.Invalid, "%q is nothing that is recorded of a %s", kind, b.noun.Name)
		}
		if err := json.Unmarshal(given, change); err != nil {
			return fmt.Errorf("read a record of a %s again: %w", b.noun.Name, err)
		}
		now := b.cfg.Clock()
		t := new(T)
		if change.Kind() != b.noun.Begin {
			if t, err = b.Find(ctx, tx, ref); err != nil {
				return err
			}
		}
		if err := change.Check(t, &Checking{Who: p, Now: now, Today: today, ctx: ctx, tx: tx, access: b.cfg.Access}, w); err != nil {
			return err
		}
		h := *b.noun.Head(t)
		if h.Seq == 0 {
			h.ID = ids.New(b.noun.ID, now)
			if h.Number, err = insertThing(ctx, tx, h.ID, b.noun.Name, now); err != nil {
				return err
			}
		}
		raw, err := json.Marshal(change)
		if err != nil {
			return fmt.Errorf("encode a record of a %s: %w", b.noun.Name, err)
		}
		r := record{thing: h.ID, noun: b.noun.Name, number: h.Number, seq: h.Seq + 1, kind: change.Kind(), content: string(raw), digest: digest(string(raw)), made: Made{At: now, By: p.UserID, Day: today, Index: -1}}
		if f, ok := change.(Freezer); ok && f.Frozen() != "" {
			r.frozen = digest(f.Frozen())
		}
		if r.made.Entry, err = b.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: r.noun + "." + r.kind, Stream: "people", Actor: p.UserID, Subject: r.thing, Data: r.data(p.Via == access.ViaCommand)}); err != nil {
			return fmt.Errorf("record %s.%s: %w", r.noun, r.kind, err)
		}
		if err := insertRecord(ctx, tx, r); err != nil {
			return err
		}
		out, err = b.Find(ctx, tx, r.thing)
		return err
	})
	return out, err
}

// data is what the ledger entry of a record says.
func (r record) data(command bool) map[string]any {
	d := map[string]any{"number": r.number, "seq": r.seq, "digest": r.digest, "day": string(r.made.Day)}
	if r.frozen != "" {
		d["text"] = r.frozen
	}
	if command {
		d["via"] = string(access.ViaCommand)
	}
	return d
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Digest gives the digest by which the ledger commits to a frozen text.
func Digest(text string) string { return digest(text) }

// Find gives one thing by its number or id.
func (b *Book[T, W]) Find(ctx context.Context, q database.Querier, ref string) (*T, error) {
	recs, err := b.recordsOf(ctx, q, ref)
	if err == nil && len(recs) == 0 {
		return nil, fault.New(fault.NotFound, "there is no %s %q", b.noun.Name, ref)
	}
	if err != nil {
		return nil, err
	}
	return b.noun.fold(recs)
}

func (b *Book[T, W]) recordsOf(ctx context.Context, q database.Querier, ref string) ([]record, error) {
	ref = strings.TrimSpace(ref)
	if n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(ref), b.noun.Mark+"-")); err == nil {
		return records(ctx, q, `WHERE t.noun = $1 AND t.number = $2`, b.noun.Name, n)
	}
	return records(ctx, q, `WHERE t.noun = $1 AND t.id = $2`, b.noun.Name, ref)
}

// Get gives one thing by its number or id.
func (b *Book[T, W]) Get(ctx context.Context, ref string) (*T, error) {
	return b.Find(ctx, b.cfg.DB.Reader(), ref)
}

// All gives every thing by number. What was folded before and has no newer
// record is not read again; nobody changes what it gives.
func (b *Book[T, W]) All(ctx context.Context) ([]*T, error) {
	q := b.cfg.DB.Reader()
	all, err := heads(ctx, q, b.noun.Name)
	if err != nil {
		return nil, err
	}
	out, stale := make([]*T, len(all)), []int{}
	b.mu.Lock()
	for i, h := range all {
		if t := b.kept[h.id]; t != nil && b.noun.Head(t).Seq == h.seq {
			out[i] = t
		} else {
			stale = append(stale, i)
		}
	}
	b.mu.Unlock()
	if len(stale) == 0 {
		return out, nil
	}
	recs, err := records(ctx, q, `WHERE t.noun = $1`, b.noun.Name)
	if err != nil {
		return nil, err
	}
	byID := map[string][]record{}
	for _, r := range recs {
		byID[r.thing] = append(byID[r.thing], r)
	}
	for _, i := range stale {
		if out[i], err = b.noun.fold(byID[all[i].id]); err != nil {
			return nil, err
		}
	}
	if b.cfg.DB.Within(ctx) { // what was read may be taken back
		return out, nil
	}
	b.mu.Lock()
	for _, i := range stale {
		b.kept[all[i].id] = out[i]
	}
	b.mu.Unlock()
	return out, nil
}

// AsOf gives every thing as its records said at a moment, as known by a ledger
// size (below 0: everything).
func (b *Book[T, W]) AsOf(ctx context.Context, until time.Time, known int64) ([]*T, error) {
	recs, err := recordsUntil(ctx, b.cfg.DB.Reader(), b.noun.Name, until, known)
	if err != nil {
		return nil, err
	}
	var out []*T
	for len(recs) > 0 {
		n := 1
		for n < len(recs) && recs[n].thing == recs[0].thing {
			n++
		}
		t, err := b.noun.fold(recs[:n])
		if err != nil {
			return nil, err
		}
		out, recs = append(out, t), recs[n:]
	}
	return out, nil
}
