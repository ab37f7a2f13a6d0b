package host

import (
	"context"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
)

// Trial judges every host by attributes that need not be in force, by the facts
// as they stand, and records nothing: whoever tailors a check sees what would
// change. It gives the counts by attribute, in their order. Hosts that are
// silent are not observed; those that left do not count.
func (s *Service) Trial(ctx context.Context, p access.Principal, attributes []*judge.Attribute) ([]outcome.Counts, error) {
	if err := access.Authorise(p, access.HostRead); err != nil {
		return nil, err
	}
	counts := make([]outcome.Counts, len(attributes))
	if len(attributes) == 0 {
		return counts, nil
	}
	var sections []string
	for _, a := range attributes {
		for _, read := range a.Reads() {
			name, _, _ := strings.Cut(strings.TrimPrefix(read, "/"), "/")
			if !slices.Contains(sections, name) {
				sections = append(sections, name)
			}
		}
	}
	q := s.cfg.DB.Reader()
	hosts, err := newestSections(ctx, q, sections)
	if err != nil {
		return nil, err
	}
	type judged struct{ outcomes []outcome.Outcome }
	known := map[string]judged{} // by the digests read: equal hosts cost one judgement
	for _, h := range hosts {
		if h.silent {
			for i := range counts {
				counts[i].NotObserved++
			}
			continue
		}
		var key strings.Builder
		for _, name := range sections {
			key.WriteString(h.versions[name].digest + "\n")
		}
		j, ok := known[key.String()]
		if !ok {
			item := judge.Item{Sections: map[string]*facts.Decoded{}}
			for _, name := range sections {
				if v, there := h.versions[name]; there {
					if item.Sections[name], err = s.decoded(ctx, q, name, v); err != nil {
						return nil, err
					}
				}
			}
			for _, a := range attributes {
				j.outcomes = append(j.outcomes, a.Judge(item).Outcome)
			}
			known[key.String()] = j
		}
		for i, o := range j.outcomes {
			counts[i] = counts[i].With(o)
		}
	}
	return counts, nil
}
