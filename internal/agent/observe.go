package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

// quickSections are read every few seconds: what somebody changes by hand, and
// what costs little to read.
func quickSections() []string { return []string{"users", "sshd", "sysctl", "mounts", "pam", "files"} }

// rareSections cost a walk over all files.
func rareSections() []string { return collect.Rare() }

// slowSections are all the others.
func slowSections() []string {
	return slices.DeleteFunc(collect.Sections(), func(s string) bool {
		return slices.Contains(quickSections(), s) || slices.Contains(soonSections(), s) || slices.Contains(rareSections(), s)
	})
}

// envelopeItems bounds the JSON of one facts envelope; sections beyond it
// travel in the next one.
const envelopeItems = 16 << 20

// observer reads the inventory and spools what changed. A section is read by
// one goroutine only, so that no older state follows a newer one.
type observer struct {
	cfg    Config
	spool  *spool
	sender *sender

	againQuick, againSlow, againRare chan struct{} // capacity 1: read at once
	againWatching                    chan struct{} // capacity 1: what is said of watching files may be another
	againSoon                        chan struct{} // likewise
	special                          specialState  // files with raised rights, as told last

	stamp func(section string) string // of its inputs; "" when it has none

	mu   sync.Mutex
	seen map[string]seen // guarded by mu: each section's newest state
	log  quiet           // guarded by mu

	sampled time.Time // guarded by mu: when capacity was read last
}

type seen struct {
	digest string
	at     time.Time
	stamp  string // of its inputs before it was read; "" when it has none
}

func newObserver(cfg Config, sp *spool) *observer {
	stamp := func(section string) string { return stampOf("/", section) }
	if !cfg.live { // what a given Inventory reads does not lie in this host's files
		stamp = func(string) string { return "" }
	}
	return &observer{cfg: cfg, spool: sp, againSoon: make(chan struct{}, 1), againWatching: make(chan struct{}, 1), againQuick: make(chan struct{}, 1), againSlow: make(chan struct{}, 1), againRare: make(chan struct{}, 1),
		stamp: stamp, seen: map[string]seen{}, log: quiet{log: cfg.Logger, now: cfg.Clock}}
}

// again makes every section be read at once.
func (o *observer) again() {
	signal(o.againQuick)
	signal(o.againSlow)
	signal(o.againSoon)
	signal(o.againRare)
	signal(o.againWatching)
}

// changed makes the quick sections be read at once, and those that it costs little to
// see whether they changed.
func (o *observer) changed() {
	signal(o.againQuick)
	signal(o.againSoon)
}

// signal does not wait: one signal that was not taken yet says it all.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// watch reads some sections again and again until ctx ends.
func (o *observer) watch(ctx context.Context, sections []string, every time.Duration, again <-chan struct{}) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		o.look(ctx, sections)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-again:
		}
	}
}

func (o *observer) look(ctx context.Context, names []string) {
	names, stamps := o.due(names)
	if len(names) == 0 { // an Inventory of no names is one of all
		return
	}
	sections, err := o.cfg.Inventory(ctx, names...)
	if ctx.Err() != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.log.warn("the inventory could not be read", err)
		return
	}
	if err := o.offer(sections, stamps); err != nil {
		o.log.warn("what changed could not be spooled; it is tried again", err)
	}
}

// due leaves out sections whose inputs have not changed since they were read,
// if that was less than an interval ago and the server has what was read; and
// rare sections for their own, longer time.
func (o *observer) due(names []string) (due []string, stamps map[string]string) {
	known := o.spool.digests()
	stamps = map[string]string{}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.cfg.Clock()
	for _, name := range names {
		stamp := o.stamp(name)
		have := o.seen[name]
		age := now.Sub(have.at)
		if stamp == "" && slices.Contains(soonSections(), name) && age >= 0 && age < o.cfg.Interval && known[name] == have.digest {
			continue
		}
		if slices.Contains(rareSections(), name) && age >= 0 && age < o.cfg.Rare && known[name] == have.digest {
			continue
		}
		if stamp != "" && stamp == have.stamp && age >= 0 && age < o.cfg.Interval && known[name] == have.digest {
			continue
		}
		stamps[name] = stamp
		due = append(due, name)
		if name == specialFiles {
			o.special.walks()
		}
	}
	return due, stamps
}

// offer spools the sections that the server does not have yet. o.mu is held.
func (o *observer) offer(sections []facts.Section, stamps map[string]string) error {
	now := o.cfg.Clock()
	known := o.spool.digests()
	var items []json.RawMessage
	size := 0
	flush := func() error {
		if len(items) == 0 {
			return nil
		}
		e := o.envelope(wire.KindFacts, now)
		e.Items = items
		if err := o.spool.add(e); err != nil {
			return err
		}
		o.sender.spooled()
		items, size = nil, 0
		return nil
	}
	for _, s := range sections {
		if s.Name == specialFiles {
			var err error
			if s, err = o.special.walked(s); err != nil {
				return err
			}
		}
		o.seen[s.Name] = seen{s.Digest, now, stamps[s.Name]}
		if known[s.Name] == s.Digest {
			continue
		}
		item, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("section %s: %w", s.Name, err)
		}
		if len(item) > envelopeItems {
			if item, err = o.tooLarge(s, len(item), known, now); err != nil {
				return err
			}
			if item == nil {
				continue
			}
		}
		if size+len(item) > envelopeItems {
			if err := flush(); err != nil {
				return err
			}
		}
		items = append(items, item)
		size += len(item)
	}
	return flush()
}

// tooLarge gives what is sent instead of a section that no envelope holds; nil
// when that was sent already.
func (o *observer) tooLarge(s facts.Section, size int, known map[string]string, now time.Time) (json.RawMessage, error) {
	small, err := facts.NewSection(s.Name, struct{}{}, []facts.Missing{{State: facts.Error,
		Reason: fmt.Sprintf("the section is larger than %d MiB and cannot be sent", envelopeItems>>20)}})
	if err != nil {
		return nil, err
	}
	o.log.warn("a section is too large to be sent", fault.New(fault.Invalid, "section %s has %d bytes", s.Name, size))
	o.seen[s.Name] = seen{digest: small.Digest, at: now}
	if known[s.Name] == small.Digest {
		return nil, nil
	}
	return json.Marshal(small)
}

func (o *observer) envelope(kind string, at time.Time) *wire.Envelope {
	return &wire.Envelope{ObservedAt: at, ClockOffsetUs: o.sender.clockOffset(), Kind: kind, Agent: agentInfo(o.cfg.Version)}
}

// beat spools heartbeats until ctx ends. A heartbeat vouches only for sections
// that were read lately.
func (o *observer) beat(ctx context.Context) {
	t := time.NewTicker(o.cfg.Heartbeat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := o.heartbeat(); err != nil {
			o.mu.Lock()
			o.log.warn("a heartbeat could not be spooled", err)
			o.mu.Unlock()
		}
	}
}

func (o *observer) heartbeat() error {
	o.mu.Lock()
	defer o.mu.Unlock() // held while spooling: no facts come between what it says and where it stands
	now := o.cfg.Clock()
	in := map[string]string{}
	for name, s := range o.seen {
		every := o.cfg.Interval
		if slices.Contains(rareSections(), name) {
			every = o.cfg.Rare
		}
		if age := now.Sub(s.at); age <= 2*every+o.cfg.Heartbeat {
			in[name] = s.digest
		}
	}
	known := o.spool.digests()
	maps.DeleteFunc(in, func(name, digest string) bool { return known[name] != digest })
	hb := wire.Heartbeat{Sections: in, Spooled: o.spool.waiting()}
	if age := now.Sub(o.sampled); o.cfg.capacity != nil && (age >= o.cfg.Sample || age < 0) {
		hb.Sample, o.sampled = o.cfg.capacity.Sample(), now
	}
	item, err := json.Marshal(hb)
	if err != nil {
		return err
	}
	e := o.envelope(wire.KindHeartbeat, now)
	e.Items = []json.RawMessage{item}
	if err := o.spool.add(e); err != nil {
		return err
	}
	o.sender.spooled()
	return nil
}
