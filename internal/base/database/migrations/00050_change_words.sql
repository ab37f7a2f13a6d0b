-- +goose Up
-- Changes that are approved beforehand.
CREATE TABLE change_standard (
  id         TEXT PRIMARY KEY,              -- cst_…
  number     BIGINT NOT NULL UNIQUE,        -- STD-1
  content    TEXT NOT NULL,                 -- JSON: what it allows
  digest     TEXT NOT NULL,
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  state      TEXT NOT NULL,                 -- draft, approved, ended
  decided_at BIGINT NOT NULL DEFAULT 0,
  decided_by TEXT NOT NULL DEFAULT '',
  alone      TEXT NOT NULL DEFAULT '',      -- what stood in for a second person
  ended_at   BIGINT NOT NULL DEFAULT 0,
  entry_id   TEXT NOT NULL,                 -- change.standard_proposed
  decision   TEXT NOT NULL DEFAULT '',      -- entry of the approval
  ending     TEXT NOT NULL DEFAULT ''       -- entry of the end
);

-- Who is who in repositories and at forges.
CREATE TABLE change_identity (
  known_as TEXT PRIMARY KEY,                -- 'mail ann@example.org', 'login ann'
  user_id  TEXT NOT NULL,
  at       BIGINT NOT NULL,
  by_user  TEXT NOT NULL,
  entry_id TEXT NOT NULL
);

-- Keys that sign change tokens; the newest signs, all verify.
CREATE TABLE change_key (
  id       TEXT PRIMARY KEY,                -- first 16 digits of the public key's SHA-256
  public   TEXT NOT NULL,                   -- base64
  private  BLOB NOT NULL,                   -- sealed
  made_at  BIGINT NOT NULL,
  entry_id TEXT NOT NULL
);

CREATE TABLE change_token (
  id       TEXT PRIMARY KEY,                -- ctk_…
  item_id  TEXT NOT NULL,                   -- chg_…
  text     TEXT NOT NULL,
  digest   TEXT NOT NULL,                   -- SHA-256 of text
  from_at  BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL
);
CREATE INDEX change_token_item ON change_token (item_id);
CREATE INDEX change_token_until ON change_token (until_at);
