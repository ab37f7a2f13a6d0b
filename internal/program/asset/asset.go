package asset

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/vendor"
)

// Day is a calendar day in the organisation's zone.
type Day = vendor.Day

// Kinds gives the kinds of assets with words; the last ones are outside unless said
// otherwise.
func Kinds() [][2]string {
	return [][2]string{{"host", "host"}, {"database", "database"}, {"application", "application"}, {"store", "store of files or backups"}, {"network", "network device"}, {"device", "laptop, telephone or other device"},
		{"facility", "room or building"}, {"media", "medium or paper"}, {"other", "other"}, {"place", "place where we run"}, {"service", "service of a vendor"}, {"party", "customers or other parties"}}
}

// outside kinds lie outside of the boundary unless somebody said otherwise.
func outside(kind string) bool { return kind == "service" || kind == "party" }

// Methods gives how an asset can be disposed of.
func Methods() [][2]string {
	return [][2]string{{"destroyed", "destroyed physically"}, {"wiped", "wiped and verified"}, {"keys_destroyed", "keys of its encryption destroyed"}, {"deleted", "instance and its volumes deleted"}, {"returned", "returned to its owner"}, {"no_data", "it never held data"}}
}

// Environments that are suggested; another word can be said.
func Environments() []string {
	return []string{"production", "staging", "test", "development", "office"}
}

// Criticalities, least first.
func Criticalities() []string { return []string{"low", "medium", "high", "critical"} }

// Profile is what the organisation says of an asset. Empty fields say nothing, and
// what the asset's origin says holds.
type Profile struct {
	Name        string         `json:"name,omitempty" doc:"Only of an asset that is entered here." maxLength:"120"`
	Kind        string         `json:"kind,omitempty" doc:"Only of an asset that is entered here: host, database, application, store, network, device, facility, media, other, place, service, party."`
	Note        string         `json:"note,omitempty" doc:"What it is for." maxLength:"1000"`
	Owner       string         `json:"owner,omitempty" doc:"Who answers for it: the login, mail address or id of an account here, or a team." maxLength:"160"`
	Class       question.Class `json:"class,omitempty" doc:"Highest class of the data on it: public, internal, confidential, restricted."`
	Data        []string       `json:"data,omitempty" doc:"Data sets that it holds: D-3."`
	Environment string         `json:"environment,omitempty" doc:"production, staging, test, development, office, or another word." maxLength:"60"`
	Zone        string         `json:"zone,omitempty" doc:"Part of the network: edge, application, data." maxLength:"60"`
	System      string         `json:"system,omitempty" doc:"System of the scope that it belongs to." maxLength:"160"`
	Criticality string         `json:"criticality,omitempty" doc:"low, medium, high, critical."`
	Side        string         `json:"side,omitempty" doc:"inside or outside of the boundary; empty: by its kind."`
}

// Found is an asset that another register knows.
type Found struct {
	Origin      string // hst_…, dbs_…, ven_…, place:…
	Kind        string
	Name        string
	Owner       string // as said there; a team or a person
	Class       string // likewise
	Environment string
	Register    string // where that was said: "the host page"
	Href        string
	Silent      bool
	Since       time.Time // first known
	Gone        time.Time // taken out there; zero: it is not
	Why         string    // it was taken out
	Facts       [][2]string
}

// Value is a word with where it comes from.
type Value struct {
	Text string `json:"text"`
	From string `json:"from,omitempty"` // "": said here
}

// Made says when something was recorded, by whom and where in the ledger.
type Made = vendor.Made

// Event is one record in words.
type Event struct {
	Seq  int    `json:"seq"`
	Kind string `json:"kind"`
	Text string `json:"text"`
	Made Made   `json:"made"`
}

// Said is what was recorded of an asset here.
type Said struct {
	ID       string    `json:"id"`
	Number   int       `json:"number"`
	Origin   string    `json:"origin"`
	Seq      int       `json:"seq"`
	Profile  Profile   `json:"profile"`
	Added    Made      `json:"added"`
	Reviewed Day       `json:"reviewed,omitempty"`
	Retired  *Retired  `json:"retired,omitempty"`
	Disposed *Disposed `json:"disposed,omitempty"`
	History  []Event   `json:"history"`
}

// State is where an asset is in its life.
type State string

// The states.
const (
	InUse  State = "in_use"
	Silent State = "silent"  // in use, and nothing is heard of it
	Gone   State = "retired" // out of use, and how it was disposed of is not shown
	Away   State = "disposed"
)

// States gives the states.
func States() []State { return []State{InUse, Silent, Gone, Away} }

// Words gives the state for people.
func (s State) Words() string {
	return map[State]string{InUse: "in use", Silent: "in use, silent", Gone: "retired", Away: "disposed of"}[s]
}

// Asset is an asset as all registers together say.
type Asset struct {
	Key         string      `json:"key"` // by which flows and diagrams name it
	Ref         string      `json:"ref"` // A-3; its origin before anything was said of it
	Name        string      `json:"name"`
	Kind        string      `json:"kind"`
	Derived     bool        `json:"derived"` // known from another register
	State       State       `json:"state"`
	Owner       Value       `json:"owner"`
	OwnerID     string      `json:"owner_account,omitempty"` // usr_…; empty where it is a team
	Class       Value       `json:"class"`
	Data        []string    `json:"data"`
	Environment Value       `json:"environment"`
	Zone        Value       `json:"zone"`
	System      string      `json:"system,omitempty"`
	Criticality string      `json:"criticality,omitempty"`
	Outside     bool        `json:"outside"`
	Since       Day         `json:"since"`
	GoneOn      Day         `json:"gone_on,omitempty"`
	Said        *Said       `json:"said,omitempty"`
	Judged      []Attribute `json:"attributes"`
	Gaps        []string    `json:"gaps"`
	Found       *Found      `json:"-"`
}

// Active reports whether it is in use.
func (a *Asset) Active() bool { return a.State == InUse || a.State == Silent }

// KindWords gives a kind for people.
func KindWords(kind string) string {
	for _, k := range Kinds() {
		if k[0] == kind {
			return k[1]
		}
	}
	return kind
}

// around is what assets are put together with.
type around struct {
	data   []DataSet
	owners map[string]owner // by id, login, name and mail address, in lower case
	today  Day
	day    func(time.Time) Day
}

// owner is an account that can own something.
type owner struct {
	id, name string
	left     bool
}

// DataSet is a line of the inventory of data, as far as assets need it.
type DataSet struct {
	Ref   string         `json:"ref"`
	Name  string         `json:"name"`
	Class question.Class `json:"class,omitempty"`
	Owned bool           `json:"owned"` // it has an owner
	Lives []string       `json:"lives,omitempty"`
}

func rank(c string) int { return slices.Index(question.Classes(), question.Class(c)) }

// put puts an asset together: what is said here goes before what its origin says.
func put(f *Found, s *Said, w *around) *Asset {
	a := &Asset{Data: []string{}, Gaps: []string{}, Said: s, Found: f, State: InUse}
	var p Profile
	if s != nil {
		p = s.Profile
		a.Ref, a.Key, a.Name, a.Kind, a.Since = fmt.Sprintf("A-%d", s.Number), s.Origin, p.Name, p.Kind, s.Added.Day
		a.Data = append(a.Data, p.Data...)
	}
	a.Owner, a.Environment, a.Zone, a.System, a.Criticality = Value{Text: p.Owner}, Value{Text: p.Environment}, Value{Text: p.Zone}, p.System, p.Criticality
	a.Class = Value{Text: string(p.Class)}
	if f != nil {
		a.Key, a.Name, a.Kind, a.Derived, a.Since = f.Origin, f.Name, f.Kind, true, w.day(f.Since)
		if a.Ref == "" {
			a.Ref = f.Origin
		}
		if a.Owner.Text == "" && f.Owner != "" {
			a.Owner = Value{f.Owner, f.Register}
		}
		if a.Environment.Text == "" && f.Environment != "" {
			a.Environment = Value{strings.ToLower(f.Environment), f.Register}
		}
	}
	if o, known := w.owners[strings.ToLower(a.Owner.Text)]; known && a.Owner.Text != "" {
		a.OwnerID = o.id
	}
	for _, d := range w.data {
		if slices.ContainsFunc(d.Lives, func(place string) bool { return key(place) == key(a.Name) || strings.EqualFold(place, a.Ref) }) && !slices.Contains(a.Data, d.Ref) {
			a.Data = append(a.Data, d.Ref)
		}
	}
	if a.Class.Text == "" {
		for _, d := range w.data {
			if slices.Contains(a.Data, d.Ref) && rank(string(d.Class)) > rank(a.Class.Text) {
				a.Class = Value{string(d.Class), "the data inventory"}
			}
		}
	}
	if a.Class.Text == "" && f != nil && f.Class != "" && rank(strings.ToLower(f.Class)) >= 0 {
		a.Class = Value{strings.ToLower(f.Class), f.Register}
	}
	a.Outside = outside(a.Kind)
	if p.Side != "" {
		a.Outside = p.Side == "outside"
	}
	if a.Zone.Text == "" {
		switch a.Kind {
		case "service":
			a.Zone = Value{"vendors", "its kind"}
		case "party":
			a.Zone = Value{"outside", "its kind"}
		}
	}
	switch {
	case s != nil && s.Disposed != nil:
		a.State, a.GoneOn = Away, s.Disposed.On
	case s != nil && s.Retired != nil:
		a.State, a.GoneOn = Gone, s.Retired.On
	case f != nil && !f.Gone.IsZero():
		a.State, a.GoneOn = Gone, w.day(f.Gone)
	case f != nil && f.Silent:
		a.State = Silent
	}
	a.judge(w)
	return a
}

func key(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
