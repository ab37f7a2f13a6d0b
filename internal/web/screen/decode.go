package screen

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Decode fills what is recorded with what a form holds: each field by the name that
// it has in JSON. Lists are one on a line; those that are not named in whole also
// between commas.
func Decode(values url.Values, into any, zone *time.Location, whole ...string) error {
	return decodeStruct(values, reflect.ValueOf(into).Elem(), zone, whole)
}

func decodeStruct(values url.Values, v reflect.Value, zone *time.Location, whole []string) error {
	for i := range v.NumField() {
		f, at := v.Type().Field(i), v.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if err := decodeStruct(values, at, zone, whole); err != nil {
				return err
			}
			continue
		}
		given, there := values[name]
		if !there || name == "" || !at.CanSet() {
			continue
		}
		text := strings.TrimSpace(given[0])
		switch {
		case at.Type() == reflect.TypeFor[time.Time]():
			if text == "" {
				continue
			}
			t, err := time.ParseInLocation("2006-01-02 15:04", strings.Replace(text, "T", " ", 1), zone)
			if err != nil {
				return fault.Wrap(fault.Invalid, err, "%q is no moment", text).At("", 0, name).WithHint("write it as 2026-09-30 14:05")
			}
			at.Set(reflect.ValueOf(t))
		case at.Kind() == reflect.String:
			at.SetString(given[0])
		case at.Kind() == reflect.Bool:
			at.SetBool(text == "yes")
		case at.Kind() == reflect.Int:
			if text == "" {
				continue
			}
			n, err := strconv.Atoi(text)
			if err != nil {
				return fault.Wrap(fault.Invalid, err, "%q is no whole number", text).At("", 0, name)
			}
			at.SetInt(int64(n))
		case at.Type() == reflect.TypeFor[[]string]():
			at.Set(reflect.ValueOf(listed(given, slices.Contains(whole, name))))
		}
	}
	return nil
}

func listed(given []string, whole bool) []string {
	var out []string
	for _, g := range given {
		if whole {
			out = append(out, strings.Split(strings.ReplaceAll(g, "\r", ""), "\n")...)
			continue
		}
		out = append(out, Listed(g)...)
	}
	return out
}

// Prefixed gives the values of fields whose name begins with a prefix, without it.
func Prefixed(values url.Values, prefix string) map[string]string {
	out := map[string]string{}
	for k, v := range values {
		if rest, ok := strings.CutPrefix(k, prefix); ok && v[0] != "" {
			out[rest] = v[0]
		}
	}
	return out
}
