// Package assets is the operations of assets, flows and diagrams. Rules are those of
// internal/program/asset and internal/program/diagram.
//
// Floor: edges.
package assets

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/diagram"
	layout "github.com/attesta/attesta/internal/render/diagram"
	"github.com/attesta/attesta/internal/render/flowmap"
)

// Drawing is a diagram with what it shows, at one version or now.
type Drawing struct {
	*diagram.Diagram
	Ref      string               `json:"ref"`
	Shown    int                  `json:"shown"` // version that is shown; 0: now
	Picture  diagram.Picture      `json:"picture"`
	Findings []diagram.Finding    `json:"findings"`
	Differs  []diagram.Difference `json:"differs"` // the present from the newest approved version
}

// Compared is what differs between two versions.
type Compared struct {
	From        int                  `json:"from"`
	To          int                  `json:"to"` // 0: now
	Differences []diagram.Difference `json:"differences"`
	SVG         string               `json:"svg"`
}

func drawing(r diagram.Row, err error) (Drawing, error) {
	return Drawing{Diagram: r.Diagram, Ref: r.Ref, Picture: r.Now, Findings: r.Findings, Differs: r.Differs}, err
}

// The inputs of what is recorded.
type (
	described struct {
		table.RefInput
		asset.Profile
	}
	reviewed struct {
		table.RefInput
		asset.Reviewed
	}
	retired struct {
		table.RefInput
		asset.Retired
	}
	disposed struct {
		table.RefInput
		asset.Disposed
	}
	settings struct {
		table.RefInput
		diagram.Settings
	}
	versions struct {
		table.RefInput
		From int `json:"from" doc:"Version; 0 is the present." minimum:"0"`
		To   int `json:"to,omitempty" doc:"Version; 0 is the present." minimum:"0"`
	}
)

// Operations gives them over services, which may be nil for the table alone.
func Operations(assets *asset.Service, diagrams *diagram.Service) []table.Row {
	do := func(verb, summary, detail string) table.Row {
		return table.Row{Name: "assets." + verb, Method: "POST", Path: "/assets/{ref}/" + verb, Action: access.AssetEdit, Of: "assets.show", Summary: summary, Detail: detail}
	}
	draw := func(verb, summary, detail string) table.Row {
		return table.Row{Name: "diagrams." + verb, Method: "POST", Path: "/diagrams/{ref}/" + verb, Action: access.AssetEdit, Of: "diagrams.show", Summary: summary, Detail: detail}
	}
	return []table.Row{
		table.Define(table.Row{Name: "assets.list", Method: "GET", Path: "/assets", Action: access.AssetRead, Summary: "Assets by all registers together, with owner, class, environment, zone and gaps"},
			func(ctx context.Context, who access.Principal, in struct {
				Gap string `json:"gap,omitempty" doc:"Only those that lack this: owner, owner left, class, environment, review, disposal." maxLength:"20"`
			}) (table.Page[*asset.Asset], error) {
				all, err := assets.List(ctx, who)
				return table.All(lacking(all, in.Gap), err)
			}),
		table.Define(table.Row{Name: "assets.show", Method: "GET", Path: "/assets/{ref}", Action: access.AssetRead, Summary: "One asset with all that is known of it"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*asset.Asset, error) {
				return assets.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "assets.add", Method: "POST", Path: "/assets", Action: access.AssetEdit, Summary: "Enter an asset that no other register knows"},
			func(ctx context.Context, who access.Principal, in asset.Profile) (*asset.Asset, error) {
				return assets.Record(ctx, who, "", &asset.Added{Profile: in})
			}),
		table.Define(table.Row{Name: "assets.import", Method: "POST", Path: "/asset-import", Action: access.AssetEdit, Summary: "Enter the assets of a CSV file, or say of those that are there what it says",
			Detail: "With dry, or where one line is wrong, nothing is stored."},
			func(ctx context.Context, who access.Principal, in struct {
				File string `json:"file" doc:"The file's text." maxLength:"1048576"`
				Dry  bool   `json:"dry,omitempty" doc:"Only say what would happen."`
			}) (*asset.Imported, error) {
				return assets.Import(ctx, who, []byte(in.File), in.Dry)
			}),
		table.Define(do("describe", "Say what an asset is, anew and whole", "What is left out is no longer said here; what its origin says holds then."), func(ctx context.Context, who access.Principal, in described) (*asset.Asset, error) {
			return assets.Record(ctx, who, in.Ref, &asset.Described{Profile: in.Profile})
		}),
		table.Define(do("review", "Record that what is said of an asset was looked at", "It must have no gaps."), func(ctx context.Context, who access.Principal, in reviewed) (*asset.Asset, error) {
			return assets.Record(ctx, who, in.Ref, &in.Reviewed)
		}),
		table.Define(do("retire", "Take an asset out of use", "Hosts and databases are taken out on their own pages."), func(ctx context.Context, who access.Principal, in retired) (*asset.Asset, error) {
			return assets.Record(ctx, who, in.Ref, &in.Retired)
		}),
		table.Define(do("dispose", "Record how an asset was disposed of", "Day, method and what shows it."), func(ctx context.Context, who access.Principal, in disposed) (*asset.Asset, error) {
			return assets.Record(ctx, who, in.Ref, &in.Disposed)
		}),
		table.Define(table.Row{Name: "flows.list", Method: "GET", Path: "/flows", Action: access.AssetRead, Summary: "Flows: declared ones with what of them is seen, and what listens undeclared"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[asset.Line], error) {
				v, err := assets.Inventory(ctx, who)
				if err != nil {
					return table.Page[asset.Line]{}, err
				}
				return table.All(v.Lines(), nil)
			}),
		table.Define(table.Row{Name: "flows.declare", Method: "POST", Path: "/flows", Action: access.AssetEdit, Summary: "Declare a flow, or one anew"},
			func(ctx context.Context, who access.Principal, in struct {
				Ref string `json:"ref,omitempty" doc:"Of the flow that is declared anew: DF-3; absent for a new one." maxLength:"40"`
				asset.Flow
			}) (asset.Line, error) {
				return assets.Declare(ctx, who, in.Ref, in.Flow)
			}),
		table.Define(table.Row{Name: "flows.end", Method: "POST", Path: "/flows/{ref}/end", Action: access.AssetEdit, Summary: "Say that a flow is no more"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				asset.Ended
			}) (asset.Line, error) {
				return assets.End(ctx, who, in.Ref, in.Why)
			}),
		table.Define(table.Row{Name: "diagrams.list", Method: "GET", Path: "/diagrams", Action: access.AssetRead, Summary: "Diagrams with what differs from what was approved, and findings"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[diagram.Row], error) {
				return table.All(diagrams.List(ctx, who))
			}),
		table.Define(table.Row{Name: "diagrams.show", Method: "GET", Path: "/diagrams/{ref}", Action: access.AssetRead, Summary: "One diagram as it is now or as a version froze it"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Version int `json:"version,omitempty" doc:"0 is the present." minimum:"0"`
			}) (Drawing, error) {
				r, err := diagrams.Now(ctx, who, in.Ref)
				if err != nil {
					return Drawing{}, err
				}
				d, _ := drawing(r, nil)
				d.Shown = in.Version
				if d.Picture, err = r.Picture(in.Version); err == nil {
					d.Findings = d.Picture.Findings()
				}
				return d, err
			}),
		table.Define(table.Row{Name: "diagrams.compare", Method: "GET", Path: "/diagrams/{ref}/compare", Action: access.AssetRead, Summary: "What differs between two versions of a diagram, as a list and drawn as SVG",
			Detail: "With from and to 0 the present is drawn by itself."},
			func(ctx context.Context, who access.Principal, in versions) (Compared, error) {
				r, err := diagrams.Now(ctx, who, in.Ref)
				if err != nil {
					return Compared{}, err
				}
				return compare(r, in.From, in.To)
			}),
		table.Define(table.Row{Name: "diagrams.make", Method: "POST", Path: "/diagrams", Action: access.AssetEdit, Summary: "Make a network or a data-flow diagram"},
			func(ctx context.Context, who access.Principal, in diagram.Settings) (Drawing, error) {
				return drawing(diagrams.Make(ctx, who, in))
			}),
		table.Define(draw("describe", "Say anew what a diagram shows", ""), func(ctx context.Context, who access.Principal, in settings) (Drawing, error) {
			return drawing(diagrams.Describe(ctx, who, in.Ref, in.Settings))
		}),
		table.Define(draw("pin", "Pin a node to a column and row of its zone", "Column 0 takes the pin away."), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			Key    string `json:"key" doc:"Of the node." maxLength:"200"`
			Column int    `json:"column,omitempty" minimum:"0" maximum:"40" doc:"From 1."`
			Row    int    `json:"row,omitempty" minimum:"0" maximum:"40" doc:"From 1."`
		}) (Drawing, error) {
			return drawing(diagrams.Pin(ctx, who, in.Ref, in.Key, diagram.Pin{Column: in.Column, Row: in.Row}))
		}),
		table.Define(draw("freeze", "Freeze what a diagram shows now as its next version", "Somebody else approves it."), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			Note string `json:"note" doc:"What is new in it." maxLength:"500"`
		}) (Drawing, error) {
			return drawing(diagrams.Freeze(ctx, who, in.Ref, in.Note))
		}),
		table.Define(table.Row{Name: "diagrams.approve", Method: "POST", Path: "/diagrams/{ref}/approve", Action: access.DiagramApprove, Of: "diagrams.show", Summary: "Approve a version of a diagram that somebody else froze"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Version      int    `json:"version" minimum:"1"`
				Note         string `json:"note,omitempty" maxLength:"500"`
				Compensation string `json:"compensation,omitempty" doc:"What stands in for a second person, where nobody else could approve it." maxLength:"1000"`
			}) (Drawing, error) {
				return drawing(diagrams.Approve(ctx, who, in.Ref, in.Version, in.Note, in.Compensation))
			}),
	}
}

func lacking(all []*asset.Asset, gap string) []*asset.Asset {
	var out []*asset.Asset
	for _, a := range all {
		for _, g := range a.Gaps {
			if g == gap {
				out = append(out, a)
			}
		}
	}
	if gap == "" {
		return all
	}
	return out
}

func compare(r diagram.Row, from, to int) (Compared, error) {
	is, err := r.Picture(to)
	if err != nil {
		return Compared{}, err
	}
	c := Compared{From: from, To: to, Differences: []diagram.Difference{}}
	var was *diagram.Picture
	if from > 0 {
		old, err := r.Picture(from)
		if err != nil {
			return Compared{}, err
		}
		was, c.Differences = &old, diagram.Compare(old, is)
	} else if to > 0 {
		return Compared{}, fault.New(fault.Invalid, "the present is compared with a version before it: name that one as from").At("", 0, "from")
	}
	d, err := flowmap.Draw(is, was, "Boundary of the system")
	if err == nil {
		c.SVG = d.SVG(layout.Look{ID: "d", Alone: true})
	}
	return c, err
}
