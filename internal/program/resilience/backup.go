package resilience

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/register"
)

// Day is a calendar day; "" is none.
type Day = register.Day

// BackupKind is what the journal keeps of backups.
var BackupKind = journal.Kind{Name: "kept_backup", Prefix: "kbu", Letter: "BK", Noun: "backup", Steps: []string{"added", "described", "restored", "ended"}}

// Where a copy lies, seen from what it is a copy of.
const (
	Same     = "same"     // the same machine or room
	Site     = "site"     // another site
	Region   = "region"   // another region of the same provider
	Provider = "provider" // another provider, or another account that production cannot reach
	Offline  = "offline"  // disconnected: tape, a disk in a safe
)

// Wheres gives them with the words of a form.
func Wheres() [][2]string {
	return [][2]string{{Same, "The same site or account"}, {Site, "Another site"}, {Region, "Another region"}, {Provider, "Another provider or account"}, {Offline, "Offline"}}
}

// Place is where copies go.
type Place struct {
	Name  string `json:"name" doc:"As runs name it: vault-eu." maxLength:"80"`
	Where string `json:"where" enum:"same,site,region,provider,offline"`
}

// elsewhere reports whether a copy there outlives the site.
func (p Place) elsewhere() bool { return p.Where != Same }

// BackupText is what a backup is.
type BackupText struct {
	Name      string   `json:"name" doc:"As runs name it: customers-nightly." maxLength:"80"`
	Title     string   `json:"title" doc:"What is backed up, in words." maxLength:"200"`
	Covers    []string `json:"covers,omitempty" doc:"Assets of the inventory or labels of data: A-3." maxItems:"100"`
	How       string   `json:"how,omitempty" doc:"With what, and what of it." maxLength:"1000"`
	Places    []Place  `json:"places,omitempty" maxItems:"10"`
	Encrypted string   `json:"encrypted,omitempty" enum:"yes,no"`
	Key       string   `json:"key,omitempty" doc:"Where the key is kept, apart from the copies." maxLength:"300"`
	Locked    string   `json:"locked,omitempty" doc:"What keeps copies from being deleted before their time." maxLength:"300"`
	Keep      int      `json:"keep_days,omitempty" doc:"For how many days copies are kept." minimum:"0" maximum:"36500"`
	Loss      int      `json:"loss_hours,omitempty" doc:"How many hours of data may be lost (RPO): a good copy is younger." minimum:"0" maximum:"87600"`
	LossApart int      `json:"loss_elsewhere_hours,omitempty" doc:"The same for the copy elsewhere; as above when left out." minimum:"0" maximum:"87600"`
	Recover   int      `json:"recover_minutes,omitempty" doc:"Within how many minutes it is to be back (RTO)." minimum:"0" maximum:"525600"`
	Try       int      `json:"restore_every_months,omitempty" doc:"How often a restore is tried; 12 when left out." minimum:"0" maximum:"60"`
	Owner     string   `json:"owner" doc:"Who answers for it." maxLength:"120"`
	Without   string   `json:"not_backed_up,omitempty" doc:"Where it is not backed up on purpose: why." maxLength:"2000"`
}

// Restore is a restore that was tried, or done in earnest.
type Restore struct {
	On       Day    `json:"on" maxLength:"10"`
	Result   string `json:"result" enum:"whole,part,failed"`
	Minutes  int    `json:"minutes,omitempty" doc:"From the decision to use." minimum:"0" maximum:"525600"`
	Into     string `json:"into" doc:"Where it was restored to." maxLength:"300"`
	Copy     string `json:"copy" doc:"Which copy: its day and place." maxLength:"300"`
	Compared string `json:"compared" doc:"How it was held against the source: counts, digests, a person who used it." maxLength:"2000"`
	Earnest  bool   `json:"earnest,omitempty" doc:"It was no test."`
	Evidence string `json:"evidence,omitempty" doc:"Number of the evidence: E-12." maxLength:"40"`
}

// Tried is a restore with who recorded it.
type Tried struct {
	Number int `json:"number"`
	Restore
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Backup is one backup.
type Backup struct {
	BackupText
	State  string    `json:"state"` // active, ended
	Own    bool      `json:"own,omitempty"`
	Added  time.Time `json:"added_at"`
	Tried  []Tried   `json:"restores,omitempty"`
	Ended  Day       `json:"ended,omitempty"`
	Reason string    `json:"ended_why,omitempty"`
}

// Mark is what lists are filtered by.
func (b Backup) Mark() journal.Mark { return journal.Mark{State: b.State, Topic: b.Name} }

var runNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,79}$`)

func bad(field, format string, args ...any) *fault.Error { return register.Bad(field, format, args...) }

// text is one text of a form.
type text struct {
	field string
	text  *string
	what  string
	must  bool
	most  int
	lines bool
}

func tidyAll(list ...text) error {
	for _, t := range list {
		read := journal.Line
		if t.lines {
			read = journal.Text
		}
		s, err := read(t.field, *t.text, t.what, t.must, t.most)
		if err != nil {
			return err
		}
		*t.text = s
	}
	return nil
}

func known(list [][2]string, x string) bool {
	return slices.ContainsFunc(list, func(p [2]string) bool { return p[0] == x })
}

func (b *BackupText) tidy() error {
	without := strings.TrimSpace(b.Without) != ""
	if err := tidyAll(text{"name", &b.Name, "how runs name it", true, 80, false}, text{"title", &b.Title, "what is backed up", true, 200, false}, text{"how", &b.How, "how it is backed up", !without, 1000, true}, text{"key", &b.Key, "", false, 300, false},
		text{"locked", &b.Locked, "", false, 300, false}, text{"owner", &b.Owner, "who answers for it", true, 120, false}, text{"not_backed_up", &b.Without, "", false, 2000, true}); err != nil {
		return err
	}
	if !runNames.MatchString(b.Name) {
		return bad("name", "%q is no name of a backup", b.Name).WithHint("letters, digits and . _ : / @ - without spaces: customers-nightly")
	}
	var covers []string
	for _, c := range b.Covers {
		if c = strings.Join(strings.Fields(c), " "); c != "" && !slices.Contains(covers, c) {
			covers = append(covers, c)
		}
		if len(c) > 120 {
			return bad("covers", "what is covered is named in at most 120 letters")
		}
	}
	if b.Covers = covers; len(covers) > 100 {
		return bad("covers", "at most 100 are named here")
	}
	if without {
		b.Places, b.Encrypted, b.Keep, b.Loss, b.LossApart, b.Recover, b.Try = nil, "", 0, 0, 0, 0, 0
		return nil
	}
	if len(b.Places) == 0 || len(b.Places) > 10 {
		return bad("places", "name one place at least, and at most 10").WithHint("such as: vault-eu, another region")
	}
	seen := map[string]bool{}
	for i := range b.Places {
		p := &b.Places[i]
		p.Name = strings.TrimSpace(p.Name)
		switch {
		case !runNames.MatchString(p.Name):
			return bad("places", "%q is no name of a place", p.Name).WithHint("letters, digits and . _ : / @ - without spaces: vault-eu")
		case !known(Wheres(), p.Where):
			return bad("places", "say where %s lies: same, site, region, provider or offline", p.Name)
		case seen[p.Name]:
			return bad("places", "%s stands here twice", p.Name)
		}
		seen[p.Name] = true
	}
	switch {
	case b.Encrypted != "" && b.Encrypted != "yes" && b.Encrypted != "no":
		return bad("encrypted", "choose yes or no")
	case b.Keep < 1 || b.Keep > 36500:
		return bad("keep_days", "say for how many days copies are kept, 1 to 36500")
	case b.Loss < 1 || b.Loss > 87600:
		return bad("loss_hours", "say how many hours of data may be lost, 1 to 87600").WithHint("24 where a copy a day is enough, with some room: 26")
	case b.LossApart < 0 || b.LossApart > 87600:
		return bad("loss_elsewhere_hours", "choose 1 to 87600 hours")
	case b.Recover < 0 || b.Recover > 525600:
		return bad("recover_minutes", "choose up to 525600 minutes")
	case b.Try < 0 || b.Try > 60:
		return bad("restore_every_months", "choose 1 to 60 months")
	}
	if b.LossApart == 0 {
		b.LossApart = b.Loss
	}
	if b.Try == 0 {
		b.Try = 12
	}
	return nil
}

func (r *Restore) tidy(today Day, added Day) error {
	if err := r.On.Check("on", "when it was restored", true); err != nil {
		return err
	}
	if err := tidyAll(text{"into", &r.Into, "where it was restored to", true, 300, false}, text{"copy", &r.Copy, "which copy", true, 300, false}, text{"compared", &r.Compared, "how it was held against the source", r.Result != "failed", 2000, true}, text{"evidence", &r.Evidence, "", false, 40, false}); err != nil {
		return err
	}
	switch {
	case r.On > today:
		return bad("on", "%s has not come yet", r.On)
	case !slices.Contains([]string{"whole", "part", "failed"}, r.Result):
		return bad("result", "say whether it was whole, in part, or failed")
	case r.Result == "whole" && r.Minutes < 1 || r.Minutes < 0 || r.Minutes > 525600:
		return bad("minutes", "say how many minutes it took")
	}
	return nil
}

// Outcome of an attribute.
const (
	pass = "pass"
	fail = "fail"
	unk  = "not_observed"
	na   = "not_applicable"
)

// Attribute is what one question comes to.
type Attribute struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// BackupAttributes gives what is judged of a backup: id and title.
func BackupAttributes() [][2]string {
	return [][2]string{{"overdue", "The newest good copy is young enough"}, {"failing", "The newest run succeeded"}, {"shrunk", "The newest copy is as large as usual"}, {"offsite", "A young copy lies elsewhere"}, {"encrypted", "Copies are encrypted"},
		{"restored", "A restore was tried in time"}, {"in_time", "The newest restore was fast enough"}}
}

// Runs is what runs said of a backup: newest first, at most the last sixty.
type Runs []Run

// judge gives what a backup comes to at a moment. runs are those that were over then,
// newest first.
func (b *Backup) judge(runs Runs, now time.Time, zone *time.Location) []Attribute {
	var out []Attribute
	add := func(outcome, format string, args ...any) {
		k := BackupAttributes()[len(out)]
		out = append(out, Attribute{k[0], k[1], outcome, fmt.Sprintf(format, args...)})
	}
	if b.State != "active" || b.Without != "" {
		why := "it ended on " + string(b.Ended)
		if b.Without != "" {
			why = "it is not backed up: " + b.Without
		}
		for range BackupAttributes() {
			add(na, "%s", why)
		}
		return out
	}
	today := register.DayOf(now, zone)
	good := slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.Result != Good })
	const never = "no run was ever reported"
	age := func(r Run) string { return fmt.Sprintf("%s ago, to %s", span(now.Sub(r.Finished)), r.Place) }
	switch {
	case len(runs) == 0:
		add(unk, never)
	case len(good) == 0:
		add(fail, "%d runs were reported, and none succeeded", len(runs))
	case now.Sub(good[0].Finished) > time.Duration(b.Loss)*time.Hour:
		add(fail, "the newest good copy is of %s, and %d hours may be lost", age(good[0]), b.Loss)
	default:
		add(pass, "a good copy of %s; %d hours may be lost", age(good[0]), b.Loss)
	}
	switch {
	case len(runs) == 0:
		add(unk, never)
	case runs[0].Result != Good:
		add(fail, "the newest run, %s, %s%s", age(runs[0]), runs[0].Result.words(), said(runs[0].Says))
	default:
		add(pass, "the newest run succeeded %s", age(runs[0]))
	}
	b.size(good, len(runs), add)
	apart := slices.IndexFunc(good, func(r Run) bool { return b.place(r.Place).elsewhere() })
	switch {
	case len(runs) == 0:
		add(unk, never)
	case !slices.ContainsFunc(b.Places, Place.elsewhere):
		add(fail, "no place of it lies elsewhere")
	case apart < 0:
		add(fail, "no run to another place succeeded")
	case now.Sub(good[apart].Finished) > time.Duration(b.LossApart)*time.Hour:
		add(fail, "the newest good copy elsewhere is of %s, and %d hours may be lost", age(good[apart]), b.LossApart)
	default:
		add(pass, "a good copy of %s", age(good[apart]))
	}
	switch b.Encrypted {
	case "yes":
		add(pass, "encrypted%s", said(b.Key))
	case "no":
		add(fail, "copies are not encrypted")
	default:
		add(unk, "nobody said whether copies are encrypted")
	}
	b.tries(today, zone, add)
	return out
}

func (b *Backup) size(good Runs, runs int, add func(outcome, format string, args ...any)) {
	sized := slices.DeleteFunc(slices.Clone(good), func(r Run) bool { return r.Bytes < 0 || len(good) > 0 && r.Place != good[0].Place })
	var before []int64
	for _, r := range sized[min(1, len(sized)):] {
		if len(before) < 10 {
			before = append(before, r.Bytes)
		}
	}
	slices.Sort(before)
	switch {
	case runs == 0:
		add(unk, "no run was ever reported")
	case len(good) == 0:
		add(unk, "no run succeeded")
	case good[0].Bytes < 0:
		add(unk, "the newest run does not say its size")
	case len(before) < 3:
		add(unk, "too few copies to know what is usual: %d of 3", len(before))
	case sized[0].Bytes*2 < before[len(before)/2]:
		add(fail, "%s, and %s is usual", bytesWords(sized[0].Bytes), bytesWords(before[len(before)/2]))
	default:
		add(pass, "%s; %s is usual", bytesWords(sized[0].Bytes), bytesWords(before[len(before)/2]))
	}
}

// tries judges restores: whether one succeeded within the interval, and how long the
// newest took.
func (b *Backup) tries(today Day, zone *time.Location, add func(outcome, format string, args ...any)) {
	list := slices.Clone(b.Tried)
	slices.SortStableFunc(list, func(x, y Tried) int { return strings.Compare(string(y.On), string(x.On)) })
	whole := slices.IndexFunc(list, func(t Tried) bool { return t.Result == "whole" })
	first := register.DayOf(b.Added, zone).Add(b.Try, 0)
	switch {
	case whole >= 0 && list[whole].On.Add(b.Try, 0) >= today && whole == 0:
		add(pass, "whole on %s", list[whole].On)
	case whole >= 0 && list[whole].On.Add(b.Try, 0) >= today:
		add(fail, "the newest, on %s, was not whole", list[0].On)
	case len(list) > 0 && list[0].Result != "whole":
		add(fail, "the newest, on %s, was not whole", list[0].On)
	case whole >= 0:
		add(fail, "the newest whole one is of %s; every %d months is set", list[whole].On, b.Try)
	case today <= first:
		add(unk, "the first restore is due by %s", first)
	default:
		add(fail, "none was tried; the first was due by %s", first)
	}
	switch {
	case b.Recover == 0:
		add(na, "no time to recover is set")
	case whole < 0:
		add(unk, "no restore was tried to its end")
	case list[whole].Minutes > b.Recover:
		add(fail, "%d minutes on %s, and %d are promised", list[whole].Minutes, list[whole].On, b.Recover)
	default:
		add(pass, "%d minutes on %s; %d are promised", list[whole].Minutes, list[whole].On, b.Recover)
	}
}

// place gives a place by its name; the first one for what is not named.
func (b *BackupText) place(name string) Place {
	for _, p := range b.Places {
		if p.Name == name {
			return p
		}
	}
	return Place{Name: name, Where: Same}
}

func said(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

func span(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 72*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func bytesWords(n int64) string {
	v, unit := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for v >= 1024 && unit < len(units)-1 {
		v /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}
