-- +goose Up
-- Who may log in. Names, logins and e-mail addresses stand here and nowhere else.
CREATE TABLE access_user (
  id            TEXT PRIMARY KEY,           -- usr_…
  login         TEXT NOT NULL UNIQUE,       -- lower case, without @
  name          TEXT NOT NULL,
  email         TEXT UNIQUE,                -- lower case; NULL: none
  role          TEXT NOT NULL,
  password      TEXT NOT NULL DEFAULT '',   -- PHC string; empty: none set
  disabled      BIGINT NOT NULL DEFAULT 0,
  created_at    BIGINT NOT NULL,
  last_login_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE access_link (
  id         TEXT PRIMARY KEY,              -- lnk_…
  token_hash BLOB NOT NULL UNIQUE,          -- SHA-256
  user_id    TEXT NOT NULL REFERENCES access_user (id),
  purpose    TEXT NOT NULL,
  made_by    TEXT NOT NULL,                 -- usr_… or system
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL DEFAULT 0      -- 0: not used; withdrawn links are removed
);
CREATE INDEX access_link_user ON access_link (user_id);

CREATE TABLE access_session (
  id         TEXT PRIMARY KEY,              -- ses_…
  token_hash BLOB NOT NULL UNIQUE,          -- SHA-256
  user_id    TEXT NOT NULL REFERENCES access_user (id),
  via        TEXT NOT NULL,                 -- link, password
  opened_at  BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  may_reset  BIGINT NOT NULL DEFAULT 0,     -- opened by a link that lets a password be set without the old one
  address    TEXT NOT NULL DEFAULT '',
  agent      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX access_session_user ON access_session (user_id);

-- Failed attempts in a row, per user ("user", usr_…), per typed name ("name", a
-- bucket of its hash: what was typed may be a password) and per source
-- ("address", an address or an IPv6 /64).
CREATE TABLE access_failure (
  scope        TEXT NOT NULL,
  name         TEXT NOT NULL,
  failures     BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  locked_until BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, name)
);

-- How many entries strangers caused in the running hour, and how many were only counted.
CREATE TABLE access_recording (
  kind       TEXT PRIMARY KEY,
  started_at BIGINT NOT NULL,
  recorded   BIGINT NOT NULL,
  counted    BIGINT NOT NULL
);

-- What each periodic job and each kind of queued job last did. The queue itself
-- is river's, in tables of its own.
CREATE TABLE job_run (
  name       TEXT PRIMARY KEY,
  started_at BIGINT NOT NULL,               -- of the last run that ended
  took       BIGINT NOT NULL,               -- microseconds
  error      TEXT NOT NULL DEFAULT '',
  failures   BIGINT NOT NULL DEFAULT 0      -- in a row
);
