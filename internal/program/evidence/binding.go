package evidence

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/instance"
)

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	switch rec.Type {
	case "evidence.added":
		return boundVersion(ctx, q, rec)
	case "evidence.accepted", "evidence.sent_back":
		return boundReview(ctx, q, rec)
	}
	return nil
}

func refuse(rec ledger.Record, what string) error {
	return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
		WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
}

func boundVersion(ctx context.Context, q database.Querier, rec ledger.Record) error {
	found, err := versionByEntry(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return refuse(rec, "its row is gone")
	}
	v := found[0]
	data, err := v.data()
	if err != nil {
		return err
	}
	for name, value := range data {
		switch x := value.(type) {
		case int:
			value = int64(x)
		case time.Time:
			value = x.UTC().Format("2006-01-02T15:04:05.000000Z")
		}
		if rec.Data[name] != value {
			return refuse(rec, "its row says something else than was recorded of "+name)
		}
	}
	if v.Digest != rec.Blob || v.ID != rec.Subject || v.Made.By != rec.Actor {
		return refuse(rec, "its row says something else than was recorded")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if (said == nil) != (v.Redacted != "") {
		return refuse(rec, "its row and the ledger do not agree on whether it was redacted")
	}
	for name, text := range v.written() {
		if said[name] != text { // nil: redacted, and then the row is empty
			return refuse(rec, "its row says something else than was recorded of "+name)
		}
	}
	return nil
}

func boundReview(ctx context.Context, q database.Querier, rec ledger.Record) error {
	found, err := versionByReview(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return refuse(rec, "its row is gone")
	}
	v := found[0]
	r := v.Reviews[slices.IndexFunc(v.Reviews, func(r Review) bool { return r.Made.Entry == rec.ID })]
	if "evidence."+string(r.Decision) != rec.Type || int64(r.Seq) != rec.Data["seq"] || int64(v.Version) != rec.Data["version"] || int64(v.Number) != rec.Data["number"] ||
		v.ID != rec.Subject || r.Made.By != rec.Actor || v.Digest != rec.Blob || (r.Compensation != "") != rec.Data["by_uploader"] {
		return refuse(rec, "its row says something else than was recorded")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if rec.Commitment == "" && r.Reason+r.Compensation != "" || said != nil && (said["reason"] != r.Reason || said["compensation"] != r.Compensation) {
		return refuse(rec, "its row gives other words than were recorded")
	}
	return nil
}

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "evidence.added", Check: Bound}, {Name: "evidence." + string(instance.Accepted), Check: Bound},
		{Name: "evidence." + string(instance.SentBack), Check: Bound}}
}
