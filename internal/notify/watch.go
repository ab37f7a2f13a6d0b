package notify

import (
	"context"
	"sync"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/judge"
)

// Watch tells of checks of the deployment that fail twice in a row, and of
// their recovery.
type Watch struct {
	Service *Service
	Report  func(ctx context.Context, p access.Principal) (health.Report, error)

	mu   sync.Mutex
	seen map[string]bool // guarded by mu: failed when it was last looked at
}

// Look asks the checks once.
func (w *Watch) Look(ctx context.Context) error {
	report, err := w.Report(ctx, access.System())
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := map[string]bool{}
	for _, l := range report.Lines {
		h := Happening{Key: "health " + l.Name, Object: l.Name, Ref: l.Name, Link: "/settings/health", May: []access.Action{access.SettingsEdit}}
		if l.Outcome == judge.Fail || l.Outcome == judge.Error {
			now[l.Name] = true
			if !w.seen[l.Name] {
				continue // once may be chance
			}
			h.Kind, h.Event, h.Urgent, h.Title = "health.failing", "health.failing", true, "The deployment's check "+l.Name+" fails"
			if err := w.Service.Say(ctx, h); err != nil {
				return err
			}
			continue
		}
		had, err := w.Service.Unsay(ctx, h.Key)
		if err != nil {
			return err
		}
		if had {
			h.Key, h.Event, h.Title = "", "health.recovered", "The deployment's check "+l.Name+" has recovered"
			if err := w.Service.Say(ctx, h); err != nil {
				return err
			}
		}
	}
	w.seen = now
	return nil
}
