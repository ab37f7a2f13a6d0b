// Package table is the rows of the table of operations, for areas whose operations
// stand in a package of their own below internal/api. Package api makes routes,
// verbs, tools and documents of them.
//
// Floor: edges.
package table

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Row is one thing that a program may ask.
type Row struct {
	Name    string        // "findings.list": what, in the plural, and the verb
	Method  string        // GET looks, POST changes
	Path    string        // below /api/v1, with {field} of the input
	Action  access.Action // what the asker needs
	Summary string        // one line, for lists of operations
	Detail  string        // what a reader of the summary still needs to know
	Draft   bool          // a change that only proposes: programs that talk in tools may make it too
	Of      string        // the operation that reads what this one changes; If-Match is held against its answer
	Body    int64         // largest body that is read, in bytes; 0: 1 MiB

	In, Out reflect.Type
	Do      func(context.Context, access.Principal, json.RawMessage) (any, error)
}

// Define binds a row to its function. In is a flat struct with json tags.
func Define[In, Out any](r Row, do func(context.Context, access.Principal, In) (Out, error)) Row {
	r.In, r.Out = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	r.Do = func(ctx context.Context, who access.Principal, raw json.RawMessage) (any, error) {
		var in In
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the input does not have the declared form")
		}
		return do(ctx, who, in)
	}
	return r
}

// RefInput names something by its short number.
type RefInput struct {
	Ref string `json:"ref" doc:"Its short number, such as F-12, or its id." maxLength:"64"`
}

// Which gives what it names.
func (r RefInput) Which() string { return r.Ref }

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent at the end."`
	Total int64  `json:"total" doc:"How many there are, exact up to 10,000."`
}

// All gives a list that is read at once as its only page.
func All[T any](all []T, err error) (Page[T], error) {
	if all == nil {
		all = []T{}
	}
	return Page[T]{Items: all, Total: int64(len(all))}, err
}
