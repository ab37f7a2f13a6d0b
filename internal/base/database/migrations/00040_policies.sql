-- +goose Up
-- The organisation's own policies: versions are added, never changed; what
-- happens to them is a step each.
CREATE TABLE policy (
  id         TEXT PRIMARY KEY,              -- pol_…
  slug       TEXT NOT NULL UNIQUE,
  number     BIGINT NOT NULL UNIQUE,        -- 3 of P-3
  template   TEXT NOT NULL,                 -- pack/template that it began from; '' for none
  created_at BIGINT NOT NULL
);

CREATE TABLE policy_version (
  policy_id   TEXT NOT NULL REFERENCES policy (id),
  version     BIGINT NOT NULL,
  title       TEXT NOT NULL,                -- as in content, for lists
  owner       TEXT NOT NULL,                -- as in content, for lists
  content     TEXT NOT NULL,                -- JSON
  digest      TEXT NOT NULL,                -- SHA-256 of content
  text_digest TEXT NOT NULL,                -- SHA-256 of its Markdown
  note        TEXT NOT NULL,                -- what changed and why
  material    BIGINT NOT NULL,              -- 1: people are asked again
  origin      TEXT NOT NULL,                -- template, written, imported
  made_at     BIGINT NOT NULL,
  made_by     TEXT NOT NULL,
  entry_id    TEXT NOT NULL UNIQUE,
  PRIMARY KEY (policy_id, version)
);

-- Who is asked to read a version, beside its content.
CREATE TABLE policy_audience (
  policy_id TEXT NOT NULL,
  version   BIGINT NOT NULL,
  role      TEXT NOT NULL,
  PRIMARY KEY (policy_id, version, role),
  FOREIGN KEY (policy_id, version) REFERENCES policy_version (policy_id, version)
);

CREATE TABLE policy_step (
  policy_id    TEXT NOT NULL,
  seq          BIGINT NOT NULL,             -- from 1, over all versions
  version      BIGINT NOT NULL,
  step         TEXT NOT NULL,               -- submitted, withdrawn, sent_back, approved, published, reviewed, retired
  note         TEXT NOT NULL DEFAULT '',
  compensation TEXT NOT NULL DEFAULT '',    -- what stood in for a second person
  until        BIGINT NOT NULL DEFAULT 0,   -- published: by when people are to acknowledge it; 0: nobody is asked
  review       BIGINT NOT NULL DEFAULT 0,   -- published, reviewed: when it is to be read again
  made_at      BIGINT NOT NULL,
  made_by      TEXT NOT NULL,
  entry_id     TEXT NOT NULL UNIQUE,
  PRIMARY KEY (policy_id, seq),
  FOREIGN KEY (policy_id, version) REFERENCES policy_version (policy_id, version)
);

-- Each time that somebody answered the questions.
CREATE TABLE policy_try (
  policy_id TEXT NOT NULL,
  version   BIGINT NOT NULL,
  user_id   TEXT NOT NULL REFERENCES access_user (id),
  seq       BIGINT NOT NULL,                -- from 1
  answers   TEXT NOT NULL,                  -- JSON list: what was chosen, from 1; 0 is nothing
  wrong     BIGINT NOT NULL,
  made_at   BIGINT NOT NULL,
  entry_id  TEXT NOT NULL UNIQUE,
  PRIMARY KEY (policy_id, version, user_id, seq),
  FOREIGN KEY (policy_id, version) REFERENCES policy_version (policy_id, version)
);

CREATE TABLE policy_acknowledgement (
  policy_id TEXT NOT NULL,
  version   BIGINT NOT NULL,
  user_id   TEXT NOT NULL REFERENCES access_user (id),
  digest    TEXT NOT NULL,                  -- of the version
  tries     BIGINT NOT NULL,                -- of its questions, the right one included
  made_at   BIGINT NOT NULL,
  entry_id  TEXT NOT NULL UNIQUE,
  PRIMARY KEY (policy_id, version, user_id),
  FOREIGN KEY (policy_id, version) REFERENCES policy_version (policy_id, version)
);
CREATE INDEX policy_acknowledgement_user ON policy_acknowledgement (user_id, policy_id);
