// Package places is the operations of sites, badges, visitors and sensors. Rules are
// those of internal/program/place and internal/program/badge.
//
// Floor: edges.
package places

import (
	"context"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/connectors/badgecsv"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/place"
)

// noted names an object and what is said of it.
type noted struct {
	table.RefInput
	Note string `json:"note,omitempty" maxLength:"4000"`
}

// token is a token, which is given once.
type token struct {
	Token string `json:"token"`
}

// standing is a site with what guards it.
type standing struct {
	*place.Object
	Guards []place.Line `json:"guards"`
}

// watched is a sensor with when it was last heard.
type watched struct {
	place.SensorObject
	Heard *place.Heard `json:"heard,omitempty"`
}

// listing is a list of badges as it is brought.
type listing struct {
	table.RefInput
	Is      string            `json:"is" enum:"holders,readings"`
	CSV     string            `json:"csv" doc:"The file's text." maxLength:"12000000"`
	File    string            `json:"file,omitempty" maxLength:"100"`
	Taken   time.Time         `json:"taken,omitzero" doc:"When it was taken from the system; now when absent."`
	Columns map[string]string `json:"columns,omitempty" doc:"Which heading is which column, where the usual names do not: card, name, mail, number, status, zones, …"`
	Dry     bool              `json:"dry,omitempty" doc:"Take nothing, and say what would change."`
}

// Operations gives them.
func Operations(places *place.Service, badges *badge.Service) []table.Row {
	get := func(name, path, summary string, a access.Action) table.Row {
		return table.Row{Name: name, Method: "GET", Path: path, Action: a, Summary: summary}
	}
	post := func(name, path, of, summary string, a access.Action) table.Row {
		return table.Row{Name: name, Method: "POST", Path: path, Action: a, Of: of, Summary: summary}
	}
	return append([]table.Row{
		table.Define(get("places.list", "/places", "Sites of the organisation, newest first", access.PlaceRead), func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[place.Object], error) {
			return table.All(places.Sites(ctx, who))
		}),
		table.Define(get("places.show", "/places/{ref}", "One site with its zones, what guards it and its history", access.PlaceRead), func(ctx context.Context, who access.Principal, in table.RefInput) (*standing, error) {
			o, err := places.Site(ctx, who, in.Ref)
			if err != nil {
				return nil, err
			}
			lines, err := places.Standing(ctx, who, o)
			if lines == nil {
				lines = []place.Line{}
			}
			return &standing{o, lines}, err
		}),
		table.Define(post("places.add", "/places", "", "Add a site", access.PlaceEdit), places.Add),
		table.Define(post("places.describe", "/places/{ref}/describe", "places.show", "Write anew what is said of a site", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			place.Profile
			Note string `json:"note,omitempty" maxLength:"4000"`
		}) (*place.Object, error) {
			return places.Describe(ctx, who, in.Ref, in.Profile, in.Note)
		}),
		table.Define(post("places.zone", "/places/{ref}/zones", "places.show", "Add a zone, or say anew who may enter it", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			place.Zone
			Note string `json:"note,omitempty" maxLength:"4000"`
		}) (*place.Object, error) {
			return places.SetZone(ctx, who, in.Ref, in.Zone, in.Note)
		}),
		table.Define(post("places.end-zone", "/places/{ref}/end-zone", "places.show", "End a zone, with a reason", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			Note string `json:"note" maxLength:"4000"`
			Zone string `json:"zone" maxLength:"80"`
		}) (*place.Object, error) {
			return places.EndZone(ctx, who, in.Ref, in.Zone, in.Note)
		}),
		table.Define(post("places.close", "/places/{ref}/close", "places.show", "Say that a site is used no more, and what became of it", access.PlaceEdit), func(ctx context.Context, who access.Principal, in noted) (*place.Object, error) {
			return places.Close(ctx, who, in.Ref, in.Note)
		}),
		table.Define(post("places.token", "/places/{ref}/token", "places.show", "Make the token that a site's sensors report with", access.PlaceToken), func(ctx context.Context, who access.Principal, in table.RefInput) (token, error) {
			t, err := places.Token(ctx, who, in.Ref)
			return token{t}, err
		}),
		table.Define(get("premises.show", "/premises", "Whether it is said that there are no premises, and why", access.PlaceRead), func(ctx context.Context, who access.Principal, _ struct{}) (*place.PremisesObject, error) {
			o, err := places.Premises(ctx, who)
			if err == nil && o == nil {
				err = fault.New(fault.NotFound, "nobody said that there are no premises")
			}
			return o, err
		}),
		table.Define(post("premises.none", "/premises", "", "Say that there are no premises, and why", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			Reason string `json:"reason" maxLength:"2000"`
		}) (*place.PremisesObject, error) {
			return places.Remote(ctx, who, in.Reason)
		}),
		table.Define(post("premises.withdraw", "/premises/withdraw", "", "Say that there are premises again", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			Note string `json:"note" maxLength:"4000"`
		}) (*place.PremisesObject, error) {
			return places.Withdraw(ctx, who, in.Note)
		}),
		table.Define(get("sensors.list", "/sensors", "Cameras and environment sensors with when each was last heard", access.PlaceRead), func(ctx context.Context, who access.Principal, in struct {
			State string `json:"state,omitempty" enum:"pass,fail,error,not_observed,ended"`
		}) (table.Page[watched], error) {
			f := journal.Filter{}
			if in.State != "" {
				f.States = []string{in.State}
			}
			all, heard, err := places.Sensors(ctx, who, f)
			out := []watched{}
			for _, o := range all {
				w := watched{SensorObject: o}
				if h, ok := heard[o.ID]; ok {
					w.Heard = &h
				}
				out = append(out, w)
			}
			return table.All(out, err)
		}),
		table.Define(get("sensors.show", "/sensors/{ref}", "One sensor with its history", access.PlaceRead), func(ctx context.Context, who access.Principal, in table.RefInput) (*place.SensorObject, error) {
			return places.Sensor(ctx, who, in.Ref)
		}),
		table.Define(post("sensors.declare", "/sensors", "", "Declare a sensor", access.PlaceEdit), places.Declare),
		table.Define(post("sensors.describe", "/sensors/{ref}/describe", "sensors.show", "Say anew what is expected of a sensor", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			place.Declaration
			Note string `json:"note,omitempty" maxLength:"4000"`
		}) (*place.SensorObject, error) {
			return places.Redeclare(ctx, who, in.Ref, in.Declaration, in.Note)
		}),
		table.Define(post("sensors.end", "/sensors/{ref}/end", "sensors.show", "Say that a sensor is gone, and why", access.PlaceEdit), func(ctx context.Context, who access.Principal, in noted) (*place.SensorObject, error) {
			return places.EndSensor(ctx, who, in.Ref, in.Note)
		}),
		table.Define(get("visitors.list", "/visitors", "Visitors, newest first", access.VisitorRead), func(ctx context.Context, who access.Principal, in struct {
			State string `json:"state,omitempty" enum:"announced,here,left,cancelled"`
			Below int64  `json:"below,omitempty" doc:"Numbers below it: the cursor of the next page." minimum:"0"`
			Limit int    `json:"limit,omitempty" minimum:"0" maximum:"500"`
		}) (table.Page[place.VisitObject], error) {
			f := journal.Filter{Below: in.Below, Limit: in.Limit}
			if f.Limit == 0 {
				f.Limit = 100
			}
			if in.State != "" {
				f.States = []string{in.State}
			}
			all, _, err := places.Visits(ctx, who, f)
			return table.All(all, err)
		}),
		table.Define(get("visitors.show", "/visitors/{ref}", "One visit with its history", access.VisitorRead), func(ctx context.Context, who access.Principal, in table.RefInput) (*place.VisitObject, error) {
			return places.Visit(ctx, who, in.Ref)
		}),
		table.Define(post("visitors.announce", "/visitors", "", "Announce a visitor", access.VisitorKeep), places.Announce),
		table.Define(post("visitors.arrive", "/visitors/{ref}/arrive", "visitors.show", "Say that a visitor is here", access.VisitorKeep), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			place.Arrival
		}) (*place.VisitObject, error) {
			return places.Arrive(ctx, who, in.Ref, in.Arrival)
		}),
		table.Define(post("visitors.leave", "/visitors/{ref}/leave", "visitors.show", "Say that a visitor left, and whether the badge came back", access.VisitorKeep), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			place.Departure
		}) (*place.VisitObject, error) {
			return places.Leave(ctx, who, in.Ref, in.Departure)
		}),
		table.Define(post("visitors.returned", "/visitors/{ref}/returned", "visitors.show", "Say that a missing badge came back", access.VisitorKeep), func(ctx context.Context, who access.Principal, in noted) (*place.VisitObject, error) {
			return places.Returned(ctx, who, in.Ref, in.Note)
		}),
		table.Define(post("visitors.cancel", "/visitors/{ref}/cancel", "visitors.show", "Say that a visitor did not come", access.VisitorKeep), func(ctx context.Context, who access.Principal, in noted) (*place.VisitObject, error) {
			return places.Cancel(ctx, who, in.Ref, in.Note)
		}),
	}, badgeOperations(places, badges, get, post)...)
}

func badgeOperations(places *place.Service, badges *badge.Service, get func(name, path, summary string, a access.Action) table.Row, post func(name, path, of, summary string, a access.Action) table.Row) []table.Row {
	return []table.Row{
		table.Define(get("badge-systems.list", "/badge-systems", "Badge systems, newest first", access.PlaceRead), func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[badge.Object], error) {
			return table.All(badges.Systems(ctx, who))
		}),
		table.Define(get("badge-systems.show", "/badge-systems/{ref}", "One badge system with its history", access.PlaceRead), func(ctx context.Context, who access.Principal, in table.RefInput) (*badge.Object, error) {
			return badges.System(ctx, who, in.Ref)
		}),
		table.Define(post("badge-systems.add", "/badge-systems", "", "Add a badge system", access.PlaceEdit), badges.Add),
		table.Define(post("badge-systems.describe", "/badge-systems/{ref}/describe", "badge-systems.show", "Write anew what is said of a badge system", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			badge.Settings
			Note string `json:"note,omitempty" maxLength:"4000"`
		}) (*badge.Object, error) {
			return badges.Describe(ctx, who, in.Ref, in.Settings, in.Note)
		}),
		table.Define(post("badge-systems.end", "/badge-systems/{ref}/end", "badge-systems.show", "Say that a badge system is used no more", access.PlaceEdit), func(ctx context.Context, who access.Principal, in noted) (*badge.Object, error) {
			return badges.End(ctx, who, in.Ref, in.Note)
		}),
		table.Define(post("badge-systems.token", "/badge-systems/{ref}/token", "badge-systems.show", "Make the token that a badge system reports with", access.PlaceToken), func(ctx context.Context, who access.Principal, in table.RefInput) (token, error) {
			t, err := badges.Token(ctx, who, in.Ref)
			return token{t}, err
		}),
		table.Define(post("badge-systems.pool", "/badge-systems/{ref}/pool", "badge-systems.show", "Say that a badge is no one person's, and what it is for", access.PlaceEdit), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			badge.Pool
		}) (*badge.Object, error) {
			return badges.SetPool(ctx, who, in.Ref, in.Card, in.Why)
		}),
		table.Define(post("badge-systems.bring", "/badge-systems/{ref}/bring", "", "Bring a list of badge holders or readings", access.BadgeBring), func(ctx context.Context, who access.Principal, in listing) (*badge.Looked, error) {
			now, zone, err := places.Now(ctx)
			if err != nil {
				return nil, err
			}
			f, err := badgecsv.Read(strings.NewReader(in.CSV), in.Is, in.Columns, zone, now)
			if err != nil {
				return nil, err
			}
			return badges.Bring(ctx, who, in.Ref, badge.Brought{Is: in.Is, Way: "api", File: in.File, Raw: []byte(in.CSV), TakenAt: in.Taken, Holders: f.Holders, Readings: f.Readings, Repeated: f.Repeated, Refused: f.Refused}, in.Dry)
		}),
		table.Define(get("badges.list", "/badges", "Badges with what does not fit about them", access.BadgeRead), func(ctx context.Context, who access.Principal, in badge.Filter) (table.Page[badge.Row], error) {
			all, _, err := badges.Badges(ctx, who, in)
			return table.All(all, err)
		}),
		table.Define(get("badges.show", "/badges/{system}/{card}", "One badge with what changed at it", access.BadgeRead), func(ctx context.Context, who access.Principal, in struct {
			System string `json:"system" doc:"Number of the badge system, BS-1." maxLength:"40"`
			Card   string `json:"card" doc:"Number of the badge." maxLength:"80"`
		}) (*badge.Detail, error) {
			return badges.Badge(ctx, who, in.System, in.Card)
		}),
		table.Define(get("badges.readings", "/badge-readings", "Where badges were used, newest first", access.BadgeRead), func(ctx context.Context, who access.Principal, in struct {
			System string    `json:"system" doc:"Number of the badge system, BS-1." maxLength:"40"`
			Card   string    `json:"card,omitempty" maxLength:"80"`
			Before time.Time `json:"before,omitzero" doc:"Readings before a moment: the cursor of the next page."`
			Limit  int       `json:"limit,omitempty" minimum:"0" maximum:"1000"`
		}) (table.Page[badge.Use], error) {
			if in.Limit == 0 {
				in.Limit = 100
			}
			return table.All(badges.Uses(ctx, who, in.System, in.Card, in.Before, in.Limit))
		}),
		table.Define(get("badge-lists.list", "/badge-lists", "Lists of badges that were brought, newest first", access.BadgeRead), func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[badge.ListObject], error) {
			return table.All(badges.Lists(ctx, who, ""))
		}),
		table.Define(get("badge-lists.show", "/badge-lists/{ref}", "One list with the lines that were refused", access.BadgeRead), func(ctx context.Context, who access.Principal, in table.RefInput) (*badge.ListObject, error) {
			return badges.List(ctx, who, in.Ref)
		}),
		table.Define(post("badge-lists.approve", "/badge-lists/{ref}/approve", "badge-lists.show", "Take a list that was held, brought by somebody else", access.BadgeApprove), func(ctx context.Context, who access.Principal, in struct {
			table.RefInput
			Note  string `json:"note" maxLength:"4000"`
			Alone string `json:"compensation,omitempty" doc:"Where nobody else may: what stands in for a second person." maxLength:"1000"`
		}) (*badge.ListObject, error) {
			return badges.Approve(ctx, who, in.Ref, in.Note, in.Alone)
		}),
		table.Define(post("badge-lists.drop", "/badge-lists/{ref}/drop", "badge-lists.show", "Refuse a list that was held", access.BadgeApprove), func(ctx context.Context, who access.Principal, in noted) (*badge.ListObject, error) {
			return badges.Drop(ctx, who, in.Ref, in.Note)
		}),
	}
}
