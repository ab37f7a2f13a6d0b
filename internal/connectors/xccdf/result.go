package xccdf

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

const (
	xccdf11 = "http://checklists.nist.gov/xccdf/1.1"
	xccdf12 = "http://checklists.nist.gov/xccdf/1.2"
)

func isXCCDF(name xml.Name) bool { return name.Space == xccdf11 || name.Space == xccdf12 }

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && (a.Name.Space == "" || a.Name.Space == e.Name.Space) {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// walk reads the whole document: wherever they stand, benchmarks, rules and
// results are found.
func (r *reader) walk() error {
	root := true
	for {
		t, err := r.next()
		if errors.Is(err, io.EOF) {
			if root || r.depth > 0 {
				return r.bad("is no XML document").(*fault.Error).WithHint("give the XML file that the scanner wrote, not its HTML report")
			}
			return nil
		}
		if err != nil {
			return err
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		if root {
			root = false
			switch {
			case strings.Contains(e.Name.Space, "asset-reporting-format"):
				r.format = "ARF"
			case e.Name.Space == xccdf11:
				r.format = "XCCDF 1.1"
			case e.Name.Space == xccdf12:
				r.format = "XCCDF 1.2"
			case strings.EqualFold(e.Name.Local, "html"):
				return r.bad("is an HTML report").(*fault.Error).WithHint("give the XML that the scanner writes beside it")
			case e.Name.Local == "data-stream-collection":
				r.format = "data stream"
			default:
				return r.bad("begins with <%s>, which is no result of a scan", e.Name.Local).(*fault.Error).WithHint("XCCDF 1.1 or 1.2 and ARF are read")
			}
		}
		if !isXCCDF(e.Name) {
			continue
		}
		switch e.Name.Local {
		case "Benchmark":
			r.bench, r.version = attr(e, "id"), ""
		case "version":
			if r.bench != "" && r.version == "" {
				if r.version, err = r.text(); err != nil {
					return err
				}
			}
		case "Rule":
			if err := r.rule(e); err != nil {
				return err
			}
		case "TestResult":
			if err := r.result(e); err != nil {
				return err
			}
		}
	}
}

// rule keeps the title and severity of a benchmark's rule.
func (r *reader) rule(e xml.StartElement) error {
	id := attr(e, "id")
	if r.rules++; r.rules > maxRules {
		return r.bad("has more than %d rules", maxRules)
	}
	r.levels[id] = attr(e, "severity")
	return r.children(func(c xml.StartElement) (err error) {
		if isXCCDF(c.Name) && c.Name.Local == "title" && r.titles[id] == "" {
			r.titles[id], err = r.text()
		}
		return err
	})
}

// result reads one TestResult.
func (r *reader) result(e xml.StartElement) error {
	x := &Report{File: r.file, Format: r.format, ID: attr(e, "id"), Benchmark: r.bench, Version: attr(e, "version"), Scanner: attr(e, "test-system"), Zoned: true}
	if x.Version == "" {
		x.Version = r.version
	}
	for name, into := range map[string]*time.Time{"start-time": &x.Started, "end-time": &x.Ended} {
		if err := r.moment(attr(e, name), name, into, &x.Zoned); err != nil {
			return err
		}
	}
	err := r.children(func(c xml.StartElement) (err error) {
		if !isXCCDF(c.Name) {
			return nil
		}
		switch c.Name.Local {
		case "benchmark":
			if id := attr(c, "id"); id != "" {
				x.Benchmark = id
			} else if x.Benchmark == "" {
				x.Benchmark = attr(c, "href")
			}
		case "profile":
			x.Profile = attr(c, "idref")
		case "target":
			x.Target, err = r.text()
		case "target-address":
			var a string
			if a, err = r.text(); a != "" {
				x.Addresses = append(x.Addresses, a)
			}
		case "target-facts":
			err = r.facts(x)
		case "rule-result":
			var rule Rule
			if rule, err = r.ruleResult(c); err == nil {
				x.Rules = append(x.Rules, rule)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case x.Target == "":
		return r.bad("result %s does not say on which machine it was made", x.ID)
	case x.Ended.IsZero():
		return r.bad("result %s does not say when it was made: end-time is missing", x.ID)
	case x.Started.After(x.Ended):
		return r.bad("result %s ends at %s, before it starts at %s", x.ID, x.Ended.Format(time.RFC3339), x.Started.Format(time.RFC3339))
	case len(x.Rules) == 0:
		return r.bad("result %s has no rules: nothing was checked", x.ID)
	}
	r.found = append(r.found, x)
	return nil
}

// facts reads target-facts.
func (r *reader) facts(x *Report) error {
	return r.children(func(c xml.StartElement) error {
		if !isXCCDF(c.Name) || c.Name.Local != "fact" {
			return nil
		}
		if len(x.Facts) == maxFacts {
			return r.bad("result %s has more than %d facts of its target", x.ID, maxFacts)
		}
		value, err := r.text()
		x.Facts = append(x.Facts, Fact{Name: attr(c, "name"), Value: value})
		return err
	})
}

func (r *reader) ruleResult(e xml.StartElement) (Rule, error) {
	rule := Rule{ID: attr(e, "idref"), Severity: attr(e, "severity")}
	if rule.ID == "" {
		return rule, r.bad("a rule-result does not name its rule")
	}
	if r.rules++; r.rules > 2*maxRules {
		return rule, r.bad("has more than %d rules", maxRules)
	}
	var before []string
	err := r.children(func(c xml.StartElement) (err error) {
		if !isXCCDF(c.Name) {
			return nil
		}
		var text string
		switch c.Name.Local {
		case "result":
			rule.Said, err = r.text()
		case "override":
			err = r.children(func(o xml.StartElement) (err error) {
				if isXCCDF(o.Name) && o.Name.Local == "old-result" {
					if text, err = r.text(); err == nil {
						before = append(before, text)
					}
				}
				return err
			})
		case "instance":
			rule.Instance, err = r.text()
		case "ident":
			if text, err = r.text(); text != "" {
				rule.Idents = append(rule.Idents, text)
			}
		case "message":
			if text, err = r.text(); text != "" && len(rule.Messages) < 20 {
				rule.Messages = append(rule.Messages, text)
			}
		}
		return err
	})
	if err != nil {
		return rule, err
	}
	return rule, r.settle(&rule, before)
}

// moment reads a time of XML Schema; without a zone UTC is taken, and said.
func (r *reader) moment(text, field string, into *time.Time, zoned *bool) error {
	if text == "" {
		return nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		*into = t
		return nil
	}
	t, err := time.Parse("2006-01-02T15:04:05.999999999", text)
	if err != nil {
		return r.bad("%s is %q, which is no time", field, text).(*fault.Error).WithHint("2026-03-14T09:26:53+00:00")
	}
	*into, *zoned = t, false
	return nil
}
