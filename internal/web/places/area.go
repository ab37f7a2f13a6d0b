// Package places is the screens of sites and zones, badge systems and badges,
// visitors, cameras and environment sensors. Rules are those of internal/program/place
// and internal/program/badge.
package places

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Places    *place.Service
	Badges    *badge.Service
	PublicURL string // for the addresses of webhooks
	// Owners gives whoever may answer for a site as options, by login.
	Owners func(ctx context.Context) ([]ui.Option, error)
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /places", Action: access.PlaceRead, Handle: s.places},
			{Pattern: "GET /places/new", Action: access.PlaceEdit, Handle: s.addForm},
			{Pattern: "POST /places/new", Action: access.PlaceEdit, Handle: s.add},
			{Pattern: "GET /places/{ref}", Action: access.PlaceRead, Handle: s.place},
			{Pattern: "POST /places/{ref}/{do}", Action: access.PlaceEdit, Handle: s.keep},
			{Pattern: "GET /premises", Action: access.PlaceRead, Handle: s.premises},
			{Pattern: "POST /premises/{do}", Action: access.PlaceEdit, Handle: s.state},
			{Pattern: "GET /badge-systems/new", Action: access.PlaceEdit, Handle: s.systemForm},
			{Pattern: "POST /badge-systems/new", Action: access.PlaceEdit, Handle: s.addSystem},
			{Pattern: "GET /badge-systems/{ref}", Action: access.BadgeRead, Handle: s.system},
			{Pattern: "GET /badge-systems/{ref}/import", Action: access.BadgeBring, Handle: s.choose},
			{Pattern: "POST /badge-systems/{ref}/import", Action: access.BadgeBring, Handle: s.look, MaxBody: 2 * maxFile},
			{Pattern: "POST /badge-systems/{ref}/keep/{do}", Action: access.PlaceEdit, Handle: s.keepSystem},
			{Pattern: "GET /badge-lists", Action: access.BadgeRead, Handle: s.lists},
			{Pattern: "GET /badge-lists/{ref}", Action: access.BadgeRead, Handle: s.list},
			{Pattern: "POST /badge-lists/{ref}/{do}", Action: access.BadgeApprove, Handle: s.decide},
			{Pattern: "GET /badges", Action: access.BadgeRead, Handle: s.badges},
			{Pattern: "GET /badges/{system}/{card}", Action: access.BadgeRead, Handle: s.badge},
			{Pattern: "GET /visitors", Action: access.VisitorRead, Handle: s.visitors},
			{Pattern: "GET /visitors/new", Action: access.VisitorKeep, Handle: s.announceForm},
			{Pattern: "POST /visitors/new", Action: access.VisitorKeep, Handle: s.announce},
			{Pattern: "GET /visitors/{ref}", Action: access.VisitorRead, Handle: s.visitor},
			{Pattern: "POST /visitors/{ref}/{do}", Action: access.VisitorKeep, Handle: s.keepVisitor},
			{Pattern: "GET /sensors", Action: access.PlaceRead, Handle: s.sensors},
			{Pattern: "GET /sensors/new", Action: access.PlaceEdit, Handle: s.declareForm},
			{Pattern: "POST /sensors/new", Action: access.PlaceEdit, Handle: s.declare},
			{Pattern: "GET /sensors/{ref}", Action: access.PlaceRead, Handle: s.sensor},
			{Pattern: "POST /sensors/{ref}/{do}", Action: access.PlaceEdit, Handle: s.keepSensor},
		},
		Pages: []screen.Page{{Section: "Organise", Name: "Places", Path: "/places", Action: access.PlaceRead}, {Section: "Organise", Name: "Badges", Path: "/badges", Action: access.BadgeRead, Under: "Places"},
			{Section: "Organise", Name: "Visitors", Path: "/visitors", Action: access.VisitorRead, Under: "Places"}, {Section: "Organise", Name: "Sensors", Path: "/sensors", Action: access.PlaceRead, Under: "Places"}},
		Lists:  []screen.List{s.placeList(), s.badgeList(), s.bringList(), s.visitorList(), s.sensorList()},
		Doings: []screen.Doing{{Name: "Announce a visitor", Path: "/visitors/new", Action: access.VisitorKeep}, {Name: "Add a site", Path: "/places/new", Action: access.PlaceEdit}, {Name: "Add a badge system", Path: "/badge-systems/new", Action: access.PlaceEdit}, {Name: "Declare a sensor", Path: "/sensors/new", Action: access.PlaceEdit}},
		Finds: []screen.Finder{{Kind: "site", Action: access.PlaceRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			all, err := cfg.Places.Sites(r.Context(), r.Who)
			var out []screen.Found
			for _, o := range all {
				if len(out) < 20 && strings.Contains(strings.ToLower(o.Ref+" "+o.Content.Name), asked) {
					out = append(out, screen.Found{Name: o.Ref + " " + o.Content.Name, Words: o.Content.Sort.Words(), Href: "/places/" + o.Ref})
				}
			}
			return out, err
		}}},
	}
}

// history says what happened to an object.
func history[T journal.Content](r *screen.Request, names map[string]string, o *journal.Object[T], words map[string]string) []ui.Step {
	var out []ui.Step
	for i := len(o.History) - 1; i >= 0; i-- {
		h := o.History[i]
		text := screen.OrElse(words[h.Step], h.Step)
		if h.Note != "" {
			text += ": " + h.Note
		}
		by := "by " + screen.Who(names, h.By)
		if h.By == access.System().UserID {
			by = "by Attesta"
		}
		out = append(out, ui.Step{At: r.Words.At(h.At), Text: text, By: by, Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	return out
}

func makers[T journal.Content](o *journal.Object[T]) []string {
	var out []string
	for _, h := range o.History {
		out = append(out, h.By)
	}
	return out
}

// siteOptions gives the sites in use as options of a form, by number.
func (s *site) siteOptions(r *screen.Request, chosen string) ([]ui.Option, error) {
	all, err := s.cfg.Places.Sites(r.Context(), r.Who)
	var out []ui.Option
	for _, o := range all {
		if o.Content.State == place.Used {
			out = append(out, ui.Option{Value: o.Ref, Text: o.Content.Name, Selected: o.Ref == chosen})
		}
	}
	return out, err
}

func (s *site) siteNames(r *screen.Request) (map[string]string, error) {
	all, err := s.cfg.Places.Sites(r.Context(), r.Who)
	out := map[string]string{}
	for _, o := range all {
		out[o.ID] = o.Content.Name
	}
	return out, err
}

// after answers a form of a page: the page again where it was wrong.
func after(w http.ResponseWriter, r *screen.Request, err error, said, to string, again func(t *screen.Typed) error) error {
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return again(t)
	}
	return r.Done(w, said, to)
}

func unknown(do string) error { return fault.New(fault.NotFound, "nothing is called %q here", do) }

// lines reads a field of one thing on a line, or with commas between.
func lines(v url.Values, name string) []string {
	return strings.FieldsFunc(v.Get(name), func(c rune) bool { return c == '\n' || c == ',' || c == '\r' })
}

func text(name, label, hint, value string, must bool) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Value: value, Must: must}
}

func long(name, label, hint, value string, must bool) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Value: value, Kind: "long", Must: must}
}

// outcomeCell is what something comes to, with why.
func outcomeCell(outcome, reason string) ui.Cell {
	return ui.Cell{Outcome: ui.Outcome(outcome), Meta: reason}
}
