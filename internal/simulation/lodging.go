package simulation

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/simulation/drifting"
)

// lodger is somebody's account on hosts of some kinds, from a day until a day of
// the year of 365 (0: to its end). Package years has who they are.
type lodger struct {
	login    string
	from     int
	until    int
	kinds    []string
	forgot   string // the kind of which the first host keeps the account
	forgotTo int    // until this day; 0: to the end
}

func lodgers() []lodger {
	return []lodger{
		{"tomas", 0, 0, []string{"web", "app", "db", "worker", "build", "stage"}, "", 0}, {"amara", 0, 0, []string{"web", "app", "db", "worker"}, "", 0}, {"mei", 0, 0, []string{"db"}, "", 0},
		{"lukas", 0, 0, []string{"app", "build", "stage"}, "", 0}, {"jonas", 0, 176, []string{"app", "build", "stage", "db"}, "db", 189}, {"erik", 0, 270, []string{"app", "stage"}, "", 0},
		{"sofia", 66, 0, []string{"app", "stage"}, "", 0}, {"hugo", 122, 0, []string{"build", "stage"}, "", 0}, {"nadia", 102, 352, []string{"db", "app"}, "app", 0}, {"c.nunes", 340, 0, []string{"stage"}, "", 0},
		{"backup-runner", 0, 0, []string{"db"}, "", 0},
	}
}

// account is one that a machine has for a time.
type account struct {
	login       string
	uid         int64
	from, until time.Time // until zero: to the end
}

// lodge gives machines the accounts of people.
func lodge(p Plan, machines []*machine) {
	day := func(n int) time.Time { return p.start().AddDate(0, 0, n*p.Days/365).Add(16 * time.Hour) }
	kept := map[string]bool{}
	for _, m := range machines {
		for i, l := range lodgers() {
			if !slices.Contains(l.kinds, m.profile.name) {
				continue
			}
			a := account{login: l.login, uid: int64(1100 + i), from: day(l.from)}
			until := l.until
			if l.forgot == m.profile.name && !kept[l.login] && m.leaves.IsZero() && m.joins.Before(day(90)) {
				kept[l.login], until = true, l.forgotTo
			}
			if until > 0 {
				a.until = day(until)
			}
			m.accounts = append(m.accounts, a)
		}
	}
}

// lodging gives the edit that puts the accounts of a moment beside those of a
// host in good order.
func (m *machine) lodging(w *world, at time.Time) []drifting.Edit {
	if len(m.accounts) == 0 {
		return nil
	}
	good, _ := w.good["users"]["accounts"].([]any)
	list := slices.Clone(good)
	for _, a := range m.accounts {
		if !at.Before(a.from) && (a.until.IsZero() || at.Before(a.until)) {
			list = append(list, map[string]any{"name": a.login, "uid": a.uid, "gid": int64(100), "home": "/home/" + a.login, "shell": "/bin/bash", "login": true, "system": false, "shadowed": true})
		}
	}
	return []drifting.Edit{{Path: []string{"users", "accounts"}, Value: list}}
}

// evicts reports whether a drift says other accounts: on a machine with people's
// own it would look as if they had gone.
func (d *drift) evicts() bool {
	return slices.ContainsFunc(d.edits, func(e drifting.Edit) bool {
		return e.Path[0] == "users" && (len(e.Path) == 1 || e.Path[1] == "accounts")
	})
}
