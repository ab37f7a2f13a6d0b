package notify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

const (
	slipPlace = "notice acknowledged by mail"
	slipLife  = 7 * 24 * time.Hour

	// SlipPath is where the links in mails lead, before the slip.
	SlipPath = "/acknowledge/"
)

// slip is what a link in a mail stands for. It is sealed: nobody can make one,
// or read from one whose it is.
type slip struct {
	User   string `json:"u"`
	Notice string `json:"n"`
	Ends   int64  `json:"e"` // Unix time, seconds
}

// Acknowledged is a notice that a link in a mail is about.
type Acknowledged struct {
	Notice
	Takes bool   // it takes the finding on too
	Why   string // what stood in the way of that; the notice is marked all the same
}

// takes reports whether acknowledging a notice takes its finding on.
func (s *Service) takes(p access.Principal, n Notice) bool {
	return s.cfg.TakeOn != nil && n.Kind == "finding.opened" && n.Object != "" && access.Authorise(p, access.FindingAcknowledge) == nil
}

// SlipOf gives the words and the path of the link of one notice; none where no
// key is set, or where the account may do nothing by mail.
func (s *Service) SlipOf(ctx context.Context, n Notice, now time.Time) (words, path string, err error) {
	if s.cfg.Key == nil {
		return "", "", nil
	}
	p, err := s.cfg.Access.ByMail(ctx, n.User)
	if fault.Is(err, fault.NotFound) || err == nil && access.Authorise(p, access.NotificationEdit) != nil {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	raw, err := json.Marshal(slip{n.User, n.ID, now.Add(slipLife).Unix()})
	if err != nil {
		return "", "", err
	}
	words = "Mark it as read"
	if s.takes(p, n) {
		words = "Take it on"
	}
	return words, SlipPath + base64.RawURLEncoding.EncodeToString(s.cfg.Key.Seal(slipPlace, string(raw))), nil
}

// Slip gives what a link in a mail would acknowledge, and changes nothing: mail
// filters follow links. Kind NotFound where it opens nothing: forged, over, or
// its account closed; kind Forbidden where a second factor stands before it.
func (s *Service) Slip(ctx context.Context, token string) (Acknowledged, error) {
	a, _, err := s.open(ctx, token)
	return a, err
}

func (s *Service) open(ctx context.Context, token string) (Acknowledged, access.Principal, error) {
	none := fault.New(fault.NotFound, "this link opens nothing, or it is older than %d days", int(slipLife.Hours()/24)).WithHint("log in: what you were told is in your inbox")
	var l slip
	box, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || s.cfg.Key == nil || len(token) > 1000 {
		return Acknowledged{}, access.Principal{}, none
	}
	text, err := s.cfg.Key.Unseal(slipPlace, box)
	if err != nil || json.Unmarshal([]byte(text), &l) != nil || !s.cfg.Clock().Before(time.Unix(l.Ends, 0)) {
		return Acknowledged{}, access.Principal{}, none
	}
	p, err := s.cfg.Access.ByMail(ctx, l.User)
	if fault.Is(err, fault.NotFound) {
		return Acknowledged{}, access.Principal{}, none
	}
	if err == nil {
		err = access.Authorise(p, access.NotificationEdit)
	}
	if err != nil {
		return Acknowledged{}, access.Principal{}, err
	}
	n, there, err := noticeByID(ctx, s.cfg.DB.Reader(), l.Notice)
	if err != nil {
		return Acknowledged{}, access.Principal{}, err
	}
	k, known := kindOf(n.Kind)
	if !there || n.User != l.User || !known || !access.May(p.Role, k.Needs) { // the role may have changed since
		return Acknowledged{}, access.Principal{}, none
	}
	return Acknowledged{Notice: n, Takes: s.takes(p, n)}, p, nil
}

// Acknowledge does what a link in a mail says, in the name of whose mail it is:
// it takes the finding on where there is one to be taken on, and marks the
// notice as read. A second time it does nothing more. Errors as of Slip.
func (s *Service) Acknowledge(ctx context.Context, token string) (Acknowledged, error) {
	a, p, err := s.open(ctx, token)
	if err != nil {
		return Acknowledged{}, err
	}
	if a.Takes {
		err := s.cfg.TakeOn(ctx, p, a.Object)
		if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
			a.Why, _ = fault.Public(err)
		} else if err != nil {
			return Acknowledged{}, err
		}
	}
	_, err = s.MarkRead(ctx, p, a.ID)
	return a, err
}
