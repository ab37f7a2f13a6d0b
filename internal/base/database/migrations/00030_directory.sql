-- +goose Up
-- Accounts and groups that a directory keeps here, by SCIM 2.0. Names and
-- addresses of people stand in directory_user and access_user, nowhere else.
ALTER TABLE access_user ADD COLUMN directory BIGINT NOT NULL DEFAULT 0; -- 0: no directory keeps the account; 1: one does, and wants it in; 2: and wants it out

CREATE TABLE directory_user (
  id           TEXT PRIMARY KEY REFERENCES access_user (id),
  user_name    TEXT NOT NULL,               -- as the directory spells it
  user_key     TEXT NOT NULL UNIQUE,        -- in lower case
  external_id  TEXT NOT NULL DEFAULT '',
  display_name TEXT NOT NULL DEFAULT '',
  formatted    TEXT NOT NULL DEFAULT '',
  given_name   TEXT NOT NULL DEFAULT '',
  family_name  TEXT NOT NULL DEFAULT '',
  emails       TEXT NOT NULL DEFAULT '[]',  -- JSON
  active       BIGINT NOT NULL,
  version      BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  changed_at   BIGINT NOT NULL
);
CREATE INDEX directory_user_external ON directory_user (external_id);

CREATE TABLE directory_group (
  id          TEXT PRIMARY KEY,             -- grp_…
  name        TEXT NOT NULL,
  name_key    TEXT NOT NULL UNIQUE,         -- in lower case
  external_id TEXT NOT NULL DEFAULT '',
  role        TEXT NOT NULL DEFAULT '',     -- what its members are here for; empty: nothing
  version     BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL
);
CREATE INDEX directory_group_external ON directory_group (external_id);

CREATE TABLE directory_member (
  group_id TEXT NOT NULL REFERENCES directory_group (id),
  user_id  TEXT NOT NULL REFERENCES directory_user (id),
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX directory_member_user ON directory_member (user_id);
