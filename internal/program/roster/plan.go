package roster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// MaxPeople bounds a reading.
const MaxPeople = 100_000

// Step is what a reading makes of one person.
type Step struct {
	Person string   `json:"person"` // per_…
	Key    string   `json:"key"`
	Line   int      `json:"line,omitempty"`
	Was    State    `json:"was,omitempty"` // empty: new
	Is     State    `json:"is"`
	Before Fields   `json:"before"`
	After  Fields   `json:"after"`
	Fields []string `json:"fields"` // that change

	LeftAt time.Time `json:"-"`
}

// Leaves reports whether the step lets somebody go, now or on a day that is new.
func (s *Step) Leaves() bool {
	gone := func(st State) bool { return st == Left || st == Leaving }
	return s.Was != "" && !gone(s.Was) && gone(s.Is) || s.Was == Leaving && s.Is == Left && s.After.End == s.Before.End && s.After.End >= s.LeftAt.Format(time.DateOnly)
}

// Kind says what the step is to the person: joined, changed, started, leaving,
// left or returned.
func (s *Step) Kind() string {
	switch {
	case s.Was == "":
		return "joined"
	case s.Is == Left && s.Was != Left:
		return "left"
	case s.Was == Left && s.Is != Left:
		return "returned"
	case s.Is == Leaving && s.Was != Leaving:
		return "leaving"
	case s.Was == Planned && s.Is == Here && len(s.Fields) == 0:
		return "started"
	}
	return "changed"
}

// Problem is what a reading holds that a person should look at.
type Problem struct {
	Line int    `json:"line,omitempty"`
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`
}

// Doubt is two people that may be one.
type Doubt struct {
	Person string `json:"person"` // per_…
	Other  string `json:"other"`
	Why    string `json:"why"`
}

// Plan is what a reading would change.
type Plan struct {
	Source   string    `json:"source"`
	Said     int       `json:"said"`    // entries that are here
	Joins    []Step    `json:"joins"`   // new people
	Changes  []Step    `json:"changes"` // with people who come back
	Leaves   []Step    `json:"leaves"`
	Doubts   []Doubt   `json:"doubts"`
	Problems []Problem `json:"problems"`
	Skipped  int       `json:"skipped"`        // said to have left, and never here
	Bound    int       `json:"bound"`          // most leavers that go through without asking
	Held     string    `json:"held,omitempty"` // why a person has to approve it; empty: nobody has to

	Voices []Voice `json:"-"` // of this source that are new or changed
}

// Empty reports whether nothing changes.
func (p *Plan) Empty() bool { return len(p.Joins)+len(p.Changes)+len(p.Leaves)+len(p.Voices) == 0 }

// Register is what is known before a reading.
type Register struct {
	People  map[string]*Person
	Voices  map[string][]Voice // by person
	Sources map[string]*Source
	Order   Order
	Apart   map[[2]string]bool // doubts that were decided or asked already
}

// Pair gives two ids in one order.
func Pair(a, b string) [2]string {
	if a > b {
		a, b = b, a
	}
	return [2]string{a, b}
}

// Plan says what a reading of a source changes; the reading is whole, or part
// of it where others are to stay as they are. Kind Invalid where the reading
// contradicts itself.
func (reg *Register) Plan(src *Source, said []Said, part bool, now time.Time) (*Plan, error) {
	if len(said) > MaxPeople {
		return nil, fault.New(fault.Invalid, "%s holds %d people; at most %d are read", src.Name, len(said), MaxPeople)
	}
	p := &Plan{Source: src.ID, Joins: []Step{}, Changes: []Step{}, Leaves: []Step{}, Doubts: []Doubt{}, Problems: []Problem{}}
	mine := map[string]Voice{} // by key
	for _, list := range reg.Voices {
		for _, v := range list {
			if v.Source.ID == src.ID {
				mine[v.Key] = v
			}
		}
	}
	known := 0
	for _, v := range mine {
		if v.GoneAt.IsZero() {
			known++
		}
	}
	find := reg.Finder(src)
	lines, seen := map[string]int{}, map[string]bool{}
	touched := map[string]bool{}
	now = now.UTC()
	for _, s := range said {
		if s.Key == "" || len(s.Key) > maxText {
			return nil, fault.New(fault.Invalid, "an entry has no identifier that can be kept").At("", s.Line, "key")
		}
		if seen[s.Key] {
			return nil, fault.New(fault.Invalid, "%q stands in it twice, on lines %d and %d", s.Key, lines[s.Key], s.Line).At("", s.Line, "key").
				WithHint("one entry for each person; the column that tells them apart must not repeat")
		}
		seen[s.Key], lines[s.Key] = true, s.Line
		old, there := mine[s.Key]
		if !s.Gone {
			p.Said++
		}
		v := Voice{Source: src, Key: s.Key, Fields: s.Fields, Since: now, SeenAt: now}
		switch {
		case there:
			v.Person, v.GoneAt = old.Person, old.GoneAt
			if s.Gone && v.GoneAt.IsZero() {
				v.GoneAt = now
			} else if !s.Gone {
				v.GoneAt = time.Time{}
			}
			if s.Gone && emptyFields(&s.Fields) {
				v.Fields = old.Fields
			}
			if len(Differ(&v.Fields, &old.Fields)) == 0 && v.GoneAt.Equal(old.GoneAt) {
				mine[s.Key] = old
				continue
			}
		case s.Gone && s.Fields.End == "":
			p.Skipped++
			continue
		default:
			id, why := find.match(s.Fields)
			if v.Person = id; id == "" {
				v.Person = ids.New("per", now)
				reg.People[v.Person] = &Person{ID: v.Person, Created: now}
				for _, other := range find.Alike(s.Fields) {
					if !reg.Apart[Pair(v.Person, other)] {
						p.Doubts = append(p.Doubts, Doubt{v.Person, other, why + "the same name, and nothing else that says so"})
					}
				}
			}
			find.add(v.Person, s.Fields, true)
			if s.Gone {
				v.GoneAt = now
			}
		}
		mine[s.Key] = v
		touched[v.Person] = true
		p.Voices = append(p.Voices, v)
	}
	if !part {
		for _, key := range slices.Sorted(maps.Keys(mine)) {
			if v := mine[key]; !seen[key] && v.GoneAt.IsZero() {
				v.GoneAt, v.Since, v.SeenAt = now, now, now
				mine[key] = v
				touched[v.Person] = true
				p.Voices = append(p.Voices, v)
			}
		}
	}
	reg.Renew(src.ID, p.Voices)
	reg.Steps(p, touched, lines, now)
	p.Bound = max(src.Least(), (known*src.Percent()+99)/100)
	switch {
	case known > 0 && p.Said == 0 && !part:
		p.Held = "it holds nobody, where it held " + count(known, "person", "people") + " before"
	case len(p.Leaves) > p.Bound:
		p.Held = fmt.Sprintf("%s would leave at once; more than %d are asked about", count(len(p.Leaves), "person", "people"), p.Bound)
	}
	return p, nil
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func emptyFields(f *Fields) bool { return len(Differ(f, &Fields{})) == 0 }

// Renew puts what a source says now in the place of what it said.
func (reg *Register) Renew(source string, voices []Voice) {
	at := map[string]Voice{}
	for _, v := range voices {
		at[v.Key] = v
		list := reg.Voices[v.Person]
		if i := slices.IndexFunc(list, func(x Voice) bool { return x.Source.ID == source && x.Key == v.Key }); i >= 0 {
			list[i] = v
		} else {
			reg.Voices[v.Person] = append(list, v)
		}
	}
}

// Steps compares everybody with what they are made of now. Who is touched by
// the reading is looked at, and who names a manager that is new.
func (reg *Register) Steps(p *Plan, touched map[string]bool, lines map[string]int, now time.Time) {
	m := reg.Managers()
	for _, id := range slices.Sorted(maps.Keys(reg.Voices)) {
		person := reg.People[id]
		if person == nil || person.State == Merged {
			continue
		}
		s, unknown := reg.step(m, person, now)
		if touched[id] && unknown != "" {
			p.Problems = append(p.Problems, Problem{Line: lines[s.Key], Key: s.Key, Text: fmt.Sprintf("%s names a manager who is not known here: %s", s.After.Name, unknown)})
		}
		if person.State != "" && len(s.Fields) == 0 && s.Was == s.Is && !touched[id] {
			continue
		}
		s.Line = lines[s.Key]
		switch {
		case s.Was == "":
			p.Joins = append(p.Joins, s)
		case s.Leaves():
			p.Leaves = append(p.Leaves, s)
		case len(s.Fields) > 0 || s.Was != s.Is:
			p.Changes = append(p.Changes, s)
		}
	}
	after := map[string]string{}
	names := map[string]string{}
	for id, person := range reg.People {
		if person.State != Merged {
			after[id], names[id] = person.Manager, person.Name
		}
	}
	for _, list := range [][]Step{p.Joins, p.Changes, p.Leaves} {
		for _, s := range list {
			after[s.Person], names[s.Person] = s.After.Manager, s.After.Name
		}
	}
	for _, ring := range Rings(after) {
		all := make([]string, len(ring))
		for i, id := range ring {
			all[i] = names[id]
		}
		p.Problems = append(p.Problems, Problem{Text: "circular managers: " + strings.Join(append(all, all[0]), " → ")})
	}
	slices.SortStableFunc(p.Problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}

// step gives what somebody is now against what they were.
func (reg *Register) step(m Managers, person *Person, now time.Time) (s Step, unknown string) {
	voices := reg.Voices[person.ID]
	f, from, gone := Resolve(voices, reg.Order)
	said := f.Manager
	if f.Manager = m.Of(from["manager"], said); f.Manager == "" || f.Manager == person.ID {
		if f.Manager == "" {
			unknown = said
		}
		f.Manager = ""
	}
	leftAt := gone
	if over := EndOf(f.End); f.End != "" && !over.After(now) && (leftAt.IsZero() || over.Before(leftAt)) {
		leftAt = over
	}
	if person.State == Left && !leftAt.IsZero() && !person.LeftAt.IsZero() && f.End == person.End {
		leftAt = person.LeftAt // left once
	}
	s = Step{Person: person.ID, Was: person.State, Is: stateOn(&f, leftAt, now), Before: person.Fields, After: f, Fields: Differ(&f, &person.Fields), LeftAt: leftAt}
	if len(voices) > 0 {
		s.Key = voices[len(voices)-1].Key
	}
	return s, unknown
}

// Managers finds people by what sources call their managers.
type Managers struct {
	byKey  map[[2]string]string // source, key
	byMail map[string]string
}

// Managers makes it.
func (reg *Register) Managers() Managers {
	m := Managers{byKey: map[[2]string]string{}, byMail: map[string]string{}}
	for id, list := range reg.Voices {
		if p := reg.People[id]; p == nil || p.State == Merged {
			continue
		}
		for _, v := range list {
			m.byKey[[2]string{v.Source.ID, v.Key}] = id
			if v.Fields.Mail != "" {
				m.byMail[v.Fields.Mail] = id
			}
			if v.Fields.Number != "" {
				m.byKey[[2]string{v.Source.ID, "#" + v.Fields.Number}] = id
			}
		}
	}
	return m
}

// Of gives the person that a source calls a manager; "" is nobody who is known.
func (m Managers) Of(source, said string) string {
	if said == "" {
		return ""
	}
	return cmp.Or(m.byKey[[2]string{source, said}], m.byMail[strings.ToLower(said)], m.byKey[[2]string{source, "#" + said}])
}

// Finder finds who an entry is by the rules that cannot be wrong, and who it may be.
type Finder struct {
	source                   *Source
	byMail, byNumber, byName map[string][]string
	taken                    map[string]bool // people that this source says already
}

// Finder makes it, for entries of a source.
func (reg *Register) Finder(src *Source) *Finder {
	f := &Finder{source: src, byMail: map[string][]string{}, byNumber: map[string][]string{}, byName: map[string][]string{}, taken: map[string]bool{}}
	for id, list := range reg.Voices {
		if p := reg.People[id]; p == nil || p.State == Merged {
			continue
		}
		for _, v := range list {
			f.add(id, v.Fields, v.Source.ID == src.ID)
		}
	}
	return f
}

func put(m map[string][]string, key, id string) {
	if key != "" && !slices.Contains(m[key], id) {
		m[key] = append(m[key], id)
	}
}

func (f *Finder) add(id string, said Fields, mine bool) {
	put(f.byMail, said.Mail, id)
	put(f.byNumber, said.Number, id)
	put(f.byName, plainName(said.Name), id)
	if mine {
		f.taken[id] = true
	}
}

// Same gives people who have the number or the address of an entry.
func (f *Finder) Same(said Fields) []string {
	return append(slices.Clone(f.byMail[said.Mail]), f.byNumber[said.Number]...)
}

// match gives the one person that has the same personnel number or address and
// that this source does not say already.
func (f *Finder) match(said Fields) (id, why string) {
	for _, by := range []struct {
		list []string
		what string
	}{{f.byNumber[said.Number], "number"}, {f.byMail[said.Mail], "address"}} {
		if len(by.list) == 1 && !f.taken[by.list[0]] {
			return by.list[0], ""
		}
		if len(by.list) > 0 {
			why = "the same " + by.what + "; "
		}
	}
	return "", why
}

// Alike gives people who may be the one that an entry says.
func (f *Finder) Alike(said Fields) []string {
	var all []string
	for _, list := range [][]string{f.byNumber[said.Number], f.byMail[said.Mail], f.byName[plainName(said.Name)]} {
		for _, id := range list {
			if !slices.Contains(all, id) && len(all) < 5 {
				all = append(all, id)
			}
		}
	}
	slices.Sort(all)
	return all
}

var accents = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e", "ê", "e", "á", "a", "à", "a", "â", "a", "ó", "o", "ò", "o", "ô", "o", "ú", "u", "ù", "u", "í", "i",
	"ì", "i", "ñ", "n", "ç", "c", "å", "a", "ø", "o", "æ", "ae", "ł", "l", "š", "s", "ž", "z", "č", "c", "ć", "c", "ř", "r", "ě", "e", "ý", "y")

// plainName gives a name without case, accents and order: "Doyle, Maeve" is "doyle maeve".
func plainName(name string) string {
	words := strings.FieldsFunc(accents.Replace(strings.ToLower(name)), func(r rune) bool { return r == ' ' || r == ',' || r == '.' || r == '-' || r == '\'' || r == '’' })
	slices.Sort(words)
	return strings.Join(words, " ")
}
