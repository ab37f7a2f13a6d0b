package people

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// written gives the fields of who somebody is, as a form shows them.
func written(f *people.Fields) []ui.Field {
	kind := ui.Field{Name: "kind", Label: "Kind", Kind: "select", Options: []ui.Option{{Text: "As the sources say; employee where none does"}}}
	for _, k := range []people.Kind{people.Employee, people.Contractor, people.ServiceID} {
		kind.Options = append(kind.Options, ui.Option{Value: string(k), Text: screen.Capital(kindWords(k)), Selected: f.Kind == k})
	}
	return []ui.Field{{Name: "name", Label: "Name", Value: f.Name}, {Name: "mail", Label: "Address", Hint: "By it a directory finds the same person.", Value: f.Mail}, {Name: "number", Label: "Personnel number", Value: f.Number},
		{Name: "logins", Label: "Names of their accounts", Hint: "On hosts and in databases, between commas.", Value: strings.Join(f.Logins, ", ")}, kind, {Name: "manager", Label: "Manager", Hint: "The address of somebody in the register.", Value: f.Manager},
		{Name: "team", Label: "Team", Value: f.Team}, {Name: "title", Label: "Title", Value: f.Title}, {Name: "location", Label: "Location", Hint: "Office, remote, a country.", Value: f.Location},
		{Name: "start", Label: "First day", Kind: "date", Value: f.Start}, {Name: "end", Label: "Last day", Hint: "Off-boarding begins when it is known.", Kind: "date", Value: f.End}}
}

func fieldsOf(v url.Values) people.Fields {
	f := people.Fields{Name: v.Get("name"), Mail: v.Get("mail"), Number: v.Get("number"), Kind: people.Kind(v.Get("kind")), Manager: v.Get("manager"), Team: v.Get("team"), Title: v.Get("title"),
		Location: v.Get("location"), Start: v.Get("start"), End: v.Get("end")}
	f.Logins = strings.FieldsFunc(v.Get("logins"), func(c rune) bool { return c == ',' || c == ' ' || c == '\n' || c == '\r' })
	return f
}

func (s *site) fresh(w http.ResponseWriter, r *screen.Request) error { return s.showFresh(w, r, nil) }

func (s *site) showFresh(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "add", Action: base, Button: "Write them in", Fields: written(&people.Fields{})}
	f.Fields[0].Must = true
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Write somebody in", "Organise", "People"), ui.FormView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: "Write somebody in"}}, Title: "Write somebody in",
		Note: "For whom no directory and no file knows, such as a contractor. Where a source says them later by the same address or number, it is one entry.", Form: f}))
}

func (s *site) add(w http.ResponseWriter, r *screen.Request) error {
	p, err := s.cfg.People.Write(r.Context(), r.Who, "", fieldsOf(r.PostForm))
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showFresh(w, r, t)
	}
	return r.Done(w, p.Name+" is in the register.", base+"/"+p.ID)
}

func (s *site) edit(w http.ResponseWriter, r *screen.Request) error { return s.showEdit(w, r, nil) }

func (s *site) showEdit(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	d, err := s.cfg.People.Get(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	said, others := people.Fields{}, ui.Block{ID: "others", Title: "What the other sources say"}
	all, err := s.cfg.People.Sources(r.Context(), r.Who)
	if err != nil {
		return err
	}
	for _, v := range d.Voices {
		by := ""
		for _, x := range all {
			if x.ID == v.Source && x.Kind == people.Hand {
				by = x.ID
			}
		}
		if by != "" {
			said = v.Fields
			continue
		}
		others.Facts = append(others.Facts, ui.Fact{Term: v.SourceName, Text: dash(v.Fields.Name, v.Fields.Mail, v.Fields.Title, v.Fields.Team, opt("until ", v.Fields.End))})
	}
	if strings.HasPrefix(said.Manager, "per_") {
		if m, err := s.cfg.People.Get(r.Context(), r.Who, said.Manager); err == nil {
			said.Manager = screen.OrElse(m.Mail, said.Manager)
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	f := ui.Form{ID: "change", Action: base + "/" + d.ID + "/change", Button: "Write it", Fields: written(&said)}
	t.Fill(&f)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: d.Name, Href: base + "/" + d.ID}, {Text: "Write anew"}}, Title: "What is written here of " + d.Name,
		Note: "Empty fields leave it to the other sources. What is written here counts first, unless a source was told to count before.", Form: f}
	if len(others.Facts) > 0 {
		v.Side = []ui.Block{others}
	}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Write anew", "Organise", "People"), v))
}

// record does what a form of somebody's page says.
func (s *site) record(w http.ResponseWriter, r *screen.Request) error {
	ctx, id, v, which := r.Context(), r.PathValue("id"), r.PostForm, r.PathValue("verb")
	said := ""
	var err error
	switch which {
	case "change":
		if _, err = s.cfg.People.Write(ctx, r.Who, id, fieldsOf(v)); err == nil {
			return r.Done(w, "It is written.", base+"/"+id)
		}
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showEdit(w, r, t)
	case "done":
		which = v.Get("form")
		var all []checklist.Item
		if all, err = s.cfg.People.Lists().DoAll(ctx, r.Who, v["item"], checklist.Doing{State: checklist.Done, Day: v.Get("day"), Reason: v.Get("reason")}); err == nil {
			said = ui.Many(len(all), "item is", "items are") + " done."
		}
	case "say":
		err = s.say(ctx, r.Who, v.Get("account"), v.Get("theirs"))
		said = "It is recorded."
	case "map":
		err = s.cfg.People.Map(ctx, r.Who, id, strings.TrimSpace(v.Get("place")), strings.TrimSpace(v.Get("name")))
		said = v.Get("name") + " is theirs."
	case "record":
		rec := people.Record{Person: id, Kind: v.Get("kind"), Day: v.Get("day"), Step: v.Get("step"), Link: v.Get("link")}
		if rec.Kind == people.Succession {
			rec.Other, err = s.known(r, v.Get("other"))
		}
		if err == nil {
			_, err = s.cfg.People.AddRecord(ctx, r.Who, rec)
		}
		said = "The record is kept."
	default:
		return fault.New(fault.NotFound, "nothing of a person is called %q", which)
	}
	if err != nil {
		t, err := mendable(v, err)
		if err != nil {
			return err
		}
		return s.showPerson(w, r, which, t)
	}
	return r.Done(w, said, base+"/"+id)
}

// mendable is screen.WrongForm that takes a name which is not known for a mistake
// of the field that holds it.
func mendable(v url.Values, err error) (*screen.Typed, error) {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.NotFound && f.Field != "" {
		err = fault.Wrap(fault.Invalid, err, "%s", f.Message).At("", 0, f.Field)
	}
	return screen.WrongForm(v, err)
}

func (s *site) say(ctx context.Context, p access.Principal, account, theirs string) error {
	if theirs != "yes" && theirs != "no" {
		return fault.New(fault.Invalid, "say whose it is").At("", 0, "theirs")
	}
	return s.cfg.People.Say(ctx, p, account, theirs == "yes")
}

// known gives somebody by identifier or address.
func (s *site) known(r *screen.Request, who string) (string, error) {
	who = strings.ToLower(strings.TrimSpace(who))
	if strings.HasPrefix(who, "per_") {
		return who, nil
	}
	page, err := s.cfg.People.List(r.Context(), r.Who, people.Filter{Query: who}, "", "", 10)
	if err != nil {
		return "", err
	}
	for _, x := range page.People {
		if who != "" && x.Mail == who {
			return x.ID, nil
		}
	}
	return "", fault.New(fault.Invalid, "nobody here has the address %q", who).At("", 0, "other").WithHint("give the address of somebody in the register")
}
