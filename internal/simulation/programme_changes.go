package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/connectors/forge"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/simulation/codebase"
)

// The repository of the story, as its forge and its followers name it.
const (
	storySlug    = "ledger"
	storyProject = "farol/ledger"
	storyPath    = "/srv/git/ledger.git"
)

func makeChanges(o *Organisation) error {
	o.repository = codebase.New(codebase.Config{Project: storyProject, Clock: o.clock.Now, Who: func(login string) string { return o.cast[login].Name },
		Deliver: func(ctx context.Context, m change.Message) error { return o.Changes.Deliver(ctx, storySlug, m) }}, "tomas")
	o.Changes = change.New(change.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Sealed: o.cfg.Key, Hosts: o.Hosts, Version: o.cfg.Version, Clock: o.clock.Now, Read: o.repository.Read, Understand: forge.Understand})
	return nil
}

// changeOf gives the number of the change that landed with a commit.
func (o *Organisation) changeOf(ctx context.Context, sha string) (string, error) {
	all, _, _, err := o.Changes.List(ctx, o.cast["ines"], change.Filter{Search: sha}, "", 1)
	if err != nil || len(all) == 0 {
		return "", fmt.Errorf("no change landed with %s: %w", sha, err)
	}
	return all[0].Ref(), nil
}

// yearOfChanges is a repository whose changes come by requests, most of them as
// they should: and a direct push, a deployment of a branch, emergencies, small
// changes that are approved beforehand, and work by hand.
func yearOfChanges(o *Organisation, c *calendar) error {
	s := o.repository
	c.on(38, "the repository is followed", func(ctx context.Context) error {
		_, secret, err := o.Changes.Connect(ctx, o.cast["ines"], storySlug, landing.Settings{Title: "Ledger", Forge: "github", Project: storyProject, Path: storyPath, Branch: "main", Hosts: []string{"web-*", "app-*"}, Since: o.clock.Now()}, false)
		if err != nil {
			return err
		}
		s.Secret = secret
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
		w := codebase.Work[i%len(codebase.Work)]
		p := &codebase.Pull{Author: author, Title: fmt.Sprintf(w.Title, 100+3*i), Paths: w.Paths}
		if i%8 == 7 { // translations, pushed as STD-1 allows
			c.on(day, "a translation is pushed", func(ctx context.Context) error {
				_, err := s.Pushes(ctx, author, p.Title, p.Paths)
				return err
			})
			continue
		}
		c.on(day, p.Title+" is opened", func(ctx context.Context) error { return s.Opens(ctx, p) })
		c.on(day+1, p.Title+" is approved", func(ctx context.Context) error { return s.Approves(ctx, p, other) })
		c.on(day+1, p.Title+" is merged", func(ctx context.Context) error {
			sha, err := s.Merges(ctx, p, other, true)
			if err != nil {
				return err
			}
			return s.GoesOut(ctx, sha)
		})
	}
	irregular(o, c)
	byHand(o, c)
	for at := 0 * time.Hour; at < 24*time.Hour; at += min(o.Plan.Beat, 24*time.Hour) {
		c.daily(at+20*time.Minute, false, "the repository is heard", func(ctx context.Context) error {
			if s.Secret == "" {
				return nil
			}
			return o.Changes.Beat(ctx)
		})
	}
	c.daily(18*time.Hour, true, "the repository is read", func(ctx context.Context) error {
		if s.Secret == "" {
			return nil
		}
		return o.Changes.ReadAll(ctx)
	})
	return nil
}

// irregular is what goes another way than it should, and what people do about it.
func irregular(o *Organisation, c *calendar) {
	s := o.repository
	direct := func(day int, who, message string, then func(ctx context.Context, sha string) error) {
		c.on(day, "a direct push", func(ctx context.Context) error {
			sha, err := s.Pushes(ctx, who, message, []string{"src/bank/client.go"})
			if err != nil {
				return err
			}
			if err := o.Changes.ReadAll(ctx); err != nil {
				return err
			}
			return then(ctx, sha)
		})
	}
	var pushed, urgent string
	direct(103, "tomas", "FAR-137 Quick fix for a bank that answers twice", func(ctx context.Context, sha string) (err error) { pushed, err = o.changeOf(ctx, sha); return err })
	c.on(106, "a direct push is answered for", func(ctx context.Context) error {
		return o.Changes.AnswerFor(ctx, o.cast["amara"], pushed, "Read line by line with Tomas: it does what it says. The branch takes merges of requests alone from today.", "")
	})
	direct(171, "amara", "FAR-181 Stop booking a payment twice", func(ctx context.Context, sha string) (err error) {
		if urgent, err = o.changeOf(ctx, sha); err == nil {
			_, err = o.Changes.DeclareEmergency(ctx, o.cast["amara"], urgent, "Customers were charged twice since 09:00; the fix could not wait for a second reader.")
		}
		return err
	})
	c.on(172, "an emergency is reviewed", func(ctx context.Context) error {
		_, err := o.Changes.Review(ctx, o.cast["tomas"], urgent, "Read afterwards with the incident's timeline: the fix is right, and a test that fails without it was added.")
		return err
	})
	// A branch reaches production before it is merged.
	branch := &codebase.Pull{Author: "lukas", Title: "FAR-214 New layout of statements", Paths: []string{"web/statement.html"}}
	c.on(217, "a branch is opened", func(ctx context.Context) error { return s.Opens(ctx, branch) })
	c.on(218, "a branch is deployed", func(ctx context.Context) error {
		if err := s.Deploy(ctx, branch.Head, "production", codebase.Login("lukas")); err != nil {
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
	c.on(222, "the branch is approved", func(ctx context.Context) error { return s.Approves(ctx, branch, "mei") })
	c.on(223, "the branch is merged", func(ctx context.Context) error {
		sha, err := s.Merges(ctx, branch, "mei", true)
		if err != nil {
			return err
		}
		return s.GoesOut(ctx, sha)
	})
	// What still waits at the end: one that nobody approved and no check saw, and
	// an emergency of yesterday.
	late := &codebase.Pull{Author: "lukas", Title: "Tidy the address of branches", Paths: []string{"src/address.go"}}
	c.on(347, "one that nobody approves is opened", func(ctx context.Context) error { return s.Opens(ctx, late) })
	c.on(348, "one that nobody approved is merged", func(ctx context.Context) error {
		sha, err := s.Merges(ctx, late, "lukas", false)
		if err != nil {
			return err
		}
		return s.GoesOut(ctx, sha)
	})
	fire := &codebase.Pull{Author: "mei", Title: "FAR-297 Take the bank's new certificate", Paths: []string{"config/bank.conf"}, Label: "emergency"}
	c.on(362, "an emergency lands", func(ctx context.Context) error {
		if err := s.Opens(ctx, fire); err != nil {
			return err
		}
		sha, err := s.Merges(ctx, fire, "mei", true)
		if err != nil {
			return err
		}
		if err := s.GoesOut(ctx, sha); err != nil {
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
