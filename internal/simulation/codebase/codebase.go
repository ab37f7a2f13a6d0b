// Package codebase is a repository without files and the forge that tells of it:
// what git and GitHub would say of the work of people who do not exist. The
// history of an organisation that is made up comes in by it as a real one does.
//
// Serves A4 and A10.
//
// Invariants: commits are named by what they hold; every message is signed; the
// clock is the caller's.
//
// Floor: edges, beside package simulation.
package codebase

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // names commits as git does, and protects nothing
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

// Domain is where the people of the story have their mail: first.last before it.
const Domain = "farol.example"

type person struct{ Name, Mail string }

func (s *Repository) who(login string) person {
	name := s.cfg.Who(login)
	return person{name, strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@" + Domain}
}

// Config is what a repository is made with.
type Config struct {
	Project string // "farol/ledger"
	Clock   func() time.Time
	Who     func(login string) string // display name
	Deliver func(context.Context, change.Message) error
}

// Repository is commits with what they touch, and the branch as it stands.
type Repository struct {
	Secret string // of its webhook; "": it is not followed yet

	cfg     Config
	commits map[string]landing.Commit
	paths   map[string][]string
	order   []string
	line    []string
	pulls   int
	hooks   int
}

// New makes a repository whose first commit is two years old.
func New(cfg Config, who string) *Repository {
	s := &Repository{cfg: cfg, commits: map[string]landing.Commit{}, paths: map[string][]string{}}
	first := s.Commit(who, "First commit", []string{"README.md"})
	c := s.commits[first]
	c.AuthoredAt, c.CommittedAt = c.AuthoredAt.AddDate(-2, 0, 0), c.CommittedAt.AddDate(-2, 0, 0)
	s.commits[first], s.line = c, []string{first}
	return s
}

// Pushes has somebody push a commit past every request, and the checks hold.
func (s *Repository) Pushes(ctx context.Context, who, message string, paths []string) (string, error) {
	before := s.Head()
	sha := s.Commit(who, message, paths, before)
	s.line = append(s.line, sha)
	if err := s.Push(ctx, who, before, sha, 1); err != nil {
		return "", err
	}
	if err := s.Check(ctx, sha, "success"); err != nil {
		return "", err
	}
	return sha, s.GoesOut(ctx, sha)
}

// Read gives the repository as git would.
func (s *Repository) Read(_ context.Context, _, _ string, known func(string) landing.Known) (landing.History, error) {
	h := landing.History{Head: s.line[len(s.line)-1], Line: slices.Clone(s.line), Paths: map[string][]string{}}
	for _, sha := range s.order {
		if known(sha) == landing.Unknown {
			h.Commits = append(h.Commits, s.commits[sha])
		}
	}
	for _, sha := range s.line {
		if known(sha) != landing.OnBranch {
			h.Paths[sha] = s.paths[sha]
		}
	}
	return h, nil
}

// Commit makes one, on no branch yet.
func (s *Repository) Commit(who, message string, paths []string, parents ...string) string {
	now := s.cfg.Clock()
	sum := sha1.Sum(fmt.Appendf(nil, "%s %s %d %d", who, message, now.UnixMicro(), len(s.order))) //nolint:gosec // see above
	sha := hex.EncodeToString(sum[:])
	tree := sha
	if len(parents) == 2 {
		tree = s.commits[parents[1]].Tree // the branch was up to date
	}
	p := s.who(who)
	s.commits[sha] = landing.Commit{SHA: sha, Parents: parents, Tree: tree, AuthorName: p.Name, AuthorMail: p.Mail, AuthoredAt: now, CommitterName: p.Name, CommitterMail: p.Mail, CommittedAt: now, Message: message, Place: -1}
	s.paths[sha] = paths
	s.order = append(s.order, sha)
	return sha
}

// Head gives the newest commit of the branch.
func (s *Repository) Head() string { return s.line[len(s.line)-1] }

// tell sends what the forge tells of.
func (s *Repository) tell(ctx context.Context, event string, payload map[string]any) error {
	s.hooks++
	payload["hook_id"], payload["repository"] = s.hooks, map[string]any{"full_name": s.cfg.Project}
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, []byte(s.Secret))
	mac.Write(body)
	return s.cfg.Deliver(ctx, change.Message{Header: map[string]string{"x-github-event": event, "x-hub-signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil)), "content-type": "application/json"}, Body: body})
}

// Login gives a person as a forge names them.
func Login(login string) map[string]any { return map[string]any{"login": login, "type": "User"} }

// Push tells of a push to the branch.
func (s *Repository) Push(ctx context.Context, who, before, after string, commits int) error {
	p := s.who(who)
	list := make([]map[string]any, commits)
	for i := range list {
		list[i] = map[string]any{"id": after, "author": map[string]any{"name": p.Name, "email": p.Mail, "username": who}}
	}
	return s.tell(ctx, "push", map[string]any{"ref": "refs/heads/main", "before": before, "after": after, "commits": list, "sender": Login(who), "pusher": map[string]any{"name": who, "email": p.Mail}})
}

// Check tells of a result of the build server.
func (s *Repository) Check(ctx context.Context, sha, conclusion string) error {
	return s.tell(ctx, "check_run", map[string]any{"check_run": map[string]any{"name": "tests", "head_sha": sha, "status": "completed", "conclusion": conclusion, "completed_at": s.cfg.Clock(), "html_url": "https://git.farol.example/" + s.cfg.Project + "/runs/" + sha[:8]}})
}

// Deploy tells of a deployment.
func (s *Repository) Deploy(ctx context.Context, sha, environment string, by map[string]any) error {
	at := s.cfg.Clock()
	if environment == "staging" {
		at = at.Add(-2 * time.Minute) // production follows
	}
	return s.tell(ctx, "deployment_status", map[string]any{"deployment_status": map[string]any{"state": "success", "created_at": at}, "deployment": map[string]any{"sha": sha, "environment": environment, "creator": by}})
}

// Pipeline is the program that deploys.
var Pipeline = map[string]any{"login": "deploy[bot]", "type": "Bot"}

// Pull is a request of the story.
type Pull struct {
	Author, Title string
	Paths         []string
	Label         string

	number int
	Head   string
}

func (s *Repository) payload(p *Pull, landed, merger string) map[string]any {
	labels := []map[string]any{}
	if p.Label != "" {
		labels = append(labels, map[string]any{"name": p.Label})
	}
	out := map[string]any{"number": p.number, "title": p.Title, "body": "", "html_url": fmt.Sprintf("https://git.farol.example/%s/pull/%d", s.cfg.Project, p.number), "state": "open", "merged": false, "updated_at": s.cfg.Clock(),
		"commits": 1, "user": Login(p.Author), "labels": labels, "base": map[string]any{"ref": "main"}, "head": map[string]any{"ref": fmt.Sprintf("topic-%d", p.number), "sha": p.Head}}
	if landed != "" {
		out["state"], out["merged"], out["merged_at"], out["merge_commit_sha"], out["merged_by"] = "closed", true, s.cfg.Clock(), landed, Login(merger)
	}
	return out
}

// Opens has somebody open a request.
func (s *Repository) Opens(ctx context.Context, p *Pull) error {
	s.pulls++
	p.number = s.pulls
	p.Head = s.Commit(p.Author, p.Title, p.Paths, s.Head())
	if err := s.tell(ctx, "pull_request", map[string]any{"action": "opened", "pull_request": s.payload(p, "", "")}); err != nil {
		return err
	}
	return s.Check(ctx, p.Head, "success")
}

// Approves has somebody else approve it.
func (s *Repository) Approves(ctx context.Context, p *Pull, who string) error {
	return s.tell(ctx, "pull_request_review", map[string]any{"action": "submitted", "review": map[string]any{"user": Login(who), "state": "approved", "commit_id": p.Head, "submitted_at": s.cfg.Clock()}, "pull_request": s.payload(p, "", "")})
}

// Merges has somebody merge it, and the pipeline test the merge.
func (s *Repository) Merges(ctx context.Context, p *Pull, who string, tested bool) (string, error) {
	before := s.Head()
	landed := s.Commit(who, fmt.Sprintf("Merge pull request #%d from farol/topic-%d", p.number, p.number), p.Paths, before, p.Head)
	if !tested { // what landed is no content that a check ever saw
		c := s.commits[landed]
		c.Tree = landed
		s.commits[landed] = c
	}
	s.line = append(s.line, landed)
	if err := s.tell(ctx, "pull_request", map[string]any{"action": "closed", "pull_request": s.payload(p, landed, who)}); err != nil {
		return "", err
	}
	if err := s.Push(ctx, who, before, landed, 2); err != nil || !tested {
		return landed, err
	}
	return landed, s.Check(ctx, landed, "success")
}

// GoesOut has the pipeline deploy what is on the branch, to staging first.
func (s *Repository) GoesOut(ctx context.Context, sha string) error {
	if err := s.Deploy(ctx, sha, "staging", Pipeline); err != nil {
		return err
	}
	return s.Deploy(ctx, sha, "production", Pipeline)
}

// Work is what the people of the story do; %d is the number of a ticket.
var Work = []struct {
	Title string
	Paths []string
}{
	{"FAR-%d Round amounts to the cent", []string{"src/amounts.go", "src/amounts_test.go"}},
	{"FAR-%d Show who booked an entry", []string{"web/entry.html", "src/entry.go"}},
	{"FAR-%d Index entries by account", []string{"migrations/0041_entry_account.sql"}},
	{"FAR-%d Retry a bank's answer that timed out", []string{"src/bank/client.go"}},
	{"FAR-%d Larger machines for the nightly close", []string{"infra/terraform/close.tf"}},
	{"FAR-%d Export of a month as CSV", []string{"src/export.go", "web/export.html"}},
	{"FAR-%d Log out after fifteen idle minutes", []string{"src/session.go", "config/session.conf"}},
	{"FAR-%d Translate invoices into Danish", []string{"locale/da.json"}},
}
