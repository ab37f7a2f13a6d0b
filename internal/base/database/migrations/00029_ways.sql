-- +goose Up
-- Ways in beside the password: passkeys, and an identity provider of the organisation's.
ALTER TABLE access_user ADD COLUMN passkey_at BIGINT NOT NULL DEFAULT 0; -- when the oldest passkey was added; 0: none

CREATE TABLE access_passkey (
  id         TEXT PRIMARY KEY,              -- pky_…
  user_id    TEXT NOT NULL REFERENCES access_user (id),
  credential BLOB NOT NULL UNIQUE,          -- the credential's id, chosen by the authenticator
  name       TEXT NOT NULL,                 -- the owner's word for it
  record     TEXT NOT NULL,                 -- JSON: public key, flags, transports
  sign_count BIGINT NOT NULL,               -- the highest that the authenticator has sent
  created_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL DEFAULT 0,
  suspect_at BIGINT NOT NULL DEFAULT 0      -- when its counter went back: there may be a copy, so it opens nothing; 0: never
);
CREATE INDEX access_passkey_user ON access_passkey (user_id);

-- Who somebody is at an identity provider. The pair is pinned at the first
-- login, so that an address given to somebody else inherits no account.
CREATE TABLE access_identity (
  id        TEXT PRIMARY KEY,               -- idn_…
  user_id   TEXT NOT NULL REFERENCES access_user (id),
  issuer    TEXT NOT NULL,
  subject   TEXT NOT NULL,
  pinned_at BIGINT NOT NULL,
  used_at   BIGINT NOT NULL DEFAULT 0,
  UNIQUE (issuer, subject)
);
CREATE INDEX access_identity_user ON access_identity (user_id);
