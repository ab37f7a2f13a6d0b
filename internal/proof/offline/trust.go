package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
	tsp "github.com/attesta/attesta/internal/proof/stamp"

	"golang.org/x/mod/sumdb/note"
)

// maxTrust bounds a trust file.
const maxTrust = 1 << 20

// TrustFile is what a verifier believes before it opens a package, as a JSON
// file. It comes from outside the package: from the organisation at another
// time or on another way, from the auditor's own records, from a witness.
type TrustFile struct {
	V           int         `json:"v"`
	Origins     []Origin    `json:"origins"`
	Checkpoints []string    `json:"checkpoints,omitempty"` // signed notes that were seen earlier: the log must continue them
	Witnesses   *Witnesses  `json:"witnesses,omitempty"`
	Timestamps  []Timestamp `json:"timestamp_authorities,omitempty"`
}

// Origin is a log and the key that signs it.
type Origin struct {
	Origin string `json:"origin"`
	Key    string `json:"key"`             // signed-note verifier key
	Epoch  int    `json:"epoch,omitempty"` // counts the logs of one organisation: a restored backup is a new one
}

// Witnesses cosign checkpoints so that one log cannot be shown to one and
// another to another.
type Witnesses struct {
	Quorum int      `json:"quorum"`
	Keys   []string `json:"keys"`
}

// Timestamp is an RFC 3161 authority.
type Timestamp struct {
	Name string `json:"name"`
	Root string `json:"root"` // PEM
}

// Trust is a trust file that was checked.
type Trust struct {
	origins   []origin
	known     []proof.Checkpoint
	quorum    int
	witnesses []*proof.Witness
	stamps    []authority
}

type authority struct {
	name  string
	roots *tsp.Roots
}

type origin struct {
	Origin
	verifier note.Verifier
}

// ParseTrust reads a trust file; what is wrong with it is kind Invalid and names
// the field.
func ParseTrust(raw []byte) (*Trust, error) {
	bad := func(field, format string, args ...any) (*Trust, error) {
		return nil, fault.New(fault.Invalid, format, args...).At("", 0, field).
			WithHint("'attesta ledger trust' prints a trust file; docs/verify.md says what each field means")
	}
	if len(raw) > maxTrust {
		return bad("", "the trust file has %d bytes; at most %d are read", len(raw), maxTrust)
	}
	var f TrustFile
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return bad("", "the trust file is no JSON of its kind: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return bad("", "other bytes follow the trust file's JSON")
	}
	if f.V != 1 {
		return bad("v", "the trust file has version %d; this program reads version 1", f.V)
	}
	if len(f.Origins) == 0 {
		return bad("origins", "the trust file names no origin, so nothing could be trusted")
	}
	t := &Trust{}
	for i, o := range f.Origins {
		field := fmt.Sprintf("origins[%d].key", i)
		v, err := proof.NewVerifier(o.Key)
		if err != nil {
			return bad(field, "%v", err)
		}
		if v.Name() != o.Origin {
			return bad(field, "the key is of %q, the origin is %q", v.Name(), o.Origin)
		}
		t.origins = append(t.origins, origin{o, v})
	}
	for i, text := range f.Checkpoints {
		c, err := t.checkpoint([]byte(text))
		if err != nil {
			return bad(fmt.Sprintf("checkpoints[%d]", i), "%v", err)
		}
		t.known = append(t.known, c)
	}
	if w := f.Witnesses; w != nil {
		for i, key := range w.Keys {
			v, err := proof.NewWitness(key)
			if err != nil {
				return bad(fmt.Sprintf("witnesses.keys[%d]", i), "%v", err)
			}
			if slices.ContainsFunc(t.witnesses, func(o *proof.Witness) bool { return o.Name() == v.Name() }) {
				return bad(fmt.Sprintf("witnesses.keys[%d]", i), "the witness %s is named twice and would count twice", v.Name())
			}
			t.witnesses = append(t.witnesses, v)
		}
		if t.quorum = w.Quorum; w.Quorum < 1 || w.Quorum > len(w.Keys) {
			return bad("witnesses.quorum", "a quorum of %d cannot be reached by %d witnesses, or is none", w.Quorum, len(w.Keys))
		}
	}
	for i, s := range f.Timestamps {
		if strings.TrimSpace(s.Name) == "" {
			return bad(fmt.Sprintf("timestamp_authorities[%d].name", i), "the authority has no name")
		}
		roots, err := tsp.ParseRoots([]byte(s.Root))
		if err != nil {
			return bad(fmt.Sprintf("timestamp_authorities[%d].root", i), "%v", err)
		}
		t.stamps = append(t.stamps, authority{s.Name, roots})
	}
	return t, nil
}

// checkpoint reads a checkpoint signed by any of the origins.
func (t *Trust) checkpoint(raw []byte) (proof.Checkpoint, error) {
	name, _, _ := strings.Cut(string(raw), "\n")
	err := error(fault.New(fault.Refused, "no origin of the trust file is %q", printable(name)))
	for _, o := range t.origins {
		if o.Origin.Origin != name {
			continue
		}
		var c proof.Checkpoint
		if c, err = proof.ParseCheckpoint(raw, o.verifier); err == nil {
			return c, nil
		}
	}
	return proof.Checkpoint{}, err
}

// cosigners gives the witnesses who signed a checkpoint, each with its time
// where it gave one.
func (t *Trust) cosigners(raw []byte) []Anchor {
	var out []Anchor
	for _, w := range t.witnesses {
		if at, ok := w.Cosigned(raw); ok {
			out = append(out, Anchor{Kind: "witness", Name: w.Name(), At: at})
		}
	}
	return out
}

// Encode gives a trust file's bytes.
func (f TrustFile) Encode() ([]byte, error) {
	f.V = 1
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(f)
	return b.Bytes(), err
}
