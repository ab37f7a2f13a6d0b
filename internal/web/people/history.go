package people

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (p *page) history() []ui.Step {
	var out []ui.Step
	for _, e := range p.d.Events {
		text, bad := p.eventText(e)
		step := ui.Step{At: p.r.Words.At(e.At), Text: text, By: "by " + screen.Who(p.names, screen.OrElse(e.By, "Attesta")), Entry: screen.EntryLink(e.Entry, e.Index)}
		if e.By == "" || e.By == "system" {
			step.By = ""
		}
		if bad {
			step.Mark = "bad"
		}
		out = append(out, step)
	}
	return out
}

// eventText says what a line of a timeline is about; bad where it is bad news.
func (p *page) eventText(e people.Event) (text string, bad bool) {
	word := func(name string) string {
		w, _ := e.Data[name].(string)
		return w
	}
	by := ""
	if word("source") != "" {
		by = ", as " + screen.OrElse(p.from[word("source")], "a source") + " says"
	}
	item := func() string {
		for _, it := range p.d.Items {
			if it.ID == word("item") {
				return it.Title
			}
		}
		return word("template")
	}
	account := dash(e.Detail["name"], e.Detail["place_name"])
	switch e.Kind {
	case "joined":
		return "Came into the register" + by + ".", false
	case "changed":
		var fields []string
		if list, ok := e.Data["fields"].([]any); ok {
			for _, f := range list {
				fields = append(fields, fmt.Sprint(f))
			}
		}
		return "Changed: " + screen.OrElse(strings.Join(fields, ", "), "state") + by + ".", false
	case "started":
		return "Started.", false
	case "leaving":
		return "The last day is " + screen.OrElse(word("end"), "known") + by + ".", false
	case "left":
		return "Left" + by + ".", false
	case "returned":
		return "Is here again" + by + ".", false
	case "said":
		return screen.OrElse(p.from[word("source")], "A source") + " says something that changes nothing of them.", false
	case "merged":
		return "Is somebody else in the register.", false
	case "took_over":
		return "Took another entry over: it is the same person.", false
	case "told_apart":
		return "Somebody said that another entry is another person.", false
	case "checklist_started":
		return listTitles[word("list")] + ": the checklist began.", false
	case "checklist_moved":
		return listTitles[word("list")] + ": the days moved.", false
	case "checklist_dropped":
		return listTitles[word("list")] + ": no longer needed.", false
	case "item_done":
		return item() + ": done" + opt(", ", strings.ReplaceAll(word("result"), "_", " ")) + ".", false
	case "item_not_applicable":
		return item() + ": not applicable.", false
	case "item_reopened":
		return item() + ": open again.", false
	case "account_found":
		return "Account " + account + ": found.", false
	case "account_said":
		return "Account " + account + ": " + map[string]string{people.Theirs: "is theirs.", people.NotTheirs: "is not theirs."}[word("says")], false
	case "account_present":
		return "Account " + account + ": lets somebody in.", p.d.State == people.Left
	case "account_closed":
		return "Account " + account + ": lets nobody in any more.", false
	case "account_gone":
		return "Account " + account + ": is gone.", false
	case "account_unobserved":
		return "Account " + account + ": can no longer be observed.", false
	case "access_ended":
		return "Login in Attesta: " + screen.OrElse(e.Detail["reason"], "ended") + ".", false
	}
	if kind, ok := strings.CutPrefix(e.Kind, "record_"); ok && slices.Contains(people.RecordKinds(), kind) {
		return recordWords[kind] + opt(", ", word("step")) + opt(", on ", word("day")) + ".", false
	}
	return screen.Capital(strings.ReplaceAll(e.Kind, "_", " ")) + ".", false
}
