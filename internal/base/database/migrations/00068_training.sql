-- +goose Up
-- Training: what was decided about courses, in order; each is only added.
CREATE TABLE training_record (
  number   BIGINT PRIMARY KEY,              -- from 1
  kind     TEXT NOT NULL,                   -- published, assigned, withdrawn, absent
  subject  TEXT NOT NULL,                   -- course, or the person who is away
  content  TEXT NOT NULL,                   -- JSON
  digest   TEXT NOT NULL,                   -- SHA-256 of content
  day      BIGINT NOT NULL,                 -- of made_at in the organisation's zone, from 1970-01-01
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE
);

-- Questions that were put to somebody. Which they were follows from the seed and
-- the version; what was answered is kept.
CREATE TABLE training_attempt (
  id         TEXT PRIMARY KEY,              -- att_…
  person     TEXT NOT NULL,                 -- per_…, or usr_… of a login that is nobody's in the register
  user_id    TEXT NOT NULL,
  course     TEXT NOT NULL,
  version    BIGINT NOT NULL,
  seed       BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  answers    TEXT NOT NULL DEFAULT '',      -- JSON: of each question the places that were chosen, from 1; '': not answered yet
  correct    BIGINT NOT NULL DEFAULT 0,
  asked      BIGINT NOT NULL DEFAULT 0,
  passed     BIGINT NOT NULL DEFAULT 0,
  done_at    BIGINT NOT NULL DEFAULT 0,
  entry_id   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX training_attempt_person ON training_attempt (person, course, started_at);
CREATE INDEX training_attempt_entry ON training_attempt (entry_id);

-- A file of completions that another system kept.
CREATE TABLE training_import (
  number   BIGINT PRIMARY KEY,              -- from 1
  source   TEXT NOT NULL,                   -- the system that it came from
  file     TEXT NOT NULL,                   -- as it was brought; '' once it is erased
  sha256   TEXT NOT NULL,                   -- of the file
  rows     BIGINT NOT NULL,                 -- completions that it added
  digest   TEXT NOT NULL,                   -- of these rows
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE
);

-- Who completed which version of a course on which day.
CREATE TABLE training_completion (
  number   BIGINT PRIMARY KEY,              -- from 1
  person   TEXT NOT NULL,
  course   TEXT NOT NULL,
  version  BIGINT NOT NULL,                 -- 0: the other system does not say
  day      BIGINT NOT NULL,                 -- from 1970-01-01
  score    BIGINT NOT NULL,                 -- percent; -1: not said
  how      TEXT NOT NULL,                   -- quiz, import
  attempt  TEXT NOT NULL,                   -- att_…; '' of an import
  import   BIGINT NOT NULL,                 -- 0: none
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL,
  UNIQUE (person, course, day, how, attempt)
);
CREATE INDEX training_completion_entry ON training_completion (entry_id);
CREATE INDEX training_completion_import ON training_completion (import);
