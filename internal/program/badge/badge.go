package badge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// Kind is what the journal keeps of badge systems, ListKind of lists.
var (
	Kind     = journal.Kind{Name: "badge_system", Prefix: "bsy", Letter: "BS", Noun: "badge system", Steps: []string{"added", "described", "pooled", "token", "pruned", "ended"}}
	ListKind = journal.Kind{Name: "badge_list", Prefix: "bli", Letter: "BL", Noun: "list of badges", Steps: []string{"brought", "approved", "dropped"}}
)

// Settings are what is said of a badge system.
type Settings struct {
	Name       string `json:"name" maxLength:"120"`
	Site       string `json:"site" doc:"Number of the site that it guards, SI-1." maxLength:"20"`
	Product    string `json:"product,omitempty" doc:"What it is, and who maintains it." maxLength:"200"`
	Owner      string `json:"owner,omitempty" doc:"Who answers for it: a login or usr_…; who owns the site when absent." maxLength:"120"`
	ListDays   int    `json:"list_days,omitempty" doc:"A list of holders is brought at least this often; 31 days when absent." minimum:"0" maximum:"400"`
	UnusedDays int    `json:"unused_days,omitempty" doc:"A badge without use for so long is flagged; 90 days when absent." minimum:"0" maximum:"730"`
	KeepDays   int    `json:"keep_days,omitempty" doc:"Readings are kept so long; 400 days when absent." minimum:"0" maximum:"3660"`
}

// States of a system.
const (
	Used  = "used"
	Ended = "ended"
)

// System is a badge system.
type System struct {
	Settings
	SiteID string    `json:"site_id"`
	State  string    `json:"state"`
	Hook   time.Time `json:"token_made,omitzero"` // of what it reports with
	Pruned time.Time `json:"pruned_before,omitzero"`
	Pool   []Pool    `json:"pool,omitempty"`
	Ended  string    `json:"ended_on,omitempty"`
}

// Pool is a badge that is no one person's: for visitors, cleaning, the fire brigade.
type Pool struct {
	Card string `json:"card"`
	Why  string `json:"why"`
}

// Mark is what lists are filtered by.
func (s System) Mark() journal.Mark {
	return journal.Mark{State: s.State, Owner: s.Owner, Topic: s.SiteID}
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func (s *Settings) check() error {
	for _, t := range []struct {
		field, what string
		text        *string
		must        bool
		most        int
	}{{"name", "what the badge system is called", &s.Name, true, 120}, {"site", "which site it guards", &s.Site, true, 20}, {"product", "", &s.Product, false, 200}, {"owner", "", &s.Owner, false, 120}} {
		var err error
		if *t.text, err = journal.Line(t.field, *t.text, t.what, t.must, t.most); err != nil {
			return err
		}
	}
	for _, d := range []struct {
		field       string
		days        *int
		usual, most int
	}{{"list_days", &s.ListDays, 31, 400}, {"unused_days", &s.UnusedDays, 90, 730}, {"keep_days", &s.KeepDays, 400, 3660}} {
		if *d.days == 0 {
			*d.days = d.usual
		}
		if *d.days < 1 || *d.days > d.most {
			return bad(d.field, "choose 1 to %d days", d.most)
		}
	}
	return nil
}

// Holder is a badge as a list says it.
type Holder struct {
	Card   string    `json:"card"`
	Name   string    `json:"name,omitempty"`
	Mail   string    `json:"mail,omitempty"`
	Number string    `json:"number,omitempty"` // personnel number
	Active bool      `json:"active"`
	Zones  []string  `json:"zones,omitempty"` // access levels, as the system calls them
	Until  string    `json:"until,omitempty"` // day on which it ends by itself
	Issued time.Time `json:"issued,omitzero"`
	Used   time.Time `json:"last_used,omitzero"`
	Line   int       `json:"-"`
}

// same says whether holder and zones are those of another list.
func (h *Holder) same(o *Holder) (holder, zones bool) {
	return h.Name == o.Name && h.Mail == o.Mail && h.Number == o.Number, slices.Equal(h.Zones, o.Zones)
}

// Reading is a badge at a door.
type Reading struct {
	Card    string    `json:"card"`
	At      time.Time `json:"at"`
	Door    string    `json:"door"`
	Granted bool      `json:"granted"`
}

// Refused is a line that could not be taken.
type Refused struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
	Text string `json:"text,omitempty"` // as it came, cut
}

// What a list is of.
const (
	Holders  = "holders"
	Readings = "readings"
)

// States of a list.
const (
	Taken   = "taken"
	Held    = "held"
	Dropped = "dropped"
)

// List is a list of holders or readings as it was brought.
type List struct {
	System     string    `json:"system"` // bsy_…
	SystemRef  string    `json:"system_ref"`
	Is         string    `json:"is"`  // holders, readings
	Way        string    `json:"way"` // file, api, webhook
	File       string    `json:"file,omitempty"`
	SHA256     string    `json:"sha256"` // of what was brought
	TakenAt    time.Time `json:"taken_at"`
	Lines      int       `json:"lines"`
	Accepted   int       `json:"accepted"`
	Repeated   int       `json:"repeated,omitempty"` // lines that say what another one says, or what was known
	Refused    []Refused `json:"refused,omitempty"`  // the first 200
	Refusals   int       `json:"refused_lines,omitempty"`
	Content    string    `json:"content_digest,omitempty"` // of the holders
	State      string    `json:"state"`
	Held       string    `json:"held,omitempty"` // why
	Counts     Counts    `json:"counts"`
	Changes    string    `json:"changes_digest,omitempty"`
	Decider    string    `json:"decided_by,omitempty"`
	Alone      string    `json:"alone,omitempty"`
	Bringer    string    `json:"brought_by"`
	FirstUse   time.Time `json:"first_reading,omitzero"`
	NewestUse  time.Time `json:"newest_reading,omitzero"`
	NewReading int       `json:"new_readings,omitempty"`
}

// Mark is what lists are filtered by.
func (l List) Mark() journal.Mark { return journal.Mark{State: l.State, Topic: l.System} }

// Counts are what a list of holders changes.
type Counts struct {
	Active  int `json:"active"` // badges that open something after it
	Issued  int `json:"issued"`
	Closed  int `json:"closed"` // are there and inactive now
	Removed int `json:"removed"`
	Opened  int `json:"activated"`
	Changed int `json:"changed"`
	Same    int `json:"same"`
	Lost    int `json:"lost"` // opened something before, and do not any more
}

// States of a card.
const (
	Active   = "active"
	Inactive = "inactive"
	Gone     = "gone"
	Unlisted = "unlisted" // was used, and no list has it
)

// Card is a badge as the newest list says it.
type Card struct {
	ID      int64     `json:"id"`
	System  string    `json:"system"`
	Number  string    `json:"number"`
	State   string    `json:"state"`
	Holder  Holder    `json:"holder"`
	First   time.Time `json:"first_at"`
	Changed time.Time `json:"changed_at"`
	Seen    time.Time `json:"seen_at"`
	Used    time.Time `json:"last_used,omitzero"`
}

// Change is what changed at a badge.
type Change struct {
	List   string    `json:"-"` // bli_…
	Seq    int       `json:"seq"`
	Card   int64     `json:"-"`
	Number string    `json:"card"`
	Kind   string    `json:"kind"` // issued, activated, deactivated, removed, holder, zones
	At     time.Time `json:"at"`
	Before *Holder   `json:"before,omitempty"`
	After  *Holder   `json:"after,omitempty"`
}

// ChangeWords says what kind of change it is.
func ChangeWords(kind string) string {
	return map[string]string{"issued": "issued", "activated": "activated again", "deactivated": "deactivated", "removed": "removed", "holder": "other holder", "zones": "other zones"}[kind]
}

// What says what a change changed.
func (c *Change) What() string {
	zones := func(h *Holder) string {
		if h == nil || len(h.Zones) == 0 {
			return "nothing"
		}
		return strings.Join(h.Zones, ", ")
	}
	switch c.Kind {
	case "zones":
		return "opened " + zones(c.Before) + ", opens " + zones(c.After)
	case "holder":
		return "from " + whose(c.Before) + " to " + whose(c.After)
	case "issued", "activated":
		return "to " + whose(c.After) + ", opens " + zones(c.After)
	}
	return "of " + whose(c.Before)
}

func whose(h *Holder) string {
	switch {
	case h == nil:
		return "nobody"
	case h.Name != "":
		return h.Name
	case h.Mail != "":
		return h.Mail
	case h.Number != "":
		return "number " + h.Number
	}
	return "nobody named"
}

// plan says what a list of holders changes; part where lines of it were refused.
func plan(have map[string]*Card, list []Holder, part bool, at time.Time) (changes []Change, next []Card, n Counts) {
	seen := map[string]bool{}
	for i := range list {
		h := list[i]
		seen[key(h.Card)] = true
		state := Inactive
		if h.Active {
			state = Active
			n.Active++
		}
		old := have[key(h.Card)]
		c := Card{Number: h.Card, State: state, Holder: h, First: at, Changed: at, Seen: at, Used: h.Used}
		if old == nil || old.State == Unlisted {
			if old != nil {
				c.ID, c.First = old.ID, old.First
				c.Used = later(old.Used, c.Used)
			}
			changes = append(changes, Change{Number: h.Card, Card: c.ID, Kind: "issued", At: at, After: &list[i]})
			n.Issued++
			next = append(next, c)
			continue
		}
		c.ID, c.First, c.Changed, c.Used = old.ID, old.First, old.Changed, later(old.Used, c.Used)
		before := old.Holder
		kinds := []string{}
		holder, zones := h.same(&before)
		switch {
		case old.State == Active && state == Inactive:
			kinds, n.Closed, n.Lost = append(kinds, "deactivated"), n.Closed+1, n.Lost+1
		case old.State != Active && state == Active:
			kinds, n.Opened = append(kinds, "activated"), n.Opened+1
		}
		if !holder {
			kinds = append(kinds, "holder")
		}
		if !zones {
			kinds = append(kinds, "zones")
		}
		if !holder || !zones {
			n.Changed++
		}
		if len(kinds) == 0 {
			n.Same++
		} else {
			c.Changed = at
		}
		for _, k := range kinds {
			changes = append(changes, Change{Number: h.Card, Card: c.ID, Kind: k, At: at, Before: &before, After: &list[i]})
		}
		next = append(next, c)
	}
	if part {
		for k, old := range have {
			if !seen[k] && old.State == Active {
				n.Active++
			}
		}
		return changes, next, n
	}
	for _, k := range sorted(have) {
		old := have[k]
		if seen[k] || old.State == Gone || old.State == Unlisted {
			continue
		}
		before, c := old.Holder, *old
		changes = append(changes, Change{Number: old.Number, Card: old.ID, Kind: "removed", At: at, Before: &before})
		n.Removed++
		if old.State == Active {
			n.Lost++
		}
		c.State, c.Changed = Gone, at
		next = append(next, c)
	}
	return changes, next, n
}

// Few is how many badges may close or go at once without asking: a fifth of those
// that open something, and five at least.
func Few(active int) int { return max(5, (active+4)/5) }

// held says why a list is not taken without asking; "" where it is.
func held(have map[string]*Card, n Counts) string {
	active := 0
	for _, c := range have {
		if c.State == Active {
			active++
		}
	}
	if n.Lost > Few(active) {
		return fmt.Sprintf("%d of %d badges that open something would close or go at once; more than %d are asked about", n.Lost, active, Few(active))
	}
	return ""
}

func key(card string) string { return strings.ToLower(card) }

func sorted(m map[string]*Card) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// digestOf commits to a value in its JSON form.
func digestOf(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write what a digest is of: %w", err)
	}
	return sumOf(raw), nil
}

func sumOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
