package capacity

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/wire"
)

// Host is a host whose use is known.
type Host struct {
	Source      string            `json:"source"`
	ID          string            `json:"host"`
	Name        string            `json:"name"`
	Environment string            `json:"environment,omitempty"`
	Joined      time.Time         `json:"joined_at"`
	Sampled     time.Time         `json:"sampled_at"`
	Missing     map[string]string `json:"missing,omitempty"`
	Gone        bool              `json:"gone,omitempty"`
}

// missing gives why a measure could not be read.
func (h Host) missing(measure string) (string, bool) {
	why, ok := h.Missing[measure]
	return why, ok
}

// Series is one measure of one host at one place, as its newest sample left it.
// Values are basis points of the limit.
type Series struct {
	Source   string    `json:"source"`
	No       int       `json:"series"`
	Measure  string    `json:"measure"`
	Place    string    `json:"place,omitempty"`
	Limit    int64     `json:"limit"`
	Used     int64     `json:"used"`
	Value    int64     `json:"value" doc:"Used of the limit in basis points."`
	Before   int64     `json:"before" doc:"That of the sample before."`
	P95      int64     `json:"p95" doc:"95th percentile of the last 24 hours."`
	Sampled  time.Time `json:"sampled_at"`
	First    time.Time `json:"first_at"`
	Forecast Forecast  `json:"forecast"`
	Worst    int64     `json:"-"`
}

// worst orders lists: what is full or fills soon stands before what is merely used.
func (s *Series) worst() int64 {
	v := min(s.Value, 12*Whole/10)
	m, _ := MeasureOf(s.Measure)
	if !m.Fills {
		return v / 2 // much waiting is no full disk
	}
	switch f := s.Forecast; {
	case f.Trend == Full:
		return 12 * Whole / 10
	case f.Trend == Rising && f.Mid >= 0:
		return max(v, Whole-20*int64(min(f.Mid, 500)))
	}
	return v
}

// Event is what changed a line for another reason than use.
type Event struct {
	Source  string    `json:"source"`
	Host    string    `json:"host,omitempty"` // where lists hold several
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // joined, left, appeared, grew, shrank
	Measure string    `json:"measure,omitempty"`
	Place   string    `json:"place,omitempty"`
	Was     int64     `json:"was,omitempty"`
	Became  int64     `json:"became,omitempty"`
}

func dayOf(t time.Time) int         { return int(t.Unix() / 86400) }
func dayTime(day int) time.Time     { return time.Unix(int64(day)*86400, 0).UTC() }
func minuteOf(t time.Time) int      { return int(t.Unix() % 86400 / 60) }
func chunkStart(day int) int        { return day / chunkDays * chunkDays }
func tickTime(day, m int) time.Time { return dayTime(day).Add(time.Duration(m) * time.Minute) }

// Receive takes in a sample within the transaction that records its heartbeat. One
// that is older than samples are kept is left out: its host was away for a week. A
// sample that cannot be kept is kind Invalid.
func (s *Service) Receive(ctx context.Context, tx *sql.Tx, source, name string, at time.Time, sample *wire.Sample) error {
	if err := check(sample); err != nil {
		return err
	}
	now := s.cfg.Clock()
	if at.After(now) {
		at = now
	}
	day := dayOf(at)
	if day < dayOf(now)-keepRaw+1 {
		return nil
	}
	h, known, err := hostOf(ctx, tx, source)
	if err != nil {
		return err
	}
	if !known {
		h = Host{Source: source, Name: name, Joined: at}
	}
	newest := at.After(h.Sampled)
	if newest {
		h.Sampled, h.Missing = at, sample.Missing // whether it left is the register's to say
	}
	if err := putHost(ctx, tx, h); err != nil {
		return fmt.Errorf("keep the host of a sample: %w", err)
	}
	if !known {
		if err := addEvent(ctx, tx, Event{Source: source, At: at, Kind: "joined"}); err != nil {
			return err
		}
	}
	have, err := seriesOf(ctx, tx, source)
	if err != nil {
		return err
	}
	today, err := readChunk(ctx, tx, source, raw, day)
	if err != nil {
		return err
	}
	touched, last := []*Series{}, 0
	for _, x := range have {
		last = max(last, x.No)
	}
	for _, m := range sample.Measures {
		i := slices.IndexFunc(have, func(x *Series) bool { return x.Measure == m.Name && x.Place == m.Place })
		v := share(m.Used, m.Limit)
		var x *Series
		if i < 0 {
			last++
			x = &Series{Source: source, No: last, Measure: m.Name, Place: m.Place, Limit: m.Limit, Value: v, First: at, Forecast: Forecast{Trend: Short}}
			if known && m.Place != "" {
				if err := addEvent(ctx, tx, Event{Source: source, At: at, Kind: "appeared", Measure: m.Name, Place: m.Place, Became: m.Limit}); err != nil {
					return err
				}
			}
		} else {
			x = have[i]
		}
		today.put(minuteOf(at), x.No, span{v, v, v})
		if !at.After(x.Sampled) {
			continue
		}
		if diff := m.Limit - x.Limit; max(diff, -diff)*100 >= x.Limit { // less than one in a hundred is the file system's own
			kind := "grew"
			if diff < 0 {
				kind = "shrank"
			}
			if err := addEvent(ctx, tx, Event{Source: source, At: at, Kind: kind, Measure: m.Name, Place: m.Place, Was: x.Limit, Became: m.Limit}); err != nil {
				return err
			}
			x.Value = share(x.Used, m.Limit) // as it is of what there is now
		}
		x.Before, x.Value, x.Used, x.Limit, x.Sampled = x.Value, v, m.Used, m.Limit, at
		touched = append(touched, x)
	}
	if err := putChunk(ctx, tx, source, raw, day, today); err != nil {
		return fmt.Errorf("keep a sample: %w", err)
	}
	yesterday, err := readChunk(ctx, tx, source, raw, day-1)
	if err != nil {
		return err
	}
	for _, x := range touched {
		x.P95 = p95(today, yesterday, x.No, minuteOf(at))
		if err := putSeries(ctx, tx, x); err != nil {
			return fmt.Errorf("keep a measure: %w", err)
		}
	}
	return nil
}

// p95 is the 95th percentile of the 24 hours to a minute of today.
func p95(today, yesterday chunk, no, minute int) int64 {
	var values []float64
	for tick, s := range today.of(no) {
		if tick <= minute {
			values = append(values, float64(s.Most))
		}
	}
	for tick, s := range yesterday.of(no) {
		if tick > minute {
			values = append(values, float64(s.Most))
		}
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return int64(quantile(values, 0.95))
}

// due is a day of a host's samples that is over.
type due struct {
	source string
	day    int
}

// roll takes days that are over into hours and days, and makes the forecasts anew.
func (s *Service) roll(ctx context.Context, today int) error {
	for {
		list, err := unrolled(ctx, s.cfg.DB.Reader(), today, 100)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			for _, d := range list {
				if err := rollOne(ctx, tx, d); err != nil {
					return fmt.Errorf("roll up %s of %s: %w", dayName(d.day), d.source, err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

func rollOne(ctx context.Context, tx *sql.Tx, d due) error {
	samples, err := readChunk(ctx, tx, d.source, raw, d.day)
	if err != nil {
		return err
	}
	if err := putChunk(ctx, tx, d.source, hours, d.day, samples.fold(func(minute int) int { return minute / 60 })); err != nil {
		return err
	}
	start := chunkStart(d.day)
	whole, err := readChunk(ctx, tx, d.source, days, start)
	if err != nil {
		return err
	}
	for no, x := range samples.fold(func(int) int { return 0 })[0] {
		whole.put(d.day-start, no, x)
	}
	if err := putChunk(ctx, tx, d.source, days, start, whole); err != nil {
		return err
	}
	if err := markRolled(ctx, tx, d); err != nil {
		return err
	}
	return forecasts(ctx, tx, d.source)
}

// forecasts looks at each line of a host anew.
func forecasts(ctx context.Context, q database.Querier, source string) error {
	list, err := seriesOf(ctx, q, source)
	if err != nil {
		return err
	}
	events, err := eventsOf(ctx, q, source)
	if err != nil {
		return err
	}
	history, err := daily(ctx, q, source)
	if err != nil {
		return err
	}
	for _, x := range list {
		m, _ := MeasureOf(x.Measure)
		if !m.Fills {
			x.Forecast = Forecast{Trend: NoTrend, Have: len(history[x.No])}
		} else {
			x.Forecast = Look(maxima(x, history[x.No], events))
		}
		if err := putSeries(ctx, q, x); err != nil {
			return err
		}
	}
	return nil
}

// daily gives what each series of a host did on each day, by number and day.
func daily(ctx context.Context, q database.Querier, source string) (map[int]map[int]span, error) {
	parts, err := dayChunks(ctx, q, source)
	if err != nil {
		return nil, err
	}
	out := map[int]map[int]span{}
	for _, p := range parts {
		c, err := decode(days, p.body)
		if err != nil {
			return nil, err
		}
		for tick, list := range c {
			for no, x := range list {
				if out[no] == nil {
					out[no] = map[int]span{}
				}
				out[no][p.start+tick] = x
			}
		}
	}
	return out, nil
}

// limitOn gives the limit that a series had at the end of a day.
func limitOn(x *Series, events []Event, day int) int64 {
	limit := x.Limit
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; (e.Kind == "grew" || e.Kind == "shrank") && e.Measure == x.Measure && e.Place == x.Place && dayOf(e.At) > day {
			limit = e.Was
		}
	}
	return limit
}

// maxima gives the most that was used on each day, as a share of what there is now:
// a disk that was enlarged is a longer way to full and no drop.
func maxima(x *Series, history map[int]span, events []Event) []Point {
	out := make([]Point, 0, len(history))
	for _, day := range slices.Sorted(maps.Keys(history)) {
		v := float64(history[day].Most) / Whole
		if was := limitOn(x, events, day); was != x.Limit && x.Limit > 0 {
			v *= float64(was) / float64(x.Limit)
		}
		out = append(out, Point{day, v})
	}
	return out
}

// Words says an event.
func (e Event) Words() string {
	what := e.Place
	if what == "" {
		m, _ := MeasureOf(e.Measure)
		what = strings.ToLower(m.Title)
	}
	m, _ := MeasureOf(e.Measure)
	switch e.Kind {
	case "joined":
		return "the host joined"
	case "left":
		return "the host left"
	case "appeared":
		return what + " appeared, " + Amount(m, e.Became)
	case "grew":
		return what + " was enlarged from " + Amount(m, e.Was) + " to " + Amount(m, e.Became)
	}
	return what + " was reduced from " + Amount(m, e.Was) + " to " + Amount(m, e.Became)
}

// Amount says a number of a measure's unit.
func Amount(m Measure, n int64) string {
	switch m.Unit {
	case "bytes":
		v, unit := float64(n), 0
		units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
		for v >= 1024 && unit < len(units)-1 {
			v /= 1024
			unit++
		}
		if unit == 0 || v >= 100 {
			return fmt.Sprintf("%.0f %s", v, units[unit])
		}
		return fmt.Sprintf("%.1f %s", v, units[unit])
	case "share":
		return fmt.Sprintf("%.2f", float64(n)/100)
	}
	return fmt.Sprint(n)
}
