package engagement

import (
	"context"
	"database/sql"
	"errors"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// bound are the types of the records that this package answers for.
var bound = []string{"engagement.set", "engagement.attached", "engagement.workbook", "request.asked", "request.imported", "request.changed", "request.message"}

// Bindings holds the ledger's records of this package against the rows that
// they were written with, for the ledger's verification.
func Bindings() []ledger.Binding {
	out := make([]ledger.Binding, len(bound))
	for i, name := range bound {
		out[i] = ledger.Binding{Name: name, Check: Bound}
	}
	return out
}

// Bound is kind Refused where the row of a record is gone or says something
// else. A record of another package gives nil.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	same := func(name string, have any) bool { return rec.Data[name] == have }
	switch rec.Type {
	case "engagement.set":
		g, content, err := versionByEntry(ctx, q, rec.ID)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return refuse("its row is gone")
		case err != nil:
			return err
		case digestOf(content) != rec.Data["digest"] || g.ID != rec.Subject || !same("version", int64(g.Version)) || !same("number", int64(g.Number)):
			return refuse("its row says something else than was recorded")
		}
	case "request.asked", "request.imported", "request.changed":
		list, err := requestsByEntry(ctx, q, rec.ID)
		switch {
		case err != nil:
			return err
		case !same("requests", int64(len(list))):
			return refuse("rows of it are gone, or were added")
		case digestLines(list) != rec.Data["digest"]:
			return refuse("its rows say something else than was recorded")
		}
		for _, r := range list {
			if r.Engagement != rec.Subject {
				return refuse("its rows belong to another engagement")
			}
		}
	case "request.message":
		request, text, err := messageByEntry(ctx, q, rec.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return refuse("its row is gone")
		}
		if err != nil {
			return err
		}
		said, err := ledger.Personal(ctx, q, rec)
		switch {
		case err != nil:
			return err
		case !same("request", request) || said != nil && said["text"] != text: // nil: erased, and that is an entry of its own
			return refuse("its row says something else than was recorded")
		}
	case "engagement.attached":
		engagement, x, err := exhibitByEntry(ctx, q, rec.ID)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return refuse("its row is gone")
		case err != nil:
			return err
		case engagement != rec.Subject || !same("exhibit", x.ID) || !same("request", x.Request) || !same("kind", x.Kind) || !same("of", x.Subject):
			return refuse("its row says something else than was recorded")
		}
	case "engagement.workbook":
		books, err := workbooksOf(ctx, q, rec.Subject)
		if err != nil {
			return err
		}
		for _, w := range books {
			if w.Made.Entry == rec.ID {
				if w.Digest != rec.Blob || !same("version", int64(w.Version)) {
					return refuse("its row says something else than was recorded")
				}
				return nil
			}
		}
		return refuse("its row is gone")
	}
	return nil
}
