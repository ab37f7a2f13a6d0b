-- +goose Up
CREATE TABLE ask (
    id          TEXT   NOT NULL PRIMARY KEY,
    source_id   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    args        TEXT   NOT NULL,
    subject     TEXT   NOT NULL, -- whose ask it is: a rule, a host
    made_at     BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    made_entry  TEXT   NOT NULL,
    answered_at BIGINT NOT NULL DEFAULT 0, -- by the server's clock; 0: not
    done_at     BIGINT NOT NULL DEFAULT 0, -- when the agent did it, by its own clock
    refuse      TEXT   NOT NULL DEFAULT '',
    result      TEXT   NOT NULL DEFAULT '',
    entry       TEXT   NOT NULL DEFAULT ''  -- of the answer
);
CREATE INDEX ask_open ON ask (source_id, until) WHERE answered_at = 0;
CREATE INDEX ask_subject ON ask (kind, subject, made_at);
