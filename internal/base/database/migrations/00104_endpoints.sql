-- +goose Up
-- Lists of devices that were brought from device managements, once for equal ones.
CREATE TABLE endpoint_body (
  digest TEXT PRIMARY KEY,
  devices BLOB NOT NULL                 -- JSON: see internal/operations/endpoint, Device
);
