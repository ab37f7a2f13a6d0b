// Package vendors is the screens of vendors: who does what for us, what hangs on
// it, what was looked at, and the three registers of controls that cross the
// boundary. Rules are those of internal/program/vendor.
package vendors

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Vendors *vendor.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
	// Operates gives the status of each control in use, by short name.
	Operates func(ctx context.Context) (map[string]ui.Status, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /vendors", Action: access.VendorRead, Handle: s.list},
			{Pattern: "POST /vendors", Action: access.VendorAsk, Handle: s.ask},
			{Pattern: "GET /vendors/new", Action: access.VendorAsk, Handle: s.fresh},
			{Pattern: "GET /vendors/import", Action: access.VendorEdit, Handle: s.importForm},
			{Pattern: "POST /vendors/import", Action: access.VendorEdit, Handle: s.importFile, MaxBody: 4 << 20},
			{Pattern: "GET /vendors/{ref}", Action: access.VendorRead, Handle: s.vendor},
			{Pattern: "GET /vendors/{ref}/edit", Action: access.VendorEdit, Handle: s.edit},
			{Pattern: "GET /vendors/{ref}/questionnaire", Action: access.VendorRead, Handle: s.questionnaire},
			{Pattern: "GET /vendors/{ref}/reports/{number}", Action: access.VendorRead, Handle: s.report},
			{Pattern: "POST /vendors/{ref}/{verb}", Action: access.VendorAsk, Handle: s.record, MaxBody: 1 << 20},
			{Pattern: "GET /vendors/registers", Action: access.VendorRead, Handle: s.registers},
			{Pattern: "POST /vendors/registers", Action: access.VendorEdit, Handle: s.expect},
		},
		Pages:  []screen.Page{{Section: "Organise", Name: "Vendors", Path: "/vendors", Action: access.VendorRead}},
		Lists:  []screen.List{s.vendorsList()},
		Doings: []screen.Doing{{Name: "Ask for a vendor", Path: "/vendors/new", Action: access.VendorAsk}},
		Finds: []screen.Finder{{Kind: "vendor", Action: access.VendorRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			rows, err := cfg.Vendors.List(r.Context(), r.Who)
			var out []screen.Found
			for _, x := range rows {
				if len(out) < 20 && strings.Contains(strings.ToLower(x.Ref+" "+x.Name+" "+x.Service), asked) {
					out = append(out, screen.Found{Name: x.Name, Words: x.Ref + " " + x.Service, Href: "/vendors/" + x.Ref})
				}
			}
			return out, err
		}}},
	}
}
