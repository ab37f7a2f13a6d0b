package resilience

import (
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/register"
)

// ThreatKind is what the journal keeps of threats.
var ThreatKind = journal.Kind{Name: "site_threat", Prefix: "sth", Letter: "TH", Noun: "threat", Steps: []string{"added", "described", "protected", "inspected", "unprotected", "reviewed", "ended"}}

// Threats gives the kinds of threats with the words of a form.
func Threats() [][2]string {
	return [][2]string{{"fire", "Fire"}, {"water", "Water from pipes or roof"}, {"flood", "Flood"}, {"heat", "Heat, cooling fails"}, {"power", "Power fails"}, {"storm", "Storm, lightning"}, {"earthquake", "Earthquake"}, {"network", "Network is cut"},
		{"region", "The provider loses a region"}, {"provider", "The provider ends or locks us out"}, {"pandemic", "Many people are ill"}, {"unrest", "Unrest, war, closed buildings"}, {"other", "Another one"}}
}

// Classes gives what a protection does.
func Classes() [][2]string {
	return [][2]string{{"detects", "It notices: detector, sensor, health notice"}, {"prevents", "It holds it off: UPS, raised floor, second feed"}, {"answers", "It limits the damage: extinguisher, plan, redundant region"}}
}

// reviewMonths is how often a threat is looked at again.
const reviewMonths = 12

// ThreatText is what a threat is.
type ThreatText struct {
	Place      string `json:"place" doc:"Site, or provider and region: Porto office, Cloudhaven eu-west." maxLength:"120"`
	Kind       string `json:"kind" enum:"fire,water,flood,heat,power,storm,earthquake,network,region,provider,pandemic,unrest,other"`
	What       string `json:"what" doc:"What would happen to the systems there." maxLength:"2000"`
	Likelihood int    `json:"likelihood" doc:"1 rare to 5 almost certain." minimum:"1" maximum:"5"`
	Magnitude  int    `json:"magnitude" doc:"1 negligible to 5 the end of the firm." minimum:"1" maximum:"5"`
	Why        string `json:"why" doc:"What the rating rests on." maxLength:"2000"`
	Vendor     string `json:"vendor,omitempty" doc:"Where a provider protects the place: who, V-3 or its name." maxLength:"120"`
	Report     string `json:"report,omitempty" doc:"Which of its reports covers this threat, and its period." maxLength:"500"`
	ReportTo   Day    `json:"report_until,omitempty" doc:"Last day of that report's period." maxLength:"10"`
	Risk       string `json:"risk,omitempty" doc:"Risk of the register that it is a cause of: R-3." maxLength:"20"`
	Owner      string `json:"owner" doc:"Who answers for the place." maxLength:"120"`
}

// ProtectionText is what protects against a threat.
type ProtectionText struct {
	What  string `json:"what" doc:"Smoke detectors of the server room, UPS of 20 minutes, second region." maxLength:"300"`
	Class string `json:"class" enum:"detects,prevents,answers"`
	Every int    `json:"inspected_every_months,omitempty" doc:"How often it is serviced or tried; 12 when left out." minimum:"0" maximum:"120"`
	By    string `json:"by,omitempty" doc:"Who services or tries it." maxLength:"200"`
}

// Inspection is one look at a protection.
type Inspection struct {
	On     Day    `json:"on" maxLength:"10"`
	Result string `json:"result" enum:"works,mended,fails"`
	Found  string `json:"found" doc:"What was looked at, found and mended." maxLength:"2000"`
}

// Protection is what protects, with how it was inspected.
type Protection struct {
	Number int `json:"number"`
	ProtectionText
	Since       Day          `json:"since"`
	Inspections []Inspection `json:"inspections,omitempty"`
	Gone        Day          `json:"gone,omitempty"`
}

// Due gives the day by which it is to be inspected.
func (p Protection) Due() Day {
	at := p.Since
	for _, i := range p.Inspections {
		at = max(at, i.On)
	}
	return at.Add(p.Every, 0)
}

// Threat is one threat to one place.
type Threat struct {
	ThreatText
	State       string       `json:"state"` // active, ended
	Added       Day          `json:"added"`
	Protections []Protection `json:"protections,omitempty"`
	Reviewed    Day          `json:"reviewed,omitempty"`
	Reviewer    string       `json:"reviewer,omitempty"`
	Ended       Day          `json:"ended,omitempty"`
}

// Mark is what lists are filtered by.
func (t Threat) Mark() journal.Mark {
	m := journal.Mark{State: t.State, Topic: t.Place}
	if t.State == "active" {
		m.Due = t.ReviewDue().Time()
	}
	return m
}

// Level is likelihood times magnitude.
func (t Threat) Level() int { return t.Likelihood * t.Magnitude }

// ReviewDue gives the day by which it is to be looked at.
func (t Threat) ReviewDue() Day { return max(t.Added, t.Reviewed).Add(reviewMonths, 0) }

// KindWords says the kind of a threat.
func (t Threat) KindWords() string { return wordsOf(Threats(), t.Kind) }

func wordsOf(list [][2]string, x string) string {
	for _, p := range list {
		if p[0] == x {
			return p[1]
		}
	}
	return x
}

func (t *ThreatText) tidy() error {
	if err := tidyAll(text{"place", &t.Place, "which place", true, 120, false}, text{"what", &t.What, "what would happen", true, 2000, true}, text{"why", &t.Why, "what the rating rests on", true, 2000, true}, text{"vendor", &t.Vendor, "who protects the place", t.Report != "", 120, false},
		text{"report", &t.Report, "", false, 500, false}, text{"risk", &t.Risk, "", false, 20, false}, text{"owner", &t.Owner, "who answers for the place", true, 120, false}); err != nil {
		return err
	}
	if err := t.ReportTo.Check("report_until", "until when the report speaks", t.Report != ""); err != nil {
		return err
	}
	switch {
	case !known(Threats(), t.Kind):
		return bad("kind", "choose which threat it is")
	case t.Likelihood < 1 || t.Likelihood > 5:
		return bad("likelihood", "choose 1 to 5")
	case t.Magnitude < 1 || t.Magnitude > 5:
		return bad("magnitude", "choose 1 to 5")
	}
	return nil
}

func (p *ProtectionText) tidy() error {
	if err := tidyAll(text{"protection", &p.What, "what protects", true, 300, false}, text{"by", &p.By, "", false, 200, false}); err != nil {
		return err
	}
	switch {
	case !known(Classes(), p.Class):
		return bad("class", "choose what it does: detects, prevents or answers")
	case p.Every < 0 || p.Every > 120:
		return bad("inspected_every_months", "choose 1 to 120 months")
	case p.Every == 0:
		p.Every = 12
	}
	return nil
}

func (i *Inspection) tidy(today Day) error {
	if err := i.On.Check("on", "when it was inspected", true); err != nil {
		return err
	}
	if err := tidyAll(text{"found", &i.Found, "what was looked at and found", true, 2000, true}); err != nil {
		return err
	}
	switch {
	case i.On > today:
		return bad("on", "%s has not come yet", i.On)
	case !slices.Contains([]string{"works", "mended", "fails"}, i.Result):
		return bad("result", "say whether it works, was mended, or fails")
	}
	return nil
}

// ThreatAttributes gives what is judged of a threat: id and title.
func ThreatAttributes() [][2]string {
	return [][2]string{{"detected", "Something would notice it"}, {"protected", "Something stands against it"}, {"inspected", "Protections were inspected in time"}, {"reviewed", "Reviewed within a year"}}
}

// notable is the level from which a threat needs protection: likelihood times magnitude.
const notable = 4

func (t *Threat) judge(today Day) []Attribute {
	var out []Attribute
	add := func(outcome, format string, args ...any) {
		k := ThreatAttributes()[len(out)]
		out = append(out, Attribute{k[0], k[1], outcome, fmt.Sprintf(format, args...)})
	}
	if t.State != "active" {
		for range ThreatAttributes() {
			add(na, "it ended on %s", t.Ended)
		}
		return out
	}
	has := func(classes ...string) (names string, n int) {
		for _, p := range t.Protections {
			if p.Gone == "" && slices.Contains(classes, p.Class) {
				if n++; n == 1 {
					names = p.What
				}
			}
		}
		if n > 1 {
			names += fmt.Sprintf(" and %d more", n-1)
		}
		return names, n
	}
	// A report speaks until its period ends; three months more are what its gap may be.
	report := func() (outcome, reason string, ok bool) {
		if t.Report == "" {
			return "", "", false
		}
		if t.ReportTo.Add(3, 0) < today {
			return fail, fmt.Sprintf("%s of %s speaks until %s", t.Report, t.Vendor, t.ReportTo), true
		}
		return pass, fmt.Sprintf("%s: %s, until %s", t.Vendor, t.Report, t.ReportTo), true
	}
	covered, why, byReport := report()
	for _, q := range []struct {
		classes []string
		none    string
	}{{[]string{"detects"}, "nothing that would notice it is named"}, {[]string{"prevents", "answers"}, "nothing that stands against it is named"}} {
		names, n := has(q.classes...)
		switch {
		case n > 0:
			add(pass, "%s", names)
		case byReport:
			add(covered, "%s", why)
		case t.Level() < notable:
			add(na, "%d × %d is small enough to bear", t.Likelihood, t.Magnitude)
		default:
			add(fail, "%s", q.none)
		}
	}
	late, broken, n := "", "", 0
	for _, p := range t.Protections {
		if p.Gone != "" {
			continue
		}
		n++
		if p.Due() < today && late == "" {
			late = fmt.Sprintf("%s was to be inspected by %s", p.What, p.Due())
		}
		if k := len(p.Inspections); k > 0 && p.Inspections[k-1].Result == "fails" && broken == "" {
			broken = fmt.Sprintf("%s failed on %s", p.What, p.Inspections[k-1].On)
		}
	}
	switch {
	case n == 0:
		add(na, "no protection of our own is named")
	case broken != "":
		add(fail, "%s", broken)
	case late != "":
		add(fail, "%s", late)
	case slices.ContainsFunc(t.Protections, func(p Protection) bool { return p.Gone == "" && len(p.Inspections) > 0 }):
		add(pass, "each of %d in time", n)
	default:
		add(unk, "none was inspected yet, and none is due")
	}
	switch due := t.ReviewDue(); {
	case due < today:
		add(fail, "it was to be looked at by %s", due)
	case t.Reviewed == "":
		add(unk, "the first review is due by %s", due)
	default:
		add(pass, "reviewed on %s; next by %s", t.Reviewed, due)
	}
	return out
}

// AlternateKind is what the journal keeps of alternates.
var AlternateKind = journal.Kind{Name: "alternate_site", Prefix: "als", Letter: "AI", Noun: "alternate infrastructure", Steps: []string{"added", "described", "proved", "ended"}}

// Readiness gives how ready an alternate is, with the words of a form.
func Readiness() [][2]string {
	return [][2]string{{"active", "It runs along: active, or replicated and on"}, {"warm", "Warm: data there, started when needed"}, {"cold", "Cold: built from code and copies when needed"}, {"manual", "By hand: people go on without the system"}}
}

// AlternateText is where one recovers to.
type AlternateText struct {
	For     string `json:"for" doc:"Which system or service." maxLength:"200"`
	From    string `json:"from" doc:"Where it runs: site, or provider and region." maxLength:"120"`
	To      string `json:"to" doc:"Where it would run." maxLength:"120"`
	Where   string `json:"where" enum:"same,site,region,provider,offline"`
	Ready   string `json:"readiness" enum:"active,warm,cold,manual"`
	Percent int    `json:"capacity_percent" doc:"How much of the usual demand it carries." minimum:"0" maximum:"1000"`
	Need    int    `json:"needed_percent" doc:"How much is needed to keep what was promised." minimum:"1" maximum:"1000"`
	Recover int    `json:"recover_minutes" doc:"Within how many minutes it is to run there (RTO)." minimum:"1" maximum:"525600"`
	Needs   string `json:"needs" doc:"What it founders on: quota, licences, secrets, name service, and how each is there." maxLength:"4000"`
	Every   int    `json:"proved_every_months,omitempty" doc:"How often it is proved; 12 when left out." minimum:"0" maximum:"60"`
	Owner   string `json:"owner" maxLength:"120"`
}

// Proof is a moment at which it was used, or tried.
type Proof struct {
	On      Day    `json:"on" maxLength:"10"`
	Result  string `json:"result" enum:"whole,part,failed"`
	Minutes int    `json:"minutes" minimum:"0" maximum:"525600"`
	Percent int    `json:"carried_percent,omitempty" doc:"How much demand it carried." minimum:"0" maximum:"1000"`
	What    string `json:"what" doc:"What was done, and what was in the way." maxLength:"4000"`
}

// Alternate is where one recovers to, with its proofs.
type Alternate struct {
	AlternateText
	State  string  `json:"state"`
	Added  Day     `json:"added"`
	Proofs []Proof `json:"proofs,omitempty"`
	Ended  Day     `json:"ended,omitempty"`
}

// Mark is what lists are filtered by.
func (a Alternate) Mark() journal.Mark {
	m := journal.Mark{State: a.State, Topic: a.For}
	if a.State == "active" {
		m.Due = a.Due().Time()
	}
	return m
}

// Due gives the day by which it is to be proved.
func (a Alternate) Due() Day {
	at := a.Added
	for _, p := range a.Proofs {
		if p.Result == "whole" {
			at = max(at, p.On)
		}
	}
	return at.Add(a.Every, 0)
}

func (a *AlternateText) tidy() error {
	if err := tidyAll(text{"for", &a.For, "which system", true, 200, false}, text{"from", &a.From, "where it runs", true, 120, false}, text{"to", &a.To, "where it would run", true, 120, false}, text{"needs", &a.Needs, "what it founders on, and how each is there", true, 4000, true},
		text{"owner", &a.Owner, "who answers for it", true, 120, false}); err != nil {
		return err
	}
	switch {
	case !known(Wheres(), a.Where):
		return bad("where", "say where it lies, seen from where it runs")
	case !known(Readiness(), a.Ready):
		return bad("readiness", "choose how ready it is")
	case a.Percent < 0 || a.Percent > 1000:
		return bad("capacity_percent", "choose 0 to 1000")
	case a.Need < 1 || a.Need > 1000:
		return bad("needed_percent", "choose 1 to 1000")
	case a.Recover < 1 || a.Recover > 525600:
		return bad("recover_minutes", "say within how many minutes, 1 to 525600")
	case a.Every < 0 || a.Every > 60:
		return bad("proved_every_months", "choose 1 to 60 months")
	case a.Every == 0:
		a.Every = 12
	}
	return nil
}

func (p *Proof) tidy(today Day) error {
	if err := p.On.Check("on", "when it was tried", true); err != nil {
		return err
	}
	if err := tidyAll(text{"what", &p.What, "what was done, and what was in the way", true, 4000, true}); err != nil {
		return err
	}
	switch {
	case p.On > today:
		return bad("on", "%s has not come yet", p.On)
	case !slices.Contains([]string{"whole", "part", "failed"}, p.Result):
		return bad("result", "say whether it was whole, in part, or failed")
	case p.Result == "whole" && p.Minutes < 1 || p.Minutes < 0 || p.Minutes > 525600:
		return bad("minutes", "say how many minutes it took")
	case p.Percent < 0 || p.Percent > 1000:
		return bad("carried_percent", "choose 0 to 1000")
	}
	return nil
}

// AlternateAttributes gives what is judged of an alternate: id and title.
func AlternateAttributes() [][2]string {
	return [][2]string{{"elsewhere", "It lies elsewhere"}, {"enough", "It carries what is needed"}, {"proved", "It was proved in time"}, {"fast", "It was fast enough"}}
}

func (a *Alternate) judge(today Day) []Attribute {
	var out []Attribute
	add := func(outcome, format string, args ...any) {
		k := AlternateAttributes()[len(out)]
		out = append(out, Attribute{k[0], k[1], outcome, fmt.Sprintf(format, args...)})
	}
	if a.State != "active" {
		for range AlternateAttributes() {
			add(na, "it ended on %s", a.Ended)
		}
		return out
	}
	if a.Where == Same {
		add(fail, "%s lies where %s does", a.To, a.From)
	} else {
		add(pass, "%s: %s", a.To, wordsOf(Wheres(), a.Where))
	}
	list := slices.Clone(a.Proofs)
	slices.SortStableFunc(list, func(x, y Proof) int { return -compareDays(x.On, y.On) })
	whole := slices.IndexFunc(list, func(p Proof) bool { return p.Result == "whole" })
	switch carried := whole >= 0 && list[whole].Percent > 0; {
	case a.Percent < a.Need:
		add(fail, "%d %% is said, and %d %% is needed", a.Percent, a.Need)
	case carried && list[whole].Percent < a.Need:
		add(fail, "it carried %d %% on %s, and %d %% is needed", list[whole].Percent, list[whole].On, a.Need)
	case carried:
		add(pass, "it carried %d %% on %s; %d %% is needed", list[whole].Percent, list[whole].On, a.Need)
	default:
		add(unk, "%d %% is said; no proof measured it", a.Percent)
	}
	switch due := a.Due(); {
	case len(list) > 0 && list[0].Result != "whole":
		add(fail, "the newest try, on %s, was not whole", list[0].On)
	case due < today && whole < 0:
		add(fail, "never proved; due by %s", due)
	case due < today:
		add(fail, "last proved on %s; due by %s", list[whole].On, due)
	case whole < 0:
		add(unk, "the first proof is due by %s", due)
	default:
		add(pass, "proved on %s; next by %s", list[whole].On, due)
	}
	switch {
	case whole < 0:
		add(unk, "no proof measured it")
	case list[whole].Minutes > a.Recover:
		add(fail, "%d minutes on %s, and %d are promised", list[whole].Minutes, list[whole].On, a.Recover)
	default:
		add(pass, "%d minutes on %s; %d are promised", list[whole].Minutes, list[whole].On, a.Recover)
	}
	return out
}

func compareDays(a, b Day) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// on gives the day of a moment in a zone.
func on(t time.Time, zone *time.Location) Day { return register.DayOf(t, zone) }
