-- +goose Up
-- What became of mails: when the next attempt is due, what the server answered,
-- and who asked for it. A state more: sending, from before an attempt until its
-- result is kept.
ALTER TABLE notify_sending ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notify_sending ADD COLUMN answer TEXT NOT NULL DEFAULT '';
ALTER TABLE notify_sending ADD COLUMN by TEXT NOT NULL DEFAULT 'system'; -- usr_… who asked for a test
CREATE INDEX notify_sending_due ON notify_sending (state, next_at);
CREATE INDEX notify_sending_tried ON notify_sending (tried_at);

-- Records that could not be read, so that nobody was told of them.
CREATE TABLE notify_gap (
  record BIGINT PRIMARY KEY,                -- ledger index
  at     BIGINT NOT NULL,
  reason TEXT NOT NULL,
  entry  TEXT NOT NULL                      -- ent_… of its notice.gap
);
