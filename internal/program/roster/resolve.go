package roster

import (
	"cmp"
	"slices"
	"time"
)

// Said is what a source says of one entry.
type Said struct {
	Key    string `json:"key"`            // how the source calls it; stable
	Fields Fields `json:"fields"`         // as tidied; Manager is a key of this source, or an address
	Gone   bool   `json:"gone,omitempty"` // the source keeps the entry and says that they are no longer here
	Line   int    `json:"line,omitempty"` // of a file
}

// Voice is what one source says of one person now.
type Voice struct {
	Source *Source
	Person string // per_…
	Key    string
	Fields Fields // Manager as the source says it; plan resolves it
	GoneAt time.Time
	Since  time.Time
	SeenAt time.Time
}

// Order is whose word counts first: places of sources by field. A field that is
// not named goes by the places of the sources themselves.
type Order map[string][]string // field → source ids, the first counts first

// Resolve makes one person of what the sources say: for each field the first
// source in the field's order that says anything. Logins are those of all
// sources together. Employment is the word of the first source that has ever
// said the person: when it says them no more they have left, whatever a weaker
// source still says; a source of kind Hand only adds to the others.
func Resolve(voices []Voice, order Order) (f Fields, from map[string]string, leftAt time.Time) {
	from = map[string]string{}
	for _, name := range fieldNames {
		for _, v := range inOrder(voices, order[name]) {
			if name == "logins" {
				for _, l := range v.Fields.Logins {
					if !slices.Contains(f.Logins, l) {
						f.Logins = append(f.Logins, l)
						from[name] = cmp.Or(from[name], v.Source.ID)
					}
				}
				continue
			}
			if v.Fields.Text(name) != "" {
				f.set(name, &v.Fields)
				from[name] = v.Source.ID
				break
			}
		}
	}
	slices.Sort(f.Logins)
	if f.Kind == "" {
		f.Kind = Employee
	}
	ruling := inOrder(voices, order["end"])
	if i := slices.IndexFunc(ruling, func(v Voice) bool { return v.Source.Kind != Hand }); i >= 0 {
		return f, from, ruling[i].GoneAt
	}
	if len(ruling) > 0 {
		return f, from, ruling[0].GoneAt
	}
	return f, from, time.Time{}
}

// inOrder gives voices by the order of a field, else by the places of their
// sources; within a source the one that is still said first.
func inOrder(voices []Voice, first []string) []Voice {
	out := slices.Clone(voices)
	rank := func(v Voice) int {
		if i := slices.Index(first, v.Source.ID); i >= 0 {
			return i
		}
		return len(first) + v.Source.Place
	}
	slices.SortStableFunc(out, func(a, b Voice) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(boolInt(!a.GoneAt.IsZero()), boolInt(!b.GoneAt.IsZero())), cmp.Compare(a.Key, b.Key))
	})
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
