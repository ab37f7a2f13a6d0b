-- +goose Up
-- Kinds of connections that hosts were seen to have, since when, and until when.
CREATE TABLE segment_flow (
  source    TEXT   NOT NULL, -- src_… of the host that saw it
  direction TEXT   NOT NULL,
  protocol  TEXT   NOT NULL,
  port      BIGINT NOT NULL,
  local     TEXT   NOT NULL,
  remote    TEXT   NOT NULL,
  program   TEXT   NOT NULL,
  first_at  BIGINT NOT NULL,
  last_at   BIGINT NOT NULL, -- of one that is over; 0 while the host tells it
  PRIMARY KEY (source, direction, protocol, port, local, remote, program)
);
CREATE INDEX segment_flow_over ON segment_flow (last_at);

-- What agents were asked to try, in one message each.
CREATE TABLE segment_ask (
  ask_id      TEXT   PRIMARY KEY,
  source      TEXT   NOT NULL,
  host        TEXT   NOT NULL, -- its name then
  plan        TEXT   NOT NULL, -- SG-3
  rules       TEXT   NOT NULL, -- keys, with spaces
  targets     BIGINT NOT NULL,
  asked_by    TEXT   NOT NULL,
  asked_at    BIGINT NOT NULL,
  until       BIGINT NOT NULL,
  answered_at BIGINT NOT NULL, -- 0: not
  refuse      TEXT   NOT NULL  -- why the agent did not do it
);
CREATE INDEX segment_ask_at ON segment_ask (asked_at);

-- What became of each try. A row is never changed; the ledger has a digest of those
-- of one answer.
CREATE TABLE segment_proof (
  ask_id   TEXT   NOT NULL REFERENCES segment_ask (ask_id),
  no       BIGINT NOT NULL,
  plan     TEXT   NOT NULL,
  rule     TEXT   NOT NULL, -- key of the rule that decided then; default
  expects  TEXT   NOT NULL, -- may, must_not
  source   TEXT   NOT NULL,
  from_host TEXT  NOT NULL,
  from_zone TEXT  NOT NULL,
  to_host  TEXT   NOT NULL,
  to_zone  TEXT   NOT NULL,
  address  TEXT   NOT NULL,
  protocol TEXT   NOT NULL,
  port     BIGINT NOT NULL,
  state    TEXT   NOT NULL, -- open, refused, unreachable, silent, error
  reason   TEXT   NOT NULL,
  local    TEXT   NOT NULL,
  at       BIGINT NOT NULL, -- by the agent's clock
  took_us  BIGINT NOT NULL,
  entry_id TEXT   NOT NULL,
  PRIMARY KEY (ask_id, no)
);
CREATE INDEX segment_proof_at ON segment_proof (at);
CREATE INDEX segment_proof_entry ON segment_proof (entry_id);
