-- +goose Up
-- People of the organisation, not logins. What they are called stands here and
-- in what a ledger entry commits to, never in the entry.
CREATE TABLE people_source (
  id         TEXT PRIMARY KEY,              -- psr_…
  kind       TEXT NOT NULL,                 -- scim, ldap, csv, hand
  name       TEXT NOT NULL,
  place      BIGINT NOT NULL,               -- whose word counts first, from 1
  settings   TEXT NOT NULL,                 -- JSON, without secrets
  secret     BLOB NOT NULL,                 -- sealed; empty: none
  added_at   BIGINT NOT NULL,
  removed_at BIGINT NOT NULL DEFAULT 0,
  tried_at   BIGINT NOT NULL DEFAULT 0,     -- last reading, whatever came of it
  read_at    BIGINT NOT NULL DEFAULT 0,     -- last reading that was whole
  said       BIGINT NOT NULL DEFAULT 0,     -- people in it
  trouble    TEXT NOT NULL DEFAULT '',      -- why the last reading came to nothing
  entry_id   TEXT NOT NULL                  -- of its newest change
);

CREATE TABLE person (
  id         TEXT PRIMARY KEY,              -- per_…
  name       TEXT NOT NULL,
  name_key   TEXT NOT NULL,                 -- lower case, for order and search
  mail       TEXT NOT NULL,                 -- lower case
  number     TEXT NOT NULL,                 -- personnel number
  logins     TEXT NOT NULL,                 -- JSON list
  kind       TEXT NOT NULL,                 -- employee, contractor, service
  manager    TEXT NOT NULL DEFAULT '',      -- per_…
  team       TEXT NOT NULL,
  title      TEXT NOT NULL,
  location   TEXT NOT NULL,
  start_day  TEXT NOT NULL,                 -- 2026-03-02, or empty
  end_day    TEXT NOT NULL,
  state      TEXT NOT NULL,                 -- planned, here, leaving, left, merged
  left_at    BIGINT NOT NULL DEFAULT 0,
  grace      BIGINT NOT NULL DEFAULT 0,     -- hours in which access was to be gone, when they left
  merged     TEXT NOT NULL DEFAULT '',      -- per_… that they are
  user_id    TEXT NOT NULL DEFAULT '',      -- usr_… in Attesta
  search     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE INDEX person_by_name ON person (name_key, id);
CREATE INDEX person_by_manager ON person (manager);
CREATE INDEX person_by_state ON person (state, name_key, id);

-- What a source says of somebody now; what it said before stands in people_event.
CREATE TABLE people_said (
  source_id TEXT NOT NULL REFERENCES people_source (id),
  key       TEXT NOT NULL,                  -- how the source calls them
  person_id TEXT NOT NULL REFERENCES person (id),
  fields    TEXT NOT NULL,                  -- JSON
  gone_at   BIGINT NOT NULL DEFAULT 0,      -- since when it says them no more
  since     BIGINT NOT NULL,                -- it has said this
  seen_at   BIGINT NOT NULL,                -- last time that it said anything new, or that they were gone
  PRIMARY KEY (source_id, key)
);
CREATE INDEX people_said_person ON people_said (person_id);

-- A reading of a source that changed something, or that waits for a person.
CREATE TABLE people_reading (
  id         TEXT PRIMARY KEY,              -- prd_…
  source_id  TEXT NOT NULL REFERENCES people_source (id),
  state      TEXT NOT NULL,                 -- applied, held, approved, refused, overtaken
  digest     TEXT NOT NULL,                 -- SHA-256 of what was read
  content    TEXT NOT NULL,                 -- JSON of what was read, while it is held
  said       BIGINT NOT NULL,
  joins      BIGINT NOT NULL,
  changes    BIGINT NOT NULL,
  leaves     BIGINT NOT NULL,
  bound      BIGINT NOT NULL,               -- most leavers that go through without asking
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  decided_at BIGINT NOT NULL DEFAULT 0,
  decided_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX people_reading_source ON people_reading (source_id, made_at);

-- Everything that happened to a person, a source or a reading.
CREATE TABLE people_event (
  subject  TEXT NOT NULL,
  seq      BIGINT NOT NULL,                 -- from 1
  kind     TEXT NOT NULL,
  data     TEXT NOT NULL,                   -- JSON, as the ledger says it
  detail   TEXT NOT NULL,                   -- JSON, as the ledger commits to it
  valid_at BIGINT NOT NULL,                 -- when it was so
  made_at  BIGINT NOT NULL,                 -- when it was recorded
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL UNIQUE,
  PRIMARY KEY (subject, seq)
);
