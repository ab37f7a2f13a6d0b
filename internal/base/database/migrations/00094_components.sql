-- +goose Up
-- What hosts consist of: each distinct component once, whatever the number of hosts.
CREATE TABLE component (
  id         TEXT PRIMARY KEY,          -- cmp_…, of kind and identity
  kind       TEXT NOT NULL,             -- user, port, package, …
  name       TEXT NOT NULL,             -- for people
  identity   TEXT NOT NULL,             -- JSON: what tells it from others of its kind
  evidence   TEXT NOT NULL,             -- what else was seen of it the first time
  first_at   BIGINT NOT NULL,
  first_host TEXT NOT NULL,             -- hst_…
  first_name TEXT NOT NULL,             -- of that host, as it was then
  gone_at    BIGINT NOT NULL,           -- 0: somewhere
  gone_host  TEXT NOT NULL,             -- where it was last, by name
  state      TEXT NOT NULL,             -- learning, new, approved, recognised, refused, expired, gone, unknown
  why        TEXT NOT NULL,             -- the state in words
  asked      BIGINT NOT NULL,           -- 1: a question about it has no answer yet
  scoped     BIGINT NOT NULL,           -- 1: another host may change its state
  expires_at BIGINT NOT NULL,           -- when its state must be looked at again; 0: never
  item       BIGINT NOT NULL,           -- 1: it is judged as an item of its own
  quiet_at   BIGINT NOT NULL,           -- since when it is allowed, of an item; 0: it is not
  due        BIGINT NOT NULL            -- 1: its state must be derived again
);
CREATE INDEX component_kind_state ON component (kind, state, name);
CREATE INDEX component_state ON component (state, first_at);
CREATE INDEX component_due ON component (due) WHERE due = 1;
CREATE INDEX component_item ON component (item) WHERE item = 1;
CREATE INDEX component_expires ON component (expires_at) WHERE expires_at > 0;

-- What one part of a host consists of. Equal hosts share it; one that nobody has is gone.
CREATE TABLE component_set (
  id     TEXT PRIMARY KEY,              -- cms_…
  part   TEXT NOT NULL,                 -- users/accounts
  digest TEXT NOT NULL,                 -- of its members
  hosts  BIGINT NOT NULL,
  UNIQUE (part, digest)
);

CREATE TABLE component_member (
  set_id       TEXT NOT NULL REFERENCES component_set (id),
  component_id TEXT NOT NULL REFERENCES component (id),
  PRIMARY KEY (set_id, component_id)
);
CREATE INDEX component_member_of ON component_member (component_id);

CREATE TABLE component_host (
  host_id TEXT NOT NULL,                -- hst_…
  part    TEXT NOT NULL,
  set_id  TEXT NOT NULL,                -- what it was when it was last read; '' nothing yet
  state   TEXT NOT NULL,                -- '' known, error, not_observed, absent
  reason  TEXT NOT NULL,
  since   BIGINT NOT NULL,              -- first report
  at      BIGINT NOT NULL,              -- last change
  PRIMARY KEY (host_id, part)
);
CREATE INDEX component_host_set ON component_host (set_id);

-- Comings and goings on hosts that had reported before.
CREATE TABLE component_event (
  component_id TEXT NOT NULL REFERENCES component (id),
  at           BIGINT NOT NULL,
  host_id      TEXT NOT NULL,
  host_name    TEXT NOT NULL,
  what         TEXT NOT NULL,           -- appeared, gone
  PRIMARY KEY (component_id, at, host_id, what)
);

-- When a component was anywhere at all.
CREATE TABLE component_span (
  component_id TEXT NOT NULL REFERENCES component (id),
  from_at      BIGINT NOT NULL,
  to_at        BIGINT NOT NULL,         -- 0: still
  entry_id     TEXT NOT NULL,           -- of the record that it was found
  PRIMARY KEY (component_id, from_at)
);

-- How agents' hosts are known on their links.
CREATE TABLE component_link (
  host_id TEXT NOT NULL,
  what    TEXT NOT NULL,                -- mac, gateway
  value   TEXT NOT NULL,
  PRIMARY KEY (host_id, what, value)
);
CREATE INDEX component_link_value ON component_link (what, value);

-- What people said, in its order.
CREATE TABLE component_decision (
  id           TEXT PRIMARY KEY,        -- cpd_…
  component_id TEXT NOT NULL REFERENCES component (id),
  at           BIGINT NOT NULL,
  seq          BIGINT NOT NULL,         -- of the component, from 1
  what         TEXT NOT NULL,           -- approved, refused, withdrawn, asked, answered
  by_user      TEXT NOT NULL,
  owner        TEXT NOT NULL,
  reason       TEXT NOT NULL,           -- or the question, or the answer
  scope        TEXT NOT NULL,           -- patterns of host names with spaces between; '' every host
  expires_at   BIGINT NOT NULL,         -- 0: never
  to_user      TEXT NOT NULL,           -- who was asked
  alone        TEXT NOT NULL,           -- what stands in for a second person
  entry_id     TEXT NOT NULL,
  UNIQUE (component_id, seq)
);
CREATE INDEX component_decision_entry ON component_decision (entry_id);

-- Since when a kind is judged: its first approval.
CREATE TABLE component_baseline (
  kind     TEXT PRIMARY KEY,
  at       BIGINT NOT NULL,
  by_user  TEXT NOT NULL,
  entry_id TEXT NOT NULL
);
