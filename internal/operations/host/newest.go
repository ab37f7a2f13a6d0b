package host

import (
	"context"

	"github.com/attesta/attesta/internal/facts"
)

// Newest is a section of a host as it is now.
type Newest struct {
	Digest  string // "" where it was never read
	Section *facts.Decoded
}

// Newest gives a section of every host that is in the population, by host. Of one
// whose digest known has already, it gives only that.
func (s *Service) Newest(ctx context.Context, section string, known func(host, digest string) bool) (map[string]Newest, error) {
	q := s.cfg.DB.Reader()
	hosts, err := newestSections(ctx, q, []string{section})
	if err != nil {
		return nil, err
	}
	out := make(map[string]Newest, len(hosts))
	for id, h := range hosts {
		v, there := h.versions[section]
		n := Newest{}
		if there {
			n.Digest = v.digest
			if !known(id, v.digest) {
				if n.Section, err = s.decoded(ctx, q, section, v); err != nil {
					return nil, err
				}
			}
		}
		out[id] = n
	}
	return out, nil
}
