package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/danielgtaylor/huma/v2"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const instructions = `Attesta runs an organisation's SOC 2 programme. Statuses are derived from what was observed and are no judgement that a criterion is met.
Outcomes are pass, fail, error, not_observed, not_applicable and waived; what is missing is never good. criteria_explain answers why a criterion stands as it does.
Tools that change something only propose: a person decides in Attesta.`

// Tool reports whether programs that talk in tools may do an operation: they
// look, and propose.
func (o *Operation) Tool() bool { return !o.Changes() || o.Draft }

// asking does an operation, by the services or over the network.
type asking func(ctx context.Context, o *Operation, input json.RawMessage) ([]byte, error)

// toolServer has those tools that may is true of.
func (a *API) toolServer(may func(*Operation) bool, ask asking) *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "attesta", Title: "Attesta", Version: a.cfg.Version}, &mcp.ServerOptions{Instructions: instructions, Logger: a.cfg.Logger})
	closed := false
	for _, o := range a.operations {
		if !o.Tool() || !may(o) {
			continue
		}
		destroys := false
		s.AddTool(&mcp.Tool{
			Name: operationID(o.Name), Title: o.Summary, Description: strings.TrimSpace(o.Summary + ". " + o.Detail), InputSchema: a.inlined(o.input),
			Annotations: &mcp.ToolAnnotations{ReadOnlyHint: !o.Changes(), DestructiveHint: &destroys, OpenWorldHint: &closed},
		}, func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			body, err := ask(ctx, o, r.Params.Arguments)
			if err != nil {
				message, hint := fault.Public(err)
				if hint != "" {
					message += " (" + hint + ")"
				}
				return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: message}}}, nil
			}
			result := &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: string(body)}}}
			if strings.HasPrefix(string(body), "{") { // structured content is an object
				result.StructuredContent = json.RawMessage(body)
			}
			return result, nil
		})
	}
	return s
}

// tools serves the Model Context Protocol over HTTP. Each request stands alone
// and carries its token.
func (a *API) tools() http.Handler {
	handler := mcp.NewStreamableHTTPHandler(func(r *http.Request) *mcp.Server {
		who, err := a.who(r)
		if err != nil {
			return nil // answered before
		}
		return a.toolServer(func(o *Operation) bool { return access.Authorise(who, o.Action) == nil }, func(ctx context.Context, o *Operation, input json.RawMessage) ([]byte, error) {
			answer, err := a.Call(ctx, who, o.Name, input)
			if err != nil {
				if fault.KindOf(err) == fault.Internal {
					a.cfg.Logger.ErrorContext(ctx, "a tool failed", "operation", o.Name, "err", err)
				}
				return nil, err
			}
			body, _, err := encode(answer)
			if o.Changes() {
				a.cfg.Ledger.Wake()
			}
			return body, err
		})
	}, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true, Logger: a.cfg.Logger, MaxRequestBodyBytes: maxBody,
		DisableLocalhostProtection: true, // a proxy on this host gives the public name; and without a token no page reaches a tool
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.who(r); err != nil {
			a.fail(w, r, err)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// inlined gives a schema without references: a tool's schema stands alone.
func (a *API) inlined(s *huma.Schema) map[string]any {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("api: a schema cannot be written: " + err.Error()) // schemas are made from our own types
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		panic("api: a schema cannot be read: " + err.Error())
	}
	delete(v, "$schema")
	for k, x := range v {
		v[k] = a.inline(x)
	}
	return v
}

func (a *API) inline(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			return a.inlined(a.registry.SchemaFromRef(ref))
		}
		for k, x := range v {
			v[k] = a.inline(x)
		}
	case []any:
		for i, x := range v {
			v[i] = a.inline(x)
		}
	}
	return v
}
