package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/dustin/go-humanize"
)

// patience is how long a page waits for a package before it says that it is being
// made.
const patience = 3 * time.Second

// packages lists what was built for an engagement, and what is being built.
func (s *Site) packages(r *request, g engagement.Engagement, v *ui.EngagementView) error {
	if !access.May(r.who.Role, access.PackageRead) {
		return nil
	}
	subject := strconv.Itoa(g.Number)
	list, err := s.cfg.Packages.List(r.Context(), r.who, export.Engagement, subject, "", 50)
	if err != nil {
		return err
	}
	var by []string
	for _, e := range list {
		by = append(by, e.MadeBy)
	}
	names := s.names(r.Context(), by)
	for _, e := range list {
		who := names[e.MadeBy]
		if who == "" {
			who = "the system"
		}
		v.Packages = append(v.Packages, ui.PackageRow{Title: fmt.Sprintf("%s files, %s records of the ledger, by %s", ui.Number(e.Files), ui.Number(e.End-e.Start+e.Records), who),
			Made: r.words.at(e.MadeAt), Digest: e.Digest, Size: humanize.Bytes(uint64(e.Size)), Href: engagementPath(g.Number, "packages", e.ID)})
	}
	if !access.May(r.who.Role, access.PackageExport) {
		return nil
	}
	v.Pack = engagementPath(g.Number, "packages")
	for _, j := range s.cfg.Packages.Jobs(r.who) {
		if j.Request.Kind != export.Engagement || j.Request.ID != subject {
			continue
		}
		switch {
		case j.Running:
			v.Pack = ""
			v.Notices = append(v.Notices, fmt.Sprintf("A package is being made (%s: %s of %s). Load this page again to see it.", orNone(j.Progress.Step), ui.Number(j.Progress.Done), ui.Number(j.Progress.Total)))
		case j.Err != nil:
			bad, err := problem(j.Err)
			if err != nil {
				bad.Text = "what it is made of cannot be read as it was recorded: " + sentence(err.Error())
			}
			v.Notices = append(v.Notices, "The last package could not be made: "+bad.Text)
		}
		break // the newest alone
	}
	return nil
}

// buildPackage makes the package of an engagement. What takes long goes on behind
// the page.
func (s *Site) buildPackage(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	from, to := g.Window()
	id, err := s.cfg.Packages.Begin(r.who, export.Request{Kind: export.Engagement, ID: strconv.Itoa(g.Number), Title: g.Title, From: from, To: to, Zone: g.Location().String()})
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.engagementRoom(w, r, http.StatusUnprocessableEntity, g, bad)
	}
	until := time.NewTimer(patience)
	defer until.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		j, err := s.cfg.Packages.Status(r.who, id)
		if err != nil {
			return err
		}
		if !j.Running && j.Err != nil {
			bad, err := problem(j.Err)
			if err != nil {
				return err
			}
			return s.engagementRoom(w, r, http.StatusUnprocessableEntity, g, bad)
		}
		if !j.Running {
			s.flash(w, fmt.Sprintf("The package is built: %s. That it was is an entry in the ledger.", many(j.Result.Files, "file", "files")))
			break
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-until.C:
			s.flash(w, "The package is being made. Load this page again to see it.")
		case <-tick.C:
			continue
		}
		break
	}
	http.Redirect(w, r.Request, engagementPath(g.Number)+"#h-pkg", http.StatusSeeOther)
	return nil
}

// takePackage gives a package away.
func (s *Site) takePackage(w http.ResponseWriter, r *request) error {
	if _, err := s.engagementOf(r); err != nil {
		return err
	}
	f, e, err := s.cfg.Packages.Open(r.Context(), r.who, r.PathValue("package"))
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", e.FileName()))
	w.Header().Set("Cache-Control", "no-store")
	http.ServeContent(w, r.Request, "", time.Time{}, f)
	return nil
}
