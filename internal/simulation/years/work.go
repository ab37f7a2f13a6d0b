package years

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/posture/worklist"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/program/work"
)

func (o *Stage) zone(ctx context.Context) (*time.Location, error) {
	v, err := o.Scopes.Now(ctx)
	return v.Location(), err
}

func makeWork(o *Stage) error {
	later := worklist.Later{Clock: o.Clock}
	o.Work = work.New(work.Config{DB: o.DB, Ledger: o.Ledger, Access: o.Access, Clock: o.Clock, Logger: o.Quiet, Zone: o.zone,
		Sources: func() []work.Source {
			return []work.Source{worklist.Tasks(o.Tasks), later.Instances(o.Evidence, o.Controls), worklist.Requests(o.Engagements)}
		},
		Manager: worklist.Manager(o.People)})
	o.Calendar = calendar.New(calendar.Config{DB: o.DB, Ledger: o.Ledger, Access: o.Access, Clock: o.Clock, Logger: o.Quiet, Zone: o.zone})
	o.RACI = raci.New(raci.Config{DB: o.DB, Ledger: o.Ledger, Access: o.Access, Clock: o.Clock, Subjects: worklist.AnsweredFor(o.Controls, o.Questions)})
	return nil
}

// yearOfWork is who was away and who stood in, what was told above, tests and
// freezes, and who answers for what.
func yearOfWork(o *Stage, c *Calendar) error {
	day := func(n int) string { return c.Day(n).Format(time.DateOnly) }
	away := func(on, from, to int, who, stand, note string) {
		c.On(on, who+" says when they are away", func(ctx context.Context) error {
			_, err := o.Work.Set(ctx, o.Cast[who], work.Away{Stand: o.Cast[stand].UserID, From: day(from), To: day(to), Note: note})
			return err
		})
	}
	away(110, 124, 136, "mei", "tomas", "The keys of the restore are in the safe; the code is with Ines.")
	away(188, 201, 215, "tomas", "amara", "")
	away(300, 312, 318, "aarav", "ines", "Only what cannot wait.")
	away(357, 362, 379, "lukas", "aarav", "The migration of the queue can wait until I am back.")
	c.On(128, "a stand-in does what is Mei's", func(ctx context.Context) error {
		all, err := o.Tasks.List(ctx, o.Cast["tomas"], plan.Filter{Owner: o.Cast["mei"].UserID, State: []plan.State{plan.Open, plan.Doing}})
		if err != nil || len(all) == 0 {
			return err
		}
		if _, err := o.Work.Take(ctx, o.Cast["tomas"], "task/"+all[0].Ref()); err != nil {
			return err
		}
		_, err = o.Tasks.Finish(ctx, o.Cast["tomas"], all[0].Ref(), "Done while Mei was away, as she had prepared it.")
		return err
	})
	c.On(209, "Tomas is back earlier", func(ctx context.Context) error {
		all, err := o.Work.Absences(ctx, o.Cast["tomas"], false)
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.Person == o.Cast["tomas"].UserID {
				_, err = o.Work.End(ctx, o.Cast["tomas"], a.ID)
			}
		}
		return err
	})
	for n := 90; n < 365; n += 45 {
		c.On(n, "what stays undone is told above", func(ctx context.Context) error {
			_, err := o.Work.Escalate(ctx)
			return err
		})
	}
	planned := func(on int, who, kind, title string, from, to int, reason, anyway string, systems ...string) {
		c.On(on, title+" is planned", func(ctx context.Context) error {
			_, err := o.Calendar.Make(ctx, o.Cast[who], calendar.Plan{Kind: kind, Title: title, From: calendar.Day(day(from)), To: calendar.Day(day(to)), Systems: systems, Reason: reason, Anyway: anyway})
			return err
		})
	}
	planned(70, "tomas", calendar.Freeze, "Close of the quarter", 86, 92, "Customers close their books; a restart in these days would cost them a day.", "")
	planned(80, "amara", calendar.Test, "Restore of the customers' database", 99, 99, "The yearly proof that a backup is one.", "", "database")
	planned(84, "amara", calendar.Test, "Rotation of the signing keys", 88, 88, "They end on the next day.", "The old keys end within the freeze; it was agreed with the customers.", "signing")
	planned(170, "ines", calendar.Exercise, "A leaver who keeps a key", 190, 190, "A table-top exercise of the incident plan, with everybody on call.", "")
	planned(240, "tomas", calendar.Test, "Failover to the second site", 262, 263, "The contracts promise it within four hours.", "")
	planned(330, "tomas", calendar.Freeze, "Year's end", 386, 400, "Nobody changes what customers close their year with.", "")
	planned(340, "amara", calendar.Test, "Penetration test by Vantar", 372, 376, "The yearly test from outside; findings are mended before the window ends.", "", "web", "api")
	planned(345, "amara", calendar.Test, "Renewal of the certificates at the edge", 364, 366, "They end this month; each is tried before the old one goes.", "", "web")
	planned(350, "ines", calendar.Exercise, "Fire in the data centre", 381, 381, "The plan for continuity, with sales and support at the table.", "")
	c.On(252, "a test is cancelled", func(ctx context.Context) error {
		_, err := o.Calendar.Cancel(ctx, o.Cast["tomas"], "K-5", "The supplier of the second site moves its racks in that week.")
		return err
	})
	c.On(356, "Ines takes the calendar with her", func(ctx context.Context) error {
		_, _, err := o.Calendar.MakeFeed(ctx, o.Cast["ines"])
		return err
	})
	c.On(96, "who answers for what", func(ctx context.Context) error { return o.accountable(ctx) })
	return nil
}

// accountable says who answers for most controls and sets of data.
func (o *Stage) accountable(ctx context.Context) error {
	all, err := o.RACI.List(ctx, o.Cast["ines"])
	if err != nil {
		return err
	}
	accountable := []string{"ines", "aarav", "tomas", "jonas"} // Jonas leaves later: a gap
	responsible := []string{"mei", "lukas", "amara", "tomas", "sofia"}
	for i, x := range all {
		if i%4 == 3 || x.Said { // nobody said it yet
			continue
		}
		r := raci.Roles{Accountable: o.Cast[accountable[i%len(accountable)]].UserID, Responsible: []string{o.Cast[responsible[i%len(responsible)]].UserID}, Informed: []string{"The board, each quarter"}}
		if i%5 == 0 {
			r.Accountable = o.Cast["jonas"].UserID
		}
		if i%2 == 0 {
			r.Consulted = []string{o.Cast["helen"].UserID, "Counsel"}
		}
		if _, err := o.RACI.Set(ctx, o.Cast["ines"], x.Kind, x.Ref, 0, r, ""); err != nil {
			return fmt.Errorf("who answers for %s: %w", x.Ref, err)
		}
	}
	return nil
}
