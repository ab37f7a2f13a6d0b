package change

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/landing"
)

// Config wires a Service.
type Config struct {
	DB     *database.DB // required
	Ledger *ledger.Log  // required
	Sealed *sealed.Key  // required: secrets of webhooks, and the key of change tokens
	Clock  clock.Clock  // required

	Hosts   *host.Service // judges repositories by the standards in force; nil: nothing judges them
	Version string        // of this program, as the sender of their facts

	// Read reads a repository on this host; nil: none can be read.
	Read func(ctx context.Context, path, branch string, known func(sha string) landing.Known) (landing.History, error)
	// Understand checks a webhook's signature and reads it, for a forge.
	Understand func(forge string, m Message) (landing.Delivery, error)
	// Observed gives what agents saw change on hosts in [from, to), as known by
	// a size of the ledger; nil: nothing is known.
	Observed func(ctx context.Context, from, to time.Time, known int64) ([]landing.Observed, error)
}

// Message is a webhook as it came.
type Message struct {
	Header  map[string]string // lower-case names
	Body    []byte
	Secret  string
	Project string
	Now     time.Time
}

// Service keeps the register of changes.
type Service struct {
	cfg  Config
	wake chan struct{}
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg, wake: make(chan struct{}, 1)} }

// Repository is where changes come from.
type Repository struct {
	ID          string           `json:"id"`
	Slug        string           `json:"slug"`
	Settings    landing.Settings `json:"settings"`
	Digest      string           `json:"digest"`  // of the settings
	Webhook     bool             `json:"webhook"` // it has a secret for webhooks
	MadeAt      time.Time        `json:"made_at"`
	ChangedAt   time.Time        `json:"changed_at"`
	ChangedBy   string           `json:"changed_by"`
	Entry       string           `json:"entry"`
	RemovedAt   time.Time        `json:"removed_at,omitzero"`
	Head        string           `json:"head,omitempty"`
	ReadAt      time.Time        `json:"read_at,omitzero"`
	Trouble     string           `json:"trouble,omitempty"` // why it cannot be read
	DeliveredAt time.Time        `json:"delivered_at,omitzero"`
	RefusedAt   time.Time        `json:"refused_at,omitzero"`
	Refused     string           `json:"refused,omitempty"`
	DerivedAt   time.Time        `json:"derived_at,omitzero"`

	secret   []byte
	stale    bool
	turns    time.Time // when time alone makes something of it another
	observed string    // digest of the facts that were last given of it
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func place(id string) string { return "webhook of " + id }

// Repositories gives those that are followed (change.read).
func (s *Service) Repositories(ctx context.Context, p access.Principal) ([]*Repository, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	all, err := repositories(ctx, s.cfg.DB.Reader(), `WHERE removed_at = 0 AND slug <> $1`, manualSlug)
	if all == nil {
		all = []*Repository{}
	}
	return all, err
}

// Repository gives one (change.read).
func (s *Service) Repository(ctx context.Context, p access.Principal, slug string) (*Repository, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	return repository(ctx, s.cfg.DB.Reader(), slug)
}

// Connect begins to follow a repository, or changes how its changes are judged
// (repository.edit). The secret of its webhook is given once, where it has a
// forge and is new, or a new one was asked for.
func (s *Service) Connect(ctx context.Context, p access.Principal, slug string, set landing.Settings, newSecret bool) (r *Repository, secret string, err error) {
	// A directory of the server's host that is read, and a secret that is given.
	if err := access.Proved(p, access.RepositoryEdit); err != nil {
		return nil, "", err
	}
	slug = strings.TrimSpace(slug)
	if !slugPattern.MatchString(slug) || slug == manualSlug {
		return nil, "", bad("slug", "a short name is lower-case letters, digits, dots and hyphens, at most 60")
	}
	now := s.cfg.Clock()
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := repositories(ctx, tx, `WHERE slug = $1`, slug)
		if err != nil {
			return err
		}
		fresh := len(have) == 0
		if fresh {
			r = &Repository{ID: ids.New("rep", now), Slug: slug, MadeAt: now}
		} else if r = have[0]; set.Since.IsZero() {
			set.Since = r.Settings.Since
		}
		if err := set.Tidy(now); err != nil {
			return err
		}
		content, err := json.Marshal(set)
		if err != nil {
			return err
		}
		if set.Forge != "" && (newSecret || len(r.secret) == 0) {
			secret = rand.Text() + rand.Text()
			r.secret = s.cfg.Sealed.Seal(place(r.ID), secret)
		}
		if set.Forge == "" {
			r.secret = nil
		}
		r.Settings, r.Digest, r.ChangedAt, r.ChangedBy, r.RemovedAt, r.Webhook = set, digestOf(content), now, p.UserID, time.Time{}, len(r.secret) > 0
		if r.Entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "change.repository_set", Subject: r.ID, Data: map[string]any{"slug": slug, "digest": r.Digest, "new_secret": secret != "", "removed": false}}); err != nil {
			return err
		}
		if fresh {
			return insertRepository(ctx, tx, r, string(content))
		}
		return updateRepository(ctx, tx, r, string(content))
	})
	if err != nil {
		return nil, "", err
	}
	s.Wake()
	return r, secret, nil
}

// Remove stops to follow a repository (repository.edit). What is known of it
// stays.
func (s *Service) Remove(ctx context.Context, p access.Principal, slug string) error {
	if err := access.Authorise(p, access.RepositoryEdit); err != nil {
		return err
	}
	var was Repository
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := repository(ctx, tx, slug)
		if err != nil {
			return err
		}
		was = *r
		if !r.RemovedAt.IsZero() || r.Slug == manualSlug {
			return fault.New(fault.Conflict, "%s is not followed", slug)
		}
		content, err := json.Marshal(r.Settings)
		if err != nil {
			return err
		}
		r.RemovedAt, r.ChangedAt, r.ChangedBy, r.secret = s.cfg.Clock(), s.cfg.Clock(), p.UserID, nil
		if r.Entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "change.repository_set", Subject: r.ID, Data: map[string]any{"slug": r.Slug, "digest": r.Digest, "new_secret": false, "removed": true}}); err != nil {
			return err
		}
		return updateRepository(ctx, tx, r, string(content))
	})
	if err != nil {
		return err
	}
	return s.leave(ctx, p, &was)
}

func (s *Service) append(ctx context.Context, tx *sql.Tx, p access.Principal, e ledger.Entry) (string, error) {
	e.Actor, e.Stream = p.UserID, "changes"
	if p.Via == access.ViaCommand {
		e.Data["via"] = string(p.Via)
	}
	id, err := s.cfg.Ledger.Append(ctx, tx, e)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", e.Type, err)
	}
	return id, nil
}

// reading is what one reading of a repository changed.
type reading struct {
	entry, head, digest string
	at                  time.Time
	commits             int
	gone                []string // sorted
}

func (r reading) goneDigest() string { return digestOf([]byte(strings.Join(r.gone, "\n"))) }

// Read reads a repository on this host and derives its changes anew
// (repository.edit, or the program itself). What the repository no longer holds
// stays known.
func (s *Service) Read(ctx context.Context, p access.Principal, slug string) error {
	if err := access.Authorise(p, access.RepositoryEdit); err != nil {
		return err
	}
	r, err := repository(ctx, s.cfg.DB.Reader(), slug)
	if err != nil {
		return err
	}
	switch {
	case !r.RemovedAt.IsZero():
		return fault.New(fault.Conflict, "%s is not followed any more", slug)
	case r.Settings.Path == "":
		return fault.New(fault.Conflict, "%s has no directory on this host that could be read", slug).WithHint("give it one: a mirror that is fetched regularly")
	case s.cfg.Read == nil:
		return fault.New(fault.Unavailable, "repositories cannot be read here")
	}
	places, err := commitPlaces(ctx, s.cfg.DB.Reader(), r.ID)
	if err != nil {
		return err
	}
	at := s.cfg.Clock() // before looking: what comes meanwhile is read next time
	h, err := s.cfg.Read(ctx, r.Settings.Path, r.Settings.Branch, func(sha string) landing.Known {
		switch place, ok := places[sha]; {
		case !ok:
			return landing.Unknown
		case place < 0:
			return landing.Elsewhere
		}
		return landing.OnBranch
	})
	if err != nil {
		if fault.Is(err, fault.Internal) || ctx.Err() != nil {
			return err
		}
		message, _ := fault.Public(err)
		if kept := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return setRead(ctx, tx, r.ID, "", at, message, false) }); kept != nil {
			return kept
		}
		return err
	}
	if err := s.keep(ctx, p, r.ID, h, at); err != nil {
		return fmt.Errorf("keep what repository %s holds: %w", slug, err)
	}
	return s.deriveDue(ctx, r.ID)
}

// deriveDue derives a repository of which something is new, or of which time made
// something another.
func (s *Service) deriveDue(ctx context.Context, id string) error {
	r, err := repository(ctx, s.cfg.DB.Reader(), id)
	if err != nil || !r.stale && !r.DerivedAt.IsZero() && (r.turns.IsZero() || r.turns.After(s.cfg.Clock())) {
		return err
	}
	return s.Derive(ctx, id)
}

// keep stores a reading: new commits, their places, and what is gone.
func (s *Service) keep(ctx context.Context, p access.Principal, id string, h landing.History, at time.Time) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := lockRepository(ctx, tx, id); err != nil {
			return err
		}
		r, err := repository(ctx, tx, id)
		if err != nil {
			return err
		}
		places, err := commitPlaces(ctx, tx, id)
		if err != nil {
			return err
		}
		line := make(map[string]int, len(h.Line))
		moved := 0
		for i, sha := range h.Line {
			line[sha] = i
			if was, ok := places[sha]; !ok || was != i {
				moved++
			}
		}
		out := reading{head: h.Head, at: at}
		var added []string
		for _, c := range h.Commits {
			if _, ok := places[c.SHA]; !ok {
				added = append(added, c.SHA)
			}
		}
		for sha, was := range places {
			if _, on := line[sha]; was >= 0 && !on {
				out.gone = append(out.gone, sha)
			}
		}
		slices.Sort(added)
		slices.Sort(out.gone)
		out.commits, out.digest = len(added), digestOf([]byte(strings.Join(added, "\n")))
		if len(added) == 0 && len(out.gone) == 0 && moved == 0 {
			return setRead(ctx, tx, id, h.Head, at, "", r.stale)
		}
		out.entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "change.read", Subject: id, Outcome: "read", Data: map[string]any{"head": h.Head, "commits": out.commits, "digest": out.digest,
			"gone": len(out.gone), "gone_digest": out.goneDigest()}})
		if err != nil {
			return err
		}
		for _, c := range h.Commits {
			if _, ok := places[c.SHA]; ok {
				continue
			}
			c.Place, c.SeenAt, c.AfterAt = -1, at, r.ReadAt
			if i, on := line[c.SHA]; on {
				c.Place, c.Paths = i, h.Paths[c.SHA]
			}
			if err := insertCommit(ctx, tx, id, c, out.entry); err != nil {
				return err
			}
		}
		for sha, i := range line {
			was, ok := places[sha]
			switch {
			case !ok || was == i:
			case was < 0:
				err = arrive(ctx, tx, id, sha, i, at, r.ReadAt, h.Paths[sha])
			default:
				err = placeCommit(ctx, tx, id, sha, i, time.Time{})
			}
			if err != nil {
				return err
			}
		}
		for _, sha := range out.gone {
			if err := placeCommit(ctx, tx, id, sha, -1, at); err != nil {
				return err
			}
		}
		if err := insertReading(ctx, tx, id, out); err != nil {
			return err
		}
		return setRead(ctx, tx, id, h.Head, at, "", true)
	})
}

// Deliver takes a webhook's message for a repository. It is refused, with the
// reason kept, where the signature does not hold, and taken once.
func (s *Service) Deliver(ctx context.Context, slug string, m Message) error {
	all, err := repositories(ctx, s.cfg.DB.Reader(), `WHERE slug = $1 AND removed_at = 0`, slug)
	if err != nil {
		return err
	}
	// Whoever guesses names learns nothing: no such repository and a wrong
	// signature are the same.
	refused := fault.New(fault.Forbidden, "the delivery was not signed with this repository's secret")
	if len(all) == 0 || len(all[0].secret) == 0 || s.cfg.Understand == nil {
		return refused
	}
	r := all[0]
	if m.Secret, err = s.cfg.Sealed.Unseal(place(r.ID), r.secret); err != nil {
		return err
	}
	m.Now, m.Project = s.cfg.Clock(), r.Settings.Project
	d, err := s.cfg.Understand(r.Settings.Forge, m)
	if err == nil && (d.ID == "" || len(d.ID) > 200) {
		err = fault.New(fault.Invalid, "the delivery has no id")
	}
	if err != nil {
		message, _ := fault.Public(err)
		if kept := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return setRefused(ctx, tx, r.ID, m.Now, message) }); kept != nil {
			return kept
		}
		if fault.Is(err, fault.Forbidden) {
			return refused
		}
		return err
	}
	system := access.System()
	return s.take(ctx, system, r, d, digestOf(m.Body))
}

// take stores the events of a delivery, once.
func (s *Service) take(ctx context.Context, p access.Principal, r *Repository, d landing.Delivery, body string) error {
	now := s.cfg.Clock()
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if had, err := delivered(ctx, tx, r.ID, d.ID); err != nil {
			return err
		} else if had {
			return fault.New(fault.Conflict, "the delivery %s was taken already", d.ID)
		}
		if err := setDelivered(ctx, tx, r.ID, now); err != nil {
			return err
		}
		if len(d.Events) == 0 {
			d.Events = []landing.Event{{Kind: landing.Other, At: now, Source: r.Settings.Forge}}
		}
		return s.store(ctx, tx, p, r, d, body)
	})
	if err == nil {
		s.Wake()
	}
	return err
}

// store writes events and the entry that commits to them.
func (s *Service) store(ctx context.Context, tx *sql.Tx, p access.Principal, r *Repository, d landing.Delivery, body string) error {
	now := s.cfg.Clock()
	contents := make([]string, len(d.Events))
	h := sha256.New()
	for i := range d.Events {
		e := &d.Events[i]
		if e.ID == "" {
			e.ID = ids.New("cev", now)
		}
		e.Received = now
		// A sender's clock may not place what it tells in the future.
		if e.At.IsZero() || e.At.After(now) {
			e.At = now
		}
		e.At = e.At.UTC().Truncate(time.Microsecond)
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		contents[i] = string(raw)
		h.Write([]byte(digestOf(raw)))
	}
	data := map[string]any{"delivery": digestOf([]byte(d.ID)), "events": len(d.Events), "digest": hex.EncodeToString(h.Sum(nil))}
	if body != "" {
		data["body"] = body
	}
	entry, err := s.append(ctx, tx, p, ledger.Entry{Type: "change.told", Subject: r.ID, Data: data})
	if err != nil {
		return err
	}
	for i, e := range d.Events {
		if err := insertEvent(ctx, tx, r.ID, d.ID, i, e, contents[i], digestOf([]byte(contents[i])), p.UserID, entry); err != nil {
			return err
		}
	}
	return nil
}

// Wake has Follow derive what is stale.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Follow derives repositories of which something new came, and says each minute
// of the others that nothing did, until ctx ends.
func (s *Service) Follow(ctx context.Context, failed func(slug string, err error)) error {
	for {
		all, err := repositories(ctx, s.cfg.DB.Reader(), `WHERE stale = 1`)
		if err != nil && ctx.Err() == nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
		for _, r := range all {
			if err := s.Derive(ctx, r.ID); err != nil && ctx.Err() == nil {
				failed(r.Slug, err)
			}
		}
		if err := s.Beat(ctx); err != nil && ctx.Err() == nil {
			failed("", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
			time.Sleep(200 * time.Millisecond) // events of one merge come together
		case <-time.After(time.Minute):
		}
	}
}

// ReadAll reads every repository that can be read, and derives those where time
// alone decides: an emergency whose review is due. A job calls it. One that
// fails says so in its row and stops no other.
func (s *Service) ReadAll(ctx context.Context) error {
	all, err := repositories(ctx, s.cfg.DB.Reader(), `WHERE removed_at = 0`)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Settings.Path == "" || r.Slug == manualSlug {
			err = s.deriveDue(ctx, r.ID)
		} else {
			err = s.Read(ctx, access.System(), r.Slug)
		}
		if err != nil && (ctx.Err() != nil || fault.Is(err, fault.Internal)) {
			return fmt.Errorf("read repository %s: %w", r.Slug, err)
		}
	}
	return nil
}

var slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,59}$`)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}
