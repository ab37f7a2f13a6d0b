package review

import (
	"cmp"
	"context"
	"database/sql"
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

// Config wires a Service. DB, Ledger, Clock and Access are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Access *access.Service
	// Parts gives what hosts and databases say now; nil: nothing is read.
	Parts func(ctx context.Context) ([]Part, error)
	// People gives who there is; nil: nobody is known but users of Attesta.
	People func(ctx context.Context) (*Register, error)
	// Control gives the short name of the control that a campaign performs: asked is
	// what somebody named, or empty. Nil, or an empty answer: it performs none.
	Control func(ctx context.Context, asked string) (string, error)
	// Perform brings a closed campaign as evidence of its control and gives the
	// evidence's number; "" where nothing was expected. Nil: nothing is brought.
	Perform func(ctx context.Context, p access.Principal, c *Campaign, file []byte) (string, error)
	// Zone gives the zone in which days begin and end; nil: UTC.
	Zone func(ctx context.Context) (*time.Location, error)
}

// Service keeps reviews of access over one database.
type Service struct {
	cfg Config

	mu    sync.Mutex
	lists map[string][]Grant // guarded by mu: grants of lists by the digest of what was read
}

// NewService makes a Service.
func NewService(cfg Config) *Service { return &Service{cfg: cfg, lists: map[string][]Grant{}} }

func (s *Service) zone(ctx context.Context) (*time.Location, error) {
	if s.cfg.Zone == nil {
		return time.UTC, nil
	}
	return s.cfg.Zone(ctx)
}

// day reads a day as its first moment.
func day(text, field, what string, zone *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(text), zone)
	switch {
	case strings.TrimSpace(text) == "":
		return t, bad(field, "say %s", what).WithHint("a day, such as 2026-09-30")
	case err != nil || t.Year() < 1990 || t.Year() > 2200:
		return t, bad(field, "%q is no day", text).WithHint("write it as 2026-09-30")
	}
	return clock.DayStart(t.Year(), t.Month(), t.Day(), zone), nil
}

// after gives the first moment of the next day.
func after(t time.Time) time.Time {
	t = t.AddDate(0, 0, 1)
	return clock.DayStart(t.Year(), t.Month(), t.Day(), t.Location())
}

// users gives everybody with an account in Attesta, by id.
func (s *Service) users(ctx context.Context) (map[string]User, map[string]string, error) {
	all, err := s.cfg.Access.Users(ctx, access.System())
	if err != nil {
		return nil, nil, err
	}
	out, named := map[string]User{}, map[string]string{}
	for _, u := range all {
		out[u.ID] = User{ID: u.ID, Name: u.Name, Reviews: access.May(u.Role, access.ReviewDecide), Disabled: u.Disabled}
		named[u.ID], named[strings.ToLower(u.Login)] = u.ID, u.ID
		if u.Email != "" {
			named[strings.ToLower(u.Email)] = u.ID
		}
	}
	return out, named, nil
}

// world is what a campaign is made of.
type world struct {
	parts    []Part
	register *Register
	users    map[string]User
	named    map[string]string // users by id, login and address
	rules    []Duty
}

// look gives what every source says now.
func (s *Service) look(ctx context.Context) (*world, error) {
	w := &world{}
	var err error
	if s.cfg.Parts != nil {
		if w.parts, err = s.cfg.Parts(ctx); err != nil {
			return nil, err
		}
	}
	own, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	lists, err := s.listParts(ctx)
	if err != nil {
		return nil, err
	}
	w.parts = append(append(slices.Clone(w.parts), own), lists...)
	slices.SortFunc(w.parts, func(a, b Part) int { return cmp.Or(strings.Compare(a.Place, b.Place), strings.Compare(a.Part, b.Part)) })
	if s.cfg.People != nil {
		if w.register, err = s.cfg.People(ctx); err != nil {
			return nil, err
		}
	}
	if w.users, w.named, err = s.users(ctx); err != nil {
		return nil, err
	}
	for i := range w.parts { // who granted it, and whose it is where nobody in the register has it, as users
		for j := range w.parts[i].Grants {
			g := &w.parts[i].Grants[j]
			if id := w.named[strings.ToLower(g.GrantedBy)]; id != "" {
				g.GrantedBy = id
			}
			if g.User == "" && w.register.of(w.parts[i].Place, *g) == nil {
				g.User = cmp.Or(w.named[strings.ToLower(g.Mail)], w.byLogin(g))
			}
		}
	}
	all, err := duties(ctx, s.cfg.DB.Reader())
	for _, d := range all {
		if !d.Ended {
			w.rules = append(w.rules, d)
		}
	}
	return w, err
}

// byLogin gives the user of Attesta who has the name of an account, where people may have it.
func (w *world) byLogin(g *Grant) string {
	if g.System || g.Mail != "" {
		return ""
	}
	return w.named[strings.ToLower(g.Account)]
}

// Draft is what a campaign would be.
type Draft struct {
	Set      New    `json:"settings"`
	Parts    []Part `json:"sources"`
	Counts   Counts `json:"counts"`
	Items    int    `json:"items"`
	Previous int    `json:"previous,omitempty"`

	items []Item
	due   time.Time
}

// Preview says what a campaign would be, and stores nothing (review.manage).
func (s *Service) Preview(ctx context.Context, p access.Principal, n New) (*Draft, error) {
	if err := access.Authorise(p, access.ReviewManage); err != nil {
		return nil, err
	}
	return s.draft(ctx, p, n)
}

func (s *Service) draft(ctx context.Context, p access.Principal, n New) (*Draft, error) {
	if p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a person begins a review of access, not the program")
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	d := &Draft{Set: n}
	set := &d.Set
	if err := line(&set.Title, "title", "what the review is called", 3, 120); err != nil {
		return nil, err
	}
	from, err := day(set.From, "from", "the first day that it covers", zone)
	if err != nil {
		return nil, err
	}
	to, err := day(set.To, "to", "the last day that it covers", zone)
	if err != nil {
		return nil, err
	}
	due, err := day(set.Due, "due", "by when every item is to be decided", zone)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	d.due = after(due)
	switch {
	case to.Before(from):
		return nil, bad("to", "the period ends before it begins")
	case !d.due.After(now):
		return nil, bad("due", "%s has passed", set.Due).WithHint("say a day on which people can still decide")
	case from.After(now):
		return nil, bad("from", "the period begins in the future")
	case !slices.Contains(Modes(), set.Mode):
		return nil, bad("reviewers", "say who reviews: %s", strings.Join(Modes(), ", "))
	case set.Days < 0 || set.Days > 90:
		return nil, bad("revoke_days", "what is revoked goes within 0 to 90 days")
	case set.Unused < 0 || set.Unused > 730:
		return nil, bad("unused_days", "0 to 730 days without use")
	}
	set.Days, set.Unused = cmp.Or(set.Days, 7), cmp.Or(set.Unused, 90)
	w, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	set.Reviewer = strings.TrimSpace(cmp.Or(set.Reviewer, p.UserID))
	for field, at := range map[string]*string{"reviewer": &set.Reviewer, "other": &set.Other} {
		if *at = strings.TrimSpace(*at); *at == "" {
			continue
		}
		id := w.named[strings.ToLower(*at)]
		if u, ok := w.users[id]; !ok || !u.Reviews || u.Disabled {
			return nil, bad(field, "%q is nobody who may decide on access", *at).WithHint("name a user who may %s", access.Describe(access.ReviewDecide))
		}
		*at = id
	}
	if s.cfg.Control != nil {
		if set.Control, err = s.cfg.Control(ctx, strings.TrimSpace(set.Control)); err != nil {
			return nil, err
		}
	}
	if d.Parts, err = chosen(w.parts, set); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	f := flagging{now: now, unused: set.Unused, rules: w.rules, register: w.register, users: w.users}
	if d.Previous, f.before, f.compared, err = before(ctx, q); err != nil {
		return nil, err
	}
	d.items = f.items(d.Parts)
	owners := map[string]string{}
	for i := range d.Parts {
		p := &d.Parts[i]
		if id := w.named[strings.ToLower(p.Owner)]; id != "" {
			owners[p.Place] = id
		}
	}
	r := reviewing{set: *set, users: w.users, register: w.register, owners: owners}
	count := map[string]int{}
	for i := range d.items {
		x := &d.items[i]
		x.Reviewer = r.of(x)
		count[x.Place+" "+x.Part]++
		d.Counts.Undecided++
		if x.Reviewer == "" {
			d.Counts.Unassigned++
		}
		if x.Asks() {
			d.Counts.Flagged++
		}
	}
	for i := range d.Parts {
		p := &d.Parts[i]
		p.Items = count[p.Place+" "+p.Part]
		if d.Counts.Sources++; !p.Observed() {
			d.Counts.Silent++
		}
	}
	d.Items = len(d.items)
	return d, nil
}

// chosen gives the parts that a campaign is about, and refuses what is none.
func chosen(all []Part, set *New) ([]Part, error) {
	for _, k := range set.Kinds {
		if !slices.Contains(Kinds(), k) {
			return nil, bad("kinds", "%q is no kind of system", k).WithHint("there are %s", strings.Join(Kinds(), ", "))
		}
	}
	for _, id := range set.Places {
		if !slices.ContainsFunc(all, func(p Part) bool { return p.Place == id }) {
			return nil, bad("places", "%q is no system that is read, or of which a list was brought", id)
		}
	}
	var out []Part
	for _, p := range all {
		if slices.Contains(set.Places, p.Place) || slices.Contains(set.Kinds, p.Kind) || len(set.Places)+len(set.Kinds) == 0 {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, bad("kinds", "there is no system of that kind").WithHint("bring a list of the accounts of a system that nothing reads")
	}
	return out, nil
}

// Begin freezes who may do what, and asks the reviewers (review.manage).
func (s *Service) Begin(ctx context.Context, p access.Principal, n New) (*Campaign, error) {
	if err := access.Authorise(p, access.ReviewManage); err != nil {
		return nil, err
	}
	d, err := s.draft(ctx, p, n)
	if err != nil {
		return nil, err
	}
	if d.Items == 0 {
		return nil, fault.New(fault.Conflict, "no source shows any access: there is nothing to decide").WithHint("see which sources were not observed")
	}
	raw, err := json.Marshal(d.Set)
	if err != nil {
		return nil, fmt.Errorf("encode a review of access: %w", err)
	}
	var c *Campaign
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := s.cfg.Clock()
		c = &Campaign{ID: ids.New("arc", now), Set: d.Set, Items: d.Items, Digest: itemsDigest(d.items), Parts: partsDigest(d.Parts), Previous: d.Previous, Due: d.due, State: Running, Begun: Made{At: now, By: p.UserID, Index: -1}}
		var err error
		if c.Number, err = nextCampaign(ctx, tx); err != nil {
			return err
		}
		data := map[string]any{"number": c.Number, "digest": textDigest(string(raw)), "items": c.Items, "items_digest": c.Digest, "sources": d.Counts.Sources, "not_observed": d.Counts.Silent,
			"sources_digest": c.Parts, "previous": c.Previous, "due": c.Due}
		if c.Begun.Entry, err = s.append(ctx, tx, p, "begun", c.ID, data, nil); err != nil {
			return err
		}
		if err := insertCampaign(ctx, tx, c, string(raw)); err != nil {
			return err
		}
		if err := insertParts(ctx, tx, c.Number, d.Parts); err != nil {
			return err
		}
		items := slices.Clone(d.items)
		for i := range items {
			items[i].ID, items[i].Campaign = ids.New("ari", now), c.Number
		}
		return insertItems(ctx, tx, items)
	})
	if err != nil {
		return nil, err
	}
	return s.Campaign(ctx, p, c.Ref())
}

// append records something: data is what the ledger says, personal what it
// commits to.
func (s *Service) append(ctx context.Context, tx *sql.Tx, p access.Principal, kind, subject string, data map[string]any, personal map[string]string) (string, error) {
	e := s.entry(p, kind, subject, data, personal)
	id, err := s.cfg.Ledger.Append(ctx, tx, e)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", e.Type, err)
	}
	return id, nil
}

func (s *Service) entry(p access.Principal, kind, subject string, data map[string]any, personal map[string]string) ledger.Entry {
	e := ledger.Entry{Type: "review." + kind, Stream: "people", Actor: p.UserID, Subject: subject, Data: data}
	if p.IsSystem() {
		e.Stream = "system"
	}
	if p.Via == access.ViaCommand {
		e.Data["via"] = string(p.Via)
	}
	for k, v := range personal {
		if v != "" {
			if e.Personal == nil {
				e.Personal = map[string]string{}
			}
			e.Personal[k] = v
		}
	}
	return e
}

// Campaigns gives every campaign, newest first (review.read).
func (s *Service) Campaigns(ctx context.Context, p access.Principal) ([]Campaign, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	all, err := campaigns(ctx, s.cfg.DB.Reader(), "")
	if err != nil {
		return nil, err
	}
	counts, err := counted(ctx, s.cfg.DB.Reader(), 0, s.cfg.Clock())
	for i := range all {
		all[i].Count = counts[all[i].Number]
	}
	return all, err
}

// Load is what a campaign still asks for.
type Load struct {
	Campaign  Campaign    // with its open revocations counted, and nothing else
	Reviewers []Undecided // of a campaign that runs
	Revoke    time.Time   // when the first of the open revocations is due; zero: none is open
}

// Undecided is how many items a reviewer has still to decide; "": nobody was asked.
type Undecided struct {
	Reviewer string
	Items    int
}

// Loads gives what campaigns still ask for, newest first, and of each what its
// reviewers owe (review.read). One of which nothing waits is left out.
func (s *Service) Loads(ctx context.Context, p access.Principal) ([]Load, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	all, err := campaigns(ctx, q, "")
	if err != nil {
		return nil, err
	}
	undecided, err := undecidedOf(ctx, q)
	if err != nil {
		return nil, err
	}
	open, err := revocationsDue(ctx, q, s.cfg.Clock())
	out := []Load{}
	for _, c := range all {
		o := open[c.Number]
		c.Count.Open, c.Count.Overdue = o.n, o.late
		if c.State == Running || o.n > 0 {
			out = append(out, Load{Campaign: c, Reviewers: undecided[c.Number], Revoke: o.first})
		}
	}
	return out, err
}

// Campaign gives one by its number (AR-3) or id (review.read).
func (s *Service) Campaign(ctx context.Context, p access.Principal, ref string) (*Campaign, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	return s.campaign(ctx, s.cfg.DB.Reader(), ref)
}

func (s *Service) campaign(ctx context.Context, q database.Querier, ref string) (*Campaign, error) {
	c, err := campaignByRef(ctx, q, ref)
	if err != nil {
		return nil, err
	}
	counts, err := counted(ctx, q, c.Number, s.cfg.Clock())
	c.Count = counts[c.Number]
	return c, err
}

// Reviewed gives the newest campaign that was closed and in which a place was
// observed; nil for none. Whoever calls it authorises.
func (s *Service) Reviewed(ctx context.Context, place string) (*Campaign, error) {
	return newestOf(ctx, s.cfg.DB.Reader(), place)
}

// Parts gives what each source of a campaign said (review.read).
func (s *Service) Parts(ctx context.Context, p access.Principal, ref string) ([]Part, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	c, err := campaignByRef(ctx, s.cfg.DB.Reader(), ref)
	if err != nil {
		return nil, err
	}
	return partsOf(ctx, s.cfg.DB.Reader(), c.Number)
}

// Systems gives what could be reviewed now, without accounts (review.read).
func (s *Service) Systems(ctx context.Context, p access.Principal) ([]Part, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	w, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	for i := range w.parts {
		w.parts[i].Items, w.parts[i].Grants = len(w.parts[i].Grants), nil
	}
	return w.parts, nil
}

// Removed gives what the campaign before had and this one no longer has, of
// places that both observed (review.read).
func (s *Service) Removed(ctx context.Context, p access.Principal, ref string) ([]Item, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	c, err := campaignByRef(ctx, q, ref)
	if err != nil || c.Previous == 0 {
		return nil, err
	}
	return removed(ctx, q, c.Number, c.Previous)
}

// Filter narrows the items of a campaign. Empty fields do not.
type Filter struct {
	Campaign string `json:"campaign,omitempty" doc:"AR-3; the newest that runs when absent."`
	State    string `json:"state,omitempty" enum:"undecided,keep,revoke,change,"`
	Flag     string `json:"flag,omitempty" doc:"leaver, revoked_before, duties, no_person, unused, leaving, privileged; any for one that asks for a reason."`
	Change   string `json:"change,omitempty" enum:"new,same,changed,"`
	Place    string `json:"place,omitempty" doc:"System by id."`
	Reviewer string `json:"reviewer,omitempty" doc:"usr_…, or none."`
	Query    string `json:"q,omitempty" maxLength:"120"`
}

// Page is one page of items.
type Page struct {
	Items []Item `json:"items"`
	Next  string `json:"next,omitempty"`
	Total int64  `json:"total"`
}

func (s *Service) find(ctx context.Context, f *Filter) (*Campaign, error) {
	if f.Flag != "" && f.Flag != "any" && rank(f.Flag) < 0 {
		return nil, bad("flag", "%q is no flag", f.Flag)
	}
	if f.State != "" && f.State != "undecided" && !slices.Contains(Decisions(), f.State) {
		return nil, bad("state", "%q is nothing that is decided", f.State)
	}
	if f.Change != "" && !slices.Contains([]string{"new", "same", "changed"}, f.Change) {
		return nil, bad("change", "%q is no difference", f.Change)
	}
	if f.Campaign == "" {
		all, err := campaigns(ctx, s.cfg.DB.Reader(), "")
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, nil
		}
		i := slices.IndexFunc(all, func(c Campaign) bool { return c.State == Running })
		return &all[max(0, i)], nil
	}
	return campaignByRef(ctx, s.cfg.DB.Reader(), f.Campaign)
}

// Items gives a page of items, and the campaign that they are of; nil where there
// is none (review.read).
func (s *Service) Items(ctx context.Context, p access.Principal, f Filter, cursor string, limit int) (*Campaign, Page, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, Page{}, err
	}
	if limit < 1 || limit > 1000 {
		return nil, Page{}, bad("limit", "a page has 1 to 1000 items")
	}
	c, err := s.find(ctx, &f)
	if err != nil || c == nil {
		return c, Page{Items: []Item{}}, err
	}
	page, err := listItems(ctx, s.cfg.DB.Reader(), c.Number, f, cursor, limit)
	return c, page, err
}

// Facets are the values that the items of a campaign can be narrowed to.
type Facets struct {
	States    map[string]int64 // "" is undecided
	Flags     map[string]int64
	Changes   map[string]int64
	Reviewers map[string]int64 // "" is nobody; of undecided items
	Places    []Part           // with items, by name
}

// Facets gives them (review.read).
func (s *Service) Facets(ctx context.Context, p access.Principal, campaign int) (Facets, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return Facets{}, err
	}
	return facets(ctx, s.cfg.DB.Reader(), campaign)
}

// Event is one thing that was done with an item.
type Event struct {
	Seq          int    `json:"seq"`
	Kind         string `json:"kind"` // decided, withdrawn, assigned, referenced
	Decision     string `json:"decision,omitempty"`
	Value        string `json:"value,omitempty"`
	Reason       string `json:"reason,omitempty"`
	Compensation string `json:"compensation,omitempty"`
	Made         Made   `json:"made"`
}

// Item gives one item with what was done with it (review.read).
func (s *Service) Item(ctx context.Context, p access.Principal, ref string) (*Item, []Event, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, nil, err
	}
	q := s.cfg.DB.Reader()
	x, err := itemByRef(ctx, q, ref)
	if err != nil {
		return nil, nil, err
	}
	events, err := eventsOf(ctx, q, x.ID)
	return x, events, err
}
