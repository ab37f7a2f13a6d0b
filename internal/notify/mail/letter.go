package mail

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// Letter is what one mail says. Links are paths of this site.
type Letter struct {
	To      string
	Subject string // this program's words alone
	Lead    string
	Items   []Item
	More    string // what is not listed
	Why     string // why the reader gets it

	NotBefore time.Time // after now: it waits, and nothing is sent
	Gone      string    // why nobody is to be sent it any more
}

// Item is one thing in a mail.
type Item struct {
	Title  string
	Link   string
	Urgent bool
	Act    string // what the signed link says: "Take it on"
	ActAt  string // its path; "" for none
}

// domain is the name in Message-IDs.
func (s *Service) domain() string {
	if u, err := url.Parse(s.cfg.Site); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "attesta.invalid"
}

// view is the letter with whole addresses.
func (s *Service) view(l Letter) ui.LetterView {
	v := ui.LetterView{Subject: l.Subject, Lead: l.Lead, More: l.More, Why: l.Why, Choices: s.cfg.Site + "/account/notifications", Inbox: s.cfg.Site + "/inbox"}
	for _, i := range l.Items {
		row := ui.LetterItem{Title: clip(i.Title, 300), Href: s.cfg.Site + i.Link, Urgent: i.Urgent}
		if i.ActAt != "" {
			row.Act, row.ActHref = i.Act, s.cfg.Site+i.ActAt
		}
		v.Items = append(v.Items, row)
	}
	return v
}

func plain(v ui.LetterView) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", v.Lead)
	for _, i := range v.Items {
		mark := ""
		if i.Urgent {
			mark = "urgent: "
		}
		fmt.Fprintf(&b, "\n- %s%s\n  %s\n", mark, i.Title, i.Href)
		if i.ActHref != "" {
			fmt.Fprintf(&b, "  %s: %s\n", i.Act, i.ActHref)
		}
	}
	if v.More != "" {
		fmt.Fprintf(&b, "\n%s\n", v.More)
	}
	fmt.Fprintf(&b, "\n--\n%s\nYour inbox: %s\nChoose what comes by mail: %s\n", v.Why, v.Inbox, v.Choices)
	return b.String()
}

// message makes the mail. An address that is none is kind Invalid.
func (s *Service) message(set Settings, id string, l Letter) (*gomail.Msg, error) {
	from, err := set.from()
	if err != nil {
		return nil, err
	}
	to, err := recipient(l.To)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the account's address is no address")
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8))
	if err := msg.FromFormat(from.Name, from.Address); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the address that mail comes from is no address")
	}
	if err := msg.To(to.Address); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the account's address is no address")
	}
	v := s.view(l)
	msg.Subject("Attesta: " + clip(l.Subject, 150))
	msg.SetDateWithValue(s.cfg.Clock())
	msg.SetMessageIDWithValue(id + "@" + s.domain()) // the same in every attempt
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("List-Unsubscribe", "<"+v.Choices+">")
	msg.SetBodyString(gomail.TypeTextPlain, plain(v))
	var page bytes.Buffer
	if err := ui.Letter(v).Render(context.Background(), &page); err != nil {
		return nil, fmt.Errorf("write a mail's page: %w", err)
	}
	msg.AddAlternativeString(gomail.TypeTextHTML, page.String())
	return msg, nil
}
