package ingest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

func TestEnrol(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		src, err := s.Source(t.Context(), access.System(), p.source)
		if err != nil {
			t.Fatal(err)
		}
		if src.Name != "web-1" || src.Agent != "attesta-agent 0.1.0" || !src.ExpiresAt.Equal(start.Add(30*24*time.Hour)) || !src.SeenAt.IsZero() {
			t.Errorf("the source's row: %+v", src)
		}
		if got := s.entries("source.enrolled") + 10*s.entries("token.created"); got != 11 {
			t.Errorf("entries of enrolment and token: %d, want one of each", got)
		}
		if st, err := os.Stat(filepath.Join(s.keys, "agents-ca.key")); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("the authority's key: %v, %v", st, err)
		}
		// The same authority after a restart.
		again, err := ingest.New(t.Context(), s.cfg)
		if err != nil || again.Fingerprint() != s.Fingerprint() {
			t.Errorf("after a restart the authority is another one (%v)", err)
		}
		p.mustSend(p.envelope(1), 1)
	})
}

func TestTokenRefused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		used := s.token(time.Hour)
		p := newPeer(t, s)
		if _, err := p.enrol(used); err != nil {
			t.Fatal(err)
		}
		s.now.Advance(time.Minute)
		_, err := newPeer(t, s).enrol(used)
		wantKind(t, err, fault.Conflict, "was used on 2026-03-14T09:00:00Z by web-1 ("+p.source+")")

		late := s.token(time.Minute)
		s.now.Advance(time.Minute + time.Second)
		_, err = newPeer(t, s).enrol(late)
		wantKind(t, err, fault.Unauthenticated, "expired on 2026-03-14T09:02:00Z")

		_, err = newPeer(t, s).enrol(wire.Token{Secret: "att_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
		wantKind(t, err, fault.Unauthenticated, "not known")

		if n := s.count(`SELECT COUNT(*) FROM source`); n != 1 {
			t.Errorf("%d sources, want the one that enrolled", n)
		}
		for name, do := range map[string]func() error{
			"no time": func() error { _, err := s.MakeToken(t.Context(), access.System(), 0, ""); return err },
			"too long": func() error {
				_, err := s.MakeToken(t.Context(), access.System(), ingest.MaxTokenLife+1, "")
				return err
			},
			"two lines":  func() error { _, err := s.MakeToken(t.Context(), access.System(), 1, "a\nb"); return err },
			"binary":     func() error { _, err := s.MakeToken(t.Context(), access.System(), 1, "a\xff"); return err },
			"bad reason": func() error { return s.Revoke(t.Context(), access.System(), p.source, "\x00") },
		} {
			if err := do(); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		tokens, err := s.Tokens(t.Context(), access.System())
		if err != nil || len(tokens) != 2 || tokens[1].UsedBy != p.source || !tokens[0].UsedAt.IsZero() {
			t.Errorf("tokens: %+v, %v", tokens, err)
		}
	})
}

// One token, many hosts at once: one of them gets in.
func TestTokenRace(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		tok := s.token(time.Hour)
		errs := make(chan error, 8)
		var wg sync.WaitGroup
		for range cap(errs) {
			p := newPeer(t, s)
			wg.Go(func() { _, err := p.enrol(tok); errs <- err })
		}
		wg.Wait()
		close(errs)
		in := 0
		for err := range errs {
			if err == nil {
				in++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("refused with %v", err)
			}
		}
		if in != 1 || s.count(`SELECT COUNT(*) FROM source`) != 1 {
			t.Errorf("%d of %d got in", in, cap(errs))
		}
	})
}

// An agent whose answer was lost asks again with the same key and gets it.
func TestEnrolAnswerLost(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		tok := s.token(time.Hour)
		p := newPeer(t, s)
		if _, err := p.enrol(tok); err != nil {
			t.Fatal(err)
		}
		first := p.source
		p.cert = tls.Certificate{} // it never came
		p.reconnect()
		if _, err := p.enrol(tok); err != nil || p.source != first {
			t.Fatalf("the same key again: source %s, %v; want %s", p.source, err, first)
		}
		p.mustSend(p.envelope(1), 1)
		s.now.Advance(2 * time.Hour)
		_, err := p.enrol(tok)
		wantKind(t, err, fault.Unauthenticated, "expired")
	})
}

func TestEnrolBadRequests(t *testing.T) {
	s := open(t, databasetest.SQLite(t), nil)
	tok := s.token(time.Hour)
	p := newPeer(t, s)
	good := wire.EnrolRequest{Version: wire.Version, Token: tok.Secret, CSR: p.csr(), Host: wire.Host{Name: "web-1"}}
	weak := newPeer(t, s)
	var err error
	if weak.key, err = ecdsa.GenerateKey(elliptic.P224(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*wire.EnrolRequest){
		"newer version": func(r *wire.EnrolRequest) { r.Version++ },
		"no name":       func(r *wire.EnrolRequest) { r.Host.Name = "" },
		"name in two":   func(r *wire.EnrolRequest) { r.Host.Name = "a\nb" },
		"machine":       func(r *wire.EnrolRequest) { r.Host.Machine = "xyz" },
		"no request":    func(r *wire.EnrolRequest) { r.CSR = "" },
		"cut request":   func(r *wire.EnrolRequest) { r.CSR = r.CSR[:len(r.CSR)-60] },
		"weak key":      func(r *wire.EnrolRequest) { r.CSR = weak.csr() },
	} {
		r := good
		change(&r)
		if _, err := p.certificate(wire.PathEnrol, r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, _, err := p.post(wire.PathEnrol, []byte(`{"version":`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("cut JSON: %v", err)
	}
	if _, _, _, err := p.post(wire.PathEnrol, make([]byte, 1<<20)); !fault.Is(err, fault.Invalid) {
		t.Errorf("long body: %v", err)
	}
	if _, err := p.certificate(wire.PathEnrol, good); err != nil {
		t.Errorf("a refused request used the token up: %v", err)
	}
}

func TestCertificateExpires(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		p.mustSend(p.envelope(1), 1)
		s.now.Advance(30*24*time.Hour + time.Second)
		_, problem, err := p.send(p.envelope(2))
		wantKind(t, err, fault.Unauthenticated, "expired on 2026-04-13T09:00:00Z")
		if problem.Code != wire.CodeExpired {
			t.Errorf("code %q", problem.Code)
		}
		if _, err := p.renew(); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("an expired certificate was renewed: %v", err)
		}
		// A new token and the old certificate: the same source goes on.
		was := p.source
		if _, err := p.enrol(s.token(time.Hour)); err != nil || p.source != was {
			t.Fatalf("enrolled again as %s, %v; want %s", p.source, err, was)
		}
		p.mustSend(p.envelope(2), 2)
		// Without the old certificate it is another source.
		other := enrolled(t, s)
		if other.source == was {
			t.Error("another key took over the source")
		}
	})
}

func TestRenew(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		if _, err := p.renew(); !fault.Is(err, fault.Conflict) {
			t.Errorf("renewed at once: %v", err)
		}
		s.now.Advance(21 * 24 * time.Hour)
		was := p.source
		if _, err := p.renew(); err != nil || p.source != was {
			t.Fatalf("renewed as %s, %v", p.source, err)
		}
		s.now.Advance(20 * 24 * time.Hour) // past the end of the first one
		p.mustSend(p.envelope(1), 1)
		if n := s.entries("source.renewed"); n != 1 {
			t.Errorf("%d entries of the renewal", n)
		}
	})
}

func TestRevoke(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		p.mustSend(p.envelope(1), 1)
		if err := s.Revoke(t.Context(), access.System(), p.source, "laptop lost"); err != nil {
			t.Fatal(err)
		}
		_, problem, err := p.send(p.envelope(2))
		wantKind(t, err, fault.Forbidden, "was revoked on 2026-03-14T09:00:00Z: laptop lost")
		if problem.Code != wire.CodeRevoked {
			t.Errorf("code %q", problem.Code)
		}
		s.now.Advance(21 * 24 * time.Hour)
		if _, err := p.renew(); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a revoked source renewed: %v", err)
		}
		if _, err := p.enrol(s.token(time.Hour)); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a revoked source enrolled again under its id: %v", err)
		}
		if err := s.Revoke(t.Context(), access.System(), p.source, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("revoked twice: %v", err)
		}
		if err := s.Revoke(t.Context(), access.System(), "src_none", ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("revoked nobody: %v", err)
		}
		if n := s.entries("source.revoked"); n != 1 {
			t.Errorf("%d entries of the revocation", n)
		}
		if s.traces() != 1 {
			t.Errorf("%d batches were taken, want the first", s.traces())
		}
	})
}

// Every call asks the table of role and action.
func TestRoles(t *testing.T) {
	s := open(t, databasetest.SQLite(t), nil)
	p := enrolled(t, s)
	for _, r := range access.Roles() {
		who := access.Principal{UserID: "usr_x", Role: r}
		_, tokenErr := s.MakeToken(t.Context(), who, time.Hour, "")
		_, sourcesErr := s.Sources(t.Context(), who)
		_, sourceErr := s.Source(t.Context(), who, p.source)
		_, streamsErr := s.Streams(t.Context(), who, p.source)
		_, quarantineErr := s.Quarantine(t.Context(), who)
		_, tokensErr := s.Tokens(t.Context(), who)
		for _, tc := range []struct {
			call string
			a    access.Action
			err  error
		}{
			{"MakeToken", access.AgentEnrol, tokenErr}, {"Sources", access.AgentRead, sourcesErr}, {"Source", access.AgentRead, sourceErr},
			{"Streams", access.AgentRead, streamsErr}, {"Quarantine", access.AgentRead, quarantineErr}, {"Tokens", access.AgentRead, tokensErr},
			{"Retry", access.AgentEnrol, s.Retry(t.Context(), who, "qua_none")},
			{"Revoke", access.AgentRevoke, s.Revoke(t.Context(), who, "src_none", "")},
		} {
			if denied := fault.Is(tc.err, fault.Forbidden); denied == access.May(r, tc.a) {
				t.Errorf("%s as %s: %v; the table says %v", tc.call, r, tc.err, access.May(r, tc.a))
			}
		}
	}
	if err := s.Revoke(t.Context(), access.Principal{}, p.source, ""); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody revoked: %v", err)
	}
}

func TestAuthorityFiles(t *testing.T) {
	db := databasetest.SQLite(t)
	for _, tc := range []struct {
		name  string
		spoil func(dir string) error
		want  fault.Kind
		says  string
	}{
		{"key readable by others", func(dir string) error { return os.Chmod(filepath.Join(dir, "agents-ca.key"), 0o644) }, fault.Refused, "read by others"},
		{"key gone", func(dir string) error { return os.Remove(filepath.Join(dir, "agents-ca.key")) }, fault.Refused, "is not"},
		{"key damaged", func(dir string) error { return os.WriteFile(filepath.Join(dir, "agents-ca.key"), []byte("x"), 0o600) }, fault.Refused, "damaged"},
		{"certificate damaged", func(dir string) error { return os.WriteFile(filepath.Join(dir, "agents-ca.crt"), []byte("x"), 0o600) }, fault.Refused, "damaged"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t, db, nil)
			if err := tc.spoil(s.keys); err != nil {
				t.Fatal(err)
			}
			_, err := ingest.New(t.Context(), s.cfg)
			wantKind(t, err, tc.want, tc.says)
		})
	}
	t.Run("stopped between key and certificate", func(t *testing.T) {
		s := open(t, db, nil)
		if err := os.Remove(filepath.Join(s.keys, "agents-ca.crt")); err != nil {
			t.Fatal(err)
		}
		if _, err := ingest.New(t.Context(), s.cfg); err != nil {
			t.Error(err)
		}
	})
}
