// Package catalog holds the 61 trust services criteria (2017) and their 330
// points of focus (2022 revision): ids, short titles and when each point
// applies. It quotes no criterion; criterion titles are our own words, and the
// text of the criteria belongs to the AICPA and stays with the reader's copy.
//
// Serves A1. Invariants, held by a test: 61 criteria, 330 points, ids unique,
// points numbered from 1 without a gap, order as the categories are named
// (security, availability, processing integrity, confidentiality, privacy).
//
// Floor: pure. No SQL, no clock.
package catalog

import (
	"bufio"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Category is one of the five trust services categories. Security is always
// examined; the others when the scope names them.
type Category string

// The five categories.
const (
	Security            Category = "security"
	Availability        Category = "availability"
	ProcessingIntegrity Category = "processing_integrity"
	Confidentiality     Category = "confidentiality"
	Privacy             Category = "privacy"
)

// Words gives the category as people read it.
func (c Category) Words() string { return strings.ReplaceAll(string(c), "_", " ") }

// Categories gives the five, security first.
func Categories() []Category {
	return []Category{Security, Availability, ProcessingIntegrity, Confidentiality, Privacy}
}

// Series groups criteria: CC1 to CC9, A1, PI1, C1, P1 to P8.
type Series struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Category Category `json:"category"`
}

// Criterion is one of the 61.
type Criterion struct {
	ID       string   `json:"id"`     // "CC6.1"
	Title    string   `json:"title"`  // ours
	Series   string   `json:"series"` // "CC6"
	Category Category `json:"category"`
}

// Point is a point of focus. Criteria are judged; a point is considered:
// addressed, or not relevant because.
type Point struct {
	Criterion string  `json:"criterion"` // "CC6.1"
	Number    int     `json:"number"`    // from 1
	Title     string  `json:"title"`
	Applies   Applies `json:"applies"`
	Revised   bool    `json:"revised"` // new or retitled in the 2022 revision
}

// ID gives "CC6.1.3".
func (p Point) ID() string { return p.Criterion + "." + strconv.Itoa(p.Number) }

//go:embed series.tsv
var seriesFile string

//go:embed criteria.tsv
var criteriaFile string

//go:embed points.tsv
var pointsFile string

type content struct {
	series   []Series
	criteria []Criterion
	byID     map[string]Criterion
	points   map[string][]Point
}

// shipped parses the embedded files once. They are part of the program: a
// mistake in them is a defect that the package's test finds, hence the panic.
var shipped = sync.OnceValue(func() *content {
	c, err := parse(seriesFile, criteriaFile, pointsFile)
	if err != nil {
		panic("catalog: " + err.Error())
	}
	return c
})

// AllSeries gives the series in order.
func AllSeries() []Series { return append([]Series(nil), shipped().series...) }

// All gives the 61 criteria in order.
func All() []Criterion { return append([]Criterion(nil), shipped().criteria...) }

// Get gives one criterion.
func Get(id string) (Criterion, bool) {
	c, ok := shipped().byID[id]
	return c, ok
}

// Points gives the points of focus of a criterion, by number; nil for an
// unknown criterion.
func Points(criterion string) []Point {
	return append([]Point(nil), shipped().points[criterion]...)
}

// PointOf gives one point of focus.
func PointOf(criterion string, number int) (Point, bool) {
	ps := shipped().points[criterion]
	if number < 1 || number > len(ps) {
		return Point{}, false
	}
	return ps[number-1], true
}

func parse(series, criteria, points string) (*content, error) {
	c := &content{byID: map[string]Criterion{}, points: map[string][]Point{}}
	inSeries := map[string]Category{}
	err := table("series.tsv", series, []string{"series", "category", "title"}, func(f []string) error {
		s := Series{ID: f[0], Category: Category(f[1]), Title: f[2]}
		if _, twice := inSeries[s.ID]; twice {
			return fmt.Errorf("series %s stands twice", s.ID)
		}
		inSeries[s.ID] = s.Category
		c.series = append(c.series, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = table("criteria.tsv", criteria, []string{"criterion", "series", "category", "title"}, func(f []string) error {
		k := Criterion{ID: f[0], Series: f[1], Category: Category(f[2]), Title: f[3]}
		if category, ok := inSeries[k.Series]; !ok || category != k.Category {
			return fmt.Errorf("criterion %s names series %s and category %s, which do not belong together", k.ID, k.Series, k.Category)
		}
		if _, twice := c.byID[k.ID]; twice {
			return fmt.Errorf("criterion %s stands twice", k.ID)
		}
		c.byID[k.ID] = k
		c.criteria = append(c.criteria, k)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = table("points.tsv", points, []string{"criterion", "number", "applies", "revised", "title"}, func(f []string) error {
		p := Point{Criterion: f[0], Applies: Applies(f[2]), Revised: f[3] == "2022", Title: f[4]}
		n, err := strconv.Atoi(f[1])
		switch {
		case err != nil || n != len(c.points[p.Criterion])+1:
			return fmt.Errorf("point %s of %s is out of order", f[1], p.Criterion)
		case c.byID[p.Criterion].ID == "":
			return fmt.Errorf("point %s names the unknown criterion %s", f[1], p.Criterion)
		case p.Applies.Sentence() == "":
			return fmt.Errorf("point %s.%s: %q is no known condition", f[0], f[1], f[2])
		}
		p.Number = n
		c.points[p.Criterion] = append(c.points[p.Criterion], p)
		return nil
	})
	return c, err
}

// table reads tab-separated text with a header line and no empty field.
func table(name, text string, header []string, row func(fields []string) error) error {
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != len(header) {
			return fmt.Errorf("%s:%d: %d fields, want %d", name, n, len(fields), len(header))
		}
		if n == 1 {
			if strings.Join(fields, "\t") != strings.Join(header, "\t") {
				return fmt.Errorf("%s:1: the header is not %q", name, header)
			}
			continue
		}
		for i, f := range fields {
			if strings.TrimSpace(f) != f || f == "" {
				return fmt.Errorf("%s:%d: %s is empty or has blanks around it", name, n, header[i])
			}
		}
		if err := row(fields); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return lines.Err()
}
