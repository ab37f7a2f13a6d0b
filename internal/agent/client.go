package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// exchangeLimit bounds one request: the server may take two minutes for a batch.
const exchangeLimit = 5 * time.Minute

// client speaks with one server.
type client struct {
	server string
	http   *http.Client
	clock  clock.Clock

	mu     sync.Mutex
	offset *int64 // guarded by mu: this clock minus the server's, µs, by the last exchange
}

func newClient(server string, tc *tls.Config, now clock.Clock) *client {
	dial := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &client{server: server, clock: now, http: &http.Client{
		Timeout:       exchangeLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dial.DialContext, TLSClientConfig: tc,
			TLSHandshakeTimeout: 10 * time.Second, MaxIdleConns: 1, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 64 << 10},
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// clockOffset gives this clock minus the server's, nil before the first exchange.
func (c *client) clockOffset() *int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offset == nil {
		return nil
	}
	n := *c.offset
	return &n
}

// rejected is an answer that refuses.
type rejected struct {
	error
	status int
	code   string        // wire.Code…
	after  time.Duration // what Retry-After asks for
}

func (r *rejected) Unwrap() error { return r.error }

// exchange posts JSON and reads JSON.
func (c *client) exchange(ctx context.Context, path string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.do(req, answer)
}

// send posts a batch and measures the clocks.
func (c *client) send(ctx context.Context, packed []byte) (wire.Ack, error) {
	var ack wire.Ack
	var sent, answered int64
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { sent = clock.Micros(c.clock()) },
		GotFirstResponseByte: func() { answered = clock.Micros(c.clock()) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server+wire.PathBatches, bytes.NewReader(packed))
	if err != nil {
		return ack, err
	}
	req.Header.Set("Content-Type", wire.ContentType)
	req.Header.Set(wire.HeaderSent, strconv.FormatInt(clock.Micros(c.clock()), 10))
	if offset := c.clockOffset(); offset != nil {
		req.Header.Set(wire.HeaderOffset, strconv.FormatInt(*offset, 10))
	}
	if err := c.do(req, &ack); err != nil {
		return ack, err
	}
	if ack.ReceivedUs > 0 && ack.AnsweredUs >= ack.ReceivedUs && sent > 0 && answered >= sent {
		offset := wire.Offset(sent, ack.ReceivedUs, ack.AnsweredUs, answered)
		c.mu.Lock()
		c.offset = &offset
		c.mu.Unlock()
	}
	return ack, nil
}

func (c *client) do(req *http.Request, answer any) error {
	resp, err := c.http.Do(req)
	if err != nil {
		if req.Context().Err() != nil {
			return req.Context().Err()
		}
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		if req.Context().Err() != nil {
			return req.Context().Err()
		}
		return c.unreachable(err)
	}
	if resp.StatusCode != http.StatusOK {
		problem, err := wire.DecodeProblem(resp.StatusCode, body)
		r := &rejected{error: err, status: resp.StatusCode, code: problem.Code}
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
			r.after = time.Duration(min(n, 3600)) * time.Second
		}
		return r
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the answer of %s is not what an Attesta server answers", c.server).
			WithHint("check that the address is the agents' listener")
	}
	return nil
}

// unreachable says what stands between agent and server.
func (c *client) unreachable(err error) error {
	var own *fault.Error
	if errors.As(err, &own) { // VerifyConnection said it already
		return own
	}
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &verify) || errors.As(err, &authority) {
		return clockOrTrust(err, c.server, c.clock())
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return fault.Wrap(fault.Unavailable, err, "%s does not speak TLS", c.server).
			WithHint("the agents' listener has an address of its own, apart from the one that people open")
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fault.Wrap(fault.Unavailable, err, "the name %s is not known to this host's resolver", dns.Name)
	}
	return fault.Wrap(fault.Unavailable, fmt.Errorf("reach the server: %w", err), "%s does not answer", c.server).
		WithHint("check that the server runs and that a firewall lets this host through")
}
