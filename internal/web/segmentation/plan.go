package segmentation

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var planWords = map[segment.State]string{segment.Draft: "draft", segment.InForce: "in force", segment.Replaced: "replaced", segment.Withdrawn: "withdrawn"}

var planSteps = map[string]string{"drafted": "drafted", "edited": "written anew", "approved": "approved, in force", "replaced": "replaced by a newer version", "withdrawn": "withdrawn"}

// plans answers: which zones and rules did we declare, and which version is in force?
func (s *site) plans(w http.ResponseWriter, r *screen.Request) error { return s.showPlans(w, r, nil) }

func (s *site) showPlans(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	list, err := s.cfg.Segment.Plans(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Segmentation", Href: home}, {Text: "Plan"}}, Title: "No segmentation plan is in force", Note: "Zones and the rules between them, in versions. Each rule is judged all the time, and tried by agents once a day.", Undo: planPath, None: "There is none."}
	var who []string
	for _, o := range list {
		who = append(who, o.Content.Author, o.Content.Approver)
	}
	names := r.Names(who)
	v.Table = ui.Table{Caption: "Versions of the plan, newest first", Columns: []ui.Column{{Text: "Version"}, {Text: "State"}, {Text: "Zones", N: true}, {Text: "Rules", N: true}, {Text: "Written by"}, {Text: "Approved by"}, {Text: "In force"}}}
	draft := false
	for _, o := range list {
		c := o.Content
		draft = draft || c.State == segment.Draft
		held := ui.Cell{Text: "never", Muted: true}
		if !c.From.IsZero() {
			held = ui.Cell{Text: "from " + r.Words.Date(c.From)}
			if !c.To.IsZero() {
				held.Text += " to " + r.Words.Date(c.To)
			}
		}
		if c.State == segment.InForce {
			v.Title = fmt.Sprintf("%s and %s are in force", ui.Many(len(c.Zones), "zone", "zones"), ui.Many(len(c.Rules), "rule", "rules"))
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: o.Ref, Href: planPath + "/" + o.Ref}, Meta: c.Why, Cells: []ui.Cell{{Text: planWords[c.State]}, {Text: strconv.Itoa(len(c.Zones)), N: true}, {Text: strconv.Itoa(len(c.Rules)), N: true}, {Text: screen.Who(names, c.Author)}, {Text: screen.OrElse(screen.Who(names, c.Approver), "nobody"), Muted: c.Approver == ""}, held}})
	}
	if r.May(access.SegmentEdit) && !draft {
		v.Form = ui.Form{ID: "draft", Action: planPath, Summary: "Draft a new version", Open: len(list) == 0, Button: "Draft it", Note: "It begins with what is in force, or empty, and holds once somebody else approved it.", Fields: []ui.Field{screen.LongField("why", "What is new, and why?", "", true)}}
		t.Fill(&v.Form)
	}
	if len(list) == 0 {
		v.Empty = &ui.Empty{Title: "Begin with two zones and one rule", Text: "Name the zone that holds customer data and the one that faces the Internet, by names of hosts or by networks. Then write what the second must not do to the first. The rest can follow.", Criteria: []ui.Link{{Text: "CC6.1", Href: "/criteria/CC6.1"}, {Text: "CC6.6", Href: "/criteria/CC6.6"}}, Until: "Until then agents tell their connections, and nothing says which of them may be."}
	}
	return r.Render(w, t.Status(), ui.List(s.shell(w, r, "Segmentation plan"), v))
}

func (s *site) draft(w http.ResponseWriter, r *screen.Request) error {
	text := segment.PlanText{Default: segment.Unstated}
	now, err := s.cfg.Segment.Plan(r.Context(), r.Who)
	if err != nil {
		return err
	}
	if now != nil {
		text = now.Content.PlanText
	}
	text.Why = r.PostForm.Get("why")
	o, err := s.cfg.Segment.DraftPlan(r.Context(), r.Who, text)
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPlans(w, r, t)
	}
	return r.Done(w, o.Ref+" is drafted.", planPath+"/"+o.Ref)
}

func (s *site) plan(w http.ResponseWriter, r *screen.Request) error {
	return s.showPlan(w, r, "", nil)
}

var defaultWords = map[segment.Default]string{segment.Forbidden: "What no rule is about is forbidden between zones.", segment.Unstated: "What no rule is about is not said."}

func (s *site) showPlan(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	o, err := s.cfg.Segment.GetPlan(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := o.Content, planPath+"/"+o.Ref
	who := []string{c.Author, c.Approver}
	for _, h := range o.History {
		who = append(who, h.By)
	}
	names := r.Names(who)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Segmentation", Href: home}, {Text: "Plan", Href: planPath}, {Text: o.Ref}}, Title: "Segmentation plan " + o.Ref, State: planWords[c.State], Line: []string{ui.Many(len(c.Zones), "zone", "zones"), ui.Many(len(c.Rules), "rule", "rules"), "written by " + screen.Who(names, c.Author)},
		FactsOf: "This version", Facts: []ui.Fact{{Term: "What is new", Text: c.Why}, {Term: "By default", Text: defaultWords[c.Default]}, {Term: "Proofs", Text: "younger than " + ui.Many(c.ProofDays, "day", "days")}}, Zone: "times in " + r.Words.Zone.String()}
	if c.Approver != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Approved by", Text: screen.Who(names, c.Approver)})
	}
	if c.Alone != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "In place of a second person", Text: c.Alone})
	}
	for i := len(o.History) - 1; i >= 0; i-- {
		h := o.History[i]
		text := screen.OrElse(planSteps[h.Step], h.Step)
		if h.Note != "" {
			text += ": " + h.Note
		}
		rec.History = append(rec.History, ui.Step{At: r.Words.At(h.At), Text: text, By: "by " + screen.Who(names, h.By), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	zones := ui.Table{Caption: "Zones", Columns: []ui.Column{{Text: "Zone"}, {Text: "Hosts"}, {Text: "Networks"}, {Text: "Owner"}, {Text: "Data"}, {Text: "Why"}}}
	for _, z := range c.Zones {
		zones.Rows = append(zones.Rows, ui.TableRow{Head: ui.Link{Text: z.Key}, Meta: z.Title, Cells: []ui.Cell{{Text: screen.OrElse(strings.Join(z.Hosts, ", "), "—"), Muted: len(z.Hosts) == 0}, {Text: screen.OrElse(strings.Join(z.Networks, ", "), "—"), Muted: len(z.Networks) == 0}, {Text: z.Owner}, {Text: screen.OrElse(z.Data, "—"), Muted: z.Data == ""}, {Text: z.Why}}})
	}
	rules := ui.Table{Caption: "Rules", Columns: []ui.Column{{Text: "Rule"}, {Text: "Owner"}, {Text: "Last day"}, {Text: "Why"}}}
	for _, x := range c.Rules {
		last := ui.Cell{Text: screen.OrElse(r.Words.Calendar(x.Until), "—"), Muted: x.Until == "", Bad: x.Expired(r.Now) && c.State == segment.InForce}
		rules.Rows = append(rules.Rows, ui.TableRow{Head: ui.Link{Text: x.Words()}, Meta: x.Key, Cells: []ui.Cell{{Text: screen.OrElse(x.Owner, "—"), Muted: x.Owner == ""}, last, {Text: x.Why}}})
	}
	rec.Blocks = []ui.Block{{ID: "zones", Title: "Zones", Table: &zones, None: "None yet."}, {ID: "rules", Title: "Rules", Table: &rules, None: "None yet."}}
	if c.State == segment.Draft && r.May(access.SegmentEdit) {
		s.planForms(&rec, c.PlanText, path, which, t)
	}
	if c.State == segment.Draft && r.May(access.SegmentApprove) {
		rec.Action = ui.Form{ID: "approve", Action: path + "/approve", Summary: "Approve", Button: "Take it into force", Note: "It is judged and tried from now on, and takes the place of the version before.", Fields: []ui.Field{screen.LongField("note", "Note", "", false)}}
		if err := screen.Compensated(r, &rec.Action, c.Author, access.SegmentApprove, s.alone(r)); err != nil {
			return err
		}
		if which == "approve" {
			t.Fill(&rec.Action)
		}
		if rec.Action.Action == "" {
			rec.Notice = "Somebody other than its author approves it."
		}
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, rec.Title), rec))
}

// planForms are what a draft is written with.
func (s *site) planForms(rec *ui.RecordView, text segment.PlanText, path, which string, t *screen.Typed) {
	do := func(what string) ui.Field { return ui.Field{Name: "do", Kind: "hidden", Value: what} }
	var zones, ends, rules [][2]string
	ends = append(ends, [2]string{segment.Any, "Every zone"})
	for _, z := range text.Zones {
		zones = append(zones, [2]string{z.Key, z.Key + ": " + z.Title})
	}
	ends = append(ends, zones...)
	for _, x := range text.Rules {
		rules = append(rules, [2]string{x.Key, x.Words()})
	}
	form := func(id, summary, button, note string, fields ...ui.Field) ui.Form {
		f := ui.Form{ID: id, Action: path + "/keep", Summary: summary, Button: button, Note: note, Quiet: true, Fields: append([]ui.Field{do(id)}, fields...)}
		if which == id {
			t.Fill(&f)
		}
		return f
	}
	rec.Blocks[0].Forms = []ui.Form{form("zone", "Add a zone, or change one", "Keep it", "The same key changes the zone of that key.",
		ui.Field{Name: "key", Label: "Key", Hint: "Short, stays the same over versions: db.", Must: true}, ui.Field{Name: "title", Label: "What lies in it?", Must: true}, ui.Field{Name: "hosts", Label: "Names of hosts", Hint: "With commas; * stands for any letters: db-*, warehouse."}, ui.Field{Name: "networks", Label: "Networks", Hint: "With commas: 10.2.0.0/16."},
		ui.Field{Name: "owner", Label: "Who answers for it?", Must: true}, ui.Field{Name: "data", Label: "Most sensitive data in it"}, screen.LongField("why", "Why does it stand apart?", "", true))}
	if len(zones) > 0 {
		rec.Blocks[0].Forms = append(rec.Blocks[0].Forms, form("leave-zone", "Leave a zone out", "Leave it out", "", screen.Choice("gone", "Which?", "", "", zones...)))
		rec.Blocks[1].Forms = append(rec.Blocks[1].Forms, form("rule", "Add a rule, or change one", "Keep it", "The same key changes the rule of that key. Of several rules the one that names both zones comes first, then the one with fewer ports; of equal ones that which forbids.",
			ui.Field{Name: "key", Label: "Key", Hint: "Short, stays the same over versions: web-not-db.", Must: true}, screen.Choice("from", "Who begins?", "", "", ends...), screen.Choice("kind", "What does it say?", "", "must_not", [2]string{"must_not", "It must not reach"}, [2]string{"may", "It may reach"}), screen.Choice("to", "Whom?", "", "", ends...),
			screen.Choice("protocol", "Protocol", "", "tcp", [2]string{"tcp", "TCP"}, [2]string{"udp", "UDP"}, [2]string{"", "Both"}), ui.Field{Name: "ports", Label: "Ports", Hint: "With commas: 443, 8000-8010. Empty: every port."}, ui.Field{Name: "owner", Label: "Who asked for it?", Hint: "Of an allowance it must be there."}, ui.Field{Name: "until", Label: "Last day", Kind: "date", Hint: "Of an allowance: then somebody looks at it again."}, screen.LongField("why", "Why is it so?", "", true)))
	}
	if len(rules) > 0 {
		rec.Blocks[1].Forms = append(rec.Blocks[1].Forms, form("leave-rule", "Leave a rule out", "Leave it out", "", screen.Choice("gone", "Which?", "", "", rules...)))
	}
	settings := form("settings", "What holds by default, and how old a proof may be", "Keep it", "", screen.LongField("why", "What is new in this version, and why?", "", true), screen.Choice("default", "What no rule is about", "", string(text.Default), [2]string{"must_not", "is forbidden between zones"}, [2]string{"unstated", "is not said"}), ui.Field{Name: "proof_days", Label: "A proof is younger than so many days", Value: strconv.Itoa(text.ProofDays), Must: true})
	if t == nil || which != "settings" {
		settings.Fields[1].Value = text.Why
	}
	withdraw := form("withdraw", "Give this draft up", "Withdraw it", "", screen.LongField("note", "Why?", "", true))
	withdraw.Danger, withdraw.Quiet = true, false
	rec.Blocks[1].Forms = append(rec.Blocks[1].Forms, settings, withdraw)
}

// put adds x, or changes the one of the same key, and gives its place.
func put[T any](list []T, x T, key func(T) string) ([]T, int) {
	at := slices.IndexFunc(list, func(o T) bool { return key(o) == key(x) })
	if at < 0 {
		return append(list, x), len(list)
	}
	list[at] = x
	return list, at
}

func split(text string) []string {
	var out []string
	for _, l := range strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == ',' || c == ';' }) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func zoneOf(v url.Values) segment.Zone {
	return segment.Zone{Key: strings.TrimSpace(v.Get("key")), Title: v.Get("title"), Hosts: split(v.Get("hosts")), Networks: split(v.Get("networks")), Owner: v.Get("owner"), Data: v.Get("data"), Why: v.Get("why")}
}

func ruleOf(v url.Values) segment.Rule {
	return segment.Rule{Key: strings.TrimSpace(v.Get("key")), From: v.Get("from"), To: v.Get("to"), Kind: segment.Kind(v.Get("kind")), Protocol: v.Get("protocol"), Ports: split(v.Get("ports")), Owner: v.Get("owner"), Until: strings.TrimSpace(v.Get("until")), Why: v.Get("why")}
}

func (s *site) keep(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	o, err := s.cfg.Segment.GetPlan(r.Context(), r.Who, ref)
	if err != nil {
		return err
	}
	text, do, said, at := o.Content.PlanText, v.Get("do"), "It is kept.", ""
	text.Zones, text.Rules = slices.Clone(text.Zones), slices.Clone(text.Rules)
	n := 0
	switch do {
	case "zone":
		text.Zones, n = put(text.Zones, zoneOf(v), func(z segment.Zone) string { return z.Key })
		at = fmt.Sprintf("zones[%d].", n)
	case "rule":
		text.Rules, n = put(text.Rules, ruleOf(v), func(x segment.Rule) string { return x.Key })
		at = fmt.Sprintf("rules[%d].", n)
	case "leave-zone":
		said = "It is left out."
		text.Zones = slices.DeleteFunc(text.Zones, func(z segment.Zone) bool { return z.Key == v.Get("gone") })
	case "leave-rule":
		said = "It is left out."
		text.Rules = slices.DeleteFunc(text.Rules, func(x segment.Rule) bool { return x.Key == v.Get("gone") })
	case "settings":
		text.Why, text.Default = v.Get("why"), segment.Default(v.Get("default"))
		if text.ProofDays, err = strconv.Atoi(strings.TrimSpace(v.Get("proof_days"))); err != nil || text.ProofDays == 0 {
			text.ProofDays = -1 // refused with the field's name
			err = nil
		}
	case "withdraw":
		said = "It is withdrawn."
	default:
		err = fault.New(fault.Invalid, "nothing of a plan is called %q", do)
	}
	switch {
	case err != nil:
	case do == "withdraw":
		_, err = s.cfg.Segment.WithdrawPlan(r.Context(), r.Who, ref, v.Get("note"))
	default:
		_, err = s.cfg.Segment.EditPlan(r.Context(), r.Who, ref, o.Seq, text)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		t.Field = strings.TrimPrefix(t.Field, at)
		return s.showPlan(w, r, do, t)
	}
	return r.Done(w, said, planPath+"/"+ref)
}

func (s *site) approve(w http.ResponseWriter, r *screen.Request) error {
	ref := r.PathValue("ref")
	if _, err := s.cfg.Segment.ApprovePlan(r.Context(), r.Who, ref, r.PostForm.Get("note"), r.PostForm.Get("compensation")); err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPlan(w, r, "approve", t)
	}
	return r.Done(w, "It is in force, and agents are asked to try it.", home)
}
