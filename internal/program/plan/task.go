package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// State is where a task stands.
type State string

// The states.
const (
	Open    State = "open"
	Doing   State = "doing"
	Said    State = "said" // somebody says it is done; the gap that it closes is still there
	Done    State = "done"
	Dropped State = "dropped" // will not be done, with the reason
)

// States gives them in the order of lists.
func States() []State { return []State{Open, Doing, Said, Done, Dropped} }

// Words gives the state as people read it.
func (s State) Words() string {
	if s == Said {
		return "done by somebody's word"
	}
	return string(s)
}

// Over reports whether nothing is left to do.
func (s State) Over() bool { return s == Done || s == Dropped }

// About is what a task is about: any object that has a page.
type About struct {
	Kind string `json:"kind" doc:"What it is: control, criterion, finding, host, policy, …" maxLength:"40"`
	Ref  string `json:"ref" doc:"Its id, as its page shows it." maxLength:"200"`
	Path string `json:"path,omitempty" doc:"Its page here: /controls/access-reviewed." maxLength:"400"`
}

// IsZero reports whether the task is about nothing in particular; for omitzero.
func (a About) IsZero() bool { return a == About{} }

func (a About) key() string {
	if a.IsZero() {
		return ""
	}
	return a.Kind + "/" + a.Ref
}

// Periods gives how often a task may return.
func Periods() []string { return []string{"weekly", "monthly", "quarterly", "half-yearly", "yearly"} }

// Fields is what a person says of a task.
type Fields struct {
	Title     string    `json:"title"`
	Why       string    `json:"why"`
	About     About     `json:"about,omitzero"`
	Owner     string    `json:"owner,omitempty"` // usr_…; "" for nobody yet
	Role      string    `json:"role,omitempty"`  // who ought to do it, in words
	Due       time.Time `json:"due,omitzero"`    // first moment after its last day
	Effort    int       `json:"effort"`          // half working days
	Technical bool      `json:"technical,omitempty"`
	After     []int     `json:"after,omitempty"` // numbers of tasks that it waits for
	Every     string    `json:"every,omitempty"` // of Periods; "" for once
	Gap       string    `json:"gap,omitempty"`   // key of the gap that it closes
}

// Content is a task as it is after a step.
type Content struct {
	Fields
	State   State     `json:"state"`
	Waiting string    `json:"waiting,omitempty"` // on whom or what
	Since   time.Time `json:"since,omitzero"`    // it waits
	Snoozed time.Time `json:"snoozed,omitzero"`  // until then
	Derived bool      `json:"derived,omitempty"` // done because the gap was gone, not by somebody's word
	Prior   int       `json:"prior,omitempty"`   // number of the task that returned as this one
	Next    int       `json:"next,omitempty"`    // number of the task that this one returned as
	For     string    `json:"for,omitempty"`     // usr_… who is away, where a stand-in took the step
}

// Made says when something was recorded, by whom and where in the ledger.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1: without a position yet
}

// Step is something that happened to a task.
type Step struct {
	Seq     int     `json:"seq"`
	Step    string  `json:"step"`
	Note    string  `json:"note,omitempty"`
	Content Content `json:"content"`
	Made    Made    `json:"made"`
}

// Task is a task as it is now.
type Task struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
	Seq    int    `json:"seq"` // of its newest step: a change names it
	Content
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	By      string    `json:"by"`              // who took the newest step
	Maker   string    `json:"maker,omitempty"` // who made it
	Steps   []Step    `json:"steps,omitempty"` // oldest first; only of one task
}

// Ref is its short number: T-3.
func (t *Task) Ref() string { return ref(t.Number) }

func ref(n int) string { return fmt.Sprintf("T-%d", n) }

// Late reports whether it should be done by now.
func (t *Task) Late(now time.Time) bool {
	return !t.State.Over() && !t.Due.IsZero() && !now.Before(t.Due)
}

// Asleep reports whether its owner does not want to see it yet.
func (t *Task) Asleep(now time.Time) bool { return t.Snoozed.After(now) }

const (
	maxTitle  = 160
	maxText   = 2000
	maxAfter  = 30
	maxEffort = 400 // half days: a task of more than 200 days is a project
)

var (
	userID = regexp.MustCompile(`^usr_[0-9a-zA-Z]+$`)
	kind   = regexp.MustCompile(`^[a-z][a-z_]*$`)
)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func text(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// tidy gives the fields as they are stored.
func (f Fields) tidy() Fields {
	f.Title, f.Why, f.Role = oneLine(f.Title), text(f.Why), oneLine(f.Role)
	f.About = About{strings.TrimSpace(f.About.Kind), strings.TrimSpace(f.About.Ref), strings.TrimSpace(f.About.Path)}
	f.Due = f.Due.UTC()
	f.After = slices.Compact(slices.Sorted(slices.Values(f.After)))
	if f.Effort == 0 {
		f.Effort = 1
	}
	return f
}

// check refuses what cannot be a task, naming the field.
func (f Fields) check() error {
	switch {
	case !utf8.ValidString(f.Title + f.Why + f.Role + f.Gap + f.About.Ref + f.About.Path):
		return bad("title", "the text is not UTF-8")
	case strings.ContainsFunc(f.Why, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return bad("why", "the text holds control characters").WithHint("remove them; only line breaks and tabs may stand in it")
	case utf8.RuneCountInString(f.Title) < 3:
		return bad("title", "say in a few words what is to be done")
	case len(f.Title) > maxTitle:
		return bad("title", "the title has %d bytes; at most %d are kept", len(f.Title), maxTitle)
	case len(f.Why) > maxText:
		return bad("why", "the reason has %d bytes; at most %d are kept", len(f.Why), maxText)
	case len(f.Role) > maxTitle:
		return bad("role", "the role has %d bytes; at most %d are kept", len(f.Role), maxTitle)
	case f.Owner != "" && !userID.MatchString(f.Owner):
		return bad("owner", "%q is nobody here", f.Owner).WithHint("choose somebody from the list")
	case f.Effort < 1 || f.Effort > maxEffort:
		return bad("effort", "%s days are not between half a day and %d days", Days(f.Effort), maxEffort/2).WithHint("split what takes longer")
	case len(f.After) > maxAfter:
		return bad("after", "it waits for %d tasks; at most %d are kept", len(f.After), maxAfter)
	case f.Every != "" && !slices.Contains(Periods(), f.Every):
		return bad("every", "%q is no period", f.Every).WithHint("a period is one of %s", strings.Join(Periods(), ", "))
	case f.Every != "" && f.Due.IsZero():
		return bad("due", "a task that returns needs a first day")
	case f.Every != "" && f.Gap != "":
		return bad("every", "a task that closes a gap does not return").WithHint("make a second one that does")
	case !f.Due.IsZero() && (f.Due.Year() < 2000 || f.Due.Year() > 2200):
		return bad("due", "the year %d is none that a task could be due in", f.Due.Year())
	}
	if f.About.IsZero() {
		return nil
	}
	switch {
	case !kind.MatchString(f.About.Kind) || len(f.About.Kind) > 40:
		return bad("about", "%q is no kind of object", f.About.Kind)
	case f.About.Ref == "" || len(f.About.Ref) > 200:
		return bad("about", "say which %s it is about", f.About.Kind)
	case f.About.Path != "" && (!strings.HasPrefix(f.About.Path, "/") || strings.HasPrefix(f.About.Path, "//") || strings.ContainsAny(f.About.Path, "\\\n\r\t ") || len(f.About.Path) > 400):
		return bad("about", "%q is no page of this site", f.About.Path).WithHint("an address that begins with one /")
	}
	return nil
}

// Days gives half days in words: "half a day" is "0.5".
func Days(half int) string {
	if half%2 == 0 {
		return fmt.Sprint(half / 2)
	}
	return fmt.Sprintf("%d.5", half/2)
}

// ParseDays reads "2", "0.5" or "1,5" as half days.
func ParseDays(s string) (int, error) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", ".")
	if s == "" {
		return 0, nil
	}
	whole, part, _ := strings.Cut(s, ".")
	var n int
	if _, err := fmt.Sscanf(whole+"$", "%d$", &n); err != nil || n < 0 || n > maxEffort || part != "" && part != "0" && part != "5" {
		return 0, bad("effort", "%q is no number of days", s).WithHint("write whole or half days, such as 2 or 0.5")
	}
	if part == "5" {
		return 2*n + 1, nil
	}
	return 2 * n, nil
}

func (c Content) digest() (content, digest string, err error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", "", fmt.Errorf("encode a task: %w", err)
	}
	return string(b), digestOf(string(b)), nil
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// later gives when a task that returns is due next after a moment.
func later(due time.Time, every string, now time.Time, zone *time.Location) time.Time {
	at := due.In(zone)
	for i := 1; ; i++ {
		var t time.Time
		switch every {
		case "weekly":
			t = at.AddDate(0, 0, 7*i)
		case "monthly":
			t = months(at, i)
		case "quarterly":
			t = months(at, 3*i)
		case "half-yearly":
			t = months(at, 6*i)
		default:
			t = months(at, 12*i)
		}
		if t.After(now) {
			return t
		}
	}
}

// months adds whole months to the last day before a due moment, so that what is
// due on 31 January returns on 28 February and on 31 March.
func months(due time.Time, n int) time.Time {
	last := due.AddDate(0, 0, -1)
	first := time.Date(last.Year(), last.Month()+time.Month(n), 1, due.Hour(), due.Minute(), 0, 0, due.Location())
	day := min(last.Day(), first.AddDate(0, 1, -1).Day())
	if last.AddDate(0, 0, 1).Month() != last.Month() { // the last of its month stays the last
		day = first.AddDate(0, 1, -1).Day()
	}
	return first.AddDate(0, 0, day)
}
