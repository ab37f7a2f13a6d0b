// Package xccdf reads the results of configuration scanners as users bring
// them: an XCCDF 1.1 or 1.2 TestResult (NIST IR 7275), alone, within its
// Benchmark, or in an asset reporting collection (ARF, NIST IR 7694) as
// `oscap xccdf eval --results-arf` writes it.
//
// Serves C7.1a: what another scanner found is read in the words of this program,
// each with its reason, and can be kept as evidence of whoever ran it.
//
// Invariants:
//   - Nothing becomes better by being read: what was not checked is
//     not_observed, what the scanner could not tell is error.
//   - A rule that was not selected, or that only informs, has no outcome: it is
//     counted apart and never as good.
//   - What a person wrote over a result (override) makes no outcome better: the
//     worst of what the file says of a rule stands, and the reason says so.
//   - The bytes are foreign: bounded in size, depth and rules, no document type,
//     no entity but the five of XML.
//
// Floor: edges. It translates; it stores nothing.
package xccdf

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// Bounds of what is read.
const (
	MaxBytes = 512 << 20 // after unpacking
	maxDepth = 100
	maxRules = 100_000
	maxText  = 64 << 10 // of one element
	maxFacts = 1000
)

// Report is one run of a scanner on one target.
type Report struct {
	File      string         `json:"file"`
	Format    string         `json:"format"` // "XCCDF 1.2", "ARF"
	ID        string         `json:"id"`     // of the TestResult
	Benchmark string         `json:"benchmark"`
	Version   string         `json:"version,omitempty"`
	Profile   string         `json:"profile,omitempty"`
	Scanner   string         `json:"scanner,omitempty"` // as it calls itself: cpe:/a:redhat:openscap:1.3.7
	Target    string         `json:"target"`
	Addresses []string       `json:"addresses,omitempty"`
	Facts     []Fact         `json:"facts,omitempty"` // what identifies the target and the scanner
	Started   time.Time      `json:"started,omitzero"`
	Ended     time.Time      `json:"ended"`
	Zoned     bool           `json:"zoned"` // false: the file names no time zone, and UTC was taken
	Rules     []Rule         `json:"rules"`
	Counts    outcome.Counts `json:"counts"`
	LeftOut   int            `json:"left_out"` // rules without an outcome
}

// Fact is one of target-facts: urn:xccdf:fact:asset:identifier:fqdn.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Rule is what the scanner said of one rule, or of one instance of it.
type Rule struct {
	ID       string          `json:"id"`
	Title    string          `json:"title,omitempty"`
	Severity string          `json:"severity,omitempty"`
	Instance string          `json:"instance,omitempty"` // of what a rule was asked several times
	Said     string          `json:"said"`               // the word that stands in the file
	Outcome  outcome.Outcome `json:"outcome,omitempty"`  // "": none
	Reason   string          `json:"reason,omitempty"`   // empty only for pass
	Idents   []string        `json:"idents,omitempty"`   // CCE-80644-8
	Messages []string        `json:"messages,omitempty"`
}

// translate gives the outcome of a scanner's word. NIST IR 7275 r4, table 26.
func translate(said string) (outcome.Outcome, string, bool) {
	switch said {
	case "pass":
		return outcome.Pass, "", true
	case "fixed":
		return outcome.Pass, "it failed, and the scan itself repaired it", true
	case "fail":
		return outcome.Fail, "the scanner found it otherwise than the rule asks", true
	case "error":
		return outcome.Error, "the scanner met an error", true
	case "unknown":
		return outcome.Error, "the scanner could not tell", true
	case "notapplicable":
		return outcome.NotApplicable, "the rule does not apply to this target, says the scanner", true
	case "notchecked":
		return outcome.NotObserved, "nothing checked it: the rule has no check that a program can make", true
	case "notselected":
		return "", "the profile does not select it", true
	case "informational":
		return "", "it only informs", true
	}
	return "", "", false
}

// goodness orders the words from worst to best.
var goodness = []string{"fail", "error", "unknown", "notchecked", "notselected", "informational", "notapplicable", "fixed", "pass"}

// settle gives a rule its outcome: of the word that stands and those that were
// written over, the worst.
func (r *reader) settle(rule *Rule, before []string) error {
	word := rule.Said
	for _, said := range append([]string{rule.Said}, before...) {
		at := slices.Index(goodness, said)
		if at < 0 {
			return r.bad("rule %s has the result %q, which XCCDF does not know", rule.ID, said)
		}
		if at < slices.Index(goodness, word) {
			word = said
		}
	}
	rule.Outcome, rule.Reason, _ = translate(word)
	if len(rule.Messages) > 0 && rule.Reason != "" {
		rule.Reason += ": " + rule.Messages[0]
	}
	if word != rule.Said {
		rule.Reason += fmt.Sprintf("; the file says %s, because a person wrote it over %s", rule.Said, word)
	}
	return nil
}

// reader walks the document.
type reader struct {
	file    string
	d       *xml.Decoder
	depth   int
	format  string
	titles  map[string]string // of rules
	levels  map[string]string // severities of rules
	bench   string            // id of the newest Benchmark
	version string
	found   []*Report
	rules   int
}

func (r *reader) bad(format string, args ...any) error {
	line, _ := r.d.InputPos()
	return fault.New(fault.Invalid, format, args...).At(r.file, line, "")
}

// Read reads the results in a file, gzip or not. id names one of several; with
// "" there must be one. Kind Invalid names the line and what to do.
func Read(file string, src io.Reader, id string) (*Report, error) {
	in := bufio.NewReader(src)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be read", file)
	}
	var plain io.Reader = in
	switch {
	case len(head) == 0:
		return nil, fault.New(fault.Invalid, "is empty").At(file, 0, "").WithHint("give the file that the scanner wrote: oscap xccdf eval --results FILE, or --results-arf FILE")
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "is not whole gzip").At(file, 0, "").WithHint("bring it again: it was cut on its way")
		}
		defer z.Close()
		plain = z
	case bytes.HasPrefix(head, []byte("PK")):
		return nil, fault.New(fault.Invalid, "is a zip archive").At(file, 0, "").WithHint("unpack it and give the XML file in it")
	}
	limited := &io.LimitedReader{R: plain, N: MaxBytes + 1}
	whole := bufio.NewReader(limited)
	if bom, _ := whole.Peek(2); bytes.Equal(bom, []byte{0xff, 0xfe}) || bytes.Equal(bom, []byte{0xfe, 0xff}) {
		return nil, fault.New(fault.Invalid, "is UTF-16").At(file, 1, "").WithHint("save it as UTF-8, and let its first line say so: iconv -f UTF-16 -t UTF-8")
	}
	r := &reader{file: file, d: xml.NewDecoder(whole), titles: map[string]string{}, levels: map[string]string{}}
	err = r.walk()
	if limited.N <= 0 {
		return nil, fault.New(fault.Invalid, "is larger than %d MB", MaxBytes>>20).At(file, 0, "").WithHint("write the results without the scanner's raw data: leave out --results-arf, or its OVAL part")
	}
	if err != nil {
		return nil, err
	}
	return r.choose(id)
}

func (r *reader) choose(id string) (*Report, error) {
	if len(r.found) == 0 {
		what := "holds no TestResult"
		if r.bench != "" {
			what = "holds a benchmark and no results: it says what to check, not what was found"
		}
		return nil, fault.New(fault.Invalid, "%s", what).At(r.file, 0, "").WithHint("scan first, and give what the scanner writes: oscap xccdf eval --profile … --results FILE")
	}
	list := r.found
	if id != "" {
		list = slices.DeleteFunc(slices.Clone(r.found), func(x *Report) bool { return x.ID != id })
	}
	if len(list) != 1 {
		names := make([]string, len(r.found))
		for i, x := range r.found {
			names[i] = fmt.Sprintf("%s of %s, %s", x.ID, x.Target, x.Ended.Format(time.DateOnly))
		}
		if id != "" && len(list) == 0 {
			return nil, fault.New(fault.NotFound, "there is no result %q", id).At(r.file, 0, "").WithHint("there are: %s", strings.Join(names, "; "))
		}
		return nil, fault.New(fault.Invalid, "holds %d results", len(r.found)).At(r.file, 0, "").WithHint("name one with --result: %s", strings.Join(names, "; "))
	}
	x := list[0]
	for i := range x.Rules {
		rule := &x.Rules[i]
		rule.Title = r.titles[rule.ID]
		if rule.Severity == "" {
			rule.Severity = r.levels[rule.ID]
		}
		if rule.Outcome == "" {
			x.LeftOut++
			continue
		}
		x.Counts = x.Counts.With(rule.Outcome)
	}
	return x, nil
}

// next gives the next token; io.EOF at the end of a whole document.
func (r *reader) next() (xml.Token, error) {
	t, err := r.d.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		line, _ := r.d.InputPos()
		var syntax *xml.SyntaxError
		var corrupt flate.CorruptInputError
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF"):
			return nil, fault.New(fault.Invalid, "ends in the middle").At(r.file, line, "").WithHint("bring it again: it was cut on its way, or the scan was interrupted")
		case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
			return nil, fault.Wrap(fault.Invalid, err, "is not whole gzip").At(r.file, 0, "").WithHint("bring it again: it was damaged on its way")
		case strings.Contains(err.Error(), "encoding"), errors.As(err, &syntax) && strings.Contains(syntax.Msg, "invalid UTF-8"):
			return nil, fault.Wrap(fault.Invalid, err, "is not UTF-8").At(r.file, line, "").WithHint("save it as UTF-8: iconv -f ENCODING -t UTF-8")
		}
		return nil, fault.Wrap(fault.Invalid, err, "is not well-formed XML").At(r.file, line, "").WithHint("give the file as the scanner wrote it")
	}
	switch x := t.(type) {
	case xml.StartElement:
		if r.depth++; r.depth > maxDepth {
			return nil, r.bad("is nested deeper than %d elements", maxDepth)
		}
	case xml.EndElement:
		r.depth--
	case xml.Directive:
		if bytes.HasPrefix(bytes.ToUpper(bytes.TrimSpace(x)), []byte("DOCTYPE")) {
			return nil, r.bad("declares a document type; no scanner writes one").(*fault.Error).WithHint("remove the <!DOCTYPE …> line")
		}
	}
	return t, nil
}

// children calls f for each child element of the one just begun, until its end.
// What f does not read is passed over.
func (r *reader) children(f func(xml.StartElement) error) error {
	level := r.depth
	for {
		t, err := r.next()
		if errors.Is(err, io.EOF) {
			return r.bad("ends in the middle").(*fault.Error).WithHint("bring it again: it was cut on its way")
		}
		if err != nil {
			return err
		}
		switch x := t.(type) {
		case xml.StartElement:
			if err := f(x); err != nil {
				return err
			}
			if err := r.rest(level); err != nil {
				return err
			}
		case xml.EndElement:
			if r.depth < level {
				return nil
			}
		}
	}
}

// rest passes over what is left of a child, down to a level.
func (r *reader) rest(level int) error {
	for r.depth > level {
		if _, err := r.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return r.bad("ends in the middle")
			}
			return err
		}
	}
	return nil
}

// shown drops what would steer a terminal or turn the direction of writing.
func shown(c rune) rune {
	if unicode.In(c, unicode.Cc, unicode.Bidi_Control) && !unicode.IsSpace(c) {
		return -1
	}
	return c
}

// text gives the text of the element just begun, its elements' text too.
func (r *reader) text() (string, error) {
	level := r.depth
	var b strings.Builder
	for {
		t, err := r.next()
		if errors.Is(err, io.EOF) {
			return "", r.bad("ends in the middle")
		}
		if err != nil {
			return "", err
		}
		switch x := t.(type) {
		case xml.CharData:
			if b.Len()+len(x) <= maxText {
				b.Write(x)
			}
		case xml.EndElement:
			if r.depth < level {
				return strings.Join(strings.Fields(strings.Map(shown, b.String())), " "), nil
			}
		}
	}
}
