package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/ui"
)

// grounds is the services of sites, visitors and sensors, and of badges.
type grounds struct {
	places *place.Service
	badges *badge.Service
}

// keepPlaces makes them over people, vendors and assets. Reviews are made later.
func (p *parts) keepPlaces() error {
	log := journal.Config{DB: p.db, Ledger: p.log, Clock: p.clock}
	p.places = place.New(place.Config{Journal: log, Zone: p.zone, Who: p.people.Owners, Vendor: p.vendorReport,
		Asset: func(ctx context.Context, ref string) (string, error) {
			a, err := p.assets.Get(ctx, access.System(), ref)
			if err != nil {
				return "", err
			}
			return a.Ref, nil
		},
		Guards: func(ctx context.Context, site *place.Object) ([]place.Line, error) {
			return p.badges.Guards(p.reviewedBadges)(ctx, site)
		}})
	p.badges = badge.New(badge.Config{Journal: log, Places: p.places, Who: p.people.Owners, Mark: p.people.Mark})
	return nil
}

// badgeAccounts gives badges to the register of people, which is made before them.
func (p *parts) badgeAccounts(ctx context.Context) ([]host.Accounts, error) {
	if p.badges == nil {
		return nil, nil
	}
	return p.badges.Accounts(ctx)
}

func (p *parts) reviewedBadges(ctx context.Context, system string) (time.Time, string, error) {
	c, err := p.reviews.Reviewed(ctx, system)
	if err != nil || c == nil {
		return time.Time{}, "", err
	}
	return c.Ended.At, c.Ref(), nil
}

// vendorReport says what the report of a vendor comes to for the examined window.
func (p *parts) vendorReport(ctx context.Context, ref string) (place.Line, error) {
	v, err := p.vendors.Get(ctx, access.System(), ref)
	if err != nil {
		return place.Line{}, err
	}
	row, err := p.vendors.Judged(ctx, v)
	if err != nil {
		return place.Line{}, err
	}
	l := place.Line{What: "Report of " + row.Name, Outcome: place.NotObserved, Reason: "nothing is said of its reports", Ref: row.Ref}
	if i := slices.IndexFunc(row.Judged, func(a vendor.Attribute) bool { return a.ID == "report_covers_window" }); i >= 0 {
		l.Outcome, l.Reason = row.Judged[i].Outcome, row.Judged[i].Reason
	}
	if !v.Active() {
		l.Outcome, l.Reason = place.Fail, fmt.Sprintf("%s is not in use as the register of vendors says (%s)", row.Name, row.State)
	}
	return l, nil
}

// takeSensors answers the webhook of a site's cameras and sensors.
func (p *parts) takeSensors(w http.ResponseWriter, r *http.Request) {
	p.takeReport(w, r, place.MaxMessage, func(ctx context.Context, ref, token string, body []byte) (string, error) {
		t, err := p.places.Report(ctx, ref, token, body)
		if err != nil {
			return "", err
		}
		text := fmt.Sprintf("taken: %d readings, %d sensors come to something else", t.Readings, t.Changed)
		if len(t.Unknown) > 0 {
			text += "; nobody declared " + strings.Join(t.Unknown, ", ")
		}
		return text, nil
	})
}

// takeBadges answers the webhook of a badge system.
func (p *parts) takeBadges(w http.ResponseWriter, r *http.Request) {
	p.takeReport(w, r, badge.MaxMessage, func(ctx context.Context, ref, token string, body []byte) (string, error) {
		l, err := p.badges.Report(ctx, ref, token, body)
		if err != nil {
			return "", err
		}
		if l.List.State == badge.Held {
			return "held: " + l.List.Held, nil
		}
		return fmt.Sprintf("taken: %d lines, %d readings are new", l.List.Accepted, l.List.NewReading), nil
	})
}

// takeReport answers a message with a token. One that was taken already is
// answered as such, so that a sender can tell it from a new one.
func (p *parts) takeReport(w http.ResponseWriter, r *http.Request, most int64, take func(ctx context.Context, ref, token string, body []byte) (string, error)) {
	w.Header().Set("Cache-Control", "no-store")
	answer := func(status int, text string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		if _, err := io.WriteString(w, text+"\n"); err != nil {
			p.logger.Debug("a sender of readings went away", "error", err)
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		answer(http.StatusRequestEntityTooLarge, "the message is too large, or was cut off")
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	text, err := take(r.Context(), r.PathValue("ref"), token, body)
	switch {
	case err == nil:
		answer(http.StatusAccepted, text)
	case fault.Is(err, fault.Conflict):
		message, _ := fault.Public(err)
		answer(http.StatusConflict, message)
	default:
		message, _ := fault.Public(err)
		status, known := map[fault.Kind]int{fault.Forbidden: http.StatusForbidden, fault.Invalid: http.StatusUnprocessableEntity, fault.Unavailable: http.StatusServiceUnavailable}[fault.KindOf(err)]
		if !known {
			p.logger.Error("readings could not be taken", "of", r.PathValue("ref"), "error", err)
			status = http.StatusInternalServerError
		}
		answer(status, message)
	}
}

// siteOwners gives whoever may answer for a site, by name.
func (p *parts) siteOwners(ctx context.Context) ([]ui.Option, error) {
	users, err := p.access.Able(ctx, access.PlaceRead)
	var out []ui.Option
	for _, u := range users {
		if u.Role != access.Auditor {
			out = append(out, ui.Option{Value: u.ID, Text: u.Name})
		}
	}
	return out, err
}
