package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/host"
)

// Finding is a finding as programs see it.
type Finding struct {
	Ref            string    `json:"ref"` // F-12
	ID             string    `json:"id"`
	Check          string    `json:"check"`
	Attribute      string    `json:"attribute"`
	Item           string    `json:"item"`
	ItemName       string    `json:"item_name"`
	Title          string    `json:"title"`
	Severity       string    `json:"severity"`
	State          string    `json:"state"`
	Cause          string    `json:"cause,omitempty" doc:"Why it is stale."`
	Reason         string    `json:"reason"`
	OpenedAt       time.Time `json:"opened_at" doc:"The clock runs from here."`
	Due            time.Time `json:"due"`
	Overdue        bool      `json:"overdue"`
	FailingSince   time.Time `json:"failing_since"`
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	AcknowledgedBy string    `json:"acknowledged_by,omitempty"`
	Owner          string    `json:"owner,omitempty" doc:"Id of the user who is to mend it."`
	ClosedAt       time.Time `json:"closed_at,omitzero"`
	ChangedAt      time.Time `json:"changed_at"`
	Reopened       int64     `json:"reopened"`
	Waiver         string    `json:"waiver,omitempty"`
	WaivedUntil    time.Time `json:"waived_until,omitzero"`
	Events         []Event   `json:"events,omitempty" doc:"Its timeline, from findings_show."`
}

// Event is one line of a timeline.
type Event struct {
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	ValidAt time.Time `json:"valid_at" doc:"When what caused it was observed."`
	At      time.Time `json:"at" doc:"When it was recorded."`
	Actor   string    `json:"actor"`
	Reason  string    `json:"reason,omitempty"`
	Note    string    `json:"note,omitempty"`
	Entry   string    `json:"entry"`
	Index   int64     `json:"index" doc:"In the ledger; -1 before it is numbered."`
}

func (a *API) finding(f finding.Finding) Finding {
	return Finding{Ref: f.Ref(), ID: f.ID, Check: f.Check, Attribute: f.Attribute, Item: f.Item, ItemName: f.ItemName, Title: f.Title, Severity: f.Severity, State: string(f.State),
		Cause: string(f.Cause), Reason: f.Reason, OpenedAt: f.OpenedAt, Due: f.Due, Overdue: f.Overdue(a.cfg.Clock()), FailingSince: f.FailingSince, AcknowledgedAt: f.AcknowledgedAt,
		AcknowledgedBy: f.AcknowledgedBy, Owner: f.Owner, ClosedAt: f.ClosedAt, ChangedAt: f.ChangedAt, Reopened: f.Reopened, Waiver: f.Waiver, WaivedUntil: f.WaivedUntil}
}

func (a *API) showFinding(ctx context.Context, _ access.Principal, in RefInput) (Finding, error) {
	f, err := a.cfg.Findings.Get(ctx, in.Ref)
	if err != nil {
		return Finding{}, err
	}
	out := a.finding(f)
	events, err := a.cfg.Findings.Timeline(ctx, f.ID)
	for _, e := range events {
		out.Events = append(out.Events, Event{Kind: e.Kind, State: string(e.To), ValidAt: e.ValidAt, At: e.At, Actor: e.Actor, Reason: e.Reason, Note: e.Note, Entry: e.Entry, Index: e.Index})
	}
	return out, err
}

type findingsInput struct {
	Paging
	State    []string `json:"state,omitempty" doc:"Findings in these states; those not closed when absent." enum:"open,acknowledged,waived,stale,closed"`
	Severity []string `json:"severity,omitempty" enum:"critical,high,medium,low"`
	Check    string   `json:"check,omitempty" maxLength:"130"`
	Host     string   `json:"host,omitempty" doc:"Id of a host." maxLength:"64"`
	Owner    string   `json:"owner,omitempty" doc:"Id of the user who is to mend it." maxLength:"64"`
	Query    string   `json:"query,omitempty" doc:"Part of title, host, check or number." maxLength:"200"`
	Overdue  bool     `json:"overdue,omitempty"`
	Order    string   `json:"order,omitempty" doc:"By urgency when absent." enum:"due,number,change"`
}

func (a *API) aboutFindings() []*Operation {
	return []*Operation{
		define(Operation{Name: "findings.list", Method: "GET", Path: "/findings", Action: access.FindingRead, Summary: "Findings: what fails and must be mended"},
			func(ctx context.Context, _ access.Principal, in findingsInput) (Page[Finding], error) {
				f := finding.Filter{Severities: in.Severity, Check: in.Check, Item: in.Host, Owner: in.Owner, Query: in.Query, Live: len(in.State) == 0}
				for _, s := range in.State {
					f.States = append(f.States, finding.State(s))
				}
				if in.Overdue {
					f.OverdueAt = a.cfg.Clock()
				}
				page, err := a.cfg.Findings.List(ctx, f, finding.Order(in.Order), in.Cursor, in.limit())
				out := Page[Finding]{Items: []Finding{}, Next: page.Next, Total: page.Total}
				for _, f := range page.Findings {
					out.Items = append(out.Items, a.finding(f))
				}
				return out, err
			}),
		define(Operation{Name: "findings.show", Method: "GET", Path: "/findings/{ref}", Action: access.FindingRead, Summary: "One finding with its timeline"}, a.showFinding),
		findingStep(a, "acknowledge", access.FindingAcknowledge, "Take a finding on, in the token's user's name", func(ctx context.Context, who access.Principal, id string, in FindingNote) error {
			return a.cfg.Findings.Acknowledge(ctx, who, id, in.Note)
		}),
		findingStep(a, "release", access.FindingAcknowledge, "Say that nobody has taken a finding on after all", func(ctx context.Context, who access.Principal, id string, in FindingNote) error {
			return a.cfg.Findings.Release(ctx, who, id, in.Note)
		}),
		findingStep(a, "assign", access.FindingAssign, "Say who is to mend a finding", func(ctx context.Context, who access.Principal, id string, in struct {
			FindingNote
			Owner string `json:"owner" doc:"Login, mail address or id of a user who may take findings on; empty for nobody." maxLength:"254"`
		}) error {
			return a.cfg.Findings.Assign(ctx, who, id, in.Owner, in.Note)
		}),
	}
}

// FindingNote is a finding with words.
type FindingNote struct {
	RefInput
	Note string `json:"note,omitempty" maxLength:"2000"`
}

func (n FindingNote) ref() RefInput { return n.RefInput }

// findingStep makes an operation that does something to one finding and gives it as it is then.
func findingStep[In interface{ ref() RefInput }](a *API, verb string, action access.Action, summary string, do func(context.Context, access.Principal, string, In) error) *Operation {
	return define(Operation{Name: "findings." + verb, Method: "POST", Path: "/findings/{ref}/" + verb, Action: action, Of: "findings.show", Summary: summary},
		func(ctx context.Context, who access.Principal, in In) (Finding, error) {
			f, err := a.cfg.Findings.Get(ctx, in.ref().Ref)
			if err != nil {
				return Finding{}, err
			}
			if err := do(ctx, who, f.ID, in); err != nil {
				return Finding{}, err
			}
			return a.showFinding(ctx, who, in.ref())
		})
}

// Host is a host as programs see it.
type Host struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	OS           string    `json:"os"`
	Kernel       string    `json:"kernel"`
	Architecture string    `json:"architecture"`
	AgentVersion string    `json:"agent_version"`
	ClockOffset  *float64  `json:"clock_offset_seconds,omitempty" doc:"Positive: the host is ahead; absent: not known."`
	FirstSeen    time.Time `json:"first_seen"`
	LastSeen     time.Time `json:"last_seen"`
	Silent       bool      `json:"silent"`
	SilentSince  time.Time `json:"silent_since,omitzero"`
	RetiredAt    time.Time `json:"retired_at,omitzero"`
	ExcludedAt   time.Time `json:"excluded_at,omitzero"`
	Owner        string    `json:"owner,omitempty"`
	Class        string    `json:"class,omitempty"`
	Environment  string    `json:"environment,omitempty"`
	Tags         []string  `json:"tags"`
	Counts       Outcomes  `json:"counts" doc:"Attributes by outcome, now."`
	Sections     []Section `json:"sections,omitempty" doc:"From hosts_show."`
}

// Outcomes is a count by outcome.
type Outcomes struct {
	Pass          int64 `json:"pass"`
	Fail          int64 `json:"fail"`
	Error         int64 `json:"error"`
	NotObserved   int64 `json:"not_observed"`
	NotApplicable int64 `json:"not_applicable"`
	Waived        int64 `json:"waived"`
}

// Section is a part of what was read on a host.
type Section struct {
	Name         string          `json:"name"`
	Digest       string          `json:"digest"`
	ObservedFrom time.Time       `json:"observed_from"`
	LastObserved time.Time       `json:"last_observed"`
	InForce      bool            `json:"in_force" doc:"The host said in its last message that it still is this."`
	Values       json.RawMessage `json:"values,omitempty"`
	Missing      json.RawMessage `json:"missing,omitempty" doc:"What could not be read, with the reason."`
}

func apiHost(h host.Host) Host {
	out := Host{ID: h.ID, Name: h.Name, OS: h.OS, Kernel: h.Kernel, Architecture: h.Architecture, AgentVersion: h.AgentVersion, FirstSeen: h.FirstSeen, LastSeen: h.LastSeen,
		Silent: h.Silent, SilentSince: h.SilentSince, RetiredAt: h.RetiredAt, ExcludedAt: h.ExcludedAt, Owner: h.Owner, Class: h.Class, Environment: h.Environment,
		Tags: append([]string{}, h.Tags...), Counts: Outcomes(h.Counts)}
	if h.ClockOffset != nil {
		s := h.ClockOffset.Seconds()
		out.ClockOffset = &s
	}
	return out
}

func (a *API) aboutHosts() []*Operation {
	return []*Operation{
		define(Operation{Name: "hosts.list", Method: "GET", Path: "/hosts", Action: access.HostRead, Summary: "Hosts in the population"},
			func(ctx context.Context, _ access.Principal, in struct {
				Paging
				Query   string `json:"query,omitempty" doc:"Part of the name." maxLength:"200"`
				State   string `json:"state,omitempty" enum:"heard,silent,excluded,retired"`
				Owner   string `json:"owner,omitempty" maxLength:"200"`
				Tag     string `json:"tag,omitempty" maxLength:"100"`
				Retired bool   `json:"retired,omitempty" doc:"Those that left the population too."`
			}) (Page[Host], error) {
				all, next, total, err := a.cfg.Hosts.List(ctx, host.Filter{Query: in.Query, State: host.State(in.State), Owner: in.Owner, Tag: in.Tag, Retired: in.Retired || in.State == string(host.Retired)}, in.Cursor, in.limit())
				out := Page[Host]{Items: []Host{}, Next: next, Total: total}
				for _, h := range all {
					out.Items = append(out.Items, apiHost(h))
				}
				return out, err
			}),
		define(Operation{Name: "hosts.show", Method: "GET", Path: "/hosts/{id}", Action: access.HostRead, Summary: "One host with the sections read on it"},
			func(ctx context.Context, _ access.Principal, in IDInput) (Host, error) {
				h, err := a.cfg.Hosts.Get(ctx, in.ID)
				if err != nil {
					return Host{}, err
				}
				out := apiHost(h)
				sections, err := a.cfg.Hosts.Sections(ctx, h.ID, a.cfg.Clock(), false)
				for _, s := range sections {
					out.Sections = append(out.Sections, section(s))
				}
				return out, err
			}),
		define(Operation{Name: "hosts.facts", Method: "GET", Path: "/hosts/{id}/sections/{section}", Action: access.HostRead, Summary: "What was read of one section of a host"},
			func(ctx context.Context, _ access.Principal, in struct {
				IDInput
				Section string `json:"section" doc:"sshd" maxLength:"64"`
			}) (Section, error) {
				sections, err := a.cfg.Hosts.Sections(ctx, in.ID, a.cfg.Clock(), true)
				if err != nil {
					return Section{}, err
				}
				var names []string
				for _, s := range sections {
					if s.Name == in.Section {
						return section(s), nil
					}
					names = append(names, s.Name)
				}
				return Section{}, fault.New(fault.NotFound, "no section %q was read on this host", in.Section).WithHint("there are %s", strings.Join(names, ", "))
			}),
		define(Operation{Name: "standards.list", Method: "GET", Path: "/standards", Action: access.StandardRead, Summary: "Standards, with the version in force"},
			func(ctx context.Context, _ access.Principal, _ struct{}) (Page[Standard], error) {
				all, err := a.cfg.Standards.List(ctx)
				out := Page[Standard]{Items: []Standard{}, Total: int64(len(all))}
				for _, s := range all {
					out.Items = append(out.Items, apiStandard(s))
				}
				return out, err
			}),
	}
}

func section(s host.Section) Section {
	return Section{Name: s.Name, Digest: s.Digest, ObservedFrom: s.ObservedFrom, LastObserved: s.LastObserved, InForce: s.InForce, Values: s.Values, Missing: s.Missing}
}

// IDInput names something by its id.
type IDInput struct {
	ID string `json:"id" maxLength:"64"`
}

// Standard is a version of a standard as programs see it.
type Standard struct {
	ID          string    `json:"id"`
	Pack        string    `json:"pack"`
	Version     string    `json:"version"`
	Title       string    `json:"title"`
	Digest      string    `json:"digest"`
	Checks      int       `json:"checks"`
	Attributes  int       `json:"attributes"`
	InForce     bool      `json:"in_force"`
	Approved    bool      `json:"approved"`
	ApprovedAt  time.Time `json:"approved_at,omitzero"`
	ApprovedBy  string    `json:"approved_by,omitempty"`
	InstalledAt time.Time `json:"installed_at"`
}

func apiStandard(s standard.Standard) Standard {
	return Standard{ID: s.ID, Pack: s.Pack, Version: s.Version, Title: s.Title, Digest: s.Digest, Checks: s.Checks, Attributes: s.Attributes, InForce: s.InForce,
		Approved: s.Approved, ApprovedAt: s.ApprovedAt, ApprovedBy: s.ApprovedBy, InstalledAt: s.InstalledAt}
}
