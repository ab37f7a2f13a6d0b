package asset

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Service. DB, Ledger and Clock are required; what another register
// would say is left out where its function is nil.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Access *access.Service                                             // knows who an owner is; nil: every owner is a name
	Found  func(ctx context.Context) ([]Found, error)                  // what other registers know
	Data   func(ctx context.Context) ([]DataSet, error)                // the inventory of data
	Ports  func(ctx context.Context) (map[string]Ports, error)         // by key of the asset
	Scope  func(ctx context.Context) (*time.Location, []string, error) // the organisation's zone, its systems
}

// Service keeps assets and flows over one database.
type Service struct{ cfg Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Inventory is all assets and flows at a moment.
type Inventory struct {
	Today   Day
	Assets  []*Asset // by name
	Flows   []*Declaration
	Data    []DataSet
	Ports   map[string]Ports
	Systems []string
	owners  map[string]owner
	find    func(string) End  // made once
	by      map[string]*Asset // likewise
}

// Resolve finds the end of a flow by an asset's key, number or name, or zone:NAME.
func (v *Inventory) Resolve(text string) End { return v.find(text) }

// Lines gives flows: declared ones with what of them is seen, then what listens
// undeclared.
func (v *Inventory) Lines() []Line { return lines(v.Flows, v.Assets, v.Data, v.Ports, v.find) }

// Get finds an asset by its number, key or id; nil where there is none.
func (v *Inventory) Get(ref string) *Asset {
	return v.by[strings.ToLower(ref)]
}

// Zones gives the zones of assets in use, sorted.
func (v *Inventory) Zones() []string {
	var out []string
	for _, a := range v.Assets {
		if a.Active() && a.Zone.Text != "" && !slices.Contains(out, a.Zone.Text) {
			out = append(out, a.Zone.Text)
		}
	}
	slices.Sort(out)
	return out
}

func (s *Service) owners(ctx context.Context) (map[string]owner, error) {
	out := map[string]owner{}
	if s.cfg.Access == nil {
		return out, nil
	}
	users, err := s.cfg.Access.Users(ctx, access.System())
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		o := owner{u.ID, u.Name, u.Disabled}
		for _, k := range []string{u.ID, u.Login, u.Email, key(u.Name)} {
			if have, twice := out[k]; k != "" && (!twice || have.left) {
				out[k] = o
			}
		}
	}
	return out, nil
}

// see reads all registers; at bounds what was recorded here.
func (s *Service) see(ctx context.Context, q database.Querier, valid time.Time, known int64) (*Inventory, error) {
	v := &Inventory{}
	zone := time.UTC
	var err error
	if s.cfg.Scope != nil {
		if zone, v.Systems, err = s.cfg.Scope(ctx); err != nil {
			return nil, err
		}
	}
	v.Today = Day(valid.In(zone).Format(time.DateOnly))
	if s.cfg.Data != nil {
		if v.Data, err = s.cfg.Data(ctx); err != nil {
			return nil, err
		}
	}
	if v.owners, err = s.owners(ctx); err != nil {
		return nil, err
	}
	var found []Found
	if s.cfg.Found != nil {
		if found, err = s.cfg.Found(ctx); err != nil {
			return nil, err
		}
	}
	recs, err := until(ctx, q, valid, known)
	if err != nil {
		return nil, err
	}
	said := map[string]*Said{}
	var own []*Said
	for len(recs) > 0 {
		n := 1
		for n < len(recs) && recs[n].subject == recs[0].subject {
			n++
		}
		x, err := folded(recs[:n])
		if err != nil {
			return nil, err
		}
		said[x.Origin], own, recs = x, append(own, x), recs[n:]
	}
	w := &around{data: v.Data, owners: v.owners, today: v.Today, day: func(t time.Time) Day { return Day(t.In(zone).Format(time.DateOnly)) }}
	there := map[string]bool{}
	for i := range found {
		f := &found[i]
		if f.Since.After(valid) || there[f.Origin] {
			continue
		}
		if f.Gone.After(valid) {
			f.Gone = time.Time{}
		}
		there[f.Origin] = true
		v.Assets = append(v.Assets, put(f, said[f.Origin], w))
	}
	for _, x := range own {
		if !there[x.Origin] {
			if x.Profile.Name == "" { // its origin told its name, and tells it no more
				x.Profile.Name, x.Profile.Kind = x.Origin, "other"
			}
			v.Assets = append(v.Assets, put(nil, x, w))
		}
	}
	slices.SortStableFunc(v.Assets, func(a, b *Asset) int {
		if c := strings.Compare(key(a.Name), key(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	v.by = make(map[string]*Asset, 2*len(v.Assets))
	for _, a := range v.Assets {
		v.by[strings.ToLower(a.Key)], v.by[strings.ToLower(a.Ref)] = a, a
		if a.Said != nil {
			v.by[a.Said.ID] = a
		}
	}
	v.find = resolver(v.Assets)
	return v, nil
}

// Inventory gives all there is now, with flows and what is seen of them.
func (s *Service) Inventory(ctx context.Context, p access.Principal) (*Inventory, error) {
	if err := access.Authorise(p, access.AssetRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	v, err := s.see(ctx, q, s.cfg.Clock(), -1)
	if err != nil {
		return nil, err
	}
	if v.Flows, err = flows(ctx, q); err != nil {
		return nil, err
	}
	if s.cfg.Ports != nil {
		v.Ports, err = s.cfg.Ports(ctx)
	}
	return v, err
}

func flows(ctx context.Context, q database.Querier) ([]*Declaration, error) {
	recs, err := read(ctx, q, true, ``)
	if err != nil {
		return nil, err
	}
	var out []*Declaration
	for len(recs) > 0 {
		n := 1
		for n < len(recs) && recs[n].subject == recs[0].subject {
			n++
		}
		d, err := foldedFlow(recs[:n])
		if err != nil {
			return nil, err
		}
		out, recs = append(out, d), recs[n:]
	}
	return out, nil
}

// List gives every asset, by name.
func (s *Service) List(ctx context.Context, p access.Principal) ([]*Asset, error) {
	if err := access.Authorise(p, access.AssetRead); err != nil {
		return nil, err
	}
	v, err := s.see(ctx, s.cfg.DB.Reader(), s.cfg.Clock(), -1)
	if err != nil {
		return nil, err
	}
	return v.Assets, nil
}

// Get gives one asset by its number, key or id.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Asset, error) {
	if err := access.Authorise(p, access.AssetRead); err != nil {
		return nil, err
	}
	v, err := s.see(ctx, s.cfg.DB.Reader(), s.cfg.Clock(), -1)
	if err != nil {
		return nil, err
	}
	if a := v.Get(ref); a != nil {
		return a, nil
	}
	return nil, noAsset(ref)
}

func noAsset(ref string) error { return fault.New(fault.NotFound, "there is no asset %q", ref) }

func may(p access.Principal) error {
	if err := access.Authorise(p, access.AssetEdit); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person says what assets are, not the program")
	}
	return nil
}

func (v *Inventory) checking(p access.Principal, now time.Time) *checking {
	return &checking{now: now, today: v.Today, who: p, owners: v.owners, data: v.Data, systems: v.Systems}
}

// Record adds a change to an asset; ref is empty for one that is entered.
func (s *Service) Record(ctx context.Context, p access.Principal, ref string, change Change) (*Asset, error) {
	all, err := s.RecordAll(ctx, p, []string{ref}, func(*Asset) Change { return change })
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// RecordAll adds a change to each of several assets, or to none.
func (s *Service) RecordAll(ctx context.Context, p access.Principal, refs []string, change func(a *Asset) Change) ([]*Asset, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	var keys []string
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := s.cfg.Clock()
		v, err := s.see(ctx, tx, now, -1)
		if err != nil {
			return err
		}
		c := v.checking(p, now)
		keys = nil
		for _, ref := range refs {
			var a *Asset
			if ref != "" {
				if a = v.Get(ref); a == nil {
					return noAsset(ref)
				}
			}
			k, err := s.write(ctx, tx, v, a, change(a), c)
			if err != nil {
				return err
			}
			keys = append(keys, k)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v, err := s.see(ctx, s.cfg.DB.Reader(), s.cfg.Clock(), -1)
	if err != nil {
		return nil, err
	}
	var out []*Asset
	for _, k := range keys {
		out = append(out, v.Get(k))
	}
	return out, nil
}

// Say says of each of several assets what a profile says beside what was said of it,
// of all or of none; with dry of none. It gives them as they were and as they are.
func (s *Service) Say(ctx context.Context, p access.Principal, keys []string, say Profile, dry bool) (before, after []*Asset, err error) {
	if err := may(p); err != nil {
		return nil, nil, err
	}
	back := errors.New("taken back")
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		before, after = nil, nil
		now := s.cfg.Clock()
		v, err := s.see(ctx, tx, now, -1)
		if err != nil {
			return err
		}
		c := v.checking(p, now)
		for _, k := range keys {
			a := v.Get(k)
			if a == nil {
				return noAsset(k)
			}
			is := say
			if a.Said != nil {
				is = a.Said.Profile.over(say)
			}
			if _, err := s.write(ctx, tx, v, a, &Described{is}, c); err != nil {
				return err
			}
			before = append(before, a)
		}
		if v, err = s.see(ctx, tx, now, -1); err != nil {
			return err
		}
		for _, a := range before {
			after = append(after, v.Get(a.Key))
		}
		if dry {
			return back
		}
		return nil
	})
	if errors.Is(err, back) {
		err = nil
	}
	return before, after, err
}

// write records a change of an asset and gives its key.
func (s *Service) write(ctx context.Context, tx *sql.Tx, v *Inventory, a *Asset, change Change, c *checking) (string, error) {
	added, entering := change.(*Added)
	if entering != (a == nil) {
		return "", fault.New(fault.Invalid, "an asset is entered once")
	}
	if err := change.check(a, c); err != nil {
		return "", err
	}
	r := record{kind: change.Kind()}
	var err error
	switch {
	case entering:
		for _, x := range v.Assets {
			if key(x.Name) == key(added.Name) && x.Active() {
				return "", fault.New(fault.Conflict, "%s is called %s already", x.Ref, x.Name).At("", 0, "name").WithHint("look at it first; where it is another, give it another name")
			}
		}
		r.subject = ids.New("ast", c.now)
		r.origin = r.subject
		if r.number, err = insertAsset(ctx, tx, r.subject, r.origin, key(added.Name), c.now); err != nil {
			return "", err
		}
	case a.Said == nil:
		r.subject, r.origin = ids.New("ast", c.now), a.Key
		if r.number, err = insertAsset(ctx, tx, r.subject, a.Key, "", c.now); err != nil {
			return "", err
		}
	default:
		r.subject, r.number, r.seq, r.origin = a.Said.ID, a.Said.Number, a.Said.Seq, a.Said.Origin
		if _, _, seq, err := head(ctx, tx, r.subject); err != nil {
			return "", fmt.Errorf("read an asset: %w", err)
		} else if seq != r.seq {
			return "", fault.New(fault.Conflict, "somebody else changed %s at the same time", a.Ref).WithHint("look at it again and repeat what is still needed")
		}
	}
	r.seq++
	return r.origin, s.append(ctx, tx, r, change, c)
}

// append writes a record with its entry.
func (s *Service) append(ctx context.Context, tx *sql.Tx, r record, content any, c *checking) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode a record of an asset: %w", err)
	}
	r.content, r.digest = string(raw), digestOf(string(raw))
	r.made = Made{At: c.now, By: c.who.UserID, Day: c.today}
	e := ledger.Entry{Type: r.kind, Stream: "people", Actor: c.who.UserID, Subject: r.subject, Data: map[string]any{"number": r.number, "seq": r.seq, "digest": r.digest, "day": string(r.made.Day)}}
	if c.who.Via == access.ViaCommand {
		e.Data["via"] = string(c.who.Via)
	}
	if r.made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return fmt.Errorf("record %s: %w", r.kind, err)
	}
	return insertRecord(ctx, tx, r)
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Declare declares a flow, or one anew; ref is empty for a new one.
func (s *Service) Declare(ctx context.Context, p access.Principal, ref string, f Flow) (Line, error) {
	return s.flow(ctx, p, ref, func(v *Inventory, d *Declaration, c *checking) (string, any, error) {
		if d != nil && d.Over {
			return "", nil, fault.New(fault.Conflict, "%s has ended", d.Ref()).WithHint("declare another one")
		}
		x := f
		if err := x.tidy(c, v.Resolve); err != nil {
			return "", nil, err
		}
		for _, o := range v.Flows {
			if (d == nil || o.ID != d.ID) && !o.Over && o.From == x.From && o.To == x.To && o.Protocol == x.Protocol && o.Port == x.Port && slices.Equal(o.Data, x.Data) {
				return "", nil, fault.New(fault.Conflict, "%s declares the same flow", o.Ref())
			}
		}
		return "flow.declared", Declared{x}, nil
	})
}

// End says that a flow is no more.
func (s *Service) End(ctx context.Context, p access.Principal, ref, why string) (Line, error) {
	return s.flow(ctx, p, ref, func(_ *Inventory, d *Declaration, _ *checking) (string, any, error) {
		switch {
		case d == nil:
			return "", nil, fault.New(fault.NotFound, "there is no flow %q", ref)
		case d.Over:
			return "", nil, fault.New(fault.Conflict, "%s has ended", d.Ref())
		}
		x := Ended{why}
		return "flow.ended", x, text(&x.Why, "why", "why it is no more", 3, 500)
	})
}

func (s *Service) flow(ctx context.Context, p access.Principal, ref string, change func(v *Inventory, d *Declaration, c *checking) (kind string, content any, err error)) (Line, error) {
	if err := may(p); err != nil {
		return Line{}, err
	}
	var number int
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := s.cfg.Clock()
		v, err := s.see(ctx, tx, now, -1)
		if err != nil {
			return err
		}
		if v.Flows, err = flows(ctx, tx); err != nil {
			return err
		}
		d := v.Flow(ref)
		if ref != "" && d == nil {
			return fault.New(fault.NotFound, "there is no flow %q", ref)
		}
		c := v.checking(p, now)
		kind, content, err := change(v, d, c)
		if err != nil {
			return err
		}
		r := record{kind: kind, subject: ids.New("flw", now)}
		if d != nil {
			r.subject, r.number, r.seq = d.ID, d.Number, d.Seq
		} else if r.number, err = insertFlow(ctx, tx, r.subject, now); err != nil {
			return err
		}
		r.seq++
		number = r.number
		return s.append(ctx, tx, r, content, c)
	})
	if err != nil {
		return Line{}, err
	}
	v, err := s.Inventory(ctx, p)
	if err != nil {
		return Line{}, err
	}
	d := v.Flow(fmt.Sprintf("DF-%d", number))
	for _, l := range v.Lines() {
		if l.Ref == d.Ref() {
			return l, nil
		}
	}
	return Line{Ref: d.Ref(), Flow: d.Flow, From: v.Resolve(d.From), To: v.Resolve(d.To), Seen: "not_observed", Why: "it has ended"}, nil
}

// Flow finds a flow by its number or id; nil where there is none.
func (v *Inventory) Flow(ref string) *Declaration {
	i := slices.IndexFunc(v.Flows, func(d *Declaration) bool { return strings.EqualFold(d.Ref(), ref) || d.ID == ref })
	if i < 0 {
		return nil
	}
	return v.Flows[i]
}
