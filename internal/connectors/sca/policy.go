package sca

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"

	"go.yaml.in/yaml/v3"
)

var conditions = []string{"all", "any", "none"}

// Parse reads a policy.
func Parse(name string, data []byte) (*Policy, error) {
	f := &faults{file: name}
	p := &Policy{File: name}
	if root := document(f, data); root != nil {
		p.read(f, root)
	}
	if len(f.list) > 0 {
		return nil, f.list
	}
	return p, nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func document(f *faults, data []byte) *yaml.Node {
	switch {
	case len(data) > MaxBytes:
		f.add(0, "", fault.New(fault.Invalid, "is larger than %d bytes", MaxBytes).WithHint("split the policy"))
		return nil
	case !utf8.Valid(data):
		f.add(0, "", fault.New(fault.Invalid, "is not UTF-8 text").WithHint("save the file as UTF-8"))
		return nil
	}
	var doc yaml.Node
	if err := yaml.NewDecoder(strings.NewReader(string(data))).Decode(&doc); errors.Is(err, io.EOF) {
		f.add(1, "", fault.New(fault.Invalid, "is empty").WithHint("give a policy with policy: and checks:"))
		return nil
	} else if err != nil {
		m := yamlLine.FindStringSubmatch(err.Error())
		line, message := 0, err.Error()
		if m != nil {
			line, _ = strconv.Atoi(m[1]) // "" when the parser gives no line: 0 means unknown
			message = strings.TrimPrefix(message, m[0])
		}
		f.add(line, "", fault.New(fault.Invalid, "is not valid YAML: %s", message).
			WithHint("mend the syntax; in double quotes a backslash stands twice, in single quotes once"))
		return nil
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		f.add(doc.Content[0].Line, "", fault.New(fault.Invalid, "is not a policy").WithHint("a policy has policy: and checks: at its top"))
		return nil
	}
	return doc.Content[0]
}

// field gives a field of a mapping; nil when it has none.
func field(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// word gives a scalar's text, whatever its type; "" when there is none.
func word(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

func (p *Policy) read(f *faults, root *yaml.Node) {
	head := field(root, "policy")
	p.ID, p.Name, p.Description = word(field(head, "id")), word(field(head, "name")), word(field(head, "description"))
	if p.ID == "" {
		line := root.Line
		if head != nil {
			line = head.Line
		}
		f.add(line, "policy.id", fault.New(fault.Invalid, "is missing").WithHint("add policy: with id: a name of the policy"))
	}
	switch kind := field(head, "regex_type"); word(kind) {
	case "", "osregex":
	case "pcre2":
		p.PCRE2 = true
	default:
		f.add(kind.Line, "policy.regex_type", fault.New(fault.Invalid, "%q is no kind of expressions", short(word(kind))).WithHint("osregex or pcre2"))
	}
	variables := readVariables(f, field(root, "variables"))
	if n := field(root, "requirements"); n != nil {
		c := readCheck(f, n, "requirements", variables)
		p.Requirements = &c
	}
	list := field(root, "checks")
	if list == nil || list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		f.add(root.Line, "checks", fault.New(fault.Invalid, "the policy has no checks").WithHint("add checks: with - id:, title:, condition: and rules:"))
		return
	}
	if len(list.Content) > maxChecks {
		f.add(list.Line, "checks", fault.New(fault.Invalid, "has more than %d checks", maxChecks).WithHint("split the policy"))
		return
	}
	first := map[string]int{}
	for i, n := range list.Content {
		at := fmt.Sprintf("checks[%d]", i)
		if n.Kind != yaml.MappingNode {
			f.add(n.Line, at, fault.New(fault.Invalid, "is no check").WithHint("write - id:, title:, condition: and rules:"))
			continue
		}
		c := readCheck(f, n, at, variables)
		switch id := field(n, "id"); {
		case c.ID == "":
			f.add(n.Line, at+".id", fault.New(fault.Invalid, "is missing").WithHint("add id: a number that no other check has"))
		case !number.MatchString(c.ID):
			f.add(id.Line, at+".id", fault.New(fault.Invalid, "%q is not a number", short(c.ID)).WithHint("write a whole number of at most 12 digits"))
		case first[c.ID] != 0:
			f.add(id.Line, at+".id", fault.New(fault.Invalid, "%s is the id of another check (line %d)", c.ID, first[c.ID]).WithHint("give it another id"))
		default:
			first[c.ID] = id.Line
		}
		if c.Title == "" {
			f.add(n.Line, at+".title", fault.New(fault.Invalid, "is missing").WithHint("add title: what is asked, on one line"))
		}
		p.Checks = append(p.Checks, c)
	}
}

var (
	number   = regexp.MustCompile(`^[0-9]{1,12}$`)
	variable = regexp.MustCompile(`\$[A-Za-z_][A-Za-z0-9_]*`)
)

func readVariables(f *faults, n *yaml.Node) map[string]string {
	values := map[string]string{}
	if n == nil {
		return values
	}
	if n.Kind != yaml.MappingNode {
		f.add(n.Line, "variables", fault.New(fault.Invalid, "is no set of variables").WithHint("write $name: value"))
		return values
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if name := n.Content[i].Value; len(word(n.Content[i+1])) <= maxRule {
			values[name] = word(n.Content[i+1])
		} else {
			f.add(n.Content[i].Line, "variables."+short(name), fault.New(fault.Invalid, "is longer than %d bytes", maxRule).WithHint("shorten it"))
		}
	}
	return values
}

func readCheck(f *faults, n *yaml.Node, at string, variables map[string]string) Check {
	c := Check{ID: word(field(n, "id")), Line: n.Line, Title: word(field(n, "title")), Description: word(field(n, "description")),
		Rationale: word(field(n, "rationale")), Remediation: word(field(n, "remediation")), Condition: word(field(n, "condition"))}
	switch node := field(n, "condition"); {
	case c.Condition == "":
		f.add(n.Line, at+".condition", fault.New(fault.Invalid, "is missing").WithHint("add condition: all, any or none"))
	case !slices.Contains(conditions, c.Condition):
		f.add(node.Line, at+".condition", fault.New(fault.Invalid, "%q is no condition", short(c.Condition)).WithHint("write all, any or none"))
	}
	rules := field(n, "rules")
	if rules == nil || rules.Kind != yaml.SequenceNode || len(rules.Content) == 0 {
		f.add(n.Line, at+".rules", fault.New(fault.Invalid, "there are no rules").WithHint("add rules: a list such as - 'f:/etc/passwd'"))
		return c
	}
	if len(rules.Content) > maxRules {
		f.add(rules.Line, at+".rules", fault.New(fault.Invalid, "has more than %d rules", maxRules).WithHint("split the check"))
		return c
	}
	for i, item := range rules.Content {
		where := fmt.Sprintf("%s.rules[%d]", at, i)
		if item.Kind != yaml.ScalarNode {
			f.add(item.Line, where, fault.New(fault.Invalid, "is no text").WithHint("put the rule into single quotes"))
			continue
		}
		// What stands in front of -> may hold variables; behind it $ ends a line.
		target, tests, more := strings.Cut(item.Value, " -> ")
		target = variable.ReplaceAllStringFunc(target, func(name string) string {
			if value, ok := variables[name]; ok {
				return value
			}
			return name
		})
		if more {
			target += " -> " + tests
		}
		r, err := ParseRule(target)
		r.Line, r.Raw = item.Line, item.Value
		if err != nil {
			f.add(item.Line, where, err)
			continue
		}
		c.Rules = append(c.Rules, r)
	}
	return c
}
