// Package sink is where the mail and the webhooks of a demonstration end: it
// answers as a mail server and as any receiver would, keeps what came as files,
// and sends nothing on. A demonstration dials nothing else (dial.Config.Instead),
// so that nothing leaves the machine whatever is typed into its screens.
//
// Invariants:
//   - No socket is opened: connections are pipes within the process.
//   - What came lies in Config.Dir, the newest Keep files; the answers name them.
//   - Certificates are made at each start, by an authority that only Roots knows
//     and whose key is kept nowhere.
//   - A receiver is there or not by its name and the clock alone, so that the
//     same story fails and recovers at the same moments.
//
// Floor: edges.
package sink

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
)

// Keep is how many files are kept; older ones go.
const Keep = 500

// limit bounds one connection, and most bytes of what is taken.
const (
	limit = 30 * time.Second
	most  = 4 << 20
)

// Outage is a time in which a receiver does not take what is sent to it.
type Outage struct {
	Host        string
	From, Until time.Time // a zero Until: for ever
	Status      int       // of HTTP; 0: no connection at all
}

// Config is all that a sink depends on.
type Config struct {
	Dir     string      // required: where what came is kept
	Clock   clock.Clock // clock.System
	Outages []Outage
	Unknown []string // domains of which no mailbox is known: mail to them is refused for good
}

// Sink takes what a demonstration would send. It is safe for concurrent use.
type Sink struct {
	cfg   Config
	tls   *tls.Config
	roots *x509.CertPool

	mu   sync.Mutex
	next int // guarded by mu: number of the next file
}

// New makes a sink, and its directory.
func New(cfg Config) (*Sink, error) {
	if cfg.Dir == "" {
		return nil, fault.New(fault.Internal, "sink.Config needs a directory")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be made", cfg.Dir)
	}
	have, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be read", cfg.Dir)
	}
	s := &Sink{cfg: cfg, next: 1}
	for _, f := range have {
		n := 0
		if _, err := fmt.Sscanf(f.Name(), "%06d", &n); err == nil && n >= s.next {
			s.next = n + 1
		}
	}
	if err := s.authority(); err != nil {
		return nil, fmt.Errorf("make certificates for the sink: %w", err)
	}
	return s, nil
}

// Roots is the authority by which the sink's certificates hold.
func (s *Sink) Roots() *x509.CertPool { return s.roots }

// authority makes one that lives as long as the process.
func (s *Sink) authority() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now() // TLS looks at the machine's clock
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Sink of a demonstration"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		return err
	}
	if ca, err = x509.ParseCertificate(raw); err != nil {
		return err
	}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(ca)
	var mu sync.Mutex
	made := map[string]*tls.Certificate{}                                           // guarded by mu: by name
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true, // a ticket would wait in the pipe for a reader
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			mu.Lock()
			defer mu.Unlock()
			if c := made[hello.ServerName]; c != nil {
				return c, nil
			}
			leaf := &x509.Certificate{SerialNumber: big.NewInt(int64(len(made)) + 2), Subject: pkix.Name{CommonName: hello.ServerName}, DNSNames: []string{hello.ServerName},
				NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
			raw, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key)
			if err != nil {
				return nil, err
			}
			made[hello.ServerName] = &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
			return made[hello.ServerName], nil
		}}
	return nil
}

// out gives the outage of a receiver that holds now.
func (s *Sink) out(host string) (Outage, bool) {
	now := s.cfg.Clock()
	i := slices.IndexFunc(s.cfg.Outages, func(o Outage) bool {
		return o.Host == host && !now.Before(o.From) && (o.Until.IsZero() || now.Before(o.Until))
	})
	if i < 0 {
		return Outage{}, false
	}
	return s.cfg.Outages[i], true
}

// Dial connects to the sink as if it were HOST:PORT. It is what
// dial.Config.Instead takes.
func (s *Sink) Dial(_ context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%q is no HOST:PORT", address)
	}
	host = strings.ToLower(host)
	if o, down := s.out(host); down && o.Status == 0 {
		return nil, fault.New(fault.Unavailable, "%s does not answer: connection refused", address)
	}
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		_ = server.SetDeadline(time.Now().Add(limit)) // a pipe takes every deadline
		switch port {
		case "25", "465", "587", "2525":
			s.mail(server, port == "465")
		default:
			s.web(server, host, port == "443")
		}
	}()
	return client, nil
}

// keep stores what came and gives its file's name.
func (s *Sink) keep(kind, ending string, content []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("%06d-%s.%s", s.next, kind, ending)
	if err := os.WriteFile(filepath.Join(s.cfg.Dir, name), content, 0o600); err != nil {
		return "", err
	}
	if old := s.next - Keep; old > 0 {
		for _, form := range []string{"%06d-mail.eml", "%06d-webhook.txt"} {
			if err := os.Remove(filepath.Join(s.cfg.Dir, fmt.Sprintf(form, old))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	}
	s.next++
	return name, nil
}

// web answers one request as a receiver of webhooks does.
func (s *Sink) web(conn net.Conn, host string, secure bool) {
	if secure {
		conn = tls.Server(conn, s.tls)
	}
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return // whoever dialled hears that the connection broke off
	}
	status, say := http.StatusOK, ""
	if o, down := s.out(host); down {
		status, say = o.Status, http.StatusText(o.Status)
	} else {
		var b bytes.Buffer
		fmt.Fprintf(&b, "%s https://%s%s\n", req.Method, host, req.URL.RequestURI())
		for _, name := range []string{"Content-Type", "User-Agent", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
			fmt.Fprintf(&b, "%s: %s\n", name, req.Header.Get(name))
		}
		b.WriteByte('\n')
		_, err := io.Copy(&b, io.LimitReader(req.Body, most))
		var name string
		if err == nil {
			name, err = s.keep("webhook", "txt", b.Bytes())
		}
		if say = "kept as sink/" + name + "; nothing was sent on"; err != nil {
			status, say = http.StatusInsufficientStorage, "it could not be kept"
		}
	}
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, http.StatusText(status), len(say), say)
	if c, ok := conn.(*tls.Conn); ok {
		_ = c.Close() // says that nothing more comes
	}
}

// mail speaks SMTP with one client.
func (s *Sink) mail(conn net.Conn, secure bool) {
	if secure {
		conn = tls.Server(conn, s.tls)
	}
	text := textproto.NewConn(conn)
	say := func(line string) bool { return text.PrintfLine("%s", line) == nil }
	if !say("220 sink.attesta.invalid ESMTP, a demonstration") {
		return
	}
	refused := false
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		ok := true
		switch strings.ToUpper(verb) {
		case "EHLO":
			ok = say("250-sink.attesta.invalid") && say("250-8BITMIME") && say("250-ENHANCEDSTATUSCODES") && (secure && say("250-AUTH PLAIN") || !secure && say("250-STARTTLS")) && say("250 SMTPUTF8")
		case "HELO", "RSET", "NOOP":
			ok = say("250 2.0.0 as you say")
		case "STARTTLS":
			if !say("220 2.0.0 go on") {
				return
			}
			conn, secure = tls.Server(conn, s.tls), true
			text = textproto.NewConn(conn)
		case "AUTH":
			ok = say("235 2.7.0 anybody may")
		case "MAIL":
			refused = false
			ok = say("250 2.1.0 taken")
		case "RCPT":
			mailbox, _, _ := strings.Cut(strings.ToLower(rest), ">")
			domain := mailbox[strings.LastIndex(mailbox, "@")+1:]
			if refused = slices.Contains(s.cfg.Unknown, domain); refused {
				ok = say("550 5.1.2 no mailbox is known at " + domain)
			} else {
				ok = say("250 2.1.5 taken")
			}
		case "DATA":
			if refused {
				ok = say("503 5.5.1 nobody to give it to")
				break
			}
			if !say("354 go on, and end with a dot") {
				return
			}
			content, err := io.ReadAll(io.LimitReader(text.DotReader(), most))
			if err != nil {
				return
			}
			name, err := s.keep("mail", "eml", content)
			if err != nil {
				ok = say("452 4.3.1 it could not be kept")
				break
			}
			ok = say("250 2.0.0 kept as sink/" + name + "; nothing was sent on")
		case "QUIT":
			if say("221 2.0.0 farewell") {
				_, _ = io.Copy(io.Discard, conn) // whoever quits closes first
			}
			return
		default:
			ok = say("502 5.5.2 not known here")
		}
		if !ok {
			return
		}
	}
}
