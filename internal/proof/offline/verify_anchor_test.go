package offline

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/proof"
	tsp "github.com/attesta/attesta/internal/proof/stamp"
	"github.com/attesta/attesta/internal/proof/stamp/stamptest"
)

// stamped has OpenSSL stamp a checkpoint.
func stamped(t *testing.T, a *stamptest.TSA, note []byte) []byte {
	t.Helper()
	query, err := tsp.Request(sha256.Sum256(note), big.NewInt(1))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Reply(query)
	if err != nil {
		t.Fatal(err)
	}
	token, err := tsp.Token(answer)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Checkpoints that were handed outside while the log grew anchor a package that
// was made later: by a witness, by an authority's time stamp; each only where the
// trust file believes it, and nothing that was changed passes.
func TestHandedOut(t *testing.T) {
	l := newFakeLog(t, "example.org/log")
	l.grow(t, 700)
	tsa, other := stamptest.New(t, "ec"), stamptest.New(t, "ec")
	w := newCosigner("witness.example.org/a", 1)
	_, key := w.id()
	at := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	at400, at640 := l.checkpoint(t, 400).Raw, l.checkpoint(t, 640).Raw
	lines := bytes.TrimPrefix(w.sign(at640, at.Unix()), at640)
	token := stamped(t, tsa, at400)
	raw := l.pack(t, spec{start: 300, end: 600, head: 650, known: []int64{400, 640}, files: map[string]string{
		"anchors/400/checkpoint": string(at400), "anchors/400/rcp_1.tsr": string(token), "anchors/640/checkpoint": string(at640), "anchors/640/rcp_2.cosig": string(lines)}})
	both := func(f *TrustFile) {
		f.Timestamps = []Timestamp{{Name: "tsa.example.org", Root: tsa.Root}}
		f.Witnesses = &Witnesses{Quorum: 1, Keys: []string{key}}
	}
	rep := verifyBytes(t, raw, l.trust(t, both), Options{})
	if rep.Result != "verified" || !rep.Anchored || len(rep.Anchors) != 2 {
		t.Fatal(show(rep))
	}
	if a := rep.Anchors[0]; a.Kind != "timestamp" || a.Name != "tsa.example.org" || a.Size != 400 || time.Since(a.At).Abs() > time.Minute {
		t.Errorf("%+v", a)
	}
	if a := rep.Anchors[1]; a.Kind != "witness" || a.Size != 640 || !a.At.Equal(at) {
		t.Errorf("%+v", a)
	}
	if rep := verifyBytes(t, raw, l.trust(t, nil), Options{}); rep.Result != "verified" || rep.Anchored {
		t.Errorf("who trusts none of them sees an anchor: %s", show(rep))
	}
	if rep := verifyBytes(t, raw, l.trust(t, func(f *TrustFile) {
		both(f)
		f.Checkpoints = []string{string(at400)} // held by the verifier too: its proof is read once
	}), Options{}); rep.Result != "verified" || len(rep.Anchors) != 3 {
		t.Error(show(rep))
	}
	stranger := l.trust(t, func(f *TrustFile) { f.Timestamps = []Timestamp{{Name: "other.example.org", Root: other.Root}} })
	if rep := verifyBytes(t, raw, stranger, Options{}); reasons(rep) != "untrusted" || rep.Anchored {
		t.Errorf("another authority: %s", show(rep))
	}

	fork := newFakeLog(t, "example.org/log")
	fork.put(t, proof.Entry{Type: "run", Stream: "x", Actor: "system"}, "")
	fork.grow(t, 700)
	forked := fork.checkpoint(t, 400).Raw
	for name, c := range map[string]struct {
		want  string
		trust *Trust
		edit  func(f map[string][]byte)
	}{
		"a stamp of another history":   {"tampered untrusted", l.trust(t, both), func(f map[string][]byte) { f["anchors/400/checkpoint"] = forked }},
		"a stamp of something else":    {"untrusted", l.trust(t, both), func(f map[string][]byte) { f["anchors/400/rcp_1.tsr"] = stamped(t, tsa, at640) }},
		"a damaged stamp":              {"untrusted", l.trust(t, both), func(f map[string][]byte) { f["anchors/400/rcp_1.tsr"] = append(bytes.Clone(token), 0) }},
		"no proof that it goes on":     {"incomplete untrusted", l.trust(t, both), func(f map[string][]byte) { delete(f, KnownDir+"400") }},
		"an answer without a question": {"incomplete untrusted", l.trust(t, both), func(f map[string][]byte) { delete(f, "anchors/400/checkpoint") }},
		"a stranger beside them":       {"tampered", l.trust(t, both), func(f map[string][]byte) { f["anchors/400/notes.txt"] = []byte("x") }},
		"an odd name":                  {"tampered", l.trust(t, both), func(f map[string][]byte) { f["anchors/x"] = []byte("x") }},
		"a signature of nobody":        {"untrusted", l.trust(t, both), func(f map[string][]byte) { f["anchors/640/rcp_2.cosig"] = []byte("— a AAAA\n") }},
	} {
		files := unzip(t, raw)
		c.edit(files)
		rep := verifyBytes(t, rezip(t, l.sealed(t, files)), c.trust, Options{})
		if reasons(rep) != c.want {
			t.Errorf("%s: %q, not %q\n%s", name, reasons(rep), c.want, show(rep))
		}
	}
	if _, err := ParseTrust([]byte(strings.Replace(`{"v":1,"origins":[{"origin":"example.org/log","key":"KEY"}],"timestamp_authorities":[{"name":"x","root":"none"}]}`, "KEY", l.vkey, 1))); faultOf(err) == nil || faultOf(err).Field != "timestamp_authorities[0].root" {
		t.Errorf("%v", err)
	}
}
