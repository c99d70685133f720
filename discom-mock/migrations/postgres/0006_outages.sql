-- Hours in which the grid did not carry what a meter had to deliver or to draw. Never edited: what is told later is the
-- next revision, and the highest counts; NONE lifts it. share: of a million, what was still carried. Instants are
-- microseconds UTC.
CREATE TABLE meter_outages (
  meter    TEXT   NOT NULL CONSTRAINT meter_outages_meter CHECK (meter <> ''),
  slot     BIGINT NOT NULL,
  revision BIGINT NOT NULL CONSTRAINT meter_outages_revision CHECK (revision >= 1),
  kind     TEXT   NOT NULL CONSTRAINT meter_outages_kind CHECK (kind IN ('OUTAGE', 'CURTAILMENT', 'NONE')),
  share    BIGINT NOT NULL CONSTRAINT meter_outages_share CHECK (share BETWEEN 0 AND 1000000),
  told_by  TEXT   NOT NULL,
  told_at  BIGINT NOT NULL,
  PRIMARY KEY (meter, slot, revision)
);
