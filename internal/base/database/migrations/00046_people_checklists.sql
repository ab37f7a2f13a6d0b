-- +goose Up
-- Two people that may be one.
CREATE TABLE people_doubt (
  person_id  TEXT NOT NULL REFERENCES person (id),
  other_id   TEXT NOT NULL REFERENCES person (id),
  why        TEXT NOT NULL,
  made_at    BIGINT NOT NULL,
  answer     TEXT NOT NULL DEFAULT '',      -- same, different; empty: nobody said yet
  PRIMARY KEY (person_id, other_id)
);

-- Items of joiners', movers' and leavers' checklists.
CREATE TABLE people_item (
  id        TEXT PRIMARY KEY,               -- pit_…
  person_id TEXT NOT NULL REFERENCES person (id),
  list      TEXT NOT NULL,                  -- joiner, mover, leaver
  run       BIGINT NOT NULL,                -- the how-manieth such list of this person, from 1
  place     BIGINT NOT NULL,                -- order in it
  template  TEXT NOT NULL,                  -- id in the pack
  title     TEXT NOT NULL,
  what      TEXT NOT NULL,
  form      TEXT NOT NULL,                  -- background, proof, plain
  due_at    BIGINT NOT NULL,
  state     TEXT NOT NULL,                  -- open, done, not_applicable, dropped
  reason    TEXT NOT NULL DEFAULT '',
  provider  TEXT NOT NULL DEFAULT '',       -- of a background check
  day       TEXT NOT NULL DEFAULT '',       -- on which it was done
  result    TEXT NOT NULL DEFAULT '',       -- of a background check: clear, considered, not_clear
  link      TEXT NOT NULL DEFAULT '',       -- evidence
  done_at   BIGINT NOT NULL DEFAULT 0,
  done_by   TEXT NOT NULL DEFAULT '',
  entry_id  TEXT NOT NULL                   -- of its newest change
);
CREATE INDEX people_item_person ON people_item (person_id, list, run, place);
CREATE INDEX people_item_open ON people_item (state, due_at);

-- Accounts of people on hosts, in databases, and here.
CREATE TABLE people_account (
  id         TEXT PRIMARY KEY,              -- pac_…
  person_id  TEXT NOT NULL REFERENCES person (id),
  place      TEXT NOT NULL,                 -- hst_…, dbs_…, attesta
  place_name TEXT NOT NULL,
  source     TEXT NOT NULL,                 -- src_… of the place
  population TEXT NOT NULL,
  name       TEXT NOT NULL,                 -- of the account
  rule       TEXT NOT NULL,                 -- login, mail, name: what it was matched by
  says       TEXT NOT NULL,                 -- theirs, asked, not_theirs
  state      TEXT NOT NULL,                 -- present, closed, gone, unobserved
  reason     TEXT NOT NULL,
  first_at   BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,               -- when it became this, as observed
  seen_at    BIGINT NOT NULL,               -- when it was last looked for
  failing    BIGINT NOT NULL DEFAULT 0,     -- 1: a finding was opened
  entry_id   TEXT NOT NULL,                 -- of its newest change
  UNIQUE (person_id, place, name)
);
CREATE INDEX people_account_place ON people_account (place, name);

-- What CC1 asks for about people: dates and links, never content.
CREATE TABLE people_record (
  id        TEXT PRIMARY KEY,               -- prc_…
  person_id TEXT NOT NULL REFERENCES person (id),
  kind      TEXT NOT NULL,                  -- competence, performance, job_description, succession, disciplinary
  day       TEXT NOT NULL,
  step      TEXT NOT NULL DEFAULT '',       -- disciplinary: opened, heard, decided, closed
  other_id  TEXT NOT NULL DEFAULT '',       -- succession: per_… who could follow
  link      TEXT NOT NULL DEFAULT '',
  made_at   BIGINT NOT NULL,
  made_by   TEXT NOT NULL,
  entry_id  TEXT NOT NULL UNIQUE
);
CREATE INDEX people_record_person ON people_record (person_id, kind, day);
