package years

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/packs"
)

func makePeople(o *Stage) error {
	dir, err := packs.Open(packs.Checklists()[0])
	if err != nil {
		return err
	}
	book, err := checklist.Load(dir)
	if err != nil {
		return err
	}
	o.People, err = people.New(people.Config{DB: o.DB, Ledger: o.Ledger, Access: o.Access, Key: o.Key, Book: book, Findings: o.Findings, Hosts: o.Hosts, Badges: o.badgeAccounts, Clock: o.Clock, Logger: o.Quiet})
	return err
}

// employee is somebody in the personnel file of the story.
type employee struct {
	number, name, login, title, team, manager string // the manager by number
	kind                                      people.Kind
	starts, ends                              int    // days; starts -1: before the history; ends 0: not known
	dropped                                   int    // day from which the file has them no more; 0: it keeps them
	later                                     string // title from a day on
	from                                      int    // that day
}

func staff() []employee {
	e, c := people.Employee, people.Contractor
	return []employee{
		{"F-001", "Joana Prates", "joana", "Managing director", "Management", "", e, -1, 0, 0, "", 0},
		{"F-002", "Ines Duarte", "ines", "Head of compliance", "Management", "F-001", e, -1, 0, 0, "", 0},
		{"F-003", "Aarav Mehta", "aarav", "Head of engineering", "Engineering", "F-001", e, -1, 0, 0, "", 0},
		{"F-004", "Tomas Varga", "tomas", "Head of operations", "Platform", "F-001", e, -1, 0, 0, "", 0},
		{"F-005", "Rui Carvalho", "rui", "Head of sales", "Sales", "F-001", e, -1, 0, 0, "", 0},
		{"F-006", "Mei Tanaka", "mei", "Database engineer", "Platform", "F-004", e, -1, 0, 0, "", 0},
		{"F-007", "Amara Okoye", "amara", "Site reliability engineer", "Platform", "F-004", e, -1, 0, 0, "", 0},
		{"F-008", "Lukas Brandt", "lukas", "Software engineer", "Engineering", "F-003", e, -1, 0, 0, "", 0},
		{"F-009", "Jonas Weber", "jonas", "Software engineer", "Engineering", "F-003", e, -1, 176, 0, "", 0},
		{"F-010", "Clara Nunes", "clara", "Customer support", "Support", "F-005", e, -1, 0, 0, "", 0},
		{"F-011", "Daniel Costa", "daniel", "Customer support", "Support", "F-010", e, -1, 0, 0, "", 0},
		{"F-012", "Beatriz Lopes", "beatriz", "Accountant", "Finance", "F-001", e, -1, 0, 0, "", 0},
		{"F-013", "Pedro Alves", "pedro", "Account manager", "Sales", "F-005", e, -1, 0, 0, "", 0},
		{"F-014", "Erik Lund", "erik", "Software engineer", "Engineering", "F-003", e, -1, 0, 270, "", 0},
		{"F-015", "Marta Silva", "marta", "Office manager", "Management", "F-001", e, -1, 0, 0, "", 0},
		{"F-016", "Sofia Mendes", "sofia", "Software engineer", "Engineering", "F-003", e, 64, 0, 0, "On-call engineer", 210},
		{"X-101", "Hugo Reis", "hugo", "Build engineer", "Engineering", "F-003", c, 120, 0, 0, "", 0},
		{"X-102", "Nadia Rossi", "nadia", "Migration engineer", "Platform", "F-004", c, 100, 352, 0, "", 0},
		{"F-017", "Yusuf Demir", "yusuf", "Customer support", "Support", "F-010", e, 196, 0, 0, "", 0},
		{"F-018", "Tiago Faria", "tiago", "Software engineer", "Engineering", "F-003", e, 310, 380, 0, "", 0},
		{"F-019", "Leonor Pinto", "leonor", "Site reliability engineer", "Platform", "F-004", e, 375, 0, 0, "", 0},
	}
}

// announced is how many days before somebody's first day, and their last, the
// personnel file has it.
const announced = 21

// personnel gives the file as it is on a day.
func personnel(o *Stage, c *Calendar, day int) []people.Said {
	date := func(n int) string { return o.Start.AddDate(0, 0, n*c.Days/365).Format(time.DateOnly) }
	var all []people.Said
	for i, x := range staff() {
		if x.starts > day+announced || x.dropped > 0 && day >= x.dropped {
			continue
		}
		f := people.Fields{Name: x.name, Mail: strings.ToLower(strings.ReplaceAll(x.name, " ", ".")) + "@farol.example", Number: x.number, Logins: []string{x.login}, Kind: x.kind, Manager: x.manager, Team: x.team, Title: x.title, Location: "Lisbon",
			Start: o.Start.AddDate(-1-i%4, -i%11, -i*3).Format(time.DateOnly)}
		if x.starts >= 0 {
			f.Start = date(x.starts)
		}
		if x.ends > 0 && day >= x.ends-announced {
			f.End = date(x.ends)
		}
		if x.from > 0 && day >= x.from {
			f.Title = x.later
		}
		all = append(all, people.Said{Key: x.number, Fields: f, Line: len(all) + 2})
	}
	return all
}

// yearOfPeople is joiners, movers and leavers as the personnel file has them: an
// account that was forgotten, one that still is, a file that was cut off.
func yearOfPeople(o *Stage, c *Calendar) error {
	today := func() int { return int(o.Clock().Sub(o.Start)/(24*time.Hour)) * 365 / c.Days }
	c.At(o.Start.Add(3*time.Hour), "the register is there", o.People.Start)
	c.Daily(4*time.Hour, false, "days take effect, and accounts are looked for", o.People.Tick)
	file := func(ctx context.Context, said []people.Said) (people.Looked, error) {
		all, err := o.People.Sources(ctx, o.Cast["ines"])
		if err != nil {
			return people.Looked{}, err
		}
		i := slices.IndexFunc(all, func(x *people.Source) bool { return x.Kind == people.CSV })
		return o.People.Import(ctx, o.Cast["ines"], all[i].ID, said, nil, false)
	}
	for _, n := range []int{5, 36, 48, 66, 96, 105, 126, 157, 180, 196, 212, 241, 271, 292, 333, 354, 361} {
		c.On(n, "the personnel file", func(ctx context.Context) error {
			got, err := file(ctx, personnel(o, c, today()))
			if err == nil && got.State == "held" {
				err = fmt.Errorf("the file is held: %s", got.Plan.Held)
			}
			return err
		})
	}
	for _, n := range []int{250, 363} { // the export is cut off; the second waits
		c.On(n, "a personnel file that is cut off", func(ctx context.Context) error {
			got, err := file(ctx, personnel(o, c, today())[:10])
			if err != nil || got.State != "held" {
				return fmt.Errorf("a file that is cut off is %s: %w", got.State, err)
			}
			if n == 250 {
				return o.People.Refuse(ctx, o.Cast["joana"], got.Reading, "The export broke off after the tenth line. A new one is on its way.")
			}
			return nil
		})
	}
	c.On(20, "a robot is written in", func(ctx context.Context) error {
		_, err := o.People.Write(ctx, o.Cast["ines"], "", people.Fields{Name: "Backup runner", Logins: []string{"backup-runner"}, Kind: people.ServiceID, Team: "Platform", Manager: "tomas.varga@farol.example", Start: o.Start.Format(time.DateOnly)})
		return err
	})
	c.On(355, "a translator is written in", func(ctx context.Context) error {
		_, err := o.People.Write(ctx, o.Cast["ines"], "", people.Fields{Name: "Silva, Marta", Mail: "marta@silva-translations.example", Kind: people.Contractor, Title: "Translator", Team: "Sales", Manager: "rui.carvalho@farol.example", Start: o.Clock().Format(time.DateOnly)})
		return err
	})
	o.lists(c)
	o.yearly(c)
	return nil
}

// whom gives somebody's page by name.
func (o *Stage) whom(ctx context.Context, name string) (*people.Detail, error) {
	page, err := o.People.List(ctx, o.Cast["ines"], people.Filter{Query: name, States: []people.State{people.Planned, people.Here, people.Leaving, people.Left}}, "", "", 10)
	if err != nil {
		return nil, err
	}
	for _, x := range page.People {
		if x.Name == name {
			return o.People.Get(ctx, o.Cast["ines"], x.ID)
		}
	}
	return nil, fault.New(fault.NotFound, "nobody in the register is called %s", name)
}

// lists is what is done of checklists, and what is left.
func (o *Stage) lists(c *Calendar) {
	for _, x := range []struct {
		day       int
		who, name string
		leave     []string // templates that stay open
	}{
		{62, "ines", "Sofia Mendes", []string{"training", "policies"}}, {72, "ines", "Sofia Mendes", nil},
		{99, "ines", "Nadia Rossi", []string{"access", "device"}}, {104, "ines", "Nadia Rossi", nil},
		{121, "ines", "Hugo Reis", []string{"policies"}}, {175, "ines", "Jonas Weber", []string{"access-removed", "device-returned"}}, {191, "ines", "Jonas Weber", nil},
		{198, "ines", "Yusuf Demir", []string{"training"}}, {214, "ines", "Sofia Mendes", nil}, {272, "ines", "Erik Lund", nil}, {313, "ines", "Tiago Faria", nil},
		{353, "ines", "Nadia Rossi", []string{"device-returned", "access-removed"}},
	} {
		c.On(x.day, "the checklist of "+x.name, func(ctx context.Context) error {
			d, err := o.whom(ctx, x.name)
			if err != nil {
				return err
			}
			for _, it := range d.Items {
				if it.State != checklist.Open || slices.Contains(x.leave, it.Template) {
					continue
				}
				do := checklist.Doing{State: checklist.Done}
				switch it.Form {
				case checklist.Background:
					do.Provider, do.Result = "Verity Checks", "clear"
					if x.name == "Hugo Reis" {
						do = checklist.Doing{State: checklist.Not, Reason: "He works from a country whose law allows no such check for this work; two references were taken instead."}
					}
				case checklist.Proof:
					do.Link = "https://files.farol.example/people/" + strings.ToLower(d.Number) + "/" + it.Template
				}
				if _, err := o.People.Lists().Do(ctx, o.Cast[x.who], it.ID, do); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// yearly is talks, reviews, descriptions, succession and one process: that they
// were, and where they are kept.
func (o *Stage) yearly(c *Calendar) {
	for i, name := range []string{"Aarav Mehta", "Tomas Varga", "Rui Carvalho", "Mei Tanaka", "Amara Okoye", "Lukas Brandt", "Clara Nunes", "Beatriz Lopes", "Sofia Mendes"} {
		for k, kind := range []string{people.JobDescription, people.Competence, people.Performance} {
			c.On(70+i*22+k*25, kind+" of "+name, func(ctx context.Context) error {
				d, err := o.whom(ctx, name)
				if err != nil {
					return err
				}
				_, err = o.People.AddRecord(ctx, o.Cast["ines"], people.Record{Person: d.ID, Kind: kind, Link: "https://files.farol.example/people/" + strings.ToLower(d.Number) + "/" + kind})
				return err
			})
		}
	}
	c.On(130, "who could follow Tomas", func(ctx context.Context) error {
		d, err := o.whom(ctx, "Tomas Varga")
		if err != nil {
			return err
		}
		other, err := o.whom(ctx, "Amara Okoye")
		if err != nil {
			return err
		}
		_, err = o.People.AddRecord(ctx, o.Cast["ines"], people.Record{Person: d.ID, Kind: people.Succession, Other: other.ID})
		return err
	})
	for i, step := range people.Steps() {
		c.On(226+i*4, "a disciplinary process is "+step, func(ctx context.Context) error {
			d, err := o.whom(ctx, "Pedro Alves")
			if err != nil {
				return err
			}
			_, err = o.People.AddRecord(ctx, o.Cast["joana"], people.Record{Person: d.ID, Kind: people.Disciplinary, Step: step})
			return err
		})
	}
}
