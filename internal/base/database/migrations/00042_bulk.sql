-- +goose Up
-- Acts on many things at once: what was chosen, what the preview said, what became of it.
CREATE TABLE bulk_batch (
  id           TEXT PRIMARY KEY,             -- blk_…
  kind         TEXT NOT NULL,                -- findings.assign
  by_user      TEXT NOT NULL,                -- usr_…
  made_at      BIGINT NOT NULL,
  state        TEXT NOT NULL,                -- chosen, previewed, applying, done
  params       TEXT NOT NULL,                -- JSON object of texts
  address      TEXT NOT NULL DEFAULT '',     -- of the list that it was chosen on
  seen         TEXT NOT NULL DEFAULT '',     -- digest of what the preview said
  previewed_at BIGINT NOT NULL DEFAULT 0,
  begun_at     BIGINT NOT NULL DEFAULT 0,
  begun_entry  TEXT NOT NULL DEFAULT '',
  ended_at     BIGINT NOT NULL DEFAULT 0,
  ended_entry  TEXT NOT NULL DEFAULT '',
  undoes       TEXT NOT NULL DEFAULT '',     -- blk_… that this one takes back
  undone_by    TEXT NOT NULL DEFAULT ''      -- blk_… that takes this one back
);
CREATE INDEX bulk_batch_state ON bulk_batch (state, made_at);

CREATE TABLE bulk_line (
  batch_id TEXT NOT NULL REFERENCES bulk_batch (id),
  seq      BIGINT NOT NULL,                  -- from 1
  item     TEXT NOT NULL,                    -- fnd_…, hst_…, wvr_…, usr_…
  name     TEXT NOT NULL DEFAULT '',
  about    TEXT NOT NULL DEFAULT '',
  version  TEXT NOT NULL DEFAULT '',         -- of the item as the preview saw it
  was      TEXT NOT NULL DEFAULT '',         -- JSON: what undoing restores
  changes  TEXT NOT NULL DEFAULT '[]',       -- JSON: what becomes what
  state    TEXT NOT NULL,                    -- chosen, will, cannot, done, changed, refused
  why      TEXT NOT NULL DEFAULT '',
  after    TEXT NOT NULL DEFAULT '',         -- version once it was done
  entry_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (batch_id, seq)
);
CREATE INDEX bulk_line_state ON bulk_line (batch_id, state, seq);
