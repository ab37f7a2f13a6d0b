package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/notify/webhook"
	"github.com/attesta/attesta/internal/web/ui"
)

// webhookForm asks for a webhook's settings; the address is never shown again.
func webhookForm(set webhook.Settings, fresh bool, problem error) ui.WebhookForm {
	f := ui.WebhookForm{
		Name:   ui.FormField{ID: "w-name", Name: "name", Label: "Name", Hint: "For people: on-call channel", Value: set.Name, Need: true},
		URL:    ui.FormField{ID: "w-url", Name: "url", Label: "Address", Hint: "As the receiver gives it. It is sealed, and not shown again.", Value: set.URL, Need: fresh},
		Format: ui.FormField{ID: "w-format", Name: "format", Label: "Format", List: []ui.Option{{Value: "attesta", Text: "attesta: JSON with everything, for programs", Selected: set.Format != webhook.Slack}, {Value: "slack", Text: "slack: a message for a channel of Slack or Mattermost", Selected: set.Format == webhook.Slack}}},
	}
	if !fresh {
		f.URL.Label, f.URL.Hint = "Another address", "Left empty it stays as it is."
	}
	for _, e := range webhook.Events() {
		f.Events = append(f.Events, ui.Option{Value: e.Name, Text: e.Title, Selected: slices.Contains(set.Events, e.Name)})
	}
	var wrong *fault.Error
	if errors.As(problem, &wrong) {
		for name, field := range map[string]*ui.FormField{"name": &f.Name, "url": &f.URL, "format": &f.Format} {
			if wrong.Field == name {
				field.Problem = sentence(wrong.Message) + " " + sentence(wrong.Hint)
			}
		}
		f.EventsWrong = wrong.Field == "events"
	}
	return f
}

func webhookSettings(r *request) webhook.Settings {
	return webhook.Settings{Name: r.PostFormValue("name"), URL: r.PostFormValue("url"), Format: webhook.Format(r.PostFormValue("format")), Events: r.PostForm["events"]}
}

func (s *Site) webhooks(w http.ResponseWriter, r *request) error {
	return s.webhooksPage(w, r, http.StatusOK, webhook.Settings{}, nil)
}

func (s *Site) webhooksPage(w http.ResponseWriter, r *request, status int, set webhook.Settings, problem error) error {
	all, err := s.cfg.Webhooks.List(r.Context(), r.who)
	if err != nil {
		return err
	}
	v := ui.WebhooksView{May: access.May(r.who.Role, access.SettingsEdit), Form: webhookForm(set, true, problem)}
	if problem != nil {
		message, hint := fault.Public(problem)
		v.Problem, v.Hint = sentence(message), sentence(hint)
	}
	for _, h := range all {
		v.Rows = append(v.Rows, ui.WebhookRow{Name: h.Name, Href: "/settings/webhooks/" + h.ID, Place: h.Place, Format: string(h.Format), State: h.State(), Events: fmt.Sprintf("%d of %d", len(h.Events), len(webhook.Events()))})
	}
	return s.render(w, r, status, ui.Webhooks(s.shell(w, r, "Webhooks", "Settings", "Webhooks"), v))
}

func (s *Site) addWebhook(w http.ResponseWriter, r *request) error {
	set := webhookSettings(r)
	h, secret, err := s.cfg.Webhooks.Add(r.Context(), r.who, set)
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Conflict {
		return s.webhooksPage(w, r, http.StatusUnprocessableEntity, set, err)
	}
	if err != nil {
		return err
	}
	return s.webhookPage(w, r, http.StatusOK, h.ID, webhookSaid{secret: secret, done: "The webhook is added. Send it a test."})
}

func (s *Site) webhook(w http.ResponseWriter, r *request) error {
	return s.webhookPage(w, r, http.StatusOK, r.PathValue("id"), webhookSaid{})
}

// webhookSaid is what was just done, for the page that says so.
type webhookSaid struct {
	secret, done string
	set          *webhook.Settings // as typed
	problem      error
}

func (s *Site) webhookPage(w http.ResponseWriter, r *request, status int, id string, said webhookSaid) error {
	h, err := s.cfg.Webhooks.Get(r.Context(), r.who, id)
	if err != nil {
		return err
	}
	set := webhook.Settings{Name: h.Name, Format: h.Format, Events: h.Events}
	if said.set != nil {
		set = *said.set
	}
	path := "/settings/webhooks/" + h.ID
	v := ui.WebhookView{Name: h.Name, Place: h.Place, Format: string(h.Format), State: h.State(), Path: path, Secret: said.secret, Done: said.done,
		May: access.May(r.who.Role, access.SettingsEdit), Paused: !h.PausedAt.IsZero(), Form: webhookForm(set, false, said.problem)}
	switch {
	case v.Paused:
		v.Why = "Paused: " + h.PausedWhy + ". What happens meanwhile is held."
	case h.Failing > 0:
		v.Why = fmt.Sprintf("%d attempts in a row failed, since %s.", h.Failing, h.FailedSince.In(r.words.zone).Format("2 Jan 15:04"))
	}
	if r.now.Before(h.FormerUntil) {
		v.Former = h.FormerUntil.In(r.words.zone).Format("2 Jan 15:04")
	}
	if said.problem != nil {
		message, hint := fault.Public(said.problem)
		v.Problem, v.Hint = sentence(message), sentence(hint)
	}
	state, before := "", ""
	if r.Method == http.MethodGet {
		state, before = r.URL.Query().Get("state"), r.URL.Query().Get("before")
	}
	for _, o := range []ui.Option{{Text: "Every state"}, {Value: "waiting", Text: "Waiting"}, {Value: "delivered", Text: "Delivered"}, {Value: "failed", Text: "Failed"}, {Value: "held", Text: "Held"}} {
		o.Selected = o.Value == state
		v.States = append(v.States, o)
	}
	const shown = 25
	list, err := s.cfg.Webhooks.Messages(r.Context(), r.who, h.ID, state, before, shown+1)
	if err != nil {
		return err
	}
	if len(list) > shown {
		list = list[:shown]
		next := url.Values{"before": {list[shown-1].ID}}
		if state != "" {
			next.Set("state", state)
		}
		v.More = path + "?" + next.Encode()
	}
	for _, m := range list {
		row := ui.DeliveryRow{ID: m.ID, Event: m.Event, State: string(m.State), Made: r.words.at(m.MadeAt)}
		if m.Items > 1 {
			row.Items = fmt.Sprintf("%d in it", m.Items)
		}
		tries, err := s.cfg.Webhooks.Attempts(r.Context(), r.who, m.ID)
		if err != nil {
			return err
		}
		if len(tries) > 0 {
			a := tries[len(tries)-1]
			row.Attempts, row.Answer = fmt.Sprintf("after %d", len(tries)), a.Answer
			row.Last = fmt.Sprintf("%s, %s", a.At.In(r.words.zone).Format("2 Jan 15:04:05"), took(a.Took))
			if a.Status != 0 {
				row.Last += fmt.Sprintf(", answer %d", a.Status)
			}
			if a.Trouble != "" {
				row.Last += ": " + a.Trouble
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return s.render(w, r, status, ui.Webhook(s.shell(w, r, h.Name, "Settings", "Webhooks"), v))
}

func took(d time.Duration) string { return d.Round(time.Millisecond).String() }

func (s *Site) changeWebhook(w http.ResponseWriter, r *request) error {
	id, hooks := r.PathValue("id"), s.cfg.Webhooks
	said := webhookSaid{}
	var err error
	tried := func(a webhook.Attempt) string {
		if a.Trouble == "" {
			return fmt.Sprintf("The receiver answered %d in %s.", a.Status, took(a.Took))
		}
		return "It was not taken: " + sentence(a.Trouble)
	}
	var a webhook.Attempt
	switch r.PostFormValue("do") {
	case "test":
		if a, err = hooks.Test(r.Context(), r.who, id); err == nil {
			said.done = tried(a)
		}
	case "again":
		if a, err = hooks.Again(r.Context(), r.who, r.PostFormValue("message")); err == nil {
			said.done = tried(a)
		}
	case "pause":
		err, said.done = hooks.Pause(r.Context(), r.who, id), "It is paused. What happens meanwhile is held."
	case "resume":
		err, said.done = hooks.Resume(r.Context(), r.who, id), "It is sent to again, and first what was held for less than a day."
	case "rotate":
		_, said.secret, err = hooks.Rotate(r.Context(), r.who, id)
		said.done = "Both secrets sign for a day; after that the new one alone."
	case "remove":
		if err = hooks.Remove(r.Context(), r.who, id); err == nil {
			s.flash(w, "The webhook is removed, its address and secrets are forgotten.")
			http.Redirect(w, r.Request, "/settings/webhooks", http.StatusSeeOther)
			return nil
		}
	case "change":
		set := webhookSettings(r)
		said.set = &set
		_, err = hooks.Change(r.Context(), r.who, id, set)
		said.done = "It is changed."
	default:
		err = fault.New(fault.Invalid, "%q is nothing that can be done with a webhook", r.PostFormValue("do"))
	}
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Conflict {
		return s.webhookPage(w, r, http.StatusUnprocessableEntity, id, webhookSaid{set: said.set, problem: err})
	}
	if err != nil {
		return err
	}
	if said.set != nil {
		said.set = nil
	}
	return s.webhookPage(w, r, http.StatusOK, id, said)
}
