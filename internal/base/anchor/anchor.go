package anchor

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/stamp"
)

// Kind is what somebody outside is.
type Kind string

// The kinds.
const (
	TimeStamp Kind = "rfc3161"
	Witness   Kind = "witness"
	Directory Kind = "directory"
	Receiver  Kind = "webhook"
)

// Kinds gives them in the order of a form.
func Kinds() []Kind { return []Kind{TimeStamp, Witness, Directory, Receiver} }

// Title says it for people.
func (k Kind) Title() string {
	switch k {
	case TimeStamp:
		return "Time-stamp authority (RFC 3161)"
	case Witness:
		return "Witness (C2SP tlog-witness)"
	case Directory:
		return "Directory, for a copy"
	case Receiver:
		return "Receiver over HTTPS, for a copy"
	}
	return string(k)
}

// Proves reports whether what it answers can be verified without it.
func (k Kind) Proves() bool { return k == TimeStamp || k == Witness }

// Anchor is one holder of checkpoints.
type Anchor struct {
	ID          string        `json:"id"` // anc_…
	Name        string        `json:"name"`
	Kind        Kind          `json:"kind"`
	Place       string        `json:"place"` // https://HOST:PORT, or a directory; the rest of an address is a secret
	Trust       string        `json:"trust"` // PEM of the authority's root; the witness's verifier key
	Every       time.Duration `json:"every_ns"`
	MadeAt      time.Time     `json:"made_at"`
	NextAt      time.Time     `json:"next_at,omitzero"`
	Failing     int64         `json:"failing"` // failed attempts in a row
	FailedSince time.Time     `json:"failed_since,omitzero"`
	Trouble     string        `json:"trouble,omitempty"`
	HeldSize    int64         `json:"held_size"` // of the newest checkpoint that it has taken; 0: none
	HeldAt      time.Time     `json:"held_at,omitzero"`
	Entry       string        `json:"-"` // of its newest setting
	RemovedAt   time.Time     `json:"-"`

	address []byte // sealed
}

// Receipt is what a holder answered about one checkpoint.
type Receipt struct {
	ID     string    `json:"id"` // rcp_…
	Anchor string    `json:"anchor"`
	Name   string    `json:"name"` // of the anchor
	Kind   Kind      `json:"kind"`
	Size   int64     `json:"size"`
	Root   string    `json:"root"` // base64
	Note   string    `json:"note"` // the signed checkpoint that was handed out
	Proof  []byte    `json:"proof"`
	Said   time.Time `json:"said,omitzero"` // the time that the proof gives itself
	At     time.Time `json:"at"`
	Trust  string    `json:"-"` // of the anchor
	Entry  string    `json:"-"`
}

// Settings are what a person sets.
type Settings struct {
	Name    string
	Kind    Kind
	Address string
	Trust   string
	Every   time.Duration // how often; an hour to 31 days
}

// tidy trims, and refuses what no anchor can have.
func (s *Settings) tidy() error {
	bad := func(field, hint, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field).WithHint("%s", hint)
	}
	s.Name = strings.Join(strings.Fields(s.Name), " ")
	if s.Name == "" || utf8.RuneCountInString(s.Name) > 80 || !utf8.ValidString(s.Name) || strings.ContainsFunc(s.Name, unicode.IsControl) {
		return bad("name", "for example: the auditor's witness", "an anchor has a name of 1 to 80 characters")
	}
	if s.Every < 10*time.Minute || s.Every > 31*24*time.Hour {
		return bad("every", "from 10 minutes to 31 days; an hour is usual for a witness, a day for time stamps", "%s is no time between two checkpoints", s.Every)
	}
	s.Address, s.Trust = strings.TrimSpace(s.Address), strings.TrimSpace(s.Trust)
	if _, err := s.place(); err != nil {
		return err
	}
	if len(s.Trust) > 64<<10 {
		return bad("trust", "paste the root's certificate, or the witness's key, alone", "what is to be trusted has %d bytes", len(s.Trust))
	}
	var err error
	switch s.Kind {
	case TimeStamp:
		_, err = stamp.ParseRoots([]byte(s.Trust))
	case Witness:
		_, err = proof.NewWitness(s.Trust)
	default:
		if s.Trust != "" {
			return bad("trust", "leave it empty", "a copy is signed by nobody, so there is nothing to trust")
		}
	}
	if err != nil {
		message, hint := fault.Public(err)
		return bad("trust", hint, "%s", message)
	}
	return nil
}

// place gives what of an address is shown, or kind Invalid.
func (s Settings) place() (string, error) {
	bad := func(hint, format string, args ...any) (string, error) {
		return "", fault.New(fault.Invalid, format, args...).At("", 0, "address").WithHint("%s", hint)
	}
	switch s.Kind {
	case Directory:
		if !filepath.IsAbs(s.Address) || filepath.Clean(s.Address) != s.Address || len(s.Address) > 1000 || strings.ContainsFunc(s.Address, unicode.IsControl) {
			return bad("write it from the root, /mnt/auditor for example, best of another machine", "this is no path of a directory")
		}
		return s.Address, nil
	case TimeStamp, Witness, Receiver:
	default:
		return "", fault.New(fault.Invalid, "%q is no kind of an anchor", s.Kind).At("", 0, "kind").WithHint("choose one of the list")
	}
	if len(s.Address) > 2000 || strings.ContainsFunc(s.Address, unicode.IsSpace) {
		return bad("write it as its owner gives it: https://…", "the address has spaces, or more than 2000 bytes")
	}
	u, err := url.Parse(s.Address)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || u.Fragment != "" || u.User != nil:
		return bad("write it as its owner gives it: https://…", "this is no address") // the parser's own words repeat it
	case u.Scheme != "https" && u.Scheme != "http":
		return bad("write it as its owner gives it: https://…", "the address begins with https:// or http://")
	case s.Kind == Receiver && u.Scheme != "https":
		return bad("a copy says nothing by itself: on an open way anybody could take it for the receiver", "a receiver is reached by https:// alone")
	}
	return u.Scheme + "://" + u.Host, nil
}

// dialled gives HOST:PORT of an address that place took.
func dialled(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "this is no address").At("", 0, "address")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}
