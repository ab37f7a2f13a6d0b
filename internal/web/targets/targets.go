// Package targets is the screens of servers behind load balancers: which there are
// and how they are, and which failed, with how long each was away and what took
// its place. Rules are those of internal/operations/target.
package targets

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/target"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	targetsPath  = "/targets"
	failuresPath = "/targets/failures"
)

// Config is what the screens depend on. All is required.
type Config struct {
	// List gives the targets as last read and their failures, the newest first.
	List func(context.Context, access.Principal) ([]target.Target, []target.Failure, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /targets", Action: access.HostRead, Handle: s.targets},
			{Pattern: "GET /targets/failures", Action: access.HostRead, Handle: s.failures},
		},
		Pages: []screen.Page{{Section: "Operate", Name: "Targets", Path: targetsPath, Action: access.HostRead, Under: "Capacity"}},
		Lists: []screen.List{s.targetList(), s.failureList()},
	}
}

// states are what targets are chosen by.
var states = []string{"up", "down", "maint", "drain", "nolb", "unchecked", "unknown"}

var hows = []string{"open", target.Recovered, target.Replaced, target.Removed}

func (s *site) targetRows(r *screen.Request) (shown, all []target.Target, err error) {
	q := r.URL.Query()
	state, text := q.Get("state"), strings.ToLower(strings.TrimSpace(q.Get("q")))
	if state != "" && !slices.Contains(states, state) {
		return nil, nil, fault.New(fault.Invalid, "%q is no state of a target", state).At("", 0, "state").WithHint("%s", strings.Join(states, ", "))
	}
	if all, _, err = s.cfg.List(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, t := range all {
		if (state == "" || t.State == state) && (text == "" || strings.Contains(strings.ToLower(t.Backend+"/"+t.Name+" "+t.Address+" "+t.HostName), text)) {
			shown = append(shown, t)
		}
	}
	return shown, all, nil
}

func (s *site) failureRows(r *screen.Request) (shown, all []target.Failure, err error) {
	q := r.URL.Query()
	how, text := q.Get("how"), strings.ToLower(strings.TrimSpace(q.Get("q")))
	if how != "" && !slices.Contains(hows, how) {
		return nil, nil, fault.New(fault.Invalid, "%q is no end of a failure", how).At("", 0, "how").WithHint("%s", strings.Join(hows, ", "))
	}
	if _, all, err = s.cfg.List(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, f := range all {
		if (how == "" || howOf(&f) == how) && (text == "" || strings.Contains(strings.ToLower(f.Backend+"/"+f.Target+" "+f.Address+" "+f.By+" "+f.HostName), text)) {
			shown = append(shown, f)
		}
	}
	return shown, all, nil
}

func howOf(f *target.Failure) string {
	if f.Open() {
		return "open"
	}
	return f.How
}

// endWords say how a failure ended.
func endWords(f *target.Failure) string {
	switch f.How {
	case target.Replaced:
		return "replaced by " + f.By
	case "":
		return "still down"
	}
	return f.How
}

// span writes how long something lasted.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return ui.Many(int(d/time.Second), "second", "seconds")
	case d < 2*time.Hour:
		return ui.Many(int(d/time.Minute), "minute", "minutes")
	case d < 48*time.Hour:
		return ui.Many(int(d/time.Hour), "hour", "hours")
	}
	return ui.Many(int(d/(24*time.Hour)), "day", "days")
}

func (s *site) targetList() screen.List {
	type x = target.Target
	return screen.Declare(screen.List{Name: "targets", Title: "Targets of load balancers", Pattern: "GET " + targetsPath, Action: access.HostRead}, screen.Whole(func(r *screen.Request) ([]x, error) {
		shown, _, err := s.targetRows(r)
		return shown, err
	}), nil,
		screen.Column[x]{Key: "target", Title: "Target", Head: "=", Width: 30, Value: func(_ *screen.Cells, t x) any { return t.Backend + "/" + t.Name }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, t x) any { return t.State }},
		screen.Column[x]{Key: "since", Title: "Since", Head: "=", Value: func(c *screen.Cells, t x) any { return c.Words.At(t.Since).Text }},
		screen.Column[x]{Key: "address", Title: "Address", Head: "=", Width: 24, Value: func(_ *screen.Cells, t x) any { return t.Address }},
		screen.Column[x]{Key: "host", Title: "Load balancer", Head: "=", Value: func(_ *screen.Cells, t x) any { return t.HostName }},
		screen.Column[x]{Key: "failures", Title: "Failures", Head: "=", Value: func(_ *screen.Cells, t x) any { return int64(t.Failures) }},
		screen.Column[x]{Key: "backup", Title: "Backup", Value: func(_ *screen.Cells, t x) any { return t.Backup }},
		screen.Column[x]{Key: "why", Title: "Last check", Width: 30, Value: func(_ *screen.Cells, t x) any { return t.Why }})
}

func (s *site) failureList() screen.List {
	type x = target.Failure
	return screen.Declare(screen.List{Name: "target-failures", Title: "Failures of targets", Pattern: "GET " + failuresPath, Action: access.HostRead}, screen.Whole(func(r *screen.Request) ([]x, error) {
		shown, _, err := s.failureRows(r)
		return shown, err
	}), nil,
		screen.Column[x]{Key: "target", Title: "Target", Head: "=", Width: 30, Value: func(_ *screen.Cells, f x) any { return f.Backend + "/" + f.Target }},
		screen.Column[x]{Key: "down", Title: "Down", Head: "=", Value: func(c *screen.Cells, f x) any { return c.Words.At(f.Down).Text }},
		screen.Column[x]{Key: "ended", Title: "Over", Head: "=", Value: func(c *screen.Cells, f x) any { return c.Words.At(f.Ended).Text }},
		screen.Column[x]{Key: "lasted", Title: "Lasted", Head: "=", Value: func(c *screen.Cells, f x) any { return span(f.Lasted(c.Now)) }},
		screen.Column[x]{Key: "seconds", Title: "Seconds", Value: func(c *screen.Cells, f x) any { return int64(f.Lasted(c.Now) / time.Second) }},
		screen.Column[x]{Key: "end", Title: "How it ended", Head: "=", Width: 30, Value: func(_ *screen.Cells, f x) any { return endWords(&f) }},
		screen.Column[x]{Key: "address", Title: "Address", Width: 24, Value: func(_ *screen.Cells, f x) any { return f.Address }},
		screen.Column[x]{Key: "why", Title: "Check", Width: 30, Value: func(_ *screen.Cells, f x) any { return f.Why }},
		screen.Column[x]{Key: "host", Title: "Load balancer", Head: "=", Value: func(_ *screen.Cells, f x) any { return f.HostName }},
		screen.Column[x]{Key: "unseen", Title: "Times between two readings", Value: func(_ *screen.Cells, f x) any { return f.Unseen }})
}

// empty teaches what has to be there before anything stands here.
func empty(title string) *ui.Empty {
	return &ui.Empty{Title: title, Text: "The agent reads HAProxy on the hosts that have it: each server behind it, whether it is up, and since when. It needs a stats socket and mostly root. nginx does not tell the state of its servers.",
		Criteria: []ui.Link{{Text: "A1.2", Href: "/criteria/A1.2"}, {Text: "CC7.2", Href: "/criteria/CC7.2"}}, Until: "Who has no load balancer of their own may leave this empty.", Actions: []ui.Link{{Text: "Hosts", Href: "/hosts"}}}
}

// page cuts a list at the key after which it goes on.
func page[T any](all []T, after string, key func(T) string) (part []T, next string) {
	if after != "" {
		all = all[slices.IndexFunc(all, func(x T) bool { return key(x) == after })+1:]
	}
	if len(all) > screen.PageSize {
		return all[:screen.PageSize], key(all[screen.PageSize-1])
	}
	return all, ""
}

func chips[T any](q url.Values, path, field string, all []T, value func(T) string, pairs ...[2]string) []ui.Chip {
	var out []ui.Chip
	for _, p := range pairs {
		n := 0
		for _, x := range all {
			if p[1] == "" || value(x) == p[1] {
				n++
			}
		}
		if n > 0 || p[1] == "" || q.Get(field) == p[1] {
			out = append(out, ui.Chip{Text: p[0] + " " + ui.Number(n), Href: screen.With(q, path, field, p[1], "after", ""), Current: q.Get(field) == p[1]})
		}
	}
	return out
}

// targets answers: is everything up that stands behind our load balancers?
func (s *site) targets(w http.ResponseWriter, r *screen.Request) error {
	shown, all, err := s.targetRows(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	down, unknown, other := 0, 0, 0
	for _, t := range all {
		switch t.State {
		case "down", "nolb":
			down++
		case "unknown":
			unknown++
		case "up":
		default:
			other++
		}
	}
	v := ui.ListView{Title: "Every server behind the load balancers is up", Note: "As HAProxy itself told the agents of its hosts. How long each failure lasted and what took its place stands under Failures.", More: []ui.Link{{Text: "Failures", Href: failuresPath}}, Labels: []string{"State"}, None: "No target matches.", Undo: targetsPath,
		Chips:  [][]ui.Chip{chips(q, targetsPath, "state", all, func(t target.Target) string { return t.State }, [2]string{"All", ""}, [2]string{"Up", "up"}, [2]string{"Down", "down"}, [2]string{"Maintenance", "maint"}, [2]string{"Drained", "drain"}, [2]string{"Not checked", "unchecked"}, [2]string{"Not known", "unknown"})},
		Search: ui.SearchBox{Path: targetsPath, Value: q.Get("q"), Label: "Target, address, host", Hidden: screen.Hidden("state", q.Get("state"))},
		Table:  ui.Table{Caption: "Targets by load balancer", Columns: []ui.Column{{Text: "Target"}, {Text: "State"}, {Text: "Since"}, {Text: "Address"}, {Text: "Load balancer"}, {Text: "Failures"}}}}
	switch {
	case len(all) == 0:
		v.Title, v.Empty = "No load balancer is read yet", empty("Servers behind HAProxy stand here")
	case down > 0:
		v.Title = ui.Many(down, "server", "servers") + " behind the load balancers " + map[bool]string{true: "is", false: "are"}[down == 1] + " down"
	case unknown > 0:
		v.Title = "Of " + ui.Many(unknown, "server", "servers") + " it is not known whether it is up"
	case other > 0:
		v.Title = "No server behind the load balancers is down, " + ui.Number(other) + " " + map[bool]string{true: "is", false: "are"}[other == 1] + " out of service or not checked"
	}
	part, next := page(shown, q.Get("after"), func(t target.Target) string { return t.Host + " " + t.Backend + "/" + t.Name })
	for _, t := range part {
		state := ui.Cell{Text: t.State, Bad: t.State == "down" || t.State == "nolb", Muted: t.State != "up" && t.State != "down" && t.State != "nolb", Meta: t.Why}
		failures := ui.Cell{Text: "none", Muted: true}
		if t.Failures > 0 {
			failures = ui.Cell{Links: []ui.Link{{Text: ui.Number(t.Failures), Href: failuresPath + "?" + url.Values{"q": {t.Backend + "/" + t.Name}}.Encode()}}}
		}
		row := ui.TableRow{Head: ui.Link{Text: t.Backend + "/" + t.Name, Href: "/hosts/" + t.Host + "/sections/haproxy"}, Cells: []ui.Cell{state, {Moment: r.Words.At(t.Since)}, {Text: t.Address}, {Links: []ui.Link{{Text: t.HostName, Href: "/hosts/" + t.Host}}}, failures}}
		if t.Backup {
			row.Tag = "backup"
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = screen.Pager(len(part), int64(len(shown)), q, targetsPath, next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Targets", "Operate", "Targets"), v))
}

// failures answers: what failed, how long, and was it replaced?
func (s *site) failures(w http.ResponseWriter, r *screen.Request) error {
	shown, all, err := s.failureRows(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	open := 0
	var longest time.Duration
	for i := range all {
		if all[i].Open() {
			open++
		} else {
			longest = max(longest, all[i].Lasted(r.Now))
		}
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Targets", Href: targetsPath}, {Text: "Failures"}}, Title: ui.Many(len(all), "failure", "failures") + " of targets, the longest " + span(longest),
		Note: "A failure begins when HAProxy takes a server out and ends when it is up again, another address has taken its place, or it was taken out of the file. Silence ends nothing.", Labels: []string{"How it ended"}, None: "No failure matches.", Undo: failuresPath,
		Chips:  [][]ui.Chip{chips(q, failuresPath, "how", all, func(f target.Failure) string { return howOf(&f) }, [2]string{"All", ""}, [2]string{"Still down", "open"}, [2]string{"Recovered", target.Recovered}, [2]string{"Replaced", target.Replaced}, [2]string{"Removed", target.Removed})},
		Search: ui.SearchBox{Path: failuresPath, Value: q.Get("q"), Label: "Target, address, host", Hidden: screen.Hidden("how", q.Get("how"))},
		Table:  ui.Table{Caption: "Failures, the newest first", Columns: []ui.Column{{Text: "Target"}, {Text: "Down"}, {Text: "Over"}, {Text: "Lasted"}, {Text: "How it ended"}, {Text: "Load balancer"}}}}
	switch {
	case len(all) == 0:
		v.Title, v.Empty = "No target has failed", empty("What fails is kept here, with what became of it")
	case open > 0:
		v.Title = ui.Many(open, "target is", "targets are") + " down now"
	}
	part, next := page(shown, q.Get("after"), func(f target.Failure) string { return f.ID })
	for i := range part {
		f := &part[i]
		over := ui.Cell{Text: "not yet", Bad: true}
		if !f.Open() {
			over = ui.Cell{Moment: r.Words.At(f.Ended)}
		}
		end := ui.Cell{Text: endWords(f), Bad: f.Open(), Meta: f.Why}
		if f.Unseen > 0 {
			end.Meta = ui.Many(int(f.Unseen), "time", "times") + " between two readings"
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: f.Backend + "/" + f.Target, Href: "/hosts/" + f.Host}, Meta: f.Address,
			Cells: []ui.Cell{{Moment: r.Words.At(f.Down)}, over, {Text: span(f.Lasted(r.Now))}, end, {Text: f.HostName}}})
	}
	v.Table.Pager = screen.Pager(len(part), int64(len(shown)), q, failuresPath, next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Failures of targets", "Operate", "Targets"), v))
}
