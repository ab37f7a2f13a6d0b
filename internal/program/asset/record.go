package asset

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/question"
)

// Change is what a record of an asset says: one of the types below.
type Change interface {
	Kind() string // of the record: asset.described
	check(a *Asset, c *checking) error
	fold(s *Said, m Made)
	say() string
}

// checking is what a change is held against.
type checking struct {
	now     time.Time
	today   Day
	who     access.Principal
	owners  map[string]owner
	data    []DataSet
	systems []string
}

// The records of an asset.
type (
	// Added enters an asset that no other register knows.
	Added struct{ Profile }
	// Described says what an asset is, anew and whole.
	Described struct{ Profile }
	// Reviewed says that somebody looked at what is said of it.
	Reviewed struct {
		Note string `json:"note,omitempty" doc:"What was looked at." maxLength:"1000"`
	}
	// Retired takes it out of use.
	Retired struct {
		On  Day    `json:"on" doc:"Last day of use."`
		Why string `json:"why" doc:"Why it is used no more." maxLength:"1000"`
	}
	// Disposed says what became of it and of the data on it.
	Disposed struct {
		On     Day    `json:"on" doc:"Day on which it was done."`
		Method string `json:"method" doc:"destroyed, wiped, keys_destroyed, deleted, returned, no_data."`
		Proof  string `json:"proof" doc:"What shows it: a certificate, a log, who looked; with the number of the evidence." maxLength:"1000"`
		By     string `json:"by,omitempty" doc:"Who did it, where it was somebody else." maxLength:"160"`
	}
)

func (Added) Kind() string     { return "asset.added" }
func (Described) Kind() string { return "asset.described" }
func (Reviewed) Kind() string  { return "asset.reviewed" }
func (Retired) Kind() string   { return "asset.retired" }
func (Disposed) Kind() string  { return "asset.disposed" }

var makes = map[string]func() Change{
	"asset.added": func() Change { return &Added{} }, "asset.described": func() Change { return &Described{} }, "asset.reviewed": func() Change { return &Reviewed{} },
	"asset.retired": func() Change { return &Retired{} }, "asset.disposed": func() Change { return &Disposed{} },
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// text tidies a text and refuses what is none.
func text(s *string, field, what string, least, most int) error {
	*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	switch n := utf8.RuneCountInString(*s); {
	case !utf8.ValidString(*s):
		return bad(field, "%s is not UTF-8 text", what)
	case n < least:
		return bad(field, "say %s", what)
	case len(*s) > most:
		return bad(field, "%s has %d bytes; at most %d are kept", what, len(*s), most)
	case strings.ContainsFunc(*s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return bad(field, "%s holds control characters", what).WithHint("remove them")
	}
	return nil
}

func line(s *string, field, what string, least, most int) error {
	*s = strings.Join(strings.Fields(*s), " ")
	return text(s, field, what, least, most)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func oneOf(s, field, what string, words []string) error {
	if s != "" && !slices.Contains(words, s) {
		return bad(field, "%s is one of %s, not %q", what, strings.Join(words, ", "), s)
	}
	return nil
}

func (c *checking) day(d *Day, field, what string) error {
	*d = Day(strings.TrimSpace(string(*d)))
	if t, err := time.Parse(time.DateOnly, string(*d)); err != nil || t.Year() < 1990 || t.Year() > 2200 {
		if *d == "" {
			return bad(field, "say %s", what).WithHint("a day, such as 2026-09-30")
		}
		return bad(field, "%q is no day", string(*d)).WithHint("write it as 2026-09-30")
	}
	if *d > c.today {
		return bad(field, "%s lies in the future", string(*d))
	}
	return nil
}

func words(pairs [][2]string) []string {
	var out []string
	for _, p := range pairs {
		out = append(out, p[0])
	}
	return out
}

// tidy brings a profile into form; derived says that the asset's name and kind come
// from elsewhere.
func (p *Profile) tidy(derived bool, c *checking) error {
	p.Class, p.Environment, p.Criticality = question.Class(strings.ToLower(strings.TrimSpace(string(p.Class)))), strings.ToLower(p.Environment), strings.ToLower(strings.TrimSpace(p.Criticality))
	p.Kind, p.Side = strings.ToLower(strings.TrimSpace(p.Kind)), strings.ToLower(strings.TrimSpace(p.Side))
	if derived {
		p.Name, p.Kind = "", ""
	} else if err := line(&p.Name, "name", "its name", 2, 120); err != nil {
		return err
	} else if p.Kind == "" {
		return bad("kind", "say what kind of asset it is").WithHint("one of %s", strings.Join(words(Kinds()), ", "))
	}
	var classes []string
	for _, k := range question.Classes() {
		classes = append(classes, string(k))
	}
	if err := firstOf(text(&p.Note, "note", "what it is for", 0, 1000), line(&p.Owner, "owner", "the owner", 0, 160), line(&p.Environment, "environment", "the environment", 0, 60), line(&p.Zone, "zone", "the zone", 0, 60),
		line(&p.System, "system", "the system", 0, 160), oneOf(p.Kind, "kind", "the kind", words(Kinds())), oneOf(string(p.Class), "class", "the class", classes),
		oneOf(p.Criticality, "criticality", "criticality", Criticalities()), oneOf(p.Side, "side", "the side", []string{"inside", "outside"})); err != nil {
		return err
	}
	if o, known := c.owners[key(p.Owner)]; known && p.Owner != "" {
		p.Owner = o.id
	} else if strings.Contains(p.Owner, "@") || strings.HasPrefix(p.Owner, "usr_") {
		return bad("owner", "no account here is %q", p.Owner).WithHint("name an account that is here, or a team")
	}
	if p.System != "" && len(c.systems) > 0 && !slices.Contains(c.systems, p.System) {
		return bad("system", "the scope has no system %q", p.System).WithHint("its systems are %s", strings.Join(c.systems, ", "))
	}
	var err error
	p.Data, err = c.sets(p.Data)
	return err
}

// sets holds references to data sets: D-3.
func (c *checking) sets(list []string) ([]string, error) {
	var out []string
	for _, ref := range list {
		if ref = strings.ToUpper(strings.TrimSpace(ref)); ref == "" || slices.Contains(out, ref) {
			continue
		}
		if !slices.ContainsFunc(c.data, func(d DataSet) bool { return d.Ref == ref }) {
			return nil, bad("data", "the inventory of data has no %s", ref).WithHint("the page Data lists them: D-1, D-2")
		}
		out = append(out, ref)
	}
	return out, nil
}

func (x *Added) check(_ *Asset, c *checking) error { return x.tidy(false, c) }
func (x *Described) check(a *Asset, c *checking) error {
	if !a.Active() {
		return fault.New(fault.Conflict, "%s is %s", a.Ref, a.State.Words())
	}
	return x.tidy(a.Derived, c)
}

func (x *Reviewed) check(a *Asset, c *checking) error {
	if !a.Active() {
		return fault.New(fault.Conflict, "%s is %s", a.Ref, a.State.Words())
	}
	if len(a.Gaps) > 0 && !slices.Equal(a.Gaps, []string{"review"}) {
		gaps := slices.DeleteFunc(slices.Clone(a.Gaps), func(g string) bool { return g == "review" })
		return fault.New(fault.Conflict, "%s still lacks: %s", a.Ref, strings.Join(gaps, ", ")).WithHint("say that first; then what stands there can be reviewed")
	}
	return text(&x.Note, "note", "what was looked at", 0, 1000)
}

func (x *Retired) check(a *Asset, c *checking) error {
	if !a.Active() {
		return fault.New(fault.Conflict, "%s is %s", a.Ref, a.State.Words())
	}
	if a.Derived && a.Kind != "place" && a.Kind != "service" {
		return fault.New(fault.Conflict, "%s is known from another register and is taken out there", a.Name).WithHint("then record here how it was disposed of")
	}
	return firstOf(c.day(&x.On, "on", "the last day of use"), text(&x.Why, "why", "why it is used no more", 3, 1000))
}

func (x *Disposed) check(a *Asset, c *checking) error {
	if a.State != Gone {
		if a.Active() {
			return fault.New(fault.Conflict, "%s is %s", a.Ref, a.State.Words()).WithHint("take it out of use first")
		}
		return fault.New(fault.Conflict, "what became of %s is recorded", a.Ref)
	}
	if err := firstOf(c.day(&x.On, "on", "when it was disposed of"), oneOf(x.Method, "method", "the method", words(Methods())), text(&x.Proof, "proof", "what shows it", 3, 1000), line(&x.By, "by", "who did it", 0, 160)); err != nil {
		return err
	}
	if x.Method == "" {
		return bad("method", "say how it was disposed of").WithHint("one of %s", strings.Join(words(Methods()), ", "))
	}
	return nil
}

func (x *Added) fold(s *Said, m Made)     { s.Profile, s.Added = x.Profile, m }
func (x *Described) fold(s *Said, m Made) { s.Profile = x.Profile }
func (x *Reviewed) fold(s *Said, m Made)  { s.Reviewed = m.Day }
func (x *Retired) fold(s *Said, _ Made)   { s.Retired = x }
func (x *Disposed) fold(s *Said, _ Made)  { s.Disposed = x }

func (x *Added) say() string     { return "entered: " + x.Name }
func (x *Described) say() string { return "described anew" }
func (x *Reviewed) say() string  { return "reviewed" + colon(x.Note) }
func (x *Retired) say() string   { return "taken out of use on " + string(x.On) + colon(x.Why) }
func (x *Disposed) say() string {
	return "disposed of on " + string(x.On) + ": " + methodWords(x.Method) + colon(x.Proof)
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

// record is a row: what was recorded, when and by whom.
type record struct {
	subject, kind, content, digest string
	number, seq                    int
	origin                         string
	made                           Made
}

func unreadable(r record, err error) error {
	return fault.Wrap(fault.Refused, err, "record %d of %s (%s) cannot be read", r.seq, r.subject, r.kind)
}

// folded makes what was said of an asset of its records, oldest first.
func folded(records []record) (*Said, error) {
	s := &Said{ID: records[0].subject, Number: records[0].number, Origin: records[0].origin, History: []Event{}}
	s.Added = records[0].made
	for _, r := range records {
		make := makes[r.kind]
		if make == nil {
			return nil, unreadable(r, nil)
		}
		c := make()
		if err := json.Unmarshal([]byte(r.content), c); err != nil {
			return nil, unreadable(r, err)
		}
		c.fold(s, r.made)
		s.Seq = r.seq
		s.History = append(s.History, Event{r.seq, r.kind, c.say(), r.made})
	}
	return s, nil
}
