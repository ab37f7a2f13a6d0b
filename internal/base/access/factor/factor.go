package factor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/sealed"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	period      = 30 // seconds of a step
	secretBytes = 20 // RFC 4226 asks for 160 bits
	codeBytes   = 15 // 120 bits: a plain hash will do
	olderBytes  = 10 // of codes that were made before; they go on working
	codesMade   = 10
)

// Config is all that the service depends on; every field but Clock is required.
type Config struct {
	DB     *database.DB
	Access *access.Service
	Key    *sealed.Key
	Clock  clock.Clock // clock.System
	Host   string      // what the app shows beside the login, when there are several Attestas
}

// Service is second factors over one database. Its methods may be called at
// the same time.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Access == nil || cfg.Key == nil {
		return nil, fault.New(fault.Internal, "factor.Config needs DB, Access and Key")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg: cfg}, nil
}

// State is what a user has of a second factor.
type State struct {
	Since time.Time // when the app was confirmed; zero: there is none
	Codes int       // recovery codes that are left
}

// Secret is a fresh secret, shown this once.
type Secret struct {
	Text string // base32, in groups of four
	URI  string // otpauth://, for the picture
}

// row is an authenticator app as stored.
type row struct {
	userID          string
	box             []byte
	made, confirmed time.Time
	step            int64
}

func place(userID string) string { return "second factor " + userID }

// State gives what p has.
func (s *Service) State(ctx context.Context, p access.Principal) (State, error) {
	if err := access.Authorise(p, access.SessionManageOwn); err != nil {
		return State{}, err
	}
	r, _, err := read(ctx, s.cfg.DB.Reader(), p.UserID)
	if err != nil {
		return State{}, err
	}
	n, err := s.CodesLeft(ctx, p.UserID)
	return State{Since: r.confirmed, Codes: n}, err
}

// CodesLeft says how many recovery codes a user has, for the page that asks for
// one after the password.
func (s *Service) CodesLeft(ctx context.Context, userID string) (int, error) {
	return codesLeft(ctx, s.cfg.DB.Reader(), userID)
}

// Begin makes a secret for p, in place of one that was not confirmed. Where one
// counts already it is kind Conflict: remove that first.
func (s *Service) Begin(ctx context.Context, p access.Principal) (Secret, error) {
	if err := access.Proved(p, access.SessionManageOwn); err != nil {
		return Secret{}, err
	}
	if p.SessionID == "" {
		return Secret{}, fault.New(fault.Forbidden, "a second factor is set up by its owner, in a session")
	}
	u, err := s.cfg.Access.User(ctx, p, p.UserID)
	if err != nil {
		return Secret{}, err
	}
	raw := make([]byte, secretBytes)
	if _, err := rand.Read(raw); err != nil {
		return Secret{}, fmt.Errorf("make a secret: %w", err)
	}
	text := b32.EncodeToString(raw)
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		begun, err := begin(ctx, tx, row{userID: p.UserID, box: s.cfg.Key.Seal(place(p.UserID), text), made: s.cfg.Clock()})
		if err != nil {
			return err
		}
		if !begun {
			return fault.New(fault.Conflict, "there is a second factor already").WithHint("remove it, then set up another")
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, "user.second_begun", p.UserID, nil)
	})
	if err != nil {
		return Secret{}, err
	}
	label := "Attesta:" + u.Login
	if s.cfg.Host != "" {
		label = "Attesta:" + u.Login + "@" + s.cfg.Host
	}
	q := url.Values{"secret": {text}, "issuer": {"Attesta"}}
	return Secret{Text: grouped(text), URI: "otpauth://totp/" + url.PathEscape(label) + "?" + q.Encode()}, nil
}

// Confirm makes the secret count, once p has shown a code of it, and gives the
// recovery codes, which are shown this once. All other sessions of p end.
func (s *Service) Confirm(ctx context.Context, p access.Principal, code string) ([]string, error) {
	if err := access.Proved(p, access.SessionManageOwn); err != nil {
		return nil, err
	}
	codes, hashes, err := newCodes()
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, there, err := read(ctx, tx, p.UserID)
		if err != nil {
			return err
		}
		if !there || !r.confirmed.IsZero() {
			return fault.New(fault.Conflict, "no second factor waits for its first code").WithHint("set one up under Account")
		}
		step, err := s.matches(r, code)
		if err != nil {
			return err
		}
		if step == 0 {
			return fault.New(fault.Invalid, "this is not the code of this moment").At("", 0, "code").
				WithHint("type what the app shows now; where it never fits, the clock of the phone or of this machine is wrong")
		}
		now := s.cfg.Clock()
		if err := confirm(ctx, tx, p.UserID, now, step); err != nil {
			return err
		}
		if err := replaceCodes(ctx, tx, p.UserID, hashes); err != nil {
			return err
		}
		ended, err := s.cfg.Access.HasSecond(ctx, tx, p.UserID, now, p.SessionID)
		if err != nil {
			return err
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, confirmedEntry, p.UserID,
			map[string]any{"since": now, "recovery_codes": len(codes), "sessions_ended": ended})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// Remove takes away a user's authenticator app: one's own (session.manage_own)
// or somebody's (user.manage). The recovery codes go too, unless there are
// passkeys that they stand in for.
func (s *Service) Remove(ctx context.Context, p access.Principal, userID string) error {
	a := access.UserManage
	if p.Known() && p.UserID == userID {
		a = access.SessionManageOwn
	}
	if err := access.Proved(p, a); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, there, err := read(ctx, tx, userID)
		if err != nil {
			return err
		}
		if !there || r.confirmed.IsZero() {
			return fault.New(fault.NotFound, "this user has no second factor")
		}
		if err := remove(ctx, tx, userID); err != nil {
			return err
		}
		if _, err := s.cfg.Access.HasSecond(ctx, tx, userID, time.Time{}, ""); err != nil {
			return err
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, removedEntry, userID, map[string]any{"own": p.UserID == userID})
	})
}

// Abandon forgets a second factor that was begun and never confirmed, within
// the transaction that closes its user's account.
func (s *Service) Abandon(ctx context.Context, tx *sql.Tx, userID string) (int64, error) {
	return abandon(ctx, tx, userID)
}

// NewCodes gives p, who has an authenticator app or a passkey, fresh recovery
// codes; the old ones stop working.
func (s *Service) NewCodes(ctx context.Context, p access.Principal) ([]string, error) {
	if err := access.Proved(p, access.SessionManageOwn); err != nil {
		return nil, err
	}
	codes, hashes, err := newCodes()
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.cfg.Access.HoldUser(ctx, tx, p.UserID); err != nil {
			return err
		}
		if has, err := hasSecond(ctx, tx, p.UserID); err != nil {
			return err
		} else if !has {
			return fault.New(fault.Conflict, "recovery codes stand in for a second factor, and there is none").WithHint("set up an app or add a passkey first")
		}
		if err := replaceCodes(ctx, tx, p.UserID, hashes); err != nil {
			return err
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, "user.recovery_codes_made", p.UserID, map[string]any{"recovery_codes": len(codes)})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// Code is a check of what somebody typed: a code of the app or a recovery code.
func (s *Service) Code(typed string) access.Check {
	return func(ctx context.Context, tx *sql.Tx, userID string) (string, error) {
		if hash, err := hashCode(typed); err == nil {
			used, err := useCode(ctx, tx, userID, hash, s.cfg.Clock())
			if err != nil || !used {
				return "", err
			}
			left, err := codesLeft(ctx, tx, userID)
			if err != nil {
				return "", err
			}
			return "recovery", s.cfg.Access.Record(ctx, tx, userID, "user.recovery_code_used", userID, map[string]any{"left": left})
		}
		r, there, err := read(ctx, tx, userID)
		if err != nil || !there || r.confirmed.IsZero() {
			return "", err
		}
		step, err := s.matches(r, typed)
		if err != nil || step <= r.step {
			return "", err
		}
		used, err := useStep(ctx, tx, userID, step)
		if err != nil || !used {
			return "", err
		}
		return "code", nil
	}
}

// matches gives the step of which a code is, this one or a neighbour; 0: none.
func (s *Service) matches(r row, typed string) (int64, error) {
	typed = strings.Join(strings.Fields(typed), "")
	if len(typed) != 6 || strings.Trim(typed, "0123456789") != "" {
		return 0, nil
	}
	secret, err := s.cfg.Key.Unseal(place(r.userID), r.box)
	if err != nil {
		return 0, err
	}
	now, found := s.cfg.Clock().Unix()/period, int64(0)
	for step := now - 1; step <= now+1; step++ {
		code, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(typed)) == 1 {
			found = step
		}
	}
	return found, nil
}

var b32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// grouped puts a space after every four characters.
func grouped(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// newCodes gives recovery codes for the person, and hashes for the database.
func newCodes() (codes []string, hashes [][]byte, err error) {
	for range codesMade {
		raw := make([]byte, codeBytes)
		if _, err := rand.Read(raw); err != nil {
			return nil, nil, fmt.Errorf("make recovery codes: %w", err)
		}
		code := strings.ReplaceAll(grouped(strings.ToLower(b32.EncodeToString(raw))), " ", "-")
		hash, err := hashCode(code)
		if err != nil {
			return nil, nil, err
		}
		codes, hashes = append(codes, code), append(hashes, hash)
	}
	return codes, hashes, nil
}

// hashCode reads a recovery code as people type it, in either case, with or
// without dashes. 120 random bits need no slow hash.
func hashCode(typed string) ([]byte, error) {
	if len(typed) > 100 {
		return nil, fault.New(fault.Invalid, "this is no recovery code")
	}
	text := strings.ToUpper(strings.ReplaceAll(strings.Join(strings.Fields(typed), ""), "-", ""))
	raw, err := b32.DecodeString(text)
	if err != nil || (len(raw) != codeBytes && len(raw) != olderBytes) || b32.EncodeToString(raw) != text {
		return nil, fault.New(fault.Invalid, "this is no recovery code")
	}
	sum := sha256.Sum256(append([]byte("recovery\x00"), raw...))
	return sum[:], nil
}
