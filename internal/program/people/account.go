package people

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/roster"
)

// AccessCheck is the name under which a leaver's account that is still there is
// a finding; the attribute is the account.
const AccessCheck = "people/leaver-access"

// Attesta is the place of accounts in Attesta itself.
const Attesta = "attesta"

// States of an account.
const (
	Present    = "present"    // it is there and lets somebody in
	Closed     = "closed"     // it is there and lets nobody in
	Gone       = "gone"       // it is not there
	Unobserved = "unobserved" // nothing can be said now
)

// Account is an account that is, was, or may be a person's.
type Account struct {
	ID         string    `json:"id"` // pac_…
	Person     string    `json:"person"`
	Place      string    `json:"place"` // hst_…, dbs_…, attesta, bsy_…
	PlaceName  string    `json:"place_name"`
	Source     string    `json:"-"`
	Population string    `json:"population,omitempty"`
	Name       string    `json:"name"`
	Rule       string    `json:"rule"` // login, mail, name, hand, holder
	Says       string    `json:"says"`
	State      string    `json:"state"`
	Reason     string    `json:"reason,omitempty"`
	FirstAt    time.Time `json:"first_at"`
	ChangedAt  time.Time `json:"changed_at"`
	SeenAt     time.Time `json:"seen_at"`
	Failing    bool      `json:"failing,omitempty"` // a finding is open about it
	Finding    string    `json:"finding,omitempty"` // F-12; only where it was asked for
	Entry      string    `json:"entry"`
}

// read is what was last read of a place.
type read struct {
	host.Accounts
	by map[string]host.Account
}

// Prove looks for people's accounts in what hosts and databases last said, and
// gives how many rows changed. What has not changed since the last look costs little.
func (s *Service) Prove(ctx context.Context) (int, error) {
	if s.cfg.Hosts == nil {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.everywhere(ctx, func(id, digest string) bool { return s.places[id].by != nil && s.places[id].Digest == digest })
	if err != nil {
		return 0, err
	}
	q := s.cfg.DB.Reader()
	mark, err := peopleMark(ctx, q)
	if err != nil {
		return 0, err
	}
	changed := map[string]bool{}
	there := map[string]bool{}
	for _, a := range all {
		old, known := s.places[a.ID]
		there[a.ID] = true
		now := read{a, old.by}
		if a.All != nil {
			now.by = make(map[string]host.Account, len(a.All))
			for _, x := range a.All {
				now.by[x.Name] = x
			}
			now.All = nil
		}
		if !known || old.Digest != a.Digest || old.Why != a.Why || old.Name != a.Name {
			changed[a.ID] = true
		}
		s.places[a.ID] = now
	}
	for id := range s.places {
		if !there[id] {
			delete(s.places, id)
			changed[id] = true
		}
	}
	now := s.cfg.Clock()
	everything := mark != s.mark
	due, err := accountsDue(ctx, q, now)
	if err != nil || !everything && len(changed) == 0 && !due {
		return 0, err
	}
	n := 0
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		reg, err := load(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := accountsOf(ctx, tx, "")
		if err != nil {
			return err
		}
		byPlace := map[string]map[[2]string]*Account{}
		for i := range rows {
			r := &rows[i]
			if byPlace[r.Place] == nil {
				byPlace[r.Place] = map[[2]string]*Account{}
			}
			byPlace[r.Place][[2]string{r.Person, r.Name}] = r
		}
		m := reg.Matcher()
		for _, id := range sortedKeys(s.places, byPlace) {
			if id == Attesta {
				continue
			}
			k, err := s.prove(ctx, tx, reg, m, id, byPlace[id], now)
			if err != nil {
				return err
			}
			n += k
		}
		for _, r := range byPlace[Attesta] { // kept open for want of another administrator
			if p := reg.People[r.Person]; r.State == Present && p != nil && p.State == Left {
				if err := s.endAccess(ctx, tx, p, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		s.places, s.mark = map[string]read{}, "" // look at everything again
		return n, err
	}
	s.mark = mark
	if n > 0 {
		s.cfg.Ledger.Wake()
	}
	return n, nil
}

// everywhere gives what hosts and databases last said, and badges as accounts.
func (s *Service) everywhere(ctx context.Context, fresh func(id, digest string) bool) ([]host.Accounts, error) {
	all, err := s.cfg.Hosts.Accounts(ctx, fresh)
	if err != nil || s.cfg.Badges == nil {
		return all, err
	}
	badges, err := s.cfg.Badges(ctx)
	return append(all, badges...), err
}

// lastSeen says when accounts were last looked for: rows say when that changed
// something, and what was read since stands in what is held of places.
func (s *Service) lastSeen(all []Account) {
	if !s.mu.TryLock() { // it is being looked right now, and a page does not wait for that
		return
	}
	defer s.mu.Unlock()
	for i := range all {
		if at, there := s.places[all[i].Place]; there && at.Why == "" {
			all[i].SeenAt = maxTime(all[i].SeenAt, at.Until)
		}
	}
}

func sortedKeys(a map[string]read, b map[string]map[[2]string]*Account) []string {
	var out []string
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		out = append(out, k)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// prove holds the rows of one place against what was read there.
func (s *Service) prove(ctx context.Context, tx *sql.Tx, reg *register, m roster.Matcher, place string, rows map[[2]string]*Account, now time.Time) (n int, err error) {
	at, there := s.places[place]
	if !there {
		at.Why = "it left the population: nothing is read of it any more"
	}
	for _, key := range keysOf(rows) {
		r := rows[key]
		person := reg.People[r.Person]
		if person == nil || person.State == Merged {
			continue
		}
		k, err := s.observe(ctx, tx, person, r, at, there, now)
		if err != nil {
			return n, err
		}
		n += k
	}
	for _, name := range namesOf(at.by) {
		a := at.by[name]
		owners, rule, says := m.Of(a.Name, a.System)
		if a.Holder != "" {
			owners, rule, says = []string{a.Holder}, "holder", Asked
			if a.Sure {
				says = Theirs
			}
		}
		for _, id := range owners {
			if rows[[2]string{id, name}] != nil || reg.People[id] == nil {
				continue
			}
			if says == Asked && slices.ContainsFunc(keysOf(rows), func(k [2]string) bool { return k[1] == name && rows[k].Says == Theirs }) {
				continue // it is somebody's
			}
			r := &Account{ID: ids.New("pac", now), Person: id, Place: place, PlaceName: at.Name, Source: at.Source, Population: at.Population, Name: name, Rule: rule, Says: says,
				State: Present, FirstAt: at.From, ChangedAt: at.From, SeenAt: at.Until}
			if !a.Open {
				r.State, r.Reason = Closed, a.Why
			}
			if r.Entry, err = s.accountEvent(ctx, tx, access.System(), "account_found", r, r.ChangedAt); err != nil {
				return n, err
			}
			if err := saveAccount(ctx, tx, r, true); err != nil {
				return n, err
			}
			n++
			if _, err := s.judge(ctx, tx, reg.People[id], r, at, there, now); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func keysOf(rows map[[2]string]*Account) [][2]string {
	out := make([][2]string, 0, len(rows))
	for k := range rows {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b [2]string) int { return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1])) })
	return out
}

func namesOf(by map[string]host.Account) []string {
	out := make([]string, 0, len(by))
	for k := range by {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (s *Service) accountEvent(ctx context.Context, tx *sql.Tx, p access.Principal, kind string, r *Account, valid time.Time) (string, error) {
	return s.event(ctx, tx, p, r.Person, kind, valid, map[string]any{"account": r.ID, "place": r.Place, "rule": r.Rule, "says": r.Says, "state": r.State},
		map[string]string{"name": r.Name, "place_name": r.PlaceName, "reason": r.Reason})
}

// observe gives one account the state that was read.
func (s *Service) observe(ctx context.Context, tx *sql.Tx, person *Person, r *Account, at read, there bool, now time.Time) (int, error) {
	state, reason := r.State, r.Reason
	a, found := at.by[r.Name]
	switch {
	case at.Why != "":
		if person.State == Left && r.State != Gone && r.State != Closed {
			state, reason = Unobserved, at.Why
		}
	case !found:
		state, reason = Gone, ""
	case !a.Open:
		state, reason = Closed, a.Why
	default:
		state, reason = Present, ""
	}
	changes := 0
	if state != r.State || reason != r.Reason {
		since := at.From
		if state == Unobserved || since.Before(r.ChangedAt) {
			since = now
			if state != Unobserved {
				since = maxTime(r.ChangedAt, minTime(at.Until, now))
			}
		}
		r.State, r.Reason, r.ChangedAt = state, reason, since
		if there {
			r.PlaceName = at.Name
		}
		r.SeenAt = maxTime(r.SeenAt, at.Until)
		var err error
		if r.Entry, err = s.accountEvent(ctx, tx, access.System(), "account_"+state, r, since); err != nil {
			return 0, err
		}
		if err := saveAccount(ctx, tx, r, false); err != nil {
			return 0, err
		}
		changes = 1
	}
	k, err := s.judge(ctx, tx, person, r, at, there, now)
	return changes + k, err
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// judge opens a finding about a leaver's account that is still there after the
// grace, and closes it when an observation says that it is gone.
func (s *Service) judge(ctx context.Context, tx *sql.Tx, person *Person, r *Account, at read, there bool, now time.Time) (int, error) {
	if s.cfg.Findings == nil || r.Place == Attesta {
		return 0, nil
	}
	c := outcome.Change{Check: AccessCheck, Attribute: r.ID, From: r.ChangedAt}
	// A list that was taken before somebody left cannot say that they kept anything.
	late := person.State == Left && !now.Before(person.Deadline()) && !at.Until.Before(person.LeftAt)
	var gone finding.Cause
	was := r.Failing
	switch {
	case late && r.Says == Theirs && r.State == Present && !r.Failing:
		c.Is, c.From, r.Failing = outcome.Fail, maxTime(r.ChangedAt, person.Deadline()), true
		c.Reason = fmt.Sprintf("%s was there when %s was last read, %s after the last day", r.Name, at.Name, hours(maxTime(at.Until, c.From).Sub(person.LeftAt)))
	case !r.Failing:
		return 0, nil
	case r.State == Gone || r.State == Closed:
		c.Is, c.Reason, r.Failing = outcome.Pass, cmp.Or(r.Reason, "the account is gone"), false
	case r.Says != Theirs:
		c.Is, c.Reason, c.From, r.Failing = outcome.NotApplicable, "a person said that the account is somebody else's", now, false
	case person.State != Left:
		c.Is, c.Reason, c.From, r.Failing = outcome.NotApplicable, "the person is here again", now, false
	case !there:
		c.Is, c.Reason, c.From, gone = outcome.Gone, at.Why, now, finding.Vanished
	default:
		return 0, nil
	}
	_, err := s.cfg.Findings.Apply(ctx, tx, finding.Input{Item: outcome.Item{ID: r.Place, Population: r.Population, Source: r.Source, Name: r.PlaceName}, Actor: "system", ValidAt: c.From,
		Changes: []outcome.Change{c}, Gone: gone, About: func(string, string) finding.About {
			return finding.About{Title: fmt.Sprintf("The account %s of %s, who has left, is gone", r.Name, person.Name), Severity: "high"}
		}})
	if err != nil || was == r.Failing {
		return 0, err
	}
	return 1, saveAccount(ctx, tx, r, false)
}

func hours(d time.Duration) string {
	if h := int(d / time.Hour); h != 1 {
		return fmt.Sprintf("%d hours", h)
	}
	return "1 hour"
}

// endAccess ends what lets a leaver into Attesta itself.
func (s *Service) endAccess(ctx context.Context, tx *sql.Tx, person *Person, now time.Time) error {
	if person.UserID == "" {
		return nil
	}
	login, err := loginOf(ctx, tx, person.UserID)
	if err != nil || login == "" {
		return err
	}
	have, err := accountsOf(ctx, tx, person.ID)
	if err != nil {
		return err
	}
	r := &Account{ID: ids.New("pac", now), Person: person.ID, Place: Attesta, PlaceName: "Attesta", Population: Attesta, Name: login, Rule: "login", Says: Theirs, FirstAt: now}
	i := slices.IndexFunc(have, func(a Account) bool { return a.Place == Attesta })
	if i >= 0 {
		r = &have[i]
	}
	was, err := s.cfg.Access.CloseLeaver(ctx, tx, person.UserID)
	if err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	state, reason := Closed, "sessions, tokens and links ended, and it lets nobody in"
	if err != nil {
		state, reason = Present, "it stays open: it is that of the last administrator"
	} else if !was && i >= 0 && r.State == Closed {
		return nil
	} else if !was {
		reason = "it was closed already"
	}
	if r.State == state && r.Reason == reason {
		return nil
	}
	r.State, r.Reason, r.ChangedAt, r.SeenAt = state, reason, now, now
	if r.Entry, err = s.accountEvent(ctx, tx, access.System(), "access_ended", r, now); err != nil {
		return err
	}
	return saveAccount(ctx, tx, r, i < 0)
}

// Say answers whose an account is (people.edit).
func (s *Service) Say(ctx context.Context, p access.Principal, account string, theirs bool) error {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return err
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := accountByID(ctx, tx, account)
		if err != nil {
			return err
		}
		says := NotTheirs
		if theirs {
			says = Theirs
		}
		if r.Says == says {
			return fault.New(fault.Conflict, "somebody said so already")
		}
		if r.Place == Attesta {
			return fault.New(fault.Conflict, "whose an account of Attesta is, its address says")
		}
		person, err := personByID(ctx, tx, r.Person)
		if err != nil {
			return err
		}
		if person.UserID == p.UserID && !theirs { // nobody disowns an account alone
			return fault.New(fault.Forbidden, "somebody else says that an account is not yours")
		}
		r.Says = says
		if r.Entry, err = s.accountEvent(ctx, tx, p, "account_said", r, s.cfg.Clock()); err != nil {
			return err
		}
		return saveAccount(ctx, tx, r, false)
	})
	return s.again(ctx, err)
}

// Map says that an account of a host or database is a person's, whatever it is
// called (people.edit).
func (s *Service) Map(ctx context.Context, p access.Principal, personID, place, name string) error {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return err
	}
	if s.cfg.Hosts == nil {
		return fault.New(fault.Unavailable, "no accounts are read here")
	}
	all, err := s.everywhere(ctx, nil)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(a host.Accounts) bool { return a.ID == place || strings.EqualFold(a.Name, place) })
	if i < 0 {
		return fault.New(fault.NotFound, "no host or database is called %q", place).At("", 0, "place")
	}
	at := all[i]
	j := slices.IndexFunc(at.All, func(a host.Account) bool { return a.Name == name })
	if j < 0 {
		return fault.New(fault.NotFound, "%s has no account %q", at.Name, name).At("", 0, "name")
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		person, err := personByID(ctx, tx, personID)
		if err != nil {
			return err
		}
		now := s.cfg.Clock()
		r := &Account{ID: ids.New("pac", now), Person: person.ID, Place: at.ID, PlaceName: at.Name, Source: at.Source, Population: at.Population, Name: name, Rule: "hand", Says: Theirs,
			State: Present, FirstAt: at.From, ChangedAt: at.From, SeenAt: at.Until}
		if !at.All[j].Open {
			r.State, r.Reason = Closed, at.All[j].Why
		}
		if r.Entry, err = s.accountEvent(ctx, tx, p, "account_found", r, r.ChangedAt); err != nil {
			return err
		}
		return saveAccount(ctx, tx, r, true)
	})
	return s.again(ctx, err)
}

// again looks at everything once more after somebody said something.
func (s *Service) again(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.mark = ""
	s.mu.Unlock()
	s.cfg.Ledger.Wake()
	_, err = s.Prove(ctx)
	return err
}

// Access says whether a leaver's access is gone.
type Access struct {
	Word   string `json:"word"`            // removed, present, not_observed, unclear, none_found; empty: they have not left
	Hours  int    `json:"hours,omitempty"` // from leaving until the last account was gone, rounded up; only where it is removed
	Reason string `json:"reason,omitempty"`
}

// accessOf sums up the accounts of somebody who left.
func accessOf(leftAt time.Time, accounts []Account) Access {
	if leftAt.IsZero() {
		return Access{}
	}
	rank := map[string]int{"present": 4, "not_observed": 3, "unclear": 2, "removed": 1}
	out := Access{Word: "none_found", Reason: "no account of theirs was seen on what is read"}
	for _, a := range accounts {
		x := Access{}
		switch {
		case a.Says == NotTheirs, a.Says == Asked && a.State != Present:
			continue
		case a.Says == Asked:
			x = Access{Word: "unclear", Reason: fmt.Sprintf("nobody has said whether %s on %s is theirs", a.Name, a.PlaceName)}
		case a.State == Present:
			x = Access{Word: "present", Reason: fmt.Sprintf("%s on %s is still there", a.Name, a.PlaceName)}
		case a.State == Unobserved:
			x = Access{Word: "not_observed", Reason: fmt.Sprintf("%s on %s: %s", a.Name, a.PlaceName, a.Reason)}
		default:
			h := max(0, int((a.ChangedAt.Sub(leftAt)+time.Hour-1)/time.Hour))
			x = Access{Word: "removed", Hours: h, Reason: fmt.Sprintf("%s on %s was last: %s", a.Name, a.PlaceName, cmp.Or(a.Reason, "the account is gone"))}
		}
		if rank[x.Word] > rank[out.Word] || x.Word == "removed" && out.Word == "removed" && x.Hours > out.Hours {
			out = x
		}
	}
	return out
}

// Mark changes when somebody in the register does, or whose an account is.
func (s *Service) Mark(ctx context.Context) (string, error) {
	q := s.cfg.DB.Reader()
	people, err := peopleMark(ctx, q)
	if err != nil {
		return "", err
	}
	accounts, err := accountMark(ctx, q)
	return people + " " + accounts, err
}

// Owners gives whose accounts are now, for reviews, which have rights of their own.
func (s *Service) Owners(ctx context.Context) (*roster.Owners, error) {
	reg, err := load(ctx, s.cfg.DB.Reader())
	rows, failed := accountsOf(ctx, s.cfg.DB.Reader(), "")
	o := reg.Owners()
	for _, a := range rows {
		o.Say(a.Place, a.Name, a.Person, a.Says)
	}
	return o, cmp.Or(err, failed)
}
