package population

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/miekg/dns"
)

// maxRecords bounds what is read of a zone or hosts file: $GENERATE makes many
// records of one line.
const maxRecords = 200_000

var zoneLine = regexp.MustCompile(`at line: (\d+):`)

// ParseZone reads a DNS zone file (RFC 1035 master file, as BIND writes it).
// origin is the zone's name where the file has no $ORIGIN. A name with an
// address is an entry; an alias is another name of its target's entry; a
// pointer (PTR) names the machine at its address. $INCLUDE is refused: what
// it names lies elsewhere. What is wrong is kind Invalid with its line.
func ParseZone(content []byte, origin string) (all []Second, notes []string, err error) {
	if origin = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(origin)), "."); origin != "" {
		if _, ok := dns.IsDomainName(origin); !ok || strings.ContainsAny(origin, " /\\") {
			origin = "" // a file's name, not the zone's
		}
	}
	z := dns.NewZoneParser(bytes.NewReader(content), dns.Fqdn(origin), "")
	z.SetIncludeAllowed(false)
	z.SetDefaultTTL(3600)
	m := machines{}
	alias := map[string]string{}
	other := map[string]int{}
	for rr, ok := z.Next(); ok; rr, ok = z.Next() {
		if m.read++; m.read > maxRecords {
			return nil, nil, fault.New(fault.Invalid, "the zone has more than %d records", maxRecords).At("", 0, "file")
		}
		name := strings.TrimSuffix(strings.ToLower(rr.Header().Name), ".")
		switch r := rr.(type) {
		case *dns.A:
			if a, ok := netip.AddrFromSlice(r.A.To4()); ok {
				m.add(name, a)
			}
		case *dns.AAAA:
			if a, ok := netip.AddrFromSlice(r.AAAA.To16()); ok {
				m.add(name, a)
			}
		case *dns.PTR:
			if a, ok := reverse(name); ok {
				m.add(strings.TrimSuffix(strings.ToLower(r.Ptr), "."), a)
			} else {
				other["PTR that names no address"]++
			}
		case *dns.CNAME:
			alias[name] = strings.TrimSuffix(strings.ToLower(r.Target), ".")
		default:
			other[dns.TypeToString[rr.Header().Rrtype]]++
		}
	}
	if err := z.Err(); err != nil {
		return nil, nil, zoneFault(err)
	}
	notes = m.follow(alias)
	for _, name := range sortedKeys(other) {
		notes = append(notes, fmt.Sprintf("%d records %s say nothing about machines and were not used", other[name], name))
	}
	return m.finish("", notes)
}

// zoneFault gives the parser's word with its line.
func zoneFault(err error) error {
	line := 0
	var parse *dns.ParseError
	if errors.As(err, &parse) {
		if m := zoneLine.FindStringSubmatch(parse.Error()); m != nil {
			fmt.Sscan(m[1], &line)
		}
	}
	text := strings.TrimPrefix(err.Error(), "dns: ")
	if len(text) > 300 {
		text = text[:300]
	}
	return fault.Wrap(fault.Invalid, err, "the zone file cannot be read: %s", strings.ToValidUTF8(text, "?")).At("", line, "file").
		WithHint("a zone file as BIND reads it, whole, without $INCLUDE; 'named-checkzone' says more")
}

// reverse gives the address of a name under in-addr.arpa or ip6.arpa.
func reverse(name string) (netip.Addr, bool) {
	if rest, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		parts := strings.Split(rest, ".")
		if len(parts) != 4 {
			return netip.Addr{}, false
		}
		slices.Reverse(parts)
		a, err := netip.ParseAddr(strings.Join(parts, "."))
		return a, err == nil
	}
	if rest, ok := strings.CutSuffix(name, ".ip6.arpa"); ok {
		parts := strings.Split(rest, ".")
		if len(parts) != 32 {
			return netip.Addr{}, false
		}
		slices.Reverse(parts)
		var b strings.Builder
		for i, p := range parts {
			if i > 0 && i%4 == 0 {
				b.WriteByte(':')
			}
			b.WriteString(p)
		}
		a, err := netip.ParseAddr(b.String())
		return a, err == nil
	}
	return netip.Addr{}, false
}

// machines gathers names and addresses.
type machines struct {
	byName map[string]*Second
	order  []string
	read   int
}

func (m *machines) entry(key string) *Second {
	if m.byName == nil {
		m.byName = map[string]*Second{}
	}
	s := m.byName[key]
	if s == nil {
		s = &Second{Key: key}
		m.byName[key] = s
		m.order = append(m.order, key)
	}
	return s
}

func (m *machines) add(name string, a netip.Addr) {
	s := m.entry(name)
	if len(s.Names) == 0 {
		s.Names = []string{name}
	}
	if text := a.Unmap().String(); !slices.Contains(s.Addresses, text) {
		s.Addresses = append(s.Addresses, text)
	}
}

// follow gives aliases to the entries that they stand for; what leads out of the
// zone, or in a circle, becomes a note.
func (m *machines) follow(alias map[string]string) (notes []string) {
	for _, name := range sortedKeys(alias) {
		at, steps := alias[name], 0
		for alias[at] != "" && steps < 16 {
			at, steps = alias[at], steps+1
		}
		switch s := m.byName[at]; {
		case s != nil:
			if !slices.Contains(s.Names, name) {
				s.Names = append(s.Names, name)
			}
		case alias[at] != "":
			notes = append(notes, fmt.Sprintf("%s is an alias that leads in a circle", name))
		default:
			notes = append(notes, fmt.Sprintf("%s is an alias of %s, which this file does not know", name, at))
		}
	}
	return notes
}

// finish gives the entries whose names or addresses say which machine they are.
func (m *machines) finish(detail string, notes []string) ([]Second, []string, error) {
	var all []Second
	dropped := 0
	for _, key := range m.order {
		s := *m.byName[key]
		if strings.HasPrefix(key, "*") {
			notes = append(notes, fmt.Sprintf("%s stands for any name and was not used", key))
			continue
		}
		if len(identities(s.Names, s.Addresses, nil)) == 0 {
			dropped++
			continue
		}
		s.Detail = detail
		slices.Sort(s.Addresses)
		all = append(all, s)
	}
	if dropped > 0 {
		notes = append(notes, fmt.Sprintf("%d entries name this machine itself or a group of machines (localhost, multicast) and were not used", dropped))
	}
	if len(all) == 0 {
		return nil, nil, fault.New(fault.Invalid, "the file names no machine").At("", 0, "file").WithHint("it needs at least one name with an address")
	}
	slices.SortFunc(all, func(a, b Second) int { return strings.Compare(a.Key, b.Key) })
	if len(all) > maxSeconds {
		return nil, nil, fault.New(fault.Invalid, "the file names more than %d machines", maxSeconds).At("", 0, "file")
	}
	if len(notes) > maxNotes {
		notes = append(notes[:maxNotes:maxNotes], fmt.Sprintf("%d more notes are left out", len(notes)-maxNotes))
	}
	return all, notes, nil
}

// ParseHosts reads a file as hosts(5) describes it: an address, then names; #
// begins a comment. An address with its names is an entry. What is wrong is
// kind Invalid with its line.
func ParseHosts(content []byte) (all []Second, notes []string, err error) {
	m := machines{}
	bad := func(line int, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", line, "file").WithHint("a line is an address and then the names of the machine: 10.0.0.9 web-01.example.org web-01")
	}
	n := 0
	for raw := range bytes.Lines(content) {
		n++
		text, _, _ := strings.Cut(string(raw), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if m.read++; m.read > maxRecords {
			return nil, nil, fault.New(fault.Invalid, "the file has more than %d lines", maxRecords).At("", n, "file")
		}
		a, err := netip.ParseAddr(words[0])
		if err != nil {
			return nil, nil, bad(n, "%q is no address", shorten(words[0]))
		}
		if len(words) < 2 {
			return nil, nil, bad(n, "the address %s has no name", a)
		}
		local := normalAddress(a.String()) == ""
		s := m.entry(a.Unmap().String())
		if !local {
			s.Addresses = []string{a.Unmap().String()}
		}
		for _, w := range words[1:] {
			if _, ok := dns.IsDomainName(w); !ok || len(w) > 253 || strings.Trim(strings.ToLower(w), "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
				return nil, nil, bad(n, "%q is no host name", shorten(w))
			}
			if w = strings.ToLower(w); !local && !slices.Contains(s.Names, w) { // what a machine calls itself at 127.0.1.1 is no entry about others
				s.Names = append(s.Names, w)
			}
		}
	}
	return m.finish("", notes)
}

func shorten(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
