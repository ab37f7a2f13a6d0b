package host

import "context"

// Read is one fact of a host as it is now.
type Read struct {
	Value any
	Why   string // it is not known; "" where it is
}

// Everywhere gives one fact of every host that is in the population, by host.
func (s *Service) Everywhere(ctx context.Context, section, pointer string) (map[string]Read, error) {
	q := s.cfg.DB.Reader()
	hosts, err := newestSections(ctx, q, []string{section})
	if err != nil {
		return nil, err
	}
	out := make(map[string]Read, len(hosts))
	for id, h := range hosts {
		v, there := h.versions[section]
		if !there {
			out[id] = Read{Why: "it was never read"}
			continue
		}
		d, err := s.decoded(ctx, q, section, v)
		if err != nil {
			return nil, err
		}
		r := Read{}
		if m, missing := d.MissingAt(pointer); missing {
			r.Why = m.Reason
		}
		r.Value, _ = d.At(pointer)
		out[id] = r
	}
	return out, nil
}
