package question

import (
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/program/scope"
)

// Advice is what the answers about need come to.
type Advice struct {
	Need    string   `json:"need"` // yes, probably, later, no, open
	Type    int      `json:"type"` // 1, 2; 0 while it cannot be said
	Title   string   `json:"title"`
	Reasons []string `json:"reasons"`
	Steps   []string `json:"steps"` // what to do next, in order

	Ready time.Time          `json:"ready,omitzero"` // day on which controls can be in place
	Exam  scope.Examination  `json:"examination,omitzero"`
	Then  *scope.Examination `json:"then,omitempty"` // after it: the window that follows a type 1
	Have  time.Time          `json:"have,omitzero"`  // day on which the report can be in hand
	Late  bool               `json:"late"`           // after the day on which it is needed
}

// The weeks between the last day that is examined and the report in hand.
const reportWeeks = 6

// Advise gives the advice that follows from answers to the questionnaire "need", on
// a day.
func Advise(a Answers, today time.Time) Advice {
	one := func(id string) string {
		if v := a[id].Values; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	var d Advice
	because := func(format string, args ...any) { d.Reasons = append(d.Reasons, fmt.Sprintf(format, args...)) }
	asked, held := one("asked"), one("held")
	switch {
	case held == "no":
		d.Need = "no"
		because("you neither hold customers' data nor do they depend on the service, so there is little that a report could say")
	case asked == "contract":
		d.Need = "yes"
		because("a contract requires it")
	case asked == "deals":
		d.Need = "probably"
		because("it holds up sales, so the report pays for itself with the deals that wait for it")
	case asked == "sometimes":
		d.Need = "later"
		because("it comes up, but nobody waits for it: prepare now, and book the examination with the first firm date")
	case asked == "no":
		d.Need = "no"
		because("nobody asked, and a report that nobody reads is money spent on paper; the security behind it is worth doing all the same")
	default:
		d.Need = "open"
		because("whether anybody asks for it is not answered")
	}
	if held == "yes" {
		because("you hold customers' data: whoever entrusts it to you carries a risk that only you can show to be under control")
	} else if held == "depend" {
		because("customers depend on the service running: availability is the category they would read")
	}
	if one("financial") == "yes" {
		because("customers book your results: their auditors may mean SOC 1; ask before anything is bought")
	}
	if d.Need == "no" {
		d.Title = "No report for now"
		d.Steps = []string{"Answer the first questions all the same: they show what is worth guarding.", "Come back when somebody asks in writing."}
		return d
	}
	months := map[string]int{"most": 2, "some": 4, "little": 6}[one("running")]
	if months == 0 {
		months = 4
		because("how much is in place is not answered; four months of preparation are assumed")
	}
	if one("people") == "more" {
		months++
		because("with more than 100 people approvals and reviews take longer; a month is added")
	}
	first := time.Date(today.Year(), today.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	if today.Day() > 1 {
		first = first.AddDate(0, 1, 0)
	}
	d.Ready = first
	window := 3
	if one("earlier") == "soc2" {
		window = 12
		because("you have a report: the next window has twelve months, and begins the day after the last one ended, without a hole")
	}
	d.decide(one("accepted"), one("earlier") == "soc2", window)
	if one("people") == "five" {
		because("in a firm of up to ten, somebody from outside has to look at what one person does alone")
	}
	d.late(a["by"].Text)
	d.title()
	d.Steps = append([]string{"Answer the first questions: they suggest the categories and the controls.", "Write the scope with this window, and have somebody else approve it."}, "Book an independent, licensed firm now; good ones are booked months ahead.", "Make the plan from the gaps; it shows whether the first day can be kept.")
	return d
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

func (d *Advice) decide(accepted string, again bool, months int) {
	windowFrom := func(first time.Time) scope.Examination {
		return scope.Examination{Type: 2, From: day(first), To: day(first.AddDate(0, months, -1))}
	}
	switch {
	case accepted == "type1" && !again:
		d.Type = 1
		d.Exam = scope.Examination{Type: 1, Date: day(d.Ready)}
		next := windowFrom(d.Ready.AddDate(0, 0, 1))
		d.Then = &next
		d.Have = d.Ready.AddDate(0, 0, 7*reportWeeks)
		d.Reasons = append(d.Reasons, "a type 1 is accepted for now; it needs controls in place on one day, and the window of a type 2 begins the day after")
	default:
		d.Type = 2
		d.Exam = windowFrom(d.Ready)
		d.Have = d.Ready.AddDate(0, months, 7*reportWeeks)
		switch accepted {
		case "type2":
			d.Reasons = append(d.Reasons, "only a type 2 is accepted, so a type 1 would be paid twice")
		default:
			d.Reasons = append(d.Reasons, "nobody said that a type 1 is enough; ask, since it comes months earlier")
		}
		if !again {
			d.Reasons = append(d.Reasons, fmt.Sprintf("a first window of %d months is the shortest that most readers accept; the next one has twelve", months))
		}
	}
}

func (d *Advice) late(by string) {
	want, err := time.Parse(time.DateOnly, by)
	switch {
	case err != nil:
		d.Reasons = append(d.Reasons, "no day is named by which the report is needed; the window begins when controls can be in place")
	case d.Have.After(want):
		d.Late = true
		text := fmt.Sprintf("the report would be in hand around %s, after the %s on which it is needed", d.Have.Format("2 Jan 2006"), want.Format("2 Jan 2006"))
		if d.Type == 2 {
			text += "; a type 1, or a letter that names the window and the firm, may bridge the time"
		}
		d.Reasons = append(d.Reasons, text)
	default:
		d.Reasons = append(d.Reasons, fmt.Sprintf("the report would be in hand around %s, before the %s on which it is needed", d.Have.Format("2 Jan 2006"), want.Format("2 Jan 2006")))
	}
}

func (d *Advice) title() {
	when := "type 1 as of " + d.Ready.Format("2 Jan 2006")
	if d.Type == 2 {
		when = "type 2 over a window from " + d.Ready.Format("2 Jan 2006")
	}
	switch d.Need {
	case "yes":
		d.Title = "Yes: " + when
	case "probably":
		d.Title = "Probably: " + when
	case "later":
		d.Title = "Prepare; examine later, at the earliest a " + when
	default:
		d.Title = "It cannot be said yet; at the earliest a " + when
	}
}
