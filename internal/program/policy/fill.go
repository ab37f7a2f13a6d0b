package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/pack"
)

// FillIn is a place in a text that each organisation fills for itself.
type FillIn struct {
	Name      string `json:"name"`
	Type      string `json:"type"`    // text or number
	Default   string `json:"default"` // as it would be written
	Number    int64  `json:"-"`       // the default of a number
	Minimum   int64  `json:"minimum,omitempty"`
	Maximum   int64  `json:"maximum,omitempty"`
	Help      string `json:"help"`
	Parameter string `json:"parameter,omitempty"` // pack/check.parameter by which the same number is judged
}

var (
	open       = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)
	identifier = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

// fillIns reads a list of fill-ins. taken are those that may not be declared again.
func (b *Book) fillIns(v *pack.Value, template string, taken []FillIn) []FillIn {
	var out []FillIn
	for _, item := range v.List() {
		o := item.Object()
		if o == nil {
			continue
		}
		f := FillIn{Name: o.NeedText("name", "lower-case words joined by _"), Help: o.NeedText("help", "what belongs there")}
		f.Type = o.Need("type", "text or number").OneOf("text", "number")
		name, def := o.Field("name"), o.Need("default", "what stands there unless the organisation chooses")
		switch {
		case f.Name == "":
		case !identifier.MatchString(f.Name):
			name.Fault("%q cannot be the name of a fill-in", f.Name).WithHint("use lower-case words joined by _")
		case slices.ContainsFunc(slices.Concat(taken, out), func(x FillIn) bool { return x.Name == f.Name }):
			name.Fault("%q is declared already", f.Name).WithHint("keep one declaration")
		}
		switch f.Type {
		case "text":
			f.Default = def.Text()
		case "number":
			f.Number = def.Int()
			f.Default = strconv.FormatInt(f.Number, 10)
			f.Minimum, f.Maximum = o.Need("minimum", "the least number").Int(), o.Need("maximum", "the largest number").Int()
		}
		if p := o.Field("parameter"); p.Present() {
			f.Parameter = p.Text()
			b.link("parameter", f.Parameter, template, f, p)
		}
		if def.Present() && f.Type != "" {
			if _, err := f.Accept(f.Default); err != nil {
				def.Fault("%v", err).WithHint("give a default that may be used as it is")
			}
		}
		o.Done()
		out = append(out, f)
	}
	return out
}

// used gives the fill-ins that the texts use and reports those that nobody
// declared and own ones that nothing uses.
func used(o *pack.Object, t Template, common, own []FillIn) []FillIn {
	asked := map[string]bool{"owner_role": true, "review_months": true} // the closing lines use them
	for _, text := range t.Texts() {
		for _, m := range open.FindAllStringSubmatch(text, -1) {
			asked[m[1]] = true
		}
	}
	var out []FillIn
	for _, f := range slices.Concat(common, own) {
		if asked[f.Name] {
			if f.Name == "owner_role" {
				f.Default = t.Owner
			}
			out = append(out, f)
		} else if slices.Contains(own, f) {
			o.At("fill_ins").Fault("declares %q, which no text uses", f.Name).WithHint("use it in a statement or remove it")
		}
		delete(asked, f.Name)
	}
	var missing []string
	for name := range asked {
		if name == "owner_role" || name == "review_months" {
			continue // a pack without common fill-ins leaves the closing lines out
		}
		missing = append(missing, name)
	}
	slices.Sort(missing)
	for _, name := range missing {
		o.At("id").Fault("a text uses {{%s}}, which is not declared", name).WithHint("declare it under fill_ins with type, default and help")
	}
	return out
}

// Accept gives a value as it is written into the text, or says why it cannot be.
func (f FillIn) Accept(value string) (string, error) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return "", fault.New(fault.Invalid, "%s is empty", f.Name).At("", 0, f.Name).WithHint("%s", f.Help)
	case f.Type == "number":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "", fault.New(fault.Invalid, "%s is no whole number: %.40q", f.Name, value).At("", 0, f.Name).WithHint("write digits only")
		}
		if n < f.Minimum || n > f.Maximum {
			return "", fault.New(fault.Invalid, "%s is %d; it lies between %d and %d", f.Name, n, f.Minimum, f.Maximum).At("", 0, f.Name).WithHint("%s", f.Help)
		}
		return strconv.FormatInt(n, 10), nil
	case len(value) > 120:
		return "", fault.New(fault.Invalid, "%s has %d bytes; at most 120 fit", f.Name, len(value)).At("", 0, f.Name).WithHint("shorten it")
	case strings.ContainsAny(value, "<>{}\n\r\t`[]*\\"):
		return "", fault.New(fault.Invalid, "%s holds a character that would change the text around it", f.Name).At("", 0, f.Name).
			WithHint("leave out line breaks and < > { } [ ] * \\ and `")
	}
	return value, nil
}

// Fill writes the policy as Markdown. values are by name of the fill-in; what is
// absent takes its default. Every mistake is given at once, each a fault with
// the fill-in as its field.
func (t Template) Fill(values map[string]string) (string, []error) {
	var errs []error
	chosen := map[string]string{}
	for _, f := range t.FillIns {
		given, ok := values[f.Name]
		if !ok {
			given = f.Default
		}
		v, err := f.Accept(given)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		chosen[f.Name] = v
	}
	var unknown []string
	for name := range values {
		if !slices.ContainsFunc(t.FillIns, func(f FillIn) bool { return f.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		errs = append(errs, fault.New(fault.Invalid, "%s has no fill-in %.40q", t.ID, name).At("", 0, name).WithHint("its fill-ins: %s", strings.Join(t.names(), ", ")))
	}
	if len(errs) > 0 {
		return "", errs
	}
	fill := func(text string) string {
		return open.ReplaceAllStringFunc(text, func(m string) string { return chosen[open.FindStringSubmatch(m)[1]] })
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\nFor: %s.\n", t.Title, fill(t.Purpose), t.Audience)
	n := 0
	for _, s := range t.Sections {
		fmt.Fprintf(&b, "\n## %s\n\n", s.Title)
		for _, st := range s.Statements {
			n++
			fmt.Fprintf(&b, "%d. %s%s\n", n, fill(st.Text), mark(st))
		}
	}
	if owner, months := chosen["owner_role"], chosen["review_months"]; owner != "" && months != "" {
		fmt.Fprintf(&b, "\n## Owner and review\n\nThe %s keeps this policy and reads it again within %s months of its approval.\n", owner, months)
	}
	return b.String(), nil
}

func (t Template) names() []string {
	var out []string
	for _, f := range t.FillIns {
		out = append(out, f.Name)
	}
	return out
}
