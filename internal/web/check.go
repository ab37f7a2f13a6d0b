package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/web/ui"
)

// set gives the standards in force at the moment shown.
func (s *Site) set(ctx context.Context, r *request) (*standard.Set, error) {
	if r.period.past() {
		return s.cfg.Standards.SetAt(ctx, r.period.end())
	}
	return s.cfg.Standards.InForce(ctx, nil)
}

// check answers: what does it look for, and which items do not do it?
func (s *Site) check(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	id := r.PathValue("pack") + "/" + r.PathValue("check")
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	set, err := s.set(ctx, r)
	if err != nil {
		return err
	}
	def, ok := set.Check(id)
	if !ok {
		for _, t := range set.Excluded {
			if t.Check == id && !r.period.past() { // left out: the page that says so
				http.Redirect(w, r.Request, "/checks/"+id+"/tailor", http.StatusSeeOther)
				return nil
			}
		}
		return fault.New(fault.NotFound, "no check %s is in force", id).WithHint("the standards list what is")
	}
	c, err := s.cfg.Posture.Check(ctx, id, at)
	if err != nil {
		return err
	}
	v := ui.CheckView{
		Crumbs: []ui.Link{{Text: "Standards", Href: "/standards"}, {Text: def.Standard.Title, Href: "/standards/" + def.Standard.ID}, {Text: shortCheck(id)}},
		ID:     id, Title: def.Title, Status: ui.Status(c.Status), Draft: c.Draft, Severity: ui.Severity(def.Severity), Tier: def.Tier,
		Coverage: coverage(c.Coverage), Why: sentence(c.Why), Change: sentence(c.Change), Population: def.Population, Where: def.Where,
		Rationale: paragraphs(def.Rationale), Remedy: remedy(def.Remediation), Present: !r.period.past(),
	}
	count := map[string]ui.Counts{}
	for _, a := range c.Attributes {
		count[a.ID] = counts(a.Counts)
	}
	var reads []string
	for _, a := range def.Attributes {
		v.Attributes = append(v.Attributes, ui.AttributeRow{ID: a.ID, Title: a.Title, Expr: a.Expect, Counts: count[a.ID]})
		for _, p := range a.Reads {
			reads = append(reads, factName(p))
		}
	}
	for _, it := range c.Failing {
		row := ui.ItemRow{Item: ui.Link{Text: it.Name, Href: r.period.keep("/hosts/" + it.Item)}, Attribute: it.Attribute, Outcome: ui.Outcome(it.Outcome),
			Reason: sentence(it.Reason), Observed: observedWords(it.Observed), Since: r.words.at(it.Since)}
		if it.Finding != "" {
			row.Finding = ui.Link{Text: it.Finding, Href: "/findings/" + it.Finding}
		}
		v.Items = append(v.Items, row)
	}
	v.ItemsMore = many(len(c.Failing), "judgement", "judgements")
	if c.More > 0 {
		v.ItemsMore = fmt.Sprintf("%d of %s shown", len(c.Failing), ui.Number(int64(len(c.Failing))+c.More))
	}
	var points, controls []ui.Link
	for _, p := range def.Criteria {
		text := p.Criterion
		if p.Number > 0 {
			text += fmt.Sprintf(", point %d", p.Number)
		}
		points = append(points, ui.Link{Text: text, Href: r.period.keep("/criteria/" + p.Criterion)})
	}
	for _, slug := range c.Controls {
		controls = append(controls, ui.Link{Text: slug, Href: r.period.keep("/controls/" + slug)})
	}
	approved := "not approved yet: results are marked draft"
	if def.Standard.Approved {
		approved = "approved " + r.words.day(def.Standard.ApprovedAt)
		if by := s.names(ctx, []string{def.Standard.ApprovedBy})[def.Standard.ApprovedBy]; by != "" {
			approved += " by " + by
		}
	}
	v.Facts = []ui.Fact{
		{Term: "Standard", Links: []ui.Link{{Text: def.Standard.Title + " " + def.Standard.Version, Href: "/standards/" + def.Standard.ID}}},
		{Term: "Approval", Text: approved},
		{Term: "Serves", Links: points},
		{Term: "Controls", Links: controls},
		{Term: "Population", Text: fmt.Sprintf("%s, %s judged", def.Population, ui.Number(c.Coverage.Expected))},
		{Term: "Reads", Text: strings.Join(distinctText(reads), ", "), Mono: true},
		{Term: "Frequency", Text: def.Frequency},
	}
	if len(controls) == 0 {
		v.Facts[3] = ui.Fact{Term: "Controls", Text: "none rests on it yet", Muted: true}
	}
	if !c.LastRun.IsZero() {
		v.Facts = append(v.Facts, ui.Fact{Term: "Last observed", Text: r.words.full(c.LastRun)})
	}
	for _, p := range def.Parameters {
		f := paramField(p, standard.Tailoring{}, nil)
		v.Facts = append(v.Facts, ui.Fact{Term: p.Title, Text: oneLine(p.Value) + " (" + strings.ToLower(f.Hint[:1]) + strings.TrimSuffix(f.Hint[1:], ".") + ")"})
	}
	if def.Tailored != nil {
		v.Facts = append(v.Facts, ui.Fact{Term: "Tailored", Text: def.Tailored.Reason, Links: []ui.Link{{Text: "what differs", Href: "/checks/" + id + "/tailor"}}})
	}
	if !r.period.past() {
		v.Tailor = ui.Link{Text: "How it may be tailored", Href: "/checks/" + id + "/tailor"}
		if access.May(r.who.Role, access.StandardTailor) {
			v.Tailor.Text = "Tailor this check"
		}
		if !def.Opens() {
			v.Quiet = "It is judged and counts, and opens no finding: the tier " + def.Tier + " is not switched on for this standard."
		}
	}
	if v.Fixtures, err = s.fixtures(ctx, def); err != nil {
		return err
	}
	sh := s.shell(w, r, def.Title, "Operate", "Standards")
	sh.Period = r.periodView(true)
	return s.render(w, r, http.StatusOK, ui.Check(sh, v))
}

// fixtures gives the items that show what a check makes of known hosts.
func (s *Site) fixtures(ctx context.Context, def *standard.Check) ([]ui.FixtureRow, error) {
	loaded, err := s.cfg.Standards.Pack(ctx, def.Standard.ID)
	if err != nil {
		return nil, err
	}
	c, ok := loaded.Check(def.ID)
	if !ok {
		return nil, nil
	}
	var rows []ui.FixtureRow
	for _, f := range c.Fixtures {
		row := ui.FixtureRow{Name: f.Name, Differs: differs(nil, f.Own)}
		for _, m := range f.Missing {
			row.Differs = append(row.Differs, factName(m.Path)+": "+ui.Outcome(m.State).Words()+", "+m.Reason)
		}
		same := true
		for _, a := range c.Attributes {
			same = same && f.Expect[a.ID] == f.Expect[c.Attributes[0].ID]
		}
		for i, a := range c.Attributes {
			if same && i > 0 {
				break
			}
			e := ui.FixtureOutcome{Attribute: a.ID, Outcome: ui.Outcome(f.Expect[a.ID])}
			if same {
				e.Attribute = ""
			}
			row.Expect = append(row.Expect, e)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// differs says fact by fact what a fixture changes of the host in good order.
func differs(path []string, v any) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, differs(append(slices.Clone(path), strings.NewReplacer("~", "~0", "/", "~1").Replace(name)), v[name])...)
		}
		return out
	case nil:
		return nil
	case pack.Removed:
		return []string{factName("/"+strings.Join(path, "/")) + " is not there"}
	default:
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(fmt.Sprint(v))
		}
		return []string{factName("/"+strings.Join(path, "/")) + " = " + string(text)}
	}
}

// shortCheck gives "sshd-root-login" of "linux-server/sshd-root-login".
func shortCheck(id string) string {
	_, name, ok := strings.Cut(id, "/")
	if !ok {
		return id
	}
	return name
}

// factName gives "sshd.effective.permitrootlogin" of "/sshd/effective/permitrootlogin".
// A key that is a path or a dotted name is put in brackets.
func factName(pointer string) string {
	var b strings.Builder
	for i, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch {
		case strings.ContainsAny(part, "/. "):
			b.WriteString("[" + part + "]")
		case i == 0:
			b.WriteString(part)
		default:
			b.WriteString("." + part)
		}
	}
	return b.String()
}

func distinctText(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, t := range list {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

// paragraphs splits a text of a pack at its empty lines.
func paragraphs(text string) []string {
	var out []string
	for _, p := range strings.Split(text, "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// remedy reads the remediation of a check, a text for terminals: a line that
// begins "1. " is a step; one that is indented is a command or a line of a
// file, unless it is indented by three, which carries on the line before; what
// follows a colon and two spaces is a command, and three spaces end it; a line
// that begins in lower case is a command unless it ends as a sentence does.
func remedy(text string) []ui.RemedyStep {
	var steps []ui.RemedyStep
	add := func(num string, l ui.RemedyLine) {
		if n := len(steps); n > 0 && num == "" && steps[n-1].Number == "" && !strings.HasPrefix(l.Text, "Check again") {
			steps[n-1].Lines = append(steps[n-1].Lines, l)
			return
		}
		steps = append(steps, ui.RemedyStep{Number: num, Lines: []ui.RemedyLine{l}})
	}
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		trimmed := strings.TrimSpace(line)
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if trimmed == "" {
			continue
		}
		if n := len(steps); indent >= 2 && n > 0 {
			last := &steps[n-1].Lines[len(steps[n-1].Lines)-1]
			switch {
			case indent == 3 && last.Code == "":
				last.Text += " " + trimmed
			case indent == 3:
				last.Note = strings.TrimSpace(last.Note + " " + trimmed)
			case last.Code != "":
				last.Code += "\n" + strings.TrimRight(line[min(indent, 5):], " ")
			default:
				last.Code = trimmed
			}
			continue
		}
		num, rest := "", trimmed
		if digits := strings.TrimLeft(trimmed, "0123456789"); len(digits) < len(trimmed) && strings.HasPrefix(digits, ". ") {
			num, rest = trimmed[:len(trimmed)-len(digits)], digits[2:]
		}
		add(num, remedyLine(rest))
	}
	return steps
}

func remedyLine(line string) ui.RemedyLine {
	text, code, ok := strings.Cut(line, ":  ")
	if ok {
		l := ui.RemedyLine{Text: text + ":"}
		l.Code, l.Note, _ = strings.Cut(strings.TrimSpace(code), "   ")
		l.Note = strings.TrimSpace(l.Note)
		return l
	}
	if line[0] >= 'a' && line[0] <= 'z' && !strings.HasSuffix(line, ".") && !strings.HasSuffix(line, ":") {
		code, note, _ := strings.Cut(line, "   ")
		return ui.RemedyLine{Code: code, Note: strings.TrimSpace(note)}
	}
	return ui.RemedyLine{Text: line}
}

// mostSeen is how many lines of a list a cell shows; the facts of the item hold
// all of it.
const mostSeen = 8

// observedWords says what was read: {"/sshd/effective/permitrootlogin":"yes"}
// as yes, several facts as name: value on lines of their own, a list as its
// elements. A text that is no JSON stays as it is.
func observedWords(raw string) string {
	var value any
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	if raw == "" || d.Decode(&value) != nil {
		return raw
	}
	read, ok := value.(map[string]any)
	if !ok || len(read) == 0 {
		return valueLines(value)
	}
	pointers := slices.Sorted(maps.Keys(read))
	short := map[string]int{}
	for _, p := range pointers {
		if !strings.HasPrefix(p, "/") {
			return valueLines(value)
		}
		short[lastName(p)]++
	}
	parts := make([]string, 0, len(pointers))
	for _, p := range pointers {
		name := lastName(p)
		if short[name] > 1 {
			name = factName(p)
		}
		value := valueLines(read[p])
		if lastName(p) == "mode" {
			if n, err := strconv.ParseUint(value, 10, 32); err == nil {
				value = fmt.Sprintf("%#04o", n) // as people write modes
			}
		}
		if len(pointers) == 1 {
			return value
		}
		if strings.Contains(value, "\n") {
			value = "\n" + value
		} else {
			value = " " + value
		}
		parts = append(parts, name+":"+value)
	}
	return strings.Join(parts, "\n")
}

// valueLines gives a value, a list with a line for each element.
func valueLines(v any) string {
	list, ok := v.([]any)
	if !ok {
		return valueText(v)
	}
	if len(list) == 0 {
		return "none"
	}
	var lines []string
	for i, element := range list {
		if i == mostSeen && len(list) > mostSeen+1 {
			lines = append(lines, fmt.Sprintf("… %d more", len(list)-i))
			break
		}
		lines = append(lines, valueText(element))
	}
	return strings.Join(lines, "\n")
}

// valueText gives a value on one line.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "not known"
	case string:
		if v == "" {
			return `""`
		}
		return v
	case []any:
		if len(v) == 0 {
			return "none"
		}
		parts := make([]string, len(v))
		for i, element := range v {
			parts[i] = valueText(element)
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+" "+valueText(v[key]))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}

func lastName(pointer string) string {
	name := pointer[strings.LastIndex(pointer, "/")+1:]
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}
