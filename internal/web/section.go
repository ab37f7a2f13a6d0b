package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/web/ui"
)

// hostSection shows what one reader read on one host, fact by fact.
func (s *Site) hostSection(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	h, err := s.cfg.Hosts.Get(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	name := r.PathValue("section")
	list, err := s.cfg.Hosts.Sections(ctx, h.ID, time.Time{}, true)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(sec host.Section) bool { return sec.Name == name })
	if i < 0 {
		return fault.New(fault.NotFound, "%s has sent no section %s", h.Name, name).WithHint("the host's page lists the sections that were read")
	}
	sec := list[i]
	facts, err := flatten(sec.Values)
	if err != nil {
		return err
	}
	target := q.Get("fact")
	v := ui.SectionView{
		Crumbs: []ui.Link{{Text: "Hosts", Href: "/hosts"}, {Text: h.Name, Href: "/hosts/" + h.ID}, {Text: name}},
		Title:  "Section " + name + " of " + h.Name, Filter: q.Get("q"), Path: "/hosts/" + h.ID + "/sections/" + url.PathEscape(name), All: len(facts),
		Note: fmt.Sprintf("%s as the agent read them; secrets never leave the host.", many(len(facts), "fact", "facts")),
	}
	for _, m := range missingOf(sec.Missing) {
		o := ui.Outcome(m.State)
		if m.State == "absent" {
			o = "not_applicable"
		}
		path := "the whole section"
		if m.Path != "" {
			path = factName("/" + name + m.Path)
		}
		v.Missing = append(v.Missing, ui.MissingRow{Path: path, Outcome: o, Reason: sentence(m.Reason)})
	}
	at := 0
	shown := 0
	if n, err := strconv.Atoi(q.Get("from")); err == nil && n > 0 {
		at = n
	}
	const most = 200
	want := strings.ToLower(v.Filter)
	matched := 0
	for _, f := range facts {
		pointer := "/" + name + f.pointer
		hit := target != "" && f.holds(target, pointer)
		if want != "" && !strings.Contains(strings.ToLower(f.pointer+" "+f.value), want) {
			continue
		}
		matched++
		if (matched <= at || shown >= most) && !hit {
			continue
		}
		shown++
		v.Rows = append(v.Rows, ui.FactRow{Path: factName(pointer), Value: f.value, Target: hit})
	}
	v.Pager.Text = fmt.Sprintf("%s of %s shown", ui.Number(len(v.Rows)), ui.Number(matched))
	if at+most < matched {
		v.Pager.Next = with(q, v.Path, "from", strconv.Itoa(at+most))
	}
	if at > 0 {
		v.Pager.First = with(q, v.Path, "from", "")
	}
	v.Facts = []ui.Fact{
		{Term: "Read by", Text: "agent " + h.AgentVersion + " on " + h.Name},
		{Term: "Like this since", Text: r.words.full(sec.ObservedFrom)},
		{Term: "Last observed", Text: r.words.full(sec.LastObserved)},
		{Term: "Received", Text: r.words.full(sec.ReceivedAt)},
		{Term: "Registry", Text: "version " + strconv.Itoa(sec.Registry)},
		{Term: "Digest", Text: sec.Digest, Mono: true},
	}
	if sec.Run != "" {
		if run, err := s.cfg.Outcomes.Run(ctx, sec.Run); err == nil {
			l := entryLink(run.Entry, run.Index)
			v.Facts = append(v.Facts, ui.Fact{Term: "Ledger", Links: []ui.Link{{Text: "entry " + l.Text, Href: l.Href}}})
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	sh := s.shell(w, r, v.Title, "Operate", "Hosts")
	return s.render(w, r, http.StatusOK, ui.HostSection(sh, v))
}

type flatFact struct{ pointer, value string }

// holds reports whether the fact at the pointer is, contains or lies within
// the one that a derivation pointed at.
func (f flatFact) holds(target string, pointer string) bool {
	return pointer == target || strings.HasPrefix(pointer, target+"/") || strings.HasPrefix(target, pointer+"/")
}

// flatten gives the values of a section by their JSON Pointers, in order. A
// record, which is one of several objects with the same keys, is one value.
func flatten(raw json.RawMessage) ([]flatFact, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("read a stored section: %w", err)
	}
	var out []flatFact
	var walk func(pointer string, v any, record bool)
	walk = func(pointer string, v any, record bool) {
		switch x := v.(type) {
		case map[string]any:
			keys := slices.Sorted(maps.Keys(x))
			if record || len(keys) == 0 {
				out = append(out, flatFact{pointer, recordWords(x, keys)})
				return
			}
			values := make([]any, len(keys))
			for i, k := range keys {
				values[i] = x[k]
			}
			same := records(values)
			for i, k := range keys {
				walk(pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(k), values[i], same)
			}
		case []any:
			if simple(x) {
				out = append(out, flatFact{pointer, valueWords(x)})
				return
			}
			same := records(x)
			for i, e := range x {
				walk(pointer+"/"+strconv.Itoa(i), e, same)
			}
		default:
			out = append(out, flatFact{pointer, valueWords(x)})
		}
	}
	walk("", v, false)
	return out, nil
}

// maxRecord is how many keys a record has at most: what has more is a table of
// its own, read line by line.
const maxRecord = 20

// records reports whether values are several objects of one kind: nothing
// nested in them but simple lists, and no key that the largest does not have.
func records(values []any) bool {
	var largest map[string]any
	for _, v := range values {
		o, ok := v.(map[string]any)
		if !ok || len(o) == 0 || len(o) > maxRecord {
			return false
		}
		for _, e := range o {
			switch x := e.(type) {
			case map[string]any:
				return false
			case []any:
				if !simple(x) {
					return false
				}
			}
		}
		if len(o) > len(largest) {
			largest = o
		}
	}
	for _, v := range values {
		for k := range v.(map[string]any) {
			if _, ok := largest[k]; !ok {
				return false
			}
		}
	}
	return len(values) > 1
}

func recordWords(o map[string]any, keys []string) string {
	if len(keys) == 0 {
		return "{}"
	}
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k + ": " + valueWords(o[k])
	}
	return strings.Join(parts, ", ")
}

func valueWords(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	if list, ok := v.([]any); ok {
		parts := make([]string, len(list))
		for i, e := range list {
			parts[i] = valueWords(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	if v == nil {
		return "null"
	}
	return fmt.Sprint(v)
}

// simple reports whether a list holds no lists or objects.
func simple(list []any) bool {
	for _, e := range list {
		switch e.(type) {
		case map[string]any, []any:
			return false
		}
	}
	return true
}
