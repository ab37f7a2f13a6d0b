package people

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/program/checklist"
)

// PopulationSource gives people to populations: as their timelines said at the
// end of the window, as known by the ledger then.
func (s *Service) PopulationSource() population.Source {
	text, number, truth := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}, &judge.Type{Kind: judge.Bool}
	return population.Source{
		Name: "people", Title: "People", Doc: "People of the organisation, as its directories say: employees, contractors and accounts without a person.",
		Fields: []judge.Field{
			{Name: "name", Type: text, Doc: "what they are called"},
			{Name: "kind", Type: text, Doc: "employee, contractor, service"},
			{Name: "state", Type: text, Doc: "planned, here, leaving, left"},
			{Name: "team", Type: text, Doc: "team"},
			{Name: "title", Type: text, Doc: "job title"},
			{Name: "manager", Type: text, Doc: "id of the manager; empty for none"},
			{Name: "start", Type: text, Doc: "first day; empty where no source says it"},
			{Name: "left", Type: text, Doc: "when they left; only of one who has"},
			{Name: "background_check", Type: text, Doc: "clear, considered, not_clear, not_applicable, open; empty where none was asked for"},
			{Name: "background_checked", Type: text, Doc: "day of the check"},
			{Name: "items_open", Type: number, Doc: "items of their newest checklist that are open"},
			{Name: "items_late", Type: number, Doc: "of these, those that were late at the end of the window"},
			{Name: "access", Type: text, Doc: "of a leaver: removed, present, not_observed, unclear, none_found"},
			{Name: "access_hours", Type: number, Doc: "whole hours, rounded up, from leaving until the last account was observed gone; only where it is removed"},
			{Name: "access_allowed", Type: number, Doc: "hours in which it was to be gone, when they left"},
			{Name: "access_in_time", Type: truth, Doc: "whether it was gone in time; not known where an account is not observed, not decided or was never seen"},
			{Name: "access_reason", Type: text, Doc: "which account decides, and why it is not observed"},
		},
		Columns: []string{"name", "kind", "team", "start", "left", "access", "access_hours", "access_reason"},
		Dates: []population.Date{
			{Name: "present", Doc: "the person was here: from the first day, or from when they were first heard of, until they left", Span: true},
			{Name: "joined", Doc: "the person's first day, or when they were first heard of"},
			{Name: "moved", Doc: "the person's team, title or kind changed"},
			{Name: "left", Doc: "the person left: the end of the last day, or when the directory no longer had them"},
		},
		Read: s.populationItems,
	}
}

func (s *Service) populationItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	all, err := eventsKnown(ctx, s.cfg.DB.Reader(), r.At.Valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	items := []population.Item{}
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].Subject == all[i].Subject {
			j++
		}
		if item, ok := told(s.cfg.Book, all[i:j], r.At.Valid); ok {
			items = append(items, item)
		}
		i = j
	}
	return items, nil
}

func wordOf(e Event, name string) string {
	w, _ := e.Data[name].(string)
	return w
}

func momentOf(e Event, name string) time.Time {
	t, err := time.Parse(stampForm, wordOf(e, name))
	if err != nil {
		return time.Time{}
	}
	return t
}

// told makes an item of what happened to somebody up to a moment. The events
// alone decide: what is in the rows now may be younger.
func told(book *checklist.Book, events []Event, valid time.Time) (population.Item, bool) {
	a := map[string]any{}
	var f Fields
	var joined, left time.Time
	var present, moves []population.Span
	grace, background, backgroundDay := 0, "", ""
	accounts := map[string]*Account{}
	due := map[string]time.Time{} // open items of the newest list, by template
	list, run := "", ""
	end := func(at time.Time) {
		if n := len(present); n > 0 && present[n-1].To.IsZero() && !at.Before(present[n-1].From) {
			present[n-1].To = at
		}
	}
	for _, e := range events {
		switch e.Kind {
		case "joined", "changed", "left", "returned", "leaving", "started":
			if err := json.Unmarshal([]byte(cmp.Or(e.Detail["now"], "{}")), &f); err != nil {
				continue
			}
			a["state"] = wordOf(e, "state")
			f.Kind = Kind(wordOf(e, "kind"))
			switch e.Kind {
			case "joined":
				joined = e.ValidAt
				if t, err := time.Parse(time.DateOnly, wordOf(e, "start")); err == nil {
					joined = t
				}
				present = append(present, population.Span{From: joined})
				if at := momentOf(e, "left_at"); !at.IsZero() {
					left, grace = at, intOf(e, "grace_hours")
					end(left)
				}
			case "changed":
				if fields, ok := e.Data["fields"].([]any); ok && slices.ContainsFunc(fields, func(x any) bool { return x == "team" || x == "title" || x == "kind" }) {
					moves = append(moves, population.Span{From: e.ValidAt, To: e.ValidAt})
				}
			case "left":
				left, grace = momentOf(e, "left_at"), intOf(e, "grace_hours")
				end(left)
			case "returned":
				left, grace = time.Time{}, 0
				present = append(present, population.Span{From: e.ValidAt})
			}
		case "merged":
			return population.Item{}, false
		case "checklist_started", "checklist_moved":
			from, err := time.Parse(time.DateOnly, wordOf(e, "from"))
			if err != nil {
				continue
			}
			if e.Kind == "checklist_started" {
				due = map[string]time.Time{}
				list, run = wordOf(e, "list"), asJSON(e.Data["run"])
				if named, ok := e.Data["items"].([]any); ok {
					for _, x := range named {
						if id, ok := x.(string); ok {
							due[id] = from
						}
					}
				}
			}
			if wordOf(e, "list") != list {
				continue
			}
			for id := range due {
				if i := slices.IndexFunc(book.Templates, func(t checklist.Template) bool { return t.ID == id }); i >= 0 {
					due[id] = checklist.DueOn(from, book.Templates[i].Days)
					if book.Templates[i].Form == checklist.Background {
						background = checklist.Open
					}
				}
			}
		case "checklist_dropped":
			if wordOf(e, "list") == list {
				due = map[string]time.Time{}
			}
		case "item_done", "item_not_applicable", "item_reopened":
			id := wordOf(e, "template")
			if wordOf(e, "list") == list && asJSON(e.Data["run"]) == run {
				delete(due, id)
				if e.Kind == "item_reopened" {
					due[id] = e.ValidAt
				}
			}
			if i := slices.IndexFunc(book.Templates, func(t checklist.Template) bool { return t.ID == id && t.Form == checklist.Background }); i >= 0 {
				background, backgroundDay = cmp.Or(wordOf(e, "result"), checklist.Not), wordOf(e, "day")
				if e.Kind == "item_reopened" {
					background = checklist.Open
				}
			}
		default:
			if !strings.HasPrefix(e.Kind, "account_") && e.Kind != "access_ended" {
				continue
			}
			id := wordOf(e, "account")
			if accounts[id] == nil {
				accounts[id] = &Account{ID: id}
			}
			x := accounts[id]
			x.State, x.Says, x.Name, x.PlaceName, x.Reason = wordOf(e, "state"), wordOf(e, "says"), e.Detail["name"], e.Detail["place_name"], e.Detail["reason"]
			if e.Kind != "account_said" {
				x.ChangedAt = e.ValidAt
			}
		}
	}
	if len(present) == 0 {
		return population.Item{}, false
	}
	a["name"], a["kind"], a["team"], a["title"], a["manager"], a["start"] = f.Name, string(f.Kind), f.Team, f.Title, f.Manager, f.Start
	a["background_check"], a["background_checked"] = background, backgroundDay
	late := int64(0)
	for _, d := range due {
		if d.Before(valid) {
			late++
		}
	}
	a["items_open"], a["items_late"] = int64(len(due)), late
	dates := map[string][]population.Span{"present": present, "joined": {{From: joined, To: joined}}, "moved": moves, "left": nil}
	if !left.IsZero() {
		a["left"] = stamp(left)
		dates["left"] = []population.Span{{From: left, To: left}}
		var all []Account
		for _, x := range accounts {
			all = append(all, *x)
		}
		slices.SortFunc(all, func(x, y Account) int { return strings.Compare(x.ID, y.ID) })
		is := accessOf(left, all)
		a["access"], a["access_reason"], a["access_allowed"] = is.Word, is.Reason, int64(grace)
		switch is.Word {
		case "removed":
			a["access_hours"], a["access_in_time"] = int64(is.Hours), is.Hours <= grace
		case "present":
			if valid.After(left.Add(time.Duration(grace) * time.Hour)) {
				a["access_in_time"] = false
			}
		}
	}
	return population.Item{ID: events[0].Subject, Attributes: a, Dates: dates}, true
}

func intOf(e Event, name string) int {
	n, _ := e.Data[name].(float64) // as JSON has it
	return int(n)
}
