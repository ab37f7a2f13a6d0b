// Package reviews is the operations of access reviews. Rules are those of
// internal/program/review.
//
// Floor: edges.
package reviews

import (
	"context"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/connectors/accountcsv"
	"github.com/attesta/attesta/internal/program/review"
)

type ops struct {
	*review.Service
	now clock.Clock
}

// paging is what lists take.
type paging struct {
	Cursor string `json:"cursor,omitempty" doc:"The next of the page before." maxLength:"500"`
	Limit  int    `json:"limit,omitempty" doc:"Items of a page; 50 when absent." minimum:"1" maximum:"500"`
}

func (p paging) limit() int {
	if p.Limit == 0 {
		return 50
	}
	return p.Limit
}

// CampaignState is a review of access with where it stands.
type CampaignState struct {
	*review.Campaign
	Ref  string `json:"ref"`
	Late bool   `json:"late"`
}

func (a ops) campaignState(c *review.Campaign, err error) (CampaignState, error) {
	if err != nil {
		return CampaignState{}, err
	}
	return CampaignState{Campaign: c, Ref: c.Ref(), Late: c.Late(a.now())}, nil
}

// JudgedItem is an item of a review with what its attributes come to.
type JudgedItem struct {
	*review.Item
	Ref    string                   `json:"ref"`
	Judged map[string]review.Judged `json:"attributes"`
	Events []review.Event           `json:"events,omitempty"`
}

func (a ops) reviewItem(ctx context.Context, who access.Principal, x *review.Item, err error) (JudgedItem, error) {
	if err != nil {
		return JudgedItem{}, err
	}
	out := JudgedItem{Item: x, Ref: x.Ref()}
	c, err := a.Service.Campaign(ctx, who, out.Ref[:strings.IndexByte(out.Ref, '.')])
	if err != nil {
		return out, err
	}
	if _, out.Events, err = a.Service.Item(ctx, who, x.ID); err != nil {
		return out, err
	}
	alone := ""
	for _, e := range out.Events {
		if e.Kind == "decided" {
			alone = e.Compensation
		}
	}
	out.Judged = map[string]review.Judged{}
	for i, j := range x.Judge(c, alone, a.now()) {
		out.Judged[review.Attributes()[i][0]] = j
	}
	return out, nil
}

// CampaignSources is a review of access with what each source said.
type CampaignSources struct {
	CampaignState
	Sources []review.Part `json:"sources"`
}

// Looked says what a look changed.
type Looked struct {
	Changed int `json:"changed" doc:"Revocations of which the look showed something new."`
}

// ListedFile is a list that was brought, with how its file was read.
type ListedFile struct {
	*review.Listed
	File *accountcsv.File `json:"file"`
}

// Operations gives the rows.
func Operations(s *review.Service, now clock.Clock) []table.Row {
	a := ops{s, now}
	ends := func(verb, summary, detail string, do func(ctx context.Context, who access.Principal, ref, note string) (*review.Campaign, error)) table.Row {
		return table.Define(table.Row{Name: "reviews." + verb, Method: "POST", Path: "/access-reviews/{ref}/" + verb, Action: access.ReviewManage, Of: "reviews.show", Summary: summary, Detail: detail},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Note string `json:"note,omitempty" maxLength:"1000"`
			}) (CampaignState, error) {
				return a.campaignState(do(ctx, who, in.Ref, in.Note))
			})
	}
	return []table.Row{
		table.Define(table.Row{Name: "reviews.list", Method: "GET", Path: "/access-reviews", Action: access.ReviewRead, Summary: "Reviews of access, newest first, with what is decided"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[CampaignState], error) {
				all, err := a.Service.Campaigns(ctx, who)
				var out []CampaignState
				for i := range all {
					c, _ := a.campaignState(&all[i], nil)
					out = append(out, c)
				}
				return table.All(out, err)
			}),
		table.Define(table.Row{Name: "reviews.systems", Method: "GET", Path: "/access-review-systems", Action: access.ReviewRead, Summary: "Systems whose access can be reviewed now, each with whether it was observed"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[review.Part], error) {
				return table.All(a.Service.Systems(ctx, who))
			}),
		table.Define(table.Row{Name: "reviews.preview", Method: "POST", Path: "/access-review-preview", Action: access.ReviewManage, Summary: "Say what a review of access would hold; nothing is stored"},
			func(ctx context.Context, who access.Principal, in review.New) (*review.Draft, error) {
				return a.Service.Preview(ctx, who, in)
			}),
		table.Define(table.Row{Name: "reviews.begin", Method: "POST", Path: "/access-reviews", Action: access.ReviewManage, Summary: "Freeze who may do what, and ask the reviewers",
			Detail: "The items, their count and digest, and the state of each source stay as they are now."},
			func(ctx context.Context, who access.Principal, in review.New) (CampaignState, error) {
				return a.campaignState(a.Service.Begin(ctx, who, in))
			}),
		table.Define(table.Row{Name: "reviews.show", Method: "GET", Path: "/access-reviews/{ref}", Action: access.ReviewRead, Summary: "One review of access with the state of each source"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (CampaignSources, error) {
				var out CampaignSources
				var err error
				if out.CampaignState, err = a.campaignState(a.Service.Campaign(ctx, who, in.Ref)); err != nil {
					return out, err
				}
				out.Sources, err = a.Service.Parts(ctx, who, in.Ref)
				return out, err
			}),
		table.Define(table.Row{Name: "reviews.removed", Method: "GET", Path: "/access-reviews/{ref}/removed", Action: access.ReviewRead, Summary: "Access that the review before had and this one no longer has"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (table.Page[review.Item], error) {
				return table.All(a.Service.Removed(ctx, who, in.Ref))
			}),
		table.Define(table.Row{Name: "reviews.items", Method: "GET", Path: "/access-review-items", Action: access.ReviewRead, Summary: "Items of a review of access: each person, system and role"},
			func(ctx context.Context, who access.Principal, in struct {
				review.Filter
				paging
			}) (table.Page[review.Item], error) {
				_, page, err := a.Service.Items(ctx, who, in.Filter, in.Cursor, in.limit())
				return table.Page[review.Item]{Items: page.Items, Total: page.Total, Next: page.Next}, err
			}),
		table.Define(table.Row{Name: "reviews.item", Method: "GET", Path: "/access-review-items/{ref}", Action: access.ReviewRead, Summary: "One item (AR-3.17) with every decision on it"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (JudgedItem, error) {
				x, _, err := a.Service.Item(ctx, who, in.Ref)
				return a.reviewItem(ctx, who, x, err)
			}),
		table.Define(table.Row{Name: "reviews.decide", Method: "POST", Path: "/access-review-items/{ref}/decide", Action: access.ReviewDecide, Of: "reviews.item", Summary: "Keep, revoke or change an item that you review",
			Detail: "Nobody decides on access of their own. A reason is asked for to revoke, to change, and to keep what is flagged."},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				review.Said
			}) (JudgedItem, error) {
				x, err := a.Service.Decide(ctx, who, in.Ref, in.Said)
				return a.reviewItem(ctx, who, x, err)
			}),
		table.Define(table.Row{Name: "reviews.withdraw", Method: "POST", Path: "/access-review-items/{ref}/withdraw", Action: access.ReviewDecide, Of: "reviews.item", Summary: "Take a decision back, while the review runs"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (JudgedItem, error) {
				x, err := a.Service.Withdraw(ctx, who, in.Ref)
				return a.reviewItem(ctx, who, x, err)
			}),
		table.Define(table.Row{Name: "reviews.assign", Method: "POST", Path: "/access-review-items/{ref}/assign", Action: access.ReviewManage, Of: "reviews.item", Summary: "Give an item to another reviewer"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Reviewer string `json:"reviewer" doc:"A login or usr_…" maxLength:"120"`
			}) (JudgedItem, error) {
				x, err := a.Service.Assign(ctx, who, in.Ref, in.Reviewer)
				return a.reviewItem(ctx, who, x, err)
			}),
		table.Define(table.Row{Name: "reviews.refer", Method: "POST", Path: "/access-review-items/{ref}/refer", Action: access.ReviewDecide, Of: "reviews.item", Summary: "Say which request granted an item", Detail: "It is carried over to the next review."},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Request string `json:"request" doc:"A ticket, a change (CH-12) or an address." maxLength:"200"`
			}) (JudgedItem, error) {
				x, err := a.Service.Refer(ctx, who, in.Ref, in.Request)
				return a.reviewItem(ctx, who, x, err)
			}),
		ends("close", "Close a review of which every item is decided, and bring it as evidence of its control", "Somebody else reviews the evidence.", a.Service.Close),
		ends("abandon", "End a review before every item is decided; it is no evidence", "Say why with note.", a.Service.Abandon),
		ends("bring", "Bring a closed review as evidence, where closing could not", "", func(ctx context.Context, who access.Principal, ref, _ string) (*review.Campaign, error) {
			return a.Service.Bring(ctx, who, ref)
		}),
		table.Define(table.Row{Name: "reviews.revocations", Method: "GET", Path: "/access-revocations", Action: access.ReviewRead, Summary: "Access that is to go, until its system no longer shows it"},
			func(ctx context.Context, who access.Principal, in struct {
				review.RevocationFilter
				paging
			}) (table.Page[review.Item], error) {
				page, err := a.Service.Revocations(ctx, who, in.RevocationFilter, in.Cursor, in.limit())
				return table.Page[review.Item]{Items: page.Items, Total: page.Total, Next: page.Next}, err
			}),
		table.Define(table.Row{Name: "reviews.look", Method: "POST", Path: "/access-revocations/look", Action: access.ReviewManage, Summary: "Look now whether what was revoked is gone"},
			func(ctx context.Context, _ access.Principal, _ struct{}) (Looked, error) {
				n, err := a.Service.Look(ctx)
				return Looked{n}, err
			}),
		table.Define(table.Row{Name: "reviews.lists", Method: "GET", Path: "/access-lists", Action: access.ReviewRead, Summary: "Lists of accounts of systems that nothing reads"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[review.Listed], error) {
				return table.All(a.Service.Lists(ctx, who))
			}),
		table.Define(table.Row{Name: "reviews.bring-list", Method: "POST", Path: "/access-lists", Action: access.ReviewManage, Summary: "Bring the accounts of a system as CSV",
			Detail: "The first line names the columns: account, role, and where known name, mail, status, last used, granted, granted by, request. With dry nothing is stored."},
			func(ctx context.Context, who access.Principal, in struct {
				System string    `json:"system" doc:"What the system is called; the same name as before brings its next list." maxLength:"80"`
				Owner  string    `json:"owner,omitempty" doc:"Who owns the system: a login or usr_…" maxLength:"120"`
				Taken  time.Time `json:"taken,omitzero" doc:"When the list was taken from the system; now when absent."`
				File   string    `json:"file" doc:"The file's text." maxLength:"4194304"`
				Dry    bool      `json:"dry,omitempty"`
			}) (ListedFile, error) {
				f, err := accountcsv.Read(strings.NewReader(in.File))
				if err != nil {
					return ListedFile{}, err
				}
				if in.Dry {
					return ListedFile{File: f, Listed: &review.Listed{Name: in.System, Roles: f.Roles, LeftOut: f.Closed}}, nil
				}
				l, err := a.Service.BringList(ctx, who, review.Brought{System: in.System, Owner: in.Owner, Taken: in.Taken, File: []byte(in.File), Grants: f.Grants, Closed: f.Closed})
				return ListedFile{l, f}, err
			}),
		table.Define(table.Row{Name: "reviews.duties", Method: "GET", Path: "/access-duties", Action: access.ReviewRead, Summary: "Segregation of duties: entitlements that one person should not hold together"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[review.Duty], error) {
				return table.All(a.Service.Duties(ctx, who))
			}),
		table.Define(table.Row{Name: "reviews.set-duty", Method: "POST", Path: "/access-duties", Action: access.ReviewManage, Summary: "Write a rule of segregation of duties, or a new version of one", Detail: "It holds in reviews that begin from now on."},
			func(ctx context.Context, who access.Principal, in struct {
				Number int         `json:"number,omitempty" doc:"Of the rule that is written anew; absent for a new one." minimum:"0"`
				Title  string      `json:"title" maxLength:"120"`
				Why    string      `json:"why" doc:"What somebody could do with both." maxLength:"1000"`
				A      review.Side `json:"a"`
				B      review.Side `json:"b"`
				Ended  bool        `json:"ended,omitempty"`
			}) (review.Duty, error) {
				return a.Service.SetDuty(ctx, who, review.Duty{Number: in.Number, Title: in.Title, Why: in.Why, A: in.A, B: in.B, Ended: in.Ended})
			}),
	}
}

// Verbs are the operations as verbs of `attesta review`.
func Verbs() map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"list", "show", "systems", "preview", "begin", "items", "item", "decide", "withdraw", "assign", "refer", "close", "abandon", "bring", "removed", "revocations", "look", "lists", "bring-list", "duties", "set-duty"} {
		out[verb] = "reviews." + verb
	}
	return out
}
