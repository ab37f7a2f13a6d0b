-- +goose Up
-- Runs of backups as they were reported. Backups themselves, threats and alternates
-- are objects of the journal.
CREATE TABLE kept_run (
  id          TEXT PRIMARY KEY,
  backup_id   TEXT NOT NULL,            -- kbu_…
  name        TEXT NOT NULL,            -- of the backup, as it was then
  started_at  BIGINT NOT NULL,          -- 0: not said
  finished_at BIGINT NOT NULL,
  result      TEXT NOT NULL,            -- success, partial, failed
  bytes       BIGINT NOT NULL,          -- -1: not said
  sha256      TEXT NOT NULL,            -- '' : not said
  place       TEXT NOT NULL,
  says        TEXT NOT NULL,
  via         TEXT NOT NULL,            -- api, csv, own
  reported_by TEXT NOT NULL,            -- usr_… or system
  reported_at BIGINT NOT NULL,
  entry_id    TEXT NOT NULL,            -- the report that told of it, with others
  seq         BIGINT NOT NULL,          -- its place in that report
  UNIQUE (backup_id, finished_at, place)
);
CREATE INDEX kept_run_newest ON kept_run (backup_id, finished_at);
CREATE INDEX kept_run_entry ON kept_run (entry_id, seq);
CREATE INDEX kept_run_finished ON kept_run (finished_at);
