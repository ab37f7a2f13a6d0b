package population

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/attesta/attesta/internal/base/fault"
)

// Files is what an extraction's entry commits to by digest.
type Files struct {
	Items      func() (io.ReadCloser, error) // a line of canonical JSON for each item, sorted by id
	Definition []byte                        // the content of the version that gave them
	Exclusions []byte                        // what was left out, and why
	Entries    []string                      // of the extraction, of its definition and of that one's approval
}

// Files gives an extraction's files, kind Refused where one does not have the
// digest that was recorded.
func (s *Service) Files(ctx context.Context, e Extraction) (Files, error) {
	f := Files{Items: func() (io.ReadCloser, error) { return s.cfg.Blobs.Open(e.Digest) }, Entries: []string{e.Entry}}
	text, digest, err := e.Content.encode()
	if err != nil || digest != e.Definition {
		return f, fault.Wrap(fault.Refused, err, "the definition of %s is not what was recorded", e.Ref()).WithHint("run 'attesta ledger verify'")
	}
	f.Definition = []byte(text)
	if f.Exclusions, err = json.Marshal(e.Exclusions); err != nil {
		return f, fmt.Errorf("encode what %s left out: %w", e.Ref(), err)
	}
	if hexDigest(f.Exclusions) != e.exclusionsDigest {
		return f, fault.New(fault.Refused, "what %s left out is not what was recorded", e.Ref()).WithHint("run 'attesta ledger verify'")
	}
	d, err := s.Definition(ctx, e.Slug)
	if err != nil {
		return f, err
	}
	for _, v := range d.Versions {
		if v.Version == e.Version {
			f.Entries = append(f.Entries, v.Entry)
			if v.Approval != "" {
				f.Entries = append(f.Entries, v.Approval)
			}
		}
	}
	return f, nil
}
