package raci

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// The kinds of subjects.
const (
	Control = "control"
	Data    = "data"
)

// Subject is what somebody answers for.
type Subject struct {
	Kind     string `json:"kind"` // Control, Data
	Ref      string `json:"ref"`
	Title    string `json:"title"`
	Path     string `json:"path"`
	Proposed Roles  `json:"proposed,omitzero"` // what its own record names
}

// Roles is who does what: ids of users ("usr_…") or roles in words.
type Roles struct {
	Responsible []string `json:"responsible" doc:"Who do it: ids of users, or roles in words." maxItems:"12"`
	Accountable string   `json:"accountable" doc:"The one who answers for it." maxLength:"80"`
	Consulted   []string `json:"consulted,omitempty" doc:"Whose word is asked before." maxItems:"20"`
	Informed    []string `json:"informed,omitempty" doc:"Who hear of it after." maxItems:"20"`
}

// All gives everybody who is named, each once.
func (r *Roles) All() []string {
	all := append([]string{r.Accountable}, slices.Concat(r.Responsible, r.Consulted, r.Informed)...)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}

// IsUser reports whether a name is the id of a user.
func IsUser(name string) bool { return strings.HasPrefix(name, "usr_") }

// Version is what was said at a moment.
type Version struct {
	Roles
	Version int       `json:"version"`
	Note    string    `json:"note,omitempty"`
	MadeAt  time.Time `json:"made_at"`
	MadeBy  string    `json:"made_by"`
	Entry   string    `json:"entry"`
	Index   int64     `json:"index"` // -1: without a position yet
}

// Row is a subject with what holds and what is missing.
type Row struct {
	Subject
	Roles
	Said bool     `json:"said"` // somebody said it; else it is only proposed
	Gaps []string `json:"gaps"`
}

// gaps derives what is missing; here reports whether somebody named is still here.
func gaps(r Roles, said bool, here func(user string) bool) []string {
	out := []string{}
	if !said {
		out = append(out, "nobody said who answers for it")
	}
	switch {
	case r.Accountable == "":
		out = append(out, "nobody is accountable")
	case IsUser(r.Accountable) && !here(r.Accountable):
		out = append(out, "who is accountable has left")
	}
	left := 0
	for _, x := range r.Responsible {
		if IsUser(x) && !here(x) {
			left++
		}
	}
	switch {
	case len(r.Responsible) == 0:
		out = append(out, "nobody is responsible")
	case left == len(r.Responsible):
		out = append(out, "all who are responsible have left")
	case left > 0:
		out = append(out, "some who are responsible have left")
	}
	return out
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// tidy gives roles as they are kept; known reports whether a user may be named.
func (r Roles) tidy(known func(user string) bool) (Roles, error) {
	line := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	one := func(field, s string) (string, error) {
		s = line(s)
		switch {
		case IsUser(s) && !known(s):
			return s, bad(field, "nobody who is here has the id %s", s).WithHint("choose somebody from the list, or write a role in words")
		case !utf8.ValidString(s) || utf8.RuneCountInString(s) > 80:
			return s, bad(field, "a role is said in up to 80 letters")
		}
		return s, nil
	}
	list := func(field string, all []string, most int) ([]string, error) {
		var out []string
		for _, s := range all {
			s, err := one(field, s)
			if err != nil {
				return nil, err
			}
			if s != "" && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, s) }) {
				out = append(out, s)
			}
		}
		if len(out) > most {
			return nil, bad(field, "%d are named; at most %d are kept", len(out), most)
		}
		return out, nil
	}
	var err error
	if strings.ContainsAny(r.Accountable, ",\n") {
		return r, bad("accountable", "exactly one is accountable").WithHint("the others are responsible or consulted")
	}
	if r.Accountable, err = one("accountable", r.Accountable); err != nil {
		return r, err
	}
	if r.Accountable == "" {
		return r, bad("accountable", "say who is accountable").WithHint("exactly one answers for it")
	}
	if r.Responsible, err = list("responsible", r.Responsible, 12); err != nil {
		return r, err
	}
	if len(r.Responsible) == 0 {
		return r, bad("responsible", "say who does it").WithHint("it may be the one who is accountable")
	}
	if r.Consulted, err = list("consulted", r.Consulted, 20); err != nil {
		return r, err
	}
	r.Informed, err = list("informed", r.Informed, 20)
	return r, err
}
