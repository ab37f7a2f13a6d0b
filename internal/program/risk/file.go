package risk

import (
	"context"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// YearlyControl is the control of the library that asks for a yearly assessment.
const YearlyControl = "risk-assessment-yearly"

// Filer files a closed assessment as evidence of the instance of YearlyControl in
// which it was made: kind Conflict where that control expects none.
func Filer(db *database.DB, keep *evidence.Service) func(ctx context.Context, p access.Principal, a *Assessment) (string, error) {
	return func(ctx context.Context, p access.Principal, a *Assessment) (string, error) {
		program, err := control.Load(ctx, db.Reader())
		if err != nil {
			return "", err
		}
		book, err := evidence.LoadBook(ctx, db.Reader())
		if err != nil {
			return "", err
		}
		closed := a.Closed.Made.At
		zone := program.ScopeAt(closed, -1).Location()
		for i := range program.Controls {
			c := &program.Controls[i]
			if c.Slug != YearlyControl {
				continue
			}
			for _, n := range book.Plan(c, zone, -1, closed.AddDate(-2, 0, 0), closed.AddDate(1, 0, 1)).All(closed) {
				if n.Start.After(closed) || !n.Due.After(closed) {
					continue
				}
				from := a.Begun.At
				if from.Before(n.Start) {
					from = n.Start
				}
				v, err := keep.Add(ctx, p, evidence.New{Kind: evidence.File, Title: a.Title + " (" + a.Ref + ")", Description: "Frozen when it closed; SHA-256 of the text in the ledger: " + a.Digest, Source: "the register of risks, " + a.Ref,
					FileName: strings.ToLower(a.Ref) + ".txt", Performed: closed, From: from, To: closed.Add(time.Microsecond),
					Covers: []evidence.Cover{{Control: YearlyControl, Instance: n.Key, Role: instance.AsPerformance, Items: -1}}}, strings.NewReader(a.Text))
				if err != nil {
					return "", err
				}
				return v.Ref(), nil
			}
		}
		return "", fault.New(fault.Conflict, "no instance of the control %s is expected now", YearlyControl).WithHint("adopt and approve that control, then file %s", a.Ref)
	}
}
