package access

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

const (
	apiPrefix       = "atta_"
	longestAPIToken = 366 * 24 * time.Hour
	mostAPITokens   = 50 // that a user has at the same time
)

// Read stands in a token's actions for every action that only looks.
const Read Action = "read"

// APIToken is what is known of a token that a program carries. Its principal
// is its user, limited to Actions.
type APIToken struct {
	ID      string // "tok_…"
	UserID  string
	Name    string
	Tail    string   // last four characters
	Actions []Action // sorted; Read stands for all that only look
	MadeBy  string
	Created time.Time
	Expires time.Time
	Seen    time.Time // last use, to the minute; zero: never
	Ended   time.Time // zero: not revoked
}

// Usable reports whether the token opens anything at that moment.
func (t APIToken) Usable(now time.Time) bool { return t.Ended.IsZero() && now.Before(t.Expires) }

// looks reports whether an action only looks. Tokens that may "read" may these.
func looks(a Action) bool { return strings.HasSuffix(string(a), ".read") }

// byPerson are actions that no token has: they decide who comes in, or are
// somebody's own word.
var byPerson = []Action{SessionManageOwn, UserManage, RequestJudge, PolicyAcknowledge, AgentEnrol, TrainingTake, ConcernReport, ConcernExamine}

// TokenActions gives what a token of that role can be given, in the table's order.
func TokenActions(r Role) []Action {
	all := []Action{Read}
	for _, a := range Actions() {
		if May(r, a) && !slices.Contains(byPerson, a) {
			all = append(all, a)
		}
	}
	return all
}

// NewAPIToken is a token to be made.
type NewAPIToken struct {
	Name    string
	Actions []Action
	Life    time.Duration // up to a year
}

// MakeToken makes a token of p's own, and gives its text, which is shown once.
// Whoever makes it is in a session: a token makes no tokens. Kind Invalid when
// the name, the actions or the life will not do, kind Conflict beyond 50.
func (s *Service) MakeToken(ctx context.Context, p Principal, n NewAPIToken) (APIToken, string, error) {
	if err := Proved(p, SessionManageOwn); err != nil {
		return APIToken{}, "", err
	}
	if p.IsSystem() || p.Only != nil {
		return APIToken{}, "", fault.New(fault.Forbidden, "a token is made by a person")
	}
	name, err := tokenName(n.Name, n.Life)
	if err != nil {
		return APIToken{}, "", err
	}
	actions := slices.Clone(n.Actions)
	slices.Sort(actions)
	actions = slices.Compact(actions)
	if len(actions) == 0 {
		return APIToken{}, "", fault.New(fault.Invalid, "a token says what it may do").At("", 0, "actions").WithHint("read, to look at what you may look at")
	}
	for _, a := range actions {
		if !slices.Contains(TokenActions(p.Role), a) {
			return APIToken{}, "", fault.New(fault.Invalid, "a token of the role %s cannot be given %q", p.Role, string(a)).At("", 0, "actions").
				WithHint("read, or actions that the role has and that are no person's own")
		}
	}
	return s.mint(ctx, p, name, actions, n.Life)
}

// maxListed is how many bytes of actions the ledger lists.
const maxListed = 1200

// mint makes a token of p's own; what it may do is decided already.
func (s *Service) mint(ctx context.Context, p Principal, name string, actions []Action, life time.Duration) (APIToken, string, error) {
	text, hash, err := newToken(apiPrefix)
	if err != nil {
		return APIToken{}, "", err
	}
	now := s.cfg.Clock()
	t := APIToken{ID: ids.New("tok", now), UserID: p.UserID, Name: name, Tail: text[len(text)-4:], Actions: actions, MadeBy: p.UserID, Created: now, Expires: now.Add(life)}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		had, err := tokensOf(ctx, tx, p.UserID)
		if err != nil {
			return err
		}
		usable := 0
		for _, t := range had {
			if t.Usable(now) {
				usable++
			}
		}
		if usable >= mostAPITokens {
			return fault.New(fault.Conflict, "there are %d tokens already", usable).WithHint("revoke those that nothing carries any more")
		}
		if err := insertToken(ctx, tx, t, hash); err != nil {
			return err
		}
		data := map[string]any{"token": t.ID, "expires": t.Expires}
		if listed, err := json.Marshal(actions); err != nil {
			return err
		} else if len(listed) <= maxListed {
			data["actions"] = actions
		} else { // an entry has no room for them; the token's row is held against their digest
			data["actions_count"], data["actions_digest"] = len(actions), fmt.Sprintf("%x", sha256.Sum256(listed))
		}
		return s.record(ctx, tx, p.UserID, "user.token_made", p.UserID, data, nil)
	})
	return t, text, err
}

// tokenName gives a token's name tidied, where name and life will do.
func tokenName(name string, life time.Duration) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.New(fault.Invalid, "a token has a name of 1 to 100 characters").At("", 0, "name").WithHint("say which program carries it: nightly export")
	}
	if life < time.Minute || life > longestAPIToken {
		return "", fault.New(fault.Invalid, "a token lives for a minute to a year").At("", 0, "life").WithHint("90 days is usual")
	}
	return name, nil
}

// Token gives the principal of a program's token and notes that it was used.
// Kind Unauthenticated when it is none, expired, revoked, or its user disabled.
func (s *Service) Token(ctx context.Context, text string) (Principal, error) {
	refused := fault.New(fault.Unauthenticated, "this token opens nothing").WithHint("make one under Account: a token expires, is revoked, and ends with its user")
	hash, err := hashToken(apiPrefix, strings.TrimSpace(text))
	if err != nil {
		return Principal{}, refused
	}
	t, u, err := tokenByHash(ctx, s.cfg.DB.Reader(), hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, refused
	}
	if err != nil {
		return Principal{}, err
	}
	now := s.cfg.Clock()
	if !t.Usable(now) || u.Disabled || t.provisions() {
		return Principal{}, refused
	}
	if err := s.usedToken(ctx, t, now); err != nil {
		return Principal{}, err
	}
	return Principal{UserID: u.ID, Name: u.Name, Role: u.Role, TokenID: t.ID, Via: ViaToken, At: t.Created, Only: t.Actions}, nil
}

// usedToken notes, to the minute, that a token was used.
func (s *Service) usedToken(ctx context.Context, t APIToken, now time.Time) error {
	if now.Sub(t.Seen) < time.Minute {
		return nil
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return touchToken(ctx, tx, t.ID, now) })
	if fault.Is(err, fault.Unavailable) {
		return nil // a disk that cannot be written keeps no program from reading
	}
	return err
}

// Tokens lists a user's tokens, newest first: one's own (session.manage_own)
// or somebody's (user.read).
func (s *Service) Tokens(ctx context.Context, p Principal, userID string) ([]APIToken, error) {
	if err := ownOr(p, userID, UserRead); err != nil {
		return nil, err
	}
	return tokensOf(ctx, s.cfg.DB.Reader(), userID)
}

// RevokeToken ends a token: one's own (session.manage_own) or somebody's (user.manage).
func (s *Service) RevokeToken(ctx context.Context, p Principal, id string) error {
	if !p.Known() {
		return Authorise(p, SessionManageOwn)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		t, err := tokenByID(ctx, tx, id)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "there is no such token")
		}
		if err != nil {
			return err
		}
		if err := ownOr(p, t.UserID, UserManage); err != nil {
			return err
		}
		ended, err := endToken(ctx, tx, id, s.cfg.Clock())
		if err != nil || !ended {
			return err
		}
		return s.record(ctx, tx, p.UserID, "user.token_revoked", t.UserID, map[string]any{"token": id}, nil)
	})
}
