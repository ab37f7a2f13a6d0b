package sca

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/pack"

	"go.yaml.in/yaml/v3"
)

// The files of the pack, as its loader reads them.
type manifest struct {
	Kind     string         `yaml:"kind"`
	ID       string         `yaml:"id"`
	Version  string         `yaml:"version"`
	Title    string         `yaml:"title"`
	Summary  string         `yaml:"summary"`
	Licence  string         `yaml:"licence"`
	Locale   string         `yaml:"locale"`
	Requires map[string]int `yaml:"requires"`
}

type checkFile struct {
	Checks []check `yaml:"checks"`
}

type check struct {
	ID          string      `yaml:"id"`
	Title       string      `yaml:"title"`
	Where       string      `yaml:"where,omitempty"`
	Tier        string      `yaml:"tier"`
	Severity    string      `yaml:"severity"`
	Frequency   string      `yaml:"frequency"`
	Criteria    []string    `yaml:"criteria"`
	Rationale   string      `yaml:"rationale"`
	Remediation string      `yaml:"remediation"`
	Attributes  []attribute `yaml:"attributes"`
	Fixtures    []fixture   `yaml:"fixtures"`
}

type attribute struct {
	ID       string `yaml:"id"`
	Title    string `yaml:"title"`
	Expect   string `yaml:"expect"`
	Expected string `yaml:"expected"`
}

type fixture struct {
	Name    string         `yaml:"name"`
	Expect  string         `yaml:"expect"`
	Facts   map[string]any `yaml:"facts,omitempty"`
	Missing []lacking      `yaml:"missing,omitempty"`
}

type lacking struct {
	Path   string `yaml:"path"`
	State  string `yaml:"state"`
	Reason string `yaml:"reason"`
}

type untranslated struct {
	ID     string   `yaml:"id"`
	Title  string   `yaml:"title"`
	Rules  []string `yaml:"rules"`
	Reason string   `yaml:"reason"`
}

// converted is a check that may be judged, with where it came from.
type converted struct {
	check
	from  Check
	notes []Remark
}

// translate makes the pack.
func translate(p *Policy) (Result, error) {
	rep := Report{Policy: p.ID, File: p.File, Checks: len(p.Checks), Notes: []Remark{}, Unmapped: []Remark{}}
	host := releases[0]
	rep.Where, rep.Requirements, host = p.where(host)
	var done []converted
	var left []untranslated
	partly := map[string]bool{}
	for _, c := range p.Checks {
		rep.Rules += len(c.Rules)
		got, reasons, mapped := p.convert(c, rep.Where)
		rep.RulesMapped += mapped
		if len(reasons) == 0 {
			done = append(done, got)
			continue
		}
		rep.Unmapped = append(rep.Unmapped, reasons...)
		partly[c.ID] = mapped > 0
		left = append(left, p.left(c, reasons))
	}
	files, done, refused, err := p.settle(done, left, host)
	if err != nil {
		return Result{}, err
	}
	for _, r := range refused {
		partly[r.Check] = true // its rules have counterparts, the whole has none
		rep.Unmapped = append(rep.Unmapped, r)
	}
	for _, d := range done {
		rep.Notes = append(rep.Notes, d.notes...)
	}
	rep.Mapped = len(done)
	for _, some := range partly {
		if some {
			rep.Partly++
		} else {
			rep.Not++
		}
	}
	slices.SortStableFunc(rep.Unmapped, func(a, b Remark) int { return a.Line - b.Line })
	if rep.Mapped == 0 {
		return Result{Report: rep}, nil
	}
	files["README.md"] = []byte(rep.Readme(p.Name))
	return Result{Files: files, Report: rep}, nil
}

func (p *Policy) left(c Check, reasons []Remark) untranslated {
	u := untranslated{ID: c.ID, Title: oneLine(c.Title, 400)}
	for _, r := range c.Rules {
		u.Rules = append(u.Rules, r.Raw)
	}
	var why []string
	for _, r := range reasons {
		why = append(why, fmt.Sprintf("%s line %d: %s", filepath.Base(p.File), r.Line, r.Text))
	}
	u.Reason = strings.Join(why, "; ")
	return u
}

// convert translates one check; reasons say what keeps it from being judged.
func (p *Policy) convert(c Check, where string) (got converted, reasons []Remark, mapped int) {
	var terms []term
	for _, r := range c.Rules {
		strict := r.Not == (c.Condition == "none")
		t, why := counterpart(r, p.PCRE2, strict)
		if why != "" {
			reasons = append(reasons, Remark{c.ID, r.Line, r.Raw, why})
			continue
		}
		mapped++
		terms = append(terms, t)
		if t.note != "" {
			got.notes = append(got.notes, Remark{c.ID, r.Line, r.Raw, t.note})
		}
	}
	if len(reasons) > 0 {
		return got, reasons, mapped
	}
	got.from = c
	fail := func(why string) (converted, []Remark, int) {
		return got, []Remark{{c.ID, c.Line, c.Condition, why}}, mapped
	}
	pass, ok := example(c, terms, true)
	if !ok {
		return fail("no host was found on which its rules hold, so no fixture can show it")
	}
	bad, ok := example(c, terms, false)
	if !ok {
		return fail("no host was found on which its rules do not hold, so no fixture can show it")
	}
	unread := fixture{Name: "what it reads cannot be read", Expect: "error"}
	seen := map[string]bool{}
	for _, t := range terms {
		for _, path := range t.missing {
			if at := facts.JoinPointer(path...); !seen[at] {
				seen[at] = true
				unread.Missing = append(unread.Missing, lacking{at, string(facts.Error), "cannot be read"})
			}
		}
	}
	got.check = check{
		ID: "sca-" + c.ID, Title: oneLine(c.Title, 120), Where: where, Tier: pack.Thorough, Severity: pack.Medium, Frequency: "daily", Criteria: []string{"CC7.1/1"},
		Rationale: prose(c.Rationale, c.Description, "The imported policy gives no reason."), Remediation: prose(c.Remediation, "The imported policy says nothing on what to do; its rules say what is asked."),
		Attributes: []attribute{{ID: "rules", Title: "What the rules of the policy ask", Expect: expression(c, terms), Expected: expected(c)}},
		Fixtures: []fixture{{Name: "the rules hold of the text that these facts stand for", Expect: "pass", Facts: pass},
			{Name: "the rules do not hold of the text that these facts stand for", Expect: "fail", Facts: bad}, unread},
	}
	return got, nil, mapped
}

func expression(c Check, terms []term) string {
	var parts []string
	for i, t := range terms {
		s := "(" + t.cel + ")"
		if c.Rules[i].Not != (c.Condition == "none") {
			s = "!" + s
		}
		parts = append(parts, s)
	}
	if c.Condition == "any" {
		return strings.Join(parts, " || ")
	}
	return strings.Join(parts, " && ")
}

func expected(c Check) string {
	words := map[string]string{"all": "every rule holds", "any": "one rule holds", "none": "no rule holds"}
	var rules []string
	for _, r := range c.Rules {
		rules = append(rules, r.Raw)
	}
	return plainBraces(words[c.Condition] + ": " + strings.Join(rules, "; "))
}

// example finds facts of which the rules, asked of the text that the facts
// stand for, hold or do not.
func example(c Check, terms []term, want bool) (map[string]any, bool) {
	budget := 20_000
	held := map[string]string{}
	var chosen []given
	conjunction := c.Condition != "any"
	var walk func(i int, all, some bool) bool
	walk = func(i int, all, some bool) bool {
		if budget--; budget < 0 {
			return false
		}
		if i == len(terms) {
			return (conjunction && all == want) || (!conjunction && some == want)
		}
		negated := c.Rules[i].Not != (c.Condition == "none")
		for pass := range 2 {
			for _, in := range terms[i].cases {
				truth := in.truth != negated
				if (truth == want) != (pass == 0) || (pass == 1 && conjunction == want) {
					continue // what is wanted first; the other only where it may be
				}
				added, ok := claim(held, in.facts)
				if ok {
					before := len(chosen)
					chosen = append(chosen, in.facts...)
					if walk(i+1, all && truth, some || truth) {
						return true
					}
					chosen = chosen[:before]
				}
				for _, place := range added {
					delete(held, place)
				}
			}
		}
		return false
	}
	if !walk(0, true, false) {
		return nil, false
	}
	sections := map[string]any{}
	slices.SortStableFunc(chosen, func(a, b given) int { return int(weight(a.how)) - int(weight(b.how)) })
	for _, g := range chosen {
		put(sections, g)
	}
	return sections, true
}

// weight puts what empties before what fills.
func weight(how byte) byte {
	if how == '-' || how == '0' {
		return 0
	}
	return 1
}

// claim notes facts; two terms may not give one fact in two ways. Of files
// they may give different fields.
func claim(held map[string]string, list []given) (added []string, ok bool) {
	for _, g := range list {
		fields := map[string]any{"\x02": string(g.how)} // that it is there, or not
		if more, isMap := g.item.(map[string]any); isMap && g.how == '=' {
			maps.Copy(fields, more)
		} else {
			fields[""] = g.item
		}
		for name, value := range fields {
			place, content := g.place()+"\x03"+name, fmt.Sprint(value)
			if old, taken := held[place]; taken {
				if old != content {
					return added, false
				}
				continue
			}
			held[place] = content
			added = append(added, place)
		}
	}
	return added, true
}

var slugless = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a pack's id of a policy's.
func slug(id string) string {
	s := strings.Trim(slugless.ReplaceAllString(strings.ToLower(id), "-"), "-")
	if s == "" || s[0] < 'a' {
		s = "sca-" + s
	}
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Trim(s, "-")
}

func oneLine(s string, limit int) string {
	s = plainBraces(strings.Join(strings.Fields(s), " "))
	for len(s) > limit {
		r := []rune(s)
		cut := min(len(r)-1, limit-4)
		for cut > 0 && len(string(r[:cut])) > limit-4 {
			cut--
		}
		s = string(r[:cut]) + "…"
	}
	return s
}

// plainBraces keeps {{ from being read as the place of a parameter.
func plainBraces(s string) string {
	for strings.Contains(s, "{{") {
		s = strings.ReplaceAll(s, "{{", "{ {")
	}
	return s
}

func prose(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return plainBraces(t)
		}
	}
	return ""
}

var checkPath = regexp.MustCompile(`^checks\[(\d+)\]`)

// settle writes the pack's files, has them linted, and takes out what the lint
// refuses until nothing is left to refuse.
func (p *Policy) settle(done []converted, left []untranslated, host release) (map[string][]byte, []converted, []Remark, error) {
	var refused []Remark
	for {
		files, err := p.files(done, left, host)
		if err != nil || len(done) == 0 {
			return files, done, refused, err
		}
		mistakes, err := lint(files)
		if err != nil {
			return nil, nil, nil, err
		}
		if len(mistakes) == 0 {
			return files, done, refused, nil
		}
		out := map[int]string{}
		for _, m := range mistakes {
			at := checkPath.FindStringSubmatch(m.Field)
			if at == nil || m.File != "checks.yaml" {
				return nil, nil, nil, fault.Wrap(fault.Internal, m, "the imported pack cannot be used")
			}
			i, err := strconv.Atoi(at[1])
			if err != nil || i >= len(done) {
				return nil, nil, nil, fault.Wrap(fault.Internal, m, "the imported pack cannot be used")
			}
			if out[i] == "" {
				out[i] = "its translation is not accepted: " + m.Message
			}
		}
		var kept []converted
		for i, d := range done {
			if out[i] == "" {
				kept = append(kept, d)
				continue
			}
			r := Remark{d.from.ID, d.from.Line, d.from.Condition, out[i]}
			refused = append(refused, r)
			left = append(left, p.left(d.from, []Remark{r}))
		}
		done = kept
	}
}

// lint loads the pack as `attesta checks lint` does.
func lint(files map[string][]byte) ([]*fault.Error, error) {
	dir, err := os.MkdirTemp("", "attesta-sca-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the pack: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := Write(dir, files); err != nil {
		return nil, err
	}
	_, err = pack.Load(os.DirFS(dir))
	if mistakes := pack.Mistakes(err); mistakes != nil {
		return mistakes, nil
	}
	return nil, err
}

// Write writes the pack's files into a directory.
func Write(dir string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make the directory of %s: %w", name, err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

func (p *Policy) files(done []converted, left []untranslated, host release) (map[string][]byte, error) {
	list := checkFile{}
	for _, d := range done {
		list.Checks = append(list.Checks, d.check)
	}
	summary := prose(p.Description, p.Name, p.ID)
	documents := map[string]any{
		"pack.yaml": manifest{Kind: "standard", ID: slug(p.ID), Version: "1.0.0", Title: oneLine(prose(p.Name, p.ID), 120), Summary: summary,
			Licence: "LicenseRef-as-the-imported-policy", Locale: "en", Requires: map[string]int{"registry": facts.Registry().Version}},
		"checks.yaml": list,
		"fixtures/hosts.yaml": map[string]any{"population": "hosts", "facts": map[string]any{
			"os":       map[string]any{"id": host.id, "version": host.version, "name": host.name},
			"packages": map[string]any{"by_name": map[string]any{}},
			"sshd":     map[string]any{"matches": []any{}},
		}},
	}
	if len(left) > 0 {
		documents["untranslated.yaml"] = map[string]any{"untranslated": left}
	}
	files := map[string][]byte{}
	for name, doc := range documents {
		var b bytes.Buffer
		enc := yaml.NewEncoder(&b)
		enc.SetIndent(2)
		if err := enc.Encode(doc); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		files[name] = b.Bytes()
	}
	return files, nil
}
