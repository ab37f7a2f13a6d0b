package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// Format is the form of a message's body.
type Format string

// The formats.
const (
	Attesta Format = "attesta" // JSON with everything
	Slack   Format = "slack"   // JSON with text and blocks, which Slack, Mattermost and others show
)

// EventTest is the type of the message that the test button sends.
const EventTest = "webhook.test"

// EventType is something that a webhook can be told of.
type EventType struct{ Name, Title string }

// Events gives them in the order of a form.
func Events() []EventType {
	return []EventType{
		{"finding.opened", "A finding opened, or opened again"},
		{"finding.closed", "A finding closed: a pass was observed"},
		{"approval.asked", "Somebody asks for an approval"},
		{"evidence.needed", "Evidence of a control is due, or overdue"},
		{"evidence.sent_back", "A reviewer sent evidence back"},
		{"request.asked", "A request of an engagement was asked or assigned"},
		{"waiver.expiring", "A waiver ends soon"},
		{"change.unexplained", "Files changed on a host, and nothing accounts for it"},
		{"host.silent", "Nothing is heard of a host"},
		{"health.failing", "A check of this deployment fails, the backup's among them"},
		{"health.recovered", "A check of this deployment has recovered"},
	}
}

// Webhook is one receiver.
type Webhook struct {
	ID          string    `json:"id"` // whk_…
	Name        string    `json:"name"`
	Place       string    `json:"place"` // https://HOST:PORT; the rest of the address is a secret
	Format      Format    `json:"format"`
	Events      []string  `json:"events"`
	MadeAt      time.Time `json:"made_at"`
	Entry       string    `json:"entry"`                 // of its newest setting
	FormerUntil time.Time `json:"former_until,omitzero"` // until then the secret before signs as well
	Failing     int64     `json:"failing"`               // failed attempts in a row
	FailedSince time.Time `json:"failed_since,omitzero"`
	RetryAt     time.Time `json:"retry_at,omitzero"`
	PausedAt    time.Time `json:"paused_at,omitzero"`
	PausedWhy   string    `json:"paused_why,omitempty"`
	RemovedAt   time.Time `json:"-"`

	url, secret, former []byte // sealed
}

// State says in a word how it stands: "paused", "failing" or "in use".
func (w Webhook) State() string {
	switch {
	case !w.PausedAt.IsZero():
		return "paused"
	case w.Failing > 0:
		return "failing"
	}
	return "in use"
}

// Settings are what a person sets.
type Settings struct {
	Name   string
	URL    string // empty in a change: as it is
	Format Format
	Events []string
}

// tidy trims, and refuses what no webhook can have.
func (s *Settings) tidy(fresh bool) error {
	bad := func(field, hint, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field).WithHint("%s", hint)
	}
	s.Name = strings.Join(strings.Fields(s.Name), " ")
	if s.Name == "" || utf8.RuneCountInString(s.Name) > 80 || !utf8.ValidString(s.Name) || strings.ContainsFunc(s.Name, unicode.IsControl) {
		return bad("name", "for example: on-call channel", "a webhook has a name of 1 to 80 characters")
	}
	if s.Format != Attesta && s.Format != Slack {
		return bad("format", "choose attesta or slack", "%q is no format", s.Format)
	}
	if s.URL = strings.TrimSpace(s.URL); fresh || s.URL != "" {
		if _, err := place(s.URL); err != nil {
			return err
		}
	}
	var chosen []string
	for _, e := range Events() {
		if slices.Contains(s.Events, e.Name) {
			chosen = append(chosen, e.Name)
		}
	}
	for _, name := range s.Events {
		if !slices.Contains(chosen, name) {
			return bad("events", "choose from the list", "%q is nothing that a webhook is told of", name)
		}
	}
	if len(chosen) == 0 {
		return bad("events", "choose one at least", "the webhook is told of nothing")
	}
	s.Events = chosen
	return nil
}

// place gives what of an address is shown, or kind Invalid.
func place(address string) (string, error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, "url").WithHint("write it as the receiver gives it: https://hooks.example/services/…")
	}
	if len(address) > 2000 || strings.ContainsFunc(address, unicode.IsSpace) {
		return "", bad("the address has spaces, or more than 2000 bytes")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return "", bad("this is no address") // the parser's own words repeat the address
	case u.Scheme != "https" && u.Scheme != "http":
		return "", bad("the address begins with https:// or http://")
	case u.User != nil:
		return "", bad("name and password in an address are not sent")
	case u.Fragment != "":
		return "", bad("what stands behind # is never sent")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", bad("%q is no port", port)
		}
	}
	return u.Scheme + "://" + u.Host, nil
}

// dialled gives HOST:PORT of an address that place took.
func dialled(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "this is no address").At("", 0, "url")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

const secretPrefix = "whsec_"

// newSecret makes a secret: 32 random bytes.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // documented never to fail
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

// Sign gives the webhook-signature header of a body for secrets, the newest first.
func Sign(id string, at time.Time, body []byte, secrets ...string) (string, error) {
	var all []string
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil || len(key) < 24 {
			return "", fault.New(fault.Internal, "the secret of a webhook is no secret")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " "), nil
}
