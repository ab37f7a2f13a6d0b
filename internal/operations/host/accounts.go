package host

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
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
type Account struct {
	Name   string
	Open   bool   // it lets somebody in
	System bool   // it is not for people
	Why    string // why it does not let anybody in
	Holder string // per_… whose it is as its source says; "" where only its name does
	Sure   bool   // Holder is certain; else it is asked about
}

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
			if a.All, err = accountsOf(d, r.population, today); err != nil {
				return nil, fault.Wrap(fault.Refused, err, "the accounts of %s cannot be read", r.name)
			}
		}
		out = append(out, a)
	}
	return out, nil
}

func accountsOf(d *facts.Decoded, population string, today int64) ([]Account, error) {
	pointer := "/accounts"
	if population == Databases {
		pointer = "/roles"
	}
	v, ok := d.At(pointer)
	if !ok {
		return []Account{}, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var list []struct {
		Name, Shell   string
		Login, System bool
		ExpireDay     *int64 `json:"expire_day"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	expires := map[string]int64{}
	if pw, ok := d.At("/passwords"); ok && population == Population {
		var all []struct {
			Name      string
			ExpireDay int64 `json:"expire_day"`
		}
		if raw, err = json.Marshal(pw); err == nil {
			err = json.Unmarshal(raw, &all)
		}
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			expires[p.Name] = p.ExpireDay
		}
	}
	out := make([]Account, 0, len(list))
	for _, x := range list {
		a := Account{Name: x.Name, Open: x.Login, System: x.System}
		switch day, known := expires[x.Name]; {
		case !x.Login && population == Databases:
			a.Why = "the role may not log in"
		case !x.Login:
			a.Why = "its shell lets nobody in"
		case known && day >= 0 && day <= today:
			a.Open, a.Why = false, "it has expired"
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Account) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
