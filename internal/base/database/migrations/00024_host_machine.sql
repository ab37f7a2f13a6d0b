-- +goose Up
-- Which machine a host says that it is, so that two hosts with one machine id
-- (a cloned disk, an agent enrolled twice) are told apart and shown. A host
-- known before this has '' until its section os comes again.
ALTER TABLE host ADD COLUMN machine_id TEXT NOT NULL DEFAULT ''; -- digest of the machine id
CREATE INDEX host_machine ON host (machine_id, id);
