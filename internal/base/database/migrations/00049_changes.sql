-- +goose Up
-- Where changes come from.
CREATE TABLE change_repository (
  id           TEXT PRIMARY KEY,            -- rep_…
  slug         TEXT NOT NULL UNIQUE,
  content      TEXT NOT NULL,               -- JSON: how its changes are judged
  digest       TEXT NOT NULL,               -- SHA-256 of content
  secret       BLOB,                        -- of its webhook, sealed; NULL: it has none
  made_at      BIGINT NOT NULL,
  changed_at   BIGINT NOT NULL,
  changed_by   TEXT NOT NULL,
  entry_id     TEXT NOT NULL,               -- of the newest settings
  removed_at   BIGINT NOT NULL DEFAULT 0,   -- 0: it is followed
  head         TEXT NOT NULL DEFAULT '',    -- of the branch, as read last
  read_at      BIGINT NOT NULL DEFAULT 0,   -- 0: never
  trouble      TEXT NOT NULL DEFAULT '',    -- why it cannot be read
  delivered_at BIGINT NOT NULL DEFAULT 0,   -- last webhook taken
  refused_at   BIGINT NOT NULL DEFAULT 0,   -- last webhook refused
  refused      TEXT NOT NULL DEFAULT '',    -- why
  derived_at   BIGINT NOT NULL DEFAULT 0,
  stale        BIGINT NOT NULL DEFAULT 0    -- 1: something came since it was derived
);

-- Commits as they were read. Nothing is removed: what vanishes is marked.
CREATE TABLE change_commit (
  repository_id  TEXT NOT NULL REFERENCES change_repository (id),
  sha            TEXT NOT NULL,
  parents        TEXT NOT NULL,             -- separated by spaces
  tree           TEXT NOT NULL,
  author_name    TEXT NOT NULL,
  author_mail    TEXT NOT NULL,
  authored_at    BIGINT NOT NULL,
  committer_name TEXT NOT NULL,
  committer_mail TEXT NOT NULL,
  committed_at   BIGINT NOT NULL,
  message        TEXT NOT NULL,
  paths          TEXT NOT NULL,             -- one a line
  place          BIGINT NOT NULL,           -- on the branch along first parents, from 0; -1: not on it
  seen_at        BIGINT NOT NULL,           -- when it was read first
  after_at       BIGINT NOT NULL,           -- when the repository had been read before that; 0: never
  gone_at        BIGINT NOT NULL DEFAULT 0, -- when it was found to be no longer on the branch
  entry_id       TEXT NOT NULL,             -- change.read
  PRIMARY KEY (repository_id, sha)
);
CREATE INDEX change_commit_entry ON change_commit (entry_id);

-- Each reading that found something.
CREATE TABLE change_reading (
  entry_id      TEXT PRIMARY KEY,           -- change.read
  repository_id TEXT NOT NULL REFERENCES change_repository (id),
  at            BIGINT NOT NULL,
  head          TEXT NOT NULL,
  commits       BIGINT NOT NULL,            -- new ones
  digest        TEXT NOT NULL,              -- over their ids, sorted
  gone          BIGINT NOT NULL,            -- commits that were on the branch and no longer are
  gone_digest   TEXT NOT NULL,
  gone_ids      TEXT NOT NULL               -- separated by spaces
);
CREATE INDEX change_reading_repository ON change_reading (repository_id, at);

-- What forges, build servers and people told.
CREATE TABLE change_event (
  id            TEXT PRIMARY KEY,           -- cev_…
  repository_id TEXT NOT NULL REFERENCES change_repository (id),
  delivery      TEXT NOT NULL,              -- by which its sender knows the message
  seq           BIGINT NOT NULL,            -- within it
  kind          TEXT NOT NULL,
  number        BIGINT NOT NULL,            -- of the request; 0: none
  at            BIGINT NOT NULL,
  received_at   BIGINT NOT NULL,
  content       TEXT NOT NULL,              -- JSON
  digest        TEXT NOT NULL,              -- SHA-256 of content
  by_user       TEXT NOT NULL,              -- who told it here; system for a webhook
  entry_id      TEXT NOT NULL,              -- change.told
  UNIQUE (repository_id, delivery, seq)
);
CREATE INDEX change_event_repository ON change_event (repository_id, at);
CREATE INDEX change_event_entry ON change_event (entry_id, seq);

-- Changes and deployments as they are now, for lists.
CREATE TABLE change_item (
  id            TEXT PRIMARY KEY,           -- chg_…, dep_…
  kind          TEXT NOT NULL,              -- change, deployment
  number        BIGINT NOT NULL,            -- CH-12, D-3
  repository_id TEXT NOT NULL,
  natural_key   TEXT NOT NULL,              -- commit that landed, event of the deployment
  at            BIGINT NOT NULL,
  outcome       TEXT NOT NULL,
  route         TEXT NOT NULL,              -- an outcome for each attribute
  requested     TEXT NOT NULL,
  tested        TEXT NOT NULL,
  approved      TEXT NOT NULL,
  accepted      TEXT NOT NULL,
  segregated    TEXT NOT NULL,
  deployed      TEXT NOT NULL,
  merged        TEXT NOT NULL,
  intact        TEXT NOT NULL,
  flags         TEXT NOT NULL,              -- words: manner of landing, emergency, standard, classes
  version       BIGINT NOT NULL,
  digest        TEXT NOT NULL,              -- of the version's content
  withdrawn     BIGINT NOT NULL DEFAULT 0,  -- 1: it is part of another change
  search        TEXT NOT NULL,              -- lower case
  UNIQUE (kind, number),
  UNIQUE (repository_id, kind, natural_key)
);
CREATE INDEX change_item_at ON change_item (kind, withdrawn, at, id);
CREATE INDEX change_item_outcome ON change_item (kind, withdrawn, outcome, at, id);
CREATE INDEX change_item_repository ON change_item (repository_id, kind, at);

-- Every version of each; append only.
CREATE TABLE change_version (
  item_id  TEXT NOT NULL,
  version  BIGINT NOT NULL,
  kind     TEXT NOT NULL,
  at       BIGINT NOT NULL,                 -- when it landed or was deployed
  content  TEXT NOT NULL,                   -- JSON
  digest   TEXT NOT NULL,
  entry_id TEXT NOT NULL,                   -- change.derived
  PRIMARY KEY (item_id, version)
);
CREATE INDEX change_version_entry ON change_version (entry_id);
CREATE INDEX change_version_at ON change_version (kind, at);
