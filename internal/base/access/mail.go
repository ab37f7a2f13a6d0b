package access

import (
	"context"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
)

// byMail is all that whoever follows a link in a mail may do, of what their
// role may.
var byMail = []Action{NotificationRead, NotificationEdit, FindingAcknowledge}

// ByMail gives the principal of an account whose owner followed a link that was
// mailed to them: whoever reads the mailbox. It does what can do no harm, and
// what a second factor stands before waits for it. Kind NotFound where the
// account is gone or closed.
func (s *Service) ByMail(ctx context.Context, userID string) (Principal, error) {
	u, err := userByID(ctx, s.cfg.DB.Reader(), userID)
	if fault.Is(err, fault.NotFound) || err == nil && u.Disabled {
		return Principal{}, fault.New(fault.NotFound, "this link opens nothing")
	}
	if err != nil {
		return Principal{}, err
	}
	p := Principal{UserID: u.ID, Name: u.Name, Role: u.Role, Via: ViaMail, Stale: true, Only: slices.Clone(byMail)}
	if !u.HasSecond() {
		asked, err := secondRoles(ctx, s.cfg.DB.Reader())
		if err != nil {
			return Principal{}, err
		}
		p.Confined = slices.Contains(asked, u.Role)
	}
	return p, nil
}
