package roster

import (
	"strings"
	"unicode/utf8"
)

// Whose an account is.
const (
	Theirs    = "theirs"
	Asked     = "asked" // it may be theirs: a person says
	NotTheirs = "not_theirs"
)

// Matcher finds people by names of accounts.
type Matcher struct {
	login map[string][]string // exactly what a source calls their account
	maybe map[string][]string // what is usually made of their address or name
}

// Matcher makes what finds people by names of accounts.
func (reg *Register) Matcher() Matcher {
	m := Matcher{login: map[string][]string{}, maybe: map[string][]string{}}
	for id, p := range reg.People {
		if p.State == Merged || p.State == "" {
			continue
		}
		for _, l := range p.Logins {
			put(m.login, l, id)
		}
		local, _, _ := strings.Cut(p.Mail, "@")
		put(m.maybe, local, id)
		words := strings.Fields(accents.Replace(strings.ToLower(p.Name)))
		if p.Kind == ServiceID || len(words) < 2 {
			continue
		}
		first, last := words[0], words[len(words)-1]
		r, n := utf8.DecodeRuneInString(first)
		if r == utf8.RuneError || n == 0 {
			continue
		}
		for _, form := range []string{first + "." + last, first + last, first[:n] + last, first[:n] + "." + last, last + first[:n], first + "_" + last} {
			if len(form) > 4 {
				put(m.maybe, form, id)
			}
		}
	}
	return m
}

// Of gives whose an account is: by a login exactly and alone, else who may be
// asked about. Of a system account only the login counts.
func (m Matcher) Of(name string, system bool) (ids []string, rule, says string) {
	name = strings.ToLower(name)
	switch owners := m.login[name]; {
	case len(owners) == 1:
		return owners, "login", Theirs
	case len(owners) > 1:
		return owners, "login", Asked
	case system:
		return nil, "", ""
	}
	return m.maybe[name], "name", Asked
}
