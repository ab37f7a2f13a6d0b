// Package resilience is the operations of backups, threats to sites and alternate
// infrastructure. Rules are those of internal/program/resilience.
//
// Floor: edges.
package resilience

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/resilience"
)

type why struct {
	table.RefInput
	Why string `json:"why" maxLength:"4000"`
}

// Operations gives them.
func Operations(s *resilience.Service) []table.Row {
	const read, edit = access.ResilienceRead, access.ResilienceEdit
	return []table.Row{
		table.Define(table.Row{Name: "kept-backups.list", Method: "GET", Path: "/kept-backups", Action: read, Summary: "What is backed up, with what its runs and restores come to"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[*resilience.Seen], error) {
				return table.All(s.Backups(ctx, who))
			}),
		table.Define(table.Row{Name: "kept-backups.show", Method: "GET", Path: "/kept-backups/{ref}", Action: read, Summary: "One backup with its newest runs, restores and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*resilience.Seen, error) {
				return s.Backup(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "kept-backups.bare", Method: "GET", Path: "/kept-backups-missing", Action: read, Summary: "What the inventory holds that no backup names"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[resilience.Held], error) {
				return table.All(s.Bare(ctx, who))
			}),
		table.Define(table.Row{Name: "kept-backups.add", Method: "POST", Path: "/kept-backups", Action: edit, Summary: "Take a backup into the register, or say why something has none"},
			func(ctx context.Context, who access.Principal, in resilience.BackupText) (*resilience.BackupObject, error) {
				return s.AddBackup(ctx, who, in)
			}),
		table.Define(table.Row{Name: "kept-backups.describe", Method: "POST", Path: "/kept-backups/{ref}/describe", Action: edit, Of: "kept-backups.show", Summary: "Write anew what a backup is"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				resilience.BackupText
			}) (*resilience.BackupObject, error) {
				return s.DescribeBackup(ctx, who, in.Ref, in.BackupText)
			}),
		table.Define(table.Row{Name: "kept-backups.restored", Method: "POST", Path: "/kept-backups/{ref}/restored", Action: edit, Of: "kept-backups.show", Summary: "Record a restore and how it ended"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				resilience.Restore
			}) (*resilience.BackupObject, error) {
				return s.TryRestore(ctx, who, in.Ref, in.Restore)
			}),
		table.Define(table.Row{Name: "kept-backups.end", Method: "POST", Path: "/kept-backups/{ref}/end", Action: edit, Of: "kept-backups.show", Summary: "Say that a backup is made no more, and why"},
			func(ctx context.Context, who access.Principal, in why) (*resilience.BackupObject, error) {
				return s.EndBackup(ctx, who, in.Ref, in.Why)
			}),
		table.Define(table.Row{Name: "backup-runs.list", Method: "GET", Path: "/backup-runs", Action: read, Summary: "Runs of backups that were reported, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				Backup string `json:"backup,omitempty" doc:"Its number, BK-3." maxLength:"64"`
				Result string `json:"result,omitempty" enum:"success,partial,failed"`
				After  string `json:"cursor,omitempty" maxLength:"200"`
				Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"1000"`
			}) (table.Page[resilience.Run], error) {
				if in.Limit == 0 {
					in.Limit = 50
				}
				runs, next, err := s.RunPage(ctx, who, in.Backup, resilience.Result(in.Result), in.After, in.Limit)
				if err != nil {
					return table.Page[resilience.Run]{}, err
				}
				page, err := table.All([]resilience.Run(runs), nil)
				page.Next = next
				return page, err
			}),
		table.Define(table.Row{Name: "backup-runs.report", Method: "POST", Path: "/backup-runs", Action: access.ResilienceReport, Summary: "Report runs of backups: all of them, or none where one cannot be taken",
			Detail: "The last step of a backup calls it with a token. A run that was told before stands once."},
			func(ctx context.Context, who access.Principal, in struct {
				Runs []resilience.RunText `json:"runs" maxItems:"2000"`
			}) (resilience.Told, error) {
				return s.Report(ctx, who, "api", in.Runs)
			}),
		table.Define(table.Row{Name: "backup-runs.import", Method: "POST", Path: "/backup-runs-import", Action: access.ResilienceReport, Summary: "Report runs of backups as a CSV file", Detail: "Columns: backup, started, finished, result, bytes, sha256, place, says."},
			func(ctx context.Context, who access.Principal, in struct {
				Name string `json:"name,omitempty" doc:"Of the file, for errors." maxLength:"200"`
				CSV  string `json:"csv" maxLength:"2097152"`
			}) (resilience.Told, error) {
				if in.Name == "" {
					in.Name = "runs.csv"
				}
				return s.ReportFile(ctx, who, in.Name, []byte(in.CSV))
			}),
		table.Define(table.Row{Name: "threats.list", Method: "GET", Path: "/threats", Action: read, Summary: "Threats to sites and regions with what protects against them, the gravest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[resilience.SeenThreat], error) {
				return table.All(s.Threats(ctx, who))
			}),
		table.Define(table.Row{Name: "threats.show", Method: "GET", Path: "/threats/{ref}", Action: read, Summary: "One threat with its protections, inspections and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*resilience.SeenThreat, error) {
				return s.Threat(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "threats.add", Method: "POST", Path: "/threats", Action: edit, Summary: "Take a threat to a place into the register"},
			func(ctx context.Context, who access.Principal, in resilience.ThreatText) (*resilience.ThreatObject, error) {
				return s.AddThreat(ctx, who, in)
			}),
		table.Define(table.Row{Name: "threats.describe", Method: "POST", Path: "/threats/{ref}/describe", Action: edit, Of: "threats.show", Summary: "Write a threat and its rating anew"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				resilience.ThreatText
			}) (*resilience.ThreatObject, error) {
				return s.DescribeThreat(ctx, who, in.Ref, in.ThreatText)
			}),
		table.Define(table.Row{Name: "threats.protect", Method: "POST", Path: "/threats/{ref}/protections", Action: edit, Of: "threats.show", Summary: "Add what protects against a threat"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				resilience.ProtectionText
			}) (*resilience.ThreatObject, error) {
				return s.Protect(ctx, who, in.Ref, in.ProtectionText)
			}),
		table.Define(table.Row{Name: "threats.inspect", Method: "POST", Path: "/threats/{ref}/inspections", Action: edit, Of: "threats.show", Summary: "Record an inspection of a protection"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Number int `json:"number" doc:"Of the protection." minimum:"1"`
				resilience.Inspection
			}) (*resilience.ThreatObject, error) {
				return s.Inspect(ctx, who, in.Ref, in.Number, in.Inspection)
			}),
		table.Define(table.Row{Name: "threats.unprotect", Method: "POST", Path: "/threats/{ref}/unprotect", Action: edit, Of: "threats.show", Summary: "Say that a protection is gone, and why"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Why    string `json:"why" maxLength:"4000"`
				Number int    `json:"number" doc:"Of the protection." minimum:"1"`
			}) (*resilience.ThreatObject, error) {
				return s.Unprotect(ctx, who, in.Ref, in.Number, in.Why)
			}),
		table.Define(table.Row{Name: "threats.review", Method: "POST", Path: "/threats/{ref}/review", Action: edit, Of: "threats.show", Summary: "Record that somebody looked at a threat"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Found string `json:"found" maxLength:"4000"`
			}) (*resilience.ThreatObject, error) {
				return s.ReviewThreat(ctx, who, in.Ref, in.Found)
			}),
		table.Define(table.Row{Name: "threats.end", Method: "POST", Path: "/threats/{ref}/end", Action: edit, Of: "threats.show", Summary: "Say that a threat is none any more, and why"},
			func(ctx context.Context, who access.Principal, in why) (*resilience.ThreatObject, error) {
				return s.EndThreat(ctx, who, in.Ref, in.Why)
			}),
		table.Define(table.Row{Name: "alternates.list", Method: "GET", Path: "/alternates", Action: read, Summary: "Where systems would run when their site is lost"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[resilience.SeenAlternate], error) {
				return table.All(s.Alternates(ctx, who))
			}),
		table.Define(table.Row{Name: "alternates.show", Method: "GET", Path: "/alternates/{ref}", Action: read, Summary: "One alternate with its proofs and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*resilience.SeenAlternate, error) {
				return s.Alternate(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "alternates.add", Method: "POST", Path: "/alternates", Action: edit, Summary: "Take in where a system would run when its site is lost"},
			func(ctx context.Context, who access.Principal, in resilience.AlternateText) (*resilience.AlternateObject, error) {
				return s.AddAlternate(ctx, who, in)
			}),
		table.Define(table.Row{Name: "alternates.describe", Method: "POST", Path: "/alternates/{ref}/describe", Action: edit, Of: "alternates.show", Summary: "Write an alternate anew"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				resilience.AlternateText
			}) (*resilience.AlternateObject, error) {
				return s.DescribeAlternate(ctx, who, in.Ref, in.AlternateText)
			}),
		table.Define(table.Row{Name: "alternates.prove", Method: "POST", Path: "/alternates/{ref}/proofs", Action: edit, Of: "alternates.show", Summary: "Record that an alternate was tried or used"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				resilience.Proof
			}) (*resilience.AlternateObject, error) {
				return s.Prove(ctx, who, in.Ref, in.Proof)
			}),
		table.Define(table.Row{Name: "alternates.end", Method: "POST", Path: "/alternates/{ref}/end", Action: edit, Of: "alternates.show", Summary: "Say that an alternate is none any more, and why"},
			func(ctx context.Context, who access.Principal, in why) (*resilience.AlternateObject, error) {
				return s.EndAlternate(ctx, who, in.Ref, in.Why)
			}),
	}
}
