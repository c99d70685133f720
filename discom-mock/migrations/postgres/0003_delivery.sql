-- What happened to a contract after delivery: the cells of its table by rounds, the clock of the day after, and what
-- others told and were not entitled to. Instants are microseconds UTC on the market clock.

CREATE INDEX ledger_rows_slot ON ledger_rows (ledger_id, slot);

-- A cell is never edited: each change is a round. Energy as decimal kWh, a status as its name. OWN: written by this
-- ledger for its DISCOM; DIRECT and RELAYED: told by the owner, or by the platform that speaks for it.
CREATE TABLE ledger_cells (
  ledger_id     TEXT    NOT NULL,
  contract_id   TEXT    NOT NULL,
  commitment_id TEXT    NOT NULL,
  interval_id   BIGINT  NOT NULL,
  cell          TEXT    NOT NULL,
  round         BIGINT  NOT NULL CONSTRAINT ledger_cells_round CHECK (round >= 1),
  value         TEXT    NOT NULL CONSTRAINT ledger_cells_value CHECK (value <> ''),
  provenance    TEXT    NOT NULL CONSTRAINT ledger_cells_provenance CHECK (provenance IN ('OWN', 'DIRECT', 'RELAYED')),
  told_by       TEXT    NOT NULL,
  message_id    TEXT,
  written_at    BIGINT  NOT NULL,
  PRIMARY KEY (ledger_id, contract_id, commitment_id, interval_id, cell, round),
  FOREIGN KEY (ledger_id, contract_id) REFERENCES ledger_contracts (ledger_id, contract_id)
);

-- Cells that a sender may not write, or that cannot be read: they changed nothing.
CREATE TABLE ledger_evidence (
  ledger_id     TEXT    NOT NULL,
  contract_id   TEXT    NOT NULL,
  message_id    TEXT    NOT NULL,
  commitment_id TEXT    NOT NULL,
  interval_id   BIGINT  NOT NULL,
  cell          TEXT    NOT NULL,
  value         TEXT    NOT NULL,
  reason        TEXT    NOT NULL,
  told_by       TEXT    NOT NULL,
  told_at       BIGINT  NOT NULL,
  PRIMARY KEY (ledger_id, contract_id, message_id, commitment_id, interval_id, cell),
  FOREIGN KEY (ledger_id, contract_id) REFERENCES ledger_contracts (ledger_id, contract_id)
);

-- One row per ledger and delivery day (its first instant in India). news counts what has come since the day was looked
-- at; next_at is when its next step is due, NULL after the last.
CREATE TABLE ledger_days (
  ledger_id TEXT    NOT NULL,
  day       BIGINT  NOT NULL,
  next_at   BIGINT,
  news      BIGINT  NOT NULL CONSTRAINT ledger_days_news CHECK (news >= 0),
  PRIMARY KEY (ledger_id, day)
);

CREATE INDEX ledger_days_due ON ledger_days (next_at);
CREATE INDEX ledger_days_news ON ledger_days (news) WHERE news > 0;

-- The steps of the day after delivery, as they were taken. open_lines: what the step could not do yet; the state is
-- then EXCEPTION until it is caught up.
CREATE TABLE ledger_steps (
  ledger_id  TEXT    NOT NULL,
  day        BIGINT  NOT NULL,
  step       TEXT    NOT NULL,
  state      TEXT    NOT NULL CONSTRAINT ledger_steps_state CHECK (state IN ('DONE', 'LATE', 'EXCEPTION')),
  due_at     BIGINT  NOT NULL,
  taken_at   BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL,
  open_lines BIGINT  NOT NULL CONSTRAINT ledger_steps_open CHECK (open_lines >= 0),
  PRIMARY KEY (ledger_id, day, step)
);

-- The days of what is recorded already.
INSERT INTO ledger_days (ledger_id, day, next_at, news)
SELECT DISTINCT ledger_id,
  (slot + 19800000000) / 86400000000 * 86400000000 - 19800000000,
  (slot + 19800000000) / 86400000000 * 86400000000 - 19800000000 + 118800000000,
  0
FROM ledger_rows;
