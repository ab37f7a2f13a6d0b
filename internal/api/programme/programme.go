// Package programme is the operations and commands of the programme as a folder.
// Rules are those of internal/operations/folder.
//
// Floor: edges.
package programme

import (
	"context"
	"encoding/base64"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/folder"
)

// Exported is the programme as an archive.
type Exported struct {
	folder.Exported
	Archive string `json:"archive" doc:"A zip archive of the folder, in base64. The same programme gives the same bytes."`
}

type exportInput struct {
	People bool `json:"people,omitempty" doc:"With people who work here, and who sits in committees: personal data."`
}

type importInput struct {
	Archive string `json:"archive" doc:"A zip archive of the folder, in base64." maxLength:"20000000"`
	Note    string `json:"note,omitempty" doc:"Why; it goes with every change." maxLength:"400"`
	Dry     bool   `json:"dry_run,omitempty" doc:"Say what it would do, by doing it and taking it back."`
}

// Operations gives them.
func Operations(folders *folder.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "programme.export", Method: "GET", Path: "/programme", Action: access.ProgrammeRead, Summary: "The programme as a folder of YAML and Markdown",
			Detail: "What the asker may see of it; kinds that they may not are listed under left_out. It holds no secrets."},
			func(ctx context.Context, who access.Principal, in exportInput) (Exported, error) {
				x, err := folders.Export(ctx, who, in.People)
				if err != nil {
					return Exported{}, err
				}
				raw, err := x.Tree.Zip()
				return Exported{*x, base64.StdEncoding.EncodeToString(raw)}, err
			}),
		table.Define(table.Row{Name: "programme.imports", Method: "GET", Path: "/programme/imports", Action: access.ProgrammeRead, Summary: "Imports of the programme that were made, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[folder.Made], error) {
				return table.All(folders.Imports(ctx, who))
			}),
		table.Define(table.Row{Name: "programme.import", Method: "POST", Path: "/programme", Body: 16 << 20, Action: access.ProgrammeImport, Summary: "Bring the programme in from a folder, all of it or nothing",
			Detail: "Each file goes through its domain's own rules with the asker's rights. What another person decides arrives as a draft or is submitted, never approved. What changed on the server since the export is told and not overwritten; what is not in the folder is kept."},
			func(ctx context.Context, who access.Principal, in importInput) (*folder.Result, error) {
				raw, err := base64.StdEncoding.DecodeString(in.Archive)
				if err != nil {
					return nil, fault.Wrap(fault.Invalid, err, "this is no base64").At("", 0, "archive")
				}
				tree, err := folder.ReadZip(raw)
				if err != nil {
					return nil, err
				}
				return folders.Import(ctx, who, folder.Input{Tree: tree, Note: in.Note, Dry: in.Dry})
			}),
	}
}
