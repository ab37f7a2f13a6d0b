package kinds

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/program/people"
)

type firmFile struct {
	firm.Profile
	State firm.State `json:"state" held:"yes"`
}

func (s Set) firms() []folder.Kind {
	return []folder.Kind{&folder.Of[firmFile]{
		Spec: folder.Spec{Name: "firms", See: access.FirmRead, About: "An audit firm that was considered. Licences, answers on independence and letters are records, and stay in Attesta."},
		Name: func(f firmFile) string { return f.Profile.Name },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[firmFile], error) {
			all, _, err := s.Firms.List(ctx, t.Who, journal.Filter{})
			if err != nil {
				return nil, err
			}
			slices.Reverse(all)
			keys := folder.Keys{}
			var out []folder.Item[firmFile]
			for _, o := range all {
				out = append(out, folder.Item[firmFile]{Key: keys.Of(o.Content.Name), Ref: o.Ref, Doc: firmFile{o.Content.Profile, o.Content.State}})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to firmFile) error {
			_, err := s.Firms.Propose(ctx, t.Who, to.Profile)
			return err
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[firmFile], to firmFile) error {
			_, err := s.Firms.Describe(ctx, t.Who, was.Ref, to.Profile, t.Note)
			return err
		},
	}}
}

type ownTestFile struct {
	Control    string             `json:"control"`
	Objective  string             `json:"objective"`
	Method     owntest.Method     `json:"method"`
	Procedure  string             `json:"procedure"`
	Attributes []string           `json:"attributes"`
	From       time.Time          `json:"from"`
	To         time.Time          `json:"to"`
	Source     string             `json:"source"`
	Size       int                `json:"size"`
	Tester     string             `json:"tester"`
	Due        time.Time          `json:"due"`
	State      owntest.State      `json:"state"`
	Conclusion owntest.Conclusion `json:"conclusion,omitempty"`
	Because    string             `json:"because,omitempty"`
	Reviewer   string             `json:"reviewer,omitempty"`
}

func (s Set) ownTests() []folder.Kind {
	return []folder.Kind{&folder.Of[ownTestFile]{
		Spec: folder.Spec{Name: "own-tests", See: access.OwnTestRead, Only: "a test is done by its tester in Attesta", About: "A test of a control by management itself, to be read. An import changes nothing of it."},
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[ownTestFile], error) {
			all, _, err := s.OwnTests.List(ctx, t.Who, journal.Filter{})
			if err != nil {
				return nil, err
			}
			slices.Reverse(all)
			var out []folder.Item[ownTestFile]
			for _, o := range all {
				c := o.Content
				f := ownTestFile{c.Control, c.Objective, c.Method, c.Procedure, nil, c.From, c.To, c.Source, c.Size, c.Tester, c.Due, c.State, c.Conclusion, c.Because, c.Reviewer}
				for _, a := range c.Attributes {
					f.Attributes = append(f.Attributes, a.Text)
				}
				out = append(out, folder.Item[ownTestFile]{Key: folder.Slug(o.Ref), Doc: f})
			}
			return out, nil
		},
	}}
}

type waiverFile struct {
	Check        string       `json:"check"`
	Attribute    string       `json:"attribute,omitempty"`
	Filter       string       `json:"filter,omitempty"`
	Items        int64        `json:"items"`
	Names        []string     `json:"first_items,omitempty"`
	Reason       string       `json:"reason"`
	Owner        string       `json:"owner"`
	Control      string       `json:"control,omitempty"`
	Compensating string       `json:"compensating,omitempty"`
	Starts       time.Time    `json:"starts"`
	Expires      time.Time    `json:"expires"`
	AskedBy      string       `json:"asked_by"`
	State        waiver.State `json:"state"`
	DecidedBy    string       `json:"decided_by,omitempty"`
}

func (s Set) waivers() []folder.Kind {
	return []folder.Kind{&folder.Of[waiverFile]{
		Spec: folder.Spec{Name: "waivers", See: access.WaiverRead, Only: "a waiver is asked for and approved by persons in Attesta", About: "What is accepted though it fails, to be read. An import changes nothing of it."},
		List: func(ctx context.Context, _ *folder.Turn) ([]folder.Item[waiverFile], error) {
			var out []folder.Item[waiverFile]
			for cursor := ""; ; {
				page, err := s.Waivers.List(ctx, waiver.Filter{}, cursor, 1000)
				if err != nil {
					return nil, err
				}
				for _, w := range page.Waivers {
					out = append(out, folder.Item[waiverFile]{Key: folder.Slug(w.Ref()), Doc: waiverFile{w.Check, w.Attribute, w.Filter, w.Items, w.Names, w.Reason, w.Owner, w.Control, w.Compensating,
						w.Starts, w.Expires, w.AskedBy, w.State, w.DecidedBy}})
				}
				if cursor = page.Next; cursor == "" {
					return out, nil
				}
			}
		},
	}}
}

type exclusionFile struct {
	Population string          `json:"population"`
	Name       string          `json:"name"`
	Cause      exclusion.Cause `json:"cause"`
	Reason     string          `json:"reason"`
	Starts     time.Time       `json:"starts"`
	Expires    time.Time       `json:"expires"`
	AskedBy    string          `json:"asked_by"`
	State      exclusion.State `json:"state"`
	DecidedBy  string          `json:"decided_by,omitempty"`
}

func (s Set) exclusions() []folder.Kind {
	return []folder.Kind{&folder.Of[exclusionFile]{
		Spec: folder.Spec{Name: "exclusions", See: access.ExclusionRead, Only: "an exclusion is asked for and approved by persons in Attesta", About: "What is left out of a population, to be read. An import changes nothing of it."},
		List: func(ctx context.Context, _ *folder.Turn) ([]folder.Item[exclusionFile], error) {
			all, err := s.Exclusions.List(ctx)
			if err != nil {
				return nil, err
			}
			var out []folder.Item[exclusionFile]
			for _, x := range all {
				out = append(out, folder.Item[exclusionFile]{Key: folder.Slug(x.Ref()), Doc: exclusionFile{x.Population, x.Name, x.Cause, x.Reason, x.Starts, x.Expires, x.AskedBy, x.State, x.DecidedBy}})
			}
			return out, nil
		},
	}}
}

type personFile struct {
	Name     string      `json:"name"`
	Mail     string      `json:"mail,omitempty"`
	Number   string      `json:"number,omitempty"`
	Login    string      `json:"login,omitempty"`
	Kind     people.Kind `json:"kind,omitempty"`
	Manager  string      `json:"manager,omitempty"`
	Team     string      `json:"team,omitempty"`
	Title    string      `json:"title,omitempty"`
	Location string      `json:"location,omitempty"`
	Start    string      `json:"start,omitempty"`
	End      string      `json:"end,omitempty"`
}

func (s Set) people() []folder.Kind {
	return []folder.Kind{&folder.Of[personFile]{
		Spec: folder.Spec{Name: "people", See: access.PeopleRead, People: true, Only: "people come from a directory", About: "Somebody who works here, is coming or is leaving, to be read. It is personal data."},
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[personFile], error) {
			keys := folder.Keys{}
			var out []folder.Item[personFile]
			for cursor := ""; ; {
				page, err := s.People.List(ctx, t.Who, people.Filter{}, "", cursor, 500)
				if err != nil {
					return nil, err
				}
				for _, r := range page.People {
					out = append(out, folder.Item[personFile]{Key: keys.Of(r.Name), Doc: personFile{r.Name, r.Mail, r.Number, r.UserID, r.Kind, r.Manager, r.Team, r.Title, r.Location, r.Start, r.End}})
				}
				if cursor = page.Next; cursor == "" {
					return out, nil
				}
			}
		},
	}}
}
