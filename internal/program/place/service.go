package place

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/roster"
)

// Config is what the service depends on. What may be nil says so.
type Config struct {
	Journal journal.Config
	Zone    func(ctx context.Context) (*time.Location, error) // nil: UTC
	// Who gives who there is, for zones and visitors; nil: nobody is known.
	Who func(ctx context.Context) (*roster.Owners, error)
	// Vendor gives what the register says of a vendor by its number: its own number,
	// and what its report comes to; kind NotFound where there is none. Nil: none is known.
	Vendor func(ctx context.Context, ref string) (Line, error)
	// Asset gives an asset's own number; kind NotFound where there is none. Nil: any is taken.
	Asset func(ctx context.Context, ref string) (string, error)
	// Guards gives what badge systems and reviews say of a site; nil: nothing.
	Guards func(ctx context.Context, site *Object) ([]Line, error)
}

// Service keeps sites, visits and sensors.
type Service struct {
	cfg      Config
	sites    *journal.Journal[Site]
	premises *journal.Journal[Premises]
	visits   *journal.Journal[Visit]
	sensors  *journal.Journal[Sensor]
}

// Object is a site with its number and history; the others likewise.
type (
	Object         = journal.Object[Site]
	PremisesObject = journal.Object[Premises]
	VisitObject    = journal.Object[Visit]
	SensorObject   = journal.Object[Sensor]
)

// Line is one thing that guards a place, and what it comes to.
type Line struct {
	What    string `json:"what"`
	Outcome string `json:"outcome"` // pass, fail, error, not_observed, not_applicable
	Reason  string `json:"reason"`
	Ref     string `json:"ref,omitempty"` // V-3, BS-1, SE-2
}

// Outcomes of lines and sensors.
const (
	Pass          = "pass"
	Fail          = "fail"
	Unread        = "error"
	NotObserved   = "not_observed"
	NotApplicable = "not_applicable"
)

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Journal.Clock == nil {
		cfg.Journal.Clock = clock.System
	}
	return &Service{cfg, journal.New[Site](cfg.Journal, Kind), journal.New[Premises](cfg.Journal, PremisesKind), journal.New[Visit](cfg.Journal, VisitKind), journal.New[Sensor](cfg.Journal, SensorKind)}
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	return slices.Concat(journal.Bindings[Site](Kind), journal.Bindings[Premises](PremisesKind), journal.Bindings[Visit](VisitKind), journal.Bindings[Sensor](SensorKind))
}

func (s *Service) zone(ctx context.Context) (*time.Location, error) {
	if s.cfg.Zone == nil {
		return time.UTC, nil
	}
	return s.cfg.Zone(ctx)
}

// Now gives the moment and the zone in which days begin and end.
func (s *Service) Now(ctx context.Context) (time.Time, *time.Location, error) {
	z, err := s.zone(ctx)
	return s.cfg.Journal.Clock(), z, err
}

// today authorises a person and gives the organisation's day.
func (s *Service) today(ctx context.Context, p access.Principal, a access.Action) (string, error) {
	if err := access.Authorise(p, a); err != nil {
		return "", err
	}
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a named person does this")
	}
	now, z, err := s.Now(ctx)
	return now.In(z).Format(time.DateOnly), err
}

// settle checks a profile against other registers.
func (s *Service) settle(ctx context.Context, p *Profile) error {
	if err := p.check(); err != nil {
		return err
	}
	if p.Vendor != "" && s.cfg.Vendor != nil {
		v, err := s.cfg.Vendor(ctx, p.Vendor)
		if fault.Is(err, fault.NotFound) {
			return fault.Wrap(fault.Invalid, err, "the register has no vendor %s", p.Vendor).At("", 0, "vendor").WithHint("ask for the vendor there first")
		}
		if err != nil {
			return err
		}
		p.Vendor = v.Ref
	}
	for i, a := range p.Assets {
		if s.cfg.Asset == nil {
			break
		}
		ref, err := s.cfg.Asset(ctx, a)
		if fault.Is(err, fault.NotFound) {
			return fault.Wrap(fault.Invalid, err, "there is no asset %s", a).At("", 0, "assets")
		}
		if err != nil {
			return err
		}
		p.Assets[i] = ref
	}
	u, err := access.WhoMay(ctx, s.cfg.Journal.DB.Reader(), p.Owner, access.PlaceRead)
	if err == nil {
		p.Owner = u.ID
	}
	return err
}

// Add adds a site (place.edit).
func (s *Service) Add(ctx context.Context, p access.Principal, in Profile) (*Object, error) {
	today, err := s.today(ctx, p, access.PlaceEdit)
	if err != nil {
		return nil, err
	}
	if err := s.settle(ctx, &in); err != nil {
		return nil, err
	}
	same, _, err := s.sites.List(ctx, journal.Filter{Topic: strings.ToLower(in.Name), States: []string{Used}})
	if err != nil {
		return nil, err
	}
	if len(same) > 0 {
		return nil, fault.New(fault.Conflict, "%s is %s already", in.Name, same[0].Ref).At("", 0, "name").WithHint("write what is new there")
	}
	if none, err := s.Premises(ctx, p); err != nil {
		return nil, err
	} else if none != nil && none.Content.None && !in.Sort.Vendored() {
		return nil, fault.New(fault.Conflict, "it is said that there are no premises").WithHint("withdraw that first, with the reason")
	}
	return s.sites.Create(ctx, p, "added", "", Site{Profile: in, State: Used, Since: today})
}

func (s *Service) change(ctx context.Context, p access.Principal, ref, step, note string, change func(c *Site, today string) error) (*Object, error) {
	today, err := s.today(ctx, p, access.PlaceEdit)
	if err != nil {
		return nil, err
	}
	return s.sites.Change(ctx, p, ref, 0, step, note, func(_ *sql.Tx, o *Object) error {
		if o.Content.State != Used {
			return fault.New(fault.Conflict, "%s was closed on %s", o.Ref, o.Content.Closed)
		}
		o.Content.Zones = slices.Clone(o.Content.Zones)
		return change(&o.Content, today)
	})
}

// Describe writes anew what is said of a site (place.edit).
func (s *Service) Describe(ctx context.Context, p access.Principal, ref string, in Profile, note string) (*Object, error) {
	if err := access.Authorise(p, access.PlaceEdit); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, &in); err != nil {
		return nil, err
	}
	return s.change(ctx, p, ref, "described", note, func(c *Site, _ string) error {
		c.Profile = in
		return nil
	})
}

// SetZone adds a zone, or says anew who may enter the one of that name (place.edit).
func (s *Service) SetZone(ctx context.Context, p access.Principal, ref string, z Zone, note string) (*Object, error) {
	if err := access.Authorise(p, access.PlaceEdit); err != nil {
		return nil, err
	}
	if err := z.check(); err != nil {
		return nil, err
	}
	for i, who := range z.People {
		id, _, err := s.person(ctx, who)
		if err != nil {
			return nil, err
		}
		if id == "" {
			return nil, bad("people", "nobody is known by %q", who).WithHint("write the mail address that the register of people has")
		}
		z.People[i] = id
	}
	return s.change(ctx, p, ref, "zone", note, func(c *Site, _ string) error {
		if at := c.Zone(z.Name); at != nil {
			*at = z
			return nil
		}
		if len(c.Zones) == maxZones {
			return bad("zone", "a site has at most %d zones", maxZones)
		}
		c.Zones = append(c.Zones, z)
		return nil
	})
}

// EndZone ends a zone, with a reason (place.edit).
func (s *Service) EndZone(ctx context.Context, p access.Principal, ref, name, note string) (*Object, error) {
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.change(ctx, p, ref, "zone_ended", note, func(c *Site, _ string) error {
		n := len(c.Zones)
		c.Zones = slices.DeleteFunc(c.Zones, func(z Zone) bool { return strings.EqualFold(z.Name, name) })
		if len(c.Zones) == n {
			return fault.New(fault.NotFound, "%s has no zone %q", c.Name, name).At("", 0, "zone")
		}
		return nil
	})
}

// Close says that a site is used no more, and what became of it (place.edit).
func (s *Service) Close(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.change(ctx, p, ref, "closed", note, func(c *Site, today string) error {
		c.State, c.Closed = Closed, today
		return nil
	})
}

// person finds somebody by mail address, id or whole name; "" for nobody.
func (s *Service) person(ctx context.Context, who string) (id, name string, err error) {
	if s.cfg.Who == nil {
		return "", "", nil
	}
	all, err := s.cfg.Who(ctx)
	if err != nil {
		return "", "", err
	}
	if p := all.People[who]; p != nil {
		return who, p.Name, nil
	}
	for pid, p := range all.People {
		if p.Mail != "" && strings.EqualFold(p.Mail, who) {
			return pid, p.Name, nil
		}
		if strings.EqualFold(p.Name, who) {
			if id != "" {
				return "", "", bad("people", "two people are called %s", who).WithHint("write the mail address")
			}
			id, name = pid, p.Name
		}
	}
	return id, name, nil
}

// People gives names of people by id.
func (s *Service) People(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	if s.cfg.Who == nil {
		return out, nil
	}
	all, err := s.cfg.Who(ctx)
	if err != nil {
		return nil, err
	}
	for id, p := range all.People {
		out[id] = p.Name
	}
	return out, nil
}

// Site gives one with its history (place.read).
func (s *Service) Site(ctx context.Context, p access.Principal, ref string) (*Object, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	return s.sites.Get(ctx, ref)
}

// Sites gives sites, newest first (place.read).
func (s *Service) Sites(ctx context.Context, p access.Principal) ([]Object, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	all, _, err := s.sites.List(ctx, journal.Filter{})
	return all, err
}

// Standing gives what guards a site, and what each comes to now (place.read).
func (s *Service) Standing(ctx context.Context, p access.Principal, o *Object) ([]Line, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	var out []Line
	c := &o.Content
	if c.State == Closed {
		return []Line{{"Site", NotApplicable, "closed on " + c.Closed, ""}}, nil
	}
	if c.Vendor != "" {
		l := Line{What: "The vendor's report", Outcome: NotObserved, Reason: "the register of vendors is not read here", Ref: c.Vendor}
		if s.cfg.Vendor != nil {
			var err error
			if l, err = s.cfg.Vendor(ctx, c.Vendor); err != nil {
				message, _ := fault.Public(err)
				l = Line{"The vendor's report", Unread, message, c.Vendor}
			}
		}
		out = append(out, l)
	}
	if c.Sort == Cloud {
		out = append(out, Line{What: "Who may enter", Outcome: NotApplicable, Reason: "nobody of ours enters; the vendor's report speaks of its barriers"})
	} else if s.cfg.Guards != nil {
		more, err := s.cfg.Guards(ctx, o)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	sensors, err := s.sensorsOf(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	for _, x := range sensors {
		if x.Content.State == Watching {
			out = append(out, Line{x.Content.Name, x.Content.Condition.Outcome, x.Content.Condition.Reason, x.Ref})
		}
	}
	late, err := s.overdue(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	if late > 0 {
		out = append(out, Line{What: "Visitors", Outcome: Fail, Reason: many(late, "visitor has not left", "visitors have not left") + " by the end of their day"})
	}
	return out, nil
}

// Premises gives the newest statement about premises; nil where there is none
// (place.read).
func (s *Service) Premises(ctx context.Context, p access.Principal) (*PremisesObject, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	all, _, err := s.premises.List(ctx, journal.Filter{Limit: 1})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return s.premises.Get(ctx, all[0].ID)
}

// Remote says that the organisation has no premises, and why (place.edit). It holds
// for a year; then somebody looks at it again.
func (s *Service) Remote(ctx context.Context, p access.Principal, reason string) (*PremisesObject, error) {
	today, err := s.today(ctx, p, access.PlaceEdit)
	if err != nil {
		return nil, err
	}
	if reason, err = journal.Text("reason", reason, "why there are none: where people work, and what is kept there", true, 2000); err != nil {
		return nil, err
	}
	have, _, err := s.sites.List(ctx, journal.Filter{States: []string{Used}})
	if err != nil {
		return nil, err
	}
	for _, o := range have {
		if !o.Content.Sort.Vendored() {
			return nil, fault.New(fault.Conflict, "%s (%s) is in use", o.Content.Name, o.Ref).WithHint("close it first, with what became of it")
		}
	}
	day, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return nil, err
	}
	c := Premises{None: true, Reason: reason, Review: day.AddDate(1, 0, 0).Format(time.DateOnly), By: p.UserID, At: s.cfg.Journal.Clock()}
	old, err := s.Premises(ctx, p)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return s.premises.Create(ctx, p, "none", "", c)
	}
	return s.premises.Change(ctx, p, old.ID, 0, "none", "", func(_ *sql.Tx, o *PremisesObject) error {
		o.Content = c
		return nil
	})
}

// Withdraw says that there are premises again (place.edit).
func (s *Service) Withdraw(ctx context.Context, p access.Principal, note string) (*PremisesObject, error) {
	if _, err := s.today(ctx, p, access.PlaceEdit); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	old, err := s.Premises(ctx, p)
	if err != nil {
		return nil, err
	}
	if old == nil || !old.Content.None {
		return nil, fault.New(fault.Conflict, "nobody says that there are no premises")
	}
	return s.premises.Change(ctx, p, old.ID, 0, "withdrawn", note, func(_ *sql.Tx, o *PremisesObject) error {
		o.Content.None, o.Content.By, o.Content.At = false, p.UserID, s.cfg.Journal.Clock()
		return nil
	})
}

// Token makes a new token for what reports for a site's sensors (place.token); the
// old one holds no more. It is given once.
func (s *Service) Token(ctx context.Context, p access.Principal, ref string) (string, error) {
	if err := access.Proved(p, access.PlaceToken); err != nil {
		return "", err
	}
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a named person does this")
	}
	token := ""
	now := s.cfg.Journal.Clock()
	_, err := s.sites.Change(ctx, p, ref, 0, "token", "", func(tx *sql.Tx, o *Object) (err error) {
		if o.Content.State != Used {
			return fault.New(fault.Conflict, "%s was closed on %s", o.Ref, o.Content.Closed)
		}
		o.Content.Hook = now
		token, err = NewToken(ctx, tx, o.ID, now)
		return err
	})
	return token, err
}

// NewToken makes the token of what reports for a subject, in the caller's
// transaction; an older one holds no more.
func NewToken(ctx context.Context, tx *sql.Tx, subject string, now time.Time) (string, error) {
	token, hash := secret()
	return token, saveToken(ctx, tx, subject, hash, now)
}

// Admit is kind Forbidden where a token is not that of a subject.
func Admit(ctx context.Context, q database.Querier, subject, token string) error {
	hash, err := tokenOf(ctx, q, subject)
	if err != nil {
		return err
	}
	if token == "" || !sameHash(hash, token) {
		return fault.New(fault.Forbidden, "the message does not carry the token")
	}
	return nil
}

// Once is kind Conflict where a message was taken already, in the caller's
// transaction; it is remembered from then on.
func Once(ctx context.Context, tx *sql.Tx, subject string, body []byte, now time.Time) error {
	return remember(ctx, tx, digest(subject, body), now)
}
