-- +goose Up
-- Numbered objects of several kinds. What happened to one stands in its steps,
-- which are added and never changed; its row repeats the newest step for lists.
CREATE TABLE journal_object (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,             -- what it is: own_test, firm, …
  number     BIGINT NOT NULL,           -- from 1 within its kind
  seq        BIGINT NOT NULL,           -- of its newest step
  state      TEXT NOT NULL,
  owner      TEXT NOT NULL,             -- usr_…; '' for nobody
  topic      TEXT NOT NULL,             -- what it is about, to find all of that; '' for nothing
  due_at     BIGINT NOT NULL,           -- 0 for none
  created_at BIGINT NOT NULL,
  UNIQUE (kind, number)
);
CREATE INDEX journal_state ON journal_object (kind, state, number);
CREATE INDEX journal_owner ON journal_object (kind, owner, number);
CREATE INDEX journal_topic ON journal_object (kind, topic, number);

CREATE TABLE journal_step (
  object_id TEXT NOT NULL REFERENCES journal_object (id),
  seq       BIGINT NOT NULL,            -- from 1
  step      TEXT NOT NULL,              -- created, approved, …
  content   TEXT NOT NULL,              -- JSON: the object as it is after the step
  digest    TEXT NOT NULL,              -- SHA-256 of content
  note      TEXT NOT NULL,              -- what a person wrote; '' for nothing
  made_at   BIGINT NOT NULL,
  made_by   TEXT NOT NULL,              -- usr_… or system
  entry_id  TEXT NOT NULL UNIQUE,
  PRIMARY KEY (object_id, seq)
);
