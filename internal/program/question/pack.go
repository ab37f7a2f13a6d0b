package question

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/pack"
)

// Kind is how a question is answered.
type Kind string

// The kinds.
const (
	One   Kind = "one"   // one of the options
	Many  Kind = "many"  // any of the options
	Text  Kind = "text"  // a few words
	Lines Kind = "lines" // one thing on each line
	Date  Kind = "date"  // a day
)

// Because is a category with the reason that an answer gives for it.
type Because struct {
	Category catalog.Category `json:"category"`
	Reason   string           `json:"because"`
}

// Promise is a commitment that an answer stands for.
type Promise struct {
	Statement  string             `json:"statement"`
	Categories []catalog.Category `json:"categories"`
}

// Option is an answer that can be chosen.
type Option struct {
	Value      string            `json:"value"`
	Text       string            `json:"text"`
	Follows    string            `json:"follows"` // what follows from it
	Categories []Because         `json:"categories,omitempty"`
	Controls   []string          `json:"controls,omitempty"` // slugs of the library to begin with
	Answers    map[string]string `json:"answers,omitempty"`  // to questions of scope: controller, processor, goods
	Practice   map[string]string `json:"practice,omitempty"` // control: yes or no, it is performed
	Data       *DataSet          `json:"data,omitempty"`
	Commitment *Promise          `json:"commitment,omitempty"`
}

// Question is one question.
type Question struct {
	ID       string   `json:"id"`
	Ask      string   `json:"ask"`
	Why      string   `json:"why"` // it is asked
	Kind     Kind     `json:"kind"`
	Hint     string   `json:"hint,omitempty"`
	Group    string   `json:"group,omitempty"` // of lines: staff, support, vendor, service
	Options  []Option `json:"options,omitempty"`
	Controls []string `json:"controls,omitempty"` // that any answer calls for
}

// Option gives the option with a value.
func (q *Question) Option(value string) (Option, bool) {
	i := slices.IndexFunc(q.Options, func(o Option) bool { return o.Value == value })
	if i < 0 {
		return Option{}, false
	}
	return q.Options[i], true
}

// Section is a part of a questionnaire.
type Section struct {
	Title     string     `json:"title"`
	Questions []Question `json:"questions"`
}

// Questionnaire is a list of questions.
type Questionnaire struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Intro    string    `json:"intro"`
	Sections []Section `json:"sections"`
}

// Questions gives all questions in order.
func (q *Questionnaire) Questions() []Question {
	var out []Question
	for _, s := range q.Sections {
		out = append(out, s.Questions...)
	}
	return out
}

// Book is a pack of kind "questions".
type Book struct {
	ID             string          `json:"id"`
	Version        string          `json:"version"`
	Questionnaires []Questionnaire `json:"questionnaires"`

	links []link
}

type link struct {
	control, file, field string
	line                 int
}

// Name gives "questions@0.1.0", as it is stored with answers.
func (b *Book) Name() string { return b.ID + "@" + b.Version }

// Get gives one questionnaire.
func (b *Book) Get(id string) (*Questionnaire, error) {
	for i := range b.Questionnaires {
		if b.Questionnaires[i].ID == id {
			return &b.Questionnaires[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no questionnaire %q", id)
}

// Unlinked reports each control that is named and that is none of the given
// slugs. It is apart from loading, since controls live in another pack.
func (b *Book) Unlinked(slugs []string) []*fault.Error {
	var out []*fault.Error
	for _, l := range b.links {
		if !slices.Contains(slugs, l.control) {
			out = append(out, fault.New(fault.Invalid, "names the control %q, which the library does not hold", l.control).At(l.file, l.line, l.field))
		}
	}
	return out
}

// Load reads a pack of kind questions. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Book, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Book), nil
}

// PackKind is the kind "questions" for a pack loader: its Content is a *Book.
func PackKind() pack.Kind {
	return pack.Kind{Name: "questions", Decode: func(src *pack.Source, p *pack.Pack) {
		b := &Book{ID: p.ID, Version: p.Version}
		for root := range src.Documents("a questionnaire", "each .yaml file beside pack.yaml is a questionnaire") {
			if o := root.Object(); o != nil {
				b.Questionnaires = append(b.Questionnaires, b.questionnaire(o))
				o.Done()
			}
		}
		if len(b.Questionnaires) == 0 {
			src.Fault("pack.yaml", 0, "", "the pack holds no questionnaire").WithHint("add a .yaml file with sections of questions")
		}
		p.Content = b
	}}
}

var slug = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func (b *Book) questionnaire(o *pack.Object) Questionnaire {
	q := Questionnaire{ID: o.NeedText("id", "lower-case words joined by hyphens"), Title: o.NeedText("title", "a short title"), Intro: o.NeedText("intro", "what it is for and how long it takes")}
	if q.ID != "" && !slug.MatchString(q.ID) {
		o.At("id").Fault("%q is no slug", q.ID).WithHint("use lower-case words joined by hyphens")
	}
	seen := map[string]bool{}
	for _, v := range o.Need("sections", "a list of sections").List() {
		s := v.Object()
		if s == nil {
			continue
		}
		sec := Section{Title: s.NeedText("title", "a short title")}
		for _, v := range s.Need("questions", "a list of questions").List() {
			x := v.Object()
			if x == nil {
				continue
			}
			one := b.question(x)
			if seen[one.ID] {
				x.At("id").Fault("another question has the id %q", one.ID).WithHint("ids are stable and used once")
			}
			seen[one.ID] = true
			sec.Questions = append(sec.Questions, one)
			x.Done()
		}
		q.Sections = append(q.Sections, sec)
		s.Done()
	}
	return q
}

func (b *Book) controls(v *pack.Value) []string {
	var out []string
	for _, x := range v.List() {
		if text := x.Text(); text != "" {
			out = append(out, text)
			b.links = append(b.links, link{text, x.File(), x.Path(), x.Line()})
		}
	}
	return out
}

func (b *Book) question(o *pack.Object) Question {
	q := Question{ID: o.NeedText("id", "lower-case words joined by hyphens"), Ask: o.NeedText("ask", "the question, as it is read"), Why: o.NeedText("why", "why it is asked, and which criterion it serves"),
		Kind: Kind(o.Need("kind", "how it is answered").OneOf("one", "many", "text", "lines", "date")), Hint: o.Field("hint").Text(), Controls: b.controls(o.Field("controls"))}
	if g := o.Field("group"); g.Present() {
		q.Group = g.OneOf("staff", "support", "vendor", "service")
	}
	if q.ID != "" && !slug.MatchString(q.ID) {
		o.At("id").Fault("%q is no slug", q.ID).WithHint("use lower-case words joined by hyphens")
	}
	for _, v := range o.Field("options").List() {
		x := v.Object()
		if x == nil {
			continue
		}
		opt := b.option(x)
		if _, twice := q.Option(opt.Value); twice {
			x.At("value").Fault("another option has the value %q", opt.Value)
		}
		q.Options = append(q.Options, opt)
		x.Done()
	}
	if choice := q.Kind == One || q.Kind == Many; choice != (len(q.Options) > 0) {
		o.At("kind").Fault("a question that is answered by %q and has %d options", q.Kind, len(q.Options)).WithHint("one and many have options, the others have none")
	}
	return q
}

func (b *Book) option(o *pack.Object) Option {
	x := Option{Value: o.NeedText("value", "a short stable name"), Text: o.NeedText("text", "the answer, as it is read"), Follows: o.NeedText("follows", "what follows from it, in a sentence"), Controls: b.controls(o.Field("controls"))}
	for _, v := range o.Field("categories").List() {
		c := v.Object()
		if c == nil {
			continue
		}
		x.Categories = append(x.Categories, Because{category(c.Need("category", "one of the five")), c.NeedText("because", "the reason, as the end of a sentence")})
		c.Done()
	}
	if v := o.Field("answers"); v.Present() {
		x.Answers = pairs(v.Object(), "controller", "processor", "goods")
	}
	if v := o.Field("practice"); v.Present() {
		x.Practice = pairs(v.Object())
		for name := range x.Practice {
			b.links = append(b.links, link{name, v.File(), v.Path(), v.Line()})
		}
	}
	if d := o.Field("data"); d.Present() {
		if f := d.Object(); f != nil {
			x.Data = &DataSet{Name: f.NeedText("name", "what the data set is called"), Retention: f.NeedText("retention", "how long it is usually kept"),
				Classification: Class(f.Need("classification", "how it is classified").OneOf(classNames()...))}
			if p := f.Field("personal"); p.Present() {
				x.Data.Personal = p.Bool()
			}
			f.Done()
		}
	}
	if c := o.Field("commitment"); c.Present() {
		if f := c.Object(); f != nil {
			x.Commitment = &Promise{Statement: f.NeedText("statement", "what is promised")}
			for _, v := range f.Need("categories", "which categories it touches").List() {
				x.Commitment.Categories = append(x.Commitment.Categories, category(v))
			}
			f.Done()
		}
	}
	return x
}

func category(v *pack.Value) catalog.Category {
	var names []string
	for _, c := range catalog.Categories() {
		names = append(names, string(c))
	}
	return catalog.Category(v.OneOf(names...))
}

// pairs reads names with yes or no; only of the given names, where any are.
func pairs(o *pack.Object, names ...string) map[string]string {
	out := map[string]string{}
	if o == nil {
		return out
	}
	for _, k := range o.Keys() {
		v := o.Field(k)
		if len(names) > 0 && !slices.Contains(names, k) {
			v.Fault("%q is no question of scope", k).WithHint("it is one of %s", strings.Join(names, ", "))
		}
		out[k] = v.OneOf("yes", "no")
	}
	o.Done()
	return out
}

func classNames() []string {
	var out []string
	for _, c := range Classes() {
		out = append(out, string(c))
	}
	return out
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func ref(n int) string { return fmt.Sprintf("D-%d", n) }
