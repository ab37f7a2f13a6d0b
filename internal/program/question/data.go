package question

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Class is how data is classified.
type Class string

// The classes, least guarded first.
const (
	Public       Class = "public"
	Internal     Class = "internal"
	Confidential Class = "confidential"
	Restricted   Class = "restricted"
)

// Classes gives the four.
func Classes() []Class { return []Class{Public, Internal, Confidential, Restricted} }

// What says what a class means.
func (c Class) What() string {
	switch c {
	case Public:
		return "anybody may read it"
	case Internal:
		return "everybody who works here may read it"
	case Confidential:
		return "only who needs it for their work; encrypted where it crosses the boundary"
	case Restricted:
		return "only named people; encrypted at rest and on its way; each access on the record"
	}
	return ""
}

// DataSet is a line of the inventory of data.
type DataSet struct {
	Name           string   `json:"name"`
	Holds          string   `json:"holds,omitempty"` // what it is, in words
	Owner          string   `json:"owner,omitempty"` // who answers for it: a role or a person
	Classification Class    `json:"classification,omitempty"`
	Personal       bool     `json:"personal,omitempty"`
	Retention      string   `json:"retention,omitempty"`
	Lives          []string `json:"lives,omitempty"`  // where it lives
	Moves          []string `json:"moves,omitempty"`  // how it moves
	Access         []Access `json:"access,omitempty"` // who has access
	Retired        bool     `json:"retired,omitempty"`
}

// Lacks gives what nobody has said of a data set yet.
func (d DataSet) Lacks() []string {
	var out []string
	for _, x := range []struct {
		name    string
		missing bool
	}{{"owner", d.Owner == ""}, {"classification", d.Classification == ""}, {"retention", d.Retention == ""}, {"where it lives", len(d.Lives) == 0}, {"how it moves", len(d.Moves) == 0}, {"who has access", len(d.Access) == 0}} {
		if x.missing {
			out = append(out, x.name)
		}
	}
	return out
}

// DataVersion is one version of a data set.
type DataVersion struct {
	DataSet
	Version int    `json:"version"`
	Digest  string `json:"digest"`
	Note    string `json:"note,omitempty"` // what changed and why
	Made    Made   `json:"made"`
}

// Data is a data set with its history, oldest first.
type Data struct {
	ID      string        `json:"id"`
	Number  int           `json:"number"`
	History []DataVersion `json:"history"`
}

// Ref is its short number: D-3.
func (d *Data) Ref() string { return ref(d.Number) }

// Now gives the newest version.
func (d *Data) Now() DataVersion { return d.History[len(d.History)-1] }

// AccessKinds gives the kinds of who has access.
func AccessKinds() []string { return []string{"staff", "support", "vendor", "service"} }

// ParseAccess reads lines "vendor: Hosting Ltd - hypervisor"; a line without a
// kind is of staff.
func ParseAccess(text string) []Access {
	var out []Access
	for _, line := range (Answer{Text: text}).Lines() {
		kind := "staff"
		if before, rest, ok := strings.Cut(line, ":"); ok && slices.Contains(AccessKinds(), strings.ToLower(strings.TrimSpace(before))) {
			kind, line = strings.ToLower(strings.TrimSpace(before)), strings.TrimSpace(rest)
		}
		if line != "" {
			out = append(out, parseAccess(line, kind))
		}
	}
	return out
}

// AccessLines writes access as ParseAccess reads it.
func AccessLines(list []Access) string {
	var out []string
	for _, a := range list {
		line := a.Kind + ": " + a.Who
		if a.Reach != "" {
			line += " - " + a.Reach
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func (d DataSet) tidy() DataSet {
	line := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	d.Name, d.Owner, d.Retention = line(d.Name), line(d.Owner), line(d.Retention)
	d.Holds = strings.TrimSpace(strings.ReplaceAll(d.Holds, "\r\n", "\n"))
	list := func(in []string) []string {
		var out []string
		for _, s := range in {
			if s = line(s); s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		return out
	}
	d.Lives, d.Moves = list(d.Lives), list(d.Moves)
	var access []Access
	for _, a := range d.Access {
		a.Who, a.Reach = line(a.Who), line(a.Reach)
		if a.Kind == "" {
			a.Kind = "staff"
		}
		if a.Who != "" && !slices.Contains(access, a) {
			access = append(access, a)
		}
	}
	d.Access = access
	return d
}

func (d DataSet) check() error {
	all := strings.Join(slices.Concat([]string{d.Name, d.Holds, d.Owner, d.Retention, AccessLines(d.Access)}, d.Lives, d.Moves), "\n")
	switch {
	case !utf8.ValidString(all):
		return bad("name", "the text is not UTF-8")
	case strings.ContainsFunc(all, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return bad("name", "the text holds control characters")
	case utf8.RuneCountInString(d.Name) < 2:
		return bad("name", "say what the data set is called")
	case d.Classification != "" && !slices.Contains(Classes(), d.Classification):
		return bad("classification", "%q is no class", d.Classification).WithHint("the classes are public, internal, confidential, restricted")
	}
	for _, x := range []struct {
		field, text string
		max         int
	}{{"name", d.Name, 120}, {"holds", d.Holds, 2000}, {"owner", d.Owner, 160}, {"retention", d.Retention, 300}} {
		if len(x.text) > x.max {
			return bad(x.field, "the text has %d bytes; at most %d are kept", len(x.text), x.max)
		}
	}
	for field, list := range map[string][]string{"lives": d.Lives, "moves": d.Moves} {
		if len(list) > maxLines {
			return bad(field, "%d lines; at most %d are kept", len(list), maxLines)
		}
		for _, s := range list {
			if len(s) > 300 {
				return bad(field, "a line has %d bytes; at most 300 are kept", len(s))
			}
		}
	}
	if len(d.Access) > maxLines {
		return bad("access", "%d lines; at most %d are kept", len(d.Access), maxLines)
	}
	for _, a := range d.Access {
		if !slices.Contains(AccessKinds(), a.Kind) {
			return bad("access", "%q is no kind of access", a.Kind).WithHint("the kinds are %s", strings.Join(AccessKinds(), ", "))
		}
		if len(a.Who)+len(a.Reach) > 400 {
			return bad("access", "the line about %s is too long", short(a.Who))
		}
	}
	return nil
}

// Population is who has access, over all data sets that are not retired: the first
// population of accounts.
func Population(sets []Data) []Holder {
	var out []Holder
	at := map[string]int{}
	for i := range sets {
		now := sets[i].Now()
		if now.Retired {
			continue
		}
		for _, a := range now.Access {
			key := a.Kind + "\x00" + strings.ToLower(a.Who)
			n, ok := at[key]
			if !ok {
				n = len(out)
				at[key] = n
				out = append(out, Holder{Who: a.Who, Kind: a.Kind})
			}
			h := &out[n]
			if a.Reach != "" && !slices.Contains(h.Reach, a.Reach) {
				h.Reach = append(h.Reach, a.Reach)
			}
			h.Data = append(h.Data, sets[i].Ref())
			if rank := slices.Index(Classes(), now.Classification); rank > slices.Index(Classes(), h.Highest) {
				h.Highest = now.Classification
			}
		}
	}
	return out
}

// Holder is one of the population: somebody or something with access.
type Holder struct {
	Who     string   `json:"who"`
	Kind    string   `json:"kind"`
	Reach   []string `json:"reach"`
	Data    []string `json:"data"`    // D-3
	Highest Class    `json:"highest"` // class of what they reach
}

func (h Holder) String() string { return fmt.Sprintf("%s (%s)", h.Who, h.Kind) }
