package web

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

// What a scanner wrote and a person brought is read on its own screen; another
// file, and one that was cut, say why they are none.
func TestEvidenceReadAsScan(t *testing.T) {
	s, slug, _ := manual(t)
	xml, err := os.ReadFile("../connectors/xccdf/testdata/result.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []part{{"file", string(xml), "scan.xml"}, {"file", "<html><body>a report</body></html>", "report.xml"}, {"file", string(xml[:len(xml)/2]), "cut.xml"}, {"file", csv, "members.csv"}} {
		if a := s.bring(withParts(reviewOf(slug), f)); a.status != http.StatusSeeOther {
			t.Fatalf("bringing %s answers %d: %s", f.file, a.status, a.text())
		}
	}
	s.says("/evidence/E-1", "Read as a scan")
	if strings.Contains(s.get("/evidence/E-4").text(), "Read as a scan") {
		t.Error("a table is offered as a scan")
	}
	s.says("/evidence/E-1/1/scan", "web-1.example.org", "2 not in order", "1 pass", "1 without outcome", "Root does not log in over the network", "EX-1", "notchecked", "not observed", "14 Mar 2026", "opens no finding")
	page := s.get("/evidence/E-1/1/scan?outcome=pass").text()
	if !strings.Contains(page, "A banner is shown") || strings.Contains(page, "Root does not log in") {
		t.Errorf("the rules that pass: %s", page)
	}
	for ref, words := range map[string]string{"E-2": "HTML report", "E-3": "cut.xml:16: ends in the middle", "E-4": "scan"} {
		if a := s.get("/evidence/" + ref + "/1/scan"); a.status < 400 || a.status >= 500 || !strings.Contains(a.text(), words) {
			t.Errorf("%s answers %d: %s", ref, a.status, a.text())
		}
	}
}
