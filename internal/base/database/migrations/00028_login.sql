-- +goose Up
-- What stands beside the password: a second factor.
ALTER TABLE access_user ADD COLUMN second_at BIGINT NOT NULL DEFAULT 0;   -- when the second factor was confirmed; 0: none
ALTER TABLE access_session ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0; -- when its user last showed who they are; 0: when it was opened
ALTER TABLE access_session ADD COLUMN half BIGINT NOT NULL DEFAULT 0;      -- 1: the second factor is not shown yet, so it opens nothing

-- An authenticator app. Without confirmed_at it counts for nothing.
CREATE TABLE access_factor (
  user_id      TEXT PRIMARY KEY REFERENCES access_user (id),
  secret       BLOB NOT NULL,               -- sealed
  made_at      BIGINT NOT NULL,
  confirmed_at BIGINT NOT NULL DEFAULT 0,
  step         BIGINT NOT NULL DEFAULT 0    -- the newest 30-second step of which a code was used
);

CREATE TABLE access_recovery (
  code_hash BLOB PRIMARY KEY,               -- SHA-256 of 80 random bits
  user_id   TEXT NOT NULL REFERENCES access_user (id),
  used_at   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX access_recovery_user ON access_recovery (user_id);

-- What is asked of whoever logs in.
CREATE TABLE access_setting (
  name       TEXT PRIMARY KEY,
  value      TEXT NOT NULL,                 -- JSON
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
