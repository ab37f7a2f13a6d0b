-- +goose Up
-- What this deployment recorded about itself: starts and stops of the server, what
-- its canary gave, who was declared to reach the database and the files.
CREATE TABLE reliance_event (
  entry_id TEXT PRIMARY KEY,
  kind     TEXT NOT NULL,                   -- server.started, server.stopped, canary.judged, reach.declared
  at       BIGINT NOT NULL,
  by_user  TEXT NOT NULL,                   -- usr_… or system
  version  TEXT NOT NULL,                   -- of the program
  origin   TEXT NOT NULL,                   -- the ledger's epoch
  outcome  TEXT NOT NULL,                   -- of the canary; else empty
  reason   TEXT NOT NULL,
  run_sql  TEXT NOT NULL,                   -- declared: who can run SQL on the database
  read_data TEXT NOT NULL                   -- declared: who can read the data directory and its backups
);
CREATE INDEX reliance_event_kind ON reliance_event (kind, at);
