package landing

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/permit"
)

// Settings say how changes of one repository are judged.
type Settings struct {
	Title        string              `json:"title" maxLength:"100"`
	Forge        string              `json:"forge,omitempty" doc:"github, gitlab or gitea, where its webhooks come from; absent: none." enum:",github,gitlab,gitea"`
	Project      string              `json:"project,omitempty" doc:"Its full name at the forge: acme/billing." maxLength:"200"`
	Path         string              `json:"path,omitempty" doc:"Directory of the repository on the server's host, bare or not." maxLength:"1000"`
	Branch       string              `json:"branch" doc:"The production branch." maxLength:"200"`
	Since        time.Time           `json:"since,omitzero" doc:"What landed before is not judged; when absent, what landed before the repository was added."`
	Environments []string            `json:"environments,omitempty" doc:"Names of its production environments; absent: production."`
	NotDeployed  bool                `json:"not_deployed,omitempty" doc:"Nothing is deployed from it: a library, documents."`
	Tickets      []string            `json:"tickets,omitempty" doc:"Regular expressions of ticket references; absent: ABC-123, #12 after closes, fixes or refs."`
	Checks       []string            `json:"checks,omitempty" doc:"Names of checks that must have passed; absent: every one that ran, and at least one."`
	Acceptors    []string            `json:"acceptors,omitempty" doc:"Logins or mail addresses of those who accept for the business; absent: it is not asked."`
	AcceptPaths  []string            `json:"accept_paths,omitempty" doc:"Patterns of paths that need acceptance; absent: all."`
	Emergency    []string            `json:"emergency,omitempty" doc:"Labels of a request that make it an emergency; absent: emergency."`
	ReviewHours  int                 `json:"review_hours,omitempty" doc:"Within how many hours an emergency is reviewed; 72 when absent." minimum:"1" maximum:"720"`
	Classes      map[string][]string `json:"classes,omitempty" doc:"Patterns of paths by class of change: infrastructure, database, configuration."`
	Hosts        []string            `json:"hosts,omitempty" doc:"Patterns of names of the hosts that it is deployed to."`

	tickets []*regexp.Regexp
}

var (
	defaultTickets = []string{`\b[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,7}\b`, `(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|refs?|for) (?:[a-z0-9_./-]+)?#[1-9][0-9]{0,7}\b`}
	defaultClasses = map[string][]string{
		"infrastructure": {"**/*.tf", "**/*.tfvars", "**/terraform/**", "**/ansible/**", "**/playbooks/**", "**/pulumi/**", "**/cloudformation/**", "**/k8s/**", "**/helm/**", "**/Dockerfile", "**/docker-compose*.yml", "**/.github/workflows/**", "**/.gitlab-ci.yml", "**/.gitea/workflows/**"},
		"database":       {"**/migrations/**", "**/*.sql", "**/schema.rb", "**/alembic/**", "**/liquibase/**", "**/flyway/**"},
		"configuration":  {"**/config/**", "**/conf/**", "**/etc/**", "**/*.conf", "**/*.ini", "**/*.env", "**/settings.*"},
	}
	// A version number is written like a ticket by the pattern above.
	noTicket = regexp.MustCompile(`^(?:UTF|SHA|ISO|RFC|CVE|CWE|AES|TLS|RSA|MD|IPV|GPL|LGPL|AGPL|HTTP|PEP)-[0-9]+$`)
)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// Lists trims a list and drops what is empty or there twice.
func Lists(texts []string) []string {
	var out []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// Tidy trims and checks settings, and fills in what was left out.
func (s *Settings) Tidy(now time.Time) error {
	for _, text := range []*string{&s.Title, &s.Forge, &s.Project, &s.Path, &s.Branch} {
		*text = strings.TrimSpace(*text)
		if !utf8.ValidString(*text) || strings.ContainsFunc(*text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return bad("title", "a text holds control characters or is not UTF-8")
		}
	}
	for _, l := range []*[]string{&s.Environments, &s.Tickets, &s.Checks, &s.Acceptors, &s.AcceptPaths, &s.Emergency, &s.Hosts} {
		if *l = Lists(*l); len(*l) > 50 {
			return bad("checks", "a list has more than 50 entries")
		}
	}
	s.Branch = strings.TrimPrefix(s.Branch, "refs/heads/")
	switch {
	case len(s.Title) < 2 || len(s.Title) > 100:
		return bad("title", "give the repository a title of 2 to 100 letters")
	case s.Forge != "" && s.Forge != "github" && s.Forge != "gitlab" && s.Forge != "gitea":
		return bad("forge", "%q is no forge that is known", s.Forge).WithHint("github, gitlab, gitea, or none")
	case s.Forge != "" && (len(s.Project) < 3 || len(s.Project) > 200 || !strings.Contains(s.Project, "/")):
		return bad("project", "give its full name at the forge, such as acme/billing")
	case s.Forge == "" && s.Path == "":
		return bad("path", "give the directory of the repository, or the forge whose webhooks tell of it")
	case s.Path != "" && (!filepath.IsAbs(s.Path) || filepath.Clean(s.Path) != s.Path):
		return bad("path", "the directory is an absolute path in its shortest form")
	case s.Branch == "" || len(s.Branch) > 200 || strings.HasPrefix(s.Branch, "-") || strings.ContainsAny(s.Branch, " ~^:?*[\\") || strings.Contains(s.Branch, ".."):
		return bad("branch", "%q is no name of a branch", s.Branch)
	case s.Since.After(now):
		return bad("since", "changes are judged from a day that has begun")
	case s.ReviewHours < 0 || s.ReviewHours > 720:
		return bad("review_hours", "an emergency is reviewed within 1 to 720 hours")
	}
	if s.Since.IsZero() {
		s.Since = now
	}
	s.Since = s.Since.UTC().Truncate(time.Microsecond)
	if s.ReviewHours == 0 {
		s.ReviewHours = 72
	}
	if len(s.Environments) == 0 && !s.NotDeployed {
		s.Environments = []string{"production"}
	}
	if len(s.Emergency) == 0 {
		s.Emergency = []string{"emergency"}
	}
	if s.Classes == nil {
		s.Classes = defaultClasses
	}
	if len(s.Classes) > 10 {
		return bad("classes", "there are more than 10 classes")
	}
	return s.Compile()
}

// Compile prepares the patterns of stored settings.
func (s *Settings) Compile() error {
	tickets := s.Tickets
	if len(tickets) == 0 {
		tickets = defaultTickets
	}
	s.tickets = nil
	for _, t := range tickets {
		if len(t) > 200 {
			return bad("tickets", "a pattern has more than 200 letters")
		}
		re, err := regexp.Compile(t)
		if err != nil {
			return bad("tickets", "%q is no regular expression: %s", t, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		s.tickets = append(s.tickets, re)
	}
	return nil
}

// ticketsIn gives the ticket references of texts, up to ten.
func (s *Settings) ticketsIn(texts ...string) []string {
	var out []string
	for _, text := range texts {
		for _, re := range s.tickets {
			for _, m := range re.FindAllString(text, 20) {
				if len(out) < 10 && !noTicket.MatchString(m) && !slices.Contains(out, m) {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// classesOf gives the classes that paths belong to, sorted.
func (s *Settings) classesOf(paths []string) []string {
	var out []string
	for class, patterns := range s.Classes {
		if slices.ContainsFunc(paths, func(p string) bool { return matches(patterns, p) }) {
			out = append(out, class)
		}
	}
	slices.Sort(out)
	return out
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return permit.Match(p, name) })
}

func (s *Settings) production(environment string) bool {
	return slices.ContainsFunc(s.Environments, func(e string) bool { return strings.EqualFold(e, environment) })
}
