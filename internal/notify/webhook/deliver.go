package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// State is where a message stands.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Failed    State = "failed" // given up after a day, or refused for good
	Held      State = "held"   // the webhook is paused
)

// Message is what is sent to one webhook, and with the same id each time.
type Message struct {
	ID       string    `json:"id"` // msg_…: the webhook-id
	Webhook  string    `json:"webhook"`
	Event    string    `json:"event"`
	Items    int       `json:"items"`
	MadeAt   time.Time `json:"made_at"`
	State    State     `json:"state"`
	Attempts int64     `json:"attempts"`
	NextAt   time.Time `json:"next_at,omitzero"`
	Entry    string    `json:"entry,omitempty"` // of its newest result
	Body     []byte    `json:"-"`
}

// Attempt is one try.
type Attempt struct {
	Message string        `json:"-"`
	Number  int64         `json:"number"`
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took"`
	Status  int           `json:"status"`            // of HTTP; 0: there was no answer
	Trouble string        `json:"trouble,omitempty"` // why it counts as failed
	Answer  string        `json:"answer,omitempty"`  // its first kilobyte
	By      string        `json:"by"`                // usr_… who asked; system
	final   bool          // trying again changes nothing
	gone    bool          // the receiver says so for ever
	after   time.Duration // the receiver asks for so much time
}

// maxAnswer is what is kept of an answer. No more of it is read.
const maxAnswer = 1 << 10

// maxPause is the longest time between two attempts, but for a fifth.
const maxPause = 6 * time.Hour

// backoff gives how long to wait after n failed attempts: 10 s, tripled each
// time up to maxPause, and a fifth more or less.
func backoff(n int64) time.Duration {
	d := 10 * time.Second
	for i := int64(1); i < n && d < maxPause; i++ {
		d *= 3
	}
	d = min(d, maxPause)
	return d - d/5 + rand.N(2*d/5)
}

// Raise makes messages of what happened, in the caller's transaction.
func (s *Service) Raise(ctx context.Context, tx *sql.Tx, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	all, err := list(ctx, tx)
	if err != nil {
		return err
	}
	now := s.cfg.Clock()
	for _, w := range all {
		made := false
		for _, typ := range w.Events {
			var of []Event
			for _, e := range events {
				if e.Type == typ {
					of = append(of, e)
				}
			}
			if len(of) == 0 {
				continue
			}
			if _, err := s.message(ctx, tx, w, of, now); err != nil {
				return err
			}
			made = true
		}
		if made && w.PausedAt.IsZero() {
			if err := s.wake(ctx, tx, w.ID, laterOf(now, w.RetryAt)); err != nil {
				return err
			}
		}
	}
	return nil
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (s *Service) message(ctx context.Context, tx *sql.Tx, w Webhook, events []Event, now time.Time) (Message, error) {
	m := Message{ID: ids.New("msg", now), Webhook: w.ID, Event: events[0].Type, Items: len(events), MadeAt: now, State: Waiting, NextAt: now}
	if !w.PausedAt.IsZero() {
		m.State = Held
	}
	var err error
	if m.Body, err = encode(w.Format, s.cfg.Site, now, events); err != nil {
		return m, err
	}
	return m, insertMessage(ctx, tx, m)
}

type deliverJob struct {
	Webhook string `json:"webhook"`
}

// wake queues the job that delivers what waits for a webhook, unless one is
// queued for then or earlier.
func (s *Service) wake(ctx context.Context, tx *sql.Tx, webhook string, at time.Time) error {
	now := s.cfg.Clock()
	if needed, err := claimWake(ctx, tx, webhook, at, now.Add(-time.Hour)); err != nil || !needed {
		return err
	}
	if at.After(now) {
		return s.cfg.Jobs.RunAt(ctx, tx, jobDeliver, at, deliverJob{webhook})
	}
	return s.cfg.Jobs.Insert(ctx, tx, jobDeliver, deliverJob{webhook})
}

func (s *Service) job(ctx context.Context, payload json.RawMessage) error {
	var j deliverJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fault.Wrap(fault.Invalid, err, "the job of a webhook cannot be read")
	}
	return s.Deliver(ctx, j.Webhook)
}

// enter takes the one place at a webhook; where somebody is there, they are
// told to look once more.
func (s *Service) enter(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.busy[id]; taken {
		s.busy[id] = true
		return false
	}
	s.busy[id] = false
	return true
}

// leave gives the place up, or says that somebody wants another look.
func (s *Service) leave(id string) (again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[id] {
		s.busy[id] = false
		return true
	}
	delete(s.busy, id)
	return false
}

// Deliver gives a webhook what waits for it, one message after the other, until
// nothing is due, an attempt gets no answer, or a few minutes have gone by.
func (s *Service) Deliver(ctx context.Context, id string) error {
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return woken(ctx, tx, id, s.cfg.Clock()) }); err != nil {
		return err
	}
	if !s.enter(id) {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			s.mu.Lock()
			delete(s.busy, id)
			s.mu.Unlock()
			panic(v)
		}
	}()
	for {
		err := s.drain(ctx, id)
		if !s.leave(id) || err != nil {
			if err != nil {
				s.mu.Lock()
				delete(s.busy, id)
				s.mu.Unlock()
			}
			return err
		}
	}
}

func (s *Service) drain(ctx context.Context, id string) error {
	began := time.Now() // the machine's: it bounds how long a worker is held
	for n := 0; ; n++ {
		w, err := get(ctx, s.cfg.DB.Reader(), id)
		if fault.Is(err, fault.NotFound) || err == nil && !w.PausedAt.IsZero() {
			return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return hold(ctx, tx, id) })
		}
		if err != nil {
			return err
		}
		now := s.cfg.Clock()
		if w.RetryAt.After(now) {
			return s.later(ctx, id, w.RetryAt)
		}
		list, err := due(ctx, s.cfg.DB.Reader(), id, now, 1)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			next, err := nextDue(ctx, s.cfg.DB.Reader(), id)
			if err != nil || next.IsZero() {
				return err
			}
			return s.later(ctx, id, next)
		}
		if n >= 1000 || time.Since(began) > 2*time.Minute { // others want the worker too
			return s.later(ctx, id, now)
		}
		if _, err := s.attempt(ctx, w, list[0], "system"); err != nil {
			return err
		}
	}
}

func (s *Service) later(ctx context.Context, id string, at time.Time) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.wake(ctx, tx, id, at) })
}

// attempt tries a message once and keeps how it went.
func (s *Service) attempt(ctx context.Context, w Webhook, m Message, by string) (Attempt, error) {
	a, err := s.send(ctx, w, m)
	if err != nil {
		return a, err
	}
	a.By = by
	if ctx.Err() != nil { // the server stops: as if it had not been tried
		return a, ctx.Err()
	}
	return a, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.settle(ctx, tx, w.ID, m.ID, a) })
}

// settle writes what an attempt did to the message and to its webhook.
func (s *Service) settle(ctx context.Context, tx *sql.Tx, webhook, message string, a Attempt) error {
	m, err := messageByID(ctx, tx, message)
	if err != nil {
		return err
	}
	w, err := evenGone(ctx, tx, webhook)
	if err != nil {
		return fmt.Errorf("read webhook %s: %w", webhook, err)
	}
	now := s.cfg.Clock()
	m.Attempts++
	a.Message, a.Number = m.ID, m.Attempts
	if err := insertAttempt(ctx, tx, a); err != nil {
		return err
	}
	byHand := a.By != "system"
	switch {
	case a.Trouble == "":
		m.State = Delivered
		w.Failing, w.FailedSince, w.RetryAt = 0, time.Time{}, time.Time{}
		err = s.result(ctx, tx, &m, a.By)
	case byHand && m.State != Waiting: // a person tried; nothing goes on by itself
		if m.State == Held {
			m.State = Failed
		}
		err = s.result(ctx, tx, &m, a.By)
	default:
		if w.Failing++; w.FailedSince.IsZero() {
			w.FailedSince = now
		}
		if a.Status == 0 || a.Status >= 500 || a.Status == http.StatusTooManyRequests { // leave it alone for a while
			w.RetryAt = now.Add(max(backoff(w.Failing), a.after))
		}
		m.NextAt = now.Add(max(backoff(m.Attempts), a.after))
		if over := m.MadeAt.Add(GiveUp); a.final || m.NextAt.After(over) || w.RetryAt.After(over) {
			m.State = Failed
			err = s.result(ctx, tx, &m, a.By)
		}
	}
	if err == nil {
		err = updateMessage(ctx, tx, m)
	}
	if err == nil {
		err = standing(ctx, tx, w)
	}
	if err != nil || !w.RemovedAt.IsZero() || !w.PausedAt.IsZero() {
		return err
	}
	if why := pauseFor(w, m, a, now); why != "" {
		return s.pause(ctx, tx, w, why)
	}
	if !w.FailedSince.IsZero() && now.Sub(w.FailedSince) < GiveUp {
		return nil
	}
	return s.giveUp(ctx, tx, w, now)
}

// pauseFor says why a webhook is to be paused, if it is: it took nothing for as
// long as a message is tried. The last attempt at one may come a pause, and its
// fifth, before its day is over.
func pauseFor(w Webhook, m Message, a Attempt, now time.Time) string {
	switch {
	case a.gone:
		return "the receiver says that it is gone (410)"
	case m.State == Failed && !w.FailedSince.IsZero() && now.Sub(w.FailedSince) >= GiveUp-maxPause*3/2 && w.Failing >= 5:
		return fmt.Sprintf("it took nothing since %s: %s", w.FailedSince.UTC().Format("2006-01-02 15:04 UTC"), a.Trouble)
	}
	return ""
}

// pause stops a webhook that takes nothing. The entry is what people are told by.
func (s *Service) pause(ctx context.Context, tx *sql.Tx, w Webhook, why string) error {
	w.PausedAt, w.PausedWhy = s.cfg.Clock(), why
	if err := s.save(ctx, tx, "system", "paused", &w); err != nil {
		return err
	}
	if _, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "webhook.paused", Stream: "system", Actor: "system", Subject: w.ID, Data: map[string]any{"failing": w.Failing}}); err != nil {
		return fmt.Errorf("record that webhook %s is paused: %w", w.ID, err)
	}
	s.cfg.Logger.Warn("a webhook is paused", "webhook", w.ID, "why", why)
	return hold(ctx, tx, w.ID)
}

// giveUp ends waiting messages that are older than a day.
func (s *Service) giveUp(ctx context.Context, tx *sql.Tx, w Webhook, now time.Time) error {
	list, err := old(ctx, tx, w.ID, now.Add(-GiveUp), 100)
	for i := 0; i < len(list) && err == nil; i++ {
		m := &list[i]
		m.State = Failed
		if err = s.result(ctx, tx, m, "system"); err == nil {
			err = updateMessage(ctx, tx, *m)
		}
	}
	return err
}

// result records what became of a message.
func (s *Service) result(ctx context.Context, tx *sql.Tx, m *Message, by string) error {
	var err error
	m.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "webhook." + string(m.State), Stream: "webhooks", Actor: by, Subject: m.Webhook, Outcome: string(m.State),
		Data: map[string]any{"message": m.ID, "event": m.Event, "items": m.Items, "attempts": m.Attempts, "body": digest(m.Body)}})
	if err != nil {
		return fmt.Errorf("record message %s: %w", m.ID, err)
	}
	return nil
}

// send posts a message. That it fails is no error, but an Attempt that says so.
func (s *Service) send(ctx context.Context, w Webhook, m Message) (Attempt, error) {
	address, err := s.cfg.Key.Unseal(sealedAs(w.ID, "url"), w.url)
	if err != nil {
		return Attempt{}, err
	}
	secret, err := s.cfg.Key.Unseal(sealedAs(w.ID, "secret"), w.secret)
	if err != nil {
		return Attempt{}, err
	}
	now, secrets := s.cfg.Clock(), []string{secret}
	if len(w.former) > 0 && now.Before(w.FormerUntil) {
		former, err := s.cfg.Key.Unseal(sealedAs(w.ID, "former"), w.former)
		if err != nil {
			return Attempt{}, err
		}
		secrets = append(secrets, former)
	}
	signature, err := Sign(m.ID, now, m.Body, secrets...)
	if err != nil {
		return Attempt{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(m.Body))
	if err != nil {
		return Attempt{}, fault.New(fault.Internal, "the address of webhook %s makes no request", w.ID) // the cause would show the address
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Attesta/"+s.cfg.Version)
	req.Header.Set("webhook-id", m.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	began := time.Now()
	a := Attempt{At: now}
	res, err := s.client.Do(req)
	if err != nil {
		a.Took, a.Trouble, a.final = time.Since(began), trouble(err), dial.Refused(err)
		return a, nil
	}
	defer res.Body.Close()
	head, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	a.Took, a.Status, a.Answer = time.Since(began), res.StatusCode, printable(head)
	switch {
	case res.StatusCode/100 == 2 && err != nil:
		a.Trouble = fmt.Sprintf("it answered %d, and then broke off: %s", res.StatusCode, trouble(err))
	case res.StatusCode/100 == 2:
	case res.StatusCode/100 == 3:
		a.Trouble = fmt.Sprintf("it answered %d; a redirect is not followed", res.StatusCode)
	case res.StatusCode == http.StatusGone:
		a.Trouble, a.final, a.gone = "it answered 410: gone", true, true
	default:
		a.Trouble = fmt.Sprintf("it answered %d", res.StatusCode)
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 && a.Trouble != "" {
		a.after = min(time.Duration(seconds)*time.Second, 6*time.Hour)
	}
	return a, nil
}

// trouble says why a request had no answer, without its address.
func trouble(err error) string {
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var f *fault.Error
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that this server does not know"
	case errors.As(err, &certificate):
		return "its certificate does not hold: " + certificate.Err.Error()
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return "it does not speak TLS at this port"
	case errors.As(err, &f):
		return f.Message
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case strings.Contains(err.Error(), "tls:"):
		return "TLS could not be agreed on"
	case strings.Contains(err.Error(), "headers") && strings.Contains(err.Error(), "exceed"):
		return "the head of its answer is too long"
	}
	return "the connection broke off"
}

// printable gives text of what may be anything.
func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '·'
	}, strings.ToValidUTF8(string(b), "·"))
}

// Test sends a message of its own now, whether or not the webhook is paused,
// and says how it went (settings.edit).
func (s *Service) Test(ctx context.Context, p access.Principal, id string) (Attempt, error) {
	if err := access.Authorise(p, access.SettingsEdit); err != nil {
		return Attempt{}, err
	}
	w, err := get(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return Attempt{}, err
	}
	now := s.cfg.Clock()
	var m Message
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		m, err = s.message(ctx, tx, w, []Event{{Type: EventTest, Ref: w.Name, Object: w.ID, Title: "A test of the webhook " + w.Name, Link: "/settings/webhooks/" + w.ID, At: now}}, now)
		if err == nil && m.State == Waiting { // it is tried here and now, by whoever asks
			m.State = Held
			err = updateMessage(ctx, tx, m)
		}
		return err
	}); err != nil {
		return Attempt{}, err
	}
	return s.attempt(context.WithoutCancel(ctx), w, m, p.UserID)
}

// Again sends a message once more, now, with the id that it had (settings.edit).
func (s *Service) Again(ctx context.Context, p access.Principal, message string) (Attempt, error) {
	if err := access.Authorise(p, access.SettingsEdit); err != nil {
		return Attempt{}, err
	}
	m, err := messageByID(ctx, s.cfg.DB.Reader(), message)
	if err != nil {
		return Attempt{}, err
	}
	w, err := get(ctx, s.cfg.DB.Reader(), m.Webhook)
	if err != nil {
		return Attempt{}, err
	}
	return s.attempt(context.WithoutCancel(ctx), w, m, p.UserID)
}
