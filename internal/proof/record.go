package proof

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Record is an entry as it was read back.
type Record struct {
	ID         string
	Index      int64 // position in the log; -1 before it is numbered
	Version    int
	Stream     string
	StreamSeq  int64
	Type       string
	At         time.Time
	Actor      string
	Subject    string
	Outcome    string
	Blob       string
	Commitment string         // of personal data; "" when the entry has none
	Data       map[string]any // integers are int64
	Raw        []byte         // the bytes that were hashed
	Hash       [32]byte       // RFC 6962 leaf hash of Raw
}

// ParseEntry reads the bytes of an entry. Types and fields that this program
// does not know are accepted; what every version has must be there.
func ParseEntry(raw []byte) (Record, error) {
	bad := func(field, format string, args ...any) (Record, error) {
		return Record{}, fault.New(fault.Refused, format, args...).At("", 0, field)
	}
	var w struct {
		V          *int64         `json:"v"`
		ID         string         `json:"id"`
		Type       string         `json:"type"`
		Stream     string         `json:"stream"`
		StreamSeq  int64          `json:"stream_seq"`
		At         string         `json:"at"`
		Actor      string         `json:"actor"`
		Subject    string         `json:"subject"`
		Outcome    string         `json:"outcome"`
		Blob       string         `json:"blob"`
		Commitment string         `json:"commitment"`
		Data       map[string]any `json:"data"`
	}
	if len(raw) > MaxEntry {
		return bad("", "the entry has %d bytes; at most %d can be", len(raw), MaxEntry)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&w); err != nil {
		return bad("", "the entry is no JSON object of the ledger's schema: %v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad("", "the entry is followed by other bytes")
	}
	switch {
	case w.V == nil || *w.V < 1:
		return bad("v", "the entry has no version")
	case w.ID == "":
		return bad("id", "the entry has no id")
	case w.Type == "":
		return bad("type", "the entry has no type")
	case w.Stream == "":
		return bad("stream", "the entry has no stream")
	case w.StreamSeq < 1:
		return bad("stream_seq", "the entry has no place in its stream")
	}
	at, err := time.Parse(TimeLayout, w.At)
	if err != nil || at.Format(TimeLayout) != w.At { // Parse is lenient
		return bad("at", "%q is no RFC 3339 UTC time with microseconds", w.At)
	}
	for k, v := range w.Data {
		w.Data[k] = integers(v)
	}
	return Record{ID: w.ID, Index: -1, Version: int(*w.V), Stream: w.Stream, StreamSeq: w.StreamSeq, Type: w.Type, At: at.UTC(),
		Actor: w.Actor, Subject: w.Subject, Outcome: w.Outcome, Blob: w.Blob, Commitment: w.Commitment, Data: w.Data,
		Raw: raw, Hash: LeafHash(raw)}, nil
}

// integers turns JSON numbers into int64 where they are; a number of a later
// schema that is none stays as json.Number.
func integers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
	case []any:
		for i := range v {
			v[i] = integers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = integers(v[k])
		}
	}
	return v
}
