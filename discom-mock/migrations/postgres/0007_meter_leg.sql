-- The daily leg between a ledger and the meter head-ends: what was asked, and when it was answered. Instants are
-- microseconds UTC on the market clock.
CREATE TABLE ledger_asks (
  ledger_id   TEXT   NOT NULL,
  day         BIGINT NOT NULL,
  head_end    TEXT   NOT NULL,
  step        TEXT   NOT NULL,
  message_id  TEXT   NOT NULL,
  asked_at    BIGINT NOT NULL,
  answered_at BIGINT,
  PRIMARY KEY (ledger_id, day, head_end, step)
);

CREATE INDEX ledger_asks_message ON ledger_asks (message_id);

-- A reading may now come from a head-end of elsewhere.
ALTER TABLE meter_blocks DROP CONSTRAINT meter_blocks_source;
ALTER TABLE meter_blocks ADD CONSTRAINT meter_blocks_source CHECK (source IN ('SIMULATED', 'CSV', 'PROFILE', 'HEAD_END'));
