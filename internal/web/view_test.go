package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
)

// A view leads back to the filter; others see it once it is shared; one that no
// longer fits says so.
func TestViews(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	save := func(name, address string) answer {
		return s.post("/views", url.Values{"name": {name}, "address": {address}})
	}
	if a := save("Every one", "/findings?state=all&after=x"); a.status != http.StatusSeeOther || a.to != "/findings?state=all" {
		t.Fatalf("%d %s %s", a.status, a.to, a.text())
	}
	id := between(s.says("/findings", "Every one").body, `href="/views/`, `"`)
	if a := s.get("/views/" + id); a.status != http.StatusSeeOther || a.to != "/findings?state=all" {
		t.Errorf("it leads to %d %s", a.status, a.to)
	}
	for name, bad := range map[string][2]string{"the same name": {"every ONE", "/findings"}, "no name": {" ", "/findings"}, "no list": {"A", "/account"},
		"elsewhere": {"B", "https://example.com/findings"}, "a filter that is none": {"C", "/findings?state=purple"}} {
		if a := save(bad[0], bad[1]); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %d %s", name, a.status, a.text())
		}
	}
	admin := s.client
	s.as("vera", access.Viewer)
	viewer := s.client
	if a := s.get("/views/" + id); a.status != http.StatusNotFound {
		t.Errorf("another's own view: %d", a.status)
	}
	if a := s.post("/views/"+id+"/share", url.Values{"shared": {"yes"}}); a.status != http.StatusForbidden {
		t.Errorf("a viewer shares: %d", a.status)
	}
	s.client = admin
	if a := s.post("/views/"+id+"/share", url.Values{"shared": {"yes"}}); a.status != http.StatusSeeOther {
		t.Fatalf("share: %d %s", a.status, a.text())
	}
	s.client = viewer
	if a := s.get("/views/" + id); a.status != http.StatusSeeOther {
		t.Errorf("a shared view: %d", a.status)
	}
	if a := s.post("/views/"+id+"/remove", url.Values{}); a.status != http.StatusForbidden {
		t.Errorf("a viewer removes a shared view: %d", a.status)
	}
	s.client = admin
	if _, err := s.db.Writer().ExecContext(t.Context(), `UPDATE desk_view SET query = 'state=purple'`); err != nil {
		t.Fatal(err)
	}
	if a := s.get("/views/" + id); a.status < 400 || a.status >= 500 || !strings.Contains(a.text(), "no longer fits") {
		t.Errorf("a view that no longer fits: %d %s", a.status, a.text())
	}
	if a := s.post("/views/"+id+"/remove", url.Values{}); a.status != http.StatusSeeOther {
		t.Errorf("remove: %d %s", a.status, a.text())
	}
	if a := s.get("/views/" + id); a.status != http.StatusNotFound {
		t.Errorf("it is still there: %d", a.status)
	}
}
