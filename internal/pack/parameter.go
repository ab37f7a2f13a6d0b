package pack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/judge"
)

var parameterTypes = []string{"int", "string", "bool", "list"}

// parameters reads the parameters of a check:
//
//	parameters:
//	  max_auth_tries: {type: int, default: 4, title: Attempts per connection, min: 1, max: 10}
func (d *standard) parameters(v *Value) []Parameter {
	o := v.Object()
	if o == nil {
		return nil
	}
	var list []Parameter
	for _, name := range o.Keys() {
		f := o.entry(name)
		if !identifier.MatchString(name) {
			f.Fault("%q cannot be the name of a parameter", name).WithHint("use lower-case letters, digits and _")
			continue
		}
		po := f.Object()
		if po == nil {
			continue
		}
		p := Parameter{Name: name}
		p.Type = po.Need("type", strings.Join(parameterTypes, ", ")).OneOf(parameterTypes...)
		p.Title = po.line("title", "what it sets, in a few words", 120)
		if min := po.Field("min"); min != nil {
			n := min.Int()
			p.Min = &n
		}
		if max := po.Field("max"); max != nil {
			n := max.Int()
			p.Max = &n
		}
		if choices := po.Field("choices"); choices != nil {
			p.Choices = choices.Texts()
		}
		if value := po.Need("default", "the value unless the organisation chooses another"); value != nil && p.Type != "" {
			before := len(d.src.mistakes)
			switch p.Type {
			case "int":
				p.Default = value.Int()
			case "bool":
				p.Default = value.Bool()
			case "string":
				p.Default = value.Text()
			case "list":
				p.Default = append([]string{}, value.Texts()...)
			}
			p.Value = p.Default
			if len(d.src.mistakes) == before {
				if message := p.refuses(p.Default); message != "" {
					value.Fault("%s", message).WithHint("change the default or the limits")
				}
			}
		}
		po.Done()
		if p.Default != nil {
			list = append(list, p)
		}
	}
	return list
}

// refuses says why a value cannot be the parameter's; "" when it can.
func (p *Parameter) refuses(value any) string {
	switch v := value.(type) {
	case int64:
		switch {
		case p.Type != "int":
			return fmt.Sprintf("is a whole number; expected %s", typeText(p.Type))
		case p.Min != nil && v < *p.Min:
			return fmt.Sprintf("%d is less than the minimum %d", v, *p.Min)
		case p.Max != nil && v > *p.Max:
			return fmt.Sprintf("%d is more than the maximum %d", v, *p.Max)
		}
	case string:
		if p.Type != "string" {
			return fmt.Sprintf("is text; expected %s", typeText(p.Type))
		}
		if len(p.Choices) > 0 && !slices.Contains(p.Choices, v) {
			return fmt.Sprintf("%q is not one of %s", v, strings.Join(p.Choices, ", "))
		}
	case bool:
		if p.Type != "bool" {
			return fmt.Sprintf("is true or false; expected %s", typeText(p.Type))
		}
	case []string:
		if p.Type != "list" {
			return fmt.Sprintf("is a list; expected %s", typeText(p.Type))
		}
		if len(v) > judge.MaxParameter {
			return fmt.Sprintf("%d texts are more than the %d that a parameter may list", len(v), judge.MaxParameter)
		}
		for _, s := range v {
			if len(p.Choices) > 0 && !slices.Contains(p.Choices, s) {
				return fmt.Sprintf("%q is not one of %s", s, strings.Join(p.Choices, ", "))
			}
		}
	default:
		return fmt.Sprintf("is %T; expected %s", value, typeText(p.Type))
	}
	return ""
}

func typeText(t string) string {
	return map[string]string{"int": "a whole number", "string": "text", "bool": "true or false", "list": "a list of texts"}[t]
}
