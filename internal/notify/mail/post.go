package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
)

// maxAnswer is what is kept of a server's words.
const maxAnswer = 500

// result is how an attempt went.
type result struct {
	took      time.Duration
	answer    string // of a server that took it
	trouble   string // why it was not taken
	final     bool   // trying again changes nothing
	unreached bool   // no mail would have come further
}

// post sends one mail over a connection of its own. That it fails is no error,
// but a result that says so.
func (s *Service) post(ctx context.Context, k kept, m Sending, l Letter) (result, error) {
	msg, err := s.message(k.Settings, m.ID, l)
	if fault.Is(err, fault.Invalid) {
		text, _ := fault.Public(err)
		return result{trouble: text, final: true}, nil
	}
	if err != nil {
		return result{}, err
	}
	client, err := s.client(k)
	if err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*s.cfg.Limit)
	defer cancel()
	began := time.Now()
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return result{took: time.Since(began), trouble: reach(err), unreached: true}, nil
	}
	err = client.SendWithSMTPClient(conn, msg)
	r := result{took: time.Since(began)}
	if !msg.IsDelivered() {
		r.trouble, r.final = refusal(err)
		_ = client.CloseWithSMTPClient(conn) // what it answers to our farewell changes nothing
		return r, nil
	}
	r.answer = clip("250 "+msg.ServerResponse(), maxAnswer)
	_ = client.CloseWithSMTPClient(conn)
	return r, nil
}

// client makes the one that speaks to the server as it is set.
func (s *Service) client(k kept) (*gomail.Client, error) {
	conf := &tls.Config{ServerName: k.Host, RootCAs: s.cfg.Roots, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{gomail.WithPort(k.Port), gomail.WithTimeout(s.cfg.Limit), gomail.WithTLSConfig(conf), gomail.WithoutNoop(),
		gomail.WithHELO(s.helo()), gomail.WithDialContextFunc(func(ctx context.Context, network, _ string) (net.Conn, error) {
			c, err := s.cfg.Dialer.DialContext(ctx, network, k.address())
			if err != nil || k.TLS != Implicit {
				return c, err
			}
			secure := tls.Client(c, conf)
			if err := secure.HandshakeContext(ctx); err != nil {
				c.Close()
				return nil, err
			}
			return secure, nil
		})}
	switch k.TLS {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit, Plain: // with Implicit the connection is encrypted before it is spoken on
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fault.New(fault.Internal, "%q is no way to encrypt", k.TLS)
	}
	if k.User != "" {
		password, err := s.cfg.Key.Unseal(place, k.password)
		if err != nil {
			return nil, err
		}
		// Only over TLS: tidy refuses a user without it.
		options = append(options, gomail.WithUsername(k.User), gomail.WithPassword(password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(k.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("make a client of the mail server: %w", err)
	}
	return client, nil
}

// helo is the name by which this server greets: that of its screens.
func (s *Service) helo() string {
	host := s.domain()
	if ip := net.ParseIP(host); ip != nil {
		if ip.To4() == nil {
			return "[IPv6:" + host + "]"
		}
		return "[" + host + "]"
	}
	return host
}

// reach says why a server was not reached.
func reach(err error) string {
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var said *textproto.Error
	var f *fault.Error
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that this server does not know"
	case errors.As(err, &certificate):
		return clip("its certificate does not hold: "+certificate.Err.Error(), maxAnswer)
	case errors.As(err, &record):
		return "it does not speak TLS at this port"
	case dial.Refused(err), errors.As(err, &f):
		text, _ := fault.Public(err)
		return clip(text, maxAnswer)
	case errors.As(err, &said) && strings.Contains(err.Error(), "SMTP AUTH"):
		return clip(fmt.Sprintf("it refused the login: %d %s", said.Code, said.Msg), maxAnswer)
	case errors.As(err, &said):
		return clip(fmt.Sprintf("it answered: %d %s", said.Code, said.Msg), maxAnswer)
	case strings.Contains(err.Error(), "STARTTLS"):
		return "it offers no STARTTLS, without which nothing is sent"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case strings.Contains(err.Error(), "AUTH"):
		return "it offers no way to log in that is taken here: SCRAM-SHA-256, PLAIN or LOGIN over TLS"
	case strings.Contains(err.Error(), "tls:"):
		return "TLS could not be agreed on"
	}
	return "the connection broke off"
}

// asides are what the library adds to a server's words: addresses, which are
// not kept, and the message's id.
var asides = regexp.MustCompile(`, affected (recipient\(s\)|message ID): .*`)

// words finds what the server said in an error of the library.
var words = regexp.MustCompile(`(\d{3}) ("(?:[^"\\]|\\.)*")`)

// refusal says why a server did not take a mail, and whether it said so for good.
func refusal(err error) (trouble string, final bool) {
	var e *gomail.SendError
	if !errors.As(err, &e) {
		return "the connection broke off", false
	}
	text := asides.ReplaceAllString(e.Error(), "")
	code := e.ErrorCode()
	if code == 0 {
		var timeout interface{ Timeout() bool }
		if errors.As(err, &timeout) && timeout.Timeout() || strings.Contains(text, "timeout") {
			return "no answer in time", false
		}
		return "the connection broke off", false
	}
	if m := words.FindStringSubmatch(text); m != nil {
		if said, err := strconv.Unquote(m[2]); err == nil {
			text = m[1] + " " + said
		}
	}
	return clip("it answered: "+text, maxAnswer), code >= 500
}
