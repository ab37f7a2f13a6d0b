package finding

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

const maxNote = 2000 // bytes

// Acknowledge says that somebody has taken a finding on (finding.acknowledge).
// Kind Conflict when it is acknowledged already or closed. The note may be empty.
func (s *Service) Acknowledge(ctx context.Context, p access.Principal, id, note string) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.AcknowledgeIn(ctx, tx, p, id, note)
		return err
	})
}

// AcknowledgeIn is Acknowledge in the caller's transaction.
func (s *Service) AcknowledgeIn(ctx context.Context, tx *sql.Tx, p access.Principal, id, note string) (Event, error) {
	return s.act(ctx, tx, p, access.FindingAcknowledge, id, note, func(f *Finding, now time.Time) (Kind, error) {
		switch {
		case f.Waiver != "":
			return "", fault.New(fault.Conflict, "%s is waived until %s: there is nothing to take on before", f.Ref(), f.WaivedUntil.Format(time.DateOnly))
		case !f.AcknowledgedAt.IsZero():
			return "", fault.New(fault.Conflict, "%s is acknowledged already", f.Ref())
		}
		f.AcknowledgedAt, f.AcknowledgedBy = now, p.UserID
		if f.State == Open {
			f.State = Acknowledged
		}
		return WasAcknowledged, nil
	})
}

// Release says that nobody has taken a finding on after all
// (finding.acknowledge): whoever did may, and whoever may assign findings. Kind
// Conflict when nobody has.
func (s *Service) Release(ctx context.Context, p access.Principal, id, note string) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.ReleaseIn(ctx, tx, p, id, note)
		return err
	})
}

// ReleaseIn is Release in the caller's transaction.
func (s *Service) ReleaseIn(ctx context.Context, tx *sql.Tx, p access.Principal, id, note string) (Event, error) {
	return s.act(ctx, tx, p, access.FindingAcknowledge, id, note, func(f *Finding, _ time.Time) (Kind, error) {
		if f.AcknowledgedAt.IsZero() {
			return "", fault.New(fault.Conflict, "nobody has taken %s on", f.Ref())
		}
		if f.AcknowledgedBy != p.UserID {
			if err := access.Authorise(p, access.FindingAssign); err != nil {
				return "", fault.Wrap(fault.Forbidden, err, "somebody else took %s on", f.Ref()).WithHint("they say so themselves, or whoever may assign findings does")
			}
		}
		f.AcknowledgedAt, f.AcknowledgedBy = time.Time{}, ""
		if f.State == Acknowledged {
			f.State = Open
		}
		return Released, nil
	})
}

// Assign names who is to mend a finding (finding.assign): the login, mail
// address or id of a user who may take findings on; "" for nobody. It moves no
// clock. Kind Conflict when it is closed, or it is theirs already.
func (s *Service) Assign(ctx context.Context, p access.Principal, id, owner, note string) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.AssignIn(ctx, tx, p, id, owner, note)
		return err
	})
}

// AssignIn is Assign in the caller's transaction.
func (s *Service) AssignIn(ctx context.Context, tx *sql.Tx, p access.Principal, id, owner, note string) (Event, error) {
	return s.act(ctx, tx, p, access.FindingAssign, id, note, func(f *Finding, _ time.Time) (Kind, error) {
		to := ""
		if strings.TrimSpace(owner) != "" {
			u, err := access.WhoMay(ctx, tx, owner, access.FindingAcknowledge)
			if err != nil {
				return "", err
			}
			to = u.ID
		}
		switch {
		case f.Owner == to && to == "":
			return "", fault.New(fault.Conflict, "%s is nobody's already", f.Ref())
		case f.Owner == to:
			return "", fault.New(fault.Conflict, "%s is theirs already", f.Ref())
		}
		f.Owner = to
		return Assigned, nil
	})
}

// act lets a person do something to a finding that is not closed.
func (s *Service) act(ctx context.Context, tx *sql.Tx, p access.Principal, action access.Action, id, note string, rule func(f *Finding, now time.Time) (Kind, error)) (Event, error) {
	if err := access.Authorise(p, action); err != nil {
		return Event{}, err
	}
	note = strings.TrimSpace(note)
	if len(note) > maxNote || !utf8.ValidString(note) {
		return Event{}, fault.New(fault.Invalid, "a note is text of at most %d bytes", maxNote).At("", 0, "note")
	}
	f, err := lockFinding(ctx, tx, id)
	if err != nil {
		return Event{}, err
	}
	if f.State == Closed {
		return Event{}, fault.New(fault.Conflict, "%s is closed: a pass was observed", f.Ref())
	}
	now, from := s.cfg.Clock(), f.State
	kind, err := rule(&f, now)
	if err != nil {
		return Event{}, err
	}
	return s.record(ctx, tx, &f, Event{Kind: kind, From: from, To: f.State, ValidAt: now, Actor: p.UserID, Reason: f.Reason, Note: note}, "findings")
}

// Hold gives a finding that nobody else changes until the transaction ends.
func (s *Service) Hold(ctx context.Context, tx *sql.Tx, ref string) (Finding, error) {
	return lockFinding(ctx, tx, ref)
}

// Version is another after every change of the finding.
func (f Finding) Version() string {
	raw, err := json.Marshal(f)
	if err != nil {
		panic("finding: " + err.Error()) // plain fields only
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}
