package risk

import (
	"io/fs"
	"slices"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

// Step is one step of likelihood or magnitude; the first is 1.
type Step struct {
	Title string `json:"title"`
	Means string `json:"means"`
}

// Band is a stretch of ratings, and how often a risk in it is looked at.
type Band struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	From   int    `json:"from"`   // lowest rating
	Months int    `json:"months"` // how long a look lasts
	Means  string `json:"means"`
}

// Topic is a question that a yearly assessment answers.
type Topic struct {
	ID        string `json:"id"`
	Criterion string `json:"criterion"`
	Ask       string `json:"ask"`
	Why       string `json:"why"`
}

// Scale is a pack of kind "risk-scale".
type Scale struct {
	ID         string  `json:"id"`
	Version    string  `json:"version"`
	Likelihood []Step  `json:"likelihood"` // lowest first
	Magnitude  []Step  `json:"magnitude"`
	Bands      []Band  `json:"bands"` // lowest first; the first begins at 1
	Topics     []Topic `json:"topics"`
}

// Band gives the band of a rating; the zero one below 1.
func (s *Scale) Band(score int) Band {
	var out Band
	for _, b := range s.Bands {
		if b.From <= score {
			out = b
		}
	}
	return out
}

// Most is the highest rating.
func (s *Scale) Most() int { return len(s.Likelihood) * len(s.Magnitude) }

// Topic gives a question by its id.
func (s *Scale) Topic(id string) (Topic, bool) {
	i := slices.IndexFunc(s.Topics, func(t Topic) bool { return t.ID == id })
	if i < 0 {
		return Topic{}, false
	}
	return s.Topics[i], true
}

// ShippedScale gives the scale that comes with this build.
func ShippedScale() (*Scale, error) {
	dir, err := packs.Open(packs.RiskScales()[0])
	if err != nil {
		return nil, err
	}
	return LoadScale(dir)
}

// Shipped gives the catalogue that comes with this build.
func Shipped() (*Catalogue, error) {
	dir, err := packs.Open(packs.Risks()[0])
	if err != nil {
		return nil, err
	}
	return Load(dir)
}

// LoadScale reads a pack of kind risk-scale. Mistakes come all at once, as pack.Errors.
func LoadScale(fsys fs.FS) (*Scale, error) {
	p, err := pack.NewLoader(ScaleKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Scale), nil
}

// ScaleKind is the kind "risk-scale" for a pack loader: its Content is a *Scale.
func ScaleKind() pack.Kind {
	return pack.Kind{Name: "risk-scale", Decode: func(src *pack.Source, p *pack.Pack) {
		s := &Scale{ID: p.ID, Version: p.Version}
		for root := range src.Documents("a scale", "it holds .yaml files with likelihood, magnitude, bands and topics") {
			s.file(root)
		}
		if len(s.Likelihood) < 2 || len(s.Magnitude) < 2 || len(s.Bands) == 0 || len(s.Topics) == 0 {
			src.Fault("pack.yaml", 0, "", "likelihood, magnitude, bands or topics is missing").WithHint("likelihood and magnitude have at least two steps each")
		}
		p.Content = s
	}}
}

func (s *Scale) file(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	each := func(field string, read func(o *pack.Object)) {
		for _, v := range o.Field(field).List() {
			if x := v.Object(); x != nil {
				read(x)
				x.Done()
			}
		}
	}
	step := func(into *[]Step) func(o *pack.Object) {
		return func(o *pack.Object) {
			*into = append(*into, Step{o.NeedText("title", "one word"), o.NeedText("means", "what the step means")})
			if len(*into) > 9 {
				o.At("title").Fault("is step %d", len(*into)).WithHint("a scale has at most nine steps")
			}
		}
	}
	each("likelihood", step(&s.Likelihood))
	each("magnitude", step(&s.Magnitude))
	each("bands", func(o *pack.Object) {
		b := Band{ID: o.NeedText("id", "a short name that stays"), Title: o.NeedText("title", "one word"), From: int(o.Need("from", "the lowest rating").Int()),
			Months: int(o.Need("months", "how long a look lasts").Int()), Means: o.NeedText("means", "what the band means")}
		switch n := len(s.Bands); {
		case n == 0 && b.From != 1:
			o.At("from").Fault("the lowest band begins at %d, not at 1", b.From).WithHint("lowest band first")
		case n > 0 && b.From <= s.Bands[n-1].From:
			o.At("from").Fault("%d is not above the band before", b.From).WithHint("lowest band first")
		}
		if b.Months < 1 || b.Months > 12 {
			o.At("months").Fault("%d months are not between 1 and 12", b.Months).WithHint("each risk is looked at once a year at least")
		}
		s.Bands = append(s.Bands, b)
	})
	each("topics", func(o *pack.Object) {
		t := Topic{ID: o.NeedText("id", "a short name that stays"), Criterion: o.NeedText("criterion", "the criterion that asks"), Ask: o.NeedText("ask", "a question"), Why: o.NeedText("why", "why it is asked")}
		if _, twice := s.Topic(t.ID); twice {
			o.At("id").Fault("%q is used twice", t.ID).WithHint("ids are used once")
		}
		if _, known := catalog.Get(t.Criterion); !known && t.Criterion != "" {
			o.At("criterion").Fault("%q is none of the 61 criteria", t.Criterion).WithHint("write an id like CC3.3")
		}
		s.Topics = append(s.Topics, t)
	})
	o.Done()
}
