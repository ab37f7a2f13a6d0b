package host

import (
	"context"

	"github.com/attesta/attesta/internal/facts"
)

// Read is one fact of a host as it is now.
type Read struct {
	Value any
	Why   string // it is not known; "" where it is
}

// Everywhere gives one fact of every host that is in the population, by host.
func (s *Service) Everywhere(ctx context.Context, section, pointer string) (map[string]Read, error) {
	newest, err := s.Newest(ctx, section, nil)
	out := make(map[string]Read, len(newest))
	for id, n := range newest {
		r := Read{Why: "it was never read"}
		if n.Section != nil {
			m, _ := n.Section.MissingAt(pointer)
			r.Why = m.Reason
			r.Value, _ = n.Section.At(pointer)
		}
		out[id] = r
	}
	return out, err
}

// Newest is a section of a host as it is now.
type Newest struct {
	Digest  string // "" where it was never read
	Section *facts.Decoded
}

// Newest gives a section of every host that is in the population, by host. Of one
// whose digest known has already it gives only that.
func (s *Service) Newest(ctx context.Context, section string, known func(host, digest string) bool) (map[string]Newest, error) {
	q := s.cfg.DB.Reader()
	hosts, err := newestSections(ctx, q, []string{section})
	out := make(map[string]Newest, len(hosts))
	for id, h := range hosts {
		n := Newest{Digest: h.versions[section].digest}
		if n.Digest != "" && (known == nil || !known(id, n.Digest)) {
			if n.Section, err = s.decoded(ctx, q, section, h.versions[section]); err != nil {
				return nil, err
			}
		}
		out[id] = n
	}
	return out, err
}
