package host

import (
	"context"

	"github.com/attesta/attesta/internal/facts"
)

// Latest is a section as last read, with its digest.
type Latest struct {
	Digest  string
	Section *facts.Decoded
}

// Latest gives a section of every host that has sent it, by host, without those of
// which known is true: whoever asks has them.
func (s *Service) Latest(ctx context.Context, section string, known func(host, digest string) bool) (map[string]Latest, error) {
	q := s.cfg.DB.Reader()
	hosts, err := newestSections(ctx, q, []string{section})
	if err != nil {
		return nil, err
	}
	out := make(map[string]Latest, len(hosts))
	for id, h := range hosts {
		v, there := h.versions[section]
		if !there || known(id, v.digest) {
			continue
		}
		d, err := s.decoded(ctx, q, section, v)
		if err != nil {
			return nil, err
		}
		out[id] = Latest{v.digest, d}
	}
	return out, nil
}
