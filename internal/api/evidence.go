package api

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/waiver"
)

// Waiver is a waiver with its timeline.
type Waiver struct {
	waiver.Waiver
	Ref    string         `json:"ref"` // W-3
	Events []waiver.Event `json:"events,omitempty"`
}

// Exclusion is an exclusion with its short number.
type Exclusion struct {
	exclusion.Exclusion
	Ref string `json:"ref"`
}

// decision is what an approver says.
type decision struct {
	RefInput
	Approve      bool   `json:"approve" doc:"true approves, false refuses."`
	Note         string `json:"note,omitempty" doc:"Why it is refused." maxLength:"2000"`
	Compensation string `json:"compensation,omitempty" doc:"Where nobody else can approve: what stands in for it." maxLength:"2000"`
}

type endInput struct {
	RefInput
	Note string `json:"note" doc:"Why it ends." maxLength:"2000"`
}

func (a *API) showWaiver(ctx context.Context, ref string) (Waiver, error) {
	w, err := a.cfg.Waivers.Get(ctx, ref)
	if err != nil {
		return Waiver{}, err
	}
	events, err := a.cfg.Waivers.Timeline(ctx, w.ID)
	return Waiver{w, w.Ref(), events}, err
}

func (a *API) showExclusion(ctx context.Context, ref string) (Exclusion, error) {
	x, err := a.cfg.Exclusions.Get(ctx, ref)
	return Exclusion{x, x.Ref()}, err
}

func (a *API) aboutEvidence() []*Operation {
	return []*Operation{
		define(Operation{Name: "waivers.list", Method: "GET", Path: "/waivers", Action: access.WaiverRead, Summary: "Waivers: what fails and is accepted for a while"},
			func(ctx context.Context, _ access.Principal, in struct {
				Paging
				State []string `json:"state,omitempty" enum:"asked,approved,expired,withdrawn,refused"`
				Check string   `json:"check,omitempty" maxLength:"130"`
				Query string   `json:"query,omitempty" maxLength:"200"`
			}) (Page[Waiver], error) {
				f := waiver.Filter{Check: in.Check, Query: in.Query}
				for _, s := range in.State {
					f.States = append(f.States, waiver.State(s))
				}
				page, err := a.cfg.Waivers.List(ctx, f, in.Cursor, in.limit())
				out := Page[Waiver]{Items: []Waiver{}, Next: page.Next, Total: page.Total}
				for _, w := range page.Waivers {
					out.Items = append(out.Items, Waiver{Waiver: w, Ref: w.Ref()})
				}
				return out, err
			}),
		define(Operation{Name: "waivers.show", Method: "GET", Path: "/waivers/{ref}", Action: access.WaiverRead, Summary: "One waiver with its timeline"},
			func(ctx context.Context, _ access.Principal, in RefInput) (Waiver, error) {
				return a.showWaiver(ctx, in.Ref)
			}),
		define(Operation{Name: "waivers.ask", Method: "POST", Path: "/waivers", Action: access.WaiverAsk, Draft: true,
			Summary: "Ask that something failing be accepted until a day", Detail: "It holds once somebody else approved it."},
			func(ctx context.Context, who access.Principal, in struct {
				Check        string    `json:"check" maxLength:"130"`
				Attribute    string    `json:"attribute,omitempty" doc:"Every attribute of the check when absent." maxLength:"100"`
				Items        []string  `json:"items,omitempty" doc:"Hosts by id or name; this or filter." maxItems:"10000"`
				Filter       string    `json:"filter,omitempty" doc:"CEL over item." maxLength:"4000"`
				Reason       string    `json:"reason" doc:"Why it is accepted rather than mended." maxLength:"2000"`
				Owner        string    `json:"owner,omitempty" doc:"Login of who answers for it; the asker when absent." maxLength:"254"`
				Control      string    `json:"control,omitempty" doc:"Slug of the control that compensates; this or compensating." maxLength:"100"`
				Compensating string    `json:"compensating,omitempty" doc:"What compensates, in words." maxLength:"2000"`
				Starts       time.Time `json:"starts,omitzero" doc:"When it is approved, when absent."`
				Expires      time.Time `json:"expires"`
			}) (Waiver, error) {
				w, err := a.cfg.Waivers.Ask(ctx, who, waiver.Ask(in))
				if err != nil {
					return Waiver{}, err
				}
				return a.showWaiver(ctx, w.ID)
			}),
		define(Operation{Name: "waivers.decide", Method: "POST", Path: "/waivers/{ref}/decide", Action: access.WaiverApprove, Of: "waivers.show", Summary: "Approve or refuse a waiver that somebody else asked for"},
			func(ctx context.Context, who access.Principal, in decision) (Waiver, error) {
				decide, note := a.cfg.Waivers.Refuse, in.Note
				if in.Approve {
					decide, note = a.cfg.Waivers.Approve, in.Compensation
				}
				if err := decide(ctx, who, in.Ref, note); err != nil {
					return Waiver{}, err
				}
				return a.showWaiver(ctx, in.Ref)
			}),
		define(Operation{Name: "waivers.withdraw", Method: "POST", Path: "/waivers/{ref}/withdraw", Action: access.WaiverAsk, Of: "waivers.show", Summary: "End a waiver before its day"},
			func(ctx context.Context, who access.Principal, in endInput) (Waiver, error) {
				if err := a.cfg.Waivers.Withdraw(ctx, who, in.Ref, in.Note); err != nil {
					return Waiver{}, err
				}
				return a.showWaiver(ctx, in.Ref)
			}),
		define(Operation{Name: "exclusions.list", Method: "GET", Path: "/exclusions", Action: access.ExclusionRead, Summary: "Exclusions: what is left out of populations, and why"},
			func(ctx context.Context, _ access.Principal, in struct {
				State []string `json:"state,omitempty" enum:"asked,approved,expired,ended,refused"`
			}) (Page[Exclusion], error) {
				var states []exclusion.State
				for _, s := range in.State {
					states = append(states, exclusion.State(s))
				}
				all, err := a.cfg.Exclusions.List(ctx, states...)
				out := Page[Exclusion]{Items: []Exclusion{}, Total: int64(len(all))}
				for _, x := range all {
					out.Items = append(out.Items, Exclusion{x, x.Ref()})
				}
				return out, err
			}),
		define(Operation{Name: "exclusions.show", Method: "GET", Path: "/exclusions/{ref}", Action: access.ExclusionRead, Summary: "One exclusion"},
			func(ctx context.Context, _ access.Principal, in RefInput) (Exclusion, error) {
				return a.showExclusion(ctx, in.Ref)
			}),
		define(Operation{Name: "exclusions.ask", Method: "POST", Path: "/exclusions", Action: access.ExclusionAsk, Draft: true,
			Summary: "Ask that something be left out of a population until a day", Detail: "It holds once somebody else approved it."},
			func(ctx context.Context, who access.Principal, in struct {
				Population string    `json:"population" doc:"hosts" maxLength:"64"`
				Subject    string    `json:"subject" doc:"An item by id or name, or \"address 10.0.0.9\", \"name printer\", \"mac …\" for what is no item." maxLength:"200"`
				Cause      string    `json:"cause" enum:"out_of_scope,not_an_item,other"`
				Reason     string    `json:"reason" maxLength:"2000"`
				Starts     time.Time `json:"starts,omitzero"`
				Expires    time.Time `json:"expires"`
			}) (Exclusion, error) {
				x, err := a.cfg.Exclusions.Ask(ctx, who, exclusion.Ask{Population: in.Population, Subject: in.Subject, Cause: exclusion.Cause(in.Cause), Reason: in.Reason, Starts: in.Starts, Expires: in.Expires})
				return Exclusion{x, x.Ref()}, err
			}),
		define(Operation{Name: "exclusions.decide", Method: "POST", Path: "/exclusions/{ref}/decide", Action: access.ExclusionApprove, Of: "exclusions.show", Summary: "Approve or refuse an exclusion that somebody else asked for"},
			func(ctx context.Context, who access.Principal, in decision) (Exclusion, error) {
				decide, note := a.cfg.Exclusions.Refuse, in.Note
				if in.Approve {
					decide, note = a.cfg.Exclusions.Approve, in.Compensation
				}
				if err := decide(ctx, who, in.Ref, note); err != nil {
					return Exclusion{}, err
				}
				return a.showExclusion(ctx, in.Ref)
			}),
		define(Operation{Name: "exclusions.end", Method: "POST", Path: "/exclusions/{ref}/end", Action: access.ExclusionAsk, Of: "exclusions.show", Summary: "End an exclusion before its day"},
			func(ctx context.Context, who access.Principal, in endInput) (Exclusion, error) {
				if err := a.cfg.Exclusions.End(ctx, who, in.Ref, in.Note); err != nil {
					return Exclusion{}, err
				}
				return a.showExclusion(ctx, in.Ref)
			}),
		define(Operation{Name: "populations.list", Method: "GET", Path: "/populations", Action: access.PopulationRead, Summary: "Population definitions with their versions"},
			func(ctx context.Context, _ access.Principal, _ struct{}) (Page[population.Definition], error) {
				all, err := a.cfg.Populations.Definitions(ctx)
				return Page[population.Definition]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "populations.show", Method: "GET", Path: "/populations/{slug}", Action: access.PopulationRead, Summary: "One population's definition"},
			func(ctx context.Context, _ access.Principal, in SlugInput) (population.Definition, error) {
				return a.cfg.Populations.Definition(ctx, in.Slug)
			}),
		define(Operation{Name: "populations.extract", Method: "POST", Path: "/populations/{slug}/extractions", Action: access.PopulationExtract,
			Summary: "Freeze a population over a window: query, items, count, digest, exclusions"},
			func(ctx context.Context, who access.Principal, in struct {
				SlugInput
				From time.Time `json:"from,omitzero" doc:"Beginning of the window; an instant when absent."`
				To   time.Time `json:"to,omitzero" doc:"End of the window, which it does not contain; now when absent."`
			}) (population.Extraction, error) {
				return a.cfg.Populations.Extract(ctx, who, in.Slug, population.Window{From: in.From, To: in.To})
			}),
		define(Operation{Name: "extractions.show", Method: "GET", Path: "/extractions/{ref}", Action: access.PopulationRead, Summary: "One frozen population with its reconciliations"},
			func(ctx context.Context, _ access.Principal, in RefInput) (population.Extraction, error) {
				return a.cfg.Populations.Extraction(ctx, in.Ref)
			}),
		define(Operation{Name: "extractions.items", Method: "GET", Path: "/extractions/{ref}/items", Action: access.PopulationRead, Summary: "The items of a frozen population"},
			func(ctx context.Context, _ access.Principal, in struct {
				Paging
				RefInput
			}) (Page[Item], error) {
				x, err := a.cfg.Populations.Extraction(ctx, in.Ref)
				if err != nil {
					return Page[Item]{}, err
				}
				items, next, err := a.cfg.Populations.Items(ctx, x.ID, in.Cursor, in.limit())
				out := Page[Item]{Items: []Item{}, Next: next, Total: x.Count}
				for _, i := range items {
					out.Items = append(out.Items, Item{i.ID, i.Attributes, i.Undecided})
				}
				return out, err
			}),
	}
}

// Item is an item of a frozen population.
type Item struct {
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
	Undecided  bool           `json:"undecided,omitempty" doc:"The filter could not be answered."`
}
