package roster

import "strings"

// Owners says whose accounts are, as known at one moment.
type Owners struct {
	People map[string]*Person // without those who are somebody else in the register

	said  map[[2]string]string // place and account, as somebody or a login said
	match Matcher
	mails map[string]string
}

// Owners makes what says whose accounts are; of a nil register nobody's.
func (reg *Register) Owners() *Owners {
	o := &Owners{People: map[string]*Person{}, said: map[[2]string]string{}, mails: map[string]string{}}
	if reg == nil {
		return o
	}
	o.match = reg.Matcher()
	for id, p := range reg.People {
		if p.State == Merged || p.State == "" {
			continue
		}
		o.People[id] = p
		if p.Mail != "" {
			o.mails[p.Mail] = id
		}
	}
	return o
}

// Say notes what was said of an account: only one that is theirs counts.
func (o *Owners) Say(place, account, person, says string) {
	if says == Theirs {
		o.said[[2]string{place, account}] = person
	}
}

// Of gives whose an account is: what somebody said, else its address, else a login
// exactly and alone; "" for nobody's that is known. A name that only looks like
// somebody's is not theirs.
func (o *Owners) Of(place, account, mail string, system bool) string {
	if id := o.said[[2]string{place, account}]; id != "" {
		return id
	}
	if id := o.mails[strings.ToLower(mail)]; id != "" && mail != "" {
		return id
	}
	if ids, _, says := o.match.Of(account, system); says == Theirs {
		return ids[0]
	}
	return ""
}
