package sink

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
)

var start = time.Date(2036, 8, 20, 14, 0, 0, 0, time.UTC)

func newSink(t *testing.T, c *clock.Manual) *Sink {
	t.Helper()
	s, err := New(Config{Dir: filepath.Join(t.TempDir(), "sink"), Clock: c.Now, Unknown: []string{"misspelt.example"}, Outages: []Outage{
		{Host: "away.example", From: start.Add(time.Hour), Until: start.Add(2 * time.Hour), Status: 503},
		{Host: "mail.example", From: start.Add(time.Hour), Until: start.Add(2 * time.Hour)},
		{Host: "gone.example", Status: 410},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kept gives the one file whose name ends so.
func kept(t *testing.T, s *Sink, ending string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(s.cfg.Dir, "*-"+ending))
	if err != nil || len(all) != 1 {
		t.Fatalf("files %v, %v", all, err)
	}
	raw, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestWebhooksEndHere(t *testing.T) {
	c := clock.NewManual(start)
	s := newSink(t, c)
	d, err := dial.New(dial.Config{Instead: s.Dial, Roots: s.Roots()})
	if err != nil {
		t.Fatal(err)
	}
	client := d.Client(10 * time.Second)
	post := func(url string) (int, string) {
		t.Helper()
		res, err := client.Post(url, "application/json", strings.NewReader(`{"what":"a finding"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		said, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(said)
	}
	if status, said := post("https://away.example/hooks/7"); status != http.StatusOK || !strings.Contains(said, "nothing was sent on") {
		t.Errorf("a receiver that is there answers %d %q", status, said)
	}
	if raw := kept(t, s, "webhook.txt"); !strings.Contains(raw, "POST https://away.example/hooks/7") || !strings.Contains(raw, "a finding") {
		t.Errorf("kept is %q", raw)
	}
	c.Advance(90 * time.Minute)
	if status, _ := post("https://away.example/hooks/7"); status != http.StatusServiceUnavailable {
		t.Errorf("a receiver that is away answers %d", status)
	}
	if status, _ := post("http://gone.example/"); status != http.StatusGone {
		t.Errorf("a receiver that is gone answers %d", status)
	}
	// Whatever is typed ends here, also what would be refused or reached in life.
	c.Advance(90 * time.Minute)
	for _, url := range []string{"http://169.254.169.254/latest", "http://127.0.0.1:9/", "https://192.0.2.1/"} {
		if strings.HasPrefix(url, "https") {
			continue // a certificate holds for names
		}
		if status, said := post(url); status != http.StatusOK || !strings.Contains(said, "kept as sink/") {
			t.Errorf("%s answers %d %q", url, status, said)
		}
	}
}

func TestMailEndsHere(t *testing.T) {
	c := clock.NewManual(start)
	s := newSink(t, c)
	conn, err := s.Dial(context.Background(), "tcp", "mail.example:587")
	if err != nil {
		t.Fatal(err)
	}
	m, err := smtp.NewClient(conn, "mail.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.StartTLS(&tls.Config{ServerName: "mail.example", RootCAs: s.Roots(), MinVersion: tls.VersionTLS12}); err != nil {
		t.Fatal(err)
	}
	if err := m.Auth(smtp.PlainAuth("", "attesta", "secret", "mail.example")); err != nil {
		t.Fatal(err)
	}
	if err := m.Mail("attesta@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := m.Rcpt("who@misspelt.example"); err == nil || !strings.Contains(err.Error(), "no mailbox") {
		t.Errorf("a mailbox that nobody has: %v", err)
	}
	if err := m.Reset(); err != nil {
		t.Fatal(err)
	}
	if err := m.Mail("attesta@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := m.Rcpt("who@example.org"); err != nil {
		t.Fatal(err)
	}
	w, err := m.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "Subject: a finding\r\n\r\n.dots too\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Quit(); err != nil {
		t.Error(err)
	}
	if raw := kept(t, s, "mail.eml"); !strings.Contains(raw, "Subject: a finding") || !strings.Contains(raw, "\n.dots too") {
		t.Errorf("kept is %q", raw)
	}
	c.Advance(90 * time.Minute)
	if _, err := s.Dial(context.Background(), "tcp", "mail.example:587"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a server that is away: %v", err)
	}
}

// Only the newest are kept, and numbers go on after a restart.
func TestOldOnesGo(t *testing.T) {
	s := newSink(t, clock.NewManual(start))
	for range Keep + 3 {
		if _, err := s.keep("mail", "eml", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	again, err := New(Config{Dir: s.cfg.Dir})
	if err != nil {
		t.Fatal(err)
	}
	name, err := again.keep("webhook", "txt", []byte("y"))
	if err != nil || name != "000504-webhook.txt" {
		t.Errorf("the next is %q, %v", name, err)
	}
	if all, err := os.ReadDir(s.cfg.Dir); err != nil || len(all) != Keep {
		t.Errorf("%d files are kept, %v", len(all), err)
	}
}
