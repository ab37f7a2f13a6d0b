package years

import (
	"context"
	"database/sql"
	"hash/fnv"
	"math"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"
)

// quietFor is how long a host of the demonstration may say nothing: its samples are
// twelve hours apart.
const quietFor = 13 * time.Hour

func makeCapacity(o *Stage) error {
	o.Capacity = capacity.New(capacity.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Clock: o.Clock, Version: "demonstration", Grace: quietFor})
	return nil
}

// yearOfCapacity is hosts that say how much they use, a plan of commitments in two
// versions, a disk that fills and is enlarged, and reviews each quarter.
func yearOfCapacity(o *Stage, c *Calendar) error {
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+40*time.Minute, false, "hosts say how much they use", func(ctx context.Context) error {
			if i%2 == 1 { // between, what was found is still in force
				return o.Capacity.Turn(ctx)
			}
			return o.sample(ctx, c)
		})
	}
	c.On(24, "commitments on capacity are drafted", func(ctx context.Context) error {
		_, err := o.Capacity.DraftPlan(ctx, o.Cast["tomas"], capacity.Starter())
		return err
	})
	c.On(27, "and approved", func(ctx context.Context) error {
		_, err := o.Capacity.ApprovePlan(ctx, o.Cast["ines"], "CP-1", "The marks leave room for the time that an order takes.", "")
		return err
	})
	c.On(212, "one is tightened for hosts that hold customer data", func(ctx context.Context) error {
		now, err := o.Capacity.Plan(ctx, o.Cast["tomas"])
		if err != nil {
			return err
		}
		text := now.Content.PlanText
		text.Why = "The disk of a database was seen late: production is to be foreseen two months ahead."
		text.Lines = append(text.Lines, capacity.Line{Key: "production-foreseen", Title: "No disk of production is full within two months", On: "disk.bytes", Test: capacity.Foreseen, Within: 60, Scope: "environment", Of: "production", Why: "A larger disk of a database is moved to in a window that is agreed with customers."})
		if _, err := o.Capacity.DraftPlan(ctx, o.Cast["tomas"], text); err != nil {
			return err
		}
		_, err = o.Capacity.ApprovePlan(ctx, o.Cast["ines"], "CP-2", "", "")
		return err
	})
	for _, r := range []struct {
		day               int
		decided, expected string
	}{
		{60, "Nothing is near its limit. Look again after the summer: deliveries double in August.", "Two customers join in June; August is the month of most tours."},
		{148, "The disk of the first database grows by half a per cent a day. It is enlarged before September; Tomas asks for the window.", "August, as each year."},
		{236, "The disk was enlarged in time. The forecast of May was right to a week. Nothing else is needed.", "Fewer tours until November."},
		{325, "The second database grows as the first one did. Mei prepares the same move for spring.", "Christmas: a third more tours in three weeks of December."},
	} {
		c.On(r.day, "capacity is looked at", func(ctx context.Context) error {
			_, err := o.Capacity.Look(ctx, o.Cast["tomas"], capacity.ReviewText{With: "Mei Tanaka", Decided: r.decided, Expected: r.expected})
			return err
		})
	}
	return nil
}

// sample lets every host say how much it uses, and the commitments be judged.
func (o *Stage) sample(ctx context.Context, c *Calendar) error {
	now := o.Clock()
	day := now.Sub(o.Start).Hours() / 24 * 365 / float64(c.Days)
	hosts, _, _, err := o.Hosts.Plain(ctx, host.Filter{}, "", 1000)
	if err != nil {
		return err
	}
	err = o.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i := range hosts {
			h := &hosts[i]
			if h.Silent {
				continue
			}
			if err := o.Capacity.Receive(ctx, tx, h.Source, h.Name, now, use(h.Name, day, now, c)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return o.Capacity.Turn(ctx)
}

// use makes up what a host uses on a day of the year.
func use(name string, day float64, now time.Time, c *Calendar) *wire.Sample {
	const gib = 1 << 30
	hash := fnv.New32a()
	hash.Write([]byte(name)) //nolint:errcheck // a hash takes every write
	own := float64(hash.Sum32()%100) / 100
	noise := func(s float64) float64 { return s * c.R.NormFloat64() }
	busy := 0.25 + 0.2*own
	if wd := now.Weekday(); wd == time.Saturday || wd == time.Sunday {
		busy *= 0.5
	}
	if h := now.Hour(); h >= 6 && h < 20 {
		busy *= 1.6
	}
	root, size := 0.3+0.15*own, 40.0
	data, room := 0.25+0.2*own+0.0002*day, 200.0
	inodes := 0.1 + 0.1*own
	switch {
	case name == "db-1" || name == "db-01":
		room = 250
		if day >= 205 {
			room = 500
		}
		data = (105 + 0.5*day) / room
	case strings.HasPrefix(name, "db"):
		data = 0.28 + 0.00145*day
	case strings.HasPrefix(name, "web"): // logs, rotated each week
		data = 0.35 + 0.02*math.Mod(day, 7) + 0.03*own
	case strings.HasPrefix(name, "build"): // it keeps what it built, and is cleaned now and then
		data = 0.3 + 0.0065*math.Mod(day+20*own, 75)
		inodes = 0.2 + 0.002*day
	}
	clamp := func(v float64) float64 { return min(max(v, 0.01), 0.999) }
	part := func(m, at string, share, limit float64) wire.Measure {
		return wire.Measure{Name: m, Place: at, Used: int64(share * limit), Limit: int64(limit)}
	}
	return &wire.Sample{Missing: map[string]string{"swap": "this host has none"}, Measures: []wire.Measure{
		part("disk.bytes", "/", clamp(root+noise(0.002)), size*gib), part("disk.inodes", "/", clamp(0.08+noise(0.001)), 2.6e6), part("disk.bytes", "/var", clamp(data+noise(0.003)), room*gib), part("disk.inodes", "/var", clamp(inodes+noise(0.001)), 13e6),
		part("memory", "", clamp(0.45+0.25*own+noise(0.02)), 16*gib), part("cpu", "", clamp(busy+noise(0.05)), 10000), part("load", "", clamp(busy*1.3+noise(0.08)), 800), part("psi.cpu", "", clamp(0.03+noise(0.01)), 10000), part("psi.io", "", clamp(0.02+noise(0.01)), 10000),
		part("files", "", clamp(0.02+0.02*own), 400000), part("conntrack", "", clamp(0.04+0.1*busy), 262144)}}
}
