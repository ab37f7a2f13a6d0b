package notify

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/notify/mail"
)

const (
	mailable = 7 * 24 * time.Hour // what was due longer ago is in the inbox alone
	listed   = 30                 // of one mail
	gathered = 500                // people and notices at once
)

// Mail makes mails of the notices that are due, and sends what waits.
func (s *Service) Mail(ctx context.Context) error {
	if s.cfg.Mail == nil {
		return nil
	}
	ready, err := s.cfg.Mail.Ready(ctx)
	if err != nil || !ready {
		return err
	}
	if err := s.gather(ctx); err != nil {
		return err
	}
	return s.cfg.Mail.Drain(ctx, s.letter)
}

// gather makes one mail to each person of everything that is due: notices that
// were read meanwhile are not mailed.
func (s *Service) gather(ctx context.Context) error {
	now := s.cfg.Clock()
	who, err := awaiting(ctx, s.cfg.DB.Reader(), now.Add(-mailable), now, gathered)
	if err != nil {
		return err
	}
	for _, id := range who {
		u, err := s.cfg.Access.User(ctx, access.System(), id)
		if err != nil {
			return err
		}
		if u.Disabled || u.Email == "" {
			continue
		}
		if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			c, err := choicesOf(ctx, tx, id)
			if err != nil {
				return err
			}
			list, err := dueNotices(ctx, tx, id, now.Add(-mailable), now, gathered)
			if err != nil {
				return err
			}
			quiet := c.quietUntil(now).After(now)
			list = slices.DeleteFunc(list, func(n Notice) bool {
				k, ok := kindOf(n.Kind)
				return quiet && !(n.Urgent && c.Urgent) || !ok || !access.May(u.Role, k.Needs)
			})
			if len(list) == 0 {
				return nil
			}
			why := Weekly
			for _, n := range list {
				if n.Way == AtOnce || n.Way == Daily && why == Weekly {
					why = n.Way
				}
			}
			m, err := s.cfg.Mail.Queue(ctx, tx, id, string(why), int64(len(list)))
			if err != nil {
				return err
			}
			return mailed(ctx, tx, list, m.ID)
		}); err != nil {
			return err
		}
	}
	return nil
}

// letter writes a mail as it is when it is tried: to the address of then, not
// to somebody who has left, not in quiet hours, of nothing that was read.
func (s *Service) letter(ctx context.Context, m mail.Sending) (mail.Letter, error) {
	u, err := s.cfg.Access.User(ctx, access.System(), m.User)
	if fault.Is(err, fault.NotFound) {
		return mail.Letter{Gone: "the account is not there any more"}, nil
	}
	if err != nil {
		return mail.Letter{}, err
	}
	switch {
	case u.Disabled:
		return mail.Letter{Gone: "the account is disabled"}, nil
	case u.Email == "":
		return mail.Letter{Gone: "the account has no address"}, nil
	}
	c, err := choicesOf(ctx, s.cfg.DB.Reader(), u.ID)
	if err != nil {
		return mail.Letter{}, err
	}
	list, err := noticesOf(ctx, s.cfg.DB.Reader(), m.ID)
	if err != nil {
		return mail.Letter{}, err
	}
	list = slices.DeleteFunc(list, func(n Notice) bool {
		k, ok := kindOf(n.Kind)
		return !n.ReadAt.IsZero() || !ok || !access.May(u.Role, k.Needs)
	})
	if len(list) == 0 {
		return mail.Letter{Gone: "everything in it was read before it could be sent, or may not be seen any more"}, nil
	}
	urgent := slices.ContainsFunc(list, func(n Notice) bool { return n.Urgent })
	now := s.cfg.Clock()
	l, err := s.write(ctx, u, list, now)
	if err != nil {
		return mail.Letter{}, err
	}
	if !(urgent && c.Urgent) {
		l.NotBefore = c.quietUntil(now)
	}
	return l, nil
}

// write says what notices say.
func (s *Service) write(ctx context.Context, u access.User, list []Notice, now time.Time) (mail.Letter, error) {
	l := mail.Letter{To: u.Email, Why: "You get this because of what you chose, or because you chose nothing, under Account, Notifications."}
	var count int64
	kinds := map[string]bool{}
	for i, n := range list {
		count += n.Count
		kinds[n.Kind] = true
		if i >= listed {
			continue
		}
		act, path, err := s.SlipOf(ctx, n, now)
		if err != nil {
			return mail.Letter{}, err
		}
		l.Items = append(l.Items, mail.Item{Title: n.Title, Link: n.Link, Urgent: n.Urgent, Act: act, ActAt: path})
	}
	if over := len(list) - listed; over > 0 {
		l.More = fmt.Sprintf("%d more are in your inbox.", over)
	}
	k, _ := kindOf(list[0].Kind)
	switch {
	case len(list) == 1 && list[0].Object != "":
		l.Subject, l.Lead = strings.ToLower(k.Title[:1])+k.Title[1:], k.Title+"."
	case len(kinds) == 1:
		l.Subject = many(k, count)
		l.Lead = "You should know:"
	default:
		l.Subject = fmt.Sprintf("%d things you should know", count)
		l.Lead = l.Subject + ":"
	}
	return l, nil
}

// MailHealth asks whether what people are to be mailed is sent.
func (s *Service) MailHealth(ctx context.Context) health.Result {
	if s.cfg.Mail == nil {
		return health.NotApplicable("this server sends no mail")
	}
	st, err := s.cfg.Mail.Standing(ctx)
	if err != nil {
		return health.Failed(err)
	}
	if !st.Set {
		n, err := s.choosers(ctx)
		switch {
		case err != nil:
			return health.Failed(err)
		case n > 0:
			return health.Fail("set a mail server under Settings, Mail", "%d people chose to be told by mail, and no mail server is set", n)
		}
		return health.NotApplicable("no mail server is set, and nobody chose mail")
	}
	late := s.cfg.Clock().Sub(st.Oldest)
	switch {
	case st.Trying > 0 && late > time.Hour:
		return health.Fail("see Settings, Mail, and send a test from there", "%d mails wait, the oldest for %s: %s", st.Trying, late.Round(time.Minute), st.Trouble)
	case st.Failed > 0 && st.Sent == 0:
		return health.Fail("see Settings, Mail, and send a test from there", "all %d mails of a day failed: %s", st.Failed, st.Trouble)
	case st.Sent > 0:
		return health.Pass("%d mails of the last 24 hours were taken by the server, %d were refused", st.Sent, st.Failed)
	}
	return health.NotObserved("send a test under Settings, Mail", "no mail was sent in 24 hours")
}

// choosers counts people who chose mail and may still come in.
func (s *Service) choosers(ctx context.Context) (n int, err error) {
	who, err := choosers(ctx, s.cfg.DB.Reader())
	if err != nil || len(who) == 0 {
		return 0, err
	}
	users, err := s.cfg.Access.Users(ctx, access.System())
	for _, u := range users {
		if !u.Disabled && slices.Contains(who, u.ID) {
			n++
		}
	}
	return n, err
}

// GapHealth asks whether people were told of every record.
func (s *Service) GapHealth(ctx context.Context) health.Result {
	list, err := gaps(ctx, s.cfg.DB.Reader(), s.cfg.Clock().Add(-gapShown))
	switch {
	case err != nil:
		return health.Failed(err)
	case len(list) == 0:
		return health.Pass("each record of 30 days could be read")
	}
	var which []string
	for _, g := range list[:min(len(list), 10)] {
		which = append(which, fmt.Sprint(g.Record))
	}
	return health.Fail("see in the ledger what they say, and tell whom it concerns", "%d records could not be read, and nobody was told of them: %s (%s)", len(list), strings.Join(which, ", "), list[0].Reason)
}

const gapShown = 30 * 24 * time.Hour
