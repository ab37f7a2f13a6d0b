package change

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/landing"
)

// Report is what a pipeline or a person reports of a repository.
type Report struct {
	Repository  string
	Environment string    // of a deployment
	Name        string    // of a check
	Commit      string    // 7 to 64 hex digits
	State       string    // success, failure; of a check also pending
	At          time.Time // zero: now
	By          string    // who did it, as a login or mail address; "": the account that reports
	Program     bool      // a pipeline did it, not a person
	Hosts       []string
	Link        string
	Key         string // unique for each report of its kind: the same is taken once; "": made of what it says
}

func (r *Report) tidy(now time.Time) error {
	r.Commit, r.Environment, r.Name, r.By, r.Link, r.Hosts = strings.ToLower(strings.TrimSpace(r.Commit)), strings.TrimSpace(r.Environment), strings.TrimSpace(r.Name), strings.TrimSpace(r.By), strings.TrimSpace(r.Link), landing.Lists(r.Hosts)
	for field, text := range map[string]string{"environment": r.Environment, "name": r.Name, "by": r.By, "link": r.Link, "key": r.Key} {
		if len(text) > 300 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return bad(field, "it has control characters, or more than 300 bytes")
		}
	}
	switch {
	case len(r.Commit) < 7 || len(r.Commit) > 64 || strings.Trim(r.Commit, "0123456789abcdef") != "":
		return bad("commit", "%q is no commit: 7 to 64 hex digits", r.Commit)
	case r.At.After(now.Add(landing.Skew)):
		return bad("at", "it happened in the future")
	case len(r.Hosts) > 500:
		return bad("hosts", "more than 500 hosts")
	case r.Link != "" && !strings.HasPrefix(r.Link, "https://") && !strings.HasPrefix(r.Link, "http://"):
		return bad("link", "an address begins with https://")
	}
	if r.At.IsZero() || r.At.After(now) {
		r.At = now
	}
	return nil
}

// Deployed records that a commit reached an environment (change.report), and
// gives the deployment as it is judged.
func (s *Service) Deployed(ctx context.Context, p access.Principal, r Report) (*landing.Deployment, error) {
	if r.State == "" {
		r.State = "success"
	}
	if r.State != "success" && r.State != "failure" {
		return nil, bad("state", "a deployment ends in success or failure")
	}
	if r.Environment == "" {
		r.Environment = "production"
	}
	e, id, err := s.report(ctx, p, landing.DeploymentMade, r)
	if err != nil {
		return nil, err
	}
	if err := s.Derive(ctx, id); err != nil {
		return nil, err
	}
	key, err := itemByKey(ctx, s.cfg.DB.Reader(), id, "deployment", e)
	if err != nil {
		return nil, err
	}
	return s.Deployment(ctx, access.System(), key)
}

// Checked records a result of a build server (change.report).
func (s *Service) Checked(ctx context.Context, p access.Principal, r Report) error {
	switch {
	case r.State != "success" && r.State != "failure" && r.State != "pending":
		return bad("state", "a check is success, failure or pending")
	case strings.TrimSpace(r.Name) == "":
		return bad("name", "say which check it is")
	}
	_, id, err := s.report(ctx, p, landing.Checked, r)
	if err != nil {
		return err
	}
	return s.Derive(ctx, id)
}

func (s *Service) report(ctx context.Context, p access.Principal, kind string, r Report) (event, repositoryID string, err error) {
	if err := access.Authorise(p, access.ChangeReport); err != nil {
		return "", "", err
	}
	now := s.cfg.Clock()
	if err := r.tidy(now); err != nil {
		return "", "", err
	}
	rep, err := repository(ctx, s.cfg.DB.Reader(), r.Repository)
	if err != nil {
		return "", "", err
	}
	if !rep.RemovedAt.IsZero() || rep.Slug == manualSlug {
		return "", "", fault.New(fault.Conflict, "%s is not followed", r.Repository)
	}
	name := r.Name
	if kind == landing.DeploymentMade {
		name = r.Environment
	}
	e := landing.Event{ID: ids.New("cev", now), Kind: kind, At: r.At, Source: "operation", Name: name, State: r.State, URL: r.Link, Hosts: r.Hosts, Actor: landing.Identity{User: p.UserID, Bot: r.Program}}
	if p.TokenID != "" {
		e.Source = "operation, by " + p.TokenID
	}
	if r.By != "" {
		e.Actor = landing.Identity{Login: r.By, Name: r.By, Bot: r.Program}
		if strings.Contains(r.By, "@") {
			e.Actor.Login, e.Actor.Mail = "", r.By
		}
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if e.Head, err = fullCommit(ctx, tx, rep.ID, r.Commit); err != nil {
			return err
		}
		key := r.Key
		if key == "" {
			key = fmt.Sprintf("%s %s %s %s %d", name, e.Head, r.State, r.By, r.At.UnixMicro())
		}
		d := landing.Delivery{ID: kind + " " + key, Events: []landing.Event{e}}
		if had, err := delivered(ctx, tx, rep.ID, d.ID); err != nil {
			return err
		} else if had {
			return fault.New(fault.Conflict, "this was reported already").WithHint("give another key where it happened again")
		}
		return s.store(ctx, tx, p, rep, d, "")
	})
	return e.ID, rep.ID, err
}

// word records a person's word on a change.
func (s *Service) word(ctx context.Context, p access.Principal, a access.Action, ref, state, text string, fits func(*sql.Tx, *landing.Change) error) (*landing.Change, error) {
	if err := access.Authorise(p, a); err != nil {
		return nil, err
	}
	if p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a person decides on changes, not the program")
	}
	text, err := wordText(text)
	if err != nil {
		return nil, err
	}
	found, err := one(ctx, s.cfg.DB.Reader(), "change", ref)
	if err != nil {
		return nil, err
	}
	ch, err := found.change()
	if err != nil {
		return nil, err
	}
	rep, err := repository(ctx, s.cfg.DB.Reader(), ch.Repository)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	e := landing.Event{ID: ids.New("cev", now), Kind: landing.Declared, At: now, Source: "here", State: state, Text: text, Subject: ch.Key, Actor: landing.Identity{User: p.UserID}}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := fits(tx, ch); err != nil {
			return err
		}
		return s.store(ctx, tx, p, rep, landing.Delivery{ID: e.ID, Events: []landing.Event{e}}, "")
	})
	if err != nil {
		return nil, err
	}
	if err := s.Derive(ctx, rep.ID); err != nil {
		return nil, err
	}
	return s.Change(ctx, access.System(), ch.ID)
}

// DeclareEmergency says that a change was one (change.ask): then it is reviewed
// afterwards, by somebody who wrote none of it.
func (s *Service) DeclareEmergency(ctx context.Context, p access.Principal, ref, why string) (*landing.Change, error) {
	return s.word(ctx, p, access.ChangeAsk, ref, "emergency", why, func(_ *sql.Tx, ch *landing.Change) error {
		if ch.Emergency != "" {
			return fault.New(fault.Conflict, "%s is an emergency already", ch.Ref())
		}
		if ch.Kind == landing.Manual {
			return fault.New(fault.Conflict, "%s is asked for here: approve or refuse it", ch.Ref())
		}
		return nil
	})
}

// Review records that an emergency was looked at afterwards (change.approve), by
// somebody who wrote none of it.
func (s *Service) Review(ctx context.Context, p access.Principal, ref, found string) (*landing.Change, error) {
	return s.word(ctx, p, access.ChangeApprove, ref, "reviewed", found, func(_ *sql.Tx, ch *landing.Change) error {
		switch {
		case ch.Emergency == "":
			return fault.New(fault.Conflict, "%s is no emergency", ch.Ref())
		case ch.Wrote(landing.Person{Key: p.UserID}):
			return fault.New(fault.Forbidden, "whoever wrote an emergency change does not review it").WithHint("ask another person who may %s", access.Describe(access.ChangeApprove))
		}
		return nil
	})
}

// AnswerFor records what was looked at and done about what does not hold of a
// change or deployment (change.approve), by somebody who did not make it. No
// outcome changes; the finding is about what nobody has answered for.
func (s *Service) AnswerFor(ctx context.Context, p access.Principal, ref, text, compensation string) error {
	if err := access.Authorise(p, access.ChangeApprove); err != nil {
		return err
	}
	text, err := wordText(text)
	if err != nil {
		return err
	}
	kind := "change"
	if strings.HasPrefix(strings.ToUpper(ref), "D-") || strings.HasPrefix(ref, "dep_") {
		kind = "deployment"
	}
	found, err := one(ctx, s.cfg.DB.Reader(), kind, ref)
	if err != nil {
		return err
	}
	e := landing.Event{ID: ids.New("cev", s.cfg.Clock()), Kind: landing.Declared, At: s.cfg.Clock(), Source: "here", State: "answered", Text: text, Subject: found.key, Actor: landing.Identity{User: p.UserID}}
	var slug string
	var open []landing.Attribute
	made := false
	if kind == "change" {
		ch, err := found.change()
		if err != nil {
			return err
		}
		slug, open, made = ch.Repository, landing.Unanswered(ch.Attributes, ch.Answers), ch.Wrote(landing.Person{Key: p.UserID}) || ch.Merger.Key == p.UserID
		if ref = ch.Ref(); ch.Attribute(landing.Route).Outcome == landing.NotObserved && len(ch.Answers) == 0 {
			open = append(open, ch.Attribute(landing.Route))
		}
	} else {
		d, err := found.deployment()
		if err != nil {
			return err
		}
		slug, open, made = d.Repository, landing.Unanswered(d.Attributes, d.Answers), d.By.Key == p.UserID
		if ref = d.Ref(); len(d.Answers) == 0 && d.Production && len(open) == 0 {
			open = []landing.Attribute{{Name: "staged"}} // it was in no other environment before
		}
	}
	if len(open) == 0 {
		return fault.New(fault.Conflict, "nothing of %s waits for an answer", ref)
	}
	for _, a := range open {
		e.Labels = append(e.Labels, a.Name)
	}
	rep, err := repository(ctx, s.cfg.DB.Reader(), slug)
	if err != nil {
		return err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		author := ""
		if made {
			author = p.UserID
		}
		alone, err := access.SecondPerson(ctx, tx, p, author, access.ChangeApprove, compensation)
		if err != nil {
			return err
		}
		if e.Forced = alone != ""; e.Forced {
			e.Text += " In place of a second person: " + alone
		}
		return s.store(ctx, tx, p, rep, landing.Delivery{ID: e.ID, Events: []landing.Event{e}}, "")
	})
	if err != nil {
		return err
	}
	return s.Derive(ctx, rep.ID)
}

// wordText holds what somebody writes about a change.
func wordText(text string) (string, error) {
	if text = strings.Join(strings.Fields(text), " "); len(text) < 10 || len(text) > 500 || !utf8.ValidString(text) {
		return "", bad("text", "say why in 10 to 500 letters: an auditor reads it")
	}
	return text, nil
}

// KnowAs says that a login or mail address of repositories belongs to a user
// here (repository.edit); an empty user takes it back.
func (s *Service) KnowAs(ctx context.Context, p access.Principal, as, user string) error {
	if err := access.Authorise(p, access.RepositoryEdit); err != nil {
		return err
	}
	as = strings.TrimSpace(as)
	i := landing.Identity{Login: as}
	if strings.Contains(as, "@") {
		i = landing.Identity{Mail: as}
	}
	if len(as) < 1 || len(as) > 200 || strings.ContainsAny(as, " \t\n") {
		return bad("known_as", "%q is no login or mail address", as)
	}
	key := i.Keys()[0]
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		entry, err := s.append(ctx, tx, p, ledger.Entry{Type: "change.identity_set", Subject: "identity", Outcome: "set", Data: map[string]any{"user": user}, Personal: map[string]string{"known_as": key}})
		if err != nil {
			return err
		}
		if err := putIdentity(ctx, tx, key, user, p.UserID, entry, s.cfg.Clock()); err != nil {
			return err
		}
		return setStale(ctx, tx, "")
	})
}

// Unknown gives the identities of authors and approvers whom nobody here is
// known to be, with how many changes name them.
func (s *Service) Unknown(ctx context.Context, p access.Principal) ([]Stranger, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	rows, err := recentContents(ctx, s.cfg.DB.Reader(), 2000)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	var out []Stranger
	for _, found := range rows {
		ch, err := found.change()
		if err != nil {
			return nil, err
		}
		for _, person := range ch.Authors {
			if person.Key == "" || strings.HasPrefix(person.Key, "usr_") {
				continue
			}
			if n, ok := at[person.Key]; ok {
				out[n].Changes++
				continue
			}
			at[person.Key] = len(out)
			out = append(out, Stranger{Person: person, Changes: 1})
		}
	}
	slices.SortFunc(out, func(a, b Stranger) int {
		if a.Changes != b.Changes {
			return b.Changes - a.Changes
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out[:min(len(out), 100)], nil
}

// Stranger is somebody of a repository whom nobody here is known to be.
type Stranger struct {
	landing.Person
	Changes int `json:"changes"`
}

// As gives what a stranger is known by: a login or a mail address.
func (s Stranger) As() string {
	_, as, _ := strings.Cut(s.Key, " ")
	return as
}

// Propose makes a standard change that somebody else approves (change.ask).
func (s *Service) Propose(ctx context.Context, p access.Principal, std landing.Standard) (*landing.Standard, error) {
	if err := access.Authorise(p, access.ChangeAsk); err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	if err := std.Tidy(now); err != nil {
		return nil, err
	}
	if r, err := repository(ctx, s.cfg.DB.Reader(), std.Repository); err != nil {
		return nil, bad("repository", "there is no repository %q", std.Repository)
	} else if std.Repository = r.Slug; r.Slug == manualSlug {
		return nil, bad("repository", "name a repository that is followed")
	}
	std = landing.Standard{ID: ids.New("cst", now), Title: std.Title, Repository: std.Repository, Paths: std.Paths, Authors: std.Authors, PerDay: std.PerDay, Direct: std.Direct, Until: std.Until.UTC().Truncate(time.Microsecond)}
	content, err := json.Marshal(std)
	if err != nil {
		return nil, err
	}
	std.State, std.MadeAt, std.MadeBy = "draft", now, p.UserID
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if std.Number, err = nextStandard(ctx, tx); err != nil {
			return err
		}
		if std.Entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "change.standard_proposed", Subject: std.ID, Data: map[string]any{"number": std.Number, "digest": digestOf(content)}}); err != nil {
			return err
		}
		return insertStandard(ctx, tx, &std, string(content), digestOf(content))
	})
	return &std, err
}

// Standards gives all standard changes, newest first (change.read).
func (s *Service) Standards(ctx context.Context, p access.Principal) ([]*landing.Standard, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	return standards(ctx, s.cfg.DB.Reader())
}

// ApproveStandard lets a standard change hold (change.approve). Its author does
// not approve it, unless nobody else could.
func (s *Service) ApproveStandard(ctx context.Context, p access.Principal, ref, compensation string) error {
	return s.decide(ctx, p, ref, "draft", func(tx *sql.Tx, std *landing.Standard, now time.Time) (string, error) {
		if !std.Until.After(now) {
			return "", fault.New(fault.Conflict, "%s ended on %s before it was approved", std.Ref(), std.Until.Format(time.DateOnly))
		}
		var err error
		std.Alone, err = access.SecondPerson(ctx, tx, p, std.MadeBy, access.ChangeApprove, compensation)
		std.State, std.DecidedAt, std.DecidedBy = "approved", now, p.UserID
		return "change.standard_approved", err
	})
}

// EndStandard ends one before its time (change.approve).
func (s *Service) EndStandard(ctx context.Context, p access.Principal, ref string) error {
	return s.decide(ctx, p, ref, "", func(_ *sql.Tx, std *landing.Standard, now time.Time) (string, error) {
		if std.State == "ended" {
			return "", fault.New(fault.Conflict, "%s has ended already", std.Ref())
		}
		std.State, std.EndedAt = "ended", now
		return "change.standard_ended", nil
	})
}

func (s *Service) decide(ctx context.Context, p access.Principal, ref, state string, do func(*sql.Tx, *landing.Standard, time.Time) (string, error)) error {
	if err := access.Authorise(p, access.ChangeApprove); err != nil {
		return err
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := standards(ctx, tx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(x *landing.Standard) bool { return x.ID == ref || strings.EqualFold(x.Ref(), ref) })
		if at < 0 {
			return fault.New(fault.NotFound, "there is no standard change %q", ref)
		}
		std := all[at]
		if state != "" && std.State != state {
			return fault.New(fault.Conflict, "%s is %s", std.Ref(), std.State)
		}
		typ, err := do(tx, std, s.cfg.Clock())
		if err != nil {
			return err
		}
		e := ledger.Entry{Type: typ, Subject: std.ID, Data: map[string]any{"number": std.Number, "by_author": std.Alone != ""}}
		if std.Alone != "" && typ == "change.standard_approved" {
			e.Personal = map[string]string{"compensation": std.Alone}
		}
		entry, err := s.append(ctx, tx, p, e)
		if err != nil {
			return err
		}
		if err := decideStandard(ctx, tx, std, entry); err != nil {
			return err
		}
		return setStale(ctx, tx, "")
	})
	if err == nil {
		s.Wake()
	}
	return err
}
