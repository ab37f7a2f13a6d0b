package offline

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/attesta/attesta/internal/proof"
)

// Manifest lists what a package holds and says what it is about. It is signed;
// what it says is still only what the organisation says.
type Manifest struct {
	Format    string `json:"format"`
	V         int64  `json:"v"`
	Origin    string `json:"origin"` // of the ledger
	Generator struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"generator"`
	Subject Subject `json:"subject"`
	Window  Window  `json:"window"`
	Scope   struct {
		Version int64  `json:"version"`
		Digest  string `json:"digest"`
		Entry   string `json:"entry"`
	} `json:"scope"`
	Start TreeHead `json:"start"`
	End   TreeHead `json:"end"`
	Head  TreeHead `json:"head"` // when the package was made
	Log   bool     `json:"log"`  // log/ holds every entry from start to end; else only chosen records are in proofs/records/
	Files []File   `json:"files"`
}

// Subject is what a package is about.
type Subject struct {
	Kind  string `json:"kind"` // "engagement", "window" or "control"
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Window is [From, To).
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Zone string    `json:"zone"`
}

// TreeHead is a size of the log with its root.
type TreeHead struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // base64
}

// File is one member of a package.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

// Encode gives the manifest's canonical bytes.
func (m *Manifest) Encode() ([]byte, error) {
	head := func(h TreeHead) map[string]any { return map[string]any{"size": h.Size, "root": h.Root} }
	files := make([]any, len(m.Files))
	for i, f := range m.Files {
		files[i] = map[string]any{"path": f.Path, "size": f.Size, "sha256": f.SHA256}
	}
	return proof.Canonical(map[string]any{
		"format": packageFormat, "v": int64(manifestVersion), "origin": m.Origin,
		"generator": map[string]any{"name": m.Generator.Name, "version": m.Generator.Version},
		"subject":   map[string]any{"kind": m.Subject.Kind, "id": m.Subject.ID, "title": m.Subject.Title},
		"window":    map[string]any{"from": m.Window.From, "to": m.Window.To, "zone": m.Window.Zone},
		"scope":     map[string]any{"version": m.Scope.Version, "digest": m.Scope.Digest, "entry": m.Scope.Entry},
		"start":     head(m.Start), "end": head(m.End), "head": head(m.Head), "log": m.Log, "files": files,
	})
}

// parseManifest reads canonical bytes.
func parseManifest(raw []byte) (*Manifest, error) {
	if err := proof.IsCanonical(raw); err != nil {
		return nil, malformed(ManifestFile, "%v", err)
	}
	var m Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, malformed(ManifestFile, "it is no manifest of a package: %v", err)
	}
	switch {
	case m.Format != packageFormat:
		return nil, malformed(ManifestFile, "it is no manifest of a package: its format is %q", printable(m.Format))
	case m.V != manifestVersion:
		return nil, malformed(ManifestFile, "it has version %d, this program reads version %d: take a newer verifier", m.V, manifestVersion)
	case m.Start.Size < 0 || m.Start.Size > m.End.Size || m.End.Size > m.Head.Size || m.End.Size < 1:
		return nil, malformed(ManifestFile, "the sizes of its checkpoints (%d, %d, %d) do not follow one another", m.Start.Size, m.End.Size, m.Head.Size)
	case !m.Window.From.Before(m.Window.To):
		return nil, malformed(ManifestFile, "its window ends before it begins")
	}
	for i, f := range m.Files {
		if checkName(f.Path) != "" || f.Path == ManifestFile || f.Path == SignatureFile || f.Size < 0 || !digestPattern.MatchString(f.SHA256) {
			return nil, malformed(ManifestFile, "file %d (%s) cannot be", i, printable(f.Path))
		}
		if i > 0 && m.Files[i-1].Path >= f.Path {
			return nil, malformed(ManifestFile, "its files are not in order at %s", f.Path)
		}
	}
	return &m, nil
}

// manifestText is what the ledger's key signs for a package. Its first line is
// no origin and its second no number: it can never be read as a checkpoint.
func manifestText(origin string, digest [32]byte) string {
	return fmt.Sprintf("%s\n%s sha256:%s\n%s\n", packageContext, origin, hex.EncodeToString(digest[:]), base64.StdEncoding.EncodeToString(digest[:]))
}

// SignManifest signs a manifest of that SHA-256 with the ledger's key.
func SignManifest(digest [32]byte, signer note.Signer) ([]byte, error) {
	raw, err := note.Sign(&note.Note{Text: manifestText(signer.Name(), digest)}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the manifest: %w", err)
	}
	return raw, nil
}

// checkManifestSignature gives whether the signature is of these bytes by that
// key. unknown says that it is not by the key at all.
func checkManifestSignature(raw []byte, digest [32]byte, verifier note.Verifier) (unknown bool, err error) {
	n, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		_, unknown = err.(*note.UnverifiedNoteError)
		return unknown, err
	}
	switch {
	case n.Text != manifestText(verifier.Name(), digest):
		return false, fmt.Errorf("the signature is of another manifest")
	case len(n.UnverifiedSigs) > 0 || len(n.Sigs) != 1:
		return false, fmt.Errorf("there are further signatures, which are nobody's that is known")
	}
	return false, nil
}

// signerOf gives the names that a note claims to be signed by, to be shown.
func signerOf(raw []byte) string {
	var names []string
	for line := range strings.SplitSeq(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(line, "— "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, printable(name))
		}
	}
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	return strings.Join(names, ", ")
}
