-- +goose Up
-- Who is to mend a finding, now and after each line of its timeline.
ALTER TABLE finding ADD COLUMN owner TEXT NOT NULL DEFAULT '';        -- usr_…; '': nobody was named
ALTER TABLE finding_event ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX finding_owner ON finding (owner, state);
