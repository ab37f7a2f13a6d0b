package server

import (
	"fmt"
	"path/filepath"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/access/factor"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/access/saml"
	"github.com/attesta/attesta/internal/base/sealed"
)

// logins makes what knows who is asking: accounts and the ways in.
func (p *parts) logins(cfg Config, address string) error {
	var err error
	if p.access, err = access.New(access.Config{DB: p.db, Ledger: p.log, Clock: p.clock}); err != nil {
		return fmt.Errorf("start access: %w", err)
	}
	if p.sealed, err = sealed.Open(filepath.Join(p.dir.Keys(), "sealed.key")); err != nil {
		return err
	}
	if p.second, err = factor.New(factor.Config{DB: p.db, Access: p.access, Key: p.sealed, Clock: p.clock, Host: hostOf(address)}); err != nil {
		return fmt.Errorf("start second factors: %w", err)
	}
	if p.directory, err = directory.New(directory.Config{DB: p.db, Access: p.access, Ledger: p.log, Clock: p.clock}); err != nil {
		return fmt.Errorf("start the directory: %w", err)
	}
	p.access.OnLeave("second_factors_begun", p.second.Abandon)
	if p.passkeys, err = passkey.New(passkey.Config{DB: p.db, Access: p.access, Clock: p.clock, PublicURL: address}); err != nil {
		return fmt.Errorf("start passkeys: %w", err)
	}
	dialer, err := p.dialer(cfg)
	if err != nil {
		return err
	}
	if p.provider, err = identity.New(identity.Config{DB: p.db, Access: p.access, Key: p.sealed, Dialer: dialer, Clock: p.clock, PublicURL: address}); err != nil {
		return fmt.Errorf("start logins by a provider: %w", err)
	}
	if p.saml, err = saml.New(saml.Config{DB: p.db, Access: p.access, Key: p.sealed, Dialer: dialer, Clock: p.clock, PublicURL: address}); err != nil {
		return fmt.Errorf("start logins by SAML: %w", err)
	}
	p.provider.Add(saml.Way, p.saml)
	p.access.OnLeave("identities", p.provider.Abandon)
	return nil
}
