package sca

import (
	"fmt"
	"slices"
	"strings"
)

// release is a distribution whose files requirements look at.
type release struct {
	id, version, name string // as facts os have them
	lines             []string
}

func releaseOf(id, version, title, long string) release {
	return release{id: id, version: version, name: title + " " + long,
		lines: []string{`NAME="` + title + `"`, `PRETTY_NAME="` + title + " " + long + `"`, `VERSION="` + long + `"`, `VERSION_ID="` + version + `"`, `ID=` + id, `ID="` + id + `"`}}
}

// releases are those that published policies are about.
var releases = func() []release {
	var all []release
	for version, name := range map[string]string{"9": "stretch", "10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie"} {
		all = append(all, releaseOf("debian", version, "Debian GNU/Linux", version+" ("+name+")"))
	}
	for _, version := range []string{"16.04", "18.04", "20.04", "22.04", "24.04"} {
		all = append(all, releaseOf("ubuntu", version, "Ubuntu", version+" LTS"))
	}
	for _, d := range []struct{ id, title string }{{"rhel", "Red Hat Enterprise Linux"}, {"centos", "CentOS Linux"}, {"rocky", "Rocky Linux"}, {"almalinux", "AlmaLinux"}, {"ol", "Oracle Linux Server"}} {
		for _, version := range []string{"7", "8", "9", "10"} {
			all = append(all, releaseOf(d.id, version, d.title, version))
		}
	}
	all = append(all, releaseOf("amzn", "2", "Amazon Linux", "2"), releaseOf("amzn", "2023", "Amazon Linux", "2023"),
		releaseOf("sles", "12", "SLES", "12"), releaseOf("sles", "15", "SLES", "15"))
	slices.SortFunc(all, func(a, b release) int { return strings.Compare(a.id+a.version, b.id+b.version) })
	return all
}()

// where says which hosts the requirements let in: they are asked of what the
// releases above have in /etc/os-release. said tells it in words.
func (p *Policy) where(otherwise release) (where, said string, host release) {
	c := p.Requirements
	if c == nil {
		return "", "there are none; every host is judged", otherwise
	}
	var left []string
	type asked struct {
		m       matcher
		not     bool
		release bool
	}
	var rules []asked
	for _, r := range c.Rules {
		m, why := compileTests(r.Tests, p.PCRE2)
		switch {
		case why == "" && r.Kind == 'f' && r.Target == "/etc/os-release" && len(r.Tests) > 0:
			rules = append(rules, asked{m, r.Not, true})
		case why == "" && r.Kind == 'f' && r.Target == "/proc/sys/kernel/ostype" && !r.Not && m.holds("Linux"):
			rules = append(rules, asked{})
		default:
			left = append(left, r.Raw)
		}
	}
	if len(left) > 0 && c.Condition != "all" {
		return "", "not translated, so every host is judged: " + strings.Join(left, "; "), otherwise
	}
	var in []release
	bound := false
	for _, rel := range releases {
		held := 0
		for _, r := range rules {
			bound = bound || r.release
			if !r.release || r.m.any(rel.lines...) != r.not {
				held++
			}
		}
		if (c.Condition == "all" && held == len(rules)) || (c.Condition == "any" && held > 0) || (c.Condition == "none" && held == 0) {
			in = append(in, rel)
		}
	}
	unread := ""
	if len(left) > 0 {
		unread = "; not translated: " + strings.Join(left, "; ")
	}
	if !bound || len(in) == 0 || len(in) == len(releases) {
		return "", "they name no release that is known here, so every host is judged" + unread, otherwise
	}
	var parts, names []string
	for _, rel := range in {
		parts = append(parts, fmt.Sprintf("(os.id == %q && (os.version == %q || os.version.startsWith(%q)))", rel.id, rel.version, rel.version+"."))
		names = append(names, rel.id+" "+rel.version)
	}
	return strings.Join(parts, " || "), "judged are hosts with " + strings.Join(names, ", ") + unread, in[0]
}
