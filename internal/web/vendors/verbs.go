package vendors

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// verb is what a form of a vendor's page does.
type verb struct {
	name   string
	make   func() vendor.Change
	button string
	open   string // the summary that the form stands behind
	note   string
	danger bool
	fields func(v *vendor.Vendor) []ui.Field
	fill   func(values url.Values, c vendor.Change) // what decode cannot
}

func options(chosen string, pairs ...[2]string) []ui.Option {
	var out []ui.Option
	for _, p := range pairs {
		out = append(out, ui.Option{Value: p[0], Text: p[1], Selected: p[0] == chosen})
	}
	return out
}

var yesNo = [][2]string{{"no", "No"}, {"yes", "Yes"}}

func day(name, label, hint string) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Kind: "date", Must: true}
}

func long(name, label, hint string, must bool) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Kind: "long", Must: must}
}

func fixed(list ...ui.Field) func(*vendor.Vendor) []ui.Field {
	return func(*vendor.Vendor) []ui.Field { return list }
}

func choice(name, label, hint string, pairs ...[2]string) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Kind: "select", Options: options("", pairs...)}
}

// verbs gives the forms of a vendor's page, by name.
func (s *site) verbs() []verb {
	return []verb{
		{name: "review", make: func() vendor.Change { return &vendor.Review{} }, button: "Record the review", open: "Review this vendor",
			note: "In full: what its reports, answers, incidents and contract say. Who manages it does not review it.",
			fields: fixed(long("looked", "What was looked at", "", true), choice("conclusion", "What follows", "", [2]string{"", "Choose one"}, [2]string{"keep", "It is kept"}, [2]string{"conditions", "It is kept under conditions"}, [2]string{"end", "It is to be ended, or not to be used"}),
				long("conditions", "Conditions", "Where there are some.", false))},
		{name: "approve", make: func() vendor.Change { return &vendor.Approve{} }, button: "Approve", open: "Approve this vendor", note: "Who asked for it, or described it since, does not approve it.",
			fields: fixed(long("note", "Note", "", false))},
		{name: "refuse", make: func() vendor.Change { return &vendor.Refuse{} }, button: "Refuse", open: "Refuse this vendor", danger: true, fields: fixed(long("note", "Why", "So that who asked can look for another.", true))},
		{name: "engage", make: func() vendor.Change { return &vendor.Engage{} }, button: "Record the day", open: "It was engaged", fields: fixed(day("on", "Engaged on", "Contract, first payment or first access, whichever came first."))},
		{name: "classify", make: func() vendor.Change { return &vendor.Classified{} }, button: "Record the decision", open: "Decide: vendor or subservice organisation",
			note: "A subservice organisation is one whose controls, if they failed, would keep us from a commitment. The description of the system names it.",
			fields: fixed(choice("is", "It is", "", [2]string{"", "Choose one"}, [2]string{"vendor", "A vendor"}, [2]string{"subservice", "A subservice organisation"}),
				choice("method", "Method", "Of a subservice organisation only.", [2]string{"", "None: a vendor"}, [2]string{"carve_out", "Carve-out: its controls are left out of the examination"}, [2]string{"inclusive", "Inclusive: its controls are examined too"}),
				long("reasons", "Reasons", "", true))},
		{name: "contract", make: func() vendor.Change { return &vendor.Contract{} }, button: "Record the contract", open: "Record a contract",
			fields: fixed(ui.Field{Name: "title", Label: "Contract", Must: true}, day("from", "From", ""), ui.Field{Name: "to", Label: "To", Hint: "Empty where it is open-ended.", Kind: "date"},
				ui.Field{Name: "notice_days", Label: "Days of notice"}, choice("renews", "Renews by itself", "", yesNo...), ui.Field{Name: "breach_hours", Label: "Tells of a breach within hours", Hint: "Empty where it promises nothing."},
				choice("audit_right", "Audit right", "", yesNo...), ui.Field{Name: "deletion_days", Label: "Deletes our data within days of the end", Hint: "Empty where it promises nothing."},
				choice("confidentiality", "Promises confidentiality", "", yesNo...), choice("data_terms", "Terms for personal data", "", yesNo...), ui.Field{Name: "where", Label: "Where it lies", Hint: "A place, or the number of the evidence."})},
		{name: "send", make: func() vendor.Change { return &vendor.Sent{} }, button: "Record that it was sent", open: "A questionnaire was sent",
			fields: fixed(choice("form", "Questionnaire", "", [2]string{"long", "Long"}, [2]string{"short", "Short"}), ui.Field{Name: "to", Label: "To whom there", Must: true}, day("due", "Answers by", ""))},
		{name: "answer", make: func() vendor.Change { return &vendor.Filled{} }, fill: func(values url.Values, c vendor.Change) {
			x := c.(*vendor.Filled)
			x.Answers, x.Notes = screen.Prefixed(values, "q-"), screen.Prefixed(values, "n-")
		}},
		{name: "report", make: func() vendor.Change { return &vendor.Report{} }, button: "Record the report", open: "Record a report or certificate",
			fields: func(*vendor.Vendor) []ui.Field {
				var cats []ui.Option
				for _, c := range catalog.Categories() {
					cats = append(cats, ui.Option{Value: string(c), Text: c.Words()})
				}
				return []ui.Field{choice("kind", "Kind", "", vendor.ReportKinds()...), {Name: "issuer", Label: "Issued by", Hint: "The auditor's firm, the certification body, the tester.", Must: true},
					{Name: "from", Label: "Period from", Hint: "Of a type 2 report or a certificate.", Kind: "date"}, day("to", "Period to", "The day of a type 1 report or a test; the last day of a certificate."),
					choice("opinion", "Opinion", "None where it is no SOC report.", [2]string{"", "Choose one"}, [2]string{"unqualified", "Unqualified"}, [2]string{"qualified", "Qualified"}, [2]string{"adverse", "Adverse"}, [2]string{"disclaimer", "Disclaimer"}, [2]string{"none", "None"}),
					{Name: "categories", Label: "Categories that it covers", Kind: "many", Options: cats}, long("scope", "Products and systems that it covers", "", true),
					long("subservice", "Its own subservice organisations", "And whether they are carved out.", false), day("received", "Received on", ""),
					long("deviations", "Deviations", "One on a line: the control and what was found.", false), long("user_entity_controls", "Controls that it expects of its customers", "One on a line.", false),
					{Name: "where", Label: "Where it lies", Hint: "A place, or the number of the evidence."}}
			}},
		{name: "letter", make: func() vendor.Change { return &vendor.Letter{} }, button: "Record the letter", open: "Record a bridge letter", note: fmt.Sprintf("Its management on the time since the report. It counts for %d days.", vendor.LongestLetter),
			fields: fixed(ui.Field{Name: "report", Kind: "hidden"}, day("from", "From", ""), day("to", "To", ""), day("received", "Received on", ""), choice("changes", "Tells of material changes", "", yesNo...), long("note", "Which, and what they mean for us", "", false))},
		{name: "review-report", make: func() vendor.Change { return &vendor.ReportReview{} }, button: "Record the review", fill: fillReview},
		{name: "duty", make: func() vendor.Change { return &vendor.Duty{} }, button: "Add it", open: "Add a control that it expects of us", fields: fixed(long("text", "What it expects of us", "", true), ui.Field{Name: "source", Label: "Where that stands", Hint: "A contract, a page.", Must: true})},
		{name: "map-duty", make: func() vendor.Change { return &vendor.DutyMap{} }, button: "Record it", open: "Say which control of ours does it",
			fields: func(v *vendor.Vendor) []ui.Field {
				f := ui.Field{Name: "duty", Label: "What it expects", Kind: "select"}
				for _, d := range v.Duties {
					if !d.Gone {
						f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(d.Number), Text: fmt.Sprintf("%d: %s", d.Number, cut(d.Text, 80)), Selected: d.Mapped == nil && len(f.Options) == 0})
					}
				}
				return []ui.Field{f, {Name: "controls", Label: "Our controls", Hint: "Short names, one on a line or between commas."}, long("missing", "Or: what is missing, or why it does not concern us", "", false), choice("does_not_concern", "It does not concern our use", "", yesNo...)}
			}},
		{name: "assume", make: func() vendor.Change { return &vendor.Assumption{} }, button: "Add it", open: "Add a control that we assume there",
			fields: fixed(long("text", "Which control we assume", "", true), ui.Field{Name: "criteria", Label: "Criteria that it serves", Hint: "Such as CC6.4, CC7.2.", Must: true}, long("how", "How we watch that it operates", "The review of its report, a test, a meeting.", true),
				ui.Field{Name: "controls", Label: "Our controls that watch it", Hint: "Short names."})},
		{name: "assume-end", make: func() vendor.Change { return &vendor.AssumptionEnd{} }, button: "End it", open: "End an assumption", danger: true,
			fields: func(v *vendor.Vendor) []ui.Field {
				f := ui.Field{Name: "number", Label: "Assumption", Kind: "select"}
				for _, a := range v.Assumed {
					if !a.Ended {
						f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(a.Number), Text: cut(a.Text, 80)})
					}
				}
				return []ui.Field{f, long("note", "Why it is assumed no more", "", true)}
			}},
		{name: "access", make: func() vendor.Change { return &vendor.Access{} }, button: "Record it", open: "Record an account or key that it holds", note: "Its name or fingerprint; never a secret.",
			fields: fixed(choice("kind", "Kind", "", vendor.AccessKinds()...), ui.Field{Name: "system", Label: "What it reaches", Must: true}, ui.Field{Name: "name", Label: "Account or key", Must: true}, ui.Field{Name: "may", Label: "What it may do there", Must: true}, day("since", "Since", ""))},
		{name: "access-end", make: func() vendor.Change { return &vendor.AccessEnd{} }, button: "Record its removal", open: "An account or key was removed",
			fields: func(v *vendor.Vendor) []ui.Field {
				f := ui.Field{Name: "number", Label: "Account or key", Kind: "select"}
				for _, a := range v.Holds() {
					f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(a.Number), Text: a.System + ": " + a.Name})
				}
				return []ui.Field{f, day("on", "Removed on", ""), {Name: "proof", Label: "What shows that it is gone", Must: true}}
			}},
		{name: "incident", make: func() vendor.Change { return &vendor.Incident{} }, button: "Record the incident", open: "Tell of an incident there",
			fields: fixed(long("what", "What happened", "", true), ui.Field{Name: "found", Label: "Found by the vendor at", Hint: "As 2026-09-30 14:05; empty where it did not say."}, ui.Field{Name: "told", Label: "We were told at", Hint: "As 2026-09-30 14:05.", Must: true},
				choice("by", "How we learned of it", "", [2]string{"", "Choose one"}, [2]string{"vendor", "The vendor told us"}, [2]string{"press", "The press"}, [2]string{"customer", "A customer"}, [2]string{"ourselves", "We found out"}, [2]string{"other", "Otherwise"}),
				long("effect", "What it means for us", "", true), choice("our_data", "Our data is concerned", "", yesNo...))},
		{name: "incident-close", make: func() vendor.Change { return &vendor.IncidentClose{} }, button: "Close the incident", open: "Close an incident",
			fields: func(v *vendor.Vendor) []ui.Field {
				f := ui.Field{Name: "number", Label: "Incident", Kind: "select"}
				for _, i := range v.Incidents {
					if i.Closed == nil {
						f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(i.Number), Text: fmt.Sprintf("%d: %s", i.Number, cut(i.What, 80))})
					}
				}
				return []ui.Field{f, long("note", "How it ended for us, and what was learned", "", true)}
			}},
		{name: "leave", make: func() vendor.Change { return &vendor.Leave{} }, button: "Begin the end", open: "End the use of this vendor", danger: true, fields: fixed(long("reason", "Why", "", true), day("last", "Last day of use", ""))},
		{name: "data-end", make: func() vendor.Change { return &vendor.DataEnd{} }, button: "Record it", open: "Say what became of our data",
			fields: fixed(choice("how", "Our data", "", [2]string{"", "Choose one"}, [2]string{"returned_and_destroyed", "was returned and destroyed"}, [2]string{"destroyed", "was destroyed"}, [2]string{"returned", "was returned"}, [2]string{"none_held", "was never held there"}), day("on", "On", ""),
				long("proof", "What shows it", "A certificate, a letter, who looked; with the number of the evidence.", true))},
		{name: "end", make: func() vendor.Change { return &vendor.End{} }, button: "End it", open: "The relationship has ended", danger: true, note: "Each account must be removed, and what became of our data be shown.", fields: fixed(day("on", "Ended on", ""), long("note", "Note", "", false))},
		{name: "describe", make: func() vendor.Change { return &vendor.Described{} }, fill: func(values url.Values, c vendor.Change) {
			c.(*vendor.Described).Answers = screen.Prefixed(values, "answer-")
		}},
	}
}

func (s *site) verb(name string) (verb, bool) {
	for _, x := range s.verbs() {
		if x.name == name {
			return x, true
		}
	}
	return verb{}, false
}

// form makes the form of a verb for who may do it; an empty one else.
func (s *site) form(v *vendor.Vendor, name string, may func(access.Action) bool) ui.Form {
	x, _ := s.verb(name)
	if x.make == nil || !may(x.make().Action()) {
		return ui.Form{}
	}
	f := ui.Form{ID: name, Action: "/vendors/" + v.Ref() + "/" + name, Summary: x.open, Note: x.note, Button: x.button, Danger: x.danger, Quiet: !x.danger}
	if x.fields != nil {
		f.Fields = x.fields(v)
	}
	return f
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n])) + "…"
}

func fillReview(values url.Values, c vendor.Change) {
	x := c.(*vendor.ReportReview)
	for n := 1; n <= 200 && values.Has(fmt.Sprintf("effect-%d", n)); n++ {
		x.Effects = append(x.Effects, vendor.Effect{Deviation: n, Effect: values.Get(fmt.Sprintf("effect-%d", n)), Note: values.Get(fmt.Sprintf("effect_note-%d", n))})
	}
	for _, text := range values["duty"] {
		n, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		x.Mappings = append(x.Mappings, vendor.Mapping{Duty: n, Controls: screen.Listed(values.Get(fmt.Sprintf("controls-%d", n))), Missing: values.Get(fmt.Sprintf("missing-%d", n)), Not: values.Get(fmt.Sprintf("not-%d", n)) == "yes"})
	}
}
