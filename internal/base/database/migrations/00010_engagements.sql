-- +goose Up
-- An examination by an auditor: as of a date (type 1) or over a window (type 2).
CREATE TABLE engagement (
  id        TEXT PRIMARY KEY,          -- eng_…
  system_id TEXT NOT NULL REFERENCES system (id),
  number    BIGINT NOT NULL,           -- from 1 in each system
  UNIQUE (system_id, number)
);

-- What an engagement is; append only, the newest holds.
CREATE TABLE engagement_version (
  engagement_id TEXT NOT NULL REFERENCES engagement (id),
  version       BIGINT NOT NULL,       -- from 1
  content       TEXT NOT NULL,         -- JSON
  digest        TEXT NOT NULL,         -- SHA-256 of content
  made_at       BIGINT NOT NULL,
  made_by       TEXT NOT NULL,         -- usr_…
  entry_id      TEXT NOT NULL UNIQUE,
  PRIMARY KEY (engagement_id, version)
);

-- What the auditor asks for, under the auditor's own reference.
CREATE TABLE engagement_request (
  id            TEXT PRIMARY KEY,      -- req_…
  engagement_id TEXT NOT NULL REFERENCES engagement (id),
  ref           TEXT NOT NULL,
  position      BIGINT NOT NULL,       -- order of the list
  UNIQUE (engagement_id, ref)
);

-- What a request says and where it stands; append only, the newest holds. All
-- versions that one import made share its entry.
CREATE TABLE engagement_request_version (
  request_id TEXT NOT NULL REFERENCES engagement_request (id),
  version    BIGINT NOT NULL,          -- from 1
  content    TEXT NOT NULL,            -- JSON
  digest     TEXT NOT NULL,            -- SHA-256 of content
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,            -- usr_…
  entry_id   TEXT NOT NULL,
  PRIMARY KEY (request_id, version)
);
CREATE INDEX engagement_request_version_entry ON engagement_request_version (entry_id);

-- What was written beside a request; append only. A redaction empties the text.
CREATE TABLE engagement_message (
  id         TEXT PRIMARY KEY,         -- msg_…
  request_id TEXT NOT NULL REFERENCES engagement_request (id),
  text       TEXT NOT NULL,
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,            -- usr_…
  entry_id   TEXT NOT NULL UNIQUE
);
CREATE INDEX engagement_message_request ON engagement_message (request_id, made_at, id);

-- Workbooks that requests were read from, so that answers go back in the
-- auditor's own form.
CREATE TABLE engagement_workbook (
  engagement_id TEXT NOT NULL REFERENCES engagement (id),
  version       BIGINT NOT NULL,       -- from 1
  name          TEXT NOT NULL,         -- file name
  digest        TEXT NOT NULL,         -- SHA-256 of the file, which is a blob
  sheet         TEXT NOT NULL,
  made_at       BIGINT NOT NULL,
  made_by       TEXT NOT NULL,         -- usr_…
  entry_id      TEXT NOT NULL UNIQUE,
  PRIMARY KEY (engagement_id, version)
);

-- What was frozen for an engagement: populations and packages by id.
CREATE TABLE engagement_exhibit (
  id            TEXT PRIMARY KEY,      -- exh_…
  engagement_id TEXT NOT NULL REFERENCES engagement (id),
  request_id    TEXT NOT NULL,         -- '' where it answers none
  kind          TEXT NOT NULL,         -- population, package, evidence
  subject       TEXT NOT NULL,         -- id of the extraction, export or evidence
  title         TEXT NOT NULL,
  made_at       BIGINT NOT NULL,
  made_by       TEXT NOT NULL,         -- usr_…
  entry_id      TEXT NOT NULL UNIQUE,
  UNIQUE (engagement_id, kind, subject, request_id)
);
