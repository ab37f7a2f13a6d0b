package api

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/bulk"
)

// BulkInput is what is to be done to many.
type BulkInput struct {
	Kind        string   `json:"kind" doc:"What is to be done." enum:"integrity.explain,baselines.approve,findings.acknowledge,findings.assign,hosts.edit,waivers.approve,waivers.refuse,users.role,users.disable,users.enable"`
	Items       []string `json:"items" doc:"Ids, or short numbers such as F-12 and W-3." minItems:"1" maxItems:"500"`
	Note        string   `json:"note,omitempty" doc:"Of findings.acknowledge and findings.assign, and the reason of waivers.refuse." maxLength:"2000"`
	Owner       string   `json:"owner,omitempty" doc:"Of findings.assign: login, mail address or id, empty for nobody. Of hosts.edit: a team or a person, - for nobody." maxLength:"254"`
	Class       string   `json:"class,omitempty" doc:"Of hosts.edit: the data on it, - for not said." maxLength:"80"`
	Environment string   `json:"environment,omitempty" doc:"Of hosts.edit, - for not said." maxLength:"80"`
	Add         string   `json:"add,omitempty" doc:"Of hosts.edit: tags to add, with spaces between them." maxLength:"500"`
	Remove      string   `json:"remove,omitempty" doc:"Of hosts.edit: tags to take away." maxLength:"500"`
	Role        string   `json:"role,omitempty" doc:"Of users.role." maxLength:"30"`
	Reason      string   `json:"reason,omitempty" doc:"Of integrity.explain: what the changes were, and why they are in order. Of baselines.approve: why these states are the ones that are meant." maxLength:"2000"`
	Change      string   `json:"change,omitempty" doc:"Of integrity.explain: the change that they belong to, CH-12." maxLength:"60"`
	Alone       string   `json:"compensation,omitempty" doc:"Of integrity.explain, where some are the asker's own and nobody else may: what stands in for a second person." maxLength:"1000"`
}

func (a *API) aboutBulk() []*Operation {
	return []*Operation{
		define(Operation{Name: "bulk.list", Method: "GET", Path: "/bulk", Action: access.BulkRead, Summary: "What was done to many at once, newest first, of what the asker may do",
			Detail: "The newest 50, without their lines."},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[bulk.Batch], error) {
				all, err := a.cfg.Bulk.Recent(ctx, who, 50)
				return Page[bulk.Batch]{Items: append([]bulk.Batch{}, all...), Total: int64(len(all))}, err
			}),
		define(Operation{Name: "bulk.show", Method: "GET", Path: "/bulk/{id}", Action: access.BulkRead, Summary: "A preview, or what became of each item"},
			func(ctx context.Context, who access.Principal, in IDInput) (bulk.Batch, error) {
				return a.cfg.Bulk.Get(ctx, who, in.ID)
			}),
		define(Operation{Name: "bulk.preview", Method: "POST", Path: "/bulk", Action: access.BulkAct, Draft: true, Summary: "Say what something would do to each of many items, and what cannot be changed and why",
			Detail: "Nothing is changed. bulk.apply does it within an hour, with the digest that stands under seen. What changes accounts, and what approves baselines, asks for a person in a session, so it is not done with a token."},
			func(ctx context.Context, who access.Principal, in BulkInput) (bulk.Batch, error) {
				b, err := a.cfg.Bulk.Choose(ctx, who, in.Kind, in.Items, "")
				if err != nil {
					return b, err
				}
				return a.cfg.Bulk.Preview(ctx, who, b.ID, map[string]string{"note": in.Note, "owner": in.Owner, "class": in.Class, "environment": in.Environment, "add": in.Add, "remove": in.Remove, "role": in.Role, "reason": in.Reason, "change": in.Change, "compensation": in.Alone})
			}),
		define(Operation{Name: "bulk.apply", Method: "POST", Path: "/bulk/{id}/apply", Action: access.BulkAct, Of: "bulk.show", Summary: "Do what a preview said, where nobody changed the item since",
			Detail: "Each item has its own entry in the ledger, which names the batch. Asked again, it goes on where it broke off and does nothing twice."},
			func(ctx context.Context, who access.Principal, in struct {
				IDInput
				Seen string `json:"seen" doc:"The digest that the preview gave." maxLength:"64"`
			}) (bulk.Batch, error) {
				return a.cfg.Bulk.Apply(ctx, who, in.ID, in.Seen)
			}),
		define(Operation{Name: "bulk.undo", Method: "POST", Path: "/bulk/{id}/undo", Action: access.BulkAct, Of: "bulk.show", Summary: "Take back what a batch did, where nobody changed the item since",
			Detail: "Within a day. It is a batch of its own; what cannot be undone says so."},
			func(ctx context.Context, who access.Principal, in IDInput) (bulk.Batch, error) {
				return a.cfg.Bulk.Undo(ctx, who, in.ID)
			}),
	}
}
