-- +goose Up
-- Changed files of hosts as agents saw them, what each came to, and what a path was
-- before something unexplained lay on it.
CREATE TABLE integrity_counter (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);

-- A host whose files are watched.
CREATE TABLE integrity_host (
  source      TEXT PRIMARY KEY,         -- src_…
  host_id     TEXT NOT NULL,            -- hst_…; '' until its facts were heard
  name        TEXT NOT NULL,
  joined_at   BIGINT NOT NULL,
  last_at     BIGINT NOT NULL,          -- when its newest batch was made, by our clock; 0: none yet
  watching    TEXT NOT NULL,            -- JSON: its section watching as last received; '' for never
  silent_at   BIGINT NOT NULL,          -- since when nothing was heard; 0: it is heard
  gone        BIGINT NOT NULL,          -- 1: it left the population of hosts
  baseline    TEXT NOT NULL,            -- JSON: what is in force of its baselines
  opened      BIGINT NOT NULL,          -- groups that nobody explained
  changes     BIGINT NOT NULL,          -- told so far
  said        TEXT NOT NULL             -- digest of the section that was made of it last
);
CREATE INDEX integrity_host_name ON integrity_host (gone, name, source);
CREATE INDEX integrity_host_id ON integrity_host (host_id);

-- A batch of changes: what its ledger entry commits to.
CREATE TABLE integrity_batch (
  no          BIGINT PRIMARY KEY,
  source      TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  changes     BIGINT NOT NULL,
  digest      TEXT NOT NULL,
  entry_id    TEXT NOT NULL
);

-- What belongs together: a run of a package manager, a token, what somebody did in
-- one session.
CREATE TABLE integrity_group (
  no        BIGINT PRIMARY KEY,         -- IC-12
  source    TEXT NOT NULL REFERENCES integrity_host (source),
  cause     TEXT NOT NULL,
  verdict   TEXT NOT NULL,              -- ticket, package, management, reverts, unexplained
  state     TEXT NOT NULL,              -- open, explained, undone, settled
  exceeded  BIGINT NOT NULL,            -- 1: a token was used beyond its limits
  reason    TEXT NOT NULL,              -- of its first change
  evidence  TEXT NOT NULL,              -- JSON, likewise
  first_at  BIGINT NOT NULL,
  last_at   BIGINT NOT NULL,
  known_at  BIGINT NOT NULL,            -- when we first heard of it
  n         BIGINT NOT NULL,
  undone    BIGINT NOT NULL,
  n_system  BIGINT NOT NULL,
  n_config  BIGINT NOT NULL,
  n_content BIGINT NOT NULL,
  login     TEXT NOT NULL,
  usr       TEXT NOT NULL,
  program   TEXT NOT NULL,
  person    TEXT NOT NULL,              -- usr_… or per_…; '' for nobody known
  token     TEXT NOT NULL,
  ticket    TEXT NOT NULL,              -- CH-12, or the run of a tool
  manager   TEXT NOT NULL,
  package   TEXT NOT NULL,
  version   TEXT NOT NULL,
  packages  BIGINT NOT NULL,
  origin    TEXT NOT NULL,
  command   TEXT NOT NULL,
  asked_by  TEXT NOT NULL,              -- as the package manager's history has it
  fleet     TEXT NOT NULL,              -- equal for the same update on other hosts
  paths     TEXT NOT NULL,              -- JSON: the first few
  decided   TEXT NOT NULL,              -- usr_… who explained it; ''
  decided_at BIGINT NOT NULL,
  entry_id  TEXT NOT NULL               -- of one that nothing explained; ''
);
CREATE INDEX integrity_group_last ON integrity_group (last_at, no);
CREATE INDEX integrity_group_state ON integrity_group (state, last_at, no);
CREATE INDEX integrity_group_verdict ON integrity_group (verdict, last_at, no);
CREATE INDEX integrity_group_source ON integrity_group (source, last_at, no);
CREATE INDEX integrity_group_cause ON integrity_group (source, cause, no);
CREATE INDEX integrity_group_login ON integrity_group (login, last_at, no);
CREATE INDEX integrity_group_fleet ON integrity_group (fleet);

-- The packages of a group.
CREATE TABLE integrity_group_package (
  group_no BIGINT NOT NULL REFERENCES integrity_group (no),
  name     TEXT NOT NULL,
  version  TEXT NOT NULL,
  n        BIGINT NOT NULL,
  PRIMARY KEY (group_no, name, version)
);
CREATE INDEX integrity_group_package_name ON integrity_group_package (name, group_no);

CREATE TABLE integrity_change (
  group_no  BIGINT NOT NULL REFERENCES integrity_group (no),
  seq       BIGINT NOT NULL,            -- from 1 within the group
  source    TEXT NOT NULL,
  id        TEXT NOT NULL,              -- of the agent's making
  at        BIGINT NOT NULL,
  path      TEXT NOT NULL,
  place     TEXT NOT NULL,              -- beginning of the path in hex, which sorts alike everywhere
  change    TEXT NOT NULL,
  class     TEXT NOT NULL,
  undone_at BIGINT NOT NULL,            -- 0: not undone
  undone_by BIGINT NOT NULL,            -- the batch that told of it; 0
  body_seq  BIGINT NOT NULL,            -- the row of integrity_body that it is in
  batch     BIGINT NOT NULL REFERENCES integrity_batch (no),
  PRIMARY KEY (group_no, seq),
  UNIQUE (source, id)
);
CREATE INDEX integrity_change_place ON integrity_change (place, group_no);
CREATE INDEX integrity_change_at ON integrity_change (source, at);
CREATE INDEX integrity_change_batch ON integrity_change (batch, group_no, seq);

-- What was told of up to 100 changes in a row, and the verdict on each.
CREATE TABLE integrity_body (
  group_no BIGINT NOT NULL REFERENCES integrity_group (no),
  seq      BIGINT NOT NULL,             -- of the first of them
  body     BLOB NOT NULL,
  PRIMARY KEY (group_no, seq)
);

-- A path of a host as it was last told.
CREATE TABLE integrity_path (
  source TEXT NOT NULL,
  place  TEXT NOT NULL,                 -- digest of the path
  state  TEXT NOT NULL,                 -- JSON, see internal/operations/integrity/verdict
  PRIMARY KEY (source, place)
);

-- What was decided of a group later; a verdict is never changed in place.
CREATE TABLE integrity_verdict (
  group_no BIGINT NOT NULL REFERENCES integrity_group (no),
  seq      BIGINT NOT NULL,
  kind     TEXT NOT NULL,               -- explained, undone, ended
  reason   TEXT NOT NULL,
  ticket   TEXT NOT NULL,
  alone    TEXT NOT NULL,               -- what stood in for a second person
  made_by  TEXT NOT NULL,               -- usr_… or system
  made_at  BIGINT NOT NULL,
  entry_id TEXT NOT NULL,
  PRIMARY KEY (group_no, seq)
);

-- How often a token was used.
CREATE TABLE integrity_token (
  id       TEXT PRIMARY KEY,
  label    TEXT NOT NULL,
  used     BIGINT NOT NULL,
  exceeded BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL
);

-- Tokens of runs of configuration management.
CREATE TABLE integrity_run (
  id       TEXT PRIMARY KEY,            -- ctk_…
  tool     TEXT NOT NULL,               -- id of the tool
  run      TEXT NOT NULL,
  text     TEXT NOT NULL,
  from_at  BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  made_at  BIGINT NOT NULL,
  made_by  TEXT NOT NULL,
  entry_id TEXT NOT NULL
);
CREATE INDEX integrity_run_tool ON integrity_run (tool, made_at);

INSERT INTO integrity_counter (name, value) VALUES ('group', 0), ('batch', 0);
