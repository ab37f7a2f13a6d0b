package integrity

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"

	"github.com/klauspost/compress/zstd"
)

const (
	perBody = 100      // changes of one row
	maxBody = 64 << 20 // bytes of one, unpacked
)

// told is one change as it is kept: what the agent sent, and what was decided.
type told struct {
	Item    json.RawMessage `json:"item"`
	Verdict verdict.Verdict `json:"verdict"`
}

// coder packs bodies. What one run of a package manager tells is much alike, so
// that a hundred changes together take a tenth of their length.
type coder struct {
	once sync.Once
	in   *zstd.Encoder
	out  *zstd.Decoder
	err  error
}

func newCoder() *coder { return &coder{} }

func (c *coder) make() error {
	c.once.Do(func() {
		if c.in, c.err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); c.err != nil {
			return
		}
		c.out, c.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
	})
	return c.err
}

func (c *coder) pack(list []told) ([]byte, error) {
	if err := c.make(); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return c.in.EncodeAll(raw, nil), nil
}

func (c *coder) unpack(body []byte) ([]told, error) {
	if err := c.make(); err != nil {
		return nil, err
	}
	raw, err := c.out.DecodeAll(body, nil)
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "what was told of changes cannot be unpacked")
	}
	var list []told
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "what was told of changes cannot be read")
	}
	return list, nil
}

// at gives one of a body, by its number in the group and that of the first.
func at(list []told, first, seq int64) (told, error) {
	if i := seq - first; i >= 0 && i < int64(len(list)) {
		return list[i], nil
	}
	return told{}, fault.New(fault.Refused, "change %d is not in the row of %d, which has %d", seq, first, len(list))
}

// compact gives an item as it is kept: a bundle of them is JSON again, whose spaces
// would not survive.
func compact(raw json.RawMessage) (json.RawMessage, error) {
	out, err := json.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("an item: %w", err)
	}
	return out, nil
}
