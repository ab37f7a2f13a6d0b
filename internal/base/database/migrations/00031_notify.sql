-- +goose Up
-- Webhooks, and the tables of notices and mail, which nothing writes yet.

-- Up to which ledger size notifications and webhooks have been told.
CREATE TABLE notify_cursor (
  name TEXT PRIMARY KEY,                    -- 'ledger'
  upto BIGINT NOT NULL
);

-- Where events are sent. Secrets are sealed with the key in keys/sealed.key.
CREATE TABLE notify_webhook (
  id           TEXT PRIMARY KEY,            -- whk_…
  name         TEXT NOT NULL,
  url          BLOB NOT NULL,               -- sealed: a receiver's address may hold a secret of its own
  place        TEXT NOT NULL,               -- its scheme, host and port, for people
  format       TEXT NOT NULL,               -- attesta, slack
  events       TEXT NOT NULL,               -- JSON list of event types
  secret       BLOB NOT NULL,               -- sealed
  former       BLOB NOT NULL,               -- sealed: the one before; empty: none
  former_until BIGINT NOT NULL DEFAULT 0,
  made_at      BIGINT NOT NULL,
  entry        TEXT NOT NULL,               -- ent_… of its newest webhook.set
  failing      BIGINT NOT NULL DEFAULT 0,   -- failed attempts in a row
  failed_since BIGINT NOT NULL DEFAULT 0,   -- of the first of them
  retry_at     BIGINT NOT NULL DEFAULT 0,   -- before, it is left alone
  wake_at      BIGINT NOT NULL DEFAULT 0,   -- when the queued job runs; 0: none is queued
  paused_at    BIGINT NOT NULL DEFAULT 0,   -- 0: it is sent to
  paused_why   TEXT NOT NULL DEFAULT '',
  removed_at   BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE notify_message (
  id       TEXT PRIMARY KEY,                -- msg_…: the webhook-id, by which a receiver knows it again
  webhook  TEXT NOT NULL REFERENCES notify_webhook (id),
  event    TEXT NOT NULL,
  items    BIGINT NOT NULL,                 -- happenings in it
  body     BLOB NOT NULL,
  made_at  BIGINT NOT NULL,
  state    TEXT NOT NULL,                   -- waiting, delivered, failed, held
  attempts BIGINT NOT NULL DEFAULT 0,
  next_at  BIGINT NOT NULL,                 -- of a waiting one
  entry    TEXT NOT NULL DEFAULT ''         -- ent_… of its newest result
);
CREATE INDEX notify_message_due ON notify_message (webhook, state, next_at);
CREATE INDEX notify_message_made ON notify_message (webhook, made_at, id);

CREATE TABLE notify_attempt (
  message TEXT NOT NULL REFERENCES notify_message (id),
  number  BIGINT NOT NULL,                  -- from 1
  at      BIGINT NOT NULL,
  took    BIGINT NOT NULL,                  -- µs
  status  BIGINT NOT NULL,                  -- of HTTP; 0: there was no answer
  trouble TEXT NOT NULL,                    -- why it counts as failed
  answer  TEXT NOT NULL,                    -- its first kilobyte
  by      TEXT NOT NULL,                    -- usr_… who asked for it; system
  PRIMARY KEY (message, number)
);

-- The mail server.
CREATE TABLE notify_mail (
  name       TEXT PRIMARY KEY,              -- 'mail'
  settings   TEXT NOT NULL,                 -- JSON, without the password
  password   BLOB NOT NULL,                 -- sealed; empty: none
  changed_at BIGINT NOT NULL,
  entry      TEXT NOT NULL                  -- ent_… of its mail.set
);

-- How somebody wants to hear of what.
CREATE TABLE notify_person (
  user_id    TEXT PRIMARY KEY REFERENCES access_user (id),
  choices    TEXT NOT NULL,                 -- JSON
  changed_at BIGINT NOT NULL,
  entry      TEXT NOT NULL                  -- ent_… of its newest notice.chosen
);

-- What somebody should know: one row for a thing, or for many of one kind.
CREATE TABLE notify_notice (
  id         TEXT PRIMARY KEY,              -- ntc_…
  user_id    TEXT NOT NULL REFERENCES access_user (id),
  kind       TEXT NOT NULL,
  object     TEXT NOT NULL,                 -- what it is about; '' for many
  title      TEXT NOT NULL,
  link       TEXT NOT NULL,                 -- path of this site
  count      BIGINT NOT NULL,               -- happenings in it
  urgent     BIGINT NOT NULL,
  at         BIGINT NOT NULL,               -- of the first
  changed_at BIGINT NOT NULL,               -- of the newest
  read_at    BIGINT NOT NULL DEFAULT 0,     -- 0: not
  way        TEXT NOT NULL,                 -- inbox, at_once, daily, weekly
  due_at     BIGINT NOT NULL,               -- when it is mailed; 0: it is not
  sending    TEXT NOT NULL DEFAULT ''       -- snd_… in which it was mailed
);
CREATE INDEX notify_notice_unread ON notify_notice (user_id, read_at, kind, changed_at);
CREATE INDEX notify_notice_listed ON notify_notice (user_id, changed_at, id);
CREATE INDEX notify_notice_due ON notify_notice (sending, due_at);

-- Mails, and what became of them.
CREATE TABLE notify_sending (
  id       TEXT PRIMARY KEY,                -- snd_…
  user_id  TEXT NOT NULL,
  why      TEXT NOT NULL,                   -- at_once, daily, weekly, test
  notices  BIGINT NOT NULL,
  made_at  BIGINT NOT NULL,
  state    TEXT NOT NULL,                   -- waiting, sent, failed
  attempts BIGINT NOT NULL DEFAULT 0,
  tried_at BIGINT NOT NULL DEFAULT 0,
  took     BIGINT NOT NULL DEFAULT 0,       -- µs, of the newest attempt
  trouble  TEXT NOT NULL DEFAULT '',
  entry    TEXT NOT NULL DEFAULT ''         -- ent_… of its result
);
CREATE INDEX notify_sending_user ON notify_sending (user_id, made_at);
CREATE INDEX notify_sending_made ON notify_sending (made_at, id);

-- What the calendar brought up, so that it is said once.
CREATE TABLE notify_said (
  key TEXT PRIMARY KEY,
  at  BIGINT NOT NULL
);
