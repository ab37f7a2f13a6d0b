package outcome

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/judge"
)

// Outcome is what a judgement says about one item.
type Outcome = judge.Outcome

// The six outcomes, and Gone: not judged any more (the item left the
// population, or the check is no longer in force). Gone is never counted or listed.
const (
	Pass          = judge.Pass
	Fail          = judge.Fail
	Error         = judge.Error
	NotObserved   = judge.NotObserved
	NotApplicable = judge.NotApplicable
	Waived        = judge.Waived

	Gone Outcome = "gone"
)

// Counts are items by outcome.
type Counts struct {
	Pass          int64 `json:"pass"`
	Fail          int64 `json:"fail"`
	Error         int64 `json:"error"`
	NotObserved   int64 `json:"not_observed"`
	NotApplicable int64 `json:"not_applicable"`
	Waived        int64 `json:"waived"`
}

// add counts n items of outcome o; Gone counts nowhere.
func (c *Counts) add(o Outcome, n int64) {
	switch o {
	case Pass:
		c.Pass += n
	case Fail:
		c.Fail += n
	case Error:
		c.Error += n
	case NotObserved:
		c.NotObserved += n
	case NotApplicable:
		c.NotApplicable += n
	case Waived:
		c.Waived += n
	}
}

// Plus adds two counts.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Pass + d.Pass, c.Fail + d.Fail, c.Error + d.Error,
		c.NotObserved + d.NotObserved, c.NotApplicable + d.NotApplicable, c.Waived + d.Waived}
}

// With adds one item of an outcome.
func (c Counts) With(o Outcome) Counts {
	c.add(o, 1)
	return c
}

// minus takes d away from c.
func (c Counts) minus(d Counts) Counts {
	return Counts{c.Pass - d.Pass, c.Fail - d.Fail, c.Error - d.Error,
		c.NotObserved - d.NotObserved, c.NotApplicable - d.NotApplicable, c.Waived - d.Waived}
}

// Total is the number of items, whatever their outcome.
func (c Counts) Total() int64 {
	return c.Pass + c.Fail + c.Error + c.NotObserved + c.NotApplicable + c.Waived
}

// one gives the counts of a single item.
func one(o Outcome) Counts {
	var c Counts
	c.add(o, 1)
	return c
}

// verdict is what an outcome says, the same for every item that shares it.
type verdict struct {
	Outcome                    Outcome
	Reason, Observed, Expected string
	key                        [16]byte
}

func newVerdict(o Outcome, reason, observed, expected string) verdict {
	v := verdict{Outcome: o, Reason: reason, Observed: observed, Expected: expected}
	sum := sha256.Sum256(canonical(string(o), reason, observed, expected))
	copy(v.key[:], sum[:])
	return v
}

// canonical gives texts as one unambiguous line.
func canonical(fields ...any) []byte {
	b, err := json.Marshal(fields)
	if err != nil { // cannot be: texts and integers only
		panic("outcome: " + err.Error())
	}
	return b
}

// changed is one row to be written, in the words of the digest.
type changed struct {
	check, attribute, item string
	validFrom              int64
	verdict                verdict
}

// outcomesDigest is the SHA-256, in hex, over the changed outcomes of a run:
// each a JSON array [check, attribute, item, valid from in µs, outcome, reason,
// observed, expected], sorted, each ended by a line feed. A run without any
// has the digest of nothing.
func outcomesDigest(rows []changed) string {
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = string(canonical(r.check, r.attribute, r.item, r.validFrom, string(r.verdict.Outcome),
			r.verdict.Reason, r.verdict.Observed, r.verdict.Expected))
	}
	return hexDigest(sorted(lines))
}

// idsDigest is the SHA-256, in hex, over ids sorted and each ended by a line feed.
func idsDigest(ids []string) string { return hexDigest(sorted(slices.Clone(ids))) }

// sorted joins lines in order, each ended by a line feed; lines are sorted.
func sorted(lines []string) []byte {
	slices.Sort(lines)
	return []byte(strings.Join(append(lines, ""), "\n"))
}

func hexDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
