package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/klauspost/compress/zstd"
)

// ContentType marks a request body made by Encode.
const ContentType = "application/vnd.attesta.envelope+zstd"

// window bounds what an encoder holds. With the fastest level it needs 0.3 MB;
// the next one needs 1.3 MB and makes facts no smaller.
const window = 256 << 10

// Encode validates e and gives its bytes on the wire. The same envelope gives
// the same bytes.
func Encode(e *Envelope) ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "an item is not JSON").At("", 0, "items")
	}
	if len(plain) > MaxDecompressed {
		return nil, fault.New(fault.Invalid, "the envelope is %d bytes, over the limit of %d", len(plain), MaxDecompressed)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(window))
	if err != nil {
		return nil, fmt.Errorf("make a compressor: %w", err)
	}
	packed := z.EncodeAll(plain, nil)
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if len(packed) > MaxCompressed {
		return nil, fault.New(fault.Invalid, "the envelope is %d bytes when compressed, over the limit of %d", len(packed), MaxCompressed)
	}
	return packed, nil
}

// Decode reads an envelope from r. Whatever it is given, it reads at most
// MaxCompressed bytes, expands them to at most MaxDecompressed and returns
// either a valid envelope or a fault of kind Invalid that says what to correct.
// An error of r itself is returned as it is.
func Decode(r io.Reader) (*Envelope, error) {
	packed, err := ReadPacked(r)
	if err != nil {
		return nil, err
	}
	return DecodeBytes(packed)
}

// ReadPacked reads a compressed envelope without opening it.
func ReadPacked(r io.Reader) ([]byte, error) {
	packed, err := io.ReadAll(io.LimitReader(r, MaxCompressed+1))
	if err != nil {
		return nil, err
	}
	if len(packed) > MaxCompressed {
		return nil, fault.New(fault.Invalid, "the body is over the limit of %d bytes", MaxCompressed).
			WithHint("send fewer items in one envelope")
	}
	return packed, nil
}

// DecodeBytes is Decode for bytes that are in memory already.
func DecodeBytes(packed []byte) (*Envelope, error) {
	if len(packed) == 0 {
		return nil, fault.New(fault.Invalid, "the body is empty; an envelope was expected")
	}
	plain, err := expand(packed)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(plain) {
		return nil, fault.New(fault.Invalid, "the envelope is not UTF-8")
	}
	var e Envelope
	if err := json.Unmarshal(plain, &e); err != nil {
		// A newer version may have changed a field's type: say that first.
		var only struct{ Version int }
		if json.Unmarshal(plain, &only) == nil {
			if err := Negotiate(only.Version, Version); err != nil {
				return nil, err
			}
		}
		return nil, jsonFault(err)
	}
	if err := e.Validate(); err != nil {
		return nil, err
	}
	return &e, nil
}

func expand(packed []byte) ([]byte, error) {
	z, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderMaxMemory(MaxDecompressed))
	if err != nil {
		return nil, fmt.Errorf("make a decompressor: %w", err)
	}
	defer z.Close()
	plain, err := io.ReadAll(io.LimitReader(z, MaxDecompressed+1))
	switch {
	case len(plain) > MaxDecompressed, errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, fault.New(fault.Invalid, "the envelope expands to more than %d bytes", MaxDecompressed).
			WithHint("send fewer items in one envelope")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fault.Wrap(fault.Invalid, err, "the body is cut short after %d bytes", len(packed)).
			WithHint("send it again")
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the body is no whole zstd data").
			WithHint("compress the JSON envelope with zstd and send it again")
	}
	return plain, nil
}

func jsonFault(err error) error {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return fault.Wrap(fault.Invalid, err, "a %s was found where a %s belongs", typ.Value, typ.Type).At("", 0, typ.Field)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fault.Wrap(fault.Invalid, err, "the envelope is not JSON at byte %d: %s", syntax.Offset, syntax)
	}
	return fault.Wrap(fault.Invalid, err, "the envelope cannot be read: %s", err)
}
