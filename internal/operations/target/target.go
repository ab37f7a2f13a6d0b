// Package target says what became of the servers behind load balancers: which
// there are, which of them failed, when, and whether each came back or was
// replaced.
//
// Serves B13 and B14 (A1.2, CC7.2). It keeps nothing: everything follows from the
// versions of section haproxy that hosts reported. nginx does not tell the state
// of its servers, so that none of it is here.
//
// Invariants: the same versions give the same failures; a failure ends when its
// target was seen up, or was seen to be gone, never by silence; moments are those
// that HAProxy tells, by the host's own clock, where they lie between two readings.
//
// Floor: domains. Imports operations/host, evidence/population.
package target

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/host"
)

// section is what targets are read from.
const section = "haproxy"

// How a failure ended.
const (
	Recovered = "recovered" // the same address is up again
	Replaced  = "replaced"  // another address is up in its place
	Removed   = "removed"   // it is not behind the load balancer any more
)

// Target is a server behind a load balancer, as last read.
type Target struct {
	Host     string    `json:"host"` // "hst_…"
	HostName string    `json:"host_name"`
	Backend  string    `json:"backend"`
	Name     string    `json:"name"`
	Address  string    `json:"address"`
	State    string    `json:"state" doc:"up, down, maint, drain, nolb, unchecked; unknown where it could not be read the last time."`
	Why      string    `json:"why" doc:"Words of the last check, or why its state is not known."`
	Since    time.Time `json:"since" doc:"Since when it is in that state."`
	Backup   bool      `json:"backup"`
	Failures int       `json:"failures" doc:"How often it was seen to fail."`
}

// Failure is a time for which a target was down.
type Failure struct {
	ID       string    `json:"id"`
	Host     string    `json:"host"`
	HostName string    `json:"host_name"`
	Backend  string    `json:"backend"`
	Target   string    `json:"target"`
	Address  string    `json:"address" doc:"What failed."`
	Why      string    `json:"why"`
	Down     time.Time `json:"down" doc:"When it went down."`
	Ended    time.Time `json:"ended,omitzero" doc:"When it was up, replaced or gone."`
	How      string    `json:"how" doc:"recovered, replaced, removed; empty while it is down."`
	By       string    `json:"by" doc:"Address that took its place."`
	Unseen   int64     `json:"unseen" doc:"It went down and came back so often between two readings: down is then the reading before. 0 of a failure that was seen."`
}

// Open reports whether it is still down.
func (f *Failure) Open() bool { return f.How == "" }

// Lasted is how long it was down, up to now while it is.
func (f *Failure) Lasted(now time.Time) time.Duration {
	if f.Open() {
		return max(0, now.Sub(f.Down))
	}
	return max(0, f.Ended.Sub(f.Down))
}

// Config is what the service depends on.
type Config struct {
	Hosts *host.Service // required
	Clock clock.Clock   // clock.System
}

// Service answers for targets.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg}
}

// List gives the targets as last read and all failures, the newest first
// (host.read).
func (s *Service) List(ctx context.Context, who access.Principal) ([]Target, []Failure, error) {
	if err := access.Authorise(who, access.HostRead); err != nil {
		return nil, nil, err
	}
	return s.at(ctx, s.cfg.Clock(), -1)
}

func (s *Service) at(ctx context.Context, upTo time.Time, known int64) ([]Target, []Failure, error) {
	versions, err := s.cfg.Hosts.Versions(ctx, section, upTo, known)
	if err != nil {
		return nil, nil, err
	}
	targets, failures := []Target{}, []Failure{}
	for from := 0; from < len(versions); {
		to := from
		for to < len(versions) && versions[to].Host == versions[from].Host {
			to++
		}
		f := fold{}
		for _, v := range versions[from:to] {
			if err := f.take(v); err != nil {
				return nil, nil, err
			}
		}
		more, failed := f.end()
		if v := versions[to-1]; v.Retired.IsZero() || v.Retired.After(upTo) {
			targets = append(targets, more...)
		}
		failures = append(failures, failed...)
		from = to
	}
	slices.SortStableFunc(failures, func(a, b Failure) int { return cmp.Or(b.Down.Compare(a.Down), strings.Compare(a.ID, b.ID)) })
	return targets, failures, nil
}

// reading is one target of a version.
type reading struct {
	Backend   string
	Name      string
	Address   string
	State     string
	Why       string
	ChangedUS int64 `json:"changed_us"`
	WentDown  int64 `json:"went_down"`
	Backup    bool
}

func (r reading) key() string { return r.Backend + "/" + r.Name }

// fold goes through the versions of one host in their order.
type fold struct {
	last     host.Version
	now      map[string]reading // by key
	order    []string
	unknown  string // why the last version does not say
	open     map[string]*Failure
	failures []*Failure
	since    map[string]time.Time
}

func (f *fold) take(v host.Version) error {
	list, why, err := readings(v)
	if err != nil {
		return err
	}
	before := f.last
	f.last, f.unknown = v, why
	if why != "" {
		return nil // nothing is known to have changed
	}
	next, order := map[string]reading{}, []string{}
	for _, r := range list {
		next[r.key()] = r
		order = append(order, r.key())
	}
	if f.open == nil {
		f.open, f.since = map[string]*Failure{}, map[string]time.Time{}
	}
	for _, key := range f.order {
		if _, still := next[key]; !still {
			f.gone(key, v, next)
			delete(f.since, key)
		}
	}
	for _, key := range order {
		r, old, known := next[key], f.now[key], false
		_, known = f.now[key]
		at := r.moment(before, v)
		if !known || old.State != r.State || old.Address != r.Address {
			f.since[key] = at
		}
		failing := f.open[key]
		switch {
		case r.State == "down" && failing == nil:
			f.begin(v, r, at)
		case r.State == "up" && failing != nil:
			f.close(key, at, Recovered, "")
			if failing.Address != r.Address && failing.Address != "" && r.Address != "" {
				failing.How, failing.By = Replaced, r.Address
			}
		case failing == nil && known && r.WentDown > old.WentDown:
			flapped := f.begin(v, r, before.Until)
			flapped.Unseen = r.WentDown - old.WentDown
			f.close(key, at, Recovered, "")
		}
	}
	f.now, f.order = next, order
	return nil
}

// moment is when a reading's state began: as HAProxy says, where that lies after
// what the reading before saw, else when it was read.
func (r reading) moment(before, v host.Version) time.Time {
	at := time.UnixMicro(r.ChangedUS).UTC()
	if r.ChangedUS == 0 || at.After(v.From) || !before.From.IsZero() && at.Before(before.From) {
		return v.From
	}
	return at
}

func (f *fold) begin(v host.Version, r reading, at time.Time) *Failure {
	x := &Failure{ID: fmt.Sprintf("%s.%s.%d", v.Host, r.key(), at.UnixMicro()), Host: v.Host, HostName: v.Name, Backend: r.Backend, Target: r.Name, Address: r.Address, Why: r.Why, Down: at}
	f.open[r.key()] = x
	f.failures = append(f.failures, x)
	return x
}

func (f *fold) close(key string, at time.Time, how, by string) {
	x := f.open[key]
	if at.Before(x.Down) {
		at = x.Down
	}
	x.Ended, x.How, x.By = at, how, by
	delete(f.open, key)
}

// gone ends the failure of a target that is not there any more: replaced when a
// new one of the same backend is up now.
func (f *fold) gone(key string, v host.Version, next map[string]reading) {
	failing := f.open[key]
	if failing == nil {
		return
	}
	how, by := Removed, ""
	var fresh []string
	for k, r := range next {
		if _, known := f.now[k]; !known && r.Backend == failing.Backend && r.State == "up" {
			fresh = append(fresh, cmp.Or(r.Address, r.Name))
		}
	}
	if len(fresh) > 0 {
		slices.Sort(fresh)
		how, by = Replaced, fresh[0]
	}
	f.close(key, v.From, how, by)
}

// end gives the targets of the last version, and all failures.
func (f *fold) end() ([]Target, []Failure) {
	counts := map[string]int{}
	var failures []Failure
	for _, x := range f.failures {
		counts[x.Backend+"/"+x.Target]++
		failures = append(failures, *x)
	}
	var targets []Target
	for _, key := range f.order {
		r := f.now[key]
		t := Target{Host: f.last.Host, HostName: f.last.Name, Backend: r.Backend, Name: r.Name, Address: r.Address, State: r.State, Why: r.Why, Since: f.since[key], Backup: r.Backup, Failures: counts[key]}
		if f.unknown != "" {
			t.State, t.Why = "unknown", f.unknown
		}
		targets = append(targets, t)
	}
	return targets, failures
}

// readings gives the targets of a version; why says why they are not known. A host
// without HAProxy has none, which is known.
func readings(v host.Version) (list []reading, why string, err error) {
	if installed, ok := v.Section.Values["installed"].(bool); ok && !installed {
		return nil, "", nil
	}
	value, ok := v.Section.At("/running/targets")
	if !ok {
		m, _ := v.Section.MissingAt("/running/targets")
		return nil, cmp.Or(m.Reason, "it was not reported"), nil
	}
	raw, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		return nil, "", fault.Wrap(fault.Refused, err, "the servers behind %s cannot be read", v.Name)
	}
	return list, "", nil
}
