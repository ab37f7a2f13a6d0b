package review

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Said is a decision on an item.
type Said struct {
	Decision     string `json:"decision" enum:"keep,revoke,change"`
	To           string `json:"to,omitempty" doc:"With change: the role instead." maxLength:"200"`
	Reason       string `json:"reason,omitempty" doc:"Asked for to revoke, to change, and to keep what is flagged." maxLength:"1000"`
	Compensation string `json:"compensation,omitempty" doc:"Where nobody else could decide: what stands in for a second person." maxLength:"1000"`
}

func prose(s *string, field, what string, must bool) error {
	*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	switch n := utf8.RuneCountInString(*s); {
	case !utf8.ValidString(*s):
		return bad(field, "the text is not UTF-8")
	case n == 0 && must:
		return bad(field, "say %s", what)
	case n > 0 && n < 3:
		return bad(field, "%s is too short", what)
	case n > 1000:
		return bad(field, "%s has %d letters; at most 1000 are kept", what, n)
	}
	return nil
}

// Decide decides on one item (review.decide).
func (s *Service) Decide(ctx context.Context, p access.Principal, ref string, d Said) (*Item, error) {
	var out *Item
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err := s.Hold(ctx, tx, ref)
		if err != nil {
			return err
		}
		if _, err := s.DecideIn(ctx, tx, p, x.ID, d); err != nil {
			return err
		}
		out, err = itemByRef(ctx, tx, x.ID)
		return err
	})
	return out, err
}

// Hold gives an item that nobody else changes until the transaction ends.
func (s *Service) Hold(ctx context.Context, tx *sql.Tx, ref string) (*Item, error) {
	return holdItem(ctx, tx, ref)
}

// Version is another after every change of the item.
func (i *Item) Version() string { return fmt.Sprint(i.events) }

// running gives the campaign of an item while it runs.
func running(ctx context.Context, tx *sql.Tx, x *Item) (*Campaign, error) {
	c, err := campaignByRef(ctx, tx, fmt.Sprint(x.Campaign))
	if err != nil {
		return nil, err
	}
	if c.State != Running {
		return nil, fault.New(fault.Conflict, "%s is %s: nothing of it is decided any more", c.Ref(), c.State)
	}
	return c, nil
}

// DecideIn is Decide in the caller's transaction; it gives the ledger entry.
func (s *Service) DecideIn(ctx context.Context, tx *sql.Tx, p access.Principal, id string, d Said) (string, error) {
	if err := access.Authorise(p, access.ReviewDecide); err != nil {
		return "", err
	}
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a person decides on access, not the program")
	}
	x, err := itemByRef(ctx, tx, id)
	if err != nil {
		return "", err
	}
	c, err := running(ctx, tx, x)
	if err != nil {
		return "", err
	}
	if !slices.Contains(Decisions(), d.Decision) {
		return "", bad("decision", "%q is no decision on access", d.Decision).WithHint("keep, revoke or change")
	}
	must, what := d.Decision != Keep || x.Asks(), "why"
	if d.Decision == Keep && must {
		var flags []string
		for _, f := range x.Flags {
			if needsReason(f) {
				flags = append(flags, FlagWords(f))
			}
		}
		what = "why it stays although it is flagged: " + strings.Join(flags, ", ")
	}
	if err := prose(&d.Reason, "reason", what, must); err != nil {
		return "", err
	}
	if d.Decision == Change {
		if err := line(&d.To, "to", "the role instead", 1, 200); err != nil {
			return "", err
		}
		if d.To == x.Role {
			return "", bad("to", "that is the role that it is")
		}
	} else {
		d.To = ""
	}
	compensation, err := s.second(ctx, tx, p, c, x, d.Compensation)
	if err != nil {
		return "", err
	}
	if compensation == "" && x.Reviewer != p.UserID {
		return "", fault.New(fault.Forbidden, "%s is reviewed by somebody else", x.Ref()).WithHint("whoever manages the review can give it to you")
	}
	if x.Decision == d.Decision && x.Reason == d.Reason && (d.Decision != Change) {
		return "", fault.New(fault.Conflict, "%s is decided so already", x.Ref())
	}
	now := s.cfg.Clock()
	e := Event{Kind: "decided", Decision: d.Decision, Value: d.To, Reason: d.Reason, Compensation: compensation, Made: Made{At: now, By: p.UserID}}
	if err := s.record(ctx, tx, p, x, &e); err != nil {
		return "", err
	}
	x.Decision, x.DecidedAt, x.DecidedBy, x.Reason = d.Decision, now, p.UserID, d.Reason
	if err := updateItem(ctx, tx, x, x.Request); err != nil {
		return "", err
	}
	if d.Decision == Keep {
		return e.Made.Entry, closeRevocation(ctx, tx, x.ID)
	}
	return e.Made.Entry, openRevocation(ctx, tx, x.ID, now, now.Add(time.Duration(c.Set.Days)*24*time.Hour))
}

// second refuses whoever holds or granted the access, while anybody else could
// decide; else it gives what stands in for a second person.
func (s *Service) second(ctx context.Context, tx *sql.Tx, p access.Principal, c *Campaign, x *Item, text string) (string, error) {
	var own string
	switch p.UserID {
	case x.Holder:
		own = "it is your own access: nobody reviews themselves"
	case x.GrantedBy:
		if !c.Set.OwnGrant {
			own = "you granted it yourself: somebody else reviews it"
		}
	}
	if own == "" {
		return "", nil
	}
	said, err := access.Compensate(ctx, tx, p, access.ReviewDecide, text)
	if fault.Is(err, fault.Forbidden) {
		return "", fault.New(fault.Forbidden, "%s: %s", x.Ref(), own).WithHint("whoever manages the review gives it to another reviewer")
	}
	return said, err
}

// record appends an event of an item with its entry.
func (s *Service) record(ctx context.Context, tx *sql.Tx, p access.Principal, x *Item, e *Event) error {
	e.Seq = x.events + 1
	x.events = e.Seq
	var err error
	if e.Made.Entry, err = s.append(ctx, tx, p, e.Kind, x.ID, eventData(x, e), e.personal()); err != nil {
		return err
	}
	return insertEvent(ctx, tx, x.ID, e)
}

func eventData(x *Item, e *Event) map[string]any {
	return map[string]any{"campaign": x.Campaign, "item": x.Seq, "seq": e.Seq, "decision": e.Decision, "alone": e.Compensation != ""}
}

func (e *Event) personal() map[string]string {
	return map[string]string{"value": e.Value, "reason": e.Reason, "compensation": e.Compensation}
}

// WithdrawIn takes a decision back, while the campaign runs; whoever made it does,
// or whoever manages the review. It gives the ledger entry.
func (s *Service) WithdrawIn(ctx context.Context, tx *sql.Tx, p access.Principal, id string) (string, error) {
	if err := access.Authorise(p, access.ReviewDecide); err != nil {
		return "", err
	}
	x, err := itemByRef(ctx, tx, id)
	if err != nil {
		return "", err
	}
	if _, err := running(ctx, tx, x); err != nil {
		return "", err
	}
	if x.Decision == "" {
		return "", fault.New(fault.Conflict, "%s is not decided", x.Ref())
	}
	if x.DecidedBy != p.UserID && access.Authorise(p, access.ReviewManage) != nil {
		return "", fault.New(fault.Forbidden, "somebody else decided on %s", x.Ref())
	}
	e := Event{Kind: "withdrawn", Made: Made{At: s.cfg.Clock(), By: p.UserID}}
	if err := s.record(ctx, tx, p, x, &e); err != nil {
		return "", err
	}
	x.Decision, x.DecidedAt, x.DecidedBy, x.Reason = "", time.Time{}, "", ""
	if err := updateItem(ctx, tx, x, x.Request); err != nil {
		return "", err
	}
	return e.Made.Entry, closeRevocation(ctx, tx, x.ID)
}

// Withdraw is WithdrawIn of one item (review.decide).
func (s *Service) Withdraw(ctx context.Context, p access.Principal, ref string) (*Item, error) {
	return s.one(ctx, ref, func(tx *sql.Tx, x *Item) error {
		_, err := s.WithdrawIn(ctx, tx, p, x.ID)
		return err
	})
}

func (s *Service) one(ctx context.Context, ref string, do func(tx *sql.Tx, x *Item) error) (*Item, error) {
	var out *Item
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err := s.Hold(ctx, tx, ref)
		if err != nil {
			return err
		}
		if err := do(tx, x); err != nil {
			return err
		}
		out, err = itemByRef(ctx, tx, x.ID)
		return err
	})
	return out, err
}

// AssignIn gives an item to another reviewer; it gives the ledger entry.
func (s *Service) AssignIn(ctx context.Context, tx *sql.Tx, p access.Principal, id, reviewer string) (string, error) {
	if err := access.Authorise(p, access.ReviewManage); err != nil {
		return "", err
	}
	u, err := access.WhoMay(ctx, tx, reviewer, access.ReviewDecide)
	if err != nil {
		return "", err
	}
	x, err := itemByRef(ctx, tx, id)
	if err != nil {
		return "", err
	}
	c, err := running(ctx, tx, x)
	if err != nil {
		return "", err
	}
	switch {
	case u.ID == x.Reviewer:
		return "", fault.New(fault.Conflict, "%s reviews %s already", u.Name, x.Ref())
	case x.Decision != "":
		return "", fault.New(fault.Conflict, "%s is decided already", x.Ref())
	}
	alone, err := access.Alone(ctx, tx, access.Principal{UserID: u.ID, Name: u.Name, Role: u.Role}, access.ReviewDecide)
	if err != nil {
		return "", err
	}
	if !alone && u.ID == x.Holder {
		return "", bad("owner", "%s holds %s: nobody reviews themselves", u.Name, x.Ref())
	}
	if !alone && u.ID == x.GrantedBy && !c.Set.OwnGrant {
		return "", bad("owner", "%s granted %s: somebody else reviews it", u.Name, x.Ref())
	}
	e := Event{Kind: "assigned", Value: u.ID, Made: Made{At: s.cfg.Clock(), By: p.UserID}}
	if err := s.record(ctx, tx, p, x, &e); err != nil {
		return "", err
	}
	x.Reviewer = u.ID
	return e.Made.Entry, updateItem(ctx, tx, x, x.Request)
}

// Assign is AssignIn of one item (review.manage).
func (s *Service) Assign(ctx context.Context, p access.Principal, ref, reviewer string) (*Item, error) {
	return s.one(ctx, ref, func(tx *sql.Tx, x *Item) error {
		_, err := s.AssignIn(ctx, tx, p, x.ID, reviewer)
		return err
	})
}

// Refer says which request granted an item: a ticket, a change (CH-12), an
// address (review.decide). It is carried over to the next campaign.
func (s *Service) Refer(ctx context.Context, p access.Principal, ref, request string) (*Item, error) {
	if err := access.Authorise(p, access.ReviewDecide); err != nil {
		return nil, err
	}
	if err := line(&request, "request", "which request granted it", 2, 200); err != nil {
		return nil, err
	}
	return s.one(ctx, ref, func(tx *sql.Tx, x *Item) error {
		if _, err := running(ctx, tx, x); err != nil {
			return err
		}
		if x.Request == request {
			return fault.New(fault.Conflict, "that request is there already")
		}
		e := Event{Kind: "referenced", Value: request, Made: Made{At: s.cfg.Clock(), By: p.UserID}}
		if err := s.record(ctx, tx, p, x, &e); err != nil {
			return err
		}
		return updateItem(ctx, tx, x, request)
	})
}

// Close ends a campaign of which every item is decided, and brings it as evidence
// of its control (review.manage). Where it cannot be brought, the campaign is
// closed all the same, and Bring tries again.
func (s *Service) Close(ctx context.Context, p access.Principal, ref, note string) (*Campaign, error) {
	if err := prose(&note, "note", "the note", false); err != nil {
		return nil, err
	}
	c, err := s.end(ctx, p, ref, Closed, note)
	if err != nil {
		return nil, err
	}
	if c.Evidence, err = s.bring(ctx, p, c); err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	return s.Campaign(ctx, p, c.Ref())
}

// Abandon ends a campaign before every item is decided; it is no evidence
// (review.manage).
func (s *Service) Abandon(ctx context.Context, p access.Principal, ref, why string) (*Campaign, error) {
	if err := prose(&why, "note", "why it is abandoned", true); err != nil {
		return nil, err
	}
	c, err := s.end(ctx, p, ref, Abandoned, why)
	if err != nil {
		return nil, err
	}
	return s.Campaign(ctx, p, c.Ref())
}

func (s *Service) end(ctx context.Context, p access.Principal, ref, state, note string) (*Campaign, error) {
	if err := access.Authorise(p, access.ReviewManage); err != nil {
		return nil, err
	}
	if p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a person ends a review of access, not the program")
	}
	var c *Campaign
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if c, err = holdCampaign(ctx, tx, ref); err != nil {
			return err
		}
		if c.State != Running {
			return fault.New(fault.Conflict, "%s is %s already", c.Ref(), c.State)
		}
		items, err := itemsOf(ctx, tx, c.Number)
		if err != nil {
			return err
		}
		n := map[string]int{}
		for _, x := range items {
			n[x.Decision]++
		}
		if state == Closed && n[""] > 0 {
			return fault.New(fault.Conflict, "of %d items %d are not decided", len(items), n[""]).WithHint("a review closes when every item is decided")
		}
		c.State, c.Note, c.DecisionsDigest, c.Ended = state, note, decisionsDigest(items), &Made{At: s.cfg.Clock(), By: p.UserID, Index: -1}
		c.Ended.Entry, err = s.append(ctx, tx, p, state, c.ID, map[string]any{"number": c.Number, "items": len(items), "kept": n[Keep], "revoked": n[Revoke], "changed": n[Change], "undecided": n[""],
			"decisions_digest": c.DecisionsDigest, "late": c.Late(c.Ended.At)}, map[string]string{"note": note})
		if err != nil {
			return err
		}
		return endCampaign(ctx, tx, c)
	})
	return c, err
}

// Bring brings a closed campaign as evidence of its control, where closing could
// not (review.manage).
func (s *Service) Bring(ctx context.Context, p access.Principal, ref string) (*Campaign, error) {
	if err := access.Authorise(p, access.ReviewManage); err != nil {
		return nil, err
	}
	c, err := s.campaign(ctx, s.cfg.DB.Reader(), ref)
	if err != nil {
		return nil, err
	}
	switch {
	case c.State != Closed:
		return nil, fault.New(fault.Conflict, "%s is %s; only a closed review is evidence", c.Ref(), c.State)
	case c.Evidence != "":
		return nil, fault.New(fault.Conflict, "%s was brought as %s", c.Ref(), c.Evidence)
	case s.cfg.Perform == nil || c.Set.Control == "":
		return nil, fault.New(fault.Conflict, "%s names no control that it performs", c.Ref())
	}
	if c.Evidence, err = s.bring(ctx, p, c); err != nil {
		return nil, err
	}
	if c.Evidence == "" {
		return nil, fault.New(fault.Conflict, "nothing is expected of control %s now", c.Set.Control)
	}
	return c, nil
}

func (s *Service) bring(ctx context.Context, p access.Principal, c *Campaign) (string, error) {
	if s.cfg.Perform == nil || c.Set.Control == "" {
		return "", nil
	}
	file, err := s.file(ctx, c)
	if err != nil {
		return "", err
	}
	ref, err := s.cfg.Perform(ctx, p, c, file)
	if err != nil || ref == "" {
		return "", err
	}
	return ref, setEvidence(ctx, s.cfg.DB, c.Number, ref)
}
