// Package integrity is the operations of changed files: groups with their verdicts,
// changes, explanations, watched hosts, baselines, comparisons, tools of configuration
// management and tokens of their runs. Rules are those of internal/operations/integrity.
//
// Floor: edges.
package integrity

import (
	"context"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// filter is what lists are filtered by.
type filter struct {
	Verdict  string    `json:"verdict,omitempty" enum:"unexplained,ticket,package,management,reverts"`
	State    string    `json:"state,omitempty" enum:"open,explained,undone,settled"`
	Class    string    `json:"class,omitempty" enum:"system,configuration,content"`
	Exceeded bool      `json:"limit_exceeded,omitempty" doc:"Only where a token was used beyond its limits."`
	Host     string    `json:"host,omitempty" doc:"Id of a host or its source, or a part of its name." maxLength:"200"`
	Path     string    `json:"path,omitempty" doc:"With / at its start where paths begin, else a part of one." maxLength:"4096"`
	Package  string    `json:"package,omitempty" maxLength:"256"`
	Login    string    `json:"login,omitempty" doc:"Who had logged in on the host." maxLength:"256"`
	Person   string    `json:"person,omitempty" doc:"Id of a user or of a person of the register." maxLength:"64"`
	Program  string    `json:"program,omitempty" doc:"Its whole path, or the last part." maxLength:"4096"`
	Ticket   string    `json:"change,omitempty" doc:"CH-12, or the run of a tool." maxLength:"120"`
	Fleet    string    `json:"fleet,omitempty" doc:"The same update, as a group has it." maxLength:"64"`
	From     time.Time `json:"from,omitempty" doc:"Not before."`
	To       time.Time `json:"to,omitempty" doc:"Before."`
	After    string    `json:"cursor,omitempty" maxLength:"100"`
	Limit    int       `json:"limit,omitempty" minimum:"1" maximum:"1000"`
}

func (f filter) of() integrity.Filter {
	return integrity.Filter{Verdict: verdict.Kind(f.Verdict), State: integrity.State(f.State), Class: verdict.Class(f.Class), Exceeded: f.Exceeded, Host: f.Host, Path: f.Path, Package: f.Package, Login: f.Login, Person: f.Person, Program: f.Program, Ticket: f.Ticket, Fleet: f.Fleet, From: f.From, To: f.To, After: f.After, Limit: f.Limit}
}

func page[T any](list []T, next string, total int64, err error) (table.Page[T], error) {
	p, err := table.All(list, err)
	p.Next, p.Total = next, total
	return p, err
}

// Operations gives them.
func Operations(s *integrity.Service, b *baseline.Service) []table.Row {
	return append(files(s), baselines(b)...)
}

func files(s *integrity.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "integrity.list", Method: "GET", Path: "/integrity", Action: access.IntegrityRead, Summary: "Groups of changed files with their verdicts, newest first", Detail: "A group is what belongs together: one run of a package manager, one token, what somebody did in one session."},
			func(ctx context.Context, who access.Principal, in filter) (table.Page[integrity.Group], error) {
				return page(s.List(ctx, who, in.of()))
			}),
		table.Define(table.Row{Name: "integrity.show", Method: "GET", Path: "/integrity/{ref}", Action: access.IntegrityRead, Summary: "One group with what was decided of it"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*integrity.Detail, error) {
				return s.Group(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "integrity.changes", Method: "GET", Path: "/integrity-changes", Action: access.IntegrityRead, Summary: "Changed files, each with what its agent said and the verdict, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				filter
				Group string `json:"group,omitempty" doc:"IC-12: those of one group, in their order." maxLength:"20"`
			}) (table.Page[integrity.Change], error) {
				return page(s.Changes(ctx, who, in.Group, in.of()))
			}),
		table.Define(table.Row{Name: "integrity.summary", Method: "GET", Path: "/integrity-summary", Action: access.IntegrityRead, Summary: "How things stand with changed files"},
			func(ctx context.Context, who access.Principal, in struct {
				Days int `json:"days,omitempty" doc:"Of which verdicts are counted; 30 when left out." minimum:"1" maximum:"1096"`
			}) (integrity.Summary, error) {
				if in.Days == 0 {
					in.Days = 30
				}
				return s.Summary(ctx, who, in.Days)
			}),
		table.Define(table.Row{Name: "integrity.updates", Method: "GET", Path: "/integrity-updates", Action: access.IntegrityRead, Summary: "The same update on several hosts, together, newest first"},
			func(ctx context.Context, who access.Principal, in filter) (table.Page[integrity.Update], error) {
				return table.All(s.Updates(ctx, who, in.of()))
			}),
		table.Define(table.Row{Name: "integrity.hosts", Method: "GET", Path: "/integrity-hosts", Action: access.IntegrityRead, Summary: "Hosts whose files are watched, by name"},
			func(ctx context.Context, who access.Principal, in struct {
				Query string `json:"q,omitempty" doc:"Part of the name." maxLength:"200"`
				Only  string `json:"only,omitempty" doc:"open: something lies open; silent; unapproved: without an approved baseline; degraded: not watched in real time." enum:"open,silent,unapproved,degraded"`
				After string `json:"cursor,omitempty" maxLength:"400"`
				Limit int    `json:"limit,omitempty" minimum:"1" maximum:"1000"`
			}) (table.Page[integrity.Watched], error) {
				return page(s.Hosts(ctx, who, integrity.HostFilter{Query: in.Query, Only: in.Only, After: in.After, Limit: in.Limit}))
			}),
		table.Define(table.Row{Name: "integrity.host", Method: "GET", Path: "/integrity-hosts/{host}", Action: access.IntegrityRead, Summary: "One watched host: how its files are watched, and its baseline"},
			func(ctx context.Context, who access.Principal, in struct {
				Host string `json:"host" doc:"Id of the host or of its source." maxLength:"64"`
			}) (*integrity.Watched, error) {
				return s.Host(ctx, who, in.Host)
			}),
		table.Define(table.Row{Name: "integrity.explain", Method: "POST", Path: "/integrity/{ref}/explain", Action: access.IntegrityExplain, Of: "integrity.show", Summary: "Explain changes that nothing else accounts for, and that somebody else made", Detail: "The verdict stays; the explanation stands beside it. A change named afterwards authorises nothing."},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				integrity.Explanation
			}) (*integrity.Detail, error) {
				return s.Explain(ctx, who, in.Ref, in.Explanation)
			}),
		table.Define(table.Row{Name: "cm-tools.list", Method: "GET", Path: "/cm-tools", Action: access.IntegrityRead, Summary: "Tools of configuration management, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[integrity.ToolObject], error) {
				return table.All(s.Tools(ctx, who))
			}),
		table.Define(table.Row{Name: "cm-tools.show", Method: "GET", Path: "/cm-tools/{ref}", Action: access.IntegrityRead, Summary: "One tool of configuration management with its history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*integrity.ToolObject, error) {
				return s.Tool(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "cm-tools.add", Method: "POST", Path: "/cm-tools", Action: access.IntegrityTool, Summary: "Register a tool of configuration management", Detail: "What its runs may change at most. A token does not do this: a person does, in a session or on the command line."},
			func(ctx context.Context, who access.Principal, in integrity.ToolText) (*integrity.ToolObject, error) {
				return s.AddTool(ctx, who, in)
			}),
		table.Define(table.Row{Name: "cm-tools.end", Method: "POST", Path: "/cm-tools/{ref}/end", Action: access.IntegrityTool, Of: "cm-tools.show", Summary: "End a tool: no tokens are made for its runs any more"},
			func(ctx context.Context, who access.Principal, in noted) (*integrity.ToolObject, error) {
				return s.EndTool(ctx, who, in.Ref, in.Reason)
			}),
		table.Define(table.Row{Name: "cm-tools.run", Method: "POST", Path: "/cm-tools/{ref}/run", Action: access.IntegrityRun, Summary: "Sign a token for a run of a registered tool", Detail: "The run presents it to the agent of each host, with attesta-agent token present, before it begins."},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				integrity.RunAsk
			}) (integrity.RunToken, error) {
				return s.MakeRun(ctx, who, in.Ref, in.RunAsk)
			}),
		table.Define(table.Row{Name: "cm-tools.runs", Method: "GET", Path: "/cm-tools/{ref}/runs", Action: access.IntegrityRead, Summary: "Tokens of a tool's runs, newest first"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (table.Page[integrity.RunToken], error) {
				return table.All(s.Runs(ctx, who, in.Ref, 1000))
			}),
	}
}

type noted struct {
	table.RefInput
	Reason string `json:"reason" maxLength:"2000"`
}

func baselines(b *baseline.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "baselines.list", Method: "GET", Path: "/baselines", Action: access.IntegrityRead, Summary: "Baselines of hosts' files, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				State string `json:"state,omitempty" enum:"asked,candidate,failed,approved,refused,in_force,untaken"`
				Host  string `json:"host,omitempty" doc:"Id of a host or of its source." maxLength:"64"`
				After string `json:"cursor,omitempty" maxLength:"20"`
				Limit int    `json:"limit,omitempty" minimum:"1" maximum:"1000"`
			}) (table.Page[baseline.Object], error) {
				below := int64(0)
				if in.After != "" {
					var err error
					if below, err = strconv.ParseInt(in.After, 10, 64); err != nil {
						return table.Page[baseline.Object]{}, fault.New(fault.Invalid, "%q is no cursor", in.After).At("", 0, "cursor")
					}
				}
				if in.Limit == 0 {
					in.Limit = 50
				}
				list, next, err := b.List(ctx, who, baseline.Filter{State: in.State, Host: in.Host, Below: below, Limit: in.Limit})
				p, err := table.All(list, err)
				if next > 0 {
					p.Next = strconv.FormatInt(next, 10)
				}
				return p, err
			}),
		table.Define(table.Row{Name: "baselines.show", Method: "GET", Path: "/baselines/{ref}", Action: access.IntegrityRead, Summary: "One baseline with its history and what differs from the one that was in force"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*baseline.Detail, error) {
				return b.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "baselines.ask", Method: "POST", Path: "/baselines", Action: access.IntegrityApprove, Summary: "Ask hosts for snapshots that can be approved"},
			func(ctx context.Context, who access.Principal, in struct {
				Hosts []string `json:"hosts" doc:"Ids of hosts or of their sources, up to 500."`
			}) (table.Page[baseline.Object], error) {
				return table.All(b.AskFor(ctx, who, in.Hosts))
			}),
		table.Define(table.Row{Name: "baselines.approve", Method: "POST", Path: "/baselines/{ref}/approve", Action: access.IntegrityApprove, Of: "baselines.show", Summary: "Take a snapshot for the state that is meant: it is signed, and the agent takes it", Detail: "Nothing unexplained is approved along. A token does not do this: a person does, in a session or on the command line."},
			func(ctx context.Context, who access.Principal, in noted) (*baseline.Object, error) {
				return b.Approve(ctx, who, in.Ref, 0, in.Reason)
			}),
		table.Define(table.Row{Name: "baselines.refuse", Method: "POST", Path: "/baselines/{ref}/refuse", Action: access.IntegrityApprove, Of: "baselines.show", Summary: "Do not take a snapshot for the state that is meant"},
			func(ctx context.Context, who access.Principal, in noted) (*baseline.Object, error) {
				return b.Refuse(ctx, who, in.Ref, 0, in.Reason)
			}),
		table.Define(table.Row{Name: "host-comparisons.list", Method: "GET", Path: "/host-comparisons", Action: access.IntegrityRead, Summary: "Comparisons of two hosts' files, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[baseline.Comparison], error) {
				return table.All(b.Comparisons(ctx, who, 100))
			}),
		table.Define(table.Row{Name: "host-comparisons.show", Method: "GET", Path: "/host-comparisons/{ref}", Action: access.IntegrityRead, Summary: "One comparison: which paths differ"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*baseline.Comparison, error) {
				return b.Comparison(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "host-comparisons.start", Method: "POST", Path: "/host-comparisons", Action: access.IntegrityApprove, Summary: "Compare two hosts by one root, and go down only where they differ"},
			func(ctx context.Context, who access.Principal, in struct {
				A  string `json:"a" doc:"Id of the reference host or of its source." maxLength:"64"`
				B  string `json:"b" maxLength:"64"`
				Of string `json:"of,omitempty" doc:"baseline when left out." enum:"baseline,candidate,snapshot"`
			}) (*baseline.Comparison, error) {
				return b.Compare(ctx, who, in.A, in.B, in.Of)
			}),
	}
}
