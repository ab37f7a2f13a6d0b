// Package ask keeps what the server asks of agents: to look at everything anew, to
// show a directory's digests, to take an approved baseline, to try a connection.
// An ask travels in acknowledgements until it is answered or its time is over.
//
// Serves C7.1c and B18. Invariants:
//   - An agent hears only what is asked of its own source, and answers only that.
//   - An ask has one answer, the first; it is kept whole, and the ledger has its digest.
//   - What an answer means is the business of whoever asked: a Handler per kind, in
//     the transaction of the batch.
//
// Floor: domains, over base and wire.
package ask

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/wire"
)

// Limits.
const (
	MaxArgs   = 256 << 10 // bytes of JSON
	MaxResult = 8 << 20
	atOnce    = 20 // asks in one acknowledgement
	maxRefuse = 500
)

// Asked is an ask and, where there is one, its answer.
type Asked struct {
	ID         string          // "ask_…"
	Source     string          // "src_…" of the agent
	Kind       string          // wire.Ask…
	Args       json.RawMessage // as the kind has them
	Subject    string          // what it is about, for whoever asked
	MadeAt     time.Time
	Until      time.Time
	AnsweredAt time.Time       // by this server's clock; zero: not answered
	DoneAt     time.Time       // when the agent did it, by its own clock
	Refuse     string          // why it was not done
	Result     json.RawMessage // "" where it was refused
	Entry      string          // of the answer in the ledger
}

// Open reports whether an answer can still come.
func (a Asked) Open(now time.Time) bool { return a.AnsweredAt.IsZero() && now.Before(a.Until) }

// Handler takes an answer in. a.Refuse says why where there is no result. An error
// of kind Invalid means that the answer itself is wrong.
type Handler func(ctx context.Context, tx *sql.Tx, a Asked) error

// Config is what the service depends on. All is required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
}

// Service keeps asks.
type Service struct {
	cfg      Config
	handlers map[string]Handler
}

// New makes it.
func New(cfg Config) *Service { return &Service{cfg: cfg, handlers: map[string]Handler{}} }

// Handle says who takes the answers of a kind. Called while the server starts.
func (s *Service) Handle(kind string, h Handler) { s.handlers[kind] = h }

func bad(field, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// Put asks a source for something, in the caller's transaction. Who may ask is the
// caller's to authorise; p stands in the ledger.
func (s *Service) Put(ctx context.Context, tx *sql.Tx, p access.Principal, source, kind, subject string, args any, until time.Time) (string, error) {
	now := s.cfg.Clock()
	if _, ok := s.handlers[kind]; !ok {
		return "", fault.New(fault.Internal, "nobody takes answers of kind %q", kind)
	}
	if !ids.Valid(source, "src") {
		return "", bad("source", "%q is no source", source)
	}
	if !until.After(now) {
		return "", bad("until", "its time is over already")
	}
	raw := json.RawMessage("{}")
	if args != nil {
		b, err := json.Marshal(args)
		if err != nil {
			return "", err
		}
		raw = b
	}
	if len(raw) > MaxArgs {
		return "", bad("args", "%d bytes, over %d: ask in parts", len(raw), MaxArgs)
	}
	a := Asked{ID: ids.New("ask", now), Source: source, Kind: kind, Args: raw, Subject: subject, MadeAt: now, Until: until}
	actor := p.UserID
	if actor == "" {
		actor = "system"
	}
	entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "agent.asked", Stream: "ask/" + source, Actor: actor, Subject: a.ID,
		Data: map[string]any{"source": source, "kind": kind, "args": digest(raw), "until": until.UTC().Truncate(time.Microsecond)}})
	if err != nil {
		return "", err
	}
	return a.ID, insert(ctx, tx, a, entry)
}

// For gives what is to be asked of a source now, oldest first.
func (s *Service) For(ctx context.Context, tx *sql.Tx, source string) ([]wire.Ask, error) {
	list, err := open(ctx, tx, source, s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	var out []wire.Ask
	size := 0
	for _, a := range list {
		if size += len(a.Args); size > MaxArgs && len(out) > 0 {
			break // the next acknowledgement has more
		}
		out = append(out, wire.Ask{ID: a.ID, Kind: a.Kind, Until: a.Until, Args: a.Args})
	}
	return out, nil
}

// Receive takes in a batch of answers of a source, in the batch's transaction. The
// second answer to an ask, and one that comes after its time, changes nothing.
func (s *Service) Receive(ctx context.Context, tx *sql.Tx, source string, items []json.RawMessage) error {
	for i, item := range items {
		at := func(field string) string { return fmt.Sprintf("items[%d].%s", i, field) }
		var w wire.Answer
		if err := json.Unmarshal(item, &w); err != nil {
			return fault.Wrap(fault.Invalid, err, "this is no answer").At("", 0, fmt.Sprintf("items[%d]", i))
		}
		a, err := byID(ctx, tx, w.ID)
		if fault.Is(err, fault.NotFound) {
			return bad(at("id"), "nothing was asked under %.40q", w.ID)
		}
		if err != nil {
			return err
		}
		switch {
		case a.Source != source:
			return bad(at("id"), "%s was asked of another agent", a.ID)
		case w.Kind != a.Kind:
			return bad(at("kind"), "%s was asked, and the answer is of kind %.40q", a.Kind, w.Kind)
		case len(w.Result) > MaxResult:
			return bad(at("result"), "%d bytes, over %d", len(w.Result), MaxResult)
		case w.Refuse == "" && (len(w.Result) == 0 || w.Result[0] != '{'):
			return bad(at("result"), "an answer has a result, or says why not")
		case w.Refuse != "" && (len(w.Refuse) > maxRefuse || strings.ContainsFunc(w.Refuse, func(r rune) bool { return !unicode.IsPrint(r) && r != ' ' })):
			return bad(at("refuse"), "a reason is one line of at most %d bytes", maxRefuse)
		case w.At.IsZero() || w.At.Year() < 1970 || w.At.Year() > 9999:
			return bad(at("at"), "when it was done is missing or out of range")
		case !a.AnsweredAt.IsZero():
			continue
		}
		a.AnsweredAt, a.DoneAt, a.Refuse, a.Result = s.cfg.Clock(), w.At, w.Refuse, w.Result
		if a.Refuse != "" {
			a.Result = nil
		}
		if a.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "agent.answered", Stream: "ask/" + source, Actor: source, Subject: a.ID,
			Data: map[string]any{"kind": a.Kind, "refused": a.Refuse != "", "result": digest([]byte(a.Refuse + string(a.Result)))}}); err != nil {
			return err
		}
		if err := saveAnswer(ctx, tx, a); err != nil {
			return err
		}
		if a.AnsweredAt.After(a.Until) {
			continue // kept; whoever asked has gone on without it
		}
		h, ok := s.handlers[a.Kind]
		if !ok {
			return fault.New(fault.Internal, "nobody takes answers of kind %q", a.Kind)
		}
		if err := h(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// Get gives one ask.
func (s *Service) Get(ctx context.Context, id string) (Asked, error) {
	return byID(ctx, s.cfg.DB.Reader(), id)
}

// Of gives the newest asks of a kind about a subject, newest first.
func (s *Service) Of(ctx context.Context, kind, subject string, limit int) ([]Asked, error) {
	return about(ctx, s.cfg.DB.Reader(), kind, subject, limit)
}
