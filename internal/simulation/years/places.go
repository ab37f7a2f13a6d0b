package years

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/connectors/badgecsv"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/place"
)

func makePlaces(o *Stage) error {
	log := journal.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock}
	o.Places = place.New(place.Config{Journal: log, Who: o.People.Owners, Vendor: func(ctx context.Context, ref string) (place.Line, error) {
		v, err := o.Vendors.Get(ctx, access.System(), ref)
		if err != nil {
			return place.Line{}, err
		}
		return place.Line{What: "Report of " + v.Profile.Name, Outcome: place.NotObserved, Ref: v.Ref()}, nil
	}})
	o.Badges = badge.New(badge.Config{Journal: log, Places: o.Places, Who: o.People.Owners, Mark: o.People.Mark})
	return nil
}

// badgeAccounts gives badges to the register of people, which is made before them.
func (o *Stage) badgeAccounts(ctx context.Context) ([]host.Accounts, error) {
	if o.Badges == nil {
		return nil, nil
	}
	return o.Badges.Accounts(ctx)
}

// badgeDays are the days on which the office exports its badges.
var badgeDays = []int{46, 74, 102, 130, 158, 186, 214, 242, 270, 298, 326, 354}

// forgotten left, and nobody took the badge back.
const forgotten = "erik"

// holders is what the system of the front door exports on a day of the story.
func (o *Stage) holders(n int) string {
	var b strings.Builder
	b.WriteString("Badge number;Cardholder;Personnel number;Access levels;Status\n")
	for i, x := range staff() {
		if x.starts > n {
			continue
		}
		status := "active"
		if x.gone(n) && x.login != forgotten {
			status = "returned"
		}
		levels := "OFFICE DAY"
		if x.team == "Platform" || x.login == "pedro" && n > 300 { // nobody asked for that one
			levels += "|SERVER ROOM"
		}
		fmt.Fprintf(&b, "%d;%s;%s;%s;%s\n", 1001+i, x.name, x.number, levels, status)
	}
	b.WriteString("1901;Visitor 1;;OFFICE DAY;active\n1902;Visitor 2;;OFFICE DAY;active\n")
	return b.String()
}

// gone reports whether somebody has left before a day.
func (x *employee) gone(n int) bool {
	return x.ends > 0 && x.ends < n || x.dropped > 0 && x.dropped < n
}

// swipes is the readings between two exports: working days of those who are there.
func (o *Stage) swipes(from, to int, day func(int) time.Time) string {
	var b strings.Builder
	b.WriteString("Badge,Time,Door,Result\n")
	for n := from; n < to; n++ {
		at := day(n)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			continue
		}
		for i, x := range staff() {
			if x.starts > n || x.gone(n) && !(x.login == forgotten && n == 280) || (n+i)%3 == 0 {
				continue
			}
			fmt.Fprintf(&b, "%d,%s,Front door,granted\n", 1001+i, at.Add(8*time.Hour+time.Duration(7*i+n%11)*time.Minute).Format(time.RFC3339))
		}
	}
	return b.String()
}

// yearOfPlaces is an office and a rack in a vendor's hall, a badge system with a
// leaver's badge that still works, visitors, an overheating and a camera that fell
// silent.
func yearOfPlaces(o *Stage, c *Calendar) error {
	token := ""
	bound := func(f float64) *float64 { return &f }
	c.On(40, "the office, the rack and what guards them", func(ctx context.Context) error {
		ines := o.Cast["ines"]
		if _, err := o.Places.Add(ctx, ines, place.Profile{Name: "Office in Lisbon", Sort: place.Office, Owner: "tomas", Address: "Rua do Farol 12, Lisbon", Kept: "Laptops, two network cabinets, contracts on paper"}); err != nil {
			return err
		}
		if _, err := o.Places.Add(ctx, ines, place.Profile{Name: "Racks at Nordlys", Sort: place.Colocation, Owner: "tomas", Vendor: "V-1", Address: "Oslo and Gothenburg", Kept: "Hypervisors and disks of production", Unbadged: "Nordlys admits by a list of names that we send; its report speaks of doors and guards."}); err != nil {
			return err
		}
		for _, z := range []place.Zone{{Name: "Office", Levels: []string{"OFFICE DAY"}, Everyone: true}, {Name: "Server room", Purpose: "Network cabinets and the backup of the office", Levels: []string{"SERVER ROOM"}, Teams: []string{"Platform"}, Titles: []string{"Office manager"}}} {
			if _, err := o.Places.SetZone(ctx, ines, "SI-1", z, ""); err != nil {
				return err
			}
		}
		if _, err := o.Badges.Add(ctx, ines, badge.Settings{Name: "Front door Lisbon", Site: "SI-1", Product: "Doorman 4, maintained by the landlord"}); err != nil {
			return err
		}
		for _, d := range []place.Declaration{
			{Site: "SI-2", Name: "Rack 12, front", Key: "rack-12", Measure: "temperature", Where: "Oslo, rack 12", High: bound(27), Every: 2880},
			{Site: "SI-2", Name: "Rack 31, front", Key: "rack-31", Measure: "temperature", Where: "Gothenburg, rack 31", High: bound(27), Every: 2880},
			{Site: "SI-2", Name: "Water under rack 31", Key: "water-31", Measure: "water", Where: "Gothenburg, rack 31", Every: 10080},
			{Site: "SI-2", Name: "Camera of the cage", Key: "cam-cage", Measure: "camera", Where: "Oslo, cage", Every: 2880},
		} {
			if _, err := o.Places.Declare(ctx, ines, d); err != nil {
				return err
			}
		}
		for _, who := range o.Cast {
			if who.Role != access.Administrator {
				continue
			}
			var err error
			token, err = o.Places.Token(ctx, who, "SI-2")
			return err
		}
		return fmt.Errorf("nobody in the story may make a token")
	})
	for i, n := range badgeDays {
		c.On(n, "the badges of the office", func(ctx context.Context) error {
			who, name := o.Cast["ines"], o.Clock().Format("2006-01")
			if i > 0 {
				if err := o.bring(ctx, badge.Readings, o.swipes(badgeDays[i-1], n, c.Day), "readings-"+name+".csv"); err != nil {
					return err
				}
			}
			if err := o.bring(ctx, badge.Holders, o.holders(n), "badges-"+name+".csv"); err != nil {
				return err
			}
			if i > 0 {
				return o.Badges.Seal(ctx)
			}
			for _, card := range []string{"1901", "1902"} {
				if _, err := o.Badges.SetPool(ctx, who, "BS-1", card, "for visitors"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	c.Daily(5*time.Hour, false, "what sensors say", func(ctx context.Context) error {
		if token == "" {
			return nil
		}
		now := o.Clock()
		n := int(now.Sub(c.Day(0)) / (24 * time.Hour))
		var list []string
		say := func(key, rest string) {
			list = append(list, fmt.Sprintf(`{"sensor":%q,"at":%q,%s}`, key, now.Format(time.RFC3339), rest))
		}
		warm := 22.5 + float64(n%5)/2
		say("rack-12", fmt.Sprintf(`"value":%.1f`, warm))
		last := c.Day(364)
		hot := n == 204*c.Days/365 || n == 205*c.Days/365 || !now.Before(last.AddDate(0, 0, -1))
		if hot {
			warm = 31.5
		}
		say("rack-31", fmt.Sprintf(`"value":%.1f`, warm))
		say("water-31", `"state":"ok"`)
		if now.Before(last.AddDate(0, 0, -8)) {
			say("cam-cage", `"state":"ok"`)
		}
		if err := o.Places.Sweep(ctx); err != nil {
			return err
		}
		_, err := o.Places.Report(ctx, "SI-2", token, []byte(`{"readings":[`+strings.Join(list, ",")+`]}`))
		return err
	})
	o.visits(c)
	return nil
}

func (o *Stage) bring(ctx context.Context, is, text, name string) error {
	f, err := badgecsv.Read(strings.NewReader(text), is, nil, time.UTC, o.Clock())
	if err != nil {
		return err
	}
	_, err = o.Badges.Bring(ctx, o.Cast["ines"], "BS-1", badge.Brought{Is: is, Way: "file", File: name, Raw: []byte(text), Holders: f.Holders, Readings: f.Readings, Repeated: f.Repeated, Refused: f.Refused}, false)
	return err
}

// visits are the visitors of the year: most leave with their badge returned, one
// kept it for a day, and one of the last has not left as far as anybody wrote.
func (o *Stage) visits(c *Calendar) {
	for i, v := range []struct {
		day            int
		name, of, what string
		badge, note    string
		stays          bool
	}{
		{52, "Sofia Brandão", "Tagus & Moor LLP", "Walkthrough of controls", "G-1", "", false},
		{97, "Rita Sousa", "Landlord", "Inspection of the sprinklers", "G-2", "", false},
		{161, "Marco Pires", "Klima Lda", "Service of the cooling", "G-1", "Took the badge home; called, and it comes by courier.", false},
		{233, "Helena Dias", "Interview", "Interview for support", "G-1", "", false},
		{301, "Marco Pires", "Klima Lda", "Service of the cooling", "G-2", "", false},
		{347, "Sofia Brandão", "Tagus & Moor LLP", "Interim work", "G-1", "", false},
		{361, "Ivo Ramos", "Rede Total", "Second line to the internet", "G-2", "", true},
	} {
		ref := fmt.Sprintf("VI-%d", i+1)
		c.On(v.day, v.name+" visits", func(ctx context.Context) error {
			who := o.Cast["tomas"]
			if _, err := o.Places.Announce(ctx, who, place.Announcement{Site: "SI-1", Name: v.name, Organisation: v.of, Purpose: v.what, Host: "Marta Silva"}); err != nil {
				return err
			}
			if _, err := o.Places.Arrive(ctx, who, ref, place.Arrival{Badge: v.badge}); err != nil || v.stays {
				return err
			}
			if _, err := o.Places.Leave(ctx, who, ref, place.Departure{Returned: v.note == "", Note: v.note}); err != nil || v.note == "" {
				return err
			}
			_, err := o.Places.Returned(ctx, who, ref, "The courier brought it the next morning.")
			return err
		})
	}
	c.On(363, "a visitor is announced", func(ctx context.Context) error {
		_, err := o.Places.Announce(ctx, o.Cast["tomas"], place.Announcement{Site: "SI-1", Name: "Carla Neves", Organisation: "Print & Co", Purpose: "Collects the old printer", Host: "Marta Silva"})
		return err
	})
}
