package verdict

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/proof/permit"
	"github.com/attesta/attesta/internal/wire"
)

// Kind is what a change is, as an auditor asks.
type Kind string

// The kinds.
const (
	ByTicket     Kind = "ticket"      // authorised by an approved change
	ByPackage    Kind = "package"     // authorised by package: it is what a configured repository brought
	ByManagement Kind = "management"  // authorised by configuration management: a registered tool's run
	Reverts      Kind = "reverts"     // it took an unexplained change back
	Unexplained  Kind = "unexplained" // by nothing
)

// Kinds gives them, worst first.
func Kinds() []Kind { return []Kind{Unexplained, ByTicket, ByPackage, ByManagement, Reverts} }

// Authorised reports whether a change of the kind needs nobody to explain it.
func (k Kind) Authorised() bool { return k != Unexplained }

// Verdict is what was decided, why, and on what evidence.
type Verdict struct {
	Kind     Kind     `json:"verdict"`
	Reason   string   `json:"reason"`
	Evidence Evidence `json:"evidence,omitzero"`
	Exceeded bool     `json:"exceeded,omitempty"` // a token was used beyond its limits
	Counts   string   `json:"counts,omitempty"`   // the token whose count it uses up
}

// Evidence is what a verdict rests on.
type Evidence struct {
	Token       string   `json:"token,omitempty"`       // ctk_…
	Change      string   `json:"change,omitempty"`      // CH-12
	Tool        string   `json:"tool,omitempty"`        // of configuration management, with its run
	Presented   bool     `json:"presented,omitempty"`   // a process above the writer had shown the token
	Who         string   `json:"who,omitempty"`         // usr_… or per_…: whose the login is, where it is known
	Transaction string   `json:"transaction,omitempty"` // of the package manager
	Package     string   `json:"package,omitempty"`     // name and version
	Origin      string   `json:"origin,omitempty"`      // where the package came from
	Digest      string   `json:"digest,omitempty"`      // match, mismatch, none, gone
	Approval    string   `json:"approval,omitempty"`    // of a package without a repository
	Notes       []string `json:"notes,omitempty"`       // what is not known, or does not fit
}

// Permit is a token that a key of ours signed.
type Permit struct {
	permit.Token
	Run    bool      // of a run of configuration management
	Label  string    // what it is called: "CH-12", "ansible run 41"
	MadeAt time.Time // by this server; whatever it says itself, it authorises nothing before
	Used   int       // changes that it covered already
}

// Case is a change with all that is known beside it.
type Case struct {
	Change    *Change
	At        time.Time // when it happened, by our clock
	Host      string    // its name
	Person    string    // whose the login is: usr_…, per_… of somebody without an account here; "" unknown
	Presented []Permit  // tokens that a process above the writer had shown
	Refused   []string  // why others that were shown are none of ours
	Matching  []Permit  // tokens that hold at that time and that nobody showed
	Approved  string    // approval that covers a package without a repository
}

// slack is how far the clock of a package manager's log may be off the kernel's
// events, which it has whole seconds of.
const slack = 3 * time.Second

// afterwards is how long after a transaction what it started may still write.
const afterwards = 2 * time.Minute

// managerPrograms are the programs by which packages are brought.
var managerPrograms = []string{"dpkg", "dpkg-deb", "dpkg-split", "dpkg-divert", "dpkg-statoverride", "dpkg-trigger", "update-alternatives", "apt", "apt-get", "aptitude", "unattended-upgrade", "unattended-upgrades",
	"rpm", "rpm2cpio", "dnf", "dnf5", "dnf-3", "yum", "microdnf", "zypper", "tdnf", "packagekitd", "apk"}

func isManager(exe string) bool {
	base := path.Base(exe)
	dir := path.Dir(exe)
	if strings.HasPrefix(exe, "/usr/lib/apt/") || strings.HasPrefix(exe, "/var/lib/dpkg/info/") {
		return true
	}
	return slices.Contains(managerPrograms, base) && slices.Contains([]string{"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/libexec"}, dir)
}

// writer says who wrote: whether a program is known, and whether it, or one above
// it, is a package manager.
func writer(c *Change) (known, manager bool, name string) {
	if c.Who == nil || c.Who.Exe == "" {
		if c.Who != nil {
			for _, p := range c.Who.Parents {
				if isManager(p.Exe) {
					return true, true, p.Exe
				}
			}
		}
		return false, false, ""
	}
	if isManager(c.Who.Exe) {
		return true, true, c.Who.Exe
	}
	for _, p := range c.Who.Parents {
		if isManager(p.Exe) {
			return true, true, c.Who.Exe + " below " + p.Exe
		}
	}
	return true, false, c.Who.Exe
}

// Judge decides.
func Judge(c Case) Verdict {
	v := Verdict{Kind: Unexplained}
	v.Evidence.Who = c.Person
	pkg, why := byPackage(c)
	if pkg.Kind == ByPackage {
		return pkg
	}
	ticket, said := byToken(c)
	if ticket.Kind.Authorised() {
		return ticket
	}
	v.Exceeded = ticket.Exceeded
	v.Evidence = ticket.Evidence
	v.Evidence.Who = c.Person
	if p := c.Change.Package; p != nil {
		v.Evidence.Transaction, v.Evidence.Package, v.Evidence.Origin, v.Evidence.Digest = p.Transaction, title(p), p.Origin, p.Digest
	}
	var reasons []string
	if ticket.Reason != "" {
		reasons = append(reasons, ticket.Reason)
	}
	if why != "" {
		reasons = append(reasons, why)
	}
	if len(reasons) == 0 {
		reasons = append(reasons, "no package, no change token and no run of configuration management accounts for it")
	}
	v.Reason = strings.Join(reasons, "; ")
	v.Evidence.Notes = append(v.Evidence.Notes, said...)
	return v
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func title(p *wire.PackageClaim) string {
	if p.Version == "" {
		return p.Name
	}
	return p.Name + " " + p.Version
}

// byPackage says whether it is what a package brought; else why not, "" where no
// package has a part in it.
func byPackage(c Case) (Verdict, string) {
	p := c.Change.Package
	no := Verdict{Kind: Unexplained}
	if p == nil {
		return no, ""
	}
	v := Verdict{Kind: ByPackage, Evidence: Evidence{Who: c.Person, Transaction: p.Transaction, Package: title(p), Origin: p.Origin, Digest: p.Digest}}
	if p.Digest == "mismatch" {
		return no, fmt.Sprintf("it belongs to package %s and does not have the content that the package has%s", title(p), colon(p.Reason))
	}
	if p.Transaction == "" {
		return no, fmt.Sprintf("it belongs to %s, and no run of %s accounts for the change%s", orElse(title(p), "the records of "+p.Manager), p.Manager, colon(p.Reason))
	}
	switch p.Role {
	case "content", "conffile":
		switch {
		case p.Digest == "gone" && p.Action != "remove" && p.Action != "upgrade" && c.Change.Change != "removed":
			return no, fmt.Sprintf("package %s does not have it any more, and it is there", title(p))
		case p.Digest == "none":
			return no, fmt.Sprintf("package %s lists it without a digest to hold its content against%s", title(p), colon(p.Reason))
		}
	}
	at := c.Change.Time // by the clock that the package manager goes by
	compared := c.Change.Found != "event"
	switch {
	case at.Before(p.Started.Add(-slack)):
		return no, fmt.Sprintf("it changed before the run of %s that %s came by", p.Manager, title(p))
	case !compared && !p.Ended.IsZero() && at.After(p.Ended.Add(afterwards)):
		return no, fmt.Sprintf("it changed after the run of %s that %s came by was over", p.Manager, title(p))
	case compared && p.Role == "script":
		return no, fmt.Sprintf("it was found by comparing, so that nothing says that a script of %s made it", title(p))
	}
	known, manager, name := writer(c.Change)
	switch {
	case known && !manager:
		return no, fmt.Sprintf("%s wrote it while %s brought %s, and no package manager is above it", name, p.Manager, title(p))
	case !known && compared:
		v.Evidence.Notes = append(v.Evidence.Notes, "found by comparing: who wrote it is not known")
	case !known:
		v.Evidence.Notes = append(v.Evidence.Notes, "who wrote it is not known")
	}
	if p.Ended.IsZero() {
		v.Evidence.Notes = append(v.Evidence.Notes, "the run of "+p.Manager+" was not over yet")
	}
	if !p.Repository && p.Role != "database" && p.Action != "remove" {
		if c.Approved == "" {
			return no, fmt.Sprintf("package of unknown origin: %s came from %s, which is no configured repository", title(p), or(p.Origin, "nobody knows where"))
		}
		v.Evidence.Approval = c.Approved
	}
	what := map[string]string{"content": "has the content that package %s has", "listed": "belongs to package %s", "conffile": "is the configuration that package %s brings", "script": "was made while scripts of package %s ran", "database": "is the package manager's own record, written while it brought %s"}[p.Role]
	if p.Digest == "gone" {
		what = "went with package %s"
	}
	v.Reason = "it " + fmt.Sprintf(what, or(title(p), "packages")) + map[bool]string{true: ", from " + p.Origin, false: ""}[p.Origin != ""]
	if v.Evidence.Approval != "" {
		v.Reason += ", which " + v.Evidence.Approval + " approves"
	}
	return v, ""
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// byToken says whether a token covers it. said are words on tokens that do not.
func byToken(c Case) (v Verdict, said []string) {
	for _, why := range c.Refused {
		said = append(said, "a token was shown that is none: "+why)
	}
	best := Verdict{Kind: Unexplained}
	for _, t := range c.Presented {
		got := cover(c, t, true)
		if got.Kind.Authorised() {
			return got, said
		}
		if best.Reason == "" || got.Exceeded && !best.Exceeded {
			best = got
		}
	}
	for _, t := range c.Matching {
		if t.Run || !t.Covers(c.Host, c.Change.Path, c.At) || c.At.Before(t.MadeAt) {
			continue
		}
		got := cover(c, t, false)
		if got.Kind.Authorised() {
			return got, said
		}
		if best.Reason == "" || got.Exceeded && !best.Exceeded {
			best = got
		}
	}
	return best, said
}

// cover holds one token against a change.
func cover(c Case, t Permit, presented bool) Verdict {
	v := Verdict{Kind: Unexplained, Evidence: Evidence{Token: t.ID, Change: t.Change, Presented: presented, Who: c.Person}}
	if t.Run {
		v.Evidence.Tool = t.Label
	}
	from, until := time.Unix(t.From, 0).UTC(), time.Unix(t.Until, 0).UTC()
	limit := func(format string, args ...any) Verdict {
		v.Exceeded = true
		v.Reason = "limit exceeded: the token of " + t.Label + " " + fmt.Sprintf(format, args...)
		return v
	}
	switch {
	case c.At.Before(t.MadeAt):
		v.Reason = fmt.Sprintf("the token of %s was made at %s, after the change", t.Label, t.MadeAt.UTC().Format(time.RFC3339))
		return v
	case c.At.Before(from):
		return limit("holds from %s", from.Format(time.RFC3339))
	case !c.At.Before(until):
		return limit("ended at %s", until.Format(time.RFC3339))
	case !matches(t.Hosts, strings.ToLower(c.Host), true):
		return limit("is not for this host")
	case !matches(t.Paths, c.Change.Path, false):
		return limit("does not cover this path")
	case c.Change.From != "" && !matches(t.Paths, c.Change.From, false):
		return limit("does not cover %s, from where it was moved", c.Change.From)
	}
	if !t.Run {
		switch {
		case c.Person != "" && c.Person != t.Who:
			v.Reason = fmt.Sprintf("the token of %s is for somebody else than whose login made the change", t.Label)
			return v
		case c.Person == "" && !presented:
			v.Reason = fmt.Sprintf("a token of %s covers this path, but nobody knows who made the change, and it was not shown", t.Label)
			return v
		case c.Person == "":
			v.Evidence.Notes = append(v.Evidence.Notes, "nobody knows whose login made the change; the token was shown")
		}
	}
	if t.Used >= t.Count {
		return limit("covers %d changes, and they are used up", t.Count)
	}
	v.Kind, v.Counts = ByTicket, t.ID
	how := "covers host, path and time, and is for whose login it was"
	if presented {
		how = "was shown by a program above the writer"
	}
	if t.Run {
		v.Kind = ByManagement
		v.Reason = fmt.Sprintf("it is of %s: its token %s", t.Label, how)
	} else {
		v.Reason = fmt.Sprintf("it is of %s: its token %s", t.Label, how)
	}
	return v
}

func matches(patterns []string, name string, fold bool) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if fold {
			p = strings.ToLower(p)
		} else {
			name = path.Clean("/" + name)
		}
		return permit.Match(p, name)
	})
}
