package firewall

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
)

// Rule is a rule of a set with all that is known of it.
type Rule struct {
	Key       string            `json:"key"`
	Chain     string            `json:"chain"`
	Position  int64             `json:"position"`
	Text      string            `json:"rule"`
	Comment   string            `json:"comment,omitempty"`
	Origin    string            `json:"origin,omitempty" doc:"Which program makes chains of that name."`
	Opens     bool              `json:"opens" doc:"It lets something in, or hands it on."`
	Remarks   []analysis.Remark `json:"remarks,omitempty"`
	Unused    bool              `json:"unused,omitempty" doc:"No packet has met it for 90 days, on any host."`
	Used      string            `json:"used" enum:"used,idle,unused,unknown" doc:"idle: at zero, for less than 90 days."`
	UsedWhy   string            `json:"used_why,omitempty"`
	Justified string            `json:"justified,omitempty" enum:"justified,partly,expired,none"`
	By        string            `json:"justification,omitempty" doc:"FJ-3"`
	Until     Day               `json:"justified_until,omitempty"`
	Owner     string            `json:"owner,omitempty"`
	Decision  string            `json:"decision,omitempty" doc:"Of the newest approved review."`
	New       bool              `json:"new,omitempty" doc:"It came since that review."`
}

// Odd reports whether something is to be done about it.
func (r *Rule) Odd() bool {
	if r.Justified == None || r.Justified == Expired || r.Justified == Partly || r.Unused || r.New || r.Decision == Remove {
		return true
	}
	return slices.ContainsFunc(r.Remarks, func(m analysis.Remark) bool {
		switch m.Kind {
		case analysis.AnyAny, analysis.TooWide, analysis.Unmodelled:
			return r.Justified != InForce
		}
		return m.Kind != analysis.Redundant
	})
}

// Words is chain and rule in a line.
func (r *Rule) Words() string { return r.Chain + ": " + r.Text }

// Gone is a rule that a review saw and that is not there any more.
type Gone struct {
	Chain    string    `json:"chain"`
	Rule     string    `json:"rule"`
	Decision string    `json:"decision" doc:"Of the review that saw it."`
	At       time.Time `json:"at,omitzero" doc:"When it was seen to be gone."`
}

// View is a rule set with its rules and what is said of them.
type View struct {
	Set
	Members  []Member          `json:"members"`
	Chains   []Chain           `json:"chains"`
	Rules    []Rule            `json:"rules"`
	Policies []analysis.Policy `json:"policies"`
	Limits   []string          `json:"limits,omitempty" doc:"What could not be analysed, and why."`
	Vanished []Gone            `json:"vanished,omitempty" doc:"Rules that the newest approved review saw and that are not there any more."`
	Events   []Event           `json:"events,omitempty" doc:"What came and went, newest first."`
	Review   string            `json:"review,omitempty" doc:"Newest approved review: FR-3"`
	Reviewed time.Time         `json:"reviewed,omitzero"`
	OpenOne  string            `json:"open_review,omitempty"`
	Due      time.Time         `json:"review_due"`
	Overdue  bool              `json:"review_overdue"`
	Odd      int               `json:"odd" doc:"Rules about which something is to be done, policies included."`

	unusedUnknown string // why it is not known of some rules whether they are used
}

// Chain is a chain with its policy.
type Chain struct {
	Name   string `json:"chain"`
	Hook   string `json:"hook,omitempty"`
	Policy string `json:"policy,omitempty"`
	Rules  int64  `json:"rules"`
}

func (v *View) heard(now time.Time) bool {
	return slices.ContainsFunc(v.Members, func(m Member) bool {
		if m.Kind != OfHosts {
			return now.Sub(m.Heard) <= quietCloud
		}
		return !m.Silent && m.Why == ""
	})
}

// use says whether a rule is used, from what counters said on every host.
func use(place string, members []Member, now time.Time) (state, why string) {
	var zero, short int
	var young time.Time
	for _, m := range members {
		c := m.counting
		switch _, at0 := c.Zero[place]; {
		case m.Kind != OfHosts:
			return "unknown", "a cloud's file does not say what met a rule"
		case c.Why != "":
			return "unknown", m.Name + ": " + c.Why
		case slices.Contains(c.Uncounted, place):
			return "unknown", "the rule has no counter on " + m.Name
		case !at0:
			return "used", ""
		default:
			zero++
			if since := c.Zero[place]; now.Sub(since) < unusedDays*24*time.Hour {
				short++
				if since.After(young) {
					young = since
				}
			}
		}
	}
	switch {
	case zero == 0:
		return "unknown", "nobody has it"
	case short > 0:
		return "idle", fmt.Sprintf("no packet since %s; %d days are needed", young.UTC().Format(time.DateOnly), unusedDays)
	}
	return "unused", fmt.Sprintf("no packet for %d days", unusedDays)
}

// view says all that is known of a rule set.
func (s *Service) view(ctx context.Context, q database.Querier, w *world, set *Set, now time.Time) (*View, error) {
	b, err := s.body(ctx, q, set.Digest)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, fmt.Errorf("rules of %s are not there", set.Ref)
	}
	v := &View{Set: *set, Members: w.members[set.ID], Policies: b.report.Policies, Limits: b.report.Limits, OpenOne: w.open[set.ID]}
	for i := range b.Chains {
		c := &b.Chains[i]
		v.Chains = append(v.Chains, Chain{c.Family + " " + c.Table + " " + c.Name, c.Hook, c.Policy, c.Rules})
	}
	today := s.today()
	reviewed := w.reviewed(set)
	seen, decided := map[string]bool{}, map[string]string{}
	if reviewed != nil {
		v.Review, v.Reviewed = reviewed.Ref, reviewed.Content.Approved
		for _, x := range reviewed.Content.Rules {
			seen[x.Key], decided[x.Key] = true, x.Decision
		}
		v.Due = v.Reviewed.AddDate(0, 0, reviewDays)
	} else {
		v.Due = set.First.AddDate(0, 0, firstDays)
	}
	v.Overdue = v.Due.Before(now)
	there := map[string]bool{}
	unknown := 0
	for i := range b.Rules {
		r := &b.Rules[i]
		x := Rule{Position: r.Position, Comment: r.Comment, Origin: r.Origin, Opens: b.report.Opens[i], Remarks: b.report.Rules[i]}
		x.Chain, x.Text = line(r)
		x.Key = analysis.Key(x.Chain, x.Text)
		there[x.Key] = true
		x.Used, x.UsedWhy = use(placeOf(r), v.Members, now)
		x.Unused = x.Used == "unused"
		if x.Used == "unknown" || x.Used == "idle" {
			unknown++
			if v.unusedUnknown == "" {
				v.unusedUnknown = fmt.Sprintf("%s rule %d: %s", x.Chain, x.Position, x.UsedWhy)
			}
		}
		if x.Opens {
			var by *JustificationObject
			if x.Justified, by = justified(w.justifications, x.Chain, x.Text, v.Members, today); by != nil {
				x.By, x.Until, x.Owner = by.Ref, by.Content.Until, by.Content.Owner
			}
		}
		x.Decision, x.New = decided[x.Key], reviewed != nil && !seen[x.Key]
		if x.Odd() {
			v.Odd++
		}
		v.Rules = append(v.Rules, x)
	}
	v.Odd += len(v.Policies)
	if unknown > 1 {
		v.unusedUnknown = fmt.Sprintf("%d of %d rules: %s", unknown, len(b.Rules), v.unusedUnknown)
	}
	if reviewed != nil {
		if v.Events, err = eventsOf(ctx, q, set.ID, 500); err != nil {
			return nil, err
		}
		told := map[string]bool{}
		for _, x := range reviewed.Content.Rules {
			if there[x.Key] || told[x.Key] {
				continue
			}
			told[x.Key] = true
			g := Gone{Chain: x.Chain, Rule: x.Rule, Decision: x.Decision, At: set.First}
			if i := slices.IndexFunc(v.Events, func(e Event) bool { return e.Kind == "gone" && e.Chain == x.Chain && e.Rule == x.Rule }); i >= 0 {
				g.At = v.Events[i].At
			}
			v.Vanished = append(v.Vanished, g)
		}
	}
	return v, nil
}

// section gives what holds of a rule set as facts.
func (v *View) section(now time.Time) (facts.Section, error) {
	title := v.Ref + ", " + v.Name
	f := facts.FirewallReview{Title: &title, ReviewOverdue: &v.Overdue, AnyAny: []facts.FirewallRemark{}, TooWide: []facts.FirewallRemark{}, Shadowed: []facts.FirewallRemark{}, Redundant: []facts.FirewallRemark{}, Unused: []facts.FirewallRemark{},
		Unjustified: []facts.FirewallRemark{}, Expired: []facts.FirewallRemark{}, Drift: []facts.FirewallRemark{}, RemovalsLate: []facts.FirewallRemark{}, Policies: []string{}}
	last := ""
	if v.Review != "" {
		last = v.Review + ", " + v.Reviewed.UTC().Format(time.DateOnly)
	}
	f.LastReview = &last
	var missing []facts.Missing
	unknown := func(path string, state facts.State, reason string) {
		missing = append(missing, facts.Missing{Path: path, State: state, Reason: reason})
	}
	unmodelled := ""
	for i := range v.Rules {
		r := &v.Rules[i]
		add := func(to *[]facts.FirewallRemark, why string) {
			if len(*to) < mostNamed {
				*to = append(*to, facts.FirewallRemark{Rule: r.Words(), Why: why, Justified: r.Justified == InForce})
			}
		}
		for _, m := range r.Remarks {
			switch m.Kind {
			case analysis.AnyAny:
				add(&f.AnyAny, m.Why)
			case analysis.TooWide:
				add(&f.TooWide, m.Why)
			case analysis.Shadowed, analysis.Unreachable:
				add(&f.Shadowed, m.Why)
			case analysis.Redundant:
				add(&f.Redundant, m.Why)
			case analysis.Unmodelled:
				if unmodelled == "" && r.Justified != InForce {
					unmodelled = r.Words() + ": " + m.Why
				}
			}
		}
		if r.Unused {
			add(&f.Unused, r.UsedWhy)
		}
		switch r.Justified {
		case None:
			add(&f.Unjustified, "nobody said what needs it")
		case Partly:
			add(&f.Unjustified, r.By+" does not hold for every host that has it")
		case Expired:
			add(&f.Expired, fmt.Sprintf("%s expired on %s", r.By, r.Until))
		}
		if r.New {
			add(&f.Drift, "came since "+v.Review)
		}
		if r.Decision == Remove && now.Sub(v.Reviewed) > removeDays*24*time.Hour {
			add(&f.RemovalsLate, v.Review+" decided to remove it")
		}
	}
	for _, g := range v.Vanished {
		if g.Decision != Remove && len(f.Drift) < mostNamed {
			f.Drift = append(f.Drift, facts.FirewallRemark{Rule: g.Chain + ": " + g.Rule, Why: "went since " + v.Review})
		}
	}
	for _, p := range v.Policies[:min(len(v.Policies), mostNamed)] {
		f.Policies = append(f.Policies, policyWords(p))
	}
	if unmodelled != "" {
		if len(f.AnyAny) == 0 {
			f.AnyAny = nil
			unknown("/any_any", facts.NotObserved, unmodelled)
		}
		if len(f.TooWide) == 0 {
			f.TooWide = nil
			unknown("/too_wide", facts.NotObserved, unmodelled)
		}
	}
	if len(v.Limits) > 0 {
		why := strings.Join(v.Limits, "; ")
		if len(f.Shadowed) == 0 {
			f.Shadowed = nil
			unknown("/shadowed", facts.NotObserved, why)
		}
		if len(f.Redundant) == 0 {
			f.Redundant = nil
			unknown("/redundant", facts.NotObserved, why)
		}
	}
	if len(f.Unused) == 0 && v.unusedUnknown != "" {
		f.Unused = nil
		unknown("/unused", facts.NotObserved, v.unusedUnknown)
	}
	if v.Review == "" {
		f.Drift, f.RemovalsLate = nil, nil
		unknown("/drift", facts.Absent, "it was never reviewed")
		unknown("/removals_late", facts.Absent, "it was never reviewed")
	}
	return facts.NewSection("firewall_review", f, missing)
}

// show gives one rule set by its number or id.
func (s *Service) show(ctx context.Context, ref string) (*View, error) {
	q := s.cfg.DB.Reader()
	w, err := s.world(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range w.sets {
		if x := &w.sets[i]; x.Ref == ref || x.ID == ref || strings.TrimPrefix(x.Ref, "FW-") == ref {
			v, err := s.view(ctx, q, w, x, s.cfg.Clock())
			if err != nil {
				return nil, err
			}
			if len(v.Events) == 0 {
				v.Events, err = eventsOf(ctx, q, x.ID, 500)
			}
			return v, err
		}
	}
	return nil, noSet(ref)
}

func noSet(ref string) error {
	return fault.New(fault.NotFound, "there is no rule set %.40q", ref).WithHint("see the list of rule sets")
}

// Show gives one rule set with its rules (firewall.read).
func (s *Service) Show(ctx context.Context, p access.Principal, ref string) (*View, error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, err
	}
	return s.show(ctx, ref)
}

// Filter chooses rule sets; zero values choose those in force.
type Filter struct {
	Query string // of names of hosts, and rules
	Kind  string
	Only  string // odd, unjustified, overdue, drift, gone
	After string // number of the last one of the page before
	Limit int    // 50
}

// Onlies gives what a list may show, with words.
func Onlies() [][2]string {
	return [][2]string{{"odd", "Something to do"}, {"open", "Open to everybody"}, {"unjustified", "Not justified"}, {"overdue", "Review overdue"}, {"drift", "Changed since the review"}, {"gone", "In force nowhere"}}
}

// Row is a rule set in a list.
type Row struct {
	Set
	Hosts       int       `json:"hosts"`
	Rules       int       `json:"rules"`
	Odd         int       `json:"odd"`
	Open        int       `json:"open" doc:"Rules and policies that let everybody in, without a justification."`
	Unjustified int       `json:"unjustified"`
	Shadowed    int       `json:"shadowed"`
	Unused      int       `json:"unused"`
	Drift       int       `json:"drift"`
	Review      string    `json:"review,omitempty"`
	Reviewed    time.Time `json:"reviewed,omitzero"`
	Due         time.Time `json:"review_due"`
	Overdue     bool      `json:"review_overdue"`
}

func (v *View) row() Row {
	r := Row{Set: v.Set, Hosts: len(v.Members), Rules: len(v.Rules), Odd: v.Odd, Review: v.Review, Reviewed: v.Reviewed, Due: v.Due, Overdue: v.Overdue && v.Gone.IsZero(), Open: len(v.Policies)}
	for i := range v.Rules {
		x := &v.Rules[i]
		open, shadowed := false, false
		for _, m := range x.Remarks {
			open = open || (m.Kind == analysis.AnyAny || m.Kind == analysis.TooWide) && x.Justified != InForce
			shadowed = shadowed || m.Kind == analysis.Shadowed || m.Kind == analysis.Unreachable
		}
		for is, n := range map[*int]bool{&r.Open: open, &r.Shadowed: shadowed, &r.Unused: x.Unused, &r.Drift: x.New, &r.Unjustified: x.Justified == None || x.Justified == Partly || x.Justified == Expired} {
			if n {
				*is++
			}
		}
	}
	for _, g := range v.Vanished {
		if g.Decision != Remove {
			r.Drift++
		}
	}
	return r
}

// Counts says how many rule sets there are.
type Counts struct {
	All     int      `json:"all"`
	Only    []int    `json:"-"` // by Onlies
	Hosts   int      `json:"hosts"`
	Unread  []Member `json:"unread,omitempty" doc:"Hosts whose rules were never read."`
	Reviews int      `json:"open_reviews"`
}

func (r *Row) is(only string) bool {
	switch only {
	case "odd":
		return r.Odd > 0 || r.Overdue
	case "open":
		return r.Open > 0
	case "unjustified":
		return r.Unjustified > 0
	case "overdue":
		return r.Overdue
	case "drift":
		return r.Drift > 0
	}
	return true
}

// List gives rule sets, those with most to do first (firewall.read).
func (s *Service) List(ctx context.Context, p access.Principal, f Filter) (rows []Row, next string, counts Counts, err error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, "", counts, err
	}
	if f.Only != "" && !slices.ContainsFunc(Onlies(), func(o [2]string) bool { return o[0] == f.Only }) {
		return nil, "", counts, bad("only", "choose one of odd, open, unjustified, overdue, drift, gone")
	}
	if f.Kind != "" && !slices.ContainsFunc(Kinds(), func(k [2]string) bool { return k[0] == f.Kind }) {
		return nil, "", counts, bad("kind", "choose one of host, aws, azure, gcp")
	}
	q := s.cfg.DB.Reader()
	w, err := s.world(ctx, q)
	if err != nil {
		return nil, "", counts, err
	}
	now := s.cfg.Clock()
	counts.Only, counts.Unread, counts.Reviews = make([]int, len(Onlies())), w.unread, len(w.open)
	query := strings.ToLower(f.Query)
	for i := range w.sets {
		set := &w.sets[i]
		v, err := s.view(ctx, q, w, set, now)
		if err != nil {
			return nil, "", counts, err
		}
		r := v.row()
		if gone := !set.Gone.IsZero(); gone {
			counts.Only[len(counts.Only)-1]++
			if f.Only != "gone" {
				continue
			}
		} else {
			counts.All++
			counts.Hosts += len(v.Members)
			for n, o := range Onlies()[:len(counts.Only)-1] {
				if r.is(o[0]) {
					counts.Only[n]++
				}
			}
			if f.Only == "gone" || !r.is(f.Only) {
				continue
			}
		}
		if f.Kind != "" && set.Kind != f.Kind || query != "" && !v.speaksOf(query) {
			continue
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		if a.Odd != b.Odd {
			return b.Odd - a.Odd
		}
		return int(a.No - b.No)
	})
	if f.After != "" {
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Ref == f.After })
		rows = rows[i+1:]
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		next = rows[len(rows)-1].Ref
	}
	return rows, next, counts, nil
}

// speaksOf reports whether a member's name or a rule has a text.
func (v *View) speaksOf(query string) bool {
	return strings.ToLower(v.Ref) == query || slices.ContainsFunc(v.Members, func(m Member) bool { return strings.Contains(strings.ToLower(m.Name), query) }) ||
		slices.ContainsFunc(v.Rules, func(r Rule) bool { return strings.Contains(strings.ToLower(r.Words()), query) })
}

// RuleRow is a rule in a list over rule sets.
type RuleRow struct {
	Rule
	Set   string `json:"rule_set"`
	Name  string `json:"name" doc:"Who has it."`
	Hosts int    `json:"hosts"`
}

// RuleFilter chooses rules of sets that are in force; zero values choose all.
type RuleFilter struct {
	Set   string
	Only  string // odd, open, unjustified, expired, shadowed, redundant, unused, not_modelled, new
	Query string
}

// RuleOnlies gives what a list of rules may show, with words.
func RuleOnlies() [][2]string {
	return [][2]string{{"odd", "Something to do"}, {"open", "Open to everybody"}, {"unjustified", "Not justified"}, {"expired", "Expired"}, {"shadowed", "Never decides"}, {"redundant", "Redundant"}, {"unused", "Unused"}, {"not_modelled", "Not modelled"}, {"new", "Since the review"}}
}

// Is reports whether a rule is one that RuleOnlies names.
func (r *Rule) Is(only string) bool {
	has := func(kinds ...analysis.Kind) bool {
		return slices.ContainsFunc(r.Remarks, func(m analysis.Remark) bool { return slices.Contains(kinds, m.Kind) })
	}
	switch only {
	case "odd":
		return r.Odd()
	case "open":
		return has(analysis.AnyAny, analysis.TooWide)
	case "unjustified":
		return r.Justified == None || r.Justified == Partly
	case "expired":
		return r.Justified == Expired
	case "shadowed":
		return has(analysis.Shadowed, analysis.Unreachable)
	case "redundant":
		return has(analysis.Redundant)
	case "unused":
		return r.Unused
	case "not_modelled":
		return has(analysis.Unmodelled)
	case "new":
		return r.New
	}
	return true
}

// Rules gives rules of all sets that are in force, by set and place (firewall.read).
func (s *Service) Rules(ctx context.Context, p access.Principal, f RuleFilter) (out []RuleRow, counts map[string]int, err error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, nil, err
	}
	if f.Only != "" && !slices.ContainsFunc(RuleOnlies(), func(o [2]string) bool { return o[0] == f.Only }) {
		return nil, nil, bad("only", "%q is nothing that rules are", f.Only).WithHint("choose one of odd, open, unjustified, expired, shadowed, redundant, unused, not_modelled, new")
	}
	q := s.cfg.DB.Reader()
	w, err := s.world(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	if f.Set != "" && !slices.ContainsFunc(w.sets, func(x Set) bool { return x.Ref == f.Set }) {
		return nil, nil, noSet(f.Set)
	}
	counts = map[string]int{}
	query := strings.ToLower(f.Query)
	for i := range w.sets {
		set := &w.sets[i]
		if !set.Gone.IsZero() || f.Set != "" && f.Set != set.Ref {
			continue
		}
		v, err := s.view(ctx, q, w, set, s.cfg.Clock())
		if err != nil {
			return nil, nil, err
		}
		for _, r := range v.Rules {
			counts[""]++
			for _, o := range RuleOnlies() {
				if r.Is(o[0]) {
					counts[o[0]]++
				}
			}
			if r.Is(f.Only) && (query == "" || strings.Contains(strings.ToLower(r.Words()+" "+r.Comment), query)) {
				out = append(out, RuleRow{r, v.Ref, v.Name, len(v.Members)})
			}
		}
	}
	return out, counts, nil
}
