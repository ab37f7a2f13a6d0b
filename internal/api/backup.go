package api

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
)

// BackupsInput says how many backups are asked for.
type BackupsInput struct {
	Limit int `json:"limit,omitempty" doc:"How many, the newest first; 50 when absent." minimum:"1" maximum:"500"`
}

func (a *API) aboutBackups() []*Operation {
	return []*Operation{
		define(Operation{Name: "backups.list", Method: "GET", Path: "/backups", Action: access.BackupRead, Summary: "Backups, how each was verified, and how they are made",
			Detail: "The newest first, each with the digests of its file and of its manifest, and the newest verification; with the schedule, the attempt that runs, and the last one that ended, whose reason stands there where it failed. Making one, verifying one and changing the schedule ask a person who is in a session: the screen Settings, Backup, or 'attesta backup' on the machine."},
			func(ctx context.Context, who access.Principal, in BackupsInput) (backup.View, error) {
				limit := in.Limit
				if limit == 0 {
					limit = 50
				}
				return a.cfg.Backups.View(ctx, who, limit)
			}),
	}
}
