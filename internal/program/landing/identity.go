package landing

import (
	"cmp"
	"slices"
	"strings"
)

// Identity is how a source names somebody.
type Identity struct {
	Name  string `json:"name,omitempty"`
	Mail  string `json:"mail,omitempty"`
	Login string `json:"login,omitempty"` // at the forge
	Bot   bool   `json:"bot,omitempty"`   // the forge says it is a program
	User  string `json:"user,omitempty"`  // "usr_…", of what is said here
}

// Keys gives what an identity is known by. A mail that a forge makes up for
// those who hide theirs is worth what it says: a login.
func (i Identity) Keys() []string {
	var all []string
	if i.User != "" {
		return []string{"user " + i.User}
	}
	if mail := strings.ToLower(strings.TrimSpace(i.Mail)); strings.Contains(mail, "@") {
		all = append(all, "mail "+mail)
		if name, host, _ := strings.Cut(mail, "@"); strings.HasSuffix(host, "noreply.github.com") || strings.Contains(host, "noreply.") {
			if _, login, ok := strings.Cut(name, "+"); ok {
				name = login
			}
			all = append(all, "login "+name)
		}
	}
	if login := strings.ToLower(strings.TrimSpace(i.Login)); login != "" {
		all = append(all, "login "+login)
	}
	return all
}

// Somebody is a person here and what they are known by elsewhere.
type Somebody struct {
	User  string   // "usr_…"
	Keys  []string // "mail ann@example.org", "login ann"
	Label string   // display name
}

// people joins what belongs to one person.
type people struct {
	parent map[string]string
	user   map[string]Somebody // by root
}

func newPeople(known []Somebody) *people {
	p := &people{parent: map[string]string{}, user: map[string]Somebody{}}
	for _, k := range known {
		for _, key := range k.Keys {
			p.join("user "+k.User, key)
		}
	}
	for _, k := range known {
		p.user[p.root("user "+k.User)] = k
	}
	return p
}

func (p *people) root(key string) string {
	for {
		up, ok := p.parent[key]
		if !ok {
			return key
		}
		key = up
	}
}

// join says that two keys are one person. The smaller name leads, so that the
// order of joining does not matter.
func (p *people) join(a, b string) {
	a, b = p.root(a), p.root(b)
	if a == b {
		return
	}
	if b < a {
		a, b = b, a
	}
	p.parent[b] = a
	if k, ok := p.user[b]; ok {
		if _, taken := p.user[a]; !taken {
			p.user[a] = k
		}
		delete(p.user, b)
	}
}

// learn takes what a forge says of somebody.
func (p *people) learn(i Identity) {
	keys := i.Keys()
	for n := 1; n < len(keys); n++ {
		// Two people here are never joined by what a forge says.
		a, b := p.root(keys[0]), p.root(keys[n])
		_, one := p.user[a]
		_, two := p.user[b]
		if !(one && two) {
			p.join(a, b)
		}
	}
}

// who gives the person of an identity; an empty Key where nothing is known.
func (p *people) who(i Identity) Person {
	keys := i.Keys()
	if len(keys) == 0 {
		return Person{Name: strings.TrimSpace(i.Name)}
	}
	for _, key := range keys {
		if k, ok := p.user[p.root(key)]; ok {
			return Person{Key: k.User, Name: k.Label}
		}
	}
	name := strings.TrimSpace(i.Name)
	if name == "" {
		name = cmp.Or(i.Login, i.Mail, i.User)
	}
	if i.User != "" {
		return Person{Key: i.User, Name: name}
	}
	return Person{Key: p.root(keys[0]), Name: name}
}

// same reports whether two are certainly one person.
func (a Person) same(b Person) bool { return a.Key != "" && a.Key == b.Key }

// AddPerson adds somebody who is not in a list yet.
func AddPerson(all []Person, p Person) []Person {
	if p.Key == "" && p.Name == "" || slices.ContainsFunc(all, func(q Person) bool { return q.Key == p.Key && (p.Key != "" || q.Name == p.Name) }) {
		return all
	}
	return append(all, p)
}

func names(all []Person) string {
	parts := make([]string, len(all))
	for i, p := range all {
		if parts[i] = p.Name; parts[i] == "" {
			parts[i] = p.Key
		}
	}
	switch n := len(parts); {
	case n == 0:
		return "nobody known"
	case n > 4:
		return strings.Join(parts[:3], ", ") + " and others"
	case n > 1:
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return parts[0]
}
