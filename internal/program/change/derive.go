package change

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/landing"
)

// load reads all that is known of a repository.
func (s *Service) load(ctx context.Context, q database.Querier, r *Repository) (landing.Input, error) {
	in := landing.Input{Settings: r.Settings, Slug: r.Slug, ReadAt: r.ReadAt, Now: s.cfg.Clock()}
	var err error
	if in.Commits, in.Line, err = commits(ctx, q, r.ID); err != nil {
		return in, err
	}
	if in.Events, err = events(ctx, q, r.ID); err != nil {
		return in, err
	}
	if in.Known, err = knownPeople(ctx, q); err != nil {
		return in, err
	}
	all, err := standards(ctx, q)
	if err != nil {
		return in, err
	}
	for _, std := range all {
		if std.State != "draft" {
			in.Standards = append(in.Standards, *std)
		}
	}
	return in, nil
}

// Derive folds all that is known of a repository into its changes and
// deployments, and keeps what became another, under one ledger entry.
func (s *Service) Derive(ctx context.Context, id string) error {
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := lockRepository(ctx, tx, id); err != nil {
			return err
		}
		r, err := repository(ctx, tx, id)
		if err != nil {
			return err
		}
		in, err := s.load(ctx, tx, r)
		if err != nil {
			return err
		}
		var l *landing.Landings
		if r.Slug == manualSlug {
			l = landing.Asked(in)
		} else {
			l = landing.Derive(in)
		}
		rows, gone, err := s.differing(ctx, tx, r, l)
		if err != nil {
			return err
		}
		if err := s.observe(ctx, tx, r, l.Open(gone)); err != nil {
			return err
		}
		if len(rows) > 0 {
			if err := s.putAll(ctx, tx, r, rows); err != nil {
				return err
			}
		}
		return setDerived(ctx, tx, r.ID, in.Now, l.Turns())
	})
	if err != nil {
		return fmt.Errorf("derive changes of %s: %w", id, err)
	}
	s.cfg.Ledger.Wake()
	return nil
}

func (s *Service) putAll(ctx context.Context, tx *sql.Tx, r *Repository, rows []row) error {
	h := sha256.New()
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.id, b.id) })
	for _, w := range rows {
		fmt.Fprintf(h, "%s %d %s\n", w.id, w.version, w.digest)
	}
	entry, err := s.append(ctx, tx, access.System(), ledger.Entry{Type: "change.derived", Subject: r.ID, Outcome: "derived", Data: map[string]any{"versions": len(rows), "digest": hex.EncodeToString(h.Sum(nil))}})
	if err != nil {
		return err
	}
	for _, w := range rows {
		if err := putItem(ctx, tx, w, entry); err != nil {
			return err
		}
	}
	return nil
}

// differing gives the rows of what is new or became another, and the changes that
// vanished.
func (s *Service) differing(ctx context.Context, tx *sql.Tx, r *Repository, l *landing.Landings) (rows []row, gone []*landing.Change, err error) {
	now := s.cfg.Clock()
	have, err := storedItems(ctx, tx, r.ID, "change")
	if err != nil {
		return nil, nil, err
	}
	number, err := lastNumber(ctx, tx, "change")
	if err != nil {
		return nil, nil, err
	}
	// Deployments name changes by number, so these come first.
	for _, ch := range l.Changes {
		if st := have[ch.Key]; st != nil {
			ch.ID, ch.Number = st.id, st.number
		} else {
			number++
			ch.ID, ch.Number = ids.New("chg", now), number
		}
	}
	had, err := storedItems(ctx, tx, r.ID, "deployment")
	if err != nil {
		return nil, nil, err
	}
	if number, err = lastNumber(ctx, tx, "deployment"); err != nil {
		return nil, nil, err
	}
	for _, d := range l.Deployments {
		if st := had[d.Key]; st != nil {
			d.ID, d.Number = st.id, st.number
		} else {
			number++
			d.ID, d.Number = ids.New("dep", now), number
		}
	}
	l.Tie()
	derived := map[string]bool{}
	for _, ch := range l.Changes {
		derived[ch.Key] = true
		w, err := changeRow(ch, r.ID)
		if err != nil {
			return nil, nil, err
		}
		if rows, err = add(rows, w, have[ch.Key]); err != nil {
			return nil, nil, err
		}
	}
	for _, d := range l.Deployments {
		derived[d.Key] = true
		w, err := deploymentRow(d, r.ID)
		if err != nil {
			return nil, nil, err
		}
		if rows, err = add(rows, w, had[d.Key]); err != nil {
			return nil, nil, err
		}
	}
	for key, st := range have {
		if derived[key] {
			continue
		}
		ch, w, err := lost(ctx, tx, l, st)
		if err != nil {
			return nil, nil, err
		}
		if !w.withdrawn {
			gone = append(gone, ch)
		}
		w.repository = r.ID
		if rows, err = add(rows, w, st); err != nil {
			return nil, nil, err
		}
	}
	return rows, gone, nil
}

func add(rows []row, w row, st *stored) ([]row, error) {
	w.digest = digestOf([]byte(w.content))
	if w.version, w.fresh = 1, st == nil; st != nil {
		if st.digest == w.digest && st.withdrawn == w.withdrawn {
			return rows, nil
		}
		w.version = st.version + 1
	}
	return append(rows, w), nil
}

// body gives what of a change is kept as a version: not its place in the register.
func body(ch *landing.Change) landing.Change {
	c := *ch
	c.ID, c.Number, c.Version, c.Entry, c.Index = "", 0, 0, "", 0
	return c
}

func changeRow(ch *landing.Change, repository string) (row, error) {
	raw, err := json.Marshal(body(ch))
	if err != nil {
		return row{}, err
	}
	flags := append([]string{string(ch.Kind)}, ch.Classes...)
	if ch.Emergency != "" {
		flags = append(flags, "emergency")
		if ch.Attribute(landing.Approved).Outcome == landing.NotObserved {
			flags = append(flags, "unreviewed")
		}
	}
	if ch.Standard != "" {
		flags = append(flags, "standard")
	}
	if len(ch.Reverts) > 0 {
		flags = append(flags, "revert")
	}
	if len(ch.Picked) > 0 {
		flags = append(flags, "cherry-pick")
	}
	if len(landing.Unanswered(ch.Attributes, ch.Answers)) > 0 {
		flags = append(flags, "unanswered")
	}
	return row{stored: stored{id: ch.ID, number: ch.Number, key: ch.Key}, kind: "change", repository: repository, content: string(raw), at: ch.At, outcome: ch.Outcome, attributes: ch.Attributes, flags: flags,
		search: ch.Searched()}, nil
}

func deploymentRow(d *landing.Deployment, repository string) (row, error) {
	c := *d
	c.ID, c.Number, c.Version, c.Entry, c.Index = "", 0, 0, "", 0
	raw, err := json.Marshal(c)
	if err != nil {
		return row{}, err
	}
	flags := []string{d.State}
	if d.Production {
		flags = append(flags, "production")
	}
	if len(landing.Unanswered(d.Attributes, d.Answers)) > 0 {
		flags = append(flags, "unanswered")
	}
	return row{stored: stored{id: d.ID, number: d.Number, key: d.Key}, kind: "deployment", repository: repository, content: string(raw), at: d.At, outcome: d.Outcome, attributes: d.Attributes, flags: flags,
		search: d.Searched()}, nil
}

// lost gives what becomes of a change that is no longer derived.
func lost(ctx context.Context, q database.Querier, l *landing.Landings, st *stored) (*landing.Change, row, error) {
	content, err := contentOf(ctx, q, st.id)
	if err != nil {
		return nil, row{}, err
	}
	found := scanned{id: st.id, key: st.key, number: st.number, version: st.version, content: content}
	ch, err := found.change()
	if err != nil {
		return nil, row{}, err
	}
	withdrawn := l.Lost(ch)
	w, err := changeRow(ch, "")
	w.withdrawn = withdrawn
	return ch, w, err
}
