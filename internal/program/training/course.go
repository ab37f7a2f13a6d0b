package training

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

// Whom says who must take a course.
type Whom string

// The audiences.
const (
	Everyone    Whom = "everyone"
	Employees   Whom = "employees"
	Contractors Whom = "contractors"
	Titles      Whom = "titles" // people whose job title holds one of some words
	Teams       Whom = "teams"
)

// Audience is who must take a course.
type Audience struct {
	Whom  Whom     `json:"whom" enum:"everyone,employees,contractors,titles,teams"`
	Words []string `json:"words,omitempty" doc:"Of titles: words of job titles, such as engineer. Of teams: their names."`
}

// Lesson is one page of a course.
type Lesson struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"` // Markdown
}

// Answer is a possible answer.
type Answer struct {
	Text  string `json:"text"`
	Right bool   `json:"right,omitempty"`
}

// Question is one of the pool that a quiz is drawn from.
type Question struct {
	ID      string   `json:"id"`
	Lesson  string   `json:"lesson"` // that it is about
	Ask     string   `json:"ask"`
	Answers []Answer `json:"answers"`
	Why     string   `json:"why"`
}

// Many reports whether more than one answer is right.
func (q Question) Many() bool {
	n := 0
	for _, a := range q.Answers {
		if a.Right {
			n++
		}
	}
	return n > 1
}

// Course is one version of a course. One without questions is taken elsewhere:
// its completions are imported.
type Course struct {
	ID        string     `json:"id"`
	Version   int        `json:"version"`
	Title     string     `json:"title"`
	Summary   string     `json:"summary"`
	Minutes   int        `json:"minutes"`             // that it takes
	PassMark  int        `json:"pass_mark"`           // percent of the questions
	DrawN     int        `json:"draw"`                // questions of a quiz
	Months    int        `json:"months"`              // until it is taken again
	Retake    bool       `json:"retake"`              // whoever completed an earlier version takes this one
	Suggested Audience   `json:"suggested"`           // whom it is made for
	Criteria  []string   `json:"criteria"`            // that it serves
	Lessons   []Lesson   `json:"lessons"`             // in order
	Questions []Question `json:"questions"`           // the pool
	Elsewhere string     `json:"elsewhere,omitempty"` // the system where it is taken; "" here
}

// Quiz reports whether it is taken here.
func (c *Course) Quiz() bool { return len(c.Questions) > 0 }

// Book is a pack of kind "courses".
type Book struct {
	ID, Version string
	Courses     []*Course
}

// Get gives a course, or nil.
func (b *Book) Get(id string) *Course {
	for _, c := range b.Courses {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// Shipped gives the courses that come with this build.
func Shipped() (*Book, error) {
	dir, err := packs.Open(packs.Courses()[0])
	if err != nil {
		return nil, err
	}
	return Load(dir)
}

// Load reads a pack of kind courses. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Book, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Book), nil
}

// PackKind is the kind "courses" for a pack loader: its Content is a *Book.
func PackKind() pack.Kind {
	return pack.Kind{Name: "courses", Decode: func(src *pack.Source, p *pack.Pack) {
		b := &Book{ID: p.ID, Version: p.Version}
		for root := range src.Documents("courses", "each .yaml file is a course") {
			if o := root.Object(); o != nil {
				b.course(o)
				o.Done()
			}
		}
		if len(b.Courses) == 0 {
			src.Fault("pack.yaml", 0, "", "the pack holds no course").WithHint("add a .yaml file with id, version, title, lessons and questions")
		}
		p.Content = b
	}}
}

var short = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// name reads an id that is used once.
func name(o *pack.Object, used func(string) bool) string {
	id := o.NeedText("id", "a short name that stays, such as phishing")
	switch {
	case id == "":
	case !short.MatchString(id) || len(id) > 60:
		o.At("id").Fault("%q cannot be used as a name", id).WithHint("use lower-case letters, digits and single hyphens, at most 60")
	case used(id):
		o.At("id").Fault("%q is used twice", id).WithHint("ids are used once")
	}
	return id
}

func count(o *pack.Object, field, hint string, least, most int) int {
	n := int(o.Need(field, hint).Int())
	if o.Field(field).Present() && (n < least || n > most) {
		o.At(field).Fault("%d is not between %d and %d", n, least, most).WithHint("%s", hint)
	}
	return n
}

func (b *Book) course(o *pack.Object) {
	c := &Course{ID: name(o, func(id string) bool { return b.Get(id) != nil }), Title: o.NeedText("title", "a short title"), Summary: o.NeedText("summary", "what people can do after it"),
		Version: count(o, "version", "the version, from 1: raise it with each change", 1, 1000), Minutes: count(o, "minutes", "minutes that it takes", 1, 240),
		PassMark: count(o, "pass", "percent of the questions that must be right", 50, 100), DrawN: count(o, "draw", "questions of a quiz", 3, 30), Months: count(o, "months", "months until it is taken again; 12 is usual", 1, 36)}
	if v := o.Field("retake"); v.Present() {
		c.Retake = v.Bool()
	}
	if a := o.Need("audience", "whom it is for").Object(); a != nil {
		c.Suggested.Whom = Whom(a.Need("whom", "everyone, employees, contractors, titles or teams").OneOf(string(Everyone), string(Employees), string(Contractors), string(Titles), string(Teams)))
		if v := a.Field("words"); v.Present() {
			c.Suggested.Words = v.Texts()
		}
		if named := c.Suggested.Whom == Titles || c.Suggested.Whom == Teams; named != (len(c.Suggested.Words) > 0) {
			a.At("whom").Fault("words belong to titles and teams, and those need some").WithHint("words: [engineer, developer]")
		}
		a.Done()
	}
	for _, v := range o.Need("criteria", "criteria that it serves").List() {
		id := v.Text()
		if _, known := catalog.Get(id); !known && id != "" {
			v.Fault("%q is none of the 61 criteria", id).WithHint("write an id like CC1.4")
		}
		c.Criteria = append(c.Criteria, id)
	}
	for _, v := range o.Need("lessons", "a list of lessons").List() {
		if l := v.Object(); l != nil {
			c.Lessons = append(c.Lessons, lesson(c, l))
			l.Done()
		}
	}
	for _, v := range o.Need("questions", "a list of questions").List() {
		if q := v.Object(); q != nil {
			c.Questions = append(c.Questions, question(c, q))
			q.Done()
		}
	}
	if c.DrawN > len(c.Questions) {
		o.At("draw").Fault("%d questions are drawn of %d", c.DrawN, len(c.Questions)).WithHint("write more questions, or draw fewer")
	}
	b.Courses = append(b.Courses, c)
}

func lesson(c *Course, o *pack.Object) Lesson {
	l := Lesson{ID: name(o, func(id string) bool { return slices.ContainsFunc(c.Lessons, func(l Lesson) bool { return l.ID == id }) }), Title: o.NeedText("title", "what the lesson is about"), Text: o.NeedText("text", "the lesson, in Markdown")}
	if n := len(strings.Fields(l.Text)); n > 400 {
		o.At("text").Fault("has %d words; people read at most 400 at once", n).WithHint("split the lesson, or shorten it")
	}
	return l
}

func question(c *Course, o *pack.Object) Question {
	q := Question{ID: name(o, func(id string) bool {
		return slices.ContainsFunc(c.Questions, func(q Question) bool { return q.ID == id })
	}),
		Lesson: o.NeedText("lesson", "the id of the lesson that it is about"), Ask: o.NeedText("ask", "the question"), Why: o.NeedText("why", "why the right answer is right; whoever answers wrong reads it")}
	if q.Lesson != "" && !slices.ContainsFunc(c.Lessons, func(l Lesson) bool { return l.ID == q.Lesson }) {
		o.At("lesson").Fault("there is no lesson %q", q.Lesson).WithHint("write the id of a lesson of this course")
	}
	right := 0
	for _, v := range o.Need("answers", "two to six answers").List() {
		a := v.Object()
		if a == nil {
			continue
		}
		x := Answer{Text: a.NeedText("text", "the answer")}
		if r := a.Field("right"); r.Present() {
			x.Right = r.Bool()
		}
		if slices.ContainsFunc(q.Answers, func(y Answer) bool { return y.Text == x.Text && x.Text != "" }) {
			a.At("text").Fault("the answer stands there twice").WithHint("write another one")
		}
		if x.Right {
			right++
		}
		q.Answers = append(q.Answers, x)
		a.Done()
	}
	if v := o.Field("answers"); v.Present() {
		switch n := len(q.Answers); {
		case n < 2 || n > 6:
			v.Fault("holds %d answers, not two to six", n).WithHint("three or four are usual")
		case right == 0:
			v.Fault("no answer is marked as right").WithHint("write right: true beside each that is")
		case right == n:
			v.Fault("every answer is marked as right").WithHint("a question needs a wrong one")
		}
	}
	return q
}
