package simulation

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // names commits as git does, and protects nothing
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/connectors/forge"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

// The repository of the story, as its forge and its followers name it.
const (
	storySlug    = "ledger"
	storyProject = "farol/ledger"
	storyPath    = "/srv/git/ledger.git"
)

// story is a repository without files: commits with what they touch, and the
// branch as it stands.
type story struct {
	o       *Organisation
	secret  string
	commits map[string]landing.Commit
	paths   map[string][]string
	order   []string
	line    []string
	pulls   int
	hooks   int
}

func makeChanges(o *Organisation) error {
	o.repository = &story{o: o, commits: map[string]landing.Commit{}, paths: map[string][]string{}}
	o.Changes = change.New(change.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Sealed: o.cfg.Key, Hosts: o.Hosts, Version: o.cfg.Version, Clock: o.clock.Now, Read: o.repository.read, Understand: forge.Understand})
	return nil
}

// read gives the repository as git would.
func (s *story) read(_ context.Context, _, _ string, known func(string) landing.Known) (landing.History, error) {
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

// commit makes one, on no branch yet.
func (s *story) commit(who, message string, paths []string, parents ...string) string {
	now := s.o.clock.Now()
	sum := sha1.Sum(fmt.Appendf(nil, "%s %s %d %d", who, message, now.UnixMicro(), len(s.order))) //nolint:gosec // see above
	sha := hex.EncodeToString(sum[:])
	tree := sha
	if len(parents) == 2 {
		tree = s.commits[parents[1]].Tree // the branch was up to date
	}
	p := s.o.cast[who]
	s.commits[sha] = landing.Commit{SHA: sha, Parents: parents, Tree: tree, AuthorName: p.Name, AuthorMail: s.mail(who), AuthoredAt: now, CommitterName: p.Name, CommitterMail: s.mail(who), CommittedAt: now, Message: message, Place: -1}
	s.paths[sha] = paths
	s.order = append(s.order, sha)
	return sha
}

// mail gives the address that somebody commits with.
func (s *story) mail(who string) string {
	all := map[string]string{"ines": "ines.duarte", "tomas": "tomas.varga", "mei": "mei.tanaka"}
	for _, p := range persons() {
		if p.Login == who {
			return p.Email
		}
	}
	return all[who] + "@farol.example"
}

func (s *story) head() string { return s.line[len(s.line)-1] }

// tell sends what the forge tells of.
func (s *story) tell(ctx context.Context, event string, payload map[string]any) error {
	s.hooks++
	payload["hook_id"], payload["repository"] = s.hooks, map[string]any{"full_name": storyProject}
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write(body)
	return s.o.Changes.Deliver(ctx, storySlug, change.Message{Header: map[string]string{"x-github-event": event, "x-hub-signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil)), "content-type": "application/json"}, Body: body})
}

func loginOf(login string) map[string]any { return map[string]any{"login": login, "type": "User"} }

func (s *story) push(ctx context.Context, who, before, after string, commits int) error {
	list := make([]map[string]any, commits)
	for i := range list {
		list[i] = map[string]any{"id": after, "author": map[string]any{"name": s.o.cast[who].Name, "email": s.mail(who), "username": who}}
	}
	return s.tell(ctx, "push", map[string]any{"ref": "refs/heads/main", "before": before, "after": after, "commits": list, "sender": loginOf(who), "pusher": map[string]any{"name": who, "email": s.mail(who)}})
}

func (s *story) check(ctx context.Context, sha, conclusion string) error {
	return s.tell(ctx, "check_run", map[string]any{"check_run": map[string]any{"name": "tests", "head_sha": sha, "status": "completed", "conclusion": conclusion, "completed_at": s.o.clock.Now(), "html_url": "https://git.farol.example/" + storyProject + "/runs/" + sha[:8]}})
}

func (s *story) deploy(ctx context.Context, sha, environment string, by map[string]any) error {
	at := s.o.clock.Now()
	if environment == "staging" {
		at = at.Add(-2 * time.Minute) // production follows
	}
	return s.tell(ctx, "deployment_status", map[string]any{"deployment_status": map[string]any{"state": "success", "created_at": at}, "deployment": map[string]any{"sha": sha, "environment": environment, "creator": by}})
}

var pipeline = map[string]any{"login": "deploy[bot]", "type": "Bot"}

// pull is a request of the story.
type pull struct {
	number        int
	author, title string
	head          string
	paths         []string
	label         string
}

func (s *story) payload(p *pull, landed, merger string) map[string]any {
	labels := []map[string]any{}
	if p.label != "" {
		labels = append(labels, map[string]any{"name": p.label})
	}
	out := map[string]any{"number": p.number, "title": p.title, "body": "", "html_url": fmt.Sprintf("https://git.farol.example/%s/pull/%d", storyProject, p.number), "state": "open", "merged": false, "updated_at": s.o.clock.Now(),
		"commits": 1, "user": loginOf(p.author), "labels": labels, "base": map[string]any{"ref": "main"}, "head": map[string]any{"ref": fmt.Sprintf("topic-%d", p.number), "sha": p.head}}
	if landed != "" {
		out["state"], out["merged"], out["merged_at"], out["merge_commit_sha"], out["merged_by"] = "closed", true, s.o.clock.Now(), landed, loginOf(merger)
	}
	return out
}

// opens has somebody open a request.
func (s *story) opens(ctx context.Context, p *pull) error {
	s.pulls++
	p.number = s.pulls
	p.head = s.commit(p.author, p.title, p.paths, s.head())
	if err := s.tell(ctx, "pull_request", map[string]any{"action": "opened", "pull_request": s.payload(p, "", "")}); err != nil {
		return err
	}
	return s.check(ctx, p.head, "success")
}

// approves has somebody else approve it.
func (s *story) approves(ctx context.Context, p *pull, who string) error {
	return s.tell(ctx, "pull_request_review", map[string]any{"action": "submitted", "review": map[string]any{"user": loginOf(who), "state": "approved", "commit_id": p.head, "submitted_at": s.o.clock.Now()}, "pull_request": s.payload(p, "", "")})
}

// merges has somebody merge it, and the pipeline test the merge.
func (s *story) merges(ctx context.Context, p *pull, who string, tested bool) (string, error) {
	before := s.head()
	landed := s.commit(who, fmt.Sprintf("Merge pull request #%d from farol/topic-%d", p.number, p.number), p.paths, before, p.head)
	if !tested { // what landed is no content that a check ever saw
		c := s.commits[landed]
		c.Tree = landed
		s.commits[landed] = c
	}
	s.line = append(s.line, landed)
	if err := s.tell(ctx, "pull_request", map[string]any{"action": "closed", "pull_request": s.payload(p, landed, who)}); err != nil {
		return "", err
	}
	if err := s.push(ctx, who, before, landed, 2); err != nil || !tested {
		return landed, err
	}
	return landed, s.check(ctx, landed, "success")
}

// goesOut has the pipeline deploy what is on the branch, to staging first.
func (s *story) goesOut(ctx context.Context, sha string) error {
	if err := s.deploy(ctx, sha, "staging", pipeline); err != nil {
		return err
	}
	return s.deploy(ctx, sha, "production", pipeline)
}

// ref gives the number of the change that landed with a commit.
func (s *story) ref(ctx context.Context, sha string) (string, error) {
	all, _, _, err := s.o.Changes.List(ctx, s.o.cast["ines"], change.Filter{Search: sha}, "", 1)
	if err != nil || len(all) == 0 {
		return "", fmt.Errorf("no change landed with %s: %w", sha, err)
	}
	return all[0].Ref(), nil
}

var work = []struct {
	title string
	paths []string
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

// yearOfChanges is a repository whose changes come by requests, most of them as
// they should: and a direct push, a deployment of a branch, emergencies, small
// changes that are approved beforehand, and work by hand.
func yearOfChanges(o *Organisation, c *calendar) error {
	s := o.repository
	c.on(38, "the repository is followed", func(ctx context.Context) error {
		first := s.commit("tomas", "First commit", []string{"README.md"})
		c := s.commits[first]
		c.AuthoredAt, c.CommittedAt = c.AuthoredAt.AddDate(-2, 0, 0), c.CommittedAt.AddDate(-2, 0, 0)
		s.commits[first], s.line = c, []string{first}
		_, secret, err := o.Changes.Connect(ctx, o.cast["ines"], storySlug, landing.Settings{Title: "Ledger", Forge: "github", Project: storyProject, Path: storyPath, Branch: "main", Hosts: []string{"web-*", "app-*"}, Since: o.clock.Now()}, false)
		if err != nil {
			return err
		}
		s.secret = secret
		for _, login := range []string{"tomas", "mei", "amara", "lukas", "sofia", "ines"} {
			if u, ok := o.cast[login]; ok {
				if err := o.Changes.KnowAs(ctx, o.cast["ines"], login, u.UserID); err != nil {
					return err
				}
			}
		}
		return o.Changes.Read(ctx, o.cast["ines"], storySlug)
	})
	c.on(41, "a standard change is proposed", func(ctx context.Context) error {
		_, err := o.Changes.Propose(ctx, o.cast["mei"], landing.Standard{Title: "Translations", Repository: storySlug, Paths: []string{"locale/**"}, PerDay: 3, Direct: true, Until: o.clock.Now().AddDate(0, 11, 0)})
		return err
	})
	c.on(43, "a standard change is approved", func(ctx context.Context) error {
		return o.Changes.ApproveStandard(ctx, o.cast["ines"], "STD-1", "")
	})
	authors := []string{"mei", "lukas", "amara", "tomas"}
	for i, day := 0, 46; day < 356; i, day = i+1, day+5 {
		author, other := authors[i%len(authors)], authors[(i+1+i/4)%len(authors)]
		if author == other {
			other = authors[(i+2)%len(authors)]
		}
		w := work[i%len(work)]
		p := &pull{author: author, title: fmt.Sprintf(w.title, 100+3*i), paths: w.paths}
		if i%8 == 7 { // translations, pushed as STD-1 allows
			c.on(day, "a translation is pushed", func(ctx context.Context) error {
				before := s.head()
				sha := s.commit(author, p.title, p.paths, before)
				s.line = append(s.line, sha)
				if err := s.push(ctx, author, before, sha, 1); err != nil {
					return err
				}
				if err := s.check(ctx, sha, "success"); err != nil {
					return err
				}
				return s.goesOut(ctx, sha)
			})
			continue
		}
		c.on(day, p.title+" is opened", func(ctx context.Context) error { return s.opens(ctx, p) })
		c.on(day+1, p.title+" is approved", func(ctx context.Context) error { return s.approves(ctx, p, other) })
		c.on(day+1, p.title+" is merged", func(ctx context.Context) error {
			sha, err := s.merges(ctx, p, other, true)
			if err != nil {
				return err
			}
			return s.goesOut(ctx, sha)
		})
	}
	s.irregular(c)
	byHand(o, c)
	for at := 0 * time.Hour; at < 24*time.Hour; at += min(o.Plan.Beat, 24*time.Hour) {
		c.daily(at+20*time.Minute, false, "the repository is heard", func(ctx context.Context) error {
			if s.secret == "" {
				return nil
			}
			return o.Changes.Beat(ctx)
		})
	}
	c.daily(18*time.Hour, true, "the repository is read", func(ctx context.Context) error {
		if s.secret == "" {
			return nil
		}
		return o.Changes.ReadAll(ctx)
	})
	return nil
}

// irregular is what goes another way than it should, and what people do about it.
func (s *story) irregular(c *calendar) {
	o := s.o
	direct := func(day int, who, message string, then func(ctx context.Context, sha string) error) {
		c.on(day, "a direct push", func(ctx context.Context) error {
			before := s.head()
			sha := s.commit(who, message, []string{"src/bank/client.go"}, before)
			s.line = append(s.line, sha)
			if err := s.push(ctx, who, before, sha, 1); err != nil {
				return err
			}
			if err := s.check(ctx, sha, "success"); err != nil {
				return err
			}
			if err := s.goesOut(ctx, sha); err != nil {
				return err
			}
			if err := o.Changes.ReadAll(ctx); err != nil {
				return err
			}
			return then(ctx, sha)
		})
	}
	var pushed, urgent string
	direct(103, "tomas", "FAR-137 Quick fix for a bank that answers twice", func(ctx context.Context, sha string) (err error) { pushed, err = s.ref(ctx, sha); return err })
	c.on(106, "a direct push is answered for", func(ctx context.Context) error {
		return o.Changes.AnswerFor(ctx, o.cast["amara"], pushed, "Read line by line with Tomas: it does what it says. The branch takes merges of requests alone from today.", "")
	})
	direct(171, "amara", "FAR-181 Stop booking a payment twice", func(ctx context.Context, sha string) (err error) {
		if urgent, err = s.ref(ctx, sha); err == nil {
			_, err = o.Changes.DeclareEmergency(ctx, o.cast["amara"], urgent, "Customers were charged twice since 09:00; the fix could not wait for a second reader.")
		}
		return err
	})
	c.on(172, "an emergency is reviewed", func(ctx context.Context) error {
		_, err := o.Changes.Review(ctx, o.cast["tomas"], urgent, "Read afterwards with the incident's timeline: the fix is right, and a test that fails without it was added.")
		return err
	})
	// A branch reaches production before it is merged.
	branch := &pull{author: "lukas", title: "FAR-214 New layout of statements", paths: []string{"web/statement.html"}}
	c.on(217, "a branch is opened", func(ctx context.Context) error { return s.opens(ctx, branch) })
	c.on(218, "a branch is deployed", func(ctx context.Context) error {
		if err := s.deploy(ctx, branch.head, "production", loginOf("lukas")); err != nil {
			return err
		}
		return o.Changes.ReadAll(ctx)
	})
	c.on(221, "a deployment without a merge is answered for", func(ctx context.Context) error {
		all, _, _, err := o.Changes.ListDeployments(ctx, o.cast["ines"], change.Filter{Attribute: landing.Merged, Is: []landing.Outcome{landing.Fail}}, "", 1)
		if err != nil || len(all) == 0 {
			return fmt.Errorf("no deployment without a merge: %w", err)
		}
		return o.Changes.AnswerFor(ctx, o.cast["tomas"], all[0].Ref(), "Deployed from a laptop to show it to a customer. It was taken back the same day; laptops may deploy no more.", "")
	})
	c.on(222, "the branch is approved", func(ctx context.Context) error { return s.approves(ctx, branch, "mei") })
	c.on(223, "the branch is merged", func(ctx context.Context) error {
		sha, err := s.merges(ctx, branch, "mei", true)
		if err != nil {
			return err
		}
		return s.goesOut(ctx, sha)
	})
	// What still waits at the end: one that nobody approved and no check saw, and
	// an emergency of yesterday.
	late := &pull{author: "lukas", title: "Tidy the address of branches", paths: []string{"src/address.go"}}
	c.on(347, "one that nobody approves is opened", func(ctx context.Context) error { return s.opens(ctx, late) })
	c.on(348, "one that nobody approved is merged", func(ctx context.Context) error {
		sha, err := s.merges(ctx, late, "lukas", false)
		if err != nil {
			return err
		}
		return s.goesOut(ctx, sha)
	})
	fire := &pull{author: "mei", title: "FAR-297 Take the bank's new certificate", paths: []string{"config/bank.conf"}, label: "emergency"}
	c.on(362, "an emergency lands", func(ctx context.Context) error {
		if err := s.opens(ctx, fire); err != nil {
			return err
		}
		sha, err := s.merges(ctx, fire, "mei", true)
		if err != nil {
			return err
		}
		if err := s.goesOut(ctx, sha); err != nil {
			return err
		}
		return o.Changes.ReadAll(ctx)
	})
}

// byHand is work that no repository holds.
func byHand(o *Organisation, c *calendar) {
	for _, w := range []struct {
		day         int
		who, title  string
		text        string
		approve, no string
	}{
		{128, "mei", "Move the mail queue to its own disk", "Stop the queue, copy it, mount the new disk, start it. Back: mount the old one.", "Looks right; at night, with Tomas there.", ""},
		{262, "lukas", "Open port 9200 on the log server", "Open it to the office, to look at an index. Back: close it.", "", "Nobody needs it open: the index can be read through the tunnel."},
		{357, "mei", "Resize the volume of the archive", "Grow the volume to 2 TB and the file system after it. It cannot be taken back; there is a backup of tonight.", "", ""},
	} {
		var ref string
		c.on(w.day, w.title+" is asked for", func(ctx context.Context) error {
			ch, err := o.Changes.Ask(ctx, o.cast[w.who], change.Ask{Title: w.title, Text: w.text, Hosts: []string{"mail-1", "log-1"}, Paths: []string{"/etc/fstab"}})
			if err == nil {
				ref = ch.Ref()
			}
			return err
		})
		if w.no != "" {
			c.on(w.day+1, w.title+" is refused", func(ctx context.Context) error {
				_, err := o.Changes.RefuseAsked(ctx, o.cast["tomas"], ref, w.no)
				return err
			})
		}
		if w.approve == "" {
			continue
		}
		c.on(w.day+1, w.title+" is approved", func(ctx context.Context) error {
			if _, err := o.Changes.ApproveAsked(ctx, o.cast["tomas"], ref, w.approve, ""); err != nil {
				return err
			}
			_, err := o.Changes.MakeToken(ctx, o.cast["tomas"], change.Permit{Change: ref, Hosts: []string{"mail-1"}, Paths: []string{"/etc/fstab", "/var/spool/**"}, Count: 20, Until: o.clock.Now().Add(72 * time.Hour)})
			return err
		})
		c.on(w.day+2, w.title+" is done", func(ctx context.Context) error {
			_, err := o.Changes.DoneAsked(ctx, o.cast[w.who], ref, "Done in forty minutes; the queue ran on.")
			return err
		})
	}
}
