package endpoints

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) device(w http.ResponseWriter, r *screen.Request) error { return s.showDevice(w, r, nil) }

// showDevice answers: what is known of this device, what is wrong with it, and whose is it?
func (s *site) showDevice(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	x, h, err := s.cfg.Endpoints.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	rec := ui.RecordView{Crumbs: crumbs(ui.Link{Text: x.Name}), Title: x.Name, Line: []string{system(x), x.Owner}, FactsOf: "The device", Zone: "times in " + r.Words.Zone.String()}
	switch problems := x.Problems(); {
	case x.Silent != "":
		rec.Notice, rec.Warn = screen.Capital(x.Silent)+": nothing is said of it until a new one is brought.", true
	case len(problems) > 0:
		rec.Bad = screen.Capital(strings.Join(problems, ", ")) + "."
	}
	list := ui.Block{ID: "list", Title: "What the list says", Facts: []ui.Fact{}}
	for _, p := range [][3]string{{"Disk encrypted", x.Encrypted, "encrypted"}, {"Protection against malware", x.Protection, "protection"}, {"Firewall", x.Firewall, "firewall"}, {"Screen lock", x.Lock, "lock"}} {
		f := ui.Fact{Term: p[0], Text: map[string]string{endpoint.On: "yes", endpoint.Off: "no", endpoint.Unsaid: "the list does not say"}[p[1]], Muted: p[1] == endpoint.Unsaid}
		if p[1] == endpoint.Unclear {
			f.Text = fmt.Sprintf("unclear: the list says %q", x.Words[p[2]])
		}
		list.Facts = append(list.Facts, f)
	}
	last := ui.Fact{Term: "Last seen by its management", Text: "the list does not say", Muted: true}
	if !x.Seen.IsZero() {
		last = ui.Fact{Term: last.Term, Text: r.Words.Full(x.Seen)}
	} else if said := x.Words["seen"]; said != "" {
		last = ui.Fact{Term: last.Term, Text: fmt.Sprintf("unclear: the list says %q", said)}
	}
	list.Facts = append(list.Facts, last, ui.Fact{Term: "Holder", Text: strings.Trim(strings.Join([]string{x.Person, x.Mail, x.Login}, ", "), ", "), Muted: x.Person+x.Mail+x.Login == ""})
	if f := &list.Facts[len(list.Facts)-1]; f.Muted {
		f.Text = "nobody"
	}
	if unsaid := x.Unsaid(); len(unsaid) > 0 {
		list.Text = []string{"Not observed, since the list does not say it: " + strings.Join(unsaid, ", ") + "."}
	}
	rec.Blocks = append(rec.Blocks, list)
	owner := ui.Block{ID: "owner", Title: "Whose it is", Text: []string{ruleWords(r, x)}}
	if r.May(access.EndpointEdit) {
		f := ui.Form{ID: "say", Action: "/endpoints/" + x.ID + "/say", Button: "Say so", Note: "Where both are empty, what was said before is taken back.",
			Fields: []ui.Field{{Name: "person", Label: "It is this person's", Hint: "Id in the register of people: per_…, as the address of their page has it.", Value: when(x.Rule == "said", x.PersonID)}, {Name: "shared", Label: "Or it is no one person's, because", Hint: "Such as: screen in the entrance.", Value: x.Shared}}}
		t.Fill(&f)
		owner.Forms = []ui.Form{f}
	}
	rec.Blocks = append(rec.Blocks, owner)
	rec.Facts = []ui.Fact{{Term: "List", Links: []ui.Link{{Text: x.Management + ", " + x.List, Href: "/device-managements/" + x.Management}}, Text: "of " + r.Words.Date(x.Taken)}, {Term: "On lists since", Text: r.Words.Date(x.First)}}
	for _, p := range [][2]string{{"Model", x.Model}, {"Serial number", x.Serial}, {"Id there", x.Number}} {
		if p[1] != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: p[0], Text: p[1], Mono: p[0] != "Model"})
		}
	}
	if h != nil && r.May(access.HostRead) {
		c := h.Counts
		rec.Links = append(rec.Links, ui.Link{Text: "Outcomes of its checks", Href: "/hosts/" + h.ID})
		rec.Figures = []ui.Figure{{Term: "Pass", Value: ui.Number(int64(c.Pass))}, {Term: "Fail", Value: ui.Number(int64(c.Fail)), Bad: c.Fail > 0}, {Term: "Error", Value: ui.Number(int64(c.Error)), Bad: c.Error > 0}, {Term: "Not observed", Value: ui.Number(int64(c.NotObserved))}}
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, x.Name), rec))
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// ruleWords says why a device is somebody's.
func ruleWords(r *screen.Request, x *endpoint.Row) string {
	by := map[string]string{"said": "as somebody said here", "mail": "by the e-mail address on the list", "login": "by the login on the list"}[x.Rule]
	switch {
	case x.Rule == "shared":
		return "It is no one person's: " + x.Shared + "."
	case !x.Left.IsZero():
		return fmt.Sprintf("It is %s's, %s, who left on %s.", x.Owner, by, r.Words.Date(x.Left))
	case x.PersonID != "":
		return fmt.Sprintf("It is %s's, %s.", x.Owner, by)
	case x.Rule == "name":
		return fmt.Sprintf("It may be %s's: only the name is the same. Say whether it is.", x.Person)
	case x.Owner == "nobody":
		return "The list names nobody."
	}
	return "The list says " + x.Owner + ", whom the register of people does not have."
}

func (s *site) say(w http.ResponseWriter, r *screen.Request) error {
	_, err := s.cfg.Endpoints.Say(r.Context(), r.Who, r.PathValue("ref"), endpoint.Said{Person: strings.TrimSpace(r.PostFormValue("person")), Shared: r.PostFormValue("shared")})
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showDevice(w, r, t)
	}
	return r.Done(w, "It is noted, and judged within a minute.", "/endpoints/"+r.PathValue("ref"))
}
