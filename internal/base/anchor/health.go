package anchor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/health"
)

// Check asks whether somebody outside holds a recent checkpoint; the database is
// all that it needs.
func Check(db *database.DB, now clock.Clock) health.Check {
	return health.Check{Name: "ledger.anchor", Asks: "Is a recent checkpoint of the ledger held outside this machine?", Run: func(ctx context.Context) health.Result {
		all, err := list(ctx, db.Reader())
		if err != nil {
			return health.Failed(err)
		}
		return judge(all, now())
	}}
}

func judge(all []Anchor, now time.Time) health.Result {
	if len(all) == 0 {
		return health.NotObserved("name somebody who is to hold checkpoints under Settings, Anchors: a time-stamp authority or a witness",
			"not anchored: no checkpoint is handed to anybody outside, so nothing speaks against whoever owns the machine")
	}
	var wrong, held []string
	proved := false
	for _, a := range all {
		switch {
		case a.Failing > 0:
			wrong = append(wrong, fmt.Sprintf("%s fails since %s: %s", a.Name, a.FailedSince.UTC().Format(time.DateTime), a.Trouble))
		case a.HeldSize == 0 && now.Sub(a.MadeAt) > 10*time.Minute:
			wrong = append(wrong, a.Name+" has taken none yet")
		case a.HeldSize > 0 && now.Sub(a.HeldAt) > a.Every+time.Hour:
			wrong = append(wrong, fmt.Sprintf("%s has taken none since %s", a.Name, a.HeldAt.UTC().Format(time.DateTime)))
		case a.HeldSize > 0:
			held = append(held, fmt.Sprintf("%s holds %d entries since %s", a.Name, a.HeldSize, a.HeldAt.UTC().Format(time.DateTime)))
			proved = proved || a.Kind.Proves()
		}
	}
	switch {
	case len(wrong) > 0:
		return health.Fail("see Settings, Anchors, and test it there; a witness that has seen another ledger is a matter for 'attesta ledger verify'", "%s", strings.Join(append(wrong, held...), "; "))
	case len(held) == 0:
		return health.NotObserved("wait a minute, or test it under Settings, Anchors", "none of %d anchors has taken a checkpoint yet", len(all))
	case !proved:
		return health.NotObserved("add a time-stamp authority or a witness: what they sign, anybody can verify", "copies alone are held outside: %s", strings.Join(held, "; "))
	}
	return health.Pass("%s", strings.Join(held, "; "))
}
