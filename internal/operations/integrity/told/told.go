// Package told packs what agents told of changes, and the verdicts on them, into rows:
// what one run of a package manager tells is much alike.
//
// Invariants: what is unpacked is what was packed, byte for byte.
//
// Floor: domains, within internal/operations/integrity.
package told

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"

	"github.com/klauspost/compress/zstd"
)

const (
	Most      = 100      // changes of one row
	mostBytes = 64 << 20 // bytes of one, unpacked
)

// Item is one change as it is kept: what the agent sent, and what was decided.
type Item struct {
	Raw     json.RawMessage `json:"item"`
	Verdict verdict.Verdict `json:"verdict"`
}

// Coder packs bodies. What one run of a package manager tells is much alike, so
// that a hundred changes together take a tenth of their length.
type Coder struct {
	once sync.Once
	in   *zstd.Encoder
	out  *zstd.Decoder
	err  error
}

// New makes one, which many may use at once.
func New() *Coder { return &Coder{} }

func (c *Coder) begin() error {
	c.once.Do(func() {
		if c.in, c.err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); c.err != nil {
			return
		}
		c.out, c.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostBytes))
	})
	return c.err
}

func (c *Coder) Pack(list []Item) ([]byte, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return c.in.EncodeAll(raw, nil), nil
}

func (c *Coder) Unpack(body []byte) ([]Item, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	raw, err := c.out.DecodeAll(body, nil)
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "what was told of changes cannot be unpacked")
	}
	var list []Item
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "what was told of changes cannot be read")
	}
	return list, nil
}

// At gives one of a body, by its number in the group and that of the first.
func At(list []Item, first, seq int64) (Item, error) {
	if i := seq - first; i >= 0 && i < int64(len(list)) {
		return list[i], nil
	}
	return Item{}, fault.New(fault.Refused, "change %d is not in the row of %d, which has %d", seq, first, len(list))
}

// Compact gives an item as it is kept: a bundle of them is JSON again, whose spaces
// would not survive.
func Compact(raw json.RawMessage) (json.RawMessage, error) {
	out, err := json.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("an item: %w", err)
	}
	return out, nil
}
