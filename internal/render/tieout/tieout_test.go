package tieout_test

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/render/sheet"
	"github.com/attesta/attesta/internal/render/tieout"
)

var at = time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)

func items(n int) iter.Seq2[population.Item, error] {
	return func(yield func(population.Item, error) bool) {
		for i := range n {
			if !yield(population.Item{ID: fmt.Sprintf("hst_%d", i), Attributes: map[string]any{"name": fmt.Sprintf("=web-%d", i), "addresses": []any{"10.0.0.1", "10.0.0.2"}},
				Dates: map[string][]population.Span{"present": {{From: at.Add(-time.Hour)}}}, Undecided: i == 0}, nil) {
				return
			}
		}
	}
}

func content() tieout.Content {
	return tieout.Content{
		Extraction: population.Extraction{ID: "pex_1", Number: 4, Slug: "hosts", Version: 2, Content: population.Content{Title: "Hosts", Source: "hosts", Date: "present", Zone: "Europe/Berlin", Joiners: population.Take, InFlight: population.Leave},
			Window: population.Window{From: time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC), To: at}, Known: 812, Query: `item.os == "Debian"`, Count: 3, Undecided: 1, Digest: strings.Repeat("a", 64), Excluded: 1, MadeBy: "usr_a", MadeAt: at, Entry: "ent_1", Index: 900,
			Exclusions: []exclusion.Entry{{Kind: "item", Ref: "X-1", Subject: "hst_9", Name: "lab", Items: 1, Reason: "a bench machine", By: "usr_a", ApprovedBy: "usr_b"}}},
		Definition: population.Version{Slug: "hosts", Version: 2, MadeBy: "usr_a", ApprovedBy: "usr_b", ApprovedAt: at}, Fields: []string{"name", "addresses"}, Items: items(3), Origin: "attesta.local/x",
		Name: func(id string) string { return map[string]string{"usr_a": "Ann", "usr_b": "Ben"}[id] },
		Reconciliations: []tieout.Reconciliation{{
			Reconciliation: population.Reconciliation{ID: "rcn_1", Name: "zone file", Kind: "zone", A: 3, B: 2, MatchedA: 1, MatchedB: 1, Explained: 1, MadeBy: "usr_a"},
			Lines: []population.Line{{Seq: 1, Side: population.Both, Item: "hst_0", Matches: []population.Match{{Second: population.Second{Key: "web-0."}, By: "name web-0"}}},
				{Seq: 2, Side: population.OnlyA, Item: "hst_1", Cause: population.OtherCause, Text: "no name yet"}, {Seq: 3, Side: population.OnlyA, Item: "hst_2"}, {Seq: 4, Side: population.OnlyB, Name: "old."}}}},
	}
}

func TestWrite(t *testing.T) {
	var out, again bytes.Buffer
	if err := tieout.Write(&out, content()); err != nil {
		t.Fatal(err)
	}
	if err := tieout.Write(&again, content()); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("the same population gave other bytes, %v", err)
	}
	b, err := sheet.Open(&out, "P-4.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got := strings.Join(b.Sheets(), ","); got != "Tie-out,Items,Exclusions,Reconciliation 1" {
		t.Fatal(got)
	}
	text := func(name string) string {
		g, err := b.Grid(name)
		if err != nil {
			t.Fatal(err)
		}
		var s strings.Builder
		for _, r := range g.Rows {
			s.WriteString(strings.Join(r, "|") + "\n")
		}
		return s.String()
	}
	for name, wants := range map[string][]string{
		"Tie-out":          {"Count|3", "Of these undecided (the query could not be answered)|1", `item.os == "Debian"`, "from 2026-01-01 00:00:00 CET up to, not including, 2026-04-01 00:00:00 CEST", "Approved by|Ben, 2026-04-01 00:00:00 CEST", "Position in the ledger|900", "Items that had not ended|left out"},
		"Items":            {"1|hst_0|=web-0|10.0.0.1, 10.0.0.2|", "|yes", "3|hst_2"},
		"Exclusions":       {"item|X-1|hst_9|lab|1|a bench machine|Ann||Ben", "1 rules leave"},
		"Reconciliation 1": {"Items here 3 = matched 1 + only here 2", "Entries there 2 = matched 1 + only there 1", "Explained 1, not explained 2", "only in the second source||old."},
	} {
		got := text(name)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, got)
			}
		}
	}
}

// A workbook whose sheets disagree with what was frozen is not written.
func TestRefusesWhatDoesNotTieOut(t *testing.T) {
	for name, change := range map[string]func(*tieout.Content){
		"an item too few":    func(c *tieout.Content) { c.Items = items(2) },
		"none undecided":     func(c *tieout.Content) { c.Extraction.Undecided = 0 },
		"a line too few":     func(c *tieout.Content) { c.Reconciliations[0].Lines = c.Reconciliations[0].Lines[:3] },
		"another line open":  func(c *tieout.Content) { c.Reconciliations[0].Lines[1].Cause = "" },
		"items that ran out": func(c *tieout.Content) { c.Items = items(0) },
	} {
		c := content()
		change(&c)
		var out bytes.Buffer
		if err := tieout.Write(&out, c); !fault.Is(err, fault.Refused) || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
	}
}
