-- The daily leg between a ledger and the meter head-ends: what was asked, and when it was answered. Instants are
-- microseconds UTC on the market clock.
CREATE TABLE ledger_asks (
  ledger_id   TEXT    NOT NULL,
  day         INTEGER NOT NULL,
  head_end    TEXT    NOT NULL,
  step        TEXT    NOT NULL,
  message_id  TEXT    NOT NULL,
  asked_at    INTEGER NOT NULL,
  answered_at INTEGER,
  PRIMARY KEY (ledger_id, day, head_end, step)
) STRICT;

CREATE INDEX ledger_asks_message ON ledger_asks (message_id);

-- A reading may now come from a head-end of elsewhere.
CREATE TABLE meter_blocks_new (
  meter       TEXT    NOT NULL CONSTRAINT meter_blocks_meter CHECK (meter <> ''),
  block       INTEGER NOT NULL CONSTRAINT meter_blocks_quarter CHECK (block % 900000000 = 0),
  revision    INTEGER NOT NULL CONSTRAINT meter_blocks_revision CHECK (revision >= 1),
  import_wh   INTEGER NOT NULL CONSTRAINT meter_blocks_import CHECK (import_wh >= 0),
  export_wh   INTEGER NOT NULL CONSTRAINT meter_blocks_export CHECK (export_wh >= 0),
  quality     TEXT    NOT NULL CONSTRAINT meter_blocks_quality CHECK (quality IN ('MEASURED', 'ESTIMATED', 'MISSING')),
  source      TEXT    NOT NULL CONSTRAINT meter_blocks_source CHECK (source IN ('SIMULATED', 'CSV', 'PROFILE', 'HEAD_END')),
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (meter, block, revision),
  CONSTRAINT meter_blocks_missing CHECK (quality <> 'MISSING' OR (import_wh = 0 AND export_wh = 0))
) STRICT;
INSERT INTO meter_blocks_new (meter, block, revision, import_wh, export_wh, quality, source, recorded_at)
SELECT meter, block, revision, import_wh, export_wh, quality, source, recorded_at FROM meter_blocks;
DROP TABLE meter_blocks;
ALTER TABLE meter_blocks_new RENAME TO meter_blocks;
