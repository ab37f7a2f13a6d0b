package component

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

// PackageFrom gives which approval holds for a package on a host that came from a file
// and not from a configured repository, "" for none: one that says so, that covers the
// host, and that had been given before the moment at which the package came.
func (s *Service) PackageFrom(ctx context.Context, q database.Querier, hostName, manager, name string, at time.Time) (string, error) {
	c := Seen{Kind: Package, Identity: packageIdentity(manager, name)}
	list, err := decisionsOf(ctx, q, c.ID())
	if err != nil {
		return "", err
	}
	before := list[:0]
	for _, d := range list {
		if !d.At.After(at) {
			before = append(before, d)
		}
	}
	held, _ := stand(before).covering(hostName, at)
	if held == nil || !held.FromFile {
		return "", nil
	}
	if now, _ := stand(list).covering(hostName, s.cfg.Clock()); now == nil { // taken back, refused or ended since
		return "", nil
	}
	return fmt.Sprintf("component %s (decision %d)", c.ID(), held.Seq), nil
}

// packageIdentity is what tells a package from others; of a kernel without its version.
func packageIdentity(manager, name string) [][2]string {
	return [][2]string{{"name", kernelPackage.ReplaceAllString(name, "$1-*$2")}, {"manager", manager}}
}
