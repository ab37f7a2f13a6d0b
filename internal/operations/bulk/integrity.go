package bulk

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// integrityKinds are what is said of many groups of changed files, and of many
// snapshots of hosts.
func (s *Service) integrityKinds() (all []Kind) {
	if s.cfg.Integrity != nil {
		all = append(all, Kind{Name: "integrity.explain", List: "integrity", Title: "Explain them", Button: "Explain", Action: access.IntegrityExplain, Before: true,
			Asks: []Ask{{Name: "reason", Label: "What were they, and why are they in order?", Type: "long", Must: true, Hint: "It stands with each; an auditor reads it."},
				{Name: "change", Label: "Change that they belong to", Hint: "CH-12. Named afterwards it authorises nothing; it only explains. May be empty."},
				{Name: "compensation", Label: "What stands in for a second person?", Type: "long", Hint: "Only where some of them are your own and nobody else may explain; otherwise leave it empty."}},
			Note: "Each verdict stays what it is; your words stand beside it, with your name. What the files are now is then what they are to be. What you changed yourself stays for somebody else. It is not undone: what was a mistake is changed back on the host.",
			do:   s.explaining()})
	}
	if s.cfg.Baselines != nil {
		all = append(all, Kind{Name: "baselines.approve", List: "baselines", Title: "Approve them", Button: "Approve and sign", Action: access.IntegrityApprove, Proof: true, Before: true,
			Asks: []Ask{{Name: "reason", Label: "Why are these states the ones that are meant?", Type: "long", Must: true, Hint: "It is signed with each; an auditor reads it."}},
			Note: "You say of each host that all its files are as they are meant to be. Each is signed with your name, and its agent is asked to compare with it. It is not undone: a later snapshot takes its place.",
			do:   s.approving()})
	}
	return all
}

func (s *Service) explaining() deeds {
	said := func(a act) integrity.Explanation {
		return integrity.Explanation{Reason: a.params["reason"], Ticket: a.params["change"], Alone: a.params["compensation"]}
	}
	return deeds{params: func(ctx context.Context, _ *sql.Tx, a act) error {
		x, err := s.cfg.Integrity.Hears(ctx, said(a))
		if x.Ticket != "" {
			a.params["change"] = x.Ticket
		}
		return err
	}, look: func(ctx context.Context, tx *sql.Tx, a act, item string) (look, error) {
		g, err := s.cfg.Integrity.Hold(ctx, tx, item)
		if err != nil {
			return look{}, err
		}
		version, err := digestOf([]any{g.State, g.Count, g.UndoneN, g.Last.UnixMicro(), g.Decided})
		l := look{item: g.Ref, name: g.Ref, about: aboutGroup(g), version: version, changes: []Change{{"State", string(g.State), string(integrity.Explained)}}}
		if g.State == integrity.Undone {
			l.no = fault.New(fault.Conflict, "%s was undone, and needs no explanation", g.Ref)
		}
		return l, err
	}, do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
		return s.cfg.Integrity.ExplainIn(ctx, tx, a.who, item, said(a))
	}}
}

// aboutGroup says what changed, where, and who did it as far as that is known.
func aboutGroup(g *integrity.Group) string {
	var b strings.Builder
	switch n := g.Count - 1; {
	case len(g.Paths) == 0:
		fmt.Fprintf(&b, "%d changes", g.Count)
	case n == 1:
		b.WriteString(g.Paths[0] + " and 1 other change")
	case n > 1:
		fmt.Fprintf(&b, "%s and %d other changes", g.Paths[0], n)
	default:
		b.WriteString(g.Paths[0])
	}
	b.WriteString(" on " + g.Host)
	who := g.Login
	if who == "" {
		who = g.User
	}
	if g.Program != "" {
		who = strings.TrimSpace(who + " with " + path.Base(g.Program))
	}
	if who == "" {
		who = "nobody knows whom"
	}
	b.WriteString(", by " + strings.TrimPrefix(who, "with "))
	if g.Exceeded {
		b.WriteString(", beyond a token's limits")
	}
	return b.String()
}

func (s *Service) approving() deeds {
	return deeds{params: func(_ context.Context, _ *sql.Tx, a act) error {
		_, err := journal.Text("reason", a.params["reason"], "why these states are the ones that are meant", true, maxText)
		return err
	}, look: func(ctx context.Context, tx *sql.Tx, _ act, item string) (look, error) {
		o, err := s.cfg.Baselines.Hold(ctx, tx, item)
		if err != nil {
			return look{}, err
		}
		c := o.Content
		l := look{item: o.ID, name: o.Ref, about: c.Host + ", not made", version: fmt.Sprintf("%d %s", o.Seq, c.State), changes: []Change{{"State", baseline.Words(c.State), "approved and signed"}}}
		if c.Root == "" {
			return l, nil
		}
		since, err := s.cfg.Integrity.SinceIn(ctx, tx, c.Source, c.Since)
		if err != nil {
			return l, err
		}
		l.about = fmt.Sprintf("%s, root %.16s…, %d entries; %s", c.Host, c.Root, c.Entries, differs(since))
		if c.Unread > 0 {
			l.about += fmt.Sprintf("; %d attributes could not be read", c.Unread)
		}
		return l, nil
	}, do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
		if _, err := s.cfg.Baselines.ApproveIn(ctx, tx, a.who, item, 0, a.params["reason"]); err != nil {
			return "", err
		}
		return lastEntry(ctx, tx, item)
	}}
}

var verdictWords = map[verdict.Kind]string{verdict.ByTicket: "by ticket", verdict.ByPackage: "by package", verdict.ByManagement: "by configuration management", verdict.Reverts: "taken back", verdict.Unexplained: "unexplained"}

// differs says what changed on a host since what was in force.
func differs(d integrity.Since) string {
	var parts []string
	for _, k := range verdict.Kinds() {
		if n := d.Changes[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, verdictWords[k]))
		}
	}
	if len(parts) == 0 {
		return "nothing changed since"
	}
	return "changes since: " + strings.Join(parts, ", ")
}
