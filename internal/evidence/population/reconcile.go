package population

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// Second is one thing that a second source knows: a neighbour, a name.
type Second struct {
	Key       string   `json:"key"` // unique in its source: "aa:bb:cc:00:11:22", "www.example.org."
	Names     []string `json:"names,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	MACs      []string `json:"macs,omitempty"`
	Detail    string   `json:"detail,omitempty"` // where it stands or who saw it
}

// Side says where a line of a reconciliation was found.
type Side string

// The sides.
const (
	Both  Side = "both"
	OnlyA Side = "a" // in the extraction alone
	OnlyB Side = "b" // in the second source alone
)

// Cause is why something is on one side alone, as a person says.
type Cause string

// The causes.
const (
	OutOfScope    Cause = "out_of_scope"
	NotAnItem     Cause = "not_an_item"
	ToBeEnrolled  Cause = "to_be_enrolled"
	OtherCause    Cause = "other"
	NotExplained  Cause = ""
	maxSeconds          = 100_000
	maxNotes            = 200
	maxLineDetail       = 200 // second entries that one line lists
)

// Causes gives them in the order of a form.
func Causes() []Cause { return []Cause{ToBeEnrolled, OutOfScope, NotAnItem, OtherCause} }

// Line is one line of a reconciliation.
type Line struct {
	Seq       int       `json:"seq"`
	Side      Side      `json:"side"`
	Item      string    `json:"item,omitempty"` // of the extraction; "" on side b
	Name      string    `json:"name"`
	Matches   []Match   `json:"matches,omitempty"`
	Cause     Cause     `json:"cause,omitempty"`
	Text      string    `json:"explanation,omitempty"`
	At        time.Time `json:"explained_at,omitzero"`
	By        string    `json:"explained_by,omitempty"`
	Exclusion string    `json:"exclusion,omitempty"` // "exc_…" that was asked for with the explanation
	Entry     string    `json:"entry,omitempty"`
}

// Match is an entry of the second source on a line, and by what it matched.
type Match struct {
	Second
	By string `json:"by,omitempty"` // "mac …", "address …", "name …"; "" on side b
}

// Reconciliation is an extraction held against a second source.
type Reconciliation struct {
	ID         string    `json:"id"` // "rcn_…"
	Extraction string    `json:"extraction"`
	Kind       string    `json:"kind"` // neighbours, zone, hosts_file
	Name       string    `json:"name"` // of the second source
	Blob       string    `json:"blob"` // what it was, as it was read
	A          int64     `json:"a"`    // items of the extraction
	B          int64     `json:"b"`    // entries of the second source
	MatchedA   int64     `json:"matched_a"`
	MatchedB   int64     `json:"matched_b"`
	Explained  int64     `json:"explained"` // of the lines on one side alone
	Digest     string    `json:"digest"`    // over the lines
	Notes      []string  `json:"notes,omitempty"`
	MadeAt     time.Time `json:"made_at"`
	MadeBy     string    `json:"made_by"`
	Entry      string    `json:"entry"`
	Index      int64     `json:"index"`

	notesDigest string
}

// OnlyA gives how many items the second source does not know.
func (r Reconciliation) OnlyA() int64 { return r.A - r.MatchedA }

// OnlyB gives how many entries of the second source are no item.
func (r Reconciliation) OnlyB() int64 { return r.B - r.MatchedB }

// Open gives how many lines on one side alone nobody has explained.
func (r Reconciliation) Open() int64 { return r.OnlyA() + r.OnlyB() - r.Explained }

// identities are what an item or an entry can be recognised by, each with its
// kind: "mac aa:bb:…", "address 10.0.0.9", "name web-01".
func identities(names, addresses, macs []string) []string {
	var all []string
	add := func(kind, value string) {
		if value != "" && !slices.Contains(all, kind+" "+value) {
			all = append(all, kind+" "+value)
		}
	}
	for _, m := range macs {
		add("mac", normalMAC(m))
	}
	for _, a := range addresses {
		add("address", normalAddress(a))
	}
	for _, n := range names {
		add("name", normalName(n))
	}
	return all
}

// normalMAC gives a hardware address in lower case with colons; "" for one that
// stands for no device.
func normalMAC(s string) string {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "-", ":")
	if len(s) != 17 || strings.Trim(s, "0123456789abcdef:") != "" || s == "00:00:00:00:00:00" || s == "ff:ff:ff:ff:ff:ff" {
		return ""
	}
	return s
}

// normalAddress gives an address without zone or prefix length; "" for one that
// says nothing about which machine it is.
func normalAddress(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "/")
	a, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return ""
	}
	return a.String()
}

// normalName gives a name in lower case without the final dot; "" for one that
// every machine has.
func normalName(s string) string {
	s = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), ".")
	first, _, _ := strings.Cut(s, ".")
	if s == "" || first == "localhost" || strings.HasPrefix(s, "ip6-") || len(s) > 253 {
		return ""
	}
	return s
}

// index says which items have an identity, and which identities tell nothing
// because several items have them.
type index struct {
	byIdentity map[string][]int // places of items
	first      map[string][]int // places of items by the first label of their names
	full       map[int][]string // names with a dot, by item
}

func newIndex(all []Second) index {
	x := index{map[string][]int{}, map[string][]int{}, map[int][]string{}}
	for i, s := range all {
		for _, id := range identities(s.Names, s.Addresses, s.MACs) {
			x.byIdentity[id] = append(x.byIdentity[id], i)
			if name, ok := strings.CutPrefix(id, "name "); ok {
				label, _, dotted := strings.Cut(name, ".")
				if !slices.Contains(x.first[label], i) {
					x.first[label] = append(x.first[label], i)
				}
				if dotted {
					x.full[i] = append(x.full[i], name)
				}
			}
		}
	}
	return x
}

// shared gives the identities that several items have: they identify none.
func (x index) shared(all []Second) (notes []string) {
	for _, id := range sortedKeys(x.byIdentity) {
		places := x.byIdentity[id]
		if len(places) < 2 {
			continue
		}
		names := make([]string, 0, 5)
		for _, i := range places[:min(len(places), 5)] {
			names = append(names, label(all[i]))
		}
		more := ""
		if len(places) > 5 {
			more = fmt.Sprintf(" and %d more", len(places)-5)
		}
		notes = append(notes, fmt.Sprintf("%s belongs to %d items (%s%s), so nothing is matched by it", id, len(places), strings.Join(names, ", "), more))
	}
	return notes
}

func label(s Second) string {
	if len(s.Names) > 0 {
		return s.Names[0]
	}
	return s.Key
}

// find gives the items that an entry is, each with what it was recognised by.
func (x index) find(s Second) (places []int, by []string) {
	add := func(i int, why string) {
		if !slices.Contains(places, i) {
			places, by = append(places, i), append(by, why)
		}
	}
	for _, id := range identities(s.Names, s.Addresses, s.MACs) {
		if found := x.byIdentity[id]; len(found) == 1 {
			add(found[0], id)
		}
	}
	if len(places) > 0 {
		return places, by
	}
	// A bare name is the same as a name in a domain where only one item begins
	// so, and the two do not say different domains.
	for _, n := range s.Names {
		name := normalName(n)
		first, _, dotted := strings.Cut(name, ".")
		if found := x.first[first]; name != "" && len(found) == 1 && (!dotted || len(x.full[found[0]]) == 0) {
			add(found[0], "name "+name)
		}
	}
	return places, by
}

// reconcile holds items against the entries of a second source. Lines come
// sorted: both, only in the extraction, only in the second source, each by name.
func reconcile(items, seconds []Second) (lines []Line, matchedB int64, notes []string) {
	x := newIndex(items)
	notes = x.shared(items)
	matches := make([][]Match, len(items))
	for _, s := range seconds {
		places, by := x.find(s)
		if len(places) == 0 {
			lines = append(lines, Line{Side: OnlyB, Name: label(s), Matches: []Match{{Second: s}}})
			continue
		}
		matchedB++
		if len(places) > 1 {
			notes = append(notes, fmt.Sprintf("%s matches %d items", s.Key, len(places)))
		}
		for n, i := range places {
			if len(matches[i]) < maxLineDetail {
				matches[i] = append(matches[i], Match{s, by[n]})
			}
		}
	}
	for i, item := range items {
		l := Line{Side: OnlyA, Item: item.Key, Name: label(item), Matches: matches[i]}
		if len(l.Matches) > 0 {
			l.Side = Both
		}
		lines = append(lines, l)
	}
	sortLines(lines)
	if len(notes) > maxNotes {
		notes = append(notes[:maxNotes:maxNotes], fmt.Sprintf("%d more notes are left out", len(notes)-maxNotes))
	}
	return lines, matchedB, notes
}

// sortLines sorts and numbers: both, only in the extraction, only in the second
// source, each by name.
func sortLines(lines []Line) {
	order := map[Side]int{Both: 0, OnlyA: 1, OnlyB: 2}
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(order[a.Side]-order[b.Side], strings.Compare(a.Name, b.Name), strings.Compare(a.Item, b.Item), strings.Compare(a.key(), b.key()))
	})
	for i := range lines {
		lines[i].Seq = i + 1
	}
}

// key gives the entry of a line on side b.
func (l Line) key() string {
	if l.Side == OnlyB && len(l.Matches) > 0 {
		return l.Matches[0].Key
	}
	return ""
}

// linesDigest is the SHA-256, in hex, over the lines as they were found: each a
// JSON array [seq, side, item, name, matches], ended by a line feed. What people
// say of them later is not in it.
func linesDigest(lines []Line) (string, error) {
	var b []byte
	for _, l := range lines {
		detail, err := json.Marshal(l.Matches)
		if err != nil {
			return "", err
		}
		b = append(b, facts.Canonical([]any{int64(l.Seq), string(l.Side), l.Item, l.Name, string(detail)})...)
		b = append(b, '\n')
	}
	return hexDigest(b), nil
}

// seconds turns an extraction's items into what can be recognised.
func seconds(items []Item) []Second {
	out := make([]Second, len(items))
	for i, item := range items {
		out[i] = Second{Key: item.ID, Names: texts(item.Attributes["name"], item.Attributes["fqdn"], item.Attributes["names"]),
			Addresses: texts(item.Attributes["addresses"]), MACs: texts(item.Attributes["macs"])}
	}
	return out
}

// texts gives the texts among values and lists of them.
func texts(values ...any) []string {
	var out []string
	for _, v := range values {
		switch v := v.(type) {
		case string:
			if v != "" {
				out = append(out, v)
			}
		case []any:
			out = append(out, texts(v...)...)
		}
	}
	return out
}

// standsOut says what an auditor would ask about the items themselves: two that
// are one machine by their machine id.
func standsOut(items []Item) []string {
	by := map[string][]string{}
	for _, item := range items {
		for _, id := range texts(item.Attributes["machine_id"]) {
			names := texts(item.Attributes["name"])
			by[id] = append(by[id], append(names, item.ID)[0])
		}
	}
	var notes []string
	for _, id := range sortedKeys(by) {
		if len(by[id]) > 1 {
			slices.Sort(by[id])
			notes = append(notes, fmt.Sprintf("%d hosts have one machine id (%s): copies of one image, or one machine enrolled twice", len(by[id]), strings.Join(by[id], ", ")))
		}
	}
	return notes
}
