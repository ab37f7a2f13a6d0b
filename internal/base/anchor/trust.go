package anchor

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/offline"
)

// Trusted holds what was answered against a trust file from outside: each of its
// authorities, and a quorum of its witnesses, must have signed a checkpoint whose
// root this ledger has. It gives a line about each. Whoever calls it has verified
// the ledger, and with it that each answer is about a root that it has.
func Trusted(ctx context.Context, q database.Querier, f offline.TrustFile) ([]string, error) {
	all, err := All(ctx, q)
	if err != nil {
		return nil, err
	}
	newest := func(kind Kind, trust string) (size int64, at time.Time) {
		for _, r := range all {
			if r.Kind != kind || r.Size < size {
				continue
			}
			if said, err := r.Verify(trust); err == nil {
				size, at = r.Size, said
			}
		}
		return size, at
	}
	var lines, missing []string
	line := func(what, name string, size int64, at time.Time) {
		when := ""
		if !at.IsZero() {
			when = " at " + at.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		lines = append(lines, fmt.Sprintf("%s %s of the trust file signed %d entries%s", what, name, size, when))
	}
	for _, a := range f.Timestamps {
		if size, at := newest(TimeStamp, a.Root); size > 0 {
			line("authority", a.Name, size, at)
		} else {
			missing = append(missing, "the authority "+a.Name)
		}
	}
	if w := f.Witnesses; w != nil {
		signed := 0
		for _, key := range w.Keys {
			if size, at := newest(Witness, key); size > 0 {
				signed++
				line("witness", key, size, at)
			}
		}
		if signed < w.Quorum {
			missing = append(missing, fmt.Sprintf("%d witnesses (%d have)", w.Quorum, signed))
		}
	}
	if len(missing) > 0 {
		return lines, fault.New(fault.Refused, "untrusted: no checkpoint of this ledger was signed by %s of the trust file", missing).WithHint("ask those who anchor it, or take a trust file that names others")
	}
	return lines, nil
}

// TrustOf adds those who anchor this ledger to a trust file, as this server was
// told about them.
func TrustOf(ctx context.Context, q database.Querier, f *offline.TrustFile) error {
	all, err := list(ctx, q)
	if err != nil {
		return err
	}
	var keys []string
	for _, a := range all {
		if a.HeldSize == 0 {
			continue // whoever asks for it would refuse everything
		}
		switch a.Kind {
		case TimeStamp:
			f.Timestamps = append(f.Timestamps, offline.Timestamp{Name: a.Name, Root: a.Trust})
		case Witness:
			keys = append(keys, a.Trust)
		}
	}
	if len(keys) > 0 {
		f.Witnesses = &offline.Witnesses{Quorum: 1, Keys: keys}
	}
	return nil
}
