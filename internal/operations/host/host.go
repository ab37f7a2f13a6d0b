package host

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

// The populations whose items are kept here: all report sections of facts.
const (
	Population   = "hosts"        // machines, by their agents
	Databases    = "databases"    // database servers, over a connection of ours
	Repositories = "repositories" // what the register of changes says of each
	Capacity     = "capacity"     // commitments of the capacity plan
	Backups      = "backups"      // what is backed up, as its register says
	Components   = "components"   // what hosts consist of, where somebody must approve it
	Segmentation = "segmentation" // rules between zones of the network
	Integrity    = "integrity"    // hosts whose files are watched, as verdicts on changes say
	Firewalls    = "firewalls"    // rule sets of firewalls under review
	Endpoints    = "endpoints"    // laptops, workstations and telephones, as lists of device managements say
)

// Batch is what ingest received from a host's agent.
type Batch struct {
	Population    string // Population, when empty
	Source        string // "src_…"
	SourceName    string // host name as of enrolment
	Stream        string
	Sequence      int64
	ObservedAt    time.Time // by the host's clock
	ClockOffsetUs *int64    // positive: the host is ahead; nil: not known
	ReceivedAt    time.Time
	Digest        string // of the bytes received
	AgentVersion  string
	Items         []json.RawMessage
}

// Host is one host.
type Host struct {
	ID            string // "hst_…"; of a database "dbs_…", of a repository "rpo_…", of a commitment on capacity "cap_…", of a backup "bck_…", of a rule between zones "seg_…", of watched files "fim_…"
	Population    string // Population, Databases or Repositories
	Source        string // "src_…"
	Name          string
	OS            string // "Debian GNU/Linux 13 (trixie)"
	Kernel        string
	Architecture  string
	AgentVersion  string
	Machine       string         // digest of its machine id; "" where it is not known
	ClockOffset   *time.Duration // positive: the host is ahead; nil: not known
	FirstSeen     time.Time
	LastSeen      time.Time // received
	LastObserved  time.Time
	Silent        bool
	SilentSince   time.Time // its last observation, while it is silent
	RetiredAt     time.Time // zero: in the population
	RetiredBy     string
	RetiredReason string
	ExcludedAt    time.Time      // zero: not left out; otherwise it reports and is not judged from then on
	Exclusion     string         // "exc_…"
	Standards     string         // digest of the set of standards it was last judged by
	Counts        outcome.Counts // attributes by outcome, now
	Said                         // by the organisation

	stored    outcome.Counts // likewise, without what silence makes of them
	inForce   string         // digest over the sections in force, once a heartbeat and we agree on them
	confirmed time.Time      // when the host last said that they are
}

// item gives the host as an item of the population.
func (h *Host) item() outcome.Item {
	name := h.Name
	if name == "" {
		name = h.ID
	}
	return outcome.Item{ID: h.ID, Population: h.Population, Source: h.Source, Name: name}
}

// Section is one section of a host as it was from a moment on.
type Section struct {
	Name         string
	Digest       string
	Registry     int // version of the fact registry that the agent was built with
	ObservedFrom time.Time
	LastObserved time.Time
	ReceivedAt   time.Time
	Run          string          // "run_…" that brought it
	InForce      bool            // the host said in its last message that it still is this
	Values       json.RawMessage // nil unless bodies were asked for
	Missing      json.RawMessage // likewise: [{"path","state","reason"}], nil when nothing is missing
}

// newest is the last batch of a stream that came in.
type newest struct {
	sequence int64
	at       time.Time
}

// noise is how far back a stream may seem to go because offsets are measured
// anew; beyond that the host's clock was set back.
const noise = time.Minute

// placeInTime says when a batch was observed: by the host's clock put right by
// what is known of its offset, never after it was received, and never before
// what its stream said earlier or after what it said later. Of a clock that was
// set back by more than noise nothing is believed: then it is when the batch was
// received. So it can neither hide a change nor rewrite the past.
func placeInTime(b Batch, last newest, known bool) time.Time {
	at := b.ObservedAt
	if b.ClockOffsetUs != nil {
		at = at.Add(-time.Duration(*b.ClockOffsetUs) * time.Microsecond)
	}
	if known {
		switch {
		case b.Sequence > last.sequence && last.at.Sub(at) > noise:
			at = b.ReceivedAt
		case b.Sequence > last.sequence && at.Before(last.at):
			at = last.at
		case b.Sequence < last.sequence && at.After(last.at):
			at = last.at
		}
	}
	if at.After(b.ReceivedAt) {
		at = b.ReceivedAt
	}
	return at.UTC().Truncate(time.Microsecond)
}

// split reads the sections of a batch of facts without their values. An error
// is of kind Invalid and names the item.
func split(items []json.RawMessage) ([]facts.Section, error) {
	all := make([]facts.Section, 0, len(items))
	for i, raw := range items {
		var s facts.Section
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "item %d is no section of facts: %v", i, err).At("", 0, "items")
		}
		if s.Digest == "" {
			return nil, fault.New(fault.Invalid, "section %s has no digest", s.Name).At("", 0, "items")
		}
		if slices.ContainsFunc(all, func(o facts.Section) bool { return o.Name == s.Name }) {
			return nil, fault.New(fault.Invalid, "section %s occurs twice", s.Name).At("", 0, "items")
		}
		all = append(all, s)
	}
	return all, nil
}

// decode holds a section against the registry and computes its digest anew, so
// that no host speaks for another whose sections have the same digest.
func decode(sec facts.Section) (*facts.Decoded, error) {
	d, err := facts.Decode(sec)
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// beat reads a heartbeat.
func beat(items []json.RawMessage) (wire.Heartbeat, error) {
	var hb wire.Heartbeat
	if len(items) != 1 {
		return hb, fault.New(fault.Invalid, "a heartbeat has one item, not %d", len(items)).At("", 0, "items")
	}
	if err := json.Unmarshal(items[0], &hb); err != nil {
		return hb, fault.Wrap(fault.Invalid, err, "the heartbeat cannot be read: %v", err).At("", 0, "items")
	}
	if len(hb.Sections) > 1000 {
		return hb, fault.New(fault.Invalid, "a heartbeat names %d sections", len(hb.Sections)).At("", 0, "items")
	}
	return hb, nil
}

// profile takes who the host is from its section os; a database's name is the
// one that people gave it.
func (h *Host) profile(d *facts.Decoded) {
	for _, of := range [][3]string{{"pg_server", "version", "PostgreSQL "}, {"changes", "branch", "branch "}, {"commitment", "title", ""}, {"backup", "title", ""}, {"component", "why", ""}, {"integrity", "mode", "files watched by "}} {
		if d.Name == of[0] {
			if v, ok := d.Values[of[1]].(string); ok {
				h.OS = of[2] + v
			}
			return
		}
	}
	text := func(name string, into *string) {
		if s, ok := d.Values[name].(string); ok && s != "" {
			*into = s
		}
	}
	text("hostname", &h.Name)
	text("kernel", &h.Kernel)
	text("arch", &h.Architecture)
	h.Machine = "" // one that cannot be read any more is not known
	text("machine_id_digest", &h.Machine)
	id, version := "", ""
	text("id", &id)
	text("version", &version)
	if id != "" {
		h.OS = id
		if version != "" {
			h.OS += " " + version
		}
	}
	text("name", &h.OS)
}

// version is a row of a section's history.
type version struct {
	section      string
	from         time.Time
	runNo        int64
	digest       string
	registry     int
	lastObserved time.Time
	received     time.Time
}

// history is all that is known of a host's sections, by name, each in order of
// time. Only what a batch needs may be loaded.
type history map[string][]version

// at gives the version of a section that was in force at a moment.
func (h history) at(section string, t time.Time) (version, bool) {
	all := h[section]
	for i := len(all) - 1; i >= 0; i-- {
		if !all[i].from.After(t) {
			return all[i], true
		}
	}
	return version{}, false
}

// after gives when the next version of a section began, if there is one.
func (h history) after(section string, t time.Time) (time.Time, bool) {
	for _, v := range h[section] {
		if v.from.After(t) {
			return v.from, true
		}
	}
	return time.Time{}, false
}

// put adds a version in its place.
func (h history) put(v version) {
	all := h[v.section]
	i := len(all)
	for i > 0 && all[i-1].from.After(v.from) {
		i--
	}
	all = append(all, version{})
	copy(all[i+1:], all[i:])
	all[i] = v
	h[v.section] = all
}

// moments gives every moment in [from, to) at which a section became another
// one, from first. A zero to means for ever.
func (h history) moments(from, to time.Time) []time.Time {
	seen := map[int64]bool{from.UnixMicro(): true}
	out := []time.Time{from}
	for _, all := range h {
		for _, v := range all {
			if v.from.After(from) && (to.IsZero() || v.from.Before(to)) && !seen[v.from.UnixMicro()] {
				seen[v.from.UnixMicro()] = true
				out = append(out, v.from)
			}
		}
	}
	sortTimes(out)
	return out
}

// digestsAt gives the digests of all sections in force at a moment.
func (h history) digestsAt(t time.Time) map[string]string {
	out := make(map[string]string, len(h))
	for name := range h {
		if v, ok := h.at(name, t); ok {
			out[name] = v.digest
		}
	}
	return out
}
