-- +goose Up
-- Log in by an identity provider that speaks SAML 2.0.
ALTER TABLE access_session ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 0; -- when the provider's session ends, and this one with it; 0: nothing bounds it

CREATE TABLE access_saml (
  id           TEXT PRIMARY KEY,            -- saml
  name         TEXT NOT NULL,               -- what the button says
  issuer       TEXT NOT NULL,               -- entity id of the provider
  address      TEXT NOT NULL,               -- that the metadata is read from; empty: it was uploaded
  metadata     TEXT NOT NULL,               -- as it was read
  read_at      BIGINT NOT NULL,             -- when the metadata was last read, or uploaded
  problem      TEXT NOT NULL DEFAULT '',    -- why reading it failed since
  domains      TEXT NOT NULL,               -- JSON: of addresses that an account is found or made by
  make_with    TEXT NOT NULL DEFAULT '',    -- role of accounts that are made at the first login; empty: none are made
  asks_both    BIGINT NOT NULL DEFAULT 0,   -- 1: the provider asks for a second factor itself
  vouches      BIGINT NOT NULL DEFAULT 0,   -- 1: its people cannot set their mail address there themselves
  subject_from TEXT NOT NULL DEFAULT '',    -- attribute that says who it is; empty: the NameID
  mail_from    TEXT NOT NULL DEFAULT '',    -- attribute with the mail address; empty: the usual names
  tile         BIGINT NOT NULL DEFAULT 0,   -- 1: an answer that nobody asked for begins a login
  hours        BIGINT NOT NULL,             -- that a session lasts at most
  changed_at   BIGINT NOT NULL
);

-- Our keys towards it: one signs, all open what is encrypted for us.
CREATE TABLE access_saml_key (
  id          TEXT PRIMARY KEY,
  certificate BLOB NOT NULL,
  secret      BLOB NOT NULL,                -- sealed
  state       TEXT NOT NULL,                -- next, current or former
  made_at     BIGINT NOT NULL
);

-- Assertions that opened something, until they have expired.
CREATE TABLE access_saml_used (
  id    BLOB PRIMARY KEY,                   -- SHA-256 of issuer and id
  until BIGINT NOT NULL
);
