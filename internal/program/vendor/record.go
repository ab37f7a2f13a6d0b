package vendor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Change is what a record says: one of the types of this package.
type Change interface {
	// Kind is the name of the record: "contract".
	Kind() string
	// Action is what whoever records it needs.
	Action() access.Action

	check(v *Vendor, c *checking) error // tidies, then refuses what does not fit the vendor
	fold(v *Vendor, m Made)
	say() string
}

// checking is what a change is held against beside the vendor.
type checking struct {
	who     access.Principal
	now     time.Time
	today   Day
	book    *Book
	control func(slug string) error
	user    func(login string) (string, error)
	second  func(author string, a access.Action, text string) (string, error)
}

// changes makes an empty change of each kind.
var changes = map[string]func() Change{}

func init() {
	for _, make := range []func() Change{
		func() Change { return &Intake{} }, func() Change { return &Described{} }, func() Change { return &Review{} }, func() Change { return &Approve{} }, func() Change { return &Refuse{} },
		func() Change { return &Engage{} }, func() Change { return &Classified{} }, func() Change { return &Contract{} }, func() Change { return &Sent{} }, func() Change { return &Filled{} },
		func() Change { return &Report{} }, func() Change { return &Letter{} }, func() Change { return &ReportReview{} }, func() Change { return &Duty{} }, func() Change { return &DutyMap{} },
		func() Change { return &Assumption{} }, func() Change { return &AssumptionEnd{} }, func() Change { return &Access{} }, func() Change { return &AccessEnd{} },
		func() Change { return &Incident{} }, func() Change { return &IncidentClose{} }, func() Change { return &Leave{} }, func() Change { return &DataEnd{} }, func() Change { return &End{} },
	} {
		changes[make().Kind()] = make
	}
}

// Kinds gives the kinds of records.
func Kinds() []string {
	var out []string
	for k := range changes {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// record is a row: what was recorded, when and by whom.
type record struct {
	vendor  string
	number  int
	seq     int
	kind    string
	content string
	digest  string
	made    Made
}

func (r record) change() (Change, error) {
	make := changes[r.kind]
	if make == nil {
		return nil, fault.New(fault.Refused, "record %d of vendor V-%d has the kind %q, which this program does not know", r.seq, r.number, r.kind)
	}
	c := make()
	if err := json.Unmarshal([]byte(r.content), c); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "record %d of vendor V-%d cannot be read", r.seq, r.number)
	}
	return c, nil
}

// fold makes a vendor of its records, oldest first. nil where there are none.
func fold(b *Book, records []record) (*Vendor, error) {
	if len(records) == 0 {
		return nil, nil
	}
	v := &Vendor{ID: records[0].vendor, Number: records[0].number, writers: map[string]int{}, Contracts: []Contract{}, Answered: []Filled{}, Reports: []Report{}, Duties: []Duty{},
		Assumed: []Assumption{}, Accesses: []Access{}, Incidents: []Incident{}, Reviews: []Review{}}
	for _, r := range records {
		c, err := r.change()
		if err != nil {
			return nil, err
		}
		v.add(b, r.seq, c, r.made)
	}
	return v, nil
}

func (v *Vendor) add(b *Book, seq int, c Change, m Made) {
	v.Seq = seq
	c.fold(v, m)
	v.Level, v.Because, v.Undecided = b.Weigh(v.Profile.Answers, v.Profile.Data)
	if n := len(v.levels); n == 0 || v.levels[n-1].level != v.Level {
		day := m.Day
		if n == 0 && v.Engaged != "" && v.Engaged < day { // what is weighed first holds from the beginning
			day = v.Engaged
		}
		v.levels = append(v.levels, levelSince{day, v.Level})
	}
	v.History = append(v.History, Event{Seq: seq, Kind: c.Kind(), Text: c.say(), Made: m})
}

// text tidies a text of several lines and refuses what is none.
func text(s *string, field, what string, least, most int) error {
	*s = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(*s, "\r\n", "\n"), "\r", "\n"))
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

// line is text of one line.
func line(s *string, field, what string, least, most int) error {
	*s = strings.Join(strings.Fields(*s), " ")
	return text(s, field, what, least, most)
}

func oneOf(s *string, field, what string, words ...string) error {
	if *s = strings.TrimSpace(*s); !slices.Contains(words, *s) {
		return bad(field, "%s is one of %s, not %q", what, strings.Join(words, ", "), *s)
	}
	return nil
}

// listed tidies a list of words: no empty ones, none twice.
func listed(list []string) []string {
	out := []string{}
	for _, x := range list {
		if x = strings.TrimSpace(x); x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *checking) controls(list []string, field string) ([]string, error) {
	list = listed(list)
	for _, slug := range list {
		if err := c.control(slug); fault.Is(err, fault.NotFound) {
			return nil, fault.Wrap(fault.Invalid, err, "there is no control %q in use", slug).At("", 0, field).WithHint("the page Controls lists them by their short names")
		} else if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// running refuses what can only be said of a vendor that is not over.
func (v *Vendor) running() error {
	if v.State == Ended || v.State == Refused {
		return fault.New(fault.Conflict, "%s is %s", v.Ref(), v.State.Words()).WithHint("ask for it anew where it is to be used again")
	}
	return nil
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
