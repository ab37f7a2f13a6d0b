package firm

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/journal"
)

// ReportKind is what the journal keeps of reports.
var ReportKind = journal.Kind{Name: "audit_report", Prefix: "are", Letter: "SR", Noun: "report", Steps: []string{"received", "handed", "recalled"}}

// Opinion is what an auditor's report says.
type Opinion string

// The opinions.
const (
	Unqualified Opinion = "unqualified"
	Qualified   Opinion = "qualified"
	Adverse     Opinion = "adverse"
	Disclaimer  Opinion = "disclaimer"
)

// Opinions gives them in the order of a form; there is no default.
func Opinions() []Opinion { return []Opinion{Unqualified, Qualified, Adverse, Disclaimer} }

// Received is a report as it came.
type Received struct {
	Title      string  `json:"title" maxLength:"200"`
	Engagement int     `json:"engagement,omitempty" doc:"Number of the engagement."`
	Firm       string  `json:"firm" doc:"Number of the firm, AF-1, or its name." maxLength:"120"`
	Type       int     `json:"type" enum:"1,2"`
	From       string  `json:"from,omitempty" doc:"First day of the window, of type 2." maxLength:"10"`
	To         string  `json:"to" doc:"Last day of the window, or the date of type 1." maxLength:"10"`
	Dated      string  `json:"dated" doc:"Date of the auditor's report." maxLength:"10"`
	Opinion    Opinion `json:"opinion" enum:"unqualified,qualified,adverse,disclaimer"`
	About      string  `json:"about,omitempty" doc:"What a modified opinion is about." maxLength:"4000"`
	Digest     string  `json:"sha256,omitempty" doc:"Of the file." maxLength:"64"`
	Where      string  `json:"where" doc:"Where it lies." maxLength:"300"`
}

// Handing is a copy that somebody is given.
type Handing struct {
	To      string `json:"to" doc:"Person and organisation." maxLength:"300"`
	As      string `json:"as" enum:"customer,prospect,business_partner,practitioner,regulator,our_own,other"`
	On      string `json:"on" maxLength:"10"`
	Terms   string `json:"terms" doc:"Under which terms: an agreement of a date, a portal's click-through." maxLength:"1000"`
	Form    string `json:"form,omitempty" doc:"How: with their name on each page, read only, on paper." maxLength:"300"`
	Letters string `json:"with,omitempty" doc:"What else was given, such as a bridge letter." maxLength:"300"`
}

// Readers gives who a report may be for, with the words of a form.
func Readers() [][2]string {
	return [][2]string{{"customer", "A customer that used the system"}, {"prospect", "Somebody who considers to become one"}, {"business_partner", "A business partner with risks from the system"},
		{"practitioner", "An auditor of a customer or partner"}, {"regulator", "A regulator"}, {"our_own", "Ourselves"}, {"other", "Somebody else"}}
}

// Copy is a copy that was handed out.
type Copy struct {
	Number int `json:"number"`
	Handing
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Recalled string    `json:"recalled,omitempty"` // day on which it was asked back
	Why      string    `json:"recalled_why,omitempty"`
}

// Report is a report with its copies.
type Report struct {
	Received
	Copies []Copy `json:"copies,omitempty"`
}

// Mark is what lists are filtered by.
func (r Report) Mark() journal.Mark { return journal.Mark{State: string(r.Opinion), Topic: r.Firm} }

func (r *Received) check(today string) error {
	if err := tidyAll(tidy{"title", &r.Title, "what the report is called", true, 200, false}, tidy{"firm", &r.Firm, "whose report it is", true, 120, false}, tidy{"where", &r.Where, "where it lies", true, 300, false},
		tidy{"about", &r.About, "what the opinion is about", r.Opinion != Unqualified, 4000, true}, tidy{"sha256", &r.Digest, "", false, 64, false}); err != nil {
		return err
	}
	for _, d := range []struct {
		field string
		text  *string
		must  bool
	}{{"from", &r.From, r.Type == 2}, {"to", &r.To, true}, {"dated", &r.Dated, true}} {
		if err := day(d.field, d.text, d.must); err != nil {
			return err
		}
	}
	switch {
	case r.Type != 1 && r.Type != 2:
		return bad("type", "a report is of type 1 or 2")
	case r.Type == 1 && r.From != "":
		return bad("from", "a report of type 1 is of a date and has no window")
	case r.From > r.To:
		return bad("from", "the window begins before it ends")
	case r.Dated < r.To:
		return bad("dated", "the auditor signs after the window, not before %s", r.To)
	case r.Dated > today:
		return bad("dated", "%s has not come yet", r.Dated)
	case !slices.Contains(Opinions(), r.Opinion):
		return bad("opinion", "say what the opinion is, whatever it is")
	case r.Digest != "" && !isDigest(r.Digest):
		return bad("sha256", "a SHA-256 is 64 hexadecimal digits")
	}
	return nil
}

func isDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (h *Handing) check(r *Report, today string) error {
	if err := tidyAll(tidy{"to", &h.To, "who gets it, with their organisation", true, 300, false}, tidy{"terms", &h.Terms, "under which terms", true, 1000, true}, tidy{"form", &h.Form, "", false, 300, false}, tidy{"with", &h.Letters, "", false, 300, false}); err != nil {
		return err
	}
	if err := day("on", &h.On, true); err != nil {
		return err
	}
	switch {
	case !slices.ContainsFunc(Readers(), func(x [2]string) bool { return x[0] == h.As }):
		return bad("as", "say what they are to us")
	case h.On > today:
		return bad("on", "%s has not come yet", h.On)
	case h.On < r.Dated:
		return bad("on", "the report is of %s; nobody had it before", r.Dated)
	}
	return nil
}
