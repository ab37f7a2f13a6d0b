-- +goose Up
-- Registers: risks, yearly assessments, the appetite, committees, meetings, laws and contracts. Each thing is the
-- sequence of its records, which are only added.
CREATE TABLE register_thing (
  id         TEXT PRIMARY KEY,              -- rsk_…, mtg_…
  noun       TEXT NOT NULL,                 -- risk, assessment, appetite, committee, meeting, obligation
  number     BIGINT NOT NULL,               -- 3 of R-3
  seq        BIGINT NOT NULL,               -- of the newest record
  created_at BIGINT NOT NULL,
  UNIQUE (noun, number)
);

CREATE TABLE register_record (
  thing_id TEXT NOT NULL REFERENCES register_thing (id),
  seq      BIGINT NOT NULL,                 -- from 1
  kind     TEXT NOT NULL,                   -- identified, assessed, accepted, …
  content  TEXT NOT NULL,                   -- JSON
  digest   TEXT NOT NULL,                   -- SHA-256 of content
  frozen   TEXT NOT NULL,                   -- SHA-256 of a text in it that is signed; '' where there is none
  day      TEXT NOT NULL,                   -- of made_at in the organisation's zone
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE,
  PRIMARY KEY (thing_id, seq)
);
