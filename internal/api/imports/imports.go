// Package imports is the operations that take in what people have already: controls
// from a spreadsheet or another program's export. Rules are those of
// internal/program/control.
//
// Floor: edges.
package imports

import (
	"context"
	"encoding/base64"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/controllist"
	"github.com/attesta/attesta/internal/program/control"
)

// Taken is what a file holds, and what its rows become or became.
type Taken struct {
	control.Imported
	Sheet   string               `json:"sheet,omitempty"`
	Columns []controllist.Column `json:"columns"`
	Left    []string             `json:"columns_left_aside"`
	Notes   []string             `json:"notes"`
}

// Undone says what is left of an import.
type Undone struct {
	Left []string `json:"left" doc:"Controls that somebody has changed or approved since; they stay."`
}

// Operations gives the rows of the table.
func Operations(controls *control.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "controls.import", Method: "POST", Path: "/control-imports", Action: access.ControlEdit, Summary: "Take controls in as drafts, from a CSV or XLSX file",
			Detail: "Columns are found by their headings. With dry, or where one row is wrong, nothing is stored. A draft counts for nothing before somebody approves it."},
			func(ctx context.Context, who access.Principal, in struct {
				Name   string `json:"name,omitempty" doc:"Of the file, for messages." maxLength:"200"`
				Text   string `json:"text,omitempty" doc:"The text of a CSV file." maxLength:"2097152"`
				Base64 string `json:"base64,omitempty" doc:"Or a file of either kind in base64." maxLength:"2900000"`
				Dry    bool   `json:"dry,omitempty" doc:"Only say what would happen."`
			}) (Taken, error) {
				raw := []byte(in.Text)
				if in.Base64 != "" {
					var err error
					if raw, err = base64.StdEncoding.DecodeString(in.Base64); err != nil || in.Text != "" {
						return Taken{}, fault.Wrap(fault.Invalid, err, "the file is text or base64, one of both").At("", 0, "base64")
					}
				}
				name := in.Name
				if name == "" {
					name = "controls"
				}
				list, err := controllist.Read(raw, name)
				if err != nil {
					return Taken{}, err
				}
				got, err := controls.ImportFile(ctx, who, name, list.Rows, in.Dry)
				return Taken{got, list.Sheet, list.Columns, list.Left, list.Notes}, err
			}),
		table.Define(table.Row{Name: "controls.imports", Method: "GET", Path: "/control-imports", Action: access.ControlRead, Summary: "Files that controls were taken in from, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[control.Import], error) {
				return table.All(controls.Imports(ctx, who))
			}),
		table.Define(table.Row{Name: "controls.import_undo", Method: "POST", Path: "/control-imports/{number}/undo", Action: access.ControlEdit, Summary: "Retire the drafts that an import made and nobody has touched since"},
			func(ctx context.Context, who access.Principal, in struct {
				Number int `json:"number" minimum:"1"`
			}) (Undone, error) {
				left, err := controls.UndoImport(ctx, who, in.Number)
				return Undone{left}, err
			}),
	}
}
