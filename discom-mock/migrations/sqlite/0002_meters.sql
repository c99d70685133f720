-- What the meters read, in blocks of 15 minutes. Energy is watt-hours, instants are microseconds UTC. A block is never
-- edited: what is corrected gets the next revision, and the highest counts.
CREATE TABLE meter_blocks (
  meter       TEXT    NOT NULL CONSTRAINT meter_blocks_meter CHECK (meter <> ''),
  block       INTEGER NOT NULL CONSTRAINT meter_blocks_quarter CHECK (block % 900000000 = 0),
  revision    INTEGER NOT NULL CONSTRAINT meter_blocks_revision CHECK (revision >= 1),
  import_wh   INTEGER NOT NULL CONSTRAINT meter_blocks_import CHECK (import_wh >= 0),
  export_wh   INTEGER NOT NULL CONSTRAINT meter_blocks_export CHECK (export_wh >= 0),
  quality     TEXT    NOT NULL CONSTRAINT meter_blocks_quality CHECK (quality IN ('MEASURED', 'ESTIMATED', 'MISSING')),
  source      TEXT    NOT NULL CONSTRAINT meter_blocks_source CHECK (source IN ('SIMULATED', 'CSV', 'PROFILE')),
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (meter, block, revision),
  CONSTRAINT meter_blocks_missing CHECK (quality <> 'MISSING' OR (import_wh = 0 AND export_wh = 0))
) STRICT;
