package integrity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/integrity/told"
)

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	b := bound{told.New()}
	return slices.Concat(journal.Bindings[Tool](ToolKind), []ledger.Binding{
		{Name: "integrity.observed", Check: b.observed}, {Name: "integrity.unexplained", Check: boundGroup},
		{Name: "integrity.explained", Check: boundDecision}, {Name: "integrity.undone", Check: boundDecision}, {Name: "integrity.run_signed", Check: boundRun},
	})
}

func refuse(rec ledger.Record, format string, args ...any) error {
	return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, fmt.Sprintf(format, args...)).
		WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
}

type bound struct{ coder *told.Coder }

// observed holds a batch against its entry: every change of it, what was told, and
// the verdict.
func (b bound) observed(ctx context.Context, q database.Querier, rec ledger.Record) error {
	no, _ := rec.Data["batch"].(int64)
	row, found, err := batchOf(ctx, q, no)
	if err != nil {
		return err
	}
	if !found || row.entry != rec.ID || row.source != rec.Subject {
		return refuse(rec, "its row is gone, or names another entry")
	}
	list, err := boundChanges(ctx, q, no)
	if err != nil {
		return err
	}
	s := &Service{coder: b.coder}
	h := sha256.New()
	bodies := map[[2]int64][]told.Item{}
	for _, r := range list {
		k := [2]int64{r.group, r.body}
		if _, known := bodies[k]; !known {
			if bodies[k], err = s.body(ctx, q, r.group, r.body); err != nil {
				return refuse(rec, "%v", err)
			}
		}
		t, err := told.At(bodies[k], r.body, r.Seq)
		if err != nil {
			return refuse(rec, "%v", err)
		}
		h.Write(lineOf(r.group, r.Seq, r.Source, r.At, t.Raw, t.Verdict))
	}
	if got := hex.EncodeToString(h.Sum(nil)); int64(len(list)) != rec.Data["changes"] || got != rec.Data["digest"] || row.digest != got {
		return refuse(rec, "its changes do not have the recorded digest")
	}
	return nil
}

func boundGroup(ctx context.Context, q database.Querier, rec ledger.Record) error {
	no, err := number(rec.Subject)
	if err != nil {
		return refuse(rec, "its subject is no group")
	}
	g, err := groupOf(ctx, q, no)
	if fault.Is(err, fault.NotFound) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	if g.entry != rec.ID || g.Source != rec.Data["source"] || g.cause != rec.Data["cause"] || g.Exceeded != rec.Data["exceeded"] || string(g.Verdict) != "unexplained" {
		return refuse(rec, "its row says something else than was recorded")
	}
	return nil
}

func boundDecision(ctx context.Context, q database.Querier, rec ledger.Record) error {
	no, err := number(rec.Subject)
	if err != nil {
		return refuse(rec, "its subject is no group")
	}
	list, err := decisions(ctx, q, no)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(d Decision) bool { return d.Entry == rec.ID })
	if i < 0 {
		return refuse(rec, "its row is gone")
	}
	d := list[i]
	ticket, _ := rec.Data["change"].(string)
	if "integrity."+d.Kind != rec.Type || d.By != rec.Actor || d.Ticket != ticket {
		return refuse(rec, "its row says something else than was recorded")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if said != nil && (said["reason"] != d.Reason || said["compensation"] != d.Alone) {
		return refuse(rec, "its row gives other words than were recorded")
	}
	return nil
}

func boundRun(ctx context.Context, q database.Querier, rec ledger.Record) error {
	list, err := runTokens(ctx, q, []string{rec.Subject})
	if err != nil {
		return err
	}
	if len(list) == 0 || list[0].Entry != rec.ID || list[0].MadeBy != rec.Actor || digestOf(list[0].Text) != rec.Data["digest"] {
		return refuse(rec, "its row is gone, or says something else than was recorded")
	}
	return nil
}
