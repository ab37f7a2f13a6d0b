-- +goose Up
-- Changes that were asked for with an Idempotency-Key, for a day.
CREATE TABLE api_key_used (
  id      TEXT PRIMARY KEY,  -- SHA-256 of user and key, hex
  digest  TEXT NOT NULL,     -- SHA-256 of operation and input, hex
  answer  BLOB,              -- NULL while it is being done
  used_at BIGINT NOT NULL
);
CREATE INDEX api_key_used_at ON api_key_used (used_at);
