package integrity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/wire"
)

// Whatever hosts send in whatever order, lines are the groups, those of one update or
// change together: the newest of them, with what all of them come to. Every filter
// gives what looking at each group gives, page after page.
func TestLinesAreTheGroups(t *testing.T) {
	each(t, func(w *world) {
		r := rand.New(rand.NewPCG(11, 12))
		_, token := w.token([]string{"h*"}, []string{"/etc/**"}, 60)
		for n := range 120 {
			w.clock.Advance(time.Duration(r.IntN(8)) * time.Minute)
			if r.IntN(25) == 0 {
				w.clock.Advance(20 * time.Hour)
			}
			host := fmt.Sprintf("h%d", r.IntN(6))
			var list []wire.FileChange
			for i := range 1 + r.IntN(4) {
				switch r.IntN(4) {
				case 0:
					list = append(list, w.one(fmt.Sprintf("/usr/bin/%c%d", 'a'+r.IntN(3), i), of(fmt.Sprintf("run%d-%s", n/8, host), fmt.Sprintf("pkg%d", r.IntN(3)), "2")))
				case 1:
					list = append(list, w.one(fmt.Sprintf("/etc/t%d", r.IntN(9)), by("ann", "/usr/bin/vim"), shows(token)))
				case 2:
					list = append(list, w.one(fmt.Sprintf("/var/www/%d", r.IntN(5)), by("bob", fmt.Sprintf("/opt/e%d/bin/edit", r.IntN(3))), from(fmt.Sprint(r.IntN(2)), fmt.Sprint(r.IntN(2)))))
				default:
					list = append(list, w.one(fmt.Sprintf("/usr/lib/x%d", r.IntN(5)), by("carl", "/usr/bin/cp")))
				}
			}
			w.send(host, list...)
		}
		groups, _, _, err := w.List(w.ctx, w.eve, integrity.Filter{Limit: 1000})
		w.must(err)
		for i := range groups[:len(groups)/3] {
			if g := &groups[i]; g.State == integrity.Open {
				_, err := w.Explain(w.ctx, w.eve, g.Ref, integrity.Explanation{Reason: "a rehearsal"})
				if err == nil {
					t.Fatal("a viewer explains")
				}
				_, err = w.Explain(w.ctx, w.ann, g.Ref, integrity.Explanation{Reason: "a rehearsal", Alone: "the team looked on"})
				w.must(err)
			}
		}
		groups, _, _, err = w.List(w.ctx, w.eve, integrity.Filter{Limit: 1000})
		w.must(err)
		folded := fold(groups)
		shared := 0
		for _, l := range folded {
			if strings.Contains(l, "groups") && !strings.Contains(l, " 1 groups") {
				shared++
			}
		}
		if shared == 0 || len(folded) == len(groups) {
			t.Fatalf("%d groups make %d lines, none of several: nothing is shown by this", len(groups), len(folded))
		}
		for _, f := range []integrity.Filter{{}, {Verdict: verdict.ByPackage}, {Verdict: verdict.ByTicket}, {Verdict: verdict.Unexplained}, {State: integrity.Open}, {State: integrity.Explained}, {State: integrity.Settled}, {Exceeded: true}, {Verdict: verdict.ByPackage, State: integrity.Open}} {
			var want []string
			for i, g := range newest(groups) {
				if (f.Verdict == "" || g.Verdict == f.Verdict) && (f.State == "" || g.State == f.State) && (!f.Exceeded || g.Exceeded) {
					want = append(want, folded[i])
				}
			}
			var got []string
			for f.Limit = 7; ; {
				lines, next, total, err := w.Lines(w.ctx, w.eve, f)
				w.must(err)
				if total != int64(len(want)) {
					t.Errorf("%+v: %d are counted, there are %d", f, total, len(want))
				}
				for i := range lines {
					got = append(got, said(&lines[i]))
				}
				if f.After = next; next == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v\n got %s\nwant %s", f, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		}
		w.filters(groups)
		for _, l := range newest(groups) {
			if l.Fleet == "" {
				continue
			}
			same, err := w.Same(w.ctx, w.eve, l.Fleet, 1000)
			w.must(err)
			var want []integrity.Same
			hosts := map[string]bool{}
			for i := range groups {
				if groups[i].Fleet == l.Fleet {
					want = append(want, integrity.Same{Ref: groups[i].Ref, Host: groups[i].Host})
					hosts[groups[i].Source] = true
				}
			}
			d, err := w.Group(w.ctx, w.eve, l.Ref)
			w.must(err)
			if !slices.Equal(same, want) || d.Others != int64(len(hosts)-1) {
				t.Errorf("%s on %d other hosts: %v, want %v", l.Ref, d.Others, same, want)
			}
		}
	})
}

// newest gives the groups, of an update or change on several hosts the newest.
func newest(groups []integrity.Group) (out []integrity.Group) {
	seen := map[string]bool{"": false}
	for _, g := range groups {
		if !seen[g.Fleet] {
			out = append(out, g)
		}
		seen[g.Fleet] = g.Fleet != ""
	}
	return out
}

// fold says of each line what it has to say.
func fold(groups []integrity.Group) (out []string) {
	for _, g := range newest(groups) {
		l := integrity.Line{Group: g, Hosts: 1, Groups: 1, Files: g.Count, Since: g.First}
		if g.Fleet != "" {
			l.Groups, l.Files = 0, 0
			hosts := map[string]bool{}
			for i := range groups {
				if x := &groups[i]; x.Fleet == g.Fleet {
					l.Groups++
					l.Files += x.Count
					hosts[x.Source] = true
					if x.First.Before(l.Since) {
						l.Since = x.First
					}
				}
			}
			l.Hosts = int64(len(hosts))
		}
		out = append(out, said(&l))
	}
	return out
}

func said(l *integrity.Line) string {
	return fmt.Sprintf("%s %s %s %s: %d hosts, %d groups, %d files since %s", l.Ref, l.Verdict, l.State, l.Host, l.Hosts, l.Groups, l.Files, l.Since.Format(time.RFC3339Nano))
}

// filters holds each filter of groups, and of single changes, against looking at each.
func (w *world) filters(groups []integrity.Group) {
	w.t.Helper()
	changes := map[string][]integrity.Change{}
	for _, g := range groups {
		list, _, _, err := w.Changes(w.ctx, w.eve, g.Ref, integrity.Filter{Limit: 1000})
		w.must(err)
		changes[g.Ref] = list
	}
	day := groups[len(groups)/2].Last
	type filter struct {
		f      integrity.Filter
		group  func(g *integrity.Group) bool
		change func(c *integrity.Change) bool // nil: all of its group
	}
	path := func(part string, begins bool) func(c *integrity.Change) bool {
		return func(c *integrity.Change) bool {
			return begins && strings.HasPrefix(c.Told.Path, part) || !begins && strings.Contains(strings.ToLower(c.Told.Path), part)
		}
	}
	any := func(*integrity.Group) bool { return true }
	for _, x := range []filter{
		{integrity.Filter{Program: "edit"}, func(g *integrity.Group) bool { return strings.HasSuffix(g.Program, "/edit") }, nil},
		{integrity.Filter{Program: "/opt/e1/bin/edit"}, func(g *integrity.Group) bool { return g.Program == "/opt/e1/bin/edit" }, nil},
		{integrity.Filter{Program: "nothing"}, func(*integrity.Group) bool { return false }, nil},
		{integrity.Filter{Login: "bob"}, func(g *integrity.Group) bool { return g.Login == "bob" }, nil},
		{integrity.Filter{Host: "h3"}, func(g *integrity.Group) bool { return g.Host == "h3" }, nil},
		{integrity.Filter{Host: "h3", Verdict: verdict.Unexplained}, func(g *integrity.Group) bool { return g.Host == "h3" && g.Verdict == verdict.Unexplained }, nil},
		{integrity.Filter{Verdict: verdict.Reverts}, func(g *integrity.Group) bool { return g.Verdict == verdict.Reverts }, nil},
		{integrity.Filter{Package: "pkg1"}, func(g *integrity.Group) bool {
			return slices.ContainsFunc(changes[g.Ref], func(c integrity.Change) bool { return c.Told.Package != nil && c.Told.Package.Name == "pkg1" })
		}, nil},
		{integrity.Filter{Class: verdict.Content}, func(g *integrity.Group) bool { return g.Content > 0 }, func(c *integrity.Change) bool { return c.Class == verdict.Content }},
		{integrity.Filter{Class: verdict.System}, func(g *integrity.Group) bool { return g.System > 0 }, func(c *integrity.Change) bool { return c.Class == verdict.System }},
		{integrity.Filter{Class: verdict.Configuration}, func(g *integrity.Group) bool { return g.Config > 0 }, func(c *integrity.Change) bool { return c.Class == verdict.Configuration }},
		{integrity.Filter{Path: "/usr"}, any, path("/usr", true)}, {integrity.Filter{Path: "/usr/lib/x3"}, any, path("/usr/lib/x3", true)}, {integrity.Filter{Path: "/srv"}, any, path("/srv", true)}, {integrity.Filter{Path: "x3"}, any, path("x3", false)},
		{integrity.Filter{Path: "/usr", Verdict: verdict.Unexplained}, func(g *integrity.Group) bool { return g.Verdict == verdict.Unexplained }, path("/usr", true)},
		{integrity.Filter{Path: "WWW", Host: "h2"}, func(g *integrity.Group) bool { return g.Host == "h2" }, path("www", false)},
		{integrity.Filter{To: day}, func(g *integrity.Group) bool { return g.Last.Before(day) }, nil},
	} {
		var want, wantChanges []string
		for i := range groups {
			g := &groups[i]
			one := false
			for k := range changes[g.Ref] {
				if c := &changes[g.Ref][k]; x.change == nil || x.change(c) {
					one = true
					if x.f.To.IsZero() && x.group(g) {
						wantChanges = append(wantChanges, c.Ref)
					}
				}
			}
			if one && x.group(g) {
				want = append(want, g.Ref)
			}
		}
		var got, gotChanges []string
		for f, more := x.f, true; more; more = f.After != "" {
			f.Limit = 11
			list, next, total, err := w.List(w.ctx, w.eve, f)
			w.must(err)
			for i := range list {
				got = append(got, list[i].Ref)
			}
			if f.After = next; total != int64(len(want)) {
				w.t.Errorf("%+v: %d groups are counted, there are %d", x.f, total, len(want))
			}
		}
		if !slices.Equal(got, want) {
			w.t.Errorf("%+v\n got %v\nwant %v", x.f, got, want)
		}
		if !x.f.To.IsZero() {
			continue
		}
		last := time.Time{}
		for f, more := x.f, true; more; more = f.After != "" {
			f.Limit = 23
			list, next, total, err := w.Changes(w.ctx, w.eve, "", f)
			w.must(err)
			for i := range list {
				gotChanges = append(gotChanges, list[i].Ref)
				if !last.IsZero() && list[i].At.After(last) {
					w.t.Errorf("%+v: %s comes after an older one", x.f, list[i].Ref)
				}
				last = list[i].At
			}
			if f.After = next; total != int64(len(wantChanges)) {
				w.t.Errorf("%+v: %d changes are counted, there are %d", x.f, total, len(wantChanges))
			}
		}
		slices.Sort(gotChanges)
		slices.Sort(wantChanges)
		if !slices.Equal(gotChanges, wantChanges) {
			w.t.Errorf("%+v\n got %v\nwant %v", x.f, gotChanges, wantChanges)
		}
	}
}
