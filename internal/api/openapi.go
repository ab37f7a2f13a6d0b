package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"

	"github.com/danielgtaylor/huma/v2"
)

var problemType = reflect.TypeFor[problem]()

// OpenAPI gives the operations as an OpenAPI 3.1 document.
func (a *API) OpenAPI() *huma.OpenAPI {
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Attesta", Version: "1",
			Description: "What programs may ask of Attesta. A list's page carries the cursor of the next one. " +
				"Every answer of a GET has an ETag; a change takes If-Match where it changes something that was there, and Idempotency-Key always."},
		Servers:    []*huma.Server{{URL: Prefix}},
		Paths:      map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: a.registry, SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "A token made under Account: atta_…"}}},
		Security:   []map[string][]string{{"token": {}}},
	}
	refused := a.registry.Schema(problemType, true, "Problem")
	tags := []string{}
	for _, o := range a.operations {
		item := doc.Paths[o.Path]
		if item == nil {
			item = &huma.PathItem{}
			doc.Paths[o.Path] = item
		}
		noun, _, _ := strings.Cut(o.Name, ".")
		if !slices.Contains(tags, noun) {
			tags = append(tags, noun)
			doc.Tags = append(doc.Tags, &huma.Tag{Name: noun})
		}
		op := &huma.Operation{OperationID: operationID(o.Name), Tags: []string{noun}, Summary: o.Summary, Description: describe(o),
			Responses: map[string]*huma.Response{
				strconv.Itoa(http.StatusOK): {Description: "Done", Content: map[string]*huma.MediaType{"application/json": {Schema: o.output}}},
				"default":                   {Description: "Why not", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: refused}}},
			}}
		inPath := o.pathFields()
		for _, f := range inPath {
			op.Parameters = append(op.Parameters, &huma.Param{Name: f, In: "path", Required: true, Schema: o.input.Properties[f], Description: o.input.Properties[f].Description})
		}
		if o.Changes() {
			a.document(o, op, inPath)
			item.Post = op
			continue
		}
		for _, f := range fieldOrder(o.input) {
			if s := o.input.Properties[f]; !slices.Contains(inPath, f) {
				op.Parameters = append(op.Parameters, &huma.Param{Name: f, In: "query", Required: slices.Contains(o.input.Required, f), Schema: s, Description: s.Description})
			}
		}
		item.Get = op
	}
	return doc
}

// document adds a change's body and headers.
func (a *API) document(o *Operation, op *huma.Operation, inPath []string) {
	body := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for f, s := range o.input.Properties {
		if slices.Contains(inPath, f) {
			continue
		}
		body.Properties[f] = s
		if slices.Contains(o.input.Required, f) {
			body.Required = append(body.Required, f)
		}
	}
	slices.Sort(body.Required)
	if len(body.Properties) > 0 {
		op.RequestBody = &huma.RequestBody{Required: len(body.Required) > 0, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}}
	}
	text := &huma.Schema{Type: "string"}
	op.Parameters = append(op.Parameters, &huma.Param{Name: "Idempotency-Key", In: "header", Schema: text, Description: "The change is made once for this key; asked again, the stored answer comes."})
	if o.Of != "" {
		op.Parameters = append(op.Parameters, &huma.Param{Name: "If-Match", In: "header", Schema: text, Description: "ETag of " + operationID(o.Of) + ": refused with 412 where it was changed since."})
	}
}

func describe(o *Operation) string {
	var who []string
	for _, r := range access.Roles() {
		if access.May(r, o.Action) {
			who = append(who, strings.ToLower(r.Title()))
		}
	}
	text := o.Detail
	if text != "" {
		text += "\n\n"
	}
	return text + "Needs the action `" + string(o.Action) + "`, which these roles have: " + strings.Join(who, ", ") + "."
}

func operationID(name string) string { return strings.ReplaceAll(name, ".", "_") }

// fieldOrder gives the fields of an input, the required ones first.
func fieldOrder(s *huma.Schema) []string {
	var required, rest []string
	for f := range s.Properties {
		if slices.Contains(s.Required, f) {
			required = append(required, f)
		} else {
			rest = append(rest, f)
		}
	}
	slices.Sort(required)
	slices.Sort(rest)
	return append(required, rest...)
}
