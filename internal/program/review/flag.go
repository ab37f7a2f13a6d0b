package review

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Flags of an item.
const (
	Leaver     = "leaver"         // the holder has left
	Leaving    = "leaving"        // the holder's last day is known
	Nobody     = "no_person"      // nobody is known whose it is
	Duties     = "duties"         // the holder has another access that does not go with it
	Unused     = "unused"         // not used for long, or never
	Again      = "revoked_before" // was to go after the last review
	Privileged = "privileged"     // may do everything, or give rights
)

// Flags gives each with its words, gravest first.
func Flags() [][2]string {
	return [][2]string{{Leaver, "has left"}, {Again, "was to be revoked"}, {Duties, "conflicting duties"}, {Nobody, "nobody's account"}, {Unused, "not used"}, {Leaving, "is leaving"}, {Privileged, "privileged"}}
}

// FlagWords gives a flag as people read it.
func FlagWords(flag string) string {
	for _, f := range Flags() {
		if f[0] == flag {
			return f[1]
		}
	}
	return flag
}

// needsReason reports whether access with a flag is kept only with a reason.
func needsReason(flag string) bool { return flag != Privileged && flag != Leaving }

// Last is what the campaign before had of an access.
type last struct {
	detail, person, decision, request string
	gone                              bool // it was shown to be gone
}

// flagging is what items are flagged with.
type flagging struct {
	now      time.Time
	unused   int // days
	rules    []Duty
	register *Register
	before   map[key]last
	compared map[string]bool // by place: the campaign before observed it
	users    map[string]User // by usr_…
}

// User is somebody with an account in Attesta.
type User struct {
	ID, Name string
	Reviews  bool // may decide
	Disabled bool
}

// items makes the items of a campaign: whose each is, its flags, and what changed.
func (f *flagging) items(parts []Part) []Item {
	all := ordered(parts)
	out := make([]Item, len(all))
	held := map[string][]int{} // items by whose they are
	for i, g := range all {
		x := &out[i]
		*x = Item{Seq: i + 1, Place: g.part.Place, Part: g.part.Part, Kind: g.part.Kind, PlaceName: g.part.Name, Account: g.Account, Role: g.Role, Detail: g.Detail, Privileged: g.Privileged,
			Holder: g.User, PersonName: g.Name, LastUsed: g.LastUsed, GrantedAt: g.GrantedAt, GrantedBy: g.GrantedBy, Request: g.Request, Flags: []string{}}
		who := f.register.of(g.part.Place, g.Grant)
		if who != nil {
			x.Person, x.PersonName = who.ID, who.Name
			if x.Holder == "" {
				x.Holder = who.User
			}
			if m, ok := f.register.People[who.Manager]; ok {
				x.Manager = m.Name
			}
			switch who.State {
			case "left":
				x.Flags = append(x.Flags, Leaver)
			case "leaving":
				x.Flags = append(x.Flags, Leaving)
			}
		}
		if u, ok := f.users[x.Holder]; ok && x.PersonName == "" {
			x.PersonName = u.Name
		}
		if x.Person == "" && x.Holder == "" {
			x.Flags = append(x.Flags, Nobody)
		}
		if g.Privileged {
			x.Flags = append(x.Flags, Privileged)
		}
		since := g.LastUsed
		if since.IsZero() {
			since = g.GrantedAt // a source that says when it was given, and no use since, says that it was never used
		}
		if f.unused > 0 && says(g.part) && !since.IsZero() && f.now.Sub(since) > time.Duration(f.unused)*24*time.Hour {
			x.Flags = append(x.Flags, Unused)
		}
		f.compare(x, g)
		if w := whose(x); w != "" {
			held[w] = append(held[w], i)
		}
	}
	for _, list := range held {
		f.duties(out, list)
	}
	for i := range out {
		slices.SortFunc(out[i].Flags, func(a, b string) int { return rank(a) - rank(b) })
	}
	return out
}

// says reports whether the source tells of use at all.
func says(p *Part) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return !g.LastUsed.IsZero() })
}

func rank(flag string) int {
	return slices.IndexFunc(Flags(), func(f [2]string) bool { return f[0] == flag })
}

// whose gives under which name an item is somebody's.
func whose(x *Item) string {
	if x.Person != "" {
		return x.Person
	}
	return x.Holder
}

// compare says what changed since the campaign before.
func (f *flagging) compare(x *Item, g placed) {
	if !f.compared[g.part.Place+" "+g.part.Part] {
		return
	}
	was, there := f.before[g.key()]
	switch {
	case !there:
		x.Changed = "new"
		return
	case was.detail != x.Detail || was.person != whose(x):
		x.Changed = "changed"
	default:
		x.Changed = "same"
	}
	x.Before = was.decision
	if x.Request == "" {
		x.Request = was.request
	}
	if (was.decision == Revoke || was.decision == Change) && !was.gone {
		x.Flags = append(x.Flags, Again)
	}
}

// duties flags what one holder should not have together.
func (f *flagging) duties(items []Item, mine []int) {
	for _, rule := range f.rules {
		var a, b []int
		for _, i := range mine {
			if rule.A.fits(&items[i]) {
				a = append(a, i)
			}
			if rule.B.fits(&items[i]) {
				b = append(b, i)
			}
		}
		if len(a) == 0 || len(b) == 0 || len(a) == 1 && slices.Equal(a, b) {
			continue
		}
		mark := func(list, others []int) {
			for _, i := range list {
				x := &items[i]
				at := slices.IndexFunc(others, func(j int) bool { return j != i })
				if at < 0 {
					continue
				}
				o := items[others[at]]
				words := fmt.Sprintf("%s: with %s as %s on %s", rule.Title, o.Role, o.Account, o.PlaceName)
				if !x.Has(Duties) {
					x.Flags = append(x.Flags, Duties)
				}
				if !strings.Contains(x.Duties, rule.Title+":") {
					x.Duties = strings.TrimPrefix(x.Duties+"; "+words, "; ")
				}
			}
		}
		mark(a, b)
		mark(b, a)
	}
}

// reviewing says who reviews what.
type reviewing struct {
	set      New // Reviewer and Other are users' ids
	users    map[string]User
	register *Register
	owners   map[string]string // of places, as users' ids
}

// of gives who reviews an item: "" where nobody who was named may.
func (r *reviewing) of(x *Item) string {
	var first string
	switch r.set.Mode {
	case ByManager:
		if p, ok := r.register.person(x.Person); ok {
			if m, ok := r.register.person(p.Manager); ok {
				first = m.User
			}
		}
	case ByOwner:
		first = r.owners[x.Place]
	}
	for _, u := range []string{first, r.set.Reviewer, r.set.Other} {
		if u != "" && r.users[u].Reviews && !r.users[u].Disabled && u != x.Holder && (r.set.OwnGrant || u != x.GrantedBy) {
			return u
		}
	}
	return ""
}

func (r *Register) person(id string) (Person, bool) {
	if r == nil {
		return Person{}, false
	}
	p, ok := r.People[id]
	return p, ok
}
