package badge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/program/roster"
)

// What does not fit about a badge.
const (
	Leaver    = "leaver"     // its holder has left
	UsedAfter = "used_after" // it was used after its holder had left
	Unknown   = "unknown"    // nobody is known whose it is
	Beyond    = "zone"       // it opens what its holder's role does not have
	NoList    = "unlisted"   // it was used, and no list has it
	Unused    = "unused"     // nobody uses it
)

// Doubts gives each with its words, gravest first.
func Doubts() [][2]string {
	return [][2]string{{Leaver, "has left"}, {UsedAfter, "used after leaving"}, {NoList, "in no list"}, {Unknown, "nobody's badge"}, {Beyond, "opens more than the role has"}, {Unused, "not used"}}
}

// Doubt is something about a badge, and what it comes to.
type Doubt struct {
	Kind    string `json:"kind"`
	Outcome string `json:"outcome"` // fail, not_observed, not_applicable
	Reason  string `json:"reason"`
}

// Person is whose a badge is.
type Person struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	State roster.State `json:"state"`
	Left  time.Time    `json:"left_at,omitzero"`
	Team  string       `json:"team,omitempty"`
	Title string       `json:"title,omitempty"`
}

// Row is a badge with whose it is and what does not fit.
type Row struct {
	Card
	SystemRef  string  `json:"system_ref"`
	SystemName string  `json:"system_name"`
	SiteID     string  `json:"site_id"`
	Pool       string  `json:"pool,omitempty"` // what it is for, where it is no one person's
	Person     *Person `json:"person,omitempty"`
	Rule       string  `json:"rule,omitempty"` // said, mail, number: how that is known; name: it is asked about
	Outcome    string  `json:"outcome"`        // pass, fail, not_observed, not_applicable
	Doubts     []Doubt `json:"doubts"`
}

// Name is how the badge is called as somebody's account.
func (c *Card) Name() string {
	if w := whose(&c.Holder); w != "nobody named" {
		return c.Number + " of " + w
	}
	return c.Number
}

// Has gives a doubt of a kind; nil for none.
func (r *Row) Has(kind string) *Doubt {
	for i := range r.Doubts {
		if r.Doubts[i].Kind == kind {
			return &r.Doubts[i]
		}
	}
	return nil
}

// derived is what follows from cards, people and zones at a moment.
type derived struct {
	mark    string
	rows    []Row
	systems map[string]*Standing
}

// Standing is a badge system with its newest list.
type Standing struct {
	Object *Object   `json:"system"`
	Taken  time.Time `json:"list_taken,omitzero"` // when the newest list of holders was
	Ref    string    `json:"list,omitempty"`
	Why    string    `json:"why,omitempty"` // why nothing can be said now; "" where the list is what is in force
	Active int       `json:"active"`
	Fails  int       `json:"failing"` // badges
}

func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = nil
}

// derive gives what follows now; it is derived again only where something changed.
func (s *Service) derive(ctx context.Context) (*derived, error) {
	now := s.now()
	systems, _, err := s.systems.List(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	sites, err := s.cfg.Places.Sites(ctx, access.System())
	if err != nil {
		return nil, err
	}
	mark, err := cardMark(ctx, s.reader())
	if err != nil {
		return nil, err
	}
	if s.cfg.Mark != nil {
		more, err := s.cfg.Mark(ctx)
		if err != nil {
			return nil, err
		}
		mark += " " + more
	}
	for _, o := range systems {
		mark += fmt.Sprint(" ", o.ID, o.Seq)
	}
	for _, o := range sites {
		mark += fmt.Sprint(" ", o.ID, o.Seq)
	}
	mark += now.Truncate(time.Minute).String()
	s.mu.Lock()
	kept := s.kept
	s.mu.Unlock()
	if kept != nil && kept.mark == mark {
		return kept, nil
	}
	d := &derived{mark: mark, systems: map[string]*Standing{}}
	for i := range systems {
		o := &systems[i]
		st := &Standing{Object: o, Why: "no list of holders was brought"}
		lists, _, err := s.lists.List(ctx, journal.Filter{Topic: o.ID, States: []string{Taken}})
		if err != nil {
			return nil, err
		}
		for _, l := range lists {
			if l.Content.Is == Holders && l.Content.TakenAt.After(st.Taken) {
				st.Taken, st.Ref, st.Why = l.Content.TakenAt, l.Ref, ""
			}
		}
		if st.Why == "" && now.After(st.Taken.AddDate(0, 0, o.Content.ListDays)) {
			st.Why = fmt.Sprintf("the newest list of holders was taken on %s; one is expected every %d days", st.Taken.Format("2 Jan 2006"), o.Content.ListDays)
		}
		if o.Content.State == Ended {
			st.Why = "the system ended on " + o.Content.Ended
		}
		d.systems[o.ID] = st
	}
	var who *roster.Owners
	if s.cfg.Who != nil {
		if who, err = s.cfg.Who(ctx); err != nil {
			return nil, err
		}
	}
	people := known(who)
	zones := map[string]*place.Site{}
	for i := range sites {
		zones[sites[i].ID] = &sites[i].Content
	}
	cards, err := allCards(ctx, s.reader())
	if err != nil {
		return nil, err
	}
	says := map[string]bool{} // systems that tell of use at all
	for _, c := range cards {
		if !c.Used.IsZero() {
			says[c.System] = true
		}
	}
	for _, c := range cards {
		st := d.systems[c.System]
		if st == nil {
			return nil, fault.New(fault.Refused, "badge %s is of a system that is gone", c.Number)
		}
		r := Row{Card: *c, SystemRef: st.Object.Ref, SystemName: st.Object.Content.Name, SiteID: st.Object.Content.SiteID, Doubts: []Doubt{}}
		for _, x := range st.Object.Content.Pool {
			if key(x.Card) == key(c.Number) {
				r.Pool = x.Why
			}
		}
		if r.Pool == "" {
			r.Person, r.Rule = people.of(c)
		}
		r.judge(st, zones[r.SiteID], says[c.System], now)
		if c.State == Active && st.Object.Content.State == Used {
			st.Active++
		}
		if r.Outcome == place.Fail {
			st.Fails++
		}
		d.rows = append(d.rows, r)
	}
	s.mu.Lock()
	s.kept = d
	s.mu.Unlock()
	return d, nil
}

// register finds people.
type register struct {
	who     *roster.Owners
	numbers map[string]string
	names   map[string]string // "" where two have it
}

func known(who *roster.Owners) *register {
	r := &register{who: who, numbers: map[string]string{}, names: map[string]string{}}
	if who == nil {
		return r
	}
	for id, p := range who.People {
		if p.Number != "" {
			put(r.numbers, strings.ToLower(p.Number), id)
		}
		if p.Name != "" {
			put(r.names, strings.ToLower(p.Name), id)
		}
	}
	return r
}

func put(m map[string]string, k, id string) {
	if old, ok := m[k]; ok && old != id {
		id = ""
	}
	m[k] = id
}

// of gives whose a badge is: what a person said, a mail address, a personnel number
// that one person has. A name that one person has asks (rule "name").
func (r *register) of(c *Card) (*Person, string) {
	if r.who == nil {
		return nil, ""
	}
	id, rule := r.who.Of(c.System, c.Name(), c.Holder.Mail, true), "said"
	if id != "" && c.Holder.Mail != "" && r.who.People[id] != nil && strings.EqualFold(r.who.People[id].Mail, c.Holder.Mail) {
		rule = "mail"
	}
	if id == "" && c.Holder.Number != "" {
		id, rule = r.numbers[strings.ToLower(c.Holder.Number)], "number"
	}
	if id == "" && c.Holder.Name != "" {
		id, rule = r.names[strings.ToLower(c.Holder.Name)], "name"
	}
	p := r.who.People[id]
	if p == nil {
		return nil, ""
	}
	return &Person{ID: id, Name: p.Name, State: p.State, Left: p.LeftAt, Team: p.Team, Title: p.Title}, rule
}

// judge says what does not fit about a badge.
func (r *Row) judge(st *Standing, site *place.Site, says bool, now time.Time) {
	doubt := func(kind, outcome, format string, args ...any) {
		r.Doubts = append(r.Doubts, Doubt{kind, outcome, fmt.Sprintf(format, args...)})
	}
	day := func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 MST") }
	sure := r.Person != nil && r.Rule != "name"
	left := sure && r.Person.State == roster.Left && !r.Person.Left.IsZero()
	if left && r.Used.After(r.Person.Left) {
		doubt(UsedAfter, place.Fail, "it was used on %s; %s left on %s", day(r.Used), r.Person.Name, day(r.Person.Left))
	}
	switch r.State {
	case Unlisted:
		if st.Taken.IsZero() {
			doubt(NoList, place.NotObserved, "it was used, and no list of holders was brought yet")
		} else if r.Used.Before(st.Taken) {
			doubt(NoList, place.Fail, "it was used on %s, and the list of %s does not have it", day(r.Used), day(st.Taken))
		} else {
			doubt(NoList, place.NotObserved, "it was used on %s, after the newest list was taken", day(r.Used))
		}
	case Active:
		r.judgeActive(st, site, says, left, now, doubt)
	}
	r.Outcome = place.Pass
	switch has := func(o string) bool {
		return slices.ContainsFunc(r.Doubts, func(d Doubt) bool { return d.Outcome == o })
	}; {
	case has(place.Fail):
		r.Outcome = place.Fail
	case r.State == Inactive || r.State == Gone:
		r.Outcome = place.NotApplicable
	case st.Why != "" || has(place.NotObserved):
		r.Outcome = place.NotObserved
	}
}

func (r *Row) judgeActive(st *Standing, site *place.Site, says, left bool, now time.Time, doubt func(kind, outcome, format string, args ...any)) {
	day := func(t time.Time) string { return t.UTC().Format("2 Jan 2006") }
	switch {
	case left && r.Seen.Before(r.Person.Left):
		doubt(Leaver, place.NotObserved, "%s left on %s; the newest list with the badge was taken before, on %s", r.Person.Name, day(r.Person.Left), day(r.Seen))
	case left:
		doubt(Leaver, place.Fail, "%s left on %s, and the badge was active on %s", r.Person.Name, day(r.Person.Left), day(r.Seen))
	case r.Pool != "":
		doubt(Unknown, place.NotApplicable, "no one person's: %s", r.Pool)
	case r.Person == nil:
		doubt(Unknown, place.Fail, "the register of people has nobody with this mail address, personnel number or name")
	case r.Rule == "name":
		doubt(Unknown, place.NotObserved, "it may be %s's: the name is the same, and a person says whether it is", r.Person.Name)
	}
	if r.Person != nil && r.Rule != "name" && site != nil {
		var over, silent []string
		for _, level := range r.Holder.Zones {
			found := false
			for i := range site.Zones {
				z := &site.Zones[i]
				if !z.Opens(level) {
					continue
				}
				found = true
				if !z.Allows(r.Person.ID, r.Person.Team, r.Person.Title) {
					over = append(over, z.Name)
				}
			}
			if !found {
				silent = append(silent, level)
			}
		}
		if len(over) > 0 {
			doubt(Beyond, place.Fail, "it opens %s, which %s (%s) may not enter", strings.Join(over, ", "), r.Person.Name, strings.Trim(r.Person.Title+", "+r.Person.Team, ", "))
		} else if len(silent) > 0 && len(site.Zones) > 0 {
			doubt(Beyond, place.NotObserved, "no zone of the site says what %s opens", strings.Join(silent, ", "))
		}
	}
	since := r.Used
	for _, t := range []time.Time{r.Holder.Issued, r.First} {
		if since.IsZero() {
			since = t
		}
	}
	if says && r.Pool == "" && now.Sub(since) > time.Duration(st.Object.Content.UnusedDays)*24*time.Hour {
		if r.Used.IsZero() {
			doubt(Unused, place.Fail, "it was never used since %s", day(since))
		} else {
			doubt(Unused, place.Fail, "it was last used on %s", day(since))
		}
	}
}

// Filter chooses badges; zero values choose all.
type Filter struct {
	System  string `json:"system,omitempty" doc:"BS-1" maxLength:"40"`
	Site    string `json:"-"` // sit_…
	Doubt   string `json:"doubt,omitempty" enum:"leaver,used_after,unknown,zone,unlisted,unused"`
	State   string `json:"state,omitempty" enum:"active,inactive,gone,unlisted"`
	Outcome string `json:"outcome,omitempty" enum:"pass,fail,not_observed,not_applicable"`
	Query   string `json:"q,omitempty" doc:"Part of a number, name, address or access level." maxLength:"120"`
}

func (f *Filter) keep(r *Row) bool {
	q := strings.ToLower(strings.TrimSpace(f.Query))
	return (f.System == "" || f.System == r.SystemRef || f.System == r.System) && (f.Site == "" || f.Site == r.SiteID) && (f.State == "" || f.State == r.State) && (f.Outcome == "" || f.Outcome == r.Outcome) &&
		(f.Doubt == "" || r.Has(f.Doubt) != nil && r.Has(f.Doubt).Outcome == place.Fail) &&
		(q == "" || strings.Contains(strings.ToLower(r.Number+" "+r.Holder.Name+" "+r.Holder.Mail+" "+strings.Join(r.Holder.Zones, " ")), q))
}

// Badges gives badges with what does not fit about them, by system and number, and
// how many there are of each doubt and state, whatever the filter says of these
// (badge.read).
func (s *Service) Badges(ctx context.Context, p access.Principal, f Filter) ([]Row, map[string]int, error) {
	if err := access.Authorise(p, access.BadgeRead); err != nil {
		return nil, nil, err
	}
	d, err := s.derive(ctx)
	if err != nil {
		return nil, nil, err
	}
	wide := f
	wide.Doubt, wide.State, wide.Outcome = "", "", ""
	counts := map[string]int{}
	out := []Row{}
	for i := range d.rows {
		r := &d.rows[i]
		if !wide.keep(r) {
			continue
		}
		counts[r.State]++
		counts[""]++
		for _, x := range r.Doubts {
			if x.Outcome == place.Fail {
				counts[x.Kind]++
			}
		}
		if f.keep(r) {
			out = append(out, *r)
		}
	}
	return out, counts, nil
}

// Detail is one badge with its past.
type Detail struct {
	Row
	After   time.Time `json:"used_after_leaving,omitzero"` // the first time
	Door    string    `json:"door,omitempty"`
	Changes []Change  `json:"changes"`
}

// Badge gives one badge (badge.read).
func (s *Service) Badge(ctx context.Context, p access.Principal, system, number string) (*Detail, error) {
	if err := access.Authorise(p, access.BadgeRead); err != nil {
		return nil, err
	}
	d, err := s.derive(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.rows, func(r Row) bool {
		return (strings.EqualFold(r.SystemRef, system) || r.System == system) && key(r.Number) == key(number)
	})
	if i < 0 {
		return nil, fault.New(fault.NotFound, "%s has no badge %q", system, number)
	}
	out := &Detail{Row: d.rows[i]}
	if out.Has(UsedAfter) != nil {
		if out.After, out.Door, err = firstUse(ctx, s.reader(), out.ID, out.Person.Left); err != nil {
			return nil, err
		}
	}
	out.Changes, err = changesOf(ctx, s.reader(), changeFilter{card: out.ID, limit: 200})
	return out, err
}

// Changes gives what changed at badges of a system, newest first (badge.read).
func (s *Service) Changes(ctx context.Context, p access.Principal, system string, limit int) ([]Change, error) {
	if err := access.Authorise(p, access.BadgeRead); err != nil {
		return nil, err
	}
	o, err := s.systems.Get(ctx, system)
	if err != nil {
		return nil, err
	}
	return changesOf(ctx, s.reader(), changeFilter{system: o.ID, limit: limit})
}

// Standings gives badge systems with their newest lists, by id (place.read).
func (s *Service) Standings(ctx context.Context, p access.Principal) (map[string]*Standing, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	d, err := s.derive(ctx)
	if err != nil {
		return nil, err
	}
	return d.systems, nil
}

// Accounts gives badges as accounts of their systems, so that people keeps them
// beside those of hosts: a leaver's badge is there, closed or gone, and a finding
// after the grace.
func (s *Service) Accounts(ctx context.Context) ([]host.Accounts, error) {
	d, err := s.derive(ctx)
	if err != nil {
		return nil, err
	}
	var out []host.Accounts
	for _, id := range sortedSystems(d.systems) {
		st := d.systems[id]
		if st.Taken.IsZero() || st.Object.Content.State == Ended {
			continue
		}
		a := host.Accounts{ID: id, Population: "badges", Name: st.Object.Content.Name, From: st.Taken, Until: st.Taken, Why: st.Why, All: []host.Account{}}
		for i := range d.rows {
			r := &d.rows[i]
			if r.System != id || r.State == Gone || r.State == Unlisted || r.Pool != "" {
				continue
			}
			x := host.Account{Name: r.Name(), Open: r.State == Active, System: true}
			if !x.Open {
				x.Why = "the badge is not active"
			}
			if r.Person != nil {
				x.Holder, x.Sure = r.Person.ID, r.Rule != "name"
			}
			a.All = append(a.All, x)
		}
		if a.Digest, err = digestOf([]any{st.Ref, a.All}); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// Parts gives badge systems to access reviews: each badge with what it opens.
func (s *Service) Parts(ctx context.Context) ([]review.Part, error) {
	d, err := s.derive(ctx)
	if err != nil {
		return nil, err
	}
	var out []review.Part
	for _, id := range sortedSystems(d.systems) {
		st := d.systems[id]
		if st.Object.Content.State == Ended {
			continue
		}
		p := review.Part{Place: id, Part: "badges", Kind: review.Badges, Name: st.Object.Content.Name, Owner: st.Object.Content.Owner, Why: st.Why, From: st.Taken, Until: st.Taken}
		if p.Why != "" {
			out = append(out, p)
			continue
		}
		for i := range d.rows {
			r := &d.rows[i]
			if r.System != id {
				continue
			}
			if r.State != Active {
				p.LeftOut++
				continue
			}
			levels := r.Holder.Zones
			if len(levels) == 0 {
				levels = []string{"badge"}
			}
			for _, l := range levels {
				g := review.Grant{Account: r.Name(), Role: l, System: r.Pool != "", Name: r.Holder.Name, Mail: r.Holder.Mail, LastUsed: r.Used, GrantedAt: r.Holder.Issued}
				if r.Pool != "" {
					g.Detail = r.Pool
				}
				if r.Person != nil && r.Rule != "name" {
					g.Person = r.Person.ID
				}
				p.Grants = append(p.Grants, g)
			}
		}
		if p.Digest, err = digestOf(p.Grants); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func sortedSystems(m map[string]*Standing) []string {
	var out []string
	for id := range m {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Reviewed gives when who may enter through a system was last reviewed: when that
// was closed, and the review's number; zero for never.
type Reviewed func(ctx context.Context, system string) (time.Time, string, error)

// Guards gives what badge systems and their reviews say of a site.
func (s *Service) Guards(reviewed Reviewed) func(ctx context.Context, site *place.Object) ([]place.Line, error) {
	return func(ctx context.Context, site *place.Object) ([]place.Line, error) {
		if reviewed == nil {
			return nil, errors.New("badge: nobody says what was reviewed")
		}
		d, err := s.derive(ctx)
		if err != nil {
			return nil, err
		}
		var out []place.Line
		now := s.now()
		for _, id := range sortedSystems(d.systems) {
			st := d.systems[id]
			if st.Object.Content.SiteID != site.ID || st.Object.Content.State == Ended {
				continue
			}
			l := place.Line{What: "Badges of " + st.Object.Content.Name, Outcome: place.Pass, Reason: fmt.Sprintf("%d badges open something, and nothing does not fit", st.Active), Ref: st.Object.Ref}
			switch {
			case st.Fails > 0:
				l.Outcome, l.Reason = place.Fail, fmt.Sprintf("%d of %d active badges do not fit", st.Fails, st.Active)
				if st.Fails == 1 {
					l.Reason = fmt.Sprintf("1 badge does not fit, of %d active ones", st.Active)
				}
			case st.Why != "":
				l.Outcome, l.Reason = place.NotObserved, st.Why
			}
			out = append(out, l)
			last, ref, err := reviewed(ctx, id)
			if err != nil {
				return nil, err
			}
			out = append(out, due(site, st, last, ref, now))
		}
		if len(out) == 0 {
			l := place.Line{What: "Badges", Outcome: place.NotObserved, Reason: "no badge system is known, and nobody said what guards the site instead"}
			if site.Content.Unbadged != "" {
				l.Reason = "no badge system: " + site.Content.Unbadged
			}
			out = append(out, l)
		}
		return out, nil
	}
}

// due says whether who may enter was reviewed in time.
func due(site *place.Object, st *Standing, last time.Time, ref string, now time.Time) place.Line {
	l := place.Line{What: "Review of who may enter", Outcome: place.Pass, Ref: ref}
	every := site.Content.Every()
	from, said := last, fmt.Sprintf("reviewed on %s (%s)", last.UTC().Format("2 Jan 2006"), ref)
	if last.IsZero() {
		from, said = st.Object.Created, "never reviewed"
	}
	until := from.AddDate(0, 0, every)
	switch {
	case now.After(until):
		l.Outcome, l.Reason = place.Fail, fmt.Sprintf("%s; it was due on %s, every %d days", said, until.UTC().Format("2 Jan 2006"), every)
	case last.IsZero():
		l.Outcome, l.Reason = place.NotObserved, fmt.Sprintf("%s; the first is due on %s", said, until.UTC().Format("2 Jan 2006"))
	default:
		l.Reason = fmt.Sprintf("%s; the next is due on %s", said, until.UTC().Format("2 Jan 2006"))
	}
	return l
}
