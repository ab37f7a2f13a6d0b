package change

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/proof/permit"
)

// Token is a signed change token as it was given.
type Token struct {
	permit.Token
	Text   string    `json:"text"`
	MadeAt time.Time `json:"made_at"`
	MadeBy string    `json:"made_by"`
	Entry  string    `json:"entry"`
}

// Permit is what a token is asked for.
type Permit struct {
	Change string
	Hosts  []string
	Paths  []string
	Count  int       // 0: 100
	From   time.Time // zero: now
	Until  time.Time
}

// MakeToken signs a token for an approved change (change.approve): who makes the
// change may touch these paths on these hosts until then. It is no secret, and
// the integrity engine verifies it without asking anybody.
func (s *Service) MakeToken(ctx context.Context, p access.Principal, in Permit) (Token, error) {
	if err := access.Proved(p, access.ChangeApprove); err != nil {
		return Token{}, err
	}
	now := s.cfg.Clock()
	found, err := one(ctx, s.cfg.DB.Reader(), "change", in.Change)
	if err != nil {
		return Token{}, err
	}
	ch, err := found.change()
	if err != nil {
		return Token{}, err
	}
	if a := ch.Attribute(landing.Approved); a.Outcome != landing.Pass {
		return Token{}, fault.New(fault.Conflict, "%s is not approved: %s", ch.Ref(), a.Reason).WithHint("a token is signed for an approved change")
	}
	if len(ch.Authors) > 0 && ch.Wrote(landing.Person{Key: p.UserID}) {
		alone, err := access.Alone(ctx, s.cfg.DB.Reader(), p, access.ChangeApprove)
		if err != nil {
			return Token{}, err
		}
		if !alone {
			return Token{}, fault.New(fault.Forbidden, "whoever wrote a change does not sign its token").WithHint("ask another person who may %s", access.Describe(access.ChangeApprove))
		}
	}
	if in.Count == 0 {
		in.Count = 100
	}
	if in.From.IsZero() {
		in.From = now
	}
	if in.Until.Before(now) {
		return Token{}, bad("until", "it would have ended already")
	}
	who := ch.Merger.Key
	if len(who) < 4 || who[:4] != "usr_" {
		who = p.UserID // somebody here answers for it
	}
	t := Token{Token: permit.Token{ID: ids.New("ctk", now), Change: ch.Ref(), Who: who, Hosts: landing.Lists(in.Hosts), Paths: landing.Lists(in.Paths), Count: in.Count, From: in.From.Unix(), Until: in.Until.Unix()}, MadeAt: now, MadeBy: p.UserID}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		key, err := s.signer(ctx, tx, p)
		if err != nil {
			return err
		}
		if t.Text, err = permit.Sign(key, t.Token); err != nil {
			return err
		}
		public, ok := key.Public().(ed25519.PublicKey)
		if !ok {
			return fault.New(fault.Internal, "the key of change tokens is no Ed25519 key")
		}
		t.Key = permit.KeyID(public)
		if t.Entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "change.token_signed", Subject: ch.ID, Data: map[string]any{"token": t.ID, "digest": digestOf([]byte(t.Text)), "from": time.Unix(t.From, 0).UTC(), "until": time.Unix(t.Until, 0).UTC()}}); err != nil {
			return err
		}
		return insertToken(ctx, tx, ch.ID, t)
	})
	return t, err
}

// signer gives the key that signs, and makes the first.
func (s *Service) signer(ctx context.Context, tx *sql.Tx, p access.Principal) (ed25519.PrivateKey, error) {
	all, err := keys(ctx, tx)
	if err != nil {
		return nil, err
	}
	if len(all) > 0 {
		secret, err := s.cfg.Sealed.Unseal("change token key "+all[0].id, all[0].private)
		if err != nil {
			return nil, err
		}
		seed, err := base64.StdEncoding.DecodeString(secret)
		if err != nil || len(seed) != ed25519.SeedSize {
			return nil, fault.New(fault.Refused, "the key of change tokens cannot be used")
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of change tokens: %w", err)
	}
	k := signingKey{id: permit.KeyID(public), public: base64.StdEncoding.EncodeToString(public)}
	k.private = s.cfg.Sealed.Seal("change token key "+k.id, base64.StdEncoding.EncodeToString(private.Seed()))
	entry, err := s.append(ctx, tx, access.System(), ledger.Entry{Type: "change.key_made", Subject: k.id, Data: map[string]any{"public": k.public, "for": p.UserID}})
	if err != nil {
		return nil, err
	}
	return private, insertKey(ctx, tx, k, s.cfg.Clock(), entry)
}

// PublicKeys gives the keys that verify change tokens, newest first, each as
// base64 (change.read).
func (s *Service) PublicKeys(ctx context.Context, p access.Principal) ([]string, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	all, err := keys(ctx, s.cfg.DB.Reader())
	out := []string{}
	for _, k := range all {
		out = append(out, k.public)
	}
	return out, err
}

// Tokens gives the tokens of a change, newest first (change.read).
func (s *Service) Tokens(ctx context.Context, p access.Principal, ref string) ([]Token, error) {
	ch, err := s.Change(ctx, p, ref)
	if err != nil {
		return nil, err
	}
	return tokens(ctx, s.cfg.DB.Reader(), `WHERE t.item_id = $1`, ch.ID)
}
