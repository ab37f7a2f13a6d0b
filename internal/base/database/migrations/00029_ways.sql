-- +goose Up
-- A way in beside the password: passkeys.
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
