package offline

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/proof"
)

// Where things lie in a package. All paths use "/"; all but the manifest and
// its signature are listed in the manifest.
const (
	ManifestFile    = "manifest.json"
	SignatureFile   = "manifest.sig"
	StartFile       = "checkpoints/start" // not there when the window starts with the log
	EndFile         = "checkpoints/end"
	HeadFile        = "checkpoints/head"
	StartEndFile    = "proofs/start-end" // consistency, as a C2SP tlog-witness request
	EndHeadFile     = "proofs/end-head"
	KnownDir        = "proofs/known/"   // SIZE: consistency of a checkpoint that somebody may hold with the head
	AnchorDir       = "anchors/"        // SIZE/checkpoint that somebody outside was handed, with what they answered: SIZE/ID.tsr (RFC 3161), SIZE/ID.cosig (signature lines)
	RecordDir       = "proofs/records/" // INDEX: a tlog-proof against the head, of a record that log/ does not hold
	LogDir          = "log/"            // tlog-tiles of the tree at the end: hash tiles and entry bundles of the window
	BlobDir         = "blobs/"          // SHA256
	PopulationDir   = "populations/"    // NAME.jsonl with its definition; NAME.csv is the same as a table
	DesignDir       = "designs/"        // what controls said, by version
	ScopeDir        = "scope/"          // what was in scope, by version
	RecordsFile     = "records.csv"     // a list of proofs/records/, to be read
	PostureDir      = "posture/"        // summary.json; counts/RUN.jsonl, which the run's record commits to
	SummaryFile     = "posture/summary.json"
	CountsDir       = "posture/counts/"
	CoverageFile    = "coverage/gaps.json"
	RedactionsFile  = "redactions.json"
	PersonalDir     = "personal/" // ENTRY.json: what a record commits to, with its salt
	KeyFile         = "keys/ledger.pub"
	ReadmeFile      = "README.txt"
	IndexFile       = "index.html"
	maxName         = 200
	packageContext  = "attesta-package/v1" // first line of what is signed: never an origin
	packageFormat   = "attesta-package"
	manifestVersion = 1
)

var digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

var segment = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._@+=-]*$`)

// checkName gives what is wrong with a member's name, or "". Names are made of
// plain segments, so that no program anywhere reads them as another place.
func checkName(name string) string {
	if name == "" || len(name) > maxName {
		return "its name is empty or longer than " + strconv.Itoa(maxName) + " bytes"
	}
	if strings.HasPrefix(name, "/") || strings.Contains(name, `\`) || strings.Contains(name, ":") {
		return "its name is an absolute path or has a character that some systems read as one"
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "..":
			return "its name leads out of the package"
		case !segment.MatchString(part), strings.HasSuffix(part, "."):
			return "its name has a part that is no plain file name"
		}
	}
	return ""
}

// logStart is the first entry that log/ holds for a window from start on: the
// beginning of the bundle of the entry before, which shows where the window
// begins.
func logStart(start int64) int64 { return max(start-1, 0) / proof.TileWidth * proof.TileWidth }

// eachLogTile calls f for the hash tiles and bundles that log/ holds: those of
// the tree with size entries from the entry first on, and the tiles that hold
// the hashes to the left of it. Bundles come in order, and each is followed by
// nothing that needs a later one.
func eachLogTile(first, size int64, f func(t proof.Tile) error) error {
	for level := proof.EntriesLevel; level < 8; level++ {
		unit := proof.Tile{Level: level}.Unit()
		hashes := size / unit
		for n := first / unit / proof.TileWidth; n*proof.TileWidth < hashes; n++ {
			if err := f(proof.Tile{Level: level, N: n, Width: int(min(hashes-n*proof.TileWidth, proof.TileWidth))}); err != nil {
				return err
			}
		}
	}
	return nil
}
