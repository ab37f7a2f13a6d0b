package risks

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// appetite answers: how much do we take, and who said so?
func (s *site) appetite(w http.ResponseWriter, r *screen.Request) error {
	return s.showAppetite(w, r, "", nil)
}

func (s *site) showAppetite(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	a, err := s.cfg.Risks.Appetite(r.Context(), r.Who)
	if err != nil {
		return err
	}
	rows, err := s.cfg.Risks.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var people []string
	for _, v := range a.Versions {
		people = append(people, v.Proposed.By)
		if v.Approved != nil {
			people = append(people, v.Approved.Made.By)
		}
	}
	names, now, waits := r.Names(people), a.Now(), a.Waiting()
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Risks", Href: "/risks"}, {Text: "Appetite"}}, Title: "How much risk we take", FactsOf: "How it works",
		Facts: []ui.Fact{{Term: "A limit", Text: "The highest rating of a category that is taken without anybody's signature."}, {Term: "Over it", Text: "A risk over its limit is treated further, or accepted by another person than who asks, until a day."}, {Term: "Criteria", Links: screen.CriteriaLinks([]string{"CC3.1", "CC9.1"})}}}
	limits := ui.Table{Caption: "Limits by category", Columns: []ui.Column{{Text: "Category"}, {Text: "Limit", N: true}, {Text: "Band"}, {Text: "Open risks", N: true}, {Text: "Over it", N: true}}}
	if now == nil {
		v.State, v.Notice = "none set", "No appetite is approved yet: until then nothing is within it or over it."
	} else {
		v.State, v.Line = fmt.Sprintf("version %d", now.Version), []string{"approved on " + string(now.Approved.Made.Day) + " by " + screen.Who(names, now.Approved.Made.By)}
		for _, k := range risk.Kinds() {
			open, over := 0, 0
			for _, x := range rows {
				if x.Category == k && x.Risk.Open() {
					open++
					if x.Over {
						over++
					}
				}
			}
			band := s.cfg.Risks.Scale().Band(now.Limits[k]).Title
			limits.Rows = append(limits.Rows, ui.TableRow{Head: ui.Link{Text: screen.Capital(k), Href: "/risks?category=" + k}, Cells: []ui.Cell{{Text: fmt.Sprint(now.Limits[k]), N: true}, {Text: screen.OrElse(strings.ToLower(band), "none is taken")}, {Text: fmt.Sprint(open), N: true, Muted: open == 0}, {Text: fmt.Sprint(over), N: true, Bad: over > 0, Muted: over == 0}}})
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: "limits", Title: "Limits", Meta: "ratings go to " + fmt.Sprint(s.cfg.Risks.Scale().Most()), Text: []string{now.Statement}, Table: &limits})
	}
	if waits != nil {
		b := ui.Block{ID: "waits", Title: fmt.Sprintf("Version %d waits for approval", waits.Version), Meta: "written on " + string(waits.Proposed.Day) + " by " + screen.Who(names, waits.Proposed.By), Text: []string{waits.Statement, waits.Note}}
		for _, k := range risk.Kinds() {
			text := fmt.Sprint(waits.Limits[k])
			if now != nil && now.Limits[k] != waits.Limits[k] {
				text += fmt.Sprintf(" (now %d)", now.Limits[k])
			}
			b.Facts = append(b.Facts, ui.Fact{Term: screen.Capital(k), Text: text})
		}
		f := screen.Verb{Name: "approve", Action: access.RiskApprove, Button: "Approve it", Note: "Who wrote it does not approve it.", Fields: []ui.Field{{Name: "version", Kind: "hidden", Value: fmt.Sprint(waits.Version)}}}.Form(r, "/risks/appetite")
		if f.Action != "" {
			if err := screen.Compensated(r, &f, waits.Proposed.By, access.RiskApprove, s.alone(r)); err != nil {
				return err
			}
			if which == "approve" {
				t.Fill(&f)
			}
			b.Forms = []ui.Form{f}
		}
		v.Blocks = append(v.Blocks, b)
	}
	versions := ui.Table{Caption: "Versions, newest first", Columns: []ui.Column{{Text: "Version"}, {Text: "Why"}, {Text: "Written"}, {Text: "Approved"}}}
	for _, x := range slices.Backward(a.Versions) {
		approved := ui.Cell{Text: "not yet", Muted: true}
		if x.Approved != nil {
			approved = ui.Cell{Text: string(x.Approved.Made.Day) + " by " + screen.Who(names, x.Approved.Made.By)}
			if x.Approved.Compensation != "" {
				approved.Meta = "in place of a second person: " + x.Approved.Compensation
			}
		}
		versions.Rows = append(versions.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprint(x.Version)}, Cells: []ui.Cell{{Text: x.Note}, {Text: string(x.Proposed.Day) + " by " + screen.Who(names, x.Proposed.By)}, approved}})
	}
	b := ui.Block{ID: "versions", Title: "Versions", Table: &versions, None: "None was written yet."}
	fields := []ui.Field{}
	statement := ""
	if n := len(a.Versions); n > 0 {
		statement = a.Versions[n-1].Statement
	}
	for _, k := range risk.Kinds() {
		value := ""
		if n := len(a.Versions); n > 0 {
			value = fmt.Sprint(a.Versions[n-1].Limits[k])
		}
		fields = append(fields, ui.Field{Name: "limit-" + k, Label: "Limit for " + k, Value: value, Must: true})
	}
	fields = append(fields, ui.Field{Name: "statement", Label: "In words", Hint: "What is taken for which gain, and what never.", Kind: "long", Value: statement, Must: true}, screen.LongField("note", "Why, and what changed", "", true))
	b.Forms = screen.Forms(r, "/risks/appetite", which, t, screen.Verb{Name: "propose", Action: access.RiskEdit, Button: "Write it", Open: "Write a version", Note: fmt.Sprintf("Ratings go from 1 to %d; 0 takes none. Somebody else approves it.", s.cfg.Risks.Scale().Most()), Fields: fields})
	v.Blocks = append(v.Blocks, b)
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, "Appetite for risk", "Organise", "Risks"), v))
}

// propose writes a version of the appetite.
func (s *site) propose(w http.ResponseWriter, r *screen.Request) error {
	in := risk.ProposeAppetite{Statement: r.PostForm.Get("statement"), Note: r.PostForm.Get("note"), Limits: map[string]int{}}
	var err error
	for k, text := range screen.Prefixed(r.PostForm, "limit-") {
		n, wrong := strconv.Atoi(strings.TrimSpace(text))
		if wrong != nil {
			err = register.Bad("limit-"+k, "%q is no rating", text).WithHint("a whole number")
		}
		in.Limits[k] = n
	}
	if err == nil {
		_, err = s.cfg.Risks.ProposeAppetite(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showAppetite(w, r, "propose", t)
	}
	return r.Done(w, "It waits for somebody else's approval.", "/risks/appetite")
}

// approve approves the version that waits.
func (s *site) approve(w http.ResponseWriter, r *screen.Request) error {
	in := risk.ApproveAppetite{}
	err := screen.Decode(r.PostForm, &in, r.Words.Zone)
	if err == nil {
		_, err = s.cfg.Risks.ApproveAppetite(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showAppetite(w, r, "approve", t)
	}
	return r.Done(w, "The appetite holds from now on.", "/risks/appetite")
}
