package control

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// AdoptStarter takes the starter profile of the library into use, approved by
// p: drafts of it are approved, controls of it that were never in use are
// adopted. What was retired stays retired, and what was tailored stays as it
// is. Kind Conflict where nothing is left to do.
func (s *Service) AdoptStarter(ctx context.Context, p access.Principal) (adopted, approved int, err error) {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return 0, 0, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		adopted, approved = 0, 0 // the transaction may run more than once
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		number, err := nextNumber(ctx, tx, have.System.ID)
		if err != nil {
			return err
		}
		now := s.cfg.Clock()
		for _, d := range s.cfg.Library.Designs {
			if !d.Starter {
				continue
			}
			c, err := find(have, d.Slug)
			switch {
			case fault.Is(err, fault.NotFound):
				c = Control{ID: ids.New("ctl", now), Slug: d.Slug, Number: number + adopted}
				if err := insertControl(ctx, tx, have.System.ID, c); err != nil {
					return err
				}
				v := Version{Seq: 1, Version: 1, State: Adopted, Design: d, Library: s.cfg.Library.Name()}
				if err := s.addVersion(ctx, tx, p, c.ID, "control.adopted", v, now); err != nil {
					return err
				}
				adopted++
			case err != nil:
				return err
			case c.Current().State == Draft:
				if err := s.append(ctx, tx, p, c, "control.approved", approve); err != nil {
					return err
				}
				approved++
			}
		}
		if adopted+approved == 0 {
			return fault.New(fault.Conflict, "every control of the starter profile is adopted or retired already")
		}
		return nil
	})
	return adopted, approved, err
}
