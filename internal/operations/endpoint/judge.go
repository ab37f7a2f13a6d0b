package endpoint

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/roster"
)

// judgeEvery is how often devices are judged where nothing changed: days pass.
const judgeEvery = 10 * time.Minute

// Turn judges devices. It is called every half minute.
func (s *Service) Turn(ctx context.Context) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	now := s.cfg.Clock()
	list, _, err := s.all.List(ctx, journal.Filter{States: []string{Used}})
	if err != nil || len(list) == 0 {
		return err
	}
	mark := ""
	if s.cfg.Mark != nil {
		if mark, err = s.cfg.Mark(ctx); err != nil {
			return err
		}
	}
	for _, o := range list {
		mark += fmt.Sprint(" ", o.ID, o.Seq)
	}
	if mark != s.mark || now.Sub(s.judged) >= judgeEvery || now.Before(s.judged) {
		rows, err := s.rows(ctx, list, now)
		if err != nil {
			return err
		}
		s.said = s.said[:0]
		for i := range rows {
			r := &rows[i]
			if r.Silent != "" {
				continue // it falls silent
			}
			sec, err := r.section()
			if err != nil {
				return err
			}
			s.said = append(s.said, entries.Entry{Population: host.Endpoints, Source: r.Source, Name: r.Name, Section: sec})
		}
		s.mark, s.judged = mark, now
	}
	return s.book.Observe(ctx, s.said)
}

// Row is a device with what follows from its list and the register of people.
type Row struct {
	Device
	ID         string    `json:"device"` // of the device here
	Source     string    `json:"-"`
	Management string    `json:"management"` // DM-1
	List       string    `json:"list"`       // its name
	Silent     string    `json:"silent,omitempty" doc:"Why nothing can be said of it now."`
	Release    int64     `json:"os_release,omitempty"`
	Late       bool      `json:"late" doc:"It has not reported to its management within the days that are set."`
	PersonID   string    `json:"person_id,omitempty"` // per_…
	Owner      string    `json:"owner"`
	Rule       string    `json:"rule,omitempty" enum:"said,mail,login,name,shared"`
	Left       time.Time `json:"left,omitzero" doc:"When whoever has it left."`
	Shared     string    `json:"shared,omitempty"`

	early bool // the list was taken before whoever has it left
	asked bool // the list has a column for whose it is
	two   bool // its login is that of two people
}

// Problems are what is wrong with a device, in words; each is a check that fails.
func (r *Row) Problems() []string {
	var out []string
	for _, x := range []struct {
		is   bool
		what string
	}{{!r.Left.IsZero() && !r.early, "whoever has it left"}, {r.Encrypted == Off, "not encrypted"}, {r.Protection == Off, "no protection"}, {r.Firewall == Off && !r.mobile(), "firewall off"}, {r.Lock == Off, "no screen lock"},
		{r.Late, "not heard of"}, {r.PersonID == "" && r.Shared == "" && r.asked && r.Rule != "name", "nobody's"}} {
		if x.is {
			out = append(out, x.what)
		}
	}
	return out
}

// Unsaid names what its list does not say of a device.
func (r *Row) Unsaid() []string {
	var out []string
	for _, m := range r.missing() {
		if m.State == facts.NotObserved {
			out = append(out, map[string]string{"/encrypted": "encryption", "/firewall": "firewall", "/protection": "protection", "/lock": "screen lock", "/seen": "when it reported", "/os_release": "release", "/owner_known": "whose it is", "/owner_here": "whether they are here"}[m.Path])
		}
	}
	return slices.DeleteFunc(out, func(x string) bool { return x == "" })
}

// rows gives the devices of managements, by name.
func (s *Service) rows(ctx context.Context, list []Object, now time.Time) ([]Row, error) {
	who, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{} // "" where two have it
	logins := map[string]int{}
	if who != nil {
		for id, p := range who.People {
			k := strings.ToLower(p.Name)
			if old, ok := names[k]; ok && old != id {
				id = ""
			}
			names[k] = id
			for _, l := range p.Logins {
				logins[strings.ToLower(l)]++
			}
		}
	}
	var out []Row
	for i := range list {
		o := &list[i]
		c := &o.Content
		devices, err := s.devices(ctx, c)
		if err != nil {
			return nil, err
		}
		owned := slices.ContainsFunc(devices, func(d Device) bool { return d.Mail != "" || d.Login != "" || d.Person != "" })
		for _, d := range devices {
			r := Row{Device: d, Management: o.Ref, List: c.Name, Source: source(o.ID, d.Key()), asked: owned}
			r.ID = strings.TrimPrefix(r.Source, "src_endpoint-")
			if now.After(d.Taken.AddDate(0, 0, c.ListDays)) {
				r.Silent = fmt.Sprintf("the newest list that has it was taken on %s; one is expected every %d days", d.Taken.UTC().Format(time.DateOnly), c.ListDays)
			}
			r.Late = !d.Seen.IsZero() && now.After(d.Seen.AddDate(0, 0, c.SeenDays))
			r.Release, _ = d.release()
			r.owned(c.Said, who, names, logins)
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Source, b.Source))
	})
	return out, nil
}

// owned finds whose a device is.
func (r *Row) owned(said []Said, who *roster.Owners, names map[string]string, logins map[string]int) {
	r.Owner = cmp.Or(r.Person, r.Mail, r.Login, "nobody")
	if i := slices.IndexFunc(said, func(x Said) bool { return x.Device == r.Key() }); i >= 0 {
		if r.Shared = said[i].Shared; r.Shared != "" {
			r.Rule, r.Owner = "shared", "no one person: "+r.Shared
			return
		}
		r.PersonID, r.Rule, r.asked = said[i].Person, "said", true
	}
	if who == nil {
		r.PersonID = ""
		return
	}
	login := r.Login
	if _, after, ok := strings.Cut(login, `\`); ok { // DOMAIN\ann
		login = after
	}
	mail := r.Mail
	if mail == "" && strings.Contains(login, "@") {
		mail = strings.ToLower(login)
	}
	for _, x := range []struct{ rule, login, mail string }{{"mail", "", mail}, {"login", login, ""}} {
		if r.PersonID != "" || x.login == "" && x.mail == "" {
			continue
		}
		if id := who.Of("", x.login, x.mail, true); id != "" {
			r.PersonID, r.Rule = id, x.rule
		}
	}
	if r.PersonID == "" && logins[strings.ToLower(login)] > 1 {
		r.two = true
	}
	if r.PersonID == "" && r.Person != "" {
		if id := names[strings.ToLower(r.Person)]; id != "" {
			r.Rule = "name"
		}
	}
	p := who.People[r.PersonID]
	if p == nil {
		r.PersonID = ""
		return
	}
	r.Owner = cmp.Or(p.Name, p.Mail, p.ID)
	if p.State == roster.Left {
		r.Left = p.LeftAt
		if r.Left.IsZero() { // the last day is over, and a source still says them
			if end, err := time.Parse(time.DateOnly, p.End); err == nil {
				r.Left = end.AddDate(0, 0, 1)
			}
		}
		r.early = r.Taken.Before(r.Left)
	}
}

// missing says which facts of a device cannot be had.
func (r *Row) missing() (all []facts.Missing) {
	miss := func(path string, state facts.State, format string, args ...any) {
		all = append(all, facts.Missing{Path: path, State: state, Reason: fmt.Sprintf(format, args...)})
	}
	if r.Platform == "" {
		if w := r.Words["platform"]; w != "" {
			miss("/platform", facts.Error, "%q is no platform that is known", w)
		} else {
			miss("/platform", facts.NotObserved, "the list does not say it")
		}
	}
	if r.OS == "" {
		miss("/os_version", facts.NotObserved, "the list does not say it")
	}
	switch _, ok := r.release(); {
	case r.Platform == "":
		miss("/os_release", facts.NotObserved, "the list does not say which system it has")
	case r.Platform == Linux:
		miss("/os_release", facts.Absent, "the list does not tell which Linux is still mended; an agent does")
	case r.Platform == ChromeOS:
		miss("/os_release", facts.Absent, "ChromeOS updates itself")
	case r.OS == "":
		miss("/os_release", facts.NotObserved, "the list does not say its version")
	case !ok:
		miss("/os_release", facts.Error, "%q is no version of %s", r.OS, r.Platform)
	}
	for _, x := range []struct{ path, column, said, absent string }{
		{"/encrypted", "encrypted", r.Encrypted, when(r.Platform == IOS && r.Encrypted == Unsaid, "iOS encrypts its data by itself once it asks for a code: see the screen lock")},
		{"/firewall", "firewall", r.Firewall, when(r.mobile() || r.Platform == ChromeOS, "it has no firewall to switch on")},
		{"/protection", "protection", r.Protection, when(r.Platform == IOS || r.Platform == ChromeOS, r.Platform+" lets no such product in")},
		{"/lock", "lock", r.Lock, ""},
	} {
		switch {
		case x.absent != "":
			miss(x.path, facts.Absent, "%s", x.absent)
		case x.said == Unclear:
			miss(x.path, facts.Error, "the list says %q, which is neither on nor off", r.Words[x.column])
		case x.said == Unsaid:
			miss(x.path, facts.NotObserved, "the list does not say it")
		}
	}
	switch {
	case r.Words["seen"] != "":
		miss("/seen", facts.Error, "the list says %q, which is no moment", r.Words["seen"])
	case r.Seen.IsZero():
		miss("/seen", facts.NotObserved, "the list does not say when it reported")
	}
	switch {
	case r.Rule == "shared":
		miss("/owner_known", facts.Absent, "no one person's: %s", r.Shared)
		miss("/owner_here", facts.Absent, "no one person's: %s", r.Shared)
	case r.two:
		miss("/owner_known", facts.Error, "two people of the register have the login %s", r.Login)
		miss("/owner_here", facts.Absent, "it is not known whose it is")
	case r.Rule == "name":
		miss("/owner_known", facts.NotObserved, "it may be %s's: the name is the same, and a person says whether it is", r.Person)
		miss("/owner_here", facts.NotObserved, "it is not known for sure whose it is")
	case r.PersonID == "" && !r.asked:
		miss("/owner_known", facts.NotObserved, "the list does not say whose devices are")
		miss("/owner_here", facts.NotObserved, "the list does not say whose devices are")
	case r.PersonID == "":
		miss("/owner_here", facts.Absent, "it is not known whose it is")
	case r.early:
		miss("/owner_here", facts.NotObserved, "%s left on %s; the newest list was taken before, on %s", r.Owner, r.Left.UTC().Format(time.DateOnly), r.Taken.UTC().Format(time.DateOnly))
	}
	return all
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

func (r *Row) section() (facts.Section, error) {
	all := r.missing()
	has := func(path string) bool {
		return !slices.ContainsFunc(all, func(m facts.Missing) bool { return m.Path == path })
	}
	yes := func(path string, is bool) *bool {
		if !has(path) {
			return nil
		}
		return &is
	}
	title, last := r.Name+", "+r.List, ""
	f := facts.Endpoint{Title: &title, Owner: &r.Owner, Encrypted: yes("/encrypted", r.Encrypted == On), Firewall: yes("/firewall", r.Firewall == On), Protection: yes("/protection", r.Protection == On), Lock: yes("/lock", r.Lock == On),
		Seen: yes("/seen", !r.Late), OwnerKnown: yes("/owner_known", r.PersonID != ""), OwnerHere: yes("/owner_here", r.Left.IsZero())}
	if r.Late {
		last = r.Seen.UTC().Format(time.DateOnly)
	}
	f.LastSeen = &last
	if has("/platform") {
		f.Platform = &r.Platform
	}
	if has("/os_version") {
		f.OSVersion = &r.OS
	}
	if has("/os_release") {
		f.OSRelease = &r.Release
	}
	return facts.NewSection("endpoint", f, all)
}

// Filter chooses devices; zero values choose all.
type Filter struct {
	Query      string // part of name, serial number, model or owner
	Management string // DM-1
	Platform   string
	Only       string // see Onlies
}

// Onlies gives what devices are filtered by, with words.
func Onlies() [][2]string {
	return [][2]string{{"problem", "With a problem"}, {"left", "Of somebody who left"}, {"unencrypted", "Not encrypted"}, {"unprotected", "Not protected"}, {"late", "Not heard of"}, {"nobody", "Nobody's"}, {"unsaid", "Not all is said"}, {"silent", "Of an old list"}}
}

func (r *Row) is(only string) bool {
	has := func(what ...string) bool {
		return slices.ContainsFunc(r.Problems(), func(p string) bool { return slices.Contains(what, p) })
	}
	switch only {
	case "":
		return true
	case "problem":
		return len(r.Problems()) > 0
	case "left":
		return has("whoever has it left")
	case "unencrypted":
		return has("not encrypted")
	case "unprotected":
		return has("no protection", "firewall off", "no screen lock")
	case "late":
		return has("not heard of")
	case "nobody":
		return has("nobody's")
	case "unsaid":
		return len(r.Unsaid()) > 0
	case "silent":
		return r.Silent != ""
	}
	return false
}

// List gives devices by name, how many each of Onlies chooses, and how many there
// are (endpoint.read).
func (s *Service) List(ctx context.Context, p access.Principal, f Filter) (rows []Row, counts map[string]int, err error) {
	if err := access.Authorise(p, access.EndpointRead); err != nil {
		return nil, nil, err
	}
	if f.Only != "" && !slices.ContainsFunc(Onlies(), func(o [2]string) bool { return o[0] == f.Only }) {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that devices are filtered by", f.Only).At("", 0, "only")
	}
	list, _, err := s.all.List(ctx, journal.Filter{States: []string{Used}})
	if err != nil {
		return nil, nil, err
	}
	all, err := s.rows(ctx, list, s.cfg.Clock())
	if err != nil {
		return nil, nil, err
	}
	counts = map[string]int{}
	query := strings.ToLower(strings.TrimSpace(f.Query))
	for i := range all {
		r := &all[i]
		for _, o := range append(Onlies(), [2]string{""}) {
			if r.is(o[0]) {
				counts[o[0]]++
			}
		}
		if !r.is(f.Only) || f.Management != "" && !strings.EqualFold(f.Management, r.Management) || f.Platform != "" && f.Platform != r.Platform ||
			query != "" && !strings.Contains(strings.ToLower(strings.Join([]string{r.Name, r.Serial, r.Model, r.Owner, r.Mail, r.Login}, "\n")), query) {
			continue
		}
		rows = append(rows, *r)
	}
	return rows, counts, nil
}

// Get gives one device, with what is known of it as an item of the population: nil
// before it was judged first (endpoint.read).
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (*Row, *host.Host, error) {
	if err := access.Authorise(p, access.EndpointRead); err != nil {
		return nil, nil, err
	}
	r, err := s.find(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	h, err := s.cfg.Hosts.Get(ctx, r.Source)
	if fault.Is(err, fault.NotFound) {
		return r, nil, nil
	}
	return r, &h, err
}

func (s *Service) find(ctx context.Context, id string) (*Row, error) {
	list, _, err := s.all.List(ctx, journal.Filter{States: []string{Used}})
	if err != nil {
		return nil, err
	}
	all, err := s.rows(ctx, list, s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(r Row) bool { return r.ID == id }); i >= 0 {
		return &all[i], nil
	}
	return nil, fault.New(fault.NotFound, "no device %q is on a list", id).WithHint("it may have left; see the population devices")
}
