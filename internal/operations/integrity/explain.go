package integrity

import (
	"context"
	"database/sql"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/operations/integrity/pathstate"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// Explanation is what a person says of changes that nothing else accounts for.
type Explanation struct {
	Reason string `json:"reason" doc:"What it was, and why it is in order." minLength:"3" maxLength:"2000"`
	Ticket string `json:"change,omitempty" doc:"The change that it belongs to, CH-12. Named afterwards it authorises nothing; it only explains." maxLength:"60"`
	Alone  string `json:"compensation,omitempty" doc:"Where it is your own change and nobody else may explain: what stands in for a second person." maxLength:"1000"`
}

// Explain says what a group was (integrity.explain). Whoever made the change does not
// explain it. The verdict stays what it was; the explanation stands beside it.
func (s *Service) Explain(ctx context.Context, p access.Principal, ref string, x Explanation) (*Detail, error) {
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.ExplainIn(ctx, tx, p, ref, x)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	return s.Group(ctx, p, ref)
}

// Hears holds an explanation to its form, whatever it is said of: a reason, and a
// change that there is.
func (s *Service) Hears(ctx context.Context, x Explanation) (Explanation, error) {
	var err error
	if x.Reason, err = journal.Text("reason", x.Reason, "what it was, and why it is in order", true, 2000); err != nil {
		return x, err
	}
	if x.Ticket = strings.ToUpper(strings.TrimSpace(x.Ticket)); x.Ticket == "" {
		return x, nil
	}
	ch, err := s.cfg.Changes.Change(ctx, access.System(), x.Ticket)
	if fault.Is(err, fault.NotFound) {
		return x, bad("change", "there is no change %.60q", x.Ticket)
	}
	if err != nil {
		return x, err
	}
	x.Ticket = ch.Ref()
	return x, nil
}

// Hold gives a group that nobody else changes until the transaction ends.
func (s *Service) Hold(ctx context.Context, tx *sql.Tx, ref string) (*Group, error) {
	no, err := number(ref)
	if err != nil {
		return nil, err
	}
	g, err := groupOf(ctx, tx, no)
	if err != nil {
		return nil, err
	}
	h, _, err := lockWatched(ctx, tx, g.Source, "", s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	if g, err = groupOf(ctx, tx, no); err != nil { // as it is, now that it is held
		return nil, err
	}
	g.Host, g.HostID = h.Name, h.HostID
	return g, nil
}

// ExplainIn is Explain within the caller's transaction, and gives the entry.
func (s *Service) ExplainIn(ctx context.Context, tx *sql.Tx, p access.Principal, ref string, x Explanation) (string, error) {
	if err := access.Authorise(p, access.IntegrityExplain); err != nil {
		return "", err
	}
	x, err := s.Hears(ctx, x)
	if err != nil {
		return "", err
	}
	g, err := s.Hold(ctx, tx, ref)
	if err != nil {
		return "", err
	}
	switch {
	case g.Verdict != verdict.Unexplained:
		return "", fault.New(fault.Conflict, "%s needs no explanation: %s", g.Ref, g.Reason)
	case g.State == Explained:
		return "", fault.New(fault.Conflict, "%s was explained on %s", g.Ref, g.At.UTC().Format("2 Jan 2006"))
	}
	d := Decision{Kind: "explained", Reason: x.Reason, Ticket: x.Ticket, By: p.UserID, At: s.cfg.Clock()}
	if g.Person != "" && g.Person == p.UserID {
		if d.Alone, err = access.Compensate(ctx, tx, p, access.IntegrityExplain, x.Alone); err != nil {
			return "", err
		}
	}
	g.State, g.Decided, g.At = Explained, p.UserID, d.At
	if d, err = s.decide(ctx, tx, g, d); err != nil {
		return "", err
	}
	if err := updateGroup(ctx, tx, g); err != nil {
		return "", err
	}
	if err := s.accept(ctx, tx, g); err != nil {
		return "", err
	}
	h, _, err := s.lock(ctx, tx, g.Source, g.Host, d.At)
	if err != nil {
		return "", err
	}
	return d.Entry, s.say(ctx, tx, &h)
}

// accept takes what a group left behind for what its paths are to be.
func (s *Service) accept(ctx context.Context, tx *sql.Tx, g *Group) error {
	files, err := pathsOfGroup(ctx, tx, g.Number)
	if err != nil {
		return err
	}
	places := make([]string, len(files))
	for i, f := range files {
		places[i] = pathstate.Place(f)
	}
	known, err := pathstate.Read(ctx, tx, g.Source, places)
	if err != nil {
		return err
	}
	return known.Store(ctx, tx, g.Source, known.Accept(g.Number))
}
