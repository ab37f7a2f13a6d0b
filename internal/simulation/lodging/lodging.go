// Package lodging says whose accounts the hosts of the demonstration have, and when:
// those of people who work there, and one that somebody forgot to take away.
//
// Floor: edges, below simulation. It keeps nothing.
package lodging

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

// Account is one that a host has for a time.
type Account struct {
	Login       string
	UID         int64
	From, Until time.Time // until zero: to the end
}

// House gives hosts their accounts, in the order in which it is asked.
type House struct {
	Day  func(day int) time.Time // 00:00 UTC of a day of the year of 365
	kept map[string]bool         // by login: a host forgot it
}

// Of gives the accounts of a host of a kind. lasting: it is there all year, so that
// it can be the one that forgets.
func (h *House) Of(kind string, lasting bool) []Account {
	if h.kept == nil {
		h.kept = map[string]bool{}
	}
	var out []Account
	evening := func(day int) time.Time { return h.Day(day).Add(16 * time.Hour) }
	for i, l := range lodgers() {
		if !slices.Contains(l.kinds, kind) {
			continue
		}
		a := Account{Login: l.login, UID: int64(1100 + i), From: evening(l.from)}
		until := l.until
		if l.forgot == kind && !h.kept[l.login] && lasting {
			h.kept[l.login], until = true, l.forgotTo
		}
		if until > 0 {
			a.Until = evening(until)
		}
		out = append(out, a)
	}
	return out
}

// At gives the edits that put the accounts of a moment beside those of a host in good
// order.
func At(good map[string]any, accounts []Account, at time.Time) []drifting.Edit {
	if len(accounts) == 0 {
		return nil
	}
	there, _ := good["accounts"].([]any)
	list := slices.Clone(there)
	for _, a := range accounts {
		if !at.Before(a.From) && (a.Until.IsZero() || at.Before(a.Until)) {
			list = append(list, map[string]any{"name": a.Login, "uid": a.UID, "gid": int64(100), "home": "/home/" + a.Login, "shell": "/bin/bash", "login": true, "system": false, "shadowed": true})
		}
	}
	groups, _ := good["groups"].([]any)
	groups = append(slices.Clone(groups), map[string]any{"name": "users", "gid": int64(100), "members": []any{}}) // theirs
	return []drifting.Edit{{Path: []string{"users", "accounts"}, Value: list}, {Path: []string{"users", "groups"}, Value: groups}}
}

// Evicts reports whether edits say other accounts: on a host with people's own it
// would look as if they had gone.
func Evicts(edits []drifting.Edit) bool {
	return slices.ContainsFunc(edits, func(e drifting.Edit) bool {
		return e.Path[0] == "users" && (len(e.Path) == 1 || e.Path[1] == "accounts")
	})
}
