-- +goose Up
-- Comparisons of two hosts' files, which go down only where they differ.
CREATE TABLE integrity_compare (
  id       TEXT PRIMARY KEY,            -- cmp_…
  number   BIGINT NOT NULL UNIQUE,
  a        TEXT NOT NULL,               -- src_…
  b        TEXT NOT NULL,
  state    TEXT NOT NULL,               -- running, done, failed
  body     TEXT NOT NULL,               -- JSON: what is compared, what differs, what is waited for
  made_by  TEXT NOT NULL,
  made_at  BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  entry_id TEXT NOT NULL
);
INSERT INTO integrity_counter (name, value) VALUES ('compare', 0);
