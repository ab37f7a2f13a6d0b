package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Content is what a version of a policy says. Its JSON is what the digest is of.
type Content struct {
	Title        string        `json:"title"`
	Owner        string        `json:"owner" doc:"The role that keeps it, not a person's name."`
	Text         string        `json:"text" doc:"Markdown. A statement may end in {proof: control-slug pack/check}."`
	Roles        []access.Role `json:"roles" doc:"Whose accounts are asked to acknowledge it."`
	Days         int           `json:"days" doc:"Days that people have to acknowledge it."`
	ReviewMonths int           `json:"review_months" doc:"Months until it is read again in full."`
	Questions    []Question    `json:"questions"`
}

// State is where a version, or a policy as a whole, stands.
type State string

// The states of a version. A policy has the state of its published version
// while it has one, and of its newest version until then.
const (
	Draft      State = "draft"
	Submitted  State = "submitted" // waits for approval
	Approved   State = "approved"  // waits for publication
	Published  State = "published"
	Superseded State = "superseded" // by a later published version
	Retired    State = "retired"
)

// States gives every state of a policy.
func States() []State { return []State{Draft, Submitted, Approved, Published, Retired} }

// Origin is how a version's text came about.
type Origin string

// The origins.
const (
	FromTemplate Origin = "template"
	Written      Origin = "written"
	Imported     Origin = "imported"
)

// Made says when something was recorded, by whom and where in the ledger.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1: without a position yet
}

// Step is something that happened to a version.
type Step struct {
	Seq          int       `json:"seq"`
	Version      int       `json:"version"`
	Step         string    `json:"step"` // submitted, withdrawn, sent_back, approved, published, reviewed, retired
	Note         string    `json:"note,omitempty"`
	Compensation string    `json:"compensation,omitempty"`
	Until        time.Time `json:"until,omitzero"`  // published: by when people acknowledge; zero: nobody is asked again
	Review       time.Time `json:"review,omitzero"` // published, reviewed: when it is to be read again
	Made         Made      `json:"made"`
}

// Version is one text of a policy.
type Version struct {
	Content
	Version    int    `json:"version"`
	Digest     string `json:"digest"`      // SHA-256 of the content as JSON
	TextDigest string `json:"text_digest"` // SHA-256 of the Markdown
	Note       string `json:"note"`        // what changed and why
	Material   bool   `json:"material"`    // people are asked again
	Origin     Origin `json:"origin"`
	Made       Made   `json:"made"`
	State      State  `json:"state"`
}

// Policy is a policy with its history, oldest first.
type Policy struct {
	ID       string    `json:"id"`
	Slug     string    `json:"slug"`
	Number   int       `json:"number"`
	Template string    `json:"template,omitempty"` // pack/template
	Versions []Version `json:"versions"`
	Steps    []Step    `json:"steps"`
}

// Ref is its short number: P-3.
func (p *Policy) Ref() string { return fmt.Sprintf("P-%d", p.Number) }

// Newest is the version that was written last.
func (p *Policy) Newest() *Version { return &p.Versions[len(p.Versions)-1] }

// Published is the version that holds, or nil.
func (p *Policy) Published() *Version {
	for i := range p.Versions {
		if p.Versions[i].State == Published {
			return &p.Versions[i]
		}
	}
	return nil
}

// Asked is the oldest version whose acknowledgement still counts: the newest
// that was published as a material change. 0: nobody was asked yet.
func (p *Policy) Asked() int {
	out := 0
	for _, s := range p.Steps {
		if s.Step == "published" && !s.Until.IsZero() {
			out = s.Version
		}
	}
	return out
}

// State is where the policy stands as a whole.
func (p *Policy) State() State {
	if len(p.Steps) > 0 && p.Steps[len(p.Steps)-1].Step == "retired" {
		return Retired
	}
	if p.Published() != nil {
		return Published
	}
	return p.Newest().State
}

// ReviewDue is when it is to be read again; zero while it is not published.
func (p *Policy) ReviewDue() time.Time {
	if p.State() != Published {
		return time.Time{}
	}
	var due time.Time
	for _, s := range p.Steps {
		if !s.Review.IsZero() {
			due = s.Review
		}
	}
	return due
}

// derive gives each version its state from the steps.
func (p *Policy) derive() {
	for i := range p.Versions {
		p.Versions[i].State = Draft
	}
	for _, s := range p.Steps {
		if s.Version < 1 || s.Version > len(p.Versions) {
			continue
		}
		v := &p.Versions[s.Version-1]
		switch s.Step {
		case "submitted":
			v.State = Submitted
		case "withdrawn", "sent_back":
			v.State = Draft
		case "approved":
			v.State = Approved
		case "published":
			for i := range p.Versions {
				if p.Versions[i].State == Published {
					p.Versions[i].State = Superseded
				}
			}
			v.State = Published
		case "retired":
			for i := range p.Versions {
				if p.Versions[i].State == Published {
					p.Versions[i].State = Retired
				}
			}
		}
	}
}

const (
	maxTitle = 120     // bytes
	maxText  = 200_000 // bytes of Markdown
	maxNote  = 1000    // bytes
	maxAsked = 20      // questions
)

// Readers are the roles that are asked unless a policy says otherwise: everybody
// who works here. Advisers and auditors come from outside.
func Readers() []access.Role {
	return slices.DeleteFunc(access.Roles(), func(r access.Role) bool { return r == access.Adviser || r == access.Auditor })
}

// mayRead are the roles that can be asked.
func mayRead() []access.Role {
	return slices.DeleteFunc(access.Roles(), func(r access.Role) bool { return !access.May(r, access.PolicyAcknowledge) })
}

// tidy gives the content as it is stored.
func (c Content) tidy() Content {
	c.Title, c.Owner = oneLine(c.Title), oneLine(c.Owner)
	c.Text = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(c.Text, "\r\n", "\n"), "\r", "\n"))
	if c.Text != "" {
		c.Text += "\n"
	}
	if len(c.Roles) == 0 {
		c.Roles = Readers()
	}
	var roles []access.Role // in the order of the matrix, once each; unknown ones last, to be refused
	for _, r := range append(access.Roles(), c.Roles...) {
		if slices.Contains(c.Roles, r) && !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	c.Roles = roles
	if c.Days == 0 {
		c.Days = 30
	}
	if c.ReviewMonths == 0 {
		c.ReviewMonths = 12
	}
	if c.Questions == nil {
		c.Questions = []Question{}
	}
	return c
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// check refuses what cannot be a policy, naming the field.
func (c Content) check() error {
	if err := phrase("title", "the title", c.Title, 3, maxTitle); err != nil {
		return err
	}
	if err := phrase("owner", "the owner", c.Owner, 2, maxTitle); err != nil {
		return err.WithHint("a role that somebody holds, such as head of security")
	}
	switch {
	case !utf8.ValidString(c.Text):
		return bad("text", "the text is not UTF-8").WithHint("save the file as UTF-8 and bring it again")
	case len(c.Text) > maxText:
		return bad("text", "the text has %d bytes; at most %d are kept", len(c.Text), maxText).WithHint("a policy that people read is a few pages; move details to procedures")
	case utf8.RuneCountInString(strings.TrimSpace(c.Text)) < 20:
		return bad("text", "the text is empty or nearly so").WithHint("write what people do, by when, and what shows it")
	case strings.ContainsFunc(c.Text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return bad("text", "the text holds control characters").WithHint("remove them; only line breaks and tabs may stand in it")
	case open.MatchString(c.Text):
		return bad("text", "the text still holds the fill-in %s", open.FindString(c.Text)).WithHint("write what belongs there")
	case c.Days < 1 || c.Days > 365:
		return bad("days", "%d days are not between 1 and 365", c.Days).WithHint("30 is usual")
	case c.ReviewMonths < 1 || c.ReviewMonths > 12:
		return bad("review_months", "%d months are not between 1 and 12", c.ReviewMonths).WithHint("an auditor looks for twelve at most")
	case len(c.Questions) > maxAsked:
		return bad("questions", "%d questions; at most %d are asked", len(c.Questions), maxAsked)
	}
	for _, r := range c.Roles {
		if !slices.Contains(mayRead(), r) {
			return bad("roles", "the role %q cannot be asked to acknowledge a policy", string(r)).WithHint("leave it out; auditors come from outside")
		}
	}
	for i, q := range c.Questions {
		if err := q.check(); err != nil {
			return bad("questions", "question %d: %s", i+1, err.Message).WithHint("%s", err.Hint)
		}
	}
	_, err := Proofs(c.Text)
	return err
}

func phrase(field, what, text string, least, most int) *fault.Error {
	switch {
	case !utf8.ValidString(text):
		return bad(field, "%s is not UTF-8 text", what)
	case utf8.RuneCountInString(text) < least:
		if text == "" {
			return bad(field, "%s is missing", what)
		}
		return bad(field, "%s is too short", what)
	case len(text) > most:
		return bad(field, "%s has %d bytes; at most %d are kept", what, len(text), most)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		return bad(field, "%s holds control characters", what)
	}
	return nil
}

func (q Question) check() *fault.Error {
	switch {
	case q.Ask == "":
		return bad("ask", "it asks nothing").WithHint("begin the question with ?")
	case len(q.Answers) < 2 || len(q.Answers) > 5:
		return bad("answers", "it has %d answers, not 2 to 5", len(q.Answers)).WithHint("write each on a line of its own after - or +")
	case q.Right < 1 || q.Right > len(q.Answers):
		return bad("right", "no answer is marked as right").WithHint("begin the right answer with +")
	case q.Why == "":
		return bad("why", "it does not say why the right answer is right").WithHint("write it on a line after !; whoever answers wrong reads it")
	}
	for _, text := range append([]string{q.Ask, q.Why}, q.Answers...) {
		if text == "" || len(text) > 600 || !utf8.ValidString(text) {
			return bad("ask", "a line of it is empty or longer than 600 bytes").WithHint("shorten it")
		}
	}
	return nil
}

// Digest gives the stored form and its SHA-256.
func (c Content) Digest() (content, digest string, err error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", "", fmt.Errorf("encode the policy: %w", err)
	}
	return string(b), digestOf(string(b)), nil
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

var notSlug = func(r rune) bool { return !unicode.IsLower(r) && !unicode.IsDigit(r) || r > unicode.MaxASCII }

// slugOf gives a title's short name: "access-control-policy".
func slugOf(title string) string {
	s := strings.Join(strings.FieldsFunc(strings.ToLower(title), notSlug), "-")
	if len(s) > 60 {
		s = s[:60]
	}
	if s = strings.Trim(s, "-"); s == "" || !slug.MatchString(s) {
		return strings.Trim("policy-"+s, "-")
	}
	return s
}
