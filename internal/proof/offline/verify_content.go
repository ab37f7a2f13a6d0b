package offline

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/proof"
)

const (
	redactionType    = "redaction"
	populationStream = "population/"
	maxGapsFile      = 64 << 20
)

// want finds the files that records have to commit to, before any is read.
func (v *verification) want() {
	for _, f := range v.m.Files {
		if strings.HasPrefix(f.Path, BlobDir) || boundFile(f.Path) != "" {
			v.wanted[f.SHA256] = append(v.wanted[f.SHA256], f.Path)
		}
		if id, ok := strings.CutPrefix(f.Path, PersonalDir); ok {
			v.personal[strings.TrimSuffix(id, ".json")] = f.Path
		}
	}
}

// bound says which records have to commit to the files below a directory: only
// a population's record says what a population was, only a control's what it said.
var bound = []struct{ dir, what string }{
	{PopulationDir, "population"}, {CountsDir, "population"}, {DesignDir, "control"}, {ScopeDir, "scope"},
}

// boundFile gives which kind of record has to commit to a file; "" when none.
// A table is made from the file beside it and committed to through that.
func boundFile(path string) string {
	if strings.HasPrefix(path, PopulationDir) && strings.HasSuffix(path, ".csv") {
		return ""
	}
	for _, b := range bound {
		if strings.HasPrefix(path, b.dir) {
			return b.what
		}
	}
	return ""
}

// kindOf gives which kind of bound file a record may commit to; "" for none.
func kindOf(f *proof.Fields) string {
	if bytes.HasPrefix(f.Stream, []byte(populationStream)) {
		return "population" // runs that count one
	}
	family, _, _ := bytes.Cut(f.Type, []byte("."))
	for _, b := range bound {
		if string(family) == b.what {
			return b.what
		}
	}
	return ""
}

// take notes what a verified entry names and commits to.
func (v *verification) take(f *proof.Fields, index int64, raw []byte) {
	if string(f.Type) == redactionType {
		v.erased[string(f.Subject)] = index
	}
	if len(f.Blob) > 0 {
		v.names(f, index, string(f.Blob))
	}
	if kind := kindOf(f); kind != "" {
		eachDigest(raw, func(digest string) {
			for _, path := range v.wanted[digest] {
				if boundFile(path) == kind {
					v.bind(path, f, index)
				}
			}
		})
	}
	if len(f.Commitment) > 0 {
		if path, ok := v.personal[string(f.ID)]; ok {
			v.open(path, f, index)
		} else {
			v.rep.Committed++
		}
	}
}

// names takes the digest of content that a record names.
func (v *verification) names(f *proof.Fields, index int64, digest string) {
	found := false
	for _, path := range v.wanted[digest] {
		if _, there := v.p.members[path]; !there {
			continue
		}
		found = true
		if boundFile(path) != "" {
			continue // see bind
		}
		if !v.named[path] {
			v.named[path] = true
			v.rep.Blobs++
		}
	}
	if !found {
		v.blobs[digest] = append(v.blobs[digest], mention{string(f.ID), index})
	}
}

func (v *verification) bind(path string, f *proof.Fields, index int64) {
	if v.named[path] {
		return
	}
	v.named[path] = true
	at, _ := proof.ParseMicros(f.At)
	v.rep.Named = append(v.rep.Named, Named{File: path, Index: index, Type: printable(string(f.Type)), ID: printable(string(f.ID)), At: fromMicros(at)})
}

// eachDigest calls f for every text in quotes that is a SHA-256 in hex.
func eachDigest(raw []byte, f func(digest string)) {
	for {
		i := bytes.IndexByte(raw, '"')
		if i < 0 {
			return
		}
		raw = raw[i+1:]
		if len(raw) > 64 && raw[64] == '"' && digestPattern.Match(raw[:64]) {
			f(string(raw[:64]))
		}
	}
}

// open holds personal data that the package brings against its commitment.
func (v *verification) open(path string, f *proof.Fields, index int64) {
	raw, ok, err := v.content(path, maxSmall)
	if err != nil || !ok {
		if err != nil {
			v.rep.fail(Tampered, path, index, "%v", err)
		}
		return
	}
	var p struct{ Entry, Payload, Salt string }
	if err := json.Unmarshal(raw, &p); err != nil {
		v.rep.fail(Tampered, path, index, "it cannot be read: %v", err)
		return
	}
	salt, err := hex.DecodeString(p.Salt)
	if err != nil || len(salt) != 32 || p.Entry != string(f.ID) || proof.CommitmentOf([]byte(p.Payload), salt) != string(f.Commitment) {
		v.rep.fail(Tampered, path, index, "it is not what the record commits to")
		return
	}
	v.named[path] = true
	v.rep.Personal++
}

// PersonalFile gives the bytes of a file that opens a commitment.
func PersonalFile(entry string, payload, salt []byte) ([]byte, error) {
	return proof.Canonical(map[string]any{"entry": entry, "payload": string(payload), "salt": hex.EncodeToString(salt)})
}

// Redaction is one line of redactions.json.
type Redaction struct {
	Subject string `json:"subject"` // the record whose content or personal data was erased
	Index   int64  `json:"index"`   // of the redaction in the ledger
}

// RedactionsContent gives the bytes of redactions.json.
func RedactionsContent(all []Redaction) ([]byte, error) {
	list := make([]any, len(all))
	for i, r := range all {
		list[i] = map[string]any{"subject": r.Subject, "index": r.Index}
	}
	return proof.Canonical(map[string]any{"v": 1, "redactions": list})
}

// GapsContent is coverage/gaps.json: when sources were not heard, as the
// organisation's server kept it. Heartbeats are no records of the ledger.
type GapsContent struct {
	V    int         `json:"v"`
	Gaps []SourceGap `json:"gaps"`
}

// SourceGap is a time in which a source, or a section of its facts, was not
// heard.
type SourceGap struct {
	Source  string    `json:"source"`
	Section string    `json:"section,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"`
}

// contents verifies what is not the log: blobs, populations, redactions,
// personal data, and the lists that a person reads.
func (v *verification) contents() error {
	for _, f := range v.m.Files {
		_, there := v.p.members[f.Path]
		switch {
		case !there, v.broken:
		case strings.HasPrefix(f.Path, BlobDir):
			if f.Path != BlobDir+f.SHA256 {
				v.rep.fail(Tampered, f.Path, -1, "its name is not the digest of its content")
			} else if !v.named[f.Path] {
				v.rep.fail(Tampered, f.Path, -1, "no record in the package names this content")
			}
		case boundFile(f.Path) != "" && !v.named[f.Path]:
			v.rep.fail(Tampered, f.Path, -1, "no record of a %s in the package commits to this content", boundFile(f.Path))
		case strings.HasPrefix(f.Path, PersonalDir) && !v.named[f.Path]:
			v.rep.fail(Tampered, f.Path, -1, "it opens no commitment of a record in the package")
		}
	}
	if v.broken {
		return nil
	}
	for _, digest := range slices.Sorted(maps.Keys(v.blobs)) {
		named := v.blobs[digest]
		if slices.ContainsFunc(named, func(m mention) bool { _, gone := v.erased[m.id]; return gone }) {
			v.rep.Erased++
			continue
		}
		v.rep.fail(Incomplete, BlobDir+digest, named[0].index, "the record names this content; it is not in the package, and no redaction says why")
	}
	for _, step := range []func() error{v.redactions, v.tables} {
		if err := step(); err != nil {
			return err
		}
	}
	return v.gaps()
}

// redactions holds the list of redactions against the records.
func (v *verification) redactions() error {
	raw, ok, err := v.content(RedactionsFile, maxSmall)
	if err != nil {
		return err
	}
	if !ok {
		if !v.seen[RedactionsFile] {
			v.rep.fail(Incomplete, RedactionsFile, -1, "the list of redactions is missing")
		}
		return nil
	}
	var list struct {
		V          int         `json:"v"`
		Redactions []Redaction `json:"redactions"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		v.rep.fail(Tampered, RedactionsFile, -1, "it cannot be read: %v", err)
		return nil
	}
	listed := map[string]bool{}
	for _, r := range list.Redactions {
		listed[r.Subject] = true
		if index, ok := v.erased[r.Subject]; !ok || index != r.Index {
			v.rep.fail(Tampered, RedactionsFile, r.Index, "it lists a redaction of %s that no record in the package shows", printable(r.Subject))
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(v.erased)) {
		if !listed[subject] {
			v.rep.fail(Tampered, RedactionsFile, v.erased[subject], "the redaction of %s is not listed", printable(subject))
		}
	}
	return nil
}

// gaps adds what the organisation lists itself.
func (v *verification) gaps() error {
	raw, ok, err := v.content(CoverageFile, maxGapsFile)
	if err != nil || !ok {
		return err
	}
	var list GapsContent
	if err := json.Unmarshal(raw, &list); err != nil {
		v.rep.fail(Tampered, CoverageFile, -1, "it cannot be read: %v", err)
		return nil
	}
	for _, g := range list.Gaps {
		what := g.Source
		if g.Section != "" {
			what += " " + g.Section
		}
		if g.Reason != "" {
			what += fmt.Sprintf(" (%s)", g.Reason)
		}
		v.rep.gap(Gap{What: printable(what), From: g.From, To: g.To, Said: true})
	}
	return nil
}
