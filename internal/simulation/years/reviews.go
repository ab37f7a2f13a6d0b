package years

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/connectors/accountcsv"
	"github.com/attesta/attesta/internal/operations/entitlement"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/review"
)

func makeReviews(o *Stage) error {
	o.Reviews = entitlement.Reviews(entitlement.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Access: o.Access, Hosts: o.Hosts, People: o.People, Controls: o.Controls, Evidence: o.Evidence, Scopes: o.Scopes, Badges: o.Badges.Parts})
	return nil
}

// forja is the accounts of the code host as its console exports them: who is
// there in which role, and when last.
func (o *Stage) forja(without ...string) []byte {
	var b strings.Builder
	b.WriteString("User name,Email,Role,Last activity,Status,Added by,Ticket\n")
	for i, x := range [][3]string{{"aarav", "owner", "214"}, {"tomas", "owner", "214"}, {"lukas", "maintainer", "231"}, {"jonas", "maintainer", "231"}, {"erik", "owner", "233"}, {"sofia", "developer", "412"}, {"mei", "developer", "240"}, {"clara", "reader", "858"}} {
		if strings.Contains(" "+strings.Join(without, " ")+" ", " "+x[0]+" ") {
			continue
		}
		last := o.Clock().AddDate(0, 0, -i-1).Format(time.DateOnly)
		if x[0] == "mei" {
			last = o.Clock().AddDate(0, -5, 0).Format(time.DateOnly)
		}
		fmt.Fprintf(&b, "%s,,%s,%s,active,aarav,ticket %s\n", x[0], x[1], last, x[2])
	}
	fmt.Fprintf(&b, "release-robot,,maintainer,%s,active,tomas,\nold-deploy,,maintainer,never,suspended,tomas,\n", o.Clock().Format(time.DateOnly))
	return []byte(b.String())
}

// yearOfReviews is three reviews of access: one in time, one late, and one that
// runs, with an account of a leaver that is still there.
func yearOfReviews(o *Stage, c *Calendar) error {
	bring := func(n int, without ...string) {
		c.On(n, "a list of the code host", func(ctx context.Context) error {
			raw := o.forja(without...)
			f, err := accountcsv.Read(strings.NewReader(string(raw)))
			if err != nil {
				return err
			}
			_, err = o.Reviews.BringList(ctx, o.Cast["ines"], review.Brought{System: "Forja Code", Owner: "aarav", Taken: o.Clock().Add(-time.Hour), File: raw, Grants: f.Grants, Closed: f.Closed})
			return err
		})
	}
	bring(147)
	bring(163, "jonas", "clara")
	bring(239, "jonas", "clara")
	bring(351, "jonas", "erik")
	c.On(146, "which duties are kept apart", func(ctx context.Context) error {
		if _, err := o.Reviews.SetDuty(ctx, o.Cast["ines"], review.Duty{Title: "Own the code and the databases", Why: "Somebody could change what the service does and what it has recorded, and nobody else would see it.",
			A: review.Side{System: "Forja Code", Role: "owner"}, B: review.Side{System: "host:*db*", Role: "log in"}}); err != nil {
			return err
		}
		_, err := o.Reviews.SetDuty(ctx, o.Cast["ines"], review.Duty{Title: "Release and administer Attesta", Why: "Somebody could release a change and hide that nobody approved it.",
			A: review.Side{System: "Forja Code", Role: "maintainer"}, B: review.Side{System: "attesta", Role: "Administrator"}})
		return err
	})
	c.Daily(5*time.Hour, false, "what was revoked is looked at", func(ctx context.Context) error {
		_, err := o.Reviews.Look(ctx)
		return err
	})
	o.review(c, 148, map[string]string{"jonas maintainer": "Moves to the planner's team and no longer releases."}, []int{150, 153, 157}, 159)
	o.review(c, 240, map[string]string{"erik log in": "Leaves at the end of the month and has handed over."}, []int{243, 249, 260}, 261)
	o.review(c, 352, map[string]string{"nadia log in": "The migration is over; her last day was yesterday.", "erik owner": "Left in autumn."}, []int{354, 359}, 0)
	return nil
}

// review is one review from its beginning: on each of the days the reviewers
// decide on a part of what is left, at the last on the rest, and on the day
// closed it ends; 0: it goes on, and a part stays undecided.
func (o *Stage) review(c *Calendar, begun int, gone map[string]string, days []int, closed int) {
	ref := ""
	c.On(begun, "an access review begins", func(ctx context.Context) error {
		now := o.Clock()
		q := (int(now.Month()) - 1) / 3
		from := time.Date(now.Year(), time.Month(q*3+1), 1, 0, 0, 0, 0, time.UTC)
		got, err := o.Reviews.Begin(ctx, o.Cast["ines"], review.New{Title: fmt.Sprintf("Access review, quarter %d of %d", q+1, now.Year()), From: from.Format(time.DateOnly), To: from.AddDate(0, 3, -1).Format(time.DateOnly), Due: now.AddDate(0, 0, 14).Format(time.DateOnly),
			Mode: review.ByManager, Reviewer: "ines", Other: "aarav"})
		if err != nil {
			return err
		}
		ref = got.Ref()
		// What nobody who was named may decide on goes to the head of operations, and
		// something else of which he knows more than whoever was named.
		_, page, err := o.Reviews.Items(ctx, o.Cast["ines"], review.Filter{Campaign: ref}, "", 500)
		tomas, given := o.Cast["tomas"].UserID, false
		for _, x := range page.Items {
			if err != nil || tomas == "" || x.Reviewer == tomas || x.Holder == tomas || x.GrantedBy == tomas || x.Reviewer != "" && given {
				continue
			}
			given = given || x.Reviewer != ""
			_, err = o.Reviews.Assign(ctx, o.Cast["ines"], x.Ref(), "tomas")
		}
		return err
	})
	for i, n := range days {
		c.On(n, "reviewers decide", func(ctx context.Context) error {
			_, page, err := o.Reviews.Items(ctx, o.Cast["ines"], review.Filter{Campaign: ref, State: "undecided"}, "", 1000)
			if err != nil {
				return err
			}
			last := i == len(days)-1 && closed > 0
			for k := range page.Items {
				x := &page.Items[k]
				why, goes := gone[x.Account+" "+x.Role]
				if !last && !goes && k%3 != i%3 {
					continue
				}
				if err := o.decide(ctx, x, why); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if closed == 0 {
		return
	}
	c.On(closed, "an access review is closed", func(ctx context.Context) error {
		got, err := o.Reviews.Close(ctx, o.Cast["ines"], ref, "Gone through with the heads of engineering and operations.")
		if err != nil || got.Evidence == "" {
			return err
		}
		n, err := evidence.ParseRef(got.Evidence)
		if err != nil {
			return err
		}
		return o.Evidence.Decide(ctx, o.Cast["aarav"], n, 1, instance.Accepted, "", "")
	})
}

// decide is what its reviewer says of an item: it goes where why says so.
func (o *Stage) decide(ctx context.Context, x *review.Item, why string) error {
	var who access.Principal
	for _, p := range o.Cast {
		if p.UserID == x.Reviewer {
			who = p
		}
	}
	if who.UserID == "" {
		return nil // nobody reviews it yet
	}
	said := review.Said{Decision: review.Keep}
	switch {
	case why != "":
		said = review.Said{Decision: review.Revoke, Reason: why}
	case x.Has(review.Again):
		said.Reason = "It is being removed; operations has the ticket."
	case x.Has(review.Leaver):
		said = review.Said{Decision: review.Revoke, Reason: "Has left; the account was forgotten."}
	case x.Has(review.Duties):
		said.Reason = "Both are needed in a team of our size; every change of the databases is read by Mei."
	case x.Has(review.Nobody):
		said.Reason = "Belongs to the machine, not to a person; its key is in the safe."
	case x.Has(review.Unused):
		said.Reason = "Needed for the yearly restore; looked at again next quarter."
	}
	_, err := o.Reviews.Decide(ctx, who, x.Ref(), said)
	return err
}
