package change

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/proof/permit"
)

// Observed is something that an agent saw change on a host.
type Observed struct {
	Host    string    `json:"host"` // name
	ID      string    `json:"id"`   // "hst_…"
	Section string    `json:"section"`
	After   time.Time `json:"after"` // seen unchanged then; zero: seen for the first time
	At      time.Time `json:"at"`    // seen changed
	Run     string    `json:"run"`
}

// window is how long before and after a deployment what it changes is seen.
const window = time.Hour

// Seen is an observed change, and what accounts for it.
type Seen struct {
	Observed
	By  string `json:"by,omitempty"` // "D-3", "CH-12"; "": nothing accounts for it
	Why string `json:"why"`
}

// Reconciliation holds what landed, what was deployed and what agents saw change
// against one another, in a window.
type Reconciliation struct {
	From        time.Time    `json:"from"`
	To          time.Time    `json:"to"`
	Known       int64        `json:"known"` // size of the ledger
	Changes     int          `json:"changes"`
	Deployed    int          `json:"deployed"`        // of the changes
	Undeployed  []*Change    `json:"not_deployed"`    // landed, and in no production deployment
	Direct      []*Change    `json:"direct"`          // pushed directly, or by a request of which nothing is known
	Rewritten   []*Change    `json:"rewritten"`       // vanished from the branch
	Deployments int          `json:"deployments"`     // to production
	Tied        int          `json:"tied"`            // of these: of a commit that had been merged
	Unmerged    []Deployment `json:"without_merge"`   // not
	Observed    int          `json:"observed"`        // changes that agents saw
	Accounted   int          `json:"accounted"`       // of these
	Unexplained []Seen       `json:"unexplained"`     // nothing accounts for them
	Notes       []string     `json:"notes,omitempty"` // what limits what this shows
}

// maxShown bounds each list of a reconciliation; its counts are whole.
const maxShown = 200

// Reconcile holds the three against one another, in [from, to), as known now
// (change.read). Counts are over all; lists hold the first 200.
func (s *Service) Reconcile(ctx context.Context, p access.Principal, from, to time.Time) (*Reconciliation, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	known, err := ledgerSize(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	return s.reconcileAt(ctx, from, to, known)
}

func (s *Service) reconcileAt(ctx context.Context, from, to time.Time, known int64) (*Reconciliation, error) {
	if !from.Before(to) {
		return nil, bad("from", "the window begins after it ends")
	}
	r := &Reconciliation{From: from, To: to, Known: known}
	changes, err := s.changesAt(ctx, from, to, known)
	if err != nil {
		return nil, err
	}
	for _, ch := range changes {
		if ch.Kind == Manual {
			continue
		}
		r.Changes++
		switch ch.Attribute(Deployed).Outcome {
		case Pass:
			r.Deployed++
		case NotObserved:
			if len(r.Undeployed) < maxShown {
				r.Undeployed = append(r.Undeployed, ch)
			}
		}
		if ch.Attribute(Route).Outcome != Pass && len(r.Direct) < maxShown {
			r.Direct = append(r.Direct, ch)
		}
		if ch.Attribute(Intact).Outcome == Fail && len(r.Rewritten) < maxShown {
			r.Rewritten = append(r.Rewritten, ch)
		}
	}
	deployments, err := s.deploymentsAt(ctx, from, to, known)
	if err != nil {
		return nil, err
	}
	for _, d := range deployments {
		if !d.Production || d.State != "success" {
			continue
		}
		r.Deployments++
		if attributeOf(d.Attributes, Merged).Outcome == Pass {
			r.Tied++
		} else if len(r.Unmerged) < maxShown {
			r.Unmerged = append(r.Unmerged, *d)
		}
	}
	if s.cfg.Observed == nil {
		r.Notes = append(r.Notes, "no agent reports what changes on hosts")
		return r, nil
	}
	observed, err := s.cfg.Observed(ctx, from, to, known)
	if err != nil {
		return nil, err
	}
	explain, err := s.explainer(ctx, from, to, known, changes)
	if err != nil {
		return nil, err
	}
	for _, o := range observed {
		r.Observed++
		seen := Seen{Observed: o}
		if seen.By, seen.Why = explain(o); seen.By != "" {
			r.Accounted++
		} else if len(r.Unexplained) < maxShown {
			r.Unexplained = append(r.Unexplained, seen)
		}
	}
	return r, nil
}

func (s *Service) changesAt(ctx context.Context, from, to time.Time, known int64) ([]*Change, error) {
	found, err := atLedger(ctx, s.cfg.DB.Reader(), "change", from, to, known)
	if err != nil {
		return nil, err
	}
	all := make([]*Change, 0, len(found))
	for _, f := range found {
		ch, err := f.change()
		if err != nil {
			return nil, err
		}
		// What turned out to be part of another change is counted there.
		if a := ch.Attribute(Intact); a.Outcome == NotApplicable && ch.Kind != Manual {
			continue
		}
		all = append(all, ch)
	}
	return all, nil
}

func (s *Service) deploymentsAt(ctx context.Context, from, to time.Time, known int64) ([]*Deployment, error) {
	found, err := atLedger(ctx, s.cfg.DB.Reader(), "deployment", from, to, known)
	if err != nil {
		return nil, err
	}
	all := make([]*Deployment, 0, len(found))
	for _, f := range found {
		d, err := f.deployment()
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// explainer gives what accounts for an observed change: a deployment to that
// host around then, a change token that holds for it, or a change that was
// asked for here, approved, and done around then.
func (s *Service) explainer(ctx context.Context, from, to time.Time, known int64, changes []*Change) (func(Observed) (by, why string), error) {
	deployments, err := s.deploymentsAt(ctx, from.Add(-window-24*time.Hour), to.Add(window), known)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(deployments, func(a, b *Deployment) int { return a.At.Compare(b.At) })
	patterns := map[string][]string{}
	all, err := repositories(ctx, s.cfg.DB.Reader(), "")
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		patterns[r.Slug] = r.Settings.Hosts
	}
	held, err := openTokens(ctx, s.cfg.DB.Reader(), from.Add(-window), to)
	if err != nil {
		return nil, err
	}
	on := func(list []string, host string) bool {
		host = strings.ToLower(host)
		return slices.ContainsFunc(list, func(p string) bool { return permit.Match(strings.ToLower(p), host) })
	}
	return func(o Observed) (string, string) {
		began := o.At.Add(-window)
		if !o.After.IsZero() && o.After.Before(began) {
			began = o.After
		}
		if limit := o.At.Add(-24 * time.Hour); began.Before(limit) {
			began = limit // the agent was silent: a deployment of last week explains nothing
		}
		first, _ := slices.BinarySearchFunc(deployments, began, func(d *Deployment, t time.Time) int { return d.At.Compare(t) })
		for _, d := range deployments[first:] {
			if d.At.After(o.At.Add(5 * time.Minute)) {
				break
			}
			if d.State == "success" && on(append(slices.Clone(d.Hosts), patterns[d.Repository]...), o.Host) {
				return d.Ref(), fmt.Sprintf("deployed to %s on %s", d.Environment, day(d.At))
			}
		}
		for _, t := range held {
			if o.At.Unix() >= t.From && o.At.Add(-window).Unix() < t.Until && on(t.Hosts, o.Host) {
				return t.Change, "a change token held on this host"
			}
		}
		for _, ch := range changes {
			if ch.Kind == Manual && !ch.DeployedAt.IsZero() && ch.Attribute(Approved).Outcome == Pass && on(ch.Hosts, o.Host) &&
				!o.At.Before(ch.DeployedAt.Add(-window)) && !o.At.After(ch.DeployedAt.Add(window)) {
				return ch.Ref(), "asked for, approved, and done on " + day(ch.DeployedAt)
			}
		}
		return "", "no deployment, change token or approved request accounts for it"
	}, nil
}
