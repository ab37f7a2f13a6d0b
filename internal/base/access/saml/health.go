package saml

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/attesta/attesta/internal/base/health"
)

const (
	soon  = 30 * 24 * time.Hour // that somebody has to give a provider another certificate
	stale = 72 * time.Hour      // after which metadata that cannot be read is a failure
)

// Health says how long people can come in: until when the provider's
// certificates, its metadata and our own certificate hold.
func (s *Service) Health(ctx context.Context) health.Result {
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil {
		return health.Failed(err)
	}
	if !there {
		return health.NotApplicable("no provider that speaks SAML is set")
	}
	m, err := s.parsed(r)
	if err != nil {
		return health.Failed(err)
	}
	all, err := keys(ctx, s.cfg.DB.Reader())
	if err != nil {
		return health.Failed(err)
	}
	now := s.cfg.Clock()
	day := func(t time.Time) string { return t.UTC().Format("2006-01-02") }
	last := m.certificates[0].NotAfter
	for _, c := range m.certificates {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	const renew = "take the provider's metadata anew under Settings, Login"
	switch {
	case !now.Before(last):
		return health.Fail(renew, "the last certificate by which %s signs expired on %s: nobody comes in by it", r.Name, day(last))
	case !m.until.IsZero() && !now.Before(m.until):
		return health.Fail(renew, "the metadata of %s ended on %s: nobody comes in by it", r.Name, day(m.until))
	case last.Sub(now) < soon:
		return health.Fail(renew+" once the provider has a new certificate", "the last certificate by which %s signs expires on %s", r.Name, day(last))
	case !m.until.IsZero() && m.until.Sub(now) < soon && r.Address == "":
		return health.Fail(renew+", or give its address", "the metadata of %s ends on %s", r.Name, day(m.until))
	case r.Problem != "" && now.Sub(r.Read) > stale:
		return health.Fail("see whether this machine reaches the address of the metadata", "the metadata of %s was last read on %s: %s", r.Name, day(r.Read), r.Problem)
	}
	current := false
	for _, k := range all {
		c, err := x509.ParseCertificate(k.certificate)
		if err != nil {
			return health.Failed(err)
		}
		current = current || k.state == Current
		if k.state == Current && c.NotAfter.Sub(now) < soon {
			return health.Fail("make a new key under Settings, Login, and let the provider read our metadata", "our own certificate expires on %s", day(c.NotAfter))
		}
	}
	if !current {
		return health.Fail("make a key under Settings, Login", "there is no key of ours that signs")
	}
	return health.Pass("%s signs by %d certificates, the last until %s", r.Name, len(m.certificates), day(last))
}
