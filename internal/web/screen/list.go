package screen

import (
	"iter"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/render/listing"
)

// List is a screen that lists things, with what stands in each row. The screen
// and the files that are made of it ask the same function for the same rows, and
// its filters are what a view is kept of. The screen shows it with ui.List.
type List struct {
	Name    string // "people": of its files and views
	Title   string
	Pattern string // of the screen's route
	Action  access.Action
	Columns []listing.Column
	Heads   []string // what the screen's table calls each column; "": only files have it
	Rows    func(r *Request) iter.Seq2[[]any, error]
	// IDs gives the ids of its lines, a page past most; nil: nothing is done to many
	// of them at once.
	IDs func(r *Request, most int) ([]string, error)
}

// Column is a column over rows of one type.
type Column[T any] struct {
	Key, Title string
	Head       string  // of the screen's table; "=": the title; "": only files have it
	Width      float64 // of a workbook's column, in characters; 0 is the default
	Value      func(c *Cells, x T) any
}

// Cells is what values are made with: names of people, and when it is.
type Cells struct {
	*Request
	names map[string]string
}

// Name gives a person's name for a pseudonym, or the pseudonym.
func (c *Cells) Name(id string) string { return Who(c.names, id) }

// Pages gives a page of rows after a cursor; "" is the first, and the last.
type Pages[T any] func(r *Request, after string) (rows []T, next string, err error)

// Chosen makes a list one whose lines something can be done to at once; id is that
// of a row.
func Chosen[T any](l List, read Pages[T], id func(T) string) List {
	l.IDs = func(r *Request, most int) (all []string, err error) {
		for after, first := "", true; first || after != ""; first = false {
			var rows []T
			if rows, after, err = read(r, after); err != nil {
				return nil, err
			}
			for _, x := range rows {
				all = append(all, id(x))
			}
			if len(all) > most {
				return all, nil
			}
		}
		return all, nil
	}
	return l
}

// Whole is Pages of a list that is read at once.
func Whole[T any](read func(r *Request) ([]T, error)) Pages[T] {
	return func(r *Request, _ string) ([]T, string, error) {
		rows, err := read(r)
		return rows, "", err
	}
}

// Declare makes a list of its columns and its pages. people gives the pseudonyms
// of a row whose names its columns show; nil where they show none.
func Declare[T any](l List, read Pages[T], people func(T) []string, columns ...Column[T]) List {
	for _, c := range columns {
		if c.Head == "=" {
			c.Head = c.Title
		}
		l.Columns, l.Heads = append(l.Columns, listing.Column{Key: c.Key, Title: c.Title, Width: c.Width}), append(l.Heads, c.Head)
	}
	l.Rows = func(r *Request) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) {
			for after, first := "", true; first || after != ""; first = false {
				rows, next, err := read(r, after)
				if err != nil {
					yield(nil, err)
					return
				}
				c := &Cells{Request: r}
				if people != nil {
					var ids []string
					for _, x := range rows {
						ids = append(ids, people(x)...)
					}
					c.names = r.Names(ids)
				}
				for _, x := range rows {
					values := make([]any, len(columns))
					for i, k := range columns {
						values[i] = k.Value(c, x)
					}
					if !yield(values, nil) {
						return
					}
				}
				after = next
			}
		}
	}
	return l
}
