// Package endpoints is the operations of devices of device managements. Rules are those
// of internal/operations/endpoint.
//
// Floor: edges.
package endpoints

import (
	"context"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/devicelist"
	"github.com/attesta/attesta/internal/operations/endpoint"
)

// List is a file that somebody brings.
type List struct {
	Name    string            // of the file
	Raw     []byte            // the file
	Columns map[string]string // which column of the file is which, where the usual names do not say
	Taken   time.Time         // zero: now
	Whole   bool              // it has every device
	Sure    bool              // that many are gone is meant
}

// Bring reads a list and takes it in; dry only says what it would come to. The file is
// given where it could be read, also beside an error.
func Bring(ctx context.Context, s *endpoint.Service, who access.Principal, ref string, l List, zone *time.Location, dry bool) (*endpoint.Looked, *devicelist.File, error) {
	if err := access.Authorise(who, access.EndpointEdit); err != nil {
		return nil, nil, err
	}
	f, err := devicelist.Read(strings.NewReader(string(l.Raw)), l.Columns, zone, s.Now())
	if err != nil {
		return nil, nil, err
	}
	got, err := s.Bring(ctx, who, ref, endpoint.Brought{File: l.Name, Raw: l.Raw, Taken: l.Taken, Whole: l.Whole, Devices: f.Devices, Refused: len(f.Refused), Sure: l.Sure}, dry)
	return got, f, err
}

// Brought is what a list came to.
type Brought struct {
	*endpoint.Looked
	File *devicelist.File `json:"file"`
}

// Operations gives them.
func Operations(s *endpoint.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "endpoints.list", Method: "GET", Path: "/endpoints", Action: access.EndpointRead, Summary: "Devices of device managements with what is wrong with each, by name"},
			func(ctx context.Context, who access.Principal, in struct {
				Query      string `json:"q,omitempty" doc:"Part of name, serial number, model or holder." maxLength:"200"`
				Management string `json:"management,omitempty" doc:"Number of a device management: DM-1." maxLength:"20"`
				Platform   string `json:"platform,omitempty" enum:"macos,windows,linux,ios,android,chromeos"`
				Only       string `json:"only,omitempty" enum:"problem,left,unencrypted,unprotected,late,nobody,unsaid,silent"`
			}) (table.Page[endpoint.Row], error) {
				rows, _, err := s.List(ctx, who, endpoint.Filter{Query: in.Query, Management: in.Management, Platform: in.Platform, Only: in.Only})
				return table.All(rows, err)
			}),
		table.Define(table.Row{Name: "endpoints.show", Method: "GET", Path: "/endpoints/{ref}", Action: access.EndpointRead, Summary: "One device, as its newest list and the register of people say"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*endpoint.Row, error) {
				r, _, err := s.Get(ctx, who, in.Ref)
				return r, err
			}),
		table.Define(table.Row{Name: "endpoints.say", Method: "POST", Path: "/endpoints/{ref}/say", Action: access.EndpointEdit, Of: "endpoints.show", Summary: "Say whose a device is, or why it is no one person's; neither takes back what was said"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Person string `json:"person,omitempty" doc:"Id in the register of people: per_…" maxLength:"60"`
				Shared string `json:"shared,omitempty" doc:"Why it is no one person's." maxLength:"200"`
			}) (*endpoint.Row, error) {
				if _, err := s.Say(ctx, who, in.Ref, endpoint.Said{Person: in.Person, Shared: in.Shared}); err != nil {
					return nil, err
				}
				r, _, err := s.Get(ctx, who, in.Ref)
				return r, err
			}),
		table.Define(table.Row{Name: "device-managements.list", Method: "GET", Path: "/device-managements", Action: access.EndpointRead, Summary: "Device managements with their newest list, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[endpoint.Object], error) {
				return table.All(s.Managements(ctx, who))
			}),
		table.Define(table.Row{Name: "device-managements.show", Method: "GET", Path: "/device-managements/{ref}", Action: access.EndpointRead, Summary: "One device management with its history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*endpoint.Object, error) {
				return s.Management(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "device-managements.add", Method: "POST", Path: "/device-managements", Action: access.EndpointEdit, Summary: "Add a device management whose lists will be brought"},
			func(ctx context.Context, who access.Principal, in endpoint.Settings) (*endpoint.Object, error) {
				return s.Add(ctx, who, in)
			}),
		table.Define(table.Row{Name: "device-managements.change", Method: "POST", Path: "/device-managements/{ref}/change", Action: access.EndpointEdit, Of: "device-managements.show", Summary: "Write its settings anew"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				endpoint.Settings
			}) (*endpoint.Object, error) {
				return s.Change(ctx, who, in.Ref, in.Settings)
			}),
		table.Define(table.Row{Name: "device-managements.end", Method: "POST", Path: "/device-managements/{ref}/end", Action: access.EndpointEdit, Of: "device-managements.show", Summary: "Say that it is no longer used; its devices leave the population"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Note string `json:"note" maxLength:"4000"`
			}) (*endpoint.Object, error) {
				return s.End(ctx, who, in.Ref, in.Note)
			}),
		table.Define(table.Row{Name: "device-managements.bring", Method: "POST", Path: "/device-managements/{ref}/bring", Action: access.EndpointEdit, Of: "device-managements.show", Summary: "Bring a list of devices", Detail: "CSV or JSON as Jamf, Intune, Kandji or Fleet export it. With dry it only says what it would come to."},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Name    string            `json:"name,omitempty" doc:"Of the file." maxLength:"200"`
				Content string            `json:"content" doc:"The file." maxLength:"12582912"`
				Columns map[string]string `json:"columns,omitempty" doc:"Which column of the file is which, where the usual names do not say: name, serial, id, model, platform, version, person, mail, login, encrypted, firewall, protection, lock, seen, state."`
				Taken   string            `json:"taken,omitempty" doc:"When the list was taken, as 2026-03-02T09:00:00Z; now when left out." maxLength:"40"`
				Part    bool              `json:"part,omitempty" doc:"It has not every device: others stay as they are."`
				Sure    bool              `json:"sure,omitempty" doc:"That more than a fifth of the devices are gone is meant."`
				Dry     bool              `json:"dry,omitempty" doc:"Store nothing."`
			}) (*Brought, error) {
				l := List{Name: in.Name, Raw: []byte(in.Content), Columns: in.Columns, Whole: !in.Part, Sure: in.Sure}
				if in.Taken != "" {
					t, err := time.Parse(time.RFC3339, in.Taken)
					if err != nil {
						return nil, fault.Wrap(fault.Invalid, err, "%q is no moment", in.Taken).At("", 0, "taken").WithHint("write it as 2026-03-02T09:00:00Z")
					}
					l.Taken = t
				}
				got, f, err := Bring(ctx, s, who, in.Ref, l, time.UTC, in.Dry)
				if err != nil {
					return nil, err
				}
				return &Brought{got, f}, nil
			}),
	}
}
