package checklist

import (
	"context"
	"database/sql"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/program/roster"
)

// Item is one thing to be done for a joiner, mover or leaver.
type Item struct {
	ID       string    `json:"id"` // pit_…
	Person   string    `json:"person"`
	List     string    `json:"list"`
	Run      int       `json:"run"` // the how-manieth such list of this person
	Place    int       `json:"-"`
	Template string    `json:"template"`
	Title    string    `json:"title"`
	What     string    `json:"what"`
	Form     string    `json:"form"`
	Due      time.Time `json:"due"`
	State    string    `json:"state"` // open, done, not_applicable, dropped
	Late     bool      `json:"late,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Provider string    `json:"provider,omitempty"`
	Day      string    `json:"day,omitempty"`
	Result   string    `json:"result,omitempty"`
	Link     string    `json:"link,omitempty"`
	DoneAt   time.Time `json:"done_at,omitzero"`
	DoneBy   string    `json:"done_by,omitempty"`
	Entry    string    `json:"entry"`

	PersonName string `json:"person_name,omitempty"` // in lists over people

	user string // usr_… whose they are
}

// States of an item.
const (
	Open    = "open"
	Done    = "done"
	Not     = "not_applicable" // and why
	Dropped = "dropped"        // the list was no longer needed
)

// DueOn gives when an item is due that has days from a day.
func DueOn(from time.Time, days int) time.Time { return from.AddDate(0, 0, days+1) }

// Begin starts a list for somebody; one of which items are open goes on, with
// new days where they moved.
func (s *Service) Begin(ctx context.Context, tx *sql.Tx, p access.Principal, person *roster.Person, list string, from, now time.Time) error {
	have, err := itemsOf(ctx, tx, person.ID)
	if err != nil {
		return err
	}
	run := 0
	var open []Item
	for _, it := range have {
		if it.List == list {
			run = max(run, it.Run)
		}
	}
	for _, it := range have {
		if it.List == list && it.Run == run && it.State == Open {
			open = append(open, it)
		}
	}
	templates := s.cfg.Book.of(list, &person.Fields)
	if len(open) > 0 || list == Leaver && slices.ContainsFunc(have, func(it Item) bool { return it.List == list && it.Run == run && it.State != Dropped }) {
		return s.move(ctx, tx, p, person, list, run, open, from, now)
	}
	if len(templates) == 0 {
		return nil
	}
	run++
	named := make([]string, len(templates))
	for i, t := range templates {
		named[i] = t.ID
	}
	entry, err := s.cfg.Record(ctx, tx, p, person.ID, "checklist_started", now, map[string]any{"list": list, "run": run, "from": from.Format(time.DateOnly), "items": named, "pack": s.cfg.Book.Digest}, nil)
	if err != nil {
		return err
	}
	for i, t := range templates {
		it := Item{ID: ids.New("pit", now), Person: person.ID, List: list, Run: run, Place: i + 1, Template: t.ID, Title: t.Title, What: t.What, Form: t.Form, Due: DueOn(from, t.Days), State: Open, Entry: entry}
		if err := insertItem(ctx, tx, it); err != nil {
			return err
		}
	}
	return nil
}

// move gives the open items of a list other days.
func (s *Service) move(ctx context.Context, tx *sql.Tx, p access.Principal, person *roster.Person, list string, run int, open []Item, from, now time.Time) error {
	var entry string
	for _, it := range open {
		i := slices.IndexFunc(s.cfg.Book.Templates, func(t Template) bool { return t.ID == it.Template })
		if i < 0 || list == Joiner {
			continue
		}
		due := DueOn(from, s.cfg.Book.Templates[i].Days)
		if due.Equal(it.Due) {
			continue
		}
		if entry == "" {
			var err error
			if entry, err = s.cfg.Record(ctx, tx, p, person.ID, "checklist_moved", now, map[string]any{"list": list, "run": run, "from": from.Format(time.DateOnly)}, nil); err != nil {
				return err
			}
		}
		it.Due, it.Entry = due, entry
		if err := updateItem(ctx, tx, it); err != nil {
			return err
		}
	}
	return nil
}

// Drop ends a list that is no longer needed.
func (s *Service) Drop(ctx context.Context, tx *sql.Tx, p access.Principal, person *roster.Person, list string, now time.Time) error {
	have, err := itemsOf(ctx, tx, person.ID)
	if err != nil {
		return err
	}
	entry := ""
	for _, it := range have {
		if it.List != list || it.State == Dropped {
			continue
		}
		if entry == "" {
			if entry, err = s.cfg.Record(ctx, tx, p, person.ID, "checklist_dropped", now, map[string]any{"list": list, "run": it.Run}, nil); err != nil {
				return err
			}
		}
		if it.State == Open {
			it.State, it.Entry = Dropped, entry
			if err := updateItem(ctx, tx, it); err != nil {
				return err
			}
		}
	}
	return nil
}

// Doing is what is said of an item.
type Doing struct {
	State    string // Done, Not, or Open to take back what was said
	Reason   string // why it is not applicable, or is open again; a note where it is done
	Provider string // of a background check
	Day      string // on which it was done; today when empty
	Result   string // of a background check, one of Results
	Link     string // evidence: an address, or E-12

	Compensation string // where somebody does their own, for want of another person
}

var evidenceRef = regexp.MustCompile(`^E-[1-9][0-9]{0,8}$`)

// TidyLink gives a link to evidence as it is kept; kind Invalid for one that is none.
func TidyLink(link string) (string, error) {
	link = strings.TrimSpace(link)
	if link == "" || evidenceRef.MatchString(link) {
		return link, nil
	}
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(link) > 500 {
		return "", fault.New(fault.Invalid, "this is no link to evidence").At("", 0, "link").WithHint("write E-12 for evidence that is here, or an address: https://…")
	}
	return link, nil
}

// Do says that an item is done, not applicable, or open again (people.edit).
// Nobody does what concerns themselves.
func (s *Service) Do(ctx context.Context, p access.Principal, item string, d Doing) (Item, error) {
	all, err := s.DoAll(ctx, p, []string{item}, d)
	if err != nil {
		return Item{}, err
	}
	return all[0], nil
}

// DoAll says the same of several items, of all or of none.
func (s *Service) DoAll(ctx context.Context, p access.Principal, items []string, d Doing) ([]Item, error) {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return nil, err
	}
	if len(items) < 1 || len(items) > 100 {
		return nil, fault.New(fault.Invalid, "choose what was done").At("", 0, "item").WithHint("from 1 to 100 items")
	}
	d.Reason, d.Provider = strings.TrimSpace(d.Reason), strings.TrimSpace(d.Provider)
	var err error
	if d.Link, err = TidyLink(d.Link); err != nil {
		return nil, err
	}
	if d.Day, err = roster.ParseDay("day", d.Day); err != nil {
		return nil, err
	}
	if len(d.Reason) > 1000 || len(d.Provider) > 200 || !utf8.ValidString(d.Reason+d.Provider) {
		return nil, fault.New(fault.Invalid, "a reason has at most 1,000 bytes, a provider's name 200").At("", 0, "reason")
	}
	var out []Item
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out = nil
		for _, id := range items {
			it, err := s.do(ctx, tx, p, id, d)
			if err != nil {
				return err
			}
			out = append(out, it)
		}
		return nil
	})
	if err == nil {
		s.cfg.Wake()
	}
	return out, err
}

func (s *Service) do(ctx context.Context, tx *sql.Tx, p access.Principal, item string, d Doing) (it Item, err error) {
	now := s.cfg.Clock()
	bad := func(field, format string, args ...any) (Item, error) {
		return it, fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	if it, err = itemByID(ctx, tx, item); err != nil {
		return it, err
	}
	detail := map[string]string{"reason": d.Reason, "provider": d.Provider, "link": d.Link}
	data := map[string]any{"item": it.ID, "template": it.Template, "list": it.List, "run": it.Run, "alone": false}
	if it.user != "" && it.user == p.UserID {
		words, err := access.Compensate(ctx, tx, p, access.PeopleEdit, d.Compensation)
		if err != nil {
			return it, err
		}
		data["alone"], detail["compensation"] = true, words
	}
	if it.State == Dropped {
		return it, fault.New(fault.Conflict, "the list of this item is no longer needed")
	}
	if it.State == d.State {
		return it, fault.New(fault.Conflict, "the item is %s already", strings.ReplaceAll(it.State, "_", " "))
	}
	if err := s.byWord(&it, d.State); err != nil {
		return it, err
	}
	was := it
	it = Item{ID: was.ID, Person: was.Person, List: was.List, Run: was.Run, Place: was.Place, Template: was.Template, Title: was.Title, What: was.What, Form: was.Form, Due: was.Due, PersonName: was.PersonName,
		State: d.State, Reason: d.Reason}
	kind := ""
	switch d.State {
	case Done:
		kind, it.DoneAt, it.DoneBy, it.Link = "item_done", now, p.UserID, d.Link
		if it.Day = d.Day; it.Day == "" {
			it.Day = now.UTC().Format(time.DateOnly)
		}
		if it.Day > now.UTC().Format(time.DateOnly) {
			return bad("day", "%s has not come yet", it.Day)
		}
		if it.Form == Background {
			it.Provider, it.Result = d.Provider, d.Result
			if it.Provider == "" {
				return bad("provider", "say who made the check")
			}
			if !slices.Contains(Results(), it.Result) {
				return it, fault.New(fault.Invalid, "%q is no class of a result", d.Result).At("", 0, "result").WithHint("clear, considered or not_clear; what was found stays with the provider")
			}
			data["result"] = it.Result
		}
		if it.Form == Proof && it.Link == "" {
			return it, fault.New(fault.Invalid, "say what shows that it was done").At("", 0, "link").WithHint("write E-12 for evidence that is here, or an address: https://…")
		}
		data["day"] = it.Day
	case Not:
		kind, it.DoneAt, it.DoneBy = "item_not_applicable", now, p.UserID
		if utf8.RuneCountInString(d.Reason) < 10 {
			return it, fault.New(fault.Invalid, "say why it is not applicable, so that an auditor understands").At("", 0, "reason").WithHint("for example which law does not allow it there")
		}
	case Open:
		kind = "item_reopened"
		if utf8.RuneCountInString(d.Reason) < 3 {
			return bad("reason", "say why it is open again")
		}
	default:
		return it, fault.New(fault.Invalid, "%q is no state of an item", d.State).At("", 0, "state").WithHint("done, not_applicable or open")
	}
	if it.Entry, err = s.cfg.Record(ctx, tx, p, it.Person, kind, now, data, detail); err != nil {
		return it, err
	}
	return it, updateItem(ctx, tx, it)
}

// Get gives an item (people.read).
func (s *Service) Get(ctx context.Context, p access.Principal, item string) (Item, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return Item{}, err
	}
	it, err := itemByID(ctx, s.cfg.DB.Reader(), item)
	it.Late = it.State == Open && s.cfg.Clock().After(it.Due)
	return it, err
}

// Own reports whether an item concerns whoever asks.
func (it *Item) Own(p access.Principal) bool { return it.user != "" && it.user == p.UserID }

// Of gives somebody's items, the newest lists first.
func (s *Service) Of(ctx context.Context, q database.Querier, person string) ([]Item, error) {
	return s.lateOf(itemsOf(ctx, q, person))
}

func (s *Service) lateOf(all []Item, err error) ([]Item, error) {
	now := s.cfg.Clock()
	for i := range all {
		all[i].Late = all[i].State == Open && now.After(all[i].Due)
	}
	return all, err
}

// Open gives the open items of a list over everybody, the soonest due first;
// list "" is all of them (people.read).
func (s *Service) Open(ctx context.Context, p access.Principal, list string) ([]Item, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, err
	}
	return s.lateOf(openItems(ctx, s.cfg.DB.Reader(), list))
}

// TakeOver gives somebody the lists of another entry that is the same person.
func (s *Service) TakeOver(ctx context.Context, tx *sql.Tx, to, from string) error {
	return takeOver(ctx, tx, to, from)
}

// Bound holds what a ledger record says of an item against its row, where it is
// the newest about it. It gives what is wrong, or "".
func Bound(ctx context.Context, q database.Querier, record, kind string, data map[string]any) (string, error) {
	word := func(name string) string {
		w, _ := data[name].(string)
		return w
	}
	it, err := itemByID(ctx, q, word("item"))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	state := map[string]string{"item_done": Done, "item_not_applicable": Not, "item_reopened": Open}[kind]
	if err != nil || it.Entry == record && (it.State != state || it.Result != word("result") || it.Day != word("day")) {
		return "the item's row is gone or says something else", nil
	}
	return "", nil
}
