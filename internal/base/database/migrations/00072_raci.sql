-- +goose Up
-- Who is responsible, accountable, consulted and informed, in versions.
CREATE TABLE raci (
  kind     TEXT NOT NULL,                   -- control, data
  ref      TEXT NOT NULL,
  version  BIGINT NOT NULL,                 -- from 1
  content  TEXT NOT NULL,                   -- JSON
  note     TEXT NOT NULL,
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE,
  PRIMARY KEY (kind, ref, version)
);
