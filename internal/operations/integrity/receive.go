package integrity

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/integrity/pathstate"
	"github.com/attesta/attesta/internal/operations/integrity/told"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/proof/permit"
)

// Batch is what an agent sent, of kind changes.
type Batch struct {
	Source     string // "src_…", from its certificate
	Name       string // as enrolled
	ObservedAt time.Time
	OffsetUs   *int64 // its clock minus ours, in microseconds; nil: not known
	ReceivedAt time.Time
	Items      []json.RawMessage
}

// late is how far before the batch that came before it a change may have happened:
// an agent waits until a package manager is done.
const late = 30 * time.Minute

// shown is how many paths a group names without its list.
const shown = 5

// work is a batch under way.
type work struct {
	s     *Service
	tx    *sql.Tx
	b     Batch
	host  Watched
	first bool // nothing was known of the host before

	states   pathstate.States  // by place
	dirty    map[string]bool   // places whose state changed
	groups   map[string]*Group // by cause: the newest
	touched  map[int64]*Group  // by number: to be written
	fresh    map[int64]bool    // to be inserted
	pkgs     map[int64]map[[2]string]int64
	added    map[int64][]row // by group
	undone   map[int64]map[int64]time.Time
	persons  map[string]string
	tokens   map[string]*verdict.Permit // by id
	matching []*verdict.Permit          // of them those for this host that nobody need show
	texts    map[string]string          // of a shown token: its id
	refused  map[string]string          // of a shown token: why it is none
	used     map[string]*tokenUse       // by id
	openNow  bool                       // what lies open changed
}

// row is a change to be written.
type row struct {
	seq     int64
	c       *verdict.Change
	at      time.Time
	v       verdict.Verdict
	undone  time.Time
	bodySeq int64
	class   verdict.Class
}

// Receive takes in a batch of changes, within the transaction that records it: it
// stores what is new, judges it, groups it, and lets what follows be judged. An
// error of kind Invalid means that the batch itself is wrong.
func (s *Service) Receive(ctx context.Context, tx *sql.Tx, b Batch) error {
	all := make([]verdict.Change, 0, len(b.Items))
	for i, raw := range b.Items {
		c, err := verdict.Parse(i, raw)
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	w := &work{s: s, tx: tx, b: b, states: pathstate.States{}, dirty: map[string]bool{}, groups: map[string]*Group{}, touched: map[int64]*Group{}, fresh: map[int64]bool{}, pkgs: map[int64]map[[2]string]int64{}, added: map[int64][]row{},
		undone: map[int64]map[int64]time.Time{}, persons: map[string]string{}, tokens: map[string]*verdict.Permit{}, texts: map[string]string{}, refused: map[string]string{}, used: map[string]*tokenUse{}}
	var err error
	if w.host, w.first, err = s.lock(ctx, tx, b.Source, b.Name, b.ReceivedAt); err != nil {
		return err
	}
	if err := w.take(ctx, all); err != nil {
		return err
	}
	if at := w.place(b.ObservedAt); at.After(w.host.Last) {
		w.host.Last = at
	}
	w.first = w.first || w.host.Gone
	w.host.Gone = false
	if err := w.write(ctx); err != nil {
		return err
	}
	if !w.openNow && !w.first {
		return saveWatched(ctx, tx, &w.host)
	}
	return s.say(ctx, tx, &w.host)
}

// lock gives the row of a host, made where there is none, which nobody else changes
// until the transaction ends.
func (s *Service) lock(ctx context.Context, tx *sql.Tx, source, name string, now time.Time) (Watched, bool, error) {
	h, first, err := lockWatched(ctx, tx, source, name, now)
	if err != nil || h.HostID != "" {
		return h, first, err
	}
	h.HostID, err = hostOf(ctx, tx, source, &h.Name)
	return h, first, err
}

// place says when something happened, by our clock: never after it was received,
// and of a clock that was set back nothing is believed.
func (w *work) place(t time.Time) time.Time {
	if w.b.OffsetUs != nil {
		t = t.Add(-time.Duration(*w.b.OffsetUs) * time.Microsecond)
	}
	if t.After(w.b.ReceivedAt) || !w.host.Last.IsZero() && w.host.Last.Sub(t) > late {
		t = w.b.ReceivedAt
	}
	return t.UTC().Truncate(time.Microsecond)
}

// takes reports whether a change is one of its own: a directory of which nothing
// differs but what follows from its entries is told by them.
func takes(c *verdict.Change) bool { return !c.Listing }

func (w *work) take(ctx context.Context, all []verdict.Change) error {
	ids := make([]string, 0, len(all))
	for i := range all {
		ids = append(ids, all[i].ID)
	}
	known, err := knownIDs(ctx, w.tx, w.b.Source, ids)
	if err != nil {
		return err
	}
	var list []*verdict.Change
	places := map[string]bool{}
	for i := range all {
		c := &all[i]
		if known[c.ID] || !takes(c) {
			continue
		}
		if c.Raw, err = told.Compact(c.Raw); err != nil {
			return err
		}
		known[c.ID] = true // twice in one batch
		list = append(list, c)
		places[pathstate.Place(c.Path)] = true
		if c.From != "" {
			places[pathstate.Place(c.From)] = true
		}
	}
	if len(list) == 0 {
		return nil
	}
	if w.states, err = pathstate.Read(ctx, w.tx, w.b.Source, slices.Sorted(maps.Keys(places))); err != nil {
		return err
	}
	if err := w.readTokens(ctx, list); err != nil {
		return err
	}
	for _, c := range list {
		if err := w.one(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// readTokens reads the tokens that were shown, and those that hold at the time.
func (w *work) readTokens(ctx context.Context, list []*verdict.Change) error {
	from, to := w.b.ReceivedAt, time.Time{}
	shown := map[string]bool{}
	for _, c := range list {
		at := w.place(c.Time)
		if at.Before(from) {
			from = at
		}
		if at.After(to) {
			to = at
		}
		for _, r := range c.Runs {
			shown[r.Token] = true
		}
	}
	var ids, runs []string
	if len(shown) > 0 {
		keys, err := w.s.cfg.Changes.Verifiers(ctx, w.tx)
		if err != nil {
			return err
		}
		for text := range shown {
			t, err := verified(text, keys)
			if err != nil {
				w.refused[text] = err.Error()
				continue
			}
			w.texts[text] = t.ID
			if t.Kind == permit.OfRun {
				runs = append(runs, t.ID)
			} else {
				ids = append(ids, t.ID)
			}
		}
	}
	given, err := w.s.cfg.Changes.Given(ctx, w.tx, from, to.Add(time.Microsecond), ids)
	if err != nil {
		return err
	}
	for _, t := range given {
		w.tokens[t.ID] = &verdict.Permit{Token: t.Token, Label: t.Change, MadeAt: t.MadeAt}
	}
	made, err := runTokens(ctx, w.tx, runs)
	if err != nil {
		return err
	}
	for _, t := range made {
		w.tokens[t.ID] = &verdict.Permit{Token: t.Token, Run: true, Label: t.Purpose(), MadeAt: t.MadeAt}
	}
	if w.used, err = tokenUses(ctx, w.tx, slices.Sorted(maps.Keys(w.tokens))); err != nil {
		return err
	}
	for id, u := range w.used {
		w.tokens[id].Used = int(u.used)
	}
	name := strings.ToLower(w.host.Name)
	for _, id := range slices.Sorted(maps.Keys(w.tokens)) {
		if t := w.tokens[id]; !t.Run && slices.ContainsFunc(t.Hosts, func(p string) bool { return permit.Match(strings.ToLower(p), name) }) {
			w.matching = append(w.matching, t)
		}
	}
	return nil
}

func verified(text string, keys []ed25519.PublicKey) (permit.Token, error) {
	return permit.Verify(text, keys...)
}

func (w *work) person(ctx context.Context, login string) (string, error) {
	if login == "" || w.s.cfg.Person == nil || w.host.HostID == "" {
		return "", nil
	}
	if p, ok := w.persons[login]; ok {
		return p, nil
	}
	p, err := w.s.cfg.Person(ctx, w.host.HostID, login)
	w.persons[login] = p
	return p, err
}

// judge decides on one change.
func (w *work) judge(ctx context.Context, c *verdict.Change, at time.Time) (verdict.Verdict, error) {
	in := verdict.Case{Change: c, At: at, Host: w.host.Name}
	var err error
	if in.Person, err = w.person(ctx, verdict.Login(c)); err != nil {
		return verdict.Verdict{}, err
	}
	presented := map[string]bool{}
	for _, r := range c.Runs {
		id, ok := w.texts[r.Token]
		if !ok {
			in.Refused = append(in.Refused, w.refused[r.Token])
			continue
		}
		t := w.tokens[id]
		if t == nil {
			in.Refused = append(in.Refused, "it is signed, and it is not in the register")
			continue
		}
		if !presented[id] {
			presented[id] = true
			in.Presented = append(in.Presented, *t)
		}
	}
	for _, t := range w.matching {
		if !presented[t.ID] {
			in.Matching = append(in.Matching, *t)
		}
	}
	if p := c.Package; p != nil && !p.Repository && w.s.cfg.Approved != nil {
		if in.Approved, err = w.s.cfg.Approved(ctx, w.tx, w.host.Name, p, at); err != nil {
			return verdict.Verdict{}, err
		}
	}
	return verdict.Judge(in), nil
}

func (w *work) one(ctx context.Context, c *verdict.Change) error {
	st := w.states.Of(c.Path)
	if st.Told(c) {
		return nil
	}
	at := w.place(c.Time)
	v, err := w.judge(ctx, c, at)
	if err != nil {
		return err
	}
	unexplained := !v.Kind.Authorised()
	var from *verdict.State // of where it was before
	ref := verdict.Ref{}
	if c.From != "" && c.From != c.Path {
		from, ref.With = w.states.Of(c.From), pathstate.Place(c.From)
	}
	back, itself := st.Take(c, ref, unexplained)
	reverts := len(back) > 0 // by what it did to its own path: that it left another excuses nothing
	w.dirty[pathstate.Place(c.Path)] = true
	if from != nil {
		back = append(back, from.Left(c, verdict.Ref{With: pathstate.Place(c.Path)}, unexplained)...)
		w.dirty[pathstate.Place(c.From)] = true
	}
	if reverts && unexplained && !v.Exceeded {
		v.Kind = verdict.Reverts
		v.Reason = "it made the path what it was before " + RefOf(back[0].Group)
		st.Forget()
		if from != nil {
			from.Forget()
		}
	}
	if itself && unexplained && c.Change == "changed" { // touched, or one more name given to it
		v.Reason = "what it holds and who may do what with it stayed; " + v.Reason
	}
	g, err := w.group(ctx, c, v, at)
	if err != nil {
		return err
	}
	r := row{seq: g.Count + 1, c: c, at: at, v: v, class: verdict.ClassIn(c.Path, w.content())}
	st.Name(verdict.Ref{Group: g.Number, Seq: r.seq})
	if from != nil {
		from.Name(verdict.Ref{Group: g.Number, Seq: r.seq})
	}
	if itself && unexplained {
		r.undone = at
		g.UndoneN++
	}
	if reverts && v.Kind == verdict.Unexplained { // beyond a token's limits, and back
		r.undone = at
		g.UndoneN++
	}
	for _, ref := range back {
		if other := w.states[ref.With]; other != nil && other.Holds(ref.Group, ref.Seq) {
			continue // half of a move
		}
		if w.undone[ref.Group] == nil {
			w.undone[ref.Group] = map[int64]time.Time{}
		}
		w.undone[ref.Group][ref.Seq] = at
	}
	w.grow(g, &r)
	if v.Counts != "" {
		w.count(v.Counts, at, false)
	} else if v.Exceeded {
		w.count(v.Evidence.Token, at, true)
	}
	if unexplained || len(back) > 0 {
		w.openNow = true
	}
	return nil
}

func (w *work) count(id string, at time.Time, exceeded bool) {
	u := w.used[id]
	if u == nil {
		u = &tokenUse{id: id, first: at, last: at}
		if t := w.tokens[id]; t != nil {
			u.label = t.Label
		}
		w.used[id] = u
	}
	u.dirty = true
	if at.After(u.last) {
		u.last = at
	}
	if exceeded {
		u.exceeded++
		return
	}
	u.used++
	w.tokens[id].Used++
}

// group gives the group that a change belongs to, made where there is none.
func (w *work) group(ctx context.Context, c *verdict.Change, v verdict.Verdict, at time.Time) (*Group, error) {
	cause := verdict.CauseOf(c, v)
	g, looked := w.groups[cause.Key]
	if !looked {
		var err error
		if g, err = newestOfCause(ctx, w.tx, w.b.Source, cause.Key); err != nil {
			return nil, err
		}
		w.groups[cause.Key] = g
	}
	if g != nil && g.State != Explained && cause.Fits(at, g.First, g.Last) {
		w.touched[g.Number] = g
		return g, nil
	}
	no, err := next(ctx, w.tx, "group")
	if err != nil {
		return nil, err
	}
	g = &Group{Number: no, Ref: RefOf(no), Source: w.b.Source, Verdict: v.Kind, State: Settled, Exceeded: v.Exceeded, Reason: v.Reason, Evidence: v.Evidence, First: at, Last: at, Known: w.b.ReceivedAt, Login: verdict.Login(c), User: verdict.User(c), Program: verdict.Program(c),
		Person: v.Evidence.Who, Token: v.Evidence.Token, Ticket: cmp.Or(v.Evidence.Change, v.Evidence.Tool), cause: cause.Key}
	if v.Kind == verdict.Unexplained {
		g.State = Open
	}
	if p := c.Package; p != nil {
		g.Manager, g.Command, g.AskedBy = p.Manager, p.Command, p.By
	}
	w.groups[cause.Key], w.touched[no], w.fresh[no] = g, g, true
	return g, nil
}

// content gives the trees that the host gives out, as its agent says.
func (w *work) content() []string {
	if w.host.Watching == nil {
		return nil
	}
	return w.host.Watching.Content
}

// grow adds a change to its group.
func (w *work) grow(g *Group, r *row) {
	g.Count++
	if r.at.Before(g.First) {
		g.First = r.at
	}
	if r.at.After(g.Last) {
		g.Last = r.at
	}
	switch r.class {
	case verdict.System:
		g.System++
	case verdict.Configuration:
		g.Config++
	default:
		g.Content++
	}
	if len(g.Paths) < shown && !slices.Contains(g.Paths, r.c.Path) {
		g.Paths = append(g.Paths, r.c.Path)
	}
	if g.Verdict == verdict.Unexplained && g.State == Undone && g.UndoneN < g.Count {
		g.State = Open
	}
	if g.Fleet == "" && g.Token != "" && (g.Verdict == verdict.ByTicket || g.Verdict == verdict.ByManagement) {
		g.Fleet = fleetOf(string(g.Verdict), g.Token, "", time.Time{}) // one token is one change, however many hosts and days it takes
	}
	if p := r.c.Package; p != nil && p.Name != "" {
		m := w.pkgs[g.Number]
		if m == nil {
			m = map[[2]string]int64{}
			w.pkgs[g.Number] = m
		}
		m[[2]string{p.Name, p.Version}]++
		if g.Package == "" {
			g.Package, g.Version, g.Origin = p.Name, p.Version, p.Origin
			if g.Verdict == verdict.ByPackage {
				g.Fleet = fleetOf(p.Manager, p.Name, p.Version, r.at)
			}
		}
	}
	w.added[g.Number] = append(w.added[g.Number], *r)
}

// fleetOf is equal for the same update on other hosts that day, or the same change.
func fleetOf(manager, name, version string, at time.Time) string {
	sum := sha256.Sum256([]byte(manager + "\x00" + name + "\x00" + version + "\x00" + at.UTC().Format(time.DateOnly)))
	return hex.EncodeToString(sum[:10])
}

// write stores what the batch came to.
func (w *work) write(ctx context.Context) error {
	batch := int64(0)
	if len(w.added) > 0 {
		var err error
		if batch, err = next(ctx, w.tx, "batch"); err != nil {
			return err
		}
	}
	if err := w.settleUndone(ctx, batch); err != nil {
		return err
	}
	var n, unexplained, exceeded int64
	order := slices.Sorted(maps.Keys(w.added))
	h := sha256.New()
	for _, no := range order {
		for i := range w.added[no] {
			r := &w.added[no][i]
			n++
			if r.v.Kind == verdict.Unexplained {
				unexplained++
			}
			if r.v.Exceeded {
				exceeded++
			}
			h.Write(lineOf(no, r.seq, w.b.Source, r.at, r.c.Raw, r.v))
		}
	}
	for _, no := range slices.Sorted(maps.Keys(w.touched)) {
		g := w.touched[no]
		if g.Verdict == verdict.Unexplained && g.State == Open && g.UndoneN >= g.Count {
			g.State = Undone
		}
	}
	if n > 0 {
		w.host.Changes += n
		digest := hex.EncodeToString(h.Sum(nil))
		entry, err := w.s.cfg.Ledger.Append(ctx, w.tx, ledger.Entry{Type: "integrity.observed", Stream: "integrity", Actor: w.b.Source, Subject: w.b.Source,
			Data: map[string]any{"batch": batch, "changes": n, "unexplained": unexplained, "exceeded": exceeded, "digest": digest}})
		if err != nil {
			return err
		}
		if err := insertBatch(ctx, w.tx, batch, w.b.Source, w.b.ReceivedAt, n, digest, entry); err != nil {
			return err
		}
	}
	for _, no := range slices.Sorted(maps.Keys(w.touched)) {
		if err := w.writeGroup(ctx, w.touched[no]); err != nil {
			return err
		}
	}
	for _, no := range order {
		if err := w.s.insertChanges(ctx, w.tx, no, w.b.Source, batch, w.added[no]); err != nil {
			return err
		}
	}
	if err := w.states.Store(ctx, w.tx, w.b.Source, slices.Sorted(maps.Keys(w.dirty))); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(w.used)) {
		if u := w.used[id]; u.dirty {
			if err := putTokenUse(ctx, w.tx, u); err != nil {
				return err
			}
		}
	}
	return w.writeFleets(ctx)
}

// writeGroup stores a group with its packages.
func (w *work) writeGroup(ctx context.Context, g *Group) error {
	fresh, pkgs := w.fresh[g.Number], w.pkgs[g.Number]
	g.Packages = max(g.Packages, int64(len(pkgs)))
	if fresh {
		if g.Verdict == verdict.Unexplained && g.State == Open {
			entry, err := w.s.cfg.Ledger.Append(ctx, w.tx, ledger.Entry{Type: "integrity.unexplained", Stream: "integrity", Actor: w.b.Source, Subject: g.Ref, Outcome: string(g.State),
				Data: map[string]any{"source": g.Source, "cause": g.cause, "exceeded": g.Exceeded}})
			if err != nil {
				return err
			}
			g.entry = entry
		}
		if err := insertGroup(ctx, w.tx, g); err != nil {
			return err
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(pkgs), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		if err := addPackage(ctx, w.tx, g.Number, k[0], k[1], pkgs[k]); err != nil {
			return err
		}
	}
	if fresh {
		return nil
	}
	if len(pkgs) > 0 {
		n, err := countPackages(ctx, w.tx, g.Number)
		if err != nil {
			return err
		}
		g.Packages = n
	}
	return updateGroup(ctx, w.tx, g)
}

// settleUndone marks what was undone by the batch, and closes groups of which
// nothing is left.
func (w *work) settleUndone(ctx context.Context, batch int64) error {
	for _, no := range slices.Sorted(maps.Keys(w.undone)) {
		g := w.touched[no]
		if g == nil {
			var err error
			if g, err = groupOf(ctx, w.tx, no); err != nil {
				return err
			}
			w.touched[no] = g
			if w.groups[g.cause] != nil && w.groups[g.cause].Number == no {
				w.groups[g.cause] = g
			}
		}
		for _, seq := range slices.Sorted(maps.Keys(w.undone[no])) {
			at := w.undone[no][seq]
			mine := w.added[no]
			if i := slices.IndexFunc(mine, func(r row) bool { return r.seq == seq }); i >= 0 {
				mine[i].undone = at
			} else if err := markUndone(ctx, w.tx, no, seq, at, batch); err != nil {
				return err
			}
			g.UndoneN++
		}
		if g.State != Open || g.UndoneN < g.Count || w.fresh[no] {
			continue
		}
		g.State = Undone
		if _, err := w.s.decide(ctx, w.tx, g, Decision{Kind: "undone", Reason: "each of its paths is again what it was", By: "system", At: w.b.ReceivedAt}); err != nil {
			return err
		}
	}
	return nil
}

// decide records what was decided of a group later.
func (s *Service) decide(ctx context.Context, tx *sql.Tx, g *Group, d Decision) (Decision, error) {
	seq, err := nextVerdict(ctx, tx, g.Number)
	if err != nil {
		return d, err
	}
	e := ledger.Entry{Type: "integrity." + d.Kind, Stream: "integrity", Actor: d.By, Subject: g.Ref, Outcome: string(g.State), Data: map[string]any{"source": g.Source, "seq": seq, "was": string(g.Verdict), "changes": g.Count}}
	if d.Ticket != "" {
		e.Data["change"] = d.Ticket
	}
	if d.By != "system" { // what a person wrote may name people
		e.Personal = map[string]string{"reason": d.Reason}
		if d.Alone != "" {
			e.Personal["compensation"] = d.Alone
		}
	}
	if d.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return d, err
	}
	return d, insertVerdict(ctx, tx, g.Number, seq, d)
}

// lineOf is what the ledger commits to of one change.
func lineOf(group, seq int64, source string, at time.Time, raw json.RawMessage, v verdict.Verdict) []byte {
	sum := sha256.Sum256(raw)
	line := []byte(strconv.FormatInt(group, 10) + "/" + strconv.FormatInt(seq, 10) + " " + source + " " + strconv.FormatInt(at.UnixMicro(), 10) + " " + hex.EncodeToString(sum[:]) + " ")
	said := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%v", v.Kind, v.Reason, v.Exceeded))
	return append(append(line, hex.EncodeToString(said[:])...), '\n')
}
