-- +goose Up
-- Concerns: reported by somebody of whom nothing is kept. No row holds a moment of
-- theirs, only a day, and none an id that says when it was made.
CREATE TABLE concern (
  id         TEXT PRIMARY KEY,              -- con_…, drawn at random
  code       TEXT NOT NULL UNIQUE,          -- SHA-256 of the follow-up code
  day        BIGINT NOT NULL,               -- from 1970-01-01, in the organisation's zone
  content    BLOB NOT NULL,                 -- sealed JSON: topic, text, whom it is addressed to; empty once it is erased
  digest     TEXT NOT NULL,                 -- SHA-256 of content as it was sealed
  state      TEXT NOT NULL,                 -- received, examined, closed
  outcome    TEXT NOT NULL DEFAULT '',
  closed_day BIGINT NOT NULL DEFAULT 0,
  erased_day BIGINT NOT NULL DEFAULT 0,
  entry_id   TEXT NOT NULL DEFAULT ''       -- '': its day is not over
);
CREATE INDEX concern_entry ON concern (entry_id);

CREATE TABLE concern_word (
  concern_id TEXT NOT NULL REFERENCES concern (id),
  seq        BIGINT NOT NULL,               -- from 1
  kind       TEXT NOT NULL,                 -- message, note, taken, handed, closed
  made_by    TEXT NOT NULL,                 -- usr_… of a recipient; '': whoever reported it
  day        BIGINT NOT NULL,
  content    BLOB NOT NULL,                 -- sealed; empty once it is erased
  digest     TEXT NOT NULL,                 -- SHA-256 of content as it was sealed
  entry_id   TEXT NOT NULL DEFAULT '',      -- of kind closed
  PRIMARY KEY (concern_id, seq)
);
CREATE INDEX concern_word_entry ON concern_word (entry_id);

-- Who receives concerns, and how long they are kept.
CREATE TABLE concern_setting (
  number   BIGINT PRIMARY KEY,              -- from 1; the newest holds
  content  TEXT NOT NULL,                   -- JSON
  digest   TEXT NOT NULL,                   -- SHA-256 of content
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE
);
