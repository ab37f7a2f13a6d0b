package component

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Said is what somebody says of components.
type Said struct {
	What    string    `json:"-"`
	Owner   string    `json:"owner,omitempty" doc:"Who answers for it: a person or a team." maxLength:"200"`
	Reason  string    `json:"reason,omitempty" doc:"Why it is needed; of a refusal why it must go; or the question, or the answer." maxLength:"2000"`
	Scope   string    `json:"scope,omitempty" doc:"Patterns of host names with spaces between: web-* db-1. Empty: every host." maxLength:"1000"`
	Expires time.Time `json:"expires,omitzero" doc:"When the approval ends; absent: never."`
	To      string    `json:"to,omitempty" doc:"Who is asked: login or id." maxLength:"200"`
	// FromFile approves a package whatever file it comes from; without it an approval
	// is one of what configured repositories bring.
	FromFile bool   `json:"from_file,omitempty" doc:"Of a package: also where it comes from a file and not from a repository."`
	Alone    string `json:"compensation,omitempty" doc:"Of one's own account or key, where nobody else may approve: what stands in for a second person." maxLength:"2000"`
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func tidyText(s string) string { return strings.Join(strings.Fields(s), " ") }

// tidy holds what was said, and brings it into form.
func (x *Said) tidy(now time.Time) error {
	x.Owner, x.Reason, x.Scope = tidyText(x.Owner), strings.TrimSpace(x.Reason), strings.Join(strings.Fields(strings.ReplaceAll(x.Scope, ",", " ")), " ")
	for _, f := range []struct {
		name, text string
		most       int
	}{{"owner", x.Owner, 200}, {"reason", x.Reason, 2000}, {"scope", x.Scope, 1000}} {
		if !utf8.ValidString(f.text) || strings.ContainsRune(f.text, 0) {
			return bad(f.name, "the text is not UTF-8")
		}
		if len(f.text) > f.most {
			return bad(f.name, "it is longer than %d bytes", f.most)
		}
	}
	need := func(field, text, words string) error {
		if len(text) < 3 {
			return bad(field, "%s", words)
		}
		return nil
	}
	switch x.What {
	case Approved:
		for _, p := range strings.Fields(x.Scope) {
			if _, err := path.Match(p, ""); err != nil {
				return bad("scope", "%q is no pattern of host names", p).WithHint("web-* or db-[12]; several have spaces between them")
			}
		}
		if x.Scope == "*" {
			x.Scope = ""
		}
		if !x.Expires.IsZero() && !x.Expires.After(now) {
			return bad("expires", "that moment has passed").WithHint("give a later day, or none")
		}
		if err := need("owner", x.Owner, "say who answers for it"); err != nil {
			return err
		}
		return need("reason", x.Reason, "say why it is needed: the auditor will ask")
	case Refused:
		return need("reason", x.Reason, "say why it must go: whoever removes it reads this")
	case Withdrawn:
		return need("reason", x.Reason, "say why it is taken back")
	case Asked:
		return need("reason", x.Reason, "write the question")
	case Answered:
		return need("reason", x.Reason, "write the answer")
	}
	return bad("what", "%q is nothing that is said of a component", x.What)
}

// accountOf gives the account that a component belongs to or serves; "" for none.
func (c *Component) accountOf() string {
	field := map[Kind]string{User: "name", SSHKey: "account", Sudo: "who", Group: "member"}[c.Kind]
	for _, p := range c.Identity {
		if p[0] == field && field != "" {
			return p[1]
		}
	}
	return ""
}

// may holds that p may say this of a component, and gives what stands in for a second
// person where it is of p's own account.
func (s *Service) may(ctx context.Context, q database.Querier, p access.Principal, c *Component, x Said) (string, error) {
	if x.What != Approved || c.accountOf() == "" {
		return "", nil
	}
	u, err := access.WhoMay(ctx, q, p.UserID, access.ComponentDecide)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(u.Login, c.accountOf()) {
		return "", nil
	}
	return access.SecondPerson(ctx, q, p, p.UserID, access.ComponentDecide, x.Alone)
}

// say adds a decision about each component; all get one entry of the ledger. none are
// kinds of which there is nothing, and which are judged from here on.
func (s *Service) say(ctx context.Context, tx *sql.Tx, p access.Principal, list []*Component, x Said, none ...Kind) (entry string, err error) {
	now := s.cfg.Clock().UTC().Truncate(time.Microsecond)
	all := make([]Decision, 0, len(list))
	for _, c := range list {
		d := Decision{ID: ids.New("cpd", now), Component: c.ID, At: now, What: x.What, By: p.UserID, Owner: x.Owner, Reason: x.Reason, Scope: x.Scope, Expires: x.Expires.UTC().Truncate(time.Microsecond), To: x.To, FromFile: x.FromFile && x.What == Approved && c.Kind == Package}
		if x.Expires.IsZero() {
			d.Expires = time.Time{}
		}
		if d.Alone, err = s.may(ctx, tx, p, c, x); err != nil {
			return "", err
		}
		before, err := decisionsOf(ctx, tx, c.ID)
		if err != nil {
			return "", err
		}
		st := stand(before)
		switch {
		case x.What == Withdrawn && len(st.Approvals) == 0 && st.Refused == nil:
			return "", fault.New(fault.Conflict, "nobody approved or refused %s", c.Name)
		case x.What == Refused && (c.State == Gone || c.State == Left):
			return "", fault.New(fault.Conflict, "%s is nowhere any more", c.Name)
		case x.What == Answered && st.Question == nil:
			return "", fault.New(fault.Conflict, "no question about %s is open", c.Name)
		}
		d.Seq = int64(len(before)) + 1
		all = append(all, d)
	}
	digest, err := decisionDigest(all)
	if err != nil {
		return "", err
	}
	e := ledger.Entry{Type: "components." + x.What, Stream: "components", Actor: p.UserID, Subject: "components", Data: map[string]any{"count": int64(len(all)), "digest": digest}}
	if len(all) > 0 {
		e.Subject = all[0].Component
	}
	if len(none) > 0 {
		names := make([]string, len(none))
		for i, k := range none {
			names[i] = string(k)
		}
		e.Data["none_of"] = strings.Join(names, " ")
	}
	if entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return "", err
	}
	for _, k := range none {
		if _, err := putBaseline(ctx, tx, k, now, p.UserID, entry); err != nil {
			return "", err
		}
	}
	first := map[Kind]bool{}
	for i, d := range all {
		d.Entry = entry
		if err := insertDecision(ctx, tx, d); err != nil {
			return "", err
		}
		if x.What == Approved && !first[list[i].Kind] {
			first[list[i].Kind] = true
			fresh, err := putBaseline(ctx, tx, list[i].Kind, now, p.UserID, entry)
			if err != nil {
				return "", err
			}
			if fresh {
				if err := stirKind(ctx, tx, list[i].Kind); err != nil {
					return "", err
				}
			}
		}
	}
	return entry, stirMachines(ctx, tx, components(all))
}

func components(all []Decision) (out []string) {
	for _, d := range all {
		out = append(out, d.Component)
	}
	return out
}

// decisionDigest commits to what was decided, whatever the order.
func decisionDigest(all []Decision) (string, error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Decision) int { return strings.Compare(a.Component, b.Component) })
	h := sha256.New()
	for _, d := range all {
		said := []any{d.ID, d.Component, micros(d.At), d.Seq, d.What, d.By, d.Owner, d.Reason, d.Scope, micros(d.Expires), d.To, d.Alone}
		if d.FromFile {
			said = append(said, "from file")
		}
		raw, err := json.Marshal(said)
		if err != nil {
			return "", err
		}
		h.Write(append(raw, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Hold gives a component, which nobody else changes until the transaction ends.
func (s *Service) Hold(ctx context.Context, tx *sql.Tx, id string) (*Component, error) {
	return lock(ctx, tx, id)
}

// SayIn says something of one component in the caller's transaction (component.decide;
// an answer component.answer), and gives the entry. Settle follows the commit.
func (s *Service) SayIn(ctx context.Context, tx *sql.Tx, p access.Principal, id string, x Said) (string, error) {
	if err := s.admit(ctx, tx, p, &x); err != nil {
		return "", err
	}
	c, err := lock(ctx, tx, id)
	if err != nil {
		return "", err
	}
	return s.say(ctx, tx, p, []*Component{c}, x)
}

// admit holds who says something, and what.
func (s *Service) admit(ctx context.Context, q database.Querier, p access.Principal, x *Said) error {
	if x.What == Answered {
		if err := access.Authorise(p, access.ComponentAnswer); err != nil {
			return err
		}
		if p.IsSystem() {
			return fault.New(fault.Forbidden, "a named person answers")
		}
	} else if err := edit(p); err != nil {
		return err
	}
	if x.What == Approved || x.What == Refused {
		if err := access.Proved(p, access.ComponentDecide); err != nil {
			return err
		}
	}
	if err := x.tidy(s.cfg.Clock()); err != nil {
		return err
	}
	if x.What != Asked {
		x.To = ""
		return nil
	}
	u, err := access.WhoMay(ctx, q, x.To, access.ComponentAnswer)
	if err != nil {
		if f := fault.KindOf(err); f == fault.NotFound || f == fault.Invalid {
			return bad("to", "choose who is asked")
		}
		return err
	}
	x.To = u.ID
	return nil
}

// Say says something of some components, of all or of none (component.decide; an
// answer component.answer).
func (s *Service) Say(ctx context.Context, p access.Principal, ids []string, x Said) error {
	if len(ids) == 0 {
		return bad("components", "no component is chosen")
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.admit(ctx, tx, p, &x); err != nil {
			return err
		}
		list := make([]*Component, 0, len(ids))
		for _, id := range ids {
			c, err := lock(ctx, tx, id)
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		if _, err := s.say(ctx, tx, p, list, x); err != nil {
			return err
		}
		_, err := s.settle(ctx, tx, perTx)
		return err
	})
	if err != nil {
		return err
	}
	s.cfg.Ledger.Wake()
	return s.Settle(ctx)
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	out := []ledger.Binding{{Name: "components.found", Check: holdFound}}
	for _, what := range []string{Approved, Refused, Withdrawn, Asked, Answered} {
		out = append(out, ledger.Binding{Name: "components." + what, Check: holdDecisions})
	}
	return out
}

func changedOutside(rec ledger.Record, what string) error {
	return fault.New(fault.Refused, "ledger record %s (%s): %s", rec.ID, rec.Type, what).
		WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
}

// holdDecisions is kind Refused where what somebody decided is gone or says something
// else.
func holdDecisions(ctx context.Context, q database.Querier, rec ledger.Record) error {
	list, err := decisionsOfEntry(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	digest, err := decisionDigest(list)
	if err != nil {
		return err
	}
	if n, _ := rec.Data["count"].(int64); int(n) != len(list) || rec.Data["digest"] != digest {
		return changedOutside(rec, "what was decided says something else")
	}
	for _, d := range list {
		if "components."+d.What != rec.Type || d.By != rec.Actor {
			return changedOutside(rec, "somebody else decided something else")
		}
	}
	return nil
}

// Hears holds whether p may say something, without saying it.
func (s *Service) Hears(ctx context.Context, q database.Querier, p access.Principal, x Said) error {
	return s.admit(ctx, q, p, &x)
}

// Version is another after every decision about a component.
func (s *Service) Version(ctx context.Context, q database.Querier, id string) (string, error) {
	n, err := lastSeq(ctx, q, id)
	return strconv.FormatInt(n, 10), err
}

// Wake has what is due settled soon, after a commit.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run settles what is due whenever somebody wakes it, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		}
		if err := s.Settle(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Logger.Warn("what becomes of components could not be derived; it is tried again within half a minute", "error", err)
		}
	}
}
