package engagement

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/evidence"
)

// OfEvidence gives a version of an item of evidence as what can be attached. Its
// subject names the version, "E-12/2": a later one does not take its place.
func OfEvidence(v evidence.Version) Exhibit {
	title := []rune(v.Ref() + " " + v.Title)
	if len(title) > 200 {
		title = append(title[:199], '…')
	}
	return Exhibit{Kind: "evidence", Subject: fmt.Sprintf("%s/%d", v.Ref(), v.Version), Title: string(title)}
}

// ParseEvidence reads "E-12/2", or "E-12" for the newest version (0).
func ParseEvidence(text string) (number, version int, err error) {
	ref, part, hasVersion := strings.Cut(text, "/")
	if number, err = evidence.ParseRef(ref); err != nil {
		return 0, 0, err
	}
	if hasVersion {
		if version, err = strconv.Atoi(part); err != nil || version < 1 {
			return 0, 0, bad("exhibit", "%q names no version of evidence", text).WithHint("write E-12, or E-12/2 for its second version")
		}
	}
	return number, version, nil
}

// EvidenceOf chooses a version (0: the newest) of an item. Only what a reviewer
// accepted can answer an auditor.
func EvidenceOf(all []evidence.Version, version int) (Exhibit, error) {
	if len(all) == 0 {
		return Exhibit{}, fault.New(fault.NotFound, "there is no such evidence")
	}
	if version == 0 {
		version = all[len(all)-1].Version
	}
	for _, v := range all {
		if v.Version != version {
			continue
		}
		if v.Standing() != evidence.Accepted {
			return Exhibit{}, bad("exhibit", "%s version %d: %s", v.Ref(), v.Version, v.Standing().Words()).WithHint("evidence can be attached once another person accepted it")
		}
		if v.Redacted != "" {
			return Exhibit{}, bad("exhibit", "what %s version %d says was erased", v.Ref(), v.Version)
		}
		return OfEvidence(v), nil
	}
	return Exhibit{}, fault.New(fault.NotFound, "%s has no version %d", all[0].Ref(), version)
}

// ParseNumber reads the number of an engagement.
func ParseNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, bad("number", "%q is no number of an engagement", text).WithHint("'attesta engagements list' lists them")
	}
	return n, nil
}
