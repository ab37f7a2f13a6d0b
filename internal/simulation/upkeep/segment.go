package upkeep

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/simulation/years"
	"github.com/attesta/attesta/internal/simulation/zoning"
	"github.com/attesta/attesta/internal/wire"
)

func makeSegment(o *years.Stage) error {
	o.Asks = ask.New(ask.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock})
	o.Segment = segment.New(segment.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Asks: o.Asks, Clock: o.Clock, Version: "demonstration"})
	return nil
}

// yearOfSegment is zones that are declared, a block that was none and is mended, a
// copy of data that nobody allowed, and one more way that is open again at the end.
func yearOfSegment(o *years.Stage, c *years.Calendar) error {
	sent := map[string]string{}
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+50*time.Minute, false, "agents say with whom hosts are connected", func(ctx context.Context) error {
			if o.Clock().Before(c.Day(zoning.Drafted - 5)) {
				return nil
			}
			if i == 0 {
				if err := connections(ctx, o, c, sent); err != nil {
					return err
				}
			}
			if err := o.Segment.Turn(ctx); err != nil {
				return err
			}
			if err := answerProbes(ctx, o, c); err != nil {
				return err
			}
			return o.Segment.Turn(ctx)
		})
	}
	c.On(zoning.Drafted, "zones of the network are drafted", func(ctx context.Context) error {
		_, err := o.Segment.DraftPlan(ctx, o.Cast["tomas"], zoning.Plan(o.End))
		return err
	})
	c.On(zoning.Approved, "and approved", func(ctx context.Context) error {
		_, err := o.Segment.ApprovePlan(ctx, o.Cast["ines"], "SG-1", "The zones are those of the network diagram. What is open today shows within a day.", "")
		return err
	})
	c.On(320, "an allowance for the office is added", func(ctx context.Context) error {
		text := zoning.Plan(o.End)
		text.Why = "The office reads staging by a network of its own."
		text.Rules = append(text.Rules, segment.Rule{Key: "office-staging", From: "office", To: "staging", Kind: segment.May, Protocol: "tcp", Ports: []string{"443"}, Owner: "Product", Why: "Features are looked at before they go live.", Until: o.End.AddDate(0, 7, 0).Format(time.DateOnly)})
		if _, err := o.Segment.DraftPlan(ctx, o.Cast["tomas"], text); err != nil {
			return err
		}
		_, err := o.Segment.ApprovePlan(ctx, o.Cast["ines"], "SG-2", "", "")
		return err
	})
	return nil
}

// connections has every host say with whom it is connected, where that changed.
func connections(ctx context.Context, o *years.Stage, c *years.Calendar, sent map[string]string) error {
	hosts, _, _, err := o.Hosts.Plain(ctx, host.Filter{}, "", 1000)
	if err != nil {
		return err
	}
	kinds := map[string][]string{}
	for i := range hosts {
		kind, _, _ := strings.Cut(hosts[i].Name, "-")
		if zoning.AddressOf(hosts[i].Name) != "" {
			kinds[kind] = append(kinds[kind], hosts[i].Name)
		}
	}
	for i := range hosts {
		h := &hosts[i]
		address := zoning.AddressOf(h.Name)
		if h.Silent || address == "" {
			continue
		}
		no := false
		sec, err := facts.NewSection("flows", facts.Flows{Flows: zoning.Story{Day: c.Day, R: c.R}.Flows(h.Name, kinds, o.Clock()), Conntrack: &no, Overflow: &no, Unseen: []string{}}, nil)
		if err != nil {
			return err
		}
		if sent[h.Source] == sec.Digest {
			continue
		}
		sent[h.Source] = sec.Digest
		raw, err := json.Marshal(sec)
		if err != nil {
			return err
		}
		now := o.Clock()
		var none int64
		if err := o.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := o.Hosts.ReceiveFacts(ctx, tx, host.Batch{Source: h.Source, SourceName: h.Name, Stream: "flows", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: sec.Digest, AgentVersion: h.AgentVersion, Items: []json.RawMessage{raw}})
			return err
		}); err != nil {
			return fmt.Errorf("connections of %s: %w", h.Name, err)
		}
		o.Reports(h.Source, sec.Name, sec.Digest)
	}
	return nil
}

// answerProbes lets agents answer what they are asked: those of hosts whose number ends
// with 3 may not.
func answerProbes(ctx context.Context, o *years.Stage, c *years.Calendar) error {
	hosts, _, _, err := o.Hosts.Plain(ctx, host.Filter{}, "", 1000)
	if err != nil {
		return err
	}
	now := o.Clock()
	return o.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i := range hosts {
			h := &hosts[i]
			list, err := o.Asks.For(ctx, tx, h.Source)
			if err != nil {
				return err
			}
			for _, a := range list {
				if a.Kind != wire.AskProbe {
					continue
				}
				answer := wire.Answer{ID: a.ID, Kind: a.Kind, At: now}
				if strings.HasSuffix(h.Name, "3") {
					answer.Refuse = "probing is not allowed by this agent's settings"
				} else if answer.Result, err = (zoning.Story{Day: c.Day, R: c.R}).Probes(h.Name, a.Args, now); err != nil {
					return err
				}
				raw, err := json.Marshal(answer)
				if err != nil {
					return err
				}
				if err := o.Asks.Receive(ctx, tx, h.Source, []json.RawMessage{raw}); err != nil {
					return fmt.Errorf("the answer of %s: %w", h.Name, err)
				}
			}
		}
		return nil
	})
}
