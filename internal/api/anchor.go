package api

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/anchor"
)

func (a *API) aboutAnchors() []*Operation {
	return []*Operation{
		define(Operation{Name: "anchors.list", Method: "GET", Path: "/anchors", Action: access.SettingsRead, Summary: "Who outside holds checkpoints of the ledger, and how that goes",
			Detail: "Time-stamp authorities, witnesses, directories and receivers, each with the newest checkpoint that it has taken and why it fails where it does. Adding, testing and removing one ask a person who is in a session: the screen Settings, Anchors."},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[anchor.Anchor], error) {
				all, err := a.cfg.Anchors.List(ctx, who)
				return Page[anchor.Anchor]{Items: all, Total: int64(len(all))}, err
			}),
	}
}
