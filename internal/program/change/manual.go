package change

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// manualSlug names what holds the changes that were asked for here.
const manualSlug = "manual"

// Ask is a change that somebody asks for here: work on a host or a database that
// no repository holds.
type Ask struct {
	Title string
	Text  string   // what is to be done, and how it is taken back
	Hosts []string // patterns of names
	Paths []string // patterns of absolute paths
}

// Ask asks for a change (change.ask). Somebody else approves it.
func (s *Service) Ask(ctx context.Context, p access.Principal, a Ask) (*Change, error) {
	if err := access.Authorise(p, access.ChangeAsk); err != nil {
		return nil, err
	}
	a.Title, a.Text, a.Hosts, a.Paths = strings.Join(strings.Fields(a.Title), " "), strings.TrimSpace(a.Text), lists(a.Hosts), lists(a.Paths)
	switch {
	case len(a.Title) < 5 || len(a.Title) > 200 || !utf8.ValidString(a.Title):
		return nil, bad("title", "say in 5 to 200 letters what is to change")
	case len(a.Text) < 10 || len(a.Text) > 4000 || !utf8.ValidString(a.Text):
		return nil, bad("text", "say in 10 to 4,000 letters what is to be done, and how it is taken back")
	case len(a.Hosts) > 20 || len(a.Paths) > 20:
		return nil, bad("hosts", "name up to 20 patterns")
	}
	now := s.cfg.Clock()
	e := Event{ID: ids.New("cev", now), Kind: Declared, At: now, Source: "here", State: "asked", Title: a.Title, Text: a.Text, Hosts: a.Hosts, Labels: a.Paths, Actor: Identity{User: p.UserID}}
	e.Subject = e.ID
	var rep *Repository
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if rep, err = s.manual(ctx, tx); err != nil {
			return err
		}
		return s.store(ctx, tx, p, rep, Delivery{ID: e.ID, Events: []Event{e}}, "")
	})
	if err != nil {
		return nil, err
	}
	if err := s.Derive(ctx, rep.ID); err != nil {
		return nil, err
	}
	id, err := itemByKey(ctx, s.cfg.DB.Reader(), rep.ID, "change", e.ID)
	if err != nil {
		return nil, err
	}
	return s.Change(ctx, access.System(), id)
}

// manual gives what holds these changes, and makes it.
func (s *Service) manual(ctx context.Context, tx *sql.Tx) (*Repository, error) {
	have, err := repositories(ctx, tx, `WHERE slug = $1`, manualSlug)
	if err != nil || len(have) > 0 {
		return append(have, nil)[0], err
	}
	now := s.cfg.Clock()
	r := &Repository{ID: ids.New("rep", now), Slug: manualSlug, MadeAt: now, ChangedBy: access.System().UserID, Settings: Settings{Title: "Asked for here", Branch: "none", NotDeployed: true, ReviewHours: 72}}
	content, err := json.Marshal(r.Settings)
	if err != nil {
		return nil, err
	}
	r.Digest = digestOf(content)
	if r.Entry, err = s.append(ctx, tx, access.System(), ledger.Entry{Type: "change.repository_set", Subject: r.ID, Data: map[string]any{"slug": r.Slug, "digest": r.Digest, "new_secret": false, "removed": false}}); err != nil {
		return nil, err
	}
	return r, insertRepository(ctx, tx, r, string(content))
}

func isManual(ch *Change) error {
	if ch.Kind != Manual {
		return fault.New(fault.Conflict, "%s came from a repository: it is approved there", ch.Ref())
	}
	return nil
}

// ApproveAsked approves a change that somebody else asked for (change.approve).
func (s *Service) ApproveAsked(ctx context.Context, p access.Principal, ref, text, compensation string) (*Change, error) {
	return s.word(ctx, p, access.ChangeApprove, ref, "approved", cmp.Or(text, compensation), func(tx *sql.Tx, ch *Change) error {
		if err := isManual(ch); err != nil {
			return err
		}
		if ch.Attribute(Approved).Outcome != NotObserved {
			return fault.New(fault.Conflict, "%s is decided already", ch.Ref())
		}
		if len(ch.Authors) == 0 {
			return fault.New(fault.Refused, "who asked for %s is not known", ch.Ref())
		}
		_, err := access.SecondPerson(ctx, tx, p, ch.Authors[0].Key, access.ChangeApprove, compensation)
		return err
	})
}

// RefuseAsked refuses one (change.approve).
func (s *Service) RefuseAsked(ctx context.Context, p access.Principal, ref, why string) (*Change, error) {
	return s.word(ctx, p, access.ChangeApprove, ref, "refused", why, func(_ *sql.Tx, ch *Change) error {
		if err := isManual(ch); err != nil {
			return err
		}
		if ch.Attribute(Approved).Outcome != NotObserved {
			return fault.New(fault.Conflict, "%s is decided already", ch.Ref())
		}
		return nil
	})
}

// DoneAsked records that a change that was asked for here was made (change.report).
func (s *Service) DoneAsked(ctx context.Context, p access.Principal, ref, text string) (*Change, error) {
	return s.word(ctx, p, access.ChangeReport, ref, "done", text, func(_ *sql.Tx, ch *Change) error {
		if err := isManual(ch); err != nil {
			return err
		}
		if !ch.DeployedAt.IsZero() {
			return fault.New(fault.Conflict, "%s is done already", ch.Ref())
		}
		return nil
	})
}

// asked turns words into the changes that were asked for here.
func (s *seen) asked() *landings {
	l := &landings{seen: s, people: newPeople(s.known), place: map[string]int{}}
	at := map[string]*Change{}
	refused := map[string]Event{}
	for _, e := range s.events { // words of one moment come in any order
		if e.State == "asked" {
			who := l.people.who(e.Actor)
			ch := &Change{Repository: s.slug, Kind: Manual, Title: e.Title, Landed: "", Authors: []Person{who}, Merger: who, At: e.At, Paths: e.Labels, Classes: []string{"configuration"}, Commits: []string{}, key: e.Subject}
			ch.Text, ch.Hosts = e.Text, e.Hosts
			at[e.Subject] = ch
			l.place[ch.key] = len(l.changes)
			l.changes = append(l.changes, ch)
		}
	}
	for _, e := range s.events {
		who := l.people.who(e.Actor)
		ch := at[e.Subject]
		switch {
		case ch == nil:
		case e.State == "approved":
			ch.Approvals = append(ch.Approvals, Approval{By: who, At: e.At, Counts: true, Why: ""})
		case e.State == "refused":
			refused[e.Subject] = e
		case e.State == "done" && ch.DeployedAt.IsZero():
			ch.DeployedAt, ch.Merger = e.At, who
		}
	}
	for _, ch := range l.changes {
		no, was := refused[ch.key]
		ch.Attributes = []Attribute{
			{Route, Pass, "it was asked for here", "request of " + day(ch.At)},
			{Requested, Pass, "asked for by " + names(ch.Authors), "request of " + day(ch.At)},
			{Tested, NotApplicable, "no build server tests what is done by hand", ""},
			approvedHere(ch, no, was, l.people),
			{Accepted, NotApplicable, "no acceptance is asked of it", ""},
			doneBy(ch),
			doneHere(ch, was),
			{Merged, NotApplicable, "nothing was merged", ""},
			{Intact, NotApplicable, "nothing was merged", ""}}
		ch.Outcome = worst(ch.Attributes)
	}
	return l
}

func approvedHere(ch *Change, no Event, refused bool, who *people) Attribute {
	switch {
	case len(ch.Approvals) > 0:
		a := ch.Approvals[0]
		if !ch.DeployedAt.IsZero() && ch.DeployedAt.Before(a.At) {
			return Attribute{Approved, Fail, fmt.Sprintf("approved by %s only after it was done", names([]Person{a.By})), "approval of " + day(a.At)}
		}
		if ch.wrote(a.By) {
			return Attribute{Approved, Pass, "approved by who asked for it, because nobody else could; what stood in for a second person is recorded", "approval of " + day(a.At)}
		}
		return Attribute{Approved, Pass, "approved by " + names([]Person{a.By}), "approval of " + day(a.At)}
	case refused && ch.DeployedAt.IsZero():
		return Attribute{Approved, NotApplicable, "refused by " + names([]Person{who.who(no.Actor)}) + ", and not done", "refusal of " + day(no.At)}
	case refused || !ch.DeployedAt.IsZero():
		return Attribute{Approved, Fail, "it was done without an approval", "word of " + day(ch.DeployedAt)}
	}
	return Attribute{Approved, NotObserved, "it waits for somebody else's approval", ""}
}

func doneBy(ch *Change) Attribute {
	switch {
	case ch.DeployedAt.IsZero():
		return Attribute{Segregated, NotApplicable, "it is not done yet", ""}
	case ch.wrote(ch.Merger):
		return Attribute{Segregated, NotApplicable, "who asks for work by hand may do it; somebody else approved it", ""}
	}
	return Attribute{Segregated, Pass, "done by " + names([]Person{ch.Merger}), "word of " + day(ch.DeployedAt)}
}

func doneHere(ch *Change, refused bool) Attribute {
	switch {
	case !ch.DeployedAt.IsZero():
		return Attribute{Deployed, Pass, "done on " + day(ch.DeployedAt), "word of " + day(ch.DeployedAt)}
	case refused:
		return Attribute{Deployed, NotApplicable, "it was refused", ""}
	}
	return Attribute{Deployed, NotObserved, "it is not done yet", ""}
}

// openTokens gives tokens that hold at a moment.
func openTokens(ctx context.Context, q database.Querier, from, to time.Time) ([]Token, error) {
	return tokens(ctx, q, `WHERE t.from_at < $2 AND t.until_at > $1`, micros(from), micros(to))
}
