package review

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// MaxGrants is how many roles a list holds at most.
const MaxGrants = 100_000

// Listed is a list of the accounts of a system that nothing reads.
type Listed struct {
	ID      string    `json:"id"`    // lup_…
	Place   string    `json:"place"` // lst_… of the system
	Name    string    `json:"name"`
	Owner   string    `json:"owner,omitempty"` // usr_…
	Taken   time.Time `json:"taken"`           // when it was taken from the system
	Roles   int       `json:"roles"`
	LeftOut int       `json:"left_out"` // accounts that let nobody in
	Digest  string    `json:"sha256"`   // of the file
	Made    Made      `json:"made"`

	content, contentDigest string
}

// Brought is a list as it comes in.
type Brought struct {
	System string    // what the system is called
	Owner  string    // who owns it: a login, address or usr_…; empty: nobody is said
	Taken  time.Time // zero: now
	File   []byte    // as it was brought
	Grants []Grant
	Closed int // accounts that let nobody in, which are no grants
}

// BringList keeps a list of the accounts of a system (review.manage).
func (s *Service) BringList(ctx context.Context, p access.Principal, b Brought) (*Listed, error) {
	if err := access.Authorise(p, access.ReviewManage); err != nil {
		return nil, err
	}
	if p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a person brings a list of accounts, not the program")
	}
	if err := line(&b.System, "system", "what the system is called", 2, 80); err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	if b.Taken.IsZero() {
		b.Taken = now
	}
	switch {
	case b.Taken.After(now):
		return nil, bad("taken", "the list was taken in the future")
	case len(b.Grants) == 0 && b.Closed == 0:
		return nil, bad("file", "the list holds no account")
	case len(b.Grants) > MaxGrants:
		return nil, bad("file", "the list holds %d roles; at most %d are read", len(b.Grants), MaxGrants)
	}
	raw, err := json.Marshal(b.Grants)
	if err != nil {
		return nil, fmt.Errorf("encode a list of accounts: %w", err)
	}
	sum := sha256.Sum256(b.File)
	l := &Listed{Name: b.System, Taken: b.Taken.UTC(), Roles: len(b.Grants), LeftOut: b.Closed, Digest: hex.EncodeToString(sum[:]), content: string(raw), contentDigest: textDigest(string(raw)), Made: Made{At: now, By: p.UserID, Index: -1}}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if strings.TrimSpace(b.Owner) != "" {
			u, err := access.WhoMay(ctx, tx, strings.TrimSpace(b.Owner), access.ReviewDecide)
			if err != nil {
				return err
			}
			l.Owner = u.ID
		}
		have, err := lists(ctx, tx, false)
		if err != nil {
			return err
		}
		for _, o := range have {
			if strings.EqualFold(o.Name, l.Name) {
				l.Place, l.Name = o.Place, o.Name
				if l.Owner == "" {
					l.Owner = o.Owner
				}
				if o.Digest == l.Digest && o.Taken.Equal(l.Taken) {
					return fault.New(fault.Conflict, "this very list was brought already")
				}
			}
		}
		if l.Place == "" {
			l.Place = ids.New("lst", now)
		}
		l.ID = ids.New("lup", now)
		if l.Made.Entry, err = s.append(ctx, tx, p, "listed", l.ID, listData(l), nil); err != nil {
			return err
		}
		return insertList(ctx, tx, l)
	})
	return l, err
}

func listData(l *Listed) map[string]any {
	return map[string]any{"place": l.Place, "taken": l.Taken, "roles": l.Roles, "left_out": l.LeftOut, "digest": l.Digest, "content_digest": l.contentDigest}
}

func textDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Lists gives the lists that were brought, newest first (review.read).
func (s *Service) Lists(ctx context.Context, p access.Principal) ([]Listed, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	return lists(ctx, s.cfg.DB.Reader(), false)
}

// listParts gives the newest list of each system.
func (s *Service) listParts(ctx context.Context) ([]Part, error) {
	all, err := lists(ctx, s.cfg.DB.Reader(), false)
	if err != nil {
		return nil, err
	}
	var out []Part
	seen := map[string]bool{}
	for i := range all {
		l := &all[i]
		if seen[l.Place] {
			continue
		}
		seen[l.Place] = true
		p := Part{Place: l.Place, Part: "list", Kind: List, Name: l.Name, Owner: l.Owner, Digest: l.Digest, From: l.Taken, Until: l.Taken, LeftOut: l.LeftOut}
		if p.Grants, err = s.grants(ctx, l); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// grants gives the roles of a list, which never change.
func (s *Service) grants(ctx context.Context, l *Listed) ([]Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.lists[l.ID]; ok {
		return append([]Grant(nil), have...), nil
	}
	text, err := listContent(ctx, s.cfg.DB.Reader(), l.ID)
	if err != nil {
		return nil, err
	}
	var grants []Grant
	if err := json.Unmarshal([]byte(text), &grants); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "the list of %s cannot be read", l.Name)
	}
	if len(s.lists) > 50 {
		clear(s.lists)
	}
	s.lists[l.ID] = grants
	return append([]Grant(nil), grants...), nil
}

// Duties gives the rules of segregation of duties, those that ended last
// (review.read).
func (s *Service) Duties(ctx context.Context, p access.Principal) ([]Duty, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	return duties(ctx, s.cfg.DB.Reader())
}

// SetDuty writes a rule, or a new version of one (review.manage). It holds in
// campaigns that begin from now on.
func (s *Service) SetDuty(ctx context.Context, p access.Principal, d Duty) (Duty, error) {
	if err := access.Authorise(p, access.ReviewManage); err != nil {
		return d, err
	}
	if p.IsSystem() {
		return d, fault.New(fault.Forbidden, "a person decides which duties are kept apart, not the program")
	}
	if err := d.check(); err != nil {
		return d, err
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := duties(ctx, tx)
		if err != nil {
			return err
		}
		d.Version = 1
		last := 0
		found := d.Number == 0
		for _, o := range all {
			last = max(last, o.Number)
			if o.Number == d.Number {
				found, d.Version = true, o.Version+1
			} else if !o.Ended && !d.Ended && strings.EqualFold(o.Title, d.Title) {
				return fault.New(fault.Conflict, "%s is called that already", o.Ref()).At("", 0, "title")
			}
		}
		if !found {
			return fault.New(fault.NotFound, "there is no rule %s", d.Ref())
		}
		if d.Number == 0 {
			d.Number = last + 1
		}
		raw, err := json.Marshal(dutyContent{d.Title, d.Why, d.A, d.B, d.Ended})
		if err != nil {
			return fmt.Errorf("encode a rule: %w", err)
		}
		d.Made = Made{At: s.cfg.Clock(), By: p.UserID, Index: -1}
		if d.Made.Entry, err = s.append(ctx, tx, p, "duty", d.Ref(), map[string]any{"number": d.Number, "version": d.Version, "digest": textDigest(string(raw)), "ended": d.Ended}, nil); err != nil {
			return err
		}
		return insertDuty(ctx, tx, d, string(raw))
	})
	return d, err
}

type dutyContent struct {
	Title string `json:"title"`
	Why   string `json:"why"`
	A     Side   `json:"a"`
	B     Side   `json:"b"`
	Ended bool   `json:"ended,omitempty"`
}
