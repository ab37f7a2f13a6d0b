package place

import (
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// Kind is what the journal keeps of sites.
var Kind = journal.Kind{Name: "site", Prefix: "sit", Letter: "SI", Noun: "site", Steps: []string{"added", "described", "zone", "zone_ended", "token", "closed"}}

// Sort is what a site is.
type Sort string

// The sorts.
const (
	Office     Sort = "office"
	DataCentre Sort = "data_centre" // our own
	Colocation Sort = "colocation"  // our machines in somebody's hall
	Cloud      Sort = "cloud"       // somebody's machines in somebody's hall
)

// Sorts gives them in the order of a form, with their words.
func Sorts() [][2]string {
	return [][2]string{{string(Office), "Office"}, {string(DataCentre), "Data centre of ours"}, {string(Colocation), "Co-location: our machines in a vendor's hall"}, {string(Cloud), "Hall of a cloud provider"}}
}

// Words gives the sort as people read it.
func (s Sort) Words() string {
	return map[Sort]string{Office: "office", DataCentre: "data centre of ours", Colocation: "co-location", Cloud: "cloud provider"}[s]
}

// Vendored reports whether a vendor runs the place, so that the vendor's report
// speaks of its barriers.
func (s Sort) Vendored() bool { return s == Colocation || s == Cloud }

// States of a site.
const (
	Used   = "used"
	Closed = "closed"
)

// Profile is what is said of a site.
type Profile struct {
	Name       string   `json:"name" maxLength:"120"`
	Sort       Sort     `json:"kind" enum:"office,data_centre,colocation,cloud"`
	Address    string   `json:"address,omitempty" maxLength:"300"`
	Vendor     string   `json:"vendor,omitempty" doc:"Number of the vendor that runs it, V-3; of a co-location or cloud." maxLength:"20"`
	Owner      string   `json:"owner" doc:"Who answers for it: a login or usr_…" maxLength:"120"`
	Kept       string   `json:"kept,omitempty" doc:"What is kept there." maxLength:"2000"`
	Assets     []string `json:"assets,omitempty" doc:"Numbers of assets that stand there, A-3." maxItems:"200"`
	Unbadged   string   `json:"no_badges,omitempty" doc:"Where no badge system guards it: what does, and who keeps the list of keys." maxLength:"1000"`
	ReviewDays int      `json:"review_days,omitempty" doc:"How often who may enter is reviewed; 92 days when absent." minimum:"0" maximum:"400"`
}

// Zone is an area of a site with who may enter.
type Zone struct {
	Name     string   `json:"name" maxLength:"80"`
	Purpose  string   `json:"purpose,omitempty" maxLength:"500"`
	Levels   []string `json:"levels,omitempty" doc:"How the badge system calls what opens it; the zone's name when absent." maxItems:"50"`
	Everyone bool     `json:"everyone,omitempty" doc:"Everybody who works here may enter."`
	Teams    []string `json:"teams,omitempty" maxItems:"50"`
	Titles   []string `json:"titles,omitempty" doc:"Job titles." maxItems:"50"`
	People   []string `json:"people,omitempty" doc:"Persons by mail address or per_…" maxItems:"100"`
}

// Said reports whether anybody said who may enter.
func (z *Zone) Said() bool {
	return z.Everyone || len(z.Teams)+len(z.Titles)+len(z.People) > 0
}

// Opens reports whether an access level of a badge system opens the zone.
func (z *Zone) Opens(level string) bool {
	if len(z.Levels) == 0 {
		return strings.EqualFold(z.Name, level)
	}
	return slices.ContainsFunc(z.Levels, func(l string) bool { return strings.EqualFold(l, level) })
}

// Allows reports whether somebody may enter.
func (z *Zone) Allows(person, team, title string) bool {
	has := func(list []string, x string) bool {
		return x != "" && slices.ContainsFunc(list, func(y string) bool { return strings.EqualFold(x, y) })
	}
	return z.Everyone || has(z.Teams, team) || has(z.Titles, title) || has(z.People, person)
}

// Who says who may enter, in words; names gives people by id.
func (z *Zone) Who(names map[string]string) string {
	if z.Everyone {
		return "everybody who works here"
	}
	var out []string
	for _, t := range z.Teams {
		out = append(out, "team "+t)
	}
	out = append(out, z.Titles...)
	for _, p := range z.People {
		if n := names[p]; n != "" {
			p = n
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return "nobody said who"
	}
	return strings.Join(out, ", ")
}

// Site is a place of the organisation.
type Site struct {
	Profile
	State  string    `json:"state"`
	Zones  []Zone    `json:"zones,omitempty"`
	Hook   time.Time `json:"token_made,omitzero"` // of what sensors report with
	Since  string    `json:"since"`               // day
	Closed string    `json:"closed_on,omitempty"`
}

// Mark is what lists are filtered by.
func (s Site) Mark() journal.Mark {
	return journal.Mark{State: s.State, Owner: s.Owner, Topic: strings.ToLower(s.Name)}
}

// Every is how often who may enter is reviewed, in days.
func (s *Site) Every() int {
	if s.ReviewDays > 0 {
		return s.ReviewDays
	}
	return 92
}

// Zone gives one by its name; nil for none.
func (s *Site) Zone(name string) *Zone {
	for i := range s.Zones {
		if strings.EqualFold(s.Zones[i].Name, name) {
			return &s.Zones[i]
		}
	}
	return nil
}

const maxZones = 100

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func (p *Profile) check() error {
	for _, t := range []struct {
		field, what string
		text        *string
		must        bool
		most        int
	}{{"name", "what the site is called", &p.Name, true, 120}, {"address", "", &p.Address, false, 300}, {"vendor", "which vendor runs it, by its number", &p.Vendor, p.Sort.Vendored(), 20}, {"owner", "who answers for it", &p.Owner, true, 120}} {
		var err error
		if *t.text, err = journal.Line(t.field, *t.text, t.what, t.must, t.most); err != nil {
			return err
		}
	}
	var err error
	if p.Kept, err = journal.Text("kept", p.Kept, "", false, 2000); err != nil {
		return err
	}
	if p.Unbadged, err = journal.Text("no_badges", p.Unbadged, "", false, 1000); err != nil {
		return err
	}
	if !slices.ContainsFunc(Sorts(), func(s [2]string) bool { return s[0] == string(p.Sort) }) {
		return bad("kind", "%q is no kind of site", p.Sort).WithHint("office, data_centre, colocation or cloud")
	}
	if p.ReviewDays < 0 || p.ReviewDays > 400 {
		return bad("review_days", "who may enter is reviewed every 1 to 400 days")
	}
	p.Assets, err = tidyList("assets", p.Assets, 200)
	return err
}

func tidyList(field string, list []string, most int) ([]string, error) {
	var out []string
	for _, x := range list {
		x, err := journal.Line(field, x, "", false, 120)
		if err != nil {
			return nil, err
		}
		if x != "" && !slices.ContainsFunc(out, func(y string) bool { return strings.EqualFold(x, y) }) {
			out = append(out, x)
		}
	}
	if len(out) > most {
		return nil, bad(field, "at most %d are kept", most)
	}
	return out, nil
}

func (z *Zone) check() error {
	var err error
	if z.Name, err = journal.Line("zone", z.Name, "what the zone is called", true, 80); err != nil {
		return err
	}
	if z.Purpose, err = journal.Text("purpose", z.Purpose, "", false, 500); err != nil {
		return err
	}
	for _, l := range []struct {
		field string
		list  *[]string
		most  int
	}{{"levels", &z.Levels, 50}, {"teams", &z.Teams, 50}, {"titles", &z.Titles, 50}, {"people", &z.People, 100}} {
		if *l.list, err = tidyList(l.field, *l.list, l.most); err != nil {
			return err
		}
	}
	if !z.Said() {
		return bad("teams", "say who may enter: everybody, teams, job titles or persons")
	}
	return nil
}

// PremisesKind is what the journal keeps of the statement that there are no premises.
var PremisesKind = journal.Kind{Name: "premises", Prefix: "prm", Letter: "PR", Noun: "statement", Steps: []string{"none", "withdrawn"}}

// Premises is the statement that the organisation has no premises.
type Premises struct {
	None   bool      `json:"none"`
	Reason string    `json:"reason"`
	Review string    `json:"review_on"` // day on which somebody looks at it again
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// Mark is what lists are filtered by.
func (p Premises) Mark() journal.Mark {
	state := "withdrawn"
	if p.None {
		state = "none"
	}
	return journal.Mark{State: state, Owner: p.By}
}
