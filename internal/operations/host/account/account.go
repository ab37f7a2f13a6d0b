// Package account reads who can come in out of a section that was stored: the
// accounts of a host, or the roles of a database.
//
// Floor: domains, below operations/host. Imports facts.
package account

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// Account is one account.
type Account struct {
	Name   string
	Open   bool   // it lets somebody in
	System bool   // it is not for people
	Why    string // why it does not let anybody in
	Holder string // per_… whose it is as its source says; "" where only its name does
	Sure   bool   // Holder is certain; else it is asked about
}

// Of gives the accounts of section users, or of section pg_roles of a database, on
// a day (since 1970), by name.
func Of(d *facts.Decoded, database bool, today int64) ([]Account, error) {
	pointer := "/accounts"
	if database {
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
	if pw, ok := d.At("/passwords"); ok && !database {
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
		case !x.Login && database:
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
