package upkeep

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/connectors/devicelist"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/simulation/issuing"
	"github.com/attesta/attesta/internal/simulation/years"
)

func makeEndpoints(o *years.Stage) error {
	o.Endpoints = endpoint.New(endpoint.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Who: o.People.Owners, Mark: o.People.Mark, Clock: o.Clock, Version: "demonstration"})
	return nil
}

// yearOfEndpoints is the machines of people: a table that is kept by hand, then the
// lists of two device managements each Monday. A disk is encrypted that was not, people
// leave and hand back what they had, or do not; something is open at the end.
func yearOfEndpoints(o *years.Stage, c *years.Calendar) error {
	refs := map[string]string{}
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+35*time.Minute, false, "devices are judged", func(ctx context.Context) error { return o.Endpoints.Turn(ctx) })
	}
	add := func(day int, who, list string, text endpoint.Settings) {
		c.On(day, text.Name+" is added", func(ctx context.Context) error {
			m, err := o.Endpoints.Add(ctx, o.Cast[who], text)
			if err == nil {
				refs[list] = m.Ref
			}
			return err
		})
	}
	bring := func(day int, who, list string) {
		c.On(day, "the list of "+list, func(ctx context.Context) error {
			at := o.Clock().Add(-4 * time.Minute).Truncate(time.Minute)
			raw := issuing.Export(list, day, at)
			f, err := devicelist.Read(bytes.NewReader(raw), nil, time.UTC, o.Clock())
			if err != nil {
				return err
			}
			if _, err = o.Endpoints.Bring(ctx, o.Cast[who], refs[list], endpoint.Brought{File: list + "-" + at.Format("20060102") + ".csv", Raw: raw, Taken: at, Whole: true, Devices: f.Devices, Refused: len(f.Refused)}, false); err != nil {
				return fmt.Errorf("the list of %s: %w", list, err)
			}
			return o.Endpoints.Turn(ctx)
		})
	}
	add(issuing.Kept, "lukas", issuing.ByHand, endpoint.Settings{Name: "Table of laptops", Product: "other", ListDays: 45, SeenDays: 60})
	bring(issuing.Kept, "lukas", issuing.ByHand)
	bring(issuing.Kept+35, "lukas", issuing.ByHand)
	add(issuing.Managed, "tomas", issuing.Jamf, endpoint.Settings{Name: "Jamf", Product: "jamf", ListDays: 10, SeenDays: 14})
	add(issuing.Managed, "tomas", issuing.Intune, endpoint.Settings{Name: "Intune", Product: "intune", ListDays: 10, SeenDays: 14})
	c.On(issuing.Managed+2, "the table is given up", func(ctx context.Context) error {
		_, err := o.Endpoints.End(ctx, o.Cast["tomas"], refs[issuing.ByHand], "Jamf has the Macs and Intune the rest; nobody writes the table any more.")
		return err
	})
	for day := issuing.Managed; day < 365; day++ {
		if monday := c.Day(day).Weekday() == time.Monday; !monday && day != issuing.Managed && day != 191 && day != 198 {
			continue
		}
		bring(day, "tomas", issuing.Jamf)
		bring(day, "tomas", issuing.Intune)
	}
	say := func(day int, name string, in endpoint.Said) {
		c.On(day, "whose "+name+" is", func(ctx context.Context) error {
			rows, _, err := o.Endpoints.List(ctx, o.Cast["tomas"], endpoint.Filter{Query: name})
			if err != nil || len(rows) == 0 {
				return err
			}
			_, err = o.Endpoints.Say(ctx, o.Cast["tomas"], rows[0].ID, in)
			return err
		})
	}
	say(issuing.Managed+6, "fl-room-1", endpoint.Said{Shared: "it stands in the meeting room and shows what people bring"})
	say(152, "Phone on call", endpoint.Said{Shared: "it goes with the duty, from one to the next each week"})
	return nil
}
