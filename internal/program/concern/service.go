package concern

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
)

// Config wires a Service. All fields are required but Zone.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Access *access.Service
	Key    *sealed.Key
	Clock  clock.Clock
	// Zone gives the zone in which days begin; nil: UTC.
	Zone func(ctx context.Context) (*time.Location, error)
}

// Service keeps concerns over one database.
type Service struct{ cfg Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Today gives the day of the organisation's zone.
func (s *Service) Today(ctx context.Context) (Day, error) {
	zone := time.UTC
	if s.cfg.Zone != nil {
		var err error
		if zone, err = s.cfg.Zone(ctx); err != nil {
			return 0, err
		}
	}
	return DayOf(s.cfg.Clock(), zone), nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (s *Service) settings(ctx context.Context, q database.Querier) (Settings, int64, error) {
	row, err := settings(ctx, q, "")
	if err != nil || row.number == 0 {
		return Settings{Recipients: []string{}, Months: 24}, 0, err
	}
	var out Settings
	if err := json.Unmarshal([]byte(row.content), &out); err != nil {
		return out, 0, fmt.Errorf("read who receives concerns: %w", err)
	}
	return out, row.number, nil
}

// Settings gives who receives concerns: whoever reports sees the names, so that
// they can exclude somebody (concern.report).
func (s *Service) Settings(ctx context.Context, p access.Principal) (Settings, error) {
	if err := access.Authorise(p, access.ConcernReport); err != nil {
		return Settings{}, err
	}
	out, _, err := s.settings(ctx, s.cfg.DB.Reader())
	return out, err
}

// Eligible gives the accounts that may be named (settings.edit).
func (s *Service) Eligible(ctx context.Context, p access.Principal) ([]access.User, error) {
	if err := access.Authorise(p, access.SettingsEdit); err != nil {
		return nil, err
	}
	return s.cfg.Access.Able(ctx, access.ConcernExamine)
}

// Appoint records who receives concerns from now on (settings.edit). Concerns that
// are there keep their readers.
func (s *Service) Appoint(ctx context.Context, p access.Principal, in Settings) error {
	if err := access.Authorise(p, access.SettingsEdit); err != nil {
		return err
	}
	slices.Sort(in.Recipients)
	in.Recipients = slices.Compact(in.Recipients)
	if err := in.check(); err != nil {
		return err
	}
	able, err := s.cfg.Access.Able(ctx, access.ConcernExamine)
	if err != nil {
		return err
	}
	for _, id := range in.Recipients {
		if !slices.ContainsFunc(able, func(u access.User) bool { return u.ID == id }) {
			return bad("recipients", "%.60q may not be named", id).WithHint("recipients have a role that may %s", access.Describe(access.ConcernExamine))
		}
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode who receives concerns: %w", err)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, n, err := s.settings(ctx, tx)
		if err != nil {
			return err
		}
		if n > 0 && have.Months == in.Months && slices.Equal(have.Recipients, in.Recipients) {
			return fault.New(fault.Conflict, "that is how it is set already")
		}
		row := setting{number: n + 1, content: string(raw), digest: digest(raw), by: p.UserID}
		row.entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "concern.recipients", Stream: "people", Actor: p.UserID, Subject: "concerns", Data: map[string]any{"number": row.number, "digest": row.digest, "recipients": in.Recipients, "months": in.Months}})
		if err != nil {
			return fmt.Errorf("record who receives concerns: %w", err)
		}
		return insertSetting(ctx, tx, row, s.cfg.Clock)
	})
}

// Report is what somebody reports.
type Report struct {
	Topic   string
	Text    string
	Exclude []string // recipients who must not read it
}

// Report takes a concern and gives the follow-up code, which nothing can give again
// (concern.report). Of p it keeps nothing.
func (s *Service) Report(ctx context.Context, p access.Principal, in Report) (code string, err error) {
	if err := access.Authorise(p, access.ConcernReport); err != nil {
		return "", err
	}
	return s.report(ctx, in)
}

// report does not know who asks.
func (s *Service) report(ctx context.Context, in Report) (string, error) {
	if in.Text = tidy(in.Text); Topic(in.Topic) == "" {
		return "", bad("topic", "say what it is about")
	}
	if err := sound("text", "what happened", in.Text, 20); err != nil {
		return "", err
	}
	today, err := s.Today(ctx)
	if err != nil {
		return "", err
	}
	letters := rand.Text()[:5*codeGroups]
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		set, _, err := s.settings(ctx, tx)
		if err != nil {
			return err
		}
		to := slices.DeleteFunc(slices.Clone(set.Recipients), func(id string) bool { return slices.Contains(in.Exclude, id) })
		switch n, err := countOn(ctx, tx, today); {
		case err != nil:
			return err
		case len(set.Recipients) == 0:
			return fault.New(fault.Conflict, "nobody is named yet who receives concerns").WithHint("an administrator names recipients")
		case len(to) == 0:
			return bad("exclude", "that would leave nobody to read it").WithHint("leave one recipient, or turn to somebody outside, as the code of conduct says")
		case n >= maxPerDay:
			return fault.New(fault.Unavailable, "too many concerns came in today").WithHint("try again tomorrow")
		}
		r := row{id: "con_" + strings.ToLower(rand.Text()), code: digest([]byte(letters)), day: today, state: Received}
		if r.content, err = s.seal(r.id, 0, Content{Topic: in.Topic, Text: in.Text, To: to}); err != nil {
			return err
		}
		r.digest = digest(r.content)
		return insert(ctx, tx, r)
	})
	if err != nil {
		return "", err
	}
	return shown(letters), nil
}

func (s *Service) seal(id string, seq int, content any) ([]byte, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode a concern: %w", err)
	}
	return s.cfg.Key.Seal(place(id, seq), string(raw)), nil
}

func (s *Service) unseal(id string, seq int, box []byte, into any) error {
	if len(box) == 0 {
		return nil // erased
	}
	raw, err := s.cfg.Key.Unseal(place(id, seq), box)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		return fmt.Errorf("read a concern: %w", err)
	}
	return nil
}

// open reads a concern. Before is the first day that is not shown; of what a
// recipient said all is.
func (s *Service) open(r row, words []wordRow, before Day) (Concern, error) {
	var c Content
	if err := s.unseal(r.id, 0, r.content, &c); err != nil {
		return Concern{}, err
	}
	out := Concern{ID: r.id, Day: r.day, Topic: c.Topic, Text: c.Text, To: c.To, State: r.state, Outcome: r.outcome, Closed: r.closed, Erased: r.erased, Words: []Word{}}
	for _, w := range words {
		if w.by == "" && w.day >= before {
			continue
		}
		x := Word{Seq: w.seq, Kind: w.kind, By: w.by, Day: w.day}
		if err := s.unseal(r.id, w.seq, w.content, &x.Text); err != nil {
			return Concern{}, err
		}
		if out.Words = append(out.Words, x); w.kind == "handed" {
			out.To = append(out.To, x.Text)
		}
	}
	return out, nil
}

// byCode finds a concern by its follow-up code.
func byCode(ctx context.Context, q database.Querier, code string) (row, error) {
	none := fault.New(fault.Invalid, "no concern has this code").At("", 0, "code").WithHint("it is five groups of five letters and digits; nobody can look it up for you")
	letters := plain(code)
	if len(letters) != 5*codeGroups {
		return row{}, none
	}
	all, err := rowsOf(ctx, q, `WHERE code = $1`, digest([]byte(letters)))
	if err != nil {
		return row{}, err
	}
	if len(all) == 0 {
		return row{}, none
	}
	return all[0], nil
}

// Follow gives a concern to whoever has its code, without the recipients' notes
// (concern.report).
func (s *Service) Follow(ctx context.Context, p access.Principal, code string) (Concern, error) {
	if err := access.Authorise(p, access.ConcernReport); err != nil {
		return Concern{}, err
	}
	return s.follow(ctx, s.cfg.DB.Reader(), code)
}

func (s *Service) follow(ctx context.Context, q database.Querier, code string) (Concern, error) {
	r, err := byCode(ctx, q, code)
	if err != nil {
		return Concern{}, err
	}
	words, err := wordsOf(ctx, q, `WHERE concern_id = $1 AND kind <> 'note' AND kind <> 'handed'`, r.id)
	if err != nil {
		return Concern{}, err
	}
	return s.open(r, words, 1<<40)
}

// Add adds to a concern by its code (concern.report). Of p it keeps nothing.
func (s *Service) Add(ctx context.Context, p access.Principal, code, text string) (Concern, error) {
	if err := access.Authorise(p, access.ConcernReport); err != nil {
		return Concern{}, err
	}
	text = tidy(text)
	if err := sound("text", "what you add", text, 2); err != nil {
		return Concern{}, err
	}
	today, err := s.Today(ctx)
	if err != nil {
		return Concern{}, err
	}
	var out Concern
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := byCode(ctx, tx, code)
		if err != nil {
			return err
		}
		if r.erased > 0 {
			return fault.New(fault.Conflict, "this concern is closed, and its texts are erased").WithHint("report a new one")
		}
		if _, err := s.say(ctx, tx, r, wordRow{kind: "message", day: today}, text); err != nil {
			return err
		}
		out, err = s.follow(ctx, tx, code)
		return err
	})
	return out, err
}

// say adds a word behind those that are there.
func (s *Service) say(ctx context.Context, tx *sql.Tx, r row, w wordRow, text string) (wordRow, error) {
	have, err := wordsOf(ctx, tx, `WHERE concern_id = $1`, r.id)
	if err != nil {
		return w, err
	}
	if len(have) >= maxWords {
		return w, fault.New(fault.Conflict, "more than %d messages belong to this concern", maxWords).WithHint("report a new one")
	}
	w.concern, w.seq = r.id, len(have)+1
	if w.content, err = s.seal(r.id, w.seq, text); err != nil {
		return w, err
	}
	w.digest = digest(w.content)
	if w.kind == "closed" {
		if w.entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "concern.closed", Stream: "people", Actor: w.by, Subject: "concern", Data: map[string]any{"day": w.day.String(), "digest": w.digest}}); err != nil {
			return w, fmt.Errorf("record that a concern was closed: %w", err)
		}
	}
	return w, insertWord(ctx, tx, w)
}

// shuffle puts rows into a drawn order.
func shuffle[T any](all []T) error {
	for i := len(all) - 1; i > 0; i-- {
		j, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return fmt.Errorf("draw an order: %w", err)
		}
		all[i], all[j.Int64()] = all[j.Int64()], all[i]
	}
	return nil
}

// Turn writes the concerns of days that are over to the ledger, and erases the texts
// of those that were kept long enough. It is for the program, some times a day.
func (s *Service) Turn(ctx context.Context) error {
	today, err := s.Today(ctx)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		due, err := rowsOf(ctx, tx, `WHERE entry_id = '' AND day < $1`, int(today))
		if err != nil {
			return err
		}
		if err := shuffle(due); err != nil {
			return err
		}
		for _, r := range due {
			if r.entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "concern.received", Stream: "people", Actor: "member", Subject: "concern", Data: map[string]any{"day": r.day.String(), "digest": r.digest}}); err != nil {
				return fmt.Errorf("record that a concern was received: %w", err)
			}
			if err := update(ctx, tx, r); err != nil {
				return err
			}
		}
		set, _, err := s.settings(ctx, tx)
		if err != nil {
			return err
		}
		old, err := rowsOf(ctx, tx, `WHERE state = 'closed' AND erased_day = 0 AND closed_day <= $1`, int(today.back(set.Months)))
		if err != nil {
			return err
		}
		for _, r := range old {
			if err := erase(ctx, tx, r.id, today); err != nil {
				return err
			}
		}
		return nil
	})
}

// back gives the day so many months before.
func (d Day) back(months int) Day { return DayOf(d.Time().AddDate(0, -months, 0), time.UTC) }
