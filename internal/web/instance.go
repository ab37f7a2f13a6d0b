package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/web/ui"
)

func addEvidence(slug, key, role string) string {
	q := url.Values{"control": {slug}, "cover": {slug + "/" + key}}
	if role != instance.AsPerformance {
		q.Set("role", role)
	}
	return "/evidence/new?" + q.Encode()
}

// instances answers for a control: which performances were expected, and which
// can be shown?
func (s *Site) instances(r *request, kept control.Control, c posture.Control, at posture.At, bad *refusedForm) (ui.Instances, error) {
	if !instance.Periodic(c.Design) && !instance.Triggered(c.Design) {
		return ui.Instances{}, nil
	}
	moment := at.Valid
	if moment.IsZero() {
		moment = r.now
	}
	o, err := s.cfg.Evidence.Instances(r.Context(), r.who, kept.Slug, moment, at.Known)
	if err != nil {
		return ui.Instances{}, err
	}
	w := r.words
	v := ui.Instances{Shown: true, Rhythm: o.Rhythm, First: w.date(o.Window.Start), Last: w.lastDay(o.Window.End)}
	v.Span = fmt.Sprintf("window %s to %s, scope version %d", v.First, v.Last, o.Scope)
	if !o.Windowed {
		v.Span = fmt.Sprintf("%s to %s; the scope names no window yet", v.First, v.Last)
	}
	if c.Instances != nil && len(o.Instances) > 0 {
		v.Title = sentence(c.Instances.Why)
	}
	place := func(t time.Time) float64 {
		return 100 * float64(t.Sub(o.Window.Start)) / float64(o.Window.End.Sub(o.Window.Start))
	}
	v.Now, v.Today = place(moment), w.date(moment)
	for m := time.Date(o.Window.Start.In(w.zone).Year(), o.Window.Start.In(w.zone).Month(), 1, 0, 0, 0, 0, w.zone); m.Before(o.Window.End); m = m.AddDate(0, 1, 0) {
		if !m.Before(o.Window.Start) {
			v.Months = append(v.Months, ui.PlacedText{Left: place(m), Text: m.Format("Jan")})
		}
	}
	present := !r.period.past()
	mayAdd, mayWaive := present && access.May(r.who.Role, access.EvidenceAdd), present && access.May(r.who.Role, access.InstanceWaive)
	by := map[instance.State]int{}
	version := 0
	for _, i := range o.Instances {
		row := s.instanceRow(r, kept.Slug, i)
		if row.Left = place(i.Due.Add(-time.Hour)); row.Left > 99.5 {
			row.Left = 99.5
		}
		if started := !i.Start.After(moment); started {
			if mayAdd {
				row.Add = addEvidence(kept.Slug, i.Key, roleOf(i))
				if i.Population && moment.Before(i.Due) {
					row.Add = ""
				}
			}
			switch {
			case !mayWaive || i.Population:
			case i.State == instance.Waiver:
				row.Say, row.Do = "/controls/"+kept.Slug+"/instances", "resumed"
			case i.State == instance.Missed || i.State == instance.Expected:
				row.Say, row.Do = "/controls/"+kept.Slug+"/instances", "waived"
			}
		}
		by[i.State]++
		if version != 0 && i.Version != version {
			v.Versions = append(v.Versions, ui.PlacedText{Left: place(i.Start), Text: fmt.Sprintf("version %d", i.Version)})
		}
		version = i.Version
		v.Rows = append(v.Rows, row)
	}
	var said []string
	for _, st := range instance.States() {
		if n := by[st]; n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, st.Words()))
		}
	}
	v.Label = fmt.Sprintf("%s from %s to %s: %s", many(len(v.Rows), "instance", "instances"), v.First, v.Last, strings.Join(said, ", "))
	if c.Instances != nil && c.Instances.Due > 0 {
		v.Figures = []ui.Figure{{Term: "Shown", Value: fmt.Sprintf("%d of %d", c.Instances.Shown, c.Instances.Due), Note: "due, and accepted by a reviewer"}}
		for _, st := range []instance.State{instance.Missed, instance.Late, instance.Waiver} {
			if n := by[st]; n > 0 {
				v.Figures = append(v.Figures, ui.Figure{Term: strings.ToUpper(st.Words()[:1]) + st.Words()[1:], Value: fmt.Sprint(n), Bad: true, Note: "in the window"})
			}
		}
	}
	s.gather(r, &v, o, mayAdd)
	if len(v.Rows) == 0 {
		v.Nothing = sentence("no instance falls due in this time")
		if kept.Current().State == control.Draft {
			v.Nothing = "Nothing is expected of a draft. Once this control is approved its instances follow from its frequency."
		} else if o.Triggered {
			v.Nothing = "Nothing is recorded to have set this control off."
		}
	}
	if o.Triggered && present && access.May(r.who.Role, access.InstanceRecord) && kept.Current().State == control.Adopted {
		v.Trigger = triggerForm(r, kept.Slug, bad)
	} else if bad != nil && bad.form == "instances" {
		v.Problem = bad.problem
	}
	return v, nil
}

func roleOf(i instance.Instance) string {
	if i.Population {
		return instance.AsPopulation
	}
	return instance.AsPerformance
}

func (s *Site) instanceRow(r *request, slug string, i instance.Instance) ui.InstanceRow {
	w := r.words
	row := ui.InstanceRow{Key: i.Key, Name: w.lastDay(i.Due), Period: w.date(i.Start) + " to " + w.lastDay(i.Due), State: ui.InstanceState(i.State),
		Performed: w.date(i.Performed), Collected: w.date(i.Collected), Version: fmt.Sprintf("version %d", i.Version), Quarter: i.Population}
	switch {
	case i.Population:
		row.Name = "count of the quarter to " + w.lastDay(i.Due)
		if i.State == instance.Performed {
			row.Note = many(i.Items, "occurrence", "occurrences")
		}
	case i.Trigger != "":
		row.Name, row.Period = w.lastDay(i.Due), "set off "+w.date(i.Start)+": "+i.Trigger
	}
	switch {
	case i.State == instance.Expected && i.Overdue:
		row.Note = "due"
		if !i.Population {
			row.Note = "due; missed from " + w.date(i.Grace)
		}
	case len(i.Evidence) > 0 && !i.Reviewed:
		row.Note = "awaits review"
	}
	for _, e := range i.Evidence {
		row.Evidence = append(row.Evidence, ui.Link{Text: e, Href: "/evidence/" + e})
	}
	return row
}

func (s *Site) gather(r *request, v *ui.Instances, o evidence.Overview, mayAdd bool) {
	for k, g := range o.Gatherable {
		if k == 6 {
			break
		}
		row := ui.GatherRow{Name: "due " + r.words.lastDay(g.Due), What: "can be performed by " + r.words.lastDay(g.Until)}
		if !g.Perform {
			row.What = "if it was performed in time, its evidence can still be collected"
		}
		if mayAdd && !g.Start.After(r.now) {
			row.Add = addEvidence(o.Slug, g.Key, instance.AsPerformance)
		}
		v.Gather = append(v.Gather, row)
	}
	v.Until = r.words.lastDay(o.Window.End)
}

func triggerForm(r *request, slug string, bad *refusedForm) *ui.TriggerForm {
	f := &ui.TriggerForm{Action: "/controls/" + slug + "/instances", Fields: []ui.FormField{
		{ID: "i-what", Name: "what", Label: "What set it off", Hint: "A reference, such as a ticket. No name of a person is needed.", Need: true},
		{ID: "i-occurred", Name: "occurred", Label: "On which day", Type: "date", Class: "short", Max: r.words.now.Format(dateLayout), Need: true},
		{ID: "i-due", Name: "due", Label: "Last day for performing it", Hint: "30 days later where it is left empty.", Type: "date", Class: "short"},
	}}
	if bad == nil || bad.form != "instances" {
		return f
	}
	f.Open = true
	known := false
	for i := range f.Fields {
		f.Fields[i].Value = r.PostFormValue(f.Fields[i].Name)
		if name := f.Fields[i].Name; name == bad.field || name == "what" && bad.field == "reason" {
			f.Fields[i].Problem, known = bad.problem, true
		}
	}
	if !known {
		f.Problem = bad.problem
	}
	return f
}

// sayOfInstance records what set a control off, or a waiver.
func (s *Site) sayOfInstance(w http.ResponseWriter, r *request) error {
	ctx, slug := r.Context(), r.PathValue("slug")
	key, do, done := r.PostFormValue("instance"), r.PostFormValue("do"), ""
	var err error
	switch do {
	case "triggered":
		var t instance.Trigger
		t.What = r.PostFormValue("what")
		if t.Occurred, err = evidence.ParseDay("occurred", r.PostFormValue("occurred"), r.words.zone, false); err == nil {
			t.Due, err = evidence.ParseDay("due", r.PostFormValue("due"), r.words.zone, true)
		}
		if err == nil {
			_, err = s.cfg.Instances.SetOff(ctx, r.who, slug, t)
		}
		done = "It is recorded, and an instance of this control is expected. Both are in the ledger."
	case "waived", "resumed", "withdrawn":
		err = s.cfg.Instances.Say(ctx, r.who, slug, key, instance.Happening(do), r.PostFormValue("reason"))
		done = "The waiver is recorded in the ledger. The instance stays a deviation."
		if do != "waived" {
			done = "It is recorded in the ledger, beside what was said before."
		}
	default:
		err = fault.New(fault.Invalid, "%q is nothing that can be said of an instance", do)
	}
	if err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		bad.form = "instances"
		return s.showControl(w, r, bad)
	}
	s.flash(w, done)
	http.Redirect(w, r.Request, "/controls/"+slug+"#instances", http.StatusSeeOther)
	return nil
}
