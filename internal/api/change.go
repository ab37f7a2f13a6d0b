package api

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

// ChangeInput names a change.
type ChangeInput struct {
	Ref string `json:"ref" doc:"Its number, CH-12, or its id." maxLength:"60"`
}

// ChangeText is a word on a change.
type ChangeText struct {
	ChangeInput
	Text string `json:"text" doc:"Why, or what was found: an auditor reads it." maxLength:"500"`
}

// ChangeFilter selects changes or deployments.
type ChangeFilter struct {
	Paging
	Repository string `json:"repository,omitempty" doc:"Short name of the repository." maxLength:"60"`
	Outcome    string `json:"outcome,omitempty" doc:"Of the whole." enum:"pass,fail,error,not_observed,not_applicable"`
	Attribute  string `json:"attribute,omitempty" doc:"With is: the outcome of one attribute." enum:"route,requested,tested,approved,accepted,segregated,deployed,merged,intact"`
	Is         string `json:"is,omitempty" doc:"Of the attribute." enum:"pass,fail,error,not_observed,not_applicable"`
	Flag       string `json:"flag,omitempty" doc:"direct, merge, squash, rebase, claimed, manual, emergency, unreviewed, standard, revert, cherry-pick, unanswered, or a class." maxLength:"40"`
	From       string `json:"from,omitempty" doc:"From this moment or day, RFC 3339." maxLength:"40"`
	To         string `json:"to,omitempty" doc:"Before this moment or day." maxLength:"40"`
	Search     string `json:"search,omitempty" doc:"Words of title, number, commit, ticket or author." maxLength:"200"`
}

// instant reads a moment, or a day as its first moment in UTC; "" is none.
func instant(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "%q is no moment", text).At("", 0, field).WithHint("write 2026-03-31, or 2026-03-31T12:00:00Z")
}

func (f ChangeFilter) filter() (change.Filter, error) {
	out := change.Filter{Repository: f.Repository, Attribute: f.Attribute, Flag: f.Flag, Search: f.Search}
	if f.Outcome != "" {
		out.Outcome = []landing.Outcome{landing.Outcome(f.Outcome)}
	}
	if f.Is != "" {
		out.Is = []landing.Outcome{landing.Outcome(f.Is)}
	}
	var err error
	if out.From, err = instant("from", f.From); err != nil {
		return out, err
	}
	out.To, err = instant("to", f.To)
	return out, err
}

// Reported is what pipelines report.
type Reported struct {
	Repository string   `json:"repository" doc:"Short name of the repository." maxLength:"60"`
	Commit     string   `json:"commit" doc:"The commit, or how it begins where that names one." minLength:"7" maxLength:"64"`
	At         string   `json:"at,omitempty" doc:"When; now when absent." maxLength:"40"`
	By         string   `json:"by,omitempty" doc:"Who did it, as a login or mail address; the account that reports when absent." maxLength:"200"`
	Program    bool     `json:"program,omitempty" doc:"A pipeline did it, not a person."`
	Hosts      []string `json:"hosts,omitempty" doc:"Names or patterns of the hosts that it changed."`
	Link       string   `json:"link,omitempty" doc:"Address of the run." maxLength:"300"`
	Key        string   `json:"key,omitempty" doc:"Unique for each report: the same is taken once." maxLength:"200"`
}

func (r Reported) report() (change.Report, error) {
	out := change.Report{Repository: r.Repository, Commit: r.Commit, By: r.By, Program: r.Program, Hosts: r.Hosts, Link: r.Link, Key: r.Key}
	var err error
	out.At, err = instant("at", r.At)
	return out, err
}

// changeWord makes the operation of a word on a change.
func (a *API) changeWord(verb, summary, detail string, action access.Action, do func(context.Context, access.Principal, string, string) (*landing.Change, error)) *Operation {
	return define(Operation{Name: "changes." + verb, Method: "POST", Path: "/changes/{ref}/" + verb, Action: action, Of: "changes.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in ChangeText) (*landing.Change, error) {
			return do(ctx, who, in.Ref, in.Text)
		})
}

// Connected is a repository, and the secret of its webhook where it is new.
type Connected struct {
	Repository *change.Repository `json:"repository"`
	Secret     string             `json:"secret,omitempty" doc:"Of its webhook, shown once."`
}

func (a *API) aboutChanges() []*Operation {
	return append(a.aboutRepositories(),
		define(Operation{Name: "changes.list", Method: "GET", Path: "/changes", Action: access.ChangeRead, Summary: "Changes, newest first, each attribute with its outcome and reason"},
			func(ctx context.Context, who access.Principal, in ChangeFilter) (Page[*landing.Change], error) {
				f, err := in.filter()
				if err != nil {
					return Page[*landing.Change]{}, err
				}
				all, next, total, err := a.cfg.Changes.List(ctx, who, f, in.Cursor, in.limit())
				return Page[*landing.Change]{Items: all, Next: next, Total: total}, err
			}),
		define(Operation{Name: "changes.counts", Method: "GET", Path: "/change-counts", Action: access.ChangeRead, Summary: "How many changes have each outcome of each attribute"},
			func(ctx context.Context, who access.Principal, _ struct{}) (change.Counts, error) {
				return a.cfg.Changes.Counts(ctx, who)
			}),
		define(Operation{Name: "changes.show", Method: "GET", Path: "/changes/{ref}", Action: access.ChangeRead, Summary: "One change: commits, approvals, checks, deployments, and each attribute with its source"},
			func(ctx context.Context, who access.Principal, in ChangeInput) (*landing.Change, error) {
				return a.cfg.Changes.Change(ctx, who, in.Ref)
			}),
		define(Operation{Name: "changes.versions", Method: "GET", Path: "/changes/{ref}/versions", Action: access.ChangeRead, Summary: "What was said of a change before, newest first"},
			func(ctx context.Context, who access.Principal, in ChangeInput) (Page[*landing.Change], error) {
				all, err := a.cfg.Changes.Versions(ctx, who, in.Ref)
				return Page[*landing.Change]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "changes.reconcile", Method: "GET", Path: "/change-reconciliation", Action: access.ChangeRead, Summary: "What landed, what was deployed and what agents saw change, held against one another",
			Detail: "A direct push, a deployment without a merge and a change on a host that nothing accounts for stand in it. Counts are whole; lists hold up to 200."},
			func(ctx context.Context, who access.Principal, in struct {
				From string `json:"from" doc:"From this moment or day." maxLength:"40"`
				To   string `json:"to,omitempty" doc:"Before this moment or day; now when absent." maxLength:"40"`
			}) (*landing.Reconciliation, error) {
				from, err := instant("from", in.From)
				if err != nil {
					return nil, err
				}
				to, err := instant("to", in.To)
				if err != nil {
					return nil, err
				}
				if to.IsZero() {
					to = a.cfg.Clock()
				}
				return a.cfg.Changes.Reconcile(ctx, who, from, to)
			}),
		a.changeWord("emergency", "Say that a change was an emergency", "Somebody who wrote none of it then reviews it within the hours that its repository sets.", access.ChangeAsk, a.cfg.Changes.DeclareEmergency),
		a.changeWord("review", "Record that an emergency of others was reviewed afterwards", "The text says what was looked at and found.", access.ChangeApprove, a.cfg.Changes.Review),
		define(Operation{Name: "changes.answer", Method: "POST", Path: "/changes/{ref}/answer", Action: access.ChangeApprove, Summary: "Answer for what does not hold of a change or deployment of others",
			Detail: "The text says what was looked at, found and done. No outcome changes; the finding closes once nothing of its repository waits for an answer."},
			func(ctx context.Context, who access.Principal, in struct {
				ChangeText
				Compensation string `json:"compensation,omitempty" doc:"Where nobody else can answer: what stands in for it." maxLength:"500"`
			}) (Done, error) {
				err := a.cfg.Changes.AnswerFor(ctx, who, in.Ref, in.Text, in.Compensation)
				return Done{Done: err == nil}, err
			}),
		define(Operation{Name: "changes.ask", Method: "POST", Path: "/changes/ask", Action: access.ChangeAsk, Draft: true, Summary: "Ask for work by hand that no repository holds"},
			func(ctx context.Context, who access.Principal, in struct {
				Title string   `json:"title" maxLength:"200"`
				Text  string   `json:"text" doc:"What is to be done, and how it is taken back." maxLength:"4000"`
				Hosts []string `json:"hosts,omitempty" doc:"Names or patterns of the hosts."`
				Paths []string `json:"paths,omitempty" doc:"Patterns of absolute paths that it touches."`
			}) (*landing.Change, error) {
				return a.cfg.Changes.Ask(ctx, who, change.Ask{Title: in.Title, Text: in.Text, Hosts: in.Hosts, Paths: in.Paths})
			}),
		define(Operation{Name: "changes.approve", Method: "POST", Path: "/changes/{ref}/approve", Action: access.ChangeApprove, Of: "changes.show", Summary: "Approve work by hand that somebody else asked for"},
			func(ctx context.Context, who access.Principal, in struct {
				ChangeText
				Compensation string `json:"compensation,omitempty" doc:"Where nobody else can approve: what stands in for it." maxLength:"500"`
			}) (*landing.Change, error) {
				return a.cfg.Changes.ApproveAsked(ctx, who, in.Ref, in.Text, in.Compensation)
			}),
		a.changeWord("refuse", "Refuse work by hand that somebody asked for", "", access.ChangeApprove, a.cfg.Changes.RefuseAsked),
		a.changeWord("done", "Record that work by hand was done", "", access.ChangeReport, a.cfg.Changes.DoneAsked),
		define(Operation{Name: "changes.token", Method: "POST", Path: "/changes/{ref}/token", Action: access.ChangeApprove, Summary: "Sign a change token for an approved change",
			Detail: "It says who may touch which paths on which hosts until when; whoever watches files verifies it offline. Asks who is there; programs do not sign."},
			func(ctx context.Context, who access.Principal, in struct {
				ChangeInput
				Hosts []string `json:"hosts" doc:"Patterns of host names."`
				Paths []string `json:"paths" doc:"Patterns of absolute paths."`
				Count int      `json:"count,omitempty" doc:"How many changes of paths it covers; 100 when absent." minimum:"1" maximum:"10000"`
				From  string   `json:"from,omitempty" doc:"From when; now when absent." maxLength:"40"`
				Until string   `json:"until" doc:"Until when, at most 31 days." maxLength:"40"`
			}) (change.Token, error) {
				from, err := instant("from", in.From)
				if err != nil {
					return change.Token{}, err
				}
				until, err := instant("until", in.Until)
				if err != nil {
					return change.Token{}, err
				}
				return a.cfg.Changes.MakeToken(ctx, who, change.Permit{Change: in.Ref, Hosts: in.Hosts, Paths: in.Paths, Count: in.Count, From: from, Until: until})
			}),
		define(Operation{Name: "changes.keys", Method: "GET", Path: "/change-keys", Action: access.ChangeRead, Summary: "Public keys that verify change tokens, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[string], error) {
				all, err := a.cfg.Changes.PublicKeys(ctx, who)
				return Page[string]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "deployments.list", Method: "GET", Path: "/deployments", Action: access.ChangeRead, Summary: "Deployments, newest first, each held against what was merged"},
			func(ctx context.Context, who access.Principal, in ChangeFilter) (Page[*landing.Deployment], error) {
				f, err := in.filter()
				if err != nil {
					return Page[*landing.Deployment]{}, err
				}
				all, next, total, err := a.cfg.Changes.ListDeployments(ctx, who, f, in.Cursor, in.limit())
				return Page[*landing.Deployment]{Items: all, Next: next, Total: total}, err
			}),
		define(Operation{Name: "deployments.report", Method: "POST", Path: "/deployments", Action: access.ChangeReport, Summary: "Report that a commit was deployed"},
			func(ctx context.Context, who access.Principal, in struct {
				Reported
				Environment string `json:"environment,omitempty" doc:"production when absent." maxLength:"200"`
				State       string `json:"state,omitempty" doc:"success when absent." enum:"success,failure"`
			}) (*landing.Deployment, error) {
				r, err := in.report()
				if err != nil {
					return nil, err
				}
				r.Environment, r.State = in.Environment, in.State
				return a.cfg.Changes.Deployed(ctx, who, r)
			}),
		define(Operation{Name: "builds.report", Method: "POST", Path: "/builds", Action: access.ChangeReport, Summary: "Report a result of a build server on a commit"},
			func(ctx context.Context, who access.Principal, in struct {
				Reported
				Name  string `json:"name" doc:"Which check." maxLength:"200"`
				State string `json:"state" enum:"success,failure,pending"`
			}) (Done, error) {
				r, err := in.report()
				if err != nil {
					return Done{}, err
				}
				r.Name, r.State = in.Name, in.State
				err = a.cfg.Changes.Checked(ctx, who, r)
				return Done{Done: err == nil}, err
			}),
	)
}

func (a *API) aboutRepositories() []*Operation {
	return []*Operation{
		define(Operation{Name: "repositories.list", Method: "GET", Path: "/repositories", Action: access.ChangeRead, Summary: "Repositories that are followed, when they were read and heard of, and what was missed"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[change.Health], error) {
				all, err := a.cfg.Changes.Health(ctx, who)
				return Page[change.Health]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "repositories.connect", Method: "POST", Path: "/repositories/{slug}", Action: access.RepositoryEdit, Summary: "Follow a repository, or change how its changes are judged",
			Detail: "The secret of its webhook is in the answer once. Asks who is there; programs do not connect."},
			func(ctx context.Context, who access.Principal, in struct {
				SlugInput
				landing.Settings
				NewSecret bool `json:"new_secret,omitempty" doc:"Make a new secret for its webhook."`
			}) (Connected, error) {
				r, secret, err := a.cfg.Changes.Connect(ctx, who, in.Slug, in.Settings, in.NewSecret)
				return Connected{Repository: r, Secret: secret}, err
			}),
		define(Operation{Name: "repositories.read", Method: "POST", Path: "/repositories/{slug}/read", Action: access.RepositoryEdit, Summary: "Read a repository on the server's host now"},
			func(ctx context.Context, who access.Principal, in SlugInput) (*change.Repository, error) {
				if err := a.cfg.Changes.Read(ctx, who, in.Slug); err != nil {
					return nil, err
				}
				return a.cfg.Changes.Repository(ctx, who, in.Slug)
			}),
		define(Operation{Name: "repositories.remove", Method: "POST", Path: "/repositories/{slug}/remove", Action: access.RepositoryEdit, Summary: "Follow a repository no longer; what is known of it stays"},
			func(ctx context.Context, who access.Principal, in SlugInput) (Done, error) {
				err := a.cfg.Changes.Remove(ctx, who, in.Slug)
				return Done{Done: err == nil}, err
			}),
		define(Operation{Name: "repositories.know-as", Method: "POST", Path: "/identities", Action: access.RepositoryEdit, Summary: "Say which user a login or mail address of repositories is"},
			func(ctx context.Context, who access.Principal, in struct {
				KnownAs string `json:"known_as" doc:"A login at a forge, or a mail address of commits." maxLength:"200"`
				User    string `json:"user,omitempty" doc:"Id of the user; absent: take it back." maxLength:"60"`
			}) (Done, error) {
				err := a.cfg.Changes.KnowAs(ctx, who, in.KnownAs, in.User)
				return Done{Done: err == nil}, err
			}),
		define(Operation{Name: "standard-changes.list", Method: "GET", Path: "/standard-changes", Action: access.ChangeRead, Summary: "Changes that are approved beforehand, within limits"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[*landing.Standard], error) {
				all, err := a.cfg.Changes.Standards(ctx, who)
				return Page[*landing.Standard]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "standard-changes.propose", Method: "POST", Path: "/standard-changes", Action: access.ChangeAsk, Draft: true, Summary: "Propose changes that are to be approved beforehand"},
			func(ctx context.Context, who access.Principal, in struct {
				Title      string   `json:"title" maxLength:"120"`
				Repository string   `json:"repository" maxLength:"60"`
				Paths      []string `json:"paths" doc:"Patterns: all that such a change may touch."`
				Authors    []string `json:"authors,omitempty" doc:"Logins or mail addresses; anybody when absent."`
				PerDay     int      `json:"per_day" doc:"How many in any 24 hours." minimum:"1" maximum:"100"`
				Direct     bool     `json:"direct,omitempty" doc:"They may be pushed without a request."`
				Until      string   `json:"until" doc:"Until when, at most a year." maxLength:"40"`
			}) (*landing.Standard, error) {
				until, err := instant("until", in.Until)
				if err != nil {
					return nil, err
				}
				return a.cfg.Changes.Propose(ctx, who, landing.Standard{Title: in.Title, Repository: in.Repository, Paths: in.Paths, Authors: in.Authors, PerDay: in.PerDay, Direct: in.Direct, Until: until})
			}),
		define(Operation{Name: "standard-changes.approve", Method: "POST", Path: "/standard-changes/{ref}/approve", Action: access.ChangeApprove, Summary: "Approve a standard change that somebody else proposed"},
			func(ctx context.Context, who access.Principal, in struct {
				ChangeInput
				Compensation string `json:"compensation,omitempty" doc:"Where nobody else can approve: what stands in for it." maxLength:"500"`
			}) (Done, error) {
				err := a.cfg.Changes.ApproveStandard(ctx, who, in.Ref, in.Compensation)
				return Done{Done: err == nil}, err
			}),
		define(Operation{Name: "standard-changes.end", Method: "POST", Path: "/standard-changes/{ref}/end", Action: access.ChangeApprove, Summary: "End a standard change before its time"},
			func(ctx context.Context, who access.Principal, in ChangeInput) (Done, error) {
				err := a.cfg.Changes.EndStandard(ctx, who, in.Ref)
				return Done{Done: err == nil}, err
			}),
	}
}

// Done answers what has nothing to show.
type Done struct {
	Done bool `json:"done"`
}
