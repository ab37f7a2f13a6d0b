package years

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/plan"
)

func makePlan(o *Stage) error {
	statuses := posture.New(posture.Config{DB: o.DB, Clock: o.Clock, Outcomes: o.Outcomes, Standards: o.Standards, Findings: o.Findings})
	gaps := gap.New(gap.Config{Posture: statuses, Controls: o.Controls, Said: func(ctx context.Context, at posture.At) (map[string]string, error) {
		valid := at.Valid
		if valid.IsZero() {
			valid = o.Clock()
		}
		return o.Questions.Said(ctx, valid, at.Known)
	}})
	o.Tasks = plan.New(plan.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock,
		Stands: func(ctx context.Context, q database.Querier, stand, owner string) (bool, error) {
			return o.Work.StandsFor(ctx, q, stand, owner)
		},
		Gaps: func(ctx context.Context) (map[string]bool, error) {
			r, err := gaps.Report(ctx, access.System(), posture.Now())
			out := map[string]bool{}
			for _, g := range r.Gaps {
				out[g.Key] = true
			}
			return out, err
		},
		Zone: func(ctx context.Context) (*time.Location, error) {
			v, err := o.Scopes.Now(ctx)
			return v.Location(), err
		}})
	o.Readiness = readiness.New(readiness.Config{Clock: o.Clock, Posture: statuses, Gaps: gaps, Plan: o.Tasks, Scopes: o.Scopes, Evidence: o.Evidence})
	return nil
}

// yearOfPlan is the tasks that close what was missing, some that return, and what
// became of them.
func yearOfPlan(o *Stage, c *Calendar) error {
	c.On(46, "tasks are made of the gaps", func(ctx context.Context) error {
		all, err := o.Readiness.Propose(ctx, o.Cast["aarav"])
		if err != nil {
			return err
		}
		var keys []string
		for _, p := range all {
			if p.Chosen && len(keys) < 24 { // the rest is proposed again when these are done
				keys = append(keys, p.Gap)
			}
		}
		_, err = o.Readiness.Make(ctx, o.Cast["aarav"], keys)
		return err
	})
	own := []string{"lukas", "tomas", "mei", "amara", "aarav"}
	c.On(47, "tasks get owners", func(ctx context.Context) error {
		all, err := o.Tasks.List(ctx, o.Cast["aarav"], plan.Filter{})
		if err != nil {
			return err
		}
		for i, t := range all {
			if i%6 == 5 { // nobody yet
				continue
			}
			f := t.Fields
			f.Owner = o.Cast[own[i%len(own)]].UserID
			if _, err := o.Tasks.Change(ctx, o.Cast["aarav"], t.Ref(), t.Seq, f, ""); err != nil {
				return err
			}
		}
		return nil
	})
	c.On(101, "what is left is planned anew", func(ctx context.Context) error {
		all, err := o.Tasks.List(ctx, o.Cast["aarav"], plan.Filter{State: []plan.State{plan.Open}})
		if err != nil {
			return err
		}
		for i, t := range all {
			if t.Gap == "" {
				continue
			}
			if strings.HasPrefix(t.Title, "Add a second key control") && i%4 != 0 {
				_, err = o.Tasks.Drop(ctx, o.Cast["aarav"], t.Ref(), "One key control carries it in a firm of our size; the committee looks at it again next year.")
			} else {
				f := t.Fields
				f.Due = c.Day(366 + 3*i)
				_, err = o.Tasks.Change(ctx, o.Cast["aarav"], t.Ref(), t.Seq, f, "Moved into the window of the type 2.")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	made := map[string]string{} // ref, by what it is called here
	create := func(n int, key, owner string, f plan.Fields, due int) {
		c.On(n, "task "+key, func(ctx context.Context) error {
			f.Owner = o.Cast[owner].UserID
			if due > 0 {
				f.Due = c.Day(due)
			}
			t, err := o.Tasks.Create(ctx, o.Cast["aarav"], f)
			if err == nil {
				made[key] = t.Ref()
			}
			return err
		})
	}
	do := func(n int, key, who, what, note string) {
		c.On(n, "task "+key+": "+what, func(ctx context.Context) error {
			p, ref := o.Cast[who], made[key]
			var err error
			switch what {
			case "start":
				_, err = o.Tasks.Start(ctx, p, ref)
			case "wait":
				_, err = o.Tasks.Wait(ctx, p, ref, note)
			case "resume":
				_, err = o.Tasks.Resume(ctx, p, ref)
			case "comment":
				_, err = o.Tasks.Comment(ctx, p, ref, note)
			case "finish":
				_, err = o.Tasks.Finish(ctx, p, ref, note)
			case "drop":
				_, err = o.Tasks.Drop(ctx, p, ref, note)
			default:
				err = fmt.Errorf("nobody knows how to %s a task", what)
			}
			return err
		})
	}
	page := func(kind, ref, path string) plan.About { return plan.About{Kind: kind, Ref: ref, Path: path} }
	create(48, "vpn", "tomas", plan.Fields{Title: "Second factor for the last way into production", Why: "The first questions say that one way asks for a password only.", Technical: true, Effort: 6, About: page("control", "remote-access-two-factors", "")}, 75)
	do(50, "vpn", "tomas", "start", "")
	do(55, "vpn", "tomas", "wait", "keys that are on their way")
	do(66, "vpn", "tomas", "resume", "")
	do(71, "vpn", "tomas", "finish", "Every way asks for a key now; tried from outside with a password alone.")
	create(49, "copies", "lukas", plan.Fields{Title: "Keep a copy of backups with another provider", Why: "A backup beside the original is gone with the account.", Technical: true, Effort: 10, About: page("control", "backups-kept-apart", "/controls/backups-kept-apart")}, 98)
	do(60, "copies", "lukas", "start", "")
	do(92, "copies", "lukas", "finish", "Copies go to the second site and to a third provider, encrypted for two keys.")
	create(53, "console", "amara", plan.Fields{Title: "Buy a console that records what support looks at", Why: "Support can open customers' records.", Effort: 8}, 130)
	do(75, "console", "aarav", "drop", "The helpdesk link does it: each record that is opened stands in our own log.")
	create(56, "lists", "mei", plan.Fields{Title: "Look through the list of who may deploy", Why: "It grows by itself.", Effort: 1, Every: "quarterly", About: page("control", "access-reviewed", "/controls/access-reviewed")}, 92)
	do(88, "lists", "mei", "finish", "Two names taken off.")
	create(311, "exercise", "ines", plan.Fields{Title: "Prepare the exercise of the continuity plan", Why: "The auditor asks for one within the window.", Effort: 4, About: page("control", "continuity-plan-tested", "/controls/continuity-plan-tested")}, 372)
	do(345, "exercise", "ines", "start", "")
	do(346, "exercise", "aarav", "comment", "Nordlys can stop the first site for us on a Sunday; I asked for two dates.")
	do(349, "exercise", "ines", "wait", "a date from Nordlys Datacentre")
	create(320, "hole", "mei", plan.Fields{Title: "Ask Forja Code about the months without a report", Why: "Nothing speaks of five months of the window.", Effort: 1, About: page("vendor", "V-2", "/vendors/V-2")}, 350)
	do(337, "hole", "mei", "start", "")
	create(341, "dates", "joana", plan.Fields{Title: "Agree with the auditor on the days of fieldwork", Why: "People must be there who can show what they do.", Effort: 1}, 372)
	for _, n := range []int{64, 100, 151, 240, 330} {
		c.On(n, "tasks whose gap is gone are closed", func(ctx context.Context) error {
			_, _, err := o.Tasks.Settle(ctx)
			return err
		})
	}
	c.On(331, "tasks are made of what is left", func(ctx context.Context) error {
		all, err := o.Readiness.Propose(ctx, o.Cast["aarav"])
		if err != nil {
			return err
		}
		var keys []string
		for _, p := range all {
			if p.Chosen && p.Task == 0 && len(keys) < 12 {
				keys = append(keys, p.Gap)
			}
		}
		if len(keys) == 0 {
			return nil
		}
		numbers, err := o.Readiness.Make(ctx, o.Cast["aarav"], keys)
		if err != nil {
			return err
		}
		for i, n := range numbers {
			t, err := o.Tasks.Get(ctx, o.Cast["aarav"], fmt.Sprintf("T-%d", n))
			if err != nil {
				return err
			}
			f := t.Fields
			f.Owner = o.Cast[own[i%len(own)]].UserID
			if _, err := o.Tasks.Change(ctx, o.Cast["aarav"], t.Ref(), t.Seq, f, ""); err != nil {
				return err
			}
		}
		return nil
	})
	for i, n := range []int{340, 344, 348} {
		c.On(n, "a task of the gaps is begun", func(ctx context.Context) error {
			who := o.Cast[own[i]]
			mine, err := o.Tasks.Mine(ctx, who)
			if err != nil {
				return err
			}
			for _, t := range mine {
				if t.State != plan.Open || t.Gap == "" {
					continue
				}
				if _, err = o.Tasks.Start(ctx, who, t.Ref()); err == nil && i == 1 { // by their word: the gap is there still
					_, err = o.Tasks.Finish(ctx, who, t.Ref(), "Done from our side; the next run shows it.")
				}
				return err
			}
			return nil
		})
	}
	return nil
}

func makeBulk(o *Stage) error {
	o.Bulk = bulk.New(bulk.Config{DB: o.DB, Ledger: o.Ledger, Access: o.Access, Findings: o.Findings, Hosts: o.Hosts, Waivers: o.Waivers, Clock: o.Clock})
	return nil
}

// yearOfBulk is what was done to many at once: hosts get a tag, and lose it the
// same hour, because the wrong ones were chosen; findings get who is to mend them.
func yearOfBulk(o *Stage, c *Calendar) error {
	c.On(291, "hosts of the nightly plan are tagged, and that is undone", func(ctx context.Context) error {
		b, err := o.toMany(ctx, "tomas", "hosts.edit", map[string]string{"add": "season"}, o.hostsOf("stage"))
		if err != nil || b.ID == "" { // an organisation of few hosts has none of these
			return err
		}
		o.Set(o.Clock().Add(11 * time.Minute))
		_, err = o.Bulk.Undo(ctx, o.Cast["tomas"], b.ID)
		return err
	})
	c.On(292, "the right hosts are tagged", func(ctx context.Context) error {
		_, err := o.toMany(ctx, "tomas", "hosts.edit", map[string]string{"add": "season"}, o.hostsOf("worker"))
		return err
	})
	c.On(363, "a finding is given back", func(ctx context.Context) error {
		list, err := o.Findings.List(ctx, finding.Filter{States: []finding.State{finding.Acknowledged}}, finding.ByUrgency, "", 1)
		if err != nil || len(list.Findings) == 0 {
			return err
		}
		return o.Findings.Release(ctx, o.Cast["tomas"], list.Findings[0].ID, "I am away from tomorrow on; somebody else takes it.")
	})
	c.On(352, "findings get who is to mend them", func(ctx context.Context) error {
		_, err := o.toMany(ctx, "tomas", "findings.assign", map[string]string{"owner": o.Cast["lukas"].UserID, "note": "Together with the next change of these hosts."}, func(ctx context.Context) ([]string, error) {
			list, err := o.Findings.List(ctx, finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByUrgency, "", 6)
			var out []string
			for _, f := range list.Findings {
				out = append(out, f.ID)
			}
			return out, err
		})
		return err
	})
	return nil
}

// hostsOf gives the hosts of a kind that are there.
func (o *Stage) hostsOf(kind string) func(context.Context) ([]string, error) {
	return func(ctx context.Context) ([]string, error) {
		page, _, _, err := o.Hosts.Sorted(ctx, host.Filter{}, "", "", 500)
		var out []string
		for _, h := range page {
			if h.RetiredAt.IsZero() && len(h.Name) > len(kind) && h.Name[:len(kind)+1] == kind+"-" {
				out = append(out, h.ID)
			}
		}
		return out, err
	}
}

// toMany chooses, looks at what would change, and does it.
func (o *Stage) toMany(ctx context.Context, who, kind string, params map[string]string, items func(context.Context) ([]string, error)) (bulk.Batch, error) {
	list, err := items(ctx)
	if err != nil || len(list) == 0 {
		return bulk.Batch{}, err
	}
	b, err := o.Bulk.Choose(ctx, o.Cast[who], kind, list, "")
	if err != nil {
		return b, err
	}
	if b, err = o.Bulk.Preview(ctx, o.Cast[who], b.ID, params); err != nil {
		return b, err
	}
	return o.Bulk.Apply(ctx, o.Cast[who], b.ID, b.Seen)
}
