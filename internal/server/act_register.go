package server

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/program/evidence"

	"github.com/spf13/cobra"
)

// What is accepted and what is left out, by command.

// decision is what is done about a waiver or an exclusion that is there.
type decision struct {
	As    string `json:"as"`
	Verb  string `json:"verb"` // approve, refuse, end
	Ref   string `json:"ref"`
	Note  string `json:"note"`
	Alone string `json:"alone"`
}

type waiverCommand struct {
	As  string     `json:"as"`
	Ask waiver.Ask `json:"ask"`
}

type exclusionCommand struct {
	As  string        `json:"as"`
	Ask exclusion.Ask `json:"ask"`
}

// registerQuestion is the body of /-/exclusions/register; it changes nothing.
type registerQuestion struct{}

func (p *parts) registerCommands(mux *doors, control presence) {
	mux.Handle("POST /-/waivers/ask", takes(p, control, func(ctx context.Context, c waiverCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		return p.waivers.Ask(ctx, who, c.Ask)
	}))
	mux.Handle("POST /-/waivers/decide", takes(p, control, func(ctx context.Context, c decision) (any, error) {
		err := p.decide(ctx, c, p.waivers.Approve, p.waivers.Refuse, p.waivers.Withdraw)
		if err != nil {
			return nil, err
		}
		return p.waivers.Get(ctx, c.Ref)
	}))
	mux.Handle("POST /-/exclusions/ask", takes(p, control, func(ctx context.Context, c exclusionCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		return p.exclusions.Ask(ctx, who, c.Ask)
	}))
	mux.Handle("POST /-/exclusions/decide", takes(p, control, func(ctx context.Context, c decision) (any, error) {
		err := p.decide(ctx, c, p.exclusions.Approve, p.exclusions.Refuse, p.exclusions.End)
		if err != nil {
			return nil, err
		}
		return p.exclusions.Get(ctx, c.Ref)
	}))
	mux.Handle("POST /-/exclusions/register", takes(p, control, func(ctx context.Context, _ registerQuestion) (any, error) {
		all, err := p.exclusions.Register(ctx, exclusion.Question{Known: -1})
		if all == nil {
			all = []exclusion.Entry{}
		}
		return all, err
	}))
}

func (p *parts) decide(ctx context.Context, c decision, approve, refuse, end func(context.Context, access.Principal, string, string) error) error {
	who, err := p.as(ctx, c.As)
	if err != nil {
		return err
	}
	switch c.Verb {
	case "approve":
		return approve(ctx, who, c.Ref, c.Alone)
	case "refuse":
		return refuse(ctx, who, c.Ref, c.Note)
	case "end":
		return end(ctx, who, c.Ref, c.Note)
	}
	return fault.New(fault.Invalid, "%q is nothing that is decided", c.Verb)
}

// days reads the first and the last day of a time on a command line.
func (a *acting) days(ctx context.Context, from, until string) (starts, expires time.Time, err error) {
	zone, err := zoneOf(ctx, a.data)
	if err != nil {
		return starts, expires, err
	}
	if starts, err = evidence.ParseDay("from", from, zone, false); err != nil {
		return starts, expires, err
	}
	expires, err = evidence.ParseDay("until", until, zone, true)
	return starts, expires, err
}

// WaiversCommand is `attesta waivers`.
func WaiversCommand() *cobra.Command {
	return cli.WaiversCommand(waiverRequest(),
		decideCommand("approve W-3", "Approve a waiver that somebody else asked for", "/-/waivers/decide", "approve"),
		decideCommand("refuse W-3", "Refuse a waiver, with a reason", "/-/waivers/decide", "refuse"),
		decideCommand("withdraw W-3", "End a waiver now, or take back what was asked for, with a reason", "/-/waivers/decide", "end"))
}

// ExclusionsCommand is `attesta exclusions`.
func ExclusionsCommand() *cobra.Command {
	return cli.ExclusionsCommand(exclusionAdd(), exclusionRegister(),
		decideCommand("approve X-3", "Approve an exclusion that somebody else asked for", "/-/exclusions/decide", "approve"),
		decideCommand("refuse X-3", "Refuse an exclusion, with a reason", "/-/exclusions/decide", "refuse"),
		decideCommand("end X-3", "End an exclusion now, or take back what was asked for, with a reason", "/-/exclusions/decide", "end"))
}

func waiverRequest() *cobra.Command {
	var a acting
	var ask waiver.Ask
	var from, until string
	cmd := &cobra.Command{Use: "request CHECK[/ATTRIBUTE]", Short: "Ask to accept what fails on named items until a day; nothing is waived before somebody else approves", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			ask.Check, ask.Attribute = checkOf(args[0])
			if ask.Starts, ask.Expires, err = a.days(cmd.Context(), from, until); err != nil {
				return err
			}
			var w waiver.Waiver
			raw, err := tellJSON(cmd.Context(), a.data, "/-/waivers/ask", waiverCommand{As: a.as, Ask: ask}, &w)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s is asked for, about %d items; nothing is waived before somebody else approves it", w.Ref(), w.Items)
		}}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&ask.Items, "item", nil, "name or id of an item; may be repeated")
	f.StringVar(&ask.Filter, "filter", "", "instead of --item: an expression that selects the items, such as item.name.startsWith(\"web-\")")
	f.StringVar(&ask.Reason, "reason", "", "why it is accepted (required)")
	f.StringVar(&ask.Owner, "owner", "", "login of who answers for it; you when left out")
	f.StringVar(&ask.Control, "control", "", "the control that compensates")
	f.StringVar(&ask.Compensating, "compensating", "", "what compensates, in words")
	f.StringVar(&from, "from", "", "first day (2026-01-31); as soon as it is approved when left out")
	f.StringVar(&until, "until", "", "last day (required)")
	return cmd
}

// checkOf reads PACK/CHECK or PACK/CHECK/ATTRIBUTE.
func checkOf(text string) (check, attribute string) {
	slashes := 0
	for i, c := range text {
		if c != '/' {
			continue
		}
		if slashes++; slashes == 2 {
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func exclusionAdd() *cobra.Command {
	var a acting
	var ask exclusion.Ask
	var cause, from, until string
	cmd := &cobra.Command{Use: "add SUBJECT", Short: "Ask to leave a host, or what is none, out of a population until a day", Args: cobra.ExactArgs(1),
		Long: "Ask to leave something out of a population: a host by its name or id, or what is no host as\n\"address 10.0.0.9\", \"name printer-3\" or \"scope the guests' network\". Nothing is left out before\nsomebody else approves it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			ask.Subject, ask.Cause = args[0], exclusion.Cause(cause)
			if ask.Starts, ask.Expires, err = a.days(cmd.Context(), from, until); err != nil {
				return err
			}
			var x exclusion.Exclusion
			raw, err := tellJSON(cmd.Context(), a.data, "/-/exclusions/ask", exclusionCommand{As: a.as, Ask: ask}, &x)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s is asked for: %s; nothing is left out before somebody else approves it", x.Ref(), x.Name)
		}}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&ask.Population, "population", "hosts", "kind of items that it is left out of")
	f.StringVar(&cause, "cause", string(exclusion.OutOfScope), "out_of_scope, not_an_item or other")
	f.StringVar(&ask.Reason, "reason", "", "why, in words (required)")
	f.StringVar(&from, "from", "", "first day (2026-01-31); as soon as it is approved when left out")
	f.StringVar(&until, "until", "", "last day (required)")
	return cmd
}

func exclusionRegister() *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{Use: "register", Short: "List everything that is left out now, whoever decided it: exclusions, tailoring, rules, retired items", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []exclusion.Entry
			raw, err := tellJSON(cmd.Context(), data, "/-/exclusions/register", registerQuestion{}, &all)
			if err != nil {
				return err
			}
			if asJSON {
				return (&acting{json: true}).print(cmd.OutOrStdout(), raw, "")
			}
			zone, err := zoneOf(cmd.Context(), data)
			if err != nil {
				return err
			}
			return cli.PrintRegister(cmd.OutOrStdout(), all, zone)
		}}
	cmd.Flags().StringVar(&data, "data", cli.DefaultData(), "data directory of the running server")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// decideCommand approves, refuses or ends a waiver or an exclusion.
func decideCommand(use, short, path, verb string) *cobra.Command {
	var a acting
	c := decision{Verb: verb}
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.As, c.Ref = a.as, args[0]
			var now struct {
				State string `json:"state"`
			}
			raw, err := tellJSON(cmd.Context(), a.data, path, c, &now)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s: %s", args[0], now.State)
		}}
	a.flags(cmd)
	if verb == "approve" {
		cmd.Flags().StringVar(&c.Alone, "compensation", "", "where nobody but the asker may approve: what stands in for a second person")
	} else {
		cmd.Flags().StringVar(&c.Note, "reason", "", "why (required)")
	}
	return cmd
}
