-- +goose Up
-- Why a version of the scope was written; '' where none was asked.
ALTER TABLE scope ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- A version of the scope that a person wrote holds only once it is approved;
-- the one that the program began with holds without.
CREATE TABLE scope_approval (
  system_id    TEXT NOT NULL,
  version      BIGINT NOT NULL,
  digest       TEXT NOT NULL,          -- of the content that was approved
  compensation TEXT NOT NULL,          -- what stands in for a second person; '' where one approved
  made_at      BIGINT NOT NULL,
  made_by      TEXT NOT NULL,          -- usr_…
  entry_id     TEXT NOT NULL UNIQUE,
  PRIMARY KEY (system_id, version)
);

-- What a person said about an instance of a control; append only. Instances
-- themselves are derived and stand nowhere.
CREATE TABLE instance_event (
  id          TEXT PRIMARY KEY,        -- ins_…
  control_id  TEXT NOT NULL REFERENCES control (id),
  instance    TEXT NOT NULL,           -- 2026-03-31; of a triggered control: 2026-03-14.1
  kind        TEXT NOT NULL,           -- triggered, withdrawn, waived, resumed
  occurred_at BIGINT NOT NULL,         -- triggered: when it was set off; else 0
  due_at      BIGINT NOT NULL,         -- triggered: by when it was to be performed; else 0
  reason      TEXT NOT NULL,           -- what the person wrote
  made_at     BIGINT NOT NULL,
  made_by     TEXT NOT NULL,           -- usr_…
  entry_id    TEXT NOT NULL UNIQUE
);
CREATE INDEX instance_event_control ON instance_event (control_id, instance);

-- Evidence that a person brought. What it says stands in its versions.
CREATE TABLE evidence (
  id        TEXT PRIMARY KEY,          -- evd_…
  system_id TEXT NOT NULL REFERENCES system (id),
  number    BIGINT NOT NULL,           -- E-12, from 1 in each system
  UNIQUE (system_id, number)
);

-- Append only, except that a redaction empties what a person wrote.
CREATE TABLE evidence_version (
  evidence_id  TEXT NOT NULL REFERENCES evidence (id),
  version      BIGINT NOT NULL,        -- from 1; a later one supersedes
  kind         TEXT NOT NULL,          -- file, link
  title        TEXT NOT NULL,
  description  TEXT NOT NULL,
  source       TEXT NOT NULL,          -- where it comes from
  query        TEXT NOT NULL,          -- query and parameters; '' where there was none
  address      TEXT NOT NULL,          -- of a link; '' for a file
  file_name    TEXT NOT NULL,          -- '' for a link
  content_type TEXT NOT NULL,          -- from the list that is served; '' for a link
  size         BIGINT NOT NULL,        -- bytes; 0 for a link
  digest       TEXT NOT NULL,          -- SHA-256 of the content; '' for a link: not held here
  performed_at BIGINT NOT NULL,
  covers_from  BIGINT NOT NULL,        -- [covers_from, covers_to)
  covers_to    BIGINT NOT NULL,
  collected_at BIGINT NOT NULL,
  scope        BIGINT NOT NULL,        -- version of the scope in force
  made_at      BIGINT NOT NULL,
  made_by      TEXT NOT NULL,          -- usr_…
  entry_id     TEXT NOT NULL UNIQUE,
  redacted_by  TEXT NOT NULL DEFAULT '', -- ent_… of the redaction; '': none
  PRIMARY KEY (evidence_id, version)
);
CREATE INDEX evidence_version_digest ON evidence_version (digest) WHERE digest <> '';
CREATE INDEX evidence_version_performed ON evidence_version (performed_at, evidence_id);

-- What a version of an item of evidence is evidence of.
CREATE TABLE evidence_cover (
  evidence_id TEXT NOT NULL,
  version     BIGINT NOT NULL,
  control_id  TEXT NOT NULL REFERENCES control (id),
  instance    TEXT NOT NULL,           -- as in instance_event
  role        TEXT NOT NULL,           -- performance; population: of what sets the control off
  items       BIGINT NOT NULL,         -- population: how many; performance: -1
  PRIMARY KEY (evidence_id, version, control_id, instance, role)
);
CREATE INDEX evidence_cover_control ON evidence_cover (control_id, instance);

-- What a reviewer decided; append only, the last of a version holds.
CREATE TABLE evidence_review (
  evidence_id  TEXT NOT NULL,
  version      BIGINT NOT NULL,
  seq          BIGINT NOT NULL,        -- from 1
  decision     TEXT NOT NULL,          -- accepted, sent_back
  reason       TEXT NOT NULL,          -- what the reviewer wrote
  compensation TEXT NOT NULL,          -- what stands in for a second person; '' where one reviewed
  made_at      BIGINT NOT NULL,
  made_by      TEXT NOT NULL,          -- usr_…
  entry_id     TEXT NOT NULL UNIQUE,
  PRIMARY KEY (evidence_id, version, seq)
);
