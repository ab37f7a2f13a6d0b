package api

import (
	"context"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/connectors/peoplecsv"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/roster"
)

// PersonInput names a person.
type PersonInput struct {
	ID string `json:"id" doc:"Identifier: per_…" maxLength:"60"`
}

// PersonFields is what is said of a person by hand.
type PersonFields struct {
	Name     string   `json:"name,omitempty" maxLength:"254"`
	Mail     string   `json:"mail,omitempty" maxLength:"254"`
	Number   string   `json:"number,omitempty" doc:"Personnel number." maxLength:"254"`
	Logins   []string `json:"logins,omitempty" doc:"Names of their accounts on hosts and in databases." maxItems:"20"`
	Kind     string   `json:"kind,omitempty" enum:"employee,contractor,service"`
	Manager  string   `json:"manager,omitempty" doc:"Identifier or address of the manager." maxLength:"254"`
	Team     string   `json:"team,omitempty" maxLength:"254"`
	Title    string   `json:"title,omitempty" maxLength:"254"`
	Location string   `json:"location,omitempty" maxLength:"254"`
	Start    string   `json:"start,omitempty" doc:"First day: 2026-03-02." maxLength:"10"`
	End      string   `json:"end,omitempty" doc:"Last day: 2026-03-02." maxLength:"10"`
}

func (f PersonFields) fields() people.Fields {
	return people.Fields{Name: f.Name, Mail: f.Mail, Number: f.Number, Logins: f.Logins, Kind: people.Kind(f.Kind), Manager: f.Manager, Team: f.Team, Title: f.Title, Location: f.Location, Start: f.Start, End: f.End}
}

// PeopleList narrows a list of people.
type PeopleList struct {
	Paging
	Query    string `json:"query,omitempty" doc:"Part of name, address, number, team, title or login." maxLength:"200"`
	State    string `json:"state,omitempty" doc:"Everybody who has not left when absent." enum:"planned,here,leaving,left"`
	Kind     string `json:"kind,omitempty" enum:"employee,contractor,service"`
	Team     string `json:"team,omitempty" maxLength:"254"`
	Manager  string `json:"manager,omitempty" doc:"per_…" maxLength:"60"`
	Location string `json:"location,omitempty" maxLength:"254"`
	Late     bool   `json:"late,omitempty" doc:"Only those with an item of a checklist that is late."`
	Access   string `json:"access,omitempty" doc:"Leavers by what is known of their access." enum:"present,not_observed,unclear,removed,none_found"`
	Since    string `json:"left_since,omitempty" doc:"Leavers who left on this day or later." maxLength:"10"`
	Sort     string `json:"sort,omitempty" enum:"team,title,start,left"`
}

func (in PeopleList) filter() (f people.Filter, err error) {
	f = people.Filter{Query: in.Query, Kind: people.Kind(in.Kind), Team: in.Team, Manager: in.Manager, Location: in.Location, Late: in.Late, Access: in.Access}
	if in.State != "" {
		f.States = []people.State{people.State(in.State)}
	}
	day, err := roster.ParseDay("left_since", in.Since)
	if err == nil && day != "" {
		f.Since, err = time.Parse(time.DateOnly, day)
	}
	return f, err
}

func done(err error) (Done, error) { return Done{Done: err == nil}, err }

func whole[T any](all []T, err error) (Page[T], error) {
	if all == nil {
		all = []T{}
	}
	return Page[T]{Items: all, Total: int64(len(all))}, err
}

// SourceInput names a source of people.
type SourceInput struct {
	ID string `json:"id" doc:"psr_…" maxLength:"60"`
}

// SourceFields is a source of people with its settings.
type SourceFields struct {
	Name     string          `json:"name" maxLength:"60"`
	Place    int             `json:"place,omitempty" doc:"Whose word counts first, from 1; last when absent." minimum:"0" maximum:"100"`
	Settings people.Settings `json:"settings,omitempty"`
	Secret   string          `json:"secret,omitempty" doc:"Password of the name that may only read; it is sealed, and never given back." maxLength:"1000"`
}

func (f SourceFields) source(kind string) people.NewSource {
	return people.NewSource{Kind: people.SourceKind(kind), Name: f.Name, Place: f.Place, Settings: f.Settings, Secret: f.Secret}
}

// ReadingInput names a reading that is held.
type ReadingInput struct {
	ID string `json:"id" doc:"prd_…" maxLength:"60"`
}

// Chart is who reports to whom.
type Chart struct {
	Tops  []people.Node  `json:"tops"`
	Rings [][]people.Row `json:"rings" doc:"Circles among managers: nobody stands at the top of one."`
}

func (a *API) aboutPeople() []*Operation { return append(a.aboutPersons(), a.aboutPeopleSources()...) }

func (a *API) aboutPersons() []*Operation {
	return []*Operation{
		define(Operation{Name: "people.list", Method: "GET", Path: "/people", Action: access.PeopleRead, Summary: "People, by name, with open items and what is known of leavers' access"},
			func(ctx context.Context, who access.Principal, in PeopleList) (Page[people.Row], error) {
				f, err := in.filter()
				if err != nil {
					return Page[people.Row]{}, err
				}
				p, err := a.cfg.People.List(ctx, who, f, in.Sort, in.Cursor, in.limit())
				return Page[people.Row]{Items: p.People, Next: p.Next, Total: p.Total}, err
			}),
		define(Operation{Name: "people.show", Method: "GET", Path: "/people/{id}", Action: access.PeopleRead, Summary: "One person: what each source says, checklists, accounts that were found, records, timeline"},
			func(ctx context.Context, who access.Principal, in PersonInput) (*people.Detail, error) {
				return a.cfg.People.Get(ctx, who, in.ID)
			}),
		define(Operation{Name: "people.add", Method: "POST", Path: "/people", Action: access.PeopleEdit, Summary: "Write a person into the register by hand"},
			func(ctx context.Context, who access.Principal, in PersonFields) (*people.Person, error) {
				return a.cfg.People.Write(ctx, who, "", in.fields())
			}),
		define(Operation{Name: "people.change", Method: "POST", Path: "/people/{id}", Action: access.PeopleEdit, Of: "people.show", Summary: "Say by hand who somebody is",
			Detail: "What is given replaces all that was written by hand before; fields that are absent are those of the other sources."},
			func(ctx context.Context, who access.Principal, in struct {
				PersonInput
				PersonFields
			}) (*people.Person, error) {
				return a.cfg.People.Write(ctx, who, in.ID, in.fields())
			}),
		define(Operation{Name: "people.items", Method: "GET", Path: "/people-items", Action: access.PeopleRead, Summary: "Open items of joiners', movers' and leavers' checklists, the soonest due first"},
			func(ctx context.Context, who access.Principal, in struct {
				List string `json:"list,omitempty" enum:"joiner,mover,leaver"`
			}) (Page[checklist.Item], error) {
				return whole(a.cfg.People.Lists().Open(ctx, who, in.List))
			}),
		define(Operation{Name: "people.item", Method: "POST", Path: "/people-items/{id}", Action: access.PeopleEdit, Summary: "Say that an item of a checklist is done, not applicable, or open again"},
			func(ctx context.Context, who access.Principal, in struct {
				ID           string `json:"id" doc:"pit_…" maxLength:"60"`
				State        string `json:"state" enum:"done,not_applicable,open"`
				Reason       string `json:"reason,omitempty" maxLength:"1000"`
				Provider     string `json:"provider,omitempty" doc:"Of a background check." maxLength:"200"`
				Day          string `json:"day,omitempty" doc:"On which it was done; today when absent." maxLength:"10"`
				Result       string `json:"result,omitempty" doc:"Class of a background check's result." enum:"clear,considered,not_clear"`
				Link         string `json:"link,omitempty" doc:"Evidence: E-12, or an address." maxLength:"500"`
				Compensation string `json:"compensation,omitempty" doc:"Where it concerns oneself and nobody else could: what stands in for a second person." maxLength:"1000"`
			}) (checklist.Item, error) {
				return a.cfg.People.Lists().Do(ctx, who, in.ID, checklist.Doing{State: in.State, Reason: in.Reason, Provider: in.Provider, Day: in.Day, Result: in.Result, Link: in.Link, Compensation: in.Compensation})
			}),
		define(Operation{Name: "people.asked", Method: "GET", Path: "/people-accounts", Action: access.PeopleRead, Summary: "Accounts of hosts and databases of which nobody has said whose they are"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[people.Account], error) {
				return whole(a.cfg.People.AccountsAsked(ctx, who))
			}),
		define(Operation{Name: "people.account", Method: "POST", Path: "/people-accounts/{id}", Action: access.PeopleEdit, Summary: "Say whether an account is a person's"},
			func(ctx context.Context, who access.Principal, in struct {
				ID     string `json:"id" doc:"pac_…" maxLength:"60"`
				Theirs bool   `json:"theirs"`
			}) (struct{}, error) {
				return struct{}{}, a.cfg.People.Say(ctx, who, in.ID, in.Theirs)
			}),
		define(Operation{Name: "people.map", Method: "POST", Path: "/people/{id}/accounts", Action: access.PeopleEdit, Of: "people.show", Summary: "Say that an account of a host or database is a person's, whatever it is called"},
			func(ctx context.Context, who access.Principal, in struct {
				PersonInput
				Place   string `json:"place" doc:"Name or identifier of the host or database." maxLength:"200"`
				Account string `json:"account" maxLength:"200"`
			}) (*people.Detail, error) {
				if err := a.cfg.People.Map(ctx, who, in.ID, in.Place, in.Account); err != nil {
					return nil, err
				}
				return a.cfg.People.Get(ctx, who, in.ID)
			}),
		define(Operation{Name: "people.record", Method: "POST", Path: "/people/{id}/records", Action: access.PeopleEdit, Of: "people.show", Summary: "Keep that something was done about somebody on a day: never what was found"},
			func(ctx context.Context, who access.Principal, in struct {
				PersonInput
				Kind  string `json:"kind" enum:"competence,performance,job_description,succession,disciplinary"`
				Day   string `json:"day,omitempty" doc:"Today when absent." maxLength:"10"`
				Step  string `json:"step,omitempty" doc:"Of a disciplinary process." enum:"opened,heard,decided,closed"`
				Other string `json:"other,omitempty" doc:"Of a succession: who could follow, per_…" maxLength:"60"`
				Link  string `json:"link,omitempty" maxLength:"500"`
			}) (people.Record, error) {
				return a.cfg.People.AddRecord(ctx, who, people.Record{Person: in.ID, Kind: in.Kind, Day: in.Day, Step: in.Step, Other: in.Other, Link: in.Link})
			}),
		define(Operation{Name: "people.doubts", Method: "GET", Path: "/people-doubts", Action: access.PeopleRead, Summary: "People who may be one and the same"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[people.Doubt], error) {
				all, _, err := a.cfg.People.Doubts(ctx, who)
				return whole(all, err)
			}),
		define(Operation{Name: "people.tell", Method: "POST", Path: "/people-doubts", Action: access.PeopleEdit, Summary: "Say whether two people are one"},
			func(ctx context.Context, who access.Principal, in struct {
				Person string `json:"person" maxLength:"60"`
				Other  string `json:"other" maxLength:"60"`
				Same   bool   `json:"same"`
			}) (struct{}, error) {
				return struct{}{}, a.cfg.People.Tell(ctx, who, in.Person, in.Other, in.Same)
			}),
		define(Operation{Name: "people.chart", Method: "GET", Path: "/people-chart", Action: access.PeopleRead, Summary: "Who reports to whom, and circles among managers"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Chart, error) {
				tops, rings, err := a.cfg.People.Org(ctx, who)
				return Chart{tops, rings}, err
			}),
	}
}

func (a *API) aboutPeopleSources() []*Operation {
	return []*Operation{
		define(Operation{Name: "people.sources", Method: "GET", Path: "/people-sources", Action: access.PeopleRead, Summary: "Where people come from, when each source was read, and what waits"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[*people.Source], error) {
				return whole(a.cfg.People.Sources(ctx, who))
			}),
		define(Operation{Name: "people.look", Method: "POST", Path: "/people-sources/{id}/look", Action: access.PeopleEdit, Summary: "Read a directory now",
			Detail: "A reading with more leavers than the bound is held until somebody approves it."},
			func(ctx context.Context, who access.Principal, in struct {
				ID  string `json:"id" doc:"psr_…" maxLength:"60"`
				Dry bool   `json:"dry,omitempty" doc:"Only say what would change."`
			}) (people.Looked, error) {
				return a.cfg.People.Look(ctx, who, in.ID, in.Dry)
			}),
		define(Operation{Name: "people.import", Method: "POST", Path: "/people-sources/{id}/import", Action: access.PeopleEdit, Summary: "Bring in a file of people for a source of kind csv",
			Detail: "The first line names the columns. Whoever the source said before and the file does not have has left, unless the source is set to parts."},
			func(ctx context.Context, who access.Principal, in struct {
				ID   string `json:"id" doc:"psr_…" maxLength:"60"`
				Text string `json:"text" doc:"The file, as text." maxLength:"20000000"`
				Dry  bool   `json:"dry,omitempty" doc:"Only say what would change."`
			}) (people.Looked, error) {
				src, err := a.cfg.People.Source(ctx, who, in.ID)
				if err != nil {
					return people.Looked{}, err
				}
				file, err := peoplecsv.Read(strings.NewReader(in.Text), src.Settings.Columns)
				if err != nil {
					return people.Looked{}, err
				}
				return a.cfg.People.Import(ctx, who, src.ID, file.Said, file.Notes, in.Dry)
			}),
		define(Operation{Name: "people.held", Method: "GET", Path: "/people-readings/{id}", Action: access.PeopleRead, Summary: "A reading that is held, and what it would change"},
			func(ctx context.Context, who access.Principal, in ReadingInput) (*people.Plan, error) {
				_, plan, err := a.cfg.People.Held(ctx, who, in.ID)
				return plan, err
			}),
		define(Operation{Name: "people.approve", Method: "POST", Path: "/people-readings/{id}/approve", Action: access.PeopleApprove, Of: "people.held", Summary: "Approve a reading that is held: it is applied as it was held",
			Detail: "Whoever brought it does not approve it. Asks who is there; programs do not approve."},
			func(ctx context.Context, who access.Principal, in struct {
				ReadingInput
				Compensation string `json:"compensation,omitempty" doc:"Where nobody else could: what stands in for a second person." maxLength:"1000"`
			}) (people.Looked, error) {
				return a.cfg.People.Approve(ctx, who, in.ID, in.Compensation)
			}),
		define(Operation{Name: "people.refuse", Method: "POST", Path: "/people-readings/{id}/refuse", Action: access.PeopleApprove, Of: "people.held", Summary: "Refuse a reading that is held: it changes nobody"},
			func(ctx context.Context, who access.Principal, in struct {
				ReadingInput
				Why string `json:"why" maxLength:"1000"`
			}) (Done, error) {
				return done(a.cfg.People.Refuse(ctx, who, in.ID, in.Why))
			}),
		define(Operation{Name: "people.readings", Method: "GET", Path: "/people-sources/{id}/readings", Action: access.PeopleRead, Summary: "What came of a source, the newest first"},
			func(ctx context.Context, who access.Principal, in SourceInput) (Page[people.Reading], error) {
				return whole(a.cfg.People.Readings(ctx, who, in.ID))
			}),
		define(Operation{Name: "people.add-source", Method: "POST", Path: "/people-sources", Action: access.PeopleSources, Summary: "Add a source of people: a directory that is read here, one that keeps accounts here, or files",
			Detail: "A directory is read once before; one that cannot be read is not added. Asks who is there; programs do not add."},
			func(ctx context.Context, who access.Principal, in struct {
				Kind string `json:"kind" enum:"ldap,scim,csv"`
				SourceFields
			}) (*people.Source, error) {
				return a.cfg.People.AddSource(ctx, who, in.source(in.Kind))
			}),
		define(Operation{Name: "people.change-source", Method: "POST", Path: "/people-sources/{id}", Action: access.PeopleSources, Summary: "Change a source of people; without a secret the one that is kept stays"},
			func(ctx context.Context, who access.Principal, in struct {
				SourceInput
				SourceFields
			}) (*people.Source, error) {
				return a.cfg.People.ChangeSource(ctx, who, in.ID, in.source(""))
			}),
		define(Operation{Name: "people.try-source", Method: "POST", Path: "/people-sources/try", Action: access.PeopleSources, Summary: "Read a directory with settings that are not kept, and say what would change"},
			func(ctx context.Context, who access.Principal, in struct {
				Kind string `json:"kind" enum:"ldap,scim"`
				Of   string `json:"of,omitempty" doc:"The source whose settings these would be, psr_…; its password is used where none is given." maxLength:"60"`
				SourceFields
			}) (*people.Tried, error) {
				return a.cfg.People.Try(ctx, who, in.Of, in.source(in.Kind))
			}),
		define(Operation{Name: "people.remove-source", Method: "POST", Path: "/people-sources/{id}/remove", Action: access.PeopleSources, Summary: "Read a source no longer; whoever it said stays as they are"},
			func(ctx context.Context, who access.Principal, in SourceInput) (Done, error) {
				return done(a.cfg.People.RemoveSource(ctx, who, in.ID))
			}),
		define(Operation{Name: "people.grace", Method: "POST", Path: "/people-grace", Action: access.PeopleSources, Summary: "Say in how many hours a leaver's access is to be gone; it holds for who leaves from now on"},
			func(ctx context.Context, who access.Principal, in struct {
				Hours int `json:"hours" minimum:"1" maximum:"720"`
			}) (Done, error) {
				return done(a.cfg.People.SetGrace(ctx, who, in.Hours))
			}),
	}
}
