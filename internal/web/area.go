package web

import (
	"context"
	"iter"
	"net/http"
	"slices"

	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// frame is what the areas' pages stand in.
type frame struct{ s *Site }

func (f frame) Names(ctx context.Context, ids []string) map[string]string { return f.s.names(ctx, ids) }
func (f frame) Flash(w http.ResponseWriter, text string)                  { f.s.flash(w, text) }

func (f frame) Shell(w http.ResponseWriter, r *screen.Request, title, section, page string) ui.Shell {
	in := &request{Request: r.Request, who: r.Who, now: r.Now, words: newWords(r.Now, r.Words.Zone)}
	in.system, _ = f.s.scope(r.Context(), r.Now)
	in.period = f.s.readPeriod(in)
	return f.s.shell(w, in, title, section, page)
}

// out gives a request to an area.
func (s *Site) out(r *request) *screen.Request {
	return screen.NewRequest(r.Request, r.who, r.now, r.words.zone, frame{s})
}

// areaRoutes are the routes of all areas.
func (s *Site) areaRoutes() []route {
	var all []route
	for _, a := range s.cfg.Areas {
		for _, rt := range a.Routes {
			all = append(all, route{rt.Pattern, rt.Action, func(w http.ResponseWriter, r *request) error { return rt.Handle(w, s.out(r)) }})
		}
	}
	return all
}

// areaUploads adds the routes of areas that take more than a form.
func (s *Site) areaUploads(to map[string]int64) {
	for _, a := range s.cfg.Areas {
		for _, rt := range a.Routes {
			if rt.MaxBody > 0 {
				to[rt.Pattern] = rt.MaxBody
			}
		}
	}
}

// areaLists are the lists of all areas.
func (s *Site) areaLists() []list {
	var all []list
	for _, a := range s.cfg.Areas {
		for _, l := range a.Lists {
			made := list{name: l.Name, title: l.Title, pattern: l.Pattern, action: l.Action, columns: l.Columns, heads: l.Heads,
				rows: func(s *Site, r *request) iter.Seq2[[]any, error] { return l.Rows(s.out(r)) }}
			if l.IDs != nil {
				made.ids = func(s *Site, r *request, most int) ([]string, error) { return l.IDs(s.out(r), most) }
			}
			all = append(all, made)
		}
	}
	return all
}

// sections is the masthead with the pages of all areas. A section that only areas
// have stands before Audit.
func (s *Site) sections() []masthead {
	all := sections()
	for _, a := range s.cfg.Areas {
		for _, p := range a.Pages {
			i := slices.IndexFunc(all, func(x masthead) bool { return x.name == p.Section })
			if i < 0 {
				i = slices.IndexFunc(all, func(x masthead) bool { return x.name == "Audit" })
				all = slices.Insert(all, i, masthead{name: p.Section})
			}
			at := len(all[i].pages)
			if p.First {
				at = 0
			}
			all[i].pages = slices.Insert(slices.Clone(all[i].pages), at, pageLink{p.Name, p.Path, p.Action, false, p.Under})
		}
	}
	return all
}

// areaFinders find what areas have, for the palette.
func (s *Site) areaFinders() []finder {
	var all []finder
	for _, a := range s.cfg.Areas {
		for _, f := range a.Finds {
			all = append(all, finder{f.Kind, f.Action, func(s *Site, r *request, asked string) ([]hit, error) {
				found, err := f.Find(s.out(r), asked)
				var hits []hit
				for _, x := range found {
					hits = fitting(hits, asked, x.Name, x.Words, x.Href)
				}
				return hits, err
			}})
		}
	}
	return all
}

// doings are what can be done from anywhere, with those of all areas.
func (s *Site) doings() []pageLink {
	all := doings()
	for _, a := range s.cfg.Areas {
		for _, d := range a.Doings {
			all = append(all, pageLink{d.Name, d.Path, d.Action, false, ""})
		}
	}
	return all
}
