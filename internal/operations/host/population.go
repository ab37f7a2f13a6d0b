package host

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// PopulationSource gives hosts to populations. What it reads is bounded by the
// ledger: presence, and the sections that say who a host is. What changes
// without an entry, such as when a host was last seen, is no attribute.
func (s *Service) PopulationSource() population.Source {
	text, list := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.List, Elem: &judge.Type{Kind: judge.String}}
	return population.Source{
		Name: Population, Title: "Hosts", Doc: "Hosts whose agent has enrolled and reported facts.",
		Fields: []judge.Field{
			{Name: "name", Type: text, Doc: "host name, as the host says it"},
			{Name: "os", Type: text, Doc: "id of the operating system: debian"},
			{Name: "os_version", Type: text, Doc: "its version"},
			{Name: "kernel", Type: text, Doc: "kernel release"},
			{Name: "arch", Type: text, Doc: "x86_64, aarch64"},
			{Name: "machine_id", Type: text, Doc: "digest of the machine id"},
			{Name: "addresses", Type: list, Doc: "addresses of its interfaces"},
			{Name: "macs", Type: list, Doc: "hardware addresses of its interfaces"},
			{Name: "source", Type: text, Doc: "the agent that reports it"},
			{Name: "first_seen", Type: text, Doc: "when it was first heard, by the server's clock"},
			{Name: "present_from", Type: text, Doc: "since when it is in the population, by its own clock put right"},
			{Name: "left", Type: text, Doc: "when it was taken out, if it was"},
		},
		Columns: []string{"name", "os", "os_version", "first_seen", "left"},
		Dates: []population.Date{
			{Name: "present", Doc: "the host was in the population: from its first facts until it was retired", Span: true},
			{Name: "first_seen", Doc: "the host was heard for the first time, by the server's clock"},
		},
		Read: s.populationItems,
	}
}

// sectionNetwork and sectionNeighbours are read by path: an agent may be older
// or newer than what this server knows of them.
const (
	sectionNetwork    = "network"
	sectionNeighbours = "neighbours"
)

func (s *Service) populationItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	q := s.cfg.DB.Reader()
	known, err := presenceAt(ctx, q, r.At)
	if err != nil {
		return nil, err
	}
	sections, err := sectionsAt(ctx, q, r.At, "os", sectionNetwork)
	if err != nil {
		return nil, err
	}
	var items []population.Item
	for _, id := range slices.Sorted(maps.Keys(known)) {
		p := known[id]
		attributes := map[string]any{"source": p.source, "first_seen": stamp(p.first)}
		if last := p.spans[len(p.spans)-1]; true {
			attributes["present_from"] = stamp(last.From)
			if !last.To.IsZero() {
				attributes["left"] = stamp(last.To)
			}
		}
		if v, ok := sections[id]["os"]; ok {
			d, err := s.decoded(ctx, q, "os", v)
			if err != nil {
				return nil, err
			}
			for attribute, fact := range map[string]string{"name": "hostname", "os": "id", "os_version": "version", "kernel": "kernel", "arch": "arch", "machine_id": "machine_id_digest"} {
				if text, ok := d.Values[fact].(string); ok && text != "" {
					attributes[attribute] = text
				}
			}
		}
		if v, ok := sections[id][sectionNetwork]; ok {
			if err := s.addInterfaces(ctx, v, attributes); err != nil {
				return nil, err
			}
		}
		items = append(items, population.Item{ID: id, Attributes: attributes,
			Dates: map[string][]population.Span{"present": p.spans, "first_seen": {{From: p.first, To: p.first}}}})
	}
	return items, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// addInterfaces adds the addresses of a host's own interfaces.
func (s *Service) addInterfaces(ctx context.Context, v version, attributes map[string]any) error {
	sec, err := s.section(ctx, s.cfg.DB.Reader(), v.section, v)
	if err != nil {
		return err
	}
	var values struct {
		Interfaces []struct {
			MAC       string   `json:"mac"`
			Addresses []string `json:"addresses"`
		} `json:"interfaces"`
	}
	if err := json.Unmarshal(sec.Values, &values); err != nil {
		return nil // of a shape that this server does not know: the attributes stay unknown
	}
	addresses, macs := []any{}, []any{}
	add := func(into *[]any, text string) {
		if text != "" && !slices.Contains(*into, any(text)) {
			*into = append(*into, text)
		}
	}
	for _, i := range values.Interfaces {
		add(&macs, strings.ToLower(i.MAC))
		for _, a := range i.Addresses {
			a, _, _ = strings.Cut(a, "/")
			add(&addresses, a)
		}
	}
	attributes["addresses"], attributes["macs"] = addresses, macs
	return nil
}

// Neighbours gives what the hosts of the population saw beside them, as last
// reported up to a moment: an entry for each hardware address.
func (s *Service) Neighbours(ctx context.Context, r population.Request) (found []population.Second, notes []string, err error) {
	q := s.cfg.DB.Reader()
	known, err := presenceAt(ctx, q, r.At)
	if err != nil {
		return nil, nil, err
	}
	sections, err := sectionsAt(ctx, q, r.At, "os", sectionNeighbours)
	if err != nil {
		return nil, nil, err
	}
	at := map[string]int{}
	seenBy := map[string][]string{}
	silent := 0
	for _, id := range slices.Sorted(maps.Keys(known)) {
		p := known[id]
		if last := p.spans[len(p.spans)-1]; !last.To.IsZero() {
			continue
		}
		v, ok := sections[id][sectionNeighbours]
		if !ok {
			silent++
			continue
		}
		sec, err := s.section(ctx, q, v.section, v)
		if err != nil {
			return nil, nil, err
		}
		var values struct {
			Entries []struct {
				Address string `json:"address"`
				MAC     string `json:"mac"`
				Router  bool   `json:"router"`
			} `json:"entries"`
		}
		if err := json.Unmarshal(sec.Values, &values); err != nil {
			notes = append(notes, "the neighbours of "+id+" have a shape that this server does not know")
			continue
		}
		name := id
		if o, ok := sections[id]["os"]; ok {
			d, err := s.decoded(ctx, q, "os", o)
			if err != nil {
				return nil, nil, err
			}
			if text, ok := d.Values["hostname"].(string); ok && text != "" {
				name = text
			}
		}
		for _, e := range values.Entries {
			key := strings.ToLower(e.MAC)
			if key == "" {
				key = e.Address
			}
			n, there := at[key]
			if !there {
				n = len(found)
				at[key] = n
				second := population.Second{Key: key}
				if e.MAC != "" {
					second.MACs = []string{key}
				}
				found = append(found, second)
			}
			if e.Address != "" && !slices.Contains(found[n].Addresses, e.Address) {
				found[n].Addresses = append(found[n].Addresses, e.Address)
			}
			if !slices.Contains(seenBy[key], name) {
				seenBy[key] = append(seenBy[key], name)
			}
		}
	}
	for i := range found {
		slices.Sort(found[i].Addresses)
		by := seenBy[found[i].Key]
		slices.Sort(by)
		found[i].Detail = "seen by " + strings.Join(by[:min(len(by), 5)], ", ")
		if len(by) > 5 {
			found[i].Detail += fmt.Sprintf(" and %d more", len(by)-5)
		}
	}
	slices.SortFunc(found, func(a, b population.Second) int { return strings.Compare(a.Key, b.Key) })
	if silent > 0 {
		notes = append(notes, fmt.Sprintf("%d hosts of the population reported no neighbours: their agents do not read them, or could not", silent))
	}
	return found, notes, nil
}

// presence is a host's time in the population.
type presence struct {
	source string
	first  time.Time // heard for the first time, by the server's clock
	spans  []population.Span
}

// turn adds that a host came in or went at a moment.
func (p *presence) turn(at time.Time, present bool) {
	n := len(p.spans)
	switch inside := n > 0 && p.spans[n-1].To.IsZero(); {
	case present && !inside:
		p.spans = append(p.spans, population.Span{From: at})
	case !present && inside:
		p.spans[n-1].To = at
	}
}
