package directory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Limits of what a directory may say.
const (
	maxText    = 254    // bytes of a name, an address, an identifier
	maxEmails  = 20     // of a user
	maxMembers = 10_000 // of a group
	maxRefs    = 20     // that an entry names of who joined, and of who left: an entry has two kilobytes
)

// Config is all that the service depends on; every field but Clock is required.
type Config struct {
	DB     *database.DB
	Access *access.Service
	Ledger *ledger.Log
	Clock  clock.Clock // clock.System
}

// Service is the users and groups of a directory over one database. Its
// methods may be called at the same time.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Access == nil || cfg.Ledger == nil {
		return nil, fault.New(fault.Internal, "directory.Config needs DB, Access and Ledger")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg: cfg}, nil
}

// User is an account as its directory describes it.
type User struct {
	ID          string // "usr_…"
	UserName    string // unique without regard to case
	ExternalID  string
	DisplayName string
	Formatted   string
	GivenName   string
	FamilyName  string
	Emails      []Email
	Active      bool
	Groups      []Ref // by name; not set by the user
	Version     int64 // counts changes
	Created     time.Time
	Changed     time.Time
}

// Email is one address of a user.
type Email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Ref names a user or a group.
type Ref struct{ ID, Name string }

// Group is a group of users.
type Group struct {
	ID         string // "grp_…"
	Name       string // unique without regard to case
	ExternalID string
	Role       access.Role // what its members are here for; empty: nothing. Set by Map alone
	Members    []Ref       // by id; nil where they were not asked for
	Count      int         // of members
	Version    int64
	Created    time.Time
	Changed    time.Time
}

// name is what people are shown.
func (u User) name() string {
	both := strings.TrimSpace(u.GivenName + " " + u.FamilyName)
	for _, n := range []string{u.DisplayName, u.Formatted, both} {
		if strings.TrimSpace(n) != "" {
			return n
		}
	}
	return u.UserName
}

// email is the address that an account has here: the primary one, else that of
// work, else the first, else the user name where it is one.
func (u User) email() string {
	best, rank := "", 0
	for _, e := range u.Emails {
		r := 1
		switch {
		case e.Primary:
			r = 3
		case strings.EqualFold(e.Type, "work"):
			r = 2
		}
		if r > rank {
			best, rank = e.Value, r
		}
	}
	if best == "" && strings.Contains(u.UserName, "@") {
		return u.UserName
	}
	return best
}

// Shown is what people call the user.
func (u User) Shown() string { return u.name() }

// Address is the address that the account has here; empty where it has none.
func (u User) Address() string { return u.email() }

// tidied bounds what a directory says.
func (u User) tidied() (User, error) {
	bad := func(field, format string, args ...any) (User, error) {
		return User{}, fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	if u.UserName = strings.TrimSpace(u.UserName); u.UserName == "" {
		return bad("userName", "a user has a userName")
	}
	for _, f := range []struct{ name, value string }{{"userName", u.UserName}, {"externalId", u.ExternalID}, {"displayName", u.DisplayName},
		{"name.formatted", u.Formatted}, {"name.givenName", u.GivenName}, {"name.familyName", u.FamilyName}} {
		if err := fits(f.name, f.value); err != nil {
			return User{}, err
		}
	}
	if len(u.Emails) > maxEmails {
		return bad("emails", "%d addresses; at most %d are kept", len(u.Emails), maxEmails)
	}
	for _, e := range u.Emails {
		for _, text := range []string{e.Value, e.Type} {
			if err := fits("emails", text); err != nil {
				return User{}, err
			}
		}
	}
	return u, nil
}

func fits(field, text string) error {
	if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fault.New(fault.Invalid, "this is no UTF-8 text of at most %d bytes without NUL", maxText).At("", 0, field)
	}
	return nil
}

func key(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// strongest gives the first of the roles in the order of the table.
func strongest(roles []access.Role) access.Role {
	for _, r := range access.Roles() {
		if slices.Contains(roles, r) {
			return r
		}
	}
	return ""
}

// digest is of a group's members.
func digest(ids []string) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(ids)), "\n")))
	return hex.EncodeToString(sum[:])
}

func refs(ids []string) []string {
	ids = slices.Sorted(slices.Values(ids))
	return ids[:min(len(ids), maxRefs)]
}

// recordRest names those who joined or left and stand not in the entry of the
// change itself, an entry for every few.
func (s *Service) recordRest(ctx context.Context, tx *sql.Tx, p access.Principal, groupID string, joined, left []string) error {
	for _, part := range []struct {
		name string
		ids  []string
	}{{"joined", joined}, {"left", left}} {
		ids := slices.Sorted(slices.Values(part.ids))
		for few := range slices.Chunk(ids[min(len(ids), maxRefs):], 2*maxRefs) {
			if err := s.record(ctx, tx, p, membersChanged, groupID, map[string]any{part.name: few}); err != nil {
				return err
			}
		}
	}
	return nil
}

func idsOf(members []Ref) []string {
	ids := make([]string, 0, len(members))
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s *Service) record(ctx context.Context, tx *sql.Tx, p access.Principal, typ, subject string, data map[string]any) error {
	return s.cfg.Access.Record(ctx, tx, p.UserID, typ, subject, data)
}

// settle gives a user what their groups mean.
func (s *Service) settle(ctx context.Context, tx *sql.Tx, p access.Principal, userID string, active bool) error {
	roles, err := rolesOf(ctx, tx, userID)
	if err != nil {
		return err
	}
	return s.cfg.Access.SettleKept(ctx, tx, p, userID, strongest(roles), active)
}

// settleAll is settle for those whose groups changed.
func (s *Service) settleAll(ctx context.Context, tx *sql.Tx, p access.Principal, ids []string) error {
	for _, id := range ids {
		u, err := userByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.settle(ctx, tx, p, id, u.Active); err != nil {
			return err
		}
	}
	return nil
}
