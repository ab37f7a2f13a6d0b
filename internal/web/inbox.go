package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/web/ui"
)

// unread is the bell of the masthead.
func (s *Site) unread(r *request) ui.Bell {
	if s.cfg.Notices == nil || r.who.Confined || access.Authorise(r.who, access.NotificationRead) != nil {
		return ui.Bell{}
	}
	n, err := s.cfg.Notices.Unread(r.Context(), r.who)
	if err != nil {
		if r.Context().Err() == nil {
			s.cfg.Logger.WarnContext(r.Context(), "notices could not be counted", "err", err)
		}
		return ui.Bell{Shown: true}
	}
	if n == 0 {
		return ui.Bell{Shown: true}
	}
	return ui.Bell{Shown: true, Count: ui.Number(n)}
}

const noticesShown = 50

func (s *Site) inbox(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	kind, all := q.Get("kind"), q.Get("all") != ""
	v := ui.InboxView{All: all, Kind: kind, Sum: "Nothing waits for you", Kinds: []ui.Option{{Text: "Every kind", Selected: kind == ""}}}
	known := kind == ""
	for _, k := range notify.Kinds() {
		if access.May(r.who.Role, k.Needs) {
			v.Kinds = append(v.Kinds, ui.Option{Value: k.Name, Text: k.Title, Selected: k.Name == kind})
		}
		known = known || k.Name == kind
	}
	if !known {
		return fault.New(fault.Invalid, "%q is no kind of notice", kind)
	}
	n, err := s.cfg.Notices.Unread(r.Context(), r.who)
	if err != nil {
		return err
	}
	if n > 0 {
		v.Sum = ui.Number(n) + " " + map[bool]string{true: "notice waits for you", false: "notices wait for you"}[n == 1]
	}
	list, err := s.cfg.Notices.List(r.Context(), r.who, all, kind, q.Get("after"), noticesShown+1)
	if err != nil {
		return err
	}
	if len(list) > noticesShown {
		list = list[:noticesShown]
		next := url.Values{"after": {list[noticesShown-1].ID}}
		if kind != "" {
			next.Set("kind", kind)
		}
		if all {
			next.Set("all", "1")
		}
		v.More = "/inbox?" + next.Encode()
	}
	titles := map[string]string{}
	for _, k := range notify.Kinds() {
		titles[k.Name] = k.Title
	}
	for _, x := range list {
		row := ui.NoticeRow{ID: x.ID, Title: x.Title, Href: x.Link, Kind: titles[x.Kind], When: r.words.at(x.ChangedAt), Urgent: x.Urgent, Unread: x.ReadAt.IsZero()}
		if x.Object != "" && x.Count > 1 {
			row.Count = fmt.Sprintf("%d times", x.Count)
		}
		v.Rows = append(v.Rows, row)
	}
	return s.render(w, r, http.StatusOK, ui.Inbox(s.shell(w, r, "Inbox", "", ""), v))
}

func (s *Site) readInbox(w http.ResponseWriter, r *request) error {
	which := r.PostForm["notice"]
	if r.PostFormValue("do") == "all" {
		which = nil
	} else if len(which) == 0 {
		s.flash(w, "No notice was chosen, so none was marked.")
		http.Redirect(w, r.Request, "/inbox", http.StatusSeeOther)
		return nil
	}
	n, err := s.cfg.Notices.MarkRead(r.Context(), r.who, which...)
	if err != nil {
		return err
	}
	s.flash(w, fmt.Sprintf("%d marked as read.", n))
	http.Redirect(w, r.Request, "/inbox", http.StatusSeeOther)
	return nil
}

func (s *Site) choices(w http.ResponseWriter, r *request) error {
	c, err := s.cfg.Notices.Choices(r.Context(), r.who)
	if err != nil {
		return err
	}
	return s.choicesPage(w, r, http.StatusOK, c, nil)
}

func clockTime(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func (s *Site) choicesPage(w http.ResponseWriter, r *request, status int, c notify.Choices, problem error) error {
	v := ui.ChoicesView{Quiet: c.Quiet, Urgent: c.Urgent,
		Zone:   ui.FormField{ID: "zone", Name: "zone", Label: "Time zone", Hint: "Such as Europe/Berlin; UTC where it is left empty.", Value: c.Zone},
		Digest: ui.FormField{ID: "digest_at", Name: "digest_at", Label: "Digests come at", Hint: "Weekly ones on Monday.", Type: "time", Class: "short", Value: clockTime(c.DigestAt)},
		From:   ui.FormField{ID: "quiet_from", Name: "quiet_from", Label: "Quiet from", Type: "time", Class: "short", Value: clockTime(c.QuietFrom)},
		To:     ui.FormField{ID: "quiet_to", Name: "quiet_to", Label: "Quiet until", Type: "time", Class: "short", Value: clockTime(c.QuietTo)}}
	if !c.Quiet && c.QuietFrom == c.QuietTo { // none were ever chosen: what most would
		v.From.Value, v.To.Value = "19:00", "07:00"
	}
	if problem != nil {
		message, hint := fault.Public(problem)
		v.Problem, v.Hint = sentence(message), sentence(hint)
	}
	if err := s.byMail(r, &v); err != nil {
		return err
	}
	for _, k := range notify.Kinds() {
		if !access.May(r.who.Role, k.Needs) {
			continue
		}
		f := ui.FormField{ID: "way-" + strings.ReplaceAll(k.Name, ".", "-"), Name: "way." + k.Name, Label: k.Title}
		for _, way := range notify.Ways() {
			f.List = append(f.List, ui.Option{Value: string(way), Text: way.Title(), Selected: c.Way(k) == way})
		}
		v.Kinds = append(v.Kinds, f)
	}
	return s.render(w, r, status, ui.NoticeChoices(s.shell(w, r, "How you want to be told", "", ""), v))
}

func (s *Site) choose(w http.ResponseWriter, r *request) error {
	c := notify.Choices{Ways: map[string]notify.Way{}, Zone: strings.TrimSpace(r.PostFormValue("zone")), Quiet: r.PostFormValue("quiet") != "", Urgent: r.PostFormValue("urgent") != ""}
	for _, k := range notify.Kinds() {
		if way := r.PostFormValue("way." + k.Name); way != "" {
			c.Ways[k.Name] = notify.Way(way)
		}
	}
	for name, to := range map[string]*int{"digest_at": &c.DigestAt, "quiet_from": &c.QuietFrom, "quiet_to": &c.QuietTo} {
		text := r.PostFormValue(name)
		if text == "" {
			continue
		}
		t, err := time.Parse("15:04", text)
		if err != nil {
			return s.choicesPage(w, r, http.StatusUnprocessableEntity, c, fault.New(fault.Invalid, "%q is no time of a day", text).At("", 0, name).WithHint("write it as 08:00"))
		}
		*to = t.Hour()*60 + t.Minute()
	}
	err := s.cfg.Notices.Choose(r.Context(), r.who, c)
	if fault.Is(err, fault.Invalid) {
		return s.choicesPage(w, r, http.StatusUnprocessableEntity, c, err)
	}
	if err != nil {
		return err
	}
	s.flash(w, "Your choices are kept. They hold for what happens from now on.")
	http.Redirect(w, r.Request, "/account/notifications", http.StatusSeeOther)
	return nil
}

// slip shows what a link in a mail acknowledges. Following it changes nothing:
// mail filters follow links too. Pressing the button does.
func (s *Site) slip(w http.ResponseWriter, r *request) error {
	a, err := s.slipSays(r, s.cfg.Notices.Slip)
	if err != nil {
		return s.goneSlip(w, r, err)
	}
	v := ui.SlipView{Title: a.Title, When: r.words.at(a.ChangedAt), Takes: a.Takes, Done: !a.ReadAt.IsZero(), Href: a.Link, Action: r.URL.EscapedPath()}
	return s.render(w, r, http.StatusOK, ui.Slip(s.shell(w, r, "Acknowledge", "", ""), v))
}

func (s *Site) useSlip(w http.ResponseWriter, r *request) error {
	a, err := s.slipSays(r, s.cfg.Notices.Acknowledge)
	if err != nil {
		return s.goneSlip(w, r, err)
	}
	v := ui.SlipView{Title: a.Title, When: r.words.at(a.ChangedAt), Takes: a.Takes && a.Why == "", Done: true, Now: true, Why: sentence(a.Why), Href: a.Link}
	return s.render(w, r, http.StatusOK, ui.Slip(s.shell(w, r, "Acknowledge", "", ""), v))
}

func (s *Site) slipSays(r *request, ask func(context.Context, string) (notify.Acknowledged, error)) (notify.Acknowledged, error) {
	if s.cfg.Notices == nil {
		return notify.Acknowledged{}, fault.New(fault.NotFound, "this link opens nothing")
	}
	return ask(r.Context(), r.PathValue("slip"))
}

func (s *Site) goneSlip(w http.ResponseWriter, r *request, err error) error {
	status := map[fault.Kind]int{fault.NotFound: http.StatusNotFound, fault.Forbidden: http.StatusForbidden}[fault.KindOf(err)]
	if status == 0 {
		return err
	}
	message, hint := fault.Public(err)
	return s.render(w, r, status, ui.Slip(s.shell(w, r, "Link", "", ""), ui.SlipView{Gone: sentence(message), Hint: sentence(hint)}))
}
