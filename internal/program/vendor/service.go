package vendor

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
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

// Config wires a Service. DB, Ledger, Clock and Book are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Book   *Book
	Access *access.Service // finds who manages a vendor; nil: only who asks can
	// Control gives kind NotFound where there is no such control in use; nil: any.
	Control func(ctx context.Context, slug string) error
	// Frame gives the zone in which days begin and the window that is examined; nil: UTC, none.
	Frame func(ctx context.Context) (*time.Location, Window, error)
}

// Service keeps vendors over one database.
type Service struct {
	cfg Config

	mu   sync.Mutex
	kept map[string]*Vendor // guarded by mu: folded vendors by id, each as of its Seq; never changed once kept
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg, kept: map[string]*Vendor{}} }

// Book gives how vendors are weighed and asked.
func (s *Service) Book() *Book { return s.cfg.Book }

func (s *Service) frame(ctx context.Context) (*time.Location, Window, error) {
	if s.cfg.Frame == nil {
		return time.UTC, Window{}, nil
	}
	return s.cfg.Frame(ctx)
}

// Today gives the day, and the window that is examined.
func (s *Service) Today(ctx context.Context) (Day, Window, error) {
	zone, w, err := s.frame(ctx)
	if err != nil {
		return "", w, err
	}
	return DayOf(s.cfg.Clock(), zone), w, nil
}

// Ask asks for a vendor, or enters one that is in use already.
func (s *Service) Ask(ctx context.Context, p access.Principal, in Intake) (*Vendor, error) {
	var out *Vendor
	if err := s.may(p, &in); err != nil {
		return nil, err
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		x := in
		var err error
		out, err = s.ask(ctx, tx, p, &x)
		return err
	})
	return out, err
}

func (s *Service) may(p access.Principal, c Change) error {
	if err := access.Authorise(p, c.Action()); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person decides on vendors, not the program")
	}
	return nil
}

func (s *Service) ask(ctx context.Context, tx *sql.Tx, p access.Principal, in *Intake) (*Vendor, error) {
	c, err := s.checking(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	if err := in.check(nil, c); err != nil {
		return nil, err
	}
	if n, err := named(ctx, tx, key(in.Name)); err != nil {
		return nil, err
	} else if n > 0 {
		recs, err := recordsOf(ctx, tx, fmt.Sprint(n))
		if err != nil {
			return nil, err
		}
		if have, err := fold(s.cfg.Book, recs); err != nil {
			return nil, err
		} else if have.State != Ended && have.State != Refused {
			return nil, fault.New(fault.Conflict, "%s is called %s already", have.Ref(), have.Profile.Name).At("", 0, "name").WithHint("look at it first; where it is another, give it another name")
		}
	}
	v := &Vendor{ID: ids.New("ven", c.now)}
	if v.Number, err = insertVendor(ctx, tx, v.ID, key(in.Name), c.now); err != nil {
		return nil, err
	}
	return s.write(ctx, tx, p, v, in, c)
}

func key(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

func (s *Service) checking(ctx context.Context, tx *sql.Tx, p access.Principal) (*checking, error) {
	zone, _, err := s.frame(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	return &checking{who: p, now: now, today: DayOf(now, zone), book: s.cfg.Book,
		control: func(slug string) error {
			if s.cfg.Control == nil {
				return nil
			}
			return s.cfg.Control(ctx, slug)
		},
		user: func(login string) (string, error) {
			if login = strings.TrimSpace(login); login == "" || login == p.UserID {
				return p.UserID, nil
			}
			none := fault.New(fault.Invalid, "there is no user %q", login).At("", 0, "manager").WithHint("who manages a vendor has an account here")
			if s.cfg.Access == nil {
				return "", none
			}
			u, err := s.cfg.Access.Find(ctx, access.System(), login)
			if fault.Is(err, fault.NotFound) {
				return "", none
			}
			return u.ID, err
		},
		second: func(author string, a access.Action, text string) (string, error) {
			return access.SecondPerson(ctx, tx, p, author, a, text)
		}}, nil
}

// Record adds a change to a vendor.
func (s *Service) Record(ctx context.Context, p access.Principal, ref string, change Change) (*Vendor, error) {
	if err := s.may(p, change); err != nil {
		return nil, err
	}
	if change.Kind() == "asked" {
		return nil, fault.New(fault.Invalid, "a vendor is asked for once")
	}
	var out *Vendor
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		v, err := s.get(ctx, tx, ref)
		if err != nil {
			return err
		}
		c, err := s.checking(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := change.check(v, c); err != nil {
			return err
		}
		out, err = s.write(ctx, tx, p, v, change, c)
		return err
	})
	return out, err
}

func (s *Service) write(ctx context.Context, tx *sql.Tx, p access.Principal, v *Vendor, change Change, c *checking) (*Vendor, error) {
	raw, err := json.Marshal(change)
	if err != nil {
		return nil, fmt.Errorf("encode a record of a vendor: %w", err)
	}
	r := record{vendor: v.ID, number: v.Number, seq: v.Seq + 1, kind: change.Kind(), content: string(raw), digest: digest(string(raw)), made: Made{At: c.now, By: p.UserID, Day: c.today, Index: -1}}
	e := ledger.Entry{Type: "vendor." + r.kind, Stream: "people", Actor: p.UserID, Subject: v.ID, Data: map[string]any{"number": v.Number, "seq": r.seq, "digest": r.digest, "day": string(r.made.Day)}}
	if p.Via == access.ViaCommand {
		e.Data["via"] = string(p.Via)
	}
	if r.made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return nil, fmt.Errorf("record vendor.%s: %w", r.kind, err)
	}
	name := v.Profile.Name
	switch x := change.(type) {
	case *Intake:
		name = x.Name
	case *Described:
		name = x.Name
	}
	if err := insertRecord(ctx, tx, r, key(name)); err != nil {
		return nil, err
	}
	return s.get(ctx, tx, v.ID)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (s *Service) get(ctx context.Context, q database.Querier, ref string) (*Vendor, error) {
	recs, err := recordsOf(ctx, q, ref)
	if err != nil {
		return nil, err
	}
	v, err := fold(s.cfg.Book, recs)
	if err == nil && v == nil {
		return nil, fault.New(fault.NotFound, "there is no vendor %q", ref)
	}
	return v, err
}

// Get gives one vendor by its number (V-3) or id.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Vendor, error) {
	if err := access.Authorise(p, access.VendorRead); err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), ref)
}

// all gives every vendor by number. What was folded before and has no newer record
// is not read again.
func (s *Service) all(ctx context.Context) ([]*Vendor, error) {
	q := s.cfg.DB.Reader()
	ids, seqs, err := heads(ctx, q)
	if err != nil {
		return nil, err
	}
	out, stale := make([]*Vendor, len(ids)), []int{}
	s.mu.Lock()
	for i, id := range ids {
		if v := s.kept[id]; v != nil && v.Seq == seqs[i] {
			out[i] = v
		} else {
			stale = append(stale, i)
		}
	}
	s.mu.Unlock()
	if len(stale) == 0 {
		return out, nil
	}
	byID := map[string][]record{}
	if len(stale) > 20 {
		recs, err := records(ctx, q, "")
		if err != nil {
			return nil, err
		}
		for _, r := range recs {
			byID[r.vendor] = append(byID[r.vendor], r)
		}
	}
	for _, i := range stale {
		recs := byID[ids[i]]
		if recs == nil {
			if recs, err = recordsOf(ctx, q, ids[i]); err != nil {
				return nil, err
			}
		}
		if out[i], err = fold(s.cfg.Book, recs); err != nil {
			return nil, err
		}
	}
	if s.cfg.DB.Within(ctx) { // what was read may be taken back
		return out, nil
	}
	s.mu.Lock()
	for _, i := range stale {
		s.kept[ids[i]] = out[i]
	}
	s.mu.Unlock()
	return out, nil
}

// Row is a vendor in a list.
type Row struct {
	Vendor  *Vendor     `json:"-"`
	Ref     string      `json:"ref"`
	Name    string      `json:"name"`
	Service string      `json:"service"`
	State   State       `json:"state"`
	Level   string      `json:"criticality"`
	Because []string    `json:"because"`
	Role    string      `json:"role"` // vendor, subservice, "" undecided
	Method  string      `json:"method,omitempty"`
	Manager string      `json:"manager"`
	Data    []string    `json:"data"`
	Due     Day         `json:"review_due,omitempty"`
	Late    bool        `json:"review_late,omitempty"`
	Holds   int         `json:"accesses"`
	Judged  []Attribute `json:"attributes"`
	Failing int         `json:"failing"`
}

// List gives every vendor, by name, with what its attributes come to today.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Row, error) {
	if err := access.Authorise(p, access.VendorRead); err != nil {
		return nil, err
	}
	today, w, err := s.Today(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(all))
	for _, v := range all {
		out = append(out, s.row(v, today, w))
	}
	slices.SortStableFunc(out, func(a, b Row) int { return strings.Compare(key(a.Name), key(b.Name)) })
	return out, nil
}

func (s *Service) row(v *Vendor, today Day, w Window) Row {
	r := Row{Vendor: v, Ref: v.Ref(), Name: v.Profile.Name, Service: v.Profile.Service, State: v.State, Level: v.Level, Because: v.Because, Manager: v.Profile.Manager, Data: v.Profile.Data,
		Due: v.ReviewDue(s.cfg.Book), Holds: len(v.Holds()), Judged: v.Judge(s.cfg.Book, today, w)}
	r.Late = r.Due != "" && r.Due < today
	if v.Role != nil {
		r.Role, r.Method = v.Role.Is, v.Role.Method
	}
	for _, a := range r.Judged {
		if a.Outcome == "fail" {
			r.Failing++
		}
	}
	return r
}

// Judged gives what the attributes of a vendor come to today.
func (s *Service) Judged(ctx context.Context, v *Vendor) (Row, error) {
	today, w, err := s.Today(ctx)
	if err != nil {
		return Row{}, err
	}
	return s.row(v, today, w), nil
}
