package place

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// SensorKind is what the journal keeps of sensors.
var SensorKind = journal.Kind{Name: "sensor", Prefix: "sen", Letter: "SE", Noun: "sensor", Steps: []string{"declared", "described", "failed", "recovered", "silent", "heard", "ended"}}

// Measures of sensors, with their words and the unit of their values.
func Measures() [][3]string {
	return [][3]string{{"temperature", "Temperature", "°C"}, {"humidity", "Humidity", "%"}, {"water", "Water", ""}, {"smoke", "Smoke", ""}, {"power", "Power", ""}, {"door", "Door", ""}, {"motion", "Motion", ""}, {"camera", "Camera", ""}}
}

// Unit gives the unit of a measure; "" for none.
func Unit(measure string) string {
	for _, m := range Measures() {
		if m[0] == measure {
			return m[2]
		}
	}
	return ""
}

// States of a sensor.
const (
	Watching = "watching"
	Ended    = "ended"
)

// Declaration is what is said of a sensor.
type Declaration struct {
	Site    string   `json:"site" doc:"Number of the site, SI-1." maxLength:"20"`
	Name    string   `json:"name" maxLength:"120"`
	Key     string   `json:"key" doc:"How it calls itself in messages." maxLength:"80"`
	Measure string   `json:"measure" enum:"temperature,humidity,water,smoke,power,door,motion,camera"`
	Where   string   `json:"where" doc:"Zone, rack or door." maxLength:"120"`
	Low     *float64 `json:"low,omitempty" doc:"Lowest value that is in order."`
	High    *float64 `json:"high,omitempty" doc:"Highest value that is in order."`
	Every   int      `json:"every_minutes" doc:"It is heard at least this often." minimum:"1" maximum:"20160"`
}

// Condition is what a sensor comes to.
type Condition struct {
	Outcome string    `json:"outcome"` // pass, fail, error, not_observed
	Reason  string    `json:"reason"`
	Since   time.Time `json:"since"`
	Value   string    `json:"value,omitempty"`
}

// Sensor is a camera or an environment sensor.
type Sensor struct {
	Declaration
	SiteID    string    `json:"site_id"`
	SiteName  string    `json:"site_name"`
	State     string    `json:"state"`
	Condition Condition `json:"condition"`
	EndedOn   string    `json:"ended_on,omitempty"`
}

// Mark is what lists are filtered by.
func (x Sensor) Mark() journal.Mark {
	state := x.Condition.Outcome
	if x.State == Ended {
		state = Ended
	}
	return journal.Mark{State: state, Topic: x.SiteID}
}

// Bounds says what is in order, in words.
func (d *Declaration) Bounds() string {
	unit := Unit(d.Measure)
	n := func(f *float64) string { return strings.TrimSpace(number(*f) + " " + unit) }
	switch {
	case d.Low != nil && d.High != nil:
		return number(*d.Low) + " to " + n(d.High)
	case d.Low != nil:
		return "at least " + n(d.Low)
	case d.High != nil:
		return "at most " + n(d.High)
	}
	return "no alarm"
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (d *Declaration) check() error {
	var err error
	for _, t := range []struct {
		field, what string
		text        *string
		most        int
	}{{"name", "what the sensor is called", &d.Name, 120}, {"key", "how it calls itself in messages", &d.Key, 80}, {"where", "where it is", &d.Where, 120}} {
		if *t.text, err = journal.Line(t.field, *t.text, t.what, true, t.most); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(Measures(), func(m [3]string) bool { return m[0] == d.Measure }) {
		return bad("measure", "%q is nothing that sensors measure", d.Measure)
	}
	for field, f := range map[string]*float64{"low": d.Low, "high": d.High} {
		if f != nil && (math.IsNaN(*f) || math.IsInf(*f, 0) || math.Abs(*f) > 1e9) {
			return bad(field, "this is no value that a sensor gives")
		}
	}
	switch {
	case d.Low != nil && d.High != nil && *d.Low >= *d.High:
		return bad("high", "the highest value lies above the lowest")
	case d.Every < 1 || d.Every > 20160:
		return bad("every_minutes", "a sensor is heard every 1 to 20,160 minutes")
	case (d.Measure == "temperature" || d.Measure == "humidity") && d.Low == nil && d.High == nil:
		return bad("high", "say which values are in order").WithHint("without a bound nothing it says could ever be wrong")
	}
	return nil
}

// judge gives what a reading comes to.
func (d *Declaration) judge(r Reading) (outcome, reason string) {
	unit := Unit(d.Measure)
	word := func(f float64) string { return strings.TrimSpace(number(f) + " " + unit) }
	switch {
	case r.State == "fault":
		return Unread, "the sensor reports a fault of its own"
	case r.State == "alarm":
		if r.Value != nil {
			return Fail, "alarm at " + word(*r.Value)
		}
		return Fail, "alarm"
	case r.Value == nil && (d.Low != nil || d.High != nil):
		return Unread, "it gave no value, and has a bound"
	case d.High != nil && *r.Value > *d.High:
		return Fail, fmt.Sprintf("%s is above %s", word(*r.Value), word(*d.High))
	case d.Low != nil && *r.Value < *d.Low:
		return Fail, fmt.Sprintf("%s is below %s", word(*r.Value), word(*d.Low))
	}
	return Pass, d.Bounds()
}

// Declare adds a sensor (place.edit).
func (s *Service) Declare(ctx context.Context, p access.Principal, d Declaration) (*SensorObject, error) {
	if _, err := s.today(ctx, p, access.PlaceEdit); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	site, err := s.sites.Get(ctx, d.Site)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.Invalid, err, "there is no site %q", d.Site).At("", 0, "site")
	}
	if err != nil {
		return nil, err
	}
	if site.Content.State != Used {
		return nil, bad("site", "%s was closed on %s", site.Content.Name, site.Content.Closed)
	}
	all, err := s.sensorsOf(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Content.State == Watching && strings.EqualFold(o.Content.Key, d.Key) {
			return nil, fault.New(fault.Conflict, "%s calls itself %s already", o.Ref, d.Key).At("", 0, "key")
		}
	}
	d.Site = site.Ref
	return s.sensors.Create(ctx, p, "declared", "", Sensor{Declaration: d, SiteID: site.ID, SiteName: site.Content.Name, State: Watching, Condition: Condition{NotObserved, "it was never heard", s.cfg.Journal.Clock(), ""}})
}

// Redeclare says anew what is expected of a sensor (place.edit). Its place and how
// it calls itself stay.
func (s *Service) Redeclare(ctx context.Context, p access.Principal, ref string, d Declaration, note string) (*SensorObject, error) {
	if _, err := s.today(ctx, p, access.PlaceEdit); err != nil {
		return nil, err
	}
	return s.sensors.Change(ctx, p, ref, 0, "described", note, func(_ *sql.Tx, o *SensorObject) error {
		if o.Content.State != Watching {
			return fault.New(fault.Conflict, "%s ended on %s", o.Ref, o.Content.EndedOn)
		}
		d.Site, d.Key = o.Content.Site, o.Content.Key
		if err := d.check(); err != nil {
			return err
		}
		o.Content.Declaration = d
		return nil
	})
}

// EndSensor says that a sensor is gone, and why (place.edit).
func (s *Service) EndSensor(ctx context.Context, p access.Principal, ref, note string) (*SensorObject, error) {
	today, err := s.today(ctx, p, access.PlaceEdit)
	if err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.sensors.Change(ctx, p, ref, 0, "ended", note, func(_ *sql.Tx, o *SensorObject) error {
		if o.Content.State != Watching {
			return fault.New(fault.Conflict, "%s ended on %s", o.Ref, o.Content.EndedOn)
		}
		o.Content.State, o.Content.EndedOn = Ended, today
		return nil
	})
}

// Sensor gives one with its history (place.read).
func (s *Service) Sensor(ctx context.Context, p access.Principal, ref string) (*SensorObject, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, err
	}
	return s.sensors.Get(ctx, ref)
}

// Heard is when a sensor was last heard.
type Heard struct {
	At    time.Time `json:"at"` // as it says
	Heard time.Time `json:"heard"`
	Value string    `json:"value,omitempty"`
	Said  string    `json:"said"`
}

// Sensors gives sensors, newest first, and when each was last heard (place.read).
func (s *Service) Sensors(ctx context.Context, p access.Principal, f journal.Filter) ([]SensorObject, map[string]Heard, error) {
	if err := access.Authorise(p, access.PlaceRead); err != nil {
		return nil, nil, err
	}
	all, _, err := s.sensors.List(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	heard, err := heardOf(ctx, s.cfg.Journal.DB.Reader())
	return all, heard, err
}

func (s *Service) sensorsOf(ctx context.Context, site string) ([]SensorObject, error) {
	all, _, err := s.sensors.List(ctx, journal.Filter{Topic: site})
	return all, err
}

// MaxMessage is the largest message of sensors, in bytes.
const MaxMessage = 256 << 10

const (
	maxReadings = 1000
	maxAge      = 24 * time.Hour // of a reading in a message; what is older was replayed
	maxAhead    = 5 * time.Minute
)

// Reading is what a sensor says.
type Reading struct {
	Sensor string    `json:"sensor"`
	At     time.Time `json:"at"`
	Value  *float64  `json:"value"`
	State  string    `json:"state"` // ok (or absent), alarm, fault
}

// Message is what sensors send.
type Message struct {
	Readings []Reading `json:"readings"`
}

// Understand reads a message of sensors: kind Invalid where it cannot be read.
// now bounds the readings' moments.
func Understand(body []byte, now time.Time) ([]Reading, error) {
	if len(body) == 0 || len(body) > MaxMessage {
		return nil, fault.New(fault.Invalid, "a message has 1 to %d bytes", MaxMessage)
	}
	if !utf8.Valid(body) {
		return nil, fault.New(fault.Invalid, "the message is not UTF-8")
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the message is not JSON of the form {\"readings\":[{\"sensor\":…,\"at\":…,\"value\":…,\"state\":…}]}")
	}
	if len(m.Readings) == 0 || len(m.Readings) > maxReadings {
		return nil, fault.New(fault.Invalid, "a message has 1 to %d readings", maxReadings).At("", 0, "readings")
	}
	for i := range m.Readings {
		r := &m.Readings[i]
		field := fmt.Sprintf("readings[%d]", i)
		switch {
		case strings.TrimSpace(r.Sensor) == "" || len(r.Sensor) > 80:
			return nil, bad(field+".sensor", "a reading names its sensor")
		case r.State != "" && r.State != "ok" && r.State != "alarm" && r.State != "fault":
			return nil, bad(field+".state", "%q is none of ok, alarm, fault", r.State[:min(len(r.State), 40)])
		case r.Value != nil && math.Abs(*r.Value) > 1e9:
			return nil, bad(field+".value", "this is no value that a sensor gives")
		case r.At.IsZero():
			return nil, bad(field+".at", "a reading says when it was taken").WithHint("as 2026-03-02T09:05:00Z")
		case r.At.After(now.Add(maxAhead)):
			return nil, bad(field+".at", "the reading lies in the future").WithHint("set the sensor's clock")
		case r.At.Before(now.Add(-maxAge)):
			return nil, bad(field+".at", "the reading is older than a day")
		}
		r.At = r.At.UTC().Truncate(time.Microsecond)
	}
	slices.SortStableFunc(m.Readings, func(a, b Reading) int { return a.At.Compare(b.At) })
	return m.Readings, nil
}

// Taken says what became of a message.
type Taken struct {
	Readings int      `json:"readings"`
	Changed  int      `json:"changed"` // sensors that come to something else now
	Unknown  []string `json:"unknown"` // sensors that nobody declared
}

// Report takes a message for a site. Kind Forbidden where the token is not its,
// Conflict where the very message was taken already, Invalid where it cannot be
// read. Of a sensor that nobody declared nothing is kept, and it is named.
func (s *Service) Report(ctx context.Context, ref, token string, body []byte) (*Taken, error) {
	site, err := s.sites.Get(ctx, ref)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.Forbidden, err, "the message does not carry the token")
	}
	if err != nil {
		return nil, err
	}
	if err := Admit(ctx, s.cfg.Journal.DB.Reader(), site.ID, token); err != nil {
		return nil, err
	}
	now := s.cfg.Journal.Clock()
	readings, err := Understand(body, now)
	if err != nil {
		return nil, err
	}
	out := &Taken{Readings: len(readings), Unknown: []string{}}
	err = s.cfg.Journal.DB.Tx(ctx, func(tx *sql.Tx) error {
		out.Changed, out.Unknown = 0, []string{}
		if err := Once(ctx, tx, site.ID, body, now); err != nil {
			return err
		}
		all, err := s.sensors.ListIn(ctx, tx, journal.Filter{Topic: site.ID})
		if err != nil {
			return err
		}
		byKey := map[string]*SensorObject{}
		for i := range all {
			if all[i].Content.State == Watching {
				byKey[strings.ToLower(all[i].Content.Key)] = &all[i]
			}
		}
		heard, err := heardOf(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range readings {
			o := byKey[strings.ToLower(strings.TrimSpace(r.Sensor))]
			if o == nil {
				if !slices.Contains(out.Unknown, r.Sensor) {
					out.Unknown = append(out.Unknown, r.Sensor)
				}
				continue
			}
			if last, ok := heard[o.ID]; ok && !r.At.After(last.At) {
				continue // told before, or overtaken
			}
			h := Heard{At: r.At, Heard: now, Said: r.State}
			if r.Value != nil {
				h.Value = number(*r.Value)
			}
			if h.Said == "" {
				h.Said = "ok"
			}
			heard[o.ID] = h
			if err := saveHeard(ctx, tx, o.ID, h); err != nil {
				return err
			}
			outcome, reason := o.Content.judge(r)
			changed, err := s.turn(ctx, tx, o, Condition{outcome, reason, r.At, h.Value})
			if err != nil {
				return err
			}
			if changed {
				out.Changed++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Journal.Ledger.Wake()
	return out, nil
}

// turn takes a step where a sensor comes to something else.
func (s *Service) turn(ctx context.Context, tx *sql.Tx, o *SensorObject, c Condition) (bool, error) {
	was := o.Content.Condition
	if was.Outcome == c.Outcome {
		return false, nil
	}
	step := "heard"
	switch {
	case c.Outcome == Fail || c.Outcome == Unread:
		step = "failed"
	case c.Outcome == NotObserved:
		step = "silent"
	case was.Outcome == Fail || was.Outcome == Unread:
		step = "recovered"
	}
	next, err := s.sensors.ChangeIn(ctx, tx, access.System(), o.ID, 0, step, "", func(_ *sql.Tx, x *SensorObject) error {
		x.Content.Condition = c
		return nil
	})
	if err != nil {
		return false, err
	}
	*o = *next
	return true, nil
}

// Sweep says of sensors that they fell silent, and forgets messages that are too
// old to be taken again.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.cfg.Journal.Clock()
	all, _, err := s.sensors.List(ctx, journal.Filter{})
	if err != nil {
		return err
	}
	heard, err := heardOf(ctx, s.cfg.Journal.DB.Reader())
	if err != nil {
		return err
	}
	n := 0
	err = s.cfg.Journal.DB.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		for i := range all {
			o := &all[i]
			last, ok := heard[o.ID]
			if o.Content.State != Watching || o.Content.Condition.Outcome == NotObserved || !ok {
				continue
			}
			if silent := last.Heard.Add(time.Duration(o.Content.Every) * time.Minute); now.After(silent) {
				changed, err := s.turn(ctx, tx, o, Condition{NotObserved, "nothing was heard since " + last.Heard.UTC().Format("2 Jan 2006 15:04 MST"), silent, last.Value})
				if err != nil {
					return err
				}
				if changed {
					n++
				}
			}
		}
		return forget(ctx, tx, now.Add(-2*maxAge))
	})
	if err == nil && n > 0 {
		s.cfg.Journal.Ledger.Wake()
	}
	return err
}
