-- +goose Up
-- Log in by the organisation's own identity provider.
CREATE TABLE access_provider (
  id         TEXT PRIMARY KEY,              -- oidc
  name       TEXT NOT NULL,                 -- what the button says
  issuer     TEXT NOT NULL,
  client_id  TEXT NOT NULL,
  secret     BLOB NOT NULL,                 -- sealed
  domains    TEXT NOT NULL,                 -- JSON: of addresses that an account is found or made by
  make_with  TEXT NOT NULL DEFAULT '',      -- role of accounts that are made at the first login; empty: none are made
  asks_both  BIGINT NOT NULL DEFAULT 0,     -- 1: the provider asks for a second factor itself
  changed_at BIGINT NOT NULL
);

-- Who at a provider is which account here. The subject is the provider's word.
CREATE TABLE access_identity (
  issuer   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  user_id  TEXT NOT NULL REFERENCES access_user (id),
  bound_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX access_identity_user ON access_identity (user_id);
