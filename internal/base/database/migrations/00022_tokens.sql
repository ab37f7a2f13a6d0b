-- +goose Up
-- Tokens for programs. What a token may do is what its user may do, and of
-- that what is listed here; it is over when the user is disabled.
CREATE TABLE access_token (
  id         TEXT PRIMARY KEY,              -- tok_…
  token_hash BLOB NOT NULL UNIQUE,          -- SHA-256
  user_id    TEXT NOT NULL REFERENCES access_user (id),
  name       TEXT NOT NULL,                 -- what it is for, in its owner's words
  tail       TEXT NOT NULL,                 -- last four characters, to know it again
  actions    TEXT NOT NULL,                 -- JSON list of actions; "read" stands for all that only look
  made_by    TEXT NOT NULL,                 -- usr_…
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL DEFAULT 0,     -- last use, to the minute; 0: never
  ended_at   BIGINT NOT NULL DEFAULT 0      -- revoked; 0: not
);
CREATE INDEX access_token_user ON access_token (user_id);
