package kernel

import "time"

// Pause is how long a reader lets events come together while there are many. To be
// woken for each of them costs more than to look at it.
const Pause = 10 * time.Millisecond

// Pacer tells when. What comes alone never waits.
type Pacer struct {
	last   time.Time
	lively bool
}

// Woken is called when something was read.
func (p *Pacer) Woken() { p.at(time.Now()) }

func (p *Pacer) at(now time.Time) {
	p.lively = now.Sub(p.last) < 3*Pause
	p.last = now
}

// Pause is called before more is read.
func (p *Pacer) Pause() {
	if p.lively {
		time.Sleep(Pause)
	}
}
