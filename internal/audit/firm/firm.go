package firm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// Kind is what the journal keeps of firms.
var Kind = journal.Kind{Name: "audit_firm", Prefix: "afi", Letter: "AF", Noun: "audit firm", Steps: []string{"proposed", "described", "verified", "answered", "engaged", "refused", "letter", "ended"}}

// State is where a firm stands.
type State string

// The states.
const (
	Considered State = "considered"
	Engaged    State = "engaged"
	Refused    State = "refused"
	Ended      State = "ended"
)

// States gives them in the order of a filter.
func States() []State { return []State{Engaged, Considered, Ended, Refused} }

// PeerReview is the result of a firm's newest peer review.
type PeerReview string

// The results, as peer reviews are reported; NoReview where there was none.
const (
	ReviewPass       PeerReview = "pass"
	ReviewDeficient  PeerReview = "pass_with_deficiencies"
	ReviewFail       PeerReview = "fail"
	NoReview         PeerReview = "none"
	ReviewNotVisible PeerReview = "not_public"
)

// PeerReviews gives them in the order of a form.
func PeerReviews() []PeerReview {
	return []PeerReview{ReviewPass, ReviewDeficient, ReviewFail, ReviewNotVisible, NoReview}
}

// Words gives the result as people read it.
func (r PeerReview) Words() string { return strings.ReplaceAll(string(r), "_", " ") }

// Question is one on a firm's independence. Yes is a threat.
type Question struct {
	ID   string `json:"id"`
	Ask  string `json:"ask"`
	Kind string `json:"threat"` // self-review, self-interest, advocacy, familiarity, undue influence, management participation
}

// Questions gives the questions on independence, in our words. A threat is what the
// ethics code of accountants calls so.
func Questions() []Question {
	return []Question{
		{"designs", "Did the firm design or implement any control that it would examine?", "self-review"},
		{"writes", "Did the firm write policies, the system description or evidence for us?", "self-review"},
		{"operates", "Does the firm, or a company of its group, run a part of the system, such as monitoring?", "self-review"},
		{"manages", "Does anybody of the firm decide for us, or act as one of our managers?", "management participation"},
		{"owns", "Does the firm or a member of the team own a part of us, or we of it?", "self-interest"},
		{"contingent", "Does the fee depend on the opinion, or on anything that follows from it?", "self-interest"},
		{"unpaid", "Are fees of an earlier examination unpaid for more than a year?", "self-interest"},
		{"share", "Are our fees so large a part of the firm's that it could not afford to lose us?", "undue influence"},
		{"tool", "Was the firm brought in, or is it paid, by the seller of a tool that we use for the programme?", "undue influence"},
		{"kin", "Is anybody of the team close family of somebody who performs or owns our controls?", "familiarity"},
		{"joined", "Did anybody of the team work for us in the last two years, or is anybody about to?", "familiarity"},
		{"speaks", "Does the firm speak for us in a dispute or in selling?", "advocacy"},
	}
}

// Answer is one answer on independence.
type Answer struct {
	Threat    bool   `json:"threat"`
	Safeguard string `json:"safeguard,omitempty"` // what makes up for it; required with a threat
}

// Profile is what is known of a firm.
type Profile struct {
	Name       string `json:"name" maxLength:"120"`
	Contact    string `json:"contact,omitempty" maxLength:"300"`
	Experience string `json:"experience" doc:"What it has examined that is like us." maxLength:"4000"`
	Fee        string `json:"fee,omitempty" doc:"In words, with the currency." maxLength:"300"`
	Why        string `json:"why" doc:"For it, and against." maxLength:"4000"`
}

// Licence is what somebody found when they looked a firm's licence up.
type Licence struct {
	Number     string     `json:"number" maxLength:"120"`
	Issuer     string     `json:"issuer" doc:"The board or body that issued it." maxLength:"200"`
	Where      string     `json:"where" doc:"Where it was looked up." maxLength:"300"`
	Until      string     `json:"until,omitempty" doc:"Its last day, 2026-12-31." maxLength:"10"`
	PeerReview PeerReview `json:"peer_review" enum:"pass,pass_with_deficiencies,fail,not_public,none"`
	PeerYear   string     `json:"peer_review_year,omitempty" maxLength:"4"`
	PeerNote   string     `json:"peer_review_note,omitempty" doc:"Required where the review is no pass." maxLength:"4000"`
}

// Letter is the engagement letter.
type Letter struct {
	Signed     string `json:"signed" doc:"Day on which both had signed, 2026-01-15." maxLength:"10"`
	By         string `json:"by" doc:"Who signed for us." maxLength:"120"`
	Engagement int    `json:"engagement,omitempty" doc:"Number of the engagement that it is about."`
	Covers     string `json:"covers" doc:"Type, period, categories, subservice organisations." maxLength:"4000"`
	Where      string `json:"where" doc:"Where it lies: the number of the evidence, E-12." maxLength:"300"`
}

// Checked is a licence with who looked it up, and when.
type Checked struct {
	Licence
	By string    `json:"checked_by"`
	At time.Time `json:"checked_at"`
}

// Firm is one firm.
type Firm struct {
	Profile
	State    State             `json:"state"`
	Proposer string            `json:"proposed_by"`
	Licence  *Checked          `json:"licence,omitempty"`
	Answers  map[string]Answer `json:"answers,omitempty"`
	Answered time.Time         `json:"answered_at,omitzero"`
	Decider  string            `json:"decided_by,omitempty"`
	Alone    string            `json:"alone,omitempty"`
	Letters  []Letter          `json:"letters,omitempty"`
}

// Mark is what lists are filtered by.
func (f Firm) Mark() journal.Mark {
	return journal.Mark{State: string(f.State), Topic: strings.ToLower(f.Name)}
}

// Missing gives what stands against engaging a firm at a moment: nothing where it
// may be.
func (f *Firm) Missing(today string) []string {
	var out []string
	switch {
	case f.Licence == nil:
		out = append(out, "nobody looked its licence up")
	case f.Licence.Until != "" && f.Licence.Until < today:
		out = append(out, "its licence ended on "+f.Licence.Until)
	}
	var open []string
	for _, q := range Questions() {
		if _, ok := f.Answers[q.ID]; !ok {
			open = append(open, q.ID)
		}
	}
	if len(open) > 0 {
		out = append(out, fmt.Sprintf("%d of %d questions on independence have no answer", len(open), len(Questions())))
	}
	return out
}

// Threats gives the questions whose answer is a threat.
func (f *Firm) Threats() []Question {
	return slices.DeleteFunc(Questions(), func(q Question) bool { return !f.Answers[q.ID].Threat })
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// tidy is a table of a form's texts.
type tidy struct {
	field string
	text  *string
	what  string
	must  bool
	most  int
	lines bool
}

func tidyAll(list ...tidy) error {
	for _, t := range list {
		read := journal.Line
		if t.lines {
			read = journal.Text
		}
		s, err := read(t.field, *t.text, t.what, t.must, t.most)
		if err != nil {
			return err
		}
		*t.text = s
	}
	return nil
}

// day reads a day as it is typed; "" stays where it need not be there.
func day(field string, text *string, must bool) error {
	*text = strings.TrimSpace(*text)
	if *text == "" && !must {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, *text); err != nil {
		return bad(field, "%q is no day", *text).WithHint("write it as 2026-01-31")
	}
	return nil
}

func (p *Profile) check() error {
	return tidyAll(tidy{"name", &p.Name, "what the firm is called", true, 120, false}, tidy{"contact", &p.Contact, "", false, 300, false}, tidy{"experience", &p.Experience, "what it has examined that is like us", true, 4000, true},
		tidy{"fee", &p.Fee, "", false, 300, false}, tidy{"why", &p.Why, "what speaks for it and against", true, 4000, true})
}

func (l *Licence) check(today string) error {
	if err := tidyAll(tidy{"number", &l.Number, "the licence's number", true, 120, false}, tidy{"issuer", &l.Issuer, "who issued it", true, 200, false}, tidy{"where", &l.Where, "where it was looked up", true, 300, false},
		tidy{"peer_review_note", &l.PeerNote, "what the review found and why it is still considered", l.PeerReview != ReviewPass, 4000, true}); err != nil {
		return err
	}
	if err := day("until", &l.Until, false); err != nil {
		return err
	}
	l.PeerYear = strings.TrimSpace(l.PeerYear)
	switch {
	case l.Until != "" && l.Until < today:
		return bad("until", "a licence that ended on %s is none", l.Until)
	case !slices.Contains(PeerReviews(), l.PeerReview):
		return bad("peer_review", "choose how its newest peer review ended")
	case l.PeerReview == NoReview || l.PeerReview == ReviewNotVisible:
		l.PeerYear = ""
	default:
		if _, err := time.Parse("2006", l.PeerYear); err != nil {
			return bad("peer_review_year", "write the year of the review, such as 2025")
		}
	}
	return nil
}

func (l *Letter) check(today string) error {
	if err := tidyAll(tidy{"by", &l.By, "who signed for us", true, 120, false}, tidy{"covers", &l.Covers, "what it covers", true, 4000, true}, tidy{"where", &l.Where, "where it lies", true, 300, false}); err != nil {
		return err
	}
	if err := day("signed", &l.Signed, true); err != nil {
		return err
	}
	if l.Signed > today {
		return bad("signed", "%s has not come yet", l.Signed)
	}
	return nil
}
