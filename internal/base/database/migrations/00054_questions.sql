-- +goose Up
-- Answers to a questionnaire: each version holds all of them.
CREATE TABLE question_answers (
  questionnaire TEXT NOT NULL,      -- first, need
  version       BIGINT NOT NULL,    -- from 1
  content       TEXT NOT NULL,      -- JSON
  digest        TEXT NOT NULL,      -- SHA-256 of content
  made_at       BIGINT NOT NULL,
  made_by       TEXT NOT NULL,
  entry_id      TEXT NOT NULL UNIQUE,
  PRIMARY KEY (questionnaire, version)
);

-- The inventory of data: versions are added, never changed.
CREATE TABLE data_set (
  id         TEXT PRIMARY KEY,      -- dat_…
  number     BIGINT NOT NULL UNIQUE,-- 3 of D-3
  created_at BIGINT NOT NULL
);

CREATE TABLE data_set_version (
  data_set_id TEXT NOT NULL REFERENCES data_set (id),
  version     BIGINT NOT NULL,      -- from 1
  content     TEXT NOT NULL,        -- JSON
  digest      TEXT NOT NULL,        -- SHA-256 of content
  note        TEXT NOT NULL,        -- what changed and why; '' for the first
  made_at     BIGINT NOT NULL,
  made_by     TEXT NOT NULL,
  entry_id    TEXT NOT NULL UNIQUE,
  PRIMARY KEY (data_set_id, version)
);
