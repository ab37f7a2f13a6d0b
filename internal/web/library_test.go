package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/control"
)

// openPoint gives a point of focus in scope that no control in use addresses.
func (s *site) openPoint() catalog.Point {
	s.t.Helper()
	p, err := s.cfg.Controls.Program(s.t.Context(), access.System())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range catalog.All() {
		for _, pt := range catalog.Points(c.ID) {
			covered := false
			for _, k := range p.Controls {
				covered = covered || k.Current().Design.Covers(c.ID, pt.Number)
			}
			if ok, _ := catalog.Applicable(pt, catalog.DefaultScope()); ok && !covered {
				return pt
			}
		}
	}
	s.t.Fatal("every point is addressed")
	return catalog.Point{}
}

func TestConsiderAPoint(t *testing.T) {
	s := newSite(t)
	s.login()
	pt := s.openPoint()
	page := "/criteria/" + pt.Criterion
	post := page + "/points/" + strconv.Itoa(pt.Number)
	s.says(page, "With 20 people", "An auditor asks for", "Common mistakes", "Not relevant because", "What it is about", "open")

	a := s.post(post, url.Values{"do": {"not_relevant"}, "reason": {"no <b>"}})
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "The reason has 6 letters") || !strings.Contains(a.body, "no &lt;b&gt;</textarea>") {
		t.Errorf("a reason that is too short answers %d: %s", a.status, a.text())
	}
	const because = "The system holds no paper records."
	if a := s.post(post, url.Values{"do": {"not_relevant"}, "reason": {because}}); a.status != http.StatusSeeOther || a.to != page+"#p"+strconv.Itoa(pt.Number) {
		t.Fatalf("answers %d %s: %s", a.status, a.to, a.text())
	}
	s.settle()
	s.says(page, "is recorded as not relevant", "Not relevant because: "+because, "1 not relevant", "Take this back")
	if a := s.post(post, url.Values{"do": {"not_relevant"}, "reason": {because}}); a.status != http.StatusConflict {
		t.Errorf("saying it twice answers %d", a.status)
	}
	s.says("/ledger?type=point.", "Point considered")
	if a := s.post(post, url.Values{"do": {"open"}, "reason": {"Paper came into use."}}); a.status != http.StatusSeeOther {
		t.Fatalf("taking back answers %d: %s", a.status, a.text())
	}
	if text := s.says(page, "is open again").text(); strings.Contains(text, because) {
		t.Error("what was taken back still stands")
	}
	for path, want := range map[string]int{page + "/points/99": http.StatusNotFound, page + "/points/x": http.StatusNotFound, "/criteria/CC99.1/points/1": http.StatusNotFound} {
		if a := s.post(path, url.Values{"do": {"not_relevant"}, "reason": {because}}); a.status != want {
			t.Errorf("%s answers %d, want %d", path, a.status, want)
		}
	}
	if a := s.post(post, url.Values{"do": {"addressed"}, "reason": {because}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("typing that a point is addressed answers %d", a.status)
	}
}

// unused gives a control of the library that is not in use.
func (s *site) unused() control.Design {
	s.t.Helper()
	for _, d := range s.cfg.Controls.Library().Designs {
		if !d.Starter {
			return d
		}
	}
	s.t.Fatal("the library holds starters only")
	return control.Design{}
}

func TestLibrary(t *testing.T) {
	s := newSite(t)
	s.login()
	d := s.unused()
	s.says("/controls", "Open the control library")
	s.says("/controls/library", "controls are in use", "as drafts", "Adopt the starter profile", "not in use", d.Title)
	if text := s.says("/controls/library?use=starter").text(); strings.Contains(text, d.Title) {
		t.Error("the filter starter shows what is none")
	}
	s.says("/controls/library?criterion="+d.Points[0].Criterion, d.Title)
	if a := s.get("/controls/library?criterion=CC99.1"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown criterion answers %d", a.status)
	}
	s.says("/controls/library/"+d.Slug, d.Title, "Adopt this control", d.Points[0].Rationale, "not in use")
	if a := s.get("/controls/library/nothing"); a.status != http.StatusNotFound {
		t.Errorf("an unknown control answers %d", a.status)
	}

	back := "/controls/library?use=no#" + d.Slug
	if a := s.post("/controls/"+d.Slug+"/adopt", url.Values{"back": {back}}); a.status != http.StatusSeeOther || a.to != back {
		t.Fatalf("adopting answers %d %s: %s", a.status, a.to, a.text())
	}
	s.says("/controls/library/"+d.Slug, "in use as C-")
	if a := s.post("/controls/"+d.Slug+"/adopt", url.Values{"back": {"https://elsewhere.example"}}); a.status != http.StatusConflict {
		t.Errorf("adopting twice answers %d", a.status)
	}

	if a := s.post("/controls/library", url.Values{}); a.status != http.StatusSeeOther {
		t.Fatalf("adopting the starter profile answers %d: %s", a.status, a.text())
	}
	if text := s.says("/controls/library", "controls are in use").text(); strings.Contains(text, "Adopt the starter profile") {
		t.Error("what is adopted can be adopted")
	}
	if a := s.post("/controls/library", url.Values{}); a.status != http.StatusConflict {
		t.Errorf("adopting the starter profile twice answers %d", a.status)
	}
}

func TestTailorAndRetire(t *testing.T) {
	s := newSite(t)
	s.login()
	const slug = "access-reviewed"
	path := "/controls/" + slug
	s.says(path, "Tailor this control", "Why it differs from the library", "Retire this control")
	d := s.design(slug)
	form := url.Values{"title": {d.Title}, "statement": {d.Statement}, "owner": {"head of finance"}, "performer": {d.Performer},
		"frequency": {d.Frequency}, "trigger": {d.Trigger}, "weight": {string(d.Weight)}, "reason": {""}}
	a := s.post(path+"/tailor", form)
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "Say why the control is changed") || !strings.Contains(a.body, "head of finance") {
		t.Errorf("without a reason it answers %d: %s", a.status, a.text())
	}
	form.Set("reason", "Finance owns the payroll system.")
	if a := s.post(path+"/tailor", form); a.status != http.StatusSeeOther || a.to != path {
		t.Fatalf("tailoring answers %d %s: %s", a.status, a.to, a.text())
	}
	s.says(path, "owner: head of finance", "version 2", "The new version is in force")
	if got := s.design(slug); got.Title != d.Title || got.Statement != d.Statement || got.Frequency != d.Frequency || got.Trigger != d.Trigger {
		t.Errorf("more than the owner changed: %+v", got)
	}
	form.Set("reason", "Once more.")
	if a := s.post(path+"/tailor", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "would change") {
		t.Errorf("changing nothing answers %d: %s", a.status, a.text())
	}
	form.Set("frequency", "daily")
	form.Set("trigger", "a person leaves")
	if a := s.post(path+"/tailor", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "a frequency or a trigger, not both") {
		t.Errorf("a frequency and a trigger answer %d: %s", a.status, a.text())
	}
	if a := s.post(path+"/retire", url.Values{"reason": {" "}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("retiring without a reason answers %d", a.status)
	}
	if a := s.post(path+"/retire", url.Values{"reason": {"Replaced by another one."}}); a.status != http.StatusSeeOther {
		t.Fatalf("retiring answers %d: %s", a.status, a.text())
	}
	s.says("/controls/library/"+slug, "retired", "Adopt this control again")
}

func (s *site) design(slug string) control.Design {
	s.t.Helper()
	c, err := s.cfg.Controls.Get(s.t.Context(), access.System(), slug)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Current().Design
}

// What a form leaves as it was is no change.
func TestTailoringReadsOnlyWhatDiffers(t *testing.T) {
	d := control.Design{Title: "T", Statement: "a\nb", Owner: "o", Performer: "p", Trigger: "a leaver", Weight: control.Key}
	same := url.Values{"title": {"T"}, "statement": {" a\r\nb"}, "owner": {"o"}, "performer": {"p"}, "frequency": {""}, "trigger": {"a leaver"}, "weight": {"key"}}
	if got := tailoring(same, d); got != (control.Tailoring{}) {
		t.Errorf("nothing differs, and %+v", got)
	}
	same.Set("frequency", "daily")
	if got := tailoring(same, d); got.Frequency == nil || *got.Frequency != "daily" || got.Trigger != nil {
		t.Errorf("a frequency in place of the trigger: %+v", got)
	}
	if got := tailoring(url.Values{"reason": {"x"}}, d); got.Title != nil || got.Weight != nil || got.Frequency != nil {
		t.Errorf("fields that were not sent: %+v", got)
	}
}
