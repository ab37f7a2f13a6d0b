package vendor

import (
	"io/fs"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

// Level is how much hangs on a vendor, and what follows.
type Level struct {
	ID            string `json:"id"`
	Title         string `json:"title"`
	Months        int    `json:"months"`        // how long a review lasts
	Questionnaire string `json:"questionnaire"` // none, short, long
	Report        bool   `json:"report"`        // an independent report over the window is expected
	Means         string `json:"means"`
}

// Data is a type of data that a vendor may handle.
type Data struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Level   string `json:"level"`
	Because string `json:"because"`
}

// Ask is a question whose answer weighs a vendor.
type Ask struct {
	ID      string   `json:"id"`
	Ask     string   `json:"ask"`
	Answers []Answer `json:"answers"`
}

// Answer is what can be answered, and the level that follows.
type Answer struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Level   string `json:"level"`
	Because string `json:"because"`
}

// Question is one of the questionnaire that a vendor fills in.
type Question struct {
	ID      string `json:"id"`
	Section string `json:"section"`
	Short   bool   `json:"short"` // also in the short questionnaire
	Ask     string `json:"ask"`
	Why     string `json:"why"`
	Expect  string `json:"expect"` // yes or no: what raises nothing
	Gap     string `json:"gap"`    // what another answer means for us
}

// Book is a pack of kind "vendors".
type Book struct {
	ID        string     `json:"id"`
	Version   string     `json:"version"`
	Levels    []Level    `json:"levels"` // lowest first
	Data      []Data     `json:"data"`
	Asks      []Ask      `json:"asks"`
	Questions []Question `json:"questions"`
}

// Level gives a level; the zero one for a name that is none.
func (b *Book) Level(id string) Level { return b.Levels[max(0, b.rank(id))] }

// rank gives how high a level is, -1 for none.
func (b *Book) rank(id string) int {
	return slices.IndexFunc(b.Levels, func(l Level) bool { return l.ID == id })
}

// Form gives the questions of a questionnaire: short, long, or none.
func (b *Book) Form(name string) []Question {
	var out []Question
	for _, q := range b.Questions {
		if name == "long" || name == "short" && q.Short {
			out = append(out, q)
		}
	}
	return out
}

// Weigh derives a level from answers and types of data: the highest that one of
// them gives, with what gives it. Missing are the questions without an answer;
// while there are some, the level is only what is known so far, and "" where
// nothing is.
func (b *Book) Weigh(answers map[string]string, data []string) (level string, because, missing []string) {
	best := -1
	take := func(l, why string) {
		switch r := b.rank(l); {
		case r > best:
			best, level, because = r, l, []string{why}
		case r == best && !slices.Contains(because, why):
			because = append(because, why)
		}
	}
	for _, q := range b.Asks {
		i := slices.IndexFunc(q.Answers, func(a Answer) bool { return a.ID == answers[q.ID] })
		if i < 0 {
			missing = append(missing, q.ID)
			continue
		}
		take(q.Answers[i].Level, q.Answers[i].Because)
	}
	if len(data) == 0 {
		missing = append(missing, "data")
	}
	for _, id := range data {
		if i := slices.IndexFunc(b.Data, func(d Data) bool { return d.ID == id }); i >= 0 {
			take(b.Data[i].Level, b.Data[i].Because)
		}
	}
	return level, because, missing
}

// Shipped gives the book that comes with this build.
func Shipped() (*Book, error) {
	dir, err := packs.Open(packs.Vendors()[0])
	if err != nil {
		return nil, err
	}
	return Load(dir)
}

// Load reads a pack of kind vendors. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Book, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Book), nil
}

// PackKind is the kind "vendors" for a pack loader: its Content is a *Book.
func PackKind() pack.Kind {
	return pack.Kind{Name: "vendors", Decode: func(src *pack.Source, p *pack.Pack) {
		b := &Book{ID: p.ID, Version: p.Version}
		for root := range src.Documents("levels, data and questions", "it holds .yaml files with levels, data, questions or a questionnaire") {
			b.file(root)
		}
		if len(b.Levels) == 0 || len(b.Data) == 0 || len(b.Asks) == 0 || len(b.Questions) == 0 {
			src.Fault("pack.yaml", 0, "", "levels, data, questions or the questionnaire is missing").WithHint("add .yaml files with these lists")
		}
		p.Content = b
	}}
}

func each(v *pack.Value, read func(o *pack.Object)) {
	for _, x := range v.List() {
		if o := x.Object(); o != nil {
			read(o)
			o.Done()
		}
	}
}

// word reads an id that is used once.
func word(o *pack.Object, used func(string) bool) string {
	id := o.NeedText("id", "a short name that stays")
	if id != "" && used(id) {
		o.At("id").Fault("%q is used twice", id).WithHint("ids are used once")
	}
	return id
}

func (b *Book) level(o *pack.Object) string {
	id := o.NeedText("level", "the level that follows")
	if id != "" && b.rank(id) < 0 {
		o.At("level").Fault("%q is no level", id).WithHint("declare levels first, lowest first")
	}
	return id
}

func (b *Book) file(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	each(o.Field("levels"), func(o *pack.Object) {
		l := Level{ID: word(o, func(id string) bool { return b.rank(id) >= 0 }), Title: o.NeedText("title", "a short title"), Means: o.NeedText("means", "what the level means"),
			Months: int(o.Need("months", "how long a review lasts").Int()), Report: o.Need("report", "whether a report is expected").Bool(),
			Questionnaire: o.Need("questionnaire", "none, short or long").OneOf("none", "short", "long")}
		if l.Months < 1 || l.Months > 36 {
			o.At("months").Fault("%d months are not between 1 and 36", l.Months).WithHint("twelve is usual")
		}
		b.Levels = append(b.Levels, l)
	})
	each(o.Field("data"), func(o *pack.Object) {
		b.Data = append(b.Data, Data{ID: word(o, func(id string) bool { return slices.ContainsFunc(b.Data, func(d Data) bool { return d.ID == id }) }),
			Title: o.NeedText("title", "a short title"), Level: b.level(o), Because: o.NeedText("because", "the reason, as the end of a sentence")})
	})
	each(o.Field("questions"), func(o *pack.Object) {
		a := Ask{ID: word(o, func(id string) bool { return slices.ContainsFunc(b.Asks, func(a Ask) bool { return a.ID == id }) }), Ask: o.NeedText("ask", "a question")}
		each(o.Need("answers", "a list of answers"), func(o *pack.Object) {
			a.Answers = append(a.Answers, Answer{ID: word(o, func(id string) bool { return slices.ContainsFunc(a.Answers, func(x Answer) bool { return x.ID == id }) }),
				Text: o.NeedText("text", "the answer"), Level: b.level(o), Because: o.NeedText("because", "the reason, as the end of a sentence")})
		})
		if len(a.Answers) < 2 {
			o.At("answers").Fault("has fewer than two answers").WithHint("a question needs a choice")
		}
		b.Asks = append(b.Asks, a)
	})
	each(o.Field("questionnaire"), func(o *pack.Object) {
		q := Question{ID: word(o, func(id string) bool {
			return slices.ContainsFunc(b.Questions, func(q Question) bool { return q.ID == id })
		}),
			Section: o.NeedText("section", "the heading it stands under"), Short: o.Need("short", "whether it is in the short one").Bool(), Ask: o.NeedText("ask", "a question"),
			Why: o.NeedText("why", "why it is asked"), Gap: o.NeedText("gap", "what another answer means for us"), Expect: "yes"}
		if v := o.Field("expect"); v.Present() {
			q.Expect = v.OneOf("yes", "no")
		}
		b.Questions = append(b.Questions, q)
	})
	o.Done()
}

// known refuses answers and data that the book does not hold.
func (b *Book) known(answers map[string]string, data []string) *fault.Error {
	for id, given := range answers {
		i := slices.IndexFunc(b.Asks, func(a Ask) bool { return a.ID == id })
		if i < 0 {
			return bad("answers", "there is no question %q", id)
		}
		if given != "" && !slices.ContainsFunc(b.Asks[i].Answers, func(a Answer) bool { return a.ID == given }) {
			return bad("answer-"+id, "%q is no answer of %q", given, b.Asks[i].Ask)
		}
	}
	for _, id := range data {
		if !slices.ContainsFunc(b.Data, func(d Data) bool { return d.ID == id }) {
			return bad("data", "%q is no type of data that is known here", id)
		}
	}
	return nil
}
