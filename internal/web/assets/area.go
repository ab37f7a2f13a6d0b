// Package assets is the screens of assets, of flows between them, and of diagrams.
// Rules are those of internal/program/asset and internal/program/diagram.
package assets

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/diagram"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Assets   *asset.Service
	Diagrams *diagram.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /assets", Action: access.AssetRead, Handle: s.list},
			{Pattern: "POST /assets", Action: access.AssetEdit, Handle: s.add},
			{Pattern: "GET /assets/new", Action: access.AssetEdit, Handle: s.fresh},
			{Pattern: "GET /assets/import", Action: access.AssetEdit, Handle: s.importForm},
			{Pattern: "POST /assets/import", Action: access.AssetEdit, Handle: s.importFile, MaxBody: 4 << 20},
			{Pattern: "GET /assets/many", Action: access.AssetEdit, Handle: s.many},
			{Pattern: "POST /assets/many", Action: access.AssetEdit, Handle: s.sayMany, MaxBody: 1 << 20},
			{Pattern: "GET /assets/{ref}", Action: access.AssetRead, Handle: s.asset},
			{Pattern: "GET /assets/{ref}/edit", Action: access.AssetEdit, Handle: s.edit},
			{Pattern: "POST /assets/{ref}/{verb}", Action: access.AssetEdit, Handle: s.record},
			{Pattern: "GET /flows", Action: access.AssetRead, Handle: s.flows},
			{Pattern: "POST /flows", Action: access.AssetEdit, Handle: s.declare},
			{Pattern: "GET /flows/new", Action: access.AssetEdit, Handle: s.newFlow},
			{Pattern: "GET /flows/{ref}", Action: access.AssetRead, Handle: s.flow},
			{Pattern: "POST /flows/{ref}/{verb}", Action: access.AssetEdit, Handle: s.changeFlow},
			{Pattern: "GET /diagrams", Action: access.AssetRead, Handle: s.diagrams},
			{Pattern: "POST /diagrams", Action: access.AssetEdit, Handle: s.makeDiagram},
			{Pattern: "GET /diagrams/new", Action: access.AssetEdit, Handle: s.newDiagram},
			{Pattern: "GET /diagrams/{ref}", Action: access.AssetRead, Handle: s.diagram},
			{Pattern: "GET /diagrams/{ref}/compare", Action: access.AssetRead, Handle: s.compare},
			{Pattern: "GET /diagrams/{ref}/picture", Action: access.AssetRead, Handle: s.picture},
			{Pattern: "POST /diagrams/{ref}/{verb}", Action: access.AssetEdit, Handle: s.changeDiagram},
		},
		Pages: []screen.Page{{Section: "Organise", Name: "Assets", Path: "/assets", Action: access.AssetRead}, {Section: "Organise", Name: "Diagrams", Path: "/diagrams", Action: access.AssetRead}},
		Lists: []screen.List{s.assetList(), s.flowList()},
		Doings: []screen.Doing{{Name: "Enter an asset", Path: "/assets/new", Action: access.AssetEdit}, {Name: "Declare a flow", Path: "/flows/new", Action: access.AssetEdit},
			{Name: "See flows between assets", Path: "/flows", Action: access.AssetRead}, {Name: "Make a diagram", Path: "/diagrams/new", Action: access.AssetEdit}},
		Finds: []screen.Finder{{Kind: "asset", Action: access.AssetRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			all, err := cfg.Assets.List(r.Context(), r.Who)
			var out []screen.Found
			for _, a := range all {
				if len(out) < 20 && strings.Contains(strings.ToLower(a.Ref+" "+a.Name), asked) {
					out = append(out, screen.Found{Name: a.Name, Words: a.Ref + " " + asset.KindWords(a.Kind), Href: "/assets/" + a.Ref})
				}
			}
			return out, err
		}}},
	}
}

// number says a reference where it is one that people use.
func number(a *asset.Asset) string {
	if strings.HasPrefix(a.Ref, "A-") {
		return a.Ref
	}
	return ""
}

func options(chosen string, first string, list ...string) []ui.Option {
	out := []ui.Option{{Value: "", Text: first, Selected: chosen == ""}}
	for _, v := range list {
		out = append(out, ui.Option{Value: v, Text: screen.Capital(v), Selected: v == chosen})
	}
	return out
}

func pairs(chosen, first string, list [][2]string) []ui.Option {
	out := []ui.Option{{Value: "", Text: first, Selected: chosen == ""}}
	for _, p := range list {
		out = append(out, ui.Option{Value: p[0], Text: screen.Capital(p[1]), Selected: p[0] == chosen})
	}
	return out
}

func join(list []string) string { return strings.Join(list, ", ") }

func opt(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
