package ingest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"

	"golang.org/x/net/netutil"
)

// Time-outs and limits of the listener.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 2 * time.Minute // of a whole request: 8 MiB at 70 KB/s
	writeTimeout  = takeAfter + readTimeout
	idleTimeout   = 2 * time.Minute // agents speak every 30 s
	maxHeader     = 16 << 10
	maxEnrolment  = 64 << 10
	slotWait      = 5 * time.Second  // for a place among the batches under way
	closeWait     = 10 * time.Second // for what is under way when the listener closes

	retrySoon = 5  // seconds: busy, or something failed
	retryDisk = 30 // seconds: somebody must free space
)

// Serve answers on l until ctx ends, then finishes what is under way. It
// closes l.
func (s *Service) Serve(ctx context.Context, l net.Listener) error {
	if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil {
		if ip := net.ParseIP(host); ip != nil && !ip.IsUnspecified() {
			s.ca.name(host)
		}
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	srv := &http.Server{
		Handler: s.routes(), Protocols: protocols,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS13, GetCertificate: s.ca.serverCertificate, Time: s.cfg.Clock,
			// Not verified in the handshake, so that an agent whose certificate
			// is refused reads why: every route but enrolment asks identify.
			ClientAuth: tls.RequestClientCert,
		},
	}
	done := make(chan error, 1)
	go func() { done <- srv.ServeTLS(netutil.LimitListener(l, s.cfg.Connections), "", "") }()
	select {
	case err := <-done:
		return fault.Wrap(fault.Unavailable, err, "the agents' listener stopped")
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
	defer cancel()
	err := srv.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close() // what was cut off was not acknowledged: it comes again
	}
	<-done
	return err
}

func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.PathEnrol, s.serveEnrol)
	mux.HandleFunc("POST "+wire.PathRenew, s.serveRenew)
	mux.HandleFunc("POST "+wire.PathBatches, s.serveBatch)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, fault.New(fault.NotFound, "there is nothing at %s %s", r.Method, printable(r.URL.Path, 100)).
			WithHint("this is the listener for agents; people use the other one"))
	})
	return mux
}

func (s *Service) serveEnrol(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if !s.allowed(w, r, "address "+host) || !s.room(w, r) {
		return
	}
	var q wire.EnrolRequest
	if err := readJSON(w, r, &q); err != nil {
		s.refuse(w, r, err)
		return
	}
	c, err := s.enrol(r.Context(), q, r.TLS.PeerCertificates)
	s.answer(w, r, c, err)
}

func (s *Service) serveRenew(w http.ResponseWriter, r *http.Request) {
	source, ok := s.peer(w, r)
	if !ok {
		return
	}
	var q wire.RenewRequest
	if err := readJSON(w, r, &q); err != nil {
		s.refuse(w, r, err)
		return
	}
	c, err := s.renew(r.Context(), source, r.TLS.PeerCertificates[0], q)
	s.answer(w, r, c, err)
}

func (s *Service) serveBatch(w http.ResponseWriter, r *http.Request) {
	at := s.cfg.Clock()
	source, ok := s.peer(w, r)
	if !ok || !s.room(w, r) {
		return
	}
	raw, err := wire.ReadPacked(r.Body)
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			err = fault.Wrap(fault.Invalid, err, "the body ended early").WithHint("send it again")
		}
		s.refuse(w, r, err)
		return
	}
	wait := time.NewTimer(slotWait)
	defer wait.Stop()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return
	case <-wait.C:
		s.refuse(w, r, fault.New(fault.Unavailable, "the server is busy with other batches"))
		return
	}
	ack, err := s.take(r.Context(), arrival{source: source, raw: raw, at: at, measured: measure(r.Header, at)})
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Forbidden, fault.Conflict:
		s.cfg.Logger.WarnContext(r.Context(), "a batch was refused; nothing of it was stored", "source", source, "bytes", len(raw), "error", err)
	case fault.Internal:
		s.cfg.Logger.ErrorContext(r.Context(), "a batch could not be stored", "source", source, "error", err)
		err = fault.Wrap(fault.Unavailable, err, "the batch could not be stored; the server's log has the cause")
	}
	ack.ReceivedUs, ack.AnsweredUs = clock.Micros(at), clock.Micros(s.cfg.Clock())
	s.answer(w, r, ack, err)
}

// farthest is the largest clock offset that is believed; beyond it somebody
// sends nonsense.
const farthest = int64(100 * 365 * 24 * time.Hour / time.Microsecond)

// measure gives the sender's clock minus ours: what the previous exchange with
// it measured, with half of the time on the network taken out; before there
// was one, when it says that it sent minus when that came in.
func measure(h http.Header, at time.Time) *int64 {
	offset, err := strconv.ParseInt(h.Get(wire.HeaderOffset), 10, 64)
	if err != nil {
		sent, err := strconv.ParseInt(h.Get(wire.HeaderSent), 10, 64)
		if err != nil || sent <= 0 {
			return nil
		}
		offset = sent - clock.Micros(at)
	}
	if offset > farthest || offset < -farthest {
		return nil
	}
	return &offset
}

// peer gives the source that the connection's certificate names, or refuses.
func (s *Service) peer(w http.ResponseWriter, r *http.Request) (string, bool) {
	source, err := s.ca.identify(r.TLS.PeerCertificates, false)
	if err != nil {
		s.refuse(w, r, err)
		return "", false
	}
	if !s.allowed(w, r, source) {
		return "", false
	}
	src, err := sourceByID(r.Context(), s.cfg.DB.Reader(), source)
	switch {
	case fault.Is(err, fault.NotFound):
		err = fault.New(fault.Unauthenticated, "this server does not know %s any more", source).
			WithHint("its record went with a restored backup, perhaps: enrol the agent again")
	case err == nil && !src.RevokedAt.IsZero():
		err = revokedFault(src)
	}
	if err != nil {
		s.refuse(w, r, err)
		return "", false
	}
	return source, true
}

func (s *Service) allowed(w http.ResponseWriter, r *http.Request, who string) bool {
	wait := s.limits.take(who)
	if wait <= 0 {
		return true
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	s.problem(w, http.StatusTooManyRequests, fault.New(fault.Unavailable, "too many requests").WithHint("try again after the time that Retry-After gives"))
	return false
}

// room refuses while the disk is nearly full, before anything is read: the
// ledger must be able to write when nobody else can.
func (s *Service) room(w http.ResponseWriter, r *http.Request) bool {
	if s.cfg.MinFree < 0 {
		return true
	}
	free, err := s.cfg.Free()
	if err != nil {
		s.refuse(w, r, err)
		return false
	}
	if free >= s.cfg.MinFree {
		return true
	}
	s.cfg.Logger.WarnContext(r.Context(), "nothing is taken in: the disk is nearly full", "free_bytes", free, "watermark_bytes", s.cfg.MinFree)
	w.Header().Set("Retry-After", strconv.Itoa(retryDisk))
	s.problem(w, http.StatusServiceUnavailable, fault.New(fault.Unavailable, "the server's disk is nearly full: %d MiB are free, and %d MiB are kept", free>>20, s.cfg.MinFree>>20).
		WithHint("free some space on the server; agents keep what they have and send it then"))
	return false
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEnrolment))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the request is longer than %d bytes or ended early", maxEnrolment)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fault.Wrap(fault.Invalid, err, "the request is not the JSON that belongs here")
	}
	return nil
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request, body any, err error) {
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	b, err := json.Marshal(body)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(b) // the sender asks again when it does not get this
}

// refuse answers with err as a problem.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := fault.HTTPStatus(err)
	if fault.KindOf(err) == fault.Internal {
		s.cfg.Logger.ErrorContext(r.Context(), "a request of an agent failed", "path", r.URL.Path, "error", err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retrySoon))
	}
	s.problem(w, status, err)
}

func (s *Service) problem(w http.ResponseWriter, status int, err error) {
	p := wire.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Kind: fault.KindOf(err)}
	p.Detail, p.Hint = fault.Public(err)
	var f *fault.Error
	if errors.As(err, &f) {
		p.Field = f.Field
	}
	var c *codedError
	if errors.As(err, &c) {
		p.Code = c.code
	}
	w.Header().Set("Content-Type", wire.ProblemType)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(p) // the status says it as well
}
