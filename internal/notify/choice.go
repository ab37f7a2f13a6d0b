package notify

import (
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Choices are how somebody wants to hear of things.
type Choices struct {
	Ways      map[string]Way `json:"ways,omitempty"` // by kind; those missing are as usual
	Zone      string         `json:"zone,omitempty"` // "Europe/Berlin"; "" for UTC
	Quiet     bool           `json:"quiet,omitempty"`
	QuietFrom int            `json:"quiet_from,omitempty"` // minutes after midnight
	QuietTo   int            `json:"quiet_to,omitempty"`   // equal to QuietFrom: none
	Urgent    bool           `json:"urgent,omitempty"`     // what is urgent comes in quiet hours too
	DigestAt  int            `json:"digest_at"`            // minutes after midnight
}

// Usual are the choices of somebody who has made none.
func Usual() Choices { return Choices{DigestAt: 8 * 60} }

// Way gives how somebody hears of a kind.
func (c Choices) Way(k Kind) Way {
	if w, ok := c.Ways[k.Name]; ok {
		return w
	}
	return k.Way
}

func (c Choices) zone() *time.Location {
	if z, err := time.LoadLocation(c.Zone); err == nil && c.Zone != "" {
		return z
	}
	return time.UTC
}

func (c Choices) check() error {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	for name, w := range c.Ways {
		if _, ok := kindOf(name); !ok {
			return bad("ways", "%q is nothing that people are told", name)
		}
		if w.Title() == "" {
			return bad("ways", "%q is no way to hear of something", w)
		}
	}
	if c.Zone != "" {
		if _, err := time.LoadLocation(c.Zone); err != nil || len(c.Zone) > 64 || c.Zone == "Local" {
			return bad("zone", "%q is no time zone", c.Zone)
		}
	}
	for field, m := range map[string]int{"quiet_from": c.QuietFrom, "quiet_to": c.QuietTo, "digest_at": c.DigestAt} {
		if m < 0 || m >= 24*60 {
			return bad(field, "this is no time of a day")
		}
	}
	return nil
}

// at gives the next moment, not before t, at which it is m minutes after
// midnight in the zone of choices; on a Monday only, where monday is set.
func (c Choices) at(t time.Time, m int, monday bool) time.Time {
	local := t.In(c.zone())
	for day := range 9 {
		next := time.Date(local.Year(), local.Month(), local.Day()+day, m/60, m%60, 0, 0, c.zone())
		if !next.Before(t) && (!monday || next.Weekday() == time.Monday) {
			return next.UTC()
		}
	}
	return t
}

// quietUntil gives when the quiet hours end that t lies in; t itself where it
// lies in none.
func (c Choices) quietUntil(t time.Time) time.Time {
	if !c.Quiet || c.QuietFrom == c.QuietTo {
		return t
	}
	local := t.In(c.zone())
	m := local.Hour()*60 + local.Minute()
	in := m >= c.QuietFrom && m < c.QuietTo
	if c.QuietFrom > c.QuietTo { // over midnight
		in = m >= c.QuietFrom || m < c.QuietTo
	}
	if !in {
		return t
	}
	return c.at(t, c.QuietTo, false)
}

const (
	settle = time.Minute      // what happens within it comes in the same mail
	pause  = 10 * time.Minute // between two mails at once
)

// due gives when a notice is mailed; zero: it is not.
func (c Choices) due(w Way, urgent bool, now, lastMail time.Time) time.Time {
	switch w {
	case AtOnce:
		at := now.Add(settle)
		if !lastMail.IsZero() && lastMail.Add(pause).After(at) {
			at = lastMail.Add(pause)
		}
		if urgent && c.Urgent {
			return at
		}
		return c.quietUntil(at)
	case Daily, Weekly:
		return c.quietUntil(c.at(now, c.DigestAt, w == Weekly))
	}
	return time.Time{}
}
