package scope_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
)

// payroll is the scope of a small firm, whole and without a flag.
func payroll() scope.Content {
	return scope.Content{
		Scope: catalog.Scope{Categories: []catalog.Category{catalog.Security, catalog.Availability}, Goods: catalog.No},
		Zone:  "Europe/Dublin",
		Systems: []scope.Described{{Name: "Larkfield Payroll", Description: "Pays the staff of small firms.",
			Services: []string{"monthly pay run", "payslips by web"}}},
		Boundary: []scope.Component{
			{Name: "production hosts", Kind: scope.Infrastructure, Hosts: []string{"pay-*"}},
			{Name: "office laptops", Kind: scope.Infrastructure, Out: true, Reason: "They reach production through the bastion only.", Hosts: []string{"lap-*"}},
			{Name: "payroll application", Kind: scope.Software},
			{Name: "operations", Kind: scope.People},
			{Name: "pay run", Kind: scope.Procedures},
			{Name: "salaries", Kind: scope.Data},
		},
		Commitments: []scope.Commitment{
			{ID: "sc-1", To: "customers", Statement: "Salaries are seen by their payer alone.", Source: "Terms of service 4.2", Categories: []catalog.Category{catalog.Security}},
			{ID: "sc-2", To: "customers", Statement: "The pay run is available on 99.5 % of working hours.", Source: "Service levels 2026", Categories: []catalog.Category{catalog.Availability}},
		},
		Requirements: []scope.Requirement{
			{ID: "sr-1", Statement: "Access to pay data is limited to its payer.", Serves: []string{"sc-1"}, By: scope.ByLaw, Reference: "GDPR article 32"},
			{ID: "sr-2", Statement: "A pay host can be replaced within an hour.", Serves: []string{"sc-2"}, By: scope.ByContract, Reference: "Service levels 2026"},
		},
		LeftOut: []scope.LeftOut{
			{Category: catalog.ProcessingIntegrity, Reason: "No customer relies on our arithmetic: the tax office checks it."},
			{Category: catalog.Confidentiality, Reason: "Nothing beyond pay data is held."},
			{Category: catalog.Privacy, Reason: "Customers are controllers and answer for notices."},
		},
		Examination: scope.Examination{Type: 2, From: "2026-01-01", To: "2026-12-31"},
	}
}

func TestAWholeScopeHasNoFlag(t *testing.T) {
	c, err := payroll().Check()
	if err != nil {
		t.Fatal(err)
	}
	if flags := c.Flags(); len(flags) != 0 {
		t.Errorf("%v", flags)
	}
}

func TestFlags(t *testing.T) {
	for _, tc := range []struct {
		name, about, want string
		edit              func(c *scope.Content)
	}{
		{"no system", "systems", "no system is named", func(c *scope.Content) { c.Systems = nil }},
		{"no service", "systems", "has no service", func(c *scope.Content) { c.Systems[0].Services = nil }},
		{"no people inside", "boundary", "nothing inside the boundary is people", func(c *scope.Content) { c.Boundary[3].Out, c.Boundary[3].Reason = true, "elsewhere" }},
		{"no commitment", "commitments", "no service commitment", func(c *scope.Content) { c.Commitments = nil; c.Requirements = nil; c.Categories = nil }},
		{"in scope without a commitment", "categories", "confidentiality is in scope and no commitment touches it", func(c *scope.Content) {
			c.Categories = append(c.Categories, catalog.Confidentiality)
			c.LeftOut = slices.Delete(c.LeftOut, 1, 2)
		}},
		{"left out though touched", "categories", "privacy is left out although commitment sc-1 touches it", func(c *scope.Content) {
			c.Commitments[0].Categories = []catalog.Category{catalog.Security, catalog.Privacy}
		}},
		{"left out though touched twice", "categories", "commitments sc-1 and sc-2 touch it", func(c *scope.Content) {
			c.Commitments[0].Categories = []catalog.Category{catalog.Privacy}
			c.Commitments[1].Categories = []catalog.Category{catalog.Privacy, catalog.Availability}
		}},
		{"left out silently", "categories", "privacy is left out without a reason", func(c *scope.Content) { c.LeftOut = c.LeftOut[:2] }},
		{"commitment that nothing serves", "requirements", "no system requirement serves commitment sc-2", func(c *scope.Content) { c.Requirements = c.Requirements[:1] }},
		{"requirement that serves nothing", "requirements", "requirement sr-2 serves no commitment", func(c *scope.Content) { c.Requirements[1].Serves = nil }},
		{"no examination", "examination", "neither a date nor a window", func(c *scope.Content) { c.Examination = scope.Examination{} }},
		{"two months", "examination", "fewer than 3 months", func(c *scope.Content) { c.Examination.To = "2026-02-28" }},
		{"a day short of three months", "examination", "fewer than 3 months", func(c *scope.Content) { c.Examination.To = "2026-03-30" }},
		{"thirteen months", "examination", "more than 12 months", func(c *scope.Content) { c.Examination.To = "2027-01-31" }},
	} {
		c := payroll()
		tc.edit(&c)
		c, err := c.Check()
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if !slices.ContainsFunc(c.Flags(), func(f scope.Flag) bool { return f.About == tc.about && strings.Contains(f.Text, tc.want) }) {
			t.Errorf("%s: %v", tc.name, c.Flags())
		}
	}
	c := payroll()
	c.Examination.To = "2026-03-31" // three months to the day
	if flags := c.Flags(); len(flags) != 0 {
		t.Errorf("three months: %v", flags)
	}
}

func TestCategoriesAreDerived(t *testing.T) {
	c := payroll()
	c.Categories = nil
	c.Commitments[0].Categories = []catalog.Category{catalog.Privacy, catalog.Confidentiality}
	c.LeftOut = c.LeftOut[:2] // privacy is not left out any more
	c, err := c.Check()
	if err != nil {
		t.Fatal(err)
	}
	if want := []catalog.Category{catalog.Security, catalog.Availability, catalog.Privacy}; !slices.Equal(c.Categories, want) {
		t.Errorf("%v, want %v: touched, and not left out with a reason", c.Categories, want)
	}
}

func TestMistakes(t *testing.T) {
	for _, tc := range []struct {
		field string
		edit  func(c *scope.Content)
	}{
		{"zone", func(c *scope.Content) { c.Zone = "Mars/Olympus" }},
		{"zone", func(c *scope.Content) { c.Zone = "" }},
		{"zone", func(c *scope.Content) { c.Zone = "Local" }},
		{"categories", func(c *scope.Content) { c.Categories = []catalog.Category{"safety"} }},
		{"answers", func(c *scope.Content) { c.Goods = "maybe" }},
		{"systems[0].name", func(c *scope.Content) { c.Systems[0].Name = " " }},
		{"systems[0].description", func(c *scope.Content) { c.Systems[0].Description = strings.Repeat("x", 2000) }},
		{"systems[0].name", func(c *scope.Content) { c.Systems[0].Name = "\xff" }},
		{"boundary[1].reason", func(c *scope.Content) { c.Boundary[1].Reason = "" }},
		{"boundary[0].kind", func(c *scope.Content) { c.Boundary[0].Kind = "cables" }},
		{"boundary[2].hosts", func(c *scope.Content) { c.Boundary[2].Hosts = []string{"*"} }},
		{"boundary[0].hosts", func(c *scope.Content) { c.Boundary[0].Hosts = []string{"pay-["} }},
		{"boundary", func(c *scope.Content) { c.Boundary = make([]scope.Component, 201) }},
		{"commitments[0].to", func(c *scope.Content) { c.Commitments[0].To = "" }},
		{"commitments[1].source", func(c *scope.Content) { c.Commitments[1].Source = "" }},
		{"commitments[1].id", func(c *scope.Content) { c.Commitments[1].ID = "sc-1" }},
		{"commitments[0].categories", func(c *scope.Content) { c.Commitments[0].Categories = nil }},
		{"commitments[0].categories", func(c *scope.Content) { c.Commitments[0].Categories = []catalog.Category{"speed"} }},
		{"requirements[0].serves", func(c *scope.Content) { c.Requirements[0].Serves = []string{"sc-9"} }},
		{"requirements[0].by", func(c *scope.Content) { c.Requirements[0].By = "whim" }},
		{"left_out[0].reason", func(c *scope.Content) { c.LeftOut[0].Reason = "" }},
		{"left_out[0].category", func(c *scope.Content) { c.LeftOut[0].Category = catalog.Availability }},
		{"left_out[0].category", func(c *scope.Content) { c.LeftOut[0].Category = catalog.Security }},
		{"examination.type", func(c *scope.Content) { c.Examination.Type = 3 }},
		{"examination.type", func(c *scope.Content) { c.Examination.Type = 0 }},
		{"examination.to", func(c *scope.Content) { c.Examination.From, c.Examination.To = "2026-12-31", "2026-01-01" }},
		{"examination.from", func(c *scope.Content) { c.Examination.From = "31.01.2026" }},
		{"examination.to", func(c *scope.Content) { c.Examination.To = "2026-02-30" }},
		{"examination.to", func(c *scope.Content) { c.Examination.To = "2036-01-01" }},
		{"examination.to", func(c *scope.Content) { c.Examination.To = "" }},
		{"examination.date", func(c *scope.Content) { c.Examination.Date = "2026-06-30" }},
		{"examination.from", func(c *scope.Content) { c.Examination.Type, c.Examination.Date = 1, "2026-06-30" }},
		{"examination.date", func(c *scope.Content) { c.Examination = scope.Examination{Type: 1} }},
	} {
		c := payroll()
		tc.edit(&c)
		_, err := c.Check()
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != tc.field {
			t.Errorf("%s: %v", tc.field, err)
		}
	}
}

func TestWindow(t *testing.T) {
	for _, tc := range []struct {
		zone, from, to, start, end string
		days                       int
	}{
		{"UTC", "2026-01-01", "2026-12-31", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 365},
		{"Europe/Dublin", "2026-03-29", "2026-10-25", "2026-03-29T00:00:00Z", "2026-10-26T00:00:00Z", 211}, // both changes of the clock inside
		{"America/New_York", "2026-04-01", "2026-09-30", "2026-04-01T04:00:00Z", "2026-10-01T04:00:00Z", 183},
		{"America/New_York", "2026-10-01", "2026-12-31", "2026-10-01T04:00:00Z", "2027-01-01T05:00:00Z", 92},
		{"America/Sao_Paulo", "2018-11-04", "2019-02-16", "2018-11-04T03:00:00Z", "2019-02-17T03:00:00Z", 105}, // begins on a day without midnight
		{"Asia/Kolkata", "2028-02-01", "2028-02-29", "2028-01-31T18:30:00Z", "2028-02-29T18:30:00Z", 29},
	} {
		c := scope.Content{Zone: tc.zone, Examination: scope.Examination{Type: 2, From: tc.from, To: tc.to}}
		w, ok := c.Window()
		if !ok {
			t.Fatalf("%v: no window", tc)
		}
		got := fmt.Sprint(w.Start.UTC().Format(time.RFC3339), " ", w.End.UTC().Format(time.RFC3339), " ", w.Days)
		if want := fmt.Sprint(tc.start, " ", tc.end, " ", tc.days); got != want {
			t.Errorf("%s %s to %s: %s, want %s", tc.zone, tc.from, tc.to, got, want)
		}
		for day, at := 1, w.Start; day <= w.Days; day++ { // every day is counted once, whatever the clock does
			y, m, d := at.In(w.Zone).Date()
			for _, moment := range []time.Time{at, time.Date(y, m, d, 23, 59, 59, 0, w.Zone)} {
				if got := w.Day(moment); got != day {
					t.Fatalf("%s: %s is day %d, want %d", tc.zone, moment, got, day)
				}
			}
			at = time.Date(y, m, d+1, 4, 0, 0, 0, w.Zone)
		}
		if w.Contains(w.End) || !w.Contains(w.End.Add(-time.Microsecond)) || !w.Contains(w.Start) || w.Contains(w.Start.Add(-time.Microsecond)) {
			t.Errorf("%s: the window is not [start, end)", tc.zone)
		}
		if w.Day(w.Start.Add(-time.Microsecond)) != 0 || w.Day(w.End) != w.Days+1 {
			t.Errorf("%s: days outside the window are counted", tc.zone)
		}
	}
	if _, ok := (scope.Content{Zone: "UTC"}).Window(); ok {
		t.Error("a window out of nothing")
	}
}

func TestWindowWords(t *testing.T) {
	year := scope.Content{Zone: "UTC", Examination: scope.Examination{Type: 2, From: "2026-01-01", To: "2026-12-31"}}
	over := scope.Content{Zone: "UTC", Examination: scope.Examination{Type: 2, From: "2025-10-01", To: "2026-03-31"}}
	day := scope.Content{Zone: "UTC", Examination: scope.Examination{Type: 1, Date: "2026-06-30"}}
	for _, tc := range []struct {
		c    scope.Content
		now  string
		want string
	}{
		{year, "2026-05-22T23:59:59Z", "Window 1 Jan to 31 Dec 2026, day 142 of 365"},
		{year, "2025-12-31T23:59:59Z", "Window 1 Jan to 31 Dec 2026, not begun"},
		{year, "2027-01-01T00:00:00Z", "Window 1 Jan to 31 Dec 2026, ended"},
		{over, "2026-01-01T00:00:00Z", "Window 1 Oct 2025 to 31 Mar 2026, day 93 of 182"},
		{day, "2026-01-01T00:00:00Z", "As of 30 Jun 2026"},
	} {
		now, err := time.Parse(time.RFC3339, tc.now)
		if err != nil {
			t.Fatal(err)
		}
		w, _ := tc.c.Window()
		if got := w.Words(now); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.now, got, tc.want)
		}
	}
}

func TestHost(t *testing.T) {
	c := payroll()
	c.Boundary = append(c.Boundary, scope.Component{Name: "old pay host", Kind: scope.Infrastructure, Out: true, Reason: "switched off", Hosts: []string{"pay-old"}})
	for _, tc := range []struct {
		host, by string
		out      bool
	}{{"pay-db-01", "production hosts", false}, {"lap-7", "office laptops", true}, {"pay-old", "old pay host", true}, {"mail", "", false}} {
		if k, named := c.Host(tc.host); k.Name != tc.by || k.Out != tc.out || named != (tc.by != "") {
			t.Errorf("%s: %v %v", tc.host, k, named)
		}
	}
}

func TestDiff(t *testing.T) {
	a, b := payroll(), payroll()
	if d := scope.Diff(a, b); len(d) != 0 {
		t.Errorf("of a scope with itself: %v", d)
	}
	b.Boundary = b.Boundary[1:]
	b.Commitments = append(b.Commitments, scope.Commitment{ID: "sc-3", To: "users", Statement: "Data is erased on demand.", Source: "Notice", Categories: []catalog.Category{catalog.Privacy}})
	b.Requirements[0].Reference = "GDPR article 5"
	b.Categories = append(b.Categories, catalog.Privacy)
	b.LeftOut = b.LeftOut[:2]
	b.Examination.To, b.Zone = "2026-09-30", "UTC"
	var got []string
	for _, c := range scope.Diff(a, b) {
		got = append(got, fmt.Sprintf("%s %s: %q to %q", c.Part, c.Name, c.Was, c.Is))
	}
	want := []string{
		`boundary production hosts: "in, infrastructure, hosts pay-*" to ""`,
		`commitments sc-3: "" to "to users: Data is erased on demand. (Notice; privacy)"`,
		`requirements sr-1: "Access to pay data is limited to its payer. (by law: GDPR article 32; serves sc-1)" to "Access to pay data is limited to its payer. (by law: GDPR article 5; serves sc-1)"`,
		`categories privacy: "left out: Customers are controllers and answer for notices." to "in scope"`,
		`examination examination: "type 2, 2026-01-01 to 2026-12-31" to "type 2, 2026-01-01 to 2026-09-30"`,
		`zone time zone: "Europe/Dublin" to "UTC"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
