package upkeep

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/internal/simulation/patching"
	"github.com/attesta/attesta/internal/simulation/years"
	"github.com/attesta/attesta/internal/wire"
)

func makeIntegrity(o *years.Stage) error {
	var mark string
	var owners *roster.Owners
	o.Integrity = integrity.New(integrity.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Changes: o.Changes, Clock: o.Clock, Version: "demonstration", Silent: o.Outcomes.Silent,
		Person: func(ctx context.Context, hostID, login string) (string, error) {
			now, err := o.People.Mark(ctx)
			if err != nil {
				return "", err
			}
			if owners == nil || now != mark {
				if owners, err = o.People.Owners(ctx); err != nil {
					return "", err
				}
				mark = now
			}
			id := owners.Of(hostID, login, "", login == "root")
			if p := owners.People[id]; p != nil {
				id = cmp.Or(p.UserID, id)
			}
			return id, nil
		}})
	o.Baselines = baseline.New(baseline.Config{DB: o.DB, Ledger: o.Ledger, Asks: o.Asks, Integrity: o.Integrity, Changes: o.Changes, Clock: o.Clock})
	return nil
}

// begun is the day on which the first hosts watch their files, and after how many days
// more those of each kind do.
const begun = 142

var after = map[string]int{"stage": 0, "build": 0, "worker": 5, "app": 7, "web": 12, "db": 14}

// agents are those of the hosts that watch their files.
type agents struct {
	o       *years.Stage
	c       *years.Calendar
	of      map[string]*patching.Watch // by source
	waiting bool                       // something was asked
	refs    map[string]string          // groups by what they are called here
}

// yearOfIntegrity is hosts that watch their files: packages that come each month, work
// under tokens, runs of a tool, and what nobody accounts for, most of which is
// explained or undone. The rest lies open at the end.
func yearOfIntegrity(o *years.Stage, c *years.Calendar) error {
	a := &agents{o: o, c: c, of: map[string]*patching.Watch{}, refs: map[string]string{}}
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+55*time.Minute, false, "agents watch files", func(ctx context.Context) error {
			if o.Clock().Before(c.Day(begun)) {
				return nil
			}
			if i == 1 {
				if err := a.join(ctx); err != nil {
					return err
				}
			}
			if err := a.answer(ctx); err != nil {
				return err
			}
			return o.Integrity.Turn(ctx)
		})
	}
	a.packages()
	a.tickets()
	a.runs()
	a.hands()
	a.baselines()
	c.On(297, "a host falls back to a lesser way of watching", func(ctx context.Context) error {
		return a.mode(ctx, "web", 2, "inotify", facts.WatchingRefusal{Kind: "fanotify", Reason: "fanotify_init: operation not permitted: the unit of the agent lacks CAP_SYS_ADMIN"})
	})
	c.On(306, "and its unit is mended", func(ctx context.Context) error { return a.mode(ctx, "web", 2, "fanotify") })
	c.On(344, "another falls back", func(ctx context.Context) error {
		return a.mode(ctx, "worker", 0, "inotify", facts.WatchingRefusal{Kind: "fanotify", Reason: "fanotify_mark /srv: function not implemented: the file system takes no marks"})
	})
	return nil
}

// join lets hosts that are to watch their files by now do so.
func (a *agents) join(ctx context.Context) error {
	hosts, err := here(ctx, a.o)
	if err != nil {
		return err
	}
	now := a.o.Clock()
	for i := range hosts {
		h := &hosts[i]
		if a.of[h.Source] != nil || now.Before(a.c.Day(begun+after[kindOf(h.Name)])) {
			continue
		}
		w := &patching.Watch{Host: h.Name, Mode: "fanotify", Since: now.Add(-4 * time.Minute), CandidateAt: now.Add(-20 * time.Minute)}
		if kindOf(h.Name) == "stage" {
			w.Mode, w.Refused = "polling", []facts.WatchingRefusal{{Kind: "fanotify", Reason: "fanotify_init: operation not permitted: the host is a container without CAP_SYS_ADMIN"}, {Kind: "inotify", Reason: "inotify_add_watch /usr/share: no space left on device: fs.inotify.max_user_watches is 8192"}}
		}
		w.Take(patching.Sum("root", h.Name, "first"), "", "")
		a.of[h.Source] = w
		if err := a.says(ctx, h.Source); err != nil {
			return err
		}
	}
	return nil
}

// says lets an agent say how it watches.
func (a *agents) says(ctx context.Context, source string) error {
	w, now := a.of[source], a.o.Clock()
	sec, err := w.Section()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(sec)
	if err != nil {
		return err
	}
	var none int64
	items := []json.RawMessage{raw}
	err = a.o.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := a.o.Hosts.ReceiveFacts(ctx, tx, host.Batch{Source: source, SourceName: w.Host, Stream: "watching", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: sec.Digest, AgentVersion: "0.1.0", Items: items}); err != nil {
			return err
		}
		return a.o.Integrity.Facts(ctx, tx, integrity.Batch{Source: source, Name: w.Host, ObservedAt: now, OffsetUs: &none, ReceivedAt: now, Items: items})
	})
	if err != nil {
		return fmt.Errorf("the watching of %s: %w", w.Host, err)
	}
	a.o.Reports(source, sec.Name, sec.Digest)
	return nil
}

// mode has a host watch in another way.
func (a *agents) mode(ctx context.Context, kind string, n int, mode string, refused ...facts.WatchingRefusal) error {
	all, err := a.watched(ctx, kind)
	if err != nil || len(all) == 0 {
		return err
	}
	w := a.of[all[min(n, len(all)-1)].Source]
	w.Mode, w.Refused, w.Since = mode, refused, a.o.Clock().Add(-time.Minute)
	return a.says(ctx, all[min(n, len(all)-1)].Source)
}

// watched gives the hosts of a kind that watch their files and are heard; "" of all.
func (a *agents) watched(ctx context.Context, kind string) ([]host.Host, error) {
	hosts, err := here(ctx, a.o)
	return slices.DeleteFunc(hosts, func(h host.Host) bool {
		return a.of[h.Source] == nil || kind != "" && kindOf(h.Name) != kind
	}), err
}

// send lets an agent tell of changes.
func (a *agents) send(ctx context.Context, h *host.Host, list []wire.FileChange) error {
	now := a.o.Clock()
	var items []json.RawMessage
	for _, c := range list {
		raw, err := json.Marshal(c)
		if err != nil {
			return err
		}
		items = append(items, raw)
	}
	if len(items) == 0 {
		return nil
	}
	var none int64
	err := a.o.DB.Tx(ctx, func(tx *sql.Tx) error {
		return a.o.Integrity.Receive(ctx, tx, integrity.Batch{Source: h.Source, Name: h.Name, ObservedAt: now, OffsetUs: &none, ReceivedAt: now, Items: items})
	})
	if err != nil {
		return fmt.Errorf("changed files of %s: %w", h.Name, err)
	}
	return nil
}

// answer lets agents answer what they are asked of their files.
func (a *agents) answer(ctx context.Context) error {
	if !a.waiting {
		return nil
	}
	hosts, err := a.watched(ctx, "")
	if err != nil {
		return err
	}
	for a.waiting = false; ; {
		more := false
		for i := range hosts {
			answered, err := a.answers(ctx, &hosts[i])
			if err != nil {
				return fmt.Errorf("the answer of %s: %w", hosts[i].Name, err)
			}
			more = more || answered
		}
		if !more {
			return nil
		}
	}
}

// answers lets one host answer, and says whether it had been asked.
func (a *agents) answers(ctx context.Context, h *host.Host) (bool, error) {
	w, now := a.of[h.Source], a.o.Clock()
	taken, n := false, 0
	err := a.o.DB.Tx(ctx, func(tx *sql.Tx) error {
		list, err := a.o.Asks.For(ctx, tx, h.Source)
		if err != nil {
			return err
		}
		for _, q := range list {
			answer := wire.Answer{ID: q.ID, Kind: q.Kind, At: now}
			var result any
			switch q.Kind {
			case wire.AskSnapshot:
				if w.Mode == "polling" && w.Candidate != "" {
					answer.Refuse = "the state directory has no room for a second snapshot: 41 MB are free"
					break
				}
				result = w.Snapshot(now.Add(-2 * time.Minute))
			case wire.AskDrill:
				var args wire.AskDrillArgs
				if err := json.Unmarshal(q.Args, &args); err != nil {
					return err
				}
				result = w.Drill(args)
			case wire.AskAccept:
				result, taken = wire.AcceptResult{Root: w.Candidate}, true
			default:
				continue
			}
			n++
			if answer.Refuse == "" {
				if answer.Result, err = json.Marshal(result); err != nil {
					return err
				}
			}
			raw, err := json.Marshal(answer)
			if err != nil {
				return err
			}
			if err := a.o.Asks.Receive(ctx, tx, h.Source, []json.RawMessage{raw}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !taken {
		return n > 0, err
	}
	seen, err := a.o.Integrity.Host(ctx, access.System(), h.Source)
	if err != nil {
		return true, err
	}
	w.Take(w.Candidate, seen.Baseline.Approval, seen.Baseline.By)
	return true, a.says(ctx, h.Source)
}

// baselines are snapshots that are asked for, approved, refused, left waiting, and
// held against one another.
func (a *agents) baselines() {
	ask := func(day int, who string, kinds ...string) {
		a.c.On(day, "snapshots are asked for", func(ctx context.Context) error {
			var ids []string
			for _, k := range kinds {
				all, err := a.watched(ctx, k)
				if err != nil {
					return err
				}
				for i := range all {
					ids = append(ids, all[i].Source)
				}
			}
			if len(ids) == 0 {
				return nil
			}
			a.waiting = true
			_, err := a.o.Baselines.AskFor(ctx, a.o.Cast[who], ids)
			return err
		})
	}
	decide := func(day int, who string, say func(i int, b *baseline.Content) (approve, reason string)) {
		a.c.On(day, "snapshots are looked at", func(ctx context.Context) error {
			list, _, err := a.o.Baselines.List(ctx, a.o.Cast[who], baseline.Filter{State: baseline.Candidate, Limit: 200})
			if err != nil {
				return err
			}
			slices.SortFunc(list, func(x, y baseline.Object) int { return cmp.Compare(x.Content.Host, y.Content.Host) })
			for i := range list {
				b := &list[i]
				what, reason := say(i, &b.Content)
				switch what {
				case "approve":
					_, err = a.o.Baselines.Approve(ctx, a.o.Cast[who], b.Ref, b.Seq, reason)
					if fault.Is(err, fault.Conflict) {
						err = nil // something lies open on it: it waits
					}
					a.waiting = true
				case "refuse":
					_, err = a.o.Baselines.Refuse(ctx, a.o.Cast[who], b.Ref, b.Seq, reason)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	ask(begun+17, "tomas", "")
	decide(begun+19, "ines", func(_ int, b *baseline.Content) (string, string) {
		if kindOf(b.Host) == "stage" {
			return "", "" // nobody answers for what is on it
		}
		return "approve", "Compared with the image that the host was made from; what differs came by package or by ansible."
	})
	ask(328, "tomas", "db", "app", "stage")
	decide(331, "ines", func(i int, b *baseline.Content) (string, string) {
		switch kindOf(b.Host) {
		case "db":
			return "approve", "The databases after the move to PostgreSQL 16 and its first two updates. All that differs came by package, but for the settings of " + a.refs["ticket connections"] + "."
		case "app":
			if i == 0 {
				return "refuse", "A line for debugging is still in its settings. Take it out and ask again."
			}
		}
		return "", ""
	})
	compare := func(day int, who, kind string) {
		a.c.On(day, "two hosts are compared", func(ctx context.Context) error {
			all, err := a.watched(ctx, kind)
			if err != nil || len(all) < 2 {
				return err
			}
			a.waiting = true
			_, err = a.o.Baselines.Compare(ctx, a.o.Cast[who], all[0].Source, all[1].Source, "baseline")
			return err
		})
	}
	compare(256, "tomas", "app")
	compare(341, "amara", "web")
}
