package host

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Said is what the organisation says of a host; no agent can read it.
type Said struct {
	Owner       string   // who answers for it: a team, or a person
	Class       string   // of the data on it: customer data
	Environment string   // production
	Tags        []string // words, sorted
}

// tags is how tags are stored: " a b ", so that one is found between spaces.
func (s Said) tags() string {
	if len(s.Tags) == 0 {
		return ""
	}
	return " " + strings.Join(s.Tags, " ") + " "
}

// tidy brings what a person wrote into form, or says what cannot be taken.
func (s Said) tidy() (Said, error) {
	for _, f := range []struct {
		name string
		text *string
	}{{"owner", &s.Owner}, {"class", &s.Class}, {"environment", &s.Environment}} {
		*f.text = strings.Join(strings.Fields(*f.text), " ")
		switch {
		case !utf8.ValidString(*f.text):
			return s, fault.New(fault.Invalid, "the text is not UTF-8").At("", 0, f.name)
		case utf8.RuneCountInString(*f.text) > 80:
			return s, fault.New(fault.Invalid, "the text is longer than 80 letters").At("", 0, f.name).WithHint("a short name finds it again in lists")
		case *f.text == Nothing:
			return s, fault.New(fault.Invalid, "%q stands for none in lists", Nothing).At("", 0, f.name).WithHint("leave it empty")
		}
	}
	var tags []string
	for _, t := range s.Tags {
		for _, word := range strings.FieldsFunc(strings.ToLower(t), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' }) {
			if utf8.RuneCountInString(word) > 40 || !utf8.ValidString(word) {
				return s, fault.New(fault.Invalid, "the tag %.50q is longer than 40 letters", word).At("", 0, "tags")
			}
			tags = append(tags, word)
		}
	}
	slices.Sort(tags)
	if s.Tags = slices.Compact(tags); len(s.Tags) > 20 {
		return s, fault.New(fault.Invalid, "the host has %d tags; at most 20 are kept", len(s.Tags)).At("", 0, "tags")
	}
	return s, nil
}

// Edit says who answers for a host, what data is on it, and where it belongs
// (host.edit). Kind Invalid names the field; kind Conflict where nothing would
// change.
func (s *Service) Edit(ctx context.Context, p access.Principal, id string, said Said) error {
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.EditIn(ctx, tx, p, id, said)
		return err
	})
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return err
}

// EditIn is Edit in the caller's transaction, and gives the entry.
func (s *Service) EditIn(ctx context.Context, tx *sql.Tx, p access.Principal, id string, said Said) (entry string, err error) {
	if err := access.Authorise(p, access.HostEdit); err != nil {
		return "", err
	}
	if said, err = said.tidy(); err != nil {
		return "", err
	}
	h, err := lockByID(ctx, tx, id)
	if err != nil {
		return "", err
	}
	if h.Said.Equal(said) {
		return "", fault.New(fault.Conflict, "this is what is said of %s already", h.Name)
	}
	e := ledger.Entry{Type: "host.edited", Stream: "hosts", Actor: p.UserID, Subject: h.ID,
		Data: map[string]any{"class": said.Class, "environment": said.Environment, "tags": strings.Join(said.Tags, " ")}}
	if said.Owner != "" { // it may be a person's name
		e.Personal = map[string]string{"owner": said.Owner}
	}
	if entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
		return "", err
	}
	return entry, edit(ctx, tx, h.ID, said, entry)
}

// Hold gives a host that nobody else changes until the transaction ends.
func (s *Service) Hold(ctx context.Context, tx *sql.Tx, id string) (Host, error) {
	return lockByID(ctx, tx, id)
}

// Equal reports whether the same is said.
func (s Said) Equal(o Said) bool {
	return s.Owner == o.Owner && s.Class == o.Class && s.Environment == o.Environment && slices.Equal(s.Tags, o.Tags)
}

// With gives what is said with some of it said otherwise: "" leaves a text as it
// is, Nothing takes it away; tags are added and taken away.
func (s Said) With(o Said, without []string) (Said, error) {
	for _, f := range []struct{ to, by *string }{{&s.Owner, &o.Owner}, {&s.Class, &o.Class}, {&s.Environment, &o.Environment}} {
		switch *f.by = strings.Join(strings.Fields(*f.by), " "); *f.by {
		case "":
		case Nothing:
			*f.to = ""
		default:
			*f.to = *f.by
		}
	}
	more, err := Said{Tags: o.Tags}.tidy()
	if err != nil {
		return s, err
	}
	less, err := Said{Tags: without}.tidy()
	if err != nil {
		return s, err
	}
	s.Tags = slices.DeleteFunc(slices.Concat(s.Tags, more.Tags), func(t string) bool { return slices.Contains(less.Tags, t) })
	return s.tidy()
}
