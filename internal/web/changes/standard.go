package changes

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) standards(w http.ResponseWriter, r *screen.Request) error {
	return s.allStandards(w, r, nil)
}

func (s *site) allStandards(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, err := s.cfg.Changes.Standards(r.Context(), r.Who)
	if err != nil {
		return err
	}
	repositories, err := s.cfg.Changes.Repositories(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Changes", Href: "/changes"}, {Text: "Standard changes"}}, Title: "Standard changes", Line: []string{"approved beforehand, within limits, until a day"}, FactsOf: "What they are", Zone: r.Words.Zone.String(),
		Facts: []ui.Fact{{Term: "For", Text: "Small changes that recur: a rotation list, a dependency, a translation. They need no approval of their own while they touch nothing else."}, {Term: "Limits", Text: "Paths, authors, how many a day, and the last day."}, {Term: "Shown", Text: "Each change that is one says which."}}}
	var ids []string
	for _, x := range all {
		ids = append(ids, x.MadeBy, x.DecidedBy)
	}
	names := r.Names(ids)
	for _, x := range all {
		b := ui.Block{ID: strings.ToLower(x.Ref()), Title: x.Ref() + " " + x.Title, Meta: x.State, Facts: []ui.Fact{{Term: "Repository", Text: x.Repository}, {Term: "May touch", Text: strings.Join(x.Paths, ", "), Mono: true}, {Term: "Authors", Text: screen.OrElse(strings.Join(x.Authors, ", "), "anybody")},
			{Term: "At most", Text: fmt.Sprintf("%d in any 24 hours", x.PerDay)}, {Term: "Pushed directly", Text: map[bool]string{true: "allowed", false: "no"}[x.Direct]}, {Term: "Until", Text: r.Words.LastDay(x.Until)}, {Term: "Proposed by", Text: screen.Who(names, x.MadeBy)}}}
		if x.DecidedBy != "" {
			b.Facts = append(b.Facts, ui.Fact{Term: "Approved by", Text: screen.Who(names, x.DecidedBy) + ", " + r.Words.Date(x.DecidedAt)})
		}
		if x.Alone != "" {
			b.Facts = append(b.Facts, ui.Fact{Term: "In place of a second person", Text: x.Alone})
		}
		path := "/changes/standard/" + x.Ref()
		if r.May(access.ChangeApprove) {
			alone := false
			if x.State == "draft" && x.MadeBy == r.Who.UserID {
				if alone, err = s.cfg.Alone(r.Context(), r.Who, access.ChangeApprove); err != nil {
					return err
				}
			}
			if x.State == "draft" && (alone || x.MadeBy != r.Who.UserID) {
				f := ui.Form{ID: "approve-" + strings.ToLower(x.Ref()), Action: path, Button: "Approve", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "approve"}}}
				if alone {
					f.Fields = append(f.Fields, ui.Field{Name: "compensation", Label: "Nobody else can approve it: what stands in for a second person", Kind: "long", Must: true})
				}
				b.Forms = append(b.Forms, f)
			}
			if x.State != "ended" {
				b.Forms = append(b.Forms, ui.Form{ID: "end-" + strings.ToLower(x.Ref()), Action: path, Button: "End it", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "end"}}})
			}
		}
		v.Blocks = append(v.Blocks, b)
	}
	if len(all) == 0 {
		v.Notice = "There is none: every change needs an approval of its own."
	}
	if r.May(access.ChangeAsk) && len(repositories) > 0 {
		f := ui.Form{ID: "propose", Action: "/changes/standard", Summary: "Propose a standard change", Button: "Propose", Open: len(all) == 0, Fields: []ui.Field{{Name: "title", Label: "Which changes these are", Must: true}, {Name: "repository", Label: "Repository", Kind: "select"},
			{Name: "paths", Label: "All that they may touch", Hint: "Patterns, one on a line: docs/**", Kind: "long", Must: true}, {Name: "authors", Label: "Authors", Hint: "Logins or mail addresses, one on a line; empty: anybody", Kind: "long"},
			{Name: "per_day", Label: "At most in any 24 hours", Value: "5", Must: true}, {Name: "direct", Label: "May they be pushed without a request?", Kind: "select", Options: []ui.Option{{Value: "", Text: "no"}, {Value: "yes", Text: "yes"}}},
			{Name: "until", Label: "Last day", Hint: "At most a year from now", Kind: "date", Must: true, Value: r.Now.AddDate(0, 6, 0).Format(screen.DateLayout)}}}
		for _, x := range repositories {
			f.Fields[1].Options = append(f.Fields[1].Options, ui.Option{Value: x.Slug, Text: x.Settings.Title})
		}
		t.Fill(&f)
		v.Blocks = append(v.Blocks, ui.Block{ID: "new", Title: "Another one", Forms: []ui.Form{f}})
	} else if len(repositories) == 0 {
		v.Notice = "No repository is followed yet; standard changes are those of one."
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, "Standard changes", section, page), v))
}

func (s *site) propose(w http.ResponseWriter, r *screen.Request) error {
	x := landing.Standard{Title: r.PostFormValue("title"), Repository: r.PostFormValue("repository"), Paths: screen.Listed(r.PostFormValue("paths")), Authors: screen.Listed(r.PostFormValue("authors")), Direct: r.PostFormValue("direct") == "yes"}
	var err error
	if x.PerDay, err = strconv.Atoi(strings.TrimSpace(r.PostFormValue("per_day"))); err != nil {
		x.PerDay = 0 // refused, with its name
	}
	var until time.Time
	until, err = r.LastMoment(r.PostFormValue("until"), "until")
	x.Until = until
	var made *landing.Standard
	if err == nil {
		made, err = s.cfg.Changes.Propose(r.Context(), r.Who, x)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.allStandards(w, r, t)
	}
	return r.Done(w, made.Ref()+" waits for somebody else's approval.", "/changes/standard")
}

func (s *site) decideStandard(w http.ResponseWriter, r *screen.Request) error {
	ref, said := r.PathValue("ref"), ""
	var err error
	if r.PostFormValue("do") == "end" {
		said, err = ref+" has ended.", s.cfg.Changes.EndStandard(r.Context(), r.Who, ref)
	} else {
		said, err = ref+" holds from now on.", s.cfg.Changes.ApproveStandard(r.Context(), r.Who, ref, r.PostFormValue("compensation"))
	}
	if err != nil {
		return err
	}
	return r.Done(w, said, "/changes/standard")
}
