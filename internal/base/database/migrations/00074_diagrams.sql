-- +goose Up
-- Diagrams: each is the sequence of its records, which are only added. A version
-- (diagram.frozen) holds the inventory and the flows as they were.
CREATE TABLE diagram (
  id         TEXT PRIMARY KEY,              -- dia_…
  number     BIGINT NOT NULL UNIQUE,        -- 3 of DG-3
  seq        BIGINT NOT NULL,               -- of the newest record
  created_at BIGINT NOT NULL
);

CREATE TABLE diagram_record (
  diagram_id TEXT NOT NULL REFERENCES diagram (id),
  seq        BIGINT NOT NULL,               -- from 1
  kind       TEXT NOT NULL,                 -- diagram.made, diagram.pinned, diagram.frozen, …
  content    TEXT NOT NULL,                 -- JSON
  digest     TEXT NOT NULL,                 -- SHA-256 of content
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  entry_id   TEXT NOT NULL UNIQUE,
  PRIMARY KEY (diagram_id, seq)
);
