-- +goose Up
-- What became known late, by source and by the UTC day of valid time from which
-- it holds: written with what it speaks of, so that whatever was derived of the
-- past knows from where on it has to be derived again.
CREATE TABLE late_change (
  source TEXT NOT NULL,
  day    BIGINT NOT NULL,   -- 00:00 UTC
  times  BIGINT NOT NULL,
  PRIMARY KEY (source, day)
);
CREATE INDEX late_change_day ON late_change (day, times);

-- Step functions of statuses, as known now: a row where the status of a check,
-- control or criterion became another. Derived; `attesta posture rebuild` makes
-- them anew.
CREATE TABLE status_step (
  kind    TEXT NOT NULL,    -- check, control, criterion
  subject TEXT NOT NULL,    -- linux-server/sshd-root-login, ssh-logins-hardened, CC6.1
  at      BIGINT NOT NULL,  -- 0: since ever
  status  TEXT NOT NULL,    -- '': not in use
  PRIMARY KEY (kind, subject, at)
);
CREATE INDEX status_step_at ON status_step (at);

-- Coverage of a check at the end of a UTC day, where it differs from the day before.
CREATE TABLE coverage_step (
  check_id TEXT NOT NULL,
  day      BIGINT NOT NULL, -- 00:00 UTC
  observed BIGINT NOT NULL,
  expected BIGINT NOT NULL,
  PRIMARY KEY (check_id, day)
);

-- Up to when the two above have been derived, and from what.
CREATE TABLE status_upto (
  name  TEXT PRIMARY KEY,   -- 'status'
  upto  BIGINT NOT NULL,
  basis TEXT NOT NULL       -- JSON
);

-- What an organisation says of a host, and what is stored of its outcomes: how
-- many attributes have each now, without what silence makes of them.
ALTER TABLE host ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE host ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE host ADD COLUMN environment TEXT NOT NULL DEFAULT '';
ALTER TABLE host ADD COLUMN tags TEXT NOT NULL DEFAULT '';            -- ' a b ': sorted, each between spaces
ALTER TABLE host ADD COLUMN edit_entry TEXT NOT NULL DEFAULT '';      -- ent_… of the newest host.edited
ALTER TABLE host ADD COLUMN n_pass BIGINT NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN n_fail BIGINT NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN n_error BIGINT NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN n_not_observed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN n_not_applicable BIGINT NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN n_waived BIGINT NOT NULL DEFAULT 0;
