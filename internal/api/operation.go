package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/danielgtaylor/huma/v2"
)

// Operation is one thing that a program may ask.
type Operation struct {
	Name    string        // "findings.list": what, in the plural, and the verb
	Method  string        // GET looks, POST changes
	Path    string        // below /api/v1, with {field} of the input
	Action  access.Action // what the asker needs
	Summary string        // one line, for lists of operations
	Detail  string        // what a reader of the summary still needs to know
	Draft   bool          // a change that only proposes: programs that talk in tools may make it too
	Of      string        // the operation that reads what this one changes; If-Match is held against its answer
	Body    int64         // largest body that is read, in bytes; 0: 1 MiB

	in, out reflect.Type
	input   *huma.Schema
	output  *huma.Schema
	do      func(context.Context, access.Principal, json.RawMessage) (any, error)
}

// Changes reports whether the operation changes anything.
func (o *Operation) Changes() bool { return o.Method != http.MethodGet }

var pathField = regexp.MustCompile(`\{([a-z_]+)\}`)

// pathFields gives the fields of the input that stand in the path.
func (o *Operation) pathFields() []string {
	var all []string
	for _, m := range pathField.FindAllStringSubmatch(o.Path, -1) {
		all = append(all, m[1])
	}
	return all
}

// define binds an operation to its function. In is a flat struct with json tags.
func define[In, Out any](o Operation, do func(context.Context, access.Principal, In) (Out, error)) *Operation {
	r := table.Define(table.Row{}, do)
	o.in, o.out, o.do = r.In, r.Out, r.Do
	return &o
}

// rows takes the operations of an area that stand in a package of their own.
func (a *API) rows(list []table.Row) {
	for _, r := range list {
		a.operations = append(a.operations, &Operation{Name: r.Name, Method: r.Method, Path: r.Path, Action: r.Action, Summary: r.Summary, Detail: r.Detail, Draft: r.Draft, Of: r.Of, Body: r.Body, in: r.In, out: r.Out, do: r.Do})
	}
}

// Page is one page of a list.
type Page[T any] = table.Page[T]

// RefInput names something by its short number.
type RefInput = table.RefInput

// Paging is what lists take.
type Paging struct {
	Cursor string `json:"cursor,omitempty" doc:"The next of the page before." maxLength:"500"`
	Limit  int    `json:"limit,omitempty" doc:"Items of a page; 50 when absent." minimum:"1" maximum:"500"`
}

func (p Paging) limit() int {
	if p.Limit == 0 {
		return 50
	}
	return p.Limit
}

// namer names schemas by package and type, so that two packages' Check do not meet.
func namer(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.Name()
	if name == "" {
		return hint
	}
	pkg := t.PkgPath()
	pkg = pkg[strings.LastIndexByte(pkg, '/')+1:]
	if i := strings.IndexByte(name, '['); i >= 0 { // Page[…/finding.Finding]
		of := strings.TrimSuffix(name[i+1:], "]")
		of = of[strings.LastIndexByte(of, '/')+1:]
		pkg, name = "", name[:i]+title(strings.ReplaceAll(of, ".", " "))
	}
	if pkg == "api" || pkg == "table" {
		pkg = ""
	}
	if strings.EqualFold(pkg, name) {
		pkg = ""
	}
	return title(pkg) + title(name)
}

// title writes words as one: "finding Finding" is FindingFinding.
func title(s string) string {
	var b strings.Builder
	for _, w := range strings.Fields(s) {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return b.String()
}

// validate holds an input against its schema and names the first field that is wrong.
func (a *API) validate(o *Operation, v map[string]any) error {
	res := &huma.ValidateResult{}
	huma.Validate(a.registry, o.input, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, v, res)
	if len(res.Errors) == 0 {
		return nil
	}
	var detail *huma.ErrorDetail
	if d, ok := res.Errors[0].(*huma.ErrorDetail); ok {
		detail = d
	} else {
		detail = &huma.ErrorDetail{Message: res.Errors[0].Error()}
	}
	field := strings.TrimPrefix(detail.Location, ".")
	known := slices.Sorted(maps.Keys(o.input.Properties))
	f := fault.New(fault.Invalid, "%s", detail.Message).At("", 0, field).WithHint("the fields are %s", strings.Join(known, ", "))
	if len(known) == 0 {
		f = f.WithHint("%s takes no fields", o.Name)
	}
	return f
}

// Call does an operation for somebody, with an input as JSON; nil is the empty object.
func (a *API) Call(ctx context.Context, who access.Principal, name string, input json.RawMessage) (any, error) {
	o, err := a.operation(name)
	if err != nil {
		return nil, err
	}
	if err := access.Authorise(who, o.Action); err != nil {
		return nil, err
	}
	if len(input) == 0 {
		input = json.RawMessage("{}")
	}
	var v map[string]any
	if err := json.Unmarshal(input, &v); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the input is no JSON object").WithHint(`send an object such as {"limit": 10}`)
	}
	if err := a.validate(o, v); err != nil {
		return nil, err
	}
	return o.do(ctx, who, input)
}

func (a *API) operation(name string) (*Operation, error) {
	for _, o := range a.operations {
		if o.Name == name {
			return o, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no operation %q", name).WithHint("attesta api lists them")
}

// check holds the table together; a mistake in it is the program's and panics.
func (a *API) check() {
	seen := map[string]bool{}
	for _, o := range a.operations {
		noun, verb, ok := strings.Cut(o.Name, ".")
		route := o.Method + " " + o.Path
		switch {
		case !ok || noun == "" || verb == "":
			panic(fmt.Sprintf("api: %q is no name of an operation", o.Name))
		case seen[o.Name] || seen[route]:
			panic(fmt.Sprintf("api: %s (%s) stands in the table twice", o.Name, route))
		case !slices.Contains(access.Actions(), o.Action):
			panic(fmt.Sprintf("api: %s needs %q, which is no action", o.Name, o.Action))
		case o.Draft && !o.Changes():
			panic(fmt.Sprintf("api: %s looks, and proposes nothing", o.Name))
		}
		seen[o.Name], seen[route] = true, true
		for _, f := range o.pathFields() {
			if o.input.Properties[f] == nil {
				panic(fmt.Sprintf("api: %s has no field %s of its path", o.Name, f))
			}
		}
	}
}
