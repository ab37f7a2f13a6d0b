package host

import (
	"context"

	"github.com/attesta/attesta/internal/facts"
)

// Latest is a section of a host as last read.
type Latest struct {
	ID, Source, Name string
	Silent           bool
	Digest           string         // of the section; "" where it was never read
	Section          *facts.Decoded // nil where it was never read, or is known already
}

// Latest gives a section of every host that is in the population. Of those for which
// known gives true, the section is left out: whoever asks has it.
func (s *Service) Latest(ctx context.Context, section string, known func(source, digest string) bool) ([]Latest, error) {
	q := s.cfg.DB.Reader()
	newest, err := newestSections(ctx, q, []string{section})
	if err != nil {
		return nil, err
	}
	var out []Latest
	for cursor := ""; ; {
		list, next, _, err := s.List(ctx, Filter{}, cursor, 1000)
		if err != nil {
			return nil, err
		}
		for i := range list {
			h := &list[i]
			l := Latest{ID: h.ID, Source: h.Source, Name: h.item().Name, Silent: h.Silent}
			n := newest[h.ID]
			if n == nil || n.versions[section].digest == "" {
				out = append(out, l)
				continue
			}
			l.Digest = n.versions[section].digest
			if known == nil || !known(h.Source, l.Digest) {
				if l.Section, err = s.decoded(ctx, q, section, n.versions[section]); err != nil {
					return nil, err
				}
			}
			out = append(out, l)
		}
		if cursor = next; cursor == "" {
			return out, nil
		}
	}
}
