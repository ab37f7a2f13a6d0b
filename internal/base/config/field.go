package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// field is one setting: where it is in the struct and what it is called.
type field struct {
	key    string // "session.idle"
	env    string // "ATTESTA_SESSION_IDLE"; "" for none
	flag   string // "session-idle"; "" for none
	usage  string
	secret bool
	value  reflect.Value
}

const (
	fileFlag = "-file" // what a secret's flag and key end in when a file holds it
	fileEnv  = "_FILE"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	stringsType  = reflect.TypeFor[[]string]()
	keyPattern   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// fieldsOf lists the settings of a pointer to a struct. Its errors are defects
// of the program.
func fieldsOf(into any) ([]field, error) {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fault.New(fault.Internal, "config: %T is no pointer to a struct", into)
	}
	var all []field
	if err := collect(v.Elem(), "", &all); err != nil {
		return nil, err
	}
	seen := map[string]string{}
	for _, f := range all {
		names := []string{"key " + f.key, "variable " + f.env, "flag " + f.flag}
		if f.secret {
			names = append(names, "key "+f.key+fileFlag, "variable "+f.env+fileEnv, "flag "+f.flag+fileFlag)
		}
		for _, name := range names {
			if other := seen[name]; other != "" && !strings.HasSuffix(name, " ") {
				return nil, fault.New(fault.Internal, "config: %s and %s are both the %s", other, f.key, name)
			}
			seen[name] = f.key
		}
	}
	return all, nil
}

func collect(v reflect.Value, prefix string, all *[]field) error {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name := sf.Tag.Get("config")
		switch {
		case name == "-":
			continue
		case !keyPattern.MatchString(name) || !sf.IsExported():
			return fault.New(fault.Internal, "config: field %s of %s needs a tag like config:\"public-url\"", sf.Name, v.Type())
		}
		f := field{key: prefix + name, usage: sf.Tag.Get("usage"), value: v.Field(i)}
		if sf.Type.Kind() == reflect.Struct {
			if err := collect(v.Field(i), f.key+".", all); err != nil {
				return err
			}
			continue
		}
		if kindOf(sf.Type) == "" {
			return fault.New(fault.Internal, "config: field %s of %s has type %s", sf.Name, v.Type(), sf.Type)
		}
		f.env = "ATTESTA_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.key))
		f.flag = strings.ReplaceAll(f.key, ".", "-")
		for tag, name := range map[string]*string{"env": &f.env, "flag": &f.flag} {
			if given, ok := sf.Tag.Lookup(tag); ok {
				*name = strings.TrimPrefix(given, "-")
			}
		}
		var err error
		if s := sf.Tag.Get("secret"); s != "" {
			if f.secret, err = strconv.ParseBool(s); err != nil || sf.Type.Kind() != reflect.String {
				return fault.New(fault.Internal, "config: field %s of %s: secret is true, for strings", sf.Name, v.Type())
			}
		}
		*all = append(*all, f)
	}
	return nil
}

// kindOf names the type for help texts and errors; "" for one that is not taken.
func kindOf(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case t == stringsType:
		return "list"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "number"
	}
	return ""
}

// parse reads the text form of one value of type t: a flag's, a variable's or
// a scalar's of the file.
func parse(t reflect.Type, text string) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	switch kindOf(t) {
	case "duration":
		d, err := time.ParseDuration(text)
		if err != nil {
			return v, fmt.Errorf("is no duration; write a number and a unit, such as 90s, 15m or 12h")
		}
		v.SetInt(int64(d))
	case "list":
		list := []string{}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		v.Set(reflect.ValueOf(list))
	case "text":
		v.SetString(text)
	case "true or false":
		switch text {
		case "true":
			v.SetBool(true)
		case "false":
		default:
			return v, fmt.Errorf("is neither true nor false")
		}
	case "number":
		n, err := strconv.ParseInt(text, 10, t.Bits())
		if err != nil || strconv.FormatInt(n, 10) != text {
			return v, fmt.Errorf("is no whole number")
		}
		v.SetInt(n)
	default:
		return v, fmt.Errorf("has a type that is not taken")
	}
	return v, nil
}

// show is the inverse of parse.
func show(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.String()
	case []string:
		return strings.Join(x, ",")
	}
	return fmt.Sprint(v.Interface())
}

// nearest gives the name that was probably meant, or "".
func nearest(name string, names []string) string {
	own := strings.TrimPrefix(name[strings.LastIndex(name, ".")+1:], prefix) // what is typed again is no likeness
	best, at := "", max(2, len(own)/3)+1
	for _, n := range names {
		if d := distance(name, n); d < at {
			best, at = n, d
		}
	}
	return best
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours between two short names.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	var before, prev []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, prev, row = prev, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

func hintNearest(name string, names []string) string {
	slices.Sort(names)
	if n := nearest(name, names); n != "" {
		return "did you mean " + n + "?"
	}
	return "known are " + strings.Join(names, ", ")
}
