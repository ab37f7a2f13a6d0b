package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/roster"
)

// Row is somebody in a list.
type Row struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Mail      string    `json:"mail,omitempty"`
	Number    string    `json:"number,omitempty"`
	Kind      Kind      `json:"kind"`
	State     State     `json:"state"`
	ManagerID string    `json:"manager,omitempty"`
	Manager   string    `json:"manager_name,omitempty"`
	Team      string    `json:"team,omitempty"`
	Title     string    `json:"title,omitempty"`
	Location  string    `json:"location,omitempty"`
	Start     string    `json:"start,omitempty"`
	End       string    `json:"end,omitempty"`
	LeftAt    time.Time `json:"left_at,omitzero"`
	Open      int       `json:"open_items"`
	Late      int       `json:"late_items"`
	Access    Access    `json:"access"`
	UserID    string    `json:"user,omitempty"`
	Entries   int       `json:"-"` // accounts that are present and theirs
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	Query    string
	States   []State // nil: everybody who is here, is coming or is leaving
	Kind     Kind
	Team     string
	Manager  string // per_…
	Location string
	Late     bool      // with an item that is late
	Access   string    // of leavers: present, not_observed, unclear, removed, none_found
	Since    time.Time // left since
	Until    time.Time // left before
	Reviews  bool      // here for more than a year, and without a competence or performance record in the last
}

// Page is one page of a list.
type Page struct {
	People []Row  `json:"people"`
	Next   string `json:"next,omitempty"`
	Total  int64  `json:"total"`
}

// List gives a page of people by name (people.read).
func (s *Service) List(ctx context.Context, p access.Principal, f Filter, sort, cursor string, limit int) (Page, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return Page{}, err
	}
	if limit < 1 || limit > 1000 {
		return Page{}, fault.New(fault.Invalid, "a page has 1 to 1000 people").At("", 0, "limit")
	}
	if f.Kind != "" && !slices.Contains(roster.Kinds(), f.Kind) {
		return Page{}, fault.New(fault.Invalid, "%q is no kind of person", f.Kind).At("", 0, "kind")
	}
	return list(ctx, s.cfg.DB.Reader(), f, sort, cursor, limit, s.cfg.Clock())
}

// Facets are the values that lists can be narrowed to, with how many people are here.
type Facets struct {
	States    map[State]int64 `json:"states"`
	Teams     []string        `json:"teams"`
	Locations []string        `json:"locations"`
	Late      int64           `json:"late"`    // people with late items
	Access    int64           `json:"access"`  // leavers whose access is still there after the grace
	Doubts    int64           `json:"doubts"`  // people who may be one
	Asked     int64           `json:"asked"`   // accounts of which nobody has said whose they are
	Held      int64           `json:"held"`    // readings that wait
	Trouble   []string        `json:"trouble"` // sources that could not be read
}

// Facets gives them (people.read).
func (s *Service) Facets(ctx context.Context, p access.Principal) (Facets, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return Facets{}, err
	}
	return facets(ctx, s.cfg.DB.Reader(), s.cfg.Clock())
}

// Voice is what a source says of somebody now.
type Voice struct {
	Source     string    `json:"source"`
	SourceName string    `json:"source_name"`
	Key        string    `json:"key"`
	Fields     Fields    `json:"fields"`
	Since      time.Time `json:"since"`
	Gone       time.Time `json:"gone,omitzero"`
}

// Detail is everything about somebody.
type Detail struct {
	Person
	ManagerName string            `json:"manager_name,omitempty"`
	From        map[string]string `json:"from"` // field → source whose word it is
	Voices      []Voice           `json:"voices"`
	Items       []checklist.Item  `json:"items"`
	Accounts    []Account         `json:"accounts"`
	Access      Access            `json:"access"`
	Reports     []Row             `json:"reports"`
	Records     []Record          `json:"records"`
	Events      []Event           `json:"events"` // newest first
	MergedName  string            `json:"merged_name,omitempty"`
}

// Get gives somebody (people.read).
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (*Detail, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	person, err := personByID(ctx, q, id)
	if err != nil {
		return nil, err
	}
	d := &Detail{Person: *person, Voices: []Voice{}, From: map[string]string{}}
	if d.Manager != "" {
		if m, err := personByID(ctx, q, d.Manager); err == nil {
			d.ManagerName = m.Name
		} else if !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	if d.Merged != "" {
		m, err := personByID(ctx, q, d.Merged)
		if err != nil {
			return nil, err
		}
		d.MergedName = m.Name
	}
	said, err := saidOf(ctx, q, `WHERE person_id = $1`, id)
	if err != nil {
		return nil, err
	}
	order := Order{}
	all, err := sources(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, src := range all {
		for _, f := range src.Settings.First {
			order[f] = append(order[f], src.ID)
		}
	}
	_, d.From, _ = roster.Resolve(said, order)
	for _, v := range said {
		d.Voices = append(d.Voices, Voice{v.Source.ID, v.Source.Name, v.Key, v.Fields, v.Since, v.GoneAt})
	}
	if d.Items, err = s.lists.Of(ctx, q, id); err != nil {
		return nil, err
	}
	if d.Accounts, err = accountsOf(ctx, q, id); err != nil {
		return nil, err
	}
	if err := findingsOf(ctx, q, d.Accounts); err != nil {
		return nil, err
	}
	s.lastSeen(d.Accounts)
	d.Access = accessOf(d.LeftAt, d.Accounts)
	below, err := list(ctx, q, Filter{Manager: id}, "", "", 1000, s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	d.Reports = below.People
	if d.Records, err = s.records(ctx, p, id); err != nil {
		return nil, err
	}
	if d.Events, err = eventsWhere(ctx, q, `WHERE v.subject = $1 ORDER BY v.seq DESC`, id); err != nil {
		return nil, err
	}
	if access.Authorise(p, access.PeopleConfidential) != nil {
		d.Events = slices.DeleteFunc(d.Events, func(e Event) bool { return e.Kind == "record_disciplinary" })
	}
	return d, nil
}

// Org gives the chart of who is here, and the rings among managers (people.read).
func (s *Service) Org(ctx context.Context, p access.Principal) (tops []Node, rings [][]Row, err error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, nil, err
	}
	rows, err := everybody(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, nil, err
	}
	at := map[string]Row{}
	for _, r := range rows {
		at[r.ID] = r
	}
	tops, found := chart(rows)
	for _, ring := range found {
		var who []Row
		for _, id := range ring {
			who = append(who, at[id])
		}
		rings = append(rings, who)
	}
	return tops, rings, nil
}

// OfUser gives the person whose login in Attesta somebody's is; kind NotFound
// where it is nobody's.
func (s *Service) OfUser(ctx context.Context, user string) (*Person, error) {
	all, err := persons(ctx, s.cfg.DB.Reader(), `WHERE user_id = $1 AND state <> 'merged'`, user)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "no person has this login")
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Names gives the names of people.
func (s *Service) Names(ctx context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for few := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), 200) {
		all, err := personsIn(ctx, s.cfg.DB.Reader(), few)
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			out[p.ID] = p.Name
		}
	}
	return out, nil
}

// Readings gives what came of a source, newest first (people.read).
func (s *Service) Readings(ctx context.Context, p access.Principal, source string) ([]Reading, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, err
	}
	return readings(ctx, s.cfg.DB.Reader(), `WHERE source_id = $1 ORDER BY made_at DESC, id DESC LIMIT 100`, source)
}

// AccountsAsked gives the accounts of which nobody has said whose they are (people.read).
func (s *Service) AccountsAsked(ctx context.Context, p access.Principal) ([]Account, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, err
	}
	return accounts(ctx, s.cfg.DB.Reader(), `WHERE says = 'asked' AND state IN ('present', 'unobserved')`)
}

// likeWord gives a word for a LIKE with ESCAPE '\'.
func likeWord(word string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word) + "%"
}
