package access

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
)

func (b *bench) token(p Principal, actions ...Action) (APIToken, string) {
	b.t.Helper()
	made, text, err := b.MakeToken(b.ctx, p, NewAPIToken{Name: "nightly  export", Actions: actions, Life: 90 * 24 * time.Hour})
	if err != nil {
		b.t.Fatal(err)
	}
	return made, text
}

func TestTokenDoesWhatItsActionsSayAndNoMore(t *testing.T) {
	each(t, func(b *bench) {
		admin := b.admin().Principal
		u := b.user(admin, "maeve", Responder)
		p := must[Login](t)(b.Login(b.ctx, "maeve", good, desk)).Principal
		made, text := b.token(p, Read, FindingAcknowledge)
		if made.Name != "nightly export" || !strings.HasPrefix(text, "atta_") || !strings.HasSuffix(text, made.Tail) {
			t.Errorf("made %+v as %s…", made, text[:6])
		}
		program := must[Principal](t)(b.Token(b.ctx, text))
		if program.UserID != u.ID || program.SessionID != "" || program.TokenID != made.ID || program.Via != ViaToken {
			t.Errorf("principal %+v", program)
		}
		for _, a := range Actions() {
			want := a == FindingAcknowledge || (looks(a) && May(Responder, a))
			if got := Authorise(program, a) == nil; got != want {
				t.Errorf("%s by token: %v, want %v", a, got, want)
			}
		}
		if _, _, err := b.MakeToken(b.ctx, program, NewAPIToken{Name: "x", Actions: []Action{Read}, Life: time.Hour}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a token makes a token: %v", err)
		}
		b.clock.Advance(2 * time.Minute)
		must[Principal](t)(b.Token(b.ctx, text))
		if had := must[[]APIToken](t)(b.Tokens(b.ctx, p, u.ID)); len(had) != 1 || !had[0].Seen.Equal(b.clock.Now()) || !slices.Equal(had[0].Actions, []Action{FindingAcknowledge, Read}) {
			t.Errorf("tokens %+v", had)
		}
		// the role shrinks, and the token with it
		if err := b.SetRole(b.ctx, admin, u.ID, Viewer); err != nil {
			t.Fatal(err)
		}
		if err := Authorise(must[Principal](t)(b.Token(b.ctx, text)), FindingAcknowledge); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a viewer's token acknowledges: %v", err)
		}
	})
}

func TestTokenEnds(t *testing.T) {
	each(t, func(b *bench) {
		admin := b.admin().Principal
		u := b.user(admin, "maeve", Responder)
		v := b.user(admin, "oskar", Responder)
		p := must[Login](t)(b.Login(b.ctx, "maeve", good, desk)).Principal
		q := must[Login](t)(b.Login(b.ctx, "oskar", good, desk)).Principal
		before := len(b.types(0))
		made, text := b.token(p, Read)
		b.kind(b.RevokeToken(b.ctx, q, made.ID), fault.Forbidden)
		if err := b.RevokeToken(b.ctx, p, made.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.RevokeToken(b.ctx, p, made.ID); err != nil {
			t.Fatal(err)
		}
		_, err := b.Token(b.ctx, text)
		b.kind(err, fault.Unauthenticated)
		b.expectTypes(before, "user.token_made", "user.token_revoked")

		made, text = b.token(p, Read)
		b.clock.Advance(made.Expires.Sub(b.clock.Now()) - time.Second)
		must[Principal](t)(b.Token(b.ctx, text))
		b.clock.Advance(time.Second)
		_, err = b.Token(b.ctx, text)
		b.kind(err, fault.Unauthenticated)

		_, text = b.token(q, Read)
		if err := b.Disable(b.ctx, admin, v.ID); err != nil {
			t.Fatal(err)
		}
		_, err = b.Token(b.ctx, text)
		b.kind(err, fault.Unauthenticated)
		_, err = b.Tokens(b.ctx, q, u.ID)
		b.kind(err, fault.Forbidden)
		for _, text := range []string{"", "atta_", "atts_" + text[5:], text + "A", strings.ToUpper(text)} {
			_, err := b.Token(b.ctx, text)
			b.kind(err, fault.Unauthenticated)
		}
	})
}

func TestTokensThatAreNotMade(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	p := b.admin().Principal
	for _, c := range []struct {
		what string
		new  NewAPIToken
		at   string
	}{
		{"no name", NewAPIToken{Name: " ", Actions: []Action{Read}, Life: time.Hour}, "name"},
		{"control characters", NewAPIToken{Name: "a\x00b", Actions: []Action{Read}, Life: time.Hour}, "name"},
		{"for ever", NewAPIToken{Name: "x", Actions: []Action{Read}, Life: 400 * 24 * time.Hour}, "life"},
		{"no life", NewAPIToken{Name: "x", Actions: []Action{Read}}, "life"},
		{"no actions", NewAPIToken{Name: "x", Life: time.Hour}, "actions"},
		{"an unknown action", NewAPIToken{Name: "x", Actions: []Action{"moon.launch"}, Life: time.Hour}, "actions"},
		{"a person's action", NewAPIToken{Name: "x", Actions: []Action{UserManage}, Life: time.Hour}, "actions"},
		{"another role's action", NewAPIToken{Name: "x", Actions: []Action{RequestJudge}, Life: time.Hour}, "actions"},
	} {
		_, text, err := b.MakeToken(b.ctx, p, c.new)
		if !fault.Is(err, fault.Invalid) || text != "" {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var f *fault.Error
		if !errors.As(err, &f) || f.Field != c.at {
			t.Errorf("%s: said of %+v", c.what, f)
		}
	}
	for range mostAPITokens {
		b.token(p, Read)
	}
	_, _, err := b.MakeToken(b.ctx, p, NewAPIToken{Name: "one more", Actions: []Action{Read}, Life: time.Hour})
	b.kind(err, fault.Conflict)
	_, _, err = b.MakeToken(b.ctx, System(), NewAPIToken{Name: "x", Actions: []Action{Read}, Life: time.Hour})
	b.kind(err, fault.Forbidden)
}
