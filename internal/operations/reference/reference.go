package reference

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
)

// Kind is how references are kept.
var Kind = journal.Kind{Name: "reference_host", Prefix: "rfh", Letter: "RH", Noun: "reference host", Steps: []string{"declared", "replaced", "changed", "approved", "ended"}}

// The states of a reference.
const (
	InUse = "in_use"
	Ended = "ended"
)

// Said is what a person says of a reference.
type Said struct {
	Name   string `json:"name" doc:"What the group is called: web servers." maxLength:"80"`
	Host   string `json:"host" doc:"hst_…: the host that the others are to be like." maxLength:"64"`
	Group  string `json:"group" doc:"Patterns of host names with spaces between: web-* app-[12]." maxLength:"1000"`
	Reason string `json:"reason" doc:"Why this host is as it is to be." maxLength:"2000"`
}

// Content is a reference.
type Content struct {
	State    string   `json:"state" doc:"in_use or ended."`
	Name     string   `json:"name"`
	Host     string   `json:"host"`
	HostName string   `json:"host_name"`
	Group    string   `json:"group"`
	By       string   `json:"declared_by" doc:"Who declared the host that is the reference now."`
	Login    string   `json:"login" doc:"Of that person: what belongs to the account goes by its own approval."`
	Approved []string `json:"approved,omitempty" doc:"Baselines that the newest decision approved: BL-7."`
}

// Mark is what lists are filtered by.
func (c Content) Mark() journal.Mark {
	return journal.Mark{State: c.State, Owner: c.By, Topic: c.Host}
}

// Object is a reference with its number and history.
type Object = journal.Object[Content]

// Config is what the service depends on. All but Clock is required.
type Config struct {
	DB         *database.DB
	Ledger     *ledger.Log
	Hosts      *host.Service
	Components *component.Service
	Integrity  *integrity.Service
	Baselines  *baseline.Service
	Clock      clock.Clock // clock.System
}

// Service keeps references over one database.
type Service struct {
	cfg Config
	all *journal.Journal[Content]
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg: cfg, all: journal.New[Content](journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}, Kind)}
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding { return journal.Bindings[Content](Kind) }

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// InForce gives the references in use, within the caller's transaction.
func (s *Service) InForce(ctx context.Context, tx *sql.Tx) ([]component.Reference, error) {
	list, err := s.all.ListIn(ctx, tx, journal.Filter{States: []string{InUse}})
	if err != nil {
		return nil, err
	}
	slices.Reverse(list) // the oldest first
	out := make([]component.Reference, 0, len(list))
	for _, o := range list {
		c := o.Content
		out = append(out, component.Reference{Ref: o.Ref, Host: c.Host, Name: c.HostName, Group: c.Group, Login: c.Login})
	}
	return out, nil
}

// tidy brings what was said into form, and gives the host.
func (s *Service) tidy(ctx context.Context, x *Said) (h host.Host, err error) {
	if x.Name, err = journal.Line("name", x.Name, "what the group is called", true, 80); err != nil {
		return h, err
	}
	if x.Reason, err = journal.Text("reason", x.Reason, "why this host is as it is to be", true, 2000); err != nil {
		return h, err
	}
	if x.Group, err = tidyGroup(x.Group); err != nil {
		return h, err
	}
	h, err = s.cfg.Hosts.Get(ctx, x.Host)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && h.Population != host.Population:
		return h, bad("host", "there is no host %.80q", x.Host).WithHint("take one from the list of hosts: hst_…")
	case err != nil:
		return h, err
	case !h.RetiredAt.IsZero():
		return h, bad("host", "%s left the population of hosts", h.Name)
	}
	return h, nil
}

func tidyGroup(patterns string) (string, error) {
	list := strings.Fields(strings.ReplaceAll(patterns, ",", " "))
	group := strings.Join(list, " ")
	switch {
	case group == "":
		return "", bad("group", "say which hosts are to be like it").WithHint("names with * and ?, spaces between them: web-* app-[12]")
	case len(group) > 1000:
		return "", bad("group", "it is longer than 1000 bytes")
	}
	for _, p := range list {
		if _, err := path.Match(p, ""); err != nil {
			return "", bad("group", "%.80q is no pattern of host names", p).WithHint("web-* or db-[12]; several have spaces between them")
		}
	}
	return group, nil
}

// declarer gives the login of who declares a reference.
func (s *Service) declarer(ctx context.Context, tx *sql.Tx, p access.Principal) (string, error) {
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a named person declares a reference host")
	}
	u, err := access.WhoMay(ctx, tx, p.UserID, access.ComponentDecide)
	return u.Login, err
}

// Declare makes a host the reference of a group (component.decide, and who is there is
// asked once more).
func (s *Service) Declare(ctx context.Context, p access.Principal, x Said) (*Object, error) {
	if err := access.Proved(p, access.ComponentDecide); err != nil {
		return nil, err
	}
	h, err := s.tidy(ctx, &x)
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, func(tx *sql.Tx) (*Object, error) {
		login, err := s.declarer(ctx, tx, p)
		if err != nil {
			return nil, err
		}
		inUse, err := s.all.ListIn(ctx, tx, journal.Filter{States: []string{InUse}})
		if err != nil {
			return nil, err
		}
		for _, o := range inUse {
			if strings.EqualFold(o.Content.Name, x.Name) {
				return nil, fault.New(fault.Conflict, "%s is called %s already", o.Ref, o.Content.Name).At("", 0, "name").WithHint("replace its host there")
			}
		}
		return s.all.CreateIn(ctx, tx, p, "declared", x.Reason, Content{State: InUse, Name: x.Name, Host: h.ID, HostName: h.Name, Group: x.Group, By: p.UserID, Login: login})
	})
}

// Replace puts another host, or another group, in its place; what was stays in its
// history (component.decide, and who is there is asked once more). base is the step
// that was looked at; 0 where it does not matter.
func (s *Service) Replace(ctx context.Context, p access.Principal, ref string, base int64, x Said) (*Object, error) {
	if err := access.Proved(p, access.ComponentDecide); err != nil {
		return nil, err
	}
	now, err := s.all.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if x.Name == "" {
		x.Name = now.Content.Name
	}
	if x.Group == "" {
		x.Group = now.Content.Group
	}
	if x.Host == "" {
		x.Host = now.Content.Host
	}
	h, err := s.tidy(ctx, &x)
	if err != nil {
		return nil, err
	}
	step := "changed"
	if h.ID != now.Content.Host {
		step = "replaced"
	}
	return s.changed(ctx, func(tx *sql.Tx) (*Object, error) {
		login, err := s.declarer(ctx, tx, p)
		if err != nil {
			return nil, err
		}
		return s.all.ChangeIn(ctx, tx, p, ref, base, step, x.Reason, func(_ *sql.Tx, o *Object) error {
			if o.Content.State != InUse {
				return fault.New(fault.Conflict, "%s ended", o.Ref)
			}
			if o.Seq != now.Seq {
				return fault.New(fault.Conflict, "somebody changed %s meanwhile", o.Ref).WithHint("look at it again and repeat what is still needed")
			}
			o.Content = Content{State: InUse, Name: x.Name, Host: h.ID, HostName: h.Name, Group: x.Group, By: p.UserID, Login: login}
			return nil
		})
	})
}

// End has a host be no reference any more (component.decide): what was approved by it
// alone is then approved by nothing.
func (s *Service) End(ctx context.Context, p access.Principal, ref string, base int64, reason string) (*Object, error) {
	if err := access.Authorise(p, access.ComponentDecide); err != nil {
		return nil, err
	}
	reason, err := journal.Text("reason", reason, "why it is no reference any more", true, 2000)
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, func(tx *sql.Tx) (*Object, error) {
		if p.IsSystem() {
			return nil, fault.New(fault.Forbidden, "a named person ends a reference")
		}
		return s.all.ChangeIn(ctx, tx, p, ref, base, "ended", reason, func(_ *sql.Tx, o *Object) error {
			if o.Content.State != InUse {
				return fault.New(fault.Conflict, "%s ended already", o.Ref)
			}
			o.Content.State, o.Content.Approved = Ended, nil
			return nil
		})
	})
}

// changed does something to references and has components looked at again.
func (s *Service) changed(ctx context.Context, do func(tx *sql.Tx) (*Object, error)) (o *Object, err error) {
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if o, err = do(tx); err != nil {
			return err
		}
		return s.cfg.Components.LookAgain(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	return o, s.cfg.Components.Settle(ctx)
}

// List gives references, newest first; ended ones too where all is set
// (component.read).
func (s *Service) List(ctx context.Context, p access.Principal, all bool) ([]Object, error) {
	if err := access.Authorise(p, access.ComponentRead); err != nil {
		return nil, err
	}
	f := journal.Filter{}
	if !all {
		f.States = []string{InUse}
	}
	list, _, err := s.all.List(ctx, f)
	return list, err
}

// away says why nothing is known of a host now; "" where it is heard.
func away(h host.Host) string {
	switch {
	case !h.RetiredAt.IsZero():
		return h.Name + " left the population of hosts on " + stamp(h.RetiredAt)
	case h.Silent && h.SilentSince.IsZero():
		return h.Name + " is silent"
	case h.Silent:
		return h.Name + " is silent since " + stamp(h.SilentSince)
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// MostMembers is how many hosts of a group are shown.
const MostMembers = 500

// The outcomes of a comparison.
const (
	Same        = "same"
	Differs     = "differs"
	NotObserved = "not_observed"
)

// Member is a host of a group against its reference.
type Member struct {
	Host    string            `json:"host"`
	Name    string            `json:"name"`
	Outcome string            `json:"outcome" doc:"same, differs, not_observed."`
	Why     string            `json:"why"`
	Same    int64             `json:"same" doc:"Components that both have."`
	Beyond  int64             `json:"beyond" doc:"Components that it has and the reference has not."`
	Open    int64             `json:"open" doc:"Of those: not approved, refused, or the approval ended."`
	Lacks   int64             `json:"lacks" doc:"Components that the reference has and it has not."`
	Apart   []component.Apart `json:"not_compared,omitempty"`
}

// View is a reference with its group.
type View struct {
	Object
	Away    string   `json:"away,omitempty" doc:"Why nothing is judged by the reference now."`
	Waits   int64    `json:"waits" doc:"Components of the reference that nobody approved."`
	Members []Member `json:"members" doc:"By name, at most 500."`
	More    int64    `json:"more,omitempty"`
}

// Get gives a reference with its history, and its group against it (component.read).
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*View, error) {
	if err := access.Authorise(p, access.ComponentRead); err != nil {
		return nil, err
	}
	o, err := s.all.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	v := &View{Object: *o}
	return v, s.fill(ctx, p, v)
}

// Preview is Get of a reference that is not declared yet (component.decide).
func (s *Service) Preview(ctx context.Context, p access.Principal, x Said) (*View, error) {
	if err := access.Authorise(p, access.ComponentDecide); err != nil {
		return nil, err
	}
	if x.Reason == "" {
		x.Reason = "preview" // it is asked for when it is declared
	}
	h, err := s.tidy(ctx, &x)
	if err != nil {
		return nil, err
	}
	v := &View{Object: Object{Content: Content{State: InUse, Name: x.Name, Host: h.ID, HostName: h.Name, Group: x.Group}}}
	return v, s.fill(ctx, p, v)
}

// group gives the hosts that patterns name, without the reference itself.
func (s *Service) group(ctx context.Context, c Content) (list []host.Host, more int64, err error) {
	for cursor := ""; ; {
		page, next, _, err := s.cfg.Hosts.List(ctx, host.Filter{}, cursor, 1000)
		if err != nil {
			return nil, 0, err
		}
		for _, h := range page {
			switch {
			case h.ID == c.Host || !component.InGroup(c.Group, h.Name):
			case len(list) >= MostMembers:
				more++
			default:
				list = append(list, h)
			}
		}
		if cursor = next; cursor == "" {
			return list, more, nil
		}
	}
}

func (s *Service) fill(ctx context.Context, p access.Principal, v *View) error {
	c := v.Content
	its, err := s.cfg.Hosts.Get(ctx, c.Host)
	if err != nil {
		return err
	}
	v.Away, v.Members = away(its), []Member{}
	hosts, more, err := s.group(ctx, c)
	if err != nil {
		return err
	}
	v.More = more
	ids := make([]string, len(hosts))
	for i, h := range hosts {
		ids[i] = h.ID
	}
	compared, err := s.cfg.Components.DifferAll(ctx, p, c.Host, ids)
	if err != nil {
		return err
	}
	for _, h := range hosts {
		x, known := compared[h.ID]
		m := Member{Host: h.ID, Name: h.Name, Same: x.Same, Beyond: x.Beyond, Open: x.Open, Lacks: x.Lacks, Apart: x.Apart}
		m.Outcome, m.Why = Weigh(v.Away, away(h), known, x)
		v.Members = append(v.Members, m)
	}
	_, _, n, err := s.cfg.Components.List(ctx, p, component.Filter{Host: c.Host, Open: true}, "", 1)
	if err != nil {
		return err
	}
	_, _, learning, err := s.cfg.Components.List(ctx, p, component.Filter{Host: c.Host, State: component.Learning}, "", 1)
	v.Waits = n + learning
	return err
}

// Weigh says what a comparison with a reference comes to. Nothing is the same that
// could not be looked at.
func Weigh(reference, member string, known bool, x component.Compared) (outcome, why string) {
	switch {
	case reference != "":
		return NotObserved, "nothing is judged by the reference: " + reference
	case member != "":
		return NotObserved, member
	case !known:
		return NotObserved, "nothing is known yet of what it, or the reference, consists of"
	case x.Beyond > 0 || x.Lacks > 0:
		why = fmt.Sprintf("%d beyond the reference, of which %d without approval; %d lacking", x.Beyond, x.Open, x.Lacks)
		if n := len(x.Apart); n > 0 {
			why += fmt.Sprintf("; %d lists cannot be compared", n)
		}
		return Differs, why
	case len(x.Apart) > 0:
		return NotObserved, fmt.Sprintf("%d lists cannot be compared, such as %s: %s", len(x.Apart), x.Apart[0].Part, x.Apart[0].Reason)
	}
	return Same, fmt.Sprintf("the same %d components", x.Same)
}

// Difference is one member against the reference.
type Difference struct {
	Ref    string             `json:"ref"`
	Name   string             `json:"name"`
	Host   string             `json:"reference_host"`
	Member Member             `json:"member"`
	Is     *component.Against `json:"components,omitempty"`
	Files  *File              `json:"files,omitempty" doc:"Absent where the reader may not see files."`
}

// Differ gives what one member has beyond the reference and what it lacks
// (component.read).
func (s *Service) Differ(ctx context.Context, p access.Principal, ref, member string) (*Difference, error) {
	v, err := s.Get(ctx, p, ref)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Members, func(m Member) bool { return m.Host == member || m.Name == member })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "%.80q is no member of the group of %s", member, v.Ref).WithHint("its hosts are %s", v.Content.Group)
	}
	d := &Difference{Ref: v.Ref, Name: v.Content.Name, Host: v.Content.HostName, Member: v.Members[i]}
	d.Is, err = s.cfg.Components.Differ(ctx, p, v.Content.Host, d.Member.Host)
	if err != nil && !fault.Is(err, fault.NotFound) { // the outcome says that nothing is known
		return nil, err
	}
	if access.Authorise(p, access.IntegrityRead) == nil {
		files, err := s.Files(ctx, p, ref)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(files.Members, func(f File) bool { return f.Host == d.Member.Host }); i >= 0 {
			d.Files = &files.Members[i]
		}
	}
	return d, nil
}
