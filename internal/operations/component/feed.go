package component

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
)

// Changed takes in what a batch changed of a host, in the batch's transaction: what
// appeared, what went, and what that comes to.
func (s *Service) Changed(ctx context.Context, tx *sql.Tx, news host.News) error {
	f := feed{tx: tx, s: s, host: news.Host.ID, name: news.Host.Name, at: news.At, found: map[string]Seen{}}
	for _, d := range news.Sections {
		if err := f.links(ctx, d); err != nil {
			return err
		}
		for _, p := range Derive(*d) {
			if err := f.part(ctx, p); err != nil {
				return err
			}
		}
	}
	if err := f.record(ctx); err != nil {
		return err
	}
	n, err := s.settle(ctx, tx, perTx)
	if n == perTx { // there may be more, which need not wait in this batch
		s.Wake()
	}
	return err
}

// feed is a batch under way.
type feed struct {
	tx         *sql.Tx
	s          *Service
	host, name string
	at         time.Time
	found      map[string]Seen // what no host had before
	again      []string        // what was gone and is back
}

func idsOf(list []Seen) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.ID()
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func digestOf(ids []string) string {
	sum := sha256.Sum256([]byte(strings.Join(ids, " ")))
	return hex.EncodeToString(sum[:])
}

// without gives what is in a and not in b; both are sorted.
func without(a, b []string) (out []string) {
	for _, x := range a {
		if _, there := slices.BinarySearch(b, x); !there {
			out = append(out, x)
		}
	}
	return out
}

// part takes in one part of the host.
func (f *feed) part(ctx context.Context, p Part) error {
	was, err := heldBy(ctx, f.tx, f.host, p.Name)
	if err != nil {
		return err
	}
	now := held{set: was.set, since: was.since}
	if !was.known {
		now.since = f.at
	}
	if !p.Known() { // what it was stays, and cannot be looked at
		now.state, now.reason = string(p.State), p.Reason
		if now.state == was.state && now.reason == was.reason && was.known {
			return nil
		}
		if err := putHeld(ctx, f.tx, f.host, p.Name, now, f.at); err != nil {
			return err
		}
		return stir(ctx, f.tx, now.set)
	}
	ids := idsOf(p.Seen)
	digest := digestOf(ids)
	next, err := setOf(ctx, f.tx, p.Name, digest)
	if err != nil {
		return err
	}
	if next.id != "" && next.id == was.set {
		if was.state == "" {
			return nil
		}
		if err := putHeld(ctx, f.tx, f.host, p.Name, now, f.at); err != nil {
			return err
		}
		return stir(ctx, f.tx, now.set)
	}
	old, err := members(ctx, f.tx, was.set)
	if err != nil {
		return err
	}
	slices.Sort(old)
	came, went := without(ids, old), without(old, ids)
	if err := f.discover(ctx, p.Seen, came, next.id != ""); err != nil {
		return err
	}
	if now.set, err = f.move(ctx, was.set, next, p.Name, digest, ids, came, went); err != nil {
		return err
	}
	if err := putHeld(ctx, f.tx, f.host, p.Name, now, f.at); err != nil {
		return err
	}
	if was.set != "" { // of a host that reports for the first time its arrival says it all
		if err := insertEvents(ctx, f.tx, came, f.host, f.name, "appeared", f.at); err != nil {
			return err
		}
		if err := insertEvents(ctx, f.tx, went, f.host, f.name, "gone", f.at); err != nil {
			return err
		}
	}
	still, err := anywhere(ctx, f.tx, went)
	if err != nil {
		return err
	}
	if err := vanish(ctx, f.tx, slices.DeleteFunc(slices.Clone(went), func(id string) bool { return still[id] }), f.name, f.at); err != nil {
		return err
	}
	if err := stirThese(ctx, f.tx, went); err != nil {
		return err
	}
	if was.set == "" || was.state != "" {
		return stir(ctx, f.tx, now.set)
	}
	return stirThese(ctx, f.tx, came)
}

// discover puts into the register what came and was not there. A set that another
// host has already holds nothing new.
func (f *feed) discover(ctx context.Context, seen []Seen, came []string, shared bool) error {
	if shared || len(came) == 0 {
		return nil
	}
	there, gone, err := standingOf(ctx, f.tx, came)
	if err != nil {
		return err
	}
	var fresh []Seen
	var again []string
	for _, x := range seen {
		id := x.ID()
		if _, mine := slices.BinarySearch(came, id); !mine {
			continue
		}
		if !there[id] {
			if _, twice := f.found[id]; !twice {
				f.found[id] = x
				fresh = append(fresh, x)
			}
		} else if gone[id] {
			again = append(again, id)
		}
	}
	judged, err := baselines(ctx, f.tx)
	if err != nil {
		return err
	}
	if err := insertComponents(ctx, f.tx, fresh, judged, f.host, f.name, f.at); err != nil {
		return err
	}
	f.again = append(f.again, again...)
	return back(ctx, f.tx, again)
}

// move brings the host from one set to another, and gives that one's id. A set that
// only this host has is changed in place; one that nobody has any more is dropped.
func (f *feed) move(ctx context.Context, from string, to set, part, digest string, all, came, went []string) (string, error) {
	sharers := int64(0)
	var err error
	if from != "" {
		if sharers, err = hostsOf(ctx, f.tx, from); err != nil {
			return "", err
		}
	}
	switch {
	case to.id != "":
		if err := countSet(ctx, f.tx, to.id, 1); err != nil {
			return "", err
		}
	case sharers == 1:
		if err := addMembers(ctx, f.tx, from, came); err != nil {
			return "", err
		}
		if err := dropMembers(ctx, f.tx, from, went); err != nil {
			return "", err
		}
		return from, renameSet(ctx, f.tx, from, digest)
	default:
		to.id = ids.New("cms", f.s.cfg.Clock())
		if err := insertSet(ctx, f.tx, to.id, part, digest); err != nil {
			return "", err
		}
		if err := addMembers(ctx, f.tx, to.id, all); err != nil {
			return "", err
		}
	}
	switch {
	case sharers > 1:
		err = countSet(ctx, f.tx, from, -1)
	case sharers == 1:
		err = dropSet(ctx, f.tx, from)
	}
	return to.id, err
}

// record writes into the ledger that components were found.
func (f *feed) record(ctx context.Context) error {
	all := f.again
	for id := range f.found {
		all = append(all, id)
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	all = slices.Compact(all)
	entry, err := f.s.cfg.Ledger.Append(ctx, f.tx, ledger.Entry{Type: "components.found", Stream: "components", Actor: "system", Subject: f.host, Data: map[string]any{"count": int64(len(all)), "digest": digestOf(all)}})
	if err != nil {
		return err
	}
	return insertSpans(ctx, f.tx, all, f.at, entry)
}

// links keeps how the host is known on its links, and has machines looked at that it
// turns out to be.
func (f *feed) links(ctx context.Context, d *facts.Decoded) error {
	macs, gateways, ok := links(*d)
	if !ok {
		return nil
	}
	if err := putLinks(ctx, f.tx, f.host, macs, gateways); err != nil {
		return err
	}
	var machines []string
	for _, m := range macs {
		machines = append(machines, Seen{Kind: Machine, Identity: [][2]string{{"mac", m}}}.ID())
	}
	return stirMachines(ctx, f.tx, machines)
}

// holdFound is kind Refused where components that were found are gone from the
// register.
func holdFound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	list, err := foundBy(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	slices.Sort(list)
	if n, _ := rec.Data["count"].(int64); int(n) != len(list) || rec.Data["digest"] != digestOf(list) {
		return changedOutside(rec, "the components that it found are others in the register")
	}
	return nil
}
