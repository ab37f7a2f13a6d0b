// Package guidance holds our own words about the criteria: what each is about,
// and for each point of focus what it asks, what usually satisfies it in a
// company of 20 and in one of 500, what an auditor asks to see, common
// mistakes, and when it applies. It is a pack of kind "guidance".
//
// Serves A1. Points of focus are considerations: nothing here says that
// something is required, and no text of the criteria is quoted.
//
// Floor: declared, pure.
package guidance

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

// Criterion is what is said about one criterion.
type Criterion struct {
	ID      string  `json:"criterion"`
	Summary string  `json:"summary"`
	Points  []Point `json:"points"`
}

// Point is what is said about one point of focus.
type Point struct {
	Number   int    `json:"number"`
	Asks     string `json:"asks"`     // what it asks, in plain words
	Small    string `json:"small"`    // what usually satisfies it in a company of 20
	Large    string `json:"large"`    // and in one of 500
	Auditor  string `json:"auditor"`  // what an auditor asks to see
	Mistakes string `json:"mistakes"` // common mistakes
	Applies  string `json:"applies"`  // when it applies, and for whom
}

// Part is one text with where it stands.
type Part struct {
	Criterion string
	Number    int    // 0: the criterion's summary
	Name      string // "asks", "small", …
	Text      string
}

// Parts gives the texts of a point by name, in reading order.
func (p Point) Parts(criterion string) []Part {
	return []Part{
		{criterion, p.Number, "asks", p.Asks}, {criterion, p.Number, "small", p.Small}, {criterion, p.Number, "large", p.Large},
		{criterion, p.Number, "auditor", p.Auditor}, {criterion, p.Number, "mistakes", p.Mistakes}, {criterion, p.Number, "applies", p.Applies},
	}
}

// Book is all guidance of one pack.
type Book struct {
	Version  string
	criteria []Criterion // in the catalogue's order
}

// All gives every criterion's guidance in the catalogue's order.
func (b *Book) All() []Criterion { return b.criteria }

// Criterion gives the guidance of one criterion.
func (b *Book) Criterion(id string) (Criterion, bool) {
	i := slices.IndexFunc(b.criteria, func(c Criterion) bool { return c.ID == id })
	if i < 0 {
		return Criterion{}, false
	}
	return b.criteria[i], true
}

// Point gives the guidance of one point of focus.
func (c Criterion) Point(number int) (Point, bool) {
	i := slices.IndexFunc(c.Points, func(p Point) bool { return p.Number == number })
	if i < 0 {
		return Point{}, false
	}
	return c.Points[i], true
}

// Parts gives every text of the book.
func (b *Book) Parts() []Part {
	var all []Part
	for _, c := range b.criteria {
		all = append(all, Part{c.ID, 0, "summary", c.Summary})
		for _, p := range c.Points {
			all = append(all, p.Parts(c.ID)...)
		}
	}
	return all
}

// Missing lists points of the catalogue about which nothing is said: "CC3.1 4".
func (b *Book) Missing() []string {
	var out []string
	for _, c := range catalog.All() {
		g, ok := b.Criterion(c.ID)
		if !ok {
			out = append(out, c.ID)
			continue
		}
		for _, p := range catalog.Points(c.ID) {
			if _, ok := g.Point(p.Number); !ok {
				out = append(out, fmt.Sprintf("%s %d", c.ID, p.Number))
			}
		}
	}
	return out
}

// Load reads a pack of kind guidance. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Book, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Book), nil
}

// PackKind is the kind "guidance" for a pack loader: its Content is a *Book.
func PackKind() pack.Kind {
	return pack.Kind{Name: "guidance", Decode: func(src *pack.Source, p *pack.Pack) {
		b := &Book{Version: p.Version}
		for root := range src.Documents("a guidance pack", "a guidance pack holds .yaml files, one for each series") {
			b.file(root)
		}
		order := map[string]int{}
		for i, c := range catalog.All() {
			order[c.ID] = i
		}
		slices.SortStableFunc(b.criteria, func(x, y Criterion) int { return order[x.ID] - order[y.ID] })
		p.Content = b
	}}
}

func (b *Book) file(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	series := o.NeedText("series", "the series that the file is about, such as CC6")
	for _, v := range o.Need("criteria", "a list of criteria").List() {
		c := v.Object()
		if c == nil {
			continue
		}
		id := c.NeedText("criterion", "its id, such as CC6.1")
		g := Criterion{ID: id, Summary: c.NeedText("summary", "what the criterion is about")}
		known, ok := catalog.Get(id)
		switch {
		case id == "":
		case !ok:
			c.At("criterion").Fault("%q is no criterion", id).WithHint("the criteria are listed by 'attesta criteria list'")
		case known.Series != series:
			c.At("criterion").Fault("%s belongs to the series %s, not %s", id, known.Series, series).WithHint("move it into the file of its series")
		default:
			if _, twice := b.Criterion(id); twice {
				c.At("criterion").Fault("%s has its guidance already", id).WithHint("keep one of them")
			}
		}
		for _, pv := range c.Need("points", "a list of points of focus").List() {
			if po := pv.Object(); po != nil {
				g.Points = append(g.Points, point(po, g))
				po.Done()
			}
		}
		c.Done()
		b.criteria = append(b.criteria, g)
	}
	o.Done()
}

func point(o *pack.Object, g Criterion) Point {
	number := o.Need("number", "the point's number")
	p := Point{
		Number:   int(number.Int()),
		Asks:     o.NeedText("asks", "what it asks, in plain words"),
		Small:    o.NeedText("small", "what usually satisfies it in a company of 20"),
		Large:    o.NeedText("large", "what usually satisfies it in a company of 500"),
		Auditor:  o.NeedText("auditor", "what an auditor asks to see"),
		Mistakes: o.NeedText("mistakes", "common mistakes"),
		Applies:  o.NeedText("applies", "when it applies, and for whom"),
	}
	if _, ok := catalog.PointOf(g.ID, p.Number); !ok && number.Present() {
		number.Fault("%s has no point of focus %d", g.ID, p.Number).WithHint("the numbers are listed by 'attesta criteria points %s'", g.ID)
	}
	if _, twice := g.Point(p.Number); twice {
		number.Fault("point %d of %s stands here twice", p.Number, g.ID).WithHint("keep one of them")
	}
	return p
}

// misleading words, and why; considered are those that only guidance avoids. A
// word is matched as a whole, in any case.
var (
	misleading = []forbidden{
		{regexp.MustCompile(`(?i)\bcertified\b`), "an examination ends in an opinion, not a certificate"},
		{regexp.MustCompile(`(?i)\bcompliant\b`), "nobody is compliant with SOC 2"},
		{regexp.MustCompile(`(?i)\bpassed\b`), "there is nothing to pass"},
		{regexp.MustCompile(`(?i)\bguarantee[sd]?\b`), "nothing is"},
		{regexp.MustCompile(`(?i)\b(seamless(ly)?|robust|holistic|leverag(e|es|ing)|best-in-class|world-class)\b`), "say what it does instead"},
		{regexp.MustCompile(`(?i)\b(please|simply|effortless(ly)?)\b`), "plain words only"},
	}
	considered = []forbidden{
		{regexp.MustCompile(`(?i)\b(must|shall)\b`), "a point of focus is a consideration, not a requirement"},
	}
)

type forbidden struct {
	re  *regexp.Regexp
	why string
}

func said(text string, words []forbidden) []string {
	var out []string
	for _, f := range words {
		if word := f.re.FindString(text); word != "" {
			out = append(out, fmt.Sprintf("says %q: %s", word, f.why))
		}
	}
	return out
}

// Misleading gives each word of a text that no screen, document or pack uses,
// with the reason.
func Misleading(text string) []string { return said(text, misleading) }

// Lint gives what is wrong with the words of a book: parts that are too short
// or too long (25 to 100 words; applies: 8 to 60), words that mislead,
// sentences that are hard to read (over 45 words), sentences used twice.
func (b *Book) Lint() []*fault.Error {
	var out []*fault.Error
	report := func(p Part, format string, args ...any) {
		where := p.Criterion
		if p.Number > 0 {
			where = fmt.Sprintf("%s point %d", p.Criterion, p.Number)
		}
		out = append(out, fault.New(fault.Invalid, format, args...).At("", 0, where+" "+p.Name))
	}
	seen := map[string]Part{}
	for _, p := range b.Parts() {
		least, most := 25, 100
		if p.Name == "applies" {
			least, most = 8, 60
		}
		if n := len(strings.Fields(p.Text)); n < least || n > most {
			report(p, "has %d words, not %d to %d", n, least, most)
		}
		for _, s := range slices.Concat(said(p.Text, misleading), said(p.Text, considered)) {
			report(p, "%s", s)
		}
		for _, s := range Sentences(p.Text) {
			if n := len(strings.Fields(s)); n > 45 {
				report(p, "has a sentence of %d words: %.60s…", n, s)
			}
			key := strings.ToLower(strings.Join(strings.Fields(s), " "))
			if first, twice := seen[key]; twice {
				report(p, "repeats a sentence of %s %d %s: %s", first.Criterion, first.Number, first.Name, s)
			} else if len(strings.Fields(s)) > 2 {
				seen[key] = p
			}
		}
	}
	return out
}

var sentenceEnd = regexp.MustCompile(`[.?!]\s+`)

// Sentences splits a text at full stops, question and exclamation marks.
func Sentences(text string) []string {
	var out []string
	for _, s := range sentenceEnd.Split(strings.TrimSpace(text), -1) {
		if s = strings.Trim(strings.TrimSpace(s), ".?!"); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Similarity is the share of three-word shingles that two texts have in
// common (Jaccard index), 0 to 1.
func Similarity(a, b map[string]bool) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if len(b) < len(a) {
		a, b = b, a
	}
	common := 0
	for s := range a {
		if b[s] {
			common++
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

var word = regexp.MustCompile(`[\pL\pN']+`)

// Shingles gives the three-word shingles of a text, in lower case.
func Shingles(text string) map[string]bool {
	words := word.FindAllString(strings.ToLower(text), -1)
	out := map[string]bool{}
	for i := 0; i+3 <= len(words); i++ {
		out[strings.Join(words[i:i+3], " ")] = true
	}
	return out
}
