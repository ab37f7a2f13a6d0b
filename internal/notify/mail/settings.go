package mail

import (
	"net"
	"net/mail"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// Mode is how the connection is encrypted.
type Mode string

// The modes.
const (
	StartTLS Mode = "starttls" // required: without it nothing is sent
	Implicit Mode = "implicit" // TLS from the first byte
	Plain    Mode = "none"     // this host alone
)

// Modes gives them in the order of a form.
func Modes() []Mode { return []Mode{StartTLS, Implicit, Plain} }

// Title says what a mode is.
func (m Mode) Title() string {
	return map[Mode]string{StartTLS: "STARTTLS, required", Implicit: "TLS from the start", Plain: "None: only a server on this host"}[m]
}

// Settings are the mail server as a person sets it.
type Settings struct {
	Host      string `json:"host"`
	Port      int    `json:"port"`
	TLS       Mode   `json:"tls"`
	User      string `json:"user,omitempty"` // "": no login
	From      string `json:"from"`           // name and address, or an address
	PerMinute int    `json:"per_minute"`     // mails at most

	Password string `json:"-"` // in a change: "" leaves it as it is
}

// Usual are the settings that a form begins with.
func Usual() Settings { return Settings{Port: 587, TLS: StartTLS, PerMinute: 30} }

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// address gives HOST:PORT.
func (s Settings) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// tidy trims, and refuses what no mail server has.
func (s *Settings) tidy() error {
	bad := func(field, hint, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field).WithHint("%s", hint)
	}
	s.Host, s.User, s.From = strings.ToLower(strings.TrimSpace(s.Host)), strings.TrimSpace(s.User), strings.TrimSpace(s.From)
	if s.Host = strings.Trim(s.Host, "[]"); s.Host == "" || len(s.Host) > 253 || net.ParseIP(s.Host) == nil && strings.ContainsFunc(s.Host, func(r rune) bool {
		return r != '.' && r != '-' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) {
		return bad("host", "its name or address alone: mail.example.org", "%q names no mail server", clip(s.Host, 100))
	}
	if s.Port < 1 || s.Port > 65535 {
		return bad("port", "587 with STARTTLS, 465 with TLS from the start", "%d is no port", s.Port)
	}
	switch s.TLS {
	case StartTLS, Implicit:
	case Plain:
		if !local(s.Host) {
			return bad("tls", "choose STARTTLS or TLS from the start", "without TLS only a server on this host is spoken to: localhost, 127.0.0.1 or ::1")
		}
		if s.User != "" {
			return bad("user", "leave it empty, or choose TLS", "a password is not sent over a connection without TLS")
		}
	default:
		return bad("tls", "choose from the list", "%q is no way to encrypt", clip(string(s.TLS), 40))
	}
	if len(s.User) > 200 || len(s.Password) > 500 || !utf8.ValidString(s.User) || strings.ContainsFunc(s.User+s.Password, unicode.IsControl) {
		return bad("user", "as the mail server gives them", "user or password hold what no mail server takes")
	}
	if _, err := s.from(); err != nil {
		return bad("from", "an address, or a name with one: Attesta <attesta@example.org>", "%q is no address that mail comes from", clip(s.From, 100))
	}
	if s.PerMinute < 1 || s.PerMinute > 600 {
		return bad("per_minute", "30 suits most servers", "between 1 and 600 mails are sent in a minute")
	}
	return nil
}

func (s Settings) from() (*mail.Address, error) { return recipient(s.From) }

// recipient reads one address; a header never holds anything else.
func recipient(text string) (*mail.Address, error) {
	if len(text) > 320 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, fault.New(fault.Invalid, "this is no address")
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "this is no address")
	}
	return a, nil
}

// clip bounds foreign text, and leaves only what can be shown in a line.
func clip(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.TrimSpace(s)
}
