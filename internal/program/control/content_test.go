package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/program/control"
)

// Every control names what can test it, and nothing is listed that tests none.
func TestEveryControlCanBeTested(t *testing.T) {
	l := shipped(t)
	named := map[string]int{}
	for _, d := range l.Designs {
		if !d.Testable() {
			t.Errorf("control %s names neither a check nor a population", d.Slug)
		}
		periodic := d.Mode == control.Manual && d.Frequency != ""
		if periodic && !slices.Contains(d.Populations, control.Instances) {
			t.Errorf("control %s is performed %s by people, so its own instances are a population", d.Slug, d.Frequency)
		}
		if d.Mode == control.Automated && slices.Contains(d.Populations, control.Instances) {
			t.Errorf("control %s is automated and has no instances", d.Slug)
		}
		for _, slug := range d.Populations {
			named[slug]++
		}
	}
	if len(l.Populations) < 40 {
		t.Errorf("the library has %d populations; about 40 are promised", len(l.Populations))
	}
	for _, p := range l.Populations {
		if named[p.Slug] == 0 {
			t.Errorf("population %s tests no control", p.Slug)
		}
		if (p.Subject == "control") != (p.Slug == control.Instances) {
			t.Errorf("population %s has the subject %q", p.Slug, p.Subject)
		}
	}
}

// What the library promises over all criteria: at least 150 controls, at least
// two for each of the 61 that do more than support it, a starter profile of
// about sixty, and no two that say the same.
func TestLibraryCoversEveryCriterion(t *testing.T) {
	l := shipped(t)
	starter := 0
	for _, d := range l.Designs {
		if d.Starter {
			starter++
		}
	}
	if len(l.Designs) < 150 || starter < 50 || starter > 70 {
		t.Errorf("%s; at least 150 are promised, and a starter profile of about 60", l.Summary())
	}
	least := 1000
	for _, c := range catalog.All() {
		n, inStarter := 0, 0
		for _, d := range l.Designs {
			if slices.ContainsFunc(d.Points, func(p control.PointLink) bool { return p.Criterion == c.ID && p.Relation != control.Supports }) {
				n++
				if d.Starter {
					inStarter++
				}
			}
		}
		least = min(least, n)
		if n < 2 {
			t.Errorf("%s has %d controls; at least two are promised", c.ID, n)
		}
		if c.Category == catalog.Security && inStarter == 0 {
			t.Errorf("the starter profile holds nothing for %s", c.ID)
		}
	}
	worst := 0.0
	shingles := make([]map[string]bool, len(l.Designs))
	for i, d := range l.Designs {
		shingles[i] = guidance.Shingles(d.Statement)
		for j := range i {
			s := guidance.Similarity(shingles[i], shingles[j])
			worst = max(worst, s)
			if s >= 0.5 {
				t.Errorf("the statements of %s and %s are alike: %.2f", d.Slug, l.Designs[j].Slug, s)
			}
		}
		rationales := ""
		for _, p := range d.Points {
			rationales += " " + p.Rationale
		}
		for _, m := range guidance.Misleading(strings.Join([]string{d.Title, d.Statement, d.Risk, rationales, strings.Join(d.Evidence, " ")}, " ")) {
			t.Errorf("control %s %s", d.Slug, m)
		}
	}
	t.Logf("%s; at least %d for each criterion; statements most alike %.3f", l.Summary(), least, worst)
}

// Taking the starter profile leaves alone what people decided.
func TestAdoptStarter(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		starters := 0
		for _, d := range f.Library().Designs {
			if d.Starter {
				starters++
			}
		}
		if err := f.Retire(f.ctx, admin, "access-reviewed", "We have another one."); err != nil {
			t.Fatal(err)
		}
		owner := "head of finance"
		if err := f.Tailor(f.ctx, admin, "ssh-logins-hardened", control.Tailoring{Owner: &owner, Reason: "They own it."}); err != nil {
			t.Fatal(err)
		}
		adopted, approved, err := f.AdoptStarter(f.ctx, admin)
		if err != nil || adopted != 0 || approved != starters-2 {
			t.Fatalf("%d adopted, %d approved, %v; want 0 and %d", adopted, approved, err, starters-2)
		}
		retired, tailored := f.get(t, "access-reviewed"), f.get(t, "ssh-logins-hardened")
		if v := retired.Current(); v.State != control.Retired {
			t.Errorf("what was retired is %s", v.State)
		}
		if v := tailored.Current(); v.Design.Owner != owner {
			t.Error("what was tailored is as in the library again")
		}
		if _, _, err := f.AdoptStarter(f.ctx, admin); !fault.Is(err, fault.Conflict) {
			t.Errorf("with nothing left to do: %v", err)
		}
		if _, _, err := f.AdoptStarter(f.ctx, access.Principal{UserID: "usr_9", Role: access.Viewer}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("by a viewer: %v", err)
		}
	})
}
