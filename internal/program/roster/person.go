package roster

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// Kind is what somebody, or something, is to the organisation.
type Kind string

// The kinds.
const (
	Employee   Kind = "employee"
	Contractor Kind = "contractor"
	ServiceID  Kind = "service" // an account without a person behind it
)

// Kinds gives them all.
func Kinds() []Kind { return []Kind{Employee, Contractor, ServiceID} }

// State is where somebody stands.
type State string

// The states.
const (
	Planned State = "planned" // starts later
	Here    State = "here"
	Leaving State = "leaving" // the last day is known
	Left    State = "left"
	Merged  State = "merged" // is somebody else in the register
)

// Fields is what can be said of a person. Empty is nothing said.
type Fields struct {
	Name     string   `json:"name,omitempty"`
	Mail     string   `json:"mail,omitempty"` // lower case
	Number   string   `json:"number,omitempty"`
	Logins   []string `json:"logins,omitempty"` // names of their accounts
	Kind     Kind     `json:"kind,omitempty"`
	Manager  string   `json:"manager,omitempty"` // of a source: how it calls them, or their address; of a person: per_…
	Team     string   `json:"team,omitempty"`
	Title    string   `json:"title,omitempty"`
	Location string   `json:"location,omitempty"` // class: office, remote, a country
	Start    string   `json:"start,omitempty"`    // day: 2026-03-02
	End      string   `json:"end,omitempty"`      // last day
}

// fieldNames are those whose order of sources can be chosen, and the columns of a list.
var fieldNames = []string{"name", "mail", "number", "logins", "kind", "manager", "team", "title", "location", "start", "end"}

// FieldNames gives the names of the fields.
func FieldNames() []string { return slices.Clone(fieldNames) }

// Text gives a field by its name; logins are joined by spaces.
func (f *Fields) Text(name string) string {
	switch name {
	case "logins":
		return strings.Join(f.Logins, " ")
	case "kind":
		return string(f.Kind)
	}
	if p := f.pointer(name); p != nil {
		return *p
	}
	return ""
}

func (f *Fields) pointer(name string) *string {
	switch name {
	case "name":
		return &f.Name
	case "mail":
		return &f.Mail
	case "number":
		return &f.Number
	case "manager":
		return &f.Manager
	case "team":
		return &f.Team
	case "title":
		return &f.Title
	case "location":
		return &f.Location
	case "start":
		return &f.Start
	case "end":
		return &f.End
	}
	return nil
}

// set takes a field over from another.
func (f *Fields) set(name string, from *Fields) {
	switch name {
	case "logins":
		f.Logins = from.Logins
	case "kind":
		f.Kind = from.Kind
	default:
		*f.pointer(name) = *from.pointer(name)
	}
}

// Differ gives the names of the fields in which two differ.
func Differ(a, b *Fields) []string {
	out := []string{}
	for _, name := range fieldNames {
		if a.Text(name) != b.Text(name) {
			out = append(out, name)
		}
	}
	return out
}

const maxText = 254 // bytes of a field

var kindWords = map[string]Kind{"": "", "employee": Employee, "staff": Employee, "permanent": Employee, "full-time": Employee, "full time": Employee, "part-time": Employee, "part time": Employee, "intern": Employee,
	"contractor": Contractor, "contract": Contractor, "freelancer": Contractor, "freelance": Contractor, "external": Contractor, "consultant": Contractor, "temporary": Contractor,
	"service": ServiceID, "service account": ServiceID, "system": ServiceID, "robot": ServiceID}

// ParseKind reads how a source calls a kind; kind Invalid for a word that is not known.
func ParseKind(word string) (Kind, error) {
	k, ok := kindWords[strings.ToLower(strings.TrimSpace(word))]
	if !ok {
		return "", fault.New(fault.Invalid, "%q is no kind of person", word).At("", 0, "kind").WithHint("write employee, contractor or service")
	}
	return k, nil
}

var dayForms = []string{time.DateOnly, "02.01.2006", "2/1/2006", "20060102", "20060102150405Z", "20060102150405.0Z", time.RFC3339, "2006-01-02 15:04:05"}

// ParseDay reads a day as sources write it and gives it as 2026-03-02; kind
// Invalid where it is none, or could be two (03/04/2026).
func ParseDay(field, text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	for _, form := range dayForms {
		t, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		if form == "2/1/2006" && t.Day() <= 12 && int(t.Month()) != t.Day() {
			return "", fault.New(fault.Invalid, "%q is two days: the month may stand first or second", text).At("", 0, field).WithHint("write it as 2026-03-02")
		}
		if t.Year() < 1950 || t.Year() > 2200 {
			break
		}
		return t.UTC().Format(time.DateOnly), nil
	}
	return "", fault.New(fault.Invalid, "%q is no day", text).At("", 0, field).WithHint("write it as 2026-03-02")
}

var (
	mailPattern  = regexp.MustCompile(`^[^\s@<>"]+@[^\s@<>"]+\.?[^\s@<>"]+$`)
	loginPattern = regexp.MustCompile(`^[^\s:/]{1,128}$`)
)

// Tidy gives fields as they are kept, or which of them is wrong.
func (f Fields) Tidy() (Fields, error) {
	bad := func(field, format string, args ...any) (Fields, error) {
		return Fields{}, fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	for _, name := range fieldNames {
		p := f.pointer(name)
		if p == nil {
			continue
		}
		if !utf8.ValidString(*p) {
			return bad(name, "the %s is not UTF-8", name)
		}
		*p = strings.Join(strings.FieldsFunc(*p, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
		if len(*p) > maxText {
			return bad(name, "the %s has more than %d bytes", name, maxText)
		}
	}
	f.Mail = strings.ToLower(f.Mail)
	if f.Mail != "" && !mailPattern.MatchString(f.Mail) {
		return bad("mail", "%q is no e-mail address", f.Mail)
	}
	if f.Kind != "" && !slices.Contains(Kinds(), f.Kind) {
		return bad("kind", "%q is no kind of person", f.Kind)
	}
	for name, day := range map[string]*string{"start": &f.Start, "end": &f.End} {
		read, err := ParseDay(name, *day)
		if err != nil {
			return Fields{}, err
		}
		*day = read
	}
	if f.Start != "" && f.End != "" && f.End < f.Start {
		return bad("end", "the last day %s is before the first, %s", f.End, f.Start)
	}
	var logins []string
	for _, l := range f.Logins {
		if l = strings.ToLower(strings.TrimSpace(l)); l == "" {
			continue
		}
		if !loginPattern.MatchString(l) || !utf8.ValidString(l) {
			return bad("logins", "%q is no name of an account", l)
		}
		if !slices.Contains(logins, l) {
			logins = append(logins, l)
		}
	}
	if len(logins) > 20 {
		return bad("logins", "%d names of accounts; at most 20 are kept", len(logins))
	}
	slices.Sort(logins)
	f.Logins = logins
	return f, nil
}

// Person is somebody in the register.
type Person struct {
	ID      string    `json:"id"` // per_…
	Fields            // manager: per_…
	State   State     `json:"state"`
	LeftAt  time.Time `json:"left_at,omitzero"`
	Grace   int       `json:"grace_hours,omitempty"` // in which access was to be gone, when they left
	Merged  string    `json:"merged_into,omitempty"`
	UserID  string    `json:"user,omitempty"` // usr_… in Attesta
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
}

// stateOn derives the state from the days and from whether any source still says them.
func stateOn(f *Fields, leftAt, now time.Time) State {
	today := now.UTC().Format(time.DateOnly)
	switch {
	case !leftAt.IsZero():
		return Left
	case f.End != "" && f.End < today:
		return Left
	case f.Start > today:
		return Planned
	case f.End != "":
		return Leaving
	}
	return Here
}

// EndOf gives when a last day is over.
func EndOf(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, 1)
}

// NameKey is what lists are ordered by.
func NameKey(name string) string { return strings.ToLower(name) }

// Search is what lists find a person by.
func (p *Person) Search() string {
	return strings.ToLower(strings.Join([]string{p.Name, p.Mail, p.Number, p.Team, p.Title, p.Location, strings.Join(p.Logins, " ")}, " "))
}

// Deadline is by when a leaver's access is to be gone.
func (p *Person) Deadline() time.Time { return p.LeftAt.Add(time.Duration(p.Grace) * time.Hour) }
