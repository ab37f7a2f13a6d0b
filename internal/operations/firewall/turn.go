package firewall

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
	"github.com/attesta/attesta/internal/operations/host"
)

// section is what rules are read from.
const section = "firewall"

// judgeEvery is how often rule sets are judged where nothing changed: days pass.
const judgeEvery = 10 * time.Minute

// Turn takes up what hosts reported since, and judges rule sets. It is called every
// half minute.
func (s *Service) Turn(ctx context.Context) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	now := s.cfg.Clock()
	changed, err := s.follow(ctx, now)
	if err != nil {
		return err
	}
	s.mu.Lock()
	due := s.stirred || changed || s.judged.IsZero() || now.Sub(s.judged) >= judgeEvery || now.Before(s.judged)
	s.stirred = false
	s.mu.Unlock()
	if due {
		if err := s.judge(ctx, now); err != nil {
			s.stir()
			return err
		}
		s.judged = now
	}
	return s.book.Observe(ctx, s.said)
}

// follow brings members up to what hosts say, and groups them into rule sets.
func (s *Service) follow(ctx context.Context, now time.Time) (changed bool, err error) {
	q := s.cfg.DB.Reader()
	list, err := readMembers(ctx, q)
	if err != nil {
		return false, err
	}
	was := map[string]Member{}
	for _, m := range list {
		was[m.Source] = m
	}
	hosts, err := s.hosts(ctx)
	if err != nil {
		return false, err
	}
	has := map[string]string{} // digest of the section by host
	for _, m := range list {
		has[m.HostID] = m.section
	}
	latest, err := s.cfg.Hosts.Latest(ctx, section, func(host, digest string) bool { return has[host] == digest })
	if err != nil {
		return false, err
	}
	boots, err := s.cfg.Hosts.Everywhere(ctx, "os", "/boot_time_us")
	if err != nil {
		return false, err
	}
	bodies := map[string]analysis.Set{}
	next := map[string]Member{}
	for _, h := range hosts {
		m, known := was[h.Source]
		if !known {
			m = Member{Source: h.Source, Kind: OfHosts}
		}
		m.HostID, m.Name, m.Silent = h.ID, cmp.Or(h.Name, h.ID), h.Silent
		l, read := latest[h.ID]
		boot := m.Boot
		if us, is := boots[h.ID].Value.(int64); is {
			boot = moment(us)
		}
		started := !m.Boot.IsZero() && boot.After(m.Boot)
		m.Boot = boot
		switch {
		case read:
			set, count, why, err := apart(l.Section)
			if err != nil {
				return false, fmt.Errorf("%s: %w", m.Name, err)
			}
			m.section, m.Why = l.Digest, why
			if why != "" {
				break // what was known last still stands, and it is said since when
			}
			digest, _, err := digestOf(OfHosts, set)
			if err != nil {
				return false, err
			}
			loaded := digest != m.digest
			if loaded {
				m.digest, m.Since = digest, now
				bodies[digest] = set
			}
			m.counting = count.later(m.counting, loaded || started, now)
		case m.section == "":
			m.Why = "its packet filter was never read"
		case started:
			m.counting = m.counting.later(counting{}, true, now)
		}
		next[h.Source] = m
	}
	for source, m := range was {
		if m.Kind != OfHosts {
			next[source] = m
		}
	}
	return s.settle(ctx, was, next, bodies, now)
}

// hosts gives the hosts of the population.
func (s *Service) hosts(ctx context.Context) (all []host.Host, err error) {
	for cursor := ""; ; {
		list, next, _, err := s.cfg.Hosts.Plain(ctx, host.Filter{}, cursor, 1000)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}

// settle writes members, and the rule sets that they make.
func (s *Service) settle(ctx context.Context, was, next map[string]Member, bodies map[string]analysis.Set, now time.Time) (changed bool, err error) {
	q := s.cfg.DB.Reader()
	if same(was, next) {
		return false, nil
	}
	for digest := range bodies {
		there, err := s.body(ctx, q, digest)
		if err != nil {
			return false, err
		}
		if there != nil {
			delete(bodies, digest)
		}
	}
	type made struct {
		raw, report []byte
		rules       int
	}
	write := map[string]made{}
	for digest, set := range bodies { // before the transaction: a large set takes seconds
		_, raw, err := digestOf(OfHosts, set)
		if err != nil {
			return false, err
		}
		report, err := json.Marshal(analysis.Analyse(set))
		if err != nil {
			return false, err
		}
		write[digest] = made{raw, report, len(set.Rules)}
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for digest, m := range write {
			if err := putBody(ctx, tx, digest, m.rules, m.raw, m.report); err != nil {
				return err
			}
		}
		sets, err := readSets(ctx, tx)
		if err != nil {
			return err
		}
		members := maps.Clone(next)
		if err := s.group(ctx, tx, sets, members, now); err != nil {
			return err
		}
		for source, m := range members {
			if before, there := was[source]; !there || !equal(before, m) {
				if err := putMember(ctx, tx, m); err != nil {
					return err
				}
			}
		}
		for source := range was {
			if _, still := members[source]; !still {
				if err := dropMember(ctx, tx, source); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return true, err
}

func same(a, b map[string]Member) bool { return maps.EqualFunc(a, b, equal) }

func equal(a, b Member) bool {
	return a.Source == b.Source && a.HostID == b.HostID && a.Name == b.Name && a.Set == b.Set && a.Since.Equal(b.Since) && a.Boot.Equal(b.Boot) && a.Heard.Equal(b.Heard) && a.Silent == b.Silent && a.Why == b.Why &&
		a.section == b.section && a.digest == b.digest && a.counting.Why == b.counting.Why && a.counting.Since.Equal(b.counting.Since) && maps.EqualFunc(a.counting.Zero, b.counting.Zero, time.Time.Equal) && slices.Equal(a.counting.Uncounted, b.counting.Uncounted)
}

// group gives every member the rule set that it has in force. A set goes on with new
// rules where all who had it have the new ones; where some have, they come apart.
func (s *Service) group(ctx context.Context, tx *sql.Tx, sets []Set, members map[string]Member, now time.Time) error {
	byID, last := map[string]*Set{}, int64(0)
	for i := range sets {
		byID[sets[i].ID] = &sets[i]
		last = max(last, sets[i].No)
	}
	want := map[string][]string{} // sources by kind and digest
	had := map[string][]string{}  // sources by set that they had
	for _, source := range slices.Sorted(maps.Keys(members)) {
		m := members[source]
		if m.digest == "" {
			continue
		}
		key := m.Kind + "\x00" + m.digest
		if m.Kind != OfHosts {
			key += "\x00" + source // a cloud's group is a rule set of its own
		}
		want[key] = append(want[key], source)
		if m.Set != "" {
			had[m.Set] = append(had[m.Set], source)
		}
	}
	holds := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		sources := want[key]
		kind, rest, _ := strings.Cut(key, "\x00")
		digest, _, _ := strings.Cut(rest, "\x00")
		var set *Set
		for i := range sets { // one that says just this
			if x := &sets[i]; x.Kind == kind && x.Digest == digest && x.Gone.IsZero() && !holds[x.ID] && (kind == OfHosts || members[sources[0]].Set == x.ID) {
				set = x
				break
			}
		}
		parent := ""
		if set == nil {
			for _, source := range sources {
				id := members[source].Set
				if id == "" || byID[id] == nil {
					continue
				}
				if parent == "" {
					parent = id
				}
				if !holds[id] && !slices.ContainsFunc(had[id], func(other string) bool { return !slices.Contains(sources, other) }) {
					set = byID[id]
					break
				}
			}
		}
		switch {
		case set == nil:
			last++
			set = &Set{ID: ids.New("fws", now), No: last, Kind: kind, Digest: digest, Parent: parent, First: now, Changed: now}
			byID[set.ID] = set
		case set.Digest != digest:
			if err := s.differ(ctx, tx, set, digest, now); err != nil {
				return err
			}
			set.Digest, set.Changed = digest, now
		}
		holds[set.ID] = true
		var mine []Member
		for _, source := range sources {
			m := members[source]
			m.Set = set.ID
			members[source] = m
			mine = append(mine, m)
		}
		set.Name, set.Gone = names(mine), time.Time{}
		if err := putSet(ctx, tx, *set); err != nil {
			return err
		}
	}
	for i := range sets {
		if x := &sets[i]; x.Gone.IsZero() && !holds[x.ID] {
			x.Gone = now
			if err := putSet(ctx, tx, *x); err != nil {
				return err
			}
		}
	}
	return nil
}

// differ notes what came to a rule set, and what went.
func (s *Service) differ(ctx context.Context, tx *sql.Tx, set *Set, digest string, now time.Time) error {
	before, err := readBody(ctx, tx, set.Digest)
	if err != nil {
		return err
	}
	after, err := readBody(ctx, tx, digest)
	if err != nil {
		return err
	}
	if before == nil || after == nil {
		return fmt.Errorf("rules of %s are not there", set.Ref)
	}
	added, gone := difference(before.Rules, after.Rules)
	for kind, list := range map[string][][2]string{"added": added, "gone": gone} {
		for _, r := range list {
			if err := addEvent(ctx, tx, Event{Set: set.ID, At: now, Kind: kind, Chain: r[0], Rule: r[1]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// difference gives chain and text of rules that came and that went.
func difference(before, after []facts.FirewallRule) (added, gone [][2]string) {
	keys := func(list []facts.FirewallRule) map[[2]string]bool {
		out := map[[2]string]bool{}
		for i := range list {
			chain, text := line(&list[i])
			out[[2]string{chain, text}] = true
		}
		return out
	}
	a, b := keys(before), keys(after)
	for k := range b {
		if !a[k] {
			added = append(added, k)
		}
	}
	for k := range a {
		if !b[k] {
			gone = append(gone, k)
		}
	}
	by := func(x, y [2]string) int { return strings.Compare(x[0]+"\x00"+x[1], y[0]+"\x00"+y[1]) }
	slices.SortFunc(added, by)
	slices.SortFunc(gone, by)
	return added, gone
}

// sourceOf names a rule set as a source of facts.
func sourceOf(ref string) string { return "src_firewall-" + strings.TrimPrefix(ref, "FW-") }

// judge says of every rule set that is in force what holds.
func (s *Service) judge(ctx context.Context, now time.Time) error {
	q := s.cfg.DB.Reader()
	w, err := s.world(ctx, q)
	if err != nil {
		return err
	}
	var said []entries.Entry
	for i := range w.sets {
		set := &w.sets[i]
		if !set.Gone.IsZero() {
			if now.Sub(set.Gone) > 48*time.Hour {
				continue // it left
			}
			if err := s.book.Leave(ctx, sourceOf(set.Ref), "nobody has these rules in force any more"); err != nil {
				return err
			}
			continue
		}
		v, err := s.view(ctx, q, w, set, now)
		if err != nil {
			return err
		}
		if !v.heard(now) {
			continue // it falls silent
		}
		sec, err := v.section(now)
		if err != nil {
			return err
		}
		said = append(said, entries.Entry{Population: host.Firewalls, Source: sourceOf(set.Ref), Name: set.Ref, Section: sec})
	}
	s.said = said
	return nil
}

// world is what rule sets are judged by.
type world struct {
	sets           []Set
	members        map[string][]Member // by set
	unread         []Member            // their rules were never read
	justifications []JustificationObject
	reviews        map[string]*ReviewObject // newest approved, by id of the set
	open           map[string]string        // number of the review that is not over
}

func (s *Service) world(ctx context.Context, q database.Querier) (*world, error) {
	w := &world{members: map[string][]Member{}, reviews: map[string]*ReviewObject{}, open: map[string]string{}}
	var err error
	if w.sets, err = readSets(ctx, q); err != nil {
		return nil, err
	}
	members, err := readMembers(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.Set == "" {
			w.unread = append(w.unread, m)
			continue
		}
		w.members[m.Set] = append(w.members[m.Set], m)
	}
	if w.justifications, _, err = s.justifications.List(ctx, journal.Filter{States: []string{"active"}}); err != nil {
		return nil, err
	}
	reviews, _, err := s.reviews.List(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	for i := range reviews {
		switch r := &reviews[i]; r.Content.State {
		case "approved":
			if old := w.reviews[r.Content.SetID]; old == nil || old.Content.Approved.Before(r.Content.Approved) {
				w.reviews[r.Content.SetID] = r
			}
		case "open", "handed_in":
			w.open[r.Content.SetID] = r.Ref
		}
	}
	return w, nil
}

// reviewed gives the newest approved review of a set, or of what it came apart from.
func (w *world) reviewed(set *Set) *ReviewObject {
	for range 50 {
		if r := w.reviews[set.ID]; r != nil {
			return r
		}
		i := slices.IndexFunc(w.sets, func(x Set) bool { return x.ID == set.Parent && set.Parent != "" })
		if i < 0 {
			return nil
		}
		set = &w.sets[i]
	}
	return nil
}
