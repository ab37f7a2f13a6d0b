package integrity

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/proof/permit"
)

// ToolKind is how tools are kept.
var ToolKind = journal.Kind{Name: "cm_tool", Prefix: "cmt", Letter: "CM", Noun: "tool of configuration management", Steps: []string{"registered", "changed", "ended"}}

// ToolText is what a tool of configuration management may do.
type ToolText struct {
	Name  string   `json:"name" doc:"One word: ansible, puppet-prod." maxLength:"60"`
	Hosts []string `json:"hosts" doc:"Patterns of host names that its runs may change: web-*."`
	Paths []string `json:"paths" doc:"Patterns of paths that they may change: /etc/nginx/**."`
	Owner string   `json:"owner" doc:"Who answers for it: a login, an address or an id." maxLength:"200"`
	Count int      `json:"count,omitempty" doc:"Changes of paths that one run covers at most; 1000 when left out." minimum:"1" maximum:"10000"`
	Hours int      `json:"hours,omitempty" doc:"How long a token of a run holds at most; 4 when left out." minimum:"1" maximum:"168"`
	Why   string   `json:"why,omitempty" doc:"What it is for." maxLength:"2000"`
}

// Tool is a tool as it was registered.
type Tool struct {
	ToolText
	State string `json:"state"` // registered, ended
}

// Mark is what lists are filtered by.
func (t Tool) Mark() journal.Mark {
	return journal.Mark{State: t.State, Owner: t.Owner, Topic: t.Name}
}

// ToolObject is a tool with its number and history.
type ToolObject = journal.Object[Tool]

// check tidies what a tool may do: it is held to what a token may say.
func (t *ToolText) check(ctx context.Context, tx *sql.Tx, now time.Time) error {
	t.Name = strings.TrimSpace(t.Name)
	t.Hosts, t.Paths = landing.Lists(t.Hosts), landing.Lists(t.Paths)
	if t.Count == 0 {
		t.Count = 1000
	}
	if t.Hours == 0 {
		t.Hours = 4
	}
	if t.Hours < 1 || t.Hours > 168 {
		return bad("hours", "a token of a run holds for 1 to 168 hours")
	}
	var err error
	if t.Why, err = journal.Text("why", t.Why, "what it is for", false, 2000); err != nil {
		return err
	}
	probe := permit.Token{ID: "ctk_0", Key: "0", Who: "usr_0", Kind: permit.OfRun, Tool: t.Name, Run: "0", Hosts: t.Hosts, Paths: t.Paths, Count: t.Count, From: now.Unix(), Until: now.Unix() + 1}
	if err := probe.Check(); err != nil {
		return err
	}
	u, err := access.WhoMay(ctx, tx, t.Owner, access.IntegrityRead)
	if err != nil {
		return err
	}
	t.Owner = u.ID
	return nil
}

// AddTool registers a tool (integrity.tool, and who is there is asked once more).
func (s *Service) AddTool(ctx context.Context, p access.Principal, text ToolText) (*ToolObject, error) {
	if err := access.Proved(p, access.IntegrityTool); err != nil {
		return nil, err
	}
	var o *ToolObject
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := text.check(ctx, tx, s.cfg.Clock()); err != nil {
			return err
		}
		same, err := s.tools.ListIn(ctx, tx, journal.Filter{States: []string{"registered"}, Topic: text.Name})
		if err != nil {
			return err
		}
		if len(same) > 0 {
			return fault.New(fault.Conflict, "%s is registered as %s", text.Name, same[0].Ref).WithHint("change that one, or end it first")
		}
		o, err = s.tools.CreateIn(ctx, tx, p, "registered", text.Why, Tool{ToolText: text, State: "registered"})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	return o, nil
}

// ChangeTool changes what a tool may do; tokens that were made stay what they are.
func (s *Service) ChangeTool(ctx context.Context, p access.Principal, ref string, base int64, text ToolText) (*ToolObject, error) {
	if err := access.Proved(p, access.IntegrityTool); err != nil {
		return nil, err
	}
	return s.tools.Change(ctx, p, ref, base, "changed", text.Why, func(tx *sql.Tx, o *ToolObject) error {
		if o.Content.State != "registered" {
			return fault.New(fault.Conflict, "%s was ended", o.Ref)
		}
		if text.Name != o.Content.Name {
			return bad("name", "a tool keeps its name: end it, and register another")
		}
		if err := text.check(ctx, tx, s.cfg.Clock()); err != nil {
			return err
		}
		o.Content.ToolText = text
		return nil
	})
}

// EndTool ends a tool: no tokens are made for it any more.
func (s *Service) EndTool(ctx context.Context, p access.Principal, ref, why string) (*ToolObject, error) {
	if err := access.Proved(p, access.IntegrityTool); err != nil {
		return nil, err
	}
	why, err := journal.Note(why, true)
	if err != nil {
		return nil, err
	}
	return s.tools.Change(ctx, p, ref, 0, "ended", why, func(_ *sql.Tx, o *ToolObject) error {
		if o.Content.State != "registered" {
			return fault.New(fault.Conflict, "%s was ended already", o.Ref)
		}
		o.Content.State = "ended"
		return nil
	})
}

// Tools gives the tools, newest first (integrity.read).
func (s *Service) Tools(ctx context.Context, p access.Principal) ([]ToolObject, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	list, _, err := s.tools.List(ctx, journal.Filter{})
	return list, err
}

// Tool gives one with its history (integrity.read).
func (s *Service) Tool(ctx context.Context, p access.Principal, ref string) (*ToolObject, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	return s.tools.Get(ctx, ref)
}

// RunToken is a signed token of a run.
type RunToken struct {
	permit.Token
	Text   string    `json:"text"`
	MadeAt time.Time `json:"made_at"`
	MadeBy string    `json:"made_by"`
	Entry  string    `json:"entry"`
}

// RunAsk is what a token of a run is asked for.
type RunAsk struct {
	Run    string `json:"run" doc:"What the tool calls its run: a number, a commit." maxLength:"60"`
	Change string `json:"change,omitempty" doc:"The change that it belongs to, CH-12." maxLength:"60"`
	Count  int    `json:"count,omitempty" doc:"Changes of paths that it covers; what the tool may when left out." minimum:"1" maximum:"10000"`
	Hours  int    `json:"hours,omitempty" doc:"For how long; what the tool may when left out." minimum:"1" maximum:"168"`
}

// MakeRun signs a token for a run of a tool (integrity.run), which the run presents to
// the agent of each host before it begins.
func (s *Service) MakeRun(ctx context.Context, p access.Principal, ref string, ask RunAsk) (RunToken, error) {
	if err := access.Authorise(p, access.IntegrityRun); err != nil {
		return RunToken{}, err
	}
	o, err := s.tools.Get(ctx, ref)
	if err != nil {
		return RunToken{}, err
	}
	c, now := o.Content, s.cfg.Clock()
	switch {
	case c.State != "registered":
		return RunToken{}, fault.New(fault.Conflict, "%s was ended: no tokens are made for it", o.Ref)
	case ask.Count > c.Count:
		return RunToken{}, bad("count", "a run of %s covers at most %d changes", c.Name, c.Count)
	case ask.Hours > c.Hours:
		return RunToken{}, bad("hours", "a token of %s holds for at most %d hours", c.Name, c.Hours)
	}
	if ask.Count == 0 {
		ask.Count = c.Count
	}
	if ask.Hours == 0 {
		ask.Hours = c.Hours
	}
	t := RunToken{Token: permit.Token{ID: ids.New("ctk", now), Who: c.Owner, Hosts: c.Hosts, Paths: c.Paths, Count: ask.Count, From: now.Unix(), Until: now.Add(time.Duration(ask.Hours) * time.Hour).Unix(), Kind: permit.OfRun, Tool: c.Name, Run: strings.TrimSpace(ask.Run)}, MadeAt: now, MadeBy: p.UserID}
	if ask.Change != "" {
		ch, err := s.cfg.Changes.Change(ctx, access.System(), ask.Change)
		if err != nil {
			return RunToken{}, err
		}
		t.Change = ch.Ref()
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.cfg.Changes.Sign(ctx, tx, p, func(key ed25519.PrivateKey) (err error) {
			if t.Text, err = permit.Sign(key, t.Token); err != nil {
				return err
			}
			public, ok := key.Public().(ed25519.PublicKey)
			if !ok {
				return fault.New(fault.Internal, "the key of change tokens is no Ed25519 key")
			}
			t.Key = permit.KeyID(public)
			return nil
		}); err != nil {
			return err
		}
		if t.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "integrity.run_signed", Stream: "integrity", Actor: p.UserID, Subject: t.ID,
			Data: map[string]any{"tool": o.ID, "digest": digestOf(t.Text), "from": time.Unix(t.From, 0).UTC(), "until": time.Unix(t.Until, 0).UTC()}}); err != nil {
			return err
		}
		return insertRun(ctx, tx, o.ID, t)
	})
	if err != nil {
		return RunToken{}, err
	}
	s.cfg.Ledger.Wake()
	return t, nil
}

// Runs gives the tokens of a tool's runs, newest first (integrity.read).
func (s *Service) Runs(ctx context.Context, p access.Principal, ref string, limit int) ([]RunToken, error) {
	o, err := s.Tool(ctx, p, ref)
	if err != nil {
		return nil, err
	}
	return runsOf(ctx, s.cfg.DB.Reader(), o.ID, max(1, min(limit, 1000)))
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
