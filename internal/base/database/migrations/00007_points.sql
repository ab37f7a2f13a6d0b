-- +goose Up
-- What a person said about a point of focus that no control addresses; append
-- only. That a control addresses a point is derived, never written here. What
-- holds at a moment is the newest row whose effective_from is not after it.
CREATE TABLE point_consideration (
  system_id      TEXT NOT NULL REFERENCES system (id),
  criterion      TEXT NOT NULL,     -- CC6.1
  number         BIGINT NOT NULL,   -- of the point of focus, from 1
  seq            BIGINT NOT NULL,   -- from 1, one per row
  state          TEXT NOT NULL,     -- not_relevant, or open: taken back
  reason         TEXT NOT NULL,     -- what the person wrote
  effective_from BIGINT NOT NULL,
  made_at        BIGINT NOT NULL,
  made_by        TEXT NOT NULL,     -- usr_…
  entry_id       TEXT NOT NULL UNIQUE,
  PRIMARY KEY (system_id, criterion, number, seq)
);
