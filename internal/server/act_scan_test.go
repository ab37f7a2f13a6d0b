package server

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/evidence"
)

// What a person leaves out is taken from the scanner's file, its day in the
// organisation's zone; what they say stands.
func TestFromScan(t *testing.T) {
	zone := time.FixedZone("UTC+16", 16*3600) // 08:26:53 UTC is the next day there
	file := filepath.Join("..", "connectors", "xccdf", "testdata", "result.xml")
	var n evidence.New
	if err := fromScan(&n, file, zone); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 15, 0, 0, 0, 0, zone)
	if !n.Performed.Equal(day) || !n.From.Equal(day) || !n.To.Equal(day.AddDate(0, 0, 1)) {
		t.Errorf("performed %s, covers %s to %s", n.Performed, n.From, n.To)
	}
	if n.Title != "Scan of web-1.example.org: xccdf_example_profile_base" || n.Source != "cpe:/a:example:scanner:1 on web-1.example.org" ||
		n.Query != "benchmark xccdf_example_benchmark_HOSTS 0.9, profile xccdf_example_profile_base" ||
		n.Description != "Rules: 1 pass, 1 fail, 0 error, 1 not observed, 0 not applicable; 1 without outcome." {
		t.Errorf("%+v", n)
	}
	said := evidence.New{Title: "Quarterly scan", Performed: day.AddDate(0, 0, 2)}
	if err := fromScan(&said, file, zone); err != nil || said.Title != "Quarterly scan" || !said.Performed.Equal(day.AddDate(0, 0, 2)) {
		t.Errorf("what was said is overwritten: %+v, %v", said, err)
	}
	if err := fromScan(&n, "act_scan_test.go", zone); !fault.Is(err, fault.Invalid) {
		t.Errorf("a file that is no scan: %v", err)
	}
	if err := fromScan(&n, "none.xml", zone); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
}
