package export

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"path"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/offline"
)

// The pages are for people: static, without script, readable from a disk. They
// are made here and not among the screens, because they leave with the package.
//
//go:embed pages/index.html pages/README.txt
var pageFiles embed.FS

var (
	pageFuncs  = map[string]any{"date": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }, "short": func(s string) string { return s[:12] }}
	indexPage  = template.Must(template.New("index.html").Funcs(pageFuncs).ParseFS(pageFiles, "pages/index.html"))
	readmePage = texttemplate.Must(texttemplate.New("README.txt").Funcs(pageFuncs).ParseFS(pageFiles, "pages/README.txt"))
)

// maxListed bounds how many files of a directory the index names.
const maxListed = 500

// page is what both pages show.
type page struct {
	Manifest offline.Manifest
	Counts   counts
	Days     string
	Control  bool
	Parts    []part
	Digest   string // of the head's root
	Size     string
}

// part is a directory of the package.
type part struct {
	Name, What string
	Files      []offline.File
	Number     int
	More       int
}

var parts = []struct{ dir, what string }{
	{"engagement/", "what was asked in the engagement and how it was answered; requests.xlsx is the same as a workbook"},
	{offline.PostureDir, "what Attesta derived of criteria, controls and checks at the window's end, and the counts that daily runs commit to"},
	{offline.PopulationDir, "populations that were frozen, item by item, each with its definition; the tables are the same as CSV"},
	{"workbooks/", "each population as a workbook to tie out: items, how they were taken, what was left out, second sources"},
	{"register/", "waivers and exclusions that held in the window"},
	{offline.DesignDir, "what controls said, version by version"},
	{offline.ScopeDir, "what was examined, version by version"},
	{offline.BlobDir, "content that records name, under its SHA-256"},
	{"coverage/", "when sources were not heard"},
	{offline.PersonalDir, "personal data that was disclosed for this package, with what shows that it is what was recorded"},
	{offline.RecordDir, "records outside the window, or chosen ones, each with its proof; records.csv lists them"},
	{offline.LogDir, "every entry of the window, and the hashes around them (C2SP tlog-tiles)"},
	{"checkpoints/", "what the ledger signed at the window's start and end, and when the package was made"},
	{"proofs/", "that each checkpoint continues the one before"},
	{"keys/", "the key that the organisation says is its ledger's: compare it with your trust file, never take it from here"},
}

// pages writes README.txt and index.html.
func (b *build) pages(ctx context.Context) error {
	zone, err := time.LoadLocation(b.b.Zone)
	if err != nil {
		return fmt.Errorf("the window's zone: %w", err)
	}
	p := page{Manifest: b.m, Counts: b.counts, Control: b.b.Kind == Control, Digest: proof.EncodeHash(b.head.Root),
		Days: b.b.From.In(zone).Format("2 Jan 2006") + " to " + b.b.To.Add(-time.Microsecond).In(zone).Format("2 Jan 2006")}
	for _, d := range parts {
		one := part{Name: d.dir, What: d.what}
		for _, f := range b.w.Files() {
			if !strings.HasPrefix(f.Path, d.dir) || (d.dir == "proofs/" && strings.HasPrefix(f.Path, offline.RecordDir)) {
				continue
			}
			one.Number++
			if d.dir == offline.LogDir || d.dir == offline.RecordDir || len(one.Files) >= maxListed {
				one.More++
				continue
			}
			one.Files = append(one.Files, f)
		}
		if one.Number > 0 {
			p.Parts = append(p.Parts, one)
		}
	}
	var text, html bytes.Buffer
	if err := readmePage.Execute(&text, p); err != nil {
		return fmt.Errorf("write the README: %w", err)
	}
	if err := indexPage.Execute(&html, p); err != nil {
		return fmt.Errorf("write the index: %w", err)
	}
	if err := b.w.AddBytes(ctx, offline.ReadmeFile, text.Bytes()); err != nil {
		return err
	}
	return b.w.AddBytes(ctx, offline.IndexFile, html.Bytes())
}

// Base gives a file's name for the index.
func (p part) Base(f offline.File) string {
	if p.Name == offline.BlobDir {
		return path.Base(f.Path)[:16] + "…"
	}
	return strings.TrimPrefix(f.Path, p.Name)
}
