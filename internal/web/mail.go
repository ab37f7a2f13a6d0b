package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/web/ui"
)

const mailsShown = 25

func mailWhy(why string) string {
	if why == mail.WhyTest {
		return "Test"
	}
	return notify.Way(why).Title()
}

func mailRow(r *request, m mail.Sending, who string) ui.MailRow {
	row := ui.MailRow{Who: who, Why: mailWhy(m.Why), State: string(m.State), Made: r.words.at(m.MadeAt), Said: m.Answer}
	if m.Trouble != "" {
		row.Said = sentence(m.Trouble)
	}
	if m.Notices > 0 {
		row.Holds = fmt.Sprintf("%d in it", m.Notices)
	}
	if m.Attempts > 1 {
		row.Attempts = fmt.Sprintf("after %d attempts", m.Attempts)
	}
	if m.State == mail.Waiting && m.Attempts > 0 {
		row.Next = "It is tried again at " + m.NextAt.In(r.words.zone).Format("2 Jan 15:04")
	}
	return row
}

func (s *Site) mail(w http.ResponseWriter, r *request) error {
	set, ok, err := s.cfg.Mail.Settings(r.Context(), r.who)
	if err != nil {
		return err
	}
	if !ok {
		set = mail.Usual()
	}
	return s.mailPage(w, r, http.StatusOK, set, "", nil)
}

func (s *Site) mailPage(w http.ResponseWriter, r *request, status int, set mail.Settings, done string, problem error) error {
	kept, ok, err := s.cfg.Mail.Settings(r.Context(), r.who)
	if err != nil {
		return err
	}
	v := ui.MailView{Done: done, May: access.May(r.who.Role, access.SettingsEdit), Set: ok,
		Host:     ui.FormField{ID: "m-host", Name: "host", Label: "Server", Hint: "mail.example.org", Value: set.Host, Need: true},
		Port:     ui.FormField{ID: "m-port", Name: "port", Label: "Port", Hint: "587 with STARTTLS, 465 with TLS from the start.", Type: "number", Class: "short", Value: strconv.Itoa(set.Port), Need: true},
		TLS:      ui.FormField{ID: "m-tls", Name: "tls", Label: "Encryption"},
		User:     ui.FormField{ID: "m-user", Name: "user", Label: "User", Hint: "Empty where the server asks for none.", Value: set.User},
		Password: ui.FormField{ID: "m-password", Name: "password", Label: "Password", Hint: "It is sealed, and not shown again. Left empty it stays as it is.", Type: "password"},
		From:     ui.FormField{ID: "m-from", Name: "from", Label: "Mail comes from", Hint: "Attesta <attesta@example.org>", Value: set.From, Need: true},
		Per:      ui.FormField{ID: "m-per", Name: "per_minute", Label: "Mails in a minute, at most", Type: "number", Class: "short", Value: strconv.Itoa(set.PerMinute), Need: true},
	}
	for _, m := range mail.Modes() {
		v.TLS.List = append(v.TLS.List, ui.Option{Value: string(m), Text: m.Title(), Selected: set.TLS == m})
	}
	if ok {
		v.Server = fmt.Sprintf("%s, port %d, %s", kept.Host, kept.Port, kept.TLS.Title())
	}
	if problem != nil {
		message, hint := fault.Public(problem)
		v.Problem, v.Hint = sentence(message), sentence(hint)
		var wrong *fault.Error
		for _, f := range []*ui.FormField{&v.Host, &v.Port, &v.TLS, &v.User, &v.Password, &v.From, &v.Per} {
			if errors.As(problem, &wrong) && wrong.Field == f.Name {
				f.Problem = sentence(message) + " " + sentence(hint)
			}
		}
	}
	if v.May && ok {
		u, err := s.cfg.Access.User(r.Context(), r.who, r.who.UserID)
		if err != nil {
			return err
		}
		if v.To = "A test goes to " + u.Email + "."; u.Email == "" {
			v.To = "Your account has no address that a test could go to; give it one under Users."
		}
	}
	if err := s.mailLog(r, &v); err != nil {
		return err
	}
	return s.render(w, r, status, ui.Mail(s.shell(w, r, "Mail", "Settings", "Mail"), v))
}

// mailLog puts the mails into the page, narrowed as its address says.
func (s *Site) mailLog(r *request, v *ui.MailView) error {
	q := url.Values{}
	if r.Method == http.MethodGet {
		q = r.URL.Query()
	}
	f := mail.Filter{State: mail.State(q.Get("state")), Why: q.Get("why")}
	options := func(chosen, all string, values []string, text func(string) string) []ui.Option {
		list := []ui.Option{{Text: all, Selected: chosen == ""}}
		for _, x := range values {
			list = append(list, ui.Option{Value: x, Text: text(x), Selected: x == chosen})
		}
		return list
	}
	v.States = options(string(f.State), "Every state", []string{"waiting", "sending", "sent", "failed"}, func(x string) string { return strings.ToUpper(x[:1]) + x[1:] })
	v.Whys = options(f.Why, "Everything", []string{"at_once", "daily", "weekly", mail.WhyTest}, mailWhy)
	list, err := s.cfg.Mail.Log(r.Context(), r.who, f, q.Get("after"), mailsShown+1)
	if err != nil {
		return err
	}
	if len(list) > mailsShown {
		list = list[:mailsShown]
		next := url.Values{"after": {list[mailsShown-1].ID}}
		for name, value := range map[string]string{"state": string(f.State), "why": f.Why} {
			if value != "" {
				next.Set(name, value)
			}
		}
		v.More = "/settings/mail?" + next.Encode()
	}
	names := map[string]string{}
	for _, m := range list {
		if _, known := names[m.User]; !known {
			u, err := s.cfg.Access.User(r.Context(), access.System(), m.User)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			names[m.User] = u.Name
		}
		v.Rows = append(v.Rows, mailRow(r, m, nameOr(names, m.User)))
	}
	return nil
}

func (s *Site) changeMail(w http.ResponseWriter, r *request) error {
	set, ok, err := s.cfg.Mail.Settings(r.Context(), r.who)
	if err != nil {
		return err
	}
	if !ok {
		set = mail.Usual()
	}
	switch r.PostFormValue("do") {
	case "set":
		set = mail.Settings{Host: r.PostFormValue("host"), TLS: mail.Mode(r.PostFormValue("tls")), User: r.PostFormValue("user"), Password: r.PostFormValue("password"), From: r.PostFormValue("from")}
		for name, to := range map[string]*int{"port": &set.Port, "per_minute": &set.PerMinute} {
			if *to, err = strconv.Atoi(strings.TrimSpace(r.PostFormValue(name))); err != nil {
				return s.mailPage(w, r, http.StatusUnprocessableEntity, set, "", fault.New(fault.Invalid, "%q is no number", r.PostFormValue(name)).At("", 0, name).WithHint("write digits alone"))
			}
		}
		if err = s.cfg.Mail.Set(r.Context(), r.who, set); err == nil {
			s.flash(w, "The mail server is kept. Send yourself a test message.")
		}
	case "remove":
		if err = s.cfg.Mail.Remove(r.Context(), r.who); err == nil {
			s.flash(w, "The mail server is removed, its password is forgotten. No mail is sent.")
		}
	case "test":
		var m mail.Sending
		if m, err = s.cfg.Mail.Test(r.Context(), r.who); err == nil {
			if m.State == mail.Sent {
				return s.mailPage(w, r, http.StatusOK, set, fmt.Sprintf("The server took it in %s and answered: %s", took(m.Took), m.Answer), nil)
			}
			return s.mailPage(w, r, http.StatusOK, set, "", fault.New(fault.Unavailable, "the test was not taken: %s", m.Trouble).WithHint("the settings are kept as they are; change what the answer speaks of"))
		}
	default:
		err = fault.New(fault.Invalid, "%q is nothing that can be done with the mail server", r.PostFormValue("do"))
	}
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Conflict {
		return s.mailPage(w, r, http.StatusUnprocessableEntity, set, "", err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r.Request, "/settings/mail", http.StatusSeeOther)
	return nil
}

// byMail says whether and where mail reaches the reader, with what was sent.
func (s *Site) byMail(r *request, v *ui.ChoicesView) error {
	v.Mail = "No mail server is set, so no mail is sent: what you choose is kept for when one is."
	if s.cfg.Mail == nil {
		return nil
	}
	ready, err := s.cfg.Mail.Ready(r.Context())
	if err != nil {
		return err
	}
	if ready {
		u, err := s.cfg.Access.User(r.Context(), r.who, r.who.UserID)
		if err != nil {
			return err
		}
		if v.Mail = "Mail goes to " + u.Email + "."; u.Email == "" {
			v.Mail = "Your account has no address, so no mail is sent to you; an administrator can give it one."
		}
	}
	list, err := s.cfg.Mail.Own(r.Context(), r.who, 10)
	for _, m := range list {
		v.Sent = append(v.Sent, mailRow(r, m, ""))
	}
	return err
}
