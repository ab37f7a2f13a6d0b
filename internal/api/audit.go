package api

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/activity"
)

// EngagementInput names an engagement.
type EngagementInput struct {
	Number int `json:"number" minimum:"1"`
}

// RequestInput names a request of an engagement.
type RequestInput struct {
	EngagementInput
	RefInput
}

// Request is an auditor's request with what was said about it.
type Request struct {
	engagement.Request
	Waiting string               `json:"waiting_on" doc:"us, the auditor, nobody"`
	Talk    []engagement.Message `json:"talk"`
}

func (a *API) showRequest(ctx context.Context, who access.Principal, in RequestInput) (Request, error) {
	r, talk, _, err := a.cfg.Engagements.Request(ctx, who, in.Number, in.Ref)
	if talk == nil {
		talk = []engagement.Message{}
	}
	return Request{r, r.Waiting(), talk}, err
}

func (a *API) aboutAudits() []*Operation {
	return []*Operation{
		define(Operation{Name: "engagements.list", Method: "GET", Path: "/engagements", Action: access.EngagementRead, Summary: "Engagements; an auditor's own"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[engagement.Engagement], error) {
				all, err := a.cfg.Engagements.List(ctx, who)
				if all == nil {
					all = []engagement.Engagement{}
				}
				return Page[engagement.Engagement]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "engagements.show", Method: "GET", Path: "/engagements/{number}", Action: access.EngagementRead, Summary: "One engagement"},
			func(ctx context.Context, who access.Principal, in EngagementInput) (engagement.Engagement, error) {
				return a.cfg.Engagements.Get(ctx, who, in.Number)
			}),
		define(Operation{Name: "requests.list", Method: "GET", Path: "/engagements/{number}/requests", Action: access.EngagementRead, Summary: "The requests of an engagement"},
			func(ctx context.Context, who access.Principal, in EngagementInput) (Page[engagement.Request], error) {
				all, err := a.cfg.Engagements.Requests(ctx, who, in.Number)
				if all == nil {
					all = []engagement.Request{}
				}
				return Page[engagement.Request]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "requests.show", Method: "GET", Path: "/engagements/{number}/requests/{ref}", Action: access.EngagementRead, Summary: "One request with what was said about it"}, a.showRequest),
		define(Operation{Name: "requests.write", Method: "POST", Path: "/engagements/{number}/requests/{ref}/messages", Action: access.RequestAnswer, Of: "requests.show", Summary: "Say something about a request"},
			func(ctx context.Context, who access.Principal, in struct {
				RequestInput
				Text string `json:"text" maxLength:"8000"`
			}) (Request, error) {
				if _, err := a.cfg.Engagements.Write(ctx, who, in.Number, in.Ref, in.Text); err != nil {
					return Request{}, err
				}
				return a.showRequest(ctx, who, in.RequestInput)
			}),
	}
}

// Checkpoint is the ledger's last published checkpoint.
type Checkpoint struct {
	Origin string    `json:"origin"`
	Size   int64     `json:"size"`
	Root   string    `json:"root" doc:"Merkle root, hex."`
	At     time.Time `json:"at,omitzero"`
}

// Record is an entry of the ledger.
type Record struct {
	ID      string         `json:"id"`
	Index   int64          `json:"index" doc:"-1 before it is numbered."`
	Type    string         `json:"type"`
	Stream  string         `json:"stream"`
	Actor   string         `json:"actor"`
	Subject string         `json:"subject"`
	At      time.Time      `json:"at"`
	Data    map[string]any `json:"data,omitempty"`
}

func (a *API) aboutLedger() []*Operation {
	return []*Operation{
		define(Operation{Name: "ledger.checkpoint", Method: "GET", Path: "/ledger/checkpoint", Action: access.LedgerRead, Summary: "The last published checkpoint of the ledger"},
			func(ctx context.Context, _ access.Principal, _ struct{}) (Checkpoint, error) {
				h, err := a.cfg.Ledger.Head(ctx)
				return Checkpoint{h.Origin, h.Size, hex.EncodeToString(h.Root[:]), h.At}, err
			}),
		define(Operation{Name: "ledger.records", Method: "GET", Path: "/ledger/records", Action: access.LedgerRead, Summary: "Entries of the ledger, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				Subject string `json:"subject,omitempty" doc:"Only entries about this id." maxLength:"100"`
				Type    string `json:"type,omitempty" doc:"Exact, or a family that ends in a dot: finding." maxLength:"64"`
				By      string `json:"by,omitempty" doc:"Only entries by this pseudonym: usr_… of a person, src_… of an agent, or system." maxLength:"100"`
				From    string `json:"from,omitempty" doc:"Only entries recorded at this time or later, as RFC 3339." maxLength:"40"`
				To      string `json:"to,omitempty" doc:"Only entries recorded before this time, as RFC 3339." maxLength:"40"`
				Before  int64  `json:"before,omitempty" doc:"Only indexes below it: the last of the page before." minimum:"1"`
				Limit   int    `json:"limit,omitempty" minimum:"1" maximum:"500"`
			}) (Page[Record], error) {
				f := activity.Filter{Subject: in.Subject, Type: in.Type, Actor: in.By, Before: in.Before, Limit: in.Limit}
				var err error
				if f.From, err = asTime(in.From, "from"); err != nil {
					return Page[Record]{}, err
				}
				if f.To, err = asTime(in.To, "to"); err != nil {
					return Page[Record]{}, err
				}
				found, err := a.records(ctx, who, f)
				if err != nil {
					return Page[Record]{}, err
				}
				head, err := a.cfg.Ledger.Head(ctx)
				out := Page[Record]{Items: []Record{}, Total: head.Size}
				for _, r := range found {
					out.Items = append(out.Items, Record{r.ID, r.Index, r.Type, r.Stream, r.Actor, r.Subject, r.At, r.Data})
				}
				return out, err
			}),
	}
}

// asTime reads a time; "" is the zero time.
func asTime(text, field string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.Wrap(fault.Invalid, err, "%q is no time", text).At("", 0, field).WithHint("write it as 2026-09-30T00:00:00Z")
	}
	return t, nil
}

// records gives entries; by person or time those that are sorted already, and
// kind Unavailable while some are not: a list that lacks entries looks like one
// that has none.
func (a *API) records(ctx context.Context, who access.Principal, f activity.Filter) ([]ledger.Record, error) {
	if f.Actor == "" && f.From.IsZero() && f.To.IsZero() {
		return a.cfg.Ledger.Records(ctx, ledger.Filter{Subject: f.Subject, Type: f.Type, Before: f.Before, Limit: f.Limit})
	}
	page, err := a.cfg.Activity.Of(ctx, who, f)
	if n := page.Size - page.Read; err == nil && n > 0 {
		err = fault.New(fault.Unavailable, "the newest %d entries are not sorted by person yet", n).WithHint("try again in a moment")
	}
	return page.Records, err
}
