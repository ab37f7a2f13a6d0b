package forge

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

// MaxBody is the largest message that is read, in bytes. GitHub sends up to 25
// MB, of which all but pushes of thousands of commits are far smaller.
const MaxBody = 25 << 20

const (
	maxText   = 4000
	maxLabels = 50
	maxPeople = 200
)

func forbidden(format string, args ...any) error { return fault.New(fault.Forbidden, format, args...) }

// Understand checks a message of a forge ("github", "gitlab", "gitea") and reads
// it. Kind Forbidden where it is not signed with the secret, Invalid where it
// cannot be read.
func Understand(forge string, m change.Message) (landing.Delivery, error) {
	if len(m.Body) == 0 || len(m.Body) > MaxBody {
		return landing.Delivery{}, fault.New(fault.Invalid, "a message has 1 to %d bytes", MaxBody)
	}
	if m.Secret == "" {
		return landing.Delivery{}, forbidden("there is no secret to check the message with")
	}
	sum := sha256.Sum256(m.Body)
	d := landing.Delivery{ID: "webhook " + hex.EncodeToString(sum[:])}
	var read func(string, []byte) (string, []landing.Event, error)
	switch forge {
	case "github":
		if err := signed(m, strings.TrimPrefix(m.Header["x-hub-signature-256"], "sha256="), strings.HasPrefix(m.Header["x-hub-signature-256"], "sha256=")); err != nil {
			return d, err
		}
		d.Name, read = m.Header["x-github-event"], github
	case "gitea":
		signature := m.Header["x-gitea-signature"]
		if signature == "" {
			signature = m.Header["x-forgejo-signature"]
		}
		if err := signed(m, signature, true); err != nil {
			return d, err
		}
		if d.Name = m.Header["x-gitea-event"]; d.Name == "" {
			d.Name = m.Header["x-forgejo-event"]
		}
		read = gitea
	case "gitlab":
		if subtle.ConstantTimeCompare([]byte(m.Header["x-gitlab-token"]), []byte(m.Secret)) != 1 {
			return d, forbidden("the message does not carry the token")
		}
		d.Name, read = m.Header["x-gitlab-event"], gitlab
	default:
		return d, fault.New(fault.Invalid, "%q is no forge that is known", forge)
	}
	if strings.HasPrefix(m.Header["content-type"], "application/x-www-form-urlencoded") {
		return d, fault.New(fault.Invalid, "the webhook sends forms").WithHint("set its content type to application/json")
	}
	project, events, err := read(d.Name, m.Body)
	if err != nil {
		return d, err
	}
	if project != "" && !strings.EqualFold(project, m.Project) {
		return d, fault.New(fault.Invalid, "the message is about %s, and %s is followed here", clean(project, 200), m.Project).WithHint("each repository has a webhook address and secret of its own")
	}
	for i := range events {
		if events[i], err = sound(events[i]); err != nil {
			return d, err
		}
	}
	d.Events = events
	return d, nil
}

// signed holds a hex HMAC-SHA256 against the body.
func signed(m change.Message, signature string, formed bool) error {
	got, err := hex.DecodeString(signature)
	mac := hmac.New(sha256.New, []byte(m.Secret))
	mac.Write(m.Body)
	if !hmac.Equal(mac.Sum(nil), got) || err != nil || !formed {
		return forbidden("the signature of the message does not hold")
	}
	return nil
}

func decode(body []byte, into any) error {
	if !utf8.Valid(body) {
		return fault.New(fault.Invalid, "the message is not UTF-8")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Wrap(fault.Invalid, err, "the message does not have the form that its forge documents")
	}
	return nil
}

func clean(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// commitID gives a commit as git writes it; "" for none, and for the zeros that
// stand for none.
func commitID(s string) string {
	s = strings.ToLower(s)
	if len(s) != 40 && len(s) != 64 || strings.Trim(s, "0") == "" {
		return ""
	}
	if _, err := hex.DecodeString(s); err != nil {
		return ""
	}
	return s
}

// sound bounds and cleans what an event says, and refuses what cannot be.
func sound(e landing.Event) (landing.Event, error) {
	for _, text := range []*string{&e.Title, &e.URL, &e.Branch, &e.From, &e.Name, &e.State} {
		*text = clean(*text, 300)
	}
	if !strings.HasPrefix(e.URL, "https://") && !strings.HasPrefix(e.URL, "http://") {
		e.URL = ""
	}
	e.Text = clean(e.Text, maxText)
	e.Labels = e.Labels[:min(len(e.Labels), maxLabels)]
	for i := range e.Labels {
		e.Labels[i] = clean(e.Labels[i], 100)
	}
	e.Known = e.Known[:min(len(e.Known), maxPeople)]
	people := []*landing.Identity{&e.Actor, &e.Author, &e.Merger}
	for i := range e.Known {
		people = append(people, &e.Known[i])
	}
	for _, p := range people {
		p.Name, p.Mail, p.Login = clean(p.Name, 200), clean(p.Mail, 200), clean(p.Login, 100)
		p.User = ""
	}
	for _, sha := range []*string{&e.Head, &e.Before, &e.Landed} {
		*sha = commitID(*sha)
	}
	if e.Number < 0 || (e.Kind == landing.RequestSeen || e.Kind == landing.ReviewGiven) && e.Number == 0 {
		return e, fault.New(fault.Invalid, "the message names no request")
	}
	if (e.Kind == landing.Checked || e.Kind == landing.DeploymentMade) && e.Head == "" {
		return e, fault.New(fault.Invalid, "the message names no commit")
	}
	if e.Commits < 0 || e.Commits > 1_000_000 {
		e.Commits = 0
	}
	if e.At.Year() < 2000 || e.At.Year() > 9000 {
		e.At = time.Time{}
	}
	if e.MergedAt.Year() < 2000 || e.MergedAt.Year() > 9000 {
		e.MergedAt = time.Time{}
	}
	return e, nil
}

func branchOf(ref string) (string, bool) { return strings.CutPrefix(ref, "refs/heads/") }

// result gives the state of a check in our words.
func result(s string) string {
	switch strings.ToLower(s) {
	case "success", "neutral", "passed":
		return "success"
	case "failure", "failed", "error", "timed_out", "startup_failure", "action_required":
		return "failure"
	case "pending", "queued", "in_progress", "running", "created", "waiting", "waiting_for_resource", "preparing", "requested", "scheduled", "":
		return "pending"
	case "skipped":
		return "skipped"
	}
	return "cancelled"
}
