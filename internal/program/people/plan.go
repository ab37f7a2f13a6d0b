package people

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

	leftAt time.Time
}

// Leaves reports whether the step lets somebody go, now or on a day that is new.
func (s *Step) Leaves() bool {
	gone := func(st State) bool { return st == Left || st == Leaving }
	return s.Was != "" && !gone(s.Was) && gone(s.Is) || s.Was == Leaving && s.Is == Left && s.After.End == s.Before.End && s.After.End >= s.leftAt.Format(time.DateOnly)
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

	voices []voice // of this source that are new or changed
}

// Empty reports whether nothing changes.
func (p *Plan) Empty() bool { return len(p.Joins)+len(p.Changes)+len(p.Leaves)+len(p.voices) == 0 }

// register is what is known before a reading.
type register struct {
	people  map[string]*Person
	voices  map[string][]voice // by person
	sources map[string]*Source
	order   Order
	apart   map[[2]string]bool // doubts that were decided or asked already
}

func pair(a, b string) [2]string {
	if a > b {
		a, b = b, a
	}
	return [2]string{a, b}
}

// plan says what a reading of a source changes; the reading is whole, or part
// of it where others are to stay as they are. Kind Invalid where the reading
// contradicts itself.
func (reg *register) plan(src *Source, said []Said, part bool, now time.Time) (*Plan, error) {
	if len(said) > MaxPeople {
		return nil, fault.New(fault.Invalid, "%s holds %d people; at most %d are read", src.Name, len(said), MaxPeople)
	}
	p := &Plan{Source: src.ID, Joins: []Step{}, Changes: []Step{}, Leaves: []Step{}, Doubts: []Doubt{}, Problems: []Problem{}}
	mine := map[string]voice{} // by key
	for _, list := range reg.voices {
		for _, v := range list {
			if v.source.ID == src.ID {
				mine[v.key] = v
			}
		}
	}
	known := 0
	for _, v := range mine {
		if v.goneAt.IsZero() {
			known++
		}
	}
	find := reg.finder(src)
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
		v := voice{source: src, key: s.Key, fields: s.Fields, since: now, seenAt: now}
		switch {
		case there:
			v.person, v.goneAt = old.person, old.goneAt
			if s.Gone && v.goneAt.IsZero() {
				v.goneAt = now
			} else if !s.Gone {
				v.goneAt = time.Time{}
			}
			if s.Gone && emptyFields(&s.Fields) {
				v.fields = old.fields
			}
			if len(differ(&v.fields, &old.fields)) == 0 && v.goneAt.Equal(old.goneAt) {
				mine[s.Key] = old
				continue
			}
		case s.Gone && s.Fields.End == "":
			p.Skipped++
			continue
		default:
			id, why := find.match(s.Fields)
			if v.person = id; id == "" {
				v.person = ids.New("per", now)
				reg.people[v.person] = &Person{ID: v.person, Created: now}
				for _, other := range find.alike(s.Fields) {
					if !reg.apart[pair(v.person, other)] {
						p.Doubts = append(p.Doubts, Doubt{v.person, other, why + "the same name, and nothing else that says so"})
					}
				}
			}
			find.add(v.person, s.Fields, true)
			if s.Gone {
				v.goneAt = now
			}
		}
		mine[s.Key] = v
		touched[v.person] = true
		p.voices = append(p.voices, v)
	}
	if !part {
		for _, key := range slices.Sorted(maps.Keys(mine)) {
			if v := mine[key]; !seen[key] && v.goneAt.IsZero() {
				v.goneAt, v.since, v.seenAt = now, now, now
				mine[key] = v
				touched[v.person] = true
				p.voices = append(p.voices, v)
			}
		}
	}
	reg.renew(src.ID, p.voices)
	reg.steps(p, touched, lines, now)
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

func emptyFields(f *Fields) bool { return len(differ(f, &Fields{})) == 0 }

// renew puts what a source says now in the place of what it said.
func (reg *register) renew(source string, voices []voice) {
	at := map[string]voice{}
	for _, v := range voices {
		at[v.key] = v
		list := reg.voices[v.person]
		if i := slices.IndexFunc(list, func(x voice) bool { return x.source.ID == source && x.key == v.key }); i >= 0 {
			list[i] = v
		} else {
			reg.voices[v.person] = append(list, v)
		}
	}
}

// steps compares everybody with what they are made of now. Who is touched by
// the reading is looked at, and who names a manager that is new.
func (reg *register) steps(p *Plan, touched map[string]bool, lines map[string]int, now time.Time) {
	m := reg.managers()
	for _, id := range slices.Sorted(maps.Keys(reg.voices)) {
		person := reg.people[id]
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
	for id, person := range reg.people {
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
func (reg *register) step(m managers, person *Person, now time.Time) (s Step, unknown string) {
	voices := reg.voices[person.ID]
	f, from, gone := resolve(voices, reg.order)
	said := f.Manager
	if f.Manager = m.of(from["manager"], said); f.Manager == "" || f.Manager == person.ID {
		if f.Manager == "" {
			unknown = said
		}
		f.Manager = ""
	}
	leftAt := gone
	if over := endOf(f.End); f.End != "" && !over.After(now) && (leftAt.IsZero() || over.Before(leftAt)) {
		leftAt = over
	}
	if person.State == Left && !leftAt.IsZero() && !person.LeftAt.IsZero() && f.End == person.End {
		leftAt = person.LeftAt // left once
	}
	s = Step{Person: person.ID, Was: person.State, Is: stateOn(&f, leftAt, now), Before: person.Fields, After: f, Fields: differ(&f, &person.Fields), leftAt: leftAt}
	if len(voices) > 0 {
		s.Key = voices[len(voices)-1].key
	}
	return s, unknown
}

// managers finds people by what sources call their managers.
type managers struct {
	byKey  map[[2]string]string // source, key
	byMail map[string]string
}

func (reg *register) managers() managers {
	m := managers{byKey: map[[2]string]string{}, byMail: map[string]string{}}
	for id, list := range reg.voices {
		if p := reg.people[id]; p == nil || p.State == Merged {
			continue
		}
		for _, v := range list {
			m.byKey[[2]string{v.source.ID, v.key}] = id
			if v.fields.Mail != "" {
				m.byMail[v.fields.Mail] = id
			}
			if v.fields.Number != "" {
				m.byKey[[2]string{v.source.ID, "#" + v.fields.Number}] = id
			}
		}
	}
	return m
}

func (m managers) of(source, said string) string {
	if said == "" {
		return ""
	}
	return cmp.Or(m.byKey[[2]string{source, said}], m.byMail[strings.ToLower(said)], m.byKey[[2]string{source, "#" + said}])
}

// finder finds who an entry is by the rules that cannot be wrong, and who it may be.
type finder struct {
	source                   *Source
	byMail, byNumber, byName map[string][]string
	taken                    map[string]bool // people that this source says already
}

func (reg *register) finder(src *Source) *finder {
	f := &finder{source: src, byMail: map[string][]string{}, byNumber: map[string][]string{}, byName: map[string][]string{}, taken: map[string]bool{}}
	for id, list := range reg.voices {
		if p := reg.people[id]; p == nil || p.State == Merged {
			continue
		}
		for _, v := range list {
			f.add(id, v.fields, v.source.ID == src.ID)
		}
	}
	return f
}

func put(m map[string][]string, key, id string) {
	if key != "" && !slices.Contains(m[key], id) {
		m[key] = append(m[key], id)
	}
}

func (f *finder) add(id string, said Fields, mine bool) {
	put(f.byMail, said.Mail, id)
	put(f.byNumber, said.Number, id)
	put(f.byName, plainName(said.Name), id)
	if mine {
		f.taken[id] = true
	}
}

// match gives the one person that has the same personnel number or address and
// that this source does not say already.
func (f *finder) match(said Fields) (id, why string) {
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

// alike gives people who may be the one that an entry says.
func (f *finder) alike(said Fields) []string {
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
