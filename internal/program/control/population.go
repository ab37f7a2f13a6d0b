package control

import (
	"slices"

	"github.com/attesta/attesta/internal/pack"
)

// Instances is the population of a control's own expected performances. A
// library names it like any other.
const Instances = "instances"

// Population is a complete list on which controls are tested, as a library
// names it. What is drawn from it is defined in the evidence floor; here it only
// says what a control needs.
type Population struct {
	Slug      string `json:"id"`
	Title     string `json:"title"`
	Of        string `json:"of"`                // which things its items are
	Date      string `json:"date"`              // the date that decides whether an item belongs to a window
	Source    string `json:"source"`            // name of the source of items in Attesta
	Subject   string `json:"subject,omitempty"` // what is asked of the source beside: "control", "check"
	From      string `json:"from"`              // where the items come from in the world
	Collected bool   `json:"collected"`         // this build has the source
}

// Population gives the population with that slug.
func (l *Library) Population(slug string) (Population, bool) {
	i := slices.IndexFunc(l.Populations, func(p Population) bool { return p.Slug == slug })
	if i < 0 {
		return Population{}, false
	}
	return l.Populations[i], true
}

// drawn remembers where a control names a population, until every file is read.
type drawn struct {
	slug, population string
	at               *pack.Value
}

func (l *Library) population(o *pack.Object) Population {
	p := Population{
		Slug:      o.NeedText("id", "lower-case words joined by hyphens"),
		Title:     o.NeedText("title", "a short title"),
		Of:        o.NeedText("of", "which things its items are"),
		Date:      o.NeedText("date", "the date that decides whether an item belongs to a window"),
		Source:    o.NeedText("source", "name of the source of items"),
		From:      o.NeedText("from", "where the items come from"),
		Collected: o.Need("collected", "true where this build has the source, false where it does not yet").Bool(),
	}
	if subject := o.Field("subject"); subject.Present() {
		p.Subject = subject.OneOf("control", "check")
	}
	for _, name := range []struct{ field, text string }{{"id", p.Slug}, {"source", p.Source}} {
		if name.text != "" && (!slugPattern.MatchString(name.text) || len(name.text) > 60) {
			o.Field(name.field).Fault("%q is no slug", name.text).WithHint("use lower-case words joined by hyphens, at most 60 letters")
		}
	}
	if _, known := l.Population(p.Slug); known && p.Slug != "" {
		o.At("id").Fault("another population has the id %q", p.Slug).WithHint("ids are stable and used once")
	}
	return p
}

// draws reads the populations that a control names. Whether they exist is asked
// once every file is read.
func (l *Library) draws(o *pack.Object, d *Design) {
	for _, v := range o.Field("populations").List() {
		slug := v.Text()
		switch {
		case slug == "":
		case slices.Contains(d.Populations, slug):
			v.Fault("names %q twice", slug).WithHint("keep one of the two")
		default:
			d.Populations = append(d.Populations, slug)
			l.drawn = append(l.drawn, drawn{d.Slug, slug, v})
		}
	}
}

// resolve reports each population that a control names and no file defines.
func (l *Library) resolve() {
	for _, d := range l.drawn {
		if _, known := l.Population(d.population); !known {
			d.at.Fault("control %s is tested on %q, which is no population of this library", d.slug, d.population).
				WithHint("define it in a list populations, or name one of the %d that the library has", len(l.Populations))
		}
	}
	l.drawn = nil // the files are not kept
}
