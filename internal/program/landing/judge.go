package landing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Short gives a commit as people write it.
func Short(sha string) string { return sha[:min(len(sha), 10)] }

// Day gives a moment in UTC, as reasons write it.
func Day(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// Plural counts things.
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Derive folds what is known of a repository into its changes and deployments.
func Derive(in Input) *Landings {
	l := in.land()
	l.judge()
	return l
}

// judge fills in the attributes of every change and deployment.
func (l *Landings) judge() {
	for i := range l.Changes {
		l.Changes[i].Checks = l.checksOf(l.Changes[i])
	}
	l.deploy()
	uses := map[string][]time.Time{} // of standard changes
	for _, ch := range l.Changes {
		std := l.standard(ch, uses)
		if std != nil {
			ch.Standard = std.Ref()
		}
		ch.Emergency = l.emergency(ch)
		l.approvals(ch)
		ch.Attributes = []Attribute{l.route(ch, std), l.requested(ch), l.tested(ch), l.approved(ch, std), l.accepted(ch), l.segregated(ch), l.deployed(ch), l.merged(ch),
			{Intact, Pass, "its commit is on the branch as it was read last", l.readSource()}}
		ch.Outcome = Worst(ch.Attributes)
		if ch.Answers = l.answersTo(ch.Key); ch.Emergency != "" {
			ch.Due = l.bound(ch)
		}
	}
}

func (l *Landings) readSource() string {
	if l.ReadAt.IsZero() {
		return "events of the forge"
	}
	return "the repository" // without when: what stays the same is no other version
}

func (ch *Change) requestName() string { return fmt.Sprintf("request %d", ch.Request) }

func (l *Landings) requestOf(ch *Change) *request {
	if r := l.requests[ch.Request]; r != nil && r.landing == ch {
		return r
	}
	return nil
}

func (l *Landings) route(ch *Change, std *Standard) Attribute {
	commit := "commit " + Short(ch.Landed)
	r := l.requestOf(ch)
	switch {
	case r != nil:
		return Attribute{Route, Pass, fmt.Sprintf("%s was merged by %s", ch.requestName(), names([]Person{ch.Merger})), r.Source + ", merged on " + Day(ch.At)}
	case ch.Kind == Claimed:
		if n := l.requests[ch.Request]; n != nil && n.Number > 0 {
			return Attribute{Route, NotObserved, fmt.Sprintf("its message names %s, of which no merge was received", ch.requestName()), commit}
		}
		return Attribute{Route, NotObserved, fmt.Sprintf("its message names %s, of which nothing was received: a message alone proves nothing", ch.requestName()), commit}
	case std != nil && std.Direct:
		return Attribute{Route, Pass, fmt.Sprintf("the standard change %s lets it be pushed directly", std.Ref()), "standard change " + std.Ref()}
	}
	if why, by, at := l.reviewed(ch); ch.Emergency != "" && by.Key != "" && !at.After(l.bound(ch)) {
		return Attribute{Route, Pass, "an emergency, pushed directly and reviewed afterwards by " + names([]Person{by}), why}
	}
	if ch.Kind == ByMerge && l.Settings.Forge == "" {
		return Attribute{Route, Pass, "it came by a merge; no forge is connected that would know of a request", commit}
	}
	if n := l.doubt[ch.Landed]; n > 0 {
		return Attribute{Route, NotObserved, fmt.Sprintf("it may be one of the commits of request %d, which was rebased: neither its branch nor the push was seen", n), commit}
	}
	from := commit
	if p, ok := l.pushes[ch.Landed]; ok {
		from = p.Source + " push on " + Day(p.At)
	}
	if ch.Kind == ByMerge {
		return Attribute{Route, Fail, fmt.Sprintf("a merge made by %s outside of any request, pushed directly to %s", names([]Person{ch.Merger}), l.Settings.Branch), from}
	}
	if n := claim(l.Commits[ch.Landed].Message); n > 0 && l.requests[n] != nil {
		return Attribute{Route, Fail, fmt.Sprintf("pushed directly to %s; its message names request %d, which %s", l.Settings.Branch, n, l.otherwise(n)), from}
	}
	return Attribute{Route, Fail, fmt.Sprintf("pushed directly to %s by %s", l.Settings.Branch, names([]Person{ch.Merger})), from}
}

// otherwise says what became of a request that a commit falsely names.
func (l *Landings) otherwise(n int64) string {
	switch r := l.requests[n]; {
	case r.State == "merged" && r.Branch != l.Settings.Branch:
		return "was merged into " + r.Branch
	case r.State == "merged":
		return "landed as " + Short(r.Landed)
	case r.State == "closed":
		return "was closed without being merged"
	}
	return "was not merged"
}

func (l *Landings) requested(ch *Change) Attribute {
	if len(ch.Tickets) > 0 {
		where := "message of " + Short(ch.Landed)
		if ch.Request > 0 {
			where = ch.requestName() + " and its commits"
		}
		return Attribute{Requested, Pass, "it names " + strings.Join(ch.Tickets[:min(3, len(ch.Tickets))], ", "), where}
	}
	return Attribute{Requested, Fail, "no ticket is named in its request or its commits", Plural(ch.Lines, "commit") + " read"}
}

// checksOf gives the newest result of each check on what landed, or on a commit
// of the request with the very same content.
func (l *Landings) checksOf(ch *Change) []Check {
	shas := []string{ch.Landed}
	if r := l.requestOf(ch); r != nil && r.Head != ch.Landed {
		if a, b := l.Commits[r.Head], l.Commits[ch.Landed]; a != nil && b != nil && a.Tree != "" && a.Tree == b.Tree {
			shas = append(shas, r.Head)
		}
	}
	at := map[string]int{}
	var out []Check
	for _, sha := range shas {
		for _, c := range l.checks[sha] {
			key := c.Commit + " " + c.Name
			if n, ok := at[key]; !ok {
				at[key] = len(out)
				out = append(out, c)
			} else if !c.At.Before(out[n].At) {
				out[n] = c
			}
		}
	}
	return out
}

func (l *Landings) tested(ch *Change) Attribute {
	a := Attribute{Name: Tested, Source: "checks of " + Short(ch.Landed)}
	state := map[string]Check{} // by name: one that held on the landed commit or on the same content
	for _, c := range ch.Checks {
		if was, ok := state[c.Name]; !ok || was.State != "success" && c.Commit == was.Commit || c.Commit == ch.Landed && was.Commit != ch.Landed {
			state[c.Name] = c
		}
	}
	wanted := l.Settings.Checks
	if len(wanted) == 0 {
		for name := range state {
			wanted = append(wanted, name)
		}
		slices.Sort(wanted)
	}
	var missing, failing, running, broken, late []string
	same := ""
	for _, name := range wanted {
		c, ok := state[name]
		switch {
		case !ok:
			missing = append(missing, name)
		case c.State == "failure":
			failing = append(failing, name)
		case c.State == "pending":
			running = append(running, name)
		case c.State != "success":
			broken = append(broken, name)
		case !ch.DeployedAt.IsZero() && c.At.After(ch.DeployedAt):
			late = append(late, name)
		case c.Commit != ch.Landed:
			same = c.Commit
		}
	}
	list := func(all []string) string { return strings.Join(all[:min(len(all), 3)], ", ") }
	switch {
	case len(failing) > 0:
		a.Outcome, a.Reason = Fail, list(failing)+" failed on what landed"
	case len(late) > 0:
		a.Outcome, a.Reason = Fail, list(late)+" held only after it was deployed on "+Day(ch.DeployedAt)
	case len(broken) > 0:
		a.Outcome, a.Reason = Error, list(broken)+" came to no result"
	case len(l.checks) == 0:
		a.Outcome, a.Reason, a.Source = NotObserved, "no result of any build server was received for this repository", ""
	case len(wanted) == 0 || len(missing) > 0:
		a.Outcome, a.Reason = Fail, "no check ran on what landed"
		if len(missing) > 0 {
			a.Reason = list(missing) + " did not run on what landed"
		}
		if r := l.requestOf(ch); r != nil && len(l.checks[r.Head]) > 0 {
			a.Reason += fmt.Sprintf("; those of %s ran on other content", Short(r.Head))
		}
	case len(running) > 0:
		a.Outcome, a.Reason = NotObserved, list(running)+" has no result yet"
	default:
		a.Outcome, a.Reason = Pass, Plural(len(wanted), "check")+" held on what landed"
		if same != "" {
			a.Reason, a.Source = Plural(len(wanted), "check")+" held on the same content", "checks of "+Short(same)+", whose content is that of "+Short(ch.Landed)
		}
	}
	return a
}

// Wrote reports whether somebody wrote any of a change.
func (ch *Change) Wrote(p Person) bool {
	return slices.ContainsFunc(ch.Authors, func(a Person) bool { return a.same(p) })
}

// approvals says for each word on the request whether it counts.
func (l *Landings) approvals(ch *Change) {
	r := l.requestOf(ch)
	if r == nil {
		return
	}
	last := map[string]int{} // the newest word of each person
	for _, e := range r.reviews {
		who := l.people.who(e.Actor)
		if e.State != "approved" {
			if at, ok := last[who.Key]; ok && ch.Approvals[at].Counts && !e.At.After(ch.At) {
				ch.Approvals[at].Counts = false
				ch.Approvals[at].Why = "it was withdrawn on " + Day(e.At)
				if e.State == "changes_requested" {
					ch.Approvals[at].Why = "changes were asked for on " + Day(e.At)
				}
			}
			continue
		}
		a := Approval{By: who, At: e.At, Commit: e.Head, Counts: true}
		moved := 0
		for _, h := range r.heads {
			if h.At.After(e.At) && h.Head != e.Head && !h.At.After(ch.At) {
				moved++
			}
		}
		no := func(format string, args ...any) { a.Counts, a.Why = false, fmt.Sprintf(format, args...) }
		switch {
		case who.Key == "":
			no("who gave it is not known")
		case e.Actor.Bot:
			no("a program gave it")
		case ch.Wrote(who):
			no("%s wrote some of it", names([]Person{who}))
		case e.At.After(ch.At):
			no("it came after the merge")
		case e.Head != "" && r.Head != "" && e.Head != r.Head:
			no("stale: it was given for %s, and %s landed", Short(e.Head), Short(r.Head))
		case e.Head == "" && moved > 0:
			no("stale: commits were pushed after it")
		}
		if at, ok := last[who.Key]; ok && ch.Approvals[at].Counts && !a.Counts && a.Why == "it came after the merge" {
			continue // it was given before, too
		}
		last[who.Key] = len(ch.Approvals)
		ch.Approvals = append(ch.Approvals, a)
	}
}

func (l *Landings) approved(ch *Change, std *Standard) Attribute {
	r := l.requestOf(ch)
	var counting []Person
	for _, a := range ch.Approvals {
		if a.Counts {
			counting = AddPerson(counting, a.By)
		}
	}
	switch {
	case len(counting) > 0:
		return Attribute{Approved, Pass, fmt.Sprintf("approved by %s; written by %s", names(counting), names(ch.Authors)), fmt.Sprintf("%s review of %s", r.Source, ch.requestName())}
	case std != nil:
		return Attribute{Approved, Pass, fmt.Sprintf("pre-approved as %s %q until %s", std.Ref(), std.Title, std.Until.UTC().Format(time.DateOnly)), "standard change " + std.Ref()}
	case ch.Emergency != "":
		return l.afterwards(ch)
	case r != nil && len(ch.Approvals) > 0:
		a := ch.Approvals[len(ch.Approvals)-1]
		return Attribute{Approved, Fail, fmt.Sprintf("the approval of %s does not count: %s", names([]Person{a.By}), a.Why), fmt.Sprintf("%s review of %s", r.Source, ch.requestName())}
	case r != nil:
		return Attribute{Approved, Fail, "nobody approved it before it was merged", fmt.Sprintf("%s events of %s", r.Source, ch.requestName())}
	case ch.Kind == Claimed:
		return Attribute{Approved, NotObserved, fmt.Sprintf("of %s nothing was received", ch.requestName()), "commit " + Short(ch.Landed)}
	case ch.Kind == ByMerge && l.Settings.Forge == "":
		return Attribute{Approved, NotObserved, "a commit says who merged it, not who approved it: connect the forge that knows", "commit " + Short(ch.Landed)}
	}
	return Attribute{Approved, Fail, "it has no request that somebody could approve", "commit " + Short(ch.Landed)}
}

// emergency gives why a change is one: a label of its request, or a word that
// was recorded here.
func (l *Landings) emergency(ch *Change) string {
	if r := l.requestOf(ch); r != nil {
		for _, label := range r.Labels {
			if slices.ContainsFunc(l.Settings.Emergency, func(e string) bool { return strings.EqualFold(e, label) }) {
				return fmt.Sprintf("its request has the label %s", label)
			}
		}
	}
	for _, w := range l.words[ch.Key] {
		if w.State == "emergency" {
			return cmp.Or(w.Text, "declared an emergency")
		}
	}
	return ""
}

func (l *Landings) bound(ch *Change) time.Time {
	return ch.At.Add(time.Duration(l.Settings.ReviewHours) * time.Hour)
}

// reviewed gives the first review of an emergency by somebody who wrote none of
// it: here, or at the forge after the merge.
func (l *Landings) reviewed(ch *Change) (source string, by Person, at time.Time) {
	take := func(s string, p Person, t time.Time) {
		if p.Key != "" && !ch.Wrote(p) && (at.IsZero() || t.Before(at)) {
			source, by, at = s, p, t
		}
	}
	for _, w := range l.words[ch.Key] {
		if w.State == "reviewed" {
			take("review recorded here on "+Day(w.At), l.people.who(w.Actor), w.At)
		}
	}
	if r := l.requestOf(ch); r != nil {
		for _, e := range r.reviews {
			if e.State == "approved" && !e.Actor.Bot && e.At.After(ch.At) {
				take(fmt.Sprintf("%s review of %s", e.Source, ch.requestName()), l.people.who(e.Actor), e.At)
			}
		}
	}
	return source, by, at
}

func (l *Landings) afterwards(ch *Change) Attribute {
	due := l.bound(ch)
	source, by, at := l.reviewed(ch)
	switch {
	case by.Key != "" && !at.After(due):
		return Attribute{Approved, Pass, fmt.Sprintf("an emergency (%s), reviewed afterwards by %s on %s", ch.Emergency, names([]Person{by}), Day(at)), source}
	case by.Key != "":
		return Attribute{Approved, Fail, fmt.Sprintf("an emergency (%s), reviewed by %s only on %s; due by %s", ch.Emergency, names([]Person{by}), Day(at), Day(due)), source}
	case l.Now.After(due):
		return Attribute{Approved, Fail, fmt.Sprintf("an emergency (%s) that nobody else reviewed by %s", ch.Emergency, Day(due)), ""}
	}
	return Attribute{Approved, NotObserved, fmt.Sprintf("an emergency (%s); somebody else reviews it by %s", ch.Emergency, Day(due)), ""}
}

func (l *Landings) accepted(ch *Change) Attribute {
	if len(l.Settings.Acceptors) == 0 {
		return Attribute{Accepted, NotApplicable, "the rules of this repository ask for no acceptance", "rules of " + l.Slug}
	}
	if len(l.Settings.AcceptPaths) > 0 && !slices.ContainsFunc(ch.Paths, func(p string) bool { return matches(l.Settings.AcceptPaths, p) }) {
		return Attribute{Accepted, NotApplicable, "it touches nothing that the rules ask acceptance for", "rules of " + l.Slug}
	}
	for _, a := range ch.Approvals {
		if a.Counts && slices.ContainsFunc(l.Settings.Acceptors, func(name string) bool {
			return l.people.who(Identity{Login: name}).same(a.By) || l.people.who(Identity{Mail: name}).same(a.By)
		}) {
			return Attribute{Accepted, Pass, "accepted by " + names([]Person{a.By}), fmt.Sprintf("review of %s on %s", ch.requestName(), Day(a.At))}
		}
	}
	return Attribute{Accepted, Fail, "none of those who accept for the business approved it", "rules of " + l.Slug}
}
