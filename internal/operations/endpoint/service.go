package endpoint

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
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/roster"
)

// Kind is what the journal keeps of device managements.
var Kind = journal.Kind{Name: "device_list", Prefix: "dml", Letter: "DM", Noun: "device management", Steps: []string{"added", "changed", "brought", "said", "ended"}}

// States of a device management.
const (
	Used  = "used"
	Ended = "ended"
)

// Products whose exports are known.
func Products() [][2]string {
	return [][2]string{{"jamf", "Jamf Pro"}, {"intune", "Microsoft Intune"}, {"kandji", "Kandji"}, {"fleet", "Fleet or osquery"}, {"other", "Another one"}}
}

// Settings are what a person says of a device management.
type Settings struct {
	Name     string `json:"name" doc:"As people call it: Jamf." maxLength:"80"`
	Product  string `json:"product" enum:"jamf,intune,kandji,fleet,other"`
	ListDays int    `json:"list_days,omitempty" doc:"A new list is expected every so many days; 7 when left out." minimum:"1" maximum:"92"`
	SeenDays int    `json:"seen_days,omitempty" doc:"A device reports to its management within so many days; 14 when left out." minimum:"1" maximum:"366"`
}

func (c *Settings) tidy() (err error) {
	if c.Name, err = journal.Line("name", c.Name, "what it is called", true, 80); err != nil {
		return err
	}
	if !slices.ContainsFunc(Products(), func(p [2]string) bool { return p[0] == c.Product }) {
		return fault.New(fault.Invalid, "%q is no product", c.Product).At("", 0, "product").WithHint("jamf, intune, kandji, fleet or other")
	}
	for field, n := range map[string]struct {
		n              *int
		otherwise, top int
	}{"list_days": {&c.ListDays, 7, 92}, "seen_days": {&c.SeenDays, 14, 366}} {
		if *n.n == 0 {
			*n.n = n.otherwise
		}
		if *n.n < 1 || *n.n > n.top {
			return fault.New(fault.Invalid, "%d days: 1 to %d can be set", *n.n, n.top).At("", 0, field)
		}
	}
	return nil
}

// Management is a device management with its newest list.
type Management struct {
	Settings
	State   string    `json:"state"`
	Digest  string    `json:"digest,omitempty"` // of the devices that its lists come to
	File    string    `json:"file,omitempty"`
	SHA256  string    `json:"sha256,omitempty"` // of the newest file
	Taken   time.Time `json:"taken,omitzero"`   // when the newest list was
	Whole   bool      `json:"whole,omitempty"`
	Devices int       `json:"devices"`
	Refused int       `json:"refused,omitempty"` // lines of the newest file
	Came    []string  `json:"came,omitempty"`    // by it, the first 100
	Gone    []string  `json:"gone,omitempty"`    // by it, the first 100
	Said    []Said    `json:"said,omitempty"`    // whose devices are
	By      string    `json:"by"`
}

// Said is whose a device is, as a person says.
type Said struct {
	Device string `json:"device"`           // its key
	Person string `json:"person,omitempty"` // per_…
	Shared string `json:"shared,omitempty"` // why it is no one person's
}

// Mark is what lists are filtered by.
func (m Management) Mark() journal.Mark {
	return journal.Mark{State: m.State, Owner: m.By, Topic: m.Product}
}

// Object is a device management with its number and history.
type Object = journal.Object[Management]

// Config is what the service depends on. All but Clock, Who and Mark is required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Who     func(context.Context) (*roster.Owners, error) // nil: there is no register of people
	Mark    func(context.Context) (string, error)         // changes when what Who gives does
	Clock   clock.Clock                                   // clock.System
	Version string                                        // of this program
}

// Service keeps devices over one database.
type Service struct {
	cfg  Config
	all  *journal.Journal[Management]
	book *entries.Book

	turn   sync.Mutex // one Turn at a time
	said   []entries.Entry
	mark   string    // guarded by turn: what said was made of
	judged time.Time // guarded by turn
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg: cfg, all: journal.New[Management](journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}, Kind),
		book: entries.New(entries.Config{DB: cfg.DB, Ledger: cfg.Ledger, Hosts: cfg.Hosts, Clock: cfg.Clock, Version: cfg.Version})}
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding { return journal.Bindings[Management](Kind) }

// Now gives the service's time.
func (s *Service) Now() time.Time { return s.cfg.Clock() }

func (s *Service) named(p access.Principal) error {
	if err := access.Authorise(p, access.EndpointEdit); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person does this")
	}
	return nil
}

// Add adds a device management (endpoint.edit).
func (s *Service) Add(ctx context.Context, p access.Principal, in Settings) (*Object, error) {
	if err := s.named(p); err != nil {
		return nil, err
	}
	if err := in.tidy(); err != nil {
		return nil, err
	}
	if err := s.free(ctx, in.Name, ""); err != nil {
		return nil, err
	}
	return s.all.Create(ctx, p, "added", "", Management{Settings: in, State: Used, By: p.UserID})
}

func (s *Service) free(ctx context.Context, name, id string) error {
	list, _, err := s.all.List(ctx, journal.Filter{States: []string{Used}})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(list, func(o Object) bool { return o.ID != id && strings.EqualFold(o.Content.Name, name) }); i >= 0 {
		return fault.New(fault.Conflict, "%s is called %s already", list[i].Ref, name).At("", 0, "name").WithHint("give it another name, or bring the list there")
	}
	return nil
}

// Change writes the settings anew (endpoint.edit).
func (s *Service) Change(ctx context.Context, p access.Principal, ref string, in Settings) (*Object, error) {
	if err := s.named(p); err != nil {
		return nil, err
	}
	if err := in.tidy(); err != nil {
		return nil, err
	}
	o, err := s.all.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := s.free(ctx, in.Name, o.ID); err != nil {
		return nil, err
	}
	return s.all.Change(ctx, p, ref, o.Seq, "changed", "", func(_ *sql.Tx, o *Object) error {
		if o.Content.State != Used {
			return fault.New(fault.Conflict, "%s was ended", o.Ref)
		}
		o.Content.Settings = in
		return nil
	})
}

// End says that a device management is no longer used; its devices leave
// (endpoint.edit).
func (s *Service) End(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if err := s.named(p); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	o, err := s.all.Change(ctx, p, ref, 0, "ended", note, func(_ *sql.Tx, o *Object) error {
		if o.Content.State != Used {
			return fault.New(fault.Conflict, "%s was ended already", o.Ref)
		}
		o.Content.State = Ended
		return nil
	})
	if err != nil {
		return nil, err
	}
	devices, err := s.devices(ctx, &o.Content)
	if err != nil {
		return nil, err
	}
	for i := range devices {
		if err := s.book.Leave(ctx, source(o.ID, devices[i].Key()), o.Content.Name+" is no longer used"); err != nil {
			return nil, err
		}
	}
	s.mark = ""
	return o, nil
}

// Brought is a list as it was read from a file.
type Brought struct {
	File    string
	Raw     []byte
	Taken   time.Time // zero: now
	Whole   bool      // it has every device
	Devices []Device
	Refused int  // lines that were not understood
	Sure    bool // that many are gone is meant
}

// Looked is what a list comes to.
type Looked struct {
	Object  *Object  `json:"management"`
	Devices int      `json:"devices"`
	Came    []string `json:"came"`
	Gone    []string `json:"gone"`
	Many    bool     `json:"many_gone" doc:"So many are gone that somebody says that it is meant."`
}

// many reports whether so many of a list are gone that it may be half a list.
func many(gone, of int) bool { return gone > 5 && gone*5 > of }

// Bring takes in a list (endpoint.edit); dry says what it would come to.
func (s *Service) Bring(ctx context.Context, p access.Principal, ref string, b Brought, dry bool) (*Looked, error) {
	if err := s.named(p); err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	if b.Taken.IsZero() {
		b.Taken = now
	}
	switch {
	case b.Taken.After(now):
		return nil, fault.New(fault.Invalid, "the list was taken in the future").At("", 0, "taken")
	case len(b.Devices) == 0:
		return nil, fault.New(fault.Invalid, "the file has no device").At(b.File, 0, "file")
	case len(b.Devices) > MaxDevices:
		return nil, fault.New(fault.Invalid, "the file has %d devices; at most %d are taken in", len(b.Devices), MaxDevices).At(b.File, 0, "file")
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	o, err := s.all.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Content.State != Used:
		return nil, fault.New(fault.Conflict, "%s was ended", o.Ref)
	case b.Taken.Before(o.Content.Taken):
		return nil, fault.New(fault.Conflict, "a newer list was brought: it was taken on %s", o.Content.Taken.UTC().Format("2006-01-02 15:04")).At("", 0, "taken")
	}
	before, err := s.devices(ctx, &o.Content)
	if err != nil {
		return nil, err
	}
	next, got := map[string]Device{}, &Looked{Object: o, Came: []string{}, Gone: []string{}}
	was := map[string]bool{}
	for _, d := range b.Devices {
		d.First, d.Taken = b.Taken, b.Taken
		if problem := d.Tidy(); problem != "" {
			return nil, fault.New(fault.Invalid, "%s", problem).At(b.File, d.Line, "file")
		}
		if _, twice := next[d.Key()]; twice {
			return nil, fault.New(fault.Invalid, "two devices are %s", d.Key()).At(b.File, d.Line, "file")
		}
		next[d.Key()] = d
	}
	var leave []string
	for _, d := range before {
		was[d.Key()] = true
		switch now, still := next[d.Key()]; {
		case still:
			now.First = d.First
			next[d.Key()] = now
		case b.Whole && b.Refused == 0:
			got.Gone, leave = append(got.Gone, d.Name), append(leave, d.Key())
		default:
			next[d.Key()] = d
		}
	}
	for _, d := range b.Devices {
		if !was[d.Key()] {
			got.Came = append(got.Came, d.Name)
		}
	}
	if got.Devices = len(next); got.Devices > MaxDevices {
		return nil, fault.New(fault.Invalid, "with those that were there before it would have %d devices; at most %d are kept", got.Devices, MaxDevices).At(b.File, 0, "file")
	}
	if got.Many = many(len(got.Gone), len(before)); dry {
		return got, nil
	}
	if got.Many && !b.Sure {
		return nil, fault.New(fault.Conflict, "%d of %d devices would be gone; nothing was stored", len(got.Gone), len(before)).At("", 0, "sure").WithHint("say that it is meant, or bring the whole list")
	}
	list := make([]Device, 0, len(next))
	for _, d := range next {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Device) int { return strings.Compare(a.Key(), b.Key()) })
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("write a list of devices: %w", err)
	}
	sum := sha256.Sum256(b.Raw)
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		digest := digestOf(raw)
		if err := putBody(ctx, tx, digest, raw); err != nil {
			return err
		}
		got.Object, err = s.all.ChangeIn(ctx, tx, p, o.ID, o.Seq, "brought", "", func(_ *sql.Tx, o *Object) error {
			c := &o.Content
			c.Digest, c.File, c.SHA256, c.Taken, c.Whole, c.Devices, c.Refused, c.By = digest, b.File, hex.EncodeToString(sum[:]), b.Taken, b.Whole, len(list), b.Refused, p.UserID
			c.Came, c.Gone = got.Came[:min(len(got.Came), 100)], got.Gone[:min(len(got.Gone), 100)]
			c.Said = slices.DeleteFunc(slices.Clone(c.Said), func(x Said) bool { return slices.Contains(leave, x.Device) })
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, key := range leave {
		if err := s.book.Leave(ctx, source(o.ID, key), "the list of "+o.Content.Name+" of "+b.Taken.UTC().Format(time.DateOnly)+" does not have it any more"); err != nil {
			return nil, err
		}
	}
	s.mark = ""
	s.cfg.Ledger.Wake()
	return got, nil
}

// Say says whose a device is, or why it is no one person's; neither takes back what
// was said (endpoint.edit).
func (s *Service) Say(ctx context.Context, p access.Principal, id string, in Said) (*Device, error) {
	if err := s.named(p); err != nil {
		return nil, err
	}
	var err error
	if in.Shared, err = journal.Line("shared", in.Shared, "", false, 200); err != nil {
		return nil, err
	}
	if in.Person = strings.TrimSpace(in.Person); in.Person != "" && in.Shared != "" {
		return nil, fault.New(fault.Invalid, "it is somebody's, or no one person's: not both").At("", 0, "shared")
	}
	row, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if in.Person != "" {
		who, err := s.who(ctx)
		if err != nil {
			return nil, err
		}
		if who == nil || who.People[in.Person] == nil {
			return nil, fault.New(fault.Invalid, "the register of people has no %q", in.Person).At("", 0, "person")
		}
	}
	in.Device = row.Key()
	s.turn.Lock()
	defer s.turn.Unlock()
	_, err = s.all.Change(ctx, p, row.Management, 0, "said", "", func(_ *sql.Tx, o *Object) error {
		c := &o.Content
		if c.State != Used {
			return fault.New(fault.Conflict, "%s was ended", o.Ref)
		}
		c.Said = slices.DeleteFunc(slices.Clone(c.Said), func(x Said) bool { return x.Device == in.Device })
		if in.Person != "" || in.Shared != "" {
			if len(c.Said) >= 1000 {
				return fault.New(fault.Invalid, "of 1,000 devices it is said already whose they are").WithHint("give devices to people in the device management")
			}
			c.Said = append(c.Said, in)
		}
		return nil
	})
	s.mark = ""
	return &row.Device, err
}

func (s *Service) who(ctx context.Context) (*roster.Owners, error) {
	if s.cfg.Who == nil {
		return nil, nil
	}
	return s.cfg.Who(ctx)
}

func (s *Service) devices(ctx context.Context, m *Management) ([]Device, error) {
	if m.Digest == "" {
		return nil, nil
	}
	return readBody(ctx, s.cfg.DB.Reader(), m.Digest)
}

// Managements gives device managements, newest first (endpoint.read).
func (s *Service) Managements(ctx context.Context, p access.Principal) ([]Object, error) {
	if err := access.Authorise(p, access.EndpointRead); err != nil {
		return nil, err
	}
	list, _, err := s.all.List(ctx, journal.Filter{})
	return list, err
}

// Management gives one with its history (endpoint.read).
func (s *Service) Management(ctx context.Context, p access.Principal, ref string) (*Object, error) {
	if err := access.Authorise(p, access.EndpointRead); err != nil {
		return nil, err
	}
	return s.all.Get(ctx, ref)
}

func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
