package years

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/instance"
)

func makeAssurance(o *Stage) error {
	log := journal.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock}
	o.Firms = firm.New(firm.Config{Journal: log})
	about := owntest.Sources{Controls: o.Controls, Evidence: o.Evidence, Populations: o.Populations, Scopes: o.Scopes, Clock: o.Clock}
	o.OwnTests = owntest.New(owntest.Config{Journal: log, Ledger: o.Ledger, Control: about.Performed, Population: about.Population})
	return nil
}

// yearOfAssurance is two firms looked at and one engaged, a report received and
// handed out, and own tests in each state.
func yearOfAssurance(o *Stage, c *Calendar) error {
	yearOfFirms(o, c)
	yearOfOwnTests(o, c)
	return nil
}

func yearOfFirms(o *Stage, c *Calendar) {
	day := func(n int) string { return o.Start.AddDate(0, 0, n*c.Days/365).Format(time.DateOnly) }
	c.On(30, "two audit firms are proposed", func(ctx context.Context) error {
		_, err := o.Firms.Propose(ctx, o.Cast["aarav"], firm.Profile{Name: "Tagus & Moor LLP", Contact: "Sofia Brandão", Experience: "Five firms that plan deliveries or run software for others, two of our size.", Fee: "21,000 euro for type 1, 34,000 for type 2", Why: "They answered every question, and examine in April, when it is quiet here. Dearer than the other."})
		if err != nil {
			return err
		}
		_, err = o.Firms.Propose(ctx, o.Cast["aarav"], firm.Profile{Name: "Quickstep Attest", Experience: "Says ninety a year; named none of our kind.", Fee: "9,000 euro for both", Why: "Cheap and quick. Came with the seller of a tool, and wrote evidence for its other customers."})
		return err
	})
	answers := func(threats map[string]string) map[string]firm.Answer {
		out := map[string]firm.Answer{}
		for _, q := range firm.Questions() {
			text, yes := threats[q.ID]
			out[q.ID] = firm.Answer{Threat: yes, Safeguard: text}
		}
		return out
	}
	c.On(36, "licences are looked up and questions answered", func(ctx context.Context) error {
		who := o.Cast["aarav"]
		_, err := o.Firms.Verify(ctx, who, "AF-1", firm.Licence{Number: "PT-4471", Issuer: "State board of accountancy", Where: "the board's register of firms", Until: o.Start.AddDate(2, 0, 0).Format(time.DateOnly), PeerReview: firm.ReviewPass, PeerYear: o.Start.AddDate(-1, 0, 0).Format("2006")})
		if err != nil {
			return err
		}
		if _, err = o.Firms.Answer(ctx, who, "AF-1", answers(map[string]string{"kin": "A cousin of Tomás Reis audits there. She is not on the team, and the partner confirmed in writing that she will not be."})); err != nil {
			return err
		}
		_, err = o.Firms.Verify(ctx, who, "AF-2", firm.Licence{Number: "CO-0090", Issuer: "State board of accountancy", Where: "the board's register of firms", PeerReview: firm.NoReview, PeerNote: "The firm is younger than three years and was never reviewed."})
		return err
	})
	c.On(41, "one firm is engaged", func(ctx context.Context) error {
		if _, err := o.Firms.Engage(ctx, o.Cast["ines"], "AF-1", "Knows firms like ours, independent, reviewed. The fee is within the budget.", ""); err != nil {
			return err
		}
		_, err := o.Firms.Refuse(ctx, o.Cast["ines"], "AF-2", "Brought in by the seller of a tool, and has no peer review.")
		return err
	})
	c.On(48, "the engagement letter is signed", func(ctx context.Context) error {
		_, err := o.Firms.Sign(ctx, o.Cast["aarav"], "AF-1", firm.Letter{Signed: day(47), By: "Ines Duarte", Engagement: 1, Covers: "Type 1, security and availability; hosting carved out.", Where: "Contracts, folder 12"})
		return err
	})
	c.On(170, "the report of type 1 is received", func(ctx context.Context) error {
		at := o.AsOf.Format(time.DateOnly)
		dated := o.AsOf.AddDate(0, 0, 12)
		if now := o.Clock(); dated.After(now) {
			dated = now
		}
		_, err := o.Firms.Receive(ctx, o.Cast["aarav"], firm.Received{Title: "SOC 2 Type 1, security and availability", Engagement: 1, Firm: "AF-1", Type: 1, To: at, Dated: dated.Format(time.DateOnly), Opinion: firm.Unqualified, Where: "Reports, folder 1"})
		return err
	})
	for i, h := range []firm.Handing{
		{To: "Head of purchasing, Casa do Pão", As: "customer", Terms: "Section 14 of their contract of 2 March", Form: "read only, their name on each page"},
		{To: "Security desk, Rede Norte", As: "prospect", Terms: "Non-disclosure agreement signed the day before", Form: "read only, their name on each page"},
		{To: "Audit team of Casa do Pão", As: "practitioner", Terms: "Their engagement letter names the report", Letters: "what we expect of customers"},
	} {
		n := 190 + 30*i
		c.On(n, h.To+" is given a copy", func(ctx context.Context) error {
			h.On = o.Clock().Format(time.DateOnly)
			_, err := o.Firms.Hand(ctx, o.Cast["aarav"], "SR-1", h)
			return err
		})
	}
	c.On(300, "a copy is asked back", func(ctx context.Context) error {
		_, err := o.Firms.Recall(ctx, o.Cast["aarav"], "SR-1", 2, o.Clock().Format(time.DateOnly), "They chose somebody else.")
		return err
	})
}

// trial is one own test of the story.
type trial struct {
	day  int
	fail bool // one item does not hold
	stop string
}

func yearOfOwnTests(o *Stage, c *Calendar) {
	taken := map[string]bool{}
	for _, t := range []trial{{day: 130}, {day: 215, fail: true}, {day: 322, stop: "half"}, {day: 352, stop: "planned"}} {
		ref := ""
		c.On(t.day, "an own test is planned", func(ctx context.Context) error {
			now := o.Clock().Truncate(24 * time.Hour)
			from := now.AddDate(0, -4, 0)
			slug, err := o.testable(ctx, from, now, taken)
			if err != nil {
				return err
			}
			taken[slug] = true
			x, err := o.OwnTests.Plan(ctx, o.Cast["ines"], owntest.Plan{Control: slug, Objective: "Was it performed each time, and did somebody else look at it?", Method: owntest.Inspection, Procedure: "Open the evidence of each occurrence. Hold its dates against the calendar, and read who reviewed it.",
				Attributes: []string{"Performed before it was due", "What was found has a task where it needs one", "Reviewed by somebody else"}, From: from, To: now, Due: now.AddDate(0, 0, 21), Tester: "ines"})
			if err == nil {
				ref = x.Ref
			}
			return err
		})
		if t.stop == "planned" {
			continue
		}
		c.On(t.day+1, "its items are drawn", func(ctx context.Context) error {
			if err := o.Ledger.Publish(ctx); err != nil {
				return err
			}
			_, err := o.OwnTests.Draw(ctx, o.Cast["ines"], ref)
			return err
		})
		c.On(t.day+3, "its items are looked at", func(ctx context.Context) error { return o.look(ctx, ref, t) })
		if t.stop != "" {
			continue
		}
		c.On(t.day+5, "it is reviewed", func(ctx context.Context) error {
			x, err := o.OwnTests.Conclude(ctx, o.Cast["ines"], ref, "")
			if err != nil {
				return err
			}
			if x.Content.Conclusion == owntest.Deviation {
				if _, err = o.OwnTests.FollowUp(ctx, o.Cast["aarav"], ref, owntest.Remedy{Cause: "The reviewer was on leave, and nobody stood in.", Action: "A deputy is named in the control. The next two occurrences are looked at in the week that they are due.", Retest: o.Clock().AddDate(0, 3, 0)}); err != nil {
					return err
				}
			}
			_, err = o.OwnTests.Review(ctx, o.Cast["aarav"], ref, "Read beside the evidence of two items.", "")
			return err
		})
	}
}

// testable gives a manual control that owed something in a period and was not
// tested yet.
func (o *Stage) testable(ctx context.Context, from, to time.Time, taken map[string]bool) (string, error) {
	program, err := control.Load(ctx, o.DB.Reader())
	if err != nil {
		return "", err
	}
	about := owntest.Sources{Controls: o.Controls, Evidence: o.Evidence, Populations: o.Populations, Scopes: o.Scopes, Clock: o.Clock}
	for i := range program.Controls {
		k := &program.Controls[i]
		if v := k.Current(); v.State != control.Adopted || v.Design.Mode != control.Manual || instance.Triggered(v.Design) || taken[k.Slug] {
			continue
		}
		owed, err := about.Population(ctx, access.System(), k.Slug, "instances", from, to)
		if err != nil {
			return "", err
		}
		who, err := about.Performed(ctx, access.System(), k.Slug, from, to)
		if err != nil {
			return "", err
		}
		if len(owed.Items) > 1 && !slices.Contains(who.Brought, o.Cast["ines"].UserID) {
			return k.Slug, nil
		}
	}
	return "", errors.New("no manual control owed anything")
}

// look records what was seen: everything holds, but for one item of a test that
// fails; of one that stops, half is looked at.
func (o *Stage) look(ctx context.Context, ref string, t trial) error {
	x, err := o.OwnTests.Get(ctx, o.Cast["ines"], ref)
	if err != nil {
		return err
	}
	items := x.Content.Items
	if t.stop == "half" {
		items = items[:(len(items)+1)/2]
	}
	var seen []owntest.Seen
	for i, it := range items {
		for _, a := range x.Content.Attributes {
			s := owntest.Seen{Item: it.ID, Attribute: a.Letter, Outcome: owntest.Pass, Looked: fmt.Sprintf("evidence of %s and its review", it.ID)}
			if t.fail && i == 0 && a.Letter == "C" {
				s.Outcome, s.Reason = owntest.Fail, "Nobody else looked at it before the next one was due."
			}
			seen = append(seen, s)
		}
	}
	if len(seen) == 0 {
		return nil
	}
	_, err = o.OwnTests.See(ctx, o.Cast["ines"], ref, seen...)
	return err
}
