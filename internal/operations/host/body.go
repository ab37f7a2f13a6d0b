package host

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"

	"github.com/klauspost/compress/zstd"
)

// bodies remembers decoded sections by digest, in two generations of at most
// bodiesSize bytes of JSON each: most hosts share most of their sections.
type bodies struct {
	mu       sync.Mutex
	new, old map[string]*facts.Decoded // guarded by mu
	size     int                       // guarded by mu: of new
}

const bodiesSize = 4 << 20

func (b *bodies) get(key string) *facts.Decoded {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := b.new[key]; d != nil {
		return d
	}
	return b.old[key]
}

func (b *bodies) put(digest string, d *facts.Decoded, size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := d.Name + " " + digest
	if b.new[key] != nil {
		return
	}
	if b.new == nil || b.size > bodiesSize {
		b.old, b.new, b.size = b.new, map[string]*facts.Decoded{}, 0
	}
	b.new[key] = d
	b.size += size + 200
}

// coder turns sections into what is stored and back. It is safe for concurrent use.
type coder struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCoder() *coder {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil { // cannot be: fixed options
		panic("host: " + err.Error())
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil { // cannot be: fixed options
		panic("host: " + err.Error())
	}
	return &coder{enc, dec}
}

// body is a stored section without its name. Values are the bytes that the
// digest covers.
type body struct {
	Values  json.RawMessage `json:"values"`
	Missing []facts.Missing `json:"missing,omitempty"`
}

// pack gives the stored form of a section.
func (c *coder) pack(sec facts.Section) (stored []byte, size int, err error) {
	missing, err := json.Marshal(sec.Missing)
	if err != nil {
		return nil, 0, fmt.Errorf("store section %s: %w", sec.Name, err)
	}
	// Not json.Marshal: it would write the values otherwise than they came.
	raw := make([]byte, 0, len(sec.Values)+len(missing)+32)
	raw = append(raw, `{"values":`...)
	raw = append(raw, sec.Values...)
	if len(sec.Missing) > 0 {
		raw = append(append(raw, `,"missing":`...), missing...)
	}
	raw = append(raw, '}')
	return c.enc.EncodeAll(raw, nil), len(raw), nil
}

// unpack reads the stored form.
func (c *coder) unpack(name, digest string, registry int, stored []byte) (facts.Section, error) {
	raw, err := c.dec.DecodeAll(stored, nil)
	if err != nil {
		return facts.Section{}, fault.Wrap(fault.Refused, err, "the stored section %s (%.12s) cannot be read", name, digest)
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return facts.Section{}, fault.Wrap(fault.Refused, err, "the stored section %s (%.12s) cannot be read", name, digest)
	}
	return facts.Section{Name: name, Registry: registry, Values: b.Values, Missing: b.Missing, Digest: digest}, nil
}

// storeBody keeps a section's body, once.
func (s *Service) storeBody(ctx context.Context, q database.Querier, sec facts.Section) error {
	there, err := hasBody(ctx, q, sec.Digest)
	if err != nil || there {
		return err
	}
	stored, size, err := s.coder.pack(sec)
	if err != nil {
		return err
	}
	return insertBody(ctx, q, sec.Digest, stored, size, s.cfg.Clock())
}

// section reads a stored section.
func (s *Service) section(ctx context.Context, q database.Querier, name string, v version) (facts.Section, error) {
	stored, err := readBody(ctx, q, v.digest)
	if err != nil {
		return facts.Section{}, err
	}
	return s.coder.unpack(name, v.digest, v.registry, stored)
}

// decoded gives a section that is stored, from memory where it was read before.
func (s *Service) decoded(ctx context.Context, q database.Querier, name string, v version) (*facts.Decoded, error) {
	if d := s.bodies.get(name + " " + v.digest); d != nil {
		return d, nil
	}
	sec, err := s.section(ctx, q, name, v)
	if err != nil {
		return nil, err
	}
	d, err := facts.Decode(sec)
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "the stored section %s (%.12s, registry %s) does not hold: %v", name, v.digest, strconv.Itoa(v.registry), err)
	}
	s.bodies.put(v.digest, &d, len(sec.Values))
	return &d, nil
}
