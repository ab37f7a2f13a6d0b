package baseline

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/proof/approval"
	"github.com/attesta/attesta/internal/wire"
)

// Kind is how baselines are kept.
var Kind = journal.Kind{Name: "baseline", Prefix: "bas", Letter: "BL", Noun: "baseline", Steps: []string{"asked", "made", "failed", "approved", "refused", "taken", "untaken"}}

// The states of a baseline.
const (
	Asked     = "asked"     // the host has not answered yet
	Candidate = "candidate" // a snapshot waits for somebody's word
	Failed    = "failed"    // the host could not, or was not allowed to
	Approved  = "approved"  // a person approved it; the agent has not taken it yet
	Refused   = "refused"
	InForce   = "in_force" // the agent compares with it
	Untaken   = "untaken"  // the agent did not take it, and said why
)

// Content is a baseline.
type Content struct {
	State    string    `json:"state" doc:"asked, candidate, failed, approved, refused, in_force, untaken."`
	Source   string    `json:"source"`
	HostID   string    `json:"host_id"`
	Host     string    `json:"host"`
	Root     string    `json:"root,omitempty" doc:"Merkle root, hex."`
	Entries  int64     `json:"entries,omitempty"`
	Files    int64     `json:"files,omitempty"`
	Bytes    int64     `json:"bytes,omitempty"`
	Unread   int64     `json:"unread,omitempty" doc:"Attributes that could not be read."`
	Before   string    `json:"before,omitempty" doc:"Root of the baseline that was in force when it was made."`
	Since    time.Time `json:"since,omitzero" doc:"When the baseline that was in force had been made; what changed since is what differs."`
	Made     time.Time `json:"made,omitzero" doc:"By the host's clock."`
	Why      string    `json:"why,omitempty" doc:"Why the host did not do it."`
	Ask      string    `json:"ask,omitempty"`
	By       string    `json:"approved_by,omitempty"`
	At       time.Time `json:"approved_at,omitzero"`
	Approval string    `json:"approval,omitempty" doc:"The signed text."`
	Accept   string    `json:"accept_ask,omitempty"`
	Taken    time.Time `json:"taken,omitzero"`
}

// Mark is what lists are filtered by.
func (c Content) Mark() journal.Mark { return journal.Mark{State: c.State, Topic: c.Source} }

// Object is a baseline with its number and history.
type Object = journal.Object[Content]

// Config is what the service depends on. All but Clock is required.
type Config struct {
	DB        *database.DB
	Ledger    *ledger.Log
	Asks      *ask.Service
	Integrity *integrity.Service
	Changes   *change.Service // has the key that signs
	Clock     clock.Clock     // clock.System
}

// Service keeps baselines.
type Service struct {
	cfg  Config
	list *journal.Journal[Content]
}

// patience is how long a host may take to answer.
const patience = 24 * time.Hour

// New makes the service, and takes the answers of agents.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	s := &Service{cfg: cfg, list: journal.New[Content](journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}, Kind)}
	cfg.Asks.Handle(wire.AskSnapshot, s.snapshot)
	cfg.Asks.Handle(wire.AskAccept, s.accepted)
	cfg.Asks.Handle(wire.AskDrill, s.drilled)
	return s
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	return append(journal.Bindings[Content](Kind), ledger.Binding{Name: "integrity.compared", Check: boundCompare})
}

// AskFor asks hosts for snapshots (integrity.approve): by their ids or sources, at
// most 500. One that was asked and has not answered is not asked again.
func (s *Service) AskFor(ctx context.Context, p access.Principal, hosts []string) ([]Object, error) {
	if err := access.Authorise(p, access.IntegrityApprove); err != nil {
		return nil, err
	}
	if len(hosts) == 0 || len(hosts) > 500 {
		return nil, bad("hosts", "name 1 to 500 hosts")
	}
	var out []Object
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out = out[:0]
		for _, id := range hosts {
			o, err := s.askIn(ctx, tx, p, id)
			if err != nil {
				return err
			}
			out = append(out, *o)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	return out, nil
}

func (s *Service) askIn(ctx context.Context, tx *sql.Tx, p access.Principal, id string) (*Object, error) {
	h, err := s.cfg.Integrity.HostIn(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if h.Gone {
		return nil, fault.New(fault.Conflict, "%s left the population of hosts", h.Name)
	}
	waiting, err := s.list.ListIn(ctx, tx, journal.Filter{States: []string{Asked}, Topic: h.Source})
	if err != nil {
		return nil, err
	}
	for i := range waiting {
		if s.cfg.Clock().Sub(waiting[i].Updated) < patience {
			return &waiting[i], nil
		}
	}
	o, err := s.list.CreateIn(ctx, tx, p, "asked", "", Content{State: Asked, Source: h.Source, HostID: h.HostID, Host: h.Name})
	if err != nil {
		return nil, err
	}
	_, err = s.cfg.Asks.Put(ctx, tx, p, h.Source, wire.AskSnapshot, o.ID, nil, s.cfg.Clock().Add(patience))
	return o, err
}

func isRoot(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 32 && strings.ToLower(s) == s
}

// snapshot takes an agent's snapshot in.
func (s *Service) snapshot(ctx context.Context, tx *sql.Tx, a ask.Asked) error {
	var r wire.SnapshotResult
	if a.Refuse == "" {
		if err := json.Unmarshal(a.Result, &r); err != nil {
			return fault.Wrap(fault.Invalid, err, "this is no snapshot: %v", err).At("", 0, "result")
		}
		switch {
		case !isRoot(r.Root):
			return bad("result.root", "%.80q is no root", r.Root)
		case r.Baseline != "" && !isRoot(r.Baseline):
			return bad("result.baseline", "%.80q is no root", r.Baseline)
		case r.Entries < 1 || r.Entries > approval.MaxEntries || r.Files < 0 || r.Files > r.Entries || r.Bytes < 0 || r.Unread < 0:
			return bad("result.entries", "%d entries, %d files, %d bytes and %d unread cannot be", r.Entries, r.Files, r.Bytes, r.Unread)
		}
	}
	step := "made"
	if a.Refuse != "" {
		step = "failed"
	}
	var since time.Time
	_, err := s.list.ChangeIn(ctx, tx, access.System(), a.Subject, 0, step, "", func(_ *sql.Tx, o *Object) error {
		if o.Content.Source != a.Source || o.Content.State != Asked {
			return fault.New(fault.Conflict, "%s waits for no snapshot", o.Ref)
		}
		if a.Refuse != "" {
			o.Content.State, o.Content.Why = Failed, a.Refuse
			return nil
		}
		c := &o.Content
		c.State, c.Root, c.Entries, c.Files, c.Bytes, c.Unread, c.Before, c.Made, c.Ask = Candidate, r.Root, r.Entries, r.Files, r.Bytes, r.Unread, r.Baseline, r.Made.UTC(), a.ID
		return s.cfg.Integrity.Baseline(ctx, tx, a.Source, func(h *integrity.Watched, b *integrity.Baseline) error {
			since = h.Joined
			if !b.At.IsZero() {
				since = b.At
			}
			c.Since = since
			b.Candidate, b.CandidateN, b.Made = r.Root, r.Entries, r.Made.UTC()
			return nil
		})
	})
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return nil // it was settled meanwhile
	}
	return err
}

// Approve takes a snapshot for the one that is meant (integrity.approve, and who is
// there is asked once more): it is signed, and the agent is asked to take it.
func (s *Service) Approve(ctx context.Context, p access.Principal, ref string, base int64, reason string) (*Object, error) {
	if err := access.Proved(p, access.IntegrityApprove); err != nil {
		return nil, err
	}
	var o *Object
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		o, err = s.ApproveIn(ctx, tx, p, ref, base, reason)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	return o, nil
}

// ApproveIn is Approve within the caller's transaction, for many at once; whoever
// calls it has asked who is there.
func (s *Service) ApproveIn(ctx context.Context, tx *sql.Tx, p access.Principal, ref string, base int64, reason string) (*Object, error) {
	if err := access.Authorise(p, access.IntegrityApprove); err != nil {
		return nil, err
	}
	reason, err := journal.Text("reason", reason, "why this state is the one that is meant", true, 2000)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock().UTC().Truncate(time.Second)
	keys, err := s.cfg.Changes.Verifiers(ctx, tx)
	if err != nil {
		return nil, err
	}
	return s.list.ChangeIn(ctx, tx, p, ref, base, "approved", reason, func(tx *sql.Tx, o *Object) error {
		c := &o.Content
		if c.State != Candidate && c.State != Untaken {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, words[c.State])
		}
		since, err := s.cfg.Integrity.SinceIn(ctx, tx, c.Source, c.Since)
		if err != nil {
			return err
		}
		if n := len(since.Open); n > 0 {
			return fault.New(fault.Conflict, "%d unexplained groups of changes lie open on %s, such as %s", n, c.Host, since.Open[0].Ref).WithHint("explain them, or undo them: what is approved is what the host is to be")
		}
		a := approval.Approval{ID: o.ID, Source: c.Source, Root: c.Root, Entries: c.Entries, By: p.UserID, At: now.Unix(), Reason: approval.Reason(reason)}
		if err := s.cfg.Changes.Sign(ctx, tx, p, func(key ed25519.PrivateKey) (err error) {
			c.Approval, err = approval.Sign(key, a)
			if public, ok := key.Public().(ed25519.PublicKey); ok && len(keys) == 0 {
				keys = append(keys, public)
			}
			return err
		}); err != nil {
			return err
		}
		args := wire.AskAcceptArgs{Approval: c.Approval}
		for _, k := range keys {
			args.Keys = append(args.Keys, base64.StdEncoding.EncodeToString(k))
		}
		if c.Accept, err = s.cfg.Asks.Put(ctx, tx, p, c.Source, wire.AskAccept, o.ID, args, s.cfg.Clock().Add(7*patience)); err != nil {
			return err
		}
		c.State, c.By, c.At, c.Why = Approved, p.UserID, now, ""
		return s.cfg.Integrity.Baseline(ctx, tx, c.Source, func(_ *integrity.Watched, b *integrity.Baseline) error {
			*b = integrity.Baseline{Approval: o.ID, Root: c.Root, Entries: c.Entries, By: p.UserID, At: now}
			return nil
		})
	})
}

var words = map[string]string{Asked: "asked for, and the host has not answered", Candidate: "waiting for approval", Failed: "not there: the host did not make it", Approved: "approved already", Refused: "refused", InForce: "in force", Untaken: "not taken by the agent"}

// Words says in words what a state is.
func Words(state string) string { return words[state] }

// accepted takes in whether an agent took its baseline.
func (s *Service) accepted(ctx context.Context, tx *sql.Tx, a ask.Asked) error {
	var r wire.AcceptResult
	if a.Refuse == "" {
		if err := json.Unmarshal(a.Result, &r); err != nil || !isRoot(r.Root) {
			return bad("result.root", "%.80q is no root", r.Root)
		}
	}
	step := "taken"
	if a.Refuse != "" {
		step = "untaken"
	}
	_, err := s.list.ChangeIn(ctx, tx, access.System(), a.Subject, 0, step, "", func(_ *sql.Tx, o *Object) error {
		c := &o.Content
		if c.Source != a.Source || c.Accept != a.ID || c.State != Approved {
			return fault.New(fault.Conflict, "%s waits for no answer", o.Ref)
		}
		if a.Refuse == "" && r.Root != c.Root {
			a.Refuse = fmt.Sprintf("it took the root %.16s…, and %.16s… was approved", r.Root, c.Root)
		}
		if a.Refuse != "" {
			c.State, c.Why = Untaken, a.Refuse
			return nil
		}
		c.State, c.Taken = InForce, s.cfg.Clock()
		return s.cfg.Integrity.Baseline(ctx, tx, c.Source, func(_ *integrity.Watched, b *integrity.Baseline) error {
			b.Accepted = c.Taken
			return nil
		})
	})
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Refuse does not take a snapshot for the one that is meant (integrity.approve).
func (s *Service) Refuse(ctx context.Context, p access.Principal, ref string, base int64, reason string) (*Object, error) {
	if err := access.Authorise(p, access.IntegrityApprove); err != nil {
		return nil, err
	}
	reason, err := journal.Text("reason", reason, "why it is refused", true, 2000)
	if err != nil {
		return nil, err
	}
	return s.list.Change(ctx, p, ref, base, "refused", reason, func(tx *sql.Tx, o *Object) error {
		if o.Content.State != Candidate {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, words[o.Content.State])
		}
		o.Content.State = Refused
		return s.cfg.Integrity.Baseline(ctx, tx, o.Content.Source, func(_ *integrity.Watched, b *integrity.Baseline) error {
			if b.Candidate == o.Content.Root {
				b.Candidate, b.CandidateN, b.Made = "", 0, time.Time{}
			}
			return nil
		})
	})
}

// Hold gives a baseline within a transaction, for what is done to many.
func (s *Service) Hold(ctx context.Context, tx *sql.Tx, ref string) (*Object, error) {
	o, err := s.list.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	list, err := s.list.ListIn(ctx, tx, journal.Filter{Topic: o.Content.Source})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].ID == o.ID {
			return &list[i], nil
		}
	}
	return o, nil
}

// Filter chooses baselines.
type Filter struct {
	State string
	Host  string // hst_… or src_…
	Below int64  // cursor
	Limit int
}

// List gives baselines, newest first (integrity.read).
func (s *Service) List(ctx context.Context, p access.Principal, f Filter) ([]Object, int64, error) {
	if err := access.Authorise(p, access.IntegrityRead); err != nil {
		return nil, 0, err
	}
	j := journal.Filter{Below: f.Below, Limit: min(max(f.Limit, 1), 1000)}
	if f.State != "" {
		j.States = []string{f.State}
	}
	if f.Host != "" {
		h, err := s.cfg.Integrity.Host(ctx, p, f.Host)
		if err != nil {
			return nil, 0, err
		}
		j.Topic = h.Source
	}
	return s.list.List(ctx, j)
}

// Count gives how many there are by state (integrity.read).
func (s *Service) Count(ctx context.Context, p access.Principal) (map[string]int64, error) {
	if err := access.Authorise(p, access.IntegrityRead); err != nil {
		return nil, err
	}
	return s.list.Count(ctx)
}

// Detail is a baseline with what differs from the one that was in force.
type Detail struct {
	Object
	Differs integrity.Since `json:"differs" doc:"What changed on the host since the baseline that was in force, by verdict."`
}

// Get gives one with its history (integrity.read).
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Detail, error) {
	if err := access.Authorise(p, access.IntegrityRead); err != nil {
		return nil, err
	}
	o, err := s.list.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	d := &Detail{Object: *o}
	d.Differs, err = s.cfg.Integrity.Since(ctx, p, o.Content.Source, o.Content.Since)
	return d, err
}

func bad(field, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}
