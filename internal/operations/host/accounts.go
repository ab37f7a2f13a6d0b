package host

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/host/account"
)

// Accounts are who can come in on a host or into a database, as last read.
type Accounts struct {
	ID         string // hst_…, dbs_…
	Population string
	Source     string
	Name       string
	Digest     string    // of what was read: equal digests hold equal accounts; "" where nothing was
	From       time.Time // since when they are these
	Until      time.Time // last observation
	Why        string    // why nothing can be said now; "" where they are what is in force
	All        []Account // nil where Read left them out
}

// Account is one account.
type Account = account.Account

// accountSections say where each population's accounts stand.
var accountSections = map[string]string{Population: "users", Databases: "pg_roles"}

// Accounts gives the accounts of every host and database that is in its
// population. Those for which fresh gives true are given without All: whoever
// asks has them already.
func (s *Service) Accounts(ctx context.Context, fresh func(id, digest string) bool) ([]Accounts, error) {
	q := s.cfg.DB.Reader()
	silent, err := s.cfg.Outcomes.Silent(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := accountVersions(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]Accounts, 0, len(rows))
	today := s.cfg.Clock().Unix() / 86400
	for _, r := range rows {
		a := Accounts{ID: r.host, Population: r.population, Source: r.source, Name: r.name}
		since, quiet := silent[r.source]
		switch {
		case r.v.digest == "":
			a.Why = "its accounts were never read"
			out = append(out, a)
			continue
		case quiet:
			a.Why = "nothing was heard of it since " + since.UTC().Format("2 Jan 2006 15:04 MST")
		}
		a.Digest, a.From, a.Until = r.v.digest, r.v.from, r.v.lastObserved
		if r.confirmed.After(a.Until) {
			a.Until = r.confirmed
		}
		d, err := s.decoded(ctx, q, r.v.section, r.v)
		if err != nil {
			return nil, err
		}
		pointer := "/accounts"
		if r.population == Databases {
			pointer = "/roles"
		}
		if m, missing := d.MissingAt(pointer); missing {
			a.Why = "its accounts could not be read: " + m.Reason
		}
		if fresh == nil || !fresh(a.ID, a.Digest) {
			if a.All, err = account.Of(d, r.population == Databases, today); err != nil {
				return nil, fault.Wrap(fault.Refused, err, "the accounts of %s cannot be read", r.name)
			}
		}
		out = append(out, a)
	}
	return out, nil
}
