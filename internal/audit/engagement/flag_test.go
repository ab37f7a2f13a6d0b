package engagement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

func utc(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t
}

// version makes a version of the scope that holds from a day on.
func version(n int, from string, categories []catalog.Category, exam scope.Examination) scope.Version {
	v := scope.Version{Version: n, Effective: utc(from), Made: scope.Made{By: "system", At: utc(from), Index: int64(n)}, Approval: &scope.Approval{Made: scope.Made{At: utc(from), Index: int64(n)}}}
	v.Categories, v.Zone, v.Examination = categories, "UTC", exam
	return v
}

func said(list []engagement.Flag) string {
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.About + ": " + f.Text + "\n")
	}
	return b.String()
}

func TestBeside(t *testing.T) {
	security := []catalog.Category{catalog.Security}
	year := scope.Examination{Type: 2, From: "2026-01-01", To: "2026-06-30"}
	both := []catalog.Category{catalog.Security, catalog.Availability}
	for name, tc := range map[string]struct {
		change  func(*engagement.Content)
		history []scope.Version
		want    []string // none: nothing is said
	}{
		"as the scope says": {func(*engagement.Content) {}, []scope.Version{version(1, "2025-12-01", both, year)}, nil},
		"no window yet":     {func(*engagement.Content) {}, []scope.Version{version(1, "2025-12-01", both, scope.Examination{})}, []string{"period: Version 1 of the scope names no window yet"}},
		"a category that the scope leaves out": {func(*engagement.Content) {}, []scope.Version{version(1, "2025-12-01", security, year)},
			[]string{"categories: This engagement examines availability, which version 1 of the scope leaves out. The criteria of that category say “not in scope”"}},
		"a category that the engagement leaves out": {func(c *engagement.Content) { c.Categories = security }, []scope.Version{version(1, "2025-12-01", both, year)}, []string{"holds availability too"}},
		"before the scope's window":                 {func(c *engagement.Content) { c.From = "2025-12-01" }, []scope.Version{version(1, "2025-11-01", both, year)}, []string{"period: 1 Dec 2025 to 31 Dec 2025 lie outside the window of version 1 of the scope (1 Jan to 30 Jun 2026)"}},
		"on both sides":                             {func(c *engagement.Content) { c.From, c.To = "2025-12-01", "2026-07-01" }, []scope.Version{version(1, "2025-11-01", both, year)}, []string{"1 Dec 2025 to 31 Dec 2025 and 1 Jul 2026 lie outside"}},
		"somewhere else":                            {func(c *engagement.Content) { c.From, c.To = "2027-01-01", "2027-03-31" }, []scope.Version{version(1, "2025-11-01", both, year)}, []string{"1 Jan 2027 to 31 Mar 2027 lie outside"}},
		"shorter":                                   {func(c *engagement.Content) { c.To = "2026-04-30" }, []scope.Version{version(1, "2025-11-01", both, year)}, []string{"shorter than the window"}},
		"another zone":                              {func(c *engagement.Content) { c.Zone = "Asia/Tokyo" }, []scope.Version{version(1, "2025-11-01", both, year)}, []string{"zone: Days are counted in Asia/Tokyo here and in UTC"}},
		"the scope changed in the middle": {func(*engagement.Content) {}, []scope.Version{version(1, "2025-11-01", security, year), version(2, "2026-03-01", both, year)},
			[]string{"scope: The scope changed inside the period: version 2 holds since 1 Mar 2026, before it version 1. What differs: categories."}},
		"the scope changed before and after": {func(*engagement.Content) {}, []scope.Version{version(1, "2025-11-01", both, scope.Examination{}), version(2, "2025-12-31", both, year), version(3, "2026-07-01", security, year)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := sound()
			c.Zone, c.From, c.To, c.Categories = "UTC", "2026-01-01", "2026-06-30", both
			tc.change(&c)
			got := said(c.Beside(tc.history, utc("2026-08-01")))
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s\nwant %s", got, want)
				}
			}
			if len(tc.want) != strings.Count(got, "\n") {
				t.Errorf("%d flags are wanted, these are there:\n%s", len(tc.want), got)
			}
		})
	}
}

func TestUnobserved(t *testing.T) {
	c := engagement.Content{Type: 2, From: "2026-01-01", To: "2026-06-30", Zone: "UTC"}
	var never time.Time
	for name, tc := range map[string]struct {
		first, last, now time.Time
		want             string
	}{
		"nothing at all":           {never, never, utc("2026-08-01"), "Nothing was observed in this period: no source reported from 1 Jan 2026 to 30 Jun 2026. What checks would say of that time is not_observed, because no source reported"},
		"nothing so far":           {never, never, utc("2026-02-01"), "from 1 Jan 2026 to 31 Jan 2026"},
		"not begun":                {never, never, utc("2025-12-31"), ""},
		"late":                     {utc("2026-03-01"), utc("2026-07-01"), utc("2026-08-01"), "The first source reported on 1 Mar 2026: nothing was observed on the 59 days before."},
		"fell silent":              {utc("2026-01-01"), utc("2026-06-29"), utc("2026-08-01"), "The last source reported on 29 Jun 2026: nothing was observed on the 2 days after."},
		"all of it":                {utc("2026-01-01"), utc("2026-07-01"), utc("2026-08-01"), ""},
		"all of it until just now": {utc("2026-01-01"), utc("2026-03-01").Add(-time.Minute), utc("2026-03-01"), ""},
	} {
		got := said(c.Unobserved(tc.first, tc.last, tc.now))
		if !strings.Contains(got, tc.want) || (got == "") != (tc.want == "") {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// Only what a reviewer accepted answers an auditor, and its version is named.
func TestEvidenceOf(t *testing.T) {
	accepted := []evidence.Review{{Decision: instance.Accepted}}
	all := []evidence.Version{{Number: 12, Version: 1, Title: "Access review", Reviews: accepted}, {Number: 12, Version: 2, Title: "Access review, all systems", Reviews: accepted}, {Number: 12, Version: 3, Title: "Again"}}
	for _, tc := range []struct {
		text, subject, fault string
	}{{"E-12/1", "E-12/1", ""}, {"E-12/2", "E-12/2", ""}, {"E-12", "", "awaits review"}, {"E-12/3", "", "awaits review"}, {"E-12/9", "", "no version 9"}, {"E-12/x", "", "names no version"}, {"twelve", "", "twelve"}} {
		_, v, err := engagement.ParseEvidence(tc.text)
		var x engagement.Exhibit
		if err == nil {
			x, err = engagement.EvidenceOf(all, v)
		}
		if (err == nil) != (tc.fault == "") || err != nil && !strings.Contains(err.Error(), tc.fault) || x.Subject != tc.subject {
			t.Errorf("%s: %+v, %v", tc.text, x, err)
		}
	}
}
