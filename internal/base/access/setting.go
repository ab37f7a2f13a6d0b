package access

import (
	"context"
	"database/sql"
	"slices"
)

const secondRolesSetting = "second_factor_roles"

// SecondRoles gives the roles that need a second factor (settings.read).
func (s *Service) SecondRoles(ctx context.Context, p Principal) ([]Role, error) {
	if err := Authorise(p, SettingsRead); err != nil {
		return nil, err
	}
	return secondRoles(ctx, s.cfg.DB.Reader())
}

// RequireSecond sets which roles need a second factor (settings.edit), in open
// sessions too: whoever has none sees their own account until they set one up.
func (s *Service) RequireSecond(ctx context.Context, p Principal, roles []Role) error {
	if err := Proved(p, SettingsEdit); err != nil {
		return err
	}
	for _, r := range roles {
		if _, err := ParseRole(string(r)); err != nil {
			return err
		}
	}
	var next []Role // in the order of the matrix
	for _, r := range Roles() {
		if slices.Contains(roles, r) {
			next = append(next, r)
		}
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		had, err := secondRoles(ctx, tx)
		if err != nil || slices.Equal(had, next) {
			return err
		}
		if err := saveSetting(ctx, tx, secondRolesSetting, next, s.cfg.Clock(), p.UserID); err != nil {
			return err
		}
		return s.record(ctx, tx, p.UserID, "login.second_required", "login", map[string]any{"roles": roleNames(next)}, nil)
	})
}

func roleNames(roles []Role) []string {
	names := []string{}
	for _, r := range roles {
		names = append(names, string(r))
	}
	return names
}
