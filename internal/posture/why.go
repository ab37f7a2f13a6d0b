package posture

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Sentences here are fragments: lower case, no full stop, so that they can
// stand in a table, in a cell or behind one another.

// voice knows how to say things at one moment.
type voice struct {
	at   time.Time      // the moment shown, for dates
	zone *time.Location // the organisation's
}

// date gives "14 Mar", with the year where it differs from the moment shown.
func (v voice) date(t time.Time) string {
	t = t.In(v.zone)
	if t.Year() == v.at.In(v.zone).Year() {
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

func (v voice) since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + v.date(t)
}

// singular gives "host" for the population "hosts".
func singular(population string) string {
	switch {
	case population == "":
		return "item"
	case strings.HasSuffix(population, "ies"):
		return strings.TrimSuffix(population, "ies") + "y"
	}
	return strings.TrimSuffix(population, "s")
}

// some gives "3 of 4 hosts", "all 4 hosts" or "the only host".
func some(n, total int64, population string) string {
	switch {
	case total == 1:
		return "the only " + singular(population)
	case n == total:
		return fmt.Sprintf("all %d %s", total, population)
	}
	return fmt.Sprintf("%d of %d %s", n, total, population)
}

// count gives "1 host" or "3 hosts".
func count(n int64, population string) string {
	if n == 1 {
		return "1 " + singular(population)
	}
	return fmt.Sprintf("%d %s", n, population)
}

// verb chooses the form that goes with n.
func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// short gives the check's own name without its standard's.
func short(check string) string {
	_, name, ok := strings.Cut(check, "/")
	if !ok {
		return check
	}
	return name
}

// worst gives the attribute that decides a check's status: the one with the
// most items behind that status.
func (c *Check) worst() *Attribute {
	var best *Attribute
	var most int64 = -1
	for i := range c.Attributes {
		a := &c.Attributes[i]
		if a.Counts.status() != c.Status {
			continue
		}
		n := a.Counts.Pass
		switch c.Status {
		case Deviation:
			n = a.Counts.Fail + a.Counts.Waived
		case Insufficient:
			n = a.Counts.Error + a.Counts.NotObserved
		case DidNotOperate:
			n = a.Counts.NotApplicable
		}
		if n > most {
			best, most = a, n
		}
	}
	return best
}

// label names a check in a sentence. The attribute stands behind it where
// several attributes have the check's status for different numbers of items:
// then the number belongs to that attribute alone.
func (c *Check) label(a *Attribute) string {
	if c.Status == Deviation || c.Status == Insufficient {
		for _, other := range c.Attributes {
			same := c.Status == Insufficient && other.Counts == a.Counts
			if other.ID != a.ID && other.Counts.status() == c.Status && !same {
				return short(c.ID) + " (" + a.ID + ")"
			}
		}
	}
	return short(c.ID)
}

// settle derives a check's head from the counts of its attributes. c.Since is
// set by the reader where the status is deviation.
func (c *Check) settle(v voice) {
	parts := make([]Status, len(c.Attributes))
	c.Counts = Counts{}
	for i, a := range c.Attributes {
		parts[i] = a.Counts.status()
		c.Counts = c.Counts.Plus(a.Counts)
	}
	c.Status, c.Coverage = fold(parts...), c.Counts.Coverage()
	if c.Status != Deviation {
		c.Since = time.Time{}
	}
	a := c.worst()
	if a == nil {
		c.Why = fmt.Sprintf("no %s has been judged by %s yet", singular(c.Population), short(c.ID))
		c.Change = "a report of the first " + singular(c.Population)
		return
	}
	n, total, name := a.Counts, a.Counts.Total(), c.label(a)
	switch c.Status {
	case Deviation:
		c.Why = deviates(n, c.Population, name) + v.since(c.Since)
		c.Change = fmt.Sprintf("when %s %s observed to pass %s, this becomes %s", theItems(n.Fail+n.Waived, c.Population),
			verb(n.Fail+n.Waived, "is", "are"), name, c.next().Words())
		if name != short(c.ID) {
			c.Change = fmt.Sprintf("when %s is observed to pass on every %s, this becomes %s", short(c.ID), singular(c.Population), c.next().Words())
		}
	case Insufficient:
		if total == 0 {
			c.Why = fmt.Sprintf("no %s has been judged by %s yet", singular(c.Population), name)
			c.Change = "a report of the first " + singular(c.Population)
			return
		}
		c.Why = lacks(n, c.Population, name)
		c.Change = fmt.Sprintf("when %s can be read again, this becomes what %s", theItems(n.Error+n.NotObserved, c.Population),
			verb(n.Error+n.NotObserved, "it shows", "they show"))
	case DidNotOperate:
		c.Why = fmt.Sprintf("%s applies to none of %s", name, count(total, c.Population))
		c.Change = fmt.Sprintf("a %s to which it applies", singular(c.Population))
	default:
		c.Why = fmt.Sprintf("%s %s %s", some(n.Pass, total, c.Population), verb(n.Pass, "passes", "pass"), name)
		if n.NotApplicable > 0 {
			c.Why += fmt.Sprintf("; it does not apply to %d", n.NotApplicable)
		}
		c.Change = ""
	}
}

// next gives the status that the check would have if all that deviates passed.
func (c *Check) next() Status {
	parts := make([]Status, len(c.Attributes))
	for i, a := range c.Attributes {
		parts[i] = a.Counts.mended().status()
	}
	return fold(parts...)
}

func theItems(n int64, population string) string {
	if n == 1 {
		return "the " + singular(population)
	}
	return fmt.Sprintf("the %d %s", n, population)
}

func deviates(n Counts, population, name string) string {
	total := n.Total()
	switch {
	case n.Waived == 0:
		return fmt.Sprintf("%s %s %s", some(n.Fail, total, population), verb(n.Fail, "fails", "fail"), name)
	case n.Fail == 0:
		return fmt.Sprintf("%s %s waived for %s", some(n.Waived, total, population), verb(n.Waived, "is", "are"), name)
	}
	return fmt.Sprintf("%s %s and %d %s waived for %s", some(n.Fail, total, population), verb(n.Fail, "fails", "fail"),
		n.Waived, verb(n.Waived, "is", "are"), name)
}

func lacks(n Counts, population, name string) string {
	total := n.Total()
	switch {
	case n.Error == 0:
		return fmt.Sprintf("%s %s not observed for %s", some(n.NotObserved, total, population), verb(n.NotObserved, "is", "are"), name)
	case n.NotObserved == 0:
		return fmt.Sprintf("%s cannot be read for %s", some(n.Error, total, population), name)
	}
	return fmt.Sprintf("%s %s not observed and %d cannot be read for %s", some(n.NotObserved, total, population),
		verb(n.NotObserved, "is", "are"), n.Error, name)
}

// sortChecks puts the worst first; of those that lack evidence the one that
// lacks most; then the most severe, then by id.
func sortChecks(checks []Check) {
	slices.SortStableFunc(checks, func(a, b Check) int {
		if d := b.Status.rank() - a.Status.rank(); d != 0 {
			return d
		}
		if a.Status == Insufficient {
			if d := b.lacking() - a.lacking(); d != 0 {
				return int(d)
			}
		}
		if d := severityRank(a.Severity) - severityRank(b.Severity); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// lacking gives the most items for which one attribute lacks evidence.
func (c *Check) lacking() int64 {
	var most int64
	for _, a := range c.Attributes {
		most = max(most, a.Counts.Error+a.Counts.NotObserved)
	}
	return most
}

func severityRank(s string) int {
	if i := slices.Index([]string{"critical", "high", "medium", "low"}, s); i >= 0 {
		return i
	}
	return 4
}

// settle derives a control's head from its checks, which are settled already,
// and from its instances.
func (c *Control) settle() {
	c.settleChecks()
	c.merge()
}

func (c *Control) settleChecks() {
	sortChecks(c.Checks)
	c.Counts, c.Coverage, c.Since = Counts{}, Coverage{}, time.Time{}
	parts := make([]Status, 0, len(c.Checks)+1)
	by := map[Status]int{}
	for _, k := range c.Checks {
		parts = append(parts, k.Status)
		by[k.Status]++
		c.Counts, c.Coverage = c.Counts.Plus(k.Counts), c.Coverage.Plus(k.Coverage)
		c.Draft = c.Draft || k.Draft
		if k.Status == Deviation && !k.Since.IsZero() && (c.Since.IsZero() || k.Since.Before(c.Since)) {
			c.Since = k.Since
		}
	}
	if len(c.Missing) > 0 {
		parts = append(parts, Insufficient)
	}
	c.Status = fold(parts...)
	n := len(c.Checks)
	switch {
	case len(c.Design.Checks) == 0:
		c.Why = "no check observes it and no instance is recorded yet"
		c.Change = "a recorded instance, or a check that observes it"
	case n == 0:
		c.Why = "none of the checks it names is in force"
		c.Change = "a standard in force that holds its checks"
	case c.Status == Deviation:
		c.Why = c.Checks[0].Why + more(by[Deviation]-1, n, "check", "deviates", "deviate")
		if by[Deviation] == 1 {
			c.Change = c.Checks[0].changeTo(c.next())
		} else {
			c.Change = fmt.Sprintf("when the %d checks that deviate are observed to pass, this becomes %s", by[Deviation], c.next().Words())
		}
	case c.Status == Insufficient && by[Insufficient] > 0:
		i := slices.IndexFunc(c.Checks, func(k Check) bool { return k.Status == Insufficient })
		c.Why = c.Checks[i].Why + more(by[Insufficient]-1, n, "check", "lacks evidence", "lack evidence")
		c.Change = c.Checks[i].Change
		if why := c.silent(); why != "" {
			c.Why = why
		}
	case c.Status == Insufficient:
		c.Why = "no standard in force holds " + strings.Join(c.Missing, ", ") + ", which observes it"
		c.Change = "a standard in force that holds its checks"
	case c.Status == DidNotOperate && n == 1:
		c.Why = c.Checks[0].Why
	case c.Status == DidNotOperate:
		c.Why = fmt.Sprintf("none of its %d checks applies anywhere", n)
	case n == 1:
		c.Why = c.Checks[0].Why
	default:
		c.Why = fmt.Sprintf("its %d checks show no known deviation", n)
		if apart := by[DidNotOperate]; apart > 0 {
			c.Why = fmt.Sprintf("%d of its %d checks %s no known deviation; %d %s nowhere", by[None], n, verb(int64(by[None]), "shows", "show"),
				apart, verb(int64(apart), "applies", "apply"))
		}
	}
}

// silent says in one go what all checks of a control lack when it is the same
// for all of them: no item was judged, or the same number was not observed.
func (c *Control) silent() string {
	if len(c.Checks) < 2 {
		return ""
	}
	first := c.Checks[0].Attributes[0].Counts
	for _, k := range c.Checks {
		for _, a := range k.Attributes {
			n := a.Counts
			if k.Population != c.Checks[0].Population || n.Total() != first.Total() || n.NotObserved != first.NotObserved || n.Error > 0 {
				return ""
			}
		}
	}
	if first.Total() == 0 {
		return "no " + singular(c.Checks[0].Population) + " has been judged yet"
	}
	return fmt.Sprintf("%s %s not observed", some(first.NotObserved, first.Total(), c.Checks[0].Population), verb(first.NotObserved, "is", "are"))
}

// changeTo gives the check's way out with the status that the whole would have.
func (c *Check) changeTo(next Status) string {
	head, _, ok := strings.Cut(c.Change, ", this becomes ")
	if !ok {
		return c.Change
	}
	return head + ", this becomes " + next.Words()
}

// more gives "; 2 more of 12 checks deviate".
func more(n, of int, what, one, many string) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("; %d more of %d %ss %s", n, of, what, verb(int64(n), one, many))
}

// next gives the status that the control would have if all that deviates passed.
func (c *Control) next() Status {
	parts := make([]Status, 0, len(c.Checks)+1)
	for i := range c.Checks {
		parts = append(parts, c.Checks[i].next())
	}
	if len(c.Missing) > 0 {
		parts = append(parts, Insufficient)
	}
	if c.Instances != nil {
		parts = append(parts, c.Instances.Status)
	}
	return fold(parts...)
}

// settle derives a criterion's head from its controls, which are settled
// already; Key of each says whether the criterion rests on it.
func (c *Criterion) settle() {
	slices.SortStableFunc(c.Controls, func(a, b Control) int {
		if a.Key != b.Key {
			if a.Key {
				return -1
			}
			return 1
		}
		if d := b.Status.rank() - a.Status.rank(); d != 0 {
			return d
		}
		// What went wrong goes before what was never observed.
		if observed := a.observed(); observed != b.observed() {
			if observed {
				return -1
			}
			return 1
		}
		return a.Number - b.Number
	})
	var parts, next []Status
	by := map[Status]int{}
	supporting := 0
	seen := map[string]bool{}
	c.Counts, c.Coverage, c.Since, c.Draft = Counts{}, Coverage{}, time.Time{}, false
	for i := range c.Controls {
		k := &c.Controls[i]
		c.Draft = c.Draft || k.Draft
		if !k.Key {
			if k.Status == Deviation {
				supporting++
			}
			continue
		}
		parts, next = append(parts, k.Status), append(next, k.next())
		by[k.Status]++
		if len(k.Checks) > 0 {
			c.Observed++
		}
		if k.Instances != nil {
			c.Coverage = c.Coverage.Plus(k.Instances.coverage())
		}
		for _, check := range k.Checks { // a check may test several controls
			if !seen[check.ID] {
				seen[check.ID] = true
				c.Counts, c.Coverage = c.Counts.Plus(check.Counts), c.Coverage.Plus(check.Coverage)
			}
		}
		if k.Status == Deviation && !k.Since.IsZero() && (c.Since.IsZero() || k.Since.Before(c.Since)) {
			c.Since = k.Since
		}
	}
	c.Key = len(parts)
	c.Status = fold(parts...)
	c.together()
	if c.Key == 0 {
		c.Why, c.Change = "no key control is in use for it", "a key control that is adopted for it"
		return
	}
	if c.Key == 1 {
		c.Alone = c.Controls[0].Slug
	}
	first := &c.Controls[0] // key controls stand first, worst first
	reason := fmt.Sprintf("%s (C-%d)", first.Why, first.Number)
	if len(first.Design.Checks) == 0 && first.Instances == nil {
		reason = fmt.Sprintf("no check observes C-%d \u201c%s\u201d and no instance is recorded yet", first.Number, first.Title)
	}
	switch c.Status {
	case Deviation:
		c.Why = reason + more(by[Deviation]-1, c.Key, "key control", "deviates", "deviate")
		c.Change = first.Change
		if by[Deviation] > 1 {
			c.Change = fmt.Sprintf("when the %d key controls that deviate are observed to pass, this becomes %s", by[Deviation], fold(next...).Words())
		} else if head, _, ok := strings.Cut(first.Change, ", this becomes "); ok {
			c.Change = head + ", this becomes " + fold(next...).Words()
		}
	case Insufficient:
		c.Why = reason + more(by[Insufficient]-1, c.Key, "key control", "lacks evidence", "lack evidence")
		c.Change = first.Change
		if by[Insufficient] > 1 {
			c.Change = fmt.Sprintf("evidence for the %d key controls that lack it", by[Insufficient])
		}
	case DidNotOperate:
		c.Why = "none of its key controls operated"
	default:
		c.Why = "its key controls show no known deviation"
		if c.Key == 1 {
			c.Why = "its key control shows no known deviation"
		}
		if by[DidNotOperate] > 0 {
			c.Why += fmt.Sprintf("; %d did not operate", by[DidNotOperate])
		}
	}
	if supporting > 0 {
		c.Why += fmt.Sprintf("; %d supporting %s", supporting, verb(int64(supporting), "control deviates", "controls deviate"))
	}
	if c.Alone != "" {
		c.Why += "; one key control carries it alone"
	}
}

// together names what all key controls share, where there are several.
func (c *Criterion) together() {
	c.Together = ""
	if c.Key < 2 {
		return
	}
	for _, s := range c.Controls[0].Design.Shares {
		all := true
		for _, k := range c.Controls[:c.Key] {
			all = all && slices.Contains(k.Design.Shares, s)
		}
		if all {
			c.Together = fmt.Sprintf("its %d key controls share the %s %s and fail together with it", c.Key, s.Kind, s.Name)
			return
		}
	}
}
