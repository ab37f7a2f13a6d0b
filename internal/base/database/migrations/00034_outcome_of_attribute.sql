-- +goose Up
-- From one attribute to the items that ever were something other than pass, read
-- from the index alone.
CREATE INDEX outcome_of_attribute ON outcome (attribute_no, outcome, item_no, valid_from) WHERE outcome <> 'pass' AND outcome <> 'gone';
