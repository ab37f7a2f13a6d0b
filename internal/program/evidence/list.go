package evidence

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// LoadBook reads all that is known of instances beyond designs.
func LoadBook(ctx context.Context, q database.Querier) (*instance.Book, error) {
	events, err := instance.Events(ctx, q, "")
	if err != nil {
		return nil, err
	}
	list, err := performances(ctx, q)
	if err != nil {
		return nil, err
	}
	return instance.NewBook(list, events), nil
}

// Seen is a version with what follows from the programme at a moment.
type Seen struct {
	Version
	Stale     time.Time `json:"stale,omitzero"`           // when the next performance was due; zero: it does not go stale
	Late      bool      `json:"late,omitempty"`           // performed after an instance that it shows was due
	Collected string    `json:"collected_late,omitempty"` // "21 days after it was due"
	Twins     []int     `json:"twins,omitempty"`          // other items with the same content
	Outside   bool      `json:"outside,omitempty"`        // of the window that holds now
	Unknown   []Cover   `json:"unknown,omitempty"`        // instances that are expected no more
}

// IsStale reports whether the next performance was due before a moment.
func (s Seen) IsStale(now time.Time) bool { return !s.Stale.IsZero() && !now.Before(s.Stale) }

// Filter chooses evidence; zero values choose everything.
type Filter struct {
	Control string
	State   string // waiting, accepted, sent_back, stale, late, twins, outside
	Fresh   string // fresh, soon (stale within 14 days), stale
	By      string // id of whoever brought it
	Text    string // within the title, the source or the file's name
	Below   int    // only numbers below it: the cursor
	Limit   int    // 50 when 0, at most 500
}

// FilterStates gives the values of Filter.State.
func FilterStates() []string {
	return []string{string(Waiting), string(Accepted), string(SentBack), "stale", "late", "twins", "outside"}
}

// viewer sees versions at the present moment.
type viewer struct {
	now     time.Time
	zone    *time.Location
	window  scope.Window
	has     bool
	program *control.Program
	book    *instance.Book
	mu      sync.Mutex
	plans   map[string]*instance.Plan // guarded by mu: made as they are asked for
	twins   map[string][]int
}

func (s *Service) viewer(ctx context.Context, q database.Querier) (*viewer, error) {
	program, err := control.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	v := &viewer{now: s.cfg.Clock(), program: program, plans: map[string]*instance.Plan{}}
	sc := program.ScopeAt(v.now, -1)
	v.zone = sc.Location()
	v.window, v.has = sc.Window()
	if v.book, err = LoadBook(ctx, q); err != nil {
		return nil, err
	}
	v.twins, err = twins(ctx, q)
	return v, err
}

// plan gives all that is and was expected of a control; nil for an unknown one.
func (v *viewer) plan(slug string) *instance.Plan {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p, ok := v.plans[slug]; ok {
		return p
	}
	for i := range v.program.Controls {
		if c := &v.program.Controls[i]; c.Slug == slug {
			v.plans[slug] = v.book.Plan(c, v.zone, -1, v.now.AddDate(-10, 0, 0), v.now.AddDate(2, 0, 0))
			return v.plans[slug]
		}
	}
	return nil
}

func (v *viewer) see(x Version) Seen {
	out := Seen{Version: x, Outside: v.has && x.Outside(v.window)}
	for _, n := range v.twins[x.Digest] {
		if n != x.Number {
			out.Twins = append(out.Twins, n)
		}
	}
	latest := map[string]time.Time{}
	for _, c := range x.Covers {
		p := v.plan(c.Control)
		if p == nil {
			continue
		}
		due, next, found := p.Due(c.Instance, c.Role)
		if !found {
			out.Unknown = append(out.Unknown, c)
			continue
		}
		if c.Role != instance.AsPerformance {
			continue
		}
		out.Late = out.Late || !x.Performed.Before(due)
		if !x.Collected.Before(due) {
			out.Collected = "collected after the instance was due"
		}
		if next.After(latest[c.Control]) {
			latest[c.Control] = next
		}
	}
	for _, at := range latest {
		if !at.IsZero() && (out.Stale.IsZero() || at.Before(out.Stale)) {
			out.Stale = at
		}
	}
	return out
}

// soon is how long before it goes stale evidence is shown as such.
const soon = 14 * 24 * time.Hour

// FreshStates gives the values of Filter.Fresh.
func FreshStates() []string { return []string{"fresh", "soon", "stale"} }

// List gives the newest versions of evidence, newest first, and whether more
// follow.
func (s *Service) List(ctx context.Context, p access.Principal, f Filter) (list []Seen, more bool, err error) {
	if err := access.Authorise(p, access.EvidenceRead); err != nil {
		return nil, false, err
	}
	if f.State != "" && !slices.Contains(FilterStates(), f.State) {
		return nil, false, fault.New(fault.Invalid, "%q is no state of evidence", f.State).At("", 0, "state").WithHint("the states are %s", strings.Join(FilterStates(), ", "))
	}
	if f.Fresh != "" && !slices.Contains(FreshStates(), f.Fresh) {
		return nil, false, fault.New(fault.Invalid, "%q says nothing of how fresh evidence is", f.Fresh).At("", 0, "fresh").WithHint("write %s", strings.Join(FreshStates(), ", "))
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 500)
	q := s.cfg.DB.Reader()
	k, err := s.shelf(ctx, q)
	if err != nil {
		return nil, false, err
	}
	numbers, more := k.choose(f, s.cfg.Clock())
	rows, err := newestOf(ctx, q, numbers)
	for _, row := range rows {
		list = append(list, k.viewer.see(row))
	}
	return list, more, err
}

// Summary is what a list of all evidence would show.
type Summary struct {
	All    int
	States map[string]int // by FilterStates
	People []string       // ids of those who brought it, by their newest item
}

// Summary counts items, each by its newest version.
func (s *Service) Summary(ctx context.Context, p access.Principal) (Summary, error) {
	sum := Summary{States: map[string]int{}}
	if err := access.Authorise(p, access.EvidenceRead); err != nil {
		return sum, err
	}
	k, err := s.shelf(ctx, s.cfg.DB.Reader())
	if err != nil {
		return sum, err
	}
	now, states, people := s.cfg.Clock(), FilterStates(), map[string]bool{}
	for i := range k.items {
		x := &k.items[i]
		sum.All++
		if !people[x.by] {
			people[x.by] = true
			sum.People = append(sum.People, x.by)
		}
		for _, state := range states {
			if x.is(state, now) {
				sum.States[state]++
			}
		}
	}
	return sum, nil
}

// Look gives every version of an item with what follows from the programme now.
func (s *Service) Look(ctx context.Context, p access.Principal, number int) ([]Seen, error) {
	all, err := s.Get(ctx, p, number)
	if err != nil {
		return nil, err
	}
	v, err := s.viewer(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(all))
	for i := range all {
		out[i] = v.see(all[i])
	}
	return out, nil
}

// Overview is what is expected of a control over a window and how it stands.
type Overview struct {
	Slug       string                `json:"control"`
	Version    int                   `json:"version"` // of the design now
	Scope      int                   `json:"scope"`   // version of the scope whose window it is
	Rhythm     string                `json:"rhythm"`
	Triggered  bool                  `json:"triggered"`
	Window     scope.Window          `json:"window"`
	Windowed   bool                  `json:"windowed"` // the scope names a window; else the year before now and the year after are shown
	Instances  []instance.Instance   `json:"instances"`
	Gatherable []instance.Gatherable `json:"gatherable"` // evidence that can still be gathered before the window ends
}

// Instances gives what is expected of a control over the window of the scope
// that holds, as it stands at a moment as known by a ledger size.
func (s *Service) Instances(ctx context.Context, p access.Principal, slug string, at time.Time, known int64) (Overview, error) {
	return s.Over(ctx, p, slug, at, known, scope.Window{})
}

// Over is Instances over a window of one's own; the zero window is the scope's.
func (s *Service) Over(ctx context.Context, p access.Principal, slug string, at time.Time, known int64, w scope.Window) (Overview, error) {
	if err := access.Authorise(p, access.EvidenceRead); err != nil {
		return Overview{}, err
	}
	q := s.cfg.DB.Reader()
	program, err := control.Load(ctx, q)
	if err != nil {
		return Overview{}, err
	}
	i := slices.IndexFunc(program.Controls, func(c control.Control) bool { return c.Slug == slug })
	if i < 0 {
		return Overview{}, fault.New(fault.NotFound, "the organisation has no control %q", slug)
	}
	c := &program.Controls[i]
	book, err := LoadBook(ctx, q)
	if err != nil {
		return Overview{}, err
	}
	return overview(program, book, c, at, known, w), nil
}

// Overviews gives Instances of every control, read in one go.
func (s *Service) Overviews(ctx context.Context, p access.Principal, at time.Time, known int64) ([]Overview, error) {
	if err := access.Authorise(p, access.EvidenceRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	program, err := control.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	book, err := LoadBook(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]Overview, len(program.Controls))
	for i := range program.Controls {
		out[i] = overview(program, book, &program.Controls[i], at, known, scope.Window{})
	}
	return out, nil
}

func overview(program *control.Program, book *instance.Book, c *control.Control, at time.Time, known int64, w scope.Window) Overview {
	sc := program.ScopeAt(at, known)
	d := c.Current()
	o := Overview{Slug: c.Slug, Version: d.Version, Scope: sc.Version, Rhythm: d.Design.Rhythm(), Triggered: instance.Triggered(d.Design), Window: w, Windowed: true}
	if w.Start.IsZero() {
		o.Window, o.Windowed = sc.Window()
	}
	if !o.Windowed || o.Window.Type == 1 {
		o.Window.Start, o.Window.End, o.Window.Zone = at.AddDate(-1, 0, 0), at.AddDate(0, 3, 0), sc.Location()
		o.Windowed = false
	}
	plan := book.Plan(c, sc.Location(), known, o.Window.Start, o.Window.End)
	o.Instances = plan.All(at)
	if o.Windowed {
		o.Gatherable = plan.Gather(at, o.Window)
	}
	return o
}

// Instance gives the instance that a cover names as it stands now; false where
// it is expected no more.
func (s *Service) Instance(ctx context.Context, p access.Principal, c Cover) (instance.Instance, bool, error) {
	if err := access.Authorise(p, access.EvidenceRead); err != nil {
		return instance.Instance{}, false, err
	}
	v, err := s.viewer(ctx, s.cfg.DB.Reader())
	if err != nil {
		return instance.Instance{}, false, err
	}
	plan := v.plan(c.Control)
	if plan == nil {
		return instance.Instance{}, false, nil
	}
	i, _, found := plan.Find(c.Instance, c.Role, v.now)
	return i, found, nil
}
